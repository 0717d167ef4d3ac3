"""Crosschecks: the exact values by independent routes, the verdicts on wrong estimators, resumption, the command."""

from __future__ import annotations

import ast
import itertools
import json
import math
import shutil
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

import surge
from resurgence import Action
from surge import Landscape, PartitionEstimate
from validation.__main__ import main
from validation.crosscheck import campaign, cases, record
from validation.crosscheck.campaign import crosscheck
from validation.crosscheck.cases import CASES, Case
from validation.crosscheck.record import Estimate, Estimator, Journal, Record, estimate, estimators_version, measure
from validation.crosscheck.verdict import Verdict, judge, score_range

SURGE = Path(surge.__file__).parent

# -- the exact values -------------------------------------------------------------------------------------------------


def on_a_grid(land: Landscape, g: float, box: Sequence[tuple[float, float]], nodes: int) -> float:
    """log Z by the trapezoidal rule, from the loss and the base measure of the landscape itself."""
    axes = [torch.linspace(low, high, nodes, dtype=torch.float64) for low, high in box]
    theta = torch.cartesian_prod(*axes).reshape(-1, len(box))
    steps = sum(math.log(float(axis[1] - axis[0])) for axis in axes)
    return float((land.log_base(theta) - land(theta) / g).logsumexp(0)) + steps


@pytest.mark.parametrize(
    ("name", "g", "box", "nodes"),
    [
        ("quartic-2", 0.1, [(-3, 3)] * 2, 301),
        ("rosenbrock-2", 0.1, [(-2, 4), (-2, 12)], 1601),
        ("rosenbrock-wide-2", 1.0, [(-4.5, 6.5), (-2, 43)], 1601),
        ("mixture-2", 0.25, [(-5, 5)] * 2, 601),
        ("bowl-2", 1.0, [(-5, 5)] * 2, 401),
        ("two-wells-2", 0.3, [(-5, 5)] * 2, 401),
    ],
)
def test_plane_integrals(name: str, g: float, box: list[tuple[float, float]], nodes: int) -> None:
    case = CASES[name]
    assert on_a_grid(case.landscape(), g, box, nodes) == pytest.approx(case.exact([g])[0], abs=1e-9)


def test_the_quartic_is_a_bessel_function() -> None:
    # int exp(-(a x^2 + x^4)/g) dx is sqrt(a) times that of x^2 + x^4 at g/a^2; here a = 1 + g/2.
    for g, found in zip(CASES["quartic-1"].points, CASES["quartic-1"].exact(CASES["quartic-1"].points), strict=True):
        a = 1 + mpmath.mpf(g) / 2
        w = a**2 / (8 * g)
        exact = mpmath.log(mpmath.sqrt(a / (8 * mpmath.pi)) * mpmath.exp(w) * mpmath.besselk(0.25, w))
        assert found == pytest.approx(float(exact), abs=1e-13)


@pytest.mark.parametrize(("name", "tilt", "g"), [("double-well-10", 0.0, 0.3), ("tilted-double-well-10", 0.1, 0.1)])
def test_wells_by_quadrature(name: str, tilt: float, g: float) -> None:
    x = np.linspace(-5, 5, 2001)
    one = np.log(np.sum(np.exp(-((x**2 - 1) ** 2 + tilt * x) / g) * norm.pdf(x)) * (x[1] - x[0]))
    assert CASES[name].exact([g])[0] == pytest.approx(10 * one, abs=1e-10)


