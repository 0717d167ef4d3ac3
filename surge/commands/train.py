"""``surge train``: the training of a task, watched, kept and resumed."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

import surge
from resurgence.terminal import print_json, print_rich, progress, table

from ..targets import Targets
from ..tasks import Task
from ..training import CHECKPOINT, Recipe, TrainingResult, load_checkpoint
from ..training import train as run
from .task_options import task_landscape, task_of

__all__ = ["train"]

#: Validations that are shown at the end.
_SHOWN = 12

Observer = Callable[[int, Mapping[str, float]], None]


def train(options: argparse.Namespace) -> bool:
    """``surge train --task NAME``: true where the run did not diverge."""
    _check_options(options)
    given = _given_targets(options)
    recipe = Recipe(
        optimizer=options.optimizer,
        lr=options.lr,
        schedule=options.schedule,
        steps=options.steps,
        seed=options.seed,
        rule=options.rule or Recipe.rule,
        weight=Recipe.weight if options.weight is None else options.weight,
        guard=options.guard,
        validate_every=options.validate_every,
    )
    task = task_of(options)
    path = None if options.out is None else Path(options.out) / CHECKPOINT
    if path is not None and path.exists() and not options.resume:
        raise ValueError(f"{path} is there already: --resume goes on with that run, or choose another folder")
    if options.surge:
        recipe = replace(recipe, targets=given or _targets(options, task, path))
    with ExitStack() as stack:
        observers = [stack.enter_context(_progress(recipe))]
        if options.tensorboard:
            observers.append(stack.enter_context(_tensorboard(Path(options.out) / "tensorboard")))

        def observe(step: int, record: Mapping[str, float]) -> None:
            for one in observers:
                one(step, record)

        stop = stack.enter_context(_interruption())
        result = run(task, recipe, options.out, resume=options.resume, observe=observe, stop=stop)
    document = _document(options, task, recipe, result)
    if options.out is not None:
        _write(Path(options.out) / "result.json", document)
    if options.json:
        print_json(document)
    else:
        _show(task, recipe, result)
    if result.status == "interrupted":
        sys.stdout.flush()
        kept = ": nothing is kept without --out" if options.out is None else f"; --out {options.out} --resume goes on"
        raise KeyboardInterrupt(f" after step {result.step} of {recipe.steps}{kept}")
    return result.status == "finished"


# ---------------------------------------------------------------------------------------------------------------------
# Options


def _check_options(options: argparse.Namespace) -> None:
    """Refuse options that would be without effect."""
    for name in ("targets", "find_targets", "rule", "weight"):
        value = getattr(options, name)
        if not options.surge and value is not None and value is not False:
            raise ValueError(f"--{name.replace('_', '-')} needs --surge")
    for name in ("samples", "scale"):
        if not options.find_targets and getattr(options, name) is not None:
            raise ValueError(f"--{name} needs --find-targets")
    for name in ("resume", "tensorboard"):
        if options.out is None and getattr(options, name):
            raise ValueError(f"--{name} needs --out DIR, the folder of the run")


def _given_targets(options: argparse.Namespace) -> Targets | None:
    """The values of ``--targets``."""
    if options.targets is None:
        return None
    try:
        values = tuple(float(part) for part in options.targets.split(","))
    except ValueError:
        raise ValueError(f"--targets takes loss values such as 0.1,0.02, got {options.targets!r}") from None
    return Targets(values, reason="given")


def _targets(options: argparse.Namespace, task: Task, path: Path | None) -> Targets:
    """Targets that are found, once for a run that is resumed, or the least loss that is possible."""
    if not options.find_targets:
        if task.floor is None:
            return Targets((0.0,), reason="no loss of this kind is below 0")
        return Targets((task.floor,), reason="no function of the input has a lower training loss")
    if path is not None and path.exists():
        kept = Recipe.from_dict(load_checkpoint(path)["recipe"]).targets
        if kept is None:
            raise ValueError(f"{path} is of a run without targets: resume it without --surge")
        return kept
    with progress("estimating the partition function") as tell:
        land = task_landscape(options, task)
        return surge.find_targets(land, seed=options.seed, cooled=lambda g: tell(f"down to the coupling {g:.3g}"))


# ---------------------------------------------------------------------------------------------------------------------
# While it runs


@contextmanager
def _interruption() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed while a block runs; pressed again, it raises as usual."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield asked.is_set
        return

    def note(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(recipe: Recipe) -> Iterator[Observer]:
    """A bar with the losses on stderr, where that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as display:
        bar = display.add_task("training", total=recipe.steps, losses="")
        validation = ""

        def observe(step: int, record: Mapping[str, float]) -> None:
            nonlocal validation
            if "validation_loss" in record:
                validation = f"validation {record['validation_loss']:.4g}"
            loss = f"loss {record['loss']:.4g}  " if "loss" in record else ""
            display.update(bar, completed=step, losses=loss + validation)

        yield observe


