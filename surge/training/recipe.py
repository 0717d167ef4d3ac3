"""How a task is to be trained."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..targets import Targets
from .optimizers import OPTIMIZERS
from .schedules import SCHEDULES

__all__ = ["RULES", "Recipe"]

#: Rules of :class:`~surge.SurgeLR`.
RULES = ("paper", "reach")


@dataclass(frozen=True)
class Recipe:
    """All that a run depends on, beside its task.

    Parameters
    ----------
    optimizer
        A name of :func:`~surge.training.make_optimizers`.
    lr
        The learning rate, positive.
    schedule
        A name of :func:`~surge.training.make_schedule`.
    steps
        Updates in all.
    seed
        Of the network's initial parameters and of the batches.
    targets
        For :class:`~surge.SurgeLR`; None, like targets without a value, leaves the learning rate alone.
    rule, weight
        Of SurgeLR; without effect where there are no targets.
    guard
        Whether a :class:`~surge.SingularityGuard` bounds the updates, its batch the one of the step.
    validate_every
        Updates between validations, at which checkpoints are written too.

    Raises
    ------
    TypeError, ValueError
        Arguments of the wrong type or out of range.

    Examples
    --------
    >>> Recipe(lr=0.1, targets=Targets((0.2,))) == Recipe.from_dict(Recipe(lr=0.1, targets=Targets((0.2,))).to_dict())
    True
    """

    optimizer: str = "adam"
    lr: float = 1e-3
    schedule: str = "constant"
    steps: int = 600
    seed: int = 0
    targets: Targets | None = None
    rule: str = "paper"
    weight: float = 0.5
    guard: bool = False
    validate_every: int = 100

    def __post_init__(self) -> None:
        for name, allowed in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("rule", RULES)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        for name in ("lr", "weight"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"{name} must be a number, got {value!r}")
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be positive and finite, got {value}")
        for name, least in (("steps", 1), ("seed", 0), ("validate_every", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be an integer, got {value!r}")
            if not least <= value < 2**63:
                raise ValueError(f"{name} must be at least {least} and below 2^63, got {value}")
        if self.targets is not None and not isinstance(self.targets, Targets):
            raise TypeError(f"targets must be a surge.Targets or None, got {type(self.targets).__name__}")
        if not isinstance(self.guard, bool):
            raise TypeError(f"guard must be True or False, got {self.guard!r}")

    def to_dict(self) -> dict[str, Any]:
        """The entries as numbers, texts, lists and dictionaries."""
        entries = dataclasses.asdict(self)
        if self.targets is not None:
            errors = self.targets.errors
            entries["targets"] = {
                "values": list(self.targets.values),
                "errors": None if errors is None else list(errors),
                "reason": self.targets.reason,
            }
        return entries

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Recipe:
        """The recipe of which :meth:`to_dict` gave the entries; TypeError or ValueError for others."""
        entries = dict(entries)
        given = entries.get("targets")
        if given is not None:
            errors = given["errors"]
            entries["targets"] = Targets(
                tuple(given["values"]), None if errors is None else tuple(errors), given["reason"]
            )
        return cls(**entries)
