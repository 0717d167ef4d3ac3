r"""Appendix D.1 to D.3: the integral of exp(-(x^2 + x^4)/g), its asymptotic series and its Borel transform.

Values are compared with :func:`partition_function`, which integrates the definition (51) in balls and knows nothing of
series or special functions; coefficients with those of the action, exactly; singular points with those of the linear
system that the Borel transform solves.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import ceil, factorial, sqrt
from typing import Any

import sympy
from flint import acb, arb, fmpq

import resurgence as rs
from resurgence.action_germ import ActionGerm
from resurgence.germs import CertifiedSingularity
from resurgence.numbers import ball, working_precision

from .claim import Claim, Evidence, Form, NotCheckable

__all__ = [
    "ACTION",
    "BITS",
    "CLAIMS",
    "coefficients",
    "exactly",
    "partition_function",
    "printed_coefficient",
    "shown",
    "singular_points",
]

ACTION = rs.Action("x**2 + x**4")

#: Working precision, and the bits below which the tails of integrals are cut off.
BITS = 128

#: Couplings at which values are compared.
COUPLINGS = (Fraction(1, 10), Fraction(2))


def shown(value: arb | acb, digits: int = 12) -> str:
    """A ball for people: the digits that are certain, at most so many; a part that may be 0 is left out.

    >>> shown(acb(2).sqrt(), 5), shown(acb(0, 2).sqrt(), 3), shown(acb(-4).sqrt(), 3)
    ('1.4142', '1.00 + 1.00j', '2.00j')
    """
    if isinstance(value, acb):
        real, imaginary = ("" if part.contains(0) else shown(part, digits) for part in (value.real, value.imag))
        if not imaginary:
            return real or "0"
        sign = "-" if imaginary.startswith("-") else "+"
        return f"{real} {sign} {imaginary.lstrip('-')}j" if real else f"{imaginary}j"
    return str(value.str(digits, radius=False))


def exactly(value: Fraction) -> arb:
    """A rational as a ball, at flint's current precision."""
    return arb(fmpq(value.numerator, value.denominator))


@lru_cache(maxsize=32)
def partition_function(g: Fraction) -> arb:
    """Z(g) of eq. 51 for g > 0, in a ball: quadrature of the definition, and a bound for what lies beyond.

    Beyond T the integrand is at most exp(-x^2/g), whose integral there is at most g/(2 T) exp(-T^2/g).

    Examples
    --------
    >>> shown(partition_function(Fraction(1, 10)))
    '0.529392430226'
    """
    end = Fraction(ceil(64 * sqrt(g * BITS)), 64)
    with working_precision(BITS + 32):
        coupling, last = exactly(g), exactly(end)

        def integrand(x: acb, _: bool) -> acb:
            square = x * x
            return (-(square + square * square) / coupling).exp()

        inside = 2 * acb.integral(integrand, acb(0), acb(last)).real
        beyond = coupling / last * (-last * last / coupling).exp()
        return inside + beyond * arb(0, 1)


@lru_cache(maxsize=8)
def coefficients(count: int) -> tuple[Fraction, ...]:
    """a_0, ..., a_(count - 1) of Z = sqrt(pi g) sum a_k g^k, exactly, from the connection of the action.

    >>> coefficients(3)
    (Fraction(1, 1), Fraction(-3, 4), Fraction(105, 32))
    """
    return tuple(Fraction(str(a)) for a in ACTION.expand(count, at=0).coefficients)


@lru_cache(maxsize=1)
def singular_points() -> tuple[CertifiedSingularity, ...]:
    """The singular points of the Borel transform on its first sheet, certified."""
    germ = ACTION.expand(1, at=0).germ
    assert isinstance(germ, ActionGerm)
    return germ.singularities()


def parabolic_cylinder(z: arb) -> arb:
    """D_(-1/2)(z) = 2^(-1/4) exp(-z^2/4) U(1/4, 1/2, z^2/2) for z > 0 (DLMF 12.7.14)."""
    half_square = acb(z * z / 2)
    confluent = half_square.hypgeom_u(acb(fmpq(1, 4)), acb(fmpq(1, 2)))
    return (confluent * (-half_square / 2).exp() / arb(2) ** arb(fmpq(1, 4))).real


