"""Series from the connection's recurrence against closed forms and against direct expansion of the integrand."""

import itertools
import math
import re
import time
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import acb
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence import expansion
from resurgence.action import Action
from resurgence.algebraic_constant import AlgebraicConstant
from resurgence.numbers import ball

HIMMELBLAU = "(x**2+y-11)**2+(x+y**2-7)**2"


def gaussian_expansion(terms, quadratic, order, number=Fraction):
    """a_0, ..., a_(order-1) of the integral of exp(-V/g) at 0 by expanding the integrand under the Gaussian.

    ``terms``: exponents -> coefficient of V without its quadratic part sum quadratic[i] x_i^2. With x = sqrt(g) y the
    power of sqrt(g) is the degree of a term minus 2 for every factor, and <y_i^(2m)> = (2m-1)!!/(2 quadratic[i])^m.
    """
    last = 2 * (order - 1)
    zero = (0,) * len(quadratic)
    power, total = {(zero, 0): number(1)}, {(zero, 0): number(1)}
    for k in range(1, last + 1):
        grown = {}
        for (exponents, s), a in power.items():
            for more, c in terms.items():
                new_s = s + sum(more) - 2
                if new_s <= last:
                    key = (tuple(map(sum, zip(exponents, more, strict=True))), new_s)
                    grown[key] = grown.get(key, number(0)) - a * c / k
        power = grown
        for key, a in power.items():
            total[key] = total.get(key, number(0)) + a
    series = [number(0)] * order
    for (exponents, s), a in total.items():
        if s % 2 == 0 and all(e % 2 == 0 for e in exponents):
            for e, q in zip(exponents, quadratic, strict=True):
                a = a * math.prod(range(1, e, 2)) / (2 * q) ** (e // 2)
            series[s // 2] += a
    return series


def test_quartic_closed_form_and_prefactor():
    s = Action("x**2 + x**4").expand(60, at=0)
    for n, a in enumerate(s.coefficients):
        expected = Fraction((-1) ** n * math.factorial(4 * n), 16**n * math.factorial(2 * n) * math.factorial(n))
        assert a == expected
    assert (s.action, s.exponent, s.constant) == (0, Fraction(1, 2), sympy.sqrt(sympy.pi))


@pytest.mark.parametrize(("at", "sign", "action"), [(0, 1, 0), (1, -1, sympy.Rational(1, 6))])
def test_cubic_closed_form(at, sign, action):
    s = Action("x**2/2 - x**3/3").expand(40, at=at)
    term = Fraction(1)
    for n, a in enumerate(s.coefficients):
        assert a == sign**n * term
        term = term * 6 * (n + Fraction(1, 6)) * (n + Fraction(5, 6)) / (n + 1)
    assert s.action == action
    assert s.constant == sympy.sqrt(2 * sympy.pi) / sympy.sqrt(sign)


def test_himmelblau_at_a_minimum_whose_value_three_others_share():
    s = Action(HIMMELBLAU).expand(4, at=(3, 2))
    assert s.coefficients[:3] == (1, Fraction(4062, 279841), Fraction(82702734, 78310985281))
    assert (s.action, s.exponent, s.constant) == (0, 1, sympy.pi / 23)


def test_speed():
    start = time.perf_counter()
    assert len(Action("x**2 + x**4").expand(1000, at=0)) == 1000
    assert time.perf_counter() - start < 1
    start = time.perf_counter()
    assert len(Action(HIMMELBLAU).expand(500, at=(3, 2))) == 500
    assert time.perf_counter() - start < 5


def test_irrational_minima_of_himmelblau():
    """The three other minima are conjugate; each is compared with the expansion of the integrand in numbers."""
    action = Action(HIMMELBLAU)
    minima = [p for p in action.critical_points() if p.value.value == 0 and not p.is_rational]
    assert len(minima) == 3
    for point in minima:
        series = action.expand(3, at=point)
        assert series.is_exact
        assert not series.terms[1].is_rational
        check_numerically(action, point, series.balls(200))


def check_numerically(action, point, balls):
    """Compare with the direct expansion in mpmath numbers, in coordinates that diagonalise the Hessian."""
    context = mpmath.MPContext()
    context.dps = 60
    exact = [x.ball(220) for x in point.algebraic]
    at = [complex_of(z, context) for z in exact]
    n = action.dimension
    # Taylor coefficients at the point, then a linear change x = at + L y with L^T H L diagonal (complex symmetric).
    shifted = taylor(action, at, context)
    hessian = context.matrix(n, n)
    for e, c in shifted.items():
        if sum(e) == 2:
            i, j = [k for k in range(n) for _ in range(e[k])]
            hessian[i, j] += c
            hessian[j, i] += c
    if n == 2:
        slope = -hessian[0, 1] / hessian[0, 0]
        change = [[1, slope], [0, 1]]
        quadratic = [hessian[0, 0] / 2, (hessian[1, 1] + slope * hessian[0, 1]) / 2]
    else:
        change, quadratic = [[1]], [hessian[0, 0] / 2]
    terms = {}
    for e, c in shifted.items():
        if sum(e) >= 3:
            for key, value in substituted(e, change, context).items():
                terms[key] = terms.get(key, 0) + c * value
    for a, b in zip(gaussian_expansion(terms, quadratic, len(balls), context.mpc), balls, strict=True):
        assert abs(a - complex_of(b, context)) <= context.mpf(10) ** -30 * (1 + abs(a))


def complex_of(z, context):
    return context.mpc(context.mpf(z.real.mid()._mpf_), context.mpf(z.imag.mid()._mpf_))


def taylor(action, at, context):
    found = {}
    for e, c in action.polynomial.to_dict().items():
        exponents = tuple(map(int, e))
        ranges = [range(k + 1) for k in exponents]
        for lower in itertools.product(*ranges):
            value = context.mpf(int(c.p)) / int(c.q)
            for k, low, x in zip(exponents, lower, at, strict=True):
                value = value * math.comb(k, low) * x ** (k - low)
            found[lower] = found.get(lower, 0) + value
    return found


def substituted(exponents, change, context):
    """The monomial with x = change y, as a polynomial in y."""
    result = {(0,) * len(exponents): context.mpc(1)}
    for i, e in enumerate(exponents):
        for _ in range(e):
            grown = {}
            for key, a in result.items():
                for j, factor in enumerate(change[i]):
                    if factor:
                        new = (*key[:j], key[j] + 1, *key[j + 1 :])
                        grown[new] = grown.get(new, 0) + a * factor
            result = grown
    return result


def expanded_or_skipped(action, order, at, reasons):
    """The series; an example that is refused for one of the reasons that random actions give is skipped."""
    try:
        return action.expand(order, at=at)
    except ValueError as error:
        refusal = str(error)
    assert re.search(reasons, refusal)
    assume(False)


small = st.integers(-3, 3)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([1, 2, -1, 3]), st.lists(small, min_size=3, max_size=3), st.integers(0, 2))
def test_random_actions_in_one_variable(q, higher, shift):
    """V((x - shift)) expanded at ``shift`` against the direct expansion at 0."""
    action = Action(f"({q})*(x-{shift})^2 + " + " + ".join(f"({c})*(x-{shift})^{k}" for k, c in enumerate(higher, 3)))
    series = expanded_or_skipped(action, 6, shift, "degenerate")
    terms = {(k,): Fraction(c) for k, c in enumerate(higher, 3) if c}
    assert list(series.coefficients) == gaussian_expansion(terms, [Fraction(q)], 6)


monomials = [(i, j) for i in range(6) for j in range(6) if 3 <= i + j <= 5]


@pytest.mark.parametrize(
    "higher",
    [
        {(3, 0): 1, (5, 0): 1, (2, 1): 1},
        {(2, 3): 1, (4, 0): 1, (0, 5): 1},
        {(1, 4): 1, (2, 2): 1, (4, 1): 1},
        {(4, 1): 1, (1, 2): 1, (3, 0): 1},
    ],
)
def test_quintics_whose_connection_goes_beyond_the_order(higher):
    """A_(n+1) enters the condition on the n-th vector: quintics in two variables have enough matrices to show it."""
    action = Action("x^2 + y^2 + " + " + ".join(f"x^{i}*y^{j}" for i, j in higher))
    direct = gaussian_expansion({e: Fraction(c) for e, c in higher.items()}, [Fraction(1), Fraction(1)], 5)
    for order in range(1, 6):
        assert list(action.expand(order, at=(0, 0)).coefficients) == direct[:order]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([1, 2, -1]),
    st.sampled_from([1, -1, 3]),
    st.dictionaries(st.sampled_from(monomials), st.sampled_from([-2, -1, 1, 2, 3]), min_size=1, max_size=4),
)
def test_random_actions_in_two_variables(p, q, higher):
    text = f"({p})*x^2 + ({q})*y^2 + " + " + ".join(f"({c})*x^{i}*y^{j}" for (i, j), c in higher.items())
    action = Action(text)
    series = expanded_or_skipped(action, 4, (0, 0), "degenerate|not isolated|out of reach")
    direct = gaussian_expansion({e: Fraction(c) for e, c in higher.items()}, [Fraction(p), Fraction(q)], 4)
    assert list(series.coefficients) == direct


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=4, max_size=4), st.sampled_from([1, -1, 2]))
def test_irrational_critical_points_in_one_variable(lower, lead):
    text = " + ".join(f"({c})*x^{k}" for k, c in enumerate([*lower, lead], 1))
    action = Action(text)
    for point in action.critical_points():
        if not point.is_degenerate and point.value.multiplicity == 1:
            check_numerically(action, point, action.expand(4, at=point).balls(200))
            break


