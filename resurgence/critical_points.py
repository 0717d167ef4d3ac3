"""Critical values and critical points of a polynomial action, exactly.

The critical values are the roots of the characteristic polynomial of multiplication by V on the Jacobian ring. The
points come from a rational univariate representation (Rouillier 1999): a linear form t that takes different values at
different points, and for every polynomial v the polynomial g_v with ``v(point) = g_v(t) / g_1(t)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import mpmath
import sympy
from flint import acb, fmpq, fmpq_mat, fmpq_mpoly, fmpq_poly, fmpz_poly

from .algebraic import AlgebraicNumber, NumberField
from .jacobian_ring import JacobianRing
from .numbers import (
    Enclosure,
    ball,
    bits_for,
    check_digits,
    enclosure,
    rational,
    roots_with_multiplicity,
    working_precision,
)

__all__ = ["CriticalPoint", "CriticalValue", "Orbit", "critical_orbits", "critical_values"]

#: Longest polynomial that is shown with its root.
_SHOWN_CHARACTERS = 150
#: Bits to which roots are isolated at first.
_BITS = 128


class CriticalValue:
    """A value of the action at its critical points, exact, with the number of points that have it.

    Parameters
    ----------
    value : sympy expression or rational number
        The value.
    multiplicity : int
        Number of critical points with this value, each with its own multiplicity.

    Attributes
    ----------
    value : sympy.Expr
        Rational, in radicals for degree 2, a ``CRootOf`` above; made when it is asked for.
    algebraic : AlgebraicNumber
        The same for computing with.

    Examples
    --------
    >>> CriticalValue(sympy.Rational(-1, 4), 2)
    CriticalValue(value=-1/4, multiplicity=2)
    """

    def __init__(self, value: sympy.Expr | AlgebraicNumber | fmpq | int, multiplicity: int) -> None:
        if isinstance(multiplicity, bool) or not isinstance(multiplicity, int):
            raise TypeError(f"the multiplicity must be an int, got {multiplicity!r}")
        if multiplicity < 1:
            raise ValueError(f"the multiplicity must be at least 1, got {multiplicity}")
        self.multiplicity = multiplicity
        self.algebraic = value if isinstance(value, AlgebraicNumber) else _algebraic(value)

    @cached_property
    def value(self) -> sympy.Expr:
        return self.algebraic.to_sympy()

    @property
    def is_rational(self) -> bool:
        return self.algebraic.is_rational

    @cached_property
    def minimal_polynomial(self) -> fmpz_poly:
        """The primitive irreducible polynomial over Z whose root the value is."""
        if self.algebraic == self.algebraic.field.generator:
            return self.algebraic.field.modulus
        return self.algebraic.minimal_polynomial()

    def ball(self, bits: int) -> acb:
        """The value as a certified ball of about ``bits`` bits."""
        return evaluate(self.algebraic.poly, self.algebraic.field, bits)

    def enclosure(self, digits: int = 30) -> Enclosure:
        """The value to ``digits`` digits: ``proved`` where it is rational and hence exact, otherwise ``certified``."""
        return _enclosure(self.algebraic, check_digits(digits))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CriticalValue):
            return NotImplemented
        return self.multiplicity == other.multiplicity and self.algebraic == other.algebraic

    def __hash__(self) -> int:
        return hash((self.multiplicity, self.algebraic))

    def __complex__(self) -> complex:
        return complex(self.enclosure(17).value)

    def _number_text(self) -> str:
        if self.minimal_polynomial.degree() <= 2:
            return str(self.value)
        return _text(self.enclosure(20).value)

    def _text(self) -> str:
        degree = self.minimal_polynomial.degree()
        if degree <= 2:
            return str(self.value)
        polynomial = self.minimal_polynomial.str(var="t")
        if len(polynomial) > _SHOWN_CHARACTERS:
            polynomial = f"a polynomial of degree {degree}"
        return f"{self._number_text()} (root of {polynomial})"

    def __repr__(self) -> str:
        return f"CriticalValue(value={self._text()}, multiplicity={self.multiplicity})"

    def _repr_latex_(self) -> str:
        if self.minimal_polynomial.degree() <= 2:
            text = sympy.latex(self.value)
        else:
            text = self._number_text().replace("j", r"\,i")
        return rf"${text}$ (multiplicity {self.multiplicity})"


@dataclass(frozen=True, repr=False)
class CriticalPoint:
    """A point where the gradient of the action vanishes.

    Attributes
    ----------
    coordinates : tuple of Enclosure
        In the order of the action's variables; ``proved`` where rational, ``certified`` otherwise.
    value : CriticalValue
        The value of the action there.
    multiplicity : int
        The dimension of the local ring; 1 for a nondegenerate point.
    algebraic : tuple of AlgebraicNumber
        The coordinates, exactly, all in one number field.
    hessian_determinant : AlgebraicNumber
        Of the action, in the same field; zero at a degenerate point.
    """

    coordinates: tuple[Enclosure, ...]
    value: CriticalValue
    multiplicity: int
    algebraic: tuple[AlgebraicNumber, ...]
    hessian_determinant: AlgebraicNumber
    orbit: Orbit

    @property
    def is_degenerate(self) -> bool:
        """Whether the Hessian is singular."""
        return self.multiplicity > 1

    @property
    def is_rational(self) -> bool:
        """Whether every coordinate is rational."""
        return all(x.is_rational for x in self.algebraic)

    @property
    def is_real(self) -> bool:
        """Whether every coordinate is real."""
        return bool(self.algebraic[0].field.root(_BITS).imag.is_zero())

    @cached_property
    def exact(self) -> tuple[sympy.Expr, ...]:
        """The coordinates in sympy: rational, in radicals for degree 2, ``CRootOf`` above (slow in high degree)."""
        return tuple(x.to_sympy() for x in self.algebraic)

    def _coordinate_text(self) -> str:
        shown = (
            _constant_text(x) if x.is_rational else _text(c.value)
            for x, c in zip(self.algebraic, self.coordinates, strict=True)
        )
        return f"({', '.join(shown)})"

    def __repr__(self) -> str:
        degenerate = f", multiplicity {self.multiplicity}" if self.is_degenerate else ""
        return f"CriticalPoint({self._coordinate_text()}, value {self.value._number_text()}{degenerate})"


class Orbit:
    """Critical points that are conjugate over Q: one for each root of an irreducible polynomial.

    Attributes
    ----------
    modulus : fmpz_poly
        The irreducible polynomial; t is its root.
    multiplicity : int
        Of each of the points.
    """

    def __init__(
        self, ring: JacobianRing, modulus: fmpz_poly, multiplicity: int, representation: _UnivariateRepresentation
    ) -> None:
        self.ring, self.modulus, self.multiplicity = ring, modulus, multiplicity
        self._field_modulus = fmpq_poly(modulus)
        self._representation = representation
        gcd, inverse, _ = (representation.numerator(ring.one) % self._field_modulus).xgcd(self._field_modulus)
        self._inverse = inverse / gcd[0]

    def evaluate(self, poly: fmpq_mpoly) -> fmpq_poly:
        """The value of a polynomial at the point, as a polynomial in t."""
        return self._evaluate_row(self.ring.coordinates(poly))

    def _evaluate_row(self, row: fmpq_mat) -> fmpq_poly:
        return self._representation.numerator(row) * self._inverse % self._field_modulus

    @cached_property
    def coordinates(self) -> tuple[fmpq_poly, ...]:
        return tuple(self.evaluate(x) for x in self.ring.potential.context().gens())

    @cached_property
    def value(self) -> fmpq_poly:
        return self.evaluate(self.ring.potential)

    @cached_property
    def hessian_minors(self) -> tuple[fmpq_poly, ...]:
        """The leading principal minors of the Hessian; the last one is its determinant."""
        n = len(self.ring.names)
        rows = [[derivative.derivative(j) for j in range(n)] for derivative in self.ring.gradient]
        return tuple(self.evaluate(_determinant([row[:size] for row in rows[:size]])) for size in range(1, n + 1))

    @cached_property
    def basis_values(self) -> tuple[fmpq_poly, ...]:
        """The basis monomials of the ring at the point."""
        mu = self.ring.dimension
        return tuple(self._evaluate_row(fmpq_mat(1, mu, [int(k == j) for k in range(mu)])) for j in range(mu))

    @cached_property
    def fields(self) -> tuple[NumberField, ...]:
        """The number field of each of the points."""
        with working_precision(_BITS):
            return tuple(NumberField(self.modulus, root) for root, _ in roots_with_multiplicity(self.modulus))


class _UnivariateRepresentation:
    """Rouillier's polynomials g_v for a separating linear form t, from the traces of v t^i."""

    def __init__(self, ring: JacobianRing) -> None:
        traces = _traces(ring)
        distinct: int | None = None
        for form in _linear_forms(ring):
            self._form = form
            self.characteristic_polynomial = form.charpoly()
            squarefree = fmpq_poly([1])
            for factor, _ in self.characteristic_polynomial.numer().factor()[1]:
                squarefree = squarefree * fmpq_poly(factor)
            if squarefree.degree() == ring.dimension:
                break
            if distinct is None:
                distinct = _hermite_rank(ring, traces)
            if squarefree.degree() == distinct:
                break
        self._squarefree = squarefree / squarefree[squarefree.degree()]
        # Columns T^i tau: the trace of v t^i is the row of v times them.
        column, columns = traces, []
        for _ in range(int(self._squarefree.degree())):
            columns.append(column.entries())
            column = form * column
        self._trace_columns = fmpq_mat(columns).transpose()

    def numerator(self, row: fmpq_mat) -> fmpq_poly:
        """g_v for the v with these coordinates in the ring."""
        traces = fmpq_poly((row * self._trace_columns).entries())
        # sum_i Tr(v t^i) H_(n-1-i)(T), H_j the polynomial part of (squarefree)/T^(n-j): the part of degree >= 0 of
        # (sum_i Tr(v t^i) T^(-1-i)) * squarefree.
        n = int(self._squarefree.degree())
        reversed_traces = fmpq_poly([traces[n - 1 - i] for i in range(n)])
        return (reversed_traces * self._squarefree).right_shift(n)


