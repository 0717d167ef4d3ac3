"""Rational vectors from their residues modulo large primes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from flint import fmpz, nmod_mat

__all__ = ["Residues", "large_primes", "pivot_columns"]

#: Below this a residue fits into a machine word with room to spare.
_TOP = 2**62


def large_primes() -> Iterator[int]:
    """The primes below 2^62, largest first.

    >>> 2**62 - next(large_primes())
    57
    """
    candidate = _TOP - 1
    while True:
        if fmpz(candidate).is_prime():
            yield candidate
        candidate -= 2


def pivot_columns(reduced: nmod_mat, rank: int) -> list[int]:
    """The columns in which the rows of a reduced echelon form begin.

    >>> pivot_columns(*nmod_mat([[0, 2, 4, 1], [0, 1, 2, 2]], 5).rref())
    [1, 3]
    """
    pivots: list[int] = []
    for column in range(reduced.ncols()):
        if len(pivots) < rank and int(reduced[len(pivots), column]) != 0:
            pivots.append(column)
    return pivots


class Residues:
    """A vector of rational numbers, of which more and more residues become known.

    Examples
    --------
    >>> known = Residues()
    >>> for prime in (11, 13, 17):
    ...     known.add([pow(3, -1, prime), -5 * pow(6, -1, prime) % prime], prime)
    ...     print(known.integer_multiple())
    None
    [2, -5]
    [2, -5]
    """

    def __init__(self) -> None:
        self.modulus = 1
        self._values: list[int] = []

    def add(self, residues: Sequence[int], prime: int) -> None:
        """The residues modulo one more prime (Chinese remaindering)."""
        lift = pow(self.modulus, -1, prime)
        known = self._values or [0] * len(residues)
        self._values = [
            old + self.modulus * ((new - old) * lift % prime) for old, new in zip(known, residues, strict=True)
        ]
        self.modulus *= prime

    def integer_multiple(self) -> list[fmpz] | None:
        """The vector times its common denominator; None while that is not determined.

        Determined are numerators and denominators up to the square root of half the modulus (Wang 1981).
        """
        bound = math.isqrt(self.modulus // 2)
        denominator = 1
        for value in self._values:
            part = self._denominator(value * denominator % self.modulus, bound)
            if part is None or (denominator := denominator * part) > bound:
                return None
        scaled = [value * denominator % self.modulus for value in self._values]
        balanced = [value - self.modulus if 2 * value > self.modulus else value for value in scaled]
        return [fmpz(value) for value in balanced] if max(map(abs, balanced)) <= bound else None

    def _denominator(self, value: int, bound: int) -> int | None:
        """The q > 0 with ``value = p/q`` and |p|, q <= bound, by Euclid's algorithm."""
        previous, current, before, here = self.modulus, value, 0, 1
        while current > bound:
            quotient = previous // current
            previous, current = current, previous - quotient * current
            before, here = here, before - quotient * here
        return abs(here) if abs(here) <= bound else None
