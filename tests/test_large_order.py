"""Ratios and Richardson extrapolation."""

import math
from fractions import Fraction
from itertools import accumulate

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.action import Action
from resurgence.algebraic import AlgebraicNumber, gaussian_rational
from resurgence.large_order import levin, ratio_limit, ratios, richardson, richardson_table, weniger
from resurgence.numbers import Enclosure
from resurgence.series import FormalSeries

HIMMELBLAU = "(x**2+y-11)**2+(x+y**2-7)**2"
SADDLE = "13.311926270405589888872797792"
rationals = st.fractions(min_value=-5, max_value=5, max_denominator=9)


def factorial_series(terms, sign=1):
    return FormalSeries.from_function(lambda n: sign**n * math.factorial(n), terms)


# -- ratios ------------------------------------------------------------------------------------------------------------


def test_ratios_of_a_series_are_those_of_its_borel_transform():
    assert ratios(factorial_series(5, -1)) == (Fraction(-1),) * 4
    assert ratios(factorial_series(5, -1).borel()) == (Fraction(-1),) * 4


def test_ratios_with_leroy_parameters():
    series = factorial_series(6)
    assert ratios(series.borel(1)) == tuple(Fraction(n + 2, n + 1) for n in range(5))
    half = ratios(series.borel(Fraction(1, 2)))
    assert all(isinstance(r, Enclosure) and r.contains(Fraction(2 * n + 3, 2 * n + 2)) for n, r in enumerate(half))


def test_ratios_of_numbers_of_each_kind():
    assert ratios([gaussian_rational(0, 1), gaussian_rational(2, 0)])[0] == gaussian_rational(0, 1) / 2
    mixed = ratios([gaussian_rational(0, 1), 2.0])[0]
    assert isinstance(mixed, Enclosure)
    assert mixed.contains(0.5j)
    assert isinstance(ratios([gaussian_rational(0, 1), gaussian_rational(1, 1)])[0], AlgebraicNumber)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [([1, 0, 1], "number 1 is zero"), ([1, 2, Enclosure(mpmath.mpc(0), mpmath.mpf(1), "certified")], "may be zero")],
)
def test_ratios_refuse_zeros(numbers, message):
    with pytest.raises(ValueError, match=message):
        ratios(numbers)


# -- Richardson --------------------------------------------------------------------------------------------------------


@given(st.lists(rationals, min_size=1, max_size=6), st.integers(1, 30))
@settings(max_examples=50, deadline=None)
def test_richardson_is_exact_on_polynomials_in_1_over_n(coefficients, first):
    sequence = [sum(c / Fraction(n) ** k for k, c in enumerate(coefficients)) for n in range(first, first + 10)]
    assert set(richardson(sequence, len(coefficients) - 1, first=first)) == {coefficients[0]}


def test_richardson_of_order_zero_changes_nothing():
    assert richardson([1, Fraction(1, 2)], 0) == (1, Fraction(1, 2))


def test_richardson_carries_the_error_of_balls():
    values = richardson([1 + 1.0 / n for n in range(10, 20)], 2, first=10)
    assert all(isinstance(v, Enclosure) and v.contains(1) and v.error > 1e-16 for v in values)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1, 2], 2), ValueError, "between 0 and 1"),
        (([1, 2], -1), ValueError, "between 0 and 1"),
        (([], 0), ValueError, "between 0 and -1"),
        (([1, 2], 1.0), TypeError, "order must be an integer"),
        (([1, math.nan], 1), ValueError, "finite"),
    ],
)
def test_richardson_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        richardson(*arguments)


def test_richardson_refuses_a_first_index_that_is_none():
    with pytest.raises(ValueError, match="first must not be negative"):
        richardson([1, 2], 1, first=-1)
    with pytest.raises(TypeError, match="first must be an integer"):
        richardson([1, 2], 1, first="0")


# -- the limit of the ratios -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [models.euler, models.quartic, models.cubic, models.error_function])
@pytest.mark.parametrize("terms", [10, 40, 150])
def test_the_limit_is_the_singularity(model, terms):
    limit = ratio_limit(model.series(terms))
    assert limit.status == "estimated"
    assert limit.contains(model.singularities[0].location)


def test_the_lowest_saddle_of_himmelblau_from_local_data():
    """500 exact coefficients at the minimum (3, 2); the saddle is a root of an irreducible quintic."""
    action = Action(HIMMELBLAU)
    limit = ratio_limit(action.expand(500, at=(3, 2)), digits=25)
    assert limit.digits >= 25
    assert limit.contains(action.critical_values()[1].algebraic)
    assert abs(limit.value - mpmath.mpf(SADDLE)) < 1e-15


def test_noise_in_the_coefficients_is_noise_in_the_limit():
    exact = models.quartic.series(60)
    noisy = FormalSeries([float(a) for a in exact.coefficients])
    limit = ratio_limit(noisy)
    assert limit.contains(Fraction(-1, 4))
    assert 1e-15 < limit.error < 1e-6


def test_the_limit_of_complex_ratios():
    a = gaussian_rational(1, 1)
    limit = ratio_limit([(2 * a) ** n * Fraction(1, n + 1).numerator for n in range(20)])
    assert limit.contains(0.25 - 0.25j)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (factorial_series(7), "at least 8 coefficients"),
        (FormalSeries([1, 0] * 10), "is zero"),
        ([round(2**n * math.cos(n) * 10**9) for n in range(30)], "do not settle"),
    ],
)
def test_the_limit_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        ratio_limit(source)


def test_the_digits_of_the_limit_are_checked():
    with pytest.raises(TypeError, match="digits must be an integer"):
        ratio_limit(factorial_series(20), digits=1.5)


