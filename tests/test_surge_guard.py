"""The singularity guard: D against a direct computation, the zeros it is about, and a spike it is there for."""

import cmath
import math

import pytest

torch = pytest.importorskip("torch")

from surge import tasks  # noqa: E402
from surge.guard import SingularityGuard  # noqa: E402
from surge.scheduler import SurgeLR  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors here are too small to share."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def update_of(model, seed, size=1.0):
    """Every parameter's value, and a random direction."""
    draw = generator(seed)
    start = {p: p.detach().clone() for p in model.parameters()}
    return start, {p: size * torch.randn(p.shape, generator=draw, dtype=p.dtype) for p in model.parameters()}


def seeded(build, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def mlp(dtype=torch.float64):
    return seeded(
        lambda: torch.nn.Sequential(
            torch.nn.Linear(5, 8), torch.nn.LayerNorm(8), torch.nn.Tanh(), torch.nn.Linear(8, 4)
        ).to(dtype)
    )


def spread_by_jacobian(model, batch, start, update):
    """D from the full Jacobian, parameter by parameter."""
    names = [name for name, _ in model.named_parameters()]
    parameters = [p for _, p in model.named_parameters()]

    def logits(*values):
        return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (batch,))

    blocks = torch.autograd.functional.jacobian(logits, tuple(start[p] for p in parameters))
    derivative = sum((block.flatten(2) @ update[p].flatten()) for block, p in zip(blocks, parameters, strict=True))
    return max(float(row.max() - row.min()) for row in derivative)


@pytest.mark.parametrize("method", ["forward", "double_backward", "difference"])
def test_spread_against_the_full_jacobian(method):
    model = mlp()
    batch = torch.randn(7, 5, generator=generator(1), dtype=torch.float64)
    guard = SingularityGuard(model, batch, fraction=1.0, method=method)
    for seed in range(3):
        start, update = update_of(model, seed)
        exact = spread_by_jacobian(model, batch, start, update)
        # The central difference: an error of the order of eps^(2/3) = 4e-11, times third derivatives.
        assert float(guard.spread(start, update)) == pytest.approx(exact, rel=1e-7 if method == "difference" else 1e-12)


def test_factor_is_pi_over_spread():
    model = mlp()
    batch = torch.randn(7, 5, generator=generator(1), dtype=torch.float64)
    start, update = update_of(model, 0)
    exact = spread_by_jacobian(model, batch, start, update)
    assert exact > math.pi / 2
    for ratio in (0.25, 0.5):
        guard = SingularityGuard(model, batch, ratio=ratio, fraction=1.0)
        assert guard.factor(start, update) == pytest.approx(min(1.0, ratio * math.pi / exact), rel=1e-12)
    small = {p: 1e-3 * step for p, step in update.items()}
    assert SingularityGuard(model, batch, fraction=1.0).factor(start, small) == 1.0


def test_two_classes_the_partition_function_vanishes_at_the_bound():
    """At a decision boundary F = exp(z_0 + a_0 tau) + exp(z_1 + a_1 tau) has its zero at |tau| = pi / D exactly."""
    model = torch.nn.Linear(3, 2, bias=False, dtype=torch.float64)
    batch = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    start = {model.weight: torch.ones(2, 3, dtype=torch.float64)}  # both logits are equal
    update = {model.weight: torch.tensor([[4.0, -1.0, 2.0], [-3.0, 5.0, 1.0]], dtype=torch.float64)}
    factor = SingularityGuard(model, batch).factor(start, update)
    assert factor < 1
    z = (start[model.weight] @ batch[0]).tolist()
    a = (update[model.weight] @ batch[0]).tolist()

    def partition(tau):
        return sum(cmath.exp(zk - z[0] + tau * ak) for zk, ak in zip(z, a, strict=True))

    tau = complex(0, factor)
    assert abs(partition(tau)) < 1e-13
    assert abs(partition(0.9 * tau)) > 0.1


