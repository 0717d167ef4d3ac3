"""Actions: critical values and points against each other and against elimination, and errors that say what is wrong."""

import time

import mpmath
import pytest
import sympy
from flint import acb, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence import jacobian_ring
from resurgence.action import Action
from resurgence.algebraic import gaussian_rational
from resurgence.critical_points import CriticalValue
from resurgence.numbers import Enclosure, working_precision

HIMMELBLAU = "(x**2+y-11)**2+(x+y**2-7)**2"
x, y = sympy.symbols("x y")


def generic_quartic():
    """A dense quartic in three variables, with 27 critical points."""
    exponents = [(i, j, k) for i in range(5) for j in range(5) for k in range(5) if 0 < i + j + k <= 4]
    return " + ".join(
        f"({(7 * n * n + 3 * n + 2) % 19 - 9})*x^{i}*y^{j}*z^{k}" for n, (i, j, k) in enumerate(exponents, 1)
    )


# ---------------------------------------------------------------------------------------------------------------------
# What an action is


def test_text_and_sympy_give_the_same_action():
    a, b = Action("x^2 + x**4"), Action(x**2 * (1 + x**2))
    assert a == b
    assert hash(a) == hash(b)
    assert a != Action("x^2 + x**3")
    assert a != Action("y^2 + y**4")
    assert a != "x**2 + x**4"
    assert a.variables == (x,)
    assert Action(HIMMELBLAU).variables == (x, y)
    assert (a.dimension, Action(HIMMELBLAU).dimension) == (1, 2)
    assert a.expression == x**2 + x**4
    assert str(a) == "x**4 + x**2"
    assert repr(a) == "Action('x**4 + x**2')"
    assert a._repr_latex_() == "$V(x) = x^{4} + x^{2}$"


def test_symbols_of_an_expression_are_kept():
    real = sympy.Symbol("x", real=True)
    assert Action(real**2).variables == (real,)


@pytest.mark.parametrize("source", [None, 3, ["x"], b"x", 1.0])
def test_source_of_the_wrong_type(source):
    with pytest.raises(TypeError, match="text or as a sympy expression"):
        Action(source)


@pytest.mark.parametrize("source", ["3", "x - x", "0", sympy.Integer(1)])
def test_constant_actions(source):
    with pytest.raises(ValueError, match="constant"):
        Action(source)


# ---------------------------------------------------------------------------------------------------------------------
# Critical values


def test_quartic_critical_values():
    values = Action("x**2 + x**4").critical_values()
    assert values == (
        CriticalValue(value=sympy.Integer(0), multiplicity=1),
        CriticalValue(value=sympy.Rational(-1, 4), multiplicity=2),
    )
    assert [v.value for v in values] == [0, sympy.Rational(-1, 4)]
    assert [v.multiplicity for v in values] == [1, 2]


def test_himmelblau_critical_values_in_time():
    start = time.perf_counter()
    action = Action(HIMMELBLAU)
    values = action.critical_values()
    assert time.perf_counter() - start < 0.5
    assert [v.multiplicity for v in values] == [4, 1, 1, 1, 1, 1]
    assert values[0].value == 0
    quintic = [-1592268730010849, 176128684236008, -4952199977984, 56794552320, -285736960, 524288]
    assert all([int(c) for c in v.minimal_polynomial.coeffs()] == quintic for v in values[1:])
    lowest = values[1].enclosure(30)
    assert lowest.status == "certified"
    assert lowest.contains(mpmath.mpf("13.311926270405589888872797792")) or lowest.error < 1e-25
    assert abs(complex(values[1]) - 13.311926270405589888872797792) < 1e-12
    t = sympy.Symbol("t")
    expected = sympy.Poly([*reversed(quintic), 0, 0, 0, 0], t)
    assert action.critical_polynomial() == expected
    assert values[1].value == sympy.CRootOf(sympy.Poly(list(reversed(quintic)), t), 0)


def test_three_variables_with_27_critical_points_in_time():
    action = Action(generic_quartic())
    start = time.perf_counter()
    values = action.critical_values()
    assert time.perf_counter() - start < 2
    assert sum(v.multiplicity for v in values) == 27
    points = action.critical_points(digits=20)
    assert time.perf_counter() - start < 10
    assert len(points) == 27
    assert "degree 27" in repr(values[0])


def test_gradient_that_is_not_a_groebner_basis():
    values = Action("x^2 + y^2 + x^2*y^2").critical_values()
    assert [(v.value, v.multiplicity) for v in values] == [(0, 1), (-1, 4)]


