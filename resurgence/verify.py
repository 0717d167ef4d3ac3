"""Exact statements about singularities, laid beside numerical evidence that knows nothing of them.

The exact side: the critical values of a polynomial action, which are the only points where its Borel transforms can be
singular on any sheet (Pham 1985; the eigenvalues of A_0, see :mod:`resurgence.connection`); the singular points of the
differential equation of a germ; the closed-form germ of a model; or claims that somebody makes. The numerical side: the
singularities that the coefficients alone show (:mod:`resurgence.singularities`), and the convergence of Padé
approximants where the coefficients show none.

Which of the possible points are singular *on the first sheet* (the adjacent ones, Berry & Howls 1991) is certified
where the linear system of the germ is known (:mod:`resurgence.linear_germ`): by intersection numbers for an action, by
the connection to Frobenius bases for an equation. Otherwise it is read off the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import mpmath
import sympy
from flint import acb

from .action import Action
from .algebraic import AlgebraicNumber, difference
from .linear_germ import LinearGerm, SheetPoint
from .models import Model
from .models import get as get_model
from .numbers import BITS_PER_DIGIT, Enclosure, Status, ball, check_digits, midpoint, rational, working_precision
from .series import FormalSeries, check_terms
from .verification import Adjacency, Row, Verification, exact_text

if TYPE_CHECKING:
    from .borel import BorelTransform
    from .singularities import Singularity

__all__ = ["Claim", "verify"]

#: Coefficients computed for the evidence where the caller does not say how many.
DEFAULT_TERMS = 120

#: Digits to which neighbouring Padé approximants must agree around a point for the germ to count as analytic there.
_ANALYTIC_DIGITS = 5

#: A claim this near to a singularity (relative to its modulus) is taken to be about that singularity.
_ABOUT = 0.2


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's statement that the Borel germ is singular at ``location``.

    ``location`` is any number the package reads (``sympy``, ``"1/4"``, float, ...), or an :class:`Enclosure` or ball
    where it is known to so many digits only; ``exponent`` (beta, a rational) and ``stokes_constant`` are checked where
    they are given.
    """

    location: object
    exponent: object = None
    stokes_constant: object = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A point in the Borel plane that an exact statement speaks of."""

    value: Any  # a sympy number, an AlgebraicNumber, or an Enclosure
    location_status: Status | None
    multiplicity: int | None = None
    exponent: Fraction | None = None
    stokes_constant: Any = None
    known: SheetPoint | None = None  # what continuing the germ says

    def ball(self, bits: int) -> acb:
        return ball(self.value, bits)


def verify(
    what: object,
    claims: Iterable[object] | None = None,
    *,
    at: object = None,
    terms: int | None = None,
    digits: int = 20,
) -> Verification:
    """Lay exact statements about Borel singularities beside evidence from coefficients alone.

    Parameters
    ----------
    what : str, Model, Action or FormalSeries
        The name of a model, a model, an action, or a series with nothing exact known about it.
    claims : iterable of numbers or :class:`Claim`, optional
        Statements to check instead of the exact candidates: that the germ is singular at each of these points.
    at : optional
        The critical point to expand an action at; see :meth:`Action.expand`.
    terms : int, optional
        Coefficients to use, 120 if not given (all of them for a series).
    digits : int
        Digits to aim at in the numerical side.

    Returns
    -------
    Verification
        ``bool()`` of it says whether all holds; ``str()`` is a table.

    Raises
    ------
    TypeError, ValueError
        For what cannot be examined, and for inputs that the action or the singularity analysis refuse.

    Examples
    --------
    >>> v = verify("quartic")
    >>> bool(v), v.rows[0].exact, v.rows[0].digits >= 20
    (True, -1/4, True)
    >>> import sympy
    >>> wrong = verify("quartic", claims=[sympy.root(2, 3) ** 5 / 3])
    >>> bool(wrong), wrong.rows[0].status
    (False, 'refuted')
    """
    check_digits(digits)
    if isinstance(what, str):
        what = get_model(what)
    if at is not None and not isinstance(what, Action):
        raise TypeError("at= names the critical point of an action; it has no meaning for models and series")
    statements = None if claims is None else [_claim(c) for c in claims]
    count = None if terms is None else check_terms(terms)
    if isinstance(what, Model):
        series, name, basis = what.series(count or DEFAULT_TERMS), what.name, what.basis
    elif isinstance(what, Action):
        series, name, basis = what.expand(count or DEFAULT_TERMS, at=at), str(what), "exact: critical values"
    elif isinstance(what, FormalSeries):
        series = what if count is None else what.truncate(count)
        name, basis = what.name or "series", "nothing exact known"
    else:
        raise TypeError(f"verify takes a model's name, a Model, an Action or a FormalSeries, got {what!r}")
    borel = series.borel()
    found = list(borel.singularities(digits))
    candidates: list[_Candidate] = []
    germ = series.germ
    if isinstance(what, Action):
        candidates = _critical_differences(what, series)
    elif isinstance(germ, LinearGerm):
        candidates = [_of_sheet_point(point) for point in germ.first_sheet()]
        basis = "exact: singular points of the linear equation"
    if isinstance(what, Model):
        claimed = (_modulus(c.ball(64)) for c in statements or [])
        seen = (float(abs(s.location) + s.error) for s in found)
        candidates = _known_singularities(what, max([*claimed, *seen], default=0.0))
    if statements is None:
        rows = _rows_for_candidates(candidates, found, borel)
    else:
        rows = _rows_for_claims(statements, candidates, found, borel)
        basis = "claims" if not candidates else f"claims against {basis.removeprefix('exact: ')}"
    return Verification(name, tuple(rows), len(series), basis, series)


# ---------------------------------------------------------------------------------------------------------------------
# The exact side


def _claim(value: object) -> _Candidate:
    claim = value if isinstance(value, Claim) else Claim(value)
    location = claim.location
    exact = rational(location)
    if exact is not None:
        location = _rational(exact)
    elif not isinstance(location, (sympy.Basic, AlgebraicNumber, Enclosure)):
        z = ball(location, 200)
        location = _to_sympy(z) if z.is_exact() else Enclosure.from_ball(z)
    if ball(location, 200).contains(0):
        raise ValueError(f"a claim needs a location other than 0, got {claim.location}")
    exponent = None
    if claim.exponent is not None:
        beta = rational(claim.exponent)
        if beta is None:
            raise ValueError(f"a claimed exponent must be rational, got {claim.exponent}")
        exponent = Fraction(int(beta.p), int(beta.q))
    if claim.stokes_constant is not None:
        ball(claim.stokes_constant, 64)
    return _Candidate(location, None, None, exponent, claim.stokes_constant)


def _to_sympy(z: acb) -> sympy.Expr:
    """The midpoint of a ball, exactly."""
    re_part, im_part = (_rational(midpoint(part)) for part in (z.real, z.imag))
    return re_part + sympy.I * im_part


def _rational(value: object) -> sympy.Rational:
    exact = rational(value)
    assert exact is not None, "a midpoint is a binary fraction"
    return sympy.Rational(int(exact.p), int(exact.q))


def _known_singularities(model: Model, reach: float) -> list[_Candidate]:
    """The singularities of a model: of infinitely many, all those with modulus up to ``reach`` at least."""
    exact = model.singularities
    while exact and _modulus(ball(exact[-1].location, 64)) < reach:
        more = model.first_singularities(2 * len(exact))
        if len(more) == len(exact):
            break
        exact = more
    return [_Candidate(s.location, "proved", None, s.exponent, s.stokes_constant) for s in exact]


def _critical_differences(action: Action, series: FormalSeries) -> list[_Candidate]:
    """V(c) - V(expansion point) for every critical value, the expansion point's own first."""
    origin = series.action
    sheet = series.germ.first_sheet() if isinstance(series.germ, LinearGerm) else ()
    candidates = []
    for critical in action.critical_values():
        candidate = _Candidate(difference(critical.algebraic, origin), "proved", critical.multiplicity)
        for point in sheet:
            if candidate.ball(400).overlaps(ball(point.location, 400)):
                candidate = replace(_of_sheet_point(point), value=candidate.value, multiplicity=critical.multiplicity)
        candidates.append(candidate)
    return sorted(candidates, key=lambda c: _modulus(c.ball(64)))


