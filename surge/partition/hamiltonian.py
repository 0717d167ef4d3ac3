"""Hamiltonian paths under exp(-beta L) and a standard normal base measure, for many temperatures at once.

The energy is beta L + u^2/2 + p^2/2 in units where the momentum is standard normal; sigma are the standard deviations
that the particles are expected to have, the masses 1/sigma^2. Without L the motion is a rotation of (u, p) by the angle
sigma t, which is exact, and L gives it kicks (Beskos et al. 2011; Shahbaba et al. 2014). The time is random, so that no
period is met (Neal 2011, section 3.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..landscape import Landscape
from .random_streams import RandomStreams

__all__ = ["Masses", "Particles", "move"]

#: Largest dimension in which the moves follow the correlations, not the variances alone.
MAX_DENSE = 256
#: Radius, less 2 sqrt(d), of the ball in units of the base measure that no path may leave.
_BALL = 100.0
#: Time of a path on average: a quarter of a period, or less where that would take more than so many steps, for several
#: modes are far wider together than the one that a particle moves in. The time is from half of that to half as much
#: again.
_QUARTER = math.pi / 2
_STEPS = 8


@dataclass(frozen=True, eq=False)
class Particles:
    """Points u (T, R, N, d) at T temperatures in R populations, their losses (T, R, N) and gradients as u."""

    u: Tensor
    losses: Tensor
    slopes: Tensor

    @classmethod
    def at(cls, frame: Landscape, u: Tensor) -> Particles:
        """The particles at given points."""
        losses, slopes = frame.value_and_gradient(u.reshape(-1, u.shape[-1]))
        return cls(u, losses.reshape(u.shape[:-1]), slopes.reshape(u.shape))

    def rungs(self, chosen: Tensor) -> Particles:
        """Those of some temperatures, given by their indices."""
        return Particles(self.u[chosen], self.losses[chosen], self.slopes[chosen])

    def take(self, index: Tensor) -> Particles:
        """Particles (T, R, M) given by their indices within their populations."""
        wide = index[..., None].expand(*index.shape, self.u.shape[-1])
        return Particles(self.u.gather(2, wide), self.losses.gather(2, index), self.slopes.gather(2, wide))


@dataclass(frozen=True, eq=False)
class Masses:
    """Principal axes (T, 2, d, d), None above 256 dimensions, and deviations (T, 2, 1, d) for each half of populations.

    A half is moved with what the other half knows, so that no particle steers its own move.
    """

    axes: Tensor | None
    deviations: Tensor

    @classmethod
    def crosswise(cls, u: Tensor) -> Masses:
        """Of particles u (T, R, N, d): a half of the populations gets the moments of the other half."""
        rungs, dim = u.shape[0], u.shape[-1]
        halves = u.reshape(rungs, 2, -1, dim).flip(1)
        count = halves.shape[2]
        centred = halves - halves.mean(2, keepdim=True)
        if dim > MAX_DENSE:
            return cls(None, centred.square().mean(2, keepdim=True).sqrt().clamp(1e-8, 1.0))
        covariance = centred.mT @ centred / count
        variances = covariance.diagonal(dim1=-2, dim2=-1)
        # Correlations shrink by what as many samples cannot know of so many dimensions.
        known = count / (count + dim)
        covariance = known * covariance + (1 - known) * torch.diag_embed(variances)
        values, axes = torch.linalg.eigh(covariance)
        return cls(axes, values.clamp(min=1e-16).sqrt().clamp(1e-8, 1.0)[:, :, None])

    @classmethod
    def stack(cls, masses: list[Masses]) -> Masses:
        """The masses of several temperatures, one after the other."""
        axes = [m.axes for m in masses if m.axes is not None]
        return cls(torch.cat(axes) if axes else None, torch.cat([m.deviations for m in masses]))

    def rungs(self, chosen: Tensor) -> Masses:
        """Those of some temperatures, given by their indices."""
        return Masses(None if self.axes is None else self.axes[chosen], self.deviations[chosen])

    def turn(self, x: Tensor) -> Tensor:
        """From u to the principal axes."""
        return x if self.axes is None else _halfwise(x, self.axes)

    def back(self, x: Tensor) -> Tensor:
        """From the principal axes to u."""
        return x if self.axes is None else _halfwise(x, self.axes.mT)

    def each(self, populations: int) -> Tensor:
        """The deviations of every population, (T, R, 1, d)."""
        return self.deviations.repeat_interleave(populations // 2, dim=1)


def _halfwise(x: Tensor, matrices: Tensor) -> Tensor:
    return (x.reshape(x.shape[0], 2, -1, x.shape[-1]) @ matrices).reshape(x.shape)


def move(
    frame: Landscape, at: Particles, betas: Tensor, steps: Tensor, masses: Masses, streams: RandomStreams
) -> tuple[Particles, Tensor]:
    """One Hamiltonian path for every particle, accepted or refused (Duane et al. 1987).

    Parameters
    ----------
    frame : Landscape
        With a standard normal base measure.
    at : Particles
        T temperatures, R populations (even), N particles.
    betas : Tensor (T,)
        Inverse temperatures, positive, on the device.
    steps : Tensor (T,)
        Sizes of the leapfrog steps, for the period 2 pi; on the CPU.
    masses : Masses
    streams : RandomStreams
        Of the R populations.

    Returns
    -------
    Particles
    Tensor (T, R, N)
        The chance with which each path was accepted.
    """
    rungs, populations, count, dim = at.u.shape
    kind, device = at.u.dtype, at.u.device
    durations = (0.5 + streams.common(rungs)) * (_STEPS * steps).clamp(max=_QUARTER)
    counts = (durations / steps).ceil().clamp(min=1.0)
    # A step of a population's own, the same all along its paths, keeps the motion reversible.
    jitter = 0.8 + 0.4 * streams.uniform((rungs, 1, 1))
    h = ((durations / counts).to(device)[:, None, None, None] * jitter).to(kind)
    sigma = masses.each(populations).to(kind)
    cos, sin = (h * sigma).cos(), (h * sigma).sin()
    kick = h * sigma * betas.to(kind)[:, None, None, None]
    limit = (_BALL + 2 * math.sqrt(dim)) ** 2

    start = masses.turn(at.u)
    momentum = streams.normal((rungs, count, dim), kind)
    before = _energy(betas, at.losses, start, momentum)
    position, momentum = start.clone(), momentum - kick / 2 * masses.turn(at.slopes)
    inside = torch.ones_like(at.losses, dtype=torch.bool)
    losses, slopes = at.losses.clone(), at.slopes.clone()
    everywhere = torch.arange(rungs)
    for i in range(int(counts.max())):
        on = everywhere[counts > i]
        rest = everywhere[counts == i + 1]
        # Temperatures whose path has ended stay out of the batch.
        few = None if len(on) == rungs else on.to(device)
        x, p, c, s, k, m = (
            (position, momentum, cos, sin, kick, masses)
            if few is None
            else (position[few], momentum[few], cos[few], sin[few], kick[few], masses.rungs(few))
        )
        x, p = x * c + p * s, p * c - x * s
        # A path that leaves this ball anywhere has run away in steps too long, and is refused; so would be the same
        # path taken backwards, which is what detailed balance asks for.
        kept = (x.square().sum(-1) < limit) & (inside if few is None else inside[few])
        x = torch.where(kept[..., None], x, start if few is None else start[few])
        new = Particles.at(frame, m.back(x))
        p = p - k * m.turn(new.slopes)
        if few is None:
            position, momentum, inside, losses, slopes = x, p, kept, new.losses, new.slopes
        else:
            position[few], momentum[few], inside[few], losses[few], slopes[few] = x, p, kept, new.losses, new.slopes
        if len(rest):
            # The last kick is half as long.
            last = rest.to(device)
            momentum[last] = momentum[last] + kick[last] / 2 * masses.rungs(last).turn(slopes[last])
    change = _energy(betas, losses, position, momentum) - before
    chance = torch.where(inside, (-change).clamp(max=0.0).exp(), 0.0)
    accept = streams.uniform((rungs, count)) < chance
    wide = accept[..., None]
    moved = Particles(
        torch.where(wide, masses.back(position), at.u),
        torch.where(accept, losses, at.losses),
        torch.where(wide, slopes, at.slopes),
    )
    return moved, chance


def _energy(betas: Tensor, losses: Tensor, position: Tensor, momentum: Tensor) -> Tensor:
    kinetic = (position.square() + momentum.square()).sum(-1).double() / 2
    return betas[:, None, None] * losses + kinetic
