"""Parallel tempering: exchanges and paths leave the right distribution, and log Z comes out where annealing fails."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from surge.landscape import Landscape
from surge.partition import tempering
from surge.partition.hamiltonian import Masses, Particles, move
from surge.partition.random_streams import RandomStreams
from surge.partition.smc import Rung, anneal
from surge.partition.tempering import Ladder, exchange, temper

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


@settings(max_examples=50, deadline=None)
@given(rungs=st.integers(2, 7), parity=st.integers(0, 1), seed=st.integers(0, 1000))
def test_neighbours_alone_exchange(rungs, parity, seed):
    generator = torch.Generator().manual_seed(seed)
    losses, uniform = (torch.rand(rungs, 3, 2, generator=generator, dtype=torch.float64) for _ in range(2))
    betas = 5 * torch.arange(rungs, dtype=torch.float64)
    order = exchange(betas, losses, parity, uniform)
    for r in range(3):
        for c in range(2):
            places = order[:, r, c].tolist()
            for k in range(parity, rungs - 1, 2):
                chance = math.exp(min(0.0, float((betas[k + 1] - betas[k]) * (losses[k + 1] - losses[k])[r, c])))
                swapped = float(uniform[k, r, c]) < chance
                assert places[k : k + 2] == ([k + 1, k] if swapped else [k, k + 1])
            assert sorted(places) == list(range(rungs))


def test_an_infinite_loss_goes_to_the_hot_side():
    betas = tensor([0.0, 1.0])
    half = torch.full((2, 1, 1), 0.5).double()
    hot_infinite = tensor([math.inf, 1.0]).reshape(2, 1, 1)
    assert exchange(betas, hot_infinite, 0, half).flatten().tolist() == [0, 1]


def exact_start(land, curvature, betas, chains, seed):
    """States drawn from exp(-beta c |u|^2/2) times the standard normal density: the chains are where they end."""
    generator = torch.Generator().manual_seed(seed)
    rungs = []
    for beta in betas:
        u = torch.randn(1, 16, chains, land.dim, generator=generator, dtype=torch.float64)
        at = Particles.at(land.whitened(), u / math.sqrt(1 + curvature * beta))
        rungs.append(Rung(beta, at, Masses.crosswise(at.u), 0.7, torch.zeros(16), 1.0, 1.0))
    return rungs


def test_chains_keep_their_distribution():
    land, betas = Landscape(lambda t: 2 * t.square().sum(1), 3), (0.0, 0.5, 2.0, 8.0)
    tempered = temper(land, exact_start(land, 4.0, betas, 8, 0), 1, 60)
    # 2 |u|^2 has the mean 2 d/(1 + 4 beta) and the variance 8 d/(1 + 4 beta)^2.
    means = tempered.table.losses.mean(2)
    exact = 6 / (1 + 4 * tensor(betas))
    score = (means.mean(1) - exact) / (means.std(1) / 4)
    assert float(score.abs().max()) < 4
    squares = (tempered.table.losses - exact[:, None, None]).square().mean(2)
    score = (squares.mean(1) - 2 * exact.square() / 3) / (squares.std(1) / 4)
    assert float(score.abs().max()) < 4
    assert tempered.round_trips > 50
    assert bool((tempered.refused < 0.7).all())
    assert float(tempered.acceptance.min()) > 0.6


@pytest.mark.parametrize("dim", [2, 260])
def test_a_path_keeps_the_distribution(dim):
    """Above 256 dimensions with variances alone; two temperatures whose paths have different lengths."""
    land, betas = Landscape(lambda t: t.square().sum(1) / 2, dim), tensor([1.0, 50.0])
    start = torch.randn(2, 8, 40, dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    at = Particles.at(land, start / (1 + betas).sqrt()[:, None, None, None])
    masses, streams = Masses.crosswise(at.u), RandomStreams(0, range(8), CPU)
    rates = []
    for _ in range(6):
        at, chance = move(land, at, betas, tensor([1.2, 0.3]), masses, streams)
        rates.append(chance.mean((1, 2)))
    scaled = at.losses * (1 + betas)[:, None, None]
    score = (scaled.mean((1, 2)) - dim / 2) / math.sqrt(dim / 2 / 320)
    assert float(score.abs().max()) < 4
    torch.testing.assert_close(at.losses, land(at.u.reshape(-1, dim)).reshape(2, 8, 40))
    # The error in the energy grows with the step.
    longer, shorter = torch.stack(rates).mean(0).tolist()
    assert longer < shorter


def test_a_population_does_not_know_the_others():
    streams = RandomStreams(7, range(4), CPU)
    alone = RandomStreams(7, [2], CPU)
    assert torch.equal(streams.normal((2, 3), torch.float64)[:, 2], alone.normal((2, 3), torch.float64)[:, 0])
    assert torch.equal(streams.common(3), alone.common(3))
    assert not torch.equal(streams.uniform((5,)), RandomStreams(7, range(4), CPU, purpose=1).uniform((5,)))


def test_the_ladder_s_neighbours_exchange():
    land = Landscape(lambda t: t.square().sum(1) * 50, 6)
    ladder = Ladder(2)
    for rung in anneal(land, [0.1], particles=64):
        ladder.add(rung)
    rungs = ladder.rungs()
    assert rungs[0].beta == 0.0
    assert rungs[-1].beta == 10.0
    assert rungs[0].particles.u.shape == (1, 16, 2, 6)
    tempered = temper(land, rungs, 0, 40)
    # The ladder aims at one half.
    assert 0.2 < float(tempered.refused.max()) < 0.7


def test_stated_errors_are_the_actual_ones():
    land = Landscape(lambda t: 8 * t.square().sum(1), 2)
    exact = -torch.log1p(16 / tensor([1.0, 0.1]))
    scores = []
    for seed in range(12):
        est = tempering(land, [1.0, 0.1], seed=seed, particles=16, chains=2, sweeps=40)
        scores.append((est.log_z - exact) / est.std_error)
        assert float(est.std_error.max()) < 0.2
    spread = torch.stack(scores).square().mean(0).sqrt()
    # The root mean square of 12 numbers from t, 15 degrees of freedom, is in this range with 99.8 %.
    assert float(spread.min()) > 0.4
    assert float(spread.max()) < 1.8


def test_a_constant_loss_is_exact():
    est = tempering(Landscape(lambda t: torch.full_like(t[:, 0], 3.0), 2), [1.0, 0.5], particles=16, sweeps=10)
    torch.testing.assert_close(est.log_z, -3 / est.couplings, rtol=0, atol=1e-9)


def test_seed_and_input():
    land = Landscape(lambda t: t.square().sum(1), 2)
    state = torch.get_rng_state()
    one, again = (tempering(land, [1.0], seed=3, particles=16, sweeps=10) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one.log_z, again.log_z)
    assert not torch.equal(one.log_z, tempering(land, [1.0], seed=4, particles=16, sweeps=10).log_z)
    assert one.diagnostics["table"].losses.shape[1:] == (16, 4 * 8)
    for options, message in (
        ({"chains": 0}, "chains must be"),
        ({"sweeps": 9}, "sweeps must be"),
        ({"particles": 16, "chains": 17}, "at most 16 chains"),
    ):
        with pytest.raises(ValueError, match=message):
            tempering(land, [1.0], **options)


def test_chains_that_hardly_move_say_so():
    land = Landscape(lambda t: 2 * t.square().sum(1), 3)
    tempered = temper(land, exact_start(land, 4.0, (0.0, 0.5), 4, 0), 1, 10)
    stuck = replace(tempered, acceptance=tensor([0.1]))
    assert any("hardly moved" in w for w in stuck.estimate(tensor([2.0])).warnings)
    assert not any("hardly moved" in w for w in tempered.estimate(tensor([2.0])).warnings)
