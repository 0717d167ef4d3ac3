"""Sums and values by maps: Airy's table, the truth within the error on random germs and rays, choices and refusals."""

import cmath
import math
from fractions import Fraction

import mpmath
import pytest
from flint import acb, fmpq
from hypothesis import example, given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.continued_sum import families
from resurgence.numbers import ball, working_precision

AIRY = rs.Hypergeometric("1/6", "5/6", "-1")


def _digits(value, truth):
    with working_precision(500):
        z = value.ball(500).mid()
        return float(-(abs(z - truth) / abs(truth)).log().mid()) / math.log(10)


#: Digits of int exp(-t/g) 2F1(1/6, 5/6; 1; -t) dt/g from 81 coefficients that are demanded.
DEMANDED = {1: 59, 10: 42, 1000: 24.8}


@pytest.mark.parametrize("g", [1, 10, 1000])
def test_auto_is_within_a_digit_of_the_best_method(g):
    series, truth = rs.FormalSeries(AIRY.coefficients(81)), AIRY.sum(g, 400)
    named = [rs.borel_sum(series, g, 75, continuation=m) for m in ("pade", "conformal", "uniformised")]
    auto = rs.borel_sum(series, g, 75)
    assert _digits(auto, truth) > max(_digits(value, truth) for value in named) - 1
    assert _digits(auto, truth) >= DEMANDED[g]
    assert all(_digits(v, truth) > -math.log10(v.error / abs(v.value)) for v in [*named, auto])
    assert "Padé after the map of" in auto.method


@st.composite
def problems(draw):
    """A germ made of hypergeometric ones, a coupling, a side; and the certified sum."""
    a, b = (
        draw(st.fractions(Fraction(1, 8), 3, max_denominator=8)),
        draw(st.fractions(Fraction(1, 6), 2, max_denominator=6)),
    )
    kind = draw(st.sampled_from(["one", "same ray", "opposite", "pair"]))
    sign = draw(st.sampled_from([1, -1]))
    size = draw(
        st.sampled_from([Fraction(1, 100), Fraction(1, 20), Fraction(1, 8), Fraction(1, 2), Fraction(2), Fraction(10)])
    )
    # Nearer to a singularity than 2^-40 radians a ray counts as passing through it.
    angle = draw(st.sampled_from([0, 1, 2]) | st.floats(-3.1, 3.1).filter(lambda a: abs(a) > 1e-9))
    g = {0: size, 1: -size, 2: f"{size}j"}.get(angle, complex(float(size) * cmath.exp(1j * angle)))
    side, terms = draw(st.sampled_from(["above", "below", "median"])), draw(st.integers(14, 90))
    unit, other = rs.Hypergeometric(a, b, 1), rs.Hypergeometric("1/2", "1/3", 1)
    places, germs = {
        "one": ([(Fraction(sign, 3), Fraction(0))], [unit]),
        "same ray": ([(Fraction(sign), Fraction(0)), (Fraction(3 * sign, 2), Fraction(0))], [unit, other]),
        "opposite": ([(Fraction(sign), Fraction(0)), (Fraction(-4 * sign, 3), Fraction(0))], [unit, other]),
        "pair": ([(Fraction(3 * sign, 5), Fraction(k, 5)) for k in (4, -4)], [unit, unit]),
    }[kind]
    terms_of, truth = [fmpq(0)] * terms, acb(0)
    for (x, y), germ in zip(places, germs, strict=True):
        inverse = x / (x * x + y * y), -y / (x * x + y * y)
        power = Fraction(1), Fraction(0)
        for n, t in enumerate(germ.coefficients(terms)):
            terms_of[n] += t * fmpq(power[0].numerator, power[0].denominator)
            power = power[0] * inverse[0] - power[1] * inverse[1], power[0] * inverse[1] + power[1] * inverse[0]
        with working_precision(800):
            z = acb(fmpq(x.numerator, x.denominator), fmpq(y.numerator, y.denominator))
            truth = truth + germ.sum(ball(g, 800) / z, 400, side=side)
    return rs.FormalSeries(terms_of), g, side, truth


def families_exist(series, method):
    try:
        return bool(families(series.borel(), method, len(series) - 1))
    except ValueError:
        return False


@settings(max_examples=30)
@given(problems(), st.sampled_from([10, 40]), st.sampled_from(["auto", "conformal", "uniformised"]))
def test_the_error_covers_the_truth(problem, digits, method):
    series, g, side, truth = problem
    if method != "auto" and not families_exist(series, method):
        with pytest.raises(ValueError, match="no map for this germ"):
            rs.borel_sum(series, g, digits, side=side, continuation=method)
        return
    value = rs.borel_sum(series, g, digits, side=side, continuation=method)
    with working_precision(800):
        assert truth.rad() < ball(value.error, 64).real / 100
        assert abs(value.ball(800).mid() - truth) <= ball(value.error, 64).real


def test_sums_beside_and_on_a_stokes_line():
    """Airy's on its Stokes line from bare coefficients: both sides, their mean and their difference."""
    germ = rs.models.cubic.germ
    bare = rs.FormalSeries(germ.coefficients(80))
    for side in ("above", "below", "median"):
        value = rs.borel_sum(bare, "1/2", 40, side=side, continuation="conformal")
        assert _digits(value, germ.sum("1/2", 300, side=side)) > 20
    with pytest.raises(rs.StokesLineError):
        rs.borel_sum(bare, "1/2", 40, continuation="conformal")
    jump = rs.jump(bare, "1/2", 40)
    assert jump.contains(rs.jump(rs.models.cubic.series(1).stripped(), "1/2", 30))
    assert jump.digits > 20


