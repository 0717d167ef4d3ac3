"""Formal series as text and as LaTeX."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy

from .algebraic import AlgebraicNumber
from .coefficient import Coefficient, for_people
from .numbers import Enclosure, is_exact_zero

if TYPE_CHECKING:
    from .series import FormalSeries

__all__ = ["prefactor_text", "series_latex", "series_text"]

#: Terms shown when a series is printed.
_SHOWN_TERMS = 4


def series_text(series: FormalSeries) -> str:
    """``exp(-A/g) g^nu (a_0 + a_1 g + ... + O(g^N))``."""
    pieces = [_term_text(a, n, first=k == 0) for k, (n, a) in enumerate(_shown(series))]
    more = " + ..." if _has_more(series) else ""
    body = f"{''.join(pieces) or '0'}{more} + O(g^{len(series)})"
    prefactor = prefactor_text(series)
    return f"{prefactor} ({body})" if prefactor else body


def prefactor_text(series: FormalSeries) -> str:
    """What stands in front of the sum; nothing where that is 1."""
    parts = []
    if series.constant != 1:
        text = str(series.constant)
        parts.append(f"({text})" if any(c in text for c in " +-/") else text)
    if series.action != 0:
        parts.append(f"exp({_action_text(series.action)}/g)")
    if series.exponent != 0:
        power = str(series.exponent) if series.exponent.denominator == 1 else f"({series.exponent})"
        parts.append("g" if series.exponent == 1 else f"g^{power}")
    return " ".join(parts)


def series_latex(series: FormalSeries) -> str:
    """The same in LaTeX, between dollars."""
    g = sympy.Symbol("g")
    body = ""
    for n, a in _shown(series):
        text = sympy.latex(_to_sympy(a) * g**n)
        body += text if not body else f" {text}" if text.startswith("-") else f" + {text}"
    more = r" + \cdots" if _has_more(series) else ""
    sum_text = rf"{body or '0'}{more} + O(g^{{{len(series)}}})"
    prefactor = sympy.latex(series.constant) if series.constant != 1 else ""
    if series.action != 0:
        action = series.action.to_sympy() if isinstance(series.action, AlgebraicNumber) else series.action
        prefactor += rf"\, e^{{{sympy.latex(-action / g)}}}"
    if series.exponent != 0:
        nu = sympy.Rational(series.exponent.numerator, series.exponent.denominator)
        prefactor += rf"\, g^{{{sympy.latex(nu)}}}"
    return rf"$\displaystyle {prefactor} \left( {sum_text} \right)$" if prefactor else rf"$\displaystyle {sum_text}$"


def _non_zero(series: FormalSeries) -> list[int]:
    return [n for n, a in enumerate(series.terms) if not is_exact_zero(a)]


def _shown(series: FormalSeries) -> list[tuple[int, Coefficient]]:
    return [(n, for_people(series.terms[n])) for n in _non_zero(series)[:_SHOWN_TERMS]]


def _has_more(series: FormalSeries) -> bool:
    return len(_non_zero(series)) > _SHOWN_TERMS


def _action_text(value: Any) -> str:
    if isinstance(value, AlgebraicNumber):
        z = complex(value.ball(40))
        return f"-({z:.6g})" if z.imag else f"-({z.real:.6g})"
    text = str(-value)
    return f"({text})" if any(c in text[1:] for c in "+-*/ ") else text


def _term_text(value: Coefficient, n: int, first: bool) -> str:
    power = "" if n == 0 else "g" if n == 1 else f"g^{n}"
    if isinstance(value, Fraction):
        sign, size = ("-" if value < 0 else "+"), abs(value)
        factor = "" if size == 1 and n else str(size)
    else:
        sign = "+"
        z = complex(value if isinstance(value, Enclosure) else value.ball(64))
        factor = f"({z:.6g})" if z.imag else f"{z.real:.6g}" if z.real >= 0 else f"({z.real:.6g})"
    body = f"{factor} {power}".strip()
    if first:
        return f"-{body}" if sign == "-" else body
    return f" {sign} {body}"


def _to_sympy(value: Coefficient) -> sympy.Expr:
    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    if isinstance(value, AlgebraicNumber):
        return value.to_sympy() if value.field.degree <= 2 else _six_digits(complex(value.ball(64)))
    return _six_digits(complex(value))


def _six_digits(z: complex) -> sympy.Expr:
    return sympy.Float(z.real, 6) + sympy.I * sympy.Float(z.imag, 6) if z.imag else sympy.Float(z.real, 6)
