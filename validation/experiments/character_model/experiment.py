"""What is run."""

from __future__ import annotations

from ..experiment import Experiment, Problem, Size

__all__ = ["CHARACTER_MODEL"]

CHARACTER_MODEL = Experiment(
    name="character_model",
    question="Does the paper's rule train a small transformer better, and do random targets do as well?",
    paper="figures 1, 4 and 5",
    problems={
        "quick": (Problem("characters"),),
        "default": (Problem("characters", ("sgd", "adam", "adamw", "muon")),),
        "full": (Problem("characters", ("sgd", "adam", "adamw", "muon")),),
    },
    sizes={
        "quick": Size(steps=12, validations=4, seeds=3, tuning_seeds=1, points=3, further=1, held_out=32),
        "default": Size(steps=300, validations=15, seeds=12, tuning_seeds=1, points=5, further=1, held_out=256),
        "full": Size(steps=1000, validations=20, seeds=12, tuning_seeds=2, points=5, further=2),
    },
)
