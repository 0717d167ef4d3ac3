"""How the cost grows with the order N and with the digits D.

* *order, sums*: from 2 N coefficients of the germ log(1 + z)/z to the certified Laplace integral of its [N-1/N]
  approximant, to 100 digits, at g = 1/10. Beside it PARI's ``bestapprPade`` and ``intnum``. The right numbers come from
  Gauss's quadrature (:mod:`.gauss_legendre`).
* *order, coefficients*: N coefficients from an action, exactly, beside a loop that knows their recurrence.
* *digits*: Euler's equation (:mod:`.euler`).

Sizes grow by factors, and the exponents are fitted to the shortest time of each size: a disturbance of the machine only
ever adds.
"""

from __future__ import annotations

from dataclasses import replace

from flint import acb, fmpq

from resurgence.borel_pade import PadeSum, estimate
from resurgence.continuation.pade import Pade
from resurgence.numbers import bits_for, working_precision
from resurgence.rays import Ray
from resurgence.series import FormalSeries

from . import coefficients, gauss_legendre
from .contest import OURS, Contender, Contest
from .pari import pari_call, pari_numbers

__all__ = ["coefficients_of_order", "sum_of_order"]

_G = fmpq(1, 10)
_DIGITS = 100


def sum_of_order(order: int) -> Contest:
    """The [N-1/N] sum."""
    bits = bits_for(_DIGITS)
    series = gauss_legendre.series(order)
    work = bits + 6 * order
    contenders = [
        Contender(OURS, lambda _: _sum(series, order, bits), lambda value: [value], certified=True),
        Contender(
            "PARI bestapprPade + intnum",
            lambda task: task(),
            lambda value: pari_numbers([value]),
            pari_call(
                work,
                f"b -> my(R = bestapprPade(Ser(b, 'v), {order}), P = numerator(R), Q = denominator(R)); "
                f"localbitprec({bits}); intnum(t = 0, [oo, 1], exp(-t) * subst(P, 'v, t/10) / subst(Q, 'v, t/10))",
                f"[{', '.join(f'{t.p}/{t.q}*1.' for t in series.borel().terms)}]",
            ),
        ),
    ]
    truth = gauss_legendre.sum_of_approximant(order, _G, 2 * bits)
    return Contest(f"sum by [{order - 1}/{order}], {_DIGITS} digits", order, contenders, [truth], 2 * bits)


def coefficients_of_order(order: int) -> Contest:
    """N exact coefficients, beside the bare loop alone."""
    contest = coefficients.of_action(order)
    return replace(contest, contenders=contest.contenders[:2])


def _sum(series: FormalSeries, order: int, bits: int) -> acb:
    borel = series.borel()
    with working_precision(bits):
        return estimate([PadeSum(Pade(borel, order - 1, order), Ray(_G), borel, bits)], "along", 0.0).value
