"""Painlevé II: coefficients, large order, Hastings-McLeod against published decimals, and as the median sum."""

import cmath
from fractions import Fraction

import mpmath
import pytest
from flint import acb, arb, arb_mat, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from painleve_sectors import TWO
from scipy.integrate import solve_ivp

import resurgence as rs
from resurgence.errors import StokesLineError
from resurgence.models import painleve_two
from resurgence.models.painleve_two import _beside_airy
from resurgence.numbers import ball, working_precision

SERIES = painleve_two.series(61)
STOKES = painleve_two.singularities[0].stokes_constant


def test_first_coefficients():
    """DLMF 32.11.9: u = sqrt(-x/2) (1 + 1/(8 x^3) - 73/(128 x^6) + 10657/(1024 x^9) + ...)."""
    assert SERIES.coefficients[:7] == (1, 0, Fraction(-1, 8), 0, Fraction(-73, 128), 0, Fraction(-10657, 1024))


def test_the_other_recursion_agrees():
    """In a = g/sqrt(2), by the sectors' own recursion."""
    psi = TWO.psi(0, 31)[0]
    assert [c * fmpq(1, 2) ** (n // 2) for n, c in enumerate(psi)] == list(SERIES.terms[:31])


def test_stokes_constant_from_400_coefficients():
    """-i/(2^(1/4) sqrt(pi)): Schiappa & Vaz 2014 have -i/sqrt(2 pi) with sqrt(2) g in place of g."""
    even = painleve_two.series(400).terms[::2]
    unknowns = 50
    with working_precision(1200):
        action = 2 * arb(2).sqrt() / 3
        rows, right = [], []
        for k in range(200 - unknowns, 200):
            x = arb(fmpq(4 * k - 1, 2))
            rows += [(x - j).gamma() / action ** (x - j) / (x.gamma() / action**x) for j in range(unknowns)]
            right.append(arb(even[k]) / (x.gamma() / action**x))
        fitted = arb_mat(unknowns, unknowns, rows).solve(arb_mat(unknowns, 1, right))
        assert abs(fitted[0, 0] * arb.pi() - ball(STOKES, 1200).imag) < arb(10) ** -30
        assert abs(fitted[0, 0] * arb.pi() + 1 / (2 * arb.pi()).sqrt() * arb(2).root(4)) < arb(10) ** -30
        assert abs(fitted[1, 0] / fitted[0, 0] - arb(TWO.psi(1, 2)[1][1]) / arb(2).sqrt()) < arb(10) ** -25


def test_verification():
    assert rs.verify(painleve_two)


# -- Hastings and McLeod ----------------------------------------------------------------------------------------------


def test_hastings_mcleod_at_the_origin():
    """Fornberg & Weideman 2014, Found. Comput. Math. 14, 985: to 16 digits."""
    value, slope = painleve_two.hastings_mcleod(0, 40)
    assert value.status == slope.status == "certified"
    assert min(value.digits, slope.digits) >= 40
    with mpmath.workdps(40):
        assert abs(value.value - mpmath.mpf("0.3670615515480784")) < mpmath.mpf("5.1e-17")
        assert abs(slope.value + mpmath.mpf("0.2953721054475501")) < mpmath.mpf("5.1e-17")


def test_the_bound_for_the_airy_functions():
    """2 pi Ai Bi <= 6/(5 sqrt(t)) for t >= 2: on balls that cover [2, 12]; beyond, it decreases to 1/sqrt(t)."""
    with working_precision(80):
        for k in range(2000):
            t = arb(2 + fmpq(2 * k + 1, 400), 1 / 390)
            ai, _, bi, _ = t.airy()
            assert 2 * arb.pi() * ai * bi * t.sqrt() <= arb(fmpq(6, 5))


@pytest.mark.parametrize("x", [2, 3, 5])
def test_starts_agree(x):
    """The enclosure beside Airy's function contains the one that is carried there from further out."""
    with working_precision(200):
        value, slope = _beside_airy(arb(x))
        far = painleve_two.hastings_mcleod(x, 40)
        assert value.contains(far[0].ball(200).mid())
        assert slope.contains(far[1].ball(200).mid())


@pytest.mark.parametrize("x", [-6, "1/3", 8])
def test_hastings_mcleod_is_enclosed(x):
    rough, fine = (painleve_two.hastings_mcleod(x, digits) for digits in (10, 45))
    for low, high in zip(rough, fine, strict=True):
        assert high.digits >= 45
        assert low.contains(high)
        assert low.value.imag == 0


def test_against_another_integrator():
    start = [float(part.value.real) for part in painleve_two.hastings_mcleod(0, 20)]
    solution = solve_ivp(
        lambda x, y: [y[1], 2 * y[0] ** 3 + x * y[0]], (0, -2), start, method="DOP853", rtol=1e-13, atol=1e-14
    )
    for part, expected in zip(painleve_two.hastings_mcleod(-2, 20), solution.y[:, -1], strict=True):
        assert abs(part.value - expected) < 1e-11


@pytest.mark.parametrize(("side", "sign"), [("above", -1), ("below", 1)])
def test_hastings_mcleod_is_the_median_sum(side, sign):
    """Mariño 2008: lateral sums of the transseries with parameter -S/2 above, S/2 below; each sector is needed."""
    parts = TWO.transseries(sign * STOKES / 2, "1/5", side, 3, 40, 12)
    with working_precision(200):
        prefactor = ball(painleve_two.constant, 200) * ball("1/5", 200) ** acb(fmpq(-1, 3))
        value, _ = painleve_two.hastings_mcleod(-(arb(5) ** fmpq(2, 3)), 30)
        rest = value.ball(200) / prefactor
        for k in range(4):
            rest -= parts[k]
            if k < 2:
                assert abs(rest) > abs(parts[k + 1]) / 2
        exponential = (-5 * ball(painleve_two.weight, 64)).exp().real
        assert abs(rest) < exponential**3 / 10


# -- lateral sums -----------------------------------------------------------------------------------------------------


@settings(max_examples=4)
@given(st.floats(-1, 0.7), st.floats(0.05, 3.09), st.floats(-1.4, 1.4), st.integers(1, 30), st.sampled_from([1, -1]))
def test_exact_values_are_borel_sums(size, direction, turn, digits, half):
    g = cmath.rect(10**size, half * direction - turn)
    exact = painleve_two.exact(g, digits, direction=half * direction)
    assert exact.status == "estimated"
    assert exact.digits >= digits
    assert exact.contains(rs.borel_sum(SERIES, g, 12, direction=half * direction))


@pytest.mark.parametrize("g", ["1/5", "-1/2"])
@pytest.mark.parametrize("side", ["above", "below"])
def test_lateral_values(g, side):
    exact = painleve_two.exact(g, 30, side)
    assert exact.digits >= 30
    assert exact.contains(rs.borel_sum(SERIES, g, 12, side=side))
    with pytest.raises(StokesLineError):
        painleve_two.exact(g)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: painleve_two.exact("1e-8", 20, "above"), "g is too small for its exact value"),
        (lambda: painleve_two.exact("1/10", 20, "median"), "'above' and 'below', got 'median'"),
        (lambda: painleve_two.exact(0), "g must not be zero"),
        (lambda: painleve_two.hastings_mcleod("x"), "not a number"),
        (lambda: painleve_two.hastings_mcleod(1, 0), "digits must lie"),
        (lambda: painleve_two.hastings_mcleod(-1e6), "use its series instead"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
