"""Quadratic approximants of a germ: functions with the branch points that Padé approximants have to imitate by poles.

The [p/q/r] approximant f of b(z) = sum b_k z^k solves

    P + Q f + R f^2 = 0,       P + Q b + R b^2 = O(z^N),       N = p + q + r + 2,

with polynomials of degrees p, q and r (Shafer 1974, SIAM J. Numer. Anal. 11, 447; for perturbation series Mayer & Tong
1985, J. Phys. C 18, 3297). Of its two branches it is the one that begins like b. With D = Q^2 - 4 P R,

    f = (y - Q)/(2 R) = -2 P/(y + Q),       y^2 = D,       y = Q + 2 R b + O(z^N),

so that the branch is known everywhere once y is followed: along a straight segment from z_1 to z_2 it is multiplied by
prod_i sqrt((z_2 - d_i)/(z_1 - d_i)), principal roots, d_i the zeros of D.  Those of odd multiplicity are the
approximant's branch points.

Where the two branches cross, D should have a double zero; that of an approximant is split into two simple ones close
together, and who passes between them is led to the wrong branch. Such a *doublet* is passed on the outside: its cut is
the segment between the two, y = (z - m) sqrt(1 - (delta/(z - m))^2) with principal roots.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import acb, acb_mat, acb_poly, arb, fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from resurgence.borel import BorelTransform
from resurgence.continuation.continued_fraction import exponent
from resurgence.continuation.precision import relative_bits
from resurgence.continuation.roots import Unresolved, certified_roots
from resurgence.numbers import (
    Enclosure,
    Status,
    bits_for,
    check_digits,
    enclosure,
    roots_with_multiplicity,
    working_precision,
)
from resurgence.power_series import as_balls, ball_bits

__all__ = ["QuadraticApproximant", "approximants"]

#: Coefficients of the smallest approximant: [1/0/0].
MIN_TERMS = 3

#: Coefficients of the smallest approximant that has neighbours enough for an error.
MIN_TERMS_WITH_NEIGHBOURS = 5

#: Approximants of lower order that are given beside the main one, and orders that are tried for them.
NEIGHBOURS, TRIED = 4, 7

#: Bits per coefficient that the linear system loses, and a little more: what it is begun with.
LOSS_PER_TERM = 6

#: Bits below which polynomials from inexact coefficients are refused.
LEAST_BITS = 8

#: Bits of the zeros of D, by which the branch is told, and of the first guess of what an evaluation loses.
ROOT_BITS, GUARD_BITS = 128, 32

#: Two branch points are a doublet where each is the nearest to the other, and nearer than this share of the distance to
#: the next and to 0.
DOUBLET = 0.25

#: Doublings of the precision before a point is taken for a pole or a branch point.
DOUBLINGS = 7


class QuadraticApproximant:
    """The near-diagonal quadratic approximant of a germ, on the branch that begins like the germ.

    Parameters
    ----------
    borel : BorelTransform
        Of which ``terms`` are used: for a Leroy parameter s the germ is B_s(z) Gamma(1 + s).
    count : int
        Coefficients to use: p + q + r + 2, at least 3. The degrees are equal, or p, or p and q, larger by one.

    Raises
    ------
    TypeError
        For a ``count`` that is not an integer.
    ValueError
        For too few coefficients; where inexact ones do not determine the polynomials, as where the germ is itself
        quadratic of lower degrees; where no branch can be told because the two meet at 0.

    Notes
    -----
    The polynomials are exact where the coefficients are rational, and of the lowest degrees that meet the condition. A
    germ that is itself the root of a quadratic equation is reproduced exactly. For other coefficients they are balls.

    Examples
    --------
    sqrt(1 - z)/(1 + z/2) from 12 coefficients, at a point beyond its branch point, above the cut:

    >>> from fractions import Fraction as Q
    >>> import math
    >>> from resurgence.series import FormalSeries
    >>> root = [Q(-math.comb(2 * n, n), 4**n * (2 * n - 1)) for n in range(12)]
    >>> b = [sum(root[k] * Q(-1, 2) ** (n - k) for k in range(n + 1)) for n in range(12)]
    >>> borel = FormalSeries([math.factorial(n) * x for n, x in enumerate(b)]).borel()
    >>> f = QuadraticApproximant(borel, 12)
    >>> f.name, [z.short(10) for z in f.branch_points(10)]
    ('[4/3/3] quadratic', ['1.000000000'])
    >>> print(f.values([acb(0.5, 0.5), acb(2)], 40)[-1].str(10, radius=False))
    -0.5000000000j
    """

    def __init__(self, borel: BorelTransform, count: int) -> None:
        self.count = whole_number(count)
        if not MIN_TERMS <= self.count <= len(borel):
            raise ValueError(
                f"a quadratic approximant takes from {MIN_TERMS} coefficients to all of them, {len(borel)}: got {count}"
            )
        lowest, more = divmod(self.count - 2, 3)
        self.degrees = lowest + (more > 0), lowest + (more > 1), lowest
        self._terms = borel.terms[: self.count]
        # Balls of radius zero are exact numbers too.
        self._unlimited = all(t.is_exact() for t in self._terms if isinstance(t, acb))
        self._rationals = [t for t in self._terms if isinstance(t, fmpq)]
        self._exact = self._solve_exactly() if len(self._rationals) == self.count else None
        self._scale = 0 if self._exact else self._common_scale()
        self._balls: tuple[int, tuple[acb_poly, acb_poly, acb_poly]] | None = None
        self._lead = self._first_term()  # refuses where there is no branch to follow

    @property
    def name(self) -> str:
        """``"[p/q/r] quadratic"``."""
        return "[{}/{}/{}] quadratic".format(*self.degrees)

    def __repr__(self) -> str:
        return f"<QuadraticApproximant {self.name}, {'exact' if self._exact else 'in balls'}>"

    # -----------------------------------------------------------------------------------------------------------------
    # The three polynomials

    def _solve_exactly(self) -> tuple[fmpq_poly, fmpq_poly, fmpq_poly]:
        p, q, r = self.degrees
        f = fmpq_poly(self._rationals)
        square = f * f
        # The unknowns by growing degree: the first that depends on those before it gives the solution of least degree.
        columns = sorted([(k, 0) for k in range(q + 1)] + [(k, 1) for k in range(r + 1)])
        rows = [[(f, square)[which][n - k] if n >= k else fmpq(0) for k, which in columns] for n in self._equations]
        reduced, rank = fmpq_mat(rows).rref() if rows else (fmpq_mat(0, len(columns)), 0)
        free, pivots = 0, []
        for i in range(rank):
            column = next(j for j in range(len(columns)) if reduced[i, j] != 0)
            if column != free:
                break
            pivots.append(column)
            free += 1
        found = [fmpq_poly(), fmpq_poly()]
        for j, value in [(free, fmpq(1)), *((j, -reduced[i, free]) for i, j in enumerate(pivots))]:
            k, which = columns[j]
            found[which] = found[which] + fmpq_poly([0] * k + [value])
        linear, quadratic = found
        whole = linear * f + quadratic * square
        constant = -fmpq_poly([whole[k] for k in range(p + 1)])
        common = constant.gcd(linear).gcd(quadratic)
        return constant // common, linear // common, quadratic // common

    @property
    def _equations(self) -> range:
        return range(self.degrees[0] + 1, self.count)

    def _common_scale(self) -> int:
        """log2 of the radius, roughly: in z/2^scale the coefficients neither grow nor fall."""
        sizes = [(k, e) for k, e in enumerate(map(exponent, as_balls(self._terms, 64))) if e is not None]
        (i, low), (j, high) = (sizes[0], sizes[-1]) if sizes else ((0, 0), (0, 0))
        return -round((high - low) / (j - i)) if j > i else 0

    def _polynomials(self, bits: int) -> tuple[acb_poly, acb_poly, acb_poly]:
        """P, Q, R in z/2^scale, to ``bits`` bits or as well as inexact coefficients give them."""
        if self._exact is not None:
            with working_precision(bits):
                p, q, r = (acb_poly(polynomial) for polynomial in self._exact)
            return p, q, r
        if self._balls is None or (self._unlimited and self._balls[0] < bits):
            work = (bits if self._unlimited else ball_bits(self._terms)) + LOSS_PER_TERM * self.count + GUARD_BITS
            for _ in range(DOUBLINGS if self._unlimited else 1):
                found = self._solve_in_balls(work)
                reached = min((relative_bits(f.coeffs()) for f in found), default=0) if found else 0
                if reached >= (bits if self._unlimited else LEAST_BITS):
                    break
                work *= 2
            else:
                raise ValueError(
                    f"the coefficients do not determine the {self.name} approximant: they are not known well enough, "
                    "or the germ is itself the root of a quadratic equation of lower degrees. Give exact coefficients, "
                    "or take fewer of them"
                )
            assert found is not None, "a solution without bits has just been refused"
            self._balls = bits, found
        return self._balls[1]

    def _solve_in_balls(self, work: int) -> tuple[acb_poly, acb_poly, acb_poly] | None:
        p, q, r = self.degrees
        with working_precision(work):
            c = [t * arb(2) ** (self._scale * k) for k, t in enumerate(as_balls(self._terms, work))]
            f = acb_poly(c)
            square = (f * f).truncate(self.count)
            columns = [(k, f) for k in range(q + 1)] + [(k, square) for k in range(r + 1)]
            table = [[series[n - k] if n >= k else acb(0) for k, series in columns] for n in self._equations]
            # One coefficient is set to 1; which of them is not zero is found by trying.
            for one in (q + 1, 0, len(columns) - 1, q):
                rows = [[entry for j, entry in enumerate(row) if j != one] for row in table]
                try:
                    solution = acb_mat(rows).solve(acb_mat([[-row[one]] for row in table])).entries() if rows else []
                except ZeroDivisionError:
                    continue
                values = [*solution[:one], acb(1), *solution[one:]]
                linear, quadratic = acb_poly(values[: q + 1]), acb_poly(values[q + 1 :])
                whole = linear * f + quadratic * square
                return acb_poly([-whole[k] for k in range(p + 1)]), linear, quadratic
        return None

    # -----------------------------------------------------------------------------------------------------------------
    # The branch

    def _first_term(self) -> tuple[int, fmpq | None]:
        """Exponent and coefficient of the first term of y = Q + 2 R b; None for a coefficient in balls."""
        if self._exact is None:
            p, q, r = self._polynomials(ROOT_BITS)
            with working_precision(ROOT_BITS):
                if (q[0] * q[0] - 4 * p[0] * r[0]).contains(0):
                    raise ValueError(
                        f"the two branches of the {self.name} approximant cannot be told apart at 0: take another order"
                    )
            return 0, None
        p_exact, q_exact, r_exact = self._exact
        y = q_exact + 2 * r_exact * fmpq_poly(self._rationals)
        first = next((k for k in range(self.count) if y[k] != 0), self.count)
        if 2 * first >= self.count or (q_exact * q_exact - 4 * p_exact * r_exact)[2 * first] != y[first] ** 2:
            raise ValueError(f"the two branches of the {self.name} approximant meet at 0: take another order")
        return first, y[first]

    @cached_property
    def _discriminant(self) -> fmpq_poly | acb_poly:
        """D: exact, or that of the midpoints, which tells the branches."""
        if self._exact is not None:
            p, q, r = self._exact
            exact: fmpq_poly = q * q - 4 * p * r
            return exact
        balls = [acb_poly([c.mid() for c in f.coeffs()]) for f in self._polynomials(ROOT_BITS)]
        with working_precision(ball_bits(*(f.coeffs() for f in balls)) * 2):
            middle = balls[1] * balls[1] - 4 * balls[0] * balls[2]
            return acb_poly([c.mid() for c in middle.coeffs()])

    def _zeros(self, bits: int) -> list[tuple[acb, int]]:
        """The zeros of D other than 0, in z/2^scale, with their multiplicities."""
        discriminant: fmpq_poly | acb_poly = self._discriminant
        if isinstance(discriminant, acb_poly):
            try:
                return [(z, 1) for z in certified_roots(lambda work: discriminant, bits)]
            except Unresolved as problem:
                raise ValueError(f"the branch points of the {self.name} approximant: {problem}") from None
        integer: fmpz_poly = discriminant.numer()
        zeros = 2 * self._lead[0]
        integer = fmpz_poly(integer.coeffs()[zeros:])
        work = bits + GUARD_BITS
        while True:
            with working_precision(work):
                roots = roots_with_multiplicity(integer) if integer.degree() > 0 else []
            if all(z.rel_accuracy_bits() >= bits for z, _ in roots):
                return roots
            work *= 2

    @cached_property
    def _guides(self) -> _Guides:
        return _Guides.of(self._zeros(ROOT_BITS))

    def branch_points(self, digits: int = 30) -> tuple[Enclosure, ...]:
        """The branch points of the approximant, nearest first: the zeros of D of odd multiplicity.

        ``certified`` as such, for rational coefficients; otherwise ``estimated``, from the midpoints of balls. Which of
        them are branch points of the germ is another matter: those that approximants of several orders share.
        """
        bits = bits_for(check_digits(digits))
        odd = [z for z, multiplicity in self._zeros(bits) if multiplicity % 2]
        with working_precision(bits + 16):
            places = sorted((z * arb(2) ** self._scale for z in odd), key=lambda z: (float(abs(z)), -float(z.imag)))
            status: Status = "certified" if self._exact is not None else "estimated"
            return tuple(enclosure(z, status, f"discriminant of the {self.name} approximant") for z in places)

    # -----------------------------------------------------------------------------------------------------------------
    # Values

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
            Balls that contain the approximant's values, wider where points or coefficients are. Behind a branch point
            that lies on the path, and on the cut of a doublet, they contain both branches.

        Raises
        ------
        ValueError
            At a pole.
        """
        work = bits + GUARD_BITS + self.count
        best: list[acb] | None = None
        problem = ""
        for _ in range(DOUBLINGS):
            try:
                found = self._follow(points, work)
            except ValueError as refusal:
                found, problem = None, str(refusal)
            if found is not None and (best is None or _worst(found) > _worst(best)):
                best = found
            elif best is not None:
                break  # the points, the coefficients or a cut are what limits it
            if best is not None and _worst(best) >= bits:
                break
            work *= 2
        if best is None:
            raise ValueError(problem)
        return best

    def _follow(self, points: Sequence[acb], work: int) -> list[acb]:
        p, q, r = self._polynomials(work)
        first, lead = self._lead
        with working_precision(work):
            discriminant = q * q - 4 * p * r
            start = as_balls(self._terms[:1], work)[0]
            y = q[0] + 2 * r[0] * start if lead is None else acb(lead)
            here, crossed, root_part, found = acb(0), 0, acb(1), []
            for point in points:
                there = point * arb(2) ** -self._scale
                factor, met = self._guides.follow(here, there)
                root_part, crossed = root_part * factor, crossed + met
                if there == 0:
                    found.append(start)
                    continue
                whole, on_cut = self._guides.outside(there)
                guess = y * there**first * root_part * whole
                root = discriminant(there).sqrt()
                side = (root * guess.conjugate()).real
                if crossed % 2 or on_cut or not (side > 0 or side < 0):
                    root = root.union(-root)
                found.append(self._value(there, -root if side < 0 else root, p(there), q(there), r(there)))
                here = there
            return found

    def _value(self, z: acb, y: acb, p: acb, q: acb, r: acb) -> acb:
        """The narrower of the two formulas for f."""
        choices = [top / bottom for top, bottom in ((y - q, 2 * r), (-2 * p, y + q)) if not bottom.contains(0)]
        if not choices:
            place = complex(z) * 2.0**self._scale
            raise ValueError(f"the {self.name} approximant has a pole at {place:.6g}, or too near to it to tell")
        return max(choices, key=lambda value: int(value.rel_accuracy_bits()))


