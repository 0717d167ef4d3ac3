"""L* and nu read off the partition function, against what they are: quartics, linear networks, a tanh network.

Networks of two linear layers without bias, x -> B A x with A of H x M and B of N x H, fitted to a map of rank r: the
minima are a singular variety, and nu is the learning coefficient of reduced rank regression (Aoyagi and Watanabe 2005,
*Neural Networks* 18, 924). Where N + r <= M + H, M + r <= N + H and H + r <= M + N it is

    nu = (-(H + r)^2 - M^2 - N^2 + 2 (H + r) M + 2 (H + r) N + 2 M N)/8

with the multiplicity m = 1 where M + H + N + r is even, and 1/8 more with m = 2 where it is odd.

>>> learning_coefficient(2, 2, 2, 2), learning_coefficient(3, 1, 3, 1)  # half of 2 x 2, and of rank 1 in 3 x 3
((Fraction(2, 1), 1), (Fraction(5, 2), 1))

At m = 2 the logarithm of 1/g takes from nu, and two decades of couplings mostly do not tell them apart: there the
demand is that the stated error covers.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from rich.table import Table
from torch import Tensor, nn

from surge import Landscape
from surge.find_targets import analyse_targets
from surge.partition.laplace import minimise

__all__ = [
    "CASES",
    "Exponent",
    "Found",
    "Reading",
    "exponent_document",
    "exponent_table",
    "learning_coefficient",
    "measure",
]

#: Demands: L* within so many stated errors, nu within this part of it where m = 1, within as many errors where m > 1.
STATED, RELATIVE = 2.0, 0.05
#: Minimisations for the least loss of a network.
RESTARTS = 200


def learning_coefficient(inputs: int, hidden: int, outputs: int, rank: int) -> tuple[Fraction, int]:
    """nu and m of a linear network, in the case above; ValueError in the others."""
    m, h, n, r = inputs, hidden, outputs, rank
    if not (n + r <= m + h and m + r <= n + h and h + r <= m + n):
        raise ValueError(f"another case of the theorem holds for M = {m}, H = {h}, N = {n}, r = {r}")
    odd = (m + h + n + r) % 2
    return Fraction(-((h + r) ** 2) - m * m - n * n + 2 * (h + r) * (m + n) + 2 * m * n + odd, 8), 1 + odd


@dataclass(frozen=True)
class Exponent:
    """A landscape with its least loss and, where they are known, its exponent and multiplicity."""

    name: str
    landscape: Callable[[], Landscape]
    least: Callable[[Landscape], float]
    nu: Fraction | None
    multiplicity: int | None


def _quartics(dim: int) -> Exponent:
    def landscape() -> Landscape:
        return Landscape(lambda theta: (theta**2 + theta**4).sum(1) + 0.3, dim)

    return Exponent(f"quartic-{dim}", landscape, lambda _: 0.3, Fraction(dim, 2), 1)


def _linear(inputs: int, hidden: int, outputs: int, rank: int) -> Exponent:
    def landscape() -> Landscape:
        model = nn.Sequential(nn.Linear(inputs, hidden, bias=False), nn.Linear(hidden, outputs, bias=False)).double()
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
        # An orthonormal batch, summed over: the loss is |B A - C|^2 in Frobenius' norm.
        x = torch.eye(inputs, dtype=torch.float64)
        y = torch.zeros(inputs, outputs, dtype=torch.float64)
        for k in range(rank):
            y[k, k] = 1.0
        return Landscape.from_module(model, nn.MSELoss(reduction="sum"), (x, y))

    return Exponent(
        f"linear-{inputs}-{hidden}-{outputs}-rank-{rank}",
        landscape,
        lambda _: 0.0,
        *learning_coefficient(inputs, hidden, outputs, rank),
    )


def _tanh() -> Exponent:
    def landscape() -> Landscape:
        generator = torch.Generator().manual_seed(0)
        x = torch.linspace(-2, 2, 32, dtype=torch.float64)[:, None]
        y = torch.sin(2 * x) + 0.1 * torch.randn(32, 1, dtype=torch.float64, generator=generator)
        model = nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1)).double()
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
        return Landscape.from_module(model, nn.MSELoss(), (x, y), scale=2.0)

    def least(land: Landscape) -> float:
        start = land.sample(RESTARTS, torch.Generator().manual_seed(1))

        def value_and_gradient(theta: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
            return land.value_and_gradient(theta)

        return float(minimise(value_and_gradient, start, iterations=3000, tolerance=1e-9)[1].min())

    return Exponent("tanh-1-3-1", landscape, least, None, None)


CASES = {
    case.name: case
    for case in (
        *map(_quartics, (1, 2, 10)),
        _linear(2, 1, 1, 0),
        _linear(2, 2, 2, 0),
        _linear(2, 2, 2, 2),
        _linear(3, 1, 3, 1),
        _linear(3, 2, 3, 0),
        _linear(1, 1, 1, 0),
        _linear(2, 1, 2, 0),
        _tanh(),
    )
}


@dataclass(frozen=True)
class Reading:
    """What was read off log Z with one seed; NaN where nothing was significant."""

    minimum: float
    minimum_error: float
    nu: float
    nu_error: float
    multiplicity_weights: dict[int, float]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What was read off, seed by seed, beside what it is."""

    name: str
    dim: int
    least: float
    nu: Fraction | None
    multiplicity: int | None
    readings: tuple[Reading, ...]

    @property
    def minimum_score(self) -> float:
        """Median over the seeds of how far L* is off, in stated errors."""
        return _median([abs(one.minimum - self.least) / one.minimum_error for one in self.readings])

    @property
    def nu_part(self) -> float:
        """Median over the seeds of how far nu is off, relative to what it is."""
        nu = float(self.nu or math.nan)
        return _median([abs(one.nu / nu - 1) for one in self.readings])

    @property
    def nu_score(self) -> float:
        """Median over the seeds of how far nu is off, in stated errors."""
        return _median([abs(one.nu - float(self.nu or math.nan)) / one.nu_error for one in self.readings])

    @property
    def holds(self) -> bool:
        """Whether L* is within two stated errors, and nu within 5 %, or two stated errors where m > 1."""
        if self.minimum_score > STATED:
            return False
        if self.nu is None:
            return True
        return self.nu_part <= RELATIVE if self.multiplicity == 1 else self.nu_score <= STATED


