r"""The least loss and its exponent from log Z at small couplings.

For the partition function Z(g) = int exp(-L(theta)/g) pi(dtheta), as g falls to zero,

    log Z(g) = -L*/g + nu log g + (m - 1) log log(1/g) + c_0 + c_1 g + c_2 g^2 + ...

L* is the least loss, nu the real log canonical threshold of the minimum, d/2 where it is non-degenerate, and m its
multiplicity, mostly 1 (Watanabe 2009, *Algebraic Geometry and Statistical Learning Theory*, theorem 6.7). The model is
linear in its unknowns. At a degenerate minimum the corrections may come in fractional powers: int exp(-x^4/g) pi(dx)
has g^(1/2), so series in g and in g^(1/2) are both tried.

The series mostly diverges, and a function is smoother than the terms of its divergent series, so that a polynomial fits
well with coefficients that are wrong. What is fitted is therefore a Borel sum: with w the conformal map of the plane
of t/a, cut where singularities may lie, onto the unit disc (Le Guillou & Zinn-Justin 1980, *Phys. Rev. B* 21, 3976),

    c_1 g + c_2 g^2 + ... = sum_k d_k f_k(g),      f_k(g) = Re int_0^inf exp(-t) w(g t/a)^k dt,

where c_j = j! sum_k d_k [(t/a)^j] w^k. All d_k up to the order where f_k is lost are unknowns, with the prior
N(0, A^2) (constrained fits: Lepage et al. 2002, *Nucl. Phys. B Proc. Suppl.* 106, 12), so that what the data do not
determine stands in the error and is not set to zero; L*, nu and c_0 have no prior. Cuts from -a to the left, and from a
to the right as well, the distance a, A, and the step of the exponents are not decided but averaged over: the weight
of each candidate is its Bayesian evidence, and the scatter of the candidates is added to the variances (Jay & Neil
2021, *Phys. Rev. D* 103, 114502). Where the result from the smaller couplings alone differs by more than twice its own
error the difference is added too.

The error is *estimated*: it rests on couplings that are small enough for the expansion to rule. Another minimum whose
weight exceeds that of the lowest one at all the couplings given cannot be told from it. Errors are mostly too large, by
up to a factor of 5; they were too small by 2 for the quartic oscillator on couplings from 0.02 to 0.5, known to 1e-4.
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
from scipy.special import binom, gammaln
from scipy.stats import chi2 as chi2_distribution

import resurgence
from resurgence.numbers import working_precision

from .least_squares import Observations

__all__ = ["ActionFit", "fit_action"]

Array = npt.NDArray[np.float64]

#: Prior sizes A of the d_k, in units of nu: for a quadratic loss log Phi is nu times a function of g.
AMPLITUDES = 10.0 ** np.arange(-1, 1.01, 0.5)

#: Distances a of the cuts, in units of the largest coupling.
DISTANCES = 10.0 ** np.arange(-0.5, 2.01, 0.5)

#: The least nu that A is measured with: that of one direction.
LEAST_NU = 0.5

#: The last k.
LAST = 24

#: Coefficients c_1, c_2, ... that are reported.
REPORTED = 12

#: Candidates that weigh less than this, relative to the best one, are left out of the averages.
NEGLIGIBLE = 1e-6

#: Parts of the couplings, from the smallest on, with which the result is compared.
PARTS = (0.4, 0.6, 0.8)

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
        How many of c_1, c_2, ... exceed twice their errors before the first that does not.
    chi2, dof : float, int
        Of the candidate with the largest weight, the prior included; unknowns with a prior are not counted.
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
            are larger than these many standard errors.

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
    """Candidates of one step and one map, stacked: G of them with f unknowns without a prior and then the d_k."""

    step: Fraction
    log_weights: Array  # (G,)
    chi2: Array  # (G,)
    triangles: Array  # (G, f + LAST, f + LAST): R of the whitened columns over the rows of the prior
    targets: Array  # (G, f + LAST): R beta = target
    powers: Array  # (G, REPORTED, LAST): c_j from the d_k


def fit_action(
    couplings: object,
    log_z: object,
    std_error: object = None,
    *,
    covariance: object = None,
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
    multiplicity : int, optional
        m; None fits it. For m other than 1 the corrections mostly begin with 1/log(1/g), which no power of g describes:
        the errors hold for the model as it stands, and too little is added for that (x^2 y^2 on the unit square).
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
    >>> abs(fit.minimum - 0.3) < 2 * fit.minimum_error < 1e-3, abs(fit.nu - 5) < 2 * fit.nu_error < 0.2
    (True, True)
    """
    data = Observations.checked(couplings, log_z, std_error, covariance)
    exponents, known = _steps(steps), _multiplicity(multiplicity)
    flat = 4 if known is None else 3
    if len(data) <= flat:
        raise ValueError(f"the fit needs at least {flat + 1} couplings, got {len(data)}: add some")
    offset, columns = _columns(data, known)
    whole = _average(_stacks(data, columns, offset, exponents), flat)
    moved = np.zeros(flat - 1)
    c_moved = {step: np.zeros(len(tail.mean)) for step, tail in whole.tails.items()}
    for count in sorted({max(flat + 2, round(part * len(data))) for part in PARTS}):
        if count >= len(data):
            continue
        part = _average(_stacks(data.smallest(count), columns[:count], offset[:count], exponents), flat)
        moved = np.maximum(moved, _excess(whole.head, part.head))
        for step, tail in part.tails.items():
            c_moved[step] = np.maximum(c_moved[step], _excess(whole.tails[step], tail))
    errors = np.sqrt(np.diag(whole.head.covariance) + moved)
    step = exponents[0]
    heaviest = max(whole.step_weights, key=lambda s: whole.step_weights[s])
    if whole.step_weights[heaviest] > STRONG * whole.step_weights[step]:
        step = heaviest
    tail = whole.tails[step]
    mean = whole.head.mean
    covariance = tail.covariance + np.diag(c_moved[step])
    return ActionFit(
        float(mean[0]),
        float(errors[0]),
        float(mean[1]),
        float(errors[1]),
        float(mean[2]) + 1 if known is None else float(known),
        float(errors[2]) if known is None else 0.0,
        tail.mean,
        covariance,
        step,
        whole.step_weights,
        int(np.argmin(np.r_[np.abs(tail.mean[1:]) > 2 * np.sqrt(np.diag(covariance))[1:], False])),
        whole.chi2,
        len(data) - flat,
        _warnings(whole.chi2, len(data) - flat, bool((moved > np.diag(whole.head.covariance)).any())),
    )


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


