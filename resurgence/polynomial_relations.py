"""The first linear relation between rows of rational functions.

Of rows v_0, v_1, ... in Q(x)^m the least r is sought for which v_r depends on v_0, ..., v_(r-1), and with it the
polynomials c_0, ..., c_r without common factor for which c_0 v_0 + ... + c_r v_r = 0.

The relation is computed modulo large primes, as power series at a point where it can be solved for v_r; the rational
functions -c_k/c_r follow from their power series, and the c_k from their residues. The cost is governed by the size of
the relation, which is often far below that of the minors in Cramer's rule. What is returned is proved:

* that the rows before v_r are independent is seen from a minor that is not zero at one point modulo one prime;
* that the relation holds is checked over Q.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import fmpz, fmpz_poly, nmod_mat, nmod_poly

from .modular import Residues, large_primes, pivot_columns

__all__ = ["Row", "first_relation"]

#: Powers of this are the points of the power series. (Any numbers would do: none leads to a wrong answer.)
_POINT = 1_414_213_562_373_095_049

#: Terms of the first power series, and by how many terms the rational functions must be overdetermined.
_TERMS, _SPARE = 16, 4


@dataclass(frozen=True)
class Row:
    """A row of rational functions over one denominator; that of each row has to divide that of the next."""

    numerators: Sequence[fmpz_poly]
    denominator: fmpz_poly


def first_relation(rows: Iterable[Row]) -> list[fmpz_poly]:
    """The shortest relation ``c_0 v_0 + ... + c_r v_r = 0``, c_r not zero, between rows that come one by one.

    Parameters
    ----------
    rows : iterable of Row
        All of the same length m, at least m + 1 of them unless an earlier one depends on those before.

    Returns
    -------
    list of fmpz_poly
        c_0, ..., c_r: no common factor, and the last has a positive leading coefficient.

    Raises
    ------
    ValueError
        The rows end before one depends on those before.

    Examples
    --------
    >>> x, one = fmpz_poly([0, 1]), fmpz_poly([1])
    >>> first_relation([Row([one, x], one), Row([one, 1 + x], x)])
    Traceback (most recent call last):
        ...
    ValueError: the 2 rows are independent: no relation can be found
    >>> first_relation([Row([one, x], one), Row([one, 1 + x], x), Row([one, one], x)])
    [(-1), x + (-1), 1]
    """
    known: list[Row] = []
    for row in rows:
        known.append(row)
        relation = _relation(known)
        if relation is not None:
            return relation
    raise ValueError(f"the {len(known)} rows are independent: no relation can be found")


def _relation(rows: Sequence[Row]) -> list[fmpz_poly] | None:
    """The relation of the last row with those before, which are independent; None where it is independent of them."""
    residues, terms, due, size = Residues(), _TERMS, 1, 0
    lengths: list[int] = []
    primes, point = large_primes(), 1
    while True:
        prime, point = next(primes), point * _POINT
        place = _Place(rows, prime, point % prime)
        if place.is_independent:
            return None
        if place.is_singular:
            continue
        found, terms = place.relation(terms)
        here = [int(c.degree()) + 1 for c in found]
        if here != lengths:
            if sum(here) <= sum(lengths):  # a coefficient vanishes modulo this prime
                continue
            residues, lengths, due, size = Residues(), here, 1, 0
        residues.add([int(c) for p in found for c in p.coeffs()], prime)
        size += 1
        if size == due:
            due += (due + 1) // 2
            coefficients = residues.integer_multiple()
            if coefficients is not None:
                relation = _divided(coefficients, lengths)
                if _holds(relation, rows):
                    return _primitive(relation)


class _Place:
    """The rows as power series in t = x - point modulo a prime.

    Attributes
    ----------
    is_independent : bool
        Whether the rows are independent at the point: then they are.
    is_singular : bool
        Whether a denominator vanishes at the point, or the rows before the last are not independent there.
    """

    def __init__(self, rows: Sequence[Row], prime: int, point: int) -> None:
        self._prime, self._point = prime, point
        self._rows = [[nmod_poly(entry, prime) for entry in row.numerators] for row in rows]
        self._denominators = [nmod_poly(row.denominator, prime) for row in rows]
        # A row of zeros makes up for the lack of matrices without entries.
        values = [[int(entry(point)) for entry in row] + [0] for row in self._rows]
        self.is_independent = int(nmod_mat(values, prime).rank()) == len(rows)
        self._columns = pivot_columns(*nmod_mat(values[:-1], prime).rref()) if values[:-1] else []
        vanishes = int(self._denominators[-1](point)) == 0  # the others divide it
        self.is_singular = vanishes or len(self._columns) < len(rows) - 1

    def _polynomial(self, coefficients: list[int]) -> nmod_poly:
        return nmod_poly(coefficients, self._prime)

    def relation(self, terms: int) -> tuple[list[nmod_poly], int]:
        """c_0, ..., c_r with the leading coefficient 1 of c_r, and how many terms it took; at least those given."""
        there, back = self._polynomial([self._point, 1]), self._polynomial([-self._point % self._prime, 1])
        *matrix, right = ([row[k](there) for k in self._columns] for row in self._rows)
        *denominators, last = (d(there) for d in self._denominators)
        while True:
            solution = self._solved(matrix, right, terms)
            inverse = last.inverse_series_trunc(terms)
            ratios = [y.mul_low(d.mul_low(inverse, terms), terms) for y, d in zip(solution, denominators, strict=True)]
            found = self._fractions(ratios, terms)
            if found is not None:
                moved = [c(back) for c in found]
                scale = moved[-1].leading_coefficient()
                return [c / scale for c in moved], terms
            terms *= 2

    def _solved(self, matrix: list[list[nmod_poly]], right: list[nmod_poly], terms: int) -> list[nmod_poly]:
        """y with ``sum_k y_k matrix[k] = -right``, by elimination; at t = 0 the matrix can be inverted."""
        size = len(matrix)
        rows = [[matrix[k][i] for k in range(size)] + [-right[i]] for i in range(size)]
        for k in range(size):
            pivot = next(i for i in range(k, size) if int(rows[i][k][0]) != 0)
            rows[k], rows[pivot] = rows[pivot], rows[k]
            inverse = rows[k][k].inverse_series_trunc(terms)
            rows[k] = [entry.mul_low(inverse, terms) if j > k else entry for j, entry in enumerate(rows[k])]
            for i in range(size):
                if i != k and not rows[i][k].is_zero():
                    factor = rows[i][k]
                    for j in range(k + 1, size + 1):
                        rows[i][j] -= factor.mul_low(rows[k][j], terms)
        return [row[-1] for row in rows]

    def _fractions(self, series: list[nmod_poly], terms: int) -> list[nmod_poly] | None:
        """Numerators, and then the common denominator; None where the series are too short to tell."""
        most = terms // 2 - _SPARE
        denominator = self._polynomial([1])
        for y in series:
            # Euclid's algorithm with t^terms, as far as the remainder is a numerator.
            previous, current = self._polynomial([0] * terms + [1]), y.mul_low(denominator, terms)
            before, here = self._polynomial([]), self._polynomial([1])
            while current.degree() > most:
                quotient, remainder = divmod(previous, current)
                previous, current = current, remainder
                before, here = here, before - quotient * here
            denominator *= here
            if denominator.degree() > most:
                return None
        numerators = [y.mul_low(denominator, terms) for y in series]
        return [*numerators, denominator] if all(p.degree() <= most for p in numerators) else None


def _divided(coefficients: Sequence[fmpz], lengths: Sequence[int]) -> list[fmpz_poly]:
    """One polynomial after the other."""
    relation, start = [], 0
    for length in lengths:
        relation.append(fmpz_poly(list(coefficients[start : start + length])))
        start += length
    return relation


def _holds(relation: Sequence[fmpz_poly], rows: Sequence[Row]) -> bool:
    last = rows[-1].denominator
    weights = [c * (last // row.denominator) for c, row in zip(relation, rows, strict=True)]
    return all(
        sum((w * row.numerators[k] for w, row in zip(weights, rows, strict=True)), fmpz_poly()).is_zero()
        for k in range(len(rows[0].numerators))
    )


def _primitive(relation: Sequence[fmpz_poly]) -> list[fmpz_poly]:
    """Without common factor; a greatest common divisor has a positive leading coefficient, as the last one has."""
    common = fmpz_poly()
    for c in relation:
        common = common.gcd(c)
    return [c // common for c in relation]
