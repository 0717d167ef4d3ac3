"""Differential operators: action on series, composition, theta form, Borel transform against exact coefficients."""

import math
from fractions import Fraction

import pytest
import sympy
from flint import fmpq, fmpq_poly, fmpz_poly
from hypothesis import assume, example, given
from hypothesis import strategies as st

from resurgence.differential_operator import DifferentialOperator
from resurgence.errors import LevelError
from resurgence.parse import parse_polynomial
from resurgence.power_series import exponential
from resurgence.recurrence import Recurrence

INTEGERS = st.integers(-6, 6)
POLYNOMIALS = st.lists(INTEGERS, max_size=4).map(fmpz_poly)
RATIONALS = st.fractions(-5, 5, max_denominator=9).map(lambda x: fmpq(x.numerator, x.denominator))


@st.composite
def operators(draw, order=3):
    polynomials = draw(st.lists(POLYNOMIALS, min_size=1, max_size=order + 1))
    assume(any(p.degree() >= 0 for p in polynomials))
    return DifferentialOperator(polynomials)


@st.composite
def polynomials_of_degree(draw, degree):
    return fmpz_poly(
        [*draw(st.lists(INTEGERS, min_size=degree, max_size=degree)), draw(st.sampled_from([-3, -1, 1, 2]))]
    )


@st.composite
def level_one(draw):
    """A recurrence with slopes 0 and 1 alone, a free index, and its solution."""
    regular, steps = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    free = draw(st.integers(0, 3))
    top = regular + steps
    forms = [draw(polynomials_of_degree(regular - 1)) * fmpz_poly([-free, 1])]
    for j in range(1, steps + draw(st.integers(0, 2)) + 1):
        degree = min(regular + j, top)
        forms.append(draw(polynomials_of_degree(degree if j == steps else draw(st.integers(0, degree)))))
    return DifferentialOperator.from_theta_form(forms)


def last_solution(recurrence, count):
    """The power series that begins at the largest free index."""
    start = recurrence.free_indices[-1]
    return recurrence.terms([0] * start + [1], max(count, start + 1))[:count]


def by_products(operator, terms):
    """The operator applied to a polynomial, with nothing but sums and products of numbers."""
    result = {}
    for k, p in enumerate(operator.coefficients):
        for i in range(int(p.degree()) + 1):
            for n, a in enumerate(terms):
                if n >= k:
                    result[n - k + i] = result.get(n - k + i, fmpq(0)) + p[i] * math.perm(n, k) * a
    return result


# -- making ------------------------------------------------------------------------------------------------------------


def test_what_coefficients_may_be():
    x = sympy.Symbol("x")
    expected = DifferentialOperator([fmpz_poly([-2]), fmpz_poly([0, 2, 1])])
    for given_ in (
        ["-1", "x + x^2/2"],
        [-1, x + x**2 / 2],
        [sympy.Integer(-1), x * (2 + x) / 2],
        [Fraction(-1, 3), fmpq_poly([0, fmpq(1, 3), fmpq(1, 6)])],
        [fmpq(2), parse_polynomial("-2*x - x^2")],
        [fmpq(2), "-2*x - x^2", 0, "0", fmpz_poly()],
    ):
        operator = DifferentialOperator(given_)
        assert operator == expected
        assert hash(operator) == hash(expected)
        assert operator.variable == "x"
    assert DifferentialOperator(["-1", "g"]).variable == "g"
    assert DifferentialOperator([-1, fmpz_poly([0, 1])], "s").variable == "s"
    assert DifferentialOperator(["-1", "s"], "s").variable == "s"
    assert expected != "D"


@pytest.mark.parametrize(
    ("coefficients", "variable", "error", "message"),
    [
        (["x", "y"], None, ValueError, "one variable, in all of its coefficients: got x, y"),
        (["x"], "z", ValueError, "the variable is z, got x"),
        (["x*y"], None, ValueError, "in one variable, got x.y"),
        ([], None, ValueError, "all coefficients are zero"),
        ([0, "0"], None, ValueError, "all coefficients are zero"),
        (["sin(x)", 1], None, ValueError, "is not a polynomial"),
        ([0.5, 1], None, TypeError, "got 0.5 of type float"),
        ([True], None, TypeError, "got True"),
        ("x^2", None, TypeError, "are given as a list"),
        (5, None, TypeError, "are given as a list"),
        (["x"], 5, TypeError, "name of the variable"),
    ],
)
def test_bad_coefficients(coefficients, variable, error, message):
    with pytest.raises(error, match=message):
        DifferentialOperator(coefficients, variable)


@given(operators())
def test_normal_form_and_text(operator):
    content = 0
    for p in operator.coefficients:
        content = math.gcd(content, int(p.content()))
    assert content == 1
    assert operator.leading[operator.leading.degree()] > 0
    assert eval(repr(operator), {"DifferentialOperator": DifferentialOperator}) == operator
    x, d = sympy.symbols("x D")
    read = sympy.Poly(sympy.sympify(str(operator).replace("^", "**")), d, x)
    expected = sum(int(p[i]) * x**i * d**k for k, p in enumerate(operator.coefficients) for i in range(p.degree() + 1))
    assert read == sympy.Poly(expected, d, x)


