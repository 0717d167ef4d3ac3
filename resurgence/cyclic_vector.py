"""The scalar equation that one function of a linear system obeys.

A row w_0 of polynomials names the function u = w_0 Y of the solutions Y of P Y' = N Y. Its derivatives are
D^j u = P^(-j) w_j Y with

    w_(j+1) = w_j N + P w_j' - j P' w_j ,

and the first linear relation between w_0, w_1/P, w_2/P^2, ... over Q(x) is the operator of least order that annihilates
u for every solution Y (the cyclic vector method: Cope 1936; Churchill & Kovacic 2002). Nothing is guessed: the relation
is an identity between polynomials, so the operator is proved to annihilate every such u.

For a polynomial action, the system is its connection, ``g^2 dI/dg = (A_0 + ... + g^k A_k) I``, and I_1 the integral of
exp(-V/g) itself. Where the action has symmetries, the operator has a lower order than the system: it knows those
critical points alone that the integral of a symmetric function can see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from flint import fmpq_mat, fmpz, fmpz_poly

from .connection import Connection
from .differential_operator import DifferentialOperator
from .numbers import rational
from .polynomial_relations import Row, first_relation

__all__ = ["annihilator", "scalar_operator", "stripped_annihilator"]


def annihilator(connection: Connection) -> DifferentialOperator:
    """The operator in g of least order that annihilates ``int exp(-V/g) dx`` over every cycle, with proof.

    More precisely, the first entry of every solution of the connection; its formal solutions too.

    Parameters
    ----------
    connection : Connection
        Of an action: see :meth:`~resurgence.action.Action.connection`.

    Raises
    ------
    TypeError
        ``connection`` is not a connection.

    Examples
    --------
    The Gaussian integral is a multiple of sqrt(g), Airy's obeys an equation of the second order:

    >>> from resurgence.action import Action
    >>> print(annihilator(Action("x**2/2").connection()))
    2*g*D - 1
    >>> print(annihilator(Action("x**2/2 - x**3/3").connection()))
    36*g^3*D^2 + (36*g^2 - 6*g)*D - 4*g + 3
    """
    if not isinstance(connection, Connection):
        raise TypeError(f"a connection is needed, as action.connection() gives it, got {connection!r}")
    size = len(connection.basis)
    scale = fmpz(1)
    for matrix in connection.rational_matrices:
        scale = scale.lcm(matrix.numer_denom()[1])
    levels = [_integers(matrix * scale) for matrix in connection.rational_matrices]
    system = [[fmpz_poly([level[i][j] for level in levels]) for j in range(size)] for i in range(size)]
    first = [fmpz_poly([int(j == 0)]) for j in range(size)]
    return scalar_operator(system, fmpz_poly([0, 0, scale]), first, "g")


def _integers(matrix: fmpq_mat) -> list[list[fmpz]]:
    return [[entry.p for entry in row] for row in matrix.tolist()]


def stripped_annihilator(
    source: Connection | DifferentialOperator, action: object, exponent: Fraction | int
) -> DifferentialOperator:
    """The operator of the series that is left without its prefactor: ``I = exp(-c/g) g^nu Phi``.

    Parameters
    ----------
    source : Connection or DifferentialOperator
        A connection, or an operator in g that annihilates I.
    action : rational number
        c.
    exponent : Fraction
        nu; d/2 for the integral over the cycle of a nondegenerate critical point in d variables.

    Returns
    -------
    DifferentialOperator
        It annihilates Phi.

    Raises
    ------
    TypeError
        ``source`` is neither.
    ValueError
        ``action`` or ``exponent`` is not rational.

    Examples
    --------
    >>> from resurgence.action import Action
    >>> action = Action("x**2/2 - x**3/3")
    >>> operator = stripped_annihilator(action.connection(), 0, Fraction(1, 2))
    >>> print(operator)
    36*g^2*D^2 + (72*g - 6)*D + 5
    >>> operator.recurrence().terms([1], 4)
    [1, 5/6, 385/72, 85085/1296]
    >>> action.expand(4, at=0).coefficients
    (Fraction(1, 1), Fraction(5, 6), Fraction(385, 72), Fraction(85085, 1296))
    """
    if isinstance(source, Connection):
        source = annihilator(source)
    if not isinstance(source, DifferentialOperator):
        raise TypeError(f"a connection or an operator is needed, got {source!r}")
    c, nu = rational(action), rational(exponent)
    if c is None:
        raise ValueError(
            f"the critical value {action} is not rational: an operator over Q can be stripped of exp(-c/g) with a "
            "rational c only; at other critical points use the connection itself"
        )
    if nu is None:
        raise ValueError(f"the exponent {exponent} is not rational")
    # D becomes D + (c + nu g)/g^2. Its k-th power is g^(-2k) T_k with T_(k+1) = (g^2 D + c + (nu - 2k) g) T_k.
    scale = c.q.lcm(nu.q)
    square = fmpz_poly([0, 0, scale])
    power = [fmpz_poly([1])]
    result = [fmpz_poly() for _ in range(source.order + 1)]
    for k, p in enumerate(source.coefficients):
        # All terms times g^(2r), r the order, and the same power of the common denominator.
        weight = p * fmpz_poly([0, 0, scale]) ** (source.order - k)
        for i, t in enumerate(power):
            result[i] += weight * t
        shift = fmpz_poly([(c * scale).p, ((nu - 2 * k) * scale).p])
        power = _after_derivation(power, square, shift)
    return DifferentialOperator(result, source.variable).primitive_part()


def _after_derivation(operator: Sequence[fmpz_poly], factor: fmpz_poly, shift: fmpz_poly) -> list[fmpz_poly]:
    """The coefficients of ``(factor D + shift)`` times the operator."""
    result = [factor * p.derivative() + shift * p for p in operator] + [fmpz_poly()]
    for i, p in enumerate(operator):
        result[i + 1] += factor * p
    return result


def scalar_operator(
    system: Sequence[Sequence[fmpz_poly]], denominator: fmpz_poly, functional: Sequence[fmpz_poly], variable: str = "x"
) -> DifferentialOperator:
    """The operator of least order that annihilates ``functional * Y`` for all solutions of a system.

    Parameters
    ----------
    system, denominator : square matrix (rows of fmpz_poly) and fmpz_poly
        N and P of the system P Y' = N Y.
    functional : sequence of fmpz_poly
        w_0.
    variable : str
        Its name.

    Examples
    --------
    y_1 + y_2 where y_1' = y_1 and y_2' = -y_2:

    >>> one, zero = fmpz_poly([1]), fmpz_poly()
    >>> print(scalar_operator([[one, zero], [zero, -one]], one, [one, one]))
    D^2 - 1
    """
    return DifferentialOperator(first_relation(_derivatives(system, denominator, functional)), variable)


def _derivatives(
    system: Sequence[Sequence[fmpz_poly]], denominator: fmpz_poly, functional: Sequence[fmpz_poly]
) -> Iterator[Row]:
    """w_j/P^j for j = 0, 1, ..."""
    row, power, slope = list(functional), fmpz_poly([1]), denominator.derivative()
    j = 0
    while True:
        yield Row(row, power)
        derivative = [denominator * entry.derivative() - j * slope * entry for entry in row]
        for entry, line in zip(row, system, strict=True):
            if not entry.is_zero():
                for i, coefficient in enumerate(line):
                    derivative[i] += entry * coefficient
        row, power, j = derivative, power * denominator, j + 1