def _meet(name: str, value: arb, other: arb) -> tuple[bool, tuple[str, str]]:
    return bool(value.overlaps(other)), (name, f"{shown(value)} and {shown(other)}")


def _compared(name: str, pairs: list[tuple[Fraction, arb, arb]]) -> Evidence:
    met = [_meet(f"{name} at g = {g}, and the integral (51)", value, other) for g, value, other in pairs]
    return Evidence(all(holds for holds, _ in met), tuple(figure for _, figure in met), "certified")


# ---------------------------------------------------------------------------------------------------------------------
# (51) to (54): the integral

#: c, a and b of c int_0^inf exp(-a u - b u^2) du/sqrt(u), as functions of g.
HalfLine = tuple[Callable[[arb], arb], Callable[[arb], arb], Callable[[arb], arb]]


def _quarter(x: arb) -> arb:
    return x.sqrt().sqrt()


def _half_line(integrals: tuple[HalfLine, ...]) -> Evidence:
    """By int_0^inf u^(-1/2) exp(-a u - b u^2) du = sqrt(pi) (2 b)^(-1/4) exp(z^2/4) D_(-1/2)(z), z = a/sqrt(2 b).

    DLMF 12.5.1.
    """
    met = []
    for number, integral in enumerate(integrals, start=1):
        for g in COUPLINGS:
            with working_precision(BITS):
                prefactor, a, b = (part(exactly(g)) for part in integral)
                z = a / (2 * b).sqrt()
                value = prefactor * arb.pi().sqrt() / _quarter(2 * b) * (z * z / 4).exp() * parabolic_cylinder(z)
                met.append(_meet(f"integral {number} at g = {g}, and (51)", value, partition_function(g)))
    return Evidence(all(holds for holds, _ in met), tuple(figure for _, figure in met), "certified")


def _closed_form(formula: Callable[[arb], arb]) -> Evidence:
    pairs = []
    for g in COUPLINGS:
        with working_precision(BITS):
            pairs.append((g, formula(exactly(g)), partition_function(g)))
    return _compared("the formula", pairs)


def _critical_points(values: frozenset[sympy.Expr]) -> Evidence:
    """Whether these are all the critical values, those at complex points included."""
    found = [(critical.value, critical.multiplicity) for critical in ACTION.critical_values()]
    text = ", ".join(f"{value} (at {count} points)" for value, count in found)
    return Evidence(frozenset(value for value, _ in found) == values, (("critical values of V", text),), "exact")


_x, _g = sympy.symbols("x g", positive=True)


def _identity(sides: tuple[sympy.Expr, sympy.Expr]) -> Evidence:
    """Whether two expressions are the same function."""
    difference = sympy.simplify(sides[0] - sides[1])
    return Evidence(difference == 0, (("difference of the two sides", str(difference)),), "exact")


# ---------------------------------------------------------------------------------------------------------------------
# (55) to (65): the series


def _exponential_series(term: Callable[[int], sympy.Expr]) -> Evidence:
    """The terms of exp(-x^4/g) as a power series in x^4, from its derivatives."""
    y = sympy.Symbol("y")
    found = [sympy.diff(sympy.exp(-y / _g), y, k).subs(y, 0) / sympy.factorial(k) * _x ** (4 * k) for k in range(6)]
    return Evidence(
        all(sympy.simplify(term(k) - found[k]) == 0 for k in range(6)),
        tuple((f"term {k}, and from the derivatives", f"{term(k)} and {found[k]}") for k in (0, 1, 2)),
        "exact",
    )


def _exchanged(relation: Callable[[list[arb], list[arb]], bool]) -> Evidence:
    """A relation between the remainders Z - (first k terms) and the terms k = 0, 1, ..., 29 at g = 1/10."""
    g = Fraction(1, 10)
    with working_precision(BITS):
        scale = (arb.pi() * exactly(g)).sqrt()
        terms = [scale * exactly(a * g**k) for k, a in enumerate(coefficients(30))]
        remainders, rest = [], partition_function(g)
        for term in terms:
            remainders.append(rest)
            rest = rest - term
        figures = tuple(
            (f"Z(1/10) less its first {k} terms, and term {k}", f"{shown(remainders[k], 6)} and {shown(terms[k], 6)}")
            for k in (1, 2, 5, 29)
        )
        return Evidence(relation(remainders, terms), figures, "certified")


