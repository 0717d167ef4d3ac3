"""The Borel-Leroy transform of a formal series: a germ at the origin of the Borel plane.

    B_s(z) = sum a_n z^n / Gamma(n + 1 + s)                              (mathematics: Mitschi & Sauzin 2016, chapter 5)

Its singularities sit where the differences of actions are, whatever s is; s shifts their exponents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import mpmath
import sympy
from flint import acb, fmpq

from .coefficient import Coefficient, for_people
from .gevrey import growth, is_convergent
from .numbers import Enclosure, ball, bits_for, check_digits, enclosure, rational, working_precision
from .power_series import accuracy_bits, as_balls
from .series import FormalSeries

if TYPE_CHECKING:
    from .continuation.pade import Pade
    from .continued_sum import Method
    from .singularities import Singularity

__all__ = ["BorelTransform"]


class BorelTransform:
    """The germ ``sum a_n z^n / Gamma(n + 1 + leroy)`` of a :class:`FormalSeries`.

    Parameters
    ----------
    series : FormalSeries
        Its prefactor plays no part: the germ is that of Phi.
    leroy : rational, optional
        s > -1.

    Raises
    ------
    TypeError, ValueError
        For a ``series`` of another type, and for ``leroy`` not rational or not above -1.

    Examples
    --------
    >>> import math
    >>> b = FormalSeries.from_function(math.factorial, 20).borel()
    >>> b
    <BorelTransform, 20 terms, leroy 0: 1 + z + z^2 + z^3 + ... + O(z^20)>
    >>> round(float(b.radius().value.real), 6)
    1.0
    """

    def __init__(self, series: FormalSeries, leroy: object = 0) -> None:
        if not isinstance(series, FormalSeries):
            raise TypeError(f"a Borel transform is taken of a FormalSeries, got {series!r}")
        s = rational(leroy)
        if s is None or s <= -1:
            raise ValueError(f"leroy must be a rational number above -1, got {leroy}")
        self.series = series
        self.leroy = Fraction(int(s.p), int(s.q))
        self._singularities: dict[int, tuple[Singularity, ...]] = {}

    @cached_property
    def terms(self) -> tuple[Any, ...]:
        """a_n / (1 + s)_n: the coefficients but for the common factor 1/Gamma(1 + s), which is 1 for s = 0 and 1."""
        s = fmpq(self.leroy.numerator, self.leroy.denominator)
        terms, rising = [], fmpq(1)
        for n, a in enumerate(self.series.terms):
            if n:
                rising = rising * (s + n)
            terms.append(self._divide(a, rising))
        return tuple(terms)

    def _divide(self, a: Any, by: fmpq) -> Any:
        if not isinstance(a, acb):
            return a / by
        with working_precision(64 + accuracy_bits(a)):
            return a / acb(by)

    @cached_property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """b_0, b_1, ...: exact where that is possible (s an integer and exact a_n), enclosures otherwise."""
        exact = self.rationals()
        if exact is not None:
            return tuple(for_people(b) for b in exact)
        if self.leroy == 0:
            return tuple(for_people(b) for b in self.terms)
        return tuple(for_people(b, "certified" if self.is_exact else "estimated") for b in self.balls(212))

    def __len__(self) -> int:
        return len(self.series)

    @property
    def is_exact(self) -> bool:
        """Whether the coefficients can be had to any precision."""
        return self.series.is_exact

    @property
    def is_real(self) -> bool:
        """Whether every coefficient is known to be real."""
        return self.series.is_real

    def rationals(self) -> list[fmpq] | None:
        """The coefficients as rationals, or None where they are not all known to be rational."""
        if self.leroy.denominator != 1 or not all(isinstance(t, fmpq) for t in self.terms):
            return None
        scale = fmpq(math.factorial(int(self.leroy)))
        return [t / scale for t in self.terms]

    def balls(self, bits: int) -> list[acb]:
        """The coefficients as balls: to ``bits`` bits where they are exact, as good as they are otherwise."""
        terms = as_balls(self.terms, bits)
        if self.leroy == 0:
            return terms
        scale = ball(sympy.gamma(sympy.Rational(self.leroy.numerator, self.leroy.denominator) + 1), bits + 16)
        with working_precision(bits + 16):
            return [t / scale for t in terms]

    def radius(self) -> Enclosure:
        """Estimate the radius of convergence from the growth of the coefficients.

        Raises
        ------
        ValueError
            With fewer than 12 non-zero coefficients, and where the series is not Gevrey-1: for a convergent one the
            germ is entire, for a faster-growing one the radius is 0.
        """
        if is_convergent(self.series):
            raise ValueError("the series converges: its Borel transform is entire and has no finite radius")
        slope, spread = growth(self.terms, factorial=False)
        value = math.exp(-slope)
        return Enclosure(
            mpmath.mpc(value),
            mpmath.mpf(value * math.expm1(min(spread, 700.0))),
            "estimated",
            "least squares of log|b_n|, six times the spread over windows",
        )

    def pade(self, m: int, n: int) -> Pade:
        """The [m/n] Padé approximant; see :class:`resurgence.continuation.pade.Pade`."""
        from .continuation.pade import Pade

        return Pade(self, m, n)

    def continue_along(self, path: Sequence[object], digits: int = 30) -> Enclosure:
        """The plain Borel transform (leroy 0), continued along a polyline from 0, at its end.

        Parameters
        ----------
        path : sequence of numbers
            The corners, without 0; the last is where the value is wanted.
        digits : int
            Relative accuracy to aim for.

        Returns
        -------
        Enclosure
            ``certified`` (``estimated`` where the equation of the germ is a guess).

        Raises
        ------
        ValueError
            Where no linear equation of the germ is known, or the path runs into a singular point of it.

        Examples
        --------
        log(1 + z) at z = 1, and there again after a turn around -1:

        >>> b = FormalSeries.from_ode("x^3*y'' + (x^2 + x)*y' - y = 0", [0, 1]).borel()
        >>> print(b.continue_along([1], digits=10).short(10))
        0.6931471806
        >>> print(b.continue_along(["1j", -2, "-1j", 1], digits=10).short(10))
        0.6931471806 + 6.283185307j
        """
        from .linear_germ import LinearGerm

        germ = self.series.germ
        if not isinstance(germ, LinearGerm):
            raise ValueError(
                "the germ can be continued along a path where a linear equation of it is known: make the series by "
                "from_ode, guess_ode or an action's expand"
            )
        if self.leroy != 0:
            raise ValueError(f"the plain Borel transform is continued, of leroy 0, got leroy {self.leroy}")
        bits = bits_for(check_digits(digits))
        corners = [ball(z, 4 * bits + 64) for z in path]
        if not corners:
            raise ValueError("a path has at least one point: the one where the value is wanted")
        return enclosure(germ.continuation(corners, bits), germ.status, germ.method)

    def continued_to(self, z: object, digits: int = 30, *, continuation: Method = "auto") -> Enclosure:
        """The germ at a point outside its disc, continued from its coefficients along the straight segment from 0.

        Parameters
        ----------
        z : number
        digits : int, optional
            Digits to aim for; the error says how many were reached.
        continuation : str, optional
            As for :func:`~resurgence.borel_sum`.

        Returns
        -------
        Enclosure
            ``estimated``: the error is a multiple of the spread between approximants. :meth:`continue_along` certifies
            where the germ's equation is known.

        Raises
        ------
        TypeError, ValueError
            For a point or a continuation that makes no sense, at a pole, and where the continuation has no
            approximants for this germ.

        Examples
        --------
        >>> from fractions import Fraction
        >>> log = FormalSeries.from_function(lambda n: Fraction((-1) ** n * math.factorial(n), n + 1), 40).borel()
        >>> print(log.continued_to(1, 12, continuation="pade").short(20))  # log(1 + z)/z
        0.69314718055994530942
        >>> log.continued_to(1000, 6, continuation="pade").digits, log.continued_to(1000, 6).digits >= 6
        (0, True)
        """
        from .continued_sum import METHODS, continued_value

        if continuation not in METHODS:
            raise ValueError(f"continuation must be one of {', '.join(METHODS)}, got {continuation!r}")
        ball(z, 64)  # refuses what is not a finite number before any work
        return continued_value(self, z, check_digits(digits), continuation)

    def singularities(self, digits: int = 20) -> tuple[Singularity, ...]:
        """The nearest singularities, from the coefficients alone; see :mod:`resurgence.singularities`."""
        from .singularities import find_singularities

        if digits not in self._singularities:
            self._singularities[digits] = find_singularities(self, digits)
        return self._singularities[digits]

    def __repr__(self) -> str:
        terms = FormalSeries(self.rationals() or self.balls(64))
        return f"<BorelTransform, {len(self)} terms, leroy {self.leroy}: {str(terms).replace('g', 'z')}>"

    def _repr_latex_(self) -> str:
        terms = FormalSeries(self.rationals() or self.balls(64))
        return terms._repr_latex_().replace("g", "z")
