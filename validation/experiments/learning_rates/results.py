"""The records of the runs, gathered: means over the seeds, and how far every rate is from the best scheduler."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SCHEDULERS", "TOLERANCE", "Curve", "best_of", "curves", "summary"]

#: What a method is measured against: at its best learning rate, the better of these.
SCHEDULERS = ("constant", "constant-x1.5", "cosine")

#: As good as the best: no more than this times its loss.
TOLERANCE = 1.1


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

    def decades(self, bound: float) -> float:
        """The decades of learning rates whose mean loss is at most this bound.

        A rate stands for the rates around it, as far as half the way to its neighbours on a logarithmic scale; the
        least and the largest stand for nothing beyond themselves.

        Examples
        --------
        >>> runs = [
        ...     {"optimizer": "sgd", "method": "cosine", "lr": lr, "seed": 0, "validation_loss": loss, "seconds": 1.0}
        ...     for lr, loss in ((1e-3, 0.9), (1e-2, 0.5), (1e-1, 0.6), (1.0, 2.0))
        ... ]
        >>> curves(runs)["sgd"]["cosine"].decades(0.6)  # from 1e-2.5 to 1e-0.5
        2.0
        """
        logs = np.log10(self.lrs)
        edges = np.concatenate([logs[:1], (logs[1:] + logs[:-1]) / 2, logs[-1:]])
        return float(np.diff(edges)[self.mean <= bound].sum())


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


def summary(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each task, optimizer and method, as plain numbers: what a table or a figure of the sweep needs.

    Infinite and missing numbers are None. ``decades`` counts the learning rates within :data:`TOLERANCE` of the best
    mean of the schedulers, ``decades_of_all`` within that of the best of any method.
    """
    entries: list[dict[str, Any]] = []
    tasks = sorted({(record["task"], record["label_noise"], record["steps"]) for record in records})
    for task, label_noise, steps in tasks:
        chosen = [r for r in records if (r["task"], r["label_noise"], r["steps"]) == (task, label_noise, steps)]
        for optimizer, methods in curves(chosen).items():
            best, least = best_of(methods), min(curve.best for curve in methods.values())
            bare = methods["constant"].seconds if "constant" in methods else math.nan
            for method, curve in methods.items():
                entries.append(
                    {
                        "task": task,
                        "label_noise": label_noise,
                        "steps": steps,
                        "optimizer": optimizer,
                        "method": method,
                        "lrs": curve.lrs.tolist(),
                        "mean": [_finite(x) for x in curve.mean],
                        "error": [_finite(x) for x in curve.error],
                        "diverged": curve.diverged.tolist(),
                        "seeds": curve.seeds.tolist(),
                        "best_scheduler": _finite(best),
                        "decades": curve.decades(TOLERANCE * best),
                        "decades_of_all": curve.decades(TOLERANCE * least),
                        "worst_over_best": _finite(curve.worst / best),
                        "time": _finite(curve.seconds / bare),
                    }
                )
    return entries


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
