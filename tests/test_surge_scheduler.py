"""SurgeLR over torch's optimizers: alpha against the formula, steps against bare steps, and what must be left alone."""

import copy
import io
import math
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from surge.guard import SingularityGuard  # noqa: E402
from surge.guidance import guidance, select_target  # noqa: E402
from surge.scheduler import SurgeLR  # noqa: E402
from surge.targets import Targets  # noqa: E402

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.02),
    "sgd_fused": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, fused=True),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adam_tensor": lambda p: torch.optim.Adam(p, lr=torch.tensor(0.01), foreach=False),
    "adam_fused": lambda p: torch.optim.Adam(p, lr=0.01, fused=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, foreach=False),
    "adamw_foreach": lambda p: torch.optim.AdamW(p, lr=0.01, foreach=True),
    "adamw_fused": lambda p: torch.optim.AdamW(p, lr=torch.tensor(0.01), fused=True),
    "adamax": lambda p: torch.optim.Adamax(p, lr=0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.02),
    "adadelta": lambda p: torch.optim.Adadelta(p, lr=1.0),
    "nadam": lambda p: torch.optim.NAdam(p, lr=0.01),
    "radam": lambda p: torch.optim.RAdam(p, lr=0.01),
    "adafactor": lambda p: torch.optim.Adafactor(p, lr=0.01),
    "muon": lambda p: torch.optim.Muon(p, lr=0.01),
}
TARGETS = Targets((0.3, 0.02), reason="test")
every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors here are too small to share."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Problem:
    """Least squares in two matrices (what Muon takes), reproducible."""

    def __init__(self, name, seed=0):
        draw = torch.Generator().manual_seed(seed)
        self.x, self.y = torch.randn(12, 3, generator=draw), torch.randn(12, 2, generator=draw)
        self.parameters = [
            torch.nn.Parameter(0.5 * torch.randn(3, 4, generator=draw)),
            torch.nn.Parameter(0.5 * torch.randn(4, 2, generator=draw)),
        ]
        self.optimizer = OPTIMIZERS[name](self.parameters)

    def loss(self):
        self.optimizer.zero_grad()
        loss = (torch.tanh(self.x @ self.parameters[0]) @ self.parameters[1] - self.y).square().mean()
        loss.backward()
        return loss

    def values(self):
        return [p.detach().clone() for p in self.parameters]

    def train(self, s=None, steps=5):
        for _ in range(steps):
            loss = self.loss()
            if s is not None:
                s.step(loss)
            self.optimizer.step()
        return self.values()


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def close(first, second, rel=2e-5):
    return all(torch.allclose(a, b, rtol=rel, atol=1e-6) for a, b in zip(first, second, strict=True))


def rates(optimizer):
    return [float(group["lr"]) for group in optimizer.param_groups]


# ---------------------------------------------------------------------------------------------------------------------
# Targets and alpha


def reference_alpha(loss, values, errors, weight, threshold):
    """Equations 32 and 34 written out, from the largest target down."""
    for zeta, error in sorted(zip(values, errors, strict=True), reverse=True):
        reached = zeta >= loss or loss - zeta <= threshold * abs(loss) or loss - zeta <= error
        if not reached:
            return 1 + weight * (min(abs((loss - zeta) / loss), 1) if loss else 1)
    return 1.0


def test_alpha_against_the_formula():
    draw = np.random.default_rng(0)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    for _ in range(300):
        values = tuple(draw.normal(size=draw.integers(1, 5)))
        errors = tuple(draw.uniform(0.001, 0.3, size=len(values)))
        loss, weight = float(draw.choice([draw.normal(), 0.0], p=[0.95, 0.05])), draw.uniform(0.1, 2)
        threshold = float(draw.choice([0.0, 0.01, 0.2]))
        s = SurgeLR(optimizer, Targets(values, errors), float(weight), threshold=threshold)
        s.step(loss)
        assert s.alpha == pytest.approx(reference_alpha(loss, values, errors, weight, threshold), rel=1e-14)
        s.detach()


def test_switching_of_targets():
    targets = Targets((0.1, 0.5, 1.0))
    assert [select_target(targets, loss, 0.02) for loss in (2.0, 1.01, 0.6, 0.505, 0.3, 0.1)] == [
        1.0,
        0.5,
        0.5,
        0.1,
        0.1,
        None,
    ]
    assert select_target(Targets((-1.0, -3.0)), -0.5) == -1.0
    assert guidance(-0.5, -1.0, 0.4) == pytest.approx(1.4)
    assert guidance(1e308, -1e308, 0.5) == 1.5


@pytest.mark.parametrize(
    ("error", "match", "arguments"),
    [
        (ValueError, "finite numbers", ((math.nan,),)),
        (ValueError, "finite numbers", ((math.inf,),)),
        (TypeError, "real numbers", ((1j,),)),
        (TypeError, "real numbers", ((True,),)),
        (TypeError, "got text", ("0.1",)),
        (TypeError, "got float", (0.1,)),
        (ValueError, "2 errors for 1 values", ((0.1,), (0.1, 0.2))),
        (ValueError, "error is positive", ((0.1,), (0.0,))),
        (ValueError, "finite numbers", ((0.1,), (math.nan,))),
        (TypeError, "reason is text", ((0.1,), None, 3)),
    ],
)
def test_bad_targets(error, match, arguments):
    with pytest.raises(error, match=match):
        Targets(*arguments)


def test_targets_are_plain_and_frozen():
    targets = Targets([np.float32(0.5), 1], errors=[np.float64(0.1), 2])
    assert targets == Targets((0.5, 1.0), (0.1, 2.0))
    assert [type(x) for x in (*targets.values, *targets.errors)] == [float] * 4
    assert len(targets) == 2
    with pytest.raises(AttributeError):
        targets.values = ()


