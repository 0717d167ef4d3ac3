"""Landscapes whose partition function or sublevel volumes are known.

Under the standard normal base measure of d variables, exp(-V/g) pi is (2 pi)^(-d/2) exp(-(V + g |x|^2/2)/g): of a
polynomial loss V the partition function is the integral of another polynomial action, which the core certifies. A
separable loss in d dimensions has d times the log Z of one.

>>> case = CASES["quartic-10"]
>>> round(case.exact([1.0])[0] / 10, 12) == round(CASES["quartic-1"].exact([1.0])[0], 12)
True
>>> case.landscape()(torch.ones(1, 10))
tensor([20.], dtype=torch.float64)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Literal, TypeAlias

import mpmath
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincinv, logsumexp
from scipy.stats import norm
from torch import Tensor
from torch.distributions import Normal

from resurgence import Action
from surge import Landscape

__all__ = ["CASES", "Case"]

Array: TypeAlias = NDArray[np.float64]

#: Digits of the certified integrals: all those of a float64 and some more.
_DIGITS = 20
#: Nodes of a quadrature.
_NODES = 20_001


@dataclass(frozen=True)
class Case:
    """A landscape and the truth about it.

    Attributes
    ----------
    name : str
        With the dimension at its end.
    quantity : "log Z" or "log B"
        The partition function at couplings g, or the volumes B(t) = P_pi(L <= t) at levels t.
    landscape : callable
        Makes the :class:`surge.Landscape`.
    points : tuple of float
        The couplings, or the levels, ascending.
    exact : callable
        From points to the values there.
    demanded : float or None
        Error that an estimate is allowed at the worst point.
    treacherous : bool
        Estimates need not be right here, but one that is wrong has to carry a warning.
    """

    name: str
    quantity: Literal["log Z", "log B"]
    landscape: Callable[[], Landscape]
    points: tuple[float, ...]
    exact: Callable[[Sequence[float]], list[float]]
    demanded: float | None
    treacherous: bool = False


# ---------------------------------------------------------------------------------------------------------------------
# Polynomials


@cache
def _log_partition_of_action(text: str, coupling: str) -> float:
    """Certified, or ValueError."""
    g = Fraction(coupling)
    action = Action(text)
    squares = " + ".join(f"{x}**2" for x in action.variables)
    total = Action(f"{text} + ({g}/2)*({squares})").integral(g, digits=_DIGITS)
    if total.status != "certified":
        raise ValueError(f"the integral of {text} at g = {coupling} is {total.status}, a certified one is needed")
    with mpmath.workdps(_DIGITS):
        return float(mpmath.log(total.value.real) - action.dimension * mpmath.log(2 * mpmath.pi) / 2)


def _action(text: str, times: int = 1) -> Callable[[Sequence[float]], list[float]]:
    """log Z of a polynomial loss under the standard normal, or of so many of them, each in variables of its own."""
    return lambda couplings: [times * _log_partition_of_action(text, str(g)) for g in couplings]


def _quartic(theta: Tensor) -> Tensor:
    return (theta**2 + theta**4).sum(1)


def _wells(theta: Tensor, tilt: float) -> Tensor:
    return ((theta**2 - 1) ** 2 + tilt * theta).sum(1)


# ---------------------------------------------------------------------------------------------------------------------
# Gaussians


def autoregressive_precision(dim: int, correlation: float = 0.9) -> Array:
    """Inverse of the matrix correlation^|i - j|, the covariance of a stationary autoregressive process of order one."""
    diagonal = np.full(dim, 1 + correlation**2)
    diagonal[[0, -1]] = 1.0
    side = np.full(dim - 1, -correlation)
    return np.asarray((np.diag(diagonal) + np.diag(side, 1) + np.diag(side, -1)) / (1 - correlation**2))


_SHIFT = 0.3


def _gaussian(dim: int) -> Landscape:
    precision = torch.from_numpy(autoregressive_precision(dim))
    return Landscape(lambda theta: ((theta - _SHIFT) @ precision * (theta - _SHIFT)).sum(1) / 2, dim)


def _gaussian_log_partition(dim: int, couplings: Sequence[float]) -> list[float]:
    """In the eigenvectors of the precision matrix the variables are independent."""
    values, vectors = np.linalg.eigh(autoregressive_precision(dim))
    shifts = vectors.T @ np.full(dim, _SHIFT)
    found = []
    for g in couplings:
        curvature = values / g
        found.append(float(-np.log1p(curvature).sum() / 2 - (shifts**2 * curvature / (1 + curvature)).sum() / 2))
    return found


# ---------------------------------------------------------------------------------------------------------------------
# One quadrature left


def _log_integral(log_integrand: Callable[[Array], Array], lower: float, upper: float) -> float:
    """By the trapezoidal rule, exact to rounding for analytic integrands that vanish at both ends (Trefethen and
    Weideman 2014, SIAM Rev. 56, 385)."""
    x, step = np.linspace(lower, upper, _NODES, retstep=True)
    return float(logsumexp(log_integrand(x)) + math.log(step))


def _rosenbrock(scale: float) -> Landscape:
    def loss(theta: Tensor) -> Tensor:
        x, y = theta.unbind(1)
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    return Landscape(loss, 2, Normal(torch.zeros(2, dtype=torch.float64), torch.full((2,), scale, dtype=torch.float64)))


def _rosenbrock_log_partition(scale: float, couplings: Sequence[float]) -> list[float]:
    """The integral over y is a convolution of normal densities. With the scale, 2 pi scale^2 Z tends to pi g/10."""
    found = []
    for g in couplings:
        variance = g / 200

        def log_integrand(x: Array, g: float = g, variance: float = variance) -> Array:
            across = norm.logpdf(x**2, scale=math.sqrt(scale**2 + variance))
            return np.asarray(norm.logpdf(x, scale=scale) + across - (1 - x) ** 2 / g)

        # Without the other factors this is a normal density of variance g/2 around 1.
        reach = 9 * math.sqrt(g)
        found.append(math.log(2 * math.pi * variance) / 2 + _log_integral(log_integrand, 1 - reach, 1 + reach))
    return found


#: Weights, places on the first axis, and width of the modes of the mixture.
_WEIGHTS, _PLACES, _WIDTH = (0.3, 0.7), (2.0, -2.0), 0.5


def _mixture(theta: Tensor) -> Tensor:
    """Minus the log density of a mixture of two normal distributions."""
    modes = [
        math.log(weight / (2 * math.pi * _WIDTH**2)) - ((theta[:, 0] - place) ** 2 + theta[:, 1] ** 2) / (2 * _WIDTH**2)
        for weight, place in zip(_WEIGHTS, _PLACES, strict=True)
    ]
    return -torch.stack(modes).logsumexp(0)


def _mixture_log_partition(couplings: Sequence[float]) -> list[float]:
    """The second coordinate factors out."""
    found = []
    for beta in (1 / g for g in couplings):
        across = -beta * math.log(2 * math.pi * _WIDTH**2) / 2 - math.log1p(beta / _WIDTH**2) / 2

        def log_integrand(x: Array, beta: float = beta) -> Array:
            modes = [math.log(w) + norm.logpdf(x, m, _WIDTH) for w, m in zip(_WEIGHTS, _PLACES, strict=True)]
            return np.asarray(beta * np.logaddexp(*modes) + norm.logpdf(x))

        found.append(across + _log_integral(log_integrand, -10.0, 10.0))
    return found


#: Variance of the neck's logarithm, and number of variables in the funnel.
_NECK, _FOLLOWERS = 9, 9


def _funnel(theta: Tensor) -> Tensor:
    """Minus the log density of v ~ N(0, 9), x_i ~ N(0, e^v) (Neal 2003, Ann. Statist. 31, 705, section 8)."""
    v, x = theta[:, 0], theta[:, 1:]
    constant = math.log(2 * math.pi * _NECK) / 2 + _FOLLOWERS * math.log(2 * math.pi) / 2
    return v**2 / (2 * _NECK) + _FOLLOWERS * v / 2 + x.square().sum(1) * torch.exp(-v) / 2 + constant


def _funnel_log_partition(couplings: Sequence[float]) -> list[float]:
    """Given v, the x_i are independent and normal. The neck at v < 0 wins where g < 1."""
    found = []
    for beta in (1 / g for g in couplings):
        constant = beta * (math.log(2 * math.pi * _NECK) + _FOLLOWERS * math.log(2 * math.pi)) / 2

        def log_integrand(v: Array, beta: float = beta) -> Array:
            narrow = -_FOLLOWERS * np.logaddexp(0, math.log(beta) - v) / 2
            return np.asarray(norm.logpdf(v) + narrow - beta * (v**2 / _NECK + _FOLLOWERS * v) / 2)

        # The exponent is curved at least as that of the base, and its slope at 0 is below 9 (beta + 1)/2.
        reach = _FOLLOWERS * (beta + 1) / 2 + 10
        found.append(_log_integral(log_integrand, -reach, reach) - constant)
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Sublevel volumes


def _log_volume(dim: int, levels: Sequence[float]) -> list[float]:
    """Twice the loss |theta|^2/2 has the chi-square distribution of d degrees of freedom."""
    return [float(x) for x in np.log(gammainc(dim / 2, np.asarray(levels)))]


def _volume(dim: int, demanded: float, *depths: float) -> Case:
    """Levels at which log B is minus these depths."""
    levels = tuple(sorted(float(gammaincinv(dim / 2, math.exp(-depth))) for depth in depths))
    return Case(
        f"volume-{dim}",
        "log B",
        lambda: Landscape(lambda theta: theta.square().sum(1) / 2, dim),
        levels,
        partial(_log_volume, dim),
        demanded,
    )


# ---------------------------------------------------------------------------------------------------------------------


def _log_z(
    name: str,
    landscape: Callable[[], Landscape],
    exact: Callable[[Sequence[float]], list[float]],
    demanded: float | None,
    couplings: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0),
    treacherous: bool = False,
) -> Case:
    return Case(name, "log Z", landscape, couplings, exact, demanded, treacherous)


_QUARTIC, _WELL, _TILTED = "x**2 + x**4", "(x**2 - 1)**2", "(x**2 - 1)**2 + x/10"
_BOWL = "x**2 + y**2 + x*y + x**3/2 + x**2*y**2 + x**4 + y**4"
_TWO_WELLS = "(x**2 - 1)**2 + y**2 + x*y/2 + y**4"

_ALL = [
    _log_z(
        "quartic-1",
        lambda: Landscape.from_action(_QUARTIC),
        _action(_QUARTIC),
        0.002,
        (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
    ),
    *(
        _log_z(f"quartic-{d}", partial(Landscape, _quartic, d), _action(_QUARTIC, d), 0.01 if d <= 10 else 0.05)
        for d in (2, 10, 50, 100)
    ),
    *(
        _log_z(f"gaussian-{d}", partial(_gaussian, d), partial(_gaussian_log_partition, d), 0.01 if d <= 10 else 0.05)
        for d in (10, 100)
    ),
    _log_z("double-well-10", partial(Landscape, partial(_wells, tilt=0.0), 10), _action(_WELL, 10), 0.1),
    _log_z("tilted-double-well-10", partial(Landscape, partial(_wells, tilt=0.1), 10), _action(_TILTED, 10), 0.1),
    _log_z("rosenbrock-2", partial(_rosenbrock, 1.0), partial(_rosenbrock_log_partition, 1.0), 0.01),
    _log_z("rosenbrock-wide-2", partial(_rosenbrock, 10.0), partial(_rosenbrock_log_partition, 10.0), 0.01),
    _log_z("mixture-2", partial(Landscape, _mixture, 2), _mixture_log_partition, 0.1, (0.1, 0.25, 0.5, 1.0)),
    _log_z("bowl-2", lambda: Landscape.from_action(_BOWL), _action(_BOWL), 0.01),
    _log_z("two-wells-2", lambda: Landscape.from_action(_TWO_WELLS), _action(_TWO_WELLS), 0.1),
    _log_z("funnel-10", partial(Landscape, _funnel, 10), _funnel_log_partition, None, (0.1, 0.3, 1.0), True),
    _volume(1, 0.1, 0.5, 2, 5, 10),
    _volume(10, 0.2, 1, 5, 15, 30),
    _volume(100, 0.5, 1, 10, 50, 150),
]

#: The cases by name.
CASES: Mapping[str, Case] = {case.name: case for case in _ALL}
