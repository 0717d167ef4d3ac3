"""Certified sums and Stokes constants from differential equations, against closed forms."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import acb, arb, fmpq, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence import holonomic_germ
from resurgence.differential_operator import DifferentialOperator
from resurgence.errors import LevelError, StokesLineError
from resurgence.germs import Hypergeometric
from resurgence.numbers import ball, working_precision
from resurgence.recurrence import Recurrence

EULER = "x^3*y'' + (x^2 + x)*y' - y = 0"

parameters = st.fractions(Fraction(-5, 2), Fraction(5, 2), max_denominator=8)
places = st.sampled_from([Fraction(p, q) for p in (-4, -1, 1, 3) for q in (1, 2, 5)])
sides = st.sampled_from(["above", "below", "median"])


def hypergeometric_series(a: Fraction, b: Fraction, zeta: Fraction, terms: int = 4) -> rs.FormalSeries:
    """2F0(a, b; ; g/zeta) by its recurrence."""
    return rs.FormalSeries.from_recurrence([f"-(n + ({a}))*(n + ({b}))", f"({zeta})*(n + 1)"], [1], terms)


# ---------------------------------------------------------------------------------------------------------------------
# Euler's equation


def euler_exact(x: acb, upper: bool = True) -> acb:
    """exp(1/x) E1(1/x), on the side of the cut along the negative axis of x."""
    w = 1 / x
    if x.imag.is_zero() and x.real < 0:
        y = -w.real
        turn = acb(0, arb.pi()) if upper else acb(0, -arb.pi())
        return w.exp() * (-acb(y).ei() + turn)
    return w.exp() * w.expint(1)


@pytest.mark.parametrize("digits", [50, 100, 200, 1000])
@pytest.mark.parametrize(
    ("x", "direction"), [("1/10", None), ("1/2", None), ("1/2j", sympy.pi / 4), ("1/2j", None)], ids=str
)
def test_euler_s_equation(digits, x, direction):
    value = rs.borel_sum(rs.FormalSeries.from_ode(EULER, [0, 1]), x, digits, direction=direction)
    assert value.status == "certified"
    assert value.digits >= digits
    with working_precision(4 * digits + 100):
        assert value.contains(rs.Enclosure.from_ball(euler_exact(ball(x, 4 * digits + 100))))


@pytest.mark.parametrize("digits", [50, 200, 1000])
def test_euler_s_equation_on_its_stokes_line(digits):
    series = rs.FormalSeries.from_ode(EULER, [0, 1])
    above, below = (rs.borel_sum(series, "-1/2", digits, side=side) for side in ("above", "below"))
    bits = 4 * digits + 100
    with working_precision(bits):
        exact = euler_exact(acb(fmpq(-1, 2)), upper=False)
        assert above.contains(rs.Enclosure.from_ball(exact))
        assert below.contains(rs.Enclosure.from_ball(euler_exact(acb(fmpq(-1, 2)))))
        # The constant is -2 pi i: log(1 + z) falls by 2 pi i from below to above its cut, and F = exp(1/x) E1(1/x).
        jump = below.ball(bits) - above.ball(bits)
        assert jump.contains(2 * acb.pi() * acb(0, 1) * acb(-2).exp())
    assert rs.borel_sum(series, "-1/2", digits, side="median").contains(
        rs.Enclosure(above.value.real, above.error, "certified")
    )


def test_no_side_on_a_stokes_line_is_refused_with_the_place():
    with pytest.raises(StokesLineError, match="at -1") as caught:
        rs.borel_sum(rs.FormalSeries.from_ode(EULER, [0, 1]), "-1/2")
    assert [complex(ball(s.location, 64)) for s in caught.value.singularities] == [-1]


# ---------------------------------------------------------------------------------------------------------------------
# Closed forms


@given(
    a=parameters,
    b=parameters,
    zeta=places,
    size=st.fractions(Fraction(1, 10), 3, max_denominator=20),
    side=sides,
    angle=st.integers(-8, 8),
    digits=st.integers(10, 60),
)
def test_hypergeometric_germs(a, b, zeta, size, side, angle, digits):
    series = hypergeometric_series(a, b, zeta)
    bits = 4 * digits + 60
    with working_precision(bits):
        g = acb(fmpq(size.numerator, size.denominator)) * acb(fmpq(angle, 8)).exp_pi_i()
    direction = sympy.pi * sympy.Rational(angle, 8)
    value = rs.borel_sum(series, g, digits, side=side, direction=direction)
    exact = Hypergeometric(a, b, zeta).sum(g, bits, side=side, direction=direction)
    assert value.status == "certified"
    assert value.contains(rs.Enclosure.from_ball(exact))
    assert value.digits >= digits - 5 or abs(value.value) < 1e-3


@given(a=parameters, b=parameters, zeta=places)
def test_hypergeometric_stokes_constants(a, b, zeta):
    exact = Hypergeometric(a, b, zeta).singularities()
    found = hypergeometric_series(a, b, zeta).germ.singularities()
    assert [s.exponent for s in found] == [s.exponent for s in exact]
    for ours, theirs in zip(found, exact, strict=True):
        assert ours.location == theirs.location
        assert ours.stokes_constant.status == "certified"
        assert ours.stokes_constant.contains(theirs.stokes_constant)
        assert ours.stokes_constant.error < 1e-30 * (1 + abs(ours.stokes_constant.value))


@pytest.mark.parametrize("name", ["quartic", "cubic", "bessel_k(0)", "bessel_k(1/3)", "bessel_k(7/4)"])
@pytest.mark.parametrize("g", ["1/5", "-1/3", "1/4+1/3j", "-1/2-1/7j"])
@pytest.mark.parametrize("side", ["above", "below", "median"])
def test_models(name, g, side):
    model = rs.models.get(name)
    germ = model.germ
    series = hypergeometric_series(germ.a, germ.b, germ.singularity)
    full = rs.FormalSeries(
        series.terms, action=model.weight, exponent=model.exponent, constant=model.constant, germ=series.germ
    )
    value = rs.borel_sum(full, g, 40, side=side)
    assert value.status == "certified"
    assert value.contains(model.exact(g, 50, side=side))
    [mine], [theirs] = series.germ.singularities(), germ.singularities()
    assert mine.stokes_constant.contains(theirs.stokes_constant)


# ---------------------------------------------------------------------------------------------------------------------
# Several singularities, branch points of other kinds


@settings(max_examples=15)
@given(st.sets(st.sampled_from([-3, -2, -1, 1, 2, 3]), min_size=2, max_size=4), st.data())
def test_sums_of_geometric_germs(poles, data):
    """Phi = sum_p c_p sum_n n! (g/p)^n: simple poles at every p, and the sums of Ei to compare with."""
    order = sorted(poles)
    weights = {p: data.draw(st.integers(1, 5), label=f"weight at {p}") for p in order}
    # B = sum c_p/(1 - z/p) is rational: its operator in z by B' / B, that in g by guessing nothing: a_n = n! b_n.
    z = sympy.Symbol("z")
    rational = sympy.together(sum(sympy.Rational(c) / (1 - z / p) for p, c in weights.items()))
    _, bottom = sympy.fraction(rational)
    denominator = sympy.Poly(sympy.expand(bottom), z)
    # bottom(S) b = 0 for n > degree of top: recurrence with constant coefficients, then b_n = a_n/n!
    degree = denominator.degree()
    coefficients = denominator.all_coeffs()[::-1]
    n = sympy.Symbol("n")
    shifts = [
        sympy.expand(coefficients[degree - j] * sympy.prod([(n + i) for i in range(j + 1, degree + 1)]))
        for j in range(degree + 1)
    ]
    initial = [
        sum(sympy.Rational(c) * math.factorial(k) / sympy.Integer(p) ** k for p, c in weights.items())
        for k in range(degree)
    ]
    series = rs.FormalSeries.from_recurrence(shifts, initial, 12)
    g = data.draw(st.sampled_from(["1/2", "-1/3", "1/3+1/2j"]))
    side = data.draw(sides)
    value = rs.borel_sum(series, g, 25, side=side)
    with working_precision(200):
        exact = acb(0)
        for p, c in weights.items():
            exact += c * Hypergeometric(1, 1, p).sum(g, 150, side=side)
    assert value.contains(rs.Enclosure.from_ball(exact))
    found = {complex(ball(s.location, 64)).real: s for s in series.germ.singularities()}
    assert set(found) == set(map(float, order))
    for p, c in weights.items():
        # c/(1 - z/p): a pole, S = 2 pi i K A^(-beta)/Gamma(-beta) = 2 pi i c p
        assert found[p].exponent == -1
        assert found[p].stokes_constant.contains(2 * sympy.pi * sympy.I * c * p)


def series_of_germ(coefficients, initial):
    """The series whose Borel transform solves an equation in z: with a_n = n! b_n its recurrence becomes one of a_n."""
    borel = DifferentialOperator(coefficients, "z").recurrence()
    factors = [fmpz_poly([1])]
    for j in range(len(borel.q) - 1):
        factors.append(factors[-1] * fmpz_poly([-j, 1]))
    operator = Recurrence(tuple(q * f for q, f in zip(borel.q, factors, strict=True))).operator("g")
    return rs.FormalSeries.from_ode(operator, [a * math.factorial(n) for n, a in enumerate(initial)], terms=6)


def assert_laplace(series, denominator, germ):
    """The sum at g = 1/denominator against int exp(-t) B(g t) dt by quadrature."""
    value = rs.borel_sum(series, Fraction(1, denominator), 30)
    with mpmath.workdps(40):
        exact = mpmath.quad(lambda t: mpmath.exp(-t) * germ(t / denominator), [0, 1, 5, 20, 60, 120])
        assert abs(value.value - exact) < mpmath.mpf(10) ** -28


def test_a_square_of_a_logarithm_is_summed_but_has_no_stokes_constant():
    series = series_of_germ(["0", "1", "3*(z + 1)", "(z + 1)^2"], [0, 0, 1])  # log(1 + z)^2
    assert series.coefficients[:5] == (0, 0, 2, -6, 22)
    assert_laplace(series, 5, lambda z: mpmath.log(1 + z) ** 2)
    with pytest.raises(ValueError, match="not one Stokes constant"):
        series.germ.singularities()
    [point] = series.germ.first_sheet()
    assert (point.singular, point.stokes_constant) == (True, None)


def test_an_irregular_singular_point_is_summed_past_but_not_described():
    series = series_of_germ(["-1", "(z + 1)^2"], [1])  # exp(z/(1 + z))
    assert_laplace(series, 3, lambda z: mpmath.exp(z / (1 + z)))
    [point] = series.germ.first_sheet()
    assert (point.singular, point.status) == (None, None)
    assert "irregular" in point.reason
    with pytest.raises(ValueError, match="no Stokes constant"):
        series.germ.singularities()
    with pytest.raises(StokesLineError):
        rs.borel_sum(series, "-1/3")


def test_irrational_exponents_are_summed_past_but_not_described():
    series = series_of_germ(["-2", "z + 1", "(z + 1)^2"], [1, 0])  # cosh(sqrt(2) log(1 + z))
    assert_laplace(series, 4, lambda z: mpmath.cosh(mpmath.sqrt(2) * mpmath.log(1 + z)))
    [point] = series.germ.first_sheet()
    assert point.singular is None
    assert "not rational" in point.reason


def test_a_point_out_of_reach_is_left_open(monkeypatch):
    monkeypatch.setattr(holonomic_germ, "_accuracy", lambda coordinates: -1000)
    series = rs.FormalSeries.from_ode(EULER, [0, 1])
    [point] = series.germ.first_sheet()
    assert point.singular is None
    assert "lost" in point.reason
    with pytest.raises(StokesLineError):
        rs.borel_sum(series, "-1/3")
    v = rs.verify(rs.FormalSeries.from_ode(EULER, [0, 1], terms=60))
    assert v.rows[0].status == "estimated"  # from the coefficients alone


def test_a_point_that_the_germ_does_not_see():
    """(2 - z) ((1 + z) log(1 + z)) and 1/(2 - z) share an equation; the former has no pole at 2."""
    analytic = rs.HolonomicSeries(DifferentialOperator(["0", "1", "z + 1"], "z"), [0, 1])
    other = rs.HolonomicSeries.from_rational(("1", "2 - z"), "z")
    both = analytic + other
    series = series_of_germ(both.operator.coefficients, analytic.coefficients(8))
    points = {complex(ball(p.location, 64)).real: p for p in series.germ.first_sheet()}
    assert points[-1.0].singular
    assert (points[2.0].singular, points[2.0].status) == (False, "estimated")
    # Not proved, so that on the ray through 2 a side has to be chosen; both give the same.
    with pytest.raises(StokesLineError):
        rs.borel_sum(series, "1/2")
    above, below = (rs.borel_sum(series, "1/2", 20, side=side) for side in ("above", "below"))
    assert above.contains(below)


def test_an_equation_that_is_a_guess_gives_estimates():
    known = rs.FormalSeries.from_ode(EULER, [0, 1], terms=60)
    series = rs.FormalSeries(known.terms).guess_ode()
    assert series is not None
    assert series.germ.series.operator == known.germ.series.operator
    value = rs.borel_sum(series, "1/10", 20)
    assert value.status == "estimated"
    assert "guessed" in value.method
    assert value.contains(rs.borel_sum(known, "1/10", 30))
    assert series.germ.singularities()[0].stokes_constant.status == "estimated"


def test_no_equation_is_guessed_where_there_is_none():
    assert rs.FormalSeries([sympy.prime(n) for n in range(1, 80)]).guess_ode() is None
    with pytest.raises(ValueError, match="exact"):
        rs.FormalSeries([1.5, mpmath.mpf(2)]).guess_ode()


# ---------------------------------------------------------------------------------------------------------------------
# Along paths


@given(
    path=st.lists(
        st.tuples(st.integers(-30, 30), st.integers(-30, 30)).filter(lambda p: p != (-10, 0)), min_size=1, max_size=4
    ),
    digits=st.integers(5, 40),
)
def test_the_logarithm_along_any_path(path, digits):
    """log(1 + z) at the end of a path is an integral of 1/(1 + z) along it: the logarithms of the corners' ratios."""
    texts = [f"{Fraction(x, 10)}{'-' if y < 0 else '+'}{abs(Fraction(y, 10))}j" for x, y in path]
    borel = rs.FormalSeries.from_ode(EULER, [0, 1]).borel()
    bits = 4 * digits + 80
    with working_precision(bits):
        places = [acb(1), *(1 + ball(text, bits) for text in texts)]
        ratios = [b / a for a, b in itertools.pairwise(places)]
    blocked = any(r.imag.contains(0) and not r.real > 0 for r in ratios)
    if blocked:
        with pytest.raises(ValueError, match="go around it"):
            borel.continue_along(texts, digits)
        return
    value = borel.continue_along(texts, digits)
    assert value.status == "certified"
    with working_precision(bits):
        assert value.contains(rs.Enclosure.from_ball(sum((r.log() for r in ratios), acb(0))))


