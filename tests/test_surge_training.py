"""The training loop: it is the plain loop, it resumes bit for bit, and it never keeps a poisoned number."""

import dataclasses
import math
import os
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from surge import SingularityGuard, Targets, tasks
from surge.tasks.shakespeare import CharacterTransformer
from surge.tasks.task import Task, mlp
from surge.training import (
    CHECKPOINT,
    OPTIMIZERS,
    SCHEDULES,
    Recipe,
    Training,
    hidden_matrices,
    load_checkpoint,
    make_optimizers,
    make_schedule,
    save_checkpoint,
    train,
)


def toy(network=lambda: mlp(3, 6, 5, 2)):
    """Two classes on either side of a curve."""
    x = torch.randn(80, 3, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).long()
    loss = nn.functional.cross_entropy
    return Task("toy", "toy", network, loss, (x[:60], y[:60]), (x[60:], y[60:]), 7, True)


def parameters(result):
    return torch.cat([p.detach().flatten() for p in result.training.model.parameters()])


def same(one, other):
    return (
        torch.equal(parameters(one), parameters(other))
        and one.history == other.history
        and (one.status, one.step) == (other.status, other.step)
    )


# -- the loop ---------------------------------------------------------------------------------------------------------


def test_without_targets_it_is_the_plain_loop():
    task = toy()
    result = train(task, Recipe(optimizer="adam", lr=0.01, schedule="cosine", steps=20, seed=3, targets=Targets(())))
    model = task.model(3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for step in range(20):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 + math.cos(math.pi * step / 20)) / 2
        x, y = task.batch(step, 3)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert result.training.surge is None
    assert torch.allclose(parameters(result), torch.cat([p.detach().flatten() for p in model.parameters()]), atol=1e-6)
    assert result.history[-1]["loss"] == pytest.approx(sum(losses) / 20, rel=1e-5)
    assert result.history[-1] == result.best | result.history[-1]


def test_targets_raise_the_rate():
    recipe = Recipe(optimizer="sgd", lr=0.01, steps=5, validate_every=1, targets=Targets((0.0,)), weight=0.5)
    guided, faster = train(toy(), recipe), train(toy(), dataclasses.replace(recipe, lr=0.015, targets=None))
    assert [record["alpha"] for record in guided.history[1:]] == [1.5] * 5  # eq. 34 with target 0
    assert torch.allclose(parameters(guided), parameters(faster), atol=1e-6)


@pytest.mark.parametrize("guarded", [False, True])
def test_the_guard_bounds_an_update_on_its_own_batch(guarded):
    """The guard's factor is 1 for updates within the bound, min(1, ratio pi / D)."""
    training = Training(toy(), Recipe(optimizer="adam", lr=30.0, guard=guarded))
    start = {p: p.detach().clone() for p in training.model.parameters()}
    fresh = SingularityGuard(toy().model(0), toy().batch(0, 0)[0])
    training.advance()
    pairs = zip(fresh.model.parameters(), start.items(), strict=True)
    old, update = {}, {}
    for twin, (p, before) in pairs:
        old[twin], update[twin] = before, p.detach() - before
    spread = fresh.spread(old, update).item()
    if guarded:
        assert spread == pytest.approx(fresh.ratio * math.pi, rel=1e-4)
    else:
        assert spread > 10 * math.pi


def test_it_learns():
    result = train(tasks.get("digits"), Recipe(lr=3e-3, steps=150, validate_every=50))
    assert result.history[0]["validation_loss"] == pytest.approx(math.log(10), abs=0.1)
    assert result.history[-1]["accuracy"] > 0.9
    assert [record["step"] for record in result.history] == [0, 50, 100, 150]


def test_observers_see_every_step():
    seen = []
    train(toy(), Recipe(steps=5, validate_every=2), observe=lambda step, record: seen.append((step, set(record))))
    assert [step for step, _ in seen] == [0, 1, 2, 2, 3, 4, 4, 5, 5]
    assert sum("validation_loss" in names for _, names in seen) == 4
    assert all("loss" in names for step, names in seen if step)


def test_plateaus_lower_the_rate():
    task = dataclasses.replace(
        toy(), held_out=(torch.zeros(2, 3), torch.tensor([0, 1]))
    )  # its loss cannot fall by much
    recipe = Recipe(optimizer="sgd", lr=1e-12, schedule="plateau", steps=12, validate_every=1)
    rates = [record["lr"] for record in train(task, recipe).history]
    assert rates[0] == 1e-12
    assert rates[-1] < 0.1 * 1e-12


