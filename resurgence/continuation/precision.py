"""What a Padé approximant costs in bits, and the refusal where they are not there.

Solving for the denominator loses about 5 bits per order for a germ with a branch point, by whatever algorithm: the
condition of a Hankel matrix grows like (1 + sqrt 2)^(4n) (Beckermann 2000, Numer. Math. 85, 553). Of coefficients
with 1000 bits nothing is left in a [200/200] approximant, although its residual is as small as ever.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from resurgence.continuation.continued_fraction import Ball, exponent

__all__ = ["TYPICAL_LOSS", "USEFUL_BITS", "Precision", "PrecisionError", "extrapolated_loss", "relative_bits"]

#: Bits of the result that a refusal reckons with when it says how many are missing.
USEFUL_BITS = 64

#: Bits lost per order by a germ with a branch point, and a little more: what is expected before it is measured.
TYPICAL_LOSS = 6


class PrecisionError(ValueError):
    """The coefficients are not known well enough for what was asked.

    Attributes
    ----------
    missing_bits : int
        How many more bits the coefficients need, relative to each coefficient: an estimate, on the safe side for
        germs that lose the same number of bits at every order, as germs with a finite radius do.
    """

    def __init__(self, message: str, missing_bits: int) -> None:
        super().__init__(message)
        self.missing_bits = missing_bits


@dataclass(frozen=True, slots=True)
class Precision:
    """The precision budget of an approximant.

    Attributes
    ----------
    input : int
        Relative bits of the series' coefficients that were used.
    output : int
        Correct bits of the worst coefficient of numerator and denominator; proved, not estimated.
    exact : bool
        Numerator and denominator are exact rational polynomials; ``input`` and ``output`` are 0 then.
    """

    input: int
    output: int
    exact: bool = False

    @property
    def lost(self) -> int:
        """Bits lost on the way."""
        return self.input - self.output

    def __str__(self) -> str:
        return "exact" if self.exact else f"{self.input} bits in, {self.lost} lost, {self.output} out"


def relative_bits(values: Sequence[Ball]) -> int:
    """Correct bits of the worst number; those that may be zero are measured against the largest of all."""
    worst = 1 << 40
    if not all(v.is_finite() for v in values):
        return -worst
    top = max((e for e in map(exponent, values) if e is not None), default=0)
    for v in values:
        spread = exponent(v.rad())
        if spread is not None:
            size = exponent(v)
            worst = min(worst, (top if size is None or v.contains(0) else size) - spread)
    return worst


def extrapolated_loss(losses: Sequence[tuple[int, int]], n: int) -> int:
    """Estimate the bits lost at order ``n`` from those lost at two lower orders, the higher one first.

    The loss is taken for a power of the order between the first (a germ with a finite radius) and the square.
    """
    if not losses:
        return TYPICAL_LOSS * n
    order, lost = losses[0]
    power = 1.0
    if len(losses) > 1 and losses[1][1] > 0:
        power = math.log(lost / losses[1][1]) / math.log(order / losses[1][0])
    growth: float = (n / order) ** min(max(power, 1.0), 2.0)
    return math.ceil(1.1 * lost * growth) + TYPICAL_LOSS
