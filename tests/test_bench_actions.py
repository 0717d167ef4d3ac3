"""Times of exact work on actions. The bounds are what a reader of the README may count on, on two slow cores."""

import time

import pytest

import resurgence as rs

HIMMELBLAU = "(x**2+y-11)**2+(x+y**2-7)**2"
GENERIC = "x^4 + y^4 + z^4 + x*y*z + 2*x^2 - 3*y^2 + z^2 + x*y - z + 2*x - y + x^2*y*z"


@pytest.mark.parametrize(
    ("task", "seconds"),
    [
        pytest.param(lambda: rs.Action(HIMMELBLAU).critical_values(), 1, id="critical values of Himmelblau's function"),
        pytest.param(lambda: rs.Action(GENERIC).critical_values(), 10, id="27 critical values of a quartic in space"),
        pytest.param(lambda: rs.Action("x**2 + x**4").expand(1000, at=0), 1, id="1000 terms of the quartic oscillator"),
        pytest.param(lambda: rs.Action(HIMMELBLAU).expand(500, at=(3, 2)), 5, id="500 terms of Himmelblau's function"),
    ],
)
def test_exact_work_is_quick(benchmark, task, seconds):
    start = time.perf_counter()
    result = benchmark.pedantic(task, rounds=3)
    assert (time.perf_counter() - start) / 3 < seconds
    assert len(result) >= 6


def test_the_generic_quartic_has_27_critical_points():
    assert sum(c.multiplicity for c in rs.Action(GENERIC).critical_values()) == 27
