"""Which targets noisy values of log Z show, next to the exact critical values: how many, how far off, at which noise.

log Z of landscapes in one and two dimensions is computed by the trapezoidal rule to rounding, normal noise of a known
size is added, and the targets are those of :func:`surge.find_targets.analyse_ranges`. The exact critical values come
from the resurgence core.

>>> land = LANDSCAPES[0]
>>> land.action, [round(float(v), 4) for v in land.critical_values()]
('(x^2 - 1)^2 + x/2', [-0.5148, 0.4833, 1.0315])
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.table import Table

from resurgence import Action
from surge import Landscape, Targets
from surge.couplings import PER_DECADE, evaluate_ranges
from surge.find_targets import analyse_ranges
from surge.partition import PartitionEstimate

__all__ = [
    "LANDSCAPES",
    "NOISES",
    "NoisyTargets",
    "draw_targets",
    "noise_document",
    "noise_table",
    "targets_from_noise",
]

#: Standard errors of log Z.
NOISES = tuple(10.0**-k for k in range(1, 11))
#: Couplings in units of the median loss above the least: from 10^LOWEST[d] to 10^HIGHEST.
LOWEST, HIGHEST = {1: -4, 2: -3}, 0


@dataclass(frozen=True)
class PolynomialLandscape:
    """An action under a standard normal base measure; all of it lies in |x_i| < ``reach`` to rounding."""

    action: str
    reach: float

    def critical_values(self) -> tuple[float, ...]:
        """Those at real critical points, ascending."""
        # A certified real coordinate has an imaginary part that its ball, or its exact value, says is zero.
        real = {
            complex(point.value.value).real
            for point in Action(self.action).critical_points()
            if all(abs(x.value.imag) <= x.error for x in point.coordinates)
        }
        return tuple(sorted(real))

    def log_z(self, couplings: NDArray[np.float64]) -> NDArray[np.float64]:
        """By the trapezoidal rule, whose error falls exponentially with the step for entire functions."""
        land = Landscape.from_action(self.action)
        step = 0.001 if land.dim == 1 else 0.008
        axis = torch.arange(-self.reach, self.reach, step, dtype=torch.float64)
        theta = torch.cartesian_prod(*[axis] * land.dim).reshape(-1, land.dim)
        losses, weights = land(theta), land.log_base(theta) + land.dim * math.log(step)
        return np.array([float(torch.logsumexp(weights - losses / g, 0)) for g in couplings.tolist()])


LANDSCAPES = (
    PolynomialLandscape("(x^2 - 1)^2 + x/2", 6.0),
    PolynomialLandscape("(x^2 - 1)^2", 6.0),
    PolynomialLandscape("x^2/2 + x^3/4 + x^4/16", 7.0),
    PolynomialLandscape("(x^2 - 1)^2 + 2*y^2 + x*y/2", 4.0),
)


@dataclass(frozen=True)
class NoisyTargets:
    """The targets of one landscape at one size of the noise, over several draws of it."""

    action: str
    noise: float
    targets: tuple[Targets, ...]


def targets_from_noise(
    land: PolynomialLandscape,
    noises: tuple[float, ...] = NOISES,
    seeds: int = 4,
    done: Callable[[], None] = lambda: None,
) -> tuple[NoisyTargets, ...]:
    """Targets from log Z with noise.

    Parameters
    ----------
    land : PolynomialLandscape
    noises : tuple of float
        Standard errors of log Z.
    seeds : int
        Draws of the noise for each.
    done : callable
        Called after each set of targets.
    """
    losses = Landscape.from_action(land.action)
    sample = losses(losses.sample(4096, torch.Generator().manual_seed(0)))
    least = min(land.critical_values())
    reference = float(sample.quantile(0.5)) - least
    lowest = LOWEST[losses.dim]
    couplings = reference * np.logspace(lowest, HIGHEST, (HIGHEST - lowest) * PER_DECADE + 1)
    exact = land.log_z(couplings)
    found = []
    for noise in noises:
        each = []
        for seed in range(seeds):
            values = exact + noise * np.random.default_rng(seed).normal(size=exact.size)
            estimate = PartitionEstimate(
                torch.tensor(couplings),
                torch.tensor(values),
                torch.full((exact.size,), noise, dtype=torch.float64),
                torch.full((exact.size,), math.inf, dtype=torch.float64),
                "trapezoidal rule with noise",
            )
            each.append(analyse_ranges(evaluate_ranges(estimate, reference, least, losses.dim), seed).targets)
            done()
        found.append(NoisyTargets(land.action, noise, tuple(each)))
    return tuple(found)


def noise_table(land: PolynomialLandscape, rows: tuple[NoisyTargets, ...]) -> Table:
    """How many targets at each noise, and how far the worst lies from a critical value, in its errors."""
    values = ", ".join(f"{value:.4f}" for value in land.critical_values())
    table = Table(title=f"{land.action}: critical values {values}")
    for name in ("error of log Z", "targets", "smallest error", "largest error", "worst distance / error"):
        table.add_column(name, justify="right")
    for row in rows:
        exact = land.critical_values()
        pairs = [
            (min(abs(value - one) for one in exact), error)
            for targets in row.targets
            for value, error in zip(targets.values, targets.errors or (), strict=True)
        ]
        counts = "/".join(str(len(targets)) for targets in row.targets)
        errors = [error for _, error in pairs]
        worst = f"{max(d / e for d, e in pairs):.2f}" if pairs else "-"
        figures = (f"{min(errors):.1g}", f"{max(errors):.1g}") if errors else ("-", "-")
        table.add_row(f"{row.noise:.0e}", counts, *figures, worst)
    return table


def noise_document(
    found: dict[PolynomialLandscape, tuple[NoisyTargets, ...]], machine: dict[str, Any], *, started: str
) -> dict[str, Any]:
    """Everything measured, for JSON."""
    return {
        "started": started,
        "environment": machine,
        "landscapes": [
            {
                "action": land.action,
                "critical_values": land.critical_values(),
                "found": [
                    {
                        "noise": row.noise,
                        "targets": [{"values": t.values, "errors": t.errors, "reason": t.reason} for t in row.targets],
                    }
                    for row in rows
                ],
            }
            for land, rows in found.items()
        ],
    }


def draw_targets(found: dict[PolynomialLandscape, tuple[NoisyTargets, ...]], path: Path) -> None:
    """Targets against the noise, one panel a landscape; lines are the exact critical values."""
    figure = Figure(figsize=(5 * len(found), 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (land, rows) in zip(np.atleast_1d(figure.subplots(1, len(found))), found.items(), strict=True):
        values = land.critical_values()
        for value in values:
            axes.axhline(value, color="0.6", linewidth=0.8)
        for row in rows:
            for k, targets in enumerate(row.targets):
                x = row.noise * 10 ** (0.12 * (k - (len(row.targets) - 1) / 2))
                axes.errorbar([x] * len(targets), targets.values, targets.errors, fmt=".", color="C0", capsize=2)
        axes.set_xscale("log")
        axes.invert_xaxis()
        margin = 0.4 * max(values[-1] - values[0], 0.5)
        axes.set_ylim(values[0] - margin, values[-1] + margin)
        axes.set_title(land.action)
        axes.set_xlabel("standard error of log Z")
        axes.set_ylabel("loss")
    figure.savefig(path)
