"""Validation losses against the steps: the median over the seeds, with its quartiles."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["COLOURS", "canvas", "draw_curves", "save"]

#: Of the Okabe-Ito palette, which colour-blind readers can tell apart; the same colour for an arm in all figures.
COLOURS = {
    "bare": "#000000",
    "surge": "#d55e00",
    "matched": "#0072b2",
    "random": "#cc79a7",
    "shuffled": "#e69f00",
    "zero": "#56b4e9",
    "reach": "#009e73",
    "reach+guard": "#009e73",
    "reach+guard+cosine": "#7570b3",
    "step": "#e69f00",
    "exponential": "#56b4e9",
    "cosine": "#0072b2",
    "plateau": "#cc79a7",
    "wsd": "#999999",
    "momo": "#7570b3",
    "prodigy": "#999999",
    "schedule-free": "#66a61e",
}


def canvas(columns: int, rows: int = 1) -> tuple[Figure, Any]:
    """A figure and its axes (rows, columns)."""
    figure = Figure(figsize=(1 + 4.2 * columns, 0.6 + 3.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def save(figure: Figure, path: Path) -> Path:
    """Write an SVG that is the same for the same data, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with mpl.rc_context({"svg.hashsalt": "validation", "svg.fonttype": "none"}):
            figure.savefig(beside, format="svg", metadata={"Date": None})
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return path


def draw_curves(cells: Sequence[Mapping[str, Any]], arms: Sequence[str], path: Path) -> Path:
    """A panel a cell, a line an arm (those of ``arms`` that the cell has), both axes of losses logarithmic.

    Parameters
    ----------
    cells : sequence of dict
        Of the document of an experiment.
    arms : sequence of str
    path : Path
        Ends in ``.svg``.
    """
    figure, axes = canvas(len(cells))
    for panel, cell in zip(axes[0], cells, strict=True):
        for name in arms:
            if name not in cell["arms"]:
                continue
            arm = cell["arms"][name]
            step = np.asarray(arm["curve"]["step"])
            median, low, high = (
                np.asarray([np.nan if value is None else value for value in arm["curve"][which]], dtype=float)
                for which in ("median", "low", "high")
            )
            style = "--" if name in ("reach", "matched") else "-"
            panel.plot(step, median, style, color=COLOURS[name], label=f"{name} (lr {arm['lr']:.3g})", linewidth=1.4)
            panel.fill_between(step, low, high, color=COLOURS[name], alpha=0.12, linewidth=0)
        panel.set(yscale="log", xlabel="steps", ylabel="validation loss", title=cell["name"])
        panel.title.set_fontsize("small")
        panel.legend(fontsize="x-small")
    return save(figure, path)