def test_degenerate_but_isolated():
    assert Action("x^4").critical_values() == (CriticalValue(0, 3),)
    assert Action("x^4 + y^4").critical_values() == (CriticalValue(0, 9),)
    [point] = Action("x^4 + y^4").critical_points()
    assert point.is_degenerate
    assert point.multiplicity == 9
    assert "multiplicity 9" in repr(point)
    assert point.hessian_determinant == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=5), st.sampled_from([1, 2, -3]))
def test_one_variable_against_the_resultant(lower, lead):
    """The critical polynomial is the resultant of V' and t - V."""
    polynomial = sympy.Poly([lead, *lower, 0], x)
    t = sympy.Symbol("t")
    resultant = sympy.Poly(sympy.resultant(polynomial.diff().as_expr(), t - polynomial.as_expr(), x), t)
    own = Action(polynomial.as_expr()).critical_polynomial()
    assert (resultant.monic() - own.monic()).is_zero


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-3, 3)), min_size=3, max_size=6))
def test_two_variables_values_points_and_multiplicities_agree(terms):
    text = " + ".join(f"({c})*x^{i}*y^{j}" for i, j, c in terms)
    try:
        action = Action(text)
        values = action.critical_values()
    except ValueError:
        assume(False)
    points = action.critical_points(digits=25)
    mu = action.jacobian_ring.dimension
    assert sum(v.multiplicity for v in values) == sum(p.multiplicity for p in points) == mu
    with working_precision(90):
        for point in points:
            at = [c.ball(90) for c in point.coordinates]
            assert evaluated(action.polynomial, at).overlaps(point.value.ball(90))
            assert all(evaluated(d, at).contains(0) for d in action.jacobian_ring.gradient)
            assert all(c.overlaps(a.ball(90)) for c, a in zip(at, point.algebraic, strict=True))
    assert len({p.coordinates for p in points}) == len(points)
    for value in values:
        assert value.multiplicity == sum(p.multiplicity for p in points if p.value == value)


def evaluated(poly, at):
    total = acb(0)
    for exponents, c in poly.to_dict().items():
        term = acb(c)
        for z, e in zip(at, exponents, strict=True):
            term = term * z ** int(e)
        total = total + term
    return total


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-3, 3)), min_size=2, max_size=5))
def test_basis_against_sympy(terms):
    """The dimension of the Jacobian ring, or that it is infinite or zero, by sympy's Gröbner basis."""
    expression = sum(c * x**i * y**j for i, j, c in terms if i + j <= 5)
    gradient = [sympy.diff(expression, v) for v in (x, y)] if expression else [0]
    assume(all(g != 0 for g in gradient))
    basis = sympy.groebner(gradient, x, y, order="grevlex")
    action = Action(expression)
    if basis.exprs == [1]:
        with pytest.raises(ValueError, match="no critical point"):
            action.critical_values()
    elif not basis.is_zero_dimensional:
        with pytest.raises(ValueError, match="not isolated"):
            action.critical_values()
    else:
        leads = [sympy.Poly(g, x, y).monoms(order="grevlex")[0] for g in basis.exprs]
        standard = {(i, j) for i in range(20) for j in range(20) if not any(a <= i and b <= j for a, b in leads)}
        assert set(action.jacobian_ring.basis) == standard


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(x^2 + y^2 - 1)^2", "not isolated: there is a curve"),
        ("x^2*y^2", "not isolated: there is a curve"),
        ("x^2 + 0*y", "does not depend on y"),
        ("x", "no critical point"),
        ("x + x^2*y", "no critical point"),
        ("x^20 + y^20", "more than 300"),
    ],
)
def test_actions_without_isolated_critical_points(text, reason):
    action = Action(text)
    for method in (action.critical_values, action.critical_points, action.connection, lambda: action.expand(3)):
        with pytest.raises(ValueError, match=reason):
            method()


def test_groebner_basis_that_grows_too_large(monkeypatch):
    monkeypatch.setattr(jacobian_ring, "GROEBNER_LIMITS", (2, 2, 8))
    with pytest.raises(ValueError, match="too many, or too complicated"):
        Action("x^4*y + x*y^3 + x^2 + 7*y").critical_values()


# ---------------------------------------------------------------------------------------------------------------------
# Values and points as objects


def test_order_of_the_values():
    values = Action("x^3/3 - x").critical_values()  # +-2/3: equal moduli, the larger first
    assert [v.value for v in values] == [sympy.Rational(2, 3), sympy.Rational(-2, 3)]
    imaginary = Action("x^3/3 + x").critical_values()
    assert [v.value for v in imaginary] == [2 * sympy.I / 3, -2 * sympy.I / 3]


