"""Laplace integrals of continuations along a ray, by double-exponential quadrature.

    g^(-1-s) int_0^(inf e^(i theta)) exp(-z/g) z^s f(z) dz  =  k^(1+s) int_0^inf exp(-k x) x^s f(e^(i theta)|g| x) dx,

k = e^(i theta)|g|/g. With x = exp((pi/2) sinh t) the trapezoidal rule converges as exp(-c/h) (Takahasi & Mori 1974),
and serves an f that varies on quite different scales near 0 and far out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import acb, arb, fmpq

from .continuation.continuation import Continuation
from .numbers import working_precision

__all__ = ["RayIntegral", "ray_integrals"]

#: 1/h of the first rule and of the last.
FIRST_RULE, LAST_RULE = 8, 512

#: The error of the quadrature is brought below this share of the spread between the integrals.
SHARE = 1 / 64

#: Bits beyond those asked for, and weights below which nodes are left out.
GUARD_BITS = 24


@dataclass(frozen=True)
class RayIntegral:
    """The integrals of several continuations; ``error`` has what the quadrature leaves undone, and the radii."""

    values: list[acb]
    error: arb


def ray_integrals(
    continuations: Sequence[Continuation], g: acb, towards: acb, leroy: Fraction, bits: int
) -> RayIntegral:
    """The integrals of all continuations along one ray.

    Parameters
    ----------
    continuations : sequence of Continuation
        Of B_s(z) Gamma(1 + s), s being ``leroy``.
    g : acb
        The coupling, not zero.
    towards : acb
        A point of the ray; exp(-z/g) decays along it.
    leroy : Fraction
    bits : int
        Relative accuracy asked for; less is given where the continuations differ by more.

    Raises
    ------
    ValueError
        Where a continuation has no value on the ray.
    """
    s = fmpq(leroy.numerator, leroy.denominator)
    with working_precision(bits + GUARD_BITS):
        size = abs(g)
        direction = towards / abs(towards)
        k = direction * size / g
        reach = (bits + GUARD_BITS) * math.log(2)
        first = -math.asinh(2 / math.pi * reach / float(fmpq(1) + s))
        last = math.asinh(2 / math.pi * math.log(4 * reach / float(k.real)))
        factor = k ** acb(s + 1) / acb(s + 1).gamma()
        rule, sums = FIRST_RULE, [acb(0)] * len(continuations)
        previous: list[acb] | None = None
        while True:
            # Only the odd multiples of the step are new after the first rule.
            numbers = range(math.floor(first * rule), math.ceil(last * rule) + 1)
            chosen = [j for j in numbers if previous is None or j % 2]
            nodes, weights = [], []
            for j in chosen:
                t = arb(j) / rule
                x = (arb.pi() / 2 * t.sinh()).exp()
                weights.append((-k * x).exp() * acb(x ** arb(s + 1)) * t.cosh() * arb.pi() / 2)
                nodes.append((direction * size * x).mid())
            for i, continuation in enumerate(continuations):
                values = continuation.values(nodes, bits)
                sums[i] = sums[i] + sum((w * v for w, v in zip(weights, values, strict=True)), acb(0))
            balls = [total * factor / rule for total in sums]
            integrals = [value.mid() for value in balls]
            if previous is not None:
                radius = max(abs(ball - value).upper() for ball, value in zip(balls, integrals, strict=True))
                error = max(abs(new - old).upper() for new, old in zip(integrals, previous, strict=True))
                spread = max((abs(value - integrals[0]).upper() for value in integrals[1:]), default=arb(0))
                wanted = (abs(integrals[0]) * arb(2) ** -bits).max(spread * SHARE).max(radius)
                if error < wanted or rule >= LAST_RULE:
                    return RayIntegral(integrals, error + radius)
            previous, rule = integrals, 2 * rule
