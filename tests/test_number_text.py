"""Numbers as people type them: both readings of a decimal, and what is refused."""

import math
from fractions import Fraction

import pytest
import sympy
from flint import acb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.number_text import exact_number, rounded_number
from resurgence.numbers import ball


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/10", sympy.Rational(1, 10)),
        ("-.25", sympy.Rational(-1, 4)),
        ("1e3", sympy.Integer(1000)),
        ("1/2+3/4j", sympy.Rational(1, 2) + sympy.Rational(3, 4) * sympy.I),
        (" -i ", -sympy.I),
        ("2**(5/3)/3", 2 ** sympy.Rational(5, 3) / 3),
        ("2^(5/3)/3", 2 ** sympy.Rational(5, 3) / 3),
        ("-pi/2", -sympy.pi / 2),
        ("I*sqrt(3)/2", sympy.I * sympy.sqrt(3) / 2),
        ("+(1 - 2) * 0.5 + 1", sympy.Rational(1, 2)),
    ],
)
def test_exact_numbers(text, value):
    assert exact_number(text) == value


@given(st.fractions(), st.fractions())
@settings(max_examples=60, deadline=None)
def test_gaussian_rationals_come_back(re_part, im_part):
    z = exact_number(f"{re_part}{'+' if im_part >= 0 else ''}{im_part}j")
    expected = sympy.Rational(re_part.numerator, re_part.denominator)
    assert z == expected + sympy.I * sympy.Rational(im_part.numerator, im_part.denominator)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a number"),
        ("x", "is not a number"),
        ("nan", "is not a number"),
        ("True", "is not a number"),
        ("1 2", "is not a number"),
        ("((((1", "is not a number"),
        ("(" * 300, "is not a number"),
        ("(1+2j)*3", "is not a number"),
        ("1 if 1 else 2", "is not a number"),
        ("1 % 2", "is not a number"),
        ("__import__('os').getcwd()", "is not a number"),
        ("exp(1)", "is not a number"),
        ("sqrt(1, 2)", "sqrt takes one number"),
        ("1/0", "division by zero"),
        ("1/(1-1)", "division by zero"),
        ("9**9**9", "beyond 1000"),
        ("2**pi", "is not rational"),
        ("(10**21)**(1/2)", "powers are taken of numbers up to"),
        ("1e999999", "beyond 20000"),
        ("1" * 500, "too long"),
    ],
)
def test_what_is_no_exact_number(text, reason):
    with pytest.raises(ValueError, match=reason):
        exact_number(text)


def test_a_number_is_text():
    with pytest.raises(TypeError, match="given as text"):
        exact_number(0.5)


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=7), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_a_rounded_decimal_contains_what_it_was_rounded_from(decimal, places):
    z = rounded_number(f"{decimal:.{places}f}")
    exact = Fraction(decimal)
    if isinstance(z, fmpq):
        assert z == 0
        assert abs(exact) <= Fraction(1, 2 * 10**places)
    else:
        assert z.overlaps(ball(exact, 200))
        assert float(z.real.rad()) == pytest.approx(0.5 * 10**-places, rel=1e-6)


def test_integers_and_fractions_of_a_table_are_exact():
    assert rounded_number("-3/4") == fmpq(-3, 4)
    assert rounded_number("1" + "0" * 6000) == fmpq(10) ** 6000
    assert rounded_number("0.000") == 0
    assert complex(rounded_number("1/2 - 3j").ball(64)) == 0.5 - 3j
    assert isinstance(rounded_number("1/2-3.0j"), acb)
    assert math.isclose(float(rounded_number("12.").real.rad()), 0.5, rel_tol=1e-6)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 2", "is not a number"),
        ("x" * 100, r"\.\.\.' is not a number"),
        ("1.5/2", "fraction of decimals"),
        ("1/0", "division by zero"),
        ("1e99999", "beyond 20000"),
        ("1" * 100_001, "too long"),
    ],
)
def test_what_is_no_entry_of_a_table(text, reason):
    with pytest.raises(ValueError, match=reason):
        rounded_number(text)
