"""The Borel-Leroy transform against closed forms."""

import math
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import acb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from resurgence.borel import BorelTransform
from resurgence.numbers import ball, working_precision
from resurgence.series import FormalSeries

factorials = FormalSeries.from_function(math.factorial, 30)


def test_euler_becomes_the_geometric_series():
    b = factorials.borel()
    assert b.rationals() == [fmpq(1)] * 30
    assert b.coefficients == (Fraction(1),) * 30
    assert len(b) == 30
    assert b.is_exact
    assert b.is_real


def test_quartic_becomes_a_hypergeometric_function():
    terms = [
        Fraction((-1) ** n * math.factorial(4 * n), 16**n * math.factorial(2 * n) * math.factorial(n))
        for n in range(20)
    ]
    b = FormalSeries(terms).borel().coefficients
    for n in range(20):  # 2F1(1/4, 3/4; 1; -4z)
        quarter, three = sympy.rf(sympy.Rational(1, 4), n), sympy.rf(sympy.Rational(3, 4), n)
        assert sympy.Rational(b[n]) == quarter * three * (-4) ** n / sympy.factorial(n) ** 2


@given(st.fractions(min_value=Fraction(-5, 6), max_value=5, max_denominator=6), st.integers(40, 300))
def test_leroy_transform_divides_by_gamma(leroy, bits):
    s = FormalSeries([1, Fraction(-1, 3), 2, 5])
    b = s.borel(leroy)
    for n, value in enumerate(b.balls(bits)):
        gamma = ball(sympy.gamma(sympy.Rational(leroy.numerator, leroy.denominator) + n + 1), bits)
        with working_precision(bits):
            assert (value * gamma - acb(s.terms[n])).contains(0)
            assert value.rel_accuracy_bits() >= bits - 12
    assert (b.rationals() is not None) == (leroy.denominator == 1)
    assert len(b.coefficients) == 4


def test_integer_leroy_is_exact():
    assert FormalSeries([2, 6, 24]).borel(2).coefficients == (1, 1, 1)


def test_balls_stay_balls():
    b = FormalSeries([0.5, 0.25, 3.0]).borel()
    assert not b.is_exact
    assert b.rationals() is None
    assert b.coefficients[2].contains(1.5)
    assert b.balls(500)[2].rel_accuracy_bits() < 60


@pytest.mark.parametrize(("scale", "radius"), [(1, 1), (Fraction(-4), Fraction(1, 4)), (Fraction(1, 3), 3)])
def test_radius(scale, radius):
    s = FormalSeries.from_function(lambda n: math.factorial(n) * scale**n / Fraction(n + 1), 60)
    assert s.borel().radius().contains(radius)


@pytest.mark.parametrize(
    ("coefficient", "message"),
    [
        (lambda n: math.factorial(2 * n), "radius 0"),
        (lambda n: 2**n, "entire"),
        (lambda n: Fraction(1, math.factorial(n)), "entire"),
    ],
)
def test_other_gevrey_orders_have_no_radius(coefficient, message):
    with pytest.raises(ValueError, match=message):
        FormalSeries.from_function(coefficient, 40).borel().radius()


@pytest.mark.parametrize("leroy", [-1, Fraction(-3, 2), sympy.sqrt(2), 1j])
def test_bad_leroy(leroy):
    with pytest.raises(ValueError, match="leroy must be a rational number above -1"):
        factorials.borel(leroy)


@pytest.mark.parametrize("leroy", [None, "x", [1]])
def test_leroy_of_another_type(leroy):
    with pytest.raises((TypeError, ValueError), match="number"):
        factorials.borel(leroy)


def test_what_is_not_a_series():
    with pytest.raises(TypeError, match="taken of a FormalSeries"):
        BorelTransform([1, 2, 3])


def test_printing():
    assert repr(factorials.borel(1)).startswith("<BorelTransform, 30 terms, leroy 1: 1 + 1/2 z")
    assert "z^{2}" in factorials.borel()._repr_latex_()
    assert "z" in FormalSeries([0.5, mpmath.mpf(1)]).borel()._repr_latex_()