def test_text_and_latex():
    operator = DifferentialOperator(["-1", "0", "-x", "x^2 - 3*x", "1"], "x")
    assert str(operator) == "D^4 + (x^2 - 3*x)*D^3 - x*D^2 - 1"
    assert operator._repr_latex_() == (
        r"$\partial_{x}^{4} + \left(x^{2} - 3 x\right) \partial_{x}^{3} - x \partial_{x}^{2} - 1$"
    )
    assert DifferentialOperator(["0", "-1", "z"])._repr_latex_() == r"$z \partial_{z}^{2} - \partial_{z}$"
    assert (operator.order, operator.degree) == (4, 2)


# -- algebra -----------------------------------------------------------------------------------------------------------


@given(operators(), st.lists(RATIONALS, max_size=9))
def test_apply_gives_the_certain_coefficients_and_only_these(operator, terms):
    applied = operator.apply(terms)
    exact = by_products(operator, terms)
    assert applied == [exact.get(n, 0) for n in range(len(applied))]
    longer = [by_products(operator, [*terms, fmpq(k)]) for k in (1, 2)]
    for changed in longer:
        assert applied == [changed.get(n, 0) for n in range(len(applied))]
    # The next one is changed by a further term of the series, but for the roots of the indicial polynomial.
    if operator.theta_form[0](len(terms)) != 0:
        n = len(applied)
        assert longer[0].get(n, 0) != longer[1].get(n, 0) or len(terms) < operator._order_of_vanishing


@given(operators(), operators(), st.lists(RATIONALS, min_size=8, max_size=12))
def test_composition_is_one_operator_after_the_other(first, second, terms):
    product = first * second
    one = product.apply(terms)
    other = first.apply(second.apply(terms))
    count = min(len(one), len(other))
    factors = {a / b for a, b in zip(one[:count], other[:count], strict=True) if b != 0}
    assert len(factors) <= 1  # equations are given up to a number
    assert all((a == 0) == (b == 0) for a, b in zip(one[:count], other[:count], strict=True))
    assert product.order == first.order + second.order
    assert product.degree <= first.degree + second.degree


@given(operators(2), operators(2), operators(2))
def test_composition_is_associative(a, b, c):
    assert (a * b) * c == a * (b * c)


def test_composition_with_something_else():
    with pytest.raises(TypeError):
        DifferentialOperator(["x"]) * 2


@given(operators(), RATIONALS, RATIONALS, st.lists(RATIONALS, min_size=1, max_size=8))
def test_shift_is_a_change_of_variable(operator, point, other, terms):
    moved = operator.shift(point)
    y = fmpq_poly(terms)
    here = sum((fmpq_poly(p) * d for p, d in zip(operator.coefficients, derivatives(y), strict=False)), fmpq_poly())
    y_moved = y(fmpq_poly([point, 1]))
    there = sum((fmpq_poly(p) * d for p, d in zip(moved.coefficients, derivatives(y_moved), strict=False)), fmpq_poly())
    here = here(fmpq_poly([point, 1]))
    assert here.degree() == there.degree()
    if here.degree() >= 0:
        assert here * there[there.degree()] == there * here[here.degree()]
    assert moved.shift(other) == operator.shift(point + other)
    assert moved.shift(-point) == operator


def derivatives(y):
    while True:
        yield y
        y = y.derivative()


def test_shift_by_an_irrational_number():
    with pytest.raises(ValueError, match="shifted by a rational number"):
        DifferentialOperator(["x"]).shift(sympy.sqrt(2))


@given(operators())
def test_theta_form_acts_on_powers_as_the_operator_does(operator):
    forms = operator.theta_form
    assert forms[0].degree() >= 0
    assert forms[-1].degree() >= 0
    s = operator._order_of_vanishing
    for n in range(12):
        image = by_products(operator, [fmpq(0)] * n + [fmpq(1)])
        assert {k: v for k, v in image.items() if v != 0} == {n + j - s: q(n) for j, q in enumerate(forms) if q(n) != 0}


@given(operators())
def test_theta_form_and_back(operator):
    assert DifferentialOperator.from_theta_form(operator.theta_form) == operator.primitive_part()


@given(operators(), POLYNOMIALS)
def test_primitive_part_has_no_common_factor(operator, factor):
    assume(factor.degree() >= 0)
    primitive = operator.primitive_part()
    assert (DifferentialOperator([factor]) * operator).primitive_part() == primitive
    common = fmpz_poly()
    for p in primitive.coefficients:
        common = common.gcd(p)
    assert common.degree() == 0


# -- Borel transform ---------------------------------------------------------------------------------------------------