def _multiplicity(given: int | None) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool):
        raise TypeError("multiplicity must be an integer, got a bool")
    try:
        value = operator.index(given)
    except TypeError:
        raise TypeError(f"multiplicity must be an integer, got {given!r}") from None
    if value < 1:
        raise ValueError(f"multiplicity must be at least 1, got {value}")
    return value


def _columns(data: Observations, known: int | None) -> tuple[Array, Array]:
    """What is known of log Z, and the columns of L*, nu, (m - 1) where it is fitted, and c_0."""
    g = data.couplings
    if known == 1:
        return np.zeros(len(data)), np.stack([-1 / g, np.log(g), np.ones_like(g)], axis=1)
    if g[-1] >= 1:
        raise ValueError(f"log log(1/g) needs couplings below 1, got {g[-1]}: leave them out or set multiplicity=1")
    double = np.log(-np.log(g))
    if known is None:
        return np.zeros(len(data)), np.stack([-1 / g, np.log(g), double, np.ones_like(g)], axis=1)
    return (known - 1) * double, np.stack([-1 / g, np.log(g), np.ones_like(g)], axis=1)


def _stacks(data: Observations, flat: Array, offset: Array, steps: Sequence[Fraction]) -> list[_Candidates]:
    target = data.values - offset
    whitened = data.whiten(np.column_stack([flat, target]))
    scale = max(LEAST_NU, abs(float(np.linalg.lstsq(whitened[:, :-1], whitened[:, -1])[0][1])))
    return [_candidates(data, whitened, step, both, scale) for step in steps for both in (False, True)]


