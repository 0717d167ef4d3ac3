"""What the cells of an experiment say, as one JSON document: figures of every run, and paired comparisons.

The schema is in the README of this folder. In these documents null stands for an infinite figure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .arms import ARMS, SCHEDULERS
from .campaign import Cell, Record
from .paired_statistics import compare, holm

__all__ = ["METRICS", "cell_document", "comparisons", "figures", "finite"]

#: Figures of merit, less is better.
METRICS = {
    "final": "validation loss after the last update",
    "best": "least validation loss",
    "area": "mean validation loss over the steps",
    "steps_early": "steps to the loss that the bare optimizer has after a quarter of its steps",
    "steps_late": "steps to the loss that the bare optimizer has at the end",
    "rise": "sum of the increases of the logarithm of the validation loss",
    "gap": "validation loss over training loss at the end",
}

#: What the paper's rule is compared with; every other arm is compared with the bare optimizer.
_CONTROLS = ("bare", "matched", "random", "shuffled", "zero", "best scheduler")


def finite(value: float) -> float | None:
    """The value; None where it is infinite."""
    return None if math.isinf(value) else float(value)


def cell_document(cell: Cell) -> dict[str, Any]:
    """A cell with the figures of every run, by arm and in the order of the seeds."""
    bare = cell.runs["bare"]
    levels = {"steps_early": _level(bare, 0.25), "steps_late": _level(bare, 1.0)}
    arms = {name: _arm_document(name, cell, levels) for name in cell.runs}
    schedulers = [name for name in SCHEDULERS if name in arms]
    best = min(schedulers, key=lambda name: float(np.median(figures(arms[name], "final"))))
    identical = None
    if "none" in cell.runs:
        identical = all(
            a["curve"] == b["curve"] and a["final"] == b["final"] for a, b in zip(bare, cell.runs["none"], strict=True)
        )
    return {
        "name": cell.name,
        "problem": cell.problem,
        "optimizer": cell.optimizer,
        "rate": cell.rate,
        "seeds": [record["seed"] for record in bare],
        "targets": [
            {"values": list(found.targets.values), "reason": found.targets.reason, "initial_loss": found.initial_loss}
            for _, found in sorted(cell.targets.items())
        ],
        "levels": {name: finite(value) for name, value in levels.items()},
        "wrapper_without_targets_is_bare": identical,
        "best_scheduler": best if len(schedulers) > 1 else None,
        "left_out": dict(cell.left_out),
        "arms": arms,
    }


def figures(arm: Mapping[str, Any], metric: str) -> list[float]:
    """A figure of merit of every run of an arm of a document, inf where it is null."""
    return [math.inf if value is None else float(value) for value in arm[metric]]


def comparisons(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Paired comparisons in every cell, with Holm's correction over the cells.

    Of "surge" with each of its controls, of every other arm with the bare optimizer; of all figures of merit. A family
    of the correction is one figure of one arm against one control.
    """
    families: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for cell in cells:
        arms = cell["arms"]
        pairs = [("surge", control) for control in _CONTROLS if "surge" in arms]
        pairs += [(name, "bare") for name in arms if name not in ("bare", "surge")]
        for name, control in pairs:
            against = control_arm(cell, control)
            if against is None:
                continue
            for metric in METRICS:
                found = compare(figures(arms[name], metric), figures(against, metric))
                entry = {
                    "cell": cell["name"],
                    "metric": metric,
                    "arm": name,
                    "against": control,
                    "pairs": found.pairs,
                    "median_relative_difference": finite(found.median),
                    "low": finite(found.low),
                    "high": finite(found.high),
                    "rank_biserial": found.effect,
                    "p": found.p_value,
                }
                families.setdefault((metric, name, control), []).append(entry)
    for family in families.values():
        for entry, adjusted in zip(family, holm([entry["p"] for entry in family]), strict=True):
            entry["p_holm"] = adjusted
    return [entry for family in families.values() for entry in family]


def control_arm(cell: Mapping[str, Any], control: str) -> Mapping[str, Any] | None:
    """The arm of a cell that is named, or its best scheduler; None where there is none."""
    name = cell["best_scheduler"] if control == "best scheduler" else control
    arm: Mapping[str, Any] | None = cell["arms"].get(name)
    return arm


def _arm_document(name: str, cell: Cell, levels: Mapping[str, float]) -> dict[str, Any]:
    runs, found = cell.runs[name], cell.tuned.get(name)
    leader = cell.tuned.get(ARMS[name].follows or name)
    document: dict[str, Any] = {
        "meaning": ARMS[name].meaning,
        "lr": runs[0]["lr"],
        "at_edge": leader is not None and leader.at_edge,
        "tuning": None if found is None else [[lr, finite(loss)] for lr, loss in found.tried],
        "diverged": sum(record["status"] == "diverged" for record in runs),
        "median_final": finite(float(np.median([_infinite(record["final"]) for record in runs]))),
    }
    for metric in ("final", "best", "area", "rise", "training_loss", "accuracy", "alpha", "seconds"):
        document[metric] = [record[metric] for record in runs]
    for metric, level in levels.items():
        document[metric] = [finite(_steps_to(record["curve"], level)) for record in runs]
    document["gap"] = [
        None if record["final"] is None else finite(_quotient(record["final"], record["training_loss"]))
        for record in runs
    ]
    return document | {"curve": _curve(runs)}


def _infinite(value: float | None) -> float:
    return math.inf if value is None else value


def _quotient(a: float, b: float) -> float:
    return a / b if b > 0 else math.inf


def _level(runs: Sequence[Record], part: float) -> float:
    """The median validation loss after a part of the steps; inf where it has diverged by then in half of the runs."""
    reached = []
    for record in runs:
        step, loss = record["curve"]["step"], record["curve"]["validation_loss"]
        wanted = part * record["steps"]
        reached.append(float(np.interp(wanted, step, loss)) if step and step[-1] >= wanted else math.inf)
    return float(np.median(reached))


def _steps_to(curve: Mapping[str, Sequence[float]], level: float) -> float:
    """Steps until the validation loss is at a level, interpolated between validations; inf where it never is.

    >>> _steps_to({"step": [0, 10, 20], "validation_loss": [3.0, 1.0, 0.5]}, 2.0)
    5.0
    """
    steps, losses = curve["step"], curve["validation_loss"]
    if math.isinf(level):
        return math.inf
    for k, loss in enumerate(losses):
        if loss <= level:
            if k == 0:
                return float(steps[0])
            part = (losses[k - 1] - level) / (losses[k - 1] - loss)
            return steps[k - 1] + part * (steps[k] - steps[k - 1])
    return math.inf


def _curve(runs: Sequence[Record]) -> dict[str, list[float | None]]:
    """The median validation loss over the seeds and its quartiles; null where it has diverged."""
    longest = max((record["curve"]["step"] for record in runs), key=len)
    losses = np.full((len(runs), len(longest)), np.inf)
    for row, record in zip(losses, runs, strict=True):
        row[: len(record["curve"]["step"])] = record["curve"]["validation_loss"]
    low, median, high = np.quantile(losses, [0.25, 0.5, 0.75], axis=0, method="inverted_cdf")
    return {
        "step": list(longest),
        "median": [finite(value) for value in median],
        "low": [finite(value) for value in low],
        "high": [finite(value) for value in high],
    }
