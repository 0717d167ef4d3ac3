"""Euler's series, sum n! g^n and sum n! (-g)^n: one simple pole, and the exponential integral."""

from __future__ import annotations

from flint import acb, arb

from ..germs import Hypergeometric
from ..rays import Side
from .model import ClosedFormModel

__all__ = ["euler", "euler_alternating"]

_REFERENCES = (
    "L. Euler, De seriebus divergentibus, Novi Comm. Acad. Sci. Petrop. 5, 205 (1760)",
    "DLMF 6.12.1 (series), 6.2.4 and 6.2.15 (exponential, hyperbolic sine and cosine integrals)",
)


def _closed_form(x: acb, sheet: Side | None) -> acb:
    """-x e^(-x) E_1(-x), at -x = x e^(+-i pi) where the side matters: E_1(x e^(+-i pi)) = -Ei(x) -+ i pi."""
    if sheet is None or x.real < 0:
        return -x * (-x).exp() * (-x).expint(1)
    half_turn = {"above": 1, "below": -1, "median": 0}[sheet] * acb(0, arb.pi())
    return x * (-x).exp() * (x.chi() + x.shi() + half_turn)


euler = ClosedFormModel(
    name="euler",
    title="Euler's series, a_n = n!",
    latex=r"\tfrac1g e^{-1/g}\left(\mathrm{Ei}(1/g) \pm i\pi\right)",
    references=_REFERENCES,
    germ=Hypergeometric(1, 1, 1),
    closed_form=lambda g, sheet: _closed_form(1 / g, sheet),
)

euler_alternating = ClosedFormModel(
    name="euler_alternating",
    title="Euler's series with alternating signs, a_n = (-1)^n n!",
    latex=r"\tfrac1g e^{1/g} E_1(1/g)",
    references=_REFERENCES,
    germ=Hypergeometric(1, 1, -1),
    closed_form=lambda g, sheet: _closed_form(-1 / g, sheet),
)