def _of_sheet_point(point: SheetPoint) -> _Candidate:
    return _Candidate(point.location, "proved", None, point.exponent, point.stokes_constant, point)


# ---------------------------------------------------------------------------------------------------------------------
# Both sides together


def _rows_for_candidates(
    candidates: Sequence[_Candidate], found: list[Singularity], borel: BorelTransform
) -> list[Row]:
    matches = _match(candidates, found)
    taken = {id(s) for s in matches.values()}
    rows = []
    for k, candidate in enumerate(candidates):
        here = matches.get(k)
        if here is not None:
            rows.append(_compare(candidate, here))
        elif candidate.ball(64).contains(0):
            rows.append(_unmatched(candidate, "expansion point", "proved", "the expansion point's own critical value"))
        elif candidate.known is not None and candidate.known.status is not None:
            rows.append(_only_known(candidate, candidate.known))
        elif candidate.exponent is not None:  # a closed form: singular there whether or not the coefficients show it
            rows.append(_unmatched(candidate, "not seen", "proved", "out of reach of the coefficients used"))
        else:
            adjacency, reason = _analytic_at(candidate, candidates, found, borel)
            rows.append(_unmatched(candidate, adjacency, candidate.location_status, reason))
    return rows + [_unexplained(s, refuted=bool(candidates)) for s in found if id(s) not in taken]


