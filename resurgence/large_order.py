"""Large orders by hand: ratios of coefficients and their limit, by Richardson, Levin and Weniger.

The ratios b_n/b_(n+1) of the coefficients of a germ with one nearest singularity A, of exponent beta, tend to A:

    b_n/b_(n+1) = A (1 + (beta + 1)/n + c_2/n^2 + c_3/n^3 + ...) ,

and Richardson's extrapolation removes the powers of 1/n one by one (Richardson 1911; Bender & Orszag 1978, section
8.1). Levin's u and Weniger's y transformation (Weniger 1989, eqs. 7.3-5 and 8.4-2) do the same for sequences whose
expansion is not in integer powers,

    T = sum_j (-1)^j C(k, j) w_j s_(n+j)/(m_j d_(n+j))  /  sum_j (-1)^j C(k, j) w_j/(m_j d_(n+j)),       j = 0, ..., k,

with m_j = n + j, the differences d_n = s_n - s_(n-1), and w_j = m_j^(k-1) (Levin) or (m_j)_(k-1) (Weniger): an
independent check of the limit. Several nearest singularities, a complex pair for one, make the ratios oscillate: for
these there are
:func:`resurgence.singularities.find_singularities` and :func:`resurgence.large_order_relation.neighbouring_sectors`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import mpmath
from flint import acb, arb, fmpq, fmpz

from .borel import BorelTransform
from .coefficient import Coefficient, for_people, scalar
from .numbers import Enclosure, check_digits, enclosure, is_exact_zero, working_precision
from .power_series import Scalar, as_balls
from .series import FormalSeries

__all__ = ["levin", "ratio_limit", "ratios", "richardson", "richardson_table", "weniger"]

#: Orders of extrapolation that are tried.
_MAX_ORDER = 120

#: Factor between how much neighbouring orders of extrapolation differ and the error stated.
_SAFETY = 10


def ratios(source: FormalSeries | BorelTransform | Iterable[object]) -> tuple[Coefficient, ...]:
    """The ratios b_0/b_1, b_1/b_2, ... of the Borel coefficients of a series.

    Parameters
    ----------
    source : FormalSeries, BorelTransform or iterable of numbers
        A series stands for its plain Borel transform; numbers are taken as the b_n themselves.

    Returns
    -------
    tuple of Fraction, AlgebraicNumber or Enclosure

    Raises
    ------
    ValueError
        Where a coefficient after b_0 is zero, or not known well enough to be divided by.

    Examples
    --------
    >>> ratios([1, 2, 6, 24])
    (Fraction(1, 2), Fraction(1, 3), Fraction(1, 4))
    """
    return tuple(for_people(r) for r in _ratios(_terms(source)))


def _terms(source: FormalSeries | BorelTransform | Iterable[object]) -> Sequence[Scalar]:
    if isinstance(source, FormalSeries):
        source = source.borel()
    if isinstance(source, BorelTransform):
        return source.rationals() or (source.terms if source.leroy == 0 else source.balls(1024))
    return FormalSeries(source).terms


def _ratios(terms: Sequence[Scalar]) -> list[Scalar]:
    found = []
    for n in range(1, len(terms)):
        below: Any = terms[n]
        above: Any = terms[n - 1]
        if is_exact_zero(below) or (isinstance(below, acb) and below.contains(0)):
            what = "is zero" if is_exact_zero(below) else "may be zero, as well as it is known"
            raise ValueError(f"ratios need coefficients that are not zero: number {n} {what}. Use find_singularities")
        if isinstance(above, acb) or isinstance(below, acb):
            bits = 64 + max(x.rel_accuracy_bits() for x in (above, below) if isinstance(x, acb))
            above, below = as_balls([above, below], bits)
            with working_precision(bits):
                found.append(above / below)
        else:
            found.append(above / below)
    return found


def richardson(sequence: Iterable[object], order: int, *, first: int = 0) -> tuple[Coefficient, ...]:
    """Richardson's extrapolation of a sequence s_n = s + c_1/n + c_2/n^2 + ... to s.

        R_n = sum_(j=0..k) (-1)^(j+k) (n + j)^k / (j! (k - j)!) s_(n+j)                       (Bender & Orszag, 8.1.16)

    Parameters
    ----------
    sequence : iterable of numbers
        s_first, s_(first+1), ...
    order : int
        k, the number of powers of 1/n removed; 0 leaves the sequence as it is.
    first : int, optional
        The n of the first element.

    Returns
    -------
    tuple of Fraction, AlgebraicNumber or Enclosure
        R_first, R_(first+1), ..., ``order`` fewer than there were; exact where the sequence is.

    Raises
    ------
    TypeError, ValueError
        For an order that is not an integer between 0 and the length of the sequence less one.

    Examples
    --------
    >>> from fractions import Fraction
    >>> richardson([1 + Fraction(3, n) + Fraction(5, n * n) for n in range(4, 8)], 2, first=4)
    (Fraction(1, 1), Fraction(1, 1))
    """
    terms = [scalar(s) for s in sequence]
    _check_integer("order", order)
    _check_integer("first", first)
    if not 0 <= order < len(terms):
        raise ValueError(f"order must lie between 0 and {len(terms) - 1} for {len(terms)} elements, got {order}")
    if first < 0:
        raise ValueError(f"first must not be negative, got {first}")
    bits = 64 + max((t.rel_accuracy_bits() for t in terms if isinstance(t, acb)), default=0) + 16 * order
    with working_precision(bits):
        return tuple(for_people(_extrapolated(terms, n, order, first)) for n in range(len(terms) - order))


def _check_integer(name: str, number: object) -> None:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{name} must be an integer, got {number!r}")


def richardson_table(
    source: FormalSeries | BorelTransform | Iterable[object], orders: Iterable[int], ns: Iterable[int]
) -> tuple[tuple[Coefficient, ...], ...]:
    """Richardson's extrapolations of the ratios of coefficients, a row for each n and a column for each order.

    Parameters
    ----------
    source : FormalSeries, BorelTransform or iterable of numbers
        As for :func:`ratios`.
    orders : iterable of int
        Powers of 1/n removed; 0 gives the ratios.
    ns : iterable of int
        The last coefficient used: b_n, at most that of the last term. The entry of order k extrapolates the k + 1
        ratios up to b_(n-1)/b_n, so that n is larger than every order.

    Returns
    -------
    tuple of tuple of Fraction, AlgebraicNumber or Enclosure
        Exact where the coefficients are.

    Raises
    ------
    TypeError, ValueError
        For orders and n out of range, and as :func:`ratios`.

    Examples
    --------
    >>> import math
    >>> table = richardson_table([math.comb(2 * n, n) for n in range(60)], orders=(0, 1, 4), ns=(10, 50))
    >>> for row in table:
    ...     print(*(f"{float(entry):.10f}" for entry in row))
    0.2631578947 0.2492260062 0.2500003608
    0.2525252525 0.2499739665 0.2500000000
    """
    terms = _terms(source)
    columns, rows = list(orders), list(ns)
    for order in columns:
        _check_integer("each of the orders", order)
        if order < 0:
            raise ValueError(f"orders must not be negative, got {order}")
    lowest = max(columns, default=0) + 1
    for n in rows:
        _check_integer("each of the ns", n)
        if not lowest <= n < len(terms):
            raise ValueError(f"ns lie between {lowest} (the largest order and 1) and {len(terms) - 1}, got {n}")
    if not rows or not columns:
        raise ValueError("a table has at least one order and one n")
    return tuple(
        tuple(richardson(_ratios(terms[n - order - 1 : n + 1]), order, first=n - order)[0] for order in columns)
        for n in rows
    )


def levin(sequence: Iterable[object], order: int, *, first: int = 0) -> tuple[Coefficient, ...]:
    """Levin's u transformation of a sequence.

    For sequences whose remainders s_n - s are d_n n (c_1/n + c_2/n^2 + ...): ratios of coefficients, where Richardson's
    extrapolation does the same, but also non-integer powers of 1/n, and series that converge like a geometric one or
    alternate. There is no error with it: where the differences d_n vanish near some n, inside the stretch used or
    beyond it, the transforms settle at the element there instead of the limit.

    Parameters
    ----------
    sequence : iterable of numbers
        s_first, s_(first+1), ...; no two neighbours equal.
    order : int
        k. An element of the result is made of k + 2 of the sequence.
    first : int, optional
        The n of the first element.

    Returns
    -------
    tuple of Fraction, AlgebraicNumber or Enclosure
        ``order + 1`` fewer than there were; exact where the sequence is.

    Raises
    ------
    TypeError, ValueError
        For an order that is not an integer between 0 and the length of the sequence less two, and where neighbours are
        equal, or may be.

    Examples
    --------
    sum 1/n^2, of 21 terms:

    >>> from fractions import Fraction
    >>> from itertools import accumulate
    >>> [limit] = levin(accumulate(Fraction(1, n * n) for n in range(1, 22)), 19, first=1)
    >>> print(f"{float(limit):.12f}")  # pi^2/6
    1.644934066848
    """
    return _transformed(sequence, order, first, lambda n, k: fmpz(n) ** max(k - 1, 0))


def weniger(sequence: Iterable[object], order: int, *, first: int = 0) -> tuple[Coefficient, ...]:
    """Weniger's y transformation of a sequence: factorial series where Levin's has powers.

    Weaker than Levin's for sequences that converge like a power of 1/n.

    Parameters, result, errors: as for :func:`levin`.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from itertools import accumulate
    >>> [limit] = weniger(accumulate(Fraction((-1) ** (n + 1), n) for n in range(1, 22)), 19, first=1)
    >>> print(f"{float(limit):.12f}")  # log 2
    0.693147180560
    """
    return _transformed(sequence, order, first, lambda n, k: fmpz(n).rising(max(k - 1, 0)))


def _transformed(
    sequence: Iterable[object], order: int, first: int, weight: Callable[[int, int], fmpz]
) -> tuple[Coefficient, ...]:
    terms: list[Any] = [scalar(s) for s in sequence]
    _check_integer("order", order)
    _check_integer("first", first)
    if not 0 <= order < len(terms) - 1:
        raise ValueError(f"order must lie between 0 and {len(terms) - 2} for {len(terms)} elements, got {order}")
    if first < 0:
        raise ValueError(f"first must not be negative, got {first}")
    bits = 64 + max((t.rel_accuracy_bits() for t in terms if isinstance(t, acb)), default=0) + 16 * order
    with working_precision(bits):
        if any(isinstance(t, acb) for t in terms):
            terms = list(as_balls(terms, bits))
        steps = [b - a for a, b in pairwise(terms)]
        for n, step in enumerate(steps, first + 1):
            if is_exact_zero(step) or (isinstance(step, acb) and step.contains(0)):
                raise ValueError(
                    "the transformation divides by the differences of neighbours, but elements "
                    f"{n - 1} and {n} are equal, or may be: the sequence has ended, or better elements are needed"
                )
        found = []
        for start in range(1, len(terms) - order):
            top: Any = fmpq(0)
            bottom: Any = fmpq(0)
            for i in range(start, start + order + 1):
                n = first + i
                share = fmpq((-1) ** (i - start) * math.comb(order, i - start) * weight(n, order), n) / steps[i - 1]
                top, bottom = top + share * terms[i], bottom + share
            found.append(for_people(top / bottom))
        return tuple(found)


def _extrapolated(terms: Sequence[Any], position: int, order: int, first: int) -> Any:
    total: Any = fmpq(0)
    for j in range(order + 1):
        weight = fmpq((-1) ** (j + order) * (first + position + j) ** order)
        weight /= math.factorial(j) * math.factorial(order - j)
        value = terms[position + j]
        total = total + (value * acb(weight) if isinstance(value, acb) else value * weight)
    return total


def ratio_limit(source: FormalSeries | BorelTransform | Iterable[object], digits: int = 20) -> Enclosure:
    """The location of a single nearest singularity: the ratios b_n/b_(n+1), extrapolated to infinite n.

    The order of the extrapolation is the one whose value changes least when it is raised and when the last coefficient
    is left out; the error is that change, tenfold.

    Parameters
    ----------
    source : FormalSeries, BorelTransform or iterable of numbers
        As for :func:`ratios`; at least 8 coefficients.
    digits : int, optional
        Digits to aim for; the error says how many were reached.

    Returns
    -------
    Enclosure
        ``estimated``.

    Raises
    ------
    ValueError
        With too few coefficients, with zeros among the later ones, and where the ratios do not settle, as with a
        complex pair of nearest singularities.

    Examples
    --------
    >>> import math
    >>> s = FormalSeries.from_function(lambda n: math.factorial(n) * math.comb(2 * n, n), 60)
    >>> print(ratio_limit(s, digits=10))
    0.250000000000 ± 2.5e-12 (estimated)
    """
    digits = check_digits(digits)
    terms = _terms(source)
    if len(terms) < 8:
        raise ValueError(f"ratios need at least 8 coefficients to be extrapolated, got {len(terms)}")
    late = len(terms) - min(len(terms) - 1, 2 * _MAX_ORDER)
    sequence = _ratios(terms[late - 1 :])
    bits = 64 + 4 * digits + 20 * _MAX_ORDER
    best: tuple[arb, acb] | None = None
    with working_precision(bits):
        balls = as_balls(sequence, bits)
        # Element i is b_n/b_(n+1) with n = late - 1 + i; n + 1 instead keeps the powers of 1/n finite at n = 0.
        previous: tuple[acb, acb] | None = None
        for order in range(min(_MAX_ORDER, len(balls) - 2) + 1):
            end = len(balls) - order - 1
            last, before = (_extrapolated(balls, end - back, order, late) for back in (0, 1))
            if previous is not None:
                move = (
                    _SAFETY * abs(last - before).max(abs(last - previous[0])).upper()
                    + last.real.rad()
                    + last.imag.rad()
                )
                if best is None or move < best[0]:
                    best = (move.mid(), last)
            previous = (last, before)
        assert best is not None, "eight coefficients give two orders"
        error, value = best
        if not error < abs(value.mid()) / 10:
            raise ValueError(
                "the ratios of the coefficients do not settle: there is more than one nearest singularity, "
                "or there are too few terms. Use find_singularities"
            )
        floor = abs(value.mid()) * arb(10) ** -(digits + 1)
    return enclosure(
        acb(value.mid()), "estimated", "ratios and Richardson extrapolation", _mpf((error + floor).upper())
    )


def _mpf(value: arb) -> mpmath.mpf:
    return mpmath.mp.make_mpf(value.mid()._mpf_)
