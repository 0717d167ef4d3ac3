"""Linear systems with rational coefficients, integrated in balls along paths of the complex plane.

A system is kept in the state-space form of its partial fractions,

    (z - A) U = G W,      dW/dz = E W + F U,

with rational matrices E, F, A, G: dW/dz = M(z) W, M(z) = E + F (z - A)^(-1) G. It is singular at eigenvalues of A
only, and bounded at infinity. At any other point z_0 its solutions are power series in x, z = z_0 + delta x:

    U_n = (z_0 - A)^(-1) (G W_n - delta U_(n-1)),      (n + 1) W_(n+1) = delta (E W_n + F U_n) .

**Error bound.** Let W~, U~ be the polynomials of degree N that are left when the recurrence is cut off and each of its
numbers is rounded. Write d_n for the error made in U_n, so that d_(N+1) = delta (z_0 - A)^(-1) U_N, and r_n for the one
in W_n, so that r_(N+1) = W_(N+1). The error e = W - W~ obeys

    de/dx = delta M e + sum_n n r_n x^(n-1) + delta (F - delta x F (z - A)^(-1)) sum_n d_n x^n ,

because (z - A)^(-1) (z_0 - A) = 1 - delta x (z - A)^(-1). By Grönwall's lemma (Grönwall 1919), in any norm and for all
x in [0, 1],

    |e(x)| <= exp(|delta| sup |M|) ( |e(0)| + sum |r_n| + |delta| (|F| + |delta| sup |F (z - A)^(-1)|) sum |d_n| ) .

The norm is the maximum norm with weights for which |M| is nearly least, the Perron vector of the matrix of the moduli;
the suprema over the segment follow from the partial fractions of (z - A)^(-1). Majorant series would bound the same
(van der Hoeven 1999; Mezzarobba & Salvy 2010); a defect needs no more than real analysis, and takes rounding errors and
truncation alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from flint import acb, acb_mat, arb, arb_mat, fmpq, fmpq_mat, fmpz, fmpz_poly

from .numbers import roots_with_multiplicity, working_precision

if TYPE_CHECKING:
    from .differential_operator import DifferentialOperator

__all__ = ["EXACT_BITS", "STEP", "LinearSystem", "Taylor", "moduli", "perron_weights", "short_fraction"]

#: Length of a step, relative to the distance to the nearest singular point: the cost of a path, which grows like
#: 1/(log(1/q) log(1 + q)), is least near a third.
STEP = 1 / 3

#: A step may be no longer, for the Taylor series to converge fast.
_LONGEST = 0.9

#: Bits in which bounds are computed.
_BOUND_BITS = 64

#: Bits that partial fractions must have; they are computed with more until they have.
_RESIDUE_BITS = 30

#: Terms between two looks at how small they have become.
_STRIDE = 8

#: Smallest weight of a norm, relative to the largest.
_LEAST_WEIGHT = 1e-60
_TINY = 1e-300

#: Bits that hold every exact point and step.
EXACT_BITS = 4096

#: Steps on a segment; a path that needs more runs into a singular point.
_MAX_STEPS = 5000

#: Powers of 1/z after which the expansion at infinity stops, for bounds.
_MOST_MOMENTS = 8

#: Relative error of a spectral radius in floats.
_SLACK = 1e-3

#: The weights are good when the rows' sums agree to this part; no more steps than that are taken.
_EVEN = 0.05
_POWER_STEPS = 150


@dataclass(frozen=True)
class Taylor:
    """A solution on the segment z_0 + delta x, 0 <= x <= 1.

    Attributes
    ----------
    start, step : acb
        z_0 and delta.
    coefficients : list of acb
        Of the observed function, exact numbers: y = sum y_n x^n up to ``error``.
    error : arb
        A bound of the error of that polynomial on the segment.
    end : acb_mat
        W at z_0 + delta, a ball.
    """

    start: acb
    step: acb
    coefficients: list[acb]
    error: arb
    end: acb_mat


class LinearSystem:
    """The system ``(z - A) U = G W``, ``dW/dz = E W + F U``; the observed function y is the first entry of W or of U.

    Parameters
    ----------
    shift, select, matrix, source : fmpq_mat
        E (m x m), F (m x d), A (d x d), G (d x m).
    observed : {"W", "U"}
        Which vector y is the first entry of.

    Examples
    --------
    y' = y/z, as (z - 0) U = W, W' = U, from 1 to -1 around 0:

    >>> one, zero = fmpq_mat(1, 1, [1]), fmpq_mat(1, 1, [0])
    >>> system = LinearSystem(zero, one, zero, one)
    >>> end = system.transport(acb_mat([[1]]), [acb(1), acb(0, 1), acb(-1)], 64)
    >>> abs(end[0, 0] + 1) < 1e-15
    True
    """

    def __init__(
        self,
        shift: fmpq_mat,
        select: fmpq_mat,
        matrix: fmpq_mat,
        source: fmpq_mat,
        observed: Literal["W", "U"] = "W",
    ) -> None:
        size, inner = shift.nrows(), matrix.nrows()
        shapes = [(m.nrows(), m.ncols()) for m in (shift, select, matrix, source)]
        if shapes != [(size, size), (size, inner), (inner, inner), (inner, size)]:
            raise ValueError(f"E, F, A, G must be m x m, m x d, d x d and d x m, got {shapes}")
        self.shift, self.select, self.matrix, self.source = shift, select, matrix, source
        self.observed = observed

    @classmethod
    def of_operator(cls, operator: DifferentialOperator) -> LinearSystem:
        """The system of W = (y, y', ..., y^(r-1)) for an operator whose leading coefficient has the highest degree.

        With p_j/p_r = e_j + q_j/p_r, A is the companion matrix of p_r, for which the last row of (z - A)^(-1) is
        (1, z, ..., z^(d-1))/p_r, and G holds the coefficients of the q_j.
        """
        *lower, leading = operator.coefficients
        order, degree = len(lower), max(int(leading.degree()), 1)
        if any(int(p.degree()) > int(leading.degree()) for p in lower):
            raise ValueError(f"{operator} grows faster than exponentially at infinity: no Laplace transform")
        top = leading[leading.degree()]
        shift, select = fmpq_mat(order, order), fmpq_mat(order, degree)
        matrix, source = fmpq_mat(degree, degree), fmpq_mat(degree, order)
        for k in range(order - 1):
            shift[k, k + 1] = fmpq(1)
        select[order - 1, degree - 1] = fmpq(-1)
        for k in range(int(leading.degree())):
            matrix[k, degree - 1] = -fmpq(leading[k], top)
            if k:
                matrix[k, k - 1] = fmpq(1)
        for j, p in enumerate(lower):
            constant = fmpq(p[leading.degree()], top)
            shift[order - 1, j] = shift[order - 1, j] - constant
            for k in range(int(leading.degree())):
                source[k, j] = fmpq(p[k], top) - constant * fmpq(leading[k], top)
        return cls(shift, select, matrix, source)

    # -- partial fractions --------------------------------------------------------------------------------------------

    @cached_property
    def _numerators(self) -> list[fmpq_mat]:
        """B_0, ..., B_(n-1) with (z - A)^(-1) = sum_k z^k B_k / minimal polynomial, by Horner's rule."""
        minimal = self.matrix.minpoly()
        size = self.matrix.nrows()
        identity = fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
        found = [identity * minimal[minimal.degree()]]
        for k in range(int(minimal.degree()) - 1, 0, -1):
            found.append(self.matrix * found[-1] + identity * minimal[k])
        return found[::-1]

    def singular_points(self, bits: int) -> list[acb]:
        """The eigenvalues of A, as disjoint balls."""
        with working_precision(bits):
            return [acb(z) for z, _ in roots_with_multiplicity(self.matrix.minpoly().numer())]

    @cached_property
    def _poles(self) -> list[_Pole]:
        bits = 4 * _BOUND_BITS
        while True:
            with working_precision(bits):
                poles = self._principal_parts()
                if all(_is_sharp(p) for pole in poles for p in pole.parts):
                    break
            bits *= 2
        with working_precision(_BOUND_BITS):
            self._moment_bounds = [moduli(acb_mat(moment)) for moment in self._moments]
            select, source = moduli(acb_mat(self.select)), moduli(acb_mat(self.source))
            for pole in poles:
                pole.bound_products(acb_mat(self.select), acb_mat(self._far_select), acb_mat(self.source))
        self._select_bound, self._source_bound, self._shift_bound = select, source, moduli(acb_mat(self.shift))
        return poles

    @cached_property
    def _moments(self) -> list[fmpq_mat]:
        """F A^k G: far out, F (z - A)^(-1) G = sum_(k<K) F A^k G/z^(k+1) + F A^K (z - A)^(-1) G/z^K."""
        found, row = [], self.select
        for _ in range(min(self.shift.nrows(), _MOST_MOMENTS)):
            found.append(row * self.source)
            row = row * self.matrix
        self._far_select = row
        return found

    def _principal_parts(self) -> list[_Pole]:
        minimal = self.matrix.minpoly()
        degree = int(minimal.degree())
        numerators = [acb_mat(b) for b in self._numerators]
        poles = []
        for point, multiplicity in roots_with_multiplicity(minimal.numer()):
            powers = [acb(1)]
            for _ in range(degree):
                powers.append(powers[-1] * point)
            # minimal(point + s) = s^multiplicity * sum_l rest_l s^l
            rest = [
                sum((minimal[k] * math.comb(k, n) * powers[k - n] for k in range(n, degree + 1)), acb(0))
                for n in range(multiplicity, 2 * multiplicity)
            ]
            inverse = [1 / rest[0]]
            for n in range(1, multiplicity):
                inverse.append(-sum((rest[k] * inverse[n - k] for k in range(1, n + 1)), acb(0)) / rest[0])
            shifted = []
            for n in range(multiplicity):
                total = numerators[n]
                for k in range(n + 1, degree):
                    total = total + numerators[k] * (math.comb(k, n) * powers[k - n])
                shifted.append(total)
            parts = []
            for j in range(1, multiplicity + 1):
                part = shifted[0] * inverse[multiplicity - j]
                for n in range(1, multiplicity - j + 1):
                    part = part + shifted[n] * inverse[multiplicity - j - n]
                parts.append(part)
            poles.append(_Pole(acb(point), parts))
        return poles

    @cached_property
    def growth(self) -> float:
        """The least rate that :meth:`bounds_beyond` can give, however far out: the spectral radius of |E|, roughly."""
        entries = np.array([[abs(int(e.p) / int(e.q)) for e in row] for row in self.shift.tolist()])
        return float(max(abs(np.linalg.eigvals(entries)))) * (1 - _SLACK)

    def distance(self, point: acb) -> arb:
        """A lower bound for the distance from a point to the nearest singular one."""
        with working_precision(_BOUND_BITS):
            return min((abs(point - pole.point).lower() for pole in self._poles), key=lambda d: d.mid())

    @cached_property
    def _integral_numerators(self) -> tuple[list[acb_mat], list[acb_mat], fmpz_poly]:
        """The B_k G, the B_k and the minimal polynomial times one integer that clears them of denominators."""
        plain, fed, minimal = self._numerators, [b * self.source for b in self._numerators], self.matrix.minpoly()
        entries = [e for b in [*plain, *fed] for e in b.entries()]
        scale = fmpz(math.lcm(int(minimal.denom()), *(int(e.q) for e in entries)))
        longest = max(int(abs(e.p * scale)).bit_length() for e in entries) + 8
        with working_precision(max(longest, 2)):
            return [acb_mat(b * scale) for b in fed], [acb_mat(b * scale) for b in plain], (minimal * scale).numer()

    def _resolvent(self, point: acb) -> tuple[acb_mat, acb_mat, acb]:
        """(N G, N, v) with (z - A)^(-1) = N/v at a point: short numbers, where the point is one."""
        fed, plain, minimal = self._integral_numerators
        feed, carry, divisor = fed[-1], plain[-1], acb(minimal[minimal.degree()])
        for b, c in zip(reversed(fed[:-1]), reversed(plain[:-1]), strict=True):
            feed, carry = feed * point + b, carry * point + c
        for k in range(int(minimal.degree()) - 1, -1, -1):
            divisor = divisor * point + minimal[k]
        return feed, carry, divisor

    # -- along a segment ----------------------------------------------------------------------------------------------

    def expand(self, point: acb, step: acb, state: acb_mat, bits: int) -> Taylor:
        """The solution with W = ``state`` at ``point``, on the segment from there to ``point + step``.

        Parameters
        ----------
        point, step : acb
            z_0 and delta, exact or narrow balls; the step must be shorter than the distance to the singular points.
        state : acb_mat
            m x 1.
        bits : int
            Working precision, and size of the terms at which the series is cut off, relative to its largest.

        Raises
        ------
        ValueError
            For a step that is too long.
        ArithmeticError
            Where all bits are lost.
        """
        if not all(c.is_finite() for c in state.entries()):
            raise ArithmeticError(f"the state at {point} is not finite: more bits are needed on the way to it")
        with working_precision(_BOUND_BITS):
            if not abs(step) < _LONGEST * self.distance(point):
                raise ValueError(f"the step {complex(step)} from {complex(point)} is too long for a Taylor series")
        bounds = self._bounds(point, step)
        with working_precision(bits):
            feed, carry, divisor = self._resolvent(point)
            carry = carry * step
            shift, select = acb_mat(self.shift) * step, acb_mat(self.select) * step
            w = state.mid()
            exact = feed * w / divisor
            u = exact.mid()
            rounding_w, rounding_u = state - w, exact - u
            total, observed = w, [(w if self.observed == "W" else u)[0, 0]]
            largest, n = arb(0), 0
            cut = arb(2) ** -bits
            while True:
                n += 1
                exact = (shift * w + select * u) / n
                if n % _STRIDE == 0:
                    size = bounds.norm(moduli(exact))
                    if not size.is_finite():
                        raise ArithmeticError(f"the Taylor series at {point} has lost all its bits")
                    if size <= cut * largest or size == 0:
                        break
                    largest = size.max(largest)
                w = exact.mid()
                rounding_w = rounding_w + (exact - w)
                total = total + w
                exact = (feed * w - carry * u) / divisor
                u = exact.mid()
                rounding_u = rounding_u + (exact - u)
                observed.append((w if self.observed == "W" else u)[0, 0])
            lost_w = moduli(rounding_w) + moduli(exact)
            lost_u = moduli(rounding_u) + moduli(carry * u / divisor)
            error_w = bounds.solution(lost_w, lost_u)
            error = error_w[0, 0] if self.observed == "W" else bounds.inner(error_w, lost_u)[0, 0]
            spread = arb_mat([[e.upper()] for e in error_w.entries()])
            end = acb_mat([[_widened(c, r)] for c, r in zip(total.entries(), spread.entries(), strict=True)])
        return Taylor(point, step, observed, error.upper(), end)

    def transport(self, state: acb_mat, path: Sequence[acb], bits: int, origin: acb | int = 0) -> acb_mat:
        """W at the end of a polyline, from W at its beginning.

        Parameters
        ----------
        state : acb_mat
            m x 1, W at ``origin + path[0]``.
        path : sequence of acb
            Points relative to ``origin``, exact or narrow balls; none of the segments may meet a singular point.
        bits : int
            Working precision.
        origin : acb
            A ball, narrow beside all distances.

        Raises
        ------
        ValueError
            For a path that runs into a singular point.
        """
        for here, target in pairwise(path):
            for step in self.steps(here, target, origin):
                with working_precision(bits):
                    start = here + origin
                state = self.expand(start, step, state, bits).end
                with working_precision(EXACT_BITS):
                    here = here + step
        return state

    def observe(self, state: acb_mat, point: acb, bits: int) -> acb:
        """y at a point, from W there."""
        if self.observed == "W":
            return acb(state[0, 0])
        with working_precision(bits):
            feed, _, divisor = self._resolvent(point)
            return acb((feed * state)[0, 0] / divisor)

    def steps(self, start: acb, end: acb, origin: acb | int = 0) -> list[acb]:
        """Steps from one point to another, each short beside the distance to the singular points."""
        with working_precision(EXACT_BITS):
            whole = end - start
        found: list[fmpq] = []
        done = fmpq(0)
        with working_precision(_BOUND_BITS):
            while done < 1 and whole != 0:
                part = short_fraction(self.distance(start + origin + whole * done) * STEP / abs(whole))
                if part is None or len(found) == _MAX_STEPS:
                    raise ValueError(
                        f"the path from {complex(start)} to {complex(end)} runs into a singular point: go around it"
                    )
                left = 1 - done
                found.append(left if part * 5 > left * 4 else part)
                done += found[-1]
        with working_precision(EXACT_BITS):
            return [whole * part for part in found]

    def _bounds(self, point: acb, step: acb) -> Bounds:
        with working_precision(_BOUND_BITS):
            length = abs(step)
            distances = [_distance_to_segment(pole.point, point, step) for pole in self._poles]
            if any(not d > 0 for d in distances):
                raise ValueError(f"the segment from {complex(point)} by {complex(step)} meets a singular point")
            return self._bounds_at(distances, _distance_to_segment(acb(0), point, step), length)

    def bounds_beyond(self, point: acb, direction: acb) -> Bounds:
        """Bounds on the half-line from a point in a direction, for a step of no length."""
        with working_precision(_BOUND_BITS):
            distances = [_distance_to_half_line(pole.point, point, direction) for pole in self._poles]
            if any(not d > 0 for d in distances):
                raise ValueError(f"the half-line from {complex(point)} meets a singular point")
            return self._bounds_at(distances, _distance_to_half_line(acb(0), point, direction), arb(0))

    def _bounds_at(self, distances: list[arb], far: arb, length: arb) -> Bounds:
        """Bounds where the singular points are at least so far away, and the point 0 ``far``."""
        size, inner_size = self.shift.nrows(), self.matrix.nrows()
        poles, matrix = self._poles, self._shift_bound
        output, inner, driven = arb_mat(size, inner_size), arb_mat(inner_size, inner_size), arb_mat(inner_size, size)
        rest = arb_mat(size, size)
        for pole, distance in zip(poles, distances, strict=True):
            factor = arb(1)
            for k in range(len(pole.parts)):
                factor = factor / distance
                matrix = matrix + pole.both[k] * factor
                output = output + pole.left[k] * factor
                inner = inner + pole.plain[k] * factor
                driven = driven + pole.right[k] * factor
                rest = rest + pole.far[k] * factor
        if far > 0:
            expansion, factor = self._shift_bound, arb(1)
            for moment in self._moment_bounds:
                factor = factor / far
                expansion = expansion + moment * factor
            matrix = _least(matrix, expansion + rest * factor)
        return Bounds(matrix, output, inner, driven, self._select_bound, length, self.observed)


class _Pole:
    """A pole of (z - A)^(-1) = sum_j parts[j-1] / (z - point)^j + ..., and moduli of F, A, G products of the parts."""

    def __init__(self, point: acb, parts: list[acb_mat]) -> None:
        self.point, self.parts = point, parts

    def bound_products(self, select: acb_mat, far_select: acb_mat, source: acb_mat) -> None:
        self.far = [moduli(far_select * p * source) for p in self.parts]
        self.plain = [moduli(p) for p in self.parts]
        self.left = [moduli(select * p) for p in self.parts]
        self.right = [moduli(p * source) for p in self.parts]
        self.both = [moduli(select * p * source) for p in self.parts]


class Bounds:
    """Bounds of the coefficients of a system on a segment or half-line, and of what they do to errors.

    Attributes
    ----------
    matrix, output, inner_matrix, driven : arb_mat
        Entrywise bounds of the moduli of M, F (z - A)^(-1), (z - A)^(-1) and (z - A)^(-1) G.
    weights : list of arb
        Of the norm max |w_i|/weight_i.
    rate : arb
        The norm of ``matrix``.
    """

    def __init__(
        self,
        matrix: arb_mat,
        output: arb_mat,
        inner: arb_mat,
        driven: arb_mat,
        select: arb_mat,
        length: arb,
        observed: Literal["W", "U"],
    ) -> None:
        self.matrix, self.output, self.inner_matrix, self.driven = matrix, output, inner, driven
        self._select, self._length, self._observed = select, length, observed
        self.weights = perron_weights(matrix)
        self.rate = self._operator_norm(matrix)

    def _operator_norm(self, matrix: arb_mat) -> arb:
        sums = (matrix * arb_mat([[w] for w in self.weights])).entries()
        return _largest([(s / w).upper() for s, w in zip(sums, self.weights, strict=True)])

    def norm(self, vector: arb_mat) -> arb:
        """The norm of a column of upper bounds."""
        return _largest([(c / w).upper() for c, w in zip(vector.entries(), self.weights, strict=True)])

    def observable(self, state: acb_mat) -> arb:
        """A Y with |y| <= Y exp(rate * distance) along the half-line, from W at its beginning."""
        size = self.norm(moduli(state))
        spread = arb_mat([[size * w] for w in self.weights])
        return (spread if self._observed == "W" else self.driven * spread)[0, 0].upper()

    def solution(self, lost_w: arb_mat, lost_u: arb_mat) -> arb_mat:
        """Entrywise bound of the error of W on the segment (head of this module)."""
        defect = lost_w + (self._select + self.output * self._length) * lost_u * self._length
        grown = (self._length * self.rate).exp() * self.norm(defect)
        return arb_mat([[grown * w] for w in self.weights])

    def inner(self, error_w: arb_mat, lost_u: arb_mat) -> arb_mat:
        """Entrywise bound of the error of U on the segment, from that of W."""
        return self.driven * error_w + lost_u + self.inner_matrix * lost_u * self._length


# ---------------------------------------------------------------------------------------------------------------------


def moduli(matrix: acb_mat) -> arb_mat:
    """Upper bounds of the moduli of the entries."""
    return arb_mat([[abs(c).upper() for c in row] for row in matrix.tolist()])


def _least(first: arb_mat, second: arb_mat) -> arb_mat:
    """The smaller of two upper bounds, entry by entry."""
    rows = zip(first.tolist(), second.tolist(), strict=True)
    return arb_mat([[a.min(b).upper() for a, b in zip(row, other, strict=True)] for row, other in rows])


def _is_sharp(matrix: acb_mat) -> bool:
    size = _largest([abs(c).upper() for c in matrix.entries()])
    return all(c.is_finite() and c.rad() <= size * arb(2) ** -_RESIDUE_BITS for c in matrix.entries())


def _largest(values: Sequence[arb]) -> arb:
    largest = values[0]
    for value in values[1:]:
        largest = largest.max(value)
    return largest


def perron_weights(matrix: arb_mat) -> list[arb]:
    """Positive weights near the Perron vector, for which the weighted maximum norm is nearly the spectral radius."""
    size = _largest(matrix.entries())
    if not size.is_finite():
        raise ArithmeticError("a bound is not finite: more bits are needed")
    entries = np.array([[float(c / size) if size > 0 else 0.0 for c in row] for row in matrix.tolist()])
    vector = np.ones(len(entries))
    for _ in range(_POWER_STEPS):
        image = entries @ vector
        if image.min() > 0 and (image / vector).max() < (1 + _EVEN) * (image / vector).min():
            break
        # Half of each step, on a logarithmic scale: a whole one goes back and forth where eigenvalues are opposite.
        image = np.sqrt(vector * image)
        vector = np.maximum(image / max(image.max(), _TINY), _LEAST_WEIGHT)
    return [arb(float(v)) for v in vector]


def _widened(value: acb, radius: arb) -> acb:
    spread = arb(0, radius)
    return acb(value.real + spread, value.imag + spread)


def _distance_to_segment(pole: acb, start: acb, step: acb) -> arb:
    """A lower bound for the distance between a point and a segment."""
    offset = (pole - start) * step.conjugate()
    square = abs(step) ** 2
    if offset.real < 0 or step == 0:
        return abs(pole - start).lower()
    if offset.real > square:
        return abs(pole - start - step).lower()
    return (abs(offset.imag) / abs(step)).lower()  # the distance to the line, which is never too much


def _distance_to_half_line(pole: acb, start: acb, direction: acb) -> arb:
    """A lower bound for the distance between a point and a half-line."""
    offset = (pole - start) * direction.conjugate()
    return (abs(pole - start) if offset.real < 0 else abs(offset.imag) / abs(direction)).lower()


def short_fraction(value: arb) -> fmpq | None:
    """A short binary fraction just below a positive number; None for one that is not positive, or below 2^-1000."""
    number = value.lower()
    if not number > 0:
        return None
    mantissa, exponent = number.man_exp()
    excess = int(mantissa).bit_length() - 6
    top, power = int(mantissa) >> max(excess, 0), int(exponent) + max(excess, 0)
    if power < -1000:
        return None
    return fmpq(top << power, 1) if power >= 0 else fmpq(top, 1 << -power)
