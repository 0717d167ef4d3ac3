"""Closure properties: coefficients against power series arithmetic, and identities between known functions."""

import math
from fractions import Fraction

import pytest
import sympy
from flint import fmpq, fmpq_poly, fmpz_poly
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from resurgence.differential_operator import DifferentialOperator
from resurgence.errors import LevelError
from resurgence.hermite_pade import guess_operator
from resurgence.holonomic import HolonomicSeries
from resurgence.power_series import compose, multiply

COUNT = 64


def series(coefficients, *initial):
    return HolonomicSeries(DifferentialOperator(coefficients), [fmpq(a) for a in initial])


EXPONENTIAL = series(["-1", "1"], 1)
AIRY = series(["-x", "0", "1"], 1, 2)
EULER = series(["1", "3*x - 1", "x^2"], 1)  # sum n! x^n
LOGARITHM = series(["0", "1", "1 + x"], 0, 1)  # log(1 + x)
BESSEL = series(["x", "1", "x"], 1)  # J_0
LEGENDRE = series(["6", "-2*x", "1 - x^2"], 1, 0)  # 1 - 3x^2
QUARTIC = series(["3", "32*x + 16", "16*x^2"], 1)  # one of level one: a_1 = -3/16
ZERO = series(["1"], 0)

KNOWN = [EXPONENTIAL, AIRY, EULER, LOGARITHM, BESSEL, LEGENDRE, QUARTIC, ZERO]


@st.composite
def hypergeometric(draw):
    """x^m pFq(upper; lower; c x), from theta (theta + b - 1)... y = c x (theta + a)... y."""
    fractions = st.fractions(-3, 3, max_denominator=3)
    upper = draw(st.lists(fractions, max_size=2))
    lower = draw(st.lists(fractions.filter(lambda b: b > 0 or b.denominator > 1), max_size=1))
    c, m = draw(st.integers(-3, 3)), draw(st.integers(0, 2))
    t = sympy.Symbol("t")
    left = (t - m) * sympy.prod([t - m + sympy.Rational(b) - 1 for b in lower])
    right = -c * sympy.prod([t - m + sympy.Rational(a) for a in upper])
    operator = DifferentialOperator.from_theta_form([sympy.expand(left), sympy.expand(right)])
    terms = [fmpq(0)] * m + [fmpq(1)]
    for n in range(12):
        ratio = fmpq(c, n + 1)
        for a in upper:
            ratio *= fmpq(a.numerator, a.denominator) + n
        for b in lower:
            ratio /= fmpq(b.numerator, b.denominator) + n
        terms.append(terms[-1] * ratio)
    return HolonomicSeries(operator, terms)


@st.composite
def rational_functions(draw):
    numerator, denominator = (
        draw(st.lists(st.integers(-4, 4), max_size=3)),
        draw(st.lists(st.integers(-4, 4), max_size=2)),
    )
    return fmpz_poly(numerator), fmpz_poly([draw(st.sampled_from([1, -1, 2])), *denominator])


operands = st.one_of(st.sampled_from(KNOWN), hypergeometric(), rational_functions().map(HolonomicSeries.from_rational))


def obeys(result, coefficients):
    assert result.proved
    assert result.coefficients(len(coefficients)) == coefficients
    assert not any(result.operator.apply(coefficients))
    last = max(result.operator.recurrence().free_indices, default=0)
    assert len(result.initial) == last + 1


@settings(max_examples=60)
@given(operands, operands)
@example(ZERO, ZERO)
@example(EULER, QUARTIC)
def test_sums_and_differences(f, g):
    a, b = f.coefficients(COUNT), g.coefficients(COUNT)
    obeys(f + g, [p + q for p, q in zip(a, b, strict=True)])
    obeys(f - g, [p - q for p, q in zip(a, b, strict=True)])
    assert (f + g).equals(g + f)


@settings(max_examples=60)
@given(operands, operands)
@example(ZERO, AIRY)
@example(BESSEL, EULER)
def test_products(f, g):
    obeys(f * g, multiply(f.coefficients(COUNT), g.coefficients(COUNT), COUNT))


@settings(max_examples=60)
@given(operands, operands)
@example(EULER, LOGARITHM)
@example(ZERO, AIRY)
@example(LEGENDRE, LEGENDRE)
def test_hadamard_products(f, g):
    obeys(f.hadamard(g), [p * q for p, q in zip(f.coefficients(COUNT), g.coefficients(COUNT), strict=True)])


