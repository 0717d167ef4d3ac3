"""Two methods on the same seeds: is one better, by how much, and how sure is that.

Figures of merit are not negative, smaller is better, and a run that diverged or never arrived has an infinite one.
Pairs are compared by the logarithm of their ratio, of which infinities need the rank alone: the signed-rank test of
Wilcoxon (1945), the matched-pairs rank-biserial correlation (Kerby 2014), a percentile bootstrap of the median (Efron
1979), and the step-down correction of Holm (1979) where several problems are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = [
    "PairedComparison",
    "compare",
    "holm",
    "log_ratios",
    "median_interval",
    "relative_differences",
    "signed_rank",
]

Array = NDArray[np.float64]

#: Bootstrap samples, and their seed: the same figures give the same interval.
RESAMPLES, SEED = 10_000, 0

#: Logarithms of ratios that are nearer than this to the one asked about are at it, but for rounding.
_TIE = 1e-12


@dataclass(frozen=True)
class PairedComparison:
    """What n pairs (a, b) say.

    Attributes
    ----------
    pairs : int
        n.
    p_value : float
        Two-sided, of Wilcoxon's test that log(a/b) is symmetric about the logarithm of the ratio asked about.
    effect : float
        Rank-biserial correlation about that ratio, from -1 (a smaller in all pairs) to 1.
    median : float
        Of (a - b)/b; inf where it is.
    low, high : float
        Ends of its bootstrap interval.
    """

    pairs: int
    p_value: float
    effect: float
    median: float
    low: float
    high: float


def compare(a: Sequence[float], b: Sequence[float], ratio: float = 1.0, confidence: float = 0.95) -> PairedComparison:
    """Compare paired figures of merit.

    Parameters
    ----------
    a, b : sequences of float
        Of equal length, not negative; inf for a run without one.
    ratio : float, optional
        The test asks whether a/b is below or above this.
    confidence : float, optional
        Of the interval of the median relative difference.

    Returns
    -------
    PairedComparison

    Raises
    ------
    ValueError
        Lengths that differ, nothing to compare, NaN or a negative figure, a ratio that is not positive and finite, a
        confidence outside (0, 1).

    Examples
    --------
    >>> found = compare([0.8, 0.9, 1.6, 2.4, 0.4, 3.2], [1.0, 1.0, 2.0, 3.0, 0.5, 4.0])
    >>> found.p_value, found.effect, round(found.median, 12)
    (0.03125, -1.0, -0.2)
    """
    if not (math.isfinite(ratio) and ratio > 0):
        raise ValueError(f"ratio must be positive and finite, got {ratio}")
    logs = log_ratios(a, b)
    shifted = logs - math.log(ratio)
    shifted[np.abs(shifted) <= _TIE] = 0.0
    p_value, effect = signed_rank(shifted)
    differences = relative_differences(a, b)
    low, high = median_interval(differences, confidence)
    return PairedComparison(len(logs), p_value, effect, float(np.median(differences)), low, high)


def log_ratios(a: Sequence[float], b: Sequence[float]) -> Array:
    """log(a/b) of the pairs; inf where only a is infinite or only b is 0, -inf the other way round, 0 where both are.

    Examples
    --------
    >>> log_ratios([1.0, math.inf, 1.0, math.inf, 0.0], [1.0, 1.0, math.inf, math.inf, 0.0]).tolist()
    [0.0, inf, -inf, 0.0, 0.0]
    """
    x, y = _checked(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(x) - np.log(y)
    return np.where(x == y, 0.0, logs)


def relative_differences(a: Sequence[float], b: Sequence[float]) -> Array:
    """(a - b)/b of the pairs, from -1 to inf; limits where one is infinite or b is 0, and 0 where both are.

    Examples
    --------
    >>> relative_differences([0.5, math.inf, 1.0, math.inf], [1.0, 1.0, math.inf, math.inf]).tolist()
    [-0.5, inf, -1.0, 0.0]
    """
    with np.errstate(over="ignore"):
        return np.expm1(log_ratios(a, b))


def signed_rank(differences: Sequence[float] | Array) -> tuple[float, float]:
    """Wilcoxon's signed-rank test and the rank-biserial correlation of differences that may be infinite.

    Differences of 0 are left out (Wilcoxon 1945); ties have the mean of their ranks. The p-value is exact: of all
    choices of signs for these ranks, the part with a sum at least as far from its mean.

    Parameters
    ----------
    differences : sequence of float
        No NaN.

    Returns
    -------
    p_value, effect : float
        Two-sided; (W+ - W-)/(W+ + W-). 1 and 0 where all differences are 0.

    Examples
    --------
    >>> signed_rank([1.0, math.inf, 3.0, -0.5])
    (0.25, 0.8)
    """
    given = np.asarray(differences, dtype=np.float64)
    if np.isnan(given).any():
        raise ValueError("a difference is NaN: give inf for what diverged")
    given = given[given != 0]
    if not len(given):
        return 1.0, 0.0
    ranks = np.rint(2 * rankdata(np.abs(given))).astype(np.int64)  # doubled: ties have halves
    total, positive = int(ranks.sum()), int(ranks[given > 0].sum())
    chances = np.ones(1)  # of each sum of the ranks with the sign +
    for rank in ranks:
        chances = (np.pad(chances, (0, rank)) + np.pad(chances, (rank, 0))) / 2
    far = np.abs(2 * np.arange(total + 1) - total) >= abs(2 * positive - total)
    return min(1.0, float(chances[far].sum())), (2 * positive - total) / total


def median_interval(values: Sequence[float] | Array, confidence: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the median of values that may be inf (not -inf).

    For few values it is narrower than it says: with n values, that from the least to the largest one covers the median
    of a continuous distribution with probability 1 - 2^(1 - n), 0.75 for three.

    Examples
    --------
    >>> median_interval([1.0, 1.0, 1.0, math.inf])
    (1.0, inf)
    """
    sample = np.asarray(values, dtype=np.float64)
    if not len(sample) or np.isnan(sample).any() or (sample == -np.inf).any():
        raise ValueError("at least one value is needed, and none that is NaN or -inf")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    chosen = np.random.default_rng(SEED).integers(len(sample), size=(RESAMPLES, len(sample)))
    medians = np.median(sample[chosen], axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(medians, [tail, 1 - tail], method="inverted_cdf")  # no interpolation: inf - inf is NaN
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values lie in [0, 1], got {list(p_values)}")
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda k: p_values[k])):
        running = max(running, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = running
    return adjusted


def _checked(a: Sequence[float], b: Sequence[float]) -> tuple[Array, Array]:
    x, y = (np.asarray(values, dtype=np.float64) for values in (a, b))
    if x.ndim != 1 or x.shape != y.shape or not len(x):
        raise ValueError(f"pairs are needed: two sequences of equal length, not empty; got {x.shape} and {y.shape}")
    for values in (x, y):
        if np.isnan(values).any() or (values < 0).any():
            raise ValueError("a figure of merit is NaN or negative: give inf for what diverged")
    return x, y
