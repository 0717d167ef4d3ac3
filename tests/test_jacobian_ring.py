"""The Jacobian ring: its matrices commute, vanish on the gradient, and represent polynomials."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence.jacobian_ring import JacobianRing
from resurgence.parse import parse_polynomial


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-4, 4)), min_size=2, max_size=6))
def test_matrices_represent_the_ring(terms):
    poly = parse_polynomial(" + ".join(f"({c})/3*x^{i}*y^{j}" for i, j, c in terms) + " + 0*x*y")
    try:
        ring = JacobianRing(poly)
    except ValueError:
        assume(False)
    mx, my = ring.multiplication
    assert mx * my == my * mx
    for derivative in ring.gradient:
        assert not any(ring.coordinates(derivative).entries())
        assert not any(ring.matrix(derivative).entries())
    x, y = poly.context().gens()
    assert ring.matrix(x**3 * y - 2 * y**4) == mx * mx * mx * my - my * my * my * my * 2
    assert ring.matrix(poly.context().constant(1)) == mx * 0 + ring.matrix(x**0)


def test_constants_have_no_ring():
    with pytest.raises(ValueError, match="is constant"):
        JacobianRing(parse_polynomial("0*x + 3"))


def test_basis_of_himmelblau():
    ring = JacobianRing(parse_polynomial("(x^2+y-11)^2 + (x+y^2-7)^2"))
    assert ring.dimension == 9
    assert ring.basis[:4] == ((0, 0), (0, 1), (1, 0), (0, 2))
