"""The large-order relation solved: neighbouring sectors, their Stokes constants and fluctuations, from coefficients.

The late coefficients of a series are made of the early ones of its neighbours (Dingle 1973, chapter 7; Berry & Howls
1991, eq. 20; Aniceto, Basar & Schiappa 2019, section 3)

    a_n ~ sum_j (S_j/(2 pi i)) sum_k c_jk Gamma(n - beta_j - k)/A_j^(n - beta_j - k),          c_j0 = 1,

one j for each singularity A_j of the Borel germ that is seen from 0. With A_j and beta_j known, the S_j c_jk are the
solution of a linear system in as many of the last coefficients; all saddles enter at once, so that a complex pair, a
symmetric pair and several moduli are no obstacle. A_j itself is had from the same system: with
e_k(n) = Gamma(n - beta - k)/A^(n - beta - k)

    d e_k/d A = -e_(k-1) ,

so an action that is off by d shows as a coefficient -d S/(2 pi i) of e_(-1), and taking that off is Newton's iteration.
Where it starts is what :mod:`resurgence.singularities` finds, and so are the exponents, which are exact or not used.

The c_jk of a saddle grow like k!/(A_i - A_j)^k, so the number K of them that is fitted has an optimum; and a saddle
that is left out spoils a fit by (A_1/A_2)^n. Neither is known beforehand. Errors are therefore the spread over K and
over the coefficients that the fit ends with, the last ones and those some way before, with a margin: *estimated*. Radii
of the coefficients go through the system as balls and are added.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath
from flint import acb, acb_mat, arb, arb_mat, fmpq

from .darboux import LARGEST_REST, Source, unexplained
from .gevrey import is_convergent
from .numbers import Enclosure, ball, check_digits, enclosure, is_exact_zero, midpoint, rational, working_precision
from .power_series import as_balls
from .series import FormalSeries
from .singularities import Singularity

__all__ = ["NeighbouringSector", "SaddleCountError", "neighbouring_sectors"]

#: Numbers K of corrections that are tried.
_CORRECTIONS = (2, 3, 4, 6, 8, 11, 15, 20, 26, 33, 41, 50, 60, 72, 86)

#: A fit has at most so many unknowns ...
_MAX_UNKNOWNS = 100

#: ... and ends with this part of the coefficients.
_LARGEST_SHARE = 0.6

#: Steps between the coefficients of a fit. Noise is amplified less where they are further apart; steps that are no
#: integers tell saddles of one modulus apart whatever their phases.
_SPREADS = (1.0, 2.6, 5.7)

#: Coefficients that are known to fewer bits than this are noisy.
_NOISE_BITS = 1000

#: Factor on how far a number moves when K or the number of coefficients changes by one ...
_SAFETY = 10

#: ... and on how far when this part of the coefficients is left out: terms that decay slowly show there.
_FAR_SAFETY, _FAR_PART = 2, 20

#: Factor on what an action that is off by its error changes.
_MOVED_SAFETY = 2

#: K is raised this often without gain before the search ends.
_MAX_IDLE = 3

#: Newton's iterations: from ten digits to more than are carried.
_MAX_ITERATIONS = 8

#: Digits to which the starting points are asked for.
_STARTING_DIGITS = 20

#: Moduli that differ by less than this, relative to themselves, are one.
_SAME_MODULUS = 1e-6

#: A sector whose Stokes constant is less certain than this, relative to itself, is not told from none.
_LARGEST_DOUBT = 0.05

#: Most corrections that may be asked for, and fewest coefficients.
_MAX_CORRECTIONS, _MIN_TERMS = 50, 12

_METHOD = "large-order relation solved for the last coefficients; error from the spread over fits, with a margin"


class SaddleCountError(ValueError):
    """A fit with this many saddles cannot describe the coefficients.

    Parameters
    ----------
    saddles : int
        How many were asked for.
    singularities : sequence of Singularity
        Those that are there, nearest first.
    unexplained : float
        The part of the late coefficients that the nearest ``saddles`` of them leave open, from 0 to 1.

    Attributes
    ----------
    saddles, singularities, unexplained
        The same.

    Examples
    --------
    Stirling's series has poles at 2 pi i and -2 pi i:

    >>> from resurgence import models
    >>> try:
    ...     neighbouring_sectors(models.stirling.series(60), saddles=1)
    ... except SaddleCountError as error:
    ...     print(error.saddles, len(error.singularities), error.unexplained > 0.1)
    1 2 True
    """

    def __init__(self, saddles: int, singularities: Sequence[Singularity], unexplained: float) -> None:
        super().__init__(saddles, tuple(singularities), unexplained)
        self.saddles, self.unexplained = saddles, unexplained
        self.singularities: tuple[Singularity, ...] = tuple(singularities)

    def __str__(self) -> str:
        places = ", ".join(p.location_enclosure.short(8) for p in self.singularities)
        return (
            f"{self.saddles} saddle{'s' if self.saddles > 1 else ''} cannot describe these coefficients: the nearest "
            f"Borel singularities, of one modulus, are {len(self.singularities)} ({places}), so that ratios of "
            f"coefficients oscillate; {self.unexplained:.0%} of the later half of the coefficients stay unexplained. "
            "Leave saddles out, or give as many as share a modulus"
        )


@dataclass(frozen=True, slots=True)
class NeighbouringSector:
    """A sector ``S exp(-A/g) g^beta (1 + c_1 g + c_2 g^2 + ...)`` as the late coefficients of a series show it.

    Attributes
    ----------
    action : Enclosure
        A, relative to the action of the series: the place of the Borel singularity.
    exponent : Fraction
        beta: -1 for a simple pole, 0 for a logarithm.
    stokes_constant : Enclosure
        S.
    coefficients : tuple of Enclosure
        c_1, c_2, ...
    """

    action: Enclosure
    exponent: Fraction
    stokes_constant: Enclosure
    coefficients: tuple[Enclosure, ...]

    def corrections(self, count: int) -> tuple[Enclosure, ...]:
        """The relation in powers of 1/n: r_1, ..., r_count of

            a_n ~ S/(2 pi i) Gamma(n - beta)/A^(n - beta) (1 + r_1/n + r_2/n^2 + ...) .

        Exact algebra, 1/((n - beta - 1) ... (n - beta - k)) in powers of 1/n, on the c_k and A as they are known.

        Parameters
        ----------
        count : int
            At most as many as there are ``coefficients``.

        Returns
        -------
        tuple of Enclosure

        Raises
        ------
        TypeError, ValueError
            For another count.

        Examples
        --------
        The Macdonald function K_0(1/g) has c_k = (-1)^k a_k, and a_n contain a_1 = -1/8 as 1 - 2 c_1/(n - 1) + ...:

        >>> from resurgence import models
        >>> [sector] = neighbouring_sectors(models.bessel_k(0).series(60), digits=8)
        >>> print(sector.coefficients[0].short(8), sector.corrections(1)[0].short(8))
        0.12500000 -0.25000000
        """
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"the number of corrections is an integer, got {count!r}")
        if not 1 <= count <= len(self.coefficients):
            raise ValueError(f"1 to {len(self.coefficients)} corrections follow from the coefficients, got {count}")
        bits = 128 + max(0, *(e.accuracy_bits() for e in (self.action, *self.coefficients) if e.error))
        action = self.action.ball(bits)
        with working_precision(bits):
            # 1/((n - beta - 1) ... (n - beta - k)) = n^(-k) prod 1/(1 - (beta + i)/n), by powers of 1/n.
            reciprocal, power = [acb(1)] + [acb(0)] * count, acb(1)
            total = [acb(0)] * (count + 1)
            for k, c in enumerate(self.coefficients[:count], 1):
                root = _fmpq(self.exponent) + k
                for i in range(1, count + 1):
                    reciprocal[i] += acb(root) * reciprocal[i - 1]
                power *= action
                for i in range(count + 1 - k):
                    total[k + i] += c.ball(bits) * power * reciprocal[i]
            return tuple(enclosure(r, "estimated", _METHOD) for r in total[1:])

    def __str__(self) -> str:
        parts = [self.action, self.stokes_constant, *self.coefficients[:1]]
        action, stokes, *first = (str(e).removesuffix(f" ({e.status})") for e in parts)
        fluctuation = f", c_1 = {first[0]}" if first else ""
        return f"sector of action {action}, exponent {self.exponent}, Stokes constant {stokes}{fluctuation}"


def neighbouring_sectors(
    series: FormalSeries,
    digits: int = 20,
    corrections: int = 3,
    at: Iterable[object] | None = None,
    exponents: Iterable[object] | None = None,
    saddles: int | None = None,
) -> tuple[NeighbouringSector, ...]:
    """The sectors that shape the late coefficients of a series: actions, Stokes constants and first fluctuations.

    Parameters
    ----------
    series : FormalSeries
        At least 12 coefficients that are not zero; a few hundred give tens of digits.
    digits : int, optional
        Digits to aim for. Fewer are returned where the coefficients support fewer, and the errors say so.
    corrections : int, optional
        How many c_k are returned, up to 50.
    at : iterable of numbers, optional
        The actions, where they are known: exact ones (ints, Fractions, sympy) make the other numbers better. The mirror
        images that real coefficients, or coefficients every second of which vanishes, entail need not be given.
    exponents : iterable of rationals, optional
        The exponents of the actions in ``at``, one each; without them they are found.
    saddles : int, optional
        Fit the nearest so many alone. By default all that are found.

    Returns
    -------
    tuple of NeighbouringSector
        By growing modulus of the action; those whose Stokes constant can be told from zero.

    Raises
    ------
    TypeError, ValueError
        For arguments of another kind; for coefficients that are too few, mostly noise, those of a convergent series or
        growing faster than n!; for an exponent that is not recognised; and where the fits do not settle.
    SaddleCountError
        (A ValueError.) Where ``saddles`` leaves out a singularity of the same modulus, half of a complex pair for one.

    Examples
    --------
    The coefficients of K_(1/3)(1/g) come back, with alternating signs, from infinity:

    >>> from resurgence import models
    >>> [sector] = neighbouring_sectors(models.bessel_k("1/3").series(80), digits=10, corrections=1)
    >>> print(sector.action.short(10), sector.exponent, sector.coefficients[0].short(10))
    -2.000000000 0 0.06944444444
    """
    if not isinstance(series, FormalSeries):
        raise TypeError(f"neighbouring_sectors takes a FormalSeries, got {series!r}")
    digits = check_digits(digits)
    _check_count("corrections", corrections, 0, _MAX_CORRECTIONS)
    if saddles is not None:
        _check_count("saddles", saddles, 1, 100)
    given = None if at is None else _given(at, exponents)
    if given is None and exponents is not None:
        raise ValueError("exponents belong to the actions in at: give both, or neither")
    if is_convergent(series):
        raise ValueError(
            "the coefficients grow slower than n!: the series converges, or nearly so, its Borel transform is entire, "
            "and there is no neighbouring sector"
        )
    relation = _Relation(series, digits, corrections)
    orbits = relation.find(given, saddles)
    return relation.sectors(orbits)


def _check_count(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high}, got {value}")


@dataclass(frozen=True, slots=True)
class _Given:
    """An action, its exponent, and how far off it may be."""

    action: object
    exponent: Fraction | None
    error: mpmath.mpf | None = None


def _given(at: Iterable[object], exponents: Iterable[object] | None) -> list[_Given]:
    if isinstance(at, (str, bytes)) or not isinstance(at, Iterable):
        raise TypeError(f"at is a sequence of actions, got {at!r}")
    actions = list(at)
    if not actions:
        raise ValueError("at has at least one action, got none: leave it out to have the actions found")
    for a in actions:
        if ball(a, 64).contains(0):
            raise ValueError(f"an action in at is not zero (actions are relative to that of the series), got {a}")
    if exponents is None:
        return [_Given(a, None) for a in actions]
    if isinstance(exponents, (str, bytes)) or not isinstance(exponents, Iterable):
        raise TypeError(f"exponents is a sequence of rationals, got {exponents!r}")
    betas = [rational(e) for e in exponents]
    if len(betas) != len(actions):
        raise ValueError(f"each action in at has one exponent: got {len(actions)} actions and {len(betas)} exponents")
    if any(b is None for b in betas):
        raise ValueError("exponents are rational numbers")
    return [_Given(a, Fraction(int(b.p), int(b.q))) for a, b in zip(actions, betas, strict=True) if b is not None]


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Saddle:
    """A singularity in the fit. Where only every m-th coefficient is not zero it stands for its m images under turns.

    ``action`` gives a ball from a precision; ``error`` says how far off it may be, None where it was given and is
    right; ``real`` where A^m is, and the coefficients are;
    ``mirrored`` where it is the complex conjugate of the saddle before.
    """

    action: Callable[[int], acb]
    exponent: Fraction
    error: arb | None
    real: bool
    mirrored: bool

    def moved(self) -> _Saddle:
        """The same with its action off by its error."""

        def action(bits: int) -> acb:
            place = self.action(bits)
            return place * (1 + (self.error or arb(0)) / abs(place))

        return replace(self, action=action)


#: What a fit yields for a saddle: A, S/(2 pi i), c_1, c_2, ...; these with errors; and the latter from several fits.
_Numbers: TypeAlias = list[acb]
_Sector: TypeAlias = list[tuple[acb, arb]]
_Estimates: TypeAlias = list[_Sector]


class _Relation:
    """The coefficients of a series, and what is fitted to them."""

    def __init__(self, series: FormalSeries, digits: int, corrections: int) -> None:
        self.series, self.digits, self.wanted = series, digits, corrections
        length = len(series)
        for n, a in enumerate(series.terms):
            if isinstance(a, acb) and not a.is_zero() and a.rel_accuracy_bits() < 6:  # mostly noise
                length = n
                break
        occupied = [n for n in range(length) if not is_exact_zero(series.terms[n])]
        late = [n for n in occupied if n >= length // 4]
        self.step = math.gcd(*(n - late[0] for n in late)) if len(late) > 1 else 1
        first = late[0] % self.step if late else 0
        #: Which of the coefficients are fitted.
        self.indices = list(range(first, length, self.step))
        self.first = first
        if len(self.indices) < _MIN_TERMS:
            raise ValueError(
                f"neighbouring sectors need at least {_MIN_TERMS} coefficients that are not zero or noise, "
                f"got {len(self.indices)} among {len(series)} terms: give more terms"
            )
        #: Whether fits are to be robust to errors of the coefficients.
        self.noisy = any(
            isinstance(a, acb) and not a.is_exact() and a.rel_accuracy_bits() < _NOISE_BITS
            for a in series.terms[:length]
        )

    # -- which saddles ------------------------------------------------------------------------------------------------

    def find(self, given: list[_Given] | None, saddles: int | None) -> list[list[_Saddle]]:
        """The saddles, in groups of one modulus, by growing modulus."""
        found: tuple[Singularity, ...] = ()
        if given is None or any(g.exponent is None for g in given) or saddles is not None:
            found = self.series.borel().singularities(min(self.digits, _STARTING_DIGITS))
        if given is None:
            if not found:
                raise ValueError(
                    "no Borel singularity shows in the coefficients: the series converges, or there are too few terms"
                )
            candidates = [_Given(p.location, _known_exponent(p), p.error) for p in found]
        else:
            candidates = [g if g.exponent is not None else _Given(g.action, _exponent_at(g, found)) for g in given]
        representatives = self._representatives(candidates)
        with working_precision(64):
            moduli = [abs(complex(s.action(64))) for s in representatives]
            order = sorted(range(len(representatives)), key=lambda i: moduli[i])
            groups: list[list[_Saddle]] = []
            last = 0.0
            for i in order:
                if groups and moduli[i] <= last * (1 + _SAME_MODULUS):
                    groups[-1].append(representatives[i])
                else:
                    groups.append([representatives[i]])
                    last = moduli[i]
        rest = self._rest(groups, saddles)
        if saddles is not None:
            counts = list(itertools.accumulate(len(group) * self.step for group in groups))
            if saddles not in counts and saddles < counts[-1]:
                size = next(c for c in counts if c > saddles)
                raise SaddleCountError(saddles, found[:size], rest)
            groups = [group for group, count in zip(groups, counts, strict=True) if count <= saddles]
        elif given is not None and rest > LARGEST_REST:
            raise ValueError(
                f"the actions given leave {rest:.0%} of the late coefficients unexplained: the nearest singularities "
                "are others, or more; leave at out to have them found"
            )
        return groups

    def _representatives(self, candidates: Sequence[_Given]) -> list[_Saddle]:
        """One saddle of each orbit under turns by 2 pi/m and, for real coefficients, every conjugate."""
        saddles: list[_Saddle] = []
        seen: list[acb] = []
        conjugations = (False, True) if self.series.is_real else (False,)
        for candidate in candidates:
            for conjugate in conjugations:
                action = _action(candidate.action, conjugate, self.series.is_real)
                with working_precision(128):
                    key = action(128) ** self.step
                    if any(abs(key - k) < arb(10) ** -8 * abs(k) for k in seen):
                        continue
                    seen.append(key)
                assert candidate.exponent is not None, "the caller has found it"
                error = None if candidate.error is None else arb(candidate.error)
                with working_precision(128):
                    doubt = abs(key) * (arb(10) ** -30 + self.step * (error or arb(0)) / abs(action(128)))
                    real = self.series.is_real and not abs(key.imag) > doubt
                saddles.append(_Saddle(action, candidate.exponent, error, real, conjugate))
        return saddles

    def _rest(self, groups: Sequence[Sequence[_Saddle]], saddles: int | None) -> float:
        """The part of the late coefficients that the saddles (the first so many of them) leave open."""
        bits = 256
        flat = [s for group in groups for s in group]
        if saddles is not None:
            flat = flat[: max(1, saddles // self.step)]
        with working_precision(bits):
            if saddles is not None and saddles < self.step:
                # Part of an orbit: all coefficients, of which those that vanish are to be explained as well.
                indices, power = range(self.indices[-1] + 1), 1
            else:
                indices, power = range(self.first, self.indices[-1] + 1, self.step), self.step
            terms, log = [], acb(0)
            for n in range(self.indices[-1] + 1):
                log += acb(max(n, 1)).log()
                if n in indices:
                    [term] = as_balls([self.series.terms[n]], bits)
                    terms.append((term * (-log).exp()).mid())
            sources = [Source((s.action(bits) ** power).mid(), arb(0), acb(_fmpq(s.exponent)), arb(0)) for s in flat]
            return unexplained(terms, sources)

    # -- the fit ------------------------------------------------------------------------------------------------------

    def sectors(self, groups: Sequence[Sequence[_Saddle]]) -> tuple[NeighbouringSector, ...]:
        """The sectors, each from the prefix of the groups and the fit that give it with the least error."""
        flat = [s for group in groups for s in group]
        estimates: list[_Estimates] = [[] for _ in flat]
        for count in itertools.accumulate(map(len, groups)):
            for sought in (True, False) if any(s.error is not None for s in flat[:count]) else (False,):
                for spread in _SPREADS if self.noisy else _SPREADS[:1]:
                    if not all(map(self._is_enough, estimates[:count])):
                        self._search(flat[:count], sought, spread, estimates)
            if all(map(self._is_enough, estimates[:count])) and count == len(flat):
                break
        found = []
        for saddle, tried in zip(flat, estimates, strict=True):
            numbers = _best(tried)
            if numbers is not None and numbers[1][1] < _LARGEST_DOUBT * abs(numbers[1][0]):
                found += self._unfold(saddle, numbers)
        if not found:
            raise ValueError(
                "the fits of the large-order relation do not settle: there are too few coefficients, too much noise in "
                "them, or more singularities near the nearest ones. See borel().singularities()"
            )
        return tuple(found)

    def _search(self, saddles: Sequence[_Saddle], sought: bool, spread: float, estimates: list[_Estimates]) -> None:
        """Fits with more and more corrections, until they get worse or are good enough."""
        idle, best = 0, [math.inf] * len(saddles)
        starts: list[acb] | None = None
        for corrections in _CORRECTIONS:
            if corrections <= self.wanted:
                continue
            unknowns = self._unknowns(saddles, corrections, sought)
            if unknowns > _MAX_UNKNOWNS or spread * unknowns > _LARGEST_SHARE * len(self.indices):
                break
            fitted = self._estimate(saddles, corrections, sought, spread, starts)
            gained = False
            if fitted is not None:
                numbers, starts = fitted
                for k, sector in enumerate(numbers):
                    estimates[k].append(sector)
                    doubt = max(_relative(value, error) for value, error in sector)
                    if doubt < best[k]:
                        best[k], gained = doubt, True
                if all(map(self._is_enough, estimates[: len(saddles)])):
                    break
            idle = 0 if gained else idle + 1
            if idle >= _MAX_IDLE and any(estimates[: len(saddles)]):
                break

    @staticmethod
    def _unknowns(saddles: Sequence[_Saddle], corrections: int, sought: bool) -> int:
        return sum(corrections + 1 + (sought and s.error is not None) for s in saddles)

    def _is_enough(self, estimates: Sequence[_Sector]) -> bool:
        """Whether two fits of a sector are as good as they need to be."""
        goal = 10.0 ** -(self.digits + 1) if self.digits < 300 else 0.0
        return sum(all(_relative(v, e) <= goal for v, e in sector) for sector in estimates) >= 2

    def _estimate(
        self, saddles: Sequence[_Saddle], corrections: int, sought: bool, spread: float, starts: list[acb] | None
    ) -> tuple[list[_Sector], list[acb]] | None:
        """A, S/(2 pi i) and c_k with errors, from this fit and those around it."""
        count = len(self.indices)
        base = self._fit(saddles, corrections, count, sought, spread, starts)
        if base is None:
            return None
        starts = [numbers[0].mid() for numbers in base]
        far = count - max(2, count // _FAR_PART)
        around = [
            (self._fit(saddles, corrections, count - 1, sought, spread, starts), _SAFETY),
            (self._fit(saddles, corrections - 1, count, sought, spread, starts), _SAFETY),
            (self._fit(saddles, corrections, far, sought, spread, starts), _FAR_SAFETY),
        ]
        if not sought:
            for k, saddle in enumerate(saddles):
                if saddle.error is not None:
                    moved = [*saddles[:k], saddle.moved(), *saddles[k + 1 :]]
                    around.append((self._fit(moved, corrections, count, False, spread, None), _MOVED_SAFETY))
        result = []
        for k, numbers in enumerate(base):
            sector = []
            for i, value in enumerate(numbers[: 2 + self.wanted]):
                radius = value.real.rad() + value.imag.rad()
                error = radius
                for other, factor in around:
                    if other is None:
                        return None
                    error = error.max(factor * abs(value.mid() - other[k][i].mid()) + radius)
                sector.append((value.mid(), error.upper().mid()))
            result.append(sector)
        return result, starts

    def _bits(self, saddles: Sequence[_Saddle], corrections: int) -> int:
        unknowns = len(saddles) * (corrections + 2)
        moduli = [abs(complex(s.action(64))) for s in saddles]
        apart = self.indices[-1] * math.log2(max(moduli) / min(moduli))
        return 192 + 4 * self.digits + math.ceil(unknowns * (4 + math.log2(self.indices[-1] + 2)) + apart)

    def _fit(
        self,
        saddles: Sequence[_Saddle],
        corrections: int,
        count: int,
        sought: bool,
        spread: float,
        starts: list[acb] | None,
    ) -> list[_Numbers] | None:
        """A, S/(2 pi i), c_1, ..., c_K of each saddle; by Newton's iteration for A where they are sought."""
        unknowns = self._unknowns(saddles, corrections, sought)
        indices = [self.indices[count - 1 - math.floor(spread * i)] for i in reversed(range(unknowns))]
        if any(indices[0] - float(s.exponent) - corrections <= 1 for s in saddles):
            return None
        bits = self._bits(saddles, corrections)
        with working_precision(bits):
            actions = [s.action(bits) for s in saddles]
            free = [sought and s.error is not None for s in saddles]
            if sought and starts is not None:
                actions = [start if f else a for a, f, start in zip(actions, free, starts, strict=True)]
            data = as_balls([self.series.terms[n] for n in indices], bits)
            goal = arb(10) ** -(self.digits + 12)
            for _ in range(_MAX_ITERATIONS):
                actions = [a.mid() for a in actions]
                solution = self._solve(saddles, actions, free, corrections, indices, data)
                if solution is None:
                    return None
                moves, numbers = [arb(0)], []
                for action, is_free, x in zip(actions, free, solution, strict=True):
                    place = action
                    if is_free:
                        move = -x[0] / x[1]
                        # x_k = S/(2 pi i) (c_k - move c_(k+1)): the actions are right but for the move.
                        x = [y + move * z for y, z in itertools.zip_longest(x[1:], x[2:], fillvalue=acb(0))]
                        place = action + (acb(move.real) if action.imag == 0 else move)
                        moves.append(abs(move.mid()) * indices[-1] / abs(action))
                    numbers.append([place, x[0], *(y / x[0] for y in x[1:])])
                if not all(y.is_finite() for sector in numbers for y in sector):
                    return None
                actions = [sector[0] for sector in numbers]
                # Newton's iteration squares: what the next step would change is the square of this one's.
                if all(move < 0.1 and move * move < goal for move in moves):
                    return numbers
                if not all(move < 1 for move in moves):
                    return None
        return None

    def _solve(
        self,
        saddles: Sequence[_Saddle],
        actions: Sequence[acb],
        free: Sequence[bool],
        corrections: int,
        indices: Sequence[int],
        data: list[acb],
    ) -> list[list[acb]] | None:
        """The coefficients of e_k for each saddle, k from -1 where the action is sought and from 0 elsewhere.

        Solved for those of A^(-beta) e_k = Gamma(n - beta - k) A^(k - n), n = r + m i. Where the coefficients are real
        and A^m is, that is (A/|A|)^(k - r) times a real number; and the others come in pairs, which enter by real and
        imaginary part: all arithmetic is real.
        """
        real = self.series.is_real
        columns: list[list[Any]] = []
        # Rows are divided by e_0 of the first saddle, columns by their largest entries: all are then of order 1.
        size = abs(actions[0])
        first = [acb(n - _fmpq(saddles[0].exponent)).lgamma() for n in indices]
        for saddle, action, is_free in zip(saddles, actions, free, strict=True):
            if saddle.mirrored:
                continue
            entries = []
            factor, ratio, power = action, (size / action) ** self.step, (size / action) ** self.first
            if saddle.real:
                factor, power = acb(abs(action)), acb(abs(power))
                ratio = acb(ratio.real)
            for n, log in zip(indices, first, strict=True):
                x = acb(n - _fmpq(saddle.exponent))
                entry = (x.lgamma() - log).exp() * power * ratio ** ((n - self.first) // self.step)
                if is_free:
                    entry, x = entry * x / factor, x + 1
                row = []
                for _ in range(corrections + 1 + is_free):
                    row.append(entry)
                    x -= 1
                    entry = entry * factor / x
                entries.append(row)
            for column in zip(*entries, strict=True):
                if not real:
                    columns.append(list(column))
                else:
                    columns.append([entry.real for entry in column])
                    if not saddle.real:
                        columns.append([-entry.imag for entry in column])
        # An imaginary part may vanish at one n: the largest entry is the scale.
        scales = [max((abs(entry).upper() for entry in column), key=float) for column in columns]
        rows = [[entry / scale for entry, scale in zip(row, scales, strict=True)] for row in zip(*columns, strict=True)]
        right = [a / (log.exp() * size**-n) for a, log, n in zip(data, first, indices, strict=True)]
        try:
            if real:
                solved: Any = arb_mat(rows).solve(arb_mat(len(right), 1, [a.real for a in right]))
            else:
                solved = acb_mat(rows).solve(acb_mat(len(right), 1, right))
        except ZeroDivisionError:
            return None
        values = iter([acb(solved[i, 0]) / scale for i, scale in enumerate(scales)])
        result: list[list[acb]] = []
        for saddle, action, is_free in zip(saddles, actions, free, strict=True):
            if saddle.mirrored:
                result.append([x.conjugate() for x in result[-1]])
                continue
            count = corrections + 1 + is_free
            if real and not saddle.real:
                found = [(next(values) + acb(0, 1) * next(values)) / 2 for _ in range(count)]
            else:
                found = [next(values) for _ in range(count)]
            power = action ** -acb(_fmpq(saddle.exponent))
            if saddle.real:
                unit = action / abs(action)
                found = [x * unit ** (self.first - k) for k, x in enumerate(found, -is_free)]
            result.append([x * power for x in found])
        return result

    # -- out ----------------------------------------------------------------------------------------------------------

    def _unfold(self, saddle: _Saddle, numbers: _Sector) -> list[NeighbouringSector]:
        """The sectors of an orbit: the saddle and its images under turns by 2 pi/m.

        B(w z) = w^r B(z) for w = exp(2 pi i/m) and r the first index: S c_k A^(beta + k) is w^r times as large at w A.
        """
        bits = self._bits([saddle], 4)
        found = []
        with working_precision(bits):
            (action, action_error), (constant, constant_error) = numbers[:2]
            beta = acb(_fmpq(saddle.exponent))
            for j in range(self.step):
                turn = acb(fmpq(2 * j, self.step)).exp_pi_i()
                place = action * turn if 2 * j != self.step else -action
                factor = 2 * acb.pi() * acb(0, 1) / self.step
                if j:
                    factor *= turn**self.first * (beta * (action.log() - place.log())).exp()
                stokes = constant * factor
                fluctuations = [_enclosed(c * turn**-k, error) for k, (c, error) in enumerate(numbers[2:], 1)]
                found.append(
                    NeighbouringSector(
                        enclosure(saddle.action(bits) * turn, "certified", "given")
                        if saddle.error is None
                        else _enclosed(place, action_error),
                        saddle.exponent,
                        _enclosed(stokes, constant_error * abs(factor)),
                        tuple(fluctuations),
                    )
                )
        return found


def _enclosed(value: acb, error: arb) -> Enclosure:
    return enclosure(value, "estimated", _METHOD, midpoint(arb(error.upper())))


def _relative(value: acb, error: arb) -> float:
    """The error relative to the value, or to 1 where that is larger: c_k may vanish."""
    return float((error / abs(value).max(arb(1))).mid())


def _best(tried: Sequence[_Sector]) -> _Sector | None:
    """Each number with its least error, widened to reach the next best; None without two fits."""
    if len(tried) < 2:
        return None
    result = []
    for values in zip(*tried, strict=True):
        (best, error), (second, _) = sorted(values, key=lambda value: float(value[1]))[:2]
        result.append((best, error.max(2 * abs(best - second)).upper().mid()))
    return result


def _known_exponent(point: Singularity) -> Fraction:
    if isinstance(point.exponent, Fraction):
        return point.exponent
    raise ValueError(
        f"the exponent of the Borel singularity at {point.location_enclosure.short(8)} is not recognised as a rational "
        "number: give at and exponents, or more coefficients"
    )


def _exponent_at(given: _Given, found: Sequence[Singularity]) -> Fraction:
    with working_precision(128):
        here = ball(given.action, 128)
        for point in found:
            there = ball(point.location, 128)
            if abs(here - there) <= arb(point.error) + arb(10) ** -10 * abs(here):
                return _known_exponent(point)
    raise ValueError(
        f"no Borel singularity is seen at {given.action}, so that its exponent cannot be told: give it in exponents"
    )


def _action(value: object, conjugate: bool, real: bool) -> Callable[[int], acb]:
    def action(bits: int) -> acb:
        place = ball(value, bits)
        if real and place.imag.contains(0):
            place = acb(place.real)
        return place.conjugate() if conjugate else place

    return action


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)
