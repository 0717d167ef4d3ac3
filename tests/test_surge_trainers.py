"""SurgeLR inside Lightning, Hugging Face's Trainer and Accelerate, against loops written out in plain torch.

Equal means equal in every bit.
"""

import json
import pathlib
import re
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="the table of optimizers needs it")

from optimizer_table import alpha_by_hand, rates_times, same  # noqa: E402

from surge.scheduler import SurgeLR  # noqa: E402

TARGETS, WEIGHT = (0.4, 0.01), 0.8
SETTINGS = {"weight": WEIGHT}
PER_EPOCH, BATCH = 7, 4  # batches, the last of them alone where two are accumulated


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network():
    draw = torch.Generator().manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=draw))
    return model


def samples():
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(PER_EPOCH * BATCH, 3, generator=draw)
    return x, torch.sin(x.sum(1, keepdim=True))


def error(model, x, y):
    return (model(x) - y).square().mean()


def make_optimizer(parameters):
    return torch.optim.AdamW(parameters, lr=0.02)


def values(model):
    return [p.detach().clone() for p in model.parameters()]


def by_hand(steps_of_batches, accumulate, dtype=None, scale=1.0):
    """The bare optimizer, its rate times alpha of the mean loss over the micro-batches, put back after the step."""
    model, (x, y) = network(), samples()
    optimizer = make_optimizer(model.parameters())
    losses = []
    for batches in steps_of_batches:
        optimizer.zero_grad()
        micro = []
        for index in batches:
            rows = slice(index * BATCH, (index + 1) * BATCH)
            with torch.autocast("cpu", dtype or torch.bfloat16, enabled=dtype is not None, cache_enabled=False):
                loss = error(model, x[rows], y[rows])
            micro.append(loss.item())
            (loss / accumulate * scale).backward()
        for p in model.parameters():
            p.grad /= scale
        losses.append(sum(micro) / len(micro))
        with rates_times(optimizer, alpha_by_hand(losses[-1], TARGETS, WEIGHT)):
            optimizer.step()
    return values(model), losses


def in_order(epochs, accumulate):
    """The batches of each step, in an order that is not shuffled."""
    epoch = [range(i, min(i + accumulate, PER_EPOCH)) for i in range(0, PER_EPOCH, accumulate)]
    return epoch * epochs


# ---------------------------------------------------------------------------------------------------------------------
# Lightning


@pytest.fixture
def lightning():
    pytest.importorskip("lightning")
    import logging

    import lightning.pytorch as pl

    from surge.trainers.lightning import SurgeCallback

    for name in ("lightning.pytorch", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = network()

        def training_step(self, batch, index):
            return error(self.network, *batch)

        def configure_optimizers(self):
            return make_optimizer(self.network.parameters())

    class Recorder(pl.Callback):
        """After the SurgeCallback: what was handed over."""

        def __init__(self, surge):
            self.surge, self.losses = surge, []

        def on_before_optimizer_step(self, trainer, module, optimizer):
            self.losses.append(self.surge.surge.loss)

    def loader():
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*samples()), batch_size=BATCH)

    def fit(module=None, epochs=2, accumulate=1, callbacks=(), checkpoint=None, **options):
        module = module or Module()
        surge = SurgeCallback(TARGETS, **SETTINGS)
        recorder = Recorder(surge)
        trainer = pl.Trainer(
            max_epochs=epochs,
            accumulate_grad_batches=accumulate,
            callbacks=[surge, recorder, *callbacks],
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )
        trainer.fit(module, loader(), ckpt_path=checkpoint, **({"weights_only": True} if checkpoint else {}))
        return trainer, module, surge, recorder.losses

    fit.Module, fit.pl, fit.Callback = Module, pl, SurgeCallback
    return fit


quiet_lightning = pytest.mark.filterwarnings(
    *[
        f"ignore:{text}"
        for text in (
            r".*torch\.jit\.script",
            r"The 'train_dataloader' does not have many workers",
            r"The number of training batches",
            r".*LeafSpec",
        )
    ]
)