def test_paths_that_make_no_sense_are_refused():
    euler = rs.FormalSeries.from_ode(EULER, [0, 1])
    with pytest.raises(ValueError, match="at least one point"):
        euler.borel().continue_along([])
    with pytest.raises(ValueError, match="leroy"):
        euler.borel(leroy=1).continue_along([1])
    with pytest.raises(ValueError, match="linear equation"):
        rs.FormalSeries(range(1, 30)).borel().continue_along([1])
    with pytest.raises(ValueError, match="go around it"):
        euler.borel().continue_along([-2])


# ---------------------------------------------------------------------------------------------------------------------
# What is refused


def test_another_level_is_refused_by_name():
    # Gevrey order 2: a_n = (2n)!
    series = rs.FormalSeries.from_recurrence(["-(2*n + 1)*(2*n + 2)", 1], [1], 5)
    with pytest.raises(LevelError, match="level"):
        rs.borel_sum(series, "1/10")


def test_no_power_series_solution_is_refused_by_name():
    with pytest.raises(ValueError, match="power-series"):
        rs.FormalSeries.from_ode("2*x*y' - y = 0", [1])


def test_a_point_outside_the_half_plane_is_refused():
    with pytest.raises(ValueError, match="within pi/2"):
        rs.borel_sum(rs.FormalSeries.from_ode(EULER, [0, 1]), "1/10", direction=sympy.pi * 2 / 3)
    # sum g^n = 1/(1 - g): B = exp(z), and the integral along the positive axis converges for Re 1/g > 1 only
    geometric = rs.FormalSeries.from_recurrence([-1, 1], [1], 5)
    assert rs.borel_sum(geometric, "1/2", 20).contains(2)
    with pytest.raises(ValueError, match="converge"):
        rs.borel_sum(geometric, "2", 20)


