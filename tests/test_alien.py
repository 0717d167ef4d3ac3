"""Alien calculus: its algebra exactly, and its signs against functions in closed form (docs/transseries.md)."""

import math

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.alien import alien_derivative, stokes_automorphism
from resurgence.laplace import borel_sum, jump
from resurgence.series import FormalSeries
from resurgence.transseries import TransSeries

T = TransSeries
sigma = sympy.Symbol("sigma")
S, R = sympy.symbols("S R")
mp = mpmath.MPContext()
mp.dps = 50

#: y = 1/(1 + z - sigma exp(-1/g)), z Euler's integral: S_1 = -2 pi i. u = w'/w for Airy's functions: S_1 = -2 i.
RECIPROCAL = {"y": "-y + (1 + g)*y^2"}
reciprocal = T.from_system(RECIPROCAL, at={"y": 1}, order=4, terms=30)
airy = T.from_ode("u' = x - u^2", leading=1, order=4, terms=30)
painleve = T.from_ode("u'' = 6*u^2 - x", order=4, terms=40)
EXACT = {
    "reciprocal": (reciprocal, -2 * sympy.pi * sympy.I),
    "Airy": (airy, -2 * sympy.I),
    # Kapaev 1988; Aniceto, Schiappa & Vonk 2012: S_1 = -i 3^(1/4)/(2 sqrt(pi)) where the sector is
    # x^(1/2) (1 + ...), and x = A g with A = 8 sqrt(3)/5.
    "Painlevé I": (painleve, -sympy.I * sympy.sqrt(sympy.Rational(6, 5) / sympy.pi)),
}


def random_series(values, terms=5, order=4):
    """A family with sectors of small rational coefficients."""
    rows = [[values[(3 * k + 5 * n + k * n) % len(values)] for n in range(terms)] for k in range(order + 1)]
    return T([FormalSeries(row, action=k, exponent=k) for k, row in enumerate(rows)])


numbers = st.lists(st.fractions(1, 5, max_denominator=4), min_size=7, max_size=7)
index = st.sampled_from([1, -1, -2])


# -- the algebra ------------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(numbers, numbers, index)
def test_alien_derivatives_obey_leibniz_rule(first, second, k):
    f, g = random_series(first), random_series(second)
    product = f * g
    left = alien_derivative(product, k, S)
    right = alien_derivative(f, k, S) * g + f * alien_derivative(g, k, S)
    reach = product.order + min(k, 0)  # for k < 0 the sectors at the end take from those left out
    assert all(_same(left, right, m) for m in range(reach + 1))
    assert left != product


def _same(left, right, m):
    a, b = left._part((m,)), right._part((m,))
    if a is None or b is None:
        return a is b
    ratio = sympy.cancel(a[0] / b[0])
    return ratio.is_Rational and all(
        x.coefficients == tuple(c * int(ratio.p) / int(ratio.q) for c in y.coefficients)
        for x, y in zip(b[1], b[1], strict=True)
        if ratio == 1
    )


@settings(max_examples=15)
@given(numbers, numbers)
def test_the_stokes_automorphism_is_one_of_algebras(first, second):
    f, g = random_series(first), random_series(second)
    assert stokes_automorphism(f * g, S) == stokes_automorphism(f, S) * stokes_automorphism(g, S)
    assert stokes_automorphism(f + g, S) == stokes_automorphism(f, S) + stokes_automorphism(g, S)


@pytest.mark.parametrize("k", [1, -1, -2])
def test_the_stokes_automorphism_is_the_exponential_of_the_alien_derivative(k):
    f = reciprocal
    power, total = f, dict(f.weights)
    for n in range(1, f.order + 1):
        power = alien_derivative(power, k, S)
        total = {m: w + power.weights[m] / math.factorial(n) for m, w in total.items()}
    moved = stokes_automorphism(f, {k: S})
    assert all(sympy.expand(moved.weights[m] - w) == 0 for m, w in total.items())
    assert power._with({m: sympy.Integer(0) for m in total}) == alien_derivative(power, k, S)  # it has come to an end


def test_group_property_and_inverse():
    once = stokes_automorphism(stokes_automorphism(airy, S), R)
    assert once == stokes_automorphism(airy, S + R)
    assert once != stokes_automorphism(airy, S)
    assert stokes_automorphism(stokes_automorphism(airy, S), -S) == airy
    below = stokes_automorphism(stokes_automorphism(airy, {-1: S, -2: R}), {-1: -S, -2: -R})
    assert below == airy


