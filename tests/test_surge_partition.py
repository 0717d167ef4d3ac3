"""log Z of landscapes whose partition function is known: closed forms, certified Borel sums, products of them."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import mpmath
import pytest
import torch
from torch.distributions import Laplace, MultivariateNormal, Normal, Uniform

from resurgence import Action
from surge.landscape import Landscape
from surge.partition import PartitionEstimate, _compare, log_partition
from surge.partition.estimate import from_log_weights
from surge.partition.laplace import laplace, minimise
from surge.partition.monte_carlo import monte_carlo
from surge.partition.smc import smc

COUPLINGS = (1.0, 0.1, 0.01)
SEEDS = range(15)
METHODS = {"monte_carlo": monte_carlo, "laplace": laplace, "smc": smc}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def gaussian(matrix, shift, couplings=COUPLINGS):
    """log of E exp(-(theta - m)^T A (theta - m)/(2 g)), m = shift in each component, for a standard normal theta."""
    eye, m = torch.eye(len(matrix), dtype=torch.float64), torch.full((len(matrix),), shift, dtype=torch.float64)
    found = []
    for g in couplings:
        b = matrix / g
        found.append(-torch.logdet(eye + b) / 2 - m @ (b - b @ torch.linalg.solve(eye + b, b)) @ m / 2)
    return torch.stack(found)


@cache
def polynomial(text, couplings=COUPLINGS):
    """log Z of an action of one variable under a standard normal: V + g x^2/2 is an action too, and is summed."""
    found = []
    for g in couplings:
        value = Action(f"{text} + ({mpmath.nstr(mpmath.mpf(g), 12)}/2)*x^2").integral(str(g), digits=20).value
        found.append(float(mpmath.log(value.real / mpmath.sqrt(2 * mpmath.pi))))
    return tensor(found)


def correlated(dim):
    root = torch.randn(dim, dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return root @ root.T / dim + 0.01 * torch.eye(dim, dtype=torch.float64)


def cases():
    quartic, well = "x^2 + x^4", "(x^2 - 1)^2 + x/10"
    matrix = correlated(20)
    return {
        "quartic": (Landscape.from_action(quartic), polynomial(quartic)),
        "double well": (Landscape.from_action(well), polynomial(well)),
        "plane": (Landscape(lambda t: t.square().sum(1) / 2, 2), gaussian(torch.eye(2).double(), 0.0)),
        "ten quartics": (Landscape(lambda t: (t**2 + t**4).sum(1), 10), 10 * polynomial(quartic)),
        "correlated": (Landscape(lambda t: ((t - 0.3) @ matrix * (t - 0.3)).sum(1) / 2, 20), gaussian(matrix, 0.3)),
    }


def test_the_certified_sum_is_the_integral():
    with mpmath.workdps(20):
        for g, exact in zip(COUPLINGS, polynomial("x^2 + x^4"), strict=True):
            value = mpmath.quad(
                lambda x, g=g: mpmath.exp(-(x**2 + x**4) / g) * mpmath.npdf(x), mpmath.linspace(-6, 6, 49)
            )
            assert abs(float(mpmath.log(value)) - float(exact)) < 1e-12


@pytest.mark.parametrize("name", cases())
@pytest.mark.parametrize("method", METHODS)
def test_stated_errors_are_the_actual_ones(name, method):
    land, exact = cases()[name]
    fewer = {"monte_carlo": {"samples": 30000}, "laplace": {"samples": 4096}, "smc": {"particles": 32}}
    options = fewer[method] if land.dim > 2 else {"particles": 128} if method == "smc" else {}
    estimates = [METHODS[method](land, COUPLINGS, seed=seed, **options) for seed in SEEDS]
    z = torch.stack([(est.log_z - exact) / est.std_error for est in estimates])
    known = torch.stack([est.std_error.isfinite() for est in estimates]).all(0)
    assert known.all() or (method == "monte_carlo" and land.dim > 2)
    assert known[0]
    # The root mean square of 15 normal numbers is in this range with a probability of 99.8 %.
    rms = z[:, known].square().mean(0).sqrt()
    assert float(rms.min()) > 0.5, rms
    assert float(rms.max()) < 1.6, rms
    assert float(torch.stack([est.std_error for est in estimates])[:, known].max()) < 0.2


@pytest.mark.parametrize("method", ["laplace", "smc"])
def test_a_correlated_base_measure_and_units_of_its_own(method):
    # theta = mean + S u: the loss below is |u|^2/2, in any coordinates.
    covariance = tensor([[4.0, 1.9], [1.9, 1.0]])
    base = MultivariateNormal(tensor([5.0, -3.0]), covariance)
    inverse = torch.linalg.inv(covariance)
    land = Landscape(lambda t: ((t - base.loc) @ inverse * (t - base.loc)).sum(1) / 2, 2, base)
    est = METHODS[method](land, COUPLINGS, seed=1)
    exact = gaussian(torch.eye(2).double(), 0.0)
    assert float(((est.log_z - exact) / est.std_error).abs().max()) < 4


@pytest.mark.parametrize("method", ["monte_carlo", "laplace"])
def test_a_base_that_is_not_gaussian(method):
    # E exp(-|x|/g) under the Laplace distribution of scale 1 is 1/(1 + 1/g). The minimum is a kink without curvature.
    land = Landscape(lambda t: t.abs().sum(1), 1, Laplace(tensor([0.0]), tensor([1.0])))
    est = METHODS[method](land, [1.0, 0.1], seed=2)
    exact = -torch.log1p(1 / est.couplings)
    assert float(((est.log_z - exact) / est.std_error).abs().max()) < 4


@pytest.mark.parametrize("method", METHODS)
def test_a_wall_of_infinite_loss(method):
    land = Landscape(lambda t: torch.where(t[:, 0] > 0, t.square().sum(1) / 2, math.inf), 2)
    est = METHODS[method](land, [1.0, 0.1], seed=3)
    exact = gaussian(torch.eye(2).double(), 0.0, (1.0, 0.1)) - math.log(2)
    assert float(((est.log_z - exact) / est.std_error).abs().max()) < 4


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_loss_is_exact(method):
    est = METHODS[method](Landscape(lambda t: torch.full_like(t[:, 0], 3.0), 2), [1.0, 0.5])
    assert float((est.log_z + 3 / est.couplings).abs().max()) < max(1e-12, 4 * float(est.std_error.max()))
    assert not log_partition(Landscape(lambda t: torch.full_like(t[:, 0], 3.0), 2), [1.0, 0.5]).warnings


@pytest.mark.parametrize("method", METHODS)
def test_single_precision_serves(method):
    zeros = torch.zeros(3)
    land = Landscape(lambda t: t.square().sum(1) / 2, 3, Normal(zeros, zeros + 1), dtype=torch.float32)
    est = METHODS[method](land, [1.0, 0.1], seed=4)
    exact = gaussian(torch.eye(3).double(), 0.0, (1.0, 0.1))
    assert est.log_z.dtype == torch.float64
    assert float(((est.log_z - exact) / est.std_error).abs().max()) < 4


@pytest.mark.parametrize("method", METHODS)
def test_order_and_seed(method):
    land = Landscape.from_action("x^2 + x^4")
    state = torch.get_rng_state()
    first, again = (METHODS[method](land, [0.1, 1.0, 0.1], seed=5) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.log_z, again.log_z)
    assert not torch.equal(first.log_z, METHODS[method](land, [0.1, 1.0, 0.1], seed=6).log_z)
    assert first.couplings.tolist() == [0.1, 1.0, 0.1]
    assert float(first.log_z[1]) > float(first.log_z[0])
    torch.testing.assert_close(first.covariance.diagonal().sqrt(), first.std_error)
    assert float(torch.linalg.eigvalsh(first.covariance).min()) > -1e-12


def test_covariance_is_that_of_repetitions():
    land = Landscape.from_action("x^2 + x^4")
    for method in (monte_carlo, smc):
        options = {"samples": 2000} if method is monte_carlo else {"particles": 32}
        estimates = [method(land, [1.0, 0.3], seed=seed, **options) for seed in range(60)]
        seen = torch.cov(torch.stack([est.log_z for est in estimates]).T)
        stated = torch.stack([est.covariance for est in estimates]).mean(0)
        # The covariance of 60 pairs has a relative standard deviation of 0.18.
        torch.testing.assert_close(seen, stated, rtol=0.5, atol=0)


def test_too_small_a_sample_says_that_it_does_not_know():
    est = monte_carlo(Landscape(lambda t: t.square().sum(1), 20), [10.0, 0.01])
    assert est.std_error[0] < 0.01
    assert est.std_error[1] == math.inf
    assert len(est.warnings) == 1
    assert "g = 0.01" in est.warnings[0]
    assert "warning" in str(est)


def test_few_particles_with_weight_are_reported():
    # One draw in forty is inside: a population of 256 has some six.
    land = Landscape(lambda t: torch.where(t[:, 0] > 1.96, t[:, 0], math.inf), 1)
    est = smc(land, [10.0])
    assert any("carried the weight" in w for w in est.warnings)
    exact = math.log(math.exp(0.005) * math.erfc(2.06 / math.sqrt(2)) / 2)
    assert abs(float(est.log_z[0]) - exact) < 4 * float(est.std_error[0])


def test_both_minima_are_found():
    est = laplace(Landscape.from_action("(x^2 - 1)^2"), [0.1, 0.01])
    assert est.diagnostics["minima"] == (2, 2)
    assert est.diagnostics["least_loss"] < 1e-6


def test_routes_that_disagree_are_reported_and_widen_the_error():
    land = Landscape.from_action("x^2 + x^4")
    one, other = laplace(land, [1.0, 0.1]), monte_carlo(land, [1.0, 0.1], seed=1)
    assert not _compare({"laplace": one, "monte_carlo": other}, {}).warnings
    lifted = replace(other, log_z=other.log_z + tensor([0.0, 5.0]))
    both = _compare({"laplace": one, "monte_carlo": lifted}, {})
    assert len(both.warnings) == 1
    assert both.warnings[0].startswith("at g = 0.1 ")
    assert "combined errors apart" in both.warnings[0]
    assert float(both.std_error[1]) > 4.9
    assert float(both.std_error[0]) < 0.01
    torch.testing.assert_close(both.covariance.diagonal().sqrt(), both.std_error)


def test_a_method_by_name_is_that_method():
    land = Landscape.from_action("x^2 + x^4")
    for name, method in METHODS.items():
        assert torch.equal(log_partition(land, [0.3], method=name, seed=3).log_z, method(land, [0.3], 3).log_z)


def test_many_dimensions():
    """Above 256 dimensions the moves know variances only; above 100 "auto" computes no Hessian."""
    land = Landscape(lambda t: t.square().sum(1) / 600, 300)
    est = log_partition(land, [1.0, 0.1], seed=1)
    assert set(est.diagnostics["skipped"]) == {"laplace"}
    exact = -150 * torch.log1p(1 / (300 * est.couplings))
    for route in est.diagnostics["routes"].values():
        assert float(((route.log_z - exact) / route.std_error).abs().max()) < 4


def test_auto_takes_what_applies():
    land = Landscape(lambda t: t.square().sum(1), 2, Uniform(torch.zeros(2), torch.ones(2)))
    est = log_partition(land, [1.0])
    assert est.method == "monte_carlo"
    assert set(est.diagnostics["skipped"]) == {"laplace", "smc"}
    exact = 2 * math.log(math.sqrt(math.pi) / 2 * math.erf(1))
    assert abs(float(est.log_z) - exact) < 4 * float(est.std_error)


def test_a_network_by_three_routes():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(1, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    x = torch.linspace(-1, 1, 8)[:, None]
    land = Landscape.from_module(model, torch.nn.functional.mse_loss, (x, torch.sin(3 * x)))
    est = log_partition(land, [1.0, 0.1])
    assert set(est.diagnostics["routes"]) == set(METHODS)
    assert not est.warnings, est.warnings


def test_minimise_reaches_rosenbrock_s_minimum_from_everywhere():
    land = Landscape(lambda t: (1 - t[:, 0]) ** 2 + 100 * (t[:, 1] - t[:, 0] ** 2) ** 2, 2)
    start = 2 * torch.randn(20, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points, values = minimise(lambda x, _: land.value_and_gradient(x), start)
    assert float(values.max()) < 1e-10
    torch.testing.assert_close(points, torch.ones_like(points), rtol=0, atol=1e-4)


def test_log_weights_of_nothing():
    with pytest.raises(ValueError, match="no sample"):
        from_log_weights(torch.full((1, 10), -math.inf, dtype=torch.float64))


plain = Landscape(lambda t: t.square().sum(1), 2)
box = Landscape(lambda t: t.square().sum(1), 2, Uniform(torch.zeros(2), torch.ones(2)))
nowhere = Landscape(lambda t: t.sum(1) * 0 + math.inf, 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: log_partition(None, [1.0]), TypeError, "Landscape"),
        (lambda: log_partition(plain, 1.0), TypeError, "sequence"),
        (lambda: log_partition(plain, "1"), TypeError, "sequence"),
        (lambda: log_partition(plain, ["a"]), TypeError, "sequence"),
        (lambda: log_partition(plain, []), ValueError, "at least one"),
        (lambda: log_partition(plain, [[1.0]]), ValueError, "shape"),
        (lambda: log_partition(plain, [1.0, 0.0]), ValueError, "positive"),
        (lambda: log_partition(plain, [math.nan]), ValueError, "positive"),
        (lambda: log_partition(plain, [math.inf]), ValueError, "finite"),
        (lambda: log_partition(plain, [1e-320]), ValueError, "inverses"),
        (lambda: log_partition(plain, [1.0], method="exact"), ValueError, "'auto', 'monte_carlo'"),
        (lambda: log_partition(plain, [1.0], seed=1.0), TypeError, "seed"),
        (lambda: log_partition(plain, [1.0], seed=-1), ValueError, "seed"),
        (lambda: monte_carlo(plain, [1.0], samples=3), ValueError, "at least 100"),
        (lambda: monte_carlo(plain, [1.0], samples=1e3), TypeError, "integer"),
        (lambda: laplace(plain, [1.0], starts=1), ValueError, "starts"),
        (lambda: laplace(box, [1.0]), ValueError, "support"),
        (lambda: laplace(Landscape(lambda t: t.sum(1), 1001), [1.0]), ValueError, "1000"),
        (lambda: laplace(nowhere, [1.0]), ValueError, r"\+inf"),
        (lambda: smc(box, [1.0]), ValueError, "Gaussian"),
        (lambda: smc(plain, [1.0], populations=9), ValueError, "even"),
        (lambda: smc(plain, [1.0], populations=4), ValueError, "at least 8"),
        (lambda: smc(plain, [1.0], moves=0), ValueError, "moves"),
        (lambda: smc(nowhere, [1.0]), ValueError, r"\+inf"),
        (lambda: monte_carlo(nowhere, [1.0]), ValueError, "no sample"),
        (lambda: monte_carlo(Landscape(lambda t: t[:, 0].log(), 1), [1.0]), ValueError, "NaN"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"couplings": torch.ones(0)}, "K >= 1"),
        ({"log_z": torch.ones(3)}, "shape"),
        ({"log_z": tensor([0.0, math.nan])}, "NaN"),
        ({"log_z": tensor([0.0, math.inf])}, "finite"),
        ({"std_error": tensor([0.0, -1.0])}, "negative"),
        ({"couplings": tensor([0.0, 1.0])}, "positive"),
        ({"covariance": torch.ones(2)}, "covariance"),
    ],
)
def test_an_estimate_is_checked(change, message):
    two = torch.ones(2, dtype=torch.float64)
    values = {"couplings": two, "log_z": two, "std_error": two, "ess": two, "method": "none"}
    with pytest.raises(ValueError, match=message):
        PartitionEstimate(**(values | change))
