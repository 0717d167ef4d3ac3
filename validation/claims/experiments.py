r"""Table 2, the figures, and what the text says of training.

The table is recomputed from its own printed cells. Statements about training are judged here where a small computation
decides them; those that need training runs are judged by the experiments. torch is imported by the checks that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from .claim import Claim, Evidence, Form, NotCheckable

__all__ = ["CLAIMS", "RATES", "SCHEDULERS", "SURGE", "improvement"]

#: Table 2: the learning rates, the validation losses of the schedulers and of SURGE, the improvements as printed.
RATES = ("1e-4", "3e-4", "1e-3", "3e-3", "1e-2", "3e-2")
SCHEDULERS = {
    "Constant": ("1.4079", "1.4103", "1.1417", "1.2924", "1.4798", "1.9418"),
    "StepLR": ("1.6747", "1.4129", "1.3549", "1.1810", "1.4047", "2.2991"),
    "ExponentialLR": ("2.1761", "1.6701", "1.3062", "1.2308", "2.2995", "1.5639"),
    "CosineAnnealing": ("1.6820", "1.4259", "1.3593", "1.3010", "1.6274", "1.6238"),
    "ReduceOnPlateau": ("1.4864", "1.4628", "1.3185", "1.2272", "1.2215", "1.9176"),
}
SURGE = ("1.4284", "1.3918", "1.2617", "0.9913", "1.1127", "1.6823")
_IMPROVEMENTS = ("1.5", "1.3", "-10.5", "16.1", "8.9", "7.5")

#: The lowest cell of every column among the schedulers, as printed.
_BEST = ("Constant", "Constant", "Constant", "StepLR", "ReduceOnPlateau", "ExponentialLR")

#: The cells in bold: SURGE's but that at 1e-3, and the constant rate there.
_BOLD = frozenset({("SURGE", rate) for rate in RATES if rate != "1e-3"} | {("Constant", "1e-3")})


def _best(column: int) -> str:
    """The scheduler with the least loss in a column."""
    return min(SCHEDULERS, key=lambda name: Fraction(SCHEDULERS[name][column]))


def improvement(column: int) -> Fraction:
    """SURGE's improvement over the best scheduler in a column of Table 2, in per cent of the scheduler's loss.

    >>> [f"{float(improvement(column)):+.2f}" for column in range(6)]
    ['-1.46', '+1.31', '-10.51', '+16.06', '+8.91', '-7.57']
    """
    best = Fraction(SCHEDULERS[_best(column)][column])
    return 100 * (best - Fraction(SURGE[column])) / best


def _improvement(column: int) -> Callable[[str], Evidence]:
    def check(percentage: str) -> Evidence:
        """Whether the improvement rounds to this, with one decimal."""
        found = improvement(column)
        best = _best(column)
        figures = (
            (f"{best}, the best scheduler, and SURGE", f"{SCHEDULERS[best][column]} and {SURGE[column]}"),
            ("improvement", f"{float(found):+.3f} %"),
            ("as stated", f"{float(percentage):+.1f} %"),
        )
        return Evidence(abs(found - Fraction(percentage)) <= Fraction(1, 20), figures, "exact")

    return check


def _improvements() -> tuple[Claim[str], ...]:
    claims = []
    for column, (rate, printed) in enumerate(zip(RATES, _IMPROVEMENTS, strict=True)):
        opposite = printed.removeprefix("-") if printed.startswith("-") else f"-{printed}"
        right = {"1e-4": "-1.5", "3e-2": "-7.6"}.get(rate)
        claims.append(
            Claim(
                f"Table 2, lr = {rate}",
                "SURGE's improvement over the best scheduler",
                Form(_percentage(printed), printed),
                _improvement(column),
                corrected=None if right is None else Form(_percentage(right), right),
                repairs=False,
                rival=Form(_percentage(opposite), opposite) if right is None else None,
                remark="" if right is None else "The scheduler's loss is the lower one.",
            )
        )
    return tuple(claims)


def _percentage(text: str) -> str:
    return (
        rf"\frac{{L_{{\text{{best scheduler}}}} - L_{{\text{{SURGE}}}}}}{{L_{{\text{{best scheduler}}}}}} = {text} \%"
    )


def _best_schedulers(names: tuple[str, ...]) -> Evidence:
    figures = tuple(
        (f"least loss of a scheduler at {rate}", f"{SCHEDULERS[_best(column)][column]} ({_best(column)})")
        for column, rate in enumerate(RATES)
    )
    return Evidence(names == tuple(_best(column) for column in range(len(RATES))), figures, "exact")


def _bold_cells(bold: frozenset[tuple[str, str]]) -> Evidence:
    """Whether the cells in bold are those with the least loss of their column, SURGE's among them."""
    rows = {**SCHEDULERS, "SURGE": SURGE}
    least = {(min(rows, key=lambda name: Fraction(rows[name][k])), rate) for k, rate in enumerate(RATES)}
    figures = tuple(
        (f"least loss at {rate}", f"{rows[name][RATES.index(rate)]} ({name})")
        for name, rate in sorted(least, key=lambda cell: RATES.index(cell[1]))
    )
    return Evidence(bold == least, figures, "exact")


