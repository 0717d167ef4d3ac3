"""The experiments by name, with what draws their figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .character_model import plot as character_model
from .character_model.experiment import CHARACTER_MODEL
from .experiment import Experiment
from .function_fitting import plot as function_fitting
from .function_fitting.experiment import FUNCTION_FITTING
from .image_classification import plot as image_classification
from .image_classification.experiment import IMAGE_CLASSIFICATION
from .schedulers import plot as schedulers
from .schedulers.experiment import SCHEDULE_COMPARISON

__all__ = ["DRAWINGS", "EXPERIMENTS"]

EXPERIMENTS: dict[str, Experiment] = {
    one.name: one for one in (FUNCTION_FITTING, IMAGE_CLASSIFICATION, CHARACTER_MODEL, SCHEDULE_COMPARISON)
}

#: From the document of an experiment to its figures in a folder.
DRAWINGS: dict[str, Callable[[Mapping[str, Any], Path], list[Path]]] = {
    "function_fitting": function_fitting.draw,
    "image_classification": image_classification.draw,
    "character_model": character_model.draw,
    "schedulers": schedulers.draw,
}
