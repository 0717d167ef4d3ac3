"""The table optimizer x feature: every optimizer of torch.optim under SurgeLR, by torch's own test database.

A cell is one test, ``test_resume[Adam-fused]``. Unless a test says otherwise, equal means equal in every bit, of the
parameters and of the optimizer's state.
"""

import copy
import io
import math
import pickle
import warnings

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="torch's test database needs it")

from optimizer_table import (  # noqa: E402
    EVERY_SETTING,
    INFOS,
    REFUSED,
    ROWS,
    TARGETS,
    WEIGHT,
    Problem,
    Row,
    alpha_by_hand,
    optim_db,
    rates_times,
    same,
)

from surge.guard import SingularityGuard  # noqa: E402
from surge.scheduler import SurgeLR  # noqa: E402

every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
every_optimizer = pytest.mark.parametrize("row", [ROWS[info.name] for info in INFOS], ids=[info.name for info in INFOS])


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors here are too small to share."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def attach(problem, **settings):
    return SurgeLR(problem.optimizer, TARGETS, weight=WEIGHT, **settings)


def test_the_table_has_every_optimizer():
    exported = {
        name
        for name, kind in vars(torch.optim).items()
        if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer
    }
    assert {row.optimizer.__name__ for row in ROWS.values()} | set(REFUSED) == exported


# ---------------------------------------------------------------------------------------------------------------------
# Steps


@pytest.mark.parametrize("row", EVERY_SETTING.values(), ids=EVERY_SETTING)
def test_step(row):
    """The bare optimizer's step at alpha times its rate; the rate is put back, where it is a tensor in place."""
    bare, wrapped = Problem(row), Problem(row)
    rate = wrapped.optimizer.param_groups[0]["lr"]
    before = copy.deepcopy(rate)
    s = attach(wrapped)
    expected, alphas = bare.train_by_hand()
    assert same(expected, wrapped.train(s))
    assert s.alpha == alphas[-1]
    assert len(set(alphas)) == 3
    assert min(alphas) > 1
    assert same(wrapped.optimizer.param_groups[0]["lr"], before)
    if isinstance(rate, torch.Tensor):
        assert wrapped.optimizer.param_groups[0]["lr"] is rate


@every_row
def test_no_targets(row):
    bare, wrapped = Problem(row), Problem(row)
    s = SurgeLR(wrapped.optimizer, ())
    assert same(bare.train(), wrapped.train(s))
    assert s.alpha == 1.0


@every_row
def test_closure(row):
    """Evaluated once, by position or by name, with gradients enabled; its value is the loss."""
    bare, wrapped = Problem(row), Problem(row)
    s = attach(wrapped)
    calls = []

    def closure():
        assert torch.is_grad_enabled()
        calls.append(None)
        return wrapped.backward()

    wrapped.optimizer.step(closure)
    wrapped.optimizer.step(closure=closure)
    returned = wrapped.optimizer.step(closure)
    expected, alphas = bare.train_by_hand()
    assert same(expected, wrapped.state())
    assert (s.alpha, s.loss) == (alphas[-1], returned.item())
    assert len(calls) == 3


@every_row
def test_max_norm(row):
    bare, wrapped = Problem(row), Problem(row)
    start = wrapped.values()
    bare.train_by_hand(steps=1)
    updates = [b - a for a, b in zip(start, bare.values(), strict=True)]
    length = math.sqrt(sum(float(u.double().square().sum()) for u in updates))
    s = attach(wrapped, max_norm=length / 3)
    wrapped.train(s, steps=1)
    assert s.shortening == pytest.approx(1 / 3, rel=1e-6)
    for a, u, p in zip(start, updates, wrapped.values(), strict=True):
        assert torch.allclose(p, a + u / 3, rtol=1e-6, atol=2e-7)  # 2e-7: the rounding of numbers near 1
    assert same(bare.state()[1], wrapped.state()[1])


@every_row
def test_max_norm_that_is_not_reached(row):
    bare, wrapped = Problem(row), Problem(row)
    expected, _ = bare.train_by_hand()
    assert same(expected, wrapped.train(attach(wrapped, max_norm=1e6)))


