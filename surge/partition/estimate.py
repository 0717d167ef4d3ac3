"""What an estimate of log Z(g) says, and how good it says it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..landscape import Landscape

__all__ = ["PartitionEstimate", "check_count", "check_couplings", "check_landscape", "check_seed", "from_log_weights"]

#: Effective sample size below which an estimate comes with a warning.
FEW = 100.0
#: Effective sample size below which the spread of the weights says nothing about the error: it is then infinite.
TOO_FEW = 20.0


@dataclass(frozen=True, eq=False)
class PartitionEstimate:
    """Estimates of log Z at several couplings. All tensors are float64, on the CPU.

    Parameters
    ----------
    couplings : Tensor (K,)
        The couplings g > 0, in units of the loss.
    log_z : Tensor (K,)
        Natural logarithm of Z(g).
    std_error : Tensor (K,)
        Standard error of ``log_z``; infinite where too few samples carry the weight for an error to be known.
    ess : Tensor (K,)
        Effective number of samples; each method says of what.
    method : str
        The route that gave the numbers.
    warnings : tuple of str, optional
        What speaks against trusting them.
    diagnostics : dict, optional
        Figures of the method.
    covariance : Tensor (K, K), optional
        Of ``log_z``: couplings share samples. Its diagonal is ``std_error`` squared.

    Raises
    ------
    ValueError
        Shapes that do not agree, NaN, couplings or errors that are not positive.

    Examples
    --------
    >>> one = torch.ones(1, dtype=torch.float64)
    >>> print(PartitionEstimate(one, -one, 0.01 * one, 1000 * one, "monte_carlo"))
    log Z by monte_carlo
    g = 1: -1 ± 0.01, effective samples 1000
    """

    couplings: Tensor
    log_z: Tensor
    std_error: Tensor
    ess: Tensor
    method: str
    warnings: tuple[str, ...] = ()
    diagnostics: dict[str, Any] = field(default_factory=dict)
    covariance: Tensor | None = None

    def __post_init__(self) -> None:
        shape = self.couplings.shape
        if len(shape) != 1 or not shape[0]:
            raise ValueError(f"couplings must have the shape (K,) with K >= 1, got {tuple(shape)}")
        for name in ("log_z", "std_error", "ess"):
            values: Tensor = getattr(self, name)
            if values.shape != shape:
                raise ValueError(f"{name} must have the shape {tuple(shape)} of couplings, got {tuple(values.shape)}")
            if bool(values.isnan().any()):
                raise ValueError(f"{name} has a NaN")
        if not bool(self.log_z.isfinite().all()):
            raise ValueError(f"log_z must be finite, got {self.log_z.tolist()}")
        if not bool((self.couplings > 0).all()) or not bool((self.std_error >= 0).all()):
            raise ValueError("couplings must be positive and std_error must not be negative")
        if self.covariance is not None and self.covariance.shape != (*shape, *shape):
            raise ValueError(f"covariance must have the shape (K, K), got {tuple(self.covariance.shape)}")

    def __str__(self) -> str:
        lines = [f"log Z by {self.method}"]
        for g, value, error, ess in zip(
            self.couplings.tolist(), self.log_z.tolist(), self.std_error.tolist(), self.ess.tolist(), strict=True
        ):
            lines.append(f"g = {g:.4g}: {value:.8g} ± {error:.2g}, effective samples {ess:.0f}")
        return "\n".join(lines + [f"warning: {w}" for w in self.warnings])


def check_couplings(couplings: Sequence[float] | Tensor) -> Tensor:
    """The couplings as a float64 tensor (K,) on the CPU.

    Raises
    ------
    TypeError, ValueError
        Not a sequence of numbers, empty, or one that is not positive and finite.

    Examples
    --------
    >>> check_couplings([1, 0.5])
    tensor([1.0000, 0.5000], dtype=torch.float64)
    """
    if isinstance(couplings, (str, bytes)) or not (isinstance(couplings, Tensor) or hasattr(couplings, "__len__")):
        raise TypeError(f"couplings must be a sequence of positive numbers, got {couplings!r}")
    try:
        given = torch.as_tensor(couplings, dtype=torch.float64).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"couplings must be a sequence of positive numbers, got {couplings!r}") from None
    if given.ndim != 1 or not len(given):
        raise ValueError(f"couplings must be a sequence of at least one number, got the shape {tuple(given.shape)}")
    if not bool((given.isfinite() & (given > 0)).all()):
        raise ValueError(f"couplings must be positive and finite, got {given.tolist()}")
    if not bool((1 / given).isfinite().all()):
        raise ValueError(f"couplings must have finite inverses, got {given.tolist()}")
    return given


def check_seed(seed: int) -> int:
    """The seed; TypeError or ValueError unless it is an integer from 0 to 2^63 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be an integer, got {seed!r} of type {type(seed).__name__}")
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed must be from 0 to 2^63 - 1, got {seed}")
    return seed


def check_count(count: int, name: str, least: int) -> int:
    """A number of samples; TypeError or ValueError unless it is an integer of at least ``least``."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} must be an integer, got {count!r} of type {type(count).__name__}")
    if count < least:
        raise ValueError(f"{name} must be at least {least}, got {count}")
    return count


def check_landscape(land: Landscape) -> Landscape:
    """The landscape; TypeError unless it is one."""
    if not isinstance(land, Landscape):
        raise TypeError(f"land must be a surge.Landscape, got {land!r}: make one by Landscape(fn, dim)")
    return land


def from_log_weights(log_weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log of the mean of weights, its covariance and the effective sample sizes, from one set of N samples.

    Parameters
    ----------
    log_weights : Tensor (K, N)
        Row k holds the log weights for coupling k; -inf is allowed.

    Returns
    -------
    log_z : Tensor (K,)
    covariance : Tensor (K, K)
        By the delta method: that of the relative weights, divided by N. Rows and columns with an effective sample size
        below 20 are infinite on the diagonal and 0 off it: such weights have not shown their spread yet.
    ess : Tensor (K,)
        (sum w)^2 / sum w^2 (Kish 1965).

    Raises
    ------
    ValueError
        A row without a single positive weight.

    Examples
    --------
    >>> log_z, covariance, ess = from_log_weights(torch.zeros(1, 50, dtype=torch.float64))
    >>> log_z.item(), covariance.item(), round(ess.item(), 6)
    (0.0, 0.0, 50.0)
    """
    count = log_weights.shape[1]
    total = log_weights.logsumexp(1)
    if not bool(total.isfinite().all()):
        raise ValueError(
            "no sample has a positive finite weight exp(-L/g): the loss is +inf at all of them, or the coupling is "
            "too small for float64"
        )
    shares = (log_weights - total[:, None]).exp()
    ess = 1 / shares.square().sum(1)
    centred = shares - 1 / count
    covariance = centred @ centred.mT * (count / (count - 1))
    poor = ess < TOO_FEW
    covariance = torch.where(poor[:, None] | poor[None, :], 0.0, covariance)
    covariance.diagonal().masked_fill_(poor, math.inf)
    return total - math.log(count), covariance, ess


def ess_warnings(couplings: Tensor, ess: Tensor, advice: str) -> tuple[str, ...]:
    """A warning for each coupling whose effective sample size is below 100."""
    return tuple(
        f"at g = {g:.4g} only {n:.1f} effective samples: "
        + ("the error is not known" if n < TOO_FEW else "the error is rough")
        + f"; {advice}"
        for g, n in zip(couplings.tolist(), ess.tolist(), strict=True)
        if n < FEW
    )
