"""Sequential Monte Carlo: independent populations of particles cooled from the base measure to exp(-L/g).

A population passes through beta = 0 < beta_1 < ... < max 1/g. At each rung its particles are weighted by
exp(-(beta' - beta) L), the mean weight is kept as the factor of Z, the particles are resampled in proportion and moved
by Hamiltonian Monte Carlo (Neal 2001; Del Moral, Doucet and Jasra 2006). One run gives log Z at every coupling, and the
spread between populations gives the error, with no assumption on how the particles depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..landscape import Landscape
from .estimate import PartitionEstimate, check_count, check_couplings, check_landscape, check_seed

__all__ = ["smc"]

#: Conditional effective sample size, as a part of the particles, that a rung keeps (Zhou, Johansen and Aston 2016).
_CONDITIONAL = 0.9
#: Rungs at most.
_MAX_RUNGS = 2000
#: Acceptance rate that the step size is steered to (Beskos et al. 2013 find 0.65 for long paths; more is steadier).
_ACCEPTANCE = 0.8
#: Largest dimension in which the moves follow the correlations, not the variances alone.
_MAX_DENSE = 256
#: Part of the particles carrying the weight at a rung, below which the estimate comes with a warning.
_FEWEST = 0.2
#: Radius, less 2 sqrt(d), of the ball in units of the base measure that no path may leave.
_BALL = 100.0
#: Spread of log Z between populations above which the estimate comes with a warning.
_WIDE = 1.0


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
        of the loss; rungs number some tens to hundreds, the steps two to twenty.
    particles : int, optional
        In each population, at least 16.
    moves : int, optional
        Hamiltonian paths for each particle at each rung, at least 1.

    Returns
    -------
    PartitionEstimate
        The log of the mean of Z over the populations. Errors and covariance from their spread, widened for being taken
        from few: t with n - 1 degrees of freedom has the variance (n - 1)/(n - 3). ``ess`` counts particles before the
        resampling where fewest carried the weight, down to that coupling. ``diagnostics`` has the ladder of beta, the
        acceptance rate at each rung, and log Z of each population. The populations share the ladder, the step
        size and, crosswise between halves, the masses, which ties them weakly.

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
    check_landscape(land)
    g = check_couplings(couplings)
    check_count(populations, "populations", 8)
    check_count(particles, "particles", 16)
    check_count(moves, "moves", 1)
    check_seed(seed)
    if populations % 2:
        raise ValueError(f"populations must be even, for each half takes its masses from the other; got {populations}")
    if not land.has_gaussian_base:
        raise ValueError(f"annealing needs a Gaussian base measure, got {land.base}: use monte_carlo or laplace")
    frame = land.whitened()
    generator = torch.Generator(land.device).manual_seed(seed)
    targets = sorted(set((1 / g).tolist()))

    u = frame.sample(populations * particles, generator)
    losses, slopes = frame.value_and_gradient(u)
    log_z = torch.zeros(populations, dtype=torch.float64, device=frame.device)
    beta, step, fewest = 0.0, 0.5, 1.0
    ladder, rates = [0.0], []
    at: dict[float, tuple[Tensor, float]] = {}
    for target in targets:
        while beta < target:
            if len(ladder) > _MAX_RUNGS:
                raise RuntimeError(
                    f"{_MAX_RUNGS} rungs reached only 1/g = {beta:.3g} of {targets[-1]:.3g}: the losses vary too much; "
                    "use larger couplings, or a base measure closer to the minimum"
                )
            new = _next_rung(losses, beta, target)
            log_weights = (-(new - beta) * losses).reshape(populations, particles)
            total = log_weights.logsumexp(1)
            if not bool(total.isfinite().all()):
                raise ValueError(
                    f"the loss is +inf for all {particles} particles of a population: take more particles, or a base "
                    "measure closer to where the loss is finite"
                )
            log_z = log_z + total - math.log(particles)
            shares = (log_weights - total[:, None]).exp()
            fewest = min(fewest, float((1 / shares.square().sum(1)).mean()) / particles)
            chosen = _systematic(shares, generator)
            u, losses, slopes = u[chosen], losses[chosen], slopes[chosen]
            beta = new
            axes, deviations = _spread(u)
            accepted = torch.zeros((), dtype=torch.float64, device=frame.device)
            for _ in range(moves):
                u, losses, slopes, rate = _path(frame, u, losses, slopes, beta, step, axes, deviations, generator)
                accepted = accepted + rate / moves
            reached = float(accepted)
            step = min(1.5, max(1e-3, step * math.exp(reached - _ACCEPTANCE)))
            ladder.append(beta)
            rates.append(reached)
        at[target] = log_z, fewest

    keys = (1 / g).tolist()
    each = torch.stack([at[key][0] for key in keys]).cpu()
    mean = each.logsumexp(1) - math.log(populations)
    # The logarithm of each population's Z, not Z itself: its spread does not hang on the largest one.
    centred = each - each.mean(1, keepdim=True)
    widening = 1 / (populations - 3)
    covariance = centred @ centred.mT / populations * widening
    spread = (centred.square().sum(1) / (populations - 1)).sqrt()
    ess = torch.tensor([at[key][1] for key in keys], dtype=torch.float64) * (populations * particles)
    warnings = [
        f"at g = {x:.4g} log Z differs between populations by {s:.2g} (standard deviation): the particles do not mix, "
        "or there are too few"
        for x, s in zip(g.tolist(), spread.tolist(), strict=True)
        if s > _WIDE
    ]
    if min(rates) < 0.2:
        warnings.append(f"the acceptance rate fell to {min(rates):.2g}: the particles hardly moved there")
    if fewest < _FEWEST:
        warnings.append(f"at one rung only {fewest:.2g} of the particles carried the weight: take more particles")
    return PartitionEstimate(
        g,
        mean,
        covariance.diagonal().sqrt(),
        ess,
        "smc",
        tuple(warnings),
        {"ladder": tuple(ladder), "acceptance": tuple(rates), "populations": each},
        covariance,
    )


def _next_rung(losses: Tensor, beta: float, target: float) -> float:
    """The largest beta up to the target at which the weights of equal particles keep their effective size."""
    finite = losses.isfinite()
    lowest = losses.min()

    def kept(increment: Tensor) -> Tensor:
        weights = torch.where(finite, (-increment * (losses - lowest)).exp(), 0.0)
        return weights.sum().square() / weights.square().sum() / finite.sum()

    # Bisection on the device, in the logarithm, with one wait at its end.
    whole = torch.as_tensor(target - beta, dtype=torch.float64, device=losses.device)
    low, high = whole * 1e-30, whole
    for _ in range(60):
        middle = (low * high).sqrt()
        enough = kept(middle) >= _CONDITIONAL
        low, high = torch.where(enough, middle, low), torch.where(enough, high, middle)
    increment = float(torch.where(kept(whole) >= _CONDITIONAL, whole, low))
    return target if beta + increment >= target * (1 - 1e-12) else beta + increment


def _systematic(shares: Tensor, generator: torch.Generator) -> Tensor:
    """Indices of the particles drawn by systematic resampling within each population (Carpenter et al. 1999)."""
    populations, particles = shares.shape
    offset = torch.rand(populations, 1, generator=generator, dtype=torch.float64, device=shares.device)
    comb = (offset + torch.arange(particles, device=shares.device)) / particles
    chosen = torch.searchsorted(shares.cumsum(1), comb).clamp(max=particles - 1)
    return (chosen + particles * torch.arange(populations, device=shares.device)[:, None]).reshape(-1)


def _spread(u: Tensor) -> tuple[Tensor | None, Tensor]:
    """Principal axes (2, d, d) and standard deviations (2, 1, d) of the particles, for each half from the other one.

    A half of the populations is moved with what the other half knows, so that no particle steers its own move.
    """
    halves = u.reshape(2, -1, u.shape[1]).flip(0)
    count, dim = halves.shape[1:]
    centred = halves - halves.mean(1, keepdim=True)
    variances = centred.square().mean(1)
    if dim > _MAX_DENSE:
        return None, variances.sqrt().clamp(1e-8, 1.0)[:, None]
    covariance = centred.mT @ centred / count
    # Correlations shrink by what as many samples cannot know of so many dimensions.
    known = count / (count + dim)
    covariance = known * covariance + (1 - known) * torch.diag_embed(variances)
    values, axes = torch.linalg.eigh(covariance)
    return axes, values.clamp(min=1e-16).sqrt().clamp(1e-8, 1.0)[:, None]


def _path(
    frame: Landscape,
    u: Tensor,
    losses: Tensor,
    slopes: Tensor,
    beta: float,
    step: float,
    axes: Tensor | None,
    deviations: Tensor,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One Hamiltonian path for every particle, with the base measure's part of the motion exact.

    The energy beta L + u^2/2 + p^2/2 in units where the momentum is standard normal; sigma are the deviations, the
    masses 1/sigma^2. Without L the motion is a rotation of (u, p) by the angle sigma t, and L gives it kicks (Beskos et
    al. 2011; Shahbaba et al. 2014). The time is random, so that no period is met (Neal 2011, section 3.2).
    """
    half = len(u) // 2

    def turn(x: Tensor, back: bool = False) -> Tensor:
        if axes is None:
            return x
        return (x.reshape(2, half, -1) @ (axes.mT if back else axes)).reshape(x.shape)

    def normal_like(x: Tensor) -> Tensor:
        return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)

    def uniform(rows: int) -> Tensor:
        return torch.rand(rows, generator=generator, dtype=torch.float64, device=u.device)

    shape = u.shape
    sigma = deviations.expand(2, half, -1).reshape(shape)
    duration = (0.5 + float(uniform(1))) * math.pi / 2
    count = max(1, math.ceil(duration / step))
    # A particle's own step, the same all along its path, keeps the motion reversible.
    jitter = 0.85 + 0.3 * uniform(shape[0])[:, None].to(u.dtype)
    h = duration / count * jitter
    cos, sin = (h * sigma).cos(), (h * sigma).sin()
    start = position = turn(u)
    bound, inside = _BALL + 2 * math.sqrt(shape[1]), torch.ones_like(losses, dtype=torch.bool)
    momentum = normal_like(u)
    before = beta * losses + (position.square() + momentum.square()).sum(1).double() / 2
    new_losses, new_slopes = losses, slopes
    for _ in range(count):
        momentum = momentum - h / 2 * beta * sigma * turn(new_slopes)
        position, momentum = position * cos + momentum * sin, momentum * cos - position * sin
        # A path that leaves this ball anywhere has run away in steps too long, and is refused; so would be the same
        # path taken backwards, which is what detailed balance asks for.
        inside = inside & (position.norm(dim=1) < bound)
        position = torch.where(inside[:, None], position, start)
        momentum = torch.where(inside[:, None], momentum, 0.0)
        new_losses, new_slopes = frame.value_and_gradient(turn(position, back=True))
        momentum = momentum - h / 2 * beta * sigma * turn(new_slopes)
    after = beta * new_losses + (position.square() + momentum.square()).sum(1).double() / 2
    chance = torch.where(inside, (before - after).clamp(max=0.0).exp(), 0.0)
    accept = uniform(shape[0]) < chance
    return (
        torch.where(accept[:, None], turn(position, back=True), u),
        torch.where(accept, new_losses, losses),
        torch.where(accept[:, None], new_slopes, slopes),
        chance.mean(),
    )
