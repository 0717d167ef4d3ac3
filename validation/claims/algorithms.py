r"""Algorithms 1 to 4, run as they are written on cases whose answer is known.

torch is imported by the checks that need it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb

import resurgence as rs
from resurgence.numbers import ball, working_precision

from .claim import Claim, Evidence, Form, NotCheckable
from .quartic_oscillator import BITS, coefficients, exactly, partition_function, printed_coefficient, shown
from .quartic_transseries import PRINTED_CONSTANT, PRINTED_SINGULARITY, borel_pade, gaussian

__all__ = ["CLAIMS"]

Array = npt.NDArray[np.float64]

# ---------------------------------------------------------------------------------------------------------------------
# Algorithm 1: the step

#: Learning rate, weight lambda and max_norm of the steps below.
_RATE, _WEIGHT, _MAX_NORM = 0.25, 0.5, 0.5

#: From where to step, and the targets.
_STARTS = ((0.3, -0.2, 0.1), (1.0, 2.0, -1.0), (0.05, 0.0, 0.4))
_TARGETS = (-1.0, 0.0, 0.02, 0.2, 1.0)

#: The new parameters, from the old ones, the gradient and alpha.
Step = Callable[[Array, Array, float], Array]


def _clipped(update: Array) -> Array:
    return update * min(1.0, _MAX_NORM / float(np.linalg.norm(update)))


def _steps(step: Step) -> Evidence:
    """Whether a step is that of ``surge.SurgeLR`` around SGD, for L = |theta|^2."""
    import torch

    import surge
    from surge.guidance import guidance, select_target

    targets, worst, lengths = surge.Targets(_TARGETS), 0.0, []
    for start in _STARTS:
        parameter = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
        optimizer = torch.optim.SGD([parameter], lr=_RATE)
        wrapper = surge.SurgeLR(optimizer, targets, weight=_WEIGHT, max_norm=_MAX_NORM)
        loss = parameter.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        wrapper.step(loss)
        optimizer.step()
        theta = np.array(start)
        level = loss.item()
        expected = step(theta, 2 * theta, guidance(level, select_target(targets, level), _WEIGHT))
        found = parameter.detach().numpy()
        worst = max(worst, float(np.abs(found - expected).max()))
        lengths.append(float(np.linalg.norm(found - theta)))
    figures = (
        ("largest difference from the step of SurgeLR", f"{worst:.3g}"),
        (f"lengths of the steps, with max_norm = {_MAX_NORM}", ", ".join(f"{length:.4g}" for length in lengths)),
    )
    return Evidence(worst < 1e-14, figures, "numeric")


def _bare_training(targets: tuple[float, ...]) -> Evidence:
    """Whether a run of Adam with these targets is the bare optimizer's, bit for bit."""
    import torch

    import surge
    from surge import tasks
    from surge.training import make_optimizers

    task = tasks.get("regression")
    runs = []
    for wrapped in (False, True):
        model = task.model(seed=0)
        (optimizer,) = make_optimizers("adam", model, 1e-2)
        wrapper = surge.SurgeLR(optimizer, targets) if wrapped else None
        for number in range(20):
            inputs, outputs = task.batch(number, seed=0)
            optimizer.zero_grad()
            loss = task.loss(model(inputs), outputs)
            loss.backward()  # type: ignore[no-untyped-call]
            if wrapper is not None:
                wrapper.step(loss)
            optimizer.step()
        runs.append(torch.cat([parameter.detach().flatten() for parameter in model.parameters()]))
    difference = float((runs[0] - runs[1]).abs().max())
    return Evidence(
        bool(torch.equal(runs[0], runs[1])),
        (("largest difference between the parameters after 20 steps", f"{difference:.3g}"),),
        "exact",
    )


# ---------------------------------------------------------------------------------------------------------------------
# Algorithm 2: the scale of the couplings

#: L_ref, from losses under the base measure and the loss at the initial parameters.
Scale = Callable[[Sequence[Fraction], Fraction], Fraction]


