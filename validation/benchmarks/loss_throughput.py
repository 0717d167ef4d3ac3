"""Losses of a multilayer perceptron at many parameter vectors, and their gradients.

A network 784-100-10 with tanh and cross-entropy on 256 samples, in single precision, as
:meth:`surge.Landscape.from_module` evaluates it, checks of its input and output included, beside

* *a Python loop*: ``torch.func.functional_call`` for one vector after the other;
* *torch.vmap* of the same;
* *torch.bmm*: the network written out by hand in products of stacks of matrices, without checks;
* *products at peak speed*: the time that the floating-point operations of the matrix products alone take at the speed
  of one large product in single precision, measured in the same turn. The losses that are judged under this name are
  those of the products written out by hand; making them is not timed.

The vectors come in double precision, as estimators have them, or in single precision. Everyone gets the same.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surge import Landscape

from .contest import OURS, Contender, Contest, Outcome

__all__ = ["BMM", "LOOP", "PEAK", "VMAP", "gradients", "losses", "rates"]

LOOP, VMAP, BMM, PEAK = "Python loop", "torch.vmap", "torch.bmm", "products at peak speed"

_DATA, _WIDTHS = 256, (784, 100, 10)
#: Standard deviation of the parameters around those of the start.
_SCALE = 0.05
#: Rows and columns of the product whose speed is the peak: large enough to reach it.
_LARGE = {"cpu": 2048, "cuda": 8192}
#: Vectors whose losses are judged.
_JUDGED = 64

_Array = NDArray[np.float64]


def losses(particles: int, dtype: torch.dtype, device: str) -> Contest:
    """The losses alone."""
    return _contest("losses", particles, dtype, device)


def gradients(particles: int, dtype: torch.dtype, device: str) -> Contest:
    """Losses and their gradients."""
    return _contest("losses and gradients", particles, dtype, device)


def rates(outcome: Outcome) -> str:
    """Losses a second, and which part of the peak that is.

    >>> from .contest import Entry
    >>> entries = Entry(OURS, "measured", (0.5,)), Entry(PEAK, "measured", (0.25,))
    >>> print(rates(Outcome("64 vectors", 64, entries)))
    losses a second: resurgence 128 (50 % of peak), products at peak speed 256 (100 % of peak)
    """
    peak = outcome.entry(PEAK).seconds
    return "losses a second: " + ", ".join(
        f"{entry.name} {outcome.size / entry.seconds:,.0f} ({100 * peak / entry.seconds:.0f} % of peak)"
        for entry in outcome.entries
        if entry.times
    )


def _contest(what: str, particles: int, dtype: torch.dtype, device: str) -> Contest:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(_DATA, _WIDTHS[0], generator=generator)
    targets = torch.randint(_WIDTHS[-1], (_DATA,), generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(*_WIDTHS[:2]), nn.Tanh(), nn.Linear(*_WIDTHS[1:]))
    start = nn.utils.parameters_to_vector(model.parameters()).detach()
    model, batch = model.to(device), (inputs.to(device), targets.to(device))
    spread = torch.Generator(device).manual_seed(0)
    theta = torch.randn(particles, len(start), generator=spread, device=device).mul_(_SCALE).add_(start.to(device))
    judged = theta[:_JUDGED].cpu().double().numpy()
    theta = theta.to(dtype)

    loss_fn = nn.functional.cross_entropy
    land = Landscape.from_module(model, loss_fn, batch, _SCALE, dtype=dtype)
    frozen = model.eval().requires_grad_(False)
    shapes = {name: p.shape for name, p in frozen.named_parameters()}

    def one(vector: Tensor) -> Tensor:
        pieces = torch.split(vector, [shape.numel() for shape in shapes.values()])
        named = {name: piece.view(shape).float() for piece, (name, shape) in zip(pieces, shapes.items(), strict=True)}
        return loss_fn(torch.func.functional_call(frozen, named, batch[0]), batch[1])

    vmapped = torch.vmap(one)

    def by_loop(vectors: Tensor) -> Tensor:
        return torch.stack([one(vector) for vector in vectors])

    def by_hand(vectors: Tensor) -> Tensor:
        return _by_hand(vectors, *batch)

    # Forward, each layer is a product; backward, another one for its weights and, except for the first, for its input.
    products = [p * h for p, h in itertools.pairwise(_WIDTHS)]
    operations = 2 * particles * _DATA * (sum(products) if what == "losses" else 3 * sum(products) - products[0])

    def at_peak(_: object) -> tuple[float, object]:
        seconds = operations / _peak(device)
        return seconds, run(by_hand)(None)

    def run(values: Callable[[Tensor], Tensor]) -> Callable[[object], object]:
        return lambda _: _finish(_with_gradients(values, theta) if what != "losses" else _without(values, theta))

    def ours(_: object) -> object:
        return _finish((land(theta),) if what == "losses" else land.value_and_gradient(theta))

    def read(result: object) -> Sequence[float]:
        assert isinstance(result, tuple)
        numbers = [x[:_JUDGED].double().cpu() for x in result]
        values: list[float] = numbers[0].tolist()
        return values if what == "losses" else values + numbers[1].norm(dim=1).tolist()

    contenders = [
        Contender(OURS, ours, read),
        Contender(LOOP, run(by_loop), read),
        Contender(VMAP, run(vmapped), read),
        Contender(BMM, run(by_hand), read),
        Contender(PEAK, at_peak, read, own_clock=True),
    ]
    values, norms = _reference(judged, inputs.double().numpy(), targets.numpy())
    reference = values if what == "losses" else np.concatenate([values, norms])
    label = f"{what} at {particles} vectors in {dtype}".replace("torch.", "")
    return Contest(label if device == "cpu" else f"{label} on {device}", particles, contenders, reference.tolist(), 64)


def _by_hand(theta: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
    count, (p, h, k) = len(theta), _WIDTHS
    w1, b1, w2, b2 = (part.float() for part in torch.split(theta, [h * p, h, k * h, k], 1))
    x = inputs.expand(count, *inputs.shape)
    x = torch.baddbmm(b1[:, None], x, w1.view(count, h, p).mT).tanh()
    x = torch.baddbmm(b2[:, None], x, w2.view(count, k, h).mT)
    right = x.gather(2, targets.expand(count, -1)[..., None])[..., 0]
    return (x.logsumexp(2) - right).mean(1)


def _without(values: Callable[[Tensor], Tensor], theta: Tensor) -> tuple[Tensor, ...]:
    with torch.no_grad():
        return (values(theta),)


def _with_gradients(values: Callable[[Tensor], Tensor], theta: Tensor) -> tuple[Tensor, ...]:
    point = theta.detach().requires_grad_()
    found = values(point)
    return found.detach(), *torch.autograd.grad(found.sum(), point)


def _finish(result: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The result, when the device has it."""
    if result[0].device.type == "cuda":
        torch.cuda.synchronize(result[0].device)
    return result


