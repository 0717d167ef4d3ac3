"""The fits of the partition function, against closed forms of Z with noise of a known covariance."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import erfcx, exp1, k0e

from resurgence.models import quartic
from resurgence.numbers import working_precision
from surge.action_fit import LOGARITHMS, _borel_sums, _powers
from surge.fit import fit_action, fit_power_series, paper_weights
from surge.least_squares import Observations

COUPLINGS = np.geomspace(0.01, 0.1, 12)
SEEDS = 24


def quadratic(d, least=0.3, distance=0.0):
    """L = least + |theta - m|^2/2 with |m| = distance under a standard normal base: nu = d/2."""
    return lambda g: -least / g - d / 2 * np.log1p(1 / g) - distance**2 / (2 * (1 + g))


def oscillator(g):
    return np.array([math.log(quartic.exact(float(x), 20).value.real) for x in g])


def degenerate(g):
    """L = x^4 under a standard normal base: nu = 1/4, and a series in g^(1/2)."""

    def one(x):
        # x -> g^(1/4) u
        value, _ = quad(lambda u: math.exp(-(u**4) - math.sqrt(x) * u**2 / 2), 0, 6, epsabs=1e-13, epsrel=1e-13)
        return math.log(2 * x**0.25 * value / math.sqrt(2 * math.pi))

    return np.array([one(x) for x in g])


def pulls(exact, noise, seeds=SEEDS, truth=(0.0, 0.5), couplings=COUPLINGS, **options):
    """(fit - truth)/error of L* and nu for so many seeds; ``noise`` is a covariance."""
    log_z, factor, found = exact(couplings), np.linalg.cholesky(noise), []
    for seed in range(seeds):
        values = log_z + factor @ np.random.default_rng(seed).normal(size=couplings.size)
        fit = fit_action(couplings, values, covariance=noise, **options)
        found.append([(fit.minimum - truth[0]) / fit.minimum_error, (fit.nu - truth[1]) / fit.nu_error])
    return np.array(found)


def rms(z):
    return np.sqrt((z**2).mean(axis=0))


def independent(sigma, count=COUPLINGS.size):
    return sigma**2 * np.eye(count)


def correlated(sigma, length=0.5):
    """As of estimates at neighbouring couplings from the same samples."""
    x = np.log(COUPLINGS)
    return sigma**2 * (np.exp(-np.abs(x[:, None] - x) / length) + 0.1 * np.eye(x.size))


# ---------------------------------------------------------------------------------------------------------------------
# The least loss and its exponent


@pytest.mark.parametrize(("d", "sigma"), [(1, 1e-3), (10, 1e-2), (10, 1e-3), (100, 1e-2)])
def test_the_errors_of_a_quadratic_cover(d, sigma):
    """A series in g is right here, and said to be."""
    z = pulls(quadratic(d), independent(sigma), truth=(0.3, d / 2), steps=(1,))
    assert ((rms(z) > 0.2) & (rms(z) < 1.4)).all()


@pytest.mark.parametrize(
    ("exact", "sigma", "truth"),
    [
        (quadratic(1), 1e-2, (0.3, 0.5)),
        (quadratic(100), 1e-2, (0.3, 50)),
        (oscillator, 1e-2, (0, 0.5)),
        (oscillator, 1e-4, (0, 0.5)),
        (degenerate, 1e-3, (0, 0.25)),
    ],
)
def test_errors_that_know_no_step_are_not_too_small(exact, sigma, truth):
    """Series in g and in g^(1/2) are both possible: where the data do not tell them apart, errors are large."""
    assert (rms(pulls(exact, independent(sigma), seeds=16, truth=truth)) < 1.4).all()


def test_a_base_whose_centre_makes_the_first_term_vanish():
    """c_1 = (|m|^2 - d)/2 = 0: smaller than the prior holds for likely, so that errors are rather too large."""
    z = pulls(quadratic(1, distance=1), independent(1e-3), seeds=16, truth=(0.3, 0.5), steps=(1,))
    assert (rms(z) < 1.4).all()


def test_correlated_noise():
    z = pulls(quadratic(10), correlated(1e-2), truth=(0.3, 5), steps=(1,))
    assert ((rms(z) > 0.2) & (rms(z) < 1.4)).all()


def test_an_error_that_all_values_share_says_nothing_of_the_minimum():
    """An unknown normalisation of Z is an error of c_0 alone."""
    shared = independent(1e-3) + 0.25 * np.ones((12, 12))
    values = quadratic(10)(COUPLINGS)
    right = fit_action(COUPLINGS, values, covariance=shared)
    alone = fit_action(COUPLINGS, values, covariance=independent(1e-3))
    assert right.minimum_error == pytest.approx(alone.minimum_error, rel=1e-3)
    assert right.nu_error == pytest.approx(alone.nu_error, rel=1e-3)
    assert right.errors[0] > 0.5 > alone.errors[0]
    assert fit_action(COUPLINGS, values, np.sqrt(np.diag(shared))).minimum_error > 10 * right.minimum_error


@pytest.mark.parametrize("d", [1, 10, 100])
def test_exact_values_of_a_quadratic(d):
    fit = fit_action(COUPLINGS, quadratic(d)(COUPLINGS), 1e-6)
    assert abs(fit.minimum - 0.3) < 2 * fit.minimum_error < 1e-5
    assert abs(fit.nu - d / 2) < 2 * fit.nu_error < 0.01
    assert fit.step == 1
    assert fit.step_weights[Fraction(1)] > 0.9


def test_exact_values_of_a_degenerate_minimum():
    """The step is found from the data, and a series in g alone would be wrong by many of its errors."""
    log_z = degenerate(COUPLINGS)
    fit = fit_action(COUPLINGS, log_z, 1e-7)
    assert abs(fit.nu - 0.25) < 2 * fit.nu_error < 0.01
    assert fit.step == Fraction(1, 2)
    assert fit.step_weights[Fraction(1, 2)] > 0.99
    with pytest.raises(ValueError, match=r"one in g\^\(1/2\)"):
        fit.series()
    integral = fit_action(COUPLINGS, log_z, 1e-7, steps=(1,))
    assert abs(integral.nu - 0.25) > 2 * integral.nu_error


@pytest.mark.parametrize("sigma", [1e-2, 1e-3, 1e-4])
def test_couplings_too_large_for_the_expansion(sigma):
    """log(1 + g) up to g = 2 has no expansion that converges: the result is uncertain, and not wrong."""
    g = np.geomspace(0.05, 2, 16)
    fit = fit_action(g, quadratic(10)(g), sigma)
    assert abs(fit.minimum - 0.3) < 3 * fit.minimum_error
    assert abs(fit.nu - 5) < 3 * fit.nu_error


def test_results_that_move_with_the_range_are_reported():
    """Two wells of which the higher one is wide: only the smallest couplings see the lower one."""
    g = np.geomspace(0.01, 3, 16)
    values = np.logaddexp(-4 + 0.5 * np.log(g), -0.5 / g + 0.5 * np.log(g))
    fit = fit_action(g, values, 1e-5)
    assert abs(fit.minimum) < 3 * fit.minimum_error or fit.warnings


def test_stated_errors_that_are_ten_times_too_small():
    """A fit that believes its data is ten errors off; here the scatter is partly taken for the series, and half of ten
    is what is asked for."""
    z = []
    for seed in range(20):
        noise = 0.05 * np.random.default_rng(seed).normal(size=12)
        fit = fit_action(COUPLINGS, quadratic(2)(COUPLINGS) + noise, 0.005)
        z.append([(fit.minimum - 0.3) / fit.minimum_error, (fit.nu - 1) / fit.nu_error])
    assert (rms(np.array(z)) < 5).all()


@settings(max_examples=8)
@given(
    seed=st.integers(0, 10**6),
    shift=st.floats(-50, 50),
    scale=st.floats(1e-3, 1e3),
    sigma=st.sampled_from([1e-1, 1e-2, 1e-4]),
)
def test_a_constant_in_the_loss_and_its_unit(seed, shift, scale, sigma):
    """L + c moves L* by c; (L, g) -> (s L, s g) multiplies L* by s. The exponent has no part in either."""
    rng = np.random.default_rng(seed)
    values = quadratic(rng.integers(1, 20))(COUPLINGS) + sigma * rng.normal(size=12)
    plain = fit_action(COUPLINGS, values, sigma)
    moved = fit_action(COUPLINGS, values - shift / COUPLINGS, sigma)
    assert moved.minimum - shift == pytest.approx(plain.minimum, abs=1e-4 * plain.minimum_error)
    assert moved.nu == pytest.approx(plain.nu, abs=1e-4 * plain.nu_error)
    assert moved.nu_error == pytest.approx(plain.nu_error, rel=1e-4)
    scaled = fit_action(scale * COUPLINGS, values, sigma)
    assert scaled.minimum == pytest.approx(scale * plain.minimum, abs=1e-4 * scale * plain.minimum_error)
    assert scaled.minimum_error == pytest.approx(scale * plain.minimum_error, rel=1e-4)
    assert scaled.nu == pytest.approx(plain.nu, abs=1e-4 * plain.nu_error)


@pytest.mark.parametrize("unit", [1e-8, 1e9])
def test_couplings_in_extreme_units(unit):
    log_z = quadratic(10)(COUPLINGS)
    plain, fit = fit_action(COUPLINGS, log_z, 1e-3), fit_action(unit * COUPLINGS, log_z, 1e-3)
    assert fit.minimum == pytest.approx(unit * plain.minimum, rel=1e-9)
    # But for c_0, which takes up nu log(unit).
    np.testing.assert_allclose((fit.errors * unit ** np.arange(13))[1:], plain.errors[1:], rtol=1e-6)


def test_the_order_of_the_couplings_does_not_matter():
    shuffle = np.random.default_rng(0).permutation(12)
    values, noise = quadratic(4)(COUPLINGS), correlated(0.01)
    one = fit_action(COUPLINGS, values, covariance=noise)
    two = fit_action(COUPLINGS[shuffle], values[shuffle], covariance=noise[np.ix_(shuffle, shuffle)])
    assert (one.minimum, one.nu_error) == (two.minimum, two.nu_error)


@pytest.mark.parametrize(
    ("exact", "couplings", "sigma", "phi"),
    [
        (quadratic(10), COUPLINGS, 1e-5, (1, -5, 15)),
        (oscillator, np.geomspace(0.002, 0.02, 14), 1e-7, (1, Fraction(-3, 4), Fraction(105, 32))),
    ],
)
def test_the_series_for_the_core(exact, couplings, sigma, phi):
    """(1 + g)^-5, and the oscillator's 1 - 3/4 g + 105/32 g^2 - ..., lie in the balls."""
    series = fit_action(couplings, exact(couplings), sigma).series(3)
    with working_precision(64):
        for ball, coefficient in zip(series.terms, phi, strict=True):
            assert ball.real.contains(arb(fmpq(*coefficient.as_integer_ratio())))
        assert series.terms[1].real.rad() < arb("0.2")
    assert len(series.borel().coefficients) == 3


