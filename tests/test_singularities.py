"""Singularities from coefficients alone, against closed forms and critical values."""

import math
import random
from fractions import Fraction

import flint
import mpmath
import pytest
import sympy
from flint import acb, arb, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.action import Action
from resurgence.algebraic import gaussian_rational
from resurgence.numbers import ball, working_precision
from resurgence.series import FormalSeries
from resurgence.singularities import Singularity, find_singularities

BITS = 300
MODELS = [
    models.euler,
    models.euler_alternating,
    models.quartic,
    models.cubic,
    models.double_well,
    models.stirling,
    models.error_function,
    models.bessel_k("1/3"),
    models.bessel_k("0"),
    models.bessel_k("2/5"),
]


def singularities(coefficients, digits=20):
    return FormalSeries(coefficients).borel().singularities(digits)


def from_germ(germ):
    """The series whose plain Borel transform has these coefficients."""
    return FormalSeries([b * math.factorial(n) for n, b in enumerate(germ)])


def power(exponent, location, terms):
    """(1 - z/location)^exponent."""
    b = [Fraction(1)]
    for n in range(terms - 1):
        b.append(b[-1] * (n - exponent) / (n + 1) / location)
    return b


def product(left, right):
    return [sum((left[k] * right[n - k] for k in range(n + 1)), Fraction(0)) for n in range(len(left))]


def exponential(rate, terms):
    return [rate**n / Fraction(math.factorial(n)) for n in range(terms)]


def apart(first, second):
    with working_precision(BITS):
        return abs(ball(first, BITS) - ball(second, BITS))


def nearest(point, candidates):
    return min(candidates, key=lambda c: float(apart(point.location, c.location)))


# -- ground truths -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
@pytest.mark.parametrize("terms", [12, 24, 120])
def test_models(model, terms):
    """Location, exponent and Stokes constant contain the exact ones, and come close to them with more terms."""
    if model is models.stirling and terms == 12:  # every other coefficient is zero
        with pytest.raises(ValueError, match="at least 8 usable coefficients, got 6"):
            model.series(terms).borel().singularities()
        return
    found = model.series(terms).borel().singularities()
    assert found, model.name
    for point in found[:8]:
        exact = nearest(point, model.singularities)
        assert point.location_enclosure.contains(exact.location)
        assert point.stokes_enclosure.contains(exact.stokes_constant)
        assert point.exponent == exact.exponent
        assert point.kind == exact.kind
        assert point.status == "estimated"
    if terms == 120:
        assert found[0].digits >= 20
        assert found[0].stokes_enclosure.digits >= 20


def test_stirling_has_its_poles_in_pairs():
    found = models.stirling.series(100).borel().singularities()
    assert len(found) >= 8
    for k, (upper, lower) in enumerate(zip(found[0:6:2], found[1:6:2], strict=True), start=1):
        assert upper.location.real == lower.location.real == 0
        assert upper.location_enclosure.contains(2 * sympy.pi * sympy.I * k)
        assert lower.location_enclosure.contains(-2 * sympy.pi * sympy.I * k)


def test_painleve_one():
    """y'' = 6 y^2 + x in the variable x^(-5/4), scaled: +-8 sqrt(3)/(5 sqrt(6)), exponent 1/2.

    The equation is not linear: the germ solves no linear one, and there are infinitely many singularities.
    """
    c = [Fraction(1), Fraction(-1, 8)]
    for n in range(1, 60):
        c.append(Fraction(25 * n * n - 1, 8) * c[n] - sum(c[m] * c[n + 1 - m] for m in range(1, n + 1)) / 2)
    found = singularities([a for pair in zip(c, [0] * len(c), strict=True) for a in pair])
    exact = 8 * sympy.sqrt(3) / 5 / sympy.sqrt(6)
    assert len(found) == 2
    for point, sign in zip(found, (1, -1), strict=True):
        assert point.location_enclosure.contains(sign * exact)
        assert point.exponent == Fraction(1, 2)
        assert point.digits >= 15


