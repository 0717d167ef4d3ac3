"""Target loss values from the partition function of a loss (Algorithm 3 of the paper, put right).

log Z at small couplings gives the least loss L* and the exponent nu (:mod:`surge.action_fit`); the series that is left
gives the actions of other critical points above L* as singularities of its Borel transform (:mod:`surge.action_gaps`).
Real positive ones are targets. Every value has an error, and nothing is returned that is not known well enough to be
told from its neighbours.

What can be seen at all: a non-degenerate critical point at loss t_c enters the density of states dB/dt as
|t - t_c|^(d/2 - 1), so that beyond a handful of dimensions only L* and degenerate points show.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .action_fit import ActionFit
from .action_gaps import ActionGap, action_gaps
from .couplings import CouplingSearch, search_couplings
from .landscape import Landscape
from .paper_targets import paper_targets
from .partition import PartitionEstimate
from .targets import Targets

__all__ = ["TargetAnalysis", "analyse_ranges", "analyse_targets", "find_targets", "resolved_targets"]

METHODS = ("resurgent", "paper")

#: Standard errors within which the imaginary part of a singularity is taken for zero.
REAL = 2.0
#: Standard errors by which L* may exceed the least loss met, or another estimate, before the difference counts.
ABOVE = 2.0


@dataclass(frozen=True, eq=False)
class TargetAnalysis:
    """Targets and what they were read from.

    Attributes
    ----------
    targets : Targets
    search : CouplingSearch
        log Z, the ranges of couplings, and the fit of each.
    gaps : tuple of ActionGap
        Borel singularities above L*, complex ones among them.
    """

    targets: Targets
    search: CouplingSearch
    gaps: tuple[ActionGap, ...]


def find_targets(
    land: Landscape,
    method: str = "resurgent",
    seed: int = 0,
    *,
    partition: str | None = None,
    cooled: Callable[[float], None] | None = None,
) -> Targets:
    """Find loss values that training may aim at.

    Parameters
    ----------
    land : Landscape
    method : str, optional
        "resurgent": the least loss L*, and critical values above it where the data show any. "paper": Algorithm 3 as
        it is written, to be compared with.
    seed : int, optional
        The same seed gives the same targets on the same device.
    partition : str, optional
        How log Z is estimated: a method of :func:`~surge.log_partition`; by default that of
        :func:`~surge.couplings.search_couplings`.
    cooled : callable, optional
        Is told every coupling that annealing gets to, where it takes long: above 100 dimensions, by default.

    Returns
    -------
    Targets
        Ascending, with standard errors; empty, with the reason, where nothing is significant. Beyond a handful of
        dimensions expect L* alone: to see a saddle at a known loss in the density of states takes some 5e1, 3e3, 3e4,
        5e5, 3e6, 8e7 independent draws in 1, ..., 6 dimensions (``python -m validation crosscheck --detection``).
        From log Z singularities above L* show where its errors are 1e-8 and less (``--noise``), which no sampler
        reaches; they carry the noise, by bootstrap, and twice the difference between the last two orders of the fit.

    Raises
    ------
    TypeError, ValueError
        Bad arguments; a loss that is NaN or -inf, constant, or infinite on half of the base measure.

    Examples
    --------
    >>> targets = find_targets(Landscape.from_action("(x**2 - 1)**2 + 3/10"))
    >>> abs(targets.values[0] - 0.3) < 3 * targets.errors[0] < 0.01
    True
    """
    return analyse_targets(land, method, seed, partition=partition, cooled=cooled).targets


def analyse_targets(
    land: Landscape,
    method: str = "resurgent",
    seed: int = 0,
    *,
    partition: str | None = None,
    cooled: Callable[[float], None] | None = None,
) -> TargetAnalysis:
    """The targets of :func:`find_targets`, same arguments, together with all that led to them."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    search = search_couplings(land, seed, method=partition, cooled=cooled)
    if method == "paper":
        return TargetAnalysis(_by_the_paper(land, search), search, ())
    return analyse_ranges(search, seed)


