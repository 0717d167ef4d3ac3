"""Germs in closed form, against quadrature of their Borel integrals, identities, and their own late coefficients."""

import cmath
import math
from fractions import Fraction

import flint
import pytest
import sympy
from flint import acb, arb, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence.errors import StokesLineError
from resurgence.germs import ExactSingularity, Hypergeometric, Stirling, refine
from resurgence.numbers import ball, working_precision

QUARTIC = Hypergeometric("1/4", "3/4", "-1/4")
AIRY = Hypergeometric("1/6", "5/6", "1/6")
EULER = Hypergeometric(1, 1, 1)
ERROR_FUNCTION = Hypergeometric("1/2", 1, -1)
BESSEL = Hypergeometric("5/6", "1/6", -2)
SIDES = ("above", "below", "median")

parameters = st.fractions(Fraction(-5, 2), Fraction(7, 2), max_denominator=6)
singular_points = st.fractions(-3, 3, max_denominator=9).filter(bool)
angles = st.floats(-math.pi, math.pi)
bits = st.integers(8, 400)
sides = st.sampled_from(SIDES)


@st.composite
def couplings(draw):
    """g anywhere with 1/1000 <= |g| <= 1000, now and then on an axis."""
    size = 10 ** draw(st.floats(-3, 3))
    if draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([size, -size, size * 1j, -size * 1j]))
    return cmath.rect(size, draw(angles))


@st.composite
def rays(draw):
    """g, and None or a direction within a quarter turn of it."""
    g = draw(couplings())
    return g, draw(st.none() | st.floats(-1.57, 1.57).map(lambda turn: cmath.phase(g) + turn))


# -- the integral itself ----------------------------------------------------------------------------------------------


def integral(borel, bound, g, theta):
    """(1/g) int exp(-z/g) B(z) dz along the ray theta, in balls, with |B| <= bound on all of the ray."""
    with working_precision(100):
        g, unit = ball(g, 100), acb(arb(theta).cos(), arb(theta).sin())
        decay = (unit / g).real
        start, end = arb(2) ** -60, arb(60) / decay.mid()
        middle = acb.integral(
            lambda s, _: (-s * unit / g).exp() * borel(s * unit), acb(start), acb(end), rel_tol=2**-50, abs_tol=2**-50
        )
        rest = bound * (start + (-end * decay).exp() / decay)
        return unit / g * (middle + acb(arb(0, rest.upper()), arb(0, rest.upper())))


def clearance(theta, direction):
    """Distance of the ray theta from the point e^(i direction)."""
    turn = abs(cmath.phase(cmath.exp(1j * (theta - direction))))
    return math.sin(turn) if turn < math.pi / 2 else 1.0


def check_against_quadrature(germ, g, theta):
    a, b = (_acb(f(germ.a, germ.b)) for f in (max, min))

    def borel(z):
        x = z / _acb(germ.singularity)
        if x.imag.contains(0) and not x.real < 1:
            return acb("nan")  # not analytic on the cut, as the integrator has to be told
        return 1 / (1 - x) if germ is EULER else x.hypgeom_2f1(a, b, 1)

    # |B| <= distance^(-a) by Euler's integral for 2F1 (DLMF 15.6.1), or trivially where b = 1
    bound = clearance(theta, 0 if germ.singularity > 0 else math.pi) ** -float(max(germ.a, germ.b)) * 1.001
    direct = integral(borel, arb(bound), g, theta)
    assert direct.rel_accuracy_bits() > 30
    assert germ.sum(g, 60, direction=theta).overlaps(direct)


@pytest.mark.parametrize("germ", [QUARTIC, AIRY, EULER, ERROR_FUNCTION, BESSEL], ids=str)
@pytest.mark.parametrize(
    ("g", "theta"),
    [("1/3+1j/2", 1.0), ("-1/5", 2.2), ("-1/5+1j/50", -2.2), ("1/4", 0.9), ("1/4-1j/9", -1.2), ("2j", 1.7)],
)
def test_hypergeometric_sums_are_the_borel_integral(germ, g, theta):
    check_against_quadrature(germ, g, theta)


@pytest.mark.parametrize("germ", [QUARTIC, EULER, ERROR_FUNCTION], ids=str)
@pytest.mark.parametrize(
    ("g", "turn"), [(1 / 4, 0.3), (1 / 4 - 0.1j, 0.3), (0.05 - 0.3j, 0.1), (1 / 3 + 1j / 3, -0.3), (1 / 4 - 0.1j, -0.3)]
)
def test_beside_the_stokes_line_and_beyond_it(germ, g, turn):
    """The ray on one side of the singularity, g on it or on the other."""
    check_against_quadrature(germ, g if germ is EULER else -g, turn if germ is EULER else turn + math.pi)