def _scale(scale: Scale) -> Evidence:
    """Whether L_ref follows what Z(g) does: L + c only multiplies Z by exp(-c/g), and c L takes g to c g."""
    losses = [Fraction(k * k, 16) for k in range(41)]
    initial = losses[12]
    before = scale(losses, initial)
    moved = {c: scale([loss + c for loss in losses], initial + c) for c in (Fraction(1), Fraction(100))}
    larger = {c: scale([loss * c for loss in losses], initial * c) for c in (Fraction(3),)}
    figures = (
        ("L_ref of L", str(before)),
        *((f"L_ref of L + {c}", str(value)) for c, value in moved.items()),
        *((f"L_ref of {c} L", str(value)) for c, value in larger.items()),
    )
    holds = all(value == before for value in moved.values()) and all(value == c * before for c, value in larger.items())
    return Evidence(holds, figures, "exact")


# ---------------------------------------------------------------------------------------------------------------------
# Algorithm 3: targets

#: Least losses L* of x^2 + L* on the line, with exact values of log Z; parameters are initialised at x = 1.
_LEAST = (0.1, 0.3, 0.7)

#: Couplings in each range of Algorithm 2, the error that they are said to have, and how near a target has to be.
_COUPLINGS, _ERROR, _NEAR = 12, 1e-6, 0.01

#: Targets from couplings, log Z and the initial loss.
Search = Callable[[Array, Array, float], tuple[float, ...]]


def _paper_search(g: Array, log_z: Array, initial: float) -> tuple[float, ...]:
    """Steps 4 to 7 as written."""
    import torch

    from surge.paper_targets import paper_targets
    from surge.partition import PartitionEstimate

    couplings, values = torch.from_numpy(g), torch.from_numpy(log_z)
    one = torch.ones_like(couplings)
    return paper_targets(PartitionEstimate(couplings, values, _ERROR * one, 1e3 * one, "exact"), initial).values


def _fit_search(g: Array, log_z: Array, initial: float) -> tuple[float, ...]:
    """log Z = -L*/g + nu log g + c_0 by least squares, on the same values."""
    columns = np.column_stack([-g[0] / g, np.log(g / g[0]), np.ones_like(g)])
    fitted = np.linalg.lstsq(columns, log_z)[0]
    return (float(g[0] * fitted[0]),)


def _targets(search: Search) -> Evidence:
    """Whether, for every L*, one of the eight ranges of Algorithm 2 at least gives L* to one per cent."""
    holds, figures = True, []
    for least in _LEAST:
        initial = 1 + least
        found = []
        for exponent in range(-6, 2):
            g = initial * np.logspace(exponent, exponent + 2, _COUPLINGS)
            found.append(search(g, 0.5 * np.log(math.pi * g) - least / g, initial))
        near = [any(abs(target / least - 1) <= _NEAR for target in targets) for targets in found]
        holds = holds and any(near)
        texts = ("; ".join(", ".join(f"{target:.4f}" for target in targets) or "none" for targets in found),)
        figures.append((f"targets for L* = {least}, L_0 = {initial}, range after range", *texts))
    return Evidence(holds, tuple(figures), "numeric")


#: Series with one singular point, and the coefficient whose ratio to the next is taken for the limit R.
_SERIES, _LATE = ("euler", "cubic", "sine_gordon", "quartic"), 200

Place = Callable[[float, complex], bool]


def _ratio_test(place: Place) -> Evidence:
    """A relation between the limit R of |b_n/b_(n+1)| and the singular point nearest to 0."""
    holds, figures = True, []
    for name in _SERIES:
        model = rs.models.get(name)
        b = model.series(_LATE + 2).borel().coefficients
        ratio = abs(Fraction(str(b[_LATE])) / Fraction(str(b[_LATE + 1])))
        point = min((complex(one.location) for one in model.first_singularities(4)), key=abs)
        holds = holds and place(float(ratio), point)
        figures.append(
            (f"{name}: |b_{_LATE}/b_{_LATE + 1}|, and the singular point", f"{float(ratio):.5f} and {point.real:.5f}")
        )
    return Evidence(holds, tuple(figures), "numeric")


