"""Importance sampling around the minima: Laplace's approximation made exact by weights.

For each coupling the minima of U = L/g - log pi are found by L-BFGS from several starts. The proposal is a mixture of
multivariate Student t distributions, one a minimum, with the inverse Hessian as scale (Geweke 1989), and of the base
measure itself with a tenth of the draws. That last component bounds the weights by 10 exp(-L/g), so that their variance
is finite whatever the tails are (defensive mixtures: Hesterberg 1995; Owen and Zhou 2000).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.distributions import constraints

from ..landscape import Landscape
from .estimate import (
    PartitionEstimate,
    check_count,
    check_couplings,
    check_landscape,
    check_seed,
    ess_warnings,
    from_log_weights,
)

__all__ = ["laplace"]

#: Largest dimension: the Hessian of each minimum is kept and diagonalised.
MAX_DIMENSION = 1000
#: Degrees of freedom of the Student t: heavy tails at a moderate price.
_FREEDOM = 5
#: Share of the draws that come from the base measure.
_DEFENSIVE = 0.1
#: Least share of a minimum, before normalisation, relative to the one of largest Laplace mass.
_LEAST_SHARE = 1e-3
#: Least curvature of the proposal, in units of the base measure's own 1/variance: no t is much wider than the base,
#: however flat the minimum is.
_FLATTEST = 0.1


def laplace(
    land: Landscape,
    couplings: Sequence[float] | Tensor,
    seed: int = 0,
    *,
    samples: int = 8192,
    starts: int = 12,
) -> PartitionEstimate:
    """Estimate log Z(g) by importance sampling around the minima of L/g - log pi.

    Parameters
    ----------
    land : Landscape
        Twice differentiable, with a base measure on all of R^d and d <= 1000.
    couplings : sequence of float
        Positive, in units of the loss.
    seed : int, optional
    samples : int, optional
        Draws for each coupling, at least 100.
    starts : int, optional
        Minimisations for each coupling, at least 2: from the best and from the first of 16 times as many draws from
        the base measure.

    Returns
    -------
    PartitionEstimate
        Couplings are independent. Errors by the delta method; ``ess`` counts draws. ``diagnostics`` has ``minima``,
        their number at each coupling, and ``least_loss``, the least loss met. A minimum that no start has led
        to goes unnoticed unless the base measure's draws meet it.

    Raises
    ------
    TypeError, ValueError
        Bad arguments, another kind of base measure, a loss or derivative that is not finite, too many dimensions.

    Examples
    --------
    >>> est = laplace(Landscape(lambda theta: 50 * theta.square().sum(1), dim=4), [0.01])
    >>> exact = -2 * torch.log(torch.tensor(1 + 1e4)).item()
    >>> abs(est.log_z.item() - exact) < 4 * est.std_error.item() < 0.2
    True
    """
    check_landscape(land)
    g = check_couplings(couplings)
    check_count(samples, "samples", 100)
    check_count(starts, "starts", 2)
    check_seed(seed)
    if land.dim > MAX_DIMENSION:
        raise ValueError(f"the Hessian is computed up to dimension {MAX_DIMENSION}, the landscape has {land.dim}")
    frame = land.whitened() if land.has_gaussian_base else land
    if not _on_all_of_space(frame):
        raise ValueError(f"the base measure must have all of R^d as its support, got {land.base}: use monte_carlo")
    generator = torch.Generator(land.device).manual_seed(seed)
    count = len(g)
    inverse = (1 / g).to(frame.device)

    pool = frame.sample(16 * starts, generator)
    flattest = _FLATTEST / pool.double().var(0).max()
    losses = frame(pool)
    if not bool(losses.isfinite().any()):
        raise ValueError(f"the loss is +inf at all of {len(pool)} draws from the base measure: choose a base nearer")
    pool, losses = pool[losses.isfinite()], losses[losses.isfinite()]
    best = losses.argsort()[: starts // 2]
    begin = torch.cat([pool[best], pool[: starts - len(best)]]).double()
    per = len(begin)
    rows = inverse.repeat_interleave(per)
    # A polished row knows its own coupling: the minimiser is given the rows that it still moves.
    points, values = minimise(lambda x, i: _potential(frame, x, rows[i]), begin.repeat(count, 1))

    log_weights = torch.empty(count, samples, dtype=torch.float64, device=frame.device)
    found = []
    least = math.inf
    for k in range(count):
        block = slice(k * per, (k + 1) * per)
        modes, heights = _distinct(points[block], values[block])
        proposal = _Proposal(frame, modes, heights, inverse[k], flattest)
        theta = proposal.sample(samples, generator)
        at = frame(theta)
        least = min(least, float(at.min()))
        log_base = frame.log_base(theta)
        log_weights[k] = log_base - at * inverse[k] - proposal.log_density(theta, log_base)
        found.append(len(modes))
    log_z, covariance, ess = (x.cpu() for x in from_log_weights(log_weights))
    errors = covariance.diagonal().sqrt()
    return PartitionEstimate(
        g,
        log_z,
        errors,
        ess,
        "laplace",
        ess_warnings(g, ess, "take more samples, or another method"),
        {"samples": samples, "starts": per, "minima": tuple(found), "least_loss": least},
        # The draws for two couplings are independent; only their starts are common.
        torch.diag(errors.square()),
    )


def minimise(
    value_and_gradient: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    start: Tensor,
    *,
    iterations: int = 300,
    memory: int = 10,
    tolerance: float = 1e-7,
) -> tuple[Tensor, Tensor]:
    """Minimise row by row by L-BFGS with backtracking (Liu and Nocedal 1989), all rows at once.

    Parameters
    ----------
    value_and_gradient : callable
        Of points (R, d) and the indices (R,) of their rows; returns values (R,) and gradients (R, d).
    start : Tensor (S, d)
    iterations, memory : int, optional
        Steps at most, and pairs of differences that are kept.
    tolerance : float, optional
        A row rests where no component of its gradient exceeds this times 1 + |value|.

    Returns
    -------
    points : Tensor (S, d)
    values : Tensor (S,)
        Never above those at the start.

    Examples
    --------
    >>> def parabola(x, rows):
    ...     return (x - 3).square().sum(1), 2 * (x - 3)
    >>> minimise(parabola, torch.zeros(1, 2, dtype=torch.float64))[0].round(decimals=6)
    tensor([[3., 3.]], dtype=torch.float64)
    """
    x = start.clone()
    every = torch.arange(len(x), device=x.device)
    f, slope = value_and_gradient(x, every)
    pairs: list[tuple[Tensor, Tensor, Tensor]] = []
    scale = 1 / slope.norm(dim=1, keepdim=True).clamp(min=1.0)
    moving = torch.ones_like(f, dtype=torch.bool)
    for _ in range(iterations):
        moving = moving & (slope.abs().amax(1) > tolerance * (1 + f.abs()))
        if not bool(moving.any()):
            break
        direction = -_two_loops(slope, pairs, scale)
        descent = (direction * slope).sum(1)
        uphill = ~(descent < 0)
        direction = torch.where(uphill[:, None], -slope * scale, direction)
        descent = (direction * slope).sum(1)
        new_x, new_f, new_slope = x.clone(), f.clone(), slope.clone()
        pending, step = every[moving], 1.0
        for _ in range(30):
            trial = x[pending] + step * direction[pending]
            at, gradient = value_and_gradient(trial, pending)
            good = at <= f[pending] + 1e-4 * step * descent[pending]
            done = pending[good]
            new_x[done], new_f[done], new_slope[done] = trial[good], at[good], gradient[good]
            pending, step = pending[~good], step / 2
            if not len(pending):
                break
        # No step downwards in working precision: the row has arrived.
        moving[pending] = False
        moving = moving & (f - new_f > 1e-14 * (1 + f.abs()))
        s, y = new_x - x, new_slope - slope
        curvature = (s * y).sum(1, keepdim=True)
        usable = curvature > 1e-10 * s.norm(dim=1, keepdim=True) * y.norm(dim=1, keepdim=True)
        inverse = torch.where(usable, 1 / torch.where(usable, curvature, 1.0), 0.0)
        pairs = [*pairs[-(memory - 1) :], (s, y, inverse)]
        scale = torch.where(usable, curvature / y.square().sum(1, keepdim=True).clamp(min=1e-300), scale)
        x, f, slope = new_x, new_f, new_slope
    return x, f


def _two_loops(slope: Tensor, pairs: list[tuple[Tensor, Tensor, Tensor]], scale: Tensor) -> Tensor:
    """The inverse Hessian's approximation times the gradient; a pair whose inverse curvature is 0 does nothing."""
    q, factors = slope, []
    for s, y, inverse in reversed(pairs):
        factor = inverse * (s * q).sum(1, keepdim=True)
        q = q - factor * y
        factors.append(factor)
    q = q * scale
    for (s, y, inverse), factor in zip(pairs, reversed(factors), strict=True):
        q = q + s * (factor - inverse * (y * q).sum(1, keepdim=True))
    return q


