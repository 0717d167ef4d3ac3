"""log Z of landscapes whose partition function is known: closed forms, certified Borel sums, products of them."""

from __future__ import annotations

import math
from functools import cache

import mpmath
import pytest
import torch
from torch.distributions import Laplace, MultivariateNormal, Normal, Uniform

from resurgence import Action
from surge.landscape import Landscape
from surge.partition import PartitionEstimate, ThermalTable, log_partition
from surge.partition.consensus import consensus
from surge.partition.estimate import from_log_weights
from surge.partition.laplace import laplace, minimise
from surge.partition.monte_carlo import monte_carlo
from surge.partition.smc import smc

COUPLINGS = (1.0, 0.1, 0.01)
SEEDS = range(10)
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
    fewer = {"monte_carlo": {"samples": 30000}, "laplace": {"samples": 4096}, "smc": {"particles": 48}}
    options = fewer[method] if land.dim > 2 else {"particles": 128} if method == "smc" else {}
    estimates = [METHODS[method](land, COUPLINGS, seed=seed, **options) for seed in SEEDS]
    z = torch.stack([(est.log_z - exact) / est.std_error for est in estimates])
    known = torch.stack([est.std_error.isfinite() for est in estimates]).all(0)
    assert known.all() or (method == "monte_carlo" and land.dim > 2)
    assert known[0]
    # The root mean square of 10 normal numbers is in this range with a probability of 99.8 %.
    rms = z[:, known].square().mean(0).sqrt()
    assert float(rms.min()) > 0.38, rms
    assert float(rms.max()) < 1.73, rms
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


def route(method, values, errors, ess=1000.0, **diagnostics):
    values, errors = tensor(values), tensor(errors)
    return PartitionEstimate(
        tensor([1.0, 0.1]),
        values,
        errors,
        torch.full_like(values, ess),
        method,
        diagnostics=diagnostics,
        covariance=torch.outer(errors, errors),
    )


ROBUST = {
    "smc": route("smc", [-1.0, -2.0], [0.05, 0.05], table=None),
    "tempering": route(
        "tempering", [-1.1, -2.1], [0.08, 0.04], table=ThermalTable(tensor([0.0, 10.0]), torch.zeros(2, 8, 10).double())
    ),
}


def test_the_sharpest_confirmed_route_is_taken():
    sharp = route("laplace", [-1.03, -2.06], [0.002, 0.1], samples=2000)
    est = consensus(ROBUST | {"laplace": sharp}, {})
    assert est.method == "laplace+tempering"
    assert est.diagnostics["chosen"] == ("laplace", "tempering")
    assert est.log_z.tolist() == [-1.03, -2.1]
    assert est.std_error.tolist() == [0.002, 0.04]
    assert not est.warnings
    assert est.covariance.tolist() == [[0.002**2, 0.0], [0.0, 0.04**2]]
    assert est.diagnostics["table"] is ROBUST["tempering"].diagnostics["table"]
    # All at once keep their covariance.
    both = consensus({"laplace": route("laplace", [-1.0, -2.0], [0.01, 0.02], samples=2000)} | ROBUST, {})
    torch.testing.assert_close(both.covariance, torch.outer(tensor([0.01, 0.02]), tensor([0.01, 0.02])))


def test_a_route_that_misses_a_part_is_left_out():
    est = consensus(ROBUST | {"laplace": route("laplace", [-8.0, -2.1], [0.002, 0.002], samples=2000)}, {})
    assert est.diagnostics["chosen"] == ("smc", "laplace")
    assert not est.warnings
    assert est.std_error.tolist() == [0.05, 0.002]
    (reason,) = est.diagnostics["left_out"]
    assert reason.startswith("at g = 1 laplace gives -8 and smc -1")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("laplace", 1.0, "particles have missed"),
        ("bridge", 1.0, "weigh the modes"),
        ("bridge", -3.0, "weigh the modes"),
    ],
)
def test_contradictions_widen_the_error(name, value, message):
    est = consensus(ROBUST | {name: route(name, [value, -2.1], [0.002, 0.002], samples=2000)}, {})
    assert len(est.warnings) == 1
    assert est.warnings[0].startswith("at g = 1 ")
    assert message in est.warnings[0]
    assert float(est.std_error[0]) == pytest.approx(abs(value + 1.0))
    assert float(est.std_error[1]) == 0.002
    torch.testing.assert_close(est.covariance.diagonal().sqrt(), est.std_error)


@pytest.mark.parametrize(("annealed", "taken"), [(-4.0, "tempering"), (-0.5, "smc")])
def test_annealing_against_tempering(annealed, taken):
    """Either fails by missing something: the higher one is taken."""
    est = consensus(ROBUST | {"smc": route("smc", [-1.0, annealed], [0.05, 0.01], table=None)}, {})
    assert any("as in a funnel" in w for w in est.warnings)
    assert est.diagnostics["chosen"] == ("smc", taken)
    assert float(est.std_error[1]) == pytest.approx(abs(annealed + 2.1))