@pytest.mark.parametrize("dim", [10, 100])
def test_gaussians_are_convolutions(dim: int) -> None:
    # exp(-(x - m)^T C^-1 (x - m)/(2 g)) is a normal density of covariance g C up to its norm; det C = (1 - r^2)^(d-1).
    covariance = 0.9 ** np.abs(np.subtract.outer(np.arange(dim), np.arange(dim)))
    for g in (1.0, 0.03):
        density = multivariate_normal(np.zeros(dim), np.eye(dim) + g * covariance).logpdf(np.full(dim, 0.3))
        exact = density + dim / 2 * math.log(2 * math.pi * g) + (dim - 1) / 2 * math.log(1 - 0.81)
        assert CASES[f"gaussian-{dim}"].exact([g])[0] == pytest.approx(exact, abs=1e-9)
    theta = torch.randn(3, dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shifted = theta.numpy() - 0.3
    losses = np.einsum("bi,ij,bj->b", shifted, np.linalg.inv(covariance), shifted) / 2
    np.testing.assert_allclose(CASES[f"gaussian-{dim}"].landscape()(theta).numpy(), losses, rtol=1e-10)


def test_rosenbrock_over_the_plane() -> None:
    """pi g/10, exactly by the core, and as the limit of a wide base measure."""
    for g in ("1/10", "1"):
        exact = Action("(1 - x)**2 + 100*(y - x**2)**2").integral(g, digits=20).value.real
        with mpmath.workdps(20):
            assert abs(exact / (mpmath.pi * Fraction(g).numerator / Fraction(g).denominator / 10) - 1) < 1e-18
    for g in (0.1, 1.0):
        (wide,) = cases._rosenbrock_log_partition(1e4, [g])
        assert wide + math.log(2 * math.pi * 1e8) == pytest.approx(math.log(math.pi * g / 10), abs=1e-6)


def test_the_mixture_in_closed_form() -> None:
    """At g = 1 Z is a sum of two normal densities; at g = 1/2 of three, from the square of the mixture."""
    width, modes = 0.25, list(zip((0.3, 0.7), (2.0, -2.0), strict=True))
    exact = sum(w * norm.pdf(m, 0, math.sqrt(1 + width)) * norm.pdf(0, 0, math.sqrt(1 + width)) for w, m in modes)
    found = CASES["mixture-2"].exact([1.0, 0.5])
    assert found[0] == pytest.approx(math.log(exact), abs=1e-12)
    square = 0.0
    for (w, m), (v, n) in itertools.product(modes, repeat=2):
        # A product of two normal densities is one of their mean and half the variance, times that of their distance.
        apart = norm.pdf(m - n, 0, math.sqrt(2 * width)) * norm.pdf(0, 0, math.sqrt(2 * width))
        spread = math.sqrt(1 + width / 2)
        square += w * v * apart * norm.pdf((m + n) / 2, 0, spread) * norm.pdf(0, 0, spread)
    assert found[1] == pytest.approx(math.log(square), abs=1e-12)


def test_the_funnel() -> None:
    case = CASES["funnel-10"]
    theta = torch.tensor([[1.5, *[0.3 * k for k in range(9)]], [-4.0, *[0.01 * k for k in range(9)]]]).double()
    v, x = theta[:, :1].numpy(), theta[:, 1:].numpy()
    density = norm.logpdf(v[:, 0], 0, 3) + norm.logpdf(x, 0, np.exp(v / 2)).sum(1)
    np.testing.assert_allclose(case.landscape()(theta).numpy(), -density, rtol=1e-12)
    # At g = 1 the x_i are integrated as normal densities of variance 1 + e^v at 0.
    with mpmath.workdps(20):
        exact = mpmath.quad(
            lambda v: mpmath.npdf(v) * mpmath.npdf(v, 0, 3) * (2 * mpmath.pi * (1 + mpmath.exp(v))) ** mpmath.mpf(-4.5),
            mpmath.linspace(-12, 12, 13),
        )
        assert case.exact([1.0])[0] == pytest.approx(float(mpmath.log(exact)), abs=1e-11)
        # At g = 1/2 the square of a normal density of variance s is one of variance s/2, times (4 pi s)^(-1/2).
        integrand = [
            lambda v: mpmath.npdf(v) * mpmath.npdf(v, 0, 3) ** 2,
            lambda v: ((4 * mpmath.pi * mpmath.exp(v)) * (2 * mpmath.pi * (1 + mpmath.exp(v) / 2))) ** mpmath.mpf(-4.5),
        ]
        exact = mpmath.quad(lambda v: integrand[0](v) * integrand[1](v), mpmath.linspace(-25, 15, 41))
        assert case.exact([0.5])[0] == pytest.approx(float(mpmath.log(exact)), abs=1e-10)


@pytest.mark.parametrize("dim", [1, 10, 100])
def test_volumes_by_the_incomplete_gamma_function(dim: int) -> None:
    case = CASES[f"volume-{dim}"]
    with mpmath.workdps(30):
        for level, found in zip(case.points, case.exact(case.points), strict=True):
            exact = mpmath.log(mpmath.gammainc(mpmath.mpf(dim) / 2, 0, level, regularized=True))
            assert found == pytest.approx(float(exact), rel=1e-11)
    assert list(case.points) == sorted(case.points)
    theta = torch.ones(1, dim)
    assert float(case.landscape()(theta)) == dim / 2


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("quartic", "double", "tilted"))])
def test_separable_landscapes_are_sums(name: str) -> None:
    case = CASES[name]
    dim = int(name.rpartition("-")[2])
    theta = torch.randn(4, dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    text = {"quartic": "x**2 + x**4", "double": "(x**2 - 1)**2", "tilted": "(x**2 - 1)**2 + x/10"}[name.split("-")[0]]
    one = Landscape.from_action(text)
    expected = one(theta.reshape(-1, 1)).reshape(4, dim).sum(1)
    torch.testing.assert_close(case.landscape()(theta), expected)
    assert case.landscape().dim == dim


def test_the_demands() -> None:
    """Those that the estimators are to meet, by kind of case."""
    demanded = {name: case.demanded for name, case in CASES.items() if case.quantity == "log Z"}
    assert demanded["quartic-1"] == 0.002
    assert {demanded[n] for n in ("quartic-10", "gaussian-10")} == {0.01}
    assert {demanded[n] for n in ("quartic-50", "quartic-100", "gaussian-100")} == {0.05}
    assert {demanded[n] for n in ("double-well-10", "tilted-double-well-10")} == {0.1}
    assert [name for name, case in CASES.items() if case.treacherous] == ["funnel-10"]
    assert CASES["quartic-1"].points[0] == 0.01
    assert CASES["quartic-1"].points[-1] == 10


def test_only_certified_integrals_count(monkeypatch: pytest.MonkeyPatch) -> None:
    class Guess:
        status = "estimated"

    monkeypatch.setattr(Action, "integral", lambda *_, **__: Guess())
    with pytest.raises(ValueError, match="a certified one is needed"):
        cases._log_partition_of_action("x**2 + x**6", "0.7")


# -- verdicts ---------------------------------------------------------------------------------------------------------

GAUSSIAN, FUNNEL, VOLUME = CASES["gaussian-10"], CASES["funnel-10"], CASES["volume-10"]


def synthetic(
    sigma: float = 0.005, bias: float = 0.0, claimed: float = 1.0, warnings: tuple[str, ...] = ()
) -> Estimator:
    """Estimates with normal errors around the truth, the stated error times ``claimed``."""

    def run(case: Case, land: Landscape, method: str, seed: int) -> Estimate:
        exact = np.array(case.exact(case.points))
        noise = sigma * np.random.default_rng([seed, len(method)]).standard_normal(len(exact))
        return Estimate(tuple(exact + noise + bias), (claimed * sigma,) * len(exact), warnings)

    return run


def verdict(
    estimator: Callable[[Case, Landscape, str, int], Estimate],
    case: Case = GAUSSIAN,
    method: str = "auto",
    seeds: int = 50,
) -> Verdict:
    return judge(case, method, [measure(case, method, seed, "v", estimator) for seed in range(seeds)])


def missed(one: Verdict) -> list[str]:
    return [gate.demand.partition(":")[0] for gate in one.gates if not gate.holds]


@pytest.mark.parametrize("seeds", [3, 10, 50])
def test_an_honest_estimator_meets_the_demands(seeds: int) -> None:
    one = verdict(synthetic(), seeds=seeds)
    assert one.holds, one.gates
    assert len(one.gates) == 4
    assert one.estimates == seeds
    assert one.warned == 0
    assert one.stated == 0.005
    assert one.rms == one.rms_trusted


def test_a_biased_estimator_misses_accuracy_and_calibration() -> None:
    one = verdict(synthetic(bias=0.02))
    assert missed(one) == ["|error|", "rms score of 50 estimates without a warning"]
    assert one.error > 0.02
    assert one.rms > 3.5


def test_a_bias_below_the_allowed_error_misses_calibration_alone() -> None:
    assert missed(verdict(synthetic(sigma=0.001, bias=0.005))) == ["rms score of 50 estimates without a warning"]


@pytest.mark.parametrize(("claimed", "seeds"), [(0.4, 50), (2.5, 50), (0.2, 5), (20.0, 5)])
def test_overconfident_and_timid_errors_miss_calibration(claimed: float, seeds: int) -> None:
    one = verdict(synthetic(claimed=claimed), seeds=seeds)
    assert missed(one) == [f"rms score of {seeds} estimates without a warning"]


def test_a_warning_excuses_the_stated_error_and_not_the_actual_one() -> None:
    assert verdict(synthetic(claimed=0.2, warnings=("few samples",))).holds
    one = verdict(synthetic(bias=1.0, warnings=("few samples",)))
    assert missed(one) == ["|error|"]
    assert one.warned == 50
    assert one.warnings == ("few samples",)
    assert math.isnan(one.rms_trusted)
    assert one.rms_points == ()


def test_an_infinite_error_is_no_excuse_without_a_warning() -> None:
    """It says that nothing is known: the scores are then zero, which is as far from one as too large ones."""
    one = verdict(synthetic(claimed=math.inf))
    assert one.rms == 0
    assert missed(one) == ["rms score of 50 estimates without a warning"]
    assert verdict(synthetic(claimed=math.inf, warnings=("no effective sample",))).holds


def test_an_error_of_zero_has_to_be_one() -> None:
    exact = verdict(synthetic(sigma=0.0, claimed=1.0))
    assert exact.rms == 0
    assert verdict(synthetic(sigma=0.001, claimed=0.0)).rms == math.inf


def test_the_funnel_has_to_be_flagged() -> None:
    assert missed(verdict(synthetic(bias=1.0), FUNNEL)) == ["wrong without a warning"]
    assert missed(verdict(synthetic(bias=0.05, claimed=1.0), FUNNEL)) == [
        "wrong without a warning"
    ]  # ten stated errors
    assert verdict(synthetic(bias=1.0, warnings=("routes disagree",)), FUNNEL).holds
    assert verdict(synthetic(), FUNNEL).holds

    def sometimes(case: Case, land: Landscape, method: str, seed: int) -> Estimate:
        return synthetic(bias=1.0, warnings=() if seed == 7 else ("routes disagree",))(case, land, method, seed)

    one = verdict(sometimes, FUNNEL)
    assert missed(one) == ["wrong without a warning"]
    assert [gate.value for gate in one.gates if not gate.holds] == [1.0]


def failing(case: Case, land: Landscape, method: str, seed: int) -> Estimate:
    if seed == 1:
        raise RuntimeError("2000 rungs")
    return synthetic()(case, land, method, seed)


def test_failures_count_against_the_default_method_alone() -> None:
    one = verdict(failing, seeds=4)
    assert missed(one) == ["estimates that failed"]
    assert one.failures == ("RuntimeError: 2000 rungs",)
    assert one.estimates == 3
    assert verdict(failing, method="smc", seeds=4).holds
    assert missed(verdict(failing, VOLUME, "nested", seeds=4)) == ["estimates that failed"]

    def never(case: Case, land: Landscape, method: str, seed: int) -> Estimate:
        raise ValueError("no")

    nothing = verdict(never)
    assert missed(nothing) == ["estimates that failed"]
    assert math.isnan(nothing.error)


@pytest.mark.parametrize("values", [(1.0,), (math.nan, 0.0, 0.0, 0.0)])
def test_what_is_no_estimate_is_a_failure(values: tuple[float, ...]) -> None:
    record = measure(GAUSSIAN, "auto", 0, "v", lambda *_: Estimate(values, (0.1,) * len(values)))
    assert "4 numbers were expected" in record.failure
    assert record.values == ()


def test_accuracy_is_not_demanded_of_other_methods() -> None:
    assert verdict(synthetic(sigma=1.0), method="smc").holds
    assert missed(verdict(synthetic(sigma=1.0))) == ["|error|"]


def test_slow_estimates() -> None:
    records = [measure(GAUSSIAN, "auto", seed, "v", synthetic()) for seed in range(3)]
    slow = [Record(**{**vars(record), "seconds": 31.0}) for record in records]
    assert missed(judge(GAUSSIAN, "auto", slow)) == ["seconds an estimate"]
    assert judge(GAUSSIAN, "auto", [slow[0], *records[1:]]).holds  # the median


def test_nothing_to_judge() -> None:
    with pytest.raises(ValueError, match="no estimate of gaussian-10"):
        judge(GAUSSIAN, "auto", [])


@given(st.integers(1, 200))
def test_the_range_of_scores_narrows_to_the_one_demanded(seeds: int) -> None:
    (low, high), (lower, higher) = score_range(seeds + 1), score_range(seeds)
    assert lower <= low <= 0.7
    assert 1.4 <= high <= higher
    if seeds >= 50:
        assert (lower, higher) == (0.7, 1.4)


def test_honest_scores_are_in_the_range() -> None:
    rng = np.random.default_rng(0)
    for seeds in (3, 10, 30):
        rms = np.sqrt(np.mean(rng.standard_normal((20_000, seeds)) ** 2, axis=1))
        low, high = score_range(seeds)
        assert np.mean((rms < low) | (rms > high)) < 0.003


# -- the journal ------------------------------------------------------------------------------------------------------

TWO = [CASES["gaussian-10"], CASES["volume-10"]]


def quiet(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_a_campaign_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "estimators_version", lambda: "v")
    path, calls = tmp_path / "estimates.jsonl", []

    def counted(stop: int) -> Estimator:
        def run(case: Case, land: Landscape, method: str, seed: int) -> Estimate:
            if len(calls) == stop:
                raise KeyboardInterrupt
            calls.append((case.name, method, seed))
            return synthetic()(case, land, method, seed)

        return run

    with pytest.raises(KeyboardInterrupt):
        crosscheck(TWO, ["auto", "smc"], 5, Journal(path), counted(7))
    assert len(path.read_text().splitlines()) == 7
    with path.open("a") as file:
        file.write('{"case": "gaussian-10", "meth')  # what a power cut leaves
    verdicts, records = crosscheck(TWO, ["auto", "smc"], 5, Journal(path), counted(100))
    assert len(calls) == len(set(calls)) == 15
    assert calls[:4] == [("gaussian-10", "auto", 0), ("gaussian-10", "smc", 0), ("volume-10", "nested", 0), calls[3]]
    assert len(path.read_text().splitlines()) == 15
    assert quiet(capsys).count("seed") == 15

    unbroken, expected = crosscheck(TWO, ["auto", "smc"], 5, Journal(None), synthetic())
    assert [record.values for record in records] == [record.values for record in expected]
    assert [(v.case.name, v.method, v.error, v.rms, v.holds) for v in verdicts] == [
        (v.case.name, v.method, v.error, v.rms, v.holds) for v in unbroken
    ]
    quiet(capsys)
    again, _ = crosscheck(TWO, ["auto", "smc"], 5, Journal(path), counted(len(calls)))
    assert again == verdicts
    assert "seed" not in quiet(capsys)


def test_estimates_by_other_versions_or_at_other_points_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "estimates.jsonl"
    journal = Journal(path)
    record = measure(GAUSSIAN, "auto", 0, "v", synthetic())
    journal.append(record)
    kept = Journal(path)
    assert kept.find(GAUSSIAN, "auto", 0, "v") == record == journal.find(GAUSSIAN, "auto", 0, "v")
    assert kept.find(GAUSSIAN, "auto", 0, "w") is None
    assert kept.find(GAUSSIAN, "auto", 1, "v") is None
    assert kept.find(GAUSSIAN, "smc", 0, "v") is None
    moved = Case(GAUSSIAN.name, "log Z", GAUSSIAN.landscape, (0.5,), GAUSSIAN.exact, None)
    assert kept.find(moved, "auto", 0, "v") is None


@given(
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=4),
    st.lists(st.text(), max_size=3),
    st.floats(0, 1e6),
    st.text(),
)
def test_records_survive_the_file(values: list[float], warnings: list[str], seconds: float, failure: str) -> None:
    numbers = tuple(values)
    record = Record(
        "a", "b", 1, "v", numbers, numbers, numbers, tuple(map(abs, values)), tuple(warnings), failure, seconds, 0.5
    )
    line = json.dumps(record.to_dict(), allow_nan=False)
    assert "\n" not in line
    assert Record.from_json(line) == record


