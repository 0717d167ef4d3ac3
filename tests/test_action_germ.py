"""Germs of actions: sums against closed forms, Stokes lines, and what is refused."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import action_germ
from resurgence.action import Action
from resurgence.action_germ import ActionGerm
from resurgence.errors import StokesLineError
from resurgence.germs import Hypergeometric
from resurgence.numbers import Enclosure, working_precision

QUARTIC = Action("x^2 + x^4")
CUBIC = Action("x^2/2 - x^3/3")


def germ_of(action, index=0):
    return ActionGerm(action, action.critical_points()[index])


def quartic_sum(g):
    """int exp(-(x^2 + x^4)/g) dx over sqrt(pi g): sqrt(2 w/pi) exp(w) K_(1/4)(w) with w = 1/(8 g)."""
    w = 1 / (8 * g)
    return (2 * w / acb.pi()).sqrt() * w.exp() * w.bessel_k(acb(fmpq(1, 4)))


@settings(max_examples=12)
@given(st.floats(0.02, 3), st.floats(-3, 3))
def test_quartic_in_the_complex_plane(size, angle):
    with working_precision(200):
        g = (size * acb(0, angle).exp()).mid()
        exact = quartic_sum(g)
    value = germ_of(QUARTIC).sum(g, 120)
    assert value.overlaps(exact)
    assert value.rel_accuracy_bits() > 100


@pytest.mark.parametrize("g", ["1/5", "1/50", "3"])
@pytest.mark.parametrize("side", ["above", "below", "median"])
def test_airy_on_the_stokes_line(g, side):
    """Phi for x^2/2 - x^3/3 at 0 is 2F0(1/6, 5/6; ; 6 g), whose closed form is summed elsewhere."""
    value = germ_of(CUBIC).sum(g, 120, side=side)
    assert value.overlaps(Hypergeometric("1/6", "5/6", "1/6").sum(g, 150, side=side))
    assert value.rel_accuracy_bits() > 110


def test_airy_along_another_direction():
    expected = Hypergeometric("1/6", "5/6", "1/6").sum("1/10", 150, direction=-0.5)
    assert germ_of(CUBIC).sum("1/10", 120, direction=-0.5).overlaps(expected)


def test_negative_coupling_from_the_other_saddle():
    """x -> 1 - x takes V to 1/6 - V: the sums at 1 are those at 0 for -g."""
    value = germ_of(CUBIC, 1).sum("1/7", 100)
    assert value.overlaps(germ_of(CUBIC).sum("-1/7", 100))


def test_lattice_is_a_bessel_function():
    """int exp(-(x^2 + y^2 + x^2 y^2)/g) = sqrt(pi g) exp(w) K_0(w), w = 1/(2 g); Phi is that over pi g."""
    value = germ_of(Action("x^2 + y^2 + x^2*y^2")).sum("1/3", 150)
    with working_precision(200):
        w = acb(fmpq(3, 2))
        assert value.overlaps(w.exp() * w.bessel_k(acb(0)) / (acb.pi() / 3).sqrt())


def test_a_connection_of_three_matrices():
    """x^2 + y^2 + x^4 y^4 against the trapezoidal rule, whose error is exponentially small."""
    action = Action("x^2 + y^2 + x^4*y^4")
    assert len(action.connection()) == 3
    value = germ_of(action).sum("1/2", 60)
    x, y = np.meshgrid(np.arange(-7, 7, 0.03), np.arange(-7, 7, 0.03))
    direct = 0.03**2 * np.exp(-2 * (x**2 + y**2 + x**4 * y**4)).sum()
    assert complex(value) == pytest.approx(direct / (np.pi / 2), rel=1e-12)
    [*found] = germ_of(action).singularities()
    assert all(s.stokes_constant.contains(2 * sympy.I / sympy.sqrt(3)) for s in found)
    assert len(found) == 3


@pytest.mark.parametrize("text", ["3*x^2/2", "x^2 + x*y + y^2 - x"])
@pytest.mark.parametrize("g", ["1/10", "-2", "1j"])
def test_gaussian_integrals(text, g):
    value = germ_of(Action(text)).sum(g, 80)
    assert value.contains(1)
    assert value.rel_accuracy_bits() > 70
    assert germ_of(Action(text)).singularities() == ()


def test_more_digits():
    value = germ_of(QUARTIC).sum("1/10", 1000)
    with working_precision(1100):
        assert value.overlaps(quartic_sum(acb(fmpq(1, 10))))
    assert value.rel_accuracy_bits() > 990


def test_coupling_in_a_ball():
    wide = acb(arb("0.1", "1e-9"), arb(0, "1e-9"))
    value = germ_of(QUARTIC).sum(wide, 100)
    with working_precision(100):
        assert value.contains(quartic_sum(acb(fmpq(1, 10))).mid())
    assert 1e-11 < value.rad() < 1e-6


def test_stokes_lines_are_named():
    with pytest.raises(StokesLineError) as caught:
        germ_of(CUBIC).sum("1/10", 64)
    assert caught.value.singularities[0].location == sympy.Rational(1, 6)
    assert "singularity at 1/6" in str(caught.value)


def test_a_critical_value_that_is_not_adjacent_is_no_stokes_line():
    """x^2/2 + x^3/3 + x^4/4: the two complex saddles do not see each other."""
    action = Action("x^2/2 + x^3/3 + x^4/4")
    germ = germ_of(action, 1)
    [nearest, further] = germ.intersections.places
    g = -sympy.I / 10  # the direction of V(x_2) - V(x_1) = -sqrt(3) i/4
    assert further.location == -sympy.sqrt(3) * sympy.I / 4
    free = germ.sum(g, 100)
    assert all(germ.sum(g, 100, side=side).overlaps(free) for side in ("above", "below"))
    assert free.rel_accuracy_bits() > 90
    assert [s.location for s in germ.singularities()] == [nearest.location]


def test_singularities():
    found = germ_of(Action("(x^2 + y - 11)^2 + (x + y^2 - 7)^2"), 1).singularities(2)
    assert [round(complex(s.location.ball(60)).real, 6) for s in found] == [13.311926, 67.71915]
    assert [(s.kind, s.exponent, s.stokes_constant.status) for s in found] == [("logarithm", 0, "certified")] * 2
    [only] = germ_of(QUARTIC).singularities()
    assert only.stokes_constant.contains(sympy.I * sympy.sqrt(2))
    assert only.stokes_constant.digits >= action_germ.STOKES_DIGITS


def test_continuation_along_a_path():
    """2F1(1/6, 5/6; 1; 6 z), and after a turn around z = 1/6 from above that less S = i times the germ at 1/6."""
    germ = germ_of(CUBIC)
    direct, turned = (germ.continuation(path, 100) for path in ([acb(0.25, 0.5)], [acb(0.25, -0.5), acb(0.25, 0.5)]))
    with working_precision(150):
        z = acb(0.25, 0.5)
        a, b = acb(fmpq(1, 6)), acb(fmpq(5, 6))
        assert direct.overlaps((6 * z).hypgeom_2f1(a, b, acb(1)))
        assert (direct - turned).overlaps(acb(0, 1) * (1 - 6 * z).hypgeom_2f1(a, b, acb(1)))
    assert direct.rel_accuracy_bits() > 90


def test_what_a_point_is_called(monkeypatch):
    germ = germ_of(CUBIC)
    [point] = germ.first_sheet()
    assert (point.singular, point.exponent, point.status, point.reason) == (
        True,
        0,
        "certified",
        "intersection number -1",
    )
    [place] = germ.intersections.places
    known = germ.adjacency(place)
    unknown = replace(known, numbers=None, reason="not integers")
    cancelled = Enclosure(mpmath.mpc(0), mpmath.mpf("1e-30"), "certified")
    for adjacency, singular, status in [
        (unknown, True, "certified"),
        (replace(unknown, stokes_constant=cancelled), None, None),
        (replace(known, numbers=(1,), stokes_constant=cancelled, reason="they cancel"), True, "certified"),
    ]:
        monkeypatch.setitem(germ._adjacencies, place, adjacency)
        [point] = germ.first_sheet()
        assert (point.singular, point.exponent, point.status) == (singular, None, status)
        with pytest.raises(ValueError, match="has no Stokes constant"):
            germ.singularities()


def test_degenerate_neighbours():
    action = Action("x^4/4 - x^3/3")
    germ = germ_of(action, 1)
    with pytest.raises(ValueError, match="a critical point with this value is degenerate"):
        germ.singularities()
    with pytest.raises(StokesLineError):
        germ.sum("1/10", 60)
    turned = [germ.sum("-1/10", 60, direction=direction) for direction in (sympy.pi, sympy.pi - 1, sympy.pi + 1)]
    assert all(value.rel_accuracy_bits() > 50 and value.overlaps(turned[0]) for value in turned)
    with pytest.raises(ValueError, match="is degenerate"):
        germ_of(action, 0)


def test_bad_input():
    germ = germ_of(QUARTIC)
    for arguments in ({"side": "left"}, {"direction": 3}):
        with pytest.raises(ValueError, match=r"side must be|direction must be"):
            germ.sum("1/10", 64, **arguments)
    with pytest.raises(ValueError, match="g must not be zero"):
        germ.sum(0, 64)
    with pytest.raises(ValueError, match="of another action"):
        ActionGerm(QUARTIC, CUBIC.critical_points()[0])