@quiet_lightning
@pytest.mark.parametrize("accumulate", [1, 2, 3])
def test_lightning_hands_over_the_mean(lightning, accumulate):
    _, module, surge, losses = lightning(accumulate=accumulate)
    expected, expected_losses = by_hand(in_order(2, accumulate), accumulate)
    if accumulate == 3:  # Lightning divides by 3 in single precision
        assert losses == pytest.approx(expected_losses, rel=1e-6)
        assert all(torch.allclose(a, b, 1e-5, 1e-6) for a, b in zip(values(module.network), expected, strict=True))
    else:
        assert losses == expected_losses
        assert same(values(module.network), expected)
    assert surge.surge.alpha > 1
    optimizer = make_optimizer(module.network.parameters())
    SurgeLR(optimizer, ())  # the trainer's hooks are gone


@quiet_lightning
def test_lightning_bf16(lightning):
    _, module, _, losses = lightning(accumulate=2, precision="bf16-mixed")
    expected, expected_losses = by_hand(in_order(2, 2), 2, torch.bfloat16)
    assert losses == expected_losses
    assert same(values(module.network), expected)


@quiet_lightning
def test_lightning_fp16_and_its_scaler(lightning):
    """Lightning hands the scaled loss to its hooks, and passes no closure to the optimizer."""
    from lightning.pytorch.plugins.precision import MixedPrecision

    scaler = torch.amp.GradScaler("cpu", init_scale=256.0, growth_interval=10**6)
    plugin = MixedPrecision("16-mixed", device="cpu", scaler=scaler)
    _, module, _, losses = lightning(accumulate=2, plugins=[plugin])
    expected, expected_losses = by_hand(in_order(2, 2), 2, torch.half, scale=256.0)
    assert losses == expected_losses
    assert same(values(module.network), expected)


@quiet_lightning
@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_lightning_resumes_exactly(lightning, tmp_path, monkeypatch, rule):
    monkeypatch.setitem(SETTINGS, "rule", rule)
    _, whole, s, losses = lightning(epochs=3, accumulate=2)
    trainer, _, _, first = lightning(epochs=1, accumulate=2)
    file = tmp_path / "first.ckpt"
    trainer.save_checkpoint(file)
    state = torch.load(file, weights_only=True)["callbacks"]["SurgeCallback"]
    assert state["steps"] == 4
    _, module, t, rest = lightning(epochs=3, accumulate=2, checkpoint=file)
    assert first + rest == losses
    assert same(values(module.network), values(whole.network))
    assert same(s.surge.state_dict(), t.surge.state_dict())


@quiet_lightning
def test_lightning_manual_optimization_with_two_optimizers(lightning):
    class Manual(lightning.Module):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False

        def configure_optimizers(self):
            return [make_optimizer(layer.parameters()) for layer in (self.network[0], self.network[2])]

        def training_step(self, batch, index):
            optimizers = self.optimizers()
            for optimizer in optimizers:
                optimizer.zero_grad()
            self.manual_backward(error(self.network, *batch))
            for optimizer in optimizers:
                optimizer.step()

    _, module, surge, _ = lightning(module=Manual())
    expected, losses = by_hand(in_order(2, 1), 1)
    assert surge.surge.loss == losses[-1]
    assert same(values(module.network), expected)


@quiet_lightning
def test_lightning_leaves_nothing_behind_an_exception(lightning):
    kept = []

    class Failing(lightning.Module):
        def configure_optimizers(self):
            kept.append(super().configure_optimizers())
            return kept[-1]

        def training_step(self, batch, index):
            if index == 2:
                raise KeyError("data")
            return super().training_step(batch, index)

    with pytest.raises(KeyError):
        lightning(module=Failing())
    assert kept[0].param_groups[0]["lr"] == 0.02
    SurgeLR(kept[0], TARGETS)
    callback = lightning.Callback(TARGETS)
    callback.on_exception(None, None, KeyError())  # before training began
    assert callback.state_dict() == {}
    with pytest.raises(TypeError, match="real numbers"):
        lightning.Callback(("0.1",))