def _candidates(data: Observations, whitened: Array, step: Fraction, both: bool, scale: float) -> _Candidates:
    """All a and A at one step, with cuts on one side or on both."""
    count, free = len(data), whitened.shape[1] - 1
    distances = data.couplings[-1] * DISTANCES
    functions = data.whiten(_borel_sums(data.couplings[:, None] / distances, float(step), both).reshape(count, -1))
    functions = np.moveaxis(functions.reshape(count, len(distances), LAST), 1, 0)
    amplitudes = scale * AMPLITUDES
    rows = np.zeros((len(distances), len(amplitudes), count + LAST, free + LAST + 1))
    rows[:, :, :count, :free], rows[:, :, :count, -1] = whitened[:, :-1], whitened[:, -1]
    rows[:, :, :count, free:-1] = functions[:, None]
    rows[:, :, count + np.arange(LAST), free + np.arange(LAST)] = 1 / amplitudes[:, None]
    triangle = cast(Array, np.linalg.qr(rows.reshape(-1, *rows.shape[2:]), mode="r"))
    pivots = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
    chi2 = pivots[:, -1] ** 2
    widths = np.tile(amplitudes, len(distances))
    return _Candidates(
        step,
        # log of the Gaussian integral over the unknowns.
        -chi2 / 2 - np.log(pivots[:, :-1]).sum(1) - LAST * np.log(widths),
        chi2,
        triangle[:, :-1, :-1],
        triangle[:, :-1, -1],
        np.repeat(_powers(distances, float(step), both), len(amplitudes), axis=0),
    )


def _borel_sums(ratios: Array, step: float, both: bool) -> Array:
    """f_k at the given g/a, (..., LAST): the sum in powers of g^step has w of (g t/a)^step.

    Cuts on both sides meet the path of integration: it is turned off the axis, where the real part is the mean of the
    sums on both sides of it. By the trapezoidal rule in log t, which converges exponentially.
    """
    turn = np.exp(0.5j) if both else 1.0
    logs = np.arange(-36.0, 4.6, 0.125)
    t = turn * np.exp(logs)
    weights = 0.125 * t * np.exp(-t)
    x = (ratios[..., None] * t) ** step
    root = np.sqrt(1 - x**2) if both else np.sqrt(1 + x)
    w = x / (1 + root) if both else x / (1 + root) ** 2
    found, power = np.empty((*ratios.shape, LAST)), np.ones_like(w)
    for k in range(LAST):
        power = power * w
        found[..., k] = (power @ weights).real
    return found


