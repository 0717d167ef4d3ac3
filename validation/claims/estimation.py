"""Section 3: from the partition function to Borel coefficients and singularities, (25)-(30) and the steps of the text.

The landscape is mostly L = x^2 + x^4, whose partition function is a Bessel function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy
from flint import acb, arb, fmpq
from numpy.typing import NDArray
from scipy.special import kve

import resurgence as rs
from resurgence.numbers import working_precision

from .certified_integrals import BITS, over_the_line, shown
from .claim import Claim, Evidence, Form, NotCheckable
from .euler_series import inverts_the_laplace_transform

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]

#: The coupling of the checks.
_COUPLING = fmpq(1, 2)

_C, _Z = sympy.Symbol("c", real=True), sympy.Symbol("Z", positive=True)


def _loss(x: acb) -> acb:
    return x * x + x**4


def _normal(x: acb, sigma: fmpq) -> acb:
    """The density of the sampler q."""
    return (-(x * x) / (2 * sigma**2)).exp() / ((2 * acb.pi()).sqrt() * sigma)


@cache
def _partition_function() -> acb:
    return rs.models.quartic.exact("1/2", digits=30).ball(BITS)


# -- the steps of the list ---------------------------------------------------------------------------------------------


def _search_interval(length: Callable[[sympy.Expr], sympy.Expr]) -> Evidence:
    """The length L_0 of (0, L_0) at even odds among ten classes; L is a sum over K samples, as step 1 prints it."""
    k = sympy.Symbol("K", positive=True, integer=True)
    start = k * sympy.log(10)
    growth = sympy.limit(start / length(k), k, sympy.oo)
    return Evidence(
        bool(growth.is_finite and growth > 0),
        (
            ("L_0 at even odds among ten classes, K samples", str(start)),
            ("L_0 over the claimed order, K to infinity", str(growth)),
        ),
        "exact",
    )


def _weighted_mean(power: fmpq) -> Evidence:
    """(2 pi g)^(1/2) E_q[exp(power theta^2/g) exp(-L/g)] for q normal with variance g: what the sum tends to."""
    g = _COUPLING
    found = over_the_line(
        lambda x, _: ((power - fmpq(1, 2)) * x * x / g).exp() * (-_loss(x) / g).exp(), 4, arb(1), arb(128)
    )
    exact = _partition_function()
    return Evidence(
        bool(found.overlaps(exact)),
        (("what the sum tends to, g = 1/2", shown(found)), ("Z(1/2)", shown(exact))),
        "certified",
    )


Finder = Callable[[rs.FormalSeries], tuple[complex, ...]]


def _finds_singularities(find: Finder) -> Evidence:
    """Airy's series, 24 terms, whose Borel transform is singular at 1/6 alone: one point within 5 % of it, no other."""
    series = rs.models.cubic.series(24)
    found = sorted(find(series), key=abs)
    near = [z for z in found if abs(z - 1 / 6) <= 0.05 / 6]
    return Evidence(
        len(found) == 1 and len(near) == 1,
        (
            ("singularity of the germ", "1/6 = 0.166667"),
            (
                "points that are named",
                ", ".join(f"{z.real:.6f}" for z in found[:4])
                + (f" and {len(found) - 4} more" if len(found) > 4 else "")
                or "none",
            ),
        ),
        "numeric",
    )


def _singularities_of_polynomial(series: rs.FormalSeries) -> tuple[complex, ...]:
    """Those that sympy finds of sum b_n zeta^n."""
    zeta = sympy.Symbol("zeta")
    borel = [sympy.Rational(str(b)) for b in series.borel().coefficients]
    return tuple(complex(z) for z in sympy.singularities(sum(b * zeta**n for n, b in enumerate(borel)), zeta))


def _nearest_pole(series: rs.FormalSeries) -> tuple[complex, ...]:
    """The nearest pole of the diagonal Padé approximant."""
    poles = series.borel().pade(12, 11).poles(digits=12)
    return (min((complex(pole.location.value) for pole in poles), key=abs),)


