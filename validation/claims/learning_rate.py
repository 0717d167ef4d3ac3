"""Section 3.1: targets and the factor of the learning rate (Definition 3, (31)-(35))."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy

import resurgence as rs
from resurgence.linear_germ import LinearGerm

from .claim import Claim, Evidence, Form, NotCheckable

__all__ = ["CLAIMS"]


def _are_critical_values(target: Callable[[sympy.Expr, sympy.Expr], sympy.Expr]) -> Evidence:
    """Singularities of stripped series at points of nonzero value, as targets, against the exact critical values."""
    figures, holds = [], True
    for text in ("x**2/2 - x**3/3 + 1", "3*x**4 - 20*x**3 + 36*x**2 + 7"):
        action = rs.Action(text)
        series = action.expand(8, at=0)
        germ = series.germ
        assert isinstance(germ, LinearGerm)
        values = {sympy.Rational(value.value) for value in action.critical_values()}
        start = sympy.Rational(action.expression.subs(action.variables[0], 0))
        for point in germ.first_sheet():
            if point.singular:
                named = target(sympy.Rational(point.location), start)
                holds = holds and named in values
                figures.append((f"{text}: singularity, target", f"{point.location}, {named}"))
        figures.append(("critical values", ", ".join(map(str, sorted(values)))))
    return Evidence(holds, tuple(figures), "exact")


Selection = Callable[[Sequence[Fraction], Fraction], Fraction]


def _selects_next_below(select: Selection) -> Evidence:
    """On 200 random sets of targets: below the loss, and no other target between. Sets with none below are left out."""
    draw = random.Random(20)
    wrong = tried = 0
    while tried < 200:
        targets = [Fraction(draw.randint(0, 60), 7) for _ in range(draw.randint(1, 6))]
        loss = Fraction(draw.randint(1, 60), 7)
        if min(targets) >= loss:
            continue
        tried += 1
        chosen = select(targets, loss)
        wrong += not (chosen in targets and chosen < loss and not any(chosen < other < loss for other in targets))
    return Evidence(wrong == 0, (("sets where another target lies between, of 200", str(wrong)),), "exact")


def _is_the_wrapped_step(update: Callable[[float, float, float, float], float]) -> Evidence:
    """One step of SGD under :class:`surge.SurgeLR` on theta^2 from 2, target 1, against the claimed update."""
    import torch

    import surge

    theta = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    optimizer = torch.optim.SGD([theta], lr=0.1)
    wrapper = surge.SurgeLR(optimizer, [1.0], weight=0.5)
    loss = theta**2
    loss.backward()  # type: ignore[no-untyped-call]
    wrapper.step(loss.item())
    optimizer.step()
    claimed = update(2.0, 0.1, wrapper.alpha, 4.0)
    return Evidence(
        abs(theta.item() - claimed) <= 1e-15,
        (("alpha", f"{wrapper.alpha:.6g}"), ("theta after the step", repr(theta.item())), ("claimed", repr(claimed))),
        "numeric",
    )


#: alpha from the loss, the target and lambda.
Factor = Callable[[Fraction, Fraction, Fraction], Fraction]


def _alpha(loss: Fraction, target: Fraction, weight: Fraction) -> Fraction:
    return 1 + weight * min(abs((loss - target) / loss), Fraction(1))


def _falls_back_and_scales_up(factor: Factor) -> Evidence:
    """With 0 < zeta < L: a part e above zeta, alpha - 1 is at most lambda e; at zeta = e L, 1 + lambda - alpha is."""
    weight = Fraction(1, 2)
    parts = [Fraction(1, 10**k) for k in (1, 3, 6)]
    near = [factor(3 * (1 + part), Fraction(3), weight) - 1 for part in parts]
    far = [1 + weight - factor(Fraction(3), 3 * part, weight) for part in parts]
    holds = all(0 <= value <= weight * part for value, part in zip([*near, *far], parts * 2, strict=True))
    return Evidence(
        holds,
        (
            ("alpha - 1 at L = zeta (1 + e), e = 1/10, 1/1000, 1/1000000, lambda = 1/2", ", ".join(map(str, near))),
            ("1 + lambda - alpha at zeta = e L", ", ".join(map(str, far))),
        ),
        "exact",
    )


def _can_slow_down(claimed: bool) -> Evidence:
    """The least alpha of (34) on rational losses and targets of either sign, lambda = 1/2."""
    values = [
        _alpha(Fraction(loss, 3), Fraction(target, 3), Fraction(1, 2))
        for loss in range(1, 8)
        for target in range(-8, loss)
    ]
    return Evidence(
        (min(values) < 1) == claimed,
        ((f"least alpha of {len(values)} pairs", str(min(values))), ("largest", str(max(values)))),
        "exact",
    )


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    NotCheckable(
        "Definition 3",
        "targets",
        r"\mathcal{T} \subset \mathcal{S}(\mathcal{B}[Z])",
        "A definition; what the targets are values of is judged with (31).",
    ),
    Claim(
        "(31)",
        "singularities as target values",
        Form(
            r"\mathcal{T} = \{ \zeta \in \mathcal{S}(\mathcal{B}[Z]) : \zeta \in \mathbb{R}^+,\ \zeta < L_0 \}",
            lambda zeta, start: zeta,
        ),
        _are_critical_values,
        corrected=Form(
            r"\mathcal{T} = \{ L_n + \zeta : \zeta \in \mathcal{S}(\mathcal{B}[\Phi_n]),\ \zeta \in \mathbb{R},\ "
            r"L_n + \zeta < L_0 \}",
            lambda zeta, start: start + zeta,
        ),
        remark="The series that can be expanded is what (36) leaves when exp(-L_n/g) is divided out; its "
        "singularities are differences to L_n. Values below L_n lie on the negative axis.",
    ),
    Claim(
        "(32)",
        "the next target",
        Form(
            r"\zeta_t = \max\{ \zeta \in \mathcal{T} : \zeta < L_{\text{current}} \}",
            lambda targets, loss: max(zeta for zeta in targets if zeta < loss),
        ),
        _selects_next_below,
        rival=Form(
            r"\zeta_t = \min\{ \zeta \in \mathcal{T} : \zeta < L_{\text{current}} \}",
            lambda targets, loss: min(zeta for zeta in targets if zeta < loss),
        ),
        remark="Nothing is said of the case that no target lies below the loss; alpha is then 1.",
    ),
    Claim(
        "(33)",
        "the step",
        Form(
            r"\theta^{(t+1)} = \theta^{(t)} - \eta\,\alpha^{(t)}\,\nabla L(\theta^{(t)})",
            lambda theta, rate, alpha, gradient: theta - rate * alpha * gradient,
        ),
        _is_the_wrapped_step,
        rival=Form(
            r"\theta^{(t+1)} = \theta^{(t)} - \eta\,\nabla L(\theta^{(t)})",
            lambda theta, rate, alpha, gradient: theta - rate * gradient,
        ),
        remark="The index k of the paper is read as t. Checked on a step that the wrapper of this project takes.",
    ),
    Claim(
        "(34)",
        "the factor",
        Form(
            r"\alpha = 1 + \lambda \min\left( \left| \frac{L - \zeta}{L} \right|, 1 \right), \quad 0 < \zeta < L: "
            r"\quad "
            r"\alpha \to 1 \ (L \to \zeta), \quad \alpha \to 1 + \lambda \ (\zeta \ll L)",
            _alpha,
        ),
        _falls_back_and_scales_up,
        rival=Form(
            r"\alpha = 1 + \lambda \max\left( \left| \frac{L - \zeta}{L} \right|, 1 \right)",
            lambda loss, target, weight: 1 + weight * max(abs((loss - target) / loss), Fraction(1)),
        ),
        remark="For targets above 0. With a target of 0 or below, alpha is the constant 1 + lambda.",
    ),
    Claim(
        "Section 3.1, increase or decrease",
        "“increase or decrease the learning rate accordingly”",
        Form(r"\alpha < 1 \text{ for some } L,\ \zeta", True),
        _can_slow_down,
        corrected=Form(r"1 \leq \alpha \leq 1 + \lambda \text{ for all } L,\ \zeta", False),
        repairs=False,
        remark="(34) never slows a step down.",
    ),
    NotCheckable(
        "(35)",
        "the function to be fitted",
        r"f(x) = \sin(2x) + 0.5\cos(5x) + 0.3\sin(10x) + 0.1x^2",
        "The definition of a test function; what is claimed of fits to it needs training runs.",
    ),
)
