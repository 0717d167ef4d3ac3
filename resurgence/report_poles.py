"""Poles of the diagonal Padé approximants against their order: what a report shows of their convergence.

A pole of the germ is found by all orders from some on, at the same place; poles that imitate a cut crowd towards its
end as the order grows (Stahl 1997, J. Approx. Theory 91, 139); Froissart doublets come and go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .borel import BorelTransform

__all__ = ["OrderPoles", "PoleHistory", "PolePlace", "pole_history"]

#: Highest order: the poles of higher ones crowd the cuts and say nothing new.
MAX_ORDER = 40

#: Poles kept of each order, nearest first.
KEPT = MAX_ORDER

#: Digits of their locations.
DIGITS = 12


@dataclass(frozen=True, slots=True)
class PolePlace:
    """Where a pole of an approximant is, and whether it is a Froissart doublet, which means nothing."""

    location: complex
    doublet: bool


@dataclass(frozen=True, slots=True)
class OrderPoles:
    """The poles of one diagonal approximant.

    Attributes
    ----------
    order : int
        n of [n/n].
    poles : tuple of PolePlace
        The nearest to the origin, nearest first.
    count, doublets : int
        Of all its poles, and of the doublets among them.
    nearest : complex or None
        The nearest pole that is no doublet.
    distance : float or None
        From ``nearest`` to the nearest of the known singularities, relative to its modulus.
    """

    order: int
    poles: tuple[PolePlace, ...]
    count: int
    doublets: int
    nearest: complex | None
    distance: float | None


@dataclass(frozen=True, slots=True)
class PoleHistory:
    """The poles of the approximants [1/1], [2/2], ..., as far as the coefficients determine them.

    Attributes
    ----------
    orders : tuple of OrderPoles
    known : tuple of complex
        Singularities to compare with.
    sentence : str
        Why there are no orders, or no more.
    """

    orders: tuple[OrderPoles, ...]
    known: tuple[complex, ...]
    sentence: str


def pole_history(borel: BorelTransform, known: Sequence[complex] = (), highest: int = MAX_ORDER) -> PoleHistory:
    """The poles of the diagonal approximants of a germ, order by order.

    Parameters
    ----------
    borel : BorelTransform
    known : sequence of complex, optional
        Singularities of the germ to compare the nearest pole with; not zero.
    highest : int, optional
        The highest order wanted.

    Returns
    -------
    PoleHistory

    Examples
    --------
    >>> import math
    >>> from resurgence.series import FormalSeries
    >>> series = FormalSeries.from_function(lambda n: math.factorial(n) * math.comb(2 * n, n), 21)
    >>> history = pole_history(series.borel(), known=[0.25])  # the germ is (1 - 4z)^(-1/2)
    >>> [(p.order, round(p.distance, 4)) for p in history.orders[:3]]  # 1/cos(pi/(4n + 2))^2 - 1
    [(1, 0.3333), (2, 0.1056), (3, 0.0521)]
    """
    most = min((len(borel) - 1) // 2, highest)
    if most < 1:
        return PoleHistory((), tuple(known), f"a [1/1] approximant needs 3 coefficients, there are {len(borel)}.")
    orders: list[OrderPoles] = []
    for n in range(1, most + 1):
        try:
            poles = borel.pade(n, n).poles(DIGITS)
        except ValueError as error:
            return PoleHistory(tuple(orders), tuple(known), f"The orders end at {n - 1}: {error}.")
        places = [PolePlace(complex(p.location), p.doublet) for p in poles]
        nearest = next((p.location for p in places if not p.doublet), None)
        distance = None
        if nearest is not None and known:
            distance = min(abs(nearest - z) / abs(z) for z in known)
        orders.append(
            OrderPoles(n, tuple(places[:KEPT]), len(places), sum(p.doublet for p in places), nearest, distance)
        )
    return PoleHistory(tuple(orders), tuple(known), "")
