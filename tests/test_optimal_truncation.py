"""Optimal truncation against certified sums."""

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.germs import Hypergeometric, Stirling
from resurgence.laplace import borel_sum
from resurgence.optimal_truncation import optimal_truncation
from resurgence.series import FormalSeries

GERMS = [
    Hypergeometric(1, 1, -1),
    Hypergeometric(1, 1, 1),
    Hypergeometric("1/4", "3/4", "-1/4"),
    Hypergeometric("1/6", "5/6", "1/6"),
    Stirling(),
]


@settings(max_examples=150)
@given(
    st.sampled_from(GERMS),
    st.sampled_from(["1/200", "1/50", "1/10", "-1/20", "1/30+1/40j", "-1/15-1/100j", "1j/40"]),
    st.integers(3, 120),
    st.sampled_from(["above", "below", "median"]),
)
def test_the_error_covers_every_sum(germ, g, terms, side):
    truth = borel_sum(FormalSeries(germ.coefficients(4), germ=germ), g, 80, side=side)
    value = optimal_truncation(FormalSeries(germ.coefficients(terms)), g, digits=80)
    assert value.status == "estimated"
    assert value.contains(truth), value


def test_the_sum_ends_before_the_least_term():
    series = FormalSeries(Hypergeometric(1, 1, -1).coefficients(40))
    value = optimal_truncation(series, "1/10")
    assert "number 10" in value.method
    assert value.contains(sum((-1) ** n * Fraction(math.factorial(n), 10**n) for n in range(10)))
    assert 1e-4 < value.error < 1e-2


def test_too_few_terms_are_said_to_be():
    value = optimal_truncation(FormalSeries([1, -1, 2, -6]), "1/100")
    assert "beyond" in value.method
    assert value.error < 1e-3


def test_terms_that_grow_from_the_start():
    value = optimal_truncation(FormalSeries([1, -1, 2, -6]), 5)
    assert value.value == 1
    assert value.error > 10


def test_two_terms_and_zeros():
    assert "beyond" in optimal_truncation(FormalSeries([1, 1]), 3).method
    assert optimal_truncation(FormalSeries([2, 0, 0]), 3).error == 0


def test_a_convergent_series_and_its_prefactor():
    series = FormalSeries([Fraction(1, math.factorial(n)) for n in range(40)], action=2, exponent="1/2", constant=3)
    value = optimal_truncation(series, "1/4")
    with mpmath.workdps(60):
        assert value.contains(3 * mpmath.exp(-8) / 2 * mpmath.exp(mpmath.mpf(1) / 4))
    assert value.digits > 25


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1, 2], 1), TypeError, "FormalSeries"),
        ((FormalSeries([1, 2, 3]), 0), ValueError, "zero"),
        ((FormalSeries([1, 2, 3]), float("inf")), ValueError, "finite"),
        ((FormalSeries([1, 2, 3]), None), TypeError, "number"),
        ((FormalSeries([1, 2, 3]), 1, -1), ValueError, "digits"),
        ((FormalSeries([1]), 1), ValueError, "at least two"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        optimal_truncation(*arguments)
