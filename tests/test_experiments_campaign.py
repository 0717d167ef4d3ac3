"""The paper's experiments: arms, records, tuning, campaigns that are killed, verdicts, and every experiment in small.

Run as a program it is the campaign that gets killed: ``python test_experiments_campaign.py FILE RUNS SECONDS``.
"""

import dataclasses
import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from surge import tasks  # noqa: E402
from surge.targets import Targets  # noqa: E402
from validation.experiments import command, initial_targets, registry  # noqa: E402
from validation.experiments.arms import ARMS, Guidance, available, centre  # noqa: E402
from validation.experiments.campaign import TUNING_SEED, Campaign  # noqa: E402
from validation.experiments.execution import perform  # noqa: E402
from validation.experiments.experiment import Experiment, Problem, Size, load  # noqa: E402
from validation.experiments.journal import Journal  # noqa: E402
from validation.experiments.methods import Setting  # noqa: E402
from validation.experiments.results import METRICS, cell_document, comparisons  # noqa: E402
from validation.experiments.training_run import Run, train  # noqa: E402
from validation.experiments.tuning import SPACING, tune  # noqa: E402
from validation.experiments.verdicts import CLAIMS, PaperClaim, verdict  # noqa: E402

SMALL = Experiment(
    name="small",
    question="?",
    paper="",
    problems={"quick": (Problem("regression"),)},
    sizes={"quick": Size(steps=4, validations=2, seeds=2, tuning_seeds=1, points=3, further=1)},
    arms=("bare", "none", "surge", "matched", "random", "shuffled", "zero", "reach"),
)
REGRESSION = tasks.get("regression")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few draws, and one thread: the tensors are too small to share."""
    monkeypatch.setattr(initial_targets, "DRAWS", 20)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def run_of(arm, lr=0.01, seed=0, steps=6, optimizer="adam", task=REGRESSION, validations=3):
    return Run(task.description, optimizer, arm, lr, seed, steps, validations, len(task.held_out[0]))


def record_of(arm, task=REGRESSION, guidance=None, **entries):
    guidance = guidance or Guidance(entries.get("seed", 0), 1.0, Targets((0.5,)), Targets((0.2,)), 1.2)
    return train(task, run_of(arm, task=task, **entries), guidance)


def numbers(record):
    return record["curve"], record["final"], record["training_loss"]


# -- Arms and runs --------------------------------------------------------------------------------------------------


def test_a_run_is_what_a_plain_loop_makes():
    model = REGRESSION.model(3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    validated, batches = [REGRESSION.metrics(model)["validation_loss"]], []
    for step in range(6):
        inputs, labels = REGRESSION.batch(step, 3)
        optimizer.zero_grad()
        loss = REGRESSION.loss(model(inputs), labels)
        loss.backward()
        optimizer.step()
        batches.append(loss.item())
        validated.append(REGRESSION.metrics(model)["validation_loss"])
    record = record_of("bare", lr=0.02, seed=3)
    assert record["curve"] == {
        "step": [0, 2, 4, 6],
        "validation_loss": validated[::2],
        "batch_loss": [None, *np.reshape(batches, (3, 2)).mean(1).tolist()],
    }
    assert record["final"] == validated[6]
    assert record["best"] == min(validated[::2])
    assert record["area"] == pytest.approx((validated[0] / 2 + validated[2] + validated[4] + validated[6] / 2) / 3)
    assert record["rise"] == pytest.approx(
        sum(max(0.0, math.log(b / a)) for a, b in zip(validated[:-2:2], validated[2::2], strict=True))
    )
    with torch.no_grad():
        assert record["training_loss"] == pytest.approx(
            float(REGRESSION.loss(model(REGRESSION.training[0]), REGRESSION.training[1]))
        )


def test_without_targets_the_wrapper_is_not_there():
    bare = numbers(record_of("bare"))
    nothing = Guidance(0, 1.0, Targets(()), Targets(()), 1.0)
    for arm in ("none", "surge", "shuffled", "matched"):
        assert numbers(record_of(arm, guidance=nothing)) == bare, arm
    assert numbers(record_of("surge")) != bare


def test_constant_factors_are_learning_rates():
    assert record_of("zero", lr=0.01)["final"] == pytest.approx(record_of("bare", lr=0.015)["final"], rel=1e-5)
    assert numbers(record_of("matched", lr=0.01)) == numbers(record_of("bare", lr=1.2 * 0.01))
    with pytest.raises(ValueError, match="mean factor of the run of 'surge'"):
        record_of("matched", guidance=Guidance(0, 1.0, Targets(()), Targets(())))


def test_alpha_is_the_mean_of_the_factor():
    """Of eq. 34, at losses that stay what they are."""
    record = record_of("surge", guidance=Guidance(0, 1.0, Targets((0.01,)), Targets(())), optimizer="sgd", lr=1e-9)
    model = REGRESSION.model(0)
    with torch.no_grad():
        losses = [float(REGRESSION.loss(model(x), y)) for x, y in (REGRESSION.batch(step, 0) for step in range(6))]
    assert record["alpha"] == pytest.approx(np.mean([1.5 - 0.5 * 0.01 / loss for loss in losses]), rel=1e-6)


def test_random_targets_lie_below_the_initial_loss_and_differ_by_seed():
    found = []
    for seed in (0, 0, 1):
        guidance = Guidance(seed, 0.8, Targets((0.1, 0.2, 0.3)), Targets(()))
        started = ARMS["random"].start(Setting(REGRESSION, REGRESSION.model(0), "adam", 0.01, 6), guidance)
        found.append(started.arm.surge.targets.values)
    assert found[0] == found[1] != found[2]
    assert all(len(values) == 3 and all(0 < value < 0.8 for value in values) for values in found)


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_trains_and_does_the_same_twice(arm):
    task = tasks.get("digits") if "guard" in arm else REGRESSION
    if ARMS[arm].package is not None:
        pytest.importorskip(ARMS[arm].package)
    first, second = (record_of(arm, task, steps=12) for _ in range(2))
    assert numbers(first) == numbers(second)
    assert first["status"] == "finished"
    # Prodigy is still looking for its step.
    assert first["final"] < first["curve"]["validation_loss"][0] or arm == "prodigy"


def test_a_plateau_waits_for_validations():
    """It is the optimizer alone up to the second validation without a lower loss, and slower from there on."""
    guidance = Guidance(0, 1.0, Targets(()), Targets(()))
    started = ARMS["plateau"].start(Setting(REGRESSION, REGRESSION.model(0), "sgd", 0.1, 6), guidance)
    assert (len(started.plateaus), list(started.arm.schedules)) == (1, [])
    rising = dataclasses.replace(REGRESSION, held_out=(REGRESSION.held_out[0], -5 * REGRESSION.held_out[1]))
    bare, plateau = (record_of(arm, rising, lr=0.02, steps=15, validations=15) for arm in ("bare", "plateau"))
    losses, best, failures, cut = bare["curve"]["validation_loss"], math.inf, 0, 0
    while failures < 2:
        cut += 1
        best, failures = (losses[cut], 0) if losses[cut] < best * (1 - 1e-4) else (best, failures + 1)
    assert plateau["curve"]["validation_loss"][: cut + 1] == losses[: cut + 1]
    assert plateau["curve"]["validation_loss"][cut + 1] != losses[cut + 1]


def test_divergence_is_a_status():
    record = record_of("bare", lr=1e9, optimizer="sgd", steps=30)
    assert (record["status"], record["final"], record["rise"]) == ("diverged", None, None)
    assert record["updates"] < 30
    json.dumps(record, allow_nan=False)


def test_what_is_left_out_says_why(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    there, missing = available(("bare", "reach+guard", "momo"), "adam", REGRESSION)
    assert there == ["bare"]
    assert missing == {"reach+guard": "not for adam on regression", "momo": "momo is not installed"}


def test_who_follows_whom():
    """An arm that follows another comes after it, where there are both, and has its grid's centre."""
    for experiment in registry.EXPERIMENTS.values():
        for name in experiment.arms:
            leader = ARMS[name].follows
            if leader is not None:
                assert experiment.arms.index(leader) < experiment.arms.index(name)
                assert centre(leader, "adam") == centre(name, "adam")


