"""The ray of a Laplace integral: where it points, and on which side of it a Borel singularity lies.

The ray starts at 0 and has the direction theta = arg g, or another within a quarter turn of it, so that exp(-z/g)
decays along it. ``side="above"`` means theta + 0: the contour passes the singularities on the ray on their
counterclockwise side; ``"below"`` means theta - 0; ``"median"`` the mean of the two sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flint import acb

from .numbers import ball, working_precision

__all__ = ["PRECISIONS", "SIDES", "Ray", "Side"]

Side = Literal["above", "below", "median"]
SIDES: tuple[Side, ...] = ("above", "below", "median")

#: Precisions tried to decide on which side of a ray a point lies. What the last leaves open lies on the ray, for us.
PRECISIONS = (64, 256, 1024, 4096)


@dataclass(frozen=True)
class Ray:
    """The coupling g, the direction of the ray, and the side on which it passes what it would run into.

    Parameters
    ----------
    g : number
        The coupling: anything that :func:`resurgence.numbers.ball` accepts, except zero.
    side : {"above", "below", "median"}, optional
        Used where there is a singularity on the ray; elsewhere the sides agree.
    direction : real number, optional
        The angle theta in radians, within a quarter turn of arg g (exclusive); by default arg g exactly. A float means
        the binary fraction that it is: ``sympy.pi`` is the negative real axis, ``math.pi`` is not.

    Raises
    ------
    ValueError
        For g = 0, another side, a direction that is not real or not certainly within a quarter turn of arg g.
    TypeError
        Where g or the direction is not a number.

    Examples
    --------
    >>> Ray("1/10").passes(1), Ray("1/10+1j/1000").passes(1), Ray("1/10").passes(-1)
    ('through', 'above', 'opposite')
    >>> Ray("1/10", direction=-0.3).passes(1)
    'below'
    """

    g: object
    side: Side | None = None
    direction: object | None = None

    def __post_init__(self) -> None:
        if self.side is not None and self.side not in SIDES:
            raise ValueError(f"side must be 'above', 'below' or 'median' (or None), got {self.side!r}")
        if all(self.coupling(bits).contains(0) for bits in PRECISIONS):
            raise ValueError(f"g must not be zero, got {self.g}")
        if self.direction is None:
            return
        if not ball(self.direction, PRECISIONS[0]).imag.contains(0):
            raise ValueError(f"direction must be a real number (an angle in radians), got {self.direction}")
        for bits in PRECISIONS:
            with working_precision(bits):
                cosine = (self.coupling(bits) * self.towards(bits).conjugate()).real
                if cosine > 0:
                    return
                if cosine < 0:
                    break
        raise ValueError(
            f"direction must be within pi/2 of arg g, where exp(-z/g) decays along the ray: "
            f"got direction {self.direction} for g = {self.g}"
        )

    def coupling(self, bits: int) -> acb:
        """A ball around g."""
        return ball(self.g, bits)

    def towards(self, bits: int) -> acb:
        """A ball around a point of the ray."""
        if self.direction is None:
            return self.coupling(bits)
        theta = ball(self.direction, bits).real
        with working_precision(bits):
            return acb(theta.cos(), theta.sin())

    def passes(self, point: object) -> Literal["above", "below", "through", "opposite"]:
        """How the ray passes a point of the Borel plane.

        ``"above"`` where the ray is turned counterclockwise from the point by less than half a turn, ``"below"`` where
        clockwise; ``"through"`` and ``"opposite"`` where the point cannot be told from one on the ray, or on the
        half-line opposite to it. Raises ValueError for a ball g that is nearly as wide as it is far from 0.
        """
        for bits in PRECISIONS:
            with working_precision(bits):
                quotient = self.towards(bits) / ball(point, bits)
                if quotient.imag > 0:
                    return "above"
                if quotient.imag < 0:
                    return "below"
        if quotient.real > 0:
            return "through"
        if quotient.real < 0:
            return "opposite"
        raise ValueError(f"g = {self.g} is too uncertain: its argument is not known to within pi/2")
