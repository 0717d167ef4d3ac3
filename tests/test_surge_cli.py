"""The ``surge`` command, through main(): what it prints, what it keeps, its exit statuses."""

import json
import math
import signal
import sys
import threading

import pytest
import torch

import surge
from resurgence import command_line
from resurgence.action import Action
from surge import Targets, cli, tasks
from surge.cli import main
from surge.commands import target_plot
from surge.tasks.regression import regression
from surge.training import CHECKPOINT, Training, load_checkpoint

DOUBLE_WELL = "(x^2-1)^2 + x/10"
TRAIN = ("train", "--task", "regression", "--steps", "6", "--validate-every", "2")


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command: exit status, stdout, stderr."""
    monkeypatch.delenv(tasks.DATA_VARIABLE, raising=False)

    def run(*arguments):
        status = main(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def finds(monkeypatch):
    """What find_targets is to return; it keeps what it was called with."""
    calls = []

    def finds(found):
        def find_targets(land, method="resurgent", seed=0, *, cooled):
            cooled(0.5)
            calls.append((land, method, seed))
            return found

        monkeypatch.setattr(surge, "find_targets", find_targets, raising=False)
        return calls

    return finds


# -- train ------------------------------------------------------------------------------------------------------------


def test_train_says_how_it_went(run):
    status, out, err = run(*TRAIN, "--optimizer", "sgd", "--lr", "0.01")
    assert (status, err) == (0, "")
    assert "tanh network 1-12-10-8-1" in out
    assert "finished: 6 steps" in out
    assert [line.split()[0] for line in out.splitlines() if line[:1].isdigit()] == ["0", "2", "4", "6"]


def test_train_as_json(run):
    status, out, err = run(*TRAIN, "--surge", "--targets", "-1,0.5", "--weight", "0.25", "--seed", "3", "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["recipe"]["targets"] == {"values": [-1.0, 0.5], "errors": None, "reason": "given"}
    assert (document["status"], document["step"], document["recipe"]["seed"]) == ("finished", 6, 3)
    assert [record["step"] for record in document["history"]] == [0, 2, 4, 6]
    assert document["last"] == document["history"][-1]
    assert document["best"]["validation_loss"] == min(r["validation_loss"] for r in document["history"])
    loss = document["history"][-1]["loss"]
    assert 1 < document["last"]["alpha"] <= 1.25
    assert math.isfinite(loss)


@pytest.mark.parametrize(
    ("options", "target"),
    [
        (("--task", "regression", "--label-noise", "0.5"), regression(0.5).floor),
        (("--task", "shakespeare"), 0.0),
    ],
)
def test_without_targets_the_least_loss_is_one(run, options, target):
    status, out, _ = run("train", *options, "--steps", "1", "--surge", "--json")
    assert status == 0
    assert json.loads(out)["recipe"]["targets"]["values"] == [target]


def test_a_run_that_diverges(run, tmp_path):
    status, out, err = run(*TRAIN, "--optimizer", "sgd", "--lr", "1e9", "--out", str(tmp_path))
    assert (status, err) == (1, "")
    assert "diverged: " in out
    assert json.loads((tmp_path / "result.json").read_text())["status"] == "diverged"
    assert all(bool(x.isfinite().all()) for x in load_checkpoint(tmp_path / CHECKPOINT)["model"].values())


def test_a_network_that_diverges_at_once(run, monkeypatch):
    def poisoned(self, model):
        return {"validation_loss": math.nan}

    monkeypatch.setattr(tasks.Task, "metrics", poisoned)
    status, out, _ = run(*TRAIN)
    assert status == 1
    assert "diverged: validation_loss is nan" in out
    status, out, _ = run(*TRAIN, "--json")
    assert (status, json.loads(out)["last"], json.loads(out)["history"]) == (1, None, [])


def test_long_histories_are_thinned_out(run):
    status, out, _ = run("train", "--task", "regression", "--steps", "30", "--validate-every", "1")
    steps = [int(line.split()[0]) for line in out.splitlines() if line[:1].isdigit()]
    assert status == 0
    assert steps == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30]


def test_targets_that_are_found(run, finds, tmp_path):
    calls = finds(Targets((0.2,), errors=(0.01,), reason="seen"))
    options = (*TRAIN, "--surge", "--find-targets", "--samples", "8", "--scale", "0.5", "--out", str(tmp_path))
    status, out, _ = run(*options, "--json")
    assert status == 0
    assert json.loads(out)["recipe"]["targets"] == {"values": [0.2], "errors": [0.01], "reason": "seen"}
    (land, _, seed), = calls  # fmt: skip
    assert (land.dim, seed, land.base.stddev[0].item()) == (251, 0, 0.5)
    calls = finds(Targets((0.3,)))
    status, out, _ = run(*options, "--resume", "--json")  # they are kept with the run
    assert (status, json.loads(out)["recipe"]["targets"]["values"]) == (0, [0.2])
    assert len(calls) == 1


def test_no_target_is_found(run, finds):
    finds(Targets((), reason="the noise hides them"))
    status, out, _ = run(*TRAIN, "--surge", "--find-targets")
    assert status == 0
    assert "targets: none (the noise hides them)" in out
    bare = run(*TRAIN)[1]
    assert out.splitlines()[2:-1] == bare.splitlines()[1:-1]


# -- interruption and resumption --------------------------------------------------------------------------------------


@pytest.fixture
def keyboard():
    """Python's own handler of Ctrl-C, also where the tests run in the background and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def interrupted(monkeypatch, keyboard):
    """Press Ctrl-C during the third step."""
    advance = Training.advance

    def pressed(self):
        if self.step == 2:
            signal.raise_signal(signal.SIGINT)
        return advance(self)

    def interrupted(press=True):
        monkeypatch.setattr(Training, "advance", pressed if press else advance)

    return interrupted


