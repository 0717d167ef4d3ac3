"""Algorithm 3 of the paper as it is written: a power series fitted to Z, a ratio test and a scan of its Borel sum.

*Globally Aware Optimization with Resurgence* (ICLR 2026), algorithm 3, steps 4 to 7, with what it leaves open chosen as
stated at :func:`paper_targets`. Kept to be compared with, not to be relied on: where the least loss is positive, all
coefficients of the true series are zero; a polynomial has no singularities, so that the maxima of the scan are those of
the fit; and the ratio of the last two coefficients of a fit to noisy values is noise. No error is known of its targets.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from .partition import PartitionEstimate
from .power_series_fit import fit_power_series, paper_weights
from .targets import Targets

__all__ = ["paper_targets"]

Array = npt.NDArray[np.float64]

#: Order J of the polynomial, test points, threshold tau, and the number M of targets.
ORDER, POINTS, THRESHOLD, MOST = 6, 200, 1.0, 5


def paper_targets(estimate: PartitionEstimate, initial_loss: float) -> Targets:
    """Targets from log Z by the ratio test and the threshold scan of Algorithm 3.

    Parameters
    ----------
    estimate : PartitionEstimate
        At the couplings of the range that Algorithm 2 has chosen, at least 7.
    initial_loss : float
        L_0, positive: targets are sought in (0, L_0).

    Returns
    -------
    Targets
        At most 5, by magnitude, without errors. R is the ratio |b_5/b_6| for J = 6; test points are 200 equal steps; a
        test point counts where |sum b_n t^n| exceeds tau = 1 and is a local maximum.

    Raises
    ------
    ValueError
        An initial loss that is not positive and finite, or too few couplings.

    Examples
    --------
    >>> import torch
    >>> g = torch.linspace(0.1, 1, 10, dtype=torch.float64)
    >>> one = torch.ones_like(g)
    >>> paper_targets(PartitionEstimate(g, -torch.log1p(g), 1e-3 * one, 1e3 * one, "closed form"), 1.0).errors is None
    True
    """
    if not (math.isfinite(initial_loss) and initial_loss > 0):
        raise ValueError(
            f"the initial loss must be positive and finite, got {initial_loss}: add a constant to the loss"
        )
    if len(estimate.couplings) <= ORDER:
        raise ValueError(f"a polynomial of order {ORDER} needs {ORDER + 1} couplings, got {len(estimate.couplings)}")
    g, z = estimate.couplings.numpy(), estimate.log_z.exp().numpy()
    errors = np.maximum(z * np.minimum(estimate.std_error.numpy(), 1.0), 1e-90)
    a = fit_power_series(g, z, ORDER, std_error=errors, weights=paper_weights(g)).coefficients
    b = a / np.exp(gammaln(np.arange(ORDER + 1) + 1))
    found = set()
    if b[-1] != 0:
        ratio = float(abs(b[-2] / b[-1]))
        if 0 < ratio < initial_loss:
            found.add(ratio)
    t = np.linspace(0, initial_loss, POINTS + 2)
    values = np.abs(np.polynomial.polynomial.polyval(t, b))
    inner = values[1:-1]
    peaks = (inner > THRESHOLD) & (inner > values[:-2]) & (inner > values[2:])
    found |= set(t[1:-1][peaks].tolist())
    chosen = tuple(sorted(found)[:MOST])
    how = "ratio test and threshold scan of Algorithm 3 on a polynomial of order 6 fitted to Z; no errors known"
    return Targets(chosen, reason=how if chosen else f"nothing found by the {how}")
