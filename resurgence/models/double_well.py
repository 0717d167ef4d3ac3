"""The symmetric double well in zero dimensions, V = x^2 (1 - x)^2, from its minimum at x = 0.

The singularity is the barrier between the wells, V(1/2) = 1/16, on the positive axis: every g > 0 lies on the Stokes
line. The median sum is half the integral over the real line, which both minima share.
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import acb, fmpq

from ..germs import Hypergeometric
from ..rays import Side
from .bessel import continued_macdonald
from .model import ClosedFormModel

__all__ = ["double_well"]


def _closed_form(g: acb, sheet: Side | None) -> acb:
    nu, y = fmpq(1, 4), 1 / (32 * g)
    if sheet is None or y.real < 0:
        return (acb.pi() * g).sqrt() * (-2 * y / acb.pi()).sqrt() * (-y).bessel_k(acb(nu), scaled=True)
    return (acb.pi() * g).sqrt() * continued_macdonald(y, nu, sheet)


double_well = ClosedFormModel(
    name="double_well",
    title="the symmetric double well in zero dimensions, V = x^2 (1 - x)^2, at x = 0",
    latex=(
        r"\int_{\mathcal J_0} e^{-x^2(1-x)^2/g}\,dx = \tfrac14 e^{-y}"
        r"\left(\pi I_{1/4}(y) \pm i e^{\mp i\pi/4} K_{1/4}(y)\right),\quad y = \tfrac{1}{32g}"
    ),
    references=(
        "DLMF 10.40.2 (series), 10.34.2 (continuation)",
        "U. D. Jentschura and J. Zinn-Justin, Ann. Phys. 313, 197 (2004) (double wells and median sums)",
    ),
    germ=Hypergeometric("1/4", "3/4", "1/16"),
    closed_form=_closed_form,
    polynomial="x**2*(1 - x)**2",
    exponent=Fraction(1, 2),
    constant=sympy.sqrt(sympy.pi),
)
