"""Singularity elimination against germs that are known at both ends.

2F1(a, b; c; z/A) jumps beyond z = A (DLMF 15.8.4, for integer c - a - b 15.8.10 to 15.8.12) by the Borel transform of

    S exp(-A/g) g^beta sum c_k g^k,    beta = c - a - b,   S = 2 pi i A^(-beta) Gamma(c)/(Gamma(a) Gamma(b)),
    c_k = (-1/A)^k (c - a)_k (c - b)_k/k! .
"""

import math
from fractions import Fraction

import flint
import mpmath
import pytest
import sympy
from flint import acb, arb, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.coefficient import scalar
from resurgence.numbers import ball, working_precision
from resurgence.singularity_elimination import eliminate, probe_exponent

BITS = 400
PARAMETER = st.fractions(min_value=-2, max_value=4, max_denominator=6)
NAMED = (Fraction(1, 3), Fraction(1, 2), Fraction(6, 5))


def hypergeometric(parameters, place, count):
    """a_n of the series with the germ 2F1(a, b; c; z/place)."""
    a, b, c = parameters
    terms = [Fraction(1)]
    for n in range(count - 1):
        terms.append(terms[-1] * (a + n) * (b + n) / ((c + n) * place))
    return terms


def expansion(parameters, place, count):
    """beta, S and c_1, ..., as balls."""
    a, b, c = (fmpq(p.numerator, p.denominator) for p in parameters)
    with working_precision(BITS):
        at = ball(place, BITS)
        stokes = 2 * acb.pi() * acb(0, 1) * at ** acb(a + b - c) * acb(a).rgamma() * acb(b).rgamma() * acb(c).gamma()
        later, term = [], acb(1)
        for k in range(count):
            term = -term * (c - a + k) * (c - b + k) / ((k + 1) * at)
            later.append(term)
        return Fraction(int((c - a - b).p), int((c - a - b).q)), stokes, later


def is_covered(found, truth):
    with working_precision(BITS):
        error = abs(ball(found.value, BITS) - ball(truth, BITS))
        return bool(error <= arb(found.error))


def check(local, stokes, later):
    assert is_covered(local.stokes_constant, stokes)
    for found, truth in zip(local.coefficients, later, strict=False):
        assert is_covered(found, truth)


def is_pole_of_gamma(x):
    return x.denominator == 1 and x <= 0


@settings(max_examples=20)
@given(
    st.tuples(PARAMETER, PARAMETER, PARAMETER),
    st.sampled_from([Fraction(1), Fraction(-1, 3), Fraction(5, 2)]),
    st.sampled_from([None, Fraction(-1), Fraction(-6, 5), Fraction(-7, 10), Fraction(2), Fraction(6, 5)]),
    st.sampled_from([20, 31, 40]),
)
def test_the_errors_cover_the_truth(parameters, place, other, count):
    """One singularity or two, on one ray, on opposite rays, the other one nearer: what is given is right."""
    assume(not any(is_pole_of_gamma(p) for p in parameters))
    beta, stokes, later = expansion(parameters, place, 4)
    terms = hypergeometric(parameters, place, count)
    if other is not None:
        second = hypergeometric((Fraction(8, 7), Fraction(3, 5), Fraction(4, 3)), place * other, count)
        terms = [a + b for a, b in zip(terms, second, strict=True)]
    refusal = ""
    try:
        check(eliminate(rs.FormalSeries(terms), place, beta, terms=4), stokes, later)
    except ValueError as refused:
        refusal = str(refused)
    if refusal:  # few coefficients for an exponent that the singularity beside it, or its own size, hides
        assert "no singularity of exponent" in refusal
        assert other is not None or abs(beta) > 2 or count == 20


@pytest.mark.parametrize("name", ["quartic", "cubic", "double_well"])
def test_the_series_at_the_other_critical_point(name):
    """Its coefficients are those of the series itself with alternating signs (Berry & Howls 1991)."""
    model = rs.models.get(name)
    [singularity] = model.singularities
    own = model.series(7).stripped().coefficients
    local = eliminate(model.series(60), singularity.location, 0, digits=20)
    check(local, singularity.stokes_constant, [(-1) ** k * own[k] for k in range(1, 7)])
    assert local.stokes_constant.digits >= 20
    assert all(c.digits >= 15 for c in local.coefficients)
    assert local.next_radius.contains(abs(singularity.location))


