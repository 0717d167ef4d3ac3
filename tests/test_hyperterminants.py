"""Hyperterminants against incomplete Gamma functions, rigorous integration, and the identities between them."""

import cmath
import math
from fractions import Fraction
from itertools import pairwise

import pytest
import sympy
from flint import acb, arb
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.errors import StokesLineError
from resurgence.hyperterminants import Contours, Leg, hyperterminant
from resurgence.numbers import working_precision
from resurgence.rays import Ray
from resurgence.stieltjes_integral import stieltjes_integral

BITS = 300
SIZES = st.floats(-1.0, 1.3)
NUMBERS = st.integers(1, 30)


def closed_form(g, singulant, number, power):
    """g^N F^(r-N) u int exp(-v) v^(p-1)/(v + u), u = -F/g, p = N - r: DLMF 8.6.4."""
    p, u = number - power, -singulant / g
    if u.real >= 0:
        integral = stieltjes_integral(u.mid(), Fraction(p - 1))
    else:
        integral = acb(p).gamma() * u.exp() * u ** (p - 1) * u.gamma_upper(acb(1 - p))
    return g**number / singulant**p * u * integral


@settings(max_examples=40)
@given(SIZES, st.floats(-3.1, 3.1), NUMBERS, st.integers(0, 5), st.sampled_from([15, 30, 60]))
def test_the_first_is_an_incomplete_gamma_function(size, angle, terms, power, digits):
    g, singulant = cmath.rect(10**-size, angle), complex(1, 0.25)
    if g.imag * 1.0 == g.real * 0.25:
        return
    value = hyperterminant(g, [singulant], [terms + power], digits, power=power)
    with working_precision(6 * BITS):
        expected = closed_form(acb(g), acb(singulant), terms + power, power)
        assert expected.rel_accuracy_bits() > 210
    assert value.contains(expected)


@settings(max_examples=30)
@given(SIZES, st.floats(-3.1, 3.1), NUMBERS, st.integers(0, 5))
def test_one_term_more(size, angle, terms, power):
    # 1/(1 - q) = 1 + q/(1 - q)
    g, n = cmath.rect(10**-size, angle), terms + power
    one, two = (hyperterminant(g, [1j], [k], 40, power=power, side="above").ball(BITS) for k in (n, n + 1))
    with working_precision(BITS):
        assert (one - two - acb(g) ** n * acb(n - power).gamma() / acb(0, 1) ** (n - power)).contains(0)


@settings(max_examples=20)
@given(SIZES, NUMBERS, st.sampled_from([1, -2, 2j]), st.sampled_from([[1], [1, -1], [1, 1], [2, 1, 1], [1, 1j, -3]]))
def test_the_jump_across_a_stokes_line_is_a_hyperterminant_of_lower_order(size, terms, turn, chain):
    # The residue at g_1 = g. Where the next singulant lies in the same direction it is the one below the line.
    singulants = [turn * f for f in chain]
    numbers = [terms + 3 * k + 2 for k in range(len(chain), 0, -1)]
    g = turn * sympy.Rational(1, max(1, round(10 * 10**size)))
    above, below = (hyperterminant(g, singulants, numbers, 30, power=2, side=side) for side in ("above", "below"))
    with working_precision(BITS):
        g_ball = Ray(g).coupling(BITS)
        residue = 2 * acb.pi() * acb(0, 1) * (-acb(singulants[0]) / g_ball).exp()
        if len(chain) == 1:
            lower = g_ball**2
        else:
            lower = hyperterminant(g, singulants[1:], numbers[1:], 40, power=2, side="below").ball(BITS)
        assert (above.ball(BITS) - below.ball(BITS) - residue * lower).contains(0)


@pytest.mark.parametrize(
    ("singulants", "numbers", "power"),
    [([-1, 1], (12, 5), 0), ([-1, 1 + 2j], (12, 5), 2), ([-1 + 1j, -1j], (9, 2), 1), ([2j, -1 - 1j], (14, 5), 3)],
)
def test_the_second_by_rigorous_integration(singulants, numbers, power):
    g = 0.2
    value = hyperterminant(g, singulants, numbers, 25, power=power)
    first, second = map(acb, singulants)
    with working_precision(3 * BITS):  # Arb's incomplete Gamma function loses up to 3 |u| of them

        def integrand(v, _):
            """exp(-v)/v g_1^-N_0 T(g_1)/(1 - g/g_1), where g_1 = F_1/v."""
            u = -second * v / first
            if not v.real > 0 or (u.imag.contains(0) and not u.real > 0):
                return acb("nan")
            near = first / v
            p = numbers[1] - power
            inner = acb(p).gamma() * u.exp() * u**p * u.gamma_upper(acb(1 - p))
            inner = inner * near ** numbers[1] / second**p
            return (-v).exp() / v * near ** -numbers[0] / (1 - g / near) * inner

        # What is beyond 1/1000 and 120 is of the order of 1000^-7 and 120^14 exp(-120), beside 7! and more.
        total = acb(0)
        for a, b in pairwise((0.001, 0.03, 0.3, 1, 3, 10, 20, 40, 80, 120)):
            total += acb.integral(integrand, acb(a), acb(b), rel_tol=arb(2) ** -90, abs_tol=arb(2) ** -150)
        expected = acb(g) ** numbers[0] * total
        assert expected.rel_accuracy_bits() > 60
        distance = abs(value.ball(BITS) - expected)
        assert distance < abs(expected) * arb(10) ** -17


def test_more_digits_say_the_same():
    for singulants, numbers in ([[1, 1, 1], [12, 7, 3]], [[1, -1, 1j], [20, 10, 5]]):
        few, many = (hyperterminant("1/5", singulants, numbers, d, power=1, side="above") for d in (20, 80))
        assert few.contains(many)
        assert many.digits >= 75
        assert few.digits < 40


def test_rays_keep_their_order_and_distance():
    ray = Ray("1/10")
    legs = [Leg(1), Leg(2), Leg(1 + 0.01j), Leg(-1)]
    links = [(-1, 0), (0, 1), (1, 2), (2, 3)]
    for side, sign in (("above", -1), ("below", 1)):
        turns = Contours(ray, legs, links, side).turns
        assert sign * turns[0] > 0.1
        assert turns[1] - turns[0] > 0.1
        assert turns[2] + math.atan(0.01) - turns[1] > 0.1
        assert max(map(abs, turns)) <= 1
    assert Contours(Ray("-1/10"), legs[:1], links[:1], "above").turns == [0.0]


def test_what_is_refused():
    with pytest.raises(StokesLineError, match="at 2"):
        hyperterminant("1/5", [2], [3])
    with pytest.raises(ValueError, match="median"):
        hyperterminant("1/5", [2], [3], side="median")
    with pytest.raises(ValueError, match="as many numbers"):
        hyperterminant("1/5", [2, 1], [3])
    with pytest.raises(ValueError, match="must fall"):
        hyperterminant("-1/5", [2, 1], [3, 3])
    with pytest.raises(ValueError, match="zero"):
        hyperterminant("1/5", [0], [3])
