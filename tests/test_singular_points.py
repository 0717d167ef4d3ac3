"""Singular points and exponents of operators whose solutions are known."""

import math
from fractions import Fraction

import pytest
import sympy
from flint import acb, fmpq, fmpq_poly, fmpz_poly
from hypothesis import assume, example, given
from hypothesis import strategies as st

from resurgence.algebraic import gaussian_rational
from resurgence.differential_operator import DifferentialOperator
from resurgence.numbers import working_precision
from resurgence.singular_points import exponents_at, local_theta_form

RATIONALS = st.fractions(-4, 4, max_denominator=6)
IRREDUCIBLE = [[0, 1], [-1, 2], [1, 0, 1], [-2, 0, 1], [-1, -1, 1], [2, 0, 0, 1], [3, 1, 0, 0, 1]]
X = fmpz_poly([0, 1])


def q(value):
    value = Fraction(value)
    return fmpq(value.numerator, value.denominator)


def product_of_powers(factors, powers):
    """p D - p (sum e_i f_i'/f_i), p = prod f_i: it annihilates prod f_i^e_i."""
    p = fmpq_poly([1])
    for f in factors:
        p *= fmpq_poly(f)
    lower = fmpq_poly()
    for f, e in zip(factors, powers, strict=True):
        lower -= q(e) * fmpq_poly(f.derivative()) * (p // fmpq_poly(f))
    return DifferentialOperator([lower, p])


def annihilator(*functions):
    """The operator whose solutions are spanned by polynomials: minors of the matrix of their derivatives."""
    order = len(functions)
    rows = []
    for f in functions:
        row = [f]
        for _ in range(order):
            row.append(row[-1].derivative())
        rows.append(row)
    return DifferentialOperator([(-1) ** k * determinant([r[:k] + r[k + 1 :] for r in rows]) for k in range(order + 1)])


def determinant(rows):
    if not rows:
        return fmpz_poly([1])
    return sum(
        ((-1) ** k * c * determinant([r[:k] + r[k + 1 :] for r in rows[1:]]) for k, c in enumerate(rows[0])),
        fmpz_poly(),
    )


def at(operator, location):
    [point] = [p for p in operator.singular_points if p.location == location]
    return point


# -- known operators ---------------------------------------------------------------------------------------------------


@given(RATIONALS)
def test_bessel(nu):
    operator = DifferentialOperator([fmpq_poly([-(q(nu) ** 2), 0, 1]), "x", "x^2"])
    [point] = operator.singular_points
    assert point.location == 0
    assert point.exponents == tuple(sorted((nu, -nu)))
    assert (point.regular, point.kind, point.multiplicity, point.irrational_exponents) == (True, "regular", 2, 0)


@given(st.integers(1, 9))
def test_bessel_functions_of_half_integer_order_have_no_logarithm(m):
    # x^n J_n and its partner, n = m/2: exponents 0 and m
    [point] = DifferentialOperator(["x", 1 - m, "x"]).singular_points
    assert point.exponents == (0, m)
    assert point.kind == ("apparent" if m % 2 else "regular")


@given(RATIONALS, RATIONALS, RATIONALS)
@example(Fraction(1, 2), Fraction(1, 3), Fraction(1))
def test_hypergeometric(a, b, c):
    operator = DifferentialOperator([-q(a * b), fmpq_poly([q(c), -q(a + b + 1)]), "x - x^2"])
    assume(operator.degree == 2)
    origin, one = at(operator, 0), at(operator, 1)
    assert origin.exponents == tuple(sorted((Fraction(0), 1 - c)))
    assert one.exponents == tuple(sorted((Fraction(0), c - a - b)))
    assert exponents_at(operator, 0) == origin.exponents
    # at an ordinary point all solutions are power series
    assert exponents_at(operator, Fraction(1, 3)) == (0, 1)
    assert len(operator.singular_points) == 2


def test_no_singular_points():
    assert DifferentialOperator(["-x", 0, 1]).singular_points == ()
    assert DifferentialOperator([1]).singular_points == ()


def test_order_and_kind():
    operator = DifferentialOperator([-1, "(x^2 + 4)*(x - 1)^3*x*(x^2 - 2)*(x + 1)"])
    points = operator.singular_points
    shown = [complex(p.ball(53)) for p in points]
    assert shown == pytest.approx([0, 1, -1, 2**0.5, -(2**0.5), 2j, -2j])
    assert [p.kind for p in points] == ["regular", "irregular", *["regular"] * 5]
    assert [p.multiplicity for p in points] == [1, 3, 1, 1, 1, 1, 1]
    assert points[1].exponents == ()
    assert repr(points[5]) == ("SingularPoint(location=0+2j, kind='regular', exponents=(), irrational_exponents=1)")
    assert repr(points[0]) == "SingularPoint(location=0, kind='regular', exponents=(1/8,))"
    assert points[3].irrational_exponents == 1
    assert len(set(points)) == 7


@pytest.mark.parametrize("factor", IRREDUCIBLE)
def test_essential_singularity_at_algebraic_points(factor):
    f = fmpz_poly(factor)
    points = DifferentialOperator([f.derivative(), f * f]).singular_points  # exp(1/f)
    assert len(points) == f.degree()
    for point in points:
        assert (point.kind, point.regular, point.exponents, point.multiplicity) == ("irregular", False, (), 2)
        with working_precision(100):
            value = acb(0)
            for c in reversed(f.coeffs()):
                value = value * point.ball(100) + c
            assert value.contains(0)
        with pytest.raises(ValueError, match="irregular singular point"):
            exponents_at(DifferentialOperator([f.derivative(), f * f]), point.location)


# -- random operators with known solutions -----------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(IRREDUCIBLE), min_size=1, max_size=3, unique_by=tuple),
    st.data(),
)
def test_exponents_of_products_of_first_order_operators(factors, data):
    factors = [fmpz_poly(f) for f in factors]
    powers = [data.draw(st.lists(RATIONALS, min_size=len(factors), max_size=len(factors))) for _ in range(2)]
    first, second = (product_of_powers(factors, e) for e in powers)
    assume(first.degree == second.degree == sum(f.degree() for f in factors))
    operator = first * second
    points = operator.singular_points
    assert len(points) == sum(f.degree() for f in factors)
    assert sum(p.multiplicity for p in points) == operator.leading.degree()
    for point in points:
        index = factors.index(point.factor)
        assert point.exponents == tuple(sorted((powers[0][index], powers[1][index])))
        assert point.irrational_exponents == 0
        assert point.location.minimal_polynomial() == point.factor
    moduli = [abs(complex(p.ball(64))) for p in points]
    assert moduli == pytest.approx(sorted(moduli))


