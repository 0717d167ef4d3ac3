"""The Jacobian ring Q[x]/(dV/dx_1, ..., dV/dx_d) of a polynomial V with isolated critical points.

Its dimension mu is the number of critical points, with multiplicity. A Gröbner basis of the gradient in the degree
reverse lexicographic order gives the monomials that form a basis; multiplication by a variable is a mu x mu matrix over
Q, filled in along the border of that basis (Faugère, Gianni, Lazard & Mora 1993, section 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flint import Ordering, fmpq, fmpq_mat, fmpq_mpoly, fmpz_mpoly_ctx, fmpz_mpoly_vec

__all__ = ["Exponents", "JacobianRing", "degree_order"]

#: Exponents of a monomial, in the order of the variables.
Exponents = tuple[int, ...]

#: Largest dimension of a ring that is built: the algebra is dense, and costs the cube of this and more.
MAX_DIMENSION = 300
#: Sizes (polynomials, terms, bits) at which the search for a Gröbner basis is given up.
GROEBNER_LIMITS = (600, 5_000, 60_000)


def degree_order(exponents: Exponents) -> tuple[int, Exponents]:
    """Sort key of the degree reverse lexicographic order, smallest monomial first."""
    return sum(exponents), tuple(-e for e in reversed(exponents))


def times_variable(exponents: Exponents, i: int) -> Exponents:
    return (*exponents[:i], exponents[i] + 1, *exponents[i + 1 :])


def terms_of(poly: fmpq_mpoly) -> list[tuple[Exponents, fmpq]]:
    """(exponents, coefficient) of the terms, with plain integers as exponents."""
    return [(tuple(map(int, exponents)), coefficient) for exponents, coefficient in poly.to_dict().items()]


class JacobianRing:
    """The quotient of Q[x] by the gradient of ``potential``, with a basis of monomials.

    Parameters
    ----------
    potential : fmpq_mpoly
        Non-constant, with finitely many complex critical points, and at least one.

    Attributes
    ----------
    basis : tuple of exponents
        The monomials m_1 = 1, ..., m_mu, increasing in the degree reverse lexicographic order.
    multiplication : tuple of fmpq_mat
        For each variable x_i the matrix M with ``x_i m_j = sum_k M[j, k] m_k`` in the ring.

    Raises
    ------
    ValueError
        The critical points are not isolated, there is none, or there are too many to work with.

    Examples
    --------
    >>> from resurgence.parse import parse_polynomial
    >>> ring = JacobianRing(parse_polynomial("x^2 + x^4"))
    >>> ring.basis
    ((0,), (1,), (2,))
    >>> ring.matrix(parse_polynomial("x^2 + x^4")).charpoly()
    x^3 + 1/2*x^2 + 1/16*x
    """

    def __init__(self, potential: fmpq_mpoly) -> None:
        self.potential = potential
        self.names: tuple[str, ...] = tuple(potential.context().names())
        self.gradient = [potential.derivative(i) for i in range(len(self.names))]
        self._check_dependence()
        tails = self._groebner_basis()
        self.basis = self._standard_monomials(list(tails))
        self._index = {m: j for j, m in enumerate(self.basis)}
        self.multiplication = self._multiplication_matrices(tails)
        self._rows: dict[Exponents, fmpq_mat] = {}
        self.one = fmpq_mat(1, self.dimension, [int(j == 0) for j in range(self.dimension)])

    @property
    def dimension(self) -> int:
        """mu, the number of critical points with multiplicity."""
        return len(self.basis)

    def _check_dependence(self) -> None:
        if self.potential.is_constant():
            raise ValueError(f"the action {self.potential} is constant: it has no isolated critical points")
        idle = [name for name, derivative in zip(self.names, self.gradient, strict=True) if not len(derivative)]
        if idle:
            raise ValueError(
                f"the critical points of {self.potential} are not isolated: it does not depend on {', '.join(idle)}"
            )

    def _groebner_basis(self) -> dict[Exponents, dict[Exponents, fmpq]]:
        """The reduced Gröbner basis of the gradient: leading monomial -> what the monomial is equal to in the ring."""
        context = fmpz_mpoly_ctx.get(self.names, Ordering.degrevlex)
        integral = []
        for derivative in self.gradient:
            denominator = math.lcm(*(int(c.q) for c in derivative.coeffs()))
            integral.append(context.from_dict({e: int((c * denominator).p) for e, c in terms_of(derivative)}))
        found, complete = fmpz_mpoly_vec(integral, context).buchberger_naive(limits=GROEBNER_LIMITS)
        if not complete:
            raise ValueError("the critical points of this action are too many, or too complicated, for exact algebra")
        tails = {}
        for element in found.autoreduction():  # type: ignore[attr-defined]
            (lead, leading_coefficient), *tail = element.to_dict().items()
            tails[tuple(map(int, lead))] = {
                tuple(map(int, e)): fmpq(-int(c), int(leading_coefficient)) for e, c in tail
            }
        return tails

    def _standard_monomials(self, leads: Sequence[Exponents]) -> tuple[Exponents, ...]:
        """The monomials that no leading monomial divides."""
        variables = range(len(self.names))
        if any(sum(lead) == 0 for lead in leads):
            raise ValueError(f"the action {self.potential} has no critical point: nothing to expand about")
        for i in variables:
            if not any(sum(lead) == lead[i] for lead in leads):
                raise ValueError(
                    f"the critical points of {self.potential} are not isolated: there is a curve or more of them, "
                    "which is not supported"
                )
        found: list[Exponents] = [(0,) * len(self.names)]
        seen = set(found)
        for monomial in found:  # grows while it is walked
            for i in variables:
                multiple = times_variable(monomial, i)
                if multiple in seen or any(all(a <= b for a, b in zip(lead, multiple, strict=True)) for lead in leads):
                    continue
                seen.add(multiple)
                found.append(multiple)
                if len(found) > MAX_DIMENSION:
                    raise ValueError(
                        f"the action has more than {MAX_DIMENSION} critical points, counted with multiplicity: "
                        "too many for exact algebra"
                    )
        return tuple(sorted(found, key=degree_order))

    def _multiplication_matrices(self, tails: dict[Exponents, dict[Exponents, fmpq]]) -> tuple[fmpq_mat, ...]:
        mu, variables = self.dimension, range(len(self.names))
        rows: dict[Exponents, list[fmpq]] = {}
        for j, monomial in enumerate(self.basis):
            rows[monomial] = [fmpq(int(k == j)) for k in range(mu)]
        border = {times_variable(m, i) for m in self.basis for i in variables} - set(self.basis)
        for monomial in sorted(border, key=degree_order):
            if monomial in tails:
                row = [fmpq(0)] * mu
                for exponents, coefficient in tails[monomial].items():
                    row[self._index[exponents]] = coefficient
            else:
                # x_k times a smaller border monomial, whose row is known, and all that it leads to is smaller too.
                k, smaller = next((k, s) for k in variables if monomial[k] and (s := _divided(monomial, k)) in border)
                known = [(c, rows[times_variable(m, k)]) for c, m in zip(rows[smaller], self.basis, strict=True) if c]
                if known:
                    product = fmpq_mat([[c for c, _ in known]]) * fmpq_mat([r for _, r in known])
                    row = product.entries()
                else:
                    row = [fmpq(0)] * mu
            rows[monomial] = row
        return tuple(fmpq_mat([rows[times_variable(m, i)] for m in self.basis]) for i in variables)

    def coordinates(self, poly: fmpq_mpoly) -> fmpq_mat:
        """The row c with ``poly = sum_k c_k m_k`` in the ring."""
        total = fmpq_mat(1, self.dimension)
        for exponents, coefficient in terms_of(poly):
            total = total + self._row(exponents) * coefficient
        return total

    def _row(self, exponents: Exponents) -> fmpq_mat:
        """Coordinates of a monomial."""
        if exponents in self._index:
            return fmpq_mat(1, self.dimension, [int(k == self._index[exponents]) for k in range(self.dimension)])
        if exponents not in self._rows:
            i = max(range(len(exponents)), key=exponents.__getitem__)
            self._rows[exponents] = self._row(_divided(exponents, i)) * self.multiplication[i]
        return self._rows[exponents]

    def matrix(self, poly: fmpq_mpoly) -> fmpq_mat:
        """Multiplication by ``poly``: the matrix M with ``poly m_j = sum_k M[j, k] m_k``."""
        rows = [self.coordinates(poly)]
        for monomial in self.basis[1:]:
            i = next(i for i, e in enumerate(monomial) if e)
            rows.append(rows[self._index[_divided(monomial, i)]] * self.multiplication[i])
        return fmpq_mat([row.entries() for row in rows])


def _divided(exponents: Exponents, i: int) -> Exponents:
    return (*exponents[:i], exponents[i] - 1, *exponents[i + 1 :])
