"""Directions of integration: no singular point between them and the ray, and none met."""

from __future__ import annotations

import cmath
import math

import sympy
from flint import acb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st

from resurgence.numbers import ball
from resurgence.rays import Ray
from resurgence.sectors import free_direction

grid = st.tuples(st.integers(-6, 6), st.integers(-6, 6)).filter(any).map(lambda p: acb(fmpq(p[0]), fmpq(p[1])))


@given(g=grid, points=st.lists(grid, max_size=6, unique_by=str), side=st.sampled_from(["above", "below"]))
def test_nothing_lies_between_the_ray_and_the_direction(g, points, side):
    ray = Ray(g)
    direction = free_direction(ray, side, points, (), 100)
    assert direction.is_exact()
    assert abs(abs(complex(direction)) - 1) < 1e-3
    turn = cmath.phase(complex(direction) / complex(g))
    assert abs(turn) < math.pi / 2
    for point in points:
        angle = cmath.phase(complex(point) / complex(g))  # how far the ray must be turned to meet it
        if abs(angle) < 1e-12:
            angle = -1e-12 if side == "above" else 1e-12
        assert abs(cmath.phase(complex(point) / complex(direction))) > 1e-9
        assert not min(0, turn) < angle < max(0, turn)


@given(st.integers(5, 300), st.booleans())
def test_sectors_may_be_as_thin_as_you_like(exponent, upper):
    """Between two singular points that are seen under an angle of 2^-exponent."""
    points = [sympy.Integer(1), 1 + sympy.I * sympy.Rational(1, 2**exponent)]
    between = acb(1, fmpq(1, 2 ** (exponent + 1)))
    direction = free_direction(Ray(between), None, points, (), 60)
    quotients = [ball(p, 2000) / direction for p in points]
    assert quotients[0].imag < 0
    assert quotients[1].imag > 0
    side = "above" if upper else "below"
    direction = free_direction(Ray(1), side, [1], (), 60)
    assert (direction.imag > 0) == upper


@given(g=grid, obstacles=st.lists(grid, min_size=1, max_size=4, unique_by=str))
def test_obstacles_may_be_crossed_but_are_not_met(g, obstacles):
    assume(not any(abs(cmath.phase(complex(p) / complex(g))) < 1e-9 for p in obstacles))
    direction = free_direction(Ray(g), None, (), obstacles, 100)
    assert all(abs(cmath.phase(complex(p) / complex(direction))) > 1e-9 for p in obstacles)