def _moments(factors: tuple[Callable[[int], sympy.Expr], ...]) -> Evidence:
    """c_n of int x^(2n) exp(-x^2/g) dx = sqrt(pi g) c_n g^n: c_0 = 1, and c_n = (n - 1/2) c_(n-1) by parts."""
    orders = range(12)
    right = [sympy.prod([sympy.Rational(2 * k - 1, 2) for k in range(1, n + 1)]) for n in orders]
    holds = all(sympy.simplify(factor(n) - right[n]) == 0 for factor in factors for n in orders)
    figures = tuple(
        (f"c_{n} by the formulas, and by parts", f"{', '.join(str(factor(n)) for factor in factors)} and {right[n]}")
        for n in (1, 2, 3)
    )
    return Evidence(holds, figures, "exact")


#: Small couplings, and how far Z/(sqrt(pi) g^nu) may be from 1 there, in units of g: |a_1| = 3/4 is below 1.
_SMALL = (Fraction(1, 10**4), Fraction(1, 10**6))


def _leading(exponent: Fraction) -> Evidence:
    """Whether Z(g) = sqrt(pi) g^exponent (1 + O(g))."""
    holds, figures = True, []
    for g in _SMALL:
        with working_precision(BITS):
            ratio = partition_function(g) / (arb.pi().sqrt() * exactly(g) ** exactly(exponent))
            holds = holds and bool(abs(ratio - 1) <= exactly(g))
            figures.append((f"Z/(sqrt(pi) g^({exponent})) at g = {g}", shown(ratio)))
    return Evidence(holds, tuple(figures), "certified")


def printed_coefficient(k: int) -> Fraction:
    """Eq. 60 as it is printed."""
    return Fraction((-1) ** k * factorial(4 * k), 4**k * factorial(k) ** 2)


def _coefficient_formula(formula: Callable[[int], Fraction]) -> Evidence:
    right = coefficients(24)
    return Evidence(
        all(formula(k) == a for k, a in enumerate(right)),
        tuple((f"a_{k} by the formula, and exactly", f"{formula(k)} and {right[k]}") for k in range(4)),
        "exact",
    )


def _coefficient(k: int) -> Callable[[tuple[Fraction, str]], Evidence]:
    def check(value: tuple[Fraction, str]) -> Evidence:
        """A fraction and the decimal number printed beside it."""
        fraction, decimal = value
        right = coefficients(6)[k]
        figures = (
            (f"a_{k}", f"{right} = {float(right)}"),
            ("the fraction given, as a decimal number", repr(float(fraction))),
            (f"a_{k} by the printed (60)", str(printed_coefficient(k))),
            (f"a_{k} of x^2 + x^4/2", str(right / 2**k)),
        )
        return Evidence(fraction == right and Fraction(decimal) == fraction, figures, "exact")

    return check


def _coefficient_claim(
    k: int, printed: tuple[Fraction, str], right: tuple[Fraction, str], remark: str
) -> Claim[tuple[Fraction, str]]:
    def latex(value: tuple[Fraction, str]) -> str:
        fraction, decimal = value
        sign = "-" if fraction < 0 else ""
        return rf"a_{k} = {sign}\frac{{{abs(fraction.numerator)}}}{{{fraction.denominator}}} = {decimal}"

    return Claim(
        f"({61 + k})",
        f"the coefficient a_{k}",
        Form(latex(printed), printed),
        _coefficient(k),
        corrected=Form(latex(right), right),
        remark=remark,
    )


# ---------------------------------------------------------------------------------------------------------------------
# (66) to (72): the Borel transform


def _divisor(divisor: Callable[[int], sympy.Expr]) -> Evidence:
    """Whether the divisor is k!, the moment int_0^inf exp(-t) t^k dt."""
    s = sympy.Symbol("s", positive=True)
    moments = [sympy.integrate(sympy.exp(-s) * s**k, (s, 0, sympy.oo)) for k in range(8)]
    return Evidence(
        all(divisor(k) == moment for k, moment in enumerate(moments)),
        tuple((f"divisor, and moment {k}", f"{divisor(k)} and {moments[k]}") for k in (0, 1, 5)),
        "exact",
    )


