"""Recurrences: exact terms against closed forms and plain summation, free indices, what is refused."""

import math
from fractions import Fraction

import pytest
from flint import fmpq, fmpz_poly
from hypothesis import assume, example, given
from hypothesis import strategies as st

from resurgence.differential_operator import DifferentialOperator
from resurgence.errors import NoPowerSeriesError
from resurgence.recurrence import Recurrence

INTEGERS = st.integers(-6, 6)
N = fmpz_poly([0, 1])


@st.composite
def recurrences(draw):
    q = [fmpz_poly(draw(st.lists(INTEGERS, max_size=4))) for _ in range(draw(st.integers(1, 4)))]
    for root in draw(st.lists(st.integers(0, 9), max_size=2)):
        q[0] = q[0] * fmpz_poly([-root, 1])
    assume(q[0].degree() >= 0)
    assume(q[-1].degree() >= 0)
    return Recurrence(tuple(q))


def residual(recurrence, terms, n):
    return sum((terms[n - j] * int(p(n)) for j, p in enumerate(recurrence.q) if j <= n), fmpq(0))


@pytest.mark.parametrize(
    ("recurrence", "initial", "closed"),
    [
        ((N, -N * N), [1], lambda n: math.factorial(n)),
        ((N, 2 - 4 * N), [1], lambda n: math.comb(2 * n, n)),
        ((fmpz_poly([1]), fmpz_poly([-1]), fmpz_poly([-1])), None, None),
        ((N * (N - 1), -((N - 1) ** 2)), [0, 1], lambda n: Fraction(1, n) if n else 0),
        ((N * (N - 1), fmpz_poly(), fmpz_poly([1])), [1, 0], lambda n: cosine(n)),
        ((N**3, -(34 * N**3 - 51 * N**2 + 27 * N - 5), (N - 1) ** 3), [1], lambda n: apery(n)),
    ],
)
def test_known_sequences(recurrence, initial, closed):
    r = Recurrence(recurrence)
    if closed is None:
        # Fibonacci's numbers do not obey their equation for n = 0, 1: nothing but zero does.
        with pytest.raises(NoPowerSeriesError):
            r.terms([1, 1], 10)
        return
    expected = [closed(n) for n in range(60)]
    expected = [fmpq(Fraction(a).numerator, Fraction(a).denominator) for a in expected]
    assert r.terms(initial, 60) == expected
    assert r.terms(expected[:20], 60) == expected
    assert r.terms(expected, 10) == expected[:10]
    assert r.terms([fmpq(2) * a for a in initial], 60) == [2 * a for a in expected]


