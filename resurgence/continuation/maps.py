"""Maps of the unit disc to the Borel plane without its cuts, and to Riemann surfaces over it.

A germ f(z) that is analytic but for cuts is, in the variable u of a conformal map z(u) of the disc |u| < 1 to the plane
without the cuts, a power series that converges everywhere; Padé approximants of it do better still (Caprini & Fischer
1999; Costin & Dunne 2020, J. Phys. A 53, 445303; 2021, arXiv:2108.01145). With r = (1 + u)/(1 - u), which maps the disc
to the right half plane:

    one cut from A                z = A (1 - r^2)
    the cut's further sheets      z = A (1 - r^p),  p > 2: the disc covers p/2 turns around A
    all sheets of a logarithm     z = A (1 - exp(w)),  the limit of many sheets, without a unit disc
    two opposite cuts A, B        1/z = (1/A + 1/B)/2 + (1/A - 1/B) (u + 1/u)/4
    two radial cuts A, A*         z = c u / ((1 + u)^(2a) (1 - u)^(2 - 2a)),  a = 1 - |arg A|/pi

A singularity at infinity like z^(-s) becomes one of 1 - u with the exponent p s: for the right p it is none. All maps
have rational coefficients for rational A, so that exact germs stay exact; A need not be exactly right.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from flint import acb, acb_series, fmpq, fmpq_series
from numpy.typing import NDArray

from resurgence.numbers import working_precision

__all__ = ["ConjugateCuts", "Logarithm", "Map", "OppositeCuts", "Sheets"]

#: Bits to which doubles solve for a point at the least.
_START_BITS = 36

#: Halvings that find a point on the axis in doubles, and steps in which it is turned to its angle.
_HALVINGS, _TURNS = 80, 64


@dataclass(frozen=True)
class Map(ABC):
    """A map z(u) with z(0) = 0 and the branch of its inverse that vanishes at 0."""

    @property
    @abstractmethod
    def name(self) -> str:
        """For people."""

    @abstractmethod
    def series(self, count: int) -> fmpq_series | acb_series:
        """z(u) to u^(count - 1), at flint's current precision where A is not real."""

    @abstractmethod
    def inverse(self, points: Sequence[acb]) -> list[acb]:
        """u at points of a straight ray from 0, at flint's current precision."""


@dataclass(frozen=True)
class Sheets(Map):
    """z = A (1 - r^p): the plane cut from A outwards for p = 2, and more of the sheets around A for larger p."""

    a: Fraction | acb
    p: int

    @property
    def name(self) -> str:
        return "conformal map of one cut" if self.p == 2 else f"map of {self.p}/2 turns around the cut"

    def series(self, count: int) -> fmpq_series | acb_series:
        with working_precision(flint.ctx.prec, terms=count):
            u, one = fmpq_series([0, 1], prec=count), fmpq_series([1], prec=count)
            return _scaled(one - ((one + u) / (one - u)) ** self.p, self.a)

    def inverse(self, points: Sequence[acb]) -> list[acb]:
        a = _ball(self.a)
        roots = [(1 - z / a).root(self.p) for z in points]
        return [(r - 1) / (r + 1) for r in roots]


@dataclass(frozen=True)
class Logarithm(Map):
    """z = A (1 - exp(w)): all sheets of the logarithm of 1 - z/A at once."""

    a: Fraction | acb

    @property
    def name(self) -> str:
        return "uniformising map exp(w) - 1"

    def series(self, count: int) -> fmpq_series | acb_series:
        with working_precision(flint.ctx.prec, terms=count):
            return _scaled(1 - fmpq_series([0, 1], prec=count).exp(), self.a)

    def inverse(self, points: Sequence[acb]) -> list[acb]:
        a = _ball(self.a)
        return [(1 - z / a).log() for z in points]


@dataclass(frozen=True)
class OppositeCuts(Map):
    """The plane without the two rays from A and from B outwards; A and B real and of opposite signs."""

    a: Fraction
    b: Fraction

    @property
    def name(self) -> str:
        return "conformal map of two opposite cuts"

    def _coefficients(self) -> tuple[Fraction, Fraction]:
        return (1 / self.a + 1 / self.b) / 2, (1 / self.a - 1 / self.b) / 2

    def series(self, count: int) -> fmpq_series | acb_series:
        middle, half = (_fmpq(x) for x in self._coefficients())
        with working_precision(flint.ctx.prec, terms=count):
            # z = u/(half/2 + middle u + half/2 u^2)
            return fmpq_series([0, 1], prec=count) / fmpq_series([half / 2, middle, half / 2], prec=count)

    def inverse(self, points: Sequence[acb]) -> list[acb]:
        middle, half = (acb(_fmpq(x)) for x in self._coefficients())
        found = []
        for z in points:
            # half (u + 1/u)/2 = 1/z - middle. With y = half z/(1 - middle z), u = y/(1 + sqrt(1 - y^2)).
            y = half * z / (1 - middle * z)
            found.append(y / (1 + ((1 - y) ** fmpq(1, 2)) * ((1 + y) ** fmpq(1, 2))))
        return found


