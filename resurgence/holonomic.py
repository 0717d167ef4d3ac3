"""Holonomic power series: exact arithmetic with an equation that each result is proved to obey.

A power series is holonomic where it solves a linear differential equation with polynomial coefficients. It is then
known, all of it, by the equation and finitely many coefficients, and sums, products, Hadamard products, derivatives,
integrals and compositions with rational functions are holonomic again (Stanley 1980; Lipshitz 1988; Salvy & Zimmermann
1994). For each the new function is a functional on the solutions of a linear system that is put together from those of
the operands, and :func:`~resurgence.cyclic_vector.scalar_operator` gives its equation. For the Hadamard product it is
the shift of n in place of the derivation that acts on a functional of the coefficients.

That makes identities decidable: two series are equal where the difference has the coefficients zero up to the last
that its equation leaves free. Here cos^2 + sin^2 = 1, sine and cosine being the solutions of y'' = -y:

>>> sine, cosine = (HolonomicSeries(DifferentialOperator(["1", "0", "1"]), start) for start in ([0, 1], [1, 0]))
>>> (cosine * cosine + sine * sine).equals(1)
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import sympy
from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from .cyclic_vector import scalar_operator
from .differential_operator import DifferentialOperator
from .numbers import rational
from .polynomial_relations import Row, first_relation
from .recurrence import Recurrence
from .univariate import polynomial_of

if TYPE_CHECKING:
    from .series import FormalSeries

__all__ = ["HolonomicSeries", "RationalFunction"]

#: What :meth:`HolonomicSeries.from_rational` reads.
RationalFunction: TypeAlias = int | Fraction | fmpq | fmpz_poly | fmpq_poly | str | sympy.Expr | tuple[object, object]

_Matrix: TypeAlias = list[list[fmpz_poly]]


class HolonomicSeries:
    """The power series that solves ``operator y = 0`` and begins with given coefficients.

    Sums, differences and products are formed with other holonomic series and with whatever
    :meth:`from_rational` reads; quotients with the latter alone.

    Parameters
    ----------
    operator : DifferentialOperator
        L.
    initial : sequence of rational numbers
        a_0, a_1, ..., up to the last coefficient that the equation leaves free; there may be more.
    proved : bool
        False where the equation was guessed; every series formed from this one says the same.

    Attributes
    ----------
    operator, proved
        As given.
    initial : tuple of fmpq
        The coefficients up to the last that the equation leaves free, and a_0 at least.

    Raises
    ------
    TypeError, ValueError
        ``operator`` is not one; ``initial`` does not suffice, or does not fit the equation.

    Examples
    --------
    >>> airy = HolonomicSeries(DifferentialOperator(["-x", "0", "1"]), [1, 0])
    >>> airy.coefficients(7)
    [1, 0, 0, 1/6, 0, 0, 1/180]
    >>> print((airy * airy).operator)
    D^3 - 4*x*D - 2
    >>> (airy + "x/2").coefficients(4)
    [1, 1/2, 0, 1/6]
    """

    def __init__(self, operator: DifferentialOperator, initial: Sequence[object], proved: bool = True) -> None:
        if not isinstance(operator, DifferentialOperator):
            raise TypeError(f"a holonomic series needs a DifferentialOperator, got {operator!r}")
        given = [rational(a) for a in initial]
        if any(a is None for a in given):
            raise ValueError(f"the initial coefficients must be rational, got {list(initial)}")
        terms = [a for a in given if a is not None]
        self.operator, self.proved = operator, proved
        self._recurrence = operator.recurrence()
        count = _needed(self._recurrence)
        self.initial = tuple(self._recurrence.terms(terms, max(count, len(terms)))[:count])

    @classmethod
    def _of(
        cls, operator: DifferentialOperator, coefficients: Callable[[int], Sequence[fmpq]], proved: bool
    ) -> HolonomicSeries:
        """With as many coefficients as the equation takes."""
        return cls(operator, coefficients(_needed(operator.recurrence())), proved)

    @classmethod
    def from_rational(cls, function: RationalFunction, variable: str = "x") -> HolonomicSeries:
        """The expansion at 0 of a rational function, which solves an equation of the first order.

        Parameters
        ----------
        function : number, polynomial, text of a polynomial, sympy expression, or pair
            A pair stands for numerator and denominator.
        variable : str
            The name of the variable where the function does not tell it.

        Raises
        ------
        TypeError, ValueError
            It is not a rational function of one variable over Q, or has a pole at 0.

        Examples
        --------
        >>> HolonomicSeries.from_rational(("1", "1 - x - x^2")).coefficients(8)
        [1, 1, 2, 3, 5, 8, 13, 21]
        """
        numerator, denominator, name = _fraction(function)
        if denominator(0) == 0:
            raise ValueError(f"{_text(function)} has a pole at 0, so it has no expansion in powers there")
        if numerator.is_zero():
            return cls(DifferentialOperator([0, 1], name or variable), [0])
        slope = numerator.derivative() * denominator - numerator * denominator.derivative()
        operator = DifferentialOperator([-slope, numerator * denominator], name or variable).primitive_part()
        return cls._of(operator, lambda count: _quotient(numerator, denominator, count), True)

    def coefficients(self, count: int) -> list[fmpq]:
        """a_0, ..., a_(count-1), exactly; ValueError where ``count`` is negative."""
        return self._recurrence.terms(self.initial, count)

    def series(self, terms: int = 100, **prefactor: Any) -> FormalSeries:
        """The formal series with so many terms; its sums rest on the equation.

        ``prefactor`` is as for :class:`~resurgence.series.FormalSeries`.

        Examples
        --------
        >>> log = HolonomicSeries(DifferentialOperator(["0", "1", "x + 1"]), [0, 1])
        >>> print(log.series(4))
        g - 1/2 g^2 + 1/3 g^3 + O(g^4)
        """
        from .holonomic_germ import HolonomicGerm
        from .series import FormalSeries, check_terms

        return FormalSeries(self.coefficients(check_terms(terms)), germ=HolonomicGerm(self), **prefactor)

    def __repr__(self) -> str:
        guessed = "" if self.proved else ", proved=False"
        return f"HolonomicSeries({self.operator!r}, [{', '.join(map(str, self.initial))}]{guessed})"

    # -- identities ---------------------------------------------------------------------------------------------------

    def is_zero(self) -> bool:
        """Whether all coefficients are zero: a proof where the equation is proved."""
        return not any(self.initial)

    def equals(self, other: HolonomicSeries | RationalFunction) -> bool:
        """Whether the difference is zero: a proof where both equations are proved.

        Examples
        --------
        (1 - x)^(-1/2) squared is 1/(1 - x):

        >>> root = HolonomicSeries(DifferentialOperator(["-1", "2 - 2*x"]), [1])
        >>> (root * root).equals(("1", "1 - x"))
        True
        """
        return (self - other).is_zero()

    # -- arithmetic ---------------------------------------------------------------------------------------------------

    def __add__(self, other: HolonomicSeries | RationalFunction) -> HolonomicSeries:
        summand = self._operand(other)
        first, second = self.operator, summand.operator
        denominator = _common_multiple(first.leading, second.leading)
        system = _direct_sum(_companion(first, denominator), _companion(second, denominator))
        functional = [fmpz_poly([int(k in (0, first.order))]) for k in range(len(system))]
        operator = scalar_operator(system, denominator, functional, first.variable)

        def coefficients(count: int) -> list[fmpq]:
            return [a + b for a, b in zip(self.coefficients(count), summand.coefficients(count), strict=True)]

        return self._of(operator, coefficients, self.proved and summand.proved)

    __radd__ = __add__

    def __neg__(self) -> HolonomicSeries:
        return HolonomicSeries(self.operator, [-a for a in self.initial], self.proved)

    def __sub__(self, other: HolonomicSeries | RationalFunction) -> HolonomicSeries:
        return self + -self._operand(other)

    def __rsub__(self, other: RationalFunction) -> HolonomicSeries:
        return -self + other

    def __mul__(self, other: HolonomicSeries | RationalFunction) -> HolonomicSeries:
        if not isinstance(other, HolonomicSeries) and (scalar := _scalar(other)) is not None:
            return HolonomicSeries(self.operator, [scalar * a for a in self.initial], self.proved)
        factor = self._operand(other)
        first, second = self.operator, factor.operator
        denominator = _common_multiple(first.leading, second.leading)
        system = _kronecker_sum(_companion(first, denominator), _companion(second, denominator))
        operator = scalar_operator(system, denominator, _first_of(len(system)), first.variable)

        def coefficients(count: int) -> list[fmpq]:
            return _product(self.coefficients(count), factor.coefficients(count), count)

        return self._of(operator, coefficients, self.proved and factor.proved)

    __rmul__ = __mul__

    def __truediv__(self, other: RationalFunction) -> HolonomicSeries:
        numerator, denominator, _ = _fraction(other)
        if numerator(0) == 0:
            raise ValueError(f"the quotient by {_text(other)}, which is zero at 0, is not formed")
        return self * (denominator, numerator)

    def hadamard(self, other: HolonomicSeries | RationalFunction) -> HolonomicSeries:
        """The series with the coefficients a_n b_n.

        Examples
        --------
        With the exponential series it is the Borel transform:

        >>> exponential = HolonomicSeries(DifferentialOperator(["-1", "1"]), [1])
        >>> cube = HolonomicSeries.from_rational(("1", "1 - 3*x + 3*x^2 - x^3"))
        >>> cube.hadamard(exponential).coefficients(5)
        [1, 3, 3, 5/3, 5/8]
        >>> cube.hadamard(exponential).equals(cube.borel())
        True
        """
        factor = self._operand(other)

        def coefficients(count: int) -> list[fmpq]:
            return [a * b for a, b in zip(self.coefficients(count), factor.coefficients(count), strict=True)]

        weights, doubtful = _termwise_product(self._recurrence, factor._recurrence)
        # sum_j w_j(n) u_(n+j) = 0, but for finitely many n; a factor n - m is needed where it does not hold at m.
        terms = coefficients(max(doubtful, default=0) + len(weights))
        for m in doubtful:
            reached = [(w, m + j) for j, w in enumerate(weights) if m + j >= 0]
            if sum((w(m) * terms[k] for w, k in reached), fmpq(0)) != 0:
                weights = [w * fmpz_poly([-m, 1]) for w in weights]
        top = len(weights) - 1
        # With j places back from the highest index: x^j Q_j(theta) meets a_n where w_(top-j)(n + j - top) does.
        theta = [weights[top - j](fmpz_poly([j - top, 1])) for j in range(top + 1)]
        operator = DifferentialOperator.from_theta_form(theta, self.operator.variable)
        return self._of(operator, coefficients, self.proved and factor.proved)

    def compose(self, inner: RationalFunction) -> HolonomicSeries:
        """y(r(x)) for a rational function r with r(0) = 0.

        Raises
        ------
        TypeError, ValueError
            ``inner`` is not a rational function of one variable over Q, or is not zero at 0.

        Examples
        --------
        >>> exponential = HolonomicSeries(DifferentialOperator(["-1", "1"]), [1])
        >>> touchard = exponential.compose(("x", "1 - x"))
        >>> print(touchard.operator, touchard.coefficients(5))
        (x^2 - 2*x + 1)*D - 1 [1, 1, 3/2, 13/6, 73/24]
        """
        numerator, denominator, name = _fraction(inner)
        if denominator(0) == 0 or numerator(0) != 0:
            raise ValueError(f"a power series is composed with a function that is zero at 0, got {_text(inner)}")
        variable = name or self.operator.variable
        if numerator.is_zero() or not self.operator.order:
            return HolonomicSeries.from_rational(self.coefficients(1)[0], variable)
        # y^(k)(r)' = r' y^(k+1)(r), and L, times a power of the denominator of r, gives the last of them.
        degree = self.operator.degree
        *lower, leading = (_homogenised(p, numerator, denominator, degree) for p in self.operator.coefficients)
        slope = numerator.derivative() * denominator - numerator * denominator.derivative()
        size = self.operator.order
        system = [[slope * leading if j == i + 1 else fmpz_poly() for j in range(size)] for i in range(size - 1)]
        system.append([-slope * p for p in lower])
        operator = scalar_operator(system, denominator * denominator * leading, _first_of(size), variable)

        def coefficients(count: int) -> list[fmpq]:
            power = _quotient(numerator, denominator, count)
            result = [fmpq(0)] * count
            for a in reversed(self.coefficients(count)):
                result = _product(result, power, count)
                result[0] += a
            return result

        return self._of(operator, coefficients, self.proved)

    def derivative(self) -> HolonomicSeries:
        """y'.

        >>> HolonomicSeries(DifferentialOperator(["-x", "0", "1"]), [1, 0]).derivative()
        HolonomicSeries(DifferentialOperator(['-x^2', '-1', 'x'], 'x'), [0, 0, 1/2])
        """
        lowest, *rest = self.operator.coefficients
        # L = p_0 + M D. With y = -M y'/p_0 its derivative gives (p_0 D M - p_0' M + p_0^2) y' = 0.
        found = [fmpz_poly() for _ in range(len(rest) + 1)]
        if lowest.is_zero():
            found = rest
        else:
            found[0] = lowest * lowest
            for k, p in enumerate(rest):
                found[k] += lowest * p.derivative() - lowest.derivative() * p
                found[k + 1] += lowest * p
        operator = DifferentialOperator(found, self.operator.variable).primitive_part()

        def coefficients(count: int) -> list[fmpq]:
            return [n * a for n, a in enumerate(self.coefficients(count + 1))][1:]

        return self._of(operator, coefficients, self.proved)

    def integral(self) -> HolonomicSeries:
        """The integral of y from 0.

        >>> HolonomicSeries.from_rational(("1", "1 + x")).integral().coefficients(5)
        [0, 1, -1/2, 1/3, -1/4]
        """
        operator = DifferentialOperator([0, *self.operator.coefficients], self.operator.variable)

        def coefficients(count: int) -> list[fmpq]:
            return [fmpq(0), *(a / (n + 1) for n, a in enumerate(self.coefficients(max(0, count - 1))))][:count]

        return self._of(operator, coefficients, self.proved)

    def borel(self) -> HolonomicSeries:
        """The Borel transform, sum a_n z^n/n!.

        Raises
        ------
        LevelError
            The equation has a level other than one at 0: see :meth:`DifferentialOperator.borel`.

        Examples
        --------
        >>> euler = HolonomicSeries(DifferentialOperator(["1", "3*x - 1", "x^2"]), [1])
        >>> euler.borel().equals(("1", "1 - z"))
        True
        """

        def coefficients(count: int) -> list[fmpq]:
            return [a / math.factorial(n) for n, a in enumerate(self.coefficients(count))]

        return self._of(self.operator.borel(), coefficients, self.proved)

    def _operand(self, other: HolonomicSeries | RationalFunction) -> HolonomicSeries:
        if isinstance(other, HolonomicSeries):
            return other
        return HolonomicSeries.from_rational(other, self.operator.variable)


def _needed(recurrence: Recurrence) -> int:
    """How many coefficients determine the others."""
    return max(recurrence.free_indices, default=0) + 1


# ---------------------------------------------------------------------------------------------------------------------
# Rational functions


def _scalar(given: object) -> fmpq | None:
    return rational(given) if isinstance(given, (int, Fraction, fmpq, fmpz)) else None


def _fraction(given: object) -> tuple[fmpz_poly, fmpz_poly, str | None]:
    """Numerator and denominator without common factor, and the name of the variable if it has one."""
    if isinstance(given, sympy.Expr):
        given = sympy.fraction(sympy.together(given))
    if not isinstance(given, tuple):
        given = (given, 1)
    if len(given) != 2:
        raise ValueError(f"a rational function is a polynomial, or a numerator and a denominator, got {given}")
    (numerator, first), (denominator, second) = (polynomial_of(part) for part in given)
    if denominator.is_zero():
        raise ValueError(f"the denominator of the rational function {_text(given)} is zero")
    if first and second and first != second:
        raise ValueError(f"a rational function has one variable, {_text(given)} has {first} and {second}")
    above, below = numerator.numer() * denominator.denom(), denominator.numer() * numerator.denom()
    common = above.gcd(below)
    return above // common, below // common, first or second


def _text(given: object) -> str:
    return f"({given[0]})/({given[1]})" if isinstance(given, tuple) else str(given)


def _quotient(numerator: fmpz_poly, denominator: fmpz_poly, count: int) -> list[fmpq]:
    """The first coefficients of the expansion."""
    quotient: list[fmpq] = []
    degree = int(denominator.degree())
    for n in range(count):
        known = sum((denominator[k] * quotient[n - k] for k in range(1, min(degree, n) + 1)), fmpq(0))
        quotient.append((numerator[n] - known) / denominator[0])
    return quotient


def _product(f: Sequence[fmpq], g: Sequence[fmpq], count: int) -> list[fmpq]:
    product = fmpq_poly(list(f)).mul_low(fmpq_poly(list(g)), count)
    return [product[k] for k in range(count)]


def _homogenised(p: fmpz_poly, numerator: fmpz_poly, denominator: fmpz_poly, degree: int) -> fmpz_poly:
    """``denominator^degree p(numerator/denominator)``."""
    total = fmpz_poly()
    for k, c in enumerate(p.coeffs()):
        total += c * numerator**k * denominator ** (degree - k)
    return total


def _common_multiple(p: fmpz_poly, q: fmpz_poly) -> fmpz_poly:
    return p * (q // p.gcd(q))


# ---------------------------------------------------------------------------------------------------------------------
# Linear systems


def _first_of(size: int) -> list[fmpz_poly]:
    return [fmpz_poly([int(k == 0)]) for k in range(size)]


def _companion(operator: DifferentialOperator, denominator: fmpz_poly) -> _Matrix:
    """N where ``denominator Y' = N Y`` for Y = (y, y', ..., y^(r-1)); the denominator is a multiple of p_r."""
    size = operator.order
    system = [[denominator if j == i + 1 else fmpz_poly() for j in range(size)] for i in range(size)]
    factor = denominator // operator.leading
    for j, p in enumerate(operator.coefficients[:-1]):
        system[-1][j] = -factor * p
    return system


def _direct_sum(first: _Matrix, second: _Matrix) -> _Matrix:
    """The system of the pairs of solutions."""
    return [row + [fmpz_poly()] * len(second) for row in first] + [[fmpz_poly()] * len(first) + row for row in second]


def _kronecker_sum(first: _Matrix, second: _Matrix) -> _Matrix:
    """The system of the products of an entry of Y and one of Z: (Y_i Z_k)' = Y_i' Z_k + Y_i Z_k'."""
    indices = list(_pairs(first, second))
    return [
        [(first[i][j] if k == m else fmpz_poly()) + (second[k][m] if i == j else fmpz_poly()) for j, m in indices]
        for i, k in indices
    ]