@every_row
def test_reach(row):
    """The bare update times (M - zeta) / -<g, u>: g as it was before the step, -<g, u> a mean over the steps.

    M is the mean of the losses, less what was to be gained by the steps since. The multiple stays where the mean loss
    rises along the updates, as it does under a strong weight decay.
    """
    bare, wrapped = Problem(row), Problem(row)
    s = attach(wrapped, rule="reach", cap=1e9, smoothing=0.5, stride=1.0)
    level = predicted = fall = None
    multiple = 1.0
    for _ in range(3):
        bare.model.load_state_dict(wrapped.model.state_dict())
        loss = bare.backward().item()
        start, gradients = bare.values(), [p.grad.to_dense().double() for p in bare.parameters]
        bare.optimizer.step()
        updates = [(b - a).double() for a, b in zip(start, bare.values(), strict=True)]
        slope = -sum(float((g * u).sum()) for g, u in zip(gradients, updates, strict=True))
        level, predicted, fall = (
            (loss, loss, slope) if level is None else ((level + loss) / 2, (predicted + loss) / 2, (fall + slope) / 2)
        )
        if fall > 0:
            multiple = max(0.0, predicted - max(zeta for zeta in TARGETS if zeta < 0.99 * level)) / fall
        predicted -= multiple * fall
        wrapped.train(s, steps=1)
        assert s.alpha == pytest.approx(multiple, rel=1e-6)  # 6e-8 in each of the products, in single precision
        for a, u, p in zip(start, updates, wrapped.values(), strict=True):
            assert torch.allclose(p, (a + s.alpha * u).float(), rtol=1e-6, atol=2e-7)
        assert same(bare.state()[1], wrapped.state()[1])
    assert multiple != 1.0 or row.settings["weight_decay"] >= 0.5


def spread_along(problem, start, end):
    """D of the guard, by a central difference in double precision."""

    def logits(values):
        inputs = problem.x.double() if problem.x.is_floating_point() else problem.x
        names = dict(problem.model.named_parameters())
        return torch.func.functional_call(problem.model, dict(zip(names, values, strict=True)), (inputs,)).detach()

    step = 1e-4
    start = [a.double() for a in start]
    moves = [step * (b.double() - a) for a, b in zip(start, end, strict=True)]
    ahead, behind = (logits([a + sign * move for a, move in zip(start, moves, strict=True)]) for sign in (1, -1))
    derivative = (ahead - behind) / (2 * step)
    return float((derivative.amax(-1) - derivative.amin(-1)).max())


@every_optimizer
@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_guard(row, rule):
    """The update that the rule asks for, times ratio pi / D where this is below 1."""
    free, loose, tight = (Problem(row) for _ in range(3))
    start = free.values()
    s = attach(free, rule=rule, cap=3.0)
    free.train(s, steps=1)
    spread = spread_along(free, start, free.values())

    def guarded(problem, part):
        guard = SingularityGuard(problem.model, problem.x, part * spread / math.pi, fraction=1.0)
        return attach(problem, rule=rule, cap=3.0, guard=guard)

    assert same(free.state(), loose.train(guarded(loose, 1.1), steps=1))
    t = guarded(tight, 0.25)
    tight.train(t, steps=1)
    assert t.shortening == pytest.approx(0.25, rel=1e-3)  # D of differences of single-precision numbers
    assert t.alpha == s.alpha
    for a, b, p in zip(start, free.values(), tight.values(), strict=True):
        assert torch.allclose(p, a + t.shortening * (b - a), rtol=1e-6, atol=2e-7)


# ---------------------------------------------------------------------------------------------------------------------
# Checkpoints and copies


def checkpoint(problem, s):
    return {"model": problem.model.state_dict(), "optimizer": problem.optimizer.state_dict(), "surge": s.state_dict()}


def written_and_read(content, **options):
    file = io.BytesIO()
    torch.save(content, file)
    file.seek(0)
    return torch.load(file, **options)