def test_errors_of_a_strongly_divergent_series():
    """At g = 0.1 the least term of the oscillator's series is 0.03: values known to 1e-5 say little of its c_j."""
    z = []
    for seed in range(12):
        values = oscillator(COUPLINGS) + 1e-5 * np.random.default_rng(seed).normal(size=12)
        fit = fit_action(COUPLINGS, values, 1e-5, steps=(1,))
        z.append([(fit.coefficients[1] + 0.75) / fit.errors[1], fit.minimum / fit.minimum_error])
    assert (rms(np.array(z)) < 1.5).all()


def test_couplings_of_which_most_are_beyond_the_series():
    g, z = np.geomspace(0.02, 0.5, 16), []
    for seed in range(6):
        values = oscillator(g) + 1e-5 * np.random.default_rng(seed).normal(size=16)
        fit = fit_action(g, values, 1e-5)
        z.append([fit.minimum / fit.minimum_error, (fit.nu - 0.5) / fit.nu_error])
    assert (rms(np.array(z)) < 2).all()


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("step", [1.0, 0.5])
def test_the_borel_sums_of_powers_of_the_map(both, step):
    """Against quadrature by mpmath: where the cut is on the path, the mean of the paths on both sides."""
    ratios = np.array([0.03, 0.7, 5.0])
    found = _borel_sums(ratios, step, both)

    def w(z, k):
        x = mpmath.mpc(z) ** step
        return (x / (1 + mpmath.sqrt(1 - x * x)) if both else x / (1 + mpmath.sqrt(1 + x)) ** 2) ** k

    for row, r in zip(found, ratios, strict=True):
        for k in (1, 2, 7):
            turn = mpmath.exp(0.3j) if both else mpmath.mpf(1)
            value = mpmath.quad(
                lambda t, r=r, k=k, turn=turn: turn * mpmath.exp(-turn * t) * w(turn * t * r, k), [0, 1, 5, 20, 60]
            )
            assert row[k - 1] == pytest.approx(float(mpmath.re(value)), abs=1e-9)


