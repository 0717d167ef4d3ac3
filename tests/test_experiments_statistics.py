"""Paired statistics: against enumeration, scipy, and what they have to obey."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, wilcoxon

from validation.experiments.paired_statistics import (
    compare,
    holm,
    log_ratios,
    median_interval,
    relative_differences,
    signed_rank,
)

#: Few values, so that ties and zeros are common.
COARSE = st.sampled_from([-math.inf, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, math.inf])
FIGURES = st.one_of(st.floats(1e-6, 1e6), st.just(math.inf))


def by_enumeration(differences):
    """Both by all sign patterns, equally likely, of the ranks."""
    kept = [d for d in differences if d != 0]
    if not kept:
        return 1.0, 0.0
    ranks = rankdata(np.abs(kept))
    observed = float(np.sign(kept) @ ranks)
    totals = [float(np.dot(signs, ranks)) for signs in itertools.product((-1, 1), repeat=len(kept))]
    return sum(abs(total) >= abs(observed) for total in totals) / len(totals), observed / ranks.sum()


@given(st.lists(COARSE, min_size=1, max_size=9))
def test_signed_rank_is_that_of_all_sign_patterns(differences):
    assert signed_rank(differences) == pytest.approx(by_enumeration(differences), abs=1e-12)


def test_signed_rank_agrees_with_scipy():
    differences = np.random.default_rng(1).normal(0.3, 1.0, 40)
    assert signed_rank(differences)[0] == pytest.approx(float(wilcoxon(differences).pvalue), rel=1e-12)


@pytest.mark.parametrize("n", [1, 5, 6, 10, 12])
def test_the_least_p_value(n):
    """All pairs on one side: 2^(1 - n), whether finite or not."""
    for largest in (1.0 + n, math.inf):
        p, effect = signed_rank([*np.arange(1.0, n), largest])
        assert (p, effect) == (pytest.approx(2.0 ** (1 - n)), 1.0)


def test_divergences_count_by_rank():
    """One divergence among five is the worst pair, however large; two on opposite sides cancel."""
    finite = compare([0.9, 0.8, 0.7, 0.6, 1e9], [1.0] * 5)
    infinite = compare([0.9, 0.8, 0.7, 0.6, math.inf], [1.0] * 5)
    assert (finite.p_value, finite.effect) == (infinite.p_value, infinite.effect)
    assert infinite.high == math.inf
    assert infinite.median == pytest.approx(-0.2)
    assert compare([math.inf, 1.0], [1.0, math.inf]).effect == 0
    assert compare([math.inf] * 3, [math.inf] * 3).p_value == 1


@given(st.lists(st.tuples(FIGURES, FIGURES), min_size=1, max_size=12), st.sampled_from([0.85, 1.0, 1.05]))
def test_compare_turns_round_with_the_pairs(pairs, ratio):
    """a against b at a ratio is b against a at its inverse, with the effect reversed."""
    a, b = zip(*pairs, strict=True)
    there, back = compare(a, b, ratio), compare(b, a, 1 / ratio)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.effect == pytest.approx(-back.effect, abs=1e-12)
    assert there.low <= there.median <= there.high


@given(st.lists(st.tuples(FIGURES, FIGURES), min_size=1, max_size=8), st.integers(-20, 20))
def test_units_do_not_matter(pairs, power):
    a, b = zip(*pairs, strict=True)
    scaled = compare([2.0**power * x for x in a], [2.0**power * x for x in b])
    assert scaled.median == pytest.approx(compare(a, b).median, rel=1e-9, abs=1e-12)


def test_a_ratio_that_is_met_exactly_is_a_tie():
    b = np.linspace(0.1, 3.0, 9)
    assert compare((0.85 * b).tolist(), b.tolist(), 0.85).effect == 0
    assert compare((0.84 * b).tolist(), b.tolist(), 0.85).p_value == pytest.approx(2.0**-8)
    assert compare((0.86 * b).tolist(), b.tolist(), 0.85).effect == 1


def test_ratios_and_differences():
    assert relative_differences([3.0, 0.0, 5.0], [2.0, 1.0, 0.0]).tolist() == pytest.approx([0.5, -1.0, math.inf])
    assert log_ratios([0.0, 0.0], [0.0, math.inf]).tolist() == [0.0, -math.inf]


def test_the_interval_covers_the_median():
    """In some 95 of 100 samples of twenty: at least 88, which a true 95 % misses once in three hundred."""
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(100):
        low, high = median_interval(generator.exponential(size=20))
        covered += low <= math.log(2) <= high
    assert covered >= 88
    assert median_interval([0.5]) == (0.5, 0.5)


def test_the_interval_is_wider_at_higher_confidence():
    values = np.random.default_rng(4).normal(size=15)
    (a, b), (c, d) = median_interval(values, 0.8), median_interval(values, 0.99)
    assert c < a < b < d


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_the_closed_test_of_bonferroni(p_values):
    """Adjusted p of each hypothesis: the largest Bonferroni p of all sets that contain it (Marcus et al. 1976)."""
    adjusted = holm(p_values)
    for index, p in enumerate(p_values):
        # Of the sets with k members the one with the largest least p has the k - 1 largest others.
        others = sorted((q for k, q in enumerate(p_values) if k != index), reverse=True)
        largest = max(min(1.0, (k + 1) * min([p, *others[:k]])) for k in range(len(p_values)))
        assert adjusted[index] == pytest.approx(largest)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare([1.0], [1.0, 2.0]), "equal length"),
        (lambda: compare([], []), "not empty"),
        (lambda: compare([math.nan], [1.0]), "NaN or negative"),
        (lambda: compare([1.0], [-1.0]), "NaN or negative"),
        (lambda: compare([1.0], [1.0], ratio=0.0), "ratio must be positive"),
        (lambda: compare([1.0], [1.0], confidence=1.0), "between 0 and 1"),
        (lambda: signed_rank([math.nan]), "NaN"),
        (lambda: median_interval([]), "at least one"),
        (lambda: median_interval([-math.inf]), "-inf"),
        (lambda: holm([0.5, 1.5]), "p-values"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
