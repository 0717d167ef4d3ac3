"""Landscapes against losses and derivatives that are got without them."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Laplace, MultivariateNormal, Normal, Uniform

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


@pytest.mark.parametrize("make", [perceptron, convolution, normalised, Tied])
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

    cut = Landscape(fn, 2, row_bytes=2**28 // 3)
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
