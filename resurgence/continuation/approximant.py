"""Numerator and denominator of one entry of a Padé table, exactly or to a proved precision.

Three reductions come first. A series in z^d, times a power of z, has the table of the series in z^d without that
power, every entry repeated in squares of side d.  An entry inside a block is computed at the block's corner.  And where
all coefficients are rational and the denominator is small, or what is left of it after a reduction is, the linear
system is solved exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from flint import acb, arb, fmpq, fmpq_mat, fmpq_poly

from resurgence.continuation.continued_fraction import (
    Ball,
    Breakdown,
    ContinuedFraction,
    Polynomial,
    certified_convergent,
    exponent,
    polynomial,
)
from resurgence.continuation.pade_table import block_corner, quotient_degrees
from resurgence.continuation.precision import (
    TYPICAL_LOSS,
    USEFUL_BITS,
    Precision,
    PrecisionError,
    extrapolated_loss,
    relative_bits,
)
from resurgence.numbers import is_exact_zero, working_precision
from resurgence.power_series import Scalar

__all__ = ["Approximant", "Entry", "Source"]

#: Denominators up to this degree are computed exactly from rational coefficients.
EXACT_DEGREE = 32

#: The same for denominators that came out smaller than asked for: rational functions, recovered as they are.
EXACT_REDUCED_DEGREE = 128

#: Output bits below which an approximant of inexact coefficients is refused.
LEAST_OUTPUT = 8

#: Guard bits of the recurrence over the coefficients' own.
GUARD_BITS = 64


class Source(Protocol):
    """What a Padé approximant is made of; :class:`resurgence.borel.BorelTransform` is one."""

    @property
    def terms(self) -> Sequence[Scalar]:
        """The coefficients b_0, b_1, ... but for a common factor, exact where they are known exactly."""

    @property
    def is_exact(self) -> bool:
        """Whether ``balls`` reaches every precision."""

    @property
    def is_real(self) -> bool:
        """Whether all coefficients are real."""

    def __len__(self) -> int: ...

    def balls(self, bits: int) -> list[acb]:
        """The coefficients, to ``bits`` relative bits where they are exact."""

    def rationals(self) -> list[fmpq] | None:
        """The coefficients where they are all rational."""


@dataclass(frozen=True)
class Approximant:
    """P/Q in balls, in the variable y/2^scale in which the coefficients neither grow nor fall."""

    numerator: Polynomial
    denominator: Polynomial
    scale: int
    fraction: ContinuedFraction | None
    precision: Precision


@dataclass
class Entry:
    """The [m/n] entry of the Padé table of b(z) = z^shift c(z^step), held as an entry of the table of c.

    Attributes
    ----------
    shift, step : int
        The structure that is visible in the zeros of the coefficients.
    unlimited : bool
        Whether the coefficients can be had to any precision.
    degrees : (int, int)
        Degrees in y = z^step of numerator (without z^shift) and denominator, in lowest terms once that is known.
    proved : bool
        Whether the degrees are: a regular entry proves itself, and an exact solution is checked. That an entry lies
        in a block is otherwise the word of two random primes.
    """

    source: Source
    m: int
    n: int
    shift: int = field(init=False)
    step: int = field(init=False)
    unlimited: bool = field(init=False)
    degrees: tuple[int, int] = field(init=False)
    exact: tuple[fmpq_poly, fmpq_poly] | None = field(init=False, default=None)
    proved: bool = field(init=False, default=True)
    _quotients: list[int] | None = field(init=False, default=None)
    _analysed: bool = field(init=False, default=False)
    _scale: int | None = field(init=False, default=None)
    _best: Approximant | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        used = self.source.terms[: self.m + self.n + 1]
        # Balls of radius zero are exact numbers too.
        self.unlimited = self.source.is_exact or all(t.is_exact() for t in used if isinstance(t, acb))
        support = [k for k, t in enumerate(used) if not is_exact_zero(t)]
        if not support or support[0] > self.m:
            self.shift, self.step, self.degrees = 0, 1, (0, 0)
            self.exact = fmpq_poly([]), fmpq_poly([1])
            return
        self.shift = support[0]
        gaps = math.gcd(*(k - self.shift for k in support))
        self.step = gaps or self.m + self.n + 1
        self._terms = used[self.shift :: self.step]
        self.degrees = (self.m - self.shift) // self.step, self.n // self.step
        self._rational = all(isinstance(t, fmpq) for t in self._terms)
        if self.degrees[1] == 0 or (self._rational and self.degrees[1] <= EXACT_DEGREE):
            self._analyse()

    def _analyse(self) -> None:
        """Find the block of the table, solve exactly where that is cheap."""
        self._analysed, self._scale = True, None
        asked = self.degrees
        m, n = self.degrees = block_corner(self._terms, *asked)
        cheap = n <= (EXACT_REDUCED_DEGREE if n < asked[1] else EXACT_DEGREE)
        if self._rational and self.source.rationals() is not None and cheap:
            self.exact = self._solve_exactly(asked)
        elif n:
            self._quotients = quotient_degrees(_window(self._terms, m - n + 1, m + n + 1, fmpq(0)), n)
        self.proved = self.exact is not None or self.degrees == asked

    def _solve_exactly(self, asked: tuple[int, int]) -> tuple[fmpq_poly, fmpq_poly]:
        m, n = self.degrees
        rationals = self.source.rationals()
        assert rationals is not None
        c = rationals[self.shift :: self.step][: sum(asked) + 1]
        q = [fmpq(1)]
        if n:
            rows = [_window(c, m + i - n, m + i, fmpq(0))[::-1] for i in range(1, n + 1)]
            right = fmpq_mat([[-c[m + i]] for i in range(1, n + 1)])
            q += [entry for (entry,) in fmpq_mat(rows).solve(right).tolist()]
        denominator = fmpq_poly(q)
        product = fmpq_poly(c) * denominator
        contact = m + n + 1 + max(asked[0] - m, asked[1] - n)
        if any(product[k] != 0 for k in range(m + 1, contact)):
            raise AssertionError("an unlucky prime misjudged a Padé block")  # pragma: no cover
        return fmpq_poly([product[k] for k in range(m + 1)]), denominator

    # -----------------------------------------------------------------------------------------------------------------

    def best(self, bits: int) -> Approximant:
        """The approximant to ``bits`` correct bits in every coefficient, or as many as inexact coefficients allow.

        Raises
        ------
        PrecisionError
            Where inexact coefficients leave less than 8 bits.
        """
        if self._best is not None and (self._best.precision.output >= bits or not self.unlimited):
            return self._best
        if self.exact is not None:
            with working_precision(bits + 8):
                numerator, denominator = (polynomial([arb(c) for c in p.coeffs()]) for p in self.exact)
            self._best = Approximant(numerator, denominator, 0, None, Precision(bits, bits))
        elif self.unlimited:
            self._best = self._raise_precision(bits)
        else:
            self._best = self._from_inexact()
        return self._best

    def _raise_precision(self, bits: int) -> Approximant:
        work = (
            bits
            + GUARD_BITS
            + (self._best.precision.lost if self._best is not None else TYPICAL_LOSS * self.degrees[1])
        )
        limit = 64 * (bits + sum(self.degrees) + 64)
        while work <= limit:
            approximant = self._attempt(work, work)
            if approximant is not None and self._is_normal(approximant):
                if approximant.precision.output >= bits:
                    return approximant
                work += bits - approximant.precision.output + GUARD_BITS
                continue
            if not self._analysed:
                self._analyse()
                if self.exact is not None:
                    self._best = None
                    return self.best(bits)
            else:
                work *= 2
        raise ArithmeticError(f"the [{self.m}/{self.n}] approximant could not be certified with {limit} bits")

    def _from_inexact(self) -> Approximant:
        available = self._available_bits()
        # The midpoints count as exact in the recurrence, so a detour through tiny pivots costs nothing but time.
        for work in (available + GUARD_BITS, 3 * available + GUARD_BITS):
            approximant = self._attempt(work, available)
            if approximant is not None and approximant.precision.output >= LEAST_OUTPUT:
                return approximant
            if not self._analysed:
                self._analyse()
        missing = self._missing_bits(available)
        raise PrecisionError(
            f"the [{self.m}/{self.n}] Padé approximant loses all of the {available} bits that the coefficients have: "
            f"about {missing} more bits are needed (none are enough where the series is that of a rational function "
            "of lower degree). Give exact or better coefficients, or ask for a lower order",
            missing,
        )

    def _missing_bits(self, available: int) -> int:
        """Estimate how many bits are missing from what lower orders of the same shape lose."""
        m, n = self.degrees
        losses: list[tuple[int, int]] = []
        order = n
        while order > 2 and len(losses) < 2:
            order //= 2
            lower = Entry(self.source, self.shift + self.step * (m * order // n), self.step * order)
            with suppress(PrecisionError):
                losses.append((order, lower.best(LEAST_OUTPUT).precision.lost))
        return extrapolated_loss(losses, n) + USEFUL_BITS - available

    def _available_bits(self) -> int:
        """Relative bits of the worst coefficient; one that may be zero counts beside the others, scaled alike."""
        bits = 32
        while True:
            bits *= 2
            with working_precision(bits + GUARD_BITS):
                scaled = self._scaled(self._coefficients(bits))
            available = relative_bits(scaled)
            if available < bits - 8:  # else it is the exact ones among them that set the limit
                return max(2, available)

    def _is_normal(self, a: Approximant) -> bool:
        """Whether the leading coefficients are not zero: then the entry is a corner of its block."""
        return not (a.numerator[self.degrees[0]].contains(0) or a.denominator[self.degrees[1]].contains(0))

    def _coefficients(self, bits: int) -> list[Ball]:
        used = self.source.balls(bits)[: self.m + self.n + 1][self.shift :: self.step]
        return [c.real for c in used] if self.source.is_real else list(used)

    def _steps(self) -> list[int] | None:
        """Degrees of the quotients of the continued fraction on the way to the entry, None if all are 1."""
        m, n = self.degrees
        if self._quotients is None and m < n - 1:
            return [n - m] + [1] * m  # the n - 1 - m leading zeros below c_0
        return self._quotients

    def _scaled(self, c: Sequence[Ball]) -> list[Ball]:
        """The coefficients of y^0, y^1, ... for the variable y/2^scale."""
        if self._scale is None:  # one scale at all precisions
            m, n = self.degrees
            sizes = [(k, e) for k, e in enumerate(map(exponent, c)) if e is not None and m - n < k <= m + n]
            (i, low), (j, high) = (sizes[0], sizes[-1]) if sizes else ((0, 0), (0, 0))
            self._scale = round((high - low) / (j - i)) if j > i else 0
        return [x * arb(2) ** (-self._scale * k) for k, x in enumerate(c)]

    def _attempt(self, work: int, available: int) -> Approximant | None:
        """Recurrence and certification at ``work`` bits; None where nothing could be certified."""
        m, n = self.degrees
        with working_precision(work):
            c = self._scaled(self._coefficients(work))
            fraction = None
            numerator, denominator = polynomial(c[: m + 1]), polynomial([arb(1)])
            if n:
                first = m - n + 1
                f = polynomial(_window(c, first, m + n + 1, 0 * c[0]))
                try:
                    fraction = ContinuedFraction.expand(f, n, self._steps())
                except Breakdown:
                    return None
                convergent = certified_convergent(f, n, fraction)
                if convergent is None:
                    return None
                # c = c_0 + ... + c_(m-n) y^(m-n) + y^(m-n+1) f: the polynomial goes through the denominator.
                head, denominator = convergent
                numerator = head.left_shift(first) if first >= 0 else head.right_shift(-first)
                numerator = numerator + (polynomial(c[: max(first, 0)]) * denominator).truncate(m + 1)
            output = min(relative_bits(numerator.coeffs()), relative_bits(denominator.coeffs()), available)
        assert self._scale is not None
        return Approximant(numerator, denominator, self._scale, fraction, Precision(available, output))


def _window(c: Sequence, start: int, stop: int, zero: object) -> list:  # type: ignore[type-arg]
    """c[start:stop] where coefficients of negative index are zero."""
    return [zero if k < 0 else c[k] for k in range(start, stop)]
