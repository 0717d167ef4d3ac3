"""Levin's u and Weniger's delta against exact sums, with errors that cover the truth."""

import math
from fractions import Fraction
from functools import partial

import mpmath
import pytest
from flint import acb, arb
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.germs import Hypergeometric
from resurgence.laplace import borel_sum
from resurgence.numbers import enclosure
from resurgence.sequence_transformations import levin_u, weniger_delta
from resurgence.series import FormalSeries

#: The alternating twin of the Airy germ: int exp(-t/x) 2F1(1/6, 5/6; 1; -t) dt/x.
AIRY = Hypergeometric(Fraction(1, 6), Fraction(5, 6), -1)
METHODS = [levin_u, weniger_delta]
pade_sum = partial(borel_sum, continuation="pade")


def alternating(terms):
    return FormalSeries.from_function(lambda n: (-1) ** n * math.factorial(n), terms)


def test_the_airy_germ_at_a_tenth_from_81_coefficients():
    """Levin's u has 62.6 digits and Weniger's delta 73.9, where plain Borel-Padé has 50.

    Weniger's weights with the remainder estimate omega_j = t_j instead of t_(j+1) would reach 74.9 here.
    """
    series = FormalSeries(AIRY.coefficients(81))
    truth = enclosure(AIRY.sum("1/10", 400), "certified")
    reached = {}
    for method in (levin_u, weniger_delta, pade_sum):
        total = method(series, "1/10", digits=90)
        assert total.contains(truth)
        reached[method] = -float(mpmath.log10(abs(total.value - truth.value) / abs(truth.value)))
    assert reached[levin_u] >= 62
    assert reached[weniger_delta] >= 73
    assert 45 <= reached[pade_sum] < reached[levin_u]


@pytest.mark.parametrize("method", METHODS)
@given(
    name=st.sampled_from(["euler_alternating", "quartic", "error_function", "bessel_k(1/3)"]),
    g=st.fractions(min_value=Fraction(1, 100), max_value=5, max_denominator=100),
    terms=st.integers(8, 60),
    digits=st.integers(1, 60),
)
@settings(max_examples=60)
def test_errors_cover_the_exact_value(method, name, g, terms, digits):
    model = models.get(name)
    total = method(model.series(terms), g, digits=digits)
    assert total.status == "estimated"
    assert total.contains(model.exact(g, digits=digits + 40))


@pytest.mark.parametrize("method", METHODS)
def test_the_definition_at_low_order(method):
    """T_n by exact fractions, straight from the sums."""
    series, g, last = alternating(7), Fraction(1, 3), 6 if method is levin_u else 5
    terms = [Fraction(a) * g**n for n, a in enumerate(series.coefficients)]
    top = bottom = Fraction(0)
    for j in range(last + 1):
        if method is levin_u:
            c, omega = (j + 1) ** (last - 1), (j + 1) * terms[j]
        else:
            c, omega = math.prod(range(j + 1, j + last)), terms[j + 1]
        w = Fraction((-1) ** j * math.comb(last, j) * c) / omega
        top, bottom = top + w * sum(terms[: j + 1]), bottom + w
    exact = top / bottom
    value = method(series, g, digits=40).value.real
    assert abs(value - mpmath.mpf(exact.numerator) / exact.denominator) < 1e-14


@pytest.mark.parametrize("method", METHODS)
def test_coefficients_with_errors(method):
    exact = [(-1) ** n * math.factorial(n) for n in range(20)]
    noisy = FormalSeries([acb(arb(a, abs(a) * 1e-12)) for a in exact])
    total = method(noisy, "1/10", digits=12)
    assert total.contains(models.euler_alternating.exact("1/10"))
    assert total.error > 1e-13
    useless = method(FormalSeries([acb(arb(a, abs(a) * 0.3)) for a in exact]), "1/10")
    assert useless.error > 1
    with pytest.raises(ValueError, match="loses all bits"):
        method(FormalSeries([acb(arb(a, abs(a) * 0.3)) for a in exact]), "-1/10+1j/10")


@pytest.mark.parametrize("method", METHODS)
def test_a_convergent_series_on_the_positive_axis_is_no_stokes_line(method):
    total = method(FormalSeries([Fraction(1, n + 1) for n in range(30)]), "1/2", digits=15)
    assert total.contains(enclosure(acb(2).log() * 2, "certified")) or abs(total.value - 2 * mpmath.log(2)) < 1e-12


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("series", "g", "error", "message"),
    [
        (FormalSeries.from_function(math.factorial, 30), "1/10", ValueError, "Stokes line"),
        (alternating(5), 1, ValueError, "needs at least 6"),
        (alternating(20), 0, ValueError, "must not be zero"),
        (alternating(20), float("inf"), ValueError, "finite"),
        ([1, -1, 2], 1, TypeError, "FormalSeries"),
        (FormalSeries([1, 0, -2, 0, 3, 0, 7]), 1, ValueError, "coefficient 1 is zero"),
    ],
)
def test_refusals(method, series, g, error, message):
    with pytest.raises(error, match=message):
        method(series, g)
