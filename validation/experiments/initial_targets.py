"""The targets of the paper at initialisation, by its own formula.

Section 3 of *Globally Aware Optimization with Resurgence* (ICLR 2026): "Z(g) = 1/V_N sum_i exp(-L(theta_i)/g) for a set
of initialized model parameters", then Algorithm 3. Where it leaves the choice open, the one that gives any target is
taken. A test by the errors of log Z (:mod:`surge.couplings`) leaves ranges of couplings on which Algorithm 3 finds
nothing, on all problems here. What is done instead: a coupling succeeds where Z is a positive double, and of the ranges
of which 70 % succeed the one of the smallest couplings is taken, g << 1 being what the expansion is about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from surge.paper_targets import paper_targets
from surge.partition import PartitionEstimate
from surge.partition.estimate import from_log_weights
from surge.targets import Targets
from surge.tasks import Task

__all__ = ["InitialTargets", "initial_targets"]

#: Initialisations that are drawn.
DRAWS = 200
#: Exponents i of the ranges (L_0 10^i, L_0 10^(i+2)) of Algorithm 2, couplings in each, and the part that must succeed.
EXPONENTS, COUPLINGS, SUCCESS = range(-6, 2), 11, 0.7
#: Fewest couplings that determine the polynomial of Algorithm 3.
_LEAST = 7


@dataclass(frozen=True)
class InitialTargets:
    """Targets, and the initial loss L_0 below which they lie, on the first batch."""

    targets: Targets
    initial_loss: float


@torch.no_grad()
def initial_targets(task: Task, seed: int) -> InitialTargets:
    """Targets by Algorithms 2 and 3, on the first training batch of a seed.

    Parameters
    ----------
    task : Task
    seed : int
        Of the network whose loss is L_0, and of the draws.

    Returns
    -------
    InitialTargets
        Without targets, and with the reason, where no range of couplings succeeds.

    Raises
    ------
    ValueError
        A loss that is not finite.

    Examples
    --------
    >>> from surge import tasks
    >>> found = initial_targets(tasks.get("regression"), seed=0)
    >>> all(0 < value < found.initial_loss for value in found.targets.values)
    True
    """
    inputs, labels = task.batch(0, seed)
    first = float(task.loss(task.model(seed)(inputs), labels))
    # Seeds far from those of the runs.
    drawn = [task.loss(task.model((seed + 1) * 2**32 + k)(inputs), labels) for k in range(DRAWS)]
    losses = torch.stack(drawn).double().cpu()
    if not (math.isfinite(first) and bool(losses.isfinite().all())):
        raise ValueError(
            f"a loss of {task.description} at initialisation is not finite: nothing can be trained from it"
        )
    if first <= 0:
        return InitialTargets(Targets((), reason="the initial loss is not positive: no target lies in (0, L_0)"), first)
    for exponent in EXPONENTS:
        couplings = first * torch.logspace(exponent, exponent + 2, COUPLINGS, dtype=torch.float64)
        log_z, covariance, ess = from_log_weights(-losses / couplings[:, None])
        good = log_z.exp() > 0
        if float(good.double().mean()) >= SUCCESS and int(good.sum()) >= _LEAST:
            errors = covariance.diagonal().sqrt()
            estimate = PartitionEstimate(couplings[good], log_z[good], errors[good], ess[good], "initialisations")
            return InitialTargets(paper_targets(estimate, first), first)
    return InitialTargets(Targets((), reason="Z is 0 in doubles in more than 30 % of every range of couplings"), first)
