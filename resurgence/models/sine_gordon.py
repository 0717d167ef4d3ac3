"""The sine-Gordon model in zero dimensions: Z(g) = int exp(-sin(x)^2/g) dx over one period, -pi/2 <= x <= pi/2.

The vacuum is x = 0 and the saddle x = pi/2, of action 1, is real: g > 0 is a Stokes line. The integral over the period
is none of the two lateral sums but their median, pi exp(-1/(2g)) I_0(1/(2g)), and these are

    S_above = Z + i exp(-1/(2g)) K_0(1/(2g)),        S_below = Z - i exp(-1/(2g)) K_0(1/(2g)):

the ambiguous imaginary part is that of the saddle's thimble, and no exponential is missing (Cherman, Koroteev & Unsal
2015).
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import acb, fmpq

from ..germs import Hypergeometric
from ..rays import Side
from .bessel import continued_macdonald
from .model import ClosedFormModel

__all__ = ["sine_gordon"]


def _closed_form(g: acb, sheet: Side | None) -> acb:
    y = 1 / (2 * g)
    if sheet is None or y.real < 0:
        return (acb.pi() * g).sqrt() * (-2 * y / acb.pi()).sqrt() * (-y).bessel_k(acb(0), scaled=True)
    return (acb.pi() * g).sqrt() * continued_macdonald(y, fmpq(0), sheet)


sine_gordon = ClosedFormModel(
    name="sine_gordon",
    title="the sine-Gordon model in zero dimensions, V = sin(x)^2, at x = 0",
    latex=(
        r"\int_{-\pi/2}^{\pi/2} e^{-\sin^2(x)/g}\,dx = \pi e^{-y} I_0(y)"
        r"\;[\text{median};\ \pm i e^{-y} K_0(y)\text{ to either side}],\quad y = \tfrac{1}{2g}"
    ),
    references=(
        "DLMF 10.32.1 (the integral), 10.40.1 (series), 10.34.2 (continuation)",
        "A. Cherman, P. Koroteev and M. Unsal, J. Math. Phys. 56, 053505 (2015), arXiv:1410.0388 (thimbles)",
    ),
    germ=Hypergeometric("1/2", "1/2", 1),
    closed_form=_closed_form,
    exponent=Fraction(1, 2),
    constant=sympy.sqrt(sympy.pi),
)
