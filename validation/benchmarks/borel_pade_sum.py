"""Borel-Padé-Laplace: the [N/N] approximant of a Borel germ, integrated against exp(-t).

The germ is that of the quartic oscillator V = x^2 + x^4, 2F1(1/4, 3/4; 1; -4z), at g = 1/10. What is computed is
int_0^oo exp(-t) P(t g)/Q(t g) dt: the integral of the *approximant*, not the sum that it approximates, so that every
method has the same right answer.

Two contests:

* *the integral*: everyone starts from P and Q, with more bits than are asked for. This package finds the roots of Q and
  the partial fractions, and integrates them in balls; the result is certified. The others evaluate P/Q by Horner's rule
  in quadratures, at a precision of the bits asked for. mpmath keeps the nodes of its quadrature from round to round. It
  is several times faster where gmpy2 is installed: the environment that is recorded says which integers it had.
* *from the coefficients*: everyone starts from 2 N + 1 coefficients and computes the approximant too; the others in
  floating numbers with 5 N guard bits, which is about what the solution of the equations loses.

The right answer is that of Arb's certified quadrature (``acb.integral``; Johansson 2018, Mathematical Software - ICMS
2018, LNCS 10931, 255), which shares nothing with the method of this package but P and Q. All coefficients of P and Q
are positive, so that P/Q is at most the largest p_k/q_k on the ray: that bounds the part of the integral left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.integrate
import scipy.interpolate
from flint import acb, acb_poly, arb, fmpq

from resurgence import models
from resurgence.borel import BorelTransform
from resurgence.borel_pade import PadeSum, estimate
from resurgence.continuation.pade import Pade
from resurgence.numbers import working_precision
from resurgence.rays import Ray
from resurgence.series import FormalSeries

from .approximant import decimal, mpmath_context, mpmath_numbers, sides
from .contest import OURS, Contender, Contest
from .pari import pari_call, pari_numbers

__all__ = ["from_coefficients", "integral"]

#: The coupling.
G = fmpq(1, 10)

#: Bits by which the data that everyone starts from are better than what is asked for.
_MORE_BITS = 200

#: Bits by which the equations for an approximant lose precision, for each of N.
_LOST_BITS = 5

_INTEGRAL_IN_PARI = "intnum(t = 0, [oo, 1], exp(-t) * subst(P, 'v, t/10) / subst(Q, 'v, t/10))"


def integral(order: int, bits: int) -> Contest:
    """The integral of a given approximant."""
    borel = _series(order).borel()
    known = bits + _MORE_BITS
    p, q = sides(Pade(borel, order, order, bits=known), known)
    context = mpmath_context(bits)
    above, below = (mpmath_numbers(context, side)[::-1] for side in (p, q))
    p_floats, q_floats = (np.array([float(c.real.mid()) for c in reversed(side)]) for side in (p, q))
    contenders = [
        Contender(
            OURS,
            partial(_sum, borel=borel, bits=bits),
            _one,
            prepare=lambda: Pade(borel, order, order, bits=known),
            certified=True,
        ),
        Contender("mpmath.quad", lambda _: _mpmath_integral(context, above, below), _one),
        Contender(
            "PARI intnum",
            lambda task: task(),
            lambda value: pari_numbers([value]),
            pari_call(bits, f"(P, Q) -> {_INTEGRAL_IN_PARI}", *(_polynomial(side, bits) for side in (p, q))),
        ),
        Contender("flint acb.integral", lambda _: _arb_integral(p, q, bits), _one, certified=True),
        Contender("scipy.integrate.quad", lambda _: _scipy_integral(p_floats, q_floats), _one),
    ]
    return Contest(f"integral of [{order}/{order}], {bits} bits", order, contenders, [_truth(p, q, bits)], 2 * bits)


def from_coefficients(order: int, bits: int) -> Contest:
    """The approximant of given coefficients, and its integral."""
    series = _series(order)
    borel = series.borel()
    known = bits + _MORE_BITS
    p, q = sides(Pade(borel, order, order, bits=known), known)
    work = bits + _LOST_BITS * order
    context = mpmath_context(work)
    terms = [context.mpf(int(t.p)) / int(t.q) for t in borel.terms]

    def with_mpmath(_: object) -> Any:
        context.prec = work
        above, below = context.pade(terms, order, order)
        context.prec = bits
        return _mpmath_integral(context, above[::-1], below[::-1])

    def with_scipy(_: object) -> Any:
        above, below = scipy.interpolate.pade(floats, order, order)
        return _scipy_integral(above.coeffs, below.coeffs)

    floats = [float(t) for t in terms]
    vector = f"[{', '.join(f'{t.p}/{t.q}*1.' for t in borel.terms)}]"
    contenders = [
        Contender(OURS, lambda given: _from_series(given, order, bits), _one, lambda: _series(order), certified=True),
        Contender("mpmath.pade + quad", with_mpmath, _one),
        Contender(
            "PARI bestapprPade + intnum",
            lambda task: task(),
            lambda value: pari_numbers([value]),
            pari_call(
                work,
                f"b -> my(R = bestapprPade(Ser(b, 'v), {order}), P = numerator(R), Q = denominator(R)); "
                f"localbitprec({bits}); {_INTEGRAL_IN_PARI}",
                vector,
            ),
        ),
        Contender("scipy pade + quad", with_scipy, _one),
    ]
    return Contest(f"sum by [{order}/{order}], {bits} bits", order, contenders, [_truth(p, q, bits)], 2 * bits)


# ---------------------------------------------------------------------------------------------------------------------


def _series(order: int) -> FormalSeries:
    """The coefficients alone: the model knows its germ in closed form, which would not be a Padé sum."""
    return FormalSeries(models.quartic.series(2 * order + 1).coefficients)


def _sum(pade: Pade, borel: BorelTransform, bits: int) -> acb:
    with working_precision(bits):
        return estimate([PadeSum(pade, Ray(G), borel, bits)], "along", 0.0).value


def _from_series(series: FormalSeries, order: int, bits: int) -> acb:
    borel = series.borel()
    return _sum(Pade(borel, order, order), borel, bits)


def _one(value: Any) -> list[Any]:
    return [value]


def _mpmath_integral(context: Any, above: Sequence[Any], below: Sequence[Any]) -> Any:
    def integrand(t: Any) -> Any:
        return context.exp(-t) * context.polyval(above, t / 10) / context.polyval(below, t / 10)

    return context.quad(integrand, [0, context.inf])


def _scipy_integral(above: Any, below: Any) -> float:
    value, _ = scipy.integrate.quad(
        lambda t: np.exp(-t) * np.polyval(above, t / 10) / np.polyval(below, t / 10), 0, np.inf
    )
    return float(value)


def _arb_integral(p: Sequence[acb], q: Sequence[acb], bits: int) -> acb:
    """Certified: the integral to T in balls, and a bound for what is left out."""
    end = math.ceil(bits * math.log(2)) + 20
    with working_precision(bits + 40):
        above, below = acb_poly(list(p)), acb_poly(list(q))
        tolerance = arb(2) ** -bits
        value = acb.integral(
            lambda z, _: (-z).exp() * above(z * G) / below(z * G), 0, end, rel_tol=tolerance, abs_tol=tolerance
        )
        ratios = [a.real / b.real for a, b in zip(p, q, strict=True)]
        if not all(a.real > 0 and b.real > 0 for a, b in zip(p, q, strict=True)):
            raise ValueError("the coefficients of the approximant are not all positive")
        rest = max(r.upper() for r in ratios) * (-arb(end)).exp()
        return value + acb(arb(0, rest.upper()))


def _truth(p: Sequence[acb], q: Sequence[acb], bits: int) -> acb:
    return _arb_integral(p, q, bits + 20)


def _polynomial(side: Sequence[acb], bits: int) -> str:
    return f"Pol([{', '.join(decimal(c, bits + _MORE_BITS) for c in reversed(side))}], 'v)"
