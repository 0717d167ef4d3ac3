"""A report from its plan to its files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from validation.atomic_write import write_json, write_text
from validation.benchmarks.environment import environment

from . import measurement
from .kept import Kept, sources_version
from .measurement import Finding, Measurement
from .page import Part, document, page

__all__ = ["DOCUMENT", "PAGE", "report"]

#: The files of a report.
PAGE, DOCUMENT = "report.html", "report.json"


def report(
    measurements: Sequence[Measurement],
    size: str,
    out: Path,
    data: Path | None = None,
    make: Callable[..., Finding] = measurement.run,
) -> list[Part]:
    """Make every measurement that is not there yet, and write the page and the document after each.

    Parameters
    ----------
    measurements
        Those of a plan.
    size
        ``"quick"`` or ``"full"``.
    out
        The folder; made where it is missing.
    data
        The folder of the data sets.
    make
        Makes one measurement; by default :func:`validation.report.measurement.run`.

    Returns
    -------
    list of Part
        In the order of the measurements. A measurement that failed is a part with an error.
    """
    machine = environment()
    commit = machine["commit"]
    kept = Kept(out, sources_version(None if commit is None else str(commit)))
    started = datetime.now(UTC).isoformat(timespec="seconds")
    parts = [Part(one) for one in measurements]
    with _progress(len(parts)) as (announce, look, done):
        for place, one in enumerate(measurements):
            folder = kept.folder(one.name)
            announce(one.title)
            finding = kept.find(one.name, one.command(folder, data))
            if finding is None:
                finding = make(one, folder, data, look)
                kept.add(one.name, finding)
            parts[place] = _shown(one, finding, folder)
            write_text(out / PAGE, page(parts, size, started, machine))
            write_json(out / DOCUMENT, document(parts, size, started, machine))
            done(one.title, finding)
    return parts


def _shown(one: Measurement, finding: Finding, folder: Path) -> Part:
    if finding.document is None:
        return Part(one, finding, error=finding.error)
    try:
        return Part(one, finding, html=one.show(finding.document, folder))
    except Exception as error:  # the rest of the page is still worth having
        return Part(one, finding, error=f"Its document cannot be shown: {type(error).__name__}: {error}")


@contextmanager
def _progress(
    total: int,
) -> Iterator[tuple[Callable[[str], None], Callable[[str], None], Callable[[str, Finding], None]]]:
    """A bar on stderr, or a line for each measurement where that is no terminal."""
    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        title = ""

        def announce(text: str) -> None:
            nonlocal title
            title = text
            bar.update(task, description=title)

        def look(line: str) -> None:
            bar.update(task, description=f"{title}: {line}"[:200])

        def done(text: str, finding: Finding) -> None:
            bar.advance(task)
            said = "failed" if finding.failed else f"{finding.seconds:g} s"
            if console.is_terminal:
                bar.console.print(f"{text}: {said}", markup=False)
            else:
                print(f"{text}: {said}", file=sys.stderr, flush=True)

        yield announce, look, done
