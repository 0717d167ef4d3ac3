"""The sector of directions in which a Borel sum is the same, and the best direction in it.

By Cauchy's theorem the ray of a Laplace integral may be turned as long as it meets no singular point and exp(-z/g) goes
on decaying. A sum just above a Stokes line is so the sum along a ray well above it, up to the next singular direction.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence

from flint import acb, arb

from .linear_system import STEP
from .numbers import ball, working_precision
from .rays import PRECISIONS, Ray, Side

__all__ = ["free_direction"]

#: Directions tried in a sector.
_TRIALS = 16

#: Bits of a direction beyond those that place it in its sector.
_DIRECTION_BITS = 16

#: Work for a segment that does not depend on its bits, in bits.
_SEGMENT_COST = 60

#: Segments at which the estimate of the work stops.
_MOST_SEGMENTS = 200


def free_direction(
    ray: Ray, side: Side | None, singular: Sequence[object], obstacles: Sequence[object], bits: int
) -> acb:
    """A direction without singular points in which the integral is the one along the ray.

    Parameters
    ----------
    ray : Ray
    side : {"above", "below"} or None
        How the ray passes those singular points that lie on it; None where there are none.
    singular : sequence of numbers
        Singular points that must not be crossed; not 0.
    obstacles : sequence of numbers
        Points that may be crossed, but not met.
    bits : int
        Accuracy aimed at, which decides about the cheapest direction.

    Returns
    -------
    acb
        An exact number of modulus near 1.
    """
    turns = [_turn(ray, point) for point in singular]
    behind = [t for t in turns if t < 0 or (t == 0 and side == "above")]
    ahead = [t for t in turns if t > 0 or (t == 0 and side == "below")]
    with working_precision(64):
        lean = float((ray.towards(64) / ray.coupling(64)).arg())
        towards, coupling = complex(ray.towards(64)), complex(ray.coupling(64))
    low, high = max(behind, default=-math.pi), min(ahead, default=math.pi)
    low, high = max(low, -math.pi / 2 - lean), min(high, math.pi / 2 - lean)
    trials = [t for t in (-lean, 0.0) if low < t < high]  # the first of equal ones is taken
    trials += [low + (high - low) * k / _TRIALS for k in range(1, _TRIALS)]
    points = [complex(ball(p, 64)) for p in (*singular, *obstacles)]
    turn = min(trials, key=lambda t: _work(points, towards / abs(towards) * cmath.exp(1j * t), 1 / coupling, bits))
    precision = _DIRECTION_BITS + max(0, math.ceil(-math.log2(high - low)))
    with working_precision(precision + 64):
        exact = ray.towards(precision + 64)
        exact = exact / abs(exact) * acb(0, arb(turn)).exp()
    with working_precision(precision):
        direction = acb((exact.real.mid() + 0).mid(), (exact.imag.mid() + 0).mid())
    _check(ray, direction, turn, singular, turns, side)
    return direction


def _turn(ray: Ray, point: object) -> float:
    """The angle in (-pi, pi] by which the ray must be turned to meet a point; 0 where it meets it as it is."""
    for bits in PRECISIONS:
        with working_precision(bits):
            quotient = ball(point, bits) / ray.towards(bits)
            if quotient.imag > 0 or quotient.imag < 0:
                angle = float(quotient.arg().mid())
                return angle if angle else math.copysign(5e-324, float(quotient.imag > 0) - 0.5)
    return 0.0 if quotient.real > 0 else math.pi


def _work(points: Sequence[complex], direction: complex, rate: complex, bits: int) -> float:
    """Bits times segments of the integral in a direction, roughly."""
    decay = (rate * direction).real
    if decay <= 0:
        return math.inf
    done, total = 0.0, 0.0
    for _ in range(_MOST_SEGMENTS):
        needed = bits - done * decay / math.log(2)
        if needed < 0:
            return total
        total += needed + _SEGMENT_COST
        here = direction * done
        room = min((abs(here - p) for p in points), default=math.inf)
        done += min(room * STEP, bits / decay)
    return total * (1 + needed / bits)


def _check(
    ray: Ray, direction: acb, turn: float, singular: Sequence[object], turns: Sequence[float], side: Side | None
) -> None:
    """That no singular point was crossed, in balls."""
    for point, before in zip(singular, turns, strict=True):
        if before == math.pi:  # opposite to the ray, which is turned by less than half a turn
            continue
        ahead = before > 0 or (before == 0 and side == "below")
        for bits in PRECISIONS:
            with working_precision(bits):
                offset = ball(point, bits) / direction
            if offset.imag > 0 or offset.imag < 0:
                break
        if not (offset.imag > 0 or offset.imag < 0 or offset.real < 0):
            raise ValueError(f"the direction {complex(direction)} meets the singular point {point}")
        if (turn > 0 and ahead and offset.imag < 0) or (turn < 0 and not ahead and offset.imag > 0):
            raise ValueError(f"no direction is free of singular points beside that of the ray at g = {ray.g}")