@pytest.mark.parametrize("text", ["x^5/5 - x^3 + 7*x + x^2", "x^4 + y^4 + x^2*y - 3*x*y + y", "x^2*y^2 + x^2 + y^2"])
def test_balls_contain_the_exact_coefficients(text, monkeypatch):
    action = Action(text)
    for point in action.critical_points()[:4]:
        exact = action.expand(12, at=point)
        with monkeypatch.context() as patched:
            patched.setattr(expansion, "MAX_EXACT_ENTRIES", 0)
            balls = action.expand(12, at=point)
        for a, b in zip(exact.balls(300), balls.terms, strict=True):
            assert isinstance(b, acb)
            assert b.overlaps(a)
            assert b.rel_accuracy_bits() > 500 or b.contains(0)
        assert balls.is_real or not point.is_real


def test_high_degree_falls_back_to_balls_of_many_bits():
    action = Action("x^14/14 - x^3 - x^2 + 3*x")
    point = action.critical_points()[0]
    series = action.expand(8, at=point)
    assert not series.is_exact
    assert min(t.rel_accuracy_bits() for t in series.terms[1:]) > 500
    check_numerically(action, point, series.balls(200)[:4])


def test_precision_is_raised_until_pivots_are_not_zero(monkeypatch):
    action = Action("x^14/14 - x^3 - x^2 + 3*x")
    point = action.critical_points()[0]
    once, tried = expansion._ball_vectors, []

    def singular_at_first(*arguments):
        tried.append(arguments[-1])
        if len(tried) == 1:
            raise ZeroDivisionError
        return once(*arguments)

    monkeypatch.setattr(expansion, "_ball_vectors", singular_at_first)
    series = action.expand(3, at=point)
    assert tried[1] == 2 * tried[0]
    check_numerically(action, point, series.balls(200))


