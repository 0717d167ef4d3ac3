"""How many digits of a result are right, judged by balls that certainly contain the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flint
from flint import acb, arb, fmpq

from resurgence.numbers import working_precision

__all__ = ["Accuracy", "judge"]

#: Bits of the differences themselves: enough to tell how large they are.
_BITS_OF_ERRORS = 64


@dataclass(frozen=True)
class Accuracy:
    """What a result is worth.

    Attributes
    ----------
    digits : float
        Right decimal digits of the worst number, relative to its size; no more than the reference has. Infinite for
        exact numbers that are right.
    claimed : float or None
        Digits that the result says it has, where it does: those of the widest ball.
    holds : bool or None
        Whether every ball meets its reference, as it must if it contains the truth; None where nothing is claimed.
    """

    digits: float
    claimed: float | None = None
    holds: bool | None = None

    @property
    def exact(self) -> bool:
        """Whether the numbers are the right ones, without error."""
        return math.isinf(self.digits)


def judge(values: Sequence[Any], reference: Sequence[Any], bits: int, certified: bool = False) -> Accuracy:
    """Compare numbers (exact, floating, or balls) with a reference that is exact or in balls.

    Parameters
    ----------
    values, reference : sequence
        Of fmpq, acb, arb, mpmath numbers, floats.
    bits : int
        Precision at which floating numbers are read and differences are taken: more than any number has.
    certified : bool, optional
        Whether the radii of the balls are claims.

    Examples
    --------
    >>> judge([fmpq(1, 3)], [fmpq(1, 3)], 100).exact
    True
    >>> round(judge([0.333], [fmpq(1, 3)], 100).digits)
    3
    """
    if len(values) != len(reference):
        return Accuracy(0.0)
    if all(isinstance(number, fmpq) for number in (*values, *reference)):
        return Accuracy(math.inf if list(values) == list(reference) else 0.0)
    with working_precision(bits):
        balls = [_ball(value) for value in values]
        truths = [_ball(truth) for truth in reference]
        digits = min(_digits(abs(b.mid() - t), abs(t)) for b, t in zip(balls, truths, strict=True))
        if not certified:
            return Accuracy(digits)
        claimed = min(_digits(abs(b - b.mid()), abs(b.mid())) for b in balls)
        holds = all(b.overlaps(t) for b, t in zip(balls, truths, strict=True))
        return Accuracy(digits, claimed, holds)


def _ball(value: Any) -> acb:
    if isinstance(value, complex):
        return acb(value.real, value.imag)
    if hasattr(value, "_mpc_"):
        return acb(arb(value.real), arb(value.imag))
    return value if isinstance(value, acb) else acb(arb(value))


def _digits(error: arb, size: arb) -> float:
    """-log10 of the relative error, at least 0; of an error that is zero, the digits of the precision."""
    precision = float(flint.ctx.prec) * math.log10(2)
    with working_precision(_BITS_OF_ERRORS):
        ratio = (error / size).upper()
        if ratio.is_zero():
            return precision
        if not ratio.is_finite():
            return 0.0
        return min(precision, max(0.0, -float(ratio.log() / arb(10).log())))
