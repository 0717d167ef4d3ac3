r"""Borel singularities of a fitted series: the actions of other critical points above the least loss.

The series Phi = exp(c_1 g + c_2 g^2 + ...) of a fit (:mod:`surge.action_fit`) has a Borel transform that is singular at
the differences A between other critical values and the least loss. Where both critical points are non-degenerate, the
coefficients grow like a_n ~ (n - 1)!/A^n (Berry and Howls 1991, *Proc. R. Soc. A* 434, 657). The derivative of the
Borel transform, sum a_(n+1) t^n/n!, then has simple poles there, which Pade approximants find (`resurgence`). At
degenerate points the singularity is of another kind, and the poles come near it only as the order grows.

A fit to noisy values determines few coefficients. What noise does to a pole is seen by drawing the coefficients again
from their covariance (a parametric bootstrap: Efron and Tibshirani 1993, section 6.5), what the order does by leaving
out the last coefficient. With errors of a quarter and more these are estimates in the plain sense of the word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

import resurgence

from .action_fit import ActionFit

__all__ = ["ActionGap", "action_gaps", "poles_of_coefficients"]

Array = npt.NDArray[np.float64]

#: Draws of the bootstrap.
DRAWS = 100
#: Standard errors that a distance must exceed zero by.
SIGNIFICANT = 2.0
#: Coefficients at least: with fewer there is no lower order to compare with.
FEWEST = 3
#: How many times the difference between the last two orders is taken for the error of the last one.
SPREAD = 2.0
#: Coefficients at most: later ones of a fit to noisy values add nothing but Froissart doublets.
MOST = 8


@dataclass(frozen=True)
class ActionGap:
    """A singularity of the Borel transform of a fitted series.

    Attributes
    ----------
    location : complex
        Its distance A from the origin in the Borel plane, in units of the loss: L* + A is a critical value.
    error : float
        Standard error of |location|: bootstrap and spread over the orders, added in squares.
    order : int
        The number of coefficients c_1, c_2, ... it was found from.
    """

    location: complex
    error: float
    order: int


def action_gaps(fit: ActionFit, seed: int = 0) -> tuple[ActionGap, ...]:
    """The Borel singularities that stand out of the noise of a fit, nearest first; conjugate pairs once.

    Parameters
    ----------
    fit : ActionFit
    seed : int, optional
        Of the bootstrap.

    Returns
    -------
    tuple of ActionGap
        Those whose distance from the origin is at least twice its error; none where the data determine fewer than three
        coefficients, or the series is one in a fractional power of g, or may have logarithms.

    Examples
    --------
    The quartic oscillator x^2 + x^4 has critical values 0 and -1/4, each in the Borel plane of the other:

    >>> import numpy as np
    >>> from resurgence.models import quartic
    >>> from surge.action_fit import fit_action
    >>> g = np.geomspace(0.002, 0.05, 14)
    >>> log_z = [float(np.log(complex(quartic.exact(float(x), 20).value).real)) for x in g]
    >>> gap = action_gaps(fit_action(g, log_z, 1e-10, steps=(1,)))[0]
    >>> abs(gap.location + 0.25) < 2 * gap.error < 0.25
    True
    """
    order = min(fit.order, MOST)
    if fit.multiplicity != 1 or fit.step != 1 or order < FEWEST:
        return ()
    poles = poles_of_coefficients(fit.coefficients[1 : order + 1])
    rng = np.random.default_rng(seed)
    root = _root(fit.covariance[1 : order + 1, 1 : order + 1])
    drawn = [
        poles_of_coefficients(fit.coefficients[1 : order + 1] + root @ rng.normal(size=order)) for _ in range(DRAWS)
    ]
    lower = poles_of_coefficients(fit.coefficients[1:order])
    found = []
    for pole in poles:
        if pole.imag < 0:
            continue
        # The middle two thirds: a draw without a pole near by is far off, whatever number it has.
        distances = sorted(min((abs(other - pole) for other in draw), default=math.inf) for draw in drawn)
        noise = distances[math.ceil(0.68 * DRAWS) - 1]
        spread = min((abs(other - pole) for other in lower), default=abs(pole))
        error = math.hypot(noise, SPREAD * spread)
        if abs(pole) >= SIGNIFICANT * error:
            found.append(ActionGap(pole, error, order))
    return tuple(found)


def poles_of_coefficients(c: Array) -> tuple[complex, ...]:
    """Poles of the near-diagonal Pade approximant to sum a_(n+1) t^n/n!, Phi = exp(c_1 g + ...), nearest first.

    Parameters
    ----------
    c : (n,) array
        c_1, ..., c_n, with n >= 1.

    Examples
    --------
    a_n = (n - 1)!/2^n:

    >>> import numpy as np
    >>> poles_of_coefficients(np.array([1 / 2, 1 / 4 - 1 / 8]))
    ((2+0j),)
    """
    exact = [Fraction(float(x)) for x in c]
    phi = [Fraction(1)]
    for n in range(1, len(exact) + 1):
        phi.append(sum((k * exact[k - 1] * phi[n - k] for k in range(1, n + 1)), Fraction(0)) / n)
    m = len(exact) // 2
    if not m or not any(phi[1:]):
        return ()
    # The Borel transform of a_1 + a_2 g + ... is the sum in question.
    germ = resurgence.FormalSeries(phi[1:]).borel()
    poles = germ.pade(len(exact) - 1 - m, m).poles(digits=8)
    locations = sorted((complex(pole.location.value) for pole in poles if not pole.doublet), key=abs)
    return tuple(locations)


def _root(covariance: Array) -> Array:
    values, axes = np.linalg.eigh(covariance)
    root: Array = axes * np.sqrt(np.maximum(values, 0.0))
    return root