# ---------------------------------------------------------------------------------------------------------------------
# Every optimizer


@every_optimizer
def test_steps_are_bare_steps_at_alpha_times_the_rate(name):
    bare, wrapped = Problem(name), Problem(name)
    s = SurgeLR(wrapped.optimizer, TARGETS, weight=0.8)
    original = rates(bare.optimizer)
    alphas = set()
    for _ in range(6):
        loss = bare.loss().item()
        alpha = reference_alpha(loss, TARGETS.values, (0.0, 0.0), 0.8, 0.01)
        alphas.add(alpha)
        for group, rate in zip(bare.optimizer.param_groups, original, strict=True):
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate * alpha)
            else:
                group["lr"] = rate * alpha
        bare.optimizer.step()
        s.step(wrapped.loss())
        wrapped.optimizer.step()
        assert s.alpha == pytest.approx(alpha, rel=1e-4)
        assert s.get_last_lr() == pytest.approx([rate * alpha for rate in original], rel=1e-4)
        assert rates(wrapped.optimizer) == original
    assert len(alphas) == 6
    assert close(bare.values(), wrapped.values())


@every_optimizer
def test_without_targets_bit_for_bit(name):
    bare, wrapped = Problem(name), Problem(name)
    s = SurgeLR(wrapped.optimizer, Targets((), reason="nothing significant"))
    assert equal(bare.train(), wrapped.train(s))
    assert s.alpha == 1.0
    wrapped.optimizer.step()  # no loss is needed either
    bare.optimizer.step()
    assert equal(bare.values(), wrapped.values())


@every_optimizer
def test_loose_bound_bit_for_bit(name):
    bare, wrapped = Problem(name), Problem(name)
    s = SurgeLR(wrapped.optimizer, (), max_norm=1e6)
    assert equal(bare.train(), wrapped.train(s))
    assert s.shortening == 1.0


@every_optimizer
def test_update_clip(name):
    bare, wrapped = Problem(name), Problem(name)
    bound = 1e-3
    s = SurgeLR(wrapped.optimizer, (), max_norm=bound)
    start = wrapped.values()
    full = [b - a for a, b in zip(start, bare.train(steps=1), strict=True)]
    norm = math.sqrt(sum(float(step.square().sum()) for step in full))
    assert norm > bound
    taken = [b - a for a, b in zip(start, wrapped.train(s, steps=1), strict=True)]
    # The differences are of numbers near 1 in single precision, 6e-8 each.
    assert all(torch.allclose(a * bound / norm, b, rtol=1e-5, atol=2e-7) for a, b in zip(full, taken, strict=True))
    assert s.shortening == pytest.approx(bound / norm, rel=1e-4)


@every_optimizer
def test_closure(name):
    """Evaluated once, and its value is the loss that was to be handed over."""
    explicit, closing = Problem(name), Problem(name)
    one, other = SurgeLR(explicit.optimizer, TARGETS), SurgeLR(closing.optimizer, TARGETS)
    calls = []

    def closure():
        assert torch.is_grad_enabled()
        calls.append(1)
        return closing.loss()

    explicit.train(one, steps=3)
    closing.optimizer.step(closure)
    closing.optimizer.step(closure=closure)
    returned = closing.optimizer.step(closure)
    assert returned.item() == other.loss
    assert len(calls) == 3
    assert equal(explicit.values(), closing.values())
    assert one.state_dict() == other.state_dict()


@every_optimizer
@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_resume(name, rule):
    def attach(problem):
        return SurgeLR(problem.optimizer, TARGETS, max_norm=0.05, rule=rule)

    whole, first, second = Problem(name), Problem(name), Problem(name)
    s = attach(whole)
    whole.train(s, steps=6)
    earlier = attach(first)
    first.train(earlier, steps=3)
    file = io.BytesIO()
    torch.save({"p": first.values(), "o": first.optimizer.state_dict(), "s": earlier.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    later = SurgeLR(second.optimizer, ())
    with torch.no_grad():
        for p, value in zip(second.parameters, saved["p"], strict=True):
            p.copy_(value)
    second.optimizer.load_state_dict(saved["o"])
    later.load_state_dict(saved["s"])
    assert later.state_dict() == earlier.state_dict()
    second.train(later, steps=3)
    assert equal(whole.values(), second.values())
    assert later.state_dict() == s.state_dict()


@every_optimizer
def test_group_added_later(name):
    problem = Problem(name)
    s = SurgeLR(problem.optimizer, TARGETS, max_norm=1e-3)
    problem.train(s, steps=1)
    extra = torch.nn.Parameter(torch.ones(2, 2))
    rate = problem.optimizer.param_groups[0]["lr"]
    problem.optimizer.add_param_group({"params": [extra], "lr": rate})  # a shared tensor where it is one
    before = [*problem.values(), extra.detach().clone()]
    s.step(problem.loss())
    extra.grad = torch.ones(2, 2)
    problem.optimizer.step()
    moved = [b - a for a, b in zip(before, [*problem.values(), extra.detach()], strict=True)]
    assert float(moved[-1].abs().max()) > 0
    assert math.sqrt(sum(float(step.square().sum()) for step in moved)) <= 1e-3 * (1 + 1e-3)
    assert s.get_last_lr() == pytest.approx([float(rate) * s.alpha] * 2)
    assert rates(problem.optimizer) == [float(rate)] * 2


@every_optimizer
@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_scaler_skips_a_step(name, rule):
    """An infinite gradient: parameters, rates and state stay, and the skipped loss is forgotten."""
    problem, twin = Problem(name), Problem(name)
    scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
    s, t = (SurgeLR(p.optimizer, TARGETS, max_norm=0.05, rule=rule) for p in (problem, twin))
    twin.train(t, steps=3)

    def scaled(bad=False):
        problem.optimizer.zero_grad()
        loss = problem.loss().detach()
        for p in problem.parameters:
            p.grad.mul_(scaler.scale(torch.tensor(1.0)))
        if bad:
            problem.parameters[0].grad[0, 0] = math.inf
        s.step(loss + 100 if bad else loss)
        scaler.step(problem.optimizer)
        scaler.update()

    scaled()
    before, original = problem.values(), rates(problem.optimizer)
    smoothed = s.state_dict()["multiple"]
    scaled(bad=True)
    assert equal(before, problem.values())
    assert rates(problem.optimizer) == original
    assert s.state_dict()["multiple"] == smoothed
    scaled()
    scaled()
    assert rates(problem.optimizer) == original
    assert close(problem.values(), twin.values())
    assert s.alpha == pytest.approx(t.alpha, rel=1e-4)


@pytest.mark.parametrize("name", ["sgd", "adam_tensor", "adamw_fused"])
@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda n: 1 / (1 + n)),
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 40),
        lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.97),
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.02, total_steps=40, cycle_momentum=False),
    ],
)
def test_nothing_compounds_under_schedulers(name, schedule):
    bare, wrapped = Problem(name), Problem(name)
    s = SurgeLR(wrapped.optimizer, Targets((-1.0,)), weight=0.1)
    schedules = schedule(bare.optimizer), schedule(wrapped.optimizer)
    for _ in range(30):
        bare.train(steps=1)
        wrapped.train(s, steps=1)
        for one in schedules:
            one.step()
        assert s.alpha == pytest.approx(1.1)
    assert rates(wrapped.optimizer) == rates(bare.optimizer)


