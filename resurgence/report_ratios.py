"""Tables of Richardson extrapolation: ratios of Borel coefficients, order by order, as a report shows them.

b_n/b_(n+1) = A (1 + (beta + 1)/n + ...) tends to a single nearest singularity A; see :mod:`resurgence.large_order`. Of
a germ z^r f(z^m), whose other coefficients vanish, the ratios b_n/b_(n+m) are taken, which tend to A^m.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mpmath

from .borel import BorelTransform
from .continuation.choice import fold
from .large_order import ratio_limit, ratios, richardson
from .numbers import BITS_PER_DIGIT, Enclosure, ball, is_exact_zero

__all__ = ["Cell", "RichardsonTable", "ratio_table"]

#: Orders of extrapolation: the columns.
ORDERS = (0, 1, 2, 4, 8, 16, 32)

#: Where the rows are, as shares of the last ratio.
ROWS = (1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1)

#: Digits of an entry.
SHOWN = 22

#: Ratios that a table needs.
MIN_RATIOS = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """An extrapolated ratio, and the number of its digits that agree with the entry above it.

    Attributes
    ----------
    value : Enclosure
    text : str
        Its decimals.
    settled : int
        Digits that agree with the entry above.
    cut : int
        Characters of ``text`` that hold them; 0 for complex numbers, whose digits are not told apart.
    """

    value: Enclosure
    text: str
    settled: int
    cut: int


@dataclass(frozen=True, slots=True)
class RichardsonTable:
    """Extrapolated ratios.

    Attributes
    ----------
    quantity : str
        What converges to what.
    step : int
        m: 1, or the distance between coefficients that do not vanish.
    orders : tuple of int
        Of extrapolation: the columns.
    rows : tuple of (int, tuple of Cell or None)
        The number of the last ratio used, and an entry for each order.
    limit : Enclosure or None
        What :func:`~resurgence.ratio_limit` makes of the same ratios.
    sentence : str
        Why there is no table, or no limit.
    """

    quantity: str
    step: int
    orders: tuple[int, ...]
    rows: tuple[tuple[int, tuple[Cell | None, ...]], ...]
    limit: Enclosure | None
    sentence: str


def ratio_table(borel: BorelTransform, digits: int = 20) -> RichardsonTable:
    """The Richardson table of the ratios of a germ's coefficients.

    Parameters
    ----------
    borel : BorelTransform
        Of Leroy parameter 0.
    digits : int, optional
        That the limit aims for.

    Returns
    -------
    RichardsonTable
        Without rows where there are too few coefficients, or some that vanish irregularly; without a limit where the
        ratios do not settle: ``sentence`` says why.

    Examples
    --------
    >>> import math
    >>> from resurgence.series import FormalSeries
    >>> s = FormalSeries.from_function(lambda n: math.factorial(n) * math.comb(2 * n, n), 40)
    >>> table = ratio_table(s.borel())
    >>> last, entries = table.rows[-1]
    >>> last, entries[0].text, entries[4].text[:12]  # (n + 1)/(4n + 2)
    (38, '0.2532467532467532467532', '0.2500000000')
    """
    first, step = fold(borel)
    terms = (borel.rationals() or borel.terms)[first::step]
    zeros = [n for n, t in enumerate(terms) if is_exact_zero(t)]
    start = zeros[-1] + 1 if zeros and zeros[-1] < len(terms) // 2 else 0
    below = "n + 1" if step == 1 else f"n + {step}"
    quantity = f"b(n)/b({below}) → " + ("A" if step == 1 else f"A^{step}")
    try:
        sequence = ratios(terms[start:])
        if len(sequence) < MIN_RATIOS:
            raise ValueError(
                f"a table needs {MIN_RATIOS} ratios of coefficients that are not zero, there are {len(sequence)}"
            )
    except ValueError as error:
        return RichardsonTable(quantity, step, (), (), None, f"No table of ratios: {error}.")
    last = len(sequence) - 1
    orders = tuple(k for k in ORDERS if k <= last // 2)
    places = sorted({max(1, round(share * last)) for share in ROWS})
    rows: list[tuple[int, tuple[Cell | None, ...]]] = []
    for n in places:
        above = rows[-1][1] if rows else (None,) * len(orders)
        cells = tuple(_cell(sequence, n, k, start, up) for k, up in zip(orders, above, strict=True))
        rows.append((first + step * (start + n), cells))
    limit, sentence = None, ""
    try:
        limit = ratio_limit(terms[start:], digits)
    except ValueError as error:
        sentence = f"No limit: {error}."
    return RichardsonTable(quantity, step, orders, tuple(rows), limit, sentence)


def _cell(sequence: Sequence[Any], n: int, order: int, start: int, above: Cell | None) -> Cell | None:
    """The extrapolation that ends with ratio n; the ratio of b_j to b_(j+1) counts as the (j+1)-th."""
    if n < order:
        return None
    extrapolated = richardson(sequence[n - order : n + 1], order, first=start + n - order + 1)[0]
    value = Enclosure.from_ball(ball(extrapolated, math.ceil((SHOWN + 10) * BITS_PER_DIGIT)), "estimated")
    text, settled = value.short(SHOWN), 0 if above is None else _agreement(value, above.value)
    return Cell(value, text, settled, _characters(text, settled))


def _characters(text: str, digits: int) -> int:
    """How many characters of a decimal number hold its first significant digits."""
    if not digits or text.endswith("j"):
        return 0
    first = next((k for k, c in enumerate(text) if c in "123456789"), len(text))
    for k in range(first, len(text)):
        if text[k] == "e":
            return k
        digits -= text[k].isdigit()
        if digits == 0:
            return k + 1
    return len(text)


def _agreement(value: Enclosure, other: Enclosure) -> int:
    gap, size = abs(value.value - other.value), abs(value.value)
    if gap == 0 or size == 0:
        return min(value.digits, SHOWN) if gap == 0 else 0
    return max(0, min(value.digits, SHOWN, int(mpmath.floor(-mpmath.log10(gap / size)))))