@pytest.mark.parametrize("both", [False, True])
def test_coefficients_are_those_of_the_small_couplings(both):
    """f_k(g) = sum_j c_j g^j: at g/a = 1e-3 ten terms are as good as doubles."""
    matrix = _powers(np.array([1.0]), 1.0, both)[0]
    g = 1e-3
    series = (g ** np.arange(1, 13)) @ matrix
    np.testing.assert_allclose(_borel_sums(np.array([g]), 1.0, both)[0, :4], series[:4], rtol=1e-9, atol=1e-15)


def test_the_exponential_of_the_series():
    """log Phi = c_1 g + c_2 g^2 + ... gives 1, c_1, c_2 + c_1^2/2."""
    fit = fit_action(COUPLINGS, quadratic(2)(COUPLINGS), 1e-6)
    c = fit.coefficients
    terms = [complex(t.mid()).real for t in fit.series(3).terms]
    assert terms == pytest.approx([1, c[1], c[2] + c[1] ** 2 / 2])


# ---------------------------------------------------------------------------------------------------------------------
# Multiplicity
#
# Products of squares under a standard normal base, x having been integrated over as a normal variable. The last one has
# a loss that two of the three variables do not enter.


def product_of_two(g):
    """L = x^2 y^2: nu = 1/2, m = 2. The integral of (1 + 2 y^2/g)^(-1/2) is a Bessel function."""
    return np.log(np.sqrt(g / (4 * np.pi)) * k0e(g / 8))


