"""The variational bound and its flow, against partition functions that are known."""

from __future__ import annotations

import importlib
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Laplace

from surge.landscape import Landscape
from surge.partition.variational import objective, variational

pytest.importorskip("zuko")
# The package exports the function of the same name.
module = importlib.import_module("surge.partition.variational")


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def by_trapezia(potential, couplings):
    """log of E exp(-V(x)/g) for a standard normal x: the rule converges geometrically for such integrands."""
    x = torch.linspace(-8, 8, 16001, dtype=torch.float64)
    log_pi = -x.square() / 2 - math.log(2 * math.pi) / 2
    return torch.stack([(log_pi - potential(x) / g).logsumexp(0) for g in couplings]) + math.log(1e-3)


# -- the bound ---------------------------------------------------------------------------------------------------------


@given(
    weights=st.lists(st.floats(-30, 30), min_size=1, max_size=20),
    c=st.floats(-40, 40),
)
@settings(max_examples=100, deadline=None)
def test_the_bound_is_below_minus_log_z_and_touches_it_at_c(weights, c):
    log_weights = tensor([weights])
    log_z = log_weights.logsumexp(1) - math.log(len(weights))
    assert objective(log_weights, tensor([c])).item() <= -log_z.item() + 1e-9 * (1 + abs(log_z.item()))
    assert objective(log_weights, log_z).item() == pytest.approx(-log_z.item(), abs=1e-9)


def test_the_bound_tells_the_sampler_nothing():
    # L = theta^2/2 at g = 1 under a standard normal: Z = 1/sqrt 2. The sampler is normal, psi = (mean, log deviation),
    # off the posterior in both, and wide enough for its weights to have all moments.
    generator = torch.Generator().manual_seed(11)
    groups = 400
    c = tensor([-math.log(2) / 2])
    slopes = {"bound": [], "divergence": []}
    for _ in range(groups):
        psi = tensor([0.4, 0.1]).requires_grad_()
        z = torch.randn(500, generator=generator, dtype=torch.float64)
        theta = psi[0] + psi[1].exp() * z
        log_q = -z.square() / 2 - psi[1]
        log_w = -theta.square() / 2 - theta.square() / 2 - log_q
        for name, value in (("bound", objective(log_w[None], c).sum()), ("divergence", -log_w.mean())):
            slopes[name].append(torch.autograd.grad(value, psi, retain_graph=True)[0])
    scores = {}
    for name, found in slopes.items():
        each = torch.stack(found)
        scores[name] = each.mean(0) / (each.std(0) / math.sqrt(groups))
    assert float(scores["bound"].abs().max()) < 4
    assert float(scores["divergence"].abs().min()) > 20


@pytest.mark.parametrize(
    ("log_weights", "c", "message"),
    [
        ([[0.0]], tensor([0.0]), "must be tensors"),
        (tensor([0.0]), tensor([0.0]), "shape"),
        (tensor([[0.0]]), tensor([0.0, 1.0]), "shape"),
        (torch.zeros(1, 0), tensor([0.0]), "shape"),
        (tensor([[math.nan]]), tensor([0.0]), "NaN"),
        (tensor([[math.inf]]), tensor([0.0]), "NaN or"),
        (tensor([[0.0]]), tensor([math.nan]), "finite"),
    ],
)
def test_weights_that_are_none(log_weights, c, message):
    with pytest.raises((TypeError, ValueError), match=message):
        objective(log_weights, c)


# -- the flow ----------------------------------------------------------------------------------------------------------

QUICK = {"steps": 80, "batch": 32, "samples": 2000}


def potentials():
    matrix = tensor([[1.0, 0.9], [0.9, 1.0]])

    def gaussian(couplings):
        return torch.stack([-torch.logdet(torch.eye(2).double() + matrix / g) / 2 for g in couplings])

    def quartic(x):
        return x**2 + x**4

    def well(x):
        return (x**2 - 1) ** 2 + x / 10

    return {
        "one quartic": (1, lambda t: quartic(t).sum(1), lambda g: by_trapezia(quartic, g)),
        "quartics": (2, lambda t: quartic(t).sum(1), lambda g: 2 * by_trapezia(quartic, g)),
        "double wells": (2, lambda t: well(t).sum(1), lambda g: 2 * by_trapezia(well, g)),
        "correlated": (2, lambda t: (t @ matrix * t).sum(1) / 2, gaussian),
        "ten quartics": (10, lambda t: quartic(t).sum(1), lambda g: 10 * by_trapezia(quartic, g)),
    }


