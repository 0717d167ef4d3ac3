"""The records of the runs, gathered: means over the seeds, and how far every rate is from the best scheduler."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SCHEDULERS", "Curve", "best_of", "curves"]

#: What a method is measured against: at its best learning rate, the better of these.
SCHEDULERS = ("constant", "constant-x1.5", "cosine")


@dataclass(frozen=True, eq=False)
class Curve:
    """Final validation losses of one method against its learning rate.

    Attributes
    ----------
    lrs
        The learning rates (L,), rising.
    mean, error
        Mean over the seeds and its standard error (L,); inf and NaN where a run diverged, NaN for a single seed.
    diverged
        Runs that diverged (L,).
    seeds
        Runs (L,).
    seconds
        The median time of a run that finished, in seconds; NaN where there is none.
    """

    lrs: NDArray[np.float64]
    mean: NDArray[np.float64]
    error: NDArray[np.float64]
    diverged: NDArray[np.int64]
    seeds: NDArray[np.int64]
    seconds: float

    @property
    def best(self) -> float:
        """The least mean loss over the rates."""
        return float(self.mean.min())

    @property
    def worst(self) -> float:
        """The largest mean loss over the rates."""
        return float(self.mean.max())


def curves(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Curve]]:
    """Curves by optimizer and method, in the order of the records.

    A diverged run counts as an infinite loss.

    Examples
    --------
    >>> runs = [
    ...     {"optimizer": "sgd", "method": "cosine", "lr": 0.1, "seed": seed, "validation_loss": loss, "seconds": 1.0}
    ...     for seed, loss in enumerate((0.2, 0.4))
    ... ]
    >>> curve = curves(runs)["sgd"]["cosine"]
    >>> round(float(curve.best), 12), round(float(curve.error[0]), 12), int(curve.seeds[0])
    (0.3, 0.1, 2)
    """
    losses: dict[str, dict[str, dict[float, list[float]]]] = {}
    seconds: dict[tuple[str, str], list[float]] = {}
    for record in records:
        optimizer, method, loss = record["optimizer"], record["method"], record["validation_loss"]
        rates = losses.setdefault(optimizer, {}).setdefault(method, {})
        rates.setdefault(record["lr"], []).append(math.inf if loss is None else loss)
        if loss is not None:
            seconds.setdefault((optimizer, method), []).append(record["seconds"])
    return {
        optimizer: {
            method: _curve(rates, seconds.get((optimizer, method), [math.nan])) for method, rates in methods.items()
        }
        for optimizer, methods in losses.items()
    }


def _curve(rates: Mapping[float, Sequence[float]], seconds: Sequence[float]) -> Curve:
    lrs = sorted(rates)
    samples = [np.asarray(rates[lr]) for lr in lrs]
    finite = [bool(np.isfinite(x).all()) for x in samples]
    return Curve(
        lrs=np.asarray(lrs),
        mean=np.asarray([x.mean() for x in samples]),
        error=np.asarray(
            [
                x.std(ddof=1) / math.sqrt(len(x)) if whole and len(x) > 1 else math.nan
                for x, whole in zip(samples, finite, strict=True)
            ]
        ),
        diverged=np.asarray([int(np.isinf(x).sum()) for x in samples]),
        seeds=np.asarray([len(x) for x in samples]),
        seconds=float(np.median(seconds)),
    )


def best_of(methods: Mapping[str, Curve]) -> float:
    """The least mean loss that a scheduler reached at any rate; NaN where none was run."""
    return min((methods[name].best for name in SCHEDULERS if name in methods), default=math.nan)
