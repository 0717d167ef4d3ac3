"""The computations behind the claims on the quartic oscillator and on Tables 1 and 2, by routes of their own."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import factorial
from typing import Any

import mpmath
import pytest
import sympy
from flint import acb, arb
from hypothesis import given
from hypothesis import strategies as st

import resurgence as rs
from resurgence.numbers import working_precision
from validation.claims import algorithms, coarea, experiments, quartic_oscillator, quartic_table, quartic_transseries
from validation.claims.claim import Claim
from validation.claims.quartic_oscillator import coefficients, partition_function
from validation.claims.quartic_transseries import borel_pade, borel_sum

COUPLINGS = tuple(g for g, _ in quartic_table.PRINTED)
EVERY = {
    entry.label: entry
    for module in (coarea, quartic_oscillator, quartic_transseries, quartic_table, algorithms, experiments)
    for entry in module.CLAIMS
}
CELLS = [label for label in EVERY if label.startswith("Table 1, g")]


def claim(label: str) -> Claim[Any]:
    entry = EVERY[label]
    assert isinstance(entry, Claim)
    return entry


def near(value: arb, other: mpmath.mpf, digits: int = 20) -> bool:
    """Whether a ball is that small, and agrees with a number, to so many digits."""
    middle = mpmath.mpf(value.mid().str(40, radius=False))
    size = mpmath.mpf(10) ** -digits * abs(other)
    return bool(float(value.rad()) < size and abs(middle - other) < size)


def weight(g: Fraction) -> mpmath.mpf:
    return mpmath.mpf(g.numerator) / g.denominator


# ---------------------------------------------------------------------------------------------------------------------
# Table 1


@pytest.mark.parametrize("g", COUPLINGS)
def test_integral_is_that_of_mpmath(g: Fraction) -> None:
    with mpmath.workdps(40):
        h = weight(g)
        integral = mpmath.quad(lambda x: mpmath.exp(-(x**2 + x**4) / h), mpmath.linspace(-4, 4, 33))
        assert near(partition_function(g), integral)


@given(st.fractions(Fraction(1, 300), 4, max_denominator=300))
def test_integral_is_a_bessel_function(g: Fraction) -> None:
    exact = rs.models.quartic.exact(g, digits=30).ball(128)
    assert exact.real.overlaps(partition_function(g))
    assert partition_function(g).rel_accuracy_bits() > 90


@pytest.mark.parametrize("g", COUPLINGS)
def test_five_terms_are_five_moments(g: Fraction) -> None:
    """The integral of exp(-x^2/g) times the first five terms of exp(-x^4/g)."""

    def integrand(x: mpmath.mpf) -> mpmath.mpf:
        return mpmath.exp(-(x**2) / h) * sum((-(x**4) / h) ** k / factorial(k) for k in range(5))

    with mpmath.workdps(40):
        h = weight(g)
        end = 12 * mpmath.sqrt(h)
        assert near(quartic_table.five_terms(g), mpmath.quad(integrand, mpmath.linspace(-end, end, 33)))


@pytest.mark.parametrize("g", COUPLINGS)
def test_approximant_is_that_of_mpmath(g: Fraction) -> None:
    """From the Taylor coefficients of the closed form, by mpmath's own approximant and quadrature."""
    with mpmath.workdps(50):
        h = weight(g)
        b = mpmath.taylor(lambda z: mpmath.hyp2f1(mpmath.mpf(1) / 4, mpmath.mpf(3) / 4, 1, -4 * z), 0, 5)
        p, q = mpmath.pade(b, 2, 3)
        integral = mpmath.quad(
            lambda s: mpmath.exp(-s) * mpmath.polyval(p[::-1], h * s) / mpmath.polyval(q[::-1], h * s),
            [0, 1, 4, 16, 40, mpmath.inf],
        )
        assert near(quartic_table.pade_two_three(g), mpmath.sqrt(mpmath.pi * h) * integral)


@pytest.mark.parametrize("label", CELLS)
@pytest.mark.parametrize("offset", [-6e-5, -4e-5, 4e-5, 6e-5])
def test_cells_are_judged_by_their_fourth_decimal(label: str, offset: float) -> None:
    """A cell that is off by more than half a unit is refused, whichever its column, and one that is less is not."""
    cell = claim(label)
    assert cell.corrected is not None
    with working_precision(128):
        right = cell.corrected.value()
    assert cell.check(lambda: right + offset).holds == (abs(offset) < 5e-5)


def test_printed_cells_are_those_of_the_claims() -> None:
    for g, row in quartic_table.PRINTED:
        latex = [claim(label).printed.latex for label in CELLS if f"g = {float(g):g}," in label]
        assert [text.rpartition(" ")[2] for text in latex] == list(row)


# ---------------------------------------------------------------------------------------------------------------------
# Sums, coefficients and sectors