class _Proposal:
    """The mixture of Student t distributions and the base measure at one coupling."""

    def __init__(self, land: Landscape, modes: Tensor, heights: Tensor, inverse: Tensor, flattest: Tensor) -> None:
        self.land, self.modes = land, modes
        curvature, self.axes = torch.linalg.eigh(_hessian(land, modes, inverse))
        self.root = torch.maximum(curvature.abs(), flattest).sqrt()
        mass = -heights - self.root.log().sum(1)
        shares = (mass - mass.max()).exp().clamp(min=_LEAST_SHARE)
        self.shares = (1 - _DEFENSIVE) * shares / shares.sum()

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        modes, dim = self.modes.shape
        weights = torch.cat([self.shares, self.shares.new_full((1,), _DEFENSIVE)])
        which = torch.multinomial(weights, count, replacement=True, generator=generator)
        normal = torch.randn(count, dim + _FREEDOM, generator=generator, dtype=torch.float64, device=self.modes.device)
        z, chi = normal[:, :dim], normal[:, dim:].square().sum(1, keepdim=True)
        theta = self.land.sample(count, generator)
        for j in range(modes):
            mine = which == j
            scaled = z[mine] / self.root[j] / (chi[mine] / _FREEDOM).sqrt()
            theta[mine] = (self.modes[j] + scaled @ self.axes[j].mT).to(theta.dtype)
        return theta

    def log_density(self, theta: Tensor, log_base: Tensor) -> Tensor:
        dim = theta.shape[1]
        constant = (
            math.lgamma((_FREEDOM + dim) / 2) - math.lgamma(_FREEDOM / 2) - dim / 2 * math.log(_FREEDOM * math.pi)
        )
        parts = [math.log(_DEFENSIVE) + log_base]
        for mode, axes, root, share in zip(self.modes, self.axes, self.root, self.shares, strict=True):
            distance = ((theta.double() - mode) @ axes * root).square().sum(1)
            tail = -(_FREEDOM + dim) / 2 * torch.log1p(distance / _FREEDOM)
            parts.append(share.log() + constant + root.log().sum() + tail)
        return torch.stack(parts).logsumexp(0)


