"""Parallel tempering: chains at all temperatures that exchange their places, started from annealed particles.

At each temperature of a ladder from beta = 0 to max 1/g runs a Hamiltonian chain. Neighbours propose to exchange their
states, the even and the odd pairs in turn, which carries states through the ladder without going back and forth at
random (Swendsen and Wang 1986; Geyer 1991; Okabe et al. 2001; Syed et al. 2022). At beta = 0 every state is a fresh
draw from the base measure. What annealing got wrong is so forgotten in time, and log Z comes from MBAR on the table of
losses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..landscape import Landscape
from .estimate import PartitionEstimate, check_count, check_couplings, check_landscape, check_seed
from .hamiltonian import Masses, Particles, move
from .mbar import mbar
from .random_streams import RandomStreams
from .smc import Rung, anneal, steered
from .thermal_table import ThermalTable

__all__ = ["Ladder", "Tempered", "exchange", "temper", "tempering"]

#: Rate of refused exchanges between neighbours that the ladder aims at; one half is the most efficient (Syed et al.
#: 2022, section 5).
_REFUSED = 0.5
#: Part of the sweeps that is left out of the table; the steps are adapted in it.
_WARM_UP = 0.2
#: What the random numbers are for, beside those of annealing.
_PURPOSE = 1


class Ladder:
    """Picks the temperatures of the chains, and their states, from the rungs of an annealing run as they come.

    Parameters
    ----------
    chains : int
        States kept of each population.
    """

    def __init__(self, chains: int) -> None:
        self._chains = chains
        self._ladder: list[tuple[Rung, Tensor]] = []

    def add(self, rung: Rung) -> None:
        """The rung before is left out where this one is near enough to the one before that."""
        losses = rung.particles.losses[0]
        if len(self._ladder) > 1:
            hot, hot_losses = self._ladder[-2]
            if float(_refusal(hot.beta, hot_losses, rung.beta, losses).mean()) <= _REFUSED:
                self._ladder.pop()
        self._ladder.append((self._few(rung), losses))

    def rungs(self) -> list[Rung]:
        """Those kept, from beta = 0 to the last one."""
        return [rung for rung, _ in self._ladder]

    def _few(self, rung: Rung) -> Rung:
        # Neighbours may descend from one particle.
        stride = rung.particles.losses.shape[2] // self._chains
        p, few = rung.particles, slice(0, stride * self._chains, stride)
        kept = Particles(p.u[:, :, few].clone(), p.losses[:, :, few].clone(), p.slopes[:, :, few].clone())
        return replace(rung, particles=kept)


@dataclass(frozen=True, eq=False)
class Tempered:
    """What the chains have seen.

    Parameters
    ----------
    table : ThermalTable
        Without the warm-up.
    refused : Tensor (T - 1,)
        Part of the exchanges between neighbours that was refused.
    acceptance : Tensor (T - 1,)
        Of the paths at beta > 0.
    round_trips : int
        States that have gone from beta = 0 to the coldest chain and back, in all chains together.
    """

    table: ThermalTable
    refused: Tensor
    acceptance: Tensor
    round_trips: int

    def estimate(self, couplings: Tensor) -> PartitionEstimate:
        """log Z by MBAR on the table: see :func:`tempering`."""
        est = mbar(self.table).log_z(couplings)
        seen = {"refused": self.refused, "acceptance": self.acceptance, "round_trips": self.round_trips}
        warnings = list(est.warnings)
        least = float(self.acceptance.min())
        if least < 0.2:
            g = 1 / float(self.table.betas[int(self.acceptance.argmin()) + 1])
            warnings.append(
                f"at g = {g:.4g} the chains accepted only {least:.2g} of their paths: they hardly moved there"
            )
        return replace(est, method="tempering", warnings=tuple(warnings), diagnostics={**est.diagnostics, **seen})


def tempering(
    land: Landscape,
    couplings: Sequence[float] | Tensor,
    seed: int = 0,
    *,
    populations: int = 16,
    particles: int = 128,
    chains: int = 4,
    sweeps: int = 100,
) -> PartitionEstimate:
    """Estimate log Z(g) by parallel tempering and MBAR.

    Parameters
    ----------
    land : Landscape
        Differentiable, with a Gaussian base measure.
    couplings : sequence of float
        Positive, in units of the loss.
    seed : int, optional
    populations, particles : int, optional
        Of the annealing run that the chains start from: see :func:`smc`.
    chains : int, optional
        Chains at each temperature for each population, at most ``particles``.
    sweeps : int, optional
        Paths and exchanges of each chain, at least 10; the first fifth warms up.

    Returns
    -------
    PartitionEstimate
        By MBAR on the table [temperature, population, sample], with errors from the populations, whose chains never
        meet. ``ess`` counts samples of the whole table, as if they were independent. ``diagnostics`` has the
        ``table``, the rates of ``refused`` exchanges and the ``acceptance`` of paths by temperature, the number of
        ``round_trips`` through the ladder and the estimate of ``smc``.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As for :func:`smc`.

    Examples
    --------
    >>> land = Landscape(lambda theta: 50 * theta.square().sum(1), dim=2)
    >>> est = tempering(land, [0.1, 0.01], particles=32, sweeps=40)
    >>> exact = -torch.log(torch.tensor([1 + 1e3, 1 + 1e4], dtype=torch.float64))
    >>> bool(((est.log_z - exact).abs() < 4 * est.std_error).all())
    True
    """
    check_landscape(land)
    g = check_couplings(couplings)
    check_count(chains, "chains", 1)
    check_count(sweeps, "sweeps", 10)
    check_seed(seed)
    if chains > check_count(particles, "particles", 16):
        raise ValueError(f"chains start from particles: at most {particles} chains, got {chains}")
    ladder = Ladder(chains)
    for rung in anneal(land, g, seed, populations=populations, particles=particles):
        ladder.add(rung)
    return temper(land, ladder.rungs(), seed, sweeps).estimate(g)


def temper(land: Landscape, rungs: list[Rung], seed: int, sweeps: int) -> Tempered:
    """Run the chains.

    Parameters
    ----------
    land : Landscape
    rungs : list of Rung
        The ladder, from beta = 0 on, with the states to start from and the masses to move with.
    seed, sweeps : int

    Returns
    -------
    Tempered
    """
    frame = land.whitened()
    populations, chains = rungs[0].particles.losses.shape[1:]
    betas = torch.tensor([rung.beta for rung in rungs], dtype=torch.float64, device=frame.device)
    steps = torch.tensor([rung.step for rung in rungs[1:]], dtype=torch.float64)
    masses = Masses.stack([rung.masses for rung in rungs[1:]])
    at = Particles(*(torch.cat([getattr(r.particles, name) for r in rungs]) for name in ("u", "losses", "slopes")))
    streams = RandomStreams(seed, range(populations), frame.device, _PURPOSE)
    colder = torch.arange(1, len(rungs), device=frame.device)
    # Since it was last at an end of the ladder, a state is on its way from beta = 0 (1), from the coldest chain (-1).
    bound = torch.zeros_like(at.losses)
    warm_up = math.ceil(_WARM_UP * sweeps)
    seen = []
    refused = torch.zeros(len(rungs) - 1, dtype=torch.float64, device=frame.device)
    accepted, trips = torch.zeros_like(refused), torch.zeros((), dtype=torch.float64, device=frame.device)
    for sweep in range(sweeps):
        fresh = Particles.at(frame, streams.normal((1, chains, frame.dim), frame.dtype))
        moved, chance = move(frame, at.rungs(colder), betas[1:], steps, masses, streams)
        at = Particles(
            torch.cat([fresh.u, moved.u]),
            torch.cat([fresh.losses, moved.losses]),
            torch.cat([fresh.slopes, moved.slopes]),
        )
        trips = trips + (bound[0] == -1).sum()
        bound[0], bound[-1] = 1.0, torch.where(bound[-1] == 1, -1.0, bound[-1])
        if sweep < warm_up:
            rates = chance.mean((1, 2)).tolist()
            steps = torch.tensor([steered(s, r) for s, r in zip(steps.tolist(), rates, strict=True)]).double()
        else:
            seen.append(at.losses)
            refused += _refusal(betas[:-1], at.losses[:-1], betas[1:], at.losses[1:]).mean((1, 2))
            accepted += chance.mean((1, 2))
        order = exchange(betas, at.losses, sweep % 2, streams.uniform((len(rungs), chains)))
        wide = order[..., None].expand_as(at.u)
        at = Particles(at.u.gather(0, wide), at.losses.gather(0, order), at.slopes.gather(0, wide))
        bound = bound.gather(0, order)
    return Tempered(
        ThermalTable(betas, torch.cat(seen, 2)),
        (refused / len(seen)).cpu(),
        (accepted / len(seen)).cpu(),
        int(trips),
    )


def exchange(betas: Tensor, losses: Tensor, parity: int, uniform: Tensor) -> Tensor:
    """Which chain's state each chain has after one round of exchanges.

    Parameters
    ----------
    betas : Tensor (T,)
    losses : Tensor (T, R, C)
    parity : int
        0 for the pairs (0, 1), (2, 3), ..., 1 for (1, 2), (3, 4), ...
    uniform : Tensor (T, R, C)
        From 0 to 1, deciding for the pair that starts at a chain.

    Returns
    -------
    Tensor (T, R, C)
        Indices of temperatures.

    Examples
    --------
    >>> losses = torch.tensor([0.0, 1.0, 2.0]).reshape(3, 1, 1)
    >>> exchange(torch.tensor([0.0, 1.0, 2.0]), losses, 0, 0.5 * torch.ones(3, 1, 1)).flatten()
    tensor([1, 0, 2])
    """
    swap = torch.zeros_like(losses, dtype=torch.bool)
    chance = 1 - _refusal(betas[:-1], losses[:-1], betas[1:], losses[1:])
    swap[:-1][parity::2] = (uniform[:-1] < chance)[parity::2]
    place = torch.arange(len(betas), device=losses.device).reshape(-1, 1, 1)
    up = torch.cat([torch.zeros_like(swap[:1]), swap[:-1]])
    return place + swap.long() - up.long()


def _refusal(hot: Tensor | float, hot_losses: Tensor, cold: Tensor | float, cold_losses: Tensor) -> Tensor:
    """The chance that an exchange is refused, for each pair of states."""
    gap = torch.as_tensor(cold, device=hot_losses.device) - torch.as_tensor(hot, device=hot_losses.device)
    width = gap.reshape(-1, 1, 1) if gap.ndim else gap
    # The hot state has more often the larger loss, which may be infinite.
    return -torch.expm1(-(width * (hot_losses - cold_losses)).clamp(min=0.0))