def analyse_ranges(search: CouplingSearch, seed: int = 0) -> TargetAnalysis:
    """The targets that the fits of a search of couplings give: L* of the best one, and what is singular above it.

    The smallest couplings know L* best and the further coefficients least, so that the singularities are looked for in
    all fits without a warning whose L* agrees with the best one; the one of the highest order gives them.
    """
    if search.best is None or search.best.fit is None:
        rates = ", ".join(f"{one.success_rate:.0%}" for one in search.ranges)
        reason = (
            f"log Z is known at too few couplings: {rates} of those of the ranges of Algorithm 2 pass, 70 % are needed"
            if all(one.fit is None for one in search.ranges)
            else "no range of couplings is described by -L*/g + nu log g + c_0 + c_1 g + ..."
        )
        return TargetAnalysis(Targets((), reason=reason), search, ())
    best = search.best.fit
    sound = [
        one.fit
        for one in search.ranges
        if one.fit is not None
        and not one.fit.warnings
        and abs(one.fit.minimum - best.minimum) <= ABOVE * math.hypot(one.fit.minimum_error, best.minimum_error)
    ]
    gaps = action_gaps(max([best, *sound], key=lambda fit: fit.order), seed)
    return TargetAnalysis(resolved_targets(best, gaps, search.reference, search.least), search, gaps)


def resolved_targets(
    fit: ActionFit, gaps: tuple[ActionGap, ...], reference: float = math.inf, least: float = math.inf
) -> Targets:
    """L* and the real singularities above it, as far as their errors tell them apart.

    Parameters
    ----------
    fit : ActionFit
    gaps : tuple of ActionGap
    reference : float, optional
        How far a typical loss lies above the least one: L* is not returned where its error is wider.
    least : float, optional
        A loss that is reached somewhere, so that L* lies at or below it.
    """
    error, notes = fit.minimum_error, list(fit.warnings)
    if fit.minimum - least > ABOVE * error:
        error = math.hypot(error, fit.minimum - least)
        notes.append(f"the fit lies above the least loss met, {least:.6g}: the error covers the difference")
    if not error < reference:
        return Targets((), reason=f"L* = {fit.minimum:.4g} +- {error:.2g}, wider than the losses, {reference:.2g}")
    found = [(fit.minimum, error)]
    for gap in gaps:
        if abs(gap.location.imag) <= REAL * gap.error and gap.location.real > 0:
            found.append((fit.minimum + gap.location.real, math.hypot(error, gap.error)))
        else:
            notes.append(f"a Borel singularity off the positive axis at {gap.location:.3g} +- {gap.error:.1g}")
    kept = _told_apart(sorted(found))
    how = f"L* from log Z at small couplings, nu = {fit.nu:.3g} +- {fit.nu_error:.1g}"
    if fit.multiplicity is None:
        how += f", m = {' or '.join(map(str, fit.multiplicity_weights))} not decided"
    elif fit.multiplicity > 1:
        how += f", m = {fit.multiplicity}"
    if len(kept) > 1:
        how += "; above it Borel singularities of the fitted series"
    return Targets(tuple(v for v, _ in kept), tuple(e for _, e in kept), "; ".join([how, *notes]))


def _told_apart(found: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Drop the least certain value as long as one has an error wider than the distance to a neighbour."""
    while True:
        unclear = [
            max((found[k], found[k + 1]), key=lambda pair: pair[1])
            for k in range(len(found) - 1)
            if found[k + 1][0] - found[k][0] <= max(found[k][1], found[k + 1][1])
        ]
        if not unclear:
            return found
        worst = max(unclear, key=lambda pair: pair[1])
        found = [pair for pair in found if pair is not worst]


def _by_the_paper(land: Landscape, search: CouplingSearch) -> Targets:
    """The range of highest success rate, the one of smallest couplings among equals: the paper's score is not given."""
    best = search.best or max(search.ranges, key=lambda one: one.success_rate)
    estimate, g = search.estimate, search.estimate.couplings
    inside = (g >= best.low * (1 - 1e-9)) & (g <= best.high * (1 + 1e-9)) & estimate.std_error.isfinite()
    # The base measure is centred at the initial parameters.
    initial = float(land(land.base.mean[None])[0])
    if not (math.isfinite(initial) and initial > 0) or int(inside.sum()) < 7:
        return Targets((), reason=f"Algorithm 3 needs a positive initial loss and 7 couplings, got L_0 = {initial:.4g}")
    part = PartitionEstimate(
        g[inside], estimate.log_z[inside], estimate.std_error[inside], estimate.ess[inside], estimate.method
    )
    return paper_targets(part, initial)