@every_row
@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_resume(row, rule):
    """Into an optimizer that has its SurgeLR already, of other settings: its groups are replaced under the hooks."""
    whole, first, second = (Problem(row, seed) for seed in (0, 0, 1))
    settings = {"rule": rule, "smoothing": 0.7, "cap": 5.0, "max_norm": 0.02}
    s, earlier, later = attach(whole, **settings), attach(first, **settings), SurgeLR(second.optimizer, (7.0,))
    whole.train(s, steps=6)
    first.train(earlier, steps=3)
    saved = copy.deepcopy(checkpoint(first, earlier))
    second.x, second.y = first.x, first.y
    second.model.load_state_dict(saved["model"])
    second.optimizer.load_state_dict(saved["optimizer"])
    later.load_state_dict(saved["surge"])
    assert same(whole.state(), second.train(later, steps=3))
    assert same(later.state_dict(), s.state_dict())


@every_row
def test_weights_only(row):
    problem = Problem(row)
    s = attach(problem, rule="reach", guard=SingularityGuard(problem.model, problem.x))
    problem.train(s)
    saved = checkpoint(problem, s)
    assert same(saved, written_and_read(saved, weights_only=True))


@every_row
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_copy(row, copied):
    """A copy has no hooks: it steps as the bare optimizer does; attached again, it goes on as the original."""
    problem, bare = Problem(row), Problem(row)
    s = attach(problem)
    problem.train(s)
    bare.train_by_hand()
    twin, free = copied(problem), copied(problem)
    assert same(bare.train(), free.train())
    again = SurgeLR(twin.optimizer, ())
    again.load_state_dict(s.state_dict())
    assert same(problem.train(s), twin.train(again))
    assert same(s.state_dict(), again.state_dict())


@every_row
def test_added_group(row):
    """With a rate of its own, between two steps."""
    bare, wrapped = Problem(row), Problem(row)
    s = attach(wrapped, max_norm=1e6)
    twins = []
    for problem in (bare, wrapped):
        extra = torch.nn.Parameter(torch.linspace(-1, 1, 6).reshape(3, 2))
        rate = problem.optimizer.param_groups[0]["lr"]
        problem.train_by_hand(steps=1) if problem is bare else problem.train(s, steps=1)
        problem.optimizer.add_param_group({"params": [extra], "lr": rate / 2})
        twins.append(extra)
    gradient = torch.ones(3, 2).to_sparse(1) if row.sparse else torch.ones(3, 2)
    for _ in range(2):
        losses = [problem.backward() for problem in (bare, wrapped)]
        for extra in twins:
            extra.grad = gradient.clone()
        with rates_times(bare.optimizer, alpha_by_hand(losses[0].item())):
            bare.optimizer.step()
        s.step(losses[1])
        wrapped.optimizer.step()
    assert same(bare.state(), wrapped.state())
    assert torch.equal(*twins)
    assert s.get_last_lr() == [rate * s.alpha for rate in wrapped.rates()]


# ---------------------------------------------------------------------------------------------------------------------
# Gradient scaling


def scaled_step(problem, scaler, s, spoil=False):
    problem.optimizer.zero_grad()
    loss = problem.loss()
    scaler.scale(loss).backward()
    if spoil:
        gradient = problem.parameters[0].grad
        (gradient._values() if gradient.is_sparse else gradient)[0, 0] = math.inf
    s.step(loss)
    scaler.step(problem.optimizer)
    scaler.update()


@every_row
@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_grad_scaler(row, rule):
    """Scales are powers of two: no bit is lost by them."""
    plain, scaled = Problem(row), Problem(row)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
    s, t = attach(plain, rule=rule), attach(scaled, rule=rule)
    plain.train(s)
    for _ in range(3):
        scaled_step(scaled, scaler, t)
    assert scaler.get_scale() == 2048.0
    assert same(plain.state(), scaled.state())
    assert same(s.state_dict(), t.state_dict())


@every_row
@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_inf_skip(row, rule):
    """A step that the scaler skips changes nothing, whether the optimizer is not called or skips it itself (fused)."""
    plain, scaled = Problem(row), Problem(row)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    s, t = attach(plain, rule=rule), attach(scaled, rule=rule)
    for _ in range(2):
        scaled_step(scaled, scaler, t)
        plain.train(s, steps=1)
        before = scaled.state()
        scaled_step(scaled, scaler, t, spoil=True)
        assert same(before, scaled.state())
    assert scaler.get_scale() == 256.0
    assert same(plain.state(), scaled.state())
    scaled_step(scaled, scaler, t)
    plain.train(s, steps=1)
    assert same(plain.state(), scaled.state())
    assert s.alpha == t.alpha


