"""The oracle of the integrals: closed forms, and the inequalities that its error bounds rest on."""

from fractions import Fraction

import pytest
from direct_integration import Plane, himmelblau, integral_over_line, integral_over_plane, lattice
from flint import acb, arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from resurgence.numbers import working_precision

COORDINATE = st.fractions(min_value=-9, max_value=9, max_denominator=40)


def exact_real_part(terms, x, eta, y):
    """Re V(x + i eta, y), exactly."""
    total = Fraction(0)
    for (i, j), c in terms.items():
        power = (Fraction(1), Fraction(0))
        for _ in range(i):
            power = (power[0] * x - power[1] * eta, power[0] * eta + power[1] * x)
        total += c * power[0] * y**j
    return total


@given(COORDINATE, COORDINATE, st.fractions(0, 1, max_denominator=16), st.sampled_from(["1/2", "5/8", "1", "3/2"]))
def test_bounds_in_the_strip(x, y, part, strip):
    for plane in (himmelblau(Fraction(strip), Fraction(1, 2)), lattice()):
        eta = part * plane.strip
        swapped = {(j, i): c for (i, j), c in plane.terms.items()}
        bound = plane.alpha * (x**2 + y**2) - plane.beta
        assert exact_real_part(plane.terms, x, eta, y) >= bound
        assert exact_real_part(swapped, y, eta, x) >= bound


def test_himmelblau_is_written_out_correctly():
    x, y = Fraction(3, 7), Fraction(-5, 2)
    direct = (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2
    assert exact_real_part(himmelblau(Fraction(1), Fraction(1)).terms, x, Fraction(0), y) == direct


@pytest.mark.parametrize("g", [Fraction(1, 3), Fraction(2)])
def test_gaussian_in_the_plane(g):
    value = integral_over_plane(Plane({(2, 0): 1, (0, 2): 1}, Fraction(1), Fraction(1), Fraction(1)), g)
    with working_precision(300):
        assert value.overlaps(arb.pi() * fmpq(g.numerator, g.denominator))
    assert value.rel_accuracy_bits() > 170


@pytest.mark.parametrize("g", [Fraction(1, 10), Fraction(3)])
def test_quartic_on_the_line(g):
    """int exp(-(x^2 + x^4)/g) = exp(w) K_(1/4)(w)/2 with w = 1/(8 g)."""
    value = integral_over_line([Fraction(c) for c in (0, 0, 1, 0, 1)], g)
    with working_precision(300):
        w = acb(fmpq(g.denominator, 8 * g.numerator))
        assert value.overlaps((w.exp() * w.bessel_k(acb(fmpq(1, 4))) / 2).real)
    assert value.rel_accuracy_bits() > 170


def test_lattice_in_one_variable_less():
    """int exp(-(x^2 + y^2 + x^2 y^2)/g) dx dy = sqrt(pi g) int exp(-y^2/g)/sqrt(1 + y^2) dy = sqrt(pi g) e^w K_0(w)."""
    value = integral_over_plane(lattice(), Fraction(1, 2))
    with working_precision(300):
        w = acb(1)  # 1/(2 g)
        exact = (arb.pi() / 2).sqrt() * (w.exp() * w.bessel_k(acb(0))).real
        assert value.overlaps(exact)
    assert value.rel_accuracy_bits() > 170
