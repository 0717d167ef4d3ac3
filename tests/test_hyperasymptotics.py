"""Hyperasymptotic sums against closed forms and certified sums, and their errors against the prediction."""

import cmath
import math
from itertools import pairwise

import mpmath
import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.action import Action
from resurgence.errors import StokesLineError
from resurgence.hyperasymptotics import hyperasymptotics
from resurgence.laplace import borel_sum
from resurgence.plot_hyperasymptotics import plot_hyperasymptotics
from resurgence.saddle_network import SaddleNetwork
from resurgence.series import FormalSeries

mp = mpmath.MPContext()
mp.dps = 120

MODELS = [
    models.quartic,
    models.cubic,
    models.double_well,
    models.euler,
    models.euler_alternating,
    models.error_function,
    models.bessel_k("1/3"),
    models.bessel_k("1/10"),
    models.bessel_k(2),
    models.bessel_k("7/3"),
    models.bessel_k("27/5"),
]
SIDES = ["above", "below", "median"]


def distance(one, other):
    return abs(mp.mpmathify(one) - mp.mpmathify(other))


def covers(total, exact):
    """Whether the error stated covers the distance to a value that is much better known."""
    assert exact.error < total.sum.error / 1000
    return distance(total.sum.value, exact.value) <= total.sum.error + exact.error


# ---------------------------------------------------------------------------------------------------------------------
# The errors of the levels


@pytest.mark.parametrize(
    ("model", "singulant"), [(models.quartic, "1/4"), (models.bessel_k("1/3"), 2), (models.bessel_k("1/10"), 2)]
)
@pytest.mark.parametrize("x", [6, 10, 25, 40])
def test_each_level_has_the_error_that_berry_and_howls_predict(model, singulant, x):
    # Each nesting contributes Gamma(x)/x^x = sqrt(2 pi/x) exp(-x), x = |F/g|, times S/(2 pi) and half, since every
    # singulant is opposite to the one before: 1/(1 + 1) (Berry & Howls 1990; Olde Daalhuis 1998).
    g = sympy.Rational(singulant) / x
    stokes = abs(complex(model.singularities[0].stokes_constant))
    factor = stokes / (4 * math.pi) * math.sqrt(2 * math.pi / x) * math.exp(-x)
    exact = borel_sum(model.series(1).stripped(), g, 100).value
    errors = []
    for level in range(4):
        total = hyperasymptotics(model, g, level, 90)
        assert total.numbers == tuple(x * k for k in range(level + 1, 0, -1))
        errors.append(float(distance(total.stages[-1].value, exact)))
        assert errors[-1] == pytest.approx(factor ** (level + 1), rel=0.3)
        assert errors[-1] <= total.error <= 200 * errors[-1]
    assert errors[1] < errors[0] ** 2  # below the square of the superasymptotic remainder


@pytest.mark.parametrize("side", SIDES)
def test_the_levels_on_a_stokes_line(side):
    for x in (8, 20, 41):
        g = -sympy.Rational(1, 4 * x)
        exact = models.quartic.exact(g, 100, side=side)
        for level in range(4):
            total = hyperasymptotics(models.quartic, g, level, 60, side=side)
            assert covers(total, exact)
            assert total.error < 10 * math.exp(-min((level + 1) * x, 138))


def test_halving_ends_by_itself():
    # exp(-(1 + 2 log 2) |F/g|) in the limit (Berry & Howls 1990); stages end when nothing is left to halve.
    x = 40
    total = hyperasymptotics(models.quartic, sympy.Rational(1, 4 * x), 3, 60, scheme="halving")
    assert total.numbers == (40, 20, 10, 5)
    exact = models.quartic.exact(sympy.Rational(1, 4 * x), 100)
    assert covers(total, exact)
    assert math.exp(-2.6 * x) < total.error < math.exp(-2.2 * x)
    few = hyperasymptotics(models.quartic, "1/20", 3, scheme="halving")
    assert few.numbers == (5, 2)
    assert few.level == 1


