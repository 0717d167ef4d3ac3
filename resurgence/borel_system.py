r"""The linear system of the Borel transforms of an action, and its solutions at the nondegenerate critical points.

With ``I = exp(-c/g) g^(d/2) sum_n v_n g^n`` the connection ``g^2 dI/dg = (A_0 + g A_1 + ... + g^k A_k) I`` becomes for
the vector B(t) = sum_n v_n t^n/n!, by g <-> int_0^t and g^2 d/dg <-> t,

    (z - A_0) B = (A_1 + 1 - d/2) W_1 + A_2 W_2 + ... + A_k W_k,     W_1' = B,  W_j' = W_(j-1),     z = c + t,

where W_j = O(t^j). That is a :class:`~resurgence.linear_system.LinearSystem` over Q in the variable z, the same for all
critical points: its singular points are the critical values, and the first entry of U = B is the Borel transform of the
series of ``int exp(-V/g)``.

**At a critical value** c whose points are all nondegenerate, A_0 - c is semisimple: with the projector P onto its
kernel and the inverse R of c - A_0 on its image,

    t (z - A_0)^(-1) = P + sum_(m>0) (-1)^(m-1) t^m R^m,     t W' = N(t) W,  N = N_0 + N_1 t + ... ,  N_0 = F P G .

Here P A_1 P = (d/2) P (:mod:`resurgence.expansion`), so that N_0 N_0 = N_0: the exponents are 0 and 1, and logarithms
come once, times the solutions of exponent 1, which are the germs of the points with the value c. Continued around c, a
solution therefore changes by a combination of these germs and by nothing else. This is the formula of Picard and
Lefschetz (Pham 1967), as analysis.

**Error bound.** The polynomials W~, B~ that are left of the series when only v_0, ..., v_(N-1) are kept leave in the
first equation the defect d(t) = d_N t^N + ... + d_(N+k-1) t^(N+k-1), with t (z - A_0)^(-1) d in t W~' = N W~ + ... .
Let kappa be the supremum of ||N(t)|| for |t| <= h, and |t (z - A_0)^(-1)| <= K there. As W~ - W = O(t^N), Grönwall's
lemma (Grönwall 1919) in the variable log t gives, for N > kappa and |t| <= h,

    ||W~ - W|| <= int_0^|t| (|t|/s)^kappa ||K d(s)|| ds/s <= sum_n ||K |d_n|| |t|^n/(n - kappa),
    |B~ - B| <= K (|G| |W~ - W| + |d|)/|t| .
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

from flint import acb, acb_mat, arb, arb_mat, fmpq, fmpq_mat

from .critical_points import CriticalPoint, evaluate
from .linear_system import LinearSystem, moduli, perron_weights
from .numbers import working_precision

__all__ = ["BorelSeries", "borel_system"]

#: Bits in which bounds are computed.
_BOUND_BITS = 64

#: Guard bits of the first attempt at the coefficients.
_GUARD_BITS = 40

#: A lower bound for an infinite distance.
_FAR = 2.0**64

#: h in place of 0, relative to the distance of the next critical value or 1.
_LEAST_REACH = 2.0**-20

#: Powers of h R after which the rest of its geometric series is bounded by Neumann's, at the latest.
_MOST_POWERS = 4096

#: Size of the power of h R with which Neumann's series begins.
_SMALL_POWER = 2.0**-10

#: Factor by which the number of terms grows where a bound is not yet small enough.
_MORE_TERMS = 1.2


def borel_system(matrices: Sequence[fmpq_mat], dimension: int) -> LinearSystem:
    """The system of the Borel transforms, in the variable whose singular points are the critical values.

    Parameters
    ----------
    matrices : sequence of fmpq_mat
        A_0, ..., A_k of the connection (``Connection.rational_matrices``).
    dimension : int
        The number of variables of the action, d.

    Examples
    --------
    >>> from resurgence.action import Action
    >>> system = borel_system(Action("x**2/2 - x**3/3").connection().rational_matrices, 1)
    >>> system.source
    [ 5/6,   0]
    [-1/6, 7/6]
    >>> [z.real.str(5, radius=False) for z in system.singular_points(64)]
    ['0', '0.16667']
    """
    size = matrices[0].nrows()
    levels = max(len(matrices) - 1, 1)
    source, select = fmpq_mat(size, levels * size), fmpq_mat(levels * size, size)
    shift = fmpq_mat(levels * size, levels * size)
    for i in range(size):
        select[i, i] = fmpq(1)
        source[i, i] = 1 - fmpq(dimension, 2)
    for k, matrix in enumerate(matrices[1:]):
        for i in range(size):
            for j in range(size):
                source[i, k * size + j] = source[i, k * size + j] + matrix[i, j]
    for i in range((levels - 1) * size):
        shift[size + i, i] = fmpq(1)
    return LinearSystem(shift, select, matrices[0], source, observed="U")


class BorelSeries:
    """The solution of the system that belongs to a nondegenerate critical point, as a power series with error bounds.

    Parameters
    ----------
    system : LinearSystem
        That of the action, from :func:`borel_system`.
    point : CriticalPoint
        Nondegenerate, as all other critical points with its value.

    Examples
    --------
    >>> from resurgence.action import Action
    >>> action = Action("x**2/2 - x**3/3")
    >>> system = borel_system(action.connection().rational_matrices, 1)
    >>> series = BorelSeries(system, action.critical_points()[0])
    >>> coefficients, bound = series.taylor(arb(1) / 20, 64)
    >>> [complex(b).real.as_integer_ratio() for b in coefficients[:2]], bound < 1e-19
    ([(1, 1), (7505999378950827, 9007199254740992)], True)
    """

    def __init__(self, system: LinearSystem, point: CriticalPoint) -> None:
        if point.is_degenerate:
            raise ValueError(f"{point} is degenerate (its Hessian is singular): its series has other powers of g")
        self.system, self.point = system, point
        self._size = system.matrix.nrows()
        self._levels = system.shift.nrows() // self._size
        self._minimal = system.matrix.minpoly()
        self._coefficients: list[acb_mat] = []
        self._bits = 0

    def value(self, bits: int) -> acb:
        """The critical value c, to about ``bits`` bits."""
        return evaluate(self.point.orbit.value, self.point.algebraic[0].field, bits)

    def radius(self, bits: int) -> arb:
        """A lower bound for the distance from c to the nearest other critical value."""
        while True:
            here, points = self.value(bits), self.system.singular_points(bits)
            others = [z for z in points if not z.overlaps(here)]
            if len(others) == len(points) - 1:
                break
            bits *= 2  # terminates: different numbers
        with working_precision(bits):
            distances = [abs(z - here).lower() for z in others]
        return min(distances, key=lambda d: d.mid(), default=arb(_FAR))

    # -- coefficients -------------------------------------------------------------------------------------------------

    def _parts(self, bits: int) -> tuple[acb_mat, acb_mat]:
        """P = l(A_0)/l(c) with l = (minimal polynomial)/(T - c), and R, in balls."""
        a0, identity = acb_mat(self.system.matrix), _identity(self._size)
        c = self.value(bits)
        quotient = [acb(0)]
        for coefficient in reversed(self._minimal.coeffs()):
            quotient.append(quotient[-1] * c + coefficient)
        projector, at_c = identity * acb(0), acb(0)
        for term in quotient[1:-1]:
            projector, at_c = projector * a0 + identity * term, at_c * c + term
        projector = projector * (1 / at_c)
        return projector, (identity * c - a0 + projector).inv() - projector

    def _extend(self, count: int, bits: int) -> None:
        """b_0, ..., b_(count-1) with b_n = v_n/n!, the coefficients of B.

        b_n = R r_n + P b_n with r_n = sum_j G_j b_(n-j) (n-j)!/n! - b_(n-1). As P r_(n+1) = 0 and P G_1 P = P,
        n P b_n = P (G_1 R r_n + G_2 b_(n-1)/n + G_3 b_(n-2)/(n (n-1)) + ...).
        """
        if bits != self._bits:
            with working_precision(bits):
                projector, inverse = self._parts(bits)
                blocks = [acb_mat(b) for b in self._blocks]
                self._inverse, self._driven = inverse, [inverse * b for b in blocks]
                self._pull = [projector * b for b in blocks]
                field = self.point.algebraic[0].field
                start = [[evaluate(m, field, bits)] for m in self.point.orbit.basis_values]
                self._coefficients, self._bits = [acb_mat(start)], bits
        b = self._coefficients
        with working_precision(bits):
            for n in range(len(b), count):
                vector = -(self._inverse * b[n - 1])
                scale = 1
                for j in range(1, min(self._levels, n) + 1):
                    scale *= n - j + 1
                    vector = vector + self._driven[j - 1] * b[n - j] * (acb(1) / scale)
                pull = self._pull[0] * vector
                scale = 1
                for j in range(2, min(self._levels, n + 1) + 1):
                    scale *= n - j + 2
                    pull = pull + self._pull[j - 1] * b[n + 1 - j] * (acb(1) / scale)
                b.append(vector + pull * (acb(1) / n))

    @cached_property
    def _blocks(self) -> list[fmpq_mat]:
        """G_1, ..., G_k."""
        rows, size = self.system.source.tolist(), self._size
        return [fmpq_mat([row[k * size : (k + 1) * size] for row in rows]) for k in range(self._levels)]

    # -- sums ---------------------------------------------------------------------------------------------------------

    def taylor(self, reach: arb, bits: int) -> tuple[list[acb], arb]:
        """The coefficients of B's first entry, and a bound of what is cut off for |t| <= ``reach``.

        Parameters
        ----------
        reach : arb
            Less than the distance to the next critical value.
        bits : int
            Accuracy aimed at, relative to the largest term of the vector.
        """
        terms, _, error, _ = self._truncated(reach, bits)
        return [b[0, 0] for b in terms], error[0, 0].upper()

    def state(self, t: acb, bits: int) -> acb_mat:
        """W at c + t, for t less than the distance to the next critical value."""
        terms, errors, _, blur = self._truncated(abs(t).upper(), bits)
        blocks = []
        with working_precision(self._bits + len(terms)):
            for j in range(1, self._levels + 1):
                integrals = [b.mid() * (acb(1) / math.prod(range(n + 1, n + j + 1))) for n, b in enumerate(terms)]
                blocks.append(_horner(integrals, t) * t**j)
        with working_precision(self._bits):
            blurs = [blur * abs(t) ** j for j in range(1, self._levels + 1) for _ in range(self._size)]
            errors = arb_mat([[e + r] for e, r in zip(errors.entries(), blurs, strict=True)])
            return _widened([e for block in blocks for e in block.entries()], errors)

    def vector(self, t: acb, bits: int) -> acb_mat:
        """U = B at c + t: the Borel transforms that belong to all monomials of the ring's basis."""
        terms, _, errors, blur = self._truncated(abs(t).upper(), bits)
        with working_precision(self._bits + len(terms)):
            value = _horner([b.mid() for b in terms], t)
        with working_precision(self._bits):
            return _widened(value.entries(), arb_mat([[e + blur] for e in errors.entries()]))

    def _truncated(self, reach: arb, bits: int) -> tuple[list[acb_mat], arb_mat, arb_mat, arb]:
        """Terms, bounds of the errors of W and of B for |t| <= reach (head of this module), and of the terms' radii.

        The last is a bound of sum rad(b_n) |t|^n.
        """
        with working_precision(_BOUND_BITS):
            radius = self.radius(_BOUND_BITS)
            h = reach.upper() if reach > 0 else (radius.min(arb(1)) * _LEAST_REACH).upper()
            if not h < radius:
                raise ValueError(f"the series at {self.point} does not converge at distance {reach}")
            bounds = _Bounds(self, h)
            ratio = max(0.01, math.log2(float(radius / h)))
        count = max(math.ceil(bits / ratio), math.ceil(bounds.kappa) + 2) + self._levels
        working = max(bits + _GUARD_BITS, self._bits)
        while True:
            try:
                self._extend(count, working)
            except ZeroDivisionError:  # a pivot that cannot be told from zero yet
                working *= 2
                continue
            terms = self._coefficients[:count]
            with working_precision(_BOUND_BITS):
                sizes, blurs, power = arb(0), arb(0), arb(1)
                for b in terms:
                    for entry in b.entries():
                        sizes = sizes.max(abs(entry).mid() * power)
                        blurs = blurs.max(arb(entry.rad()) * power)
                    power = power * h
                wanted = sizes * arb(2) ** -bits
                if not blurs < wanted:
                    missing = bits if not blurs.is_finite() else _log2(blurs / wanted)
                    working += missing + _GUARD_BITS
                    continue
                errors_w, errors_u = bounds.errors(terms)
                if all(e < wanted for e in errors_u.entries()):
                    return terms, errors_w, errors_u, blurs * count
            count = math.ceil(count * _MORE_TERMS)


