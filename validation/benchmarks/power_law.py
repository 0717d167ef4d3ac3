"""How a cost grows: the exponent p of t = c size^p by least squares on logarithms, with its standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["PowerLaw"]


@dataclass(frozen=True)
class PowerLaw:
    """A fitted power law.

    Attributes
    ----------
    exponent, standard_error : float
        The standard error is that of ordinary least squares; it measures how far the points are from a line, not what
        would be measured on another machine.
    factor : float
        Seconds at size 1.
    """

    exponent: float
    standard_error: float
    factor: float

    @classmethod
    def fit(cls, sizes: Sequence[float], seconds: Sequence[float]) -> PowerLaw:
        """Through at least three points of different sizes.

        Raises ValueError for fewer, and for numbers that are not positive.

        >>> law = PowerLaw.fit([1, 2, 4], [3.0, 12.0, 48.0])
        >>> round(law.exponent, 12), round(law.factor, 12)
        (2.0, 3.0)
        """
        if len(set(sizes)) < 3:
            raise ValueError(f"a power law is fitted to at least three different sizes, got {list(sizes)}")
        if min(*sizes, *seconds) <= 0:
            raise ValueError("sizes and times must be positive")
        x, y = [math.log(s) for s in sizes], [math.log(t) for t in seconds]
        n, mean_x, mean_y = len(x), sum(x) / len(x), sum(y) / len(y)
        squares = sum((a - mean_x) ** 2 for a in x)
        slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / squares
        start = mean_y - slope * mean_x
        residual = sum((b - start - slope * a) ** 2 for a, b in zip(x, y, strict=True))
        return cls(slope, math.sqrt(residual / (n - 2) / squares), math.exp(start))
