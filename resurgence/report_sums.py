"""One coupling, every way to sum: what a report lays side by side.

The reference is the exact value of a model, else the certified sum of a germ that is known; where there is neither,
Borel-Padé sums stand in for it, and the other ways are compared with them. On a Stokes line there is a reference on
either side and for the median; optimal truncation, which knows no sides, has to cover all three.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import mpmath
import numpy as np
from flint import acb, arb

from .continued_sum import Method
from .errors import StokesLineError
from .laplace import borel_sum, prefactor
from .models import Model
from .numbers import Enclosure, ball, enclosure, midpoint, working_precision
from .optimal_truncation import optimal_truncation
from .rays import SIDES, Side
from .sequence_transformations import levin_u, weniger_delta
from .series import FormalSeries
from .verification import exact_text

__all__ = [
    "Convergence",
    "CouplingSums",
    "SumRow",
    "bare",
    "convergence",
    "digits_in_common",
    "sums_at",
]

#: Coefficients that Borel-Padé sums use, one number after the other until the digits asked for are reached.
COUNTS = (60, 120, 200)

#: Coefficients that Levin's and Weniger's transformations use; the least error stated is taken. Where they diverge in
#: the end, as for the anharmonic oscillator, they do well before.
TRANSFORMED = (12, 20, 30, 45, 60, 90, 120, 160)

#: Digits of a reference above those asked for.
MORE_DIGITS = 10

#: Most coefficients, number of Borel-Padé sums, digits and bits of a picture of convergence.
CURVE_TERMS, CURVE_POINTS, CURVE_DIGITS, CURVE_BITS = 100, 10, 45, 220

#: Most coefficients and number of points on a Stokes line: Padé approximants do badly next to their own cut, so that
#: the germ is mapped first, which takes longer.
STOKES_TERMS, STOKES_POINTS = 60, 7


@dataclass(frozen=True, slots=True)
class SumRow:
    """One value at a coupling.

    Attributes
    ----------
    way : str
        ``"exact value"``, ``"certified Borel sum"``, ``"Borel-Padé"``, ``"optimal truncation"``, ``"Levin u"`` or
        ``"Weniger delta"``.
    side : {"above", "below", "median"} or None
    value : Enclosure or None
    sentence : str
        How it was got, or why there is no value.
    reference : str
        What it is compared with; empty for what is itself the reference.
    covers : bool or None
        Whether value and reference agree within their errors.
    digits_in_common : int or None
        With the reference; no more than both errors vouch for.
    """

    way: str
    side: Side | None
    value: Enclosure | None
    sentence: str
    reference: str = ""
    covers: bool | None = None
    digits_in_common: int | None = None


@dataclass(frozen=True, slots=True)
class CouplingSums:
    """All values at one coupling.

    Attributes
    ----------
    g : str
    stokes : tuple of str
        Where the singularities are that the ray arg g runs into, as far as they are known; empty off Stokes lines.
    rows : tuple of SumRow
    curve : Convergence or None
    """

    g: str
    stokes: tuple[str, ...]
    rows: tuple[SumRow, ...]
    curve: Convergence | None


@dataclass(frozen=True, slots=True)
class Convergence:
    """Relative errors against the number of coefficients.

    Attributes
    ----------
    g, side, reference, method : str
        The coupling, the side taken (or nothing), what counts as true, and how the sums were made.
    floor : float
        The relative error of the reference: below it nothing can be told.
    partial : tuple of float
        Of the partial sums of 1, 2, ... coefficients.
    counts : tuple of int
        Coefficients of the Borel-Padé sums.
    errors, stated : tuple of float
        Their errors, and those that they state.
    """

    g: str
    side: str
    reference: str
    method: str
    floor: float
    partial: tuple[float, ...]
    counts: tuple[int, ...]
    errors: tuple[float, ...]
    stated: tuple[float, ...]


def bare(series: FormalSeries) -> FormalSeries:
    """The coefficients and the prefactor, without what is known of the germ beyond them."""
    known = {"action": series.action, "exponent": series.exponent, "constant": series.constant}
    return FormalSeries(series.terms, **known, name=series.name)


def digits_in_common(value: Enclosure, reference: Enclosure) -> int:
    """Digits that two numbers share, no more than their errors vouch for.

    Examples
    --------
    >>> import mpmath
    >>> a, b = (Enclosure(mpmath.mpc(x), mpmath.mpf(e), "estimated") for x, e in (("0.123", 0.01), ("0.1231", 1e-9)))
    >>> digits_in_common(a, b), digits_in_common(b, b)
    (0, 7)
    """
    vouched = min(value.digits, reference.digits)
    gap, size = abs(value.value - reference.value), abs(reference.value)
    if gap == 0 or size == 0:
        return vouched if gap == 0 else 0
    return max(0, min(vouched, int(mpmath.floor(-mpmath.log10(gap / size)))))


# ---------------------------------------------------------------------------------------------------------------------
# At one coupling


def sums_at(series: FormalSeries, g: object, digits: int = 20, model: Model | None = None) -> CouplingSums:
    """Sum a series at a coupling in every way there is.

    Parameters
    ----------
    series : FormalSeries
        With its germ, where that is known.
    g : number
        Not zero.
    digits : int, optional
        Digits to aim for.
    model : Model, optional
        That the series belongs to: its exact values are the reference.

    Returns
    -------
    CouplingSums
        Without ``curve``. What refuses has a row without a value: ``sentence`` says why.

    Raises
    ------
    TypeError, ValueError
        For g zero, not finite or not a number, and digits out of range.

    Examples
    --------
    >>> from resurgence import models
    >>> found = sums_at(models.quartic.series(40), "1/10", 10, models.quartic)
    >>> [(row.way, row.covers, row.digits_in_common) for row in found.rows[:3]]
    [('exact value', None, None), ('certified Borel sum', True, 26), ('Borel-Padé', True, 17)]
    """
    optimal_truncation(FormalSeries([1, 1]), g, digits)  # refuses what is not a coupling, or not a number of digits
    stokes: tuple[str, ...] = ()
    sides: tuple[Side | None, ...] = (None,)
    try:
        lateral = _exact_rows(model, g, digits, None) + _sum_rows(series, g, digits, None)
    except StokesLineError as error:
        stokes, sides = tuple(exact_text(s.location) for s in error.singularities[:3]), SIDES
        lateral = _all_sides(series, g, digits, model)
    references = [found for side in sides if (found := _reference(lateral, side)) is not None]
    rows = [_compared(row, _reference(lateral, row.side)) for row in lateral]
    plain = bare(series)
    for way, others in (
        ("optimal truncation", lambda: (optimal_truncation(plain, g, digits), "")),
        ("Levin u", lambda: _transformed(levin_u, plain, g, digits)),
        ("Weniger delta", lambda: _transformed(weniger_delta, plain, g, digits)),
    ):
        row = _row(way, None, others)
        compared = [_compared(row, reference) for reference in references]
        if compared and row.value is not None:  # the median is the last of three sides
            row = replace(compared[-1], covers=all(c.covers for c in compared))
            if len(compared) == len(SIDES):
                row = replace(row, reference=row.reference.replace("median", "on either side and median"))
        rows.append(row)
    return CouplingSums(str(g), stokes, tuple(rows), None)


def _all_sides(series: FormalSeries, g: object, digits: int, model: Model | None) -> list[SumRow]:
    """Above, below, and the median: of a real series at real g the second is the first, reflected (Schwarz)."""
    above = _sum_rows(series, g, digits, "above")
    if series.is_real and ball(g, 64).imag.is_zero():
        below = [_reflected(row, series, g) for row in above]
    else:
        below = _sum_rows(series, g, digits, "below")
    median = [_mean(a, b) for a, b in zip(above, below, strict=True)]
    laterals = zip(SIDES, (above, below, median), strict=True)
    return [row for side, rows in laterals for row in (*_exact_rows(model, g, digits, side), *rows)]


def _exact_rows(model: Model | None, g: object, digits: int, side: Side | None) -> list[SumRow]:
    if model is None:
        return []
    return [_row("exact value", side, lambda: (model.exact(g, digits + MORE_DIGITS, side=side), ""))]


def _sum_rows(series: FormalSeries, g: object, digits: int, side: Side | None) -> list[SumRow]:
    """What depends on the side; StokesLineError where a side is needed and None is given."""
    rows = [_row("Borel-Padé", side, lambda: _from_coefficients(bare(series), g, digits, side))]
    if series.germ is not None:
        known = _row("Borel sum", side, lambda: (borel_sum(series, g, digits + MORE_DIGITS, side=side), ""))
        if known.value is not None and known.value.status == "certified":
            known = replace(known, way="certified Borel sum")
        rows.insert(0, known)
    return rows


def _reflected(row: SumRow, series: FormalSeries, g: object) -> SumRow:
    """The sum below the real axis from that above it: Phi takes conjugate values, its prefactor has its own phase."""
    if row.value is None:
        return replace(row, side="below")
    bits = max(row.value.accuracy_bits(), 0) + 64
    with working_precision(bits):
        factor = prefactor(series, ball(g, bits), bits)
        turned = acb(arb(row.value.value.real), -arb(row.value.value.imag)) * factor / factor.conjugate()
        value = enclosure(turned, row.value.status, row.value.method, row.value.error)
    return replace(row, side="below", value=value, sentence=f"the sum above, reflected; {row.sentence}")


def _mean(above: SumRow, below: SumRow) -> SumRow:
    if above.value is None or below.value is None:
        return replace(above if above.value is None else below, side="median")
    a, b = above.value, below.value
    with working_precision(max(a.accuracy_bits(), 0) + 64):
        sum_of_both = acb(arb(a.value.real), arb(a.value.imag)) + acb(arb(b.value.real), arb(b.value.imag))
        error = midpoint((arb(a.error) + arb(b.error)).upper() / 2)
        value = enclosure(sum_of_both / 2, a.status, a.method, error)
    return replace(above, side="median", value=value, sentence=f"the mean of above and below; {above.sentence}")


def _row(way: str, side: Side | None, value: Callable[[], tuple[Enclosure, str]]) -> SumRow:
    try:
        found, note = value()
    except StokesLineError as error:
        if side is None and way in ("exact value", "Borel sum", "Borel-Padé"):
            raise
        return SumRow(way, side, None, f"{error}.")
    except (ValueError, ArithmeticError) as error:
        return SumRow(way, side, None, f"{error}.")
    return SumRow(way, side, found, "; ".join(filter(None, (note, found.method))))


def _from_coefficients(series: FormalSeries, g: object, digits: int, side: Side | None) -> tuple[Enclosure, str]:
    """With more and more coefficients until the digits are reached; the best of these sums."""
    counts = [n for n in COUNTS if n < len(series)] + [len(series)] * (len(series) <= COUNTS[-1])
    best: tuple[Enclosure, int] | None = None
    for count in counts:
        found = borel_sum(series.truncate(count), g, digits, side=side, continuation="auto")
        if best is None or found.error < best[0].error:
            best = found, count
        if found.digits >= digits:
            break
    assert best is not None, "a series has at least one coefficient"
    return best[0], f"{best[1]} coefficients"


def _transformed(
    transformation: Callable[[FormalSeries, object, int], Enclosure], series: FormalSeries, g: object, digits: int
) -> tuple[Enclosure, str]:
    counts = [n for n in TRANSFORMED if n < len(series)] + [len(series)] * (len(series) <= TRANSFORMED[-1])
    found = []
    failure: ValueError | None = None
    for count in counts:
        try:
            found.append((transformation(series.truncate(count), g, digits), count))
        except ValueError as error:
            failure = error
    if failure is not None and (not found or "Stokes line" in str(failure)):
        raise failure
    best, count = min(found, key=lambda entry: entry[0].error)
    return best, f"{count} coefficients"


def _reference(rows: Sequence[SumRow], side: Side | None) -> SumRow | None:
    """The first row of the side that has a value: the most trustworthy, in the order they are made."""
    return next((row for row in rows if row.side == side and row.value is not None), None)


def _compared(row: SumRow, reference: SumRow | None) -> SumRow:
    if reference is None or row.value is None or row is reference:
        return row
    assert reference.value is not None
    return replace(
        row,
        reference=" ".join(filter(None, (reference.way, reference.side))),
        covers=row.value.contains(reference.value),
        digits_in_common=digits_in_common(row.value, reference.value),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Convergence


def convergence(
    series: FormalSeries, g: object, truth: Enclosure, reference: str = "reference", side: Side | None = None
) -> Convergence:
    """Errors of partial sums and of Borel-Padé sums, against the number of coefficients.

    Parameters
    ----------
    series : FormalSeries
        At least 8 coefficients; what is known of its germ beyond them is not used.
    g : number
    truth : Enclosure
        What the sums are compared with; not zero.
    reference : str, optional
        What that is.
    side : {"above", "below", "median"}, optional
        Needed on a Stokes line.

    Returns
    -------
    Convergence

    Raises
    ------
    ValueError
        For fewer than 8 coefficients, a reference that is zero, and what :func:`~resurgence.borel_sum` refuses.

    Examples
    --------
    >>> from resurgence import models
    >>> curve = convergence(models.quartic.series(20), "1/10", models.quartic.exact("1/10"))
    >>> curve.partial.index(min(curve.partial)) + 1, curve.errors[-1] < 1e-9 < min(curve.partial)
    (3, True)
    """
    if len(series) < 8:
        raise ValueError(f"convergence shows in 8 coefficients or more, got {len(series)}")
    if truth.value == 0:
        raise ValueError(f"the sum at g = {g} is zero: relative errors mean nothing")
    plain = bare(series)
    terms = min(len(series), CURVE_TERMS)
    method, counts, sums = _curve(plain, g, side)
    with working_precision(CURVE_BITS):
        exact = acb(arb(truth.value.real), arb(truth.value.imag))
        floor = max(float(truth.error / abs(truth.value)), 10.0**-CURVE_DIGITS)
        coupling = ball(g, CURVE_BITS)
        power, total, partial = prefactor(plain, coupling, CURVE_BITS), acb(0), []
        for a in plain.truncate(terms).balls(CURVE_BITS):
            total += a * power
            power *= coupling
            partial.append(_relative(total, exact, floor))
        errors = [_relative(s.ball(CURVE_BITS), exact, floor) for s in sums]
    stated = tuple(max(float(s.error / abs(s.value)), floor) if s.value != 0 else math.inf for s in sums)
    finite = [k for k, e in enumerate(stated) if math.isfinite(e)]
    return Convergence(
        str(g),
        side or "",
        reference,
        method,
        floor,
        tuple(partial),
        tuple(counts[k] for k in finite),
        tuple(errors[k] for k in finite),
        tuple(stated[k] for k in finite),
    )


def _curve(plain: FormalSeries, g: object, side: Side | None) -> tuple[str, list[int], list[Enclosure]]:
    """The name of a way to sum, numbers of coefficients, and the sums."""
    if side is None:
        return "Borel-Padé", *_sums_of_counts(plain, g, None, "pade", CURVE_TERMS, CURVE_POINTS)
    try:
        mapped = _sums_of_counts(plain, g, side, "conformal", STOKES_TERMS, STOKES_POINTS)
    except ValueError:  # no map suits the germ
        return "Borel-Padé", *_sums_of_counts(plain, g, side, "pade", STOKES_TERMS, STOKES_POINTS)
    return "Borel-Padé after a conformal map", *mapped


def _sums_of_counts(
    plain: FormalSeries, g: object, side: Side | None, method: Method, most: int, points: int
) -> tuple[list[int], list[Enclosure]]:
    """Most coefficients first, down to where there are too few of them."""
    counts = sorted({*np.linspace(8, min(len(plain), most), points).astype(int).tolist()})
    sums: list[Enclosure] = []
    for n in reversed(counts):
        try:
            sums.append(borel_sum(plain.truncate(n), g, CURVE_DIGITS, side=side, continuation=method))
        except ValueError:  # the first coefficients suggest no map
            if not sums:
                raise
            break
    return counts[len(counts) - len(sums) :], sums[::-1]


def _relative(value: acb, truth: acb, floor: float) -> float:
    """|value/truth - 1|, not below what the reference can tell, and not above what a float holds."""
    gap = abs(value.mid() / truth - 1).mid()
    return float(min(max(gap, arb(floor)), arb(10) ** 300))
