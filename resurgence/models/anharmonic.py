"""The quartic anharmonic oscillator of quantum mechanics: the ground state energy of p^2/2 + x^2/2 + g x^4.

    E(g) ~ 1/2 + 3/4 g - 21/8 g^2 + 333/16 g^3 - ...                                            (Bender & Wu 1969)

is Borel summable for g > 0 (Loeffel, Martin, Simon & Wightman 1969; Graffi, Grecchi & Simon 1970). For g < 0 the
particle tunnels out of the well, to either side, at the rate of an instanton of action -1/(3g):

    a_n = (-1)^(n+1) sqrt(6/pi^3) 3^n Gamma(n + 1/2) (1 - 95/72 n^-1 - 20099/10368 n^-2 - ...)       (Bender & Wu 1973)

that is, with A = -1/3 and A^(1/2) = i/sqrt(3), a square-root pole, beta = -1/2, of Stokes constant sqrt(8/pi).
Several instantons give singularities at -k/3, k = 2, 3, ..., with logarithms: no pure powers, and not listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import sympy
from flint import fmpq, fmpq_poly

from ..germs import ExactSingularity
from ..hypervirial import energy_jets, energy_series
from ..instanton_fluctuations import instanton_fluctuations
from ..numbers import Enclosure, check_digits, rational
from ..rays import Ray, Side
from ..schroedinger import ground_state_energy
from ..series import FormalSeries, check_terms
from .model import Model

__all__ = ["Anharmonic", "anharmonic"]

_POTENTIAL = fmpq_poly([0, 0, fmpq(1, 2), 0, 1])


@dataclass(frozen=True, eq=False, repr=False)
class Anharmonic(Model):
    """The model :data:`anharmonic`.

    Examples
    --------
    >>> print(anharmonic.series(4))
    1/2 + 3/4 g - 21/8 g^2 + 333/16 g^3 + O(g^4)
    >>> print(anharmonic.exact("1/10", digits=20).short(18))
    0.559146327183519577
    """

    basis: ClassVar[str] = "exact: literature (see references)"

    def series(self, order: int) -> FormalSeries:
        found = energy_series(_POTENTIAL, order)
        return FormalSeries(found.terms, name=self.name)

    def first_singularities(self, count: int) -> tuple[ExactSingularity, ...]:
        """The one at -1/3; those at -2/3, -1, ... are not of the form K (1 - z/A)^beta."""
        nearest = ExactSingularity(sympy.Rational(-1, 3), Fraction(-1, 2), sympy.sqrt(8 / sympy.pi))
        return (nearest,)[: max(0, count)]

    def exact(
        self, g: object, digits: int = 30, side: Side | None = None, direction: object | None = None
    ) -> Enclosure:
        """The ground state energy at a rational g > 0, ``certified`` by :mod:`resurgence.schroedinger`.

        Parameters and errors as :meth:`Model.exact`. There is no Stokes line in the right half-plane, so that neither
        ``side`` nor ``direction`` changes the value.

        Raises
        ------
        ValueError
            For g that is not rational and positive: the energy is not known there.
        """
        check_digits(digits)
        Ray(g, side, direction)
        coupling = rational(g)
        if coupling is None or coupling <= 0:
            raise ValueError(f"the energy of {self.name} is known for rational g > 0, got {g}")
        return ground_state_energy(fmpq_poly([0, 0, fmpq(1, 2), 0, coupling]), digits)

    def instanton(self, terms: int) -> FormalSeries:
        """The series around the instanton: the jump across the negative axis to leading exponential order.

            S_above E - S_below E = sqrt(8/pi) exp(1/(3g)) g^(-1/2) (1 + 95/24 g - 13259/1152 g^2 + ...)

        Parameters
        ----------
        terms : int
            How many coefficients; they follow from those of all levels, see
            :mod:`resurgence.instanton_fluctuations`.

        Returns
        -------
        FormalSeries

        Examples
        --------
        >>> print(anharmonic.instanton(3).stripped())
        1 + 95/24 g - 13259/1152 g^2 + O(g^3)
        """
        jets = energy_jets(_POTENTIAL, check_terms(terms) + 1, 2)
        return FormalSeries(
            instanton_fluctuations(jets, fmpq(-1, 3), 1, terms)[0],
            action=sympy.Rational(-1, 3),
            exponent=Fraction(-1, 2),
            constant=sympy.sqrt(8 / sympy.pi),
            name=f"{self.name}, one instanton",
        )


anharmonic = Anharmonic(
    name="anharmonic",
    title="the quartic anharmonic oscillator, the ground state energy of p^2/2 + x^2/2 + g x^4",
    latex=r"E_0(g):\quad \left(-\tfrac12 \partial_x^2 + \tfrac12 x^2 + g x^4\right)\psi = E_0\,\psi",
    references=(
        "C. M. Bender and T. T. Wu, Phys. Rev. 184, 1231 (1969) (series)",
        "C. M. Bender and T. T. Wu, Phys. Rev. D 7, 1620 (1973) (large orders)",
        "S. Graffi, V. Grecchi and B. Simon, Phys. Lett. B 32, 631 (1970) (Borel summability)",
        "J. Zinn-Justin and U. D. Jentschura, Ann. Phys. 313, 197 (2004) (instantons)",
    ),
)
