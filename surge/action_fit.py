r"""The least loss and its exponent from log Z at small couplings.

For the partition function Z(g) = int exp(-L(theta)/g) pi(dtheta), as g falls to zero,

    log Z(g) = -L*/g + nu log g + (m - 1) log log(1/g) + c_0 + c_1 g + c_2 g^2 + ...

L* is the least loss, nu the real log canonical threshold of the minimum, d/2 where it is non-degenerate, and m its
multiplicity, mostly 1 (Watanabe 2009, *Algebraic Geometry and Statistical Learning Theory*, theorem 6.7). The model is
linear in its unknowns. At a degenerate minimum the corrections may come in fractional powers: int exp(-x^4/g) pi(dx)
has g^(1/2), so series in g and in g^(1/2) are both tried.

*Where to end the series, and from which coupling on to leave the data out*, is not decided but averaged over. Every
candidate is a long series with the prior c_j ~ N(0, A^2 (r/g_max)^(2j) j!^(2p)) (constrained fits: Lepage et al. 2002,
*Nucl. Phys. B Proc. Suppl.* 106, 12), flat in L*, nu and c_0, so that what the data do not determine of the series
stands in the error and is not set to zero. The candidates differ in A, in r, in the Gevrey order p, in the step of the
exponents, and in how many of the largest couplings are left out: each value left out is given an unknown of its own
(Jay & Neil 2021, *Phys. Rev. D* 103, 114502), here with a prior of the size of nu. The weight of a candidate is its
Bayesian evidence. Variances are averaged with the scatter of the candidates added (the same paper). Where chi^2 per
degree of freedom exceeds 1, a candidate's errors grow by Birge's ratio. Where the result from fewer couplings differs
by more than its own error the excess is added too, and all of the difference beyond twice that error.

The error is *estimated*: it rests on couplings that are small enough for the expansion to rule. Another minimum whose
weight still exceeds that of the lowest one at all the couplings given cannot be told from it. Very precise values at
couplings where the series is of no use any more, its least term being far above their errors, lead to errors that are
too small: by a factor of 4 for the quartic oscillator at couplings of 0.02 to 0.5 that are known to 1e-5, of 2 for a
quadratic loss up to twice the radius of convergence of its series, known to 1e-3.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from flint import acb, arb
from scipy.special import gammaln
from scipy.stats import chi2 as chi2_distribution

import resurgence
from resurgence.numbers import working_precision

from .least_squares import Observations, birge_ratio

__all__ = ["ActionFit", "fit_action"]

Array = npt.NDArray[np.float64]

#: Prior sizes A of the series, in units of nu: a quadratic loss has c_j = -nu (-1/a)^j / j.
AMPLITUDES = np.array([0.25, 1.0, 4.0])

#: Prior ratios r of its successive terms at the largest coupling that is kept. Above 1 no expansion rules there.
RATIOS = np.array([0.03, 0.1, 0.3, 1.0, 3.0])

#: Prior growth of the terms, (j!)^p: convergent and divergent series (Gevrey order 0 and 1).
GROWTHS = np.array([0.0, 1.0])

#: The least nu that A is measured with: that of one direction.
LEAST_NU = 0.5

#: Highest power of g of the long series.
HIGHEST_POWER = 12

#: Condition numbers of the columns from which rounding could be taken for data.
MAX_CONDITION = 1e12

#: Ways to leave out large couplings that are tried.
CUTS = 8

#: Candidates that together weigh no more than about this are left out of the averages.
NEGLIGIBLE = 1e-7

#: The same for the results from fewer couplings, which are looked at one range at a time, and for each candidate.
LEVEL_NEGLIGIBLE = 1e-3

#: How many times the first step's weight another must have to be the one whose series is reported (Jeffreys: strong).
STRONG = 10

#: A result from fewer couplings that differs by more than so many of its variances adds the whole difference squared.
MOVED = 4

#: A fit whose chi^2 is exceeded with less than this probability is reported as one that does not describe the data.
UNLIKELY = 1e-3


@dataclass(frozen=True, eq=False)
class ActionFit:
    """What a fit says of log Z(g) as g falls to zero.

    Attributes
    ----------
    minimum, minimum_error : float
        L*, in units of the loss, and its standard error.
    nu, nu_error : float
        The exponent of g: d/2 at a non-degenerate minimum.
    multiplicity, multiplicity_error : float
        m; error 0 where it was given.
    coefficients : (n,) array
        c_0, c_1, ... in powers of g^``step``, given that step.
    covariance : (n, n) array
        Theirs. c_0 is that of log g with g in the units of the loss: its error contains that of nu.
    step : Fraction
        The step of these exponents: the first that was given, unless another one weighs ten times as much.
    step_weights : dict
        The weight of each step that was tried.
    order : int
        The number of c_1, c_2, ... that the data determine: the sum of 1 - (error/prior width)^2, rounded.
    chi2, dof : float, int
        Of the candidate with the largest weight.
    inflation : float
        sqrt(chi2/dof) where that exceeds 1: its errors have been multiplied by it.
    kept : int
        The number of couplings, the smallest ones, of that candidate.
    warnings : tuple of str
        Reasons to doubt the errors.
    """

    minimum: float
    minimum_error: float
    nu: float
    nu_error: float
    multiplicity: float
    multiplicity_error: float
    coefficients: Array = field(repr=False)
    covariance: Array = field(repr=False)
    step: Fraction
    step_weights: dict[Fraction, float]
    order: int
    chi2: float
    dof: int
    inflation: float
    kept: int
    warnings: tuple[str, ...]

    @property
    def errors(self) -> Array:
        """Standard errors of the coefficients c_j."""
        return np.sqrt(np.diag(self.covariance))

    def series(self, terms: int | None = None, sigmas: float = 2.0) -> resurgence.FormalSeries:
        """The stripped series Phi = exp(c_1 g + c_2 g^2 + ...), with Phi(0) = 1, for the resurgence core.

        Parameters
        ----------
        terms : int, optional
            By default 1 + ``order``: those that the data determine. Later ones are balls as wide as the prior.
        sigmas : float
            The radius of the ball of each c_j, in standard errors. Balls know no correlations: the radii of the result
            are larger than these many standard errors. The errors themselves are right for series that converge at
            the couplings, or nearly so. For the quartic oscillator at couplings of 0.01 to 0.1, where 3 % is all that
            its divergent series gives, they are too small, by factors of 2 to 5.

        Raises
        ------
        ValueError
            For a number of terms that the fit does not have, ``sigmas`` that is not positive and finite, and where the
            series is one in g^(1/2).
        """
        if self.step != 1:
            raise ValueError(f"the fitted series is one in g^({self.step}): fit with steps=(1,) for one in g")
        if not (np.isfinite(sigmas) and sigmas > 0):
            raise ValueError(f"sigmas must be positive and finite, got {sigmas}")
        count = self.order + 1 if terms is None else operator.index(terms)
        if not 1 <= count <= len(self.coefficients):
            raise ValueError(f"the fit has 1 to {len(self.coefficients)} terms, got {count}")
        with working_precision(64):
            c = [acb(arb(float(a), float(sigmas * e))) for a, e in zip(self.coefficients, self.errors, strict=True)]
            # Phi' = (c_1 + 2 c_2 g + ...) Phi, coefficient by coefficient.
            phi = [acb(1)]
            for n in range(1, count):
                phi.append(sum((k * c[k] * phi[n - k] for k in range(1, n + 1)), acb(0)) / n)
        return resurgence.FormalSeries(phi)


@dataclass(frozen=True)
class _Candidates:
    """Candidates of one step and one number of couplings, stacked: G of them with p unknowns, the first f flat."""

    step: Fraction
    kept: int
    log_weights: Array  # (G,)
    chi2: Array  # (G,)
    triangles: Array  # (G, p, p): R of the whitened columns over the rows of the prior
    targets: Array  # (G, p): R beta = target
    widths: Array  # (G, p - f): prior standard deviations; infinite without a prior


def fit_action(
    couplings: object,
    log_z: object,
    std_error: object = None,
    *,
    covariance: object = None,
    order: int | None = None,
    multiplicity: int | None = 1,
    steps: Sequence[Any] = (1, Fraction(1, 2)),
) -> ActionFit:
    """Fit ``-L*/g + nu log g + c_0 + c_1 g + ...`` to values of log Z by generalised least squares.

    Parameters
    ----------
    couplings, log_z : (K,) arrays
        K at least 4 (5 where the multiplicity is fitted).
    std_error : (K,) array or number, or covariance : (K, K) array
        Errors of log Z.
    order : int, optional
        End the series with c_order, without a prior and with all the couplings. By default the average over candidates
        that the module describes.
    multiplicity : int, optional
        m; None fits it. For m other than 1 the corrections mostly begin with 1/log(1/g), which no power of g describes:
        the errors hold for the model as it stands, and too little is added for that (x^2 y^2 on the unit square, at
        couplings from 1e-6 to 1e-2: nu = 0.510 +- 0.001 for 1/2 with m = 2 given, m = 1.77 +- 0.02 for 2 fitted).
    steps : sequence of positive rationals
        Steps of the exponents of the series to average over.

    Raises
    ------
    TypeError, ValueError
        For bad input (see :meth:`~surge.least_squares.Observations.checked`), fewer values than the unknowns need, and
        couplings of 1 and more where a log log(1/g) is asked for.

    Examples
    --------
    A quadratic loss in 10 dimensions, least value 0.3, under a standard normal base:

    >>> g = np.geomspace(0.01, 0.1, 12)
    >>> fit = fit_action(g, -0.3 / g - 5 * np.log1p(1 / g), std_error=1e-4)
    >>> print(f"{fit.minimum:.5f} +- {fit.minimum_error:.0e}, {fit.nu:.2f} +- {fit.nu_error:.0e}")
    0.29999 +- 7e-05, 5.01 +- 2e-02
    """
    data = Observations.checked(couplings, log_z, std_error, covariance)
    exponents = _steps(steps)
    order, known = _integer(order, "order", 0), _integer(multiplicity, "multiplicity", 1)
    flat = 4 if known is None else 3
    _enough(data, flat, order)
    offset, columns = _columns(data, known)
    target = data.whiten(data.values - offset)
    if order is None:
        scale = max(LEAST_NU, abs(float(np.linalg.lstsq(columns, target)[0][1])))
        stacks = [
            _candidates(data, columns, target, step, kept, scale)
            for step in exponents
            for kept in _cuts(len(data), flat + 1)
        ]
    else:
        stacks = [_plain(data, columns, target, step, order) for step in exponents]
    return _average(stacks, data, flat, known)


def _steps(steps: Sequence[Any]) -> list[Fraction]:
    if isinstance(steps, (str, bytes)) or not isinstance(steps, Sequence):
        raise TypeError(f"steps must be a sequence of rationals, got {steps!r}")
    try:
        found = [Fraction(step) for step in steps]
    except (TypeError, ValueError, OverflowError) as error:
        raise type(error)(f"steps must be rationals: {error}") from None
    if not found or len(set(found)) < len(found) or not all(Fraction(1, 12) <= step <= 12 for step in found):
        raise ValueError(f"steps must be distinct, at least one, and between 1/12 and 12, got {list(map(str, found))}")
    return found


def _integer(given: int | None, name: str, least: int) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool):
        raise TypeError(f"{name} must be an integer, got a bool")
    try:
        value = operator.index(given)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {given!r}") from None
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return value


def _enough(data: Observations, flat: int, order: int | None) -> None:
    unknowns = flat + (1 if order is None else order)
    if len(data) < unknowns:
        raise ValueError(f"the fit needs at least {unknowns} couplings, got {len(data)}: add some or lower the order")


def _columns(data: Observations, known: int | None) -> tuple[Array, Array]:
    """What is known of log Z, and the whitened columns of L*, nu, (m - 1) where it is fitted, and c_0."""
    g = data.couplings
    if known == 1:
        return np.zeros(len(data)), data.whiten(np.stack([-1 / g, np.log(g), np.ones_like(g)], axis=1))
    if g[-1] >= 1:
        raise ValueError(f"log log(1/g) needs couplings below 1, got {g[-1]}: leave them out or set multiplicity=1")
    double = np.log(-np.log(g))
    if known is None:
        return np.zeros(len(data)), data.whiten(np.stack([-1 / g, np.log(g), double, np.ones_like(g)], axis=1))
    return (known - 1) * double, data.whiten(np.stack([-1 / g, np.log(g), np.ones_like(g)], axis=1))


def _powers(data: Observations, step: Fraction, count: int, kept: int) -> Array:
    """The whitened columns (g/g_max)^(j step), j = 1, ..., count, with the largest of the couplings that are kept."""
    u = data.couplings / data.couplings[kept - 1]
    return data.whiten(u[:, None] ** (float(step) * np.arange(1, count + 1)))


def _cuts(count: int, least: int) -> list[int]:
    """How many couplings to keep."""
    return sorted({round(k) for k in np.linspace(least, count, CUTS)})


def _candidates(data: Observations, flat: Array, target: Array, step: Fraction, kept: int, scale: float) -> _Candidates:
    """All A and r at one step, with the ``kept`` smallest couplings."""
    count = round(HIGHEST_POWER / step) if step < 1 else max(1, int(HIGHEST_POWER / step))
    powers = _powers(data, step, count, kept)
    exponents = float(step) * np.arange(1, count + 1)
    logs = (
        np.log(scale * AMPLITUDES)[:, None, None, None]
        + np.log(RATIOS)[:, None, None] * exponents
        + GROWTHS[:, None] * gammaln(1 + exponents)
    )
    widths = np.exp(logs).reshape(-1, count)
    size, free = len(widths), flat.shape[1]
    rows = np.zeros((size, kept + count, free + count + 1))
    rows[:, :kept, :free] = flat[:kept]
    rows[:, :kept, free:-1] = powers[:kept]
    rows[:, :kept, -1] = target[:kept]
    rows[:, kept + np.arange(count), free + np.arange(count)] = 1 / widths
    triangle = cast(Array, np.linalg.qr(rows, mode="r"))
    pivots = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
    chi2 = pivots[:, -1] ** 2
    # log of the Gaussian integral over the unknowns, and over those that left-out values are given.
    price = np.log1p(scale / np.diag(data.factor)[kept:]).sum()
    evidence = -chi2 / 2 - np.log(pivots[:, :-1]).sum(1) - np.log(widths).sum(1) - price
    # Unknowns in units of the largest coupling of all.
    units = np.r_[np.ones(free), (data.couplings[-1] / data.couplings[kept - 1]) ** exponents]
    return _Candidates(
        step, kept, evidence, chi2, triangle[:, :-1, :-1] / units, triangle[:, :-1, -1], widths * units[free:]
    )


def _plain(data: Observations, flat: Array, target: Array, step: Fraction, order: int) -> _Candidates:
    """The series that ends with c_order, to all the couplings. Equally many unknowns: chi^2 weighs the steps."""
    columns = np.column_stack([flat, _powers(data, step, order, len(data))])
    scale = np.linalg.norm(columns, axis=0)
    if np.linalg.cond(columns / scale) > MAX_CONDITION:
        raise ValueError(f"the couplings do not determine order {order}: lower it or spread the couplings")
    triangle = cast(Array, np.linalg.qr(np.column_stack([columns, target]), mode="r"))
    size = columns.shape[1]
    chi2 = float(triangle[size, size] ** 2) if len(data) > size else 0.0
    return _Candidates(
        step,
        len(data),
        np.array([-chi2 / 2]),
        np.array([chi2]),
        triangle[None, :size, :size],
        triangle[None, :size, size],
        np.full((1, order), np.inf),
    )


def _mixture(weights: Array, means: Array, covariances: Array) -> tuple[Array, Array]:
    """Mean and covariance of a mixture of normal distributions (Jay & Neil 2021 for one number)."""
    mean: Array = weights @ means
    scatter = means - mean
    total: Array = np.einsum("g,gij->ij", weights, covariances) + np.einsum("g,gi,gj->ij", weights, scatter, scatter)
    return mean, total


def _average(stacks: Sequence[_Candidates], data: Observations, flat: int, known: int | None) -> ActionFit:
    top = max(float(stack.log_weights.max()) for stack in stacks)
    weights = [np.exp(stack.log_weights - top) for stack in stacks]
    total = sum(float(w.sum()) for w in weights)
    step_weights = {stack.step: 0.0 for stack in stacks}
    heads: list[tuple[float, Array, Array]] = []
    tails: dict[Fraction, list[tuple[float, Array, Array]]] = {step: [] for step in step_weights}
    determined = dict.fromkeys(step_weights, 0.0)
    for stack, w in zip(stacks, weights, strict=True):
        step_weights[stack.step] += float(w.sum()) / total
        unknowns = flat + (stack.widths.shape[1] if np.isinf(stack.widths).all() else 0)
        for k in np.flatnonzero(w > NEGLIGIBLE * total):
            inverse = np.linalg.inv(stack.triangles[k])
            spread = inverse @ inverse.T
            determined[stack.step] += float(w[k] / total * (1 - np.diag(spread)[flat:] / stack.widths[k] ** 2).sum())
            scaled = birge_ratio(float(stack.chi2[k]), stack.kept - unknowns) ** 2 * spread
            mean = inverse @ stack.targets[k]
            heads.append((float(w[k]), mean[: flat - 1], scaled[: flat - 1, : flat - 1]))
            tails[stack.step].append((float(w[k]), mean[flat - 1 :], scaled[flat - 1 :, flat - 1 :]))
    step = stacks[0].step
    heaviest = max(step_weights, key=lambda s: step_weights[s])
    if step_weights[heaviest] > STRONG * step_weights[step]:
        step = heaviest
    mean, spread = _mixture(*_stacked(heads))
    scatter = _range_scatter(stacks, slice(flat - 1), mean)
    errors = np.sqrt(np.diag(spread) + scatter)
    powers = data.couplings[-1] ** (float(step) * np.arange(tails[step][0][1].size))
    c, c_spread = _mixture(*_stacked(tails[step]))
    alike = [stack for stack in stacks if stack.step == step]
    c_spread += np.diag(_range_scatter(alike, slice(flat - 1, None), c))
    lead = max(range(len(stacks)), key=lambda i: float(stacks[i].log_weights.max()))
    best = stacks[lead]
    place = int(best.log_weights.argmax())
    plain = bool(np.isinf(best.widths).all())
    dof = best.kept - flat - (best.widths.shape[1] if plain else 0)
    chi2 = float(best.chi2[place])
    return ActionFit(
        float(mean[0]),
        float(errors[0]),
        float(mean[1]),
        float(errors[1]),
        float(mean[2]) + 1 if known is None else float(known),
        float(errors[2]) if known is None else 0.0,
        c / powers,
        c_spread / np.outer(powers, powers),
        step,
        step_weights,
        round(determined[step] / step_weights[step]),
        chi2,
        dof,
        birge_ratio(chi2, dof),
        best.kept,
        _warnings(chi2, dof, bool((scatter > np.diag(spread)).any())),
    )


def _range_scatter(stacks: Sequence[_Candidates], part: slice, mean: Array) -> Array:
    """Variances for how the result moves when fewer couplings are kept, where that is more than the fewer data allow.

    Where the expansion rules, the result from fewer couplings scatters about that from all by less than its own error.
    It moves by more where large couplings are described by a series that is not the asymptotic one, however well.
    """
    excess = np.zeros_like(mean)
    for kept in {stack.kept for stack in stacks}:
        level = [stack for stack in stacks if stack.kept == kept]
        top = max(float(stack.log_weights.max()) for stack in level)
        parts = []
        for stack in level:
            w = np.exp(stack.log_weights - top)
            for k in np.flatnonzero(w > LEVEL_NEGLIGIBLE):
                inverse = np.linalg.inv(stack.triangles[k])[part]
                parts.append((float(w[k]), inverse @ stack.targets[k], inverse @ inverse.T))
        there, spread = _mixture(*_stacked(parts))
        moved = (there - mean) ** 2
        excess = np.maximum(excess, np.where(moved > MOVED * np.diag(spread), moved, moved - np.diag(spread)))
    return excess


def _stacked(parts: Sequence[tuple[float, Array, Array]]) -> tuple[Array, Array, Array]:
    weights = np.array([part[0] for part in parts])
    return weights / weights.sum(), np.stack([part[1] for part in parts]), np.stack([part[2] for part in parts])


def _warnings(chi2: float, dof: int, moves: bool) -> tuple[str, ...]:
    found = []
    if dof == 0:
        found.append("as many unknowns as couplings: nothing checks the model, add couplings")
    elif chi2_distribution.sf(chi2, dof) < UNLIKELY:
        found.append(
            f"chi^2 = {chi2:.4g} for {dof} degrees of freedom: the model does not describe the data, or their errors "
            "are too small; give smaller couplings"
        )
    if moves:
        found.append("fewer couplings give another result: the larger ones are too large, give smaller ones")
    return tuple(found)
