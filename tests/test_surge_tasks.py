"""The tasks: their data against what they are said to be, and batches that depend on the step and the seed alone."""

import dataclasses
import gzip
import math
import re
import struct
import sys

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from surge import SingularityGuard, tasks
from surge.tasks.digits import _draw_labels
from surge.tasks.regression import target_function
from surge.tasks.shakespeare import CharacterTransformer, made_text
from surge.tasks.task import Task, mlp


@pytest.fixture(autouse=True)
def no_folder(monkeypatch):
    """Whatever the environment names is not used."""
    monkeypatch.delenv(tasks.DATA_VARIABLE, raising=False)


@pytest.fixture(scope="module")
def digits():
    return tasks.get("digits")


@pytest.fixture(scope="module")
def regression():
    return tasks.get("regression")


@pytest.fixture(scope="module")
def shakespeare():
    return tasks.get("shakespeare")


def numbered(count, batch_size):
    """A task whose inputs are the numbers of its samples."""
    x = torch.arange(float(count))[:, None]
    return Task("numbered", "", lambda: nn.Linear(1, 1), nn.functional.mse_loss, (x, 2 * x), (x, x), batch_size, False)


# -- models and batches -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits", "regression", "shakespeare"])
def test_a_model_depends_on_the_seed_alone(name, request):
    task = request.getfixturevalue(name)
    torch.manual_seed(1)
    first = task.model(seed=5).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second, other = task.model(seed=5).state_dict(), task.model(seed=6).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_the_global_generator_is_put_back_where_the_network_cannot_be_made():
    def broken():
        torch.rand(3)
        raise RuntimeError("no network")

    task = dataclasses.replace(numbered(4, 2), network=broken)
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="no network"):
        task.model(seed=0)
    assert torch.equal(torch.get_rng_state(), before)


@settings(max_examples=15)
@given(count=st.integers(1, 20), share=st.floats(0, 1), epoch=st.integers(0, 3), seed=st.integers(0, 2**63 - 1))
def test_an_epoch_is_a_permutation(count, share, epoch, seed):
    task = numbered(count, 1 + int(share * (count - 1)))
    steps = task.steps_per_epoch
    seen = [task.batch(epoch * steps + k, seed) for k in range(steps)]
    inputs = torch.cat([x for x, _ in seen]).flatten().tolist()
    assert len(inputs) == steps * task.batch_size == len(set(inputs))
    assert count - len(inputs) < task.batch_size
    assert all(torch.equal(2 * x, y) for x, y in seen)


@settings(max_examples=10)
@given(order=st.permutations(range(12)), seed=st.integers(0, 2**63 - 1))
def test_batches_do_not_depend_on_what_was_asked_before(order, seed):
    straight, jumping = numbered(17, 4), numbered(17, 4)
    expected = [straight.batch(step, seed)[0] for step in range(12)]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    found = {step: jumping.batch(step, seed)[0] for step in order}
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(found[step], expected[step]) for step in order)


def test_epochs_and_seeds_differ():
    task = numbered(100, 100)
    orders = [task.batch(epoch, seed)[0].flatten().tolist() for epoch in (0, 1) for seed in (0, 1)]
    assert len(set(map(tuple, orders))) == 4


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda task: task.batch(-1, 0), ValueError),
        (lambda task: task.batch(1.0, 0), TypeError),
        (lambda task: task.batch(0, -1), ValueError),
        (lambda task: task.model(True), TypeError),
        (lambda task: task.model(2**63), ValueError),
        (lambda task: task.landscape(0, samples=0), ValueError),
        (lambda task: task.landscape(0, scale=-1.0), ValueError),
        (lambda task: dataclasses.replace(task, batch_size=0), ValueError),
        (lambda task: dataclasses.replace(task, batch_size=10_000), ValueError),
    ],
)
def test_bad_arguments(regression, call, error):
    with pytest.raises(error):
        call(regression)


# -- metrics and landscapes -------------------------------------------------------------------------------------------


def test_metrics_of_many_samples_are_those_of_all_at_once():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(5000, 3, generator=generator), torch.randint(4, (5000,), generator=generator)
    network = lambda: nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5))  # noqa: E731
    task = Task("wide", "", network, nn.functional.cross_entropy, (x, y), (x, y), 10, True)
    model = task.model(seed=0)
    found = task.metrics(model)
    assert model.training
    logits = model.eval()(x)
    assert found["validation_loss"] == pytest.approx(nn.functional.cross_entropy(logits, y).item(), rel=1e-6)
    assert found["accuracy"] == pytest.approx((logits.argmax(1) == y).double().mean().item(), abs=1e-12)
    task.metrics(model)
    assert not model.training


