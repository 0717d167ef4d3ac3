"""Section 2.2: asymptotic series, the Borel transform, and what it gives back (Definitions 1, 2, Theorem 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy
from flint import acb, arb, fmpq

import resurgence as rs
from resurgence.numbers import working_precision

from .certified_integrals import BITS, shown
from .claim import Claim, Evidence, Form, NotCheckable

__all__ = ["CLAIMS"]

_T = sympy.Symbol("t", positive=True)
_Z = sympy.Symbol("z", positive=True)


def _remainder_order(order: Callable[[int], int]) -> Evidence:
    """|Phi - S_N|/z^order(N) for the quartic oscillator, Phi = Z/sqrt(pi g) by Bessel functions.

    It stays bounded where it does not double while z falls 64-fold.
    """
    series = rs.models.quartic.series(8).balls(BITS + 64)
    figures, holds = [], True
    for terms in (1, 3, 6):
        ratios = []
        for inverse in (2**8, 2**14):
            z = fmpq(1, inverse)
            with working_precision(BITS + 64):
                phi = rs.models.quartic.exact(f"1/{inverse}", digits=55).ball(BITS + 64) / (acb.pi() * z).sqrt()
                partial = sum((a * z**n for n, a in enumerate(series[:terms])), acb(0))
                ratios.append(abs(phi - partial) / arb(z) ** order(terms))
        holds = holds and bool(ratios[1] < 2 * ratios[0])
        figures.append(
            (f"remainder/z^{order(terms)}, N = {terms}, z = 2^-8, 2^-14", ", ".join(shown(one, 8) for one in ratios))
        )
    return Evidence(holds, tuple(figures), "numeric")


def _converts(condition: Callable[[int], bool]) -> Evidence:
    """Whether the condition tells which of the series sum (k n)! z^n have a Borel transform that converges.

    The coefficients have Gevrey order k; the radius is the limit of b_n/b_(n+1), by sympy.
    """
    n = sympy.Symbol("n", positive=True, integer=True)
    figures, holds = [], True
    for k in (0, 1, 2, 3):
        ratio = (n + 1) * sympy.gammasimp(sympy.gamma(k * n + 1) / sympy.gamma(k * n + k + 1))
        radius = sympy.limit(sympy.simplify(ratio), n, sympy.oo)
        converges, claimed = bool(radius > 0), condition(k)
        holds = holds and converges == claimed
        figures.append((f"a_n = ({k} n)!: radius of the Borel transform", str(radius)))
    return Evidence(holds, tuple(figures), "exact")


def _is_hypergeometric(weight: Callable[[int], sympy.Expr]) -> Evidence:
    """a_n/weight(n) of the quartic oscillator against 2F1(1/4, 3/4; 1; -4 zeta), its plain Borel transform."""
    terms = 20
    coefficients = [sympy.Rational(str(a)) for a in rs.Action("x**2 + x**4").expand(terms, at=0).coefficients]
    quarter, three = sympy.Rational(1, 4), sympy.Rational(3, 4)
    wrong = []
    for n, a in enumerate(coefficients):
        taylor = sympy.rf(quarter, n) * sympy.rf(three, n) * sympy.Integer(-4) ** n / sympy.factorial(n) ** 2
        if a / weight(n) != taylor:
            wrong.append(n)
    return Evidence(
        not wrong,
        (
            (f"of {terms} coefficients of the action x^2 + x^4, those that differ from 2F1", str(len(wrong))),
            ("a_3/weight(3)", str(coefficients[3] / weight(3))),
        ),
        "exact",
    )


@dataclass(frozen=True)
class _Case:
    """A function beside its series.

    ``on_axis``: whether the Borel transform is singular on the positive axis. ``watson``: whether the function
    is its series up to C K^N N! |z|^N in a disc Re 1/z > 1/R (the condition of Nevanlinna and Sokal).
    ``recovered``: whether the Laplace integral along the axis gives this function, found by computing both.
    """

    name: str
    on_axis: bool
    watson: bool
    recovered: bool
    figure: str


def _cases() -> list[_Case]:
    """At z = 1/5: sum (-1)^n n! z^n with its own function and with another one, and sum n! z^n."""
    plain = rs.borel_sum(rs.models.euler_alternating.series(8), "1/5", digits=25).ball(BITS)
    exact = rs.models.euler_alternating.exact("1/5", digits=25).ball(BITS)
    with working_precision(BITS):
        other = exact + acb(-5).exp()
    jump = rs.jump(rs.models.euler.series(8), "1/5", digits=25).ball(BITS)
    return [
        _Case(
            "sum (-1)^n n! z^n, e^(1/z) E_1(1/z)/z", False, True, bool(plain.overlaps(exact)),
            f"{shown(plain)}, the function {shown(exact)}",
        ),
        _Case(
            "the same series, the function + e^(-1/z)", False, False, bool(plain.overlaps(other)),
            f"{shown(plain)}, the function {shown(other)}",
        ),
        _Case(
            "sum n! z^n, either lateral sum", True, False, bool(jump.contains(0)),
            f"two values that differ by {shown(jump)}",
        ),
    ]  # fmt: skip


def _recovers(hypothesis: Callable[[_Case], bool]) -> Evidence:
    """Whether the function is recovered in every case that meets the hypothesis, of which there is one at least."""
    met = [(case, hypothesis(case)) for case in _cases()]
    holds = any(meets for _, meets in met) and all(case.recovered for case, meets in met if meets)
    figures = tuple(
        (f"{case.name}{'' if meets else ' (hypothesis not met)'}: Laplace integral at z = 1/5", case.figure)
        for case, meets in met
    )
    return Evidence(holds, figures, "certified")


def _laplace_pair(arguments: tuple[sympy.Expr, sympy.Expr]) -> Evidence:
    """Both integrals on B = t^n/n!, n = 0..4, the transforms of z^n."""
    first, second = arguments
    with_first, with_second = [], []
    for n in range(5):
        with_first.append(sympy.integrate(sympy.exp(-_T) * first**n, (_T, 0, sympy.oo)) / sympy.factorial(n))
        with_second.append(
            sympy.integrate(sympy.exp(-_T / _Z) * second**n, (_T, 0, sympy.oo)) / (_Z * sympy.factorial(n))
        )
    both = [*zip(with_first, with_second, strict=True)]
    holds = all(sympy.simplify(a - _Z**n) == 0 == sympy.simplify(b - _Z**n) for n, (a, b) in enumerate(both))
    return Evidence(
        holds,
        (
            (
                "first integral of the transforms of 1, z, ..., z^4",
                ", ".join(str(sympy.simplify(a)) for a in with_first),
            ),
            ("second integral", ", ".join(str(sympy.simplify(b)) for b in with_second)),
        ),
        "exact",
    )


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    NotCheckable(
        "Definition 1",
        "asymptotic series",
        r"f(z) \sim \sum_{n=0}^{\infty} a_n z^n \quad (z \to 0)",
        "A definition; its condition is (14).",
    ),
    NotCheckable(
        "(13)",
        "asymptotic series, the notation",
        r"f(z) \sim \sum_{n=0}^{\infty} a_n z^n",
        "Notation for the condition (14).",
    ),
    Claim(
        "(14)",
        "the remainder of an asymptotic series",
        Form(r"\left| f(z) - \sum_{n=0}^{N-1} a_n z^n \right| = O(|z|^N)", lambda n: n),
        _remainder_order,
        rival=Form(r"\left| f(z) - \sum_{n=0}^{N-1} a_n z^n \right| = O(|z|^{N+1})", lambda n: n + 1),
        remark="Checked on the quartic oscillator. It leaves f undetermined up to what is smaller than every power, "
        "see Theorem 1.",
    ),
    Claim(
        "Definition 2",
        "what the Borel transform converts",
        Form(r"\mathcal{B}[f] \text{ converges, whatever the asymptotic series}", lambda k: True),
        _converts,
        corrected=Form(r"\mathcal{B}[f] \text{ converges if and only if } |a_n| \leq C K^n\, n!", lambda k: k <= 1),
        remark="The series has to be of Gevrey order one. Expansions of integrals at nondegenerate critical points "
        "are.",
    ),
    Claim(
        "(15)",
        "the Borel transform",
        Form(
            r"\mathcal{B}[f](\zeta) = \sum_{n=0}^{\infty} \frac{a_n}{\Gamma(n+1)}\,\zeta^n",
            lambda n: sympy.gamma(n + 1),
        ),
        _is_hypergeometric,
        rival=Form(
            r"\mathcal{B}[f](\zeta) = \sum_{n=0}^{\infty} \frac{a_n}{\Gamma(n+2)}\,\zeta^n",
            lambda n: sympy.gamma(n + 2),
        ),
        remark="A definition; checked where the transform has a closed form.",
    ),
    Claim(
        "Theorem 1",
        "when the Laplace integral recovers f",
        Form(
            r"\mathcal{B}[f] \text{ is singular on the positive axis only} \Rightarrow f \text{ is recovered}",
            lambda case: case.on_axis,
        ),
        _recovers,
        corrected=Form(
            r"\mathcal{B}[f] \text{ is regular on the positive axis, and } \left| f - S_N \right| \leq C K^N N!\,|z|^N "
            r"\text{ for } \mathrm{Re}\,\frac{1}{z} > \frac{1}{R} \Rightarrow f \text{ is recovered}",
            lambda case: not case.on_axis and case.watson,
        ),
        remark="The positive axis is where there must be no singularity; with one, the two lateral sums differ. And "
        "a series alone does not determine f: exp(-1/z) has the series 0. The condition is Nevanlinna's (Sokal "
        "1980, J. Math. Phys. 21, 261).",
    ),
    Claim(
        "(16)",
        "the two forms of the Laplace integral",
        Form(
            r"f(z) = \int_0^\infty e^{-t}\,\mathcal{B}[f](t)\,dt = \frac{1}{z}\int_0^\infty e^{-t/z}\,"
            r"\mathcal{B}[f]\left(\frac{t}{z}\right) dt",
            (_T, _T / _Z),
        ),
        _laplace_pair,
        corrected=Form(
            r"f(z) = \int_0^\infty e^{-t}\,\mathcal{B}[f](tz)\,dt = \frac{1}{z}\int_0^\infty "
            r"e^{-t/z}\,\mathcal{B}[f](t)\,dt",
            (_T * _Z, _T),
        ),
        remark="As printed neither integral depends on z; (46) has the arguments right.",
    ),
)