def test_exponents_that_are_irrational():
    # x^2 y'' + x y' - 2 y: exponents +-sqrt 2; composed with an operator with the exponent 1/3
    euler = DifferentialOperator([-2, "x", "x^2"])
    [point] = euler.singular_points
    assert (point.exponents, point.irrational_exponents, point.kind) == ((), 2, "regular")
    [point] = (euler * DifferentialOperator([-1, "3*x"])).singular_points
    assert (point.exponents, point.irrational_exponents) == ((Fraction(1, 3),), 2)


@given(st.lists(st.lists(st.integers(-4, 4), min_size=2, max_size=6).map(fmpz_poly), min_size=1, max_size=3))
@example([fmpz_poly([1]), X**2])
@example([fmpz_poly([1]), X**7 + X**9, X**4 - X**5])
@example([(X**2 - 2) ** 3, X, X**2 + 5])
def test_points_where_all_solutions_are_polynomials_are_apparent(functions):
    try:
        operator = annihilator(*functions)
    except ValueError:
        assume(False)
    assume(operator.order == len(functions))
    for f in functions:
        terms = [fmpq(f[k]) for k in range(20)]
        assert not any(operator.apply(terms))
    for point in operator.singular_points:
        assert point.kind == "apparent"
        # The exponents are the orders of vanishing: echelon form of the Taylor coefficients over the number field.
        forms = [fmpq_poly(f) for f in functions]
        assert point.exponents == tuple(sorted(vanishing_orders(forms, point.factor)))