@quiet_lightning
def test_lightning_step_without_a_loss(lightning):
    class Skipping(lightning.Module):
        def training_step(self, batch, index):
            return None

    with pytest.raises(RuntimeError, match="without a loss"), pytest.warns(UserWarning, match="returned `None`"):
        lightning(module=Skipping())


# ---------------------------------------------------------------------------------------------------------------------
# Hugging Face


@pytest.fixture
def trainer(tmp_path):
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    import transformers
    from accelerate.state import AcceleratorState, GradientState

    from surge.trainers import hugging_face

    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network()

        def forward(self, x, labels):
            return {"loss": error(self.network, x, labels)}

    class Recording:
        """What compute_loss gives, before any division."""

        def compute_loss(self, *arguments, **options):
            loss = super().compute_loss(*arguments, **options)
            if loss.requires_grad:
                self.__dict__.setdefault("losses", []).append(loss.item())
            return loss

    class Surge(Recording, hugging_face.SurgeTrainer):
        pass

    class Bare(Recording, transformers.Trainer):
        pass

    def train(kind=Surge, callbacks=None, model=None, resume=None, accumulate=2, name="run", **options):
        arguments = transformers.TrainingArguments(
            **{
                "output_dir": str(tmp_path / name),
                "max_steps": 6,
                "per_device_train_batch_size": BATCH,
                "gradient_accumulation_steps": accumulate,
                "learning_rate": 0.02,
                "save_strategy": "no",
                "logging_strategy": "no",
                "use_cpu": True,
                "report_to": [],
                "disable_tqdm": True,
                **options,
            }
        )
        data = [{"x": x, "labels": y} for x, y in zip(*samples(), strict=True)]
        if callbacks is None:
            callbacks = [hugging_face.SurgeCallback(TARGETS, **SETTINGS)]
        one = kind(model or Model(), arguments, train_dataset=data, callbacks=callbacks)
        one.train(resume_from_checkpoint=resume)
        return one, (callbacks[0] if callbacks else None)

    class ByHand(transformers.TrainerCallback):
        """alpha without a SurgeLR: for a Bare trainer."""

        def __init__(self):
            self.means, self.read = [], 0

        def on_pre_optimizer_step(self, args, state, control, optimizer, **others):
            micro = self.trainer.losses[self.read :]
            self.read = len(self.trainer.losses)
            self.means.append(sum(micro) / len(micro))
            self.rates = rates_times(optimizer, alpha_by_hand(self.means[-1], TARGETS, WEIGHT))
            self.rates.__enter__()

        def on_optimizer_step(self, *arguments, **others):
            self.rates.__exit__()

    class BareByHand(Bare):
        def __init__(self, *arguments, callbacks, **options):
            super().__init__(*arguments, callbacks=callbacks, **options)
            callbacks[0].trainer = self

    train.Model, train.Surge, train.Bare, train.module = Model, Surge, Bare, hugging_face
    train.by_hand = lambda **options: train(BareByHand, [ByHand()], **options)
    yield train
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


quiet_transformers = pytest.mark.filterwarnings(
    *[f"ignore:{text}" for text in (r".*torch\.jit\.script", r".*pin_memory.*no accelerator", r".*use_reentrant")]
)


@quiet_transformers
@pytest.mark.parametrize(("accumulate", "bf16"), [(4, False), (2, True)])
def test_hugging_face_hands_over_the_mean(trainer, accumulate, bf16):
    """7 batches an epoch: its last step has fewer micro-batches."""
    bare, hand = trainer.by_hand(accumulate=accumulate, bf16=bf16, name="bare")
    surge, callback = trainer(accumulate=accumulate, bf16=bf16)
    assert callback.surge.state_dict()["steps"] == 6
    if accumulate == 4:  # the last step of an epoch has 3, by which Trainer divides in single precision
        assert callback.surge.loss == pytest.approx(hand.means[-1], rel=1e-6)
        assert all(
            torch.allclose(a, b, 1e-5, 1e-6) for a, b in zip(*map(values, (surge.model, bare.model)), strict=True)
        )
    else:
        assert surge.losses == bare.losses
        assert callback.surge.loss == hand.means[-1]
        assert same(values(surge.model), values(bare.model))
    SurgeLR(surge.optimizer, ())