# ---------------------------------------------------------------------------------------------------------------------
# torch.compile


@pytest.fixture
def compiler():
    """The tracer and the differentiation ahead of time, but no code generation, which would need a C++ compiler."""
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
    torch._dynamo.reset()


@every_optimizer
def test_compiled_model(row, compiler):
    bare, wrapped = Problem(row), Problem(row)
    for problem in (bare, wrapped):
        problem.model.compile(backend="aot_eager")
    s = attach(wrapped)
    expected, _ = bare.train_by_hand(steps=2)
    assert same(expected, wrapped.train(s, steps=2))


@every_optimizer
def test_compiled_step(row, compiler):
    """Against the compiled step of the bare optimizer; alpha must not be frozen into the traced code."""
    bare, wrapped = Problem(row), Problem(row)
    s = attach(wrapped)
    for problem in (bare, wrapped):
        problem.optimizer.step = torch.compile(problem.optimizer.step, backend="eager")
    expected, alphas = bare.train_by_hand(steps=2)
    assert same(expected, wrapped.train(s, steps=2))
    assert len(set(alphas)) == 2


# ---------------------------------------------------------------------------------------------------------------------
# Schedulers

lrs = torch.optim.lr_scheduler
SCHEDULERS = {
    "LambdaLR": lambda o: lrs.LambdaLR(o, lambda n: 1 / (1 + n)),
    "MultiplicativeLR": lambda o: lrs.MultiplicativeLR(o, lambda n: 0.9),
    "StepLR": lambda o: lrs.StepLR(o, 3),
    "MultiStepLR": lambda o: lrs.MultiStepLR(o, [2, 7]),
    "ConstantLR": lambda o: lrs.ConstantLR(o, 0.5, 4),
    "LinearLR": lambda o: lrs.LinearLR(o, 0.2, 1.0, 8),
    "ExponentialLR": lambda o: lrs.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: lrs.PolynomialLR(o, 15, 2.0),
    "CosineAnnealingLR": lambda o: lrs.CosineAnnealingLR(o, 15),
    "CosineAnnealingWarmRestarts": lambda o: lrs.CosineAnnealingWarmRestarts(o, 5),
    "CyclicLR": lambda o: lrs.CyclicLR(o, 1e-4, 1e-2, 4, cycle_momentum=False),
    "OneCycleLR": lambda o: lrs.OneCycleLR(o, 1e-2, total_steps=15),
    "ReduceLROnPlateau": lambda o: lrs.ReduceLROnPlateau(o, patience=0, threshold=0.1),
    "SequentialLR": lambda o: lrs.SequentialLR(o, [lrs.ConstantLR(o, 0.1, 3), lrs.ExponentialLR(o, 0.9)], [3]),
    "ChainedScheduler": lambda o: lrs.ChainedScheduler([lrs.LinearLR(o, 0.1, 1.0, 3), lrs.ExponentialLR(o, 0.9)]),
}


def test_the_table_has_every_scheduler():
    exported = {
        name
        for name, kind in vars(lrs).items()
        if isinstance(kind, type) and issubclass(kind, lrs.LRScheduler) and not name.startswith("_")
    }
    assert {*SCHEDULERS, "LRScheduler", "SWALR"} >= exported  # SWALR is another module's


@pytest.mark.parametrize("name", ["SGD", "Adam-tensor", "AdamW-fused"])
@pytest.mark.parametrize("schedule", SCHEDULERS.values(), ids=SCHEDULERS)
def test_scheduler(name, schedule):
    """It sees the rates that it has set itself: nothing compounds."""
    bare, wrapped = Problem(ROWS[name]), Problem(ROWS[name])
    s = attach(wrapped)
    schedules = [schedule(problem.optimizer) for problem in (bare, wrapped)]
    seen = set()
    for _ in range(12):
        bare.train_by_hand(steps=1)
        wrapped.train(s, steps=1)
        for one in schedules:
            one.step(*([1.0] if isinstance(one, lrs.ReduceLROnPlateau) else []))
        assert wrapped.rates() == bare.rates()
        seen.add(wrapped.rates()[0])
    assert same(bare.state(), wrapped.state())
    assert len(seen) > 1