def _borel_coefficients(formula: Callable[[int], Fraction]) -> Evidence:
    right = [a / factorial(k) for k, a in enumerate(coefficients(24))]
    late = tuple(
        (f"|b_{k}/b_{k + 1}| by the formula", f"{float(abs(formula(k) / formula(k + 1))):.6g}") for k in (10, 40)
    )
    return Evidence(
        all(formula(k) == b for k, b in enumerate(right)),
        (*((f"b_{k} by the formula, and exactly", f"{formula(k)} and {right[k]}") for k in (1, 2)), *late),
        "exact",
    )


#: Upper and lower parameters of pFq and the factor of its argument.
Parameters = tuple[tuple[Fraction, ...], tuple[Fraction, ...], Fraction]


def _rising(a: Fraction, k: int) -> Fraction:
    result = Fraction(1)
    for n in range(k):
        result *= a + n
    return result


def _hypergeometric(parameters: Parameters) -> Evidence:
    upper, lower, factor = parameters

    def coefficient(k: int) -> Fraction:
        value = factor**k / factorial(k)
        for a in upper:
            value *= _rising(a, k)
        for b in lower:
            value /= _rising(b, k)
        return value

    right = [a / factorial(k) for k, a in enumerate(coefficients(24))]
    figures = tuple(
        (
            f"coefficient {k} of the function, exact b_{k}, and that of the printed (67)",
            f"{coefficient(k)}, {right[k]} and {printed_coefficient(k) / factorial(k)}",
        )
        for k in (1, 2)
    )
    return Evidence(all(coefficient(k) == b for k, b in enumerate(right)), figures, "exact")


def _on_first_sheet() -> frozenset[Any]:
    return frozenset(point.location for point in singular_points())


def _singular() -> tuple[str, str]:
    return "singular points on the first sheet", ", ".join(str(one) for one in sorted(_on_first_sheet()))


def _borel_transform_at(point: sympy.Expr) -> str:
    """The value of 2F1(1/4, 3/4; 1; -4 z)."""
    with working_precision(BITS):
        z = -4 * ball(point, BITS)
        return shown(z.hypgeom_2f1(acb(fmpq(1, 4)), acb(fmpq(3, 4)), acb(1)), 10)


def _locations(points: tuple[sympy.Expr, ...]) -> Evidence:
    """Whether the Borel transform is singular at every one of these points."""
    known = _on_first_sheet()
    values = (
        (
            f"Borel transform at {point} = {float(point):.6g}",
            "singular" if point in known else _borel_transform_at(point),
        )
        for point in points
    )
    return Evidence(all(point in known for point in points), (_singular(), *values), "certified")


def _chain(members: tuple[sympy.Expr, ...]) -> Evidence:
    """Whether all members are one number, and the Borel transform is singular there."""
    same = all(sympy.simplify(member - members[0]) == 0 for member in members)
    figures = (("the members", ", ".join(f"{float(member):.6g}" for member in members)), _singular())
    return Evidence(same and members[0] in _on_first_sheet(), figures, "certified")


def _dominant(value: tuple[tuple[sympy.Expr, ...], str]) -> Evidence:
    """Whether the closed forms agree, round to the decimal number, and are the singular point nearest to 0."""
    members, decimal = value
    same = all(sympy.simplify(member - members[0]) == 0 for member in members)
    places = len(decimal.partition(".")[2])
    rounds = abs(members[0] - sympy.Rational(decimal)) <= sympy.Rational(1, 2 * 10**places)
    nearest = min(_on_first_sheet(), key=abs)
    figures = (
        ("the closed forms", ", ".join(f"{float(member):.7g}" for member in members)),
        ("their decimal number as given", decimal),
        ("Borel transform there", "singular" if members[0] == nearest else _borel_transform_at(members[0])),
        _singular(),
    )
    return Evidence(same and bool(rounds) and members[0] == nearest, figures, "certified")