def _on_all_of_space(land: Landscape) -> bool:
    support = land.base.support
    while isinstance(support, constraints.independent):
        support = support.base_constraint
    return support is constraints.real or support is constraints.real_vector


def _minus_log_base(land: Landscape, theta: Tensor, create_graph: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    point = theta.detach().requires_grad_()
    with torch.enable_grad():
        value = -land.log_base(point)
        (slope,) = torch.autograd.grad(value.sum(), point, create_graph=create_graph)
    return point, value.detach(), slope


def _potential(land: Landscape, theta: Tensor, inverse: Tensor) -> tuple[Tensor, Tensor]:
    """U = L/g - log pi and its gradient, float64."""
    loss, slope = land.value_and_gradient(theta)
    _, value, base_slope = _minus_log_base(land, theta)
    return loss * inverse + value, slope.double() * inverse[:, None] + base_slope.double()


def _hessian(land: Landscape, modes: Tensor, inverse: Tensor) -> Tensor:
    """Hessians of U, (J, d, d), from products with the unit vectors, all in one batch."""
    count, dim = modes.shape
    theta = modes.repeat_interleave(dim, 0)
    units = torch.eye(dim, dtype=land.dtype, device=land.device).repeat(count, 1)
    loss = land.hessian_vector_product(theta, units).double()
    point, _, slope = _minus_log_base(land, theta.to(land.dtype), create_graph=True)
    base = torch.zeros_like(loss)
    if slope.requires_grad:
        with torch.enable_grad():
            (product,) = torch.autograd.grad((slope * units).sum(), point, materialize_grads=True)
        base = product.double()
    hessian = (loss * inverse + base).reshape(count, dim, dim)
    return (hessian + hessian.mT) / 2


def _distinct(points: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Minima without repetition, the lowest first."""
    order = values.argsort()
    points, values = points[order], values[order]
    near = torch.cdist(points, points) <= 1e-3 * (1 + points.norm(dim=1))
    # A point is kept if no lower one is near it.
    first = ~(near.tril(-1).any(1))
    return points[first].double(), values[first]
