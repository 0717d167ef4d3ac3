"""Maps of the disc: inverse against series, images of cuts, and germs that become entire or rational."""

import cmath
import math
from fractions import Fraction
from itertools import pairwise

import pytest
from flint import acb, acb_poly, fmpq, fmpq_series
from hypothesis import given
from hypothesis import strategies as st

from resurgence.continuation.choice import _simplest, fold, maps_around
from resurgence.continuation.mapped_pade import Composed, MappedPade
from resurgence.continuation.maps import ConjugateCuts, Logarithm, OppositeCuts, Sheets
from resurgence.germs import Hypergeometric
from resurgence.numbers import working_precision
from resurgence.series import FormalSeries
from resurgence.singularities import Singularity

MAPS = [
    Sheets(Fraction(-1, 3), 2),
    Sheets(Fraction(2), 6),
    Logarithm(Fraction(-2)),
    OppositeCuts(Fraction(-1), Fraction(2)),
    OppositeCuts(Fraction(3, 2), Fraction(-3, 2)),
    ConjugateCuts(Fraction(3, 2), Fraction(1, 2)),
    ConjugateCuts(Fraction(3, 2), Fraction(1, 5)),
    ConjugateCuts(Fraction(2, 3), Fraction(4, 5)),
]
unit = st.builds(lambda r, t: r * cmath.exp(1j * t), st.floats(0.001, 0.25), st.floats(-math.pi, math.pi))


@given(st.sampled_from(MAPS), unit, st.sampled_from([80, 300]))
def test_the_inverse_undoes_the_series(mapping, u, bits):
    with working_precision(bits):
        start = acb(u.real, u.imag)
        z = acb_poly([acb(c) for c in mapping.series(2 * bits).coeffs()])(start).mid()
        [back] = mapping.inverse([z])
        assert abs(back - start) < 2.0 ** (20 - bits)


@pytest.mark.parametrize("mapping", [m for m in MAPS if not isinstance(m, Logarithm)], ids=lambda m: m.name)
@given(angle=st.floats(0.05, 3.05), half=st.sampled_from([1, -1]), size=st.floats(1e-3, 1e3))
def test_the_cut_plane_lies_in_the_disc(mapping, angle, half, size):
    """Every point off the cuts has an image in the disc, far out and near alike, on the branch that starts at 0."""
    with working_precision(100):
        ray = [acb(size * k / 200 * math.cos(angle), half * size * k / 200 * math.sin(angle)) for k in range(1, 201)]
        images = mapping.inverse(ray)
        moduli = [float(abs(u)) for u in images]
        assert max(moduli) <= 1 + 1e-9
        steps = [float(abs(b - a)) for a, b in pairwise(images)]
        assert max(steps) < 0.75  # no jump from one branch to another


@pytest.mark.parametrize(
    ("mapping", "places"),
    [
        (Sheets(Fraction(-1, 3), 2), [-1 / 3]),
        (OppositeCuts(Fraction(-1), Fraction(2)), [-1, 2]),
        (ConjugateCuts(Fraction(3, 2), Fraction(1, 3)), [1.5 * cmath.exp(2j * math.pi / 3 * s) for s in (1, -1)]),
    ],
)
def test_the_cuts_are_the_circle(mapping, places):
    """The points next to a cut, from its end outwards, lie next to the unit circle; before its end they do not."""
    with working_precision(200):
        for place in places:
            beside = [acb(place) * acb(r, 1e-20) for r in (1.001, 1.5, 10)]
            assert all(abs(float(abs(u)) - 1) < 1e-5 for u in mapping.inverse(beside))
            inside = [acb(place) * acb(r, 1e-20) for r in (0.2, 0.6, 0.98)]
            assert all(float(abs(u)) < 0.95 for u in mapping.inverse(inside))


def test_what_a_map_makes_of_singularities():
    count = 40
    with working_precision(64, terms=count):
        square_root = Composed(fmpq_series([1, 1], prec=count).sqrt().coeffs(), Sheets(Fraction(-1), 2))
        logarithm = Composed(fmpq_series([1, 1], prec=count).log().coeffs(), Logarithm(Fraction(-1)))
    assert MappedPade(square_root, 5, 5).pade.degrees == (1, 1)  # sqrt(1 + z) = (1 + u)/(1 - u)
    assert logarithm.terms[:3] == [0, 1, 0]
    assert not any(logarithm.terms[2:])


def test_inexact_terms_stay_within_their_balls():
    germ = Hypergeometric("1/4", "3/4", "-1/4")
    exact = Composed(FormalSeries(germ.coefficients(30)).borel().terms, Sheets(Fraction(-1, 4), 2))
    floats = FormalSeries([float(Fraction(int(a.p), int(a.q))) for a in germ.coefficients(30)])
    blurred = Composed(floats.borel().terms, Sheets(Fraction(-1, 4), 2))
    assert exact.is_exact
    assert not blurred.is_exact
    for a, b in zip(exact.terms, blurred.terms, strict=True):
        assert acb(b).contains(acb(a))


def test_folding_takes_zero_coefficients_away():
    even = FormalSeries([1, 0, 3, 0, 5, 0, 7])
    odd = FormalSeries([0, 1, 0, 0, 4, 0, 0])
    assert fold(even.borel()) == (0, 2)
    assert fold(odd.borel()) == (1, 3)
    assert fold(FormalSeries([1, 2, 3]).borel()) == (0, 1)


@given(st.fractions(0, 10).filter(bool), st.fractions(Fraction(1, 1000), 1))
def test_the_simplest_fraction_is_within_bounds_and_simplest(low, width):
    found = _simplest(low, low + width)
    assert low <= found <= low + width
    assert all(math.ceil(low * q) > (low + width) * q for q in range(1, found.denominator))


def _at(location, real=True):
    import mpmath

    return Singularity(
        mpmath.mpc(location), Fraction(0), mpmath.mpc(1), mpmath.mpf(1e-12), "estimated", mpmath.mpf(0), mpmath.mpf(0)
    )


def test_the_choice_follows_the_singularities():
    def names(places, step=1, real=True):
        return [type(m).__name__ for m in maps_around([_at(p) for p in places], step, real)]

    assert names([]) == []
    assert set(names([-1, -2])) == {"Sheets", "Logarithm"}
    assert names([-1, 2])[0] == "OppositeCuts"
    assert names([1j, -1j]) == ["ConjugateCuts"]
    assert set(names([1j, -1j], step=2)) == {"Sheets", "Logarithm"}  # one cut in z^2
    assert set(names([1 + 1j], real=False)) == {"Sheets", "Logarithm"}
    assert names([1 + 1j, -1], real=False) == []
    [pair] = maps_around([_at(0.6 + 0.8j), _at(0.6 - 0.8j)], 1, True)
    assert pair.radius == 1
    assert abs(math.pi * (1 - float(pair.a)) - math.atan2(0.8, 0.6)) < 1e-6


def test_fmpq_is_kept():
    assert all(isinstance(c, fmpq) for c in Sheets(Fraction(1, 3), 4).series(10).coeffs())
