r"""The least loss and its exponent from log Z at small couplings.

For the partition function Z(g) = int exp(-L(theta)/g) pi(dtheta), as g falls to zero,

    log Z(g) = -L*/g + nu log g + (m - 1) log log(1/g) + c_0 + c_1 g + c_2 g^2 + ...

L* is the least loss, nu the real log canonical threshold of the minimum, d/2 where it is non-degenerate, and m its
multiplicity, mostly 1 (Watanabe 2009, *Algebraic Geometry and Statistical Learning Theory*, theorem 6.7). At a
degenerate minimum the corrections may come in fractional powers: int exp(-x^4/g) pi(dx) has g^(1/2), so series in g and
in g^(1/2) are both tried.

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

The power of log(1/g) is really a polynomial in it of degree m - 1, for -nu is a pole of order m of the zeta function of
the loss. The fit has log(G/g)^(m-1), for m up to 3, with G averaged over as well: for m = 2 that is all there is, and
for m = 3 it leaves out a relative correction of order log(G/g)^(-2). Since log log(G/g) is nearly linear in log g over
a few decades, the evidence often does not decide on m, and nu depends on it. The least m that it does not exclude then
gives L* and nu, and the error is the root mean square of the deviation from them under that m, of those not excluded,
where it is largest.
Minima at which fewer than m directions are flat to second order are known not to have the multiplicity m: the others
split off, and a function of n variables has m <= n. With m directions or more, nu <= d/2 - m/4 in d dimensions, since
the loss grows in them no faster than a fourth power. A nu above that bound is counted out.

The error is *estimated*: it rests on couplings that are small enough for the expansion to rule. Another minimum whose
weight exceeds that of the lowest one at all the couplings given cannot be told from it. Errors are mostly too large, by
up to a factor of 5; they were too small by 2 for the quartic oscillator on couplings from 0.02 to 0.5, known to 1e-4.
Couplings as large as the losses themselves may decide for a wrong m: those from 0.01 to 1, known to 1e-3, do so for
x^2/2 in three dimensions, and nu is then off by 8 of its errors and more.
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
from scipy.special import binom, gammaln, log_ndtr
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

#: The largest multiplicity that is tried; each has the same prior weight.
MOST = 3

#: log(G/g) at the largest coupling. About these values log log(G/g) is taken as linear in log G.
LOGARITHMS = 2.0 ** np.arange(1, 4.1, 0.5)

#: Unknowns without a prior: L*, nu and c_0.
FLAT = 3

#: The last k.
LAST = 24

#: Coefficients c_1, c_2, ... that are reported.
REPORTED = 12

#: Candidates that weigh less than this, relative to the best one, are left out of the averages.
NEGLIGIBLE = 1e-6

#: Parts of the couplings, from the smallest on, with which the result is compared.
PARTS = (0.4, 0.6, 0.8)

#: How many times the first step's weight another must have to be the one whose series is reported, and another
#: multiplicity's weight the heaviest must have to exclude it (Jeffreys: strong).
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
    multiplicity : int or None
        m, where it weighs more than ten times as much as each other one; None where the data do not decide.
    multiplicity_weights : dict
        The weight of each multiplicity that was tried.
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
    multiplicity: int | None
    multiplicity_weights: dict[int, float]
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
            series is one in g^(1/2) or may have logarithms.
        """
        if self.multiplicity != 1:
            weights = ", ".join(f"{weight:.2g} on m = {m}" for m, weight in self.multiplicity_weights.items())
            raise ValueError(f"at m > 1 there are logarithms in the series; the data put a weight of {weights}")
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
class _Logarithms:
    """The candidates for (m - 1) log log(G/g): M of them, the first for m = 1."""

    degrees: Array  # (M,): m - 1
    places: npt.NDArray[np.int64]  # (M,): of log(G/g) among LOGARITHMS
    widths: Array  # (M,): standard deviations of log G
    log_prior: Array  # (M,)

    @classmethod
    def up_to(cls, dim: int) -> _Logarithms:
        """Those of multiplicities up to d; each log G has the same share of the prior weight of m."""
        degrees, size = np.arange(1.0, min(dim, MOST)), LOGARITHMS.size
        return cls(
            np.r_[0.0, np.repeat(degrees, size)],
            np.r_[0, np.tile(np.arange(size), degrees.size)],
            np.r_[0.0, np.tile(np.gradient(LOGARITHMS) / 2, degrees.size)],
            np.r_[0.0, np.full(degrees.size * size, -np.log(size))],
        )