def _linear_forms(ring: JacobianRing) -> Iterator[fmpq_mat]:
    """Matrices of multiplication by x_1, x_2, ..., then by x_1 + k x_2 + k^2 x_3 + ... for k = 1, -1, 2, -2, ...

    Among the latter, (d-1) mu (mu-1)/2 + 1 contain a separating one (Rouillier 1999, lemma 2.1).
    """
    yield from ring.multiplication
    k = 0
    while True:
        k = -k if k > 0 else 1 - k
        total = fmpq_mat(ring.dimension, ring.dimension)
        for i, matrix in enumerate(ring.multiplication):
            total = total + matrix * fmpq(k) ** i
        yield total


def _traces(ring: JacobianRing) -> fmpq_mat:
    """The column of the traces of multiplication by the basis monomials."""
    mu = ring.dimension
    context = ring.potential.context()
    matrices = [ring.matrix(context.from_dict({m: 1})) for m in ring.basis]
    return fmpq_mat(mu, 1, [sum((matrix[j, j] for j in range(mu)), fmpq(0)) for matrix in matrices])


def _hermite_rank(ring: JacobianRing, traces: fmpq_mat) -> int:
    """The number of distinct critical points: the rank of the trace form (m_j, m_k) -> Tr(m_j m_k)."""
    context = ring.potential.context()
    return int(fmpq_mat([(ring.matrix(context.from_dict({m: 1})) * traces).entries() for m in ring.basis]).rank())


