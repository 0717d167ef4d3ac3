"""The documents of ``python -m validation crosscheck`` as HTML: the partition function, estimated and exact."""

from __future__ import annotations

import io
import math
import statistics
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from validation.crosscheck.detection import CLEAR

from .markup import badge, figure, met, number, paragraph, picture, table
from .measurement import Document

__all__ = ["DRAWING", "show_detection", "show_estimates", "show_exponents", "show_noise"]

#: The drawing of a command in the folder of its measurement.
DRAWING = "drawing.svg"


def show_estimates(document: Document, folder: Path) -> str:
    """Errors, stated and actual, of log Z and of sublevel volumes."""
    rows = [
        [
            one["case"],
            one["quantity"],
            one["method"],
            number(one["error"], 2),
            number(one["demanded"]),
            number(one["stated"], 2),
            number(one["rms"]),
            number(one["seconds"]),
            f"{one['warned']} of {one['estimates']}",
            badge("failed", "bad") if not one["estimates"] else met(one["holds"]) if one["gates"] else "",
        ]
        for one in document["verdicts"]
    ]
    headings = ("case", "quantity", "method", "|error|", "allowed", "stated", "rms score", "seconds", "warned", "")
    said = (
        f"{document['seeds']} seeds a case. |error| is the median over the seeds of the error at the worst point, a "
        "score an error in units of the stated one: their root mean square should be near one."
    )
    missed = [
        [one["case"], one["method"], gate["demand"], number(gate["value"])]
        for one in document["verdicts"]
        for gate in one["gates"]
        if not gate["holds"]
    ]
    text = paragraph(said) + table(headings, rows)
    if missed:
        text += table(("missed", "", "demand", "measured"), missed, "Demands that are missed")
    return text + _scores(document)


def _scores(document: Document) -> str:
    """Every error in units of its stated one, a column a case."""
    names = list(dict.fromkeys(one["case"] for one in document["estimates"]))
    drawing = Figure(figsize=(max(5.0, 0.5 * len(names) + 2), 3.4), layout="constrained")
    FigureCanvasAgg(drawing)
    axes = drawing.add_subplot()
    axes.axhspan(-1, 1, color="#dfe7ee")
    for place, name in enumerate(names):
        scores = [z for one in document["estimates"] if one["case"] == name for z in _scores_of(one)]
        spread = [place + 0.5 * (k / max(1, len(scores) - 1) - 0.5) for k in range(len(scores))]
        axes.plot(spread, [max(-6.0, min(6.0, z)) for z in scores], ".", color="#0072b2", markersize=4)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_ylim(-6.3, 6.3)
    axes.set_ylabel("error / stated error")
    buffer = io.BytesIO()
    drawing.savefig(buffer, format="svg", metadata={"Date": None})
    caption = "Errors in units of the stated ones, all seeds and points; what is beyond six stands at six."
    return figure(buffer.getvalue(), "svg", caption)


def _scores_of(estimate: Document) -> list[float]:
    triples = zip(estimate["values"], estimate["exact"], estimate["std_errors"], strict=True)
    scores = []
    for value, exact, stated in ((float(a), float(b), float(c)) for a, b, c in triples):
        if math.isfinite(value) and stated > 0 and math.isfinite(stated):
            scores.append((value - exact) / stated)
    return scores


def show_exponents(document: Document, folder: Path) -> str:
    """The least loss and its exponent beside what they are."""
    rows = [
        [
            one["name"],
            str(one["dim"]),
            number(one["least"], 6),
            f"{_median(one, 'minimum', 6)} ± {_median(one, 'minimum_error', 1)}",
            number(one["nu"]),
            "–" if one["multiplicity"] is None else str(one["multiplicity"]),
            f"{_median(one, 'nu', 4)} ± {_median(one, 'nu_error', 1)}",
            str(len(one["readings"])),
            met(one["holds"]),
        ]
        for one in document["cases"]
    ]
    said = (
        "Medians over the seeds. Demanded: L* within two stated errors; nu, where it is known, within 5 %, and within "
        "two stated errors where the multiplicity m is above one."
    )
    return paragraph(said) + table(("case", "d", "L*", "found", "nu", "m", "found", "seeds", ""), rows)


def _median(case: Document, name: str, digits: int) -> str:
    """Over the seeds; a seed with which nothing was found counts as infinite."""
    values = [math.inf if reading[name] is None else reading[name] for reading in case["readings"]]
    return number(statistics.median(values), digits)


def show_noise(document: Document, folder: Path) -> str:
    """How many targets noisy values of log Z show, and how far off they are."""
    text = ""
    for land in document["landscapes"]:
        rows = [_noise_row(row, land["critical_values"]) for row in land["found"]]
        values = ", ".join(number(value, 4) for value in land["critical_values"])
        headings = ("error of log Z", "targets", "least error", "largest error", "worst distance / error")
        text += table(headings, rows, f"{land['action']}: critical values {values}")
    caption = "Targets against the noise of log Z; lines are the exact critical values."
    return text + picture(folder / DRAWING, caption)


def _noise_row(row: Document, exact: list[float]) -> list[str]:
    pairs = [pair for one in row["targets"] for pair in zip(one["values"], one["errors"] or (), strict=True)]
    worst = max((min(abs(value - one) for one in exact) / error for value, error in pairs), default=None)
    errors = [error for _, error in pairs]
    return [
        f"{row['noise']:.0e}",
        ", ".join(str(len(one["values"])) for one in row["targets"]),
        number(min(errors, default=None), 1),
        number(max(errors, default=None), 1),
        number(worst, 2),
    ]


def show_detection(document: Document, folder: Path) -> str:
    """How many draws of the loss show a saddle in its distribution."""
    rows = [
        [
            str(one["dim"]),
            str(one["index"]),
            number(one["exponent"]),
            number(one["needed"], 2) if one["needed"] is not None else f"more than {number(one['draws'][-1], 2)}",
            number(one["control"], 2),
        ]
        for one in document["detections"]
    ]
    text = table(("d", "index", "exponent", f"draws for a score of {CLEAR:g}", "control: rms score"), rows)
    if document["growth"] is not None:
        text += paragraph(f"One more dimension takes {number(document['growth'], 2)} times the draws.")
    caption = "The score of the singular term against the number of draws, by dimension."
    return text + picture(folder / DRAWING, caption)
