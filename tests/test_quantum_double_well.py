"""The double well: published series of its sectors, large orders, and its energy from all of them."""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import acb, arb, fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.laplace import borel_sum
from resurgence.models.quantum_double_well import quantum_double_well
from resurgence.numbers import ball, working_precision
from resurgence.verify import verify


def grid_energies(g, points=400):
    """The two lowest eigenvalues by sinc functions (Colbert & Miller 1992), in doubles."""
    wide = 0.5 / math.sqrt(g) + 7
    x, step = np.linspace(-wide, wide, points, retstep=True)
    apart = np.subtract.outer(np.arange(points), np.arange(points))
    safe = np.where(apart == 0, 1, apart)
    kinetic = np.where(apart == 0, math.pi**2 / 6, (-1.0) ** apart / safe**2) / step**2
    matrix = kinetic + np.diag((g * x**2 - 0.25) ** 2 / (2 * g))
    return np.linalg.eigvalsh(matrix)[:2]


def test_published_series():
    """Zinn-Justin & Jentschura 2004: the sectors of none, one and two instantons."""
    perturbative = ["1/2", "-1", "-9/2", "-89/2", "-5013/8"]
    assert list(quantum_double_well.series(5).coefficients) == [Fraction(a) for a in perturbative]
    (one,) = quantum_double_well.sector(1, 4)
    assert list(one.coefficients) == [1, Fraction(-71, 12), Fraction(-6299, 288), Fraction(-2691107, 10368)]
    logarithm, rest = quantum_double_well.sector(2, 4)
    assert list(logarithm.coefficients) == [1, Fraction(-53, 6), Fraction(-1277, 72), Fraction(-336437, 1296)]
    assert list((rest / 2).coefficients) == [Fraction(-23, 2), Fraction(13, 12), Fraction(-45941, 144)]


def test_published_function_of_the_instanton():
    """A = 1/(3g) + g (17 E^2 + 19/12) + g^2 (227 E^3 + 187/4 E) + ..., which is not used to compute A(B, g)."""
    first, second = quantum_double_well.instanton_function(3)[1:]
    e = fmpq_poly([0, 1])
    # E = B + g E_1(B): the terms in g^2 of A(E(B, g), g)
    energy_one = quantum_double_well.energies(2)[1]
    assert first == 17 * e**2 + fmpq(19, 12)
    assert second == 227 * e**3 + fmpq(187, 4) * e + 34 * e * energy_one


