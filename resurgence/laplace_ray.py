"""Laplace integrals along a ray, of germs that a linear system continues: certified.

    int_0^(infinity e^(i theta)) exp(-lambda z) y(z) dz

is cut into segments z_0 + delta x, 0 <= x <= 1, on each of which y is a Taylor polynomial with a proved error
(:mod:`resurgence.linear_system`), and what is left beyond the last. The moments j_n(a) = int_0^1 exp(-a x) x^n dx, with
a = lambda delta, obey

    a j_n = n j_(n-1) - exp(-a) ,

which is stable upwards for n < |a| and downwards for n > |a| (Gautschi 1967 on three-term recurrences; here two).

Beyond the last point z_1 Grönwall's lemma gives |y(z)| <= Y exp(rate |z - z_1|), with the rate of
:meth:`LinearSystem.bounds_beyond`, so that the rest is at most Y |exp(-lambda z_1)|/(Re lambda e^(i theta) - rate): the
segments go on until that is negligible. They need the fewer bits the further out they lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import flint
from flint import acb, acb_mat, arb

from .linear_system import EXACT_BITS, STEP, LinearSystem, short_fraction
from .numbers import working_precision

__all__ = ["Origin", "laplace_integral", "moments"]

#: Bits beyond those that a segment must contribute.
_GUARD_BITS = 20

#: Fewest bits of a segment.
_LEAST_BITS = 40

#: Segments are so short that bounds grow by no more than the exponential of this.
_LARGEST_GROWTH = 20

#: Segments after which the integral is given up.
_MAX_SEGMENTS = 1000


class Origin(Protocol):
    """The germ near its origin: a power series that solves the system, with bounds for what is cut off."""

    def radius(self, bits: int) -> arb:
        """A lower bound for the distance to the nearest other singular point of the system."""

    def taylor(self, reach: arb, bits: int) -> tuple[list[acb], arb]:
        """b_0, ..., b_(N-1), and a bound of what is cut off for |z| <= ``reach``."""

    def state(self, z: acb, bits: int) -> acb_mat:
        """W at z, |z| < radius, errors included."""


def laplace_integral(
    system: LinearSystem, germ: Origin, rate: acb, direction: acb, bits: int, origin: acb | int = 0
) -> acb:
    """``int exp(-rate z) y(z) dz`` from 0 to infinity in a direction in which no singular point lies.

    Parameters
    ----------
    system : LinearSystem
        In the variable ``origin + z``.
    germ : Origin
        y near z = 0.
    rate : acb
        lambda = 1/g.
    direction : acb
        An exact number of modulus near 1.
    bits : int
        Relative accuracy aimed at; some is lost, and the ball says how much.
    origin : acb
        Where z = 0 is for the system.

    Raises
    ------
    ValueError
        Where the integral does not converge for all that the bounds can say: Re(rate * direction) is too small for the
        growth of y.
    """
    with working_precision(64):
        decay = (rate * direction).real
        if not decay > 0:
            raise ValueError(f"exp(-z/g) does not decay in the direction {complex(direction)} for 1/g = {rate}")
        reach = short_fraction((germ.radius(64) * STEP).min(bits / decay))  # there is nothing to gain further out
        if decay <= abs(direction) * system.growth:
            raise _not_seen_to_converge(direction, rate, system.growth)
        if reach is None:
            raise ValueError(f"the germ does not converge around 0 so far that it could be seen: {germ.radius(64)}")
    with working_precision(bits):
        step = direction * reach
        coefficients, error = germ.taylor(abs(step).upper(), bits)
        total = _segment(coefficients, error, step, rate * step, power=step)
    state, done = germ.state(step, bits), reach
    for _ in range(_MAX_SEGMENTS):
        with working_precision(64):
            here = direction * done
            weight = (-rate * here).exp()
            bounds = system.bounds_beyond(here + origin, direction)
            excess = decay - abs(direction) * bounds.rate
            size = bounds.observable(state)
            if excess > 0:
                rest = (abs(direction) * abs(weight) * size / excess).upper()
                if rest < abs(total).lower() * arb(2) ** -bits or rest < total.rad():
                    break
            room = short_fraction(
                (system.distance(here + origin) * STEP).min(_LARGEST_GROWTH / bounds.rate) / abs(direction)
            )
            if room is None:
                raise ValueError(f"the ray in the direction {complex(direction)} runs into a singular point")
            growth = (2 * abs(direction) * room * bounds.rate).exp()  # of the terms, and of their rounding errors
            worth = abs(weight) * size * growth / (decay * abs(total).upper() + arb(2) ** -bits)
        needed = max(_LEAST_BITS + _log2(growth), bits + _GUARD_BITS + _log2(worth))
        with working_precision(EXACT_BITS):
            start, step = direction * done, direction * room
        with working_precision(needed):
            piece = system.expand(start + origin, step, state, needed)
        state, done = piece.end, done + room
        with working_precision(needed):
            part = _segment(piece.coefficients, piece.error, step, rate * step) * (-rate * start).exp()
        with working_precision(bits):
            total += part
    else:
        raise _not_seen_to_converge(direction, rate, float(bounds.rate))
    with working_precision(bits):
        spread = arb(0, rest)
        return acb(total.real + spread, total.imag + spread)


def _not_seen_to_converge(direction: acb, rate: acb, growth: float) -> ValueError:
    return ValueError(
        f"the Laplace integral in the direction {complex(direction)} is not seen to converge for 1/g = {complex(rate)}:"
        f" the germ may grow like exp({growth:.3g} |z|); take a smaller g or another direction"
    )


def _segment(coefficients: Sequence[acb], error: arb, step: acb, a: acb, power: acb | None = None) -> acb:
    """``step * int_0^1 exp(-a x) (sum_n c_n (power x)^n + [error]) dx``, with Re a >= 0."""
    total, scale = acb(0), acb(1)
    for c, moment in zip(coefficients, moments(a, len(coefficients)), strict=True):
        if power is None:
            total += c * moment
        else:
            total += c * scale * moment
            scale *= power
    spread = arb(0, error.upper())
    return step * (total + acb(spread, spread))


def moments(a: acb, count: int) -> list[acb]:
    """``int_0^1 exp(-a x) x^n dx`` for n = 0, ..., count - 1, at flint's current precision.

    Examples
    --------
    >>> import math
    >>> [first, second] = moments(acb(1), 2)
    >>> abs(first - (1 - math.exp(-1))) < 1e-15, abs(second - (1 - 2 * math.exp(-1))) < 1e-15
    (True, True)
    """
    last, large = count - 1, int(float(abs(a).upper()))
    turn = min(last, large)
    decayed = (-a).exp()
    found = [acb(0)] * count
    if large > 0:
        found[0] = (1 - decayed) / a
        for n in range(1, turn + 1):
            found[n] = (found[n - 1] * n - decayed) / a
    if last > turn or large == 0:
        found[last] = decayed * _kummer(a, last) / (last + 1)
        for n in range(last, turn + 1 if large else 0, -1):
            found[n - 1] = (a * found[n] + decayed) / n
    return found


def _kummer(a: acb, n: int) -> acb:
    """1F1(1; n + 2; a) = exp(a) (n + 1) j_n(a) for |a| < n + 2 (DLMF 13.4.1), by its series of falling terms."""
    total, term, k = acb(0), acb(1), 0
    size, cut = abs(a).upper(), arb(2) ** -(flint.ctx.prec + 1)
    while abs(term) > cut:
        total += term
        k += 1
        term = term * a / (n + 1 + k)
    rest = abs(term) / (1 - size / (n + 2 + k))
    spread = arb(0, rest.upper())
    return total + acb(spread, spread)


def _log2(value: arb) -> int:
    """The binary logarithm of a positive number, rounded up; very negative for 0."""
    number = value.upper()
    if not number > 0:
        return -(1 << 30)
    mantissa, exponent = number.man_exp()
    return int(mantissa).bit_length() + int(exponent)
