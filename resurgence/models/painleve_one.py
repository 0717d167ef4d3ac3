"""Painlevé's first equation, -u''/6 + u^2 = z: the string equation of two-dimensional gravity.

F(g) = u(z) with g = z^(-5/4), so that u ~ sqrt(z) is g^(-2/5) times a series in g^2, and the exponentials are
exp(-+A/g) with A = 8 sqrt(3)/5. With z = e^(-2 pi i/5) 6^(-1/5) x and u = e^(4 pi i/5) 6^(2/5) y the equation reads
y'' = 6 y^2 - x, where the sum for directions in the upper half-plane is the real tritronquée y ~ -sqrt(x/6).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy
from flint import acb, fmpq, fmpz

from ..numbers import Enclosure, ball, bits_for, check_digits, enclosure, working_precision
from ..series import FormalSeries
from ..taylor_integration import SecondOrderEquation
from .tronquee import TronqueeModel, cached

__all__ = ["painleve_one"]

#: Where the Borel sums are taken that the integration starts from, and how many terms they have for each digit.
_START = 6
_TERMS_PER_DIGIT = 1.6


def _even(count: int) -> list[fmpq]:
    """a_0, a_2, ...: sum_(i+j=k) a_(2i) a_(2j) = (25 (k-1)^2 - 1)/24 a_(2k-2), with a_(2k) = 2 b_k/96^k in integers."""
    b = [fmpz(0)]
    for k in range(1, count):
        total = sum((b[i] * b[k - i] for i in range(1, (k + 1) // 2)), fmpz(0)) * 2
        if k % 2 == 0:
            total += b[k // 2] ** 2
        b.append((2 * (25 * (k - 1) ** 2 - 1) * b[k - 1] if k > 1 else fmpz(-1)) - total)
    return [fmpq(1), *(fmpq(2 * b[k], fmpz(96) ** k) for k in range(1, count))]


@dataclass(frozen=True, eq=False, repr=False)
class PainleveOne(TronqueeModel):
    """Painlevé I as a ground truth, with its tritronquée solution."""

    def tritronquee(self, x: object, digits: int = 30) -> tuple[Enclosure, Enclosure]:
        """The tritronquée solution of y'' = 6 y^2 - x from its asymptotic series alone.

        It is the solution with y ~ -sqrt(x/6) in |arg x| < 4 pi/5, where it has no poles (Costin, Huang & Tanveer
        2014). The series of y and of y' are Borel-summed at x = 6, and Taylor's series carries them from there.

        Parameters
        ----------
        x : number
            Any, real or complex, that the straight line from 6 reaches without coming next to a pole.
        digits : int
            Digits to aim for.

        Returns
        -------
        tuple of Enclosure
            y(x) and y'(x), ``estimated`` as the Borel sums are; their errors are carried along by proved bounds.

        Raises
        ------
        ValueError, TypeError
            For what is not a finite number, for other digits than 1 to 100000, and next to poles and behind them.

        Examples
        --------
        >>> value, slope = painleve_one.tritronquee(0, digits=20)
        >>> print(value.short(20), slope.short(20))
        -0.18755430834049489384 -0.30490556026122885653
        """
        from ..laplace import borel_sum  # the one thing here that stands to the right of models

        digits = check_digits(digits)
        ball(x, 64)
        aim = digits + 8
        count = round(_TERMS_PER_DIGIT * aim) + 16
        known = self.even(count)
        bits = 2 * bits_for(aim) + 64
        with working_precision(bits):
            start = acb(_START)
            q = self._coupling(start, bits).real
            front, root = ball(self.front, bits), start.sqrt()
            balls = []
            for weights in ([1] * count, [fmpq(1, 2) - fmpq(5 * k, 2) for k in range(count)]):
                terms = [fmpq(0)] * (2 * count - 1)
                terms[::2] = [(-1) ** k * a * w for k, (a, w) in enumerate(zip(known, weights, strict=True))]
                balls.append(acb(borel_sum(FormalSeries(terms), q, aim).ball(bits).real))
            value, slope = self.equation.integrate(
                [start, ball(x, bits)], front * root * balls[0], front / root * balls[1], bits
            )
        method = f"Borel sums at x = {_START}, Taylor series of the differential equation from there"
        return enclosure(value, "estimated", method), enclosure(slope, "estimated", method)


painleve_one = PainleveOne(
    name="painleve_one",
    title="Painlevé's first equation, -u''/6 + u^2 = z, with g = z^(-5/4)",
    latex=r"u(z),\quad -\tfrac16 u'' + u^2 = z,\quad u \sim \sqrt z,\quad z = g^{-4/5}",
    references=(
        "S. Garoufalidis, A. Its, A. Kapaev, M. Mariño, Int. Math. Res. Not. 2012, 561 (series, Stokes constant)",
        "A. A. Kapaev, J. Phys. A 37, 11149 (2004) (Stokes constant, by isomonodromy)",
        "N. Joshi, A. V. Kitaev, Stud. Appl. Math. 107, 253 (2001) (the tritronquée solution)",
        "O. Costin, M. Huang, S. Tanveer, Duke Math. J. 163, 665 (2014) (it has no poles in its sector)",
        "O. Costin, Duke Math. J. 93, 289 (1998) (lateral sums of transseries)",
    ),
    equation=SecondOrderEquation({(0, 2): 6, (1, 0): -1}),
    even=cached(_even),
    front=-1 / sympy.sqrt(6),
    scale=sympy.root(6, 4),
    power=Fraction(5, 4),
    weight=8 * sympy.sqrt(3) / 5,
    stokes_constant=-sympy.I * sympy.root(3, 4) / (2 * sympy.sqrt(sympy.pi)),
    sector_front=lambda k: Fraction(k, 12 ** (k - 1)),
    exponent=Fraction(-2, 5),
    constant=sympy.S.One,
)
