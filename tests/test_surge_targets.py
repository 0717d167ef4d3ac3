"""From log Z to targets: the search of couplings, Borel singularities of fits, and what remains where nothing shows."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import surge
from resurgence.models import quartic
from surge import couplings as module
from surge.action_fit import ActionFit, fit_action
from surge.action_gaps import ActionGap, action_gaps, poles_of_coefficients
from surge.couplings import evaluate_ranges, known_covariance, least_loss, search_couplings
from surge.find_targets import _told_apart, analyse_ranges, analyse_targets, resolved_targets
from surge.paper_targets import paper_targets
from surge.partition import PartitionEstimate


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def estimate(couplings, log_z, error, ess=1e4):
    g = torch.as_tensor(couplings, dtype=torch.float64)
    return PartitionEstimate(
        g, torch.as_tensor(log_z, dtype=torch.float64), torch.full_like(g, error), torch.full_like(g, ess), "given"
    )


def quadratic(d, least):
    return lambda g: -least / g - d / 2 * np.log1p(1 / g)


def fitted(minimum=1.0, error=0.01, warnings=(), weights=None):
    weights = weights or {1: 1.0}
    return ActionFit(
        minimum,
        error,
        0.5,
        0.01,
        next((m for m, weight in weights.items() if weight > 0.95), None),
        weights,
        np.zeros(3),
        np.eye(3),
        Fraction(1),
        {Fraction(1): 1.0},
        0,
        1.0,
        3,
        warnings,
    )


# ---------------------------------------------------------------------------------------------------------------------
# Poles


@given(action=st.sampled_from([-3, Fraction(-1, 4), Fraction(1, 3), 2]), size=st.sampled_from([-2, Fraction(1, 5), 1]))
def test_a_simple_pole_is_found_from_any_number_of_coefficients(action, size):
    """a_n = size (n - 1)!/A^n, so that the derivative of the Borel transform is (size/A)/(1 - t/A)."""
    a = [Fraction(1)] + [Fraction(size) * math.factorial(n - 1) / Fraction(action) ** n for n in range(1, 4)]
    c = [Fraction(0)] * 4
    for n in range(1, 4):
        c[n] = a[n] - sum((j * c[j] * a[n - j] for j in range(1, n)), Fraction(0)) / n
    for count in (2, 3):
        poles = poles_of_coefficients(np.array([float(x) for x in c[1 : count + 1]]))
        assert abs(poles[0] - float(action)) < 1e-6 * abs(float(action))


def test_the_exact_series_of_the_quartic_oscillator_shows_its_other_critical_value():
    """V = x^2 + x^4: critical values 0 and -1/4. Eight coefficients give it to a thousandth."""
    phi = [Fraction(c.numerator, c.denominator) / quartic_first() for c in quartic_terms(9)]
    c = [Fraction(0)] * 9
    for n in range(1, 9):
        c[n] = phi[n] - sum((j * c[j] * phi[n - j] for j in range(1, n)), Fraction(0)) / n
    poles = poles_of_coefficients(np.array([float(x) for x in c[1:]]))
    assert abs(poles[0] + 0.25) < 1e-3


def quartic_terms(count):
    """int exp(-u^2 - g u^4) du/sqrt(pi): the moments (4n)!/(2n)!/4^(2n), and (-g)^n/n!."""
    return [
        Fraction((-1) ** n * math.factorial(4 * n), math.factorial(n) * math.factorial(2 * n) * 16**n)
        for n in range(count)
    ]


def quartic_first():
    return quartic_terms(1)[0]


def test_singularities_stand_out_of_little_noise_only():
    g = np.geomspace(0.002, 0.05, 14)
    exact = np.array([math.log(quartic.exact(float(x), 20).value.real) for x in g])
    (gap, *_) = action_gaps(fit_action(g, exact, 1e-11, steps=(1,)))
    assert abs(gap.location + 0.25) < 2 * gap.error < 0.25
    noisy = exact + 1e-3 * np.random.default_rng(0).normal(size=14)
    assert action_gaps(fit_action(g, noisy, 1e-3, steps=(1,))) == ()
    assert action_gaps(fit_action(g, exact, 1e-11, steps=(1,)), seed=1)[0].location == gap.location


def test_no_coefficients_no_poles():
    assert poles_of_coefficients(np.array([1.0])) == ()
    assert poles_of_coefficients(np.zeros(4)) == ()


# ---------------------------------------------------------------------------------------------------------------------
# What is returned


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(1e-3, 3)), min_size=1, max_size=6, unique_by=lambda pair: pair[0])
)
def test_targets_are_told_apart(found):
    kept = _told_apart(sorted(found))
    assert kept
    assert set(kept) <= set(found)
    for (one, e), (other, f) in pairwise(kept):
        assert other - one > max(e, f)


def test_real_singularities_above_the_minimum_are_targets():
    gaps = (ActionGap(0.5 + 0.01j, 0.05, 4), ActionGap(-0.7 + 0j, 0.05, 4), ActionGap(0.3 + 0.4j, 0.05, 4))
    targets = resolved_targets(fitted(), gaps)
    assert targets.values == (1.0, 1.5)
    assert targets.errors == (0.01, pytest.approx(math.hypot(0.01, 0.05)))
    assert targets.reason.count("off the positive axis") == 2


def test_the_multiplicity_is_named_where_it_is_not_one():
    assert "m = " not in resolved_targets(fitted(), ()).reason
    assert "m = 2" in resolved_targets(fitted(weights={1: 0.02, 2: 0.98}), ()).reason
    assert "m = 1 or 2 not decided" in resolved_targets(fitted(weights={1: 0.5, 2: 0.5}), ()).reason


def test_a_minimum_wider_than_the_losses_is_no_target():
    assert not resolved_targets(fitted(error=3.0), (), reference=2.0)
    assert "wider than the losses" in resolved_targets(fitted(error=3.0), (), reference=2.0).reason


def test_a_fit_above_a_loss_that_was_met_says_so():
    targets = resolved_targets(fitted(), (), reference=5.0, least=0.8)
    assert targets.errors == (pytest.approx(math.hypot(0.01, 0.2)),)
    assert "above the least loss met" in targets.reason
    assert resolved_targets(fitted(), (), least=0.99).errors == (0.01,)


def test_ranges_of_algorithm_two():
    g = np.logspace(-4, 0, 21)
    search = evaluate_ranges(estimate(g, quadratic(4, 0.3)(g), 1e-3), reference=1.0, least=0.3, dim=4)
    assert [(round(math.log10(r.low)), round(math.log10(r.high))) for r in search.ranges] == [
        (-4, -2),
        (-3, -1),
        (-2, 0),
    ]
    assert all(r.success_rate == 1 for r in search.ranges)
    assert search.best.low == pytest.approx(1e-4)
    analysis = analyse_ranges(search)
    assert abs(analysis.targets.values[0] - 0.3) < 2 * analysis.targets.errors[0] < 1e-4


def test_the_inverse_of_a_covariance_from_few_populations_has_no_bias():
    """By 2000 sets of 16 populations: the mean of the inverse is the inverse of the truth."""
    rng = np.random.default_rng(0)
    count, size = 16, 6
    truth = 0.01 * 0.8 ** np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    factor = np.linalg.cholesky(truth)
    inverse = np.zeros((size, size))
    for _ in range(2000):
        each = factor @ rng.normal(size=(size, count))
        centred = each - each.mean(1, keepdims=True)
        # As annealing states it, for the mean over the populations.
        stated = torch.from_numpy(centred @ centred.T / count / (count - 3))
        errors = stated.diagonal().sqrt()
        given = PartitionEstimate(
            torch.logspace(-3, -2, size, dtype=torch.float64),
            torch.zeros(size, dtype=torch.float64),
            errors,
            torch.full_like(errors, 1e4),
            "smc",
            (),
            {"populations": torch.from_numpy(each)},
            stated,
        )
        inverse += np.linalg.inv(known_covariance(given, torch.arange(size))) / 2000
    np.testing.assert_allclose(np.diag(inverse @ truth / count), 1, atol=0.05)


def test_covariances_of_other_routes_are_taken_as_they_are():
    matrix = torch.tensor([[1.0, 0.5], [0.5, 2.0]], dtype=torch.float64)
    g, zeros = torch.tensor([0.1, 0.2], dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    given = PartitionEstimate(g, zeros, matrix.diagonal().sqrt(), zeros + 1e4, "laplace", covariance=matrix)
    found = known_covariance(given, torch.arange(2))
    np.testing.assert_allclose(found, matrix.numpy() * (1 + 1e-3 * np.eye(2)), rtol=1e-9)


@pytest.mark.parametrize(("error", "ess"), [(2.0, 1e4), (1e-3, 50.0), (math.inf, 1e4)])
def test_estimates_that_fail_the_quick_test_give_no_targets(error, ess):
    g = np.logspace(-3, 0, 16)
    analysis = analyse_ranges(evaluate_ranges(estimate(g, quadratic(4, 0.3)(g), error, ess), 1.0, 0.3, 4))
    assert not analysis.targets
    assert "too few couplings" in analysis.targets.reason
    assert analysis.search.best is None


def test_data_that_the_expansion_does_not_describe_give_no_targets():
    g = np.logspace(-3, -1, 11)
    jagged = quadratic(4, 0.3)(g) + 100 * (-1.0) ** np.arange(11)
    analysis = analyse_ranges(evaluate_ranges(estimate(g, jagged, 1e-6), 1.0, 0.3, 4))
    assert not analysis.targets
    assert "no range" in analysis.targets.reason


# ---------------------------------------------------------------------------------------------------------------------
# From a loss


@pytest.mark.parametrize(("action", "least", "nu"), [("(x^2 - 1)^2 + 3/10", 0.3, 0.5), ("x^4 + y^2 + 1", 1.0, 0.75)])
def test_the_least_loss_and_its_exponent(action, least, nu):
    analysis = analyse_targets(surge.Landscape.from_action(action))
    (first, *_) = analysis.targets.values
    assert abs(first - least) < 3 * analysis.targets.errors[0] < 1e-4
    fit = analysis.search.best.fit
    assert abs(fit.nu - nu) < 0.05 * nu + 2 * fit.nu_error < 0.15 * nu


def test_nu_of_a_product_covers():
    """L = x^2 y^2 has nu = 1/2 and m = 2; nu alone would come out near 0.41."""
    analysis = analyse_targets(surge.Landscape.from_action("x^2*y^2"))
    fit = analysis.search.best.fit
    assert fit.multiplicity != 1
    assert abs(fit.nu - 0.5) < 2.5 * fit.nu_error < 0.4
    assert abs(analysis.targets.values[0]) < 3 * analysis.targets.errors[0] < 1e-4
    assert "not decided" in analysis.targets.reason


def test_a_constant_added_to_the_loss_and_its_unit():
    one = search_couplings(surge.Landscape.from_action("x^2 + x^4"), exponents=range(-3, 0))
    two = search_couplings(surge.Landscape.from_action("100*x^2 + 100*x^4 - 7"), exponents=range(-3, 0))
    assert two.reference == pytest.approx(100 * one.reference)
    assert two.best.fit.minimum + 7 == pytest.approx(100 * one.best.fit.minimum, abs=4 * two.best.fit.minimum_error)


def bowl(dim):
    """sum x^2/2 + x^4/10 + 0.3: nu = dim/2."""
    return surge.Landscape(lambda theta: 0.3 + (theta.square() / 2 + theta**4 / 10).sum(1), dim)


def test_annealing_alone_finds_the_least_loss_in_many_dimensions():
    analysis = analyse_targets(bowl(110))
    fit = analysis.search.best.fit
    assert analysis.search.estimate.method == "smc"
    assert abs(analysis.targets.values[0] - 0.3) < 3 * analysis.targets.errors[0] < 1e-2
    assert abs(fit.nu - 55) < 3 * fit.nu_error < 5


def test_annealing_ends_with_the_decade_in_which_it_fails(monkeypatch):
    told: list[float] = []
    whole = search_couplings(bowl(101), exponents=range(-3, 0), cooled=told.append)
    assert len(whole.ranges) == 3
    assert told == sorted(told, reverse=True)
    assert told[-1] == pytest.approx(float(whole.estimate.couplings[0]))
    errors, couplings = whole.estimate.std_error, whole.estimate.couplings
    # An error that the smallest coupling of the middle range exceeds, and those a decade above do not.
    monkeypatch.setattr(module, "LARGEST_ERROR", float((errors[5] * errors[10]).sqrt()))
    assert errors[10] < errors[5]
    short = search_couplings(bowl(101), exponents=range(-3, 0))
    assert [one.low for one in short.ranges] == [one.low for one in whole.ranges[1:]]
    torch.testing.assert_close(short.estimate.couplings, couplings[5:])
    torch.testing.assert_close(short.estimate.log_z, whole.estimate.log_z[5:])
    # However little is known, one range is there.
    monkeypatch.setattr(module, "LARGEST_ERROR", 0.0)
    assert len(search_couplings(bowl(101), exponents=range(-3, 0)).ranges) == 1


def test_the_paper_s_algorithm_gives_no_errors():
    targets = surge.find_targets(
        surge.Landscape.from_action("x^2 + x^4 + 1/2"), method="paper", partition="monte_carlo"
    )
    assert targets.errors is None
    assert "Algorithm 3" in targets.reason
    below = surge.find_targets(surge.Landscape.from_action("x^2 - 1/2"), method="paper", partition="monte_carlo")
    assert not below
    assert "positive initial loss" in below.reason


def test_a_polynomial_has_no_singularities_but_the_scan_finds_maxima_of_it():
    """Z = 1 + 3 g exactly: b = (1, 3), and what Algorithm 3 then finds is nothing of a landscape."""
    g = np.linspace(0.1, 1, 12)
    found = paper_targets(estimate(g, np.log(1 + 3 * g), 1e-6), 5.0)
    assert all(0 < value < 5 for value in found.values)


def test_a_loss_without_a_scale():
    with pytest.raises(ValueError, match="no scale"):
        surge.find_targets(surge.Landscape(lambda t: torch.ones_like(t[:, 0]), 2))
    with pytest.raises(ValueError, match="half of the base"):
        surge.find_targets(surge.Landscape(lambda t: torch.where(t[:, 0] > 1, t[:, 0], math.inf), 2))


def test_bad_arguments():
    land = surge.Landscape.from_action("x^2")
    with pytest.raises(ValueError, match="method"):
        surge.find_targets(land, method="borel")
    with pytest.raises(ValueError, match="method"):
        surge.find_targets(land, partition="magic")
    for exponents in (range(0), range(0, 4, 2), (0, 1)):
        with pytest.raises(ValueError, match="successive"):
            search_couplings(land, exponents=exponents)
    for loss in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="initial loss"):
            paper_targets(estimate(np.linspace(0.1, 1, 9), np.zeros(9), 0.1), loss)
    with pytest.raises(ValueError, match="couplings"):
        paper_targets(estimate([0.1, 0.2], [0.0, 0.0], 0.1), 1.0)


def test_least_losses_are_collected_from_all_routes():
    one = torch.ones(1, dtype=torch.float64)
    inner = PartitionEstimate(one, one, one, one, "laplace", diagnostics={"least_loss": 0.2})
    outer = PartitionEstimate(one, one, one, one, "smc", diagnostics={"routes": {"laplace": inner}})
    assert least_loss(outer) == 0.2
    assert least_loss(PartitionEstimate(one, one, one, one, "smc")) == math.inf
