"""Certified ground state energies: exact ones, printed ones, and Rayleigh and Ritz's."""

import math
import time

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.numbers import rational, working_precision
from resurgence.schroedinger import _is_lower_bound, _remainder, _Wave, ground_state_energy

positive = st.fractions(min_value="1/8", max_value=4, max_denominator=8)
small = st.fractions(min_value=-3, max_value=3, max_denominator=6)


def rayleigh_ritz(even, size=160, frequency=None):
    """The lowest eigenvalue of p^2/2 + sum_j even[j] x^(2j) in a basis of oscillator functions, in doubles."""
    frequency = frequency or max(1.0, (2 * len(even) * even[-1]) ** (1 / len(even)))
    n = np.arange(size + 2 * len(even))
    lower = np.diag(np.sqrt(n[1:] / 2), 1)
    x, p = (lower + lower.T) / math.sqrt(frequency), (lower - lower.T) * math.sqrt(frequency)
    total, power = -p @ p / 2, np.eye(len(n))
    for v in even:
        total = total + v * power
        power = power @ x @ x
    return float(np.linalg.eigvalsh(total[:size, :size])[0])


@pytest.mark.parametrize(
    ("potential", "value"),
    [
        # p^2 + x^4 has 1.06036209048418289964704601669266: Banerjee, Bhatnagar, Choudhry & Kanwal 1978
        ("x^4/2", "0.53018104524209144982352300834633"),
    ],
)
def test_printed_values(potential, value):
    found = ground_state_energy(potential, 60)
    assert found.status == "certified"
    assert found.digits >= 60
    with mpmath.workdps(40):
        assert abs(found.value.real - mpmath.mpf(value)) < mpmath.mpf("2e-32")
    assert found.value.imag == 0


@settings(max_examples=25)
@given(positive, small, st.integers(1, 60))
def test_harmonic_oscillators(frequency, shift, digits):
    found = ground_state_energy(f"({frequency})^2*x^2/2 + ({shift})", digits)
    exact = frequency / 2 + shift
    assert found.contains(exact)
    assert found.error <= mpmath.mpf(10) ** -digits * max(abs(float(exact)), float(frequency) / 2)


@settings(max_examples=25)
@given(positive, small, small, st.integers(1, 80))
def test_supersymmetric_potentials(a, b, shift, digits):
    """exp(-a x^4 - b x^2) is the ground state of V = (W'^2 - W'')/2, W = a x^4 + b x^2, of energy 0."""
    found = ground_state_energy(f"((4*({a})*x^3 + 2*({b})*x)^2 - 12*({a})*x^2 - 2*({b}))/2 + ({shift})", digits)
    assert found.status == "certified"
    assert found.contains(shift)


@settings(max_examples=15)
@given(small, small, positive, st.integers(0, 1))
def test_against_rayleigh_and_ritz(v0, v1, v2, sextic):
    even = [v0, v1, v2, *([v2 / 3] if sextic else [])]
    found = ground_state_energy(" + ".join(f"({v})*x^{2 * j}" for j, v in enumerate(even)), 20)
    approximate = rayleigh_ritz([float(v) for v in even])
    assert abs(float(found.value.real) - approximate) < 1e-9 * max(1.0, abs(approximate))


@settings(max_examples=8)
@given(positive, st.sampled_from(["1/3", "2", "7/5"]), st.integers(5, 60))
def test_symanzik_scaling(g, unit, digits):
    """x -> s x takes p^2/2 + x^2/2 + g x^4 to p^2/(2s^2) + s^2 x^2/2 + g s^4 x^4."""
    plain = ground_state_energy(f"x^2/2 + ({g})*x^4", digits)
    scaled = ground_state_energy(f"({unit})^4*x^2/2 + ({g})*({unit})^6*x^4", digits)
    with working_precision(400):
        assert (plain.ball(400) * rational(unit) ** 2).overlaps(scaled.ball(400))


@pytest.mark.parametrize(
    ("even", "levels"),
    [
        ([fmpq(0), fmpq(1, 2)], [0.5, 2.5, 4.5]),  # the even levels of the harmonic oscillator
        ([fmpq(9, 2), fmpq(-3), fmpq(1, 2)], None),  # a double well, (x^2 - 3)^2/2
    ],
)
def test_no_energy_above_the_lowest_level_passes_for_a_bound(even, levels):
    """Between the second and the third even level psi and psi' are again positive far out, but psi has zeros."""
    if levels is None:
        text = " + ".join(f"({v})*x^{2 * j}" for j, v in enumerate(even))
        lowest = float(ground_state_energy(text, 15).value.real)
        levels = [lowest]
    edge = fmpq(9) if len(even) == 2 else fmpq(6)
    with working_precision(300):
        assert _is_lower_bound(even, arb(levels[0] - 1e-6), edge)
        for energy in [levels[0] + 1e-6, *np.linspace(levels[0] + 0.01, levels[0] + 5, 60)]:
            assert not _is_lower_bound(even, arb(float(energy)), edge)
        if len(levels) > 1:
            wave = _Wave(even, arb(2.7), edge)
            assert wave.value(fmpq(1)) > 0
            assert wave.slope() > 0


