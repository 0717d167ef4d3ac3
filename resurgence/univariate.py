"""Polynomials in one variable over Q: from what people write, and back to text."""

from __future__ import annotations

import numbers
from collections.abc import Sequence

import sympy
from flint import fmpq, fmpq_mpoly, fmpq_poly, fmpz, fmpz_poly

from .jacobian_ring import terms_of
from .numbers import rational
from .parse import parse_polynomial, polynomial_from_sympy

__all__ = ["monomial", "polynomial_of", "polynomial_text", "primitive"]


def polynomial_of(given: object) -> tuple[fmpq_poly, str | None]:
    """A polynomial in one variable over Q, and the variable's name if it is known.

    Parameters
    ----------
    given : object
        Text (see :func:`~resurgence.parse.parse_polynomial`), a sympy polynomial, a rational number, or a polynomial of
        flint.

    Raises
    ------
    TypeError, ValueError
        For what is not such a polynomial.

    Examples
    --------
    >>> polynomial_of("x^2/2 - 1"), polynomial_of(3)
    ((1/2*x^2 + (-1), 'x'), (3, None))
    """
    if isinstance(given, (fmpz_poly, fmpq_poly)):
        return fmpq_poly(given), None
    if isinstance(given, str):
        return _univariate(parse_polynomial(given))
    if isinstance(given, sympy.Expr):
        return _univariate(polynomial_from_sympy(given))
    if isinstance(given, fmpq_mpoly):
        return _univariate(given)
    if isinstance(given, bool) or not isinstance(given, (numbers.Rational, fmpz, fmpq)):
        raise TypeError(
            f"a coefficient is text, a sympy polynomial, a rational number or a polynomial of flint, got {given!r} of "
            f"type {type(given).__name__}"
        )
    value = rational(given)
    assert value is not None, "a rational number is rational"
    return fmpq_poly([value]), None


def _univariate(polynomial: fmpq_mpoly) -> tuple[fmpq_poly, str | None]:
    names = [str(name) for name in polynomial.context().names()]
    if len(names) > 1:
        raise ValueError(f"a coefficient is a polynomial in one variable, got {polynomial} in {', '.join(names)}")
    result = fmpq_poly()
    for exponents, c in terms_of(polynomial):
        result += monomial(c, sum(exponents))
    return result, names[0] if names else None


def monomial(value: fmpq, power: int) -> fmpq_poly:
    """``value * x^power``."""
    return fmpq_poly([0] * power + [value])


def primitive(polynomials: Sequence[fmpq_poly]) -> tuple[fmpz_poly, ...]:
    """The polynomials times the number that makes them integer, without common integer factor, the last one positive.

    >>> primitive([fmpq_poly([1, 0, fmpq(1, 2)]), fmpq_poly([0, -3])])
    ((-1)*x^2 + (-2), 6*x)
    """
    denominator = fmpz(1)
    for p in polynomials:
        denominator = denominator.lcm(p.denom())
    integers = [p.numer() * (denominator // p.denom()) for p in polynomials]
    content = fmpz(0)
    for q in integers:
        content = content.gcd(q.content())
    if integers[-1].leading_coefficient() < 0:
        content = -content
    return tuple(fmpz_poly([c // content for c in q.coeffs()]) for q in integers)


def polynomial_text(polynomial: fmpz_poly, variable: str) -> str:
    """An integer polynomial as people write it.

    >>> polynomial_text(fmpz_poly([-3, -1, 0, 2]), "x")
    '2*x^3 - x - 3'
    """
    text = ""
    for k in range(int(polynomial.degree()), -1, -1):
        c = int(polynomial[k])
        if not c:
            continue
        power = "" if k == 0 else variable if k == 1 else f"{variable}^{k}"
        size = "*".join(part for part in ("" if abs(c) == 1 and k else str(abs(c)), power) if part)
        text += (" - " if c < 0 else " + ") + size if text else ("-" if c < 0 else "") + size
    return text or "0"