def _rows_for_claims(
    claims: Sequence[_Candidate], exact: Sequence[_Candidate], found: list[Singularity], borel: BorelTransform
) -> list[Row]:
    matches = _match(claims, found)
    taken = {id(s) for s in matches.values()}
    rows = []
    for k, claim in enumerate(claims):
        here = matches.get(k)
        exactly = next((e for e in exact if _same(claim, e)), None)
        known = None if exactly is None else exactly.known
        if exact and exactly is None:
            among = ", ".join(exact_text(e.value) for e in exact[:4])
            reason = f"{exact_text(claim.value)} is not among the only possible locations ({among})"
            rows.append(_unmatched(claim, "not adjacent", "refuted", reason))
        elif here is not None:
            rows.append(_compare(replace(claim, known=known), here))
        elif known is not None and known.status == "certified":
            row = _only_known(claim, known)
            rows.append(row if known.singular else replace(row, status="refuted"))
        else:
            rows.append(_undecided_claim(claim, claims, found, borel, taken))
    rows += [_unexplained(s, refuted=False) for s in found if id(s) not in taken]
    return rows


def _undecided_claim(
    claim: _Candidate, claims: Sequence[_Candidate], found: list[Singularity], borel: BorelTransform, taken: set[int]
) -> Row:
    adjacency, reason = _analytic_at(claim, claims, found, borel)
    if adjacency == "not adjacent":
        return _unmatched(claim, adjacency, "refuted", reason)
    near = [s for s in found if id(s) not in taken and _distance(claim, s) < _ABOUT * abs(s.location)]
    if near:
        s = min(near, key=lambda s: _distance(claim, s))
        return _unmatched(claim, "not seen", "refuted", f"the singularity near it sits at {s.location_enclosure}")
    return _unmatched(claim, "not seen", None, f"{exact_text(claim.value)} is out of reach of the coefficients used")


def _match(candidates: Sequence[_Candidate], found: Sequence[Singularity]) -> dict[int, Singularity]:
    """For each singularity the nearest candidate within its error; a candidate keeps the best-known singularity."""
    matches: dict[int, Singularity] = {}
    for s in found:
        within = [k for k, c in enumerate(candidates) if s.location_enclosure.contains(c)]
        if within:
            k = min(within, key=lambda k: _distance(candidates[k], s))
            if k not in matches or s.error < matches[k].error:
                matches[k] = s
    return matches


def _compare(candidate: _Candidate, s: Singularity) -> Row:
    digits = _agreement(candidate, s)
    reason = f"the coefficients show a {s.kind} there to {digits} digits"
    known = candidate.known
    status: Status = "estimated"
    if known is not None and known.status is not None:
        status, reason = known.status, f"{known.reason}; {reason}"
    elif candidate.location_status == "proved" and candidate.exponent is not None:
        status = "proved"
    if known is not None and known.singular is False and known.status == "certified":
        status, reason = "refuted", f"the germ is not singular there ({known.reason}), but {reason}"
    elif candidate.exponent is not None and not _exponent_agrees(candidate.exponent, s):
        status, reason = "refuted", f"the exponent is {s.exponent}, not {candidate.exponent}"
    elif candidate.stokes_constant is not None and not s.stokes_enclosure.contains(candidate.stokes_constant):
        status, reason = "refuted", f"the Stokes constant is {s.stokes_enclosure}, not {candidate.stokes_constant}"
    exponent = candidate.exponent if candidate.exponent is not None and status != "refuted" else s.exponent
    return Row(
        candidate.value,
        candidate.location_status,
        candidate.multiplicity,
        s,
        digits,
        "adjacent",
        exponent,
        status,
        reason,
    )


def _unmatched(candidate: _Candidate, adjacency: Adjacency, status: Status | None, reason: str) -> Row:
    return Row(
        candidate.value,
        candidate.location_status,
        candidate.multiplicity,
        None,
        None,
        adjacency,
        candidate.exponent,
        status,
        reason,
    )


