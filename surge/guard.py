"""The singularity guard: a bound on the step from the complex zeros of the softmax partition function.

Cross-entropy is ``log F - z_y`` with ``F = sum_k exp(z_k)``. Along an update p the logits are ``z_k + tau a_k`` to
first order, with ``a = J p``, and F can only vanish where the phases ``Im(tau) a_k`` spread over at least pi: with
``D = max_k a_k - min_k a_k``, F has no zero in ``|tau| < pi / D``, so that the Taylor series of the loss in tau
converges there. A step is tau = 1; the guard multiplies it by

    s = min(1, ratio pi / D),        D the largest over the samples,

which needs one Jacobian-vector product and no norm (*Ghosts of Softmax: Complex Singularities That Limit Safe Step
Sizes in Cross-Entropy*, 2026). For two classes the zeros nearest to the real axis stand at ``tau = (-delta +- i pi) /
D``, delta the difference of the logits: the bound is attained at a decision boundary.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp, vjp
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parallel import DistributedDataParallel

__all__ = ["SingularityGuard", "euclidean_norm"]

METHODS = ("forward", "double_backward", "difference")

# The product is computed anew once the predicted r = D / (ratio pi) exceeds this: the prediction knows the length of
# the update but not its direction, so that it leaves room for a spread per length twice the one last seen.
MARGIN = 0.5

# Between two products the last spread per length bounds updates too, unless r has grown by more than this since: at a
# spike of the learning rate the bound is to be that of the update itself.
SUDDEN = 4.0

# Tensors whose squares are summed in no less than single precision as they are, and whose norms are read for nothing.
_FOLDED = {("cpu", kind) for kind in (torch.float32, torch.float64, torch.complex64, torch.complex128)}


class SingularityGuard:
    """Bounds an update by the distance to the nearest possible zero of the softmax partition function.

    Parameters
    ----------
    model
        A module that maps a batch to logits, classes on the last axis. A single logit (last axis of length one, or one
        axis only) is that of a logistic loss: the softmax over (0, z).
    batch
        What the model is called with: a tensor, a tuple of tensors (positional), a mapping (keywords), or a function
        without arguments that returns one of these. Samples lie along the first axis. ``guard.batch = ...`` renews it.
    ratio
        The largest r = D / pi that is allowed; 1 is the bound of the theorem.
    logits
        From what the model returns to the logits, where these differ: ``lambda output: output.logits``.
    fraction
        The leading part of the batch that is used, at least one sample. D is then the largest over that part: a lower
        bound of that over the batch.
    interval
        Updates from one product to the next where the predicted r = D / (ratio pi) is above one half, unless r has
        grown fourfold: in between the last D per length is taken for the present one. 1 computes it each time.
    refresh
        The product is computed at the latest after this many updates, whatever is predicted.
    method
        ``"forward"`` (forward-mode), ``"double_backward"`` (two reverse passes, also exact), ``"difference"`` (central
        difference, an approximation; refused below 32 bits), or ``"auto"``: the first of these that the model allows.

    Raises
    ------
    TypeError, ValueError
        For arguments of the wrong type or out of range.

    Notes
    -----
    The model is evaluated in evaluation mode, on copies of its buffers: no dropout, no draw from the generators, no
    running statistics changed. Between products D is predicted from the length of the update and the last D per
    length. That prediction and D are read on the host: one synchronisation per update, two with a product.
    In an initialised process group D is the largest over the ranks, so that replicas stay equal.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Linear(1, 2, bias=False)
    >>> guard = SingularityGuard(model, torch.ones(4, 1))
    >>> start = {model.weight: torch.zeros(2, 1)}
    >>> guard.factor(start, {model.weight: torch.tensor([[1.0], [-1.0]])})           # D = 2
    1.0
    >>> round(guard.factor(start, {model.weight: torch.tensor([[50.0], [-50.0]])}), 6)  # D = 100
    0.031416
    """

    def __init__(
        self,
        model: nn.Module,
        batch: Any,
        ratio: float = 1.0,
        *,
        logits: Callable[[Any], Tensor] | None = None,
        fraction: float = 0.125,
        interval: int = 5,
        refresh: int = 25,
        method: str = "auto",
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model is a torch.nn.Module that returns logits, got {type(model).__name__}")
        if isinstance(ratio, bool) or not isinstance(ratio, int | float):
            raise TypeError(f"ratio is a number, got {type(ratio).__name__}")
        if not (math.isfinite(ratio) and ratio > 0):
            raise ValueError(f"ratio is positive and finite, got {ratio}: 1 is the bound of the theorem")
        if logits is not None and not callable(logits):
            raise TypeError(f"logits is a function of the model's output, got {type(logits).__name__}")
        if not 0 < fraction <= 1:
            raise ValueError(f"fraction lies in (0, 1], got {fraction}")
        for name, value in (("interval", interval), ("refresh", refresh)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} is a number of updates, got {type(value).__name__}")
            if value < 1:
                raise ValueError(f"{name} is at least 1, got {value}")
        if method not in ("auto", *METHODS):
            raise ValueError(f"method is one of 'auto', {', '.join(map(repr, METHODS))}; got {method!r}")
        # The replica's own forward would start collectives.
        self.model: nn.Module = model.module if isinstance(model, DistributedDataParallel) else model
        self.batch = batch
        self.ratio = float(ratio)
        self.logits = logits
        self.fraction = float(fraction)
        self.interval, self.refresh = interval, refresh
        self.method = method
        self.products = 0
        self._per_length: float | None = None
        self._last_r = 0.0
        self._age = 0

    def factor(self, start: Mapping[Tensor, Tensor], update: Mapping[Tensor, Tensor]) -> float:
        """The multiple s = min(1, ratio pi / D) of an update that is safe.

        Parameters
        ----------
        start
            From parameters of the model (the objects themselves) to the values from which the update leads.
        update
            From the same parameters to their update, of the parameters' shapes.

        Returns
        -------
        float
            In (0, 1]; 1 also where the prediction stays below one half and the product is not computed.

        Raises
        ------
        ValueError
            Where no parameter of the model is among those given.
        FloatingPointError
            Where the update or the logits' derivatives along it are not finite.
        """
        return min(1.0, self.limit(start, update))

    def limit(self, start: Mapping[Tensor, Tensor], update: Mapping[Tensor, Tensor], multiple: float = 1.0) -> float:
        """The largest safe multiple ratio pi / D of an update, inf where ``multiple`` of it is predicted to be safe.

        Parameters and errors are those of :meth:`factor`; ``multiple`` is the part of the update that is to be taken.
        """
        if not update:
            raise ValueError("the update is empty: give at least one parameter of the model")
        length = float(euclidean_norm(update.values()))
        if not math.isfinite(length):
            raise FloatingPointError(f"the length of the update is {length}: the optimizer's step is not finite")
        if length == 0:
            return math.inf
        if self._per_length is not None and self._age < self.refresh:
            predicted = multiple * length * self._per_length / (self.ratio * math.pi)
            if predicted <= MARGIN:
                self._age += 1
                return math.inf
            if self._age < self.interval and predicted <= SUDDEN * self._last_r:
                self._age += 1
                return multiple / predicted
        spread = float(self.spread(start, update))
        if not math.isfinite(spread):
            raise FloatingPointError(
                f"the spread of the logits' derivatives along the update is {spread}: the parameters, the batch or the "
                "update are not finite, or too large for their floating-point type"
            )
        self._per_length = spread / length
        self._last_r = multiple * spread / (self.ratio * math.pi)
        self._age = 1
        return self.ratio * math.pi / spread if spread > 0 else math.inf

    def spread(self, start: Mapping[Tensor, Tensor], update: Mapping[Tensor, Tensor]) -> Tensor:
        """D: the largest over the samples of max_k a_k - min_k a_k, where a = J p; always computed.

        Parameters and errors are those of :meth:`factor`, but a D that is not finite is returned as it is.

        Returns
        -------
        Tensor
            Of shape (), of the logits' type, on their device; the largest over the ranks of a process group.
        """
        names: dict[Tensor, str] = {parameter: name for name, parameter in self.model.named_parameters()}
        values = {names[parameter]: value for parameter, value in start.items() if parameter in names}
        tangents = {names[parameter]: step for parameter, step in update.items() if parameter in names}
        if not tangents or values.keys() != tangents.keys():
            raise ValueError(
                f"start and update share {len(values.keys() & tangents.keys())} of the {len(names)} parameters of the "
                "guard's model: give both for the same parameters, of the model that the optimizer trains"
            )
        arguments, keywords = self._leading_samples()

        def logits(parameters: dict[str, Tensor]) -> Tensor:
            buffers = {name: buffer.clone() for name, buffer in self.model.named_buffers()}
            output = functional_call(self.model, {**buffers, **parameters}, arguments, keywords)
            found = output if self.logits is None else self.logits(output)
            if not isinstance(found, Tensor):
                raise TypeError(
                    f"the model returns {type(found).__name__}, not a tensor of logits: "
                    "give logits=, a function from what it returns to the logits"
                )
            return found

        with _evaluation(self.model):
            derivative = self._product(logits, values, tangents).detach()
        if derivative.ndim < 2 or derivative.shape[-1] == 1:
            # The logistic loss: the logits (0, z).
            largest = derivative.abs().amax()
        else:
            largest = (derivative.amax(-1) - derivative.amin(-1)).amax()
        self.products += 1
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(largest, op=torch.distributed.ReduceOp.MAX)
        return largest

    def state_dict(self) -> dict[str, float | int | str | None]:
        """What the prediction remembers, as plain numbers."""
        return {
            "per_length": self._per_length,
            "last_r": self._last_r,
            "age": self._age,
            "products": self.products,
            "method": self.method,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave; ValueError where its entries differ from those."""
        if state.keys() != self.state_dict().keys() or state["method"] not in ("auto", *METHODS):
            raise ValueError(f"not the state of a guard: entries {sorted(state)}, expected {sorted(self.state_dict())}")
        self._per_length = None if state["per_length"] is None else float(state["per_length"])
        self._last_r = float(state["last_r"])
        self._age, self.products, self.method = int(state["age"]), int(state["products"]), str(state["method"])

    def _leading_samples(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The leading part of the batch, as positional and keyword arguments of the model."""
        batch = self.batch() if callable(self.batch) and not isinstance(self.batch, Tensor) else self.batch
        arguments: tuple[Any, ...] = ()
        keywords: dict[str, Any] = {}
        if isinstance(batch, Mapping):
            keywords = {str(key): value for key, value in batch.items()}
        else:
            arguments = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
        tensors = [x for x in (*arguments, *keywords.values()) if isinstance(x, Tensor) and x.ndim > 0]
        if not tensors or tensors[0].shape[0] == 0:
            raise ValueError("the batch holds no sample: give a tensor with samples along the first axis")
        samples = tensors[0].shape[0]
        kept = max(1, math.ceil(self.fraction * samples))

        def leading(x: Any) -> Any:
            return x[:kept] if isinstance(x, Tensor) and x.ndim > 0 and x.shape[0] == samples else x

        return tuple(leading(x) for x in arguments), {key: leading(x) for key, x in keywords.items()}

    def _product(
        self, logits: Callable[[dict[str, Tensor]], Tensor], values: dict[str, Tensor], tangents: dict[str, Tensor]
    ) -> Tensor:
        """J p by the method that was asked for, or by the first that the model's operations allow."""
        products = dict(zip(METHODS, (_forward, _double_backward, _difference), strict=True))
        if self.method != "auto":
            return products[self.method](logits, values, tangents)
        refusals = []
        for name, product in products.items():
            try:
                result = product(logits, values, tangents)
            except (NotImplementedError, RuntimeError) as error:  # an operation without the rule that is needed
                refusals.append(f"{name}: {error}")
                continue
            if refusals:
                warnings.warn(
                    f"the singularity guard uses method={name!r}; not available: " + "; ".join(refusals),
                    RuntimeWarning,
                    stacklevel=4,
                )
            self.method = name  # the model's operations do not change: no second attempt at what failed
            return result
        raise RuntimeError("no method gives the logits' derivative along the update: " + "; ".join(refusals))


def euclidean_norm(tensors: Iterable[Tensor]) -> Tensor:
    """The Euclidean norm of all tensors together, of shape (), in double precision, on the device of the first.

    Summed in double precision where single precision overflows: the squares do for entries above 1e19, which is where a
    bound on an update is needed most.

    Examples
    --------
    >>> euclidean_norm([torch.full((3,), 1e30), torch.full((1,), 1e30)])
    tensor(2.0000e+30, dtype=torch.float64)
    """
    tensors = list(tensors)
    kinds = {(x.device.type, x.dtype) for x in tensors}
    if len(kinds) == 1 and kinds <= _FOLDED:  # conversion takes six times the sum
        total: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)), dtype=torch.float64)
        if math.isfinite(total.item()):  # where reading is free
            return total
    return _norm([torch.linalg.vector_norm(x, dtype=torch.promote_types(x.dtype, torch.float64)) for x in tensors])


