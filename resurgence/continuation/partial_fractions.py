"""Partial fractions of a rational function in balls, and which of its poles are Froissart doublets.

A *Froissart doublet* (Froissart 1969; Gilewicz & Pindor 1997, J. Comput. Appl. Math. 87, 199; Gonnet, Güttel &
Trefethen 2013, SIAM Review 55, 101) is a pole and a zero so near to each other that they cancel but for a tiny residue.
Noise in the coefficients makes them. A pole is called one here when its distance to the nearest zero, to first order
|P/P'|, is below ``DOUBLET`` times its modulus and times its distance to the other poles. The poles along a cut, which
alternate with zeros at a distance comparable to their own, are not.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator
from dataclasses import dataclass

import flint
import numpy as np
from flint import acb, acb_poly, arb, fmpq

from resurgence.continuation.approximant import Approximant, Entry
from resurgence.continuation.continued_fraction import Polynomial, coefficients
from resurgence.continuation.roots import differences, evaluate
from resurgence.numbers import working_precision

__all__ = ["DOUBLET", "PartialFractions", "expand", "power"]

#: Relative distance of a pole and a zero below which they are a Froissart doublet.
DOUBLET = 1e-4

#: The highest derivative in Taylor's formula for a numerator at a pole.
TAYLOR_TERMS = 8


@dataclass(frozen=True, slots=True)
class PartialFractions:
    """P/Q = polynomial + sum over poles p of c_1/(z - p) + c_2/(z - p)^2 + ..., in balls.

    Attributes
    ----------
    polynomial : list of acb
        Coefficients in ascending order, empty where deg P < deg Q.
    poles : list of acb
        Sorted by modulus; disjoint balls.
    principal_parts : list of list of acb
        For each pole c_1, c_2, ..., as many as its multiplicity.
    doublets : list of bool
        Which of the poles are Froissart doublets.
    """

    polynomial: list[acb]
    poles: list[acb]
    principal_parts: list[list[acb]]
    doublets: list[bool]

    @property
    def residues(self) -> list[acb]:
        """The coefficients c_1."""
        return [part[0] for part in self.principal_parts]

    def accuracy_bits(self) -> int:
        """Relative accuracy of the worst pole or principal part; exact zeros count as accurate."""
        parts = [_accuracy(pole, part) for pole, part in zip(self.poles, self.principal_parts, strict=True)]
        return min([*parts, *(pole.rel_accuracy_bits() for pole in self.poles if not pole.is_zero())], default=1 << 40)


def _accuracy(pole: acb, part: list[acb]) -> int:
    """Of a simple pole's residue by itself; of several coefficients, any of which may vanish, by the largest."""
    if len(part) == 1:
        return 1 << 40 if part[0].is_zero() else int(part[0].rel_accuracy_bits())
    with working_precision(64):
        scales = [abs(pole) ** -(j + 1) for j in range(len(part))]
        size = max((abs(c) * scale).lower() for c, scale in zip(part, scales, strict=True))
        error = max((arb(c.rad()) * scale).upper() for c, scale in zip(part, scales, strict=True))
        if error.is_zero():
            return 1 << 40
        return math.floor(float((size / error).log().mid()) / math.log(2)) if size > 0 else -1


def expand(entry: Entry, roots: list[tuple[acb, int]], bits: int) -> PartialFractions:
    """The partial fractions of an entry, given the roots y = z^step of its denominator and their multiplicities."""
    best = entry.best(bits)
    with working_precision(bits + 64):
        terms: list[tuple[acb, list[acb], bool]] = []
        if roots:
            p, q = best.numerator, best.denominator
            y = [root * arb(2) ** best.scale for root, _ in roots]
            tops, inclines = _taylor(p, y)
            slopes = _slopes(q, y, [multiplicity for _, multiplicity in roots])
            doublets = _doublets(y, tops, inclines)
            p_full, q_full = _in_z(p, best, entry, entry.shift), _in_z(q, best, entry, 0)
            for k, (root, multiplicity) in enumerate(roots):
                for z in _branches(root, entry.step):
                    if multiplicity == 1:
                        part = [power(z, entry.shift + 1) * tops[k] / (entry.step * y[k] * slopes[k])]
                    else:
                        part = _principal_part(p_full, q_full, z, multiplicity)
                    terms.append((z, part, doublets[k]))
            quotient = divmod(p_full, q_full)[0].coeffs() if p_full.degree() >= q_full.degree() else []
        else:
            quotient = _in_z(best.numerator, best, entry, entry.shift).coeffs()
        terms.sort(key=lambda term: _by_modulus(term[0]))
    return PartialFractions(quotient, [t[0] for t in terms], [t[1] for t in terms], [t[2] for t in terms])