@dataclass(frozen=True)
class _Candidates:
    """Candidates of one step and one map, stacked: G pairs of a and A, and M logarithms with each."""

    step: Fraction
    tried: _Logarithms
    log_weights: Array  # (G, M)
    chi2: Array  # (G, M)
    inverses: Array  # (G, FLAT + LAST, FLAT + LAST): of R, of the whitened columns over the rows of the prior
    targets: Array  # (G, FLAT + LAST, 1 + 2 LOGARITHMS): R beta = target, for the values, log log(G/g) and 1/log(G/g)
    shifts: Array  # (G, M): of log G
    shift_variances: Array  # (G, M)
    powers: Array  # (G, REPORTED, LAST): c_j from the d_k


def fit_action(
    couplings: object,
    log_z: object,
    std_error: object = None,
    *,
    covariance: object = None,
    dim: int = 1,
    steps: Sequence[Any] = (1, Fraction(1, 2)),
) -> ActionFit:
    """Fit ``-L*/g + nu log g + (m - 1) log log(G/g) + c_0 + c_1 g + ...`` to values of log Z.

    Parameters
    ----------
    couplings, log_z : (K,) arrays
        K at least 4.
    std_error : (K,) array or number, or covariance : (K, K) array
        Errors of log Z.
    dim : int, optional
        The dimension d of theta. Multiplicities up to d, and up to 3, are tried, each as far as nu <= d/2 - m/4: this
        takes a loss that is analytic at its minima, and a base measure with a density there.
    steps : sequence of positive rationals
        Steps of the exponents of the series to average over.

    Raises
    ------
    TypeError, ValueError
        For bad input (see :meth:`~surge.least_squares.Observations.checked`), and fewer values than the unknowns need.

    Examples
    --------
    A quadratic loss in 10 dimensions, least value 0.3, under a standard normal base:

    >>> g = np.geomspace(0.01, 0.1, 12)
    >>> fit = fit_action(g, -0.3 / g - 5 * np.log1p(1 / g), std_error=1e-4)
    >>> abs(fit.minimum - 0.3) < 2 * fit.minimum_error < 1e-3, abs(fit.nu - 5) < 2 * fit.nu_error < 0.2
    (True, True)
    """
    data = Observations.checked(couplings, log_z, std_error, covariance)
    exponents, variables = _steps(steps), _dimension(dim)
    if len(data) <= FLAT:
        raise ValueError(f"the fit needs at least {FLAT + 1} couplings, got {len(data)}: add some")
    whole = _average(data, exponents, variables)
    moved = np.zeros(2)
    c_moved = {step: np.zeros(len(tail.mean)) for step, tail in whole.tails.items()}
    for count in sorted({max(FLAT + 2, round(part * len(data))) for part in PARTS}):
        if count >= len(data):
            continue
        part = _average(data.smallest(count), exponents, variables)
        moved = np.maximum(moved, _excess(whole.mean, part.mean, part.variances))
        for step, tail in part.tails.items():
            known = whole.tails[step].mean
            c_moved[step] = np.maximum(c_moved[step], _excess(known, tail.mean, np.diag(tail.covariance)))
    errors = np.sqrt(whole.variances + moved)
    step = exponents[0]
    heaviest = max(whole.step_weights, key=lambda s: whole.step_weights[s])
    if whole.step_weights[heaviest] > STRONG * whole.step_weights[step]:
        step = heaviest
    tail = whole.tails[step]
    covariance = tail.covariance + np.diag(c_moved[step])
    return ActionFit(
        float(whole.mean[0]),
        float(errors[0]),
        float(whole.mean[1]),
        float(errors[1]),
        next(iter(whole.heads)) if len(whole.heads) == 1 else None,
        whole.multiplicity_weights,
        tail.mean,
        covariance,
        step,
        whole.step_weights,
        int(np.argmin(np.r_[np.abs(tail.mean[1:]) > 2 * np.sqrt(np.diag(covariance))[1:], False])),
        whole.chi2,
        len(data) - FLAT,
        _warnings(whole.chi2, len(data) - FLAT, bool((moved > whole.variances).any())),
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


def _dimension(given: int) -> int:
    if isinstance(given, bool):
        raise TypeError("dim must be an integer, got a bool")
    try:
        value = operator.index(given)
    except TypeError:
        raise TypeError(f"dim must be an integer, got {given!r}") from None
    if value < 1:
        raise ValueError(f"dim must be at least 1, got {value}")
    return value


def _candidates(data: Observations, step: Fraction, both: bool, dim: int) -> _Candidates:
    """All a, A, m and G at one step, with cuts on one side or on both."""
    g, count = data.couplings, len(data)
    flat = np.stack([-1 / g, np.log(g), np.ones_like(g)], axis=1)
    logarithms = np.log(g[-1] / g)[:, None] + LOGARITHMS
    whitened = data.whiten(np.column_stack([flat, data.values, np.log(logarithms), 1 / logarithms]))
    scale = max(LEAST_NU, abs(float(np.linalg.lstsq(whitened[:, :FLAT], whitened[:, FLAT])[0][1])))
    distances = g[-1] * DISTANCES
    functions = data.whiten(_borel_sums(g[:, None] / distances, float(step), both).reshape(count, -1))
    functions = np.moveaxis(functions.reshape(count, len(distances), LAST), 1, 0)
    amplitudes = scale * AMPLITUDES
    # The logarithms are further right-hand sides: one triangle serves them all.
    unknowns = FLAT + LAST
    rows = np.zeros((len(distances), len(amplitudes), count + LAST, LAST + whitened.shape[1]))
    rows[:, :, :count, :FLAT], rows[:, :, :count, unknowns:] = whitened[:, :FLAT], whitened[:, FLAT:]
    rows[:, :, :count, FLAT:unknowns] = functions[:, None]
    rows[:, :, count + np.arange(LAST), FLAT + np.arange(LAST)] = 1 / amplitudes[:, None]
    triangle = cast(Array, np.linalg.qr(rows.reshape(-1, *rows.shape[2:]), mode="r"))
    inverses: Array = np.linalg.inv(triangle[:, :unknowns, :unknowns]).astype(np.float64)
    targets, residues = triangle[:, :unknowns, unknowns:], triangle[:, unknowns:, unknowns:]
    # log of the Gaussian integral over the unknowns.
    pivots = np.abs(np.diagonal(triangle[:, :unknowns, :unknowns], axis1=1, axis2=2))
    log_volume = -np.log(pivots).sum(1) - LAST * np.log(np.tile(amplitudes, len(distances)))

    tried = _Logarithms.up_to(dim)
    size = LOGARITHMS.size
    residue = residues[:, :, :1] - tried.degrees * residues[:, :, 1 + tried.places]
    slope = tried.degrees * residues[:, :, 1 + size + tried.places]
    # log G is one more unknown, with a prior.
    precision = 1 + tried.widths**2 * (slope**2).sum(1)
    shifts = tried.widths**2 * (slope * residue).sum(1) / precision
    shift_variances = tried.widths**2 / precision
    chi2 = (residue**2).sum(1) - (slope * residue).sum(1) * shifts
    log_weights = log_volume[:, None] - chi2 / 2 - np.log(precision) / 2 + tried.log_prior
    nu = inverses[:, None, 1] @ targets
    pull = tried.degrees * nu[:, 0, 1 + size + tried.places]
    mean = nu[:, 0, :1] - tried.degrees * nu[:, 0, 1 + tried.places] - pull * shifts
    deviation = np.sqrt((inverses[:, 1] ** 2).sum(1)[:, None] + pull**2 * shift_variances)
    bound = np.where(tried.degrees > 0, dim / 2 - (tried.degrees + 1) / 4, np.inf)
    log_weights += log_ndtr((bound - mean) / deviation)
    return _Candidates(
        step,
        tried,
        log_weights,
        chi2,
        inverses,
        targets,
        shifts,
        shift_variances,
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
    heads: dict[int, _Normal]  # L* and nu, for each multiplicity that is not excluded, ascending
    tails: dict[Fraction, _Normal]  # c_0, c_1, ...
    step_weights: dict[Fraction, float]
    multiplicity_weights: dict[int, float]
    chi2: float

    @property
    def mean(self) -> Array:
        """L* and nu at the least of these multiplicities."""
        return next(iter(self.heads.values())).mean

    @property
    def variances(self) -> Array:
        """Mean squares of the deviations from that, at the multiplicity where they are largest."""
        squares = [(head.mean - self.mean) ** 2 + np.diag(head.covariance) for head in self.heads.values()]
        largest: Array = np.max(squares, axis=0)
        return largest


def _average(data: Observations, steps: Sequence[Fraction], dim: int) -> _Averaged:
    stacks = [_candidates(data, step, both, dim) for step in steps for both in (False, True)]
    best = max(stacks, key=lambda stack: float(stack.log_weights.max()))
    top = float(best.log_weights.max())
    # Weights, means and covariances by multiplicity, and by step.
    heads: dict[int, list[tuple[Array, Array, Array]]] = {int(d) + 1: [] for d in best.tried.degrees}
    tails: dict[Fraction, list[tuple[Array, Array, Array]]] = {step: [] for step in steps}
    step_weights = dict.fromkeys(steps, 0.0)
    for stack in stacks:
        # Relative to the best of the same step, so that each step has its series.
        highest = max(float(other.log_weights.max()) for other in stacks if other.step == stack.step)
        heavy = np.nonzero(stack.log_weights > highest + np.log(NEGLIGIBLE))
        weights = np.exp(stack.log_weights[heavy] - highest)
        means, spreads = _moments(stack, *heavy)
        share = weights * np.exp(highest - top)
        tails[stack.step].append((weights, means[:, 2:], spreads[:, 2:, 2:]))
        step_weights[stack.step] += float(share.sum())
        for m, parts in heads.items():
            alike = stack.tried.degrees[heavy[1]] == m - 1
            parts.append((share[alike], means[alike, :2], spreads[alike, :2, :2]))
    whole = sum(step_weights.values())
    multiplicity_weights = {m: sum(float(part[0].sum()) for part in parts) / whole for m, parts in heads.items()}
    excluded = max(multiplicity_weights.values()) / STRONG
    return _Averaged(
        {m: _Normal.mixed(parts) for m, parts in heads.items() if multiplicity_weights[m] >= excluded},
        {step: _Normal.mixed(parts) for step, parts in tails.items()},
        {step: weight / whole for step, weight in step_weights.items()},
        multiplicity_weights,
        float(best.chi2.flat[best.log_weights.argmax()]),
    )


def _moments(stack: _Candidates, pair: npt.NDArray[np.intp], logarithm: npt.NDArray[np.intp]) -> tuple[Array, Array]:
    """Means and covariances of L*, nu, c_0, c_1, ... for H candidates, given by their places among G and M."""
    used, index = np.unique(pair, return_inverse=True)
    # L*, nu, c_0 as they are, and c_1, c_2, ... from the d_k.
    change = np.zeros((len(used), FLAT + REPORTED, FLAT + LAST))
    change[:, np.arange(FLAT), np.arange(FLAT)] = 1.0
    change[:, FLAT:, FLAT:] = stack.powers[used]
    roots = change @ stack.inverses[used]
    solved = (roots @ stack.targets[used])[index]
    degree, place = stack.tried.degrees[logarithm, None], stack.tried.places[logarithm]
    each = np.arange(len(index))
    slope = degree * solved[each, :, 1 + LOGARITHMS.size + place]
    shift, variance = stack.shifts[pair, logarithm], stack.shift_variances[pair, logarithm]
    means = solved[:, :, 0] - degree * solved[each, :, 1 + place] - slope * shift[:, None]
    spreads = (roots @ np.swapaxes(roots, 1, 2))[index]
    return means, spreads + variance[:, None, None] * slope[:, :, None] * slope[:, None, :]


def _excess(whole: Array, part: Array, variances: Array) -> Array:
    """Variances for how the result moves when fewer couplings are kept, where that is more than the fewer data allow.

    Where the expansion rules, the result from fewer couplings scatters about that from all by less than its own error.
    It moves by more where large couplings are described by a series that is not the asymptotic one, however well.
    """
    moved = (part - whole) ** 2
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