def test_critical_value_equality_and_text():
    value = CriticalValue(sympy.sqrt(2), 1)
    assert value == CriticalValue(sympy.sqrt(2), 1)
    assert value != CriticalValue(-sympy.sqrt(2), 1)
    assert value != CriticalValue(sympy.sqrt(2), 2)
    assert value != sympy.sqrt(2)
    assert hash(value) == hash(CriticalValue(sympy.sqrt(2), 1))
    assert CriticalValue("1/2", 1) == CriticalValue(fmpq(1, 2), 1)
    assert CriticalValue(fmpq(1, 2), 1).is_rational
    assert repr(value) == "CriticalValue(value=sqrt(2), multiplicity=1)"
    assert value._repr_latex_() == r"$\sqrt{2}$ (multiplicity 1)"
    assert value.enclosure(20).contains(sympy.sqrt(2))
    assert CriticalValue(1 + gaussian_rational(0, 1), 1).value == 1 + sympy.I
    assert CriticalValue(0, 1).enclosure().status == "proved"
    high = Action("x^5/5 - x^3 + 7*x + x^2").critical_values()[0]
    assert repr(high).startswith("CriticalValue(value=-6.18517485898 + 0.712844043074j (root of 625*t^4")
    assert high._repr_latex_() == r"$-6.18517485898 + 0.712844043074\,i$ (multiplicity 1)"
    cubic = Action("x^4/4 - x^2/2 - x/7").critical_values()[0]
    assert CriticalValue(cubic.value, 1) == cubic


@pytest.mark.parametrize(
    ("value", "multiplicity", "error"),
    [(1, 0, ValueError), (1, True, TypeError), (1, 1.5, TypeError), (1j, 1, TypeError)],
)
def test_bad_critical_values(value, multiplicity, error):
    with pytest.raises(error):
        CriticalValue(value, multiplicity)


def test_points_of_the_quartic():
    points = Action("x**2 + x**4").critical_points(digits=40)
    assert [p.exact for p in points] == [(0,), (sympy.I / sympy.sqrt(2),), (-sympy.I / sympy.sqrt(2),)]
    assert [p.is_real for p in points] == [True, False, False]
    assert [p.is_rational for p in points] == [True, False, False]
    assert points[0].coordinates[0].status == "proved"
    assert points[1].coordinates[0].status == "certified"
    assert points[1].coordinates[0].contains(sympy.I / sympy.sqrt(2))
    assert points[1].coordinates[0].digits >= 40
    assert repr(points[2]) == "CriticalPoint((-0.707106781187j), value -1/4)"
    assert not points[0].is_degenerate


def test_values_that_are_closer_than_the_working_precision():
    """1 +- 2/3 10^-60: the points are matched with their values all the same."""
    points = Action("1 + x^3/3 - x/10^40").critical_points()
    assert [p.value.value - 1 for p in points] == [sympy.Rational(2, 3 * 10**60), -sympy.Rational(2, 3 * 10**60)]
    assert [p.exact for p in points] == [(-sympy.Rational(1, 10**20),), (sympy.Rational(1, 10**20),)]


def test_points_that_need_a_separating_form():
    """Neither x nor y tells the four points (+-i, +-i) apart."""
    points = Action("x^2 + y^2 + x^2*y^2").critical_points()
    i = sympy.I
    assert [p.exact for p in points] == [(0, 0), (i, i), (i, -i), (-i, i), (-i, -i)]


@pytest.mark.parametrize(
    ("digits", "error"), [(0, ValueError), (True, TypeError), (2.5, TypeError), (10**9, ValueError)]
)
def test_bad_digits(digits, error):
    action = Action("x^2")
    with pytest.raises(error, match="digits"):
        action.critical_points(digits)
    with pytest.raises(error, match="digits"):
        action.critical_values()[0].enclosure(digits)


# ---------------------------------------------------------------------------------------------------------------------
# Where to expand


