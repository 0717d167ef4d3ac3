"""The document of ``python -m validation learning-rates`` as HTML: how much each method cares for its learning rate."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from .crosscheck import DRAWING
from .markup import number, picture, table
from .measurement import Document

__all__ = ["show"]

_HEADINGS = ("method", "least loss", "worst over best", "decades", "decades of all", "diverged", "seeds")


def show(document: Document, folder: Path) -> str:
    """A table for each task and optimizer, and the figure of the good decades.

    Parameters
    ----------
    document
        As ``--json`` writes it: ``learning_rates``, the entries of
        :func:`validation.experiments.learning_rates.results.summary`.
    folder
        Where the figure is.
    """
    text = picture(folder / DRAWING, "Decades of learning rates that end within 10 % of the best scheduler.")
    entries = document["learning_rates"]
    for (task, noise, steps, optimizer), group in groupby(
        entries, key=lambda entry: (entry["task"], entry["label_noise"], entry["steps"], entry["optimizer"])
    ):
        noisy = f", label noise {noise:g}" if noise else ""
        text += table(_HEADINGS, map(_row, group), f"{task}{noisy}, {optimizer}, {steps} updates")
    return text


def _row(entry: Document) -> list[str]:
    finite = [mean for mean in entry["mean"] if mean is not None]
    return [
        entry["method"],
        number(min(finite)) if finite else "–",
        number(entry["worst_over_best"]),
        f"{entry['decades']:.1f}",
        f"{entry['decades_of_all']:.1f}",
        str(sum(entry["diverged"])),
        str(max(entry["seeds"])),
    ]
