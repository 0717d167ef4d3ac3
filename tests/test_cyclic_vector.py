"""Operators of actions annihilate the series that the recurrence of the connection gives, and numerical integrals."""

from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import fmpq, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence.action import Action
from resurgence.cyclic_vector import annihilator, scalar_operator, stripped_annihilator
from resurgence.differential_operator import DifferentialOperator

HIMMELBLAU = "(x**2+y-11)**2+(x+y**2-7)**2"


def exact(series):
    return [fmpq(c.numerator, c.denominator) for c in series.coefficients]


@pytest.mark.parametrize(
    ("text", "at", "order"),
    [
        ("x**2/2 - x**3/3", 0, 2),
        ("x**2/2 - x**3/3", 1, 2),
        ("x**2/2+x**3/3+x**4/4", 0, 3),
        ("x**2/2+x**6/6", 0, 3),  # of five critical points the even integrand sees the mean of two pairs
        ("x**2+y**2+x**2*y**2", (0, 0), 2),
        ("x^4 + y^4 + x^2*y - x*y/2", (0, 0), 9),
        ("x^2 + x*y + y^4 + y^3/2", (0, 0), 3),
        (HIMMELBLAU, (3, 2), 8),
    ],
)
def test_series_of_actions(text, at, order):
    action = Action(text)
    operator = annihilator(action.connection())
    assert operator.order == order
    series = action.expand(60, at=at)
    stripped = stripped_annihilator(action.connection(), series.action, series.exponent)
    assert stripped == stripped_annihilator(operator, series.action, series.exponent)
    image = stripped.apply(exact(series))
    assert len(image) >= 50
    assert not any(image)
    needed = max(stripped.recurrence().free_indices) + 1
    assert stripped.recurrence().terms(exact(series)[:needed], 60) == exact(series)


@settings(max_examples=25)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=4), st.integers(1, 5))
def test_random_actions_in_one_variable(coefficients, square):
    assume(any(coefficients))
    action = Action(f"{square}*x^2/2 + " + " + ".join(f"({c})*x^{k + 3}/{k + 2}" for k, c in enumerate(coefficients)))
    try:
        series = action.expand(30, at=0)
    except ValueError:  # a degenerate point has the same value
        assume(False)
    operator = stripped_annihilator(action.connection(), series.action, series.exponent)
    assert not any(operator.apply(exact(series)))


@pytest.mark.parametrize("text", ["x**2/2 + x**3/3 + x**4/4", "x^6/6 - x^5/3 + x^2"])
def test_integrals(text):
    """The derivatives of the integral itself, by differentiation under the integral sign."""
    action = Action(text)
    operator = annihilator(action.connection())
    context = mpmath.MPContext()
    context.dps = 40
    g0 = context.mpf("0.7")
    x, g = sympy.symbols("x g")
    integrand = sympy.exp(-action.expression / g)
    total, scale = context.mpf(0), context.mpf(0)
    for k, p in enumerate(operator.coefficients):
        derivative = sympy.lambdify(x, sympy.diff(integrand, g, k).subs(g, sympy.Rational(7, 10)), modules=context)
        value = context.quad(derivative, [-9, -5, -3, -1, 0, 1, 3, 5, 9])
        term = context.polyval([int(c) for c in reversed(p.coeffs())] or [0], g0) * value
        total, scale = total + term, max(scale, abs(term))
    assert abs(total) < scale * context.mpf("1e-14")


def test_gaussian():
    assert str(annihilator(Action("x^2 + 3*y^2").connection())) == "g*D - 1"
    assert str(stripped_annihilator(Action("x^2 + 3*y^2").connection(), 0, 1)) == "D"


@given(st.fractions(-3, 3, max_denominator=9), st.fractions(-3, 3, max_denominator=9))
def test_a_prefactor_is_taken_off(c, nu):
    """exp(-c/g) g^nu (1 + g) obeys g^2 (1 + g) y' = (c + nu g)(1 + g) y + g^2 y."""
    denominator = (c.denominator * nu.denominator) or 1
    right = sympy.Rational(c) + sympy.Rational(nu) * sympy.Symbol("g")
    g = sympy.Symbol("g")
    operator = DifferentialOperator([-denominator * (right * (1 + g) + g**2), denominator * g**2 * (1 + g)])
    assert str(stripped_annihilator(operator, c, nu)) == "(g + 1)*D - 1"


def test_systems():
    """Functionals of (exp x, x exp x, exp 2x): as many equations as exponentials with their powers."""
    one, zero = fmpz_poly([1]), fmpz_poly()
    system = [[one, zero, zero], [one, one, zero], [zero, zero, 2 * one]]
    assert str(scalar_operator(system, one, [one, zero, zero])) == "D - 1"
    assert str(scalar_operator(system, one, [zero, one, zero])) == "D^2 - 2*D + 1"
    assert scalar_operator(system, one, [zero, one, one]).order == 3
    assert scalar_operator(system, one, [zero, zero, zero]).order == 0


def test_irrational_critical_values():
    action = Action("x**3/3 - 2*x")
    series = action.expand(3, at=sympy.sqrt(2))
    with pytest.raises(ValueError, match="is not rational"):
        stripped_annihilator(action.connection(), series.action, series.exponent)
    with pytest.raises(ValueError, match="the exponent sqrt"):
        stripped_annihilator(action.connection(), 0, sympy.sqrt(2))


def test_bad_input():
    with pytest.raises(TypeError, match=r"action\.connection"):
        annihilator(Action("x**2"))
    with pytest.raises(TypeError, match="a connection or an operator"):
        stripped_annihilator(Action("x**2"), 0, Fraction(1, 2))
