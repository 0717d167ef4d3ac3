r"""Appendix D.4 to D.6: lateral sums, the trans-series and Borel-Padé sums of the quartic oscillator.

The Borel transform is singular at -1/4 alone: the Stokes line is g < 0, and for g > 0 the Borel sum is the integral.
Across the Stokes line, with g = -h,

    S_above Phi - S_below Phi = i sqrt(2) exp(-1/(4h)) Phi(h).

Sums and jumps are those of the core, in balls; they are compared with the integral itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import comb, factorial
from typing import Any

import sympy
from flint import acb, arb, fmpq

import resurgence as rs
from resurgence.numbers import ball, working_precision

from .claim import Claim, Evidence, Form
from .quartic_oscillator import (
    ACTION,
    BITS,
    coefficients,
    exactly,
    partition_function,
    shown,
    singular_points,
)

__all__ = ["CLAIMS", "PRINTED_CONSTANT", "PRINTED_SINGULARITY", "borel_pade", "borel_sum", "gaussian"]

#: zeta_1 of (72) and A_1 of (79), as they are printed.
PRINTED_SINGULARITY = sympy.Integer(2) ** sympy.Rational(5, 3) / 3
PRINTED_CONSTANT = 2 * sympy.sqrt(sympy.pi) / sympy.Integer(3) ** sympy.Rational(1, 4)

#: Digits of the sums.
_DIGITS = 25

#: The coupling of most comparisons.
_G = Fraction(1, 10)


def gaussian(g: Fraction) -> arb:
    """sqrt(pi g), the integral of exp(-x^2/g)."""
    with working_precision(BITS):
        return (arb.pi() * exactly(g)).sqrt()


@lru_cache(maxsize=1)
def _stripped() -> rs.FormalSeries:
    """Phi = sum a_k g^k, without its prefactor."""
    return ACTION.expand(1, at=0).stripped()


def _ball(value: rs.Enclosure) -> acb:
    return value.ball(BITS)


@lru_cache(maxsize=16)
def borel_sum(g: Fraction, direction: Fraction = Fraction(0)) -> acb:
    """The Laplace integral of the Borel transform over g, (1/g) int exp(-t/g) B(t) dt, along a direction in radians."""
    return _ball(rs.borel_sum(_stripped(), g, _DIGITS, direction=direction))


@lru_cache(maxsize=8)
def _jump(g: Fraction) -> acb:
    """The sum of Phi above the ray through g less that below it."""
    return _ball(rs.jump(_stripped(), g, _DIGITS))


def borel_pade(terms: Sequence[Fraction], m: int, n: int, g: Fraction) -> arb:
    """(1/g) int_0^inf exp(-t/g) P(t)/Q(t) dt with the [m/n] approximant of sum terms[k] t^k/k!, in a ball.

    Beyond the end of the quadrature |P/Q| is at most the largest |P_k|/Q_k, since every Q_k is positive.

    Raises
    ------
    ValueError
        There is a pole on the positive axis, or a coefficient of Q is not positive: nothing is known of the tail.

    Examples
    --------
    >>> shown(borel_pade(coefficients(6), 2, 3, Fraction(1, 10)))
    '0.944488471222'
    """
    approximant = rs.FormalSeries(terms).borel().pade(m, n)
    top = [Fraction(str(c)) for c in approximant.numerator]
    bottom = [Fraction(str(c)) for c in approximant.denominator]
    if len(top) > len(bottom) or min(bottom) <= 0:
        raise ValueError(
            f"the [{m}/{n}] approximant has a denominator with coefficients {', '.join(map(str, bottom))}: "
            "they have to be positive, and as many as those of the numerator, for its Laplace integral to be enclosed"
        )
    with working_precision(BITS + 32):
        coupling = exactly(g)
        p, q = [exactly(c) for c in top], [exactly(c) for c in bottom]

        def integrand(s: acb, _: bool) -> acb:
            t = coupling * s
            return (-s).exp() * _horner(p, t) / _horner(q, t)

        inside = acb.integral(integrand, acb(0), acb(BITS)).real
        beyond = exactly(max(abs(a) / b for a, b in zip(top, bottom, strict=False))) * arb(-BITS).exp()
        return inside + beyond * arb(0, 1)


def _horner(polynomial: Sequence[arb], t: acb) -> acb:
    value = acb(0)
    for c in reversed(polynomial):
        value = value * t + c
    return value


def _same(name: str, value: acb | arb, other: acb | arb) -> tuple[bool, tuple[str, str]]:
    return bool(acb(value).overlaps(acb(other))), (name, f"{shown(value)} and {shown(other)}")


# ---------------------------------------------------------------------------------------------------------------------
# (73) to (79): lateral sums and the Stokes constant


def _on_the_path(sign: int) -> Evidence:
    """Whether the lateral sums differ across the ray through sign/10: a singularity on the path makes them differ."""
    jump = _jump(sign * _G)
    name = f"sum above less sum below the ray, g = {sign * _G}"
    return Evidence(not jump.contains(0), ((name, shown(jump)),), "certified")


def _resummed(prefactor: Callable[[arb], arb]) -> Evidence:
    """Whether the prefactor times the Laplace integral of the Borel transform is Z."""
    met = []
    for g in (_G, Fraction(2)):
        with working_precision(BITS):
            value = prefactor(exactly(g)) * borel_sum(g)
            met.append(_same(f"the right side at g = {g}, and Z(g)", value.real, partition_function(g)))
    return Evidence(all(holds for holds, _ in met), tuple(figure for _, figure in met), "certified")


def _lateral(prefactor: Callable[[arb], arb]) -> Evidence:
    """Whether the sums along rays on both sides of the axis are Z."""
    met = []
    for direction in (Fraction(1, 5), Fraction(-1, 5)):
        with working_precision(BITS):
            value = prefactor(exactly(_G)) * borel_sum(_G, direction)
            met.append(_same(f"along arg t = {direction}, g = {_G}, and Z(g)", value, acb(partition_function(_G))))
    return Evidence(all(holds for holds, _ in met), tuple(figure for _, figure in met), "certified")


def _discontinuity(formula: Callable[[Fraction], acb]) -> Evidence:
    """The jump of Phi across the Stokes line at g = -h, as a function of h."""
    met = []
    for h in (_G, Fraction(1, 2)):
        with working_precision(BITS):
            met.append(_same(f"right side, and jump of Phi, at g = {-h}", formula(h), _jump(-h)))
    return Evidence(all(holds for holds, _ in met), tuple(figure for _, figure in met), "certified")


def _residues(_: Fraction) -> acb:
    """The right side of (75): the residues at a logarithmic branch point and at regular points are 0."""
    return acb(0)


def _beyond_all_orders(h: Fraction) -> acb:
    """i sqrt(2) exp(-1/(4h)) Phi(h), with Phi(h) from the integral."""
    phi = partition_function(h) / gaussian(h)
    return acb(0, arb(2).sqrt() * (-1 / (4 * exactly(h))).exp() * phi)


def _hypergeometric(t: acb) -> acb:
    """The Borel transform 2F1(1/4, 3/4; 1; -4t)."""
    return (-4 * t).hypgeom_2f1(acb(fmpq(1, 4)), acb(fmpq(3, 4)), acb(1))


def _derivative(t: acb) -> acb:
    """Its derivative, -3/4 2F1(5/4, 7/4; 2; -4t)."""
    return acb(fmpq(-3, 4)) * (-4 * t).hypgeom_2f1(acb(fmpq(5, 4)), acb(fmpq(7, 4)), acb(2))


def _residue(value: tuple[sympy.Expr, sympy.Expr]) -> Evidence:
    """Whether 1/(2 pi i) times the integral of exp(-t/g) B(t) around a circle about a point is A exp(-point/g)."""
    point, constant = value
    with working_precision(64):
        centre, radius, g = ball(point, 64), acb(fmpq(1, 2)), exactly(_G)

        def integrand(angle: acb, _: bool) -> acb:
            offset = radius * (angle * acb(0, 1)).exp()
            return (-(centre + offset) / g).exp() * _hypergeometric(centre + offset) * offset

        turn = 2 * acb.pi()
        residue = acb.integral(integrand, acb(0), turn, rel_tol=arb(2) ** -40, abs_tol=arb(2) ** -40) / turn
        claimed = ball(constant, 64) * (-centre / g).exp()
        size = max(abs(residue.real).upper(), abs(residue.imag).upper())
        figures = (
            ("residue at g = 1/10 by the integral around the circle of radius 1/2", f"0 within {shown(size, 3)}"),
            ("right side", shown(claimed)),
        )
        return Evidence(bool(residue.overlaps(claimed)), figures, "certified")


def _nature(value: tuple[sympy.Expr, Fraction]) -> Evidence:
    """Whether the singular point nearest to 0 is this one, with this exponent: (1 - t/A)^exponent, or a logarithm."""
    nearest = min(singular_points(), key=lambda point: abs(point.location))
    kind = f"exponent {nearest.exponent}" + (" (a logarithm)" if nearest.exponent == 0 else "")
    return Evidence(
        (nearest.location, nearest.exponent) == value,
        (("singular point nearest to 0", f"{nearest.location}, {kind}"),),
        "certified",
    )


#: Distances from the singular point, as powers of 2, and how much a quantity with a limit may still change.
_NEAR, _STABLE = (-20, -40), Fraction(1, 1000)


def _limit(value: tuple[sympy.Expr, Callable[[acb, acb, acb], acb]]) -> Evidence:
    """Whether a quantity made of t - A, B(t) and B'(t) has a limit other than 0 as t tends to A."""
    point, quantity = value
    with working_precision(4 * BITS):
        near = []
        for power in _NEAR:
            distance = acb(2) ** power
            t = ball(point, 4 * BITS) + distance
            near.append(quantity(distance, _hypergeometric(t), _derivative(t)))
        change = abs(near[1] - near[0])
        figures = tuple(
            (f"the quantity at a distance of 2^{power}", shown(one)) for power, one in zip(_NEAR, near, strict=True)
        )
        return Evidence(bool(change <= exactly(_STABLE) * abs(near[1])), figures, "numeric")