@pytest.mark.parametrize("name", ["digits", "regression", "shakespeare"])
def test_the_landscape_is_the_loss(name, request):
    task = request.getfixturevalue(name)
    land = task.landscape(seed=3, samples=4, scale=0.5)
    model, (x, y) = task.model(seed=3), (part[:4] for part in task.training)
    assert land.dim == sum(p.numel() for p in model.parameters())
    expected = task.loss(model(x), y).item()
    assert land(land.base.mean[None]).item() == pytest.approx(expected, rel=1e-5)
    assert land.base.stddev.eq(0.5).all()


@pytest.mark.parametrize("name", ["digits", "shakespeare"])
def test_the_guard_takes_the_logits(name, request):
    task = request.getfixturevalue(name)
    model = task.model(seed=0)
    start = {p: p.detach().clone() for p in model.parameters()}
    guard = SingularityGuard(model, task.batch(0, 0)[0], method="forward")
    assert 0 < guard.factor(start, {p: 100 * p.detach() for p in start}) < 1


# -- digits -----------------------------------------------------------------------------------------------------------


def test_digits_are_split_once(digits):
    (x, y), (held_x, held_y) = digits.training, digits.validation()
    sklearn = pytest.importorskip("sklearn.datasets")
    pixels, classes = sklearn.load_digits(return_X_y=True)
    rows = np.column_stack([torch.cat([x, held_x]).numpy() * 16, torch.cat([y, held_y]).numpy()])
    expected = np.column_stack([pixels, classes])
    assert sorted(map(tuple, rows.tolist())) == sorted(map(tuple, expected.tolist()))
    assert len(held_x) == 360
    assert np.bincount(held_y).min() >= 20  # every class is among them


@pytest.mark.parametrize("q", [0.2, 0.5])
def test_the_floor_of_noisy_digits_is_the_entropy_of_a_label(q):
    task = tasks.get("digits", label_noise=q)
    _, p = task.training
    assert task.floor == pytest.approx(scipy.stats.entropy(p[0].double().numpy()), rel=1e-6)
    assert torch.allclose(p.sum(1), torch.ones(len(p)))
    assert task.loss(p.log(), p).item() == pytest.approx(task.floor, rel=1e-5)  # attained by the probabilities
    assert task.metrics(task.model(seed=0))["validation_loss"] > task.floor


def test_noisy_labels_have_their_probabilities():
    q, clean, noisy = 0.3, tasks.get("digits"), tasks.get("digits", label_noise=0.3)
    steps, seed = 10 * clean.steps_per_epoch, 4
    right, drawn, inputs = [], [], []
    for step in range(steps):
        x, y = clean.batch(step, seed)
        noisy_x, z = noisy.batch(step, seed)
        assert torch.equal(x, noisy_x)
        right.append(y)
        drawn.append(z)
        inputs.append(x)
    y, z = torch.cat(right), torch.cat(drawn)
    wrong = int((y != z).sum())
    assert abs(wrong - q * len(y)) < 5 * math.sqrt(len(y) * q * (1 - q))
    shift = np.bincount((z - y)[y != z].numpy() % 10, minlength=10)
    assert shift[0] == 0
    assert scipy.stats.chisquare(shift[1:]).pvalue > 1e-6
    assert torch.equal(noisy.batch(7, seed)[1], drawn[7])
    first, second = (torch.cat(drawn[k * clean.steps_per_epoch :][: clean.steps_per_epoch]) for k in (0, 1))
    assert not torch.equal(first, second)


def test_labels_are_drawn_by_inversion():
    p = torch.tensor([[0.25, 0.0, 0.75]]).expand(4, 3)
    u = torch.tensor([0.0, 0.2499, 0.25, 1 - 2**-53], dtype=torch.float64)
    assert _draw_labels(p, u).tolist() == [0, 0, 2, 2]


@pytest.mark.parametrize("q", [-0.1, 1.0, math.nan])
def test_bad_probabilities_of_a_wrong_label(q):
    with pytest.raises(ValueError, match="probability of a wrong label"):
        tasks.get("digits", label_noise=q)


def test_digits_without_their_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError):
        tasks.get("digits")


