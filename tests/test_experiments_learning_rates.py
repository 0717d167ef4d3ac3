"""The learning-rate experiment: what a run is, that an interrupted one ends the same, and what is read off it."""

import json
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from surge import Targets, tasks  # noqa: E402
from validation.__main__ import main  # noqa: E402
from validation.experiments import methods  # noqa: E402
from validation.experiments.journal import Journal  # noqa: E402
from validation.experiments.learning_rates import plot, results, run, sweep  # noqa: E402
from validation.experiments.methods import METHODS, Setting, applies, make_arm  # noqa: E402
from validation.report.learning_rates import show  # noqa: E402

PACKAGES = {"prodigy": "prodigyopt", "prodigy+cosine": "prodigyopt", "momo": "momo", "schedule-free": "schedulefree"}


@pytest.fixture(autouse=True)
def one_thread():
    """Tensors here are too small to share; the command sets the number of the process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def record(method, lr=0.01, seed=0, steps=3, optimizer="adam", task="digits"):
    return run.train(tasks.get(task), run.Run(task, 0.0, optimizer, method, lr, seed, steps))


def stable(records):
    """Records without what differs from run to run."""
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in records]


@pytest.mark.parametrize("method", METHODS)
def test_methods_train(method, monkeypatch):
    """Every method lowers the loss of a few steps, and does the same twice."""
    monkeypatch.setattr(methods, "find_targets", lambda land: Targets((0.9,), (0.05,)))  # takes minutes
    if method in PACKAGES:
        pytest.importorskip(PACKAGES[method])
    task = tasks.get("digits", None, 0.2 if method.endswith(("-floor", "-log-z")) else 0.0)
    before = task.metrics(task.model(0))["validation_loss"]
    spec = run.Run(
        "digits", 0.0, "sgd" if method == "momo" else "adam", method, 0.3 if method == "momo" else 0.01, 0, 8
    )
    first, second = run.train(task, spec), run.train(task, spec)
    assert stable([first]) == stable([second])
    assert first["status"] == "finished"
    # Prodigy is still estimating its step after a few.
    assert first["validation_loss"] < before - (0 if method.startswith("prodigy") else 0.01)


def test_constant_is_the_plain_optimizer():
    task = tasks.get("digits")
    model = task.model(3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.01)
    for step in range(4):
        inputs, labels = task.batch(step, 3)
        optimizer.zero_grad()
        task.loss(model(inputs), labels).backward()
        optimizer.step()
    assert record("constant", 0.01, 3, 4, "adamw")["validation_loss"] == task.metrics(model)["validation_loss"]


def test_the_papers_rule_with_target_zero_is_a_larger_rate():
    assert record("paper")["validation_loss"] == pytest.approx(record("constant-x1.5")["validation_loss"], rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "muon"])
def test_reach_with_guard_forgets_the_rate(optimizer):
    losses = [
        record("reach+guard+cosine", lr, steps=10, optimizer=optimizer)["validation_loss"] for lr in (1e-5, 1e-2, 1.0)
    ]
    assert losses == pytest.approx([losses[1]] * 3, rel=0.02)
    assert losses[1] < 2.2


def test_divergence_is_a_status():
    found = record("constant", 1e12, steps=40, optimizer="sgd")
    assert (found["status"], found["validation_loss"], found["accuracy"]) == ("diverged", None, None)
    assert found["updates"] < 40


def test_what_applies():
    digits, regression = tasks.get("digits"), tasks.get("regression")
    assert applies("reach", "muon", regression)
    assert not applies("reach+guard", "adam", regression)
    assert not applies("reach-floor", "adam", digits)
    assert applies("reach-floor", "adam", tasks.get("digits", None, 0.2))
    assert applies("reach-log-z", "adam", tasks.get("digits", None, 0.2))
    assert not applies("reach-log-z", "adam", digits)
    assert not applies("prodigy", "sgd", digits)
    with pytest.raises(ValueError, match="no method 'newton'"):
        make_arm("newton", Setting(digits, digits.model(0), "adam", 0.1, 5))


def command(folder, *extra):
    grid = "--task digits --steps 3 --seeds 2 --lrs 1e-3 1e-1 --optimizers adam --methods constant cosine reach"
    return run.main([*grid.split(), "--out", str(folder), *extra])


def test_interrupted_runs_end_the_same(tmp_path, monkeypatch):
    """Killed twice, once in the middle of a line, the results are those of one run; nothing is trained twice."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert command(whole) == 0
    expected = stable(Journal(whole / "runs.jsonl").records)
    assert len(expected) == 12
    trained, train = [], run.train

    def interrupted(task, spec):
        trained.append(spec)
        if len(trained) == 6:
            raise KeyboardInterrupt
        return train(task, spec)

    monkeypatch.setattr(run, "train", interrupted)
    assert command(broken) == 130
    assert not (broken / "done").exists()
    path = broken / "runs.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    assert command(broken) == 0
    assert (broken / "done").exists()
    assert stable(Journal(path).records) == expected
    assert len(trained) == 5 + 1 + 8
    before = path.read_bytes()
    assert command(broken) == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("match", "extra"),
    [
        ("learning rates are positive", ["--lrs", "-1"]),
        ("learning rates are positive", ["--lrs", "nan"]),
        ("seeds and steps are at least 1", ["--seeds", "0"]),
        ("reads no files", ["--data", "."]),
        ("label_noise", ["--label-noise", "2"]),
    ],
)
def test_bad_arguments(tmp_path, capsys, match, extra):
    assert command(tmp_path / "out", *extra) == 2
    assert match in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_smoke(tmp_path, monkeypatch):
    plans = []
    monkeypatch.setattr(run, "run_all", lambda task, runs, folder, console: plans.append(runs))
    assert run.main(["--smoke", "--optimizers", "sgd", "--out", str(tmp_path)]) == 0
    assert {(entry.seed, entry.steps) for entry in plans[0]} == {(0, 12)}
    assert {entry.lr for entry in plans[0]} == {1e-3, 1e-1}


