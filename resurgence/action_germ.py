"""Germs of polynomial actions: sums and Stokes constants in balls, with proof.

The Borel transform of the series of an action at a nondegenerate critical point solves a linear system over Q whose
singular points are the critical values (:mod:`resurgence.borel_system`). It is continued from its power series along
rays and summed there (:mod:`resurgence.laplace_ray`); its singularities are logarithms, with Stokes constants that are
known up to integers, and these follow from balls (:mod:`resurgence.intersection_numbers`).
"""

from __future__ import annotations

from fractions import Fraction

from flint import acb

from .action import Action
from .borel_system import BorelSeries
from .critical_points import CriticalPoint
from .intersection_numbers import Adjacency, Intersections, Place
from .linear_germ import LinearGerm, SheetPoint
from .linear_system import LinearSystem
from .numbers import Status
from .tameness import is_known_tame

__all__ = ["ActionGerm"]

#: Digits of the Stokes constants that :meth:`ActionGerm.singularities` gives.
STOKES_DIGITS = 40

#: Digits that tell an integer, where Picard's and Lefschetz' formula gives the rest.
_NUMBER_DIGITS = 6


class ActionGerm(LinearGerm):
    """The germ of the series of ``int exp(-V/g)`` at a critical point.

    Parameters
    ----------
    action : Action
    point : CriticalPoint
        Nondegenerate, as all critical points with its value.

    Raises
    ------
    ValueError
        For a degenerate point or value, and for an action whose connection is not polynomial in g.

    Examples
    --------
    >>> action = Action("x**2/2 - x**3/3")
    >>> germ = ActionGerm(action, action.critical_points()[0])
    >>> print(germ.singularities()[0].location, germ.singularities()[0].stokes_constant.short(20))
    1/6 1.000000000000000j
    >>> above, below = (germ.sum("1/10", 64, side=side) for side in ("above", "below"))
    >>> import math
    >>> abs(above - below - 1j * math.exp(-10 / 6)) < 0.03
    True
    """

    method = "linear system of the action's Borel transforms"

    def __init__(self, action: Action, point: CriticalPoint) -> None:
        self.action, self.point = action, point
        self.intersections = Intersections(action, point)
        self._adjacencies: dict[Place, Adjacency] = {}

    def _linear_system(self) -> LinearSystem:
        return self.intersections.system

    def _series(self) -> BorelSeries:
        return self.intersections.series

    def _origin(self, bits: int) -> acb:
        return self.intersections.series.value(bits)

    def _points(self) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
        return self.intersections.places, ()

    def adjacency(self, place: Place) -> Adjacency:
        """The intersection numbers with the critical points of another value."""
        if place not in self._adjacencies:
            digits = _NUMBER_DIGITS if is_known_tame(self.action.jacobian_ring) else STOKES_DIGITS
            self._adjacencies[place] = self.intersections.at(place, digits)
        return self._adjacencies[place]

    def _sheet_point(self, place: Place) -> SheetPoint:
        known = self.adjacency(place)
        if known.stokes_constant is None:
            return SheetPoint(place.location, None, None, None, None, known.reason)
        seen = not known.stokes_constant.contains(0)  # whatever the numbers are
        if known.reason:
            singular = True if seen or known.numbers is not None else None
            return SheetPoint(
                place.location, singular, None, known.stokes_constant, "certified" if singular else None, known.reason
            )
        stokes = known.stokes_constant
        numbers = "intersection " + ("number " if len(place.points) == 1 else "numbers ")
        reason = numbers + ", ".join(map(str, known.numbers or ()))
        status: Status = "certified"
        if is_known_tame(self.action.jacobian_ring):
            stokes = self.intersections.stokes_constant(known, STOKES_DIGITS)
        else:
            # That these numbers are integers is then not known, and a ball around 0 does not prove that one is 0.
            reason += ", provided that the action is tame at infinity"
            status = "certified" if seen else "estimated"
        if not known.is_singular:
            return SheetPoint(place.location, False, None, None, status, reason)
        return SheetPoint(place.location, True, Fraction(0), stokes, status, reason)