def test_borel_transforms_that_are_known():
    assert DifferentialOperator(["-1", "x^2 + x", "x^3"]).borel() == DifferentialOperator([0, 1, "1 + z"])
    # sum (n + k)!/k! x^n has the transform (1 - z)^(-k-1).
    for k in range(4):
        n = fmpz_poly([0, 1])
        assert Recurrence((n, -n * (n + k))).operator().borel() == DifferentialOperator([-k - 1, "1 - z"])
    # 1/(1 - x) has the transform exp(z)
    assert DifferentialOperator([-1, "1 - x"]).borel() == DifferentialOperator([-1, 1])
    assert DifferentialOperator([-1, "1 - x"]).borel().variable == "z"
    # a polynomial: x^3 goes to z^3/6
    assert DifferentialOperator([-3, "x"]).borel() == DifferentialOperator([-3, "z"])
    # K_nu(1/x): (1 + 2 theta) ... has singular points at 0 and -2 alone
    n = fmpz_poly([0, 1])
    bessel = Recurrence((8 * n, -(fmpz_poly([4 * 9]) - (2 * n - 1) ** 2))).operator().borel()
    assert {p.location for p in bessel.singular_points} == {0, -2}


@given(level_one())
@example(DifferentialOperator(["1", "3*x - 1", "x^2"]))
def test_borel_operator_annihilates_the_transform(operator):
    recurrence = operator.recurrence()
    count = 40
    terms = last_solution(recurrence, count)
    assert not any(operator.apply(terms))
    borel = operator.borel()
    transform = [a / math.factorial(n) for n, a in enumerate(terms)]
    assert not any(borel.apply(transform))
    # exponential type at infinity
    assert all(p.degree() <= borel.leading.degree() for p in borel.coefficients)
    assert borel.order <= operator.recurrence().order + operator.theta_form[0].degree()


@given(level_one())
def test_borel_operator_has_the_characteristic_roots_as_singular_points(operator):
    forms = operator.theta_form
    characteristic = fmpz_poly()
    for j, q in enumerate(forms):
        if q.degree() == forms[0].degree() + j:
            characteristic += fmpz_poly([0] * j + [1]) * q[q.degree()]
    leading = operator.borel().leading
    while leading[0] == 0:
        leading = leading // fmpz_poly([0, 1])
    assert leading.degree() >= 0
    assert divmod(characteristic * leading.leading_coefficient(), leading)[1].degree() < 0


@given(st.integers(1, 4), st.integers(1, 4), polynomials_of_degree(1))
def test_slope_of_a_recurrence_with_two_terms(step, growth, first):
    forms = [first, *[fmpz_poly()] * (step - 1), fmpz_poly([1, 1]) ** (1 + growth)]
    operator = DifferentialOperator.from_theta_form(forms)
    assert operator.newton_slopes == (0, Fraction(growth, step))
    if growth == step:
        assert not any(operator.borel().apply([]))
    else:
        with pytest.raises(LevelError, match=f"slopes of its Newton polygon are 0, {Fraction(growth, step)},") as info:
            operator.borel()
        assert info.value.slopes == (0, Fraction(growth, step))


def test_slopes_are_those_of_the_hull():
    t = fmpz_poly([1, 1])
    # The third point lies below the edge of slope 1, followed by one of slope 0: not a slope of 1/2.
    assert DifferentialOperator.from_theta_form([t, t**2, t**2]).newton_slopes == (0, 1)
    assert DifferentialOperator.from_theta_form([t, fmpz_poly(), t**3, t**4, t**4]).newton_slopes == (0, 1)
    assert DifferentialOperator.from_theta_form([t**0, t, t**0, t**2]).newton_slopes == (Fraction(1, 2), 1)
    assert DifferentialOperator.from_theta_form([t**3, t]).newton_slopes == (0,)


def test_levels_two_and_a_half_are_refused():
    # exp(1/x^2) and sum (2n)! x^n
    with pytest.raises(LevelError, match="x\\^3\\*D \\+ 2 has an irregular singular point of level other than one"):
        DifferentialOperator([2, "x^3"]).borel()
    n = fmpz_poly([0, 1])
    with pytest.raises(LevelError, match="0, 2"):
        Recurrence((n, -n * (2 * n) * (2 * n - 1))).operator().borel()


def test_borel_transform_of_a_convergent_series_is_entire():
    # 1/sqrt(1 - 4x): transform exp(2z) I_0(2z)
    borel = DifferentialOperator([-2, "1 - 4*x"]).borel()
    assert [p.location for p in borel.singular_points] == [0]
    terms = [fmpq(math.comb(2 * n, n), math.factorial(n)) for n in range(20)]
    assert not any(borel.apply(terms))
    assert DifferentialOperator([-2, "1 - 4*x"]).newton_slopes == (0,)


@given(st.integers(1, 6))
def test_order_zero_annihilates_zero_alone(value):
    operator = DifferentialOperator([value])
    assert (operator.order, operator.degree, str(operator)) == (0, 0, "1")
    assert operator.apply([fmpq(2), fmpq(3)]) == [2, 3]
    assert operator.recurrence().free_indices == ()


@given(st.lists(RATIONALS, min_size=1, max_size=3), st.integers(10, 20))
def test_annihilator_of_an_exponential_of_a_polynomial(exponent, count):
    f = fmpq_poly([0, *exponent])
    operator = DifferentialOperator([-f.derivative(), 1])
    terms = exponential([f[n] for n in range(count)], count)
    assert not any(operator.apply(terms))
