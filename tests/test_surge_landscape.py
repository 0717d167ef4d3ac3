"""Landscapes against losses and derivatives that are got without them."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Laplace, MultivariateNormal, Normal, Uniform
from torch.profiler import ProfilerActivity, profile

from surge import landscape
from surge.batched_mlp import BatchedMLP
from surge.landscape import Landscape


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draws(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def rows(model):
    """A vector of the model's trainable parameters, and a way to put one in."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.nn.utils.parameters_to_vector(parameters).detach(), parameters


def direct(model, loss_fn, batch, theta):
    """Loss and gradient of each row by filling the model in and calling backward."""
    losses, gradients = [], []
    start, parameters = rows(model)
    for row in theta.to(start.dtype):
        torch.nn.utils.vector_to_parameters(row, parameters)
        model.zero_grad()
        loss = loss_fn(model(batch[0]), batch[1])
        loss.backward()
        losses.append(loss.detach())
        gradients.append(torch.cat([p.grad.reshape(-1) for p in parameters]))
    torch.nn.utils.vector_to_parameters(start, parameters)
    return torch.stack(losses).double(), torch.stack(gradients).double()


class Opaque(torch.nn.Module):
    """A model whose layers cannot be seen from its type."""

    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def forward(self, *inputs):
        return self.inside(*inputs)


class Repeated(torch.nn.Module):
    """A layer that occurs twice, and a weight that occurs a third time."""

    def __init__(self):
        super().__init__()
        self.first, self.middle = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
        self.middle.weight, self.last = self.first.weight, self.first

    def forward(self, x):
        return self.last(torch.tanh(self.middle(torch.tanh(self.first(x)))))


class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
        self.down.weight = self.up.weight

    def forward(self, x):
        return self.down(torch.tanh(self.up(x)))


def perceptron():
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3))


def convolution():
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 3)), torch.nn.Conv1d(1, 2, 2), torch.nn.Flatten(), torch.nn.Linear(4, 3)
    )


def normalised():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout())
    model.append(torch.nn.Linear(4, 3))
    model(draws(16, 3, dtype=torch.float32))  # running statistics that are not those of the start
    return model


