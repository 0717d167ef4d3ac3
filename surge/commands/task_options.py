"""The task, its device and its landscape, from the options that name them."""

from __future__ import annotations

import argparse

import torch

from .. import tasks
from ..landscape import Landscape
from ..tasks import Task

__all__ = ["SAMPLES", "SCALE", "task_landscape", "task_of"]

#: Training samples and deviation of the base measure, where the options do not say.
SAMPLES, SCALE = 256, 1.0


def task_of(options: argparse.Namespace) -> Task:
    """The task of ``--task --data --label-noise --device``."""
    device = _device(options.device or "cpu")
    return tasks.get(options.task, options.data, options.label_noise or 0.0, device)


def task_landscape(options: argparse.Namespace, task: Task) -> Landscape:
    """The landscape of ``--seed --samples --scale``."""
    return task.landscape(
        options.seed,
        SAMPLES if options.samples is None else options.samples,
        SCALE if options.scale is None else options.scale,
    )


def _device(name: str) -> torch.device:
    """The device of this name, which can hold a number."""
    try:
        number = torch.zeros(1, device=name)
        number.item()
    except (AssertionError, NotImplementedError, RuntimeError) as error:  # torch built without it; an unknown name
        why = (str(error).splitlines() or ["it cannot be used"])[0]
        raise ValueError(f"--device {name} is not available here: {why}") from None
    return number.device
