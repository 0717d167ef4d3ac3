"""Perturbation series of energy levels, against the recursion of Bender & Wu, published ones and certified energies."""

from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.hypervirial import energy_jets, energy_polynomials, energy_series
from resurgence.schroedinger import ground_state_energy

small = st.fractions(min_value=-2, max_value=2, max_denominator=5)


def bender_wu(powers, terms, level):
    """psi = exp(-x^2/2) sum_l lambda^l sum_k a[l][k] x^k, solved downwards in k (Bender & Wu 1969, 1973)."""
    last = 2 * (terms - 1)
    a, energy = [], []
    for order in range(last + 1):
        top = level + 3 * order
        row = [Fraction(0)] * (top + 3)

        def source(k, order=order):
            total = Fraction(0)
            for m, c in powers.items():
                if order - m + 2 >= 0 and 0 <= k - m < len(a[order - m + 2]):
                    total += c * a[order - m + 2][k - m]
            for j in range(1, order):
                if k < len(a[order - j]):
                    total -= energy[j] * a[order - j][k]
            return total

        energy.append(level + Fraction(1, 2) if order == 0 else None)
        for k in range(top, level, -1):
            known = source(k)
            if order > 0 and k < len(a[0]):
                assert a[0][k] == 0
            row[k] = (Fraction((k + 2) * (k + 1), 2) * row[k + 2] - known) / (k - level)
        if order > 0:
            energy[order] = source(level) - Fraction((level + 2) * (level + 1), 2) * row[level + 2]
        row[level] = Fraction(int(order == 0))
        for k in range(level - 1, -1, -1):
            known = source(k) - (energy[order] * a[0][k] if order > 0 else 0)
            row[k] = (Fraction((k + 2) * (k + 1), 2) * row[k + 2] - known) / (k - level)
        a.append(row)
    assert not any(energy[1::2])
    return energy[::2]


def text(powers):
    return "x^2/2" + "".join(f" + ({c.numerator}/{c.denominator})*x^{m}" for m, c in powers.items())


@settings(max_examples=30)
@given(st.dictionaries(st.integers(3, 7), small, min_size=1, max_size=3), st.integers(0, 3), st.integers(1, 5))
def test_any_level_of_any_potential_against_bender_and_wu(powers, level, terms):
    series = energy_series(text(powers), terms, level)
    assert list(series.coefficients) == bender_wu(powers, terms, level)


@pytest.mark.parametrize("level", [0, 4])
def test_twenty_orders_of_the_quartic_against_bender_and_wu(level):
    assert list(energy_series("x^2/2 + x^4", 20, level).coefficients) == bender_wu({4: Fraction(1)}, 20, level)


def test_published_coefficients():
    """Bender & Wu 1969, table I, in the normalisation p^2/2 + x^2/2 + g x^4."""
    known = ["1/2", "3/4", "-21/8", "333/16", "-30885/128", "916731/256", "-65518401/1024", "2723294673/2048"]
    assert list(energy_series("x^2/2 + x^4", 8).coefficients) == [Fraction(a) for a in known]


def test_the_levels_of_the_double_well_are_polynomials():
    """Zinn-Justin & Jentschura 2004: B = E + g (3E^2 + 1/4) + g^2 (35E^3 + 25/4 E) + ..., inverted."""
    levels = energy_polynomials("x^2*(1 - x)^2/2", 12)
    energy = fmpq_poly([0, 1])
    published = [energy, 3 * energy**2 + fmpq(1, 4), 35 * energy**3 + fmpq(25, 4) * energy]
    published.append(fmpq(1155, 2) * energy**4 + fmpq(735, 4) * energy**2 + fmpq(175, 32))
    # E(B(E, g), g) = E: by powers of g, each a polynomial in E
    power, total = [fmpq_poly([1])] + [fmpq_poly()] * 3, [fmpq_poly() for _ in range(4)]
    for j in range(5):
        for n in range(4):
            for shift in range(4 - n):
                total[n + shift] += levels[n][j] * power[shift]
        power = [sum((power[i] * published[n - i] for i in range(n + 1)), fmpq_poly()) for n in range(4)]
    assert total == [energy, fmpq_poly(), fmpq_poly(), fmpq_poly()]
    for n, polynomial in enumerate(levels):
        assert polynomial.degree() == n + 1
        assert all(polynomial[i] == 0 for i in range(n, -1, -2))


@settings(max_examples=15)
@given(st.dictionaries(st.integers(3, 6), small, min_size=1, max_size=2), st.integers(0, 5))
def test_polynomials_and_jets_at_a_level(powers, level):
    polynomials = energy_polynomials(text(powers), 5)
    jets = energy_jets(text(powers), 5, 3, level)
    at = fmpq(2 * level + 1, 2)
    for polynomial, jet in zip(polynomials, jets, strict=True):
        slope = polynomial.derivative()
        assert jet == [polynomial(at), slope(at), slope.derivative()(at) / 2]


@pytest.mark.parametrize("potential", ["x^2/2 + {0}*x^4", "x^2/2 + {0}^2*x^6", "x^2/2 - {0}*x^4/3 + {0}^2*x^6/5"])
def test_truncated_series_against_the_certified_energy(potential):
    series = energy_series(potential.format("1"), 8)
    g = Fraction(1, 2000)
    exact = ground_state_energy(potential.format("(1/2000)"), 40)
    total = sum(a * g**n for n, a in enumerate(series.coefficients))
    last = max(abs(a) * g**n for n, a in enumerate(series.coefficients) if n >= 5)
    with mpmath.workdps(50):
        assert abs(exact.value - mpmath.mpf(total.numerator) / total.denominator) < float(last) / 10


def test_a_harmonic_oscillator_stays_one():
    assert list(energy_series("x^2/2", 4, 2).coefficients) == [Fraction(5, 2), 0, 0, 0]


def test_kinds_of_input():
    x = sympy.Symbol("x")
    expected = energy_series("x^2/2 + x^4", 5)
    assert energy_series(x**2 / 2 + x**4, 5) == expected
    assert energy_series(fmpq_poly([0, 0, fmpq(1, 2), 0, 1]), 5) == expected


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: energy_series("x^2 + x^4", 5), ValueError, r"x\^2/2 \+ higher"),
        (lambda: energy_series("x^4", 5), ValueError, r"x\^2/2 \+ higher"),
        (lambda: energy_series("x + x^2/2", 5), ValueError, r"x\^2/2 \+ higher"),
        (lambda: energy_series("x^2/2 + y^4", 5), ValueError, r"one variable"),
        (lambda: energy_series("x^2/2 + sin(x)", 5), ValueError, r"polynomial"),
        (lambda: energy_series(1.5, 5), TypeError, r"polynomial"),
        (lambda: energy_series("x^2/2 + x^4", 0), ValueError, r"at least 1"),
        (lambda: energy_series("x^2/2 + x^4", 2.0), TypeError, r"integer"),
        (lambda: energy_series("x^2/2 + x^4", 5, -1), ValueError, r"ground state"),
        (lambda: energy_series("x^2/2 + x^4", 5, 0.5), TypeError, r"integer"),
        (lambda: energy_jets("x^2/2 + x^4", 5, 0), ValueError, r"at least 1"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