@settings(max_examples=40)
@given(
    st.sampled_from(MODELS),
    st.floats(-1, 2),
    st.one_of(st.floats(-3.1, 3.1), st.sampled_from([0.0, math.pi])),
    st.sampled_from(SIDES),
    st.integers(0, 3),
    st.sampled_from([5, 20, 60]),
    st.sampled_from(["optimal", "halving"]),
)
@example(models.bessel_k("7/3"), -0.9, 0.6, "median", 3, 60, "optimal")
@example(models.bessel_k("27/5"), 1.54, math.pi, "above", 1, 60, "halving")
@example(models.bessel_k(2), 0.26, 0.0, "below", 3, 20, "halving")
def test_errors_cover_the_truth(model, size, angle, side, level, digits, scheme):
    singulant = abs(complex(model.singularities[0].location))
    g = cmath.rect(singulant / 10**size, angle)
    g = g.real if angle in (0.0, math.pi) else g
    total = hyperasymptotics(model, g, level, digits, side=side, scheme=scheme)
    assert covers(total, borel_sum(model.series(1), g, digits + 40, side=side))


@pytest.mark.parametrize("digits", [5, 15, 30, 60])
def test_no_more_terms_than_the_digits_take(digits):
    g, exact = "1/1000", models.quartic.exact("1/1000", 200)
    numbers = []
    for level in range(4):
        total = hyperasymptotics(models.quartic, g, level, digits)
        assert covers(total, exact)
        assert digits <= total.sum.digits <= digits + 12
        numbers.append(total.numbers[0])
    assert max(numbers) < 10 * digits


# ---------------------------------------------------------------------------------------------------------------------
# Networks


def test_series_that_end_make_the_first_level_exact():
    # The series at the pole, or at the square root, is 1.
    for model in (models.euler, models.euler_alternating, models.error_function):
        for level in (1, 3):
            total = hyperasymptotics(model, "1/7", level, 50, side="above")
            assert total.numbers == (7, 1)
            assert total.sum.digits >= 50
            assert covers(total, model.exact("1/7", 80, side="above"))
    ending = hyperasymptotics(models.bessel_k("5/2"), "1/7", 2, 50)
    assert ending.numbers == (3,)
    assert ending.sum.digits >= 50
    assert covers(ending, models.bessel_k("5/2").exact("1/7", 80))


def test_an_action_has_the_network_of_its_model():
    network = SaddleNetwork.of_action(Action("x**2 + x**4"))
    for level in range(4):
        saddles, model = (hyperasymptotics(what, "1/60", level, 40) for what in (network, models.quartic))
        assert saddles.numbers == model.numbers
        assert distance(saddles.sum.value, model.sum.value) < saddles.sum.error / 1000
        assert covers(saddles, models.quartic.exact("1/60", 90))


@pytest.mark.parametrize("point", range(3))
def test_three_saddles_of_different_values(point):
    # The other two are at a pair of complex values, each adjacent to each.
    action = Action("x**2/2 - x**3/3 + x**4/7")
    at = action.critical_points()[point]
    network = SaddleNetwork.of_action(action, at)
    assert all(len(sector.adjacent) == 2 for sector in network.sectors)
    for g in ("1/30", -0.025 + 0.01j):
        exact = borel_sum(action.expand(1, at=at), g, 60)
        errors = [1.0]
        for level in range(4):
            total = hyperasymptotics(network, g, level, 40)
            assert covers(total, exact)
            errors.append(float(total.error))
            assert total.error < math.exp(-(level + 1) * 0.34 * 30) * 4 ** (level + 1)
        assert all(later < earlier / 1000 for earlier, later in pairwise(errors))


def test_singulants_in_one_direction():
    # V = -2/3 at i and -i, 0 at 0, 2/3 at 1 and -1: from i by way of 0 to 1 and -1, and straight to 1.
    action = Action("x**2 - x**6/3")
    network = SaddleNetwork.of_action(action, sympy.I)
    near = {(a.sector, a.location) for a in network.sectors[network.base].adjacent}
    assert {location for _, location in near} == {sympy.Rational(2, 3), sympy.Rational(4, 3)}
    for g, sides in (("1/40", SIDES), ("1/40+1j/4000", [None]), ("-1/40", [None])):
        for side in sides:
            exact = borel_sum(action.expand(1, at=sympy.I), g, 70, side=side)
            for level in (1, 2, 3):
                total = hyperasymptotics(network, g, level, 50, side=side)
                assert covers(total, exact)
                assert total.error < math.exp(-(level + 1) * 26) * 30 ** (level + 1)


