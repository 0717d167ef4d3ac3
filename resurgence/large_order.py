"""Large orders by hand: ratios of coefficients, Richardson extrapolation, optimal truncation.

The ratios b_n/b_(n+1) of the coefficients of a germ with one nearest singularity A, of exponent beta, tend to A:

    b_n/b_(n+1) = A (1 + (beta + 1)/n + c_2/n^2 + c_3/n^3 + ...) ,

and Richardson's extrapolation removes the powers of 1/n one by one (Richardson 1911; Bender & Orszag 1978, section
8.1). Several nearest singularities, a complex pair for one, make the ratios oscillate: for these there is
:func:`resurgence.singularities.find_singularities`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import mpmath
from flint import acb, arb, fmpq

from .borel import BorelTransform
from .coefficient import Coefficient, for_people, scalar
from .numbers import Enclosure, check_digits, enclosure, is_exact_zero, working_precision
from .power_series import Scalar, as_balls
from .series import FormalSeries

__all__ = ["ratio_limit", "ratios", "richardson"]

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
    for name, number in (("order", order), ("first", first)):
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"{name} must be an integer, got {number!r}")
    if not 0 <= order < len(terms):
        raise ValueError(f"order must lie between 0 and {len(terms) - 1} for {len(terms)} elements, got {order}")
    if first < 0:
        raise ValueError(f"first must not be negative, got {first}")
    bits = 64 + max((t.rel_accuracy_bits() for t in terms if isinstance(t, acb)), default=0) + 16 * order
    with working_precision(bits):
        return tuple(for_people(_extrapolated(terms, n, order, first)) for n in range(len(terms) - order))


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
