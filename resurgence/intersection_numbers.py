"""Intersection numbers of an action's steepest-descent cycles: Stokes constants in balls, and exactly.

The Borel transform B of the series at a critical point p, continued along the segment from 0 to A = V(p') - V(p), meets
there the germs phi_j of the critical points p_j with the value V(p'):

    B = (analytic) - sum_j S_j/(2 pi i) log(1 - z/A) phi_j(z - A),      B_above - B_below = sum_j S_j phi_j(z - A)

just beyond A (:mod:`resurgence.borel_system`), where other critical values on the segment are passed on their left (the
ray passes above them). The difference of the two continuations, and the series phi_j, are vectors of balls: the S_j are
the solution of a linear system, which has more equations than unknowns, and need no theory. They say what the lateral
sums differ by, with all that lies on one ray:

    S_above Phi - S_below Phi = sum_j S_j exp(-A_j/g) S_below Phi_j ,

for beyond A_k the continuations above and below A_1, ..., A_k differ by what those above A_1, ..., A_(k-1) and on both
sides of A_k differ by, which is S_k phi_k, and by the difference from the points before, continued below A_k.

By the formula of Picard and Lefschetz S_j = n_j C_j/C with C = (2 pi)^(d/2)/sqrt(det V'') (principal root) and integers
n_j, the intersection numbers of the cycles (Pham 1983; Berry & Howls 1991 for d = 1), provided that V is tame at
infinity. A ball for n_j that contains one integer gives it exactly; where all n_j vanish, B has no singularity at A.

**The real integral.** Let V be real, proper and tame, with nondegenerate real critical points of index k (the number of
negative eigenvalues of the Hessian). On the dual cycle of a critical point p for arg g = 0+, (V - V(p))/g runs from 0
to -infinity. V is real there in p alone, if V(p) is real, and otherwise only where it is far below its least real value
or not at all: the dual cycle meets R^d in p, for a real p, and nowhere else. In the direction of a negative eigenvalue
the cycle of p runs along i exp(i arg(g)/2) R and the dual one along exp(i arg(g)/2) R, so that the real line has the
component -sin(arg(g)/2) of the former, less than 0. With one factor -i for each such direction

    int over R^d of exp(-V/g) = sum_p (-i)^k (2 pi g)^(d/2)/sqrt|det V''(p)| exp(-V(p)/g) S_above Phi_p ,

that is C_p with the principal root times (-1)^floor(k/2): Witten 2011 (arXiv:1001.2933), section 3, for this argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from flint import acb, acb_mat, arb, fmpq

from .action import Action
from .algebraic import AlgebraicNumber, difference
from .borel_system import BorelSeries
from .critical_points import CriticalPoint
from .linear_system import STEP
from .numbers import Enclosure, ball, bits_for, check_digits, enclosure, working_precision
from .rays import Ray

__all__ = ["Adjacency", "Intersections", "Place", "real_cycle"]

#: Bits above those asked for in the first attempt: long paths lose a hundred or so.
_GUARD_BITS = 140

#: Attempts at a precision.
_MAX_ATTEMPTS = 8

#: Bits in which paths are laid.
_PATH_BITS = 64


@dataclass(frozen=True)
class Place:
    """A critical value, seen from another one.

    Attributes
    ----------
    location : sympy.Rational, AlgebraicNumber or sympy.Expr
        A, the difference of the values, exactly.
    points : tuple of CriticalPoint
        The critical points with that value.
    """

    location: Any
    points: tuple[CriticalPoint, ...]

    def ball(self, bits: int) -> acb:
        """A as a ball of about ``bits`` bits."""
        return ball(self.location, bits)

    @property
    def is_degenerate(self) -> bool:
        """Whether one of the points is degenerate."""
        return any(p.is_degenerate for p in self.points)


@dataclass(frozen=True)
class Adjacency:
    """What the Borel transform of one critical point has to do with the critical points of another value.

    Attributes
    ----------
    place : Place
        A, and the points p_j.
    numbers : tuple of int or None
        The intersection numbers n_j; None where they are not known.
    stokes_constant : Enclosure or None
        The sum of the S_j, the Stokes constant of a logarithm (exponent 0); None where the place is degenerate.
    reason : str
        Why something is not known.
    """

    place: Place
    numbers: tuple[int, ...] | None
    stokes_constant: Enclosure | None
    reason: str = ""

    @property
    def is_singular(self) -> bool:
        """Whether the Borel transform is singular there, or not known to be analytic."""
        return self.numbers is None or any(self.numbers)


class Intersections:
    """The singularities of the Borel transform of an action at a critical point, on its first sheet.

    Parameters
    ----------
    action : Action
    point : CriticalPoint
        Nondegenerate, as all points with its critical value.

    Raises
    ------
    ValueError
        For a degenerate point or value; and where :meth:`Action.connection` does.

    Examples
    --------
    >>> action = Action("x**2 + x**4")
    >>> found = Intersections(action, action.critical_points()[0])
    >>> [adjacency] = found.adjacencies(20)
    >>> adjacency.place.location, adjacency.numbers, adjacency.stokes_constant.short(20)
    (-1/4, (-1, -1), '1.4142135623730950488j')
    """

    def __init__(self, action: Action, point: CriticalPoint) -> None:
        if not isinstance(action, Action) or not isinstance(point, CriticalPoint):
            raise TypeError(f"an Action and one of its critical points are needed, got {action!r} and {point!r}")
        if point.orbit.ring.potential != action.polynomial or point.orbit.ring.names != action.jacobian_ring.names:
            raise ValueError(f"{point} is a critical point of another action than {action}")
        if any(p.is_degenerate and p.value == point.value for p in action.critical_points()):
            raise ValueError(
                f"a critical point with the value of {point} is degenerate (its Hessian is singular): its series has "
                "other powers of g"
            )
        self.action, self.point = action, point
        self.system = action.borel_system
        self.series = BorelSeries(self.system, point)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The other critical values, nearest first."""
        origin = self.point.algebraic[0].field(self.point.orbit.value)
        points: dict[Any, list[CriticalPoint]] = {}
        for p in self.action.critical_points():
            points.setdefault(p.value, []).append(p)
        found = [
            Place(difference(value.algebraic, origin), tuple(members))
            for value, members in points.items()
            if value != self.point.value
        ]
        return tuple(sorted(found, key=lambda place: float(abs(place.ball(_PATH_BITS)).mid())))

    def adjacencies(self, digits: int = 30) -> tuple[Adjacency, ...]:
        """What there is at each place, with Stokes constants to ``digits`` digits."""
        return tuple(self.at(place, digits) for place in self.places)

    def at(self, place: Place, digits: int = 30) -> Adjacency:
        """The intersection numbers with the points of a place, and their Stokes constant to ``digits`` digits."""
        bits = bits_for(check_digits(digits))
        if place.is_degenerate:
            return Adjacency(place, None, None, "a critical point with this value is degenerate")
        working = bits + _GUARD_BITS
        for _ in range(_MAX_ATTEMPTS):
            try:
                constants = self._constants(place, working)
            except ZeroDivisionError:  # a pivot that cannot be told from zero yet
                working *= 2
                continue
            with working_precision(working):
                ratios = [self._ratio(p, working) for p in place.points]
                exact = [s * r for s, r in zip(constants, ratios, strict=True)]
                total = sum(constants, acb(0))
            missing = bits + max(_exponent(n.rad()) for n in exact)
            if missing <= 0:
                break
            working += min(missing, 2 * working) + _GUARD_BITS
        numbers = [_integer(n) for n in exact]
        known = tuple(n for n in numbers if n is not None)
        stokes = enclosure(total, "certified", "continuation of the linear system in balls")
        if len(known) < len(numbers):
            return Adjacency(place, None, stokes, "the intersection numbers are not seen to be integers")
        if any(known) and total.contains(0):
            return Adjacency(place, known, stokes, "the Stokes constants of its points cancel: no plain logarithm")
        return Adjacency(place, known, stokes)

    def stokes_constant(self, adjacency: Adjacency, digits: int) -> Enclosure:
        """S as the formula of Picard and Lefschetz gives it, from the numbers of an adjacency, which must be known."""
        assert adjacency.numbers is not None
        bits = bits_for(check_digits(digits)) + _PATH_BITS
        with working_precision(bits):
            total = acb(0)
            for n, point in zip(adjacency.numbers, adjacency.place.points, strict=True):
                total += n / self._ratio(point, bits)
        return enclosure(total, "certified", "intersection numbers times Gaussian factors")

    def _ratio(self, point: CriticalPoint, bits: int) -> acb:
        """C/C_j."""
        here, there = (p.hessian_determinant.ball(bits) for p in (self.point, point))
        return there.sqrt() / here.sqrt()

    def _constants(self, place: Place, bits: int) -> list[acb]:
        """The S_j, in balls."""
        approach, above, below = self._paths(place)
        origin = self.series.value(bits)
        start = self.series.state(approach[0], bits)
        near = self.system.transport(start, approach, bits, origin)
        ends = [self.system.transport(near, path, bits, origin) for path in (above, below)]
        members = [BorelSeries(self.system, p) for p in place.points]
        with working_precision(bits):
            jump = ends[0] - ends[1]
            offset = above[-1] - place.ball(bits)
        columns = [member.state(offset, bits).entries() for member in members]
        with working_precision(bits):
            matrix = acb_mat([list(row) for row in zip(*columns, strict=True)])
            return _solve(matrix, jump)

    def _paths(self, place: Place) -> tuple[list[acb], list[acb], list[acb]]:
        """From near 0 to just before A, and on to just beyond it above and below; exact points, relative to V(p).

        A critical value that cannot be told from one on the segment (:class:`~resurgence.rays.Ray`) is taken to lie on
        it. Where there is one, the path keeps to the left of the segment, half as far away as the nearest critical
        value on that side does.
        """
        ray = Ray(place)
        others = [(p, ray.passes(p)) for p in self.places if p is not place]
        with working_precision(_PATH_BITS):
            target = place.ball(_PATH_BITS).mid()
            length = abs(target).mid()
            unit = (target / length).mid()
            balls = [(p.ball(_PATH_BITS) / unit, passes) for p, passes in others]
            is_blocked = any(passes == "through" and b.real < length for b, passes in balls)
            left = [_to_segment(b, length) for b, passes in balls if passes == "below"]
            gap = min([length, *(abs(b - length).mid() for b, _ in balls)], key=float)
            beside = float(gap) / 2
            start = float(self.series.radius(_PATH_BITS).min(length)) * STEP
            height = min([float(length), *left]) / 2
            along = [complex(start)]
            if is_blocked:
                along += [complex(start, height), complex(float(length) - beside, height)]
            along.append(complex(float(length) - beside))
            approach = [(acb(z) * unit).mid() for z in along]
            corner = [(acb(float(length) + z * beside) * unit).mid() for z in (1j, -1j, 1)]
        return approach, [approach[-1], corner[0], corner[2]], [approach[-1], corner[1], corner[2]]