def airy_network(stokes):
    decaying = models.cubic.series(80)
    growing = FormalSeries([(-1) ** n * a for n, a in enumerate(decaying.coefficients)], action="1/6")
    return SaddleNetwork([decaying, growing], stokes)


def test_a_network_by_hand():
    total = hyperasymptotics(airy_network({(0, 1): 1j, (1, 0): 1j}), "1/90", 2, 40, side="below")
    model = hyperasymptotics(models.cubic, "1/90", 2, 40, side="below")
    assert total.numbers == model.numbers
    assert distance(total.sum.value, model.sum.value) < mp.mpf(10) ** -40


def test_poles_by_hand():
    # Euler's series is 1/(1 - z): exponent -1, Stokes constant 2 pi i, and the series there is 1.
    series = models.euler.series(30)
    network = SaddleNetwork(
        [series, FormalSeries([1], action=1)], {(0, 1): 2 * sympy.pi * sympy.I}, exponents={(0, 1): -1}
    )
    assert covers(
        hyperasymptotics(network, "1/10", 1, 40, side="median"), models.euler.exact("1/10", 70, side="median")
    )


def test_a_wrong_stokes_constant_is_noticed():
    exact = models.cubic.exact("1/60+1j/90", 70)
    assert covers(hyperasymptotics(airy_network({(0, 1): 1j, (1, 0): 1j}), "1/60+1j/90", 2, 40), exact)
    assert not covers(hyperasymptotics(airy_network({(0, 1): 1j, (1, 0): -1j}), "1/60+1j/90", 2, 40), exact)
    assert not covers(hyperasymptotics(airy_network({(0, 1): -1j, (1, 0): 1j}), "1/60+1j/90", 2, 40), exact)
    with pytest.raises(ValueError, match="not what its singularities predict"):
        hyperasymptotics(airy_network({(0, 1): 0.1j, (1, 0): 1j}), "1/60+1j/90", 1)


def test_the_jump_is_the_adjacent_series():
    g = sympy.Rational(1, 90)
    above, below = (hyperasymptotics(models.cubic, g, 3, 40, side=side) for side in ("above", "below"))
    other = FormalSeries(
        [(-1) ** n * a for n, a in enumerate(models.cubic.series(80).coefficients)], action="1/6", exponent="1/2",
        constant=sympy.sqrt(2 * sympy.pi),
    )  # fmt: skip
    jump = borel_sum(other, g, 20)
    difference = mp.mpmathify(above.sum.value) - mp.mpmathify(below.sum.value)
    assert (
        distance(difference, mp.mpc(0, 1) * mp.mpmathify(jump.value)) <= above.sum.error + below.sum.error + jump.error
    )
    assert abs(difference) > 1e6 * above.sum.error


# ---------------------------------------------------------------------------------------------------------------------
# What is given back, and what is refused


def test_stages_add_up():
    total = hyperasymptotics(models.quartic, "1/40", 2, 40)
    assert str(total).endswith("(estimated), level 2, 30 + 20 + 10 terms")
    assert total.sum.status == "estimated"
    value = mp.mpc(0)
    for stage in total.stages:
        assert len(stage.terms) == stage.number
        value += sum(map(mp.mpmathify, stage.terms))
        assert distance(value, stage.value) < total.error / 1000
    # The first stage is the series itself.
    series = models.quartic.series(30)
    for n, term in enumerate(total.stages[0].terms):
        assert float(term.real) == pytest.approx(float(series[n]) / 40**n)


