"""Differential equations as texts."""

from __future__ import annotations

import pytest
from flint import fmpq, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from resurgence.equation_text import parse_equation

coefficients = st.lists(st.fractions(-9, 9, max_denominator=5), min_size=1, max_size=4)


def polynomial(values):
    return fmpq_poly([fmpq(v.numerator, v.denominator) for v in values])


def text(values, variable):
    return "(" + " + ".join(f"({v})*{variable}^{k}" for k, v in enumerate(values)) + ")"


@given(rows=st.lists(coefficients, min_size=2, max_size=4), unknown=st.sampled_from(["y", "f", "phi"]), data=st.data())
def test_what_is_written_is_read(rows, unknown, data):
    sides = [data.draw(st.booleans()) for _ in rows]
    terms = [f"{text(row, 'x')}*{unknown}{chr(39) * k}" for k, row in enumerate(rows)]
    left = " + ".join(t for t, right in zip(terms, sides, strict=True) if not right) or "0"
    right = " + ".join(t for t, right in zip(terms, sides, strict=True) if right) or "0"
    found, _ = parse_equation(f"{left} = {right}")
    expected = [polynomial(row) * (-1 if right else 1) for row, right in zip(rows, sides, strict=True)]
    assert found == expected


def test_constant_coefficients_have_the_variable_x():
    assert parse_equation("f'' = f") == ([fmpq_poly([-1]), fmpq_poly([0]), fmpq_poly([1])], "x")


def test_the_right_side_may_be_left_out():
    assert parse_equation("t*y' - y")[1] == "t"


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (3, TypeError, "as text"),
        ("", ValueError, "one unknown"),
        ("x^2 + 1 = 0", ValueError, "one unknown"),
        ("y' + z' = 0", ValueError, "one unknown"),
        ("y'*y = 0", ValueError, "linear"),
        ("y'^2 = 0", ValueError, "linear"),
        ("y' = 1", ValueError, "homogeneous"),
        ("a*y' + b*y = 0", ValueError, "one variable"),
        ("y' = y = 0", ValueError, "one sign ="),
        ("y" + "'" * 21 + " = 0", ValueError, "up to the 20th"),
        ("sin(x)*y' = y", ValueError, "polynomial"),
    ],
)
def test_refusals(given, error, words):
    with pytest.raises(error, match=words):
        parse_equation(given)