@pytest.mark.parametrize(
    ("exponent", "kind"),
    [
        (Fraction(-2), "pole"),
        (Fraction(-1, 2), "branch point"),
        (Fraction(1, 3), "branch point"),
        (Fraction(-3, 2), "branch point"),
        (Fraction(5, 4), "branch point"),
    ],
)
@pytest.mark.parametrize("terms", [20, 60])
def test_exponents(exponent, kind, terms):
    """(1 - 2z/3)^beta exp(z/5): K = exp(3/10)."""
    germ = product(power(exponent, Fraction(3, 2), terms), exponential(Fraction(1, 5), terms))
    [point] = from_germ(germ).borel().singularities()
    a, beta = sympy.Rational(3, 2), sympy.Rational(exponent.numerator, exponent.denominator)
    constant = 2 * sympy.pi * sympy.I * sympy.exp(sympy.Rational(3, 10)) * a**-beta / sympy.gamma(-beta)
    assert point.location_enclosure.contains(a)
    assert point.exponent == exponent
    assert point.kind == kind
    assert point.stokes_enclosure.contains(constant)


def test_a_complex_pair():
    """Im of a pole at 1 + i and one further out: b_n = 2 Re (1 + i)^(-n) + 3^(-n)."""
    powers, z = [gaussian_rational(1, 0)], gaussian_rational(fmpq(1, 2), fmpq(-1, 2))
    for _ in range(39):
        powers.append(powers[-1] * z)
    b = [2 * p.poly[0] + fmpq(1, 3) ** n for n, p in enumerate(powers)]
    upper, lower, outer = from_germ([Fraction(int(x.p), int(x.q)) for x in b]).borel().singularities()
    assert upper.location_enclosure.contains(1 + 1j)
    assert lower.location_enclosure.contains(1 - 1j)
    assert outer.location_enclosure.contains(3)
    assert upper.location == lower.location.conjugate()
    assert {p.kind for p in (upper, lower, outer)} == {"pole"}


def test_complex_coefficients():
    """A single pole off the axis, without its mirror image; and one on the negative axis, where powers have a cut."""
    i = gaussian_rational(0, 1)
    [point] = singularities([(2 * i) ** n * math.factorial(n) for n in range(20)])
    assert point.location_enclosure.contains(-0.5j)
    assert point.stokes_enclosure.contains(sympy.pi)
    roots = power(Fraction(-1, 2), Fraction(-2), 24)
    [point] = from_germ([i * fmpq(b.numerator, b.denominator) for b in roots]).borel().singularities()
    assert point.location_enclosure.contains(-2)
    # 2 pi i K A^(1/2)/Gamma(1/2) with K = i and arg A = pi
    assert point.stokes_enclosure.contains(-2 * sympy.sqrt(2) * sympy.sqrt(sympy.pi) * sympy.I)


def test_leroy_moves_the_exponent_alone():
    series = models.quartic.series(30)
    [plain] = series.borel().singularities()
    for s in (1, Fraction(1, 2)):
        [moved] = series.borel(s).singularities()
        assert moved.exponent == plain.exponent + s
        assert moved.location == plain.location
        assert moved.stokes_constant == plain.stokes_constant


def test_an_irrational_exponent_is_left_a_number():
    beta = Fraction(314159, 1000000)
    [point] = from_germ(product(power(beta, Fraction(2), 60), exponential(Fraction(1), 60))).borel().singularities()
    assert not isinstance(point.exponent, Fraction)
    assert apart(point.exponent, "0.314159") <= arb(point.exponent_error)
    assert point.exponent_error < 1e-6
    assert point.kind == "branch point"


# -- how good: more terms, more noise ----------------------------------------------------------------------------------


def test_fewer_terms_mean_fewer_digits():
    errors = []
    action = Action("(x**2+y-11)**2+(x+y**2-7)**2")
    exact = action.critical_values()[1].algebraic
    for terms in (16, 30, 60, 100):
        [point] = action.expand(terms, at=(3, 2)).borel().singularities()
        assert point.location_enclosure.contains(exact)
        errors.append(point.error)
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 1e-9
    assert point.digits >= 20