@pytest.mark.parametrize("seed", range(5))
def test_no_zero_of_the_partition_function_within_the_bound(seed):
    """The argument principle: F winds around 0 as often as it has zeros in |tau| < pi / D."""
    draw = generator(seed)
    z, a = 2 * torch.randn(6, generator=draw, dtype=torch.float64), torch.randn(6, generator=draw, dtype=torch.float64)

    def zeros_within(radius):
        angle = torch.linspace(0, 2 * math.pi, 4001, dtype=torch.float64)
        tau = torch.polar(torch.full_like(angle, radius), angle)
        values = torch.exp(z + tau[:, None] * a).sum(-1)
        return round(float(torch.angle(values[1:] / values[:-1]).sum()) / (2 * math.pi))

    model = torch.nn.Linear(1, 6, bias=False, dtype=torch.float64)
    guard = SingularityGuard(model, torch.ones(1, 1, dtype=torch.float64))
    bound = guard.limit({model.weight: z[:, None]}, {model.weight: a[:, None]})
    assert bound == pytest.approx(math.pi / float(a.max() - a.min()), rel=1e-14)
    assert zeros_within(0.999 * bound) == 0
    assert zeros_within(8 * bound) > 0


@pytest.mark.parametrize("shape", [(), (1,)])
def test_single_logit_is_the_logistic_loss(shape):
    class Binary(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(2))

        def forward(self, x):
            return (x @ self.weight).reshape(-1, *shape)

    model = Binary()
    guard = SingularityGuard(model, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), fraction=1.0)
    update = {model.weight: torch.tensor([3.0, -8.0])}
    assert float(guard.spread({model.weight: torch.zeros(2)}, update)) == 8.0


def test_leading_samples_tuples_mappings_functions_and_outputs():
    model = mlp()
    batch = torch.randn(16, 5, generator=generator(4), dtype=torch.float64)
    start, update = update_of(model, 0)
    expected = spread_by_jacobian(model, batch[:4], start, update)
    for given in (batch, (batch,), {"input": batch}, lambda: batch):
        guard = SingularityGuard(model, given, fraction=0.25)
        assert float(guard.spread(start, update)) == pytest.approx(expected, rel=1e-12)
    guard.batch = batch[8:]
    later = spread_by_jacobian(model, batch[8:10], start, update)
    assert float(guard.spread(start, update)) == pytest.approx(later, rel=1e-12)

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, x):
            return {"logits": self.inner(x)}

    guard = SingularityGuard(Wrapped(), batch, fraction=0.25, logits=lambda output: output["logits"])
    assert float(guard.spread(start, update)) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(TypeError, match="give logits="):
        SingularityGuard(Wrapped(), batch).spread(start, update)


def test_product_only_where_the_prediction_asks_for_it():
    model = mlp()
    batch = torch.randn(8, 5, generator=generator(5), dtype=torch.float64)
    start, update = update_of(model, 0)
    unit = float(SingularityGuard(model, batch).spread(start, update))
    guard = SingularityGuard(model, batch, interval=3, refresh=4)

    def factor(r):
        return guard.factor(start, {p: (r * math.pi / unit) * step for p, step in update.items()})

    assert [factor(0.2) for _ in range(4)] == [1.0] * 4
    assert guard.products == 1
    factor(0.2)  # the fifth update: refreshed
    assert guard.products == 2
    assert factor(0.6) == 1.0  # above one half: by the last product
    assert guard.products == 2
    assert factor(1.0) == pytest.approx(1.0, rel=1e-12)  # more than fourfold since
    assert guard.products == 3
    assert factor(2.0) == pytest.approx(0.5, rel=1e-12)
    assert guard.products == 3
    assert factor(5.0) == pytest.approx(0.2, rel=1e-12)
    assert guard.products == 4
    assert [factor(2.0) for _ in range(2)] == pytest.approx([0.5] * 2, rel=1e-12)
    assert guard.products == 4
    assert factor(2.0) == pytest.approx(0.5, rel=1e-12)  # the third update since
    assert guard.products == 5
    always = SingularityGuard(model, batch, interval=1)
    for products in range(1, 4):
        always.factor(start, {p: (math.pi / unit) * step for p, step in update.items()})
        assert always.products == products
    again = SingularityGuard(model, batch, interval=3, refresh=4)
    again.load_state_dict(guard.state_dict())
    assert again.state_dict() == guard.state_dict()
    with pytest.raises(ValueError, match="not the state of a guard"):
        again.load_state_dict({"age": 1})


