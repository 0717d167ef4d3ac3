"""Guessed equations: found where there is one, checked beyond what they were guessed from, and not found elsewhere."""

import math
import random

import pytest
import sympy
from flint import fmpq, fmpq_series
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from resurgence import hermite_pade
from resurgence.action import Action
from resurgence.cyclic_vector import stripped_annihilator
from resurgence.differential_operator import DifferentialOperator
from resurgence.hermite_pade import guess_operator
from resurgence.modular import large_primes
from resurgence.numbers import working_precision

parameters = st.lists(st.fractions(-4, 4, max_denominator=6), max_size=3)


def hypergeometric(upper, lower, count):
    """pFq(upper; lower; x), without the n!; None where a lower parameter is a natural number below 1."""
    if any(b.denominator == 1 and b <= 0 for b in lower):
        return None
    terms = [fmpq(1)]
    for n in range(count - 1):
        ratio = fmpq(1)
        for a in upper:
            ratio *= fmpq(a.numerator, a.denominator) + n
        for b in lower:
            ratio /= fmpq(b.numerator, b.denominator) + n
        terms.append(terms[-1] * ratio)
    return terms


@settings(max_examples=60)
@given(parameters, parameters, st.integers(1, 3), st.integers(0, 4))
@example([], [], 3, 2)
def test_hypergeometric_series(upper, lower, stride, first):
    """From 40 coefficients the equation is found, of no higher order than the known one, and 80 obey it.

    That is theta prod (theta + b - 1) y = x (theta + 1) prod (theta + a) y.
    """
    terms = hypergeometric(upper, lower, 80)
    assume(terms is not None and all(t != 0 for t in terms))
    spread = [fmpq(0)] * (first + stride * 80)
    spread[first::stride] = terms
    found = guess_operator(spread[: first + stride * 40])
    assert found.operator.order <= 1 + max(len(upper), len(lower))
    assert found.surplus_equations >= 10
    assert not any(found.operator.apply(spread))


@settings(max_examples=40)
@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=4),
    st.lists(st.integers(-5, 5), min_size=1, max_size=4),
    st.sampled_from([fmpq(1, 2), fmpq(-1, 3), fmpq(2, 5)]),
)
def test_algebraic_series(numerator, denominator, power):
    """(1 + x p(x))^s / (1 + x q(x)) obeys an equation of the first order and of low degree."""
    with working_precision(64, terms=80):
        base = fmpq_series([1, *numerator], prec=80)
        series = (base.log() * power).exp() / fmpq_series([1, *denominator], prec=80)
        terms = [series[k] for k in range(80)]
    assume(sum(t != 0 for t in terms[40:]) > 5)
    found = guess_operator(terms[:50])
    assert found.operator.order == 1
    assert not any(found.operator.apply(terms))


def test_least_order_and_degree():
    airy = DifferentialOperator(["-x", "0", "1"])
    assert guess_operator(airy.recurrence().terms([2, 3], 200)).operator == airy
    euler = DifferentialOperator(["1", "3*x - 1", "x^2"])  # of the first order only with a right side
    assert guess_operator([math.factorial(n) for n in range(60)]).operator == euler


@pytest.mark.parametrize(
    ("text", "at", "terms"),
    [
        ("x**2/2+x**3/3+x**4/4", 0, 60),
        ("x**2/2+x**6/6", 0, 40),
        ("x**2+y**2+x**2*y**2", (0, 0), 30),
        ("(x**2+y-11)**2+(x+y**2-7)**2", (3, 2), 300),
    ],
)
def test_actions(text, at, terms):
    """What is guessed from the series is what is proved for the integral, but for factors that both have."""
    action = Action(text)
    series = action.expand(terms, at=at)
    found = guess_operator([fmpq(c.numerator, c.denominator) for c in series.coefficients], variable="g")
    assert found.operator == stripped_annihilator(action.connection(), series.action, series.exponent)
    assert found.operator.variable == "g"


def test_surplus():
    """How many coefficients it takes: (1 - 4x) y' = 2y has three unknown numbers and no others."""
    terms = [math.comb(2 * n, n) for n in range(40)]
    counts = [n for n in range(40) if guess_operator(terms[:n]) is not None]
    assert counts == list(range(counts[0], 40))
    assert guess_operator(terms[: counts[0]]).surplus_equations == 10
    assert guess_operator(terms[: counts[0] - 1], surplus=9).surplus_equations == 9
    assert guess_operator(terms, surplus=30).surplus_equations == 37
    assert guess_operator(terms, surplus=38) is None


