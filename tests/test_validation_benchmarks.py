"""The benchmarks themselves: references, arithmetic of ratios and exponents, tables, JSON, exit codes. Small sizes."""

from __future__ import annotations

import json
import math
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from flint import acb, arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from resurgence.numbers import working_precision
from resurgence.terminal import print_rich
from validation.__main__ import main
from validation.atomic_write import write_json
from validation.benchmarks import (
    borel_pade_sum,
    coefficients,
    euler,
    figures,
    gauss_legendre,
    pade_approximants,
    registry,
    report,
    scaling,
)
from validation.benchmarks.accuracy import Accuracy, judge
from validation.benchmarks.contest import OURS, Contender, Contest, Entry, NotInstalled, Outcome, compete
from validation.benchmarks.ore_algebra import OreAlgebra
from validation.benchmarks.power_law import PowerLaw
from validation.benchmarks.registry import BENCHMARKS, Exponent, Faster
from validation.benchmarks.timing import Spread

NOWHERE = OreAlgebra(None)


def run_once(contest: Contest) -> Outcome:
    return compete(contest, rounds=1, budget=10.0)


# -- contests: what everyone computes is right -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "digits"),
    [
        pytest.param(lambda: borel_pade_sum.integral(12, 120), 35, id="integral"),
        pytest.param(lambda: borel_pade_sum.from_coefficients(12, 120), 35, id="sum"),
        pytest.param(lambda: pade_approximants.approximant(8, 120), 35, id="approximant"),
        pytest.param(lambda: pade_approximants.poles(8, 30), 30, id="poles"),
        pytest.param(lambda: coefficients.of_equation(15), 30, id="equation"),
        pytest.param(lambda: coefficients.of_action(15), 30, id="action"),
        pytest.param(lambda: euler.certified_sum(40, NOWHERE), 40, id="euler"),
        pytest.param(lambda: scaling.sum_of_order(12), 100, id="scaling of sums"),
        pytest.param(lambda: scaling.coefficients_of_order(12), 100, id="scaling of coefficients"),
    ],
)
def test_contenders_agree_with_the_reference(build: Any, digits: int) -> None:
    outcome = run_once(build())
    assert outcome.ours.name == OURS
    for entry in outcome.entries:
        if entry.status == "not installed":
            assert entry.name.startswith("ore_algebra")
            continue
        assert entry.status == "measured"
        assert entry.accuracy is not None
        assert entry.accuracy.holds is not False
        double = entry.name.startswith(("scipy", "numpy"))
        assert entry.accuracy.digits >= (2 if double else digits), entry.name
    claims = outcome.ours.accuracy
    assert claims is not None
    assert claims.exact or (claims.holds and claims.claimed is not None)


def test_certified_results_claim_the_digits_asked_for() -> None:
    ours = run_once(euler.certified_sum(60, NOWHERE)).ours
    assert ours.accuracy is not None
    assert ours.accuracy.claimed is not None
    assert ours.accuracy.claimed >= 60


@pytest.mark.parametrize("order", [1, 2, 7, 20])
def test_gauss_legendre_is_the_approximant(order: int) -> None:
    """Q(z) B(z) - P(z) begins with z^(2N), exactly."""
    p, q = gauss_legendre.coefficients(order)
    b = [fmpq((-1) ** n, n + 1) for n in range(2 * order)]
    product = [sum((q[j] * b[n - j] for j in range(min(n, order) + 1)), fmpq(0)) for n in range(2 * order)]
    assert product == p + [fmpq(0)] * order


def test_gauss_legendre_poles_are_zeros_and_sums_agree_with_a_quadrature() -> None:
    _, q = gauss_legendre.coefficients(6)
    p, _ = gauss_legendre.coefficients(6)
    poles = gauss_legendre.poles(6, 200)
    total = gauss_legendre.sum_of_approximant(6, fmpq(1, 10), 200)
    with working_precision(200):
        for pole in poles:
            assert sum((c * pole**k for k, c in enumerate(q)), acb(0)).contains(0)

        def integrand(t: acb, _: bool) -> acb:
            above, below = (sum((acb(c) * (t / 10) ** k for k, c in enumerate(side)), acb(0)) for side in (p, q))
            return (-t).exp() * above / below

        by_quadrature = acb.integral(integrand, 0, 200)  # beyond 200 there is less than exp(-200)
        assert abs(by_quadrature - total) < arb(10) ** -50


