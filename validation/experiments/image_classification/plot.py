"""Figure 3, from the document of the experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..loss_curves import draw_curves

__all__ = ["draw"]


def draw(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the figures into a folder and return their paths."""
    paper = ("bare", "surge", "matched", "random", "zero")
    peers = ("bare", "surge", "reach", "reach+guard", "momo", "prodigy", "schedule-free")
    return [
        draw_curves(document["cells"], paper, folder / "figure_3.svg"),
        draw_curves(document["cells"], peers, folder / "peers.svg"),
    ]
