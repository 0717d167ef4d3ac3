"""Errors that carry data.

Everything else raises the standard exceptions, with what was given, what is allowed and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["StokesLineError"]


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
        places = [str(s.location) for s in self.singularities[:3]]
        if len(self.singularities) > len(places):
            places.append("...")
        plural = "y" if len(places) == 1 else "ies"
        return (
            f"the ray passes through the Borel singularit{plural} at {', '.join(places)}: "
            'give side="above", "below" or "median"'
        )
