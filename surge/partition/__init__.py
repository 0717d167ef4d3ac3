"""Estimators of log Z(g) with standard errors, one a file, and the choice between them.

>>> land = Landscape.from_action("x**2 + x**4")
>>> est = log_partition(land, [1.0, 0.1])
>>> est.warnings, bool((est.std_error < 0.01).all())
((), True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..landscape import Landscape
from .estimate import PartitionEstimate, check_couplings, check_landscape, check_seed
from .laplace import laplace
from .monte_carlo import monte_carlo
from .smc import smc

__all__ = ["PartitionEstimate", "laplace", "log_partition", "monte_carlo", "smc"]

_METHODS: dict[str, Callable[[Landscape, Sequence[float] | Tensor, int], PartitionEstimate]] = {
    "monte_carlo": monte_carlo,
    "laplace": laplace,
    "smc": smc,
}
#: Largest dimension in which "auto" computes Hessians.
_AUTO_LAPLACE = 100
#: Combined standard errors by which two routes may differ.
_APART = 4.0


def log_partition(
    land: Landscape, couplings: Sequence[float] | Tensor, method: str = "auto", seed: int = 0
) -> PartitionEstimate:
    """Estimate log Z(g), Z(g) = int exp(-L(theta)/g) pi(dtheta).

    Parameters
    ----------
    land : Landscape
        The loss L and the base measure pi.
    couplings : sequence of float
        Positive, in units of the loss; any order.
    method : str, optional
        "monte_carlo": draws from the base measure. "laplace": importance sampling around the minima; needs second
        derivatives. "smc": annealed populations; needs gradients and a Gaussian base. "auto" takes the routes that
        apply (Hessians up to dimension 100) and returns the one of smallest stated errors, in the sum of squares over
        the couplings, with as few infinite ones as can be. Where another route differs by more than four combined
        standard errors there is a warning, and the standard error is raised to the difference.
    seed : int, optional
        The same seed gives the same numbers on the same device.

    Returns
    -------
    PartitionEstimate
        With "auto", ``method`` names the route taken, ``diagnostics`` is its own with one more key ``routes``, the
        estimates of all routes by name, and ``skipped``, why a route was not taken.

    Raises
    ------
    TypeError, ValueError
        Bad arguments; a method that does not apply; a loss that is NaN or -inf.

    Examples
    --------
    >>> est = log_partition(Landscape(lambda theta: theta.square().sum(1) / 2, dim=2), [1.0, 0.01], seed=1)
    >>> exact = -torch.log(1 + 1 / est.couplings)
    >>> bool(((est.log_z - exact).abs() < 4 * est.std_error).all())
    True
    """
    check_landscape(land)
    check_couplings(couplings)
    check_seed(seed)
    if method in _METHODS:
        return _METHODS[method](land, couplings, seed)
    if method != "auto":
        raise ValueError(f"method must be one of 'auto', {', '.join(map(repr, _METHODS))}; got {method!r}")
    skipped = {}
    if land.dim > _AUTO_LAPLACE:
        skipped["laplace"] = f"the dimension {land.dim} is above {_AUTO_LAPLACE}"
    if not land.has_gaussian_base:
        skipped["smc"] = "the base measure is not Gaussian"
    routes = {"monte_carlo": monte_carlo(land, couplings, seed)}
    for name in ("laplace", "smc"):
        if name in skipped:
            continue
        try:
            routes[name] = _METHODS[name](land, couplings, seed)
        except (RuntimeError, ValueError) as error:
            # Derivatives may not exist where losses do; the other routes are not the worse for it.
            skipped[name] = str(error)
    return _compare(routes, skipped)


def _compare(routes: dict[str, PartitionEstimate], skipped: dict[str, str]) -> PartitionEstimate:
    def quality(est: PartitionEstimate) -> tuple[int, float]:
        known = est.std_error.isfinite()
        return int((~known).sum()), float(est.std_error[known].square().sum())

    chosen = min(routes.values(), key=quality)
    warnings, errors = list(chosen.warnings), chosen.std_error.clone()
    for name, reason in skipped.items():
        warnings.append(f"{name} was not compared: {reason}")
    for name, other in routes.items():
        gap = (other.log_z - chosen.log_z).abs()
        # Routes without any spread, as for a constant loss, still differ by rounding.
        rounding = 1e-12 * (1 + chosen.log_z.abs())
        combined = (other.std_error.square() + chosen.std_error.square()).sqrt() + rounding
        for k in (gap > _APART * combined).nonzero().flatten().tolist():
            g, ours, theirs = (float(x[k]) for x in (chosen.couplings, chosen.log_z, other.log_z))
            warnings.append(
                f"at g = {g:.4g} {chosen.method} gives {ours:.6g} and {name} {theirs:.6g}, "
                f"{float(gap[k] / combined[k]):.1f} combined errors apart: one of them misses part of the integral, "
                "mostly the lower one"
            )
            errors[k] = torch.maximum(errors[k], gap[k])
    covariance = chosen.covariance
    if covariance is not None:
        ratio = torch.where(chosen.std_error.isfinite() & (chosen.std_error > 0), errors / chosen.std_error, 1.0)
        covariance = covariance * ratio[:, None] * ratio[None, :]
        # A route without any spread (a constant loss) has no scale to raise.
        covariance.diagonal().copy_(errors.square())
    return replace(
        chosen,
        std_error=errors,
        warnings=tuple(warnings),
        covariance=covariance,
        diagnostics={**chosen.diagnostics, "routes": routes, "skipped": skipped},
    )
