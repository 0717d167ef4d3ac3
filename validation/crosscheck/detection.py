"""How many draws of the loss it takes to see a saddle in its distribution.

A non-degenerate critical point of index q in d dimensions, at the loss t_c, leaves in the density of states
rho = dB/dt, of B(t) = P_pi(L <= t), the singular term

    C  tau_+^(d/2-1)           q even,            C = (-1)^(q/2) c
    C  (-tau)_+^(d/2-1)        q odd, d odd,      C = (-1)^((d-q)/2) c
    C  tau^(d/2-1) log|tau|    q odd, d even,     C = (-1)^((q+1)/2) c/pi

with tau = t - t_c and c = pi^(d/2)/Gamma(d/2) times the base density over the root of |det(Hessian/2)| at the point.
The rest of rho is smooth there (Gel'fand and Shilov 1964, Generalized Functions I, III.2, for the quadratic form; the
lemma of Morse for the rest).

What is measured was fixed before any measurement, but for the floor under the fitted rates, which the scatter of the
control decided:

*Landscape.* The base measure has two regions of equal weight. In one L = t_c + sum_{i<=d-q} x_i^2 - sum_{i>d-q} x_i^2
under a standard normal, with q = ceil(d/2); in the other L is normal around t_c with the same
variance 2d and has no critical point: the smooth background.

*Detector.* The draws with |tau| < 1 are counted in 64 equal bins. A polynomial of degree 4 is fitted to the
counts by Poisson likelihood, and the singular term, of which t_c and the exponent are taken as known, is tested against
it by the efficient score (Rao 1948), which is standard normal where there is no such term.

*Criterion.* The number of draws needed is that for which the median over the experiments of the score, with the sign
of C, is five. As a control the same test is made around t_c + 3, where rho is smooth: its scores should be standard
normal, and of few draws (some hundreds and less) they scatter less than that.

All this favours the detection: in practice t_c is not known, and draws from an annealed population depend on each
other.

>>> saddle = Saddle(2)
>>> saddle.index, saddle.exponent, round(saddle.coefficient, 4)  # -1/(2 pi), and half of the draws
(1, 0.0, -0.0796)
>>> here, elsewhere = (score(counts[None], saddle).item() for counts in saddle.counts(20_000, np.random.default_rng(0)))
>>> here > 5, abs(elsewhere) < 3
(True, True)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from ..benchmarks.power_law import PowerLaw

__all__ = ["CLEAR", "Detection", "Saddle", "detect", "draw_detections", "growth", "score"]

Array: TypeAlias = NDArray[np.float64]

#: Score of a clear detection.
CLEAR = 5.0
#: Half of the width of the window, in units of the loss.
_WINDOW = 1.0
#: Bins of the window, and degree of the polynomial.
_BINS, _DEGREE = 64, 4
#: Centre of the window of the control, where the density is smooth.
_CONTROL = 3.0
#: Bins per unit of the loss, and bins from the lower end of the window to the upper end of that of the control.
_PER_UNIT, _ALL = int(_BINS / (2 * _WINDOW)), int((_CONTROL + 2 * _WINDOW) * _BINS / (2 * _WINDOW))
#: Draws at the start of an experiment, and at most.
_FEWEST, _MOST = 2**4, 2**27
#: Draws that are held at once: they fit the cache of a core.
_CHUNK = 2**15
#: Steps of the Poisson fit: each is a weighted least-squares fit, and the third changes no digit that is printed.
_STEPS = 8


@dataclass(frozen=True)
class Saddle:
    """The landscape: a critical point in d dimensions, and as many draws without any.

    Parameters
    ----------
    dim : int
        d >= 1.

    Raises
    ------
    ValueError
        For other d.
    """

    dim: int

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise ValueError(f"the dimension must be at least 1, got {self.dim}")

    @property
    def index(self) -> int:
        """Number of directions in which the loss falls."""
        return (self.dim + 1) // 2

    @property
    def exponent(self) -> float:
        """Of the singular term, d/2 - 1."""
        return self.dim / 2 - 1

    @property
    def coefficient(self) -> float:
        """C, for the density of all draws."""
        d, q = self.dim, self.index
        size: float = 0.5 * (2 * math.pi) ** (-d / 2) * math.pi ** (d / 2) / math.gamma(d / 2)
        if q % 2 == 0:
            return size if q % 4 == 0 else -size
        if d % 2:
            return size if (d - q) % 4 == 0 else -size
        return size / math.pi if q % 4 == 3 else -size / math.pi

    def losses(self, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draws of tau = L - t_c under the base measure, (count,)."""
        near = int(rng.binomial(count, 0.5))
        signs = np.repeat(np.array([1, -1], dtype=np.float32), [self.dim - self.index, self.index])
        quadratic = np.square(rng.standard_normal((near, self.dim), dtype=np.float32)) @ signs
        background = np.float32(math.sqrt(2 * self.dim)) * rng.standard_normal(count - near, dtype=np.float32)
        return np.concatenate([quadratic, background])

    def counts(self, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Numbers of draws in the bins of the window around t_c and of that around t_c + 3, (64,) each."""
        found = np.zeros(_ALL + 1, dtype=np.int64)
        for start in range(0, count, _CHUNK):
            position = np.floor((self.losses(min(_CHUNK, count - start), rng) + _WINDOW) * _PER_UNIT)
            # What lies below or above goes to one bin at the end, which is left out.
            position[(position < 0) | (position > _ALL)] = _ALL
            found += np.bincount(position.astype(np.intp), minlength=_ALL + 1)
        return found[:_BINS].astype(np.float64), found[_ALL - _BINS : _ALL].astype(np.float64)

    def singular_term(self) -> Array:
        """Integrals over the bins of the singular term with C = 1, (64,)."""
        edges = np.linspace(-_WINDOW, _WINDOW, _BINS + 1)
        power = self.exponent + 1
        size = np.abs(edges)
        if self.index % 2 == 0 or self.dim % 2:
            side = 1.0 if self.index % 2 == 0 else -1.0
            antiderivative = side * np.maximum(side * edges, 0.0) ** power / power
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                antiderivative = np.where(size > 0, edges**power / power * (np.log(size) - 1 / power), 0.0)
        return np.diff(antiderivative)


def score(counts: Array, saddle: Saddle) -> Array:
    """The efficient score of the singular term, in standard deviations and with the sign of C.

    Parameters
    ----------
    counts : array (R, 64)
        Draws in the bins of the window, an experiment a row.
    saddle : Saddle

    Returns
    -------
    array (R,)
        Standard normal where the density is a polynomial of degree 4; 0 where no draw is in the window.
    """
    centres = (np.arange(_BINS) + 0.5) * (2 / _BINS) - 1
    basis = np.polynomial.legendre.legvander(centres, _DEGREE)
    # Bins without a draw would have the variance 0: with this floor the scores of few draws scatter less than normal.
    floor = np.maximum(0.05 * counts.mean(1, keepdims=True), 1e-12)
    rates = np.broadcast_to(np.maximum(counts.mean(1, keepdims=True), floor), counts.shape)
    for _ in range(_STEPS):
        rates = np.maximum(_weighted_fit(basis, rates, counts) @ basis.T, floor)
    term = math.copysign(1.0, saddle.coefficient) * saddle.singular_term()
    term = term / np.abs(term).max()
    seen = term - _weighted_fit(basis, rates, np.broadcast_to(term, counts.shape)) @ basis.T
    information = (seen**2 / rates).sum(1)
    found: Array = (seen * (counts - rates) / rates).sum(1) / np.sqrt(information)
    return found


def _weighted_fit(basis: Array, variances: Array, values: Array) -> Array:
    """Coefficients (R, K) of the least-squares fits of rows (R, bins) with these variances."""
    weighted = basis[None] / variances[:, :, None]
    normal = weighted.transpose(0, 2, 1) @ basis
    right = (weighted * values[:, :, None]).sum(1)
    return np.linalg.solve(normal, right[..., None])[..., 0]


@dataclass(frozen=True)
class Detection:
    """What was measured in one dimension.

    Attributes
    ----------
    dim, index : int
    exponent : float
        Of the singular term.
    draws : tuple of int
        Numbers of draws at which the experiments were looked at.
    scores, lower, upper : tuple of float
        Median of the score there, and its quartiles.
    control : float
        Root mean square of the scores of the control at the last number of draws, near 1.
    needed : float
        Draws for a clear detection; infinite where the most that are made were not enough.
    experiments : int
    """

    dim: int
    index: int
    exponent: float
    draws: tuple[int, ...]
    scores: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    control: float
    needed: float
    experiments: int


def detect(
    dim: int, experiments: int = 12, seed: int = 0, announce: Callable[[str], None] = lambda text: None
) -> Detection:
    """Add draws to independent experiments until the saddle is clearly seen.

    Parameters
    ----------
    dim : int
    experiments : int, optional
        At least 4. The number of draws needed has a relative standard error of 0.5/sqrt(experiments).
    seed : int, optional
    announce : callable, optional
        Told where the measurement has got to.

    Raises
    ------
    ValueError
        Fewer experiments.
    """
    if experiments < 4:
        raise ValueError(f"experiments must be at least 4, got {experiments}")
    saddle = Saddle(dim)
    streams = [np.random.default_rng([seed, dim, number]) for number in range(experiments)]
    counts = np.zeros((experiments, 2, _BINS))
    draws: list[int] = []
    quartiles: list[Array] = []
    total = 0
    while total < _MOST:
        # Double, but close to the end go no further than is likely to be enough.
        ahead = (1.1 * CLEAR / max(quartiles[-1][1], 1e-3)) ** 2 if quartiles else 2.0
        more = math.ceil(total * (min(max(ahead, 1.25), 2.0) - 1)) or _FEWEST
        announce(f"d = {dim}: {total + more} draws")
        counts += np.stack([saddle.counts(more, rng) for rng in streams])
        total += more
        draws.append(total)
        quartiles.append(np.quantile(score(counts[:, 0], saddle), [0.25, 0.5, 0.75]))
        if quartiles[-1][1] >= CLEAR:
            break
    lower, scores, upper = (tuple(float(x) for x in column) for column in zip(*quartiles, strict=True))
    return Detection(
        dim,
        saddle.index,
        saddle.exponent,
        tuple(draws),
        scores,
        lower,
        upper,
        float(np.sqrt(np.mean(score(counts[:, 1], saddle) ** 2))),
        _crossing(draws, scores),
        experiments,
    )


def _crossing(draws: Sequence[int], scores: Sequence[float]) -> float:
    """Draws at which the score is five: its square grows linearly between the last two that were seen."""
    if scores[-1] < CLEAR:
        return math.inf
    before, low = (draws[-2], max(scores[-2], 0.0)) if len(draws) > 1 else (0, 0.0)
    return before + (draws[-1] - before) * (CLEAR**2 - low**2) / (scores[-1] ** 2 - low**2)


def growth(detections: Sequence[Detection]) -> float | None:
    """The factor by which one more dimension multiplies the draws needed, where three dimensions were measured."""
    points = [(math.exp(one.dim), one.needed) for one in detections if math.isfinite(one.needed)]
    return math.exp(PowerLaw.fit(*zip(*points, strict=True)).exponent) if len(points) >= 3 else None


def draw_detections(detections: Sequence[Detection], path: Path) -> None:
    """Draw the scores against the draws, and the draws needed against the dimension."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for one in detections:
        (line,) = left.plot(one.draws, np.maximum(one.scores, 0.1), "o-", markersize=3, label=f"d = {one.dim}")
        left.fill_between(
            one.draws, np.maximum(one.lower, 0.1), np.maximum(one.upper, 0.1), color=line.get_color(), alpha=0.2
        )
    left.axhline(CLEAR, color="black", linewidth=0.8, linestyle="--")
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_xlabel("independent draws")
    left.set_ylabel("score of the singular term (median, quartiles)")
    left.legend(frameon=False, fontsize=8)
    reached = [one for one in detections if math.isfinite(one.needed)]
    right.plot([one.dim for one in reached], [one.needed for one in reached], "s-", color="#d55e00")
    right.set_yscale("log")
    right.xaxis.set_major_locator(FixedLocator([one.dim for one in detections]))
    right.xaxis.set_minor_locator(NullLocator())
    right.set_xlabel("dimension d")
    right.set_ylabel(f"draws for a score of {CLEAR:g}")
    for axes in (left, right):
        axes.grid(True, which="major", linewidth=0.4, alpha=0.5)
    figure.savefig(path, dpi=150)
