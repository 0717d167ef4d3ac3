r"""Singularity elimination: the expansion of a Borel germ at one of its singularities, from coefficients at 0 alone.

Write F(z) = z^s B_s(z), the fractional integral of order s of the plain Borel transform B_0. Where Phi(g) jumps across
the ray through A by S exp(-A/g) g^beta (1 + c_1 g + c_2 g^2 + ...), F jumps there by the Borel transform of that,
S sum_k c_k (z - A)^(gamma+k)/Gamma(gamma+k+1) with gamma = beta + s, and therefore

    F(z) = sum_k K_k (1 - z/A)^(gamma+k) + analytic,       K_k = (S c_k/(2 pi i)) A^(gamma+k) Gamma(-gamma-k) .

Whatever beta is, Leroy's parameter s can be chosen such that gamma is 1/2, or an odd multiple of it. Then the map

    z = A (2u - u^2),       w = 1 - u,       1 - z/A = w^2,

makes F an analytic function of w at w = 0: the singularity is eliminated (Costin & Dunne 2022, Commun. Math. Phys.
392, 863; 2020, Phys. Lett. B 808, 135627). The power series of B_s in u has other singularities only, where the germ
has them on either side of the cut; Padé approximants continue it to u = 1, and from the odd part of its Taylor series
in w, times (1 - w^2)^s, the Stokes constant S and the coefficients c_k are read off.

The other way round beta can be found: for a trial exponent that is wrong u = 1 stays singular, for the right one the
late coefficients in u fall abruptly. This *resonance* is sharp: their dependence on s has a zero near s = 1/2 - beta,
which all singular terms share, so that it is reached exponentially fast.
"""

from __future__ import annotations

import math
import numbers
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import mpmath
from flint import acb, acb_poly, acb_series, arb, fmpq, fmpq_series

from .borel import BorelTransform
from .coefficient import scalar
from .continuation.approximant import Entry
from .continuation.pade import Pade
from .continuation.precision import PrecisionError
from .numbers import Enclosure, ball, bits_for, check_digits, enclosure, midpoint, rational, working_precision
from .power_series import Scalar, as_balls, ball_bits
from .series import FormalSeries, check_terms

__all__ = ["LocalExpansion", "Resonance", "eliminate", "probe_exponent"]

#: Coefficients that an elimination takes at the least, and a search for the exponent.
MIN_TERMS, MIN_TERMS_TO_PROBE = 10, 24

#: Factor between the spread of the approximants and the error that is stated.
SAFETY = 8

#: Factor between the distance of the approximant of lower order and the error, where that is larger.
LOWER_SAFETY = 3

#: Factor between the change of the result over the error of A and what that adds to the error.
LOCATION_SAFETY = 2

#: With fewer coefficients than this the spread is multiplied in proportion: low orders resemble each other by chance.
MANY_TERMS = 40

#: An error of a coefficient larger than this share of its value is raised by the value.
DOUBT = 0.1

#: An error of the Stokes constant larger than this share is refused: a trial exponent that is off by a tenth leaves so
#: weak a singularity at u = 1 that approximants agree to a few per cent.
STOKES_DOUBT = 0.01

#: Approximants of nearly all the coefficients that are compared, and the share of the coefficients that one more is
#: made of. Its distance is the error where it is larger: neighbours may creep towards the limit together.
FAMILY, LOWER = 5, 0.85

#: Bits that a composition with 2u - u^2 loses per coefficient, and those that an evaluation is given besides.
LOSS_PER_TERM, GUARD_BITS = 3, 64

#: Doublings of the precision before a Taylor coefficient is taken as it is.
DOUBLINGS = 4

#: Coefficients from which the radius is estimated at the most, for the roots of large denominators are dear; and what
#: is added to its error, relative to it, over their number.
RADIUS_TERMS, RADIUS_DOUBT = 48, 4

#: Radii in w of the circles on which the germ is expanded where A has an error, and the number of points on them.
CIRCLES, CIRCLE = (fmpq(1, 2), fmpq(1, 4), fmpq(1, 8)), 128

#: Bits of the poles from which it is.
POLE_BITS = 32

#: Bits to which A is an exact number where it is irrational.
LOCATION_BITS = 4096

