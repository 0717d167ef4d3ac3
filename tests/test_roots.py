"""Certified roots: against polynomials made from their roots, and against FLINT's own isolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from flint import acb, acb_poly, arb, arb_poly, fmpq, fmpq_poly, fmpz_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.continuation.roots import Unresolved, certified_roots, newton_polygon_starts
from resurgence.numbers import working_precision


def exactly(p: fmpz_poly | fmpq_poly) -> Callable[[int], arb_poly]:
    def at(bits: int) -> arb_poly:
        with working_precision(bits):
            return arb_poly([arb(c) for c in p.coeffs()])

    return at


def matches(found: Sequence[acb], truth: Sequence[acb]) -> bool:
    """Whether every true root lies in a ball of its own."""
    with working_precision(2000):
        hits = [[k for k, z in enumerate(found) if z.overlaps(w)] for w in truth]
    return all(len(h) == 1 for h in hits) and len({h[0] for h in hits}) == len(found)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=16), st.integers(10, 500))
@settings(max_examples=60, deadline=None)
def test_random_integer_polynomials(coefficients: list[int], bits: int) -> None:
    p = fmpz_poly([*coefficients, 1])
    while p[0] == 0:
        p = p.right_shift(1)
    p = p / p.gcd(p.derivative()) if p.degree() > 0 else p
    roots = certified_roots(exactly(p), bits)
    assert all(z.rel_accuracy_bits() >= bits for z in roots)
    with working_precision(600):
        truth = [z for z, _ in p.complex_roots()]
    assert matches(roots, truth)
    real = sum(z.imag.is_zero() for z in truth)
    assert sum(z.imag.is_zero() for z in roots) == real


@pytest.mark.parametrize("n", [5, 20, 60])
def test_legendre_nodes_from_far_away(n: int) -> None:
    # The coefficients cancel by 2.5 bits a degree at the roots: doubles see nothing of them beyond n = 20.
    roots = certified_roots(exactly(fmpq_poly.legendre_p(n)), 200)
    with working_precision(400):
        truth = [acb(arb.legendre_p_root(n, k)) for k in range(n)]
    assert matches(roots, truth)
    assert all(z.imag.is_zero() and (z.is_zero() or z.rel_accuracy_bits() >= 200) for z in roots if not z.contains(0))


def test_good_starting_values_are_used_and_bad_ones_survived() -> None:
    p = exactly(fmpz_poly([-2, 0, 0, 0, 0, 1]))
    for starts in (
        2**0.2 * np.exp(2j * np.pi * np.arange(5) / 5),
        np.full(5, 1.0 + 0j),  # all together
        np.array([1.0, 2.0, 3.0, 4.0, 5.0], dtype=complex),  # all real, most roots are not
        np.array([np.nan] * 5, dtype=complex),
        np.array([1.0 + 0j]),
    ):
        roots = certified_roots(p, 300, starts)
        with working_precision(400):
            assert all((z**5 - 2).contains(0) for z in roots)
        assert len(roots) == 5


@pytest.mark.parametrize("distance", [10**6, 10**20, 10**60])
def test_roots_closer_than_doubles_can_tell(distance: int) -> None:
    close = fmpq(1) + fmpq(1, distance)
    p = fmpq_poly([-1, 1]) * fmpq_poly([-close, 1]) * fmpq_poly([2, 1]) * fmpq_poly([1, 1, 1])
    roots = certified_roots(exactly(p), 300)
    with working_precision(500):
        truth = [acb(1), acb(close), acb(-2), (-1 + acb(-3).sqrt()) / 2, (-1 - acb(-3).sqrt()) / 2]
    assert matches(roots, truth)


def test_complex_coefficients() -> None:
    points = [(1, 2), (-3, fmpq(1, 2)), (0, -1), (4, 4), (fmpq(1, 3), 0)]

    def at(bits: int) -> acb_poly:
        with working_precision(bits):
            return acb_poly.from_roots([acb(x, y) for x, y in points])

    roots = certified_roots(at, 150)
    with working_precision(400):
        assert matches(roots, [acb(x, y) for x, y in points])


def test_multiple_roots_are_refused() -> None:
    with pytest.raises(Unresolved, match="could not be"):
        certified_roots(exactly(fmpz_poly([1, -2, 1])), 100)


def test_wide_coefficients_give_what_they_hold() -> None:
    with working_precision(200):
        wide = arb_poly([arb(-2, 1e-20), 0, 1])
    roots = certified_roots(lambda bits: wide, 500, limit=66)
    assert all(55 < z.rel_accuracy_bits() < 75 for z in roots)
    with working_precision(200):
        hopeless = arb_poly([arb(-2, 1), 0, arb(1, 1)])
    with pytest.raises(Unresolved):
        certified_roots(lambda bits: hopeless, 500, limit=4)
    with pytest.raises(Unresolved):
        certified_roots(lambda bits: wide, 500)


def test_constants_have_no_roots() -> None:
    assert certified_roots(exactly(fmpz_poly([7])), 50) == []


def test_starts_follow_the_newton_polygon() -> None:
    # 1 + 2^40 z + z^3 (up to sign): one root of modulus 2^-40, two of 2^20.
    starts = newton_polygon_starts(arb_poly([1, 2**40, 0, 1]))
    assert np.allclose(np.log2(np.abs(starts)), [-40, 20, 20], atol=1.1)
    assert list(newton_polygon_starts(arb_poly([0, 0, 1]))) == [0, 0]
