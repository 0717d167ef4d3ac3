"""The linear system of the Borel transforms: moments, closed forms, and error bounds against sharper evaluations."""

import math
from functools import cache

import pytest
from flint import acb, acb_mat, arb, fmpq, fmpq_mat
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence.action import Action
from resurgence.borel_system import BorelSeries, borel_system
from resurgence.numbers import ball, working_precision

HIMMELBLAU = "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"
ACTIONS = [
    "x^2 + x^4",
    "x^2/2 - x^3/3",
    "x^2/2 + x^6/6",
    "x^2/2 + x^3/3 + x^4/4",
    "x^2 + y^2 + x^2*y^2",
    "x^4 + y^4 + x^2*y - x*y/2 + y",
    HIMMELBLAU,
    # Three matrices, so that W has two blocks.
    "x^2 + y^2 + x^4*y^4",
    "x^3*y^2 + x^2 + y + x*y",
]


@cache
def action_of(text):
    action = Action(text)
    return action, system_of(action), action.critical_points()


def system_of(action):
    return borel_system(action.connection().rational_matrices, action.dimension)


def double_factorial(n):
    return math.prod(range(n, 0, -2))


def gaussian(*exponents):
    """<x^e> for exp(-x^2/g), over powers of g; None for odd exponents."""
    if any(e % 2 for e in exponents):
        return None
    return fmpq(math.prod(double_factorial(e - 1) for e in exponents), 2 ** (sum(exponents) // 2))


@pytest.mark.parametrize(
    ("text", "shape"),
    [("x^2 + x^4", (4,)), ("x^2 + x^6", (6,)), ("x^2 + y^2 + x^2*y^2", (2, 2)), ("x^2 + y^2 + x^4*y^4", (4, 4))],
)
def test_gaussian_moments_satisfy_the_system_exactly(text, shape):
    """Coefficients of exp(-(quadratic + monomial)/g), integrated term by term, in (t - A_0) B = G W."""
    action = Action(text)
    connection = action.connection()
    system = system_of(action)
    size, count = len(connection.basis), 25
    blocks = system.shift.nrows() // size
    vectors = [fmpq_mat(size, 1) for _ in range(count)]
    for i, monomial in enumerate(connection.basis):
        exponents = [int(monomial.as_powers_dict().get(x, 0)) for x in action.variables]
        for k in range(2 * count):
            powers = [e + k * s for e, s in zip(exponents, shape, strict=True)]
            moment = gaussian(*powers)
            n = sum(powers) // 2 - k
            if moment is not None and n < count:
                vectors[n][i, 0] = vectors[n][i, 0] + fmpq((-1) ** k, math.factorial(k)) * moment
    b = [v * fmpq(1, math.factorial(n)) for n, v in enumerate(vectors)]
    for n in range(count):
        left = (b[n - 1] if n else fmpq_mat(size, 1)) - system.matrix * b[n]
        w = fmpq_mat(blocks * size, 1)
        for j in range(1, min(blocks, n) + 1):
            for i in range(size):
                w[(j - 1) * size + i, 0] = b[n - j][i, 0] * fmpq(math.factorial(n - j), math.factorial(n))
        assert left == system.source * w


@pytest.mark.parametrize("text", ACTIONS)
def test_coefficients_at_every_point(text):
    action = Action(text)
    system = system_of(action)
    for point in action.critical_points():
        series = BorelSeries(system, point)
        with working_precision(64):
            reach = series.radius(64) / 3
        coefficients, _ = series.taylor(reach, 100)
        for n, a in enumerate(action.expand(20, at=point).coefficients):
            with working_precision(200):
                assert coefficients[n].overlaps(ball(a, 200) / math.factorial(n))


def test_projector_and_exponents():
    """P A_1 P = (d/2) P, on which the recurrence rests."""
    action = Action(HIMMELBLAU)
    system = system_of(action)
    first = action.connection().rational_matrices[1]
    for point in action.critical_points():
        with working_precision(200):
            projector, inverse = BorelSeries(system, point)._parts(200)
            residual = projector * acb_mat(first) * projector - projector
            assert all(c.contains(0) and c.rad() < 1e-30 for c in residual.entries())
            assert all(c.contains(0) for c in (inverse * projector).entries())


@settings(max_examples=20)
@given(st.fractions(0, "4/5", max_denominator=20), st.floats(0, 6.28), st.sampled_from(ACTIONS), st.integers(0, 8))
def test_truncation_errors_are_covered(part, angle, text, index):
    _, system, points = action_of(text)
    coarse, fine = (BorelSeries(system, points[index % len(points)]) for _ in range(2))
    with working_precision(64):
        t = (coarse.radius(64) * part.numerator / part.denominator * acb(0, angle).exp()).mid()
    for name in ("state", "vector"):
        rough, sharp = getattr(coarse, name)(t, 30), getattr(fine, name)(t, 160)
        with working_precision(200):
            assert all(
                a.overlaps(b) and a.rad() > b.rad() for a, b in zip(rough.entries(), sharp.entries(), strict=True)
            )
            assert all(b.rad() < 1e-30 * (1 + max(abs(c).mid() for c in sharp.entries())) for b in sharp.entries())


def test_bound_of_the_taylor_polynomial():
    """B = 2F1(1/6, 5/6; 1; 6 t) for V = x^2/2 - x^3/3 (Airy)."""
    action = Action("x^2/2 - x^3/3")
    series = BorelSeries(system_of(action), action.critical_points()[0])
    coefficients, bound = series.taylor(arb(1) / 9, 40)
    assert 1e-20 < float(bound) < 1e-11
    with working_precision(120):
        for k in range(7):
            t = acb(0, k).exp() / 9
            value = sum((b * t**n for n, b in enumerate(coefficients)), acb(0))
            exact = (6 * t).hypgeom_2f1(acb(fmpq(1, 6)), acb(fmpq(5, 6)), acb(1))
            assert abs(value - exact) < bound
            assert abs(value - exact) > bound * 1e-5


def test_series_solves_the_system():
    action = Action(HIMMELBLAU)
    system = system_of(action)
    series = BorelSeries(system, action.critical_points()[5])
    with working_precision(64):
        here, there = (acb(x, y) * series.radius(64).mid() for x, y in ((0.5, 0.0), (-0.3, 0.4)))
        path = [here.mid(), (here * acb(1, 1)).mid(), there.mid()]
    end = system.transport(series.state(path[0], 150), path, 170, series.value(170))
    direct = series.state(path[-1], 150)
    with working_precision(170):
        residual = acb_mat(system.source) * direct - (
            acb_mat(9, 9, [int(i == j) for i in range(9) for j in range(9)]) * (series.value(170) + path[-1])
            - acb_mat(system.matrix)
        ) * series.vector(path[-1], 150)
        assert all(c.contains(0) and c.rad() < 1e-35 for c in (end - direct).entries())
        assert all(c.contains(0) and c.rad() < 1e-35 for c in residual.entries())


def test_entire_germs():
    """All critical values alike: nothing is singular anywhere else."""
    for text in ("3*x^2/2", "x^2 - 3*x*y + y^2 + x"):
        action = Action(text)
        series = BorelSeries(system_of(action), action.critical_points()[0])
        coefficients, bound = series.taylor(arb(3), 60)
        assert series.radius(64) > 1e9
        assert coefficients[0].contains(1)
        assert all(b.contains(0) for b in coefficients[1:])
        assert bound < 1e-15
        with working_precision(80):
            assert (series.vector(acb(2, 1), 60)[0, 0] - 1).contains(0)


def test_refusals():
    action = Action("x^4/4 - x^3/3")
    degenerate = next(p for p in action.critical_points() if p.is_degenerate)
    regular = next(p for p in action.critical_points() if not p.is_degenerate)
    with pytest.raises(ValueError, match="is degenerate"):
        BorelSeries(system_of(action), degenerate)
    series = BorelSeries(system_of(action), regular)
    with working_precision(64):
        radius = series.radius(64)
    for reach in (radius, radius * 2):
        with pytest.raises(ValueError, match="does not converge"):
            series.taylor(reach, 50)
    with working_precision(64), pytest.raises(ValueError, match="too near"):
        series.taylor(radius * (1 - arb(2) ** -40), 50)


@settings(max_examples=15)
@given(st.lists(st.integers(-4, 4), min_size=3, max_size=5))
def test_random_actions_of_one_variable(coefficients):
    text = " + ".join(f"({c})*x^{k + 2}/{k + 2}" for k, c in enumerate(coefficients))
    try:
        action = Action(text)
        points = [p for p in action.critical_points() if not p.is_degenerate]
        expansions = [action.expand(12, at=p) for p in points]
    except ValueError:
        assume(False)
    for point, expansion in zip(points, expansions, strict=True):
        series = BorelSeries(system_of(action), point)
        with working_precision(64):
            reach = series.radius(64).min(arb(1)) / 4
        found, _ = series.taylor(reach, 100)
        with working_precision(200):
            for n, a in enumerate(expansion.coefficients[: len(found)]):
                assert found[n].overlaps(ball(a, 200) / math.factorial(n))
