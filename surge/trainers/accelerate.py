"""SurgeLR in a loop that is run by Hugging Face Accelerate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accelerate import Accelerator
from torch import Tensor
from torch.optim import Optimizer

from surge.scheduler import SurgeLR
from surge.targets import Targets

__all__ = ["AcceleratedSurgeLR"]


class AcceleratedSurgeLR(SurgeLR):
    """A SurgeLR whose ``backward(loss)`` stands where ``accelerator.backward(loss)`` stood.

    It hands over the mean loss of the micro-batches when Accelerate is about to let the optimizer step, and is part of
    what ``accelerator.save_state`` writes and ``accelerator.load_state`` reads.

    Parameters
    ----------
    accelerator
        The :class:`accelerate.Accelerator`.
    optimizer
        The optimizer that ``accelerator.prepare`` returned, or a list of them that step on the same loss.
    targets
        :class:`~surge.Targets`, or plain numbers.
    settings
        Keyword arguments of :class:`~surge.SurgeLR`.

    Raises
    ------
    TypeError, ValueError
        For arguments of the wrong type, and those of :class:`~surge.SurgeLR`.

    Notes
    -----
    ``accelerator.load_state`` matches the objects of a checkpoint by the order in which they were made.
    ``accelerator.clip_grad_norm_`` shortens the gradients that ``rule="reach"`` sees, so that its multiple is too large
    where it acts: bound the step by ``max_norm`` or a guard instead.

    Examples
    --------
    >>> import torch
    >>> accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
    >>> model = torch.nn.Linear(1, 1)
    >>> model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.1))
    >>> s = AcceleratedSurgeLR(accelerator, optimizer, (-1.0,), weight=0.5)
    >>> for x in (torch.tensor([1.0]), torch.tensor([2.0])):
    ...     with accelerator.accumulate(model):
    ...         s.backward(model(x).square().mean())
    ...         optimizer.step()
    ...         optimizer.zero_grad()
    >>> s.alpha
    1.5
    """

    def __init__(
        self,
        accelerator: Accelerator,
        optimizer: Optimizer | Sequence[Optimizer],
        targets: Targets | Sequence[float],
        **settings: Any,
    ) -> None:
        if not isinstance(accelerator, Accelerator):
            raise TypeError(f"accelerator is an accelerate.Accelerator, got {type(accelerator).__name__}")
        super().__init__(optimizer, targets, **settings)
        self._accelerator = accelerator
        accelerator.register_for_checkpointing(self)

    def backward(self, loss: Tensor, **options: Any) -> None:
        """Observe the loss of a micro-batch, as it was computed, and run Accelerate's backward pass of it.

        Parameters
        ----------
        loss
            The mean loss of the micro-batch: not divided by the number of micro-batches, which Accelerate does itself.
        options
            Keyword arguments of ``accelerator.backward``.
        """
        self.observe(loss)
        self._accelerator.backward(loss, **options)
        if self._accelerator.sync_gradients:
            self.step()
