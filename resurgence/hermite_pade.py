"""Guessing the linear differential equation of a power series from its coefficients.

Polynomials Q_0, ..., Q_d of degree at most r are sought for which

    sum_i x^i Q_i(theta) y = O(x^N) ,      theta = x d/dx ,      y = a_0 + ... + a_(N-1) x^(N-1) + ... ,

a Hermite-Padé approximant of y, theta y, ..., theta^r y (Beckermann & Labahn 1994; as a way to equations: Salvy &
Zimmermann 1994; Kauers 2009). These are N linear equations, ``sum_i Q_i(n-i) a_(n-i) = 0``, for (r+1)(d+1) unknown
coefficients. Where there are more equations than unknowns and a solution all the same, the series obeys the equation as
far as it is known. That it always does is not proved; each equation to spare is evidence for it, and some are demanded.

Whether there is a solution is decided modulo one large prime: where there is none there, there is none over Q. One that
there is gets reconstructed from its residues modulo several primes, and is then checked over Q with all coefficients.
"""

from __future__ import annotations

import math
import numbers
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from flint import fmpq, fmpz, fmpz_poly, nmod_mat

from .differential_operator import DifferentialOperator
from .modular import Residues, large_primes, pivot_columns
from .numbers import rational

__all__ = ["Guess", "guess_operator"]

#: Equations beyond the unknowns that must hold.
SURPLUS = 10

#: Largest number of unknowns.
MAX_UNKNOWNS = 400

#: Residues of a solution are given up when it takes more primes than this.
_MAX_PRIMES = 2_000


@dataclass(frozen=True)
class Guess:
    """An equation that a power series obeys as far as it is known.

    Attributes
    ----------
    operator : DifferentialOperator
        Applied to the series it leaves nothing but terms beyond those that are known.
    surplus_equations : int
        How many more equations it satisfies than there are free numbers in it. Equations that hold whatever the
        operator, because all coefficients in them are zero, are not counted.
    """

    operator: DifferentialOperator
    surplus_equations: int


def guess_operator(coefficients: Sequence[object], *, surplus: int = SURPLUS, variable: str = "x") -> Guess | None:
    """A linear differential operator with polynomial coefficients that annihilates a power series, as far as is known.

    Of all that there are within the reach of the coefficients it is one of the least order, and of these the one with
    the least degree.

    Parameters
    ----------
    coefficients : sequence of rational numbers
        a_0, a_1, ..., exact.
    surplus : int
        So many equations must hold beyond those that can be satisfied by choice.
    variable : str
        The name of the variable of the operator.

    Returns
    -------
    Guess or None
        None where there are too few coefficients, and where no equation is found: there may still be one that takes
        more coefficients, or more than 400 unknowns. A polynomial, too, gives None: vanishing coefficients say
        nothing about an equation.

    Raises
    ------
    TypeError, ValueError
        A coefficient is not an exact rational number; ``surplus`` is not a positive integer.

    Examples
    --------
    >>> guess_operator([math.comb(2 * n, n) for n in range(20)])
    Guess(operator=DifferentialOperator(['2', '4*x - 1'], 'x'), surplus_equations=17)
    >>> guess_operator([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79]) is None
    True
    """
    terms = _exact(coefficients)
    spare_wanted = _checked(surplus)
    support = [n for n, a in enumerate(terms) if a != 0]
    if len(support) < 2:
        return None
    # y = x^first f(x^stride): the equation of f is the smaller one, and counts no equation 0 = 0.
    first = support[0]
    stride = reduce(math.gcd, (n - first for n in support))
    found = _Search(terms[first::stride], spare_wanted).run()
    if found is None:
        return None
    polynomials, spare = found
    # theta of x^stride is (theta - first)/stride; all times stride^order.
    shifted = [_substituted(q, first, stride) for q in polynomials]
    spread = [fmpz_poly() for _ in range(stride * (len(shifted) - 1) + 1)]
    spread[::stride] = shifted
    return Guess(DifferentialOperator.from_theta_form(spread, variable), spare)


def _checked(surplus: object) -> int:
    if isinstance(surplus, bool) or not isinstance(surplus, numbers.Integral):
        raise TypeError(f"surplus, the number of equations to spare, must be an integer, got {surplus!r}")
    if surplus < 1:
        raise ValueError(f"surplus, the number of equations to spare, must be at least 1, got {surplus}")
    return int(surplus)


def _exact(coefficients: Sequence[object]) -> list[fmpq]:
    if isinstance(coefficients, str) or not isinstance(coefficients, Sequence):
        raise TypeError(f"coefficients are given as a list of exact rational numbers, got {coefficients!r}")
    terms = []
    for n, a in enumerate(coefficients):
        value = rational(a) if isinstance(a, (numbers.Rational, fmpz, fmpq)) else None
        if value is None:
            raise ValueError(f"an equation is guessed from exact rational coefficients, got a_{n} = {a!r}")
        terms.append(value)
    return terms


def _substituted(polynomials: Sequence[fmpz], first: int, stride: int) -> fmpz_poly:
    """``stride^r Q((t - first)/stride)`` where r + 1 coefficients of Q are given."""
    order = len(polynomials) - 1
    scaled = fmpz_poly([c * stride ** (order - k) for k, c in enumerate(polynomials)])
    return scaled(fmpz_poly([-first, 1]))