def product_with_a_plane(g):
    """L = (x_1^2 + x_2^2) y^2: nu = 1/2, m = 1, and a further term g^1. The integral of 1/(1 + 2 y^2/g)."""
    return np.log(np.sqrt(np.pi * g) / 2 * erfcx(np.sqrt(g) / 2))


def product_of_planes(g):
    """L = |x|^2 |y|^2 in the plane: nu = 1, m = 2. The integral of exp(-s)/(1 + 4 s/g)."""
    return np.log(g / 4 * np.exp(g / 4) * exp1(g / 4))


def product_of_three(g):
    """L = x^2 y^2 z^2: nu = 1/2, m = 3, by the trapezoidal rule in log z."""
    t = np.linspace(-40, 3, 4001)
    z = np.exp(product_of_two(g[:, None] * np.exp(-2 * t)) + t - np.exp(2 * t) / 2)
    return np.log(2 / np.sqrt(2 * np.pi) * z.sum(1) * (t[1] - t[0]))


def test_the_products_by_quadrature():
    for g in (0.01, 1.0):
        one = quad(lambda y: 2 * math.exp(-y * y / 2) / math.sqrt(2 * math.pi * (1 + 2 * y * y / g)), 0, 40)  # noqa: B023
        assert product_of_two(g) == pytest.approx(math.log(one[0]), abs=1e-7)
        two = quad(lambda y: 2 * math.exp(-y * y / 2) / math.sqrt(2 * math.pi) / (1 + 2 * y * y / g), 0, 40)  # noqa: B023
        assert product_with_a_plane(g) == pytest.approx(math.log(two[0]), abs=1e-7)
        both = quad(lambda s: math.exp(-s) / (1 + 4 * s / g), 0, 50, points=[g])  # noqa: B023
        assert product_of_planes(g) == pytest.approx(math.log(both[0]), abs=1e-7)
        three = quad(
            lambda z: 2 * math.exp(product_of_two(g / z**2) - z * z / 2) / math.sqrt(2 * math.pi),  # noqa: B023
            0,
            20,
            points=[0.1, 1],
            limit=500,
        )
        assert product_of_three(np.array([g]))[0] == pytest.approx(math.log(three[0]), abs=1e-6)


