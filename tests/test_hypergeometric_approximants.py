"""Hypergeometric approximants: exact on hypergeometric germs, and as good as their spread says on others."""

import math
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
from flint import acb, arb, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.continuation.hypergeometric import HypergeometricApproximant, approximants
from resurgence.numbers import working_precision

PARAMETER = st.fractions(min_value=-2, max_value=4, max_denominator=6)


def germ_of(coefficients):
    """The Borel transform with these coefficients."""
    return rs.FormalSeries([b * math.factorial(n) for n, b in enumerate(coefficients)]).borel()


def hypergeometric(upper, lower, zeta, count):
    b = [Fraction(1)]
    for n in range(count - 1):
        b.append(b[-1] * math.prod(a + n for a in upper) / math.prod(c + n for c in lower) / (n + 1) / zeta)
    return b


def is_integer_below_one(x):
    return x.denominator == 1 and x <= 0


def anharmonic(count):
    """The ground state energy of p^2/2 + x^2/2 + g x^4, from psi = exp(-x^2/2) sum g^k B_k(x) (Bender & Wu 1969)."""
    rows, energies = [[Fraction(1)]], [Fraction(1, 2)]
    for k in range(1, count):
        row = [Fraction(0)] * (2 * k + 2)
        for j in range(2 * k, 0, -1):
            value = (j + 1) * (2 * j + 1) * row[j + 1]
            if 2 <= j < len(rows[k - 1]) + 2:
                value -= rows[k - 1][j - 2]
            value += sum(energies[m] * rows[k - m][j] for m in range(1, k) if j < len(rows[k - m]))
            row[j] = value / (2 * j)
        energies.append(-row[1])
        rows.append(row[: 2 * k + 1])
    return energies


def energy(g, size=160):
    """The same by diagonalisation in the basis of the harmonic oscillator."""
    x = np.diag(np.sqrt(np.arange(1, size + 8) / 2), 1)
    x = x + x.T
    fourth = np.linalg.matrix_power(x, 4)[:size, :size]
    return np.linalg.eigvalsh(np.diag(np.arange(size) + 0.5) + g * fourth)[0]


def laplace(f, g, bits=70, rule=16):
    """int_0^inf exp(-t) f(g t) dt by double-exponential quadrature."""
    with working_precision(bits + 20):
        step = arb(1) / rule
        nodes = [step * k for k in range(-5 * rule, 3 * rule)]
        places = [(arb.pi() / 2 * t.sinh()).exp().mid() for t in nodes]
        keep = [(t, x) for t, x in zip(nodes, places, strict=True) if x < 80]
        values = f.values([acb(x) * g for _, x in keep], bits)
        return (
            sum((v * (-x).exp() * x * arb.pi() / 2 * t.cosh() for v, (t, x) in zip(values, keep, strict=True)), acb(0))
            * step
        )


@settings(max_examples=25)
@given(
    st.lists(PARAMETER, min_size=2, max_size=3),
    st.lists(PARAMETER, min_size=2, max_size=2),
    st.sampled_from([Fraction(-1, 4), Fraction(2, 3), Fraction(-5)]),
    st.complex_numbers(min_magnitude=0.1, max_magnitude=12, allow_nan=False),
    st.integers(9, 13),
)
def test_hypergeometric_functions_are_reproduced(upper, lower, zeta, place, count):
    lower = lower[: len(upper) - 1]
    assume(not any(is_integer_below_one(p) for p in upper + lower))
    assume(abs(place.imag) > 0.05 and abs(place - 1) > 0.05)
    f = HypergeometricApproximant(germ_of(hypergeometric(upper, lower, zeta, count)), count)
    assert f.singularity == zeta
    assert f.exponent == sum(lower) - sum(upper)
    with working_precision(120):
        [found] = f.values([acb(place.real, place.imag) * fmpq(zeta.numerator, zeta.denominator)], 90)
    context = mpmath.MPContext()
    context.dps = 30
    truth = context.hyper(
        [context.mpf(p.numerator) / p.denominator for p in upper],
        [context.mpf(p.numerator) / p.denominator for p in lower],
        context.mpc(place.real, place.imag),
    )
    with working_precision(120):
        assert abs(found - acb(arb(truth.real), arb(truth.imag))) < 1e-22 * (1 + abs(found))


