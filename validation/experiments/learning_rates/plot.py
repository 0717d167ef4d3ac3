"""``python -m validation.experiments.learning_rates.plot``: tables and figures of the runs in folders."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from validation.atomic_write import write_json
from validation.benchmarks.environment import environment
from validation.experiments.journal import Journal

from .results import TOLERANCE, Curve, best_of, curves, summary

__all__ = ["draw", "draw_decades", "main", "table"]


def table(optimizer: str, methods: Mapping[str, Curve]) -> Table:
    """Mean final validation losses, a row a method; the last columns are the worst over the best of the schedulers."""
    lrs = sorted({float(lr) for curve in methods.values() for lr in curve.lrs})
    seeds = max(int(curve.seeds.max()) for curve in methods.values())
    best = best_of(methods)
    shown = Table(title=f"{optimizer}: final validation loss, mean of up to {seeds} seeds; best scheduler {best:.4f}")
    for head in ("method", *(f"{lr:g}" for lr in lrs), "worst/best", "decades", "diverged", "time"):
        shown.add_column(head, justify="left" if head == "method" else "right")
    bare = methods["constant"].seconds if "constant" in methods else float("nan")
    for name, curve in methods.items():
        means = {float(lr): f"{mean:.4f}" for lr, mean in zip(curve.lrs, curve.mean, strict=True)}
        shown.add_row(
            name,
            *(means.get(lr, "") for lr in lrs),
            f"{curve.worst / best:.2f}",
            f"{curve.decades(TOLERANCE * best):.1f}",
            str(int(curve.diverged.sum())),
            f"{curve.seconds / bare:.2f}",
        )
    return shown


def draw(optimizer: str, methods: Mapping[str, Curve], path: Path) -> None:
    """Write the final validation loss against the learning rate, a line a method, as a picture."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    best = best_of(methods)
    if np.isfinite(best):
        axes.axhspan(best, 1.1 * best, color="0.9", label="best scheduler to 10 % above")
    for name, curve in methods.items():
        shown = np.isfinite(curve.mean)
        axes.errorbar(
            curve.lrs[shown], curve.mean[shown], yerr=np.nan_to_num(curve.error[shown]), marker=".", label=name
        )
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="final validation loss", title=optimizer)
    axes.legend(fontsize="small")
    figure.savefig(path)


def draw_decades(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write how many decades of learning rates end within 10 % of the best scheduler, a panel for task and optimizer.

    At the end of a bar: the mean loss at the worst rate over that of the best scheduler, where it is below 2.
    ``entries`` are those of :func:`~validation.experiments.learning_rates.results.summary`.
    """
    kinds = list(dict.fromkeys((entry["task"], entry["label_noise"], entry["optimizer"]) for entry in entries))
    methods = list(dict.fromkeys(entry["method"] for entry in entries))
    whole = max(np.log10(entry["lrs"][-1] / entry["lrs"][0]) for entry in entries)
    columns = min(3, len(kinds))
    rows = -(-len(kinds) // columns)
    figure = Figure(figsize=(2.8 * columns + 1.2, (0.22 * len(methods) + 0.5) * rows + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in panels.flat[len(kinds) :]:
        axes.set_visible(False)
    for axes, kind in zip(panels.flat, kinds, strict=False):
        here = {
            entry["method"]: entry
            for entry in entries
            if (entry["task"], entry["label_noise"], entry["optimizer"]) == kind
        }
        widths = [here[method]["decades"] if method in here else 0.0 for method in methods]
        axes.barh(methods, widths, color=["C0" if "reach" in method else "C7" for method in methods])
        for method, width in zip(methods, widths, strict=True):
            worst = here[method]["worst_over_best"] if method in here else None
            said = "not run" if method not in here else f"{worst:.2f}" if worst is not None and worst < 2 else ""
            inside = width > 0.9 * whole
            axes.text(
                width + (-0.02 if inside else 0.02) * whole,
                method,
                said,
                va="center",
                ha="right" if inside else "left",
                fontsize="x-small",
                color="w" if inside else "0.4",
            )
        task, label_noise, optimizer = kind
        noise = f", label noise {label_noise:g}" if label_noise else ""
        axes.set_title(f"{task}{noise}, {optimizer}", fontsize="small")
        axes.tick_params(labelsize="x-small")
        axes.set_xlim(0, whole)
    panels[0][0].invert_yaxis()
    figure.supxlabel("decades of learning rate within 10 % of the best scheduler's best", fontsize="small")
    # Texts as texts, and the same file for the same data.
    with mpl.rc_context({"svg.hashsalt": "validation", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process by default) and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m validation.experiments.learning_rates.plot", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="--out of the runs; several for one figure"
    )
    parser.add_argument("--decades", type=Path, metavar="FILE", help="draw the decades of good learning rates")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write means, errors and decades as JSON")
    options = parser.parse_args(argv)
    try:
        everything: list[dict[str, Any]] = []
        for folder in options.folders:
            path = folder / "runs.jsonl"
            if not path.exists():
                raise ValueError(f"there is no {path}: name the folder that was --out of the runs")
            records = Journal(path).records
            if not records:
                raise ValueError(f"{path} holds no run yet")
            everything += records
            for optimizer, methods in curves(records).items():
                Console(width=max(160, Console().width)).print(table(optimizer, methods))
                draw(optimizer, methods, folder / f"{optimizer}.svg")
        entries = summary(everything)
        if options.decades is not None:
            draw_decades(entries, options.decades)
        if options.json is not None:
            write_json(options.json, {"environment": environment(), "learning_rates": entries})
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