def cosine(n):
    return 0 if n % 2 else Fraction((-1) ** (n // 2), math.factorial(n))


def apery(n):
    return sum(math.comb(n, k) ** 2 * math.comb(n + k, k) ** 2 for k in range(n + 1))


@given(recurrences(), st.integers(0, 50))
def test_terms_obey_every_equation(recurrence, count):
    for position, start in enumerate(recurrence.free_indices):
        initial = [fmpq(0)] * start + [fmpq(3, 7)]
        last = position == len(recurrence.free_indices) - 1
        if not last and count > recurrence.free_indices[position + 1]:
            with pytest.raises(ValueError, match=r"give a_0, \.\.\., a_|fit no solution"):
                recurrence.terms(initial, count)
            continue
        terms = recurrence.terms(initial, count)
        assert len(terms) == count
        assert all(residual(recurrence, terms, n) == 0 for n in range(count))
        assert terms == initial[:count] + terms[len(initial) :]


@given(recurrences(), st.integers(0, 9), st.integers(-3, 3).filter(bool))
def test_a_wrong_value_is_found(recurrence, place, error):
    assume(recurrence.free_indices)
    start = recurrence.free_indices[-1]
    terms = recurrence.terms([0] * start + [1], start + 12)
    index = start + 1 + place
    terms[index] += error
    with pytest.raises(ValueError, match=f"for n = {index} the equation .* fails"):
        recurrence.terms(terms, 5)


@given(recurrences(), st.lists(st.integers(-3, 3), min_size=1, max_size=4), st.integers(-5, -1))
@example(Recurrence((N, N - 1)), [0, 0, 1], -1)
def test_reduced_recurrence_has_the_same_solutions(recurrence, factor, root):
    factor = fmpz_poly(factor) * fmpz_poly([-root, 1])
    assume(factor.degree() >= 0)
    multiple = Recurrence(tuple(p * factor for p in recurrence.q))
    reduced = multiple.reduced()
    assert set(multiple.free_indices) == set(reduced.free_indices)
    for n in range(30):
        # An equation of one is a multiple of that of the other, and not zero unless the other is.
        a, b = [p(n) for p in multiple.q[: n + 1]], [p(n) for p in reduced.q[: n + 1]]
        assert any(a) == any(b)
        assert all(a[i] * b[j] == a[j] * b[i] for i in range(len(a)) for j in range(len(a)))
    common = fmpz_poly()
    for p in reduced.q:
        common = common.gcd(p)
    # What is left of the common factor is needed, each root of it once.
    assert all(root >= 0 and multiplicity == 1 for root, multiplicity in common.roots())
    assert common.degree() == len(common.roots())
    for root, _ in common.roots():
        without = [p // fmpz_poly([-root, 1]) for p in reduced.q]
        assert any(p(root) != 0 for p in without[: int(root) + 1])


@given(recurrences())
def test_operator_of_a_recurrence_annihilates_its_solutions(recurrence):
    assume(recurrence.free_indices)
    terms = recurrence.terms([0] * recurrence.free_indices[-1] + [1], 30)
    operator = recurrence.operator("g")
    assert operator.variable == "g"
    assert not any(operator.apply(terms))
    assert operator.recurrence().terms(terms, 30) == terms


@given(
    st.lists(st.lists(INTEGERS, max_size=3).map(fmpz_poly), min_size=2, max_size=4),
    st.lists(st.fractions(-4, 4, max_denominator=5), min_size=3, max_size=5),
)
def test_forward_equations(polynomials, initial):
    assume(polynomials[-1].degree() >= 0 and any(p.degree() >= 0 for p in polynomials[:-1]))
    order = len(polynomials) - 1
    assume(all(polynomials[-1](n) != 0 for n in range(40)))
    expected = [Fraction(a) for a in initial[:order]]
    for n in range(30):
        rest = sum(int(p(n)) * expected[n + j] for j, p in enumerate(polynomials[:-1]))
        expected.append(-rest / int(polynomials[-1](n)))
    start = [fmpq(a.numerator, a.denominator) for a in expected[:order]]
    recurrence = Recurrence.of_shifts(polynomials, start)
    assume(any(start))
    assert recurrence.terms(start, 30) == [fmpq(a.numerator, a.denominator) for a in expected[:30]]


def test_forward_equations_that_are_known():
    assert Recurrence.of_shifts(["-1", "-1", "1"], [1, 1]).terms([1, 1], 10)[-1] == 55
    # a_0 = a_1 = 1 obey a_1 = a_0 + 0 as well: one factor n is enough.
    assert Recurrence.of_shifts([-1, -1, 1], [1, 1]).q[0] == N
    assert Recurrence.of_shifts(["-1/2", "m/3"], [1]).q[0].degree() == 2
    for arguments, message in [
        ((["n", "m"], [1]), "in one variable, got m, n"),
        (([0, "0"], [1]), "all coefficients of the recurrence are zero"),
        (([1, 1, 1], [1]), "over 2 steps needs a_0, ..., a_1: got 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            Recurrence.of_shifts(*arguments)


def test_free_indices():
    assert Recurrence((N * (N - 4) * (N + 2) * (2 * N - 1) * (N**2 - 2), N)).free_indices == (0, 4)
    assert Recurrence((fmpz_poly([3]), N)).free_indices == ()
    assert Recurrence((N**2,)).free_indices == (0,)
    assert Recurrence((N**2,)).order == 0
    assert Recurrence((N**2,)).terms([5], 3) == [5, 0, 0]


def test_what_is_refused():
    with pytest.raises(ValueError, match="must not be zero"):
        Recurrence(())
    with pytest.raises(ValueError, match="must not be zero"):
        Recurrence((fmpz_poly(), N))
    sine = Recurrence((N * (N - 1), fmpz_poly(), fmpz_poly([1])))
    with pytest.raises(ValueError, match="count"):
        sine.terms([0, 1], -1)
    with pytest.raises(ValueError, match=r"a_0 is not determined by the recurrence: give a_0, ..., a_0"):
        sine.terms([], 5)
    with pytest.raises(ValueError, match=r"a_1 is not determined .*: give a_0, ..., a_1 \(a_0, a_1 are free\)"):
        sine.terms([1], 5)
    assert sine.terms([1], 1) == [1]
    with pytest.raises(ValueError, match=r"for n = 2 the equation 2\*a_2 \+ 1\*a_0 = 0 fails, the left side is 1 "):
        sine.terms([1, 0, 0], 5)
    # x y'' + y = 0: a solution begins with x, one that begins with 1 has a logarithm
    singular = DifferentialOperator([1, 0, "x"]).recurrence()
    assert singular.free_indices == (0, 1)
    with pytest.raises(ValueError, match=r"for n = 1 the equation 1\*a_0 = 0 fails, the left side is 1 .*a_0, a_1"):
        singular.terms([1], 5)
    with pytest.raises(ValueError, match=r"for n = 1 the equation 1\*a_0 = 0 fails"):
        singular.terms([1, 1], 5)
    assert singular.terms([0, 1], 4) == [0, 1, fmpq(-1, 2), fmpq(1, 12)]


def test_a_condition_far_behind_the_initial_values_is_named():
    # a_n = a_(n-1) up to the free index 60, where the equation says a_59 = 0
    r = Recurrence((N * (N - 60), -N * fmpz_poly([1])))
    with pytest.raises(ValueError, match=r"for n = 60 the equation -60\*a_59 = 0 fails"):
        r.terms([1], 61)
    assert len(r.terms([1], 60)) == 60
    long = Recurrence((N, *[10**30 * N] * 20))
    with pytest.raises(ValueError, match=r"\.\.\. = 0 fails"):
        long.terms([*long.terms([1], 30), 5], 40)


def test_no_power_series():
    root = DifferentialOperator(["-1", "2*x"]).recurrence()
    for initial in ([1], [0, 1], []):
        with pytest.raises(NoPowerSeriesError, match="no power-series solution but zero") as info:
            root.terms(initial, 5)
        assert info.value.recurrence == "(2*n - 1)*a(n) = 0"
    assert root.terms([0], 4) == [0, 0, 0, 0]
    with pytest.raises(NoPowerSeriesError, match="for n = 1 the equation 1\\*a_1 = 0 fails"):
        root.terms([0, 1], 5)


def test_hash_and_text():
    r = Recurrence((N, fmpz_poly(), -N + 1))
    assert str(r) == "(n)*a(n) + (-n + 1)*a(n-2) = 0"
    assert len({r, Recurrence((N, fmpz_poly(), -N + 1)), Recurrence((N,))}) == 2


@pytest.mark.parametrize(
    "q",
    [
        (N, -N * N, N, -N),
        (2 * N, -3 * N, 2 * N - 1, N + 1),
        (N**3, -(N**2), N + 1, N + 4),
        (-(N**3), 34 * N**3 - 51 * N**2 + 27 * N - 5, -((N - 1) ** 3)),
        (3 * N, *[-(N**2) + j for j in range(6)]),
        (fmpz_poly([0, -6]), fmpz_poly([5])),
    ],
)
def test_common_denominators_give_what_fractions_give(q):
    expected = [Fraction(1, 3)]
    for n in range(1, 150):
        rest = sum(int(p(n)) * expected[n - j] for j, p in enumerate(q) if 0 < j <= n)
        expected.append(-rest / int(q[0](n)))
    terms = Recurrence(q).terms([fmpq(1, 3)], 150)
    assert terms == [fmpq(a.numerator, a.denominator) for a in expected]
    assert Recurrence(q).terms(terms[:37], 150) == terms
