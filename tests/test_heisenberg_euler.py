"""The Heisenberg-Euler Lagrangian: the proper-time integral, Schwinger's pair production, and the coefficients."""

import cmath
import math
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.errors import StokesLineError
from resurgence.models.heisenberg_euler import heisenberg_euler
from resurgence.numbers import ball, working_precision

SIDES = ("above", "below", "median")


def summed(g, bits, **ray):
    """F by the germ."""
    phi = heisenberg_euler.germ.sum(g, bits, **ray)
    with working_precision(bits + 60):
        return ball(g, bits + 60) ** 4 / (360 * acb.pi() ** 2) * phi


def proper_time(g, bits):
    """-(g^2/8 pi^2) int exp(-z/g) (coth z - 1/z - z/3) dz/z^2 for g > 0, from 0 by the series, then by quadrature.

    What lies beyond the end is less than exp(-end/g) g/(3 end): 0 > coth z - 1/z - z/3 > -z/3.
    """
    with working_precision(bits):
        h = ball(g, bits)
        middle, end = acb(fmpq(1, 4)), acb(90) * h + 10

        def integrand(z, _):
            return (z.coth() - 1 / z - z / 3) / z**2 * (-z / h).exp()

        def near(z, _):
            total, square, power = acb(0), z * z, z
            for k in range(2, 120):
                total += acb(fmpq(2) ** (2 * k) * fmpq.bernoulli(2 * k)) / acb(2 * k + 1).gamma() * power
                power *= square
            # |2^(2k) B_2k/(2k)!| < 3 pi^(-2k), and |z| < 1 on the path and near it.
            tail = arb(0, (3 * abs(z).upper() ** 237 / arb.pi() ** 240 / (1 - abs(square).upper() / 9)).upper())
            if not abs(z) < 1:
                return acb("nan")
            return (total + acb(tail, tail)) * (-z / h).exp()

        integral = acb.integral(near, 0, middle) + acb.integral(integrand, middle, end)
        beyond = (-end / h).exp() * h / (3 * end)
        return -(h**2) / (8 * acb.pi() ** 2) * (integral + acb(arb(0, abs(beyond).upper())))


@pytest.mark.parametrize("g", ["1/10", "1", "7"])
def test_the_proper_time_integral(g):
    integral = proper_time(g, 200)
    assert integral.rel_accuracy_bits() > 100
    with working_precision(200):
        assert integral.overlaps(heisenberg_euler.exact(g, 40).ball(200))
        assert integral.overlaps(summed(g, 150))


def schwinger(h, context):
    """(h^2/8 pi^3) sum_k exp(-k pi/h)/k^2."""
    total, k = context.mpf(0), 1
    while k * context.pi / h < 250:
        total += context.exp(-k * context.pi / h) / k**2
        k += 1
    return h**2 / (8 * context.pi**3) * total


@pytest.mark.parametrize("field", ["1/10", "1", "5"])
def test_pair_production_in_an_electric_field(field):
    """g = i h: the imaginary parts of the lateral sums are Schwinger's formula, and the median is real."""
    context = mpmath.MPContext()
    context.dps = 60
    g = sympy.I * sympy.Rational(field)
    h = context.mpf(Fraction(field).numerator) / Fraction(field).denominator
    rate = schwinger(h, context)
    for side, sign in (("above", 1), ("below", -1), ("median", 0)):
        exact = heisenberg_euler.exact(g, 60, side)
        with working_precision(400):
            lateral = summed(g, 250, side=side)
            assert exact.ball(400).overlaps(lateral)
        for found in (exact.value.imag, mpmath.mp.make_mpf(lateral.imag.mid()._mpf_)):
            assert abs(context.mpf(found) - sign * rate) < context.mpf(10) ** -50
    # L is even, and half a turn takes above to above.
    assert heisenberg_euler.exact(-g, 40, "above").contains(heisenberg_euler.exact(g, 40, "above"))


