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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import acb, acb_mat, arb, fmpq

from .differential_operator import DifferentialOperator
from .errors import StokesLineError
from .frobenius import LocalBasis, PowerSeriesGerm
from .germs import CertifiedSingularity, Germ
from .laplace_ray import laplace_integral
from .linear_system import LinearSystem
from .numbers import Status, bits_for, enclosure, midpoint, working_precision
from .rays import Ray, Side
from .sectors import free_direction
from .singular_points import SingularPoint

__all__ = ["HolonomicGerm"]

#: Bits above those asked for in the first attempt, and evaluations before a ball is returned as wide as it is.
_GUARD_BITS = 30
_MAX_EVALUATIONS = 6

#: Digits of the Stokes constants that :meth:`HolonomicGerm.singularities` gives.
STOKES_DIGITS = 40

#: Coordinates that are smaller than this, and cannot be told from zero, are taken for zero. Not a proof.
_NEGLIGIBLE_BITS = 100

#: Distance from a singular point at which the germ is compared with the Frobenius basis, relative to its radius.
_NEARNESS = 0.4


class HolonomicGerm(Germ):
    """The germ of the power series that solves a linear differential equation in g.

    Parameters
    ----------
    operator : DifferentialOperator
        In g, with ``operator Phi = 0``.
    initial : sequence of fmpq
        The first coefficients of Phi, enough of them to determine it.
    proved : bool
        False where the operator is a guess: sums are then ``"estimated"``.

    Raises
    ------
    ValueError
        For initial coefficients that do not fit or do not suffice; from the sums and singularities LevelError, where
        the equation has an irregular singular point of a level other than one at 0.

    Examples
    --------
    >>> euler = HolonomicGerm(DifferentialOperator(["-1", "x^2 + x", "x^3"]), [fmpq(0), fmpq(1)])
    >>> print(euler.borel_operator)
    (z + 1)*D^2 + D
    >>> [singularity] = euler.singularities()
    >>> print(singularity.kind, singularity.location, singularity.stokes_constant.short(20))
    logarithm -1 -6.2831853071795864769j
    """

    method = "linear differential equation of the germ"

    def __init__(self, operator: DifferentialOperator, initial: Sequence[fmpq], proved: bool = True) -> None:
        self.operator = operator
        self.status: Status = "certified" if proved else "estimated"
        if not proved:
            self.method = "linear differential equation of the germ, guessed from its coefficients"
        self._recurrence = operator.recurrence()
        self._initial = tuple(self._recurrence.terms(initial, len(initial)))

    @cached_property
    def borel_operator(self) -> DifferentialOperator:
        """The operator in z that annihilates B."""
        return self.operator.borel()

    def coefficients(self, count: int) -> list[fmpq]:
        """a_0, ..., a_(count - 1), exactly."""
        return self._recurrence.terms(self._initial, count)

    @cached_property
    def _origin(self) -> PowerSeriesGerm:
        count = 1 + max((len(self._initial) - 1, *self.borel_operator.recurrence().free_indices))
        known = self._recurrence.terms(self._initial, count)
        return PowerSeriesGerm(self.borel_operator, [a / math.factorial(n) for n, a in enumerate(known)])

    @cached_property
    def _system(self) -> LinearSystem:
        return LinearSystem.of_operator(self.borel_operator)

    @cached_property
    def _points(self) -> tuple[SingularPoint, ...]:
        """The points other than 0 where a solution of the equation is singular."""
        return tuple(p for p in self.borel_operator.singular_points if p.kind != "apparent" and p.location != 0)

    @cached_property
    def _obstacles(self) -> tuple[SingularPoint, ...]:
        return tuple(p for p in self.borel_operator.singular_points if p.kind == "apparent" and p.location != 0)

    # -- sums ---------------------------------------------------------------------------------------------------------

    def sum(self, g: object, bits: int, *, side: Side | None = None, direction: object | None = None) -> acb:
        ray = Ray(g, side, direction)
        met = [p for p in self._points if ray.passes(p) == "through"]
        sides: tuple[Side | None, ...] = (None,)
        if met:
            if side is None:
                singular = [p for p in met if self._is_singular(p)]
                if singular:
                    raise StokesLineError(singular)
                side = "above"
            sides = ("above", "below") if side == "median" else (side,)
        return self._sum(ray, sides, bits)

    def _sum(self, ray: Ray, sides: Sequence[Side | None], bits: int) -> acb:
        directions = [free_direction(ray, side, self._points, self._obstacles, bits) for side in sides]
        best, working = acb("nan"), bits + _GUARD_BITS
        for _ in range(_MAX_EVALUATIONS):
            with working_precision(working):
                rate = 1 / ray.coupling(working)
                total = acb(0)
                for direction in directions:
                    total += laplace_integral(self._system, self._origin, rate, direction, working)
                value = total * rate / len(directions)
            if not best.is_finite() or value.rad() < best.rad():
                best, gained = value, True
            else:
                gained = False
            missing = bits - best.rel_accuracy_bits()
            if missing <= 0 or not gained:
                break
            working += min(missing, working) + _GUARD_BITS
        return best

    # -- singularities ------------------------------------------------------------------------------------------------

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """The germ in the Frobenius basis at each point where it may be singular, nearest first."""
        return tuple(self._connect(point, bits_for(STOKES_DIGITS)) for point in self._points)

    def singularities(self, count: int = 8) -> tuple[CertifiedSingularity, ...]:
        found = (connection.singularity(self.status) for connection in self.connections)
        return tuple(s for s in found if s is not None)[:count]

    def _is_singular(self, point: SingularPoint) -> bool:
        """Whether the germ is singular at a point, or cannot be shown not to be."""
        return self.connections[self._points.index(point)].singular_part != ()

    def _connect(self, point: SingularPoint, bits: int) -> Connection:
        if point.kind == "irregular":
            raise ValueError(
                f"the Borel transform has an irregular singular point at {point.location}: its Stokes constant is not "
                "one number, and Frobenius bases do not reach it"
            )
        basis = LocalBasis(self.borel_operator, point.location)
        ray = Ray(point)
        free = free_direction(ray, "above", self._points, self._obstacles, bits)
        working = bits + _GUARD_BITS
        for _ in range(_MAX_EVALUATIONS):
            with working_precision(working):
                a = point.ball(working)
                near = (basis.radius(64) * _NEARNESS).lower()
                beside = (free * (a / free).real.mid()).mid()  # the point of the free ray that is nearest to A
                offset = beside - a
                if abs(offset) > near:
                    offset = offset * (near / abs(offset))
                target = (a + offset).mid()
                first = (free * (self._origin.radius(64) * _NEARNESS).mid()).mid()
                if abs(first) > abs(beside):
                    first = target if abs(target) < self._origin.radius(64) * _NEARNESS else beside
                state = self._origin.state(first, working)
                state = self._system.transport(state, [first, beside, target], working)
                t = target - a
                log_t = (1 - target / a).log() + a.log() + acb(0, arb.pi())
                coordinates = basis.wronskian(t, working, log_t).solve(state)
            missing = bits - _accuracy(coordinates)
            if missing <= 0:
                break
            working += missing + _GUARD_BITS
        return Connection(point, basis, tuple(coordinates.entries()))


@dataclass(frozen=True)
class Connection:
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
        bits = bits_for(STOKES_DIGITS) + _GUARD_BITS
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
        with working_precision(bits_for(STOKES_DIGITS) + _GUARD_BITS):
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

    def singularity(self, status: Status) -> CertifiedSingularity | None:
        """What the leading of the singular solutions says; None where the germ is not singular."""
        if not self.singular_part:
            return None
        k = self.singular_part[0]
        leading, location = self.basis.solutions[k], self.point.location
        parts = [self.basis.solutions[j] for j in self.singular_part]
        if any(part.log_power and part.exponent == leading.exponent for part in parts):
            raise ValueError(
                f"the jump of the germ at {location} has logarithms beside t^({leading.exponent}): that is not one "
                "Stokes constant; see `connections` for the coordinates"
            )
        known: Status = status if self.is_proved else "estimated"
        stokes = enclosure(self.strengths[k], known, "connection to the Frobenius basis")
        return CertifiedSingularity(location.to_sympy() if location.is_rational else location, leading.exponent, stokes)


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