def test_the_global_generator_is_left_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    train(toy(), Recipe(optimizer="muon", steps=3, guard=True, targets=Targets((0.1,))))
    assert torch.equal(torch.get_rng_state(), before)


# -- resumption -------------------------------------------------------------------------------------------------------

TARGETS = Targets((0.3, 0.05), errors=(0.01, 0.01), reason="by hand")
RECIPES = {
    "bare": Recipe(optimizer="sgd"),
    "cosine": Recipe(optimizer="adam", schedule="cosine"),
    "plateau": Recipe(optimizer="adamw", schedule="plateau", targets=TARGETS),
    "guard": Recipe(optimizer="adam", lr=0.5, schedule="wsd", guard=True),
    "reach": Recipe(optimizer="adam", schedule="exponential", targets=TARGETS, rule="reach"),
    "reach-guard": Recipe(optimizer="adamw", schedule="cosine", targets=TARGETS, rule="reach", guard=True),
    "muon": Recipe(optimizer="muon", schedule="warmup", targets=TARGETS, guard=True),
    "muon-step": Recipe(optimizer="muon", schedule="step"),
}


class Crash(Exception):
    pass


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_that_was_killed_resumes_bit_for_bit(name, tmp_path, monkeypatch):
    recipe = dataclasses.replace(RECIPES[name], steps=24, validate_every=5, seed=1)
    whole = train(toy(), recipe)
    at = random.Random(name).randrange(6, 24)
    task, advance = toy(), Training.advance

    def fails(self):
        if self.step == at:
            advance(self)  # the update is made, and lost
            raise Crash
        return advance(self)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "advance", fails)
        with pytest.raises(Crash):
            train(task, recipe, tmp_path)
    state = load_checkpoint(tmp_path / CHECKPOINT)
    assert state["step"] == at // 5 * 5
    assert state["recipe"] == recipe.to_dict()
    resumed = train(toy(), recipe, tmp_path, resume=True)
    assert same(whole, resumed)
    kept = train(toy(), recipe, tmp_path, resume=True)
    assert same(whole, kept)  # a finished run is not trained any further


@pytest.mark.parametrize("name", ["plateau", "reach-guard", "muon"])
def test_a_run_that_is_stopped_anywhere_resumes_bit_for_bit(name, tmp_path):
    recipe = dataclasses.replace(RECIPES[name], steps=15, validate_every=4)
    whole = train(toy(), recipe)
    for _ in range(15):
        left = iter([False])
        result = train(toy(), recipe, tmp_path, resume=True, stop=lambda left=left: next(left, True))
        if result.status == "finished":
            break
        assert result.status == "interrupted"
    result = train(toy(), recipe, tmp_path, resume=True)
    assert same(whole, result)


@settings(max_examples=15)
@given(at=st.integers(0, 9), name=st.sampled_from(sorted(RECIPES)))
def test_a_state_that_is_loaded_goes_on_in_the_same_way(at, name):
    recipe = dataclasses.replace(RECIPES[name], steps=10)
    one, other = Training(toy(), recipe), Training(toy(), recipe)
    for _ in range(at):
        one.advance()
    other.load_state_dict(one.state_dict())
    assert one.advance() == other.advance()
    assert all(torch.equal(p, q) for p, q in zip(one.model.parameters(), other.model.parameters(), strict=True))


def test_resumption_without_a_checkpoint_is_a_beginning(tmp_path):
    recipe = Recipe(steps=4)
    assert same(train(toy(), recipe, tmp_path / "new" / "folder", resume=True), train(toy(), recipe))
    assert (tmp_path / "new" / "folder" / CHECKPOINT).exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": Recipe(steps=4, lr=0.5)}, r"lr 0\.001, not 0\.5"),
        ({"recipe": Recipe(steps=4, targets=TARGETS)}, "targets None"),
        ({"task": dataclasses.replace(toy(), description="another")}, "of another task: 'toy'"),
        ({"resume": False}, "is there already"),
        ({"folder": None}, "resume needs the folder"),
    ],
)
def test_runs_that_cannot_be_resumed(tmp_path, changes, message):
    train(toy(), Recipe(steps=4), tmp_path)
    arguments = {"task": toy(), "recipe": Recipe(steps=4), "folder": tmp_path, "resume": True} | changes
    with pytest.raises(ValueError, match=message):
        train(arguments["task"], arguments["recipe"], arguments["folder"], resume=arguments["resume"])