# ---------------------------------------------------------------------------------------------------------------------
# Rule "reach"


def line(start=2.0, lr=0.1, dtype=torch.float64):
    x = torch.nn.Parameter(torch.tensor(start, dtype=dtype))
    return x, torch.optim.SGD([x], lr=lr)


def advance(s, pairs, gradient, loss):
    """One step of every optimizer, its single parameter with that gradient; the parameters' updates."""
    before = [x.item() for x, _ in pairs]
    for x, _ in pairs:
        x.grad = torch.full_like(x, gradient)
    s.step(loss)
    for _, optimizer in pairs:
        optimizer.step()
    return [x.item() - old for (x, _), old in zip(pairs, before, strict=True)]


@pytest.mark.parametrize("stride", [1.0, 0.25])
def test_reach_on_a_linear_loss_is_exact(stride):
    """L = 3 x: the multiple of the update -0.1 * 3 that takes L from 6 to 4 is 2 / 0.9."""
    x, optimizer = line()
    s = SurgeLR(optimizer, Targets((4.0,)), rule="reach", cap=5.0, stride=stride)
    (3 * x).backward()
    s.step(6.0)
    optimizer.step()
    assert s.alpha == pytest.approx(stride * 2 / 0.9, rel=1e-14)
    assert 3 * x.item() == pytest.approx(6.0 - stride * 2.0, rel=1e-14)
    assert s.get_last_lr() == pytest.approx([stride * 0.2 / 0.9])


def momentum_model(steps, zeta, beta, stride=1.0, lr=0.1):
    """The multiples of gradient descent by sums over all past steps: pairs of gradient and loss, and schedule's part.

    The mean loss predicted here is sum_i w_i (L_i - what the steps since i were to gain), the mean fall sum_i w_i F_i.
    """
    losses, falls, gains, multiples = [], [], [], []
    for number, (gradient, loss, part) in enumerate(steps):
        losses.append(loss)
        falls.append(lr * gradient**2)
        weights = [(1 - beta) ** (i > 0) * beta ** (number - i) for i in range(number + 1)]
        fall = sum(w * f for w, f in zip(weights, falls, strict=True))
        predicted = sum(w * (x - sum(gains[i:])) for i, (w, x) in enumerate(zip(weights, losses, strict=True)))
        multiples.append(stride * max(0.0, predicted - zeta) / fall)
        gains.append(part * multiples[-1] * fall)
    return multiples


@pytest.mark.parametrize("stride", [1.0, 0.3])
def test_reach_by_the_models_of_all_steps(stride):
    """Loss and fall are averaged each for itself, and every step lowers what the models predict by what it gains."""
    pair = line()
    s = SurgeLR(pair[1], Targets((1.0,)), rule="reach", cap=1e4, smoothing=0.75, stride=stride)
    steps = [(3.0, 6.0, 1.0), (2.0, 4.0, 1.0), (-0.5, 5.0, 1.0), (1.0, 0.5, 1.0), (3.0, 3.0, 1.0)]
    for (gradient, loss, _), multiple in zip(steps, momentum_model(steps, 1.0, 0.75, stride), strict=True):
        (moved,) = advance(s, [pair], gradient, loss)
        assert s.target == 1.0
        assert s.alpha == pytest.approx(multiple, rel=1e-12)
        assert moved == pytest.approx(-0.1 * gradient * multiple, rel=1e-11)


def test_reach_waits_where_the_models_are_below_the_target():
    """A loss that does not fall by what was predicted is believed only as it comes in."""
    pair = line()
    s = SurgeLR(pair[1], Targets((1.0,)), rule="reach", stride=1.0)
    assert advance(s, [pair], 3.0, 6.0)[0] < 0
    assert advance(s, [pair], 3.0, 1.2) == [pytest.approx(-0.02 / 3)]  # predicted 0.9 * 1 + 0.1 * 1.2
    assert advance(s, [pair], 3.0, -9.0) == [0.0]  # the mean loss is above the target, what is predicted is not
    assert s.target == 1.0
    assert s.alpha == 0.0