def _taylor(p: Polynomial, points: list[acb]) -> tuple[list[acb], list[acb]]:
    """p on small balls, and p' at their middles.

    By Taylor's formula p(y) = p(c) + p'(c) (y - c) + ... + p^(k)(ball)/k! (y - c)^k. The terms of p cancel, which on a
    ball blurs its values far more than they vary: at the middles one sees by how much, and so which k will do.
    """
    middles = [y.mid() for y in points]
    offsets = [y - c for y, c in zip(points, middles, strict=True)]
    values = evaluate(p, middles)
    known = min((int(y.rel_accuracy_bits()) for y in points if not y.is_exact()), default=flint.ctx.prec)
    lost = max(flint.ctx.prec - int(v.rel_accuracy_bits()) for v in values)
    order = min(1 + max(0, lost // max(known, 1)), TAYLOR_TERMS)
    inclines = evaluate(p.derivative(), middles)
    powers, slopes = offsets, inclines
    for k in range(1, order + 1):
        p = p.derivative() * (arb(1) / k)
        if k == order:
            slopes = evaluate(p, points)
        elif k > 1:
            slopes = evaluate(p, middles)
        values = [v + s * w for v, s, w in zip(values, slopes, powers, strict=True)]
        powers = [w * h for w, h in zip(powers, offsets, strict=True)]
    return values, inclines


def _slopes(q: Polynomial, roots: list[acb], multiplicities: list[int]) -> list[acb]:
    """q' at simple roots given by balls, from its values at their middles.

    Let q = (y - zeta) h with the other roots at distances of at least d_j from the ball, rho its radius and
    x = rho sum 1/d_j. Then |h'/h| <= x/rho on it, q'(c) = h(c) + (c - zeta) h'(c) and q'(zeta) = h(zeta), so that the
    quotient of the two differs from 1 by at most e^x/(1 - x) - 1, which is less than 3 x for x <= 1/4.
    """
    middles = [y.mid() for y in roots]
    with working_precision(64):
        radii = [(y - c).abs_upper() for y, c in zip(roots, middles, strict=True)]
    sizes = np.array([float(r) for r in radii])
    # Distances in doubles, rounded down generously.
    free = 0.5 * np.abs(differences(middles)) - sizes[:, None] - sizes[None, :]
    with np.errstate(divide="ignore"):
        pulls = np.where(free > 0, np.array(multiplicities)[None, :] / free, np.inf).sum(axis=1)
    slopes = []
    for slope, y, radius, pull in zip(evaluate(q.derivative(), middles), roots, radii, pulls, strict=True):
        x = radius * arb(pull) if radius > 0 else arb(0)
        spread = arb(0, (3 * x).upper()) if x < 0.25 else arb("nan")
        slopes.append(slope * (1 + (spread if y.imag.is_zero() else acb(spread, spread))))
    return slopes


def power(z: acb, exponent: int) -> acb:
    """z^exponent, with 0^0 = 1 and real numbers staying real."""
    return acb(1) if exponent == 0 else z**exponent


def _by_modulus(z: acb) -> tuple[float, float]:
    # Rounded, so that the members of a conjugate or symmetric pair are ordered by their angle, not by rounding errors.
    modulus, angle = cmath.polar(complex(z))
    return float(f"{modulus:.11e}"), angle


def _branches(y: acb, step: int) -> Iterator[acb]:
    """The roots of z^step = y; real and imaginary ones exactly so."""
    if step == 1:
        yield y
        return
    turn = fmpq(0)
    if y.real.mid() < 0:
        y, turn = -y, fmpq(1, step)  # away from the cut of the root
    principal = acb(y.real.root(step)) if y.imag.is_zero() else y.root(step)
    for k in range(step):
        sine, cosine = arb.sin_cos_pi_fmpq(turn + fmpq(2 * k, step))
        yield principal * acb(cosine, sine)


def _in_z(p: Polynomial, best: Approximant, entry: Entry, shift: int) -> acb_poly:
    """A polynomial in the scaled y as one in z, times z^shift."""
    spaced = [acb(0)] * (p.degree() * entry.step + 1)
    for k, c in enumerate(coefficients(p)):
        spaced[k * entry.step] = acb(c) * arb(2) ** (best.scale * k)
    return acb_poly(spaced).left_shift(shift)


def _principal_part(p: acb_poly, q: acb_poly, z: acb, multiplicity: int) -> list[acb]:
    """c_1, ..., c_multiplicity from the Taylor series of P and Q at the pole."""
    about = acb_poly([z, 1])
    top, bottom = p(about), q(about).right_shift(multiplicity)
    series: list[acb] = []
    for k in range(multiplicity):
        rest = top[k]
        for j, c in enumerate(series):
            rest = rest - c * bottom[k - j]
        series.append(rest / bottom[0])
    return series[::-1]


def _doublets(y: list[acb], tops: list[acb], slopes: list[acb]) -> list[bool]:
    """Whether the nearest zero, at a distance of about |P/P'|, is that much nearer than the nearest other pole."""
    points = np.array([complex(v) for v in y])
    gaps = np.abs(points[:, None] - points[None, :])
    np.fill_diagonal(gaps, np.inf)
    room = np.minimum(np.abs(points), gaps.min(axis=1))
    return [
        bool(not slope.contains(0) and abs(complex((top / slope).mid())) < DOUBLET * free)
        for top, slope, free in zip(tops, slopes, room, strict=True)
    ]