def test_it_shifts_sigma_above_and_inverts_it_below():
    """F(sigma + S) on the ray through A; sigma/(1 - S sigma) on the ray through -A, to order 4 in sigma."""
    weights = stokes_automorphism(airy, S).weights
    assert all(sympy.expand(weights[k,] - (sigma + S) ** k) == 0 for k in range(5))
    weights = stokes_automorphism(airy, {-1: S}).weights
    for k in range(5):
        exact = sympy.series((sigma / (1 - S * sigma)) ** k, sigma, 0, 5).removeO()
        assert sympy.expand(weights[k,] - exact) == 0


def test_the_bridge_equation_sector_by_sector():
    """exp(-kA/g) Delta_(kA) T_n = S (n + k) T_(n + k); nothing below T_0."""
    for k in (1, -1, -2):
        for n in range(5):
            alone = T(airy.sectors, weights={m: sympy.Integer(int(m == n)) for m in range(5)})
            weights = alien_derivative(alone, k, S).weights
            for (m,), weight in weights.items():
                assert weight == (S * (n + k) if m == n + k else 0)


def test_two_alien_derivatives_compose_as_operators_on_the_sectors():
    """[Delta_1, Delta_-1] T_n = S_1 S_-1 ((n - 1) n - (n + 1) n) T_n = -2 n S_1 S_-1 T_n, inside the truncation."""
    for n in range(1, 4):
        alone = T(airy.sectors, weights={m: sympy.Integer(int(m == n)) for m in range(5)})
        there = alien_derivative(alien_derivative(alone, -1, R), 1, S)
        back = alien_derivative(alien_derivative(alone, 1, S), -1, R)
        assert sympy.expand(there.weights[n,] - back.weights[n,] + 2 * n * S * R) == 0


def test_names_of_the_constants():
    assert alien_derivative(airy).weights[1,] == sympy.Symbol("S_1")
    assert alien_derivative(airy, -2).weights[1,] == sympy.Symbol("S_-2") * sigma**3
    assert stokes_automorphism(airy).weights[1,] == sympy.Symbol("S_1") + sigma


# -- the signs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXACT)
def test_the_stokes_constant_is_that_of_the_large_orders(name):
    """a_n ~ (S/2 pi i) sum_k c_k Gamma(n - beta - k)/A^(n - beta - k); Painlevé's -A doubles the even a_n."""
    _, stokes = EXACT[name]
    long = {
        "reciprocal": lambda: T.from_system(RECIPROCAL, at={"y": 1}, order=1, terms=81),
        "Airy": lambda: T.from_ode("u' = x - u^2", leading=1, order=1, terms=81),
        "Painlevé I": lambda: T.from_ode("u'' = 6*u^2 - x", order=1, terms=81),
    }[name]()
    n = 80
    action = mp.mpf(int(long.actions[0].p)) / int(long.actions[0].q)
    beta = mp.mpf(long[1].exponent.numerator) / long[1].exponent.denominator
    total = mp.fsum(
        mp.mpf(c.numerator) / c.denominator * mp.gamma(n - beta - k) / action ** (n - beta - k)
        for k, c in enumerate(long[1].coefficients[:30])
    )
    found = mp.mpf(long[0].coefficients[n].numerator) / long[0].coefficients[n].denominator / total
    if name == "Painlevé I":
        found = found / 2
    expected = complex(sympy.N(stokes / (2 * sympy.pi * sympy.I), 30))
    assert abs(found - expected) < 1e-13 * abs(expected)


@pytest.mark.parametrize("name", EXACT)
def test_above_is_below_of_the_stokes_automorphism(name):
    """S_above F(sigma) = S_below F(sigma + S), and with the other sign it is not."""
    t, stokes = EXACT[name]
    for value in (0, sympy.Rational(3, 2)):
        above = t.sum("1/7", value, 9, side="above")
        below = t.sum("1/7", value + stokes, 9, side="below")
        moved = stokes_automorphism(t, stokes).sum("1/7", value, 9, side="below")
        assert above.contains(below)
        assert above.contains(moved)
        assert above.error + below.error < 1e-3 * abs(complex(sympy.N(stokes))) * math.exp(-7 * float(t.actions[0]))
        assert not above.contains(t.sum("1/7", value - stokes, 9, side="below"))


