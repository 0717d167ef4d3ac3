"""Padé approximants from their coefficients, and their poles.

The germ is log(1 + z)/z, whose [N-1/N] approximants and their poles are known (:mod:`.gauss_legendre`); no method makes
use of that.

* *the approximant*: numerator and denominator with Q(0) = 1, to the bits asked for. This package certifies them, from
  exact coefficients; PARI and mpmath get floating ones with 5 N guard bits, about what the equations lose; scipy has
  double precision.
* *the poles*: from Q to the digits asked for. This package certifies them, and computes the residues with them.
  mpmath and PARI get Q with more digits than are asked for and compute poles only; numpy has double precision. mpmath
  takes part up to 100 poles: it needs minutes for more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.interpolate
from flint import acb

from resurgence.continuation.pade import Pade
from resurgence.numbers import bits_for, working_precision

from . import gauss_legendre
from .approximant import decimal, mpmath_context, mpmath_numbers, sides
from .contest import OURS, Contender, Contest
from .pari import pari_call, pari_numbers

__all__ = ["approximant", "poles"]

#: Bits that the equations for an approximant lose, for each of N: 2 log2(1 + sqrt 2)^2 (the condition of the segments
#: of Hilbert's matrix; Wilf 1970, *Finite Sections of Some Classical Inequalities*).
_LOST_BITS = 5.1

#: Most poles that mpmath is asked for.
_MPMATH_POLES = 100


def approximant(order: int, bits: int) -> Contest:
    """Numerator and denominator."""
    series = gauss_legendre.series(order)
    work = math.ceil(bits + _LOST_BITS * order) + 20
    context = mpmath_context(work)
    terms = [context.mpf(int(t.p)) / int(t.q) for t in series.borel().terms]
    floats = [float(t) for t in terms]
    p, q = gauss_legendre.coefficients(order)

    def normalised(above: Any, below: Any) -> list[Any]:
        return [c / below[0] for c in (*above, *below)]

    contenders = [
        Contender(
            OURS,
            lambda borel: Pade(borel, order - 1, order, bits=bits),
            lambda pade: [c for side in sides(pade, bits) for c in side],
            series.borel,
            certified=True,
        ),
        Contender(
            "PARI bestapprPade",
            lambda task: task(),
            lambda parts: normalised(*(pari_numbers(part) for part in parts)),
            pari_call(
                work,
                f"b -> my(R = bestapprPade(Ser(b, 'v), {order})); [Vecrev(numerator(R)), Vecrev(denominator(R))]",
                f"[{', '.join(f'{t.p}/{t.q}*1.' for t in series.borel().terms)}]",
            ),
        ),
        Contender("mpmath.pade", lambda _: context.pade(terms, order - 1, order), lambda parts: normalised(*parts)),
        Contender(
            "scipy.interpolate.pade",
            lambda _: scipy.interpolate.pade(floats, order, order - 1),
            lambda parts: normalised(_ascending(parts[0].coeffs, order), _ascending(parts[1].coeffs, order + 1)),
        ),
    ]
    label = f"[{order - 1}/{order}] from coefficients, {bits} bits"
    return Contest(label, order, contenders, [*p, *q], 2 * work)


def poles(order: int, digits: int) -> Contest:
    """The poles."""
    borel = gauss_legendre.series(order).borel()
    bits = bits_for(digits)
    work = math.ceil(bits + _LOST_BITS * order) + 20
    context = mpmath_context(bits)
    with working_precision(work):
        q = [acb(c) for c in gauss_legendre.coefficients(order)[1]]
    descending = mpmath_numbers(context, q)[::-1]
    floats = [float(c.real.mid()) for c in reversed(q)]
    contenders = [
        Contender(
            OURS,
            lambda pade: pade.poles(digits),
            lambda found: _sorted([pole.location.ball(2 * work) for pole in found]),
            lambda: Pade(borel, order - 1, order, bits=work),
            certified=True,
        ),
        Contender(
            "PARI polroots",
            lambda task: task(),
            lambda found: _sorted(pari_numbers(found)),
            pari_call(
                work,
                f"P -> localbitprec({bits}); polroots(P)",
                f"Pol([{', '.join(decimal(c, work) for c in reversed(q))}], 'v)",
            ),
        ),
        Contender(
            "numpy.roots", lambda _: np.roots(floats), lambda found: _sorted([acb(z.real, z.imag) for z in found])
        ),
    ]
    if order <= _MPMATH_POLES:
        contenders.append(
            Contender(
                "mpmath.polyroots",
                lambda _: context.polyroots(descending, maxsteps=400, extraprec=work),
                lambda found: _sorted([acb(z.real, z.imag) for z in found]),
            )
        )
    return Contest(
        f"{order} poles of [{order - 1}/{order}], {digits} digits",
        order,
        contenders,
        gauss_legendre.poles(order, 2 * work),
        2 * work,
    )


def _ascending(descending: Any, count: int) -> list[float]:
    """Coefficients in ascending order; leading zeros, which scipy leaves out, put back."""
    ascending = [float(c) for c in reversed(descending)]
    return ascending + [0.0] * (count - len(ascending))


def _sorted(points: Sequence[acb]) -> list[acb]:
    return sorted(points, key=lambda z: float(z.real.mid()))
