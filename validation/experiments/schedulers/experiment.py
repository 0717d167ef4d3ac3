"""What is run."""

from __future__ import annotations

from ..experiment import Experiment, Problem, Size

__all__ = ["SCHEDULE_COMPARISON"]

_PROBLEMS = (Problem("images"),)

SCHEDULE_COMPARISON = Experiment(
    name="schedulers",
    question="Is the paper's rule better than a schedule of the learning rate, at six learning rates?",
    paper="table 2 and figure 6",
    problems={"quick": _PROBLEMS, "default": _PROBLEMS, "full": _PROBLEMS},
    sizes={
        "quick": Size(steps=50, validations=10, seeds=3, tuning_seeds=1, points=3, further=0),
        "default": Size(steps=600, validations=20, seeds=12, tuning_seeds=1, points=3, further=0),
        "full": Size(steps=3000, validations=30, seeds=12, tuning_seeds=1, points=3, further=0),
    },
    arms=(
        "bare",
        "step",
        "exponential",
        "cosine",
        "plateau",
        "wsd",
        "surge",
        "matched",
        "zero",
        "random",
        "reach",
        "reach+guard+cosine",
    ),
    rates=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
)
