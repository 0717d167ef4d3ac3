"""Nested sampling of the sublevel volumes B(t) = P_pi(L <= t), and log Z(g) from them.

Live points are drawn from the base measure. At each iteration the half of largest loss dies, the survivors are doubled
and all are moved within {L < t}, t the least loss that died (Skilling 2006; by halves, Au and Beck 2001). The deaths
form a point process: with n points alive, log B falls by 1/n on average as the level passes the next loss, so that
-sum 1/n over the deaths above t estimates log B(t) without bias (Walter 2017). Independent runs go down side by side,
each with its own levels; their spread gives the error.

The moves are billiards: free of the constraint, u turns in the plane of u and its momentum, which keeps the standard
normal measure; where a step ends outside, the momentum is reflected there (Skilling 2012, Galilean Monte Carlo).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..landscape import Landscape
from .estimate import (
    PartitionEstimate,
    check_count,
    check_couplings,
    check_landscape,
    check_seed,
    ess_warnings,
)
from .sublevel import SublevelVolumes

__all__ = ["nested", "sublevel_volumes"]

#: Steps of a billiard between two draws of the momentum. Long paths keep their angles in round bodies, and with them
#: the loss.
_STEPS = 2
#: Part of the steps that the step length is steered to leave within the constraint.
_STRAIGHT = 0.5
#: Largest dimension in which the moves follow the correlations, not the variances alone.
_MAX_DENSE = 256
#: Part of the squared correlations beyond chance up to which the variances alone are followed.
_NEGLIGIBLE = 0.1
#: Logarithm of the part of Z that may be left where the descent ends.
_LEFT = math.log(1e-4)
#: Spread of the live points, in units of the descent so far, at which a descent without given levels ends.
_RESOLUTION = 1e-4
#: Spread of the live points, in units of what is left to the lowest level, at which that level is given up.
_HOPELESS = 1e-6
#: Fall of log B at which every descent ends.
_DEEPEST = 5000.0
#: Levels where none are given.
_LEVELS = 100
#: Standard deviation of log B between runs, in units of that of perfect draws, above which there is a warning.
_EXCESS = 2.0


def nested(
    land: Landscape,
    couplings: Sequence[float] | Tensor,
    seed: int = 0,
    *,
    runs: int = 16,
    points: int = 128,
    moves: int = 8,
) -> PartitionEstimate:
    """Estimate log Z(g) by nested sampling.

    Parameters
    ----------
    land : Landscape
        With a Gaussian base measure. Losses may be equal on sets of positive measure, and +inf. Where the loss has no
        gradient, or it vanishes, the billiards turn back instead of being reflected, and mix more slowly.
    couplings : sequence of float
        Positive, in units of the loss.
    seed : int, optional
    runs : int, optional
        Independent descents, even, at least 8.
    points : int, optional
        Live points in each run, even, at least 16. The variance of log Z is H/(runs x points), H being the fall of
        log B down to the losses that carry Z; the cost is that of about 6 x H x runs x points x moves losses.
    moves : int, optional
        Momenta drawn for each point at each iteration, at least 1, with two steps each.

    Returns
    -------
    PartitionEstimate
        The mean over the runs of log Z. Errors and covariance from their spread, widened for being taken from few.
        ``ess`` counts the points that carry the weight. ``diagnostics`` has ``volumes``, the
        :class:`SublevelVolumes` met on the way, ``runs``, log Z of each run (K, runs), and ``straight``, at each
        iteration the part of steps within the constraint. A region of small loss that no live point has led to
        goes unnoticed.

    Raises
    ------
    TypeError, ValueError
        Bad arguments, another base measure, a loss or gradient that is NaN, or a loss of +inf throughout a run.

    Examples
    --------
    >>> land = Landscape(lambda theta: 50 * theta.square().sum(1), dim=4)
    >>> est = nested(land, [0.1, 0.01], points=32)
    >>> exact = -2 * torch.log(torch.tensor([1 + 1e3, 1 + 1e4], dtype=torch.float64))
    >>> bool(((est.log_z - exact).abs() < 4 * est.std_error).all())
    True
    """
    check_landscape(land)
    g = check_couplings(couplings)
    descent = _begin(land, seed, runs, points, moves)
    beta = (1 / g).to(land.device)[:, None, None]
    partial = torch.full((len(g), runs), -math.inf, dtype=torch.float64, device=land.device)
    while descent.goes_on:
        # All that is left has at least the least loss alive.
        rest = descent.log_volume - beta[:, :, 0] * descent.losses[:, -1]
        if bool((rest < partial + _LEFT).all()):
            break
        losses, mass = descent.advance()
        partial = torch.logaddexp(partial, (mass - beta * losses).logsumexp(2))
    losses, fall = descent.record()
    log_weights = _log_mass(fall, torch.zeros_like(descent.log_volume)) - beta * losses
    each = log_weights.logsumexp(2)
    shares = (log_weights - each[:, :, None]).exp() / runs
    ess = 1 / shares.square().sum((1, 2)).cpu()
    each = each.cpu()
    centred = each - each.mean(1, keepdim=True)
    covariance = centred @ centred.mT / runs / (runs - 3)
    volumes = _volumes(losses, fall, points, None)
    return PartitionEstimate(
        g,
        each.mean(1),
        covariance.diagonal().sqrt(),
        ess,
        "nested",
        ess_warnings(g, ess, "take more points") + descent.warnings() + volumes.warnings,
        {"volumes": volumes, "runs": each, "straight": tuple(descent.straight)},
        covariance,
    )


def sublevel_volumes(
    land: Landscape,
    levels: Sequence[float] | Tensor | None = None,
    seed: int = 0,
    *,
    runs: int = 16,
    points: int = 128,
    moves: int = 8,
) -> SublevelVolumes:
    """Estimate log B(t), B(t) = P_pi(L <= t), by nested sampling.

    Parameters
    ----------
    land : Landscape
        As for :func:`nested`.
    levels : sequence of float, optional
        The levels t, ascending. By default up to 100, at equal distances in log B, from the largest loss met down to
        where the live points lie within 1e-4 of the descent so far.
    seed : int, optional
    runs, points, moves : int, optional
        As for :func:`nested`. The variance of log B is -log B/(runs x points).

    Returns
    -------
    SublevelVolumes
        The mean over the runs of log B. Errors from their spread, widened for being taken from few. Levels below the
        least loss of a run have infinite errors.

    Raises
    ------
    TypeError, ValueError
        As for :func:`nested`; levels that are not finite numbers in ascending order.

    Examples
    --------
    >>> land = Landscape(lambda theta: theta.square().sum(1) / 2, dim=2)  # B(t) = 1 - exp(-t)
    >>> volumes = sublevel_volumes(land, [1e-6, 1e-3, 1.0], points=32)
    >>> exact = torch.log(-torch.expm1(-volumes.levels))
    >>> bool(((volumes.log_volume - exact).abs() < 4 * volumes.std_error).all())
    True
    """
    check_landscape(land)
    wanted = None if levels is None else _check_levels(levels)
    descent = _begin(land, seed, runs, points, moves)
    top = descent.losses[descent.losses.isfinite()].median()
    while descent.goes_on:
        least, middle = descent.losses[:, -1], descent.losses[:, points // 2]
        if wanted is None:
            done = middle - least <= _RESOLUTION * (top - least)
        else:
            lowest = float(wanted[0])
            done = (descent.level <= lowest) | (middle - least < _HOPELESS * (least - lowest))
        if bool((done | descent.ended).all()):
            break
        descent.advance()
    volumes = _volumes(*descent.record(), points, wanted)
    return SublevelVolumes(
        volumes.levels,
        volumes.log_volume,
        volumes.std_error,
        volumes.method,
        descent.warnings() + volumes.warnings,
    )


def _check_levels(levels: Sequence[float] | Tensor) -> Tensor:
    if isinstance(levels, (str, bytes)):
        raise TypeError(f"levels must be a sequence of numbers, got {levels!r}")
    try:
        given = torch.as_tensor(levels, dtype=torch.float64).detach().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"levels must be a sequence of numbers, got {levels!r}") from None
    if given.ndim != 1 or not len(given):
        raise ValueError(f"levels must be a sequence of at least one number, got the shape {tuple(given.shape)}")
    if not bool(given.isfinite().all()) or not bool((given.diff() > 0).all()):
        raise ValueError(f"levels must be finite and ascending, got {given.tolist()}")
    return given


def _begin(land: Landscape, seed: int, runs: int, points: int, moves: int) -> _Descent:
    check_count(runs, "runs", 8)
    check_count(points, "points", 16)
    check_count(moves, "moves", 1)
    if runs % 2 or points % 2:
        raise ValueError(f"runs and points must be even, got {runs} and {points}")
    generator = torch.Generator(land.device).manual_seed(check_seed(seed))
    return _Descent(land.whitened(), runs, points, moves, generator)


class _Descent:
    """Runs side by side, each with its level, its live points and what it has met.

    Attributes
    ----------
    u : Tensor (runs x points, d)
    losses : Tensor (runs, points)
        Of the live points, in descending order, all below the level of their run.
    level, log_volume, ended : Tensor (runs,)
        ``ended`` where nothing is known below the losses alive: they are equal in more than half of the points, and
        the least ones.
    """

    def __init__(self, frame: Landscape, runs: int, points: int, moves: int, generator: torch.Generator) -> None:
        self._frame, self._moves, self._generator = frame, moves, generator
        self.u = frame.sample(runs * points, generator)
        self.losses = frame(self.u).reshape(runs, points)
        if not bool(self.losses.isfinite().any(1).all()):
            raise ValueError(
                f"the loss is +inf at all of the {points} draws of a run: take more points, or a base measure nearer"
            )
        self.level = torch.full((runs,), math.inf, dtype=torch.float64, device=frame.device)
        self.log_volume = torch.zeros_like(self.level)
        self.ended = torch.zeros_like(self.level, dtype=torch.bool)
        self.straight: list[float] = []
        self._step = 0.5
        self._met: list[tuple[Tensor, Tensor]] = []
        self._sort()

    @property
    def goes_on(self) -> bool:
        """Whether a run has not ended, and none is too deep."""
        return not bool(self.ended.all()) and bool((self.log_volume > -_DEEPEST).all())

    def warnings(self) -> tuple[str, ...]:
        """What speaks against the runs."""
        if bool((self.log_volume > -_DEEPEST).all()):
            return ()
        return (f"the descent was ended where log B had fallen to {-_DEEPEST:g}: lower losses were not looked for",)

    def advance(self) -> tuple[Tensor, Tensor]:
        """One iteration; the losses that died (runs, points), and the logarithm of the volume of each.

        Points that equal the least loss that dies, die with it: the constraint is strict, and plateaus are passed as if
        their points were told apart by chance (Fowlie, Handley and Su 2021).
        """
        runs, points = self.losses.shape
        level = self.losses[:, points // 2 - 1]
        dying = (self.losses >= level[:, None]).sum(1)
        self.ended = self.ended | (dying == points)
        dying = torch.where(self.ended, 0, dying)[:, None]
        self.level = torch.where(self.ended, self.level, level)
        rank = torch.arange(points, device=self.u.device)
        fall = torch.where(rank < dying, 1 / (points - rank).double(), 0.0)
        died = torch.where(rank < dying, self.losses, self.level[:, None])
        self._met.append((died, fall))
        mass = _log_mass(fall, self.log_volume)
        self.log_volume = self.log_volume - fall.sum(1)
        # Every survivor in turn, from a random one on: their numbers of copies differ by one at most.
        first = torch.randint(points, (runs, 1), generator=self._generator, device=self.u.device)
        self._take(dying + (rank + first) % (points - dying))
        self._move()
        self._sort()
        return died, mass

    def record(self) -> tuple[Tensor, Tensor]:
        """Losses in descending order and the fall of log B at each, (runs, M), from the dead and the live points.

        The last fall is infinite: nothing was seen below.
        """
        points = self.losses.shape[1]
        fall = 1 / torch.arange(points, 0, -1, dtype=torch.float64, device=self.u.device)
        fall[-1] = math.inf
        pieces = [*self._met, (self.losses, fall.expand_as(self.losses))]
        return torch.cat([losses for losses, _ in pieces], 1), torch.cat([falls for _, falls in pieces], 1)

    def _take(self, ranks: Tensor) -> None:
        runs, points = ranks.shape
        rows = ranks + points * torch.arange(runs, device=ranks.device)[:, None]
        self.losses, self.u = self.losses.gather(1, ranks), self.u[rows.reshape(-1)]

    def _sort(self) -> None:
        self._take(self.losses.argsort(1, descending=True))

    def _move(self) -> None:
        self.u, self.losses, straight = _billiard(
            self._frame, self.u, self.losses, self.level, self._step, self._moves, self._generator
        )
        self.straight.append(straight)
        self._step = min(math.pi / 2, self._step * math.exp((straight - _STRAIGHT) / 2))


def _log_mass(fall: Tensor, log_volume: Tensor) -> Tensor:
    """Logarithms of the volumes between successive points, from those (runs,) above the first on."""
    above = log_volume[:, None] - torch.cat([torch.zeros_like(fall[:, :1]), fall[:, :-1]], 1).cumsum(1)
    return above + (-torch.expm1(-fall)).log()


def _volumes(losses: Tensor, fall: Tensor, points: int, levels: Tensor | None) -> SublevelVolumes:
    """The record of runs with so many live points, read at the levels."""
    losses, fall = losses.cpu(), fall.cpu()
    runs = len(losses)
    if levels is None:
        levels = _equal_steps(losses, fall)
    # A death counts where its loss is above the level.
    above = torch.searchsorted(-losses, -levels.expand(runs, -1).contiguous())

    def down_to_levels(x: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(x[:, :1]), x.cumsum(1)], 1).gather(1, above)

    each = -down_to_levels(fall)
    seen = each > -math.inf
    known = seen.all(0)
    count = seen.sum(0)
    log_b = torch.where(seen, each, 0.0).sum(0) / count.clamp(min=1) + (count / runs).log()
    # Where some runs have seen nothing, the mean of the others need not keep the order.
    log_b = log_b.flip(0).cummin(0).values.flip(0)
    deviation = torch.where(known, each, 0.0).std(0)
    # Before a point has died all runs agree: one death more in one of them is the least that can be told.
    variance = deviation.square() * ((runs - 1) / (runs - 3) / runs) + (runs * points) ** -2.0
    ideal = torch.where(known, down_to_levels(fall.square()), 0.0).mean(0).sqrt()
    excess = torch.where(known & (ideal > 0), deviation / ideal.clamp(min=1e-300), 0.0)
    warnings = []
    if not bool(known.all()):
        t = float(levels[~known].max())
        warnings.append(f"from the level {t:.6g} down not every run has seen a loss: the errors are not known there")
    if float(excess.max()) > _EXCESS:
        t = float(levels[excess.argmax()])
        warnings.append(
            f"at the level {t:.6g} log B differs between runs {float(excess.max()):.1f} times as much as perfect draws "
            "would: the points do not mix; take more moves, or more points"
        )
    return SublevelVolumes(levels, log_b, torch.where(known, variance.sqrt(), math.inf), "nested", tuple(warnings))


def _equal_steps(losses: Tensor, fall: Tensor) -> Tensor:
    """Levels at equal distances in log B, down to where every run has seen a loss."""
    pooled, order = losses.flatten().sort(descending=True)
    finite = torch.where(fall.isinf(), 0.0, fall).flatten()[order]
    depth = finite.cumsum(0) - finite
    usable = pooled.isfinite() & (pooled >= losses[:, -1].max())
    pooled, depth = pooled[usable], depth[usable]
    steps = torch.linspace(float(depth[0]), float(depth[-1]), _LEVELS, dtype=torch.float64)
    chosen = pooled[torch.searchsorted(depth, steps).clamp(max=len(depth) - 1)].flip(0)
    return chosen[torch.cat([chosen.diff() > 0, torch.ones(1, dtype=torch.bool)])]


def _spread(u: Tensor) -> tuple[Tensor | None, Tensor]:
    """Principal axes (2, d, d) and standard deviations (2, 1, d) of the points, for each half from the other one.

    A half of the runs is moved with what the other half knows, so that no point steers its own move. Correlations
    shrink by the part of their squares that independent coordinates would show (Schäfer and Strimmer 2005). Where
    next to nothing is left, there are no axes but the coordinates.
    """
    halves = u.reshape(2, -1, u.shape[1]).flip(0)
    count, dim = halves.shape[1:]
    centred = halves - halves.mean(1, keepdim=True)
    deviations = centred.square().mean(1, keepdim=True).sqrt()
    if not 1 < dim <= _MAX_DENSE:
        return None, deviations
    scaled = centred / deviations.clamp(min=1e-300)
    correlation = scaled.mT @ scaled / count
    # Survivors are there twice.
    chance = dim * (dim - 1) / (count / 2)
    seen = correlation.square().sum((1, 2)) - correlation.diagonal(dim1=1, dim2=2).square().sum(1)
    known = (1 - chance / seen.clamp(min=1e-300)).clamp(min=0.0)[:, None, None]
    if bool((known < _NEGLIGIBLE).all()):
        return None, deviations
    covariance = known * correlation * (deviations.mT * deviations)
    covariance = covariance + (1 - known) * torch.diag_embed(deviations[:, 0].square())
    values, axes = torch.linalg.eigh(covariance)
    return axes, values.clamp(min=0.0).sqrt()[:, None]


def _billiard(
    frame: Landscape, u: Tensor, losses: Tensor, levels: Tensor, step: float, moves: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, float]:
    """Points moved within {L < level}, their losses (runs, points), and the part of the steps that stayed within.

    In units where the momentum p is standard normal and sigma are the deviations of the points, a step turns (u, p) by
    the angle h sigma, with one h for a run and a momentum. Where it ends outside, p is reflected by the gradient there
    and a second step is made; where this ends outside too, the point stays and p changes its sign. The step is a map
    that, followed by a change of sign of p, is its own inverse and keeps volumes: the constrained measure is invariant
    whatever h and sigma are.
    """
    runs, points = losses.shape
    half, dim = len(u) // 2, u.shape[1]
    axes, deviations = _spread(u)
    sigma = deviations.repeat_interleave(runs // 2, 0).reshape(runs, dim)
    losses, levels = losses.reshape(-1), levels.repeat_interleave(points)

    def turn(x: Tensor, rows: Tensor | None = None, back: bool = False) -> Tensor:
        """To the principal axes or back; of all points, or of those in ascending rows."""
        if axes is None:
            return x
        first = half if rows is None else int((rows < half).sum())
        pieces = zip((x[:first], x[first:]), axes.mT if back else axes, strict=True)
        return torch.cat([piece @ matrix for piece, matrix in pieces])

    def rotate(a: Tensor, b: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """The first of the two after the turn; the second of (a, b) is the first of (b, -a)."""
        return torch.addcmul(a * cos, b, sin)

    position = turn(u)
    outside = 0
    for _ in range(moves):
        # Single precision, a fifth of the time: a momentum has no rounding to pass on, it lives for two steps.
        p = torch.randn(u.shape, generator=generator, dtype=torch.float32, device=u.device).to(u.dtype)
        h = step * (0.5 + torch.rand(runs, 1, generator=generator, dtype=u.dtype, device=u.device))
        cos, sin = (h * sigma).cos(), (h * sigma).sin()
        shape = (runs, points, dim)
        for remaining in reversed(range(_STEPS)):
            x, y = position.reshape(shape), p.reshape(shape)
            end = rotate(x, y, cos[:, None], sin[:, None]).reshape(u.shape)
            # After the last step the momentum is forgotten.
            q = rotate(y, x, cos[:, None], -sin[:, None]).reshape(u.shape) if remaining else p
            there = turn(end, back=True)
            reached = frame(there)
            rows = (reached >= levels).nonzero().flatten()
            if len(rows):
                outside += len(rows)
                run = rows // points
                c, s = cos[run], sin[run]
                normal = turn(frame.gradient(there[rows]), rows) * sigma[run]
                # Scaled: the square of a steep gradient may overflow.
                normal = normal / normal.abs().amax(1, keepdim=True).clamp(min=1e-300)
                square = normal.square().sum(1, keepdim=True)
                before, start = p[rows], position[rows]
                b = rotate(before, start, c, -s)
                along = (b * normal).sum(1, keepdim=True) / square.clamp(min=1e-300)
                b = torch.addcmul(b, normal, along, value=-2)
                met = end[rows]
                second = rotate(met, b, c, s)
                again = frame(turn(second, rows, back=True))
                # Without a gradient there is nothing to be reflected by.
                inside = (again < levels[rows]) & (square[:, 0] > 0)
                end[rows] = torch.where(inside[:, None], second, start)
                if remaining:
                    q[rows] = torch.where(inside[:, None], rotate(b, met, c, -s), -before)
                reached[rows] = torch.where(inside, again, losses[rows])
            position, p, losses = end, q, reached
    return turn(position, back=True), losses.reshape(runs, points), 1 - outside / (len(u) * moves * _STEPS)