@settings(max_examples=40)
@given(operands, rational_functions())
@example(AIRY, (fmpz_poly([0, 1]), fmpz_poly([1, 1])))
@example(ZERO, (fmpz_poly([0, 1]), fmpz_poly([1, 1])))
def test_compositions(f, function):
    numerator, denominator = function
    inner = (numerator * fmpz_poly([0, 1]), denominator)
    powers = HolonomicSeries.from_rational(inner).coefficients(COUNT)
    obeys(f.compose(inner), compose(f.coefficients(COUNT), powers, COUNT))


@settings(max_examples=60)
@given(operands)
@example(ZERO)
@example(EULER)
def test_derivatives_and_integrals(f):
    a = f.coefficients(COUNT + 1)
    obeys(f.derivative(), [n * a[n] for n in range(1, COUNT + 1)])
    obeys(f.integral(), [fmpq(0), *(a[n] / (n + 1) for n in range(COUNT))])
    assert f.integral().derivative().equals(f)
    assert (f.derivative().integral() + f.initial[0]).equals(f)


@settings(max_examples=40)
@given(operands, st.fractions(-3, 3, max_denominator=5), rational_functions())
def test_operands_that_are_no_series(f, scalar, function):
    a = f.coefficients(COUNT)
    value = fmpq(scalar.numerator, scalar.denominator)
    obeys(scalar * f, [value * c for c in a])
    obeys(f - scalar, [a[0] - value, *a[1:]])
    obeys(scalar - f, [value - a[0], *(-c for c in a[1:])])
    b = HolonomicSeries.from_rational(function).coefficients(COUNT)
    obeys(f * function, multiply(a, b, COUNT))
    obeys(f + function, [p + q for p, q in zip(a, b, strict=True)])
    if function[0](0) != 0:
        assert (f / function * function).equals(f)


@settings(max_examples=40)
@given(operands)
@example(EULER)
@example(QUARTIC)
def test_borel_transforms(f):
    try:
        transform = f.borel()
    except LevelError:
        assume(False)
    obeys(transform, [c / math.factorial(n) for n, c in enumerate(f.coefficients(COUNT))])
    assert transform.equals(f.hadamard(EXPONENTIAL))


@settings(max_examples=25)
@given(hypergeometric(), hypergeometric())
def test_what_is_guessed_is_no_more_than_what_is_proved(f, g):
    """The guess has at most the order of the proved operator, and both annihilate what neither was made from."""
    product = f * g
    found = guess_operator(product.coefficients(200))
    assume(found is not None)
    assert found.operator.order <= product.operator.order
    assert not any(found.operator.apply(product.coefficients(300)))


# -- identities --------------------------------------------------------------------------------------------------------


def test_identities():
    sine, cosine = series(["1", "0", "1"], 0, 1), series(["1", "0", "1"], 1, 0)
    assert (sine * sine + cosine * cosine).equals(1)
    assert not (sine * sine - cosine * cosine).equals(1)
    assert (2 * sine * cosine).equals(sine.compose("2*x"))
    assert sine.derivative().equals(cosine)
    assert EXPONENTIAL.compose("-x").equals(series(["1", "1"], 1))
    assert (EXPONENTIAL * EXPONENTIAL.compose("-x")).equals(1)
    assert LOGARITHM.equals(HolonomicSeries.from_rational(("1", "1 + x")).integral())
    assert EULER.borel().equals(("1", "1 - z"))
    assert LEGENDRE.equals("1 - 3*x^2")
    # The Wronskian of two of Airy's functions is constant.
    first, second = series(["-x", "0", "1"], 1, 0), series(["-x", "0", "1"], 0, 1)
    assert (first * second.derivative() - first.derivative() * second).equals(1)


def test_the_product_of_the_germs_of_a_cubic():
    """Airy squared obeys y''' = 4x y' + 2y (Abramowitz & Stegun 10.4.58, differentiated form)."""
    assert (AIRY * AIRY).operator == DifferentialOperator(["-2", "-4*x", "0", "1"])


