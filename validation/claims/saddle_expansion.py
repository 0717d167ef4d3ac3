"""Appendix A, (36)-(39): coefficients as contour integrals (Berry & Howls 1991), on L = x^2 + x^4 around its minimum.

The landscape is one-dimensional, as the change of variable in (37) needs it: L = t has the two solutions +-x(t) near 0.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import sympy
from flint import acb, arb, fmpq

import resurgence as rs
from resurgence.numbers import ball, working_precision

from .certified_integrals import BITS, over_the_line, shown
from .claim import Claim, Evidence, Form, NotCheckable

__all__ = ["CLAIMS"]

_S, _T, _U, _G = sympy.symbols("s t u g", positive=True)
_LOSS, _START = sympy.symbols("L L_n", real=True)

#: Half the side of the square that the contours run along: it holds x(1/10) = 0.30, and not the branch points +-i of
#: sqrt(L), nor the other two solutions of L = 1/10 beyond them.
_HALF_SIDE = fmpq(3, 5)


def _contour(function: Callable[[acb, bool], acb]) -> acb:
    """The integral once around 0, counterclockwise."""
    with working_precision(BITS):
        corners = [acb(x * _HALF_SIDE, y * _HALF_SIDE) for x, y in ((1, -1), (1, 1), (-1, 1), (-1, -1), (1, -1))]
        return sum((acb.integral(function, a, b) for a, b in pairwise(corners)), acb(0))


def _root_of_loss(x: acb, analytic: bool) -> acb:
    """sqrt(L) as it continues from x at 0: one-valued inside the unit circle."""
    return x * (1 + x * x).sqrt(analytic=analytic)


def _same_exponent(exponent: sympy.Expr) -> Evidence:
    difference = sympy.simplify(exponent + _LOSS / _G)
    return Evidence(bool(difference == 0), (("exponent + L/g", str(difference)),), "exact")


def _is_quartic_integral(power: int) -> Evidence:
    """g^power int exp(-u) (1/L'(theta_+) - 1/L'(theta_-)) du against Z.

    With u = s^2, w = g u and x(w) = sqrt(w) k, k = sqrt(2/(1 + sqrt(1 + 4 w))):
    du (2/L'(x)) = 4 ds/(sqrt(g) k (2 + 4 w k^2)).
    """
    figures, holds = [], True
    for g in (fmpq(1, 2), fmpq(1, 10)):

        def integrand(s: acb, analytic: bool, g: fmpq = g) -> acb:
            w = g * s * s
            k2 = 2 / (1 + (1 + 4 * w).sqrt(analytic=analytic))
            return (-s * s).exp() * 4 / (acb(g).sqrt() * k2.sqrt(analytic=analytic) * (2 + 4 * w * k2))

        # At |s| >= 12 the integrand is below exp(-s^2) 4 (1 + 2 s^2)^(1/4)/sqrt(g) < exp(-11 |s|).
        half = over_the_line(integrand, 12, arb(1), arb(11))
        with working_precision(BITS):
            claimed = half / 2 * g**power
        exact = rs.models.quartic.exact(str(g), digits=30)
        holds = holds and bool(claimed.overlaps(exact.ball(BITS)))
        figures.append((f"claimed, g = {g}", shown(claimed)))
        figures.append(("Z", exact.short(15)))
    return Evidence(holds, tuple(figures), "certified")


def _is_difference_of_slopes(normaliser: Callable[[], acb]) -> Evidence:
    """Both sides of (38) at g = 1/5, u = 1/2."""
    g, u = fmpq(1, 5), fmpq(1, 2)
    w = g * u
    found = _contour(lambda x, analytic: _root_of_loss(x, analytic) / acb(g).sqrt() / (x * x + x**4 - w))
    with working_precision(BITS):
        right = normaliser() / acb(u).sqrt() * found
        x = (((1 + 4 * acb(w)).sqrt() - 1) / 2).sqrt()
        left = 2 / (2 * x + 4 * x**3)
    return Evidence(
        bool(left.overlaps(right)),
        (("1/L'(theta_+) - 1/L'(theta_-), u = 1/2, g = 1/5", shown(left)), ("contour integral", shown(right))),
        "certified",
    )


@cache
def _contour_coefficients(count: int) -> tuple[acb, ...]:
    """Gamma(r + 1/2)/(2 pi i) times the contour integral of L^(-r - 1/2)."""
    found = []
    for r in range(count):
        integral = _contour(lambda x, analytic, r=r: 1 / _root_of_loss(x, analytic) ** (2 * r + 1))  # type: ignore[misc]
        with working_precision(BITS):
            found.append(integral * acb(r + fmpq(1, 2)).gamma() / (2j * acb.pi()))
    return tuple(found)


def _is_expansion(power: Fraction) -> Evidence:
    """The contour integrals against sqrt(pi) a_r, and Z over g^power times their partial sum: 1 up to the next term.

    The next term, of order 6, is below 10^-3 times the first at g = 1/256.
    """
    coefficients = _contour_coefficients(6)
    exact = rs.Action("x**2 + x**4").expand(6, at=0).terms
    with working_precision(BITS):
        agree = all(bool(c.overlaps(acb.pi().sqrt() * ball(a, BITS))) for c, a in zip(coefficients, exact, strict=True))
        quotients = []
        for inverse in (256, 1024):
            g = acb(fmpq(1, inverse))
            partial = sum((c * g**r for r, c in enumerate(coefficients)), acb(0))
            z = rs.models.quartic.exact(f"1/{inverse}", digits=30).ball(BITS)
            quotients.append((z / (partial * g ** acb(fmpq(power.numerator, power.denominator)))).real)
        holds = agree and all(bool(abs(q - 1) < arb("0.001")) for q in quotients)
    return Evidence(
        holds,
        (
            (
                "contour integrals over sqrt(pi), r = 0..3",
                ", ".join(shown(c / acb.pi().sqrt(), 8) for c in coefficients[:4]),
            ),
            ("exact coefficients", ", ".join(str(a) for a in exact[:4])),
            *(
                (f"Z over the claimed sum, g = 1/{n}", shown(q, 10))
                for n, q in zip((256, 1024), quotients, strict=True)
            ),
        ),
        "certified",
    )


def _has_gamma_factor(shift: Callable[[int], sympy.Rational]) -> Evidence:
    """Z's coefficients from those of d/dt vol{L <= t} = sum v_r t^(r + d/2 - 1), times Gamma(r + shift(d)).

    d = 1: x^2 + x^4. d = 2: s + s^2 with s = x^2 + y^2, where vol = pi s(t) and Z = pi int exp(-(s + s^2)/g) ds has the
    coefficients pi (-1)^r (2 r)!/r!.
    """
    terms = 5
    line = rs.Action("x**2 + x**4").expand(terms, at=0).coefficients
    exact = {
        1: [sympy.sqrt(sympy.pi) * sympy.Rational(str(a)) for a in line],
        2: [sympy.pi * sympy.Integer(-1) ** r * sympy.factorial(2 * r) / sympy.factorial(r) for r in range(terms)],
    }
    level = (sympy.sqrt(1 + 4 * _T) - 1) / 2
    volumes = {1: 2 * sympy.sqrt(level / _T), 2: sympy.pi * level / _T}
    figures, holds = [], True
    for d, volume in volumes.items():
        half = sympy.Rational(d, 2)
        taylor = sympy.Poly(sympy.series(volume, _T, 0, terms).removeO(), _T).all_coeffs()[::-1]
        found = [sympy.simplify(v * (r + half) * sympy.gamma(r + shift(d))) for r, v in enumerate(taylor)]
        holds = holds and all(sympy.simplify(a - b) == 0 for a, b in zip(found, exact[d], strict=True))
        figures.append((f"d = {d}: claimed coefficients", ", ".join(map(str, found[:4]))))
        figures.append((f"d = {d}: exact", ", ".join(map(str, exact[d][:4]))))
    return Evidence(holds, tuple(figures), "exact")


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    Claim(
        "(36)",
        "the value of the point of expansion taken out",
        Form(
            r"Z(g) = e^{-L_n/g} \int e^{-(L(\theta) - L_n)/g}\,d\theta",
            -_START / _G - (_LOSS - _START) / _G,
        ),
        _same_exponent,
        rival=Form(
            r"Z(g) = e^{-L_n/g} \int e^{-(L(\theta) + L_n)/g}\,d\theta",
            -_START / _G - (_LOSS + _START) / _G,
        ),
    ),
    Claim(
        "(37)",
        "the change of variable",
        Form(
            r"Z^{(n)}(g) = \int_0^\infty du\, e^{-u} \left( \frac{1}{L'(\theta(u)_+)} - \frac{1}{L'(\theta(u)_-)} "
            r"\right)",
            0,
        ),
        _is_quartic_integral,
        corrected=Form(
            r"Z^{(n)}(g) = g \int_0^\infty du\, e^{-u} \left( \frac{1}{L'(\theta(u)_+)} - \frac{1}{L'(\theta(u)_-)} "
            r"\right)",
            1,
        ),
        remark="u = (L - L_n)/g makes d theta = g du/L'. In one dimension; in d dimensions the bracket becomes an "
        "integral over the level set.",
    ),
    Claim(
        "(38)",
        "the slopes as a contour integral",
        Form(
            r"\frac{1}{L'(\theta_+)} - \frac{1}{L'(\theta_-)} = \frac{1}{2\pi\,u^{1/2}} \oint_{\Gamma_n} d\theta\, "
            r"\frac{((L - L_n)/g)^{1/2}}{L - L_n - gu}",
            lambda: 1 / (2 * acb.pi()),
        ),
        _is_difference_of_slopes,
        corrected=Form(
            r"\frac{1}{L'(\theta_+)} - \frac{1}{L'(\theta_-)} = \frac{1}{2\pi i\,u^{1/2}} \oint_{\Gamma_n} d\theta\, "
            r"\frac{((L - L_n)/g)^{1/2}}{L - L_n - gu}",
            lambda: 1 / (2j * acb.pi()),
        ),
        remark="The factor 1/i, which (39) has.",
    ),
    Claim(
        "(39)",
        "the coefficients",
        Form(
            r"Z^{(n)}(g) = \sum_{r=0}^{\infty} g^r\, \frac{\Gamma(r + \frac{1}{2})}{2\pi i} \oint_n "
            r"\frac{d\theta}{(L - L_n)^{r+1/2}}",
            Fraction(0),
        ),
        _is_expansion,
        corrected=Form(
            r"Z^{(n)}(g) \sim g^{1/2} \sum_{r=0}^{\infty} g^r\, \frac{\Gamma(r + \frac{1}{2})}{2\pi i} \oint_n "
            r"\frac{d\theta}{(L - L_n)^{r+1/2}}",
            Fraction(1, 2),
        ),
        remark="The contour integrals are right; the factor g^(1/2) is missing, and the series is asymptotic.",
    ),
    Claim(
        "Appendix A, two dimensions",
        "the factorial factor in d dimensions",
        Form(r"\Gamma(r + \frac{1}{2}) \text{ for } \theta \in \mathbb{R}^d", lambda d: sympy.Rational(1, 2)),
        _has_gamma_factor,
        corrected=Form(r"\Gamma(r + \frac{d}{2}) \text{ for } \theta \in \mathbb{R}^d", lambda d: sympy.Rational(d, 2)),
        remark="The appendix announces two dimensions; its formulas are those of one.",
    ),
)