@pytest.mark.parametrize(
    ("model", "count"), [("quartic", 5), ("cubic", 5), ("euler", 3), ("double_well", 6), ("quartic", 24)]
)
def test_hypergeometric_models_are_exact(model, count):
    model = rs.models.get(model)
    f = HypergeometricApproximant(model.series(count).stripped().borel(), count)
    [singularity] = model.singularities
    assert f.singularity == singularity.location
    assert f.exponent == singularity.exponent


def test_the_laplace_integral_is_that_of_the_germ():
    """2F1(1/4, 3/4; 1; -4z) from 5 coefficients sums to the quartic integral."""
    f = HypergeometricApproximant(rs.models.quartic.series(5).stripped().borel(), 5)
    with working_precision(90):
        found = laplace(f, fmpq(1, 10), rule=32)
        exact = rs.models.quartic.exact("1/10", digits=25).ball(90) / (acb.pi() * fmpq(1, 10)).sqrt()
        assert abs(found - exact) < 1e-18


@pytest.mark.parametrize("count", [4, 5, 6, 7])
def test_the_laplace_integral_is_a_meijer_function(count):
    """Mera, Pedersen & Nikolic 2018, eq. 9, on the anharmonic oscillator; mpmath knows G by its own series."""
    series = rs.FormalSeries(anharmonic(count))
    f = HypergeometricApproximant(series.borel(), count)
    context = mpmath.MPContext()
    context.dps = 25
    upper, lower = ([context.mpc(p.value) for p in side] for side in f.parameters(25))
    g = 0.25
    big = context.meijerg([[1], lower], [[*upper, 1], []], -context.mpf(float(f.singularity)) / g)
    big *= context.gammaprod(lower, upper) / 2
    # -zeta in doubles: as good as that.
    assert abs(complex(laplace(f, fmpq(1, 4), rule=32)) - complex(big)) < 1e-13 * abs(big)


def test_the_anharmonic_oscillator_from_few_coefficients():
    """Energies by diagonalisation; the error shrinks with the order and is covered by the spread of the family."""
    series = rs.FormalSeries(anharmonic(12))
    assert series.coefficients[:5] == (
        Fraction(1, 2),
        Fraction(3, 4),
        Fraction(-21, 8),
        Fraction(333, 16),
        Fraction(-30885, 128),
    )
    for g in (fmpq(1, 10), fmpq(5)):
        truth, errors = energy(float(g)), []
        for last in (5, 11):
            main, *others = [complex(laplace(f, g, 40, rule=8)).real for f in approximants(series.borel(), last)]
            errors.append(abs(main - truth))
            assert errors[-1] < 8 * max(abs(main - other) for other in others)
        assert errors[0] < 0.05 * truth  # a few per cent from six coefficients even at g = 5
        assert errors[1] < 0.1 * errors[0]


def test_defective_approximants_are_left_out():
    """[3/3] of the anharmonic oscillator has a zero at n = 10.4 and a pole at n = 10.3, with 8 coefficients known."""
    borel = rs.FormalSeries(anharmonic(12)).borel()
    f = HypergeometricApproximant(borel, 8)
    assert f.is_defective
    assert [p.short(3) for side in f.parameters(5) for p in side if p.value.real < -5] == ["-10.4", "-10.3"]
    assert f.name not in [g.name for g in approximants(borel, 7)]
    assert not any(g.is_defective for g in approximants(borel, 11))


def test_the_branch_follows_the_path():
    """2F1(1, 1; 2; z) = -log(1 - z)/z gains -2 pi i/z on the way around 1, counterclockwise."""
    f = HypergeometricApproximant(germ_of([Fraction(1, n + 1) for n in range(8)]), 8)
    half = acb(fmpq(1, 2))
    with working_precision(120):
        start, *_, end = f.values([half, acb(1, -1), acb(2), acb(1, 1), half], 90)
        assert start.overlaps(acb(4).log())
        assert (end - start).overlaps(-4 * acb.pi() * acb(0, 1))


