"""The one-loop Lagrangian of quantum electrodynamics in a constant magnetic field (Heisenberg & Euler 1936).

With g = eB/m^2 and in units of m^4, for a charged spinor,

    L(g) = -(g^2/8 pi^2) int_0^inf exp(-z/g) (coth z - 1/z - z/3) dz/z^2                         (Dunne 2005, section 1)
         = (g^2/2 pi^2) (zeta'(-1, x) - (x^2/2 - x/2 + 1/12) log x - 1/12 + x^2/4),      x = 1/(2g).

That is a Borel integral as it stands. Integrated by parts, L = g^4/(360 pi^2) Phi(g) with Phi = 1 + O(g^2) and

    B(z) = -45 d/dz ((coth z - 1/z - z/3)/z^2),        a_n = -45 2^(n+4) B_(n+4)/((n+4)(n+3)(n+2)),

with double poles at i pi k for every integer k except 0, and nothing else in their principal parts: the Stokes
constants S_k = -90 i/(pi k^2) have no corrections. An electric field, g = i eE/m^2, is on the Stokes line. The lateral
sums are complex conjugate there and the jump is Schwinger's rate of pair production (Schwinger 1951, section VI),

    Im L = (h^2/8 pi^3) sum_k exp(-k pi/h)/k^2      above g = i h, the negative of it below,        h = eE/m^2 > 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy
from flint import acb, acb_series, arb, fmpq

from ..germs import ClosedForm, ExactSingularity, half_plane
from ..rays import Ray, Side
from .model import ClosedFormModel

__all__ = ["HeisenbergEuler", "heisenberg_euler"]


@dataclass(frozen=True)
class HeisenbergEuler(ClosedForm):
    """The germ ``B(z) = -45 d/dz ((coth z - 1/z - z/3)/z^2)``.

    Examples
    --------
    >>> HeisenbergEuler().coefficients(5)
    [1, 0, -4/7, 0, 8/7]
    >>> print(HeisenbergEuler().singularities(2)[1])
    pole at -I*pi, exponent -2, Stokes constant -90*I/pi
    """

    def coefficients(self, count: int) -> list[fmpq]:
        return [
            fmpq(0) if n % 2 else -45 * fmpq(2) ** (n + 4) * fmpq.bernoulli(n + 4) / ((n + 4) * (n + 3) * (n + 2))
            for n in range(count)
        ]

    def singularities(self, count: int = 8) -> tuple[ExactSingularity, ...]:
        indices = [k for n in range(1, count // 2 + 2) for k in (n, -n)][:count]
        return tuple(
            ExactSingularity(sympy.pi * sympy.I * k, Fraction(-2), -90 * sympy.I / (sympy.pi * k**2)) for k in indices
        )

    def sheet(self, ray: Ray) -> Side:
        """``"below"`` the positive imaginary axis is the right half-plane, ``"above"`` it the left one."""
        return half_plane(ray, self.singularities())

    def evaluate(self, g: acb, sheet: Side | None) -> acb:
        # B is even: turning the ray by pi is turning g.
        if sheet == "below":
            return _magnetic(g)
        if sheet == "above":
            return _magnetic(-g)
        return (_magnetic(g) + _magnetic(-g)) / 2


def _magnetic(g: acb) -> acb:
    """Phi(g) along the positive axis, by Hurwitz' zeta function, analytic off the negative axis of x."""
    x = 1 / (2 * g)
    slope = acb_series([-1, 1], prec=2).zeta(x)[1]
    return 180 / g**2 * _bracket(slope, x)


def _bracket(slope: acb, x: acb) -> acb:
    """zeta'(-1, x) + zeta(-1, x) log x - 1/12 + x^2/4: what is left of zeta'(-1, x) beside its growing terms."""
    twelfth = acb(fmpq(1, 12))
    return slope - (x * (x - 1) / 2 + twelfth) * x.log() - twelfth + x**2 / 4


def _closed_form(g: acb, sheet: Side | None) -> acb:
    """In the right half-plane by Barnes' G-function; to its left, with the poles that were passed.

    These are a dilogarithm, sum_k exp(-+i pi k/g)/k^2 for Im g > 0 and Im g < 0: all of Schwinger's terms.
    """
    if sheet == "below":
        return _barnes(g)
    if g.imag > 0:
        passed = acb(0, -1) * _schwinger(acb(0, -1) / g, g)
    elif g.imag < 0:
        passed = acb(0, 1) * _schwinger(acb(0, 1) / g, g)
    else:
        return _barnes(-g)  # the negative axis, where log G has its cut
    return _barnes(g) + (passed if sheet == "above" else passed / 2)


def _schwinger(exponent: acb, g: acb) -> acb:
    """(g^2/4 pi^3) sum_k exp(pi k exponent)/k^2, the jump."""
    return g**2 / (4 * acb.pi() ** 3) * (exponent * arb.pi()).exp().polylog(2)


def _barnes(g: acb) -> acb:
    """zeta'(-1, x) = zeta'(-1) + (x - 1) lgamma(x) - log G(x) (Vardi 1988), zeta'(-1) = 1/12 - log A (DLMF 5.17.7)."""
    x = 1 / (2 * g)
    at_one = acb(fmpq(1, 12)) - arb.const_glaisher().log()
    return g**2 / (2 * acb.pi() ** 2) * _bracket(at_one + (x - 1) * x.lgamma() - x.log_barnes_g(), x)


heisenberg_euler = ClosedFormModel(
    name="heisenberg_euler",
    title="the one-loop Heisenberg-Euler Lagrangian in a magnetic field, g = eB/m^2, in units of m^4",
    latex=(
        r"-\frac{g^2}{8\pi^2}\int_0^\infty \frac{dz}{z^2}\, e^{-z/g}\left(\coth z - \tfrac1z - \tfrac z3\right)"
        r" = \frac{g^2}{2\pi^2}\left(\zeta'(-1,x) + \zeta(-1,x)\log x - \tfrac1{12} + \tfrac{x^2}4\right),"
        r"\quad x = \tfrac{1}{2g}"
    ),
    references=(
        "G. V. Dunne, in From Fields to Strings, vol. 1, 445 (2005), arXiv:hep-th/0406216 (series, closed form)",
        "J. Schwinger, Phys. Rev. 82, 664 (1951) (pair production in an electric field)",
        "W. Heisenberg and H. Euler, Z. Phys. 98, 714 (1936)",
    ),
    germ=HeisenbergEuler(),
    closed_form=_closed_form,
    exponent=Fraction(4),
    constant=1 / (360 * sympy.pi**2),
)
