"""What a learning problem has to say: its data, its network, its loss, and its batches as a function of the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from ..landscape import Landscape

__all__ = ["Task"]

#: Samples that are evaluated at once for the metrics.
_CHUNK = 2048


@dataclass(frozen=True, eq=False)
class Task:
    """A learning problem with its data in memory.

    Parameters
    ----------
    name
        One word.
    description
        Data and network in a sentence.
    network
        Makes the network, on the CPU, from torch's global generator: :meth:`model` seeds it, and puts it back.
    loss
        ``loss(model(inputs), targets)``, a tensor of shape (), the mean over the samples.
    training, held_out
        Pairs (inputs, targets) with samples along the first axis, on the device of the task.
    batch_size
        Samples of a training batch.
    has_logits
        Whether the network returns logits (classes on the last axis) for a cross-entropy: the
        :class:`~surge.SingularityGuard` needs them.
    floor
        The infimum of the loss on ``training`` over all functions of the input, whether or not the network can reach
        it; None where it is not known.
    draw
        ``draw(targets, uniform)``: the targets of a batch from those of its samples in ``training`` and a tensor (B,)
        of numbers uniform in [0, 1); None where they are the same.

    Notes
    -----
    A batch is a function of the step and the seed alone, so that a run resumed at some step goes on exactly as if it
    had not been interrupted. Every epoch is a permutation of the training data; its last samples, too few for a batch,
    are left out. All draws are made on the CPU by generators of their own: every device sees the same batches, and the
    global generators are left alone.

    Examples
    --------
    >>> x = torch.arange(6.0)[:, None]
    >>> line = Task("line", "", lambda: nn.Linear(1, 1), nn.functional.mse_loss, (x, 2 * x), (x, 2 * x), 3, False)
    >>> first, second = line.batch(0, seed=1)[0], line.batch(1, seed=1)[0]
    >>> sorted(torch.cat([first, second]).flatten().tolist())
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    >>> bool((line.batch(0, seed=1)[0] == first).all()), line.steps_per_epoch
    (True, 2)
    """

    name: str
    description: str
    network: Callable[[], nn.Module]
    loss: Callable[[Tensor, Tensor], Tensor]
    training: tuple[Tensor, Tensor]
    held_out: tuple[Tensor, Tensor]
    batch_size: int
    has_logits: bool
    floor: float | None = None
    draw: Callable[[Tensor, Tensor], Tensor] | None = None
    _order: dict[tuple[int, int], Tensor] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= len(self.training[0]):
            raise ValueError(
                f"batch_size must be from 1 to the {len(self.training[0])} training samples, got {self.batch_size}"
            )

    @property
    def device(self) -> torch.device:
        """Where the data are."""
        return self.training[0].device

    @property
    def steps_per_epoch(self) -> int:
        """Batches in a permutation of the training data."""
        return len(self.training[0]) // self.batch_size

    def model(self, seed: int) -> nn.Module:
        """The network, initialised from the seed alone, on the device of the task.

        Raises
        ------
        TypeError, ValueError
            A seed that is no integer from 0 to 2^63 - 1.
        """
        seed = _check_integer("seed", seed)
        generator = torch.default_generator  # torch.manual_seed would seed the other devices too
        before = generator.get_state()
        try:
            generator.manual_seed(seed)
            model = self.network()
        finally:
            generator.set_state(before)
        return model.to(self.device)

    def batch(self, step: int, seed: int) -> tuple[Tensor, Tensor]:
        """The training batch of a step, counted from 0: (inputs, targets), ``batch_size`` samples each.

        Raises
        ------
        TypeError, ValueError
            A step or a seed that is no integer from 0 to 2^63 - 1.
        """
        step, seed = _check_integer("step", step), _check_integer("seed", seed)
        epoch, index = divmod(step, self.steps_per_epoch)
        order = self._order.get((seed, epoch))
        if order is None:
            order = torch.randperm(len(self.training[0]), generator=_generator(seed, 0, epoch)).to(self.device)
            self._order.clear()  # the order of one epoch is kept, and made anew for any other
            self._order[seed, epoch] = order
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        inputs, targets = (x.index_select(0, chosen) for x in self.training)
        if self.draw is not None:
            uniform = torch.rand(self.batch_size, generator=_generator(seed, 1, step), dtype=torch.float64)
            targets = self.draw(targets, uniform.to(self.device))
        return inputs, targets

    def validation(self) -> tuple[Tensor, Tensor]:
        """The held-out (inputs, targets), always the same."""
        return self.held_out

    def landscape(self, seed: int, samples: int = 256, scale: float = 1.0) -> Landscape:
        """The loss on the leading training samples, around the initial parameters of a seed.

        Parameters
        ----------
        seed
            Of :meth:`model`.
        samples
            Of ``training``, from 1 on; all of them where there are fewer.
        scale
            Standard deviation of the Gaussian base measure.

        Raises
        ------
        TypeError, ValueError
            Arguments of the wrong type or out of range.

        Examples
        --------
        >>> x = torch.arange(6.0)[:, None]
        >>> line = Task("line", "", lambda: nn.Linear(1, 1), nn.functional.mse_loss, (x, 2 * x), (x, 2 * x), 3, False)
        >>> line.landscape(seed=0)(torch.tensor([[2.0, 0.0], [2.0, 3.0]]))
        tensor([0., 9.], dtype=torch.float64)
        """
        if _check_integer("samples", samples) < 1:
            raise ValueError("samples must be at least 1, got 0")
        inputs, targets = (x[:samples] for x in self.training)
        return Landscape.from_module(self.model(seed), self.loss, (inputs, targets), scale)

    @torch.no_grad()
    def metrics(self, model: nn.Module) -> dict[str, float]:
        """``validation_loss``, and with logits ``accuracy``, of a model in evaluation mode; its mode is put back.

        Examples
        --------
        >>> x = torch.ones(2, 1)
        >>> line = Task("line", "", lambda: nn.Linear(1, 1), nn.functional.mse_loss, (x, x), (x, 3 * x), 1, False)
        >>> line.metrics(nn.Identity())
        {'validation_loss': 4.0}
        """
        inputs, targets = self.held_out
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        right = torch.zeros((), dtype=torch.float64, device=self.device)
        training = model.training
        model.eval()
        try:
            for x, y in zip(torch.split(inputs, _CHUNK), torch.split(targets, _CHUNK), strict=True):
                output = model(x)
                total += self.loss(output, y).double() * len(x)
                if self.has_logits:
                    classes = y.argmax(-1) if y.is_floating_point() else y
                    right += (output.argmax(-1) == classes).double().mean() * len(x)
        finally:
            model.train(training)
        found = {"validation_loss": float(total) / len(inputs)}
        return found | {"accuracy": float(right) / len(inputs)} if self.has_logits else found


def mlp(*widths: int) -> nn.Module:
    """A fully connected network with tanh between its layers.

    Examples
    --------
    >>> mlp(2, 3, 1)
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Tanh()
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    """
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def _generator(*key: int) -> torch.Generator:
    """A generator on the CPU for this key: the hash of numpy's SeedSequence, so that near keys are unrelated."""
    word = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(word >> 1)


def _check_integer(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, got {value!r} of type {type(value).__name__}")
    if not 0 <= value < 2**63:
        raise ValueError(f"{name} must be from 0 to 2^63 - 1, got {value}")
    return value
