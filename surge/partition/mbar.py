"""MBAR: every temperature of a thermal table reweighted to any other (Shirts and Chodera 2008).

With f_k = -log Z_k at the rungs beta_k, of N_k samples each, the estimating equations are

    exp(-f_k) = sum_n exp(-beta_k L_n) / D_n ,      D_n = sum_j N_j exp(f_j - beta_j L_n) ,

over the samples n of all rungs, and E_pi h(L) = sum_n h(L_n)/D_n for every function h: exp(-beta L) gives log Z at any
temperature of the ladder, L exp(-beta L) the mean loss, the indicator of L <= t the sublevel volume B(t).

>>> generator = torch.Generator().manual_seed(0)
>>> draws = torch.randn(8, 1000, generator=generator, dtype=torch.float64)
>>> hot, cold = draws.square() / 2, draws.square() / 4  # of L = x^2/2, under beta = 0 and beta = 1
>>> curve = mbar(ThermalTable(torch.tensor([0.0, 1.0]).double(), torch.stack([hot, cold])))
>>> est = curve.log_z([1.0, 2.0])
>>> bool(((est.log_z + torch.log1p(1 / est.couplings) / 2).abs() < 4 * est.std_error).all())
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .estimate import TOO_FEW, PartitionEstimate, check_couplings, ess_warnings
from .sublevel import SublevelVolumes
from .thermal_table import ThermalTable

__all__ = ["Reweighting", "mbar"]

#: Elements of a block of the matrix [sample, temperature].
_BLOCK = 2**22
#: Newton steps at most; from the thermodynamic integral three or four are enough.
_STEPS = 100
#: Stands for an infinite loss: its weight underflows at every beta > 0 and is 1 at beta = 0.
_HUGE = 1e300


def mbar(table: ThermalTable) -> Reweighting:
    """Solve the estimating equations for the rungs of a table.

    Parameters
    ----------
    table : ThermalTable

    Returns
    -------
    Reweighting
        Gives log Z, the mean loss, the heat capacity and the sublevel volumes.

    Raises
    ------
    TypeError
        Not a ThermalTable.
    ValueError
        Neighbouring rungs share no losses, so that the equations have no solution in float64.
    """
    if not isinstance(table, ThermalTable):
        raise TypeError(f"table must be a ThermalTable, got {table!r}")
    losses = table.losses.clamp(max=_HUGE)
    rungs, replicas, samples = losses.shape
    flat = losses.movedim(1, 0).reshape(replicas, -1)  # a row a replica
    betas, log_count = table.betas, math.log(replicas * samples)
    f = -_thermodynamic_integral(betas, losses)
    for _ in range(_STEPS):
        gradient, hessian, value = _derivatives(betas, flat, f, log_count)
        total = gradient.sum(0)
        # Z(0) = 1 fixes f_0 = 0; the others move.
        factor, failed = torch.linalg.cholesky_ex(hessian[1:, 1:])
        if int(failed):
            raise ValueError("neighbouring temperatures share no losses: take more temperatures, or more samples")
        step = torch.cholesky_solve(total[1:, None], factor)[:, 0]
        decrement = float(total[1:] @ step)
        # The objective is convex; far from its minimum a whole Newton step may climb.
        scale = 1.0
        while decrement > 1e-6 and scale > 1e-6:
            trial = torch.cat([f[:1], f[1:] - scale * step])
            if float(_objective(betas, flat, trial, log_count)) <= value - 0.1 * scale * decrement:
                break
            scale /= 2
        f = torch.cat([f[:1], f[1:] - scale * step])
        if decrement < 1e-16 * replicas * rungs * samples:
            break
    gradient, hessian, _ = _derivatives(betas, flat, f, log_count)
    influence = -torch.linalg.solve(hessian[1:, 1:], gradient[:, 1:].mT).mT
    log_d = torch.cat([_log_denominators(betas, block, f, log_count) for block in _blocks(flat, rungs)], 1)
    return Reweighting(table, f, flat, log_d, influence)


@dataclass(frozen=True, eq=False)
class Reweighting:
    """Averages over the base measure and at any temperature of the ladder, with errors from the replicas.

    The replicas are independent; the error of an average is the infinitesimal jackknife over them (Jaeckel 1972), that
    is, how the solution of the equations moves with the weight of a replica, to first order, and no assumption on how
    the samples within a replica depend on each other. The variance is widened by (R - 1)/(R - 3) for being taken from
    few. Made by :func:`mbar`.

    Parameters
    ----------
    table : ThermalTable
    free_energies : Tensor (T,)
        f = -log Z at the rungs.
    losses, log_denominators : Tensor (R, T N)
        L_n and log D_n.
    influence : Tensor (R, T - 1)
        Of the replicas on the free energies but the first.
    """

    table: ThermalTable
    free_energies: Tensor
    losses: Tensor
    log_denominators: Tensor
    influence: Tensor

    def log_z(self, couplings: Sequence[float] | Tensor) -> PartitionEstimate:
        """log Z at couplings of the ladder's range.

        Parameters
        ----------
        couplings : sequence of float
            Positive, in units of the loss, 1/g at most the last beta.

        Returns
        -------
        PartitionEstimate
            With the covariance between couplings. ``ess`` is the effective number (Kish 1965) of samples of the whole
            table; ``diagnostics`` has ``largest_share``, the weight of the heaviest sample. Where fewer than 20
            samples carry the weight the error is infinite.

        Raises
        ------
        TypeError, ValueError
            Bad couplings, or one outside the ladder.
        """
        g = check_couplings(couplings)
        betas = self._betas(g)
        log_z, influence, ess, largest = self._log_averages(lambda losses: -betas[:, None, None] * losses)
        covariance = self._covariance(influence)
        poor = ess < TOO_FEW
        covariance = torch.where(poor[:, None] | poor[None, :], 0.0, covariance)
        covariance.diagonal().masked_fill_(poor, math.inf)
        return PartitionEstimate(
            g,
            log_z.cpu(),
            covariance.diagonal().sqrt().cpu(),
            ess.cpu(),
            "mbar",
            ess_warnings(g, ess.cpu(), "take more samples"),
            {"table": self.table, "largest_share": largest.cpu()},
            covariance.cpu(),
        )

    def mean_loss(self, couplings: Sequence[float] | Tensor) -> tuple[Tensor, Tensor]:
        """<L> at couplings of the ladder's range and its standard error, each (K,), in units of the loss."""
        mean, _, term = self._moments(check_couplings(couplings))
        influence = self._influence(lambda losses, log_d: term(losses, log_d) * (losses - mean[:, None, None]))
        return mean.cpu(), self._covariance(influence).diagonal().sqrt().cpu()

    def heat_capacity(self, couplings: Sequence[float] | Tensor) -> tuple[Tensor, Tensor]:
        """beta^2 Var L at couplings of the ladder's range and its standard error, each (K,).

        With log Z ~ -L*/g + nu log g it tends to nu as g falls to 0: half the dimension at a non-degenerate minimum,
        the real log canonical threshold in general (Watanabe 2009).
        """
        mean, variance, term = self._moments(check_couplings(couplings))
        square = self._betas(check_couplings(couplings)).square()

        def spread(losses: Tensor, log_d: Tensor) -> Tensor:
            # The mean's own influence drops out: the variance is stationary in it.
            return term(losses, log_d) * ((losses - mean[:, None, None]).square() - variance[:, None, None])

        errors = self._covariance(self._influence(spread)).diagonal().sqrt()
        return (square * variance).cpu(), (square * errors).cpu()

    def sublevel_volumes(self, levels: Sequence[float] | Tensor) -> SublevelVolumes:
        """log B(t), B(t) = P_pi(L <= t).

        Parameters
        ----------
        levels : sequence of float
            Ascending, in units of the loss. Below the losses that the coldest rung has seen the volume is 0, with an
            infinite error.

        Raises
        ------
        TypeError, ValueError
            Levels that are not finite and ascending.
        """
        t = torch.as_tensor(levels, dtype=torch.float64).detach().cpu().reshape(-1)
        log_volume, errors = torch.full_like(t, -math.inf), torch.full_like(t, math.inf)
        seen = t >= float(self.losses.min())
        if bool(seen.any()):
            level = t[seen].to(self.losses.device)[:, None, None]
            value, influence, ess, _ = self._log_averages(
                lambda losses: torch.where(losses <= level, 0.0, -math.inf).double()
            )
            error = self._covariance(influence).diagonal().sqrt()
            # The solution has B = 1 for all losses up to rounding.
            log_volume[seen] = value.clamp(max=0.0).cpu()
            errors[seen] = torch.where(ess < TOO_FEW, math.inf, error).cpu()
        return SublevelVolumes(t, log_volume, errors, "mbar")

    def _betas(self, couplings: Tensor) -> Tensor:
        betas, last = (1 / couplings).to(self.losses.device), float(self.table.betas[-1])
        if float(betas.max()) > last * (1 + 1e-12):
            raise ValueError(
                f"the ladder ends at g = {1 / last:.6g}, got couplings down to {float(couplings.min()):.6g}"
            )
        return betas

    def _log_averages(self, log_h: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """log of E_pi h for K functions h, influences (K, R), effective samples and the largest share of a sample.

        ``log_h`` takes losses (R, M) and returns (K, R, M).
        """
        total = self._log_sum(log_h)

        def share(losses: Tensor, log_d: Tensor) -> Tensor:
            return (log_h(losses) - log_d - total[:, None, None]).exp()

        squares, largest = torch.zeros_like(total), torch.zeros_like(total)
        for losses, log_d in self._pieces():
            shares = share(losses, log_d)
            squares += shares.square().sum((1, 2))
            largest = torch.maximum(largest, shares.amax((1, 2)))
        return total, self._influence(share), 1 / squares, largest

    def _log_sum(self, log_h: Callable[[Tensor], Tensor]) -> Tensor:
        pieces = [(log_h(losses) - log_d).flatten(1).logsumexp(1) for losses, log_d in self._pieces()]
        return torch.stack(pieces).logsumexp(0)

    def _moments(self, couplings: Tensor) -> tuple[Tensor, Tensor, Callable[[Tensor, Tensor], Tensor]]:
        """Means (K,) and variances (K,) of L, and the weights (K, R, M) of samples as a function of L and log D."""
        betas = self._betas(couplings)[:, None, None]
        total = self._log_sum(lambda losses: -betas * losses)[:, None, None]

        def weight(losses: Tensor, log_d: Tensor) -> Tensor:
            return (-betas * losses - log_d - total).exp()

        mean, variance = torch.zeros_like(total[:, 0, 0]), torch.zeros_like(total[:, 0, 0])
        for losses, log_d in self._pieces():
            mean += (weight(losses, log_d) * losses).sum((1, 2))
        for losses, log_d in self._pieces():
            variance += (weight(losses, log_d) * (losses - mean[:, None, None]).square()).sum((1, 2))
        return mean, variance, weight

    def _influence(self, term: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Of the replicas (K, R) on the sum of K terms: directly, and through the free energies in the D_n."""
        log_count = math.log(self.table.losses[0].numel())
        direct, through = [], []
        for losses, log_d in self._pieces():
            terms = term(losses, log_d)
            chance = (_terms(self.table.betas, losses, self.free_energies, log_count) - log_d.reshape(-1, 1)).exp()
            direct.append(terms.sum(2))
            through.append(terms.flatten(1) @ chance)
        own = torch.stack(direct).sum(0)
        return own - own.mean(1, keepdim=True) - torch.stack(through).sum(0)[:, 1:] @ self.influence.mT

    def _pieces(self) -> Iterator[tuple[Tensor, Tensor]]:
        rungs = len(self.free_energies)
        return zip(_blocks(self.losses, rungs), _blocks(self.log_denominators, rungs), strict=True)

    def _covariance(self, influence: Tensor) -> Tensor:
        """Of estimates with influences (K, R)."""
        replicas = influence.shape[1]
        centred = influence - influence.mean(1, keepdim=True)
        return centred @ centred.mT * (replicas / (replicas - 3))


def _blocks(rows: Tensor, rungs: int) -> tuple[Tensor, ...]:
    """The columns in pieces for which the matrix [sample, temperature] is not too large."""
    return torch.split(rows, max(1, _BLOCK // (rungs * len(rows))), dim=1)


def _terms(betas: Tensor, losses: Tensor, f: Tensor, log_count: float) -> Tensor:
    """log of N exp(f_j - beta_j L_n), (samples, T)."""
    return (log_count + f) - losses.reshape(-1, 1) * betas


def _log_denominators(betas: Tensor, losses: Tensor, f: Tensor, log_count: float) -> Tensor:
    return _terms(betas, losses, f, log_count).logsumexp(1).reshape(losses.shape)


def _objective(betas: Tensor, losses: Tensor, f: Tensor, log_count: float) -> Tensor:
    """sum_n log D_n - sum_j N_j f_j, convex, least at the solution."""
    total = torch.stack([_log_denominators(betas, block, f, log_count).sum() for block in _blocks(losses, len(f))])
    return total.sum() - math.exp(log_count) * f.sum()


def _derivatives(betas: Tensor, losses: Tensor, f: Tensor, log_count: float) -> tuple[Tensor, Tensor, Tensor]:
    """Gradient of the objective by replicas (R, T), its Hessian (T, T) and its value."""
    rungs, replicas = len(f), len(losses)
    gradient = losses.new_full((replicas, rungs), -math.exp(log_count) / replicas)
    square, total = losses.new_zeros(rungs, rungs), losses.new_zeros(())
    for block in _blocks(losses, rungs):
        terms = _terms(betas, block, f, log_count)
        log_d = terms.logsumexp(1, keepdim=True)
        chance = (terms - log_d).exp()
        gradient += chance.reshape(replicas, -1, rungs).sum(1)
        square += chance.mT @ chance
        total += log_d.sum()
    own = (gradient + math.exp(log_count) / replicas).sum(0)
    return gradient, torch.diag(own) - square, total - math.exp(log_count) * f.sum()


def _thermodynamic_integral(betas: Tensor, losses: Tensor) -> Tensor:
    """log Z at the rungs from means and variances of the losses, by the corrected trapezoidal rule: a start."""
    seen = losses < _HUGE
    count = seen.sum((1, 2))
    mean = torch.where(seen, losses, 0.0).sum((1, 2)) / count
    variance = torch.where(seen, losses - mean[:, None, None], 0.0).square().sum((1, 2)) / count
    width = betas.diff()
    pieces = -width * (mean[1:] + mean[:-1]) / 2 - width.square() / 12 * variance.diff()
    # Where the rungs lie far apart the correction may be larger than what it corrects.
    pieces = torch.maximum(torch.minimum(pieces, -width * mean[1:]), -width * mean[:-1])
    start = torch.zeros_like(betas)
    start[1:] = pieces.cumsum(0)
    return start