@pytest.mark.parametrize(
    ("operator", "initial", "match"),
    [
        (EULER, [0], "a_1"),
        (EULER, [1, 1], "equation"),
        (EULER, ["x"], "number"),
        (EULER, [sympy.sqrt(2)], "rational"),
        ("y' = a*y + b", [1], "linear|variable"),
        ([0, 0], [1], "zero"),
        (["x", "y"], [1], "one variable"),
    ],
)
def test_bad_input(operator, initial, match):
    with pytest.raises(ValueError, match=match):
        rs.FormalSeries.from_ode(operator, initial)


def test_an_entire_germ_has_no_singularities():
    series = rs.FormalSeries.from_recurrence([-1, 1], [1], 5)
    assert series.germ.singularities() == ()


def test_convergent_series_sum_to_their_functions():
    # exp(g) - 1 has B = I_0(2 sqrt z) - 1, with an irregular singular point at infinity of order 1/2
    series = rs.FormalSeries.from_ode("y' = y", [1])
    value = rs.borel_sum(series, "1/3+1/5j", 40)
    with mpmath.workdps(60):
        assert value.contains(mpmath.exp(mpmath.mpf(1) / 3 + mpmath.mpc(0, 1) / 5))


def test_the_status_of_a_side_without_a_singularity():
    value = rs.borel_sum(rs.FormalSeries.from_ode(EULER, [0, 1]), "1/10", 20, side="above")
    assert value.status == "certified"