@settings(max_examples=20)
@given(st.fractions(min_value=0, max_value=1, max_denominator=50), st.sampled_from([30, 64, 200]))
def test_the_power_series_encloses_a_gaussian(fraction, bits):
    """psi = exp(-x^2/2) at E = 1/2, and x psi' = -x^2 psi; the bound for the rest must not be too small."""
    with working_precision(bits):
        edge = fmpq(5)
        wave = _Wave([fmpq(0), fmpq(1, 2)], arb(0.5), edge)
        x = fmpq(fraction.numerator, fraction.denominator)
        assert wave.value(x).overlaps((-arb(x * x) * 25 / 2).exp())
        assert wave.slope().overlaps(arb(-25) * (arb(-25) / 2).exp() / 2)


@pytest.mark.parametrize("even", [[fmpq(0), fmpq(1, 2)], [fmpq(1, 3), fmpq(2), fmpq(5)], [fmpq(0)] * 4 + [fmpq(1)]])
def test_the_remainder_bounds_what_is_left_out(even):
    """For E = -1 and V >= 0 every term is positive and the remainder as large as it can be; summed here exactly."""
    weights = [8 * v * fmpq(4) ** j for j, v in enumerate(even)]
    weights[0] += 8  # 2 X^2 (V - E), by powers of (x/X)^2, for X = 2
    terms = [fmpq(1)]
    for k in range(300):
        total = sum((w * terms[k - j] for j, w in enumerate(weights) if j <= k), fmpq())
        terms.append(total / ((2 * k + 1) * (2 * k + 2)))
    tested = 0
    with working_precision(200):
        terms = [arb(t) for t in terms]
        largest, span = arb(sum(weights, fmpq())), len(even)
        for last in range(span, 120):
            bounds = _remainder(max(terms[last - span + 1 : last + 1]), largest, span, last)
            if bounds is not None:
                tested += 1
                assert sum(terms[last + 1 :], arb(0)) < bounds[0]
                assert sum((k * terms[k] for k in range(last + 1, len(terms))), arb(0)) < bounds[1]
    assert tested > 50


def test_deep_wells_and_wide_scales():
    for potential in ("x^4/100 - 10*x^2", "(x^2 - 200)^2/800", "x^2/2 + 1000000*x^4", "x^2/2 + x^4/1000000000"):
        found = ground_state_energy(potential, 25)
        assert found.digits >= 25
    assert ground_state_energy("x^2/2 + 1000000*x^4", 6).contains(ground_state_energy("x^2/2 + 1000000*x^4", 30))


def test_hundreds_of_digits():
    coarse, fine = (ground_state_energy("x^2/2 + x^4/10", digits) for digits in (200, 210))
    assert coarse.digits >= 200
    assert coarse.contains(fine)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ground_state_energy("x^2/2 + x^3 + x^4"), ValueError, r"even"),
        (lambda: ground_state_energy("x^2/2 - x^4"), ValueError, r"grow"),
        (lambda: ground_state_energy("3"), ValueError, r"grow"),
        (lambda: ground_state_energy("x^2 + y^2"), ValueError, r"one variable"),
        (lambda: ground_state_energy("exp(x)"), ValueError, r"polynomial"),
        (lambda: ground_state_energy(2.5), TypeError, r"polynomial"),
        (lambda: ground_state_energy("x^2", digits=0), ValueError, r"digits"),
        (lambda: ground_state_energy("x^2", digits=3.5), TypeError, r"digits"),
        (lambda: ground_state_energy("x^4/10^12 - x^2"), ValueError, r"bits|outlined"),
        (lambda: ground_state_energy("x^4/10^300 - x^2"), ValueError, r"bits|outlined"),
        (lambda: ground_state_energy("10^400*x^4"), ValueError, r"too large"),
    ],
)
def test_bad_input(call, error, message):
    start = time.perf_counter()
    with pytest.raises(error, match=message):
        call()
    assert time.perf_counter() - start < 20
