"""Pictures: the Borel plane of a series, and how its sums converge.

Figures are made without pyplot, so that no display is needed and no global state is left behind. The colours are those
of Okabe & Ito (2008), told apart with every kind of colour vision; markers tell the kinds apart too.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from flint import acb
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .borel import BorelTransform
from .continuation.pade import Pade
from .laplace import borel_sum, prefactor
from .linear_germ import LinearGerm
from .models import Model
from .numbers import ball, working_precision
from .rays import Side
from .report_poles import PoleHistory
from .report_sums import Convergence
from .series import FormalSeries
from .verification import Verification

__all__ = ["check_plot_path", "plot_borel", "plot_convergence", "plot_poles", "plot_sums"]

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C8C8C"

#: Colours of curves, one for each coupling.
LINE_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)

#: Precision of sums whose errors are drawn.
_DIGITS = 60
_BITS = 260

#: Relative errors above this are not worth drawing.
_HIGHEST_ERROR = 1e4

#: File formats by suffix.
FORMATS = (".png", ".pdf", ".svg")

#: Order of the Padé approximant whose poles are shown: more of them crowd the cuts and say nothing new.
_ORDER = 40

#: Exact values further out than this many radii of convergence do not stretch the picture.
_REACH = 20.0


#: Poles further out than this many radii of convergence are not drawn against the order.
_POLE_REACH = 6.0


@dataclass(frozen=True)
class _Point:
    """A point of the Borel plane with what is known of it."""

    z: complex
    kind: str  # "singular", "elsewhere" (a critical value not singular on the first sheet), "refuted", "numerical"
    cut: bool = False


_STYLES: dict[str, tuple[str, dict[str, Any]]] = {
    "singular": ("exact, singular on the first sheet", {"marker": "D", "ms": 7, "mfc": ORANGE, "mec": ORANGE}),
    "elsewhere": ("exact, not seen on the first sheet", {"marker": "D", "ms": 7, "mfc": "none", "mec": ORANGE}),
    "refuted": ("refuted", {"marker": "X", "ms": 9, "mfc": PURPLE, "mec": PURPLE}),
    "numerical": (
        "from the coefficients alone",
        {"marker": "o", "ms": 13, "mfc": "none", "mec": GREEN, "mew": 1.8},
    ),
}


class _NotebookFigure(Figure):
    """A figure that shows itself in a notebook, whatever backend is active there."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100, bbox_inches="tight")
        return buffer.getvalue()


