"""Differential equations as people write them: ``x^3*y'' + (x^2 + x)*y' - y = 0``, ``u'' = 6*u^2 - x``.

The derivatives become variables of a polynomial, which the reader of polynomials reads (:mod:`resurgence.parse`):
nothing is evaluated.
"""

from __future__ import annotations

import re

from flint import fmpq, fmpq_poly

from .jacobian_ring import terms_of
from .parse import parse_polynomial

__all__ = ["Monomial", "differential_monomials", "parse_equation"]

#: Highest derivative that is read.
MAX_PRIMES = 20

#: A term c x^a u^k_0 u'^k_1 ...: (a, (k_0, k_1, ...), c).
Monomial = tuple[int, tuple[int, ...], fmpq]

_DERIVATIVE = re.compile(r"([A-Za-z_]\w*)\s*('+)")


def parse_equation(text: str) -> tuple[list[fmpq_poly], str]:
    """The coefficients p_0, ..., p_r of a homogeneous linear equation, and the name of its variable.

    Parameters
    ----------
    text : str
        Terms such as ``(x^2 + x)*y'``, the unknown being the name with primes; ``= 0`` may be left out, and both sides
        may hold terms.

    Raises
    ------
    TypeError
        ``text`` is not a str.
    ValueError
        For what is no such equation.

    Examples
    --------
    >>> parse_equation("x*y'' + y' = 2*x*y - y")
    ([(-2)*x + 1, 1, x], 'x')
    """
    monomials, names, variable = differential_monomials(text, MAX_PRIMES)
    coefficients: list[dict[int, fmpq]] = [{} for _ in names]
    for power, orders, value in monomials:
        if sum(orders) != 1:
            raise ValueError(f"the equation must be linear and homogeneous in {names[0]}, got {text!r}")
        coefficients[orders.index(1)][power] = value
    return [_polynomial(c) for c in coefficients], variable


def differential_monomials(text: str, most: int) -> tuple[list[Monomial], list[str], str]:
    """A differential equation, linear or not, as a sum of terms that is zero.

    Parameters
    ----------
    text : str
        ``u'' = 6*u^2 - x``: the unknown is the name with primes.
    most : int
        The highest derivative that is read.

    Returns
    -------
    list of (int, tuple of int, fmpq)
        For each term the power of the variable, those of the unknown and its derivatives, and the coefficient.
    list of str
        The names of the unknown and its derivatives, without and with primes.
    str
        The name of the variable, ``"x"`` where none occurs.

    Raises
    ------
    TypeError, ValueError
        For what is not text, or no such equation.
    """
    if not isinstance(text, str):
        raise TypeError(f"an equation is given as text, got {text!r}")
    found = _DERIVATIVE.findall(text)
    unknowns = {name for name, _ in found}
    if len(unknowns) != 1:
        raise ValueError(
            "an equation has one unknown, with primes for its derivatives (x^3*y'' + (x^2+x)*y' - y = 0, or "
            f"u'' = 6*u^2 - x), got {text!r}"
        )
    [unknown] = unknowns
    order = max(len(primes) for _, primes in found)
    if order > most:
        raise ValueError(f"derivatives up to the {most}th are read, got the {order}th in {text!r}")
    names = [f"{unknown}_derivative_{k}" for k in range(order + 1)]
    plain = _DERIVATIVE.sub(lambda match: names[len(match[2])], text)
    plain = re.sub(rf"\b{re.escape(unknown)}\b", names[0], plain)
    sides = plain.split("=")
    if len(sides) > 2:
        raise ValueError(f"an equation has one sign =, got {text!r}")
    polynomial = parse_polynomial(sides[0] if len(sides) == 1 else f"({sides[0]}) - ({sides[1]})")
    variables = [str(name) for name in polynomial.context().names()]
    others = [name for name in variables if name not in names]
    if len(others) > 1:
        raise ValueError(f"an equation has one variable beside {unknown}, got {', '.join(others)} in {text!r}")
    monomials: list[Monomial] = []
    for exponents, value in terms_of(polynomial):
        powers = dict(zip(variables, exponents, strict=True))
        orders = tuple(powers.get(name, 0) for name in names)
        monomials.append((powers[others[0]] if others else 0, orders, value))
    return monomials, [unknown + "'" * k for k in range(order + 1)], others[0] if others else "x"


def _polynomial(coefficients: dict[int, fmpq]) -> fmpq_poly:
    return fmpq_poly([coefficients.get(k, fmpq(0)) for k in range(max(coefficients, default=0) + 1)])