def test_the_state_of_something_else_is_refused():
    with pytest.raises(ValueError, match="not the state of a training"):
        Training(toy(), Recipe()).load_state_dict({"model": {}})


# -- divergence -------------------------------------------------------------------------------------------------------


def poisoned(at, value=math.nan):
    """The toy, with a loss that is not finite at one step."""
    task = toy()
    x = task.training[0]

    class Poisoned(type(task)):
        def batch(self, step, seed):
            inputs, targets = super().batch(step, seed)
            return (inputs * value if step == at else inputs), targets

    return Poisoned(
        "toy", "toy", task.network, task.loss, (x, task.training[1]), task.held_out, task.batch_size, task.has_logits
    )


@pytest.mark.parametrize("guard", [False, True])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_the_run_before_its_update(tmp_path, guard, value):
    recipe = Recipe(steps=20, validate_every=5, guard=guard, targets=TARGETS)
    result = train(poisoned(8, value), recipe, tmp_path)
    assert (result.status, result.step) == ("diverged", 8)
    assert "the loss of step 9 is nan" in result.reason
    before = train(toy(), dataclasses.replace(recipe, steps=8))
    assert torch.equal(parameters(result), parameters(before))
    assert load_checkpoint(tmp_path / CHECKPOINT)["step"] == 5


def test_a_rate_beyond_all_bounds(tmp_path):
    task = toy()
    task = dataclasses.replace(task, loss=lambda output, targets: output.square().mean(), has_logits=False)
    result = train(task, Recipe(optimizer="sgd", lr=1e30, steps=50, validate_every=1), tmp_path)
    assert result.status == "diverged"
    state = load_checkpoint(tmp_path / CHECKPOINT)
    assert all(bool(x.isfinite().all()) for x in state["model"].values())
    assert state["step"] <= result.step


def test_a_network_that_is_not_finite_from_the_start(tmp_path):
    def network():
        model = nn.Linear(3, 2)
        nn.init.constant_(model.weight, math.nan)
        return model

    result = train(toy(network), Recipe(steps=3), tmp_path)
    assert (result.status, result.step, result.history) == ("diverged", 0, ())
    assert "validation_loss is nan" in result.reason
    assert not (tmp_path / CHECKPOINT).exists()


def test_averages_that_are_not_finite_are_not_kept(tmp_path):
    """Adam's second moment overflows while the loss, the parameters and the gradients are finite."""
    task = dataclasses.replace(toy(), loss=lambda output, targets: 1e25 * output.mean(), has_logits=False)
    result = train(task, Recipe(optimizer="adam", steps=3, validate_every=1), tmp_path)
    assert (result.status, result.step) == ("diverged", 1)
    assert "holds a number that is not finite after step 1" in result.reason
    assert load_checkpoint(tmp_path / CHECKPOINT)["step"] == 0
    calls = iter([False])
    result = train(task, Recipe(optimizer="adam", steps=3), stop=lambda: next(calls, True))
    assert (result.status, result.step) == ("diverged", 1)


# -- recipes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        ({"optimizer": "lion"}, ValueError),
        ({"schedule": "cyclic"}, ValueError),
        ({"rule": "leap"}, ValueError),
        ({"lr": 0.0}, ValueError),
        ({"lr": math.nan}, ValueError),
        ({"lr": "0.1"}, TypeError),
        ({"weight": math.inf}, ValueError),
        ({"steps": 0}, ValueError),
        ({"steps": 1.5}, TypeError),
        ({"seed": -1}, ValueError),
        ({"seed": True}, TypeError),
        ({"validate_every": 0}, ValueError),
        ({"targets": [0.1]}, TypeError),
        ({"guard": 1}, TypeError),
    ],
)
def test_bad_recipes(entries, error):
    with pytest.raises(error):
        Recipe(**entries)


@pytest.mark.parametrize("targets", [None, Targets((0.1,)), TARGETS, Targets((), reason="none stands out")])
def test_recipes_as_dictionaries(targets):
    recipe = Recipe(optimizer="muon", targets=targets)
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_the_guard_needs_logits():
    with pytest.raises(ValueError, match="the guard needs logits"):
        Training(tasks.get("regression"), Recipe(guard=True))


