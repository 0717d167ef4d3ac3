"""Linear systems in balls: containment of known solutions along random paths, monodromy, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import acb, acb_mat, arb, arb_mat, fmpq, fmpq_mat, fmpz_poly
from hypothesis import assume, given
from hypothesis import strategies as st

from resurgence.differential_operator import DifferentialOperator
from resurgence.linear_system import LinearSystem, perron_weights, short_fraction
from resurgence.numbers import working_precision

rationals = st.fractions(min_value=-2, max_value=2, max_denominator=12)


def exact(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


def hypergeometric_operator(a: Fraction, b: Fraction, c: Fraction) -> DifferentialOperator:
    """z (1 - z) D^2 + (c - (a + b + 1) z) D - a b."""
    return DifferentialOperator(
        [str(-a * b), f"({c}) - ({a + b + 1})*z", "z - z^2"],
        "z",
    )


def hypergeometric_state(z: acb, a: Fraction, b: Fraction, c: Fraction, bits: int) -> acb_mat:
    with working_precision(bits):
        x, y, w = (acb(exact(p)) for p in (a, b, c))
        return acb_mat([[z.hypgeom_2f1(x, y, w)], [x * y / w * z.hypgeom_2f1(x + 1, y + 1, w + 1)]])


def contains(outer: acb_mat, inner: acb_mat) -> bool:
    return all(o.overlaps(i) for o, i in zip(outer.entries(), inner.entries(), strict=True))


points = st.tuples(st.integers(-40, 40), st.integers(1, 40)).map(lambda p: acb(fmpq(p[0], 16), fmpq(p[1], 16)))


@given(
    a=rationals, b=rationals, path=st.lists(points, min_size=2, max_size=4, unique_by=str), bits=st.integers(30, 200)
)
def test_hypergeometric_functions_along_paths_of_the_upper_half_plane(a, b, path, bits):
    assume(a * b != 0)
    c = Fraction(7, 3)
    system = LinearSystem.of_operator(hypergeometric_operator(a, b, c))
    exact_end = hypergeometric_state(path[-1], a, b, c, bits + 300)
    radii = []
    for precision in (bits, bits + 100):
        start = hypergeometric_state(path[0], a, b, c, precision + 60)
        assume(all(e.is_finite() for e in start.entries()))  # FLINT has no value for some degenerate parameters
        end = system.transport(start, path, precision)
        assert contains(end, exact_end)
        radii.append(max(float(e.rad()) for e in end.entries()))
    assert radii[1] < 1e-20 * radii[0]  # 100 bits more are 30 digits more


def test_around_a_pole_a_power_takes_its_monodromy():
    # y = z^(1/3): y' = y/(3 z)
    system = LinearSystem.of_operator(DifferentialOperator(["-1", "3*z"]))
    circle = [acb(1), acb(0, 1), acb(-1), acb(0, -1), acb(1)]
    end = system.transport(acb_mat([[1]]), circle, 200)[0, 0]
    with working_precision(200):
        assert end.contains(acb(fmpq(2, 3)).exp_pi_i())
        assert end.rel_accuracy_bits() > 150


def test_there_and_back_again():
    system = LinearSystem.of_operator(
        DifferentialOperator(["z", "1", "144*z^2 + 12*z + 7", "(144*z^2 + 12*z + 7)*(z-3)"])
    )
    start = acb_mat([[1], [2], [-1]])
    path = [acb(2, 2), acb(-1, 2), acb(-3, -1), acb(-1, 2), acb(2, 2)]
    assert contains(system.transport(start, path, 128), start)


@given(st.integers(2, 5), st.data())
def test_systems_with_multiple_poles_against_constant_coefficients(order, data):
    """(z^2 D)^k-type operators: y = exp(c/z) solves z^2 y' = -c y, whose pole is double."""
    c = data.draw(st.integers(1, 5))
    system = LinearSystem.of_operator(DifferentialOperator([str(c), "z^2"]))
    start, end = acb(1), acb(fmpq(order, 4), 1)
    with working_precision(150):
        state = acb_mat([[acb(c).exp()]])
    result = system.transport(state, [start, acb(1, 1), end], 120)[0, 0]
    with working_precision(200):
        assert result.overlaps((c / end).exp())


def test_the_observed_function_is_the_polynomial_within_its_error():
    a, b, c = Fraction(1, 3), Fraction(2, 5), Fraction(1)
    system = LinearSystem.of_operator(hypergeometric_operator(a, b, c))
    start, step = acb(-1, 1), acb(fmpq(-1, 4), fmpq(1, 8))
    piece = system.expand(start, step, hypergeometric_state(start, a, b, c, 200), 100)
    with working_precision(200):
        for k in range(9):
            x = acb(fmpq(k, 8))
            value = sum((y * x**n for n, y in enumerate(piece.coefficients)), acb(0))
            truth = hypergeometric_state(start + step * x, a, b, c, 200)[0, 0]
            assert abs(value - truth) <= piece.error
    assert piece.error < 1e-25


