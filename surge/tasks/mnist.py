"""MNIST from its four IDX files."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor, nn

from .task import Task, mlp

__all__ = ["mnist"]

_SIDE = 28


def mnist(folder: Path, device: torch.device | str = "cpu") -> Task:
    """The digits of LeCun, Bottou, Bengio & Haffner (1998), standardised, and a tanh network 784-100-10.

    Parameters
    ----------
    folder
        Holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte`` and
        ``t10k-labels-idx1-ubyte``, plain or with ``.gz``; or has a folder ``mnist`` that does. The images of ``t10k``
        are held out.
    device
        Of the data and the models.

    Raises
    ------
    FileNotFoundError
        A file that is not there.
    ValueError
        A file that is no IDX file of 28 x 28 images or of labels from 0 to 9.
    """
    train, test = (_read_pair(folder, prefix) for prefix in ("train", "t10k"))
    # The mean and deviation of all pixels of the training images together.
    mean, deviation = train[0].mean(dtype=torch.float64), train[0].double().std(correction=0)
    if not deviation > 0:
        raise ValueError(f"the images of {folder} are all of one colour")
    for images, _ in (train, test):
        images.sub_(mean.float()).div_(deviation.float())
    return Task(
        name="mnist",
        description=f"MNIST, {len(train[0])} images of 28 x 28 pixels, tanh network 784-100-10",
        network=lambda: mlp(_SIDE**2, 100, 10),
        loss=nn.functional.cross_entropy,
        training=(train[0].to(device), train[1].to(device)),
        held_out=(test[0].to(device), test[1].to(device)),
        batch_size=64,
        has_logits=True,
        floor=0.0,
    )


def _read_pair(folder: Path, prefix: str) -> tuple[Tensor, Tensor]:
    """Images (N, 784) in [0, 1] and labels (N,)."""
    images = _read_idx(folder, f"{prefix}-images-idx3-ubyte", (None, _SIDE, _SIDE))
    labels = _read_idx(folder, f"{prefix}-labels-idx1-ubyte", (None,))
    if len(images) != len(labels) or not len(images):
        raise ValueError(f"{folder}: {len(images)} images but {len(labels)} labels with the prefix {prefix}")
    if int(labels.max()) > 9:
        raise ValueError(f"{folder}: the labels of {prefix} run up to {int(labels.max())}, not to 9")
    return images.reshape(-1, _SIDE**2).float() / 255, labels.long()


def _read_idx(folder: Path, name: str, shape: tuple[int | None, ...]) -> Tensor:
    """The bytes of an IDX file: two zeros, the type 8, the number of axes, their lengths (big-endian), the data."""
    places = [base / file for base in (folder / "mnist", folder) for file in (f"{name}.gz", name)]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise FileNotFoundError(2, f"the task mnist needs {name}, plain or with .gz, here or in mnist/", str(folder))
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is no gzip file: {error}") from None
    header = 4 + 4 * len(shape)
    if len(content) < header or content[:4] != bytes((0, 0, 8, len(shape))):
        raise ValueError(f"{path} is no IDX file of bytes with {len(shape)} axes")
    lengths = struct.unpack(f">{len(shape)}I", content[4:header])
    wrong = any(expected not in (None, length) for expected, length in zip(shape, lengths, strict=True))
    if wrong or len(content) - header != math.prod(lengths):
        raise ValueError(f"{path} has {len(content) - header} bytes of data for the shape {lengths}")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=header).reshape(lengths)