# -- Targets --------------------------------------------------------------------------------------------------------


def test_targets_at_initialisation_are_the_ratio_test_of_the_mean(monkeypatch):
    """All losses equal: Z is exp(-L/g), and whatever is found depends on L by its unit alone."""
    found = initial_targets.initial_targets(REGRESSION, 0)
    again = initial_targets.initial_targets(REGRESSION, 0)
    assert found == again
    assert all(0 < value < found.initial_loss for value in found.targets.values)
    doubled = dataclasses.replace(REGRESSION, loss=lambda output, target: 2 * REGRESSION.loss(output, target))
    twice = initial_targets.initial_targets(doubled, 0)
    assert len(found.targets) > 0
    assert twice.targets.values == pytest.approx([2 * value for value in found.targets.values], rel=1e-6)


def test_no_target_where_the_loss_is_no_positive_number():
    negative = dataclasses.replace(REGRESSION, loss=lambda output, target: -REGRESSION.loss(output, target))
    found = initial_targets.initial_targets(negative, 0)
    assert not found.targets
    assert "not positive" in found.targets.reason
    endless = dataclasses.replace(REGRESSION, loss=lambda output, target: output.sum() * math.inf)
    with pytest.raises(ValueError, match="not finite"):
        initial_targets.initial_targets(endless, 0)