def _determinant(rows: list[list[fmpq_mpoly]]) -> fmpq_mpoly:
    """Determinant by expansion along the rows, each minor once."""
    minors: dict[tuple[int, ...], fmpq_mpoly] = {(): rows[0][0].context().constant(1)}
    for k, row in enumerate(reversed(rows)):
        minors = {
            columns: sum(
                ((-1) ** i * row[column] * minors[columns[:i] + columns[i + 1 :]] for i, column in enumerate(columns)),
                row[0].context().constant(0),
            )
            for columns in combinations(range(len(rows)), k + 1)
        }
    return minors[tuple(range(len(rows)))]


def critical_orbits(ring: JacobianRing) -> tuple[Orbit, ...]:
    """All critical points, a Galois orbit at a time."""
    representation = _UnivariateRepresentation(ring)
    factors = representation.characteristic_polynomial.numer().factor()[1]
    return tuple(Orbit(ring, factor, int(multiplicity), representation) for factor, multiplicity in factors)


def critical_values(polynomial: fmpq_poly) -> tuple[CriticalValue, ...]:
    """The roots of the characteristic polynomial of A_0 with their multiplicities.

    In order of modulus; values of equal modulus (to 12 digits) in order of real part, then imaginary part, the largest
    first.
    """
    found = []
    for factor, multiplicity in polynomial.numer().factor()[1]:
        with working_precision(_BITS):
            roots = [root for root, _ in roots_with_multiplicity(factor)]
        for root in roots:
            field = NumberField(factor, root)
            value = CriticalValue(field.generator, int(multiplicity))
            found.append((_order(root), value))
    return tuple(value for _, value in sorted(found, key=lambda pair: pair[0]))