#: Coefficients, test points and the threshold tau of the scan.
_TERMS, _POINTS, _THRESHOLD = 40, 200, 1.0

#: Points, from a series and the end of the interval.
Scan = Callable[[rs.FormalSeries, float], tuple[float, ...]]


def _threshold_scan(series: rs.FormalSeries, end: float) -> tuple[float, ...]:
    """Lines 34 to 40: the test points in (0, end) where |sum b_n t^n| exceeds tau and is a local maximum."""
    b = np.array([float(Fraction(str(c))) for c in series.borel().coefficients])
    t = np.linspace(0, end, _POINTS + 2)
    values = np.abs(np.polynomial.polynomial.polyval(t, b))
    peaks = (values[1:-1] > _THRESHOLD) & (values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])
    return tuple(t[1:-1][peaks].tolist())


def _analysed(series: rs.FormalSeries, end: float) -> tuple[float, ...]:
    """The singular points that the core reads off the same coefficients."""
    found = (complex(one.location) for one in series.borel().singularities(digits=6))
    return tuple(float(z.real) for z in found if abs(z.imag) < 1e-3 * abs(z) and 0 < z.real < end)


def _scanned(scan: Scan) -> Evidence:
    """Whether the singular points of Euler's series and Airy's, 1 and 1/6, are found, and no others."""
    holds, figures = True, []
    for name, end in (("euler", 2.0), ("cubic", 1.0)):
        model = rs.models.get(name)
        (point,) = (complex(one.location).real for one in model.first_singularities(4))
        found = scan(rs.FormalSeries(model.series(_TERMS).coefficients), end)
        holds = holds and bool(found) and all(abs(one / point - 1) <= _NEAR for one in found)
        text = ", ".join(f"{one:.5f}" for one in found) or "none"
        figures.append((f"{name}: points found in (0, {end:g}), and the singular point", f"{text} and {point:.5f}"))
    return Evidence(holds, tuple(figures), "numeric")


# ---------------------------------------------------------------------------------------------------------------------
# Algorithm 4: the quartic oscillator

#: Orders of the approximants, the coupling, and the relative error that the last is to have.
_ORDERS, _G, _ACCURATE = ((2, 3), (6, 6), (12, 12)), Fraction(1, 10), 1e-6

Resummation = Callable[[int, int, Fraction], arb]


def _printed_correction(g: Fraction) -> arb:
    """A_1 exp(-zeta_1/g) Z_1(g), with Z_1 of leading order, 1."""
    constant, location = (ball(x, BITS).real for x in (PRINTED_CONSTANT, PRINTED_SINGULARITY))
    return constant * (-location / exactly(g)).exp()


def _as_written(terms: Callable[[int], Sequence[Fraction]]) -> Resummation:
    """Steps 2 to 5 on given coefficients."""
    return lambda m, n, g: borel_pade(terms(m + n + 1), m, n, g) + _printed_correction(g)


def _repaired(m: int, n: int, g: Fraction) -> arb:
    """The right coefficients, the prefactor in step 4, and no step 5."""
    return gaussian(g) * borel_pade(coefficients(m + n + 1), m, n, g)


def _without_prefactor(m: int, n: int, g: Fraction) -> arb:
    return borel_pade(coefficients(m + n + 1), m, n, g)


def _with_correction(m: int, n: int, g: Fraction) -> arb:
    return _repaired(m, n, g) + gaussian(g) * _printed_correction(g)


