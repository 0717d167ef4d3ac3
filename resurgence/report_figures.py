"""The pictures of a report, as SVG texts."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image

from .plotting import plot_borel, plot_convergence, plot_poles
from .report import Report

__all__ = ["figures", "formula_picture"]


def figures(report: Report) -> dict[str, str]:
    """The pictures that can be drawn, by name: ``"borel"``, ``"poles"``, ``"convergence"``.

    Parameters
    ----------
    report : Report

    Returns
    -------
    dict
        SVG documents; a picture that there is nothing for is left out.

    Examples
    --------
    >>> from resurgence import models
    >>> from resurgence.report import make_report
    >>> sorted(figures(make_report(models.euler, terms=20, couplings=["1/10"], digits=10)))
    ['borel', 'convergence', 'poles']
    """
    curves = [entry.curve for entry in report.sums if entry.curve is not None]
    tasks: dict[str, Callable[[], Figure]] = {
        "borel": lambda: plot_borel(report.verification or report.series),
        "poles": lambda: plot_poles(report.poles),
        "convergence": lambda: plot_convergence(curves),
    }
    drawn = {}
    for name, task in tasks.items():
        try:
            drawn[name] = _svg(task())
        except (ValueError, ArithmeticError):  # the report itself says what is missing
            continue
    return drawn


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "resurgence"}):  # the same picture is the same text
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return buffer.getvalue()


def formula_picture(latex: str) -> str | None:
    """A formula as SVG, as far as matplotlib's part of LaTeX goes; None beyond it.

    Examples
    --------
    >>> formula_picture(r"\\tfrac1g e^{1/g} E_1(1/g)")[:5], formula_picture(r"\\unknown{x}")
    ('<?xml', None)
    """
    text = re.sub(r"\\[td]?frac(\d)(\d|[a-z])", r"\\frac{\1}{\2}", latex)
    text = text.replace(r"\tfrac", r"\frac").replace(r"\dfrac", r"\frac").replace(r"\text", r"\mathrm")
    text = re.sub(r"\\math(cal|rm|bb) ?(\w)", r"\\math\1{\2}", text)
    buffer = io.BytesIO()
    try:
        with matplotlib.rc_context({"svg.hashsalt": "resurgence", "mathtext.fontset": "cm"}):
            math_to_image(f"${text}$", buffer, prop=FontProperties(size=13), format="svg")
    except (ValueError, RuntimeError):  # what matplotlib cannot read
        return None
    return buffer.getvalue().decode()
