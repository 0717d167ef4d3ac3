"""Figure 6 and table 2 as a figure, from the document of the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..arms import SCHEDULERS
from ..loss_curves import COLOURS, canvas, draw_curves, save

__all__ = ["draw"]

#: The learning rates of figure 6.
_SHOWN = (3e-3, 3e-4)


def draw(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the figures into a folder and return their paths."""
    shown = [cell for cell in document["cells"] if cell["rate"] in _SHOWN]
    return [
        draw_curves(shown, (*SCHEDULERS, "surge"), folder / "figure_6.svg"),
        _table(document, folder / "table_2.svg"),
    ]


def _table(document: Mapping[str, Any], path: Path) -> Path:
    """The median final validation loss against the learning rate."""
    figure, axes = canvas(1)
    panel = axes[0, 0]
    cells = document["cells"]
    for name in cells[0]["arms"]:
        losses = [cell["arms"][name]["median_final"] for cell in cells]
        values = np.asarray([np.nan if loss is None else loss for loss in losses], dtype=float)
        style = ".-" if name in (*SCHEDULERS, "surge") else ".--"  # controls share colours with schedules
        panel.plot([cell["rate"] for cell in cells], values, style, color=COLOURS[name], label=name, linewidth=1.2)
    panel.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="median final validation loss")
    panel.legend(fontsize="x-small")
    return save(figure, path)
