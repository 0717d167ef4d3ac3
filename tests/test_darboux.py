"""Stokes constants from late coefficients."""

import pytest
from flint import acb, arb, fmpq

from resurgence.darboux import Source, stokes_constants, unexplained
from resurgence.numbers import working_precision

BITS = 900


def source(location, exponent, error=0, doubt=0):
    return Source(acb(location), arb(error), acb(exponent), arb(doubt))


def quartic(terms):
    b = [fmpq(1)]
    for n in range(terms - 1):
        b.append(b[-1] * -4 * (fmpq(1, 4) + n) * (fmpq(3, 4) + n) / (n + 1) ** 2)
    return balls(b)


def balls(coefficients):
    with working_precision(BITS):
        return [acb(c) for c in coefficients]


@pytest.mark.parametrize("terms", [12, 30, 100])
def test_the_constant_of_the_quartic(terms):
    [(value, error)] = stokes_constants([quartic(terms)], [source(fmpq(-1, 4), 0)], 30)
    with working_precision(200):
        assert abs(value - acb(0, 1) * arb(2).sqrt()) <= error
        assert error < arb(10) ** -(terms // 12)


def test_a_wrong_location_shows_in_the_error():
    """Off by 1e-6 and saying so: the constant is then known no better than that."""
    [(value, error)] = stokes_constants([quartic(60)], [source(fmpq(-1, 4) * (1 + fmpq(1, 10**6)), 0, 2.6e-7)], 20)
    with working_precision(200):
        assert abs(value - acb(0, 1) * arb(2).sqrt()) <= error
        assert error > 1e-7


def test_a_point_without_a_singularity_has_no_constant():
    """The apparent source at 1/2 - i/2 adds nothing to the coefficients, and its error says so."""
    sources = [source(fmpq(-1, 4), 0), source(acb(fmpq(1, 4), fmpq(-1, 4)), 0)]
    _, second = stokes_constants([quartic(80)], sources, 20)
    assert second is None or not second[1] < abs(second[0])


def test_what_the_sources_explain():
    right, wrong = source(fmpq(-1, 4), 0), source(fmpq(1, 4), 0)
    assert unexplained(quartic(40), [right]) < 1e-4
    assert unexplained(quartic(40), [wrong]) > 0.5
    assert unexplained(quartic(8), [right]) < 0.1


def test_exponents_too_large_for_the_terms():
    high = source(fmpq(-1, 4), 50)
    assert unexplained(quartic(20), [high]) == 1
    assert stokes_constants([quartic(20)], [high], 10) == [None]


def test_more_sources_than_coefficients():
    """Nine sources of one modulus, eight coefficients: nothing can be said."""
    crowd = [source(acb(fmpq(2 * k, 9)).exp_pi_i() / 4, 0) for k in range(9)]
    assert unexplained(quartic(8), crowd) == 1
    assert stokes_constants([quartic(8)], crowd, 10) == [None] * 9


def test_the_same_source_twice_cannot_be_solved_for():
    twice = [source(fmpq(-1, 4), 0), source(fmpq(-1, 4), 0)]
    found = stokes_constants([quartic(40)], twice, 10)
    assert all(value is None or not value[1] < abs(value[0]) / 10**6 for value in found)
