"""The sine-Gordon model in zero dimensions: the integral is the median sum, the sides differ by Macdonald's K_0."""

import cmath
import math
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.errors import StokesLineError
from resurgence.models.sine_gordon import sine_gordon
from resurgence.numbers import ball, working_precision

SIDES = ("above", "below", "median")


def summed(g, bits, **ray):
    """F by the germ."""
    phi = sine_gordon.germ.sum(g, bits, **ray)
    with working_precision(bits + 60):
        return (acb.pi() * ball(g, bits + 60)).sqrt() * phi


@pytest.mark.parametrize("g", ["1/10", "2", "1/300"])
def test_the_integral_is_the_median_sum(g):
    with working_precision(160):
        h = ball(g, 160)
        z = acb.integral(lambda x, _: (-(x.sin() ** 2) / h).exp(), -acb.pi() / 2, acb.pi() / 2)
        assert z.overlaps(sine_gordon.exact(g, 35, side="median").ball(160))
        assert z.overlaps(summed(g, 120, side="median"))
        assert z.rad() < arb(10) ** -30


@pytest.mark.parametrize(("side", "sign"), [("above", 1), ("below", -1)])
@pytest.mark.parametrize("g", ["1/10", "3"])
def test_the_sides_differ_from_it_by_the_real_saddle(side, sign, g):
    context = mpmath.MPContext()
    context.dps = 50
    y = 1 / (2 * context.mpf(Fraction(g).numerator) / Fraction(g).denominator)
    expected = context.exp(-y) * (context.pi * context.besseli(0, y) + sign * 1j * context.besselk(0, y))
    found = sine_gordon.exact(g, 40, side=side)
    assert abs(context.mpc(found.value) - expected) < context.mpf(10) ** -38 * abs(expected)


def test_the_jump_is_two_saddles():
    """S_above - S_below = 2i exp(-1/g) Phi(-g): the series at the saddle x = pi/2 is that at 0 with g -> -g."""
    for g in (fmpq(1, 7), fmpq(2)):
        above, below = (sine_gordon.germ.sum(g, 150, side=side) for side in ("above", "below"))
        with working_precision(150):
            assert (above - below).overlaps(acb(0, 2) * acb(-1 / g).exp() * sine_gordon.germ.sum(-g, 150))


@settings(max_examples=40)
@given(st.floats(-3, 3), st.floats(-math.pi, math.pi), st.none() | st.floats(-1.5, 1.5), st.sampled_from(SIDES))
def test_exact_values_are_sums_of_the_germ(size, angle, turn, side):
    g = cmath.rect(10**size, angle)
    direction = None if turn is None else cmath.phase(g) + turn
    exact = sine_gordon.exact(g, 50, side, direction)
    assert exact.digits >= 50
    with working_precision(600):
        assert exact.ball(600).overlaps(summed(g, 400, side=side, direction=direction))


def test_coefficients_are_moments_of_the_action():
    """(1/sqrt pi) int exp(-x^2) (1 - g x^2)^(-1/2) dx, in powers of g: substitute sin x for x in the integral."""
    x, g = sympy.symbols("x g", real=True)
    expanded = sympy.series((1 - g * x**2) ** sympy.Rational(-1, 2), g, 0, 5).removeO()
    for n in range(5):
        moment = sympy.integrate(expanded.coeff(g, n) * sympy.exp(-(x**2)), (x, -sympy.oo, sympy.oo))
        assert sine_gordon.series(5).coefficients[n] == Fraction(str(sympy.simplify(moment / sympy.sqrt(sympy.pi))))


def test_the_singularity():
    [point] = sine_gordon.series(60).borel().singularities()
    [exact] = sine_gordon.singularities
    assert (exact.location, exact.exponent, exact.stokes_constant) == (1, 0, 2 * sympy.I)
    assert point.exponent == 0
    assert point.location_enclosure.contains(1)
    assert point.stokes_enclosure.contains(2j)


def test_borel_sums_of_the_coefficients():
    """Without the germ: the same number, estimated."""
    bare = rs.FormalSeries(sine_gordon.series(80).coefficients, exponent=Fraction(1, 2), constant=sympy.sqrt(sympy.pi))
    for side in SIDES:
        estimate = rs.borel_sum(bare, "1/10", digits=15, side=side)
        assert estimate.status == "estimated"
        assert estimate.contains(sine_gordon.exact("1/10", 40, side))
        assert estimate.digits >= 12


def test_a_side_is_needed():
    with pytest.raises(StokesLineError, match="singularity at 1"):
        sine_gordon.exact("1/10")
