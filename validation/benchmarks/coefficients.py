"""Exact coefficients, beside a bare loop over python-flint's rationals and computer algebra.

* *from an equation*: a_n = (-1)^n (2n)!/n!, the solution of 4 x^2 y'' + (10 x + 1) y' + 2 y = 0 with a_0 = 1. This
  package gets the equation, finds and runs its recurrence, and examines the germ for sums to come; the loop is written
  for this one recurrence, and so is the least that anything could take. sympy expands the Borel germ (1 + 4z)^(-1/2)
  exactly, mpmath differentiates it numerically, with 100 digits; the factor n! is put in afterwards.
* *from an action*: the expansion of int exp(-(x^2 + x^4)/g) dx. This package gets the action; the loop has the ratio of
  successive coefficients; sympy has the Gaussian moments of x^(4n) in closed form; mpmath differentiates the Borel germ
  2F1(1/4, 3/4; 1; -4z) numerically. mpmath takes part up to 200 coefficients.

The right numbers are factorials: (4n)!/(16^n (2n)! n!) with alternating signs for the action.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

import sympy
from flint import fmpq
from sympy.polys.ring_series import rs_nth_root, rs_series_inversion
from sympy.polys.rings import ring

from resurgence.action import Action
from resurgence.series import FormalSeries

from .approximant import mpmath_context
from .contest import OURS, Contender, Contest

__all__ = ["of_action", "of_equation"]

#: Decimal digits with which mpmath differentiates: it needs many for a derivative of high order.
_DIGITS = 100

#: Most coefficients that mpmath is asked for: its precision does not last for many more.
_MPMATH_COUNT = 200


def of_equation(count: int) -> Contest:
    """From a differential equation."""

    def loop(_: object) -> list[fmpq]:
        terms = [fmpq(1)]
        for n in range(1, count):
            terms.append(terms[-1] * (-2 * (2 * n - 1)))
        return terms

    def with_sympy(_: object) -> list[Any]:
        _, z = ring("z", sympy.QQ)
        root = rs_nth_root(1 + 4 * z, 2, z, count)
        germ = rs_series_inversion(root, z, count)
        return [germ.coeff(z**n) * factorial(n) if n else germ.coeff(1) for n in range(count)]

    contenders = [
        Contender(
            OURS,
            lambda _: FormalSeries.from_ode(["2", "10*x + 1", "4*x^2"], [1], terms=count),
            lambda series: list(series.terms),
        ),
        Contender("python-flint loop", loop, _same),
        Contender("sympy ring series", with_sympy, _from_sympy),
        *_mpmath_taylor(lambda context: lambda z: 1 / context.sqrt(1 + 4 * z), count),
    ]
    truth = [fmpq((-1) ** n * factorial(2 * n), factorial(n)) for n in range(count)]
    return Contest(f"{count} coefficients from an equation", count, contenders, truth, 400)


def of_action(count: int) -> Contest:
    """From an action."""

    def loop(_: object) -> list[fmpq]:
        terms = [fmpq(1)]
        for n in range(count - 1):
            terms.append(terms[-1] * fmpq(-(4 * n + 1) * (4 * n + 3), 4 * (n + 1)))
        return terms

    def with_sympy(_: object) -> list[Any]:
        half = sympy.Rational(1, 2)
        return [(-1) ** n * sympy.rf(half, 2 * n) / sympy.factorial(n) for n in range(count)]

    contenders = [
        Contender(OURS, lambda _: Action("x**2 + x**4").expand(count, at=0), lambda series: list(series.terms)),
        Contender("python-flint loop", loop, _same),
        Contender("sympy moments", with_sympy, _from_sympy),
        *_mpmath_taylor(
            lambda context: lambda z: context.hyp2f1(context.mpf(1) / 4, context.mpf(3) / 4, 1, -4 * z), count
        ),
    ]
    truth = [fmpq((-1) ** n * factorial(4 * n), 16**n * factorial(2 * n) * factorial(n)) for n in range(count)]
    return Contest(f"{count} coefficients from an action", count, contenders, truth, 400)


def _mpmath_taylor(germ: Callable[[Any], Callable[[Any], Any]], count: int) -> list[Contender]:
    if count > _MPMATH_COUNT:
        return []
    context = mpmath_context(_DIGITS * 10 // 3)
    function = germ(context)
    return [
        Contender(
            "mpmath.taylor",
            lambda _: [context.factorial(n) * b for n, b in enumerate(context.taylor(function, 0, count - 1))],
            _same,
        )
    ]


def _same(values: Sequence[Any]) -> Sequence[Any]:
    return values


def _from_sympy(values: Sequence[Any]) -> list[fmpq]:
    numbers = [sympy.Rational(value) for value in values]
    return [fmpq(int(number.p), int(number.q)) for number in numbers]