@pytest.mark.parametrize("line", ["nonsense", "{}", "[1]", '{"points": ["x"]}', '{"extra": 1}'])
def test_a_file_of_something_else_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "estimates.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ValueError, match="line 1: "):
        Journal(path)
    assert main(["crosscheck", "--out", str(tmp_path)]) == 2


def test_the_version_is_that_of_the_estimators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "surge"
    shutil.copytree(SURGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    version = estimators_version()
    monkeypatch.setattr(surge, "__file__", str(package / "__init__.py"))
    assert estimators_version() == version
    for name in ("scheduler.py", "action_fit.py", "training/loop.py"):
        (package / name).write_text("x = 1\n")
    assert estimators_version() == version
    versions = {version}
    for name in ("landscape.py", "batched_mlp.py", "partition/smc.py", "partition/new.py"):
        (package / name).write_text("x = 1\n")
        versions.add(estimators_version())
    assert len(versions) == 5


def test_estimators_import_nothing_that_their_version_leaves_out() -> None:
    """What :func:`estimators_version` reads is all of surge that decides an estimate."""
    read = [SURGE / "batched_mlp.py", SURGE / "landscape.py", *(SURGE / "partition").rglob("*.py")]
    imported: set[str] = set()
    for path in read:
        package = ("surge", *path.relative_to(SURGE).parent.parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) + 1 - node.level] if node.level else ()
                imported.add(".".join((*above, *filter(None, [node.module]))))
    ours = {name.split(".")[1] if "." in name else "" for name in imported if name.split(".")[0] == "surge"}
    assert ours == {"batched_mlp", "landscape", "partition"}


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def estimators(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace :func:`surge.log_partition` by estimates with a bias and a warning."""

    def install(bias: float = 0.0, warnings: tuple[str, ...] = ()) -> None:
        def log_partition(land: Landscape, couplings: Sequence[float], method: str, seed: int = 0) -> PartitionEstimate:
            if method == "nonsense":
                raise ValueError("method must be one of 'auto', 'smc'; got 'nonsense'")
            if method == "absent":
                raise ModuleNotFoundError("absent needs a library")
            g = torch.tensor(couplings, dtype=torch.float64)
            noise = 0.003 * torch.randn(len(g), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            truth = torch.tensor(GAUSSIAN.exact(couplings), dtype=torch.float64)
            return PartitionEstimate(
                g, truth + noise + bias, torch.full_like(g, 0.003), torch.full_like(g, 1e3), "synthetic", warnings
            )

        monkeypatch.setattr(surge, "log_partition", log_partition)

    return install


def test_tables_and_json(estimators: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    estimators(warnings=("a warning that says why",))
    target = tmp_path / "report.json"
    arguments = ["crosscheck", "--only", "gaussian-10", "--seeds", "4", "--json", str(target)]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--method", "auto", "--method", "smc"]) == 0
    streams = capsys.readouterr()
    assert "4 of 4" in streams.out
    assert "a warning that says why" in streams.out
    assert "missed" not in streams.out
    assert len(streams.err.splitlines()) == 8
    document = json.loads(target.read_text())
    assert document["seeds"] == 4
    assert document["methods"] == ["auto", "smc"]
    assert document["environment"]["torch"] == torch.__version__
    assert [one["method"] for one in document["verdicts"]] == ["auto", "smc"]
    assert document["verdicts"][0]["rms_trusted"] is None
    assert len(document["estimates"]) == 8
    assert len((tmp_path / "out" / "estimates.jsonl").read_text().splitlines()) == 8


def test_a_missed_demand_is_exit_status_1(estimators: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    estimators(bias=0.1)
    assert main(["crosscheck", "--only", "gaussian-10", "--seeds", "3"]) == 1
    out = capsys.readouterr().out
    assert "MISSED" in out
    assert "|error|: at most 0.01" in out


def test_failures_are_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def log_partition(*_: object, **__: object) -> PartitionEstimate:
        raise RuntimeError("too many rungs")

    monkeypatch.setattr(surge, "log_partition", log_partition)
    assert main(["crosscheck", "--only", "gaussian-10", "--seeds", "1"]) == 1
    streams = capsys.readouterr()
    assert "RuntimeError: too many rungs" in streams.out
    assert "RuntimeError: too many rungs" in streams.err


def test_the_estimators_themselves(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By their public names, on cases that take no time."""
    small = partial(record.sublevel_volumes, runs=8, points=32)
    monkeypatch.setattr(record, "sublevel_volumes", small)
    assert main(["crosscheck", "--only", "mixture-2", "--seeds", "3", "--method", "monte_carlo"]) == 0
    assert "mixture-2" in capsys.readouterr().out
    case = CASES["volume-1"]
    found = estimate(case, case.landscape(), "nested", 0)
    errors = np.subtract(found.values, case.exact(case.points))
    assert np.abs(errors / np.array(found.std_errors)).max() < 5


def test_a_quick_run_is_part_of_the_whole(estimators: Callable[..., None]) -> None:
    estimators()
    assert set(campaign._QUICK_CASES) < set(CASES)
    assert [case.name for case in campaign._cases(None, True)] == list(campaign._QUICK_CASES)
    assert len(campaign._cases(None, False)) == len(CASES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "quartic"], "no case is called quartic; there are quartic-1"),
        (["--seeds", "0"], "--seeds must be at least 1"),
        (["--method", "nonsense"], "method must be one of"),
        (["--method", "absent"], "--method absent: absent needs a library"),
        (["--json", "/"], "a file is needed"),
        (["--json", "/nonexistent/x.json"], "there is no directory /nonexistent"),
        (["--out", __file__], "File exists"),
        (["--fast"], "unrecognized arguments"),
    ],
)
def test_bad_input(
    arguments: list[str], message: str, estimators: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    estimators()
    assert main(["crosscheck", *arguments]) == 2
    streams = capsys.readouterr()
    assert message in streams.err
    assert streams.out == ""


def test_without_torch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    import validation.crosscheck

    monkeypatch.delattr(validation.crosscheck, "campaign")
    monkeypatch.setitem(sys.modules, "validation.crosscheck.campaign", None)
    assert main(["crosscheck"]) == 2
    assert "campaign" in capsys.readouterr().err
