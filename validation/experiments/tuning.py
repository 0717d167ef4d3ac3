"""The best learning rate of a method, at a price that is the same for every method."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["SPACING", "Tuned", "tune"]

#: Ratio of neighbouring learning rates of the grid.
SPACING = math.sqrt(10)


@dataclass(frozen=True)
class Tuned:
    """A learning rate and how it was found.

    Attributes
    ----------
    lr
        The best of those tried, the lowest among equals.
    tried
        Pairs (learning rate, loss), the rates rising; a loss is inf where a run diverged.
    at_edge
        Whether the best is the lowest or the highest that was tried: it is then no optimum, and says so wherever it is
        used.
    """

    lr: float
    tried: tuple[tuple[float, float], ...]
    at_edge: bool


def tune(loss_at: Callable[[float], float], centre: float, points: int, further: int) -> Tuned:
    """Look for the least loss on a geometric grid, beyond its edge, or between its points.

    ``points`` rates with the ratio sqrt(10) around ``centre``; then ``further`` ones, one after the other: the next
    beyond the edge where the best lies on it, otherwise half way (geometrically) from the best to its better neighbour.
    Every method is given the same number of rates, ``points + further``.

    Parameters
    ----------
    loss_at : callable
        The loss at a learning rate, inf where it diverges.
    centre : float
        Positive.
    points : int
        Odd, at least 3.
    further : int
        Not negative.

    Raises
    ------
    ValueError
        Arguments out of range, or a loss that is NaN.

    Examples
    --------
    >>> found = tune(lambda lr: (math.log10(lr) + 0.3) ** 2, centre=0.01, points=3, further=4)
    >>> round(found.lr, 3), found.at_edge, len(found.tried)
    (0.562, False, 7)
    """
    if not (math.isfinite(centre) and centre > 0):
        raise ValueError(f"centre must be positive and finite, got {centre}")
    if points < 3 or points % 2 == 0 or further < 0:
        raise ValueError(f"points must be odd and at least 3, further not negative; got {points} and {further}")
    losses: dict[float, float] = {}

    def evaluate(lr: float) -> None:
        lr = float(f"{lr:.6g}")  # what is written is what was run
        losses[lr] = float(loss_at(lr))
        if math.isnan(losses[lr]):
            raise ValueError(f"the loss at the learning rate {lr} is NaN: give inf where it diverges")

    for k in range(points):
        evaluate(centre * SPACING ** (k - points // 2))
    for _ in range(further):
        rates = sorted(losses)
        best = min(range(len(rates)), key=lambda k: losses[rates[k]])
        if best == 0:
            evaluate(rates[0] / SPACING)
        elif best == len(rates) - 1:
            evaluate(rates[-1] * SPACING)
        else:
            neighbour = min(rates[best - 1], rates[best + 1], key=lambda lr: losses[lr])
            evaluate(math.sqrt(rates[best] * neighbour))
    rates = sorted(losses)
    lr = min(rates, key=lambda rate: losses[rate])
    return Tuned(lr, tuple((rate, losses[rate]) for rate in rates), lr in (rates[0], rates[-1]))
