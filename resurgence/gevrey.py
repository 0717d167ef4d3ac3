"""How fast the coefficients of a series grow: its Gevrey order, and the radius of its Borel transform.

|a_n| ~ n!^s R^(-n) n^beta                                         (Ramis 1978; Loday-Richaud 2016, chapter 1)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq, fmpz

from .algebraic import AlgebraicNumber
from .numbers import is_exact_zero, working_precision
from .power_series import Scalar

if TYPE_CHECKING:
    from .series import FormalSeries

__all__ = ["growth", "is_convergent"]

#: Times the spread over windows that a growth rate may be wrong: oscillating coefficients are hard to fit.
_SAFETY = 6

#: Gevrey orders that count as convergent below, and as faster than n! above.
_CONVERGENT, _FASTER = 0.75, 1.25


def is_convergent(series: FormalSeries) -> bool:
    """Whether the coefficients clearly grow slower than n!, so that the Borel transform is entire.

    False where they grow like n!, and where there are too few of them to tell. Raises ValueError where they clearly
    grow faster: the Borel transform has radius 0 then.
    """
    try:
        order, error = growth(series.terms, factorial=True)
    except ValueError:  # too few to tell
        return False
    if order - error > _FASTER:
        raise ValueError(
            f"the coefficients grow like n!^{order:.2f} (± {error:.2g}): the Borel transform has radius 0. "
            "Write the series in a power of g in which it is Gevrey-1"
        )
    return order + error < _CONVERGENT


def growth(terms: Sequence[Scalar], factorial: bool) -> tuple[float, float]:
    """Leading growth of log|a_n|: (coefficient of log n!, spread), or of n where ``factorial`` is False.

    See :meth:`FormalSeries.gevrey_order`.
    """
    points = []
    for n, t in enumerate(terms):
        if n and not is_exact_zero(t):
            size = _log_modulus(t)
            if size is not None:
                points.append((n, size))
    if len(points) < 12:
        raise ValueError(f"the growth of a series shows only in 12 or more non-zero coefficients, got {len(points)}")
    n, size = np.array(points, dtype=float).T
    columns = [n, np.log(n), np.ones_like(n)]
    if factorial:
        columns.insert(0, np.array([math.lgamma(k + 1) for k in n]))
    design = np.stack(columns, axis=1)
    count = len(n)
    windows = [
        (count // 3, count),
        (count // 2, count),
        (count // 3, count - count // 6),
        (count // 4, count - count // 4),
    ]
    fits = [_upper_fit(design[a:b], size[a:b]) for a, b in windows]
    best = fits[0]
    return best, _SAFETY * max(abs(f - best) for f in fits) + 1e-9


def _upper_fit(design: np.ndarray[Any, Any], size: np.ndarray[Any, Any]) -> float:
    """Least squares through the upper envelope: points that lie low, where a cosine dips, are dropped in turns."""
    keep = np.ones(len(size), dtype=bool)
    while True:
        solution = np.linalg.lstsq(design[keep], size[keep], rcond=None)[0]
        residual = size - design @ solution
        lower = keep & (residual >= -max(0.02, float(np.std(residual[keep]))))
        if (lower == keep).all() or lower.sum() < max(6, len(size) // 3):
            return float(solution[0])
        keep = lower


def _log_modulus(term: Scalar) -> float | None:
    """log|term|, or None for a ball that contains zero."""
    if isinstance(term, fmpq):
        return _log_int(abs(term.p)) - _log_int(term.q)
    z = term.ball(64) if isinstance(term, AlgebraicNumber) else term
    with working_precision(64):
        size = abs(z)
        return None if size.contains(0) else float(size.log().mid())


def _log_int(value: fmpz) -> float:
    return math.log(int(value))