def test_bessel_functions_grow_their_own_series():
    model = rs.models.bessel_k("1/3")
    own = model.series(7).stripped().coefficients
    local = eliminate(model.series(40), -2, 0)
    check(local, model.singularities[0].stokes_constant, [(-1) ** k * own[k] for k in range(1, 7)])


def test_twenty_coefficients_give_ten_digits():
    local = eliminate(rs.models.quartic.series(20), "-1/4", 0)
    assert local.stokes_constant.digits >= 10
    check(local, sympy.sqrt(2) * sympy.I, [])


def test_a_simple_pole_has_no_later_coefficients():
    local = eliminate(rs.FormalSeries.from_function(math.factorial, 40), 1, -1)
    check(local, 2 * sympy.pi * sympy.I, [0] * 6)
    assert all(c.error < 1e-10 for c in local.coefficients)


def test_a_square_root_is_eliminated_exactly():
    """B = sqrt(1 - z): a polynomial in u. a_n = Gamma(n - 1/2)/Gamma(-1/2)."""
    terms = [Fraction(1)]
    for n in range(19):
        terms.append(terms[-1] * (n - Fraction(1, 2)))
    local = eliminate(rs.FormalSeries(terms), 1, "1/2")
    with working_precision(BITS):
        check(local, 2 * acb.pi() * acb(0, 1) * acb(fmpq(-1, 2)).rgamma(), [0] * 6)
    assert local.next_radius is None


@pytest.mark.parametrize("count", [20, 35, 50])
def test_the_radius_reaches_to_the_next_singularity(count):
    one, other = (hypergeometric(NAMED, place, count) for place in (1, Fraction(3, 2)))
    alone = eliminate(rs.FormalSeries(one), 1, "11/30").next_radius
    assert alone.contains(1)
    assert count == 20 or not alone.contains(0.5)
    both = eliminate(rs.FormalSeries([a + b for a, b in zip(one, other, strict=True)]), 1, "11/30")
    assert both.next_radius.contains(0.5)


# ---------------------------------------------------------------------------------------------------------------------
# Other numbers


def test_a_complex_singularity_beside_its_mirror_image():
    """A real germ with a pair at 1 +- 2i."""
    with working_precision(600):
        terms, term, at = [], acb(1), acb(1, 2)
        for n in range(50):
            terms.append(acb(2 * term.real))
            term *= (fmpq(1, 3) + n) * (fmpq(1, 2) + n) / (fmpq(6, 5) + n) / at
    beta, stokes, later = expansion(NAMED, "1+2j", 4)
    series = rs.FormalSeries(terms)
    local = eliminate(series, "1+2j", beta, terms=4)
    check(local, stokes, later)
    assert local.stokes_constant.digits > 10


