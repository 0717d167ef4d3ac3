"""Optimizers by name."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

__all__ = ["OPTIMIZERS", "hidden_matrices", "make_optimizers"]

#: Of AdamW and Muon.
_WEIGHT_DECAY = 0.01


def hidden_matrices(model: nn.Module) -> list[Tensor]:
    """The weights that Muon is made for: those of all linear layers but the last, which is taken for the output's.

    Embeddings, biases, normalisations and convolutions are not among them.

    Examples
    --------
    >>> model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    >>> [tuple(matrix.shape) for matrix in hidden_matrices(model)]
    [(3, 4)]
    """
    linear = [module.weight for module in model.modules() if isinstance(module, nn.Linear)]
    tied = {id(p) for module in model.modules() if isinstance(module, nn.Embedding) for p in module.parameters()}
    return [weight for weight in linear[:-1] if id(weight) not in tied and weight is not linear[-1]]


def make_optimizers(name: str, model: nn.Module, lr: float) -> list[Optimizer]:
    """The optimizers of a model, all of which step on the same loss.

    Parameters
    ----------
    name
        ``"sgd"``: momentum 0.9. ``"adam"``, ``"adamw"``: torch's, weight decay 0.01 for AdamW. ``"muon"``: Muon
        (Jordan et al. 2024) for :func:`hidden_matrices`, its updates scaled to the root mean square of AdamW's (Liu et
        al. 2025) so that one learning rate serves both, and AdamW for the other parameters; weight decay 0.01 for all.
    model
        With at least one parameter that requires a gradient.
    lr
        The learning rate, positive.

    Returns
    -------
    list of torch.optim.Optimizer
        Two for Muon, one for the others.

    Raises
    ------
    ValueError
        An unknown name, a learning rate that is not positive and finite, nothing to train, no matrix for Muon, or a
        torch without it.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    >>> [type(optimizer).__name__ for optimizer in make_optimizers("muon", model, lr=0.01)]
    ['Muon', 'AdamW']
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"there is no optimizer {name!r}: choose one of {', '.join(OPTIMIZERS)}")
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"the learning rate must be positive and finite, got {lr}")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("the model has no parameter that requires a gradient: there is nothing to train")
    return OPTIMIZERS[name](model, lr)


def _trained(model: nn.Module) -> list[Tensor]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _muon(model: nn.Module, lr: float) -> list[Optimizer]:
    matrices = [matrix for matrix in hidden_matrices(model) if matrix.requires_grad]
    if not matrices:
        raise ValueError("muon needs a linear layer before the last one, the model has none: choose adamw")
    try:
        from torch.optim import Muon
    except ImportError:
        raise ValueError(f"muon needs torch 2.9 or later, this is {torch.__version__}: choose adamw") from None
    chosen = set(map(id, matrices))
    others = [parameter for parameter in _trained(model) if id(parameter) not in chosen]
    first = Muon(matrices, lr=lr, weight_decay=_WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw")
    return [first, AdamW(others, lr=lr, weight_decay=_WEIGHT_DECAY)] if others else [first]


#: From the name to what makes the optimizers of a model for a learning rate.
OPTIMIZERS: dict[str, Callable[[nn.Module, float], list[Optimizer]]] = {
    "sgd": lambda model, lr: [SGD(_trained(model), lr=lr, momentum=0.9)],
    "adam": lambda model, lr: [Adam(_trained(model), lr=lr)],
    "adamw": lambda model, lr: [AdamW(_trained(model), lr=lr, weight_decay=_WEIGHT_DECAY)],
    "muon": _muon,
}
