"""What was measured, as tables for people and as one JSON document for machines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from resurgence.terminal import table

from .accuracy import Accuracy
from .contest import OURS, Entry, Outcome
from .registry import BENCHMARKS, Gate, fit
from .timing import Spread

__all__ = ["SCHEMA", "Measured", "contest_table", "document", "fit_table", "gate_table"]

#: Version of the document's layout.
SCHEMA = 1


@dataclass(frozen=True)
class Measured:
    """A benchmark's outcomes."""

    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def gates(self) -> list[Gate]:
        """What was demanded."""
        return [gate for demand in BENCHMARKS[self.name].demands for gate in demand.check(self.outcomes)]

    @property
    def contenders(self) -> list[str]:
        """The names of all that were measured, this package first."""
        return list(dict.fromkeys(e.name for o in self.outcomes for e in o.entries if e.times))


# ---------------------------------------------------------------------------------------------------------------------
# For people


def contest_table(outcome: Outcome) -> Table:
    """The contenders of one contest, a line for each."""
    rows = table(outcome.label, "time", "times ours (quartiles)", "digits right", "claimed", "runs")
    for column in rows.columns[1:]:
        column.justify = "right"
        column.no_wrap = True
    for entry in outcome.entries:
        rows.add_row(*_cells(entry))
    return rows


def _cells(entry: Entry) -> tuple[str | Text, ...]:
    if not entry.times:
        return entry.name, Text(entry.status, style="yellow"), "", "", "", ""
    assert entry.accuracy is not None, "whoever was timed was judged"
    ratio = "1" if entry.name == OURS else ratio_text(entry.ratio)
    style = "red" if entry.accuracy.holds is False else ""
    digits = Text(digits_text(entry.accuracy), style=style)
    return entry.name, seconds_text(entry.seconds), ratio, digits, claim_text(entry.accuracy), str(len(entry.times))


def seconds_text(seconds: float) -> str:
    """Three digits and a unit.

    >>> seconds_text(12.345), seconds_text(0.012345), seconds_text(0.0000123)
    ('12.3 s', '12.3 ms', '12.3 µs')
    """
    factor, unit = (1.0, "s") if seconds >= 1 else (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{_three(seconds * factor)} {unit}"


def ratio_text(ratio: Spread | None) -> str:
    """Median and quartiles; no quartiles of a single run.

    >>> ratio_text(Spread(41.26, 40.0, 44.44, 5)), ratio_text(Spread(0.0523, 0.0523, 0.0523, 1))
    ('41.3 (40.0–44.4)', '0.0523')
    """
    if ratio is None:
        return ""
    if ratio.count == 1:
        return _three(ratio.median)
    return f"{_three(ratio.median)} ({_three(ratio.lower)}–{_three(ratio.upper)})"


def _three(value: float) -> str:
    """Three digits, without an exponent."""
    if value == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def digits_text(accuracy: Accuracy) -> str:
    """Whole digits, or that the numbers are exact."""
    if accuracy.exact:
        return "exact"
    return f"{math.floor(accuracy.digits)}" + (" WRONG" if accuracy.holds is False else "")


def claim_text(accuracy: Accuracy) -> str:
    """The digits that a certified result says it has."""
    return "" if accuracy.claimed is None else f"{math.floor(accuracy.claimed)}"


def fit_table(measured: Measured) -> Table:
    """Exponents of the costs."""
    variable = BENCHMARKS[measured.name].variable
    rows = table(f"cost against the {variable}", "exponent", "standard error")
    for name in measured.contenders:
        law = fit(measured.outcomes, name)
        if law is not None:
            rows.add_row(name, f"{law.exponent:.2f}", f"{law.standard_error:.2f}")
    return rows


def gate_table(measured: Sequence[Measured]) -> Table:
    """What is demanded of the results, and whether they meet it."""
    rows = table("demand", "", "measured", "")
    for name, gate in ((one.name, gate) for one in measured for gate in one.gates):
        rows.add_row(
            name,
            gate.demand,
            _three(gate.value),
            Text("met" if gate.holds else "MISSED", style="green" if gate.holds else "red"),
        )
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# For machines


def document(
    measured: Sequence[Measured], sizes: str, environment: Mapping[str, object], **times: object
) -> dict[str, Any]:
    """One JSON document.

    Top level: ``schema``, ``sizes`` ("quick" or "full"), ``environment``, ``started``, ``seconds``, ``benchmarks``. A
    benchmark has ``name``, ``title``, ``explanation``, ``contests`` with their ``entries``, ``fits`` and ``gates``.
    """
    return {
        "schema": SCHEMA,
        "sizes": sizes,
        **times,
        "environment": dict(environment),
        "benchmarks": [_benchmark(one) for one in measured],
    }


def _benchmark(measured: Measured) -> dict[str, Any]:
    benchmark = BENCHMARKS[measured.name]
    laws = {name: fit(measured.outcomes, name) for name in measured.contenders} if benchmark.variable else {}
    return {
        "name": measured.name,
        "title": benchmark.title,
        "explanation": benchmark.explanation,
        "variable": benchmark.variable,
        "contests": [
            {"label": outcome.label, "size": outcome.size, "entries": [_entry(entry) for entry in outcome.entries]}
            for outcome in measured.outcomes
        ],
        "fits": [{"contender": name, **asdict(law)} for name, law in laws.items() if law is not None],
        "gates": [asdict(gate) for gate in measured.gates],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    accuracy = entry.accuracy
    return {
        "name": entry.name,
        "role": "ours" if entry.name == OURS else "peer",
        "status": entry.status,
        "times": list(entry.times),
        "seconds": entry.seconds if entry.times else None,
        "ratio": None if entry.ratio is None else asdict(entry.ratio),
        "exact": None if accuracy is None else accuracy.exact,
        "digits": None if accuracy is None or accuracy.exact else accuracy.digits,
        "claimed_digits": None if accuracy is None else accuracy.claimed,
        "claim_holds": None if accuracy is None else accuracy.holds,
    }