def test_algebraic_numbers():
    """A = sqrt 2, with coefficients in Q(sqrt 2)."""
    root = scalar(sympy.sqrt(2))
    plain = hypergeometric(NAMED, Fraction(1), 30)
    terms = [
        fmpq(a.numerator, a.denominator) * fmpq(1, 2 ** ((n + 1) // 2)) * (root if n % 2 else 1)
        for n, a in enumerate(plain)
    ]
    beta, stokes, later = expansion(NAMED, sympy.sqrt(2), 4)
    local = eliminate(rs.FormalSeries(terms), sympy.sqrt(2), beta, terms=4)
    check(local, stokes, later)
    assert local.stokes_constant.digits > 12


@pytest.mark.parametrize(("error", "count"), [(1e-3, 30), (1e-5, 40), (1e-8, 30), (1e-12, 30)])
def test_the_error_of_the_location_is_in_the_result(error, count):
    """The truth lies at 0.7 of the error; what it changes is in proportion to it, and little more is stated."""
    beta, stokes, later = expansion(NAMED, 1, 3)
    series = rs.FormalSeries(hypergeometric(NAMED, Fraction(1), count))
    place = rs.Enclosure(mpmath.mpc(1 + 0.7 * error), mpmath.mpf(error), "estimated")
    local = eliminate(series, place, beta, terms=3)
    check(local, stokes, later)
    assert error / 10 < local.stokes_constant.error < 30 * error


@pytest.mark.parametrize("bits", [53, 100, 300])
def test_inexact_coefficients(bits):
    beta, stokes, later = expansion(NAMED, 1, 4)
    with working_precision(600):
        terms = [
            acb(arb(fmpq(a.numerator, a.denominator)) * (1 + arb(2) ** -bits * math.cos(n)) * arb(1, arb(2) ** -bits))
            for n, a in enumerate(hypergeometric(NAMED, Fraction(1), 40))
        ]
    local = eliminate(rs.FormalSeries(terms), 1, beta, terms=4)
    check(local, stokes, later)
    assert local.stokes_constant.digits >= {53: 2, 100: 5, 300: 12}[bits]


def test_floats_are_known_to_53_bits():
    beta, stokes, later = expansion(NAMED, Fraction(1, 3), 3)
    local = eliminate(rs.FormalSeries(hypergeometric(NAMED, Fraction(1, 3), 40)), 1 / 3, beta, terms=3)
    check(local, stokes, later)
    assert 1e-17 < local.stokes_constant.error < 1e-13


# ---------------------------------------------------------------------------------------------------------------------
# Resonance


@settings(max_examples=10)
@given(
    st.tuples(PARAMETER, PARAMETER, PARAMETER),
    st.sampled_from([Fraction(1), Fraction(-1, 3), Fraction(5, 2)]),
    st.sampled_from([None, Fraction(2), Fraction(-6)]),
)
def test_the_exponent_resonates(parameters, place, other):
    assume(not any(is_pole_of_gamma(p) for p in parameters))
    beta, _, _ = expansion(parameters, place, 0)
    assume(-4 <= beta < 4)
    terms = hypergeometric(parameters, place, 50)
    if other is not None:
        second = hypergeometric((Fraction(8, 7), Fraction(3, 5), Fraction(4, 3)), place * other, 50)
        terms = [a + b for a, b in zip(terms, second, strict=True)]
    try:
        found = probe_exponent(rs.FormalSeries(terms), place)
    except ValueError:
        assert other is not None and beta > 1  # too weak beside the other one  # noqa: PT018
        return
    assert found.value.contains(beta)
    assert found.exponent in (beta, None)
    trial, strength = max(found.evidence, key=lambda each: each[1])
    assert strength > (2 if other is None else 1)
    # Exponents that are smaller by an integer resonate as well, none other does.
    assert (beta - trial).denominator == 1 or found.exponent is None


def test_the_evidence_is_one_abrupt_fall():
    found = probe_exponent(rs.models.quartic.series(50), "-1/4")
    assert found.exponent == 0
    strength = dict(found.evidence)
    assert strength[Fraction(0)] > 10
    assert all(s < 0.5 for t, s in found.evidence if t.denominator > 1)
    assert all(s < 0.5 for t, s in found.evidence if t > 0)


def test_the_exponent_of_inexact_coefficients():
    series = rs.FormalSeries([float(a) for a in hypergeometric(NAMED, Fraction(1), 40)])
    assert probe_exponent(series, 1).value.contains(Fraction(11, 30))


def test_the_exponent_at_an_inexact_location():
    series = rs.FormalSeries(hypergeometric(NAMED, Fraction(1), 40))
    place = rs.Enclosure(mpmath.mpc(1 - 0.9e-6), mpmath.mpf(1e-6), "estimated")
    found = probe_exponent(series, place)
    assert found.value.contains(Fraction(11, 30))
    assert found.value.error > 1e-6


def logarithm_squared(count):
    """a_n of log(1 - z)^2."""
    harmonic, terms = Fraction(0), [Fraction(0)]
    for n in range(1, count):
        terms.append(math.factorial(n) * 2 * harmonic / n)
        harmonic += Fraction(1, n)
    return terms


@pytest.mark.parametrize(
    ("terms", "place"),
    [
        (hypergeometric(NAMED, Fraction(1), 48), "99/100"),  # beside the singularity
        (hypergeometric(NAMED, Fraction(1), 48), 2),  # behind it
        (hypergeometric(NAMED, Fraction(1), 48), "1/2"),  # before it
        (hypergeometric(NAMED, Fraction(1), 48), -1),  # opposite to it
        (logarithm_squared(48), 1),  # no power and no logarithm
        (
            [
                a + b
                for a, b in zip(
                    hypergeometric(NAMED, Fraction(1), 48), hypergeometric(NAMED, Fraction(-1), 48), strict=True
                )
            ],
            1,  # hidden by another on the opposite side
        ),
    ],
)
def test_nothing_resonates(terms, place):
    with pytest.raises(ValueError, match="nothing resonates"):
        probe_exponent(rs.FormalSeries(terms), place)


# ---------------------------------------------------------------------------------------------------------------------
# Refusals


@pytest.mark.parametrize("off", [1, -1, Fraction(1, 2), Fraction(1, 3), Fraction(-1, 10)])
@pytest.mark.parametrize("count", [30, 50])
def test_wrong_exponents_are_refused(off, count):
    beta, _, _ = expansion(NAMED, 1, 0)
    with pytest.raises(ValueError, match=r"no singularity of exponent|has a pole"):
        eliminate(rs.FormalSeries(hypergeometric(NAMED, Fraction(1), count)), 1, beta + off)


@pytest.mark.parametrize("place", [2, "1/2", -1, "101/100"])
def test_wrong_places_are_refused(place):
    with pytest.raises(ValueError, match=r"no singularity of exponent|has a pole"):
        eliminate(rs.FormalSeries(hypergeometric(NAMED, Fraction(1), 50)), place, "11/30")


def test_bad_input():
    series = rs.models.quartic.series(40)
    with pytest.raises(TypeError, match="FormalSeries"):
        eliminate([1, 2, 3], 1, 0)
    with pytest.raises(TypeError, match="FormalSeries"):
        probe_exponent([1, 2, 3], 1)
    with pytest.raises(ValueError, match="at least 10 coefficients"):
        eliminate(series.truncate(9), "-1/4", 0)
    with pytest.raises(ValueError, match="at least 24 coefficients"):
        probe_exponent(series.truncate(23), "-1/4")
    with pytest.raises(ValueError, match="must not be 0"):
        eliminate(series, 0, 0)
    with pytest.raises(ValueError, match="uncertain"):
        eliminate(series, rs.Enclosure(mpmath.mpc(-0.25), mpmath.mpf(0.2), "estimated"), 0)
    with pytest.raises(ValueError, match="exponent must be rational"):
        eliminate(series, "-1/4", sympy.sqrt(2))
    with pytest.raises(ValueError, match="finite"):
        eliminate(series, math.nan, 0)
    with pytest.raises(ValueError, match="digits"):
        eliminate(series, "-1/4", 0, digits=0)
    with pytest.raises(ValueError, match="at least 1"):
        eliminate(series, "-1/4", 0, terms=0)
    with pytest.raises(ValueError, match="all coefficients are zero"):
        eliminate(rs.FormalSeries([0] * 12), 1, 0)
    with pytest.raises(ValueError, match="not precise enough"):
        eliminate(
            rs.FormalSeries([acb(arb(float(math.factorial(n)), 1e-2 * math.factorial(n))) for n in range(30)]), 1, -1
        )


def test_many_digits():
    local = eliminate(rs.models.quartic.series(200), "-1/4", 0, digits=50, terms=3)
    check(local, sympy.sqrt(2) * sympy.I, [Fraction(3, 4), Fraction(105, 32), Fraction(3465, 128)])
    assert local.stokes_constant.digits >= 50


def test_flint_precision_is_put_back():
    before = flint.ctx.prec, flint.ctx.cap
    eliminate(rs.models.quartic.series(20), "-1/4", 0)
    probe_exponent(rs.models.quartic.series(30), "-1/4")
    assert (flint.ctx.prec, flint.ctx.cap) == before
