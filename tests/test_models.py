"""The ground truths: exact values against sums of their germs, integrals and printed values; names and references."""

import cmath
import inspect
import math
import time
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.errors import StokesLineError
from resurgence.models.model import ClosedFormModel
from resurgence.numbers import ball, working_precision

EVERY = [models.get(name) for name in models.names() if name != "bessel_k(nu)"]
PLAIN = [model for model in EVERY if isinstance(model, ClosedFormModel)]
BESSEL = [models.bessel_k(nu) for nu in (0, "1/3", "1/2", 1, 2, "5/2", "17/5", 30)]
ALL = PLAIN + BESSEL
SIDES = ("above", "below", "median")

#: Models whose Stokes line is g > 0.
STOKES_LINE_AHEAD = ("euler", "cubic", "double_well", "sine_gordon")


@st.composite
def rays(draw):
    """g with 1/1000 <= |g| <= 1000, now and then on an axis, and None or a direction within a quarter turn of it."""
    size = 10 ** draw(st.floats(-3, 3))
    if draw(st.booleans()):
        g = draw(st.sampled_from([size, -size, size * 1j, -size * 1j]))
    else:
        g = cmath.rect(size, draw(st.floats(-math.pi, math.pi)))
    turn = draw(st.none() | st.floats(-1.57, 1.57))
    return g, None if turn is None else cmath.phase(g) + turn


def summed(model, g, bits, **ray):
    """F by the germ: prefactor and sum."""
    phi = model.germ.sum(g, bits, **ray)
    with working_precision(bits + 60):
        g = ball(g, bits + 60)
        power = acb(fmpq(model.exponent.numerator, model.exponent.denominator))
        return ball(model.constant, bits + 60) * (-ball(model.weight, bits + 60) / g).exp() * g**power * phi


@settings(max_examples=400)
@given(st.sampled_from(ALL), rays(), st.sampled_from(SIDES), st.integers(1, 120))
def test_exact_values_are_sums_of_the_germ(model, ray, side, digits):
    g, direction = ray
    exact = model.exact(g, digits, side, direction)
    assert exact.status == "certified"
    assert exact.digits >= digits
    with working_precision(600):
        assert exact.ball(600).overlaps(summed(model, g, 500, side=side, direction=direction))


@settings(max_examples=60)
@given(st.sampled_from(ALL), rays(), st.sampled_from(SIDES))
def test_exact_values_to_hundreds_of_digits(model, ray, side):
    g, direction = ray
    exact = model.exact(g, 400, side, direction)
    assert exact.digits >= 400
    with working_precision(2000):
        assert exact.ball(2000).overlaps(summed(model, g, 1500, side=side, direction=direction))


@pytest.mark.parametrize("model", ALL, ids=str)
@pytest.mark.parametrize("side", SIDES)
def test_on_the_stokes_line(model, side):
    """Exactly on the line, where every g is asked for as people write it."""
    for singularity in model.singularities[:2]:
        for distance in ("1/500", "1/9", "3", "700"):
            g = sympy.sympify(singularity.location) * sympy.Rational(distance)
            exact = model.exact(g, 60, side)
            assert exact.digits >= 60
            with working_precision(600):
                assert exact.ball(600).overlaps(summed(model, g, 500, side=side))
            with pytest.raises(StokesLineError):
                model.exact(g)


@pytest.mark.parametrize(
    ("g", "value"), [("1/10", "0.52939243022557488872"), ("1/100", "0.17596991098913909472")], ids=str
)
def test_quartic_printed_values(g, value):
    exact = models.quartic.exact(g, 30)
    with mpmath.workdps(40):
        assert abs(exact.value - mpmath.mpf(value)) < mpmath.mpf("1e-20")
    assert exact.value.imag == 0


@pytest.mark.parametrize("g", ["1/10", "2"])
def test_quartic_is_its_integral(g):
    with working_precision(120):
        h = ball(g, 120)
        z = acb.integral(lambda x, _: (-(x**2 + x**4) / h).exp(), -20, 20)
        assert z.overlaps(models.quartic.exact(g, 35).ball(120) + acb(arb(0, 1e-30)))


@pytest.mark.parametrize("g", ["1/10", "2"])
def test_double_well_median_is_half_its_integral(g):
    with working_precision(120):
        h = ball(g, 120)
        z = acb.integral(lambda x, _: (-(x**2) * (1 - x) ** 2 / h).exp(), -20, 20)
        assert (z / 2).overlaps(models.double_well.exact(g, 35, side="median").ball(120) + acb(arb(0, 1e-30)))


@pytest.mark.parametrize(("side", "sign"), [("above", 1), ("below", -1)])
def test_cubic_is_its_integral(side, sign):
    """For theta = +-0 the steepest descent comes from -infinity, through 0, and turns off at x = 1 to e^(+-i pi/3)."""
    with working_precision(120):
        h = acb(fmpq(1, 10))
        valley = acb(6, sign * 6 * arb(3).sqrt())
        z = acb.integral(lambda x, _: (-(x**2 / 2 - x**3 / 3) / h).exp(), -12, valley)
        assert z.overlaps(models.cubic.exact("1/10", 35, side=side).ball(120) + acb(arb(0, 1e-30), arb(0, 1e-30)))