def test_an_interrupted_run_resumes_to_the_same_numbers(run, interrupted, tmp_path):
    options = (*TRAIN, "--optimizer", "muon", "--schedule", "cosine", "--surge", "--json")
    whole = json.loads(run(*options)[1])
    handler = signal.getsignal(signal.SIGINT)
    interrupted()
    status, out, err = run(*options, "--out", str(tmp_path))
    assert status == 130
    assert (json.loads(out)["status"], json.loads(out)["step"]) == ("interrupted", 3)
    assert f"after step 3 of 6; --out {tmp_path} --resume goes on" in err
    assert signal.getsignal(signal.SIGINT) is handler
    interrupted(press=False)
    status, out, _ = run(*options, "--out", str(tmp_path), "--resume")
    assert status == 0
    assert json.loads(out)["history"] == whole["history"]
    assert json.loads(out) == json.loads((tmp_path / "result.json").read_text())


def test_an_interrupted_run_that_is_not_kept(run, interrupted):
    interrupted()
    status, out, err = run(*TRAIN)
    assert status == 130
    assert "interrupted after 3 of 6 steps" in out
    assert "nothing is kept without --out" in err


def test_a_second_interruption_does_not_wait(run, monkeypatch, keyboard):
    def pressed(self):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Training, "advance", pressed)
    status, out, err = run(*TRAIN)
    assert (status, out, err) == (130, "", "surge: interrupted\n")


def test_a_thread_has_no_signals(run):
    found = []
    thread = threading.Thread(target=lambda: found.append(main(TRAIN)))
    thread.start()
    thread.join()
    assert found == [0]


def test_a_folder_is_not_overwritten(run, tmp_path):
    assert run(*TRAIN, "--out", str(tmp_path))[0] == 0
    status, _, err = run(*TRAIN, "--out", str(tmp_path))
    assert status == 2
    assert "--resume goes on with that run" in err
    status, _, err = run(*TRAIN, "--out", str(tmp_path), "--resume", "--lr", "0.5")
    assert status == 2
    assert "lr 0.001, not 0.5" in err
    status, _, err = run(*TRAIN, "--out", str(tmp_path), "--resume", "--surge", "--find-targets")
    assert status == 2
    assert "a run without targets" in err


# -- TensorBoard ------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_logs(run, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    status, out, _ = run(*TRAIN, "--out", str(tmp_path), "--tensorboard", "--json")
    assert status == 0
    logs = EventAccumulator(str(tmp_path / "tensorboard"))
    logs.Reload()
    history = json.loads(out)["history"]
    written = [(event.step, event.value) for event in logs.Scalars("validation/validation_loss")]
    assert written == [(r["step"], pytest.approx(r["validation_loss"], rel=1e-6)) for r in history]
    assert [event.step for event in logs.Scalars("training/loss")] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("missing", "status"), [("tensorboard", 2), ("another", 2)])
