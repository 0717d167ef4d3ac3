"""The target that a loss is led to, and the factor of the learning rate that the paper makes of it.

Eqs. 32 and 34 of *Globally Aware Optimization with Resurgence* (ICLR 2026).
"""

from __future__ import annotations

from surge.targets import Targets

__all__ = ["guidance", "select_target"]


def select_target(targets: Targets, loss: float, threshold: float = 0.0) -> float | None:
    """The next target below a loss (eq. 32), leaving out those that count as reached.

    Parameters
    ----------
    targets
        The target values, with their errors where these are known.
    loss
        The current loss.
    threshold
        A target zeta is reached once ``loss - zeta <= threshold |loss|``, or within its error.

    Returns
    -------
    float or None
        The largest target that is not reached and lies below the loss; None where there is none.

    Examples
    --------
    >>> select_target(Targets((0.5, 0.1, 2.0)), 1.0)
    0.5
    >>> select_target(Targets((0.5, 0.1, 2.0)), 0.501, threshold=0.01)
    0.1
    >>> select_target(Targets((0.5, 0.1), errors=(0.1, 0.02)), 0.58)
    0.1
    """
    errors = targets.errors if targets.errors is not None else (0.0,) * len(targets.values)
    open_ = [
        zeta
        for zeta, error in zip(targets.values, errors, strict=True)
        if loss - zeta > max(threshold * abs(loss), error)
    ]
    return max(open_, default=None)


def guidance(loss: float, target: float | None, weight: float) -> float:
    """alpha = 1 + weight min(|L - zeta| / |L|, 1), eq. 34; 1 where there is no target, 1 + weight at L = 0.

    Where the target is zero or below and the loss is positive, this is the constant 1 + weight.

    Examples
    --------
    >>> guidance(2.0, 1.0, 0.5), guidance(2.0, -1.0, 0.5), guidance(0.0, -1.0, 0.5), guidance(2.0, None, 0.5)
    (1.25, 1.5, 1.5, 1.0)
    """
    if target is None:
        return 1.0
    gap = abs(loss - target)
    return 1.0 + weight * (1.0 if gap >= abs(loss) else gap / abs(loss))