def _above_threshold(series: rs.FormalSeries) -> tuple[complex, ...]:
    """|sum b_n zeta_k^n| > 10 at the hundredths of (0, 1)."""
    b = np.array([float(Fraction(str(value))) for value in series.borel().coefficients])
    grid = np.arange(1, 100) / 100.0
    sums = np.abs(np.polynomial.polynomial.polyval(grid, b))
    return tuple(complex(z) for z in grid[sums > 10.0])


# -- (25)-(28) ---------------------------------------------------------------------------------------------------------


def _rewrites(sign: int) -> Evidence:
    """int exp(-L/g + sign log q) dq, q standard normal, against Z."""
    found = over_the_line(
        lambda x, _: (-_loss(x) / _COUPLING).exp() * _normal(x, fmpq(1)) ** (1 + sign), 4, arb(1), arb(128)
    )
    exact = _partition_function()
    return Evidence(
        bool(found.overlaps(exact)), (("integral, g = 1/2", shown(found)), ("Z(1/2)", shown(exact))), "certified"
    )


def _bounds(right: sympy.Expr) -> Evidence:
    """-log Z >= right for all c, equality at c = log Z: the gap is convex, and least there, where it is 0."""
    gap = -sympy.log(_Z) - right
    at = sympy.simplify(gap.subs(_C, sympy.log(_Z)))
    slope = sympy.simplify(sympy.diff(gap, _C).subs(_C, sympy.log(_Z)))
    curvature = sympy.simplify(sympy.diff(gap, _C, 2))
    return Evidence(
        bool(at == 0 and slope == 0 and curvature.is_positive),
        (("gap at c = log Z", str(at)), ("its slope there", str(slope)), ("its curvature", str(curvature))),
        "exact",
    )


@dataclass(frozen=True)
class _Objective:
    """J = -c - E_q[exp(sign E - c)] + 1 with E = -L/g + log_sign log q."""

    sign: int
    log_sign: int


def _is_maximal_at_log_z(objective: _Objective) -> Evidence:
    """exp(c*) = E_q[exp(sign E)], over |theta| <= 2, 3, 4: it has to settle, and at Z."""
    values = []
    with working_precision(BITS):
        for reach in (2, 3, 4):
            values.append(
                acb.integral(
                    lambda x, _: (
                        (-objective.sign * _loss(x) / _COUPLING).exp()
                        * _normal(x, fmpq(1)) ** (1 + objective.sign * objective.log_sign)
                    ),
                    -reach,
                    reach,
                ).real
            )
        exact = _partition_function().real
        holds = bool(abs(values[2] - exact) < arb("1e-25"))
    figures = [
        (f"E_q[...] over |theta| <= {reach}", shown(value)) for reach, value in zip((2, 3, 4), values, strict=True)
    ]
    return Evidence(holds, (*figures, ("Z(1/2)", shown(exact))), "certified")


def _depends_on_sampler(depends: bool) -> Evidence:
    """E_q[w] and E_q[w^2] of w = exp(-L/g)/q for normal samplers of three widths; J is -c - exp(-c) E_q[w] + 1."""
    means: list[arb] = []
    squares: list[arb] = []
    widths = (fmpq(1, 2), fmpq(1), fmpq(2))
    for sigma in widths:
        for power, collected in ((1, means), (2, squares)):

            def integrand(x: acb, _: bool, s: fmpq = sigma, p: int = power) -> acb:
                return _normal(x, s) * ((-_loss(x) / _COUPLING).exp() / _normal(x, s)) ** p

            collected.append(over_the_line(integrand, 4, arb(8), arb(100)).real)
    flat = all(bool(mean.overlaps(means[0])) for mean in means)
    figures = [
        (f"q of width {sigma}: E_q[w]; E_q[w^2]", f"{shown(mean)}; {shown(square, 8)}")
        for sigma, mean, square in zip(widths, means, squares, strict=True)
    ]
    return Evidence(depends is not flat, tuple(figures), "certified")