class _Bounds:
    """Bounds on the disc |t| <= h: K, kappa and the weights of the norm."""

    def __init__(self, series: BorelSeries, h: arb) -> None:
        self._h, self._blocks = h, [moduli(acb_mat(b)) for b in series._blocks]
        self._levels, self._size = series._levels, series._size
        bits = 4 * _BOUND_BITS
        while True:
            try:
                with working_precision(bits):
                    projector, inverse = series._parts(bits)
                    found = self._geometric(series, projector, inverse * acb(h))
            except ZeroDivisionError:
                found = None
            if found is not None:
                break
            bits *= 2
        self.resolvent, matrix = found
        weights = perron_weights(matrix)
        self.weights = weights
        rows = (matrix * arb_mat([[w] for w in weights])).entries()
        self.kappa = float(_largest([(r / w).upper() for r, w in zip(rows, weights, strict=True)]).upper())
        self.kappa = math.nextafter(self.kappa, math.inf)

    def _geometric(self, series: BorelSeries, projector: acb_mat, step: acb_mat) -> tuple[arb_mat, arb_mat] | None:
        """Entrywise bounds of t (z - A_0)^(-1) and of N(t); None where there are too few bits.

        With Q = |(h R)^M| the terms after the M-th of the geometric series are at most sum_(r<=M) |(h R)^r| times
        Q + Q^2 + ... = Q (1 - Q)^(-1), where the norm of Q is less than one.
        """
        source = acb_mat(series.system.source)
        power, total, driven = step, moduli(projector), moduli(projector * source)
        powers = moduli(projector) * arb(0)
        for _ in range(_MOST_POWERS):
            here = moduli(power)
            if not all(e.is_finite() for e in here.entries()):
                return None
            powers, driven = powers + here, driven + moduli(power * source)
            norm = _largest([sum(row, arb(0)) for row in here.tolist()])
            if norm < _SMALL_POWER:
                break
            power = power * step
        else:
            raise ValueError(f"the series at {series.point} is asked for too near the next critical value")
        with working_precision(_BOUND_BITS):
            identity = arb_mat(self._size, self._size, [int(e == 1) for e in _identity(self._size).entries()])
            rest = powers * here * (identity - here).inv()
            bound = arb_mat([[e.upper() for e in row] for row in (total + powers + rest).tolist()])
            width = self._size * self._levels
            side_by_side = arb_mat([[e for b in self._blocks for e in b.tolist()[i]] for i in range(self._size)])
            top = driven + rest * side_by_side
            matrix = arb_mat(width, width)
            for i in range(width):
                for j in range(width):
                    if i < self._size:
                        matrix[i, j] = top[i, j].upper()
                    elif j == i - self._size:
                        matrix[i, j] = self._h
        return bound, matrix

    def errors(self, terms: Sequence[acb_mat]) -> tuple[arb_mat, arb_mat]:
        """Bounds of the errors of W and B where only these terms are kept."""
        count, size = len(terms), self._size
        error_w, error_u = arb(0), arb_mat(size, 1)
        weights = [arb_mat([[w] for w in self.weights[k * size : (k + 1) * size]]) for k in range(self._levels)]
        sizes = [moduli(b) for b in terms[-self._levels :]]
        fed = arb_mat(size, 1)
        for block, w in zip(self._blocks, weights, strict=True):
            fed = fed + block * w
        for n in range(count, count + self._levels):
            defect = arb_mat(size, 1)
            if n == count:
                defect = defect + sizes[-1]
            for j in range(n - count + 1, self._levels + 1):
                share = arb(1) / math.prod(range(n - j + 1, n + 1))
                defect = defect + self._blocks[j - 1] * sizes[n - j - count] * share
            power = self._h**n
            driven = (self.resolvent * defect).entries()
            norm = _largest([e / w for e, w in zip(driven, self.weights, strict=False)])
            term = norm * power / (n - arb(self.kappa))
            error_w = error_w + term
            error_u = error_u + self.resolvent * (fed * term + defect * power) * (1 / self._h)
        return arb_mat([[error_w * w] for w in self.weights]), error_u


def _identity(size: int) -> acb_mat:
    return acb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _horner(terms: Sequence[acb_mat], t: acb) -> acb_mat:
    """sum terms[n] t^n.

    A product with t makes rectangles wider by up to sqrt(2): one bit more for each two terms makes up for it.
    """
    total = terms[-1]
    for term in reversed(terms[:-1]):
        total = total * t + term
    return total


def _largest(values: Sequence[arb]) -> arb:
    largest = values[0]
    for value in values[1:]:
        largest = largest.max(value)
    return largest


def _widened(entries: Sequence[acb], errors: arb_mat) -> acb_mat:
    """A column of balls, made wider."""
    found = []
    for c, e in zip(entries, errors.entries(), strict=True):
        spread = arb(0, e.upper())
        found.append([acb(c.real + spread, c.imag + spread)])
    return acb_mat(found)


def _log2(value: arb) -> int:
    """A binary logarithm of a positive number, rounded up."""
    mantissa, exponent = value.upper().man_exp()
    return int(mantissa).bit_length() + int(exponent)
