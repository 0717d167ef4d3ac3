"""Stirling's series: what log Gamma(1/g) is beyond its growing terms, with infinitely many poles at 2 pi i k.

F(g) = g Phi(g), so that Phi starts with a_0 = 1/12 and its Borel transform has simple poles. Both halves of the
imaginary axis are Stokes lines.
"""

from __future__ import annotations

from fractions import Fraction

from flint import acb, arb

from ..germs import Stirling
from ..rays import Side
from .model import ClosedFormModel

__all__ = ["stirling"]


def _closed_form(g: acb, sheet: Side | None) -> acb:
    """In the right half-plane Binet's function; to its left, with the poles that were passed (DLMF 5.5.3).

    mu(x) + mu(-x) = -log(1 - e^(-+2 pi i x)) for Im x < 0 and Im x > 0: every pole contributes one term of this
    logarithm's series.
    """
    x = 1 / g
    if sheet == "below":
        return _remainder(x)
    if x.imag > 0:
        passed = (1 - (acb(0, 2) * arb.pi() * x).exp()).log()
    elif x.imag < 0:
        passed = (1 - (acb(0, -2) * arb.pi() * x).exp()).log()
    else:
        return -_remainder(-x)  # the negative axis, where log Gamma(x) has its cut
    return _remainder(x) + (passed if sheet == "above" else passed / 2)


def _remainder(x: acb) -> acb:
    """log Gamma(x) less its growing terms, with log Gamma as a difference of Barnes' log G (DLMF 5.17.1)."""
    log_gamma = (x + 1).log_barnes_g() - x.log_barnes_g()
    half = acb(1) / 2
    return log_gamma - (x - half) * x.log() + x - half * (2 * acb.pi()).log()


stirling = ClosedFormModel(
    name="stirling",
    title="Stirling's series for log Gamma(1/g), without its growing terms",
    latex=r"\log\Gamma(x) - \left(x-\tfrac12\right)\log x + x - \tfrac12\log 2\pi,\quad x = 1/g",
    references=(
        "DLMF 5.11.1 (series), 5.9.10 (Binet's integral), 5.5.3 (reflection), 5.17.1 (Barnes' G)",
        "W. G. C. Boyd, Proc. R. Soc. Lond. A 447, 609 (1994) (the Stokes lines)",
    ),
    germ=Stirling(),
    closed_form=_closed_form,
    exponent=Fraction(1),
)