def _median(values: Sequence[float]) -> float:
    """Where nothing was found nothing holds: NaN counts as infinite."""
    return statistics.median(math.inf if math.isnan(value) else value for value in values)


def measure(case: Exponent, seeds: int = 1) -> Found:
    """L* and nu of a case, with so many seeds."""
    land = case.landscape()
    readings = []
    for seed in range(seeds):
        analysis = analyse_targets(land, seed=seed)
        targets, search = analysis.targets, analysis.search
        figures: tuple[float, float, float, float, dict[int, float]] = (math.nan, math.nan, math.nan, math.nan, {})
        if search.best and search.best.fit and targets.values and targets.errors:
            fit = search.best.fit
            figures = targets.values[0], targets.errors[0], fit.nu, fit.nu_error, fit.multiplicity_weights
        readings.append(Reading(*figures, search.estimate.warnings))
    return Found(case.name, land.dim, case.least(land), case.nu, case.multiplicity, tuple(readings))


def exponent_table(found: Sequence[Found]) -> Table:
    """A line a case: medians over the seeds, and of the weights of m their means."""
    table = Table(title="L* and nu from the partition function")
    for name in (
        "case",
        "d",
        "L*",
        "found",
        "in errors",
        "nu",
        "found",
        "off by",
        "in errors",
        "m",
        "weights",
        "verdict",
    ):
        table.add_column(name, justify="left" if name in ("case", "verdict") else "right")
    for one in found:
        minimum, minimum_error, nu, nu_error = (
            statistics.median(getattr(reading, name) for reading in one.readings)
            for name in ("minimum", "minimum_error", "nu", "nu_error")
        )
        weights = [
            sum(reading.multiplicity_weights.get(m, 0.0) for reading in one.readings) / len(one.readings)
            for m in range(1, 1 + max(len(reading.multiplicity_weights) for reading in one.readings))
        ]
        known = one.nu is not None
        table.add_row(
            one.name,
            str(one.dim),
            f"{one.least:.6g}",
            f"{minimum:.6g} ± {minimum_error:.1g}",
            f"{one.minimum_score:.2f}",
            str(one.nu) if known else "",
            f"{nu:.3f} ± {nu_error:.1g}",
            f"{one.nu_part:.1%}" if known else "",
            f"{one.nu_score:.2f}" if known else "",
            str(one.multiplicity) if known else "",
            " ".join(f"{weight:.2f}" for weight in weights),
            "holds" if one.holds else "missed",
        )
    return table


def exponent_document(found: Sequence[Found], machine: dict[str, Any], *, started: str) -> dict[str, Any]:
    """Everything measured, for JSON; what was not found is null."""

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return {
        "started": started,
        "environment": machine,
        "cases": [
            {
                "name": one.name,
                "dim": one.dim,
                "least": one.least,
                "nu": None if one.nu is None else float(one.nu),
                "multiplicity": one.multiplicity,
                "readings": [
                    {name: number(v) if isinstance(v, float) else v for name, v in vars(reading).items()}
                    for reading in one.readings
                ],
                "holds": one.holds,
            }
            for one in found
        ],
    }