def _stokes_constant(value: tuple[sympy.Expr, sympy.Expr]) -> Evidence:
    """Whether a number is the Stokes constant, and rounds to the decimal number beside it, of three places."""
    constant, decimal = value
    (point,) = singular_points()
    order = 80
    with working_precision(BITS):
        certified = _ball(point.stokes_constant)
        # a_n ~ (S / 2 pi i) Gamma(n)/A^n
        late = acb(0, 2) * acb.pi() * exactly(coefficients(order + 1)[order] * Fraction(-1, 4) ** order)
        late = late / factorial(order - 1)
        rounds = abs(sympy.N(constant - decimal)) <= sympy.Rational(1, 2000)
        figures = (
            ("the number given", shown(ball(constant, BITS))),
            ("Stokes constant at -1/4", shown(certified)),
            (f"2 pi i a_n A^n/Gamma(n) at n = {order}", shown(late)),
        )
        return Evidence(bool(rounds) and bool(ball(constant, BITS).overlaps(certified)), figures, "certified")


# ---------------------------------------------------------------------------------------------------------------------
# (80) to (84): sectors


def _sum_of_sectors(further: Callable[[Fraction], arb]) -> Evidence:
    """Whether Z(g) is the Borel sum of its perturbative sector and these further terms."""
    met = []
    for g in (_G, Fraction(2)):
        with working_precision(BITS):
            value = gaussian(g) * borel_sum(g).real + further(g)
            met.append(_same(f"all sectors at g = {g}, and Z(g)", value, partition_function(g)))
    return Evidence(all(holds for holds, _ in met), tuple(figure for _, figure in met), "certified")