@pytest.mark.parametrize("name", potentials())
def test_log_z_within_the_stated_errors(name):
    dim, loss, exact = potentials()[name]
    couplings = (1.0, 0.2)
    est = variational(Landscape(loss, dim), couplings, seed=1, **QUICK)
    known = est.std_error.isfinite()
    assert bool(known.any())
    assert float(((est.log_z - exact(couplings)) / est.std_error)[known].abs().max()) < 4
    assert torch.allclose(est.diagnostics["objective"], -est.log_z)
    # A divergence is not negative, but for the noise of its estimate.
    assert float(est.diagnostics["divergence"].min()) > -0.1


def test_training_lowers_the_variance_and_the_divergence():
    land = Landscape(lambda t: (t - 1).square().sum(1) / 2, 2)
    short, long = (variational(land, [0.05], seed=2, steps=s, batch=32, samples=2000) for s in (10, 60))
    assert long.ess.item() > 2 * short.ess.item()
    assert long.diagnostics["divergence"].item() < short.diagnostics["divergence"].item()


def test_a_flow_that_does_not_fit_is_told(monkeypatch):
    land, options = Landscape(lambda t: (t - 1).square().sum(1) / 2, 2), {"steps": 10, "batch": 8, "samples": 1000}
    lost = variational(land, [1e-5], seed=2, **options)
    assert lost.ess.item() < 100
    assert "effective samples" in lost.warnings[0]
    # All draws are to be effective.
    monkeypatch.setattr(module, "_POOR", 1.0)
    fair = variational(land, [0.5], seed=2, **options)
    assert fair.ess.item() > 100
    assert "the flow does not fit" in fair.warnings[0]


def test_the_density_of_the_flow_is_that_of_its_draws():
    sampler = module._Sampler(2, 0.1, 1.0, seed=3).double()
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for p in sampler.parameters():
            p += 0.05 * torch.randn(p.shape, generator=generator, dtype=p.dtype)
        at = tensor([0.1, 1.0]).log()
        z = torch.randn(2, 50, 2, generator=generator, dtype=torch.float64)
        u, log_q = sampler(z, at)
        assert torch.allclose(sampler.log_density(u, at), log_q, atol=1e-9)
        # The density integrates to one at either coupling.
        axis = torch.linspace(-12, 12, 241, dtype=torch.float64)
        grid = torch.cartesian_prod(axis, axis).expand(2, -1, -1)
        assert torch.allclose(sampler.log_density(grid, at).exp().sum(1) * 0.01, tensor([1.0, 1.0]), atol=1e-3)


def test_seeds_and_the_global_generator():
    land = Landscape(lambda t: t.square().sum(1) / 2, 2)
    state = torch.get_rng_state()
    options = {"steps": 10, "batch": 8, "samples": 100}
    first, again, other = (variational(land, [0.5], seed=s, **options) for s in (5, 5, 6))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.log_z, again.log_z)
    assert first.log_z.item() != other.log_z.item()


def test_a_missing_package_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'resurgence\[surge\]'"):
        variational(Landscape(lambda t: t.square().sum(1), 1), [1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda land: variational(None, [1.0]), "surge.Landscape"),
        (lambda land: variational(land, [-1.0]), "positive"),
        (lambda land: variational(land, [1.0], seed=0.5), "seed"),
        (lambda land: variational(land, [1.0], steps=9), "at least 10"),
        (lambda land: variational(land, [1.0], batch=1), "at least 8"),
        (lambda land: variational(land, [1.0], samples=10), "at least 100"),
        (lambda land: variational(Landscape(lambda t: t[:, 0], 513), [1.0]), "512"),
        (
            lambda land: variational(Landscape(lambda t: t[:, 0], 1, Laplace(tensor([0.0]), tensor([1.0]))), [1.0]),
            "Gaus",
        ),
        (lambda land: variational(Landscape(lambda t: 1 / (t[:, 0] > 0).double(), 1), [1.0]), r"\+inf at a draw"),
        (lambda land: variational(Landscape(lambda t: t[:, 0] * math.nan, 1), [1.0]), "NaN"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(Landscape(lambda t: t.square().sum(1), 1))
