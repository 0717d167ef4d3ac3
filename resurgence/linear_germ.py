"""What the germs that a linear system continues have in common: sums along rays, and the points of the first sheet."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import acb

from .errors import StokesLineError
from .germs import CertifiedSingularity, Germ
from .laplace_ray import Origin, laplace_integral
from .linear_system import LinearSystem
from .numbers import Enclosure, Status, working_precision
from .rays import Ray, Side
from .sectors import free_direction

__all__ = ["LinearGerm", "SheetPoint"]

#: Bits above those asked for in the first attempt, and evaluations before a ball is returned as wide as it is.
GUARD_BITS = 30
MAX_EVALUATIONS = 6

#: Where a path leaves the disc of convergence of the germ, relative to its radius.
_FIRST = 0.4


@dataclass(frozen=True)
class SheetPoint:
    """A point where solutions of the system are singular, and what it is for the germ on its first sheet.

    Attributes
    ----------
    location : sympy number or AlgebraicNumber
        A, exactly.
    singular : bool or None
        Whether the germ is singular there; None where that is not known.
    exponent : Fraction or None
        beta, where it is singular.
    stokes_constant : Enclosure or None
        S, where it is singular.
    status : {"certified", "estimated"} or None
        Of all this; None where ``singular`` is None.
    reason : str
        What it rests on, in a few words.
    """

    location: Any
    singular: bool | None
    exponent: Fraction | None
    stokes_constant: Enclosure | None
    status: Status | None
    reason: str


class LinearGerm(Germ):
    """A germ B that solves a linear system: its power series at the origin of the Borel plane, and the system.

    A new one defines the four underscored methods and :meth:`first_sheet`.
    """

    @abstractmethod
    def _linear_system(self) -> LinearSystem: ...

    @abstractmethod
    def _series(self) -> Origin: ...

    @abstractmethod
    def _origin(self, bits: int) -> acb:
        """Where the origin of the Borel plane is in the variable of the system."""

    @abstractmethod
    def _points(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """Where B may be singular, nearest first, and where the system is without any solution of it being so."""

    @abstractmethod
    def _sheet_point(self, point: Any) -> SheetPoint:
        """What there is at one of the first of those points."""

    def first_sheet(self) -> tuple[SheetPoint, ...]:
        """Every point where B may be singular, on any sheet, nearest first: what it is on the first."""
        return tuple(self._sheet_point(point) for point in self._points()[0])

    def sum(self, g: object, bits: int, *, side: Side | None = None, direction: object | None = None) -> acb:
        ray = Ray(g, side, direction)
        met = [p for p in self._points()[0] if ray.passes(p) == "through"]
        sides: tuple[Side | None, ...] = (None,)
        if met:
            if side is None:
                # Where it is not proved that there is no singularity, either side will do, but it has to be chosen.
                singular = [
                    p for p in map(self._sheet_point, met) if p.singular is not False or p.status != "certified"
                ]
                if singular:
                    raise StokesLineError(singular)
                side = "above"
            sides = ("above", "below") if side == "median" else (side,)
        return self._sum(ray, sides, bits)

    def _sum(self, ray: Ray, sides: Sequence[Side | None], bits: int) -> acb:
        system, series = self._linear_system(), self._series()
        directions = [free_direction(ray, side, *self._points(), bits) for side in sides]

        def attempt(working: int) -> acb:
            origin = self._origin(working)
            with working_precision(working):
                rate, total = 1 / ray.coupling(working), acb(0)
                for direction in directions:
                    total += laplace_integral(system, series, rate, direction, working, origin)
                return total * rate / len(directions)

        return _sharpened(attempt, bits)

    def continuation(self, path: Sequence[acb], bits: int) -> acb:
        """B at the end of a polyline from 0 through the points of ``path``: a ball that contains it.

        Raises
        ------
        ValueError
            For a path through a point where the system is singular.
        """
        system, series = self._linear_system(), self._series()

        def attempt(working: int) -> acb:
            origin = self._origin(working)
            with working_precision(working):
                reach = series.radius(64) * _FIRST
                first = path[0] if abs(path[0]) < reach else path[0] * (reach.mid() / abs(path[0])).mid()
            state = system.transport(series.state(first, working), [first, *path], working, origin)
            with working_precision(working):
                return system.observe(state, path[-1] + origin, working)

        return _sharpened(attempt, bits)

    def singularities(self, count: int = 8) -> tuple[CertifiedSingularity, ...]:
        """The singularities of B on its first sheet, nearest first.

        Raises
        ------
        ValueError
            Where a point may be a singularity that no exponent and Stokes constant describe.
        """
        found: list[CertifiedSingularity] = []
        for point in self._points()[0]:
            if len(found) == count:
                break
            known = self._sheet_point(point)
            if known.singular is False:
                continue
            if known.exponent is None or known.stokes_constant is None:
                raise ValueError(f"the singularity at {known.location} has no Stokes constant: {known.reason}")
            found.append(CertifiedSingularity(known.location, known.exponent, known.stokes_constant))
        return tuple(found)


def _sharpened(attempt: Callable[[int], acb], bits: int) -> acb:
    """Evaluate with more and more bits until the ball is good to ``bits`` relative bits, or does not get better."""
    best, working = acb("nan"), bits + GUARD_BITS
    for _ in range(MAX_EVALUATIONS):
        try:
            value = attempt(working)
        except ArithmeticError:  # a state that was lost on the way
            working *= 2
            continue
        if best.is_finite() and not value.rad() < best.rad():
            break
        best = value
        missing = bits - best.rel_accuracy_bits()
        if missing <= 0:
            break
        working += min(missing, working) + GUARD_BITS
    return best
