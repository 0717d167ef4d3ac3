"""Integrals of exp(-V/g) over R^d by Borel sums, against direct integration with proved errors."""

from __future__ import annotations

from fractions import Fraction

import pytest
from direct_integration import himmelblau, integral_over_line, integral_over_plane, lattice
from flint import acb
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.numbers import working_precision

HIMMELBLAU = "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"


def line(coefficients):
    return " + ".join(f"({c})*x^{k}" for k, c in enumerate(coefficients))


def assert_same(value, direct):
    assert value.contains(rs.Enclosure.from_ball(acb(direct)))


@pytest.mark.parametrize("g", [Fraction(1, 10), Fraction(1, 3), Fraction(2)])
@pytest.mark.parametrize(
    "coefficients",
    [
        ("0", "0", "1/2", "1/3", "1/4"),
        ("0", "0", "1/2", "0", "0", "0", "1/6"),
        ("1", "0", "-2", "0", "1"),
        ("0", "1/10", "-2", "0", "1"),
    ],
)
def test_over_the_line(coefficients, g):
    value = rs.Action(line(coefficients)).integral(g, 50)
    assert value.status == "certified"
    assert value.digits >= 50
    assert_same(value, integral_over_line([Fraction(c) for c in coefficients], g))


@settings(max_examples=15)
@given(
    lower=st.lists(st.fractions(-2, 2, max_denominator=4), min_size=4, max_size=4),
    g=st.fractions(Fraction(1, 5), 3, max_denominator=5),
)
def test_random_quartics(lower, g):
    coefficients = [*lower, Fraction(1)]
    action = rs.Action(line(coefficients))
    assume(not any(p.is_degenerate for p in action.critical_points()))
    value = action.integral(g, 25)
    assert value.status == "certified"
    assert_same(value, integral_over_line(coefficients, g, 30))


@pytest.mark.parametrize(
    ("g", "strip", "alpha"),
    [("2", "3/4", "1/4"), ("10", "1", "1/2"), ("20", "3/2", "1")],
)
def test_himmelblau(g, strip, alpha):
    direct = integral_over_plane(himmelblau(Fraction(strip), Fraction(alpha)), Fraction(g))
    value = rs.Action(HIMMELBLAU).integral(g, 50)
    assert (value.status, value.digits >= 50) == ("certified", True)
    assert direct.rad() < 1e-50 * direct.mid()
    assert_same(value, direct)


@pytest.mark.parametrize("g", ["1/10", "1/2", "1"])
def test_lattice(g):
    value = rs.Action("x^2 + y^2 + x^2*y^2").integral(g, 50)
    assert (value.status, value.digits >= 50) == ("certified", True)
    assert_same(value, integral_over_plane(lattice(), Fraction(g)))


def test_product_of_double_wells():
    """Two variables, nine real critical points of all indices, against two integrals over the line."""
    g = Fraction(1, 3)
    value = rs.Action("(x^2 - 1)^2 + (y^2 - 2)^2/2 + y/7").integral(g, 35)
    left = integral_over_line([Fraction(c) for c in (1, 0, -2, 0, 1)], g)
    right = integral_over_line([Fraction(c) for c in ("2", "1/7", "-2", "0", "1/2")], g)
    with working_precision(200):
        assert_same(value, left * right)


def test_what_is_not_known_to_be_tame_is_estimated():
    value = rs.Action("x^2 + y^2 + z^2 + x^4").integral("1/4", 20)
    assert value.status == "estimated"
    assert "provided" in value.method
    with working_precision(200):
        gauss = acb.pi() / 4
        exact = gauss * acb(integral_over_line([Fraction(c) for c in (0, 0, 1, 0, 1)], Fraction(1, 4)))
    assert_same(value, exact)


@pytest.mark.parametrize(
    ("text", "g", "words"),
    [
        ("x^2 + x^4", "-1", "positive"),
        ("x^2 + x^4", "1j", "positive"),
        ("x^4/4 - x^3/3", "1", "degenerate"),
        ("x^3/3 + x", "1", "no real critical point"),
        ("x^2 - y^2", "1", "infinity"),
        ("x^7 - y^6 + x*y + x^2*y^3", "1", "critical points"),
    ],
)
def test_what_is_refused(text, g, words):
    with pytest.raises(ValueError, match=words):
        rs.Action(text).integral(g)
