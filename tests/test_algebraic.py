"""Number fields: exact arithmetic against ball arithmetic, and conversion to sympy."""

import pytest
import sympy
from flint import acb, arb, fmpq, fmpq_poly, fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from resurgence.algebraic import AlgebraicNumber, NumberField, gaussian_rational
from resurgence.numbers import roots_with_multiplicity, working_precision

MODULI = [[-2, 0, 1], [1, 0, 1], [-1, -1, 0, 0, 0, 1], [2, 0, 0, 1], [7, 12, 144]]


@st.composite
def fields(draw):
    modulus = fmpz_poly(draw(st.sampled_from(MODULI)))
    roots = roots_with_multiplicity(modulus)
    return NumberField(modulus, draw(st.sampled_from(roots))[0])


@st.composite
def pairs(draw):
    field = draw(fields())
    small = st.fractions(min_value=-5, max_value=5, max_denominator=7)
    polys = [
        fmpq_poly([fmpq(c.numerator, c.denominator) for c in draw(st.lists(small, min_size=1, max_size=6))])
        for _ in range(2)
    ]
    return tuple(field(p) for p in polys)


@given(pairs(), st.integers(30, 500))
def test_exact_arithmetic_agrees_with_balls(pair, bits):
    x, y = pair
    with working_precision(bits):
        for exact, approximate in [
            (x + y, x.ball(bits) + y.ball(bits)),
            (x - y, x.ball(bits) - y.ball(bits)),
            (x * y, x.ball(bits) * y.ball(bits)),
            (3 - x, 3 - x.ball(bits)),
            (fmpq(1, 3) * x + 1, x.ball(bits) / 3 + 1),
            (x / 7, x.ball(bits) / 7),
            (x**3, x.ball(bits) ** 3),
        ]:
            assert exact.ball(bits).overlaps(approximate)
        if y != 0:
            assert (x / y).ball(bits).overlaps(x.ball(bits) / y.ball(bits))
            assert (1 / y) * y == 1
            assert y**-2 * y * y == 1


@given(pairs(), st.integers(30, 500))
def test_a_ball_has_the_bits_asked_for(pair, bits):
    x, _ = pair
    assert x == 0 or x.ball(bits).rel_accuracy_bits() >= bits - 2
    assert x.enclosure(10).status == "certified"


@given(pairs())
def test_minimal_polynomial_vanishes_and_is_irreducible(pair):
    x, _ = pair
    poly = x.minimal_polynomial()
    value = x.field(0)
    for c in reversed(poly.coeffs()):
        value = value * x + fmpq(c)
    assert value == 0
    assert len(poly.factor()[1]) == 1
    assert poly[poly.degree()] > 0
    assert hash(x) == hash(x.field(x.poly))


@pytest.mark.parametrize("modulus", MODULI)
def test_to_sympy_names_the_same_root(modulus):
    poly = fmpz_poly(modulus)
    for z, _ in roots_with_multiplicity(poly):
        x = NumberField(poly, z).generator
        assert abs(complex(x.to_sympy().evalf(30)) - complex(x.ball(100))) < 1e-14
        assert "$" in x._repr_latex_()


def test_conjugate_roots_are_different_numbers():
    up, down = (NumberField(fmpz_poly([1, 0, 1]), z) for z in (acb(0, 1), acb(0, -1)))
    assert up != down
    assert up.generator != down.generator
    assert up.generator == gaussian_rational(0, 1)
    assert up.generator == -down.generator
    assert up != "Q(i)"
    with pytest.raises(TypeError, match="cannot combine"):
        up.generator + down.generator


def test_real_numbers_have_real_balls():
    root2 = NumberField(fmpz_poly([-2, 0, 1]), acb(arb(1.414, 0.01)))
    assert root2.generator.ball(100).imag.is_zero()
    fourth = NumberField(fmpz_poly([-2, 0, 0, 0, 1]), acb(0, arb(1.19, 0.01)))
    assert (fourth.generator**2).ball(100).imag.is_zero()
    assert not fourth.generator.ball(100).imag.is_zero()


def test_a_real_number_in_a_complex_field_has_a_real_ball():
    """The square root of 2 as zeta - zeta^3 with an eighth root of unity zeta."""
    modulus = fmpz_poly([1, 0, 0, 0, 1])
    zeta = NumberField(modulus, acb(arb(0.707, 0.01), arb(0.707, 0.01))).generator
    root2 = zeta - zeta**3
    assert root2.ball(200).imag.is_zero()
    assert root2.ball(200).real > 1.41
    assert not zeta.ball(200).imag.is_zero()
    assert not (zeta + zeta**2 - zeta**3).ball(100).imag.is_zero()
    assert root2 == NumberField(fmpz_poly([-2, 0, 1]), acb(arb(1.414, 0.01))).generator


def test_refusals():
    i = gaussian_rational(0, 1)
    with pytest.raises(ZeroDivisionError, match="algebraic number 0"):
        1 / (i * 0)
    with pytest.raises(TypeError):
        i + "1"
    with pytest.raises(TypeError):
        i / "1"
    with pytest.raises(TypeError):
        "1" / i
    with pytest.raises(TypeError):
        "1" - i
    with pytest.raises(TypeError):
        i - "1"
    with pytest.raises(TypeError):
        i * "1"
    assert i != "1"
    with pytest.raises(ValueError, match="does not single out"):
        NumberField(fmpz_poly([-2, 0, 1]), acb(0)).root(50)


def test_repr():
    assert repr(gaussian_rational(1, 2)) == "AlgebraicNumber(2*t + 1)"
    assert "root near" in repr(gaussian_rational(0, 1).field)
    assert gaussian_rational(3, 0).to_sympy() == 3
    assert AlgebraicNumber(gaussian_rational(0, 1).field, fmpq_poly([0])).minimal_polynomial() == fmpz_poly([0, 1])
    assert gaussian_rational(1, 1).to_sympy() == 1 + sympy.I