def test_the_message_without_the_library(monkeypatch):
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "sklearn":
                raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match="pip install scikit-learn"):
        tasks.get("digits")


# -- regression -------------------------------------------------------------------------------------------------------


def test_regression_points_are_on_the_function(regression):
    for x, y in (regression.training, regression.validation()):
        u = x.double().numpy()
        f = np.sin(2 * u) + np.cos(5 * u) / 2 + 3 * np.sin(10 * u) / 10 + u**2 / 10
        assert np.abs(y.numpy() - f).max() < 1e-5
        assert np.abs(u).max() <= 3
    assert not set(regression.training[0].flatten().tolist()) & set(regression.validation()[0].flatten().tolist())


def test_the_floor_of_a_noisy_regression_is_the_loss_of_the_means():
    task = tasks.get("regression", label_noise=0.5)
    x, y = (part.double() for part in task.training)
    means = {point: y[x == point].mean() for point in x.unique().tolist()}
    best = torch.tensor([means[point] for point in x.flatten().tolist()])[:, None]
    assert task.loss(best, y).item() == pytest.approx(task.floor, rel=1e-5)
    expected, deviation = 0.75 * 0.25, 0.25 * math.sqrt(2 * 0.75 / 256)
    assert abs(task.floor - expected) < 5 * deviation
    residuals = (y - target_function(x)).flatten().numpy() / 0.5
    assert scipy.stats.kstest(residuals, "norm").pvalue > 1e-4


@pytest.mark.parametrize("noise", [-0.1, math.nan, math.inf])
def test_bad_deviations(noise):
    with pytest.raises(ValueError, match="standard deviation"):
        tasks.get("regression", label_noise=noise)


# -- MNIST ------------------------------------------------------------------------------------------------------------


def idx(array):
    return (
        bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


@pytest.fixture
def files():
    """Files of MNIST's form, by name, with random images."""
    draw = np.random.default_rng(0)
    sizes = {"train": 100, "t10k": 30}
    images = {prefix: draw.integers(0, 256, (n, 28, 28)) for prefix, n in sizes.items()}
    labels = {prefix: draw.integers(0, 10, n) for prefix, n in sizes.items()}
    contents = {f"{prefix}-images-idx3-ubyte": idx(images[prefix]) for prefix in sizes}
    return contents | {f"{prefix}-labels-idx1-ubyte": idx(labels[prefix]) for prefix in sizes}


def write(folder, contents, compressed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}{'.gz' if compressed else ''}").write_bytes(gzip.compress(content) if compressed else content)
    return folder


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("below", ["", "mnist"])
def test_mnist_is_read_and_standardised(tmp_path, files, compressed, below, monkeypatch):
    write(tmp_path / below, files, compressed)
    monkeypatch.setenv(tasks.DATA_VARIABLE, str(tmp_path))
    task = tasks.get("mnist")
    x, y = task.training
    raw = np.frombuffer(files["train-images-idx3-ubyte"][16:], np.uint8).reshape(100, 784).astype(float)
    assert np.abs(x.numpy() - (raw - raw.mean()) / raw.std()).max() < 1e-5
    held = np.frombuffer(files["t10k-images-idx3-ubyte"][16:], np.uint8).reshape(30, 784).astype(float)
    assert np.abs(task.validation()[0].numpy() - (held - raw.mean()) / raw.std()).max() < 1e-5
    assert y.tolist() == list(files["train-labels-idx1-ubyte"][8:])
    assert sum(p.numel() for p in task.model(0).parameters()) == 784 * 100 + 100 + 100 * 10 + 10
    assert task.batch(0, 0)[0].shape == (64, 784)


def spoil(name, change):
    return lambda contents: contents | {name: change(contents[name])}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (spoil("train-images-idx3-ubyte", lambda c: c[:-1]), "bytes of data for the shape"),
        (spoil("train-images-idx3-ubyte", lambda c: c[:10]), "no IDX file"),
        (spoil("train-images-idx3-ubyte", lambda c: b"\x00\x00\x09" + c[3:]), "no IDX file"),
        (spoil("train-images-idx3-ubyte", lambda c: idx(np.zeros((4, 28, 27)))), "for the shape"),
        (spoil("train-images-idx3-ubyte", lambda c: idx(np.zeros((100, 28, 28)))), "all of one colour"),
        (spoil("t10k-labels-idx1-ubyte", lambda c: c[:-1] + b"\x0c"), "run up to 12"),
        (spoil("t10k-labels-idx1-ubyte", lambda c: idx(np.zeros(29))), "30 images but 29 labels"),
    ],
)
def test_bad_files_of_mnist(tmp_path, files, change, message):
    with pytest.raises(ValueError, match=message):
        tasks.get("mnist", data=write(tmp_path, change(files)))


