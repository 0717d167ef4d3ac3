"""Bridge sampling against closed forms, an equation solved by another algorithm, and torch's own mixtures."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from surge.landscape import Landscape
from surge.partition import bridge
from surge.partition.bridge import GaussianMixture, optimal_bridge
from surge.partition.random_streams import RandomStreams


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def shifted(mean, scale, log_z, seed):
    """log p/q for q standard normal, p normal times e^log_z, at samples of p and of q; 8 replicas of 100."""
    at_p, at_q = mean + scale * draws(8, 100, seed=seed), draws(8, 100, seed=seed + 1000)

    def ratio(x):
        return log_z - math.log(scale) - ((x - mean) / scale).square() / 2 + x.square() / 2

    return ratio(at_p), ratio(at_q)


@settings(max_examples=30, deadline=None)
@given(mean=st.floats(-2, 2), scale=st.floats(0.3, 2.0), log_z=st.floats(-1000, 1000), seed=st.integers(0, 100))
def test_the_equation_is_solved_and_turns_round(mean, scale, log_z, seed):
    p, q = shifted(mean, scale, log_z, seed)
    value, influence, overlap = optimal_bridge(p, q)
    root = brentq(
        lambda x: expit((q - log_z).numpy() - x).sum() - expit(x - (p - log_z).numpy()).sum(), -60, 60, xtol=1e-13
    )
    assert abs(float(value) - log_z - root) < 1e-9
    # With p and q exchanged the ratio of their integrals is the inverse.
    back, turned, common = optimal_bridge(-q, -p)
    assert abs(float(back + value)) < 1e-9
    torch.testing.assert_close(turned, -influence, rtol=1e-6, atol=1e-9)
    assert float(common) == pytest.approx(float(overlap), rel=1e-6)
    assert abs(float(influence.sum())) < 1e-8


def test_the_influence_is_the_spread_of_repetitions():
    values, stated = [], []
    for seed in range(200):
        value, influence, _ = optimal_bridge(*shifted(1.0, 0.7, 3.0, seed))
        values.append(value)
        stated.append(influence.square().sum() * 8 / 7)
    # The variance of 200 normal numbers has a relative standard deviation of 0.1.
    assert float(torch.stack(values).var() / torch.stack(stated).mean()) == pytest.approx(1.0, abs=0.4)
    assert abs(float(torch.stack(values).mean()) - 3.0) < 4 * float(torch.stack(values).std()) / math.sqrt(200)


def test_the_overlap_of_equal_and_of_distant_densities():
    p, q = shifted(0.0, 1.0, 5.0, 0)
    assert float(optimal_bridge(p, q)[2]) == pytest.approx(1.0)
    assert float(optimal_bridge(*shifted(8.0, 1.0, 5.0, 0))[2]) < 0.01


def test_a_point_where_the_target_vanishes():
    p, q = shifted(0.0, 1.0, 0.0, 0)
    half = torch.where(torch.arange(100) % 2 == 0, q, -math.inf)
    # Half of q's draws have no weight: Z is 1/2.
    value, influence, _ = optimal_bridge(p, half)
    assert float(value) == pytest.approx(math.log(0.5), abs=0.1)
    assert bool(influence.isfinite().all())


def example():
    root = tensor([[[1.0, 0.0], [0.5, 0.3]], [[0.2, 0.0], [0.0, 2.0]]])
    return GaussianMixture(tensor([0.3, 0.7]), tensor([[-2.0, 0.0], [3.0, 1.0]]), root)


def test_the_mixture_is_torch_s():
    mine = example()
    theirs = MixtureSameFamily(Categorical(mine.weights), MultivariateNormal(mine.means, scale_tril=mine.factors))
    x = 3 * draws(7, 5, 2)
    torch.testing.assert_close(mine.log_density(x), theirs.log_prob(x))
    uniform = torch.rand(20000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    drawn = mine.transport(draws(20000, 2, seed=2), uniform)
    # Four standard errors of the mean and of the second moments.
    assert float((drawn.mean(0) - theirs.mean).abs().max()) < 4 * 2.6 / math.sqrt(20000)
    assert float((drawn.var(0) - theirs.variance).abs().max()) < 4 * 10 / math.sqrt(20000)


def test_a_mixture_is_found_in_its_samples():
    truth = example()
    uniform = torch.rand(8, 500, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    x = truth.transport(draws(8, 500, 2, seed=4), uniform)
    found = GaussianMixture.chosen(x, RandomStreams(0, range(8), torch.device("cpu")))
    assert len(found.weights) >= 2
    fresh = truth.transport(
        draws(4000, 2, seed=5), torch.rand(4000, generator=torch.Generator().manual_seed(6)).double()
    )
    # The Kullback-Leibler divergence of a fit with 11 parameters to 4000 samples is 11/8000 on average.
    assert float((truth.log_density(fresh) - found.log_density(fresh)).mean()) < 0.02
    one = GaussianMixture.chosen(draws(8, 500, 2, seed=7), RandomStreams(0, range(8), torch.device("cpu")))
    assert float(-(one.log_density(fresh := draws(4000, 2, seed=8)) + fresh.square().sum(1) / 2).mean()) < 1.9


def test_a_tenth_of_the_samples_of_annealing_s_error():
    """On a Gaussian the bridge is exact up to the fit."""
    land = Landscape(lambda t: ((t - 0.5) ** 2 * torch.arange(1, 6)).sum(1), 5)
    beta = 1 / tensor([1.0, 0.1])
    scales = 2 * torch.arange(1, 6) * beta[:, None]
    exact = -(torch.log1p(scales) + 0.25 * scales / (1 + scales)).sum(1) / 2
    scores = []
    for seed in range(12):
        est = bridge(land, [1.0, 0.1], seed=seed, particles=32)
        assert float(est.std_error.max()) < 0.02
        assert not est.warnings
        scores.append((est.log_z - exact) / est.std_error)
    spread = torch.stack(scores).square().mean(0).sqrt()
    # The root mean square of 12 numbers from t, 14 degrees of freedom, is in this range with 99.8 %.
    assert float(spread.min()) > 0.4
    assert float(spread.max()) < 1.8


def test_two_modes():
    # L = -log of two normal densities of variance s: exp(-L) pi integrates to a closed form.
    centre, s = 2.0, 0.05
    norm = math.log(2 * math.pi * s)

    def loss(t):
        parts = torch.stack([-((t - c) ** 2).sum(1) / (2 * s) for c in (centre, -centre)])
        return norm + math.log(2) - parts.logsumexp(0)

    exact = -math.log(2 * math.pi * (1 + s)) - 2 * centre**2 / (2 * (1 + s))
    est = bridge(Landscape(loss, 2), [1.0], seed=1, particles=128)
    assert min(est.diagnostics["components"][0]) >= 2
    assert float(est.diagnostics["overlap"][0]) > 0.9
    assert abs(float(est.log_z) - exact) < 4 * float(est.std_error) < 0.1


def test_a_poor_fit_says_so():
    # A thin shell in eight dimensions is no Gaussian mixture.
    land = Landscape(lambda t: (t.norm(dim=1) - 1).square(), 8)
    est = bridge(land, [1e-5], seed=0, particles=16)
    assert any("shares only" in w for w in est.warnings)


def test_order_seed_and_input():
    land = Landscape(lambda t: t.square().sum(1), 2)
    state = torch.get_rng_state()
    one, again = (bridge(land, [0.1, 1.0, 0.1], seed=2, particles=16) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one.log_z, again.log_z)
    assert float(one.log_z[0]) == float(one.log_z[2]) < float(one.log_z[1])
    torch.testing.assert_close(one.covariance.diagonal().sqrt(), one.std_error)
    with pytest.raises(ValueError, match="256"):
        bridge(Landscape(lambda t: t.sum(1), 257), [1.0])
    with pytest.raises(ValueError, match="at least 16"):
        bridge(land, [1.0], particles=8)
