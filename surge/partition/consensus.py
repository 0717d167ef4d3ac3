"""One estimate out of several routes: the sharpest one, where the robust ones confirm it.

No route is safe by itself. Importance sampling around minima does not notice a minimum that it has not met; annealing
misjudges a narrow funnel; a bridge is as good as the samples it stands on. Annealing and parallel tempering are the
robust routes: they see every part of the integral that a particle can reach. Monte Carlo, Laplace and the bridge are
sharp: far smaller errors, where they hold.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .estimate import FEW, PartitionEstimate, ess_warnings

__all__ = ["consensus"]

#: Routes that see every part of the integral.
ROBUST = ("smc", "tempering")
#: Combined standard errors by which two routes may differ.
_APART = 4.0
#: Error of the robust routes above which their agreement confirms nothing.
_CONFIRMING = 0.25
#: Part of the samples that carries the weight, below which there is a warning.
_LEAST_PART = 0.1


def consensus(routes: dict[str, PartitionEstimate], skipped: dict[str, str]) -> PartitionEstimate:
    """Choose a route for every coupling, and say what speaks against it.

    Parameters
    ----------
    routes : dict
        Estimates at the same couplings, by the names of their methods.
    skipped : dict
        Names of routes that were not taken, and why.

    Returns
    -------
    PartitionEstimate
        At each coupling the smallest stated error among the better robust route, which is the higher one where they
        contradict each other, and those sharp ones that lie within four combined errors of it. A sharp route that lies
        lower has missed a part of the integral and is left out; it is named in ``diagnostics["left_out"]``. Where a
        sharp route lies higher, where the robust ones contradict each other, or a bridge contradicts them, there is a
        warning, and the standard error is raised to the difference. ``method`` joins the names of the routes taken,
        ``diagnostics`` has ``chosen``, a name for each coupling, ``routes``, all estimates, and ``skipped``. Couplings
        of different routes have no covariance.

    Examples
    --------
    >>> one = torch.ones(1, dtype=torch.float64)
    >>> sharp = PartitionEstimate(one, -one, 0.01 * one, 1000 * one, "laplace", diagnostics={"samples": 2000})
    >>> robust = PartitionEstimate(one, -1.1 * one, 0.1 * one, 1000 * one, "smc", diagnostics={"table": None})
    >>> consensus({"laplace": sharp, "smc": robust}, {}).method
    'laplace'
    """
    couplings = next(iter(routes.values())).couplings
    chosen: list[str] = []
    errors, warnings, left_out = [], [], []
    for k, g in enumerate(couplings.tolist()):
        name, error, against, out = _choose(routes, k)
        chosen.append(name)
        errors.append(error)
        warnings += [f"at g = {g:.4g} {text}" for text in against]
        left_out += [f"at g = {g:.4g} {text}" for text in out]
    used = list(dict.fromkeys(chosen))
    for name in ROBUST:
        # A bridge stands on annealed samples, and so do the chains: what speaks against those speaks against both.
        if name in routes and (name in used or (name == "smc" and {"bridge", "tempering"} & set(used))):
            warnings += [w for w in routes[name].warnings if w not in warnings]
    for name in used:
        if name not in ROBUST:
            mine = torch.tensor([c == name for c in chosen])
            warnings += ess_warnings(couplings[mine], routes[name].ess[mine], "take more samples, or another method")
    if not set(ROBUST) & set(routes):
        warnings += [f"{name} was not compared: {reason}" for name, reason in skipped.items()]
    std_error = torch.tensor(errors, dtype=torch.float64)
    index = {name: torch.tensor([k for k, c in enumerate(chosen) if c == name]) for name in used}

    def gathered(field: str) -> Tensor:
        return torch.stack([getattr(routes[name], field)[k] for k, name in enumerate(chosen)])

    covariance = torch.zeros(len(couplings), len(couplings), dtype=torch.float64)
    for name, mine in index.items():
        own = routes[name].covariance
        if own is not None:
            stated = routes[name].std_error[mine]
            ratio = torch.where(stated.isfinite() & (stated > 0), std_error[mine] / stated, 1.0)
            covariance[mine[:, None], mine] = own[mine[:, None], mine] * ratio[:, None] * ratio
    # A route without any spread, as for a constant loss, has no scale to raise.
    covariance.diagonal().copy_(std_error.square())
    diagnostics = {"chosen": tuple(chosen), "routes": routes, "skipped": skipped, "left_out": tuple(left_out)}
    table = next((routes[n].diagnostics["table"] for n in reversed(ROBUST) if n in routes), None)
    return PartitionEstimate(
        couplings,
        gathered("log_z"),
        std_error,
        gathered("ess"),
        "+".join(used),
        tuple(warnings),
        diagnostics if table is None else {**diagnostics, "table": table},
        covariance,
    )


def _choose(routes: dict[str, PartitionEstimate], k: int) -> tuple[str, float, list[str], list[str]]:
    """The route for coupling k, its error, what speaks against it, and which routes were left out."""
    values = {name: float(est.log_z[k]) for name, est in routes.items()}
    errors = {name: float(est.std_error[k]) for name, est in routes.items()}

    def apart(one: str, other: str) -> float:
        # Routes without any spread, as for a constant loss, still differ by rounding.
        rounding = 1e-12 * (1 + abs(values[one]))
        return abs(values[one] - values[other]) / (math.hypot(errors[one], errors[other]) + rounding)

    def contradiction(one: str, other: str) -> str:
        return (
            f"{one} gives {values[one]:.6g} and {other} {values[other]:.6g}, {apart(one, other):.1f} combined errors "
            "apart: "
        )

    against, out, gaps = [], [], [0.0]
    robust = [name for name in ROBUST if name in routes and math.isfinite(errors[name])]
    reference = min(robust, key=errors.__getitem__, default=None)
    if len(robust) == 2 and apart(*robust) > _APART:
        # The mean of annealing's Z is right, so that it is hardly ever far too large; chains that do not mix keep what
        # they began with. Either fails by missing something.
        reference = max(robust, key=values.__getitem__)
        against.append(
            contradiction(*robust) + "the lower one misses what particles or chains do not reach, as in a funnel"
        )
        gaps.append(abs(values[robust[0]] - values[robust[1]]))
    candidates = [reference] if reference else []
    for name in routes:
        # Few draws with weight may have missed the heaviest.
        if name in ROBUST or not math.isfinite(errors[name]) or (reference and float(routes[name].ess[k]) < FEW):
            continue
        if reference is None or apart(name, reference) <= _APART:
            candidates.append(name)
        elif name == "bridge":
            against.append(contradiction(name, reference) + "the samples do not weigh the modes right")
            gaps.append(abs(values[name] - values[reference]))
        elif values[name] > values[reference]:
            against.append(contradiction(name, reference) + "the particles have missed a part of the integral")
            gaps.append(abs(values[name] - values[reference]))
        else:
            out.append(contradiction(name, reference) + f"{name} has missed a part of the integral")
    # Where nothing has a known error, the most effective samples.
    best = min(candidates, key=errors.__getitem__, default=max(routes, key=lambda name: float(routes[name].ess[k])))
    for name in candidates:
        if name not in ROBUST and apart(name, best) > _APART:
            against.append(contradiction(best, name) + "one of them misses part of the integral, mostly the lower one")
            gaps.append(abs(values[name] - values[best]))
    if reference and best not in ROBUST and errors[reference] > _CONFIRMING:
        against.append(
            f"{best} is confirmed only to within the error {errors[reference]:.2g} of {reference}: a part of the "
            "integral may be missing"
        )
    against += _thin(routes[best], k)
    return best, max(errors[best], *gaps), against, out


def _thin(estimate: PartitionEstimate, k: int) -> list[str]:
    """What the weights of the samples say against an estimate."""
    if estimate.method == "laplace":
        part = float(estimate.ess[k]) / estimate.diagnostics["samples"]
    elif estimate.method == "tempering":
        part = float(estimate.ess[k]) / estimate.diagnostics["table"].losses[0].numel()
    else:
        return []
    largest = float(estimate.diagnostics["largest_share"][k]) if "largest_share" in estimate.diagnostics else 0.0
    found = []
    if part < _LEAST_PART:
        found.append(f"only {part:.2g} of the samples of {estimate.method} carry the weight")
    if largest > _LEAST_PART:
        found.append(f"one sample of {estimate.method} carries {largest:.2g} of the weight")
    return found