class _Search:
    """The shapes (r, d) for a series, from small orders r on."""

    def __init__(self, terms: Sequence[fmpq], surplus: int) -> None:
        self.terms, self.surplus = terms, surplus
        # A solution leaves one unknown free, so that one equation fewer than there are unknowns is used up.
        self.unknowns = min(MAX_UNKNOWNS, len(terms) + 1 - surplus)
        # For the search so many terms are enough; what is found has to hold for all of them.
        self._searched = terms[: self.unknowns + 2 * surplus]
        self._primes = (p for p in large_primes() if all(a.q % p != 0 for a in self._searched))
        self._field = _Equations(self._searched, next(self._primes))

    def run(self) -> tuple[list[list[fmpz]], int] | None:
        """The coefficients of each of Q_0, ..., Q_d, and the number of equations to spare."""
        for degree, orders in self._largest_shapes():
            if self._is_solvable(orders[-1], degree):
                return self._solution(*self._least(orders, degree))
        return None

    def _largest_shapes(self) -> Iterator[tuple[int, range]]:
        """By decreasing degree, with the orders for which there is room for that degree and no higher one."""
        order = 1
        while (degree := self.unknowns // (order + 1) - 1) >= 0:
            last = self.unknowns // (degree + 1) - 1
            yield degree, range(order, last + 1)
            order = last + 1

    def _least(self, orders: range, degree: int) -> tuple[int, int]:
        """The least order, and then the least degree, below a shape with a solution: larger shapes include smaller."""
        order = orders[bisect_left(orders[:-1], True, key=lambda r: self._is_solvable(r, degree))]
        return order, bisect_left(range(degree), True, key=lambda d: self._is_solvable(order, d))

    def _is_solvable(self, order: int, degree: int) -> bool:
        rank = int(self._field.equations(order, degree).rank())
        return rank < (order + 1) * (degree + 1) and _present(self._searched, degree) - rank >= self.surplus

    def _solution(self, order: int, degree: int) -> tuple[list[list[fmpz]], int] | None:
        matrix = self._field.equations(order, degree)
        needed = pivot_columns(*matrix.transpose().rref())  # so many equations say what all of them say
        for solution in self._reconstructions(order, degree, needed):
            polynomials = [solution[k : k + order + 1] for k in range(0, len(solution), order + 1)]
            if self._holds(polynomials):
                return polynomials, _present(self.terms, degree) - len(needed)
        return None

    def _reconstructions(self, order: int, degree: int, needed: Sequence[int]) -> Iterator[list[fmpz]]:
        """Integer solutions that agree with the residues modulo more and more primes."""
        field, residues, pivots, due = self._field, Residues(), None, 1
        for size in range(1, _MAX_PRIMES + 1):
            matrix, rank = field.equations(order, degree, needed).rref()
            found = pivot_columns(matrix, rank)
            pivots = pivots or found
            if found == pivots:
                residues.add(_kernel(matrix, pivots, field.prime), field.prime)
            if size == due:
                due += (due + 1) // 2
                solution = residues.integer_multiple()
                if solution is not None:
                    yield solution
            field = _Equations(self._searched[: needed[-1] + 1], next(self._primes))

    def _holds(self, polynomials: Sequence[Sequence[fmpz]]) -> bool:
        """Whether all equations hold, over Q."""
        weights = [fmpz_poly(list(q)) for q in polynomials]
        for n in range(len(self.terms)):
            total = fmpq(0)
            for i, q in enumerate(weights[: n + 1]):
                if self.terms[n - i] != 0:
                    total += q(n - i) * self.terms[n - i]
            if total != 0:
                return False
        return True


def _present(terms: Sequence[fmpq], degree: int) -> int:
    """How many equations have a coefficient in them that is not zero."""
    return sum(any(terms[max(0, n - degree) : n + 1]) for n in range(len(terms)))


class _Equations:
    """The equations modulo a prime that divides no denominator."""

    def __init__(self, terms: Sequence[fmpq], prime: int) -> None:
        self.prime = prime
        values = [int(a.p % prime) * pow(int(a.q % prime), -1, prime) % prime for a in terms]
        self._powers = [values]  # of n^k a_n, for each k

    def equations(self, order: int, degree: int, chosen: Sequence[int] | None = None) -> nmod_mat:
        """A row for each equation, or for those chosen; a column for each coefficient of Q_0, then of Q_1, ..."""
        while len(self._powers) <= order:
            self._powers.append([n * v % self.prime for n, v in enumerate(self._powers[-1])])
        count = len(self._powers[0])
        columns = [[0] * i + values[: count - i] for i in range(degree + 1) for values in self._powers[: order + 1]]
        if chosen is not None:
            columns = [[column[n] for n in chosen] for column in columns]
        entries = [value for column in columns for value in column]
        return nmod_mat(len(columns), len(columns[0]), entries, self.prime).transpose()


def _kernel(reduced: nmod_mat, pivots: Sequence[int], prime: int) -> list[int]:
    """The solution that has 1 at the first column without pivot and 0 at the others."""
    free = next(k for k in range(reduced.ncols()) if k >= len(pivots) or pivots[k] != k)
    solution = [0] * reduced.ncols()
    solution[free] = 1
    for k in range(free):
        solution[k] = -int(reduced[k, free]) % prime
    return solution