class Attention(torch.nn.Module):
    """Default scaled-dot-product attention, which has a fused kernel without forward-mode rule."""

    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = torch.nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.attention(x, x, x)[0])


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(8, 6, batch_first=True)
        self.head = torch.nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.lstm(x)[0])


def normalised():
    return torch.nn.Sequential(
        torch.nn.Linear(8, 6), torch.nn.BatchNorm1d(3), torch.nn.Dropout(0.5), torch.nn.Linear(6, 3)
    )


def encoder():
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return torch.nn.Sequential(layer, torch.nn.Linear(8, 3))


@pytest.mark.filterwarnings("ignore:the singularity guard uses method:RuntimeWarning")
@pytest.mark.parametrize("build", [Attention, Recurrent, normalised, encoder])
def test_layers_and_what_is_left_behind(build):
    """Against a difference quotient in double precision; modes, statistics and generators are as they were."""
    model = seeded(build).double()
    batch = torch.randn(4, 3, 8, generator=generator(6), dtype=torch.float64)
    start, update = update_of(model, 1)
    modes = [module.training for module in model.modules()]
    buffers = [buffer.clone() for buffer in model.buffers()]
    state = torch.random.get_rng_state()
    spread = float(SingularityGuard(model, batch, fraction=1.0).spread(start, update))
    assert torch.equal(state, torch.random.get_rng_state())
    assert modes == [module.training for module in model.modules()]
    assert all(torch.equal(a, b) for a, b in zip(buffers, model.buffers(), strict=True))
    assert torch.backends.mha.get_fastpath_enabled()
    reference = SingularityGuard(model, batch, fraction=1.0, method="difference").spread(start, update)
    assert spread == pytest.approx(float(reference), rel=1e-6)