def test_large_orders_of_the_perturbative_series():
    """a_n = (S/2 pi i) sum_k c_k Gamma(n + 1 - k) 3^(n + 1 - k): c_k from two instantons; four are 2^-n less."""
    count = 120
    series = quantum_double_well.series(count)
    corrections = quantum_double_well.sector(2, 60)[0].terms
    (singularity,) = quantum_double_well.singularities
    assert (singularity.exponent, str(singularity.location)) == (-1, "1/3")
    with working_precision(400):
        front = (ball(singularity.stokes_constant, 400) / acb(0, 2 * arb.pi())).real
        assert abs(front + 1 / arb.pi()) < arb(10) ** -100
        for n in (60, 90, count - 1):
            total = sum(c * math.factorial(n - k) * fmpq(3) ** (n + 1 - k) for k, c in enumerate(corrections[: n // 2]))
            ratio = arb(series.terms[n]) / (front * arb(total))
            assert abs(ratio - 1) < arb(2) ** -(n - 16)
            leading = front * arb(math.factorial(n)) * arb(3) ** (n + 1)
            crude = float(arb(series.terms[n]) / leading)
            assert abs(crude - (1 - 53 / 18 / n)) < 10 / n**2


@pytest.mark.parametrize("inverse", [30, 50, 100])
def test_each_sector_brings_the_sum_nearer_to_the_energy(inverse):
    g = Fraction(1, inverse)
    exact = quantum_double_well.exact(g, 40)
    distances = []
    for instantons in range(4):
        total = quantum_double_well.median_sum(g, 30, terms=32, instantons=instantons)
        assert total.status == "estimated"
        assert total.value.imag == 0
        assert total.contains(exact)
        distances.append(abs(total.value - exact.value))
        assert total.error < 60 * distances[-1] + mpmath.mpf(10) ** -16  # the error is no empty statement
    for before, after in itertools.pairwise(distances):
        assert after < before / 8 + mpmath.mpf(10) ** -16


@settings(max_examples=6)
@given(st.integers(12, 300), st.integers(0, 2), st.integers(16, 32))
def test_the_energy_lies_within_the_error(inverse, instantons, terms):
    g = Fraction(1, inverse)
    total = quantum_double_well.median_sum(g, 20, terms=terms, instantons=instantons)
    assert total.contains(quantum_double_well.exact(g, 40))


def test_the_imaginary_parts_cancel():
    """Those of the perturbative series and of one instanton, against the i pi of two and of three."""
    g, bits, total = fmpq(1, 60), 200, []
    for k in range(3):
        sector = acb(0)
        pairs = zip(quantum_double_well.weights(k, g, bits), quantum_double_well.sector(k, 32), strict=True)
        for weight, series in pairs:
            part = borel_sum(series, g, 30, direction=1, continuation="pade")
            with working_precision(bits):
                sector += weight * ball(part.value, bits)
        total.append(sector)
    perturbative, one, two = (abs(float(t.imag)) for t in total)
    with working_precision(bits):
        left = abs(float((total[0] + total[2]).imag))
    assert left < 1e-3 * perturbative
    assert two > 0.99 * perturbative
    assert left < 5 * one  # what is left belongs to one and three instantons


@pytest.mark.parametrize("inverse", [8, 15, 30])
def test_exact_energies_and_splitting_against_a_grid(inverse):
    g = Fraction(1, inverse)
    even, odd = grid_energies(float(g))
    assert abs(float(quantum_double_well.exact(g, 20).value.real) - even) < 1e-9
    if inverse == 30:  # odd - even = 2 xi (1 - 71/12 g - ...), and a correction of two instantons that both share
        (one,) = quantum_double_well.sector(1, 6)
        phi = sum(float(a) * float(g) ** n for n, a in enumerate(one.coefficients[:4]))
        xi = math.exp(-inverse / 6) * math.sqrt(inverse / math.pi)
        assert abs((odd - even) / (2 * xi * phi) - 1) < 0.05


@settings(max_examples=8)
@given(st.integers(3, 2000), st.integers(1, 30))
def test_exact_values_are_certified_to_the_digits(inverse, digits):
    exact = quantum_double_well.exact(Fraction(1, inverse), digits)
    assert exact.status == "certified"
    assert exact.digits >= digits


def test_it_is_known_by_its_name():
    assert models.get("quantum_double_well") is quantum_double_well
    assert quantum_double_well.first_singularities(0) == ()
    assert quantum_double_well.sector(0, 7) == (quantum_double_well.series(7),)
    assert quantum_double_well.weights(0, "1/10", 64) == [1]


def test_its_singularity_is_seen_in_its_coefficients():
    found = verify(quantum_double_well, terms=60)
    assert bool(found)
    assert found.rows[0].digits >= 8


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: quantum_double_well.exact("-1/10"), ValueError, r"rational g > 0"),
        (lambda: quantum_double_well.exact("1/10", side="above"), ValueError, r"median_sum"),
        (lambda: quantum_double_well.exact("1/10", direction="1/2"), ValueError, r"median_sum"),
        (lambda: quantum_double_well.exact(0), ValueError, r"zero"),
        (lambda: quantum_double_well.exact("1/10", digits=-1), ValueError, r"digits"),
        (lambda: quantum_double_well.median_sum("1j"), ValueError, r"rational g > 0"),
        (lambda: quantum_double_well.median_sum("1/10", instantons=-1), ValueError, r"instantons"),
        (lambda: quantum_double_well.median_sum("1/10", instantons=1.0), TypeError, r"instantons"),
        (lambda: quantum_double_well.median_sum("1/10", terms=0), ValueError, r"at least 1"),
        (lambda: quantum_double_well.median_sum("1/10", terms=4), ValueError, r"at least"),
        (lambda: quantum_double_well.sector(99, 5), ValueError, r"instantons"),
        (lambda: quantum_double_well.sector(2, 0), ValueError, r"at least 1"),
        (lambda: quantum_double_well.energies(0), ValueError, r"at least 1"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
