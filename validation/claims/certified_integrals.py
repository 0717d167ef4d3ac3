"""Integrals in balls: the part that flint integrates rigorously (Johansson 2018), and a bound for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flint import acb, arb, fmpq

from resurgence import Enclosure
from resurgence.numbers import working_precision

__all__ = ["BITS", "Integrand", "laplace", "over_the_line", "shown"]

#: Working precision of the checks.
BITS = 128

#: Where rays are cut, in units of g: exp(-100) is below 2^-128.
_REACH = 100

Integrand = Callable[[acb, bool], acb]


def laplace(function: Integrand, side: Literal["above", "below"], bound: arb, g: fmpq) -> acb:
    """``int exp(-x/g) f(x) dx`` from 0 to infinity along the ray through 1 + i (above) or 1 - i (below).

    Parameters
    ----------
    function
        f(x, analytic) in balls; not finite where ``analytic`` is set and f is not analytic on x.
    side
        On which side of the positive axis.
    bound
        Of \\|f\\| on the ray.
    g
        Positive.

    Returns
    -------
    acb
        Contains the integral: beyond Re x = 100 g it is at most sqrt(2) g exp(-100) times the bound.

    Examples
    --------
    >>> exact = acb(1) / 2 - acb(2).exp() * acb(2).expint(1)
    >>> laplace(lambda x, _: x / (1 + x), "above", arb(1), fmpq(1, 2)).overlaps(exact)
    True
    """
    with working_precision(BITS):
        turn = acb(1, 1 if side == "above" else -1)

        def along(r: acb, analytic: bool) -> acb:
            x = turn * r
            return (-x / g).exp() * function(x, analytic) * turn

        rest = (arb(2).sqrt() * bound * arb(g) * arb(-_REACH).exp()).upper()
        return acb.integral(along, 0, arb(_REACH * g)) + acb(arb(0, rest), arb(0, rest))


def over_the_line(function: Integrand, half_width: int, bound: arb, rate: arb) -> acb:
    """``int f(x) dx`` over the real line, where \\|f(x)\\| <= bound exp(-rate \\|x\\|) for \\|x\\| >= ``half_width``.

    >>> over_the_line(lambda x, _: (-x * x).exp(), 10, arb(1), arb(10)).overlaps(acb.pi().sqrt())
    True
    """
    with working_precision(BITS):
        rest = (2 * bound * (-rate * half_width).exp() / rate).upper()
        return acb.integral(function, -half_width, half_width) + acb(arb(0, rest), arb(0, rest))


def shown(value: acb | arb, digits: int = 15) -> str:
    """A ball for people: the digits that are certain, at most so many.

    >>> shown(arb(1) / 4, 6)
    '0.250000'
    """
    return Enclosure.from_ball(acb(value)).short(digits)
