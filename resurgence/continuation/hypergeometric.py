"""Hypergeometric approximants of a germ: the ratio of consecutive coefficients made a rational function.

With b(z) = sum b_n z^n and polynomials P, Q of degree L,

    b_(n+1)/b_n = P(n)/Q(n)     for n = 0, ..., N - 2      =>      f(z) = b_0 pFq(upper; lower; z/zeta),

p = q + 1: -P's roots are the upper parameters and -Q's the lower ones, and zeta is the ratio of the leading
coefficients (Mera, Pedersen & Nikolic 2015, Phys. Rev. Lett. 115, 143001; 2018, Phys. Rev. D 97, 105027, where the
Laplace integral of f is a Meijer G-function). N = 2L + 2 coefficients determine them; N = 2L + 1 do where Q(-1) = 0 is
asked for, as it is for pFq with one upper parameter other than 1 more. A few coefficients of a germ with one nearest
singularity thus give its place, its exponent and a cut.

With theta = z d/dz, f solves theta Q(theta - 1) f = z (theta + 1) P(theta) f. That equation has singular points at 0,
zeta and infinity only, and continues f along any path by certified steps (:mod:`resurgence.linear_system`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from itertools import count, pairwise

from flint import acb, acb_mat, acb_poly, arb, fmpq, fmpq_mat, fmpq_poly

from resurgence.borel import BorelTransform
from resurgence.continuation.quadratic import whole_number
from resurgence.differential_operator import DifferentialOperator
from resurgence.frobenius import PowerSeriesGerm
from resurgence.linear_system import EXACT_BITS, LinearSystem
from resurgence.numbers import Enclosure, bits_for, check_digits, enclosure, roots_with_multiplicity, working_precision

__all__ = ["MOST_TERMS", "HypergeometricApproximant", "approximants"]

#: Coefficients that an approximant is made of at the most: the order of its equation, and the size of the numbers in
#: it, grow with them, and what it is good for is a few coefficients.
MOST_TERMS = 24

#: Coefficients of the smallest approximant, b_0/(1 - z/zeta), and of the smallest with neighbours enough for an error.
MIN_TERMS, MIN_TERMS_WITH_NEIGHBOURS = 2, 4

#: Approximants of lower order that are given beside the main one, and orders that are tried for them.
NEIGHBOURS, TRIED = 4, 8

#: Up to this share of |zeta| values come from the power series at 0; from there on from steps.
DISC = 0.4

#: Bits beyond those asked for in the first evaluation, and evaluations before a ball is returned as wide as it is.
GUARD_BITS, EVALUATIONS = 30, 5


class HypergeometricApproximant:
    """The hypergeometric approximant of the first coefficients of a germ.

    Parameters
    ----------
    borel : BorelTransform
        With rational coefficients; ``terms`` are used: for a Leroy parameter s the germ is B_s(z) Gamma(1 + s).
    count : int
        How many, from 2 to ``MOST_TERMS``.

    Raises
    ------
    TypeError
        For a ``count`` that is not an integer.
    ValueError
        For coefficients that are not rational, or zero in between; for too few or too many; where no rational function
        takes the ratios as its values, or one with a pole at an integer n >= N - 1, or without a finite limit other
        than 0: a germ that is entire or has radius 0.

    Notes
    -----
    A germ that is hypergeometric is reproduced exactly as soon as the coefficients determine it. Leading zeros of the
    series are a power of z in front.

    Examples
    --------
    The quartic oscillator's germ 2F1(1/4, 3/4; 1; -4z), from 5 coefficients:

    >>> from resurgence import models
    >>> f = HypergeometricApproximant(models.quartic.series(5).stripped().borel(), 5)
    >>> f
    <HypergeometricApproximant [2/1] hypergeometric: singular at -1/4, exponent 0>
    >>> [[p.short(3) for p in side] for side in f.parameters(3)]
    [['0.250', '0.750'], ['1.00']]
    >>> print(f.values([acb(10)], 64)[0].real.str(15, radius=False))
    0.451098804299690
    """

    def __init__(self, borel: BorelTransform, count: int) -> None:
        size, most = whole_number(count), min(MOST_TERMS, len(borel))
        if not MIN_TERMS <= size <= most:
            raise ValueError(
                f"a hypergeometric approximant takes from {MIN_TERMS} to {most} coefficients here, got {size}"
            )
        given = borel.terms[:size]
        if not all(isinstance(t, fmpq) for t in given):
            raise ValueError(
                "hypergeometric approximants are made of rational coefficients: give decimals as text or Fractions"
            )
        self.shift = next((n for n, t in enumerate(given) if t != 0), size)
        self._terms = [t for t in given[self.shift :] if isinstance(t, fmpq)]
        if len(self._terms) < MIN_TERMS or any(t == 0 for t in self._terms):
            raise ValueError("the ratios of coefficients are needed, of which some are zero: write the series in g^m")
        free, odd = divmod(len(self._terms), 2)
        self.level = free if odd else free - 1
        self._given = odd
        self._ratio = self._interpolate(bool(odd))
        self._rays: dict[int, _Ray] = {}
        self._loss = GUARD_BITS

    @property
    def name(self) -> str:
        """``"[L/L] hypergeometric"``, or ``"[L/L-1] ..."`` where the factor n + 1 of Q was given."""
        return f"[{self.level}/{self.level - self._given}] hypergeometric"

    def __repr__(self) -> str:
        return f"<HypergeometricApproximant {self.name}: singular at {self.singularity}, exponent {self.exponent}>"

    # -----------------------------------------------------------------------------------------------------------------
    # The function of n

    def _interpolate(self, vanishes: bool) -> tuple[fmpq_poly, fmpq_poly]:
        """P and Q in lowest terms; ``vanishes``: with Q(-1) = 0."""
        size = self.level + 1
        ratios = [after / before for before, after in zip(self._terms, self._terms[1:], strict=False)]
        rows = [
            [fmpq(n) ** k for k in range(size)] + [-ratio * fmpq(n) ** k for k in range(size)]
            for n, ratio in enumerate(ratios)
        ]
        if vanishes:
            rows.append([fmpq(0)] * size + [fmpq(-1) ** k for k in range(size)])
        # Every solution of these equations is the same function (Baker & Graves-Morris 1996, section 7.1).
        reduced, rank = fmpq_mat(rows).rref()
        pivots = [next(j for j in range(2 * size) if reduced[i, j] != 0) for i in range(rank)]
        free = next(j for j in range(2 * size) if j not in pivots)
        values = [fmpq(0)] * (2 * size)
        values[free] = fmpq(1)
        for i, j in enumerate(pivots):
            values[j] = -reduced[i, free]
        p, q = fmpq_poly(values[:size]), fmpq_poly(values[size:])
        common = p.gcd(q)
        p, q = p // common, q // common
        if any(q(fmpq(n)) == 0 or p(fmpq(n)) != ratio * q(fmpq(n)) for n, ratio in enumerate(ratios)):
            raise ValueError(
                f"the {self.name} approximant does not exist: no such function of n has these ratios as values"
            )
        if p.degree() != q.degree():
            kind = "entire" if p.degree() < q.degree() else "of radius 0"
            raise ValueError(f"the ratios of the {self.name} approximant have no finite limit but 0: it is {kind}")
        poles = [n for n in _integer_roots(q) if n >= len(ratios)]
        if poles:
            raise ValueError(
                f"the {self.name} approximant has no coefficient number {poles[0] + 1}: take another order"
            )
        return p, q

    @property
    def singularity(self) -> Fraction:
        """zeta, where it is singular."""
        p, q = self._ratio
        zeta = q[q.degree()] / p[p.degree()]
        return Fraction(int(zeta.p), int(zeta.q))

    @property
    def exponent(self) -> Fraction:
        """beta: the coefficients go like n^(-1-beta) zeta^(-n)."""
        p, q = self._ratio
        degree = p.degree()
        beta = q[degree - 1] / q[degree] - p[degree - 1] / p[degree] - 1 if degree else fmpq(-1)
        return Fraction(int(beta.p), int(beta.q))

    @cached_property
    def is_defective(self) -> bool:
        """Whether the ratio has a real zero or pole n beyond those known.

        A zero and a pole there that all but cancel are what a Froissart doublet is to a Padé approximant: nothing in
        the coefficients speaks for them, and f grows like z^n where the germ does not.
        """
        with working_precision(64):
            roots = [z for polynomial in self._ratio for z, _ in roots_with_multiplicity(polynomial.numer())]
            return any(z.imag.is_zero() and z.real > len(self._terms) - 2 for z in roots)

    def parameters(self, digits: int = 30) -> tuple[tuple[Enclosure, ...], tuple[Enclosure, ...]]:
        """The upper and the lower parameters of pFq, certified as the approximant's, by growing real part."""
        bits = bits_for(check_digits(digits))
        p, q = self._ratio
        one = fmpq_poly([1, 1])
        upper, lower = (p, q // one) if q(fmpq(-1)) == 0 else (p * one, q)
        return self._negated_roots(upper, bits), self._negated_roots(lower, bits)

    def _negated_roots(self, polynomial: fmpq_poly, bits: int) -> tuple[Enclosure, ...]:
        if polynomial.degree() < 1:
            return ()
        for work in (bits << k for k in count(1)):
            with working_precision(work):
                roots = roots_with_multiplicity(polynomial.numer())
                if all(z.rel_accuracy_bits() >= bits or z == 0 for z, _ in roots):
                    values = sorted(
                        (-z for z, m in roots for _ in range(m)), key=lambda z: (float(z.real), float(z.imag))
                    )
                    return tuple(
                        enclosure(z, "certified", f"parameters of the {self.name} approximant") for z in values
                    )
        raise AssertionError("unreachable")

    # -----------------------------------------------------------------------------------------------------------------
    # Values

    @cached_property
    def _operator(self) -> DifferentialOperator:
        p, q = self._ratio
        theta, one = fmpq_poly([0, 1]), fmpq_poly([1])
        left = q(theta - one)
        if q(fmpq(-1)) == 0:
            return DifferentialOperator.from_theta_form([left, -p], "z")
        return DifferentialOperator.from_theta_form([theta * left, -(theta + one) * p], "z")

    @cached_property
    def _origin(self) -> PowerSeriesGerm:
        return PowerSeriesGerm(self._operator, self._terms)

    @cached_property
    def _system(self) -> LinearSystem:
        return LinearSystem.of_operator(self._operator)

    def values(self, points: Sequence[acb], bits: int) -> list[acb]:
        """The approximant at points of a path from 0.

        Parameters
        ----------
        points : sequence of acb
            The corners of the path, without 0: exact, or narrow balls. The path is straight between them.
        bits : int
            Relative accuracy to aim for.

        Returns
        -------
        list of acb
            Balls around the approximant's values. What there is of a point beside its midpoint, or beside the ray that
            it and others lie on, goes in with the derivative there, doubled.

        Raises
        ------
        ValueError
            Where the path runs through the singularity.
        """
        work = bits + self._loss
        best: list[acb] = []
        for _ in range(EVALUATIONS):
            try:
                found = self._follow(points, work)
            except ArithmeticError:  # a state that was lost on the way
                found = []
            if best and found and not any(a.rad() < b.rad() for a, b in zip(found, best, strict=True)):
                break
            best = found or best
            if best and min(v.rel_accuracy_bits() for v in best) >= bits:
                self._loss = work - bits
                break
            work *= 2
        if points and not (best and all(v.is_finite() for v in best)):
            raise ValueError(
                f"the {self.name} approximant could not be continued along the path: too many bits are lost"
            )
        return best

    def _follow(self, points: Sequence[acb], bits: int) -> list[acb]:
        if _on_one_ray(points, bits):
            return self._along_ray(points, bits)
        found: list[acb] = []
        here, state = acb(0), None
        for point in points:
            there = point.mid()
            if state is None and abs(there) < self._near:
                found.append(self._value(point, self._origin.state(there, bits), bits))
                here = there
                continue
            if state is None:
                here = _leaving(here, there, self._near)
                state = self._origin.state(here, bits)
            state = self._system.transport(state, [here, there], bits)
            found.append(self._value(point, state, bits))
            here = there
        return found

    @cached_property
    def _near(self) -> arb:
        with working_precision(EXACT_BITS):
            return (abs(arb(fmpq(self.singularity.numerator, self.singularity.denominator))) * arb(DISC)).mid()

    def _along_ray(self, points: Sequence[acb], bits: int) -> list[acb]:
        """By the Taylor polynomials of the steps along the ray, which are kept for further points of it."""
        ray = self._rays.get(bits)
        if ray is None or not _is_along(points[-1], ray.towards, bits):
            ray = self._rays[bits] = _Ray(points[-1].mid(), self._near, bits, self._origin, self._system)
        ray.reach(points[-1].mid())
        with working_precision(bits):
            found = []
            for point in points:
                value, slope, off = ray.value(point)
                if off > 0:
                    spread = arb(0, (2 * slope * off).upper())
                    value += acb(spread, spread)
                found.append(value * point**self.shift if self.shift else value)
            return found

    def _value(self, point: acb, state: acb_mat, bits: int) -> acb:
        with working_precision(bits):
            value, middle = acb(state[0, 0]), point.mid()
            radius = abs(point - middle).upper()
            if radius > 0:
                if state.nrows() > 1:
                    slope = acb(state[1, 0])
                else:
                    c = [acb_poly(polynomial)(middle) for polynomial in self._operator.coefficients]
                    slope = -c[0] * value / c[1]
                spread = arb(0, (2 * abs(slope) * radius).upper())
                value += acb(spread, spread)
            return value * point**self.shift if self.shift else value


class _Ray:
    """Polynomials for the solution on the segments of a ray from 0: the first around 0, then one for each step."""

    def __init__(self, towards: acb, near: arb, bits: int, origin: PowerSeriesGerm, system: LinearSystem) -> None:
        self._bits, self._system = bits, system
        with working_precision(EXACT_BITS):
            self._end = (towards * (near / abs(towards)).mid()).mid()
        self.towards = self._end
        terms, error = origin.taylor(abs(self._end).upper(), bits)
        self._state = origin.state(self._end, bits)
        self._segments = [
            (acb(0), self._end, error, *self._polynomials([t * self._end**n for n, t in enumerate(terms)]))
        ]
        self._ends = [1.0]

    def _polynomials(self, terms: Sequence[acb]) -> tuple[acb_poly, acb_poly]:
        polynomial = acb_poly(list(terms))
        return polynomial, polynomial.derivative()

    def reach(self, point: acb) -> None:
        """Go on as far as a point."""
        if not abs(point) > abs(self._end):
            return
        for step in self._system.steps(self._end, point):
            taylor = self._system.expand(self._end, step, self._state, self._bits)
            self._segments.append((self._end, step, taylor.error, *self._polynomials(taylor.coefficients)))
            self._state = taylor.end
            with working_precision(EXACT_BITS):
                self._end = self._end + step
            self._ends.append(float(abs(self._end) / abs(self.towards)))

    def value(self, point: acb) -> tuple[acb, arb, arb]:
        """The solution at the point of the ray that is nearest, how steep it is, and how far away that point is."""
        middle = point.mid()
        k = min(bisect_left(self._ends, float(abs(middle) / abs(self.towards))), len(self._segments) - 1)
        start, step, error, polynomial, derivative = self._segments[k]
        x = ((middle - start) / step).real.mid().max(arb(0)).min(arb(1))
        value = polynomial(acb(x)) + acb(arb(0, error), arb(0, error))
        slope = (abs(derivative(acb(x))) / abs(step)).upper()
        return value, slope, abs(point - (start + step * x)).upper()


def _on_one_ray(points: Sequence[acb], bits: int) -> bool:
    """Whether the points lie on a ray from 0, but for rounding, each farther out than the one before."""
    with working_precision(bits):
        if not points or not all(_is_along(point, points[-1], bits) for point in points):
            return False
        return all(abs(a.mid()) <= abs(b.mid()) for a, b in pairwise(points))


def _is_along(point: acb, towards: acb, bits: int) -> bool:
    with working_precision(bits):
        if towards.mid() == 0:
            return False
        share = point.mid() / towards.mid()
        return bool(share.real > 0 and abs(share.imag) < share.real * arb(2) ** (16 - bits // 2))


def _leaving(here: acb, there: acb, radius: arb) -> acb:
    """A point of the segment, exact, about where it leaves the disc around 0."""
    low, high = fmpq(0), fmpq(1)
    with working_precision(EXACT_BITS):
        while high - low > fmpq(1, 16) or low == 0:
            middle = (low + high) / 2
            inside = abs(here + (there - here) * middle) < radius
            low, high = (middle, high) if inside else (low, middle)
        return (here + (there - here) * low).mid()


def _integer_roots(polynomial: fmpq_poly) -> list[int]:
    """The integers n >= 0 where it vanishes."""
    found = []
    for factor, _ in polynomial.numer().factor()[1]:
        if factor.degree() == 1 and factor[0] % factor[1] == 0 and -factor[0] // factor[1] >= 0:
            found.append(int(-factor[0] // factor[1]))
    return found


def approximants(borel: BorelTransform, last: int) -> list[HypergeometricApproximant]:
    """The hypergeometric approximant of b_0, ..., b_last, or of the first 24, and up to four of lower order.

    Defective ones are left out; the first may therefore have a few coefficients less.

    Raises
    ------
    ValueError
        Where there are less than two, with the reason.

    Examples
    --------
    The ground state of p^2/2 + x^2/2 + g x^4 (Bender & Wu 1969), whose germ is singular at -1/3:

    >>> from resurgence.series import FormalSeries
    >>> series = FormalSeries(["1/2", "3/4", "-21/8", "333/16", "-30885/128", "916731/256", "-65518401/1024"])
    >>> for f in approximants(series.borel(), 6):
    ...     print(f.name, round(float(f.singularity), 4))
    [3/2] hypergeometric -0.379
    [2/2] hypergeometric -0.3939
    [1/1] hypergeometric -0.2374
    [1/0] hypergeometric -0.2
    """
    if last + 1 < MIN_TERMS_WITH_NEIGHBOURS:
        raise ValueError(
            f"hypergeometric approximants with an error need at least {MIN_TERMS_WITH_NEIGHBOURS} coefficients, "
            f"got {last + 1}"
        )
    first = min(last + 1, MOST_TERMS)
    found: list[HypergeometricApproximant] = []
    problem = ""
    for size in range(first, max(MIN_TERMS, first - TRIED), -1):
        try:
            approximant = HypergeometricApproximant(borel, size)
        except ValueError as refusal:
            problem = problem or str(refusal)
            continue
        if approximant.is_defective:
            problem = (
                problem or f"the {approximant.name} one is defective: it has a zero or pole beyond the coefficients"
            )
        else:
            found.append(approximant)
        if len(found) > NEIGHBOURS:
            break
    if len(found) < 2:
        raise ValueError(f"there are no hypergeometric approximants near {first} coefficients: {problem}")
    return found
