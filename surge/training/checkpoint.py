"""Checkpoints: tensors, numbers and texts in one file, which is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a state beside the file of that name and put it in its place in one go.

    A process that is killed meanwhile leaves the old file.

    Parameters
    ----------
    path
        The file; its folder exists.
    state
        Tensors, numbers, texts, None, and lists, tuples and dictionaries of them.

    Raises
    ------
    OSError
        Where the file cannot be written; the old one is there still.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/a.pt", {"step": 3, "weight": torch.ones(2)})
    ...     load_checkpoint(f"{folder}/a.pt")
    {'step': 3, 'weight': tensor([1., 1.])}
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def load_checkpoint(path: str | os.PathLike[str], device: torch.device | str = "cpu") -> dict[str, Any]:
    """What :func:`save_checkpoint` wrote, its tensors on a device; nothing in the file is executed.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        A file that is no checkpoint, or holds more than tensors, numbers and texts.
    """
    try:
        state = torch.load(Path(path), map_location=device, weights_only=True)
    except OSError:
        raise
    except Exception as error:  # in a file of another kind the reader stumbles over whatever it may be
        why = (str(error).splitlines() or ["it is cut short"])[0]
        raise ValueError(f"{path} is no checkpoint: {why}") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path} is no checkpoint: it holds {type(state).__name__}, not a dictionary")
    return state
