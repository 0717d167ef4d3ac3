"""Sublevel volumes against distribution functions that are known, and log Z from them."""

from __future__ import annotations

import importlib
import itertools
import math

import mpmath
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, kstest, ncx2, norm
from torch.distributions import Laplace, MultivariateNormal

from surge.landscape import Landscape
from surge.partition.nested import nested, sublevel_volumes
from surge.partition.sublevel import SublevelVolumes

INF = math.inf
# The package exports the function of the same name.
module = importlib.import_module("surge.partition.nested")


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def half_square(dim, shift=0.0):
    return Landscape(lambda t: (t - shift).square().sum(1) / 2, dim)


def scores(volumes, exact):
    return (volumes.log_volume - torch.as_tensor(exact)) / volumes.std_error


# -- the volumes and their Laplace transform ---------------------------------------------------------------------------


@given(
    steps=st.lists(st.tuples(st.floats(0.01, 3), st.floats(0, 20)), min_size=1, max_size=6),
    top=st.floats(-5, 0),
    start=st.floats(-3, 3),
    g=st.floats(0.02, 50),
)
@settings(max_examples=40, deadline=None)
def test_the_laplace_transform_of_a_log_linear_volume_is_exact(steps, top, start, g):
    t = start + torch.cat([tensor([0.0]), tensor([w for w, _ in steps]).cumsum(0)])
    rise = tensor([r for _, r in steps])
    log_b = top - torch.cat([rise.flip(0).cumsum(0).flip(0), tensor([0.0])])
    found = SublevelVolumes(t, log_b, torch.zeros_like(t), "exact").log_z([g]).item()
    with mpmath.workdps(60):
        # The antiderivative of e^(-x/g) B(x)/g on each piece, at sixty digits.
        points = [(mpmath.mpf(x), mpmath.mpf(y)) for x, y in zip(t.tolist(), log_b.tolist(), strict=True)]
        total = mpmath.exp(points[-1][1] - points[-1][0] / g)
        for (x, y), (x_next, y_next) in itertools.pairwise(points):
            low, high = y - x / g, y_next - x_next / g
            mean = mpmath.exp(low) if low == high else (mpmath.exp(high) - mpmath.exp(low)) / (high - low)
            total += (x_next - x) / g * mean
        total = mpmath.log(total)
    assert found == pytest.approx(float(total), abs=1e-9, rel=1e-9)


def test_equal_exponents_and_levels_that_nobody_has_seen():
    # log B rises as fast as the weight falls: the integrand is constant.
    t = tensor([0.0, 0.5])
    volumes = SublevelVolumes(t, tensor([-1.0, -0.5]), 0 * t, "exact")
    assert volumes.log_z([1.0]).item() == pytest.approx(math.log(0.5 * math.exp(-1) + math.exp(-1)), abs=1e-14)
    unseen = SublevelVolumes(tensor([-1.0, 0.0, 0.5]), tensor([-INF, -1.0, -0.5]), tensor([INF, 0.0, 0.0]), "exact")
    assert torch.equal(unseen.log_z([1.0, 0.1]), volumes.log_z([1.0, 0.1]))
    nothing = SublevelVolumes(t, tensor([-INF, -INF]), tensor([INF, INF]), "exact")
    assert nothing.log_z([1.0]).tolist() == [-INF]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"levels": [0.0, 1.0]}, "must be a float64 tensor"),
        ({"levels": torch.zeros(2)}, "must be a float64 tensor"),
        ({"levels": tensor([1.0, 0.0])}, "ascending"),
        ({"levels": tensor([0.0, INF])}, "finite"),
        ({"levels": tensor([])}, "one shape"),
        ({"log_volume": tensor([-1.0])}, "one shape"),
        ({"log_volume": tensor([-1.0, math.nan])}, "NaN"),
        ({"log_volume": tensor([-1.0, 0.1])}, "at most 0"),
        ({"log_volume": tensor([-1.0, -2.0])}, "must not fall"),
        ({"log_volume": tensor([-INF, -1.0])}, "infinite where"),
        ({"std_error": tensor([-0.1, 0.1])}, "negative"),
    ],
)
def test_volumes_that_are_none(change, message):
    good = {"levels": tensor([0.0, 1.0]), "log_volume": tensor([-1.0, 0.0]), "std_error": tensor([0.1, 0.1])}
    assert SublevelVolumes(**good, method="x")
    with pytest.raises((TypeError, ValueError), match=message):
        SublevelVolumes(**{**good, **change}, method="x")


