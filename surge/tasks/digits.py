"""Handwritten digits of 8 x 8 pixels, as scikit-learn brings them along, with or without wrong labels."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from .task import Task, mlp

__all__ = ["digits"]

_CLASSES = 10
_HELD_OUT = 360


def digits(label_noise: float = 0.0, device: torch.device | str = "cpu") -> Task:
    """The 1797 digits of Alpaydin & Kaynak (1998), pixels in [0, 1], and a tanh network 64-64-64-10.

    360 of them, the same always, are held out.

    Parameters
    ----------
    label_noise
        Probability q in [0, 1) of a wrong label, each of the nine with the same one. Every batch draws its labels
        anew, so that the noise cannot be learnt by heart; ``training`` and the held-out data have the probabilities
        themselves as targets, whose loss is the mean over the noise. No function of the image has a loss below
        ``floor = -(1 - q) log(1 - q) - q log(q / 9)``.
    device
        Of the data and the models.

    Raises
    ------
    ValueError
        A probability outside [0, 1).
    ModuleNotFoundError
        Without scikit-learn.

    Examples
    --------
    >>> task = digits()
    >>> task.training[0].shape, task.validation()[0].shape, task.floor
    (torch.Size([1437, 64]), torch.Size([360, 64]), 0.0)
    >>> sum(p.numel() for p in task.model(seed=0).parameters())
    8970
    """
    if not 0 <= label_noise < 1:
        raise ValueError(f"label_noise is the probability of a wrong label, in [0, 1), got {label_noise}")
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as missing:
        if missing.name != "sklearn":
            raise
        raise ModuleNotFoundError(
            "the task digits needs scikit-learn, which brings the images: pip install scikit-learn; "
            "the task regression needs no data",
            name="sklearn",
        ) from missing
    pixels, classes = load_digits(return_X_y=True)
    images = torch.as_tensor(pixels, dtype=torch.float32) / 16
    labels = torch.as_tensor(np.asarray(classes), dtype=torch.int64)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    images, labels = images[order], labels[order]
    targets = labels if label_noise == 0 else _probabilities(labels, label_noise)
    pieces = [x.to(device) for x in (images[_HELD_OUT:], targets[_HELD_OUT:], images[:_HELD_OUT], targets[:_HELD_OUT])]
    noisy = f", {label_noise:g} of the labels wrong" if label_noise else ""
    return Task(
        name="digits",
        description=f"1437 digits of 8 x 8 pixels{noisy}, tanh network 64-64-64-10",
        network=lambda: mlp(64, 64, 64, _CLASSES),
        loss=nn.functional.cross_entropy,
        training=(pieces[0], pieces[1]),
        held_out=(pieces[2], pieces[3]),
        batch_size=64,
        has_logits=True,
        floor=_entropy(label_noise),
        draw=_draw_labels if label_noise else None,
    )


def _probabilities(labels: Tensor, label_noise: float) -> Tensor:
    """The distribution (N, 10) of every label."""
    right = nn.functional.one_hot(labels, _CLASSES).float()
    return torch.where(right == 1, 1 - label_noise, label_noise / (_CLASSES - 1))


def _draw_labels(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """One label (B,) from each distribution, by inversion."""
    levels = probabilities.double().cumsum(1)
    return (levels[:, :-1] <= uniform[:, None]).sum(1)


def _entropy(label_noise: float) -> float:
    """That of a label: the least cross-entropy of any prediction."""
    if label_noise == 0:
        return 0.0
    return -(1 - label_noise) * math.log1p(-label_noise) - label_noise * math.log(label_noise / (_CLASSES - 1))
