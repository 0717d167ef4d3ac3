"""Bridge sampling: the ratio of Z(g) to a Gaussian mixture's known integral, from samples of both (Meng and Wong 1996).

With p = exp(-L/g) pi, whose integral is Z, and q a normalised density that resembles it, the optimal bridge gives

    Z = E_q[p/(s_p p/Z + s_q q)] / E_p[q/(s_p p/Z + s_q q)] ,

an equation for Z, where s_p and s_q are the parts of the samples from either. The samples of p are those of annealed
populations at 1/g. The mixture is fitted on one half of the populations and used on the other, and crosswise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..landscape import Landscape
from .estimate import PartitionEstimate, check_count, check_couplings
from .hamiltonian import MAX_DENSE
from .random_streams import RandomStreams
from .smc import Rung, anneal

__all__ = ["Bridges", "GaussianMixture", "bridge"]

#: Components of the mixture that are tried.
_COMPONENTS = (1, 2, 4, 8)
#: Steps of expectation maximisation.
_EM_STEPS = 20
#: Bisections of log Z.
_BISECTIONS = 80
#: Overlap of the two densities, from 0 to 1, below which the estimate comes with a warning.
_OVERLAP = 0.1
#: What the random numbers are for, beside those of annealing.
_PURPOSE = 2


def bridge(
    land: Landscape,
    couplings: Sequence[float] | Tensor,
    seed: int = 0,
    *,
    populations: int = 16,
    particles: int = 256,
) -> PartitionEstimate:
    """Estimate log Z(g) by bridge sampling between annealed particles and Gaussian mixtures fitted to them.

    Parameters
    ----------
    land : Landscape
        Differentiable, with a Gaussian base measure; d <= 256.
    couplings : sequence of float
        Positive, in units of the loss.
    seed : int, optional
    populations, particles : int, optional
        Of the annealing run: see :func:`smc`.

    Returns
    -------
    PartitionEstimate
        Errors from the populations. ``ess`` is the overlap of the two densities, from 0 to 1, times the number of
        samples of both. ``diagnostics`` has ``components``, the numbers of components in the mixtures, and
        ``overlap``. The samples show no mode that annealing has missed, and weigh modes as annealing has.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As for :func:`smc`; more than 256 dimensions.

    Examples
    --------
    >>> land = Landscape(lambda theta: 50 * theta.square().sum(1), dim=4)
    >>> est = bridge(land, [0.1, 0.01], particles=64)
    >>> exact = -2 * torch.log(torch.tensor([1 + 1e3, 1 + 1e4], dtype=torch.float64))
    >>> bool(((est.log_z - exact).abs() < 4 * est.std_error).all())
    True
    """
    g = check_couplings(couplings)
    check_count(particles, "particles", 16)
    rungs = anneal(land, g, seed, populations=populations, particles=particles)
    bridges = Bridges(land, g, seed)
    for rung in rungs:
        bridges.add(rung)
    return bridges.estimate()


class Bridges:
    """Bridges at chosen couplings, built while the rungs of an annealing run pass."""

    def __init__(self, land: Landscape, couplings: Tensor, seed: int) -> None:
        if land.dim > MAX_DENSE:
            raise ValueError(
                f"the mixtures' covariances are fitted up to dimension {MAX_DENSE}, the landscape has {land.dim}: use "
                "smc or tempering"
            )
        self._frame, self._couplings, self._seed = land.whitened(), couplings, seed
        self._keys = (1 / couplings).tolist()
        self._samples = 0
        self._at: dict[float, tuple[Tensor, Tensor, Tensor, tuple[int, int]]] = {}

    def add(self, rung: Rung) -> None:
        """Build the bridge if one of the couplings is that of the rung."""
        if rung.beta not in self._keys:
            return
        u, losses = rung.particles.u[0].double(), rung.particles.losses[0]
        populations, count, dim = u.shape
        streams = RandomStreams(self._seed, range(populations), u.device, _PURPOSE + self._keys.index(rung.beta))
        half = populations // 2
        log_z, influence, overlap, components = [], [], [], []
        for mine, other in ((slice(half), slice(half, None)), (slice(half, None), slice(half))):
            mixture = GaussianMixture.chosen(u[other], streams)
            normal = streams.normal((1, count, dim), torch.float64)[0][mine]
            draws = mixture.transport(normal, streams.uniform((1, count))[0][mine])
            drawn = self._frame(draws.reshape(-1, dim).to(self._frame.dtype)).reshape(half, count)
            ratio_p = _log_target(u[mine], losses[mine], rung.beta) - mixture.log_density(u[mine])
            ratio_q = _log_target(draws, drawn, rung.beta) - mixture.log_density(draws)
            value, each, common = optimal_bridge(ratio_p, ratio_q)
            log_z.append(value)
            influence.append(each)
            overlap.append(common)
            components.append(len(mixture.weights))
        self._samples = 2 * populations * count
        # Halves count the same; each holds half of the influences on the mean.
        self._at[rung.beta] = (
            torch.stack(log_z).mean(),
            torch.cat(influence) / 2,
            torch.stack(overlap).min(),
            (components[0], components[1]),
        )

    def estimate(self) -> PartitionEstimate:
        """log Z at the couplings, each of which had a rung: see :func:`bridge`."""
        log_z, influence, overlap, components = zip(*(self._at[key] for key in self._keys), strict=True)
        each = torch.stack(influence).cpu()
        replicas = each.shape[1]
        # Of each half R/2 replicas and their mean is gone: R - 2 degrees of freedom, widened as for t.
        covariance = each @ each.mT * (replicas / (replicas - 4))
        common = torch.stack(overlap).cpu()
        warnings = [
            f"at g = {g:.4g} the Gaussian mixture shares only {x:.2g} of the samples' density: the error is rough"
            for g, x in zip(self._couplings.tolist(), common.tolist(), strict=True)
            if x < _OVERLAP
        ]
        return PartitionEstimate(
            self._couplings,
            torch.stack(log_z).cpu(),
            covariance.diagonal().sqrt(),
            common * self._samples,
            "bridge",
            tuple(warnings),
            {"components": components, "overlap": tuple(common.tolist())},
            covariance,
        )


def optimal_bridge(ratio_p: Tensor, ratio_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Solve for log Z.

    Parameters
    ----------
    ratio_p, ratio_q : Tensor (R, N)
        log p/q at samples of p and at draws of q, in R replicas; -inf where p vanishes.

    Returns
    -------
    Tensor ()
        log Z.
    Tensor (R,)
        Influences of the replicas on it.
    Tensor ()
        The overlap int 2 p q/(p + q) of the normalised densities, from 0 to 1.

    Examples
    --------
    >>> zero = torch.zeros(8, 10, dtype=torch.float64)
    >>> value, influence, overlap = optimal_bridge(zero + 3, zero + 3)  # p = e^3 q
    >>> value.round(decimals=6).item(), overlap.item()
    (3.0, 1.0)
    """
    # With as many of either the equation is sum_q sigma(l - log Z) = sum_p sigma(log Z - l): the left side falls with
    # log Z, the right side rises.
    both = torch.cat([ratio_p, ratio_q])
    seen = both[both.isfinite()]
    low, high = seen.min() - 50.0, seen.max() + 50.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        above = (ratio_q - middle).sigmoid().sum() > (middle - ratio_p).sigmoid().sum()
        low, high = torch.where(above, middle, low), torch.where(above, high, middle)
    log_z = (low + high) / 2
    from_q, from_p = (ratio_q - log_z).sigmoid(), (log_z - ratio_p).sigmoid()
    slope = (from_q * (1 - from_q)).sum() + (from_p * (1 - from_p)).sum()
    influence = (from_q - from_p).sum(1) / slope
    return log_z, influence, (from_q.mean() + from_p.mean())


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """A normalised mixture of J Gaussians.

    Parameters
    ----------
    weights : Tensor (J,)
    means : Tensor (J, d)
    factors : Tensor (J, d, d)
        Lower Cholesky factors of the covariances.
    """

    weights: Tensor
    means: Tensor
    factors: Tensor

    @classmethod
    def chosen(cls, u: Tensor, streams: RandomStreams) -> GaussianMixture:
        """Of samples (R, N, d): the number of components is the one that describes a part of the replicas best to
        which it was not fitted; the mixture is then fitted to all."""
        dim = u.shape[-1]
        held = u[: max(1, len(u) // 4)].reshape(-1, dim)
        rest = u[max(1, len(u) // 4) :].reshape(-1, dim)
        start = streams.common(1)
        best, score = 1, -math.inf
        for components in _COMPONENTS:
            # A covariance takes several samples a dimension.
            if components > 1 and len(rest) < 20 * components * dim:
                break
            reached = float(cls.fitted(rest, components, start).log_density(held).mean())
            if reached <= score:
                break
            best, score = components, reached
        return cls.fitted(u.reshape(-1, dim), best, start)

    @classmethod
    def fitted(cls, x: Tensor, components: int, start: Tensor) -> GaussianMixture:
        """By expectation maximisation (Dempster, Laird and Rubin 1977) from centres far from each other."""
        scaled = (x - x.mean(0)) / x.std(0).clamp(min=1e-12)
        centres = scaled[(start * len(x)).long().to(x.device)]
        for _ in range(1, components):
            farthest = torch.cdist(scaled, centres).amin(1).argmax()
            centres = torch.cat([centres, scaled[farthest][None]])
        nearest = torch.cdist(scaled, centres).argmin(1)
        chance = torch.nn.functional.one_hot(nearest, components).double()
        mixture = cls._maximised(x, chance)
        for _ in range(_EM_STEPS if components > 1 else 0):
            mixture = cls._maximised(x, mixture._parts(x).softmax(-1))
        return mixture

    @classmethod
    def _maximised(cls, x: Tensor, chance: Tensor) -> GaussianMixture:
        dim = x.shape[1]
        mass = chance.sum(0).clamp(min=1e-3)
        means = chance.mT @ x / mass[:, None]
        centred = x - means[:, None]
        covariances = (centred * chance.mT[:, :, None]).mT @ centred / mass[:, None, None]
        pooled = (x - x.mean(0)).square().mean(0)
        variances = covariances.diagonal(dim1=-2, dim2=-1)
        # Correlations shrink by what as many samples cannot know of so many dimensions.
        known = (mass / (mass + dim))[:, None, None]
        covariances = known * covariances + (1 - known) * torch.diag_embed(variances)
        covariances = covariances + torch.diag_embed((1e-6 * pooled + 1e-14).expand_as(variances))
        return cls(mass / mass.sum(), means, torch.linalg.cholesky(covariances))

    def transport(self, normal: Tensor, uniform: Tensor) -> Tensor:
        """Draws (..., d) from standard normal numbers (..., d) and uniform ones (...)."""
        which = torch.searchsorted(self.weights.cumsum(0), uniform).clamp(max=len(self.weights) - 1)
        draws = torch.stack([m + normal @ factor.mT for m, factor in zip(self.means, self.factors, strict=True)])
        wide = which[None, ..., None].expand(1, *normal.shape)
        return draws.gather(0, wide)[0]

    def log_density(self, x: Tensor) -> Tensor:
        """log q at points (..., d)."""
        return self._parts(x).logsumexp(-1)

    def _parts(self, x: Tensor) -> Tensor:
        dim = x.shape[-1]
        parts = []
        for weight, mean, factor in zip(self.weights, self.means, self.factors, strict=True):
            scaled = torch.linalg.solve_triangular(factor, (x - mean).reshape(-1, dim).mT, upper=False)
            norm = factor.diagonal().log().sum() + dim / 2 * math.log(2 * math.pi)
            parts.append(weight.log() - scaled.square().sum(0).reshape(x.shape[:-1]) / 2 - norm)
        return torch.stack(parts, -1)


def _log_target(u: Tensor, losses: Tensor, beta: float) -> Tensor:
    """log of exp(-beta L) times the standard normal density."""
    return -beta * losses - u.square().sum(-1) / 2 - u.shape[-1] / 2 * math.log(2 * math.pi)
