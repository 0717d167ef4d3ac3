"""One training run and the record of it."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import trapezoid

from surge.tasks import Task

from .arms import ARMS, Guidance
from .methods import Setting

__all__ = ["DIVERGED", "Run", "train"]

#: A loss above this counts as diverged: e^16 is what a uniform guess among nine million classes has.
DIVERGED = 1e7

#: Fewest and most training samples on which the training loss is evaluated at the end, as far as there are.
_FEWEST, _MOST = 256, 2048


@dataclass(frozen=True)
class Run:
    """What a record is about.

    Attributes
    ----------
    problem
        Description of the task.
    optimizer, arm, lr, seed, steps, validations
        The seed is that of the initial parameters, of the batches and of what the arm draws.
    held_out
        Held-out samples.
    """

    problem: str
    optimizer: str
    arm: str
    lr: float
    seed: int
    steps: int
    validations: int
    held_out: int


def train(task: Task, run: Run, guidance: Guidance) -> dict[str, Any]:
    """Train once.

    A run diverges where the loss of a batch, a validation loss or the training loss is not finite or above 1e7, or
    where an update is not finite.

    Parameters
    ----------
    task : Task
        That of ``run.problem``.
    run : Run
    guidance : Guidance

    Returns
    -------
    dict
        The fields of ``run``; ``status``, "finished" or "diverged"; ``updates``; ``alpha``, the mean factor of the
        learning rate, None without a wrapper; ``seconds`` without the validations; ``curve``: the lists ``step``,
        ``validation_loss`` and ``batch_loss`` (mean since the last validation, None before the first update). A run
        that finished has, and others have None for, ``final``, ``best`` and ``area`` (the least and the mean over the
        steps) of the validation loss, ``rise`` (the sum of its logarithm's increases), ``training_loss`` on as many
        training samples as are held out, but 256 to 2048, and ``accuracy`` (None without classes).

    Examples
    --------
    >>> from surge import tasks
    >>> from surge.targets import Targets
    >>> task = tasks.get("regression")
    >>> run = Run(task.description, "adam", "bare", 0.01, seed=0, steps=20, validations=2, held_out=252)
    >>> record = train(task, run, Guidance(0, 1.0, Targets(()), Targets(())))
    >>> record["status"], record["curve"]["step"], record["final"] < record["curve"]["validation_loss"][0]
    ('finished', [0, 10, 20], True)
    """
    model = task.model(run.seed)
    started = ARMS[run.arm].start(Setting(task, model, run.optimizer, run.lr, run.steps), guidance)
    arm = started.arm
    checks = {round(run.steps * k / run.validations) for k in range(run.validations + 1)}
    curve: dict[str, list[Any]] = {"step": [], "validation_loss": [], "batch_loss": []}
    losses: list[float] = []
    alphas: list[float] = []
    results: dict[str, float | None] = dict.fromkeys(
        ("final", "best", "area", "rise", "training_loss", "accuracy"), None
    )
    status, step, apart = "finished", 0, 0.0
    begin = time.perf_counter()

    def validate(after: int) -> dict[str, float]:
        nonlocal apart
        since = time.perf_counter()
        arm.finish()
        metrics = task.metrics(model)
        loss = _accepted("validation loss", metrics["validation_loss"])
        curve["step"].append(after)
        curve["validation_loss"].append(loss)
        curve["batch_loss"].append(float(np.mean(losses)) if losses else None)
        losses.clear()
        if after:
            for plateau in started.plateaus:
                plateau.step(loss)
        if after == run.steps:
            inputs, targets = task.training
            count = min(_MOST, max(_FEWEST, len(task.held_out[0])))
            shown = dataclasses.replace(task, held_out=(inputs[:count], targets[:count]))
            metrics["training_loss"] = _accepted("training loss", shown.metrics(model)["validation_loss"])
        elif arm.averages:
            for optimizer in arm.optimizers:
                optimizer.train()
        apart += time.perf_counter() - since
        return metrics

    try:
        metrics = validate(0)
        while step < run.steps:
            inputs, targets = task.batch(step, run.seed)
            arm.zero_grad()
            loss = task.loss(model(inputs), targets)
            losses.append(_accepted("loss", loss.item()))
            loss.backward()  # type: ignore[no-untyped-call]
            arm.step(loss, inputs)
            if arm.surge is not None:
                alphas.append(arm.surge.alpha)
            step += 1
            if step in checks:
                metrics = validate(step)
        validated = np.asarray(curve["validation_loss"])
        results = {
            "final": metrics["validation_loss"],
            "best": float(validated.min()),
            "area": float(trapezoid(validated, curve["step"])) / run.steps,
            "rise": float(np.clip(np.diff(np.log(validated)), 0, None).sum()),
            "training_loss": metrics["training_loss"],
            "accuracy": metrics.get("accuracy"),
        }
    except FloatingPointError:
        status = "diverged"
    alpha = float(np.mean(alphas)) if alphas else None
    return {
        **dataclasses.asdict(run),
        "status": status,
        "updates": step,
        "alpha": alpha if alpha is not None and math.isfinite(alpha) else None,
        **results,
        "curve": curve,
        "seconds": round(time.perf_counter() - begin - apart, 4),
    }


def _accepted(name: str, value: float) -> float:
    """The value; FloatingPointError where it counts as diverged."""
    if not value <= DIVERGED:
        raise FloatingPointError(f"the {name} is {value}")
    return value
