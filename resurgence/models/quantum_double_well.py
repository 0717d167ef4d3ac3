"""The double well of quantum mechanics: the ground state energy of -(g/2) d^2/dq^2 + q^2 (1 - q)^2/(2g).

    E(g) ~ 1/2 - g - 9/2 g^2 - 89/2 g^3 - 5013/8 g^4 - ...            a_n ~ -(3/pi) 3^n n!

is the series of the lowest level in one well. It is not Borel summable, and its sum is not the energy: tunnelling
between the wells, an instanton of action 1/6, splits each level into an even and an odd one. With B = K + 1/2, all of
them follow from the quantisation condition (Zinn-Justin & Jentschura 2004; Delabaere, Dillinger & Pham 1997)

    1/Gamma(1/2 - B) = epsilon (1/sqrt(2 pi)) (2/g)^B exp(-+ i pi (1/2 - B)) exp(-A(B, g)/2),       epsilon = -1: even,

the upper sign for sums above the positive axis. B is a level of one well without tunnelling, E = E(B, g) its
perturbation series, and the function A(B, g) = 1/(3g) + O(g) of the instanton follows from it (Dunne & Unsal 2014):

    dE/dB = -3g (2B + g dA/dg),        A(B, g) = 1/(3g) - sum_(k >= 1) E_(k+1)'(B) g^k/(3k).

Solved for B = 1/2 + delta by Lagrange's inversion, with xi = exp(-1/(6g))/sqrt(pi g) and a = A - 1/(3g),

    E = E(1/2, g) + sum_(k >= 1) (epsilon xi)^k/k sum_(j < k) C_(k,k-1-j) G_(k,j)(g),
    G_(k,j) = [delta^j] E'(1/2 + delta, g) exp(-k a(1/2 + delta, g)/2),                            (a prime: d/dB)
    C_(k,i) = [delta^i] Gamma(1 - delta)^k exp(k delta (log(2/g) +- i pi)),                        so C_(2,1) = 2L with
    L = log(2/g) + gamma +- i pi,

where each series stands for its lateral sum above or below. The imaginary parts cancel: what is left is the energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar

import sympy
from flint import acb, acb_series, arb, fmpq, fmpq_poly

from ..germs import ExactSingularity
from ..hypervirial import energy_jets, energy_polynomials, energy_series
from ..instanton_fluctuations import instanton_fluctuations
from ..laplace import borel_sum
from ..numbers import Enclosure, ball, bits_for, check_digits, enclosure, midpoint, rational, working_precision
from ..rays import Ray, Side
from ..schroedinger import ground_state_energy
from ..series import FormalSeries, check_terms
from .model import Model

__all__ = ["QuantumDoubleWell", "quantum_double_well"]

#: q^2 (1 - q)^2/2
_POTENTIAL = fmpq_poly([0, 0, fmpq(1, 2), -1, fmpq(1, 2)])

_ACTION = fmpq(1, 6)

#: What the first neglected sector is taken to be, as a multiple of its leading term.
_NEGLECTED = 2

#: Sectors beyond this one would be summed from series whose own errors are larger than they are.
_MOST_INSTANTONS = 12


@dataclass(frozen=True, eq=False, repr=False)
class QuantumDoubleWell(Model):
    """The model :data:`quantum_double_well`.

    Examples
    --------
    >>> print(quantum_double_well.series(4))
    1/2 - g - 9/2 g^2 - 89/2 g^3 + O(g^4)
    >>> print(quantum_double_well.exact("1/50", digits=20).short(18))
    0.476846171072850916
    """

    basis: ClassVar[str] = "exact: literature (see references)"

    def series(self, order: int) -> FormalSeries:
        return FormalSeries(energy_series(_POTENTIAL, order).terms, name=self.name)

    def first_singularities(self, count: int) -> tuple[ExactSingularity, ...]:
        """The pole of an instanton and an anti-instanton, at 1/3; those of more pairs come with logarithms."""
        nearest = ExactSingularity(sympy.Rational(1, 3), Fraction(-1), -2 * sympy.I)
        return (nearest,)[: max(0, count)]

    def exact(
        self, g: object, digits: int = 30, side: Side | None = None, direction: object | None = None
    ) -> Enclosure:
        """The ground state energy at a rational g > 0, ``certified`` by :mod:`resurgence.schroedinger`.

        It is not the sum of the series alone, on any side: see :meth:`median_sum`.

        Parameters and errors as :meth:`Model.exact`.

        Raises
        ------
        ValueError
            For g that is not rational and positive, where the energy is not known, and where a side or a direction off
            the positive axis is given: the sums of the series there are not known, and not the energy.
        """
        check_digits(digits)
        ray = Ray(g, side, direction)
        coupling = self._coupling(g)
        if side is not None or ray.passes(1) != "through":
            raise ValueError(
                f"the exact value of {self.name} is the energy, which no sum of its series alone is: leave side and "
                "direction out, and see median_sum for the sum of all sectors"
            )
        return ground_state_energy(
            fmpq_poly([1 / (32 * coupling), 0, fmpq(-1, 4), 0, coupling / 2]), digits
        )  # q = 1/2 + sqrt(g) x

    def _coupling(self, g: object) -> fmpq:
        coupling = rational(g)
        if coupling is None or coupling <= 0:
            raise ValueError(f"the energy of {self.name} is known for rational g > 0, got {g}")
        return coupling

    def energies(self, terms: int) -> list[fmpq_poly]:
        """E_0, E_1, ... as polynomials in B: the perturbation series E(B, g) of all levels.

        Examples
        --------
        >>> quantum_double_well.energies(3)
        [x, (-3)*x^2 + (-1/4), (-17)*x^3 + (-19/4)*x]
        """
        return energy_polynomials(_POTENTIAL, terms)

    def instanton_function(self, terms: int) -> list[fmpq_poly]:
        """A_0, A_1, ... as polynomials in B, with A(B, g) = 1/(3g) + sum A_k g^k, by the relation of Dunne and Unsal.

        Examples
        --------
        >>> quantum_double_well.instanton_function(3)
        [0, 17*x^2 + 19/12, 125*x^3 + 153/4*x]
        """
        energies = energy_polynomials(_POTENTIAL, check_terms(terms) + 1)
        return [fmpq_poly(), *(energies[k + 1].derivative() * fmpq(-1, 3 * k) for k in range(1, terms))]

    def sector(self, instantons: int, terms: int) -> tuple[FormalSeries, ...]:
        """The series of a sector of the transseries of the ground state energy.

        Parameters
        ----------
        instantons : int
            k = 0, 1, 2, ...
        terms : int
            Coefficients of each series.

        Returns
        -------
        tuple of FormalSeries
            The perturbation series alone for k = 0; else (-xi)^k/k G_(k,j) for j = 0, ..., k - 1. The sector is their
            sum with the weights C_(k,k-1-j): see the head of this module and :meth:`weights`.

        Raises
        ------
        TypeError, ValueError
            For numbers of instantons and of terms that are none.

        Examples
        --------
        >>> print(*quantum_double_well.sector(1, 3))
        (-1/sqrt(pi)) exp((-1/6)/g) g^(-1/2) (1 - 71/12 g - 6299/288 g^2 + O(g^3))
        """
        k, count = _instantons(instantons), check_terms(terms)
        if k == 0:
            return (self.series(count),)
        found = []
        for j, terms_of_j in enumerate(instanton_fluctuations(_jets(count + 1, k + 1), _ACTION, k, count)):
            zero = 1 if j > 0 and count > 1 else 0  # E'(B) = 1 + O(g): for j > 0 the first coefficient is zero
            found.append(
                FormalSeries(
                    terms_of_j[zero:],
                    action=sympy.Rational(k, 6),
                    exponent=Fraction(-k, 2) + zero,
                    constant=sympy.Integer(-1) ** k / (k * sympy.pi ** sympy.Rational(k, 2)),
                    name=f"{self.name}, {k} instantons",
                )
            )
        return tuple(found)

    def weights(self, instantons: int, g: object, bits: int) -> list[acb]:
        """C_(k,k-1), ..., C_(k,0) for sums above the positive axis, in balls; 1 for k = 0."""
        k = _instantons(instantons)
        if k == 0:
            return [acb(1)]
        coupling = self._coupling(g)
        with working_precision(bits, terms=k):
            logarithm = acb((2 / arb(coupling)).log() + arb.const_euler(), arb.pi())
            exponent = [acb(0), k * logarithm, *(acb(k * arb(n).zeta() / n) for n in range(2, k))]
            series = acb_series(exponent[:k]).exp()
            return [series[i] for i in reversed(range(k))]

    def median_sum(self, g: object, digits: int = 20, *, terms: int = 60, instantons: int = 2) -> Enclosure:
        """The ground state energy, from the series of the sectors: the real part of their lateral sums.

        Parameters
        ----------
        g : number
            Rational and positive.
        digits : int, optional
            Digits to aim for in the Borel sums.
        terms : int, optional
            Coefficients of each series.
        instantons : int, optional
            The last sector taken along; the k-th consists of k series.

        Returns
        -------
        Enclosure
            ``estimated``: the error is that of the Borel sums, and twice the leading term of the first sector left out,
            xi^k |C_(k,k-1)|/k.

        Raises
        ------
        ValueError, TypeError
            For g that is not rational and positive, and for other arguments that make no sense.

        Notes
        -----
        All singularities lie on the real axis: the sum above the positive axis is the one along the direction 1 (in
        radians), where approximants have no poles near by.

        Examples
        --------
        >>> total = quantum_double_well.median_sum("1/80", digits=15, terms=30)
        >>> total.contains(quantum_double_well.exact("1/80", digits=20)), total.digits >= 12
        (True, True)
        """
        digits, count, coupling = check_digits(digits), check_terms(terms), self._coupling(g)
        last, bits = _instantons(instantons), bits_for(digits) + 32
        total, error = acb(0), arb(0)
        for k in range(last + 1):
            for weight, series in zip(self.weights(k, coupling, bits), self.sector(k, count), strict=True):
                part = borel_sum(series, coupling, digits, direction=1, continuation="pade")
                with working_precision(bits):
                    total += weight * ball(part.value, bits)
                    error += abs(weight) * arb(part.error)
        following = self.weights(last + 1, coupling, bits)[0]
        with working_precision(bits):
            xi = (-1 / (6 * arb(coupling))).exp() / (arb.pi() * arb(coupling)).sqrt()
            error += _NEGLECTED * xi ** (last + 1) * abs(following) / (last + 1)
            return enclosure(
                total.real,
                "estimated",
                f"lateral Borel sums of the sectors of up to {last} instantons, {count} coefficients each",
                midpoint(error.upper()),
            )


@lru_cache(maxsize=16)
def _jets(terms: int, order: int) -> tuple[tuple[fmpq, ...], ...]:
    return tuple(tuple(jet) for jet in energy_jets(_POTENTIAL, terms, order))


def _instantons(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"the number of instantons is an integer, got {number!r}")
    if not 0 <= number <= _MOST_INSTANTONS:
        raise ValueError(f"the number of instantons lies between 0 and {_MOST_INSTANTONS}, got {number}")
    return number


quantum_double_well = QuantumDoubleWell(
    name="quantum_double_well",
    title="the double well of quantum mechanics, the ground state energy of -(g/2) d^2/dq^2 + q^2 (1-q)^2/(2g)",
    latex=(r"E_0(g):\quad \left(-\tfrac{g}{2} \partial_q^2 + \tfrac1{2g}\, q^2 (1-q)^2\right)\psi = E_0\,\psi"),
    references=(
        "J. Zinn-Justin and U. D. Jentschura, Ann. Phys. 313, 197 and 269 (2004), arXiv:quant-ph/0501136, 0501137",
        "G. V. Dunne and M. Unsal, Phys. Rev. D 89, 105009 (2014), arXiv:1401.5202 (A from E)",
        "E. Delabaere, H. Dillinger and F. Pham, J. Math. Phys. 38, 6126 (1997) (exact quantisation)",
        "E. Brezin, G. Parisi and J. Zinn-Justin, Phys. Rev. D 16, 408 (1977) (large orders)",
    ),
)
