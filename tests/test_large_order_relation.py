"""Neighbouring sectors from coefficients: actions, Stokes constants and fluctuations against exact ones."""

import math
from fractions import Fraction
from functools import cache

import mpmath
import pytest
import sympy
from flint import acb, arb, fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.action import Action
from resurgence.algebraic import gaussian_rational
from resurgence.large_order_relation import NeighbouringSector, neighbouring_sectors
from resurgence.numbers import Enclosure, ball, working_precision
from resurgence.series import FormalSeries

BITS = 700


def contains(enclosure, number):
    """|value - number| <= error, decided at high precision; ``number`` a ball, rational or sympy expression."""
    with working_precision(BITS):
        value = acb(arb(enclosure.value.real), arb(enclosure.value.imag))
        return not abs(value - ball(number, BITS)) > arb(enclosure.error)


def relative_error(enclosure):
    return float(enclosure.error / abs(enclosure.value))


@cache
def anharmonic(terms):
    """E(g) of p^2/2 + x^2/2 + g x^4, by the recursion of Bender & Wu (1969): psi = exp(-x^2/2) sum g^n f_n(x^2)."""
    f, energies = [fmpq_poly([1])], [fmpq(0)]
    for n in range(1, terms):
        right = fmpq_poly([0, 0, *(-c for c in f[n - 1].coeffs())])
        for p in range(1, n):
            right += f[n - p] * energies[p]
        c = [fmpq(0)] * (2 * n + 2)
        for j in range(2 * n, 0, -1):
            c[j] = ((j + 1) * (2 * j + 1) * c[j + 1] + right[j]) / (2 * j)
        energies.append(-c[1])
        f.append(fmpq_poly([fmpq(0), *c[1:]]))
    return FormalSeries([fmpq(1, 2), *energies[1:]])


@cache
def painleve_one(terms):
    """u(z) = sqrt(z) sum u_k z^(-5k/2) of -u''/6 + u^2 = z, as a series in g = z^(-5/4)."""
    u = [fmpq(1)]
    for n in range(1, terms):
        slope = u[n - 1] * fmpq(6 - 5 * n, 2) * fmpq(4 - 5 * n, 2) / 6
        u.append((slope - sum((u[i] * u[n - i] for i in range(1, n)), fmpq(0))) / 2)
    return FormalSeries([x for k in range(terms) for x in (u[k], fmpq(0))])


# -- targets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("terms", [60, 200])
def test_the_anharmonic_oscillator(terms):
    """a_n ~ (-1)^(n+1) sqrt(6/pi^3) 3^n Gamma(n + 1/2) (1 - 95/72 n^-1 - 20099/10368 n^-2 - ...), Bender & Wu (1973).

    With A = -1/3 and A^(1/2) = i/sqrt 3 that is S = sqrt(8/pi).
    """
    [sector] = neighbouring_sectors(anharmonic(terms))
    assert sector.exponent == Fraction(-1, 2)
    assert contains(sector.action, Fraction(-1, 3))
    assert contains(sector.stokes_constant, sympy.sqrt(8 / sympy.pi))
    first, second = sector.corrections(2)
    assert contains(first, Fraction(-95, 72))
    assert contains(second, Fraction(-20099, 10368))
    if terms == 200:
        assert relative_error(sector.stokes_constant) < 1e-15
        assert relative_error(first) < 1e-15
        assert relative_error(second) < 1e-15
    else:
        assert relative_error(sector.stokes_constant) > 1e-15


def test_the_anharmonic_oscillator_with_its_action_given():
    [sector] = neighbouring_sectors(anharmonic(200), 30, at=[Fraction(-1, 3)], exponents=[Fraction(-1, 2)])
    [found] = neighbouring_sectors(anharmonic(200), 30)
    assert contains(sector.action, Fraction(-1, 3))
    assert sector.action.status == "certified"
    assert contains(sector.stokes_constant, sympy.sqrt(8 / sympy.pi))
    assert sector.stokes_constant.error < found.stokes_constant.error / 10