def _saddle_sector(count: int) -> tuple[Fraction, ...]:
    """The coefficients of the series at x = i/sqrt(2), exactly."""
    series = ACTION.expand(count, at=sympy.I / sympy.sqrt(2))
    return tuple(Fraction(str(c)) for c in series.coefficients)


Sectors = tuple[tuple[sympy.Expr, ...], Callable[[int], Fraction] | None]


def _sectors(value: Sectors) -> Evidence:
    """Whether the actions of the sectors are critical values other than 0, and their coefficients those at a saddle."""
    actions, coefficient = value
    allowed = {critical.value for critical in ACTION.critical_values()} - {sympy.S.Zero}
    right = _saddle_sector(8)
    figures = [
        ("actions of the formal solutions other than 0", ", ".join(map(str, allowed))),
        ("coefficients at x = i/sqrt(2)", ", ".join(map(str, right[:4]))),
    ]
    holds = set(actions) <= allowed
    if coefficient is not None:
        given = [coefficient(n) for n in range(len(right))]
        figures.append(("coefficients given", ", ".join(map(str, given[:4]))))
        holds = holds and given == list(right)
    return Evidence(holds, tuple(figures), "exact")


def _printed_recursion(count: int, first: sympy.Expr) -> list[sympy.Expr]:
    """a_n^(1) by (83) and (84), from a_0^(1) on."""
    a, sector = coefficients(count), [first]
    for n in range(1, count):
        alien = sum(comb(n - 1, m) * sympy.Rational(str(a[m])) * sector[n - 1 - m] for m in range(n))
        sector.append(sympy.expand(alien / PRINTED_SINGULARITY**n))
    return sector