def test_a_path_into_a_singular_point_is_refused():
    system = LinearSystem.of_operator(DifferentialOperator(["-1", "3*z"]))
    with pytest.raises(ValueError, match="go around it"):
        system.transport(acb_mat([[1]]), [acb(1), acb(-1)], 64)
    with pytest.raises(ValueError, match="too long"):
        system.expand(acb(1), acb(-2), acb_mat([[1]]), 64)
    with pytest.raises(ValueError, match="meets a singular point"):
        system.bounds_beyond(acb(-1), acb(1))


def test_faster_than_exponential_growth_is_refused():
    with pytest.raises(ValueError, match="faster than exponentially"):
        LinearSystem.of_operator(DifferentialOperator(["-z", "0", "1"]))


def test_shapes_are_checked():
    one, two = fmpq_mat(1, 1, [1]), fmpq_mat(2, 2, [1, 0, 0, 1])
    with pytest.raises(ValueError, match="m x m"):
        LinearSystem(one, two, one, one)


def test_a_state_that_is_not_finite_is_refused():
    system = LinearSystem.of_operator(DifferentialOperator(["-1", "3*z"]))
    with pytest.raises(ArithmeticError, match="not finite"):
        system.transport(acb_mat([[acb("nan")]]), [acb(1), acb(2)], 64)


def test_the_end_of_a_path_may_be_a_ball():
    system = LinearSystem.of_operator(DifferentialOperator(["-1", "3*z"]))
    with working_precision(300):
        target = acb(2).sqrt() + acb(0, arb(3).sqrt())
    end = system.transport(acb_mat([[1]]), [acb(1), target], 150)[0, 0]
    with working_precision(250):
        assert end.overlaps(target ** acb(fmpq(1, 3)))
    assert end.rel_accuracy_bits() > 120
    wide = acb(arb(2, 1e-6), 1)
    end = system.transport(acb_mat([[1]]), [acb(1), wide], 150)[0, 0]
    assert end.contains(acb(2, 1) ** acb(fmpq(1, 3)))
    assert 1e-7 < float(end.rad()) < 1e-5


def test_an_inexact_origin_is_fine():
    system = LinearSystem.of_operator(DifferentialOperator(["-1", "3*z"]))
    with working_precision(200):
        origin = acb(2).sqrt()
    end = system.transport(acb_mat([[1]]), [acb(0), acb(1, 1)], 150, origin)[0, 0]
    with working_precision(250):
        root = acb(2).sqrt()
        assert end.overlaps(((root + acb(1, 1)) / root) ** acb(fmpq(1, 3)))


@given(st.floats(1e-200, 1e200))
def test_short_fractions_lie_just_below(x):
    short = short_fraction(arb(x))
    assert short is not None
    assert short <= fmpq(*x.as_integer_ratio()) < short * fmpq(17, 16)
    assert int(short.p).bit_length() <= 6 or short.q == 1


def test_weights_make_the_norm_nearly_the_spectral_radius():
    system = LinearSystem.of_operator(DifferentialOperator(["1", "1", "1000*z", "1000*z*(z-1)"]))
    for point in (2, 5, 100, 10**6):
        bounds = system.bounds_beyond(acb(point), acb(1))
        entries = np.array([[float(c) for c in row] for row in bounds.matrix.tolist()])
        spectral = max(abs(np.linalg.eigvals(entries)))
        assert (1 - 1e-9) * spectral <= float(bounds.rate) <= 1.06 * spectral


@given(st.floats(1e-6, 10), st.integers(2, 6))
def test_weights_do_not_go_back_and_forth(size, order):
    """A companion matrix whose eigenvalues all have the same modulus: y^(r) = size^r y."""
    rows = [[arb(int(j == i + 1)) for j in range(order)] for i in range(order - 1)]
    matrix = arb_mat([*rows, [arb(size) ** order] + [arb(0)] * (order - 1)])
    weights = [float(w) for w in perron_weights(matrix)]
    sums = [float(s) for s in (matrix * arb_mat([[w] for w in weights])).entries()]
    assert max(s / w for s, w in zip(sums, weights, strict=True)) < 1.1 * size


def test_the_companion_system_reproduces_the_operator():
    operator = DifferentialOperator(["3*z^2 + 1", "z", "2*z^2 - 5*z + 2"])
    system = LinearSystem.of_operator(operator)
    z = fmpq(1, 7)
    size = system.matrix.nrows()
    shifted = fmpq_mat([[(z if i == j else 0) - system.matrix[i, j] for j in range(size)] for i in range(size)])
    m = system.shift + system.select * shifted.inv() * system.source
    p = [fmpz_poly(c)(z) if not isinstance(c, fmpz_poly) else c(z) for c in operator.coefficients]
    assert [m[0, 0], m[0, 1]] == [0, 1]
    assert [m[1, 0], m[1, 1]] == [-p[0] / p[2], -p[1] / p[2]]