#: Trial exponents, all that may resonate: s > -1 leaves those below 3/2.
STEP = Fraction(1, 12)
TRIALS = tuple(Fraction(k, 12) for k in range(17, -49, -1))
HIGHEST = TRIALS[0]

#: Distance in s over which a fall is measured, and the first step of the secant method; its steps at the most.
DELTA = Fraction(1, 48)
SECANTS = 40

#: Late coefficients whose zeros are compared, and the error of their common zero beyond which it is none.
WINDOW, SHARPNESS = 8, Fraction(1, 50)

#: Integers that are added to an exponent that is at least 1/2, to see which of them it is.
ABOVE = 4

#: Fractions that exponents are taken for: denominators, and the error times the square of the denominator.
MOST_DENOMINATOR, ROOM = 12, 0.05


@dataclass(frozen=True)
class LocalExpansion:
    """What a Borel germ is at a singularity A: the sector that it belongs to.

    Attributes
    ----------
    location : Enclosure
        A.
    exponent : Fraction
        beta.
    stokes_constant : Enclosure
        S.
    coefficients : tuple of Enclosure
        c_1, c_2, ...: across the ray Phi jumps by S exp(-A/g) g^beta (1 + c_1 g + c_2 g^2 + ...).
    next_radius : Enclosure or None
        How far the expansion of the germ at A converges: the distance from A of the nearest other singularity, on
        either side of the cut, as far as it shows (the origin, on the far side, is one; a weak one may hide behind a
        strong one). None where none shows.
    method : str
        What the errors rest on.
    """

    location: Enclosure
    exponent: Fraction
    stokes_constant: Enclosure
    coefficients: tuple[Enclosure, ...]
    next_radius: Enclosure | None
    method: str

    def __str__(self) -> str:
        later = ", ".join(c.short(8) for c in self.coefficients[:4])
        return (
            f"exponent {self.exponent} at {self.location.short(12)}: Stokes constant {self.stokes_constant}, "
            f"then 1, {later}{', ...' if len(self.coefficients) > 4 else ''}"
        )


@dataclass(frozen=True)
class Resonance:
    """An exponent at which a singularity is eliminated, and the evidence.

    Attributes
    ----------
    exponent : Fraction or None
        beta, where the error admits only one fraction of small denominator.
    value : Enclosure
        beta as a number, ``estimated``.
    evidence : tuple of (Fraction, float)
        Trial exponents, descending, with their strengths: how many powers of ten the late coefficients in u fall below
        those at 1/48 to either side. The exponent that was found is among them, or below 3/2 another that differs from
        it by an integer.
    """

    exponent: Fraction | None
    value: Enclosure
    evidence: tuple[tuple[Fraction, float], ...]

    @property
    def strength(self) -> float:
        """That of the strongest trial."""
        return max(strength for _, strength in self.evidence)

    def __str__(self) -> str:
        shown = str(self.value) if self.exponent is None else str(self.exponent)
        return f"resonance at exponent {shown}: late coefficients fall by {self.strength:.1f} powers of ten"


# ---------------------------------------------------------------------------------------------------------------------
# The germ in u


