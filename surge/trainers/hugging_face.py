"""SurgeLR in the Trainer of Hugging Face transformers, which tells its callbacks everything but the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState

from surge.scheduler import SurgeLR
from surge.targets import Targets

__all__ = ["SurgeCallback", "SurgeTrainer"]


class SurgeCallback(TrainerCallback, ExportableState):  # type: ignore[misc]
    """Attaches a SurgeLR to the trainer's optimizer and hands it the loss of each step.

    The trainer is a :class:`SurgeTrainer`, or derived from it.

    Parameters
    ----------
    targets
        :class:`~surge.Targets`, or plain numbers.
    settings
        Keyword arguments of :class:`~surge.SurgeLR`. A guard for a model that returns more than logits takes
        ``logits=lambda output: output.logits``.

    Raises
    ------
    TypeError, ValueError
        By ``trainer.train``, where the arguments or the optimizer are not those of a SurgeLR; by its steps, where a
        loss is NaN or infinite.
    RuntimeError
        By its first step, where the trainer does not report losses.

    Notes
    -----
    The loss is the sum of what the trainer backpropagates during a step: the mean over the tokens or over the
    micro-batches, whichever the trainer forms.

    The state is part of ``trainer_state.json``. A training that is resumed goes on with the settings of the checkpoint,
    bit for bit; from checkpoints that were made without this callback it starts anew.

    ``max_grad_norm`` is 1 unless it is set: the slope that ``rule="reach"`` sees is that of clipped gradients, so that
    its multiple is too large where clipping acts. Set ``max_grad_norm=0``, and bound steps by ``max_norm`` or a guard.

    Examples
    --------
    >>> callback = SurgeCallback((0.1,), weight=0.5)  # SurgeTrainer(model, arguments, callbacks=[callback], ...)
    >>> callback.surge is None  # until training begins
    True
    """

    def __init__(self, targets: Targets | Sequence[float], **settings: Any) -> None:
        self.surge: SurgeLR | None = None
        self._targets = targets if isinstance(targets, Targets) else Targets(tuple(targets))
        self._settings = settings
        self._sum: Tensor | None = None

    def observe(self, loss: Tensor) -> None:
        """Add what was backpropagated for one micro-batch; reads nothing on the host."""
        value = loss.detach().double()
        self._sum = value if self._sum is None else self._sum + value

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        optimizer: Optimizer,
        **others: Any,
    ) -> None:
        """Attach to the optimizer, which has its own state by now."""
        if self.surge is not None:
            self.surge.detach()  # of a training that ended in an exception
        self.surge = SurgeLR(optimizer, self._targets, **self._settings)
        self._sum = None
        saved = state.stateful_callbacks.setdefault(type(self).__name__, self.state())  # Trainer writes where it read
        if state.global_step and saved["attributes"]["saved"] is not None:
            self.surge.load_state_dict(saved["attributes"]["saved"])

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any
    ) -> None:
        """Hand over the loss of the step."""
        assert self.surge is not None
        if self._sum is None:
            raise RuntimeError(
                "the trainer reports no losses to the SurgeCallback: use SurgeTrainer, or derive your trainer "
                "from both, class MyTrainer(SurgeTrainer, TheirTrainer)"
            )
        total, self._sum = self._sum, None
        self.surge.step(total)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any
    ) -> None:
        """Detach; what was handed over last can still be read."""
        assert self.surge is not None
        self.surge.detach()

    def state(self) -> dict[str, Any]:
        """The state of the SurgeLR for the trainer's checkpoints: numbers and texts, which JSON keeps exactly."""
        saved = None if self.surge is None else self.surge.state_dict()
        return {"args": {"targets": list(self._targets.values)}, "attributes": {"saved": saved}}


class SurgeTrainer(Trainer):  # type: ignore[misc]
    """A Trainer that reports what it backpropagates to its :class:`SurgeCallback`, and is otherwise unchanged.

    A trainer that is derived from Trainer gets the same by being derived from both, this one first:
    ``class MyTrainer(SurgeTrainer, TheirTrainer)``.

    Raises
    ------
    ValueError
        By the first step of several micro-batches, where the model's forward takes ``**kwargs`` and does not divide by
        the ``num_items_in_batch`` among them. Trainer leaves the division to such models: losses and gradients would be
        as many times too large as there are micro-batches.

    Examples
    --------
    >>> class MyTrainer(SurgeTrainer):
    ...     "With its own compute_loss; trainer = MyTrainer(model, arguments, callbacks=[SurgeCallback((0.1,))], ...)"
    """

    _division_is_checked = False

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """One micro-batch, forwards and backwards; its loss goes to the callback, divided as it is backpropagated."""
        if (
            self.args.gradient_accumulation_steps > 1
            and not self._division_is_checked
            and num_items_in_batch is not None
            and self.model_accepts_loss_kwargs
            and self.compute_loss_func is None
            and self.loss_is_scaled_for_ga is None
        ):
            self._check_division(model, inputs, num_items_in_batch)
            self._division_is_checked = True
        loss: Tensor = super().training_step(model, inputs, num_items_in_batch)
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, SurgeCallback):
                callback.observe(loss)
        return loss

    def _check_division(self, model: nn.Module, inputs: dict[str, Any], items: Tensor | int) -> None:
        """Whether the loss halves as the number of items doubles, in evaluation mode, where it draws nothing."""
        on_device = self._prepare_inputs(inputs)
        model.eval()
        try:
            with torch.no_grad(), self.compute_loss_context_manager():
                loss, half = (self.compute_loss(model, dict(on_device), num_items_in_batch=k * items) for k in (1, 2))
        finally:
            model.train()
        if abs(float(half - loss)) < 1e-3 * abs(float(loss)):
            raise ValueError(
                "the model's forward takes **kwargs, so that Trainer leaves it to the model to divide the loss by "
                "num_items_in_batch, which the model does not: set accepts_loss_kwargs = False on the class "
                f"{type(self.accelerator.unwrap_model(model)).__name__}, or divide in its forward"
            )