@pytest.mark.parametrize(
    ("function", "model", "x"),
    [
        (lambda x: mpmath.besselk(mpmath.mpf(1) / 3, x), models.bessel_k("1/3"), 7),
        (lambda x: mpmath.besselk(2.5, x), models.bessel_k("5/2"), 7),
        (lambda x: mpmath.erfc(mpmath.sqrt(x)), models.error_function, 7),
        (lambda x: mpmath.ei(x) * x * mpmath.exp(-x), models.euler, 7),
        (lambda x: mpmath.e1(x) * x * mpmath.exp(x), models.euler_alternating, 7),
        (
            lambda x: mpmath.loggamma(x) - (x - 0.5) * mpmath.log(x) + x - mpmath.log(2 * mpmath.pi) / 2,
            models.stirling,
            7,
        ),
    ],
)
def test_against_mpmath(function, model, x):
    with mpmath.workdps(40):
        expected = function(mpmath.mpf(x))
        assert abs(model.exact(Fraction(1, x), 40, side="median").value - expected) < abs(expected) * mpmath.mpf(
            "1e-36"
        )


def test_quartic_jump():
    """S_+ - S_- = i sqrt 2 exp(-1/(4h)) Phi(h) at g = -h."""
    for h in (fmpq(1, 10), fmpq(3), fmpq(1, 70)):
        above, below = (models.quartic.germ.sum(-h, 150, side=side) for side in ("above", "below"))
        with working_precision(150):
            jump = acb(0, arb(2).sqrt()) * acb(-1 / (4 * h)).exp() * models.quartic.germ.sum(h, 150)
            assert (above - below).overlaps(jump)


def test_euler_lateral_sums():
    """(1/g) exp(-1/g) (Ei(1/g) +- i pi)."""
    with mpmath.workdps(40):
        factor = 10 * mpmath.exp(-10)
        for side, sign in (("above", 1), ("below", -1), ("median", 0)):
            expected = factor * (mpmath.ei(10) + sign * 1j * mpmath.pi)
            assert abs(models.euler.exact("1/10", 35, side=side).value - expected) < mpmath.mpf("1e-34")


@pytest.mark.parametrize("model", ALL, ids=str)
def test_series_are_asymptotic_to_exact_values(model):
    g = Fraction(1, 200) * (-1 if model.name in STOKES_LINE_AHEAD else 1)
    terms = 6
    series = model.series(terms + 2)
    assert (series.exponent, series.constant, series.action, series.germ) == (
        model.exponent,
        model.constant,
        model.weight,
        model.germ,
    )
    with working_precision(300):
        x = ball(g, 300)
        truth = model.germ.sum(g, 250)
        partial = acb(0)
        for n in range(terms):
            partial += acb(series.terms[n]) * x**n
        following = abs(acb(series.terms[terms]) * x**terms) + abs(acb(series.terms[terms + 1]) * x ** (terms + 1))
        bound = 2 * following + abs(truth) * arb(2) ** -240
        assert abs(truth - partial) < bound


def test_first_coefficients():
    assert models.quartic.series(4).coefficients == (1, Fraction(-3, 4), Fraction(105, 32), Fraction(-3465, 128))
    assert models.cubic.series(3).coefficients == (1, Fraction(5, 6), Fraction(385, 72))
    assert models.double_well.series(3).coefficients == (1, 3, Fraction(105, 2))
    assert models.euler.series(5).coefficients == (1, 1, 2, 6, 24)
    assert models.euler_alternating.series(5).coefficients == (1, -1, 2, -6, 24)
    assert models.error_function.series(4).coefficients == (1, Fraction(-1, 2), Fraction(3, 4), Fraction(-15, 8))
    assert models.bessel_k(0).series(3).coefficients == (1, Fraction(-1, 8), Fraction(9, 128))
    assert models.bessel_k("3/2").series(4).coefficients == (1, 1, 0, 0)
    assert models.quartic.series(1000).coefficients[999] == Fraction(
        -math.factorial(3996), 16**999 * math.factorial(1998) * math.factorial(999)
    )


@pytest.mark.parametrize("model", [models.quartic, models.cubic, models.double_well], ids=str)
def test_singularities_are_critical_values(model):
    x = sympy.Symbol("x")
    action = sympy.sympify(model.action)
    assert action.subs(x, 0) == model.weight
    values = {sympy.simplify(action.subs(x, c)) for c in sympy.solve(action.diff(x), x)}
    assert {s.location for s in model.singularities} == values - {0}
    assert sympy.simplify(model.constant - sympy.sqrt(2 * sympy.pi / action.diff(x, 2).subs(x, 0))) == 0