def test_logs_without_their_library(run, tmp_path, monkeypatch, missing, status):
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "torch.utils.tensorboard":
                raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    found, _, err = run(*TRAIN, "--out", str(tmp_path / "run"), "--tensorboard")
    assert found == status
    assert ("pip install tensorboard" in err) == (missing == "tensorboard")


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--targets", "0.1"), "--targets needs --surge"),
        (("--find-targets",), "--find-targets needs --surge"),
        (("--rule", "reach"), "--rule needs --surge"),
        (("--weight", "0"), "--weight needs --surge"),
        (("--surge", "--samples", "3"), "--samples needs --find-targets"),
        (("--surge", "--targets", "0.1", "--scale", "2"), "--scale needs --find-targets"),
        (("--resume",), "--resume needs --out"),
        (("--tensorboard",), "--tensorboard needs --out"),
        (("--surge", "--targets", "0.1,low"), "got '0.1,low'"),
        (("--surge", "--targets", "nan"), "finite numbers"),
        (("--surge", "--weight", "0"), "weight must be positive"),
        (("--lr", "-1"), "lr must be positive"),
        (("--lr", "inf"), "lr must be positive"),
        (("--steps", "0"), "steps must be at least 1"),
        (("--seed", "-1"), "seed must be at least 0"),
        (("--guard",), "the guard needs logits"),
        (("--label-noise", "-1"), "standard deviation"),
        (("--data", "."), "reads no files"),
        (("--device", "abacus"), "--device abacus is not available here"),
        (("--device", "meta"), "--device meta is not available here"),
        (("--surge", "--targets", "1", "--find-targets"), "not allowed with"),
        (("--optimizer", "lion"), "invalid choice"),
        (("--lr", "fast"), "invalid float value"),
        (("--task", "mnist"), "--data DIR"),
        (("--task", "mnist", "--data", "/no such folder"), "/no such folder: the task mnist needs train-images"),
    ],
)
def test_bad_input_of_train(run, options, message):
    status, out, err = run(*TRAIN, *options)
    assert (status, out) == (2, "")
    assert err.startswith("surge")
    assert err.count("\n") == 1
    assert message in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give one of an action"),
        (("x^2", "--task", "digits"), "give one of an action"),
        (("x^2", "--samples", "3"), "--samples is for --task"),
        (("x^2", "--label-noise", "0.1"), "--label-noise is for --task"),
        (("x^2", "--device", "cpu"), "--device is for --task"),
        (("x^2", "--scale", "0"), "--scale must be positive"),
        (("--task", "regression", "--scale", "-1"), "scale must be positive"),
        (("--task", "regression", "--samples", "0"), "samples must be at least 1"),
        (("x^2", "--plot", "picture.txt"), ".png, .pdf, .svg"),
        (("x^2", "--method", "magic"), "invalid choice"),
        (("import os",), "surge: "),
    ],
)
def test_bad_input_of_targets(run, options, message):
    status, out, err = run("targets", *options)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


# -- targets ----------------------------------------------------------------------------------------------------------


