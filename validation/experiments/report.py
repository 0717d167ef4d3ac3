"""The tables of an experiment in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from rich.table import Table

__all__ = ["arm_table", "rate_table", "tables"]


def tables(document: Mapping[str, Any]) -> Iterator[Table]:
    """A table a cell, or one for all cells where the learning rates are common."""
    if document["rates"]:
        yield from rate_table(document)
    else:
        yield from (arm_table(document, cell) for cell in document["cells"])


def arm_table(document: Mapping[str, Any], cell: Mapping[str, Any]) -> Table:
    """Arms of a cell at their own learning rates; "beside bare" is the final loss, p corrected over the cells."""
    shown = Table(title=f"{cell['name']}: {len(cell['seeds'])} seeds, {document['size']['steps']} steps")
    heads = ("arm", "lr", "final", "best", "area", "steps early", "diverged", "alpha", "seconds", "beside bare", "p")
    for head in heads:
        shown.add_column(head, justify="left" if head == "arm" else "right")
    beside = {
        entry["arm"]: entry
        for entry in document["comparisons"]
        if (entry["cell"], entry["metric"], entry["against"]) == (cell["name"], "final", "bare")
    }
    for name, arm in cell["arms"].items():
        entry = beside.get(name)
        difference = "" if entry is None else _interval(entry)
        shown.add_row(
            name,
            f"{arm['lr']:.3g}" + (" (edge)" if arm["at_edge"] else ""),
            *(_median(arm[metric], ".4g") for metric in ("final", "best", "area")),
            _median(arm["steps_early"], ".0f"),
            str(arm["diverged"]),
            "" if None in arm["alpha"] else _median(arm["alpha"], ".4g"),
            _median(arm["seconds"], ".2f"),
            difference,
            "" if entry is None else f"{entry['p_holm']:.2g}",
        )
    return shown


def rate_table(document: Mapping[str, Any]) -> Iterator[Table]:
    """Table 2 of the paper: median final validation losses, a row an arm, a column a learning rate; a table a problem.

    The last rows are the gain of the paper's rule on the best schedule, in the median of the pairs, and the p-value of
    the difference, corrected over the learning rates.
    """
    for problem in dict.fromkeys((cell["problem"], cell["optimizer"]) for cell in document["cells"]):
        cells = [cell for cell in document["cells"] if (cell["problem"], cell["optimizer"]) == problem]
        shown = Table(
            title=f"{problem[0]}, {problem[1]}: {len(cells[0]['seeds'])} seeds, {document['size']['steps']} steps"
        )
        shown.add_column("arm")
        for cell in cells:
            shown.add_column(f"{cell['rate']:g}", justify="right")
        for name in cells[0]["arms"]:
            shown.add_row(name, *(_number(cell["arms"][name]["median_final"], ".4f") for cell in cells))
        shown.add_section()
        shown.add_row("best schedule", *(cell["best_scheduler"] for cell in cells))
        entries = [
            next(
                entry
                for entry in document["comparisons"]
                if (entry["cell"], entry["metric"], entry["arm"], entry["against"])
                == (cell["name"], "final", "surge", "best scheduler")
            )
            for cell in cells
        ]
        shown.add_row("surge beside it", *map(_interval, entries))
        shown.add_row("p", *(f"{entry['p_holm']:.2g}" for entry in entries))
        yield shown


def _interval(entry: Mapping[str, Any]) -> str:
    middle, low, high = (
        "inf" if entry[name] is None else f"{100 * entry[name]:+.1f}"
        for name in ("median_relative_difference", "low", "high")
    )
    return f"{middle} % [{low}, {high}]"


def _median(values: list[float | None], form: str) -> str:
    found = float(np.median([np.inf if value is None else value for value in values]))
    return f"{found:{form}}"


def _number(value: float | None, form: str) -> str:
    return "inf" if value is None else f"{value:{form}}"