def _pairs(first: _Matrix, second: _Matrix) -> Iterator[tuple[int, int]]:
    return ((i, k) for i in range(len(first)) for k in range(len(second)))


# ---------------------------------------------------------------------------------------------------------------------
# Recurrences


def _termwise_product(first: Recurrence, second: Recurrence) -> tuple[list[fmpz_poly], list[int]]:
    """``sum_j w_j(n) a_(n+j) b_(n+j) = 0`` for all integers n but, perhaps, those in the list.

    With S_n = (a_n, a_(n-1), ...) the recurrence reads P(n) S_(n+1) = C(n) S_n. Then a_(n+j) b_(n+j) is
    ``v_j(n)/d_j(n)`` times the products of the entries of S_n and those of T_n for b,

        v_(j+1)(n) = v_j(n+1) (C_a(n) x C_b(n)),      d_(j+1)(n) = d_j(n+1) P_a(n) P_b(n),

    wherever d_j(n) is not zero, and as the recurrences hold for all integers, n need not be natural.
    """
    transition, denominator = _kronecker_product(_transition(first), _transition(second)), _step(first) * _step(second)
    rows: list[Row] = []

    def products() -> Iterator[Row]:
        row, power = _first_of(len(transition)), fmpz_poly([1])
        while True:
            rows.append(Row(row, power))
            yield rows[-1]
            row = [_shifted(entry) for entry in row]
            row = [
                sum((entry * line[j] for entry, line in zip(row, transition, strict=True)), fmpz_poly())
                for j in range(len(row))
            ]
            power = _shifted(power) * denominator

    weights = first_relation(products())
    # All the d_j divide the last: where that does not vanish, all of this is sound.
    return weights, sorted(int(n) for n, _ in rows[-1].denominator.roots() if n > -len(weights))


def _step(recurrence: Recurrence) -> fmpz_poly:
    return _shifted(recurrence.q[0])


def _shifted(p: fmpz_poly) -> fmpz_poly:
    """p(n + 1)."""
    return p(fmpz_poly([1, 1]))


def _transition(recurrence: Recurrence) -> _Matrix:
    """C(n), of size one at least."""
    size = max(1, recurrence.order)
    step = _step(recurrence)
    matrix = [[step if j == i - 1 else fmpz_poly() for j in range(size)] for i in range(size)]
    for j, q in enumerate(recurrence.q[1:]):
        matrix[0][j] = -_shifted(q)
    return matrix


def _kronecker_product(first: _Matrix, second: _Matrix) -> _Matrix:
    indices = list(_pairs(first, second))
    return [[first[i][j] * second[k][m] for j, m in indices] for i, k in indices]