def test_painleve_one():
    """A = 8 sqrt 3/5 and |S| = 3^(1/4)/(2 sqrt pi), to 30 digits; c_1 = -5/(64 sqrt 3) (Aniceto, Schiappa & Vonk)."""
    sectors = neighbouring_sectors(painleve_one(400), 32)
    action = 8 * sympy.sqrt(3) / 5
    assert len(sectors) == 2
    for sector, sign in zip(sectors, (1, -1), strict=True):
        assert sector.exponent == Fraction(1, 2)
        assert contains(sector.action, sign * action)
        with working_precision(BITS):
            size = abs(acb(arb(sector.stokes_constant.value.real), arb(sector.stokes_constant.value.imag)))
            assert abs(size - arb(3) ** fmpq(1, 4) / (2 * arb.pi().sqrt())) < arb(sector.stokes_constant.error)
        assert contains(sector.coefficients[0], -sign * 5 / (64 * sympy.sqrt(3)))
        assert relative_error(sector.action) < 1e-30
        assert relative_error(sector.stokes_constant) < 1e-30


# -- models and actions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [models.quartic, models.cubic, models.double_well, models.bessel_k("1/3"), models.bessel_k(0), models.sine_gordon],
    ids=lambda m: m.name,
)
def test_one_saddle_whose_fluctuations_are_the_series_itself(model):
    """2F0(a, 1 - a; g/zeta) at 0 and its mirror image at zeta: c_k = (-1)^k a_k."""
    a = model.series(5).coefficients
    [sector] = neighbouring_sectors(model.series(80), 15)
    [exact] = model.singularities
    assert contains(sector.action, exact.location)
    assert contains(sector.stokes_constant, exact.stokes_constant)
    assert sector.exponent == exact.exponent
    for k, c in enumerate(sector.coefficients, 1):
        assert contains(c, (-1) ** k * a[k])
    assert sector.stokes_constant.digits >= 15


@pytest.mark.parametrize(
    ("model", "terms"),
    [(models.euler, 30), (models.euler_alternating, 30), (models.stirling, 80), (models.heisenberg_euler, 80)],
    ids=lambda x: str(x).split(":")[0],
)
def test_poles_have_no_fluctuations(model, terms):
    sectors = neighbouring_sectors(model.series(terms), 15)
    assert sectors
    for sector in sectors:
        exact = min(model.first_singularities(8), key=lambda s: abs(complex(s.location) - complex(sector.action.value)))
        assert contains(sector.action, exact.location)
        assert contains(sector.stokes_constant, exact.stokes_constant)
        assert all(contains(c, 0) for c in sector.coefficients)


def test_a_complex_pair_of_saddles():
    """V = x^2/2 + x^3/3 + x^4/2 at 0: two conjugate saddles, whose own series are the fluctuations."""
    action = Action("x**2/2 + x**3/3 + x**4/2")
    sectors = neighbouring_sectors(action.expand(120, at=0), 15)
    assert len(sectors) == 2
    for sector, x in zip(
        sectors, (sympy.Rational(-1, 4) + s * sympy.I * sympy.sqrt(7) / 4 for s in (1, -1)), strict=True
    ):
        t = sympy.Symbol("t")
        v = t**2 / 2 + t**3 / 3 + t**4 / 2
        place = sympy.expand(v.subs(t, x))
        if not contains(sector.action, place):
            x = sympy.conjugate(x)
            place = sympy.expand(v.subs(t, x))
        assert contains(sector.action, place)
        # S = n C_k/C: an integer times the ratio of the Gaussian prefactors, up to the sign of the root.
        ratio = 1 / sympy.sqrt(sympy.expand(v.diff(t, 2).subs(t, x)))
        assert contains(sector.stokes_constant, ratio) or contains(sector.stokes_constant, -ratio)
        # One loop further: c_1 = (5 V3^2/V2^3 - 3 V4/V2^2)/24.
        v2, v3, v4 = (sympy.expand(v.diff(t, k).subs(t, x)) for k in (2, 3, 4))
        assert contains(sector.coefficients[0], (5 * v3**2 / v2**3 - 3 * v4 / v2**2) / 24)
        assert sector.stokes_constant.digits >= 15


def test_several_moduli_at_once():
    """A sum of two germs, whose second singularity is 1.2 times as far: 0.83^100 = 1e-8 would spoil one alone."""
    near, far = (model_like(Fraction(1, 3), Fraction(1, 2), zeta, 100) for zeta in (Fraction(1), Fraction(-6, 5)))
    series = FormalSeries([a + 5 * b for a, b in zip(near, far, strict=True)])
    sectors = neighbouring_sectors(series, 20)
    assert [round(complex(s.action.value).real, 9) for s in sectors] == [1, -1.2]
    assert all(s.stokes_constant.digits > 8 for s in sectors)
    check(
        sectors,
        [(Fraction(1), 0, Fraction(1, 3), Fraction(1, 2), 1), (Fraction(-6, 5), 0, Fraction(1, 3), Fraction(1, 2), 5)],
    )