def test_himmelblau_stokes_constant():
    """One saddle: S^2 is the ratio of the Hessian determinants at the minimum and at the saddle."""
    action = Action("(x**2+y-11)**2+(x+y**2-7)**2")
    minimum = next(p for p in action.critical_points() if p.is_rational and complex(p.coordinates[0]).real == 3)
    saddle = next(p for p in action.critical_points() if abs(complex(p.value.algebraic.ball(60)) - 13.3119) < 1e-3)
    [point] = action.expand(80, at=minimum).borel().singularities()
    with working_precision(BITS):
        ratio = minimum.hessian_determinant.ball(BITS) / saddle.hessian_determinant.ball(BITS)
        s, error = ball(point.stokes_constant, BITS), arb(point.stokes_error)
        assert abs(s**2 - ratio) <= 3 * abs(s) * error


@pytest.mark.parametrize("terms", [10, 25, 40])
@pytest.mark.parametrize("noise", [8, 14, 20])
def test_noise_degrades_value_and_error_together(terms, noise):
    """Each coefficient off by up to 10^-noise of itself, and saying so."""
    draw = random.Random(terms * noise)
    coefficients = []
    with working_precision(200):
        for a in models.quartic.series(terms).terms:
            size = arb(10) ** -noise
            coefficients.append(acb(arb(a) * (1 + draw.uniform(-1, 1) * size) * arb(1, size)))
    [point] = singularities(coefficients)
    assert point.location_enclosure.contains(Fraction(-1, 4))
    assert point.stokes_enclosure.contains(sympy.sqrt(2) * sympy.I)
    assert 10 ** -(noise + 2) < point.error < 1e-2


def test_floats():
    [point] = singularities([float(a) for a in models.quartic.series(40).coefficients])
    assert point.location_enclosure.contains(Fraction(-1, 4))
    assert 1e-17 < point.error < 1e-10
    assert point.exponent == 0


@pytest.mark.parametrize("digits", [5, 50])
def test_the_digits_asked_for(digits):
    [point] = models.cubic.series(120).borel().singularities(digits)
    assert point.location_enclosure.contains(Fraction(1, 6))
    assert digits <= point.digits <= digits + 3
    assert point.stokes_enclosure.contains(1j)


# -- nothing to find ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "coefficients",
    [
        [2**n for n in range(40)],
        [math.comb(2 * n, n) for n in range(60)],
        [Fraction(1, math.factorial(n)) for n in range(30)],
        [0] * 20,
        [1, 2, 3] + [0] * 30,
        [math.gamma(n / 2 + 1) for n in range(40)],
    ],
    ids=["geometric", "binomial", "exponential", "zero", "polynomial", "Gevrey-1/2"],
)
def test_entire_germs_have_none(coefficients):
    assert singularities(coefficients) == ()


@pytest.mark.parametrize("seed", range(40))
def test_random_coefficients_have_none(seed):
    draw = random.Random(seed)
    terms = draw.choice((8, 12, 16, 24, 30))
    numbers = [math.factorial(n) * draw.choice((-1, 1)) * draw.randint(1, 99) for n in range(terms)]
    assert singularities(numbers) == ()


def test_what_the_model_does_not_cover_is_not_returned():
    """log(1 - z)^2 and exp(z/(1 - z)): singular at 1, but not like (1 - z)^beta or a logarithm times a power series."""
    terms = 40
    logarithm = [Fraction(0)] + [Fraction(-1, n) for n in range(1, terms)]
    assert from_germ(product(logarithm, logarithm)).borel().singularities() == ()
    ratio = [Fraction(0)] + [Fraction(1)] * (terms - 1)
    essential = [Fraction(1)]
    for n in range(1, terms):  # E' = f' E
        essential.append(sum(k * ratio[k] * essential[n - k] for k in range(1, n + 1)) / n)
    assert from_germ(essential).borel().singularities() == ()


