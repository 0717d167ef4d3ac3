"""SurgeLR: the learning rate of any optimizer, multiplied by what the target values of the loss ask for.

Algorithm 1 of *Globally Aware Optimization with Resurgence* (ICLR 2026), by hooks on the bare optimizer: it stays what
it is for schedulers, scalers and trainers, and its learning rate is what it was as soon as its step is over.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NoReturn

import torch
import torch.distributed as dist
from torch import Tensor
from torch._compile import _disable_dynamo  # as torch.optim itself: torch.compiler.disable would import the compiler
from torch.optim import ASGD, LBFGS, Optimizer, Rprop

from surge.guard import SingularityGuard, euclidean_norm
from surge.guidance import guidance, select_target
from surge.momentum_model import MomentumModel, Scalar, smaller, unread
from surge.targets import Targets

__all__ = ["SurgeLR"]

RULES = ("paper", "reach")

#: What the state holds besides the targets, in the order of :meth:`SurgeLR._configure`.
SETTINGS = ("weight", "max_norm", "rule", "cap", "threshold", "smoothing", "stride")


@dataclass
class _Running:
    """What one step of one optimizer has to put back: its rates, and the parameters it started from."""

    rates: list[tuple[dict[str, Any], float | Tensor, Tensor | None]]
    parts: list[float | Tensor]
    kept: dict[Tensor, Tensor]
    versions: list[tuple[Tensor, int]]
    closure: object = None
    depth: int = 1


@dataclass
class _Move:
    """The update that one optimizer proposes: from where to where, and what part of it the schedule leaves."""

    parameters: list[Tensor]
    start: list[Tensor]
    end: list[Tensor]
    parts: list[float | Tensor]


class SurgeLR:
    """Runs the steps of an optimizer at alpha times its current learning rate, alpha from the loss and its targets.

    ``s.step(loss)`` before every ``optimizer.step()``. The learning rates are put back when the optimizer's step ends,
    so that schedulers see what they set themselves, and nothing compounds.

    Parameters
    ----------
    optimizer
        The optimizer, or a list of optimizers that step on the same loss. Where a trainer has wrapped it
        (``wrapper.optimizer``), the inner one gets the hooks.
    targets
        :class:`~surge.Targets`, or plain numbers. Without any, without ``max_norm`` and ``guard``, every step is the
        bare optimizer's, bit for bit.
    weight
        lambda of eq. 34, positive.
    max_norm
        Bound on the Euclidean norm of the update, all parameters together (Algorithm 1, line 7). One buffer of the
        parameters' size is kept for it, and another is used during the step.
    guard
        A :class:`~surge.SingularityGuard`, which shortens updates further.
    rule
        ``"paper"``: the learning rate times :func:`surge.guidance.guidance`, at least 1. ``"reach"``: the updates u of
        the optimizers times one and the same multiple ``stride (M - zeta) / F``, between 0 and ``cap``, where the
        linear models that the last steps made of the loss predict the mean value M at the present parameters and the
        mean fall F along the update: the multiple at which they reach the target. This is Polyak's step with the
        optimizers' direction and the momentum models of Schaipp et al. (2024, MoMo), whose inner products are taken as
        they come instead of with a mean gradient. It can be below 1.
    cap
        The largest multiple of rule ``"reach"``, at least 1; without bound by default, since it is the multiple that
        makes up for a learning rate that is too small.
    threshold
        A target counts as reached once ``L - zeta <= threshold |L|``, or within its error.
    smoothing
        Weight of the past in the running means of rule ``"reach"``, in [0, 1): of the fall ``-<grad L, u>``, and of the
        loss, from whose mean the falls of the steps since are taken off.
    process_group
        The group over which losses are averaged where ``torch.distributed`` is initialised; None is the default group.
    stride
        The part of the way to the target that a step of rule ``"reach"`` is to go, in (0, 1]. Since a step lowers M by
        what it is to gain, it matters much less than as a factor of the steps: where the loss changes little, they
        are ``stride (1 - smoothing) / (1 - smoothing + smoothing stride)`` of the way from the loss.

    Raises
    ------
    TypeError, ValueError
        For arguments of the wrong type or out of range; for optimizers whose learning rate does not scale their step
        (LBFGS, Rprop, ASGD), that maximise, are differentiable, or have a SurgeLR already.

    Notes
    -----
    - Under rule ``"reach"`` the learning rate itself has no effect, but for the cap: the updates are proportional to it
      and the multiple to its inverse. A schedule has: the optimizers step at their full rates, and the part of them
      that the schedule leaves multiplies what the multiple, ``max_norm`` and the guard made of the updates. A group's
      full rate is its ``max_lr`` or ``initial_lr``, which torch's schedulers write down, else the first rate that is
      not zero; more than the full rate counts as that.
    - Where no target lies below the mean loss, or the mean fall is not positive, the multiple is the last one that was
      positive; 1 before there was one.
    - Where several optimizers are bounded together (``"reach"``, ``max_norm``, guard), the parameters move when the
      last of them has stepped. Updates whose companions did not step are not taken: RuntimeWarning at the next loss.
    - Optimizers that change the gradients in place, as schedule-free ones do, are refused by ``"reach"`` at their step:
      RuntimeError, and the parameters stay. Changes by way of ``grad.data`` (Prodigy with ``decouple=False``) cannot be
      noticed: the multiple is that of the changed gradients then. AdamW's decay is part of the update.
    - A tensor as loss is read on the host, once a step; hand over a float to avoid it. ``max_norm`` and ``"reach"``
      read nothing; together with a guard their multiple is read, and the guard says what it reads.
    - An update that is not finite makes the parameters NaN under ``max_norm`` (the next loss is refused); with a guard
      it is undone and FloatingPointError raised.
    - A closure is evaluated once, before the step, where no loss was handed over, and its value is then the loss (a
      call of :meth:`step` inside the closure comes first). To optimizers that evaluate the closure elsewhere (SAM)
      hand the loss over beforehand: the closure is then left to them.
    - AdamW's weight decay is proportional to the learning rate, so to alpha. D-Adaptation and Prodigy react to the
      rate they are given. Adafactor caps its rate at ``1 / sqrt(step)``.
    - A copied or unpickled optimizer has no hooks: attach a new SurgeLR and load the state. A SurgeLR itself cannot be
      copied or pickled.
    - Norms and products are those of the tensors of this process: not for sharded parameters.

    Examples
    --------
    >>> import torch
    >>> x = torch.nn.Parameter(torch.tensor(2.0))
    >>> optimizer = torch.optim.SGD([x], lr=0.1)
    >>> s = SurgeLR(optimizer, Targets((1.0,)), weight=0.5)
    >>> loss = x**2
    >>> loss.backward()
    >>> s.step(loss)
    >>> optimizer.step()
    >>> s.alpha, round(x.item(), 6), optimizer.param_groups[0]["lr"]  # 1 + (4 - 1) / 4 / 2, 2 - 0.1 alpha 4
    (1.375, 1.45, 0.1)
    """

    def __init__(
        self,
        optimizer: Optimizer | Sequence[Optimizer],
        targets: Targets | Sequence[float],
        weight: float = 0.5,
        max_norm: float | None = None,
        guard: SingularityGuard | None = None,
        rule: str = "paper",
        cap: float = math.inf,
        threshold: float = 0.01,
        smoothing: float = 0.9,
        process_group: dist.ProcessGroup | None = None,
        *,
        stride: float = 1.0,
    ) -> None:
        if guard is not None and not isinstance(guard, SingularityGuard):
            raise TypeError(f"guard is a SingularityGuard or None, got {type(guard).__name__}")
        self._configure(targets, weight, max_norm, rule, cap, threshold, smoothing, stride)
        given = [optimizer] if isinstance(optimizer, Optimizer) else optimizer
        if not isinstance(given, Sequence) or not given:
            raise TypeError(f"optimizer is a torch optimizer or a list of them, got {type(optimizer).__name__}")
        self._optimizers = [_bare(one) for one in given]
        if len(set(map(id, self._optimizers))) < len(self._optimizers):
            raise ValueError("an optimizer is given twice: alpha would be applied twice")
        self.guard = guard
        self._process_group = process_group
        self._sum: Tensor | float = 0.0
        self._count = 0
        self._steps = 0
        self._loss: float | None = None
        self._value = self._level = 0.0
        self._target: float | None = None
        self._alpha: float | Tensor = 1.0
        self._mean_loss: float | None = None
        self._model = MomentumModel(self.smoothing)
        self._shortening: float | Tensor = 1.0
        self._waiting: set[int] = set()
        self._running: dict[int, _Running] = {}
        self._moves: dict[int, _Move] = {}
        self._full_rates: list[list[float]] = [[] for _ in self._optimizers]
        self._last: list[list[float | Tensor]] = [
            [group["lr"] for group in one.param_groups] for one in self._optimizers
        ]
        self._kept: list[dict[Tensor, Tensor]] = [{} for _ in self._optimizers]
        self._handles = [
            handle
            for one in self._optimizers
            for handle in (one.register_step_pre_hook(self._before), one.register_step_post_hook(self._after))
        ]

    def _configure(
        self,
        targets: Targets | Sequence[float],
        weight: float,
        max_norm: float | None,
        rule: str,
        cap: float,
        threshold: float,
        smoothing: float,
        stride: float,
    ) -> None:
        """Check the settings and keep them."""
        targets = targets if isinstance(targets, Targets) else Targets(tuple(targets))
        numbers = {"weight": weight, "cap": cap, "threshold": threshold, "smoothing": smoothing, "stride": stride}
        if max_norm is not None:
            numbers["max_norm"] = max_norm
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"{name} is a number, got {type(value).__name__}")
            if not (math.isfinite(value) or (name == "cap" and value == math.inf)):
                raise ValueError(f"{name} is finite, got {value}")
        if weight <= 0:
            raise ValueError(f"weight is positive, got {weight}: to leave the optimizer as it is give no targets")
        if max_norm is not None and max_norm <= 0:
            raise ValueError(f"max_norm is positive, got {max_norm}: give None for no bound")
        if rule not in RULES:
            raise ValueError(f"rule is one of {', '.join(map(repr, RULES))}; got {rule!r}")
        if cap < 1:
            raise ValueError(f"cap is at least 1, got {cap}")
        if threshold < 0:
            raise ValueError(f"threshold is not negative, got {threshold}")
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing lies in [0, 1), got {smoothing}")
        if not 0 < stride <= 1:
            raise ValueError(f"stride lies in (0, 1], got {stride}: 1 is the whole way to the target in one step")
        self.targets = targets
        self.weight = float(weight)
        self.max_norm = None if max_norm is None else float(max_norm)
        self.rule = rule
        self.cap, self.threshold = float(cap), float(threshold)
        self.smoothing, self.stride = float(smoothing), float(stride)

    # -- What people call ---------------------------------------------------------------------------------------------

    def observe(self, loss: Tensor | float) -> None:
        """Add the loss of one micro-batch to the mean that ``step()`` without a loss then takes.

        Reads nothing on the host. Losses that were divided by the number of micro-batches are multiplied back first:
        what counts is the loss in the units of the targets. Errors are those of :meth:`step`, raised there where they
        concern the value.
        """
        value = _loss_value(loss)
        self._sum = (
            self._sum + value.to(self._sum.device)
            if isinstance(self._sum, Tensor) and isinstance(value, Tensor)
            else self._sum + value
        )
        self._count += 1

    def step(self, loss: Tensor | float | None = None) -> None:
        """Hand over the loss of the step to come; it replaces one whose step was skipped.

        Parameters
        ----------
        loss
            The mean loss of the batch that gave the gradients: a float, or a real tensor of one element, in the units
            of the targets. None: the mean of what :meth:`observe` was given since the last call. In an initialised
            process group it is averaged over the ranks, all of which call this.

        Raises
        ------
        TypeError
            Where the loss is no real number.
        ValueError
            Where it has more than one element, or is NaN or infinite; nothing is handed over then.
        RuntimeError
            Where the loss is None and nothing was observed.
        """
        for running in self._running.values():  # a step that ended in an exception
            _restore(running)
        self._running.clear()
        if self._moves:
            warnings.warn(
                f"{len(self._moves)} of {len(self._optimizers)} optimizers stepped on the last loss: their updates "
                "were not taken, because the rule needs those of all; this is how a step is skipped that a GradScaler "
                "refused in part",
                RuntimeWarning,
                stacklevel=2,
            )
            self._moves.clear()
        self._waiting.clear()
        if loss is not None:
            total, count = _loss_value(loss), 1
        elif self._count:
            total, count = self._sum, self._count
        else:
            raise RuntimeError("step() without a loss and without observe(loss) before it: hand over the loss")
        self._sum, self._count = 0.0, 0
        value = self._mean(total, count)
        if not math.isfinite(value):
            raise ValueError(
                f"the loss is {value}, targets and learning rates need a finite one: "
                "skip the optimizer's step for this batch, or lower the learning rate"
            )
        self._loss = self._value = self._level = value
        if self.rule == "reach" and self._mean_loss is not None:
            self._level = self.smoothing * self._mean_loss + (1 - self.smoothing) * value
        self._target = select_target(self.targets, self._level, self.threshold)
        if self.rule == "paper":
            self._alpha = guidance(value, self._target, self.weight)
        self._waiting.update(range(len(self._optimizers)))
        self._steps += 1

    @property
    def alpha(self) -> float:
        """The factor of the learning rate: that of the step to come for rule "paper", of the last for "reach"."""
        return float(self._alpha)

    @property
    def loss(self) -> float | None:
        """The loss that was handed over last."""
        return self._loss

    @property
    def target(self) -> float | None:
        """The target selected for that loss, None where none lies below it."""
        return self._target

    @property
    def shortening(self) -> float:
        """The part of the last update that ``max_norm`` and the guard let through, in [0, 1]."""
        return float(self._shortening)

    def get_last_lr(self) -> list[float]:
        """alpha times the learning rate of every group at the last step, the optimizers' groups one after another."""
        return [float(rate) * self.alpha for rates in self._last for rate in rates]

    def state_dict(self) -> dict[str, Any]:
        """Settings and state as plain numbers and texts, which ``torch.load(..., weights_only=True)`` reads.

        A loss that was handed over and not used is not part of it.
        """
        return {
            "targets": list(self.targets.values),
            "errors": None if self.targets.errors is None else list(self.targets.errors),
            "reason": self.targets.reason,
            "weight": self.weight,
            "max_norm": self.max_norm,
            "rule": self.rule,
            "cap": self.cap,
            "threshold": self.threshold,
            "smoothing": self.smoothing,
            "stride": self.stride,
            "steps": self._steps,
            "loss": self._loss,
            "target": self._target,
            "alpha": self.alpha,
            "mean_loss": self._mean_loss,
            **self._model.state_dict(),
            "full_rates": [list(rates) for rates in self._full_rates],
            "guard": None if self.guard is None else self.guard.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over settings and state; the next optimizer step needs a new loss.

        Raises
        ------
        ValueError
            Where entries are missing or unknown, the number of optimizers differs, or a guard is on one side only;
            nothing is changed then.
        """
        missing, unknown = self.state_dict().keys() - state.keys(), state.keys() - self.state_dict().keys()
        if missing or unknown:
            raise ValueError(f"not the state of a SurgeLR: missing {sorted(missing)}, unknown {sorted(unknown)}")
        if (state["guard"] is None) != (self.guard is None):
            raise ValueError(
                "the state has a guard and this SurgeLR has none: construct it with guard="
                if self.guard is None
                else "the state has no guard and this SurgeLR has one: construct it without"
            )
        if len(state["full_rates"]) != len(self._optimizers):
            raise ValueError(
                f"the state is that of a SurgeLR for {len(state['full_rates'])} optimizers, this one has "
                f"{len(self._optimizers)}"
            )
        errors = state["errors"]
        targets = Targets(tuple(state["targets"]), None if errors is None else tuple(errors), state["reason"])
        settings = [state[name] for name in SETTINGS]
        if self.guard is not None:
            before = self.guard.state_dict()
            self.guard.load_state_dict(state["guard"])
        try:
            self._configure(targets, *settings)
        except (TypeError, ValueError):
            if self.guard is not None:
                self.guard.load_state_dict(before)
            raise
        self._steps, self._loss, self._target = int(state["steps"]), state["loss"], state["target"]
        self._alpha = float(state["alpha"])
        self._mean_loss = state["mean_loss"]
        self._model = MomentumModel(self.smoothing)
        self._model.load_state_dict(state)
        self._full_rates = [[float(rate) for rate in rates] for rates in state["full_rates"]]
        self._moves.clear()
        self._waiting.clear()
        self._sum, self._count = 0.0, 0

    def detach(self) -> None:
        """Remove the hooks: from now on the optimizers step as if there had never been a SurgeLR."""
        for handle in self._handles:
            handle.remove()
        for running in self._running.values():
            _restore(running)
        self._running.clear()
        self._handles, self._kept = [], [{} for _ in self._optimizers]

    def __getstate__(self) -> NoReturn:
        raise TypeError(
            "a SurgeLR is not copied or pickled, since copies of optimizers lose their hooks: "
            "attach a new SurgeLR to the copy of the optimizer and load_state_dict(s.state_dict())"
        )

    # -- The hooks ----------------------------------------------------------------------------------------------------

    @property
    def _idle(self) -> bool:
        return not self.targets.values and self.max_norm is None and self.guard is None

    @_disable_dynamo
    def _before(
        self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        if self._idle:
            return None
        index = self._index(optimizer)
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        running = self._running.get(index)
        if running is not None and (closure is None or closure is running.closure):
            running.depth += 1  # a subclass that calls super().step(): one step, its hooks fire twice
            return None
        if closure is not None:
            if index in self._waiting:
                passed = self._restoring(index, closure)
            else:
                with torch.enable_grad():
                    value = closure()
                if index not in self._waiting:
                    self.step(value)
                passed = _evaluated(value, closure)
            closure = passed
            if "closure" in kwargs:
                kwargs = {**kwargs, "closure": passed}
            else:
                args = (args[0], passed, *args[2:])
        if index not in self._waiting:
            raise RuntimeError(
                "optimizer.step() without a loss: call s.step(loss) before each of them, hand over a closure, or "
                "s.detach() to go on without targets"
            )
        self._waiting.discard(index)
        with torch.no_grad():
            rates, parts = self._set_rates(index)
            kept = self._keep(index)
        versions = []
        if self._reaches and not _scaled(optimizer):
            versions = [(p, gradient._version) for p in kept if (gradient := p.grad) is not None]
        self._running[index] = _Running(rates, parts, kept, versions, closure)
        return (args, kwargs)

    @_disable_dynamo
    @torch.no_grad()
    def _after(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        index = self._index(optimizer)
        running = self._running.get(index)
        if running is None:
            return
        running.depth -= 1
        if running.depth:
            return
        del self._running[index]
        _restore(running)
        if not running.kept:
            return
        parameters = [parameter.detach() for parameter in running.kept]
        start = list(running.kept.values())
        if any(p.grad is not None and p.grad._version != version for p, version in running.versions):
            torch._foreach_copy_(parameters, start)
            raise RuntimeError(
                f"{type(optimizer).__name__} writes into the gradients, which rule='reach' needs as they were: "
                "use rule='paper'"
            )
        if _overflowed(optimizer):
            end = start  # no step was made
        elif self._waiting:  # the model stays where it is until all updates are known
            end = [parameter.clone() for parameter in parameters]
            torch._foreach_copy_(parameters, start)
        else:
            end = parameters
        self._moves[index] = _Move(list(running.kept), start, end, running.parts)
        if not self._waiting:
            moves = [move for move in self._moves.values() if move.end is not move.start]
            self._moves.clear()
            try:
                if moves:
                    self._shorten(moves)
            except BaseException:  # a step that is not finite is not taken
                for move in moves:
                    torch._foreach_copy_([parameter.detach() for parameter in move.parameters], move.start)
                raise

    def _restoring(self, index: int, closure: Callable[[], Any]) -> Callable[[], Any]:
        """The closure, which puts the rates back where it raises: the hook after the step does not run then."""

        def evaluate() -> Any:
            try:
                return closure()
            except BaseException:
                if index in self._running:
                    _restore(self._running.pop(index))
                raise

        return evaluate

    def _index(self, optimizer: Optimizer) -> int:
        return next(index for index, one in enumerate(self._optimizers) if one is optimizer)

    @property
    def _reaches(self) -> bool:
        return self.rule == "reach" and bool(self.targets.values)

    def _set_rates(
        self, index: int
    ) -> tuple[list[tuple[dict[str, Any], float | Tensor, Tensor | None]], list[float | Tensor]]:
        """Give every group the rate of the step: alpha times its own, or for rule "reach" its full rate.

        Returns what puts the rates back, and for every parameter that is trained the part of the full rate.
        """
        rates: list[tuple[dict[str, Any], float | Tensor, Tensor | None]] = []
        parts: list[float | Tensor] = []
        last: list[float | Tensor] = []
        copies: dict[Tensor, Tensor] = {}  # groups may share one tensor
        for position, group in enumerate(self._optimizers[index].param_groups):
            rate = group["lr"]
            copy: Tensor | None = None
            if isinstance(rate, Tensor):
                if rate in copies:
                    copy = copies[rate]
                else:
                    copy = copies[rate] = rate.clone()
            own = rate if copy is None else copy
            new: float | Tensor
            part: float | Tensor = 1.0
            if self._reaches and (full := self._full_rate(index, position)) > 0:
                new = full
                part = torch.clamp(own / full, max=1.0) if isinstance(own, Tensor) else min(1.0, own / full)
                last.append(part * full)
            else:
                new = own if self._reaches or self._alpha == 1.0 else own * self._alpha
                last.append(own)
            if new is not own:
                if isinstance(rate, Tensor):
                    rate.fill_(new)
                else:
                    group["lr"] = new
            rates.append((group, rate, copy))
            parts += [part] * sum(parameter.requires_grad for parameter in group["params"])
        self._last[index] = last
        return rates, parts

    def _full_rate(self, index: int, position: int) -> float:
        """What the rate of a group is compared with: what its scheduler calls the full one, or the first one seen."""
        known = self._full_rates[index]
        known += [0.0] * (position + 1 - len(known))
        if known[position] == 0:
            group = self._optimizers[index].param_groups[position]
            known[position] = float(group.get("max_lr", group.get("initial_lr", group["lr"])))
        return known[position]

    def _keep(self, index: int) -> dict[Tensor, Tensor]:
        """The parameters before the step, in the kept buffer, where the update will be measured."""
        if not self._reaches and self.max_norm is None and self.guard is None:
            return {}
        old, kept = self._kept[index], {}
        for group in self._optimizers[index].param_groups:
            for parameter in group["params"]:
                if parameter.requires_grad:
                    kept[parameter] = _room(parameter, old.get(parameter))
        torch._foreach_copy_(list(kept.values()), list(kept))
        self._kept[index] = kept
        return kept

    def _shorten(self, moves: Sequence[_Move]) -> None:
        """Take the part of the updates, one and the same of all, that rule "reach", ``max_norm`` and the guard ask for.

        The schedule's part comes last: it divides what these leave.
        """
        parameters = [parameter for move in moves for parameter in move.parameters]
        start = [x for move in moves for x in move.start]
        end = [x for move in moves for x in move.end]
        parts = [part for move in moves for part in move.parts]
        multiple: Scalar = 1.0
        if self._reaches:
            updates: Sequence[Tensor] = end  # in place: the new values are not needed again
            torch._foreach_sub_(end, start)
            multiple, left = self._reach(parameters, updates, parts)
            self._alpha = multiple
        else:
            updates = torch._foreach_sub(end, start)
        wanted = multiple
        if self.max_norm is not None:
            multiple = smaller(multiple, unread(self.max_norm / euclidean_norm(updates)))
        if self.guard is not None:
            limit = self.guard.limit(
                dict(zip(parameters, start, strict=True)),
                dict(zip(parameters, updates, strict=True)),
                multiple=float(multiple),
            )
            multiple = smaller(multiple, limit)
        self._shortening = _ratio(multiple, wanted)
        # From the old parameters on, since the difference of a huge update has no digit of the old ones.
        if self._reaches:
            for parameter, origin, update, part in zip(parameters, start, updates, parts, strict=True):
                weight = multiple * part
                if isinstance(weight, Tensor):
                    torch.addcmul(origin, update, weight.to(origin.device, origin.dtype), out=parameter)
                else:
                    torch.add(origin, update, alpha=weight, out=parameter)
            if self._model.fall is not None:
                self._model.gain(multiple * left * self._model.fall)
            return
        if isinstance(multiple, Tensor) or multiple != 1:  # nothing is written in vain where this is known
            old, new = ([torch.view_as_real(x) if x.is_complex() else x for x in tensors] for tensors in (start, end))
            weights = [torch.as_tensor(multiple, device=x.device, dtype=x.dtype) for x in old]
            torch._foreach_lerp_(old, new, weights)  # exact at weight 1
            end = start
        if end is start or len(moves) > 1:
            torch._foreach_copy_([p.detach() for p in parameters], end)

    def _reach(
        self, parameters: Sequence[Tensor], updates: Sequence[Tensor], parts: Sequence[float | Tensor]
    ) -> tuple[Scalar, Scalar]:
        """The multiple of the updates that reaches the target, and the part of the fall along them that is left.

        That is what the schedule leaves.
        """
        products: list[Scalar] = []
        shares: list[float | Tensor] = []
        for parameter, update, part in zip(parameters, updates, parts, strict=True):
            gradient = parameter.grad
            if gradient is not None:
                products.append(unread(_inner(gradient.to_dense() if gradient.is_sparse else gradient, update)))
                shares.append(part)
        if not products:
            raise RuntimeError("rule='reach' needs the gradients after the step, and another hook has cleared them")
        home = updates[0].device
        fall = -_total(products, home)
        first = parts[0]
        left: Scalar = unread(first) if isinstance(first, Tensor) else first
        if any(part is not first and (isinstance(part, Tensor) or part != left) for part in parts):
            scheduled = -_total([product * part for product, part in zip(products, shares, strict=True)], home)
            left = _share(scheduled, fall)
        self._mean_loss = self._level
        self._model.observe(self._value, fall)
        return self._model.reach(self._target, self.stride, self.cap), left

    def _mean(self, total: Tensor | float, count: int) -> float:
        """The mean over micro-batches and ranks; the collective precedes the check of the value, so all ranks raise."""
        if not (dist.is_available() and dist.is_initialized()):
            return float(total) / count
        if isinstance(total, Tensor):
            device = total.device
        else:
            nccl = dist.get_backend(self._process_group) == "nccl"
            device = torch.device("cuda", torch.cuda.current_device()) if nccl else torch.device("cpu")
        pair = torch.stack([torch.as_tensor(x, dtype=torch.float64, device=device) for x in (total, count)])
        dist.all_reduce(pair, group=self._process_group)
        both: list[float] = pair.tolist()
        return both[0] / both[1]


def _bare(optimizer: Optimizer) -> Optimizer:
    """The optimizer that takes the hooks, checked."""
    while isinstance(inner := getattr(optimizer, "optimizer", None), Optimizer):
        optimizer = inner
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer is a torch.optim.Optimizer, got {type(optimizer).__name__}")
    name = type(optimizer).__name__
    if isinstance(optimizer, LBFGS):
        raise ValueError(
            "LBFGS evaluates the loss up to 20 times in a step and searches along its own line: one loss and one alpha "
            "for all of it mean nothing; use a first-order optimizer"
        )
    if isinstance(optimizer, Rprop | ASGD):
        raise ValueError(
            f"{name} keeps its step size in its state, where the learning rate of a step does not scale it"
        )
    for hook in optimizer._optimizer_step_pre_hooks.values():
        if isinstance(getattr(hook, "__self__", None), SurgeLR):
            raise ValueError("the optimizer has a SurgeLR already, both would act: detach() that one first")
    for group in optimizer.param_groups:
        rate = group.get("lr")
        if isinstance(rate, bool) or not isinstance(rate, float | int | Tensor):
            raise TypeError(f"{name} has a group with lr={rate!r}: a number or a tensor is needed, to multiply it")
        if group.get("maximize"):
            raise ValueError(f"{name} has maximize=True: targets lie below a loss, give it with the other sign")
        if group.get("differentiable"):
            raise ValueError(f"{name} has differentiable=True: its updates are part of a graph and cannot be replaced")
    return optimizer


def _loss_value(loss: Tensor | float) -> Tensor | float:
    """The loss as a float, or on an accelerator as a double-precision tensor without a graph."""
    if isinstance(loss, Tensor):
        if loss.is_complex() or loss.dtype == torch.bool:
            raise TypeError(f"a loss is real, got a tensor of {loss.dtype}")
        if loss.numel() != 1:
            raise ValueError(f"a loss is one number, got shape {tuple(loss.shape)}: hand over its mean")
        return unread(loss.detach().reshape(()))
    given: object = loss  # numpy's scalars are real numbers too
    if isinstance(given, bool) or not isinstance(given, Real):
        raise TypeError(f"a loss is a real number or a tensor of one element, got {type(loss).__name__}")
    return float(given)


def _evaluated(value: Any, closure: Callable[[], Any]) -> Callable[[], Any]:
    """The closure, whose first evaluation has been made."""
    values = [value]
    return lambda: values.pop() if values else closure()


def _restore(running: _Running) -> None:
    """Put the learning rates back."""
    for group, rate, copy in running.rates:
        if copy is None:
            group["lr"] = rate
        elif isinstance(rate, Tensor):
            with torch.no_grad():
                rate.copy_(copy)


def _room(parameter: Tensor, buffer: Tensor | None) -> Tensor:
    """A buffer for the values of a parameter: the one that there is, as long as it fits."""
    if (
        buffer is not None
        and buffer.shape == parameter.shape
        and buffer.dtype == parameter.dtype
        and buffer.device == parameter.device
    ):
        return buffer
    return torch.empty_like(parameter, requires_grad=False)


def _scaled(optimizer: Optimizer) -> bool:
    """Whether a GradScaler leaves it to a fused optimizer to unscale the gradients, which it does in place."""
    return getattr(optimizer, "grad_scale", None) is not None


def _overflowed(optimizer: Optimizer) -> bool:
    """Whether a GradScaler has told a fused optimizer that gradients overflowed: it has made no step then."""
    found = getattr(optimizer, "found_inf", None)
    return found is not None and bool(found)


def _ratio(part: Scalar, whole: Scalar) -> Scalar:
    """What is left of a multiple; 1 where there was nothing to take from."""
    if isinstance(part, Tensor) or isinstance(whole, Tensor):
        return torch.nan_to_num(torch.as_tensor(part / whole), nan=1.0)
    return part / whole if whole else 1.0


def _share(part: Scalar, whole: Scalar) -> Scalar:
    """The quotient within [0, 1]; 1 where it is NaN."""
    both = torch.as_tensor(part, dtype=torch.float64), torch.as_tensor(whole, dtype=torch.float64)
    return unread(torch.nan_to_num(both[0] / both[1], nan=1.0).clamp(0, 1))


def _total(numbers: Sequence[Scalar], home: torch.device) -> Scalar:
    """The sum; a float where all are."""
    tensors = [number for number in numbers if isinstance(number, Tensor)]
    read = sum(number for number in numbers if not isinstance(number, Tensor))
    return torch.stack([number.to(home) for number in tensors]).sum() + read if tensors else read


def _inner(gradient: Tensor, update: Tensor) -> Tensor:
    """The real part of their inner product, in single precision or better."""
    if update.is_complex():
        gradient, update = torch.view_as_real(torch.resolve_conj(gradient)), torch.view_as_real(update)
    if update.dtype.itemsize < 4:
        gradient, update = gradient.float(), update.float()
    return torch.dot(gradient.reshape(-1), update.reshape(-1))