def test_a_stokes_line_needs_a_side():
    with pytest.raises(StokesLineError, match="-1/4"):
        hyperasymptotics(models.quartic, "-1/40")
    network = SaddleNetwork.of_action(Action("x**2 + x**4"))
    with pytest.raises(StokesLineError) as caught:
        hyperasymptotics(network, "-1/40")
    assert len(caught.value.singularities) == 2


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: hyperasymptotics("quartic", "1/10"), TypeError, "SaddleNetwork"),
        (lambda: hyperasymptotics(models.quartic.series(5), "1/10"), TypeError, "adjacent"),
        (lambda: hyperasymptotics(models.quartic, 0), ValueError, "zero"),
        (lambda: hyperasymptotics(models.quartic, "1/10", 4), ValueError, "between 0 and 3"),
        (lambda: hyperasymptotics(models.quartic, "1/10", 1.5), TypeError, "integer"),
        (lambda: hyperasymptotics(models.quartic, "1/10", True), TypeError, "integer"),
        (lambda: hyperasymptotics(models.quartic, "1/10", scheme="best"), ValueError, "optimal, halving"),
        (lambda: hyperasymptotics(models.quartic, "1/10", digits=0), ValueError, "digits"),
        (lambda: hyperasymptotics(models.quartic, "1/10", side="left"), ValueError, "side"),
        (lambda: hyperasymptotics(models.quartic, "1e-6", digits=50_000), ValueError, "fewer"),
        (lambda: hyperasymptotics(models.stirling, "1/10"), ValueError, "stirling are not known"),
        (lambda: hyperasymptotics(models.bessel_k("61/3"), "1/10"), ValueError, "not what its singularities predict"),
        (
            lambda: hyperasymptotics(airy_network({(0, 1): 1j, (1, 0): 1j}), "1/900", 1, 200, side="above"),
            ValueError,
            "terms of",
        ),
        (lambda: SaddleNetwork.of_model("quartic"), TypeError, "Model"),
        (lambda: SaddleNetwork.of_action("x**2"), TypeError, "Action"),
        (lambda: SaddleNetwork.of_action(Action("x**4"), 0), ValueError, "degenerate"),
        (lambda: SaddleNetwork([models.euler], {}), TypeError, "FormalSeries"),
        (lambda: SaddleNetwork([models.euler.series(3)], [1]), TypeError, "map pairs"),
        (lambda: airy_network({(0, 2): 1j}), ValueError, "pair"),
        (lambda: airy_network({(0, 0): 1j}), ValueError, "pair"),
        (lambda: airy_network({(0, 1): "one"}), ValueError, "number"),
        (lambda: SaddleNetwork([models.euler.series(3)] * 2, {(0, 1): 1}), ValueError, "same action"),
        (lambda: SaddleNetwork([models.euler.series(3)] * 2, {}, {(0, 1): 1}), ValueError, "no Stokes constant"),
        (lambda: SaddleNetwork([models.euler.series(3)], {}, base=1), ValueError, "base"),
        (
            lambda: SaddleNetwork([models.euler.series(3), FormalSeries([1], action=1)], {(0, 1): 1}, {(0, 1): 1j}),
            ValueError,
            "rational",
        ),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_an_action_whose_stokes_constants_are_not_known():
    # x^4/4 - x^5/5 is degenerate at 0.
    network = SaddleNetwork.of_action(Action("x**4/4 - x**5/5"), 1)
    with pytest.raises(ValueError, match="not known"):
        hyperasymptotics(network, "1/100j")


def test_zeros_are_no_adjacent_series():
    network = SaddleNetwork([models.euler.series(3), FormalSeries([1], action=1)], {(0, 1): 0})
    assert network.sectors[0].adjacent == ()
    total = hyperasymptotics(network, "1/10", 2)
    assert total.sum.contains("1.12")


# ---------------------------------------------------------------------------------------------------------------------


def test_the_picture(tmp_path):
    figure = plot_hyperasymptotics(models.bessel_k("1/3"), "1/8", tmp_path / "stages.png")
    assert (tmp_path / "stages.png").stat().st_size > 10_000
    lines = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) > 4]
    assert [len(line.get_xdata()) for line in lines] == [16, 48, 96, 160]
    last = [line.get_ydata()[-1] for line in lines]
    assert all(later < earlier / 1e6 for earlier, later in pairwise(last))
    halving = plot_hyperasymptotics(Action("x**2 + x**4"), "-1/60", side="below", scheme="halving")
    assert len(halving.axes[0].get_lines()) == 2
    with pytest.raises(TypeError, match="draws"):
        plot_hyperasymptotics("quartic", "1/10")
    with pytest.raises(ValueError, match="png"):
        plot_hyperasymptotics(models.quartic, "1/10", tmp_path / "stages.txt")
