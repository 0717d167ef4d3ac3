"""Figures 2 and 7, from the document of the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..loss_curves import COLOURS, canvas, draw_curves, save

__all__ = ["draw"]


def draw(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the figures into a folder and return their paths."""
    arms = ("bare", "surge", "matched", "random", "zero", "reach")
    return [
        draw_curves(document["cells"], arms, folder / "figure_2.svg"),
        _generalisation(document, folder / "figure_7.svg"),
    ]


def _generalisation(document: Mapping[str, Any], path: Path) -> Path:
    """The validation error against the training error at the end, a point a random state."""
    figure, axes = canvas(len(document["cells"]))
    for panel, cell in zip(axes[0], document["cells"], strict=True):
        drawn = []
        for name, marker in (("bare", "o"), ("surge", "x"), ("matched", "+")):
            arm = cell["arms"][name]
            pairs = [
                (x, y)
                for x, y in zip(arm["training_loss"], arm["final"], strict=True)
                if x is not None and y is not None
            ]
            drawn += pairs
            if pairs:
                panel.plot(*zip(*pairs, strict=True), marker, color=COLOURS[name], label=name, markersize=5)
        if drawn:
            ends = min(min(pair) for pair in drawn), max(max(pair) for pair in drawn)
            panel.plot(ends, ends, color="0.7", linewidth=0.8, zorder=0)
            panel.legend(fontsize="x-small")
        panel.set(xscale="log", yscale="log", xlabel="training error", ylabel="validation error", title=cell["name"])
        panel.title.set_fontsize("small")
        panel.tick_params(axis="x", which="both", labelrotation=45, labelsize="x-small")
    return save(figure, path)
