"""The variational bound: log Z from a normalising flow trained on every coupling at once.

For a sampler with density q and weights w = exp(-L/g) pi/q, and any number c,

    -log Z >= -c - exp(-c) E_q[w] + 1 = J(q, c),   with equality at c = log Z

(the bound of eqs. 26-28 of the paper, whose E has the sign of log q reversed). E_q[w] is Z for every q: J tells c, and
not q. Its maximum over c is taken in closed form, c = log of the mean weight, and the sampler is trained by another
objective, the reverse Kullback-Leibler divergence, annealed from large couplings to small ones. A better sampler lowers
the variance of the estimate of Z and leaves its mean as it is.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..landscape import Landscape
from .estimate import (
    FEW,
    PartitionEstimate,
    check_count,
    check_couplings,
    check_landscape,
    check_seed,
    ess_warnings,
    from_log_weights,
)

__all__ = ["objective", "variational"]

#: Largest dimension: the affine part of the flow has a full matrix.
MAX_DIMENSION = 512
#: Couplings trained on in one step, at most.
_AT_ONCE = 4
#: Spline transforms, their bins and the widths of their networks.
_TRANSFORMS, _BINS, _HIDDEN = 4, 8, (32, 32)
#: Largest learning rate of Adam, and largest norm of a gradient.
_RATE, _CLIP = 5e-3, 10.0
#: Part of the training in which the couplings come down to their values.
_ANNEALED = 0.5
#: Share of the draws that come from the base measure, which bounds the weights (Hesterberg 1995).
_DEFENSIVE = 0.1
#: Effective sample size, as a part of the draws, below which the flow is said not to fit.
_POOR = 0.1


def objective(log_weights: Tensor, c: Tensor) -> Tensor:
    """The bound J(q, c) = -c - exp(-c) E_q[w] + 1 <= -log Z, with the mean of the weights for E_q[w].

    Parameters
    ----------
    log_weights : Tensor (K, N)
        log w = -L/g + log pi - log q at N draws from q, for each of K couplings; -inf is allowed.
    c : Tensor (K,)

    Returns
    -------
    Tensor (K,)
        Differentiable. Over c it is largest, and equal to -c, at c = log of the mean of the weights.

    Raises
    ------
    TypeError, ValueError
        Not tensors of these shapes; NaN or +inf.

    Examples
    --------
    >>> log_weights = torch.tensor([[0.0, 1.0, -2.0]], dtype=torch.float64)
    >>> best = log_weights.logsumexp(1) - math.log(3)
    >>> torch.allclose(objective(log_weights, best), -best)
    True
    >>> bool(objective(log_weights, best + 0.5) < -best), bool(objective(log_weights, best - 0.5) < -best)
    (True, True)
    """
    if not isinstance(log_weights, Tensor) or not isinstance(c, Tensor):
        raise TypeError(f"log_weights and c must be tensors, got {log_weights!r} and {c!r}")
    if log_weights.ndim != 2 or not log_weights.shape[1] or c.shape != log_weights.shape[:1]:
        raise ValueError(
            "log_weights must have the shape (K, N) with N >= 1 and c the shape (K,), got "
            f"{tuple(log_weights.shape)} and {tuple(c.shape)}"
        )
    if bool((log_weights.isnan() | (log_weights == math.inf)).any()) or not bool(c.isfinite().all()):
        raise ValueError("log_weights must not be NaN or +inf, and c must be finite")
    return 1 - c - (log_weights.logsumexp(1) - math.log(log_weights.shape[1]) - c).exp()


def variational(
    land: Landscape,
    couplings: Sequence[float] | Tensor,
    seed: int = 0,
    *,
    steps: int = 600,
    batch: int = 128,
    samples: int = 8192,
) -> PartitionEstimate:
    """Estimate log Z(g) by importance sampling from a flow conditioned on g.

    Parameters
    ----------
    land : Landscape
        Differentiable, finite, with a Gaussian base measure and d <= 512.
    couplings : sequence of float
        Positive, in units of the loss. One flow serves all.
    seed : int, optional
    steps : int, optional
        Steps of the training, at least 10: half of them while the couplings come down to their values.
    batch : int, optional
        Draws for each of up to four couplings at each step, at least 8. The training takes steps x batch x 4 gradients
        of the loss.
    samples : int, optional
        Draws for each coupling after the training, at least 100, a tenth of them from the base measure.

    Returns
    -------
    PartitionEstimate
        Couplings are independent. Errors by the delta method; ``ess`` counts draws. ``diagnostics`` has
        ``divergence``, the divergence of the flow from exp(-L/g) pi/Z at each coupling, and ``objective``, the value
        of J at c = ``log_z``. A region of small loss that the flow has left out goes unnoticed unless the
        base measure's draws meet it.

    Raises
    ------
    ModuleNotFoundError
        Without the package zuko.
    TypeError, ValueError
        Bad arguments, another base measure, a loss or gradient that is not finite, too many dimensions.

    Examples
    --------
    >>> land = Landscape(lambda theta: theta.square().sum(1) / 2, dim=2)
    >>> est = variational(land, [1.0, 0.1], steps=100, batch=32)
    >>> exact = -torch.log1p(1 / est.couplings)
    >>> bool(((est.log_z - exact).abs() < 4 * est.std_error).all())
    True
    """
    check_landscape(land)
    g = check_couplings(couplings)
    check_count(steps, "steps", 10)
    check_count(batch, "batch", 8)
    check_count(samples, "samples", 100)
    check_seed(seed)
    if land.dim > MAX_DIMENSION:
        raise ValueError(f"the flow is made for up to {MAX_DIMENSION} dimensions, the landscape has {land.dim}")
    frame = land.whitened()
    generator = torch.Generator(land.device).manual_seed(seed)
    hot = _hottest(frame, generator)
    sampler = _Sampler(frame.dim, float(g.min()), max(float(g.max()), hot), seed)
    sampler.to(device=frame.device, dtype=torch.float64)
    _train(sampler, frame, g.to(frame.device), hot, steps, batch, generator)

    from_base = round(_DEFENSIVE * samples)
    rows = [_weights(sampler, frame, x, samples - from_base, from_base, generator) for x in g.to(frame.device)[:, None]]
    log_weights = torch.stack([mixed for mixed, _ in rows])
    log_z, covariance, ess = (x.cpu() for x in from_log_weights(log_weights))
    # Couplings have draws of their own.
    covariance = torch.diag(covariance.diagonal())
    advice = "train for more steps, or take more samples"
    warnings = ess_warnings(g, ess, advice) + tuple(
        f"at g = {x:.4g} only {n / samples:.2g} of the draws are effective: the flow does not fit; {advice}"
        for x, n in zip(g.tolist(), ess.tolist(), strict=True)
        if FEW <= n < _POOR * samples
    )
    return PartitionEstimate(
        g,
        log_z,
        covariance.diagonal().sqrt(),
        ess,
        "variational",
        warnings,
        {
            "divergence": log_z - torch.stack([own.mean() for _, own in rows]).cpu(),
            "objective": objective(log_weights, log_z.to(log_weights.device)).cpu(),
        },
        covariance,
    )


class _Sampler(torch.nn.Module):
    """A flow u = m(g) + A(g) y, y = T(z; g), z standard normal, with T made of spline couplings (Durkan et al. 2019).

    It starts as the base measure: m = 0, A = 1, T the identity.
    """

    def __init__(self, dim: int, least: float, largest: float, seed: int) -> None:
        try:
            zuko = importlib.import_module("zuko")
        except ModuleNotFoundError as missing:
            raise ModuleNotFoundError(
                "the variational estimator needs zuko: pip install 'resurgence[surge]'", name="zuko"
            ) from missing
        super().__init__()
        self._dim = dim
        self._middle = (math.log(largest) + math.log(least)) / 2
        self._range = max(1.0, (math.log(largest) - math.log(least)) / 2)
        size = dim + dim * (dim + 1) // 2
        # zuko and torch initialise from the global generator.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.flow = zuko.flows.NICE(
                dim,
                context=1,
                transforms=_TRANSFORMS,
                univariate=zuko.transforms.MonotonicRQSTransform,
                shapes=[(_BINS,), (_BINS,), (_BINS - 1,)],
                hidden_features=_HIDDEN,
                activation=torch.nn.SiLU,
            )
            self.linear = torch.nn.Linear(1, size)
            self.bent = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, size))
        lasts = [t.hyper[-1] for t in self.flow.transform.transforms]
        for last in (*lasts, self.linear, self.bent[-1]):
            torch.nn.init.zeros_(last.weight)
            torch.nn.init.zeros_(last.bias)

    def _parts(self, log_g: Tensor) -> tuple[Any, Tensor, Tensor, Tensor]:
        """Of K couplings: the transform T, m (K, 1, d), A (K, d, d), and the logarithms of A's diagonal (K, d)."""
        context = ((log_g - self._middle) / self._range)[:, None]
        numbers = self.linear(context) + self.bent(context)
        mean, logs, below = torch.split(numbers, [self._dim, self._dim, numbers.shape[1] - 2 * self._dim], 1)
        lower = torch.diag_embed(logs.exp())
        i, j = torch.tril_indices(self._dim, self._dim, -1, device=lower.device)
        # In units of the row's diagonal, so that all entries shrink with it.
        lower = lower.index_put(
            (torch.arange(len(log_g), device=lower.device)[:, None], i, j), below * logs[:, i].exp()
        )
        return self.flow.transform(context[:, None]), mean[:, None], lower, logs

    def forward(self, z: Tensor, log_g: Tensor) -> tuple[Tensor, Tensor]:
        """Draws u (K, N, d) and their log densities (K, N) from standard normal z (K, N, d), at K couplings."""
        transform, mean, lower, logs = self._parts(log_g)
        y: Tensor
        slope: Tensor
        y, slope = transform.call_and_ladj(z)
        return mean + y @ lower.mT, _log_normal(z) - slope - logs.sum(1)[:, None]

    def log_density(self, u: Tensor, log_g: Tensor) -> Tensor:
        """Log densities (K, N) at u (K, N, d)."""
        transform, mean, lower, logs = self._parts(log_g)
        y = torch.linalg.solve_triangular(lower, (u - mean).mT, upper=False).mT
        z: Tensor
        slope: Tensor
        z, slope = transform.inv.call_and_ladj(y)
        return _log_normal(z) + slope - logs.sum(1)[:, None]