# -- no law ------------------------------------------------------------------------------------------------------------


def bell_numbers(count):
    numbers, row = [1], [1]
    while len(numbers) < count:
        new = [row[-1]]
        for v in row:
            new.append(new[-1] + v)
        row = new
        numbers.append(row[0])
    return numbers


@pytest.mark.parametrize(
    "terms",
    [
        bell_numbers(120),
        [fmpq(b, math.factorial(n)) for n, b in enumerate(bell_numbers(120))],  # exp(exp(x) - 1)
        list(sympy.primerange(2, 700)),
        [int(math.isqrt(n) ** 2 == n) for n in range(150)],  # a theta function
        [int(n & (n - 1) == 0) for n in range(150)],  # sum x^(2^k): a natural boundary
        [int(sympy.partition(n)) for n in range(100)],
    ],
    ids=["bell", "exp(exp)", "primes", "squares", "powers of two", "partitions"],
)
def test_series_that_are_not_holonomic(terms):
    assert guess_operator([fmpq(t) if not isinstance(t, fmpq) else t for t in terms]) is None


@given(st.lists(st.fractions(-99, 99, max_denominator=99), min_size=30, max_size=60))
@settings(max_examples=30)
def test_random_numbers(terms):
    """Those that hypothesis makes are often zero: then a polynomial remains, which is no evidence."""
    found = guess_operator(terms)
    assert found is None or not any(found.operator.apply([fmpq(t.numerator, t.denominator) for t in terms]))


@pytest.mark.parametrize("size", [3, 30, 90])
def test_drawn_numbers(size):
    draw = random.Random(size)
    assert guess_operator([draw.randint(-9, 9) for _ in range(size)]) is None


def test_polynomials_are_no_evidence():
    assert guess_operator([1, 2, 3] + [0] * 60) is None
    assert guess_operator([0] * 60) is None
    assert guess_operator([]) is None
    assert guess_operator([0, 5] + [0] * 60) is None


def test_a_law_that_ends():
    """A hundred coefficients of 1/(1 - x), which is what the search looks at, and then something else."""
    terms = [1] * 500
    assert guess_operator(terms) is not None
    terms[490] = 2
    assert guess_operator(terms) is None


def test_unlucky_primes():
    """A prime in a denominator is passed over; one that hides a coefficient leads to no wrong answer."""
    [first, second] = [p for p, _ in zip(large_primes(), range(2), strict=False)]
    terms = [fmpq(math.comb(2 * n, n), first) for n in range(30)]
    assert guess_operator(terms).operator == guess_operator([t * first for t in terms]).operator
    hidden = [fmpq(first * second * (n % 3 == 1) + 2**n) for n in range(60)]
    found = guess_operator(hidden)
    assert found is None or not any(found.operator.apply(hidden))
    # Modulo the second prime it is a polynomial.
    ratio = second * (10**60 + 7)
    assert guess_operator([ratio**n for n in range(30)]).operator.coefficients[0] == ratio


def test_residues_that_never_settle(monkeypatch):
    terms = [fmpq(3 * 10**60 + 7) ** n for n in range(30)]
    assert str(guess_operator(terms).operator.leading) == f"{3 * 10**60 + 7}*x + (-1)"
    monkeypatch.setattr(hermite_pade, "_MAX_PRIMES", 2)
    assert guess_operator(terms) is None


def test_bad_input():
    with pytest.raises(TypeError, match="as a list"):
        guess_operator("1 1 2 3 5")
    with pytest.raises(TypeError, match="as a list"):
        guess_operator(5)
    with pytest.raises(ValueError, match=r"a_1 = 0\.5"):
        guess_operator([1, 0.5])
    with pytest.raises(ValueError, match="exact rational"):
        guess_operator([1, sympy.sqrt(2)])
    with pytest.raises(TypeError, match="must be an integer"):
        guess_operator([1, 2], surplus=1.5)
    with pytest.raises(ValueError, match="at least 1"):
        guess_operator([1, 2], surplus=0)