def test_journal(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n[2]\n')
    with pytest.raises(ValueError, match="line 2"):
        Journal(path)
    path.write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(ValueError, match="line 2"):
        Journal(path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        Journal(tmp_path / "b.jsonl").add({"loss": math.nan})
    assert not (tmp_path / "b.jsonl").exists()


def rows(method, values, optimizer="sgd"):
    return [
        {
            "task": "digits",
            "label_noise": 0.0,
            "steps": 5,
            "optimizer": optimizer,
            "method": method,
            "lr": lr,
            "seed": seed,
            "validation_loss": loss,
            "seconds": 2.0,
        }
        for lr, losses in values.items()
        for seed, loss in enumerate(losses)
    ]


def test_curves_and_the_best_scheduler():
    records = rows("constant", {0.1: [1.0, 2.0, 6.0], 0.01: [0.5, 0.7, 0.6], 1.0: [None, 1.0, 1.0]})
    records += rows("cosine", {0.1: [0.4, 0.4, 0.7]}) + rows("reach", {0.1: [0.1, 0.1, 0.1]})
    found = results.curves(records)["sgd"]
    constant = found["constant"]
    assert constant.lrs.tolist() == [0.01, 0.1, 1.0]
    assert constant.mean.tolist() == pytest.approx([0.6, 3.0, math.inf])
    assert constant.error[:2].tolist() == pytest.approx([0.1 / math.sqrt(3), math.sqrt(7 / 3)])
    assert np.isnan(constant.error[2])
    assert (constant.diverged.tolist(), constant.seeds.tolist()) == ([0, 0, 1], [3, 3, 3])
    assert (constant.best, constant.worst) == (pytest.approx(0.6), math.inf)
    assert results.best_of(found) == pytest.approx(0.5)  # reach is no scheduler
    assert math.isnan(results.best_of({"reach": found["reach"]}))


def test_table_and_figure(tmp_path, capsys):
    journal = Journal(tmp_path / "runs.jsonl")
    assert plot.main([str(tmp_path)]) == 2
    for entry in rows("constant", {0.1: [0.5, 0.5], 1.0: [None, 1.0]}) + rows("reach", {0.1: [0.6, 0.7]}):
        journal.add(entry)
    capsys.readouterr()
    assert plot.main([str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "0.6500" in text
    assert "1.30" in text  # 0.65 over 0.5
    assert (tmp_path / "sgd.svg").read_text().startswith("<?xml")
    (tmp_path / "runs.jsonl").write_text("")
    assert plot.main([str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_records_are_plain_json(tmp_path):
    Journal(tmp_path / "a.jsonl").add(record("reach"))
    entry = json.loads((tmp_path / "a.jsonl").read_text())
    assert entry["method"] == "reach"
    assert 0 < entry["validation_loss"] < 2.4


def test_decades_count_the_rates_around_a_good_one():
    losses = {1e-3: [0.9], 1e-2: [0.5], 1e-1: [0.6], 1.0: [None]}
    curve = results.curves(rows("constant", losses))["sgd"]["constant"]
    assert curve.decades(0.6) == pytest.approx(2.0)
    assert curve.decades(1.0) == pytest.approx(2.5)
    assert curve.decades(math.inf) == pytest.approx(3.0)  # with the rate that diverged
    assert curve.decades(0.1) == 0.0
    assert results.curves(rows("reach", {0.1: [0.5]}))["sgd"]["reach"].decades(1.0) == 0.0  # one rate is no width


def test_summary_has_an_entry_for_each_method():
    entries = results.summary(
        rows("constant", {0.1: [0.5, 0.5], 1.0: [None, 1.0]}) + rows("reach", {0.1: [0.4, 0.5], 1.0: [0.5, 0.6]})
    )
    constant, reach = entries
    assert (constant["method"], reach["method"]) == ("constant", "reach")
    assert constant["mean"] == [0.5, None]
    assert constant["worst_over_best"] is None
    assert reach["best_scheduler"] == 0.5
    assert (reach["decades"], reach["decades_of_all"]) == (pytest.approx(1.0), pytest.approx(0.5))
    json.dumps(entries, allow_nan=False)


def test_the_command_sweeps_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "QUICK", (sweep.Size("digits", ("sgd",), (1e-2, 1.0), 1, 2),))
    monkeypatch.setattr(sweep, "METHODS", ["constant", "reach"])
    words = ["learning-rates", "--quick", "--out", str(tmp_path), "--json", str(tmp_path / "a.json")]
    assert main([*words, "--plot", str(tmp_path / "drawing.svg")]) == 0
    assert "constant" in capsys.readouterr().out
    document = json.loads((tmp_path / "a.json").read_text())
    assert [entry["method"] for entry in document["learning_rates"]] == ["constant", "reach"]
    journal = (tmp_path / "digits" / "runs.jsonl").read_text()
    assert main(words) == 0
    assert (tmp_path / "digits" / "runs.jsonl").read_text() == journal  # nothing was trained again
    shown = show(document, tmp_path)
    assert shown.count("<tr>") == 3
    assert "data:image/svg+xml" in shown


@pytest.mark.parametrize(
    ("match", "extra"),
    [("leave --data out", ["--quick", "--data", "."]), ("there is no folder", ["--json", "missing/a.json"])],
)
def test_bad_arguments_of_the_sweep(tmp_path, monkeypatch, capsys, match, extra):
    monkeypatch.chdir(tmp_path)
    assert main(["learning-rates", *extra]) == 2
    assert match in capsys.readouterr().err


def test_missing_data_are_noticed_before_the_first_run(tmp_path, capsys):
    assert main(["learning-rates", "--out", str(tmp_path), "--data", str(tmp_path)]) == 2
    assert "mnist" in capsys.readouterr().err
    assert not (tmp_path / "digits").exists()
