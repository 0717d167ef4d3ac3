"""The sweeps that the report makes: which tasks, optimizers, seeds and steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from surge import tasks
from surge.training import OPTIMIZERS
from validation.experiments.journal import Journal

from ..methods import METHODS
from .run import LEARNING_RATES, plan, run_all

__all__ = ["FULL", "QUICK", "Size", "full", "groups", "quick"]


@dataclass(frozen=True)
class Size:
    """One task of a sweep.

    Attributes
    ----------
    task, optimizers, lrs, seeds, steps
        As ``python -m validation.experiments.learning_rates.run`` has them.
    reads_data
        Whether the task is in files.
    """

    task: str
    optimizers: Sequence[str]
    lrs: Sequence[float]
    seeds: int
    steps: int
    reads_data: bool = False


QUICK = (Size("digits", ("adam",), (1e-4, 1e-3, 1e-2, 1e-1), 1, 150),)

#: Seeds and steps are what some hours allow.
FULL = (
    Size("digits", tuple(OPTIMIZERS), LEARNING_RATES, 10, 600),
    Size("mnist", tuple(OPTIMIZERS), LEARNING_RATES, 3, 2000, reads_data=True),
    Size("shakespeare", ("adam",), LEARNING_RATES, 3, 600, reads_data=True),
)


def quick(out: Path) -> list[dict[str, Any]]:
    """Half a minute: one seed shows that it runs, no more."""
    return _perform(QUICK, out, None)


def full(out: Path, data: Path | None) -> list[dict[str, Any]]:
    """Hours. Without data, digits alone.

    Raises
    ------
    ValueError
        Data that are not there.
    """
    return _perform([size for size in FULL if data is not None or not size.reads_data], out, data)


def groups(records: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The records of each task, in the order of the tasks.

    >>> [[one["seed"] for one in group] for group in groups([
    ...     {"task": "digits", "label_noise": 0.0, "steps": 6, "seed": 0},
    ...     {"task": "digits", "label_noise": 0.0, "steps": 6, "seed": 1},
    ...     {"task": "mnist", "label_noise": 0.0, "steps": 6, "seed": 0},
    ... ])]
    [[0, 1], [0]]
    """
    for _, group in groupby(records, key=lambda record: (record["task"], record["label_noise"], record["steps"])):
        yield list(group)


def _perform(sizes: Sequence[Size], out: Path, data: Path | None) -> list[dict[str, Any]]:
    # All of them first: data that are missing are noticed before the first run.
    found = [tasks.get(size.task, str(data) if size.reads_data else None) for size in sizes]
    records: list[dict[str, Any]] = []
    for size, task in zip(sizes, found, strict=True):
        runs = list(
            plan(
                task,
                label_noise=0.0,
                optimizers=size.optimizers,
                methods=list(METHODS),
                lrs=size.lrs,
                seeds=range(size.seeds),
                steps=size.steps,
            )
        )
        folder = out / size.task
        folder.mkdir(parents=True, exist_ok=True)
        run_all(task, runs, folder, Console(stderr=True))
        wanted = {(run.method, run.optimizer, run.lr, run.seed, run.steps) for run in runs}
        records += [
            record
            for record in Journal(folder / "runs.jsonl").records
            if tuple(record[name] for name in ("method", "optimizer", "lr", "seed", "steps")) in wanted
        ]
    return records
