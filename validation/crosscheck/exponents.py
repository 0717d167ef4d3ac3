"""L* and nu read off the partition function, against what they are: quartics, linear networks, a tanh network.

Networks of two linear layers without bias, x -> B A x with A of H x M and B of N x H, fitted to a map of rank r: the
minima are a singular variety, and nu is the learning coefficient of reduced rank regression (Aoyagi and Watanabe 2005,
*Neural Networks* 18, 924),

    nu = (-(H + r)^2 - M^2 - N^2 + 2 (H + r) M + 2 (H + r) N + 2 M N)/8

where N + r <= M + H, M + r <= N + H, H + r <= M + N and M + H + N + r is even: the multiplicity is one then.

>>> learning_coefficient(2, 2, 2, 2), learning_coefficient(3, 1, 3, 1)  # half of 2 x 2, and of rank 1 in 3 x 3
(Fraction(2, 1), Fraction(5, 2))
"""

from __future__ import annotations

import math
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

__all__ = ["CASES", "Exponent", "Found", "exponent_document", "exponent_table", "learning_coefficient", "measure"]

#: Demands: L* within so many stated errors, nu within this part of it.
STATED, RELATIVE = 2.0, 0.05
#: Minimisations for the least loss of a network.
RESTARTS = 200


def learning_coefficient(inputs: int, hidden: int, outputs: int, rank: int) -> Fraction:
    """nu of a linear network, where its multiplicity is one; ValueError where the formula is another one."""
    m, h, n, r = inputs, hidden, outputs, rank
    if not (n + r <= m + h and m + r <= n + h and h + r <= m + n and (m + h + n + r) % 2 == 0):
        raise ValueError(f"another case of the theorem holds for M = {m}, H = {h}, N = {n}, r = {r}")
    return Fraction(-((h + r) ** 2) - m * m - n * n + 2 * (h + r) * (m + n) + 2 * m * n, 8)


@dataclass(frozen=True)
class Exponent:
    """A landscape with its least loss and, where it is known, its exponent."""

    name: str
    landscape: Callable[[], Landscape]
    least: Callable[[Landscape], float]
    nu: Fraction | None


def _quartics(dim: int) -> Exponent:
    def landscape() -> Landscape:
        return Landscape(lambda theta: (theta**2 + theta**4).sum(1) + 0.3, dim)

    return Exponent(f"quartic-{dim}", landscape, lambda _: 0.3, Fraction(dim, 2))


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
        learning_coefficient(inputs, hidden, outputs, rank),
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

    return Exponent("tanh-1-3-1", landscape, least, None)


CASES = {
    case.name: case
    for case in (
        *map(_quartics, (1, 2, 10)),
        _linear(2, 1, 1, 0),
        _linear(2, 2, 2, 0),
        _linear(2, 2, 2, 2),
        _linear(3, 1, 3, 1),
        _linear(3, 2, 3, 0),
        _tanh(),
    )
}


@dataclass(frozen=True)
class Found:
    """What was read off, beside what it is."""

    name: str
    dim: int
    least: float
    nu: Fraction | None
    minimum: float
    minimum_error: float
    nu_found: float
    nu_error: float
    warnings: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether L* is within two stated errors and nu within 5 %."""
        if not abs(self.minimum - self.least) <= STATED * self.minimum_error:
            return False
        return self.nu is None or abs(self.nu_found - float(self.nu)) <= RELATIVE * float(self.nu)


def measure(case: Exponent, seed: int = 0) -> Found:
    """L* and nu of a case; NaN where nothing is significant."""
    land = case.landscape()
    analysis = analyse_targets(land, seed=seed)
    fit = analysis.search.best.fit if analysis.search.best else None
    figures = (
        (analysis.targets.values[0], analysis.targets.errors[0], fit.nu, fit.nu_error)
        if fit and analysis.targets.values and analysis.targets.errors
        else (math.nan,) * 4
    )
    return Found(case.name, land.dim, case.least(land), case.nu, *figures, analysis.search.estimate.warnings)


def exponent_table(found: Sequence[Found]) -> Table:
    """A line a case."""
    table = Table(title="L* and nu from the partition function")
    for name in ("case", "d", "L*", "found", "in errors", "nu", "found", "off by", "verdict"):
        table.add_column(name, justify="left" if name in ("case", "verdict") else "right")
    for one in found:
        nu = "" if one.nu is None else str(one.nu)
        off = "" if one.nu is None else f"{one.nu_found / float(one.nu) - 1:+.1%}"
        table.add_row(
            one.name,
            str(one.dim),
            f"{one.least:.6g}",
            f"{one.minimum:.6g} ± {one.minimum_error:.1g}",
            f"{abs(one.minimum - one.least) / one.minimum_error:.2f}",
            nu,
            f"{one.nu_found:.3f} ± {one.nu_error:.1g}",
            off,
            "holds" if one.holds else "missed",
        )
    return table


def exponent_document(found: Sequence[Found], machine: dict[str, Any], *, started: str) -> dict[str, Any]:
    """Everything measured, for JSON."""
    return {
        "started": started,
        "environment": machine,
        "cases": [
            {
                "name": one.name,
                "dim": one.dim,
                "least": one.least,
                "nu": None if one.nu is None else float(one.nu),
                "minimum": one.minimum,
                "minimum_error": one.minimum_error,
                "nu_found": one.nu_found,
                "nu_error": one.nu_error,
                "warnings": one.warnings,
                "holds": one.holds,
            }
            for one in found
        ],
    }
