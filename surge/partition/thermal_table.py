"""The losses seen at every temperature: what all estimators along a ladder of temperatures share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["ThermalTable"]


@dataclass(frozen=True, eq=False)
class ThermalTable:
    """Losses of particles under exp(-beta L) pi, [temperature, replica, sample]. Its first rung is the base measure.

    Parameters
    ----------
    betas : Tensor (T,)
        Inverse temperatures beta = 1/g, rising from 0; float64.
    losses : Tensor (T, R, N)
        Of N samples in each of R replicas, which are independent of each other; float64, in units of 1/beta. +inf is
        allowed at beta = 0 alone, for elsewhere its weight vanishes.

    Raises
    ------
    ValueError
        Shapes that do not agree, fewer than two temperatures or replicas, betas that do not rise from 0, losses that
        are NaN, -inf, or +inf where they may not be.

    Examples
    --------
    >>> table = ThermalTable(torch.tensor([0.0, 1.0]).double(), torch.ones(2, 8, 5).double())
    >>> table.replicas
    8
    """

    betas: Tensor
    losses: Tensor

    def __post_init__(self) -> None:
        rungs = len(self.betas) if self.betas.ndim == 1 else 0
        if rungs < 2 or self.losses.ndim != 3 or self.losses.shape[0] != rungs:
            raise ValueError(
                "betas must have the shape (T,) and losses (T, R, N) with T >= 2, "
                f"got {tuple(self.betas.shape)} and {tuple(self.losses.shape)}"
            )
        if self.losses.shape[1] < 2 or not self.losses.shape[2]:
            raise ValueError(f"losses must have at least 2 replicas of 1 sample, got {tuple(self.losses.shape[1:])}")
        if self.betas.dtype != torch.float64 or self.losses.dtype != torch.float64:
            raise ValueError(f"betas and losses must be float64, got {self.betas.dtype} and {self.losses.dtype}")
        rising = bool((self.betas[1:] > self.betas[:-1]).all()) and bool(self.betas.isfinite().all())
        if float(self.betas[0]) != 0.0 or not rising:
            raise ValueError(f"betas must rise from 0 and be finite, got {self.betas.tolist()}")
        hot, cold = self.losses[0], self.losses[1:]
        if bool(hot.isnan().any()) or bool((hot == -torch.inf).any()) or not bool(cold.isfinite().all()):
            raise ValueError("losses must be finite; +inf is allowed at beta = 0 alone")

    @property
    def replicas(self) -> int:
        """Independent repetitions, from whose spread errors are taken."""
        return self.losses.shape[1]
