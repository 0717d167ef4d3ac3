"""Borel germs that are known beyond their coefficients, and those in closed form.

With Phi(g) = sum a_n g^n and B(z) = sum a_n z^n/n!, a :class:`ClosedForm` knows

    Phi(g) = (1/g) int_0^(inf e^(i theta)) exp(-z/g) B(z) dz

along every ray theta on the first sheet of B, as a function that balls can evaluate. Near a singularity A, with
exponent beta and Stokes constant S,

    B(z) ~ K (1 - z/A)^beta,   or   -(S/(2 pi i)) log(1 - z/A)  for beta = 0,      S = 2 pi i K A^(-beta)/Gamma(-beta),
    a_n ~ S/(2 pi i) Gamma(n - beta)/A^(n - beta),
    S_above Phi - S_below Phi = S exp(-A/g) g^beta (1 + O(g))      across the ray through A,

with principal branches of powers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from flint import acb, arb, fmpq, fmpz_poly

from .errors import StokesLineError
from .numbers import Enclosure, Status, rational, working_precision
from .rays import Ray, Side

__all__ = ["CertifiedSingularity", "ClosedForm", "ExactSingularity", "Germ", "Hypergeometric", "Stirling"]

#: Bits above those asked for in the first evaluation; each further one has twice as many.
_GUARD_BITS = 24

#: Bits that are had for nothing: fewer are not worth the second evaluation that they often lead to.
_LEAST_BITS = 64

#: Evaluations before a ball is returned as wide as it is: that many in all, or without gain. FLINT changes its method
#: with the precision, so that more of it may for a while give less.
_MAX_EVALUATIONS = 6
_MAX_IDLE = 3


def _kind(exponent: Fraction) -> str:
    if exponent.denominator > 1:
        return "branch point"
    return "pole" if exponent < 0 else "logarithm"


@dataclass(frozen=True)
class ExactSingularity:
    """A singularity of a Borel germ, exactly.

    Attributes
    ----------
    location : sympy.Expr
        A.
    exponent : Fraction
        beta: -1 for a simple pole, 0 for a logarithm, 1/2 for a square root.
    stokes_constant : sympy.Expr or None
        S, normalised as in the head of this module; None where no closed form of it is known.
    """

    location: sympy.Expr
    exponent: Fraction
    stokes_constant: sympy.Expr | None

    @property
    def kind(self) -> str:
        """``"pole"``, ``"logarithm"`` or ``"branch point"``."""
        return _kind(self.exponent)

    def __str__(self) -> str:
        stokes = "" if self.stokes_constant is None else f", Stokes constant {self.stokes_constant}"
        return f"{self.kind} at {self.location}, exponent {self.exponent}{stokes}"

    def _repr_latex_(self) -> str:
        exponent = sympy.latex(sympy.Rational(self.exponent.numerator, self.exponent.denominator))
        stokes = "" if self.stokes_constant is None else rf",\quad S = {sympy.latex(self.stokes_constant)}"
        return rf"$A = {sympy.latex(self.location)},\quad \beta = {exponent}{stokes}$ ({self.kind})"


@dataclass(frozen=True)
class CertifiedSingularity:
    """A singularity of a Borel germ whose place is exact and whose strength is enclosed.

    Attributes
    ----------
    location : AlgebraicNumber, AlgebraicDifference or sympy.Expr
        A.
    exponent : Fraction
        beta, as for :class:`ExactSingularity`; a logarithm times (z - A)^n has beta = n.
    stokes_constant : Enclosure
        S, as for :class:`ExactSingularity`.
    """

    location: Any
    exponent: Fraction
    stokes_constant: Enclosure

    @property
    def kind(self) -> str:
        """``"pole"``, ``"logarithm"`` or ``"branch point"``."""
        return _kind(self.exponent)

    def __str__(self) -> str:
        from .verification import exact_text

        where = exact_text(self.location)
        return f"{self.kind} at {where}, exponent {self.exponent}, Stokes constant {self.stokes_constant}"


class Germ(ABC):
    """A Borel germ of which more is known than its coefficients: sums of it are certified.

    Attributes
    ----------
    status : str
        ``"certified"``, or ``"estimated"`` where what is known of the germ has not been proved.
    method : str
        What the sums rest on, in a few words.
    """

    status: Status = "certified"
    method: str = "closed form of the Borel germ"

    @abstractmethod
    def sum(self, g: object, bits: int, *, side: Side | None = None, direction: object | None = None) -> acb:
        """The Borel sum of Phi at g: a ball that contains it, to about ``bits`` relative bits.

        See :meth:`ClosedForm.sum` for the arguments and the errors raised.
        """

    @abstractmethod
    def singularities(self, count: int = 8) -> tuple[ExactSingularity | CertifiedSingularity, ...]:
        """The singularities of B on its first sheet, nearest first; only ``count`` of infinitely many."""


class ClosedForm(Germ):
    """What a germ in closed form provides: coefficients, singularities, and sums along rays.

    A new germ defines the first two and ``sheet`` and ``evaluate``; ``sum`` is theirs put together.
    """

    @abstractmethod
    def coefficients(self, count: int) -> list[fmpq]:
        """a_0, ..., a_(count - 1), exactly."""

    @abstractmethod
    def singularities(self, count: int = 8) -> tuple[ExactSingularity, ...]:
        """The singularities of B on its first sheet, nearest first; only ``count`` of infinitely many."""

    @abstractmethod
    def sheet(self, ray: Ray) -> Side | None:
        """Which of the functions that Phi sums to is meant: those above and below a Stokes line, or their mean.

        None where that does not matter. Raises StokesLineError where it does and the ray does not say.
        """

    @abstractmethod
    def evaluate(self, g: acb, sheet: Side | None) -> acb:
        """That function at g, at flint's current precision; ``sheet`` is what :meth:`sheet` said."""

    def sum(self, g: object, bits: int, *, side: Side | None = None, direction: object | None = None) -> acb:
        """The Borel sum of Phi at g: a ball that contains it.

        Parameters
        ----------
        g : number
            The coupling; not zero.
        bits : int
            Relative accuracy aimed at. The ball is wider where g itself is one, and it says so.
        side : {"above", "below", "median"}, optional
            How to pass a singularity on the ray: counterclockwise of it, clockwise, or the mean of both. Without a
            singularity on the ray all three are the same.
        direction : real number, optional
            Angle of the ray in radians, less than pi/2 away from arg g; by default arg g.

        Returns
        -------
        acb
            Phi(g), without the prefactor of a series.

        Raises
        ------
        StokesLineError
            Where there is a singularity on the ray and no side is given.
        ValueError, TypeError
            As :class:`resurgence.rays.Ray`.

        Examples
        --------
        >>> euler = Hypergeometric(1, 1, 1)
        >>> above, below = (euler.sum("1/10", 64, side=side) for side in ("above", "below"))
        >>> import math
        >>> abs((above - below) - 2j * math.pi * 10 * math.exp(-10)) < 1e-15
        True
        """
        ray = Ray(g, side, direction)
        sheet = self.sheet(ray)
        return refine(lambda precision: self.evaluate(ray.coupling(precision), sheet), bits)


