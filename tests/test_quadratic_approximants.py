"""Quadratic approximants: exact on quadratic functions, on the right branch, and as good as their spread says."""

import math
from fractions import Fraction
from itertools import pairwise

import flint
import pytest
import sympy
from flint import acb, arb, fmpq, fmpq_series
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.coefficient import scalar
from resurgence.continuation.quadratic import QuadraticApproximant, approximants
from resurgence.numbers import working_precision

SMALL = st.fractions(min_value=-3, max_value=3, max_denominator=4)


def germ_of(coefficients):
    """The Borel transform with these coefficients."""
    return rs.FormalSeries([b * math.factorial(n) for n, b in enumerate(coefficients)]).borel()


def power_series(polynomials, count):
    """U + V sqrt(W), W(0) = 1, as a list of rationals."""
    with working_precision(53, terms=count):
        u, v, w = (fmpq_series([fmpq(c.numerator, c.denominator) for c in p], prec=count) for p in polynomials)
        found = list((u + v * w.sqrt()).coeffs())
    return found + [fmpq(0)] * (count - len(found))


def value(polynomials, roots, z):
    """The same at the end of a straight path from 0, where W = prod (1 - z/root)."""
    u, v = (sum((acb(fmpq(c.numerator, c.denominator)) * z**k for k, c in enumerate(p)), acb(0)) for p in polynomials)
    root = acb(1)
    for d in roots:
        root *= (1 - z / acb(fmpq(d.numerator, d.denominator))).sqrt()
    return u + v * root


@settings(max_examples=40)
@given(
    st.lists(SMALL, min_size=1, max_size=3),
    st.lists(SMALL, min_size=1, max_size=3),
    st.lists(SMALL.filter(lambda x: abs(x) > 0.2), min_size=1, max_size=3, unique=True),
    st.complex_numbers(min_magnitude=0.1, max_magnitude=8, allow_nan=False),
    st.integers(24, 28),
)
def test_quadratic_functions_are_reproduced(u, v, roots, place, count):
    assume(any(v) and abs(place.imag) > 0.05)
    w = [Fraction(1)]
    for d in roots:
        w = [a - b / d for a, b in zip([*w, Fraction(0)], [Fraction(0), *w], strict=True)]
    f = QuadraticApproximant(germ_of(power_series((u, v, w), count)), count)
    with working_precision(160):
        z = acb(place.real, place.imag)
        [found] = f.values([z], 120)
        exact = value((u, v), roots, z)
        assert found.overlaps(exact)
        assert abs(found - exact) < abs(found).upper() * arb(2) ** -90 + arb(2) ** -90


def test_branch_points_are_those_of_the_function_and_of_odd_multiplicity():
    b = power_series(([1, 2], [1, Fraction(-1, 5)], [1, Fraction(-5, 6), Fraction(1, 6)]), 24)  # (1 - z/2)(1 - z/3)
    points = QuadraticApproximant(germ_of(b), 24).branch_points(25)
    assert [p.contains(n) for p, n in zip(points, (2, 3), strict=True)] == [True, True]
    assert all(p.status == "certified" and p.digits >= 25 for p in points)


def test_rational_functions_are_reproduced_and_have_no_branch_points():
    with working_precision(53, terms=15):
        b = list((fmpq_series([1, 2, -1]) / fmpq_series([1, fmpq(-1, 3), fmpq(1, 7)])).coeffs())
    f = QuadraticApproximant(germ_of(b), 15)
    assert f.branch_points() == ()
    with working_precision(100):
        z = acb(4, -3)
        [found] = f.values([z], 80)
        assert found.overlaps((1 + 2 * z - z * z) / (1 - z / 3 + z * z / 7))


def test_the_branch_follows_the_path():
    """Around the branch point once the root changes its sign, twice it comes back."""
    f = QuadraticApproximant(germ_of(power_series(([0], [1], [1, -1]), 12)), 12)
    around = [acb(fmpq(1, 2)), acb(1, 1), acb(2), acb(1, -1), acb(fmpq(1, 2))]
    with working_precision(100):
        start, *_, end = f.values(around, 64)
        *_, again = f.values(around + around[1:], 64)
        root = acb(fmpq(1, 2)).sqrt()
        assert start.overlaps(root)
        assert end.overlaps(-root)
        assert again.overlaps(root)


def test_behind_a_branch_point_on_the_path_both_branches_are_given():
    f = QuadraticApproximant(germ_of(power_series(([0], [1], [1, -1]), 12)), 12)
    with working_precision(100):
        [behind] = f.values([acb(2)], 64)
        assert behind.contains(acb(0, 1))
        assert behind.contains(acb(0, -1))
        [at] = f.values([acb(1)], 64)
        assert at.contains(0)


def test_two_branch_points_on_the_path_leave_no_doubt():
    """sqrt((1 - z)(1 - z/2)) is -sqrt(|...|) beyond both of them, whichever way they are passed."""
    f = QuadraticApproximant(germ_of(power_series(([0], [1], [1, Fraction(-3, 2), Fraction(1, 2)]), 14)), 14)
    with working_precision(100):
        [direct] = f.values([acb(4)], 64)
        *_, above = f.values([acb(0, 1), acb(4, 1), acb(4)], 64)
        assert direct.overlaps(-acb(3).sqrt())
        assert direct.rel_accuracy_bits() > 60
        assert above.overlaps(direct)