def _acb(x):
    return acb(fmpq(x.numerator, x.denominator))


@pytest.mark.parametrize(
    ("g", "theta"),
    [("1/3+1j/2", 1.0), ("-1/5", 2.3), ("-1/5+1j/50", -2.2), ("1/4", 0.5), ("1j", 1.2), ("1j", 1.9), ("-1j", -1.2)],
)
def test_stirling_sums_are_the_borel_integral(g, theta):
    # |B| = |sum 2/(z^2 + 4 pi^2 k^2)| <= sum 2/(4 pi^2 k^2 sin) = 1/(12 sin), the angle being that of z^2 to -1
    bound = 1 / (12 * clearance(2 * theta, math.pi)) * 1.001
    direct = integral(lambda z: (1 / z.expm1() - 1 / z + acb(1) / 2) / z, arb(bound), g, theta)
    assert Stirling().sum(g, 60, direction=theta).overlaps(direct)


# -- identities -------------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(parameters, parameters, singular_points, rays(), sides, bits)
def test_contiguous_relation(a, b, zeta, ray, side, bits):
    """DLMF 13.3.7 for w^a U(a, a-b+1, w), on whatever sheet; whole numbers and series that end among the three."""
    g, direction = ray
    lower, middle, upper = (
        Hypergeometric(a + k, b + k, zeta).sum(g, bits, side=side, direction=direction) for k in (-1, 0, 1)
    )
    with working_precision(bits + 30):
        w = -_acb(zeta) / ball(g, bits + 30)
        total = w * lower + (1 - _acb(a) - _acb(b) - w) * middle + _acb(a) * _acb(b) / w * upper
        assert total.contains(0)
        assert abs(total).upper() < 2.0 ** (8 - bits) * (1 + abs(w) + 60 / abs(w)) * (
            1 + abs(lower) + abs(middle) + abs(upper)
        )


@settings(max_examples=150)
@given(parameters, parameters, singular_points, st.floats(-3, 3), st.floats(-1.5, 1.5), bits)
def test_the_jump_is_the_stokes_constant_times_the_other_series(a, b, zeta, size, turn, bits):
    germ = Hypergeometric(a, b, zeta)
    assume(not germ.terminates)
    g = cmath.rect(10**size, turn) * (1 if zeta > 0 else -1)
    line = sympy.S.Zero if zeta > 0 else sympy.pi
    above, below, median = (germ.sum(g, bits, side=side, direction=line) for side in SIDES)
    # 2F0(1-a, 1-b; ; -g/zeta): singular on the other side of the plane
    other = Hypergeometric(1 - a, 1 - b, -zeta).sum(g, bits, direction=line)
    (singularity,) = germ.singularities()
    with working_precision(bits + 30):
        x = _acb(zeta) / ball(g, bits + 30)
        power = x ** _acb(-singularity.exponent) * _acb(zeta) ** _acb(singularity.exponent)
        jump = ball(singularity.stokes_constant, bits + 30) * (-x).exp() * power * other
        assert (above - below).overlaps(jump)
        assert ((above + below) / 2).overlaps(median)


@settings(max_examples=60)
@given(st.sampled_from([QUARTIC, AIRY, EULER, ERROR_FUNCTION, BESSEL, Stirling()]), rays(), sides, bits)
def test_sums_are_as_good_as_asked_for_and_nest(germ, ray, side, bits):
    g, direction = ray
    rough, fine = (germ.sum(g, b, side=side, direction=direction) for b in (bits, 3 * bits))
    assert rough.overlaps(fine)
    assert rough.rel_accuracy_bits() >= bits
    assert fine.rel_accuracy_bits() >= 3 * bits


@settings(max_examples=60)
@given(st.sampled_from([QUARTIC, AIRY, EULER, ERROR_FUNCTION, BESSEL, Stirling()]), rays(), sides, bits)
def test_sums_turn_over_with_complex_conjugation(germ, ray, side, bits):
    g, direction = ray
    mirrored = {"above": "below", "below": "above", "median": "median"}[side]
    here = germ.sum(g, bits, side=side, direction=direction)
    there = germ.sum(complex(g).conjugate(), bits, side=mirrored, direction=None if direction is None else -direction)
    assert here.overlaps(there.conjugate())


