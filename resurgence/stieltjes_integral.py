r"""The integral int_0^oo exp(-t) t^s / (t + u) dt in the right half-plane: what a pole beside the ray contributes.

It is exp(u) E_1(u) for s = 0 and Gamma(1+s) U(1, 1-s, u) in general (DLMF 6.2.2, 13.4.4), a Stieltjes function whose
continued fraction (DLMF 8.9.2) is Gauss's quadrature with the Laguerre weight:

    Gamma(1+s) / (u + 1 + s - 1 (1+s) / (u + 3 + s - 2 (2+s) / (u + 5 + s - ...))).

*Its error.* The n-point rule integrates the polynomial that agrees with 1/(t + u) twice at every node exactly, and what
that polynomial leaves is L(t)^2 / (L(-u)^2 (t + u)) with the Laguerre polynomial L = L_n^(s). Hence the rule is off by

    |int exp(-t) t^s L(t)^2 / (t + u) dt| / |L(-u)|^2  <=  Gamma(n+1+s) / (n! |u| |L(-u)|^2)      for Re u >= 0,

for there |t + u| >= |u|, and the norm of L is known (DLMF 18.3.1). The n denominators that come up when the fraction is
evaluated from its end are the pivots of the tridiagonal determinant n! L(-u): the bound costs next to nothing. It falls
like exp(-4 Re sqrt(n u)) for large n (Szegő 1975, *Orthogonal Polynomials*, section 8.22), so that the fraction is the
faster the larger u is. Near zero the convergent series take over, which lose up to 3 |u| bits; where |u| is beside the
bits, the asymptotic one.

*Balls.* |F(u) - F(c)| <= |u - c| Gamma(1+s) / d^2 where the segment has the distance d from the negative axis, the
derivative being an integral over exp(-t) t^s / (t + u)^2.
"""

from __future__ import annotations

import math
from fractions import Fraction

import flint
from flint import acb, arb, fmpq

from .numbers import working_precision

__all__ = ["stieltjes_integral"]

#: Guard bits of every evaluation.
GUARD_BITS = 16

#: Precision of error bounds.
BOUND_BITS = 30

#: Terms of the fraction, for each bit, up to which it is faster than the series.
TERMS_PER_BIT = 1 / 3

#: Modulus, for each bit, from which the asymptotic series reaches them (that is log 2) and is faster than the fraction.
ASYMPTOTIC = 0.8

#: Moduli above which the number of terms is that for this one: doubles reach no further.
LARGE = 2.0**500


def stieltjes_integral(u: acb, s: Fraction) -> acb:
    """The integral over exp(-t) t^s/(t + u), to about the bits of ``u`` but no more than flint's current precision.

    Parameters
    ----------
    u : acb
        Its midpoint, not zero, in the closed right half-plane.
    s : Fraction
        Above -1.

    Examples
    --------
    >>> from flint import acb
    >>> stieltjes_integral(acb(100), Fraction(0))
    [0.00990194228673302 +/- 3.82e-18]
    """
    centre = u.mid()
    reach = (u - centre).abs_upper()
    bits = min(flint.ctx.prec, max(int(u.rel_accuracy_bits()), 0) + GUARD_BITS)
    with working_precision(bits + GUARD_BITS):
        value = _closed_form(centre, s, bits)
    if not reach.is_zero():
        with working_precision(BOUND_BITS):
            room = (centre.abs_lower() - reach).lower()
            slack = (reach * _gamma(1 + s) / room**2).upper() if room > 0 else arb("inf")
        value += acb(arb(0, slack)) if u.imag.is_zero() else acb(arb(0, slack), arb(0, slack))
    return value * 1


