"""Euler's equation x^3 y'' + (x^2 + x) y' - y = 0 at x = 1/10: from the equation to certified digits.

Its formal solution x - x^2 + 2 x^3 - 6 x^4 + ... has the Borel sum

    y(x) = exp(1/x) E_1(1/x) = int_0^oo exp(-t) x/(1 + x t) dt.

Not everyone is told the same: this package and ore_algebra get the differential equation and certify what they return.
``mpmath.quad``, PARI's ``intnum`` and ``scipy.integrate.quad`` get the integrand in closed form and certify nothing.
``expint``, ``hypgeom_u``, ``e1`` and ``eint1`` are the closed form of this one function: no method for equations in
general can be faster, so that they show what generality costs.

The right answer is exp(x) E_1(x) in Arb's balls, with more digits; ``flint U(1, 1, 10)`` confirms it by another way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.integrate
from flint import acb, arb, fmpq

from resurgence.laplace import borel_sum
from resurgence.numbers import Enclosure, bits_for, working_precision
from resurgence.series import FormalSeries

from .approximant import mpmath_context
from .contest import OURS, Contender, Contest
from .ore_algebra import OreAlgebra
from .pari import pari_call, pari_numbers

__all__ = ["certified_sum"]

#: p_0, p_1, p_2, and the coefficients that the equation leaves free.
EQUATION, INITIAL = ["-1", "x^2 + x", "x^3"], [0, 1]

#: Bits beyond the digits asked for in working precisions: the peers' results lose a few, relative to 1.
_GUARD_BITS = 32


def certified_sum(digits: int, ore_algebra: OreAlgebra) -> Contest:
    """The sum to so many digits."""
    bits = bits_for(digits) + _GUARD_BITS
    judged = 2 * bits
    context = mpmath_context(bits)

    def in_balls(function: Callable[[acb], acb]) -> acb:
        with working_precision(bits):
            return function(acb(10))

    contenders = [
        Contender(OURS, lambda _: solve(digits), lambda sum_: [sum_.ball(judged)], certified=True),
        Contender(
            "ore_algebra borel_laplace",
            # Its tolerance is absolute and the sum 0.09...
            lambda _: ore_algebra.borel_sum(EQUATION, "1/10", 0, digits + 2),
            _ball_of_fraction,
            certified=True,
            own_clock=True,
        ),
        Contender("mpmath.quad", lambda _: context.quad(partial(_integrand, context), [0, context.inf]), _one),
        Contender(
            "PARI intnum",
            lambda task: task(),
            lambda value: pari_numbers([value]),
            pari_call(bits, "() -> intnum(t = 0, [oo, 1], exp(-t) / (10 + t))"),
        ),
        Contender("flint exp(10) E1(10)", lambda _: in_balls(_closed_form), _one, certified=True),
        Contender("flint U(1, 1, 10)", lambda _: in_balls(lambda x: x.hypgeom_u(acb(1), acb(1))), _one, certified=True),
        Contender("mpmath.e1", lambda _: context.exp(10) * context.e1(10), _one),
        Contender(
            "PARI eint1",
            lambda task: task(),
            lambda value: pari_numbers([value]),
            pari_call(bits, "() -> exp(10) * eint1(10)"),
        ),
        Contender(
            "scipy.integrate.quad",
            lambda _: scipy.integrate.quad(lambda t: np.exp(-t) / (10 + t), 0, np.inf)[0],
            _one,
        ),
    ]
    with working_precision(judged):
        truth = _closed_form(acb(10))
    return Contest(f"Euler's equation, {digits} digits", digits, contenders, [truth], judged)


def solve(digits: int) -> Enclosure:
    """From the equation to the sum, with nothing kept from call to call."""
    return borel_sum(FormalSeries.from_ode(EQUATION, initial=INITIAL), "1/10", digits=digits)


def _closed_form(x: acb) -> acb:
    return x.exp() * x.expint(acb(1))


def _integrand(context: Any, t: Any) -> Any:
    return context.exp(-t) / (10 + t)


def _one(value: Any) -> Sequence[Any]:
    return [value]


def _ball_of_fraction(reply: dict[str, str]) -> list[acb]:
    numerator, _, denominator = reply["value"].partition("/")
    middle = arb(fmpq(int(numerator), int(denominator or 1)))
    return [acb(middle + arb(0, arb(reply["radius"]).upper()))]