def _is_the_maximum(best: Callable[[arb], arb]) -> Evidence:
    """Slope and curvature of J(c) = -c - exp(-c) Z + 1 at the claimed c."""
    with working_precision(BITS):
        z = _partition_function().real
        c = best(z)
        slope, curvature = (-c).exp() * z - 1, -(-c).exp() * z
        holds = bool(slope.contains(0)) and bool(curvature < 0)
        figures = (("claimed c", shown(c)), ("slope of J there", shown(slope, 6)), ("curvature", shown(curvature, 6)))
    return Evidence(holds, figures, "certified")


# -- (29), (30) --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fit:
    """A linear model of what is observed of Z, and the coefficients that the expansion of L = x^2 + x^4 + 1/4 has."""

    columns: Callable[[Array], Array]
    observed: Callable[[Array], Array]
    names: tuple[str, ...]
    truth: tuple[float, ...]


def _log_z(g: Array) -> Array:
    """log Z for L = x^2 + x^4 + 1/4."""
    value: Array = np.log(0.5 * kve(0.25, 1 / (8 * g))) - 0.25 / g
    return value


def _fit_recovers(fit: _Fit) -> Evidence:
    """Weighted least squares, w = 1/(g + 10^-3), 40 couplings in [0.002, 0.02]: each coefficient within 0.01."""
    g = np.geomspace(0.002, 0.02, 40)
    root = np.sqrt(1 / (g + 1e-3))
    columns = fit.columns(g)
    scale = np.linalg.norm(columns * root[:, None], axis=0)
    solution = np.linalg.lstsq(columns * root[:, None] / scale, fit.observed(g) * root, rcond=1e-14)[0] / scale
    errors = np.abs(solution[: len(fit.truth)] - np.array(fit.truth))
    return Evidence(
        bool(np.all(errors <= 0.01)),
        tuple(
            (f"{name}: fitted, exact", f"{value:.6g}, {truth:.6g}")
            for name, value, truth in zip(fit.names, solution, fit.truth, strict=False)
        ),
        "numeric",
    )


def _nearest_by_ratios(place: Callable[[float], float]) -> Evidence:
    """b_n/b_(n+1) at n = 198 for x^2 + x^4 and x^2/2 - x^3/3, singular at -1/4 and 1/6: within 1 %."""
    figures, holds = [], True
    for model, truth in ((rs.models.quartic, -0.25), (rs.models.cubic, 1 / 6)):
        *_, one, two = (Fraction(str(value)) for value in model.series(200).borel().coefficients)
        named = place(float(one / two))
        holds = holds and abs(named - truth) <= 0.01 * abs(truth)
        figures.append((f"{model.action}: named, exact", f"{named:.6f}, {truth:.6f}"))
    return Evidence(holds, tuple(figures), "numeric")


def _powers(g: Array) -> Array:
    return np.stack([g**j for j in range(6)], axis=1)


