"""``python -m validation.experiments.learning_rates.plot``: tables and figures of the runs in a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from validation.experiments.journal import Journal

from .results import Curve, best_of, curves

__all__ = ["draw", "main", "table"]


def table(optimizer: str, methods: Mapping[str, Curve]) -> Table:
    """Mean final validation losses, a row a method; the last columns are the worst over the best of the schedulers."""
    lrs = sorted({float(lr) for curve in methods.values() for lr in curve.lrs})
    seeds = max(int(curve.seeds.max()) for curve in methods.values())
    best = best_of(methods)
    shown = Table(title=f"{optimizer}: final validation loss, mean of up to {seeds} seeds; best scheduler {best:.4f}")
    for head in ("method", *(f"{lr:g}" for lr in lrs), "worst/best", "diverged", "time"):
        shown.add_column(head, justify="left" if head == "method" else "right")
    bare = methods["constant"].seconds if "constant" in methods else float("nan")
    for name, curve in methods.items():
        means = {float(lr): f"{mean:.4f}" for lr, mean in zip(curve.lrs, curve.mean, strict=True)}
        shown.add_row(
            name,
            *(means.get(lr, "") for lr in lrs),
            f"{curve.worst / best:.2f}",
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process by default) and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m validation.experiments.learning_rates.plot", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("folder", type=Path, help="the folder that was --out of the runs")
    options = parser.parse_args(argv)
    path = options.folder / "runs.jsonl"
    try:
        if not path.exists():
            raise ValueError(f"there is no {path}: name the folder that was --out of the runs")
        found = curves(Journal(path).records)
        if not found:
            raise ValueError(f"{path} holds no run yet")
        for optimizer, methods in found.items():
            Console(width=max(160, Console().width)).print(table(optimizer, methods))
            draw(optimizer, methods, options.folder / f"{optimizer}.svg")
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
