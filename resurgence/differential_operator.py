"""Linear differential operators with polynomial coefficients: recurrences and Borel transforms.

With theta = x D, an operator of the form L = sum_k p_k(x) D^k has a second form,

    x^s L = sum_j x^j Q_j(theta) ,

which is made for power series: x^j Q_j(theta) x^n = Q_j(n) x^(n+j). So L annihilates sum a_n x^n just where
sum_j Q_j(n-j) a_(n-j) = 0 for all n.

**Borel transform.** It takes x to integration, int_0^z = D^(-1), and leaves theta as it is: x^n becomes z^n/n!, whose
integral is z^(n+1)/(n+1)!. With J the largest j, the transforms of the solutions of L are therefore solutions of

    L_B = D^J sum_j D^(-j) Q_j(theta) = sum_j D^(J-j) Q_j(theta) .

In coefficients: b_n = a_n/n! obeys sum_j Q_j(n-j) (n-j)(n-j-1)...(n-J+1) b_(n-j) = 0. A common factor of these
polynomials in n, that is a left factor A(theta) of the operator, is left out as far as this changes no equation.

The terms of D^(J-j) Q_j(theta) have the form z^i D^(J-j+i) with i <= deg Q_j. Where the Newton polygon of L at 0, the
upper hull of the points (j, deg Q_j), has no slope other than 0 and 1, it follows that the order of L_B is J + deg Q_0,
that its leading coefficient is the sum of lc(Q_j) z^(deg Q_j) over the edge of slope 1 (the characteristic polynomial:
its roots are the c in the factors exp(-c/x) of solutions), and that no coefficient has a higher degree than that: the
solutions of L_B grow at most exponentially at infinity. Without a left factor, a polynomial in z or in theta, the
coefficients still have this property (Ramis 1984; Loday-Richaud 2016, section 3.3).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property

import sympy
from flint import fmpq, fmpq_poly, fmpz_poly

from .errors import LevelError
from .numbers import rational
from .recurrence import Recurrence
from .singular_points import SingularPoint, singular_points
from .univariate import monomial, polynomial_of, polynomial_text, primitive

__all__ = ["DifferentialOperator"]


class DifferentialOperator:
    """``p_0 + p_1 D + ... + p_r D^r`` with polynomials p_k over Q, as the left side of an equation L y = 0.

    As the equation does not change when L is multiplied by a number, the coefficients are kept without denominators,
    without common integer factor, and with a positive leading coefficient. (For that reason there is no sum of
    operators here, only their composition.)

    Parameters
    ----------
    coefficients : iterable
        p_0, ..., p_r, each of them text such as ``"x^2 + x/2"`` (see :func:`~resurgence.parse.parse_polynomial`), a
        sympy polynomial, a rational number, or a polynomial of flint.
    variable : str, optional
        The name of the variable; by default that of the texts and sympy polynomials, and x where they do not tell.

    Attributes
    ----------
    coefficients : tuple of fmpz_poly
        p_0, ..., p_r; p_r is not zero.
    variable : str
        For printing: operators that differ in it are equal.

    Raises
    ------
    TypeError, ValueError
        A coefficient is not a polynomial in that variable over Q, or all of them are zero.

    Examples
    --------
    Euler's series sum (-1)^n n! x^(n+1) and its Borel transform log(1 + z):

    >>> euler = DifferentialOperator(["-1", "x^2 + x", "x^3"])
    >>> print(euler)
    x^3*D^2 + (x^2 + x)*D - 1
    >>> euler.recurrence().terms([0, 1], 6)
    [0, 1, -1, 2, -6, 24]
    >>> print(euler.borel())
    (z + 1)*D^2 + D
    >>> euler.borel().singular_points
    (SingularPoint(location=-1, kind='regular', exponents=(0, 0)),)
    """

    def __init__(self, coefficients: Iterable[object], variable: str | None = None) -> None:
        if isinstance(coefficients, str) or not isinstance(coefficients, Iterable):
            raise TypeError(f"the coefficients p_0, ..., p_r are given as a list, got {coefficients!r}")
        if variable is not None and not isinstance(variable, str):
            raise TypeError(f"the name of the variable is a str, got {variable!r}")
        polynomials, names = [], set()
        for given in coefficients:
            polynomial, name = polynomial_of(given)
            polynomials.append(polynomial)
            names |= {name} if name is not None else set()
        if len(names) > 1 or (variable is not None and names - {variable}):
            expected = f"the variable is {variable}, " if variable is not None else ""
            raise ValueError(
                f"an operator has one variable, in all of its coefficients: {expected}got {', '.join(sorted(names))}"
            )
        while polynomials and polynomials[-1].degree() < 0:
            polynomials.pop()
        if not polynomials:
            raise ValueError("all coefficients are zero: give an operator with at least one that is not")
        self.coefficients = primitive(polynomials)
        self.variable = variable if variable is not None else names.pop() if names else "x"

    @property
    def order(self) -> int:
        """r, the order of the highest derivative."""
        return len(self.coefficients) - 1

    @property
    def degree(self) -> int:
        """The largest degree of a coefficient."""
        return max(int(p.degree()) for p in self.coefficients)

    @property
    def leading(self) -> fmpz_poly:
        """p_r."""
        return self.coefficients[-1]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DifferentialOperator):
            return NotImplemented
        return self.coefficients == other.coefficients

    def __hash__(self) -> int:
        return hash(tuple(tuple(int(c) for c in p.coeffs()) for p in self.coefficients))

    def __str__(self) -> str:
        return self._text()

    def __repr__(self) -> str:
        texts = [polynomial_text(p, self.variable) for p in self.coefficients]
        return f"DifferentialOperator({texts}, {self.variable!r})"

    def _repr_latex_(self) -> str:
        x = sympy.Symbol(self.variable)
        text = ""
        for k in range(self.order, -1, -1):
            coefficient = sympy.Poly([int(c) for c in reversed(self.coefficients[k].coeffs())] or [0], x).as_expr()
            if coefficient == 0:
                continue
            power = "" if k == 0 else rf"\partial_{{{self.variable}}}" + (f"^{{{k}}}" if k > 1 else "")
            body = sympy.latex(coefficient)
            if power:
                body = "" if body == "1" else "-" if body == "-1" else body
                body = rf"\left({body}\right)" if isinstance(coefficient, sympy.Add) else body
            body = f"{body} {power}".strip()
            text += body if not text else f" - {body[1:].lstrip()}" if body.startswith("-") else f" + {body}"
        return f"${text}$"

    def _text(self) -> str:
        text = ""
        for k in range(self.order, -1, -1):
            body = polynomial_text(self.coefficients[k], self.variable)
            if body == "0":
                continue
            power = "" if k == 0 else "D" if k == 1 else f"D^{k}"
            if power:
                short = {"1": power, "-1": f"-{power}"}
                body = short.get(body) or (f"({body})*{power}" if " " in body else f"{body}*{power}")
            if not text:
                text = body
            elif body.startswith("-"):
                text += f" - {body[1:]}"
            else:
                text += f" + {body}"
        return text

    # -- algebra ------------------------------------------------------------------------------------------------------

    def __mul__(self, other: object) -> DifferentialOperator:
        """The composition: ``(L * M)(f) = L(M(f))``, by Leibniz' rule D^i p = sum_l binom(i, l) p^(l) D^(i-l)."""
        if not isinstance(other, DifferentialOperator):
            return NotImplemented
        product = [fmpz_poly() for _ in range(self.order + other.order + 1)]
        for j, derivative in enumerate(other.coefficients):
            for times in range(self.order + 1):
                for i in range(times, self.order + 1):
                    product[i - times + j] += math.comb(i, times) * self.coefficients[i] * derivative
                derivative = derivative.derivative()
        return DifferentialOperator(product, self.variable)

    def primitive_part(self) -> DifferentialOperator:
        """The operator without the polynomial factor that all its coefficients share; it has the same solutions.

        >>> print(DifferentialOperator(["x^2 - x", "x^2"]).primitive_part())
        x*D + x - 1
        """
        common = fmpz_poly()
        for p in self.coefficients:
            common = common.gcd(p)
        return DifferentialOperator([p // common for p in self.coefficients], self.variable)

    def shift(self, point: object) -> DifferentialOperator:
        """The operator for y(x + point): its point 0 is ``point`` of this one.

        Parameters
        ----------
        point : rational number

        Raises
        ------
        TypeError, ValueError
            ``point`` is not a rational number.

        Examples
        --------
        >>> print(DifferentialOperator(["1/2", "x - 1"]).shift(1))
        2*x*D + 1
        """
        value = rational(point)
        if value is None:
            raise ValueError(f"an operator over Q is shifted by a rational number, got {point}")
        moved = fmpq_poly([value, 1])
        return DifferentialOperator([p(moved) for p in self.coefficients], self.variable)

    def apply(self, terms: Sequence[fmpq | int]) -> list[fmpq]:
        """L applied to a_0 + a_1 x + ... + a_(N-1) x^(N-1) + O(x^N): as many coefficients as this determines.

        Examples
        --------
        >>> DifferentialOperator(["1", "1"]).apply([fmpq(1), fmpq(-1), fmpq(1, 2), fmpq(-1, 6)])  # exp(-x)
        [0, 0, 0]
        """
        count = max(0, len(terms) - self._order_of_vanishing)
        derivative = fmpq_poly([fmpq(a) for a in terms])
        total = fmpq_poly()
        for p in self.coefficients:
            total += fmpq_poly(p) * derivative
            derivative = derivative.derivative()
        return [total[k] for k in range(count)]

    # -- power series -------------------------------------------------------------------------------------------------

    @cached_property
    def _order_of_vanishing(self) -> int:
        """s, the power of x by which the theta form differs: the largest k - (order of vanishing of p_k at 0)."""
        return max(k - _valuation(p) for k, p in enumerate(self.coefficients) if p.degree() >= 0)

    @cached_property
    def theta_form(self) -> tuple[fmpz_poly, ...]:
        """Q_0, ..., Q_J with ``x^s L = sum_j x^j Q_j(theta)``; neither Q_0 nor Q_J is zero.

        >>> DifferentialOperator(["-1", "x^2 + x", "x^3"]).theta_form
        (x + (-1), x^2)
        """
        s = self._order_of_vanishing
        top = max(int(p.degree()) - k for k, p in enumerate(self.coefficients) if p.degree() >= 0)
        found = [fmpz_poly() for _ in range(top + s + 1)]
        falling = fmpz_poly([1])  # x^k D^k = theta (theta - 1) ... (theta - k + 1)
        for k, p in enumerate(self.coefficients):
            for i, c in enumerate(p.coeffs()):
                if c:
                    found[i - k + s] += c * falling
            falling *= fmpz_poly([-k, 1])
        return tuple(found)

    @classmethod
    def from_theta_form(cls, polynomials: Sequence[object], variable: str = "x") -> DifferentialOperator:
        """The operator ``sum_j x^j Q_j(theta)``, divided from the left by all that its coefficients have in common.

        Parameters
        ----------
        polynomials : sequence
            Q_0, ..., Q_J, each as the coefficients of an operator are given.
        variable : str
            Its variable.

        Examples
        --------
        >>> print(DifferentialOperator.from_theta_form(["t - 1", "t^2"]))
        x^3*D^2 + (x^2 + x)*D - 1
        """
        given = [polynomial_of(p)[0] for p in polynomials]
        order = max((int(p.degree()) for p in given), default=-1)
        coefficients = [fmpq_poly() for _ in range(order + 1)]
        for j, rest in enumerate(given):
            # Newton's form of Q_j with the nodes 0, 1, 2, ...: its coefficients are those of the x^k D^k.
            k = 0
            while rest.degree() >= 0:
                value = rest(fmpq(k))
                coefficients[k] += monomial(value, j + k)
                rest = (rest - value) // fmpq_poly([-k, 1])
                k += 1
        return cls(coefficients, variable).primitive_part()

    def recurrence(self) -> Recurrence:
        """What the coefficients of the power-series solutions obey: q_j(n) = Q_j(n - j).

        >>> print(DifferentialOperator(["-1", "x^2 + x", "x^3"]).recurrence())
        (n - 1)*a(n) + (n^2 - 2*n + 1)*a(n-1) = 0
        """
        return Recurrence(tuple(p(fmpz_poly([-j, 1])) for j, p in enumerate(self.theta_form)))

    @property
    def newton_slopes(self) -> tuple[Fraction, ...]:
        """The slopes of the Newton polygon at 0, increasing: of the upper hull of the points (j, deg Q_j).

        A slope s > 0 belongs to solutions with a factor exp(c/x^(1/s)), and to series whose coefficients grow like
        n!^s; the slope 0 to regular solutions.

        >>> DifferentialOperator(["-1", "x^2 + x", "x^3"]).newton_slopes
        (Fraction(0, 1), Fraction(1, 1))
        """
        degrees = [int(p.degree()) for p in self.theta_form]
        slopes, j = [], 0
        while degrees[j] < self.order:
            steeper = [(Fraction(degrees[i] - degrees[j], i - j), i) for i in range(j + 1, len(degrees))]
            slope, j = max(steeper)
            slopes.append(slope)
        return tuple(([Fraction(0)] if degrees[0] > 0 else []) + slopes[::-1])

    def borel(self) -> DifferentialOperator:
        """The operator in z that annihilates ``sum a_n z^n/n!`` wherever this one annihilates ``sum a_n x^n``.

        Returns
        -------
        DifferentialOperator
            No coefficient of it has a higher degree than the leading one: solutions grow at most exponentially.

        Raises
        ------
        LevelError
            The point 0 is irregular of a level other than one. (Regular is allowed: then the transform is entire.)

        Examples
        --------
        Of sum n! x^n, which obeys x^2 y'' + (3x - 1) y' + y = 0, it is 1/(1 - z):

        >>> print(DifferentialOperator(["1", "3*x - 1", "x^2"]).borel())
        (z - 1)*D + 1
        """
        slopes = self.newton_slopes
        if not set(slopes) <= {Fraction(0), Fraction(1)}:
            raise LevelError(str(self), self.variable, slopes)
        recurrence = self.recurrence()
        transformed = []
        for j, q in enumerate(recurrence.q):
            for k in range(j, recurrence.order):
                q *= fmpz_poly([-k, 1])
            transformed.append(q)
        return Recurrence(tuple(transformed)).reduced().operator("z")

    # -- singular points ----------------------------------------------------------------------------------------------

    @cached_property
    def singular_points(self) -> tuple[SingularPoint, ...]:
        """The finite singular points, by increasing modulus: see :mod:`resurgence.singular_points`."""
        return singular_points(self)


def _valuation(polynomial: fmpz_poly) -> int:
    """The order of vanishing at 0 of a polynomial that is not zero."""
    return next(k for k, c in enumerate(polynomial.coeffs()) if c)
