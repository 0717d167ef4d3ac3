r"""What the fits of the partition function share: observations with a known covariance, and how they are whitened.

With the covariance C = L L^T of the observations y, generalised least squares (Aitken 1935, *Proc. R. Soc. Edinburgh*
55, 42) is ordinary least squares of L^(-1) y on L^(-1) X. The couplings are sorted, and L is triangular: the first n
rows of the whitened arrays are those of a fit to the n smallest couplings alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

__all__ = ["Observations", "birge_ratio"]

Array = npt.NDArray[np.float64]

#: Squares of numbers up to this one are doubles.
LARGEST = 1e100

#: Squares of 12th powers of couplings up to this one are doubles, and so are their inverses.
LARGEST_COUPLING = 1e10

#: A covariance may be as asymmetric as this, relative to its largest entry: rounding, not another matrix.
ASYMMETRY = 1e-10


@dataclass(frozen=True, eq=False)
class Observations:
    """Values at couplings, with the covariance of their errors.

    Attributes
    ----------
    couplings : (K,) array
        Positive, ascending and distinct.
    values : (K,) array
        In the order of the couplings.
    covariance : (K, K) array
        Of the values, with the rounding of doubles, (2^-52 |value|)^2, added to its diagonal.
    factor : (K, K) array
        The lower Cholesky factor of the covariance.
    """

    couplings: Array
    values: Array
    covariance: Array
    factor: Array

    @classmethod
    def checked(
        cls, couplings: object, values: object, std_error: object = None, covariance: object = None
    ) -> Observations:
        """Check and sort what a caller gave.

        Parameters
        ----------
        couplings, values : (K,) sequences of real numbers
        std_error : (K,) sequence of positive numbers, or one number
            Standard errors of independent values. Either these or ``covariance``.
        covariance : (K, K) array
            Symmetric and positive definite.

        Raises
        ------
        TypeError
            For what is not an array of real numbers, and unless exactly one of the two errors is given.
        ValueError
            For shapes that do not fit, NaN and infinities, couplings that are not positive or occur twice, errors that
            are not positive, and a matrix that is no covariance.

        Examples
        --------
        >>> Observations.checked([0.2, 0.1], [1.0, 2.0], std_error=0.5).values
        array([2., 1.])
        """
        g, y = _vector(couplings, "couplings"), _vector(values, "values")
        if not (g > 0).all():
            raise ValueError(f"couplings must be positive, got {float(g.min())}: leave it out")
        if not (g.min() >= 1 / LARGEST_COUPLING and g.max() <= LARGEST_COUPLING):
            raise ValueError(
                f"couplings must lie between {1 / LARGEST_COUPLING} and {LARGEST_COUPLING}, got {float(g.min())} to "
                f"{float(g.max())}: change units of the loss"
            )
        if np.abs(y).max() > LARGEST:
            raise ValueError(f"values must be at most {LARGEST}, got {float(np.abs(y).max())}: change units")
        if y.shape != g.shape:
            raise ValueError(f"each coupling needs one value, got {g.size} couplings and {y.size} values")
        if np.unique(g).size < g.size:
            raise ValueError("couplings must be distinct: average what was computed at the same one")
        if (std_error is None) == (covariance is None):
            raise TypeError("give either std_error or covariance, the errors of the values (and not both)")
        matrix = _diagonal(std_error, g.size) if covariance is None else _symmetric(covariance, g.size)
        ascending = np.argsort(g)
        g, y, matrix = g[ascending], y[ascending], matrix[np.ix_(ascending, ascending)]
        # No value is known better than the double that holds it.
        matrix = matrix + np.diag((np.finfo(np.float64).eps * y) ** 2)
        try:
            factor: Array = np.linalg.cholesky(matrix).astype(np.float64)
        except np.linalg.LinAlgError:
            raise ValueError(
                "the covariance is not positive definite: estimate it from more samples than there are couplings, "
                "or give std_error"
            ) from None
        return cls(g, y, matrix, factor)

    def whiten(self, columns: Array) -> Array:
        """L^(-1) times the columns: the errors of the result are independent and of unit variance."""
        whitened: Array = solve_triangular(self.factor, columns, lower=True)
        return whitened

    def smallest(self, count: int) -> Observations:
        """The observations at the smallest couplings, so many of them."""
        return Observations(
            self.couplings[:count],
            self.values[:count],
            self.covariance[:count, :count],
            self.factor[:count, :count],
        )

    def __len__(self) -> int:
        return int(self.couplings.size)


def birge_ratio(chi2: float, dof: float) -> float:
    """The factor sqrt(chi2/dof), at least 1, by which errors grow that do not explain the scatter (Birge 1932).

    Without degrees of freedom nothing can be compared, and the factor is 1.

    >>> birge_ratio(12.0, 3.0), birge_ratio(1.0, 3.0), birge_ratio(0.0, 0.0)
    (2.0, 1.0, 1.0)
    """
    # A trace of projections is zero only up to rounding where a fit has as many parameters as data.
    return float(np.sqrt(max(1.0, chi2 / dof))) if dof > 1e-6 else 1.0


def _vector(given: object, name: str) -> Array:
    array = _real(given, name)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a sequence of numbers, got an array of shape {array.shape}")
    return array


def _real(given: object, name: str) -> Array:
    try:
        array: npt.NDArray[Any] = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:  # the last from a tensor that requires a gradient
        raise TypeError(f"{name} must be real numbers, on the CPU and without gradients: {error}") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be real numbers, got {type(given).__name__} of dtype {array.dtype}")
    result = array.astype(np.float64)
    if not np.isfinite(result).all():
        raise ValueError(f"{name} must be finite, got {result[~np.isfinite(result)][0]}: leave that coupling out")
    return result


def _diagonal(std_error: object, count: int) -> Array:
    errors = _real(std_error, "std_error")
    if errors.shape not in ((), (count,)):
        raise ValueError(f"std_error must be one number or {count}, one for each value, got shape {errors.shape}")
    if not ((errors > 1 / LARGEST) & (errors < LARGEST)).all():
        raise ValueError(
            f"standard errors must be positive, between {1 / LARGEST} and {LARGEST}, got {float(errors.min())} to "
            f"{float(errors.max())}: for values of a closed form give the precision of their computation"
        )
    return np.diag(np.broadcast_to(errors, (count,)) ** 2)


def _symmetric(covariance: object, count: int) -> Array:
    matrix = _real(covariance, "covariance")
    if matrix.shape != (count, count):
        raise ValueError(f"covariance must have the shape ({count}, {count}), got {matrix.shape}")
    if not (np.diag(matrix) > 0).all():
        raise ValueError(f"variances must be positive, got {float(np.diag(matrix).min())} in the covariance")
    if np.abs(matrix - matrix.T).max() > ASYMMETRY * np.abs(matrix).max():
        raise ValueError("a covariance is symmetric, this matrix is not")
    return (matrix + matrix.T) / 2
