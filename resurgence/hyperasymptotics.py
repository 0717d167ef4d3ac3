r"""Hyperasymptotics: a divergent series summed by the late terms of others, beyond its least term, again and again.

The remainder of a series Phi_i after N_0 terms is exactly a sum over the series adjacent to it, which are resummed by
terminants (Berry & Howls 1991; :mod:`resurgence.saddle_network` for the network, docs/conventions.md for S_ij):

    Phi_i(g) = sum_(n < N_0) a_n g^n + sum_j S_ij/(2 pi i) (g/F_ij)^N_0 F_ij^beta R_j,
    R_j = int_0^oo dv v^(N_0 - beta - 1) exp(-v)/(1 - v g/F_ij) Phi_j(F_ij/v).

Level L inserts this L times into itself and leaves the last remainders out; level 0 is truncation at the least term.
What is left out is of the order of exp(-alpha_L/|g|) where alpha_L is the length of the shortest chain of L + 1
singulants, if the numbers of terms are the optimal ones, alpha_L/|g| less the length of the chain up to the series in
question (Olde Daalhuis 1998). With N_0 at the least term and each further number half the one before,
stages end by themselves, at exp(-2.386 |F|/|g|) (Berry & Howls 1990).
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import mpmath
from flint import acb, arb

from .action import Action
from .errors import StokesLineError
from .hyperterminants import GUARD_BITS, Contours, Leg, Nodes, angle_between
from .laplace import prefactor
from .models import Model
from .numbers import Enclosure, ball, check_digits, complex_midpoint, enclosure, midpoint, working_precision
from .rays import Ray, Side
from .saddle_network import Adjacent, SaddleNetwork
from .series import FormalSeries

__all__ = ["HyperasymptoticSum", "Stage", "hyperasymptotics"]

Scheme = Literal["optimal", "halving"]

#: The highest level: beyond it the gain is not worth the cancellations between the stages.
MAX_LEVEL = 3

#: Terms of one series that may be needed.
MAX_TERMS = 5000

#: The error stated is this many times the leading estimate of what is left out.
SAFETY = 2

#: exp(-_MARGIN): rounding and quadrature, relative to what is left out.
_MARGIN = 6.0

#: Stages of fewer terms are left out.
_FEWEST = 2

#: Coefficients are late where they are no more than this many times what the next singularities say.
_LATE = 4

#: Coefficients looked at to see where late ones begin: these, and more where they do not yet.
_PROBES = (32, 128, 512)

#: Terms about the last one that the estimate of what is left out looks at.
_NEIGHBOURS = 4


@dataclass(frozen=True)
class Stage:
    """What one level adds.

    Attributes
    ----------
    number : int
        How many terms it has: of the series at the end of the shortest chain.
    terms : tuple of mpmath.mpc
        The contributions of the coefficients a_0, a_1, ... of the series at the ends of all chains of this length, to
        Phi (without prefactor).
    value : mpmath.mpc
        Phi up to this stage.
    """

    number: int
    terms: tuple[mpmath.mpc, ...]
    value: mpmath.mpc


@dataclass(frozen=True)
class HyperasymptoticSum:
    """A series summed by hyperasymptotics.

    Attributes
    ----------
    sum : Enclosure
        constant * exp(-A/g) * g^nu * Phi(g); ``estimated``.
    stages : tuple of Stage
        Of the levels 0, 1, ...; fewer than asked for where a later one would be empty.
    error : mpmath.mpf
        That of Phi.
    """

    sum: Enclosure
    stages: tuple[Stage, ...]
    error: mpmath.mpf

    @property
    def level(self) -> int:
        """The level reached."""
        return len(self.stages) - 1

    @property
    def numbers(self) -> tuple[int, ...]:
        """N_0, N_1, ...: the terms taken at each stage."""
        return tuple(stage.number for stage in self.stages)

    def __str__(self) -> str:
        return f"{self.sum}, level {self.level}, {' + '.join(map(str, self.numbers))} terms"


def hyperasymptotics(
    what: SaddleNetwork | Model | Action,
    g: object,
    level: int = 1,
    digits: int = 30,
    *,
    side: Side | None = None,
    scheme: Scheme = "optimal",
) -> HyperasymptoticSum:
    """Sum a series by the hyperasymptotic expansion of some level.

    Parameters
    ----------
    what : SaddleNetwork, Model or Action
        The series with those adjacent to it. A model must have a hypergeometric germ
        (:meth:`SaddleNetwork.of_model`), an action is expanded at its minimum (:meth:`SaddleNetwork.of_action` for
        other points).
    g : number
        Not zero.
    level : int, optional
        0 (the least term) to 3.
    digits : int, optional
        Digits that suffice. Where the level would give more, fewer terms are taken.
    side : {"above", "below", "median"}, optional
        How to pass the singularities in the direction of g, as for :func:`~resurgence.borel_sum`.
    scheme : {"optimal", "halving"}, optional
        How many terms are taken: Olde Daalhuis' optimal numbers, or those of Berry and Howls, each half of the one
        before.

    Returns
    -------
    HyperasymptoticSum
        Its ``sum`` has the prefactor of the series. The error is twice the leading term of what is left out, without
        its signs: an estimate.

    Raises
    ------
    StokesLineError
        A ValueError: a singularity has the direction of g and no side is given.
    ValueError, TypeError
        For other levels, for g zero or not a number, for networks that are not known or too short.

    References
    ----------
    M. V. Berry & C. J. Howls, Proc. R. Soc. Lond. A 430, 653 (1990); 434, 657 (1991). A. B. Olde Daalhuis, J. Comput.
    Appl. Math. 76, 255 (1996); 89, 87 (1998); Proc. R. Soc. Lond. A 454, 1 (1998).

    Examples
    --------
    >>> from resurgence import models
    >>> for level in range(4):
    ...     print(hyperasymptotics(models.quartic, "1/40", level))
    0.27548 ± 5.0e-6 (estimated), level 0, 10 terms
    0.27547728800 ± 2.8e-11 (estimated), level 1, 20 + 10 terms
    0.2754772880029857 ± 1.1e-16 (estimated), level 2, 30 + 20 + 10 terms
    0.275477288002985681422 ± 4.7e-22 (estimated), level 3, 40 + 30 + 20 + 10 terms
    """
    digits = check_digits(digits)
    if isinstance(level, bool) or not isinstance(level, int):
        raise TypeError(f"level must be an integer, got {level!r}")
    if not 0 <= level <= MAX_LEVEL:
        raise ValueError(f"level must lie between 0 and {MAX_LEVEL}, got {level}")
    if scheme not in get_args(Scheme):
        raise ValueError(f"scheme must be one of {', '.join(get_args(Scheme))}, got {scheme!r}")
    network, ray = _network(what), Ray(g, side)
    met = [a for a in network.sectors[network.base].adjacent if ray.passes(a.location) == "through"]
    if met and side is None:
        raise StokesLineError(met)
    sides: tuple[Side, ...] = ("above", "below") if met and side == "median" else (side if met and side else "below",)
    evaluations = [_Expansion(network, ray, one, level, digits, scheme).evaluate() for one in sides]
    return _result(_mean(evaluations), network.sectors[network.base].expand(1), ray)


def _network(what: object) -> SaddleNetwork:
    if isinstance(what, SaddleNetwork):
        return what
    if isinstance(what, Model):
        return SaddleNetwork.of_model(what)
    if isinstance(what, Action):
        return SaddleNetwork.of_action(what)
    raise TypeError(
        f"hyperasymptotics needs the series adjacent to the one that is summed: give a Model, an Action or a "
        f"SaddleNetwork, got {what!r}"
    )


# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class _Chain:
    """A chain of adjacent series, and the number of terms that are taken of its last.

    ``place`` is where the integrand over the last variable is largest, |g_k|, and ``kernel`` the logarithm of the size
    that 1/(1 - g_(k-1)/g_k) has there, as long as contours are not turned.
    """

    sector: int
    number: int
    place: float
    length: float = 0.0
    before: _Chain | None = None
    step: Adjacent | None = None
    leg: int = -1
    kernel: float = 0.0
    left_out: list[Adjacent] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return 0 if self.before is None else self.before.depth + 1


class _Expansion:
    """The chains of an expansion, with what their contributions are in size; and then their sum.

    Sizes are natural logarithms, in doubles.
    """

    def __init__(self, network: SaddleNetwork, ray: Ray, side: Side, level: int, digits: int, scheme: Scheme) -> None:
        self.network, self.ray, self.side, self.level, self.scheme = network, ray, side, level, scheme
        self.needed = digits * math.log(10) + _MARGIN
        self.log_g = float(abs(ray.coupling(64)).log().mid())
        self.rho = math.exp(-self.log_g)
        self._onsets: dict[int, int] = {}
        first = self._first_number()
        while True:
            self.chains = list(self._grow(first))
            missing = max((self._missing(chain) for chain in self.chains), default=0)
            if missing <= 0:
                break
            first += missing
        self.series = {
            k: self._terms(k, max(c.number for c in self.chains if c.sector == k))
            for k in {c.sector for c in self.chains}
        }

    # -- the numbers of terms -----------------------------------------------------------------------------------------

    def _distance(self, sector: int, steps: int) -> float:
        """The length of the shortest chain of so many singulants; infinite where all chains end before."""
        if steps == 0:
            return 0.0
        return min(
            (_modulus(a) + self._distance(a.sector, steps - 1) for a in self.network.sectors[sector].adjacent),
            default=math.inf,
        )

    def _first_number(self) -> int:
        base = self.network.sectors[self.network.base]
        if base.length is not None:
            return base.length
        steps = self.level + 1 if self.scheme == "optimal" else 1
        lengths = [self._distance(self.network.base, k) for k in range(1, steps + 1)]
        reached = max(x for x in lengths if math.isfinite(x)) * self.rho
        #: The share of the optimal numbers that suffices: eta (1 - log eta) is the share of the exponent reached.
        self.share = _share(min(1.0, self.needed / reached))
        converging = max(math.floor(a.exponent) + 1 for a in base.adjacent)
        first = max(1, converging, self._onset(self.network.base), round(self.share * reached))
        if first > MAX_TERMS:
            raise ValueError(
                f"level {self.level} at g = {self.ray.g} takes {first} terms, more than {MAX_TERMS}: ask for fewer "
                "digits or a lower level"
            )
        return first

    def _onset(self, sector: int) -> int:
        """The number of terms from which on a series is one of late terms, and its remainder that of its singularities.

        Fewer terms of it are not taken: their remainder need not be what its singularities contribute.
        """
        if sector not in self._onsets:
            self._onsets[sector] = self._find_onset(sector)
        return self._onsets[sector]

    def _find_onset(self, sector: int) -> int:
        there = self.network.sectors[sector]
        if there.length is not None:
            return 1
        for count in _PROBES:
            known = count if there.limit is None else min(count, there.limit)
            early = 0
            for n, a in enumerate(there.expand(known).balls(64)):
                if n and not a.is_zero() and _log(a) > math.log(_LATE) + _late_term(there.adjacent, n):
                    early = n
            if 2 * early < known:
                return max(early + 1, _FEWEST)
        raise ValueError(
            f"the coefficients of series {sector} are not what its singularities predict, number {early} for one: "
            "give more of them, or check the Stokes constants"
        )

    def _grow(self, first: int) -> Iterator[_Chain]:
        self.legs: list[Leg] = []
        self._leg_numbers: dict[tuple[int, int, int], int] = {}
        self.links: list[tuple[int, int]] = []
        waiting = [_Chain(self.network.base, first, 1 / self.rho)]
        while waiting:
            chain = waiting.pop(0)
            yield chain
            for position, step in enumerate(self.network.sectors[chain.sector].adjacent):
                length = chain.length + _modulus(step)
                number = self._number(chain, first, length, step) if chain.depth < self.level else 0
                if number < self._onset(step.sector):
                    chain.left_out.append(step)
                    continue
                key = (chain.depth, chain.sector, position)
                leg = self._leg_numbers.setdefault(key, len(self.legs))
                if leg == len(self.legs):
                    self.legs.append(Leg(step.location, step.exponent))
                self.legs[leg].widen(chain.number)
                self.legs[leg].widen(chain.number - number)
                self.links.append((chain.leg, leg))
                place, kernel = self._kernel(chain, step, chain.number - number)
                waiting.append(_Chain(step.sector, number, place, length, chain, step, leg, kernel))

    def _number(self, chain: _Chain, first: int, length: float, step: Adjacent) -> int:
        """How many terms of the next series; integrals converge for powers up to ``most`` - 1 only."""
        most = math.ceil(chain.number - step.exponent) - 1
        ending = self.network.sectors[step.sector].length
        if ending is not None:
            return min(ending, most)
        if self.scheme == "halving":
            return min(chain.number // 2, most)
        return min(round(first - self.share * length * self.rho), most)

    def _missing(self, chain: _Chain) -> int:
        """How many terms of a series that ends are not taken: as many more of the first one are then."""
        length = self.network.sectors[chain.sector].length
        return 0 if length is None else length - chain.number

    def _terms(self, sector: int, count: int) -> FormalSeries:
        """So many terms, and the neighbours of the last where there are more."""
        there = self.network.sectors[sector]
        most = count + _NEIGHBOURS if there.limit is None else max(count, min(count + _NEIGHBOURS, there.limit))
        return there.expand(most)

    # -- sizes --------------------------------------------------------------------------------------------------------

    def _kernel(self, chain: _Chain, step: Adjacent, power: int) -> tuple[float, float]:
        """Where the integral with a power of v is decided, |g'|, and log |1 - g/g'|^-1 there.

        Near the direction of the singulant it is that of the distance to the pole, but no more than the pole
        contributes, which is sqrt(pi p/2) when it is on the ray and at the peak.
        """
        p = power - float(step.exponent)
        place = _modulus(step) / p
        before = self.ray if chain.step is None else Ray(chain.step.location)
        angle = angle_between(before, step.location, self.side if chain.step is None else "below")
        if math.cos(angle) <= 0:
            return place, -math.log(abs(1 - chain.place / place * cmath.exp(-1j * angle)))
        return place, min(math.log1p(math.sqrt(2 * p)), -math.log(max(abs(math.sin(angle)), 1e-300)))

    def _size(self, chain: _Chain, power: int, turned: Contours | None = None) -> float:
        """Of the integrals over a chain for the term of a ``power``: without turning the contours, or bounded.

        Where an integral would not converge 1 stands for the Gamma function that it is.
        """
        if chain.before is None or chain.step is None:
            return power * self.log_g
        p = chain.before.number - power - float(chain.step.exponent)
        size = _constant(chain.step) - p * math.log(_modulus(chain.step)) + math.lgamma(max(p, 1.0))
        if turned is None:
            size += chain.kernel
        else:
            size -= p * math.log(math.cos(turned.turns[chain.leg]))
            size -= math.log(math.sin(min(turned.separation, math.pi / 2)))
        return size + self._size(chain.before, chain.before.number, turned)

    def _left_out(self) -> float:
        """What is left out, to leading order and without signs, chain by chain.

        It is what the next singularities contribute, as many times as the terms about the last one are larger than
        all singularities say; or, where nothing follows on a chain, the largest of those terms if it is more.
        """
        sizes = []
        for chain in self.chains:
            if not chain.left_out:
                continue
            beyond = []
            for step in chain.left_out:
                place, kernel = self._kernel(chain, step, chain.number)
                beyond.append(self._size(_Chain(step.sector, 0, place, before=chain, step=step, kernel=kernel), 0))
            adjacent, last = self.network.sectors[chain.sector].adjacent, chain.number - 1
            near, excess = [], 0.0
            for r, a in enumerate(self.series[chain.sector].balls(64)[last : last + _NEIGHBOURS], last):
                if not a.is_zero():
                    near.append(self._size(chain, r) + _log(a))
                    excess = max(excess, _log(a) - _late_term(adjacent, r) if r else 0.0)
            whole = len(chain.left_out) == len(adjacent)
            sizes.append(max([_log_sum(beyond) + excess, *(near if whole else ())]))
        return _log_sum(sizes)

    # -- the sum ------------------------------------------------------------------------------------------------------

    def evaluate(self) -> _Evaluation:
        left_out = self._left_out()
        contours = Contours(self.ray, self.legs, self.links, self.side)
        largest = 0.0
        for chain in self.chains:
            for r, a in enumerate(self.series[chain.sector].balls(64)[: chain.number]):
                if not a.is_zero():
                    largest = max(largest, self._size(chain, r, contours) + _log(a))
        loss = largest + min(max(-left_out, 0.0), self.needed) + _MARGIN
        bits = math.ceil(loss / math.log(2)) + GUARD_BITS
        nodes = contours.lay(loss, bits)
        balls = {k: series.balls(bits) for k, series in self.series.items()}
        totals: list[list[acb]] = []
        vectors: dict[int, list[acb]] = {}
        for chain in self.chains:
            terms = self._contributions(chain, nodes, vectors, balls[chain.sector])
            if chain.depth == len(totals):
                totals.append([])
            known = totals[chain.depth]
            with working_precision(bits):
                known.extend([acb(0)] * (len(terms) - len(known)))
                for r, term in enumerate(terms):
                    known[r] += term
        numbers = []
        for depth in range(len(totals)):
            numbers.append(min((c for c in self.chains if c.depth == depth), key=lambda c: c.length).number)
        with working_precision(bits):
            error = (arb(left_out).exp() if math.isfinite(left_out) else arb(0)) * SAFETY + arb(-(loss - largest)).exp()
        return _Evaluation(totals, tuple(numbers), error, bits)

    def _contributions(
        self, chain: _Chain, nodes: Nodes, vectors: dict[int, list[acb]], coefficients: Sequence[acb]
    ) -> list[acb]:
        """Of a_0, a_1, ... of the last series of a chain; its weights are kept in ``vectors``."""
        if chain.before is None or chain.step is None:
            with working_precision(nodes.bits):
                g = self.ray.coupling(nodes.bits)
                return [a * g**n for n, a in enumerate(coefficients[: chain.number])]
        if chain.before.before is None:
            vector = nodes.start(chain.leg, chain.before.number)
        else:
            vector = nodes.follow(vectors[id(chain.before)], chain.before.leg, chain.leg, chain.before.number)
        with working_precision(nodes.bits):
            factor = ball(chain.step.stokes_constant, nodes.bits) / (2 * acb.pi() * acb(0, 1))
            vector = vectors[id(chain)] = [factor * w for w in vector]
            moments = nodes.moments(vector, chain.leg, chain.number)
            return [a * m for a, m in zip(coefficients, moments, strict=False)]


@dataclass(frozen=True)
class _Evaluation:
    """The contributions to Phi in balls, stage by stage, and the error of their sum."""

    totals: list[list[acb]]
    numbers: tuple[int, ...]
    error: arb
    bits: int


def _mean(evaluations: Sequence[_Evaluation]) -> _Evaluation:
    """Of the lateral sums, whose numbers of terms are the same."""
    bits, count = max(e.bits for e in evaluations), len(evaluations)
    with working_precision(bits):
        totals = [
            [sum(terms, acb(0)) / count for terms in zip(*stages, strict=True)]
            for stages in zip(*(e.totals for e in evaluations), strict=True)
        ]
        error = sum((e.error for e in evaluations), arb(0)) / count
    return _Evaluation(totals, evaluations[0].numbers, error, bits)


def _result(evaluation: _Evaluation, series: FormalSeries, ray: Ray) -> HyperasymptoticSum:
    stages, value, bits = [], acb(0), evaluation.bits
    with working_precision(bits):
        for number, terms in zip(evaluation.numbers, evaluation.totals, strict=True):
            value = value + sum(terms, acb(0))
            stages.append(Stage(number, tuple(map(complex_midpoint, terms)), complex_midpoint(value)))
        factor = prefactor(series, ray.coupling(bits), bits)
        method = f"hyperasymptotics of level {len(stages) - 1}, twice the leading term of what is left out"
        total, phi = (
            enclosure(value * f, "estimated", method, midpoint((evaluation.error * abs(f)).upper()))
            for f in (factor, acb(1))
        )
        return HyperasymptoticSum(total, tuple(stages), phi.error)


def _modulus(step: Adjacent) -> float:
    return float(abs(ball(step.location, 64)).mid())


def _constant(step: Adjacent) -> float:
    """log |S F^beta/(2 pi)|."""
    size = float(step.exponent) * math.log(_modulus(step))
    return _log(ball(step.stokes_constant, 64)) + size - math.log(2 * math.pi)


def _late_term(adjacent: Sequence[Adjacent], n: int) -> float:
    """log sum |S/(2 pi) Gamma(n - beta) F^(beta - n)|."""
    sizes = []
    for step in adjacent:
        p = max(n - float(step.exponent), 1.0)
        sizes.append(_constant(step) - n * math.log(_modulus(step)) + math.lgamma(p))
    return _log_sum(sizes)


def _log(value: acb) -> float:
    """log of the modulus, from above; not for zero."""
    with working_precision(64):
        return float(abs(value).upper().log().mid())


def _log_sum(sizes: Sequence[float]) -> float:
    top = max(sizes, default=-math.inf)
    return top + math.log(sum(math.exp(x - top) for x in sizes)) if sizes else top


def _share(exponent: float) -> float:
    """The eta in (0, 1] with eta (1 - log eta) = exponent."""
    low, high = 0.0, 1.0
    for _ in range(60):
        eta = (low + high) / 2
        low, high = (eta, high) if eta * (1 - math.log(eta)) < exponent else (low, eta)
    return high