# -- other sheets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("terms", [20, 40, 60, 120, 240])
def test_a_critical_value_close_behind_on_another_sheet(terms):
    """11/8 + 5 sqrt(5)/8 is singular on other sheets only, and close to 5 sqrt(5)/4, where S = i sqrt|V''(c)/V''(c')|.

    V = x^4/4 - x^2 + x at c = -(1 + sqrt(5))/2; c' = (sqrt(5) - 1)/2; V'' = 3x^2 - 2: the ratio is the golden one to
    the fourth.
    """
    root = sympy.sqrt(5)
    [point] = Action("x**4/4 - x**2 + x").expand(terms, at=-(1 + root) / 2).borel().singularities()
    assert point.location_enclosure.contains(5 * root / 4)
    assert point.exponent == 0
    assert point.stokes_enclosure.contains(sympy.I * (3 + root) / 2)
    assert point.stokes_enclosure.digits >= 15


@pytest.mark.parametrize("shift", [Fraction(1, 5), Fraction(1, 10), Fraction(1, 30)])
@pytest.mark.parametrize("terms", [30, 60])
def test_a_pole_on_the_second_sheet_is_not_returned(shift, terms):
    """1/(h + sqrt(1 - z)): the pole at 1 - h^2 is not on the first sheet; K = -1/h^2 at 1."""
    root = power(Fraction(1, 2), Fraction(1), terms)
    root[0] += shift
    germ = [1 / root[0]]
    for n in range(1, terms):
        germ.append(-sum((root[k] * germ[n - k] for k in range(1, n + 1)), Fraction(0)) / root[0])
    for point in from_germ(germ).borel().singularities():
        assert point.location_enclosure.contains(1)
        assert point.exponent == Fraction(1, 2)
        assert point.stokes_enclosure.contains(
            sympy.I * sympy.sqrt(sympy.pi) / sympy.Rational(shift.numerator, shift.denominator) ** 2
        )


@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(2, 12), st.sampled_from([-1, 1]), st.sampled_from([24, 40]))
@settings(max_examples=15, deadline=None)
def test_random_actions_with_two_saddles_close_to_each_other(here, there, apart_by, sign, terms):
    """V' = (x - a)((x - b)^2 -+ 1/k): two critical values that differ by little."""
    x = sympy.Symbol("x")
    slope = sympy.expand((x - here) * ((x - there) ** 2 - sympy.Rational(sign, apart_by)))
    check_against_critical_values(isolated(str(sympy.integrate(slope, x))), terms)


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        ([1, 1, 2], "at least 8 usable coefficients, got 3"),
        ([math.factorial(n) for n in range(7)], "got 7"),
        ([math.factorial(n) * (n % 2) for n in range(14)], "got 7.*every 2nd"),
        ([math.factorial(n) * (n % 3 == 0) for n in range(20)], "every 3rd"),
        ([math.factorial(n) * (n % 4 == 0) for n in range(20)], "every 4th"),
        ([math.factorial(2 * n) for n in range(30)], "radius 0"),
        ([arb(math.factorial(n), math.factorial(n)) for n in range(30)], "not known to two digits"),
    ],
)
def test_refused(coefficients, message):
    with pytest.raises(ValueError, match=message):
        singularities(coefficients)


def test_a_series_is_cut_where_noise_begins():
    good = [math.factorial(n) for n in range(20)]
    noise = [acb(arb(math.factorial(n), math.factorial(n))) for n in range(20, 30)]
    [point] = singularities(good + noise)
    assert point.location_enclosure.contains(1)


@pytest.mark.parametrize(
    ("digits", "error"), [(0, ValueError), (10**9, ValueError), (2.5, TypeError), (True, TypeError), ("9", TypeError)]
)
def test_digits_are_checked(digits, error):
    with pytest.raises(error, match="digits must"):
        find_singularities(models.euler.series(20).borel(), digits)


def test_precision_is_left_alone():
    before = flint.ctx.prec, mpmath.mp.prec
    models.quartic.series(30).borel().singularities()
    assert (flint.ctx.prec, mpmath.mp.prec) == before


# -- the object --------------------------------------------------------------------------------------------------------


def test_how_it_prints():
    [point] = models.quartic.series(60).borel().singularities(10)
    assert str(point).startswith("logarithm at -0.25000000000")
    assert "exponent 0, Stokes constant 1.414213562" in str(point)
    assert point._repr_latex_().startswith("$A = -0.25000000000")
    assert r"\beta = 0" in point._repr_latex_()
    parts = point.to_dict()
    assert (parts["exponent"], parts["kind"], parts["status"]) == ("0", "logarithm", "estimated")
    assert parts["location"]["real"].startswith("-0.25")


