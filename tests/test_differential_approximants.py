"""Differential approximants: roots, exponents and how several of them are put together."""

import math

import flint
import pytest
from flint import acb, arb, fmpq

from resurgence.differential_approximants import approximant, singular_points
from resurgence.numbers import working_precision

BITS = 1200


def binomial(exponent, location, terms):
    """Coefficients of (1 - z/location)^exponent."""
    b = [fmpq(1)]
    for n in range(terms - 1):
        b.append(b[-1] * (n - exponent) / (n + 1) / location)
    return b


def reals(coefficients):
    with working_precision(BITS):
        return [arb(c) for c in coefficients]


def complexes(coefficients):
    with working_precision(BITS):
        return [acb(c) for c in coefficients]


@pytest.mark.parametrize("exponent", [fmpq(-1), fmpq(-2), fmpq(1, 2), fmpq(-1, 3), fmpq(5, 4)])
@pytest.mark.parametrize("kind", [reals, complexes])
def test_one_branch_point_is_exact(exponent, kind):
    with working_precision(400):
        [(z, beta)] = approximant(kind(binomial(exponent, fmpq(-3, 7), 20)), 1, 1)
        assert abs(z + arb(fmpq(3, 7))) < arb(2) ** -350
        assert abs(beta - exponent) < arb(2) ** -330


def test_a_rational_germ_is_its_pade_approximant():
    """1/(1 - z) + 1/(1 - z/2) + 1/(1 + z/3): three poles, three roots."""
    b = [1 + fmpq(1, 2) ** n + fmpq(-1, 3) ** n for n in range(12)]
    with working_precision(300):
        roots = approximant(reals(b), 3, 0)
        assert sorted(round(float(z.real), 12) for z, _ in roots) == [-3, 1, 2]
        assert all(beta == -1 for _, beta in roots)


def test_the_quartic_equation_is_found():
    """The germ 2F1(1/4, 3/4; 1; -4z) solves a second-order equation, to which more room is no harm."""
    b = [fmpq(1)]
    for n in range(60):
        b.append(b[-1] * -4 * (fmpq(1, 4) + n) * (fmpq(3, 4) + n) / (n + 1) ** 2)
    with working_precision(800):
        for points, degree in ((1, 2), (1, 6), (3, 5)):
            near = min(approximant(reals(b), points, degree), key=lambda pair: abs(complex(pair[0]) + 0.25))
            assert abs(near[0] + arb(fmpq(1, 4))) < arb(2) ** -200
            assert abs(near[1]) < arb(2) ** -190


def test_too_few_terms_and_unusable_systems_give_nothing():
    with working_precision(100):
        assert approximant(reals(binomial(fmpq(1, 2), 1, 5)), 2, 1) is None
        assert approximant([arb(0)] * 20, 1, 1) is None
        assert approximant([arb(math.nan)] * 20, 1, 1) is None


def test_a_double_root_is_seen_badly():
    """log(1 - z)/(1 - z): the recurrence has a double root, which approximants split: the errors are large."""
    b = [fmpq(0)]
    for n in range(1, 80):
        b.append(b[-1] - fmpq(1, n))
    with working_precision(200):
        for point in singular_points([complexes(b)], True, 20):
            assert abs(point.location - 1) <= point.error
            assert point.error > 1e-9


def test_two_points_close_to_each_other_are_told_apart():
    b = [p + q for p, q in zip(binomial(fmpq(1, 3), 2, 60), binomial(fmpq(-1, 2), fmpq(21, 10), 60), strict=True)]
    first, second = singular_points([complexes(b)], True, 20)
    with working_precision(200):
        assert abs(first.location - 2) <= first.error + arb(2) ** -150
        assert abs(second.location - fmpq(21, 10)) <= second.error + arb(2) ** -150
        assert abs(first.exponent - fmpq(1, 3)) <= first.exponent_error + arb(2) ** -150
        assert abs(second.exponent + fmpq(1, 2)) <= second.exponent_error + arb(2) ** -150


def test_poles_along_a_cut_are_not_taken_for_singular_points():
    """Padé approximants of a branch point have poles all along the cut; only its end is a singular point."""
    power, b = binomial(fmpq(1, 2), 1, 60), []  # times exp(z), so that it is not an exact power
    for n in range(60):
        b.append(sum((power[k] * fmpq(1, math.factorial(n - k)) for k in range(n + 1)), fmpq(0)))
    [point] = singular_points([complexes(b)], True, 20)
    with working_precision(100):
        assert abs(point.location - 1) <= point.error


def test_flint_precision_is_put_back():
    before = flint.ctx.prec
    singular_points([complexes(binomial(fmpq(1, 2), 1, 20))], True, 10)
    assert flint.ctx.prec == before
