"""Linear recurrences with polynomial coefficients, and their exact solutions that begin at the index 0.

The coefficients of a power series that solves a linear differential equation with polynomial coefficients obey one:

    q_0(n) a_n + q_1(n) a_(n-1) + ... + q_J(n) a_(n-J) = 0      for n = 0, 1, 2, ...,      a_(-1) = a_(-2) = ... = 0 .

A natural number that is a root of q_0 is a *free index*: there the equation does not determine a_n, but is a condition
on the coefficients before. The solution that begins at the largest free index meets no condition. So there are
solutions other than zero just where there is a free index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flint import fmpq, fmpz, fmpz_poly

from .errors import NoPowerSeriesError
from .univariate import polynomial_of, polynomial_text, primitive

if TYPE_CHECKING:
    from .differential_operator import DifferentialOperator

__all__ = ["Recurrence"]

#: Steps between two looks at the common denominator of the coefficients that a step needs.
_STRIDE = 16


@dataclass(frozen=True)
class Recurrence:
    """``sum_j q_j(n) a_(n-j) = 0`` for all n >= 0, where a_n = 0 for n < 0.

    Attributes
    ----------
    q : tuple of fmpz_poly
        q_0, ..., q_J. Neither q_0 nor q_J is zero.

    Raises
    ------
    ValueError
        q_0 or q_J is zero, or there is none.

    Examples
    --------
    The coefficients of 1/sqrt(1 - 4x), binom(2n, n):

    >>> r = Recurrence((fmpz_poly([0, 1]), fmpz_poly([2, -4])))
    >>> print(r)
    (n)*a(n) + (-4*n + 2)*a(n-1) = 0
    >>> r.free_indices
    (0,)
    >>> r.terms([fmpq(1)], 6)
    [1, 2, 6, 20, 70, 252]
    """

    q: tuple[fmpz_poly, ...]

    def __post_init__(self) -> None:
        if not self.q or self.q[0].degree() < 0 or self.q[-1].degree() < 0:
            raise ValueError(f"the first and the last coefficient of a recurrence must not be zero, got {self.q}")

    @classmethod
    def of_shifts(cls, polynomials: Iterable[object], initial: Sequence[fmpq | int]) -> Recurrence:
        """The same of an equation ``q_0(n) a_n + q_1(n) a_(n+1) + ... + q_J(n) a_(n+J) = 0`` for n >= 0.

        Such an equation says nothing of a_0, ..., a_(J-1). Continued to n = -J, ..., -1 it would; where it does not
        hold there, for the given a_0, ..., a_(J-1), it is multiplied by a factor that vanishes.

        Parameters
        ----------
        polynomials : iterable
            q_0, ..., q_J, each as text, a sympy polynomial, a rational number or a polynomial of flint.
        initial : sequence of fmpq
            a_0, a_1, ..., at least J of them.

        Raises
        ------
        TypeError, ValueError
            For what are not polynomials in one variable, not all of them zero; or for too few initial values.

        Examples
        --------
        >>> print(Recurrence.of_shifts(["n + 1", -1], [1]))  # a_(n+1) = (n + 1) a_n
        (n)*a(n) + (-n^2)*a(n-1) = 0
        """
        read = [polynomial_of(p) for p in polynomials]
        names = {name for _, name in read if name is not None}
        if len(names) > 1:
            raise ValueError(f"a recurrence is in one variable, got {', '.join(sorted(names))}")
        while read and read[-1][0].degree() < 0:
            read.pop()
        if not read:
            raise ValueError("all coefficients of the recurrence are zero")
        order = len(read) - 1
        if len(initial) < order:
            raise ValueError(
                f"a recurrence over {order} steps needs a_0, ..., a_{order - 1}: got {len(initial)} of them"
            )
        q = [p(fmpz_poly([-order, 1])) for p in reversed(primitive([p for p, _ in read]))]
        while q[-1].degree() < 0:
            q.pop()
        continued = cls(tuple(q))
        for n in range(order):
            if continued._residual(n, [fmpq(a) for a in initial[:order]]) != 0:
                q = [p * fmpz_poly([-n, 1]) for p in q]
        return cls(tuple(q))

    def __hash__(self) -> int:
        return hash(tuple(tuple(int(c) for c in p.coeffs()) for p in self.q))

    def __str__(self) -> str:
        shown = [(j, p) for j, p in enumerate(self.q) if p.degree() >= 0]
        return " + ".join(f"({polynomial_text(p, 'n')})*{_term(j)}" for j, p in shown) + " = 0"

    @property
    def order(self) -> int:
        """J, how far back the equation reaches."""
        return len(self.q) - 1

    @cached_property
    def free_indices(self) -> tuple[int, ...]:
        """The natural numbers n with q_0(n) = 0, increasing: a_n must be given there, and a condition must hold."""
        return tuple(sorted(int(root) for root, _ in self.q[0].roots() if root >= 0))

    def operator(self, variable: str = "x") -> DifferentialOperator:
        """The differential operator that annihilates ``sum a_n x^n`` just where the a_n obey the recurrence.

        >>> n = fmpz_poly([0, 1])
        >>> print(Recurrence((n, -n * n)).operator())
        x^2*D^2 + (3*x - 1)*D + 1
        """
        from .differential_operator import DifferentialOperator

        return DifferentialOperator.from_theta_form([q(fmpz_poly([j, 1])) for j, q in enumerate(self.q)], variable)

    def reduced(self) -> Recurrence:
        """The recurrence without the polynomial factor that the q_j share, as far as it has the same solutions without.

        At a natural root of the common factor the equation says nothing. Where it would say something without that
        factor, one factor n - root is left.

        Examples
        --------
        >>> n = fmpz_poly([0, 1])
        >>> print(Recurrence((n * n * (n + 1), -n * n * n * (n + 1))).reduced())
        (n)*a(n) + (-n^2)*a(n-1) = 0
        """
        common = fmpz_poly()
        for p in self.q:
            common = common.gcd(p)
        q = [p // common for p in self.q]
        for root, _ in common.roots():
            if root >= 0 and any(p(root) != 0 for p in q[: int(root) + 1]):
                common //= fmpz_poly([-root, 1])
        return Recurrence(tuple(p // common for p in self.q))

    def terms(self, initial: Sequence[fmpq | int], count: int) -> list[fmpq]:
        """The coefficients a_0, ..., a_(count-1), exactly.

        Parameters
        ----------
        initial : sequence of fmpq
            a_0, a_1, ...: at least up to the last free index below ``count``. It may hold more; all are checked.
        count : int
            How many coefficients are wanted.

        Returns
        -------
        list of fmpq

        Raises
        ------
        NoPowerSeriesError
            There is no free index, so that zero is the only solution, and ``initial`` is not the zero solution.
        ValueError
            ``initial`` stops before a free index, or an equation does not hold; or ``count`` is negative.

        Examples
        --------
        >>> Recurrence((fmpz_poly([0, -1, 1]), fmpz_poly([0, 1]))).terms([0], 4)  # n (n - 1) a_n + n a_(n-1) = 0
        Traceback (most recent call last):
            ...
        ValueError: a_1 is not determined by the recurrence: give a_0, ..., a_1 (a_0, a_1 are free)
        """
        if count < 0:
            raise ValueError(f"count, the number of coefficients, must not be negative, got {count}")
        given = [fmpq(a) for a in initial]
        if not self.free_indices and (not given or any(given)):
            raise NoPowerSeriesError(str(self), self._first_failure(given))
        terms: list[fmpq] = []
        window = _Window(self.order)
        free = set(self.free_indices)
        for n in range(max(count, len(given))):
            leading = self.q[0](n)
            rest = window.combination(fmpz(0) if j > n else self.q[j](n) for j in range(1, len(self.q)))
            if n < len(given):
                if leading * given[n] * window.denominator + rest != 0:
                    raise ValueError(self._inconsistent(n, given))
                window.append(given[n])
            elif n in free:
                if rest != 0:
                    raise ValueError(self._inconsistent(n, given))
                raise ValueError(self._insufficient(n))
            else:
                window.divide(-rest, leading)
            terms.append(window.last)
        return terms[:count]

    def _residual(self, n: int, terms: Sequence[fmpq]) -> fmpq:
        return sum((fmpq(p(n)) * terms[n - j] for j, p in enumerate(self.q) if j <= n < j + len(terms)), fmpq(0))

    def _equation(self, n: int) -> str:
        parts = [f"{p(n)}*a_{n - j}" for j, p in enumerate(self.q[: n + 1]) if p(n) != 0]
        return " + ".join(parts).replace("+ -", "- ")

    def _first_failure(self, given: Sequence[fmpq]) -> str:
        for n in range(len(given)):
            if residual := self._residual(n, given):
                return f"for n = {n} the equation {self._equation(n)} = 0 fails: the left side is {residual}"
        return "q_0 has no root among the natural numbers"

    def _inconsistent(self, n: int, given: Sequence[fmpq]) -> str:
        known = [*given, *self.terms(given, n)[len(given) :]] if n > len(given) else list(given[: n + 1])
        known += [fmpq(0)] * (n + 1 - len(known))
        text = self._equation(n)
        shown = text if len(text) <= 200 else f"{text[:197]}..."
        return (
            f"the initial values fit no solution: for n = {n} the equation {shown} = 0 fails, the left side is "
            f"{self._residual(n, known)} (free to choose: {self._free_text()}, as far as such conditions allow)"
        )

    def _insufficient(self, n: int) -> str:
        return (
            f"a_{n} is not determined by the recurrence: give a_0, ..., a_{n} "
            f"({self._free_text()} {'is' if len(self.free_indices) == 1 else 'are'} free)"
        )

    def _free_text(self) -> str:
        return ", ".join(f"a_{n}" for n in self.free_indices)


class _Window:
    """The last coefficients over one common denominator, so that a step takes integers times small integers.

    In place of a greatest common divisor for each of the J products of a step, there is one for each coefficient.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.numerators: list[fmpz] = []  # newest first
        self.denominator = fmpz(1)
        self.last = fmpq(0)
        self._exact: list[fmpq] = []
        self._age = 0

    def combination(self, weights: Iterable[fmpz]) -> fmpz:
        """The sum of weights times coefficients, newest first, times the common denominator."""
        total = fmpz(0)
        for weight, numerator in zip(weights, self.numerators, strict=False):
            total += weight * numerator
        return total

    def divide(self, numerator: fmpz, divisor: fmpz) -> None:
        """Append ``numerator / (denominator * divisor)``."""
        common = numerator.gcd(divisor)
        numerator, divisor = numerator // common, divisor // common
        if divisor < 0:
            numerator, divisor = -numerator, -divisor
        self.last = fmpq(numerator, self.denominator * divisor)
        self._push(numerator, divisor)

    def append(self, value: fmpq) -> None:
        divisor = value.q // value.q.gcd(self.denominator)
        self.last = value
        self._push(value.p * (self.denominator * divisor // value.q), divisor)

    def _push(self, numerator: fmpz, divisor: fmpz) -> None:
        self._exact = [self.last, *self._exact][: self.size]
        self._age += 1
        if self._age % _STRIDE == 0:
            denominator = fmpz(1)
            for value in self._exact:
                denominator = denominator.lcm(value.q)
            self.denominator = denominator
            self.numerators = [value.p * (denominator // value.q) for value in self._exact]
            return
        if divisor != 1:
            self.denominator *= divisor
            self.numerators = [a * divisor for a in self.numerators]
        self.numerators = [numerator, *self.numerators][: self.size]


def _term(shift: int) -> str:
    return f"a(n-{shift})" if shift else "a(n)"