def _resummed(total: Resummation) -> Evidence:
    """Whether the results tend to Z(1/10) as the orders of the approximants grow."""
    errors, figures = [], []
    for m, n in _ORDERS:
        with working_precision(BITS):
            value = total(m, n, _G)
            errors.append(abs(value / partition_function(_G) - 1))
            figures.append((f"[{m}/{n}] at g = {_G}, and relative error", f"{shown(value)} and {shown(errors[-1], 3)}"))
    figures.append((f"Z({_G})", shown(partition_function(_G))))
    falling = all(bool(after < before) for before, after in pairwise(errors))
    return Evidence(falling and bool(errors[-1] < _ACCURATE), tuple(figures), "certified")


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    Claim(
        "Algorithm 1",
        "the step of the optimisation phase",
        Form(
            r"\theta^{(t)} = \theta^{(t-1)} + \mathrm{Clip}\left( -\eta\, \alpha^{(t)} u, \text{max norm} \right)",
            lambda theta, gradient, alpha: theta + _clipped(-_RATE * alpha * gradient),
        ),
        _steps,
        rival=Form(
            r"\theta^{(t)} = \theta^{(t-1)} + \alpha^{(t)} \mathrm{Clip}\left( -\eta\, u, \text{max norm} \right)",
            lambda theta, gradient, alpha: theta + alpha * _clipped(-_RATE * gradient),
        ),
        remark="It can be run as it is written, and is what surge.SurgeLR does. That the targets help is another "
        "statement, judged with the experiments.",
    ),
    Claim(
        "Section 3.1, no targets",
        "what remains when the analysis finds nothing",
        Form(r"\mathcal{T} = \emptyset \implies \text{the steps are those of the bare optimizer}", ()),
        _bare_training,
        rival=Form(r"\mathcal{T} = \{0\} \implies \text{the steps are those of the bare optimizer}", (0.0,)),
    ),
    Claim(
        "Algorithm 2, line 1",
        "the scale of the couplings",
        Form(r"L_{\text{ref}} = L(\theta_0)", lambda losses, initial: initial),
        _scale,
        corrected=Form(
            r"L_{\text{ref}} = \text{the median of } L \text{ under the base measure, less the least loss met}",
            lambda losses, initial: Fraction(median(losses)) - min(losses),
        ),
        remark="A constant added to the loss multiplies Z(g) by exp(-c/g) and changes no landscape, but moves all "
        "eight ranges.",
    ),
    NotCheckable(
        "Algorithm 2, lines 5 and 7",
        "the tests of a range",
        r"\text{success rate} = \mathrm{QuickTest}(g_{\min}, g_{\max}), \quad \text{result} = "
        r"\mathrm{FullEvaluate}(g_{\min}, g_{\max})",
        "neither test is defined, so that the best range is not defined either",
    ),
    Claim(
        "Algorithm 3",
        "targets of a loss whose least value is known",
        Form(
            r"L = x^2 + L_*: \quad Z(g_s) \approx \sum_{j=0}^{J} a_j g_s^j \text{ and steps 5 to 7 give } L_*",
            _paper_search,
        ),
        _targets,
        corrected=Form(
            r"L = x^2 + L_*: \quad \log Z(g_s) \approx -\frac{L_*}{g_s} + \nu \log g_s + c_0 \text{ gives } L_*",
            _fit_search,
        ),
        repairs=False,
        remark="Z is given exactly, on all eight ranges of Algorithm 2, and it is enough that one of them gives L*. "
        "All a_j of the true series are 0. What the ratio test returns is proportional to the couplings: a ratio "
        "that comes near one L* on one range is far from the others. With exp(-L*/g) g^nu in the fit every range "
        "gives L*; of other losses c_1 g + ... has to be fitted too (surge.find_targets).",
    ),
    Claim(
        "Algorithm 3, line 29",
        "where the ratio test puts the singularity",
        Form(
            r"R = \lim_{n \rightarrow \infty} \left| \frac{b_n}{b_{n+1}} \right| \implies \zeta = R \text{ is "
            r"singular}",
            lambda ratio, point: abs(point - ratio) <= _NEAR * ratio,
        ),
        _ratio_test,
        corrected=Form(
            r"R = \lim_{n \rightarrow \infty} \left| \frac{b_n}{b_{n+1}} \right| \implies \text{a point with } "
            r"|\zeta| = R \text{ is singular}",
            lambda ratio, point: abs(abs(point) - ratio) <= _NEAR * ratio,
        ),
        remark="Its distance from 0, not its direction: that of the quartic oscillator is -1/4.",
    ),
    Claim(
        "Algorithm 3, line 37",
        "the scan for large values",
        Form(
            r"\left| \sum_{n=0}^{J} b_n \zeta_k^n \right| > \tau \text{ and a local maximum: } \zeta_k \text{ is "
            r"singular}",
            _threshold_scan,
        ),
        _scanned,
        corrected=Form(
            r"\text{poles and branch points of Padé approximants of } \sum_n b_n \zeta^n \text{, compared}",
            _analysed,
        ),
        repairs=False,
        remark="A polynomial has no singularities, and one with positive coefficients no local maximum on the positive "
        "axis: the scan finds nothing, however many of the right coefficients it is given.",
    ),
    Claim(
        "Algorithm 4",
        "the resummation, on the right coefficients",
        Form(
            r"Z(g) = Z^{[M/N]}(g) + A_1 e^{-\zeta_1/g} Z_1^{[M/N]}(g), \quad Z^{[M/N]}(g) = \frac{1}{g} "
            r"\int_0^{\infty} e^{-t/g} \mathcal{B}^{[M/N]}(t)\, dt",
            _as_written(coefficients),
        ),
        _resummed,
        corrected=Form(
            r"Z(g) = \lim_{N \rightarrow \infty} \frac{\sqrt{\pi g}}{g} \int_0^{\infty} e^{-t/g} "
            r"\mathcal{B}^{[N/N]}(t)\, dt",
            _repaired,
        ),
        rival=Form(
            r"Z(g) = \lim_{N \rightarrow \infty} \frac{1}{g} \int_0^{\infty} e^{-t/g} \mathcal{B}^{[N/N]}(t)\, dt",
            _without_prefactor,
        ),
        remark="With Z_1 of leading order. Step 4 lacks the prefactor, and step 5 has nothing to add.",
    ),
    Claim(
        "Algorithm 4, printed coefficients",
        "the resummation, on the coefficients of (60)",
        Form(
            r"Z(g) = Z^{[M/N]}(g) + A_1 e^{-\zeta_1/g} Z_1^{[M/N]}(g), \quad a_k = (-1)^k \frac{(4k)!}{4^k (k!)^2}",
            _as_written(lambda count: [printed_coefficient(k) for k in range(count)]),
        ),
        _resummed,
        corrected=Form(
            r"Z(g) = \lim_{N \rightarrow \infty} \frac{\sqrt{\pi g}}{g} \int_0^{\infty} e^{-t/g} "
            r"\mathcal{B}^{[N/N]}(t)\, dt, \quad a_k = (-1)^k \frac{(4k)!}{16^k (2k)!\, k!}",
            _repaired,
        ),
        remark="None of the numbers of Table 1 comes out either.",
    ),
    Claim(
        "Algorithm 4, step 5",
        "the non-perturbative correction",
        Form(
            r"Z(g) = \lim_{N \rightarrow \infty} \sqrt{\pi g} \left( \frac{1}{g} \int_0^{\infty} e^{-t/g} "
            r"\mathcal{B}^{[N/N]}(t)\, dt + A_1 e^{-\zeta_1/g} \right)",
            _with_correction,
        ),
        _resummed,
        corrected=Form(
            r"Z(g) = \lim_{N \rightarrow \infty} \sqrt{\pi g}\, \frac{1}{g} \int_0^{\infty} e^{-t/g} "
            r"\mathcal{B}^{[N/N]}(t)\, dt",
            _repaired,
        ),
        repairs=False,
        remark="With everything else put right, the correction alone is what keeps the result from Z(g).",
    ),
)