@settings(max_examples=40)
@given(st.floats(-3, 3), st.floats(-math.pi, math.pi), st.none() | st.floats(-1.5, 1.5), st.sampled_from(SIDES))
def test_exact_values_are_sums_of_the_germ(size, angle, turn, side):
    """Barnes' function and dilogarithms to the left; Hurwitz' zeta function and the symmetry of the germ."""
    g = cmath.rect(10**size, angle)
    direction = None if turn is None else cmath.phase(g) + turn
    exact = heisenberg_euler.exact(g, 50, side, direction)
    assert exact.digits >= 50
    with working_precision(600):
        assert exact.ball(600).overlaps(summed(g, 400, side=side, direction=direction))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("g", ["1e-8", "-1e-8", "1e300", "-1e300", "1e100j", "-1e-3j", "-3"])
def test_extreme_couplings(g, side):
    exact = heisenberg_euler.exact(g, 60, side)
    assert exact.digits >= 60
    with working_precision(600):
        assert exact.ball(600).overlaps(summed(g, 400, side=side))


def test_coefficients_are_those_of_the_germ():
    """-45 d/dz ((coth z - 1/z - z/3)/z^2), expanded by sympy; a_n = n! times its coefficients."""
    z = sympy.Symbol("z")
    germ = sympy.series(-45 * sympy.diff((sympy.coth(z) - 1 / z - z / 3) / z**2, z), z, 0, 9).removeO()
    expected = [Fraction(str(sympy.factorial(n) * germ.coeff(z, n))) for n in range(9)]
    assert list(heisenberg_euler.series(9).coefficients) == expected


def test_the_first_terms_are_euler_and_kockels():
    """L = (g^4/360 pi^2) (1 - 4 g^2/7 + ...): the weak-field expansion, 1/45 and 4/315 of Dunne (2005), section 1."""
    a = heisenberg_euler.series(3).coefficients
    assert (a[0], a[2]) == (1, Fraction(-4, 315) * 45)
    assert heisenberg_euler.exponent == 4
    assert heisenberg_euler.constant * 8 * sympy.pi**2 == sympy.Rational(1, 45)


def test_coefficients_are_sums_over_poles():
    """a_n = sum_k S_k/(2 pi i) Gamma(n + 2)/A_k^(n + 2), without corrections."""
    n = 40
    points = heisenberg_euler.first_singularities(60)
    with working_precision(400):
        total = acb(0)
        for point in points:
            total += ball(point.stokes_constant, 400) / ball(point.location, 400) ** (n + 2)
        total *= acb(n + 2).gamma() / (2 * acb.pi() * acb(0, 1))
        assert abs(total / acb(heisenberg_euler.germ.coefficients(n + 1)[n]) - 1) < arb(31) ** -(n + 3)


def test_singularities():
    found = heisenberg_euler.series(80).borel().singularities()
    for point, exact in zip(found[:2], heisenberg_euler.singularities[:2], strict=True):
        assert point.exponent == exact.exponent == -2
        assert point.kind == exact.kind == "pole"
    for point in found[:2]:
        exact = min(heisenberg_euler.singularities, key=lambda s: abs(complex(s.location) - complex(point.location)))
        assert point.location_enclosure.contains(exact.location)
        assert point.stokes_enclosure.contains(exact.stokes_constant)
        assert point.digits >= 15


def test_borel_sums_of_the_coefficients():
    """Without the germ: the same number, estimated."""
    bare = rs.FormalSeries(heisenberg_euler.series(80).coefficients, exponent=4, constant=heisenberg_euler.constant)
    estimate = rs.borel_sum(bare, "1/2", digits=15)
    assert estimate.status == "estimated"
    assert estimate.contains(heisenberg_euler.exact("1/2", 40))
    assert estimate.digits >= 10


def test_a_side_is_needed_in_an_electric_field():
    with pytest.raises(StokesLineError, match=r"singularities at I\*pi, 2\*I\*pi"):
        heisenberg_euler.exact(sympy.I / 10)
