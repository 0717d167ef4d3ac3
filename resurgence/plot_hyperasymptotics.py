"""The stages of hyperasymptotics in a picture, after Berry & Howls (1990)."""

from __future__ import annotations

from pathlib import Path

from flint import acb
from matplotlib.figure import Figure

from .action import Action
from .hyperasymptotics import MAX_LEVEL, HyperasymptoticSum, Scheme, hyperasymptotics
from .laplace import borel_sum, prefactor
from .models import Model
from .numbers import ball, working_precision
from .plotting import LINE_COLOURS, check_plot_path, finish, new_figure
from .rays import Side
from .series import FormalSeries

__all__ = ["plot_hyperasymptotics"]

#: Digits of what the sums are compared with.
_DIGITS = 100
_BITS = 400


def plot_hyperasymptotics(
    what: Model | Action,
    g: object,
    path: str | Path | None = None,
    *,
    side: Side | None = None,
    scheme: Scheme = "optimal",
) -> Figure:
    """Draw how the error falls with the number of terms, stage by stage, for each level.

    Parameters
    ----------
    what : Model or Action
        As for :func:`~resurgence.hyperasymptotics.hyperasymptotics`.
    g : number
    path : str or Path, optional
        Where to write the figure: ``.png``, ``.pdf`` or ``.svg``.
    side, scheme : optional
        As there.

    Returns
    -------
    matplotlib.figure.Figure
        Relative errors (logarithmic) against the number of terms, all stages counted on; marks where a stage ends.
        With ``"optimal"`` numbers each level has a curve of its own: its first stages take more terms than would serve
        a lower one, so that the error grows before it falls. With ``"halving"`` one curve has all levels.

    Raises
    ------
    TypeError, ValueError
        As there, and for paths that cannot be written.

    Examples
    --------
    >>> from resurgence import models
    >>> figure = plot_hyperasymptotics(models.quartic, "1/40")
    >>> figure.axes[0].get_yscale(), len(figure.axes[0].get_lines())
    ('log', 8)
    """
    if not isinstance(what, (Model, Action)):
        raise TypeError(f"plot_hyperasymptotics draws a Model or an Action, got {what!r}")
    target = None if path is None else check_plot_path(path)
    levels = range(MAX_LEVEL + 1) if scheme == "optimal" else (MAX_LEVEL,)
    sums = [hyperasymptotics(what, g, level, _DIGITS // 2, side=side, scheme=scheme) for level in levels]
    series = what.series(1) if isinstance(what, Model) else what.expand(1)
    exact = _exact(series, g, side)
    name = what.name if isinstance(what, Model) else str(what)
    figure, axes = new_figure(f"Hyperasymptotics of {name} at g = {g}", "number of terms", "relative error", 0.7)
    axes.set_yscale("log")
    for total, colour in zip(sums, LINE_COLOURS, strict=False):
        errors, ends = _errors(total, exact)
        axes.plot(
            range(1, len(errors) + 1),
            errors,
            color=colour,
            lw=1.2,
            zorder=9 - total.level,
            label=f"level {total.level}",
        )
        axes.plot(
            ends, [errors[k - 1] for k in ends], ls="none", marker="o", ms=5, color=colour, zorder=9,
            label="_" * (total is not sums[0]) + "a stage ends",
        )  # fmt: skip
    return finish(figure, axes, target)


def _exact(series: FormalSeries, g: object, side: Side | None) -> acb:
    """Phi(g), certified where the germ is."""
    value = borel_sum(series, g, _DIGITS, side=side)
    with working_precision(_BITS):
        return value.ball(_BITS) / prefactor(series, ball(g, _BITS), _BITS)


def _errors(total: HyperasymptoticSum, exact: acb) -> tuple[list[float], list[int]]:
    """Relative errors after each term, and after how many terms each stage ends."""
    errors: list[float] = []
    ends: list[int] = []
    with working_precision(_BITS):
        value = acb(0)
        for stage in total.stages:
            for term in stage.terms:
                value = value + ball(term, _BITS)
                errors.append(max(float(abs(value / exact - 1).mid()), 10.0**-_DIGITS))
            ends.append(len(errors))
    return errors, ends