def plot_borel(
    what: Verification | FormalSeries | BorelTransform,
    path: str | Path | None = None,
    *,
    direction: float = 0.0,
    extent: float | None = None,
) -> Figure:
    """Draw the Borel plane of a series.

    Poles of the diagonal Padé approximant (hollow where they are Froissart doublets, which mean nothing), the exact
    singularities and what the coefficients alone show, cuts drawn radially outward, the circle of convergence, and the
    ray of summation.

    Parameters
    ----------
    what : Verification, FormalSeries or BorelTransform
        Of a verification its exact values are drawn; of a series those of its closed form or linear equation, where it
        has one.
    path : str or Path, optional
        Where to write the figure: ``.png``, ``.pdf`` or ``.svg``. A file appears there only when it is complete.
    direction : float
        Angle of the ray of summation, in radians.
    extent : float, optional
        The picture is a square that reaches from -extent to extent in both directions; by default what is known fits
        in.

    Returns
    -------
    matplotlib.figure.Figure
        With one Axes. It shows itself in notebooks.

    Raises
    ------
    TypeError, ValueError
        For something else to draw, another suffix, a folder that is not there, and numbers that make no sense.

    Examples
    --------
    >>> import math
    >>> figure = plot_borel(FormalSeries.from_function(math.factorial, 20))
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('Re z', 'Im z')
    """
    if isinstance(what, Verification):
        borel, name, points = what.series.borel(), what.name, _points_of(what)
    elif isinstance(what, (FormalSeries, BorelTransform)):
        borel = what.borel() if isinstance(what, FormalSeries) else what
        name, points = borel.series.name or "series", _exact_points(borel) + _numerical_points(borel)
    else:
        raise TypeError(f"plot_borel draws a Verification, a FormalSeries or a BorelTransform, got {what!r}")
    if not math.isfinite(direction):
        raise ValueError(f"direction must be a finite angle in radians, got {direction}")
    if extent is not None and not (math.isfinite(extent) and extent > 0):
        raise ValueError(f"extent must be a positive number, got {extent}")
    target = None if path is None else check_plot_path(path)

    pade = _approximant(borel)
    poles = [] if pade is None else [(complex(p.location), p.doublet) for p in pade.poles(digits=10)]
    singular = [p for p in points if p.kind in ("singular", "numerical")]
    radius = min((abs(p.z) for p in singular), default=None)
    frame = _frame(points, poles, radius) if extent is None else _Frame(-extent, extent, extent)

    figure, axes = new_figure(f"Borel plane of {name}", "Re z", "Im z", frame.height / frame.width)
    axes.axhline(0, color="0.85", lw=0.8, zorder=0)
    axes.axvline(0, color="0.85", lw=0.8, zorder=0)
    _draw_cuts(axes, [p.z for p in singular if p.cut], frame.width + frame.height)
    if radius is not None:
        circle = radius * np.exp(2j * np.pi * np.linspace(0, 1, 241))
        axes.plot(circle.real, circle.imag, ls=":", color="0.35", lw=1.2, label="circle of convergence")
    end = 0.93 * frame.edge(direction) * np.exp(1j * direction)
    axes.plot([0, end.real], [0, end.imag], color="0.1", lw=1.2, label="ray of summation", zorder=2)
    axes.plot([end.real], [end.imag], marker=(3, 0, math.degrees(direction) - 90), color="0.1", ms=8)
    if pade is not None:
        order = f"[{pade.order[0]}/{pade.order[1]}]"
        _draw_poles(axes, [z for z, doublet in poles if not doublet], f"poles of the {order} Padé approximant", BLUE)
        _draw_poles(axes, [z for z, doublet in poles if doublet], "Froissart doublets", GREY)
    for kind, (label, style) in _STYLES.items():
        here = [p.z for p in points if p.kind == kind]
        if here:
            axes.plot([z.real for z in here], [z.imag for z in here], ls="none", label=label, zorder=5, **style)
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(-frame.top, frame.top)
    axes.set_aspect("equal")
    outside = sum(not frame.holds(p.z) for p in points if p.kind != "numerical")
    if outside:
        note = f"{outside} exact value{'s' * (outside > 1)} outside the picture"
        axes.annotate(note, (0.98, 0.03), xycoords="axes fraction", ha="right", fontsize="small")
    return finish(figure, axes, target)


def plot_sums(
    model: Model,
    couplings: Sequence[object],
    path: str | Path | None = None,
    *,
    terms: int = 60,
    side: Side | None = None,
) -> Figure:
    """Draw how partial sums and Borel-Padé sums of a model approach its exact value as coefficients are added.

    Partial sums come as near as their smallest term and then leave again (dashed); the Borel-Padé sums, which use the
    same coefficients, go on (solid). A thin line is the error that :func:`~resurgence.borel_sum` states.

    Parameters
    ----------
    model : Model
    couplings : sequence of numbers
        One to four values of g.
    path : str or Path, optional
        As for :func:`plot_borel`.
    terms : int
        Most coefficients, from 12 to 400.
    side : {"above", "below", "median"}, optional
        Needed on a Stokes line.

    Returns
    -------
    matplotlib.figure.Figure
        Relative errors (logarithmic) against the number of coefficients.

    Raises
    ------
    TypeError, ValueError
        For something else than a model, a number of terms out of range, and what :func:`~resurgence.borel_sum` refuses.

    Examples
    --------
    >>> from resurgence import models
    >>> figure = plot_sums(models.quartic, ["1/10"], terms=20)
    >>> figure.axes[0].get_yscale()
    'log'
    """
    if not isinstance(model, Model):
        raise TypeError(f"plot_sums draws a Model, got {model!r}")
    if not 1 <= len(couplings) <= len(LINE_COLOURS):
        raise ValueError(f"one to {len(LINE_COLOURS)} couplings can be told apart, got {len(couplings)}")
    if not 12 <= terms <= 400:
        raise ValueError(f"terms must lie between 12 and 400, got {terms}")
    target = None if path is None else check_plot_path(path)
    figure, axes = new_figure(f"Sums of {model.name}", "number of coefficients", "relative error", 0.7)
    axes.set_yscale("log")
    series = model.series(terms).stripped()
    for g, colour in zip(couplings, LINE_COLOURS, strict=False):
        exact = _exact_sum(model, g, side)
        partial = _partial_sums(series, g)
        errors = [_relative_error(value, exact) for value in partial]
        axes.plot(range(1, terms + 1), errors, ls="--", color=colour, lw=1.2, label=f"partial sums, g = {g}")
        counts = sorted({*np.linspace(8, terms, 12).astype(int).tolist()})
        sums = [borel_sum(FormalSeries(series.terms[:n]), g, _DIGITS, side=side) for n in counts]
        errors = [_relative_error(value.ball(_BITS), exact) for value in sums]
        axes.plot(counts, errors, "-o", color=colour, ms=4, label=f"Borel-Padé sums, g = {g}")
        stated = [float(value.error / abs(value.value)) for value in sums]
        axes.plot(counts, stated, color=colour, lw=0.6, label="_" * (colour != BLUE) + "error stated (thin lines)")
    axes.set_ylim(top=_HIGHEST_ERROR)
    return finish(figure, axes, target)