# -- Tuning ---------------------------------------------------------------------------------------------------------


@given(st.floats(-6, 3), st.sampled_from([3, 5]), st.integers(0, 8))
@example(0.0, 3, 0)
def test_tuning_spends_what_it_is_given_and_brackets_or_says_not(optimum, points, further):
    found = tune(lambda lr: abs(math.log10(lr) - optimum), 10**-2.5, points, further)
    rates = [lr for lr, _ in found.tried]
    losses = [loss for _, loss in found.tried]
    assert len(set(rates)) == points + further
    assert rates == sorted(rates)
    assert losses[rates.index(found.lr)] == min(losses)
    assert found.at_edge == (found.lr in (rates[0], rates[-1]))
    assert found.at_edge or rates[0] < 10**optimum < rates[-1]


def test_tuning_goes_downhill_from_divergence_and_refines():
    up = tune(lambda lr: math.inf if lr > 1e-4 else 1.0, 0.01, 3, 4)
    assert up.lr <= 1e-4
    refined = tune(lambda lr: (math.log10(lr) + 2.1) ** 2, 0.01, 3, 3)
    assert not refined.at_edge
    assert abs(math.log10(refined.lr) + 2.1) < math.log10(SPACING) / 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0.0, 3, 0), "centre"), ((0.1, 4, 0), "odd"), ((0.1, 1, 0), "odd"), ((0.1, 3, -1), "not negative")],
)
def test_tuning_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        tune(lambda lr: 1.0, *arguments)
    with pytest.raises(ValueError, match="NaN"):
        tune(lambda lr: math.nan, 0.1, 3, 0)


# -- Campaigns ------------------------------------------------------------------------------------------------------


def document_of(path, experiment=SMALL):
    return perform(Campaign(experiment, "quick", None, Journal(path)), "quick")


