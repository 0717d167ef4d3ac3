"""Training of the tasks: a recipe, a loop that resumes bit for bit, optimizers and schedules by name.

>>> from surge import tasks
>>> result = train(tasks.get("regression"), Recipe(optimizer="adam", lr=0.01, steps=20, validate_every=10))
>>> result.status, [record["step"] for record in result.history]
('finished', [0, 10, 20])
"""

from .checkpoint import load_checkpoint, save_checkpoint
from .loop import CHECKPOINT, Training, TrainingResult, train
from .optimizers import OPTIMIZERS, hidden_matrices, make_optimizers
from .recipe import Recipe
from .schedules import SCHEDULES, make_schedule

__all__ = [
    "CHECKPOINT",
    "OPTIMIZERS",
    "SCHEDULES",
    "Recipe",
    "Training",
    "TrainingResult",
    "hidden_matrices",
    "load_checkpoint",
    "make_optimizers",
    "make_schedule",
    "save_checkpoint",
    "train",
]