def test_sharp_routes_against_each_other():
    pair = {
        "laplace": route("laplace", [-1.05, -2.0], [0.002, 0.002], samples=2000),
        "bridge": route("bridge", [-1.0, -2.0], [0.004, 0.004]),
    }
    est = consensus(ROBUST | pair, {})
    assert any("one of them misses" in w for w in est.warnings)
    assert float(est.std_error[0]) == pytest.approx(0.05)
    alone = consensus(pair, {"smc": "the base measure is not Gaussian"})
    assert any("smc was not compared" in w for w in alone.warnings)
    assert any("combined errors apart" in w for w in alone.warnings)


def test_what_speaks_against_a_choice():
    wide = {"smc": route("smc", [-1.0, -2.0], [0.5, 0.05], table=None)}
    thin = route("laplace", [-1.0, -2.0], [0.002, 0.002], samples=100_000)
    warnings = consensus(wide | {"laplace": thin}, {}).warnings
    assert sum("is confirmed only to within" in w for w in warnings) == 1
    assert sum("carry the weight" in w for w in warnings) == 2
    table = ThermalTable(tensor([0.0, 10.0]), torch.zeros(2, 8, 10).double())
    heavy = route("tempering", [-1.0, -2.0], [0.1, 0.1], table=table, largest_share=tensor([0.5, 0.01]))
    assert any("one sample of tempering carries 0.5" in w for w in consensus({"tempering": heavy}, {}).warnings)
    few = route("monte_carlo", [-1.0, -2.0], [0.1, math.inf], ess=30.0)
    assert len(consensus({"monte_carlo": few}, {}).warnings) == 2


def test_a_method_by_name_is_that_method():
    land = Landscape.from_action("x^2 + x^4")
    for name, method in METHODS.items():
        assert torch.equal(log_partition(land, [0.3], method=name, seed=3).log_z, method(land, [0.3], 3).log_z)


def test_many_dimensions():
    """Above 256 dimensions the moves know variances only and no mixture is fitted; above 100 there is no Hessian."""
    land = Landscape(lambda t: t.square().sum(1) / 600, 300)
    est = log_partition(land, [1.0, 0.1], seed=1)
    assert set(est.diagnostics["skipped"]) == {"laplace", "bridge"}
    exact = -150 * torch.log1p(1 / (300 * est.couplings))
    for route in est.diagnostics["routes"].values():
        assert float(((route.log_z - exact) / route.std_error).abs().max()) < 4


def test_auto_takes_what_applies():
    land = Landscape(lambda t: t.square().sum(1), 2, Uniform(torch.zeros(2), torch.ones(2)))
    est = log_partition(land, [1.0])
    assert est.method == "monte_carlo"
    assert set(est.diagnostics["skipped"]) == {"laplace", "smc", "tempering", "bridge"}
    exact = 2 * math.log(math.sqrt(math.pi) / 2 * math.erf(1))
    assert abs(float(est.log_z) - exact) < 4 * float(est.std_error)


def test_a_network_by_all_routes():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
    x = torch.linspace(-1, 1, 8)[:, None]
    land = Landscape.from_module(model, torch.nn.functional.mse_loss, (x, torch.sin(3 * x)))
    est = log_partition(land, [1.0, 0.03])
    routes = est.diagnostics["routes"]
    assert set(routes) >= {"monte_carlo", "laplace"}
    assert not est.warnings, est.warnings
    for other in routes.values():
        gap = (other.log_z - est.log_z).abs()
        assert bool((gap < 4 * (other.std_error.square() + est.std_error.square()).sqrt()).all())


def test_auto_is_as_sharp_as_its_sharpest_route():
    land = Landscape(lambda t: (t**2 + t**4).sum(1), 6)
    est = log_partition(land, [0.1, 0.02], seed=1)
    exact = 6 * polynomial("x^2 + x^4", (0.1, 0.02))
    assert set(est.diagnostics["routes"]) == {"monte_carlo", "laplace", "smc", "tempering", "bridge"}
    assert not est.warnings, est.warnings
    assert float(est.std_error.max()) < 0.01
    assert float(((est.log_z - exact) / est.std_error).abs().max()) < 4


def test_wells_that_laplace_misses():
    """2^8 wells; a dozen starts find a dozen of them, and the weights do not notice."""
    land = Landscape(lambda t: ((t**2 - 1) ** 2).sum(1), 8)
    est = log_partition(land, [0.05], seed=1)
    exact = 8 * polynomial("(x^2 - 1)^2", (0.05,))
    laplace_alone = est.diagnostics["routes"]["laplace"]
    assert float(exact - laplace_alone.log_z) > 2
    assert float(laplace_alone.std_error) < 0.1
    assert "laplace" not in est.diagnostics["chosen"]
    assert abs(float(est.log_z - exact)) < 4 * float(est.std_error) < 1.0


def test_annealing_forgets_by_itself_where_the_loss_is_easy():
    """A rung whose losses have lost half of their correlation has no further path."""
    calls = []

    class Counting(Landscape):
        def value_and_gradient(self, theta):
            calls.append(len(theta))
            return super().value_and_gradient(theta)

        def whitened(self):
            return self

    land = Counting(lambda t: t.square().sum(1) / 2, 4)
    one = smc(land, [0.01], particles=32, moves=1)
    few = len(calls)
    calls.clear()
    many = smc(land, [0.01], particles=32, moves=8)
    rungs = len(many.diagnostics["ladder"]) / len(one.diagnostics["ladder"])
    assert few < len(calls) < 4 * rungs * few


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
