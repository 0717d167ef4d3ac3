"""Which maps suit a germ: read off where its coefficients show singularities.

All singularities on one ray: the maps of one cut, of several sheets around it, and the uniformising one. On both halves
of an axis: the map of two opposite cuts. A complex-conjugate pair: that of two radial cuts. What the map leaves inside
its disc, further singularities among it, is left to the Padé approximants that follow.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import mpmath
from flint import acb

from resurgence.continuation.maps import ConjugateCuts, Logarithm, Map, OppositeCuts, Sheets
from resurgence.numbers import ball, is_exact_zero, rational, working_precision

if TYPE_CHECKING:
    from resurgence.borel import BorelTransform
    from resurgence.singularities import Singularity

__all__ = ["fold", "maps_around"]

#: Half turns around a cut that the disc of a map covers.
TURNS = (2, 3, 4, 6, 8, 12)

#: Digits to which a map is told where a singularity is: its end of the disc is then good for some 10^4 coefficients.
DIGITS = 10

#: Angle within which two singularities lie on one ray.
SAME_RAY = 1e-6

#: Bits of a complex singularity in a map.
BITS = 4096


def fold(borel: BorelTransform) -> tuple[int, int]:
    """(r, m) where the germ is z^r f(z^m), as far as its zero coefficients show."""
    support = [n for n, t in enumerate(borel.terms) if not is_exact_zero(t)]
    step = math.gcd(*(n - support[0] for n in support)) if support else 1
    return (support[0] if support else 0) % (step or 1), step or 1


def maps_around(singularities: Sequence[Singularity], step: int, real: bool) -> list[Map]:
    """Maps of y = z^step that suit these singularities, none where there is none.

    Parameters
    ----------
    singularities : sequence of Singularity
        In the z plane, nearest first.
    step : int
        From :func:`fold`.
    real : bool
        Whether the germ has real coefficients.
    """
    if not singularities:
        return []
    places = [complex(s.location) ** step for s in singularities]
    near = min(range(len(places)), key=lambda k: (abs(places[k]), -places[k].imag))
    angle = cmath.phase(places[near])
    one_ray = all(abs(cmath.phase(p / places[near])) < SAME_RAY for p in places)
    if real and SAME_RAY < abs(angle) < math.pi - SAME_RAY:
        modulus = _modulus(singularities[near], step)
        return [ConjugateCuts(modulus, Fraction(1 - abs(angle) / math.pi).limit_denominator(10**6))]
    if not real:
        with working_precision(BITS):
            return _around(ball(singularities[near].location, BITS) ** step) if one_ray else []
    sign = 1 if places[near].real > 0 else -1
    a = sign * _modulus(singularities[near], step)
    maps = _around(a)
    opposite = [k for k, p in enumerate(places) if abs(cmath.phase(-p / places[near])) < SAME_RAY]
    if opposite:
        other = min(opposite, key=lambda k: abs(places[k]))
        return [OppositeCuts(a, -sign * _modulus(singularities[other], step)), *maps]
    return maps


def _around(a: Fraction | acb) -> list[Map]:
    return [*(Sheets(a, p) for p in TURNS), Logarithm(a)]


def _modulus(singularity: Singularity, step: int) -> Fraction:
    """|A|^step as the simplest rational number that the singularity's error, or a dozen digits, allow."""
    with working_precision(256):
        size = abs(ball(singularity.location, 256)) ** step
        slack = max(float(step * singularity.error / abs(singularity.location)), 10.0**-DIGITS)
        value = rational(mpmath.mp.make_mpf(size.mid()._mpf_))
        assert value is not None
        exact, room = Fraction(int(value.p), int(value.q)), Fraction(float(size) * slack)
        return _simplest(exact - room, exact + room)


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of least denominator between two positive numbers (continued fractions)."""
    whole = -((-low.numerator) // low.denominator)
    if whole <= high:
        return Fraction(whole)
    floor = low.numerator // low.denominator
    return floor + 1 / _simplest(1 / (high - floor), 1 / (low - floor))