def _norm(norms: Sequence[Tensor]) -> Tensor:
    total: Tensor = torch.linalg.vector_norm(torch.stack([norm.double().to(norms[0].device) for norm in norms]))
    return total


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, attention kernels that can be differentiated twice, and everything as it was afterwards."""
    modes = {module: module.training for module in model.modules()}
    fast_path = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        model.eval()
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        for module, mode in modes.items():
            module.training = mode


def _forward(
    logits: Callable[[dict[str, Tensor]], Tensor], values: dict[str, Tensor], tangents: dict[str, Tensor]
) -> Tensor:
    """J p by forward-mode differentiation."""
    with torch.no_grad(), warnings.catch_warnings():  # no_grad is about reverse mode only: nothing is stored
        # The first product loads torch's own rules, which are written with torch.jit.script.
        warnings.filterwarnings("ignore", message=".*torch.jit.script", category=DeprecationWarning)
        derivative: Tensor = jvp(logits, (values,), (tangents,))[1]
    return derivative


def _double_backward(
    logits: Callable[[dict[str, Tensor]], Tensor], values: dict[str, Tensor], tangents: dict[str, Tensor]
) -> Tensor:
    """J p as the transpose of v -> J^T v, which is linear: two reverse passes (Townsend 2017)."""
    with torch.enable_grad():
        output, pull = vjp(logits, values)[:2]
        transpose = vjp(lambda v: pull(v)[0], torch.zeros_like(output))[1]
        derivative: Tensor = transpose(tangents)[0]
    return derivative


@torch.no_grad()
def _difference(
    logits: Callable[[dict[str, Tensor]], Tensor], values: dict[str, Tensor], tangents: dict[str, Tensor]
) -> Tensor:
    """J p by a central difference; its step is the cube root of the unit roundoff relative to the parameters."""
    dtypes = {x.dtype for x in values.values()}
    if any(torch.finfo(dtype).bits < 32 for dtype in dtypes):
        raise RuntimeError(f"a difference of logits has no correct digit in {sorted(map(str, dtypes))}")

    def size(tensors: dict[str, Tensor]) -> float:
        return math.sqrt(sum(float(x.double().square().sum()) for x in tensors.values()))

    unit = max(torch.finfo(dtype).eps for dtype in dtypes)
    step = unit ** (1 / 3) * max(size(values), 1.0) / size(tangents)
    ahead, behind = (logits({name: x + sign * step * tangents[name] for name, x in values.items()}) for sign in (1, -1))
    derivative: Tensor = (ahead - behind) / (2 * step)
    return derivative