def real_cycle(action: Action) -> tuple[tuple[CriticalPoint, int], ...]:
    """The integral over R^d as a combination of lateral sums.

    Parameters
    ----------
    action : Action
        Proper, V -> infinity in all real directions, and tame. In one variable all is checked; in more, only that the
        least real critical value belongs to minima and that the signs (-1)^k add up to the Euler characteristic of R^d.

    Returns
    -------
    tuple of (CriticalPoint, int)
        The real critical points p with integers n_p, such that for g > 0 ``int exp(-V/g)`` is the sum of
        ``n_p (2 pi g)^(d/2)/sqrt(det V''(p)) exp(-V(p)/g)`` (principal root) times the sum of p's series above the
        positive real axis.

    Raises
    ------
    ValueError
        Where a real critical point is degenerate, or there is none, or V is seen not to be proper.

    Examples
    --------
    >>> for point, number in real_cycle(Action("(x**2 - 1)**2")):
    ...     print(point, number)
    CriticalPoint((1), value 0) 1
    CriticalPoint((-1), value 0) 1
    CriticalPoint((0), value 1) 1
    """
    real = [p for p in action.critical_points() if p.is_real]
    degenerate = [p for p in real if p.is_degenerate]
    if degenerate or not real:
        what = f"{degenerate[0]} is degenerate" if degenerate else "there is no real critical point"
        raise ValueError(f"the integral of exp(-V/g) over R^{action.dimension} is no sum of Borel sums: {what}")
    indices = [_morse_index(p) for p in real]
    lowest = min(real, key=lambda p: float(p.value.ball(_PATH_BITS).real)).value
    if any(k for p, k in zip(real, indices, strict=True) if p.value == lowest) or sum((-1) ** k for k in indices) != 1:
        raise ValueError(f"{action} does not go to infinity in all real directions: exp(-V/g) has no integral")
    return tuple((p, (-1) ** (k // 2)) for p, k in zip(real, indices, strict=True))


# ---------------------------------------------------------------------------------------------------------------------


def _exponent(radius: arb) -> int:
    """e with radius <= 2^e."""
    if not radius.is_finite():
        return 1 << 20
    mantissa, exponent = radius.man_exp()
    return int(exponent) + int(mantissa).bit_length() if mantissa else -(1 << 40)


def _integer(n: acb) -> int | None:
    """The only integer in a ball; None where there is none, or more than one."""
    nearest = n.real.unique_fmpz() if n.imag.contains(0) else None
    return None if nearest is None else int(nearest)


def _solve(matrix: acb_mat, right: acb_mat) -> list[acb]:
    """The solution of an overdetermined system that has one, from combinations of its rows near the normal equations.

    Any combinations will do. Rows are scaled to entries of modulus near 1.
    """
    scaled_rows, scaled_right = [], []
    for row, value in zip(matrix.tolist(), right.entries(), strict=True):
        size = max((abs(c).mid() for c in row), key=lambda r: r)
        if size == 0:
            continue
        scaled_rows.append([c / size for c in row])
        scaled_right.append([value / size])
    scaled, target = acb_mat(scaled_rows), acb_mat(scaled_right)
    adjoint = acb_mat([[c.mid().conjugate() for c in column] for column in zip(*scaled_rows, strict=True)])
    solution = (adjoint * scaled).solve(adjoint * target)
    if not all(c.contains(0) for c in (scaled * solution - target).entries()):
        raise ArithmeticError("the jump of the Borel transform is no combination of the germs at its singularity")
    return list(solution.entries())


def _to_segment(z: acb, length: arb) -> float:
    """Distance from a point to the segment from 0 to ``length``, to a few digits."""
    point, end = complex(z), float(length)
    return abs(point - min(max(point.real, 0.0), end))


def _morse_index(point: CriticalPoint) -> int:
    """The number of negative eigenvalues of the Hessian at a real nondegenerate point.

    All roots of its characteristic polynomial are real, so that by Descartes' rule the number of the negative ones is
    the number of sign changes in (-1)^k c_k. Coefficients by Faddeev's and Leverrier's recurrence.
    """
    orbit, field = point.orbit, point.algebraic[0].field
    gradient = orbit.ring.gradient
    d = len(gradient)
    hessian = [[field(orbit.evaluate(g.derivative(j))) for j in range(d)] for g in gradient]
    auxiliary = [[field(int(i == j)) for j in range(d)] for i in range(d)]
    coefficients = [field(1)]  # of t^d, t^(d-1), ...
    for k in range(1, d + 1):
        product = [[_dot(row, column) for column in zip(*auxiliary, strict=True)] for row in hessian]
        trace = sum((product[i][i] for i in range(d)), field(0))
        coefficients.append(trace * fmpq(-1, k))
        auxiliary = [
            [entry + coefficients[-1] if i == j else entry for j, entry in enumerate(row)]
            for i, row in enumerate(product)
        ]
    signs = [_sign(c) * (-1) ** k for k, c in enumerate(coefficients) if c != 0]
    return sum(a != b for a, b in pairwise(signs))


def _dot(row: Sequence[AlgebraicNumber], column: Sequence[AlgebraicNumber]) -> AlgebraicNumber:
    total = row[0] * column[0]
    for a, b in zip(row[1:], column[1:], strict=True):
        total = total + a * b
    return total


def _sign(number: AlgebraicNumber) -> int:
    return 1 if number.ball(_PATH_BITS).real > 0 else -1