@contextmanager
def _tensorboard(folder: Path) -> Iterator[Observer]:
    """Logs of everything observed; what an interrupted run logged beyond its checkpoint is marked as void."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.split(".")[0] != "tensorboard":
            raise
        raise ModuleNotFoundError("--tensorboard needs it: pip install tensorboard", name="tensorboard") from missing
    with ExitStack() as stack:
        writer: Any = None

        def observe(step: int, record: Mapping[str, float]) -> None:
            nonlocal writer
            if writer is None:
                writer = stack.enter_context(SummaryWriter(str(folder), purge_step=step))
            kind = "validation" if "validation_loss" in record else "training"
            for name, value in record.items():
                if name != "step":
                    writer.add_scalar(f"{kind}/{name}", value, step)

        yield observe


# ---------------------------------------------------------------------------------------------------------------------
# Afterwards


def _document(options: argparse.Namespace, task: Task, recipe: Recipe, result: TrainingResult) -> dict[str, Any]:
    return {
        "task": task.name,
        "description": task.description,
        "floor": task.floor,
        "device": str(task.device),
        "recipe": recipe.to_dict(),
        "status": result.status,
        "reason": result.reason,
        "step": result.step,
        "last": result.history[-1] if result.history else None,
        "best": result.best if result.history else None,
        "history": list(result.history),
        "seconds": result.seconds,
        "checkpoint": None if options.out is None else str(Path(options.out) / CHECKPOINT),
    }


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """A JSON file, there whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    beside.replace(path)


def _show(task: Task, recipe: Recipe, result: TrainingResult) -> None:
    print_rich(Text(f"{task.name}: {task.description}", style="bold"))
    if recipe.targets is not None:
        values = ", ".join(f"{value:.6g}" for value in recipe.targets.values) or "none"
        print_rich(Text(f"targets: {values} ({recipe.targets.reason or 'no reason given'})"))
    if result.history:
        print_rich(_history(result), "")
    style, words = {
        "finished": ("bold green", f"finished: {result.step} steps in {result.seconds:.1f} s"),
        "interrupted": ("bold yellow", f"interrupted after {result.step} of {recipe.steps} steps"),
        "diverged": ("bold red", f"diverged: {result.reason}"),
    }[result.status]
    print_rich(Text(words, style=style))


def _history(result: TrainingResult) -> Table:
    """The validations, thinned out evenly, the last one always there."""
    every = -(-len(result.history) // _SHOWN)
    shown = result.history[(len(result.history) - 1) % every :: every]
    names = [name for name in ("step", "lr", "alpha", "loss", "validation_loss", "accuracy") if name in shown[-1]]
    rows = table(*(name.replace("_", " ") for name in names))
    for record in shown:
        rows.add_row(*(f"{record[name]:.5g}" if name in record else "" for name in names))
    return rows
