r"""Weighted least squares of a power series, a_0 + a_1 g + ... + a_N g^N: eq. 29 of the paper.

The paper (*Globally aware optimization with resurgence*, ICLR 2026) minimises
sum_s w_s (Z(g_s) - sum_j a_j g_s^j)^2 with w_s = 1/(g_s + epsilon). The columns 1, g, g^2, ... are nearly dependent on
any interval of couplings: their condition number grows exponentially with N (Gautschi 1983, *Numer. Math.* 43, 109).
The fit is done with Chebyshev polynomials on that interval, and its coefficients *and their covariance* are then
carried over to the powers of g, which shows what the data say of each: commonly little beyond the first few.

A loss whose least value is positive has a partition function with all a_j = 0, for exp(-L*/g) has: the fit is then one
of an interval of couplings and says nothing of the series at g = 0. :mod:`surge.action_fit` divides that factor out.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from flint import acb, arb
from numpy.polynomial import chebyshev

import resurgence

from .least_squares import Observations, birge_ratio

__all__ = ["PowerSeriesFit", "fit_power_series", "paper_weights"]

Array = npt.NDArray[np.float64]

#: Condition numbers of the Chebyshev columns from which rounding could be taken for data.
MAX_CONDITION = 1e12


@dataclass(frozen=True, eq=False)
class PowerSeriesFit:
    """A fitted power series.

    Attributes
    ----------
    coefficients : (N + 1,) array
        a_0, ..., a_N.
    covariance : (N + 1, N + 1) array
        Theirs, already inflated.
    chi2 : float
        r^T C^(-1) r for the residuals r.
    dof : float
        What ``chi2`` is on average if the model and C are right: K - N - 1 for generalised least squares, more for
        other weights.
    inflation : float
        sqrt(chi2/dof) where that exceeds 1: the errors have been multiplied by it.
    condition, power_condition : float
        Condition numbers of the weighted columns, scaled to unit norm: of the Chebyshev polynomials that were used, and
        of the powers of g.
    """

    coefficients: Array
    covariance: Array
    chi2: float
    dof: float
    inflation: float
    condition: float
    power_condition: float

    @property
    def errors(self) -> Array:
        """Standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))

    def series(self, sigmas: float = 2.0) -> resurgence.FormalSeries:
        """The series as balls, whose radii are so many standard errors.

        Raises
        ------
        ValueError
            Unless ``sigmas`` is positive and finite.
        """
        if not (np.isfinite(sigmas) and sigmas > 0):
            raise ValueError(f"sigmas must be positive and finite, got {sigmas}")
        return resurgence.FormalSeries(
            [acb(arb(float(a), float(sigmas * e))) for a, e in zip(self.coefficients, self.errors, strict=True)]
        )


def paper_weights(couplings: object, epsilon: float = 1e-8) -> Array:
    """The weights 1/(g + epsilon) of the paper's eq. 29.

    >>> paper_weights([0.25, 0.5], epsilon=0.0)
    array([4., 2.])
    """
    if not (np.isfinite(epsilon) and epsilon >= 0):
        raise ValueError(f"epsilon must be finite and not negative, got {epsilon}")
    g = np.asarray(couplings, dtype=np.float64)
    if not (np.isfinite(g).all() and (g > 0).all()):
        raise ValueError("couplings must be positive and finite")
    weights: Array = 1 / (g + epsilon)
    return weights