@quiet_transformers
@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_hugging_face_resumes_exactly(trainer, monkeypatch, tmp_path, rule):
    monkeypatch.setitem(SETTINGS, "rule", rule)
    whole, s = trainer(save_strategy="steps", save_steps=3)
    saved = json.loads((tmp_path / "run" / "checkpoint-3" / "trainer_state.json").read_text())
    assert saved["stateful_callbacks"]["SurgeCallback"]["attributes"]["saved"]["steps"] == 3
    resumed, t = trainer(resume=str(tmp_path / "run" / "checkpoint-3"), name="again")
    assert same(values(resumed.model), values(whole.model))
    assert same(s.surge.state_dict(), t.surge.state_dict())
    restored, _ = trainer(
        resume=str(tmp_path / "run" / "checkpoint-3"), name="restored", restore_callback_states_from_checkpoint=True
    )
    assert same(values(restored.model), values(whole.model))


@quiet_transformers
def test_hugging_face_resumes_from_checkpoints_without_surge(trainer, tmp_path):
    trainer(trainer.Bare, callbacks=[], save_strategy="steps", save_steps=3)
    _, callback = trainer(
        resume=str(tmp_path / "run" / "checkpoint-3"), name="again", save_strategy="steps", save_steps=2
    )
    assert callback.surge.state_dict()["steps"] == 3


@quiet_transformers
def test_hugging_face_trainer_without_reports(trainer):
    with pytest.raises(RuntimeError, match="use SurgeTrainer"):
        trainer(trainer.Bare, callbacks=[trainer.module.SurgeCallback(TARGETS)])


@quiet_transformers
def test_hugging_face_model_that_does_not_divide(trainer):
    """Its losses would be twice what they are, and its gradients."""

    class Careless(trainer.Model):
        def forward(self, x, labels, **options):
            return super().forward(x, labels)

    class Careful(trainer.Model):
        def forward(self, x, labels, num_items_in_batch=None, **options):
            return {"loss": (self.network(x) - labels).square().sum() / num_items_in_batch}

    class Declared(Careless):
        accepts_loss_kwargs = False

    with pytest.raises(ValueError, match="accepts_loss_kwargs = False on the class Careless"):
        trainer(model=Careless())
    plain, expected = trainer()
    careful, found = trainer(model=Careful())
    declared, also = trainer(model=Declared())
    assert same(values(declared.model), values(plain.model))
    assert also.surge.loss == expected.surge.loss
    assert found.surge.loss == pytest.approx(expected.surge.loss, rel=1e-5)
    for a, b in zip(values(careful.model), values(plain.model), strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-5)
    trainer(model=Careless(), accumulate=1)  # nothing to divide by


@quiet_transformers
def test_hugging_face_trains_again_after_an_exception(trainer):
    class Failing(trainer.Surge):
        broken = True

        def compute_loss(self, *arguments, **options):
            if self.broken and len(self.__dict__.get("losses", [])) == 3:
                raise KeyError("data")
            return super().compute_loss(*arguments, **options)

    callback = trainer.module.SurgeCallback(TARGETS, **SETTINGS)
    with pytest.raises(KeyError):
        trainer(Failing, callbacks=[callback])
    callback.observe(torch.tensor(7.0))  # of a step that was not completed
    one, _ = trainer(callbacks=[callback])
    other, _ = trainer()
    assert same(values(one.model), values(other.model))


# ---------------------------------------------------------------------------------------------------------------------
# Accelerate


