r"""Appendix D.7: Table 1 cell by cell, and what the paper says of the errors.

A printed cell is right where it is the value of its column to the four decimals it has. The values: the integral itself
by quadrature in balls; its asymptotic series, with exact coefficients, cut after five terms; the Laplace integral of
the [2/3] Padé approximant by quadrature in balls. Nothing is to be added to the Borel sum for g > 0, so that the last
column has the values of the first. The corrected cells are computed by other formulas than the values they are
compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import factorial
from typing import Any

import sympy
from flint import acb, arb, fmpq

import resurgence as rs
from resurgence.numbers import ball, working_precision

from .claim import Claim, Evidence, Form
from .quartic_oscillator import BITS, coefficients, exactly, partition_function, shown
from .quartic_transseries import PRINTED_CONSTANT, PRINTED_SINGULARITY, borel_pade, borel_sum, gaussian

__all__ = ["CLAIMS", "PRINTED", "five_terms", "pade_two_three"]

#: g, and the printed cells: exact Z(g), asymptotic (5 terms), Borel-Padé [2/3], full trans-series.
PRINTED: tuple[tuple[Fraction, tuple[str, str, str, str]], ...] = (
    (Fraction(1, 10), ("1.7724", "1.7023", "1.7721", "1.7724")),
    (Fraction(1, 20), ("1.2533", "1.1584", "1.2531", "1.2533")),
    (Fraction(1, 100), ("0.5606", "0.4524", "0.5605", "0.5606")),
    (Fraction(1, 200), ("0.3960", "0.2883", "0.3959", "0.3960")),
)

#: Half a unit of the fourth decimal.
_ROUNDING = Fraction(1, 20_000)

_TERMS = 5


def five_terms(g: Fraction) -> arb:
    """The asymptotic series of Z, its first five terms.

    >>> shown(five_terms(Fraction(1, 10)), 6)
    '0.540172'
    """
    with working_precision(BITS):
        return gaussian(g) * exactly(sum((a * g**k for k, a in enumerate(coefficients(_TERMS))), Fraction(0)))


def pade_two_three(g: Fraction) -> arb:
    """The Borel-Padé [2/3] sum of the series of Z.

    >>> shown(pade_two_three(Fraction(1, 10)), 6)
    '0.529385'
    """
    value = borel_pade(coefficients(6), 2, 3, g)
    with working_precision(BITS):
        return gaussian(g) * value


# ---------------------------------------------------------------------------------------------------------------------
# The corrected cells


def _by_bessel(g: Fraction) -> arb:
    """exp(1/(8g)) K_(1/4)(1/(8g))/2 (DLMF 12.5.1 and 12.7.10)."""
    t = acb(1 / (8 * exactly(g)))
    return (t.exp() * t.bessel_k(acb(fmpq(1, 4)))).real / 2


def _by_factorials(g: Fraction) -> arb:
    """Five terms with the coefficients (-1)^k (4k)!/(16^k (2k)! k!)."""
    terms = (Fraction((-1) ** k * factorial(4 * k), 16**k * factorial(2 * k) * factorial(k)) for k in range(_TERMS))
    return gaussian(g) * exactly(sum((a * g**k for k, a in enumerate(terms)), Fraction(0)))


def _by_partial_fractions(g: Fraction) -> arb:
    """The [2/3] sum, pole by pole: (1/g) int exp(-t/g) r/(t + p) dt = (r/g) U(1, 1, p/g) (DLMF 13.4.4)."""
    total, coupling = arb(0), exactly(g)
    for pole in rs.FormalSeries(coefficients(6)).borel().pade(2, 3).poles(digits=30):
        x = -pole.location.ball(BITS) / coupling
        total += (pole.residue.ball(BITS) * x.hypgeom_u(acb(1), acb(1))).real / coupling
    return gaussian(g) * total


def _by_borel_sum(g: Fraction) -> arb:
    return gaussian(g) * borel_sum(g).real


Cell = Callable[[], arb]


def _cell(g: Fraction, right: Callable[[Fraction], arb]) -> Callable[[Cell], Evidence]:
    def check(cell: Cell) -> Evidence:
        """Whether the cell is the value of its column to four decimals."""
        value = right(g)
        with working_precision(BITS):
            given = cell()
            holds = bool(abs(given - value) <= exactly(_ROUNDING))
            figures = (
                ("the value", shown(value, 8)),
                ("the cell", shown(given, 8)),
                ("cell over value", shown(given / value, 5)),
                ("sqrt(10 pi g)", shown((10 * arb.pi() * exactly(g)).sqrt(), 6)),
            )
        return Evidence(holds, figures, "certified")

    return check


#: Column, how it is computed, how it is corrected, and the corrected statement for a g.
_COLUMNS: tuple[tuple[str, Callable[[Fraction], arb], Callable[[Fraction], arb], str, str], ...] = (
    (
        "exact",
        partition_function,
        _by_bessel,
        r"Z(%s) = \frac{1}{2} e^{1/(8g)} K_{1/4}\left( \frac{1}{8g} \right)",
        "The integral itself.",
    ),
    (
        "five terms",
        five_terms,
        _by_factorials,
        r"Z_5(%s) = \sqrt{\pi g} \sum_{k=0}^{4} (-1)^k \frac{(4k)!}{16^k (2k)!\, k!} g^k",
        "The sum of the first five terms of the asymptotic series.",
    ),
    (
        "Borel-Padé [2/3]",
        pade_two_three,
        _by_partial_fractions,
        r"Z^{[2/3]}(%s) = \frac{\sqrt{\pi g}}{g} \int_0^{\infty} e^{-t/g} \mathcal{B}^{[2/3]}(t)\, dt",
        "From the first six coefficients.",
    ),
    (
        "full trans-series",
        partition_function,
        _by_borel_sum,
        r"Z(%s) = \frac{\sqrt{\pi g}}{g} \int_0^{\infty} e^{-t/g} \mathcal{B}[Z](t)\, dt",
        "For g > 0 the trans-series is its perturbative sector, whose Borel sum is the integral.",
    ),
)

_SYMBOLS = ("Z", "Z_5", r"Z^{[2/3]}", "Z")


def _cells() -> tuple[Claim[Cell], ...]:
    claims: list[Claim[Cell]] = []
    for g, row in PRINTED:
        decimal = f"{float(g):g}"
        for symbol, text, (column, right, corrected, latex, remark) in zip(_SYMBOLS, row, _COLUMNS, strict=True):
            claims.append(
                Claim(
                    f"Table 1, g = {decimal}, {column}",
                    f"{column} at g = {decimal}",
                    Form(f"{symbol}({decimal}) = {text}", partial(arb, text)),
                    _cell(g, right),
                    corrected=Form((latex % decimal) + rf", \quad g = {decimal}", partial(corrected, g)),
                    repairs=False,
                    remark=remark,
                )
            )
    return tuple(claims)


# ---------------------------------------------------------------------------------------------------------------------
# The columns as wholes

#: How near a formula has to be to what a column prints.
_NEAR = Fraction(1, 1000)


def _what_is_printed(formula: Callable[[Fraction], arb]) -> Evidence:
    """Whether a formula gives the printed column of exact values, to a thousandth."""
    holds, figures = True, []
    for g, (printed, *_) in PRINTED:
        with working_precision(BITS):
            value = formula(g)
            holds = holds and bool(abs(arb(printed) / value - 1) < exactly(_NEAR))
            figures.append((f"printed at g = {float(g):g}, and the formula", f"{printed} and {shown(value, 6)}"))
    return Evidence(holds, tuple(figures), "certified")


Rows = Callable[[], list[tuple[Fraction, arb, arb]]]


def _falling_error(rows: Rows) -> Evidence:
    """Whether the relative error of five terms falls with g, as that of an asymptotic series does."""
    with working_precision(BITS):
        errors = [(g, abs(terms / exact - 1)) for g, exact, terms in rows()]
    figures = tuple((f"relative error of five terms at g = {float(g):g}", shown(error, 4)) for g, error in errors)
    falls = all(bool(after < before) for (_, before), (_, after) in pairwise(errors))
    return Evidence(falls, figures, "certified")


# ---------------------------------------------------------------------------------------------------------------------
# (87): the error of optimal truncation

#: Couplings between which the error's exponent is measured; how near to A it and g N_opt have to be, in units of A.
_OPTIMAL, _SLOPE, _INDEX = (Fraction(1, 80), Fraction(1, 160)), Fraction(1, 20), Fraction(1, 10)


def _optimal_truncation(action: sympy.Expr) -> Evidence:
    """Whether the least term is number A/g, and the error there falls like exp(-A/g)."""
    logarithms, indices, figures = [], [], []
    with working_precision(BITS):
        claimed = ball(action, BITS).real
        for g in _OPTIMAL:
            terms = [a * g**k for k, a in enumerate(coefficients(120))]
            least = min(range(1, len(terms)), key=lambda k: abs(terms[k]))
            rest = partition_function(g) / gaussian(g) - exactly(sum(terms[:least], Fraction(0)))
            logarithms.append(-abs(rest).log())
            indices.append(least * g)
            figures += [
                (f"N_opt at g = {g}", str(least)),
                (f"error of the sum of so many terms, over sqrt(pi g), at g = {g}", shown(abs(rest), 4)),
            ]
        slope = (logarithms[1] - logarithms[0]) / exactly(1 / _OPTIMAL[1] - 1 / _OPTIMAL[0])
        figures += [("-d log(error)/d(1/g)", shown(slope, 4)), ("A as stated", shown(claimed, 4))]
        holds = bool(abs(slope - claimed) <= exactly(_SLOPE) * claimed) and all(
            bool(abs(exactly(index) - claimed) <= exactly(_INDEX) * claimed) for index in indices
        )
    return Evidence(holds, tuple(figures), "numeric")


#: The spacing of doubles.
_MACHINE = Fraction(1, 2**53)


def _accuracy(total: Callable[[Fraction], arb]) -> Evidence:
    """Whether a sum has machine precision at the couplings of the table."""
    holds, figures = True, []
    for g, _ in PRINTED:
        with working_precision(BITS):
            error = abs(total(g) / partition_function(g) - 1)
            holds = holds and bool(error <= exactly(_MACHINE))
            figures.append((f"relative error at g = {float(g):g}", shown(error, 3)))
    return Evidence(holds, tuple(figures), "certified")


def _printed_total(g: Fraction) -> arb:
    """Step 5 of Algorithm 4 on the right coefficients, with Z_1 of leading order."""
    constant, location = (ball(x, BITS).real for x in (PRINTED_CONSTANT, PRINTED_SINGULARITY))
    return pade_two_three(g) + constant * (-location / exactly(g)).exp() * gaussian(g)


CLAIMS: tuple[Claim[Any], ...] = (
    *_cells(),
    Claim(
        "Table 1, column of exact values",
        "what the column of exact values is",
        Form(r"Z(g) = \int_{-\infty}^{\infty} e^{-(x^2 + x^4)/g}\, dx", partition_function),
        _what_is_printed,
        corrected=Form(r"\sqrt{10 \pi g} \text{, to a thousandth}", lambda g: (10 * arb.pi() * exactly(g)).sqrt()),
        repairs=False,
        rival=Form(r"\sqrt{\pi g}", gaussian),
        remark="At g = 0.1 the cell is sqrt(pi). The column is the Gaussian integral for couplings ten times as large; "
        "the quartic term plays no part in it.",
    ),
    Claim(
        "Table 1, column of five terms",
        "how the error of five terms depends on g",
        Form(
            r"\left| Z_5(g)/Z(g) - 1 \right| \text{ of the printed cells falls as } g \rightarrow 0",
            lambda: [(g, arb(exact), arb(terms)) for g, (exact, terms, *_) in PRINTED],
        ),
        _falling_error,
        corrected=Form(
            r"\left| Z_5(g)/Z(g) - 1 \right| = O(g^5)",
            lambda: [(g, partition_function(g), five_terms(g)) for g, _ in PRINTED],
        ),
        repairs=False,
        remark="The printed errors grow where an asymptotic series is at its best.",
    ),
    Claim(
        "(87)",
        "the error of optimal truncation",
        Form(
            r"\left| Z(g) - Z_{N_{\text{opt}}}(g) \right| \sim e^{-\zeta_1/g} \sim e^{-1.058/g}, \quad N_{\text{opt}} "
            r"\approx \zeta_1/g",
            PRINTED_SINGULARITY,
        ),
        _optimal_truncation,
        corrected=Form(
            r"\left| Z(g) - Z_{N_{\text{opt}}}(g) \right| \sim e^{-1/(4g)}, \quad N_{\text{opt}} \approx \frac{1}{4g}",
            sympy.Rational(1, 4),
        ),
        remark="The distance of the singularity from 0 decides, whatever its direction.",
    ),
    Claim(
        "Appendix D.7, after (87)",
        "the accuracy of the full trans-series",
        Form(
            r"Z^{[2/3]}(g) + A_1 e^{-\zeta_1/g} Z_1(g) \text{ is } Z(g) \text{ to machine precision}",
            _printed_total,
        ),
        _accuracy,
        corrected=Form(
            r"\frac{\sqrt{\pi g}}{g} \int_0^{\infty} e^{-t/g} \mathcal{B}[Z](t)\, dt \text{ is } Z(g) \text{, to any "
            r"precision}",
            _by_borel_sum,
        ),
        repairs=False,
        rival=Form(r"Z^{[2/3]}(g) \text{ is } Z(g) \text{ to machine precision}", pade_two_three),
        remark="On the right coefficients. What limits the accuracy is the order of the approximant, not a missing "
        "sector.",
    ),
)
