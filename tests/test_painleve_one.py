"""Painlevé I: coefficients, large order, exact values against Borel sums, the tritronquée."""

import cmath
import math
from fractions import Fraction

import mpmath
import pytest
from flint import acb, arb, arb_mat, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from painleve_sectors import ONE
from scipy.integrate import solve_ivp

import resurgence as rs
from resurgence.errors import StokesLineError
from resurgence.models import painleve_one
from resurgence.numbers import ball, working_precision

SERIES = painleve_one.series(61)


def test_first_coefficients():
    """Garoufalidis, Its, Kapaev & Mariño 2012, eq. (2): u = sqrt(z) (1 - z^(-5/2)/48 - 49 z^(-5)/4608 - ...)."""
    assert SERIES.coefficients[:6] == (1, 0, Fraction(-1, 48), 0, Fraction(-49, 4608), 0)
    assert (SERIES.exponent, SERIES.constant, SERIES.action) == (Fraction(-2, 5), 1, 0)


def test_the_series_solves_the_equation():
    """-u''/6 + u^2 = z, term by term, from u = sum a_k z^(1/2 - 5k/2)."""
    a = SERIES.coefficients[::2]
    for k in range(1, len(a)):
        power = Fraction(1, 2) - Fraction(5, 2) * (k - 1)
        assert sum(a[i] * a[k - i] for i in range(k + 1)) == a[k - 1] * power * (power - 1) / 6


