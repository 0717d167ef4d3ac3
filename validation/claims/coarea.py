r"""Appendix C: the co-area formula, and what the Borel transform of a partition function is.

The formula (Federer 1959, *Trans. Amer. Math. Soc.* 93, 418; theorem 3.1) is checked on maps whose level sets are
lines, circles, spheres and ellipses, where both sides are elementary integrals. On the ellipses the gradient varies
along the level set.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

import resurgence as rs
from resurgence.action_germ import ActionGerm

from .claim import Claim, Evidence, Form, NotCheckable

__all__ = ["CLAIMS"]

r, t, phi = sympy.symbols("r t phi", positive=True)
z = sympy.Symbol("z", real=True)
g = sympy.Symbol("g", positive=True)


def _figure(name: str, left: sympy.Expr, right: sympy.Expr) -> tuple[str, str]:
    return name, f"{sympy.simplify(left)} and {sympy.simplify(right)}"


def _equal(left: sympy.Expr, right: sympy.Expr) -> bool:
    return bool(sympy.simplify(left - right) == 0)


def _over_space(f: sympy.Expr) -> sympy.Expr:
    """The integral over R^3 of a function of the distance r from an axis and the height z along it."""
    return sympy.integrate(sympy.integrate(2 * sympy.pi * r * f, (r, 0, sympy.oo)), (z, -sympy.oo, sympy.oo))


# ---------------------------------------------------------------------------------------------------------------------
# (40) and (41): maps to R^k


def _coarea(jacobian: Callable[[sympy.Matrix], sympy.Expr]) -> Evidence:
    """The Jacobian's factor, from the matrix of first derivatives: both sides for two maps from R^3 to R^2."""
    a = sympy.Matrix([[1, 2, 0], [0, 1, 3]])
    # The level sets of x -> a x are lines, and |x|^2 = t^T (a a^T)^(-1) t + s^2 with s along the line.
    lines = jacobian(a) * sympy.pi ** sympy.Rational(3, 2), sympy.pi / sympy.sqrt((a * a.T).inv().det())
    lines = lines[0], lines[1] * sympy.sqrt(sympy.pi)
    # Those of (x^2 + y^2, z) are circles of length 2 pi sqrt(t).
    derivative = sympy.Matrix([[2 * r, 0, 0], [0, 0, 1]])
    gaussian = sympy.exp(-(r**2) - z**2)
    along = sympy.integrate(sympy.exp(-(z**2)), (z, -sympy.oo, sympy.oo))
    circles = (
        _over_space(jacobian(derivative) * gaussian),
        sympy.integrate(2 * sympy.pi * sympy.sqrt(t) * sympy.exp(-t), (t, 0, sympy.oo)) * along,
    )
    return Evidence(
        _equal(*lines) and _equal(*circles),
        (_figure("linear map, both sides", *lines), _figure("map to (x^2 + y^2, z), both sides", *circles)),
        "exact",
    )


def _volume_element(weight: Callable[[sympy.Expr], sympy.Expr]) -> Evidence:
    """dx = weight(J) dt dH for f = |x|^2, J = |grad f|: the volume of the unit ball in 2, 3 and 4 dimensions."""
    pairs = []
    for n in (2, 3, 4):
        sphere = 2 * sympy.pi ** sympy.Rational(n, 2) / sympy.gamma(sympy.Rational(n, 2)) * sympy.sqrt(t) ** (n - 1)
        ball = sympy.pi ** sympy.Rational(n, 2) / sympy.gamma(sympy.Rational(n, 2) + 1)
        pairs.append((sympy.integrate(weight(2 * sympy.sqrt(t)) * sphere, (t, 0, 1)), ball))
    return Evidence(
        all(_equal(*pair) for pair in pairs),
        tuple(_figure(f"volume of the unit ball in R^{n}", *pair) for n, pair in zip((2, 3, 4), pairs, strict=True)),
        "exact",
    )


# ---------------------------------------------------------------------------------------------------------------------
# (42) to (44): functions, on the ellipses u = x^2 + 4 y^2 = t, x = sqrt(t) cos(phi), y = sqrt(t) sin(phi)/2

_W2 = sympy.cos(phi) ** 2 + 4 * sympy.sin(phi) ** 2

#: |grad u|^2, and the area dx dy = dt dphi/4.
_GRADIENT2, _AREA = 4 * t * _W2, sympy.Rational(1, 4)


