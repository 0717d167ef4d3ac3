"""MBAR against tables of exact draws: L = |x|^2/2 under a standard normal, where everything is known in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, gammainc

from surge.partition import ThermalTable, mbar

LADDER = (0.0, 0.3, 1.0, 3.0, 10.0)
COUPLINGS = (5.0, 1.0, 0.25, 0.1)


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def table(seed=0, dim=3, ladder=LADDER, replicas=16, samples=50, spread=0.0):
    """At beta x is normal with variance 1/(1 + beta). A spread makes samples of a replica depend on each other."""
    generator = torch.Generator().manual_seed(seed)
    betas = tensor(ladder)
    x = torch.randn(len(betas), replicas, samples, dim, generator=generator, dtype=torch.float64)
    common = torch.randn(len(betas), replicas, 1, dim, generator=generator, dtype=torch.float64)
    x = math.sqrt(1 - spread) * x + math.sqrt(spread) * common
    return ThermalTable(betas, x.square().sum(-1) / 2 / (1 + betas)[:, None, None])


def rms(scores):
    return float(torch.stack(scores).square().mean(0).sqrt().max()), float(
        torch.stack(scores).square().mean(0).sqrt().min()
    )


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_errors_are_the_actual_ones(spread):
    beta = 1 / tensor(COUPLINGS)
    levels = tensor([0.05, 0.3, 1.0, 3.0])
    exact = {
        "log_z": -1.5 * torch.log1p(beta),
        "mean": 1.5 / (1 + beta),
        "capacity": 1.5 * (beta / (1 + beta)) ** 2,
        "volume": torch.log(tensor(gammainc(1.5, levels.numpy()))),
    }
    scores = {name: [] for name in exact}
    for seed in range(40):
        curve = mbar(table(seed, spread=spread))
        est, volumes = curve.log_z(COUPLINGS), curve.sublevel_volumes(levels)
        for name, (value, error) in {
            "log_z": (est.log_z, est.std_error),
            "mean": curve.mean_loss(COUPLINGS),
            "capacity": curve.heat_capacity(COUPLINGS),
            "volume": (volumes.log_volume, volumes.std_error),
        }.items():
            scores[name].append((value - exact[name]) / error)
    for name, each in scores.items():
        high, low = rms(each)
        # The root mean square of 40 numbers from t, 15 degrees of freedom, lies in this range with 99.9 %.
        assert low > 0.62, (name, low)
        assert high < 1.45, (name, high)


def test_the_estimating_equations_hold():
    data = table(3)
    curve = mbar(data)
    f, flat = curve.free_energies, data.losses.flatten()
    count = data.losses[0].numel()
    denominator = torch.logsumexp(math.log(count) + f - flat[:, None] * data.betas, 1)
    residual = torch.logsumexp(-flat[:, None] * data.betas - denominator[:, None], 0) + f
    assert float(residual.abs().max()) < 1e-10
    est = curve.log_z((1 / data.betas[1:]).tolist())
    torch.testing.assert_close(est.log_z, -f[1:], rtol=0, atol=1e-10)


def test_two_temperatures_are_bennett_s_ratio():
    """Bennett 1976: sum over the hot of sigma(-beta L - c) equals that over the cold of sigma(beta L + c)."""
    data = table(4, ladder=(0.0, 2.0))
    hot, cold = (2.0 * x.flatten().numpy() for x in data.losses)
    root = brentq(lambda c: expit(-hot - c).sum() - expit(cold + c).sum(), -20, 20, xtol=1e-13)
    assert abs(float(mbar(data).log_z([0.5]).log_z) - root) < 1e-9


def test_the_error_is_the_jackknife_over_replicas():
    data = table(5, replicas=12, samples=200)
    est = mbar(data).log_z(COUPLINGS)
    left = [
        mbar(ThermalTable(data.betas, torch.cat([data.losses[:, :r], data.losses[:, r + 1 :]], 1))).log_z(COUPLINGS)
        for r in range(12)
    ]
    values = torch.stack([x.log_z for x in left])
    centred = values - values.mean(0)
    # (R - 1)/R times the sum of squares, and (R - 1)/(R - 3) for Student's t.
    jackknife = centred.mT @ centred * (11 / 12) * (11 / 9)
    torch.testing.assert_close(est.covariance, jackknife, rtol=0.1, atol=1e-9)


@settings(max_examples=8, deadline=None)
@given(shift=st.floats(-50, 50), scale=st.floats(0.01, 100))
def test_units_and_origin_of_the_loss(shift, scale):
    data = table(6)
    moved = ThermalTable(data.betas / scale, data.losses * scale + shift)
    one, other = mbar(data).log_z(COUPLINGS), mbar(moved).log_z([scale * g for g in COUPLINGS])
    torch.testing.assert_close(other.log_z, one.log_z - shift / other.couplings, rtol=0, atol=1e-8)
    torch.testing.assert_close(other.std_error, one.std_error, rtol=1e-6, atol=1e-9)


def test_blocks_change_nothing(monkeypatch):
    import sys

    whole = mbar(table(7))
    monkeypatch.setattr(sys.modules["surge.partition.mbar"], "_BLOCK", 1000)
    pieces = mbar(table(7))
    torch.testing.assert_close(pieces.log_z(COUPLINGS).log_z, whole.log_z(COUPLINGS).log_z, rtol=0, atol=1e-10)
    torch.testing.assert_close(
        pieces.log_z(COUPLINGS).covariance, whole.log_z(COUPLINGS).covariance, rtol=1e-6, atol=1e-12
    )
    for one, other in zip(pieces.heat_capacity(COUPLINGS), whole.heat_capacity(COUPLINGS), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=0)


def test_a_wall_at_beta_zero():
    """Half of the base measure has an infinite loss, the other half as before."""
    data = table(8, samples=400)
    losses = data.losses.clone()
    losses[0, :, ::2] = math.inf
    curve = mbar(ThermalTable(data.betas, losses))
    est = curve.log_z(COUPLINGS)
    exact = -1.5 * torch.log1p(1 / est.couplings) - math.log(2)
    assert float(((est.log_z - exact) / est.std_error).abs().max()) < 4
    mean, error = curve.mean_loss([0.1])
    assert abs(float(mean) - 1.5 / 11) < 4 * float(error)
    assert float(curve.sublevel_volumes([100.0]).log_volume.exp()) == pytest.approx(0.5, abs=0.05)


def test_volumes_where_nothing_was_seen_and_where_all_was():
    volumes = mbar(table(9)).sublevel_volumes([-1.0, 1e-9, 1e6])
    assert volumes.log_volume[:2].tolist() == [-math.inf, -math.inf]
    assert volumes.std_error[:2].tolist() == [math.inf, math.inf]
    assert abs(float(volumes.log_volume[2])) < 1e-9
    # A level that a handful of samples has reached has no known error.
    data = table(9)
    few = float(data.losses.flatten().sort().values[4])
    assert mbar(data).sublevel_volumes([few]).std_error.item() == math.inf


def test_temperatures_that_share_nothing_are_refused():
    losses = torch.stack([torch.full((8, 10), 1e6), torch.zeros(8, 10)]).double()
    with pytest.raises(ValueError, match="share no losses"):
        mbar(ThermalTable(tensor([0.0, 1.0]), losses))


def test_a_far_start_is_brought_home():
    """Rungs so far apart that the thermodynamic integral is off by much."""
    data = table(10, dim=1, ladder=(0.0, 400.0), samples=400)
    est = mbar(data).log_z([1 / 400])
    assert abs(float(est.log_z) + math.log(401) / 2) < 4 * float(est.std_error)


def test_outside_the_ladder():
    with pytest.raises(ValueError, match=r"the ladder ends at g = 0\.1"):
        mbar(table()).log_z([0.05])
    with pytest.raises(TypeError, match="ThermalTable"):
        mbar(torch.zeros(2, 8, 5))


GOOD = torch.zeros(2, 8, 5, dtype=torch.float64)


@pytest.mark.parametrize(
    ("betas", "losses", "message"),
    [
        ([0.0], GOOD[:1], "T >= 2"),
        ([0.0, 1.0], GOOD[0], "T >= 2"),
        ([0.0, 1.0, 2.0], GOOD, "T >= 2"),
        ([0.0, 1.0], GOOD[:, :1], "2 replicas"),
        ([0.0, 1.0], GOOD.float(), "float64"),
        ([0.5, 1.0], GOOD, "rise from 0"),
        ([0.0, 0.0], GOOD, "rise from 0"),
        ([0.0, math.inf], GOOD, "rise from 0"),
        ([0.0, 1.0], GOOD + math.nan, "finite"),
        ([0.0, 1.0], GOOD - math.inf, "finite"),
        ([0.0, 1.0], GOOD + math.inf, "finite"),
    ],
)
def test_a_table_is_checked(betas, losses, message):
    with pytest.raises(ValueError, match=message):
        ThermalTable(tensor(betas), losses)
