"""Optimal truncation: what a divergent series gives without resummation (Poincaré 1886; Dingle 1973, chapter I)."""

from __future__ import annotations

from flint import acb, arb

from .laplace import prefactor
from .numbers import Enclosure, ball, bits_for, check_digits, enclosure, midpoint, working_precision
from .series import FormalSeries

__all__ = ["optimal_truncation"]

#: Factor between the size of the first term left out and the error stated, for the lateral sums on a Stokes line too:
#: half the jump is about sqrt(pi N/2) least terms, N their index.
SAFETY = 2


def optimal_truncation(series: FormalSeries, g: object, digits: int = 30) -> Enclosure:
    """Sum of a series up to its least term.

    Parameters
    ----------
    series : FormalSeries
        At least two coefficients; its prefactor is included.
    g : number
        Not zero.
    digits : int, optional
        Digits of the arithmetic.

    Returns
    -------
    Enclosure
        ``estimated``; ``method`` names the term where the sum ends. The least term is left out. With N its index, the
        error is its size times 2 + 2 sqrt(N): the remainder is about half the least term off the Stokes line, and up
        to sqrt(pi N/2) times it on the line (Dingle 1973, chapter XXI), for either lateral sum. Where the terms still
        fall at the end of the series the last one counts as the least, times 1/(1 - r) where r < 1 is the ratio of
        the last two.

    Raises
    ------
    ValueError, TypeError
        For g zero or not finite, fewer than two coefficients, or ``series`` of another type.

    Examples
    --------
    >>> import math
    >>> s = FormalSeries.from_function(lambda n: (-1) ** n * math.factorial(n), 30)
    >>> print(optimal_truncation(s, "1/10"))  # the sum is 0.91563333939788...
    0.915 ± 3.0e-3 (estimated)
    """
    bits = bits_for(check_digits(digits)) + 64
    if not isinstance(series, FormalSeries):
        raise TypeError(f"optimal truncation takes a FormalSeries, got {series!r}")
    coupling = ball(g, bits)
    if coupling.contains(0):
        raise ValueError(f"g must not be zero, got {g}")
    if len(series) < 2:
        raise ValueError("optimal truncation needs at least two coefficients, got 1")
    with working_precision(bits):
        terms, power = [], acb(1)
        for a in series.balls(bits):
            terms.append(a * power)
            power = power * coupling
        sizes = [(n, abs(t).upper()) for n, t in enumerate(terms) if n and not t.is_zero()]
        end, error, method = len(terms), arb(0), "the whole series: no coefficient after the first but zeros"
        if sizes:
            # Among equals the later one: n! at g = 1/10 has its least terms at n = 9 and 10.
            end, least = min(sizes, key=lambda entry: (float(entry[1].log()), -entry[0]))
            error = least * (SAFETY + 2 * arb(end).sqrt())
            method = f"cut before the least term, number {end}"
            if end == sizes[-1][0]:
                method = f"cut before the last term, number {end}: the least term is beyond it"
                if len(sizes) > 1:
                    ratio = least / sizes[-2][1]
                    error = error / (1 - ratio) if ratio < 1 else error
        factor = prefactor(series, coupling, bits)
        value = sum(terms[:end], acb(0)) * factor
        return enclosure(value, "estimated", method, midpoint((error * abs(factor)).upper()))
