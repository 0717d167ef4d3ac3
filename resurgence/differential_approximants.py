"""Differential approximants: the singular points of a germ from a recurrence fitted to its last coefficients.

A germ whose nearest singularities are z_1, ..., z_p obeys, up to terms that are exponentially small in n, a recurrence

    q_0(n) b_n + q_1(n) b_(n+1) + ... + q_p(n) b_(n+p) = 0,        q_i polynomials of degree M,

which says that the germ solves a linear differential equation of order M up to a polynomial (the *inhomogeneous
differential approximants* of Fisher & Au-Yang 1979 and Hunter & Baker 1979; review: Guttmann 1989, section 4). The
q_i follow from as many of the last coefficients as there are unknowns. Then, with Q_k(x) = sum_i q_ik x^i and q_ik the
coefficient of n^k in q_i, each non-zero root x of Q_M is an inverse singular point, b_n ~ x^n n^(-beta-1), and

    beta = Q_(M-1)(x) / (x Q_M'(x)) - 1.

Members of the family have names of their own: M = 0 is the Padé approximant, whose exponents are all -1 (poles);
p = 1 is a rational extrapolation of the ratios b_(n+1)/b_n in 1/n; and where the germ does solve a linear equation
with polynomial coefficients that the shape (p, M) has room for, as every germ of a polynomial action does, the
approximant is that equation and the roots are exact.

How good a root is shows in how it moves when the shape, or the stretch of coefficients, is changed:
:func:`singular_points`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import flint
from flint import acb, acb_mat, acb_poly, arb, arb_mat, fmpq

from .numbers import working_precision

__all__ = ["SingularPoint", "approximant", "recurrence", "shapes", "singular_points"]

Roots: TypeAlias = list[tuple[acb, acb]]
Terms: TypeAlias = Sequence[arb] | Sequence[acb]

#: Unknowns of the systems that are solved, one after the other while more accuracy is wanted.
_SIZES = (4, 5, 6, 8, 10, 14, 20, 28, 40, 60, 80)

#: Systems up to this size are always tried, for the sake of singularities further out.
_LEAST_SIZE = 40

#: Bits carried beyond those of coefficients that are balls, so that rounding adds nothing to their noise.
_GUARD_BITS = 96

#: Numbers p of singular points an approximant has room for.
_POINTS = (1, 2, 3, 4, 6, 9, 14)

#: Bits of the coefficients that are made random.
_CHANCE_BITS = 8

#: Each step doubles the 30 bits or so that the isolation of the roots gives.
_NEWTON_STEPS = 7

#: Factor between how far a root moves among neighbouring approximants and the error stated for it.
_SAFETY = 10.0

#: Sightings closer than this, relative to the modulus, are of one point ...
_CLOSE = 0.001

#: ... and count against the error of the sharpest where theirs is at most this many times as large.
_SERIOUS = 100

#: Coefficients on which a singular point must rest.
_ENOUGH = 16

#: Roots that move by more than this, relative to their modulus, are not looked at.
_LARGEST_MOVE = 0.02

#: The same for Padé approximants (M = 0): their poles settle quickly at a pole, and line a cut that they creep along.
_LARGEST_PADE_MOVE = 1e-5


@dataclass(frozen=True, slots=True)
class SingularPoint:
    """A singular point seen by several approximants: location and exponent, with absolute errors."""

    location: acb
    error: arb
    exponent: acb
    exponent_error: arb
    shape: tuple[int, int]
    used: int  # coefficients that entered

    def widened(self, factor: float) -> SingularPoint:
        """The same with errors ``factor`` times as large."""
        return replace(self, error=self.error * factor, exponent_error=self.exponent_error * factor)

    def near(self, other: SingularPoint) -> bool:
        return bool(abs(self.location - other.location) <= self.error + other.error)


def working_bits(unknowns: int, digits: int) -> int:
    """Bits in which a system of this size is solved: its condition grows by several bits with each unknown."""
    return 96 + 8 * unknowns + 4 * digits


def approximant(terms: Terms, points: int, degree: int) -> Roots | None:
    """Locations and exponents of the approximant with p = ``points`` and M = ``degree``.

    Parameters
    ----------
    terms : sequence of arb, or of acb
        b_0, b_1, ..., of which the last (p + 1)(M + 2) - 2 are used; their radii play no part.
    points, degree : int
        p >= 1 and M >= 0.

    Returns
    -------
    list of (location, exponent) or None
        None where there are too few terms, and where the system has no usable solution.

    Examples
    --------
    1/sqrt(1 - 2z) is singular at 1/2 with exponent -1/2:

    >>> from flint import arb
    >>> b = [arb(1)]
    >>> for n in range(12):
    ...     b.append(b[-1] * (2 * n + 1) / (n + 1))
    >>> [(z, beta)] = approximant(b, 1, 1)
    >>> print(z.str(8, radius=False), beta.str(8, radius=False))
    0.50000000 -0.50000000
    """
    fitted = recurrence(terms, points, degree)
    return None if fitted is None else _roots(fitted, len(terms))


def recurrence(terms: Terms, points: int, degree: int) -> list[list[acb]] | None:
    """The recurrence behind :func:`approximant`: for each q_i its coefficients in powers of n/N, N = ``len(terms)``.

    Examples
    --------
    For 1/(1 - 2z), 2 b_n - b_(n+1) = 0:

    >>> from flint import arb
    >>> [[q0], [q1]] = recurrence([arb(2) ** n for n in range(6)], 1, 0)
    >>> print((q0 / q1).str(8, radius=False))
    -2.0000000
    """
    unknowns = (points + 1) * (degree + 1)
    end = len(terms)
    start = end - points - (unknowns - 1)
    if start < 0:
        return None
    # The last bits are left to chance: a germ that the shape has more than enough room for makes the system singular,
    # and any of its solutions will do, but elimination must not meet an exact zero.
    generic = random.Random(unknowns)
    chance = arb(2) ** (_CHANCE_BITS - flint.ctx.prec)
    used: list[Any] = [(b * (1 + generic.uniform(-1, 1) * chance)).mid() for b in terms[start:]]
    rows: list[list[Any]] = []
    for n in range(start, end - points):
        row: list[Any] = []
        t = fmpq(n, end)  # powers of n/N instead of n keep the entries of one size
        for entry in used[n - start : n - start + points + 1]:
            for _ in range(degree + 1):
                row.append(entry)
                entry = entry * t
        rows.append(row)
    # The recurrence is normalised by a generic linear condition: none of its coefficients is sure not to vanish.
    rows.append([arb(generic.uniform(-1, 1)) for _ in range(unknowns)])
    kind: Any = arb_mat if all(isinstance(b, arb) for b in terms) else acb_mat
    try:
        solution = kind(rows).solve(kind(unknowns, 1, [0] * (unknowns - 1) + [1]), algorithm="approx")
    except ZeroDivisionError:
        return None
    q = [acb(solution[k, 0]) for k in range(unknowns)]
    if not all(c.is_finite() for c in q):
        return None
    return [q[k : k + degree + 1] for k in range(0, unknowns, degree + 1)]


def _roots(fitted: list[list[acb]], end: int) -> Roots | None:
    """Locations and exponents of a recurrence in powers of n/``end``; None where they cannot be told apart."""
    degree = len(fitted[0]) - 1
    leading = acb_poly([q[degree] for q in fitted])
    next_one = acb_poly([q[degree - 1] for q in fitted]) if degree else acb_poly(0)
    try:
        roots = leading.roots()
    except ValueError:  # a multiple root, to this precision
        return None
    slope = leading.derivative()
    found = []
    for root in roots:
        x = _polished(root.mid(), leading, slope)
        # At infinity (x = 0) or at the origin (a leading coefficient lost in rounding) there is nothing to see.
        if x != 0 and slope(x) != 0:
            beta = end * next_one(x) / (x * slope(x)) - 1
            found.append(((1 / x).mid(), beta.mid()))
    return found


def _polished(x: acb, polynomial: acb_poly, slope: acb_poly) -> acb:
    """Newton's method from a root known to a few digits, to the working precision."""
    for _ in range(_NEWTON_STEPS):
        down = slope(x).mid()
        if down == 0:
            break
        x = (x - polynomial(x).mid() / down).mid()
    return x


