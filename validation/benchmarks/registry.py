"""The benchmarks by name: their contests at two sizes, and what is demanded of the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from . import borel_pade_sum, coefficients, continuations, euler, pade_approximants, scaling
from .contest import OURS, Contest, Outcome
from .ore_algebra import OreAlgebra
from .power_law import PowerLaw

__all__ = ["BENCHMARKS", "AsAccurate", "Benchmark", "Exponent", "Faster", "Gate", "Means"]


@dataclass(frozen=True)
class Means:
    """What a run has at its disposal.

    Attributes
    ----------
    ore_algebra : OreAlgebra
        A connection to ore_algebra.
    device : str
        The device on which networks are evaluated, in the words of torch.
    """

    ore_algebra: OreAlgebra
    device: str = "cpu"


@dataclass(frozen=True)
class Gate:
    """A demand, and whether it is met."""

    demand: str
    value: float
    holds: bool


@dataclass(frozen=True)
class Faster:
    """In every contest this package is at least so many times faster than a peer."""

    peer: str
    times: float

    def check(self, outcomes: Sequence[Outcome]) -> list[Gate]:
        """One gate for each contest in which the peer was measured."""
        gates = []
        for outcome in outcomes:
            ratios = [entry.ratio for entry in outcome.entries if entry.name == self.peer and entry.ratio is not None]
            for ratio in ratios:
                text = f"{outcome.label}: at least {self.times:g} times faster than {self.peer}"
                gates.append(Gate(text, ratio.median, ratio.median >= self.times))
        return gates


@dataclass(frozen=True)
class Exponent:
    """The cost of this package grows at most with this power of the size, over sizes from ``least`` on."""

    variable: str
    most: float
    least: int = 0

    def check(self, outcomes: Sequence[Outcome]) -> list[Gate]:
        """One gate, where there are sizes enough."""
        law = fit(outcomes, OURS, self.least)
        if law is None:
            return []
        text = f"cost at most as {self.variable}^{self.most:g}"
        if self.least:
            text += f" from {self.variable} = {self.least} on"
        return [Gate(text, law.exponent, law.exponent <= self.most)]


@dataclass(frozen=True)
class AsAccurate:
    """In every contest this package has at most so many digits less than the best peer."""

    within: float

    def check(self, outcomes: Sequence[Outcome]) -> list[Gate]:
        """One gate for each contest."""
        gates = []
        for outcome in outcomes:
            digits = [entry.accuracy.digits for entry in outcome.entries if entry.accuracy is not None]
            text = f"{outcome.label}: digits more than the best peer, at least {-self.within:g}"
            gates.append(Gate(text, digits[0] - max(digits[1:]), digits[0] >= max(digits[1:]) - self.within))
        return gates


def fit(outcomes: Sequence[Outcome], name: str, least: int = 0) -> PowerLaw | None:
    """The power law of a contender's shortest times, where it was measured at three sizes."""
    points = [
        (outcome.size, min(entry.times))
        for outcome in outcomes
        for entry in outcome.entries
        if entry.name == name and entry.times and outcome.size >= least
    ]
    return PowerLaw.fit(*zip(*points, strict=True)) if len(points) >= 3 else None


@dataclass(frozen=True)
class Benchmark:
    """Contests on one kind of problem.

    Attributes
    ----------
    title : str
    explanation : str
        What is compared, and why that is fair.
    quick, full : callable
        From the means of the run to what builds the contests, one by one.
    variable : str or None
        What the size means, where costs are fitted and drawn against it.
    demands : sequence
        What results must meet.
    remark : callable or None
        A line on an outcome, printed under its table.
    needs : str or None
        A package that this package does without and these contests do not.
    """

    title: str
    explanation: str
    quick: Callable[[Means], Sequence[Callable[[], Contest]]]
    full: Callable[[Means], Sequence[Callable[[], Contest]]]
    variable: str | None = None
    demands: Sequence[Faster | Exponent | AsAccurate] = ()
    remark: Callable[[Outcome], str] | None = None
    needs: str | None = None

    @property
    def available(self) -> bool:
        """Whether what it needs is installed."""
        return self.needs is None or find_spec(self.needs) is not None


def _sizes(build: Callable[[int], Contest], *sizes: int) -> Callable[[Means], list[Callable[[], Contest]]]:
    return lambda _: [partial(build, size) for size in sizes]


def _pairs(
    build: Callable[[int, int], Contest], *pairs: tuple[int, int]
) -> Callable[[Means], list[Callable[[], Contest]]]:
    return lambda _: [partial(build, *pair) for pair in pairs]