def test_coefficients_are_those_of_the_gaussian_expansion() -> None:
    x, y = sympy.symbols("x y")
    for k, a in enumerate(coefficients(5)):  # g = 1/y: the moments of exp(-x^2) are Gamma(n + 1/2)
        moment = sympy.gamma(2 * k + sympy.Rational(1, 2)) / sympy.sqrt(sympy.pi)
        term = sympy.series(sympy.exp(-y * x**4), y, 0, k + 1).removeO().coeff(y, k) / x ** (4 * k)
        assert sympy.Rational(a.numerator, a.denominator) == sympy.nsimplify(term * moment)


@pytest.mark.parametrize("g", [Fraction(1, 10), Fraction(2)])
@pytest.mark.parametrize("order", [(2, 3), (3, 4), (5, 5), (6, 7)])
def test_approximants_enclose_the_borel_sum(g: Fraction, order: tuple[int, int]) -> None:
    """Of a Stieltjes function the [n/n] approximants are above it for positive arguments, the [n-1/n] below."""
    m, n = order
    difference = borel_pade(coefficients(m + n + 1), m, n, g) - borel_sum(g).real
    assert difference > 0 if m == n else difference < 0


@pytest.mark.parametrize(
    ("terms", "order"),
    [
        ([Fraction(factorial(n)) for n in range(4)], (0, 1)),  # 1/(1 - t), a pole on the path
        (coefficients(8), (4, 3)),  # more coefficients above than below: the bound of the tail needs them
    ],
)
def test_approximants_without_a_bound_are_refused(terms: list[Fraction], order: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        borel_pade(terms, *order, Fraction(1, 10))


def test_jump_is_that_of_the_bessel_function() -> None:
    """The two continuations of exp(1/(8g)) K_(1/4)(1/(8g))/2 to g = -1/10, in the formula's normalisation."""
    above, below = (rs.models.quartic.exact("-1/10", digits=30, side=side).ball(128) for side in ("above", "below"))
    with working_precision(128):
        jump = (above - below) / (-acb.pi() / 10).sqrt()
        found = quartic_transseries._beyond_all_orders(Fraction(1, 10))
        assert found.overlaps(jump)
        assert abs(found - jump) < 1e-25


def test_printed_recursion_is_linear_and_empty_without_a_seed() -> None:
    seeds = (sympy.S.Zero, sympy.S.One, sympy.Integer(3))
    none, one, three = (quartic_transseries._printed_recursion(6, seed) for seed in seeds)
    assert none == [0] * 6
    assert all(sympy.simplify(b - 3 * a) == 0 for a, b in zip(one, three, strict=True))
    assert one[1] == 1 / quartic_transseries.PRINTED_SINGULARITY


# ---------------------------------------------------------------------------------------------------------------------
# Algorithms and Table 2


def test_scan_returns_grid_points_of_the_polynomial() -> None:
    """1 + 6 t - 3 t^2 is largest at 1, where nothing is singular."""
    (point,) = algorithms._threshold_scan(rs.FormalSeries([1, 6, -6]), 1.9)
    assert abs(point - 1) <= 1.9 / 201 / 2


@given(
    st.lists(st.fractions(0, 50, max_denominator=20), min_size=3, max_size=9),
    st.fractions(-30, 30, max_denominator=7),
    st.fractions(Fraction(1, 9), 9, max_denominator=9),
)
def test_corrected_scale_follows_the_partition_function(
    losses: list[Fraction], shift: Fraction, factor: Fraction
) -> None:
    corrected = claim("Algorithm 2, line 1").corrected
    assert corrected is not None
    scale: Callable[[list[Fraction], Fraction], Fraction] = corrected.value
    moved = scale([factor * loss + shift for loss in losses], factor * losses[0] + shift)
    assert moved == factor * scale(losses, losses[0])


@pytest.mark.parametrize("column", range(len(experiments.RATES)))
def test_improvement_is_that_of_the_cells(column: int) -> None:
    best = min(Decimal(row[column]) for row in experiments.SCHEDULERS.values())
    found = (1 - Decimal(experiments.SURGE[column]) / best) * 100
    assert float(experiments.improvement(column)) == pytest.approx(float(found), abs=1e-12)


@pytest.mark.parametrize("interval", [("-10.5", "16.0"), ("-10.4", "16.1"), ("-11", "17"), ("0", "16.1")])
def test_range_of_improvements_is_tight(interval: tuple[str, str]) -> None:
    assert not claim("Abstract, 15 to 30 %").check(interval).holds


def test_optimizer_that_is_not_proportional_is_found() -> None:
    check = claim("Section 3.1, any optimizer").check
    assert check(("SGD",)).holds
    for name in ("Rprop", "ASGD", "LBFGS"):
        assert not check(("SGD", name)).holds
