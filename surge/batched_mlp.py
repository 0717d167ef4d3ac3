"""A multilayer perceptron at many parameter vectors and one batch of data, as few large matrix products.

``torch.vmap`` turns the layers of B networks into products of stacks of matrices. The first of them meets the same data
in every network: with X (n, p) and the weights W_b (h, p) one after the other, (B h, p), it is one product with X^T,
which reaches the speed of large matrices. Later layers are stacks. Activations stay in the order (B, h, n) in which
that product leaves them, so that nothing is copied in between. What it gains over ``torch.vmap`` is little for losses
and more for gradients (``python -m validation benchmarks --only loss-throughput``), and that it is known how much
memory it takes, so that chunks can be large.

>>> model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
>>> network = BatchedMLP.of(model, torch.ones(5, 2), [name for name, _ in model.named_parameters()])
>>> network({name: torch.zeros(7, *p.shape) for name, p in model.named_parameters()}).shape
torch.Size([7, 5, 1])
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["BatchedMLP"]

#: Layers that act on each number alone and have no parameters. In evaluation mode dropout is one of them.
_ELEMENTWISE = (
    nn.CELU,
    nn.Dropout,
    nn.ELU,
    nn.GELU,
    nn.Hardtanh,
    nn.Identity,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.ReLU,
    nn.ReLU6,
    nn.SELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Softplus,
    nn.Tanh,
)


@dataclass(frozen=True)
class _Linear:
    """A linear layer: each of weight and bias is fixed, or has a value for each network, found under a name."""

    weight: Tensor | str
    bias: Tensor | str | None
    width: int

    @classmethod
    def of(cls, layer: nn.Linear, names: Mapping[int, str]) -> _Linear:
        bias = None if layer.bias is None else names.get(id(layer.bias), layer.bias.detach())
        return cls(names.get(id(layer.weight), layer.weight.detach()), bias, layer.out_features)

    @property
    def varies(self) -> bool:
        return isinstance(self.weight, str) or isinstance(self.bias, str)

    def __call__(self, x: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """From x (p, n), the same for all networks, or (B, p, n), to (B, k, n)."""
        weight = parameters[self.weight] if isinstance(self.weight, str) else self.weight
        # With one x for all, this is one product where the weights lie one after the other in memory, as they do after
        # a change of type, and a stack of products where they would have to be copied for it.
        x = weight @ x
        if self.bias is None:
            return x
        bias = (parameters[self.bias] if isinstance(self.bias, str) else self.bias)[..., None]
        # In place, unless biases alone make B different outputs: no derivative needs the product itself.
        return x.add_(bias) if x.ndim >= bias.ndim else x + bias


class BatchedMLP:
    """The outputs of B networks that differ in the values of their parameters. Made by :meth:`of`.

    Attributes
    ----------
    activations : int
        Outputs of linear layers in one network, over the whole batch of data.
    """

    def __init__(self, data: Tensor, layers: Sequence[_Linear | nn.Module]) -> None:
        self._data, self._layers = data, tuple(layers)
        rows = data.shape[:-1].numel()
        self.activations = rows * sum(layer.width for layer in layers if isinstance(layer, _Linear))

    @classmethod
    def of(cls, model: nn.Module, inputs: object, varied: Collection[str]) -> BatchedMLP | None:
        """The networks, or None where the model is not a multilayer perceptron and has to be evaluated otherwise.

        Parameters
        ----------
        model : torch.nn.Module
            In evaluation mode, and not changed afterwards. A multilayer perceptron is a ``Linear``, or a ``Sequential``
            of ``Linear``, elementwise activations, ``Dropout``, ``Flatten`` before the first layer that varies, and
            further such ``Sequential``; none of them subclassed, parametrised or with hooks.
        inputs : Tensor (..., p)
            The data, the same for all networks. What the layers before the first one that varies make of them is
            computed here, once.
        varied : collection of str
            Names, as in ``model.named_parameters()``, of the parameters that take a value for each network; at least
            one. The others keep the values they have.

        Returns
        -------
        BatchedMLP or None

        Raises
        ------
        RuntimeError
            Data that do not fit the layers before the first that varies.

        Examples
        --------
        >>> BatchedMLP.of(torch.nn.LSTM(2, 3), torch.ones(5, 2), ["weight_ih_l0"]) is None
        True
        """
        if type(inputs) is not Tensor or inputs.layout is not torch.strided or not inputs.ndim:
            return None
        flat = list(_flattened(model))
        names = {id(p): name for name, p in model.named_parameters() if name in varied}
        layers = [_Linear.of(layer, names) if type(layer) is nn.Linear else layer for layer in flat]
        first = next((i for i, layer in enumerate(layers) if isinstance(layer, _Linear) and layer.varies), None)
        if first is None or not all(_is_of_an_mlp(layer) for layer in flat):
            return None
        if any(type(layer) is nn.Flatten for layer in flat[first:]):
            return None
        data = inputs
        with torch.no_grad():
            for layer in flat[:first]:
                data = layer(data)
        return cls(data, layers[first:])

    def __call__(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """The outputs, differentiable in the parameters as often as the activations are.

        Parameters
        ----------
        parameters : mapping from str to Tensor (B, *shape)
            Values of the parameters that vary, by name.

        Returns
        -------
        Tensor (B, ..., k)
            Contiguous; the dimensions between are those of the data but the last.

        Raises
        ------
        RuntimeError
            Shapes, types or devices that do not fit.
        """
        x = self._data[None].flatten(0, -2).mT
        for layer in self._layers:
            x = layer(x, parameters) if isinstance(layer, _Linear) else layer(x)
        return x.mT.contiguous().view(x.shape[0], *self._data.shape[:-1], x.shape[1])


def _flattened(model: nn.Module) -> Iterator[nn.Module]:
    """The layers in their order, those of inner ``Sequential`` included."""
    if type(model) is nn.Sequential and not _is_altered(model):
        for layer in model:
            yield from _flattened(layer)
    else:
        yield model


def _is_of_an_mlp(layer: nn.Module) -> bool:
    # A subclass may compute something else; the type is compared for that reason.
    return type(layer) in (nn.Linear, nn.Flatten, *_ELEMENTWISE) and not _is_altered(layer)


def _is_altered(layer: nn.Module) -> bool:
    """Whether calling the layer does more than its type says."""
    hooks = (layer._forward_hooks, layer._forward_pre_hooks, layer._backward_hooks, layer._backward_pre_hooks)
    return any(hooks) or "forward" in vars(layer)
