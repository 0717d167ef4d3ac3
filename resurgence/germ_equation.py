"""The recurrence that a germ obeys exactly, and the coefficients that it predicts.

Where a germ solves a linear differential equation with polynomial coefficients, as every germ of a polynomial action
does, a differential approximant with room for that equation *is* the equation. It shows: the recurrence then foretells
coefficients that it was not fitted to, to the last digit. And it goes on foretelling: the coefficients can be had to
any order.

That matters to Darboux's expansion (:mod:`resurgence.darboux`) at a singularity A with another singular point behind
it, at a distance d, on whatever sheet: the expansion only begins to converge at n ~ |A|/d, and its error falls like
exp(-n d/|A|) (Dingle 1973; Berry & Howls 1991). The coefficients given may end before.

The recurrence amplifies errors, by the ratio of |A| to its smallest root with each step. Where the shape has more room
than the equation needs, some roots belong to no singularity of the germ, and these change when the stretch of
coefficients does. So the prediction is made from two stretches, with more and more bits until both agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from flint import acb, acb_poly, arb, arb_poly

from .darboux import LARGEST_REST, Constant, Source, is_certain, stokes_constants, unexplained
from .differential_approximants import Terms, recurrence, shapes, working_bits
from .numbers import working_precision

__all__ = ["later_constants", "predicted_coefficients"]

Provider: TypeAlias = Callable[[int], Terms]

#: Unknowns of the recurrences that are tried.
_SIZES = (4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 42, 50, 60)

#: Coefficients left out of the fit, which the recurrence must foretell ...
_FORETOLD = 4

#: ... to this share of the bits that were carried. (A germ that solves no equation is not met to that many.)
_AGREEMENT = 0.5

#: Bits with which the prediction begins, beyond those that the system needs; they are doubled ...
_GUARD_BITS = 512

#: ... until two predictions agree to this many ...
_AGREED_BITS = 384

#: ... but no more than this are carried.
_MAX_BITS = 12_000

#: A point is well located to this part of its modulus.
_LOCATED = 1e-15

#: A constant that is less than this part of the largest that is certain need not be told from zero.
_NEGLIGIBLE = 0.01

#: Where corrections grow like (|A|/d)^k k!/n^k, this many times |A|/d coefficients make their least one negligible.
_REACH = 60

#: No more coefficients than this are predicted ...
_MAX_TERMS = 8_000

#: ... and at least this many; what decays faster than the nearest singularity allows has then died down.
_MIN_TERMS = 200

#: The expansion is tried at all of them, then at this part of them, and so on: what lies further out fades away later.
_PART = 3

#: What lies further out than this, relative to a singularity that is certain, fades away too early.
_FURTHEST = 1.2

#: A constant more uncertain than this, relative to itself, is worth another look.
_LOOSE = 1e-3

#: Coefficients at the end that are looked at together.
_TAIL = 20

#: A point whose share in the coefficients has fallen by this factor has none.
_SILENT = 1e-8


def predicted_coefficients(provider: Provider, end: int) -> list[list[acb]] | None:
    """The coefficients up to b_(end - 1), twice, by recurrences fitted to two stretches of the given ones.

    Parameters
    ----------
    provider : callable
        The given coefficients, from bits.
    end : int
        How many coefficients are wanted.

    Returns
    -------
    list of two lists of acb, or None
        None where no recurrence is found that foretells given coefficients, and where it would take too many bits.

    Examples
    --------
    Twenty coefficients of 1/sqrt(1 - 4z) foretell the 300th, binom(598, 299):

    >>> import math
    >>> from flint import arb
    >>> [first, second] = predicted_coefficients(lambda bits: [arb(math.comb(2 * n, n)) for n in range(20)], 300)
    >>> print((first[299] / math.comb(598, 299)).real.str(12, radius=False))
    1.00000000000
    """
    shape = _shape(provider)
    if shape is None:
        return None
    points, degree = shape
    bits = working_bits((points + 1) * (degree + 1), 0) + _GUARD_BITS
    while bits <= _MAX_BITS:
        with working_precision(bits):
            terms = provider(bits)
            predictions = []
            for stop in (len(terms), len(terms) - 1):
                q = recurrence(terms[:stop], points, degree)
                if q is not None:
                    predictions.append(_continued(terms, q, stop, end))
            if len(predictions) == 2 and _agree(predictions[0][-_TAIL:], predictions[1][-_TAIL:], _AGREED_BITS):
                return predictions
        bits *= 2
    return None


def _shape(provider: Provider) -> tuple[int, int] | None:
    """The smallest shape whose recurrence foretells coefficients that it was not fitted to."""
    for size in _SIZES:
        bits = working_bits(size, 0) + _GUARD_BITS
        with working_precision(bits):
            terms = provider(bits)
            known = len(terms) - _FORETOLD
            for points, degree in shapes(size):
                if degree == 0 or (points + 1) * (degree + 2) - 2 > known:
                    continue
                q = recurrence(terms[:known], points, degree)
                if q is None:
                    continue
                foretold = _continued(terms[:known], q, known, len(terms))
                if _agree(foretold[known:], terms[known:], round(_AGREEMENT * bits)):
                    return points, degree
    return None


def _agree(first: Sequence[arb | acb], second: Sequence[arb | acb], bits: int) -> bool:
    """Whether the numbers are the same to these bits of the largest."""
    largest = max(abs(c) for c in second)
    return all(abs(b - c) <= largest * arb(2) ** -bits for b, c in zip(first, second, strict=True))


def _continued(terms: Terms, fitted: Sequence[Sequence[acb]], scale: int, end: int) -> list[acb]:
    """The given coefficients and those that follow by the recurrence, midpoints only."""
    real = all(isinstance(b, arb) for b in terms)
    kind: Any = arb_poly if real else acb_poly
    *lower, top = (kind([c.real if real else c for c in q]) for q in fitted)
    found: list[Any] = list(terms)
    while len(found) < end:
        n = len(found) - len(lower)
        t = (arb(n) / scale).mid()
        total: Any = arb(0) if real else acb(0)
        for k, q in enumerate(lower):
            total += q(t) * found[n + k]
        found.append((-total / top(t)).mid())
    return [acb(b) for b in found]


def later_constants(
    provider: Provider,
    sources: Sequence[Source],
    recognised: Sequence[bool],
    constants: Sequence[Constant | None],
    digits: int,
) -> list[Constant | None]:
    """Stokes constants, those that are not certain replaced by what predicted coefficients say, where they can be had.

    Parameters
    ----------
    provider : callable
        The given coefficients of the plain Borel transform, from bits.
    sources : sequence of Source
        By growing modulus.
    recognised : sequence of bool
        Whether the exponent is known to be right.
    constants : sequence of (S, error) or None
        What the given coefficients say.
    digits : int
        To aim for.

    Returns
    -------
    list of (S, error) or None
        None also where both are certain and contradict each other.
    """
    found = list(constants)
    wanted = _wanted(sources, recognised, found)
    if not wanted:
        return found
    given = len(provider(64))
    end = min(given + max(_MIN_TERMS, *(_needed(sources, k) for k in wanted)), _MAX_TERMS)
    radius = max(float(abs(sources[k].location)) for k in wanted) * (1 + 1e-9)
    predicted = predicted_coefficients(provider, end)
    while predicted is not None and wanted and end > given:
        samples = [sample[:end] for sample in predicted]
        live = [
            k
            for k, source in enumerate(sources)
            if float(abs(source.location)) <= radius and not _is_silent(samples[0], given, source)
        ]
        heard = [sources[k] for k in live]
        if heard and unexplained(samples[0], heard) < LARGEST_REST:
            for k, later in zip(live, stokes_constants(samples, heard, digits), strict=True):
                known = constants[k]
                if later is None or not is_certain(later):
                    continue
                if known is not None and is_certain(known) and abs(later[0] - known[0]) > later[1] + known[1]:
                    found[k] = None
                elif k in wanted:
                    found[k] = later
        wanted = [k for k in _wanted(sources, recognised, found) if k in live and found[k] is constants[k]]
        end //= _PART
    return found


def _wanted(sources: Sequence[Source], recognised: Sequence[bool], constants: Sequence[Constant | None]) -> list[int]:
    """The well known points whose constants are not, unless they are small or far out compared with certain ones."""
    certain = [(s, abs(c[0])) for s, c in zip(sources, constants, strict=True) if c is not None and is_certain(c)]
    reach = min((abs(s.location) for s, _ in certain), default=None)
    negligible = max((size for _, size in certain), default=arb(0)) * _NEGLIGIBLE
    wanted = []
    for k, (source, exact, c) in enumerate(zip(sources, recognised, constants, strict=True)):
        settled = c is not None and (c[1] < _LOOSE * abs(c[0]) or abs(c[0]) + c[1] < negligible)
        near = reach is None or abs(source.location) < _FURTHEST * reach
        if exact and near and not settled and source.location_error < _LOCATED * abs(source.location):
            wanted.append(k)
    return wanted


def _needed(sources: Sequence[Source], k: int) -> int:
    """Coefficients at which the expansion at a source has become accurate, for the nearest point to it."""
    a = sources[k].location
    gap = min(float(abs(b / a - 1)) for b in [acb(0), *(s.location for j, s in enumerate(sources) if j != k)])
    return math.ceil(_REACH / max(gap, _REACH / _MAX_TERMS))


def _is_silent(terms: Sequence[acb], given: int, source: Source) -> bool:
    """Whether the coefficients decrease as they could not if the germ were singular there."""
    early, late = (
        max(abs(terms[n] * source.location**n) * abs(acb(n + 1) ** (1 + source.exponent)) for n in stretch)
        for stretch in (range(given - min(given, _TAIL), given), range(len(terms) - _TAIL, len(terms)))
    )
    return bool(late < _SILENT * early)
