"""Every model, summed along random rays: the truth lies within the stated error.

Two routes: with the germ known (certified), and from the bare coefficients (estimated by Borel-Padé). The exact values
come from classical functions, so neither route is compared with itself.
"""

import cmath
import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resurgence as rs

NAMES = ["euler", "euler_alternating", "quartic", "cubic", "double_well", "stirling", "error_function", "bessel_k(1/3)"]


def _offsets(largest):
    """Angles off an axis of any size down to 1e-11; laplace.py takes a ray for one through a pole below 2^-40."""
    sizes = st.one_of(st.floats(0.01, largest), st.sampled_from([10.0**-k for k in range(1, 12)]))
    return st.builds(lambda sign, size: sign * size, st.sampled_from([-1, 1]), sizes)


@st.composite
def rays(draw, smallest, largest):
    """A coupling, a side, a direction within a quarter turn of its argument."""
    size = draw(st.fractions(min_value=Fraction(smallest), max_value=Fraction(largest), max_denominator=200))
    where = draw(st.sampled_from(["positive", "negative", "imaginary", "plane"]))
    if where == "plane":
        angle = draw(_offsets(3.1))
        g = complex(float(size) * cmath.exp(1j * angle))
    else:
        g = {"positive": size, "negative": -size, "imaginary": f"{size}j"}[where]
        angle = {"positive": 0.0, "negative": math.pi, "imaginary": math.pi / 2}[where]
    turned = draw(st.booleans())
    direction = angle + draw(_offsets(1.3)) if turned else None
    return g, draw(st.sampled_from(["above", "below", "median"])), direction


def _both(model, series, ray, digits):
    g, side, direction = ray
    continuation = None if series.germ else "pade"  # maps: tests/test_continued_sum.py
    total = rs.borel_sum(series, g, digits=digits, side=side, direction=direction, continuation=continuation)
    exact = model.exact(g, digits=digits + 20, side=side, direction=direction)
    return total, exact


@pytest.mark.parametrize("name", NAMES)
@given(ray=rays("1/100", "20"), digits=st.integers(1, 100))
@settings(max_examples=40)
def test_certified_sums_contain_the_exact_value(name, ray, digits):
    model = rs.models.get(name)
    total, exact = _both(model, model.series(3), ray, digits)
    assert total.status == "certified"
    assert total.contains(exact)
    assert total.digits >= digits - 1


@pytest.mark.parametrize("name", NAMES)
@given(ray=rays("1/50", "4"), digits=st.integers(1, 100), terms=st.integers(12, 90))
@settings(max_examples=25)
def test_estimated_sums_cover_the_exact_value(name, ray, digits, terms):
    model = rs.models.get(name)
    known = model.series(terms)
    bare = rs.FormalSeries(known.coefficients, action=known.action, exponent=known.exponent, constant=known.constant)
    total, exact = _both(model, bare, ray, digits)
    assert total.status == "estimated"
    assert total.contains(exact)
