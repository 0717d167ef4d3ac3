"""Laplace integrals of a pole in closed form: what a Borel-Padé sum in partial fractions is made of.

    F_k(w) = int_0^(inf e^(i phi)) exp(-t) t^s / (t - w)^k dt,       |phi| < pi/2,  s > -1

depends on phi only through the side of the ray on which w lies.  With the residue R_k of the integrand at w,

    F_k = M_k + i pi R_k   where w lies counterclockwise of the ray,     F_k = M_k - i pi R_k   where clockwise,

for w in the right half-plane, M_k being the mean of the two. For s = 0 (DLMF 6.2.4, 6.7.1 and 6.5.1)

    R_1 = exp(-w),    M_1 = -exp(-w) Ei(w);          in the left half-plane  F_1 = exp(-w) E_1(-w),

for which see :mod:`resurgence.stieltjes_integral`.

M_k, R_k and F_k obey the same recurrence in k, the integral of d/dt [exp(-t) t^(s+1) / (t - w)^(k-1)] being zero:

    (k - 1) w F_k = (2 + s - k - w) F_(k-1) - F_(k-2),     F_0 = M_0 = Gamma(1 + s),   R_0 = 0.
"""

from __future__ import annotations

from fractions import Fraction

import flint
from flint import acb, fmpq

from .numbers import working_precision
from .stieltjes_integral import stieltjes_integral

__all__ = ["pole_integrals"]

#: Bits that a function may lose without being computed again.
SLACK = 24

#: Times the mean value theorem is applied; each gains as many bits as w has.
CONTRACTIONS = 3


def pole_integrals(w: acb, s: Fraction, count: int) -> tuple[list[acb], list[acb]]:
    """The means M_1, ..., M_count and the residues R_1, ..., R_count at flint's current precision.

    In the left half-plane the integral does not depend on the ray: the residues are zeros there, and M_k is F_k.

    Parameters
    ----------
    w : acb
        The pole, not zero, away from the imaginary axis or on one side of it as far as its midpoint tells: the formulas
        for either side hold across the axis.
    s : Fraction
        Above -1.
    count : int
        At least 1.
    """
    order = fmpq(s.numerator, s.denominator)
    zeroth = acb(order + 1).gamma()
    if w.real.mid() > 0:
        mean, residue = _tight(w, s), w ** acb(order) * (-w).exp()
    else:
        mean, residue = stieltjes_integral(-w, s), acb(0)
    means, residues = [zeroth, mean], [acb(0), residue]
    for k in range(2, count + 1):
        factor, divisor = acb(order + 2 - k) - w, (k - 1) * w
        for known in (means, residues):
            known.append((factor * known[k - 1] - known[k - 2]) / divisor)
    return means[1:], residues[1:]


def _tight(w: acb, s: Fraction) -> acb:
    """M_1 where Re w > 0, on a ball by the mean value theorem where it comes out wide.

    Between their convergent series and their asymptotic one the exponential integrals lose about 3 |w| bits, from the
    precision and from the ball w as well. The recurrence for k = 2 gives the derivative, for which a few bits will do.
    """
    wide = _right(w, s)
    bits = flint.ctx.prec
    wanted = min(bits, w.rel_accuracy_bits()) - SLACK
    if wide.rel_accuracy_bits() >= wanted or not wide.is_finite():
        return wide
    centre = w.mid()
    value = wide
    for factor in (2, 4):
        with working_precision(factor * bits):
            value = _right(centre, s)
        if value.rel_accuracy_bits() >= wanted:
            break
    order = acb(fmpq(s.numerator, s.denominator))
    zeroth = (order + 1).gamma()
    for _ in range(CONTRACTIONS):  # each encloses the function on all of w, so the next may start from it
        wide = value * 1 + ((order - w) * wide - zeroth) / w * (w - centre)
        if wide.rel_accuracy_bits() >= wanted:
            break
    return wide


def _right(w: acb, s: Fraction) -> acb:
    """M_1 where Re w > 0."""
    if s.denominator == 1:
        return _raise_power(-(-w).exp() * _ei(w), w, int(s))
    order = acb(fmpq(s.numerator, s.denominator))
    # Gamma(1 + s) U(1, 1 - s, -w), the two branches averaged: DLMF 13.2.42 and 13.2.39.
    rising = order.gamma() * (-w).hypgeom_1f1(acb(1), 1 - order)
    return rising - acb.pi() * order.cot_pi() * w**order * (-w).exp()


def _ei(w: acb) -> acb:
    return acb(w.real.ei()) if w.imag.is_zero() else w.ei()


def _raise_power(value: acb, w: acb, s: int) -> acb:
    """From s = 0 to a natural s: t^s/(t - w) = t^(s-1) + w t^(s-1)/(t - w)."""
    factorial = acb(1)
    for j in range(1, s + 1):
        value = factorial + w * value
        factorial = factorial * j
    return value
