"""Estimators of log Z(g) with standard errors, one a file, and the choice between them.

>>> land = Landscape.from_action("x**2 + x**4")
>>> est = log_partition(land, [1.0, 0.1])
>>> est.warnings, bool((est.std_error < 0.002).all())
((), True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ..landscape import Landscape
from .bridge import Bridges, bridge
from .consensus import consensus
from .estimate import PartitionEstimate, check_couplings, check_landscape, check_seed
from .hamiltonian import MAX_DENSE
from .laplace import laplace
from .mbar import Reweighting, mbar
from .monte_carlo import monte_carlo
from .nested import nested, sublevel_volumes
from .smc import Annealing, anneal, smc
from .sublevel import SublevelVolumes
from .tempering import Ladder, temper, tempering
from .thermal_table import ThermalTable
from .variational import variational

__all__ = [
    "PartitionEstimate",
    "Reweighting",
    "SublevelVolumes",
    "ThermalTable",
    "bridge",
    "laplace",
    "log_partition",
    "mbar",
    "monte_carlo",
    "nested",
    "smc",
    "sublevel_volumes",
    "tempering",
    "variational",
]

#: A new estimator is entered here.
_METHODS: dict[str, Callable[[Landscape, Sequence[float] | Tensor, int], PartitionEstimate]] = {
    "monte_carlo": monte_carlo,
    "laplace": laplace,
    "smc": smc,
    "tempering": tempering,
    "bridge": bridge,
    "variational": variational,
    "nested": nested,
}
#: Largest dimension in which "auto" computes Hessians.
_AUTO_LAPLACE = 100
#: Effective draws from the base measure at every coupling that make annealing unnecessary where Laplace agrees.
_PLENTY = 1000.0
#: Coordinates drawn for importance sampling, and particles times dimension in a population.
_DRAWN, _ANNEALED = 2**19, 8192


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
        derivatives. "smc": annealed populations; needs gradients and a Gaussian base, as do the next two. "tempering":
        parallel tempering from annealed particles. "bridge": from annealed particles to Gaussian mixtures, up to
        dimension 256. "variational": the variational bound with a normalising flow. "nested": sublevel volumes by
        nested sampling.
        "auto" takes the first five as far as they apply (Hessians up to dimension 100) and returns at each coupling
        the sharpest of those that annealing and tempering confirm: see :func:`consensus`. Where draws from the base
        measure are plenty and Laplace agrees with them, nothing is annealed.
    seed : int, optional
        The same seed gives the same numbers on the same device.

    Returns
    -------
    PartitionEstimate
        With "auto", ``method`` names the routes taken and ``diagnostics`` has ``chosen``, the route for each coupling,
        ``routes``, the estimates of all by name, ``skipped`` and ``left_out``, why a route was not taken, and the
        ``table`` of losses where something was annealed. A warning means that the routes do not agree, or that the
        weights rest on few samples; the standard error then covers the difference.

    Raises
    ------
    TypeError, ValueError
        Bad arguments; a method that does not apply; a loss that is NaN or -inf.

    Examples
    --------
    >>> est = log_partition(Landscape(lambda theta: theta.square().sum(1) / 2, dim=2), [1.0, 0.01], seed=1)
    >>> exact = -(1 / est.couplings).log1p()
    >>> bool(((est.log_z - exact).abs() < 4 * est.std_error).all())
    True
    """
    check_landscape(land)
    g = check_couplings(couplings)
    check_seed(seed)
    if method in _METHODS:
        return _METHODS[method](land, couplings, seed)
    if method != "auto":
        raise ValueError(f"method must be one of 'auto', {', '.join(map(repr, _METHODS))}; got {method!r}")
    routes, skipped = {"monte_carlo": monte_carlo(land, g, seed)}, {}
    if land.dim > _AUTO_LAPLACE:
        skipped["laplace"] = f"the dimension {land.dim} is above {_AUTO_LAPLACE}"
    else:
        samples = max(8192, _DRAWN // land.dim)
        try:
            routes["laplace"] = laplace(land, g, seed, samples=samples)
        except (RuntimeError, ValueError) as error:
            # Derivatives may not exist where losses do; the other routes are not the worse for it.
            skipped["laplace"] = str(error)
    if not land.has_gaussian_base:
        skipped |= dict.fromkeys(("smc", "tempering", "bridge"), "the base measure is not Gaussian")
        return consensus(routes, skipped)
    if "laplace" in routes and bool((routes["monte_carlo"].ess >= _PLENTY).all()):
        settled = consensus(routes, skipped)
        if not settled.warnings:
            return settled
    try:
        _anneal_routes(land, g, seed, routes, skipped)
    except (RuntimeError, ValueError) as error:
        skipped |= {name: str(error) for name in ("smc", "tempering", "bridge") if name not in {*routes, *skipped}}
    return consensus(routes, skipped)


def _anneal_routes(
    land: Landscape, g: Tensor, seed: int, routes: dict[str, PartitionEstimate], skipped: dict[str, str]
) -> None:
    """Enter what one annealing run gives: its own estimate, that of bridges, and that of chains that start from it."""
    particles = min(512, max(128, _ANNEALED // land.dim))
    annealing, ladder = Annealing(), Ladder(chains=4 if land.dim <= 32 else 2)
    bridges = Bridges(land, g, seed) if land.dim <= MAX_DENSE else None
    if bridges is None:
        skipped["bridge"] = f"the dimension {land.dim} is above {MAX_DENSE}"
    for rung in anneal(land, g, seed, particles=particles):
        annealing.add(rung)
        ladder.add(rung)
        if bridges is not None:
            bridges.add(rung)
    routes["smc"] = annealing.estimate(g)
    if bridges is not None:
        routes["bridge"] = bridges.estimate()
    routes["tempering"] = temper(land, ladder.rungs(), seed, sweeps=100).estimate(g)
