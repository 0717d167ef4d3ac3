"""Intersection numbers: closed forms, large orders, jumps of Laplace integrals, and identities of homology."""

import cmath
import math
from functools import cache

import numpy as np
import pytest
import sympy
from flint import acb
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence.action import Action
from resurgence.action_germ import ActionGerm
from resurgence.intersection_numbers import Intersections, real_cycle
from resurgence.numbers import ball, working_precision

HIMMELBLAU = "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"


@cache
def adjacencies(text, index, digits=30):
    action = Action(text)
    return Intersections(action, action.critical_points()[index]).adjacencies(digits)


def constant(point, bits=200):
    """C without the powers of 2 pi: 1/sqrt(det V'')."""
    return 1 / point.hessian_determinant.ball(bits).sqrt()


# -- closed forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x^2 + x^4", [("-1/4", sympy.I * sympy.sqrt(2), 2)]),
        ("x^2/2 - x^3/3", [("1/6", sympy.I, 1)]),
        ("x^2/2 + x^6/6", [("I/3", sympy.I, 2), ("-I/3", sympy.I, 2)]),
        ("x^2 + y^2 + x^2*y^2", [("-1", 2 * sympy.I, 4)]),
        ("x^2 + y^2 + z^2 - 2*x^3/3", [("1/3", sympy.I, 1)]),
    ],
)
def test_stokes_constants_from_zero(text, expected):
    """The first two are in docs/conventions.md, where the fourth follows from that of sqrt(pi g) exp(w) K_0(w) with
    w = 1/(2 g), and the last from the second with g/2. The third has the large orders of the test below."""
    found = adjacencies(text, 0)
    assert len(found) == len(expected)
    for adjacency, (location, stokes, points) in zip(found, expected, strict=True):
        assert adjacency.place.ball(100).overlaps(ball(sympy.sympify(location), 100))
        assert adjacency.stokes_constant.contains(stokes)
        assert adjacency.stokes_constant.digits >= 30
        assert adjacency.stokes_constant.status == "certified"
        assert len(adjacency.numbers) == points
        assert all(abs(n) == 1 for n in adjacency.numbers)
        assert adjacency.is_singular


@pytest.mark.parametrize("text", ["x^2/2 + x^3/3 + x^4/4", "x^2/2 + x^6/6", HIMMELBLAU])
def test_numbers_and_constants_agree(text):
    action = Action(text)
    points = action.critical_points()
    for index, point in enumerate(points[:2]):
        for adjacency in adjacencies(text, index):
            with working_precision(200):
                total = acb(0)
                for n, other in zip(adjacency.numbers, adjacency.place.points, strict=True):
                    total += n * constant(other) / constant(point)
            assert adjacency.stokes_constant.contains(total)


def test_locations_are_exact():
    found = adjacencies(HIMMELBLAU, 1)
    values = [13.3119262704, 67.7191500875, 104.015162918, 178.337239202, 181.616521523]
    assert [abs(complex(a.place.ball(60)) - v) < 1e-8 for a, v in zip(found, values, strict=True)] == [True] * 5
    assert [a.numbers for a in found] == [(-1,), (-1,), (0,), (0,), (-1,)]
    assert [a.is_singular for a in found] == [True, True, False, False, True]
    [_, second] = adjacencies("x^2/2 + x^3/3 + x^4/4", 1)
    assert second.place.location == -sympy.sqrt(3) * sympy.I / 4
    assert second.numbers == (0,)
    assert not second.is_singular


# -- large orders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("x^2/2 + x^3/3 + x^4/4", 0),
        ("x^2/2 + x^6/6", 0),
        ("x^4/4 - x^3/2 + x - 1/3", 1),
        (HIMMELBLAU, 1),
        (HIMMELBLAU, 0),
    ],
)
def test_large_orders(text, index):
    """a_n = sum_j S_j/(2 pi i) sum_k a_k^(j) Gamma(n - k)/A_j^(n - k) up to what comes from further away (Dingle 1973).

    What is left out is beyond all k for the next critical values and of the order 2^(-n) |A|^(-n) here.
    """
    action = Action(text)
    points = action.critical_points()
    order, used = 48, 12
    expansion = action.expand(order + 1, at=points[index]).coefficients
    found = adjacencies(text, index)
    nearest = min(abs(complex(a.place.ball(60))) for a in found if a.is_singular)
    scale = math.factorial(order - 1) / nearest**order
    predicted = 0
    for adjacency in found:
        location = complex(adjacency.place.ball(60))
        for n, other in zip(adjacency.numbers, adjacency.place.points, strict=True):
            if n:
                stokes = n * complex(constant(other)) / complex(constant(points[index]))
                terms = [complex(ball(a, 60)) for a in action.expand(used, at=other).coefficients]
                predicted += sum(
                    stokes / (2j * math.pi) * a * cmath.exp(math.lgamma(order - k) - (order - k) * cmath.log(location))
                    for k, a in enumerate(terms)
                )
    assert abs(predicted - complex(ball(expansion[order], 100))) < 1e-6 * scale


# -- jumps of lateral sums ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "g"), [(1, 20), (3, 12), (5, 30), (8, 40)])
def test_jump_of_lateral_sums(index, g):
    """S_above Phi - S_below Phi = sum_j S_j exp(-A_j/g) S_below Phi_j, with all critical values on one ray."""
    action = Action(HIMMELBLAU)
    points = action.critical_points()
    above, below = (ActionGerm(action, points[index]).sum(g, 150, side=side) for side in ("above", "below"))
    expected = acb(0)
    for adjacency in adjacencies(HIMMELBLAU, index):
        if complex(adjacency.place.ball(60)).real < 0:
            continue
        for n, other in zip(adjacency.numbers, adjacency.place.points, strict=True):
            if n:
                value = ActionGerm(action, other).sum(g, 150, side="below")
                with working_precision(170):
                    weight = (-adjacency.place.ball(170) / g).exp()
                    expected += n * constant(other) / constant(points[index]) * weight * value
    with working_precision(170):
        jump = above - below
        assert (jump - expected).contains(0)
        assert (jump - expected).rad() < 1e-35
    assert index == 8 or abs(jump) > 1e-6


