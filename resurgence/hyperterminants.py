r"""Hyperterminants: the integrals over chains of singulants that hyperasymptotic expansions are made of.

With contours C_k from 0 in directions near those of the singulants F_k, and g_k = F_k/v_k,

    T = g^N0 int_C1 dv_1/v_1 exp(-v_1) F_1^beta_1 v_1^(-beta_1) g_1^(N_1 - N_0)/(1 - g/g_1)
             int_C2 dv_2/v_2 exp(-v_2) F_2^beta_2 v_2^(-beta_2) g_2^(N_2 - N_1)/(1 - g_1/g_2) ... ,

the last power being that of the term, g_l^(r - N_(l-1)) (Berry & Howls 1990, 1991; Olde Daalhuis 1996, 1998).

*Contours.* v_k = exp(t - i chi_k), so that g_k runs along the ray arg F_k + chi_k. A pole of the integrand is met where
two successive rays fall together. The angles chi_k are chosen by a linear program: the rays keep the order that the
singulants are in, turned as little as will separate them by some angle. Where F_(k-1) and F_k have the same direction
the inner function is the sum *below* that ray: g_(k-1) keeps to the clockwise side of the ray of g_k.

*Quadrature.* The trapezoidal rule in t, of one step h for all contours, converges like exp(-2 pi s/h) with the width s
of the strip without poles (Trefethen & Weideman 2014, section 5). On equidistant nodes g_(k-1)/g_k depends on the
difference of two indices only: each integral is a convolution, that is a product of polynomials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
import scipy.optimize
from flint import acb, acb_poly, arb, fmpq

from .errors import StokesLineError
from .numbers import Enclosure, ball, check_digits, enclosure, midpoint, working_precision
from .rays import Ray, Side

__all__ = ["Contours", "Leg", "angle_between", "hyperterminant"]

#: Rays are turned until this many radians are between them, and no further than the second number.
_SEPARATION = 0.5
_MOST_TURNED = 1.0

#: How much separation a radian of turning must bring to be worth the bits that it costs.
_PRICE = 0.05

#: Share of the strip without poles that the rule is laid out for.
_STRIP = 0.9

#: exp(-_GUARD): what is left out of the integrals, relative to the error asked for.
_GUARD = 14.0

#: Bits of the arithmetic beyond those that the result and its cancellations take.
GUARD_BITS = 40

#: Number of terms a hyperterminant may belong to.
MAX_NUMBER = 20_000


@dataclass
class Leg:
    """One contour: where a series comes up at a singularity of another.

    Attributes
    ----------
    location : number
        F, as :func:`resurgence.numbers.ball` takes it.
    exponent : Fraction
        beta.
    lowest, highest : float
        The range of powers p in the integrals int dv/v exp(-v) v^p that it is for.
    """

    location: object
    exponent: Fraction = Fraction(0)
    lowest: float = math.inf
    highest: float = 0.0

    def widen(self, power: int) -> None:
        """Have the power v^power among those it is for."""
        self.lowest = min(self.lowest, power - float(self.exponent))
        self.highest = max(self.highest, power - float(self.exponent))


def angle_between(before: Ray, location: object, side: Side) -> float:
    """The angle from a ray to the direction of a singulant, from 0 to 2 pi; ``side`` says which for the same direction.

    Above the singulant the ray has it at 2 pi, below at 0.
    """
    passes = before.passes(location)
    if passes == "through":
        return 2 * math.pi if side == "above" else 0.0
    with working_precision(64):
        angle = abs(float((ball(location, 64) / before.towards(64)).arg().mid()))
    return 2 * math.pi - angle if passes == "above" else angle


class Contours:
    """The contours of the hyperterminants of one g, and the rule on them.

    Parameters
    ----------
    ray : Ray
        The coupling g.
    legs : sequence of Leg
    links : sequence of pairs (i, j)
        The leg j follows on the leg i, or on g itself where i = -1. Every leg follows on one.
    side : {"above", "below"}
        Of g, where it has the direction of a singulant.
    """

    def __init__(self, ray: Ray, legs: Sequence[Leg], links: Sequence[tuple[int, int]], side: Side) -> None:
        self.ray, self.legs, self.links = ray, list(legs), sorted(set(links))
        rays = [Ray(leg.location) for leg in self.legs]
        self._angles = {
            (i, j): angle_between(ray if i < 0 else rays[i], self.legs[j].location, side if i < 0 else "below")
            for i, j in self.links
        }
        self.turns = self._turned()
        turned = {pair: angle + self._turn(pair[1]) - self._turn(pair[0]) for pair, angle in self._angles.items()}
        #: The least angle between two successive rays, as they are turned.
        self.separation = min([math.pi, *(min(a, 2 * math.pi - a) for a in turned.values())])

    def _turn(self, leg: int) -> float:
        return 0.0 if leg < 0 else self.turns[leg]

    def _turned(self) -> list[float]:
        """The angles chi of the legs, by the linear program: they, their modulus m, and the separation s.

        Maximise s - price m where s <= angle + chi_j - chi_i <= 2 pi - s and -m <= chi <= m.
        """
        count = len(self.legs)
        if all(_SEPARATION <= a <= 2 * math.pi - _SEPARATION for a in self._angles.values()):
            return [0.0] * count
        rows, limits = [], []
        for (i, j), angle in self._angles.items():
            change = np.zeros(count + 2)
            change[j] = 1
            if i >= 0:
                change[i] = -1
            for sign, limit in ((-1, angle), (1, 2 * math.pi - angle)):
                row = sign * change
                row[-1] = 1
                rows.append(row)
                limits.append(limit)
        for k in range(count):
            for sign in (-1, 1):
                row = np.zeros(count + 2)
                row[k], row[-2] = sign, -1
                rows.append(row)
                limits.append(0.0)
        goal = np.zeros(count + 2)
        goal[-2], goal[-1] = _PRICE, -1
        bounds = [(-_MOST_TURNED, _MOST_TURNED)] * count + [(0, _MOST_TURNED), (0, _SEPARATION)]
        solved = scipy.optimize.linprog(goal, A_ub=np.array(rows), b_ub=np.array(limits), bounds=bounds)
        # Chains as long as they come here leave room: the angles of l legs in one direction are multiples of 1/l.
        assert solved.success, solved.message
        return [float(x) for x in solved.x[:count]]

    def lay(self, loss: float, bits: int) -> Nodes:
        """The rule, good to exp(-loss) relative to the largest of the integrals without their signs."""
        return Nodes(self, loss + _GUARD, bits)


@dataclass
class Nodes:
    """The nodes of the rule on each contour, and what carries vectors of values from one to the next."""

    contours: Contours
    loss: float
    bits: int
    points: list[list[acb]] = field(init=False)
    _weights: list[list[acb]] = field(init=False)
    _ranges: list[tuple[int, int]] = field(init=False)
    _kernels: dict[tuple[int, int], acb_poly] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        contours = self.contours
        with working_precision(self.bits):
            self.step = min(
                (_step(leg, turn, self) for leg, turn in zip(contours.legs, contours.turns, strict=True)), default=1.0
            )
            self._ranges = [_range(leg, turn, self) for leg, turn in zip(contours.legs, contours.turns, strict=True)]
            self.points, self._weights = [], []
            for leg, turn, (first, last) in zip(contours.legs, contours.turns, self._ranges, strict=True):
                singulant, phase = ball(leg.location, self.bits), acb(0, -turn).exp()
                beta = acb(fmpq(leg.exponent.numerator, leg.exponent.denominator))
                nodes = [acb((arb(k) * self.step).exp()) * phase for k in range(first, last + 1)]
                weights = [(-v).exp() * self.step for v in nodes]
                if leg.exponent:
                    scale = singulant**beta
                    weights = [w * scale * v ** (-beta) for v, w in zip(nodes, weights, strict=True)]
                self.points.append([singulant / v for v in nodes])
                self._weights.append(weights)

    def start(self, leg: int, number: int) -> list[acb]:
        """The weights with which values at the nodes of a first leg enter, for the number N_0."""
        with working_precision(self.bits):
            g = self.contours.ray.coupling(self.bits)
            quotients = [g / p for p in self.points[leg]]
            return [w * q**number / (1 - q) for w, q in zip(self._weights[leg], quotients, strict=True)]

    def follow(self, vector: Sequence[acb], before: int, leg: int, number: int) -> list[acb]:
        """The weights at the nodes of the next leg, from those of the leg before and the number N between them."""
        with working_precision(self.bits):
            carried = acb_poly([u * p**number for u, p in zip(vector, self.points[before], strict=True)])
            convolved = carried * self._kernel(before, leg)
            width = len(vector) - 1
            return [
                w * convolved[width + k] / p**number
                for k, (w, p) in enumerate(zip(self._weights[leg], self.points[leg], strict=True))
            ]

    def moments(self, vector: Sequence[acb], leg: int, count: int) -> list[acb]:
        """What g^0, g^1, ..., g^(count - 1) at the nodes of a leg contribute."""
        found, powers = [], list(vector)
        with working_precision(self.bits):
            for _ in range(count):
                found.append(sum(powers, acb(0)))
                powers = [x * p for x, p in zip(powers, self.points[leg], strict=True)]
        return found

    def _kernel(self, before: int, leg: int) -> acb_poly:
        """1/(1 - g_a/g_b) for all differences of the indices of a node g_a of one leg and g_b of the next."""
        if (before, leg) not in self._kernels:
            (first_a, last_a), (first_b, last_b) = self._ranges[before], self._ranges[leg]
            legs, turns = self.contours.legs, self.contours.turns
            ratio = ball(legs[before].location, self.bits) / ball(legs[leg].location, self.bits)
            ratio = ratio * acb(0, arb(turns[before]) - arb(turns[leg])).exp()
            differences = range(first_b - last_a, last_b - first_a + 1)
            self._kernels[before, leg] = acb_poly([1 / (1 - ratio * (arb(m) * self.step).exp()) for m in differences])
        return self._kernels[before, leg]


def _step(leg: Leg, turn: float, nodes: Nodes) -> float:
    """h such that exp(-2 pi s/h) is small enough for some half-width s of the strip without poles.

    At the edge of the strip exp(-v) v^p has grown by (cos chi/cos(|chi| + s))^p.
    """
    widest = min(_STRIP * nodes.contours.separation, math.pi / 2 - abs(turn))
    widths = [widest * k / 40 for k in range(1, 40)]
    return max(
        2 * math.pi * s / (nodes.loss + leg.highest * math.log(math.cos(turn) / math.cos(abs(turn) + s)))
        for s in widths
    )


def _range(leg: Leg, turn: float, nodes: Nodes) -> tuple[int, int]:
    """The indices between which exp(-v) v^p is not negligible, for all powers p that the leg is for."""
    decay, h = math.cos(turn), nodes.step

    def reach(power: float, direction: int) -> int:
        top = math.log(power / decay)
        k = round(top / h)
        floor = power * top - power - nodes.loss
        while power * k * h - decay * math.exp(min(k * h, 700.0)) > floor:
            k += direction
        return k

    return reach(leg.lowest, -1), reach(leg.highest, 1)


# ---------------------------------------------------------------------------------------------------------------------


def hyperterminant(
    g: object,
    singulants: Sequence[object],
    numbers: Sequence[int],
    digits: int = 30,
    *,
    power: int = 0,
    side: Side | None = None,
) -> Enclosure:
    """One hyperterminant, of logarithmic singularities (beta = 0).

    It is what the coefficient of g^``power`` of the last series of a chain is multiplied by in the hyperasymptotic
    expansion of the first, less the factors S/(2 pi i): the integral at the head of this module.

    Parameters
    ----------
    g : number
        Not zero.
    singulants : sequence of numbers
        F_1, ..., F_l, from one series of the chain to the next; not zero.
    numbers : sequence of int
        N_0 > N_1 > ... > N_(l-1): the numbers of terms taken of each series but the last.
    digits : int
        Relative to the integral without the signs of its integrand.
    power : int
        Below N_(l-1).
    side : {"above", "below"}
        Of g, where it has the direction of F_1.

    Returns
    -------
    Enclosure
        ``estimated``: the errors of the quadrature are known by their rate only.

    Raises
    ------
    StokesLineError
        Where g has the direction of F_1 and no side is given.
    ValueError, TypeError
        For numbers that do not fall, or not as many as there are singulants, and for zeros.

    Examples
    --------
    With F/g = -5 the first is -int exp(-v)/(5 + v), an exponential integral, -exp(5) E_1(5).

    >>> print(hyperterminant("1/5", [-1], [1], 20).short(20))
    -0.17042217628473220181
    """
    digits = check_digits(digits)
    ray = Ray(g, side)
    if side == "median":
        raise ValueError("side must be 'above' or 'below' here: the mean of the two is the median")
    numbers = [*numbers, power]
    if not singulants or len(numbers) != len(singulants) + 1:
        raise ValueError(f"as many numbers as singulants are needed, got {len(singulants)} and {len(numbers) - 1}")
    for n, m in pairwise(numbers):
        if not (isinstance(n, int) and isinstance(m, int) and MAX_NUMBER >= n > m >= 0):
            raise ValueError(f"numbers must fall, from {MAX_NUMBER} at most to 0 at least, got {numbers}")
    legs = []
    for location, n, m in zip(singulants, numbers, numbers[1:], strict=False):
        if ball(location, 256).contains(0):
            raise ValueError(f"a singulant must not be zero, got {location}")
        legs.append(Leg(location))
        legs[-1].widen(n - m)
    if side is None and ray.passes(singulants[0]) == "through":
        raise StokesLineError(legs[:1])
    contours = Contours(ray, legs, [(k - 1, k) for k in range(len(legs))], side or "below")
    loss = digits * math.log(10) + sum(
        leg.highest * -math.log(math.cos(turn)) - math.log(math.sin(min(contours.separation, math.pi / 2)))
        for leg, turn in zip(legs, contours.turns, strict=True)
    )
    nodes = contours.lay(loss, math.ceil(loss / math.log(2)) + GUARD_BITS)
    vector = nodes.start(0, numbers[0])
    for k in range(1, len(legs)):
        vector = nodes.follow(vector, k - 1, k, numbers[k])
    with working_precision(nodes.bits):
        contributions = [v * p**power for v, p in zip(vector, nodes.points[-1], strict=True)]
        whole = sum((abs(c) for c in contributions), arb(0))
        error = whole * arb(10) ** (-digits)
        value = sum(contributions, acb(0))
        return enclosure(value, "estimated", "trapezoidal rule on turned rays", midpoint(error.upper()))
