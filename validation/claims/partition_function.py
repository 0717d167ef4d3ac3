"""Section 2.3: the partition function of a loss, (17)-(23)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy
from flint import acb, arb, fmpq
from numpy.typing import NDArray

import resurgence as rs
from resurgence.numbers import working_precision

from .certified_integrals import BITS, shown
from .claim import Claim, Evidence, Form, NotCheckable

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]

_G = sympy.Symbol("g", positive=True)


def _is_finite(measure: Callable[[Array, Array], Array]) -> Evidence:
    """Z(1/10) of one neuron, L = (a tanh(b) - 1/2)^2, over boxes |a|, |b| <= R: whether it settles as R grows.

    It has settled when the last doubling of R changes it by less than a thousandth. Trapezoidal rule, steps of 1/40.
    """
    values = []
    for reach in (10, 20, 40):
        axis = np.arange(-40 * reach, 40 * reach + 1) / 40.0
        total = 0.0
        for rows in np.array_split(axis, 16):  # a slice at a time: the whole plane would not fit a small memory
            a, b = np.meshgrid(rows, axis, indexing="ij", sparse=True)
            total += float(np.sum(measure(a, b) * np.exp(-((a * np.tanh(b) - 0.5) ** 2) / 0.1))) / 1600
        values.append(total)
    return Evidence(
        abs(values[2] / values[1] - 1) < 1e-3,
        tuple(
            (f"integral over |a|, |b| <= {reach}", f"{value:.6g}")
            for reach, value in zip((10, 20, 40), values, strict=True)
        ),
        "numeric",
    )


def _has_this_expansion(prefactor: tuple[Fraction, Fraction]) -> Evidence:
    """V = x^2 + x^4 + 1/3: whether Z exp(A/g) g^-nu tends to a constant a_0 that is not zero, for the claimed (A, nu).

    It may not change by more than a tenth from g = 1/16 to 1/64 and then 1/256.
    """
    action, exponent = (fmpq(part.numerator, part.denominator) for part in prefactor)
    couplings, values = (16, 64, 256), []
    for inverse in couplings:
        g = fmpq(1, inverse)
        with working_precision(BITS):
            z = rs.models.quartic.exact(f"1/{inverse}", digits=30).ball(BITS) * acb(-fmpq(1, 3) / g).exp()
            values.append((z * acb(action / g).exp() / acb(g) ** acb(exponent)).real)
    settled = all(bool(abs(b / a - 1) < arb("0.1")) for a, b in pairwise(values))
    name = f"Z exp({prefactor[0]}/g) g^(-{prefactor[1]})"
    return Evidence(
        settled,
        tuple((f"{name}, g = 1/{n}", shown(value, 8)) for n, value in zip(couplings, values, strict=True)),
        "certified",
    )


#: Probabilities of the labels of four samples.
_PROBABILITIES = (sympy.Rational(1, 3), sympy.Rational(2, 7), sympy.Rational(4, 5), sympy.Rational(1, 10))


def _is_negative_log_likelihood(loss: Callable[[tuple[sympy.Expr, ...]], sympy.Expr]) -> Evidence:
    """exp(-L) is the likelihood of independent labels."""
    likelihood = sympy.Mul(*_PROBABILITIES)
    found = sympy.simplify(sympy.exp(-loss(_PROBABILITIES)))
    return Evidence(
        bool(found == likelihood),
        (("exp(-L) for four samples", str(found)), ("product of their probabilities", str(likelihood))),
        "exact",
    )


def _is_boltzmann_weight(power: sympy.Expr) -> Evidence:
    """exp(-L/g) of the cross-entropy (19) against the product of the probabilities to this power."""
    loss = -sum(sympy.log(p) for p in _PROBABILITIES)
    difference = sympy.expand_log(
        -loss / _G - power * sympy.expand_log(sympy.log(sympy.Mul(*_PROBABILITIES)), force=True), force=True
    )
    zero = sympy.simplify(difference) == 0
    return Evidence(
        bool(zero), (("log of the ratio of the integrands, four samples", str(sympy.simplify(difference))),), "exact"
    )


def _limit_of_weight(claimed: sympy.Expr) -> Evidence:
    p = sympy.Rational(1, 10)
    large, small = sympy.limit(p ** (1 / _G), _G, sympy.oo), sympy.limit((p / (4 * p)) ** (1 / _G), _G, 0)
    return Evidence(
        bool(large == claimed),
        (
            ("weight of a sample with p = 1/10 as g grows", str(large)),
            ("the same over a weight with p = 2/5, as g falls to 0", str(small)),
        ),
        "exact",
    )


# -- squared errors ----------------------------------------------------------------------------------------------------


_RESIDUALS = sympy.symbols("r1:4", real=True)
_SQUARES = sympy.Add(*(r**2 for r in _RESIDUALS))


def _is_mean_squared_error(factor: Callable[[int], sympy.Expr]) -> Evidence:
    """exponent = -L/g with L half the mean of the squared errors, three samples."""
    loss = sympy.Rational(1, 2) * _SQUARES / len(_RESIDUALS)
    difference = sympy.simplify(-loss / _G + factor(len(_RESIDUALS)) * _SQUARES / _G)
    return Evidence(bool(difference == 0), (("difference of the exponents", str(difference)),), "exact")


def _log_density(variance: sympy.Expr) -> sympy.Expr:
    return sympy.Add(*(-(r**2) / (2 * variance) - sympy.log(2 * sympy.pi * variance) / 2 for r in _RESIDUALS))


def _is_likelihood(constant: sympy.Expr) -> Evidence:
    """log of exp(-L/g) less log of (constant times the normal densities of variance N g), three samples."""
    count = len(_RESIDUALS)
    log_ratio = -_SQUARES / (2 * count * _G) - _log_density(count * _G) - sympy.log(constant)
    found = sympy.simplify(sympy.expand_log(sympy.expand(log_ratio), force=True))
    return Evidence(bool(found == 0), (("log of the ratio of the two sides' integrands, N = 3", str(found)),), "exact")


def _is_variance(variance: Callable[[int], sympy.Expr]) -> Evidence:
    """Whether the ratio of exp(-L/g) to the normal densities does not depend on the residuals, three samples."""
    count = len(_RESIDUALS)
    log_ratio = sympy.expand(-_SQUARES / (2 * count * _G) - _log_density(variance(count)))
    slopes = [sympy.simplify(sympy.diff(log_ratio, r)) for r in _RESIDUALS]
    return Evidence(
        all(slope == 0 for slope in slopes),
        (("d log(ratio)/d r_1, N = 3", str(slopes[0])),),
        "exact",
    )


def _lebesgue(a: Array, b: Array) -> Array:
    return np.ones_like(a + b)


def _gaussian(a: Array, b: Array) -> Array:
    density: Array = np.exp(-(a**2 + b**2) / 2) / (2 * np.pi)
    return density


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    Claim(
        "(17)",
        "the partition function of a network",
        Form(r"Z(g) = \int_{\mathbb{R}^d} e^{-L(\theta)/g}\,d\theta < \infty", _lebesgue),
        _is_finite,
        corrected=Form(r"Z(g) = \int e^{-L(\theta)/g}\,\pi(d\theta), \quad \int \pi(d\theta) = 1", _gaussian),
        remark="Networks have directions in which the loss stays bounded (here a = 0, any b), along which the "
        "integral over all of space diverges. With a normalised base measure it is at most 1 for L >= 0.",
    ),
    Claim(
        "(18)",
        "its expansion at small g",
        Form(r"Z(g) \sim \sum_{n=0}^{\infty} a_n g^n", (Fraction(0), Fraction(0))),
        _has_this_expansion,
        corrected=Form(r"Z(g) \sim e^{-L^*/g}\, g^{\nu} \sum_{n=0}^{\infty} a_n g^n", (Fraction(1, 3), Fraction(1, 2))),
        remark="Where the least loss L* is positive, Z is smaller than every power of g and all a_n of the printed "
        "form are zero. nu is d/2 at a nondegenerate minimum.",
    ),
    Claim(
        "(19)",
        "the cross-entropy",
        Form(r"L(\theta) = -\sum_{i=1}^N \log p_\theta(y_i|x_i)", lambda p: -sum(sympy.log(one) for one in p)),
        _is_negative_log_likelihood,
        rival=Form(
            r"L(\theta) = -\frac{1}{N}\sum_{i=1}^N \log p_\theta(y_i|x_i)",
            lambda p: -sum(sympy.log(one) for one in p) / len(p),
        ),
        remark="The sum over the samples; the mean, which training libraries take, is the same at N times the g.",
    ),
    Claim(
        "(20)",
        "its partition function",
        Form(r"Z(g) = \int \prod_{i=1}^N p_\theta(y_i|x_i)^{1/g}\,d\theta", 1 / _G),
        _is_boltzmann_weight,
        rival=Form(r"Z(g) = \int \prod_{i=1}^N p_\theta(y_i|x_i)^{g}\,d\theta", _G),
    ),
    Claim(
        "Section 2.3, large coupling",
        "what large g does",
        Form(r"\lim_{g \to \infty} p_\theta(y_i|x_i)^{1/g} = 0", sympy.Integer(0)),
        _limit_of_weight,
        corrected=Form(r"\lim_{g \to \infty} p_\theta(y_i|x_i)^{1/g} = 1", sympy.Integer(1)),
        repairs=False,
        remark="At large g nothing is suppressed: all parameters count alike. As g falls, all but the minima are.",
    ),
    Claim(
        "(21)",
        "the partition function of squared errors",
        Form(
            r"Z(g) = \int \exp\left( -\frac{1}{2Ng} \sum_{i=1}^N (f_\theta(x_i) - y_i)^2 \right) d\theta",
            lambda n: sympy.Rational(1, 2 * n),
        ),
        _is_mean_squared_error,
        rival=Form(
            r"Z(g) = \int \exp\left( -\frac{1}{2g} \sum_{i=1}^N (f_\theta(x_i) - y_i)^2 \right) d\theta",
            lambda n: sympy.Rational(1, 2),
        ),
        remark="With half the mean squared error as the loss.",
    ),
    Claim(
        "(22)",
        "as a likelihood",
        Form(r"Z(g) = \int \prod_{i=1}^N p_\theta(y_i|f_\theta(x_i))\,d\theta", sympy.Integer(1)),
        _is_likelihood,
        corrected=Form(
            r"Z(g) = (2\pi N g)^{N/2} \int \prod_{i=1}^N p_\theta(y_i|f_\theta(x_i))\,d\theta",
            (2 * sympy.pi * 3 * _G) ** sympy.Rational(3, 2),
        ),
        remark="The normaliser of the normal densities is missing. It depends on g, so it matters for the expansion.",
    ),
    Claim(
        "(23)",
        "its variance",
        Form(r"p(y|f_\theta(x)) = \mathcal{N}(y;\, f_\theta(x),\, \sigma^2 = g)", lambda n: _G),
        _is_variance,
        corrected=Form(r"p(y|f_\theta(x)) = \mathcal{N}(y;\, f_\theta(x),\, \sigma^2 = N g)", lambda n: n * _G),
        remark="With the 1/N of (21).",
    ),
    NotCheckable(
        "Section 2.3, divergence of distributions",
        "Z as a distribution over KL divergences",
        r"\mathrm{KL}(\pi \,\|\, \pi e^{-L/g}/Z) = \frac{1}{g}\,\mathbb{E}_\pi[L] + \log Z(g)",
        "The sentence gives no formula: Z is one number for each g and no distribution. The identity above is what "
        "relates it to the divergence between prior and posterior.",
    ),
)
