"""Whether a polynomial is tame, and proper, at infinity, as far as simple criteria tell.

A polynomial V is tame if its gradient stays away from zero at infinity (Broughton 1988). Its steepest-descent cycles
then form a basis of the integration cycles, and the intersection numbers in Picard's and Lefschetz' formula are
integers (Pham 1983). Three criteria are decided here; where none applies, V may be tame all the same.

* One variable.
* Its form of highest degree has an isolated critical point, which is so just where V has as many critical points, with
  multiplicity, as the degrees of its derivatives allow by Bézout's theorem, (degree - 1)^d.
* Two variables: V is convenient (it contains a power of each variable alone) and nondegenerate on its Newton boundary
  at infinity. That is: on each edge of the convex hull of its exponents and 0 that does not contain 0, the sum of its
  terms there, as a polynomial in one parameter along the edge, has no multiple root other than 0 (Kouchnirenko 1976).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flint import fmpq, fmpq_mpoly, fmpq_poly

from .jacobian_ring import JacobianRing, terms_of
from .numbers import roots_with_multiplicity, working_precision

__all__ = ["is_known_proper", "is_known_tame"]

Point = tuple[int, int]


def is_known_tame(ring: JacobianRing) -> bool:
    """Whether one of the criteria shows that the polynomial of a Jacobian ring is tame at infinity.

    Examples
    --------
    >>> from resurgence.action import Action
    >>> is_known_tame(Action("x**2 + y**2 + x**2*y**2").jacobian_ring)
    True
    >>> is_known_tame(Action("(x + y)**4 + x**2 + y").jacobian_ring)
    False
    """
    potential, dimension = ring.potential, len(ring.names)
    if dimension == 1 or ring.dimension == (int(potential.total_degree()) - 1) ** dimension:
        return True
    return dimension == 2 and _is_convenient_and_nondegenerate(potential)


def is_known_proper(ring: JacobianRing) -> bool:
    """Whether the polynomial goes to +infinity in all real directions, where that can be decided here.

    In one variable by its leading term. In two, where it is convenient and nondegenerate on its Newton boundary, just
    if the sum of its terms on each edge is positive off the axes: the vertices have even exponents and positive
    coefficients, and the polynomials along the edges no real root (Bajbar & Stein 2015).

    Examples
    --------
    >>> from resurgence.action import Action
    >>> [is_known_proper(Action(v).jacobian_ring) for v in ("x**2 + x**4", "x**3", "x**2 + y**2 + x**2*y**2")]
    [True, False, True]
    """
    potential, dimension = ring.potential, len(ring.names)
    if dimension == 1:
        [(exponents, leading)] = [t for t in terms_of(potential) if t[0][0] == potential.total_degree()]
        return bool(exponents[0] % 2 == 0 and leading > 0)
    if dimension != 2 or not _is_convenient_and_nondegenerate(potential):
        return False
    terms = _planar_terms(potential)
    vertices = [v for v in _convex_hull([(0, 0), *terms]) if v != (0, 0)]
    if any(a % 2 or b % 2 or not terms[a, b] > 0 for a, b in vertices):
        return False
    with working_precision(64):  # roots that are real are known to be
        return not any(z.imag.is_zero() for face in _faces(terms) for z, _ in roots_with_multiplicity(face.numer()))


def _is_convenient_and_nondegenerate(potential: fmpq_mpoly) -> bool:
    terms = _planar_terms(potential)
    if not any(a and not b for a, b in terms) or not any(b and not a for a, b in terms):
        return False
    # The ends of an edge are terms of the polynomial, so that 0 is no root.
    return all(face.gcd(face.derivative()).degree() <= 0 for face in _faces(terms))


def _planar_terms(potential: fmpq_mpoly) -> dict[Point, fmpq]:
    return {(int(e[0]), int(e[1])): c for e, c in terms_of(potential)}


def _faces(terms: dict[Point, fmpq]) -> list[fmpq_poly]:
    """The polynomials along the edges of the Newton boundary at infinity."""
    faces = []
    for start, end in _edges_away_from_zero([(0, 0), *terms]):
        steps = math.gcd(end[0] - start[0], end[1] - start[1])
        step = ((end[0] - start[0]) // steps, (end[1] - start[1]) // steps)
        points = [(start[0] + k * step[0], start[1] + k * step[1]) for k in range(steps + 1)]
        faces.append(fmpq_poly([terms.get(point, fmpq(0)) for point in points]))
    return faces


def _edges_away_from_zero(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    """The edges of the convex hull, counterclockwise, whose lines do not contain the vertex (0, 0)."""
    hull = _convex_hull(points)
    edges = [(p, hull[(k + 1) % len(hull)]) for k, p in enumerate(hull)]
    return [(p, q) for p, q in edges if p[0] * q[1] != p[1] * q[0]]


def _convex_hull(points: Sequence[Point]) -> list[Point]:
    """Its vertices, counterclockwise (Andrew 1979)."""
    ordered = sorted(set(points))

    def half(sequence: Sequence[Point]) -> list[Point]:
        chain: list[Point] = []
        for p in sequence:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        return chain[:-1]

    return half(ordered) + half(ordered[::-1])


def _turn(a: Point, b: Point, c: Point) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
