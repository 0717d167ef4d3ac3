"""The pole integral of the left half-plane against E_1, incomplete Gamma functions and Tricomi's U, more precise."""

import cmath
import math
from fractions import Fraction

import pytest
from flint import acb, arb, fmpq
from hypothesis import example, given
from hypothesis import strategies as st

from resurgence import stieltjes_integral as module
from resurgence.numbers import working_precision
from resurgence.stieltjes_integral import stieltjes_integral

ANGLES = st.one_of(
    st.floats(-math.pi / 2, math.pi / 2),
    st.just(0.0),
    st.sampled_from([1e-3, -1e-3, 1e-12, -1e-12, 1e-100, -1e-100]),
)


def at(size, angle):
    """A point in the closed right half-plane, exact."""
    if angle == 0:
        return acb(10**size)
    z = cmath.rect(10**size, angle)
    return acb(max(z.real, 0.0), z.imag)


def reference(u, s, bits):
    """exp(u) E_1(u) and its likes by Arb's functions, which lose up to 3 |u| bits and are slow for real arguments."""
    work = 2 * bits + 64 + math.ceil(6 * float(abs(u).mid()))
    with working_precision(work):
        if s == 0 and u.imag.is_zero():
            return acb(-(-u.real).ei() * u.real.exp())
        if s == 0:
            return u.exp() * u.expint(acb(1))
        order = acb(fmpq(s.numerator, s.denominator))
        return (order + 1).gamma() * u.hypgeom_u(acb(1), 1 - order)


@given(st.floats(-4, 3.3), ANGLES, st.sampled_from([30, 64, 140, 333, 1000, 3500]))
@example(math.log10(433), 0.0, 1000)
@example(math.log10(700), math.pi / 2, 1000)
@example(3.3, 1e-100, 3500)
@example(-300.0, 0.0, 140)
def test_contains_the_exponential_integral_and_is_tight(size, angle, bits):
    u = at(size, angle)
    with working_precision(bits):
        value = stieltjes_integral(u, Fraction(0))
    with working_precision(4 * bits):
        assert (value - reference(u, Fraction(0), bits)).contains(0)
    assert value.rel_accuracy_bits() >= bits - 4
    assert not u.imag.is_zero() or value.imag.is_zero()


@given(
    st.floats(-2, 2.5),
    ANGLES,
    st.sampled_from([Fraction(1, 2), Fraction(-1, 3), Fraction(7, 2), Fraction(-999, 1000), Fraction(1), Fraction(4)]),
    st.sampled_from([40, 200, 700]),
)
def test_contains_kummers_function_for_other_powers(size, angle, s, bits):
    u = at(size, angle)
    with working_precision(bits):
        value = stieltjes_integral(u, s)
    if s.denominator == 1:
        with working_precision(4 * bits + 64):
            expected = reference(u, Fraction(0), 4 * bits + 64)
            for j in range(1, int(s) + 1):
                expected = math.factorial(j - 1) - u * expected
    else:
        expected = reference(u, s, bits)
    with working_precision(4 * bits):
        assert (value - expected).contains(0)
    assert value.rel_accuracy_bits() >= bits - 4


@given(st.floats(-1, 2.5), ANGLES, st.sampled_from([64, 300, 1000]))
def test_contains_the_upper_incomplete_gamma_function(size, angle, bits):
    # int exp(-t) t^s/(t + u) dt = Gamma(1+s) exp(u) u^s Gamma(-s, u): DLMF 8.6.4
    u, s = at(size, angle), fmpq(1, 4)
    with working_precision(bits):
        value = stieltjes_integral(u, Fraction(1, 4))
    with working_precision(2 * bits + math.ceil(6 * 10**size)):
        expected = acb(s + 1).gamma() * u.exp() * u ** acb(s) * u.gamma_upper(acb(-s))
        assert (value - expected).contains(0)


@given(st.floats(0, 2.5), ANGLES, st.integers(30, 300), st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(2)]))
def test_fraction_and_asymptotic_series_agree(beyond, angle, bits, s):
    u = at(math.log10(bits + 40) + beyond, angle)
    with working_precision(bits + 16):
        count = module._terms(u, s, bits)
        value = module._asymptotic(u, s)
        assert value.rel_accuracy_bits() >= bits
        assert count is not None
        assert (module._fraction(u, s, count) - value).contains(0)


@given(st.floats(0, 2.7), ANGLES, st.integers(60, 600), st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(2)]))
def test_fraction_and_series_agree(size, angle, bits, s):
    # Wherever the one is chosen the other is right too: the bound of the fraction holds for any number of terms.
    u = at(size, angle)
    with working_precision(bits + 16):
        series = module._series(u, s, bits)
        for count in (1, 2, 7, 40):
            assert (module._fraction(u, s, count) - series).contains(0)


@given(st.floats(-1, 2.5), st.floats(-1.5, 1.5), st.floats(0.3, 60), st.floats(-3.1, 3.1))
def test_a_ball_contains_the_values_at_its_points(size, angle, smallness, direction):
    centre = at(size, angle)
    radius = float(abs(centre).mid()) * 2.0**-smallness
    with working_precision(100):
        value = stieltjes_integral(centre + acb(arb(0, radius), arb(0, radius)), Fraction(0))
        point = centre + acb(cmath.rect(radius, direction))
        if point.real > 0:
            assert (value - stieltjes_integral(point, Fraction(0))).contains(0)


def test_a_ball_around_the_origin_gives_no_number():
    assert not stieltjes_integral(acb(arb(1, 2)), Fraction(0)).is_finite()


@pytest.mark.parametrize("size", [1e30, 1e200, 1e307])
def test_large_arguments(size):
    with working_precision(200):
        value = stieltjes_integral(acb(size) * acb(size), Fraction(0))
        assert (value * acb(size) * acb(size) - 1).contains(0) or abs(value * acb(size) ** 2 - 1) < 1e-30
        assert value.rel_accuracy_bits() > 190