# -- Levin and Weniger -------------------------------------------------------------------------------------------------

TRANSFORMS = [levin, weniger]


@pytest.mark.parametrize("transform", TRANSFORMS)
@given(rationals, rationals.filter(bool), rationals.filter(lambda q: q not in (0, 1)), st.integers(2, 5))
@settings(max_examples=20)
def test_transforms_are_exact_on_geometric_sequences(transform, s, c, q, order):
    """s_n - s = c q^n is d_n q/(q - 1): the first term of the expansion alone."""
    assert set(transform([s + c * q**n for n in range(10)], order)) == {s}


@pytest.mark.parametrize(
    ("transform", "term", "limit", "accuracy"),
    [
        (levin, lambda n: Fraction(1, n * n), lambda c: c.pi**2 / 6, 1e-12),
        (levin, lambda n: Fraction(1, n**3), lambda c: c.zeta(3), 1e-12),
        (levin, lambda n: Fraction((-1) ** (n + 1), n), lambda c: c.log(2), 1e-18),
        (levin, lambda n: Fraction(1, 2**n * n), lambda c: c.log(2), 1e-12),
        (weniger, lambda n: Fraction((-1) ** (n + 1), n), lambda c: c.log(2), 1e-18),
        (weniger, lambda n: Fraction(1, 2**n * n), lambda c: c.log(2), 1e-12),
    ],
)
def test_limits_of_sums(transform, term, limit, accuracy):
    context = mpmath.MPContext()
    context.dps = 40
    [value] = transform(accumulate(term(n) for n in range(1, 32)), 29, first=1)
    assert isinstance(value, Fraction)
    assert abs(context.mpf(value.numerator) / value.denominator - limit(context)) < accuracy


def test_levin_is_that_of_mpmath():
    """Weniger's (7.3-5) as it stands in mpmath (method "levin", variant "u"), from the same partial sums."""
    context = mpmath.MPContext()
    context.dps = 60
    sums = list(accumulate(Fraction(1, (n + 1) ** 2) for n in range(15)))
    theirs = context.levin(method="levin", variant="u")
    value, _ = theirs.update_psum([context.mpf(s.numerator) / s.denominator for s in sums])
    # Theirs begins with the difference s_0 - 0.
    [mine] = levin([Fraction(0), *sums], 14, first=0)
    assert abs(context.mpf(mine.numerator) / mine.denominator - value) < context.mpf(10) ** -40


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("model", [models.quartic, models.cubic, models.error_function])
def test_ratios_have_the_same_limit_by_three_methods(transform, model):
    series = model.series(40)
    value = transform(ratios(series), 20, first=1)[-1]
    exact = model.singularities[0].location
    assert abs(float(value) / float(exact) - 1) < 1e-12
    assert abs(float(value) / float(ratio_limit(series).value.real) - 1) < 1e-12


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transforms_carry_the_error_of_balls(transform):
    values = transform([1 + 1.0 / n for n in range(10, 20)], 3, first=10)
    assert len(values) == 6
    assert all(isinstance(v, Enclosure) and v.contains(1) and v.error > 1e-16 for v in values)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_transforms_settle_where_the_differences_vanish(transform):
    """The documented failure: s_n = 1/(6n) - 7/n^2 turns at n = 84, and from n < 50 that is taken for its limit 0."""
    value = float(transform([Fraction(1, 6 * n) - Fraction(7, n * n) for n in range(1, 50)], 20, first=1)[-1])
    turn = 1 / (6 * 84) - 7 / 84**2
    assert abs(value - turn) < 1e-6
    assert abs(value) > 9e-4


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(
    ("arguments", "first", "error", "message"),
    [
        (([1, 2, 4], 2), 0, ValueError, "between 0 and 1 for 3"),
        (([1, 2, 4], 1.0), 0, TypeError, "order must be an integer"),
        (([1, 2, 4], 1), -1, ValueError, "first must not be negative"),
        (([1, 2, 4], 1), "0", TypeError, "first must be an integer"),
        (([1, 2, 2, 4], 1), 3, ValueError, "elements 4 and 5 are equal"),
        (([1.0, 1.0, 2.0], 1), 0, ValueError, "elements 0 and 1 are equal, or may be"),
    ],
)
def test_transforms_refuse(transform, arguments, first, error, message):
    with pytest.raises(error, match=message):
        transform(*arguments, first=first)


# -- tables ------------------------------------------------------------------------------------------------------------


def test_a_table_has_ratios_and_their_extrapolations():
    series = models.quartic.series(40)
    found = ratios(series)
    table = richardson_table(series, (0, 1, 3), (10, 39))
    assert [row[0] for row in table] == [found[9], found[38]]
    for row, n in zip(table, (10, 39), strict=True):
        assert row[1] == n * found[n - 1] - (n - 1) * found[n - 2]
        [third] = richardson(found[n - 4 : n], 3, first=n - 3)
        assert row[2] == third
    errors = [abs(entry + Fraction(1, 4)) for entry in table[1]]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize(
    ("orders", "ns", "error", "message"),
    [
        ((0,), (20,), ValueError, "ns lie between 1 .* and 19, got 20"),
        ((3,), (3,), ValueError, "ns lie between 4"),
        ((-1,), (3,), ValueError, "orders must not be negative"),
        ((1.0,), (3,), TypeError, "each of the orders must be an integer"),
        ((1,), (True,), TypeError, "each of the ns must be an integer"),
        ((), (3,), ValueError, "at least one order"),
        ((1,), (), ValueError, "at least one order"),
    ],
)
def test_tables_refuse(orders, ns, error, message):
    with pytest.raises(error, match=message):
        richardson_table(factorial_series(20), orders, ns)