def test_the_bound_of_the_reference_covers_what_is_left_out() -> None:
    """The same integral from partial fractions, without a cut-off."""
    contest = borel_pade_sum.integral(10, 80)
    ours = contest.contenders[0]
    assert contest.reference[0].overlaps(ours.task(ours.prepare()))


def test_the_germ_of_the_contests_is_not_known_in_closed_form() -> None:
    assert borel_pade_sum._series(5).germ is None


# -- judging ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(1, 9))
def test_digits_are_the_relative_error(places: int, lead: int) -> None:
    truth = fmpq(lead)
    value = acb(truth * (1 + fmpq(1, 10**places)))
    with working_precision(400):
        value = acb(truth) * (1 + acb(fmpq(1, 10**places)))
    assert judge([value], [truth], 400).digits == pytest.approx(places, abs=1e-6)


def test_the_worst_number_counts() -> None:
    assert judge([1.0, 2.002], [fmpq(1), fmpq(2)], 200).digits == pytest.approx(3, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "digits"),
    [([fmpq(1), fmpq(1, 3)], math.inf), ([fmpq(1), fmpq(1, 2)], 0.0), ([fmpq(1)], 0.0), ([math.nan, 1.0], 0.0)],
)
def test_exact_missing_and_senseless_numbers(values: list[Any], digits: float) -> None:
    assert judge(values, [fmpq(1), fmpq(1, 3)], 200).digits == digits


def test_a_ball_that_misses_the_truth_is_found_out() -> None:
    ball = acb(arb(1, 1e-10))
    assert judge([ball], [fmpq(2)], 100, certified=True).holds is False
    assert judge([ball], [fmpq(1)], 100, certified=True).holds is True
    assert judge([ball], [fmpq(2)], 100).holds is None


# -- timing -----------------------------------------------------------------------------------------------------------


def sleeper(name: str, seconds: float) -> Contender:
    return Contender(name, lambda _: time.sleep(seconds), lambda _: [fmpq(1)])


def absent(_: object) -> object:
    raise NotInstalled("for the test")


def broken(_: object) -> object:
    raise ArithmeticError("no convergence")


def test_ratios_are_paired_and_peers_may_be_missing_or_fail() -> None:
    contenders = [
        sleeper(OURS, 0.004),
        sleeper("slow", 0.012),
        Contender("absent", absent, list),
        Contender("broken", broken, list),
    ]
    outcome = compete(Contest("sleep", 1, contenders, [fmpq(1)], 64), rounds=3, budget=1.0)
    slow = outcome.entry("slow")
    assert slow.ratio is not None
    assert slow.ratio.count == len(slow.times) == 3
    assert 1.2 < slow.ratio.lower <= slow.ratio.median <= slow.ratio.upper
    assert outcome.entry("absent").status == "not installed"
    assert outcome.entry("broken").status == "failed: no convergence"


def test_this_package_may_not_fail() -> None:
    with pytest.raises(ArithmeticError):
        compete(Contest("x", 1, [Contender(OURS, broken, list)], [], 64), 1, 1.0)


def test_who_is_too_slow_runs_once() -> None:
    outcome = compete(
        Contest("sleep", 1, [sleeper(OURS, 0.002), sleeper("slow", 0.05)], [fmpq(1)], 64), rounds=3, budget=0.04
    )
    slow = outcome.entry("slow")
    assert len(slow.times) == 1
    assert slow.ratio is not None
    assert slow.ratio.count == 1


@given(st.floats(-3, 3), st.floats(1e-6, 10), st.lists(st.integers(1, 1000), min_size=3, max_size=8, unique=True))
def test_exact_power_laws_are_found(exponent: float, factor: float, sizes: list[int]) -> None:
    law = PowerLaw.fit(sizes, [factor * size**exponent for size in sizes])
    assert law.exponent == pytest.approx(exponent, abs=1e-6)
    assert law.standard_error < 1e-6


