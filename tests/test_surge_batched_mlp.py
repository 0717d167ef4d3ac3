"""Multilayer perceptrons in stacks against torch.func, one network at a time."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, prune

from surge.batched_mlp import BatchedMLP

ACTIVATIONS = {
    "celu": nn.CELU,
    "dropout": nn.Dropout,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "hardtanh": nn.Hardtanh,
    "identity": nn.Identity,
    "leaky": lambda: nn.LeakyReLU(0.2, inplace=True),
    "logsigmoid": nn.LogSigmoid,
    "relu": lambda: nn.ReLU(inplace=True),
    "relu6": nn.ReLU6,
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softplus": lambda: nn.Softplus(beta=2),
    "tanh": nn.Tanh,
}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def values_of(model, names, count, seed):
    """Values for the named parameters of ``count`` networks, differentiable."""
    draw = generator(seed)
    shapes = {name: p.shape for name, p in model.named_parameters() if name in names}
    return {
        name: torch.randn(count, *shape, generator=draw, dtype=torch.float64).requires_grad_()
        for name, shape in shapes.items()
    }


def one_by_one(model, values, inputs):
    outputs = []
    for i in range(len(next(iter(values.values())))):
        # functional_call does not restore a layer that occurs twice.
        fresh = copy.deepcopy(model)
        outputs.append(torch.func.functional_call(fresh, {name: v[i] for name, v in values.items()}, inputs))
    return torch.stack(outputs)


def filled(model, seed):
    draw = generator(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=draw))
    return model.double().eval()


def derivatives(outputs, values):
    """First and second derivatives of a function that mixes all outputs of a network, but no two networks."""
    leaves = list(values.values())
    total = (outputs.sin() * torch.arange(1, 1 + outputs[0].numel()).reshape(outputs.shape[1:])).sum()
    first = torch.autograd.grad(total, leaves, create_graph=True, materialize_grads=True)
    curvature = sum((g * torch.cos(torch.arange(g.numel()).reshape(g.shape))).sum() for g in first)
    return (*first, *torch.autograd.grad(curvature, leaves, materialize_grads=True))


@st.composite
def perceptrons(draw):
    """A model, inputs that fit it, and the names of the parameters that vary."""
    rows = draw(st.sampled_from([(), (1,), (4,), (2, 3)]))
    width = draw(st.integers(1, 4))
    shape, layers = (*rows, width), []
    if len(rows) == 1 and draw(st.booleans()):
        height = draw(st.integers(1, 3))
        shape, width = (*rows, width, height), width * height
        layers.append(nn.Flatten())
    for _ in range(draw(st.integers(1, 3))):
        wider = draw(st.integers(1, 4))
        layers.append(nn.Linear(width, wider, bias=draw(st.booleans())))
        width = wider
        names = draw(st.lists(st.sampled_from(sorted(ACTIVATIONS)), max_size=2))
        layers.extend(ACTIVATIONS[name]() for name in names)
    cut = draw(st.integers(0, len(layers)))
    model = nn.Sequential(nn.Sequential(*layers[:cut]), *layers[cut:])
    names = [name for name, _ in model.named_parameters()]
    varied = draw(st.lists(st.sampled_from(names), min_size=1, unique=True) if draw(st.booleans()) else st.just(names))
    inputs = torch.randn(shape, generator=generator(draw(st.integers(0, 99))), dtype=torch.float64)
    return filled(model, draw(st.integers(0, 99))), inputs, varied


@settings(max_examples=60)
@given(perceptrons(), st.integers(1, 3))
def test_stacks_are_the_networks_one_by_one(case, count):
    model, inputs, varied = case
    network = BatchedMLP.of(model, inputs, varied)
    assert network is not None
    values = values_of(model, varied, count, seed=5)
    outputs, expected = network(values), one_by_one(model, values, inputs)
    assert outputs.is_contiguous()
    torch.testing.assert_close(outputs, expected, rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(derivatives(outputs, values), derivatives(expected, values), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_activation_acts_on_each_number_alone(name):
    model = filled(nn.Sequential(nn.Linear(2, 3), ACTIVATIONS[name](), nn.Linear(3, 2)), seed=1)
    inputs = torch.randn(4, 2, generator=generator(2), dtype=torch.float64)
    names = [n for n, _ in model.named_parameters()]
    values = values_of(model, names, 3, seed=3)
    torch.testing.assert_close(BatchedMLP.of(model, inputs, names)(values), one_by_one(model, values, inputs))


def test_tied_weights_have_one_value():
    shared = nn.Linear(3, 3)
    tied = nn.Linear(3, 3)
    tied.weight = shared.weight
    model = filled(nn.Sequential(shared, nn.Tanh(), tied, nn.Tanh(), shared), seed=1)
    names = [name for name, _ in model.named_parameters()]
    assert names == ["0.weight", "0.bias", "2.bias"]
    inputs = torch.randn(5, 3, generator=generator(2), dtype=torch.float64)
    values = values_of(model, names, 4, seed=3)
    outputs, expected = BatchedMLP.of(model, inputs, names)(values), one_by_one(model, values, inputs)
    torch.testing.assert_close(outputs, expected)
    for ours, theirs in zip(derivatives(outputs, values), derivatives(expected, values), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_layers_before_the_first_that_varies_are_evaluated_once():
    model = filled(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)), seed=1)
    inputs = torch.randn(4, 2, generator=generator(2), dtype=torch.float64)
    network = BatchedMLP.of(model, inputs, ["2.bias"])
    values = values_of(model, ["2.bias"], 3, seed=3)
    expected = one_by_one(model, values, inputs)
    with torch.no_grad():
        model[0].weight.zero_()
    torch.testing.assert_close(network(values), expected)


def test_activations_are_counted():
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2))
    names = [name for name, _ in model.named_parameters()]
    assert BatchedMLP.of(model, torch.ones(7, 2, 3), names).activations == 7 * (5 + 2)
    assert BatchedMLP.of(model, torch.ones(7, 2, 3), ["3.bias"]).activations == 7 * 2


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked(kind):
    layer = nn.Linear(3, 3)
    getattr(layer, kind)(lambda *_: None)
    return layer


def patched():
    layer = nn.Linear(3, 3)
    layer.forward = lambda x: x
    return layer


def in_a_hooked_sequential():
    inner = nn.Sequential(nn.Linear(3, 3))
    inner.register_forward_hook(lambda *_: None)
    return nn.Sequential(inner, nn.Tanh())


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.LSTM(3, 3),
        lambda: nn.Bilinear(3, 3, 3),
        lambda: Doubled(3, 3),
        lambda: hooked("register_forward_hook"),
        lambda: hooked("register_forward_pre_hook"),
        lambda: hooked("register_full_backward_hook"),
        lambda: hooked("register_full_backward_pre_hook"),
        patched,
        in_a_hooked_sequential,
        lambda: prune.random_unstructured(nn.Linear(3, 3), "weight", 0.5),
        lambda: parametrizations.weight_norm(nn.Linear(3, 3)),
        lambda: nn.Sequential(nn.Linear(3, 3), nn.PReLU()),
        lambda: nn.Sequential(nn.Linear(3, 3), nn.Softmax(-1)),
        lambda: nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3), nn.Linear(3, 3)),
        lambda: nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)),
        lambda: nn.Sequential(nn.Linear(3, 3), nn.Flatten(0), nn.Linear(12, 3)),
    ],
)
def test_what_is_no_multilayer_perceptron_is_left_to_others(make):
    model = make().eval()
    assert BatchedMLP.of(model, torch.ones(4, 3), [name for name, _ in model.named_parameters()]) is None


@pytest.mark.parametrize(
    "inputs", [torch.tensor(1.0), [1.0], None, torch.eye(3).to_sparse(), nn.Parameter(torch.ones(2, 3))]
)
def test_inputs_that_are_no_plain_tensor_are_left_to_others(inputs):
    assert BatchedMLP.of(nn.Linear(3, 1), inputs, ["weight"]) is None


def test_nothing_to_vary_is_left_to_others():
    assert BatchedMLP.of(nn.Linear(3, 1), torch.ones(2, 3), []) is None


def test_data_that_do_not_fit_are_refused_as_by_the_layers():
    wide = torch.ones(2, 6)
    with pytest.raises(RuntimeError, match="shapes"):
        BatchedMLP.of(nn.Linear(3, 1), wide, ["weight"])({"weight": torch.ones(5, 1, 3)})
    with pytest.raises(RuntimeError, match="shapes"):
        BatchedMLP.of(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1)), wide, ["1.weight"])
    with pytest.raises(RuntimeError, match="dtype"):
        BatchedMLP.of(nn.Linear(3, 1), torch.ones(2, 3), ["weight"])({"weight": torch.ones(5, 1, 3).double()})


def test_the_model_is_left_as_it_is():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(inplace=True), nn.Linear(2, 1)).eval()
    before = copy.deepcopy(model.state_dict())
    inputs = -torch.ones(2, 3)
    names = [name for name, _ in model.named_parameters()]
    BatchedMLP.of(model, inputs, names)({name: torch.ones(4, *p.shape) for name, p in model.named_parameters()})
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(inputs, -torch.ones(2, 3))
