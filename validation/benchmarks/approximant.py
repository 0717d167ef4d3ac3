"""The data of a Padé approximant in the forms in which this package and its peers start from it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import mpmath
from flint import acb, fmpq

from resurgence.continuation.pade import Pade
from resurgence.numbers import Enclosure, working_precision

__all__ = ["decimal", "mpmath_context", "mpmath_numbers", "sides"]


def _balls(coefficients: Sequence[Fraction | Enclosure], bits: int) -> list[acb]:
    """Coefficients of an approximant as balls."""
    with working_precision(bits):
        return [
            acb(fmpq(c.numerator, c.denominator)) if isinstance(c, Fraction) else c.ball(bits) for c in coefficients
        ]


def sides(pade: Pade, bits: int) -> tuple[list[acb], list[acb]]:
    """Numerator and denominator as balls, in ascending order."""
    return _balls(pade.numerator, bits), _balls(pade.denominator, bits)


def mpmath_context(bits: int) -> Any:
    """A context of mpmath of its own, which keeps its caches (the nodes of quadratures) from round to round."""
    context = mpmath.MPContext()
    context.prec = bits
    return context


def mpmath_numbers(context: Any, numbers: Sequence[acb]) -> list[Any]:
    """Real parts of midpoints as numbers of mpmath."""
    return [context.make_mpf(number.real.mid()._mpf_) for number in numbers]


def decimal(number: acb, bits: int) -> str:
    """The real part of a midpoint as a decimal text that PARI reads as a floating number."""
    text: str = mpmath.nstr(mpmath.MPContext().make_mpf(number.real.mid()._mpf_), bits * 31 // 100 + 5)
    return text if "." in text else f"{text}."