def test_kinds_of_exponents_that_are_not_recognised():
    def one(exponent, error):
        return Singularity(
            mpmath.mpc(1),
            exponent,
            mpmath.mpc(0, 1),
            mpmath.mpf("1e-3"),
            "estimated",
            mpmath.mpf(error),
            mpmath.mpf("1e-3"),
        )

    assert one(mpmath.mpc("0.31"), "1e-3").kind == "branch point"
    assert one(mpmath.mpc("0.1"), "0.3").kind == "unresolved"
    assert "±" in str(one(mpmath.mpc("0.31"), "1e-3"))
    assert r"\pm" in one(mpmath.mpc("0.31"), "1e-3")._repr_latex_()
    assert one(Fraction(2), "1e-3").kind == "logarithm"


# -- random actions ----------------------------------------------------------------------------------------------------

integers = st.integers(-5, 5)


def check_against_critical_values(action, terms):
    """Every singularity is a difference of critical values, and its Stokes constant a sum over the saddles there.

    For one nondegenerate critical point c' of that value, S = n sqrt(det Hess(c)/det Hess(c')) with an integer n: the
    intersection number of Picard and Lefschetz (Berry & Howls 1991, eq. 14; Delabaere & Howls 2002).
    """
    points = [p for p in action.critical_points() if p.algebraic[0].field.degree <= 4 and not p.is_degenerate]
    assume(points)
    here = min(points, key=lambda p: (p.algebraic[0].field.degree, abs(complex(p.value.algebraic.ball(60)))))
    try:
        series = action.expand(terms, at=here)
    except ValueError:
        assume(False)
    assume(sum(a != 0 for a in series.terms) >= 8)  # a symmetry makes most of some series vanish
    found = series.borel().singularities()
    with working_precision(BITS):
        origin = here.value.algebraic.ball(BITS)
        others = [(p, p.value.algebraic.ball(BITS) - origin) for p in action.critical_points()]
        for point in found:
            z = ball(point.location, BITS)
            there = [p for p, value in others if abs(z - value) <= arb(point.error)]
            assert there, f"{point} of {action} is no critical value"
            if any(p.is_degenerate for p in there):
                continue
            assert point.exponent == 0
            if len(there) == 1:
                unit = (here.hessian_determinant.ball(BITS) / there[0].hessian_determinant.ball(BITS)).mid().sqrt()
                number = round(float((ball(point.stokes_constant, BITS) / unit).real))
                assert number != 0
                assert abs(ball(point.stokes_constant, BITS) - number * unit) <= arb(point.stokes_error)


def isolated(text):
    try:
        action = Action(text)
        action.critical_points()
    except ValueError:
        assume(False)
    return action


@given(st.lists(integers, min_size=1, max_size=3), st.integers(1, 5), integers, st.sampled_from([12, 20, 40]))
@settings(max_examples=60, deadline=None)
def test_random_actions_in_one_variable(higher, square, linear, terms):
    """V of degree up to 5."""
    coefficients = [0, linear, square, *higher]
    assume(any(higher))
    text = " + ".join(f"({c})*x**{k}" for k, c in enumerate(coefficients))
    check_against_critical_values(isolated(text), terms)


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda m: 3 <= sum(m) <= 5), integers, max_size=3
    ),
    st.sampled_from([3, 4, 5]),
    st.lists(st.integers(1, 4), min_size=4, max_size=4),
    st.sampled_from([20, 40, 60]),
)
@settings(max_examples=20, deadline=None)
def test_random_actions_in_two_variables(mixed, degree, outer, terms):
    """V of degree 3 to 5, with a nondegenerate critical point at the origin."""
    terms_of_v = {**{m: c for m, c in mixed.items() if sum(m) < degree}, (2, 0): outer[0], (0, 2): -outer[1]}
    terms_of_v |= {(degree, 0): outer[2], (0, degree): outer[3]}
    text = " + ".join(f"({c})*x**{i}*y**{j}" for (i, j), c in terms_of_v.items())
    check_against_critical_values(isolated(text), terms)
