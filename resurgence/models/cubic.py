"""The cubic in zero dimensions, V = x^2/2 - x^3/3, along the steepest descent through x = 0: Airy functions.

The other saddle, V(1) = 1/6, lies on the positive axis: every g > 0 lies on the Stokes line.
"""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import acb, fmpq

from ..germs import Hypergeometric
from ..rays import Side
from .model import ClosedFormModel

__all__ = ["cubic"]


def _closed_form(g: acb, sheet: Side | None) -> acb:
    """sqrt(2 pi g) Phi, where Phi = 2 sqrt(pi) s^(1/4) e^xi Ai(s), xi = (2/3) s^(3/2) = -1/(12g).

    At xi = y e^(+-i pi), s = r e^(+-2 pi i/3), DLMF 9.2.11 turns 2 Ai(s) into e^(+-i pi/3) (Ai(r) -+ i Bi(r)).
    """
    y = 1 / (12 * g)
    if sheet is None or y.real < 0:
        s = (-3 * y / 2) ** acb(fmpq(2, 3))
        root, value = s ** acb(fmpq(1, 4)), 2 * (-y).exp() * s.airy()[0]
    else:
        r = (3 * y / 2) ** acb(fmpq(2, 3))
        ai, _, bi, _ = r.airy()
        phase = {"above": 1, "below": -1, "median": 0}[sheet] * acb(0, 1)
        root, value = r ** acb(fmpq(1, 4)), (-y).exp() * (bi + phase * ai)
    return (2 * acb.pi() * g).sqrt() * acb.pi().sqrt() * root * value


cubic = ClosedFormModel(
    name="cubic",
    title="the cubic in zero dimensions, V = x^2/2 - x^3/3, at x = 0 (Airy functions)",
    latex=(
        r"\int_{\mathcal J_0} e^{-(x^2/2-x^3/3)/g}\,dx = \pi \sqrt{2g}\, r^{1/4} e^{-1/(12g)}"
        r"\left(\mathrm{Bi}(r) \pm i\,\mathrm{Ai}(r)\right),\quad r = (8g)^{-2/3}"
    ),
    references=(
        "DLMF 9.7.5 (series), 9.2.11 (connection formula)",
        "G. G. Stokes, Trans. Camb. Phil. Soc. 10, 105 (1864) (the discontinuity)",
        "M. V. Berry and C. J. Howls, Proc. R. Soc. Lond. A 434, 657 (1991)",
    ),
    germ=Hypergeometric("1/6", "5/6", "1/6"),
    closed_form=_closed_form,
    polynomial="x**2/2 - x**3/3",
    exponent=Fraction(1, 2),
    constant=sympy.sqrt(2 * sympy.pi),
)
