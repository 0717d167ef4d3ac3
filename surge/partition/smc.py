"""Sequential Monte Carlo: independent populations of particles cooled from the base measure to exp(-L/g).

A population passes through beta = 0 < beta_1 < ... < max 1/g. At each rung its particles are weighted by
exp(-(beta' - beta) L), the mean weight is kept as the factor of Z, the particles are resampled in proportion and moved
by Hamiltonian Monte Carlo (Neal 2001; Del Moral, Doucet and Jasra 2006). One run gives log Z at every coupling, and the
spread between populations gives the error, with no assumption on how the particles depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..landscape import Landscape
from .estimate import PartitionEstimate, check_count, check_couplings, check_landscape, check_seed
from .hamiltonian import Masses, Particles, move
from .random_streams import RandomStreams
from .thermal_table import ThermalTable

__all__ = ["Annealing", "Populations", "Rung", "anneal", "check_annealing", "cool", "smc", "systematic"]

#: Conditional effective sample size, as a part of the particles, that a rung keeps (Zhou, Johansen and Aston 2016).
_CONDITIONAL = 0.9
#: Rungs at most.
_MAX_RUNGS = 2000
#: Acceptance rate that the step size is steered to (Beskos et al. 2013 find 0.65 for long paths; more is steadier).
ACCEPTANCE = 0.8
#: Correlation of the losses before and after the moves of a rung that is small enough.
_FORGOTTEN = 0.5
#: Part of the particles carrying the weight at a rung, below which the estimate comes with a warning.
_FEWEST = 0.2
#: Spread of log Z between populations above which the estimate comes with a warning.
_WIDE = 1.0


@dataclass(frozen=True, eq=False)
class Rung:
    """The populations as they are at one temperature, after the moves.

    Parameters
    ----------
    beta : float
        1/g.
    particles : Particles
        T = 1, R populations, N particles.
    masses : Masses
        With which they moved here; at beta = 0 those they will not need.
    step : float
        Size of a leapfrog step as it was here.
    log_z : Tensor (R,)
        Of each population.
    kept : float
        Part of the particles that carried the weight before the resampling.
    acceptance : float
        Of the paths.
    """

    beta: float
    particles: Particles
    masses: Masses
    step: float
    log_z: Tensor
    kept: float
    acceptance: float


def smc(
    land: Landscape,
    couplings: Sequence[float] | Tensor,
    seed: int = 0,
    *,
    populations: int = 16,
    particles: int = 256,
    moves: int = 2,
) -> PartitionEstimate:
    """Estimate log Z(g) by annealing independent populations.

    Parameters
    ----------
    land : Landscape
        Differentiable, with a Gaussian base measure.
    couplings : sequence of float
        Positive, in units of the loss.
    seed : int, optional
    populations : int, optional
        Even, at least 8. The cost is that of populations x particles x moves x rungs x the steps of a path, gradients
        of the loss; rungs number some tens to hundreds, the steps one to twenty.
    particles : int, optional
        In each population, at least 16.
    moves : int, optional
        Hamiltonian paths for each particle at each rung at most, at least 1. A rung that forgets its losses sooner has
        fewer.

    Returns
    -------
    PartitionEstimate
        The log of the mean of Z over the populations. Errors and covariance from their spread, widened for being taken
        from few: t with n - 1 degrees of freedom has the variance (n - 1)/(n - 3). ``ess`` counts particles before the
        resampling where fewest carried the weight, down to that coupling. ``diagnostics`` has the ``ladder`` of beta,
        the ``acceptance`` rate at each rung, log Z of each of the ``populations``, and the ``table`` of losses, a
        :class:`ThermalTable`. The populations share the ladder, the step size and, crosswise between halves, the
        masses, which ties them weakly.

    Raises
    ------
    TypeError, ValueError
        Bad arguments, another base measure, a loss or gradient that is not finite, or +inf throughout a population.
    RuntimeError
        More than 2000 rungs: the couplings are too small for the range of the loss.

    Examples
    --------
    >>> est = smc(Landscape(lambda theta: 50 * theta.square().sum(1), dim=4), [0.1, 0.01], particles=64)
    >>> exact = -2 * torch.log(torch.tensor([1 + 1e3, 1 + 1e4], dtype=torch.float64))
    >>> bool(((est.log_z - exact).abs() < 4 * est.std_error).all())
    True
    """
    g = check_couplings(couplings)
    annealing = Annealing()
    for rung in anneal(land, g, seed, populations=populations, particles=particles, moves=moves):
        annealing.add(rung)
    return annealing.estimate(g)


def anneal(
    land: Landscape,
    couplings: Sequence[float] | Tensor,
    seed: int = 0,
    *,
    populations: int = 16,
    particles: int = 256,
    moves: int = 2,
) -> Iterator[Rung]:
    """The rungs of :func:`smc`, whose arguments and errors it has, from beta = 0 on; each coupling has a rung.

    Examples
    --------
    >>> land = Landscape(lambda theta: theta.square().sum(1), dim=2)
    >>> [round(rung.beta, 3) for rung in anneal(land, [10.0, 5.0], particles=16)]
    [0.0, 0.1, 0.2]
    """
    targets = check_annealing(land, couplings, seed, populations, particles, moves)
    return cool(_Together(land, seed, populations, particles), targets, moves)


def check_annealing(
    land: Landscape, couplings: Sequence[float] | Tensor, seed: int, populations: int, particles: int, moves: int
) -> list[float]:
    """The temperatures 1/g that are passed through, ascending; TypeError or ValueError for bad arguments."""
    check_landscape(land)
    targets = sorted(set((1 / check_couplings(couplings)).tolist()))
    check_count(populations, "populations", 8)
    check_count(particles, "particles", 16)
    check_count(moves, "moves", 1)
    check_seed(seed)
    if populations % 2:
        raise ValueError(f"populations must be even, for each half takes its masses from the other; got {populations}")
    if not land.has_gaussian_base:
        raise ValueError(f"annealing needs a Gaussian base measure, got {land.base}: use monte_carlo or laplace")
    return targets


class Populations(Protocol):
    """All populations as they are at one temperature, wherever their particles are kept."""

    @property
    def losses(self) -> Tensor:
        """Of all particles, (1, R, N)."""

    def resample(self, shares: Tensor) -> None:
        """Draw particles in proportion to their shares (R, N) of a population, and take the masses from them."""

    def move(self, beta: float, step: float) -> Tensor:
        """One Hamiltonian path for each, in leapfrog steps of this size; their chances to be accepted, (1, R, N)."""

    def rung(self, beta: float, step: float, log_z: Tensor, kept: float, acceptance: float) -> Rung:
        """What is handed on of them."""


def cool(populations: Populations, targets: Sequence[float], moves: int) -> Iterator[Rung]:
    """Cool populations from beta = 0 on, with a rung at each of these beta, ascending, and as many between as it takes.

    Raises
    ------
    ValueError
        A loss of +inf throughout a population.
    RuntimeError
        More than 2000 rungs.
    """
    _, count, particles = populations.losses.shape
    log_z = torch.zeros(count, dtype=torch.float64, device=populations.losses.device)
    beta, step, passed = 0.0, 0.5, 0
    yield populations.rung(beta, step, log_z, 1.0, 1.0)
    for target in targets:
        while beta < target:
            if passed == _MAX_RUNGS:
                raise RuntimeError(
                    f"{_MAX_RUNGS} rungs reached only 1/g = {beta:.3g} of {targets[-1]:.3g}: the losses vary too much; "
                    "use larger couplings, or a base measure closer to the minimum"
                )
            new = _next_rung(populations.losses, beta, target)
            log_weights = -(new - beta) * populations.losses[0]
            total = log_weights.logsumexp(1)
            if not bool(total.isfinite().all()):
                raise ValueError(
                    f"the loss is +inf for all {particles} particles of a population: take more particles, or a base "
                    "measure closer to where the loss is finite"
                )
            log_z = log_z + total - math.log(particles)
            shares = (log_weights - total[:, None]).exp()
            kept = float((1 / shares.square().sum(1)).mean()) / particles
            populations.resample(shares)
            beta, passed, before = new, passed + 1, populations.losses
            accepted = 0.0
            for done in range(1, moves + 1):
                accepted += float(populations.move(beta, step).mean())
                if done < moves and _correlation(before, populations.losses) < _FORGOTTEN:
                    break
            yield populations.rung(beta, step, log_z, kept, accepted / done)
            step = steered(step, accepted / done)


class _Together:
    """All populations in this process."""

    def __init__(self, land: Landscape, seed: int, populations: int, particles: int) -> None:
        self._frame = land.whitened()
        self._streams = RandomStreams(seed, range(populations), land.device)
        self._at = Particles.at(self._frame, self._streams.normal((1, particles, land.dim), land.dtype))
        self._masses = Masses.crosswise(self._at.u)

    @property
    def losses(self) -> Tensor:
        return self._at.losses

    def resample(self, shares: Tensor) -> None:
        self._at = self._at.take(systematic(shares, self._streams)[None])
        self._masses = Masses.crosswise(self._at.u)

    def move(self, beta: float, step: float) -> Tensor:
        betas = torch.full((1,), beta, dtype=torch.float64, device=self._frame.device)
        steps = torch.tensor([step]).double()
        self._at, chance = move(self._frame, self._at, betas, steps, self._masses, self._streams)
        return chance

    def rung(self, beta: float, step: float, log_z: Tensor, kept: float, acceptance: float) -> Rung:
        return Rung(beta, self._at, self._masses, step, log_z, kept, acceptance)


def steered(step: float, acceptance: float) -> float:
    """The next size of a leapfrog step."""
    return min(1.5, max(1e-3, step * math.exp(acceptance - ACCEPTANCE)))


class Annealing:
    """What the rungs of a run say about log Z, gathered one after the other."""

    def __init__(self) -> None:
        self._rungs: list[tuple[float, float, float]] = []
        self._losses: list[Tensor] = []
        self._at: dict[float, tuple[Tensor, float]] = {}
        self._fewest = 1.0

    def add(self, rung: Rung) -> None:
        """Keep the losses and log Z of a rung."""
        self._fewest = min(self._fewest, rung.kept)
        self._rungs.append((rung.beta, rung.acceptance, rung.kept))
        self._losses.append(rung.particles.losses)
        self._at[rung.beta] = rung.log_z, self._fewest

    def table(self) -> ThermalTable:
        """The losses [temperature, population, particle] after the moves of each rung."""
        losses = torch.cat(self._losses)
        ladder = torch.tensor([beta for beta, _, _ in self._rungs], dtype=torch.float64, device=losses.device)
        return ThermalTable(ladder, losses)

    def estimate(self, couplings: Tensor) -> PartitionEstimate:
        """log Z at couplings each of which had a rung: see :func:`smc`."""
        keys = (1 / couplings).tolist()
        each = torch.stack([self._at[key][0] for key in keys]).cpu()
        populations = each.shape[1]
        mean = each.logsumexp(1) - math.log(populations)
        # The logarithm of each population's Z, not Z itself: its spread does not hang on the largest one.
        centred = each - each.mean(1, keepdim=True)
        covariance = centred @ centred.mT / populations / (populations - 3)
        spread = (centred.square().sum(1) / (populations - 1)).sqrt()
        table = self.table()
        ess = torch.tensor([self._at[key][1] for key in keys], dtype=torch.float64) * table.losses[0].numel()
        warnings = [
            f"at g = {x:.4g} log Z differs between populations by {s:.2g} (standard deviation): the particles do not "
            "mix, or there are too few"
            for x, s in zip(couplings.tolist(), spread.tolist(), strict=True)
            if s > _WIDE
        ]
        rates = tuple(rate for _, rate, _ in self._rungs[1:])
        if min(rates) < 0.2:
            warnings.append(f"the acceptance rate fell to {min(rates):.2g}: the particles hardly moved there")
        if self._fewest < _FEWEST:
            warnings.append(
                f"at one rung only {self._fewest:.2g} of the particles carried the weight: take more particles"
            )
        return PartitionEstimate(
            couplings,
            mean,
            covariance.diagonal().sqrt(),
            ess,
            "smc",
            tuple(warnings),
            {"ladder": tuple(table.betas.tolist()), "acceptance": rates, "populations": each, "table": table},
            covariance,
        )


def _next_rung(losses: Tensor, beta: float, target: float) -> float:
    """The largest beta up to the target at which the weights of equal particles keep their effective size."""
    finite = losses.isfinite()
    above = torch.where(finite, losses - losses.min(), 0.0)
    carrying = finite.sum()

    def kept(increment: Tensor) -> Tensor:
        weights = (-increment * above).exp() * finite
        return weights.sum().square() / weights.square().sum() / carrying

    # Bisection on the device, in the logarithm, with one wait at its end.
    whole = torch.as_tensor(target - beta, dtype=torch.float64, device=losses.device)
    low, high = whole * 1e-30, whole
    for _ in range(40):
        middle = (low * high).sqrt()
        enough = kept(middle) >= _CONDITIONAL
        low, high = torch.where(enough, middle, low), torch.where(enough, high, middle)
    increment = float(torch.where(kept(whole) >= _CONDITIONAL, whole, low))
    return target if beta + increment >= target * (1 - 1e-12) else beta + increment


def systematic(shares: Tensor, streams: RandomStreams) -> Tensor:
    """Indices of the particles drawn by systematic resampling within each population (Carpenter et al. 1999)."""
    particles = shares.shape[1]
    offset = streams.uniform((1,)).reshape(-1, 1)
    comb = (offset + torch.arange(particles, device=shares.device)) / particles
    return torch.searchsorted(shares.cumsum(1), comb).clamp(max=particles - 1)


def _correlation(one: Tensor, other: Tensor) -> float:
    """Correlation coefficient over all particles; 0 where nothing varies."""
    a, b = one - one.mean(), other - other.mean()
    scale = (a.square().sum() * b.square().sum()).sqrt()
    return float(torch.where(scale > 0, (a * b).sum() / scale, 0.0))
