"""A formal series as MathML, which browsers typeset without any help from a network."""

from __future__ import annotations

from fractions import Fraction
from html import escape

from sympy.printing.mathml import mathml

from .coefficient import Coefficient
from .numbers import Enclosure, ball, is_exact_zero
from .series import FormalSeries
from .verification import exact_text

__all__ = ["series_mathml"]

#: Terms that are spelled out, and characters of a fraction beyond which its decimals are shown.
SHOWN, LONGEST = 5, 24


def series_mathml(series: FormalSeries) -> str:
    """``constant e^(-A/g) g^nu (a_0 + a_1 g + ... + O(g^N))`` as a ``math`` element.

    Parameters
    ----------
    series : FormalSeries

    Returns
    -------
    str

    Examples
    --------
    >>> text = series_mathml(FormalSeries([1, Fraction(-1, 2)], action=1))
    >>> text.split("<mrow>")[0], text.count("<mfrac>")
    ('<math display="block" alttext="exp(-1/g) (1 - 1/2 g + O(g^2))">', 1)
    """
    occupied = [n for n, a in enumerate(series.terms) if not is_exact_zero(a)]
    body = "".join(_term(series[n], n, first=k == 0) for k, n in enumerate(occupied[:SHOWN])) or "<mn>0</mn>"
    if len(occupied) > SHOWN:
        body += "<mo>+</mo><mo>⋯</mo>"
    body += f"<mo>+</mo><mi>O</mi><mo>(</mo>{_power(len(series)) or '<mn>1</mn>'}<mo>)</mo>"
    front = _prefactor(series)
    inner = f"{front}<mo>(</mo>{body}<mo>)</mo>" if front else body
    return f'<math display="block" alttext="{escape(str(series))}"><mrow>{inner}</mrow></math>'


def _prefactor(series: FormalSeries) -> str:
    parts = [] if series.constant == 1 else [str(mathml(series.constant, printer="presentation"))]
    if series.action != 0:
        over = f"<mo>/</mo>{_power(1)}"
        exponent = f"<mo>−</mo>{_number(exact_text(series.action))}{over}"
        parts.append(f"<msup><mi>e</mi><mrow>{exponent}</mrow></msup>")
    if series.exponent != 0:
        parts.append(_power(series.exponent))
    return "".join(parts)


def _power(n: int | Fraction) -> str:
    if n == 0:
        return ""
    if n == 1:
        return "<mi>g</mi>"
    return f"<msup><mi>g</mi><mrow>{_rational(Fraction(n))}</mrow></msup>"


def _rational(value: Fraction) -> str:
    sign = "<mo>−</mo>" if value < 0 else ""
    top, bottom = abs(value.numerator), value.denominator
    whole = f"<mn>{top}</mn>"
    return sign + (whole if bottom == 1 else f"<mfrac>{whole}<mn>{bottom}</mn></mfrac>")


def _term(a: Coefficient, n: int, first: bool) -> str:
    negative, size = False, ""
    if isinstance(a, Fraction) and len(str(a)) <= LONGEST:
        negative = a < 0
        size = "" if abs(a) == 1 and n else _rational(abs(a))
    else:
        value = a if isinstance(a, Enclosure) else Enclosure.from_ball(ball(a, 64))
        text = value.short(8)
        negative = text.startswith("-") and value.value.imag == 0
        size = _number(text[1:] if negative else f"({text})" if value.value.imag != 0 else text)
    sign = "<mo>−</mo>" if negative else "" if first else "<mo>+</mo>"
    return sign + size + _power(n)


def _number(text: str) -> str:
    return f"<mn>{escape(text)}</mn>"
