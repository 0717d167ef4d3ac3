"""Arithmetic of truncated power series over the rationals, a number field, or balls.

A truncated series is a list of coefficients of one kind (:data:`Scalar`). Rationals and balls go to FLINT's power
series, which multiply fast; a number field takes the schoolbook recurrences (Knuth, TAOCP 2, section 4.7), all O(N^2).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from flint import acb, acb_series, fmpq, fmpq_series

from .algebraic import AlgebraicNumber
from .numbers import is_exact_zero, working_precision

__all__ = ["Scalar", "add", "compose", "divide", "exponential", "logarithm", "multiply", "weigh"]

Scalar: TypeAlias = fmpq | AlgebraicNumber | acb

#: Bits kept where balls meet exact numbers: balls are only ever as good as their own radii.
_GUARD_BITS = 64


def ball_bits(*series: Sequence[Scalar]) -> int:
    """A working precision that does not widen the balls among ``series``."""
    return _GUARD_BITS + max((accuracy_bits(t) for s in series for t in s if isinstance(t, acb)), default=0)


def accuracy_bits(ball: acb) -> int:
    """The bits a ball is good for; for an exact one, the bits it takes to write it down."""
    return int(ball.bits() if ball.is_exact() else max(0, ball.rel_accuracy_bits()))


def as_balls(terms: Sequence[Scalar], bits: int) -> list[acb]:
    """The terms as balls: exact ones to ``bits`` bits, balls as they are."""
    with working_precision(bits):
        return [t.ball(bits) if isinstance(t, AlgebraicNumber) else acb(t) for t in terms]


def _flint(f: Sequence[Scalar], n: int, balls: bool, bits: int) -> Any:
    return acb_series(as_balls(f[:n], bits), prec=n) if balls else fmpq_series(cast(list[fmpq], list(f[:n])), prec=n)


def _scalars(series: Any, n: int) -> list[Scalar]:
    coefficients = list(series.coeffs())
    zero = fmpq(0) if isinstance(series, fmpq_series) else acb(0)
    return coefficients + [zero] * (n - len(coefficients))


def _kinds(*series: Sequence[Scalar]) -> tuple[bool, bool]:
    """Whether there are balls, and whether there are algebraic numbers (balls win: all become balls)."""
    balls = any(isinstance(t, acb) for s in series for t in s)
    return balls, not balls and any(isinstance(t, AlgebraicNumber) for s in series for t in s)


def add(f: Sequence[Scalar], g: Sequence[Scalar]) -> list[Scalar]:
    """f + g, as long as the shorter of the two."""
    return _termwise(operator.add, f, g)


def weigh(f: Sequence[Scalar], weights: Sequence[Scalar]) -> list[Scalar]:
    """f_n w_n for each n."""
    return _termwise(operator.mul, f, weights)


def _termwise(operation: Callable[[Any, Any], Any], f: Sequence[Scalar], g: Sequence[Scalar]) -> list[Scalar]:
    bits = ball_bits(f, g)
    result: list[Scalar] = []
    with working_precision(bits):
        for a, b in zip(f, g, strict=False):
            if isinstance(a, acb) and isinstance(b, AlgebraicNumber):
                b = b.ball(bits)
            elif isinstance(b, acb) and isinstance(a, AlgebraicNumber):
                a = a.ball(bits)
            result.append(operation(a, b))
    return result


def multiply(f: Sequence[Scalar], g: Sequence[Scalar], n: int) -> list[Scalar]:
    """The first ``n`` coefficients of f g."""
    balls, algebraic = _kinds(f, g)
    if algebraic:
        return [_dot(f, g, k) for k in range(n)]
    bits = ball_bits(f, g)
    with working_precision(bits, terms=n):
        return _scalars(_flint(f, n, balls, bits) * _flint(g, n, balls, bits), n)


def _dot(f: Sequence[Any], g: Sequence[Any], k: int) -> Any:
    total: Any = fmpq(0)
    for i in range(max(0, k - len(g) + 1), min(k + 1, len(f))):
        total = total + f[i] * g[k - i]
    return total


def divide(f: Sequence[Scalar], g: Sequence[Scalar], n: int) -> list[Scalar]:
    """The first ``n`` coefficients of f/g; g must not vanish at 0."""
    balls, algebraic = _kinds(f, g)
    if algebraic:
        quotient: list[Any] = []
        for k in range(n):
            known = _dot([*quotient, fmpq(0)], g, k)
            quotient.append(((f[k] if k < len(f) else fmpq(0)) - known) / g[0])
        return quotient
    bits = ball_bits(f, g)
    with working_precision(bits, terms=n):
        return _scalars(_flint(f, n, balls, bits) / _flint(g, n, balls, bits), n)


def logarithm(f: Sequence[Scalar], n: int) -> list[Scalar]:
    """The first ``n`` coefficients of log f; f(0) must be 1."""
    balls, algebraic = _kinds(f)
    if algebraic:
        derivative: list[Any] = [f[k] * k for k in range(1, min(n, len(f)))]
        quotient: list[Any] = divide(derivative, f, n - 1)
        return [fmpq(0), *(quotient[k] / (k + 1) for k in range(n - 1))]
    bits = ball_bits(f)
    with working_precision(bits, terms=n):
        return _scalars(_flint(f, n, balls, bits).log(), n)


def exponential(f: Sequence[Scalar], n: int) -> list[Scalar]:
    """The first ``n`` coefficients of exp f; f(0) must be 0."""
    balls, algebraic = _kinds(f)
    if algebraic:
        slope: list[Any] = [f[k] * k for k in range(1, min(n, len(f)))]
        result: list[Any] = [fmpq(1)]
        for k in range(1, n):
            result.append(_dot(slope, result, k - 1) / k)
        return result
    bits = ball_bits(f)
    with working_precision(bits, terms=n):
        return _scalars(_flint(f, n, balls, bits).exp(), n)


def compose(f: Sequence[Scalar], h: Sequence[Scalar], n: int) -> list[Scalar]:
    """The first ``n`` coefficients of f(h); h(0) must be 0."""
    if all(is_exact_zero(t) for t in h[:n]):  # which flint refuses
        return [f[0]] + [fmpq(0)] * (n - 1)
    balls, algebraic = _kinds(f, h)
    if algebraic:
        result: list[Any] = [fmpq(0)] * n
        for c in reversed(f[:n]):
            result = list(multiply(result, h, n))
            result[0] = result[0] + c
        return result
    bits = ball_bits(f, h)
    with working_precision(bits, terms=n):
        return _scalars(_flint(f, n, balls, bits)(_flint(h, n, balls, bits)), n)
