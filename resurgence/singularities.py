"""Borel singularities from the coefficients of a series alone: where, of which exponent, with which Stokes constant.

Three steps, none of which knows where the series comes from:

1. differential approximants of many shapes give locations and exponents, each as good as it is stable
   (:mod:`resurgence.differential_approximants`);
2. an exponent that pins down one rational number with a small denominator becomes that number;
3. Darboux's expansion of the late coefficients gives the Stokes constants (:mod:`resurgence.darboux`), where need be of
   coefficients later than the given ones (:mod:`resurgence.germ_equation`). A point whose Stokes constant cannot be
   told from zero is dropped: it may be a singular point of the equation that the germ solves, but the germ itself need
   not be singular there (on its first sheet).

Nothing here is a proof: each number is ``estimated``, with an error that is the spread over approximants with a
margin. Points that only one approximant sees are not returned.

With the plain Borel transform B_0 (Leroy parameter 0), near a singularity A

    B_0(z) ~ K (1 - z/A)^beta,  S = 2 pi i K A^(-beta) / Gamma(-beta),   or  -(S/(2 pi i)) log(1 - z/A)  for beta = 0,
    a_n ~ S/(2 pi i) Gamma(n - beta) / A^(n - beta),

with principal branches; Leroy's s moves the exponent to beta + s and leaves S alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import mpmath
from flint import acb, arb, fmpq
from mpmath import libmp

from .darboux import LARGEST_REST, Constant, Source, is_certain, stokes_constants, unexplained
from .differential_approximants import SingularPoint, Terms, singular_points, working_bits
from .germ_equation import later_constants
from .gevrey import is_convergent
from .numbers import Enclosure, Status, check_digits, is_exact_zero, working_precision

if TYPE_CHECKING:
    from .borel import BorelTransform

__all__ = ["Singularity", "find_singularities"]

Kind = Literal["pole", "logarithm", "branch point", "unresolved"]

#: Fewer coefficients than this determine nothing that could be checked.
MIN_TERMS = 8

#: Largest denominator of an exponent that is recognised.
_MAX_DENOMINATOR = 12

#: A coefficient known to fewer bits than this ends the series.
_MIN_BITS = 6

#: Factor on the errors of a point whose exponent is not recognised: two singularities may sit there, or nearly there.
_UNRECOGNISED = 10

#: A point closer to the real axis than this, relative to its modulus, is on it.
_AXIS_DIGITS = 40

#: Draws of the coefficients from their balls, beside the midpoints.
_DRAWS = 4

_METHOD = "differential approximants and Darboux's expansion; errors from their spread, with a margin"


@dataclass(frozen=True, slots=True)
class Singularity:
    """A singularity of a Borel transform, as its coefficients show it.

    Attributes
    ----------
    location : mpmath.mpc
        A, in the Borel plane.
    exponent : Fraction or mpmath.mpc
        beta in ``(1 - z/A)^beta``: -1 for a simple pole, 0 for a logarithm. A Fraction where the estimate singles out
        one with a small denominator.
    stokes_constant : mpmath.mpc
        S in ``a_n ~ S/(2 pi i) Gamma(n - beta)/A^(n - beta)`` (beta that of the plain Borel transform).
    error : mpmath.mpf
        Of the location: ``|location - truth| <= error``.
    status : str
        ``"estimated"``.
    exponent_error, stokes_error : mpmath.mpf
        Errors of the other two; that of an exponent which has been recognised is the error it was recognised with.
    method : str
        How the numbers were got.
    """

    location: mpmath.mpc
    exponent: Fraction | mpmath.mpc
    stokes_constant: mpmath.mpc
    error: mpmath.mpf
    status: Status
    exponent_error: mpmath.mpf
    stokes_error: mpmath.mpf
    method: str = _METHOD

    @property
    def kind(self) -> Kind:
        """``"pole"``, ``"logarithm"``, ``"branch point"``, or ``"unresolved"`` where the exponent is too uncertain."""
        if not isinstance(self.exponent, Fraction):
            return "branch point" if self.exponent_error < 0.02 else "unresolved"
        if self.exponent.denominator > 1:
            return "branch point"
        return "pole" if self.exponent < 0 else "logarithm"

    @property
    def digits(self) -> int:
        """Decimal digits of the location that the error leaves standing."""
        return self.location_enclosure.digits

    @property
    def location_enclosure(self) -> Enclosure:
        """Location and error as an :class:`~resurgence.Enclosure`."""
        return Enclosure(self.location, self.error, self.status, self.method)

    @property
    def stokes_enclosure(self) -> Enclosure:
        """Stokes constant and error as an :class:`~resurgence.Enclosure`."""
        return Enclosure(self.stokes_constant, self.stokes_error, self.status, self.method)

    def _exponent_text(self) -> str:
        if isinstance(self.exponent, Fraction):
            return str(self.exponent)
        return str(Enclosure(self.exponent, self.exponent_error, self.status)).removesuffix(f" ({self.status})")

    def __str__(self) -> str:
        where = str(self.location_enclosure).removesuffix(f" ({self.status})")
        stokes = str(self.stokes_enclosure).removesuffix(f" ({self.status})")
        return f"{self.kind} at {where}, exponent {self._exponent_text()}, Stokes constant {stokes} ({self.status})"

    def _repr_latex_(self) -> str:
        where, stokes = (e._repr_latex_().split("$")[1] for e in (self.location_enclosure, self.stokes_enclosure))
        exponent = self._exponent_text().replace("±", r"\pm")
        return rf"$A = {where},\quad \beta = {exponent},\quad S = {stokes}$ ({self.kind}, {self.status})"

    def to_dict(self) -> dict[str, object]:
        """Plain text of every part."""
        return {
            "location": self.location_enclosure.to_dict(),
            "exponent": self._exponent_text(),
            "exponent_error": mpmath.nstr(self.exponent_error, 3),
            "stokes_constant": self.stokes_enclosure.to_dict(),
            "kind": self.kind,
            "status": self.status,
            "method": self.method,
        }


def find_singularities(borel: BorelTransform, digits: int = 20) -> tuple[Singularity, ...]:
    """The singularities nearest to the origin, from the coefficients alone.

    Parameters
    ----------
    borel : BorelTransform
        A germ with at least 8 known coefficients that are not zero.
    digits : int, optional
        Digits to aim for. Fewer are returned where the coefficients support fewer, and say so in their errors.

    Returns
    -------
    tuple of Singularity
        By growing modulus; only those that several approximants agree on and that the late coefficients feel.
        Empty where there are none of these, and for a germ that is entire (a convergent series).

    Raises
    ------
    TypeError, ValueError
        For ``digits`` out of range, fewer than 8 usable coefficients, coefficients that are mostly noise, and for
        those that grow faster than n! (no Borel transform: radius 0).

    Examples
    --------
    >>> import math
    >>> from resurgence.series import FormalSeries
    >>> [euler] = find_singularities(FormalSeries.from_function(math.factorial, 30).borel(), digits=10)
    >>> euler.kind, euler.exponent, round(float(euler.location.real), 9), round(float(euler.stokes_constant.imag), 9)
    ('pole', Fraction(-1, 1), 1.0, 6.283185307)
    """
    digits = check_digits(digits)
    length = _usable_length(borel)
    occupied = [n for n in range(length) if not is_exact_zero(borel.series.terms[n])]
    if len(borel) >= MIN_TERMS and (not occupied or occupied[-1] < length // 2):
        return ()  # a polynomial, as far as can be seen
    late = [n for n in occupied if n >= length // 4]
    step = math.gcd(*(n - late[0] for n in late)) if len(late) > 1 else 1
    first = late[0] % step if late else 0
    usable = len(range(first, length, step))
    if usable < MIN_TERMS:
        raise ValueError(
            f"singularities need at least {MIN_TERMS} usable coefficients, got {usable} "
            f"({len(borel)} terms{', of which every ' + _ordinal(step) + ' is not zero' if step > 1 else ''}): "
            "give more terms"
        )
    if is_convergent(borel.series):
        return ()
    # A germ z^r f(z^m) is that of f in disguise: A^m is singular for f where A is for the germ.
    bits = working_bits(80, digits)
    accuracy = _accuracy(borel, length, bits)
    samples = [sample[first:length:step] for sample in _samples(borel, length, bits, accuracy is not None)]
    points = singular_points(samples, borel.is_real, digits, accuracy)
    with working_precision(bits):
        exponents = [_recognise(point) for point in points]
        points = [p if e is not None else p.widened(_UNRECOGNISED) for p, e in zip(points, exponents, strict=True)]
        sources, told = [], []
        for point, exact in zip(points, exponents, strict=True):
            for source in _sources(point, exact, borel.is_real):
                sources.append(source)
                told.append((point, exact))
        if not sources:
            return ()
        constants: list[Constant | None] = [None] * len(sources)
        if unexplained(samples[0], sources) <= LARGEST_REST:
            constants = stokes_constants(samples, sources, digits)
        if borel.is_exact:

            def terms(bits: int) -> Terms:
                [sample] = _samples(borel, length, bits, False)
                return [b.real for b in sample[first:length:step]] if borel.is_real else sample[first:length:step]

            recognised = [exact is not None for _, exact in told]
            constants = later_constants(terms, sources, recognised, constants, digits)
        found = []
        for source, (point, exact), constant in zip(sources, told, constants, strict=True):
            if constant is not None and is_certain(constant):
                found += _unfold(source, point, exact, constant, step, first, borel, digits)
    return tuple(sorted(found, key=_order))


def _ordinal(step: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(step, f"{step}th")


def _usable_length(borel: BorelTransform) -> int:
    """How many coefficients carry information: a ball that is mostly noise ends the series."""
    for n, a in enumerate(borel.series.terms):
        if isinstance(a, acb) and not a.is_zero() and a.rel_accuracy_bits() < _MIN_BITS:
            if n < MIN_TERMS:
                raise ValueError(
                    f"coefficient {n} is not known to two digits ({a.str(5)}): "
                    f"singularities need at least {MIN_TERMS} coefficients better than noise"
                )
            return n
    return len(borel)


def _samples(borel: BorelTransform, length: int, bits: int, noisy: bool) -> list[list[acb]]:
    """The coefficients of the plain Borel transform; where they are noisy, further draws of them from their balls too.

    What differs between draws is noise, and the spread over approximants then covers it.
    """
    balls = borel.series.balls(bits + 64)[:length]
    source = random.Random(length)
    with working_precision(bits + 64):
        factorial, terms = fmpq(1), []
        for n, a in enumerate(balls):
            factorial *= max(n, 1)
            terms.append(a / factorial)
        samples = [[b.mid() for b in terms]]
        for _ in range(_DRAWS if noisy else 0):
            samples.append([acb(_drawn(b.real, source), _drawn(b.imag, source)) for b in terms])
    return samples


def _accuracy(borel: BorelTransform, length: int, bits: int) -> int | None:
    """Bits of the most accurate coefficient that is a ball; None where all are good to ``bits`` bits."""
    inexact = [a for a in borel.series.terms[:length] if isinstance(a, acb) and not a.is_exact()]
    accuracies = [a.rel_accuracy_bits() for a in inexact]
    return max(accuracies) if accuracies and min(accuracies) < bits else None


def _drawn(value: arb, source: random.Random) -> arb:
    return arb(value.mid() + source.uniform(-1, 1) * value.rad())


def _recognise(point: SingularPoint) -> Fraction | None:
    """The rational number with the least denominator within the error, where the error admits only one."""
    error = float(point.exponent_error)
    if not error < 0.05 or abs(point.exponent.imag) > point.exponent_error + arb(1e-30):
        return None
    value = float(point.exponent.real)
    for denominator in range(1, _MAX_DENOMINATOR + 1):
        if error * denominator**2 > 0.05:
            return None
        numerator = round(value * denominator)
        if abs(point.exponent.real - fmpq(numerator, denominator)) <= point.exponent_error + arb(1e-30):
            return Fraction(numerator, denominator)
    return None


def _sources(point: SingularPoint, exact: Fraction | None, real: bool) -> Sequence[Source]:
    """The point as a source of the large-order relation, and its mirror image where the coefficients are real."""
    exponent, doubt = point.exponent, point.exponent_error
    if exact is not None:
        exponent, doubt = acb(fmpq(exact.numerator, exact.denominator)), arb(0)
    location, error = point.location, point.error
    if abs(location.imag) <= error + abs(location) * arb(10) ** -_AXIS_DIGITS:
        # On the axis as far as can be seen. That settles the branch of A^(-beta) where A is negative.
        location, error = acb(location.real), error + abs(location.imag)
    source = Source(location, error, exponent, doubt)
    if not real or location.imag == 0:
        return (source,)
    return (source, Source(location.conjugate(), error, exponent.conjugate(), doubt))


def _unfold(
    source: Source,
    point: SingularPoint,
    exact: Fraction | None,
    constant: tuple[acb, arb],
    step: int,
    first: int,
    borel: BorelTransform,
    digits: int,
) -> list[Singularity]:
    """The singularities of z^r f(z^m), r = first and m = step, that belong to one of f: at the m-th roots of it."""
    shift = fmpq(borel.leroy.numerator, borel.leroy.denominator)
    beta = source.exponent
    stokes, stokes_error = constant
    size = abs(source.location)
    found = []
    for k in range(step):
        turn = acb(fmpq(2 * k, step)).exp_pi_i()
        a = source.location.root(step) * turn
        if borel.is_real and source.location.imag == 0 and (2 * k) % step == 0 and source.location.real > 0:
            a = acb(a.real)
        # K (1 - w/W)^beta with w = z^m: K_z = A^r m^beta K_w, and S belongs to K A^(-beta).
        s = stokes
        if step > 1:
            s = stokes * source.location**beta * acb(step) ** beta * a ** (first - beta)
        a_error = source.location_error * abs(a) / (step * size)
        s_error = stokes_error * abs(s) / abs(stokes) + abs(s) * abs(first - beta) * a_error / abs(a)
        exponent, exponent_error = _rounded(beta + shift, point.exponent_error, digits)
        if exact is not None:
            exponent, exponent_error = exact + borel.leroy, _mpf(point.exponent_error)
        location, error = _rounded(a, a_error, digits)
        value, value_error = _rounded(s, s_error, digits)
        found.append(Singularity(location, exponent, value, error, "estimated", exponent_error, value_error))
    return found


def _mpf(value: arb) -> mpmath.mpf:
    """An upper bound in few bits."""
    return mpmath.mp.make_mpf(libmp.mpf_pos(value.upper().mid()._mpf_, 53, libmp.round_up))


def _rounded(value: acb, error: arb, digits: int) -> tuple[mpmath.mpc, mpmath.mpf]:
    """The number to the digits asked for, and an error that is never below their last."""
    floor = abs(value) * arb(10) ** -(digits + 1)
    bits = math.ceil((digits + 4) * math.log2(10))
    parts = [arb(0) if abs(part) < floor / 100 else part.mid() for part in (value.real, value.imag)]
    # FLINT would round towards zero, which makes 1/4 from a hair less than 1/4 look odd.
    real, imag = (libmp.mpf_pos(part._mpf_, bits, libmp.round_nearest) for part in parts)
    return mpmath.mp.make_mpc((real, imag)), _mpf((error + floor) * arb(1.001))


def _order(point: Singularity) -> tuple[float, float]:
    """By modulus, points of one modulus by argument from 0 to 2 pi."""
    z = complex(point.location)
    return float(f"{abs(z):.9e}"), math.atan2(z.imag, z.real) % (2 * math.pi)
