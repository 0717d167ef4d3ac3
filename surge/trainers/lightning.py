"""SurgeLR as a callback of Lightning's Trainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from surge.scheduler import SurgeLR
from surge.targets import Targets

__all__ = ["SurgeCallback"]


class SurgeCallback(Callback):  # type: ignore[misc]
    """Attaches a SurgeLR to the trainer's optimizers and hands it the mean loss over the micro-batches of each step.

    The loss is the one that ``training_step`` returns: not divided by ``accumulate_grad_batches``, not multiplied by
    the scale of 16-bit training. With manual optimization it is what ``manual_backward`` is called with; several
    optimizers then share the loss of all backward passes since their last step.

    Parameters
    ----------
    targets
        :class:`~surge.Targets`, or plain numbers.
    settings
        Keyword arguments of :class:`~surge.SurgeLR`. A guard's model is the module that the optimizer trains, or the
        part of it that gives the logits.

    Raises
    ------
    TypeError, ValueError
        By ``trainer.fit``, where the arguments or the optimizers are not those of a SurgeLR; by its steps, where a
        loss is NaN or infinite.
    RuntimeError
        By a step for which ``training_step`` returned no loss, None, for all micro-batches.

    Notes
    -----
    The state is part of Lightning's checkpoints. A training that is resumed goes on with the settings of the
    checkpoint, bit for bit; from checkpoints that were made without this callback it starts anew.

    Lightning clips gradients before the optimizer's step: the slope that ``rule="reach"`` sees is the clipped one, so
    that its multiple is too large where clipping acts. Bound the step by ``max_norm`` or a guard instead.

    Examples
    --------
    >>> callback = SurgeCallback((0.1,), weight=0.5)  # trainer = Trainer(callbacks=[callback])
    >>> callback.surge is None  # until training begins
    True
    """

    def __init__(self, targets: Targets | Sequence[float], **settings: Any) -> None:
        super().__init__()
        self.surge: SurgeLR | None = None
        self._targets = targets if isinstance(targets, Targets) else Targets(tuple(targets))
        self._settings = settings
        self._restored: dict[str, Any] = {}
        self._observed = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Attach to the optimizers, which have their own state by now."""
        self.surge = SurgeLR(trainer.optimizers, self._targets, **self._settings)
        self._observed = False
        if self._restored:
            self.surge.load_state_dict(self._restored)
            self._restored = {}

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """Observe the loss of a micro-batch."""
        assert self.surge is not None
        value = loss.detach().double()
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        if scaler is not None:
            value = value / scaler.scale(torch.ones_like(value))  # get_scale() would read it on the host
        if pl_module.automatic_optimization:
            value = value * trainer.accumulate_grad_batches
        self.surge.observe(value)
        self._observed = True

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Hand over the mean of what was observed, before the first optimizer that steps on it."""
        assert self.surge is not None
        if self._observed:
            self._observed = False
            self.surge.step()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Detach; what was handed over last can still be read."""
        assert self.surge is not None
        self.surge.detach()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Detach, where training had begun."""
        if self.surge is not None:
            self.surge.detach()

    def state_dict(self) -> dict[str, Any]:
        """The state of the SurgeLR, for Lightning's checkpoints; empty before training."""
        return self._restored if self.surge is None else self.surge.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep what :meth:`state_dict` gave until training begins: Lightning calls this before the optimizers exist."""
        self._restored = state_dict