@dataclass(frozen=True)
class _Guides:
    """The zeros of D, as the square root of D goes by them; it is 1 at 0.

    ``single`` are the branch points, ``doublets`` their pairs as (middle, half the difference), ``others`` the zeros of
    higher multiplicity with half of it, rounded down.
    """

    single: list[acb]
    doublets: list[tuple[acb, acb]]
    others: list[tuple[acb, int]]

    @classmethod
    def of(cls, zeros: Sequence[tuple[acb, int]]) -> _Guides:
        odd = [z for z, multiplicity in zeros if multiplicity % 2]
        nearest = [sorted((float(abs(z - x)), k) for k, x in enumerate(odd) if x is not z) for z in odd]
        single, doublets = [], []
        with working_precision(ROOT_BITS):
            for i, z in enumerate(odd):
                j = nearest[i][0][1] if nearest[i] else i
                gap = nearest[i][0][0] if nearest[i] else math.inf
                room = [float(abs(odd[k])) for k in (i, j)] + [nearest[k][1][0] for k in (i, j) if len(nearest[k]) > 1]
                if j == i or nearest[j][0][1] != i or gap > DOUBLET * min(room):
                    single.append(z)
                elif i < j:
                    doublets.append(((z + odd[j]) / 2, (z - odd[j]) / 2))
        return cls(single, doublets, [(z, multiplicity // 2) for z, multiplicity in zeros if multiplicity > 1])

    def follow(self, here: acb, there: acb) -> tuple[acb, int]:
        """What the single ones multiply it by on a straight segment, and how many of them lie on it."""
        product, met = acb(1), 0
        for zero in self.single:
            ratio = (there - zero) / (here - zero)
            if ratio.imag.contains(0) and not ratio.real > 0:
                # Passed on one side or the other: two of them are passed alike on either.
                ratio, met = -ratio, met + 1
                product *= acb(0, 1)
            product *= ratio.sqrt()
        return product, met

    def outside(self, z: acb) -> tuple[acb, bool]:
        """What all others multiply it by on the way from 0, and whether z is on the cut of a doublet."""
        product, on_cut = acb(1), False
        for middle, half in self.doublets:
            rest = 1 - (half / (z - middle)) ** 2
            on_cut = on_cut or not rest.is_finite() or (rest.imag.contains(0) and not rest.real > 0)
            product *= (1 - z / middle) * rest.sqrt() / (1 - (half / middle) ** 2).sqrt()
        for zero, half_multiplicity in self.others:
            product *= (1 - z / zero) ** half_multiplicity
        return product, on_cut


def whole_number(count: object) -> int:
    """A number of coefficients as an int; raises TypeError for what is not an integer."""
    if isinstance(count, bool) or not isinstance(count, numbers.Integral):
        raise TypeError(f"the number of coefficients must be an integer, got {count!r}")
    return int(count)


def _worst(values: Sequence[acb]) -> int:
    """Bits of the worst value; what may be zero counts by its radius alone."""
    bits = []
    for v in values:
        spread = exponent(v.rad())
        bits.append(-spread if spread is not None and v.contains(0) else v.rel_accuracy_bits())
    return min(bits, default=0)


def approximants(borel: BorelTransform, last: int) -> list[QuadraticApproximant]:
    """The quadratic approximant of b_0, ..., b_last, or of all but a few of them, and up to four of lower order.

    Raises
    ------
    ValueError
        Where there are less than two, with the reason.

    Examples
    --------
    >>> import math
    >>> from resurgence.series import FormalSeries
    >>> borel = FormalSeries.from_function(lambda n: math.factorial(2 * n) // math.factorial(n), 20).borel()
    >>> [f.name for f in approximants(borel, 12)]
    ['[4/4/3] quadratic', '[4/3/3] quadratic', '[3/3/3] quadratic', '[3/3/2] quadratic', '[3/2/2] quadratic']
    """
    if last + 1 < MIN_TERMS_WITH_NEIGHBOURS:
        raise ValueError(
            f"quadratic approximants with an error need at least {MIN_TERMS_WITH_NEIGHBOURS} coefficients, "
            f"got {last + 1}"
        )
    found: list[QuadraticApproximant] = []
    problem = ""
    for count in range(last + 1, max(MIN_TERMS, last + 1 - TRIED) - 1, -1):
        try:
            found.append(QuadraticApproximant(borel, count))
        except ValueError as refusal:
            problem = problem or str(refusal)
        if len(found) > NEIGHBOURS:
            break
    if len(found) < 2:
        raise ValueError(f"there are no quadratic approximants near {last + 1} coefficients: {problem}")
    return found