def _euler(*digits: int) -> Callable[[Means], list[Callable[[], Contest]]]:
    return lambda means: [partial(euler.certified_sum, count, means.ore_algebra) for count in digits]


def _losses(*particles: int) -> Callable[[Means], list[Callable[[], Contest]]]:
    def contests(means: Means) -> list[Callable[[], Contest]]:
        import torch  # not everyone who measures the core has it

        from . import loss_throughput

        kinds = loss_throughput.losses, loss_throughput.gradients
        dtypes = torch.float64, torch.float32
        return [partial(kind, count, dtype, means.device) for count in particles for kind in kinds for dtype in dtypes]

    return contests


def _rates(outcome: Outcome) -> str:
    from .loss_throughput import rates

    return rates(outcome)


BENCHMARKS: Mapping[str, Benchmark] = {
    "pade-integral": Benchmark(
        "The Laplace integral of a given Padé approximant",
        borel_pade_sum.__doc__ or "",
        _pairs(borel_pade_sum.integral, (50, 500)),
        _pairs(borel_pade_sum.integral, (100, 1000)),
        demands=[Faster("mpmath.quad", 40)],
    ),
    "pade-sum": Benchmark(
        "Borel-Padé sums from coefficients",
        borel_pade_sum.__doc__ or "",
        _pairs(borel_pade_sum.from_coefficients, (50, 500)),
        _pairs(borel_pade_sum.from_coefficients, (100, 1000)),
    ),
    "pade-approximant": Benchmark(
        "Padé approximants",
        pade_approximants.__doc__ or "",
        _pairs(pade_approximants.approximant, (10, 100), (50, 100)),
        _pairs(pade_approximants.approximant, (10, 100), (100, 333), (200, 1000)),
    ),
    "pade-poles": Benchmark(
        "Poles of Padé approximants",
        pade_approximants.__doc__ or "",
        _pairs(pade_approximants.poles, (10, 30), (50, 50)),
        _pairs(pade_approximants.poles, (10, 30), (100, 100), (200, 100)),
    ),
    "continuations": Benchmark(
        "Continuations of a Borel germ",
        continuations.__doc__ or "",
        _sizes(continuations.airy_integral, 1, 10, 1000),
        _sizes(continuations.airy_integral, 1, 10, 1000),
        demands=[AsAccurate(within=1)],
    ),
    "equation-coefficients": Benchmark(
        "Exact coefficients from a differential equation",
        coefficients.__doc__ or "",
        _sizes(coefficients.of_equation, 100),
        _sizes(coefficients.of_equation, 100, 1000),
    ),
    "action-coefficients": Benchmark(
        "Exact coefficients from an action",
        coefficients.__doc__ or "",
        _sizes(coefficients.of_action, 100),
        _sizes(coefficients.of_action, 100, 1000),
    ),
    "euler": Benchmark(
        "Certified Borel sums from a differential equation",
        euler.__doc__ or "",
        _euler(50, 100, 200, 400),
        _euler(50, 100, 200, 400, 700, 1000),
        variable="digits D",
        demands=[Exponent("D", 1.5, least=100)],
    ),
    "order-of-sum": Benchmark(
        "Borel-Padé sums against their order",
        scaling.__doc__ or "",
        _sizes(scaling.sum_of_order, 50, 100, 200),
        _sizes(scaling.sum_of_order, 50, 100, 200, 400),
        variable="order N",
        demands=[Exponent("N", 2.2)],
    ),
    "order-of-coefficients": Benchmark(
        "Exact coefficients against their number",
        scaling.__doc__ or "",
        _sizes(scaling.coefficients_of_order, 50, 100, 200),
        _sizes(scaling.coefficients_of_order, 50, 100, 200, 400, 800, 1600),
        variable="order N",
        demands=[Exponent("N", 2.2)],
    ),
    "loss-throughput": Benchmark(
        "Losses of a network at many parameter vectors",
        "A network 784-100-10 on 256 samples at many parameter vectors, beside a loop, torch.vmap, products of stacks "
        "of matrices written by hand, and the time of its operations at the machine's measured peak.",
        _losses(64),
        lambda means: _losses(*((64, 256, 1024, 4096, 16384, 65536) if means.device != "cpu" else (64, 256)))(means),
        demands=[Faster("torch.bmm", 0.5), Faster("Python loop", 1)],
        remark=_rates,
        needs="torch",
    ),
}
