"""A germ whose Padé approximants are known in closed form: B(z) = log(1 + z)/z.

B(z) = int_0^1 dt/(1 + z t), so that its [N-1/N] approximant is Gauss's quadrature of that integral (Baker &
Graves-Morris 1996, *Padé Approximants*, section 5.1):

    [N-1/N](z) = sum_k w_k/(1 + z t_k),
    Q(z) = prod_k (1 + z t_k) = sum_k binom(N, k) binom(2N-k, N)/binom(2N, N) z^k

with the nodes t_k and weights w_k of Gauss and Legendre on (0, 1). Its poles are -1/t_k; its Laplace integral is
sum_k w_k u_k U(1, 1, u_k), u_k = 1/(g t_k), with Kummer's U (DLMF 13.4.4). flint has nodes, weights and U in balls:
they are references that share nothing with the approximants of this package.
"""

from __future__ import annotations

from math import comb, factorial

from flint import acb, arb, fmpq, fmpq_poly

from resurgence.numbers import working_precision
from resurgence.series import FormalSeries

__all__ = ["coefficients", "poles", "series", "sum_of_approximant"]


def series(order: int) -> FormalSeries:
    """The 2N coefficients (-1)^n n!/(n + 1) that determine the [N-1/N] approximant."""
    return FormalSeries([fmpq((-1) ** n * factorial(n), n + 1) for n in range(2 * order)])


def coefficients(order: int) -> tuple[list[fmpq], list[fmpq]]:
    """Numerator and denominator of the [N-1/N] approximant, Q(0) = 1.

    >>> coefficients(1), coefficients(2)
    (([1], [1, 1/2]), ([1, 1/2], [1, 1, 1/6]))
    """
    top = comb(2 * order, order)
    q = [fmpq(comb(order, k) * comb(2 * order - k, order), top) for k in range(order + 1)]
    b = fmpq_poly([fmpq((-1) ** n, n + 1) for n in range(order)])
    product = b * fmpq_poly(q)
    return [product[k] for k in range(order)], q


def poles(order: int, bits: int) -> list[acb]:
    """The poles of the [N-1/N] approximant, ascending."""
    rule = _rule(order, bits)
    with working_precision(bits):
        return sorted((acb(-1 / t) for t, _ in rule), key=lambda pole: float(pole.real.mid()))


def sum_of_approximant(order: int, g: fmpq, bits: int) -> acb:
    """The Laplace integral of the [N-1/N] approximant at g > 0, to at least so many relative bits.

    flint's U loses up to some |u| bits in the middle of its range, so that the precision is raised where necessary.
    """
    work = bits + 32
    while True:
        rule = _rule(order, work)
        with working_precision(work):
            total = acb(0)
            for t, w in rule:
                u = acb(1 / (t * g))
                total += w * u * u.hypgeom_u(acb(1), acb(1))
        if total.rel_accuracy_bits() >= bits:
            return total
        work *= 2


def _rule(order: int, bits: int) -> list[tuple[arb, arb]]:
    """Nodes and weights on (0, 1)."""
    with working_precision(bits):
        rule = [arb.legendre_p_root(order, k, weight=True) for k in range(order)]
        return [((1 + x) / 2, w / 2) for x, w in rule]
