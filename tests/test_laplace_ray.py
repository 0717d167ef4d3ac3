"""Certified Laplace integrals: moments against quadrature and closed forms, germs with known sums."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from flint import acb, acb_mat, arb, fmpq, fmpq_mat
from hypothesis import given
from hypothesis import strategies as st

from resurgence.differential_operator import DifferentialOperator
from resurgence.laplace_ray import laplace_integral, moments
from resurgence.linear_system import LinearSystem
from resurgence.numbers import working_precision


@given(st.integers(1, 4000), st.integers(-300, 300), st.integers(1, 60), st.integers(53, 300))
def test_moments_are_incomplete_gamma_functions(real, imaginary, count, bits):
    with working_precision(bits):
        a = acb(fmpq(real, 16), fmpq(imaginary, 16))
        found = moments(a, count)
    with working_precision(bits + 100):
        for n, value in enumerate(found):
            exact = a ** -(n + 1) * acb(n + 1).gamma() * (1 - a.gamma_upper(acb(n + 1), regularized=1))
            assert value.overlaps(exact)
            assert value.rad() < 1e-6 * abs(value) + arb(2) ** (20 - bits)


@given(st.fractions(0, 3, max_denominator=64), st.integers(2, 30))
def test_moments_obey_their_recurrence_near_zero(a, count):
    with working_precision(120):
        x = acb(fmpq(a.numerator, a.denominator))
        found = moments(x, count)
        for n in range(1, count):
            assert (x * found[n] - n * found[n - 1] + (-x).exp()).contains(0)
            assert found[n].rel_accuracy_bits() > 60


class Logarithm:
    """log(1 + z) and its Laplace transform exp(lambda) E1(lambda)/lambda."""

    system = LinearSystem.of_operator(DifferentialOperator(["0", "1", "z + 1"]))

    def radius(self, bits):
        return arb(1)

    def taylor(self, reach, bits):
        count = max(2, math.ceil(bits / -math.log2(float(reach))))
        terms = [acb(0)] + [acb(fmpq((-1) ** (n + 1), n)) for n in range(1, count)]
        return terms, (reach**count / (1 - reach)).upper()

    def state(self, z, bits):
        with working_precision(bits):
            return acb_mat([[(1 + z).log()], [1 / (1 + z)]])


directions = st.sampled_from([acb(1), acb(1, 1), acb(1, -1), acb(fmpq(1, 4), 1), acb(fmpq(-1, 2), 1)])


@given(
    x=st.fractions(Fraction(1, 50), 20, max_denominator=50),
    angle=st.integers(-3, 3),
    direction=directions,
    bits=st.integers(20, 400),
)
def test_euler_s_integral(x, angle, direction, bits):
    rate = None
    with working_precision(bits + 40):
        g = acb(fmpq(x.numerator, x.denominator)) * acb(fmpq(angle, 8)).exp_pi_i()
        rate = 1 / g
    if not (rate * direction).real > 0.05 * abs(rate):
        return
    value = laplace_integral(Logarithm.system, Logarithm(), rate, direction, bits)
    with working_precision(bits + 60):
        exact = rate.exp() * rate.gamma_upper(acb(0)) / rate
        # Turned past the negative axis of lambda the incomplete gamma function is on another sheet; none of these is.
        assert value.overlaps(exact)
    assert value.rel_accuracy_bits() > bits - 45 - max(0, math.log2(float(x)) * 4)


def test_cost_falls_outwards_but_accuracy_does_not():
    with working_precision(1200):
        rate = acb(10)
    value = laplace_integral(Logarithm.system, Logarithm(), rate, acb(1), 1000)
    assert value.rel_accuracy_bits() > 970
    with working_precision(1200):
        assert value.overlaps(rate.exp() * rate.gamma_upper(acb(0)) / rate)


class Exponential:
    """exp(c z), whose Laplace transform is 1/(lambda - c): an integral that need not converge."""

    def __init__(self, c):
        self.c = c
        one = fmpq_mat(1, 1, [1])
        self.system = LinearSystem(one * fmpq(c), one * 0, one * -100, one * 0)

    def radius(self, bits):
        return arb(90)

    def taylor(self, reach, bits):
        terms, term, n = [], acb(1), 0
        while n < 40 or abs(term) * reach**n > arb(2) ** -bits:
            terms.append(term)
            n += 1
            term = term * self.c / n
        return terms, (2 * abs(term) * reach**n).upper()

    def state(self, z, bits):
        with working_precision(bits):
            return acb_mat([[(z * self.c).exp()]])


@pytest.mark.parametrize("c", [-3, -1, 1, 2])
def test_exponentials(c):
    germ = Exponential(c)
    value = laplace_integral(germ.system, germ, acb(4), acb(1), 100)
    with working_precision(200):
        assert value.overlaps(acb(fmpq(1, 4 - c)))
    assert value.rel_accuracy_bits() > 60


def test_a_rate_outside_the_half_plane_of_convergence_is_refused():
    germ = Exponential(3)
    with pytest.raises(ValueError, match="not seen to converge"):
        laplace_integral(germ.system, germ, acb(2), acb(1), 60)
    with pytest.raises(ValueError, match="does not decay"):
        laplace_integral(germ.system, germ, acb(-2), acb(1), 60)


def test_a_ray_into_a_singular_point_is_refused():
    with pytest.raises(ValueError, match=r"meets a singular point|runs into"):
        laplace_integral(Logarithm.system, Logarithm(), acb(-3), acb(-1), 60)