def test_reach_in_a_steady_state():
    """Where loss and fall stay as they are, the steps go a fixed part of the way, whatever the learning rate."""
    pair = line(lr=1e-3)
    s = SurgeLR(pair[1], Targets((1.0,)), rule="reach", smoothing=0.8, stride=0.5)
    for _ in range(200):
        (moved,) = advance(s, [pair], 2.0, 3.0)
    assert -2.0 * moved == pytest.approx(0.5 * 0.2 / (0.2 + 0.8 * 0.5) * (3.0 - 1.0), rel=1e-9)


def test_reach_cap_ascent_and_no_target():
    pair = line()
    s = SurgeLR(pair[1], Targets((4.0,)), rule="reach", cap=1.5, smoothing=0.0, stride=1.0)

    def multiple(gradient, loss):
        return advance(s, [pair], gradient, loss)[0] / (-0.1 * gradient)

    assert multiple(3.0, 3.0) == pytest.approx(1.0)  # below the target before there was a multiple: the bare step
    assert multiple(3.0, 6.0) == pytest.approx(1.5)  # capped
    assert multiple(3.0, 4.18) == pytest.approx(0.2)  # 0.18 / 0.9, no past with smoothing 0
    assert multiple(3.0, 3.0) == pytest.approx(0.2)  # below the target: the last multiple
    pair[1].param_groups[0]["weight_decay"] = -100.0  # the loss rises along the update: the last multiple too
    before = pair[0].item()
    (moved,) = advance(s, [pair], 3.0, 6.0)
    assert moved == pytest.approx(0.2 * -0.1 * (3.0 - 100.0 * before))
    pair[1].zero_grad()
    s.step(6.0)
    with pytest.raises(RuntimeError, match="cleared"):
        pair[1].step()


def test_reach_has_no_cap_by_default():
    pair = line(lr=1e-9)
    s = SurgeLR(pair[1], (0.0,), rule="reach", stride=1.0)
    (moved,) = advance(s, [pair], 2.0, 1.0)
    assert s.alpha == pytest.approx(1 / 4e-9, rel=1e-6)
    assert moved == pytest.approx(-0.5, rel=1e-6)
    assert s.state_dict()["cap"] == math.inf


@pytest.mark.parametrize("rate", [0.1, torch.tensor(0.1, dtype=torch.float64)])
def test_reach_and_the_schedule(rate):
    """The multiple is that of the full rate; what the schedule leaves of the rate it leaves of the reached step."""
    pair = line()
    pair[1].param_groups[0]["lr"] = rate
    schedule = torch.optim.lr_scheduler.LambdaLR(pair[1], lambda n: (1.0, 0.5, 0.0, 3.0)[min(n, 3)])
    s = SurgeLR(pair[1], Targets((1.0,)), rule="reach", cap=100.0)
    steps = [(3.0, 6.0, 1.0), (2.0, 5.0, 0.5), (2.5, 4.0, 0.0), (2.0, 3.0, 1.0)]
    for (gradient, loss, part), multiple in zip(steps, momentum_model(steps, 1.0, 0.9), strict=True):
        (moved,) = advance(s, [pair], gradient, loss)
        assert s.alpha == pytest.approx(multiple, rel=1e-12)
        assert moved == pytest.approx(-0.1 * gradient * part * multiple, rel=1e-12, abs=1e-15)
        assert s.get_last_lr() == pytest.approx([part * 0.1 * s.alpha])
        schedule.step()


def test_reach_without_reading_the_products(monkeypatch):
    """As on accelerators, where inner products stay tensors; two groups, so that the schedule leaves unequal parts."""

    def trained():
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 1))
        groups = [{"params": net[0].parameters(), "lr": 1e-3}, {"params": net[2].parameters(), "lr": 3e-3}]
        optimizer = torch.optim.Adam(groups)
        s = SurgeLR(optimizer, (0.0,), rule="reach")
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, [lambda k: 1 / (1 + k), lambda k: 1 / (1 + k / 9)])
        inputs = torch.randn(32, 5)
        for _ in range(10):
            optimizer.zero_grad()
            loss = (net(inputs) - inputs.sum(1, keepdim=True)).square().mean()
            loss.backward()
            s.step(loss.item())
            optimizer.step()
            schedule.step()
        return torch.nn.utils.parameters_to_vector(net.parameters()).detach()

    read = trained()
    for module in ("surge.scheduler", "surge.momentum_model"):
        monkeypatch.setattr(f"{module}.unread", lambda number: number.double())
    torch.testing.assert_close(trained(), read)


def test_reach_and_the_full_rate_of_a_group():
    """OneCycleLR says what its largest rate is; else the initial rate, else the first one that is not zero."""
    x, optimizer = line(lr=0.02)
    torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=10, cycle_momentum=False)
    s = SurgeLR(optimizer, Targets((1.0,)), rule="reach", cap=1e6, stride=1.0)
    (moved,) = advance(s, [(x, optimizer)], 3.0, 6.0)
    assert moved == pytest.approx(-5.0 / 3.0 * 0.02 / 0.5, rel=1e-6)
    x, optimizer = line(lr=0.0)
    s = SurgeLR(optimizer, Targets((1.0,)), rule="reach", cap=1e6, stride=1.0)
    assert advance(s, [(x, optimizer)], 3.0, 6.0) == [0.0]
    for rate, part in ((0.1, 1.0), (0.05, 0.5), (1e4, 1.0)):
        optimizer.param_groups[0]["lr"] = rate
        s._model.fall = s._model.predicted = None
        assert advance(s, [(x, optimizer)], 3.0, 6.0) == [pytest.approx(-5.0 / 3.0 * part)]
    assert s.state_dict()["full_rates"] == [[0.1]]


