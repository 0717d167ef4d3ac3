"""Formal series: ring identities on random input, over the rationals, a number field and balls."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from flint import acb, arb, fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.algebraic import AlgebraicNumber, NumberField, gaussian_rational
from resurgence.coefficient import scalar
from resurgence.numbers import Enclosure
from resurgence.series import FormalSeries

TERMS = 7
small = st.fractions(min_value=-4, max_value=4, max_denominator=5)
CUBIC = NumberField(fmpz_poly([-2, 0, 0, 1]), acb(arb(1.26, 0.01)))


def _rational_series(unit: bool):
    coefficients = st.lists(small, min_size=TERMS, max_size=TERMS)
    return coefficients.map(lambda c: FormalSeries([1, *c[1:]] if unit else c))


def _algebraic_series(unit: bool):
    element = st.lists(small, min_size=1, max_size=3).map(
        lambda c: sum((CUBIC.generator**k * fmpq(x.numerator, x.denominator) for k, x in enumerate(c)), CUBIC(0))
    )
    coefficients = st.lists(element, min_size=TERMS, max_size=TERMS)
    return coefficients.map(lambda c: FormalSeries([1, *c[1:]] if unit else c))


def series(unit=False):
    return st.one_of(_rational_series(unit), _algebraic_series(unit))


def to_balls(s, bits=200):
    return FormalSeries(s.balls(bits), action=s.action, exponent=s.exponent, constant=s.constant)


def overlap(left, right):
    return len(left) == len(right) and all(
        a.overlaps(b) for a, b in zip(left.balls(200), right.balls(200), strict=True)
    )


@given(series(), series(), series())
@settings(max_examples=40)
def test_ring_identities(f, g, h):
    assert f * g == g * f
    assert (f * g) * h == f * (g * h)
    assert f * (g + h) == f * g + f * h
    assert f - f == FormalSeries([0] * TERMS)
    assert 2 * f == f + f
    assert 1 - f == -(f - 1)


@given(series(unit=True), series(unit=True), st.integers(-3, 4))
@settings(max_examples=40)
def test_quotients_powers_exp_and_log(f, g, k):
    assert (f / g) * g == f
    assert (f * g).log() == f.log() + g.log()
    assert f.log().exp() == f
    assert f**k * f ** (2 - k) == f * f
    assert (f ** Fraction(1, 3)) ** 3 == f
    assert (1 / f) * f == FormalSeries([1] + [0] * (TERMS - 1))


@given(series(unit=True), series(), series())
@settings(max_examples=40)
def test_derivative_is_a_derivation_and_obeys_the_chain_rule(f, g, h):
    n = TERMS - 1
    assert (f * g).derivative() == f.derivative() * g.truncate(n) + f.truncate(n) * g.derivative()
    inner = FormalSeries([0, *h.terms[1:]])
    chain = f.derivative().compose(inner.truncate(n)) * inner.derivative()
    assert f.compose(inner).derivative() == chain


@given(series(unit=True), series(unit=True))
@settings(max_examples=40)
def test_balls_follow_the_exact_arithmetic(f, g):
    bf, bg = to_balls(f), to_balls(g)
    inner = FormalSeries([0, *g.terms[1:]])
    for exact, approximate in [
        (f * g, bf * bg),
        (f / g, bf / bg),
        (f + g, bf + g),
        (f - 3, bf - 3),
        (f.derivative(), bf.derivative()),
        (f.compose(inner), bf.compose(to_balls(inner))),
        (f**3, FormalSeries([1, *bf.terms[1:]]) ** 3),
        (f.log(), FormalSeries([1, *bf.terms[1:]]).log()),
        (inner.exp(), FormalSeries([0, *to_balls(inner).terms[1:]]).exp()),
    ]:
        assert overlap(exact, approximate)
        assert not approximate.is_exact


# -- prefactors -------------------------------------------------------------------------------------------------------


def _evaluate(s, g):
    """The truncated series, prefactor included, by sympy."""
    value = sum((c * g**n for n, c in enumerate(_sympy(s))), sympy.Integer(0))
    return s.constant * sympy.exp(-s.action / g) * g ** sympy.Rational(s.exponent) * value


def _sympy(s):
    return [sympy.Rational(c.numerator, c.denominator) for c in s.coefficients]


def test_prefactors_multiply_divide_and_differentiate():
    g = sympy.Symbol("g", positive=True)
    f = FormalSeries([1, 2, 3], action=Fraction(1, 4), exponent=Fraction(1, 2), constant=sympy.sqrt(sympy.pi))
    h = FormalSeries([0, 2, 1], action=1, exponent=-1, constant=3)
    product = f * h
    assert (product.action, product.exponent, product.constant) == (
        sympy.Rational(5, 4),
        Fraction(-1, 2),
        3 * sympy.sqrt(sympy.pi),
    )
    quotient = f / h
    assert (quotient.action, quotient.exponent) == (sympy.Rational(-3, 4), Fraction(1, 2))
    assert quotient.coefficients == (Fraction(1, 2), Fraction(3, 4))
    square = f**2
    assert (square.action, square.exponent, square.constant) == (sympy.Rational(1, 2), 1, sympy.pi)
    root = FormalSeries([0, 4, 4, 0], action=2) ** Fraction(1, 2)
    assert (root.action, root.exponent, root.constant) == (1, Fraction(1, 2), 2)
    assert root.coefficients == (1, Fraction(1, 2), Fraction(-1, 8))
    for s in (f, FormalSeries([1, 2, 3], exponent=Fraction(1, 3))):
        difference = sympy.simplify((sympy.diff(_evaluate(s, g), g) - _evaluate(s.derivative(), g)) / _evaluate(s, g))
        # what is left comes from the terms cut off: of relative order g^(terms - 1 - shift of the prefactor)
        leading = sympy.limit(difference / g ** (len(s) + s.derivative().exponent - s.exponent), g, 0)
        assert leading.is_finite


def test_derivative_at_an_algebraic_action():
    root2 = NumberField(fmpz_poly([-2, 0, 1]), acb(arb(1.414, 0.01))).generator
    s = FormalSeries([1, 1, 1], action=root2)
    d = s.derivative()
    assert d.exponent == -2
    assert d.terms[0] == root2
    assert (s * s).action == 2 * sympy.sqrt(2)
    assert (s**2).action == root2 * 2
    assert "exp(-(1.41421)/g)" in str(s)
    assert r"\sqrt{2}" in s._repr_latex_()
    assert "exp(-(0+1j)/g)" in str(FormalSeries([1], action=gaussian_rational(0, 1)))


def test_sums_of_different_sectors_are_refused():
    f = FormalSeries([1, 2, 3])
    for other in (
        FormalSeries([1], action=1),
        FormalSeries([1], exponent=Fraction(1, 2)),
        FormalSeries([1], constant=sympy.pi),
    ):
        with pytest.raises(ValueError, match="different sectors"):
            f + other
    shifted = FormalSeries([1, 1, 1], exponent=2)
    assert (f + shifted).coefficients == (1, 2, 4)
    assert shifted + f == f + shifted


# -- coefficients in and out -------------------------------------------------------------------------------------------


def test_exact_kinds_stay_exact():
    s = FormalSeries([1, Fraction(1, 3), sympy.Rational(2, 5), fmpq(1, 7), "3/4", np.int64(2)])
    assert s.is_exact
    assert s.is_real
    assert s.coefficients == (1, Fraction(1, 3), Fraction(2, 5), Fraction(1, 7), Fraction(3, 4), 2)
    assert s[1] == Fraction(1, 3)
    assert list(s) == list(s.coefficients)


def test_algebraic_kinds():
    s = FormalSeries([1, 2 * sympy.I + 1, "1/2 - 3/4j"])
    assert s.is_exact
    assert not s.is_real
    assert s[1] == gaussian_rational(1, 2)
    assert s[2] == gaussian_rational(fmpq(1, 2), fmpq(-3, 4))
    root = FormalSeries([1, sympy.sqrt(2) + 1])
    assert root.is_real
    assert root[1] ** 2 == root[1] * 2 + 1
    assert isinstance(root[1], AlgebraicNumber)
    assert "I" in FormalSeries([sympy.I]).coefficients[0].to_sympy().__str__()
    with pytest.raises(ValueError, match="2 different number fields"):
        FormalSeries([sympy.sqrt(2), sympy.sqrt(3)])
    with pytest.raises(ValueError, match="not a binary fraction"):
        FormalSeries(["1/3 + 1j"])


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (0.1, 53),
        (0.1 + 0.2j, 52),
        (mpmath.mpf("0.1"), 53),
        (mpmath.mpc(1, 2), 52),
        (np.float64(3.5), 53),
        (sympy.Float("0.1", 30), 103),
    ],
)
def test_rounded_kinds_become_balls(value, bits):
    ball = scalar(value)
    assert isinstance(ball, acb)
    assert abs(ball.rel_accuracy_bits() - bits) <= 2
    assert ball.contains(complex(value)) or not isinstance(value, (float, complex))


def test_zeros_of_rounded_kinds_are_exact():
    assert all(isinstance(scalar(z), fmpq) for z in (0.0, 0j, mpmath.mpf(0)))
    assert FormalSeries([0.0]).is_zero


def test_enclosures_and_balls():
    e = Enclosure(mpmath.mpc(1), mpmath.mpf("1e-20"), "estimated")
    s = FormalSeries([e, acb(2), arb(3)])
    assert not s.is_exact
    assert s[0].contains(1)
    assert s[0].error >= mpmath.mpf("1e-20")
    assert s[0].status == s[1].status == "estimated"  # what comes in as an estimate does not leave as a certificate


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ([], ValueError, "at least one coefficient"),
        ("123", TypeError, "sequence of numbers"),
        ({1: 2}, TypeError, "sequence of numbers"),
        (5, TypeError, "sequence of numbers"),
        ([1, float("nan")], ValueError, "coefficient 1: a finite number"),
        ([1, mpmath.inf], ValueError, "coefficient 1: a finite number"),
        ([1, None], TypeError, "coefficient 1: a number is needed"),
        ([1, "x"], ValueError, "coefficient 1: 'x' is not a number"),
        ([1, True], TypeError, "coefficient 1: a number is needed"),
        ([sympy.Symbol("x")], TypeError, "coefficient 0: a number is needed"),
        ([sympy.pi], TypeError, "not known to be algebraic"),
    ],
)
def test_bad_coefficients(bad, error, message):
    with pytest.raises(error, match=message):
        FormalSeries(bad)


@pytest.mark.parametrize(
    ("prefactor", "error", "message"),
    [
        ({"exponent": sympy.sqrt(2)}, ValueError, "exponent of g must be rational"),
        ({"constant": 0}, ValueError, "must not be 0"),
        ({"constant": 1j}, TypeError, "constant in front must be"),
        ({"action": 1j}, TypeError, "the action must be exact"),
        ({"action": float("nan")}, ValueError, "finite number"),
    ],
)
def test_bad_prefactors(prefactor, error, message):
    with pytest.raises(error, match=message):
        FormalSeries([1], **prefactor)


def test_functions_and_recurrences():
    assert FormalSeries.from_function(math.factorial, 6) == FormalSeries.from_recurrence(
        lambda n, a: n * a[n - 1], [1], 6
    )
    halves = FormalSeries.from_recurrence(lambda n, a: a[-1] / 2, [1], 4, action=3)
    assert halves.coefficients[-1] == Fraction(1, 8)
    assert halves.action == 3
    assert FormalSeries.from_recurrence(lambda n, a: a[-1], [1, 2, 3], 2).coefficients == (1, 2)
    for bad in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            FormalSeries.from_function(math.factorial, bad)
    with pytest.raises(TypeError, match="must be an integer"):
        FormalSeries.from_function(math.factorial, 2.0)
    with pytest.raises(TypeError, match="callable"):
        FormalSeries.from_function([1, 2], 2)
    with pytest.raises(TypeError, match="callable"):
        FormalSeries.from_recurrence(None, [1], 2)


def test_refusals_of_the_arithmetic():
    f = FormalSeries([1, 2, 3])
    with pytest.raises(ZeroDivisionError, match="zero to all its 3 terms"):
        f / FormalSeries([0, 0, 0])
    with pytest.raises(ValueError, match="cannot be told from zero"):
        f / FormalSeries([acb(arb(0, 1)), 1, 1])
    with pytest.raises(ValueError, match="must be rational"):
        f ** sympy.sqrt(2)
    with pytest.raises(ValueError, match="rational leading coefficient"):
        FormalSeries([0.3, 1, 1]) ** Fraction(1, 2)
    with pytest.raises(ValueError, match="needs a series without prefactor"):
        FormalSeries([1, 2], action=1).exp()
    with pytest.raises(ValueError, match="exp needs a rational a_0"):
        FormalSeries([0.5, 2]).exp()
    with pytest.raises(ValueError, match="log needs a_0 = 1"):
        FormalSeries([2, 2]).log()
    with pytest.raises(ValueError, match="must vanish at 0"):
        f.compose(f)
    with pytest.raises(TypeError, match="must be a FormalSeries"):
        f.compose(2)
    with pytest.raises(ValueError, match="cannot truncate"):
        f.truncate(4)
    for operation in (
        lambda: f + "1",
        lambda: f - "1",
        lambda: f * "1",
        lambda: f / "1",
        lambda: "1" / f,
        lambda: f + None,
    ):
        with pytest.raises(TypeError):
            operation()
    assert f != "1"
    assert f**0 == FormalSeries([1, 0, 0])
    assert f**1 is f
    assert FormalSeries([2, 1, 0]) ** -1 == 1 / FormalSeries([2, 1, 0])


# -- printing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("s", "text"),
    [
        (FormalSeries([0, 0]), "0 + O(g^2)"),
        (FormalSeries([-1, 0, Fraction(-1, 2), 1]), "-1 - 1/2 g^2 + g^3 + O(g^4)"),
        (FormalSeries([1, 2], exponent=1), "g (1 + 2 g + O(g^2))"),
        (
            FormalSeries([1, 2], exponent=-2, action=-1, constant=1 + sympy.pi),
            "(1 + pi) exp(1/g) g^-2 (1 + 2 g + O(g^2))",
        ),
        (FormalSeries([1, 2], action=Fraction(1, 4)), "exp((-1/4)/g) (1 + 2 g + O(g^2))"),
        (FormalSeries([1.5, sympy.I]), "1.5 + (0+1j) g + O(g^2)"),
    ],
)
def test_text(s, text):
    assert str(s) == text
    assert repr(s).startswith("<FormalSeries")


def test_latex():
    s = FormalSeries([1, Fraction(-3, 4), 2, 3, 4], action=Fraction(1, 4), exponent=Fraction(1, 2), constant=sympy.pi)
    assert s._repr_latex_() == (
        r"$\displaystyle \pi\, e^{- \frac{1}{4 g}}\, g^{\frac{1}{2}} "
        r"\left( 1 - \frac{3 g}{4} + 2 g^{2} + 3 g^{3} + \cdots + O(g^{5}) \right)$"
    )
    assert FormalSeries([0, 1])._repr_latex_() == r"$\displaystyle g + O(g^{2})$"
    assert FormalSeries([0])._repr_latex_() == r"$\displaystyle 0 + O(g^{1})$"
    assert "1.5" in FormalSeries([1.5, 1 + 2j, CUBIC.generator])._repr_latex_()
    assert repr(FormalSeries([1], name="one")) == "<FormalSeries one: 1 + O(g^1)>"


def test_stripped_keeps_phi_only():
    s = FormalSeries([1, 2], action=1, exponent=2, constant=3, name="s")
    assert s.has_prefactor
    assert s.stripped() == FormalSeries([1, 2])
    assert s.truncate(1) == FormalSeries([1], action=1, exponent=2, constant=3)
    assert s.truncate(1).name == "s"


# -- growth -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("terms", [20, 60, 200])
@pytest.mark.parametrize(
    ("order", "coefficient"),
    [
        (0, lambda n: 3**n),
        (1, lambda n: math.factorial(n) * (-2) ** n),
        (1, lambda n: Fraction(math.factorial(n), n + 1) if n % 2 == 0 else 0),
        (2, lambda n: math.factorial(2 * n)),
        (-1, lambda n: Fraction(1, math.factorial(n))),
        (1, lambda n: mpmath.mpf(math.factorial(n)) * mpmath.cos(1.3 * n)),
    ],
)
def test_gevrey_order_is_covered_by_its_error(order, coefficient, terms):
    s = FormalSeries.from_function(coefficient, terms + 10)
    estimate = s.gevrey_order()
    assert estimate.status == "estimated"
    assert abs(estimate.value.real - order) <= estimate.error


def test_gevrey_order_needs_terms():
    with pytest.raises(ValueError, match="12 or more non-zero"):
        FormalSeries([1, 2, 3]).gevrey_order()
    with pytest.raises(ValueError, match="12 or more non-zero"):
        FormalSeries([acb(arb(0, 1))] * 20).gevrey_order()
    assert FormalSeries([gaussian_rational(0, math.factorial(n)) for n in range(20)]).gevrey_order().contains(1)
