"""The complementary error function, erfc(1/sqrt g): a square-root branch point at -1."""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import acb

from ..germs import Hypergeometric
from ..rays import Side
from .model import ClosedFormModel

__all__ = ["error_function"]


def _closed_form(g: acb, sheet: Side | None) -> acb:
    x = -1 / g
    if sheet is None or x.real < 0:
        return (1 / g.sqrt()).erfc()
    # erfc(+-i q) = 1 -+ i erfi(q), and Phi = sqrt(pi) z e^(z^2) erfc(z) at z = +-i q, q = sqrt x (DLMF 7.5.1).
    q, i = x.sqrt(), acb(0, 1)
    return g.sqrt() * q * (q.erfi() + {"above": 1, "below": -1, "median": 0}[sheet] * i)


error_function = ClosedFormModel(
    name="error_function",
    title="the complementary error function, erfc(1/sqrt g)",
    latex=r"\mathrm{erfc}\!\left(g^{-1/2}\right)",
    references=(
        "DLMF 7.12.1 (series), 7.5.1 (continuation)",
        "F. W. J. Olver, Asymptotics and Special Functions (1974), chapter 3, section 1",
    ),
    germ=Hypergeometric("1/2", 1, -1),
    closed_form=_closed_form,
    weight=sympy.S.One,
    exponent=Fraction(1, 2),
    constant=1 / sympy.sqrt(sympy.pi),
)
