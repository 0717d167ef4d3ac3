"""The integral of exp(-V/g) over R^d, as Borel sums.

For a real V that is proper and tame, with nondegenerate real critical points p of index k(p), and g > 0,

    int exp(-V/g) d^d x = sum_p (-1)^floor(k(p)/2) S_above F_p(g) ,

where F_p is the series at p with its prefactor, C_p exp(-V(p)/g) g^(d/2) Phi_p, C_p = (2 pi)^(d/2)/sqrt(det V''(p))
with the principal root (:mod:`resurgence.intersection_numbers`; Witten 2011, section 3). Critical points that are not
real do not contribute. The imaginary parts of the sums cancel.
"""

from __future__ import annotations

import mpmath
from flint import acb

from .action import MAX_GERM_DIMENSION, Action
from .intersection_numbers import real_cycle
from .laplace import borel_sum
from .numbers import Enclosure, Status, bits_for, check_digits, enclosure, rational, working_precision
from .tameness import is_known_proper, is_known_tame

__all__ = ["real_integral"]

#: Digits beyond those asked for in the first attempt, and attempts.
_GUARD_DIGITS = 5
_MAX_ATTEMPTS = 6


def real_integral(action: Action, g: object, digits: int = 30) -> Enclosure:
    """See :meth:`resurgence.Action.integral`."""
    coupling, digits = rational(g), check_digits(digits)
    if coupling is None or coupling <= 0:
        raise ValueError(f"the integral over R^d is computed for a positive rational g, got {g}")
    if action.jacobian_ring.dimension > MAX_GERM_DIMENSION:
        raise ValueError(
            f"the integral is computed for actions with at most {MAX_GERM_DIMENSION} critical points, "
            f"{action} has {action.jacobian_ring.dimension}"
        )
    cycle = real_cycle(action)
    series = [(number, action.expand(1, at=point)) for point, number in cycle]
    status, method = _status(action)
    wanted, asked = bits_for(digits), digits + _GUARD_DIGITS
    for _ in range(_MAX_ATTEMPTS):
        sums = [(number, borel_sum(s, coupling, asked, side="above")) for number, s in series]
        bits = bits_for(asked)
        with working_precision(bits + 64):
            total = acb(0)
            for number, value in sums:
                total += number * value.ball(bits + 64)
            real = acb(total.real)
        reached = real.rel_accuracy_bits()
        if reached >= wanted:
            break
        asked += max(_GUARD_DIGITS, round((wanted - reached) * 0.31))
    return enclosure(real, status, method, mpmath.mpf(0))


def _status(action: Action) -> tuple[Status, str]:
    """Of the formula above."""
    ring = action.jacobian_ring
    method = "Borel sums at the real critical points"
    if is_known_tame(ring) and is_known_proper(ring):
        return "certified", method
    return "estimated", f"{method}, provided that the action is tame and proper at infinity"