def fit_power_series(
    couplings: object,
    values: object,
    order: int,
    *,
    std_error: object = None,
    covariance: object = None,
    weights: object = None,
) -> PowerSeriesFit:
    """Fit ``a_0 + a_1 g + ... + a_N g^N`` to values of Z or of log Z.

    Parameters
    ----------
    couplings, values : (K,) arrays
    order : int
        N, at most K - 1.
    std_error : (K,) array or number, or covariance : (K, K) array
        Errors of the values.
    weights : (K,) array, optional
        w_s of eq. 29, such as :func:`paper_weights`. The default is the inverse covariance, which has the least
        variance (Aitken 1935). The errors of the coefficients come from those of the values in either case.

    Raises
    ------
    TypeError, ValueError
        For bad input (see :meth:`~surge.least_squares.Observations.checked`), more coefficients than values, and
        columns that doubles cannot tell apart.

    Examples
    --------
    >>> g = np.linspace(0.1, 1, 8)
    >>> fit = fit_power_series(g, 3 - 2 * g, order=1, std_error=0.01)
    >>> print(fit.coefficients.round(6), fit.dof)
    [ 3. -2.] 6.0
    """
    if isinstance(order, bool):
        raise TypeError("order must be an integer, got a bool")
    order = operator.index(order)
    data = Observations.checked(couplings, values, std_error, covariance)
    if not 0 <= order < len(data):
        raise ValueError(f"{len(data)} values determine the orders 0 to {len(data) - 1}, got order {order}")
    g, largest = data.couplings, data.couplings[-1]
    low = g[0] / largest if len(data) > 1 else 0.0
    x = (2 * g / largest - 1 - low) / (1 - low)
    columns, powers = chebyshev.chebvander(x, order), np.vander(g / largest, order + 1, increasing=True)
    if weights is None:
        root = data.whiten(np.eye(len(data)))
    else:
        root = np.diag(np.sqrt(_weights(weights, couplings, len(data))))
    condition, power_condition = _condition(root @ columns), _condition(root @ powers)
    if condition > MAX_CONDITION:
        raise ValueError(
            f"the couplings do not determine order {order}: condition number {condition:.1e} of the Chebyshev columns; "
            "lower the order or spread the couplings"
        )
    # P takes values to Chebyshev coefficients, T takes these to powers of g.
    q, r = np.linalg.qr(root @ columns)
    projection = np.linalg.solve(r, q.T @ root)
    spread = data.whiten(columns @ projection @ data.factor)
    residual = data.whiten(data.values - columns @ (projection @ data.values))
    chi2 = float(residual @ residual)
    # The mean of r^T C^-1 r with r = (1 - H) e and e ~ (0, C).
    dof = float(((np.eye(len(data)) - spread) ** 2).sum()) if len(data) > order + 1 else 0.0
    inflation = birge_ratio(chi2, dof)
    change = _to_powers(order, low) / largest ** np.arange(order + 1)[:, None]
    root_covariance = inflation * change @ projection @ data.factor
    return PowerSeriesFit(
        change @ projection @ data.values,
        root_covariance @ root_covariance.T,
        chi2,
        round(dof, 9),
        inflation,
        condition,
        power_condition,
    )


def _weights(weights: object, couplings: object, count: int) -> Array:
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (count,):
        raise ValueError(f"weights must be {count} numbers, one for each value, got shape {w.shape}")
    if not (np.isfinite(w).all() and (w > 0).all()):
        raise ValueError("weights must be positive and finite: leave a coupling out instead of giving it no weight")
    ascending: Array = w[np.argsort(np.asarray(couplings, dtype=np.float64))]
    return ascending


def _condition(columns: Array) -> float:
    """The condition number of the columns scaled to unit norm (within sqrt(N+1) of the best; van der Sluis 1969)."""
    return float(np.linalg.cond(columns / np.linalg.norm(columns, axis=0)))


def _to_powers(order: int, low: float) -> Array:
    """Column k holds the coefficients of T_k((2 u - 1 - low)/(1 - low)) in powers of u, by T's recurrence."""
    slope, offset = 2 / (1 - low), -(1 + low) / (1 - low)
    change = np.zeros((order + 1, order + 1))
    change[0, 0] = 1
    if order:
        change[:2, 1] = offset, slope
    for k in range(2, order + 1):
        change[:, k] = 2 * offset * change[:, k - 1] - change[:, k - 2]
        change[1:, k] += 2 * slope * change[:-1, k - 1]
    return change