@pytest.mark.parametrize("nu", ["0", "1/3", "2", "-3/7"])
def test_bessel_stokes_constants(nu):
    (singularity,) = models.bessel_k(nu).singularities
    expected = 2 * sympy.I * sympy.cos(sympy.pi * sympy.Rational(nu))
    assert singularity.location == -2
    assert abs(complex(singularity.stokes_constant - expected)) < 1e-14


@pytest.mark.parametrize("model", ALL, ids=str)
@pytest.mark.parametrize("g", ["1e-8", "-1e-8", "1e300", "-1e300", "1e100j"])
@pytest.mark.parametrize("digits", [1, 1000])
def test_extreme_couplings(model, g, digits):
    assert model.exact(g, digits, side="above").digits >= digits


def test_where_no_digit_can_be_had():
    with pytest.raises(ValueError, match=r"too uncertain, or too extreme, for a value of euler"):
        models.euler.exact("1e-300", 10, side="above")


def test_on_the_cut_of_log_gamma():
    for side in SIDES:
        exact = models.stirling.exact("-1/5", 40, side)
        assert exact.ball(200).overlaps(summed(models.stirling, "-1/5", 150))


def test_a_zero_of_the_function():
    """K_(3/2)(-1) = 0: no relative accuracy, and a value all the same."""
    zero = models.bessel_k("3/2").exact(-1, 50)
    assert abs(zero.value) <= zero.error < mpmath.mpf("1e-50")


@pytest.mark.parametrize("model", ALL, ids=str)
def test_fifty_digits_take_milliseconds(model):
    g = sympy.Rational(-1 if model.name in STOKES_LINE_AHEAD else 1, 10)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        model.exact(g, 50)
        model.germ.sum(g, 170)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02


# -- names, printing, errors ------------------------------------------------------------------------------------------


def test_names():
    for model in EVERY:
        assert getattr(models, model.name) is model is models.get(f" {model.name} ")
    assert models.get("bessel_k(1/3)").name == "bessel_k(1/3)"
    assert models.get("bessel_k( -0.25 )").name == "bessel_k(1/4)"


@pytest.mark.parametrize(
    ("name", "exception", "message"),
    [
        ("", ValueError, r"no model is called ''\. Known: euler"),
        ("quartik", ValueError, "did you mean 'quartic'"),
        ("bessel_k", ValueError, r"did you mean 'bessel_k\(nu\)'"),
        ("bessel_k(x)", ValueError, "the order of bessel_k: 'x' is not a number"),
        ("bessel_k(1j)", ValueError, "must be rational"),
        ("bessel_k(1/0)", ValueError, "division by zero"),
        ("bessel_k(1001)", ValueError, "at most 1000"),
        ("bessel_k(nan)", ValueError, "not a number"),
        ("__import__('os').system('true')", ValueError, "no model is called"),
        ("Model", ValueError, "no model"),
        (3, TypeError, "text"),
        (None, TypeError, "text"),
    ],
)
def test_unknown_names(name, exception, message):
    with pytest.raises(exception, match=message):
        models.get(name)


@pytest.mark.parametrize(
    ("arguments", "exception", "message"),
    [
        (("0",), ValueError, "g must not be zero"),
        ((math.nan,), ValueError, "finite"),
        ((sympy.oo,), ValueError, "finite"),
        (("x",), ValueError, "not a number"),
        ((None,), TypeError, "number"),
        ((1, -5), ValueError, "digits must lie"),
        ((1, 0), ValueError, "digits must lie"),
        ((1, 2.5), TypeError, "digits must be an integer"),
        ((1, 10, "left"), ValueError, "side must be"),
        ((1, 10, None, 3), ValueError, "within pi/2"),
        ((1, 10, None, "north"), ValueError, "not a number"),
        ((-1,), StokesLineError, "singularity at -1/4"),
        ((-1, 10, None, sympy.pi), StokesLineError, "singularity at -1/4"),
        ((acb(arb(0, 1), 1),), ValueError, "too uncertain"),
    ],
)
def test_exact_refuses(arguments, exception, message):
    with pytest.raises(exception, match=message):
        models.quartic.exact(*arguments)


@pytest.mark.parametrize("order", [0, -1, 2.0, True])
def test_series_refuses(order):
    with pytest.raises((ValueError, TypeError), match="number of terms"):
        models.euler.series(order)


def test_an_uncertain_coupling():
    with working_precision(100):
        g = acb(arb(0.1, 1e-15))
    exact = models.quartic.exact(g, 30)
    assert exact.contains(models.quartic.exact(0.1, 30))
    assert 10 < exact.digits < 16


@pytest.mark.parametrize("model", ALL, ids=str)
def test_every_model_says_what_it_is(model):
    assert str(model) == f"{model.name}: {model.title}"
    assert repr(model) == f"<Model {model}>"
    assert model._repr_latex_().startswith(r"$\displaystyle ")
    assert len(model.references) >= 2
    assert all(inspect.cleandoc(reference) == reference for reference in model.references)
    assert model.series(3).name == model.name
