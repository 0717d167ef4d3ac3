"""Darboux's theorem read backwards: Stokes constants from the late coefficients of a germ.

Singularities at A_k with exponents beta_k put into the coefficients of the germ (Darboux 1878; in the theory of
resurgence the *large-order relation*: Dingle 1973, Berry & Howls 1991, eq. 20)

    b_n = sum_k c_k A_k^(-n) Gamma(n - beta_k)/n! (1 + d_k1/(n + 1) + d_k2/((n + 1)(n + 2)) + ...)

with c_k = S_k A_k^beta_k / (2 pi i), and S_k the Stokes constant. With A_k and beta_k known the c are linear unknowns,
and as many of the last coefficients as there are unknowns give them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flint import acb, acb_mat, arb

from .numbers import working_precision

__all__ = ["LARGEST_REST", "Constant", "Source", "is_certain", "stokes_constants", "unexplained"]

Constant: TypeAlias = tuple[acb, arb]

#: The share of the later coefficients that may be due to something else than the singularities found.
LARGEST_REST = 0.1

#: A Stokes constant less certain than this, relative to itself, is not told from zero.
_LARGEST_DOUBT = 0.05

#: The last coefficients that have to be explained.
_STRETCH = 200

#: Unknowns of the systems that are solved.
_SIZES = (2, 3, 4, 6, 8, 10, 16, 28, 44, 60)

#: Factor between how far a constant moves among neighbouring fits and the error stated for it.
_SAFETY = 20.0


@dataclass(frozen=True, slots=True)
class Source:
    """A singularity as it enters the fit: A, beta, and how far off each may be."""

    location: acb
    location_error: arb
    exponent: acb
    exponent_error: arb

    def moved(self) -> Source:
        """The same with location and exponent off by their errors."""
        return Source(
            self.location * (1 + self.location_error / abs(self.location)),
            self.location_error,
            self.exponent + self.exponent_error,
            self.exponent_error,
        )


def _design(sources: Sequence[Source], corrections: int, start: int, end: int) -> list[list[acb]] | None:
    """Row n = start, ..., end - 1: what each source and correction puts into b_n, times A^start; radii dropped.

    The corrections are 1/((n + 1)...(n + j)), which span the same expansions in 1/n and never divide by zero. None
    where a Gamma function would meet a pole.
    """
    rows: list[list[acb]] = [[] for _ in range(start, end)]
    for source in sources:
        a, beta = source.location, source.exponent
        if start <= float(beta.real):
            return None
        leading = (acb(start) - beta).gamma() / acb(start + 1).gamma()
        for n in range(start, end):
            entry = leading.mid()
            for j in range(corrections + 1):
                rows[n - start].append(entry)
                entry = (entry / (n + j + 1)).mid()
            leading = leading * (n - beta) / ((n + 1) * a)
    return rows


def _fit(terms: Sequence[acb], sources: Sequence[Source], corrections: int) -> list[acb] | None:
    """c_k A_k^(-beta_k) for each source, with ``corrections`` terms after the leading one."""
    width = corrections + 1
    unknowns = width * len(sources)
    start = len(terms) - unknowns
    rows = _design(sources, corrections, start, len(terms))
    if rows is None:
        return None
    try:
        solution = acb_mat(rows).solve(acb_mat(unknowns, 1, [b.mid() for b in terms[start:]]), algorithm="approx")
    except ZeroDivisionError:
        return None
    found = [
        acb(solution[k * width, 0]) * source.location**start * source.location**-source.exponent
        for k, source in enumerate(sources)
    ]
    return found if all(c.is_finite() for c in found) else None


def is_certain(constant: Constant) -> bool:
    """Whether a Stokes constant with its error can be told from zero."""
    value, error = constant
    return bool(error < _LARGEST_DOUBT * abs(value))


def unexplained(terms: Sequence[acb], sources: Sequence[Source]) -> float:
    """The part of the later half of the coefficients (of 200 at most), relative to them, that the sources leave open.

    Least squares with up to three terms for each of the nearest sources, half as many unknowns as coefficients at most,
    the coefficients weighted by R^n with R the modulus of the nearest. Close to 0 where the sources are those that
    shape the coefficients, of order 1 where not.
    """
    length = len(terms)
    start = max(length // 2, length - _STRETCH)
    count = max([c for c in _prefixes(sources) if 6 * c <= length - start], default=_prefixes(sources)[0])
    corrections = min(2, (length - start) // (2 * count) - 1)
    rows = None if corrections < 0 else _design(sources[:count], corrections, start, length)
    if rows is None:
        return 1.0
    radius = abs(sources[0].location)
    weights = [(radius ** (n - start)).mid() for n in range(start, length)]
    design = acb_mat([[w * entry for entry in row] for w, row in zip(weights, rows, strict=True)])
    data = acb_mat(length - start, 1, [w * b for w, b in zip(weights, terms[start:], strict=True)])
    adjoint = acb_mat([[design[i, k].conjugate() for i in range(design.nrows())] for k in range(design.ncols())])
    try:
        solution = (adjoint * design).solve(adjoint * data, algorithm="approx")
    except ZeroDivisionError:
        return 1.0
    rest = data - design * solution
    total, left = (sum((abs(m[i, 0]) ** 2 for i in range(m.nrows())), arb(0)) for m in (data, rest))
    return float((left / total).sqrt().mid())


def _estimate(samples: Sequence[Sequence[acb]], sources: Sequence[Source], corrections: int) -> list[Constant] | None:
    """c_k A_k^(-beta_k) with errors from the fits around this one."""
    terms = samples[0]
    base = _fit(terms, sources, corrections)
    others = [
        _fit(terms[:-1], sources, corrections),
        _fit(terms, sources, corrections - 1),
        _fit(terms, [source.moved() for source in sources], corrections),
        *(_fit(sample, sources, corrections) for sample in samples[1:]),
    ]
    if base is None:
        return None
    errors = [arb(0)] * len(base)
    for other in others:
        if other is None:
            return None
        errors = [error.max(_SAFETY * abs(c - d)) for error, c, d in zip(errors, base, other, strict=True)]
    return [(c.mid(), error.mid()) for c, error in zip(base, errors, strict=True)]


def stokes_constants(samples: Sequence[Sequence[acb]], sources: Sequence[Source], digits: int) -> list[Constant | None]:
    """The Stokes constants of the sources, with errors; None where the coefficients do not tell.

    Parameters
    ----------
    samples : sequence of sequences of acb
        The coefficients of the plain Borel transform, and, where they carry noise, further draws of them.
    sources : sequence of Source
        By growing modulus. The fit is made with the nearest ones, then with more and more of them.
    digits : int
        No more work is done once each constant has this many.

    Returns
    -------
    list of (S, error) or None
    """
    estimates: list[list[Constant]] = [[] for _ in sources]
    length = len(samples[0])
    for size in _SIZES:
        with working_precision(160 + 12 * size + 4 * digits):
            for count in _prefixes(sources):
                corrections = size // count - 1
                if corrections < 1 or (corrections + 1) * count + 1 >= length:
                    continue
                fitted = _estimate(samples, sources[:count], corrections)
                for k, value in enumerate(fitted or []):
                    estimates[k].append(value)
            best = [_best(values) for values in estimates]
            wanted = arb(10) ** -(digits + 1)
            if all(value is not None and value[1] <= wanted * abs(value[0]) for value in best):
                break
    with working_precision(160 + 4 * digits):
        factor = 2 * acb.pi() * acb(0, 1)
        return [None if value is None else (value[0] * factor, value[1] * abs(factor)) for value in best]


def _prefixes(sources: Sequence[Source]) -> list[int]:
    """How many sources to take: 1, 2, ..., but never part of those that share a modulus."""
    counts = []
    for k in range(1, len(sources) + 1):
        if k == len(sources) or abs(sources[k].location) > abs(sources[k - 1].location) * (1 + arb(1e-6)):
            counts.append(k)
    return counts


def _best(values: list[Constant]) -> Constant | None:
    """The estimate with the least error, widened to reach the next best; None without two that agree."""
    if len(values) < 2:
        return None
    (best, error), (second, looser) = sorted(values, key=lambda value: float(value[1]))[:2]
    apart = 2 * abs(best - second)
    return (best, error.max(apart).mid()) if apart <= 2 * (error + looser) else None