def test_not_tame_action():
    """Its connection is an infinite series in g, of which the expansion takes what it needs."""
    action = Action("-x^3*y^2 + 3*x^2*y^2 + x^3 + 3*x + 2*y")
    point = action.critical_points()[0]
    check_numerically(action, point, action.expand(3, at=point).balls(200))


def test_saddles_of_equal_value_in_two_variables():
    series = Action("x^2 + y^2 + x^2*y^2").expand(5, at=(sympy.I, sympy.I))
    assert series.action == -1
    assert series.coefficients[:3] == (1, Fraction(1, 4), Fraction(9, 32))


def test_gaussian():
    assert Action("x^2 + 3*y^2 - x*y").expand(5).coefficients == (1, 0, 0, 0, 0)


def test_constant_is_the_thimble_integral():
    """quartic: Z(1/10) over sqrt(pi g) Phi(g), by the optimally truncated series."""
    s = Action("x**2 + x**4").expand(3)
    g = Fraction(1, 1000)
    total = sum(float(a) * float(g) ** n for n, a in enumerate(s.coefficients))
    z = float(s.constant) * float(g) ** 0.5 * total
    direct = mpmath.quad(lambda t: mpmath.exp(-(t**2 + t**4) / float(g)), [-1, 0, 1])
    assert abs(z - direct) / direct < 1e-6


def test_constant_of_high_degree_is_a_number_in_sympy_and_in_balls():
    action = Action(HIMMELBLAU)
    point = action.critical_points()[4]
    constant = action.expand(2, at=point).constant
    [atom] = constant.atoms(AlgebraicConstant)
    assert ball(atom, 100).overlaps(point.hessian_determinant.ball(100))
    value = complex(constant.evalf(20))
    assert abs(value**2 * complex(point.hessian_determinant.enclosure(20)) - 4 * math.pi**2) < 1e-10
    assert constant == action.expand(2, at=point).constant
    assert constant != action.expand(2, at=action.critical_points()[5]).constant
    assert str(atom) in str(constant)
    assert sympy.latex(atom)
    assert atom.is_real
    quintic = Action("x^5/5 - x^3 + 7*x + x^2")
    [complex_atom] = quintic.expand(2, at=quintic.critical_points()[0]).constant.atoms(AlgebraicConstant)
    assert complex_atom.is_real is False
    assert complex_atom.evalf(20).as_real_imag()[1] != 0