def test_standard_error_is_that_of_least_squares() -> None:
    """Logarithms 0, 1, 2 and 0, 1, 3: slope 3/2, residuals 1/6, -1/3, 1/6, hence s^2 = 1/6 and s.e. sqrt(1/12)."""
    law = PowerLaw.fit([1, math.e, math.e**2], [1, math.e, math.e**3])
    assert law.exponent == pytest.approx(1.5)
    assert law.standard_error == pytest.approx(math.sqrt(1 / 12))


@pytest.mark.parametrize(("sizes", "seconds"), [([1, 2], [1, 2]), ([1, 1, 2], [1, 1, 1]), ([1, 2, 3], [1, 0, 1])])
def test_too_few_or_senseless_points_are_refused(sizes: list[float], seconds: list[float]) -> None:
    with pytest.raises(ValueError, match="sizes"):
        PowerLaw.fit(sizes, seconds)


# -- demands ----------------------------------------------------------------------------------------------------------


def made_up(size: int, seconds: float, ratio: float) -> Outcome:
    ours = Entry(OURS, "measured", (seconds,), Accuracy(math.inf))
    peer = Entry("peer", "measured", (seconds * ratio,), Accuracy(30.0, 29.5, True), Spread.of([ratio]))
    return Outcome(f"size {size}", size, (ours, peer, Entry("absent", "not installed")))


def test_demands_are_met_or_missed() -> None:
    outcomes = [made_up(size, size**2 * 1e-3, 50) for size in (10, 20, 40)]
    assert [gate.holds for gate in Faster("peer", 40).check(outcomes)] == [True] * 3
    assert [gate.holds for gate in Faster("peer", 60).check(outcomes)] == [False] * 3
    assert Faster("absent", 40).check(outcomes) == []
    assert [gate.holds for gate in Exponent("N", 2.2).check(outcomes)] == [True]
    assert [gate.holds for gate in Exponent("N", 1.5).check(outcomes)] == [False]
    assert Exponent("N", 1.5, least=20).check(outcomes) == []


def test_costs_grow_no_faster_than_demanded() -> None:
    """The demands of the full run, at sizes that take a second; the shortest of a few runs, as machines are busy."""
    sums = [compete(ours_alone(scaling.sum_of_order(n)), 2, 2.0) for n in (20, 40, 80)]
    counts = [compete(ours_alone(scaling.coefficients_of_order(n)), 2, 2.0) for n in (50, 100, 200)]
    digits = [compete(ours_alone(euler.certified_sum(d, NOWHERE)), 2, 2.0) for d in (100, 200, 400)]
    gates = [
        gate
        for name, outcomes in (("order-of-sum", sums), ("order-of-coefficients", counts), ("euler", digits))
        for demand in BENCHMARKS[name].demands
        for gate in demand.check(outcomes)
    ]
    assert len(gates) == 3
    assert all(gate.holds for gate in gates), gates


def ours_alone(contest: Contest) -> Contest:
    return Contest(contest.label, contest.size, contest.contenders[:1], contest.reference, contest.bits)


# -- output -----------------------------------------------------------------------------------------------------------