def test_every_sector_jumps_as_the_bridge_equation_says():
    """(S_above - S_below) T_n = sum_m binom(n + m, m) S^m S_below T_(n + m), with S_below T_k in closed form."""
    g = mp.mpf(1) / 7
    stokes = -2j * mp.pi
    z = mp.exp(-1 / g) * (mp.ei(1 / g) - 1j * mp.pi)
    for n in range(3):
        up, down = (borel_sum(reciprocal[n], "1/7", 10, side=side) for side in ("above", "below"))
        below = [mp.exp(-k / g) / (1 + z) ** (k + 1) for k in range(n, n + 8)]
        exact = mp.fsum(mp.binomial(n + m, m) * stokes**m * below[m] for m in range(1, 8))
        found, error = mp.mpc(up.value) - mp.mpc(down.value), mp.mpf(up.error) + mp.mpf(down.error)
        assert abs(found - exact) <= error
        assert error < 1e-5 * abs(exact)


def test_the_first_jump_is_the_stokes_constant_times_the_first_sector():
    """docs/conventions.md: S_above Phi - S_below Phi = S exp(-A/g) g^beta (1 + c_1 g + ...)."""
    for t, stokes in EXACT.values():
        found = jump(t[0], "1/30", 12)
        first = borel_sum(t[1], "1/30", 12, side="below")
        ratio = mp.mpc(found.value) / mp.mpc(first.value)
        expected = complex(sympy.N(stokes))
        assert abs(ratio - expected) < 1e-4 * abs(expected)


def test_euler_series_is_the_linear_case():
    """One parameter, one jump: S = 2 pi i, and T_1 = exp(-1/g) has none."""
    t = T.from_system({"y": "y - g"}, order=1, terms=30)
    moved = stokes_automorphism(t, 2 * sympy.pi * sympy.I)
    above = t.sum("1/6", 2, 10, side="above")
    below = moved.sum("1/6", 2, 10, side="below")
    assert above.contains(below)
    exact = mp.exp(-6) * (mp.ei(6) + 1j * mp.pi + 2)
    assert abs(mp.mpc(above.value) - exact) <= above.error
    assert abs(mp.mpc(below.value) - exact) <= below.error
    assert rs.models.euler.first_singularities(1)[0].stokes_constant == 2 * sympy.pi * sympy.I


def test_germs_in_closed_form_make_the_sum_certified():
    """Airy's integrals, V = x^2/2 - x^3/3: complete with two sectors, S = i (docs/conventions.md)."""
    phi = rs.models.cubic.series(60).stripped()
    certified = T([phi], is_complete=True).sum("1/20", 0, 20, side="above")
    assert certified.status == "certified"
    assert certified.contains(borel_sum(phi, "1/20", 20, side="above"))
    # The series of the other saddle is Phi(-g), Borel summable for g > 0.
    mirrored = [(-1) ** n * c for n, c in enumerate(phi.coefficients)]
    t = T([phi, FormalSeries(mirrored, action=sympy.Rational(1, 6))], is_complete=True)
    above = t.sum("1/20", 1, 15, side="above")
    assert above.status == "estimated"
    assert above.error < 1e-12
    assert above.contains(stokes_automorphism(t, sympy.I).sum("1/20", 1, 15, side="below"))
    assert not above.contains(t.sum("1/20", 1, 15, side="below"))


# -- what is refused --------------------------------------------------------------------------------------------------

BAD = {
    "no trans-series": (lambda: alien_derivative(airy[0]), TypeError, "TransSeries"),
    "an index that is not there": (lambda: alien_derivative(airy, 2), ValueError, "1, -1, -2"),
    "the index zero": (lambda: alien_derivative(airy, 0), ValueError, "1, -1, -2"),
    "an index that is no integer": (lambda: alien_derivative(airy, 1.0), TypeError, "integer"),
    "a constant that is text": (lambda: alien_derivative(airy, 1, "S"), TypeError, "Stokes constant"),
    "two rays": (lambda: stokes_automorphism(airy, {1: S, -1: R}), ValueError, "one automorphism after the other"),
    "no constants": (lambda: stokes_automorphism(airy, {}), ValueError, "no Stokes constants"),
    "two parameters": (
        lambda: alien_derivative(T.from_ode("u'' = 6*u^2 - x", actions=[1, -1], order=1, terms=3)),
        ValueError,
        "one parameter",
    ),
    "a product that is no family": (
        lambda: alien_derivative(alien_derivative(airy, 1, S) * airy),
        ValueError,
        "Leibniz",
    ),
    "a sum with symbols": (
        lambda: stokes_automorphism(airy).sum("1/7", side="above"),
        ValueError,
        "give the Stokes constants numbers",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, error, message = BAD[case]
    with pytest.raises(error, match=message):
        call()
