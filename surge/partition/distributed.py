"""Sequential Monte Carlo on several processes or accelerators: the populations are shared out.

Started by ``torchrun --nproc-per-node=2 program.py``, where the program has

    torch.distributed.init_process_group()
    estimate = distributed_smc(land, couplings, seed=0)

and every process gets the same estimate. A process keeps the particles of its own populations. Losses are exchanged, a
number a particle and move, so that all processes decide on the same rungs and step sizes, and so are the moments of the
particles from which the masses are taken. Populations have random numbers of their own, and are moved two at a time
however many there are: a seed gives the same numbers, bit for bit, on any number of processes of one kind of machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from ..landscape import Landscape
from .estimate import PartitionEstimate, check_couplings
from .hamiltonian import MAX_DENSE, Masses, Particles, move
from .random_streams import RandomStreams
from .smc import Annealing, Rung, check_annealing, cool, systematic

__all__ = ["distributed_smc"]

_Result = TypeVar("_Result")


def distributed_smc(
    land: Landscape,
    couplings: Sequence[float] | Tensor,
    seed: int = 0,
    *,
    populations: int = 16,
    particles: int = 256,
    moves: int = 2,
    group: dist.ProcessGroup | None = None,
) -> PartitionEstimate:
    """Estimate log Z(g) by :func:`smc`, its populations shared out among the processes of a group.

    Parameters
    ----------
    land : Landscape
        The same in every process, each on a device of its own.
    couplings, seed, populations, particles, moves
        As for :func:`smc`, and the same in every process. There must be two populations for each process at least.
    group : torch.distributed.ProcessGroup, optional
        The processes that take part, all of which have to call this function. The default group by default.

    Returns
    -------
    PartitionEstimate
        The same in every process: that of :func:`smc` up to the rounding of sums that are taken in another order. Its
        ``diagnostics`` also have the number of ``processes``.

    Raises
    ------
    TypeError, ValueError
        As for :func:`smc`; arguments that differ between processes, more processes than pairs of populations, or
        ``torch.distributed`` not initialised.
    RuntimeError
        As for :func:`smc`; or another process failed, which says why itself.

    Examples
    --------
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> land = Landscape(lambda theta: 50 * theta.square().sum(1), dim=4)
    >>> est = distributed_smc(land, [0.1], populations=8, particles=64)
    >>> dist.destroy_process_group()
    >>> bool((est.log_z + 2 * torch.tensor(1e3).log1p()).abs() < 4 * est.std_error)
    True
    """
    if not (dist.is_available() and dist.is_initialized()):
        raise ValueError("torch.distributed is not initialised: call init_process_group first, or use smc")
    targets = check_annealing(land, couplings, seed, populations, particles, moves)
    g = check_couplings(couplings)
    processes = dist.get_world_size(group)
    if 2 * processes > populations:
        raise ValueError(
            f"{processes} processes need {2 * processes} populations at least, two for each; got {populations}"
        )
    others = _Others(group, land.device)
    others.check_equal((g.tolist(), seed, populations, particles, moves, land.dim, str(land.dtype)))
    annealing = Annealing()
    for rung in cool(_Apart(land, seed, populations, particles, others), targets, moves):
        annealing.add(rung)
    estimate = annealing.estimate(g)
    return replace(estimate, diagnostics={**estimate.diagnostics, "processes": processes})


@dataclass(eq=False)
class _Pair:
    """A population of each half, which move together: the batches are the same on any number of processes.

    ``chance`` is that of the last paths to be accepted.
    """

    members: tuple[int, int]
    streams: RandomStreams
    at: Particles
    chance: Tensor


class _Others:
    """Exchange with the other processes of a group."""

    def __init__(self, group: dist.ProcessGroup | None, device: torch.device) -> None:
        self._group, self._device = group, device
        self.processes, self.rank = dist.get_world_size(group), dist.get_rank(group)
        self._wire = device if dist.get_backend(group) == "nccl" else torch.device("cpu")

    def _reduce(self, values: Tensor, operation: dist.ReduceOp.RedOpType) -> Tensor:
        sent = values.to(self._wire, copy=True)
        dist.all_reduce(sent, op=operation, group=self._group)
        return sent.to(self._device)

    def gather(self, pairs: Sequence[_Pair], shape: tuple[int, ...], part: Callable[[_Pair], Tensor]) -> Tensor:
        """What all pairs have, (R, ...), from what each pair of this process has, (2, ...).

        Every number is sent by one process and is zero in the others, so that their sum is exact.
        """
        values = torch.zeros(shape, dtype=part(pairs[0]).dtype, device=self._device)
        for pair in pairs:
            values[list(pair.members)] = part(pair)
        return self._reduce(values, dist.ReduceOp.SUM)

    def all_or_none(self, work: Callable[[], _Result]) -> _Result:
        """The result of a piece of work, if it succeeds in every process: none is left waiting for one that failed."""
        failure: Exception | None = None
        try:
            result = work()
        except Exception as error:
            failure = error
        failed = int(self._reduce(torch.tensor([failure is not None], dtype=torch.int64), dist.ReduceOp.SUM))
        if failure is not None:
            raise failure
        if failed:
            raise RuntimeError(f"{failed} other process(es) failed: their messages say why")
        return result

    def check_equal(self, arguments: object) -> None:
        """ValueError unless every process has the same arguments."""
        digest = int.from_bytes(hashlib.sha256(repr(arguments).encode()).digest()[:7], "big")
        highest, minus_lowest = self._reduce(torch.tensor([digest, -digest]), dist.ReduceOp.MAX).tolist()
        if highest != -minus_lowest:
            raise ValueError(f"the processes were given different arguments, this one {arguments}")


class _Apart:
    """The populations, of which this process keeps some pairs."""

    def __init__(self, land: Landscape, seed: int, populations: int, particles: int, others: _Others) -> None:
        self._frame, self._others, self._shape = land.whitened(), others, (populations, particles)
        half = populations // 2

        def start() -> list[_Pair]:
            pairs = []
            for members in ((i, i + half) for i in range(others.rank, half, others.processes)):
                streams = RandomStreams(seed, members, land.device)
                at = Particles.at(self._frame, streams.normal((1, particles, land.dim), land.dtype))
                pairs.append(_Pair(members, streams, at, torch.ones_like(at.losses)))
            return pairs

        self._pairs = others.all_or_none(start)
        self._losses = self._gathered()
        self._masses = Masses(None, self._losses.new_empty(0))

    @property
    def losses(self) -> Tensor:
        return self._losses

    def resample(self, shares: Tensor) -> None:
        for pair in self._pairs:
            pair.at = pair.at.take(systematic(shares[list(pair.members)], pair.streams)[None])
        self._losses, self._masses = self._gathered(), self._crosswise()

    def move(self, beta: float, step: float) -> Tensor:
        betas = torch.full((1,), beta, dtype=torch.float64, device=self._frame.device)
        steps = torch.tensor([step], dtype=torch.float64)

        def advance() -> None:
            for pair in self._pairs:
                pair.at, pair.chance = move(self._frame, pair.at, betas, steps, self._masses, pair.streams)

        self._others.all_or_none(advance)
        self._losses = self._gathered()
        return self._others.gather(self._pairs, self._shape, lambda pair: pair.chance[0])[None]

    def rung(self, beta: float, step: float, log_z: Tensor, kept: float, acceptance: float) -> Rung:
        """With the losses of all populations, which are all that an estimate needs."""
        nothing = self._losses.new_empty(0)
        at = Particles(nothing, self._losses, nothing)
        return Rung(beta, at, Masses(None, nothing), step, log_z, kept, acceptance)

    def _gathered(self) -> Tensor:
        return self._others.gather(self._pairs, self._shape, lambda pair: pair.at.losses[0])[None]

    def _crosswise(self) -> Masses:
        """:meth:`Masses.crosswise` of all particles, which in many dimensions stay where they are."""
        (populations, count), dim = self._shape, self._frame.dim
        if dim <= MAX_DENSE:
            each = self._others.gather(self._pairs, (populations, count, dim), lambda pair: pair.at.u[0])
            return Masses.crosswise(each[None])

        def over_halves(part: Callable[[_Pair], Tensor]) -> Tensor:
            """Means (1, 2, 1, d) over the particles of each half."""
            each = self._others.gather(self._pairs, (populations, dim), lambda pair: part(pair)[0].mean(1))
            return each.reshape(1, 2, -1, dim).mean(2, keepdim=True)

        centre = over_halves(lambda pair: pair.at.u)
        # The members of a pair stand half by half, as the means do.
        variances = over_halves(lambda pair: (pair.at.u - centre).square())
        return Masses(None, variances.flip(1).sqrt().clamp(1e-8, 1.0))
