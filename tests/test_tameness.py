"""Polynomials that are tame at infinity, against what the literature says and against their critical points."""

from __future__ import annotations

import pytest
from flint import fmpq_mpoly_ctx
from hypothesis import given
from hypothesis import strategies as st

from resurgence import tameness
from resurgence.action import Action
from resurgence.tameness import is_known_proper, is_known_tame


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("x**2 + x**4", True),
        ("x**5 - 3*x", True),
        ("(x**2+y-11)**2 + (x+y**2-7)**2", True),
        ("x**2 + y**2 + x**2*y**2", True),
        ("x**3 + y**3 + x*y", True),
        ("x**2 + y**4 + x*y", True),  # not homogeneous at infinity, but convenient
        ("x**2 + y**2 + z**2 + x*y*z", False),  # three variables: the criteria do not decide
        ("x**3 + y**3 + z**3 + x*y*z", True),
        ("x**2*y + x + y**2", True),  # convenient, with the edges (1, 0)-(2, 1)-(0, 2)
        ("(x + y)**4 + x**2 + y", False),  # the top form (x + y)^4 has a multiple root
    ],
)
def test_known_cases(text, known):
    assert is_known_tame(Action(text).jacobian_ring) == known


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("x**2 + x**4", True),
        ("x**2 - x**4", False),
        ("x**3", False),
        ("(x**2+y-11)**2 + (x+y**2-7)**2", True),
        ("x**2 + y**2 + x**2*y**2", True),
        ("x**2 + y**2 - x**2*y**2", False),
        ("x**4 + y**4 - 3*x**2*y**2 + x", False),  # negative between the axes
        ("x**4 + y**4 - x**2*y**2 + x", True),
        ("x**3 + y**4 + x*y", False),
        ("x**2 + y**2 + z**2", False),  # three variables: not decided
    ],
)
def test_properness(text, known):
    assert is_known_proper(Action(text).jacobian_ring) == known


def test_broughton_s_polynomial_is_not_called_tame():
    """x (x y - 1) has no critical points, and is no fibration all the same (Broughton 1988): bad at infinity."""
    terms = fmpq_mpoly_ctx.get(["x", "y"], "deglex").from_dict({(2, 1): 1, (1, 0): -1})
    assert not tameness._is_convenient_and_nondegenerate(terms)


points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=9)


@given(points)
def test_the_hull_contains_all_points_and_turns_left(chosen):
    hull = tameness._convex_hull([(0, 0), *chosen])
    if len(hull) < 3:
        return
    for k, a in enumerate(hull):
        b, c = hull[(k + 1) % len(hull)], hull[(k + 2) % len(hull)]
        assert tameness._turn(a, b, c) > 0
        assert all(tameness._turn(a, b, p) >= 0 for p in chosen)


exponents = st.integers(2, 4)


@given(a=exponents, b=exponents, c=st.integers(-3, 3), d=st.integers(-3, 3))
def test_convenient_and_nondegenerate_means_as_many_critical_points_as_kouchnirenko_s_number(a, b, c, d):
    """mu = 2 area - a - b + 1 for the polygon under the Newton boundary (Kouchnirenko 1976, theorem II)."""
    action = Action(f"x**{a} + y**{b} + ({c})*x*y + ({d})*x**2*y**2 + x + 2*y")
    try:
        mu = action.jacobian_ring.dimension
    except ValueError:  # critical points that are not isolated
        return
    if not is_known_tame(action.jacobian_ring):
        return
    support = [(0, 0), (a, 0), (0, b), (1, 0), (0, 1)] + ([(1, 1)] if c else []) + ([(2, 2)] if d else [])
    hull = tameness._convex_hull(support)
    pairs = zip(hull, [*hull[1:], hull[0]], strict=True)
    twice_area = sum(p[0] * q[1] - p[1] * q[0] for p, q in pairs)
    assert mu == twice_area - max(p[0] for p in hull if not p[1]) - max(p[1] for p in hull if not p[0]) + 1