def _range_of_improvements(interval: tuple[str, str]) -> Evidence:
    """Whether the improvements lie between these, and reach both, to one decimal."""
    found = [improvement(column) for column in range(len(RATES))]
    low, high = map(Fraction, interval)
    half = Fraction(1, 20)
    tuned = 100 * (1 - min(map(Fraction, SURGE)) / min(Fraction(x) for row in SCHEDULERS.values() for x in row))
    figures = (
        ("improvements in Table 2", ", ".join(f"{float(one):+.1f} %" for one in found)),
        ("their mean", f"{float(sum(found) / len(found)):+.2f} %"),
        ("of 15 % or more", f"{sum(one >= 15 for one in found)} of {len(found)}"),
        ("best cell of SURGE against the best cell of a scheduler", f"{float(tuned):+.1f} %"),
    )
    return Evidence(abs(min(found) - low) <= half and abs(max(found) - high) <= half, figures, "exact")


# ---------------------------------------------------------------------------------------------------------------------
# What small computations decide

#: A run of the task regression: steps, learning rate of Adam, and the weight of eq. 34.
_STEPS, _RATE, _WEIGHT = 60, 1e-3, 0.5


def _zero_target(varies: Callable[[Sequence[float]], bool]) -> Evidence:
    """A statement about alpha in a run with the target 0; its parameters, and those at 1 + lambda times the rate."""
    import torch

    import surge
    from surge import tasks

    task = tasks.get("regression")
    alphas: list[float] = []
    ends, losses = {}, {}
    for name, factor, targets in (("bare", 1.0, ()), ("SURGE", 1.0, (0.0,)), ("1 + lambda", 1.0 + _WEIGHT, ())):
        model = task.model(seed=0)
        optimizer = torch.optim.Adam(model.parameters(), lr=_RATE * factor)
        wrapper = surge.SurgeLR(optimizer, targets, weight=_WEIGHT)
        for number in range(_STEPS):
            inputs, outputs = task.batch(number, seed=0)
            optimizer.zero_grad()
            loss = task.loss(model(inputs), outputs)
            loss.backward()  # type: ignore[no-untyped-call]
            wrapper.step(loss)
            if targets:
                alphas.append(wrapper.alpha)
            optimizer.step()
        ends[name] = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
        losses[name] = task.metrics(model)["validation_loss"]
    same = torch.equal(ends["SURGE"], ends["1 + lambda"])
    figures = (
        ("alpha in the run with the target 0, least and largest", f"{min(alphas)} and {max(alphas)}"),
        ("largest difference from the run at the learning rate times 1 + lambda",
         f"{float((ends['SURGE'] - ends['1 + lambda']).abs().max()):.3g}"),
        (f"validation loss after {_STEPS} steps: bare, SURGE, times 1 + lambda",
         ", ".join(f"{losses[name]:.6f}" for name in losses)),
    )  # fmt: skip
    return Evidence(same and varies(alphas), figures, "exact")