def text_of(renderable: Any, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_rich(renderable)
    return capsys.readouterr().out.splitlines()


def test_table_layout(capsys: pytest.CaptureFixture[str]) -> None:
    head, rule, ours, peer, missing = text_of(report.contest_table(made_up(10, 0.5, 41.26)), capsys)
    assert head.split("  ")[0] == "size 10"
    assert set(rule) == {"─"}
    assert ours.split() == [OURS, "500", "ms", "1", "exact", "1"]
    assert peer.split() == ["peer", "20.6", "s", "41.3", "30", "29", "1"]
    assert missing.split() == ["absent", "not", "installed"]
    assert max(map(len, (head, rule, ours, peer, missing))) <= 100


def test_a_refuted_claim_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    entry = Entry(OURS, "measured", (1.0,), Accuracy(3.0, 30.0, False))
    assert "3 WRONG" in text_of(report.contest_table(Outcome("x", 1, (entry,))), capsys)[2]


def measured() -> report.Measured:
    return report.Measured("euler", tuple(made_up(size, size**1.2 * 1e-3, 50) for size in (100, 200, 400)))


def test_fits_and_demands_are_tables(capsys: pytest.CaptureFixture[str]) -> None:
    lines = text_of(report.fit_table(measured()), capsys)
    assert lines[2].split() == [OURS, "1.20", "0.00"]
    assert text_of(report.gate_table([measured()]), capsys)[2].split()[-2:] == ["1.20", "met"]


def test_document_is_json_with_its_schema() -> None:
    made = report.document([measured()], "quick", {"python": "3"}, started="now", seconds=1.0)
    document = json.loads(json.dumps(made, allow_nan=False))
    assert set(document) == {"schema", "sizes", "started", "seconds", "environment", "benchmarks"}
    (benchmark,) = document["benchmarks"]
    assert set(benchmark) == {"name", "title", "explanation", "variable", "contests", "fits", "gates"}
    ours, peer, missing = benchmark["contests"][0]["entries"]
    assert ours["role"] == "ours"
    assert ours["exact"] is True
    assert ours["digits"] is None
    assert peer["role"] == "peer"
    assert peer["ratio"] == {"median": 50.0, "lower": 50.0, "upper": 50.0, "count": 1}
    assert (peer["digits"], peer["claimed_digits"], peer["claim_holds"]) == (30.0, 29.5, True)
    assert missing["status"] == "not installed"
    assert missing["seconds"] is None
    assert [fit["contender"] for fit in benchmark["fits"]] == [OURS, "peer"]
    assert benchmark["gates"][0]["holds"] is True


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    write_json(target, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(target, {"a": math.nan})
    with pytest.raises(OSError, match="No such file"):
        write_json(tmp_path / "missing" / "result.json", {})
    assert json.loads(target.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target]


def test_plots(tmp_path: Path) -> None:
    path = figures.draw_cost(measured(), tmp_path)
    assert path is not None
    assert path.read_bytes().startswith(b"\x89PNG")
    assert figures.draw_cost(report.Measured("pade-poles", measured().outcomes), tmp_path) is None


# -- the command ------------------------------------------------------------------------------------------------------


def test_without_arguments_it_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "benchmarks" in capsys.readouterr().out


def test_help_names_every_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmarks", "--help"]) == 0
    help_text = capsys.readouterr().out
    assert all(name in help_text for name in BENCHMARKS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["benchmark"], "invalid choice"),
        (["benchmarks", "--only", "nonsense"], "no benchmark is called nonsense; there are pade-integral"),
        (["benchmarks", "--quick", "--full"], "not allowed with argument"),
        (["benchmarks", "--fast"], "unrecognized arguments"),
        (["benchmarks", "--only"], "expected one argument"),
        (["benchmarks", "--json", "/"], "a file is needed"),
        (["benchmarks", "--json", "/nonexistent/x.json"], "there is no directory /nonexistent"),
        (["benchmarks", "--plot", __file__], "a directory is needed"),
        (["benchmarks", "--sage", "/nonexistent/python"], "cannot be run"),
    ],
)
def test_bad_input(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    streams = capsys.readouterr()
    assert message in streams.err
    assert streams.err.count("\n") == 1
    assert streams.out == ""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks that take no time: one whose demand is met, one whose demand is missed."""

    def contest(size: int, ours: float = 0.002) -> Contest:
        return Contest(f"size {size}", size, [sleeper(OURS, ours), sleeper("peer", 0.006)], [fmpq(1)], 64)

    builders = [lambda size=size: contest(size) for size in (1, 2, 3)]
    for name, demand in (("euler", Faster("peer", 0.01)), ("pade-poles", Faster("peer", 1000))):
        benchmark = registry.Benchmark(name, "for the test", lambda _: builders, lambda _: builders, "size", [demand])
        monkeypatch.setitem(BENCHMARKS, name, benchmark)  # type: ignore[arg-type]


@pytest.mark.usefixtures("small")
def test_only_one_benchmark_with_json_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, plots = tmp_path / "out.json", tmp_path / "plots"
    assert main(["benchmarks", "--only", "euler", "--json", str(target), "--plot", str(plots)]) == 0
    document = json.loads(target.read_text())
    assert [benchmark["name"] for benchmark in document["benchmarks"]] == ["euler"]
    assert document["sizes"] == "quick"
    assert document["environment"]["python"] == sys.version.split()[0]
    assert len(document["benchmarks"][0]["contests"]) == 3
    assert [path.name for path in plots.iterdir()] == ["euler.png"]
    out = capsys.readouterr().out
    assert out.count(OURS) == 4  # three contests and the fit
    assert "met" in out


@pytest.mark.usefixtures("small")
def test_a_missed_demand_is_exit_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmarks", "--only", "euler", "--only", "pade-poles"]) == 1
    assert "MISSED" in capsys.readouterr().out


def test_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "validation", "benchmarks", "--only", "x"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("validation: no benchmark is called x")


# -- ore_algebra, played by another Python -----------------------------------------------------------------------------

SAGE = """
from fractions import Fraction
def QQ(x):
    return Fraction(x)
class Ball:
    def __init__(self, value):
        self.value = value
    def __pow__(self, n):
        return Ball(self.value ** n)
    def __getitem__(self, index):
        assert index == (0, 0)
        return self
    def real(self):
        return self
    def mid(self):
        return self
    def exact_rational(self):
        return self.value
    def rad(self):
        return "1e-40"
def RBF(x):
    return Ball(Fraction(x))
def PolynomialRing(base, name):
    return str
"""
ALGEBRA = "def OreAlgebra(ring, name):\n    return list\n"
SUM = """
from fractions import Fraction
from sage.all import Ball
def borel_laplace(operator, point, theta, eps):
    assert operator == ["-1", "x^2 + x", "x^3"] and point == Fraction(1, 10) and theta.value == 0
    if eps.value < Fraction(1, 10**100):
        raise ArithmeticError("too many digits")
    print("noise")
    return Ball(Fraction(915633339397880818760698157664384492266773, 10**43))
"""


@pytest.fixture
def player(tmp_path: Path) -> Path:
    """A Python in which modules of the names of Sage and ore_algebra can be imported."""
    for name, text in {
        "sage/__init__.py": "",
        "sage/all.py": SAGE,
        "ore_algebra/__init__.py": ALGEBRA,
        "ore_algebra/analytic/__init__.py": "",
        "ore_algebra/analytic/borel_laplace.py": SUM,
    }.items():
        path = tmp_path / "modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program = tmp_path / "python-with-sage"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path}/modules exec {sys.executable} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_ore_algebra_is_asked_and_judged(player: Path) -> None:
    with OreAlgebra(str(player)) as peer:
        entry = run_once(euler.certified_sum(36, peer)).entry("ore_algebra borel_laplace")
        assert entry.status == "measured"
        assert entry.accuracy is not None
        assert entry.accuracy.holds
        assert entry.accuracy.digits > 36
        assert entry.accuracy.claimed == pytest.approx(39, abs=0.1)
        with pytest.raises(RuntimeError, match="ArithmeticError: too many digits"):
            peer.borel_sum(euler.EQUATION, "1/10", 0, 101)


def test_a_python_without_ore_algebra() -> None:
    with OreAlgebra(sys.executable) as peer:
        for _ in range(2):
            with pytest.raises(NotInstalled, match="No module named 'sage'"):
                peer.borel_sum(["1"], "1", 0, 10)


def test_a_python_that_does_not_answer(tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 30\n")
    silent.chmod(0o755)
    with OreAlgebra(str(silent), patience=0.2) as peer, pytest.raises(RuntimeError, match="no answer"):
        peer.borel_sum(["1"], "1", 0, 10)


def test_the_variable_names_the_python(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(os.environ, "RESURGENCE_SAGE_PYTHON", "/nonexistent/python")
    assert main(["benchmarks", "--only", "euler"]) == 2
    assert "/nonexistent/python, cannot be run" in capsys.readouterr().err
