"""The detection of saddles: densities in closed form against the draws, the singular terms and the number of draws."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import erfc, gammaincc, kv
from scipy.stats import chi2 as chi_square
from scipy.stats import norm

from validation.__main__ import main
from validation.crosscheck import campaign
from validation.crosscheck.detection import CLEAR, Detection, Saddle, _crossing, detect, draw_detections, growth, score

EDGES = np.linspace(-1, 1, 65)
DIMENSIONS = range(1, 7)


def density(d: int, tau: float) -> float:
    """Of sum of d - q squares less sum of q squares of standard normals, q = ceil(d/2), in closed form."""
    if d == 1:
        return chi_square.pdf(-tau, 1)
    if d % 2 == 0:  # the symmetric variance-gamma density: its characteristic function is (1 + 4 k^2)^(-d/4)
        order, u = d / 4 - 0.5, abs(tau) / 2
        return u**order * kv(order, u) / (math.sqrt(math.pi) * math.gamma(d / 4) * 2 ** (order + 1))
    if d == 3:  # a square less an exponential variable of mean 2
        return math.exp(tau / 2) / (2 * math.sqrt(2)) * (erfc(math.sqrt(tau)) if tau > 0 else 1.0)
    if d == 5:  # an exponential variable of mean 2 less three squares
        return math.exp(-tau / 2) / 2**2.5 * (gammaincc(1.5, -tau) if tau < 0 else 1.0)
    raise NotImplementedError


def probabilities(d: int) -> NDArray[np.float64]:
    """Of the bins of the window, for a draw of the whole landscape."""
    near = [quad(lambda t: density(d, t), a, b, epsabs=1e-14)[0] for a, b in pairwise(EDGES)]
    return (np.array(near) + np.diff(norm.cdf(EDGES / math.sqrt(2 * d)))) / 2


def singular(d: int, tau: float) -> float:
    """The singular term with C = 1."""
    q, power = (d + 1) // 2, d / 2 - 1
    if q % 2 and d % 2 == 0:
        return tau**power * math.log(abs(tau))
    side = tau if q % 2 == 0 else -tau
    return side**power if side > 0 else 0.0


@pytest.mark.parametrize("d", DIMENSIONS)
def test_draws_have_the_density(d: int) -> None:
    count = 400_000
    here, _ = Saddle(d).counts(count, np.random.default_rng(d))
    expected = count * probabilities(d)
    distance = float(((here - expected) ** 2 / expected)[expected > 5].sum())
    assert chi_square.sf(distance, int((expected > 5).sum())) > 1e-4


def rest(d: int, tau: float) -> float:
    """The density less the singular term; half of the draws come from this region."""
    return density(d, tau) - 2 * Saddle(d).coefficient * singular(d, tau)


@pytest.mark.parametrize("d", [1, 3, 5])
def test_no_half_integer_power_is_left(d: int) -> None:
    power, h = d / 2 - 1, 1e-3
    # The odd part, without its linear term; a smooth function leaves O(h^3), and the next singular term h^(power + 1).
    one, two = (rest(d, k * h) - rest(d, -k * h) for k in (1, 2))
    assert abs(2 * one - two) < 0.05 * abs(2 - 2**power) * abs(2 * Saddle(d).coefficient) * h**power


@pytest.mark.parametrize("d", [2, 4, 6])
def test_no_logarithm_or_jump_is_left(d: int) -> None:
    order = d // 2 - 1
    weights = {0: [1.0], 1: [-1.0, 1.0], 2: [1.0, -2.0, 1.0]}[order]

    def derivative(h: float) -> float:
        return sum(w * rest(d, (3 + i) * h) for i, w in enumerate(weights)) / h**order

    # The derivative of this order jumps by order! C, or changes by order! C log 10 from h to h/10, if C is left.
    other = -1e-3 if d == 4 else 1e-4
    assert abs(derivative(1e-3) - derivative(other)) < 0.05 * abs(2 * Saddle(d).coefficient)


@pytest.mark.parametrize("d", DIMENSIONS)
def test_bins_of_the_singular_term(d: int) -> None:
    term = Saddle(d).singular_term()
    for k in (0, 17, 31, 32, 63):
        direct = quad(lambda t: singular(d, t), EDGES[k], EDGES[k + 1], epsabs=1e-13)[0]
        assert term[k] == pytest.approx(direct, rel=1e-8, abs=1e-12)


def draws_expected(d: int) -> float:
    """Those for which the counts without any noise have the score five, by bisection."""
    saddle, p = Saddle(d), probabilities(d)
    low, high = 1.0, 1e10
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if score(middle * p[None], saddle).item() > CLEAR else (middle, high)
    return math.sqrt(low * high)


@pytest.mark.parametrize("d", [2, 3])
def test_the_draws_needed_are_those_that_the_exact_density_needs(d: int) -> None:
    found = detect(d, experiments=30)
    # The median of 30 scores has the standard error 1.25/sqrt(30), twice that relative to five in the draws.
    assert abs(math.log(found.needed / draws_expected(d))) < 4 * 2 * 1.25 / math.sqrt(30) / CLEAR
    assert 0.5 < found.control < 1.5  # the root mean square of 30 normal numbers, with a probability of 99.98 %
    assert found.scores[-1] >= CLEAR > max(found.scores[:-1])
    assert (found.index, found.exponent) == ((1, 0.0) if d == 2 else (2, 0.5))


def test_each_dimension_costs_an_order_of_magnitude() -> None:
    expected = [draws_expected(d) for d in DIMENSIONS]
    assert all(3 < b / a < 100 for a, b in pairwise(expected))


def test_no_saddle_no_score() -> None:
    """A density that is a polynomial: the score of any singular term is standard normal."""
    rng = np.random.default_rng(0)
    x = (np.arange(64) + 0.5) / 32 - 1
    counts = rng.poisson(500 * (1 + 0.5 * x - 0.3 * x**3 + 0.2 * x**4), (3000, 64)).astype(float)
    for d in DIMENSIONS:
        scores = score(counts, Saddle(d))
        assert abs(scores.mean()) < 4 / math.sqrt(3000)
        assert abs(scores.std() - 1) < 4 / math.sqrt(6000)


def test_the_score_is_invariant_under_what_the_background_may_be() -> None:
    """Adding a polynomial to noise-free counts lowers the score; without the saddle it is zero."""
    x = (np.arange(64) + 0.5) / 32 - 1
    smooth = 1000 * (2 + x - x**2 + 0.5 * x**4)
    for d in DIMENSIONS:
        assert abs(score(smooth[None], Saddle(d)).item()) < 1e-6
        p = 1e6 * probabilities(d)
        assert 0 < score((p + smooth)[None], Saddle(d)).item() < score(p[None], Saddle(d)).item()


def test_no_draws_at_all() -> None:
    assert score(np.zeros((2, 64)), Saddle(3)).tolist() == pytest.approx([0.0, 0.0], abs=1e-9)


@given(st.integers(10, 10**6), st.floats(0.0, 4.9), st.floats(5.0, 9.0))
def test_the_crossing_lies_between(draws: int, before: float, after: float) -> None:
    crossing = _crossing([draws, 2 * draws], [before, after])
    assert draws < crossing <= 2 * draws
    # A score that grows as the square root of the draws is interpolated exactly.
    scores = [math.sqrt(n) * after / math.sqrt(2 * draws) for n in (draws, 2 * draws)]
    if scores[0] < CLEAR <= scores[1]:
        assert _crossing([draws, 2 * draws], scores) == pytest.approx(2 * draws * (CLEAR / after) ** 2)


def test_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("validation.crosscheck.detection._MOST", 1000)
    found = detect(4, experiments=4)
    assert found.needed == math.inf
    assert found.draws[-1] >= 1000
    assert growth([found] * 3) is None


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert detect(1, experiments=4, seed=3) == detect(1, experiments=4, seed=3)
    assert detect(1, experiments=4, seed=3) != detect(1, experiments=4, seed=4)


def test_growth() -> None:
    three = [Detection(d, 1, 0.0, (1,), (5.0,), (5.0,), (5.0,), 1.0, 7.0 * 12.0**d, 20) for d in (1, 2, 4)]
    assert growth(three) == pytest.approx(12)
    assert growth(three[:2]) is None


@pytest.mark.parametrize("call", [lambda: Saddle(0), lambda: detect(2, experiments=3)])
def test_bad_input(call: object) -> None:
    with pytest.raises(ValueError, match="at least"):
        call()  # type: ignore[operator]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "_QUICK_DIMENSIONS", (1, 2))


@pytest.mark.usefixtures("quick")
def test_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, plot = tmp_path / "detection.json", tmp_path / "detection.png"
    assert main(["crosscheck", "--detection", "--quick", "--json", str(target), "--plot", str(plot)]) == 0
    out = capsys.readouterr().out
    assert "draws for a score of 5" in out
    document = json.loads(target.read_text())
    assert [one["dim"] for one in document["detections"]] == [1, 2]
    assert document["growth"] is None
    assert document["environment"]["torch"]
    assert plot.read_bytes()[:4] == b"\x89PNG"


def test_a_plot_of_what_was_not_reached(tmp_path: Path) -> None:
    reached = Detection(1, 1, -0.5, (16, 32), (2.0, 6.0), (1.0, 5.0), (3.0, 7.0), 1.0, 28.0, 20)
    beyond = Detection(2, 1, 0.0, (16, 32), (0.0, 1.0), (-1.0, 0.5), (0.5, 2.0), 1.0, math.inf, 20)
    draw_detections([reached, beyond], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--detection", "--only", "quartic-1"], "--only does not go with --detection"),
        (["--detection", "--seeds", "3"], "--seeds does not go with --detection"),
        (["--detection", "--plot", "/nonexistent/x.png"], "there is no directory /nonexistent"),
        (["--plot", "x.png"], "--plot draws what --detection or --noise measures"),
    ],
)
def test_bad_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crosscheck", *arguments]) == 2
    assert message in capsys.readouterr().err
