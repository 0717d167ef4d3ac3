"""Levin's and Weniger's transformations of the partial sums: resummation without a Borel plane.

With the terms t_j = a_j g^j, the partial sums s_j = t_0 + ... + t_j and remainder estimates omega_j, both are

    T_n = sum_j (-1)^j C(n, j) c_j s_j / omega_j  /  sum_j (-1)^j C(n, j) c_j / omega_j,          j = 0, ..., n,

    Levin's u          c_j = (j + 1)^(n-1),    omega_j = (j + 1) t_j      (Levin 1973, Int. J. Comput. Math. B 3, 371),
    Weniger's delta    c_j = (j + 1)_(n-1),    omega_j = t_(j+1)          (Weniger 1989, Comput. Phys. Rep. 10, 189),

in Weniger's (7.1-7), (7.3-5), (8.2-7) and (8.4-4) with beta = 1. For alternating series of Stieltjes type they
are the most frugal methods known, and an honest baseline for Borel-Padé sums. On a Stokes line they do not converge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NoReturn

from flint import acb, arb, fmpz

from .laplace import prefactor
from .numbers import Enclosure, ball, bits_for, check_digits, enclosure, is_exact_zero, midpoint, working_precision
from .series import FormalSeries

__all__ = ["levin_u", "weniger_delta"]

#: Terms that a value with an error needs.
MIN_TERMS = 6

#: Lower orders that the last is compared with, and the factor on the largest difference.
NEIGHBOURS, SAFETY = 3, 5

#: Precision is doubled at most this often.
MAX_DOUBLINGS = 8

#: The moduli of the ratios double over the later half of a Gevrey-1 series, and settle for a convergent one.
GROWTH = 1.2

#: A late ratio of terms this near to the positive axis, relative to itself, lies on it.
POSITIVE = 1e-3


def levin_u(series: FormalSeries, g: object, digits: int = 30) -> Enclosure:
    """Sum a series by Levin's u transformation.

    Parameters
    ----------
    series : FormalSeries
        At least 6 coefficients, none of them zero; its prefactor is included.
    g : number
        Not zero.
    digits : int, optional
        Digits to aim for; the error says how many were reached.

    Returns
    -------
    Enclosure
        ``estimated``: the error is 5 times the largest difference from the three orders below.

    Raises
    ------
    ValueError, TypeError
        For zero coefficients, too few of them, g zero or not finite, and a divergent series whose late terms all have
        the same phase: g is on a Stokes line then, and the transformation does not converge.

    Examples
    --------
    >>> import math
    >>> s = FormalSeries.from_function(lambda n: (-1) ** n * math.factorial(n), 25)
    >>> print(levin_u(s, "1/10"))  # 0.91563333939788081876...
    0.915633339397880818761 ± 4.4e-21 (estimated)
    """
    return _transform(series, g, digits, "Levin u", 0, lambda j, n: fmpz(j + 1) ** max(n - 1, 0), _levin_remainder)


def weniger_delta(series: FormalSeries, g: object, digits: int = 30) -> Enclosure:
    """Sum a series by Weniger's delta transformation.

    Parameters, result, errors: as for :func:`levin_u`.

    Examples
    --------
    >>> import math
    >>> s = FormalSeries.from_function(lambda n: (-1) ** n * math.factorial(n), 25)
    >>> print(weniger_delta(s, "1/10"))  # 0.91563333939788081876...
    0.9156333393978808187606982 ± 4.1e-25 (estimated)
    """
    return _transform(series, g, digits, "Weniger delta", 1, lambda j, n: fmpz(j + 1).rising(max(n - 1, 0)), _next_term)


def _levin_remainder(terms: list[acb], j: int) -> acb:
    return (j + 1) * terms[j]


def _next_term(terms: list[acb], j: int) -> acb:
    return terms[j + 1]


def _transform(
    series: FormalSeries,
    g: object,
    digits: int,
    name: str,
    ahead: int,
    weight: Callable[[int, int], fmpz],
    remainder: Callable[[list[acb], int], acb],
) -> Enclosure:
    digits = check_digits(digits)
    if not isinstance(series, FormalSeries):
        raise TypeError(f"a FormalSeries is summed, got {series!r}")
    if ball(g, 64).contains(0):
        raise ValueError(f"g must not be zero, got {g}")
    if len(series) < MIN_TERMS:
        raise ValueError(f"{name} needs at least {MIN_TERMS} coefficients, got {len(series)}")
    for n, t in enumerate(series.terms):
        if is_exact_zero(t) or (isinstance(t, acb) and t.contains(0)):
            raise ValueError(
                f"{name} divides by the terms, but coefficient {n} is zero or may be: "
                "sum a series in g^2 as one in its own variable, or use borel_sum"
            )
    order = len(series) - 1 - ahead
    bits = bits_for(digits) + 8 * len(series)
    for _ in range(MAX_DOUBLINGS):
        with working_precision(bits):
            coupling = ball(g, bits)
            terms = _terms(series, coupling, bits)
            _refuse_stokes_line(terms, name)
            values = [_value(terms, n, weight, remainder) for n in range(order, order - NEIGHBOURS - 1, -1)]
            spread = SAFETY * max(abs(v - values[0]).upper() for v in values[1:])
            radius = max(abs(v - v.mid()).upper() for v in values)
            if values[0].is_finite() and radius < spread / 16 + abs(values[0]).upper() * arb(10) ** -digits:
                break
        bits *= 2
    with working_precision(bits):
        if not (spread + abs(values[0])).is_finite():
            _refuse_imprecise(name)
        factor = prefactor(series, coupling, bits)
        error = midpoint((spread * abs(factor)).upper())
        return enclosure(
            values[0] * factor, "estimated", f"{name} of order {order}, error from the {NEIGHBOURS} orders below", error
        )


def _refuse_imprecise(name: str) -> NoReturn:
    raise ValueError(f"{name} loses all bits that the coefficients have: give better ones, or fewer of them")


def _terms(series: FormalSeries, g: acb, bits: int) -> list[acb]:
    terms, power = [], acb(1)
    for a in series.balls(bits):
        terms.append(a * power)
        power = power * g
    return terms


def _refuse_stokes_line(terms: list[acb], name: str) -> None:
    late = [complex((b / a).mid()) for a, b in pairwise(terms)][len(terms) // 2 :]
    same_phase = all(r.real > 0 and abs(r.imag) < POSITIVE * r.real for r in late)
    if same_phase and abs(late[-1]) > GROWTH * abs(late[0]):
        raise ValueError(
            f"the terms of the series have all the same phase, so g lies on a Stokes line, where {name} does not "
            'converge: use borel_sum with side="above", "below" or "median"'
        )


def _value(
    terms: list[acb], n: int, weight: Callable[[int, int], fmpz], remainder: Callable[[list[acb], int], acb]
) -> acb:
    top, bottom, partial = acb(0), acb(0), acb(0)
    for j in range(n + 1):
        partial = partial + terms[j]
        w = (-1) ** j * math.comb(n, j) * acb(weight(j, n)) / remainder(terms, j)
        top, bottom = top + w * partial, bottom + w
    return top / bottom
