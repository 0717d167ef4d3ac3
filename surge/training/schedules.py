"""Learning-rate schedules by name, each over a given number of steps."""

from __future__ import annotations

from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LRScheduler,
    ReduceLROnPlateau,
    StepLR,
)

__all__ = ["SCHEDULES", "make_schedule"]

#: The share of the steps in which "warmup" and "wsd" rise.
_RISE = 0.05
#: The share of the steps in which "wsd" falls.
_FALL = 0.2
#: What "exponential" has left at the end.
_LEFT = 0.01


def make_schedule(name: str, optimizer: Optimizer, steps: int) -> LRScheduler:
    """The schedule of an optimizer's learning rates over a number of steps.

    Parameters
    ----------
    name
        ``"constant"``. ``"cosine"``: half a cosine down to 0 (Loshchilov & Hutter 2017). ``"step"``: a tenth after
        each third. ``"exponential"``: down to a hundredth. ``"plateau"``: halved after two validations without a lower
        validation loss. ``"warmup"``: a linear rise over the first 5 %, then constant. ``"wsd"``: the same rise, and a
        linear fall to 0 over the last 20 % (warm-up, stable, decay: Hu et al. 2024).
    optimizer
        Its present learning rates are the highest of the schedule.
    steps
        Updates in all, at least 1.

    Returns
    -------
    torch.optim.lr_scheduler.LRScheduler
        ``schedule.step()`` after every update; for ``"plateau"``, a :class:`ReduceLROnPlateau`,
        ``schedule.step(validation_loss)`` after every validation.

    Raises
    ------
    ValueError
        An unknown name, no step.

    Examples
    --------
    >>> import torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = make_schedule("step", optimizer, steps=30)
    >>> for _ in range(10):
    ...     optimizer.step()
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.1]
    """
    if name not in SCHEDULES:
        raise ValueError(f"there is no schedule {name!r}: choose one of {', '.join(SCHEDULES)}")
    if steps < 1:
        raise ValueError(f"a schedule needs at least one step, got {steps}")
    return SCHEDULES[name](optimizer, steps)


def _rise(step: int, steps: int) -> float:
    """The part of the full rate after so many steps, reached when 5 % of them are over."""
    return min(1.0, (step + 1) / max(1, round(_RISE * steps)))


def _warmup(optimizer: Optimizer, steps: int) -> LRScheduler:
    return LambdaLR(optimizer, lambda step: _rise(step, steps))


def _warmup_stable_decay(optimizer: Optimizer, steps: int) -> LRScheduler:
    falling = max(1, round(_FALL * steps))
    return LambdaLR(optimizer, lambda step: min(_rise(step, steps), max(0, steps - step) / falling))


#: From the name to what makes the schedule of an optimizer over a number of steps.
SCHEDULES: dict[str, Callable[[Optimizer, int], LRScheduler]] = {
    "constant": lambda optimizer, steps: LambdaLR(optimizer, lambda step: 1.0),
    "cosine": lambda optimizer, steps: CosineAnnealingLR(optimizer, T_max=steps),
    "step": lambda optimizer, steps: StepLR(optimizer, step_size=max(1, -(-steps // 3)), gamma=0.1),
    "exponential": lambda optimizer, steps: ExponentialLR(optimizer, gamma=_LEFT ** (1 / steps)),
    "plateau": lambda optimizer, steps: ReduceLROnPlateau(optimizer, factor=0.5, patience=1, eps=0.0),
    "warmup": _warmup,
    "wsd": _warmup_stable_decay,
}
