"""Taylor integration against solutions in closed form; its bounds on random paths, wide balls, and next to poles."""

import cmath
import math

import pytest
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import taylor_integration
from resurgence.numbers import working_precision
from resurgence.taylor_integration import SecondOrderEquation

#: Equation, solution and slope.
KNOWN = {
    "sine": (SecondOrderEquation({(0, 1): -1}), lambda x: x.sin(), lambda x: x.cos()),
    "Airy": (
        SecondOrderEquation({(1, 1): 1}),
        lambda x: x.airy_ai(),
        lambda x: x.airy_ai(derivative=1),
    ),
    "parabolic cylinder": (  # exp(-x^2/2)
        SecondOrderEquation({(2, 1): 1, (0, 1): -1}),
        lambda x: (-(x**2) / 2).exp(),
        lambda x: -x * (-(x**2) / 2).exp(),
    ),
    "double pole": (SecondOrderEquation({(0, 2): 6}), lambda x: 1 / (x - 9) ** 2, lambda x: -2 / (x - 9) ** 3),
    "hyperbolic tangent": (
        SecondOrderEquation({(0, 3): 2, (0, 1): -2}),
        lambda x: x.tanh(),
        lambda x: 1 / x.cosh() ** 2,
    ),
    "polynomial": (
        SecondOrderEquation({(1, 0): 6, (0, 0): "1/2"}),
        lambda x: x**3 + x**2 / 4,
        lambda x: 3 * x**2 + x / 2,
    ),
}


def close(real, imag=0.0):
    """A point with small denominators."""
    return acb(fmpq(round(64 * real), 64), fmpq(round(64 * imag), 64))


points = st.builds(close, st.floats(-3, 3), st.floats(-1.2, 1.2))


