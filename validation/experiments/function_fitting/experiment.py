"""What is run."""

from __future__ import annotations

from ..experiment import Experiment, Problem, Size

__all__ = ["FUNCTION_FITTING"]

_PROBLEMS = (Problem("regression"), Problem("regression", label_noise=0.3))

FUNCTION_FITTING = Experiment(
    name="function_fitting",
    question="Does the paper's rule fit a function of one variable better, and does it overfit?",
    paper="figures 2 and 7",
    problems={"quick": _PROBLEMS, "default": _PROBLEMS, "full": _PROBLEMS},
    sizes={
        "quick": Size(steps=80, validations=10, seeds=3, tuning_seeds=1, points=3, further=1),
        "default": Size(steps=1500, validations=30, seeds=12, tuning_seeds=2, points=5, further=1),
        "full": Size(steps=5000, validations=50, seeds=30, tuning_seeds=5, points=5, further=2),
    },
)