def test_a_broken_archive(tmp_path, files):
    write(tmp_path, files, compressed=True)
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="no gzip file"):
        tasks.get("mnist", data=tmp_path)


def test_mnist_without_its_files(tmp_path):
    with pytest.raises(ValueError, match="task digits needs no files"):
        tasks.get("mnist")
    with pytest.raises(FileNotFoundError, match="train-images"):
        tasks.get("mnist", data=tmp_path)


# -- Shakespeare ------------------------------------------------------------------------------------------------------


def test_the_made_text_follows_its_grammar():
    text = made_text()
    assert len(text) == 200_000
    assert made_text() == text
    clause = r"the [a-z]+ [a-z]+ [a-z]+ the [a-z]+ [a-z]+"
    whole = re.compile(rf"(?:{clause}(?:, and |, but |; then |[.!?]\n))*")
    assert len(text) - whole.match(text).end() < 80  # the last clause is cut


def test_windows_are_the_text_and_its_next_characters(tmp_path, monkeypatch):
    text = "abcdefg hijkl\n" * 500
    (tmp_path / "input.txt").write_text(text)
    monkeypatch.setenv(tasks.DATA_VARIABLE, str(tmp_path))
    task = tasks.get("shakespeare")
    alphabet = sorted(set(text))
    for (x, y), whole in ((task.training, text[:6300]), (task.validation(), text[6300:])):
        assert "".join(alphabet[k] for k in x.flatten()) == whole[: x.numel()]
        assert "".join(alphabet[k] for k in y.flatten()) == whole[1 : x.numel() + 1]
        assert 0 <= len(whole) - 1 - x.numel() < 64


def test_characters_are_predicted_from_those_before():
    torch.manual_seed(0)
    model = CharacterTransformer(7).double()
    x = torch.randint(7, (3, 20))
    changed = x.clone()
    changed[:, 11] = (x[:, 11] + 1) % 7
    differs = (model(x) != model(changed)).any(0).any(-1)
    assert not differs[:11].any()
    assert differs[11:].all()


def test_the_attention_is_that_of_its_formula():
    torch.manual_seed(0)
    layer = CharacterTransformer(7).layers[0].double()
    x = torch.randn(2, 9, 20, dtype=torch.float64)
    q, k, v = layer.projections(layer.norm_attention(x)).split(20, -1)
    mixed = torch.zeros_like(x)
    for head in (slice(0, 10), slice(10, 20)):
        scores = q[..., head] @ k[..., head].mT / math.sqrt(10)
        scores = scores.masked_fill(torch.ones(9, 9).triu(1).bool(), -math.inf)
        mixed[..., head] = scores.softmax(-1) @ v[..., head]
    y = x + layer.mixed(mixed)
    assert torch.allclose(layer(x), y + layer.network(layer.norm_network(y)), atol=1e-12)


def test_bad_texts(tmp_path):
    with pytest.raises(FileNotFoundError, match="without a folder it makes a text"):
        tasks.get("shakespeare", data=tmp_path)
    (tmp_path / "input.txt").write_bytes(b"\xff" * 10_000)
    with pytest.raises(ValueError, match="UTF-8"):
        tasks.get("shakespeare", data=tmp_path)
    (tmp_path / "tinyshakespeare").mkdir()
    (tmp_path / "tinyshakespeare" / "input.txt").write_text("short")
    with pytest.raises(ValueError, match="5 characters"):
        tasks.get("shakespeare", data=tmp_path)


# -- by name ----------------------------------------------------------------------------------------------------------


def test_names():
    assert set(tasks.names()) == {"digits", "mnist", "regression", "shakespeare"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "cifar"}, "choose one of digits, mnist, regression, shakespeare"),
        ({"name": "shakespeare", "label_noise": 0.1}, "no label noise"),
        ({"name": "digits", "data": "."}, "reads no files"),
    ],
)
def test_what_cannot_be_asked_for(arguments, message):
    with pytest.raises(ValueError, match=message):
        tasks.get(**arguments)


def test_mlp_has_no_activation_at_its_end():
    assert [type(layer).__name__ for layer in mlp(3, 2, 1)] == ["Linear", "Tanh", "Linear"]
