"""Borel sums against closed forms: the germ of the reference is taken away from the series that is summed."""

import cmath
import math
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.continuation.pade import PrecisionError
from resurgence.errors import StokesLineError
from resurgence.germs import Hypergeometric, Stirling
from resurgence.laplace import borel_sum, jump
from resurgence.numbers import ball, working_precision
from resurgence.pole_integrals import pole_integrals
from resurgence.series import FormalSeries

EULER = Hypergeometric(1, 1, 1)
ALTERNATING = Hypergeometric(1, 1, -1)
QUARTIC = Hypergeometric("1/4", "3/4", "-1/4")
AIRY = Hypergeometric("1/6", "5/6", "1/6")
DOUBLE_WELL = Hypergeometric("1/4", "3/4", "1/16")
ERROR_FUNCTION = Hypergeometric("1/2", 1, -1)
BESSEL = Hypergeometric("5/6", "1/6", -2)
STIRLING = Stirling()
GERMS = [EULER, ALTERNATING, QUARTIC, AIRY, DOUBLE_WELL, ERROR_FUNCTION, BESSEL, STIRLING]


def plain(germ, terms):
    """The coefficients alone."""
    return FormalSeries(germ.coefficients(terms))


def exact(germ, **prefactor):
    return FormalSeries(germ.coefficients(4), germ=germ, **prefactor)


def distance(enclosure, other):
    with mpmath.workdps(200):
        return abs(enclosure.value - (other.value if hasattr(other, "value") else other))


# -- the integrals of a pole ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("w", [1 + 2j, 3 - 1j, -1 + 1j, -4 - 0.1j, 0.5 + 0.3j])
@pytest.mark.parametrize("s", [Fraction(0), Fraction(1, 2), Fraction(-1, 3), Fraction(2)])
def test_pole_integrals_against_quadrature(w, s):
    context = mpmath.MPContext()
    context.dps = 15
    with working_precision(100):
        means, residues = pole_integrals(acb(w), s, 3)
    side = 1 if w.imag > 0 else -1
    for k in (1, 2, 3):
        value = complex(means[k - 1]) + 1j * side * math.pi * complex(residues[k - 1])
        expected = context.quad(lambda t: context.exp(-t) * t ** context.mpf(float(s)) / (t - w) ** k, [0, 1, 3, 9, 60])  # noqa: B023
        assert abs(value - complex(expected)) < 1e-5 * abs(value)


@settings(max_examples=60)
@given(st.floats(0, 3.5), st.floats(-3.1, 3.1), st.sampled_from([140, 300, 500]), st.booleans())
def test_pole_integrals_are_tight_and_right_where_the_exponential_integral_is_not(size, angle, bits, blurred):
    w = acb(10**size * math.cos(angle), 10**size * math.sin(angle))
    with working_precision(bits):
        blur = arb(0, arb(2) ** (3 - bits) * 10**size) if blurred else arb(0)
        (mean,), (residue,) = pole_integrals(w + acb(blur, blur), Fraction(0), 1)
    with working_precision(3 * bits + 12000):
        expected = (-w).exp() * (-w.ei() if w.real > 0 else (-w).expint(acb(1)))
    assert mean.overlaps(expected)
    assert mean.rel_accuracy_bits() > bits - 70
    assert (w.real <= 0) == residue.is_zero()


# -- sums with a closed form ------------------------------------------------------------------------------------------


def test_quartic_partition_function():
    z = exact(QUARTIC, exponent="1/2", constant=sympy.sqrt(sympy.pi))
    value = borel_sum(z, "1/10", digits=50)
    assert value.status == "certified"
    assert value.digits >= 50
    with mpmath.workdps(80):
        assert value.contains(mpmath.exp(1.25) * mpmath.besselk(0.25, 1.25) / 2)


