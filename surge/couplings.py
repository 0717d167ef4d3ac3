"""The range of couplings at which log Z tells most of the least loss (Algorithm 2 of the paper).

*Globally Aware Optimization with Resurgence* (ICLR 2026) tries the ranges (L_ref 10^i, L_ref 10^(i+2)), i = -6, ..., 1,
one after the other: a quick test, which 70 % of the couplings must pass, and a full evaluation, whose best score wins.
It leaves open what the two are, and takes for L_ref the initial loss, which knows where the loss has its zero. Here:

- L_ref is the median of the loss under the base measure above the least loss met: adding a constant to the loss
  changes nothing, and a factor multiplies all ranges.
- i ends at -1: at couplings above the spread of the losses Z hardly depends on them. It begins at -5.
- One estimate of log Z at the couplings of all ranges together takes the place of one for each: annealing passes
  through all the larger couplings on its way to the smallest. Above 100 dimensions nothing but annealing is there to
  know more at still smaller couplings: it ends with the decade in which it fails the quick test, and ranges that begin
  below are not tried.
- *QuickTest*: log Z has a finite error of at most 1/2, and at least 100 samples carry the weight.
- *FullEvaluate*: -L*/g + nu log g + c_0 + c_1 g + ... is fitted (:mod:`surge.action_fit`); the score is L_ref over the
  error of L*, or 0 where the fit does not describe the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from scipy.stats import chi2 as chi2_distribution
from torch import Tensor

from .action_fit import UNLIKELY, ActionFit, fit_action
from .landscape import Landscape
from .partition import PartitionEstimate, laplace, log_partition, monte_carlo, smc
from .partition.consensus import consensus
from .partition.smc import Annealing, anneal

__all__ = ["CouplingRange", "CouplingSearch", "evaluate_ranges", "search_couplings"]

#: Exponents i of the ranges (L_ref 10^i, L_ref 10^(i+2)).
EXPONENTS = range(-5, 0)
#: Couplings in each factor of ten.
PER_DECADE = 5
#: Part of the couplings of a range that must pass the quick test.
SUCCESS = 0.7
#: Largest error of log Z, and fewest effective samples, that pass it.
LARGEST_ERROR, FEWEST = 0.5, 100.0
#: Fewest couplings for a fit.
LEAST_COUPLINGS = 5
#: Largest dimension in which Hessians are computed.
HESSIANS = 100
#: Particles of a population above it, where a gradient costs most: log Z to 1/2 is all that the quick test asks for.
#: The populations are no fewer: a fit to ten couplings needs more than ten to know how their errors go together.
PARTICLES = 32
#: Draws from the base measure for L_ref.
DRAWS = 1024


@dataclass(frozen=True, eq=False)
class CouplingRange:
    """One of the ranges of Algorithm 2.

    Attributes
    ----------
    low, high : float
        In units of the loss.
    success_rate : float
        The part of its couplings that passed the quick test.
    score : float
        L_ref over the error of L*; 0 where nothing was fitted or the fit does not describe the data.
    fit : ActionFit or None
    """

    low: float
    high: float
    success_rate: float
    score: float
    fit: ActionFit | None


@dataclass(frozen=True, eq=False)
class CouplingSearch:
    """What Algorithm 2 found.

    Attributes
    ----------
    reference : float
        L_ref: the median loss under the base measure above ``least``.
    least : float
        The least loss met, an upper bound of L* up to rounding.
    ranges : tuple of CouplingRange
        From the smallest couplings to the largest. Those that annealing did not get to are not among them.
    best : CouplingRange or None
        The one of the highest score; None where none has a positive one.
    estimate : PartitionEstimate
        log Z at the couplings of these ranges.
    """

    reference: float
    least: float
    ranges: tuple[CouplingRange, ...]
    best: CouplingRange | None
    estimate: PartitionEstimate


def search_couplings(
    land: Landscape,
    seed: int = 0,
    *,
    method: str | None = None,
    exponents: range = EXPONENTS,
    cooled: Callable[[float], None] | None = None,
) -> CouplingSearch:
    """Estimate log Z once, and find the range of couplings that tells most of the least loss.

    Parameters
    ----------
    land : Landscape
    seed : int, optional
    method : str, optional
        Of :func:`~surge.partition.log_partition`. By default, up to 100 dimensions, annealing and importance sampling
        around the minima, compared at each coupling; above, annealing of 512 particles for as long as it is sure.
    exponents : range, optional
        The exponents i; the smallest one sets the price.
    cooled : callable, optional
        Is told every coupling that annealing alone gets to.

    Raises
    ------
    TypeError, ValueError
        As :func:`~surge.partition.log_partition`; a loss that is constant under the base measure, or +inf for half of
        it; exponents that are no range of successive integers.

    Examples
    --------
    >>> search = search_couplings(Landscape.from_action("x**2 + 1/2"), exponents=range(-3, 1))
    >>> fit = search.best.fit
    >>> abs(fit.minimum - 0.5) < 3 * fit.minimum_error < 1e-3, round(fit.nu, 1)
    (True, 0.5)
    """
    if not isinstance(exponents, range) or not len(exponents) or exponents.step != 1:
        raise ValueError(f"exponents must be a range of successive integers, not empty; got {exponents!r}")
    reference, least = _reference(land, seed)
    low, high = exponents[0], exponents[-1] + 2
    count = (high - low) * PER_DECADE + 1
    couplings = reference * torch.logspace(low, high, count, dtype=torch.float64)
    estimate = log_partition(land, couplings, method, seed) if method else _annealed(land, couplings, seed, cooled)
    return evaluate_ranges(estimate, reference, min(least, least_loss(estimate)), land.dim)


def evaluate_ranges(estimate: PartitionEstimate, reference: float, least: float, dim: int) -> CouplingSearch:
    """The tests of Algorithm 2 on ranges of two decades each, from what log Z is known to be.

    Parameters
    ----------
    estimate : PartitionEstimate
        At couplings in geometric progression, five in each factor of ten, ascending; the first range begins with the
        first of them, each further one a decade later.
    reference, least : float
        As in :class:`CouplingSearch`.
    dim : int
        The dimension of the landscape, which bounds the multiplicity of a minimum.
    """
    passed = (estimate.std_error <= LARGEST_ERROR) & (estimate.ess >= FEWEST)
    starts = range(0, len(estimate.couplings) - 2 * PER_DECADE, PER_DECADE)
    ranges = [
        _evaluated(estimate, torch.arange(start, start + 2 * PER_DECADE + 1), passed, reference, dim)
        for start in starts
    ]
    best = max(ranges, key=lambda one: one.score)
    return CouplingSearch(reference, least, tuple(ranges), best if best.score > 0 else None, estimate)


def _evaluated(
    estimate: PartitionEstimate, places: Tensor, passed: Tensor, reference: float, dim: int
) -> CouplingRange:
    g = estimate.couplings
    low, high = float(g[places[0]]), float(g[places[-1]])
    kept = places[passed[places]]
    rate = len(kept) / len(places)
    if rate < SUCCESS or len(kept) < LEAST_COUPLINGS:
        return CouplingRange(low, high, rate, 0.0, None)
    covariance = known_covariance(estimate, kept)
    fit = fit_action(g[kept].numpy(), estimate.log_z[kept].numpy(), covariance=covariance, dim=dim)
    described = chi2_distribution.sf(fit.chi2, fit.dof) >= UNLIKELY
    return CouplingRange(low, high, rate, reference / fit.minimum_error if described else 0.0, fit)


def known_covariance(estimate: PartitionEstimate, kept: Tensor) -> object:
    """The covariance of log Z at some of the couplings, positive definite, such that its inverse has no bias.

    The inverse of a covariance that is estimated from n populations, at p couplings, is too large by the factor
    (n - 1)/(n - p - 2) on average (Hartlap, Simon and Schneider 2007, *Astron. Astrophys.* 464, 336, eq. 17); annealing
    states errors with that of p = 1. Rounding may leave the matrix singular: a thousandth of each variance, and the
    rounding of float64, are added to its diagonal. Without a covariance the errors are taken as independent.
    """
    errors = estimate.std_error[kept]
    floor = (1e-12 * (1 + estimate.log_z[kept].abs())).square()
    if estimate.covariance is None:
        return torch.diag(errors.square() + floor).numpy()
    matrix = estimate.covariance[kept[:, None], kept]
    routes = estimate.diagnostics.get("routes", {estimate.method: estimate})
    chosen = estimate.diagnostics.get("chosen", (estimate.method,) * len(estimate.couplings))
    for name, route in routes.items():
        mine = torch.tensor([chosen[k] == name for k in kept.tolist()]).nonzero().flatten()
        if "populations" in route.diagnostics and len(mine):
            populations = route.diagnostics["populations"].shape[1]
            matrix[mine[:, None], mine] *= (populations - 3) / max(1, populations - len(mine) - 2)
    return (matrix + torch.diag(1e-3 * errors.square() + floor)).numpy()


def _annealed(
    land: Landscape, couplings: Tensor, seed: int, cooled: Callable[[float], None] | None
) -> PartitionEstimate:
    routes: dict[str, PartitionEstimate] = {}
    skipped: dict[str, str] = {}
    for name, estimator, applies in (
        ("smc", smc if land.dim <= HESSIANS else partial(_cooled, cooled=cooled), land.has_gaussian_base),
        ("laplace", laplace, land.dim <= HESSIANS),
        ("monte_carlo", monte_carlo, not land.has_gaussian_base),
    ):
        if not applies:
            continue
        try:
            routes[name] = estimator(land, couplings, seed)
        except (RuntimeError, ValueError) as error:
            # Derivatives may not exist where losses do, nor minima where there are integrals.
            skipped[name] = str(error)
    if not routes:
        raise ValueError("log Z cannot be estimated: " + "; ".join(f"{name}: {why}" for name, why in skipped.items()))
    return consensus(routes, skipped)


def _cooled(land: Landscape, couplings: Tensor, seed: int, cooled: Callable[[float], None] | None) -> PartitionEstimate:
    """Annealing down to the end of the decade in which log Z ceases to be known; one range at least."""
    annealing = Annealing()
    inverses = (1 / couplings).tolist()
    ends = {inverses[k]: k for k in range(0, len(couplings) - 2 * PER_DECADE, PER_DECADE)}
    reached = 0
    for rung in anneal(land, couplings, seed, particles=PARTICLES):
        annealing.add(rung)
        if cooled is not None and rung.beta > 0:
            cooled(1 / rung.beta)
        if rung.beta in ends:
            reached = ends[rung.beta]
            if float(annealing.estimate(couplings[reached : reached + 1]).std_error) > LARGEST_ERROR:
                break
    return annealing.estimate(couplings[reached:])


def least_loss(estimate: PartitionEstimate) -> float:
    """The least loss that an estimate has met, over all of its routes; inf where none is recorded."""
    found = [math.inf]
    for one in (estimate, *estimate.diagnostics.get("routes", {}).values()):
        if "table" in one.diagnostics:
            found.append(float(one.diagnostics["table"].losses.min()))
        if "least_loss" in one.diagnostics:
            found.append(float(one.diagnostics["least_loss"]))
    return min(found)


def _reference(land: Landscape, seed: int) -> tuple[float, float]:
    """L_ref and the least loss among draws from the base measure."""
    losses = land(land.sample(DRAWS, torch.Generator(land.device).manual_seed(seed)))
    median, least = float(losses.quantile(0.5)), float(losses.min())
    if not math.isfinite(median):
        raise ValueError("the loss is +inf for half of the base measure: choose a base nearer to where it is finite")
    if median <= least:
        raise ValueError(f"the loss is {median} throughout the base measure: it has no scale and no target")
    return median - least, least