@pytest.mark.parametrize("make", [perceptron, convolution, normalised, Tied, Repeated])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_network_s_landscape_is_its_loss_in_evaluation_mode(make, dtype):
    torch.manual_seed(1)
    model = make().to(dtype)
    batch = draws(5, 3, dtype=dtype), torch.tensor([0, 1, 2, 1, 0])
    loss_fn = torch.nn.functional.cross_entropy
    land = Landscape.from_module(model, loss_fn, batch)
    assert model.training
    start, _ = rows(model)
    assert land.dim == len(start)
    theta = start + draws(3, land.dim, seed=2)
    land(theta)  # the second call is as good as the first
    losses, gradients = direct(model.eval(), loss_fn, batch, theta)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(land(theta), losses, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(land.gradient(theta), gradients, rtol=tolerance, atol=tolerance)
    assert land(theta).dtype == torch.float64


def test_the_base_is_centred_on_the_parameters_and_scaled():
    model = perceptron()
    land = Landscape.from_module(model, torch.nn.functional.mse_loss, (draws(2, 3).float(), draws(2, 3).float()), 0.5)
    start, _ = rows(model)
    sample = land.sample(20000, torch.Generator().manual_seed(0))
    assert float((sample.mean(0) - start).abs().max()) < 5 * 0.5 / math.sqrt(20000)
    torch.testing.assert_close(sample.std(0), torch.full((land.dim,), 0.5).double(), rtol=0.03, atol=0)


def test_frozen_parameters_are_no_part_of_theta():
    model = perceptron()
    model[0].weight.requires_grad_(False)
    land = Landscape.from_module(model, torch.nn.functional.mse_loss, (torch.ones(2, 3), torch.ones(2, 3)))
    assert land.dim == 4 + 12 + 3
    assert not model[0].weight.requires_grad
    assert model[2].weight.requires_grad


@pytest.mark.parametrize("kind", ["whole", "frozen", "tied", "data of three dimensions", "one row"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_perceptrons_are_evaluated_in_stacks_with_the_same_result(kind, dtype, monkeypatch):
    torch.manual_seed(3)
    layers = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.GELU()), torch.nn.Dropout(), torch.nn.Linear(3, 3)
    model = torch.nn.Sequential(*layers, torch.nn.Tanh(), torch.nn.Linear(3, 2)).double()
    shape = {"data of three dimensions": (2, 4, 3), "one row": (3,)}.get(kind, (5, 3))
    if kind == "frozen":
        model[0][0].bias.requires_grad_(False)
    if kind == "tied":
        model[2].weight = model[0][0].weight
    batch = draws(*shape), draws(*shape[:-1], 2, seed=1)
    lands = [Landscape.from_module(m, torch.nn.functional.mse_loss, batch, dtype=dtype) for m in (model, Opaque(model))]
    theta, v = draws(4, lands[0].dim, seed=2).to(dtype), draws(4, lands[0].dim, seed=3)
    ours, theirs = ([land(theta), land.gradient(theta), land.hessian_vector_product(theta, v)] for land in lands)
    # Inside, both are float64; a float32 landscape rounds its gradients.
    tolerance = 1e-10 if dtype == torch.float64 else 1e-5
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)

    def refuse(*_):
        raise AssertionError("in stacks")

    monkeypatch.setattr(BatchedMLP, "__call__", refuse)
    with pytest.raises(AssertionError, match="in stacks"):
        lands[0](theta)
    lands[1](theta)


def test_parameter_vectors_of_single_precision():
    model, batch = perceptron(), (draws(2, 3).float(), draws(2, 3).float())
    double, single = (
        Landscape.from_module(model, torch.nn.functional.mse_loss, batch, dtype=dtype)
        for dtype in (torch.float64, torch.float32)
    )
    theta = single.sample(3, torch.Generator().manual_seed(0))
    values, gradient = single.value_and_gradient(theta)
    assert (theta.dtype, values.dtype, gradient.dtype) == (torch.float32, torch.float64, torch.float32)
    # The network is float32 and sees the same numbers; its products may be summed in another order.
    torch.testing.assert_close(values, double(theta), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient.double(), double.gradient(theta), rtol=1e-5, atol=1e-6)
    assert single.whitened().sample(1, torch.Generator().manual_seed(0)).dtype == torch.float32
    torch.testing.assert_close(single.log_base(theta), double.log_base(theta.double()), rtol=1e-5, atol=0)


def test_a_scale_for_each_parameter():
    model = perceptron()
    start, _ = rows(model)
    scale = torch.linspace(0.1, 2.0, len(start))
    land = Landscape.from_module(model, torch.nn.functional.mse_loss, (torch.ones(2, 3), torch.ones(2, 3)), scale)
    sample = land.sample(20000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(sample.std(0), scale.double(), rtol=0.03, atol=0)
    theta = sample[:3]
    z = (theta - start) / scale
    expected = (-z.square() / 2 - scale.log() - math.log(2 * math.pi) / 2).sum(1)
    torch.testing.assert_close(land.log_base(theta), expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(land.whitened()(z), land(theta), rtol=1e-5, atol=0)


def peak(task):
    """Bytes that torch's allocator hands out at most at once while the task runs."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        task()
    events = [e for e in recorded.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = torch.tensor([e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())]).cumsum(0)
    return int(held.max())


@pytest.mark.parametrize("activation", [torch.nn.Tanh, torch.nn.GELU, torch.nn.Softplus])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("widths", "data"), [((784, 100, 10), 256), ((64, 64, 64, 10), 64), ((4, 32, 32, 1), 500)])
def test_the_memory_of_a_perceptron_is_foreseen(widths, data, dtype, activation):
    layers = [layer for p, h in itertools.pairwise(widths) for layer in (torch.nn.Linear(p, h), activation())]
    batch = draws(data, widths[0]).float(), draws(data, widths[-1]).float()
    land = Landscape.from_module(torch.nn.Sequential(*layers[:-1]), torch.nn.functional.mse_loss, batch, dtype=dtype)
    theta = draws(8, land.dim).to(dtype)
    needed = peak(lambda: land.hessian_vector_product(theta, theta)) / 8
    assert peak(lambda: land.gradient(theta)) / 8 <= needed
    assert needed < land._row_bytes < 3 * needed
    for one in (land, land.whitened()):
        alone = peak(lambda one=one: one(theta)) / 8
        assert alone < one._row_bytes_alone < 5 * alone


def test_chunks_keep_to_the_budget(monkeypatch):
    budget = 2**22
    monkeypatch.setattr(landscape, "_BUDGETS", {"cpu": budget})
    model = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
    batch = draws(200, 16).float(), draws(200, 1).float()
    land = Landscape.from_module(model, torch.nn.functional.mse_loss, batch)
    theta = draws(8 * land.chunk_rows, land.dim)
    # What is returned counts twice: chunk by chunk, and joined.
    assert peak(lambda: land(theta)) < budget
    assert budget / 4 < peak(lambda: land.gradient(theta)) < budget + 2 * theta.nbytes
    assert budget / 4 < peak(lambda: land.hessian_vector_product(theta, theta)) < budget + 2 * theta.nbytes


def test_training_on_does_not_move_the_landscape():
    model = normalised()
    land = Landscape.from_module(model, torch.nn.functional.mse_loss, (torch.ones(2, 3), torch.ones(2, 3)))
    theta = draws(2, land.dim)
    before = land(theta)
    with torch.no_grad():
        for p in (*model.parameters(), *model.buffers()):
            p.add_(1)
    assert torch.equal(land(theta), before)


def test_second_derivatives_of_attention():
    class Attention(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = torch.nn.Linear(4, 12)

        def forward(self, x):
            q, k, v = self.mix(x).chunk(3, -1)
            return torch.nn.functional.scaled_dot_product_attention(q, k, v)

    land = Landscape.from_module(
        Attention().double(), torch.nn.functional.mse_loss, (draws(2, 5, 4), draws(2, 5, 4, seed=1))
    )
    theta, v, h = draws(2, land.dim, seed=2), draws(2, land.dim, seed=3), 1e-5
    difference = (land.gradient(theta + h * v) - land.gradient(theta - h * v)) / (2 * h)
    torch.testing.assert_close(land.hessian_vector_product(theta, v), difference, rtol=1e-6, atol=1e-8)


def test_hessian_products_against_torch_func():
    def one(x):
        return (x.square().sum() + x[0] * x[1]).sin() * x[2].exp()

    land = Landscape(torch.vmap(one), 3)
    theta, v = draws(7, 3), draws(7, 3, seed=1)
    hessian = torch.vmap(torch.func.jacrev(torch.func.jacrev(one)))(theta)
    torch.testing.assert_close(land.hessian_vector_product(theta, v), (hessian @ v[..., None])[..., 0])
    torch.testing.assert_close(land.gradient(theta), torch.vmap(torch.func.grad(one))(theta))


@pytest.mark.parametrize("fn", [lambda t: t[:, 0] * 0 + 1, lambda t: torch.ones(len(t)), lambda t: 2 * t[:, 1]])
def test_flat_and_linear_losses_have_derivatives_too(fn):
    land, theta = Landscape(fn, 2), draws(3, 2)
    assert torch.equal(land.hessian_vector_product(theta, theta), torch.zeros_like(theta))
    assert land.gradient(theta).isfinite().all()


def test_chunks_do_not_change_anything():
    def fn(t):
        assert len(t) <= 3
        return t.pow(4).sum(1)

    cut = Landscape(fn, 2, row_bytes=2**27 // 3)
    whole = Landscape(lambda t: t.pow(4).sum(1), 2)
    theta, v = draws(10, 2), draws(10, 2, seed=1)
    assert cut.chunk_rows == 3
    assert torch.equal(cut(theta), whole(theta))
    assert torch.equal(cut.gradient(theta), whole.gradient(theta))
    assert torch.equal(cut.hessian_vector_product(theta, v), whole.hessian_vector_product(theta, v))


def test_an_action_is_evaluated_as_sympy_does():
    text = "(x^2 + y - 11)^2 + (x + y^2 - 7)^2 + x*y/3"
    land = Landscape.from_action(text)
    x, y = draws(5, 2).T
    torch.testing.assert_close(
        land(torch.stack([x, y], 1)), (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2 + x * y / 3, rtol=1e-13, atol=1e-12
    )


covariance = torch.tensor([[2.0, 0.6], [0.6, 0.5]], dtype=torch.float64)
bases = [
    None,
    Normal(torch.tensor([1.0, -1.0]).double(), torch.tensor([0.3, 2.0]).double()),
    Independent(Normal(torch.zeros(2).double(), torch.ones(2).double()), 1),
    MultivariateNormal(torch.tensor([1.0, 2.0]).double(), covariance),
]


@pytest.mark.parametrize("base", bases)
def test_whitening_is_an_affine_change_of_variables(base):
    land = Landscape(lambda t: t[:, 0] ** 2 + 3 * t[:, 1], 2, base)
    assert land.has_gaussian_base
    seed = torch.Generator().manual_seed(3)
    theta = land.sample(1000, seed)
    u = land.whitened().sample(1000, seed.manual_seed(3))
    torch.testing.assert_close(land(theta), land.whitened()(u))
    # log pi(theta) and log N(u) differ by the constant log |det S|.
    gap = land.log_base(theta) - land.whitened().log_base(u)
    assert float(gap.std()) < 1e-12


@pytest.mark.parametrize(
    "base",
    [Laplace(torch.zeros(2), torch.ones(2)), Uniform(torch.zeros(2), torch.ones(2)), bases[3]],
)
def test_samples_are_the_seed_s_and_leave_torch_s_own_generator_alone(base):
    land = Landscape(lambda t: t.sum(1), 2, base)
    state = torch.get_rng_state()
    first = land.sample(5, torch.Generator().manual_seed(1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, land.sample(5, torch.Generator().manual_seed(1)))
    assert not torch.equal(first, land.sample(5, torch.Generator().manual_seed(2)))
    assert first.dtype == torch.float64


def test_an_infinite_loss_is_allowed_and_has_no_slope():
    land = Landscape(lambda t: torch.where(t[:, 0] > 0, t[:, 0], math.inf), 1)
    values, slopes = land.value_and_gradient(torch.tensor([[2.0], [-1.0]]))
    assert values.tolist() == [2.0, math.inf]
    assert slopes.tolist() == [[1.0], [0.0]]


def test_a_sum_that_overflows_is_no_error():
    land = Landscape(lambda t: t.abs().amax(1), 2)
    theta = torch.full((3, 2), 1e308, dtype=torch.float64)
    assert land(theta).tolist() == [1e308] * 3
    steep = Landscape(lambda t: 1e308 * t.sum(1), 2)
    assert steep.gradient(torch.zeros(3, 2)).tolist() == [[1e308] * 2] * 3


def test_a_gradient_is_the_caller_s_to_change():
    gradient = Landscape(lambda t: t.sum(1), 2).gradient(torch.zeros(3, 2))
    gradient[0, 0] = 5.0
    assert gradient.tolist() == [[5.0, 1.0], [1.0, 1.0], [1.0, 1.0]]


def test_losses_are_no_view_of_the_parameters():
    theta = torch.ones(2, 1, dtype=torch.float64)
    losses = Landscape(lambda t: t[:, 0], 1)(theta)
    theta.zero_()
    assert losses.tolist() == [1.0, 1.0]


def quadratic(t):
    return t.square().sum(1)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Landscape("x", 1), TypeError, "function"),
        (lambda: Landscape(quadratic, 2.0), TypeError, "integer"),
        (lambda: Landscape(quadratic, 0), ValueError, "at least 1"),
        (lambda: Landscape(quadratic, 2, dtype=torch.int64), ValueError, "float64"),
        (lambda: Landscape(quadratic, 2, row_bytes=0), ValueError, "row_bytes"),
        (lambda: Landscape(quadratic, 2, "normal"), TypeError, "Distribution"),
        (lambda: Landscape(quadratic, 2, Normal(0.0, 1.0)), ValueError, "event shape"),
        (lambda: Landscape(quadratic, 2, Bernoulli(torch.ones(2) / 2)), ValueError, "continuous"),
        (lambda: Landscape(quadratic, 2, bases[1], device="meta"), ValueError, "agree"),
        (lambda: Landscape.from_module(quadratic, None, None), TypeError, "Module"),
        (lambda: Landscape.from_module(torch.nn.Linear(1, 1), None, (1, 2)), TypeError, "loss_fn"),
        (lambda: Landscape.from_module(torch.nn.Linear(1, 1), quadratic, torch.ones(2)), TypeError, "pair"),
        (lambda: Landscape.from_module(torch.nn.Tanh(), quadratic, (1, 2)), ValueError, "nothing to vary"),
        (
            lambda: Landscape.from_module(torch.nn.Linear(1, 1), quadratic, (1, 2), dtype=torch.float16),
            ValueError,
            "float64",
        ),
        (lambda: Landscape.from_module(torch.nn.Linear(1, 1), quadratic, (1, 2), scale=0.0), ValueError, "positive"),
        (lambda: Landscape.from_module(torch.nn.Linear(1, 1), quadratic, (1, 2), torch.ones(3)), ValueError, "scale"),
        (lambda: Landscape.from_action("sin(x)"), ValueError, "sin"),
        (lambda: Landscape.from_action("10^400*x"), ValueError, "float64"),
        (lambda: Landscape(quadratic, 2)([1.0, 2.0]), TypeError, "tensor"),
        (lambda: Landscape(quadratic, 2)(torch.ones(2)), ValueError, "shape"),
        (lambda: Landscape(quadratic, 2)(torch.ones(0, 2)), ValueError, "B >= 1"),
        (lambda: Landscape(quadratic, 2)(torch.full((1, 2), math.nan)), ValueError, "finite"),
        (lambda: Landscape(quadratic, 2)(torch.ones(1, 2) * 1j), TypeError, "real"),
        (lambda: Landscape(lambda t: t, 2)(torch.ones(3, 2)), ValueError, "one loss a row"),
        (lambda: Landscape(lambda t: 1.0, 2)(torch.ones(3, 2)), TypeError, "floating"),
        (lambda: Landscape(lambda t: t[:, 0].log(), 1)(torch.tensor([[1.0], [-1.0]])), ValueError, "row 1 first: nan"),
        (lambda: Landscape(lambda t: t[:, 0].log(), 1)(torch.zeros(1, 1)), ValueError, "-inf"),
        (lambda: Landscape(lambda t: t[:, 0].sqrt(), 1).gradient(torch.zeros(1, 1)), ValueError, "gradient"),
        (
            lambda: Landscape(quadratic, 2).hessian_vector_product(torch.ones(2, 2), torch.ones(1, 2)),
            ValueError,
            "one shape",
        ),
        (
            lambda: Landscape(lambda t: t[:, 0].abs() ** 1.5, 1).hessian_vector_product(
                torch.zeros(1, 1), torch.ones(1, 1)
            ),
            ValueError,
            "Hessian",
        ),
        (lambda: Landscape(quadratic, 2, Laplace(torch.zeros(2), torch.ones(2))).whitened(), ValueError, "Gaussian"),
    ],
)
def test_bad_input(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_loss_that_is_not_reduced_is_refused():
    land = Landscape.from_module(torch.nn.Linear(1, 1), lambda out, y: (out - y) ** 2, (torch.ones(3, 1), 0.0))
    with pytest.raises(ValueError, match="scalar"):
        land(torch.ones(2, 2))
