"""Integrals of exp(-V/g) over R and R^2 in balls, by direct integration: an oracle that knows nothing of resurgence.

In one dimension FLINT integrates over [-R, R], and the tails are bounded by the leading term. In two dimensions the
trapezoidal rule with step h is applied in each variable. For f analytic in the strip |Im x| < a, tending to zero there,
with int |f(x + i eta)| dx <= M for |eta| < a, its error is at most 2 M/(exp(2 pi a/h) - 1) (Trefethen & Weideman, SIAM
Rev. 56, 385 (2014), Theorem 5.1). With

    Re V(x + i eta, y) >= alpha (x^2 + y^2) - beta    and    Re V(x, y + i eta) >= alpha (x^2 + y^2) - beta

for |eta| <= a, the error of the rule in x, integrated over y, has M <= exp(beta/g) pi g/alpha; that in y, summed over
the points of the rule in x, has M <= exp(beta/g) (h + sqrt(pi g/alpha)) sqrt(pi g/alpha), because the sum of
h exp(-alpha x^2/g) over these points is at most h more than the integral.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import acb, arb, fmpq, fmpq_poly

from resurgence.numbers import working_precision


def integral_over_line(coefficients: list[Fraction], g: Fraction, digits: int = 50) -> arb:
    """``int exp(-V/g) dx`` for V = sum c_k x^k of even degree n with a positive leading coefficient.

    For |x| >= R >= 1, V >= gamma |x|^n with gamma = c_n - sum_(k<n) |c_k| R^(k-n) - the constant's too - and therefore
    V >= gamma R^(n-1) |x|: each tail is at most g/(gamma R^(n-1)) exp(-gamma R^n/g).
    """
    degree = len(coefficients) - 1
    bits = math.ceil((digits + 15) * math.log2(10)) + 20
    radius = 1
    while True:
        gamma = coefficients[-1] - sum(
            abs(c) * Fraction(radius) ** (k - degree) for k, c in enumerate(coefficients[:-1])
        )
        if gamma > 0 and gamma * radius**degree / g > (digits + 15) * math.log(10):
            break
        radius += 1
    with working_precision(bits):
        poly = fmpq_poly([fmpq(-c.numerator, c.denominator) / fmpq(g.numerator, g.denominator) for c in coefficients])
        middle = acb.integral(lambda x, _: _horner(poly, x).exp(), -radius, radius).real
        slope = fmpq(gamma.numerator, gamma.denominator) * radius ** (degree - 1) / fmpq(g.numerator, g.denominator)
        tails = 2 * (-arb(slope) * radius).exp() / slope
        return middle + arb(0, tails.upper())


def _horner(poly: fmpq_poly, x: acb) -> acb:
    value = acb(0)
    for c in reversed(poly.coeffs()):
        value = value * x + c
    return value


@dataclass(frozen=True)
class Plane:
    """A polynomial V(x, y) with integral coefficients, and what is known of it.

    Attributes
    ----------
    terms : dict
        Coefficients by exponents.
    strip : Fraction
        a.
    alpha, beta : Fraction
        Of the lower bound in the strip.
    """

    terms: dict[tuple[int, int], int]
    strip: Fraction
    alpha: Fraction
    beta: Fraction


def lattice() -> Plane:
    """V = x^2 + y^2 + x^2 y^2 with a = 1/2, alpha = 3/4, beta = 1/4.

    Re V(x + i eta, y) = (x^2 - eta^2)(1 + y^2) + y^2 >= x^2 - eta^2 + (1 - eta^2) y^2.
    """
    return Plane({(2, 0): 1, (0, 2): 1, (2, 2): 1}, Fraction(1, 2), Fraction(3, 4), Fraction(1, 4))


def himmelblau(strip: Fraction, alpha: Fraction) -> Plane:
    """V = (x^2 + y - 11)^2 + (x + y^2 - 7)^2 = p^2 + q^2.

    With P = p - 3 eta^2 one finds Re V(x + i eta, y) = P^2 + q^2 + 4 y eta^2 - 45 eta^2 - 8 eta^4, and the same with p
    and q, x and y exchanged and 29 in place of 45. As x^2 + y^2 = p + q + 18 - x - y and -x - y <= (x^2 + y^2)/2 + 1,
    r^2 = x^2 + y^2 <= 2 (p + q) + 38. With 4 y eta^2 >= -2 eta^2 (1 + r^2) and s = 2 eta^2 + alpha,

        Re V - alpha r^2 >= P^2 + q^2 - s (2 (P + q) + 6 eta^2 + 38) - 47 eta^2 - 8 eta^4
                         >= -2 s^2 - s (6 eta^2 + 38) - 47 eta^2 - 8 eta^4 .
    """
    square = strip**2
    s = 2 * square + alpha
    beta = 2 * s**2 + s * (6 * square + 38) + 47 * square + 8 * square**2
    terms = {
        (4, 0): 1,
        (2, 1): 2,
        (2, 0): -21,
        (0, 2): -13,
        (0, 4): 1,
        (1, 2): 2,
        (1, 0): -14,
        (0, 1): -22,
        (0, 0): 170,
    }
    return Plane(terms, strip, alpha, beta)


def integral_over_plane(plane: Plane, g: Fraction, digits: int = 50) -> arb:
    """``int exp(-V/g) dx dy``.

    Points of the lattice with V/g above a threshold T, and all those with alpha x^2 - beta > T g or alpha y^2 - beta >
    T g, are left out. What is left out is at most exp(-T/2) times the sum of exp(-V/(2 g)), which is at most
    exp(beta/(2 g)) (h + sqrt(2 pi g/alpha))^2.
    """
    bits = math.ceil((digits + 10) * math.log2(10)) + 20
    a, alpha, beta = plane.strip, plane.alpha, plane.beta
    wanted = (digits + 10) * math.log(10) + float(beta / g)
    # A step 1/m, so that V is an integer over m^deg at the points.
    m = math.ceil(wanted / (2 * math.pi * float(a)))
    degree = max(i + j for i, j in plane.terms)
    threshold = 2 * math.ceil(wanted)
    reach = math.isqrt(math.ceil((threshold * g + beta) / alpha * m * m)) + 1
    most = threshold * g.numerator * m**degree // g.denominator
    scaled = {(i, j): c * m ** (degree - i - j) for (i, j), c in plane.terms.items()}
    columns = np.arange(-reach, reach + 1, dtype=float)
    with working_precision(bits):
        total, unit = arb(0), fmpq(-g.denominator, g.numerator * m**degree)
        for row in range(-reach, reach + 1):
            # Rounding errors are far below 1e-9 of the sum of the moduli: only points above the threshold are dropped.
            terms = [c * float(row) ** i * columns**j for (i, j), c in scaled.items()]
            near = columns[sum(terms) - 1e-9 * sum(map(np.abs, terms)) <= most]
            for column in map(int, near):
                value = sum(c * row**i * column**j for (i, j), c in scaled.items())
                if value <= most:
                    total += arb(unit * value).exp()
        h, scale, ratio = arb(1) / m, arb(fmpq(g.numerator, g.denominator)), _arb(beta / g)
        spread = (arb.pi() * scale / _arb(alpha)).sqrt()
        decay = 2 / ((2 * arb.pi() * _arb(a) * m).exp() - 1)
        error = decay * ratio.exp() * spread * (2 * spread + h)
        error += (-arb(threshold) / 2).exp() * (ratio / 2).exp() * (h + spread * arb(2).sqrt()) ** 2
        return total * h * h + arb(0, error.upper())


def _arb(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))