@pytest.mark.parametrize("lr", [1e-5, 1.0])
@pytest.mark.parametrize("build", ["sgd", "momentum", "adamw", "muon"])
def test_reach_forgets_the_learning_rate(build, lr):
    """Updates are proportional to the rate and multiples to its inverse: the same run at any rate."""

    def run(rate):
        problem = Problem(build)
        problem.parameters = [torch.nn.Parameter(p.detach().double()) for p in problem.parameters]
        problem.x, problem.y = problem.x.double(), problem.y.double()
        problem.optimizer = OPTIMIZERS[build](problem.parameters)
        problem.optimizer.param_groups[0]["lr"] = rate
        return problem.train(SurgeLR(problem.optimizer, (0.0,), rule="reach", cap=1e9), steps=20)

    tolerance = 2e-4 if build == "muon" else 1e-9  # Muon works in bfloat16 inside
    assert close(run(lr), run(1e-2), rel=tolerance)


def test_reach_with_several_optimizers_is_one_linear_model():
    """L = 3 x + 3 y, steps 0.1 and 0.2: the fall of the loss is 9 (0.1 + 0.2)."""
    pairs = [line(2.0, 0.1), line(1.0, 0.2)]
    s = SurgeLR([optimizer for _, optimizer in pairs], Targets((4.0,)), rule="reach", stride=1.0)
    for x, _ in pairs:
        x.grad = torch.full_like(x, 3.0)
    s.step(9.0)
    pairs[0][1].step()
    assert pairs[0][0].item() == 2.0  # until the fall along both is known
    pairs[1][1].step()
    assert 3 * (pairs[0][0].item() + pairs[1][0].item()) == pytest.approx(4.0, rel=1e-14)
    advance(s, pairs, 3.0, 9.0)
    assert s.alpha == pytest.approx(0.5 / 2.7, rel=1e-12)  # of the loss of 9 a tenth is believed, predicted was 4
    assert s.get_last_lr() == pytest.approx([0.05 / 2.7, 0.1 / 2.7])


def test_two_optimizers_are_as_one():
    """Two halves of the parameters under two optimizers, with bound and guard, against all under one."""

    def run(split, **arguments):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3)).double()
            x, y = torch.randn(20, 4, dtype=torch.float64), torch.randint(3, (20,))
        halves = [model[0].parameters(), model[2].parameters()] if split else [model.parameters()]
        optimizers = [torch.optim.AdamW(half, lr=0.5, weight_decay=0.1) for half in halves]
        guard = SingularityGuard(model, x, fraction=1.0, ratio=0.2)
        s = SurgeLR(optimizers, (0.0,), guard=guard, **arguments)
        shortenings = []
        for _ in range(6):
            model.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            s.step(loss)
            for optimizer in optimizers:
                optimizer.step()
            shortenings.append(s.shortening)
        return [p.detach().clone() for p in model.parameters()], shortenings

    for arguments in ({"rule": "reach", "stride": 1.0}, {}, {"max_norm": 0.1}):
        (one, first), (two, second) = run(False, **arguments), run(True, **arguments)
        assert min(first) < 1
        assert first == pytest.approx(second, rel=1e-9)
        assert close(one, two, rel=1e-9)


def test_a_step_without_its_companion_is_not_taken():
    pairs = [line(), line()]
    s = SurgeLR([optimizer for _, optimizer in pairs], (0.0,), rule="reach")
    pairs[0][0].grad = torch.ones_like(pairs[0][0])
    s.step(1.0)
    pairs[0][1].step()
    with pytest.warns(RuntimeWarning, match="1 of 2 optimizers stepped"):
        s.step(1.0)
    assert pairs[0][0].item() == 2.0
    before = s.state_dict()
    pairs[0][1].step()
    s.load_state_dict(before)  # forgets it too
    assert [moved < 0 for moved in advance(s, pairs, 1.0, 1.0)] == [True, True]


def test_resume_of_several_optimizers():
    def build():
        pairs = [line(2.0, 0.1), line(1.0, 0.2)]
        return pairs, SurgeLR([optimizer for _, optimizer in pairs], (0.5,), rule="reach", cap=9.0)

    pairs, s = build()
    steps = [(3.0, 6.0), (2.0, 5.0), (1.0, 4.5), (2.0, 3.0)]
    for step in steps[:2]:
        advance(s, pairs, *step)
    twins, t = build()
    for (x, _), (y, _) in zip(pairs, twins, strict=True):
        y.data.copy_(x.data)
    t.load_state_dict(s.state_dict())
    for step in steps[2:]:
        assert advance(s, pairs, *step) == advance(t, twins, *step)
    assert s.state_dict() == t.state_dict()
    single = SurgeLR(line()[1], (0.5,), rule="reach")
    with pytest.raises(ValueError, match="for 2 optimizers, this one has 1"):
        single.load_state_dict(s.state_dict())


@pytest.mark.parametrize("several", [False, True])
def test_overflow_under_a_fused_optimizer(several):
    """A fused optimizer makes no step where its gradients overflowed; its companion goes on alone."""
    pairs = [line(1.0, dtype=torch.float32), line(1.0, dtype=torch.float32)][: 1 + several]
    x = pairs[0][0]
    fused = torch.optim.SGD([x], lr=0.1, fused=True)
    pairs[0] = (x, fused)
    s = SurgeLR([optimizer for _, optimizer in pairs], (0.0,), rule="reach", cap=10.0, stride=1.0)
    advance(s, pairs, 1.0, 1.0)
    state, before = s.state_dict(), x.item()
    fused.grad_scale, fused.found_inf = torch.tensor(1.0), torch.tensor(1.0)
    for y, _ in pairs:
        y.grad = torch.ones_like(y)
    x.grad.fill_(math.inf)
    s.step(0.5)
    for _, optimizer in pairs:
        optimizer.step()
    assert x.item() == before
    if several:
        assert s.alpha == pytest.approx((0.9 * 0.0 + 0.1 * 0.5) / (0.9 * 0.2 + 0.1 * 0.1), rel=1e-6)
        return
    after = s.state_dict()
    assert {name for name in state if state[name] != after[name]} == {"steps", "loss"}


