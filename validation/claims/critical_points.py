"""Section 2.4: Borel singularities and critical points (Proposition 2, Theorem 3, (24)).

The series are the stripped ones: what is left of Z when exp(-V(c)/g) g^(d/2) of the point c of expansion is divided
out. Their Borel transforms are singular at differences V(c') - V(c).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import sympy
from flint import acb, arb, fmpq

import resurgence as rs
from resurgence.linear_germ import LinearGerm
from resurgence.numbers import working_precision

from .certified_integrals import BITS, over_the_line, shown
from .claim import Claim, Evidence, Form, NotCheckable

__all__ = ["CLAIMS"]

_T, _G = sympy.symbols("t g", positive=True)

#: Actions with the point of expansion, all critical values rational. The second has a minimum, a maximum and a minimum
#: at 0, 2 and 3, of values 0, 32 and 27; the third two minima of one value.
_ACTIONS = (("x**2 + x**4", 0), ("3*x**4 - 20*x**3 + 36*x**2", 0), ("(x**2 - 1)**2", 1))

Predicted = Callable[[rs.Action, int], set[sympy.Rational]]


@cache
def _monodromy(text: str, at: int) -> tuple[tuple[sympy.Rational, bool, str], ...]:
    """Every difference of critical values, whether the germ changes on a turn around it, and by how much.

    The germ is continued in balls from 0 to a point above the difference, and then once around it: what is not
    singular comes back to its value. All differences are real here, so the way there passes above those before.
    """
    action = rs.Action(text)
    borel = action.expand(8, at=at).borel()
    origin = action.expression.subs(action.variables[0], at)
    places = sorted({sympy.Rational(value.value) - origin for value in action.critical_values()} - {sympy.S.Zero})
    found = []
    for place in places:
        near = min(abs(place - other) for other in {*places, sympy.S.Zero} if other != place) / 2
        z, r = Fraction(int(place.p), int(place.q)), Fraction(int(near.p), int(near.q))
        top, bottom, left, right = f"{z}+{r}j", f"{z}-{r}j", z - r, z + r
        before = borel.continue_along([top], digits=8).ball(BITS)
        after = borel.continue_along([top, left, bottom, right, top], digits=8).ball(BITS)
        with working_precision(BITS):
            change = abs(after - before)
            found.append(
                (place, bool(change > 0), shown(change, 6) if change > 0 else f"below {shown(change.upper(), 2)}")
            )
    return tuple(found)


def _are_the_singularities(predicted: Predicted) -> Evidence:
    """On the positive axis the prediction has to be right; what it says of other places has to be there."""
    figures, holds = [], True
    for text, at in _ACTIONS:
        action = rs.Action(text)
        places = _monodromy(text, at)
        singular = {place for place, changes, _ in places if changes}
        claimed = predicted(action, at)
        holds = holds and {z for z in singular if z > 0} == {z for z in claimed if z > 0} and claimed <= singular
        figures.append((f"{text} at {at}: predicted", ", ".join(map(str, sorted(claimed))) or "none"))
        figures += [(f"change of the germ around {place}", size) for place, _, size in places]
    return Evidence(holds, tuple(figures), "certified")


def _all_real_critical_values(action: rs.Action, at: int) -> set[sympy.Rational]:
    (x,) = action.variables
    value = action.expression
    points = sympy.Poly(sympy.diff(value, x), x).all_roots()
    return {z for z in (sympy.Rational(value.subs(x, c) - value.subs(x, at)) for c in points if c.is_real) if z > 0}


def _adjacent_critical_values(action: rs.Action, at: int) -> set[sympy.Rational]:
    """By intersection numbers of thimbles."""
    germ = action.expand(8, at=at).germ
    assert isinstance(germ, LinearGerm)
    return {sympy.Rational(point.location) for point in germ.first_sheet() if point.singular}


@cache
def _nearest_singularity(text: str) -> rs.Singularity:
    """Of the series at 0, from 40 coefficients alone."""
    action = rs.Action(text)
    bare = rs.FormalSeries(action.expand(40, at=(0,) * action.dimension).coefficients)
    (found,) = bare.borel().singularities(digits=6)
    return found


def _have_exponent(exponent: int) -> Evidence:
    """The exponents of the nearest singularities in one and two variables."""
    texts = ("x**2 + x**4", "x**2/2 - x**3/3", "x**2 + y**2 + x**2*y**2")
    found = [_nearest_singularity(text) for text in texts]
    return Evidence(
        all(one.exponent == exponent for one in found),
        tuple(
            (
                f"{text}: singularity, exponent",
                f"{rs.Enclosure(one.location, one.error, 'estimated', '').short(8)}, {one.exponent}",
            )
            for text, one in zip(texts, found, strict=True)
        ),
        "numeric",
    )


# -- (24) --------------------------------------------------------------------------------------------------------------

#: From the density of states and the volume below a level, as functions of the level, to the Borel transform.
BorelOf = Callable[[sympy.Expr, sympy.Expr], sympy.Expr]


def _has_laplace_transform_z(borel: BorelOf) -> Evidence:
    """(1/g) int exp(-t/g) B(t) dt against Z.

    For L = |x|^2 in one to three dimensions, exactly: the level set is a sphere of radius sqrt t, whose area over the
    gradient 2 sqrt t is the density; Z = (pi g)^(d/2). For x^2 + x^4 in balls: the two points where L = t.
    """
    figures, holds = [], True
    for d in (1, 2, 3):
        half = sympy.Rational(d, 2)
        density = sympy.pi**half * _T ** (half - 1) / sympy.gamma(half)
        volume = sympy.pi**half * _T**half / sympy.gamma(half + 1)
        found = sympy.simplify(sympy.integrate(sympy.exp(-_T / _G) * borel(density, volume), (_T, 0, sympy.oo)) / _G)
        z = (sympy.pi * _G) ** half
        holds = holds and sympy.simplify(found - z) == 0
        figures.append((f"|x|^2 in {d} dimensions: Laplace transform; Z", f"{found}; {z}"))
    density, volume = 2 / (2 * _X + 4 * _X**3), 2 * _X
    found = _quartic_laplace(borel(density, volume))
    exact = rs.models.quartic.exact("1/2", digits=30)
    holds = holds and bool(found.overlaps(exact.ball(BITS)))
    figures.append(("x^2 + x^4, g = 1/2: Laplace transform; Z", f"{shown(found)}; {exact.short(15)}"))
    return Evidence(holds, tuple(figures), "certified")


_X = sympy.Symbol("x", positive=True)


def _quartic_laplace(borel: sympy.Expr) -> acb:
    """(1/g) int exp(-t/g) B dt at g = 1/2, with t = x^2 + x^4 and B a function of x, odd but for dt/dx."""
    integrand = sympy.lambdify(_X, sympy.simplify(borel * (2 * _X + 4 * _X**3)), "math")
    g = fmpq(1, 2)
    whole = over_the_line(lambda x, _: (-(x**2 + x**4) / g).exp() * integrand(x), 5, arb(1), arb(200))
    with working_precision(BITS):
        return whole / (2 * g)


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    Claim(
        "Proposition 2",
        "every critical value is a Borel singularity",
        Form(
            r"\nabla L(\theta^*) = 0 \Rightarrow L(\theta^*) \text{ is a singularity of } \mathcal{B}[Z]",
            _all_real_critical_values,
        ),
        _are_the_singularities,
        corrected=Form(
            r"\mathcal{S}(\mathcal{B}[\Phi_c]) = \{ V(c') - V(c) : \nabla V(c') = 0,\ \langle c, c' \rangle \neq 0 \}, "
            r"\quad c' \in \mathbb{C}^d",
            _adjacent_critical_values,
        ),
        repairs=False,
        remark="Every singularity is a critical value of the action less that of the point of expansion; the "
        "converse is false. On the first sheet only critical points with a nonzero intersection number are seen "
        "(Berry & Howls 1991), complex ones included. Seen from the lower minimum of the second action, the value "
        "of the barrier is a singularity, 32, and that of the upper minimum, 27, is not.",
    ),
    Claim(
        "Theorem 3",
        "critical points as poles",
        Form(r"\mathcal{B}[Z](t) \sim \frac{K}{t - t_c}, \text{ one pole for each critical point}", -1),
        _have_exponent,
        corrected=Form(
            r"\mathcal{B}[\Phi](t) \sim -\frac{S}{2\pi i} \log\left(1 - \frac{t}{t_c}\right), "
            r"\text{ for each adjacent critical point}",
            0,
        ),
        repairs=False,
        remark="The singularities of integrals are logarithms, not poles, and not one to one with the critical "
        "points (Proposition 2).",
    ),
    Claim(
        "(24)",
        "the Borel transform as an integral over level sets",
        Form(
            r"\mathcal{B}[Z](t) = \int_{L(x)=t} \frac{d\sigma(x)}{|\nabla L(x)|}",
            lambda density, volume: density,
        ),
        _has_laplace_transform_z,
        corrected=Form(
            r"\frac{d}{dt}\,\mathcal{B}[Z](t) = \int_{L(x)=t} \frac{d\sigma(x)}{|\nabla L(x)|}, \quad "
            r"\mathcal{B}[Z](t) = \mathrm{vol}\{L \leq t\}",
            lambda density, volume: volume,
        ),
        remark="The integral over the level set is the density of states. The Borel transform, with the 1/g of (16) "
        "and (46), is the volume below the level.",
    ),
)
