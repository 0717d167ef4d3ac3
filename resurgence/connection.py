"""The connection of a polynomial action: the linear system in g that its integrals satisfy.

For the monomial basis m_1, ..., m_mu of the Jacobian ring of V, the integrals ``I_j(g) = int m_j exp(-V/g) dx`` obey

    g^2 dI/dg = (A_0 + g A_1 + ... + g^k A_k) I .

Dividing V m_j by the gradient, ``V m_j = sum_i q_i dV/dx_i + sum_l c_l m_l``, gives the row c of A_0, and by parts
``int (sum_i q_i dV/dx_i) exp(-V/g) = g int (sum_i dq_i/dx_i) exp(-V/g)``; dividing the divergence again gives A_1, and
so on until nothing is left (Brieskorn 1970; Pham 1985; Sabbah 1999 for the polynomials for which it ends).

The division is linear algebra: the multiples of the gradient up to a degree are the rows of a Macaulay matrix. A prime
field tells which rows to use, the equations are then solved over Q, and the solution is checked there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import combinations_with_replacement

import sympy
from flint import fmpq, fmpq_mat, fmpq_mpoly, nmod_mat

from .jacobian_ring import Exponents, JacobianRing, degree_order, terms_of

__all__ = ["Connection", "ConnectionLevels"]

#: The prime field in which rows and columns are chosen. Were it ever to divide a decisive minor, fewer rows would be
#: chosen than there are, and the division would go on to a higher degree than necessary; no result would be wrong.
_PRIME = 2**61 - 1

#: Degrees above that of the dividend at which cofactors are sought before giving up.
MAX_EXTRA_DEGREE = 60
#: Rows of a Macaulay matrix beyond which the division is given up.
MAX_ROWS = 8_000


class Connection:
    """The exact linear system ``g^2 dI/dg = (A_0 + g A_1 + ... + g^k A_k) I`` of an action.

    Attributes
    ----------
    variables : tuple of sympy.Symbol
        Of the action.
    basis : tuple of sympy.Expr
        The monomials m_1 = 1, ..., m_mu whose integrals make up I.
    matrices : tuple of sympy.ImmutableMatrix
        A_0, ..., A_k.
    rational_matrices : tuple of fmpq_mat
        The same for computing with.

    Examples
    --------
    >>> from resurgence.action import Action
    >>> connection = Action("x**2 + x**4").connection()
    >>> connection.basis
    (1, x, x**2)
    >>> connection.matrices[0]
    Matrix([
    [0,    0,  1/2],
    [0, -1/4,    0],
    [0,    0, -1/4]])
    """

    def __init__(
        self, variables: Sequence[sympy.Symbol], basis: Sequence[Exponents], matrices: Sequence[fmpq_mat]
    ) -> None:
        self.variables = tuple(variables)
        self.basis = tuple(sympy.Mul(*(x**e for x, e in zip(variables, m, strict=True))) for m in basis)
        self.rational_matrices = tuple(matrices)

    @cached_property
    def matrices(self) -> tuple[sympy.ImmutableMatrix, ...]:
        return tuple(
            sympy.ImmutableMatrix(
                [[sympy.Rational(int(entry.p), int(entry.q)) for entry in row] for row in matrix.tolist()]
            )
            for matrix in self.rational_matrices
        )

    def __len__(self) -> int:
        """Number of matrices."""
        return len(self.rational_matrices)

    def __repr__(self) -> str:
        return f"Connection(basis={self.basis}, {len(self)} matrices of size {len(self.basis)})"

    def _repr_latex_(self) -> str:
        terms = " + ".join(
            (["", "g"][k] if k < 2 else f"g^{{{k}}}") + sympy.latex(matrix) for k, matrix in enumerate(self.matrices)
        )
        basis = r",\ ".join(sympy.latex(m) for m in self.basis)
        return rf"$g^2 \frac{{dI}}{{dg}} = \left({terms}\right) I, \quad I \leftrightarrow ({basis})$"


class ConnectionLevels:
    """A_0, A_1, ... of a ring, computed one after the other as they are asked for.

    For an action that is not tame the sequence does not end; its beginning is right all the same, as the connection to
    the precision of so many powers of g.
    """

    def __init__(self, ring: JacobianRing) -> None:
        self.ring = ring
        self._division = _Division(ring)
        self._matrices: list[fmpq_mat] = []
        self._remaining: list[fmpq_mpoly] = [ring.potential * self._monomial(m) for m in ring.basis]

    def _monomial(self, exponents: Exponents) -> fmpq_mpoly:
        return self.ring.potential.context().from_dict({exponents: 1})

    @property
    def is_complete(self) -> bool:
        """Whether the division has ended: no further matrix is different from zero."""
        return not any(len(p) for p in self._remaining)

    def up_to(self, level: int) -> tuple[fmpq_mat, ...]:
        """A_0, ..., A_level, or fewer where the division ends before."""
        while len(self._matrices) <= level and not self.is_complete:
            matrix, self._remaining = self._division.divide(self._remaining)
            self._matrices.append(matrix)
        return tuple(self._matrices[: level + 1])

    def all(self) -> tuple[fmpq_mat, ...]:
        """All matrices; ValueError where the division does not end.

        Where it ends, the degree falls with nearly every step: a division that goes on for more steps than mu plus the
        largest degree at the start is held not to end.
        """
        ring = self.ring
        limit = ring.dimension + int(ring.potential.total_degree()) + sum(ring.basis[-1])
        matrices = self.up_to(limit)
        if not self.is_complete:
            raise ValueError(
                f"the connection of {ring.potential} is not polynomial in g: the division by the gradient had not "
                f"ended after {limit + 1} steps, because the action is not tame at infinity or the monomials of lowest "
                "degree are not a basis for all g; expand() works all the same"
            )
        return matrices


class _Division:
    """Division by the gradient with cofactors of the least degree, of which only the divergence is kept."""

    def __init__(self, ring: JacobianRing) -> None:
        self.ring = ring
        #: Integral multiples of the derivatives of the potential, and what they were multiplied by.
        self._gradient = [_cleared(derivative) for derivative in ring.gradient]
        self._system: _Macaulay | None = None

    def divide(self, dividends: Sequence[fmpq_mpoly]) -> tuple[fmpq_mat, list[fmpq_mpoly]]:
        """(c, r) with ``dividends[j] = sum_i q_ji dV/dx_i + sum_l c_jl m_l`` and ``r_j = sum_i dq_ji/dx_i``."""
        lowest = max(int(p.total_degree()) for p in dividends if len(p))
        # A degree that was enough for the dividends before is a good guess, and costs nothing as it is at hand.
        start = max(lowest, self._system.degree if self._system else 0)
        for degree in range(start, lowest + MAX_EXTRA_DEGREE + 1):
            if self._system is None or self._system.degree != degree:
                self._system = _Macaulay(self.ring, self._gradient, degree)
            result = self._system.divide(dividends)
            if result is not None:
                return result
        raise ValueError(
            f"the division by the gradient of {self.ring.potential} needs cofactors more than {MAX_EXTRA_DEGREE} "
            "degrees above the dividend: the connection is out of reach"
        )


class _Macaulay:
    """Independent multiples of the gradient up to a degree, lowest degrees first."""

    def __init__(self, ring: JacobianRing, gradient: Sequence[tuple[fmpq_mpoly, int]], degree: int) -> None:
        self.ring, self.degree = ring, degree
        dimension = len(ring.names)
        standard = set(ring.basis)
        monomials = [m for m in _monomials(dimension, degree) if m not in standard]
        self.columns = {m: k for k, m in enumerate(monomials)}
        products = sorted(
            (int(poly.total_degree()) + sum(shift), i, shift)
            for i, (poly, _) in enumerate(gradient)
            for shift in _monomials(dimension, degree - int(poly.total_degree()))
        )
        if len(products) > MAX_ROWS:
            raise ValueError(
                f"the division by the gradient of {ring.potential} takes {len(products)} equations; at most {MAX_ROWS} "
                "are solved: the connection is out of reach"
            )
        self._terms = [terms_of(poly) for poly, _ in gradient]
        transposed = nmod_mat(len(monomials), len(products), _PRIME)
        for row, (_, i, shift) in enumerate(products):
            for exponents, coefficient in self._terms[i]:
                column = self.columns.get(_product(exponents, shift))
                if column is not None:
                    transposed[column, row] = int(coefficient.p)
        self.rows = [products[k] for k in _pivots(transposed)]
        self.scales = [scale for _, scale in gradient]
        matrix = self._matrix()
        reduced = nmod_mat(len(self.rows), len(monomials), [int(e.p) for e in matrix.entries()], _PRIME)
        self.pivot_columns = _pivots(reduced)
        self.matrix = matrix
        entries = matrix.tolist()
        # Transposed: unknown cofactors are multiplied from the left.
        self.square = fmpq_mat([[row[k] for row in entries] for k in self.pivot_columns])

    def _matrix(self) -> fmpq_mat:
        matrix = fmpq_mat(len(self.rows), len(self.columns))
        for row, (_, i, shift) in enumerate(self.rows):
            for exponents, coefficient in self._terms[i]:
                column = self.columns.get(_product(exponents, shift))
                if column is not None:
                    matrix[row, column] = coefficient
        return matrix

    def divide(self, dividends: Sequence[fmpq_mpoly]) -> tuple[fmpq_mat, list[fmpq_mpoly]] | None:
        """As :meth:`_Division.divide`, or None where these rows do not suffice."""
        ring, context = self.ring, self.ring.potential.context()
        wanted = fmpq_mat(len(dividends), len(self.columns))
        for j, dividend in enumerate(dividends):
            for exponents, coefficient in terms_of(dividend):
                if exponents in self.columns:
                    wanted[j, self.columns[exponents]] = coefficient
        right_side = fmpq_mat([[wanted[j, k] for j in range(len(dividends))] for k in self.pivot_columns])
        cofactors = self.square.solve(right_side).transpose()
        if cofactors * self.matrix != wanted:
            return None
        remainders, divergences = [], []
        for j, dividend in enumerate(dividends):
            quotients: list[dict[Exponents, fmpq]] = [{} for _ in ring.names]
            for row, (_, i, shift) in enumerate(self.rows):
                if cofactors[j, row] != 0:
                    quotients[i][shift] = cofactors[j, row] * self.scales[i]
            polys = [context.from_dict(q) for q in quotients]
            rest, divergence = dividend, context.constant(0)
            for i, (quotient, derivative) in enumerate(zip(polys, ring.gradient, strict=True)):
                rest = rest - quotient * derivative
                divergence = divergence + quotient.derivative(i)
            coefficients = dict(terms_of(rest))
            remainders.append([coefficients.get(m, fmpq(0)) for m in ring.basis])
            divergences.append(divergence)
        return fmpq_mat(remainders), divergences


def _cleared(poly: fmpq_mpoly) -> tuple[fmpq_mpoly, int]:
    """(s * poly, s) with s the least common denominator."""
    scale = math.lcm(*(int(c.q) for c in poly.coeffs()))
    return poly * scale, scale


def _monomials(dimension: int, degree: int) -> list[Exponents]:
    """All exponents of total degree at most ``degree``, in the degree reverse lexicographic order."""
    found = []
    for total in range(degree + 1):
        for chosen in combinations_with_replacement(range(dimension), total):
            found.append(tuple(chosen.count(i) for i in range(dimension)))
    return sorted(found, key=degree_order)


def _product(a: Exponents, b: Exponents) -> Exponents:
    return tuple(i + j for i, j in zip(a, b, strict=True))


def _pivots(matrix: nmod_mat) -> list[int]:
    """Columns that are independent of the columns before them."""
    reduced, rank = matrix.rref()
    pivots, column = [], 0
    for row in range(rank):
        while not int(reduced[row, column]):
            column += 1
        pivots.append(column)
    return pivots
