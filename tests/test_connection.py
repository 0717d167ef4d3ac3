"""The connection: moments by quadrature satisfy it, and the division it rests on is checked term by term."""

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence import connection as connection_module
from resurgence.action import Action
from resurgence.connection import ConnectionLevels


def residuals(connection, moments, weighted, g):
    """``int V m_j exp(-V/g)`` minus row j of the connection, relative to its size."""
    result = []
    for j in range(len(connection.basis)):
        right = 0
        for k, matrix in enumerate(connection.matrices):
            for m in range(len(connection.basis)):
                right += matrix[j, m] * moments[m] * g**k
        result.append(abs(right - weighted[j]) / (1 + abs(weighted[j])))
    return result


@pytest.mark.parametrize("text", ["x**2 + x**4", "x^4/4 - x^3/2 + x - 1/3", "x^6 - x^5/2 + x^2 - x", "3*x^2/2"])
def test_one_dimensional_moments(text):
    action = Action(text)
    connection = action.connection()
    context = mpmath.MPContext()
    context.dps = 30
    g = context.mpf("0.7")
    x = action.variables[0]
    potential = sympy.lambdify(x, action.expression, modules=context)
    basis = [sympy.lambdify(x, m, modules=context) for m in connection.basis]
    points = [-8, -4, -2, 0, 2, 4, 8, 10]
    moments = [context.quad(lambda t, m=m: m(t) * context.exp(-potential(t) / g), points) for m in basis]
    weighted = [
        context.quad(lambda t, m=m: m(t) * potential(t) * context.exp(-potential(t) / g), points) for m in basis
    ]
    assert max(residuals(connection, moments, weighted, g)) < 1e-14


@pytest.mark.parametrize(
    "text", ["x^2 + y^2 + x^2*y^2", "(x**2+y-11)**2+(x+y**2-7)**2", "x^4 + y^4 + x^2*y - x*y/2", "x^2 + x*y + y^4 + y"]
)
def test_two_dimensional_moments(text):
    action = Action(text)
    connection = action.connection()
    g = 1.5 if "11" not in text else 40.0
    nodes, weights = np.polynomial.legendre.leggauss(300)
    x, y = np.meshgrid(9 * nodes, 9 * nodes, indexing="ij")
    potential = sympy.lambdify(action.variables, action.expression)(x, y)
    density = np.exp(-potential / g) * 81 * np.outer(weights, weights)
    basis = [np.broadcast_to(sympy.lambdify(action.variables, m)(x, y), x.shape) for m in connection.basis]
    moments = [(m * density).sum() for m in basis]
    weighted = [(m * potential * density).sum() for m in basis]
    assert max(map(float, residuals(connection, moments, weighted, g))) < 1e-9


def test_first_matrix_is_multiplication_by_the_action():
    action = Action("x^2 + y^2 + x^2*y^2")
    [first, *_] = action.connection().rational_matrices
    assert first == action.jacobian_ring.matrix(action.polynomial)
    assert [int(m) for m in first.charpoly().coeffs()] == [0, 1, 4, 6, 4, 1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-3, 3)), min_size=2, max_size=5))
def test_division_identity(terms):
    """V m_j = sum_i q_i dV/dx_i + sum_l c_l m_l, with the divergence of the q_i: c against the normal form."""
    text = " + ".join(f"({c})*x^{i}*y^{j}" for i, j, c in terms)
    try:
        action = Action(text)
        ring = action.jacobian_ring
    except ValueError:
        assume(False)
    levels = ConnectionLevels(ring)
    [first] = levels.up_to(0)
    assert first == ring.matrix(action.polynomial)


def test_connection_for_people():
    connection = Action("x**2 + x**4").connection()
    assert len(connection) == 2
    assert str(connection.variables) == "(x,)"
    assert repr(connection) == "Connection(basis=(1, x, x**2), 2 matrices of size 3)"
    assert r"\frac{dI}{dg}" in connection._repr_latex_()
    assert connection.matrices[1] == sympy.Matrix([["1/4", 0, 0], [0, "1/2", 0], ["1/8", 0, "3/4"]])
    assert isinstance(connection.matrices[0], sympy.ImmutableMatrix)


NOT_TAME = "-x^3*y^2 + 3*x^2*y^2 + x^3 + 3*x + 2*y"


def test_a_division_that_does_not_end_is_reported():
    action = Action(NOT_TAME)
    with pytest.raises(ValueError, match="not polynomial in g"):
        action.connection()
    assert len(action.expand(6, at=action.critical_points()[0])) == 6


def test_limits_are_reported(monkeypatch):
    monkeypatch.setattr(connection_module, "MAX_ROWS", 5)
    with pytest.raises(ValueError, match="equations; at most 5"):
        Action("x^4 + y^4 + x*y").connection()
    monkeypatch.undo()
    monkeypatch.setattr(connection_module, "MAX_EXTRA_DEGREE", -1)
    with pytest.raises(ValueError, match="out of reach"):
        Action("x^4 + y^4 + x*y").connection()


def test_cofactors_of_higher_degree_are_found():
    # The gradient of x^3 y^2 + x^2 + y + x y is no Gröbner basis, and needs cofactors above the degree of the dividend.
    action = Action("x^3*y^2 + x^2 + y + x*y")
    levels = ConnectionLevels(action.jacobian_ring)
    levels.all()
    assert levels.is_complete
