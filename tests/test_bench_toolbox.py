"""Times of long exact series and of a whole report, on two slow cores: what a reader of the README may count on."""

import json
import time

from resurgence import models
from resurgence.cli import main


def test_five_hundred_orders_of_the_anharmonic_oscillator(benchmark):
    start = time.perf_counter()
    terms = benchmark.pedantic(lambda: models.anharmonic.series(500).terms, rounds=1)
    assert time.perf_counter() - start < 30
    assert len(terms) == 500


def test_a_report_of_four_hundred_coefficients(benchmark, tmp_path):
    file = tmp_path / "energies.txt"
    file.write_text("\n".join(f"{a.p}/{a.q}" for a in models.anharmonic.series(400).terms), encoding="utf-8")
    start = time.perf_counter()
    status = benchmark.pedantic(lambda: main(["report", str(file), "--out", str(tmp_path)]), rounds=1)
    assert time.perf_counter() - start < 60
    assert status == 0
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["series"]["terms"] == 400
