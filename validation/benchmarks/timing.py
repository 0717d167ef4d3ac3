"""Times in pairs: what is compared takes turns, so that what disturbs the machine disturbs both."""

from __future__ import annotations

import gc
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["LEAST_SECONDS", "Spread", "clock"]

#: Shorter tasks are repeated until they take this long: the clock and the interpreter are noise beside it.
LEAST_SECONDS = 0.002


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of measured numbers."""

    median: float
    lower: float
    upper: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one number.

        >>> Spread.of([1.0, 2.0, 3.0, 4.0, 5.0])
        Spread(median=3.0, lower=2.0, upper=4.0, count=5)
        """
        lower, median, upper = (float(q) for q in np.percentile(values, (25, 50, 75)))
        return cls(median, lower, upper, len(values))


def clock(task: Callable[[Any], object], prepare: Callable[[], Any], repeats: int) -> tuple[float, object]:
    """Seconds that one call of ``task`` takes, the mean of ``repeats`` calls, and what the last returned.

    Each call gets what a call of ``prepare`` returns; that is not timed. Peers may warn of what they cannot do; their
    digits tell it.
    """
    spent, result = 0.0, None
    enabled = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(repeats):
                argument = prepare()
                start = time.perf_counter()
                result = task(argument)
                spent += time.perf_counter() - start
    finally:
        if enabled:
            gc.enable()
    return spent / repeats, result


def repeats_for(seconds: float) -> int:
    """Calls that make one measurement of a task that takes so long.

    >>> repeats_for(1.0), repeats_for(0.0005)
    (1, 4)
    """
    return max(1, math.ceil(LEAST_SECONDS / max(seconds, 1e-7)))