# -- coverage ----------------------------------------------------------------------------------------------------------


def model_like(a, b, zeta, terms):
    """The coefficients of 2F0(a, b; ; g/zeta)."""
    found = [Fraction(1)]
    for n in range(terms - 1):
        found.append(found[-1] * (a + n) * (b + n) / ((n + 1) * zeta))
    return found


def check(sectors, truth):
    """Every number of every sector against w 2F0(a, b; ; g/zeta): S = 2 pi i w zeta^(a+b-1)/(Gamma(a) Gamma(b)) and
    c_k = (1 - a)_k (1 - b)_k/k! (-1/zeta)^k.
    """
    for sector in sectors:
        x, y, a, b, w = min(truth, key=lambda t: abs(complex(t[0], t[1]) - complex(sector.action.value)))
        with working_precision(BITS):
            zeta, p, q = acb(exact(x), exact(y)), acb(exact(a)), acb(exact(b))
            assert contains(sector.action, zeta)
            constant = 2 * acb.pi() * acb(0, 1) * acb(exact(w)) * zeta ** (p + q - 1) / (p.gamma() * q.gamma())
            assert contains(sector.stokes_constant, constant)
            c = acb(1)
            for k, found in enumerate(sector.coefficients, 1):
                c = c * (k - p) * (k - q) / k * (-1 / zeta)
                assert contains(found, c)
        assert sector.exponent == 1 - a - b


def exact(x):
    x = Fraction(x)
    return fmpq(x.numerator, x.denominator)


parameters = st.sampled_from([Fraction(1, 4), Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), 1, Fraction(5, 2)]).map(
    Fraction
)
places = st.tuples(st.integers(-12, 12), st.sampled_from([0, 0, 0, 2, 5, 8])).filter(any)
germs = st.tuples(places, parameters, parameters, st.sampled_from([Fraction(-2), Fraction(1, 3), Fraction(5)]))


def sum_of(cases, terms):
    """sum w 2F0(a, b; ; g/zeta), and complex conjugates of those that are not real; what there is to find."""
    total, truth = [Fraction(0)] * terms, []
    for (x, y), a, b, w in cases:
        x, y = Fraction(x, 6), Fraction(y, 6)
        square, power = x * x + y * y, (Fraction(1), Fraction(0))
        for n, h in enumerate(model_like(a, b, Fraction(1), terms)):
            total[n] += w * h * power[0] * (2 if y else 1)
            power = ((power[0] * x + power[1] * y) / square, (power[1] * x - power[0] * y) / square)
        truth += [(x, s * y, a, b, w) for s in ((1, -1) if y else (1,))]
    return total, truth


@settings(max_examples=20)
@given(
    st.lists(germs, min_size=1, max_size=2, unique_by=lambda case: case[0]),
    st.sampled_from([16, 30, 60]),
    st.sampled_from([5, 20, 40]),
)
def test_errors_cover_the_truth(cases, terms, digits):
    coefficients, truth = sum_of(cases, terms)
    try:
        sectors = neighbouring_sectors(FormalSeries(coefficients), digits)
    except ValueError:
        return
    check(sectors, truth)


def test_complex_coefficients():
    a = gaussian_rational(1, 1)
    terms, power = [], gaussian_rational(1, 0)
    for n in range(50):
        terms.append(power * math.factorial(n))
        power = power * a
    [sector] = neighbouring_sectors(FormalSeries(terms), 20)
    assert contains(sector.action, Fraction(1, 2) - sympy.I / 2)
    assert contains(sector.stokes_constant, 2 * sympy.pi * sympy.I * (Fraction(1, 2) - sympy.I / 2))


def test_a_series_in_g_squared():
    """Every third coefficient: three images at the cube roots, whose numbers are turned."""
    inner = model_like(Fraction(1, 3), Fraction(2, 3), Fraction(1), 60)
    germ = [Fraction(0)] * 180
    for n, h in enumerate(inner):
        germ[3 * n + 1] = h / math.factorial(n)
    sectors = neighbouring_sectors(FormalSeries([b * math.factorial(n) for n, b in enumerate(germ)]), 15)
    assert len(sectors) == 3
    total = [acb(0), acb(0), acb(0)]
    with working_precision(300):
        for sector in sectors:
            assert abs(complex(sector.action.value) ** 3 - 1) < 1e-12
            # a_n ~ S/(2 pi i) sum_k c_k Gamma(n - beta - k)/A^(n - beta - k), summed over the images.
            action, beta = sector.action.ball(300), acb(exact(sector.exponent))
            for i, n in enumerate((176, 177, 178)):
                term = acb(n) - beta
                share = acb(0)
                for k, c in enumerate((acb(1), *(e.ball(300) for e in sector.coefficients))):
                    share += c * ((term - k).lgamma() - acb(n).lgamma()).exp() * action ** (k - term)
                total[i] += share * sector.stokes_constant.ball(300) / (2 * acb.pi() * acb(0, 1))
        data = acb(exact(germ[178])) * acb(179).gamma() / acb(178).gamma()
        assert abs(total[2] - data) < abs(data) * arb(1e-7)
        assert abs(total[0]) < abs(data) * arb(1e-7)
        assert abs(total[1]) < abs(data) * arb(1e-7)