# -- optimizers and schedules -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("network", [lambda: mlp(4, 3, 2), lambda: CharacterTransformer(9)])
def test_every_parameter_is_trained_once(name, network):
    model = network()
    next(model.parameters()).requires_grad_(False)
    optimizers = make_optimizers(name, model, 0.1) if name != "muon" or len(hidden_matrices(model)) > 1 else []
    if not optimizers:
        with pytest.raises(ValueError, match="choose adamw"):
            make_optimizers(name, model, 0.1)
        return
    trained = [p for one in optimizers for group in one.param_groups for p in group["params"]]
    assert sorted(map(id, trained)) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    assert all(group["lr"] == 0.1 for one in optimizers for group in one.param_groups)


def test_muon_has_the_hidden_matrices():
    model = CharacterTransformer(65)
    names = {id(p): name for name, p in model.named_parameters()}
    chosen = {names[id(p)] for p in hidden_matrices(model)}
    layers = ("projections", "mixed", "network.0", "network.2")
    assert chosen == {f"layers.{k}.{layer}.weight" for k in (0, 1) for layer in layers}
    muon, adamw = make_optimizers("muon", model, 0.1)
    assert {names[id(p)] for p in muon.param_groups[0]["params"]} == chosen
    assert (type(muon).__name__, type(adamw).__name__) == ("Muon", "AdamW")


def test_a_torch_without_muon(monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(ValueError, match=r"needs torch 2\.9"):
        make_optimizers("muon", mlp(2, 2, 2), 0.1)


def test_muon_alone():
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 2, bias=False))
    model[1].weight.requires_grad_(False)
    assert [type(one).__name__ for one in make_optimizers("muon", model, 0.1)] == ["Muon"]


def test_tied_matrices_are_not_hidden():
    model = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 4, bias=False), nn.Linear(4, 4), nn.Linear(4, 2))
    model[1].weight = model[0].weight
    assert [m is model[2].weight for m in hidden_matrices(model)] == [True]


@pytest.mark.parametrize("call", [
    lambda: make_optimizers("lion", nn.Linear(1, 1), 0.1),
    lambda: make_optimizers("sgd", nn.Linear(1, 1), -0.1),
    lambda: make_optimizers("sgd", nn.Linear(1, 1), math.nan),
    lambda: make_optimizers("sgd", nn.Tanh(), 0.1),
    lambda: make_optimizers("muon", nn.Linear(1, 1), 0.1),
    lambda: make_schedule("cyclic", torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1), 5),
    lambda: make_schedule("cosine", torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1), 0),
])  # fmt: skip
def test_optimizers_and_schedules_that_cannot_be_made(call):
    with pytest.raises(ValueError, match=r"choose|positive|nothing to train|muon needs|at least one step"):
        call()


def expected_rate(name, step, steps):
    """The rate of an update, counted from 0, in closed form."""
    rise = min(1.0, (step + 1) / max(1, round(steps / 20)))
    return {
        "constant": 1.0,
        "cosine": (1 + math.cos(math.pi * step / steps)) / 2,
        "step": 0.1 ** (step // math.ceil(steps / 3)),
        "exponential": 0.01 ** (step / steps),
        "plateau": 1.0,
        "warmup": rise,
        "wsd": min(rise, (steps - step) / max(1, round(steps / 5))),
    }[name]


@settings(max_examples=30)
@given(name=st.sampled_from(sorted(SCHEDULES)), steps=st.integers(1, 60))
def test_schedules_are_their_closed_forms(name, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    schedule = make_schedule(name, optimizer, steps)
    for step in range(steps):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5 * expected_rate(name, step, steps), abs=1e-12)
        optimizer.step()
        if name != "plateau":
            schedule.step()


# -- checkpoints ------------------------------------------------------------------------------------------------------


def test_a_checkpoint_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "a.pt"
    save_checkpoint(path, {"step": 1})

    def half(state, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", half)
        with pytest.raises(OSError, match="No space"):
            save_checkpoint(path, {"step": 2})
    assert load_checkpoint(path) == {"step": 1}
    assert os.listdir(tmp_path) == ["a.pt"]


class Evil:
    def __reduce__(self):
        return os.mkdir, (os.path.join(os.environ["PYTEST_EVIL"], "evil"),)


def test_nothing_in_a_checkpoint_is_executed(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_EVIL", str(tmp_path))
    torch.save({"step": Evil()}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="no checkpoint"):
        load_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text that is no archive", None])
def test_files_that_are_no_checkpoints(tmp_path, content):
    path = tmp_path / "a.pt"
    if content is None:
        torch.save([1, 2], path)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="is no checkpoint"):
        load_checkpoint(path)


def test_no_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "a.pt")