def _sector_coefficients(sector: Callable[[int], Sequence[sympy.Expr]]) -> Evidence:
    """Whether these are the coefficients of the series at the saddle x = i/sqrt(2)."""
    right = _saddle_sector(5)
    given = sector(len(right))
    figures = tuple(
        (f"coefficient {n} given, and at the saddle", f"{float(given[n]):.6g} and {right[n]}") for n in (1, 2, 3, 4)
    )
    same = all(sympy.simplify(c - sympy.Rational(str(r))) == 0 for c, r in zip(given, right, strict=True))
    return Evidence(same, figures, "exact")


#: The coefficient whose large-order relation is taken, the terms of the relation, and the relative error allowed.
_LATE, _TERMS, _CLOSE = 60, 15, 1e-6


def _large_order(sector: Callable[[int], Sequence[sympy.Expr]]) -> Evidence:
    """Whether a_n = (S/2 pi i) sum_k c_k Gamma(n - k)/A^(n - k) with these c_k, to the accuracy of the sum."""
    (point,) = singular_points()
    c = sector(_TERMS)
    with working_precision(BITS):
        total = acb(0)
        for k in range(_TERMS):
            weight = Fraction(factorial(_LATE - k - 1)) * Fraction(-4) ** (_LATE - k)
            total += ball(c[k], BITS) * exactly(weight)
        total = total * _ball(point.stokes_constant) / (acb(0, 2) * acb.pi())
        right = exactly(coefficients(_LATE + 1)[_LATE])
        error = abs(total / right - 1)
        figures = (
            (f"a_{_LATE}", shown(right)),
            (f"a_{_LATE} from {_TERMS} coefficients of the other sector", shown(total)),
            ("relative difference", shown(error, 3)),
        )
        return Evidence(bool(error < _CLOSE), figures, "numeric")


# ---------------------------------------------------------------------------------------------------------------------
# (85) and (86): Borel-Padé


def _matched(count: Callable[[int, int], int]) -> Evidence:
    """How many coefficients of the Borel transform the [m/n] approximant has: the order of Q B - P."""
    holds, figures = True, []
    b = [a / factorial(k) for k, a in enumerate(coefficients(24))]
    series = rs.FormalSeries(coefficients(24)).borel()
    for m, n in ((1, 1), (2, 3), (4, 4), (5, 6)):
        approximant = series.pade(m, n)
        p, q = ([Fraction(str(c)) for c in side] for side in (approximant.numerator, approximant.denominator))
        p += [Fraction(0)] * (len(b) - len(p))
        rest = [sum((q[j] * b[k - j] for j in range(min(k, n) + 1)), Fraction(0)) - p[k] for k in range(len(b))]
        order = next(k for k, c in enumerate(rest) if c != 0)
        holds = holds and order == count(m, n)
        figures.append((f"order of Q B - P for [{m}/{n}], and coefficients as stated", f"{order} and {count(m, n)}"))
    return Evidence(holds, tuple(figures), "exact")


#: Orders whose Borel-Padé sums are compared with Z, and the relative error of the last.
_ORDERS, _ACCURATE = ((2, 3), (6, 6), (12, 12)), 1e-6