class InPlace(torch.optim.SGD):
    """Adds its weight decay to the gradient itself, as some optimizers do."""

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad.add_(p.detach(), alpha=0.1)
        return super().step(closure)


def test_reach_needs_the_gradients_as_they_were():
    x = torch.nn.Parameter(torch.tensor(2.0))
    optimizer = InPlace([x], lr=0.1)
    s = SurgeLR(optimizer, (0.0,), rule="reach")
    x.grad = torch.ones_like(x)
    s.step(1.0)
    with pytest.raises(RuntimeError, match="InPlace writes into the gradients"):
        optimizer.step()
    assert (x.item(), optimizer.param_groups[0]["lr"]) == (2.0, 0.1)


# ---------------------------------------------------------------------------------------------------------------------
# Parameters of other kinds


def test_clip_of_complex_half_and_huge_updates():
    parameters = [
        torch.nn.Parameter(torch.zeros(2, dtype=torch.complex64)),
        torch.nn.Parameter(torch.zeros(2, dtype=torch.bfloat16)),
        torch.nn.Parameter(torch.ones(2)),
    ]
    frozen = torch.nn.Parameter(torch.ones(1), requires_grad=False)
    optimizer = torch.optim.SGD([*parameters, frozen], lr=1.0, foreach=False)
    s = SurgeLR(optimizer, (), max_norm=2.0)
    for p in parameters:
        p.grad = torch.full_like(p, 1j * 2.0**83 if p.is_complex() else 2.0**83)
    s.step(1.0)
    optimizer.step()
    # Six entries of the same size, of total length 2.
    expected = 2 / math.sqrt(6)
    assert torch.allclose(parameters[0].detach(), torch.full((2,), -1j * expected, dtype=torch.complex64), rtol=1e-6)
    assert torch.allclose(parameters[1].detach().float(), torch.full((2,), -expected), rtol=1e-2)
    assert torch.allclose(parameters[2].detach(), torch.full((2,), 1 - expected), rtol=1e-5)


def test_sparse_gradients():
    embedding = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = torch.optim.SGD(embedding.parameters(), lr=0.1)
    s = SurgeLR(optimizer, Targets((-1.0,)), rule="reach", max_norm=1e-2)
    before = embedding.weight.detach().clone()
    loss = embedding(torch.tensor([1, 3])).sum()
    loss.backward()
    s.step(loss)
    optimizer.step()
    assert float((embedding.weight.detach() - before).norm()) == pytest.approx(1e-2, rel=1e-4)


# ---------------------------------------------------------------------------------------------------------------------
# What surrounds the optimizer


def test_several_optimizers_share_the_loss():
    first, second = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    optimizers = [torch.optim.SGD([first], lr=0.1), torch.optim.SGD([second], lr=0.2)]
    s = SurgeLR(optimizers, Targets((-1.0,)), weight=0.5)
    first.grad, second.grad = torch.ones(1), torch.ones(1)
    s.step(1.0)
    for optimizer in optimizers:
        optimizer.step()
    assert (first.item(), second.item()) == pytest.approx((1 - 0.15, 1 - 0.3))
    assert s.get_last_lr() == pytest.approx([0.15, 0.3])
    with pytest.raises(RuntimeError, match="without a loss"):
        optimizers[1].step()


def test_micro_batches():
    problem = Problem("sgd")
    s = SurgeLR(problem.optimizer, TARGETS)
    for loss in (1.0, torch.tensor(2.0), np.float32(6.0)):
        s.observe(loss)
    s.step()
    assert s.loss == 3.0
    with pytest.raises(RuntimeError, match="without a loss"):
        s.step()
    s.observe(torch.tensor(1.0))
    s.observe(torch.tensor(2.0, dtype=torch.float64))
    s.step(5.0)  # a loss that is given is the loss; what was observed is dropped
    assert s.loss == 5.0
    with pytest.raises(RuntimeError, match="without a loss"):
        s.step()


@pytest.mark.parametrize(
    ("error", "match", "loss"),
    [
        (ValueError, "the loss is nan", math.nan),
        (ValueError, "the loss is inf", torch.tensor(math.inf)),
        (ValueError, "the loss is -inf", -math.inf),
        (TypeError, "a loss is real", torch.tensor(1j)),
        (TypeError, "real number", 1j),
        (TypeError, "real number", "1"),
        (TypeError, "real number", True),
        (TypeError, "a loss is real", torch.tensor(True)),
        (ValueError, r"shape \(2,\)", torch.ones(2)),
    ],
)
@pytest.mark.parametrize("targets", [TARGETS, ()])
def test_bad_losses(error, match, loss, targets):
    problem = Problem("sgd")
    s = SurgeLR(problem.optimizer, targets)
    with pytest.raises(error, match=match):
        s.step(loss)
    if targets:
        with pytest.raises(RuntimeError, match="without a loss"):
            problem.optimizer.step()


def test_missing_loss():
    problem = Problem("adam")
    SurgeLR(problem.optimizer, TARGETS)
    problem.loss()
    with pytest.raises(RuntimeError, match=r"call s\.step"):
        problem.optimizer.step()


@pytest.mark.parametrize("handed_over", [False, True])
def test_closure_that_raises_leaves_the_rates(handed_over):
    problem = Problem("adam_tensor")
    s = SurgeLR(problem.optimizer, TARGETS)

    def closure():
        raise KeyError("data")

    if handed_over:
        s.step(1.0)
    with pytest.raises(KeyError):
        problem.optimizer.step(closure)
    assert rates(problem.optimizer) == [pytest.approx(0.01)]
    problem.train(s, steps=1)
    assert rates(problem.optimizer) == [pytest.approx(0.01)]


class Breaking(torch.optim.SGD):
    """Raises in the middle of a step, where asked to."""

    broken = False

    def step(self, closure=None):
        if self.broken:
            raise KeyError("kernel")
        return super().step(closure)