@settings(max_examples=60)
@given(couplings(), sides, bits)
def test_stirling_against_gamma(g, side, bits):
    """exp of the sum is Gamma, left and right of the Stokes lines."""
    value = Stirling().sum(g, bits, side=side)
    with working_precision(bits + 20):
        x = 1 / ball(g, bits + 20)
        half = acb(1) / 2

        def scaled_gamma(y):
            return y.gamma() * ((half - y) * y.log() + y - half * (2 * acb.pi()).log()).exp()

        if x.real > 0:
            assert (value / x).exp().overlaps(scaled_gamma(x))
        if x.real < 0:
            assert (value / x).exp().overlaps(1 / scaled_gamma(-x))


@pytest.mark.parametrize("g", ["1j/2", "-1j/2", "1j/7"])
def test_stirling_jump_is_a_sum_over_poles(g):
    above, below, median = (Stirling().sum(g, 100, side=side) for side in SIDES)
    upper = not g.startswith("-")
    with working_precision(120):
        x = 1 / ball(g, 120)
        terms = acb(0)
        for pole in Stirling().singularities(200):
            if (sympy.im(pole.location) > 0) == upper:
                terms += ball(pole.stokes_constant, 120) * (-ball(pole.location, 120) * x).exp() * x
        assert abs(above - below - terms) < 1e-25
        assert ((above + below) / 2).overlaps(median)


# -- late coefficients ------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(parameters, parameters, singular_points)
def test_stokes_constants_govern_the_late_coefficients(a, b, zeta):
    germ = Hypergeometric(a, b, zeta)
    assume(not germ.terminates)
    (singularity,) = germ.singularities()
    first, order = 60, 12
    terms = germ.coefficients(first + order + 1)
    with working_precision(400):
        beta, place = _acb(singularity.exponent), _acb(zeta)
        ratios = [
            acb(terms[n]) * 2 * acb.pi() * acb(0, 1) * place ** (n - beta) / (n - beta).gamma()
            for n in range(first, first + order + 1)
        ]
        limit = acb(0)  # of the ratios in 1/n, by Richardson (Bender & Orszag 1978, eq. 8.1.16)
        for k, ratio in enumerate(ratios):
            weight = Fraction((first + k) ** order * (-1) ** (k + order), math.factorial(k) * math.factorial(order - k))
            limit += ratio * _acb(weight)
        stokes = ball(singularity.stokes_constant, 400)
        assert abs(limit - stokes) < 1e-6 * abs(stokes)


def test_stirling_coefficients_are_sums_over_poles():
    """a_n = sum S_k/(2 pi i) n!/A_k^(n+1), without corrections: the poles are all there is."""
    terms = Stirling().coefficients(40)
    poles = Stirling().singularities(60)
    for n in (12, 20, 38):
        total = sum(
            complex(s.stokes_constant) / 2j / math.pi * math.factorial(n) / complex(s.location) ** (n + 1)
            for s in poles
        )
        assert total == pytest.approx(int(terms[n].p) / int(terms[n].q), rel=1e-12)
    assert all(t == 0 for t in terms[1::2])


def test_stirling_coefficients_are_dlmf_5_11_1():
    expected = [fmpq(1, 12), 0, fmpq(-1, 360), 0, fmpq(1, 1260), 0, fmpq(-1, 1680), 0, fmpq(1, 1188)]
    assert Stirling().coefficients(9) == expected


@pytest.mark.parametrize(
    ("germ", "location", "exponent", "stokes"),
    [
        (EULER, 1, -1, 2 * sympy.pi * sympy.I),
        (Hypergeometric(1, 1, -1), -1, -1, -2 * sympy.pi * sympy.I),
        (QUARTIC, sympy.Rational(-1, 4), 0, sympy.sqrt(2) * sympy.I),
        (AIRY, sympy.Rational(1, 6), 0, sympy.I),
        (ERROR_FUNCTION, -1, Fraction(-1, 2), -2 * sympy.sqrt(sympy.pi)),
        (BESSEL, -2, 0, sympy.I),
    ],
    ids=str,
)
def test_singularities(germ, location, exponent, stokes):
    (singularity,) = germ.singularities()
    assert singularity == ExactSingularity(sympy.sympify(location), Fraction(exponent), stokes)