def _pade_sum(prefactor: Callable[[arb], arb]) -> Evidence:
    """Whether the prefactor times the Laplace integral of approximants tends to Z as their orders grow."""
    errors, figures = [], []
    for m, n in _ORDERS:
        value = borel_pade(coefficients(25), m, n, _G)
        with working_precision(BITS):
            value = prefactor(exactly(_G)) * value
            errors.append(abs(value / partition_function(_G) - 1))
            figures.append((f"[{m}/{n}] at g = {_G}, and Z(g)", f"{shown(value)} and {shown(partition_function(_G))}"))
    falling = all(bool(after < before) for before, after in pairwise(errors))
    return Evidence(falling and bool(errors[-1] < _ACCURATE), tuple(figures), "certified")


def _root(g: arb) -> arb:
    return (arb.pi() * g).sqrt()


def _one(_: arb) -> arb:
    return arb(1)


_MINUS_QUARTER = sympy.Rational(-1, 4)
_S = sympy.I * sympy.sqrt(2)


def _no_sector(_: Fraction) -> arb:
    return arb(0)


def _printed_sector(g: Fraction) -> arb:
    """The first further sector of (82), by its leading term A_1 exp(-zeta_1/g) sqrt(pi g)."""
    constant, location = (ball(x, BITS).real for x in (PRINTED_CONSTANT, PRINTED_SINGULARITY))
    return constant * (-location / exactly(g)).exp() * gaussian(g)


def _alternating(count: int) -> list[sympy.Expr]:
    return [sympy.Rational(str((-1) ** n * a)) for n, a in enumerate(coefficients(count))]


