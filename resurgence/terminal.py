"""What the command writes to the terminal: text and tables, JSON, progress."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from .verification import HEADINGS, Verification

__all__ = ["STATUS_STYLES", "print_json", "print_rich", "progress", "table", "verification_table"]

STATUS_STYLES = {
    "proved": "green",
    "certified": "green",
    "estimated": "yellow",
    "refuted": "red",
    "undecided": "magenta",
}

#: Least widths of the columns of a verification, for words to stay whole in 80 columns.
_LEAST_WIDTHS = (13, 8, 10, 6, 9, 9, 9)

#: Width of what goes to a file or a pipe, where tables are not to be folded.
_PIPE_WIDTH = 240


def print_rich(*renderables: RenderableType) -> None:
    """Print with rich, but through ``sys.stdout``: rich itself ends the process where a pipe is broken."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    with console.capture() as capture:
        for renderable in renderables:
            console.print(renderable)
    text = "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    print(json.dumps(document, indent=2, allow_nan=False))


@contextmanager
def progress(task: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner with the time elapsed on stderr, where that is a terminal, while a block runs.

    The block is given what it may call with how far it has got.
    """
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as display:
        row = display.add_task(task, total=None)
        yield lambda reached: display.update(row, description=f"{task}: {reached}")


def table(*headings: str) -> Table:
    """An empty table with these headings; cells that do not fit are folded."""
    empty = Table(header_style="bold", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        empty.add_column(heading, overflow="fold")
    return empty


def verification_table(verification: Verification) -> Table:
    """The rows of a verification, so that 80 columns are enough."""
    rows = table(*HEADINGS)
    for column, width in zip(rows.columns, _LEAST_WIDTHS, strict=True):
        column.min_width = width
    for cells in verification.cells():
        exact = re.sub(r" \(root, degree \d+\)", "", cells[0])  # said with the critical values
        rows.add_row(exact, *cells[1:-1], Text(cells[-1], style=STATUS_STYLES.get(cells[-1], "")))
    return rows