def _closed_form(u: acb, s: Fraction, bits: int) -> acb:
    """For exact ``u``, by the fastest of three ways: the asymptotic series, the fraction, the convergent series."""
    if abs(u) > ASYMPTOTIC * bits + GUARD_BITS + abs(s.numerator // s.denominator):
        value = _asymptotic(u, s)
        if value.rel_accuracy_bits() >= bits:
            return value
    count = _terms(u, s, bits)
    return _series(u, s, bits) if count is None else _fraction(u, s, count)


def _asymptotic(u: acb, s: Fraction) -> acb:
    """By the functions of Arb that take to their asymptotic series where |u| is beside the bits."""
    if s == 0:
        return u.exp() * u.expint(acb(1))
    order = fmpq(s.numerator, s.denominator)
    return acb(_gamma(1 + s) * u.hypgeom_u(acb(1), acb(1 - order)))


def _terms(u: acb, s: Fraction, bits: int) -> int | None:
    """How many terms of the fraction give so many relative bits; None where the series are faster.

    By the ratios of consecutive Laguerre polynomials in doubles: not a bound, which is taken afterwards.
    """
    size = min(float(abs(u).mid()), LARGE)
    if size < 1:
        return None
    x = complex((u / abs(u)).mid()) * size
    order = float(s)
    ratio, gained = 1 + order + x, -math.log2(1 + (1 + order) / size)
    for n in range(1, int(bits * TERMS_PER_BIT) + 1):
        gained += 2 * math.log2(abs(ratio)) - math.log2(1 + order / n)
        if gained >= bits:
            return n
        ratio = (2 * n + 1 + order + x - (n + order) / ratio) / (n + 1)
    return None


def _fraction(u: acb, s: Fraction, count: int) -> acb:
    """The fraction with so many terms, and a bound of what it leaves out, for exact ``u``."""
    point = u.real if u.imag.is_zero() else u
    order = fmpq(s.numerator, s.denominator)
    base, tail, pivots = point + (1 + order), 0 * point, []
    for k in range(count - 1, -1, -1):
        pivot = base + 2 * k - tail
        pivots.append(pivot)
        if k:
            tail = k * (k + order) / pivot
    value = acb(_gamma(1 + s) / pivot)
    with working_precision(BOUND_BITS):
        norm = _gamma(1 + s) / abs(point)
        for n, pivot in enumerate(reversed(pivots), 1):
            norm = norm * (n * (n + order)) / abs(pivot) ** 2
        error = norm.upper()
    return value + (acb(arb(0, error)) if u.imag.is_zero() else acb(arb(0, error), arb(0, error)))


def _series(u: acb, s: Fraction, bits: int) -> acb:
    """Kummer's or the exponential integral's convergent series, for exact ``u``."""
    size = float(abs(u).mid())
    loss = 2 if s.denominator == 1 else 1
    extra = GUARD_BITS + math.ceil(loss * size / math.log(2) + (1 + abs(float(s))) * math.log2(2 + size))
    while True:
        with working_precision(bits + extra):
            value = _exponential_integral(u, int(s)) if s.denominator == 1 else _kummer(u, s)
        if value.rel_accuracy_bits() >= bits:
            return value
        extra *= 2


def _exponential_integral(u: acb, s: int) -> acb:
    """For a natural s: exp(u) E_1(u), and t^s/(t + u) = t^(s-1) - u t^(s-1)/(t + u).

    By Ei, since Arb's E_1 of a real argument may take to numerical integration, hundreds of times as slow.
    """
    # DLMF 6.5.1 and 6.5.3.
    turn = arb(0) if u.imag.is_zero() else -arb.pi() if u.imag > 0 else arb.pi()
    minus_ei = acb(-(-u.real).ei()) if u.imag.is_zero() else -(-u).ei()
    value = (minus_ei + acb(0, turn)) * u.exp()
    factorial = acb(1)
    for j in range(1, s + 1):
        value = factorial - u * value
        factorial = factorial * j
    return value


def _kummer(u: acb, s: Fraction) -> acb:
    """Gamma(1+s) U(1, 1-s, u) where s is no integer: DLMF 13.2.42 and 13.2.39."""
    order = fmpq(s.numerator, s.denominator)
    rising = _gamma(s) * u.hypgeom_1f1(acb(1), acb(1 - order))
    return acb(rising - arb.pi() / arb.sin_pi_fmpq(order) * u ** acb(order) * u.exp())


def _gamma(x: Fraction) -> arb:
    return arb(fmpq(x.numerator, x.denominator)).gamma()
