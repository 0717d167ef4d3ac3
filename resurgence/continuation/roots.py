"""All roots of a polynomial given in balls, each in a disc of its own that is proved to hold it.

Starting values in double precision (the caller's, or Bini's from the Newton polygon) are improved together by the
Ehrlich-Aberth iteration until they are isolated, and then one by one by Newton steps in growing precision.

Two facts make it a proof.  For a polynomial of degree n the disc of radius n |p/p'| around any point holds a root
(Henrici 1974, *Applied and Computational Complex Analysis* I, section 6.4); n disjoint discs hold one each.  And from
1/N = p'/p = sum_j 1/(x - zeta_j) the point x - N that a Newton step leads to is off by

    |x - N - zeta_i| <= |N| rho_i sum_(j != i) 1/(|x - x_j| - rho_j),           rho_i = n |N_i| the radii of the discs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import cast

import numpy as np
from flint import acb, acb_poly, arb, arb_poly
from numpy.typing import NDArray

from resurgence.continuation.continued_fraction import Polynomial, coefficients, exponent
from resurgence.numbers import working_precision

__all__ = ["Unresolved", "certified_roots", "differences", "evaluate", "newton_polygon_starts"]

#: Rounds of the simultaneous iteration and precision it is given before giving up.
ROUNDS, ROUNDS_PER_ROOT = 400, 10
MAX_BITS_PER_ROOT = 64

#: Relative distance down to which doubles resolve differences; nearer pairs are left to higher precision.
RESOLVED = 2.0**-40


class Unresolved(ArithmeticError):
    """Roots could not be told apart, or not enclosed as well as asked: they may be multiple, or the balls too wide."""


def certified_roots(
    at: Callable[[int], Polynomial],
    bits: int,
    starts: NDArray[np.complex128] | None = None,
    limit: int | None = None,
    loss: int = 128,
) -> list[acb]:
    """Enclose all roots of a polynomial with simple roots in disjoint balls.

    Parameters
    ----------
    at : callable
        ``at(b)`` is the polynomial with coefficients of about ``b`` bits, all of it in balls around one polynomial.
        The leading coefficient must not contain zero. Roots of modulus about 1 suit best.
    bits : int
        Relative accuracy asked for.
    starts : array of complex, optional
        As many starting values as there are roots.
    limit : int, optional
        Bits beyond which ``at`` does not get any better; the roots come as good as that allows.
    loss : int
        Bits that the values near the roots are expected to lose: what the iteration starts with, whatever they lose.

    Returns
    -------
    list of acb
        To ``bits`` bits, or what ``limit`` leaves of them. Of a real polynomial the real roots are exactly real.

    Raises
    ------
    Unresolved
        Where roots stay together however closely they are looked at.
    """
    p = at(128)
    n = p.degree()
    if n < 1:
        return []
    if starts is None or len(starts) != n or not np.isfinite(starts).all():
        starts = newton_polygon_starts(p)
    points = _snap(p, [acb(complex(z)) for z in _apart(starts)])
    most = MAX_BITS_PER_ROOT * (n + 64) + 64 * bits if limit is None else max(limit, 256) + 64
    points, loss = _isolate(at, points, loss + 128, most)
    known = 24
    while True:
        work = loss + 2 * known + 32
        p = at(work)
        with working_precision(work):
            points = _snap(p, points)
            steps = _newton_steps(p, points)
            enclosures = _enclose(points, steps) if steps is not None else None
        reached = 0 if enclosures is None else min(z.rel_accuracy_bits() for z in enclosures)
        if enclosures is not None and reached >= bits:
            return enclosures
        if work > most:
            if enclosures is not None and limit is not None:
                return enclosures
            raise Unresolved(f"the roots of a polynomial of degree {n} could not be enclosed to {bits} bits")
        if reached < 1.5 * known or known > bits // 2:  # the evaluation, not the iteration, is what limits it
            loss += max(64, loss // 2, 2 * known - reached)
        if enclosures is not None:
            known = max(known, min(reached, bits // 2 + 16))
            points = [z.mid() for z in enclosures]


def _isolate(at: Callable[[int], Polynomial], points: list[acb], work: int, most: int) -> tuple[list[acb], int]:
    """Ehrlich-Aberth iteration until Newton's method can take over; the points and the bits that evaluation loses.

    Points that have arrived are not moved any more. The mutual repulsion of the points is computed in doubles.
    """
    n = len(points)
    p = at(work)
    moving, loss = np.ones(n, dtype=bool), np.zeros(n)
    for round_ in range(ROUNDS + ROUNDS_PER_ROOT * n):
        with working_precision(work):
            indices = np.flatnonzero(moving)
            steps = _newton_steps(p, [points[i] for i in indices])
            difference = differences(points)
            newton, blur = np.zeros(n, dtype=complex), np.zeros(n)
            if steps is not None:
                newton[indices] = [complex(s.mid()) for s in steps]
                blur[indices] = [float(s.rad()) for s in steps]
                for i, s in zip(indices, steps, strict=True):
                    loss[i] = work + (exponent(s.rad()) or -work) - (exponent(points[i]) or 0)
            moving &= n * (np.abs(newton) + blur) >= 2.0**-12 * np.abs(difference).min(axis=1)
            if steps is None or (blur > 0.25 * np.abs(newton))[moving].any():
                # Nothing but rounding error to go by.
                if work > most:
                    break
                work *= 2
                p, moving = at(work), np.ones(n, dtype=bool)
                continue
            if not moving.any():
                return points, max(0, int(loss.max()))
            with np.errstate(all="ignore"):
                aberth = newton / (1 - newton * (1 / difference).sum(axis=1))
            aberth = np.where(np.isfinite(aberth), aberth, newton)
            if round_ % 16 == 15:
                aberth *= 1 + 0.5j  # points that share a symmetry with the polynomial would never leave it
            for i in np.flatnonzero(moving):
                points[i] = (points[i] - acb(complex(aberth[i]))).mid()
    raise Unresolved(f"the roots of a polynomial of degree {n} could not be separated")


def _newton_steps(p: Polynomial, points: list[acb]) -> list[acb] | None:
    """p/p' in balls, or None where a derivative cannot be told from zero."""
    values = evaluate(p, points)
    slopes = evaluate(p.derivative(), points)
    if any(s.contains(0) for s in slopes):
        return None
    return [v / s for v, s in zip(values, slopes, strict=True)]


