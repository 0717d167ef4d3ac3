"""Padé approximants: against closed forms, exact linear algebra, and their own defining identity."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import flint
import mpmath
import numpy as np
import pytest
from flint import acb, arb, fmpq, fmpq_mat, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence.algebraic import gaussian_rational
from resurgence.continuation import approximant
from resurgence.continuation.pade import Pade, PrecisionError
from resurgence.continuation.pade_table import block_corner
from resurgence.continuation.precision import extrapolated_loss, relative_bits
from resurgence.numbers import Enclosure, ball, bits_for, working_precision
from resurgence.series import FormalSeries


class Germ:
    """The least that a Padé approximant asks of its source."""

    def __init__(self, terms: Sequence[object], bits: int | None = None) -> None:
        exact = [fmpq(t.numerator, t.denominator) if isinstance(t, (int, Fraction)) else t for t in terms]
        if bits is not None:
            with working_precision(bits + 16):
                exact = [t if t == 0 else acb(t) * arb(1, arb(2) ** -bits) for t in exact]
        self.terms = exact
        self.is_exact = not any(isinstance(t, acb) for t in exact)
        self.is_real = all(isinstance(t, fmpq) or (isinstance(t, acb) and t.imag.is_zero()) for t in exact)

    def __len__(self) -> int:
        return len(self.terms)

    def balls(self, bits: int) -> list[acb]:
        return [t if isinstance(t, acb) else ball(t, bits + 4) for t in self.terms]

    def rationals(self) -> list[fmpq] | None:
        return list(self.terms) if all(isinstance(t, fmpq) for t in self.terms) else None


def airy(count: int) -> list[fmpq]:
    """2F1(1/6, 5/6; 1; 6z)."""
    b = [fmpq(1)]
    for k in range(count - 1):
        b.append(b[-1] * 6 * (fmpq(1, 6) + k) * (fmpq(5, 6) + k) / ((k + 1) * (k + 1)))
    return b


def in_balls(coefficients: Sequence[Fraction | Enclosure], bits: int) -> list[acb]:
    return [ball(c, bits) for c in coefficients]


def dense_solution(b: Sequence[fmpq], m: int, n: int) -> tuple[list[fmpq], list[fmpq]] | None:
    """Numerator and denominator by exact linear algebra; None where the system is singular."""

    def at(k: int) -> fmpq:
        return b[k] if k >= 0 else fmpq(0)

    q = [fmpq(1)]
    if n:
        matrix = fmpq_mat([[at(m + i - j) for j in range(1, n + 1)] for i in range(1, n + 1)])
        if matrix.det() == 0:
            return None
        q += [x for (x,) in matrix.solve(fmpq_mat([[-at(m + i)] for i in range(1, n + 1)])).tolist()]
    return [sum((q[j] * at(k - j) for j in range(n + 1)), fmpq(0)) for k in range(m + 1)], q


rationals = st.builds(Fraction, st.integers(-40, 40), st.integers(1, 12))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Fraction], int, int]:
    m, n = draw(st.integers(0, 7)), draw(st.integers(0, 7))
    # Small coefficients and many zeros make degenerate tables.
    pool = draw(st.sampled_from([rationals, st.integers(-1, 1).map(Fraction), st.integers(0, 2).map(Fraction)]))
    return draw(st.lists(pool, min_size=m + n + 1, max_size=m + n + 4)), m, n


@given(tables(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_agrees_with_exact_linear_algebra(case: tuple[list[Fraction], int, int], numerically: bool) -> None:
    coefficients, m, n = case
    germ = Germ(coefficients)
    with pytest.MonkeyPatch.context() as patch:
        if numerically:
            patch.setattr(approximant, "EXACT_DEGREE", -1)
            patch.setattr(approximant, "EXACT_REDUCED_DEGREE", -1)
        pade = Pade(germ, m, n, bits=random.randrange(10, 300))
    expected = dense_solution(germ.terms, m, n)
    p, q = in_balls(pade.numerator, 2000), in_balls(pade.denominator, 2000)
    if expected is None:
        # In a block: same rational function as the corner, which is regular and agrees with the series to its order.
        corner = block_corner(germ.terms, m, n)
        assert pade.degrees == corner or not any(coefficients[: m + 1])
        expected = dense_solution(germ.terms, *pade.degrees)
        assert expected is not None
    # P/Q = P'/Q' with P', Q' exact: cross-multiply, since one of the two may be reducible.
    with working_precision(2000):
        left = flint.acb_poly(p) * flint.acb_poly(fmpq_poly(expected[1]))
        right = flint.acb_poly(q) * flint.acb_poly(fmpq_poly(expected[0]))
        assert all(c.contains(0) for c in (left - right).coeffs())
    assert pade.denominator[0] == Fraction(1) or pade.denominator[0].contains(1)


@given(st.integers(0, 30), st.integers(1, 30), st.integers(16, 400), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_defining_identity_at_random_precision(m: int, n: int, bits: int, seed: int) -> None:
    draw = random.Random(seed)
    terms = [gaussian_rational(draw.randrange(-99, 99), draw.randrange(-99, 99)) / draw.randrange(1, 99)
             for _ in range(m + n + 1)]  # fmt: skip
    germ = Germ(terms)
    pade = Pade(germ, m, n, bits=bits)
    assert pade.precision.output >= bits
    work = bits + 200
    with working_precision(work):
        p, q, b = (flint.acb_poly(in_balls(c, work)) for c in (pade.numerator, pade.denominator, germ.terms))
        residual = q * b - p
        assert all(residual[k].contains(0) for k in range(m + n + 1))


@pytest.mark.parametrize(("m", "n"), [(0, 0), (3, 3), (5, 2), (2, 5), (12, 12)])
def test_exponential(m: int, n: int) -> None:
    pade = FormalSeries([1] * (m + n + 1)).borel().pade(m, n)
    f = math.factorial
    numerator = [Fraction(f(m + n - k) * f(m), f(m + n) * f(k) * f(m - k)) for k in range(m + 1)]
    denominator = [Fraction((-1) ** k * f(m + n - k) * f(n), f(m + n) * f(k) * f(n - k)) for k in range(n + 1)]
    assert list(pade.numerator) == numerator
    assert list(pade.denominator) == denominator
    assert pade.precision.exact
    assert str(pade.precision) == "exact"


def test_euler_series_is_recovered_as_it_is() -> None:
    pade = FormalSeries.from_function(math.factorial, 101).borel().pade(50, 50)
    assert (pade.numerator, pade.denominator) == ((1,), (1, -1))
    assert pade.order == (50, 50)
    assert pade.degrees == (0, 1)
    (pole,) = pade.poles(40)
    assert pole.location.contains(1)
    assert pole.residue.contains(-1)
    assert (pole.multiplicity, pole.doublet) == (1, False)
    assert repr(pade) == "<Pade [50/50] = [0/1]: exact, (1)/(1 - z)>"


@given(st.lists(rationals, min_size=1, max_size=4), st.lists(rationals, max_size=4), st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_rational_functions_are_recovered(top: list[Fraction], bottom: list[Fraction], extra: int) -> None:
    q = fmpq_poly([fmpq(1)] + [fmpq(c.numerator, c.denominator) for c in bottom])
    p = fmpq_poly([fmpq(c.numerator, c.denominator) for c in top])
    m, n = 5 + extra, 5 + extra
    series = flint.fmpq_series(p.coeffs(), prec=m + n + 1)
    with working_precision(64, terms=m + n + 1):
        quotient = series / flint.fmpq_series(q.coeffs(), prec=m + n + 1)
    pade = Pade(Germ([quotient[k] for k in range(m + n + 1)]), m, n)
    common = p.gcd(q)
    p, q = divmod(p, common)[0], divmod(q, common)[0]
    assert [fmpq(c.numerator, c.denominator) for c in pade.numerator] == [c / q[0] for c in p.coeffs()]
    assert [fmpq(c.numerator, c.denominator) for c in pade.denominator] == [c / q[0] for c in q.coeffs()]


def test_blocks_of_an_even_series() -> None:
    cosine = [Fraction((-1) ** (k // 2), math.factorial(k)) if k % 2 == 0 else 0 for k in range(12)]
    corner = Pade(Germ(cosine), 4, 4)
    for m, n in [(4, 5), (5, 4), (5, 5)]:
        other = Pade(Germ(cosine), m, n)
        assert other.degrees == (4, 4)
        assert (other.numerator, other.denominator) == (corner.numerator, corner.denominator)
    sine = [Fraction((-1) ** (k // 2), math.factorial(k)) if k % 2 else 0 for k in range(12)]
    odd = Pade(Germ(sine), 5, 4)
    assert odd.degrees == (5, 4)
    assert odd.numerator[::2] == (0, 0, 0)
    assert odd(Fraction(1, 4), 8).contains(Enclosure(mpmath.sin(0.25), mpmath.mpf("1e-10"), "estimated"))


def test_zero_polynomials_and_late_series() -> None:
    assert Pade(Germ([0, 0, 0]), 1, 1).numerator == ()
    assert Pade(Germ([0, 0, 1]), 1, 1).degrees == (0, 0)  # z^2 + O(z^3) is 0 to the order that [1/1] can reach
    assert repr(Pade(Germ([0, 0, 0]), 1, 1)) == "<Pade [1/1] = [0/0]: exact, (0)/(1)>"
    cubic = Pade(Germ([0, -1, 0, Fraction(2, 3)] + [0] * 60), 30, 30)
    assert cubic.numerator == (0, -1, 0, Fraction(2, 3))
    assert cubic.denominator == (1,)
    assert cubic.poles() == ()
    assert "-z + 2/3*z^3" in repr(cubic)
    assert [c.contains(v) for c, v in zip(cubic.partial_fractions(64).polynomial, [0, -1, 0, fmpq(2, 3)], strict=True)]
    monomial = Pade(Germ([0, 0, 5, 0, 0]), 2, 2)
    assert monomial.numerator == (0, 0, 5)
    assert monomial(2).contains(20)


@pytest.mark.parametrize("n", [34, 40])
def test_path_through_a_block_far_from_the_origin(n: int) -> None:
    # Up to z^20 the series is 1/(1-z): the diagonal runs through a block before it reaches the entry.
    draw = random.Random(n)
    terms = [Fraction(1)] * 21 + [Fraction(draw.randrange(1, 99), draw.randrange(1, 99)) for _ in range(2 * n - 20)]
    pade = Pade(Germ(terms), n, n, bits=100)
    assert pade.degrees == (n, n)
    expected = dense_solution(Germ(terms).terms, n, n)
    assert expected is not None
    for got, exact in zip((pade.numerator, pade.denominator), expected, strict=True):
        assert all(c.contains(x) for c, x in zip(got, exact, strict=True))
    assert len(pade.poles(20)) == n


def test_algebraic_coefficients_find_their_block() -> None:
    i = gaussian_rational(0, 1)
    geometric = Germ([i**k for k in range(21)])
    pade = Pade(geometric, 10, 10)
    assert pade.degrees == (0, 1)
    (pole,) = pade.poles(30)
    assert pole.location.contains(-1j)
    assert pole.residue.contains(1j)
    # Random primes found the block, and nothing proved it.
    assert pole.location.status == pole.residue.status == pade(2).status == pade.denominator[1].status == "estimated"
    assert "random primes" in pole.location.method
    regular = Pade(Germ([i**k * (k + 1) for k in range(2)]), 0, 1)
    assert regular.poles(20)[0].location.status == "certified"


# ---------------------------------------------------------------------------------------------------------------------
# Poles


@pytest.mark.parametrize("n", [1, 2, 9, 40])
def test_logarithm_has_gauss_legendre_poles_and_weights(n: int) -> None:
    # -log(1-z)/z = int_0^1 dt/(1-tz): [n-1/n] has poles at 1/t_k, residues -w_k/t_k, t = (1+x)/2 (Gauss, Jacobi).
    pade = Pade(Germ([Fraction(1, k + 1) for k in range(2 * n)]), n - 1, n)
    poles = pade.poles(60)
    assert len(poles) == n
    with working_precision(300):
        for k, pole in enumerate(poles):
            x, w = arb.legendre_p_root(n, k, weight=True)
            t = (1 + x) / 2
            assert pole.location.ball(300).overlaps(acb(1 / t))
            assert pole.residue.ball(300).overlaps(acb(-(w / 2) / t))
            assert all(part.digits >= 60 or part.error == 0 for part in (pole.location, pole.residue))
            assert pole.location.value.imag == 0
            assert pole.location.status == "certified"
            assert not pole.doublet


def test_poles_of_the_exponential_come_in_pairs() -> None:
    pade = FormalSeries([1] * 21).borel().pade(10, 10)
    poles = pade.poles(40)
    moduli = [abs(p.location.value) for p in poles]
    assert all(a <= b * (1 + mpmath.mpf("1e-10")) for a, b in pairwise(moduli))
    for p in poles:
        assert any(p.location.ball(200).overlaps(q.location.ball(200).conjugate()) for q in poles)
    assert "pole at" in str(poles[0])


def test_multiple_poles() -> None:
    # 1/((1-z)^3 (1+2z)) + z
    q = fmpq_poly([1, -1]) ** 3 * fmpq_poly([1, 2])
    with working_precision(64, terms=40):
        terms = flint.fmpq_series([1], prec=40) / flint.fmpq_series(q.coeffs(), prec=40) + flint.fmpq_series([0, 1])
    pade = Pade(Germ([terms[k] for k in range(31)]), 15, 15)
    near, triple = pade.poles(30)
    assert near.location.contains(fmpq(-1, 2))
    assert (near.multiplicity, triple.multiplicity) == (1, 3)
    assert "multiplicity 3" in str(triple)
    fractions = pade.partial_fractions(120)
    # 1/(1+2z) = (1/3) / (1 - (2/3)(1-z)) = 1/3 + (2/9)(1-z) + (4/27)(1-z)^2 + ...
    with working_precision(400):
        for got, exact in zip(fractions.principal_parts[1], [fmpq(-4, 27), fmpq(2, 9), fmpq(-1, 3)], strict=True):
            assert got.contains(exact)
            assert got.rel_accuracy_bits() >= 120
        assert fractions.residues[0].contains(fmpq(4, 27))
    assert [c.contains(v) for c, v in zip(fractions.polynomial, (0, 1), strict=True)] == [True, True]


@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_partial_fractions_add_up(m: int, n: int, seed: int) -> None:
    draw = random.Random(seed)
    spacing, shift = draw.choice([(1, 0), (1, 1), (2, 0), (2, 1), (3, 0)])
    terms = [fmpq(draw.randrange(-20, 20) or 1, draw.randrange(1, 9)) if k >= shift and (k - shift) % spacing == 0
             else fmpq(0) for k in range(m + n + 1)]  # fmt: skip
    pade = Pade(Germ(terms), m, n)
    bits = draw.randrange(20, 200)
    fractions = pade.partial_fractions(bits)
    assert fractions.accuracy_bits() >= bits
    assert sum(map(len, fractions.principal_parts)) == pade.degrees[1]
    z = fmpq(draw.randrange(-30, 30), 97)
    with working_precision(bits + 32):
        total = sum((c * acb(z) ** k if k else c for k, c in enumerate(fractions.polynomial)), acb(0))
        for p, part in zip(fractions.poles, fractions.principal_parts, strict=True):
            total += sum((c / (acb(z) - p) ** (k + 1) for k, c in enumerate(part)), acb(0))
        assert total.overlaps(pade(z, 30).ball(bits))


def test_noise_makes_doublets_and_cuts_do_not() -> None:
    draw = random.Random(5)
    noisy = [Fraction(1) + Fraction(draw.randrange(-1000, 1000), 10**13) for _ in range(21)]
    poles = Pade(Germ(noisy), 10, 10).poles(20)
    true = [p for p in poles if not p.doublet]
    assert len(poles) == 10
    assert len(true) == 1
    assert abs(true[0].location.value - 1) < 1e-8
    assert all(abs(p.residue.value) < 1e-5 * abs(p.location.value) for p in poles if p.doublet)
    assert "doublet" in str(next(p for p in poles if p.doublet))
    assert not any(p.doublet for p in Pade(Germ(airy(81)), 40, 40).poles(15))


def test_painleve_one_in_its_natural_variable() -> None:
    # u = sqrt(z) sum c_k z^(-5k/2) solves -u''/6 + u^2 = z; its Borel transform is singular at ± 8 sqrt(3)/5.
    germ = painleve_one(100)
    pade = Pade(germ, 100, 100)
    poles = pade.poles(30)
    assert len(poles) == 100
    singularity = 8 * mpmath.sqrt(3) / 5
    for pole, sign in zip(poles[:2], (1, -1), strict=True):
        assert abs(pole.location.value - sign * singularity) < 0.01
        assert pole.location.value.imag == 0
    assert (poles[0].location.ball(200) + poles[1].location.ball(200)).contains(0)


def painleve_one(half: int) -> Germ:
    c = [fmpq(1)]
    for k in range(1, half + 1):
        power = fmpq(1, 2) - fmpq(5 * (k - 1), 2)
        square = sum((c[i] * c[k - i] for i in range(1, k)), fmpq(0))
        c.append((c[k - 1] * power * (power - 1) / 6 - square) / 2)
    terms = [fmpq(0)] * (2 * half + 1)
    terms[::2] = [x / math.factorial(2 * k) for k, x in enumerate(c)]
    return Germ(terms)


def test_symmetric_poles_of_a_series_in_powers_of_z_cubed() -> None:
    terms = [fmpq(0)] * 121
    terms[::3] = [fmpq((-1) ** k, k + 1) for k in range(41)]  # log(1+z^3)/z^3
    poles = Pade(Germ(terms), 60, 60).poles(30)
    assert len(poles) == 60
    on_axis = [p for p in poles if p.location.value.imag == 0]
    assert len(on_axis) == 20
    assert all(p.location.value.real < -1 for p in on_axis)


# ---------------------------------------------------------------------------------------------------------------------
# Values


@given(st.integers(0, 6), st.integers(0, 6), rationals, st.integers(1, 120))
@settings(max_examples=40, deadline=None)
def test_values_contain_the_exact_quotient(m: int, n: int, z: Fraction, digits: int) -> None:
    pade = Pade(Germ(airy(m + n + 1)), m, n)
    exact = [sum((c * z**k for k, c in enumerate(part)), Fraction(0)) for part in (pade.numerator, pade.denominator)]
    value = pade(z, digits)
    assert value.contains(exact[0] / exact[1])
    assert value.status == "certified"
    assert value.digits >= digits or value.error == 0


def test_value_at_a_pole_at_a_zero_and_far_away() -> None:
    pade = FormalSeries.from_function(math.factorial, 5).borel().pade(2, 2)
    with pytest.raises(ValueError, match="is a pole"):
        pade(1)
    with pytest.raises(ValueError, match="finite"):
        pade(float("nan"))
    rational = Pade(Germ([2, 1, Fraction(-1, 2), Fraction(1, 4), Fraction(-1, 8)]), 1, 1)  # (2 + 2z)/(1 + z/2)
    assert rational(-1).error == 0
    root = Pade(Germ([-2, 0, 1, 0, 0]), 2, 0)
    near_zero = root(mpmath.mpf(2) ** 0.5, 50)
    assert near_zero.digits >= 1
    assert rational(Fraction(10) ** 300, 20).contains(4 - 4 / (2 + Fraction(10) ** 300) * 1)


def test_value_where_the_numerator_vanishes_at_an_irrational_point() -> None:
    import sympy

    value = Pade(Germ([-2, 0, 1]), 2, 0)(sympy.sqrt(2), 30)
    assert value.contains(0)
    assert value.error < 1e-30


# ---------------------------------------------------------------------------------------------------------------------
# Precision


@pytest.mark.parametrize(("order", "bits"), [(20, 53), (60, 53), (60, 200), (100, 400), (100, 53)])
def test_refusal_says_how_many_bits_are_missing(order: int, bits: int) -> None:
    coefficients = airy(2 * order + 1)
    with pytest.raises(PrecisionError, match="more bits are needed") as refused:
        Pade(Germ(coefficients, bits), order, order)
    missing = refused.value.missing_bits
    assert missing > 0
    enough = Pade(Germ(coefficients, bits + missing), order, order)
    assert enough.precision.output >= 8
    # and not absurdly more than needed
    assert missing < 3 * (enough.precision.lost + 64)


@pytest.mark.parametrize("coefficients", [[1.0] * 41, [1.0 / (k + 1) for k in range(41)]])
def test_floats_do_not_carry_twenty_orders(coefficients: list[float]) -> None:
    germ = FormalSeries([c * math.factorial(k) for k, c in enumerate(coefficients)]).borel()
    with pytest.raises(ValueError, match="more bits are needed"):
        germ.pade(20, 20)
    assert germ.pade(2, 2) if coefficients[1] != 1 else True


def test_a_thousand_bits_leave_nothing_of_order_two_hundred() -> None:
    coefficients = airy(401)
    with pytest.raises(PrecisionError, match="loses all of the 1000 bits") as refused:
        Pade(Germ(coefficients, 1000), 200, 200)
    assert 110 <= refused.value.missing_bits <= 600


@given(st.integers(2, 25), st.integers(150, 500), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_balls_contain_the_approximants_of_all_series_in_them(order: int, bits: int, seed: int) -> None:
    draw = random.Random(seed)
    exact = airy(2 * order + 1)
    pade = Pade(Germ(exact, bits), order, order)
    moved = [c * (1 + fmpq(draw.randrange(-(2**40), 2**40), 2 ** (bits + 40))) for c in exact]
    expected = dense_solution(moved, order, order)
    assert expected is not None
    for got, truth in zip((pade.numerator, pade.denominator), expected, strict=True):
        assert all(c.contains(x) for c, x in zip(got, truth, strict=True))
    assert pade.precision.input - pade.precision.lost == pade.precision.output
    assert "bits in" in str(pade.precision)


def test_inexact_poles_and_values_to_more_digits_than_there_are() -> None:
    coefficients = airy(41)
    pade = Pade(Germ(coefficients, 200), 20, 20)
    assert all(p.location.digits >= 5 for p in pade.poles(5))
    for ask in (lambda p: p.poles(40), lambda p: p(fmpq(1, 7), 60), lambda p: p.partial_fractions(150)):
        with pytest.raises(PrecisionError, match="more bits are needed") as refused:
            ask(pade)
        ask(Pade(Germ(coefficients, 200 + refused.value.missing_bits), 20, 20))
    with pytest.raises(ValueError, match="out of reach"):
        Pade(Germ([1, fmpq(1, 2), 1], 60), 0, 1)(2, 20)


def test_polynomials_of_balls() -> None:
    pade = Pade(Germ([fmpq(1), fmpq(1, 3)], 100), 1, 0)
    assert pade.precision.output >= 99
    with pytest.raises(PrecisionError):
        Pade(Germ([fmpq(1), fmpq(1, 3)], 4), 1, 0)


def test_exact_coefficients_among_balls_do_not_limit_them() -> None:
    exact = airy(41)
    with working_precision(1100):
        mixed = [acb(arb(t) * arb(1, arb(2) ** -1000)) if k % 3 == 2 else t for k, t in enumerate(exact)]
    pade = Pade(Germ(mixed), 20, 20)
    assert 990 <= pade.precision.input <= 1000
    assert pade.precision.output > 800


def test_a_ball_around_zero_counts_beside_the_others() -> None:
    # exp with a z^3 term that is only known to be tiny
    with working_precision(300):
        terms = [acb(1) / math.factorial(k) * arb(1, arb(2) ** -200) for k in range(9)]
        terms[3] = acb(arb(0, arb(2) ** -200))
    pade = Pade(Germ(terms), 4, 4)
    assert 150 < pade.precision.output <= 200
    expected = dense_solution([fmpq(1, math.factorial(k)) if k != 3 else fmpq(0) for k in range(9)], 4, 4)
    assert expected is not None
    assert all(c.contains(x) for c, x in zip(pade.denominator, expected[1], strict=True))


def test_complex_balls() -> None:
    terms = [gaussian_rational(1, 3) ** k / (k + 1) for k in range(41)]  # -log(1-wz)/(wz), w = 1+3i
    with pytest.raises(PrecisionError) as refused:
        Pade(Germ([t.ball(80) * acb(arb(1, 1e-20)) for t in terms]), 20, 20)
    assert refused.value.missing_bits > 20
    poles = Pade(Germ(terms), 20, 20).poles(20)
    direction = 1 / mpmath.mpc(1, 3)
    for p in poles:
        ratio = p.location.value / direction
        assert abs(ratio.imag) < 1e-12 * abs(ratio)
        assert ratio.real > 1


def test_leroy_parameter_that_is_not_an_integer() -> None:
    # a_n = (1/2)_n with s = -1/2 is (1/Gamma(1/2))/(1-z): rational but for a factor that is not.
    a = [fmpq(1)]
    for k in range(40):
        a.append(a[-1] * (fmpq(1, 2) + k))
    pade = FormalSeries(a).borel("-1/2").pade(20, 20)
    assert pade.degrees == (0, 1)
    (pole,) = pade.poles(30)
    assert pole.location.contains(1)
    with working_precision(200):
        assert pole.residue.ball(200).overlaps(-1 / acb.pi().sqrt())


def test_what_cannot_be_decided_is_said() -> None:
    double = Germ([gaussian_rational(0, 1) ** k * (k + 1) for k in range(13)])  # 1/(1-iz)^2
    pade = Pade(double, 6, 6)
    assert pade.degrees == (0, 2)
    with pytest.raises(ValueError, match="multiple poles are resolved for rational coefficients only"):
        pade.poles(20)
    # The degree of the denominator is not known: (1+z)/(1-z/2) as [1/2].
    border = Pade(Germ([fmpq(1), fmpq(3, 2), fmpq(3, 4), fmpq(3, 8)], 100), 1, 2)
    with pytest.raises(ValueError, match=r"from one of degrees \(1, 1\)"):
        border.poles(20)


def test_exact_balls_are_numbers() -> None:
    for unit in (acb(1), acb(0, 1), acb(-0.5, 0.25)):
        with working_precision(400):
            germ = Germ([unit**k for k in range(21)])
        pade = Pade(germ, 10, 10)
        assert pade.degrees == (0, 1)
        with working_precision(600):
            assert pade.poles(100)[0].location.ball(500).overlaps(1 / unit)


def test_gives_up_where_nothing_is_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximant, "certified_convergent", lambda *_: None)
    monkeypatch.setattr(approximant, "EXACT_DEGREE", -1)
    with pytest.raises(ArithmeticError, match="could not be certified"):
        Pade(Germ(airy(5)), 2, 2, bits=64)


def test_loss_is_extrapolated_as_a_power() -> None:
    assert extrapolated_loss([], 10) == 60
    assert extrapolated_loss([(50, 250)], 100) == 556
    assert extrapolated_loss([(50, 250), (25, 125)], 100) == 556
    assert extrapolated_loss([(50, 250), (25, 62)], 100) > 1000
    assert relative_bits([arb(1), arb.nan()]) < 0


def test_precision_is_raised_and_kept() -> None:
    pade = Pade(Germ(airy(101)), 50, 50)
    before = pade.precision
    assert before.output >= 64
    sharp = pade.partial_fractions(700)
    assert pade.partial_fractions(100) is sharp
    assert pade.precision.output >= 700
    assert pade.precision.input > before.input
    more = pade.partial_fractions(1500)
    assert all(p.overlaps(q) for p, q in zip(sharp.poles, more.poles, strict=True))
    assert Pade(Germ(airy(101)), 50, 50, bits=900).precision.output >= 900


def test_working_precision_of_the_caller_is_untouched() -> None:
    before = flint.ctx.prec, mpmath.mp.prec
    Pade(Germ(airy(21)), 10, 10).poles(50)
    with pytest.raises(PrecisionError):
        Pade(Germ(airy(101), 60), 50, 50)
    assert (flint.ctx.prec, mpmath.mp.prec) == before


@pytest.mark.parametrize(
    ("m", "n", "error", "message"),
    [
        (2.0, 2, TypeError, "order m"),
        (2, "2", TypeError, "order n"),
        (True, 2, TypeError, "order m"),
        (None, 2, TypeError, "order m"),
        (-1, 2, ValueError, "at least 0"),
        (1, -2, ValueError, "at least 0"),
        (3, 3, ValueError, "needs 7 coefficients, there are 6"),
    ],
)
def test_bad_orders(m: object, n: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Pade(Germ([1] * 6), m, n)  # type: ignore[arg-type]


def test_bad_requests() -> None:
    pade = Pade(Germ(airy(5)), 2, 2)
    with pytest.raises(TypeError, match="digits"):
        pade.poles(2.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="digits"):
        pade(0, digits=0)
    with pytest.raises(ValueError, match="bits"):
        pade.partial_fractions(1)
    with pytest.raises(ValueError, match="bits"):
        Pade(Germ(airy(5)), 2, 2, bits=0)
    assert Pade(Germ(airy(5)), np.int64(2), 2).order == (2, 2)
    assert pade.poles(30)[0].location.accuracy_bits() >= bits_for(30) - 4