def _size_of_factor(bounded: Callable[[Sequence[float]], bool]) -> Evidence:
    """A statement about alpha in a run on the digits, with targets on the way of the loss."""
    import torch

    import surge
    from surge import tasks

    task = tasks.get("digits")
    model = task.model(seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    wrapper = surge.SurgeLR(optimizer, (0.1, 0.5, 1.0, 1.8), weight=_WEIGHT)
    alphas, levels = [], []
    for number in range(80):
        inputs, outputs = task.batch(number, seed=0)
        optimizer.zero_grad()
        loss = task.loss(model(inputs), outputs)
        loss.backward()  # type: ignore[no-untyped-call]
        wrapper.step(loss)
        optimizer.step()
        alphas.append(wrapper.alpha)
        levels.append(loss.item())
    figures = (
        ("loss of the batches, first and last", f"{levels[0]:.3f} and {levels[-1]:.3f}"),
        ("alpha: least, mean, largest", f"{min(alphas):.4f}, {sum(alphas) / len(alphas):.4f}, {max(alphas):.4f}"),
    )
    return Evidence(bounded(alphas), figures, "numeric")


#: Learning rates in units of the inverse curvature at a minimum, where plain gradient descent is stable below 2.
_UNITS = tuple(Fraction(k, 10) for k in range(1, 20))

Stability = Callable[[Sequence[tuple[bool, bool]]], bool]


def _stability(relation: Stability) -> Evidence:
    """Whether gradient descent on x^2/2, bare and with the target 0, has come nearer to 0 after 30 steps, exactly."""
    from surge.guidance import guidance

    alpha = Fraction(guidance(0.5, 0.0, _WEIGHT))
    pairs = [(abs(1 - unit) < 1, abs(_after(unit * alpha)) < 1) for unit in _UNITS]
    lost = [unit for unit, (bare, wrapped) in zip(_UNITS, pairs, strict=True) if bare and not wrapped]
    figures = (
        ("alpha", str(alpha)),
        ("learning rates times curvature where the bare optimizer converges", f"{_UNITS[0]} to {_UNITS[-1]}"),
        ("of them, where the wrapped one diverges", ", ".join(map(str, lost)) or "none"),
    )
    return Evidence(relation(pairs), figures, "exact")


def _after(unit: Fraction, steps: int = 30) -> Fraction:
    """x after so many steps from x = 1."""
    x = Fraction(1)
    for _ in range(steps):
        x -= unit * x
    return x


#: (x^2 - 1)^2 + 3 x/10 + 1/2: a local minimum near 0.96, and the global one near -1.04.
_TILT, _OFFSET = 0.3, 0.5

#: Weights of eq. 34 in the runs that may leave the local minimum; from where on a run counts as diverged.
_WEIGHTS, _FAR = (0.5, 2.0), 1e6

Escape = Callable[[float, float, bool], bool]


def _escape(relation: Escape) -> Evidence:
    """A relation between the rate times the curvature, alpha at the local minimum, and whether it is left for good.

    Gradient descent from near the local minimum, with the value at the global minimum as the target.
    """
    from surge.guidance import guidance, select_target
    from surge.targets import Targets

    def loss(x: float) -> float:
        return (x * x - 1) ** 2 + _TILT * x + _OFFSET

    def slope(x: float) -> float:
        return 4 * x * (x * x - 1) + _TILT

    def minimum(x: float) -> float:
        for _ in range(60):
            x -= slope(x) / (12 * x * x - 4)
        return x

    local, targets = minimum(1.0), Targets((loss(minimum(-1.0)),))
    curvature = 12 * local * local - 4
    figures = [("loss at the local and the global minimum", f"{loss(local):.4f} and {targets.values[0]:.4f}")]
    holds = True
    for weight in _WEIGHTS:
        at_minimum = guidance(loss(local), targets.values[0], weight)
        left, diverged = [], []
        for unit in map(float, _UNITS):
            x = local + 0.05
            for _ in range(400):
                x -= unit / curvature * guidance(loss(x), select_target(targets, loss(x)), weight) * slope(x)
                if abs(x) > _FAR:
                    diverged.append(unit)
                    break
            if x < 0 or abs(x) > _FAR:
                left.append(unit)
            holds = holds and relation(unit, at_minimum, unit in left)
        named = [", ".join(f"{unit:g}" for unit in units) or "none" for units in (left, diverged)]
        figures += [
            (f"lambda = {weight:g}: alpha at the local minimum", f"{at_minimum:.4f}"),
            (f"lambda = {weight:g}: eta L'' at which it is left, of 0.1 to 1.9", named[0]),
            (f"lambda = {weight:g}: of them, where the run diverges", named[1]),
        ]
    return Evidence(holds, tuple(figures), "numeric")


#: Optimizers of torch whose step is their learning rate times something that does not depend on it, and others.
_PROPORTIONAL = ("SGD", "Adam", "AdamW", "NAdam", "RMSprop", "Adagrad", "Muon")
_OTHERS = ("Rprop", "ASGD", "LBFGS")


def _any_optimizer(names: tuple[str, ...]) -> Evidence:
    """Whether 3/2 of the learning rate makes 3/2 of the fourth step, for each of these optimizers."""
    import torch

    figures, holds = [], True
    for name in names:
        fourth = []
        for factor in (1.0, 1.5):
            parameter = torch.nn.Parameter(torch.tensor([[1.0, -0.4], [0.3, 2.0]], dtype=torch.float64))
            optimizer = getattr(torch.optim, name)([parameter], lr=0.01)

            def closure(
                parameter: torch.nn.Parameter = parameter, optimizer: torch.optim.Optimizer = optimizer
            ) -> torch.Tensor:
                optimizer.zero_grad()
                loss = (parameter**4).sum() + parameter.prod()
                loss.backward()  # type: ignore[no-untyped-call]
                return loss

            for _ in range(3):
                optimizer.step(closure)
            before = parameter.detach().clone()
            optimizer.param_groups[0]["lr"] *= factor
            optimizer.step(closure)
            fourth.append(parameter.detach() - before)
        ratios = fourth[1] / fourth[0]
        holds = holds and bool((ratios - 1.5).abs().max() < 1e-9)
        figures.append((f"{name}: the step over that at the rate itself", f"{ratios.min():.6f} to {ratios.max():.6f}"))
    return Evidence(holds, tuple(figures), "numeric")


def _evaluations(extra: int) -> Evidence:
    """Whether so many further evaluations of the network go with a step of the wrapper, beside the optimizer's one."""
    import torch

    import surge
    from surge import tasks

    task, counts, steps = tasks.get("regression"), [], 10
    for targets in ((), (0.1, 0.4)):
        model = task.model(seed=0)
        calls = [0]
        model.register_forward_hook(lambda *_, calls=calls: calls.__setitem__(0, calls[0] + 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
        wrapper = surge.SurgeLR(optimizer, targets)
        for number in range(steps):
            inputs, outputs = task.batch(number, seed=0)
            optimizer.zero_grad()
            loss = task.loss(model(inputs), outputs)
            loss.backward()  # type: ignore[no-untyped-call]
            wrapper.step(loss)
            optimizer.step()
        counts.append(calls[0])
    figures = ((f"evaluations of the network in {steps} steps: bare, wrapped", f"{counts[0]}, {counts[1]}"),)
    return Evidence(counts[1] - counts[0] == extra * steps, figures, "exact")


_RUNS = "needs training runs: see the report's section on the experiments"

CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    Claim(
        "Abstract, 15 to 30 %",
        "“consistent improvements of 15-30%”, in the paper's own table",
        Form(r"15 \% \le \text{improvement over the best scheduler} \le 30 \%", ("15", "30")),
        _range_of_improvements,
        corrected=Form(r"-10.5 \% \le \text{improvement over the best scheduler} \le 16.1 \%", ("-10.5", "16.1")),
        repairs=False,
        remark="Single runs without errors. Whether an improvement remains against a matched constant factor is judged "
        "by the experiments.",
    ),
    NotCheckable(
        "Section 1, exhaustive search",
        "the cost of a search without gradients",
        r"O(2^d) \text{ operations for } d \text{ parameters}",
        "the parameters are real numbers, and no grid is named: 2^d counts points of two values a parameter",
    ),
    Claim(
        "Section 1.2, overhead",
        "“minimal computational overhead beyond the one-time analysis”",
        Form(r"\text{no further evaluation of } L \text{ or } \nabla L \text{ in a step}", 0),
        _evaluations,
        rival=Form(r"\text{one further evaluation of } L \text{ in a step}", 1),
        remark="Of the rule (34). What a step costs in time is measured in the experiments.",
    ),
    Claim(
        "Section 1.2, adaptation",
        "“principled learning rate adaptation”, with the target 0",
        Form(
            r"\zeta = 0 < L: \quad \alpha \text{ depends on } L",
            lambda alphas: min(alphas) < max(alphas),
        ),
        _zero_target,
        corrected=Form(
            r"\zeta \le 0 < L: \quad \alpha = 1 + \lambda \text{ at every step}",
            lambda alphas: min(alphas) == max(alphas) == 1 + _WEIGHT,
        ),
        repairs=False,
        remark="The run is that of the bare optimizer at (1 + lambda) times the learning rate, bit for bit. The least "
        "value of squared errors and cross-entropies is at or near 0.",
    ),
    NotCheckable(
        "Section 3, complexity",
        "the dominant cost",
        r"O(N^2 B p), \quad N \text{ the order of derivatives computed}",
        "none of the algorithms computes derivatives of an order above one, so that N has no meaning in them; as they "
        "are written the cost is that of all evaluations of the loss, linear in B and p",
    ),
    Claim(
        "Section 3.1, any optimizer",
        "“can be generically applied to any optimizer”",
        Form(
            r"\text{the rate times } \alpha \text{ is the step times } \alpha \text{, for every optimizer}",
            (*_PROPORTIONAL, *_OTHERS),
        ),
        _any_optimizer,
        corrected=Form(
            r"\text{the rate times } \alpha \text{ is the step times } \alpha \text{, for optimizers whose step is "
            r"proportional to their rate}",
            _PROPORTIONAL,
        ),
        remark="Rprop and ASGD keep their step size in their state, LBFGS makes several steps in one.",
    ),
    Claim(
        "Section 3.1, factor in training",
        "the learning rate “is scaled up by 1 + lambda”, or left alone",
        Form(
            r"1 \le \alpha^{(t)} \le 1 + \lambda \text{ at every step}",
            lambda alphas: max(alphas) <= 1 + _WEIGHT and min(alphas) >= 1,
        ),
        _size_of_factor,
        rival=Form(
            r"\alpha^{(t)} < 1 \text{ at some step}",
            lambda alphas: min(alphas) < 1,
        ),
        remark="A run on the digits, lambda = 1/2. The factor never slows a step down, and the control it has to be "
        "compared with is a constant factor of the same mean.",
    ),
    Claim(
        "Section 4.2, escape",
        "“fast escape of local minima”",
        Form(
            r"\text{gradient descent at } \alpha \eta \text{ leaves a local minimum where that at } \eta \text{ stays}",
            lambda unit, alpha, left: left,
        ),
        _escape,
        corrected=Form(
            r"\text{a local minimum is left only where } \alpha\, \eta\, L'' > 2",
            lambda unit, alpha, left: not left or alpha * unit > 2,
        ),
        repairs=False,
        rival=Form(
            r"\text{a local minimum is left only where } \alpha\, \eta\, L'' > 4",
            lambda unit, alpha, left: not left or alpha * unit > 4,
        ),
        remark="One example in one dimension, with the right target. At a critical point the gradient vanishes, and "
        "alpha multiplies it: a minimum is left where the larger rate is unstable there, as a larger learning rate "
        "would leave it. How fast networks are trained is a question to the experiments.",
    ),
    NotCheckable(
        "Section 4.2, initial convergence",
        "“accelerates initial convergence”",
        r"L_{\text{SURGE}}^{(t)} < L^{(t)} \text{ for small } t",
        _RUNS,
    ),
    Claim(
        "Section 4.2, instability",
        "“SURGE creates instability”",
        Form(
            r"\text{there are } \eta \text{ at which the bare optimizer converges and the wrapped one does not}",
            lambda pairs: any(bare and not wrapped for bare, wrapped in pairs),
        ),
        _stability,
        rival=Form(
            r"\text{wherever the bare optimizer converges the wrapped one does}",
            lambda pairs: all(wrapped for bare, wrapped in pairs if bare),
        ),
        remark="Wherever the bare optimizer is within a factor 1 + lambda of its limit of stability.",
    ),
    NotCheckable(
        "Section 4.2, overfitting",
        "“SURGE will accelerate the overfitting”",
        r"L_{\text{test}} - L_{\text{train}} \text{ is larger with SURGE}",
        _RUNS,
    ),
    NotCheckable("Figure 1", "Adam and its guided version on Shakespeare", r"L(t) \text{ of Adam and SURGE}", _RUNS),
    NotCheckable(
        "Figure 2", "regression in one dimension", r"L(t) \text{ of SGD, Adam, AdamW, Muon, bare and guided}", _RUNS
    ),
    NotCheckable(
        "Figure 3",
        "a fully connected network on MNIST",
        r"L(t) \text{ of SGD, Adam, AdamW, Muon, bare and guided}",
        _RUNS,
    ),
    NotCheckable(
        "Figure 4",
        "a small transformer on Shakespeare",
        r"L(t) \text{ of SGD, Adam, AdamW, Muon, bare and guided}",
        _RUNS,
    ),
    NotCheckable("Figure 5", "random targets", r"L_{\text{SURGE}}(t) < L_{\text{random targets}}(t)", _RUNS),
    NotCheckable("Figure 6", "SURGE and schedulers", r"L(t) \text{ of SURGE and of five schedulers}", _RUNS),
    NotCheckable(
        "Figure 7",
        "generalisation",
        r"L_{\text{test}} \text{ against } L_{\text{train}} \text{ of Adam and SURGE}",
        _RUNS,
    ),
    *_improvements(),
    Claim(
        "Table 2, best scheduler",
        "the row of the best schedulers",
        Form(r"\text{Const, Const, Const, Step, Plateau, Exp}", _BEST),
        _best_schedulers,
        rival=Form(
            r"\text{Const, Step, Const, Step, Plateau, Exp}",
            ("Constant", "StepLR", *_BEST[2:]),
        ),
    ),
    Claim(
        "Table 2, bold",
        "the cells in bold as the best of their columns",
        Form(r"\text{SURGE at all rates but } 10^{-3} \text{, there Constant}", _BOLD),
        _bold_cells,
        corrected=Form(
            r"\text{SURGE at } 3 \cdot 10^{-4}, 3 \cdot 10^{-3}, 10^{-2} \text{; Constant at } 10^{-4}, 10^{-3} "
            r"\text{; Exp at } 3 \cdot 10^{-2}",
            frozenset(
                {("SURGE", "3e-4"), ("SURGE", "3e-3"), ("SURGE", "1e-2")}
                | {("Constant", "1e-4"), ("Constant", "1e-3"), ("ExponentialLR", "3e-2")}
            ),
        ),
        repairs=False,
        remark="At 1e-4 and at 3e-2 a scheduler has the lower loss.",
    ),
    NotCheckable(
        "Table 2, the losses",
        "the measured validation losses",
        r"L_{\text{SURGE}}, L_{\text{Constant}}, L_{\text{Step}}, \dots",
        _RUNS,
    ),
)