def test_the_other_recursion_agrees():
    """In a = g/sqrt(3), by the sectors' own recursion."""
    psi = ONE.psi(0, 41)[0]
    assert [c * fmpq(1, 3) ** (n // 2) for n, c in enumerate(psi)] == list(SERIES.terms[:41])


# -- large order ------------------------------------------------------------------------------------------------------


def test_action_and_stokes_constant_from_400_coefficients():
    """A by Richardson's extrapolation of ratios, |S| by a linear fit, both to 30 digits and more."""
    series = painleve_one.series(400)
    even = series.terms[::2]
    with working_precision(1200):
        # a_(2k)/a_(2k+2) (2k + 1/2)(2k - 1/2)... tends to A^2 with corrections in 1/k.
        ratios = [even[k] / even[k + 1] * (fmpq(4 * k + 1, 2) * fmpq(4 * k - 1, 2)) for k in range(140, 199)]
        limit = rs.richardson(ratios, 50, first=140)[-1]
        action = arb(fmpq(limit.numerator, limit.denominator)).sqrt()
        assert abs(action - 8 * arb(3).sqrt() / 5) < arb(10) ** -30

        # a_(2k) = (S/pi i) sum_j c_j Gamma(2k - 1/2 - j)/A^(2k - 1/2 - j): for c_0, ..., c_49 from the last 50.
        unknowns = 50
        exact = 8 * arb(3).sqrt() / 5
        rows, right = [], []
        for k in range(200 - unknowns, 200):
            x = arb(fmpq(4 * k - 1, 2))
            rows += [(x - j).gamma() / exact ** (x - j) / (x.gamma() / exact**x) for j in range(unknowns)]
            right.append(arb(even[k]) / (x.gamma() / exact**x))
        fitted = arb_mat(unknowns, unknowns, rows).solve(arb_mat(unknowns, 1, right))
        stokes = fitted[0, 0] * arb.pi()
        # Kapaev 2004; Garoufalidis, Its, Kapaev & Mariño 2012, eq. (5).
        assert abs(stokes + arb(3).root(4) / (2 * arb.pi().sqrt())) < arb(10) ** -30
        assert abs(fitted[1, 0] / fitted[0, 0] - arb(ONE.psi(1, 2)[1][1]) / arb(3).sqrt()) < arb(10) ** -25
        claimed = ball(painleve_one.singularities[0].stokes_constant, 1200)
        assert abs(stokes - claimed.imag) < arb(10) ** -30


def test_verification():
    verification = rs.verify(painleve_one)
    assert verification
    assert [row.digits > 20 for row in verification.rows[:2]] == [True, True]


# -- exact values -----------------------------------------------------------------------------------------------------


@settings(max_examples=4)
@given(st.floats(-1, 0.7), st.floats(0.05, 3.09), st.floats(-1.4, 1.4), st.integers(1, 30), st.sampled_from([1, -1]))
def test_exact_values_are_borel_sums(size, direction, turn, digits, half):
    g = cmath.rect(10**size, half * direction - turn)
    exact = painleve_one.exact(g, digits, direction=half * direction)
    assert exact.status == "estimated"
    assert exact.digits >= digits
    assert exact.contains(rs.borel_sum(SERIES, g, 12, direction=half * direction))


@pytest.mark.parametrize("g", ["1/5", "-1/2", "3"])
@pytest.mark.parametrize("side", ["above", "below"])
def test_lateral_values(g, side):
    exact = painleve_one.exact(g, 30, side)
    assert exact.digits >= 30
    assert exact.contains(rs.borel_sum(SERIES, g, 15, side=side))
    with pytest.raises(StokesLineError):
        painleve_one.exact(g)


def test_sides_are_complex_conjugate():
    above, below = (painleve_one.exact("1/7", 40, side) for side in ("above", "below"))
    with mpmath.workdps(60):
        assert below.contains(above.value.conjugate())
    assert above.value.imag != 0


@pytest.mark.parametrize("g", ["1/6", "2j"])
def test_another_start_gives_the_same(g):
    """The series is truncated further out where more digits are asked for."""
    rough, fine = (painleve_one.exact(g, digits, "above") for digits in (12, 36))
    assert rough.contains(fine)
    assert fine.digits >= 36
    assert rough.error < mpmath.mpf("1e-11")


def test_the_equation_holds():
    """F solves -F''/6 + F^2 = z: differences of values at z = 2, 2 +- h."""
    h = mpmath.mpf(2) ** -20
    z = [2 + k * h for k in (-1, 0, 1)]
    with mpmath.workdps(60):
        left, middle, right = (painleve_one.exact(x ** (mpmath.mpf(-5) / 4), 40, "above").value for x in z)
        assert abs(-(left - 2 * middle + right) / (6 * h**2) + middle**2 - 2) < h**2


def test_the_jump_has_the_sectors_of_the_transseries():
    """S_above - S_below = sum_k S^k exp(-kA/g) g^(k/2) S_below Phi_k: the constants of A, 2A and 3A."""
    stokes = painleve_one.singularities[0].stokes_constant
    parts = ONE.transseries(stokes, "1/2", "below", 3, 36, 10)
    with working_precision(200):
        prefactor = ball("1/2", 200) ** acb(fmpq(-2, 5))
        above, below = (painleve_one.exact("1/2", 30, side).ball(200) / prefactor for side in ("above", "below"))
        assert below.overlaps(parts[0])
        jump = above - below
        last = (-3 * ball(painleve_one.weight, 64) * 2).exp().real
        for k in (1, 2, 3):
            assert abs(jump) > abs(parts[k]) / 2
            jump -= parts[k]
        assert abs(jump) < last / 100
        for k, singularity in enumerate(painleve_one.singularities[::2][:3], start=1):
            leading = ball(singularity.stokes_constant, 200) / ball(stokes, 200) ** k
            assert leading.overlaps(acb(ONE.psi(3, 2)[k][0]))


# -- the tritronquée --------------------------------------------------------------------------------------------------


def test_tritronquee_at_the_origin():
    """Fornberg & Weideman 2011, J. Comp. Phys. 230, 5957, eq. (4.1), for u'' = 6 u^2 + z: x is -z."""
    value, slope = painleve_one.tritronquee(0, 30)
    assert value.status == slope.status == "estimated"
    assert value.digits >= 30
    assert slope.digits >= 30
    with mpmath.workdps(40):
        assert abs(value.value - mpmath.mpf("-0.1875543083404949")) < mpmath.mpf("5.1e-17")
        assert abs(slope.value + mpmath.mpf("0.3049055602612289")) < mpmath.mpf("5.1e-17")
    # To 30 digits by another route: the series cut at its least term far out, where that is exp(-90).
    bits = 500
    start, y, dy = painleve_one._far_out(90.0, arb(8), bits)
    y, dy = painleve_one.equation.integrate([start, acb(0)], y, dy, bits)
    for found, other in ((value, y), (slope, dy)):
        with working_precision(bits):
            assert found.ball(bits).overlaps(other)
            assert other.rad() < 1e-30


@pytest.mark.parametrize("x", ["1/2", "3+2j", "12", "-1+1j"])
def test_tritronquee_is_the_exact_value(x):
    """Borel sum at x = 6 and least term far out: F = e^(4 pi i/5) 6^(2/5) y with z = e^(-2 pi i/5) 6^(-1/5) x."""
    value, _ = painleve_one.tritronquee(x, 25)
    with working_precision(200):
        g = acb(0, 1) * arb(6).root(4) * ball(x, 200) ** acb(fmpq(-5, 4))
        expected = acb(fmpq(4, 5)).exp_pi_i() * arb(6) ** arb(fmpq(2, 5)) * value.ball(200)
        exact = painleve_one.exact(g, 25, direction=math.pi / 2 + float((acb(0, -1) * g).arg().mid()) / 2)
        # The prefactor of F is principal in g; z^(1/2) is principal in x.
        turn = (g ** acb(fmpq(-2, 5))) / (
            acb(fmpq(-1, 5)).exp_pi_i() * arb(6) ** arb(fmpq(-1, 10)) * ball(x, 200).sqrt()
        )
        assert (exact.ball(200) / turn).overlaps(expected)


def test_tritronquee_against_another_integrator():
    start = [float(part.value.real) for part in painleve_one.tritronquee(0, 20)]
    solution = solve_ivp(lambda x, y: [y[1], 6 * y[0] ** 2 - x], (0, 1), start, method="DOP853", rtol=1e-13, atol=1e-14)
    for part, expected in zip(painleve_one.tritronquee(1, 20), solution.y[:, -1], strict=True):
        assert abs(part.value - expected) < 1e-11


def test_poles_of_the_tritronquee():
    """The first one is at x = -2.3841687... (Joshi & Kitaev 2001); there y = (x - p)^(-2) + ..."""
    value, slope = painleve_one.tritronquee("-2.35", 20)
    assert abs(2 * value.value.real / slope.value.real + (2.3841687 - 2.35)) < 1e-4
    with pytest.raises(ValueError, match="pole near the path"):
        painleve_one.tritronquee(-3, 10)


@pytest.mark.parametrize(
    ("arguments", "exception", "message"),
    [
        (("x",), ValueError, "not a number"),
        ((math.inf,), ValueError, "finite"),
        ((None,), TypeError, "number"),
        ((1, 0), ValueError, "digits must lie"),
    ],
)
def test_tritronquee_refuses(arguments, exception, message):
    with pytest.raises(exception, match=message):
        painleve_one.tritronquee(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("1/10", 20, "median"), "'above' and 'below', got 'median'"),
        (("-1/10", 20, "median"), "'above' and 'below', got 'median'"),
        (("1e-8", 20, "above"), "g is too small for its exact value"),
        ((0,), "g must not be zero"),
        ((1, 0), "digits must lie"),
        ((1, 10, "left"), "side must be"),
        ((1, 10, None, 3), "within pi/2"),
    ],
)
def test_exact_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        painleve_one.exact(*arguments)


def test_small_couplings_off_the_stokes_line():
    assert painleve_one.exact("1e-8j", 100).digits >= 100


def test_an_uncertain_coupling():
    with working_precision(100):
        g = acb(arb(0.3, 1e-15), arb(0.4, 1e-15))
    exact = painleve_one.exact(g, 30)
    assert exact.contains(painleve_one.exact("0.3+0.4j", 30))
    assert 10 < exact.digits < 17