def _power_on_level(exponent: int) -> sympy.Expr:
    """The integral of |grad u|^exponent along the ellipse u = t, whose length is sqrt(t)/2 sqrt(w^2) dphi: odd ones."""
    integrand = sympy.sqrt(t) / 2 * (2 * sympy.sqrt(t)) ** exponent * _W2 ** ((exponent + 1) // 2)
    return sympy.integrate(sympy.expand(integrand), (phi, 0, 2 * sympy.pi))


def _power_at_level(exponent: int) -> sympy.Expr:
    """The integral of delta(t - u) |grad u|^exponent over the plane: even exponents."""
    return sympy.integrate(sympy.expand(_AREA * _GRADIENT2 ** (exponent // 2)), (phi, 0, 2 * sympy.pi))


#: Exponents q of the function f = |grad u|^q that is integrated.
_POWERS = (1, 3)


def _coarea_of_function(exponent: int) -> Evidence:
    """int f |grad u|^exponent dx = int dt int_(u=t) f dH for f = exp(-u) |grad u|^q."""
    pairs = [
        tuple(
            sympy.integrate(sympy.exp(-t) * side, (t, 0, sympy.oo))
            for side in (_power_at_level(q + exponent), _power_on_level(q))
        )
        for q in _POWERS
    ]
    return Evidence(
        all(_equal(*pair) for pair in pairs),
        tuple(_figure(f"f = exp(-u) |grad u|^{q}, both sides", *pair) for q, pair in zip(_POWERS, pairs, strict=True)),
        "exact",
    )


def _coarea_on_level(exponent: int) -> Evidence:
    """int f delta(t - u) |grad u|^exponent dx = int_(u=t) f dH for f = |grad u|^q."""
    pairs = [(_power_at_level(q + exponent), _power_on_level(q)) for q in _POWERS]
    return Evidence(
        all(_equal(*pair) for pair in pairs),
        tuple(_figure(f"f = |grad u|^{q}, both sides", *pair) for q, pair in zip(_POWERS, pairs, strict=True)),
        "exact",
    )


def _density_of_area(exponent: int) -> Evidence:
    """int delta(t - u) dx = int_(u=t) |grad u|^exponent dH: the left side is the derivative of the ellipse's area."""
    pair = sympy.diff(sympy.pi * t / 2, t), _power_on_level(exponent)
    return Evidence(_equal(*pair), (_figure("derivative of the area pi t/2, and the integral", *pair),), "exact")


# ---------------------------------------------------------------------------------------------------------------------
# (46) to (50): the Laplace integral over levels


def _inverse_borel(sides: tuple[Callable[[int], sympy.Expr], ...]) -> Evidence:
    """Every side, as the image of t^n/n!, is g^n."""
    images = [[sympy.simplify(side(n)) for side in sides] for n in range(6)]
    return Evidence(
        all(image == g**n for n, row in enumerate(images) for image in row),
        tuple((f"image of t^{n}/{n}!", " and ".join(map(str, images[n]))) for n in (0, 1, 3)),
        "exact",
    )


def _sphere(n: int) -> sympy.Expr:
    return 2 * sympy.pi ** sympy.Rational(n, 2) / sympy.gamma(sympy.Rational(n, 2)) * r ** (n - 1)


#: Actions S(r) on R^n, with the radius of the level set S = t.
_ACTIONS: tuple[tuple[int, sympy.Expr, sympy.Expr], ...] = (
    (1, r**2, sympy.sqrt(t)),
    (2, r**2, sympy.sqrt(t)),
    (3, r**2, sympy.sqrt(t)),
    (2, r**4, t ** sympy.Rational(1, 4)),
)


def _partition_function(n: int, action: sympy.Expr) -> sympy.Expr:
    return sympy.integrate(_sphere(n) * sympy.exp(-action / g), (r, 0, sympy.oo))


def _volume(n: int, radius: sympy.Expr) -> sympy.Expr:
    return sympy.integrate(_sphere(n), (r, 0, radius))


def _laplace(f: sympy.Expr) -> sympy.Expr:
    return sympy.integrate(sympy.exp(-t / g) * f, (t, 0, sympy.oo)) / g


def _transforms(brackets: list[sympy.Expr]) -> tuple[bool, tuple[tuple[str, str], ...]]:
    """Whether the Laplace integrals of the brackets are the partition functions of the actions above."""
    pairs = [
        (_laplace(bracket), _partition_function(n, action))
        for bracket, (n, action, _) in zip(brackets, _ACTIONS, strict=True)
    ]
    figures = tuple(
        _figure(f"S = {action} in R^{n}: Laplace integral, and f(g)", *pair)
        for pair, (n, action, _) in zip(pairs, _ACTIONS, strict=True)
    )
    return all(_equal(*pair) for pair in pairs), figures


def _over_levels(bracket: Callable[[sympy.Expr], sympy.Expr]) -> Evidence:
    """What stands in the bracket, from the density of states: the derivative of the volume below a level."""
    holds, figures = _transforms([bracket(sympy.diff(_volume(n, radius), t)) for n, _, radius in _ACTIONS])
    return Evidence(holds, figures, "exact")


def _over_surfaces(exponent: int) -> Evidence:
    """The bracket g int_(S=t) |grad S|^exponent dsigma."""
    holds, figures = _transforms(
        [g * (_sphere(n) * sympy.diff(action, r) ** exponent).subs(r, radius) for n, action, radius in _ACTIONS]
    )
    return Evidence(holds, figures, "exact")


def _borel_transform(transform: Callable[[sympy.Expr], sympy.Expr]) -> Evidence:
    """A Borel transform, from the integral of dsigma/|grad S|: f(g) is its Laplace integral, and it is free of g."""
    brackets = [transform((_sphere(n) / sympy.diff(action, r)).subs(r, radius)) for n, action, radius in _ACTIONS]
    holds, figures = _transforms(brackets)
    free = not any(bracket.has(g) for bracket in brackets)
    shown = tuple(
        (f"B(t) for S = {action} in R^{n}", str(sympy.simplify(bracket)))
        for bracket, (n, action, _) in zip(brackets, _ACTIONS, strict=True)
    )
    return Evidence(holds and free, (*shown, *figures), "exact")


#: A double well with three real critical points: 0, the maximum 5/12 at x = 1 and the global minimum -9/4 at x = 3.
_DOUBLE_WELL = "x**4/4 - 4*x**3/3 + 3*x**2/2"

Judged = Callable[[frozenset[Any], frozenset[Any]], bool]


def _singular_values(relation: Judged) -> Evidence:
    """A relation between singular points on the first sheet and critical values, for series around x = 0."""
    figures, holds = [], True
    for text in (_DOUBLE_WELL, "x**2 + x**4"):
        action = rs.Action(text)
        germ = action.expand(1, at=0).germ
        assert isinstance(germ, ActionGerm)
        sheet = germ.first_sheet()
        singular = frozenset(point.location for point in sheet if point.singular)
        others = frozenset(critical.value for critical in action.critical_values()) - {sympy.S.Zero}
        holds = holds and relation(singular, others)
        named = " and ".join(", ".join(str(one) for one in sorted(points)) for points in (singular, others))
        figures.append((f"V = {text}: singular points, and critical values other than V(0)", named))
    return Evidence(holds, tuple(figures), "certified")


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    Claim(
        "(40)",
        "the co-area formula",
        Form(
            r"\int_{\Omega} f(x)\, \left| J_k u(x) \right| dx = \int_{\mathbb{R}^k} \left( \int_{u^{-1}(t)} f(x)\, "
            r"dH_{n-k}(x) \right) dt, \quad \left| J_k u \right| = \det\left( Ju\, Ju^T \right)^{1/2}",
            lambda j: sympy.sqrt((j * j.T).det()),
        ),
        _coarea,
        rival=Form(r"\left| J_k u \right| = \det\left( Ju\, Ju^T \right)", lambda j: (j * j.T).det()),
        remark="The domain is a subset of R^n, not an element of it.",
    ),
    Claim(
        "(41)",
        "the volume element along level sets",
        Form(r"dx = J(t,f)\, dt\, dH_{n-k}(x)", lambda j: j),
        _volume_element,
        corrected=Form(r"dx = \frac{dt\, dH_{n-k}(x)}{J(t,f)}", lambda j: 1 / j),
        remark="With the Jacobian of (40), which multiplies dx there. The paper does not say what J(t, f) is; with the "
        "inverse of that Jacobian the line would be right.",
    ),
    Claim(
        "(42)",
        "the co-area formula of a function",
        Form(
            r"\int_{\Omega} f(x) \left| \nabla u(x) \right| dx = \int_{\mathbb{R}} \left( \int_{u^{-1}(t)} f(x)\, "
            r"dH(x) \right) dt",
            1,
        ),
        _coarea_of_function,
        rival=Form(
            r"\int_{\Omega} \frac{f(x)}{\left| \nabla u(x) \right|} dx = \int_{\mathbb{R}} \left( \int_{u^{-1}(t)} "
            r"f(x)\, dH(x) \right) dt",
            -1,
        ),
    ),
    Claim(
        "(43)",
        "the co-area formula on one level set",
        Form(r"\int_{\Omega} f(x)\, \delta(t - u(x)) \left| \nabla u(x) \right| dx = \int_{t = u(x)} f(x)\, dH(x)", 1),
        _coarea_on_level,
        rival=Form(
            r"\int_{\Omega} \frac{f(x)\, \delta(t - u(x))}{\left| \nabla u(x) \right|} dx = \int_{t = u(x)} f(x)\, "
            r"dH(x)",
            -1,
        ),
    ),
    Claim(
        "(44)",
        "the density of states as a surface integral",
        Form(r"\int_{\Omega} \delta(t - u(x))\, dx = \int_{t = u(x)} \frac{dH(x)}{\left| \nabla u(x) \right|}", -1),
        _density_of_area,
        rival=Form(
            r"\int_{\Omega} \delta(t - u(x))\, dx = \int_{t = u(x)} \left| \nabla u(x) \right| dH(x)",
            1,
        ),
    ),
    NotCheckable(
        "(45)",
        "the Borel transform",
        r"B[f](t) = \sum_{n=0}^{\infty} \frac{a_n}{n!} t^n",
        "a definition; that the Laplace integral inverts it is judged at (46)",
    ),
    Claim(
        "(46)",
        "the inverse of the Borel transform",
        Form(
            r"\mathcal{B}(B[f])(g) = \int_0^{\infty} e^{-t} B(tg)\, dt = \frac{1}{g} \int_0^{\infty} e^{-t/g} B(t)\, "
            r"dt",
            (
                lambda n: sympy.integrate(sympy.exp(-t) * (t * g) ** n / sympy.factorial(n), (t, 0, sympy.oo)),
                lambda n: _laplace(t**n / sympy.factorial(n)),
            ),
        ),
        _inverse_borel,
        rival=Form(
            r"\mathcal{B}(B[f])(g) = \int_0^{\infty} e^{-t/g} B(t)\, dt",
            (lambda n: g * _laplace(t**n / sympy.factorial(n)),),
        ),
        remark="The paper leaves out both dt.",
    ),
    NotCheckable(
        "(47)",
        "an integral representation",
        r"f(g) = \int e^{-S(x)/g}\, dx",
        "says what f is; that such an f is not a power series without a prefactor is judged at (18)",
    ),
    Claim(
        "(48)",
        "the integral, level by level",
        Form(
            r"f(g) = \frac{1}{g} \int_0^{\infty} dt\, e^{-t/g} \left( g \int dx\, \delta(t - S(x)) \right)",
            lambda density: g * density,
        ),
        _over_levels,
        rival=Form(
            r"f(g) = \frac{1}{g} \int_0^{\infty} dt\, e^{-t/g} \int dx\, \delta(t - S(x))",
            lambda density: density,
        ),
        remark="For actions that are nowhere negative; else the levels begin at the least value of S.",
    ),
    Claim(
        "(49)",
        "the integral over level sets",
        Form(
            r"f(g) = \frac{1}{g} \int_0^{\infty} dt\, e^{-t/g} \left( g \int_{t = S(x)} \frac{d\sigma(x)}{\left| "
            r"\nabla S(x) \right|} \right)",
            -1,
        ),
        _over_surfaces,
        rival=Form(
            r"f(g) = \frac{1}{g} \int_0^{\infty} dt\, e^{-t/g} \left( g \int_{t = S(x)} d\sigma(x) \right)",
            0,
        ),
    ),
    Claim(
        "(50)",
        "what the Borel transform is",
        Form(
            r"B[f](t) = g \int_{t = S(x)} \frac{d\sigma(x)}{\left| \nabla S(x) \right|}",
            lambda density: g * density,
        ),
        _borel_transform,
        corrected=Form(
            r"B[f](t) = \int_0^t dt' \int_{t' = S(x)} \frac{d\sigma(x)}{\left| \nabla S(x) \right|} "
            r"= \int_{S(x) \le t} dx",
            lambda density: sympy.integrate(density.subs(t, z), (z, 0, t)),
        ),
        rival=Form(
            r"B[f](t) = \int_{t = S(x)} \frac{d\sigma(x)}{\left| \nabla S(x) \right|}",
            lambda density: density,
        ),
        remark="A Borel transform cannot depend on g. The factor g becomes an integration by parts: the density of "
        "states is the derivative of the transform, which is the volume below a level.",
    ),
    Claim(
        "Appendix C, after (50)",
        "where the Borel transform is singular",
        Form(
            r"B[f] \text{ is singular at } t \iff t = S(x) \text{ for some } x \text{ with } \nabla S(x) = 0",
            lambda singular, critical: singular == critical,
        ),
        _singular_values,
        corrected=Form(
            r"B[f] \text{ is singular at } t \implies t = S(x) \text{ for some complex } x \text{ with } \nabla S(x) "
            r"= 0",
            lambda singular, critical: singular <= critical,
        ),
        repairs=False,
        rival=Form(
            r"\nabla S(x) = 0 \implies B[f] \text{ is singular at } S(x)",
            lambda singular, critical: critical <= singular,
        ),
        remark="Singular on the first sheet are the critical values adjacent to the point of expansion (Berry & Howls "
        "1991). In the first action the global minimum is not among them: the series around x = 0 does not show it.",
    ),
)
