"""All runs of an experiment: targets, tuning, and the comparison on fresh seeds, each of them once.

What was run is in a journal, and is not run again: a campaign that was killed goes on where it was.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from surge.targets import Targets
from surge.tasks import Task

from .arms import ARMS, Guidance, available, centre
from .experiment import Experiment, Problem, load, shortened
from .initial_targets import InitialTargets, initial_targets
from .journal import Journal
from .training_run import Run, train
from .tuning import Tuned, tune

__all__ = ["TUNING_SEED", "Campaign", "Cell", "Record"]

Record = dict[str, Any]

#: The first seed of the tuning: seeds below it are those of the comparison.
TUNING_SEED = 1_000_000

_RUN_FIELDS = tuple(entry.name for entry in dataclasses.fields(Run))


@dataclass(frozen=True)
class Cell:
    """The arms on one problem with one optimizer.

    Attributes
    ----------
    problem
        Description of the task.
    optimizer
        Its name.
    rate
        The learning rate of all arms; None where each has its own.
    tuned
        How an arm's learning rate was found, for those that have their own.
    left_out
        Arms that were not run, and why.
    runs
        Records by arm, in the order of the seeds.
    targets
        What was found at initialisation, by seed.
    """

    problem: str
    optimizer: str
    rate: float | None
    tuned: Mapping[str, Tuned]
    left_out: Mapping[str, str]
    runs: Mapping[str, list[Record]]
    targets: Mapping[int, InitialTargets]

    @property
    def name(self) -> str:
        """Problem, optimizer and, where it is common, learning rate."""
        problem = self.problem.partition(",")[0]
        return f"{problem}, {self.optimizer}" + (f", lr {self.rate:g}" if self.rate is not None else "")


class Campaign:
    """An experiment at one of its sizes.

    Parameters
    ----------
    experiment : Experiment
    size : str
        One of :data:`validation.experiments.experiment.SIZES`.
    data : Path or None
        The folder of the data sets.
    journal : Journal
        Of this experiment alone; records of other sizes may be there.
    advanced : callable
        Called with a description before, and with "" after every run, whether or not it was made anew.

    Raises
    ------
    ValueError, FileNotFoundError, ModuleNotFoundError
        Data that are not there.
    """

    def __init__(
        self,
        experiment: Experiment,
        size: str,
        data: Path | None,
        journal: Journal,
        advanced: Callable[[str], None] = lambda description: None,
    ) -> None:
        self.experiment, self.size = experiment, experiment.sizes[size]
        self._journal, self._advanced = journal, advanced
        self.problems = [
            (problem, shortened(load(problem, size, data), self.size.held_out)) for problem in experiment.problems[size]
        ]
        # Before any work: the digits need scikit-learn.
        self._strange = {task.description: _stranger(problem, task) for problem, task in self.problems}
        self._runs: dict[Run, Record] = {}
        self._targets: dict[tuple[str, int], InitialTargets] = {}
        for record in journal.records:
            if record["kind"] == "targets":
                found = InitialTargets(
                    Targets(tuple(record["values"]), reason=record["reason"]), record["initial_loss"]
                )
                self._targets[record["problem"], record["seed"]] = found
            else:
                self._runs[Run(**{name: record[name] for name in _RUN_FIELDS})] = record

    @property
    def total(self) -> int:
        """Runs of the whole campaign."""
        count = 0
        for problem, task in self.problems:
            for optimizer in problem.optimizers:
                names, _ = available(self.experiment.arms, optimizer, task)
                rates = max(1, len(self.experiment.rates))
                count += len(names) * rates * self.size.seeds
                if not self.experiment.rates:
                    tried = (self.size.points + self.size.further) * self.size.tuning_seeds
                    count += tried * sum(map(_has_grid, names))
        return count

    def cells(self) -> list[Cell]:
        """Run what is missing and return everything."""
        return [
            self._cell(problem, task, optimizer, rate)
            for problem, task in self.problems
            for optimizer in problem.optimizers
            for rate in self.experiment.rates or (None,)
        ]

    def _cell(self, problem: Problem, task: Task, optimizer: str, rate: float | None) -> Cell:
        names, left_out = available(self.experiment.arms, optimizer, task)
        tuned = {
            name: self._tuned(problem, task, optimizer, name) for name in names if rate is None and _has_grid(name)
        }
        runs: dict[str, list[Record]] = {name: [] for name in names}
        seeds = range(self.size.seeds)
        for seed in seeds:
            for name in names:
                lr = self._rate(name, optimizer, tuned) if rate is None else rate
                runs[name].append(self._run(problem, task, optimizer, name, lr, seed))
        targets = {seed: self._found(task, seed) for seed in seeds}
        return Cell(task.description, optimizer, rate, tuned, left_out, runs, targets)

    def _rate(self, name: str, optimizer: str, tuned: Mapping[str, Tuned]) -> float:
        found = tuned.get(ARMS[name].follows or name)
        return float(f"{centre(name, optimizer):.6g}") if found is None else found.lr

    def _tuned(self, problem: Problem, task: Task, optimizer: str, name: str) -> Tuned:
        """By the mean final validation loss over the seeds of the tuning, infinite where one of them diverged."""

        def loss_at(lr: float) -> float:
            records = [
                self._run(problem, task, optimizer, name, lr, TUNING_SEED + k) for k in range(self.size.tuning_seeds)
            ]
            return float(np.mean([math.inf if record["final"] is None else record["final"] for record in records]))

        return tune(loss_at, centre(name, optimizer), self.size.points, self.size.further)

    def _run(self, problem: Problem, task: Task, optimizer: str, name: str, lr: float, seed: int) -> Record:
        size = self.size
        run = Run(task.description, optimizer, name, lr, seed, size.steps, size.validations, len(task.held_out[0]))
        self._advanced(f"{problem.name} {optimizer} {name} lr {lr:g} seed {seed}")
        record = self._runs.get(run)
        if record is None:
            record = {"kind": "run", **train(task, run, self._guidance(task, run))}
            self._journal.add(record)
            self._runs[run] = record
        self._advanced("")
        return record

    def _guidance(self, task: Task, run: Run) -> Guidance:
        found = self._found(task, run.seed)
        other, shift = self._strange[task.description]
        alpha = None
        if run.arm == "matched":
            # That of the same cell, which comes before it.
            alpha = self._runs[dataclasses.replace(run, arm="surge")]["alpha"]
        strange = self._found(other, run.seed + shift) if run.arm == "shuffled" else found
        return Guidance(run.seed, found.initial_loss, found.targets, strange.targets, 1.0 if alpha is None else alpha)

    def _found(self, task: Task, seed: int) -> InitialTargets:
        key = task.description, seed
        if key not in self._targets:
            found = initial_targets(task, seed)
            record = {
                "kind": "targets",
                "problem": task.description,
                "seed": seed,
                "values": list(found.targets.values),
            }
            self._journal.add(record | {"reason": found.targets.reason, "initial_loss": found.initial_loss})
            self._targets[key] = found
        return self._targets[key]


def _has_grid(name: str) -> bool:
    return ARMS[name].tuned and ARMS[name].follows is None


def _stranger(problem: Problem, task: Task) -> tuple[Task, int]:
    """The problem whose targets are the shuffled ones, and what is added to the seed.

    They are to lie below the initial loss, or they would do nothing: those of digits for characters, of regression for
    images, and for regression, of which the loss is least, those of the next seed.
    """
    if problem.name == "regression":
        return task, 1
    other = "digits" if problem.name == "characters" else "regression"
    return load(Problem("regression") if other == "regression" else Problem("images"), "quick", None), 0