def stable(document):
    """A document without what differs from one time to the next."""
    document = json.loads(json.dumps(document, allow_nan=False))
    del document["environment"]
    for cell in document["cells"]:
        for arm in cell["arms"].values():
            assert all(seconds > 0 for seconds in arm.pop("seconds"))
    return document


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The document and the journal of a campaign that nobody disturbed."""
    before, initial_targets.DRAWS = initial_targets.DRAWS, 20
    try:
        path = tmp_path_factory.mktemp("whole") / "runs.jsonl"
        return document_of(path), path
    finally:
        initial_targets.DRAWS = before


def test_a_campaign_is_fair(whole):
    """Equal numbers of runs and rates, the same seeds, and seeds of the tuning that are not those compared."""
    document, path = whole
    records = [record for record in Journal(path).records if record["kind"] == "run"]
    assert len(records) == Campaign(SMALL, "quick", None, Journal(path)).total
    assert len({json.dumps([record[name] for name in ("arm", "lr", "seed")]) for record in records}) == len(records)
    for arm in SMALL.arms:
        own = [record for record in records if record["arm"] == arm]
        assert sorted(record["seed"] for record in own if record["seed"] < TUNING_SEED) == [0, 1]
        has_grid = ARMS[arm].tuned and ARMS[arm].follows is None
        assert len({record["lr"] for record in own if record["seed"] >= TUNING_SEED}) == (4 if has_grid else 0)
    (cell,) = document["cells"]
    assert cell["wrapper_without_targets_is_bare"] is True
    assert cell["arms"]["none"]["lr"] == cell["arms"]["bare"]["lr"]
    assert cell["arms"]["matched"]["lr"] == cell["arms"]["surge"]["lr"]
    first = {record["arm"]: record["curve"]["validation_loss"][0] for record in records if record["seed"] == 1}
    assert len(set(first.values())) == 1
    chosen = cell["arms"]["zero"]
    assert chosen["tuning"] == sorted(chosen["tuning"])
    assert [chosen["lr"], min(loss for _, loss in chosen["tuning"])] in chosen["tuning"]


def test_the_constant_is_matched_to_the_same_seed(whole):
    arms = whole[0]["cells"][0]["arms"]
    for seed, alpha in enumerate(arms["surge"]["alpha"]):
        bare = record_of("bare", lr=alpha * arms["surge"]["lr"], seed=seed, steps=4)
        assert arms["matched"]["final"][seed] == pytest.approx(bare["final"], rel=1e-6)


def test_a_campaign_that_was_killed_ends_the_same(whole, tmp_path):
    """SIGKILL at a random moment of a random run, then the same command again."""
    document, undisturbed = whole
    path = tmp_path / "runs.jsonl"
    total = Campaign(SMALL, "quick", None, Journal(undisturbed)).total
    runs, seconds = random.randrange(1, total - 10), random.uniform(0, 0.02)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    killed = subprocess.run(
        [sys.executable, __file__, str(path), str(runs), str(seconds)],
        env=environment,
        capture_output=True,
        timeout=600,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    left = sum(record["kind"] == "run" for record in Journal(path).records)
    assert runs <= left < total, f"killed {seconds} s after run {runs}"
    assert stable(document_of(path)) == stable(document)
    assert len(Journal(path).records) == len(Journal(undisturbed).records)


def test_nothing_is_run_twice(whole, monkeypatch):
    document, path = whole
    monkeypatch.setattr("validation.experiments.campaign.train", lambda *arguments: pytest.fail("trained again"))
    assert stable(document_of(path)) == stable(document)


def test_problems_of_one_kind_keep_their_own_targets(tmp_path):
    noisy = Problem("regression", label_noise=0.3)
    experiment = dataclasses.replace(
        SMALL, problems={"quick": (Problem("regression"), noisy)}, arms=("bare", "shuffled"), rates=(0.01,)
    )
    Campaign(experiment, "quick", None, Journal(tmp_path / "runs.jsonl")).cells()
    found = [record for record in Journal(tmp_path / "runs.jsonl").records if record["kind"] == "targets"]
    seeds = {(record["problem"], record["seed"]) for record in found}
    assert seeds == {
        (load(problem, "quick", None).description, seed)
        for problem in (Problem("regression"), noisy)
        for seed in range(3)
    }


def test_figures_that_are_never_reached_are_infinite(tmp_path):
    experiment = dataclasses.replace(
        SMALL, arms=("bare", "surge"), rates=(1e9,), problems={"quick": (Problem("regression", ("sgd",)),)}
    )
    experiment = dataclasses.replace(experiment, sizes={"quick": dataclasses.replace(SMALL.sizes["quick"], steps=30)})
    (cell,) = Campaign(experiment, "quick", None, Journal(tmp_path / "runs.jsonl")).cells()
    document = cell_document(cell)
    assert document["arms"]["bare"]["diverged"] == 2
    assert document["levels"] == {"steps_early": None, "steps_late": None}
    assert document["arms"]["surge"]["steps_late"] == [None, None]
    assert {entry["metric"] for entry in comparisons([document])} == set(METRICS)
    assert all(entry["p"] == 1 for entry in comparisons([document]))
    json.dumps(document, allow_nan=False)


# -- Verdicts -------------------------------------------------------------------------------------------------------


def cells_with(surge, control="bare", count=2, at_edge=False, seeds=10):
    """Cells in which surge's figures are so many times those of the control."""
    others = np.linspace(0.5, 2.0, seeds)
    return [
        {
            "name": f"cell {k}",
            "rate": None,
            "best_scheduler": None,
            "arms": {
                "surge": {"at_edge": at_edge, **{metric: (surge * others).tolist() for metric in METRICS}},
                control: {"at_edge": False, **{metric: others.tolist() for metric in METRICS}},
            },
        }
        for k in range(count)
    ]


def test_every_claim_can_come_out_each_way():
    for claim in CLAIMS:
        if len(claim.controls) > 1 or claim.controls == ("best scheduler",):
            claim = dataclasses.replace(claim, controls=("bare",))
        inside, outside = (1.1, 0.9) if claim.larger else (0.9, 1.1)
        assert verdict(claim, cells_with(inside * claim.ratio))["verdict"] == "supported", claim.key
        assert verdict(claim, cells_with(outside * claim.ratio))["verdict"] == "not supported", claim.key
        assert verdict(claim, cells_with(inside * claim.ratio, seeds=3))["verdict"] == "undecided", claim.key
        assert verdict(claim, cells_with(inside * claim.ratio, at_edge=True))["verdict"] == "undecided", claim.key


