"""Borel-Padé sums from partial fractions, with an estimate of their error.

An approximant of the Borel germ sums to Laplace integrals of its poles (:mod:`resurgence.pole_integrals`), which depend
on the ray only through the side on which it passes each pole. By Cauchy's theorem the ray may be turned where the germ
has no singularities: to sum on one side of a Stokes line it is turned away from the poles on that line, which imitate a
cut, to the angle at which the approximants agree best.

The error is estimated from three things, and is ``SAFETY`` times their sum, or more where there are few poles:

* the *spread* of the sums of neighbouring approximants;
* *poles passed*: what changes if poles between the given ray and the turned one belong on the other side;
* a *cut crossed*: the chains of poles are cuts, laid where the approximants like it, not the germ (Stahl 1997,
  J. Approx. Theory 91, 139). Where one crosses the ray all approximants agree on the wrong sheet from there on, so that
  the spread does not show it. Poles that stay in their places from order to order are no part of a chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from flint import acb, arb, fmpq
from numpy.typing import NDArray

from .borel import BorelTransform
from .continuation.pade import Pade, PartialFractions, PrecisionError
from .numbers import working_precision
from .pole_integrals import pole_integrals
from .rays import Ray, Side

__all__ = ["MIN_TERMS", "ON_RAY", "Estimate", "PadeSum", "estimate", "neighbours"]

#: Coefficients that the smallest sum with an error needs.
MIN_TERMS = 4

#: Factor between the spread of the neighbours, and the jumps in doubt, and the error that is stated.
SAFETY = 8

#: With fewer poles than this the whole error grows in proportion: neighbours of low order resemble each other by
#: chance, and the jumps across poles are known no better than the poles.
MANY_POLES = 16

#: Approximants whose sums are compared with that of the main one: one for every four coefficients, within these limits.
NEIGHBOURS = 4, 8

#: Coefficients beyond those that determine a rational germ after which it is believed to be one.
SURPLUS = 8

#: Bits to which the poles have to be known at the least.
LEAST_BITS = 4

#: Angle, in radians, within which a pole lies on the ray.
ON_RAY = 2.0**-40

#: A pole moves where the next order has none within this share of the distance to the nearest other pole.
STEADY = 0.05

#: Two poles on either side of the ray, each the nearest to the other, are links of a chain where their distance is less
#: than this many times that from one of them to the next on its own side.
LINK = 2.5

#: A pole belongs to a cut along the ray where its distance from it is less than this share of the step between the
#: poles on it.
BESIDE = 0.25

#: The angle within which that can be, and the one within which a pole behind the first on the ray belongs to the cut.
BEFORE, BEHIND = 0.1, 0.03

#: An error larger than this share of the value is raised to ``DOUBTFUL`` times itself, or to the value.
DOUBT, DOUBTFUL = 0.1, 8

#: Angles to which a ray is turned, as shares of the largest at which the integral converges.
TURNS = (0.07, 0.12, 0.18, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.93)


def neighbours(borel: BorelTransform, last: int) -> list[Pade]:
    """The near-diagonal approximant of b_0, ..., b_last and its neighbours, no two the same.

    One alone where the germ is a rational function: that of lowest degree, confirmed by further coefficients.

    Raises
    ------
    PrecisionError
        Where the first cannot be computed from inexact coefficients.
    """
    wanted = 1 + min(max(last // 4, NEIGHBOURS[0]), NEIGHBOURS[1])
    found: dict[tuple[int, int], Pade] = {}
    for total in range(last, -1, -1):
        for m in (total // 2, total - total // 2 if total % 2 else total // 2 - 1):
            if m >= 0:
                try:
                    pade = Pade(borel, m, total - m)
                except PrecisionError:
                    if not found:
                        raise
                    continue
                found.setdefault(pade.degrees, pade)
        if len(found) >= wanted or 2 * total < last or (len(found) == 1 and last - total >= SURPLUS):
            break
    return list(found.values())[:wanted]


class PadeSum:
    """The Laplace integral of one approximant along all rays near a given one.

    Attributes
    ----------
    order : (int, int)
    mean : acb
        The integral with the two values at either side of every pole averaged.
    half_jumps : list of acb
        What a pole adds where it lies counterclockwise of the ray and takes away where clockwise.
    points : array of complex
        The poles, divided by ``unit`` and turned so that the given ray is the positive axis.
    sides : array of int
        1 for poles counterclockwise of the given ray, -1 for clockwise, 0 for those on it.
    doublets : array of bool
        Which are Froissart doublets.
    unit : arb
        By default the modulus of the nearest pole.
    """

    def __init__(self, pade: Pade, ray: Ray, borel: BorelTransform, bits: int, unit: arb | None = None) -> None:
        self.order = pade.order
        fractions = _fractions(pade, borel, bits)
        poles = fractions.poles
        with working_precision(bits + 16):
            g, towards = ray.coupling(bits + 16), ray.towards(bits + 16)
            # The poles of a real germ come in pairs, whose parts are conjugates where g is real too.
            real = borel.is_real and g.imag.is_zero()
            self.mean = _polynomial_integral(fractions.polynomial, g, borel.leroy)
            self.half_jumps = [acb(0)] * len(poles)
            for k, (pole, part) in enumerate(zip(poles, fractions.principal_parts, strict=True)):
                if real and pole.imag < 0:
                    continue
                mean, self.half_jumps[k] = _pole_part(pole, part, g, borel.leroy)
                self.mean += mean
                if real and pole.imag > 0:
                    self.mean += mean.conjugate()
            back = towards.conjugate() / abs(towards)
            turned = [pole * back for pole in poles]
            self.unit = unit or (abs(turned[0]).mid() if turned else arb(1))
            self.points = _places(turned, self.unit)
            self.sides: NDArray[np.int_] = np.array([_sign(z.imag) for z in turned], dtype=int)
            if real:
                places = _places(poles, self.unit)
                for k, pole in enumerate(poles):
                    if pole.imag < 0:
                        image = int(np.argmin(np.abs(places - places[k].conjugate())))
                        self.half_jumps[k] = -self.half_jumps[image].conjugate()
        self.angles: NDArray[np.float64] = np.angle(self.points)
        self.sides[np.abs(self.angles) < ON_RAY] = 0
        self.doublets: NDArray[np.bool_] = np.array(fractions.doublets, dtype=bool)

    def along(self, turns: Sequence[tuple[int, float]]) -> acb:
        """A sum of integrals along turned rays, each with a sign; poles that a ray meets count half on either side."""
        value = sum(sign for sign, _ in turns) * self.mean
        sides = np.zeros(self.sides.size)
        for sign, turn in turns:
            sides += sign * (np.sign(self.angles - turn) if turn else self.sides)
        for k in np.flatnonzero(sides):
            value = value + int(sides[k]) * self.half_jumps[k]
        return value

    def weight(self, chosen: NDArray[np.bool_]) -> arb:
        """The sum of the moduli of the jumps across the chosen poles."""
        return 2 * sum((abs(h).upper() for h, c in zip(self.half_jumps, chosen, strict=True) if c), arb(0))

    def passed(self, turn: float, moving: NDArray[np.bool_]) -> arb:
        """The jumps across the poles on the ray and between it and the turned one.

        A turned ray is meant to pass a singularity on the ray and its cut, so their poles do not count for it.
        """
        on_ray = (self.sides == 0) & (self.points.real > 0)
        if turn == 0:
            return self.weight(on_ray)
        between = (np.abs(self.angles - turn / 2) < abs(turn) / 2) & (self.sides != 0)
        return self.weight(between | on_ray if self.trunk(moving) else between & ~self._beside_cut())

    def trunk(self, moving: NDArray[np.bool_]) -> bool:
        """Whether the poles on the ray continue a chain from elsewhere, rather than begin at a singularity."""
        first = self.first_on_ray()
        if first is None:
            return False
        distance = np.abs(self.points - self.points[first])
        others = (np.arange(self.points.size) != first) & ~self.doublets
        along = distance[others & (self.sides == 0) & (self.points.real > 0)]
        if not along.size:
            return bool(moving[first])
        beside = others & moving & (self.sides != 0) & ~self._beside_cut()
        return bool((distance[beside] < LINK * along.min()).any())

    def first_on_ray(self) -> int | None:
        """The nearest pole on the ray that is not a doublet."""
        found = np.flatnonzero((self.sides == 0) & (self.points.real > 0) & ~self.doublets)
        return int(found[np.argmin(self.points[found].real)]) if found.size else None

    def _beside_cut(self) -> NDArray[np.bool_]:
        """Poles that lie near the poles on the ray and much nearer to the ray than those to each other.

        A branch point with a large negative exponent gathers such pairs around itself, in a tight cluster where it is
        the first on the ray, in a looser one where it lies on the cut of another.
        """
        on_ray = self.points[(self.sides == 0) & (self.points.real > 0) & ~self.doublets].real
        if on_ray.size < 2:
            return np.zeros(self.points.size, dtype=bool)
        away = np.abs(self.points[:, None] - on_ray[None, :])
        nearest = away.argsort(axis=1)[:, :2]
        step = np.abs(on_ray[nearest[:, 0]] - on_ray[nearest[:, 1]])
        narrow = np.abs(self.angles) < BEFORE
        beside = narrow & (np.abs(self.points.imag) < BESIDE * step) & (away.min(axis=1) < step)
        behind = (np.abs(self.angles) < BEHIND) & (self.points.real > on_ray.min())
        return np.asarray(beside | behind)

    def crossed(self, turn: float, moving: NDArray[np.bool_]) -> arb:
        """The jumps across the poles of a chain from where it crosses the ray."""
        points = self.points * np.exp(-1j * turn)
        chain = moving & ~self.doublets & (points.real > 0)
        left, right = (points[chain & (points.imag * sign > 0)] for sign in (1, -1))
        if not (left.size and right.size):
            return arb(0)
        gap = np.abs(left[:, None] - right[None, :])
        step = np.maximum(_nearest(left, left)[:, None], _nearest(right, right)[None, :])
        closest = (gap == gap.min(axis=0, keepdims=True)) & (gap == gap.min(axis=1, keepdims=True))
        i, j = np.nonzero(closest & (gap < LINK * step))
        if not i.size:
            return arb(0)
        start = np.minimum(left[i].real, right[j].real).min()
        return self.weight(moving & (points.real >= start))

    def moving(self, other: PadeSum) -> NDArray[np.bool_]:
        """Which poles another approximant has not in the same place."""
        if not (self.points.size and other.points.size):
            return np.ones(self.points.size, dtype=bool)
        away = np.abs(self.points[:, None] - other.points[None, :]).min(axis=1)
        return np.asarray(away > STEADY * np.minimum(_nearest(self.points, self.points), np.abs(self.points)))


@dataclass(frozen=True)
class Estimate:
    """A sum, or jump, as the approximants give it.

    Attributes
    ----------
    value : acb
        That of the main approximant.
    error : arb
        Estimated; without the radius of ``value``.
    radius : arb
        The largest radius among the sums that were compared.
    """

    value: acb
    error: arb
    radius: arb


def estimate(sums: Sequence[PadeSum], kind: Side | Literal["along", "jump"], lean: float) -> Estimate:
    """The sum along a ray or beside it, with its error.

    Parameters
    ----------
    sums : sequence of PadeSum
        The main approximant, then its neighbours.
    kind : {"along", "above", "below", "median", "jump"}
        ``"along"`` does not turn the ray; ``"jump"`` is above minus below.
    lean : float
        The angle of the ray less arg g.
    """
    main = sums[0]
    moving = main.moving(sums[-1]) if len(sums) > 1 else np.zeros(main.points.size, dtype=bool)
    if kind == "along":
        return _best(sums, [[(1, 0.0)]], moving)
    above = [(np.pi / 2 - lean) * share for share in TURNS]
    below = [-(np.pi / 2 + lean) * share for share in TURNS]
    if kind == "above":
        return _best(sums, [[(1, turn)] for turn in above], moving)
    if kind == "below":
        return _best(sums, [[(1, turn)] for turn in below], moving)
    second = -1 if kind == "jump" else 1
    both = _best(sums, [[(1, up), (second, down)] for up in above for down in below], moving)
    return both if kind == "jump" else Estimate(both.value / 2, both.error / 2, both.radius / 2)


def _best(
    sums: Sequence[PadeSum], choices: Sequence[Sequence[tuple[int, float]]], moving: NDArray[np.bool_]
) -> Estimate:
    """Of several combinations of integrals along turned rays the one with the least error."""
    turns = {turn for choice in choices for _, turn in choice}
    costs = {turn: sums[0].passed(turn, moving) + sums[0].crossed(turn, moving) for turn in turns}
    best: Estimate | None = None
    low_order = max(1.0, MANY_POLES / max(1, sums[0].points.size))
    for choice in choices:
        combined = [s.along(choice) for s in sums]
        spread = max((abs(other.mid() - combined[0].mid()).upper() for other in combined[1:]), default=arb(0))
        error = low_order * SAFETY * (spread + sum((costs[turn] for _, turn in choice), arb(0)))
        if error > DOUBT * abs(combined[0]):
            error = max(DOUBTFUL * error, abs(combined[0]).upper())
        if best is None or error < best.error:
            radius = max(abs(value - value.mid()).upper() for value in combined)
            best = Estimate(combined[0], error.upper(), radius)
    assert best is not None, "there is at least one ray"
    return best


def _fractions(pade: Pade, borel: BorelTransform, bits: int) -> PartialFractions:
    """Partial fractions to ``bits`` bits, or to about as many as inexact coefficients give."""
    if borel.is_exact:
        return pade.partial_fractions(bits)
    bits = min(bits, pade.precision.output)
    while True:
        try:
            return pade.partial_fractions(bits)
        except PrecisionError:
            if bits < 2 * LEAST_BITS:
                raise
            bits = bits * 3 // 4


def _places(poles: Sequence[acb], unit: arb) -> NDArray[np.complex128]:
    return np.array([complex((pole / unit).mid()) for pole in poles], dtype=np.complex128)


def _nearest(points: NDArray[np.complex128], others: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Distance from each point to the nearest other one."""
    distance = np.abs(points[:, None] - others[None, :])
    distance[distance == 0] = np.inf
    nearest: NDArray[np.float64] = distance.min(axis=1)
    return nearest


def _sign(value: arb) -> int:
    return 1 if value > 0 else -1 if value < 0 else 0


def _polynomial_integral(polynomial: Sequence[acb], g: acb, leroy: Fraction) -> acb:
    """sum_j c_j Gamma(j + 1 + s) g^j."""
    total, power, gamma = acb(0), acb(1), acb(fmpq(leroy.numerator, leroy.denominator) + 1).gamma()
    for j, c in enumerate(polynomial):
        total += c * power * gamma
        power, gamma = power * g, gamma * acb(fmpq(leroy.numerator, leroy.denominator) + j + 1)
    return total


def _pole_part(pole: acb, principal_part: Sequence[acb], g: acb, leroy: Fraction) -> tuple[acb, acb]:
    """Mean and half jump of what a pole's principal part contributes: sum_k c_k g^(-k) F_k(p/g)."""
    means, residues = pole_integrals(pole / g, leroy, len(principal_part))
    mean, residue, factor = acb(0), acb(0), 1 / g
    for c, m, r in zip(principal_part, means, residues, strict=True):
        mean, residue, factor = mean + c * factor * m, residue + c * factor * r, factor / g
    return mean, residue * acb(0, arb.pi())
