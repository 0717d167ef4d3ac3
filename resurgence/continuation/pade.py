"""Padé approximants of a germ, with a precision budget that is declared and proved.

The [m/n] approximant P/Q of b(z) = sum b_k z^k has deg P <= m, deg Q <= n, Q(0) = 1, Q b - P = O(z^(m+n+1)), or is the
entry of the block of the Padé table that [m/n] lies in (Baker & Graves-Morris 1996, *Padé Approximants*, ch. 1-2).
Everything said here about poles, residues and values concerns the approximant, and is certified for it; estimated,
where it lies in a block that was found modulo two random primes and not solved exactly.  With inexact coefficients it
holds for every series in their balls.  What it says about the germ is another matter: poles line up along the germ's
cuts, and some of them mean nothing.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

import numpy as np
from flint import acb, acb_poly, arb, fmpq, fmpz_poly
from numpy.typing import NDArray

from resurgence.continuation.approximant import Approximant, Entry, Source
from resurgence.continuation.continued_fraction import Polynomial, coefficients, polynomial
from resurgence.continuation.partial_fractions import PartialFractions, expand, power
from resurgence.continuation.precision import Precision, PrecisionError
from resurgence.continuation.roots import Unresolved, certified_roots, evaluate
from resurgence.numbers import (
    Enclosure,
    Status,
    ball,
    bits_for,
    check_digits,
    enclosure,
    roots_with_multiplicity,
    working_precision,
)
from resurgence.power_series import Scalar

__all__ = ["Pade", "PartialFractions", "Pole", "Precision", "PrecisionError"]


@dataclass(frozen=True, slots=True)
class Pole:
    """A pole of an approximant.

    Attributes
    ----------
    location, residue : Enclosure
        Certified for the approximant. At a multiple pole ``residue`` is the coefficient of 1/(z - location).
    multiplicity : int
    doublet : bool
        Whether it is a Froissart doublet: a zero of the approximant all but cancels it (see
        :mod:`~resurgence.continuation.partial_fractions`).
    """

    location: Enclosure
    residue: Enclosure
    multiplicity: int
    doublet: bool

    def __str__(self) -> str:
        notes = ([f"multiplicity {self.multiplicity}"] if self.multiplicity > 1 else []) + ["doublet"] * self.doublet
        return f"pole at {self.location}, residue {self.residue}" + (f" ({', '.join(notes)})" if notes else "")


#: Doublings of the precision before a point is taken for a pole.
DOUBLINGS = 8

#: Bits per order by which the terms of numerator and denominator cancel near the poles of a typical germ, log2(1+√2)
#: times two and a little more: computed from the start, so that it seldom has to be done twice.
CANCELLATION = 3

#: Bits to which the approximant is computed where nothing but its degrees is asked for, or its coefficients.
LEAST_BITS = 64

#: Bits that a refusal asks for above what it found to be needed.
GUARD_BITS = 32


class Pade:
    """The [m/n] Padé approximant of a germ: numerator of degree at most m, denominator of degree at most n.

    Parameters
    ----------
    source : BorelTransform
        Or another object with its ``terms``, ``balls``, ``rationals``, ``is_exact``, ``is_real`` and length.
    m, n : int
        At least 0; m + n + 1 coefficients are used.
    bits : int, optional
        Correct bits that numerator and denominator have from the start where the coefficients are exact. By default
        they are computed when they are asked for, with the bits that this takes.

    Raises
    ------
    TypeError
        For orders that are not integers.
    ValueError
        For negative orders, and for too few coefficients.
    PrecisionError
        A ValueError; where the coefficients are not precise enough to leave a correct digit. It says how many bits are
        missing. With exact coefficients the precision is raised as needed, here and in every method.

    Examples
    --------
    >>> import math
    >>> from resurgence.series import FormalSeries
    >>> FormalSeries.from_function(math.factorial, 21).borel().pade(10, 10)
    <Pade [10/10] = [0/1]: exact, (1)/(1 - z)>
    >>> exponential = FormalSeries([1] * 5).borel().pade(2, 2)
    >>> exponential.denominator
    (Fraction(1, 1), Fraction(-1, 2), Fraction(1, 12))
    >>> print(exponential.poles(10)[0].location)
    3.0000000000000000 - 1.7320508075688772j ± 1.1e-16 (certified)
    """

    def __init__(self, source: Source, m: int, n: int, *, bits: int | None = None) -> None:
        self.order = _order("m", m), _order("n", n)
        if len(source) < m + n + 1:
            raise ValueError(
                f"a [{m}/{n}] Padé approximant needs {m + n + 1} coefficients, there are {len(source)}: "
                "compute more of them or ask for a lower order"
            )
        if bits is not None and bits < 1:
            raise ValueError(f"bits must be at least 1, got {bits}")
        self._entry = Entry(source, *self.order)
        if bits is not None or not self._entry.unlimited:
            self._entry.best(bits or LEAST_BITS)
        self._roots: tuple[int, list[tuple[acb, int]]] = 0, []
        self._fractions: tuple[int, PartialFractions] | None = None

    # -----------------------------------------------------------------------------------------------------------------
    # What it is

    @property
    def degrees(self) -> tuple[int, int]:
        """Degrees of numerator and denominator in lowest terms, at most ``order``."""
        e = self._entry
        e.best(LEAST_BITS)
        m, n = e.degrees
        return e.shift + e.step * m, e.step * n

    @property
    def precision(self) -> Precision:
        """The precision budget: bits of the coefficients used, bits lost, bits of the result."""
        best = self._entry.best(LEAST_BITS)
        return Precision(0, 0, exact=True) if self._entry.exact else best.precision

    @property
    def numerator(self) -> tuple[Fraction | Enclosure, ...]:
        """Coefficients of P in ascending order: exact, or certified enclosures."""
        return self._coefficients(0)

    @property
    def denominator(self) -> tuple[Fraction | Enclosure, ...]:
        """Coefficients of Q in ascending order, Q(0) = 1: exact, or certified enclosures."""
        return self._coefficients(1)

    def _coefficients(self, which: int) -> tuple[Fraction | Enclosure, ...]:
        e = self._entry
        best = e.best(LEAST_BITS)
        if e.exact is not None:
            known: list[Fraction | Enclosure] = [Fraction(int(c.p), int(c.q)) for c in e.exact[which].coeffs()]
        else:
            p = (best.numerator, best.denominator)[which]
            with working_precision(best.precision.input + 64):
                unscaled = [p[k] * arb(2) ** (best.scale * k) for k in range(e.degrees[which] + 1)]
                known = [enclosure(c, self._status, self._method) for c in unscaled]
        spaced: list[Fraction | Enclosure] = [Fraction(0)] * (e.shift if which == 0 else 0)
        for k, c in enumerate(known):
            spaced += [Fraction(0)] * (e.step - 1 if k else 0) + [c]
        return tuple(spaced)

    def __repr__(self) -> str:
        m, n = self.order
        reduced = "" if self.degrees == self.order else f" = [{self.degrees[0]}/{self.degrees[1]}]"
        text = f"<Pade [{m}/{n}]{reduced}: {self.precision}"
        if self._entry.exact and sum(self.degrees) <= 6:
            text += f", ({_text(self.numerator)})/({_text(self.denominator)})"
        return text + ">"

    # -----------------------------------------------------------------------------------------------------------------
    # Values

    def __call__(self, z: object, digits: int = 30) -> Enclosure:
        """The approximant's value at ``z``, certified: a ball that contains P(z)/Q(z), to ``digits`` digits.

        Near a zero of the approximant the digits are relative to sum |P_k z^k| / |Q(z)|.

        Raises
        ------
        ValueError
            For NaN and infinities, and at a pole. PrecisionError where inexact coefficients do not reach the digits.

        Examples
        --------
        >>> from resurgence.series import FormalSeries
        >>> print(FormalSeries([1] * 9).borel().pade(4, 4)(1, digits=12))
        2.71828171828171828 ± 3.5e-18 (certified)
        """
        bits = bits_for(check_digits(digits))
        ball(z, 64)  # refuses what is not a finite number before any work
        work = bits + 32
        for _ in range(DOUBLINGS):
            value = self._value(z, work, bits)
            if value is not None:
                with working_precision(bits + 16):
                    return enclosure(value * 1, self._status, self._method)
            if not self._entry.unlimited:
                self._refuse(f"the value at {z} to {digits} digits", lambda sharp: sharp(z, digits))
            work *= 2
        raise ValueError(f"{z} is a pole of the {self.name} Padé approximant, or too near to one for {digits} digits")

    def _value(self, z: object, work: int, bits: int) -> acb | None:
        """P(z)/Q(z) where ``work`` bits enclose it to ``bits``."""
        e = self._entry
        best = e.best(work)
        work = max(work, best.precision.output) + 32
        with working_precision(work):
            point = ball(z, work)
            y = power(point, e.step) * arb(2) ** best.scale
            bottom = acb_poly(best.denominator)(y)
            if bottom.contains(0):
                return None
            factor = power(point, e.shift) / bottom
            value = factor * acb_poly(best.numerator)(y)
            if value.rel_accuracy_bits() >= bits or value.is_zero():
                return value
            terms = sum(
                (abs(c) * power(acb(abs(y)), k).real for k, c in enumerate(coefficients(best.numerator))), arb(0)
            )
            near_zero = value.contains(0) and value.rad() < abs(factor) * terms * arb(2) ** -bits
        return value if near_zero else None

    def values(self, points: Sequence[acb], bits: int) -> list[acb]:
        """P/Q at the points, computed with ``bits`` bits and as many as its terms are known to cancel.

        See :class:`~resurgence.continuation.continuation.Continuation`. Raises ValueError at a pole.
        """
        e = self._entry
        work = bits + 32 + 2 * CANCELLATION * e.degrees[1]
        best = e.best(work if e.unlimited else LEAST_BITS)
        with working_precision(work):
            y = [power(z, e.step) * arb(2) ** best.scale for z in points]
            tops, bottoms = (
                evaluate(p, y) if p.degree() >= 0 else [acb(0)] * len(y) for p in (best.numerator, best.denominator)
            )
            if any(q.contains(0) for q in bottoms):
                raise ValueError(f"the {self.name} Padé approximant has a pole there, or too near to tell")
            return [power(z, e.shift) * p / q for z, p, q in zip(points, tops, bottoms, strict=True)]

    @property
    def _status(self) -> Status:
        """Certified, unless the degrees rest on random primes: known once the entry has been computed."""
        return "certified" if self._entry.proved else "estimated"

    @property
    def _method(self) -> str:
        chance = "" if self._entry.proved else ", its degrees decided modulo two random primes"
        return f"{self.name} Padé approximant{chance}"

    @property
    def name(self) -> str:
        """``"[m/n]"``."""
        return f"[{self.order[0]}/{self.order[1]}]"

    def _refuse(self, what: str, task: Callable[[Pade], object]) -> NoReturn:
        """Say how many bits are missing for a task: do it with the midpoints as if they were exact, and see."""
        sharp = Pade(_Sharpened(self._entry.source), *self.order)
        if sharp.degrees != self.degrees:
            raise ValueError(
                f"the coefficients do not tell the {self.name} Padé approximant from one of degrees {sharp.degrees}: "
                "ask for that order, or give exact coefficients"
            )
        try:
            task(sharp)
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"{what} of the {self.name} Padé approximant is out of reach: {error}") from None
        missing = max(1, sharp.precision.input - self.precision.input) + GUARD_BITS
        raise PrecisionError(
            f"the coefficients are not precise enough for {what} of the {self.name} Padé approximant "
            f"({self.precision}): about {missing} more bits are needed",
            missing,
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Poles

    def poles(self, digits: int = 30) -> tuple[Pole, ...]:
        """All poles with residues, to ``digits`` digits, sorted by modulus.

        Locations are certified as roots of the denominator (not as singularities of the germ) and isolated from each
        other; residues are certified for the approximant.

        Raises
        ------
        PrecisionError
            Where inexact coefficients do not reach the digits.
        """
        bits = bits_for(check_digits(digits))
        fractions = self.partial_fractions(bits)
        with working_precision(bits + 16):
            return tuple(
                Pole(
                    enclosure(p * 1, self._status, self._method),
                    enclosure(part[0] * 1, self._status, self._method),
                    len(part),
                    near,
                )
                for p, part, near in zip(fractions.poles, fractions.principal_parts, fractions.doublets, strict=True)
            )

    def partial_fractions(self, bits: int) -> PartialFractions:
        """Polynomial part, poles and principal parts in balls of at least ``bits`` relative bits.

        Asked again with fewer or as many bits it answers from memory; more bits cost about one Newton step more.

        Raises
        ------
        PrecisionError
            Where inexact coefficients do not reach the bits.
        """
        if bits < 2:
            raise ValueError(f"bits must be at least 2, got {bits}")
        if self._fractions is not None and self._fractions[0] >= bits:
            return self._fractions[1]
        try:
            fractions = self._expand(bits)
        except Unresolved as problem:
            if self._entry.unlimited:
                raise ValueError(
                    f"{problem}: multiple poles are resolved for rational coefficients only; take other orders"
                ) from problem
            self._refuse(f"poles and residues to {bits} bits", lambda sharp: sharp.partial_fractions(bits))
        self._fractions = bits, fractions
        return fractions

    def _expand(self, bits: int) -> PartialFractions:
        e = self._entry
        work = bits + 32
        while True:
            roots = self._denominator_roots(work)
            fractions = expand(e, roots, work + CANCELLATION * e.degrees[1])
            reached = fractions.accuracy_bits()
            if reached >= bits:
                return fractions
            if work > 64 * (bits + sum(self.degrees) + 64) or (
                not e.unlimited and work > e.best(work).precision.output + bits
            ):
                raise Unresolved(f"the residues of {self!r} could not be enclosed to {bits} bits")
            work += max(64, min(bits - reached, work) + 32)

    def _denominator_roots(self, bits: int) -> list[tuple[acb, int]]:
        """The roots in y = z^step with their multiplicities, to ``bits`` relative bits."""
        if self._roots[0] < bits:
            e = self._entry
            e.best(bits + CANCELLATION * e.degrees[1])
            exact = e.exact
            roots = _exact_roots(exact[1].numer(), bits) if exact else [(y, 1) for y in self._numeric_roots(bits)]
            self._roots = bits, roots
        return self._roots[1]

    def _numeric_roots(self, bits: int) -> list[acb]:
        e = self._entry
        n = e.degrees[1]
        expected = bits + CANCELLATION * n
        best = e.best(expected)
        if best.denominator[n].contains(0):
            raise Unresolved(f"the degree of the denominator of {self!r} is uncertain")

        # In x = 1/y the roots lie in a disc, and the continued fraction knows them as eigenvalues.
        def reciprocal(b: int) -> Polynomial:
            denominator = e.best(max(b, expected)).denominator
            return polynomial([denominator[n - k] for k in range(n + 1)])

        limit = None if e.unlimited else best.precision.output
        reciprocals = certified_roots(reciprocal, bits, self._starts(best), limit, CANCELLATION * n)
        with working_precision(bits + 64):
            return [1 / (x * arb(2) ** best.scale) for x in reciprocals]

    def _starts(self, best: Approximant) -> NDArray[np.complex128] | None:
        if self._roots[1]:
            return np.array([1 / complex(y * arb(2) ** best.scale) for y, _ in self._roots[1]], dtype=np.complex128)
        return best.fraction.reciprocal_poles() if best.fraction is not None else None


def _order(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"the order {name} of a Padé approximant must be an integer, got {value!r}")
    order = int(value)
    if order < 0:
        raise ValueError(f"the order {name} of a Padé approximant must be at least 0, got {order}")
    return order


def _exact_roots(q: fmpz_poly, bits: int) -> list[tuple[acb, int]]:
    work = bits + 32
    while True:
        with working_precision(work):
            roots = roots_with_multiplicity(q)
        if all(z.rel_accuracy_bits() >= bits for z, _ in roots):
            return roots
        work *= 2


def _text(coefficients: tuple[Fraction | Enclosure, ...]) -> str:
    """A polynomial with rational coefficients, for people."""
    parts = []
    for k, c in enumerate(coefficients):
        if c == 0 or isinstance(c, Enclosure):
            continue
        factor = str(abs(c)) if abs(c) != 1 or k == 0 else ""
        sign = "-" if c < 0 else "+"
        parts.append(f"{sign} {factor}{'*' if factor and k else ''}{'' if k == 0 else 'z' if k == 1 else f'z^{k}'}")
    text = " ".join(parts).removeprefix("+ ") or "0"
    return "-" + text[2:] if text.startswith("- ") else text


class _Sharpened:
    """A source whose midpoints are taken for exact."""

    is_exact = True

    def __init__(self, source: Source) -> None:
        self._midpoints = [b.mid() for b in source.balls(64)]
        self.is_real = source.is_real

    @property
    def terms(self) -> list[Scalar]:
        return [fmpq(0) if b.is_zero() else b for b in self._midpoints]

    def __len__(self) -> int:
        return len(self._midpoints)

    def rationals(self) -> None:
        return None

    def balls(self, bits: int) -> list[acb]:
        with working_precision(bits):
            return [b * 1 for b in self._midpoints]
