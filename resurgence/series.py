"""Formal series with their exponential prefactor.

    F(g) ~ constant * exp(-A/g) * g^nu * Phi(g),      Phi(g) = a_0 + a_1 g + a_2 g^2 + ...

A is the action of the expansion point and nu a rational exponent (Berry & Howls 1991, section 2; Mitschi & Sauzin 2016,
chapter 5). Coefficients that are exact stay exact; others are balls, whose radii follow them through the arithmetic.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import mpmath
import sympy
from flint import acb, fmpq

from . import power_series
from .algebraic import AlgebraicNumber
from .coefficient import Coefficient, for_people, rational_part, scalar
from .equation_text import parse_equation
from .gevrey import growth
from .numbers import Enclosure, is_exact_zero, rational, working_precision
from .power_series import Scalar
from .typeset import prefactor_text, series_latex, series_text

if TYPE_CHECKING:
    from .borel import BorelTransform
    from .differential_operator import DifferentialOperator
    from .germs import Germ

__all__ = ["FormalSeries"]


class FormalSeries:
    """A truncated formal series ``constant * exp(-A/g) * g^nu * (a_0 + a_1 g + ... + O(g^N))``.

    Parameters
    ----------
    coefficients : iterable of numbers
        a_0, a_1, ...: ints, Fractions, sympy algebraic numbers and flint rationals are exact; floats, mpmath numbers,
        flint balls and :class:`~resurgence.Enclosure` become balls.
    action : number, optional
        A.
    exponent : rational, optional
        nu.
    constant : sympy expression, optional
        The constant in front, such as ``sqrt(pi)``.
    germ : Germ, or function that returns one or None, optional
        What is known of the Borel transform of the series beyond the coefficients: a closed form or a differential
        equation. Sums are then certified. A function is called when the germ is needed first.
    name : str, optional
        Shown when the series is printed.

    Raises
    ------
    TypeError, ValueError
        For what is not a finite number, and for a series without terms.

    Examples
    --------
    >>> s = FormalSeries([1, 1, 2, 6, 24])
    >>> print(s)
    1 + g + 2 g^2 + 6 g^3 + ... + O(g^5)
    >>> print(s * s)
    1 + 2 g + 5 g^2 + 16 g^3 + ... + O(g^5)
    >>> (1 / s).coefficients
    (Fraction(1, 1), Fraction(-1, 1), Fraction(-1, 1), Fraction(-3, 1), Fraction(-13, 1))
    """

    def __init__(
        self,
        coefficients: Iterable[object],
        *,
        action: object = 0,
        exponent: object = 0,
        constant: object = 1,
        germ: Germ | Callable[[], Germ | None] | None = None,
        name: str = "",
    ) -> None:
        if isinstance(coefficients, (str, bytes, dict)) or not isinstance(coefficients, Iterable):
            raise TypeError(f"coefficients must be a sequence of numbers, got {coefficients!r}")
        terms = []
        for n, a in enumerate(coefficients):
            try:
                terms.append(scalar(a))
            except (TypeError, ValueError) as error:
                raise type(error)(f"coefficient {n}: {error}") from None
        if not terms:
            raise ValueError("a series needs at least one coefficient, got none")
        fields = {t.field for t in terms if isinstance(t, AlgebraicNumber)}
        if len(fields) > 1:
            raise ValueError(
                f"the coefficients lie in {len(fields)} different number fields: express them in one, or give balls"
            )
        self.terms: tuple[Scalar, ...] = tuple(terms)
        self.action = _action(action)
        nu = rational(exponent)
        if nu is None:
            raise ValueError(f"the exponent of g must be rational, got {exponent}")
        self.exponent = Fraction(int(nu.p), int(nu.q))
        self.constant = _constant(constant)
        self._known_germ = germ
        self._transforms: dict[Fraction, BorelTransform] = {}
        self.name = name

    # -- making series ------------------------------------------------------------------------------------------------

    @classmethod
    def from_function(cls, function: Callable[[int], object], terms: int, **prefactor: Any) -> FormalSeries:
        """The series with coefficients ``function(0), ..., function(terms - 1)``.

        >>> import math
        >>> FormalSeries.from_function(math.factorial, 5).coefficients[-1]
        Fraction(24, 1)
        """
        if not callable(function):
            raise TypeError(f"function must be callable, got {function!r}")
        return cls([function(n) for n in range(check_terms(terms))], **prefactor)

    @classmethod
    def from_recurrence(
        cls,
        step: Callable[[int, Sequence[Any]], object] | Sequence[object],
        initial: Sequence[object],
        terms: int,
        **prefactor: Any,
    ) -> FormalSeries:
        """The series with given first coefficients and the others by a recurrence.

        Parameters
        ----------
        step : callable or sequence of polynomials
            Either a function, ``a_n = step(n, [a_0, ..., a_(n-1)])``; integers are handed to it as Fractions, so that a
            division in it is exact. Or polynomials q_0, ..., q_J in n (text, sympy, numbers) with
            ``q_0(n) a_n + q_1(n) a_(n+1) + ... + q_J(n) a_(n+J) = 0`` for n >= 0: the germ of the series is then known
            by a differential equation, and its sums are certified.
        initial : sequence of numbers
            a_0, a_1, ..., rational where polynomials are given.
        terms : int
            How many coefficients to compute.

        >>> s = FormalSeries.from_recurrence(lambda n, a: n * a[-1], [1], 6)
        >>> s.coefficients[5]
        Fraction(120, 1)
        >>> s == FormalSeries.from_recurrence(["n + 1", -1], [1], 6)
        True
        """
        if not callable(step):
            if not isinstance(step, Sequence) or isinstance(step, (str, bytes)):
                raise TypeError(f"step must be callable or a sequence of polynomials in n, got {step!r}")
            from .holonomic import HolonomicSeries
            from .recurrence import Recurrence

            start = _rationals(initial)
            return HolonomicSeries(Recurrence.of_shifts(step, start).operator("g"), start).series(terms, **prefactor)
        known: list[Any] = [Fraction(a) if isinstance(a, int) else a for a in initial]
        count = check_terms(terms)
        for n in range(len(known), count):
            known.append(step(n, known))
        return cls(known[:count], **prefactor)

    @classmethod
    def from_ode(
        cls,
        operator: DifferentialOperator | str | Sequence[object],
        initial: Sequence[object],
        terms: int = 100,
        **prefactor: Any,
    ) -> FormalSeries:
        """The power series that solves a linear differential equation with polynomial coefficients.

        Parameters
        ----------
        operator : DifferentialOperator, sequence of polynomials, or text
            p_0, ..., p_r with ``p_0 y + p_1 y' + ... + p_r y^(r) = 0``: text such as ``"x^2 + x"``, sympy expressions
            or numbers, in one variable; or the equation as a text.
        initial : sequence of rational numbers
            a_0, a_1, ...: as many as the equation leaves free.
        terms : int
            How many coefficients to compute. The sums do not depend on it: they rest on the equation.

        Returns
        -------
        FormalSeries
            Its sums are certified.

        Raises
        ------
        ValueError
            Where no power series with these first coefficients solves the equation, or more than one.

        Examples
        --------
        Euler's equation x^3 y'' + (x^2 + x) y' - y = 0, whose solution is x - x^2 + 2 x^3 - 6 x^4 + ...:

        >>> s = FormalSeries.from_ode(["-1", "x^2 + x", "x^3"], initial=[0, 1], terms=6)
        >>> print(s)
        g - g^2 + 2 g^3 - 6 g^4 + ... + O(g^6)
        >>> s == FormalSeries.from_ode("x^3*y'' + (x^2 + x)*y' - y = 0", [0, 1], terms=6)
        True
        """
        from .differential_operator import DifferentialOperator
        from .holonomic import HolonomicSeries

        if isinstance(operator, str):
            operator = DifferentialOperator(*parse_equation(operator))
        if not isinstance(operator, DifferentialOperator):
            operator = DifferentialOperator(operator)
        return HolonomicSeries(operator, initial).series(terms, **prefactor)

    @cached_property
    def germ(self) -> Germ | None:
        """What is known of the Borel transform beyond the coefficients."""
        known = self._known_germ
        return known() if callable(known) else known

    # -- looking at them ----------------------------------------------------------------------------------------------

    @cached_property
    def coefficients(self) -> tuple[Coefficient, ...]:
        """The coefficients: Fractions or algebraic numbers where exact, enclosures otherwise."""
        return tuple(for_people(t) for t in self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __getitem__(self, n: int) -> Coefficient:
        return self.coefficients[n]

    def __iter__(self) -> Iterator[Coefficient]:
        return iter(self.coefficients)

    @cached_property
    def is_exact(self) -> bool:
        """Whether every coefficient is exact."""
        return not any(isinstance(t, acb) for t in self.terms)

    @cached_property
    def is_real(self) -> bool:
        """Whether every coefficient is known to be real."""
        return all(
            isinstance(t, fmpq)
            or (isinstance(t, acb) and t.imag.is_zero())
            or (isinstance(t, AlgebraicNumber) and t.field.root(64).imag.is_zero())
            for t in self.terms
        )

    @cached_property
    def is_zero(self) -> bool:
        """Whether every coefficient is exactly zero."""
        return all(is_exact_zero(t) for t in self.terms)

    def balls(self, bits: int) -> list[acb]:
        """The coefficients as balls: exact ones to ``bits`` bits, others as they are."""
        return power_series.as_balls(self.terms, bits)

    @property
    def has_prefactor(self) -> bool:
        return self.action != 0 or self.exponent != 0 or self.constant != 1

    def stripped(self) -> FormalSeries:
        """Phi alone, without its prefactor."""
        return FormalSeries(self.terms, germ=self._known_germ, name=self.name)

    def truncate(self, terms: int) -> FormalSeries:
        """The first ``terms`` coefficients."""
        count = check_terms(terms)
        if count > len(self):
            raise ValueError(f"cannot truncate a series of {len(self)} terms to {count}")
        return self._with(self.terms[:count], germ=self._known_germ, name=self.name)

    def _with(self, terms: Iterable[Scalar], **changes: Any) -> FormalSeries:
        prefactor = {"action": self.action, "exponent": self.exponent, "constant": self.constant}
        return FormalSeries(terms, **{**prefactor, **changes})

    # -- growth and Borel transform -----------------------------------------------------------------------------------

    def borel(self, leroy: object = 0) -> BorelTransform:
        """The Borel-Leroy transform ``sum a_n z^n / Gamma(n + 1 + leroy)`` of Phi (the prefactor plays no part).

        >>> FormalSeries([1, 1, 2, 6, 24]).borel().coefficients
        (Fraction(1, 1), Fraction(1, 1), Fraction(1, 1), Fraction(1, 1), Fraction(1, 1))
        """
        from .borel import BorelTransform

        transform = BorelTransform(self, leroy)
        # One transform for each s: it remembers the singularities and approximants that were computed from it.
        return self._transforms.setdefault(transform.leroy, transform)

    def gevrey_order(self) -> Enclosure:
        """Estimate the s in ``|a_n| ~ n!^s R^(-n) n^beta``.

        0: convergent; 1: Borel summable in the ordinary sense (Gevrey-1); 2: like (2n)!.
        A least-squares fit of log|a_n| in log n!, n, log n and 1 over the later coefficients; the error is six
        times the spread over other windows. Zeros, and dips where a complex pair of singularities makes the
        coefficients oscillate, are left out of the fit.

        Returns
        -------
        Enclosure
            ``estimated``.

        Raises
        ------
        ValueError
            With fewer than 12 non-zero coefficients.

        Examples
        --------
        >>> import math
        >>> print(round(float(FormalSeries.from_function(math.factorial, 60).gevrey_order().value.real), 3))
        1.0
        """
        order, spread = growth(self.terms, factorial=True)
        return Enclosure(
            mpmath.mpc(order),
            mpmath.mpf(spread),
            "estimated",
            "least squares of log|a_n|, six times the spread over windows",
        )

    def guess_ode(self, surplus: int = 10) -> FormalSeries | None:
        """The same series, with the linear differential equation that its coefficients obey, if one is found.

        Parameters
        ----------
        surplus : int
            How many equations more than unknowns must hold for an equation to be believed.

        Returns
        -------
        FormalSeries or None
            Its sums rest on the equation, ``germ.series.operator``, and are ``"estimated"`` because that is a guess.

        Raises
        ------
        ValueError
            For coefficients that are not exact rational numbers.

        Examples
        --------
        >>> import math
        >>> series = FormalSeries.from_function(lambda n: (-1) ** n * math.factorial(n), 30).guess_ode()
        >>> print(series.germ.series.operator)
        g^2*D^2 + (3*g + 1)*D + 1
        """
        from .hermite_pade import guess_operator
        from .holonomic import HolonomicSeries
        from .holonomic_germ import HolonomicGerm

        known = [t for t in self.terms if isinstance(t, fmpq)]
        if len(known) < len(self):
            raise ValueError("an equation can be guessed from exact rational coefficients only: give these")
        guess = guess_operator(known, surplus=surplus, variable="g")
        if guess is None:
            return None
        germ = HolonomicGerm(HolonomicSeries(guess.operator, known, proved=False))
        germ.method = f"differential equation guessed from coefficients, with {guess.surplus_equations} to spare"
        return self._with(self.terms, germ=germ, name=self.name)

    # -- arithmetic ---------------------------------------------------------------------------------------------------

    def _coerce(self, other: object) -> FormalSeries | None:
        if isinstance(other, FormalSeries):
            return other
        if isinstance(other, (str, bytes)):
            return None
        try:
            value = scalar(other)
        except TypeError:
            return None
        return FormalSeries([value] + [fmpq(0)] * (len(self) - 1))

    def __neg__(self) -> FormalSeries:
        return self._with(power_series.weigh(self.terms, [fmpq(-1)] * len(self)))

    def __add__(self, other: object) -> FormalSeries:
        right = self._coerce(other)
        if right is None:
            return NotImplemented
        return _sum(self, right)

    __radd__ = __add__

    def __sub__(self, other: object) -> FormalSeries:
        right = self._coerce(other)
        return NotImplemented if right is None else self + (-right)

    def __rsub__(self, other: object) -> FormalSeries:
        return (-self) + other

    def __mul__(self, other: object) -> FormalSeries:
        right = self._coerce(other)
        if right is None:
            return NotImplemented
        n = min(len(self), len(right))
        return FormalSeries(
            power_series.multiply(self.terms, right.terms, n),
            action=_add_actions(self.action, right.action),
            exponent=self.exponent + right.exponent,
            constant=self.constant * right.constant,
        )

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> FormalSeries:
        right = self._coerce(other)
        if right is None:
            return NotImplemented
        lead = right._leading("the divisor")
        n = min(len(self), len(right) - lead)
        return FormalSeries(
            power_series.divide(self.terms, right.terms[lead:], n),
            action=_add_actions(self.action, right.action, sign=-1),
            exponent=self.exponent - right.exponent - lead,
            constant=self.constant / right.constant,
        )

    def __rtruediv__(self, other: object) -> FormalSeries:
        left = self._coerce(other)
        return NotImplemented if left is None else left / self

    def _leading(self, what: str) -> int:
        """Index of the first coefficient that is not exactly zero."""
        for n, t in enumerate(self.terms):
            if isinstance(t, acb) and t.contains(0) and not t.is_zero():
                raise ValueError(f"coefficient {n} of {what} cannot be told from zero: {t}")
            if not is_exact_zero(t):
                return n
        raise ZeroDivisionError(f"{what} is zero to all its {len(self)} terms")

    def __pow__(self, power: object) -> FormalSeries:
        """F^r for a rational r, through exp(r log F)."""
        r = rational(power)
        if r is None:
            raise ValueError(f"the power of a series must be rational, got {power}")
        if r.q == 1 and 0 <= r.p <= 1:
            return self if r.p == 1 else FormalSeries([1] + [0] * (len(self) - 1))
        lead = self._leading("the base")
        first: Any = self.terms[lead]
        if r.q != 1 and not isinstance(first, fmpq):
            raise ValueError("a fractional power needs a rational leading coefficient: divide by it first")
        n = len(self) - lead
        unit = [fmpq(1), *power_series.divide(self.terms[lead:], [first], n)[1:]]
        logarithm = power_series.logarithm(unit, n)
        result = power_series.exponential(power_series.weigh(logarithm, [r] * n), n)
        exact_power = sympy.Rational(int(r.p), int(r.q))
        constant = self.constant**exact_power
        if r.q == 1:
            with working_precision(power_series.ball_bits([first])):
                factor = first ** int(r.p) if r > 0 else 1 / first ** -int(r.p)
            result = power_series.weigh(result, [factor] * n)
        else:
            constant *= sympy.Rational(int(first.p), int(first.q)) ** exact_power
        return FormalSeries(
            result,
            action=_scale_action(self.action, r),
            exponent=(self.exponent + lead) * Fraction(int(r.p), int(r.q)),
            constant=constant,
        )

    def exp(self) -> FormalSeries:
        """exp F, for a series without prefactor; exp(a_0) becomes the constant in front.

        >>> print(FormalSeries([0, 1, 0, 0]).exp())
        1 + g + 1/2 g^2 + 1/6 g^3 + O(g^4)
        """
        self._refuse_prefactor("exp")
        first = self.terms[0]
        if not isinstance(first, fmpq):
            raise ValueError("exp needs a rational a_0: subtract it first")
        return FormalSeries(
            power_series.exponential([fmpq(0), *self.terms[1:]], len(self)),
            constant=sympy.exp(sympy.Rational(int(first.p), int(first.q))),
        )

    def log(self) -> FormalSeries:
        """log F, for a series without prefactor and with a_0 = 1.

        >>> print(FormalSeries([1, 1, 0, 0]).log())
        g - 1/2 g^2 + 1/3 g^3 + O(g^4)
        """
        self._refuse_prefactor("log")
        if self.terms[0] != 1:
            raise ValueError(f"log needs a_0 = 1, got {for_people(self.terms[0])}: divide by a_0 first")
        return FormalSeries(power_series.logarithm(self.terms, len(self)))

    def compose(self, inner: FormalSeries) -> FormalSeries:
        """F(h(g)) for series without prefactors, where h vanishes at 0.

        >>> print(FormalSeries([1, 1, 1, 1]).compose(FormalSeries([0, 1, 1, 0])))
        1 + g + 2 g^2 + 3 g^3 + O(g^4)
        """
        if not isinstance(inner, FormalSeries):
            raise TypeError(f"the inner series must be a FormalSeries, got {inner!r}")
        self._refuse_prefactor("composition")
        inner._refuse_prefactor("composition")
        if not is_exact_zero(inner.terms[0]):
            raise ValueError("the inner series must vanish at 0: its a_0 must be exactly 0")
        return FormalSeries(power_series.compose(self.terms, inner.terms, min(len(self), len(inner))))

    def derivative(self) -> FormalSeries:
        """dF/dg, the prefactor included.

        >>> print(FormalSeries([1, 1, 2, 6]).derivative())
        1 + 4 g + 18 g^2 + O(g^3)
        >>> print(FormalSeries([1, 1], action=2).derivative())
        exp(-2/g) g^-2 (2 + 2 g + O(g^2))
        """
        nu = fmpq(self.exponent.numerator, self.exponent.denominator)
        slopes = power_series.weigh(self.terms, [nu + n for n in range(len(self))])
        if self.action == 0:
            if self.exponent == 0:
                return self._with(slopes[1:]) if len(self) > 1 else self._with([fmpq(0)])
            return self._with(slopes, exponent=self.exponent - 1)
        lifted = power_series.weigh(self.terms, [scalar(self.action)] * len(self))
        return self._with(power_series.add(lifted, [fmpq(0), *slopes]), exponent=self.exponent - 2)

    def _refuse_prefactor(self, what: str) -> None:
        if self.has_prefactor:
            raise ValueError(f"{what} needs a series without prefactor, got {self}: take .stripped()")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FormalSeries):
            return NotImplemented
        return (
            self.is_exact
            and other.is_exact
            and len(self) == len(other)
            and self.action == other.action
            and self.exponent == other.exponent
            and self.constant == other.constant
            and all(a == b for a, b in zip(self.terms, other.terms, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]

    # -- printing -----------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return series_text(self)

    def __repr__(self) -> str:
        label = f" {self.name}" if self.name else ""
        return f"<FormalSeries{label}: {self}>"

    def _repr_latex_(self) -> str:
        return series_latex(self)


# ---------------------------------------------------------------------------------------------------------------------


def check_terms(terms: object) -> int:
    """Return a number of terms as an int, or raise TypeError or ValueError."""
    if isinstance(terms, bool) or not isinstance(terms, numbers.Integral):
        raise TypeError(f"the number of terms must be an integer, got {terms!r}")
    if terms < 1:
        raise ValueError(f"the number of terms must be at least 1, got {terms}")
    return int(terms)


def _rationals(values: Sequence[object]) -> list[fmpq]:
    found = []
    for n, value in enumerate(values):
        exact = rational(value)
        if exact is None:
            raise ValueError(f"initial coefficients must be rational, got {value} for number {n}")
        found.append(exact)
    return found


def _action(value: object) -> Any:
    """The action: a sympy number, or an AlgebraicNumber, whose sympy form may be dear."""
    if isinstance(value, AlgebraicNumber):
        part = rational_part(value)
        return sympy.Rational(int(part.p), int(part.q)) if isinstance(part, fmpq) else part
    exact = rational(value)
    if exact is not None:
        return sympy.Rational(int(exact.p), int(exact.q))
    if isinstance(value, sympy.Basic):
        return value
    raise TypeError(f"the action must be exact: a rational, a sympy number or an AlgebraicNumber, got {value!r}")


def _constant(value: object) -> sympy.Expr:
    exact = rational(value)
    constant = value if exact is None else sympy.Rational(int(exact.p), int(exact.q))
    if not isinstance(constant, sympy.Expr):
        raise TypeError(f"the constant in front must be rational or a sympy number, got {value!r}")
    if constant == 0:
        raise ValueError("the constant in front of a series must not be 0")
    return constant


def _sympy_action(value: Any) -> sympy.Expr:
    return value.to_sympy() if isinstance(value, AlgebraicNumber) else value


def _add_actions(left: Any, right: Any, sign: int = 1) -> Any:
    if left == 0 and sign == 1:
        return right
    if right == 0:
        return left
    return sympy.expand(_sympy_action(left) + sign * _sympy_action(right))


def _scale_action(value: Any, factor: fmpq) -> Any:
    if isinstance(value, AlgebraicNumber):
        return value * factor
    return value * sympy.Rational(int(factor.p), int(factor.q))


def _sum(left: FormalSeries, right: FormalSeries) -> FormalSeries:
    ratio = sympy.simplify(right.constant / left.constant)
    shift = right.exponent - left.exponent
    if _add_actions(left.action, right.action, sign=-1) != 0 or shift.denominator != 1 or not ratio.is_Rational:
        raise ValueError(
            f"cannot add series with prefactors {prefactor_text(left) or '1'} and {prefactor_text(right) or '1'}: "
            "they belong to different sectors of a trans-series"
        )
    if shift < 0:
        return _sum(right, left)
    factor = fmpq(int(ratio.p), int(ratio.q))
    moved = [fmpq(0)] * int(shift) + power_series.weigh(right.terms, [factor] * len(right))
    return left._with(power_series.add(left.terms, moved))