def test_one_exception_is_enough_and_one_success_is_not():
    claim = next(one for one in CLAIMS if one.key == "improvement")
    good, bad = cells_with(0.7), cells_with(0.95)
    assert verdict(claim, [*good, *bad])["verdict"] == "not supported"
    assert verdict(claim, [*good, *cells_with(0.85)])["verdict"] == "undecided"  # at the margin itself
    assert "[-30.0 %, -30.0 %]" in verdict(claim, good)["sentence"]
    assert verdict(claim, cells_with(0.7, control="other")) is None


def test_the_correction_is_over_all_comparisons():
    claim = PaperClaim("", "", "", "final", ("bare",), 1.0)
    alone, many = verdict(claim, cells_with(0.9, count=1, seeds=7)), verdict(claim, cells_with(0.9, count=4, seeds=7))
    assert alone["evidence"][0]["p_holm"] == pytest.approx(2.0**-6)
    assert many["evidence"][0]["p_holm"] == pytest.approx(4 * 2.0**-6)
    assert (alone["verdict"], many["verdict"]) == ("supported", "undecided")


# -- The experiments, and the command -------------------------------------------------------------------------------


def tiny(experiment):
    """Two updates of each of a few arms."""
    kept = ("bare", "none", "surge", "matched", "random", "cosine")
    size = Size(steps=2, validations=1, seeds=2, tuning_seeds=1, points=3, further=0, held_out=16)
    return dataclasses.replace(
        experiment, arms=tuple(name for name in experiment.arms if name in kept), sizes={"quick": size}
    )


def command_line(*arguments):
    import argparse

    parser = argparse.ArgumentParser()
    command.add_to(parser.add_subparsers())
    options = parser.parse_args(["experiments", *arguments])
    return options.run(options)


def test_every_experiment_runs_and_draws(tmp_path, monkeypatch, capsys):
    assert tuple(registry.EXPERIMENTS) == tuple(registry.DRAWINGS) == command.NAMES
    for name, experiment in registry.EXPERIMENTS.items():
        monkeypatch.setitem(registry.EXPERIMENTS, name, tiny(experiment))
    assert command_line("--quick", "--out", str(tmp_path), "--json", str(tmp_path / "all.json")) is True
    everything = json.loads((tmp_path / "all.json").read_text())
    for name, document in zip(command.NAMES, everything["experiments"], strict=True):
        assert json.loads((tmp_path / name / "results.json").read_text()) == document
        contract = (Path(command.__file__).parent / name / "contract.toml").read_text()
        figures = sorted(path.name for path in (tmp_path / name).glob("*.svg"))
        assert figures
        assert all(f'"DIR/{name}/{figure}"' in contract for figure in figures)
        assert contract.count(".svg") == len(figures)
        assert all("<svg" in (tmp_path / name / figure).read_text() for figure in figures)
    assert json.loads((tmp_path / "verdicts.json").read_text())["verdicts"] == everything["verdicts"]
    assert {one["claim"] for one in everything["verdicts"]} == {claim.key for claim in CLAIMS}
    assert len(everything["experiments"][3]["cells"]) == 6
    printed = capsys.readouterr().out
    assert all(one["sentence"].split(". Read as")[0].split(":")[-1] in printed for one in everything["verdicts"])
    assert "can decide nothing" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("newton",), "no experiment 'newton'"),
        (("--quick", "--data", "."), "embedded data alone"),
        (("--json", "no/such/folder/file.json"), "no folder"),
    ],
)
def test_the_command_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        command_line(*arguments)


def test_data_that_are_not_there_are_missed_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr("validation.experiments.campaign.train", lambda *arguments: pytest.fail("trained"))
    with pytest.raises(FileNotFoundError, match="mnist needs"):
        command_line("image_classification", "--data", str(tmp_path), "--out", str(tmp_path / "out"))


if __name__ == "__main__":
    place, runs_before, delay = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    finished = 0

    def count(description):
        global finished
        finished += not description
        if not description and finished == runs_before:
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()

    initial_targets.DRAWS = 20
    torch.set_num_threads(1)
    Campaign(SMALL, "quick", None, Journal(place), count).cells()
