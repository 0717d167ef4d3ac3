"""The arms of the experiments: the paper's wrapper, what tells its targets from a larger learning rate, and peers."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.optim.lr_scheduler import ReduceLROnPlateau

from surge import SurgeLR
from surge.targets import Targets
from surge.tasks import Task
from surge.training import make_optimizers, make_schedule

from .methods import Arm, Setting, applies, make_arm

__all__ = ["ARMS", "SCHEDULERS", "ArmPlan", "Guidance", "Started", "available", "centre"]


@dataclass(frozen=True)
class Guidance:
    """What an arm may know beside its setting, all of it of the same seed.

    Attributes
    ----------
    seed
        Of the run; random targets are drawn from it.
    initial_loss, targets
        L_0 and the targets below it, found at initialisation.
    strange
        Targets found for another problem.
    alpha
        The mean factor of the run of the arm "surge" at the same learning rate; None for arms that do not ask for it.
    """

    seed: int
    initial_loss: float
    targets: Targets
    strange: Targets
    alpha: float | None = None


@dataclass(frozen=True)
class Started:
    """An arm at work, with the schedules that wait for validations."""

    arm: Arm
    plateaus: Sequence[ReduceLROnPlateau] = ()


@dataclass(frozen=True)
class ArmPlan:
    """How an arm starts.

    Attributes
    ----------
    start
        From its setting and guidance.
    meaning
        In a few words.
    follows
        The arm whose learning rate it is given; None for its own.
    tuned
        Whether the learning rate has an effect.
    method
        The name in :mod:`validation.experiments.methods`, which knows to what it applies.
    package
        What has to be installed.
    """

    start: Callable[[Setting, Guidance], Started]
    meaning: str
    follows: str | None = None
    tuned: bool = True
    method: str = "constant"
    package: str | None = None


def _method(name: str, meaning: str, **traits: Any) -> ArmPlan:
    """A method of the experiment with learning rates."""
    return ArmPlan(lambda setting, _: Started(make_arm(name, setting)), meaning, method=name, **traits)


def _wrapped(
    meaning: str, targets: Callable[[Guidance], Targets | Sequence[float]], follows: str | None = None
) -> ArmPlan:
    """The rule of the paper, weight 1/2, with these targets."""

    def start(setting: Setting, guidance: Guidance) -> Started:
        optimizers = make_optimizers(setting.optimizer, setting.model, setting.lr)
        return Started(Arm(optimizers, surge=SurgeLR(optimizers, targets(guidance))))

    return ArmPlan(start, meaning, follows)


def _scheduled(name: str, meaning: str) -> ArmPlan:
    """The optimizer under a schedule of ``surge.training``."""

    def start(setting: Setting, guidance: Guidance) -> Started:
        optimizers = make_optimizers(setting.optimizer, setting.model, setting.lr)
        schedules = [make_schedule(name, optimizer, setting.steps) for optimizer in optimizers]
        plateaus = [one for one in schedules if isinstance(one, ReduceLROnPlateau)]
        return Started(Arm(optimizers, [one for one in schedules if one not in plateaus]), plateaus)

    return ArmPlan(start, meaning)


def _matched(setting: Setting, guidance: Guidance) -> Started:
    if guidance.alpha is None:
        raise ValueError("the arm 'matched' needs the mean factor of the run of 'surge' on the same seed")
    return Started(Arm(make_optimizers(setting.optimizer, setting.model, guidance.alpha * setting.lr)))


def _random_targets(guidance: Guidance) -> tuple[float, ...]:
    """As many as were found, one at least, uniform between 0 and L_0."""
    generator = np.random.default_rng((guidance.seed, 5))
    return tuple((guidance.initial_loss * generator.random(max(1, len(guidance.targets)))).tolist())


#: By name, what an arm follows before it.
ARMS: dict[str, ArmPlan] = {
    "bare": _method("constant", "the optimizer alone"),
    "none": _wrapped("the wrapper without targets", lambda guidance: Targets(()), follows="bare"),
    "surge": _wrapped("the paper's rule, targets of Algorithm 3", lambda guidance: guidance.targets),
    "matched": ArmPlan(_matched, "constant factor: the mean of surge's on the same seed", follows="surge"),
    "random": _wrapped("the paper's rule, random targets below the initial loss", _random_targets),
    "shuffled": _wrapped("the paper's rule, targets of another problem", lambda guidance: guidance.strange),
    "zero": _method("paper", "the paper's rule, target 0: a constant factor 1.5"),
    "reach": _method("reach", "rule reach, target 0", tuned=False),
    "reach+guard": _method("reach+guard", "rule reach, target 0, singularity guard", tuned=False),
    "reach+guard+cosine": _method("reach+guard+cosine", "rule reach, guard, cosine", tuned=False),
    "momo": _method("momo", "MoMo", package="momo"),
    "prodigy": _method("prodigy", "Prodigy", package="prodigyopt"),
    "schedule-free": _method("schedule-free", "schedule-free", package="schedulefree"),
    "step": _scheduled("step", "a tenth after each third"),
    "exponential": _scheduled("exponential", "down to a hundredth"),
    "cosine": _scheduled("cosine", "half a cosine"),
    "plateau": _scheduled("plateau", "halved where the validation loss stands still"),
    "wsd": _scheduled("wsd", "warm-up, stable, decay"),
}

#: Learning-rate schedules, the constant one among them.
SCHEDULERS = ("bare", "step", "exponential", "cosine", "plateau", "wsd")


def available(arms: Sequence[str], optimizer: str, task: Task) -> tuple[list[str], dict[str, str]]:
    """The arms that can be run on a task, and why the others cannot.

    Examples
    --------
    >>> from surge import tasks
    >>> available(["bare", "reach+guard", "prodigy"], "sgd", tasks.get("regression"))[0]
    ['bare']
    """
    there, missing = [], {}
    for name in arms:
        plan = ARMS[name]
        if not applies(plan.method, optimizer, task):
            missing[name] = f"not for {optimizer} on {task.name}"
        elif plan.package is not None and importlib.util.find_spec(plan.package) is None:
            missing[name] = f"{plan.package} is not installed"
        else:
            there.append(name)
    return there, missing


def centre(name: str, optimizer: str) -> float:
    """The learning rate around which the grid of an arm lies: the peers' authors ask for larger ones."""
    peer = name in ("momo", "schedule-free")
    if name == "prodigy" or (peer and optimizer == "sgd"):
        return 1.0
    if peer:
        return 1e-2
    return 10**-1.5 if optimizer == "sgd" else 10**-2.5
