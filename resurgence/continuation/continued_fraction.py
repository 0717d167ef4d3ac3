"""The continued fraction of a power series: Padé denominators in O(n^2), and a proof of how good they are.

With x = 1/z a series f_0 + f_1 z + ... stands for F(x) = f_0/x + f_1/x^2 + ..., and the denominators of the diagonal
[n-1/n] of its Padé table are, reversed, the orthogonal polynomials T of the functional L[x^k] = f_k.  They follow from
Euclid's algorithm (Brezinski 1980, *Padé-Type Approximation and General Orthogonal Polynomials*, ch. 2-3; Gragg 1972,
SIAM Review 14, 1): every quotient is linear in a normal table, and has a higher degree where the table has a block.

The algorithm is run on numbers without error bounds, because bounds carried through it grow by 16 bits a step while
the numbers themselves lose 5.  :func:`certified_convergent` then proves afterwards what was reached, in balls: the
Bezoutian of two consecutive denominators is the inverse of the Hankel matrix of the linear system (Heinig & Rost 1984,
*Algebraic Methods for Toeplitz-like Matrices and Operators*, part I), and its defect has a displacement structure that
bounds it by two polynomial products.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
import scipy.linalg
from flint import acb, acb_poly, arb, arb_poly
from numpy.typing import NDArray

from resurgence.numbers import working_precision

__all__ = [
    "Ball",
    "Breakdown",
    "ContinuedFraction",
    "Polynomial",
    "certified_convergent",
    "coefficients",
    "exponent",
    "polynomial",
]

Polynomial: TypeAlias = arb_poly | acb_poly
Ball: TypeAlias = arb | acb

#: Precision at which error bounds are computed.
BOUND_BITS = 64


class Breakdown(ArithmeticError):
    """A pivot vanished: the table has a block here, or nothing is left of the numbers."""


def polynomial(coefficients: Sequence[Ball]) -> Polynomial:
    """The polynomial with these coefficients, over the reals where they are real numbers."""
    if any(isinstance(c, acb) for c in coefficients):
        return acb_poly(list(coefficients))
    return arb_poly(cast("list[arb]", list(coefficients)))


def coefficients(p: Polynomial) -> list[Ball]:
    """The coefficients in ascending order."""
    return cast("list[Ball]", p.coeffs())


def _midpoints(p: Polynomial, start: int, stop: int) -> Polynomial:
    """The coefficients start..stop-1 without their radii."""
    return type(p)([c.mid() for c in p.coeffs()[start:stop]])  # type: ignore[misc]


def exponent(value: Ball) -> int | None:
    """e with |midpoint| about 2^e (within a factor 2), or None for zero."""
    if isinstance(value, acb):
        parts = [e for e in (exponent(value.real), exponent(value.imag)) if e is not None]
        return max(parts) if parts else None
    mantissa, power = value.mid().man_exp()
    return int(power) + int(abs(mantissa)).bit_length() if mantissa != 0 else None


@dataclass(frozen=True)
class ContinuedFraction:
    """The first steps of Euclid's algorithm on (1, f).

    Attributes
    ----------
    quotients : list of polynomials
        a_k(z) = z^(d_k) q_k(1/z) where q_k, of degree d_k, is the k-th quotient in x = 1/z.
    denominator, previous : polynomials in z
        Denominator of the last convergent and of the one before it.
    last_degree : int
        d_k of the last quotient.
    """

    quotients: list[Polynomial]
    denominator: Polynomial
    previous: Polynomial
    last_degree: int

    @classmethod
    def expand(cls, f: Polynomial, n: int, degrees: Sequence[int] | None = None) -> ContinuedFraction:
        """Run Euclid's algorithm on the midpoints of ``f`` (2n coefficients) until the denominator has degree ``n``.

        ``degrees`` are those of the quotients; all 1, as in a normal table, where it is not given.
        Raises Breakdown for a vanishing pivot.
        """
        steps = [1] * n if degrees is None else list(degrees)
        # Remainders are kept as series with non-zero constant term: R_k(x) = x^(deg R_k) r_k(1/x).
        older: Polynomial = polynomial([arb(1)])
        newer = _midpoints(f, steps[0] - 1, 2 * n)
        previous, denominator = polynomial([arb(0)]), polynomial([arb(1)])
        quotients: list[Polynomial] = []
        degree = 0
        for k, d in enumerate(steps):
            quotient = _quotient(older, newer, d)
            shift = d + (steps[k - 1] if k else 0)
            previous, denominator = denominator, _next(previous.left_shift(shift), quotient, denominator)
            quotients.append(quotient)
            degree += d
            if degree < n:
                # Each step uses up two coefficients: 2 (n - degree) of them are all that the rest depends on.
                drop = d + steps[k + 1]
                rest = older - quotient * newer
                older, newer = newer, _midpoints(rest, drop, drop + 2 * (n - degree))
        return cls(quotients, denominator, previous, steps[-1])

    def reciprocal_poles(self) -> NDArray[np.complex128] | None:
        """The reciprocals 1/z of the poles in double precision, or None where that is out of reach.

        They are the eigenvalues of the Jacobi matrix of T_(k+1) = (x - alpha_k) T_k - beta_k T_(k-1), which there is
        in a table without blocks; in its symmetric form, which is real for a Stieltjes series.
        """
        if any(q.degree() > 1 for q in self.quotients):
            return None
        alpha = np.array([complex(-q[1] / q[0]) for q in self.quotients])
        pairs = itertools.pairwise(self.quotients)
        beta = np.array([complex(-1 / (q[0] * r[0])) for q, r in pairs], dtype=complex)
        if not (np.isfinite(alpha).all() and np.isfinite(beta).all()):
            return None
        if (alpha.imag == 0).all() and (beta.imag == 0).all() and (beta.real >= 0).all():
            real: NDArray[np.float64] = scipy.linalg.eigvalsh_tridiagonal(alpha.real, np.sqrt(beta.real))
            return real.astype(np.complex128)
        side = np.sqrt(beta)
        eigenvalues: NDArray[np.complex128] = np.linalg.eigvals(np.diag(alpha) + np.diag(side, 1) + np.diag(side, -1))
        return eigenvalues


def _quotient(older: Polynomial, newer: Polynomial, degree: int) -> Polynomial:
    """older/newer as power series, up to z^degree."""
    pivot = newer[0].mid()
    if pivot == 0 or not pivot.is_finite():
        raise Breakdown("a pivot of the continued fraction is zero")
    inverse = (1 / pivot).mid()
    terms: list[Ball] = []
    for k in range(degree + 1):
        rest = older[k]
        for j in range(k):
            rest = rest - terms[j] * newer[k - j]
        terms.append((rest * inverse).mid())
    return polynomial(terms)


def _next(shifted: Polynomial, quotient: Polynomial, denominator: Polynomial) -> Polynomial:
    result = shifted - quotient * denominator
    return _midpoints(result, 0, result.length())


# ---------------------------------------------------------------------------------------------------------------------
# What was reached


def _largest(values: Sequence[Ball]) -> arb:
    largest = arb(0)
    for v in values:
        largest = largest.max(v.abs_upper())
    return largest


def _window(p: Polynomial, start: int, stop: int) -> list[Ball]:
    """The coefficients start..stop-1, with the zeros that a polynomial leaves out."""
    return [p[k] for k in range(start, stop)]


def certified_convergent(f: Polynomial, n: int, fraction: ContinuedFraction) -> tuple[Polynomial, Polynomial] | None:
    """Enclose numerator and denominator, Q(0) = 1, of the [n-1/n] approximant of ``f``, of which 2n terms are used.

    The balls hold for every series in the balls of ``f``. None where neither existence nor uniqueness of the
    approximant is proved, because the defect below is not proved to be less than 1/2.

    With H the Hankel matrix (f_(i+j)), X the Bezoutian of the approximate denominators T (of degree n) and S (the one
    before, scaled so that L[x^(n-1) S] = 1), the entries of the defect E = 1 - H X are sums along diagonals of
    s_k rho_i - t_k sigma_i, where rho_i = L[x^i T] and sigma_i = L[x^i S] are small.  Then H^(-1) = X (1 - E)^(-1), and
    the error of T is -H^(-1) rho.
    """
    d = fraction.last_degree
    normed = _midpoints(fraction.denominator * (1 / fraction.denominator[0]).mid(), 0, n + 1)
    if not all(c.is_finite() for c in coefficients(normed)):
        return None
    q = _window(normed, 0, n + 1)
    q[0] = 0 * q[0] + 1  # the derivation rests on a monic T
    product, before = polynomial(q) * f, fraction.previous * f
    pivot = before[2 * n - d - 1].mid()
    if pivot == 0 or not pivot.is_finite():
        return None
    with working_precision(BOUND_BITS):
        scale = (1 / pivot).mid()
        # T and S as polynomials in x; numerators and residuals likewise.
        t = q[::-1]
        s = [c * scale for c in _window(fraction.previous, 0, n - d + 1)[::-1]] + [0 * scale] * (d - 1)
        t_numerator = _window(product, 0, n)[::-1]
        s_numerator = [c * scale for c in _window(before, 0, n - d)[::-1]] + [0 * scale] * d
        rho = _window(product, n, 2 * n)
        *sigma, last = [c * scale for c in _window(before, n - d, 2 * n - d)]
        defect = n * (abs(last - 1).upper() + _sum_of_moduli(s) * _largest(rho) + _sum_of_moduli(t) * _largest(sigma))
        if not defect < 0.5:  # NaN included
            return None
        slack = arb(0, (_largest(rho) * defect / (1 - defect)).upper())
        v = [c + (acb(slack, slack) if isinstance(c, acb) else slack) for c in rho]
        # X v = S a - T c, and the numerators change in the same way.
        a, c = _correlation(v, t), _correlation(v, s)
        t_change = polynomial(s) * a - polynomial(t) * c
        numerator_change = polynomial(s_numerator) * a - polynomial(t_numerator) * c
    denominator = [q[0]] + [q[k] - t_change[n - k] for k in range(1, n + 1)]
    numerator = [product[k] - numerator_change[n - 1 - k] for k in range(n)]
    return polynomial(numerator), polynomial(denominator)


def _sum_of_moduli(values: Sequence[Ball]) -> arb:
    return sum((v.abs_upper() for v in values), arb(0))


def _correlation(v: Sequence[Ball], w: Sequence[Ball]) -> Polynomial:
    """The polynomial with coefficients sum_j v_j w_(j+l+1).

    Column j of the Bezoutian (t(x) s(y) - s(x) t(y))/(x - y) is the sum over k > j of x^(k-j-1) (t_k s - s_k t), which
    makes its product with v a combination of s and t with such coefficients.
    """
    n = len(v)
    return polynomial(_window(polynomial(v[::-1]) * polynomial(w), n, 2 * n))