def test_volumes_print_their_warnings():
    text = str(SublevelVolumes(tensor([0.5]), tensor([-1.25]), tensor([0.1]), "nested", ("beware",)))
    assert text == "log B by nested\nt = 0.5: -1.25 ± 0.1\nwarning: beware"


# -- nested sampling of known distribution functions ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("dim", "depths", "options"),
    [
        (1, (0.1, 1, 5, 20), {"points": 64}),
        (10, (0.1, 1, 10, 40), {"points": 32}),
        (100, (1, 20, 50), {"points": 16, "runs": 8}),
    ],
)
def test_volumes_of_balls(dim, depths, options):
    # L = |theta|^2/2: 2 L is chi-square, and small t stand at log B = log of t^(d/2)/Gamma(d/2 + 1) and less.
    def depth(log_t):
        return -chi2.logcdf(2 * math.exp(log_t), dim)

    levels = []
    for wanted in sorted(depths, reverse=True):
        low, high = -80.0, 8.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if depth(middle) > wanted else (low, middle)
        levels.append(math.exp(low))
    volumes = sublevel_volumes(half_square(dim), levels, seed=3, **options)
    assert volumes.warnings == ()
    assert float(scores(volumes, [-float(x) for x in sorted(depths, reverse=True)]).abs().max()) < 4
    # The error of ideal draws, sqrt(-log B/(runs x points)), within the scatter of an error from 8 or 16 runs.
    ideal = (tensor(sorted(depths, reverse=True)) / options["points"] / options.get("runs", 16)).sqrt()
    assert float((volumes.std_error / ideal).max()) < 3
    assert float((volumes.std_error / ideal).min()) > 0.3


def test_stated_errors_are_the_actual_ones():
    # A ball off the centre of the base measure: the non-central chi-square distribution.
    levels = [0.01, 0.3, 3.0]
    exact = ncx2.logcdf([2 * t for t in levels], 3, 3 * 0.5**2)
    z = torch.stack([scores(sublevel_volumes(half_square(3, 0.5), levels, s, points=16), exact) for s in range(15)])
    rms = z.square().mean(0).sqrt()
    # The root mean square of 15 normal numbers is in this range with a probability of 99.8 %.
    assert float(rms.min()) > 0.5, rms
    assert float(rms.max()) < 1.6, rms


def test_log_z_of_a_shifted_and_correlated_gaussian():
    base = MultivariateNormal(tensor([5.0, -3.0]), tensor([[4.0, 1.9], [1.9, 1.0]]))
    inverse = torch.linalg.inv(base.covariance_matrix)
    land = Landscape(lambda t: ((t - base.loc) @ inverse * (t - base.loc)).sum(1) / 2, 2, base)
    est = nested(land, [1.0, 0.1, 1e-3], seed=1, points=64)
    exact = -torch.log1p(1 / est.couplings)
    assert est.warnings == ()
    assert float(((est.log_z - exact) / est.std_error).abs().max()) < 4
    assert float(est.std_error.max()) < 0.2
    assert torch.allclose(est.covariance.diagonal().sqrt(), est.std_error)
    # The same deaths, read at a hundred levels: a second way from B to Z.
    volumes = est.diagnostics["volumes"]
    assert torch.allclose(volumes.log_z(est.couplings), est.log_z, atol=0.15)


def test_a_correlated_landscape_far_narrower_in_one_direction():
    matrix = tensor([[1.0, 0.999, 0.0], [0.999, 1.0, 0.0], [0.0, 0.0, 1e-3]])
    land = Landscape(lambda t: (t @ matrix * t).sum(1) / 2, 3)
    exact = -torch.logdet(torch.eye(3, dtype=torch.float64) + matrix / 1e-3) / 2
    est = nested(land, [1e-3], seed=2, points=64)
    assert abs(float((est.log_z - exact) / est.std_error)) < 4


def test_variances_alone_in_many_dimensions(monkeypatch):
    monkeypatch.setattr(module, "_MAX_DENSE", 2)
    scales = tensor([1.0, 10.0, 100.0])
    est = nested(Landscape(lambda t: (scales * t).square().sum(1) / 2, 3), [0.1], seed=1, points=64)
    exact = -torch.log1p(scales.square() / 0.1).sum() / 2
    assert abs(float((est.log_z - exact) / est.std_error)) < 4


# -- losses that are no smooth functions -------------------------------------------------------------------------------


