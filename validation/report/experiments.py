"""The document of ``python -m validation experiments`` as HTML: training with SURGE beside fair controls."""

from __future__ import annotations

from html import escape
from pathlib import Path

from rich.table import Table

from validation.experiments.report import tables

from .markup import badge, paragraph, picture, table
from .measurement import Document

__all__ = ["show"]

_BADGES = {"supported": "good", "not supported": "bad", "undecided": "grey"}
_RATES = {"own": "each arm at its own learning rate", "common": "all arms at the same learning rates"}


def show(document: Document, folder: Path) -> str:
    """The verdicts on what the paper says, then every experiment with its tables and figures.

    Parameters
    ----------
    document
        As ``--json`` writes it: ``size``, ``experiments`` (the schema is in their README), ``verdicts``.
    folder
        Where ``NAME/*.svg`` are.
    """
    text = ""
    if document["size"] == "quick":
        text += paragraph("Quick sizes: three seeds, few steps, embedded data. They show that it runs, no more.")
    text += "".join(map(_claim, document["verdicts"]))
    return text + "".join(_experiment(one, folder / one["experiment"]) for one in document["experiments"])


def _claim(one: Document) -> str:
    verdict = badge(one["verdict"], _BADGES[one["verdict"]])
    title = f"<h4>{escape(one['claim'].capitalize())}, {_RATES[one['rates']]} {verdict}</h4>\n"
    return title + paragraph(one["sentence"])


def _experiment(one: Document, folder: Path) -> str:
    counts = {name: value for name, value in one["size"].items() if name != "name" and value is not None}
    size = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in counts.items())
    text = f"<h4>{escape(one['experiment'].replace('_', ' ').capitalize())}</h4>\n"
    text += paragraph(one["question"]) + paragraph(f"About {one['paper']}. Size {one['size']['name']}: {size}.", "soft")
    text += "".join(map(_as_html, tables(one)))
    for path in sorted(folder.glob("*.svg")):
        text += picture(path, f"{one['experiment'].replace('_', ' ')}: {path.stem.replace('_', ' ')}")
    return text


def _as_html(shown: Table) -> str:
    """A table of the terminal as one of the page."""
    rows = zip(*(list(column.cells) for column in shown.columns), strict=True)
    headings = [str(column.header) for column in shown.columns]
    return table(headings, ([str(cell) for cell in row] for row in rows), str(shown.title or ""))
