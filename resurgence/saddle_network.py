"""Networks of saddles: formal series that are singularities of one another's Borel transforms.

The Borel transform of the series Phi_i has singularities at the singulants F_ij, and at each of them another series of
the network, Phi_j, comes up (Dingle 1973; Berry & Howls 1991):

    S_above Phi_i - S_below Phi_i = sum_j S_ij exp(-F_ij/g) g^beta_ij S_below Phi_j     across a ray through some F_ij.

For the saddles of an action F_ij = A_j - A_i, the difference of the actions, and all beta_ij are zero. On a ray with
several singularities S_ij belongs to the germ that is continued above those before F_ij. All of this is local data:
the series at each saddle and the numbers S_ij determine the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy
from flint import acb

from .action import Action
from .action_germ import ActionGerm
from .algebraic import AlgebraicNumber, difference
from .critical_points import CriticalPoint
from .germs import Hypergeometric
from .models import Model
from .numbers import ball, is_exact_zero, rational, working_precision
from .series import FormalSeries

__all__ = ["Adjacent", "SaddleNetwork", "Sector"]


@dataclass(frozen=True)
class Adjacent:
    """A series that comes up at a singularity of another one's Borel transform.

    Attributes
    ----------
    sector : int
        j, its number in the network.
    location : sympy.Expr, AlgebraicNumber or AlgebraicDifference
        The singulant F_ij, exactly; not zero.
    stokes_constant : number, or object with a ``ball``
        S_ij; not zero.
    exponent : Fraction
        beta_ij: 0 for a logarithm, -1 for a pole.
    """

    sector: int
    location: Any
    stokes_constant: Any
    exponent: Fraction = Fraction(0)


@dataclass(frozen=True)
class Sector:
    """One series of a network.

    Attributes
    ----------
    expand : callable
        The series to as many terms as it is given, or as there are.
    find : callable
        The adjacent series.
    length : int or None
        The number of terms of a series that ends; such a one has no adjacent series. None for the others.
    limit : int or None
        The number of terms that are known; None where any number can be had.
    name : str
    """

    expand: Callable[[int], FormalSeries]
    find: Callable[[], tuple[Adjacent, ...]]
    length: int | None = None
    limit: int | None = None
    name: str = ""

    @cached_property
    def adjacent(self) -> tuple[Adjacent, ...]:
        """The adjacent series, found when they are needed first."""
        return self.find()


@dataclass(frozen=True)
class _Ratio:
    """n C_j/C_i, the Stokes constant of an intersection number (docs/conventions.md)."""

    number: int
    here: sympy.Expr
    there: sympy.Expr

    def ball(self, bits: int) -> acb:
        there, here = ball(self.there, bits), ball(self.here, bits)
        with working_precision(bits):
            return there * self.number / here


class SaddleNetwork:
    """Series with the Stokes constants between them.

    Parameters
    ----------
    series : sequence of FormalSeries
        With their actions. Those that no Stokes constant belongs to are polynomials: their coefficients are all there
        are.
    stokes_constants : mapping from pairs (i, j) to numbers
        S_ij, for i and j in the order of the series; pairs that are left out have S_ij = 0.
    exponents : mapping from pairs to rationals, optional
        beta_ij where it is not 0.
    base : int, optional
        The number of the series that is to be summed.

    Attributes
    ----------
    sectors : tuple of Sector
    base : int

    Raises
    ------
    TypeError, ValueError
        For pairs that are no pairs of different series, for equal actions, for numbers of other kinds.

    Examples
    --------
    The Airy functions: Ai and Bi have the coefficients of opposite signs, and each is the other's singularity.

    >>> from resurgence import models
    >>> decaying = models.cubic.series(40)
    >>> growing = FormalSeries([(-1) ** n * a for n, a in enumerate(decaying.coefficients)], action="1/6")
    >>> network = SaddleNetwork([decaying, growing], {(0, 1): 1j, (1, 0): 1j})
    >>> network.sectors[0].adjacent[0].location, network.sectors[1].adjacent[0].location
    (1/6, -1/6)
    """

    def __init__(
        self,
        series: Sequence[FormalSeries],
        stokes_constants: Mapping[tuple[int, int], object],
        exponents: Mapping[tuple[int, int], object] | None = None,
        base: int = 0,
    ) -> None:
        if not isinstance(series, Sequence) or not all(isinstance(s, FormalSeries) for s in series):
            raise TypeError(f"a network is made of FormalSeries, got {series!r}")
        if not isinstance(stokes_constants, Mapping):
            raise TypeError(f"stokes_constants must map pairs (i, j) to numbers, got {stokes_constants!r}")
        given = dict(exponents or {})
        found: list[list[Adjacent]] = [[] for _ in series]
        for pair in [*stokes_constants, *given]:
            _check_pair(pair, len(series))
        for pair in given:
            if pair not in stokes_constants:
                raise ValueError(f"there is an exponent for {pair} but no Stokes constant: give both")
        for (i, j), constant in stokes_constants.items():
            value = ball(constant, 64)  # refuses what is not a number
            if is_exact_zero(value):
                continue
            location = _difference(series[j].action, series[i].action)
            if ball(location, 256).contains(0):
                raise ValueError(f"series {i} and {j} have the same action: they are no singularities of one another")
            found[i].append(Adjacent(j, location, constant, _fraction(given.get((i, j), 0), (i, j))))
        self._setup(
            [
                Sector(_first_terms(s, k), _constantly(tuple(near)), None if near else len(s), len(s), s.name)
                for k, (s, near) in enumerate(zip(series, found, strict=True))
            ],
            base,
        )

    def _setup(self, sectors: Sequence[Sector], base: int) -> None:
        if isinstance(base, bool) or not isinstance(base, int) or not 0 <= base < len(sectors):
            raise ValueError(f"base must be the number of a series, from 0 to {len(sectors) - 1}, got {base!r}")
        self.sectors: tuple[Sector, ...] = tuple(sectors)
        self.base = base

    @classmethod
    def of_action(cls, action: Action, at: object = None) -> SaddleNetwork:
        """The critical points of a polynomial action; Stokes constants from intersection numbers.

        Parameters
        ----------
        action : Action
        at : optional
            The point whose series is to be summed, as for :meth:`Action.expand`.

        Raises
        ------
        ValueError
            As :meth:`Action.expand`; and, when a point is come to, where its germ is not known (a degenerate point, an
            action that is not tame, more than 16 critical points).

        Examples
        --------
        >>> network = SaddleNetwork.of_action(Action("x**2 + x**4"))
        >>> [(a.sector, a.location) for a in network.sectors[network.base].adjacent]
        [(1, -1/4), (2, -1/4)]
        """
        if not isinstance(action, Action):
            raise TypeError(f"an Action is needed, got {action!r}")
        points = action.critical_points()
        action.expand(1, at=at)  # refuses what is no nondegenerate critical point
        base = points.index(action._default_point() if at is None else action._point_at(at))
        network = cls.__new__(cls)
        network._setup(
            [
                Sector(_expansion(action, p), _intersections(action, points, k), name=f"saddle {k} of {action}")
                for k, p in enumerate(points)
            ],
            base,
        )
        return network

    @classmethod
    def of_model(cls, model: Model) -> SaddleNetwork:
        """The two series of a model whose germ is a hypergeometric function: quartic, cubic, bessel_k(nu), euler, ...

        For the germ 2F1(a, b; 1; z/F) the series at F is 2F0(1 - a, 1 - b; -g/F), by Kummer's connection formulas.

        Raises
        ------
        ValueError
            For other models: no network of theirs is known.

        Examples
        --------
        >>> from resurgence import models
        >>> network = SaddleNetwork.of_model(models.bessel_k("1/3"))
        >>> [(a.sector, a.location, a.stokes_constant) for s in network.sectors for a in s.adjacent]
        [(1, -2, I), (0, 2, I)]
        """
        if not isinstance(model, Model):
            raise TypeError(f"a Model is needed, got {model!r}")
        first = model.series(1)
        germ = first.germ
        if not isinstance(germ, Hypergeometric):
            raise ValueError(
                f"the adjacent series of {model.name} are not known: give a network of series and Stokes constants"
            )
        other = Hypergeometric(1 - germ.a, 1 - germ.b, -germ.singularity)
        shift = sympy.Rational(germ.singularity.numerator, germ.singularity.denominator)
        sectors = [
            Sector(model.series, _germ_singularity(germ, 1), _length(germ), name=model.name),
            Sector(
                lambda count: FormalSeries(other.coefficients(count), action=first.action + shift, germ=other),
                _germ_singularity(other, 0),
                _length(other),
                name=f"adjacent to {model.name}",
            ),
        ]
        network = cls.__new__(cls)
        network._setup(sectors, 0)
        return network


# ---------------------------------------------------------------------------------------------------------------------


def _check_pair(pair: object, count: int) -> None:
    if (
        not isinstance(pair, tuple)
        or len(pair) != 2
        or not all(isinstance(k, int) and 0 <= k < count for k in pair)
        or pair[0] == pair[1]
    ):
        raise ValueError(f"a Stokes constant belongs to a pair (i, j) of different series below {count}, got {pair!r}")


def _fraction(value: object, pair: tuple[int, int]) -> Fraction:
    exact = rational(value)
    if exact is None:
        raise ValueError(f"the exponent of {pair} must be rational, got {value}")
    return Fraction(int(exact.p), int(exact.q))


def _difference(there: Any, here: Any) -> Any:
    if isinstance(there, AlgebraicNumber):
        return difference(there, here)
    return there - (here.to_sympy() if isinstance(here, AlgebraicNumber) else here)


def _constantly(found: tuple[Adjacent, ...]) -> Callable[[], tuple[Adjacent, ...]]:
    return lambda: found


def _first_terms(series: FormalSeries, number: int) -> Callable[[int], FormalSeries]:
    def expand(count: int) -> FormalSeries:
        if count > len(series):
            raise ValueError(
                f"{count} terms of series {number} are needed, and {len(series)} are there: give more of them, ask for "
                "a lower level, or for fewer digits"
            )
        return series.truncate(count)

    return expand


def _expansion(action: Action, point: CriticalPoint) -> Callable[[int], FormalSeries]:
    longest: list[FormalSeries] = []

    def expand(count: int) -> FormalSeries:
        if not longest or len(longest[0]) < count:
            longest[:] = [action.expand(count, at=point)]
        return longest[0].truncate(count)

    return expand


def _intersections(action: Action, points: Sequence[CriticalPoint], number: int) -> Callable[[], tuple[Adjacent, ...]]:
    def find() -> tuple[Adjacent, ...]:
        here = action.expand(1, at=points[number])
        germ = here.germ
        if not isinstance(germ, ActionGerm):
            raise ValueError(
                f"the singularities of the series of {action} at {points[number]} are not known: its germ needs a tame "
                "action with at most 16 critical points"
            )
        found = []
        for place in germ.intersections.places:
            known = germ.adjacency(place)
            if known.numbers is None:
                raise ValueError(
                    f"the Stokes constants of {action} between {points[number]} and the critical value at a distance "
                    f"of {place.location} are not known: {known.reason}"
                )
            for point, n in zip(place.points, known.numbers, strict=True):
                if n:
                    there = action.expand(1, at=point)
                    found.append(
                        Adjacent(points.index(point), place.location, _Ratio(n, here.constant, there.constant))
                    )
        return tuple(found)

    return find


def _germ_singularity(germ: Hypergeometric, other: int) -> Callable[[], tuple[Adjacent, ...]]:
    return lambda: tuple(Adjacent(other, s.location, s.stokes_constant, s.exponent) for s in germ.singularities())


def _length(germ: Hypergeometric) -> int | None:
    """The number of terms where the series ends."""
    ends = [-int(p) for p in (germ.a, germ.b) if p.denominator == 1 and p <= 0]
    return min(ends) + 1 if ends else None
