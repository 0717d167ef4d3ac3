"""The training loop: one step after the other, validations and checkpoints in between, and exact resumption."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ..guard import SingularityGuard
from ..scheduler import SurgeLR
from ..targets import Targets
from ..tasks import Task
from .checkpoint import load_checkpoint, save_checkpoint
from .optimizers import make_optimizers
from .recipe import Recipe
from .schedules import make_schedule

__all__ = ["CHECKPOINT", "Training", "TrainingResult", "train"]

#: The name of the checkpoint in the folder of a run.
CHECKPOINT = "checkpoint.pt"

#: A validation: step, loss (mean over the training batches since the last one), lr, alpha, validation_loss, accuracy.
Record = dict[str, float]


class Training:
    """A model in training, with all that decides how it goes on.

    Parameters
    ----------
    task
        What is learnt.
    recipe
        How.

    Attributes
    ----------
    model, optimizers, schedules
        As they are after ``step`` updates.
    surge
        The :class:`~surge.SurgeLR`; None where the recipe has neither targets nor a guard.
    step
        Updates made.
    history
        The validations so far.

    Raises
    ------
    ValueError
        A guard for a task without logits; what the optimizers and SurgeLR refuse.

    Notes
    -----
    The loss is read on the host once a step. Networks that draw random numbers in training (dropout) take them from
    torch's global generator, which is neither seeded nor kept in the state: the networks of the tasks draw none.

    Examples
    --------
    >>> from surge import tasks
    >>> one = Training(tasks.get("regression"), Recipe(steps=5))
    >>> losses = [one.advance() for _ in range(3)]
    >>> other = Training(tasks.get("regression"), Recipe(steps=5))
    >>> other.load_state_dict(one.state_dict())
    >>> one.advance() == other.advance()
    True
    """

    def __init__(self, task: Task, recipe: Recipe) -> None:
        if recipe.guard and not task.has_logits:
            raise ValueError(f"the guard needs logits, and the task {task.name} has none: leave it out")
        self.task, self.recipe = task, recipe
        self.model = task.model(recipe.seed)
        self.optimizers = make_optimizers(recipe.optimizer, self.model, recipe.lr)
        self.schedules = [make_schedule(recipe.schedule, optimizer, recipe.steps) for optimizer in self.optimizers]
        self._guard = SingularityGuard(self.model, task.batch(0, recipe.seed)[0]) if recipe.guard else None
        targets = recipe.targets or Targets(())
        self.surge: SurgeLR | None = None
        if len(targets) or self._guard is not None:
            self.surge = SurgeLR(
                self.optimizers if len(self.optimizers) > 1 else self.optimizers[0],
                targets,
                weight=recipe.weight,
                rule=recipe.rule,
                guard=self._guard,
            )
        self.step = 0
        self.history: list[Record] = []
        self._sum, self._count = 0.0, 0

    def advance(self) -> float:
        """Make one update and return the loss of its batch, before it.

        Raises
        ------
        FloatingPointError
            A loss that is not finite: no update is made then. With a guard also an update that is not finite.
        """
        inputs, targets = self.task.batch(self.step, self.recipe.seed)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss = self.task.loss(self.model(inputs), targets)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise FloatingPointError(f"the loss of step {self.step + 1} is {value}")
        loss.backward()  # type: ignore[no-untyped-call]
        if self.surge is not None:
            if self._guard is not None:
                self._guard.batch = inputs
            self.surge.step(value)
        for optimizer in self.optimizers:
            optimizer.step()
        for schedule in self.schedules:
            if not isinstance(schedule, ReduceLROnPlateau):
                schedule.step()
        self.step += 1
        self._sum += value
        self._count += 1
        return value

    def validate(self) -> Record:
        """Add the metrics of the present model to the history, and return the record.

        Raises
        ------
        FloatingPointError
            A metric that is not finite, or what :meth:`check_finite` finds.
        """
        metrics = self.task.metrics(self.model)
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise FloatingPointError(f"{name} is {value} after step {self.step}")
        self.check_finite()
        record: Record = {"step": self.step}
        if self._count:
            record["loss"] = self._sum / self._count
        record["lr"] = float(self.optimizers[0].param_groups[0]["lr"])
        if self.surge is not None:
            record["alpha"] = self.surge.alpha
        record |= metrics
        self._sum, self._count = 0.0, 0
        self.history.append(record)
        if self.step:
            for schedule in self.schedules:
                if isinstance(schedule, ReduceLROnPlateau):
                    schedule.step(metrics["validation_loss"])
        return record

    def check_finite(self) -> None:
        """FloatingPointError where a parameter, a buffer or an average of an optimizer is not finite."""
        states = [self.model.state_dict(), *(optimizer.state_dict() for optimizer in self.optimizers)]
        if not all(bool(tensor.isfinite().all()) for tensor in _tensors(states)):
            raise FloatingPointError(
                f"the model or its optimizer holds a number that is not finite after step {self.step}"
            )

    def state_dict(self) -> dict[str, Any]:
        """All that the rest of the run depends on, as tensors, numbers and texts."""
        return {
            "task": self.task.description,
            "recipe": self.recipe.to_dict(),
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "schedules": [schedule.state_dict() for schedule in self.schedules],
            "surge": None if self.surge is None else self.surge.state_dict(),
            "history": [dict(record) for record in self.history],
            "sum": self._sum,
            "count": self._count,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to where another run was: from there on the two are equal bit for bit.

        Raises
        ------
        ValueError
            Entries that are missing or unknown, another task, another recipe; nothing is changed then.
        """
        if state.keys() != self.state_dict().keys():
            raise ValueError(f"not the state of a training: entries {sorted(state)}")
        if state["task"] != self.task.description:
            raise ValueError(f"the checkpoint is of another task: {state['task']!r}, not {self.task.description!r}")
        own = self.recipe.to_dict()
        differing = [name for name in own if state["recipe"].get(name) != own[name]]
        if differing:
            changes = ", ".join(f"{name} {state['recipe'].get(name)!r}, not {own[name]!r}" for name in differing)
            raise ValueError(f"the checkpoint was made with {changes}: resume with the same settings, or start anew")
        self.model.load_state_dict(state["model"])
        for optimizer, entries in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(copy.deepcopy(entries))  # it would share the tensors
        for schedule, entries in zip(self.schedules, state["schedules"], strict=True):
            schedule.load_state_dict(entries)
        if self.surge is not None:
            self.surge.load_state_dict(state["surge"])
        self.step = int(state["step"])
        self.history = [dict(record) for record in state["history"]]
        self._sum, self._count = float(state["sum"]), int(state["count"])


