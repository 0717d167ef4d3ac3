"""Tronquée solutions of Painlevé equations: what their formal series sum to off the Stokes lines.

A second-order equation whose formal solution Phi is even in g, with exponentials exp(-+A/g) beside it, has Stokes lines
on both halves of the real axis and one Borel sum in each half-plane of directions. Let g = i q. There both exponentials
oscillate, Phi(i q) = sum (-1)^k a_(2k) q^(2k) is real and alternates, and the sum belongs to a real solution y of

    y'' = f(x, y),      y(x) ~ kappa sqrt(x) Phi(i q),   q = c x^(-p),      as x -> +infinity.

Its initial values are had far out, by truncating the series at its least term, of size exp(-A/q) (Boutroux 1913;
Joshi & Kitaev 2001); Taylor's series carries them to any x, that is, the sum to any g whose ray lies in the upper
half-plane. In the lower half-plane it is the complex conjugate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar

import sympy
from flint import acb, arb, fmpq

from ..germs import ExactSingularity, pass_singularity
from ..numbers import Enclosure, ball, bits_for, check_digits, enclosure, working_precision
from ..rays import Ray, Side
from ..series import FormalSeries, check_terms
from ..taylor_integration import SecondOrderEquation
from .model import Model

__all__ = ["TronqueeModel"]

#: Digits beyond those asked for, in the first attempt.
_GUARD_DIGITS = 6

#: Attempts, each at half as many bits again, before the value is returned with the error that it has.
_ATTEMPTS = 3

#: The largest A |Re 1/g|. The start lies as many terms of the series further out, and they cost their square.
_MAX_GROWTH = 400

METHOD = "series truncated at its least term far out, Taylor series of the differential equation from there"


@dataclass(frozen=True, eq=False, repr=False)
class TronqueeModel(Model):
    """A model whose function solves a Painlevé equation, y'' = f(x, y) as in the head of this module.

    Attributes
    ----------
    equation : SecondOrderEquation
        f.
    even : callable
        The coefficients a_0, a_2, ..., as many as its argument says.
    front, scale, power
        kappa, c and p.
    weight : sympy.Expr
        A.
    stokes_constant : sympy.Expr
        S at A.
    sector_front : callable
        For k >= 1 the leading coefficient of Phi_k in the transseries sum_k C^k exp(-k A/g) g^(k/2) Phi_k, with 1 for
        k = 1.
    exponent, constant
        Of the prefactor.
    """

    basis: ClassVar[str] = "exact: literature (see references)"

    equation: SecondOrderEquation
    even: Callable[[int], tuple[fmpq, ...]]
    front: sympy.Expr
    scale: sympy.Expr
    power: Fraction
    weight: sympy.Expr
    stokes_constant: sympy.Expr
    sector_front: Callable[[int], Fraction]
    exponent: Fraction
    constant: sympy.Expr

    def series(self, order: int) -> FormalSeries:
        count = check_terms(order)
        terms = [fmpq(0)] * count
        terms[::2] = self.even((count + 1) // 2)
        return FormalSeries(terms, exponent=self.exponent, constant=self.constant, name=self.name)

    def first_singularities(self, count: int) -> tuple[ExactSingularity, ...]:
        """At k A and -k A, k = 1, 2, ..., with exponent k/2.

        Across the positive axis the lateral sum of Phi_0 below turns into that of the transseries with C = S, so that
        S_k = S^k times the leading coefficient of Phi_k; since Phi is even S_(-k) = (-i)^k S_k (Costin 1998).
        """
        found = []
        for k in range(1, count // 2 + 2):
            lead = self.sector_front(k)
            constant = sympy.Rational(lead.numerator, lead.denominator) * self.stokes_constant**k
            for sign, turn in ((1, sympy.S.One), (-1, (-sympy.I) ** k)):
                found.append(ExactSingularity(sign * k * self.weight, Fraction(k, 2), sympy.expand(turn * constant)))
        return tuple(found[:count])

    def exact(
        self, g: object, digits: int = 30, side: Side | None = None, direction: object | None = None
    ) -> Enclosure:
        """The value of F at g, by a route that does not sum the series; parameters and errors as :meth:`Model.exact`.

        ``estimated``, since the error of truncating the series is: the least term. What Taylor's series adds is proved.
        """
        digits = check_digits(digits)
        ray = Ray(g, side, direction)
        right, left = self.first_singularities(2)
        here = pass_singularity(ray, right)
        beyond = pass_singularity(ray, left) if here is None else None
        if "median" in (here, beyond):
            raise ValueError(
                f"{self.name} has exact values for side='above' and 'below', got 'median': the median sum of a "
                "nonlinear problem has higher sectors, which the mean of these two has not. See TransSeries.sum"
            )
        # Above -A the ray is in the lower half-plane.
        turn = acb(0, 1 if here == "above" or beyond == "below" else -1)
        power = fmpq(self.power.denominator, self.power.numerator)

        def place(bits: int) -> acb:
            with working_precision(bits):
                return (ball(self.scale, bits) * turn / ray.coupling(bits)) ** acb(power)

        def value(bits: int, y: acb, x: acb) -> acb:
            return self._prefactor(ray, bits) * y / (ball(self.front, bits) * x.sqrt())

        return self._evaluated(place, value, digits)

    def _prefactor(self, ray: Ray, bits: int) -> acb:
        exponent = fmpq(self.exponent.numerator, self.exponent.denominator)
        return ball(self.constant, bits) * ray.coupling(bits) ** acb(exponent)

    def _evaluated(self, place: Callable[[int], acb], value: Callable[[int, acb, acb], acb], digits: int) -> Enclosure:
        """``value(bits, y(x), x)`` at x = ``place(bits)``, for y from the truncated series."""
        target, best = bits_for(digits), acb("nan")
        rough = place(64)
        with working_precision(64):
            growth = float((ball(self.weight, 64).real * abs((1 / self._coupling(rough, 64)).imag)).upper())
        if not growth <= _MAX_GROWTH:
            raise ValueError(
                f"{self.name}: g is too small for its exact value, whose exponentials exp(A/g) are as large as "
                f"exp({growth:.3g}); A |Re 1/g| may be at most {_MAX_GROWTH}. Sum the series instead"
            )
        for attempt in range(_ATTEMPTS):
            wanted = (digits + _GUARD_DIGITS) * math.log(10) * (1 + attempt / 4) + growth
            bits = math.ceil((1.25 * wanted / math.log(2) + 160) * 1.5**attempt)
            x = place(bits)
            start, y, slope = self._far_out(wanted, abs(x), bits)
            try:
                y, slope = self.equation.integrate([start, x], y, slope, bits)
            except ValueError:
                if attempt == _ATTEMPTS - 1 and not best.is_finite():
                    raise
                continue
            with working_precision(bits):
                found = value(bits, y, x)
            if not best.is_finite() or found.rad() < best.rad():
                best = found
            if best.rel_accuracy_bits() >= target or x.rel_accuracy_bits() < bits // 2:
                break
        return enclosure(best, "estimated", METHOD)

    def _coupling(self, x: acb, bits: int) -> acb:
        """q = c x^(-p)."""
        return ball(self.scale, bits) * x ** acb(-fmpq(self.power.numerator, self.power.denominator))

    def _far_out(self, wanted: float, least: arb, bits: int) -> tuple[acb, acb, acb]:
        """A point x > 0, no nearer than ``least``, where the series' terms fall to exp(-wanted): x, y and y'."""
        with working_precision(bits):
            nearest = (ball(self.scale, bits).real * wanted / ball(self.weight, bits).real) ** arb(
                fmpq(self.power.denominator, self.power.numerator)
            )
            x = acb(nearest.max(least).upper().ceil().mid())
            return x, *self.truncated(x, wanted, bits)

    def truncated(self, x: acb, wanted: float, bits: int) -> tuple[acb, acb]:
        """y and y' at x > 0 by the series up to its least term, or to terms below exp(-wanted).

        The radius of the balls is twice the first term left out: an estimate, which rests on the terms alternating.
        """
        with working_precision(bits):
            square = (self._coupling(x, bits) ** 2).real
            enough = arb(-wanted).exp() / 4
            total, slope, before = arb(0), arb(0), arb("inf")
            power, k, known = arb(1), 0, self.even(16)
            while True:
                if k == len(known):
                    known = self.even(2 * k)
                term = (-1) ** k * known[k] * power
                weight = fmpq(1, 2) - 2 * k * fmpq(self.power.numerator, self.power.denominator)
                if not enough < abs(term) < before:
                    break
                total, slope, before = total + term, slope + weight * term, abs(term).upper()
                power, k = power * square, k + 1
            rest = abs(term).upper()
            front, root = ball(self.front, bits), x.sqrt()
            y = front * root * (total + arb(0, 2 * rest))
            return y, front / root * (slope + arb(0, (2 * rest * abs(arb(weight))).upper()))


def cached(coefficients: Callable[[int], list[fmpq]]) -> Callable[[int], tuple[fmpq, ...]]:
    """The same coefficients, computed once for each number of them that is a power of 2."""

    @lru_cache(maxsize=16)
    def rounded(count: int) -> tuple[fmpq, ...]:
        return tuple(coefficients(count))

    def some(count: int) -> tuple[fmpq, ...]:
        return rounded(1 << max(4, (count - 1).bit_length()))[:count]

    return some
