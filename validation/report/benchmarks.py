"""The document of ``python -m validation benchmarks`` as HTML: contests, demands, and costs against sizes."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

from validation.benchmarks.report import ratio_text, seconds_text
from validation.benchmarks.timing import Spread

from .markup import Html, badge, met, number, paragraph, picture, table
from .measurement import Document

__all__ = ["FIGURES", "show"]

#: The folder of the drawings in that of the measurement.
FIGURES = "figures"


def show(document: Document, folder: Path) -> str:
    """All benchmarks of a document.

    Parameters
    ----------
    document
        As :func:`validation.benchmarks.report.document` makes it.
    folder
        Where ``figures/NAME.png`` are, for the benchmarks that have been drawn.
    """
    text = paragraph(
        "Everyone is timed in turns, in one run. “Times ours” is the median over the rounds of the peer's time by "
        "that of this package, with its quartiles; digits are counted against references computed by other means."
    )
    gates = [(one["title"], gate) for one in document["benchmarks"] for gate in one["gates"]]
    if gates:
        rows = [[title, gate["demand"], number(gate["value"]), met(gate["holds"])] for title, gate in gates]
        text += table(("benchmark", "demand", "measured", ""), rows, "What is demanded of the results")
    return text + "".join(_benchmark(one, folder) for one in document["benchmarks"])


def _benchmark(one: Document, folder: Path) -> str:
    rows = [_row(contest["label"], entry) for contest in one["contests"] for entry in contest["entries"]]
    headings = ("problem", "by", "time", "times ours (quartiles)", "digits right", "claimed", "runs")
    text = f"<h4>{escape(one['title'])}</h4>\n" + table(headings, rows)
    drawing = folder / FIGURES / f"{one['name']}.png"
    return text + picture(drawing, f"{one['title']}: seconds against the {one['variable']}, with fitted power laws.")


def _row(label: str, entry: Document) -> list[str]:
    if entry["seconds"] is None:
        return [label, entry["name"], entry["status"], "", "", "", ""]
    ours = entry["role"] == "ours"
    ratio = None if entry["ratio"] is None else Spread(**entry["ratio"])
    digits = "exact" if entry["exact"] else _whole(entry["digits"])
    return [
        label,
        Html(f"<b>{escape(entry['name'])}</b>") if ours else entry["name"],
        seconds_text(entry["seconds"]),
        "1" if ours else ratio_text(ratio),
        badge(f"{digits} wrong", "bad") if entry["claim_holds"] is False else digits,
        _whole(entry["claimed_digits"]),
        str(len(entry["times"])),
    ]


def _whole(digits: float | None) -> str:
    return "" if digits is None else str(math.floor(digits))