class Uniformised:
    """B_s(A (2u - u^2)) Gamma(1 + s) as a power series in u: a source of Padé approximants.

    Parameters
    ----------
    series : FormalSeries
    leroy : Fraction
    location : fmpq, or acb without radius
    """

    def __init__(self, series: FormalSeries, leroy: Fraction, location: fmpq | acb) -> None:
        self._plain = BorelTransform(series, leroy).terms
        self.location = location
        self._exactly = isinstance(location, fmpq) and all(isinstance(t, fmpq) for t in self._plain)
        self.is_exact = series.is_exact
        self.is_real = series.is_real and (isinstance(location, fmpq) or bool(location.imag.is_zero()))
        self._cache: tuple[int, list[acb]] = 0, []
        self.terms: Sequence[Scalar] = self._compose_exactly() if self._exactly else list(self.balls(GUARD_BITS))

    def __len__(self) -> int:
        return len(self._plain)

    def rationals(self) -> list[fmpq] | None:
        return [t for t in self.terms if isinstance(t, fmpq)] if self._exactly else None

    def _compose_exactly(self) -> list[fmpq]:
        count, scaled, power = len(self), [], fmpq(1)
        for t in self._plain:
            scaled.append(cast(fmpq, t) * power)
            power = power * cast(fmpq, self.location)
        with working_precision(64, terms=count):
            found = list(fmpq_series(scaled, prec=count)(fmpq_series([0, 2, -1], prec=count)).coeffs())
        return [*found, *[fmpq(0)] * (count - len(found))]

    def balls(self, bits: int) -> list[acb]:
        """The coefficients to about ``bits`` bits of the largest, or as good as inexact ones are."""
        if self._exactly:
            with working_precision(bits):
                return as_balls(self.terms, bits)
        if self._cache[0] < bits:
            count = len(self)
            work = bits + LOSS_PER_TERM * count + GUARD_BITS
            if not self.is_exact:
                work = max(work, ball_bits(self._plain) + LOSS_PER_TERM * count)
            with working_precision(work, terms=count):
                scaled, power = [], acb(1)
                for t in as_balls(self._plain, work):
                    scaled.append(t * power)
                    power = power * acb(self.location)
                found = list(acb_series(scaled, prec=count)(acb_series([0, 2, -1], prec=count)).coeffs())
                self._cache = bits, [*found, *[acb(0)] * (count - len(found))]
        return self._cache[1]