def _log_normal(u: Tensor) -> Tensor:
    """Log density of the standard normal measure over the last dimension."""
    return -(u.square().sum(-1) + u.shape[-1] * math.log(2 * math.pi)) / 2


def _hottest(frame: Landscape, generator: torch.Generator) -> float:
    """A coupling at which exp(-L/g) varies little: the standard deviation of L under the base measure."""
    losses = frame(frame.sample(1024, generator))
    _require_finite(losses)
    return max(float(losses.std()), 1e-300)


def _require_finite(losses: Tensor) -> None:
    if not bool(losses.isfinite().all()):
        raise ValueError(
            "the loss is +inf at a draw: the divergence that the flow is trained on is then infinite; use nested or "
            "monte_carlo"
        )


def _train(
    sampler: _Sampler, frame: Landscape, g: Tensor, hot: float, steps: int, batch: int, generator: torch.Generator
) -> None:
    """Minimise the mean over couplings of E_q[log q + L/g - log pi], along paths of the draws alone.

    The gradient of log q in psi at a fixed u is 0 on average and is left out, so that at q = p there is no noise
    (Roeder, Wu and Duvenaud 2017).
    """
    adam = torch.optim.Adam(sampler.parameters(), lr=_RATE)
    log_g, top = g.log(), max(math.log(hot), float(g.max().log()))
    bottom = float(g.min().log())
    for step in range(steps):
        part = step / steps
        for group in adam.param_groups:
            group["lr"] = _RATE * (1 + math.cos(math.pi * part)) / 2
        floor = top + (bottom - top) * min(1.0, part / _ANNEALED)
        chosen = torch.randperm(len(g), generator=generator, device=g.device)[:_AT_ONCE]
        at = log_g[chosen].clamp(min=floor)
        z = torch.randn(len(at), batch, frame.dim, generator=generator, dtype=torch.float64, device=frame.device)
        u, _ = sampler(z, at)
        point = u.detach().requires_grad_()
        (score,) = torch.autograd.grad(sampler.log_density(point, at).sum(), point)
        losses, slope = frame.value_and_gradient(point.reshape(-1, frame.dim))
        _require_finite(losses)
        force = score + slope.reshape(u.shape) / at.exp()[:, None, None] + point.detach()
        adam.zero_grad()
        ((force * u).sum() / (len(at) * batch)).backward()
        torch.nn.utils.clip_grad_norm_(sampler.parameters(), _CLIP)
        adam.step()


@torch.no_grad()
def _weights(
    sampler: _Sampler, frame: Landscape, g: Tensor, from_flow: int, from_base: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Log weights of draws from both, under their mixture, and of those from the flow, under the flow alone."""
    z = torch.randn(1, from_flow, frame.dim, generator=generator, dtype=torch.float64, device=frame.device)
    u, log_q = sampler(z, g.log())
    base = frame.sample(from_base, generator).double()[None]
    log_q = torch.cat([log_q, sampler.log_density(base, g.log())], 1)[0]
    u = torch.cat([u, base], 1)[0]
    log_pi = _log_normal(u)
    log_target = log_pi - frame(u) / g
    samples = from_flow + from_base
    mixture = torch.logaddexp(log_q + math.log(from_flow / samples), log_pi + math.log(from_base / samples))
    return log_target - mixture, (log_target - log_q)[:from_flow]
