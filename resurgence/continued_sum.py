"""Borel sums by continuations other than plain Padé approximants, each with its error, and the best of them.

A family of approximants of one kind, made of nearly all the coefficients, is integrated along the ray; the spread
between its members, with a margin, is the error. ``auto`` tries the families that the singularity analysis suggests,
takes the one whose members agree best, and lays it beside the next best: where the two disagree by more than their
errors, their difference becomes the error.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, TypeAlias, get_args
from weakref import WeakKeyDictionary

import sympy
from flint import acb, arb, fmpq

from .borel import BorelTransform
from .continuation import hypergeometric, quadratic
from .continuation.choice import fold, maps_around
from .continuation.continuation import Continuation
from .continuation.mapped_pade import Composed, MappedPade
from .continuation.maps import Logarithm, Map, Sheets
from .continuation.pade import Pade, PrecisionError
from .laplace_quadrature import ray_integrals
from .numbers import Enclosure, ball, bits_for, enclosure, midpoint, working_precision
from .rays import Ray
from .stokes_line import DIGITS, directions

__all__ = ["METHODS", "ContinuedSum", "Method", "better", "continued_sum", "continued_value"]

Method: TypeAlias = Literal["auto", "pade", "conformal", "uniformised", "hypergeometric", "quadratic"]
METHODS: tuple[Method, ...] = get_args(Method)

#: Factor between the spread of a family and the error that is stated.
SAFETY = 32

#: An error larger than this share of the value is raised to ``DOUBTFUL`` times itself, or to the value.
DOUBT, DOUBTFUL = 0.1, 8

#: With fewer coefficients than this the error grows in proportion: approximants of low order resemble each other by
#: chance.
MANY_TERMS = 60

#: Members of a family that are made of nearly all coefficients, and those that a first look takes.
NEAR, FIRST_LOOK = 4, 2

#: The further members: of these shares of the coefficients. They show how fast the sums converge.
FAR = (0.9, 0.8)

#: Convergence is not taken to be slower than this from each of them to the next.
SLOWEST = 0.9

#: Families that are examined after the first look.
FINALISTS = 2

#: Angles to which a ray is turned to pass a singularity on it, as shares of the largest for which it may be.
TURNS = (0.5, 0.3)

#: Points of a segment on which a continuation is followed.
STEPS = 16

#: Fewer coefficients than this are not worth a map.
MIN_TERMS = 12

Kind: TypeAlias = Literal["along", "above", "below", "median", "jump"]


@dataclass(frozen=True)
class ContinuedSum:
    """Phi, or its jump, as the members of one family give it; the error is an estimate."""

    value: acb
    error: arb
    method: str

    @property
    def total(self) -> arb:
        """Error and radius together."""
        return (self.error + abs(self.value - self.value.mid())).upper()


class Family:
    """Approximants of one kind, made when they are needed: ``members(k)`` are the first k of them, the best first."""

    def __init__(self, members: Iterator[Continuation]) -> None:
        self._made: list[Continuation] = []
        self._coming = members

    def members(self, count: int) -> list[Continuation]:
        self._made += itertools.islice(self._coming, max(0, count - len(self._made)))
        return self._made[:count]


_APPROXIMANTS: dict[Method, Callable[[BorelTransform, int], Sequence[Continuation]]] = {
    "hypergeometric": hypergeometric.approximants,
    "quadratic": quadratic.approximants,
}

#: The families of a germ, by method and number of the last coefficient: sums at several couplings share them.
_FAMILIES: WeakKeyDictionary[BorelTransform, dict[tuple[Method, int], list[Family]]] = WeakKeyDictionary()


def families(borel: BorelTransform, method: Method, last: int) -> list[Family]:
    """The families of a method, made of b_0, ..., b_last.

    Raises
    ------
    ValueError
        Where the method has none for this germ.
    """
    known = _FAMILIES.setdefault(borel, {})
    if (method, last) not in known:
        if method in _APPROXIMANTS:
            known[method, last] = [Family(iter(_APPROXIMANTS[method](borel, last)))]
        else:
            known[method, last] = [Family(_mapped(borel, map, last)) for map in _maps(borel, method, last)]
    found = known[method, last]
    if not found and method != "auto":
        raise ValueError(
            f"continuation={method!r} has no map for this germ: the singularity analysis of its coefficients shows no "
            "singularities that one of the maps suits. Give more coefficients, or take continuation='pade'"
        )
    return found


def _maps(borel: BorelTransform, method: Method, last: int) -> list[Map]:
    shift, step = fold(borel)
    if (last - shift) // step < MIN_TERMS:
        return []
    try:
        singularities = borel.singularities(DIGITS)
    except ValueError:  # nothing can be told from these coefficients
        return []
    maps = maps_around(singularities, step, borel.is_real)
    if method == "conformal":
        return [m for m in maps if not isinstance(m, Logarithm) and not (isinstance(m, Sheets) and m.p != 2)][:1]
    if method == "uniformised":
        return [m for m in maps if isinstance(m, Logarithm)]
    return maps


def _mapped(borel: BorelTransform, map: Map, last: int) -> Iterator[Continuation]:
    shift, step = fold(borel)
    source = Composed(borel.terms[shift : last + 1 : step], map)
    for m, n in _shapes(len(source) - 1):
        yield MappedPade(source, m, n, (shift, step))


def _shapes(last: int) -> Iterator[tuple[int, int]]:
    """Degrees of the near approximants, then those of the far ones."""
    for total in range(last, last - 2, -1):
        yield total - total // 2, total // 2
        yield (total // 2, total - total // 2) if total % 2 else (total // 2 - 1, total // 2 + 1)
    for share in FAR:
        total = round(share * last)
        yield total - total // 2, total // 2


def continued_sum(
    borel: BorelTransform, ray: Ray, kind: Kind, method: Method, bits: int, last: int, rival: ContinuedSum | None = None
) -> ContinuedSum:
    """The sum, or jump, by the family whose members agree best.

    Parameters
    ----------
    borel : BorelTransform
    ray : Ray
    kind : {"along", "above", "below", "median", "jump"}
        ``"along"`` does not turn the ray; ``"jump"`` is above minus below.
    method : str
        One of ``METHODS``, not ``"pade"``.
    bits : int
        Relative accuracy to aim for.
    last : int
        b_0, ..., b_last are used.
    rival : ContinuedSum, optional
        A sum by other means that takes part in the contest.

    Raises
    ------
    ValueError
        Where the method has no approximants for this germ, or none that can be integrated along the ray.
    """
    contours, margin = _contours(borel, ray, kind), _margin(borel, last)
    looks: list[tuple[float, Family]] = []
    problem = ""
    for family in families(borel, method, last):
        try:
            first = _examine(borel, family, margin, FIRST_LOOK, ray, contours[:1], bits)
        except PrecisionError:
            raise
        except ValueError as refusal:
            problem = f": {refusal}"
            continue
        looks.append((_logarithm(first.error), family))
        with working_precision(64):
            if first.total <= abs(first.value) * arb(2) ** -bits:
                break  # good enough
    looks.sort(key=lambda entry: entry[0])
    results = [_examine(borel, family, margin, NEAR + len(FAR), ray, contours, bits) for _, family in looks[:FINALISTS]]
    if rival is not None:
        results.append(rival)
    if not results:
        raise ValueError(f"no approximant of continuation={method!r} can be integrated along the ray{problem}")
    best = better(results, bits)
    with working_precision(bits):
        if best.error > DOUBT * abs(best.value):
            return replace(best, error=(DOUBTFUL * best.error).max(abs(best.value).upper()))
    return best


def better(results: list[ContinuedSum], bits: int) -> ContinuedSum:
    """The one with the least error, which becomes its distance from the next best if they exclude each other."""
    with working_precision(bits):
        ranked = sorted(results, key=lambda result: _logarithm(result.error))
        best = ranked[0]
        for other in ranked[1:2]:
            gap = abs(best.value - other.value).upper()
            if gap > best.error + other.error:
                best = replace(best, error=gap)
        return best


#: What is integrated: signs and angles by which the ray is turned, and a factor.
Contour: TypeAlias = tuple[list[tuple[int, float]], Fraction]


def _contours(borel: BorelTransform, ray: Ray, kind: Kind) -> list[Contour]:
    """Ways to turn the ray so that it passes the singularities on it, and no other; the first is as good as any.

    A ray without a singularity on it is not turned: above, below and median are all the same.
    """
    on_ray, gaps = directions(borel, ray)
    if kind == "along" or (not on_ray and kind != "jump"):
        return [([(1, 0.0)], Fraction(1))]
    with working_precision(64):
        z = complex(ray.towards(64) / ray.coupling(64))
    lean = math.atan2(z.imag, z.real)
    up = min(math.pi / 2 - lean, min((gap for gap in gaps if gap > 0), default=math.pi))
    down = min(math.pi / 2 + lean, min((-gap for gap in gaps if gap < 0), default=math.pi))
    found: list[Contour] = []
    for share in TURNS:
        above, below = (1, share * up), (-1 if kind == "jump" else 1, -share * down)
        if kind in ("above", "below"):
            found.append(([above if kind == "above" else below], Fraction(1)))
        else:
            found.append(([above, below], Fraction(1) if kind == "jump" else Fraction(1, 2)))
    return found


def _margin(borel: BorelTransform, last: int) -> float:
    """The factor on the spread of the approximants of b_0, ..., b_last."""
    return SAFETY * max(1.0, MANY_TERMS * fold(borel)[1] / (last + 1))


def _examine(
    borel: BorelTransform, family: Family, margin: float, count: int, ray: Ray, contours: list[Contour], bits: int
) -> ContinuedSum:
    """The sum by ``count`` members of a family, along the best of several contours."""
    members = family.members(count)
    method = f"{members[0].name}, error from {len(members) - 1} neighbours"
    results = []
    g, towards = ray.coupling(bits + 64), ray.towards(bits + 64)
    with working_precision(bits + 64):
        for turns, factor in contours:
            totals, undone = [acb(0)] * len(members), arb(0)
            for sign, turn in turns:
                turned = towards * acb(arb(turn).cos(), arb(turn).sin()) if turn else towards
                found = ray_integrals(members, g, turned, borel.leroy, bits)
                totals = [total + sign * value for total, value in zip(totals, found.values, strict=True)]
                undone += found.error
            share = arb(fmpq(factor.numerator, factor.denominator))
            results.append(
                ContinuedSum(totals[0] * share, ((margin * _spread(totals) + undone) * share).upper(), method)
            )
    return better(results, bits)


def continued_value(borel: BorelTransform, z: object, digits: int, method: Method) -> Enclosure:
    """The germ at a point, continued along the straight segment from 0: :meth:`BorelTransform.continued_to`."""
    bits = bits_for(digits)
    point, last = ball(z, bits + 64), len(borel) - 1
    chosen = [Family(_plain(borel, last))] if method in ("auto", "pade") else []
    if method != "pade":
        chosen += families(borel, method, last)
    results, problem = [], ""
    with working_precision(bits + 64):
        path = [point * k / STEPS for k in range(1, STEPS + 1)]
        scale = ball(sympy.gamma(sympy.Rational(borel.leroy.numerator, borel.leroy.denominator) + 1), bits + 64)
        for family in chosen:
            try:
                members = family.members(NEAR + len(FAR))
                ends = [member.values(path, bits)[-1] / scale for member in members]
            except ValueError as refusal:
                problem = f": {refusal}"
                continue
            error = _margin(borel, last) * _spread([end.mid() for end in ends])
            method_used = f"{members[0].name}, error from {len(members) - 1} neighbours"
            results.append(ContinuedSum(ends[0], error.upper(), method_used))
    if not results:
        raise ValueError(f"no approximant of continuation={method!r} has a value at {z}{problem}")
    best = better(results, bits)
    return enclosure(best.value, "estimated", best.method, midpoint(best.error))


def _plain(borel: BorelTransform, last: int) -> Iterator[Continuation]:
    for m, n in _shapes(last):
        yield Pade(borel, m, n)


def _spread(totals: Sequence[acb]) -> arb:
    """How far a family's members are apart, and how far its first is from what the further ones lead to."""
    far = totals[NEAR:] if len(totals) == NEAR + len(FAR) else []
    near = max((abs(total - totals[0]).upper() for total in totals[1 : len(totals) - len(far)]), default=arb(0))
    return near.max(_trend(totals[0], *far)) if far else near


def _trend(last: acb, before: acb, first: acb) -> arb:
    """The rest of a sequence that goes on as geometrically as it came.

    Where it converges slowly, neighbours with one coefficient less resemble each other more than they do the limit.
    """
    step, previous = abs(last - before).upper(), abs(before - first).upper()
    ratio = (step / previous).min(arb(SLOWEST)) if previous > 0 else arb(SLOWEST)
    return (step * ratio / (1 - ratio)).upper()


def _logarithm(error: arb) -> float:
    """log of an error, for comparisons: doubles cannot hold all errors."""
    with working_precision(64):
        return float(error.log().mid()) if error > 0 else -1e300