def _candidates(last: int) -> Iterator[tuple[int, int]]:
    """Degrees of approximants of b_0, ..., b_last: near the diagonal, and then partial sums, which never fail."""
    for total in range(last, max(last - FAMILY, 0), -1):
        for m in dict.fromkeys((total - total // 2, total // 2)):
            yield m, total - m
    for total in range(last, max(last - FAMILY, 0), -1):
        yield total, 0


def _entries(source: Uniformised, last: int, most: int) -> list[Entry]:
    found: list[Entry] = []
    for m, n in _candidates(last):
        with suppress(PrecisionError, ArithmeticError, ZeroDivisionError):
            entry = Entry(source, m, n)
            entry.best(GUARD_BITS)
            found.append(entry)
        if len(found) == most:
            break
    return found


def _families(source: Uniformised) -> Iterator[list[Entry]]:
    """Entries of the Padé table: the main one, its neighbours, and last one of clearly lower order.

    Inexact coefficients leave the more of lower orders, and are worth trying with fewer and fewer.
    """
    last = len(source) - 1
    while last + 1 >= MIN_TERMS:
        found, lower = _entries(source, last, FAMILY), _entries(source, int(last * LOWER), 1)
        if len(found) == FAMILY and lower:
            yield found + lower
            if source.is_exact:
                return
        last = int(last * LOWER)


def _taylor(entry: Entry, count: int, bits: int) -> list[acb]:
    """The first coefficients of an approximant in powers of w = 1 - u."""
    work = bits + GUARD_BITS + LOSS_PER_TERM * sum(entry.degrees)
    found: list[acb] = []
    for _ in range(DOUBLINGS):
        best = entry.best(work)
        with working_precision(max(work, best.precision.output) + GUARD_BITS, terms=count):
            inner = acb_series([1, -1], prec=count)
            y = inner**entry.step * arb(2) ** best.scale
            top, bottom = (acb_poly(p)(acb_poly(y.coeffs())) for p in (best.numerator, best.denominator))
            if not bottom[0].contains(0):
                series = acb_series(top.coeffs(), prec=count) / acb_series(bottom.coeffs(), prec=count)
                series = series * inner**entry.shift
                found = [*series.coeffs(), *[acb(0)] * (count - len(series.coeffs()))]
                widest = max(float(c.rad()) for c in found)
                largest = max(float(abs(c).upper()) for c in found)
                if widest <= largest * 2.0 ** -min(bits, 1000):
                    return found
        if not entry.unlimited:
            break
        work *= 2
    if not found or not all(c.is_finite() for c in found):
        raise ArithmeticError("the approximant has a pole at the singularity, as far as it is known")
    return found


def _on_circle(entry: Entry, s: fmpq, radius: fmpq, bits: int) -> tuple[list[acb], list[acb]]:
    """Points w of a circle around u = 1, and there the approximant times (1 - w^2)^s."""
    work = bits + GUARD_BITS + LOSS_PER_TERM * sum(entry.degrees)
    best = entry.best(work)
    with working_precision(max(work, best.precision.output) + GUARD_BITS):
        points = [acb(radius) * acb(fmpq(2 * k, CIRCLE)).exp_pi_i() for k in range(CIRCLE)]
        values = []
        for w in points:
            y = (1 - w) ** entry.step * arb(2) ** best.scale
            bottom = acb_poly(best.denominator)(y)
            if bottom.contains(0):
                raise ArithmeticError("the approximant has a pole near the singularity, as far as it is known")
            values.append((1 - w * w) ** acb(s) * (1 - w) ** entry.shift * acb_poly(best.numerator)(y) / bottom)
        return points, values


def _laurent(points: Sequence[acb], values: Sequence[acb], k: int) -> acb:
    """The coefficient of w^k, with a radius for what the number of points leaves open: what half of them would say."""
    terms = [v / w**k for v, w in zip(values, points, strict=True)]
    whole, half = sum(terms, acb(0)) / len(terms), sum(terms[::2], acb(0)) / len(terms[::2])
    blur = arb(0, abs(whole - half).upper())
    return whole + acb(blur, blur)


# ---------------------------------------------------------------------------------------------------------------------
# Elimination


def eliminate(
    series: FormalSeries, location: object, exponent: object, *, digits: int = 20, terms: int = 6
) -> LocalExpansion:
    """The Stokes constant at a singularity of the Borel germ and the series that grows there.

    Parameters
    ----------
    series : FormalSeries
        At least 10 coefficients. Its prefactor plays no part.
    location : number
        A: exact, or with an error (an :class:`~resurgence.Enclosure` or a ball), which goes into the errors of the
        result. No singularity may lie before it on the ray from 0.
    exponent : rational
        beta; see :func:`probe_exponent` for how to find it.
    digits : int
        Digits to aim for; what the coefficients support is what the errors say.
    terms : int
        How many of c_1, c_2, ...

    Returns
    -------
    LocalExpansion
        ``estimated``: errors are eight times the spread of five neighbouring Padé approximants, or three times the
        distance from one of 15 % less coefficients where that is larger, and twice the change over the error of A.

    Raises
    ------
    TypeError
        For a ``series`` that is not one, and what is not a number.
    ValueError
        For A = 0, an exponent that is not rational, too few coefficients; where the approximants do not agree on a
        Stokes constant other than 0: because there is no singularity of that exponent, because another one lies
        before it, or because A is not known well enough.

    Notes
    -----
    With N coefficients a wrong A shows once it is off by much more than A/N^2; one that is nearer to the truth than
    that and said to be exact gives wrong last digits.

    Examples
    --------
    At -1/4 the germ of the quartic integral has a logarithm, and grows the series of the other critical points, which
    is its own with alternating signs:

    >>> from resurgence import models
    >>> local = eliminate(models.quartic.series(60), "-1/4", 0, terms=3)
    >>> print(local.stokes_constant.short(15), [c.short(10) for c in local.coefficients])
    1.41421356237310j ['0.7500000000', '3.281250000', '27.07031250']
    """
    digits = check_digits(digits)
    wanted = check_terms(terms)
    _check_series(series, MIN_TERMS)
    beta = _exponent(exponent)
    place, error, shown = _location(location)
    bits = bits_for(digits) + GUARD_BITS
    leroy, _ = _leroy(beta)
    source = Uniformised(series, leroy, place)
    moved = [Uniformised(series, leroy, z) for z in _displaced(place, error, source.is_real)]
    known: list[_Look] = []
    families = 0
    for families, entries in enumerate(_families(source), 1):  # noqa: B007
        for radius in CIRCLES if moved else (None,):
            with suppress(ArithmeticError, PrecisionError):
                others = [(m.location, Entry(m, entries[0].m, entries[0].n)) for m in moved]
                found = [_strengths(entry, place, beta, wanted + 1, bits, radius) for entry in entries]
                shifted = [_strengths(entry, z, beta, wanted + 1, bits, radius) for z, entry in others]
                known.append(_Look(found, shifted, len(series), bits, radius))
    if not families:
        raise ValueError(
            "the coefficients are not precise enough to continue the germ to the singularity: give better ones"
        )
    if not known:
        raise ValueError(
            f"the germ in u has a pole at {shown.short(10)}, as far as its approximants show: the exponent or the "
            "location is wrong, or not known well enough"
        )
    best = min(known, key=lambda one: float(one.stokes[1]))
    method = f"singularity elimination with {len(series)} coefficients, error from {FAMILY} approximants"
    method += " and from that of the location" if moved else ""
    stokes, doubt = best.stokes
    with working_precision(bits):
        if not doubt < STOKES_DOUBT * abs(stokes) or best.has_others_below:
            raise ValueError(
                f"no singularity of exponent {beta} is seen at {shown.short(10)}: its Stokes constant would be "
                f"{_rounded(stokes, doubt, digits, method)}. The exponent or the location is wrong, another "
                "singularity lies before it, or more coefficients are needed"
            )
        later = []
        for k in range(1, wanted + 1):
            value, spread = best.ratio(k)
            later.append(
                _rounded(value, spread if spread < DOUBT * abs(value) else spread + abs(value), digits, method)
            )
    return LocalExpansion(
        shown,
        beta,
        _rounded(stokes, doubt, digits, method),
        tuple(later),
        _next_radius(source, place, best.radius, method),
        method,
    )


def _check_series(series: object, least: int) -> None:
    if not isinstance(series, FormalSeries):
        raise TypeError(f"a FormalSeries is needed, got {series!r}")
    if len(series) < least:
        raise ValueError(f"at least {least} coefficients are needed, got {len(series)}: compute more of them")
    if series.is_zero:
        raise ValueError("all coefficients are zero: there is no singularity")


def _exponent(value: object) -> Fraction:
    exact = rational(value)
    if exact is None:
        raise ValueError(f"the exponent must be rational, got {value}")
    return Fraction(int(exact.p), int(exact.q))


def _location(value: object) -> tuple[fmpq | acb, arb, Enclosure]:
    """A as an exact number, its error, and both for people."""
    if isinstance(value, (mpmath.mpf, mpmath.mpc)) or (
        isinstance(value, numbers.Complex) and not isinstance(value, numbers.Rational)
    ):
        value = scalar(value)  # a number that has been rounded
    exact = None if isinstance(value, Enclosure) else rational(value)
    if exact is not None and exact != 0:
        return exact, arb(0), enclosure(ball(exact, 256), "proved", "as given")
    fine = ball(value, LOCATION_BITS)
    with working_precision(64):
        error = abs(fine - fine.mid()).upper() if isinstance(value, (Enclosure, acb, arb)) else arb(0)
        if not error * 2 < abs(fine.mid()):
            raise ValueError(f"the location of the singularity must not be 0, nor as uncertain as this: {value}")
    if isinstance(value, Enclosure):
        return fine.mid(), error, value
    with working_precision(256):
        return fine.mid(), error, enclosure(fine * 1, "estimated" if error > 0 else "certified", "as given")


def _leroy(beta: Fraction) -> tuple[Fraction, int]:
    """The least s > -1 with beta + s = 1/2 + j, j >= 0, and j."""
    j = max(0, math.floor(beta - Fraction(3, 2)) + 1)
    return Fraction(1, 2) + j - beta, j


def _displaced(place: fmpq | acb, error: arb, real: bool) -> list[acb]:
    """A moved by its error, to all sides or along the real axis."""
    if not error > 0:
        return []
    with working_precision(LOCATION_BITS):
        steps = [acb(error), acb(-error)] + ([] if real else [acb(0, error), acb(0, -error)])
        return [(acb(place) + step).mid() for step in steps]


@dataclass(frozen=True)
class _Strengths:
    """S, S c_1, S c_2, ... as one approximant has them; and the odd coefficients ``below``, which should be 0."""

    strengths: list[acb]
    below: list[acb]


def _strengths(
    entry: Entry, place: fmpq | acb, beta: Fraction, count: int, bits: int, radius: fmpq | None
) -> _Strengths:
    """From the Taylor series at w = 0; or where a ``radius`` is given from the Laurent series on that circle.

    Where A is a little off, w = 0 lies between two branch points close together, which an approximant imitates by poles
    and zeros. Inside the circle they do no harm: they go into the negative powers.
    """
    leroy, below = _leroy(beta)
    s, b = _fmpq(leroy), _fmpq(beta)
    if radius is None:
        taylor = _taylor(entry, 2 * (below + count), bits)
        with working_precision(bits + GUARD_BITS, terms=len(taylor)):
            product = acb_series(taylor, prec=len(taylor)) * _power_of_one_less_square(s, len(taylor))
            odd = [product[k] for k in range(1, len(taylor), 2)]
            vanishing: list[acb] = []
    else:
        points, values = _on_circle(entry, s, radius, bits)
        with working_precision(bits + GUARD_BITS):
            residue, *odd = (_laurent(points, values, 2 * k - 1) for k in range(below + count + 1))
            vanishing = [residue]
    with working_precision(bits + GUARD_BITS):
        a, found = acb(place), []
        factor = 2 * acb.pi() * acb(0, 1) * a ** acb(-b) * acb(1 + s).rgamma()
        for k, coefficient in enumerate(odd[below:]):
            found.append(factor * coefficient * acb(-fmpq(1, 2) - below - k).rgamma())
            factor = factor / a
        return _Strengths(found, vanishing + odd[:below])


def _power_of_one_less_square(s: fmpq, count: int) -> acb_series:
    """(1 - w^2)^s."""
    terms, term = [], fmpq(1)
    for k in range(count):
        terms.append(acb(term) if k % 2 == 0 else acb(0))
        if k % 2:
            term = term * (fmpq(k // 2) - s) / (k // 2 + 1)
    return acb_series(terms, prec=count)


@dataclass(frozen=True)
class _Look:
    """What a family of approximants says, the last of lower order, and what one says about A moved by its error."""

    family: list[_Strengths]
    displaced: list[_Strengths]
    terms: int
    bits: int
    radius: fmpq | None

    @property
    def stokes(self) -> tuple[acb, arb]:
        return self._combine(lambda f: f.strengths[0])

    def ratio(self, k: int) -> tuple[acb, arb]:
        """c_k."""
        return self._combine(lambda f: f.strengths[k] / f.strengths[0])

    @property
    def has_others_below(self) -> bool:
        """Whether one of the odd coefficients that should be 0 is not."""
        for k in range(len(self.family[0].below)):
            value, error = self._combine(lambda f, k=k: f.below[k])  # type: ignore[misc]
            if abs(value) > error:
                return True
        return False

    def _combine(self, part: Callable[[_Strengths], acb]) -> tuple[acb, arb]:
        """The main one's value, and its error."""
        with working_precision(self.bits):
            balls = [part(f) for f in self.family]
            main, *neighbours = (value.mid() for value in balls)
            spread = max(abs(other - main).upper() for other in neighbours[:-1])
            spread = max(SAFETY * spread, LOWER_SAFETY * abs(neighbours[-1] - main).upper())
            change = max((abs(part(other).mid() - main).upper() for other in self.displaced), default=arb(0))
            radius = max(abs(value - value.mid()).upper() for value in balls)
            low_order = max(1.0, MANY_TERMS / self.terms)
            return main, (low_order * spread + LOCATION_SAFETY * change + radius).upper()


def _rounded(value: acb, error: arb, digits: int, method: str) -> Enclosure:
    with working_precision(bits_for(digits) + 16):
        return enclosure(value * 1, "estimated", method, error=midpoint(error))


def _next_radius(source: Uniformised, place: fmpq | acb, inside: fmpq | None, method: str) -> Enclosure | None:
    """From the poles nearest to u = 1 in two approximants: the first pole of a cut tends to its end like 1/N^2."""
    count, nearest = min(len(source), RADIUS_TERMS), []
    for terms in (count, 2 * count // 3):
        try:
            fractions = Pade(source, (terms - 1) // 2, (terms - 1) // 2).partial_fractions(POLE_BITS)
        except (ValueError, ArithmeticError):
            return None
        with working_precision(GUARD_BITS):
            away = [1 - p for p, near in zip(fractions.poles, fractions.doublets, strict=True) if not near]
            distances = [abs(w) for w in away if inside is None or abs(w) > inside]
        if not distances:
            return None
        nearest.append(min(distances, key=float))
    with working_precision(GUARD_BITS):
        radius, lower = (abs(acb(place)) * d * d for d in nearest)
        doubt = SAFETY * abs(radius - lower) + RADIUS_DOUBT * radius / count
        method = "nearest poles of two Padé approximants"
        return enclosure(acb(radius), "estimated", method, error=midpoint(doubt.upper()))


# ---------------------------------------------------------------------------------------------------------------------
# Resonance


def probe_exponent(series: FormalSeries, location: object, *, digits: int = 10) -> Resonance:
    """The exponent of a singularity of the Borel germ, by resonance.

    Parameters
    ----------
    series : FormalSeries
        At least 24 coefficients. Its prefactor plays no part.
    location : number
        A, as for :func:`eliminate`. It has to be known to about A/N^2 at the least, N the number of coefficients.
    digits : int
        Digits to aim for.

    Returns
    -------
    Resonance
        The error is eight times the spread of the zeros that eight late coefficients have as functions of s, and what
        the error of A changes.

    Raises
    ------
    TypeError
        For a ``series`` that is not one, and what is not a number.
    ValueError
        For A = 0 and too few coefficients, and where nothing resonates: because another singularity A' dominates the
        late coefficients in u, as every one does with |1 - sqrt(1 - A'/A)| <= 1 (those within |A|, and up to 3 |A| on
        the opposite side); because the exponent is less than -4, or the singularity not the sum of powers, or of
        logarithms times powers, that differ by integers; because there is none.

    Examples
    --------
    >>> from resurgence import models
    >>> probe_exponent(models.quartic.series(40), "-1/4").exponent
    Fraction(0, 1)
    >>> import math
    >>> print(probe_exponent(FormalSeries.from_function(math.factorial, 40), 1))
    resonance at exponent -1: late coefficients fall by 6.5 powers of ten
    """
    digits = check_digits(digits)
    _check_series(series, MIN_TERMS_TO_PROBE)
    place, error, shown = _location(location)
    bits = bits_for(digits) + GUARD_BITS + LOSS_PER_TERM * len(series)
    late = _LateCoefficients(series, place, bits)
    for trial in TRIALS:
        zeros = late.zeros(Fraction(1, 2) - trial)
        if zeros is not None:
            break
    else:
        raise ValueError(
            f"nothing resonates at {shown.short(10)} between the exponents {TRIALS[-1]} and {TRIALS[0]}: another "
            "singularity dominates, or this one is no power or logarithm, or is not there, or more coefficients are "
            "needed"
        )
    value, doubt = zeros
    for moved in _displaced(place, error, series.is_real and bool(acb(place).imag.is_zero())):
        other = _LateCoefficients(series, moved, bits).zeros(Fraction(1, 2) - trial)
        if other is None:
            raise ValueError(f"the location {shown} is not known well enough for a resonance")
        with working_precision(bits):
            doubt += LOCATION_SAFETY * abs(other[0] - value).upper()
    with working_precision(bits):
        beta = fmpq(1, 2) - value.real
        doubt = (doubt + abs(value.imag)).upper()
    exponent = _recognised(beta, doubt)
    if beta > fmpq(1, 2) - doubt:
        # All exponents that are larger by an integer resonate here as well.
        guess = exponent or _simplest(beta, doubt)
        above = next((k for k in range(ABOVE) if _is_eliminated(series, location, guess + k)), None)
        if above is None:
            raise ValueError(
                f"an exponent near {float(beta):.4g} resonates at {shown.short(10)}, or one larger by an integer: more "
                "coefficients are needed to tell which"
            )
        beta, exponent = beta + above, None if exponent is None else exponent + above
    resonant = _simplest(beta, doubt)
    resonant -= max(0, math.floor(resonant - HIGHEST) + 1)
    evidence = tuple((t, late.strength(Fraction(1, 2) - t)) for t in sorted({*TRIALS, resonant}, reverse=True))
    method = f"zeros of {WINDOW} late coefficients in u, error from their spread"
    return Resonance(exponent, _rounded(acb(beta), doubt, digits, method), evidence)


def _is_eliminated(series: FormalSeries, location: object, exponent: Fraction) -> bool:
    try:
        eliminate(series, location, exponent, digits=5, terms=1)
    except ValueError:
        return False
    return True


class _LateCoefficients:
    """The coefficients of u^n in B_s(A (2u - u^2)) Gamma(1 + s) as functions of s."""

    def __init__(self, series: FormalSeries, place: fmpq | acb, bits: int) -> None:
        self._bits = bits
        self._is_exact = series.is_exact
        with working_precision(bits):
            power, self._scaled = acb(1), []
            for a in series.balls(bits):
                self._scaled.append(a * power)
                power = power * acb(place)
        self._weights: dict[int, list[tuple[int, acb]]] = {}
        count = len(self._scaled)
        self._windows = [range(end - WINDOW, end) for end in (count, 3 * count // 4, count // 2)]

    def value(self, n: int, s: acb) -> acb:
        """[u^n]: the sum over m of a_m A^m/(1 + s)_m [u^n] (2u - u^2)^m."""
        if n not in self._weights:
            self._weights[n] = [
                (m, self._scaled[m] * (math.comb(m, n - m) * 2 ** (2 * m - n) * (-1) ** (n - m)))
                for m in range((n + 1) // 2, n + 1)
            ]
        first = (n + 1) // 2
        rising = acb(1)
        for k in range(1, first + 1):
            rising *= s + k
        total = acb(0)
        for m, weight in self._weights[n]:
            rising *= s + m if m > first else acb(1)
            total += weight / rising
        return total

    def strength(self, leroy: Fraction) -> float:
        """log10 of the fall from s -+ DELTA to s: the median over the last coefficients."""
        falls = []
        with working_precision(self._bits):
            s, delta = acb(_fmpq(leroy)), acb(_fmpq(DELTA))
            for n in self._windows[0][-4:]:
                low, here, high = (abs(self.value(n, x)).upper() for x in (s - delta, s, s + delta))
                if low > 0 and high > 0:
                    floor = (low * high).sqrt() * arb(2) ** -self._bits
                    falls.append(float((low * high).sqrt().log() - max(here, floor).log()) / math.log(10))
        return statistics.median(falls) if falls else 0.0

    def zeros(self, leroy: Fraction) -> tuple[acb, arb] | None:
        """The common zero of late coefficients near a trial s, with its error; None where they share none."""
        best: tuple[acb, arb] | None = None
        with working_precision(self._bits):
            for window in self._windows:
                found = [self._zero(n, leroy) for n in reversed(window)]
                known = [zero for zero in found if zero is not None]
                if len(known) < len(found):
                    if self._is_exact:
                        break
                    continue  # noise
                value = known[0][0]
                doubt = SAFETY * max(abs(z - value).upper() for z, _ in known) + max(blur for _, blur in known)
                if best is None or doubt < best[1]:
                    best = value, doubt.upper()
        return best if best is not None and best[1] < _fmpq(SHARPNESS) else None

    def _zero(self, n: int, leroy: Fraction) -> tuple[acb, arb] | None:
        """By the secant method, and what the balls leave open."""
        start = acb(_fmpq(leroy))
        x, y = start, start + acb(_fmpq(DELTA))
        at_x, at_y = self.value(n, x), self.value(n, y)
        for _ in range(SECANTS):
            slope = (at_y.mid() - at_x.mid()) / (y - x)
            if slope.contains(0):
                return (x, arb(0)) if at_x.is_zero() else None
            new = (y - at_y.mid() / slope).mid()
            if not abs(new - start) < _fmpq(STEP):
                return None
            x, at_x, y, at_y = y, at_y, new, self.value(n, new)
            if at_y.contains(0) or abs(y - x) < arb(2) ** -(self._bits // 2):
                break
        return y, ((abs(at_y).upper() + at_y.rad()) / abs(slope)).upper()


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _recognised(value: arb, error: arb) -> Fraction | None:
    """The fraction of least denominator within the error, where the error admits no other."""
    simplest = _simplest(value, error)
    return simplest if simplest.denominator <= MOST_DENOMINATOR and error * simplest.denominator**2 < ROOM else None


def _simplest(value: arb, error: arb) -> Fraction:
    """The fraction of least denominator within the error, or one as near as makes no difference."""
    for denominator in range(1, 1000):
        numerator = round(float(value) * denominator)
        if not abs(value - fmpq(numerator, denominator)) > error:
            return Fraction(numerator, denominator)
    return Fraction(float(value)).limit_denominator(10**9)