def _peak(device: str) -> float:
    """Floating-point operations a second in one large product of matrices."""
    size = _LARGE[torch.device(device).type]
    a = torch.ones(size, size, device=device)
    out = torch.empty_like(a)
    _finish((torch.mm(a, a, out=out),))
    start = time.perf_counter()
    _finish((torch.mm(a, a, out=out),))
    return 2 * size**3 / (time.perf_counter() - start)


def _reference(theta: _Array, inputs: _Array, targets: NDArray[np.int64]) -> tuple[_Array, _Array]:
    """Losses and norms of their gradients in double precision, by the chain rule, one vector after the other."""
    p, h, k = _WIDTHS
    rows = np.arange(len(inputs))
    values, norms = [], []
    for vector in theta:
        w1, b1, w2, b2 = np.split(vector, np.cumsum([h * p, h, k * h]))
        hidden = np.tanh(inputs @ w1.reshape(h, p).T + b1)
        logits = hidden @ w2.reshape(k, h).T + b2
        logits -= logits.max(1, keepdims=True)
        total = np.exp(logits).sum(1, keepdims=True)
        values.append((np.log(total[:, 0]) - logits[rows, targets]).mean())
        slope = np.exp(logits) / total
        slope[rows, targets] -= 1
        slope /= len(inputs)
        inner = (slope @ w2.reshape(k, h)) * (1 - hidden**2)
        parts = inner.T @ inputs, inner.sum(0), slope.T @ hidden, slope.sum(0)
        norms.append(np.sqrt(sum(float((part**2).sum()) for part in parts)))
    return np.array(values), np.array(norms)