def test_prefactor_is_principal_and_takes_the_action():
    s = exact(QUARTIC, action="1/3", exponent="1/2", constant=2)
    value, phi = borel_sum(s, "-1/5", 30, side="above"), borel_sum(exact(QUARTIC), "-1/5", 30, side="above")
    with mpmath.workdps(40):
        factor = 2 * mpmath.exp(mpmath.mpf(5) / 3) * 1j / mpmath.sqrt(5)
        assert distance(value, factor * phi.value) < 1e-27
    estimated = borel_sum(
        FormalSeries(QUARTIC.coefficients(60), action="1/3", exponent="1/2", constant=2), "-1/5", side="above"
    )
    assert estimated.contains(value)


def test_certified_sum_raises_precision_for_a_small_coupling():
    value = borel_sum(exact(EULER), "1/1000", 40, side="above")
    assert value.status == "certified"
    assert value.digits >= 40


def test_certified_sum_of_an_inexact_coupling_says_so():
    value = borel_sum(exact(QUARTIC), arb(0.1, 1e-10), 30)
    assert value.status == "certified"
    assert value.digits < 12
    assert value.contains(borel_sum(exact(QUARTIC), "1/10", 30))


# -- sums without -----------------------------------------------------------------------------------------------------


def test_euler_is_recovered_exactly_as_a_rational_germ():
    value = borel_sum(plain(EULER, 12), "1/2", 40, side="above")
    assert value.status == "estimated"
    assert value.digits >= 38
    assert "rational" in value.method
    with mpmath.workdps(60):
        assert value.contains(2 * mpmath.exp(-2) * (mpmath.ei(2) + 1j * mpmath.pi))


def test_polynomials_are_summed_exactly():
    assert borel_sum(FormalSeries([1, 2, 0, 5] + [0] * 12), "1/3").contains(1 + Fraction(2, 3) + Fraction(5, 27))
    assert borel_sum(FormalSeries([0] * 8), "1/3").error == 0


def test_a_convergent_series():
    value = borel_sum(FormalSeries([1] * 40), "1/3")
    assert value.digits >= 10
    assert value.contains(1.5)


def test_multiple_poles():
    # sum (n+1)! g^n has the germ 1/(1-z)^2.
    double = FormalSeries.from_function(lambda n: math.factorial(n + 1), 20)
    with mpmath.workdps(80):
        e = mpmath.exp(-4) * 4 * (mpmath.ei(4) + 1j * mpmath.pi)
        assert borel_sum(double, "1/4", side="above").contains(4 * (e - 1))


@pytest.mark.parametrize("side", ["above", "below"])
def test_lateral_sums_at_airys_stokes_line(side):
    value = borel_sum(plain(AIRY, 81), "1/10", side=side)
    assert value.contains(borel_sum(exact(AIRY), "1/10", side=side))
    assert value.error < 1e-12


def test_median_sum_is_the_mean_and_real():
    median = borel_sum(plain(AIRY, 81), "1/10", side="median")
    assert median.contains(borel_sum(exact(AIRY), "1/10", side="median"))
    assert abs(median.value.imag) <= median.error
    assert median.error < 1e-12


@pytest.mark.parametrize("leroy", [0, 1, 2, "1/2", "-1/3"])
def test_leroy_changes_the_approximants_not_the_sum(leroy):
    for g, side in (("1/5", None), ("-1/5", "below")):
        value = borel_sum(plain(QUARTIC, 50), g, leroy=leroy, side=side)
        assert value.contains(borel_sum(exact(QUARTIC), g, side=side))
        assert value.error < 1e-5


@pytest.mark.parametrize("germ", [QUARTIC, AIRY])
def test_turning_the_ray_off_the_stokes_line_is_taking_a_side(germ):
    angle = math.pi if germ is QUARTIC else 0.0
    g = "-1/8" if germ is QUARTIC else "1/8"
    turned = borel_sum(plain(germ, 70), g, direction=angle + 0.6)
    assert turned.contains(borel_sum(exact(germ), g, side="above"))
    assert turned.error < 1e-9


def _coupling(draw_size, draw_re, draw_im):
    re, im = draw_size * draw_re / 8, draw_size * draw_im / 8
    return f"{re}{'+' if im >= 0 else '-'}{abs(im)}j" if im else f"{re}"