# -- the 1/n form ------------------------------------------------------------------------------------------------------


@given(
    st.fractions(-2, 2, max_denominator=4),
    st.fractions(-3, 3, max_denominator=4).filter(bool),
    st.lists(st.fractions(-2, 2, max_denominator=5), min_size=1, max_size=4),
)
@settings(max_examples=30)
def test_corrections_are_the_relation_rearranged(beta, action, coefficients):
    """sum c_k A^k/((n - beta - 1) ... (n - beta - k)) less its first powers of 1/n is of the next order."""

    def certain(x):
        return Enclosure(mpmath.mpc(mpmath.mpf(x.numerator) / x.denominator), mpmath.mpf("1e-12"), "estimated")

    count = len(coefficients)
    sector = NeighbouringSector(certain(action), beta, certain(Fraction(1)), tuple(map(certain, coefficients)))
    corrections = sector.corrections(count)
    x = sympy.Symbol("x")
    total, factor = sympy.S.One, sympy.S.One
    for k, c in enumerate(coefficients, 1):
        factor *= rational(action) * x / (1 - (rational(beta) + k) * x)
        total += rational(c) * factor
    expansion = sympy.series(total, x, 0, count + 1).removeO()
    for k, found in enumerate(corrections, 1):
        assert contains(found, expansion.coeff(x, k))
        assert found.error < 1e-6


def rational(x):
    return sympy.Rational(x.numerator, x.denominator)


# -- arguments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1, 2, 3],), TypeError, "takes a FormalSeries"),
        ((models.euler.series(20), 0), ValueError, "digits must lie"),
        ((models.euler.series(20), 10, -1), ValueError, "corrections must lie between 0 and 50"),
        ((models.euler.series(20), 10, 2.0), TypeError, "corrections must be an integer"),
        ((models.euler.series(20), 10, 3, []), ValueError, "at has at least one action"),
        ((models.euler.series(20), 10, 3, "1"), TypeError, "at is a sequence of actions"),
        ((models.euler.series(20), 10, 3, [0]), ValueError, "is not zero"),
        ((models.euler.series(20), 10, 3, [1], [1, 2]), ValueError, "1 actions and 2 exponents"),
        ((models.euler.series(20), 10, 3, [1], ["1j"]), ValueError, "exponents are rational"),
        ((models.euler.series(20), 10, 3, [1], "1"), TypeError, "exponents is a sequence"),
        ((models.euler.series(20), 10, 3, None, [-1]), ValueError, "exponents belong to the actions"),
        ((models.euler.series(20), 10, 3, None, None, 0), ValueError, "saddles must lie between 1"),
        ((models.euler.series(20), 10, 3, None, None, True), TypeError, "saddles must be an integer"),
        ((models.euler.series(11),), ValueError, "at least 12 coefficients"),
        ((models.euler.series(20), 10, 3, [2]), ValueError, "no Borel singularity is seen at 2"),
        ((models.euler.series(30), 10, 3, [2], [-1]), ValueError, "unexplained"),
    ],
)
def test_refusals(arguments, error, message):
    with pytest.raises(error, match=message):
        neighbouring_sectors(*arguments)


@pytest.mark.parametrize(("count", "error"), [(0, ValueError), (4, ValueError), (1.0, TypeError), (True, TypeError)])
def test_corrections_refuse(count, error):
    [sector] = neighbouring_sectors(models.euler.series(30), 10)
    with pytest.raises(error, match="corrections"):
        sector.corrections(count)


def test_a_sector_prints_itself():
    [sector] = neighbouring_sectors(models.quartic.series(60), 8)
    assert str(sector).startswith("sector of action -0.2500000")
    assert "exponent 0, Stokes constant 1.41421356" in str(sector)