def evaluate(p: Polynomial, points: list[acb]) -> list[acb]:
    """Horner's rule at all points; several times faster where polynomial and point are real."""
    real = [isinstance(p, arb_poly) and z.imag.is_zero() for z in points]
    on_axis = iter(p.evaluate([z.real for z, is_real in zip(points, real, strict=True) if is_real], algorithm="iter"))
    beside = [z for z, is_real in zip(points, real, strict=True) if not is_real]
    elsewhere = iter(acb_poly(p).evaluate(beside, algorithm="iter"))
    return [acb(cast(arb, next(on_axis))) if is_real else next(elsewhere) for is_real in real]


def _snap(p: Polynomial, points: list[acb]) -> list[acb]:
    """For a real polynomial put points on the real axis that are nearer to it than their mirror image can be."""
    if not isinstance(p, arb_poly):
        return points
    gaps = np.abs(differences(points)).min(axis=1)
    return [acb(z.real) if abs(complex(z.imag)) < 2.0**-8 * g else z for z, g in zip(points, gaps, strict=True)]


def differences(points: list[acb]) -> NDArray[np.complex128]:
    """x_i - x_j in doubles, from the balls where doubles do not resolve them; infinite on the diagonal."""
    x = np.array([complex(z) for z in points])
    difference: NDArray[np.complex128] = x[:, None] - x[None, :]
    np.fill_diagonal(difference, np.inf)
    size = np.maximum(np.abs(x)[:, None], np.abs(x)[None, :])
    for i, j in np.argwhere(np.abs(difference) < RESOLVED * size):
        difference[i, j] = complex((points[i] - points[j]).mid())
    return difference


def _enclose(points: list[acb], steps: list[acb]) -> list[acb] | None:
    """The points after the Newton steps with their proved errors, or None where the discs are not disjoint."""
    # Rounded to doubles with room to spare: distances are halved, radii are doubled.
    size = np.array([float(s.abs_upper()) for s in steps]) * 2.0 + 1e-280
    radius = len(points) * size
    gaps = 0.5 * np.abs(differences(points)) - radius[None, :]
    if not (np.isfinite(size).all() and (gaps > radius[:, None]).all()):
        return None
    pull = 2.0 * (1 / gaps).sum(axis=1)
    enclosures = []
    for z, step, reach in zip(points, steps, pull, strict=True):
        error = len(points) * (step.abs_upper() ** 2) * arb(reach)
        moved = z - step
        real = z.imag.is_zero() and step.imag.is_zero()
        enclosures.append(
            acb(moved.real + arb(0, error.upper()))
            if real
            else moved + acb(arb(0, error.upper()), arb(0, error.upper()))
        )
    return enclosures


def _apart(starts: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Move starting values that coincide a little apart, in directions that no symmetry of the roots has."""
    distance = np.abs(starts[:, None] - starts[None, :])
    np.fill_diagonal(distance, np.inf)
    together = distance.min(axis=1) < RESOLVED * np.abs(starts)
    direction = np.exp(2.399963j * (np.arange(len(starts)) + 0.5))
    apart: NDArray[np.complex128] = starts + np.where(together, 1e-6 * np.abs(starts).max() * direction, 0)
    return apart


def newton_polygon_starts(p: Polynomial) -> NDArray[np.complex128]:
    """Starting values on circles whose radii are the slopes of the Newton polygon (Bini 1996, Numer. Algorithms 13)."""
    heights = [(k, e) for k, e in ((k, exponent(c)) for k, c in enumerate(coefficients(p))) if e is not None]
    hull: list[tuple[int, int]] = []
    for point in heights:
        while len(hull) >= 2 and _turns_left(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    starts: list[complex] = [0j] * hull[0][0]
    for (i, low), (j, high) in itertools.pairwise(hull):
        radius = 2.0 ** ((low - high) / (j - i))
        angles = 2 * np.pi * (np.arange(j - i) / (j - i) + i / p.degree()) + 0.7
        starts.extend(radius * np.exp(1j * angles))
    return np.array(starts, dtype=complex)


def _turns_left(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    """Whether b lies on or below the chord from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])