@pytest.mark.parametrize("repair", [lambda s: s.step(1.0), lambda s: s.detach()])
def test_step_that_raises(repair):
    """No hook runs after it: the rates are put back at the next call of the wrapper."""
    rate = torch.tensor(0.1)
    p = torch.nn.Parameter(torch.ones(1))
    q = torch.nn.Parameter(torch.ones(1))
    optimizer = Breaking([{"params": [p], "lr": 0.1}, {"params": [q], "lr": rate}], lr=0.1, foreach=False)
    s = SurgeLR(optimizer, Targets((-1.0,)))
    p.grad = q.grad = torch.ones(1)
    optimizer.broken = True
    s.step(1.0)
    with pytest.raises(KeyError):
        optimizer.step()
    assert rates(optimizer) == pytest.approx([0.15, 0.15])
    repair(s)
    assert rates(optimizer) == [0.1, pytest.approx(0.1)]
    assert optimizer.param_groups[1]["lr"] is rate


def test_parameters_that_change_their_type():
    """The kept buffer follows."""
    model = torch.nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    s = SurgeLR(optimizer, (), max_norm=0.5)
    for dtype in (torch.float32, torch.float64):
        model.to(dtype)
        before = model.weight.detach().clone()
        model.weight.grad = torch.ones_like(model.weight)
        s.step(1.0)
        optimizer.step()
        assert float((model.weight.detach() - before).norm()) == pytest.approx(0.5, rel=1e-6)


def test_guard_and_its_state():
    """The part taken is that of the guard or of max_norm, whichever is smaller; the state loads weights_only."""
    model = torch.nn.Linear(1, 2, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)

    def attach(max_norm):
        return SurgeLR(optimizer, (), max_norm=max_norm, guard=SingularityGuard(model, torch.ones(1, 1)))

    for max_norm, expected in ((None, math.pi / 20), (1e-2, 1e-2 / math.sqrt(200)), (10.0, math.pi / 20)):
        s = attach(max_norm)
        torch.nn.init.zeros_(model.weight)
        model.weight.grad = torch.tensor([[10.0], [-10.0]])  # D = 20
        s.step(1.0)
        optimizer.step()
        assert s.shortening == pytest.approx(expected, rel=1e-6)
        assert model.weight.flatten().tolist() == pytest.approx([-10 * expected, 10 * expected], rel=1e-6)
        s.detach()
    file = io.BytesIO()
    torch.save(s.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    again = attach(None)
    fresh = again.state_dict()
    with pytest.raises(ValueError, match="weight is positive"):
        again.load_state_dict({**state, "weight": -1.0})
    assert again.state_dict() == fresh
    again.load_state_dict(state)
    assert again.state_dict() == s.state_dict()
    again.detach()
    with pytest.raises(ValueError, match="construct it without"):
        attach(None).load_state_dict({**state, "guard": None})


def test_closure_that_hands_over_the_loss():
    problem, twin = Problem("adam"), Problem("adam")
    s, t = SurgeLR(problem.optimizer, TARGETS), SurgeLR(twin.optimizer, TARGETS)

    def closure():
        loss = problem.loss()
        s.step(loss)
        return loss / 4  # what a trainer that accumulates passes

    problem.optimizer.step(closure)
    twin.train(t, steps=1)
    assert equal(problem.values(), twin.values())
    assert s.state_dict() == t.state_dict()


class Sharpness(torch.optim.SGD):
    """Evaluates the closure at a second point (SAM), and calls super().step(): the hooks fire twice."""

    def step(self, closure=None):
        parameters = [p for group in self.param_groups for p in group["params"]]
        with torch.no_grad():
            moves = [0.1 * p.grad.clone() for p in parameters]
            for p, move in zip(parameters, moves, strict=True):
                p.add_(move)
        with torch.enable_grad():
            closure()
        with torch.no_grad():
            for p, move in zip(parameters, moves, strict=True):
                p.sub_(move)
        return super().step()


def test_optimizer_that_evaluates_elsewhere_and_steps_in_its_base():
    bare, wrapped = Problem("sgd"), Problem("sgd")
    alpha = 1.5
    bare.optimizer = Sharpness(bare.parameters, lr=0.02 * alpha)
    wrapped.optimizer = Sharpness(wrapped.parameters, lr=0.02)
    s = SurgeLR(wrapped.optimizer, Targets((-1.0,)), weight=alpha - 1)
    for _ in range(3):
        bare.loss()
        bare.optimizer.step(bare.loss)
        s.step(wrapped.loss())
        wrapped.optimizer.step(wrapped.loss)
        assert rates(wrapped.optimizer) == [0.02]
    assert close(bare.values(), wrapped.values())


def test_detach():
    bare, wrapped = Problem("adam"), Problem("adam")
    s = SurgeLR(wrapped.optimizer, TARGETS, max_norm=1e-9)
    s.detach()
    assert equal(bare.train(), wrapped.train())
    SurgeLR(wrapped.optimizer, TARGETS).detach()
    SurgeLR(wrapped.optimizer, TARGETS)
    with pytest.raises(ValueError, match="has a SurgeLR already"):
        SurgeLR(wrapped.optimizer, TARGETS)


def test_copies_lose_the_hooks_and_say_so():
    problem = Problem("adam")
    s = SurgeLR(problem.optimizer, TARGETS)
    problem.train(s, steps=2)
    for refuse in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="attach a new SurgeLR"):
            refuse(s)
    twin = copy.deepcopy(problem)
    again = SurgeLR(twin.optimizer, ())
    again.load_state_dict(s.state_dict())
    assert equal(problem.train(s, steps=2), twin.train(again, steps=2))
    assert isinstance(pickle.loads(pickle.dumps(problem.optimizer)), torch.optim.Adam)


