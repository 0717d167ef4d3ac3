"""Formal solutions of a connection at a nondegenerate critical point: asymptotic series without expanding integrands.

With ``I = exp(-c/g) g^(d/2) sum_n v_n g^n`` the system ``g^2 dI/dg = (A_0 + g A_1 + ...) I`` becomes

    (A_0 - c) v_n = (n - 1 + d/2) v_(n-1) - A_1 v_(n-1) - A_2 v_(n-2) - ...  =: r_n ,

and v_0 = (m_1, ..., m_mu) at the critical point. A_0 - c is singular. Let P be the projector onto its kernel along its
image, and S the inverse on the image: ``S (A_0 - c) = 1 - P`` and ``S P = 0``. Then
``v_n = S r_n + P v_n``, and the part in the kernel follows from the condition that the next equation be solvable,
``P r_(n+1) = 0``. For nondegenerate critical points ``P A_1 P = (d/2) P`` (otherwise not all of them would have a
solution with v_0 in the kernel), so that with u_n = S r_n

    n P v_n = P (A_1 u_n + A_2 v_(n-1) + A_3 v_(n-2) + ...) .

Everything takes place in the number field Q(t) of the critical point: v_n is a matrix over Q with a column for each
power of t. It is kept as integers over one common denominator, so that a step costs one gcd of long numbers and not one
for each entry. In a number field of high degree balls take the place of exact numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, Self, TypeVar

from flint import acb, acb_mat, arb, fmpq, fmpq_mat, fmpq_poly, fmpz, fmpz_mat

from .algebraic import AlgebraicNumber, NumberField
from .connection import ConnectionLevels
from .critical_points import Orbit, evaluate
from .numbers import working_precision

__all__ = ["formal_solution"]

#: Rational entries of a vector up to which the expansion is exact. Beyond, the numbers of a number field of this degree
#: have thousands of digits from the start, and balls take their place.
MAX_EXACT_ENTRIES = 130


def formal_solution(
    levels: ConnectionLevels, orbit: Orbit, field: NumberField, terms: int
) -> list[AlgebraicNumber] | list[acb]:
    """Coefficients a_0 = 1, a_1, ..., a_(terms-1) of the integral of exp(-V/g) at the point of ``orbit`` in ``field``.

    They are elements of ``field`` where mu times the degree of the field is at most 130, and balls of
    512 + 32 ``terms`` bits above. All critical points with the critical value of ``orbit`` must be nondegenerate.
    """
    if levels.ring.dimension * field.degree <= MAX_EXACT_ENTRIES:
        return [field(a) for a in _exact_solution(levels, orbit, terms)]
    return _ball_solution(levels, orbit, field, terms)


class _VectorLike(Protocol):
    def scaled(self, numerator: int, denominator: int, /) -> Self: ...

    def minus(self, other: Self, /) -> Self: ...

    def reduced(self) -> Self: ...


_V = TypeVar("_V", bound=_VectorLike)


def _recurrence(
    start: _V,
    connection: Callable[[int], Sequence[Callable[[_V], _V]]],
    inverse: Callable[[_V], _V],
    projector: Callable[[_V], _V],
    dimension: int,
    terms: int,
) -> list[_V]:
    """v_0, ..., v_(terms-1); ``connection(n)`` gives A_0, ..., A_n, or all there are."""
    past = [start]
    for n in range(1, terms):
        matrices = connection(n + 1)  # A_(n+1) v_0 enters the condition on v_n
        right_side = past[-1].scaled(2 * (n - 1) + dimension, 2)
        for k in range(1, min(n + 1, len(matrices))):
            right_side = right_side.minus(matrices[k](past[n - k]))
        vector = inverse(right_side)
        if len(matrices) > 1:
            pull = matrices[1](vector)
            for k in range(2, min(n + 2, len(matrices))):
                pull = pull.minus(matrices[k](past[n + 1 - k]).scaled(-1, 1))
            vector = vector.minus(projector(pull).scaled(-1, n))
        past.append(vector.reduced())
    return past


# ---------------------------------------------------------------------------------------------------------------------
# In the number field


def _exact_solution(levels: ConnectionLevels, orbit: Orbit, terms: int) -> list[fmpq_poly]:
    inverse, projector = _inverse_and_projector(levels.up_to(0)[0], orbit)
    known: list[Callable[[_Vector], _Vector]] = []

    def connection(n: int) -> Sequence[Callable[[_Vector], _Vector]]:
        known.extend(_Integral(matrix).of for matrix in levels.up_to(n)[len(known) :])
        return known

    vectors = _recurrence(
        _Vector.of(fmpq_mat([_padded(m, orbit) for m in orbit.basis_values])),
        connection,
        inverse.of_flat,
        projector.of_flat,
        len(levels.ring.names),
        terms,
    )
    return [fmpq_poly([fmpq(v.numerators[0, k], v.denominator) for k in range(v.numerators.ncols())]) for v in vectors]


class _Vector:
    """A matrix of integers over one denominator, not necessarily in lowest terms."""

    __slots__ = ("denominator", "numerators")

    def __init__(self, numerators: fmpz_mat, denominator: fmpz) -> None:
        self.numerators, self.denominator = numerators, denominator

    @classmethod
    def of(cls, matrix: fmpq_mat) -> _Vector:
        return cls(*matrix.numer_denom())

    def scaled(self, numerator: int, denominator: int) -> _Vector:
        return _Vector(self.numerators * numerator, self.denominator * denominator)

    def minus(self, other: _Vector) -> _Vector:
        a, b = self.denominator, other.denominator
        if b % a == 0:  # the usual case, and cheaper to see than a gcd
            return _Vector(self.numerators * (b // a) - other.numerators, b)
        common = a.gcd(b)
        return _Vector(self.numerators * (b // common) - other.numerators * (a // common), a * (b // common))

    def reduced(self) -> _Vector:
        """The same in lowest terms."""
        entries = self.numerators.entries()
        common = self.denominator
        for entry in entries:
            common = common.gcd(entry)
            if common == 1:
                return self
        rows, columns = self.numerators.nrows(), self.numerators.ncols()
        return _Vector(fmpz_mat(rows, columns, [e // common for e in entries]), self.denominator // common)


class _Integral:
    """A rational matrix, as integers over one denominator, acting on vectors from the left."""

    def __init__(self, matrix: fmpq_mat) -> None:
        self._numerators, self._denominator = matrix.numer_denom()

    def of(self, vector: _Vector) -> _Vector:
        return _Vector(self._numerators * vector.numerators, vector.denominator * self._denominator)

    def of_flat(self, vector: _Vector) -> _Vector:
        """The matrix acting on all entries of the vector, row after row, as one column."""
        rows, columns = vector.numerators.nrows(), vector.numerators.ncols()
        flat = self._numerators * fmpz_mat(rows * columns, 1, vector.numerators.entries())
        return _Vector(fmpz_mat(rows, columns, flat.entries()), vector.denominator * self._denominator)


def _inverse_and_projector(a0: fmpq_mat, orbit: Orbit) -> tuple[_Integral, _Integral]:
    """S and P above; in a proper number field as matrices over Q, an entry becoming a block."""
    if orbit.value.degree() <= 0:
        inverse, projector = _at_rational_value(a0, orbit.value[0] if orbit.value.degree() == 0 else fmpq(0))
        degree = int(orbit.modulus.degree())
        return _Integral(_spread(inverse, degree)), _Integral(_spread(projector, degree))
    return _at_irrational_value(a0, orbit)


def _at_rational_value(a0: fmpq_mat, c: fmpq) -> tuple[fmpq_mat, fmpq_mat]:
    """From bases K, L of the right and the left kernel: ``P = K (L K)^(-1) L`` and ``S = (A_0 - c + P)^(-1) - P``."""
    shifted = a0 - _identity(a0.nrows()) * c
    right, left = _kernel(shifted).transpose(), _kernel(shifted.transpose())
    projector = right * (left * right).inv() * left
    return (shifted + projector).inv() - projector, projector


def _kernel(matrix: fmpq_mat) -> fmpq_mat:
    """Rows that are a basis of the vectors x with ``matrix x = 0``."""
    reduced, rank = matrix.rref()
    size = matrix.ncols()
    pivots: list[int] = []
    for column in range(size):
        if len(pivots) < rank and reduced[len(pivots), column] == 1:
            pivots.append(column)
    rows = []
    for free in sorted(set(range(size)) - set(pivots)):
        row = [fmpq(0)] * size
        row[free] = fmpq(1)
        for k, pivot in enumerate(pivots):
            row[pivot] = -reduced[k, free]
        rows.append(row)
    return fmpq_mat(rows)


def _spread(matrix: fmpq_mat, degree: int) -> fmpq_mat:
    """Each entry times the identity matrix: the action on rows of ``degree`` rationals, one after the other."""
    if degree == 1:
        return matrix
    spread = fmpq_mat(matrix.nrows() * degree, matrix.ncols() * degree)
    for i in range(matrix.nrows()):
        for j in range(matrix.ncols()):
            for k in range(degree):
                spread[i * degree + k, j * degree + k] = matrix[i, j]
    return spread


def _at_irrational_value(a0: fmpq_mat, orbit: Orbit) -> tuple[_Integral, _Integral]:
    """S and P as polynomials in A_0 and c.

    With the minimal polynomial (T - c) l(T) of A_0 they are ``P = l(A_0)/l(c)`` and
    ``S = (1 - l(T)/l(c))/(T - c)`` at ``T = A_0``.
    """
    c = orbit.value
    modulus = fmpq_poly(orbit.modulus)
    minimal = a0.minpoly()
    # Coefficients of l by synthetic division; l(c) and the second quotient alike.
    quotient = _synthetic_division([fmpq_poly([a]) for a in minimal.coeffs()], c, modulus)
    at_c = _value(quotient, c, modulus)
    gcd, scale, _ = at_c.xgcd(modulus)
    projector = [p * scale / gcd[0] % modulus for p in quotient]
    inverse = [-p for p in _synthetic_division(projector, c, modulus)]
    powers = [_identity(a0.nrows())]
    for _ in projector[1:]:
        powers.append(powers[-1] * a0)
    return _operator(inverse, powers, orbit), _operator(projector, powers, orbit)


def _operator(polynomial: list[fmpq_poly], powers: list[fmpq_mat], orbit: Orbit) -> _Integral:
    """``sum_k polynomial[k] A_0^k`` as a matrix over Q: each entry becomes the block of its multiplication in Q(t)."""
    size, degree = powers[0].nrows(), int(orbit.modulus.degree())
    by_power_of_t = []
    for j in range(degree):
        total = fmpq_mat(size, size)
        for p, power in zip(polynomial, powers, strict=False):
            if p[j] != 0:
                total = total + power * p[j]
        by_power_of_t.append(total.tolist())
    modulus = fmpq_poly(orbit.modulus)
    rows = []
    for row in range(size):
        blocks = [_multiplication([part[row][k] for part in by_power_of_t], modulus) for k in range(size)]
        rows += [[entry for block in blocks for entry in block[j]] for j in range(degree)]
    return _Integral(fmpq_mat(rows))


def _multiplication(element: list[fmpq], modulus: fmpq_poly) -> list[list[fmpq]]:
    """The matrix that takes the coefficients of x in Q(t) to those of ``element * x``."""
    degree = int(modulus.degree())
    columns, image, t = [], fmpq_poly(element), fmpq_poly([0, 1])
    for _ in range(degree):
        columns.append([image[k] for k in range(degree)])
        image = image * t % modulus
    return [[column[k] for column in columns] for k in range(degree)]


def _synthetic_division(coefficients: list[fmpq_poly], c: fmpq_poly, modulus: fmpq_poly) -> list[fmpq_poly]:
    """The quotient of a polynomial over Q(t) by (T - c)."""
    quotient: list[fmpq_poly] = []
    carry = fmpq_poly([])
    for coefficient in reversed(coefficients[1:]):
        carry = (carry * c + coefficient) % modulus
        quotient.append(carry)
    return quotient[::-1]


def _value(coefficients: list[fmpq_poly], c: fmpq_poly, modulus: fmpq_poly) -> fmpq_poly:
    value = fmpq_poly([])
    for coefficient in reversed(coefficients):
        value = (value * c + coefficient) % modulus
    return value


def _padded(element: fmpq_poly, orbit: Orbit) -> list[fmpq]:
    """An element of Q(t) by its coefficients."""
    return [element[k] for k in range(int(orbit.modulus.degree()))]


def _identity(size: int) -> fmpq_mat:
    return fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


# ---------------------------------------------------------------------------------------------------------------------
# In balls


class _BallVector:
    """A column of balls."""

    __slots__ = ("entries",)

    def __init__(self, entries: acb_mat) -> None:
        self.entries = entries

    def scaled(self, numerator: int, denominator: int) -> _BallVector:
        return _BallVector(self.entries * acb(fmpq(numerator, denominator)))

    def minus(self, other: _BallVector) -> _BallVector:
        return _BallVector(self.entries - other.entries)

    def reduced(self) -> _BallVector:
        return self


def _applied(matrix: acb_mat) -> Callable[[_BallVector], _BallVector]:
    return lambda vector: _BallVector(matrix * vector.entries)


def _ball_solution(levels: ConnectionLevels, orbit: Orbit, field: NumberField, terms: int) -> list[acb]:
    """The recurrence in balls, again with more bits until those asked for are left."""
    wanted = 512 + 32 * terms
    bits = wanted + 256
    while True:
        with working_precision(bits):
            try:
                vectors = _ball_vectors(levels, orbit, field, terms, bits)
            except ZeroDivisionError:  # a pivot that cannot be told from zero yet
                vectors = []
            if vectors and _accuracy(vectors) >= wanted:
                break
        bits *= 2
    real = field.root(64).imag.is_zero()
    return [acb(v.entries[0, 0].real) if real else v.entries[0, 0] for v in vectors]


def _accuracy(vectors: list[_BallVector]) -> int:
    """Bits of each coefficient that are certain, relative to the largest entry up to there (v_0 has an entry 1)."""
    largest, least = 0, 1 << 40
    for vector in vectors:
        largest = max(largest, *(_exponent(abs(entry).mid()) for entry in vector.entries.entries()))
        first = vector.entries[0, 0]
        least = min(least, largest - max(_exponent(first.real.rad()), _exponent(first.imag.rad())))
    return least


def _exponent(value: arb) -> int:
    """e with 2^(e-1) <= |value| < 2^e for an exact number; far below all others for 0."""
    mantissa, exponent = value.man_exp()
    return int(exponent) + int(mantissa).bit_length() if mantissa else -(1 << 40)


def _ball_vectors(
    levels: ConnectionLevels, orbit: Orbit, field: NumberField, terms: int, bits: int
) -> list[_BallVector]:
    a0, mu = acb_mat(levels.up_to(0)[0]), levels.ring.dimension
    identity = acb_mat(mu, mu, [int(i == j) for i in range(mu) for j in range(mu)])
    c = evaluate(orbit.value, field, bits)
    # P = l(A_0)/l(c) by Horner's rule, l = (minimal polynomial)/(T - c).
    quotient = [acb(0)]
    for coefficient in reversed(levels.up_to(0)[0].minpoly().coeffs()):
        quotient.append(quotient[-1] * c + coefficient)
    projector, at_c = identity * acb(0), acb(0)
    for term in quotient[1:-1]:
        projector, at_c = projector * a0 + identity * term, at_c * c + term
    projector = projector * (1 / at_c)
    # A_0 - c + P is A_0 - c on the image and 1 on the kernel.
    inverse = (a0 - identity * c + projector).inv() - projector
    known: list[Callable[[_BallVector], _BallVector]] = []

    def connection(n: int) -> Sequence[Callable[[_BallVector], _BallVector]]:
        known.extend(_applied(acb_mat(matrix)) for matrix in levels.up_to(n)[len(known) :])
        return known

    point = [evaluate(x, field, bits) for x in orbit.coordinates]
    start = []
    for monomial in levels.ring.basis:
        value = acb(1)
        for x, exponent in zip(point, monomial, strict=True):
            value = value * x**exponent
        start.append(value)
    return _recurrence(
        _BallVector(acb_mat(mu, 1, start)),
        connection,
        _applied(inverse),
        _applied(projector),
        len(levels.ring.names),
        terms,
    )