@dataclass(frozen=True)
class TrainingResult:
    """How a run ended.

    Parameters
    ----------
    status
        ``"finished"``; ``"diverged"``, where a loss, a metric or a parameter was not finite; ``"interrupted"``.
    step
        Updates made.
    history
        The validations.
    training
        With the model; after a divergence its numbers may be not finite.
    seconds
        Of this call.
    reason
        What was not finite; empty otherwise.
    """

    status: str
    step: int
    history: tuple[Record, ...]
    training: Training
    seconds: float
    reason: str = ""

    @property
    def best(self) -> Record:
        """The validation of lowest loss."""
        return min(self.history, key=lambda record: record["validation_loss"])


def train(
    task: Task,
    recipe: Recipe,
    folder: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    observe: Callable[[int, Mapping[str, float]], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train until the steps of the recipe are made, the run diverges, or it is told to stop.

    Parameters
    ----------
    task, recipe
        What is learnt, and how.
    folder
        Where ``checkpoint.pt`` is kept, made where it is missing: written at every validation and on a stop, never
        with a number that is not finite in it. None: no checkpoint.
    resume
        Go on from the checkpoint in the folder, where there is one, to the same numbers bit for bit as without the
        interruption.
    observe
        Called with the step and ``{"loss": ...}`` after every update, and with the whole record after a validation.
    stop
        Asked before every update; true ends the run, as ``"interrupted"``, with a checkpoint.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        ``resume`` without a folder; a checkpoint that is there without ``resume``, or of another run.

    Examples
    --------
    >>> from surge import tasks
    >>> result = train(tasks.get("regression"), Recipe(lr=0.01, steps=40), stop=lambda: False)
    >>> result.status, result.step, result.best["step"]
    ('finished', 40, 40)
    """
    begin = time.perf_counter()
    path = None if folder is None else Path(folder) / CHECKPOINT
    if resume and path is None:
        raise ValueError("resume needs the folder of the run that is to go on")
    there = path is not None and path.exists()
    if there and not resume:
        raise ValueError(f"{path} is there already: resume that run, or choose another folder")
    training = Training(task, recipe)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if there:
            training.load_state_dict(load_checkpoint(path, task.device))

    def finish(status: str, reason: str = "") -> TrainingResult:
        seconds = time.perf_counter() - begin
        return TrainingResult(status, training.step, tuple(training.history), training, seconds, reason)

    def save() -> None:
        if path is not None:
            save_checkpoint(path, training.state_dict())

    def validate() -> None:
        record = training.validate()
        if observe is not None:
            observe(training.step, record)
        save()

    try:
        if not training.history:
            validate()
        while training.step < recipe.steps:
            if stop is not None and stop():
                training.check_finite()
                save()
                return finish("interrupted")
            loss = training.advance()
            if observe is not None:
                observe(training.step, {"loss": loss})
            if training.step % recipe.validate_every == 0 or training.step == recipe.steps:
                validate()
    except FloatingPointError as error:
        return finish("diverged", str(error))
    return finish("finished")


def _tensors(entries: Any) -> Iterator[Tensor]:
    """The tensors in nested lists and dictionaries."""
    if isinstance(entries, Tensor):
        yield entries
    elif isinstance(entries, Mapping):
        for entry in entries.values():
            yield from _tensors(entry)
    elif isinstance(entries, list | tuple):
        for entry in entries:
            yield from _tensors(entry)
