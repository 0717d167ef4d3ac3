"""The finite singular points of a linear differential operator, exactly.

They lie among the roots of the leading coefficient p_r. At each of them, zeta, the operator is written with
t = x - zeta and theta = t d/dt, over the number field of zeta:

    t^s L = sum_j t^j Q_j(theta) .

Q_0 is the indicial polynomial. The point is regular just where Q_0 has the degree r (Fuchs 1866), and the r roots of
Q_0 are then the exponents: solutions are t^alpha times power series and powers of log t. A rational number is a root of
Q_0 just where it is a root of each of the polynomials over Q that Q_0 has as coordinates. A point is *apparent* where
all solutions are holomorphic: the exponents are distinct natural numbers, and the conditions that the recurrence of
Q_0, Q_1, ... has for power series at them hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from flint import acb, arb, fmpq, fmpq_poly, fmpz, fmpz_poly

from .algebraic import AlgebraicNumber, NumberField
from .numbers import rational, roots_with_multiplicity, working_precision

if TYPE_CHECKING:
    from .differential_operator import DifferentialOperator

__all__ = ["SingularPoint", "exponents_at", "local_theta_form", "singular_points"]

#: Bits in which points are put in order.
_BITS = 128


@dataclass(frozen=True, repr=False)
class SingularPoint:
    """A root of the leading coefficient of a differential operator.

    Attributes
    ----------
    location : AlgebraicNumber
        Where it is.
    factor : fmpz_poly
        The irreducible factor of the leading coefficient that has this root.
    multiplicity : int
        Of the root.
    regular : bool
        Whether it is a regular singular point (an apparent one is).
    exponents : tuple of Fraction
        The rational exponents of a regular point, with repetition, increasing; none for an irregular point.
    irrational_exponents : int
        How many more there are.
    kind : {"apparent", "regular", "irregular"}
        apparent: all solutions are holomorphic there.
    """

    location: AlgebraicNumber
    factor: fmpz_poly = field(hash=False)
    multiplicity: int
    regular: bool
    exponents: tuple[Fraction, ...]
    irrational_exponents: int
    kind: Literal["apparent", "regular", "irregular"]

    def ball(self, bits: int) -> acb:
        """The location as a certified ball."""
        return self.location.ball(bits)

    def __repr__(self) -> str:
        comma = "," if len(self.exponents) == 1 else ""
        others = f", irrational_exponents={self.irrational_exponents}" if self.irrational_exponents else ""
        return (
            f"SingularPoint(location={_location_text(self.location)}, kind={self.kind!r}, "
            f"exponents=({', '.join(map(str, self.exponents))}{comma}){others})"
        )


def singular_points(operator: DifferentialOperator) -> tuple[SingularPoint, ...]:
    """The roots of the leading coefficient, by increasing modulus, then decreasing real and imaginary part.

    Examples
    --------
    >>> from resurgence.differential_operator import DifferentialOperator
    >>> for point in singular_points(DifferentialOperator(["6", "-2*x", "1 - x^2"])):  # Legendre
    ...     print(point)
    SingularPoint(location=1, kind='regular', exponents=(0, 0))
    SingularPoint(location=-1, kind='regular', exponents=(0, 0))
    """
    found = []
    for factor, multiplicity in operator.leading.factor()[1]:
        with working_precision(_BITS):
            roots = [root for root, _ in roots_with_multiplicity(factor)]
        # What is algebraic is the same for all conjugates.
        local = _Local(operator, NumberField(factor, roots[0]).generator)
        for root in roots:
            location = NumberField(factor, root).generator
            point = SingularPoint(
                location, factor, int(multiplicity), local.regular, local.exponents, local.irrational, local.kind
            )
            with working_precision(_BITS):
                order = (_rounded(abs(root)), -_rounded(root.real), -_rounded(root.imag))
            found.append((order, point))
    return tuple(point for _, point in sorted(found, key=lambda pair: pair[0]))


def exponents_at(operator: DifferentialOperator, point: object) -> tuple[Fraction, ...]:
    """The rational exponents at any point, with repetition, increasing; fewer than r where others are irrational.

    Parameters
    ----------
    operator : DifferentialOperator
        Of order r.
    point : AlgebraicNumber or rational number
        0, 1, ..., r - 1 are the exponents at an ordinary point.

    Raises
    ------
    TypeError, ValueError
        ``point`` is not such a number, or the operator has an irregular singular point there.

    Examples
    --------
    >>> from resurgence.differential_operator import DifferentialOperator
    >>> exponents_at(DifferentialOperator(["4*x^2 - 1", "4*x", "4*x^2"]), 0)  # Bessel, nu = 1/2
    (Fraction(-1, 2), Fraction(1, 2))
    """
    local = _Local(operator, _algebraic(point))
    if not local.regular:
        raise ValueError(
            f"{operator} has an irregular singular point at {point}: it has fewer exponents than its order"
        )
    return local.exponents


def local_theta_form(operator: DifferentialOperator, point: object) -> tuple[tuple[AlgebraicNumber, ...], ...]:
    """Q_0, Q_1, ... with ``t^s L = sum_j t^j Q_j(theta)``, t = x - point: the coefficients of each, lowest first.

    Parameters
    ----------
    operator : DifferentialOperator
    point : AlgebraicNumber or rational number

    Returns
    -------
    tuple of tuple of AlgebraicNumber
        Q_0 and the last one are not zero; no Q_j ends with a zero.

    Examples
    --------
    >>> from resurgence.differential_operator import DifferentialOperator
    >>> local_theta_form(DifferentialOperator(["1/2", "x - 1"]), 1)
    ((AlgebraicNumber(1), AlgebraicNumber(2)),)
    """
    zeta = _algebraic(point)
    zero = zeta.field(0)
    taylor = [_taylor(p, zeta) for p in operator.coefficients]
    places = [i - k for k, terms in enumerate(taylor) for i, c in enumerate(terms) if c != 0]
    first, last = min(places), max(places)
    forms = [[zero] * (operator.order + 1) for _ in range(last - first + 1)]
    falling = fmpz_poly([1])  # t^k D^k = theta (theta - 1) ... (theta - k + 1)
    for k, terms in enumerate(taylor):
        for i, c in enumerate(terms):
            if c != 0:
                form = forms[i - k - first]
                for power, weight in enumerate(falling.coeffs()):
                    form[power] = form[power] + c * fmpq(weight)
        falling *= fmpz_poly([-k, 1])
    return tuple(_trimmed(form) for form in forms)


class _Local:
    """What a point is for an operator."""

    def __init__(self, operator: DifferentialOperator, point: AlgebraicNumber) -> None:
        self.forms = local_theta_form(operator, point)
        self.order = operator.order
        self.regular = len(self.forms[0]) == self.order + 1
        self.exponents, self.irrational = _roots(self.forms[0]) if self.regular else ((), 0)
        self.kind: Literal["apparent", "regular", "irregular"] = "irregular"
        if self.regular:
            self.kind = "apparent" if self._is_apparent() else "regular"

    def _is_apparent(self) -> bool:
        distinct = set(self.exponents)
        if len(distinct) < self.order or any(a < 0 or a.denominator != 1 for a in distinct):
            return False
        exponents = [int(a) for a in self.exponents]
        # If there are r power series, then for each exponent one that begins there and has no term at any later one.
        return all(self._is_solvable(exponents[k:]) for k in range(len(exponents) - 1))

    def _is_solvable(self, exponents: Sequence[int]) -> bool:
        """Whether the series t^e + ..., e the first exponent, meets no condition at the later ones."""
        start, end = exponents[0], exponents[-1]
        one = self.forms[0][0].field(1)
        terms = [one]  # of t^start, t^(start+1), ...
        for n in range(start + 1, end + 1):
            rest = one * 0
            for j in range(1, min(len(self.forms) - 1, n - start) + 1):
                if terms[n - start - j] != 0:
                    rest = rest + _value(self.forms[j], n - j, one) * terms[n - start - j]
            if n in exponents:
                if rest != 0:
                    return False
                terms.append(one * 0)
            else:
                terms.append(-rest / _value(self.forms[0], n, one))
        return True


def _roots(indicial: Sequence[AlgebraicNumber]) -> tuple[tuple[Fraction, ...], int]:
    """The rational roots of a polynomial over a number field, with repetition, and how many others there are."""
    common = fmpq_poly()
    for power in range(indicial[0].field.degree):
        common = common.gcd(fmpq_poly([c.poly[power] for c in indicial]))
    found = [
        Fraction(int(-factor[0]), int(factor[1]))
        for factor, multiplicity in common.numer().factor()[1]
        if factor.degree() == 1
        for _ in range(multiplicity)
    ]
    return tuple(sorted(found)), len(indicial) - 1 - len(found)


def _taylor(polynomial: fmpz_poly, point: AlgebraicNumber) -> list[AlgebraicNumber]:
    """The coefficients of p(point + t), by Horner's rule."""
    terms: list[AlgebraicNumber] = []
    for c in reversed(polynomial.coeffs()):
        shifted = [point.field(0), *terms]
        for k, a in enumerate(terms):
            shifted[k] = shifted[k] + point * a
        terms = shifted
        terms[0] = terms[0] + fmpq(c)
    return terms


def _value(polynomial: Sequence[AlgebraicNumber], at: int, one: AlgebraicNumber) -> AlgebraicNumber:
    total = one * 0
    for c in reversed(polynomial):
        total = total * at + c
    return total


def _trimmed(coefficients: Sequence[AlgebraicNumber]) -> tuple[AlgebraicNumber, ...]:
    length = len(coefficients)
    while length and coefficients[length - 1] == 0:
        length -= 1
    return tuple(coefficients[:length])


def _algebraic(point: object) -> AlgebraicNumber:
    if isinstance(point, AlgebraicNumber):
        return point
    value = rational(point)
    if value is None:
        raise ValueError(f"a point is a rational number or an AlgebraicNumber, got {point}")
    return NumberField(fmpz_poly([-value.p, value.q]), acb(value)).generator


def _rounded(x: arb) -> float:
    """To 12 digits, so that equal moduli are equal."""
    return 0.0 if x.contains(0) else float(f"{float(x):.12g}")


def _location_text(location: AlgebraicNumber) -> str:
    if location.is_rational:
        return str(location.poly[0] if location.poly.degree() == 0 else fmpz(0))
    z = complex(location.ball(64))
    return f"{z:.12g}" if z.imag else f"{z.real:.12g}"