def vanishing_orders(functions, factor):
    modulus = fmpq_poly(factor)
    rows = []
    for f in functions:
        row = []
        for _ in range(13):
            row.append(f % modulus)
            f = f.derivative()
        rows.append(row)
    orders = []
    for column in range(13):
        pivot = next((r for r in rows if r[column].degree() >= 0), None)
        if pivot is None:
            continue
        orders.append(column)
        rows.remove(pivot)
        inverse = pivot[column].xgcd(modulus)
        scale = inverse[1] / inverse[0][0]
        rows = [[(a - b * (r[column] * scale)) % modulus for a, b in zip(r, pivot, strict=True)] for r in rows]
    return orders


@pytest.mark.parametrize("factor", IRREDUCIBLE)
@given(gap=st.integers(1, 4), low=st.integers(0, 3))
def test_logarithms_at_natural_exponents(factor, gap, low):
    """(f D - low f') (f D - (low + gap) f') has the solutions f^(low + gap) times 1 and times int f^(-gap-1)."""
    f = fmpz_poly(factor)
    inner, outer = product_of_powers([f], [low + gap]), product_of_powers([f], [low])
    for point in (outer * inner).singular_points:
        assert point.exponents == (low, low + gap)
        assert (point.kind == "apparent") == (abs(residue_of_power(f, -gap - 1, complex(point.ball(64)))) < 1e-9)
    # In the other order the second solution is f^low int f^(gap-1), without a logarithm.
    assert all(p.kind == "apparent" for p in (inner * outer).singular_points)


def residue_of_power(f, power, root):
    """Of f^power at a simple root: a coefficient of (f(root + t)/t)^power, by Miller's recurrence."""
    h = [
        complex(sum(int(f[n]) * math.comb(n, k) * root ** (n - k) for n in range(k, f.degree() + 1)))
        for k in range(1, 9)
    ]
    terms = [h[0] ** power]
    for n in range(1, -power):
        terms.append(sum((k * power - n + k) * h[k] * terms[n - k] for k in range(1, n + 1)) / (n * h[0]))
    return terms[-power - 1]


@given(st.fractions(-3, 3, max_denominator=4))
def test_shifted_operators_have_shifted_points(step):
    operator = DifferentialOperator(["x + 3", "x^2 + x - 5", "(x^2 - 2)*(x + 1)^2*(2*x - 3)"])
    moved = operator.shift(step)
    expected = {(p.location - q(step)).minimal_polynomial().str(): p for p in operator.singular_points}
    for point in moved.singular_points:
        original = expected[point.location.minimal_polynomial().str()]
        assert (point.kind, point.exponents, point.multiplicity) == (
            original.kind,
            original.exponents,
            original.multiplicity,
        )


@given(st.integers(-3, 3), st.lists(st.lists(st.integers(-3, 3), max_size=4).map(fmpz_poly), min_size=2, max_size=4))
def test_local_theta_form_is_the_theta_form_of_the_shifted_operator(point, polynomials):
    assume(polynomials[-1].degree() >= 0)
    operator = DifferentialOperator(polynomials)
    local = [fmpq_poly([c.poly[0] for c in form]) for form in local_theta_form(operator, point)]
    moved = [fmpq_poly(form) for form in operator.shift(point).theta_form]
    assert len(local) == len(moved)
    scale = local[0][local[0].degree()] / moved[0][moved[0].degree()]
    assert local == [b * scale for b in moved]


def test_points_in_a_number_field_that_they_do_not_generate():
    i = gaussian_rational(0, 1)
    operator = DifferentialOperator(["3", "x^2 + 4"])
    assert exponents_at(operator, 2 * i) == ()
    assert exponents_at(DifferentialOperator(["-x", "x^2 + 4"]), -2 * i) == (Fraction(1, 2),)
    assert exponents_at(DifferentialOperator(["-x", "x^2 + 4"]), 1 + i) == (0,)


def test_bad_points():
    operator = DifferentialOperator(["1", "x"])
    with pytest.raises(ValueError, match="rational number or an AlgebraicNumber"):
        exponents_at(operator, sympy.sqrt(2))
    with pytest.raises(TypeError):
        exponents_at(operator, None)


def test_a_common_factor_makes_apparent_points():
    [point] = DifferentialOperator([0, 0, "x - 1"]).singular_points
    assert (point.location == 1, point.kind, point.exponents) == (True, "apparent", (0, 1))
    assert math.isclose(point.ball(53).real, 1)