@pytest.fixture
def accelerated():
    pytest.importorskip("accelerate")
    import accelerate
    from accelerate.state import AcceleratorState, GradientState

    from surge.trainers.accelerate import AcceleratedSurgeLR

    def reset():
        AcceleratorState._reset_state(reset_partial_state=True)
        GradientState._reset_state()

    class Run:
        def __init__(self, accumulate=2, precision="no", **settings):
            reset()
            self.accelerator = accelerate.Accelerator(
                cpu=True, gradient_accumulation_steps=accumulate, mixed_precision=precision
            )
            model = network()
            loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*samples()), batch_size=BATCH)
            optimizer = make_optimizer(model.parameters())
            schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)
            self.model, self.optimizer, self.loader, self.schedule = self.accelerator.prepare(
                model, optimizer, loader, schedule
            )
            self.surge = AcceleratedSurgeLR(self.accelerator, self.optimizer, TARGETS, weight=WEIGHT, **settings)

        def epochs(self, count):
            losses = []
            for _ in range(count):
                for x, y in self.loader:
                    with self.accelerator.accumulate(self.model):
                        self.surge.backward(error(self.model, x, y))
                        if self.accelerator.sync_gradients:
                            losses.append(self.surge.loss)
                        self.optimizer.step()
                        self.schedule.step()
                        self.optimizer.zero_grad()
            return losses

    yield Run
    reset()


@pytest.mark.parametrize(("accumulate", "precision"), [(1, "no"), (2, "no"), (3, "no"), (2, "bf16")])
def test_accelerate_hands_over_the_mean(accelerated, accumulate, precision):
    run = accelerated(accumulate, precision)
    losses = run.epochs(2)
    dtype = torch.bfloat16 if precision == "bf16" else None
    expected, expected_losses = by_hand(in_order(2, accumulate), accumulate, dtype)
    assert losses == expected_losses
    assert same(values(run.model), expected)


@pytest.mark.parametrize("rule", ["paper", "reach"])
def test_accelerate_resumes_exactly(accelerated, tmp_path, rule):
    whole = accelerated(rule=rule)
    whole.epochs(3)
    first = accelerated(rule=rule)
    first.epochs(1)
    first.accelerator.save_state(tmp_path / "state")
    state = torch.load(tmp_path / "state" / "custom_checkpoint_0.pkl", weights_only=True)
    assert same(state, first.surge.state_dict())
    again = accelerated(rule=rule)
    again.accelerator.load_state(tmp_path / "state")
    again.epochs(2)
    assert same(values(again.model), values(whole.model))
    assert same(again.surge.state_dict(), whole.surge.state_dict())


def test_accelerate_refuses_what_is_no_accelerator(accelerated):
    from surge.trainers.accelerate import AcceleratedSurgeLR

    with pytest.raises(TypeError, match=r"accelerate\.Accelerator, got Linear"):
        AcceleratedSurgeLR(torch.nn.Linear(1, 1), make_optimizer(network().parameters()), TARGETS)


# ---------------------------------------------------------------------------------------------------------------------
# The documentation, and what is imported


PROGRAMS = dict(
    re.findall(
        r"^## ([^\n]+)\n(?:(?!^## ).)*?```python\n(.*?)```",
        (pathlib.Path(__file__).parents[1] / "docs" / "trainers.md").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)
NEEDS = {
    "Plain torch": "torch",
    "Lightning": "lightning",
    "Hugging Face Trainer": "transformers",
    "Accelerate": "accelerate",
}


@quiet_lightning
@quiet_transformers
@pytest.mark.parametrize("section", NEEDS)
def test_documented_programs(section, request, tmp_path, monkeypatch):
    library = pytest.importorskip(NEEDS[section])
    assert PROGRAMS.keys() == NEEDS.keys()
    monkeypatch.chdir(tmp_path)
    if library.__name__ in ("accelerate", "transformers"):
        request.getfixturevalue("accelerated")().surge.detach()
    names = {}
    with torch.random.fork_rng():
        exec(PROGRAMS[section], names)
    s = names["s"] if "s" in names else names["callback"].surge
    assert 1 < s.alpha <= 1.5
    assert s.state_dict()["steps"] > 0


def test_the_trainers_import_no_trainer():
    program = "import sys, surge.trainers; print({'lightning', 'transformers', 'accelerate'} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout == "set()\n"