def test_hadamard_square_of_central_binomials():
    """The complete elliptic integral: sum binom(2n, n)^2 (x/16)^n obeys x(1 - x) y'' + (1 - 2x) y' - y/4 = 0."""
    root = series(["-1", "2 - 2*x"], 1)
    assert root.hadamard(root).operator == DifferentialOperator(["1", "8*x - 4", "4*x^2 - 4*x"])


def test_indices_at_which_a_shifted_equation_fails():
    """A polynomial beside a series: the recurrence of the Hadamard product has to let go of the indices in between."""
    polynomial = HolonomicSeries.from_rational("2 + x^3 - 5*x^7")
    product = EULER.hadamard(polynomial)
    assert product.equals(f"2 + 6*x^3 - {5 * math.factorial(7)}*x^7")
    assert EXPONENTIAL.hadamard("x^5").equals("x^5/120")
    assert EXPONENTIAL.hadamard(0).is_zero()


def test_guessed_operands_are_told():
    guessed = HolonomicSeries(EULER.operator, [1], proved=False)
    for result in (
        guessed + AIRY, AIRY - guessed, 2 * guessed, -guessed, guessed * AIRY, AIRY.hadamard(guessed),
        guessed.borel(), guessed.derivative(), guessed.integral(), guessed.compose("x^2"), guessed / 2, guessed - 1,
    ):  # fmt: skip
        assert not result.proved
    assert repr(guessed).endswith("[1], proved=False)")
    assert repr(AIRY) == "HolonomicSeries(DifferentialOperator(['-x', '0', '1'], 'x'), [1, 2])"


# -- input -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_as", "expected"),
    [
        (3, [3, 0, 0]),
        (Fraction(1, 2), [fmpq(1, 2), 0, 0]),
        (fmpq(1, 2), [fmpq(1, 2), 0, 0]),
        ("1/2 + x", [fmpq(1, 2), 1, 0]),
        (fmpq_poly([0, fmpq(1, 3)]), [0, fmpq(1, 3), 0]),
        (1 / (2 - sympy.Symbol("x")), [fmpq(1, 2), fmpq(1, 4), fmpq(1, 8)]),
        (("x", fmpz_poly([2, 2])), [0, fmpq(1, 2), fmpq(-1, 2)]),
        (("x", "x - x^2"), [1, 1, 1]),
        (0, [0, 0, 0]),
    ],
)
def test_rational_functions(given_as, expected):
    assert HolonomicSeries.from_rational(given_as).coefficients(3) == expected


def test_variables():
    assert HolonomicSeries.from_rational("t^2").operator.variable == "t"
    assert HolonomicSeries.from_rational(1, "t").operator.variable == "t"
    assert HolonomicSeries.from_rational("t^2").compose("s/2").operator.variable == "s"


def test_initial_coefficients():
    assert HolonomicSeries(AIRY.operator, [1, 0, 0, Fraction(1, 6)]).initial == (1, 0)
    with pytest.raises(ValueError, match="a_1 is not determined"):
        HolonomicSeries(AIRY.operator, [1])
    with pytest.raises(ValueError, match="n = 2"):
        HolonomicSeries(AIRY.operator, [1, 0, 1])
    with pytest.raises(ValueError, match="must be rational"):
        HolonomicSeries(AIRY.operator, [1, sympy.sqrt(2)])
    with pytest.raises(TypeError, match="needs a DifferentialOperator"):
        HolonomicSeries("D^2 - x", [1, 0])
    with pytest.raises(ValueError, match="negative"):
        AIRY.coefficients(-1)


def test_bad_rational_functions():
    with pytest.raises(ValueError, match="pole at 0"):
        HolonomicSeries.from_rational(("1", "x"))
    with pytest.raises(ValueError, match="is zero"):
        HolonomicSeries.from_rational(("1", 0))
    with pytest.raises(ValueError, match="one variable"):
        HolonomicSeries.from_rational(("x", "1 + y"))
    with pytest.raises(ValueError, match="a numerator and a denominator"):
        HolonomicSeries.from_rational(("x", "y", "z"))
    with pytest.raises(ValueError, match="is zero at 0"):
        AIRY.compose("1 + x")
    with pytest.raises(ValueError, match="is zero at 0"):
        AIRY.compose(("x", "x^2"))
    with pytest.raises(ValueError, match="is zero at 0"):
        AIRY / "x"
    with pytest.raises(TypeError):
        AIRY + None
