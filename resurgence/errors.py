"""Errors that carry data.

Everything else raises the standard exceptions, with what was given, what is allowed and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

__all__ = ["LevelError", "NoPowerSeriesError", "StokesLineError"]


class LevelError(ValueError):
    """A differential operator is singular at 0 of a level other than one, so that Borel's transform does not fit it.

    Parameters
    ----------
    operator : str
        The operator.
    variable : str
        Its variable.
    slopes : sequence of Fraction
        The slopes of its Newton polygon at 0. A slope s > 0 belongs to the level 1/s, to solutions with an essential
        singularity exp(c/x^(1/s)) and to coefficients that grow like n!^s; 0 belongs to regular solutions.

    Attributes
    ----------
    slopes : tuple of Fraction
        The same.

    Examples
    --------
    >>> from resurgence.differential_operator import DifferentialOperator
    >>> try:
    ...     DifferentialOperator(["-x", "1", "x^3"]).borel()
    ... except LevelError as error:
    ...     print(*error.slopes, "|", str(error).split(":")[0])
    0 1/2 | x^3*D^2 + D - x has an irregular singular point of level other than one at x = 0
    """

    def __init__(self, operator: str, variable: str, slopes: Sequence[Fraction]) -> None:
        super().__init__(operator, variable, slopes)
        self.operator, self.variable = operator, variable
        self.slopes: tuple[Fraction, ...] = tuple(slopes)

    def __str__(self) -> str:
        return (
            f"{self.operator} has an irregular singular point of level other than one at {self.variable} = 0: the "
            f"slopes of its Newton polygon are {', '.join(map(str, self.slopes))}, and a Borel transform needs 0 and 1 "
            "alone (slope 1/k is level k: a series of level k in x consists of k series of level one in x^k)"
        )


class NoPowerSeriesError(ValueError):
    """A linear recurrence, or the differential equation behind it, has no power-series solution other than zero.

    Parameters
    ----------
    recurrence : str
        The recurrence.
    reason : str
        Why nothing fits.

    Attributes
    ----------
    recurrence, reason : str
        The same.

    Examples
    --------
    >>> from resurgence.differential_operator import DifferentialOperator
    >>> try:
    ...     DifferentialOperator(["-1", "2*x"]).recurrence().terms([1], 5)  # sqrt(x)
    ... except NoPowerSeriesError as error:
    ...     print(error.reason)
    for n = 0 the equation -1*a_0 = 0 fails: the left side is -1
    """

    def __init__(self, recurrence: str, reason: str) -> None:
        super().__init__(recurrence, reason)
        self.recurrence, self.reason = recurrence, reason

    def __str__(self) -> str:
        return (
            f"{self.recurrence} has no power-series solution but zero, since no coefficient is free to choose: "
            f"{self.reason}"
        )


def _text(location: Any) -> str:
    from .verification import exact_text

    return exact_text(location)


class StokesLineError(ValueError):
    """The ray of a Laplace integral passes through Borel singularities and no side was chosen.

    Parameters
    ----------
    singularities : sequence
        What lies on the ray, nearest first: objects with a ``location``.

    Attributes
    ----------
    singularities : tuple
        The same.

    Examples
    --------
    >>> from resurgence.germs import Hypergeometric
    >>> try:
    ...     Hypergeometric(1, 1, 1).sum("1/10", 64)
    ... except StokesLineError as error:
    ...     print(error.singularities[0].location, "|", error)
    1 | the ray passes through the Borel singularity at 1: give side="above", "below" or "median"
    """

    def __init__(self, singularities: Sequence[Any]) -> None:
        super().__init__(singularities)
        self.singularities: tuple[Any, ...] = tuple(singularities)

    def __str__(self) -> str:
        places = [_text(s.location) for s in self.singularities[:3]]
        if len(self.singularities) > len(places):
            places.append("...")
        plural = "y" if len(places) == 1 else "ies"
        return (
            f"the ray passes through the Borel singularit{plural} at {', '.join(places)}: "
            'give side="above", "below" or "median"'
        )
