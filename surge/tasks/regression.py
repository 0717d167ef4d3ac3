"""A function of one variable, and a small network that can only approximate it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .task import Task, mlp

__all__ = ["regression", "target_function"]

#: The points lie in [-3, 3].
_REACH = 3.0
_POINTS = 64
#: Measurements at every point.
_REPEATS = 4


def target_function(x: Tensor) -> Tensor:
    """f(x) = sin 2x + 0.5 cos 5x + 0.3 sin 10x + 0.1 x^2.

    Eq. 35 of *Globally Aware Optimization with Resurgence* (ICLR 2026).

    Examples
    --------
    >>> target_function(torch.zeros(1))
    tensor([0.5000])
    """
    return torch.sin(2 * x) + 0.5 * torch.cos(5 * x) + 0.3 * torch.sin(10 * x) + 0.1 * x.square()


def regression(label_noise: float = 0.0, device: torch.device | str = "cpu") -> Task:
    """:func:`target_function` on [-3, 3], and a tanh network with hidden layers of 12, 10 and 8: 251 parameters.

    64 equally spaced points with four measurements each; held out are the 63 midpoints, measured as often. The loss is
    the mean squared error.

    Parameters
    ----------
    label_noise
        Standard deviation of the Gaussian noise on every measurement, the same draws always. ``floor`` is then the
        mean variance of the measurements at a point: about 3/4 of ``label_noise**2``, since the mean at each of them
        is free.
    device
        Of the data and the models.

    Raises
    ------
    ValueError
        A standard deviation that is negative or not finite.

    Examples
    --------
    >>> task = regression()
    >>> task.training[0].shape, task.validation()[0].shape, task.floor
    (torch.Size([256, 1]), torch.Size([252, 1]), 0.0)
    >>> sum(p.numel() for p in task.model(seed=0).parameters())
    251
    """
    if not (math.isfinite(label_noise) and label_noise >= 0):
        raise ValueError(f"label_noise is a standard deviation, finite and not negative, got {label_noise}")
    points = torch.linspace(-_REACH, _REACH, _POINTS, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    pairs = []
    for x in (points, (points[1:] + points[:-1]) / 2):
        noise = torch.randn(len(x), _REPEATS, generator=generator, dtype=torch.float64)
        pairs.append((x[:, None].expand_as(noise), target_function(x)[:, None] + label_noise * noise))
    (x, y), held_out = pairs
    noisy = f" with noise {label_noise:g}" if label_noise else ""
    return Task(
        name="regression",
        description=f"a function of one variable{noisy}, 256 points, tanh network 1-12-10-8-1",
        network=lambda: mlp(1, 12, 10, 8, 1),
        loss=nn.functional.mse_loss,
        training=(_column(x, device), _column(y, device)),
        held_out=(_column(held_out[0], device), _column(held_out[1], device)),
        batch_size=32,
        has_logits=False,
        floor=float(y.var(1, correction=0).mean()) if label_noise else 0.0,
    )


def _column(values: Tensor, device: torch.device | str) -> Tensor:
    return values.reshape(-1, 1).float().to(device)
