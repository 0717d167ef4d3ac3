"""Germs of linear differential equations: sums and Stokes constants in balls, with proof.

Where Phi(g) solves a linear equation with polynomial coefficients, so does its Borel transform B(z), and the singular
points of that equation are the only places where B can be singular, on any sheet. B is continued from its power series
at 0 along paths (:mod:`resurgence.linear_system`), summed along rays (:mod:`resurgence.laplace_ray`), and compared with
the Frobenius basis at a singular point A (:mod:`resurgence.frobenius`). If there

    B = sum_j c_j y_j,     y_j = t^e log(t)^k/k! (1 + ...),    t = z - A,

then the monodromy M of the basis gives the jump of B across the cut beyond A, (1 - M) c in the same basis, and the
Stokes constant is that of its leading term: S t^beta/Gamma(beta + 1), the Borel transform of S g^beta. (A pole has no
jump, and its residue says the same.)

References: B. L. J. Braaksma, Ann. Inst. Fourier 42, 517 (1992); J. van der Hoeven, J. Symb. Comput. 42, 389 (2007);
M. Mezzarobba, Ph. D. thesis, Ecole polytechnique (2011).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import acb, acb_mat, arb, fmpq

from .frobenius import LocalBasis, PowerSeriesGerm
from .holonomic import HolonomicSeries
from .linear_germ import GUARD_BITS, MAX_EVALUATIONS, LinearGerm, SheetPoint
from .linear_system import LinearSystem
from .numbers import Status, bits_for, enclosure, midpoint, working_precision
from .rays import Ray
from .sectors import free_direction
from .singular_points import SingularPoint

__all__ = ["FrobeniusConnection", "HolonomicGerm"]

#: Digits of the Stokes constants that :meth:`HolonomicGerm.singularities` gives.
STOKES_DIGITS = 40

#: Coordinates that are smaller than this, and cannot be told from zero, are taken for zero. Not a proof.
_NEGLIGIBLE_BITS = 100

#: Distance from a singular point at which the germ is compared with the Frobenius basis, relative to its radius.
_NEARNESS = 0.4


class HolonomicGerm(LinearGerm):
    """The Borel germ of a holonomic series.

    Parameters
    ----------
    series : HolonomicSeries
        Phi. Sums of a series whose equation was guessed are ``"estimated"``, others certified.

    Notes
    -----
    LevelError is raised by the sums and singularities, not before, where the equation has an irregular singular point
    of a level other than one at 0.

    Examples
    --------
    >>> from resurgence.differential_operator import DifferentialOperator
    >>> euler = HolonomicSeries(DifferentialOperator(["-1", "x^2 + x", "x^3"]), [0, 1])
    >>> germ = HolonomicGerm(euler)
    >>> print(germ.borel.operator)
    (z + 1)*D^2 + D
    >>> [singularity] = germ.singularities()
    >>> print(singularity.kind, singularity.location, singularity.stokes_constant.short(20))
    logarithm -1 -6.2831853071795864769j
    """

    method = "linear differential equation of the germ"

    def __init__(self, series: HolonomicSeries) -> None:
        self.series = series
        self.status: Status = "certified" if series.proved else "estimated"
        if not series.proved:
            self.method = "linear differential equation of the germ, guessed from coefficients"
        self._connections: dict[SingularPoint, FrobeniusConnection] = {}

    @cached_property
    def borel(self) -> HolonomicSeries:
        """B."""
        return self.series.borel()

    @cached_property
    def _power_series(self) -> PowerSeriesGerm:
        return PowerSeriesGerm(self.borel.operator, self.borel.initial)

    @cached_property
    def _system(self) -> LinearSystem:
        return LinearSystem.of_operator(self.borel.operator)

    @cached_property
    def _singular_points(self) -> tuple[SingularPoint, ...]:
        """The points other than 0 where a solution of the equation is singular."""
        return tuple(p for p in self.borel.operator.singular_points if p.kind != "apparent" and p.location != 0)

    @cached_property
    def _apparent_points(self) -> tuple[SingularPoint, ...]:
        return tuple(p for p in self.borel.operator.singular_points if p.kind == "apparent" and p.location != 0)

    def _linear_system(self) -> LinearSystem:
        return self._system

    def _series(self) -> PowerSeriesGerm:
        return self._power_series

    def _origin(self, bits: int) -> acb:
        return acb(0)

    def _points(self) -> tuple[tuple[SingularPoint, ...], tuple[SingularPoint, ...]]:
        return self._singular_points, self._apparent_points

    # -- singularities ------------------------------------------------------------------------------------------------

    def connection(self, point: SingularPoint) -> FrobeniusConnection:
        """The germ in the Frobenius basis at a point where it may be singular.

        Raises
        ------
        ArithmeticError
            Where too many bits are lost on the way.
        """
        if point not in self._connections:
            self._connections[point] = self._connect(point, bits_for(STOKES_DIGITS))
        return self._connections[point]

    def _sheet_point(self, point: SingularPoint) -> SheetPoint:
        location = point.location.to_sympy() if point.location.is_rational else point.location
        if point.kind == "irregular":
            return SheetPoint(location, None, None, None, None, "an irregular singular point of the Borel transform")
        if point.irrational_exponents:
            return SheetPoint(location, None, None, None, None, "an exponent there is not rational")
        try:
            connection = self.connection(point)
        except ArithmeticError as error:
            return SheetPoint(location, None, None, None, None, str(error))
        return connection.sheet_point(location, self.status)

    def _connect(self, point: SingularPoint, bits: int) -> FrobeniusConnection:
        basis = LocalBasis(self.borel.operator, point.location)
        ray = Ray(point)
        free = free_direction(ray, "above", *self._points(), bits)
        working = bits + GUARD_BITS
        for _ in range(MAX_EVALUATIONS):
            try:
                coordinates = self._coordinates(point, basis, free, working)
            except ArithmeticError:  # a state or a determinant that has lost all its bits
                working *= 2
                continue
            missing = bits - _accuracy(coordinates)
            if missing <= 0:
                return FrobeniusConnection(point, basis, tuple(coordinates.entries()))
            working += missing + GUARD_BITS
        place = complex(point.ball(64))
        raise ArithmeticError(f"near {place:.6g} the germ has lost {working - bits} bits on the way, and more")

    def _coordinates(self, point: SingularPoint, basis: LocalBasis, free: acb, bits: int) -> acb_mat:
        """In the Frobenius basis, from the state near the point: along the free direction and then towards it."""
        series = self._power_series
        with working_precision(bits):
            a = point.ball(bits)
            near = (basis.radius(64) * _NEARNESS).lower()
            beside = (free * (a / free).real.mid()).mid()  # the point of the free ray that is nearest to A
            offset = beside - a
            if abs(offset) > near:
                offset = offset * (near / abs(offset))
            target = (a + offset).mid()
            first = (free * (series.radius(64) * _NEARNESS).mid()).mid()
            if abs(first) > abs(beside):
                first = target if abs(target) < series.radius(64) * _NEARNESS else beside
            state = self._system.transport(series.state(first, bits), [first, beside, target], bits)
            t = target - a
            log_t = (1 - target / a).log() + a.log() + acb(0, arb.pi())
            coordinates: acb_mat = basis.wronskian(t, bits, log_t).solve(state)
            return coordinates


@dataclass(frozen=True)
class FrobeniusConnection:
    """The coordinates of a germ in the Frobenius basis at a singular point of its equation.

    Attributes
    ----------
    point : SingularPoint
    basis : LocalBasis
    coordinates : tuple of acb
        Balls; log t is log(1 - z/A) + log A + i pi, so that 1 - z/A is positive on the way from 0.
    """

    point: SingularPoint
    basis: LocalBasis
    coordinates: tuple[acb, ...]

    @cached_property
    def jump(self) -> tuple[acb, ...]:
        """Coordinates of the germ above the cut less the germ below, with log t = log|t| + i arg A beyond A."""
        bits = bits_for(STOKES_DIGITS) + GUARD_BITS
        monodromy = self.basis.monodromy(bits)
        with working_precision(bits):
            size = len(self.coordinates)
            rows = [[(1 if i == j else 0) - monodromy[i, j] for j in range(size)] for i in range(size)]
            column = acb_mat(rows) * acb_mat([[c] for c in self.coordinates])
            return tuple(column.entries())

    @cached_property
    def strengths(self) -> tuple[acb, ...]:
        """What each solution's share says of S, were it the leading one: for a pole its residue, otherwise the jump.

        With t^beta/Gamma(beta + 1) for the Borel transform of g^beta, a jump d t^beta is S = d Gamma(beta + 1); a pole
        c t^(-n) is S = 2 pi i (-1)^n c/Gamma(n).
        """
        found = []
        with working_precision(bits_for(STOKES_DIGITS) + GUARD_BITS):
            for solution, c, d in zip(self.basis.solutions, self.coordinates, self.jump, strict=True):
                e = solution.exponent
                if e.denominator == 1 and e < 0 and solution.log_power == 0:
                    found.append(2 * acb.pi() * acb(0, 1) * c * (-1) ** int(e) * acb(-int(e)).rgamma())
                else:
                    found.append(d * acb(fmpq(e.numerator, e.denominator) + 1).gamma())
        return tuple(found)

    @cached_property
    def singular_part(self) -> tuple[int, ...]:
        """Indices of the solutions in which the germ is singular, or may be, leading first.

        A ball that contains zero and is small beside the coordinates is taken for zero.
        """
        with working_precision(64):
            size = max(midpoint(abs(c).upper()) for c in self.coordinates)
            negligible = arb(size) * arb(2) ** -_NEGLIGIBLE_BITS
            return tuple(k for k, s in enumerate(self.strengths) if not (s.contains(0) and abs(s).upper() < negligible))

    @property
    def is_proved(self) -> bool:
        """Whether the leading singular solution is so for certain: no share before it was only taken for zero."""
        if not self.singular_part:
            return False
        first = self.singular_part[0]
        return all(s == 0 for s in self.strengths[:first]) and not self.strengths[first].contains(0)

    def sheet_point(self, location: Any, status: Status) -> SheetPoint:
        """What that makes of the point, at best with this status."""
        if not self.singular_part:
            return SheetPoint(location, False, None, None, "estimated", "its jump there is too small to be seen")
        parts = [self.basis.solutions[k] for k in self.singular_part]
        leading = parts[0]
        known: Status = status if self.is_proved else "estimated"
        if any(part.log_power and part.exponent == leading.exponent for part in parts):
            reason = f"its jump has logarithms beside t^({leading.exponent}), not one Stokes constant"
            return SheetPoint(location, True, None, None, known, reason)
        how = "connection to the Frobenius basis"
        stokes = enclosure(self.strengths[self.singular_part[0]], known, how)
        return SheetPoint(location, True, leading.exponent, stokes, known, how)


def _accuracy(coordinates: acb_mat) -> int:
    """Bits of the coordinates relative to the largest."""
    entries = coordinates.entries()
    if not all(c.is_finite() for c in entries):
        return 0
    largest = max(midpoint(abs(c).upper()) for c in entries)
    widest = max(midpoint(arb(c.rad()).upper()) for c in entries)
    if widest == 0:
        return 1 << 30
    return math.floor(math.log2(largest / widest)) if largest > 0 else 0
