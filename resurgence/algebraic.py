"""Algebraic numbers as elements of a number field with a chosen embedding.

A critical value or a critical point of an action over Q is algebraic. :class:`NumberField` is Q[t]/(f) with f
irreducible and one complex root of f singled out by a certified ball; :class:`AlgebraicNumber` is an element of it.
Arithmetic is exact; :meth:`AlgebraicNumber.ball` encloses the number to any precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy
from flint import acb, fmpq, fmpq_mat, fmpq_poly, fmpz_poly

from .numbers import Enclosure, ball, bits_for, enclosure, rational, roots_with_multiplicity, working_precision

__all__ = ["AlgebraicDifference", "AlgebraicNumber", "NumberField", "difference", "gaussian_rational"]


class NumberField:
    """The field Q[t]/(f) and the root of f that t stands for.

    Parameters
    ----------
    modulus : fmpz_poly
        Irreducible over Q, degree at least 1. (Irreducibility is the caller's word: factor first.)
    near : acb
        A ball that contains exactly one root of ``modulus``.
    """

    def __init__(self, modulus: fmpz_poly, near: acb) -> None:
        self.modulus = modulus
        self._fmpq_modulus = fmpq_poly(modulus)
        self._root = near
        self._root_bits = 0

    @property
    def degree(self) -> int:
        return int(self.modulus.degree())

    def root(self, bits: int) -> acb:
        """The chosen root as a certified ball, to at least ``bits`` bits."""
        if self._root_bits < bits:
            work = bits + 16
            while True:
                with working_precision(work):
                    near = [z for z, _ in roots_with_multiplicity(self.modulus) if z.overlaps(self._root)]
                if len(near) == 1:
                    break
                work *= 2  # the given ball is wide beside the distance of the roots: look closer
                if work > 64 * (bits + 64):
                    raise ValueError(f"the ball {self._root} does not single out one root of {self.modulus}")
            self._root, self._root_bits = acb(near[0]), bits
        return self._root

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, NumberField) or self.modulus != other.modulus:
            return False
        # Distinct roots of one polynomial have disjoint enclosures once these are isolating, as ours are.
        return bool(self.root(64).overlaps(other.root(64)))

    def __hash__(self) -> int:
        return hash(tuple(int(c) for c in self.modulus.coeffs()))

    def __repr__(self) -> str:
        return f"NumberField({self.modulus.str()}, root near {complex(self._root)})"

    def __call__(self, poly: fmpq_poly | fmpq | int) -> AlgebraicNumber:
        """The element ``poly(t)``."""
        return AlgebraicNumber(self, fmpq_poly(poly) if isinstance(poly, fmpq_poly) else fmpq_poly([poly]))

    @property
    def generator(self) -> AlgebraicNumber:
        return self(fmpq_poly([0, 1]))


class AlgebraicNumber:
    """An element of a :class:`NumberField`; exact arithmetic with rationals and elements of the same field.

    Examples
    --------
    >>> i = gaussian_rational(0, 1)
    >>> (1 + i) * (1 - i)
    AlgebraicNumber(2)
    >>> print((i / 2).enclosure(10))
    0.5000000000000000j (certified)
    """

    __slots__ = ("field", "poly")

    def __init__(self, field: NumberField, poly: fmpq_poly) -> None:
        self.field = field
        self.poly = poly % field._fmpq_modulus if poly.degree() >= field.degree else poly

    def _other(self, other: object) -> fmpq_poly | None:
        if isinstance(other, AlgebraicNumber):
            if other.field != self.field:
                raise TypeError(f"cannot combine elements of {self.field} and {other.field}")
            return other.poly
        if isinstance(other, (int, fmpq)):
            return fmpq_poly([other])
        return None

    def __add__(self, other: object) -> AlgebraicNumber:
        p = self._other(other)
        return NotImplemented if p is None else AlgebraicNumber(self.field, self.poly + p)

    __radd__ = __add__

    def __sub__(self, other: object) -> AlgebraicNumber:
        p = self._other(other)
        return NotImplemented if p is None else AlgebraicNumber(self.field, self.poly - p)

    def __rsub__(self, other: object) -> AlgebraicNumber:
        p = self._other(other)
        return NotImplemented if p is None else AlgebraicNumber(self.field, p - self.poly)

    def __neg__(self) -> AlgebraicNumber:
        return AlgebraicNumber(self.field, -self.poly)

    def __mul__(self, other: object) -> AlgebraicNumber:
        p = self._other(other)
        return NotImplemented if p is None else AlgebraicNumber(self.field, self.poly * p)

    __rmul__ = __mul__

    def inverse(self) -> AlgebraicNumber:
        """1/self; ZeroDivisionError for zero."""
        if self.poly.degree() < 0:
            raise ZeroDivisionError("division by the algebraic number 0")
        gcd, cofactor, _ = self.poly.xgcd(self.field._fmpq_modulus)
        return AlgebraicNumber(self.field, cofactor / gcd[0])

    def __truediv__(self, other: object) -> AlgebraicNumber:
        if isinstance(other, (int, fmpq)):
            return AlgebraicNumber(self.field, self.poly / fmpq(other))
        if isinstance(other, AlgebraicNumber):
            self._other(other)
            return self * other.inverse()
        return NotImplemented

    def __rtruediv__(self, other: object) -> AlgebraicNumber:
        p = self._other(other)
        return NotImplemented if p is None else AlgebraicNumber(self.field, p) * self.inverse()

    def __pow__(self, exponent: int) -> AlgebraicNumber:
        if exponent < 0:
            return self.inverse() ** -exponent
        result, base = self.field(1), self
        while exponent:
            if exponent & 1:
                result = result * base
            base, exponent = base * base, exponent >> 1
        return result

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AlgebraicNumber) and other.field != self.field:
            return self.minimal_polynomial() == other.minimal_polynomial() and self._same_root(other)
        p = self._other(other)
        return NotImplemented if p is None else bool(self.poly == p)

    def _same_root(self, other: AlgebraicNumber) -> bool:
        roots_bits = 64
        while True:
            with working_precision(roots_bits):
                roots = [z for z, _ in roots_with_multiplicity(self.minimal_polynomial())]
            mine = [k for k, z in enumerate(roots) if z.overlaps(self.ball(roots_bits))]
            theirs = [k for k, z in enumerate(roots) if z.overlaps(other.ball(roots_bits))]
            if len(mine) == len(theirs) == 1:
                return mine == theirs
            roots_bits *= 2

    def __hash__(self) -> int:
        if self.is_rational:
            return hash(self.poly[0])
        return hash(tuple(int(c) for c in self.minimal_polynomial().coeffs()))

    @property
    def is_rational(self) -> bool:
        return bool(self.poly.degree() <= 0)

    def ball(self, bits: int) -> acb:
        """A certified ball with about ``bits`` correct bits (relative), more work where terms cancel."""
        if self.poly.degree() < 0:
            return acb(0)
        work = bits + 32
        while True:
            root = self.field.root(work)
            with working_precision(work):
                value = acb(0)
                for c in reversed(self.poly.coeffs()):
                    value = value * root + c
                if value.rel_accuracy_bits() >= bits:
                    break
            work *= 2  # terminates: a non-zero element of the field is not zero
        with working_precision(bits + 8):
            # Parts that are exactly zero (a real or imaginary number) are far below the other part: name them.
            if not value.imag.is_zero() and value.imag.contains(0) and self._is_real():
                return acb(value.real)
            return acb(value)

    def _is_real(self) -> bool:
        """Whether the number is exactly real: its enclosure meets exactly one root of its minimal polynomial."""
        for z, _ in roots_with_multiplicity(self.minimal_polynomial()):
            if z.imag.is_zero() and z.overlaps(self.field_value()):
                return True
        return False

    def field_value(self) -> acb:
        """The number as a ball at 64 bits, without sharpening."""
        root = self.field.root(128)
        with working_precision(128):
            value = acb(0)
            for c in reversed(self.poly.coeffs()):
                value = value * root + c
            return value

    def enclosure(self, digits: int) -> Enclosure:
        """The number to ``digits`` digits, certified."""
        return enclosure(self.ball(bits_for(digits)), "certified")

    def minimal_polynomial(self) -> fmpz_poly:
        """The primitive irreducible polynomial over Z with positive leading coefficient that the number satisfies."""
        if self.is_rational:
            q = self.poly[0] if self.poly.degree() == 0 else fmpq(0)
            return fmpz_poly([-q.p, q.q])
        # Characteristic polynomial of multiplication by the number, whose only irreducible factor is the wanted one.
        n = self.field.degree
        power, columns = self, []
        t = self.field.generator
        for _ in range(n):
            columns.append([power.poly[k] for k in range(n)])
            power = power * t
        charpoly = fmpq_mat(columns).charpoly()
        [(factor, _)] = charpoly.numer().factor()[1]
        return factor if factor[factor.degree()] > 0 else -factor

    def to_sympy(self) -> sympy.Expr:
        """The number in sympy: a Rational, radicals for degree 2, a ``CRootOf`` above."""
        poly = self.minimal_polynomial()
        coefficients: Sequence[int] = [int(c) for c in reversed(poly.coeffs())]
        if len(coefficients) == 2:
            return sympy.Rational(-coefficients[1], coefficients[0])
        t = sympy.Symbol("t")
        sympy_poly = sympy.Poly(coefficients, t)
        value = self.ball(64)
        if len(coefficients) == 3:
            candidates = sympy.roots(sympy_poly, multiple=True)
        else:
            candidates = [sympy.CRootOf(sympy_poly, k) for k in range(len(coefficients) - 1)]
        return min(candidates, key=lambda root: abs(complex(root.evalf(20)) - complex(value)))

    def __repr__(self) -> str:
        return (
            f"AlgebraicNumber({self.poly.str(var='t')})" if not self.is_rational else f"AlgebraicNumber({self.poly[0]})"
        )

    def _repr_latex_(self) -> str:
        return f"${sympy.latex(self.to_sympy())}$"


_GAUSSIAN = NumberField(fmpz_poly([1, 0, 1]), acb(0, 1))


def gaussian_rational(re_part: fmpq | int, im_part: fmpq | int) -> AlgebraicNumber:
    """re_part + i im_part, an element of Q(i)."""
    return AlgebraicNumber(_GAUSSIAN, fmpq_poly([re_part, im_part]))


@dataclass(frozen=True)
class AlgebraicDifference:
    """The difference of two algebraic numbers of different fields, which nobody needs in closed form."""

    value: AlgebraicNumber
    origin: AlgebraicNumber

    def ball(self, bits: int) -> acb:
        """A certified ball with about ``bits`` correct bits; the two numbers are known to differ."""
        work = bits + 32
        while True:
            with working_precision(work):
                apart = self.value.ball(work) - self.origin.ball(work)
                if apart.rel_accuracy_bits() >= bits:
                    return apart
            work *= 2

    def to_sympy(self) -> sympy.Expr:
        """The same in sympy; slow for numbers of high degree."""
        return self.value.to_sympy() - self.origin.to_sympy()


def difference(value: AlgebraicNumber, origin: object) -> sympy.Expr | AlgebraicNumber | AlgebraicDifference:
    """``value - origin`` exactly: rational, in the field of the value, in radicals, or as the difference that it is."""
    exact = rational(origin)
    if exact is None and isinstance(origin, AlgebraicNumber) and origin.is_rational:
        exact = fmpq(origin.poly[0])
    if exact is not None or (isinstance(origin, AlgebraicNumber) and origin.field == value.field):
        shifted = value - (origin if exact is None else exact)
        return shifted.to_sympy() if shifted.is_rational else shifted
    if isinstance(origin, AlgebraicNumber):
        if value == origin:
            return sympy.Integer(0)
        if max(number.minimal_polynomial().degree() for number in (value, origin)) > 2:
            return AlgebraicDifference(value, origin)
        origin = origin.to_sympy()
    apart: sympy.Expr = value.to_sympy() - origin
    return sympy.Integer(0) if ball(apart, 256).contains(0) and sympy.simplify(apart) == 0 else apart
