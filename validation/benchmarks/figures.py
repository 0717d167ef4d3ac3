"""Costs against sizes on logarithmic axes, with the fitted power laws."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from .contest import OURS
from .registry import BENCHMARKS, fit
from .report import Measured

__all__ = ["draw_cost"]

_MARKERS = "osD^vPX*h"

#: Of the Okabe-Ito palette, which colour-blind readers can tell apart; this package has the first.
_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#7570b3", "#000000")


def draw_cost(measured: Measured, directory: Path) -> Path | None:
    """Draw one benchmark into ``NAME.png``; None where it has no variable or fewer than two sizes."""
    benchmark = BENCHMARKS[measured.name]
    sizes = sorted({outcome.size for outcome in measured.outcomes})
    if benchmark.variable is None or len(sizes) < 2:
        return None
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for index, name in enumerate(measured.contenders):
        points = [(o.size, min(e.times)) for o in measured.outcomes for e in o.entries if e.name == name and e.times]
        x, y = zip(*points, strict=True)
        law = fit(measured.outcomes, name)
        label = name if law is None else f"{name}: {law.exponent:.2f} ± {law.standard_error:.2f}"
        colour, ours = _COLOURS[index % len(_COLOURS)], name == OURS
        axes.plot(
            x,
            y,
            _MARKERS[index % len(_MARKERS)],
            color=colour,
            markersize=7 if ours else 5,
            label=label,
            zorder=3 if ours else 2,
        )
        if law is not None:
            line = [law.factor * size**law.exponent for size in (x[0], x[-1])]
            axes.plot((x[0], x[-1]), line, color=colour, linewidth=2 if ours else 1, alpha=1 if ours else 0.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xlabel(benchmark.variable)
    axes.set_ylabel("seconds")
    axes.set_title(benchmark.title)
    axes.grid(True, which="major", linewidth=0.4, alpha=0.5)
    axes.legend(title="exponent of the cost", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    path = directory / f"{measured.name}.png"
    figure.savefig(path, dpi=150)
    return path
