"""Figures 1, 4 and 5, from the document of the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..loss_curves import draw_curves

__all__ = ["draw"]


def draw(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the figures into a folder and return their paths."""
    cells = document["cells"]
    adam = [cell for cell in cells if cell["optimizer"] == "adam"]
    return [
        draw_curves(adam, ("bare", "surge"), folder / "figure_1.svg"),
        draw_curves(cells, ("bare", "surge", "matched", "zero", "reach"), folder / "figure_4.svg"),
        draw_curves(adam, ("bare", "surge", "random", "shuffled"), folder / "figure_5.svg"),
        draw_curves(cells, ("bare", "reach", "reach+guard", "momo", "prodigy", "schedule-free"), folder / "peers.svg"),
    ]