PRODUCTS = [
    (product_of_two, 2, 0.5, 2),
    (product_with_a_plane, 3, 0.5, 1),
    (product_of_planes, 4, 1.0, 2),
    (product_of_three, 3, 0.5, 3),
    (quadratic(1, least=0.0), 3, 0.5, 1),
]


@pytest.mark.parametrize(("exact", "dim", "nu", "multiplicity"), PRODUCTS)
def test_four_decades_decide_on_the_multiplicity(exact, dim, nu, multiplicity):
    g = np.geomspace(1e-6, 1e-2, 16)
    fit = fit_action(g, exact(g) + 1e-4 * np.random.default_rng(0).normal(size=16), 1e-4, dim=dim)
    assert fit.multiplicity == multiplicity
    assert fit.multiplicity_weights[multiplicity] > 10 / 11
    assert sum(fit.multiplicity_weights.values()) == pytest.approx(1)
    assert abs(fit.nu - nu) < 3 * fit.nu_error < 0.02
    assert abs(fit.minimum) < 3 * fit.minimum_error
    if multiplicity > 1:
        blind = fit_action(g, exact(g), 1e-4)
        assert blind.multiplicity_weights == {1: 1.0}
        assert abs(blind.nu - nu) > 0.05


@pytest.mark.parametrize("low", [1e-5, 1e-3])
@pytest.mark.parametrize(("exact", "dim", "nu", "multiplicity"), PRODUCTS)
def test_errors_cover_where_the_multiplicity_is_not_decided(exact, dim, nu, multiplicity, low):
    g = np.geomspace(low, 100 * low, 11)
    z = pulls(exact, independent(1e-2, 11), seeds=6, truth=(0, nu), couplings=g, dim=dim)
    assert (rms(z) < 1.6).all()
    fit = fit_action(g, exact(g), 1e-2, dim=dim)
    assert fit.multiplicity is None
    with pytest.raises(ValueError, match="logarithms"):
        fit.series()


def test_a_minimum_without_flat_directions_has_multiplicity_one():
    """nu = d/2 is above the bound d/2 - m/4 of every further logarithm, and nothing changes for their sake."""
    values = quadratic(3)(COUPLINGS) + 1e-3 * np.random.default_rng(0).normal(size=12)
    plain, free = (fit_action(COUPLINGS, values, 1e-3, dim=dim) for dim in (1, 3))
    assert free.multiplicity == 1
    assert (free.minimum, free.nu) == pytest.approx((plain.minimum, plain.nu), rel=1e-6)
    assert (free.minimum_error, free.nu_error) == pytest.approx((plain.minimum_error, plain.nu_error), rel=1e-6)
    # With two more directions the same values leave room for a logarithm.
    wide, narrow = (fit_action(COUPLINGS, values, 1e-2, dim=dim) for dim in (5, 1))
    assert wide.multiplicity is None
    assert wide.nu_error > narrow.nu_error


def test_a_logarithm_between_the_places_that_are_tried():
    """log log(G/g) for a G of its own, with a minimum and a series besides."""
    g = np.geomspace(1e-6, 1e-2, 16)
    for place in (LOGARITHMS[2] * 1.2, LOGARITHMS[4] * 0.85):
        values = -0.2 / g + 0.5 * np.log(g) + np.log(place + np.log(g[-1] / g)) + 0.7 - 3 * g
        fit = fit_action(g, values, 1e-4, dim=4)
        assert fit.multiplicity == 2
        assert abs(fit.nu - 0.5) < 3 * fit.nu_error < 0.03
        assert abs(fit.minimum - 0.2) < 3 * fit.minimum_error