def _neighbours(points: int, degree: int) -> list[tuple[int, int, int]]:
    """(terms dropped, p, M) of the approximants whose roots are compared with those of (0, p, M)."""
    fewer = (0, points, degree - 1) if degree else (0, points - max(1, points // 5), 0)
    return [(1, points, degree), (max(2, (points + 1) * (degree + 1) // 6), points, degree), fewer]


def shapes(size: int) -> Iterator[tuple[int, int]]:
    """The (p, M) of about ``size`` unknowns that are tried."""
    yield size, 0
    for points in _POINTS:
        degree = round(size / (points + 1)) - 1
        if degree >= 1:
            yield points, degree


def _family(samples: Sequence[Terms], points: int, degree: int) -> list[SingularPoint]:
    """The roots of one approximant, with errors from how they move among its neighbours.

    ``samples``: the coefficients, and, where they carry noise, further draws of them.
    """
    terms = samples[0]
    base = approximant(terms, points, degree)
    if not base:
        return []
    neighbours = _neighbours(points, degree)
    others = [approximant(terms[: len(terms) - dropped], p, m) for dropped, p, m in neighbours]
    others += [approximant(sample, points, degree) for sample in samples[1:]]
    used = (points + 1) * (degree + 2) - 2 + max(dropped for dropped, _, _ in neighbours)
    found = []
    for z, beta in base:
        size = abs(z)
        move = turn = arb(0)
        for other in others:
            if not other:
                break
            nearest, its_exponent = min(other, key=lambda pair: float(abs(pair[0] - z) / size))
            move = move.max(abs(nearest - z))
            turn = turn.max(abs(its_exponent - beta))
        else:
            alone = all(y is z or abs(y - z) > 2 * _SAFETY * move for y, _ in base)
            if alone and move < (_LARGEST_MOVE if degree else _LARGEST_PADE_MOVE) * size:
                found.append(
                    SingularPoint(z, (_SAFETY * move).mid(), beta, (_SAFETY * turn).mid(), (points, degree), used)
                )
    return found


def _combine(seen: list[SingularPoint], length: int) -> list[SingularPoint]:
    """One entry for each point that several approximants agree on, the error widened to their disagreement.

    One of them at least must rest on more than the last few coefficients: any handful of numbers has some pattern.
    """
    needed = min(length - 2, _ENOUGH)
    pool = sorted(seen, key=lambda point: float(point.error / abs(point.location)))
    points: list[SingularPoint] = []
    while pool:
        best, *rest = pool
        support = [p for p in rest if p.shape != best.shape and best.near(p)]
        # A looser sighting close by is a shadow of this point, or, if nearly as sharp, an objection to its error.
        close = [p for p in rest if abs(p.location - best.location) < _CLOSE * abs(best.location)]
        pool = [p for p in rest if p not in close and not best.near(p)]
        if not support or max(p.used for p in (best, *support)) < needed:
            continue
        heard = [support[0], *(p for p in close if p.error < _SERIOUS * best.error and not best.near(p))]
        error, turn = best.error, best.exponent_error
        for p in heard:
            error = error.max(2 * abs(best.location - p.location))
            turn = turn.max(2 * abs(best.exponent - p.exponent))
        points.append(replace(best, error=error.mid(), exponent_error=turn.mid()))
    return sorted(points, key=lambda point: float(abs(point.location)))


def singular_points(
    samples: Sequence[Sequence[acb]], real: bool, digits: int, accuracy: int | None = None
) -> list[SingularPoint]:
    """The singular points that approximants of different shapes agree on, by growing modulus.

    Parameters
    ----------
    samples : sequence of sequences of acb
        The coefficients; where they carry noise, further draws of them from their balls: what changes from one to
        another is not trusted.
    real : bool
        Whether the coefficients are real: half of a complex pair is then returned, the one above the axis.
    digits : int
        Larger systems are solved until the points near the circle of convergence have this many digits, or until there
        are no more coefficients.
    accuracy : int, optional
        Bits of the coefficients that are not noise, where they carry some.
    """
    seen: dict[tuple[int, int], list[SingularPoint]] = {}
    points: list[SingularPoint] = []
    sharpness: list[float] = []
    length = len(samples[0])
    for size in _SIZES:
        bits = working_bits(size, digits)
        with working_precision(bits if accuracy is None else min(bits, accuracy + _GUARD_BITS)):
            data: list[Terms] = [[(b.real if real else b).mid() for b in sample] for sample in samples]  # type: ignore[misc]
            for p, m in shapes(size):
                if (p, m) not in seen and (p + 1) * (m + 2) - 2 <= length:
                    family = _family(data, p, m)
                    seen[p, m] = [s for s in family if not (real and s.location.imag < -s.error)]
            points = _combine([point for family in seen.values() for point in family], length)
            sharpness.append(float(points[0].error / abs(points[0].location)) if points else math.inf)
            if size >= _LEAST_SIZE and points and _sharp(points, digits):
                break
            # Noise gains weight with the size of the system.
            if len(samples) > 1 and size >= _LEAST_SIZE // 2 and min(sharpness[-2:]) > 0.5 * min(sharpness[:-2]):
                break
    return points


def _sharp(points: list[SingularPoint], digits: int) -> bool:
    nearest = abs(points[0].location)
    wanted = arb(10) ** -(digits + 2)
    return all(p.error <= wanted * abs(p.location) for p in points if abs(p.location) < 2 * nearest)