# -- homology ----------------------------------------------------------------------------------------------------------


def check_the_real_cycle(action):
    """The real integral has no jump: sum_p n_p n_pq = n_q ((-1)^(k_q) - 1), and 0 for the q that are not real."""
    cycle = real_cycle(action)
    weights = dict(cycle)
    jump = {}
    for point, number in cycle:
        intersections = Intersections(action, point)
        for place in intersections.places:
            location = complex(place.ball(64))
            if location.real > 0 and abs(location.imag) < 1e-15 * abs(location):
                numbers = intersections.at(place, 5).numbers
                for other, n in zip(place.points, numbers, strict=True):
                    jump[other] = jump.get(other, 0) + number * n
    for point, total in jump.items():
        if point in weights:
            odd = complex(constant(point, 64)).imag != 0
            assert total == (-2 * weights[point] if odd else 0)
        else:
            assert total == 0


@pytest.mark.parametrize(
    "text",
    [
        HIMMELBLAU,
        "(x^2 - 1)^2",
        "x^4 - 2*x^2 + x/10",
        "(x^2 - 1)^2 + (y^2 - 1)^2",
        "x^2 + y^2 + x^2*y^2",
    ],
)
def test_the_real_integral_does_not_jump(text):
    check_the_real_cycle(Action(text))


@settings(max_examples=5)
@given(st.lists(st.integers(-6, 6), min_size=3, max_size=3))
def test_random_quartics_do_not_jump(coefficients):
    text = "x^4 + " + " + ".join(f"({c})*x^{k + 1}" for k, c in enumerate(coefficients))
    action = Action(text)
    assume(not any(p.is_degenerate for p in action.critical_points()))
    check_the_real_cycle(action)


@settings(max_examples=4)
@given(st.lists(st.integers(-5, 5), min_size=3, max_size=3))
def test_adjacency_is_mutual(coefficients):
    """Of two points whose segment holds no other critical value, n_pq = n_qp up to the sign."""
    text = "x^4/4 + " + " + ".join(f"({c})*x^{k + 1}/{k + 1}" for k, c in enumerate(coefficients))
    action = Action(text)
    points = action.critical_points()
    assume(not any(p.is_degenerate for p in points))
    numbers = {}
    for p in points:
        for adjacency in Intersections(action, p).adjacencies(5):
            for q, n in zip(adjacency.place.points, adjacency.numbers, strict=True):
                numbers[p, q] = n
                assert abs(n) <= 1
    values = {p: complex(p.value.ball(64)) for p in points}
    for (p, q), n in numbers.items():
        a = values[q] - values[p]
        others = [(v - values[p]) / a for v in values.values()]
        if not any(abs(v.imag) < 1e-9 and 1e-9 < v.real < 1 - 1e-9 for v in others):
            assert abs(n) == abs(numbers[q, p])


# -- the real integral -------------------------------------------------------------------------------------------------


def test_indices_of_real_points():
    action = Action("(x^2-1)^2 + (y^2-1)^2 + (z^2-1)^2 + x/10 + y/7 + z/5")
    signs = {0: 1, 1: 1, 2: -1, 3: -1}
    for point, number in real_cycle(action):
        hessian = np.diag([12 * float(x.value.real) ** 2 - 4 for x in point.coordinates])
        assert number == signs[int((np.linalg.eigvalsh(hessian) < 0).sum())]


def test_index_with_vanishing_minors():
    """x y has the leading minors 0 and -1."""
    found = real_cycle(Action("x*y + x^4 + y^4"))
    assert sorted(n for _, n in found) == [1, 1, 1]


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x^4/4 - x^3/3", "is degenerate"),
        ("x^3/3 + x", "no real critical point"),
        ("x^2/2 - x^3/3", "does not go to infinity"),
        ("-x^2 - y^2", "does not go to infinity"),
        ("x^2 - y^2", "does not go to infinity"),
    ],
)
def test_refusals_of_the_real_cycle(text, words):
    with pytest.raises(ValueError, match=words):
        real_cycle(Action(text))


def test_degenerate_places_are_left_open():
    [adjacency] = Intersections((action := Action("x^4/4 - x^3/3")), action.critical_points()[1]).adjacencies(10)
    assert adjacency.numbers is None
    assert adjacency.stokes_constant is None
    assert adjacency.is_singular
    assert "degenerate" in adjacency.reason


def test_refused_points():
    action, other = Action("x^4/4 - x^3/3"), Action("x^2 + x^4")
    with pytest.raises(ValueError, match="is degenerate"):
        Intersections(action, action.critical_points()[0])
    with pytest.raises(ValueError, match="of another action"):
        Intersections(action, other.critical_points()[0])
    with pytest.raises(TypeError, match="one of its critical points"):
        Intersections(action, 1)
    # V = 0 at the nondegenerate point 1 and at the degenerate point 0.
    both = Action("x^3*(x - 1)^2")
    regular = next(p for p in both.critical_points() if p.is_rational and p.algebraic[0] == 1)
    with pytest.raises(ValueError, match="with the value of"):
        Intersections(both, regular)
