"""Relations between rows of polynomials: against the nullspace over Q at points, and against relations made by hand."""

import pytest
from flint import fmpq_mat, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from resurgence.modular import large_primes
from resurgence.polynomial_relations import Row
from resurgence.polynomial_relations import first_relation as first_relation_of_rows

polynomials = st.lists(st.integers(-9, 9), max_size=4).map(fmpz_poly)


def first_relation(rows):
    """Of rows of polynomials."""
    return first_relation_of_rows([Row(row, fmpz_poly([1])) for row in rows])


def combination(relation, rows):
    return [sum((c * row[k] for c, row in zip(relation, rows, strict=False)), fmpz_poly()) for k in range(len(rows[0]))]


def content(relation):
    common = fmpz_poly()
    for c in relation:
        common = common.gcd(c)
    return common


@given(st.integers(1, 4).flatmap(lambda m: st.lists(st.lists(polynomials, min_size=m, max_size=m), min_size=m + 1)))
def test_random_rows(rows):
    relation = first_relation(rows)
    size = len(relation)
    assert all(c.is_zero() for c in combination(relation, rows))
    assert relation[-1].leading_coefficient() > 0
    assert content(relation) in (fmpz_poly([1]), fmpz_poly([-1]))
    # The rows before are independent: they are so at some point.
    before = rows[: size - 1]
    assert not before or any(
        fmpq_mat([[entry(point) for entry in row] for row in before]).rank() == size - 1 for point in range(200)
    )


@given(
    st.lists(st.lists(polynomials, min_size=4, max_size=4), min_size=3, max_size=3), st.lists(polynomials, min_size=3)
)
def test_a_dependent_row(rows, factors):
    """A row made from three others of four entries is never held for independent."""
    made = combination(factors[:3], rows)
    relation = first_relation([*rows, made])
    assert len(relation) <= 4
    assert all(c.is_zero() for c in combination(relation, [*rows, made]))


@given(
    st.lists(st.lists(polynomials, min_size=2, max_size=2), min_size=3, max_size=3),
    st.lists(polynomials.filter(lambda p: p.degree() >= 0), min_size=3, max_size=3),
)
def test_denominators(rows, factors):
    """Each denominator divides the next; the relation is one of the rows times the last of them."""
    denominators = [factors[0], factors[0] * factors[1], factors[0] * factors[1] * factors[2]]
    relation = first_relation_of_rows(map(Row, rows, denominators))
    integral = [[entry * (denominators[-1] // d) for entry in row] for row, d in zip(rows, denominators, strict=True)]
    assert all(c.is_zero() for c in combination(relation, integral))
    assert content(relation) in (fmpz_poly([1]), fmpz_poly([-1]))
    assert len(relation) == len(first_relation(integral))


def test_relations_of_high_degree_and_height():
    """Longer power series, and more primes, than the first attempt takes."""
    long = fmpz_poly([(-1) ** (k + 1) * (k + 3) ** 40 for k in range(90)])
    row = [fmpz_poly([1, 5]), fmpz_poly([2, 0, 1])]
    assert first_relation([[p * long for p in row], row]) == [fmpz_poly([-1]), long]
    assert first_relation([row, [p * long for p in row]]) == [-long, fmpz_poly([1])]


def test_contents_and_degrees():
    x = fmpz_poly([0, 1])
    big = 10**40
    assert first_relation([[big * x**9], [7 * x**4]]) == [fmpz_poly([-7]), big * x**5]
    assert first_relation([[fmpz_poly()], [x]]) == [fmpz_poly([1])]


def test_independent_rows():
    with pytest.raises(ValueError, match="the 2 rows are independent"):
        first_relation([[fmpz_poly([1]), fmpz_poly()], [fmpz_poly(), fmpz_poly([1])]])


def test_a_prime_that_hides_a_coefficient():
    """The first one, or the second where it takes more."""
    [first, second] = [p for p, _ in zip(large_primes(), range(2), strict=False)]
    for factor in (fmpz_poly([5, 1, first]), fmpz_poly([10**99 + 7, 3**200, second])):
        assert first_relation([[fmpz_poly([1])], [factor]]) == [-factor, fmpz_poly([1])]
        assert first_relation([[factor], [fmpz_poly([1])]]) == [fmpz_poly([-1]), factor]


def test_a_place_that_is_singular():
    """The denominator vanishes modulo the first prime."""
    [prime] = [p for p, _ in zip(large_primes(), range(1), strict=False)]
    one, hidden = fmpz_poly([1]), fmpz_poly([0, prime])
    assert first_relation_of_rows([Row([one], one), Row([one], hidden)]) == [-one, hidden]


def test_a_prime_that_hides_a_row():
    """A row that vanishes modulo the first prime, entry by entry but not as a whole, is independent all the same."""
    [prime] = [p for p, _ in zip(large_primes(), range(1), strict=False)]
    rows = [[fmpz_poly([prime]), fmpz_poly([1])], [fmpz_poly([1]), fmpz_poly()], [fmpz_poly([1]), fmpz_poly([1])]]
    hidden = [[fmpz_poly([1]), fmpz_poly([0])], [fmpz_poly([1]), fmpz_poly([prime])]]
    assert len(first_relation(rows)) == 3
    assert len(first_relation([*hidden, [fmpz_poly([1]), fmpz_poly([1])]])) == 3
    # Two rows of rank one modulo the prime before a third that depends on them.
    three = [[fmpz_poly([1]), fmpz_poly([0]), fmpz_poly()], [fmpz_poly([1]), fmpz_poly([prime]), fmpz_poly()]]
    assert first_relation([*three, [fmpz_poly(), fmpz_poly([1]), fmpz_poly()]]) == [
        fmpz_poly([1]),
        fmpz_poly([-1]),
        fmpz_poly([prime]),
    ]