def test_points_may_be_given_in_many_ways():
    action = Action("x**2 + x**4")
    points = action.critical_points()
    expected = action.expand(3, at=points[1])
    root = sympy.I / sympy.sqrt(2)
    ways = [
        root,
        (root,),
        [root],
        sympy.sqrt(-2) / 2,
        points[1].coordinates,
        points[1].algebraic,
        points[1].algebraic[0],
    ]
    ways.append(points[1].coordinates[0].ball(60))
    for way in ways:
        assert action.expand(3, at=way).terms == expected.terms
        assert action.expand(3, at=way).constant == expected.constant
    for way in (0, "0", (0,), 0.0, sympy.Integer(0), fmpq(0)):
        assert action.expand(3, at=way).action == 0
    other = Action("x^4/4 + x^2/2")
    for way in (1j, mpmath.mpc(0, 1), sympy.I, gaussian_rational(0, 1)):
        assert other.expand(3, at=way).constant == -sympy.I * sympy.sqrt(sympy.pi)
    degree_three = Action("x^4/4 - x^2/2 - x/7")
    third = degree_three.critical_points()[2]
    assert degree_three.expand(3, at=third.exact).terms == degree_three.expand(3, at=third).terms


@pytest.mark.parametrize(
    ("text", "action", "constant"),
    [
        ("x**2 + x**4", 0, sympy.sqrt(sympy.pi)),
        ("x**2/2 - x**3/3", 0, sympy.sqrt(2 * sympy.pi)),  # the only minimum
        (HIMMELBLAU, 0, sympy.pi / 23),  # the only rational one of four minima
        ("-x**2 - x**3*y - y^2", 0, sympy.pi),  # no minimum, one rational point
    ],
)
def test_default_point(text, action, constant):
    series = Action(text).expand(3)
    assert series.action == action
    assert series.constant == constant


def test_constant_in_a_quadratic_field():
    series = Action("x^3/3 - 2*x").expand(3, at=sympy.sqrt(2))
    assert sympy.simplify(series.constant**2 - 2 * sympy.pi / (2 * sympy.sqrt(2))) == 0


@pytest.mark.parametrize("text", ["x^4/4 - x^2", "x^2*(1-x)^2", "y^2 - x^2*(1-x)^2*(x-2)^2/7 - x*y^3"])
def test_no_default_point(text):
    with pytest.raises(ValueError, match="say with at= which critical point"):
        Action(text).expand(3)


@pytest.mark.parametrize(
    ("at", "error", "reason"),
    [
        (1, ValueError, r"1 is not a critical point .* \(0\), \(0.707106781187j\), \(-0.707106781187j\)"),
        (0.7071067811865476j, ValueError, "not a critical point"),
        (sympy.sqrt(2), ValueError, "not a critical point"),
        (1 + 1j, ValueError, "not a critical point"),
        (sympy.I / sympy.sqrt(2) + sympy.Rational(1, 10**100), ValueError, "not a critical point"),
        ((0, 0), ValueError, "needs a number for each of the variables x: 1 of them, got 2"),
        ((), ValueError, "got 0"),
        (sympy.pi, ValueError, "not known to be algebraic"),
        (sympy.Float(0.5) * sympy.I, ValueError, "not exact"),
        ("1/2+1j", ValueError, "is text"),
        ("x", ValueError, "not a number"),
        (float("nan"), ValueError, "finite"),
        (x, TypeError, "number is needed"),
        (True, TypeError, "number is needed"),
        (object(), TypeError, "number is needed"),
        (Enclosure(mpmath.mpc(0), mpmath.mpf(1), "certified"), ValueError, "hold 3 critical points"),
    ],
)
def test_points_that_are_refused(at, error, reason):
    with pytest.raises(error, match=reason):
        Action("x**2 + x**4").expand(3, at=at)


def test_point_of_another_action():
    point = Action("x**2 + x**3").critical_points()[0]
    with pytest.raises(ValueError, match="another action"):
        Action("x**2 + x**4").expand(3, at=point)


def test_long_lists_of_points_are_cut():
    with pytest.raises(ValueError, match="and 3 more"):
        Action(HIMMELBLAU).expand(3, at=(0, 0))


@pytest.mark.parametrize(
    ("order", "error"),
    [(0, ValueError), (-3, ValueError), (10**9, ValueError), (True, TypeError), (2.0, TypeError), ("3", TypeError)],
)
def test_bad_orders(order, error):
    with pytest.raises(error, match="order, the number of terms"):
        Action("x^2").expand(order)


def test_degenerate_points_are_refused():
    with pytest.raises(ValueError, match=r"CriticalPoint\(\(0\), value 0, multiplicity 3\) is degenerate"):
        Action("x^4").expand(3)
    with pytest.raises(ValueError, match="a degenerate critical point has the same critical value"):
        Action("x^2*(x-1)^3").expand(3, at=0)
    # At a value of its own a nondegenerate point is expanded, whatever the others are.
    assert len(Action("x^2*(x-1)^3").expand(3, at="2/5")) == 3
