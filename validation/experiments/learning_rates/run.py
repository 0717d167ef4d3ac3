"""``python -m validation.experiments.learning_rates.run``: trains every method at every learning rate.

One process, one thread. Every run ends in one line of ``runs.jsonl`` in the folder ``--out``; runs that are there
already are not repeated, so that what was killed goes on when the same command is given again. ``done`` appears in the
folder when all are there.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from surge import tasks
from surge.tasks import Task
from surge.training import OPTIMIZERS
from validation.experiments.journal import Journal

from ..methods import METHODS, Setting, applies, make_arm

__all__ = ["LEARNING_RATES", "Run", "main", "plan", "train"]

LEARNING_RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0)

#: Updates of a run where ``--steps`` says nothing else.
_STEPS = {"digits": 600, "mnist": 2000, "regression": 2000, "shakespeare": 2000}

#: Beyond this a loss counts as diverged: e^16 is what a uniform guess among nine million classes has.
_DIVERGED = 1e7

_SMOKE = {"seeds": 1, "steps": 12, "lrs": [1e-3, 1e-1]}


@dataclass(frozen=True)
class Run:
    """What a record is about."""

    task: str
    label_noise: float
    optimizer: str
    method: str
    lr: float
    seed: int
    steps: int


def plan(
    task: Task,
    *,
    label_noise: float,
    optimizers: Sequence[str],
    methods: Sequence[str],
    lrs: Sequence[float],
    seeds: Sequence[int],
    steps: int,
) -> Iterator[Run]:
    """The runs in their order: all of one seed before the next, so that the first results are already comparable."""
    for seed, optimizer, method, lr in product(seeds, optimizers, methods, lrs):
        if applies(method, optimizer, task):
            yield Run(task.name, label_noise, optimizer, method, lr, seed, steps)


def train(task: Task, run: Run) -> dict[str, object]:
    """Train once and return the record: the run, its status and, where it did not diverge, the final figures.

    The seed is that of the network's initial parameters and of the batches. A run diverges where a loss of a batch or
    the validation loss is not finite or above 1e7, or an update is not finite.
    """
    model = task.model(run.seed)
    arm = make_arm(run.method, Setting(task, model, run.optimizer, run.lr, run.steps))
    begin = time.perf_counter()
    step, status, metrics = 0, "finished", dict[str, float]()
    try:
        for step in range(run.steps):
            inputs, labels = task.batch(step, run.seed)
            arm.zero_grad()
            loss = task.loss(model(inputs), labels)
            if not loss.item() <= _DIVERGED:
                raise FloatingPointError(f"the loss is {loss.item()}")
            loss.backward()  # type: ignore[no-untyped-call]
            arm.step(loss, inputs)
        arm.finish()
        metrics = task.metrics(model)
        if not metrics["validation_loss"] <= _DIVERGED:
            raise FloatingPointError(f"the validation loss is {metrics['validation_loss']}")
    except FloatingPointError:
        status, metrics = "diverged", {}
    return {
        **dataclasses.asdict(run),
        "status": status,
        "updates": step + 1,
        "validation_loss": metrics.get("validation_loss"),
        "accuracy": metrics.get("accuracy"),
        "seconds": round(time.perf_counter() - begin, 4),
    }


def run_all(task: Task, runs: Sequence[Run], folder: Path, console: Console) -> None:
    """Train what the journal in the folder does not hold yet."""
    journal = Journal(folder / "runs.jsonl")
    names = [entry.name for entry in dataclasses.fields(Run)]
    there = {Run(**{name: record[name] for name in names}) for record in journal.records}
    left = [run for run in runs if run not in there]
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console, disable=not console.is_terminal) as bar:
        row = bar.add_task("", total=len(runs), completed=len(runs) - len(left))
        for run in left:
            bar.update(row, description=f"{run.optimizer} {run.method} lr {run.lr:g} seed {run.seed}")
            journal.add(train(task, run))
            bar.advance(row)
    (folder / "done").touch()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process by default) and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m validation.experiments.learning_rates.run", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--task", choices=tasks.names(), default="digits")
    parser.add_argument("--label-noise", type=float, default=0.0, help="of digits and regression")
    parser.add_argument("--data", help="the folder of the data, for mnist and shakespeare")
    parser.add_argument("--seeds", type=int, default=10, help="seeds 0 to this number less one (default 10)")
    parser.add_argument("--steps", type=int, help="updates of a run (default: " + str(_STEPS)[1:-1] + ")")
    parser.add_argument("--lrs", type=float, nargs="+", default=list(LEARNING_RATES), metavar="LR")
    parser.add_argument("--optimizers", nargs="+", choices=list(OPTIMIZERS), default=["adam", "adamw", "sgd", "muon"])
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), metavar="METHOD")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the results")
    parser.add_argument("--smoke", action="store_true", help="a few updates of one seed at two rates, as a check")
    options = parser.parse_args(argv)
    if options.smoke:
        for name, value in _SMOKE.items():
            setattr(options, name, value)
    steps = options.steps or _STEPS[options.task]
    try:
        if options.seeds < 1 or steps < 1:
            raise ValueError(f"seeds and steps are at least 1, got {options.seeds} and {steps}")
        if not all(math.isfinite(lr) and lr > 0 for lr in options.lrs):
            raise ValueError(f"learning rates are positive and finite, got {options.lrs}")
        task = tasks.get(options.task, options.data, options.label_noise)
        runs = list(
            plan(
                task,
                label_noise=options.label_noise,
                optimizers=options.optimizers,
                methods=options.methods,
                lrs=options.lrs,
                seeds=range(options.seeds),
                steps=steps,
            )
        )
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "done").unlink(missing_ok=True)
        torch.set_num_threads(1)
        run_all(task, runs, options.out, Console(stderr=True))
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
