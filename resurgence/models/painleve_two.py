"""Painlevé's second equation, u'' = 2 u^3 + x u, for x -> -infinity: the Hastings-McLeod solution as a median sum.

F(g) = u(x) with x = -g^(-2/3), so that u ~ sqrt(-x/2) is g^(-1/3)/sqrt(2) times a series in g^2, and the exponentials
are exp(-+A/g) with A = 2 sqrt(2)/3. The negative x-axis is a Stokes line. The Hastings-McLeod solution, u ~ Ai(x) for
x -> +infinity, is the median sum there (Mariño 2008): the lateral sum above of the transseries with parameter -S/2, or
that below with S/2. S = -i/(2^(1/4) sqrt(pi)), which is -i/sqrt(2 pi) in the coupling sqrt(2) g of Schiappa & Vaz 2014.
For directions in the upper half-plane t = e^(i pi/3) (-x) and v = e^(i pi/6) u give the real v'' = t v - 2 v^3 with
v ~ sqrt(t/2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import sympy
from flint import acb, arb, fmpq, fmpz

from ..numbers import Enclosure, ball, bits_for, check_digits, enclosure, working_precision
from ..taylor_integration import SecondOrderEquation
from .tronquee import TronqueeModel, cached

__all__ = ["painleve_two"]

#: Attempts, each at half as many bits again, before a value is returned with the error that it has.
_ATTEMPTS = 4

#: The largest |x|^(3/2) at which the Hastings-McLeod solution is computed.
_MAX_DISTANCE = 1000

_EQUATION = SecondOrderEquation({(0, 3): 2, (1, 1): 1})


def _even(count: int) -> list[fmpq]:
    """a_0, a_2, ...: Phi^3 - Phi has the coefficients (9 (k-1)^2 - 1/4) a_(2k-2); a_(2k) = 2 b_k/16^k in integers."""
    b, squares = [fmpz(0)], [fmpz(0)]
    for k in range(1, count):
        square = sum((b[i] * b[k - i] for i in range(1, (k + 1) // 2)), fmpz(0)) * 2
        if k % 2 == 0:
            square += b[k // 2] ** 2
        cube = sum((b[i] * squares[k - i] for i in range(1, k - 1)), fmpz(0))
        squares.append(square)
        b.append((2 * (36 * (k - 1) ** 2 - 1) * b[k - 1] if k > 1 else fmpz(-1)) - 3 * square - 2 * cube)
    return [fmpq(1), *(fmpq(2 * b[k], fmpz(16) ** k) for k in range(1, count))]


def _beside_airy(x: arb) -> tuple[acb, acb]:
    """The Hastings-McLeod solution and its slope at x >= 2, enclosed.

    u = Ai + 2 pi int_x^inf (Ai(x) Bi(t) - Bi(x) Ai(t)) u(t)^3 dt. With 2 pi Ai(t) Bi(t) <= 6/(5 sqrt(t)) for t >= 2
    (DLMF 9.7.15, 9.7.16) and I = int_x^inf Ai^2 = Ai'^2 - x Ai^2 the right-hand side maps the functions with
    |u - Ai| <= d Ai on [x, inf) into themselves and contracts where (1 + d)^3 k <= d and 3 (1 + d)^2 k < 1, for
    k = 6/(5 sqrt(x)) I: thus for d = 2 k and k < 1/50. The fixed point is the solution with u ~ Ai.
    """
    ai, slope, _, bi_slope = x.airy()
    tail = slope**2 - x * ai**2
    k = fmpq(6, 5) / x.sqrt() * tail
    assert k < fmpq(1, 50), "x is 2 at least"
    cube = (1 + 2 * k) ** 3
    off = cube * (abs(slope) * k + 2 * arb.pi() * bi_slope * ai**2 * tail)
    return acb(ai + arb(0, (2 * k * ai).upper())), acb(slope + arb(0, off.upper()))


def _hastings_mcleod(place: acb, digits: float, bits: int) -> tuple[acb, acb]:
    """Value and slope, from a start at which the Airy function is good to so many digits."""
    with working_precision(bits):
        far = max((0.75 * digits * math.log(10)) ** (2 / 3), float(abs(place).upper()), 2.0)
        start = arb(math.ceil(far))
        return _EQUATION.integrate([acb(start), place], *_beside_airy(start), bits)


@dataclass(frozen=True, eq=False, repr=False)
class PainleveTwo(TronqueeModel):
    """Painlevé II as a ground truth, with its Hastings-McLeod solution."""

    def _growth(self, x: acb) -> float:
        """The logarithm of what an error made at 0 has grown to at x, or of 1/Ai where that is small."""
        with working_precision(64):
            size: float = float(abs(x).upper()) ** 1.5
        if not size <= _MAX_DISTANCE:
            raise ValueError(
                f"{self.name}: the Hastings-McLeod solution is computed for |x|^(3/2) up to {_MAX_DISTANCE}, "
                f"got {size:.4g}; use its series instead"
            )
        return size

    def hastings_mcleod(self, x: object, digits: int = 30) -> tuple[Enclosure, Enclosure]:
        """The solution of u'' = 2 u^3 + x u with u ~ Ai(x) for x -> +infinity, and its derivative.

        Parameters
        ----------
        x : number
            Real or complex, |x| at most 100; complex ones must be in reach of a straight line from far right
            that comes next to no pole. On the real axis there is none (Hastings & McLeod 1980).
        digits : int
            Relative accuracy.

        Returns
        -------
        tuple of Enclosure
            u(x) and u'(x), ``certified``.

        Raises
        ------
        ValueError, TypeError
            For what is not a finite number, for other digits than 1 to 100000, too far out, and next to poles.

        Examples
        --------
        >>> value, slope = painleve_two.hastings_mcleod(0, digits=20)
        >>> print(value.short(20), slope.short(20))
        0.36706155154807842775 -0.29537210544755005456
        """
        digits = check_digits(digits)
        growth = self._growth(ball(x, 64))
        for attempt in range(_ATTEMPTS):
            bits = math.ceil((1.25 * (bits_for(digits + 4) + growth / math.log(2)) + 128) * 1.5**attempt)
            found = _hastings_mcleod(ball(x, bits), digits + 4 + growth / math.log(10), bits)
            if all(z.rel_accuracy_bits() >= bits_for(digits) for z in found):
                break
        method = "Taylor series from a proved start at Ai(x)"
        return enclosure(found[0], "certified", method), enclosure(found[1], "certified", method)


painleve_two = PainleveTwo(
    name="painleve_two",
    title="Painlevé's second equation, u'' = 2 u^3 + x u, with g = (-x)^(-3/2)",
    latex=r"u(x),\quad u'' = 2u^3 + xu,\quad u \sim \sqrt{-x/2},\quad x = -g^{-2/3}",
    references=(
        "M. Mariño, JHEP 12 (2008) 114 (transseries; the Hastings-McLeod solution as median sum)",
        "R. Schiappa, R. Vaz, Commun. Math. Phys. 330, 655 (2014) (sectors, Stokes constants)",
        "S. P. Hastings, J. B. McLeod, Arch. Rational Mech. Anal. 73, 31 (1980) (the solution with u ~ Ai)",
        "O. Costin, Duke Math. J. 93, 289 (1998) (lateral sums of transseries)",
        "DLMF 32.11(ii), 9.7(iii)",
    ),
    equation=SecondOrderEquation({(0, 3): -2, (1, 1): 1}),
    even=cached(_even),
    front=1 / sympy.sqrt(2),
    scale=sympy.S.One,
    power=Fraction(3, 2),
    weight=2 * sympy.sqrt(2) / 3,
    stokes_constant=-sympy.I / (sympy.root(2, 4) * sympy.sqrt(sympy.pi)),
    sector_front=lambda k: Fraction(1, 2 ** (k - 1)),
    exponent=Fraction(-1, 3),
    constant=1 / sympy.sqrt(2),
)