class NoForwardRule(torch.autograd.Function):
    """x -> 2 x, without the rule for forward mode."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return 2 * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


def test_fallback_is_named():
    class Doubled(torch.nn.Linear):
        def forward(self, x):
            return NoForwardRule.apply(super().forward(x))

    model = Doubled(3, 2, dtype=torch.float64)
    batch = torch.randn(4, 3, generator=generator(7), dtype=torch.float64)
    start, update = update_of(model, 2)
    guard = SingularityGuard(model, batch, fraction=1.0)
    with pytest.warns(RuntimeWarning, match="uses method='double_backward'; not available: forward"):
        spread = guard.spread(start, update)
    derivative = 2 * (batch @ update[model.weight].T + update[model.bias])
    assert float(spread) == pytest.approx(float((derivative[:, 0] - derivative[:, 1]).abs().max()), rel=1e-13)
    assert guard.state_dict()["method"] == "double_backward"
    guard.spread(start, update)  # and without a second warning
    with pytest.raises(RuntimeError):
        SingularityGuard(model, batch, method="forward").spread(start, update)


def test_difference_is_refused_in_half_precision():
    model = mlp(torch.bfloat16)
    start, update = update_of(model, 0)
    guard = SingularityGuard(model, torch.ones(2, 5, dtype=torch.bfloat16), method="difference")
    with pytest.raises(RuntimeError, match="no correct digit"):
        guard.spread(start, update)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_not_finite(bad):
    model = mlp()
    batch = torch.ones(2, 5, dtype=torch.float64)
    start, update = update_of(model, 0)
    broken = {p: torch.full_like(step, bad) for p, step in update.items()}
    with pytest.raises(FloatingPointError, match="not finite"):
        SingularityGuard(model, batch).factor(start, broken)
    with pytest.raises(FloatingPointError, match="not finite"):
        SingularityGuard(model, bad * batch).factor(start, update)
    still = {p: torch.zeros_like(step) for p, step in update.items()}
    assert SingularityGuard(model, batch).factor(start, still) == 1.0


@pytest.mark.parametrize(
    ("error", "match", "arguments"),
    [
        (TypeError, "torch.nn.Module", {"model": lambda x: x}),
        (TypeError, "ratio is a number", {"ratio": "1"}),
        (ValueError, "ratio is positive", {"ratio": 0.0}),
        (ValueError, "ratio is positive", {"ratio": math.nan}),
        (TypeError, "logits is a function", {"logits": 3}),
        (ValueError, "fraction lies", {"fraction": 0.0}),
        (ValueError, "fraction lies", {"fraction": 1.5}),
        (TypeError, "refresh is a number", {"refresh": 2.0}),
        (ValueError, "refresh is at least", {"refresh": 0}),
        (ValueError, "interval is at least", {"interval": 0}),
        (ValueError, "method is one of", {"method": "reverse"}),
    ],
)
def test_bad_arguments(error, match, arguments):
    with pytest.raises(error, match=match):
        SingularityGuard(**{"model": mlp(), "batch": torch.ones(2, 5), **arguments})


def test_foreign_parameters_and_empty_batches():
    model, other = mlp(), mlp()
    start, update = update_of(other, 0)
    with pytest.raises(ValueError, match="share 0 of the"):
        SingularityGuard(model, torch.ones(2, 5, dtype=torch.float64)).spread(start, update)
    with pytest.raises(ValueError, match="no sample"):
        SingularityGuard(other, torch.ones(0, 5, dtype=torch.float64)).spread(start, update)
    with pytest.raises(ValueError, match="update is empty"):
        SingularityGuard(other, torch.ones(2, 5)).factor({}, {})


def test_a_step_that_is_not_finite_is_undone():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    s = SurgeLR(optimizer, (), guard=SingularityGuard(model, torch.ones(2, 5, dtype=torch.float64)))
    before = [p.detach().clone() for p in model.parameters()]
    for p in model.parameters():
        p.grad = torch.full_like(p, math.nan)
    s.step(1.0)
    with pytest.raises(FloatingPointError, match="not finite"):
        optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert optimizer.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("guarded", [False, True])
def test_spike_of_the_learning_rate(guarded, seed):
    """One step at 1000 times the rate: ten overlapping Gaussian clusters in 16 dimensions, an MLP and Adam."""
    draw = generator(seed)
    centres = 1.5 * torch.randn(10, 16, generator=draw)
    labels = torch.arange(500) % 10
    inputs = centres[labels] + torch.randn(500, 16, generator=draw)
    model = seeded(
        lambda: torch.nn.Sequential(
            torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
        ),
        seed,
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    s = SurgeLR(optimizer, (), guard=SingularityGuard(model, inputs, fraction=1.0) if guarded else None)
    worst = 0.0
    for step in range(60):
        optimizer.param_groups[0]["lr"] = 3.0 if step == 40 else 3e-3
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        s.step(loss)
        if step == 40:
            before = loss.item()
        if step > 40:
            worst = max(worst, loss.item())
        optimizer.step()
    # log 10 is the loss of a model that knows nothing.
    assert before < 0.3
    if guarded:
        assert worst < before
    else:
        assert worst > math.log(10)


def digits_run(spike, guarded, seed):
    """200 steps of Adam at 3e-3, the 51st at ``spike`` times that: accuracy, parameters, the least part let through."""
    task = tasks.digits()
    model = task.model(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    guard = SingularityGuard(model, task.batch(0, seed)[0], fraction=1.0)
    s = SurgeLR(optimizer, (), guard=guard if guarded else None)
    least = 1.0
    for step in range(200):
        inputs, labels = task.batch(step, seed)
        optimizer.param_groups[0]["lr"] = spike * 3e-3 if step == 50 else 3e-3
        optimizer.zero_grad()
        loss = task.loss(model(inputs), labels)
        loss.backward()
        guard.batch = inputs
        s.step(loss)
        optimizer.step()
        least = min(least, s.shortening)
    return task.metrics(model)["accuracy"], [p.detach().clone() for p in model.parameters()], least


@pytest.mark.parametrize("seed", range(5))
def test_spike_on_the_digits(seed):
    """The bare run does not reach what is asked of the guarded one, which goes equally far whatever the spike."""
    parts = []
    for spike in (1000.0, 10000.0):
        accuracy, _, least = digits_run(spike, True, seed)
        assert accuracy >= 0.95 > digits_run(spike, False, seed)[0]
        parts.append(least)
    assert parts[1] == pytest.approx(parts[0] / 10, rel=1e-4)  # single precision in the updates


@pytest.mark.parametrize("seed", range(5))
def test_a_run_without_a_spike_is_not_changed(seed):
    _, bare, _ = digits_run(1.0, False, seed)
    _, guarded, least = digits_run(1.0, True, seed)
    assert least == 1.0
    assert all(torch.equal(a, b) for a, b in zip(bare, guarded, strict=True))