def _logarithmic(g: Array) -> Array:
    return np.stack([-1 / g, np.log(g), np.ones_like(g), g, g**2, g**3, g**4], axis=1)


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    NotCheckable(
        "Section 3, objective",
        "step 1: the loss at initialization",
        r"L = \sum_{k=1}^K \mathrm{Objective}(f_\theta(x_k), y_k)",
        "A definition.",
    ),
    NotCheckable(
        "Section 3, partition function",
        "step 2: a sum over parameters",
        r"Z(g) \approx \frac{1}{V_N} \sum_{i=1}^N e^{-L(\theta_i)/g}",
        "Neither V_N nor where the parameters are drawn is said. With N over the volume of a box and uniform draws "
        "it is "
        "plain Monte Carlo.",
    ),
    Claim(
        "Section 3, singularities of the fit",
        "step 4: Borel singularities of a polynomial",
        Form(
            r"\zeta_m \text{: the singularities of } \sum_{j=0}^J \frac{a_j}{j!}\,\zeta^j", _singularities_of_polynomial
        ),
        _finds_singularities,
        corrected=Form(
            r"\zeta_m \text{: poles of the Padé approximant } \frac{P(\zeta)}{Q(\zeta)} = \sum_{j=0}^J "
            r"\frac{a_j}{j!}\,\zeta^j "
            r"+ O(\zeta^{J+1})",
            _nearest_pole,
        ),
        remark="A polynomial has no singularity. What its coefficients say of one shows in approximants that can "
        "have it.",
    ),
    Claim(
        "Section 3, search interval",
        "“search space is always O(1)”",
        Form(r"L_0 = O(1)", lambda k: sympy.Integer(1)),
        _search_interval,
        corrected=Form(r"L_0 = \Theta(K) \text{ for a sum over } K \text{ samples}", lambda k: k),
        repairs=False,
        remark="The interval (0, L_0) grows with the data where L is a sum, as step 1 has it; for a mean it does "
        "not. Its length is not the cost: resolving it takes coefficients, and these take precise values of Z.",
    ),
    NotCheckable(
        "Section 3, one analysis",
        "“only need to perform the analysis once”",
        r"\mathcal{T} \text{ computed at } \theta_0 \text{ alone}",
        "A choice of the algorithm. Whether targets found at initialization stay useful is a question to experiments.",
    ),
    NotCheckable(
        "Section 3, parallel search",
        "“search for meaningful coupling range can be parallelized”",
        r"Z(g_1), \ldots, Z(g_S) \text{ are independent computations}",
        "True of any function evaluated at several points; nothing to compute.",
    ),
    Claim(
        "Section 3, Monte Carlo",
        "the naive estimate of Z",
        Form(
            r"Z(g) \approx \frac{(2\pi g)^{d/2}}{N} \sum_{i=1}^N e^{-L(\theta_i)/g}, \quad \theta_i \sim "
            r"\mathcal{N}(0, g)",
            fmpq(0),
        ),
        _weighted_mean,
        corrected=Form(
            r"Z(g) \approx \frac{(2\pi g)^{d/2}}{N} \sum_{i=1}^N e^{|\theta_i|^2/(2g)}\, e^{-L(\theta_i)/g}, \quad "
            r"\theta_i \sim \mathcal{N}(0, g)",
            fmpq(1, 2),
        ),
        remark="The factor (2 pi g)^(d/2) is that of a normal density, so the weight against it belongs into the "
        "sum; the “appropriate distributions” are not named. Without it the sum tends to another integral.",
    ),
    Claim(
        "(25)",
        "Z as a mean over a sampler",
        Form(r"Z(g) = \int \exp\left( -\frac{L(\theta)}{g} + \log q_\psi(\theta|g) \right) dq_\psi(\theta|g)", 1),
        _rewrites,
        corrected=Form(
            r"Z(g) = \int \exp\left( -\frac{L(\theta)}{g} - \log q_\psi(\theta|g) \right) dq_\psi(\theta|g)", -1
        ),
        remark="The sign of log q: the weight is exp(-L/g)/q.",
    ),
    Claim(
        "(26)",
        "the lower bound",
        Form(
            r"-\log \int e^{E}\,dq \geq -c - e^{-c} \int e^{E}\,dq + 1, \quad \text{equality at } c = \log \int "
            r"e^{E}\,dq",
            -_C - sympy.exp(-_C) * _Z + 1,
        ),
        _bounds,
        rival=Form(r"-\log \int e^{E}\,dq \geq -c - e^{-c} \int e^{E}\,dq", -_C - sympy.exp(-_C) * _Z),
        remark="Whatever E; it is log x <= x - 1 at x = exp(-c) Z. Without the 1 it still bounds but is never "
        "attained.",
    ),
    Claim(
        "(27)",
        "the objective",
        Form(
            r"J(\psi, c, g) = -c - \mathbb{E}_{q_\psi}\left[ e^{-E_\psi - c} \right] + 1, \quad E_\psi = "
            r"-\frac{L}{g} + \log q_\psi",
            _Objective(-1, 1),
        ),
        _is_maximal_at_log_z,
        corrected=Form(
            r"J(\psi, c, g) = -c - \mathbb{E}_{q_\psi}\left[ e^{E_\psi - c} \right] + 1, \quad E_\psi = -\frac{L}{g} "
            r"- \log q_\psi",
            _Objective(1, -1),
        ),
        remark="The sign of E, and in it that of log q. As printed the mean is the integral of exp(+L/g), which "
        "diverges.",
    ),
    Claim(
        "Section 3, training of the sampler",
        "“train a separate neural network maximizing” (27)",
        Form(r"\frac{\partial}{\partial\psi} J(\psi, c, g) \neq 0", True),
        _depends_on_sampler,
        corrected=Form(r"\frac{\partial}{\partial\psi} J(\psi, c, g) = 0, \quad J = -c - e^{-c} Z(g) + 1", False),
        repairs=False,
        remark="E_q[w] = Z for every sampler: J has no gradient for q. What a better sampler lowers is the variance "
        "of w; train it by a divergence between q and exp(-L/g)/Z.",
    ),
    Claim(
        "(28)",
        "where the maximum is",
        Form(r"c^*(g) = \log Z(g)", lambda z: z.log()),
        _is_the_maximum,
        rival=Form(r"c^*(g) = -\log Z(g)", lambda z: -z.log()),
        remark="Of the corrected (27).",
    ),
    Claim(
        "(29)",
        "the fit of a power series",
        Form(
            r"\min_{a} \sum_{s=1}^S w_s \left( Z(g_s) - \sum_{j=0}^J a_j g_s^j \right)^2",
            _Fit(
                _powers,
                lambda g: np.exp(_log_z(g)),
                tuple(f"a_{j}" for j in range(6)),
                (0.0,) * 6,
            ),
        ),
        _fit_recovers,
        corrected=Form(
            r"\min \sum_{s=1}^S w_s \left( \log Z(g_s) + \frac{L^*}{g_s} - \nu \log g_s - \sum_{j=0}^J c_j g_s^j "
            r"\right)^2",
            _Fit(_logarithmic, _log_z, ("L*", "nu", "c_0", "c_1"), (0.25, 0.5, 0.5 * float(np.log(np.pi)), -0.75)),
        ),
        remark="Where L* > 0 every coefficient of the expansion of Z in powers of g is zero, and what the fit "
        "returns is a polynomial through exponentially small values: it says nothing of the expansion. exp(-L*/g) "
        "g^nu has to be divided out, which a fit of log Z does. i = s below the sum is a misprint for s = 1.",
    ),
    Claim(
        "(30)",
        "Borel coefficients",
        Form(r"b_n = \frac{a_n}{\Gamma(n+1)}", lambda n: sympy.gamma(n + 1)),
        inverts_the_laplace_transform,
        rival=Form(r"b_n = \frac{a_n}{\Gamma(n + \frac{1}{2})}", lambda n: sympy.gamma(n + sympy.Rational(1, 2))),
    ),
    Claim(
        "Section 3, ratio test",
        "where the nearest singularity lies",
        Form(
            r"\zeta = R = \lim_{n \to \infty} \left| \frac{b_n}{b_{n+1}} \right| \text{, on the positive real axis}",
            abs,
        ),
        _nearest_by_ratios,
        corrected=Form(r"\zeta = \lim_{n \to \infty} \frac{b_n}{b_{n+1}}, \quad |\zeta| = R", float),
        remark="R is the distance of the nearest singularity; where the limit without the modulus exists it is the "
        "place. Two nearest singularities, as of a conjugate pair, have no such limit.",
    ),
    Claim(
        "Section 3, threshold test",
        "singularities where the polynomial is large",
        Form(
            r"\left| \sum_{n=0}^{N-1} b_n \zeta_k^n \right| > \tau \Rightarrow \zeta_k \text{ is a singularity}",
            _above_threshold,
        ),
        _finds_singularities,
        corrected=Form(
            r"Q(\zeta_k) = 0 \text{, the nearest zero of the Padé denominator, estimates a singularity}", _nearest_pole
        ),
        repairs=False,
        remark="Beyond the radius of convergence the partial sums are large everywhere, and at a logarithm within "
        "it they are small. tau = 10, on a grid of hundredths.",
    ),
)
