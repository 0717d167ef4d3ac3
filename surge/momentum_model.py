"""Momentum models of the loss: what the linear models of the last steps say of the loss here and along an update.

Schaipp, Ohana, Eickenberg, Defazio & Gower (2024), *MoMo: Momentum Models for Adaptive Learning Rates*, for any
optimizer: the inner products of gradients and updates are averaged as they come, so that no mean gradient is kept.

Numbers are floats where they come from the CPU, and tensors of shape () in double precision on accelerators, where they
are never read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor

__all__ = ["MomentumModel", "Scalar", "smaller", "unread"]

Scalar: TypeAlias = float | Tensor


def unread(number: Tensor) -> Scalar:
    """The number as a float if it is on the CPU, else the tensor itself, in double precision."""
    return number.item() if number.device.type == "cpu" else number.double()


def smaller(one: Scalar, other: Scalar) -> Scalar:
    """The smaller of two numbers; NaN where one is."""
    if isinstance(one, Tensor):
        return torch.minimum(one, torch.as_tensor(other, dtype=one.dtype, device=one.device))
    if isinstance(other, Tensor):
        return smaller(other, one)
    return math.nan if math.isnan(one) or math.isnan(other) else min(one, other)


def _where(condition: bool | Tensor, one: Scalar, other: Scalar) -> Scalar:
    if isinstance(condition, Tensor):
        return torch.where(condition, one, other)
    return one if condition else other


def _finite(number: Scalar) -> bool | Tensor:
    return torch.isfinite(number) if isinstance(number, Tensor) else math.isfinite(number)


class MomentumModel:
    """The mean loss that past linear models predict at the present parameters, and the mean fall along the update.

    Parameters
    ----------
    smoothing
        Weight of the past in the means, in [0, 1).

    Attributes
    ----------
    predicted
        M: the mean of the losses, each less what the steps since were to gain; None before the first loss.
    fall
        F: the mean of ``-<grad L, u>``; None before the first update.
    multiple
        The last multiple of an update that was positive; None before there was one.

    Examples
    --------
    >>> model = MomentumModel(smoothing=0.5)
    >>> model.observe(loss=6.0, fall=2.0)
    >>> model.reach(target=4.0, stride=1.0, cap=10.0)
    1.0
    >>> model.gain(1.0 * model.fall)
    >>> model.observe(loss=5.0, fall=1.0)
    >>> model.predicted, model.fall  # (6 - 2) / 2 + 5 / 2, (2 + 1) / 2
    (4.5, 1.5)
    """

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing
        self.predicted: Scalar | None = None
        self.fall: Scalar | None = None
        self.multiple: Scalar | None = None

    def observe(self, loss: float, fall: Scalar) -> None:
        """Add the linear model of one step: the loss, and its fall along the update that is proposed.

        A fall that is not finite is left out.
        """
        past = self.smoothing
        if self.predicted is None or self.fall is None:
            self.predicted, self.fall = loss, fall
            return
        before = _where(_finite(self.fall), self.fall, fall)
        self.fall = _where(_finite(fall), past * before + (1 - past) * fall, before)
        self.predicted = past * self.predicted + (1 - past) * loss

    def reach(self, target: float | None, stride: float, cap: float) -> Scalar:
        """The multiple ``stride (M - target) / F`` of the update, between 0 and the cap.

        Without a target, or where the loss does not fall along the updates, the last that was positive; 1 before.
        """
        last = 1.0 if self.multiple is None else self.multiple
        if target is None or self.fall is None or self.predicted is None:
            return last
        way = stride * (self.predicted - target)
        found: Scalar
        if isinstance(self.fall, Tensor):
            found = torch.where(self.fall > 0, torch.clamp(way / self.fall, 0.0, cap), last)
        else:
            found = min(max(float(way) / self.fall, 0.0), cap) if self.fall > 0 else last
        self.multiple = _where(found > 0, found, last)
        return found

    def gain(self, amount: Scalar) -> None:
        """Lower the prediction by what a step is to gain."""
        self.predicted = amount if self.predicted is None else self.predicted - amount

    def state_dict(self) -> dict[str, float | None]:
        """The attributes as plain numbers."""
        values = {"predicted": self.predicted, "mean_fall": self.fall, "multiple": self.multiple}
        return {name: None if value is None else float(value) for name, value in values.items()}

    def load_state_dict(self, state: Mapping[str, float | None]) -> None:
        """Take over what :meth:`state_dict` gave."""
        self.predicted, self.fall, self.multiple = state["predicted"], state["mean_fall"], state["multiple"]