couplings = st.builds(
    _coupling,
    st.sampled_from([Fraction(1, 100), Fraction(1, 30), Fraction(1, 8), Fraction(1, 2), Fraction(2), Fraction(10)]),
    st.integers(-8, 8).filter(bool),
    st.sampled_from([0, 0, -8, -3, -1, 1, 2, 5, 8]),
)


@settings(max_examples=120)
@given(
    st.sampled_from(GERMS),
    couplings,
    st.sampled_from([None, "above", "below", "median"]),
    # Down to 1e-11 of a Stokes line: below 2^-40 a ray counts as passing through a pole.
    st.none() | st.floats(-1.3, 1.3).filter(lambda t: abs(t) > 1e-11) | st.sampled_from([1e-11, -1e-9, 1e-6, -1e-3]),
    st.integers(10, 120),
    st.integers(5, 60),
)
def test_the_error_covers_the_truth(germ, g, side, turn, terms, digits):
    direction = None if turn is None else cmath.phase(complex(ball(g, 64))) + turn
    try:
        truth = borel_sum(exact(germ), g, digits + 10, side=side, direction=direction)
    except StokesLineError:
        if terms >= 40:
            with pytest.raises(StokesLineError):
                borel_sum(plain(germ, terms), g, digits, side=side, direction=direction, continuation="pade")
        return
    value = borel_sum(plain(germ, terms), g, digits, side=side, direction=direction, continuation="pade")
    assert value.status == "estimated"
    assert value.contains(truth), (value, truth)


@settings(max_examples=40)
@given(
    st.sampled_from(["1/4", "1/3", "5/6", "3/2"]),
    st.sampled_from([(3, 4), (12, 5), (5, 12), (-3, 4)]),
    couplings,
    st.sampled_from(["above", "below", "median"]),
    st.integers(10, 80),
)
def test_the_error_covers_the_truth_where_the_cuts_of_a_pair_meet_on_the_ray(a, zeta, g, side, terms):
    """2F1 germs singular at a complex pair: approximants lay cuts from both across the rays between them."""
    parameters = (Fraction(a), Fraction(3, 4))
    point = fmpq(zeta[0], 5), fmpq(zeta[1], 5)
    powers = [(fmpq(1), fmpq(0))]
    size = point[0] ** 2 + point[1] ** 2
    inverse = point[0] / size, -point[1] / size
    for _ in range(terms - 1):
        x, y = powers[-1]
        powers.append((x * inverse[0] - y * inverse[1], x * inverse[1] + y * inverse[0]))
    unit = Hypergeometric(*parameters, 1)
    series = FormalSeries([2 * t * x for t, (x, _) in zip(unit.coefficients(terms), powers, strict=True)])
    with working_precision(300):
        coupling, z = ball(g, 300), acb(*point)
        truth = unit.sum(coupling / z, 200, side=side) + unit.sum(coupling / z.conjugate(), 200, side=side)
    value = borel_sum(series, g, side=side, continuation="pade")
    assert value.contains(truth), value


# -- Stokes lines -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("germ", "g"), [(EULER, "1/10"), (QUARTIC, "-1/10"), (AIRY, "1/3"), (STIRLING, "1j/4"), (BESSEL, "-2")]
)
@pytest.mark.parametrize("terms", [16, 41, 90])
def test_a_sum_on_a_stokes_line_without_a_side_is_refused(germ, g, terms):
    with pytest.raises(StokesLineError, match="give side=") as caught:
        borel_sum(plain(germ, terms), g)
    location = complex(caught.value.singularities[0].location)
    nearest = complex(germ.singularities()[0].location)
    assert abs(abs(location) - abs(nearest)) < 0.3 * abs(nearest)
    with pytest.raises(StokesLineError):
        borel_sum(exact(germ), g)


def test_cuts_that_meet_on_the_ray_are_not_a_stokes_line():
    series = FormalSeries(
        [2 * t * x for t, x in zip(Hypergeometric("1/4", "3/4", 1).coefficients(61), _real_powers(61), strict=True)]
    )
    assert borel_sum(series, "1/3").status == "estimated"


