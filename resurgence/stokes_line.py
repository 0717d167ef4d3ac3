"""Does a ray run into a singularity?  An answer from coefficients alone, and so an estimate.

Poles of an approximant on the ray are a sign of it, but not a proof: the cuts of a complex pair of branch points may
meet on the ray and go on along it (a *trunk*), although the germ has no singularity there. So poles on the ray are
brought before the singularity analysis of the coefficients, and judged by their surroundings where that is silent.
"""

from __future__ import annotations

import cmath
from collections.abc import Sequence
from dataclasses import dataclass

import mpmath
from flint import acb

from .borel import BorelTransform
from .borel_pade import ON_RAY, PadeSum
from .numbers import Enclosure, complex_midpoint, working_precision
from .rays import Ray
from .singularities import Singularity

__all__ = ["DIGITS", "SingularityOnRay", "directions", "known_singularity_on_ray", "singularity_on_ray"]

#: Digits that the singularity analysis is asked for.
DIGITS = 10

#: Approximants that have to show a pole on the ray.
WITNESSES = 3

#: How far apart, relative to themselves, they may see it where nothing else is known, and where the singularity
#: analysis has found others.
AGREEMENT, CLOSE_AGREEMENT = 0.4, 0.02


@dataclass(frozen=True)
class SingularityOnRay:
    """Where a ray runs into a singularity.

    Attributes
    ----------
    location : Enclosure
        ``estimated``.
    """

    location: Enclosure


def singularity_on_ray(sums: Sequence[PadeSum], borel: BorelTransform, ray: Ray) -> SingularityOnRay | None:
    """The nearest singularity that lies on the ray within its error, or None.

    Parameters
    ----------
    sums : sequence of PadeSum
        Of different approximants along the ray, the main one first.
    borel : BorelTransform
    ray : Ray
    """
    witnesses = [s.first_on_ray() for s in sums[:WITNESSES]]
    if any(k is None for k in witnesses):
        return None
    places = [abs(s.points[k]) for s, k in zip(sums, witnesses, strict=False) if k is not None]
    apart = max(places) / min(places) - 1
    if apart > AGREEMENT:
        return None
    known, found = _known(borel, ray)
    if found is not None:
        return found
    with working_precision(128):
        unit = float(sums[0].unit)
        if sums[0].trunk(sums[0].moving(sums[-1])) or (known and apart > CLOSE_AGREEMENT):
            return None
        # The first pole on a cut creeps up to its end like 1/n^2, so that the end is about n/2 of the last steps away.
        error = mpmath.mpf(unit * (max(places) - min(places)) * sum(sums[0].order) + unit * places[0] * ON_RAY)
        location = acb(unit * places[0]) * ray.towards(128) / abs(ray.towards(128))
        return SingularityOnRay(Enclosure(complex_midpoint(location), error, "estimated", "poles of approximants"))


def known_singularity_on_ray(borel: BorelTransform, ray: Ray) -> SingularityOnRay | None:
    """The nearest singularity on the ray that the singularity analysis of the coefficients shows, or None."""
    return _known(borel, ray)[1]


def _known(borel: BorelTransform, ray: Ray) -> tuple[tuple[Singularity, ...], SingularityOnRay | None]:
    """All singularities found, and the nearest of them on the ray."""
    try:
        known = borel.singularities(DIGITS)
    except ValueError:
        return (), None
    with working_precision(128):
        back = complex(ray.towards(128).conjugate())
        for s in known:
            turned = complex(s.location) * back / abs(back)
            if turned.real > 0 and abs(turned.imag) <= float(s.error) + ON_RAY * abs(turned):
                return known, SingularityOnRay(s.location_enclosure)
    return known, None


def directions(borel: BorelTransform, ray: Ray) -> tuple[bool, list[float]]:
    """Whether a singularity is found on the ray, and the angles from the ray to the directions of the others.

    Angles are in radians, positive counterclockwise.
    """
    known, on_ray = _known(borel, ray)
    with working_precision(128):
        back = complex(ray.towards(128).conjugate())
        angles = [cmath.phase(complex(s.location) * back) for s in known]
        doubts = [float(s.error / abs(s.location)) + ON_RAY for s in known]
    return on_ray is not None, [a for a, doubt in zip(angles, doubts, strict=True) if abs(a) > doubt]