def test_targets_of_an_action(run, finds):
    calls = finds(Targets((1.02, -0.0995), errors=(0.05, 0.01), reason="two singularities"))
    status, out, err = run("targets", DOUBLE_WELL, "--method", "paper", "--seed", "7", "--scale", "2", "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    exact = sorted(float(c.enclosure(20).value.real) for c in Action(DOUBLE_WELL).critical_values())
    assert document["critical_values"] == exact
    assert (document["values"], document["errors"]) == ([1.02, -0.0995], [0.05, 0.01])
    assert (document["dimension"], document["method"], document["seed"]) == (1, "paper", 7)
    (land, method, seed), = calls  # fmt: skip
    assert (method, seed, land.base.stddev.item()) == ("paper", 7, 2.0)
    assert land(torch.tensor([[2.0]])).item() == pytest.approx(9.2)


def test_targets_beside_the_exact_values(run, finds):
    finds(Targets((1.02, -0.0995), errors=(0.05, 0.01)))
    status, out, _ = run("targets", DOUBLE_WELL)
    assert status == 0
    exact = sorted(float(c.enclosure(20).value.real) for c in Action(DOUBLE_WELL).critical_values())
    rows = [line.split() for line in out.splitlines() if "±" in line]
    assert rows == [
        ["1.02", "±", "0.05", f"{exact[2]:.8g}"],
        ["-0.0995", "±", "0.01", f"{exact[0]:.8g}"],
    ]


def test_targets_without_errors(run, finds):
    finds(Targets((0.5,)))
    assert "not known" in run("targets", "x^2")[1]


@pytest.mark.parametrize("options", [(DOUBLE_WELL,), ("--task", "regression", "--samples", "16")])
def test_no_targets(run, finds, options):
    finds(Targets((), reason="the noise hides them"))
    status, out, _ = run("targets", *options)
    assert status == 1
    assert "no target" in out
    assert "the noise hides them" in out


def test_targets_of_a_task(run, finds):
    calls = finds(Targets((0.1,), errors=(0.02,)))
    status, out, _ = run("targets", "--task", "regression", "--label-noise", "0.3", "--seed", "2", "--json")
    document = json.loads(out)
    assert status == 0
    assert (document["dimension"], document["samples"], document["floor"]) == (251, 256, regression(0.3).floor)
    model, task = regression(0.3).model(2), regression(0.3)
    land = calls[0][0]
    expected = task.loss(model(task.training[0]), task.training[1]).item()
    assert land(land.base.mean[None]).item() == pytest.approx(expected, rel=1e-6)


def test_critical_points_that_are_not_isolated(run, finds):
    finds(Targets((0.0,)))
    status, out, _ = run("targets", "(x^2 + y^2 - 1)^2", "--json")
    document = json.loads(out)
    assert (status, document["critical_values"]) == (0, None)
    assert "not isolated" in document["critical_values_unknown"]


@pytest.mark.parametrize("action", ["x^2 + x^4", DOUBLE_WELL, "x^2 + y^2"])
@pytest.mark.parametrize("found", [Targets(()), Targets((0.5, 1.0), errors=(0.1, 0.2)), Targets((0.5,))])
def test_pictures(run, finds, tmp_path, action, found):
    finds(found)
    path = tmp_path / "targets.svg"
    status, out, _ = run("targets", action, "--plot", str(path))
    assert status == (0 if found else 1)
    assert str(path) in out
    assert "</svg>" in path.read_text()


def test_a_picture_that_fails_leaves_nothing(tmp_path, monkeypatch):
    land = surge.Landscape.from_action("x^2")

    def fails(self, *arguments, **settings):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(target_plot.Figure, "savefig", fails)
    with pytest.raises(OSError, match="No space"):
        target_plot.plot_targets(land, Targets((0.5,)), (0.0,), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


# -- the command itself -----------------------------------------------------------------------------------------------


def test_version_and_help(run):
    assert run("--version")[:2] == (0, f"surge {cli.version('resurgence')}\n")
    status, out, _ = run("train", "--help")
    assert status == 0
    assert all(name in out for name in ("--find-targets", "--resume", "wsd", "exit status"))
    assert "no target stands out" in run("targets", "--help")[1]


def test_no_command(run):
    status, out, err = run()
    assert (status, out) == (2, "")
    assert "COMMAND" in err


def test_an_error_of_the_program(run, monkeypatch):
    monkeypatch.setattr(Training, "advance", lambda self: {}["no such key"])
    status, _, err = run(*TRAIN)
    assert status == 70
    assert "Traceback" in err


@pytest.mark.parametrize("number", [None, 1])
def test_a_reader_that_has_gone_away(run, monkeypatch, number):
    def gone(*texts):
        raise BrokenPipeError

    def fileno():
        if number is None:
            raise OSError("no file")
        return number

    copies = []
    monkeypatch.setattr(command_line.os, "dup2", lambda *numbers: copies.append(numbers[1]))
    monkeypatch.setattr(sys.modules["surge.commands.train"], "print_json", gone)
    monkeypatch.setattr(sys.stdout, "fileno", fileno)
    assert main((*TRAIN, "--json")) == 141
    assert copies == ([] if number is None else [1])
