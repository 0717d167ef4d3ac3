"""``python -m validation claims``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from resurgence.terminal import print_rich, table

from ..atomic_write import write_json, write_text
from ..benchmarks.environment import environment
from .claim import AuditError, Evidence, Judgement, Verdict
from .registry import CLAIMS, Audit, Entry, audit, find

__all__ = ["SCHEMA", "add_to", "document", "judged"]

#: Number of the layout of the JSON document.
SCHEMA = 1

_STYLES = {
    Verdict.HOLDS: "green",
    Verdict.HOLDS_CORRECTED: "yellow",
    Verdict.FAILS: "red",
    Verdict.NOT_CHECKABLE: "dim",
}

_EXPLANATION = """\
Every numbered equation, definition, theorem, algorithm, table and figure of
"Globally Aware Optimization with Resurgence", and claims of its text. Verdicts
are computed when this runs; none is stored. A check takes a statement as its
argument: it has to accept the statement that is called right, and to refuse
the printed one or a false neighbour.

exit status
  0  the audit is sound, whatever the verdicts
  1  a check has refused a correction, or accepted a false neighbour
  2  bad input
"""


def add_to(commands: Any) -> None:
    """Add this subcommand to those of the program."""
    parser = commands.add_parser(
        "claims",
        help="the statements of the paper: which hold, which fail, which hold once corrected",
        description="Judge the statements of the paper one by one.",
        epilog=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--eq", metavar="LABEL", help="this statement alone, in full: 60, 'Theorem 3', 'Table 1'")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the judgements as one JSON document")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write them as one HTML page, with formulas")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> bool:
    """Judge, print, write; whether the audit is sound.

    Raises ValueError and OSError before anything is judged: for unknown labels, and files that cannot be written.
    """
    entries = CLAIMS if options.eq is None else find(options.eq)
    for name, path in (("--json", options.json), ("--html", options.html)):
        if path is not None:
            _check_file(path, name)
    page = None if options.html is None else _page_maker()
    started, start = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    outcome = judged(entries)
    seconds = time.perf_counter() - start
    if options.eq is None:
        print_rich(_overview(outcome.judgements))
    else:
        for judgement in outcome.judgements:
            print_rich(*_in_full(judgement))
    print_rich(_count_line(outcome, seconds))
    for error in outcome.errors:
        print_rich(Text(f"unsound: {error}", style="bold red"))
    if options.json is not None:
        write_json(options.json, document(outcome, started=started, seconds=round(seconds, 3)))
    if page is not None and outcome.judgements:
        write_text(options.html, page(outcome.judgements))
    return not outcome.errors


def judged(entries: Sequence[Entry]) -> Audit:
    """Judge statements, with a bar on stderr where that is a terminal.

    Parameters
    ----------
    entries
        Those of :data:`~validation.claims.registry.CLAIMS`, or some of them.

    Returns
    -------
    Audit
    """
    judgements, errors = [], []
    with _progress(len(entries)) as (announce, advance):
        outcomes = audit(entries)
        for entry in entries:
            announce(f"{entry.label} {entry.topic}")
            outcome = next(outcomes)
            advance()
            if isinstance(outcome, AuditError):
                errors.append(str(outcome))
            else:
                judgements.append(outcome)
    return Audit(tuple(judgements), tuple(errors))


def document(outcome: Audit, *, started: str, seconds: float) -> dict[str, Any]:
    """The judgements as a JSON document.

    Returns
    -------
    dict
        ``schema``, ``started`` (UTC), ``seconds``, ``environment``, ``counts`` by verdict, ``errors``, and ``claims``:
        for each its label, topic, verdict, LaTeX of the forms, evidence (``holds``, ``figures``, ``how``), remark and
        seconds; null where there is none.
    """
    return {
        "schema": SCHEMA,
        "started": started,
        "seconds": seconds,
        "environment": environment(),
        "counts": {str(verdict): count for verdict, count in outcome.counts().items()},
        "errors": list(outcome.errors),
        "claims": [
            {**asdict(judgement), "verdict": str(judgement.verdict), "seconds": round(judgement.seconds, 4)}
            for judgement in outcome.judgements
        ],
    }


# ---------------------------------------------------------------------------------------------------------------------
# What is printed


def _overview(judgements: Sequence[Judgement]) -> Table:
    rows = table("label", "topic", "verdict", "evidence")
    for one in judgements:
        rows.add_row(one.label, one.topic, _verdict(one), _short(one))
    return rows


def _verdict(judgement: Judgement) -> Text:
    return Text(str(judgement.verdict), style=_STYLES[judgement.verdict])


def _short(judgement: Judgement) -> str:
    """The first figure for what is right, which is what a reader wants to compare the printed statement with."""
    evidence = judgement.corrected_evidence or judgement.evidence
    if evidence is None:
        return judgement.remark
    what, value = evidence.figures[0]
    return f"{what}: {value}"


def _in_full(judgement: Judgement) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Text.assemble((judgement.label, "bold"), f"  {judgement.topic}: ", _verdict(judgement)),
        *_form("as printed", judgement.printed, judgement.evidence),
    ]
    if judgement.corrected is not None:
        title = "true instead" if judgement.verdict is Verdict.FAILS else "corrected"
        parts += _form(title, judgement.corrected, judgement.corrected_evidence)
    if judgement.rival is not None:
        parts += _form("false neighbour", judgement.rival, judgement.rival_evidence)
    if judgement.remark:
        parts += [Text(""), Text(judgement.remark)]
    return [*parts, Text("")]


def _form(title: str, latex: str, evidence: Evidence | None) -> list[RenderableType]:
    lines: list[RenderableType] = [Text(""), Text.assemble((f"{title}:  ", "bold"), latex)]
    if evidence is not None:
        rows = table("figure", "value")
        for what, value in evidence.figures:
            rows.add_row(what, value)
        lines += [rows, Text(f"{'accepted' if evidence.holds else 'refused'}; {evidence.how}", style="dim")]
    return lines


def _count_line(outcome: Audit, seconds: float) -> Text:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in outcome.counts().items())
    total = len(outcome.judgements)
    return Text(f"{total} statement{'s' * (total != 1)} in {seconds:.1f} s: {counts}", style="bold")


# ---------------------------------------------------------------------------------------------------------------------


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """A bar on stderr, where that is a terminal: what to announce with, and to advance."""
    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield (lambda text: bar.update(task, description=text)), (lambda: bar.advance(task))


def _check_file(path: Path, name: str) -> None:
    """Refuse what could not be written after everything is judged."""
    if path.is_dir():
        raise ValueError(f"{name} {path}: this is a directory, a file is needed")
    if not path.parent.is_dir():
        raise ValueError(f"{name} {path}: there is no directory {path.parent}")


def _page_maker() -> Callable[[Sequence[Judgement]], str]:
    """The function that makes the page: it alone needs the converter of formulas, which not everyone has."""
    try:
        from .page import page
    except ModuleNotFoundError as missing:
        raise ValueError(f"--html: {missing}; install the extra 'bench'") from None
    return page
