"""What an experiment is: its problems, its arms, its sizes. The folders beside this file each define one."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from surge import tasks
from surge.tasks import DATA_VARIABLE, Task

__all__ = ["COMMON_ARMS", "SIZES", "Experiment", "Problem", "Size", "load"]

SIZES = ("quick", "default", "full")

#: The paper's wrapper and every control of it, peers last: see :mod:`validation.experiments.arms`.
COMMON_ARMS = (
    "bare",
    "none",
    "surge",
    "matched",
    "random",
    "shuffled",
    "zero",
    "reach",
    "reach+guard",
    "momo",
    "prodigy",
    "schedule-free",
)


@dataclass(frozen=True)
class Problem:
    """What is learnt, with which optimizers.

    Attributes
    ----------
    name
        ``"regression"``, ``"images"`` (MNIST where its files are, else digits) or ``"characters"``.
    optimizers
        Names of :func:`surge.training.make_optimizers`.
    label_noise
        Of regression.
    """

    name: str
    optimizers: tuple[str, ...] = ("adam",)
    label_noise: float = 0.0


@dataclass(frozen=True)
class Size:
    """How much is run.

    Attributes
    ----------
    steps
        Updates of a run.
    validations
        In a run, equally spaced, besides the one before the first update.
    seeds
        Paired seeds on which the arms are compared; those of the tuning are others.
    tuning_seeds, points, further
        Seeds at each learning rate, learning rates of the grid, and learning rates beyond: see
        :func:`validation.experiments.tuning.tune`. Without effect where the rates are given.
    held_out
        Held-out samples that are used; None for all.
    """

    steps: int
    validations: int
    seeds: int
    tuning_seeds: int
    points: int
    further: int
    held_out: int | None = None


@dataclass(frozen=True)
class Experiment:
    """An experiment.

    Attributes
    ----------
    name
        That of its folder.
    question
        In a sentence.
    paper
        The figures and tables of *Globally Aware Optimization with Resurgence* (ICLR 2026) that it is about.
    arms
        Names of :data:`validation.experiments.arms.ARMS`; those that do not apply to a problem are left out there.
    problems, sizes
        From the name of a size.
    rates
        Learning rates at each of which all arms are compared. Empty: every arm at its own best one.
    """

    name: str
    question: str
    paper: str
    problems: Mapping[str, tuple[Problem, ...]]
    sizes: Mapping[str, Size]
    arms: tuple[str, ...] = COMMON_ARMS
    rates: tuple[float, ...] = ()


def load(problem: Problem, size: str, data: Path | None) -> Task:
    """The task of a problem; at size "quick" always of embedded data.

    Raises
    ------
    ValueError, FileNotFoundError, ModuleNotFoundError
        What :func:`surge.tasks.get` raises for a folder that does not hold the files, and bad files.

    Examples
    --------
    >>> load(Problem("regression"), "quick", None).name
    'regression'
    """
    if problem.name == "regression":
        return tasks.regression(problem.label_noise)
    if problem.name == "characters":
        return tasks.shakespeare() if size == "quick" else tasks.get("shakespeare", data)
    if size == "quick" or (data is None and not os.environ.get(DATA_VARIABLE)):
        return tasks.digits()
    return tasks.get("mnist", data)


def shortened(task: Task, held_out: int | None) -> Task:
    """The task with the leading held-out samples alone."""
    inputs, targets = task.held_out
    return task if held_out is None else dataclasses.replace(task, held_out=(inputs[:held_out], targets[:held_out]))