def _only_known(candidate: _Candidate, known: SheetPoint) -> Row:
    """A point that the coefficients do not show, or show to be none: what continuing the germ says of it."""
    if known.singular:
        reason = f"{exact_text(candidate.value)}: {known.reason}; out of reach of the coefficients used"
        if candidate.exponent not in (None, known.exponent):
            reason = f"the exponent is {known.exponent}, not {candidate.exponent}"
            return _unmatched(candidate, "adjacent", "refuted", reason)
        stokes = candidate.stokes_constant
        if stokes is not None and known.stokes_constant is not None and not known.stokes_constant.contains(stokes):
            reason = f"the Stokes constant is {known.stokes_constant}, not {stokes}"
            return _unmatched(candidate, "adjacent", "refuted", reason)
        return _unmatched(replace(candidate, exponent=known.exponent), "adjacent", known.status, reason)
    reason = f"{exact_text(candidate.value)} is not singular on the first sheet: {known.reason}"
    return _unmatched(candidate, "not adjacent", known.status, reason)


def _unexplained(s: Singularity, refuted: bool) -> Row:
    if refuted:
        reason = f"the coefficients show a {s.kind} at {s.location_enclosure}, where no exact value is"
        return Row(None, None, None, s, None, "adjacent", s.exponent, "refuted", reason)
    return Row(None, None, None, s, None, "adjacent", s.exponent, "estimated", "from the coefficients alone")


def _exponent_agrees(exponent: Fraction, s: Singularity) -> bool:
    if isinstance(s.exponent, Fraction):
        return exponent == s.exponent
    return abs(complex(s.exponent) - float(exponent)) <= float(s.exponent_error)


def _analytic_at(
    candidate: _Candidate, candidates: Sequence[_Candidate], found: Sequence[Singularity], borel: BorelTransform
) -> tuple[Adjacency, str]:
    """Whether the germ, continued along the straight segment, is analytic at a candidate that shows no singularity."""
    point = complex(candidate.ball(64))
    if found and abs(point) < min(abs(complex(s.location)) - float(s.error) for s in found):
        return "not adjacent", f"{exact_text(candidate.value)} lies inside the disc of convergence"
    # The other points that may be singular bound the disc on which the approximants have to agree.
    others = [abs(complex(s.location) - point) for s in found]
    others += [d for c in candidates if (d := abs(complex(c.ball(64)) - point)) > 1e-12 * abs(point)]
    radius = 0.5 * min([abs(point), *others])
    if radius > 0:
        digits = _pade_agreement(borel, point, radius)
        if digits >= _ANALYTIC_DIGITS:
            return (
                "not adjacent",
                f"around {exact_text(candidate.value)} Padé approximants agree to {digits} digits without a pole",
            )
    return "not seen", "out of reach of the coefficients used"


def _pade_agreement(borel: BorelTransform, point: complex, radius: float) -> int:
    """Digits to which two Padé approximants agree on a circle, 0 where one has a pole inside it (doublets aside)."""
    half = (len(borel) - 1) // 2
    try:
        approximants = [borel.pade(half, half), borel.pade(half - 1, half - 1)]
        for pade in approximants:
            for pole in pade.poles(digits=15):
                if not pole.doublet and abs(complex(pole.location) - point) < 1.2 * radius:
                    return 0
        worst = 1e-30
        for k in range(8):
            angle = 2 * math.pi * k / 8
            z = point + radius * complex(math.cos(angle), math.sin(angle))
            left, right = (pade(z, digits=30).value for pade in approximants)
            worst = max(worst, float(abs(left - right) / max(abs(left), mpmath.mpf("1e-300"))))
    except ValueError:  # coefficients that are not precise enough for approximants of this order
        return 0
    return max(0, math.floor(-math.log10(worst)))


def _same(left: _Candidate, right: _Candidate) -> bool:
    return bool(left.ball(400).overlaps(right.ball(400)))


def _distance(candidate: _Candidate, s: Singularity) -> float:
    bits = 64 + max(0, s.location_enclosure.accuracy_bits())
    with working_precision(bits):
        return float(abs(candidate.ball(bits) - ball(s.location, bits)).upper())


def _agreement(candidate: _Candidate, s: Singularity) -> int:
    """Digits that the exact and the numerical value share, no more than the numerical error vouches for."""
    bits = 128 + max(0, s.location_enclosure.accuracy_bits())
    exact = candidate.ball(bits)
    with working_precision(bits):
        gap = abs(exact - ball(s.location, bits)).upper()
        relative = gap / abs(exact)
    shared = s.digits if relative.contains(0) else math.floor(-float(relative.log().mid()) / math.log(10))
    return max(0, min(shared, math.ceil(bits / BITS_PER_DIGIT)))


def _modulus(z: acb) -> float:
    return float(abs(z).mid())