# ---------------------------------------------------------------------------------------------------------------------
# What is refused


REASONS = {"LBFGS": "searches along its own line", "Rprop": "keeps its step size", "ASGD": "keeps its step size"}


@pytest.mark.parametrize("info", [one for one in optim_db if one.name in REFUSED], ids=lambda one: one.name)
def test_refused(info):
    with pytest.raises(ValueError, match=f"{info.name} .*{REASONS[info.name]}"):
        SurgeLR(info.optim_cls([torch.nn.Parameter(torch.ones(2, 2))]), TARGETS)


@every_optimizer
@pytest.mark.parametrize("flag", ["maximize", "differentiable"])
def test_refused_flag(row, flag):
    parameters = [torch.nn.Parameter(torch.ones(2, 2))]
    if flag not in row.optimizer(parameters).defaults:
        return  # this optimizer has no such flag
    with pytest.raises(ValueError, match=f"{row.optimizer.__name__} has {flag}=True"):
        SurgeLR(row.optimizer(parameters, **{flag: True}), TARGETS)


# ---------------------------------------------------------------------------------------------------------------------
# Optimizers from elsewhere


def foreign(module, name, **settings):
    return Row(getattr(pytest.importorskip(module), name), settings)


def test_prodigy():
    """alpha scales the step, and enters the estimate of the distance."""
    row = foreign("prodigyopt", "Prodigy", d0=1e-3)
    bare, wrapped, free = (Problem(row) for _ in range(3))
    expected, alphas = bare.train_by_hand(steps=8)
    s = attach(wrapped)
    assert same(expected, wrapped.train(s, steps=8))
    assert s.alpha == alphas[-1] > 1
    free.train(steps=8)
    distances = [problem.optimizer.param_groups[0]["d"] for problem in (bare, free)]
    assert distances[0] != pytest.approx(distances[1], rel=1e-3)


@pytest.mark.parametrize("name", ["Momo", "MomoAdam"])
@pytest.mark.parametrize(("rate", "acts"), [(1e-3, True), (1e6, False)])
def test_momo(name, rate, acts):
    """It takes the loss as well. Its rate is a cap: alpha acts where that is what bounds the step."""
    row = foreign("momo", name, lr=rate)
    bare, wrapped, free = (Problem(row) for _ in range(3))
    s = attach(wrapped)
    for _ in range(3):
        loss = bare.backward()
        with rates_times(bare.optimizer, alpha_by_hand(loss.item())):
            bare.optimizer.step(loss=loss)
        loss = wrapped.backward()
        s.step(loss)
        wrapped.optimizer.step(loss=loss)
        free.optimizer.step(loss=free.backward())
    assert same(bare.values(), wrapped.values())
    assert same(wrapped.values(), free.values()) is not acts
    wrapped.optimizer.step(wrapped.backward)  # or a closure
    assert s.state_dict()["steps"] == 4


@pytest.mark.parametrize("name", ["SGDScheduleFree", "AdamWScheduleFree", "RAdamScheduleFree"])
def test_schedule_free(name):
    """alpha scales the step; max_norm bounds the averaged point and not the one that is stepped."""
    row = foreign("schedulefree", name, lr=0.02, weight_decay=0.1)
    bare, wrapped, clipped, reaching = (Problem(row) for _ in range(4))
    for problem in (bare, wrapped, clipped, reaching):
        problem.optimizer.train()
    expected, alphas = bare.train_by_hand(steps=8)
    s = attach(wrapped)
    assert same(expected, wrapped.train(s, steps=8))
    assert s.alpha == alphas[-1] > 1
    clipped.train(attach(clipped, max_norm=1e-9), steps=8)
    away = [clipped.optimizer.state[p]["z"] - p.detach() for p in clipped.parameters]
    assert min(float(z.abs().max()) for z in away) > 1e-3
    with pytest.raises(RuntimeError, match="writes into the gradients"):
        reaching.train(attach(reaching, rule="reach"), steps=8)  # RAdam does not in its first steps
