"""From the Borel plane back to g: directional, lateral and median sums, and the jump across a Stokes line.

    F(g) = constant * exp(-A/g) * g^nu * Phi(g),     Phi(g) = g^(-1-s) int_0^(inf e^(i theta)) exp(-z/g) z^s B_s(z) dz

along the ray theta = arg g or another less than a quarter turn from it. g^nu is the principal branch, whatever the ray.
Where the germ of the series is known, in closed form or by a linear differential equation, the sum is certified;
otherwise B_s is continued from its coefficients, and the error is estimated: by Padé approximants, which are integrated
in partial fractions (:mod:`resurgence.borel_pade`), or by other continuations (:mod:`resurgence.continued_sum`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress

import mpmath
from flint import acb, arb, fmpq

from .borel import BorelTransform
from .borel_pade import MIN_TERMS, PadeSum, estimate, neighbours
from .continuation.pade import Pade, PrecisionError
from .continued_sum import METHODS, ContinuedSum, Kind, Method, better, continued_sum
from .errors import StokesLineError
from .gevrey import is_convergent
from .numbers import Enclosure, ball, bits_for, check_digits, enclosure, midpoint, working_precision
from .rays import Ray, Side
from .series import FormalSeries
from .stokes_line import known_singularity_on_ray, singularity_on_ray

__all__ = ["borel_sum", "jump", "prefactor"]

#: Bits above those asked for in the first attempt.
GUARD_BITS = 40

#: Coefficients beyond which the automatic choice tries maps before Padé approximants of all of them: these cost more.
FIRST_TRY = 120

#: Precision is not raised beyond this many times that of the first attempt.
MAX_RAISE = 64


def borel_sum(
    series: FormalSeries,
    g: object,
    digits: int = 30,
    *,
    side: Side | None = None,
    direction: object | None = None,
    leroy: object = 0,
    continuation: Method | None = None,
) -> Enclosure:
    """Borel sum of a series, with its prefactor.

    Parameters
    ----------
    series : FormalSeries
    g : number
        Not zero; of any argument. Floats stand for the binary fractions they are.
    digits : int, optional
        Digits to aim for. From coefficients alone they may not suffice: the error says so.
    side : {"above", "below", "median"}, optional
        How to pass the singularities on the ray: on their counterclockwise side, on the clockwise one, or the mean of
        the two sums. The mean is the median sum in the sense of resurgence where the jump, as a transseries, is a
        single exponential times a series that is Borel summable along the ray (a single simple pole, the quartic
        oscillator, Airy's function); in general the median takes higher jumps too.
    direction : real number, optional
        Angle of the ray in radians, less than pi/2 from arg g; by default arg g.
    leroy : rational, optional
        s > -1 in the Borel-Leroy transform. The sum does not depend on it, the approximants do.
    continuation : str, optional
        How the germ is continued from its coefficients: ``"pade"``, by Padé approximants; ``"conformal"``, by the
        conformal map that its singularities suggest, and ``"uniformised"``, by the one of all sheets of a logarithm,
        with Padé approximants after them (:mod:`~resurgence.continuation.maps`); ``"quadratic"`` and
        ``"hypergeometric"`` by approximants of those names; ``"auto"``, by Padé approximants and, where these leave
        digits to be desired, by the map, of all that the singularity analysis suggests, whose approximants agree best:
        ``method`` says which. By default the germ is used where it is known beyond its coefficients, else ``"auto"``.

    Returns
    -------
    Enclosure
        ``certified`` where the germ is known in closed form, or by a linear differential equation that is not a
        guess (:class:`~resurgence.holonomic_germ.HolonomicGerm`), else ``estimated``. ``value`` approximates
        constant * exp(-A/g) * g^nu * Phi(g), with the principal branch of g^nu.

    Raises
    ------
    StokesLineError
        A ValueError: a singularity lies on the ray and no side is given.
    ValueError, TypeError
        For g zero or not finite, a side or direction that is not allowed, too few coefficients, coefficients that are
        not precise enough for any approximant, and a series that grows faster than n!.

    Notes
    -----
    The partial fractions of the approximants are integrated by the exponential integral in balls, at a precision that
    covers the cancellation between the residues. ``method`` names the approximants that were compared; the error is
    a multiple of their spread plus what poles of doubtful side and cuts across the ray contribute, plus the radius of
    the ball (so that it includes what is not known of the coefficients). It has covered the truth in every test against
    closed forms, but is an estimate: singularities that the coefficients do not show yet are not in it.

    Without a closed form a ray within 2^-40 radians of a pole of the approximant counts as passing through it, which
    matters where no exact direction is given: a float ``direction`` is never exactly on a Stokes line, ``sympy.pi`` is.

    References
    ----------
    Borel-Padé summation: Graffi, Grecchi & Simon 1970, Phys. Lett. B 32, 631; lateral and median sums: Delabaere & Pham
    1999, Ann. Inst. H. Poincaré 71, 1; Mitschi & Sauzin 2016, *Divergent Series, Summability and Resurgence I*.

    Examples
    --------
    >>> import math
    >>> s = FormalSeries.from_function(lambda n: (-1) ** n * math.factorial(2 * n) // math.factorial(n), 40)
    >>> print(borel_sum(s, "1/10", digits=12))
    0.865392586515102296 ± 5.5e-18 (estimated)
    """
    if continuation is not None and continuation not in METHODS:
        raise ValueError(f"continuation must be one of {', '.join(METHODS)} (or None), got {continuation!r}")
    ray, digits, borel = _checked(series, g, digits, side, direction, leroy, bare=continuation is not None)
    if continuation is None and series.germ is not None:
        return _certified(series, ray, digits, lambda bits: _germ_sum(series, ray, bits))
    return _estimated(borel, ray, digits, side or "along", continuation or "auto")


def jump(
    series: FormalSeries, g: object, digits: int = 30, *, direction: object | None = None, leroy: object = 0
) -> Enclosure:
    """The sum above the ray less the sum below it: what the Stokes phenomenon adds.

    Parameters
    ----------
    series, g, digits, direction, leroy
        As for :func:`borel_sum`.

    Returns
    -------
    Enclosure
        ``certified`` where the germ is known (exactly zero where no singularity is on the ray), else ``estimated``:
        its error is that of the difference, not that of the two sums.

    Raises
    ------
    ValueError, TypeError
        As :func:`borel_sum`.

    Examples
    --------
    >>> import math
    >>> s = FormalSeries.from_function(math.factorial, 12)  # 2 pi i exp(-1/g)/g
    >>> print(jump(s, "1/2", digits=15))
    1.700673326350545313756489445j ± 1.0e-28 (estimated)
    """
    ray, digits, borel = _checked(series, g, digits, None, direction, leroy, bare=False)
    if series.germ is None:
        return _estimated(borel, ray, digits, "jump", "auto")
    germ = series.germ
    try:
        germ.sum(ray.g, 64, direction=ray.direction)
    except StokesLineError:
        sides: tuple[Side, Side] = ("above", "below")
        above, below = (Ray(ray.g, side, ray.direction) for side in sides)
        return _certified(
            series, ray, digits, lambda bits: _germ_sum(series, above, bits) - _germ_sum(series, below, bits)
        )
    return Enclosure(mpmath.mpc(0), mpmath.mpf(0), germ.status, "no singularity of the germ on the ray")


def prefactor(series: FormalSeries, g: acb, bits: int) -> acb:
    """constant * exp(-A/g) * g^nu, with the principal branch of the power, at flint's current precision."""
    nu = fmpq(series.exponent.numerator, series.exponent.denominator)
    factor = ball(series.constant, bits)
    if series.action != 0:
        factor = factor * (-ball(series.action, bits) / g).exp()
    return factor * g ** acb(nu) if nu != 0 else factor


def _checked(
    series: FormalSeries, g: object, digits: int, side: Side | None, direction: object | None, leroy: object, bare: bool
) -> tuple[Ray, int, BorelTransform]:
    if not isinstance(series, FormalSeries):
        raise TypeError(f"a FormalSeries is summed, got {series!r}")
    ray, digits, borel = Ray(g, side, direction), check_digits(digits), series.borel(leroy)
    if bare or series.germ is None:
        if len(series) < MIN_TERMS:
            raise ValueError(
                f"a sum with an error needs at least {MIN_TERMS} coefficients, got {len(series)}: give more of them"
            )
        is_convergent(series)  # refuses a series that grows faster than n!
    return ray, digits, borel


# ---------------------------------------------------------------------------------------------------------------------


def _germ_sum(series: FormalSeries, ray: Ray, bits: int) -> acb:
    assert series.germ is not None
    return series.germ.sum(ray.g, bits, side=ray.side, direction=ray.direction)


def _certified(series: FormalSeries, ray: Ray, digits: int, phi: Callable[[int], acb]) -> Enclosure:
    """Raise the precision until the ball is tight, or stays as wide as g is."""
    target, bits = bits_for(digits), bits_for(digits) + GUARD_BITS
    limit, reached = MAX_RAISE * bits, -(1 << 40)
    while True:
        with working_precision(bits):
            value = prefactor(series, ray.coupling(bits), bits) * phi(bits)
        before, reached = reached, value.rel_accuracy_bits()
        if reached >= target or bits > limit or (reached == before and reached > 0):
            assert series.germ is not None
            return enclosure(value, series.germ.status, series.germ.method)
        bits *= 2


# ---------------------------------------------------------------------------------------------------------------------


def _estimated(borel: BorelTransform, ray: Ray, digits: int, kind: Kind, method: Method) -> Enclosure:
    series, bits = borel.series, bits_for(digits) + GUARD_BITS
    best = _by_method(borel, ray, digits, kind, method)
    with working_precision(bits + GUARD_BITS):
        factor = prefactor(series, ray.coupling(bits + GUARD_BITS), bits + GUARD_BITS)
        return enclosure(best.value * factor, "estimated", best.method, midpoint((best.error * abs(factor)).upper()))


def _by_method(borel: BorelTransform, ray: Ray, digits: int, kind: Kind, method: Method) -> ContinuedSum:
    if method == "pade":
        return _best_order(borel, lambda last: _sum(borel, ray, digits, kind, last))
    target = bits_for(digits)
    if method != "auto":
        singularity = known_singularity_on_ray(borel, ray) if kind == "along" else None
        if singularity is not None:
            raise StokesLineError([singularity])
        return _best_order(borel, lambda last: continued_sum(borel, ray, kind, method, target, last))
    return _automatic(borel, ray, digits, kind)


def _automatic(borel: BorelTransform, ray: Ray, digits: int, kind: Kind) -> ContinuedSum:
    """Padé approximants, of not too many coefficients first; maps where these do not do; then all coefficients."""
    target, last = bits_for(digits), len(borel) - 1

    def reached(total: ContinuedSum) -> bool:
        with working_precision(64):
            return total.total <= abs(total.value) * arb(2) ** -target

    few = borel.is_exact and last > FIRST_TRY
    best = _best_order(borel, lambda last: _sum(borel, ray, digits, kind, min(last, FIRST_TRY) if few else last))
    if reached(best):
        return best
    # A germ that no map suits, or coefficients that are not precise enough for one, leave the sum as it is.
    with suppress(ValueError):
        rival = best
        best = _best_order(borel, lambda last: continued_sum(borel, ray, kind, "auto", target, last, rival=rival))
    if few and not reached(best):
        best = better([best, _sum(borel, ray, digits, kind, last)], target)
    return best


def _sum(borel: BorelTransform, ray: Ray, digits: int, kind: Kind, last: int) -> ContinuedSum:
    """From b_0, ..., b_last, at a precision at which the radius is small beside the error or the digits."""
    approximants = neighbours(borel, last)
    target = bits_for(digits)
    bits = limit = target + GUARD_BITS
    limit *= MAX_RAISE
    while True:
        sums = _integrate(approximants, ray, borel, bits)
        if kind == "along":
            singularity = singularity_on_ray(sums, borel, ray)
            if singularity is not None:
                raise StokesLineError([singularity])
        with working_precision(bits):
            found = estimate(sums, kind, _lean(ray))
            small = abs(found.value).upper() * arb(2) ** -target + found.error * arb(2) ** -7
            result = ContinuedSum(found.value, found.error, _method(approximants))
            if found.radius <= small or bits > limit or not borel.is_exact or not _is_exact(ray, bits):
                return result
            missing = float((found.radius / small).log() / arb(2).log()) if small > 0 else float(bits)
        bits += math.ceil(min(missing, bits)) + GUARD_BITS


def _integrate(approximants: list[Pade], ray: Ray, borel: BorelTransform, bits: int) -> list[PadeSum]:
    """The sums; a neighbour, but not the main approximant, is left out where its poles cannot be had."""
    sums: list[PadeSum] = []
    for pade in approximants:
        unit = sums[0].unit if sums else None
        try:
            sums.append(PadeSum(pade, ray, borel, bits, unit))
        except (PrecisionError, ArithmeticError):
            if not sums:
                raise
    return sums


def _method(approximants: list[Pade]) -> str:
    names = [p.name for p in approximants]
    if len(names) == 1:
        return f"Borel-Padé {names[0]}: a rational germ, confirmed by further coefficients"
    return f"Borel-Padé {names[0]}, error from {', '.join(names[1:])}"


def _best_order(borel: BorelTransform, total: Callable[[int], ContinuedSum]) -> ContinuedSum:
    """A sum of all coefficients if they are exact. High orders lose the bits of inexact ones, low ones have larger
    errors: the order with the least sum of both, then."""
    if borel.is_exact:
        return total(len(borel) - 1)
    best: ContinuedSum | None = None
    failure: PrecisionError | None = None
    last, worse = len(borel) - 1, 0
    while last >= MIN_TERMS - 1 and worse < 2:
        try:
            found = total(last)
        except PrecisionError as error:
            failure = error
        except ValueError:  # too few coefficients for the method
            if best is None:
                raise
            break
        else:
            with working_precision(64):
                if best is None or found.total < best.total:
                    best, worse = found, 0
                else:
                    worse += 1
        last = min(last - 1, round(0.85 * last))
    if best is None:
        assert failure is not None, "MIN_TERMS coefficients have been tried"
        raise failure
    return best


def _lean(ray: Ray) -> float:
    """The angle of the ray less arg g."""
    with working_precision(64):
        z = complex(ray.towards(64) / ray.coupling(64))
    return math.atan2(z.imag, z.real)


def _is_exact(ray: Ray, bits: int) -> bool:
    """Whether g is known so well that higher precision helps."""
    return ray.coupling(2 * bits).rel_accuracy_bits() > bits