@settings(max_examples=40)
@given(st.sampled_from(sorted(KNOWN)), st.lists(points, min_size=2, max_size=4), st.integers(64, 400))
def test_closed_forms_are_enclosed(name, path, bits):
    equation, solution, slope = KNOWN[name]
    with working_precision(bits):
        value, rate = equation.integrate(path, solution(path[0]), slope(path[0]), bits)
    with working_precision(2 * bits):
        assert value.overlaps(solution(path[-1]))
        assert rate.overlaps(slope(path[-1]))
    assert max(value.rad(), rate.rad()) < arb(2) ** (40 - bits // 2)


@pytest.mark.parametrize("bits", [64, 128, 512])
def test_the_error_is_that_of_the_bits(bits):
    """A ball that is wide contains everything: it must be narrow as well."""
    equation = KNOWN["hyperbolic tangent"][0]
    with working_precision(bits):
        value, _ = equation.integrate([acb(0), acb(2)], acb(0), acb(1), bits)
        assert value.overlaps(acb(2).tanh())
        assert value.rad() < arb(2) ** (24 - bits)


def coarse(monkeypatch):
    """Few terms and long steps, so that what the polynomials leave out is large."""
    monkeypatch.setattr(taylor_integration, "_ORDER_PER_BIT", 0.12)
    monkeypatch.setattr(taylor_integration._Taylor, "step", lambda self, bits: arb(0.75))


def test_the_bounds_hold_where_much_is_left_out(monkeypatch):
    coarse(monkeypatch)
    for name, (equation, solution, slope) in KNOWN.items():
        value, rate = equation.integrate([acb(0), acb(1, 1)], solution(acb(0)), slope(acb(0)), 160)
        with working_precision(400):
            assert value.overlaps(solution(acb(1, 1))), name
            assert rate.overlaps(slope(acb(1, 1))), name


def test_a_spoiled_residual_is_noticed(monkeypatch):
    """The test above can fail: without the residuals the ball misses the solution."""
    coarse(monkeypatch)
    monkeypatch.setattr(taylor_integration._Taylor, "residuals", lambda self, h: [arb(0)] * 3)
    equation, solution, slope = KNOWN["hyperbolic tangent"]
    value, _ = equation.integrate([acb(0), acb(1, 1)], solution(acb(0)), slope(acb(0)), 160)
    with working_precision(400):
        assert not value.overlaps(solution(acb(1, 1)))


@settings(max_examples=15)
@given(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([1e-3, 1e-6, 1e-12]))
def test_solutions_from_a_ball_of_initial_values(a, b, size):
    """Every solution that starts in the ball ends in the ball: Painlevé's first equation, without a closed form."""
    equation = SecondOrderEquation({(0, 2): 6, (1, 0): -1})
    path = [acb(0), acb(1, 1)]
    ball = acb(arb(-0.2, size)), acb(arb(-0.3, size))
    value, slope = equation.integrate(path, *ball, 100)
    one = equation.integrate(path, acb(-0.2 + a * size), acb(-0.3 + b * size), 100)
    assert value.contains(one[0])
    assert slope.contains(one[1])
    assert value.rad() < arb(100 * size)


def test_round_trip_around_a_pole():
    """The solutions of Painlevé's equations are meromorphic: around a pole and back to the same value."""
    equation = SecondOrderEquation({(0, 2): 6, (1, 0): 1})
    start = acb(fmpq(1, 2)), acb(-3)
    circle = [acb(math.cos(2 * math.pi * k / 8) - 1, math.sin(2 * math.pi * k / 8)) for k in range(8)]
    value, slope = equation.integrate([acb(0), *circle, acb(0)], *start, 160)
    assert value.contains(start[0])
    assert slope.contains(start[1])
    assert value.rad() < arb(2) ** -100


def test_real_data_give_real_values():
    value, slope = SecondOrderEquation({(0, 3): 2, (1, 1): 1}).integrate([acb(0), acb(-2)], acb(1) / 3, acb(-0.25), 90)
    assert value.imag.is_zero()
    assert slope.imag.is_zero()


def test_the_last_corner_may_be_a_ball():
    equation, solution, slope = KNOWN["hyperbolic tangent"]
    end = acb(arb(1, 1e-4), arb(0, 1e-4))
    value, rate = equation.integrate([acb(0), end], acb(0), acb(1), 80)
    for k in range(8):
        x = acb(1) + 1e-4 * acb(cmath.exp(0.785j * k))
        assert value.contains(solution(x))
        assert rate.contains(slope(x))
    with pytest.raises(ValueError, match="the end of the path is too uncertain"):
        equation.integrate([acb(0), acb(arb(1, 3))], acb(0), acb(1), 80)


def test_trivial_integrations():
    nothing = SecondOrderEquation({})
    assert str(nothing) == "u'' = 0"
    value, slope = nothing.integrate([acb(0), acb(3)], acb(1), acb(2), 60)
    assert value.contains(7)
    assert slope.contains(2)
    value, slope = SecondOrderEquation({(0, 2): 6}).integrate([acb(0), acb(3)], acb(0), acb(0), 60)
    assert value.contains(0)
    assert value.rad() < arb(1e-10)
    assert SecondOrderEquation({(0, 2): 6}).integrate([acb(5)], acb(1), acb(2), 60) == (acb(1), acb(2))


def test_a_pole_on_the_path():
    with pytest.raises(ValueError, match=r"beyond x = (9|8\.99).*has a pole near the path"):
        SecondOrderEquation({(0, 2): 6}).integrate([acb(0), acb(10)], acb(1) / 81, acb(2) / 729, 100)


def test_initial_values_that_are_too_uncertain():
    with pytest.raises(ValueError, match="the initial values are too uncertain"):
        SecondOrderEquation({(0, 2): 6}).integrate([acb(0), acb(3)], acb(arb(1, 0.5)), acb(arb(0, 3)), 100)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [([], acb(1), "at least one corner"), ([acb(0)], acb("nan"), "finite"), ([acb("inf")], acb(1), "finite")],
)
def test_integrate_refuses(path, value, message):
    with pytest.raises(ValueError, match=message):
        SecondOrderEquation({(0, 2): 6}).integrate(path, value, acb(0), 60)


@pytest.mark.parametrize(
    ("terms", "exception", "message"),
    [
        ({(0, -1): 1}, TypeError, "non-negative integers"),
        ({2: 1}, TypeError, "pairs"),
        ({(0, True): 1}, TypeError, "non-negative integers"),
        ({(0, 1): 1j}, ValueError, "must be rational"),
        ({(0, 1): "x"}, ValueError, "not a number"),
    ],
)
def test_equations_refuse(terms, exception, message):
    with pytest.raises(exception, match=message):
        SecondOrderEquation(terms)