def _powers(distances: Array, step: float, both: bool) -> Array:
    """The matrices that take d_k to c_j, (len(distances), REPORTED, LAST).

    By Lagrange's inversion of x = 4 w/(1 - w)^2 and of x = 2 w/(1 + w^2),
    [x^j] w^k = (k/j) (-1)^(j-k) 4^(-j) binomial(2 j, j - k), and (k/j) 2^(-j) binomial(j, (j - k)/2) for even j - k.
    """
    j, k = np.arange(1, REPORTED + 1)[:, None], np.arange(1, LAST + 1)
    if both:
        matrix = np.where((j - k) % 2 == 0, k / j * 0.5**j * binom(j, (j - k) // 2), 0.0)
    else:
        matrix = k / j * (-1.0) ** (j - k) * 0.25**j * binom(2 * j, j - k)
    matrix = np.where(k <= j, matrix, 0.0) * np.exp(gammaln(1 + step * j))
    scaled: Array = matrix / distances[:, None, None] ** (step * j)
    return scaled


@dataclass(frozen=True)
class _Normal:
    """Mean and covariance of a mixture of normal distributions (Jay & Neil 2021 for one number)."""

    mean: Array
    covariance: Array

    @classmethod
    def mixed(cls, parts: Sequence[tuple[Array, Array, Array]]) -> _Normal:
        """From stacks of weights (G,), means (G, n) and covariances (G, n, n)."""
        weights, means, covariances = (np.concatenate(x) for x in zip(*parts, strict=True))
        weights = weights / weights.sum()
        mean = weights @ means
        scatter = means - mean
        within = np.einsum("g,gij->ij", weights, covariances)
        return cls(mean, within + (weights[:, None] * scatter).T @ scatter)


@dataclass(frozen=True)
class _Averaged:
    head: _Normal  # L*, nu and, where it is fitted, m - 1
    tails: dict[Fraction, _Normal]  # c_0, c_1, ...
    step_weights: dict[Fraction, float]
    chi2: float


def _average(stacks: Sequence[_Candidates], flat: int) -> _Averaged:
    best = max(stacks, key=lambda stack: float(stack.log_weights.max()))
    top = float(best.log_weights.max())
    steps = list(dict.fromkeys(stack.step for stack in stacks))
    heads: list[tuple[Array, Array, Array]] = []
    step_weights, tails = {}, {}
    for step in steps:
        alike = [stack for stack in stacks if stack.step == step]
        # Relative to the best of the same step, so that each step has its series.
        highest = max(float(stack.log_weights.max()) for stack in alike)
        parts: list[tuple[Array, Array, Array]] = []
        for stack in alike:
            heavy = np.flatnonzero(stack.log_weights > highest + np.log(NEGLIGIBLE))
            if not heavy.size:
                continue
            weights = np.exp(stack.log_weights[heavy] - highest)
            inverse: Array = np.linalg.inv(stack.triangles[heavy]).astype(np.float64)
            # L*, nu, ..., c_0 as they are, and c_1, c_2, ... from the d_k.
            change = np.zeros((len(heavy), flat + REPORTED, inverse.shape[1]))
            change[:, np.arange(flat), np.arange(flat)] = 1.0
            change[:, flat:, flat:] = stack.powers[heavy]
            roots = change @ inverse
            means = (roots @ stack.targets[heavy][:, :, None])[:, :, 0]
            spreads = roots @ np.swapaxes(roots, 1, 2)
            share = weights * np.exp(highest - top)
            heads.append((share, means[:, : flat - 1], spreads[:, : flat - 1, : flat - 1]))
            parts.append((weights, means[:, flat - 1 :], spreads[:, flat - 1 :, flat - 1 :]))
        total = sum(float(part[0].sum()) for part in parts)
        step_weights[step] = total * float(np.exp(highest - top))
        tails[step] = _Normal.mixed(parts)
    whole = sum(step_weights.values())
    return _Averaged(
        _Normal.mixed(heads),
        tails,
        {step: weight / whole for step, weight in step_weights.items()},
        float(best.chi2[best.log_weights.argmax()]),
    )


def _excess(whole: _Normal, part: _Normal) -> Array:
    """Variances for how the result moves when fewer couplings are kept, where that is more than the fewer data allow.

    Where the expansion rules, the result from fewer couplings scatters about that from all by less than its own error.
    It moves by more where large couplings are described by a series that is not the asymptotic one, however well.
    """
    moved, variances = (part.mean - whole.mean) ** 2, np.diag(part.covariance)
    excess: Array = np.where(moved > MOVED * variances, moved, 0.0)
    return excess


def _warnings(chi2: float, dof: int, moves: bool) -> tuple[str, ...]:
    found = []
    if chi2_distribution.sf(chi2, dof) < UNLIKELY:
        found.append(
            f"chi^2 = {chi2:.4g} for {dof} degrees of freedom: the model does not describe the data, or their errors "
            "are too small by far; give smaller couplings"
        )
    if moves:
        found.append("fewer couplings give another result: the larger ones are too large, give smaller ones")
    return tuple(found)