def plot_poles(history: PoleHistory, path: str | Path | None = None) -> Figure:
    """Draw the nearest poles of the diagonal Padé approximants against their order.

    What stays in its place from some order on is a pole of the germ; what crowds towards a point imitates a cut that
    ends there; Froissart doublets (hollow) mean nothing. Lines are the singularities compared with.

    Parameters
    ----------
    history : PoleHistory
        From :func:`~resurgence.report_poles.pole_history`.
    path : str or Path, optional
        As for :func:`plot_borel`.

    Returns
    -------
    matplotlib.figure.Figure
        Moduli (logarithmic) above, arguments in units of pi below.

    Raises
    ------
    TypeError, ValueError
        For something else, and for a history without orders.

    Examples
    --------
    >>> from resurgence import models
    >>> from resurgence.report_poles import pole_history
    >>> figure = plot_poles(pole_history(models.quartic.series(20).borel(), [-0.25]))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['|z|', 'arg z / π']
    """
    if not isinstance(history, PoleHistory):
        raise TypeError(f"plot_poles draws a PoleHistory, got {history!r}")
    if not history.orders:
        raise ValueError(f"there is no approximant to draw poles of: {history.sentence}")
    target = None if path is None else check_plot_path(path)
    figure = _NotebookFigure(figsize=(7.0, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    upper.set_title("Poles of the [n/n] Padé approximants")
    upper.set_yscale("log")
    upper.set_ylabel("|z|")
    lower.set_ylabel("arg z / π")
    lower.set_xlabel("order n")
    lower.set_ylim(-1.1, 1.1)
    reach = _POLE_REACH * min((abs(z) for z in history.known), default=_least_modulus(history))
    near = [z for z in history.known if abs(z) <= reach]
    for k, z in enumerate(near):
        label = "_" * (k > 0) + "singularities known or found"
        upper.axhline(abs(z), color=ORANGE, lw=1.2, label=label, zorder=1)
        lower.axhline(np.angle(z) / math.pi, color=ORANGE, lw=1.2, zorder=1)
    for doublet, label, colour in ((False, "poles", BLUE), (True, "Froissart doublets", GREY)):
        points = [
            (entry.order, p.location)
            for entry in history.orders
            for p in entry.poles
            if p.doublet == doublet and abs(p.location) <= reach
        ]
        if points:
            orders, places = [n for n, _ in points], np.array([z for _, z in points])
            style: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 3.5, "mec": colour, "zorder": 4}
            style["mfc"] = "none" if doublet else colour
            upper.plot(orders, np.abs(places), label=label, **style)
            lower.plot(orders, np.angle(places) / math.pi, **style)
    return finish(figure, upper, target)


def _least_modulus(history: PoleHistory) -> float:
    return min((abs(entry.nearest) for entry in history.orders if entry.nearest is not None), default=1.0)


def plot_convergence(curves: Sequence[Convergence], path: str | Path | None = None) -> Figure:
    """Draw relative errors of partial sums and Borel-Padé sums against the number of coefficients.

    Parameters
    ----------
    curves : sequence of Convergence
        One to four, from :func:`~resurgence.report_sums.convergence`.
    path : str or Path, optional
        As for :func:`plot_borel`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError, ValueError
        For something else, and for no curve or more than four.

    Examples
    --------
    >>> from resurgence import models
    >>> from resurgence.report_sums import convergence
    >>> exact = models.quartic.exact("1/10")
    >>> figure = plot_convergence([convergence(models.quartic.series(20), "1/10", exact)])
    >>> figure.axes[0].get_yscale()
    'log'
    """
    if not 1 <= len(curves) <= len(LINE_COLOURS):
        raise ValueError(f"one to {len(LINE_COLOURS)} curves can be told apart, got {len(curves)}")
    for curve in curves:
        if not isinstance(curve, Convergence):
            raise TypeError(f"plot_convergence draws Convergence objects, got {curve!r}")
    target = None if path is None else check_plot_path(path)
    figure, axes = new_figure("Partial sums and Borel sums", "number of coefficients", "relative error", 0.7)
    axes.set_yscale("log")
    for curve, colour in zip(curves, LINE_COLOURS, strict=False):
        where = f"g = {curve.g}" + (f", {curve.side}" if curve.side else "")
        counts = range(1, len(curve.partial) + 1)
        axes.plot(counts, curve.partial, ls="--", color=colour, lw=1.2, label=f"partial sums, {where}")
        axes.plot(curve.counts, curve.errors, "-o", color=colour, ms=4, label=f"{curve.method}, {where}")
        axes.plot(curve.counts, curve.stated, color=colour, lw=0.6, label="_stated")
    lowest = min(error for curve in curves for error in (*curve.errors, *curve.partial))
    axes.set_ylim(lowest / 100, _HIGHEST_ERROR)
    return finish(figure, axes, target)


def _exact_sum(model: Model, g: object, side: Side | None) -> acb:
    """Phi(g) from the model's exact value."""
    with working_precision(_BITS):
        coupling = ball(g, _BITS)
        return model.exact(g, _DIGITS, side=side).ball(_BITS) / prefactor(model.series(1), coupling, _BITS)


def _partial_sums(series: FormalSeries, g: object) -> list[acb]:
    with working_precision(_BITS):
        coupling, power, total, sums = ball(g, _BITS), acb(1), acb(0), []
        for a in series.balls(_BITS):
            total += a * power
            power *= coupling
            sums.append(total)
    return sums


def _relative_error(value: acb, exact: acb) -> float:
    """|value/exact - 1|, not below what balls of this precision can tell."""
    with working_precision(_BITS):
        return max(float(abs(value.mid() / exact - 1).mid()), 10.0**-_DIGITS)


# ---------------------------------------------------------------------------------------------------------------------
# What there is to draw


def _points_of(verification: Verification) -> list[_Point]:
    points = []
    for row in verification.rows:
        pole = _is_pole(row.exponent)
        if row.exact is not None and row.adjacency != "expansion point":
            kind = "singular" if row.adjacency == "adjacent" else "elsewhere"
            kind = "refuted" if row.status == "refuted" else kind
            points.append(_Point(complex(ball(row.exact, 64)), kind, kind == "singular" and not pole))
        if row.numerical is not None:
            points.append(_Point(complex(row.numerical.location), "numerical", row.exact is None and not pole))
    return points


def _is_pole(exponent: Any) -> bool:
    """Whether an exponent (a Fraction, a complex estimate, or None) is known to be that of a pole."""
    return getattr(exponent, "denominator", 0) == 1 and exponent < 0


def _exact_points(borel: BorelTransform) -> list[_Point]:
    germ = borel.series.germ
    if isinstance(germ, LinearGerm):
        sheet = germ.first_sheet()
        kinds = ["elsewhere" if point.singular is False else "singular" for point in sheet]
        return [
            _Point(complex(ball(p.location, 64)), kind, kind == "singular" and not _is_pole(p.exponent))
            for p, kind in zip(sheet, kinds, strict=True)
        ]
    exact = () if germ is None else germ.singularities()
    return [_Point(complex(ball(s.location, 64)), "singular", not _is_pole(s.exponent)) for s in exact]


def _numerical_points(borel: BorelTransform) -> list[_Point]:
    try:
        found = borel.singularities(digits=10)
    except ValueError:  # too few coefficients, or too inexact ones: there is still the approximant to draw
        return []
    cuts = borel.series.germ is None
    return [_Point(complex(s.location), "numerical", cuts and not _is_pole(s.exponent)) for s in found]


def _approximant(borel: BorelTransform) -> Pade | None:
    """The diagonal approximant of the highest order, up to a limit, that the coefficients determine."""
    order = min((len(borel) - 1) // 2, _ORDER)
    while order >= 1:
        try:
            pade = borel.pade(order, order)
            pade.poles(digits=10)
        except ValueError:  # coefficients that are not precise enough: fewer of them give a lower order
            order = order * 3 // 4
        else:
            return pade
    return None


@dataclass(frozen=True)
class _Frame:
    """The rectangle shown: symmetric about the real axis, and around the origin."""

    left: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return 2 * self.top

    def holds(self, z: complex) -> bool:
        return self.left <= z.real <= self.right and abs(z.imag) <= self.top

    def edge(self, angle: float) -> float:
        """How far it is from the origin to the edge in a direction."""
        across = (self.right if math.cos(angle) > 0 else -self.left) / max(abs(math.cos(angle)), 1e-9)
        return min(across, self.top / max(abs(math.sin(angle)), 1e-9))


def _frame(points: Sequence[_Point], poles: Sequence[tuple[complex, bool]], radius: float | None) -> _Frame:
    """A rectangle that holds the points that are not too far out, and the circle of convergence with some room."""
    if radius is None:
        radius = min((abs(z) for z, doublet in poles if not doublet), default=1.0)
    near = [p.z for p in points if abs(p.z) <= _REACH * radius]
    left = -max([2.0 * radius, *(-1.2 * z.real for z in near)])
    right = max([2.0 * radius, *(1.2 * z.real for z in near)])
    top = max([1.5 * radius, 0.22 * (right - left), *(1.2 * abs(z.imag) for z in near)])
    wider = max(0.0, 2 * top - (right - left)) / 2  # no taller than wide
    return _Frame(left - wider, right + wider, top)


# ---------------------------------------------------------------------------------------------------------------------
# Drawing


def new_figure(title: str, xlabel: str, ylabel: str, ratio: float) -> tuple[Figure, Axes]:
    """An empty figure with one Axes of this ratio of height to width, and room for a legend below it."""
    figure = _NotebookFigure(figsize=(7.0, 6.2 * ratio + 2.1), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title if len(title) <= 60 else title[:57] + "...", parse_math=False)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    return figure, axes


def finish(figure: Figure, axes: Axes, target: Path | None) -> Figure:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    if target is not None:
        _write(figure, target)
    return figure


def _draw_cuts(axes: Axes, starts: Sequence[complex], length: float) -> None:
    for k, z in enumerate(starts):
        end = z + z / abs(z) * 2 * length  # beyond the picture
        axes.plot(
            [z.real, end.real], [z.imag, end.imag], color=ORANGE, lw=5, alpha=0.25, solid_capstyle="butt", zorder=1,
            label="_" * (k > 0) + "cut",
        )  # fmt: skip


def _draw_poles(axes: Axes, poles: Sequence[complex], label: str, colour: str) -> None:
    if poles:
        face = colour if colour == BLUE else "none"
        axes.plot(
            [z.real for z in poles], [z.imag for z in poles], ls="none", marker="o", ms=4, mfc=face, mec=colour,
            label=label, zorder=4,
        )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Files


def check_plot_path(path: str | Path) -> Path:
    """Return ``path`` as a Path where a figure can be written there, or raise ValueError before any work is done."""
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise ValueError(f"a figure is written to a file ending in {', '.join(FORMATS)}, got {str(path)!r}")
    if target.is_dir() or not target.parent.is_dir():
        reason = "is a folder" if target.is_dir() else "lies in a folder that does not exist"
        raise ValueError(f"cannot write a figure to {str(path)!r}: it {reason}")
    return target


def _write(figure: Figure, target: Path) -> None:
    """Write beside the target and rename: nobody ever sees half a picture."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        figure.savefig(unfinished, format=target.suffix.lower()[1:], dpi=150, bbox_inches="tight")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
