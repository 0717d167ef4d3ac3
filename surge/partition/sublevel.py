"""Sublevel volumes B(t) = P_pi(L <= t): the Borel transform of the partition function.

With a normalised base measure pi,

    Z(g) = int exp(-L/g) dpi = (1/g) int exp(-t/g) B(t) dt ,

so that B, the distribution function of the loss, is the Borel transform of Z.

>>> levels = torch.tensor([0.0, 1.0], dtype=torch.float64)  # L is uniform on [0, 1], nearly: B(t) = exp(9 (t - 1))
>>> volumes = SublevelVolumes(levels, 9 * (levels - 1), torch.full_like(levels, 0.1), "example")
>>> print(volumes)
log B by example
t = 0: -9 ± 0.1
t = 1: 0 ± 0.1
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .estimate import check_couplings

__all__ = ["SublevelVolumes"]

#: Rounding that log B may show where it should be at most 0, or should not fall.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class SublevelVolumes:
    """Estimates of log B(t) at several levels of the loss. All tensors are float64, on the CPU.

    Parameters
    ----------
    levels : Tensor (K,)
        The levels t, ascending, in units of the loss.
    log_volume : Tensor (K,)
        Natural logarithm of B(t) = P_pi(L <= t): at most 0, not falling; -inf where no sample was at or below t.
    std_error : Tensor (K,)
        Standard error of ``log_volume``; infinite where it is not known, as where ``log_volume`` is -inf.
    method : str
        The route that gave the numbers.
    warnings : tuple of str, optional
        What speaks against trusting them.

    Raises
    ------
    TypeError, ValueError
        Anything else than float64 tensors on the CPU of one shape (K,), K >= 1; NaN; levels that are not finite and
        ascending; values of log B above 0 or falling; errors that are negative.

    Examples
    --------
    >>> levels = torch.tensor([0.5, 1.0], dtype=torch.float64)
    >>> SublevelVolumes(levels, levels.log(), 0 * levels, "exact").log_volume
    tensor([-0.6931,  0.0000], dtype=torch.float64)
    """

    levels: Tensor
    log_volume: Tensor
    std_error: Tensor
    method: str
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("levels", "log_volume", "std_error"):
            values = getattr(self, name)
            if not isinstance(values, Tensor) or values.dtype != torch.float64 or values.device.type != "cpu":
                raise TypeError(f"{name} must be a float64 tensor on the CPU, got {values!r}")
            if values.ndim != 1 or not len(values) or values.shape != self.levels.shape:
                raise ValueError(
                    f"levels, log_volume and std_error must have one shape (K,) with K >= 1, {name} has "
                    f"{tuple(values.shape)}"
                )
            if bool(values.isnan().any()):
                raise ValueError(f"{name} has a NaN")
        if not bool(self.levels.isfinite().all()) or not bool((self.levels.diff() > 0).all()):
            raise ValueError(f"levels must be finite and ascending, got {self.levels.tolist()}")
        log_b, unseen = self.log_volume, self.log_volume == -math.inf
        if not bool((log_b <= _ROUNDING).all()) or not bool((log_b[1:] >= log_b[:-1] - _ROUNDING).all()):
            raise ValueError(f"log_volume must be at most 0 and must not fall with the level, got {log_b.tolist()}")
        if not bool((self.std_error >= 0).all()):
            raise ValueError(f"std_error must not be negative, got {self.std_error.tolist()}")
        if not bool((self.std_error[unseen] == math.inf).all()):
            raise ValueError("std_error must be infinite where log_volume is -inf: nothing was seen there")

    def __str__(self) -> str:
        lines = [f"log B by {self.method}"]
        for t, value, error in zip(
            self.levels.tolist(), self.log_volume.tolist(), self.std_error.tolist(), strict=True
        ):
            lines.append(f"t = {t:.6g}: {value:.6g} ± {error:.2g}")
        return "\n".join(lines + [f"warning: {w}" for w in self.warnings])

    def log_z(self, couplings: Sequence[float] | Tensor) -> Tensor:
        """log Z(g) = log of (1/g) int exp(-t/g) B(t) dt, with log B linear between the levels.

        The integral is exact for such a B. Below the first level B is taken as 0 and above the last one as constant:
        the mass below the first level counts with the loss of that level, the mass above the last one not at all, so
        that truncation lowers log Z. Where log B is -inf, B is 0 up to the next level.

        Parameters
        ----------
        couplings : sequence of float
            Positive, in units of the loss.

        Returns
        -------
        Tensor (number of couplings,)
            float64; -inf where B is 0 at all levels.

        Raises
        ------
        TypeError, ValueError
            Couplings that are not positive numbers.

        Examples
        --------
        >>> levels = torch.linspace(0.001, 1, 1000, dtype=torch.float64)
        >>> volumes = SublevelVolumes(levels, levels.log(), 0 * levels, "L uniform on [0, 1]")
        >>> exact = math.log(0.1 * (1 - math.exp(-10)))
        >>> abs(volumes.log_z([0.1]).item() - exact) < 1e-4
        True
        """
        beta = 1 / check_couplings(couplings)[:, None]
        t, log_b = self.levels, self.log_volume
        width, rise = t.diff(), log_b.diff()
        seen = log_b[:-1] > -math.inf
        # Over a piece, beta e^(-beta t) B integrates to beta h e^(-beta t_0) B_0 (e^x - 1)/x, x = rise - beta h.
        x = torch.where(seen, rise, 0.0) - beta * width
        pieces = torch.where(seen, -beta * t[:-1] + log_b[:-1] + (beta * width).log() + _log_mean_exp(x), -math.inf)
        above = -beta * t[-1] + log_b[-1]
        return torch.cat([pieces, above], 1).logsumexp(1)


def _log_mean_exp(x: Tensor) -> Tensor:
    """log((e^x - 1)/x) = |x|/2 + x/2 + log((1 - e^-|x|)/|x|), and 0 at x = 0."""
    size = x.abs()
    # The series x/2 + x^2/24 is exact to rounding below 1e-4.
    small = size < 1e-4
    safe = torch.where(small, 1.0, size)
    return torch.where(small, x / 2 + x.square() / 24, x.clamp(min=0.0) + (-torch.expm1(-safe) / safe).log())
