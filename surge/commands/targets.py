"""``surge targets``: target values of an action or of a network's loss."""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import torch
from rich.text import Text
from torch.distributions import Independent, Normal

import surge
from resurgence import Action
from resurgence.plotting import check_plot_path
from resurgence.terminal import print_json, print_rich, progress, table

from ..landscape import Landscape
from ..targets import Targets
from .task_options import SAMPLES, SCALE, task_landscape, task_of

__all__ = ["targets"]


def targets(options: argparse.Namespace) -> bool:
    """``surge targets ACTION`` or ``surge targets --task NAME``: true where there is a target."""
    begin = time.perf_counter()
    if (options.action is None) == (options.task is None):
        raise ValueError('give one of an action such as "(x^2-1)^2 + x/10" and --task NAME')
    if options.plot is not None:
        check_plot_path(options.plot)
    document: dict[str, Any] = {"action": options.action, "task": options.task}
    critical: tuple[float, ...] = ()
    if options.action is not None:
        action = Action(options.action)
        land = _action_landscape(options, action)
        critical, unknown = _critical_values(action)
        document |= {"critical_values": None if unknown else list(critical), "critical_values_unknown": unknown}
        name = options.action
    else:
        task = task_of(options)
        land = task_landscape(options, task)
        document |= {"description": task.description, "floor": task.floor, "samples": options.samples or SAMPLES}
        name = f"{task.description}; {land.dim} parameters"
    document |= {"dimension": land.dim, "scale": options.scale or SCALE, "method": options.method, "seed": options.seed}
    with progress("estimating the partition function") as tell:
        found = surge.find_targets(
            land, method=options.method, seed=options.seed, cooled=lambda g: tell(f"down to the coupling {g:.3g}")
        )
    document |= {
        "values": list(found.values),
        "errors": None if found.errors is None else list(found.errors),
        "reason": found.reason,
        "seconds": time.perf_counter() - begin,
        "plot": options.plot,
    }
    if options.plot is not None:
        from .target_plot import plot_targets

        plot_targets(land, found, critical, options.plot)
    if options.json:
        print_json(document)
    else:
        _show(name, found, critical, options.plot)
    return len(found) > 0


def _action_landscape(options: argparse.Namespace, action: Action) -> Landscape:
    """An action against a Gaussian around the origin."""
    for option in ("data", "label_noise", "samples", "device"):
        if getattr(options, option) is not None:
            raise ValueError(f"--{option.replace('_', '-')} is for --task, and an action is given")
    scale = SCALE if options.scale is None else options.scale
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"--scale must be positive and finite, got {scale}")
    zero = torch.zeros(action.dimension, dtype=torch.float64)
    return Landscape.from_action(action, Independent(Normal(zero, scale * torch.ones_like(zero)), 1))


def _critical_values(action: Action) -> tuple[tuple[float, ...], str]:
    """The exact critical values that are real, as floats and in order; or why they are not known."""
    try:
        values = action.critical_values()
    except ValueError as error:
        return (), str(error)
    enclosures = [value.enclosure(20).value for value in values]
    return tuple(sorted(float(value.real) for value in enclosures if value.imag == 0)), ""


def _show(name: str, found: Targets, critical: tuple[float, ...], plot: str | None) -> None:
    print_rich(Text(name, style="bold"))
    if found.values:
        rows = table("target", "error", *(("nearest exact critical value",) if critical else ()))
        errors = found.errors or (None,) * len(found.values)
        for value, error in zip(found.values, errors, strict=True):
            nearest = [f"{min(critical, key=lambda c: abs(c - value)):.8g}"] if critical else []
            rows.add_row(f"{value:.8g}", "not known" if error is None else f"± {error:.2g}", *nearest)
        print_rich(rows)
    else:
        print_rich(Text("no target", style="bold red"))
    if found.reason:
        print_rich(Text(found.reason))
    if plot is not None:
        print_rich(Text(f"targets drawn in {plot}"))
