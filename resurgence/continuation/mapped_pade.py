"""Padé approximants after a change of variable: conformal and uniformising continuations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from flint import acb, acb_series, fmpq, fmpq_series

from resurgence.continuation.maps import Map
from resurgence.continuation.pade import CANCELLATION, Pade
from resurgence.numbers import working_precision
from resurgence.power_series import Scalar, as_balls, ball_bits

__all__ = ["Composed", "MappedPade"]

#: Bits per coefficient that a composition with inexact numbers is given beyond those of the coefficients.
_BITS_PER_TERM = 8


class Composed:
    """The series of f(z(u)), as a source of Padé approximants.

    Parameters
    ----------
    terms : sequence of exact numbers or balls
        The coefficients of f.
    map : Map
    """

    def __init__(self, terms: Sequence[Scalar], map: Map) -> None:
        count = len(terms)
        self.map = map
        bits = max(ball_bits(terms), 64) + _BITS_PER_TERM * count
        with working_precision(bits, terms=count):
            inner, rational = map.series(count), [t for t in terms if isinstance(t, fmpq)]
            found: list[fmpq] | list[acb]
            if isinstance(inner, fmpq_series) and len(rational) == count:
                found = list(fmpq_series(rational, prec=count)(inner).coeffs())
            else:
                found = list(acb_series(as_balls(terms, bits), prec=count)(acb_series(inner)).coeffs())
        self.terms: list[fmpq | acb] = [*found, *[fmpq(0)] * (count - len(found))]

    def __len__(self) -> int:
        return len(self.terms)

    @cached_property
    def is_exact(self) -> bool:
        return all(isinstance(t, fmpq) for t in self.terms)

    @cached_property
    def is_real(self) -> bool:
        return all(isinstance(t, fmpq) or (isinstance(t, acb) and t.imag.is_zero()) for t in self.terms)

    def rationals(self) -> list[fmpq] | None:
        return [t for t in self.terms if isinstance(t, fmpq)] if self.is_exact else None

    def balls(self, bits: int) -> list[acb]:
        with working_precision(bits):
            return [acb(t) for t in self.terms]


class MappedPade:
    """The [m/n] Padé approximant in the variable of a map.

    Parameters
    ----------
    source : Composed
    m, n : int
    fold : (int, int)
        The germ is z^shift f(z^step), and the map is one of z^step.
    """

    def __init__(self, source: Composed, m: int, n: int, fold: tuple[int, int] = (0, 1)) -> None:
        self.pade = Pade(source, m, n)
        self.map = source.map
        self.shift, self.step = fold

    @property
    def name(self) -> str:
        power = f" in z^{self.step}" if self.step > 1 else ""
        return f"{self.pade.name} Padé after the {self.map.name}{power}"

    def values(self, points: Sequence[acb], bits: int) -> list[acb]:
        """See :class:`~resurgence.continuation.continuation.Continuation`."""
        # The images are balls, and numerator and denominator widen them by what their terms cancel.
        with working_precision(bits + 32 + 2 * CANCELLATION * self.pade.order[1]):
            images = self.map.inverse([z**self.step for z in points])
            values = self.pade.values(images, bits)
            return [v * z**self.shift for v, z in zip(values, points, strict=True)] if self.shift else values
