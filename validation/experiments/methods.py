"""The methods that are compared, each a way to step on the gradients of a model at a nominal learning rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from surge import SingularityGuard, SurgeLR, Targets, find_targets
from surge.tasks import Task
from surge.training import make_optimizers, make_schedule

__all__ = ["METHODS", "Arm", "Setting", "make_arm"]

#: The weight decay of AdamW and of what is compared with it; that of ``surge.training``.
_WEIGHT_DECAY = 0.01


@dataclass(frozen=True)
class Setting:
    """What a method is given.

    Attributes
    ----------
    task
        What is learnt.
    model
        The network that is trained.
    optimizer
        A name of :func:`surge.training.make_optimizers`.
    lr
        The nominal learning rate.
    steps
        Updates in all.
    """

    task: Task
    model: nn.Module
    optimizer: str
    lr: float
    steps: int


@dataclass
class Arm:
    """A method at work on one model."""

    optimizers: Sequence[Any]
    schedules: Sequence[Any] = ()
    surge: SurgeLR | None = None
    takes_loss: bool = False
    averages: bool = field(default=False)

    def zero_grad(self) -> None:
        """Before the backward pass."""
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def step(self, loss: Tensor, inputs: Tensor) -> None:
        """One update from the gradients of the loss of a batch."""
        if self.surge is not None:
            if self.surge.guard is not None:
                self.surge.guard.batch = inputs
            self.surge.step(loss.item())
        for optimizer in self.optimizers:
            if self.takes_loss:
                optimizer.step(loss=loss)
            else:
                optimizer.step()
        for schedule in self.schedules:
            schedule.step()

    def finish(self) -> None:
        """Put the parameters that are to be validated in their place."""
        if self.averages:
            for optimizer in self.optimizers:
                optimizer.eval()


def _plain(setting: Setting, lr_factor: float = 1.0) -> list[Optimizer]:
    return make_optimizers(setting.optimizer, setting.model, lr_factor * setting.lr)


def _cosine(setting: Setting, optimizers: Sequence[Optimizer]) -> list[Any]:
    return [make_schedule("cosine", optimizer, setting.steps) for optimizer in optimizers]


def _surge(
    setting: Setting,
    *,
    targets: Callable[[Task], Targets | tuple[float, ...]],
    rule: str = "reach",
    guard: bool = False,
    cosine: bool = False,
) -> Arm:
    optimizers = _plain(setting)
    schedules = _cosine(setting, optimizers) if cosine else []
    bound = SingularityGuard(setting.model, setting.task.batch(0, 0)[0]) if guard else None
    surge = SurgeLR(optimizers, targets(setting.task), rule=rule, guard=bound)
    return Arm(optimizers, schedules, surge)


def _zero(task: Task) -> tuple[float, ...]:
    return (0.0,)


def _floor(task: Task) -> tuple[float, ...]:
    if task.floor is None:
        raise ValueError(f"the floor of the loss of {task.name} is not known")
    return (task.floor,)


@cache
def _found(task: Task) -> Targets:
    """Those that log Z of the loss on 256 samples gives, around one network: the same for all runs."""
    return find_targets(task.landscape(seed=0))


def _none(task: Task) -> tuple[float, ...]:
    return ()


def _prodigy(setting: Setting, cosine: bool = False) -> Arm:
    from prodigyopt import Prodigy

    decay = _WEIGHT_DECAY if setting.optimizer == "adamw" else 0.0
    with redirect_stdout(StringIO()):  # it prints that weights decay
        optimizers = [Prodigy(setting.model.parameters(), lr=setting.lr, weight_decay=decay)]
    return Arm(optimizers, _cosine(setting, optimizers) if cosine else [])


def _momo(setting: Setting) -> Arm:
    from momo import Momo, MomoAdam

    if setting.optimizer == "sgd":
        optimizer = Momo(setting.model.parameters(), lr=setting.lr, beta=0.9)
    else:
        decay = _WEIGHT_DECAY if setting.optimizer == "adamw" else 0.0
        optimizer = MomoAdam(setting.model.parameters(), lr=setting.lr, weight_decay=decay)
    return Arm([optimizer], takes_loss=True)


def _schedule_free(setting: Setting) -> Arm:
    from schedulefree import AdamWScheduleFree, SGDScheduleFree

    if setting.optimizer == "sgd":
        optimizer: Any = SGDScheduleFree(setting.model.parameters(), lr=setting.lr)
    else:
        decay = _WEIGHT_DECAY if setting.optimizer == "adamw" else 0.0
        optimizer = AdamWScheduleFree(setting.model.parameters(), lr=setting.lr, weight_decay=decay)
    optimizer.train()
    return Arm([optimizer], averages=True)


def _cosine_arm(setting: Setting) -> Arm:
    optimizers = _plain(setting)
    return Arm(optimizers, _cosine(setting, optimizers))


#: From the name of a method to what starts it. The target is 0 unless the name says that it is the floor of the loss,
#: or that the partition function gives it.
METHODS: dict[str, Callable[[Setting], Arm]] = {
    "constant": lambda setting: Arm(_plain(setting)),
    "constant-x1.5": lambda setting: Arm(_plain(setting, 1.5)),
    "cosine": _cosine_arm,
    "paper": lambda setting: _surge(setting, targets=_zero, rule="paper"),
    "guard": lambda setting: _surge(setting, targets=_none, guard=True),
    "reach": lambda setting: _surge(setting, targets=_zero),
    "reach-floor": lambda setting: _surge(setting, targets=_floor),
    "reach-log-z": lambda setting: _surge(setting, targets=_found),
    "reach+cosine": lambda setting: _surge(setting, targets=_zero, cosine=True),
    "reach+guard": lambda setting: _surge(setting, targets=_zero, guard=True),
    "reach+guard-floor": lambda setting: _surge(setting, targets=_floor, guard=True),
    "reach+guard+cosine": lambda setting: _surge(setting, targets=_zero, guard=True, cosine=True),
    "reach+guard+cosine-floor": lambda setting: _surge(setting, targets=_floor, guard=True, cosine=True),
    "reach+guard+cosine-log-z": lambda setting: _surge(setting, targets=_found, guard=True, cosine=True),
    "prodigy": _prodigy,
    "prodigy+cosine": lambda setting: _prodigy(setting, cosine=True),
    "momo": _momo,
    "schedule-free": _schedule_free,
}

#: Methods that are optimizers themselves, with the names of those that they can stand for.
_FAMILIES = {
    "prodigy": ("adam", "adamw"),
    "prodigy+cosine": ("adam", "adamw"),
    "momo": ("adam", "adamw", "sgd"),
    "schedule-free": ("adam", "adamw", "sgd"),
}


def applies(method: str, optimizer: str, task: Task) -> bool:
    """Whether a method is there for this optimizer on this task: a guard needs logits, a floor is to be known.

    Targets from the partition function are sought where the floor is known too, to be compared with it.

    >>> from surge import tasks
    >>> applies("momo", "muon", tasks.get("regression")), applies("guard", "sgd", tasks.get("regression"))
    (False, False)
    """
    if "guard" in method and not task.has_logits:
        return False
    if method.endswith(("-floor", "-log-z")) and not task.floor:
        return False
    return optimizer in _FAMILIES.get(method, (optimizer,))


def make_arm(method: str, setting: Setting) -> Arm:
    """A method by its name.

    Raises
    ------
    ValueError
        A method that is not known.
    ModuleNotFoundError
        A peer whose package is not installed.
    """
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}: choose among {', '.join(METHODS)}")
    return METHODS[method](setting)
