"""The germ of an action by two algorithms that share only the arithmetic: its scalar equation, and its linear system.

The one goes by the operator of a cyclic vector, its Borel transform and Frobenius bases; the other by the connection
matrices and the jumps of vectors of integrals (Picard and Lefschetz).
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import fmpz_poly

import resurgence as rs
from resurgence.cyclic_vector import stripped_annihilator
from resurgence.numbers import ball, working_precision

HIMMELBLAU = "(x**2+y-11)**2 + (x+y**2-7)**2"

ACTIONS = [
    ("x**2/2 + x**3/3 + x**4/4", 0, 1),
    ("x**2/2 + x**6/6", 0, 1),
    ("x**2 + y**2 + x**2*y**2", (0, 0), 2),
    ("x**2/2 - x**3/3", 0, 1),
    ("x**4/4 - x**2 + x", 1, 1),
    (HIMMELBLAU, (3, 2), 2),
]


def both(text, at, dimension):
    """The series of an action, and the same from its operator."""
    action = rs.Action(text)
    series = action.expand(40, at=at)
    operator = stripped_annihilator(action.connection(), series.action, Fraction(dimension, 2))
    return action, series, rs.HolonomicSeries(operator, list(series.stripped().coefficients)).series(40)


@pytest.mark.parametrize(("text", "at", "dimension"), ACTIONS, ids=[a[0] for a in ACTIONS])
def test_coefficients_and_sums_agree(text, at, dimension):
    _, series, scalar = both(text, at, dimension)
    assert scalar.coefficients == series.coefficients
    for g in ("1/7", "1/3+1/5j", "-1/4-1/9j"):
        first = rs.borel_sum(series.stripped(), g, 30, side="above")
        second = rs.borel_sum(scalar, g, 30, side="above")
        assert first.contains(second)
        assert min(first.digits, second.digits) >= 30


@pytest.mark.parametrize(("text", "at", "dimension"), ACTIONS[:-1], ids=[a[0] for a in ACTIONS[:-1]])
def test_singular_points_and_stokes_constants_agree(text, at, dimension):
    action, series, scalar = both(text, at, dimension)
    values = [c.algebraic for c in action.critical_values()]
    system, equation = series.germ.first_sheet(), scalar.germ.first_sheet()
    with working_precision(300):
        for point in equation:  # the equation has no singular points but critical values
            shifted = ball(point.location, 300) + ball(series.action, 300)
            assert any(v.ball(300).overlaps(shifted) for v in values)
    for point in system:
        partners = [p for p in equation if ball(p.location, 200).overlaps(ball(point.location, 200))]
        if point.singular:
            [partner] = partners
            assert (partner.singular, partner.exponent) == (True, point.exponent)
            assert partner.stokes_constant.contains(point.stokes_constant)
        else:
            assert all(partner.singular is False for partner in partners)


def test_the_generic_quartic():
    action = rs.Action("x**2/2 + x**3/3 + x**4/4")
    series = action.expand(2, at=0)
    assert [point.singular for point in series.germ.first_sheet()] == [True, True]
    for point in series.germ.first_sheet():
        assert point.location.minimal_polynomial() == fmpz_poly([7, 12, 144])
        assert abs(point.stokes_constant.value) > 0.1


def test_himmelblau_s_operator():
    operator = rs.Action(HIMMELBLAU).annihilator()
    assert operator.order == 8
    stripped = stripped_annihilator(operator, 0, Fraction(1))
    quintic = fmpz_poly([-1592268730010849, 176128684236008, -4952199977984, 56794552320, -285736960, 524288])
    factors = {tuple(p.factor.coeffs()) for p in stripped.borel().singular_points if p.kind != "apparent"}
    assert factors == {(0, 1), tuple(quintic.coeffs())}