def test_plateaus_are_passed():
    # Of whole numbers only: B jumps at each, and half a unit above a plateau the volume is that of the plateau.
    land = Landscape(lambda t: (4 * t[:, 0].abs()).floor(), 1)
    volumes = sublevel_volumes(land, [0.5, 1.5, 3.0, 7.5], seed=1, points=64)
    exact = [math.log(2 * norm.cdf(x / 4) - 1) for x in (1, 2, 4, 8)]
    assert float(scores(volumes, exact).abs().max()) < 4
    est = nested(land, [1.0, 0.05], seed=1, points=64)
    mass = [2 * (norm.cdf((n + 1) / 4) - norm.cdf(n / 4)) for n in range(60)]
    for g, value, error in zip(est.couplings.tolist(), est.log_z.tolist(), est.std_error.tolist(), strict=True):
        assert abs(value - math.log(sum(m * math.exp(-n / g) for n, m in enumerate(mass)))) < 4 * error


def test_a_flat_minimum_ends_the_descent():
    land = Landscape(lambda t: (t[:, 0].abs() - 0.1).clamp(min=0.0), 1)
    volumes = sublevel_volumes(land, seed=1, points=64)
    assert volumes.levels[0].item() == 0.0
    assert abs((volumes.log_volume[0].item() - math.log(2 * norm.cdf(0.1) - 1)) / volumes.std_error[0].item()) < 4
    est = nested(land, [1e-6], seed=2, points=64)
    assert abs((est.log_z.item() - math.log(2 * norm.cdf(0.1) - 1)) / est.std_error.item()) < 4


def test_a_constant_loss():
    est = nested(Landscape(lambda t: torch.full_like(t[:, 0], 2.0), 2), [1.0, 0.5], points=16)
    assert torch.allclose(est.log_z, tensor([-2.0, -4.0]), atol=1e-12)
    volumes = sublevel_volumes(Landscape(lambda t: torch.full_like(t[:, 0], 2.0), 2), [1.0, 2.0], points=16)
    assert volumes.log_volume.tolist() == [-INF, 0.0]
    assert volumes.std_error[0].item() == INF
    # No point of 256 has died: it is told to no more than one of them.
    assert volumes.std_error[1].item() == pytest.approx(1 / 256)
    assert "not every run has seen a loss" in volumes.warnings[0]


def test_infinite_losses_have_no_weight():
    def fn(t):
        return torch.where(t[:, 0] > 0.5, t.square().sum(1) / 2, INF)

    est = nested(Landscape(fn, 2), [1.0, 0.1], seed=4, points=64)
    beta = 1 / est.couplings
    # exp(-b x^2/2) pi is a Gaussian again, of variance 1/(1 + b).
    exact = [math.log(norm.sf(0.5 * math.sqrt(1 + b)) / (1 + b)) for b in beta.tolist()]
    assert float(((est.log_z - tensor(exact)) / est.std_error).abs().max()) < 4
    with pytest.raises(ValueError, match=r"\+inf at all of the 16 draws"):
        nested(Landscape(lambda t: torch.full_like(t[:, 0], INF), 1), [1.0], points=16)


def test_a_loss_without_a_gradient_turns_the_billiards_back():
    land = Landscape(lambda t: t.detach().square().sum(1) / 2, 2)
    volumes = sublevel_volumes(land, [1e-4, 0.1], seed=1, points=64)
    assert float(scores(volumes, torch.log(-torch.expm1(-volumes.levels))).abs().max()) < 4


def test_levels_below_the_minimum_are_given_up():
    volumes = sublevel_volumes(half_square(2), [-1.0, 0.5], points=16, moves=2)
    assert volumes.log_volume[0].item() == -INF
    assert volumes.std_error[0].item() == INF
    assert volumes.std_error[1].item() < 0.2
    assert volumes.log_z([1.0]).isfinite().all()


def test_a_descent_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(module, "_DEEPEST", 2.0)
    est = nested(half_square(2), [1e-6], points=16, moves=2)
    assert any("ended where log B had fallen to -2" in w for w in est.warnings)
    volumes = sublevel_volumes(half_square(2), [1e-6], points=16, moves=2)
    assert any("ended where log B had fallen to -2" in w for w in volumes.warnings)