def test_stirling_singularities_come_nearest_first():
    assert Stirling().singularities(0) == ()
    places = [s.location / (2 * sympy.pi * sympy.I) for s in Stirling().singularities(5)]
    assert places == [1, -1, 2, -2, 3]


def test_kinds_and_printing():
    kinds = [g.singularities()[0].kind for g in (EULER, QUARTIC, ERROR_FUNCTION)]
    assert kinds == ["pole", "logarithm", "branch point"]
    assert str(EULER.singularities()[0]) == "pole at 1, exponent -1, Stokes constant 2*I*pi"
    assert QUARTIC.singularities()[0]._repr_latex_() == (
        r"$A = - \frac{1}{4},\quad \beta = 0,\quad S = \sqrt{2} i$ (logarithm)"
    )


# -- sides, ends, errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("germ", [EULER, AIRY], ids=str)
def test_sides_agree_off_the_line_and_are_needed_on_it(germ):
    values = [germ.sum("1/10+1j/7", 80, side=side) for side in (None, *SIDES)]
    assert all(v.overlaps(values[0]) for v in values)
    with pytest.raises(StokesLineError):
        germ.sum("1/10", 80)
    with pytest.raises(StokesLineError):
        germ.sum("1/10+1j/7", 80, direction=0)


def test_median_on_the_positive_axis_is_real():
    for germ in (EULER, AIRY):
        assert germ.sum("1/10", 80, side="median").imag.is_zero()


@pytest.mark.parametrize(("a", "b"), [(-3, "1/2"), ("1/2", -3), (-2, -3), (0, 1)])
def test_series_that_end(a, b):
    germ = Hypergeometric(a, b, "1/3")
    assert germ.terminates
    assert germ.singularities() == ()
    terms = germ.coefficients(6)
    value = germ.sum("1/7", 100)
    with working_precision(120):
        assert value.overlaps(acb(sum(t * fmpq(1, 7) ** n for n, t in enumerate(terms))))


@pytest.mark.parametrize("germ", [QUARTIC, AIRY, EULER, ERROR_FUNCTION, Stirling()], ids=str)
def test_an_uncertain_coupling_gives_an_uncertain_sum_that_contains_the_true_ones(germ):
    with working_precision(100):
        wide = acb(arb(-0.5, 1e-12), arb(0, 1e-12))
    for centre in (wide, -wide, acb(0, 1) * wide):
        value = germ.sum(centre, 200, side="above", direction=sympy.arg(sympy.sympify(complex(centre.mid()))))
        assert 25 < value.rel_accuracy_bits() < 60
        direction = sympy.arg(sympy.sympify(complex(centre.mid())))
        for shift in (1e-12, -1e-12, 1e-12j, -1e-12j, 0):
            inside = complex(centre.mid()) + shift * 0.9
            assert value.overlaps(germ.sum(inside, 100, side="above", direction=direction))


def test_refine_stops_where_precision_does_not_help():
    precisions = []

    def stubborn(precision):
        precisions.append(precision)
        return acb(arb(1, 0.5))

    assert refine(stubborn, 100).overlaps(acb(1))
    assert len(precisions) == 4
    assert not refine(lambda precision: acb(float("inf")), 10).is_finite()


def test_refine_is_not_put_off_by_a_change_of_method():
    radii = iter([1e-9, 1e-5, 1e-7, 1e-40])
    assert refine(lambda precision: acb(arb(1, next(radii))), 100).rel_accuracy_bits() > 100


def test_a_sum_that_is_zero():
    germ = Hypergeometric(-1, "1/3", "1/3")  # 1 - g
    value = germ.sum(1, 100)
    assert value.contains(0)
    assert value.rad() < 2.0**-100


def test_the_callers_precision_is_left_alone():
    before = flint.ctx.prec
    QUARTIC.sum("1/10", 500)
    with pytest.raises(StokesLineError):
        QUARTIC.sum("-1/10", 500)
    assert flint.ctx.prec == before


@pytest.mark.parametrize(
    ("arguments", "exception", "message"),
    [
        ((1, 1, 0), ValueError, "must not be at 0"),
        ((sympy.sqrt(2), 1, 1), ValueError, "a must be rational"),
        ((1, 1j, 1), ValueError, "b must be rational"),
        ((1, 1, sympy.I), ValueError, "singularity must be rational"),
        ((1, math.nan, 1), ValueError, "finite"),
        ((None, 1, 1), TypeError, "number"),
    ],
)
def test_germs_refuse(arguments, exception, message):
    with pytest.raises(exception, match=message):
        Hypergeometric(*arguments)
