"""Plain Monte Carlo: log Z at every coupling from one set of draws from the base measure.

Good as long as exp(-L/g) varies little over the base measure: in few dimensions, or at large couplings.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..landscape import Landscape
from .estimate import (
    PartitionEstimate,
    check_count,
    check_couplings,
    check_landscape,
    check_seed,
    ess_warnings,
    from_log_weights,
)

__all__ = ["monte_carlo"]


def monte_carlo(
    land: Landscape, couplings: Sequence[float] | Tensor, seed: int = 0, *, samples: int = 65536
) -> PartitionEstimate:
    """Estimate log Z(g) = log E_pi exp(-L/g) by its mean over draws from pi.

    Parameters
    ----------
    land : Landscape
    couplings : sequence of float
        Positive, in units of the loss.
    seed : int, optional
    samples : int, optional
        Draws, at least 100. The losses are computed once and serve every coupling.

    Returns
    -------
    PartitionEstimate
        Errors and covariance by the delta method; ``ess`` counts draws. Below 20 effective draws the error is
        infinite. A region of small loss that no draw has met goes unnoticed.

    Raises
    ------
    TypeError, ValueError
        Bad arguments, or a loss that is NaN or -inf at a draw, or +inf at all.

    Examples
    --------
    >>> est = monte_carlo(Landscape(lambda theta: theta.square().sum(1) / 2, dim=2), [1.0])
    >>> abs(est.log_z.item() + torch.log(torch.tensor(2.0)).item()) < 4 * est.std_error.item()
    True
    """
    check_landscape(land)
    g = check_couplings(couplings)
    check_count(samples, "samples", 100)
    generator = torch.Generator(land.device).manual_seed(check_seed(seed))
    losses, left = [], samples
    while left:
        rows = min(left, land.chunk_rows)
        losses.append(land(land.sample(rows, generator)))
        left -= rows
    log_weights = -torch.cat(losses) / g.to(land.device)[:, None]
    log_z, covariance, ess = (x.cpu() for x in from_log_weights(log_weights))
    return PartitionEstimate(
        g,
        log_z,
        covariance.diagonal().sqrt(),
        ess,
        "monte_carlo",
        ess_warnings(g, ess, "take more samples, or another method"),
        {"samples": samples},
        covariance,
    )
