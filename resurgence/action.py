"""Polynomial actions: critical values and points, connection, and expansion in a formal series.

>>> a = Action("x**2 + x**4")
>>> a.critical_values()
(CriticalValue(value=0, multiplicity=1), CriticalValue(value=-1/4, multiplicity=2))
>>> print(a.expand(5, at=0).stripped())
1 - 3/4 g + 105/32 g^2 - 3465/128 g^3 + ... + O(g^5)
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property, partial
from typing import TYPE_CHECKING

import mpmath
import sympy
from flint import acb, arb, fmpq, fmpq_mpoly, fmpq_poly, fmpz_poly

from .algebraic import AlgebraicNumber
from .algebraic_constant import AlgebraicConstant
from .connection import Connection, ConnectionLevels
from .critical_points import (
    CriticalPoint,
    CriticalValue,
    Orbit,
    critical_orbits,
    critical_points,
    critical_values,
    evaluate,
    is_positive_definite,
)
from .expansion import formal_solution
from .jacobian_ring import JacobianRing, terms_of
from .numbers import Enclosure, ball, check_digits, rational, roots_with_multiplicity, working_precision
from .parse import parse_polynomial, polynomial_from_sympy

if TYPE_CHECKING:
    from .differential_operator import DifferentialOperator
    from .germs import Germ
    from .linear_system import LinearSystem
    from .series import FormalSeries

__all__ = ["Action"]

#: Terms that may be asked for.
MAX_TERMS = 20_000
#: Critical points, with multiplicity, up to which sums are certified: the linear system has as many equations.
MAX_GERM_DIMENSION = 16
#: Critical points that an error message lists.
_LISTED = 6
#: Bits to which coordinates are compared before they are compared exactly.
_BITS = 256


class Action:
    """A polynomial V in any number of variables with rational coefficients, as in ``int exp(-V(x)/g) dx``.

    Parameters
    ----------
    source : str or sympy.Expr
        Text such as ``"x**2 + x^4"`` (see :func:`~resurgence.parse.parse_polynomial`), or a sympy polynomial.

    Attributes
    ----------
    variables : tuple of sympy.Symbol
        Sorted by name, x2 before x10. Points and coordinates are in this order.
    expression : sympy.Expr
        The polynomial, expanded.
    polynomial : fmpq_mpoly
        The same for computing with.

    Raises
    ------
    TypeError, ValueError
        ``source`` is not a polynomial over Q, or is constant.

    Examples
    --------
    >>> a = Action("(x^2 + y - 11)^2 + (x + y^2 - 7)^2")
    >>> a.dimension
    2
    >>> a.critical_values()[0]
    CriticalValue(value=0, multiplicity=4)
    >>> print(a.expand(3, at=(3, 2)).stripped())
    1 + 4062/279841 g + 82702734/78310985281 g^2 + O(g^3)
    """

    def __init__(self, source: str | sympy.Expr) -> None:
        if isinstance(source, str):
            polynomial = parse_polynomial(source)
        elif isinstance(source, sympy.Expr):
            polynomial = polynomial_from_sympy(source)
        else:
            raise TypeError(
                f"an action is given as text or as a sympy expression, got {source!r} of type {type(source).__name__}"
            )
        if polynomial.is_constant():
            raise ValueError(f"the action {source} is constant: it must depend on at least one variable")
        self.polynomial: fmpq_mpoly = polynomial
        symbols = {s.name: s for s in source.free_symbols} if isinstance(source, sympy.Expr) else {}
        names: Sequence[str] = polynomial.context().names()
        self.variables = tuple(symbols.get(name, sympy.Symbol(name)) for name in names)
        self._germs: dict[CriticalPoint, Germ | None] = {}

    @property
    def dimension(self) -> int:
        """The number of variables."""
        return len(self.variables)

    @cached_property
    def expression(self) -> sympy.Expr:
        return sympy.Add(
            *(
                sympy.Rational(int(c.p), int(c.q))
                * sympy.Mul(*(x**e for x, e in zip(self.variables, exponents, strict=True)))
                for exponents, c in terms_of(self.polynomial)
            )
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Action):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[object, ...]:
        terms = sorted((exponents, int(c.p), int(c.q)) for exponents, c in terms_of(self.polynomial))
        return (tuple(x.name for x in self.variables), tuple(terms))

    def __str__(self) -> str:
        return str(self.expression)

    def __repr__(self) -> str:
        return f"Action('{self.expression}')"

    def _repr_latex_(self) -> str:
        arguments = ", ".join(sympy.latex(x) for x in self.variables)
        return rf"$V({arguments}) = {sympy.latex(self.expression)}$"

    # -- critical values and points -----------------------------------------------------------------------------------

    @cached_property
    def jacobian_ring(self) -> JacobianRing:
        """Q[x]/(gradient); ValueError where the critical points are not isolated, or there is none."""
        return JacobianRing(self.polynomial)

    @cached_property
    def _levels(self) -> ConnectionLevels:
        return ConnectionLevels(self.jacobian_ring)

    @cached_property
    def _critical_values(self) -> tuple[CriticalValue, ...]:
        return critical_values(self.jacobian_ring.matrix(self.polynomial).charpoly())

    @cached_property
    def _orbits(self) -> tuple[Orbit, ...]:
        return critical_orbits(self.jacobian_ring)

    def critical_values(self) -> tuple[CriticalValue, ...]:
        """The values of the action at its critical points, exactly.

        They are the roots of the characteristic polynomial of multiplication by V on the Jacobian ring, and the only
        points at which the Borel transforms of the action's series can be singular (up to the shift by V at the point
        of expansion).

        Returns
        -------
        tuple of CriticalValue
            ``value`` and ``multiplicity``, by increasing modulus; equal moduli by decreasing real part, then by
            decreasing imaginary part.

        Raises
        ------
        ValueError
            The critical points are not isolated, there is none, or there are more than 300.

        Examples
        --------
        >>> Action("x^2 + y^2 + x^2*y^2").critical_values()
        (CriticalValue(value=0, multiplicity=1), CriticalValue(value=-1, multiplicity=4))
        >>> Action("(x^2 + y^2 - 1)^2").critical_values()
        Traceback (most recent call last):
            ...
        ValueError: the critical points of x^4 + 2*x^2*y^2 + y^4 - 2*x^2 - 2*y^2 + 1 are not isolated: ...
        """
        return self._critical_values

    def critical_polynomial(self) -> sympy.Poly:
        """``prod (t - V(c))`` over the critical points with multiplicity, as a primitive integer polynomial.

        >>> Action("x**2 + x**4").critical_polynomial()
        Poly(16*t**3 + 8*t**2 + t, t, domain='ZZ')
        """
        numerator = self.jacobian_ring.matrix(self.polynomial).charpoly().numer()
        return sympy.Poly([int(c) for c in reversed(numerator.coeffs())], sympy.Symbol("t"))

    def critical_points(self, digits: int = 30) -> tuple[CriticalPoint, ...]:
        """The critical points, complex ones too, in the order of their critical values, then of their coordinates.

        Each is known exactly, in a number field; ``digits`` is the precision of the coordinates that are shown.

        Raises
        ------
        TypeError, ValueError
            ``digits`` is not an integer from 1 to 100000; or as for :meth:`critical_values`.

        Examples
        --------
        >>> for point in Action("x**2 + x**4").critical_points():
        ...     print(point, point.exact)
        CriticalPoint((0), value 0) (0,)
        CriticalPoint((0.707106781187j), value -1/4) (sqrt(2)*I/2,)
        CriticalPoint((-0.707106781187j), value -1/4) (-sqrt(2)*I/2,)
        """
        return critical_points(self._orbits, self._critical_values, check_digits(digits))

    @cached_property
    def _points(self) -> tuple[CriticalPoint, ...]:
        return self.critical_points()

    # -- connection and expansion -------------------------------------------------------------------------------------

    def connection(self) -> Connection:
        """The linear system ``g^2 dI/dg = (A_0 + g A_1 + ... + g^k A_k) I`` of the integrals of the ring's monomials.

        Returns
        -------
        Connection
            ``basis`` and ``matrices``, exact.

        Raises
        ------
        ValueError
            As for :meth:`critical_values`; or the division by the gradient does not end, as happens for some actions
            that are not tame at infinity.

        Examples
        --------
        >>> Action("x**2/2").connection().matrices
        (Matrix([[0]]), Matrix([[1/2]]))
        """
        ring = self.jacobian_ring
        return Connection(self.variables, ring.basis, self._levels.all())

    @cached_property
    def borel_system(self) -> LinearSystem:
        """The linear system of the Borel transforms at all critical points, in the variable z + V(c)."""
        from .borel_system import borel_system

        return borel_system(self.connection().rational_matrices, self.dimension)

    def annihilator(self) -> DifferentialOperator:
        """The linear differential operator in g, of least order, that annihilates every integral of exp(-V/g).

        It follows from the connection by a cyclic vector, and its equation is checked exactly: it is proved.

        Raises
        ------
        ValueError
            As :meth:`connection`.

        Examples
        --------
        >>> print(Action("x**2 + x**4").annihilator())
        16*g^3*D^2 + (16*g^2 + 4*g)*D - g - 2
        """
        from .cyclic_vector import annihilator

        return annihilator(self.connection())

    def expand(self, order: int, at: object = None) -> FormalSeries:
        """The asymptotic series of ``int exp(-V/g) dx`` over the steepest-descent cycle of a critical point.

        It stands for ``(2 pi)^(d/2)/sqrt(det Hess V(c)) exp(-V(c)/g) g^(d/2) (1 + a_1 g + a_2 g^2 + ...)`` and comes
        from a recurrence, the formal solution of the connection, with exact coefficients (Berry & Howls 1991 for
        d = 1).

        Parameters
        ----------
        order : int
            Number of terms, a_0 = 1 among them.
        at : number, sequence of numbers or CriticalPoint, optional
            A nondegenerate critical point: one coordinate, or as many as there are variables, each exact (rational, or
            a sympy expression such as ``I/sqrt(2)``) or an enclosure that holds a single critical point. By default the
            only real minimum, of several the only rational one, and without any the only rational critical point.

        Returns
        -------
        FormalSeries
            Rational coefficients at a rational point, else elements of the point's number field; balls of
            512 + 32 ``order`` bits where mu times the degree of that field exceeds 130.

        Raises
        ------
        TypeError
            ``order`` is not an integer, or ``at`` is not made of numbers.
        ValueError
            ``order`` is not positive; ``at`` is not a critical point, or a degenerate one, or has the wrong number of
            coordinates; a degenerate critical point has the same critical value; or as for :meth:`critical_values`.

        Examples
        --------
        >>> Action("x**2/2 - x**3/3").expand(4, at=1).coefficients
        (Fraction(1, 1), Fraction(-5, 6), Fraction(385, 72), Fraction(-85085, 1296))
        >>> Action("x**2 + x**4").expand(3, at=sympy.I / sympy.sqrt(2)).action
        -1/4
        """
        from .series import FormalSeries

        terms = _check_order(order)
        point = self._default_point() if at is None else self._point_at(at)
        if point.is_degenerate:
            raise ValueError(
                f"{point} is degenerate (its Hessian is singular): expansion is supported at nondegenerate critical "
                "points"
            )
        if any(other.is_degenerate and other.value == point.value for other in self._points):
            raise ValueError(
                f"a degenerate critical point has the same critical value as {point}: expansion is supported where all "
                "critical points of a value are nondegenerate"
            )
        field = point.algebraic[0].field
        return FormalSeries(
            formal_solution(self._levels, point.orbit, field, terms),
            action=field(point.orbit.value),
            exponent=Fraction(self.dimension, 2),
            constant=_gaussian_factor(self.dimension, point.hessian_determinant),
            germ=partial(self._germ, point),
        )

    def _germ(self, point: CriticalPoint) -> Germ | None:
        """The Borel germ at a point, where the linear system that it solves is known and not too large."""
        from .action_germ import ActionGerm

        if self.jacobian_ring.dimension > MAX_GERM_DIMENSION:
            return None
        if point not in self._germs:
            try:
                self._germs[point] = ActionGerm(self, point)
            except ValueError:  # an action that is not tame: its connection is not polynomial
                self._germs[point] = None
        return self._germs[point]

    def integral(self, g: object, digits: int = 30) -> Enclosure:
        """The integral of exp(-V/g) over R^d, from the Borel sums at the real critical points.

        Parameters
        ----------
        g : rational number
            Positive.
        digits : int
            Relative accuracy.

        Returns
        -------
        Enclosure
            ``certified`` where V is known to be tame and proper at infinity: in one variable; in two, where V contains
            powers of each variable alone and is nondegenerate on its Newton boundary. Otherwise ``estimated``: it is
            the integral provided that V is both.

        Raises
        ------
        ValueError
            For other g; where a real critical point is degenerate, or there is none; where V is seen not to be proper;
            for more than 16 critical points; and as :meth:`connection`.

        Examples
        --------
        >>> print(Action("x**2 + x**4").integral("1/10", digits=20))
        0.52939243022557488872366687636535968999 ± 1.0e-38 (certified)
        """
        from .real_integral import real_integral

        return real_integral(self, g, digits)

    def _default_point(self) -> CriticalPoint:
        minima = [p for p in self._points if is_positive_definite(p)]
        if len(minima) == 1:
            return minima[0]
        rational_ones = [p for p in minima or self._points if p.is_rational]
        if len(rational_ones) == 1:
            return rational_ones[0]
        raise ValueError(
            f"{self} has {len(minima) or 'no'} nondegenerate real minima, and {len(rational_ones) or 'none'} of its "
            f"{'minima' if minima else 'critical points'} rational: say with at= which critical point to expand about; "
            f"they are {self._listed()}"
        )

    def _listed(self) -> str:
        texts = [p._coordinate_text() for p in self._points[:_LISTED]]
        more = len(self._points) - len(texts)
        return ", ".join(texts) + (f" and {more} more" if more else "")

    def _point_at(self, at: object) -> CriticalPoint:
        if isinstance(at, CriticalPoint):
            if at.orbit.ring.potential != self.polynomial or at.orbit.ring.names != self.jacobian_ring.names:
                raise ValueError(f"{at} is a critical point of another action")
            return at
        given = tuple(at) if isinstance(at, Sequence) and not isinstance(at, str) else (at,)
        if len(given) != self.dimension:
            raise ValueError(
                f"at needs a number for each of the variables {', '.join(map(str, self.variables))}: "
                f"{self.dimension} of them, got {len(given)}"
            )
        coordinates = [_Coordinate(x) for x in given]
        found = [p for p in self._points if all(c.is_at(x) for c, x in zip(coordinates, p.algebraic, strict=True))]
        if len(found) > 1:
            raise ValueError(f"the enclosures in at hold {len(found)} critical points: give more digits")
        if not found:
            raise ValueError(f"{at} is not a critical point of {self}; the critical points are {self._listed()}")
        return found[0]


class _Coordinate:
    """A coordinate as a person gives it, to be compared exactly with those of critical points."""

    def __init__(self, given: object) -> None:
        self.rational = rational(given)
        if self.rational is not None:
            return
        if isinstance(given, sympy.Basic) and given.has(sympy.Float):
            raise ValueError(f"the coordinate {given} is not exact: write Rational(1, 10) for 0.1")
        self.ball = ball(given, _BITS)
        self.minimal_polynomial = _minimal_polynomial(given)

    def is_at(self, x: AlgebraicNumber) -> bool:
        if self.rational is not None:
            return bool(x == self.rational)
        if not evaluate(x.poly, x.field, _BITS).overlaps(self.ball):
            return False
        polynomial = self.minimal_polynomial
        if polynomial is None:
            return True
        # Equal if both are the same root of one irreducible polynomial.
        value = x.field(0)
        for c in reversed(polynomial.coeffs()):
            value = value * x + int(c)
        if value != 0:
            return False
        here = evaluate(x.poly, x.field, _BITS)
        with working_precision(_BITS):
            roots = [root for root, _ in roots_with_multiplicity(polynomial)]
        return sum(root.overlaps(here) or root.overlaps(self.ball) for root in roots) == 1


def _minimal_polynomial(given: object) -> fmpz_poly | None:
    """Of an irrational coordinate; None for an enclosure or a ball, which is not one number."""
    if isinstance(given, (Enclosure, acb, arb)):
        return None
    if isinstance(given, AlgebraicNumber):
        return given.minimal_polynomial()
    if isinstance(given, sympy.Basic):
        if not given.is_algebraic:
            raise ValueError(f"the coordinate {given} is not known to be algebraic, as critical points are")
        polynomial = sympy.minimal_polynomial(given, sympy.Symbol("t"), polys=True)
        return fmpz_poly([int(c) for c in reversed(polynomial.all_coeffs())])
    if isinstance(given, str):
        raise ValueError(f"the complex coordinate {given!r} is text: give it as a sympy expression")
    z = mpmath.mpc(given)  # a complex number of Python or mpmath is a pair of binary fractions
    re_part, im_part = rational(z.real) or fmpq(0), rational(z.imag) or fmpq(0)
    return fmpq_poly([re_part**2 + im_part**2, -2 * re_part, 1]).numer()


def _check_order(order: object) -> int:
    if isinstance(order, bool) or not isinstance(order, numbers.Integral):
        raise TypeError(f"order, the number of terms, must be an integer, got {order!r}")
    if not 1 <= int(order) <= MAX_TERMS:
        raise ValueError(f"order, the number of terms, must lie between 1 and {MAX_TERMS}, got {order}")
    return int(order)


def _gaussian_factor(dimension: int, determinant: AlgebraicNumber) -> sympy.Expr:
    """``(2 pi)^(d/2) / sqrt(determinant)``."""
    if determinant.is_rational:
        value = sympy.Rational(int(determinant.poly[0].p), int(determinant.poly[0].q))
    elif determinant.field.degree == 2:
        value = determinant.to_sympy()
    else:
        value = AlgebraicConstant(determinant)
    return (2 * sympy.pi) ** sympy.Rational(dimension, 2) / sympy.sqrt(value)