def test_points_of_a_ray_one_after_the_other():
    """The polynomials along a ray are kept: for nodes in between, farther out, and of another ray, and more bits."""
    f = HypergeometricApproximant(rs.models.quartic.series(5).stripped().borel(), 5)
    with working_precision(300):
        directions = [acb(1), acb(fmpq(3, 5), fmpq(4, 5)), acb(-1, fmpq(1, 7))]
        for direction, bits in [(d, b) for b in (60, 150) for d in directions] + [(directions[0], 60)]:
            for nodes in (range(1, 12, 3), range(1, 12), range(5, 40, 7)):
                points = [direction * fmpq(n * n, 40) for n in nodes]
                for z, found in zip(points, f.values(points, bits), strict=True):
                    assert found.overlaps((-4 * z).hypgeom_2f1(fmpq(1, 4), fmpq(3, 4), 1))
                    assert found.rel_accuracy_bits() >= bits


def test_through_the_singularity_there_is_no_way():
    f = HypergeometricApproximant(germ_of([Fraction(1, n + 1) for n in range(8)]), 8)
    with pytest.raises(ValueError, match="singular point"):
        f.values([acb(2)], 64)


def test_balls_hold_the_values_at_all_their_points():
    for count in (2, 5):  # an equation of order one, and one of order two
        f = HypergeometricApproximant(rs.models.quartic.series(5).stripped().borel(), count)
        with working_precision(120):
            wide = acb(arb(3, 1e-9), arb(1, 1e-9))
            [ball] = f.values([wide], 90)
            corners = [f.values([acb(3 + a * 1e-9, 1 + b * 1e-9)], 90)[0] for a in (-1, 1) for b in (-1, 1)]
            assert all(ball.overlaps(corner) for corner in corners)
            assert ball.rad() < 1e-8


def test_leading_zeros_are_a_power_in_front():
    plain = rs.models.quartic.series(6).stripped().borel().terms
    f = HypergeometricApproximant(
        germ_of([Fraction(0), Fraction(0), *(Fraction(int(t.p), int(t.q)) for t in plain)]), 8
    )
    with working_precision(100):
        z = acb(2, 1)
        [found] = f.values([z], 80)
        assert found.overlaps(z * z * (-4 * z).hypgeom_2f1(fmpq(1, 4), fmpq(3, 4), 1))


@pytest.mark.parametrize(
    ("coefficients", "count", "message"),
    [
        ([1, 1, 1, 1], 1, "takes from 2"),
        ([1, 1, 1, 1], 5, "takes from 2 to 4"),
        ([1] * 30, 25, "takes from 2 to 24"),
        ([1, 0, 1, 0, 1], 5, "some are zero"),
        ([0, 0, 0, 1], 4, "some are zero"),
        ([Fraction(1, math.factorial(n)) for n in range(8)], 8, "entire"),
        ([math.factorial(n) for n in range(8)], 8, "radius 0"),
        ([Fraction(1), Fraction(1), Fraction(1), Fraction(2)], 4, "does not exist"),
    ],
)
def test_what_is_refused(coefficients, count, message):
    with pytest.raises(ValueError, match=message):
        HypergeometricApproximant(germ_of(coefficients), count)


def test_other_refusals():
    with pytest.raises(TypeError, match="integer"):
        HypergeometricApproximant(germ_of([1, 1, 1]), "3")
    with pytest.raises(ValueError, match="rational"):
        HypergeometricApproximant(rs.FormalSeries([1, 0.1, 0.3]).borel(), 3)
    with pytest.raises(ValueError, match="at least 4"):
        approximants(germ_of([1] * 5), 2)
    with pytest.raises(ValueError, match="no hypergeometric approximants"):
        approximants(germ_of([1, 0, 1, 0, 1, 0, 1]), 6)
    # Q vanishes at n = 6, where a later coefficient would be infinite.
    b = [Fraction(1)]
    for n in range(5):
        b.append(b[-1] * Fraction(n + 2, n - 6))
    with pytest.raises(ValueError, match="no coefficient number 7"):
        HypergeometricApproximant(germ_of(b), 6)


def test_flint_precision_is_put_back():
    before = flint.ctx.prec
    HypergeometricApproximant(germ_of([1, 2, 5, 11]), 4).values([acb(-1)], 100)
    assert flint.ctx.prec == before
