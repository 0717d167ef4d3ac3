"""What is run."""

from __future__ import annotations

from ..experiment import Experiment, Problem, Size

__all__ = ["IMAGE_CLASSIFICATION"]

IMAGE_CLASSIFICATION = Experiment(
    name="image_classification",
    question="Does the paper's rule train a classifier of images better?",
    paper="figure 3",
    problems={
        "quick": (Problem("images"),),
        "default": (Problem("images", ("sgd", "adam", "adamw", "muon")),),
        "full": (Problem("images", ("sgd", "adam", "adamw", "muon")),),
    },
    sizes={
        "quick": Size(steps=80, validations=10, seeds=3, tuning_seeds=1, points=3, further=1),
        "default": Size(steps=600, validations=20, seeds=12, tuning_seeds=2, points=5, further=1),
        "full": Size(steps=3000, validations=30, seeds=12, tuning_seeds=5, points=5, further=2),
    },
)
