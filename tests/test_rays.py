"""Directions: what lies on a ray and on which side of it, and what is refused."""

import math

import pytest
import sympy
from flint import acb, arb

from resurgence.errors import StokesLineError
from resurgence.germs import Hypergeometric, Stirling
from resurgence.rays import Ray


@pytest.mark.parametrize(
    ("g", "direction", "expected"),
    [
        (1, None, "through"),
        (-1, None, "opposite"),
        ("1+1e-60j", None, "above"),
        (1 - 1e-15j, None, "below"),
        (sympy.sqrt(2), None, "through"),
        (1, 0, "through"),
        (1, 5e-324, "above"),
        (1, sympy.Rational(-1, 10**40), "below"),
        (-1, sympy.pi, "opposite"),
        (-1, math.pi, "above"),  # the float lies below pi
        (-1, -math.pi, "below"),
        (-1, 3 * sympy.pi, "opposite"),
        (sympy.exp(sympy.I * sympy.pi / 3), sympy.pi / 3, "above"),
        (acb(1, arb(0, 1e-10)), None, "through"),
    ],
)
def test_which_side_of_one(g, direction, expected):
    assert Ray(g, None, direction).passes(1) == expected


@pytest.mark.parametrize(
    ("arguments", "exception", "message"),
    [
        ((0,), ValueError, "g must not be zero"),
        ((acb(arb(0, 1)),), ValueError, "g must not be zero"),
        ((math.nan,), ValueError, "finite"),
        ((math.inf,), ValueError, "finite"),
        (("one",), ValueError, "not a number"),
        ((None,), TypeError, "number"),
        ((True,), TypeError, "number"),
        ((1, "left"), ValueError, "'above', 'below' or 'median'"),
        ((1, ""), ValueError, "side must be"),
        ((1, None, 1j), ValueError, "real"),
        ((1, None, math.nan), ValueError, "finite"),
        ((1, None, "up"), ValueError, "not a number"),
        ((1, None, 2), ValueError, "within pi/2"),
        ((1, None, sympy.pi / 2), ValueError, "within pi/2"),
        ((-1, None, 0), ValueError, "within pi/2"),
    ],
)
def test_refuses(arguments, exception, message):
    with pytest.raises(exception, match=message):
        Ray(*arguments)


def test_a_direction_just_inside_a_quarter_turn():
    assert Ray(1, None, math.pi / 2).passes(1) == "above"
    with pytest.raises(ValueError, match="within pi/2"):
        Ray(1, None, math.nextafter(math.pi / 2, 2))


def test_a_ball_too_wide_to_have_a_direction():
    with pytest.raises(ValueError, match="too uncertain"):
        Ray(acb(arb(1, 0.5), arb(0, 0.5))).passes(acb(1, arb(0, 0.9)))


def test_the_error_names_what_is_on_the_ray():
    with pytest.raises(
        StokesLineError, match=r"singularity at -1/4: give side=\"above\", \"below\" or \"median\""
    ) as caught:
        Hypergeometric("1/4", "3/4", "-1/4").sum(-1, 53)
    assert [s.location for s in caught.value.singularities] == [sympy.Rational(-1, 4)]


def test_the_error_abbreviates():
    with pytest.raises(StokesLineError, match=r"singularities at -2\*I\*pi, -4\*I\*pi, -6\*I\*pi, \.\.\.:") as caught:
        Stirling().sum("-1j/10", 53)
    assert all(sympy.im(s.location) < 0 for s in caught.value.singularities)
