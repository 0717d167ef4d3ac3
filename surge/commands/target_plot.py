"""A picture of targets: the loss upwards, their error bars, and what is known exactly."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from resurgence.plotting import BLUE, GREY, ORANGE, check_plot_path

from ..landscape import Landscape
from ..targets import Targets

__all__ = ["plot_targets"]


def plot_targets(land: Landscape, found: Targets, critical: tuple[float, ...], path: str | os.PathLike[str]) -> None:
    """Draw targets into a file: over the loss itself in one dimension, otherwise side by side.

    Parameters
    ----------
    land
        The landscape they are of.
    found
        The targets, with their errors.
    critical
        Exact critical values, real; none where they are not known.
    path
        A .png, .pdf or .svg file.

    Raises
    ------
    ValueError
        A path that cannot be written to.
    """
    target = check_plot_path(Path(path))
    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    errors = found.errors or (0.0,) * len(found.values)
    if land.dim == 1:
        _draw_loss(axes, land, found, critical)
        for value, error in zip(found.values, errors, strict=True):
            axes.axhspan(value - error, value + error, color=BLUE, alpha=0.25, lw=0)
            axes.axhline(value, color=BLUE, lw=1.2)
        axes.set_xlabel("θ")
    else:
        places = np.arange(1, len(found.values) + 1)
        axes.errorbar(places, found.values, errors, fmt="o", color=BLUE, capsize=4)
        start = float(land(land.base.mean[None])[0])
        axes.axhline(start, color=GREY, ls="--", lw=1)
        axes.annotate(" loss at the centre of the base measure", (0, start), (0, 3), textcoords="offset points",
                      xycoords=("axes fraction", "data"), color=GREY, fontsize=8)  # fmt: skip
        axes.set_xlim(0, len(found.values) + 1)
        axes.set_xticks(places)
        axes.set_xlabel("target")
    for value in critical:
        axes.plot(1.0, value, marker="D", ms=7, color=ORANGE, clip_on=False, transform=axes.get_yaxis_transform())
    axes.set_ylabel("loss")
    known = "; diamonds: exact critical values" if critical else ""
    axes.set_title(f"{len(found.values)} targets with their standard errors{known}", fontsize=10)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        figure.savefig(unfinished, format=target.suffix.lower()[1:], dpi=150)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _draw_loss(axes: Axes, land: Landscape, found: Targets, critical: tuple[float, ...]) -> None:
    """The loss where its base measure is, as far up as matters."""
    centre, deviation = float(land.base.mean[0]), float(land.base.stddev[0])
    theta = torch.linspace(centre - 4 * deviation, centre + 4 * deviation, 801, dtype=torch.float64)
    losses = land(theta[:, None].to(land.device, land.dtype)).cpu()
    axes.plot(theta.numpy(), losses.numpy(), color=GREY, lw=1.5)
    within = losses[(theta - centre).abs() <= deviation]
    marks = [*found.values, *critical, float(losses.min()), float(within[within.isfinite()].max())]
    low, high = min(marks), max(marks)
    margin = 0.15 * (high - low) or 1.0
    axes.set_ylim(low - margin, high + margin)
