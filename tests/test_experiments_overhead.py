"""The overhead experiment: sizes as stated, every arm measured, and a demand that is missed is a status."""

import json

import pytest

torch = pytest.importorskip("torch")

from validation.benchmarks.timing import Spread  # noqa: E402
from validation.experiments.overhead import run  # noqa: E402


@pytest.fixture(autouse=True)
def threads():
    """The command sets the number of threads of its process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("name", "size"), [("mlp", 1e7), ("transformer", 1e7), ("digits", 9e3)])
def test_sizes(name, size):
    with torch.device("meta"):
        model, inputs, labels = run.MODELS[name](False, torch.device("meta"))
        assert sum(p.numel() for p in model.parameters()) == pytest.approx(size, rel=0.05)
        logits = model(inputs)
    assert logits.shape[:-1] == labels.shape


def test_every_arm_is_measured(capsys):
    state = torch.random.get_rng_state()
    assert run.main(["--smoke", "--json"]) == 0
    assert torch.equal(state, torch.random.get_rng_state())
    ratios = json.loads(capsys.readouterr().out)["ratios"]
    assert set(ratios) == {f"{model} {arm}" for model in run.MODELS for arm in ("bare again", *run.ARMS)}
    assert all(0 < entry["lower"] <= entry["median"] <= entry["upper"] for entry in ratios.values())
    assert run.main(["--turns", "0"]) == 2


@pytest.mark.parametrize(("median", "status"), [(1.005, 0), (1.2, 1)])
def test_demands(monkeypatch, capsys, median, status):
    """1.2 is more than alpha alone may cost."""
    spread = Spread(median, median, median, 3)
    monkeypatch.setattr(run, "measure", lambda *_, **__: dict.fromkeys(("bare again", *run.ARMS), spread))
    assert run.main(["--models", "mlp"]) == status
    assert f"{median:.3f}" in capsys.readouterr().out
