"""What a ground truth is: a series whose sum and Borel singularities are known independently of its coefficients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import sympy
from flint import acb, arb

from ..germs import ClosedForm, ExactSingularity, refine
from ..numbers import Enclosure, bits_for, check_digits, enclosure
from ..rays import Ray, Side
from ..series import FormalSeries, check_terms

__all__ = ["ClosedFormModel", "Model"]

#: Of infinitely many singularities, those that ``Model.singularities`` names.
FIRST_SINGULARITIES = 8


@dataclass(frozen=True, eq=False)
class Model(ABC):
    """A function F(g) whose asymptotic series and values are both known, each by its own route.

    Attributes
    ----------
    name : str
        What :func:`resurgence.models.get` knows it by.
    title : str
        One line for people.
    latex : str
        F, defined.
    references : tuple of str
        Where the formulas and numbers are from.

    Examples
    --------
    >>> from resurgence import models
    >>> print(models.quartic)
    quartic: the quartic oscillator in zero dimensions, V = x^2 + x^4
    >>> print(models.quartic.exact("1/10", digits=20))
    0.529392430225574888723666876 ± 4.7e-27 (certified)
    """

    #: What the singularities rest on, in the words of a verification.
    basis: ClassVar[str]

    name: str
    title: str
    latex: str
    references: tuple[str, ...]

    @property
    def action(self) -> str | None:
        """The polynomial V where F is the integral of exp(-V/g) along the steepest descent through x = 0."""
        return None

    @abstractmethod
    def series(self, order: int) -> FormalSeries:
        """The formal series with its terms a_0, ..., a_(order - 1) and its prefactor.

        Examples
        --------
        >>> from resurgence import models
        >>> print(models.quartic.series(4).stripped())
        1 - 3/4 g + 105/32 g^2 - 3465/128 g^3 + O(g^4)
        """

    @abstractmethod
    def first_singularities(self, count: int) -> tuple[ExactSingularity, ...]:
        """The first known singularities of the Borel transform of Phi on its first sheet, at most ``count`` of them."""

    @property
    def singularities(self) -> tuple[ExactSingularity, ...]:
        """The first eight of :meth:`first_singularities`."""
        return self.first_singularities(FIRST_SINGULARITIES)

    @abstractmethod
    def exact(
        self, g: object, digits: int = 30, side: Side | None = None, direction: object | None = None
    ) -> Enclosure:
        """The value of F at g, by a route that does not use the series.

        Parameters
        ----------
        g : number
            The coupling; not zero. Powers of it in the prefactor are principal.
        digits : int
            Relative accuracy. Where g is itself a ball or an enclosure the value is as good as it allows.
        side : {"above", "below", "median"}, optional
            The function that the series sums to above or below a Stokes line, or their mean; needed exactly on one.
        direction : real number, optional
            Angle of the ray of summation, less than pi/2 away from arg g; by default arg g.

        Returns
        -------
        Enclosure

        Raises
        ------
        StokesLineError
            On a Stokes line, where no side is given.
        ValueError, TypeError
            For g zero, not finite or not a number; for digits, sides and directions that make no sense; for values
            that the model does not know.
        """

    def __str__(self) -> str:
        return f"{self.name}: {self.title}"

    def __repr__(self) -> str:
        return f"<Model {self}>"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex}$"


@dataclass(frozen=True, eq=False, repr=False)
class ClosedFormModel(Model):
    """A model whose Borel germ is known in closed form.

        F(g) ~ constant * exp(-weight/g) * g^exponent * Phi(g),      Phi(g) = sum a_n g^n

    Attributes
    ----------
    germ : ClosedForm
        The Borel transform of Phi.
    closed_form : callable
        F by classical functions other than those the germ is summed by (Bessel, Airy, exponential integral, ...) and
        their connection formulas: it may be used to test sums of the series.
    polynomial : str or None
        The action.
    weight : sympy.Expr
        The A of the prefactor, V(0) for an action.
    exponent, constant
        The other two parts of the prefactor.
    """

    basis: ClassVar[str] = "exact: closed-form germ"

    germ: ClosedForm
    closed_form: Callable[[acb, Side | None], acb]
    polynomial: str | None = None
    weight: sympy.Expr = sympy.S.Zero
    exponent: Fraction = Fraction(0)
    constant: sympy.Expr = sympy.S.One

    @property
    def action(self) -> str | None:
        return self.polynomial

    def series(self, order: int) -> FormalSeries:
        return FormalSeries(
            self.germ.coefficients(check_terms(order)),
            action=self.weight,
            exponent=self.exponent,
            constant=self.constant,
            germ=self.germ,
            name=self.name,
        )

    def first_singularities(self, count: int) -> tuple[ExactSingularity, ...]:
        return self.germ.singularities(count)

    def exact(
        self, g: object, digits: int = 30, side: Side | None = None, direction: object | None = None
    ) -> Enclosure:
        """The value of F at g by classical functions, ``certified``; parameters and errors as :meth:`Model.exact`."""
        bits = bits_for(check_digits(digits))
        ray = Ray(g, side, direction)
        sheet = self.germ.sheet(ray)
        value = refine(lambda precision: self.closed_form(ray.coupling(precision), sheet), bits)
        # A zero of F has no relative accuracy, but it is enclosed closely.
        if not value.is_finite() or (value.rel_accuracy_bits() < 1 and not value.rad() < arb(2) ** -bits):
            raise ValueError(f"g = {g} is too uncertain, or too extreme, for a value of {self.name} to be enclosed")
        return enclosure(value, "certified", "closed form")