@dataclass(frozen=True)
class ConjugateCuts(Map):
    """The plane without the two rays outwards from points at the angles +-pi (1 - a), 0 < a < 1, of modulus ``radius``.

    The two numbers are rational approximations; for a = 1/2 the points are imaginary.
    """

    radius: Fraction
    a: Fraction

    @property
    def name(self) -> str:
        return "conformal map of two conjugate cuts"

    def _scale(self) -> Fraction:
        """A rational c near 4 a^a (1 - a)^(1 - a) radius, for which the ends of the cuts have that modulus."""
        a = float(self.a)
        return self.radius * Fraction(4 * a**a * (1 - a) ** (1 - a)).limit_denominator(10**6)

    def series(self, count: int) -> fmpq_series | acb_series:
        with working_precision(flint.ctx.prec, terms=count):
            u = fmpq_series([0, 1], prec=count)
            up, down = (
                fmpq_series(_binomial(_fmpq(-2 * self.a), count, 1), prec=count),
                fmpq_series(_binomial(_fmpq(2 * self.a - 2), count, -1), prec=count),
            )
            return _scaled(u * up * down, self._scale())

    def inverse(self, points: Sequence[acb]) -> list[acb]:
        # With u = s/(1 + s) and q = log s, the map is log(z/c) = q + log(1 + s) - 2 a log(1 + 2 s), where Re s > -1/2.
        # Beyond the cuts the same map is used of -z and -u, where a and 1 - a change places.
        angles = np.array([_angle(z) for z in points])
        beyond = np.abs(angles) > np.pi * (1 - float(self.a))
        near = iter(self._near_side([z for z, far in zip(points, beyond, strict=True) if not far], self.a, 1))
        behind = iter(self._near_side([-z for z, far in zip(points, beyond, strict=True) if far], 1 - self.a, -1))
        return [next(behind if far else near) for far in beyond]

    def _near_side(self, points: Sequence[acb], a: Fraction, sign: int) -> list[acb]:
        if not points:
            return []
        logs = [(z / acb(_fmpq(self._scale()))).log() for z in points]
        q = _start(np.array([complex(x) for x in logs]), float(a))
        twice = 2 * acb(_fmpq(a))
        inverses = []
        # Each step doubles the digits of the doubles it starts from.
        steps = math.ceil(math.log2(max(flint.ctx.prec / _START_BITS, 1))) + 1
        for start, target in zip(q, logs, strict=True):
            x = acb(complex(start).real, complex(start).imag)
            for _ in range(steps):
                s = x.exp()
                slope = 1 + s / (1 + s) - 2 * twice * s / (1 + 2 * s)
                x = (x - (x + (1 + s).log() - twice * (1 + 2 * s).log() - target) / slope).mid()
            s = x.exp()
            inverses.append(sign * s / (1 + s))
        return inverses


def _start(targets: NDArray[np.complex128], a: float) -> NDArray[np.complex128]:
    """Solutions q in doubles: first on the axis by halving, then turned to their angles."""

    def value(q: NDArray[np.complex128]) -> NDArray[np.complex128]:
        with np.errstate(over="ignore"):
            s = np.exp(q)
        image: NDArray[np.complex128] = q + np.log1p(s) - 2 * a * np.log1p(2 * s)
        return image

    low, high = np.full(targets.shape, -750.0), np.full(targets.shape, 340.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = value(middle.astype(complex)).real > targets.real
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    q: NDArray[np.complex128] = ((low + high) / 2).astype(complex)
    for k in range(1, _TURNS + 1):
        aim = targets.real + 1j * targets.imag * k / _TURNS
        for _ in range(6):
            s = np.exp(q)
            q = q - (value(q) - aim) / (1 + s / (1 + s) - 4 * a * s / (1 + 2 * s))
    return q


def _angle(z: acb) -> float:
    value = complex(z / abs(z))
    return float(np.angle(value))


def _binomial(exponent: fmpq, count: int, sign: int) -> list[fmpq]:
    """Coefficients of (1 + sign u)^exponent."""
    terms = [fmpq(1)]
    for k in range(1, count):
        terms.append(terms[-1] * (exponent - k + 1) * sign / k)
    return terms


def _scaled(series: fmpq_series, factor: Fraction | acb) -> fmpq_series | acb_series:
    if not isinstance(factor, Fraction):
        return acb_series(series) * factor
    return fmpq_series([c * _fmpq(factor) for c in series.coeffs()], prec=flint.ctx.cap)


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _ball(a: Fraction | acb) -> acb:
    return acb(_fmpq(a)) if isinstance(a, Fraction) else a