def _real_powers(count):
    """Real parts of (12/13 + 5i/13)^(-n)."""
    x, y, powers = fmpq(1), fmpq(0), []
    for _ in range(count):
        powers.append(x)
        x, y = (12 * x + 5 * y) / 13, (12 * y - 5 * x) / 13
    return powers


def test_jump_of_the_quartic_oscillator():
    h = Fraction(1, 10)
    phi = borel_sum(exact(QUARTIC), h, 60)
    with mpmath.workdps(80):
        expected = 1j * mpmath.sqrt(2) * mpmath.exp(-2.5) * phi.value
    certified = jump(exact(QUARTIC), -h, 50)
    assert certified.status == "certified"
    assert certified.digits >= 50
    assert certified.contains(expected)
    estimated = jump(plain(QUARTIC, 80), -h)
    assert estimated.status == "estimated"
    assert estimated.contains(expected)
    assert estimated.digits >= 8


def test_jump_is_relative_to_itself_not_to_the_sums():
    value = jump(plain(EULER, 12), "1/200", 30)
    with mpmath.workdps(60):
        assert distance(value, 400j * mpmath.pi * mpmath.exp(-200)) < mpmath.mpf("1e-27") * abs(value.value)


def test_no_jump_without_a_singularity_on_the_ray():
    assert jump(exact(QUARTIC), "1/10").error == 0
    assert jump(plain(QUARTIC, 40), "1/10").contains(0)


# -- coefficients that are not exact -----------------------------------------------------------------------------------


def test_float_coefficients_give_what_they_hold():
    series = FormalSeries([float(Fraction(int(a.p), int(a.q))) for a in QUARTIC.coefficients(60)])
    value = borel_sum(series, "1/20")
    assert value.contains(borel_sum(exact(QUARTIC), "1/20"))
    assert 5 <= value.digits <= 16


def test_more_bits_give_more_digits():
    with working_precision(400):
        series = FormalSeries([acb(arb(a)) * acb(arb(1, arb(2) ** -300)) for a in QUARTIC.coefficients(60)])
    value = borel_sum(series, "1/20")
    assert value.contains(borel_sum(exact(QUARTIC), "1/20"))
    assert value.digits >= 18


def test_hopeless_coefficients_are_refused():
    with working_precision(64):
        noise = [acb(arb((-1) ** n * math.factorial(n), 10 * math.factorial(n))) for n in range(12)]
    with pytest.raises(PrecisionError):
        borel_sum(FormalSeries(noise), "1/20")


# -- bad input --------------------------------------------------------------------------------------------------------


GOOD = FormalSeries([(-1) ** n * math.factorial(n) for n in range(20)])


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "message"),
    [
        (([1, 2, 3], 1), {}, TypeError, "FormalSeries"),
        ((GOOD, 0), {}, ValueError, "zero"),
        ((GOOD, float("nan")), {}, ValueError, "finite"),
        ((GOOD, mpmath.inf), {}, ValueError, "finite"),
        ((GOOD, "one"), {}, ValueError, "not a number"),
        ((GOOD, None), {}, TypeError, "number"),
        ((GOOD, 1, 0), {}, ValueError, "digits"),
        ((GOOD, 1, 2.5), {}, TypeError, "digits"),
        ((GOOD, 1), {"side": "left"}, ValueError, "side"),
        ((GOOD, 1), {"direction": 2}, ValueError, "pi/2"),
        ((GOOD, 1), {"direction": float("inf")}, ValueError, "finite"),
        ((GOOD, 1), {"direction": 1j}, ValueError, "real"),
        ((GOOD, 1), {"leroy": -1}, ValueError, "leroy"),
        ((FormalSeries([1, 2, 3]), 1), {}, ValueError, "at least 4"),
        ((FormalSeries.from_function(lambda n: math.factorial(2 * n), 40), 1), {}, ValueError, "radius 0"),
    ],
)
def test_bad_input(arguments, keywords, error, message):
    with pytest.raises(error, match=message):
        borel_sum(*arguments, **keywords)
    if "side" not in keywords:
        with pytest.raises(error, match=message):
            jump(*arguments, **keywords)