@pytest.mark.parametrize(("method", "least"), [("quadratic", 10), ("hypergeometric", 38)])
def test_quadratic_and_hypergeometric_approximants_are_integrated_too(method, least):
    """The quartic's germ is hypergeometric, so that approximants of that kind are it."""
    bare = rs.FormalSeries(rs.models.quartic.germ.coefficients(41))
    for g, truth in ((g, rs.models.quartic.germ.sum(g, 250)) for g in ("1/2", "1/5+1j/3")):
        value = rs.borel_sum(bare, g, 40, continuation=method)
        assert method in value.method
        assert value.digits >= least
        assert _digits(value, truth) >= value.digits
    refused = bare.truncate(4) if method == "quadratic" else rs.FormalSeries([0.5] * 41)
    with pytest.raises(ValueError, match="coefficients"):
        rs.borel_sum(refused, 1, continuation=method)


@settings(max_examples=25)
@given(
    st.fractions(Fraction(1, 8), 4, max_denominator=8),
    st.fractions(Fraction(1, 6), 3, max_denominator=6),
    st.sampled_from([1, -1]),
    st.booleans(),
    st.integers(14, 60),
    st.sampled_from([Fraction(1, 20), Fraction(1, 7), Fraction(1, 3), Fraction(1), Fraction(4)]),
    st.sampled_from([8, 20, 40]),
)
@example(Fraction(1), Fraction(5, 4), -1, True, 25, Fraction(1, 20), 8)  # beyond its error once
def test_the_error_covers_the_jump(a, b, sign, second, terms, size, digits):
    """One singularity on the Stokes line, or two: above less below, against certified sums."""
    germs = [(rs.Hypergeometric(a, b, sign), fmpq(1))]
    if second:
        germs.append((rs.Hypergeometric("1/2", "1/3", Fraction(3 * sign, 2)), fmpq(1, 3)))
    coefficients, truth, g = [fmpq(0)] * terms, acb(0), sign * size
    with working_precision(400):
        for germ, weight in germs:
            coefficients = [x + weight * y for x, y in zip(coefficients, germ.coefficients(terms), strict=True)]
            truth += weight * (germ.sum(g, 350, side="above") - germ.sum(g, 350, side="below"))
    value = rs.jump(rs.FormalSeries(coefficients), g, digits)
    with working_precision(400):
        assert abs(value.ball(400).mid() - truth) <= ball(value.error, 64).real


def test_inexact_coefficients_are_in_the_error():
    germ = rs.models.quartic.germ
    floats = rs.FormalSeries([float(Fraction(int(a.p), int(a.q))) for a in germ.coefficients(60)])
    value = rs.borel_sum(floats, "1/2", 30, continuation="conformal")
    truth = germ.sum("1/2", 200)
    assert 8 < _digits(value, truth) < 20
    with working_precision(200):
        assert abs(value.ball(200).mid() - truth) <= ball(value.error, 200).real


def test_leroy_moves_the_exponent_and_not_the_sum():
    bare = rs.FormalSeries(rs.models.quartic.germ.coefficients(60))
    truth = rs.models.quartic.germ.sum("1", 200)
    for leroy in ("1/2", "-1/3", 2):
        value = rs.borel_sum(bare, 1, 30, leroy=leroy, continuation="conformal")
        assert value.digits > 15
        assert _digits(value, truth) >= value.digits


@pytest.mark.parametrize("method", ["auto", "pade", "conformal", "uniformised"])
@pytest.mark.parametrize("z", [2, "-3+1j", "5j", "0.25+1j"])
def test_values_of_the_germ_itself(method, z):
    """2F1(1/4, 3/4; 1; -4 z) off its cut, against mpmath."""
    borel = rs.FormalSeries(rs.models.quartic.germ.coefficients(80)).borel()
    value = borel.continued_to(z, 30, continuation=method)
    with mpmath.workdps(60):
        point = mpmath.mpmathify(z)
        truth = mpmath.hyp2f1(mpmath.mpf(1) / 4, mpmath.mpf(3) / 4, 1, -4 * point)
        assert abs(value.value - truth) <= value.error
        assert method == "pade" or value.error < 1e-20


def test_maps_beat_plain_pade_far_out():
    borel = rs.FormalSeries(rs.models.quartic.germ.coefficients(80)).borel()
    pade, auto = (borel.continued_to(10**6, 30, continuation=m) for m in ("pade", "auto"))
    assert auto.error < 1e-6 * pade.error


def test_what_cannot_be_had_is_refused_by_name():
    entire = rs.FormalSeries([1] * 40)
    with pytest.raises(ValueError, match="no map for this germ"):
        rs.borel_sum(entire, 1, continuation="conformal")
    with pytest.raises(ValueError, match="continuation must be one of auto, pade"):
        rs.borel_sum(entire, 1, continuation="padé")
    with pytest.raises(ValueError, match="continuation must be one of auto, pade"):
        entire.borel().continued_to(1, continuation="magic")
    with pytest.raises(ValueError, match="nan"):
        entire.borel().continued_to(math.nan)
    assert "Borel-Padé" in rs.borel_sum(entire, "1/2", 20).method  # what auto falls back on
