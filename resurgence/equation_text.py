"""Linear differential equations as people write them: ``x^3*y'' + (x^2 + x)*y' - y = 0``.

The derivatives become variables of a polynomial, which the reader of polynomials reads (:mod:`resurgence.parse`):
nothing is evaluated.
"""

from __future__ import annotations

import re

from flint import fmpq, fmpq_poly

from .jacobian_ring import terms_of
from .parse import parse_polynomial

__all__ = ["parse_equation"]

#: Highest derivative that is read.
MAX_PRIMES = 20

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
    if not isinstance(text, str):
        raise TypeError(f"an equation is given as text, got {text!r}")
    unknowns = {name for name, _ in _DERIVATIVE.findall(text)}
    if len(unknowns) != 1:
        raise ValueError(
            f"an equation has one unknown, with primes for its derivatives (x^3*y'' + (x^2+x)*y' - y = 0), got {text!r}"
        )
    [unknown] = unknowns
    longest = max(len(primes) for _, primes in _DERIVATIVE.findall(text))
    if longest > MAX_PRIMES:
        raise ValueError(f"derivatives up to the {MAX_PRIMES}th are read, got the {longest}th in {text!r}")
    names = [f"{unknown}_derivative_{k}" for k in range(longest + 1)]
    plain = _DERIVATIVE.sub(lambda match: names[len(match[2])], text)
    plain = re.sub(rf"\b{re.escape(unknown)}\b", names[0], plain)
    sides = plain.split("=")
    if len(sides) > 2:
        raise ValueError(f"an equation has one sign =, got {text!r}")
    plain = sides[0] if len(sides) == 1 else f"({sides[0]}) - ({sides[1]})"
    polynomial = parse_polynomial(plain)
    variables = [str(name) for name in polynomial.context().names()]
    others = [name for name in variables if name not in names]
    if len(others) > 1:
        raise ValueError(f"an equation has one variable beside {unknown}, got {', '.join(others)} in {text!r}")
    coefficients: list[dict[int, fmpq]] = [{} for _ in names]
    for exponents, value in terms_of(polynomial):
        powers = dict(zip(variables, exponents, strict=True))
        orders = [k for k, name in enumerate(names) for _ in range(powers.get(name, 0))]
        if len(orders) != 1:
            raise ValueError(f"the equation must be linear and homogeneous in {unknown}, got {text!r}")
        coefficients[orders[0]][powers[others[0]] if others else 0] = value
    return [_polynomial(c) for c in coefficients], others[0] if others else "x"


def _polynomial(coefficients: dict[int, fmpq]) -> fmpq_poly:
    return fmpq_poly([coefficients.get(k, fmpq(0)) for k in range(max(coefficients, default=0) + 1)])
