"""Learning problems small enough for one core: data in memory, a network, a loss, batches without iterator state.

>>> task = get("regression")
>>> task.model(seed=0)(task.batch(0, seed=0)[0]).shape
torch.Size([32, 1])
>>> names()
('digits', 'mnist', 'regression', 'shakespeare')
"""

from __future__ import annotations

import os
from pathlib import Path

import torch

from .digits import digits
from .mnist import mnist
from .regression import regression
from .shakespeare import shakespeare
from .task import Task

__all__ = ["Task", "digits", "get", "mnist", "names", "regression", "shakespeare"]

#: The folder of data sets where no other is named.
DATA_VARIABLE = "SURGE_DATA"


def names() -> tuple[str, ...]:
    """The names that :func:`get` knows."""
    return "digits", "mnist", "regression", "shakespeare"


def get(
    name: str,
    data: str | os.PathLike[str] | None = None,
    label_noise: float = 0.0,
    device: torch.device | str = "cpu",
) -> Task:
    """A task by its name.

    Parameters
    ----------
    name
        ``"digits"``, ``"mnist"``, ``"regression"`` or ``"shakespeare"``.
    data
        The folder of ``mnist/`` or ``tinyshakespeare/``; by default the environment variable ``SURGE_DATA``, where it
        is set. The other tasks need none.
    label_noise
        For digits the probability of a wrong label, for regression the standard deviation of the noise; see there.
    device
        Of the data and the models.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        An unknown name, data or noise for a task that has no use for them, bad files.
    FileNotFoundError
        A folder that does not hold the files of the task.
    ModuleNotFoundError
        Digits without scikit-learn.

    Examples
    --------
    >>> get("regression", label_noise=0.1).floor < get("regression", label_noise=0.2).floor
    True
    """
    if name not in names():
        raise ValueError(f"there is no task {name!r}: choose one of {', '.join(names())}")
    if label_noise and name not in ("digits", "regression"):
        raise ValueError(f"the task {name} has no label noise: choose digits or regression")
    if name in ("digits", "regression"):
        if data is not None:
            raise ValueError(f"the task {name} reads no files: leave the data folder out")
        return (digits if name == "digits" else regression)(label_noise, device)
    if data is None:
        data = os.environ.get(DATA_VARIABLE) or None
    folder = None if data is None else Path(data)
    if name == "shakespeare":
        return shakespeare(folder, device)
    if folder is None:
        raise ValueError(
            "the task mnist reads the four IDX files of MNIST: name the folder that holds them, or a folder mnist with "
            f"them, by --data DIR (data=) or the environment variable {DATA_VARIABLE}; the task digits needs no files"
        )
    return mnist(folder, device)