CLAIMS: tuple[Claim[Any], ...] = (
    Claim(
        "(73)",
        "back from the Borel plane",
        Form(r"Z(g) = \frac{1}{g} \int_0^{\infty} e^{-t/g} \mathcal{B}[Z](t)\, dt", _one),
        _resummed,
        corrected=Form(
            r"Z(g) = \sqrt{\pi g}\, \frac{1}{g} \int_0^{\infty} e^{-t/g} \mathcal{B}[Z](t)\, dt",
            _root,
        ),
        remark="The series that is transformed is that without the prefactor. With it, nothing is ambiguous and "
        "nothing is missing for g > 0.",
    ),
    Claim(
        "Appendix D.4, after (73)",
        "a singularity on the path",
        Form(r"\text{for } g > 0 \text{ the path meets a singularity: } Z_+(g) \neq Z_-(g)", 1),
        _on_the_path,
        corrected=Form(r"\text{for } g < 0 \text{ the path meets a singularity: } Z_+(g) \neq Z_-(g)", -1),
        repairs=False,
        remark="The Stokes line is the negative axis. For g > 0 the two sums agree exactly, and no ambiguity has to be "
        "cancelled.",
    ),
    Claim(
        "(74)",
        "lateral sums",
        Form(
            r"Z_{\pm}(g) = \frac{1}{g} \int_0^{\infty e^{\pm i \epsilon}} e^{-t/g} \mathcal{B}[Z](t)\, dt",
            _one,
        ),
        _lateral,
        corrected=Form(
            r"Z_{\pm}(g) = \frac{\sqrt{\pi g}}{g} \int_0^{\infty e^{\pm i \epsilon}} e^{-t/g} \mathcal{B}[Z](t)\, dt = "
            r"Z(g)",
            _root,
        ),
        remark="The integrals exist, and for g > 0 both are the integral itself, once the prefactor is there.",
    ),
    Claim(
        "(75)",
        "the discontinuity",
        Form(
            r"Z_+(g) - Z_-(g) = \frac{2 \pi i}{g} \sum_{k=1}^{\infty} \mathrm{Res}_{t = \zeta_k} \left[ e^{-t/g} "
            r"\mathcal{B}[Z](t) \right]",
            _residues,
        ),
        _discontinuity,
        corrected=Form(
            r"S_+ \Phi - S_- \Phi = i \sqrt{2}\, e^{-1/(4h)} \Phi(h), \quad g = -h, \quad Z = \sqrt{\pi g}\, \Phi",
            _beyond_all_orders,
        ),
        repairs=False,
        rival=Form(
            r"S_+ \Phi - S_- \Phi = -i \sqrt{2}\, e^{-1/(4h)} \Phi(h), \quad g = -h",
            lambda h: -_beyond_all_orders(h),
        ),
        remark="Residues belong to poles; there are none. A logarithmic branch point has residue 0, and its "
        "discontinuity is the integral along the cut. On a pole the sign would be the opposite one, since the path "
        "above less the path below runs clockwise.",
    ),
    Claim(
        "(76)",
        "the residue at the printed singularity",
        Form(
            r"\mathrm{Res}_{t = \zeta_1} \left[ e^{-t/g} \mathcal{B}[Z](t) \right] = A_1 e^{-\zeta_1/g}",
            (PRINTED_SINGULARITY, PRINTED_CONSTANT),
        ),
        _residue,
        corrected=Form(
            r"\mathrm{Res}_{t = \zeta_1} \left[ e^{-t/g} \mathcal{B}[Z](t) \right] = 0",
            (PRINTED_SINGULARITY, sympy.S.Zero),
        ),
        repairs=False,
        remark="The Borel transform is analytic at the printed point.",
    ),
    Claim(
        "(77)",
        "the nature of the singularity",
        Form(
            r"\mathcal{B}[Z](t) \approx \frac{A_1}{(t - \zeta_1)^{1/2}} + \text{regular terms}",
            (PRINTED_SINGULARITY, Fraction(-1, 2)),
        ),
        _nature,
        corrected=Form(
            r"\mathcal{B}[Z](t) \approx -\frac{S}{2 \pi i} \log(1 + 4t) + \text{regular terms}",
            (_MINUS_QUARTER, Fraction(0)),
        ),
        repairs=False,
        rival=Form(
            r"\mathcal{B}[Z](t) \approx \frac{A_1}{(1 + 4t)^{1/2}} + \text{regular terms}",
            (_MINUS_QUARTER, Fraction(-1, 2)),
        ),
        remark="At a simple critical value the Borel transform of such an integral, without its prefactor, has a "
        "logarithm.",
    ),
    Claim(
        "(78)",
        "the constant as a limit",
        Form(
            r"A_1 = \lim_{t \rightarrow \zeta_1} (t - \zeta_1)^{1/2} \mathcal{B}[Z](t) \neq 0",
            (PRINTED_SINGULARITY, lambda distance, b, db: distance.sqrt() * b),
        ),
        _limit,
        corrected=Form(
            r"S = -2 \pi i \lim_{t \rightarrow -1/4} \left( t + \frac{1}{4} \right) \mathcal{B}[Z]'(t) \neq 0",
            (_MINUS_QUARTER, lambda distance, b, db: -2 * acb.pi() * acb(0, 1) * distance * db),
        ),
        repairs=False,
        rival=Form(
            r"A_1 = \lim_{t \rightarrow -1/4} \left( t + \frac{1}{4} \right)^{1/2} \mathcal{B}[Z](t) \neq 0",
            (_MINUS_QUARTER, lambda distance, b, db: distance.sqrt() * b),
        ),
        remark="The printed limit is 0.",
    ),
    Claim(
        "(79)",
        "the Stokes constant",
        Form(
            r"A_1 = \frac{2 \sqrt{\pi}}{3^{1/4}} \approx 2.128",
            (PRINTED_CONSTANT, sympy.Rational("2.128")),
        ),
        _stokes_constant,
        corrected=Form(r"S = i \sqrt{2} \approx 1.414\, i", (_S, sympy.I * sympy.Rational("1.414"))),
        repairs=False,
        rival=Form(r"S = -i \sqrt{2} \approx -1.414\, i", (-_S, -sympy.I * sympy.Rational("1.414"))),
        remark="Two saddles, times the ratio 1/sqrt(2) of their Gaussian factors to that of x = 0. The printed "
        "formula is 2.693, not 2.128.",
    ),
    Claim(
        "(80)",
        "the trans-series",
        Form(
            r"Z(g) = Z^{(0)}(g) + \sum_{k=1}^{\infty} Z^{(k)}(g)",
            _printed_sector,
        ),
        _sum_of_sectors,
        corrected=Form(r"Z(g) = Z^{(0)}(g), \quad g > 0, \text{ Borel summed}", _no_sector),
        repairs=False,
        remark="The first further sector is taken by its leading term, with the printed constant. Any addition would "
        "be an error: for g > 0 the integration path is the thimble of x = 0 alone.",
    ),
    Claim(
        "(81)",
        "the perturbative sector",
        Form(r"Z^{(0)}(g) = \sqrt{\pi g} \sum_{n=0}^{\infty} a_n g^n", _root),
        _resummed,
        rival=Form(r"Z^{(0)}(g) = \sqrt{\pi} \sum_{n=0}^{\infty} a_n g^n", lambda g: arb.pi().sqrt()),
        remark="With the right a_n; its Borel sum is Z(g), all of it.",
    ),
    Claim(
        "(82)",
        "the other sectors",
        Form(
            r"Z^{(k)}(g) = A_k e^{-k \zeta_1/g} \sqrt{\pi g} \sum_{n=0}^{\infty} a_n^{(k)} g^n, \quad k = 1, 2, \dots",
            (tuple(k * PRINTED_SINGULARITY for k in (1, 2, 3)), None),
        ),
        _sectors,
        corrected=Form(
            r"Z^{(1)}(g) = e^{1/(4g)} \sqrt{\pi g} \sum_{n=0}^{\infty} (-1)^n a_n g^n \text{ alone, up to a constant}",
            ((_MINUS_QUARTER,), lambda n: (-1) ** n * coefficients(n + 1)[n]),
        ),
        repairs=False,
        rival=Form(
            r"Z^{(1)}(g) = e^{1/(4g)} \sqrt{\pi g} \sum_{n=0}^{\infty} a_n g^n \text{ alone, up to a constant}",
            ((_MINUS_QUARTER,), lambda n: coefficients(n + 1)[n]),
        ),
        remark="Z solves a linear equation: one sector for each critical value, no multiples k. That of the complex "
        "saddles grows like exp(1/(4g)) for g > 0.",
    ),
    Claim(
        "(83)",
        "coefficients of the next sector",
        Form(
            r"a_n^{(1)} = \frac{\Delta_1 a_n}{\zeta_1^n}",
            lambda count: _printed_recursion(count, sympy.S.One),
        ),
        _sector_coefficients,
        corrected=Form(r"a_n^{(1)} = (-1)^n a_n", _alternating),
        repairs=False,
        remark="With Delta_1 a_n of (84) and the normalisation a_0^(1) = 1. An alien derivative acts on a series, "
        "not on its coefficients.",
    ),
    Claim(
        "(84)",
        "the alien derivative",
        Form(
            r"\Delta_1 a_n = \sum_{m=0}^{n-1} \binom{n-1}{m} a_m a_{n-1-m}^{(1)}",
            lambda count: _printed_recursion(count, sympy.S.Zero),
        ),
        _large_order,
        corrected=Form(
            r"\Delta_{-1/4} \Phi = i \sqrt{2}\, \Phi^{(1)}, \quad \Phi^{(1)}(g) = \Phi(-g)",
            _alternating,
        ),
        repairs=False,
        rival=Form(
            r"\Delta_{-1/4} \Phi = i \sqrt{2}\, \Phi",
            lambda count: [sympy.Rational(str(a)) for a in coefficients(count)],
        ),
        remark="For n = 0 the printed sum is empty; with (83) then a_0^(1) = 0 and, one after the other, every "
        "a_n^(1) = 0. The problem is linear: there are no products of coefficients. The large orders of a_n show "
        "Phi(-g).",
    ),
    Claim(
        "(85)",
        "Padé approximants",
        Form(
            r"\mathcal{B}^{[M/N]}(\zeta) = \frac{P_M(\zeta)}{Q_N(\zeta)} \text{ matches } M + N + 1 \text{ terms}",
            lambda m, n: m + n + 1,
        ),
        _matched,
        rival=Form(
            r"\mathcal{B}^{[M/N]}(\zeta) = \frac{P_M(\zeta)}{Q_N(\zeta)} \text{ matches } M + N + 2 \text{ terms}",
            lambda m, n: m + n + 2,
        ),
    ),
    Claim(
        "(86)",
        "the resummed function",
        Form(
            r"Z^{[M/N]}(g) = \frac{1}{g} \int_0^{\infty} e^{-t/g} \mathcal{B}^{[M/N]}(t)\, dt",
            _one,
        ),
        _pade_sum,
        corrected=Form(
            r"Z^{[M/N]}(g) = \frac{\sqrt{\pi g}}{g} \int_0^{\infty} e^{-t/g} \mathcal{B}^{[M/N]}(t)\, dt",
            _root,
        ),
        remark="The prefactor is missing, as in (73). The approximants converge: the Borel transform is a Stieltjes "
        "function.",
    ),
)
