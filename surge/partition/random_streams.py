"""Random numbers in one stream a population, so that a population draws the same whoever else is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["RandomStreams"]


class RandomStreams:
    """A generator for each population, and one for what all share.

    Parameters
    ----------
    seed : int
        From 0 to 2^63 - 1.
    populations : sequence of int
        The indices of the populations at hand. A population's stream depends on ``seed``, ``purpose`` and its index.
    device : torch.device
    purpose : int, optional
        Streams of two purposes are independent (Salmon et al. 2011 name the need; the mixing is numpy's SeedSequence).

    Examples
    --------
    >>> both = RandomStreams(0, range(2), torch.device("cpu"))
    >>> second = RandomStreams(0, [1], torch.device("cpu"))
    >>> bool((both.normal((3, 4), torch.float64)[:, 1] == second.normal((3, 4), torch.float64)[:, 0]).all())
    True
    """

    def __init__(self, seed: int, populations: Sequence[int], device: torch.device, purpose: int = 0) -> None:
        self.device = device
        self._each = [_generator(seed, (purpose, 1 + index), device) for index in populations]
        self._common = _generator(seed, (purpose, 0), torch.device("cpu"))

    def normal(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Standard normal numbers (T, R, ...) where ``shape`` is that of one population, (T, ...)."""
        return self._stack(torch.randn, shape, dtype)

    def uniform(self, shape: tuple[int, ...]) -> Tensor:
        """Numbers from 0 to 1, float64, (T, R, ...) where ``shape`` is that of one population, (T, ...)."""
        return self._stack(torch.rand, shape, torch.float64)

    def common(self, count: int) -> Tensor:
        """Numbers from 0 to 1 that all populations share, float64, (count,), on the CPU."""
        return torch.rand(count, generator=self._common, dtype=torch.float64)

    def _stack(self, draw: Callable[..., Tensor], shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        drawn = [draw(shape, generator=each, dtype=dtype, device=self.device) for each in self._each]
        return torch.stack(drawn, dim=1)


def _generator(seed: int, key: tuple[int, ...], device: torch.device) -> torch.Generator:
    state = np.random.SeedSequence(seed, spawn_key=key).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(state[0]))
