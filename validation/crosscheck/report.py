"""What a crosscheck found, as tables for people and as one JSON document for machines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
from rich.table import Table
from rich.text import Text

from resurgence.terminal import table

from .detection import CLEAR, Detection, growth
from .record import Record
from .verdict import Verdict

__all__ = [
    "detection_document",
    "detection_table",
    "document",
    "estimate_line",
    "missed_table",
    "verdict_table",
    "warning_table",
]

#: Version of the documents' layout.
SCHEMA = 1

_VERDICTS = {True: Text("met", style="green"), False: Text("MISSED", style="red")}


# ---------------------------------------------------------------------------------------------------------------------
# For people


def estimate_line(record: Record) -> Text:
    """One estimate.

    >>> record = Record("quartic-1", "auto", 3, "0", (0.1,), (-1.5,), (-1.498,), (0.001,), (), "", 1.25, 1.2)
    >>> print(estimate_line(record))
    quartic-1 auto seed 3: |error| 0.002, stated 0.001, scores up to 2.0, 1.2 s
    """
    line = Text(f"{record.case} {record.method} seed {record.seed}: ")
    if record.failure:
        return line.append(record.failure, style="red")
    score = max(map(abs, record.scores))
    line.append(f"|error| {record.worst:.3g}, stated {max(record.std_errors):.3g}, ")
    line.append(f"scores up to {score:.1f}, {record.seconds:.1f} s")
    if record.warnings:
        line.append(f", {len(record.warnings)} warnings", style="yellow")
    return line


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """A line for each case and method."""
    rows = table("case", "method", "|error|", "allowed", "stated", "rms score", "at points", "seconds", "warned", "")
    for column in rows.columns[2:-1]:
        column.justify = "right"
        column.no_wrap = True
    for one in verdicts:
        if not one.estimates:
            rows.add_row(one.case.name, one.method, *[""] * 7, Text(one.failures[0], style="yellow"))
            continue
        allowed = "" if one.case.demanded is None else f"{one.case.demanded:g}"
        rows.add_row(
            one.case.name,
            one.method,
            f"{one.error:.2g}",
            allowed,
            f"{one.stated:.2g}",
            f"{one.rms:.2f}",
            f"{min(one.rms_points):.2f}–{max(one.rms_points):.2f}" if one.rms_points else "",
            f"{one.seconds:.1f}",
            f"{one.warned} of {one.estimates}",
            _VERDICTS[one.holds] if one.gates else "",
        )
    return rows


def missed_table(verdicts: Sequence[Verdict]) -> Table | None:
    """The demands that are missed; None where all are met."""
    missed = [(one, gate) for one in verdicts for gate in one.gates if not gate.holds]
    if not missed:
        return None
    rows = table("missed", "", "demand", "measured")
    for one, gate in missed:
        rows.add_row(one.case.name, one.method, gate.demand, f"{gate.value:.3g}")
    return rows


def warning_table(verdicts: Sequence[Verdict]) -> Table | None:
    """The warnings of one estimate for each case that has any; None where there is none."""
    warned = [one for one in verdicts if one.warnings]
    if not warned:
        return None
    rows = table("case", "method", "warnings of one estimate")
    for one in warned:
        rows.add_row(one.case.name, one.method, "\n".join(one.warnings))
    return rows


def detection_table(detections: Sequence[Detection]) -> Table:
    """A line for each dimension."""
    rows = table("d", "index", "exponent", f"draws for a score of {CLEAR:g}", "control: rms score")
    for column in rows.columns:
        column.justify = "right"
    for one in detections:
        needed = f"{one.needed:.2g}" if math.isfinite(one.needed) else f"more than {one.draws[-1]:.2g}"
        rows.add_row(str(one.dim), str(one.index), f"{one.exponent:g}", needed, f"{one.control:.2f}")
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# For machines


def document(
    verdicts: Sequence[Verdict], records: Sequence[Record], environment: Mapping[str, object], **settings: object
) -> dict[str, Any]:
    """One JSON document: ``schema``, settings, ``environment``, ``verdicts`` with their gates, ``estimates``.

    Medians and root mean squares that are not known, or not finite, are null.
    """
    return {
        "schema": SCHEMA,
        **settings,
        "environment": _with_torch(environment),
        "verdicts": [_verdict(one) for one in verdicts],
        "estimates": [record.to_dict() for record in records],
    }


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "case": one.case.name,
        "quantity": one.case.quantity,
        "points": one.case.points,
        "demanded": one.case.demanded,
        "method": one.method,
        "estimates": one.estimates,
        "warned": one.warned,
        "failures": one.failures,
        "error": _finite(one.error),
        "stated": _finite(one.stated),
        "rms": _finite(one.rms),
        "rms_trusted": _finite(one.rms_trusted),
        "rms_points": [_finite(x) for x in one.rms_points],
        "seconds": _finite(one.seconds),
        "cpu_seconds": _finite(one.cpu_seconds),
        "warnings": one.warnings,
        "gates": [{"demand": g.demand, "value": _finite(g.value), "holds": g.holds} for g in one.gates],
        "holds": one.holds,
    }


def detection_document(
    detections: Sequence[Detection], environment: Mapping[str, object], **settings: object
) -> dict[str, Any]:
    """One JSON document: ``schema``, settings, ``environment``, ``growth`` per dimension, ``detections``.

    ``needed`` is null where the most draws that are made were not enough.
    """
    return {
        "schema": SCHEMA,
        **settings,
        "environment": _with_torch(environment),
        "growth": growth(detections),
        "detections": [{**asdict(one), "needed": _finite(one.needed)} for one in detections],
    }


def _with_torch(environment: Mapping[str, object]) -> dict[str, object]:
    return {**environment, "torch": torch.__version__, "threads": torch.get_num_threads()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