_MINUS_QUARTER = sympy.Rational(-1, 4)
_FIRST = sympy.Integer(2) ** sympy.Rational(5, 3) / 3
_CUBE_ROOTS = sympy.Integer(2) ** sympy.Rational(2, 3) * sympy.Integer(3) ** sympy.Rational(1, 3)

CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    NotCheckable(
        "(51)",
        "the quartic oscillator in zero dimensions",
        r"Z(g) = \int_{-\infty}^{\infty} dx\, e^{-V(x)/g}, \quad V(x) = x^2 + x^4",
        "a definition; everything in this appendix is compared with it",
    ),
    Claim(
        "(52)",
        "substitutions in the integral",
        Form(
            r"Z(g) = 2 \int_0^{\infty} \frac{du}{\sqrt{u}} e^{-(u + u^2)/g} = 2 g^{1/4} \int_0^{\infty} dv\, v^{-1/2} "
            r"e^{-g^{1/2} v - v^2}",
            (
                (lambda g: arb(2), lambda g: 1 / g, lambda g: 1 / g),
                (lambda g: 2 * _quarter(g), lambda g: g.sqrt(), lambda g: arb(1)),
            ),
        ),
        _half_line,
        corrected=Form(
            r"Z(g) = \int_0^{\infty} \frac{du}{\sqrt{u}} e^{-(u + u^2)/g} = g^{1/4} \int_0^{\infty} dv\, v^{-1/2} "
            r"e^{-v/\sqrt{g} - v^2}",
            (
                (lambda g: arb(1), lambda g: 1 / g, lambda g: 1 / g),
                (_quarter, lambda g: 1 / g.sqrt(), lambda g: arb(1)),
            ),
        ),
        rival=Form(
            r"Z(g) = \int_0^{\infty} \frac{du}{\sqrt{u}} e^{-(u + u^2)/g} = g^{1/4} \int_0^{\infty} dv\, v^{-1/2} "
            r"e^{-g^{1/2} v - v^2}",
            (
                (lambda g: arb(1), lambda g: 1 / g, lambda g: 1 / g),
                (_quarter, lambda g: g.sqrt(), lambda g: arb(1)),
            ),
        ),
        remark="With u = x^2, dx = du/(2 sqrt(u)); with u = sqrt(g) v, u/g = v/sqrt(g).",
    ),
    Claim(
        "(53)",
        "the integral as a parabolic cylinder function",
        Form(
            r"Z(g) = \sqrt{\pi g}\, e^{g/4} D_{-1/2}\left( \frac{1}{\sqrt{g}} \right)",
            lambda g: (arb.pi() * g).sqrt() * (g / 4).exp() * parabolic_cylinder(1 / g.sqrt()),
        ),
        _closed_form,
        corrected=Form(
            r"Z(g) = \sqrt{\pi} \left( \frac{g}{2} \right)^{1/4} e^{1/(8g)} D_{-1/2}\left( \frac{1}{\sqrt{2g}} \right)",
            lambda g: arb.pi().sqrt() * _quarter(g / 2) * (1 / (8 * g)).exp() * parabolic_cylinder(1 / (2 * g).sqrt()),
        ),
        rival=Form(
            r"Z(g) = \sqrt{\pi} \left( \frac{g}{2} \right)^{1/4} e^{g/8} D_{-1/2}\left( \frac{1}{\sqrt{2g}} \right)",
            lambda g: arb.pi().sqrt() * _quarter(g / 2) * (g / 8).exp() * parabolic_cylinder(1 / (2 * g).sqrt()),
        ),
        remark="DLMF 12.5.1. The same in Bessel functions: exp(1/(8g)) K_(1/4)(1/(8g))/2.",
    ),
    Claim(
        "Appendix D.2, critical points",
        "the critical points of V",
        Form(
            r"V'(x) = 0 \text{ at } x_0 = 0 \text{ alone, with } V(0) = 0",
            frozenset({sympy.S.Zero}),
        ),
        _critical_points,
        corrected=Form(
            r"V'(x) = 0 \text{ at } 0 \text{ and at } \pm i/\sqrt{2}, \text{ with } V = 0 \text{ and } -\frac{1}{4}",
            frozenset({sympy.S.Zero, _MINUS_QUARTER}),
        ),
        remark="Of the real line this is right. But the complex critical points are what makes the series diverge.",
    ),
    Claim(
        "(54)",
        "the action, factorised",
        Form(r"V(x) = x^2 + x^4 = x^2 (1 + x^2)", (_x**2 + _x**4, _x**2 * (1 + _x**2))),
        _identity,
        rival=Form(r"V(x) = x^2 + x^4 = x^2 (1 + x)", (_x**2 + _x**4, _x**2 * (1 + _x))),
    ),
    Claim(
        "(55)",
        "the integrand, factorised",
        Form(
            r"Z(g) = \int_{-\infty}^{\infty} dx\, e^{-x^2/g} e^{-x^4/g}",
            (sympy.exp(-(_x**2 + _x**4) / _g), sympy.exp(-(_x**2) / _g) * sympy.exp(-(_x**4) / _g)),
        ),
        _identity,
        rival=Form(
            r"Z(g) = \int_{-\infty}^{\infty} dx \left( e^{-x^2/g} + e^{-x^4/g} \right)",
            (sympy.exp(-(_x**2 + _x**4) / _g), sympy.exp(-(_x**2) / _g) + sympy.exp(-(_x**4) / _g)),
        ),
    ),
    Claim(
        "(56)",
        "the quartic part, expanded",
        Form(
            r"Z(g) = \int_{-\infty}^{\infty} dx\, e^{-x^2/g} \sum_{k=0}^{\infty} \frac{(-1)^k x^{4k}}{k!\, g^k}",
            lambda k: (-1) ** k * _x ** (4 * k) / (sympy.factorial(k) * _g**k),
        ),
        _exponential_series,
        rival=Form(
            r"Z(g) = \int_{-\infty}^{\infty} dx\, e^{-x^2/g} \sum_{k=0}^{\infty} \frac{x^{4k}}{k!\, g^k}",
            lambda k: _x ** (4 * k) / (sympy.factorial(k) * _g**k),
        ),
        remark="The series converges at every x, but not uniformly on the line.",
    ),
    Claim(
        "(57)",
        "integral and sum, exchanged",
        Form(
            r"Z(g) = \sum_{k=0}^{\infty} \frac{(-1)^k}{k!\, g^k} \int_{-\infty}^{\infty} dx\, x^{4k} e^{-x^2/g}",
            lambda remainders, terms: bool(abs(remainders[-1]) < abs(remainders[1])),
        ),
        _exchanged,
        corrected=Form(
            r"\left| Z(g) - \sum_{k=0}^{K-1} t_k \right| \le |t_K|, \quad t_k = \frac{(-1)^k}{k!\, g^k} "
            r"\int_{-\infty}^{\infty} dx\, x^{4k} e^{-x^2/g}",
            lambda remainders, terms: all(bool(abs(r) <= abs(t)) for r, t in zip(remainders, terms, strict=True)),
        ),
        remark="The sum diverges, so that nothing can be equal to it. It is asymptotic: the remainder of exp(-y), y "
        ">= 0, is at most the first term left out, and so is its integral. The check of the printed equality asks no "
        "more than that the sum of 29 terms be nearer to Z than the first term alone.",
    ),
    Claim(
        "(58)",
        "moments of the Gaussian",
        Form(
            r"\int_{-\infty}^{\infty} dx\, x^{2n} e^{-x^2/g} = \sqrt{\pi g}\, (2n-1)!!\, g^n = \sqrt{\pi g} "
            r"\frac{\Gamma(n + 1/2)}{\Gamma(1/2)} g^n",
            (
                lambda n: sympy.factorial2(2 * n - 1),
                lambda n: sympy.gamma(n + sympy.Rational(1, 2)) / sympy.gamma(sympy.Rational(1, 2)),
            ),
        ),
        _moments,
        corrected=Form(
            r"\int_{-\infty}^{\infty} dx\, x^{2n} e^{-x^2/g} = \sqrt{\pi g} \frac{(2n-1)!!}{2^n} g^n = \sqrt{\pi g} "
            r"\frac{\Gamma(n + 1/2)}{\Gamma(1/2)} g^n",
            (
                lambda n: sympy.factorial2(2 * n - 1) / sympy.Integer(2) ** n,
                lambda n: sympy.gamma(n + sympy.Rational(1, 2)) / sympy.gamma(sympy.Rational(1, 2)),
            ),
        ),
        remark="The second form is right; the first lacks the factor 2^(-n).",
    ),
    Claim(
        "(59)",
        "the form of the asymptotic series",
        Form(r"Z(g) \sim \sqrt{\pi g} \sum_{k=0}^{\infty} a_k g^k, \quad a_0 = 1", Fraction(1, 2)),
        _leading,
        rival=Form(r"Z(g) \sim \sqrt{\pi} \sum_{k=0}^{\infty} a_k g^k, \quad a_0 = 1", Fraction(0)),
        remark="The factor g^(1/2) is right here, and contradicts (18).",
    ),
    Claim(
        "(60)",
        "the coefficients",
        Form(
            r"a_k = (-1)^k \frac{(4k)!}{4^k (k!)^2} = (-1)^k \frac{\Gamma(4k+1)}{\Gamma(k+1)^2 4^k}",
            printed_coefficient,
        ),
        _coefficient_formula,
        corrected=Form(
            r"a_k = (-1)^k \frac{(4k)!}{16^k (2k)!\, k!}",
            lambda k: Fraction((-1) ** k * factorial(4 * k), 16**k * factorial(2 * k) * factorial(k)),
        ),
        remark="The printed coefficients grow like (k!)^2: their Borel transform converges nowhere. They are not "
        "those of (62) to (65) either.",
    ),
    Claim(
        "(61)",
        "the coefficient a_0",
        Form(r"a_0 = 1", (Fraction(1), "1")),
        _coefficient(0),
        rival=Form(r"a_0 = \frac{1}{2} = 0.5", (Fraction(1, 2), "0.5")),
    ),
    _coefficient_claim(
        1,
        (Fraction(-3, 8), "-0.375"),
        (Fraction(-3, 4), "-0.75"),
        "The printed number belongs to x^2 + x^4/2.",
    ),
    _coefficient_claim(
        2,
        (Fraction(105, 128), "0.8203125"),
        (Fraction(105, 32), "3.28125"),
        "The printed number belongs to x^2 + x^4/2.",
    ),
    _coefficient_claim(
        3,
        (Fraction(-10395, 1024), "-10.1513671875"),
        (Fraction(-3465, 128), "-27.0703125"),
        "The printed number is three times that of x^2 + x^4/2.",
    ),
    _coefficient_claim(
        4,
        (Fraction(2027025, 8192), "247.4415283203125"),
        (Fraction(675675, 2048), "329.91943359375"),
        "The printed fraction is twelve times that of x^2 + x^4/2, and the decimal number beside it is not its value.",
    ),
    Claim(
        "(66)",
        "the Borel transform",
        Form(
            r"\mathcal{B}[Z](\zeta) = \sum_{k=0}^{\infty} \frac{a_k}{\Gamma(k+1)} \zeta^k = \sum_{k=0}^{\infty} "
            r"\frac{a_k}{k!} \zeta^k",
            lambda k: sympy.gamma(k + 1),
        ),
        _divisor,
        rival=Form(
            r"\mathcal{B}[Z](\zeta) = \sum_{k=0}^{\infty} \frac{a_k}{\Gamma(k+2)} \zeta^k",
            lambda k: sympy.gamma(k + 2),
        ),
        remark="Of the series without its prefactor sqrt(pi g).",
    ),
    Claim(
        "(67)",
        "the coefficients of the Borel transform",
        Form(
            r"\mathcal{B}[Z](\zeta) = \sum_{k=0}^{\infty} \frac{(-1)^k (4k)!}{4^k (k!)^3} \zeta^k",
            lambda k: printed_coefficient(k) / factorial(k),
        ),
        _borel_coefficients,
        corrected=Form(
            r"\mathcal{B}[Z](\zeta) = \sum_{k=0}^{\infty} \frac{(-1)^k (4k)!}{16^k (2k)!\, (k!)^2} \zeta^k",
            lambda k: Fraction((-1) ** k * factorial(4 * k), 16**k * factorial(2 * k) * factorial(k) ** 2),
        ),
        remark="It follows from (60) and inherits its error: the ratios of the printed coefficients tend to 0, and "
        "with them the radius of convergence.",
    ),
    Claim(
        "(68)",
        "the Borel transform as a hypergeometric function",
        Form(
            r"\mathcal{B}[Z](\zeta) = {}_0F_3\left( ; \frac{1}{4}, \frac{1}{2}, \frac{3}{4}; -\frac{256 \zeta}{27} "
            r"\right)",
            ((), (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)), Fraction(-256, 27)),
        ),
        _hypergeometric,
        corrected=Form(
            r"\mathcal{B}[Z](\zeta) = {}_2F_1\left( \frac{1}{4}, \frac{3}{4}; 1; -4 \zeta \right)",
            ((Fraction(1, 4), Fraction(3, 4)), (Fraction(1),), Fraction(-4)),
        ),
        rival=Form(
            r"\mathcal{B}[Z](\zeta) = {}_2F_1\left( \frac{1}{4}, \frac{3}{4}; 1; 4 \zeta \right)",
            ((Fraction(1, 4), Fraction(3, 4)), (Fraction(1),), Fraction(4)),
        ),
        remark="The printed function is entire, and belongs to neither the right coefficients nor those of (67).",
    ),
    Claim(
        "(69)",
        "singularities of the printed function",
        Form(
            r"-\frac{256 \zeta_k}{27} = -\left( \frac{2 \pi k}{3} \right)^4, \quad k = 1, 2, 3, \dots",
            tuple(sympy.Rational(27, 256) * (2 * sympy.pi * k / 3) ** 4 for k in (1, 2, 3)),
        ),
        _locations,
        corrected=Form(r"\zeta = -\frac{1}{4} \text{ is the only finite singularity}", (_MINUS_QUARTER,)),
        repairs=False,
        remark="A function 0F3 has no finite singularity at all. At the printed points the Borel transform is "
        "analytic: the equation it solves is singular at -1/4 and 0 only.",
    ),
    Claim(
        "(70)",
        "the singularities solved for",
        Form(
            r"\zeta_k = \frac{27}{256} \left( \frac{2 \pi k}{3} \right)^4 = \frac{2^{2/3} \cdot 3^{1/3}}{4} k^4 \cdot "
            r"\frac{\pi^4}{3^4} = \frac{2}{3} \cdot 2^{2/3} k^4 \frac{\pi^4}{81}",
            (
                sympy.Rational(27, 256) * (2 * sympy.pi / 3) ** 4,
                _CUBE_ROOTS / 4 * sympy.pi**4 / 81,
                sympy.Rational(2, 3) * sympy.Integer(2) ** sympy.Rational(2, 3) * sympy.pi**4 / 81,
            ),
        ),
        _chain,
        corrected=Form(r"\zeta = -\frac{1}{4}", (_MINUS_QUARTER,)),
        repairs=False,
        remark="The three members are three different numbers (the figures are for k = 1), none of them singular.",
    ),
    Claim(
        "(71)",
        "the simpler result",
        Form(
            r"\zeta_k = \frac{2}{3} \cdot 2^{2/3} \cdot k = \frac{2^{5/3}}{3} k, \quad k = 1, 2, 3, \dots",
            (_FIRST, 2 * _FIRST, 3 * _FIRST),
        ),
        _locations,
        corrected=Form(r"\zeta = -\frac{1}{4} \text{ is the only finite singularity}", (_MINUS_QUARTER,)),
        repairs=False,
        remark="Nor does it follow from (70), which grows like the fourth power of k.",
    ),
    Claim(
        "(72)",
        "the dominant singularity",
        Form(
            r"\zeta_1 = \frac{2^{5/3}}{3} = \frac{2 \sqrt[3]{4}}{3} \approx 1.0578",
            ((_FIRST, 2 * sympy.cbrt(4) / 3), "1.0578"),
        ),
        _dominant,
        corrected=Form(r"\zeta_1 = -\frac{1}{4}", ((_MINUS_QUARTER,), "-0.25")),
        repairs=False,
        remark="The singularity is the critical value at the complex critical points, on the negative axis. The closed "
        "form is 1.0583, not 1.0578.",
    ),
)