def test_load_state_dict_of_the_optimizer():
    """It replaces the groups: nothing may hold on to the old ones."""
    problem = Problem("adam_tensor")
    s = SurgeLR(problem.optimizer, TARGETS)
    problem.train(s, steps=1)
    state = problem.optimizer.state_dict()
    state["param_groups"][0]["lr"] = torch.tensor(0.005)
    problem.optimizer.load_state_dict(state)
    problem.train(s, steps=1)
    assert rates(problem.optimizer) == [pytest.approx(0.005)]
    assert s.get_last_lr() == pytest.approx([0.005 * s.alpha])


def test_hooks_go_to_the_inner_optimizer():
    class Wrapper(torch.optim.Optimizer):
        def __init__(self, optimizer):
            self.optimizer = optimizer

        def step(self):
            self.optimizer.step()

    bare, wrapped = Problem("adam"), Problem("adam")
    s, t = SurgeLR(bare.optimizer, TARGETS), SurgeLR(Wrapper(wrapped.optimizer), TARGETS)
    assert equal(bare.train(s), wrapped.train(t))
    assert t.alpha == s.alpha > 1


def parameters():
    return [torch.nn.Parameter(torch.ones(2, 2))]


@pytest.mark.parametrize(
    ("error", "match", "build"),
    [
        (ValueError, "LBFGS evaluates", lambda: torch.optim.LBFGS(parameters())),
        (ValueError, "Rprop keeps its step", lambda: torch.optim.Rprop(parameters())),
        (ValueError, "ASGD keeps its step", lambda: torch.optim.ASGD(parameters())),
        (ValueError, "maximize", lambda: torch.optim.SGD(parameters(), lr=0.1, maximize=True)),
        (ValueError, "differentiable", lambda: torch.optim.SGD(parameters(), lr=0.1, differentiable=True)),
        (TypeError, "lr=None", lambda: torch.optim.Optimizer(parameters(), {"lr": None})),
        (TypeError, "torch optimizer", lambda: None),
        (TypeError, "torch optimizer", list),
        (TypeError, "torch.optim.Optimizer", lambda: ["adam"]),
        (ValueError, "given twice", lambda: [torch.optim.SGD(parameters(), lr=0.1)] * 2),
    ],
)
def test_refused_optimizers(error, match, build):
    with pytest.raises(error, match=match):
        SurgeLR(build(), TARGETS)


@pytest.mark.parametrize(
    ("error", "match", "arguments"),
    [
        (ValueError, "weight is positive", {"weight": 0}),
        (ValueError, "weight is finite", {"weight": math.nan}),
        (TypeError, "weight is a number", {"weight": "1"}),
        (ValueError, "max_norm is positive", {"max_norm": 0.0}),
        (TypeError, "guard is a SingularityGuard", {"guard": 3}),
        (ValueError, "rule is one of", {"rule": "polyak"}),
        (ValueError, "cap is at least 1", {"cap": 0.5}),
        (ValueError, "threshold is not negative", {"threshold": -0.1}),
        (ValueError, "smoothing lies", {"smoothing": 1.0}),
        (ValueError, "stride lies", {"stride": 0.0}),
        (ValueError, "cap is finite", {"cap": math.nan}),
        (TypeError, "smoothing is a number", {"smoothing": None}),
        (ValueError, "finite numbers", {"targets": (math.nan,)}),
    ],
)
def test_bad_settings(error, match, arguments):
    with pytest.raises(error, match=match):
        SurgeLR(Problem("sgd").optimizer, **{"targets": TARGETS, **arguments})


def test_bad_states():
    s = SurgeLR(Problem("sgd").optimizer, TARGETS)
    state = s.state_dict()
    with pytest.raises(ValueError, match=r"missing \['alpha'\], unknown \['beta'\]"):
        s.load_state_dict({**{k: v for k, v in state.items() if k != "alpha"}, "beta": 1})
    with pytest.raises(ValueError, match="construct it with guard="):
        s.load_state_dict({**state, "guard": {}})
    with pytest.raises(ValueError, match="weight is positive"):
        s.load_state_dict({**state, "weight": -1.0})
    assert s.state_dict() == state


RANK = """
import sys, torch, torch.distributed as dist
from surge.guard import SingularityGuard
from surge.scheduler import SurgeLR
rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method="file://" + sys.argv[2], rank=rank, world_size=2)
model = torch.nn.Linear(1, 2, bias=False)
torch.nn.init.zeros_(model.weight)
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
guard = SingularityGuard(model, torch.tensor([[1.0 + rank]]), method="double_backward")  # the quickest to import
s = SurgeLR(optimizer, (1.0,), weight=1.0, guard=guard)
model.weight.grad = torch.tensor([[4.0], [-4.0]])
s.step(torch.tensor(1.0 + 2.0 * rank))
optimizer.step()
try:
    s.step(float("nan") if rank else 1.0)
    refused = False
except ValueError:
    refused = True
print(s.loss, s.alpha, model.weight[0].item(), refused)
dist.destroy_process_group()
"""


def test_ranks_share_loss_and_guard(tmp_path):
    """Losses 1 and 3: 2 on both ranks. D is the largest over the ranks. A NaN on one rank is refused on both."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, "-W", "ignore", "-c", RANK]
    ranks = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path / "store")], stdout=subprocess.PIPE, text=True, env=environment
        )
        for rank in range(2)
    ]
    lines = [rank.communicate(timeout=300)[0].split() for rank in ranks]
    assert lines[0] == lines[1]
    loss, alpha, weight, refused = lines[0]
    assert (float(loss), float(alpha), refused) == (2.0, 1.5, "True")
    # Update -6 and 6; D = 2 * 6 * 2 on the second rank.
    assert float(weight) == pytest.approx(-6 * math.pi / 24, rel=1e-6)