def refine(evaluate: Callable[[int], acb], bits: int) -> acb:
    """Evaluate at growing precision, until the ball is good to ``bits`` relative bits or does not get better."""
    best, idle = acb("nan"), 0
    for doublings in range(_MAX_EVALUATIONS):
        precision = (max(bits, _LEAST_BITS) + _GUARD_BITS) << doublings
        with working_precision(precision):
            value = evaluate(precision)
            if value.is_finite() and value.rad() < best.rad():
                best, idle = value, 0
            else:
                idle += 1
        if idle == _MAX_IDLE or (best.is_finite() and best.rel_accuracy_bits() >= bits):
            break
    return best


def pass_singularity(ray: Ray, singularity: ExactSingularity) -> Side | None:
    """On which side of a singularity the ray lies, or is to be taken to lie; None where it points away from it."""
    passes = ray.passes(singularity.location)
    if passes == "opposite":
        return None
    if passes != "through":
        return passes
    if ray.side is None:
        raise StokesLineError([singularity])
    return ray.side


def half_plane(ray: Ray, singularities: Sequence[ExactSingularity]) -> Side:
    """Of an even germ singular on the whole imaginary axis: ``"below"`` its upper half or ``"above"`` it.

    Across the lower half of the axis it is the other way round: turning the ray by pi is turning g.
    """
    passes = ray.passes(sympy.I)
    if passes in ("above", "below"):
        return passes
    upper = passes == "through"
    if ray.side is None:
        raise StokesLineError([s for s in singularities if (sympy.im(s.location) > 0) == upper])
    if upper or ray.side == "median":
        return ray.side
    return "below" if ray.side == "above" else "above"


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hypergeometric(ClosedForm):
    """The germ ``B(z) = 2F1(a, b; 1; z/zeta)``, of the series ``Phi(g) = 2F0(a, b; ; g/zeta)``.

    Its sum is ``w^a U(a, a - b + 1, w)`` with Kummer's U and w = -zeta/g (DLMF 13.4.17 and 13.7.3), continued past
    arg w = pi and -pi where the ray is turned beyond the one through zeta.

    Parameters
    ----------
    a, b : rational
        Either a non-positive integer: the series ends.
    singularity : rational
        zeta, where the germ is singular; not zero.

    Examples
    --------
    >>> airy = Hypergeometric("1/6", "5/6", "1/6")
    >>> airy.coefficients(4)
    [1, 5/6, 385/72, 85085/1296]
    >>> print(airy.singularities()[0])
    logarithm at 1/6, exponent 0, Stokes constant I
    """

    a: Fraction
    b: Fraction
    singularity: Fraction

    def __init__(self, a: object, b: object, singularity: object) -> None:
        for name, value in (("a", a), ("b", b), ("singularity", singularity)):
            exact = rational(value)
            if exact is None:
                raise ValueError(f"{name} must be rational, got {value}")
            object.__setattr__(self, name, Fraction(int(exact.p), int(exact.q)))
        if self.singularity == 0:
            raise ValueError("the singularity must not be at 0")

    @property
    def terminates(self) -> bool:
        """Whether the series is a polynomial."""
        return any(p.denominator == 1 and p <= 0 for p in (self.a, self.b))

    def coefficients(self, count: int) -> list[fmpq]:
        a, b, zeta = _fmpq(self.a), _fmpq(self.b), _fmpq(self.singularity)
        terms, term = [], fmpq(1)
        for n in range(count):
            terms.append(term)
            term = term * (a + n) * (b + n) / ((n + 1) * zeta)
        return terms

    def singularities(self, count: int = 8) -> tuple[ExactSingularity, ...]:
        if self.terminates:
            return ()
        a, b, zeta = (sympy.Rational(x.numerator, x.denominator) for x in (self.a, self.b, self.singularity))
        if a + b == 1:
            stokes = sympy.expand(2 * sympy.I * sympy.cos(sympy.pi * (a - b) / 2))
        else:
            stokes = 2 * sympy.pi * sympy.I * zeta ** (a + b - 1) / (sympy.gamma(a) * sympy.gamma(b))
        return (ExactSingularity(zeta, 1 - self.a - self.b, stokes),)

    def sheet(self, ray: Ray) -> Side | None:
        return None if self.terminates else pass_singularity(ray, self.singularities()[0])

    def evaluate(self, g: acb, sheet: Side | None) -> acb:
        if self.terminates:
            degree = min(-int(p) for p in (self.a, self.b) if p.denominator == 1 and p <= 0)
            total = acb(0)
            for term in reversed(self.coefficients(degree + 1)):
                total = total * g + term
            return total
        x = acb(_fmpq(self.singularity)) / g
        if sheet is None or x.real < 0:
            return self._away_from_the_line(-x)
        if self.a.denominator == self.b.denominator == 1:
            return self._rational_germ(x, sheet)
        return self._near_the_line(x, sheet)

    def _away_from_the_line(self, w: acb) -> acb:
        a, c = _fmpq(self.a), _fmpq(self.a - self.b + 1)
        return w ** acb(a) * w.hypgeom_u(acb(a), acb(c))

    def _near_the_line(self, x: acb, sheet: Side) -> acb:
        """w^a U(a, c, w) at w = x e^(+-i pi), the upper sign above: DLMF 13.2.41 solved for that U, with 13.2.39.

        Every function in it is analytic where Re x > 0, so balls may lie across the line.
        """
        p, q = (self.a, self.b) if self.b.denominator > 1 else (self.b, self.a)
        a, b, c = acb(_fmpq(p)), acb(_fmpq(q)), acb(_fmpq(p - q + 1))
        growing = (-x).hypgeom_1f1(a, c, regularized=True)
        decaying = (-x).exp() * x.hypgeom_u(1 - b, c) * a.rgamma()
        phase = (1 - b).exp_pi_i()
        if sheet == "median":
            phase = acb(phase.real)
        elif sheet == "above":
            phase = phase.conjugate()
        return x**a * (1 - b).gamma() * (growing - phase * decaying)

    def _rational_germ(self, x: acb, sheet: Side) -> acb:
        """The sum where a and b are positive integers: B is a polynomial in 1/t, t = 1 - z/zeta.

        By Euler's transformation (DLMF 15.8.1) B = t^(1-a-b) 2F1(1-a, 1-b; 1; 1-t). The sums L_j of t^(-j) follow from
        L_1 = x exp(-x) (Ei(x) +- i pi) by L_(j+1) = (x/j) (L_j - 1), integrating by parts.
        """
        a, b = int(self.a), int(self.b)
        numerator = fmpz_poly([math.comb(a - 1, k) * math.comb(b - 1, k) for k in range(min(a, b))])(fmpz_poly([1, -1]))
        half_turn = {"above": 1, "below": -1, "median": 0}[sheet] * acb(0, arb.pi())
        power_sum, total = x * (-x).exp() * (x.ei() + half_turn), acb(0)
        for j in range(1, a + b):
            total += numerator[a + b - 1 - j] * power_sum
            power_sum = x / j * (power_sum - 1)
        return total


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stirling(ClosedForm):
    """The germ of Stirling's series: ``g Phi(g) = log Gamma(x) - (x - 1/2) log x + x - log(2 pi)/2``, x = 1/g.

    a_(2k) = B_(2k+2)/((2k+1)(2k+2)), the odd ones vanish, and by Binet's first formula (DLMF 5.9.10)

        B(z) = (1/z) (1/(e^z - 1) - 1/z + 1/2),

    with simple poles at 2 pi i k for every integer k except 0.

    Examples
    --------
    >>> Stirling().coefficients(5)
    [1/12, 0, -1/360, 0, 1/1260]
    >>> print(Stirling().singularities(2)[1])
    pole at -2*I*pi, exponent -1, Stokes constant 1
    """

    def coefficients(self, count: int) -> list[fmpq]:
        bernoulli = fmpq.bernoulli
        return [fmpq(0) if n % 2 else bernoulli(n + 2) / ((n + 1) * (n + 2)) for n in range(count)]

    def singularities(self, count: int = 8) -> tuple[ExactSingularity, ...]:
        indices = [k for n in range(1, count // 2 + 2) for k in (n, -n)][:count]
        return tuple(ExactSingularity(2 * sympy.pi * sympy.I * k, Fraction(-1), sympy.Rational(-1, k)) for k in indices)

    def sheet(self, ray: Ray) -> Side:
        """``"below"`` the positive imaginary axis is the right half-plane, ``"above"`` it the left one."""
        return half_plane(ray, self.singularities())

    def evaluate(self, g: acb, sheet: Side | None) -> acb:
        x = 1 / g
        if sheet == "below":
            return x * _binet(x)
        # B is even, so that turning the ray by pi is turning g.
        if sheet == "above":
            return -x * _binet(-x)
        return x * (_binet(x) - _binet(-x)) / 2


def _binet(x: acb) -> acb:
    """Binet's function: log Gamma(x) less its growing terms, analytic off the negative axis (DLMF 5.11.1)."""
    half = acb(fmpq(1, 2))
    return x.lgamma() - (x - half) * x.log() + x - half * (2 * acb.pi()).log()


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)