# -- the parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0.2, 1.5])
def test_billiards_keep_the_constrained_measure(step):
    # Exact draws of a standard normal within an ellipse that the axes of motion do not know.
    generator = torch.Generator().manual_seed(7)
    land = Landscape(lambda t: t[:, 0].square() + (t[:, 1] - t[:, 0]).square() * 4, 2)
    draws = torch.randn(60000, 2, generator=generator, dtype=torch.float64)
    exact = draws[land(draws) < 1.0]
    u = exact[:2000]
    levels = torch.ones(20, dtype=torch.float64)
    moved, after, straight = module._billiard(land, u, land(u).reshape(20, 100), levels, step, 5, generator)
    after = after.flatten()
    assert torch.equal(after, land(moved))
    assert float(after.max()) < 1
    assert 0.05 < straight < 0.99
    assert float((moved != u).any(1).double().mean()) > 0.9
    for direction in (tensor([1.0, 0.0]), tensor([0.0, 1.0]), tensor([1.0, -1.0])):
        assert kstest((moved @ direction).numpy(), (exact[2000:] @ direction).numpy()).pvalue > 1e-3
    assert kstest(after.numpy(), land(exact[2000:]).numpy()).pvalue > 1e-3


def test_axes_follow_correlations_and_no_chance():
    generator = torch.Generator().manual_seed(3)
    draws = torch.randn(1024, 30, generator=generator, dtype=torch.float64).repeat(2, 1)[
        torch.randperm(2048, generator=generator)
    ]
    axes, deviations = module._spread(draws)
    assert axes is None
    assert torch.allclose(deviations[0, 0], draws[1024:].std(0, unbiased=False))
    # Each half follows the other: one coordinate pair of the second is aligned, and the first one knows.
    mixed = draws.clone()
    mixed[1024:, 1] = mixed[1024:, 0] + mixed[1024:, 1] / 100
    axes, deviations = module._spread(mixed)
    assert axes is not None
    longest = axes[0, :, deviations[0, 0].argmax()]
    assert float((longest[0] * longest[1]).abs()) == pytest.approx(0.5, abs=0.1)


def test_runs_that_differ_too_much_are_told():
    # Half of the runs met thirty losses above 1.5, half of them two.
    losses = torch.full((8, 31), 2.0, dtype=torch.float64)
    losses[:, -1] = 1.0
    fall = torch.full_like(losses, 0.1)
    fall[:4, 2:-1] = 0.0
    fall[:, -1] = INF
    volumes = module._volumes(losses, fall, 16, tensor([1.5]))
    assert "differs between runs" in volumes.warnings[0]
    assert volumes.log_volume.item() == pytest.approx(-1.6)
    # t of 8 runs: deviation sqrt(7/5/8), and one death more of 128.
    deviation = tensor([-3.0] * 4 + [-0.2] * 4).std().item()
    assert volumes.std_error.item() == pytest.approx(math.hypot(deviation * math.sqrt(7 / 40), 1 / 128))


def test_seeds_and_the_global_generator():
    state = torch.get_rng_state()
    first, again, other = (nested(half_square(2), [0.1], seed=s, points=16, moves=3) for s in (5, 5, 6))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.log_z, again.log_z)
    assert first.log_z.item() != other.log_z.item()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nested(None, [1.0]), "surge.Landscape"),
        (lambda: nested(half_square(1), [0.0]), "positive"),
        (lambda: nested(half_square(1), [1.0], seed=-1), "seed"),
        (lambda: nested(half_square(1), [1.0], runs=7), "at least 8"),
        (lambda: nested(half_square(1), [1.0], runs=9), "even"),
        (lambda: nested(half_square(1), [1.0], points=17), "even"),
        (lambda: nested(half_square(1), [1.0], points=8), "at least 16"),
        (lambda: nested(half_square(1), [1.0], moves=0), "at least 1"),
        (lambda: nested(Landscape(lambda t: t[:, 0], 1, Laplace(tensor([0.0]), tensor([1.0]))), [1.0]), "Gaussian"),
        (lambda: nested(Landscape(lambda t: t[:, 0] * math.nan, 1), [1.0]), "NaN"),
        (lambda: sublevel_volumes(half_square(1), "abc"), "sequence of numbers"),
        (lambda: sublevel_volumes(half_square(1), object()), "sequence of numbers"),
        (lambda: sublevel_volumes(half_square(1), []), "at least one"),
        (lambda: sublevel_volumes(half_square(1), [1.0, 0.5]), "ascending"),
        (lambda: sublevel_volumes(half_square(1), [0.5, math.nan]), "finite"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