# ---------------------------------------------------------------------------------------------------------------------
# The power series of eq. 29


@settings(max_examples=40)
@given(
    coefficients=st.lists(st.floats(-10, 10), min_size=1, max_size=8),
    low=st.floats(1e-3, 0.5),
    weighted=st.booleans(),
)
def test_a_polynomial_is_found_again(coefficients, low, weighted):
    g = np.linspace(low, 1, 12)
    values = np.polynomial.polynomial.polyval(g, coefficients)
    weights = paper_weights(g) if weighted else None
    fit = fit_power_series(g, values, len(coefficients) - 1, std_error=1e-8, weights=weights)
    assert (np.abs(fit.coefficients - coefficients) <= 0.1 * fit.errors + 1e-12).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_the_errors_of_the_power_series_cover(weighted):
    g = COUPLINGS
    truth, noise = np.array([1.0, -2.0, 5.0]), correlated(0.01)
    exact, factor = np.polynomial.polynomial.polyval(g, truth), np.linalg.cholesky(noise)
    weights, z, chi2 = (paper_weights(g) if weighted else None), [], []
    for seed in range(200):
        values = exact + factor @ np.random.default_rng(seed).normal(size=12)
        fit = fit_power_series(g, values, 2, covariance=noise, weights=weights)
        z.append((fit.coefficients - truth) / (fit.errors / fit.inflation))
        chi2.append(fit.chi2 / fit.dof)
    assert ((rms(np.array(z)) > 0.85) & (rms(np.array(z)) < 1.15)).all()
    assert 0.9 < np.mean(chi2) < 1.1


def test_the_best_weights_are_better_than_those_of_the_paper():
    noise = correlated(0.01)
    best = fit_power_series(COUPLINGS, COUPLINGS, 3, covariance=noise)
    paper = fit_power_series(COUPLINGS, COUPLINGS, 3, covariance=noise, weights=paper_weights(COUPLINGS))
    assert (best.errors <= paper.errors).all()
    assert best.dof == 8 < paper.dof


def test_what_a_power_series_fit_determines():
    """The powers are all but dependent where the Chebyshev columns are not: late coefficients are all but free."""
    g = np.linspace(0.02, 1, 40)
    phi = np.exp(oscillator(g)) / np.sqrt(math.pi * g)
    fit = fit_power_series(g, phi, 8, std_error=1e-4)
    assert fit.condition < 30 < 1e5 < fit.power_condition
    assert (np.diff(fit.errors[:5]) > 0).all()
    assert fit.errors[8] > 1000 * fit.errors[0]
    assert len(fit.series()) == 9


def test_a_positive_least_loss_leaves_no_power_series():
    """exp(-L*/g) has the power series 0; a fit finds other coefficients, which change with the range."""
    narrow, wide = (np.linspace(0.05, top, 30) for top in (0.2, 0.8))
    a, b = (fit_power_series(g, np.exp(-0.3 / g), 4, std_error=1e-6) for g in (narrow, wide))
    assert abs(a.coefficients[2] - b.coefficients[2]) > 50 * (a.errors[2] / a.inflation + b.errors[2] / b.inflation)


def test_balls_of_the_power_series():
    fit = fit_power_series([0.1, 0.2, 0.3], [1.0, 1.5, 2.0], 1, std_error=0.01)
    first = fit.series(sigmas=3).terms[0]
    with working_precision(64):
        assert abs(float(first.real.rad()) - 3 * fit.errors[0]) < 1e-6
        assert first.overlaps(acb(0.5))


# ---------------------------------------------------------------------------------------------------------------------
# Bad input