def test_doublets_are_passed_on_the_outside():
    """D has the zeros 1 +- i/1000: between them the branches nearly cross, and f goes on as if they did."""
    b = power_series(([0, 1], [1], [1, Fraction(-2000000, 1000001), Fraction(1000000, 1000001)]), 14)
    f = QuadraticApproximant(germ_of(b), 14)
    with working_precision(100):
        [through] = f.values([acb(3)], 64)
        *_, around = f.values([acb(1, 1), acb(3)], 64)
        assert through.overlaps(around)
        assert abs(through - (3 - 2)) < 1e-5  # z + (1 - z), and not z - (1 - z)


def test_poles_are_refused():
    g = QuadraticApproximant(germ_of([1] * 12), 12)
    with pytest.raises(ValueError, match="pole"):
        g.values([acb(1)], 64)


def quartic(count):
    return rs.models.quartic.series(count).stripped().borel()


def test_the_spread_covers_the_error_on_the_quartic_germ():
    """B = 2F1(1/4, 3/4; 1; -4z), against FLINT's hypergeometric function, beyond the disc and above the cut.

    Of as many coefficients a Padé approximant makes at least ten times the error.
    """
    places = [acb(fmpq(1, 2)), acb(3), acb(40), acb(-1, fmpq(1, 4)), acb(-6, 2), acb(1, 5)]
    for last in (10, 17, 26, 40):
        borel = quartic(last + 1)
        family = approximants(borel, last)
        assert len(family) == 5
        for z in places:
            found = [f.values([z], 150)[0] for f in family]
            with working_precision(200):
                truth = (-4 * z).hypgeom_2f1(fmpq(1, 4), fmpq(3, 4), 1)
                spread = max(abs(found[0] - other).upper() for other in found[1:])
                assert abs(found[0] - truth).upper() < 8 * spread
                if last == 40:
                    pade = borel.pade(20, 20).values([z], 150)[0]
                    assert 10 * abs(found[0] - truth) < abs(pade - truth)


def test_a_square_root_branch_point_is_found_to_many_digits():
    """(1 - z)^(1/2) exp(z): its branch point is of the approximants' own kind, and Padé's poles are not."""
    errors = []
    for count in (12, 21, 30, 39):
        with working_precision(53, terms=count):
            b = list((fmpq_series([1, -1]).sqrt() * fmpq_series([0, 1]).exp()).coeffs())
        points = QuadraticApproximant(germ_of(b), count).branch_points(30)
        errors.append(min(abs(p.value - 1) for p in points))
    assert all(later < earlier / 1000 for earlier, later in pairwise(errors))
    assert min(abs(p.location.value - 1) for p in germ_of(b).pade(19, 19).poles(10)) > 1e-3


def test_inexact_coefficients_give_balls_around_the_exact_values():
    exact = quartic(16)
    with working_precision(400):
        blurred = rs.FormalSeries([t * arb(1, arb(2) ** -250) for t in exact.series.balls(400)]).borel()
    points = [acb(fmpq(1, 8)), acb(1, 1), acb(7, 2)]
    sharp, wide = (QuadraticApproximant(b, 16) for b in (exact, blurred))
    for z in (points, points[1:]):
        for a, b in zip(sharp.values(z, 100), wide.values(z, 100), strict=True):
            assert b.overlaps(a)
            assert b.rel_accuracy_bits() > 60
    close = [[float(abs(p.value)) for p in f.branch_points(15)] for f in (sharp, wide)]
    assert close[0] == pytest.approx(close[1], rel=1e-12)
    assert all(p.status == "estimated" for p in wide.branch_points(5))


def test_algebraic_coefficients():
    """f(z sqrt 2) for the quartic germ: not rational, but known to any precision."""
    plain = quartic(14)
    root = scalar(sympy.sqrt(2))
    scaled = rs.FormalSeries(
        [a * fmpq(2) ** (n // 2) * (root if n % 2 else 1) for n, a in enumerate(plain.series.terms)]
    )
    with working_precision(400):
        root = acb(2).sqrt()
        [a] = QuadraticApproximant(plain, 14).values([acb(1, 1) * root], 200)
        [b] = QuadraticApproximant(scaled.borel(), 14).values([acb(1, 1)], 200)
        assert a.overlaps(b)
        assert b.rel_accuracy_bits() >= 190


def test_what_is_refused():
    with pytest.raises(ValueError, match="takes from 3 coefficients"):
        QuadraticApproximant(quartic(10), 2)
    with pytest.raises(ValueError, match="takes from 3 coefficients"):
        QuadraticApproximant(quartic(10), 11)
    with pytest.raises(TypeError, match="integer"):
        QuadraticApproximant(quartic(10), 5.0)
    with pytest.raises(ValueError, match="at least 5"):
        approximants(quartic(10), 3)
    noisy = rs.FormalSeries([acb(arb(a, 0.1)) for a in (1, 1, 2, 6, 24, 120, 720, 5040)]).borel()
    with pytest.raises(ValueError, match="do not determine"):
        QuadraticApproximant(noisy, 8)
    with pytest.raises(ValueError, match="no quadratic approximants"):
        approximants(noisy, 7)


def test_the_contact_is_as_high_as_stated():
    """y - f leaves nothing below z^N: at a tiny z the approximant is as near to the polynomial as b_N z^N says."""
    borel = quartic(31)
    for count, after in pairwise((20, 25, 30)):
        with working_precision(2000):
            z = acb(10) ** -12
            [found] = QuadraticApproximant(borel, count).values([z], 1500)
            partial = sum((acb(borel.terms[n]) * z**n for n in range(after)), acb(0))
            assert abs(found - partial) < acb(10).real ** (-12 * count + count)


def test_flint_precision_is_put_back():
    before = flint.ctx.prec
    QuadraticApproximant(quartic(10), 10).values([acb(1)], 100)
    assert flint.ctx.prec == before