def critical_points(
    orbits: tuple[Orbit, ...], values: tuple[CriticalValue, ...], digits: int
) -> tuple[CriticalPoint, ...]:
    """The points of the orbits, in the order of their critical values, then of their coordinates."""
    found = []
    for orbit in orbits:
        for field in orbit.fields:
            algebraic = tuple(field(x) for x in orbit.coordinates)
            coordinates = tuple(_enclosure(x, digits) for x in algebraic)
            rank = _which(field(orbit.value), values)
            point = CriticalPoint(
                coordinates, values[rank], orbit.multiplicity, algebraic, field(orbit.hessian_minors[-1]), orbit
            )
            found.append(((rank, [_order(evaluate(x.poly, field, 64)) for x in algebraic]), point))
    return tuple(point for _, point in sorted(found, key=lambda pair: pair[0]))


def is_positive_definite(point: CriticalPoint) -> bool:
    """Whether the point is real and its Hessian positive definite (Sylvester's criterion, decided exactly)."""
    if not point.is_real:
        return False
    field = point.algebraic[0].field
    return all(
        minor.degree() >= 0
        and evaluate(minor, field, _BITS).real > 0  # one bit of a number that is not zero tells its sign
        for minor in point.orbit.hessian_minors
    )


def _which(value: AlgebraicNumber, values: tuple[CriticalValue, ...]) -> int:
    """The index of the critical value that a number, known to be one of them, is."""
    bits = _BITS
    while True:
        here = evaluate(value.poly, value.field, bits)
        near = [k for k, candidate in enumerate(values) if candidate.ball(bits).overlaps(here)]
        if len(near) == 1:
            return near[0]
        bits *= 2  # terminates: the values are different numbers


def evaluate(poly: fmpq_poly, field: NumberField, bits: int) -> acb:
    """An element of a number field as a ball of about ``bits`` bits; exactly real in a real field."""
    if poly.degree() <= 0:
        return ball(poly[0] if poly.degree() == 0 else fmpq(0), bits)
    work = bits + 32
    while True:
        root = field.root(work)
        with working_precision(work):
            value = acb(0)
            for coefficient in reversed(poly.coeffs()):
                value = value * root + coefficient
        if value.rel_accuracy_bits() >= bits:
            return value
        work *= 2  # terminates: an element that is not zero is not zero at every root


def _enclosure(number: AlgebraicNumber, digits: int) -> Enclosure:
    status = "proved" if number.is_rational and _is_dyadic(number.poly) else "certified"
    return enclosure(evaluate(number.poly, number.field, bits_for(digits)), status)  # type: ignore[arg-type]


def _is_dyadic(poly: fmpq_poly) -> bool:
    """Whether a constant is a binary fraction, which a number of people's kind holds exactly."""
    denominator = int(poly[0].q) if poly.degree() == 0 else 1
    return denominator & (denominator - 1) == 0


def _algebraic(value: object) -> AlgebraicNumber:
    """A number that a person gives as a critical value."""
    exact = rational(value)
    if exact is not None:
        return NumberField(fmpz_poly([-exact.p, exact.q]), ball(exact, _BITS)).generator
    if not isinstance(value, sympy.Expr):
        raise TypeError(f"a critical value is a rational number or an exact sympy expression, got {value!r}")
    t = sympy.Symbol("t")
    coefficients = sympy.minimal_polynomial(value, t, polys=True).all_coeffs()
    return NumberField(fmpz_poly([int(c) for c in reversed(coefficients)]), ball(value, _BITS)).generator


def _order(value: acb) -> tuple[float, float, float]:
    modulus, re_part, im_part = (float(_rounded(part)) for part in (abs(value), value.real, value.imag))
    return modulus, -re_part, -im_part


def _rounded(part: object) -> str:
    return f"{float(part):.11e}"  # type: ignore[arg-type]


def _constant_text(x: AlgebraicNumber) -> str:
    return str(x.poly[0]) if x.poly.degree() == 0 else "0"


def _text(z: mpmath.mpc) -> str:
    """12 digits, without a part that is zero."""
    if z.imag == 0:
        return str(mpmath.nstr(z.real, 12))
    imaginary = f"{mpmath.nstr(abs(z.imag), 12)}j"
    if z.real == 0:
        return f"-{imaginary}" if z.imag < 0 else imaginary
    return f"{mpmath.nstr(z.real, 12)} {'-' if z.imag < 0 else '+'} {imaginary}"