G, Y = [0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("couplings", "values", "errors", "exception", "message"),
    [
        ([0.0, *G[1:]], Y, {"std_error": 0.1}, ValueError, "positive"),
        ([-0.1, *G[1:]], Y, {"std_error": 0.1}, ValueError, "positive"),
        ([math.nan, *G[1:]], Y, {"std_error": 0.1}, ValueError, "finite"),
        (G, [math.inf, *Y[1:]], {"std_error": 0.1}, ValueError, "finite"),
        ([0.2, *G[1:]], Y, {"std_error": 0.1}, ValueError, "distinct"),
        (G, Y[1:], {"std_error": 0.1}, ValueError, "one value"),
        (G, Y, {"std_error": 0.0}, ValueError, "positive"),
        (G, Y, {"std_error": [0.1, 0.2]}, ValueError, "one number or 5"),
        (G, Y, {"std_error": math.nan}, ValueError, "finite"),
        (G, Y, {}, TypeError, "either"),
        (G, Y, {"std_error": 0.1, "covariance": np.eye(5)}, TypeError, "either"),
        (G, Y, {"covariance": np.eye(4)}, ValueError, "shape"),
        (G, Y, {"covariance": -np.eye(5)}, ValueError, "variances"),
        (G, Y, {"covariance": np.eye(5) + np.eye(5, k=1)}, ValueError, "symmetric"),
        (G, Y, {"covariance": np.eye(5) - 2 * np.ones((5, 5)) + 4 * np.eye(5)}, ValueError, "positive definite"),
        (["a"] * 5, Y, {"std_error": 0.1}, TypeError, "real numbers"),
        ([[1], [2, 3]], Y, {"std_error": 0.1}, TypeError, "real numbers"),
        ([G], Y, {"std_error": 0.1}, ValueError, "shape"),
        ([1e-20, *G[1:]], Y, {"std_error": 0.1}, ValueError, "change units"),
        (G, [1e200, *Y[1:]], {"std_error": 0.1}, ValueError, "change units"),
        (G, Y, {"std_error": 1e-200}, ValueError, "between"),
    ],
)
def test_bad_observations(couplings, values, errors, exception, message):
    with pytest.raises(exception, match=message):
        Observations.checked(couplings, values, **errors)


@pytest.mark.parametrize(
    ("options", "exception", "message"),
    [
        ({"dim": 1.5}, TypeError, "integer"),
        ({"dim": True}, TypeError, "bool"),
        ({"dim": 0}, ValueError, "at least 1"),
        ({"steps": ()}, ValueError, "at least one"),
        ({"steps": (1, 1)}, ValueError, "distinct"),
        ({"steps": (0,)}, ValueError, "between"),
        ({"steps": (math.nan,)}, ValueError, "rationals"),
        ({"steps": "1"}, TypeError, "sequence"),
        ({"steps": 1}, TypeError, "sequence"),
    ],
)
def test_bad_options_of_the_action_fit(options, exception, message):
    with pytest.raises(exception, match=message):
        fit_action(G, Y, 0.1, **options)


def test_what_cannot_be_determined():
    with pytest.raises(ValueError, match="at least 4 couplings"):
        fit_action(G[:3], Y[:3], 0.1)
    with pytest.raises(ValueError, match="orders 0 to 4"):
        fit_power_series(G, Y, 5, std_error=0.1)
    with pytest.raises(TypeError, match="bool"):
        fit_power_series(G, Y, True, std_error=0.1)
    for weights, message in (([1, 2], "5 numbers"), ([1, 1, 1, 1, 0], "positive")):
        with pytest.raises(ValueError, match=message):
            fit_power_series(G, Y, 1, std_error=0.1, weights=weights)
    with pytest.raises(ValueError, match="epsilon"):
        paper_weights(G, -1)
    with pytest.raises(ValueError, match="positive"):
        paper_weights([0.0])


def test_bad_arguments_of_the_series():
    fit = fit_action(G, Y, 0.1, steps=(1,))
    for count in (0, 14):
        with pytest.raises(ValueError, match="terms"):
            fit.series(count)
    for sigmas in (0.0, math.nan):
        with pytest.raises(ValueError, match="sigmas"):
            fit.series(sigmas=sigmas)
    with pytest.raises(ValueError, match="sigmas"):
        fit_power_series(G, Y, 1, std_error=0.1).series(-1)
