"""The quartic anharmonic oscillator: its series, its Stokes constant and its energy, each from somewhere else."""

from fractions import Fraction

import mpmath
import pytest
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.laplace import borel_sum, jump
from resurgence.large_order import richardson
from resurgence.large_order_relation import neighbouring_sectors
from resurgence.models.anharmonic import anharmonic
from resurgence.numbers import ball, working_precision
from resurgence.optimal_truncation import optimal_truncation
from resurgence.series import FormalSeries
from resurgence.verify import verify

TERMS = 160


@pytest.fixture(scope="module")
def series():
    return anharmonic.series(TERMS)


def test_large_orders_have_the_stokes_constant(series):
    """a_n / ((S/2 pi i) Gamma(n - beta) A^(beta - n)) -> 1 - 95/72 n^-1 - 20099/10368 n^-2 (Bender & Wu 1973)."""
    (singularity,) = anharmonic.singularities
    assert singularity.exponent == Fraction(-1, 2)
    first = 100
    with working_precision(1000):
        stokes, place = ball(singularity.stokes_constant, 1000), ball(singularity.location, 1000)
        ratios = []
        for n in range(first, TERMS):
            power = acb(n) + acb(fmpq(1, 2))
            leading = stokes / acb(0, 2 * arb.pi()) * power.gamma() * place ** (-power)
            ratios.append(acb(fmpq(series.terms[n])) / leading)
        expected = fmpq(1)
        for correction in (fmpq(-95, 72), fmpq(-20099, 10368), None):
            limit = richardson(ratios, 24, first=first)[-1]
            assert abs(limit.value - mpmath.mpf(int(expected.p)) / int(expected.q)) < mpmath.mpf("1e-12")
            if correction is not None:
                ratios = [(r - acb(expected)) * n for n, r in enumerate(ratios, start=first)]
                expected = correction


def test_four_hundred_coefficients_give_the_energy_and_the_large_orders():
    """From coefficients alone, against the eigenvalue that is certified without them."""
    bare = FormalSeries(anharmonic.series(400).terms)
    for g, least in (("1/10", 40), ("1", 25)):
        total = borel_sum(bare, g, 45, continuation="conformal")
        assert total.digits >= least
        assert total.contains(anharmonic.exact(g, 60))
    [sector] = neighbouring_sectors(bare, 16)
    assert (sector.action.contains(Fraction(-1, 3)), sector.exponent) == (True, Fraction(-1, 2))
    with working_precision(200):
        # a_n = (-1)^(n+1) C 3^n Gamma(n + 1/2) (1 + ...) with C = S sqrt(A) A^(-1/2 + 1/2)/(2 pi i) at A = -1/3.
        constant = sector.stokes_constant.ball(200) * acb(fmpq(-1, 3)) ** acb(fmpq(-1, 2)) / acb(0, 2 * arb.pi())
        published = arb(6).sqrt() / arb.pi() ** fmpq(3, 2)
        assert abs(abs(constant).mid() - published) < 1e-15
    for found, exact in zip(sector.corrections(2), (Fraction(-95, 72), Fraction(-20099, 10368)), strict=True):
        assert found.contains(exact)
        assert found.error < 1e-15


def test_large_orders_to_exponential_accuracy(series):
    """a_n = (S/2 pi i) sum_k c_k Gamma(n - beta - k) A^(beta + k - n), c_k around one instanton; two are 2^-n less."""
    corrections = anharmonic.instanton(80)
    assert list(corrections.coefficients[:3]) == [1, Fraction(95, 24), Fraction(-13259, 1152)]
    with working_precision(400):
        front = ball(anharmonic.singularities[0].stokes_constant, 400) / acb(0, 2 * arb.pi())
        for n in (60, 100, TERMS - 1):
            total = acb(0)
            for k, c in enumerate(corrections.terms[: n // 2]):
                power = acb(n - k) + acb(fmpq(1, 2))
                total += c * power.gamma() * acb(fmpq(-1, 3)) ** (-power)
            assert abs(series.terms[n] / (front * total) - 1) < arb(2) ** -(n - 16)


@pytest.mark.parametrize("inverse", [40, 80])
def test_the_jump_across_the_negative_axis(inverse):
    """The Borel sums above and below against the series around the instanton, whose prefactor includes S."""
    g = fmpq(-1, inverse)
    found = jump(anharmonic.series(60), g, 12)
    expected = optimal_truncation(anharmonic.instanton(40), g)
    assert found.contains(expected)
    for value in (found, expected):
        assert value.error < 1e-3 * abs(expected.value)


@pytest.mark.parametrize("g", ["1/50", "1/10", "1/2", "2"])
def test_the_borel_sum_is_the_energy(series, g):
    exact = anharmonic.exact(g, 40)
    total = borel_sum(series.truncate(80), g, 30, continuation="pade")
    assert total.contains(exact)
    assert total.digits >= 8


@settings(max_examples=10)
@given(st.fractions(min_value="1/100", max_value=100, max_denominator=100), st.integers(1, 40))
def test_exact_values_are_certified_to_the_digits(g, digits):
    exact = anharmonic.exact(g, digits)
    assert exact.status == "certified"
    assert exact.digits >= digits
    assert exact.contains(anharmonic.exact(g, digits + 5))


def test_strong_coupling():
    """E g^(-1/3) -> the ground state energy of p^2/2 + x^4, 0.66798625915577710827 (Vinette & Cizek 1991, rescaled)."""
    exact = anharmonic.exact(10**18, 30)
    assert abs(float(exact.value.real) / 1e6 - 0.66798625915577710827) < 1e-11


def test_it_is_known_by_its_name():
    assert models.get("anharmonic") is anharmonic
    assert str(anharmonic.series(3)) == "1/2 + 3/4 g - 21/8 g^2 + O(g^3)"
    assert anharmonic.first_singularities(0) == ()
    assert anharmonic.action is None


def test_its_singularity_is_seen_in_its_coefficients():
    found = verify(anharmonic, terms=60)
    assert bool(found)
    assert found.rows[0].digits >= 8


def test_sides_and_directions_do_not_matter():
    assert anharmonic.exact("1/3", 20, side="above", direction="-3/2").contains(anharmonic.exact("1/3", 20))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: anharmonic.exact("-1/10"), ValueError, r"rational g > 0"),
        (lambda: anharmonic.exact("1/10+1j"), ValueError, r"rational g > 0"),
        (lambda: anharmonic.exact(0), ValueError, r"zero"),
        (lambda: anharmonic.exact("ten"), ValueError, r"number"),
        (lambda: anharmonic.exact("1/10", digits=0), ValueError, r"digits"),
        (lambda: anharmonic.exact("1/10", side="left"), ValueError, r"side"),
        (lambda: anharmonic.exact("1/10", direction=2), ValueError, r"direction"),
        (lambda: anharmonic.series(0), ValueError, r"at least 1"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
