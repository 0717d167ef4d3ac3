"""The quartic oscillator in zero dimensions: Z(g) = int exp(-(x^2 + x^4)/g) dx over the real line.

The saddles at x = +-i/sqrt 2, both with V = -1/4, are the singularities: the Stokes line is g < 0.
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import acb, fmpq

from ..germs import Hypergeometric
from ..rays import Side
from .bessel import continued_macdonald
from .model import ClosedFormModel

__all__ = ["quartic"]


def _closed_form(g: acb, sheet: Side | None) -> acb:
    nu, t = fmpq(1, 4), 1 / (8 * g)
    if sheet is None or t.real > 0:
        return t.exp() * t.bessel_k(acb(nu)) / 2
    return (acb.pi() * g).sqrt() * continued_macdonald(-t, nu, sheet)


quartic = ClosedFormModel(
    name="quartic",
    title="the quartic oscillator in zero dimensions, V = x^2 + x^4",
    latex=r"\int_{-\infty}^{\infty} e^{-(x^2+x^4)/g}\,dx = \tfrac12\, e^{1/(8g)} K_{1/4}\!\left(\tfrac{1}{8g}\right)",
    references=(
        "DLMF 12.5.1 and 12.7.10 (the integral), 10.40.2 (series), 10.34.2 (continuation)",
        "M. V. Berry and C. J. Howls, Proc. R. Soc. Lond. A 434, 657 (1991) (saddles and singularities)",
    ),
    germ=Hypergeometric("1/4", "3/4", "-1/4"),
    closed_form=_closed_form,
    polynomial="x**2 + x**4",
    exponent=Fraction(1, 2),
    constant=sympy.sqrt(sympy.pi),
)
