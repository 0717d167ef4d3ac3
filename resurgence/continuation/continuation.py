"""What a continuation of a Borel germ is: a function that goes on where the power series stops.

Each file beside this one is one way to get it: Padé approximants, conformal and uniformising maps before them,
quadratic and hypergeometric approximants. None of them is proved to be near the germ; how near it is, its neighbours
tell, which are made of fewer coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from flint import acb

__all__ = ["Continuation"]


class Continuation(Protocol):
    """A function made of the first coefficients of a germ, which can be evaluated outside its disc."""

    @property
    def name(self) -> str:
        """How it was made, for people: ``"[40/40] Padé"``."""

    def values(self, points: Sequence[acb], bits: int) -> list[acb]:
        """Its values at points that follow each other on a path from near 0, to about ``bits`` bits.

        A function of several branches is followed along the path; points on the way from 0 to the first, and from one
        to the next, are taken to lie on the straight segment.

        Raises
        ------
        ValueError
            Where it has no value, as at a pole.
        """
