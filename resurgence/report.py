"""Everything the package knows of one series, gathered for a report: ``resurgence report``.

:func:`make_report` gathers numbers and sentences into a :class:`Report`; nothing is computed after that.
:mod:`resurgence.report_page` lays it out as one HTML page, and :func:`write_report` writes both, the page and the
numbers behind it. What cannot be had (too few coefficients, a series that converges, or grows too fast) is a sentence
of the report, not an error.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from flint import acb, fmpq

from .action import Action
from .linear_germ import LinearGerm
from .models import Model
from .numbers import Enclosure, ball, check_digits, working_precision
from .rays import Side
from .report_poles import PoleHistory, pole_history
from .report_ratios import RichardsonTable, ratio_table
from .report_sums import Convergence, CouplingSums, convergence, sums_at
from .series import FormalSeries, check_terms
from .singularities import Singularity
from .verification import Row, Verification, exact_text
from .verify import DEFAULT_TERMS, verify

__all__ = [
    "FirstCoefficient",
    "LateCoefficient",
    "Provenance",
    "Report",
    "Statement",
    "check_folder",
    "make_report",
    "write_report",
]

#: Coefficients that are spelled out.
FIRST = 10

#: Characters of an exact coefficient that are shown; a longer one is shown by its decimals.
LONGEST = 48

#: Couplings, as shares of the modulus of the nearest singularity; where that is not known, as they stand.
SHARES = (Fraction(1, 10), Fraction(1, 4), Fraction(1))
NO_SCALE = (Fraction(1, 100), Fraction(1, 10), Fraction(1))

#: Pictures of convergence.
CURVES = 4

#: Singularities whose moduli differ by less than this are equally near.
EQUALLY_NEAR = 1e-6

#: Bits of the places that limits of ratios are compared with.
PLACE_BITS = 512

#: Files of a report.
PAGE, NUMBERS = "report.html", "report.json"

T = TypeVar("T")
Step = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is claimed, and whether it holds; None where that could not be decided."""

    text: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class FirstCoefficient:
    """a_n and b_n = a_n/n!: exact text where it is short, and decimals."""

    n: int
    exact: str
    value: Enclosure
    borel: Enclosure


@dataclass(frozen=True, slots=True)
class LateCoefficient:
    """a_n beside the leading terms S/(2 pi i) Gamma(n - beta)/A^(n - beta) of the nearest singularities."""

    n: int
    value: Enclosure
    leading: Enclosure
    ratio: Enclosure


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a report comes from."""

    command: str
    versions: Mapping[str, str]
    seeds: str
    made: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """What is known of a series.

    Attributes
    ----------
    what, kind, title : str
        What was asked for; ``"model"``, ``"action"``, ``"equation"`` or ``"coefficients"``; a line for people.
    formula : str
        Of a model: its definition in LaTeX.
    references : tuple of str
    series : FormalSeries
    digits : int
        Digits that were aimed at.
    first : tuple of FirstCoefficient
    gevrey, radius : Enclosure or None
        Growth of the coefficients; where there is none ``growth_sentence`` says why.
    growth_sentence : str
        The Gevrey class in words.
    verification : Verification or None
        Exact singularities beside those found; ``verification_sentence`` says why there is none.
    exact_stokes : mapping
        Exact Stokes constants by the text of the location.
    late : tuple of LateCoefficient
    late_sentence : str
    ratios : RichardsonTable
    poles : PoleHistory
    couplings_sentence : str
        How the couplings were chosen.
    sums : tuple of CouplingSums
    statements : tuple of Statement
    provenance : Provenance
    """

    what: str
    kind: str
    title: str
    formula: str
    references: tuple[str, ...]
    series: FormalSeries = field(repr=False)
    digits: int
    first: tuple[FirstCoefficient, ...]
    gevrey: Enclosure | None
    radius: Enclosure | None
    growth_sentence: str
    verification: Verification | None
    verification_sentence: str
    exact_stokes: Mapping[str, str]
    late: tuple[LateCoefficient, ...]
    late_sentence: str
    ratios: RichardsonTable
    poles: PoleHistory
    couplings_sentence: str
    sums: tuple[CouplingSums, ...]
    statements: tuple[Statement, ...]
    provenance: Provenance

    def __bool__(self) -> bool:
        """Whether every statement holds."""
        return all(statement.holds for statement in self.statements)

    def summary(self) -> str:
        """The outcome in a sentence."""
        failing = [s.text for s in self.statements if s.holds is False]
        undecided = [s.text for s in self.statements if s.holds is None]
        count = len(self.statements)
        if not count:
            return "There is no statement to check."
        if failing:
            return f"{len(failing)} of {count} statements fail: {'; '.join(failing)}."
        if undecided:
            return f"{len(undecided)} of {count} statements are undecided: {'; '.join(undecided)}."
        return f"All {count} statements hold." if count > 1 else "The one statement holds."

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain text, numbers, lists and dictionaries, ready for JSON."""
        document = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self) if f.name not in _OWN_WORDS}
        series = self.series
        document["series"] = {
            "text": str(series),
            "name": series.name,
            "action": exact_text(series.action),
            "exponent": str(series.exponent),
            "constant": str(series.constant),
            "terms": len(series),
            "exact": series.is_exact,
        }
        document["verification"] = None if self.verification is None else self.verification.to_dict()
        found = () if self.verification is None else self.verification.singularities
        document["singularities"] = [s.to_dict() for s in found]
        return {"holds": bool(self), "summary": self.summary(), **document}


#: Parts of a report that are written in another way than field by field.
_OWN_WORDS = ("series", "verification")


def _plain(value: Any) -> Any:
    if isinstance(value, Enclosure):
        return {**value.to_dict(), "digits": value.digits}
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    if isinstance(value, complex):
        return {"real": value.real, "imag": value.imag}
    return value


# ---------------------------------------------------------------------------------------------------------------------
# Gathering


def make_report(
    subject: Model | Action | FormalSeries,
    *,
    what: str = "",
    at: object = None,
    terms: int | None = None,
    couplings: Sequence[object] | None = None,
    digits: int = 20,
    command: str = "",
    step: Step = lambda _: nullcontext(),
) -> Report:
    """Gather what is known of a model, an action or a series.

    Parameters
    ----------
    subject : Model, Action or FormalSeries
    what : str, optional
        What the user called it.
    at : optional
        The critical point to expand an action at.
    terms : int, optional
        Coefficients to use: by default 120, and all of a series.
    couplings : sequence of numbers, optional
        Where to sum; by default a tenth, a quarter and all of the modulus of the nearest singularity, and where that is
        real also minus a quarter of it, so that there is one coupling on a Stokes line and one off it.
    digits : int, optional
        Digits to aim for.
    command : str, optional
        For the provenance.
    step : callable, optional
        ``with step("what is being done"):`` is put around each part.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        For what is not one of these, for couplings, numbers of digits and of terms that make no sense, and where there
        is no series at all. What else fails is a sentence in the report.

    Examples
    --------
    >>> from resurgence import models
    >>> report = make_report(models.quartic, terms=40, couplings=["1/10"], digits=10)
    >>> print(report.summary())
    All 7 statements hold.
    >>> [row.way for row in report.sums[0].rows]
    ['exact value', 'certified Borel sum', 'Borel-Padé', 'optimal truncation', 'Levin u', 'Weniger delta']
    """
    began = time.perf_counter()
    check_digits(digits)
    _check_couplings(couplings or ())
    model = subject if isinstance(subject, Model) else None
    with step("computing the coefficients"):
        series = _series(subject, at, terms)
    borel = series.borel()
    with step("looking for Borel singularities"):
        verification, verification_sentence = _attempt(lambda: verify(subject, at=at, terms=terms, digits=digits))
    found = () if verification is None else verification.singularities
    known = _known_places(verification)
    with step("measuring the growth"):
        gevrey, radius, growth_sentence = _growth(series)
        late, late_sentence = _late(series, found)
    with step("extrapolating ratios"):
        ratios = _with_reason(ratio_table(borel, digits), found)
    with step("finding the poles of approximants"):
        poles = pole_history(borel, known)
    chosen, couplings_sentence = _couplings(couplings, found, verification, borel)
    sums = []
    for k, g in enumerate(chosen):
        with step(f"summing at g = {g}"):
            sums.append(_with_curve(sums_at(series, g, digits, model), series, g, wanted=k < CURVES))
    return Report(
        what=what or getattr(subject, "name", "") or str(subject),
        kind=_kind(subject),
        title=_title(subject, what),
        formula="" if model is None else model.latex,
        references=() if model is None else model.references,
        series=series,
        digits=digits,
        first=_first(series),
        gevrey=gevrey,
        radius=radius,
        growth_sentence=growth_sentence,
        verification=verification,
        verification_sentence=verification_sentence,
        exact_stokes=_exact_stokes(model, series),
        late=late,
        late_sentence=late_sentence,
        ratios=ratios,
        poles=poles,
        couplings_sentence=couplings_sentence,
        sums=tuple(sums),
        statements=_statements(verification, ratios, sums),
        provenance=_provenance(command, began),
    )


def _attempt(task: Callable[[], T]) -> tuple[T | None, str]:
    """The outcome of a task, or the sentence of its refusal."""
    try:
        return task(), ""
    except (ValueError, ArithmeticError) as error:
        return None, f"{error}."


def _check_couplings(couplings: Sequence[object]) -> None:
    for g in couplings:
        if ball(g, 64).contains(0):
            raise ValueError(f"g must not be zero, got {g}")


def _series(subject: Model | Action | FormalSeries, at: object, terms: int | None) -> FormalSeries:
    count = None if terms is None else check_terms(terms)
    if isinstance(subject, Action):
        return subject.expand(count or DEFAULT_TERMS, at=at)
    if at is not None:
        raise TypeError("at= names the critical point of an action; it has no meaning for models and series")
    if isinstance(subject, Model):
        return subject.series(count or DEFAULT_TERMS)
    if isinstance(subject, FormalSeries):
        return subject if count is None else subject.truncate(count)
    raise TypeError(f"a report is made of a Model, an Action or a FormalSeries, got {subject!r}")


def _kind(subject: Model | Action | FormalSeries) -> str:
    if isinstance(subject, FormalSeries):
        return "coefficients" if subject.germ is None else "equation"
    return "model" if isinstance(subject, Model) else "action"


def _title(subject: Model | Action | FormalSeries, what: str) -> str:
    if isinstance(subject, Model):
        return subject.title
    if isinstance(subject, Action):
        return f"the action {subject}"
    return f"the series {subject.name}" if subject.name else f"the series of {what}" if what else "a formal series"


def _first(series: FormalSeries) -> tuple[FirstCoefficient, ...]:
    borel, listed = series.borel(), []
    for n, (a, b) in enumerate(zip(series.coefficients[:FIRST], borel.coefficients[:FIRST], strict=True)):
        text = "" if isinstance(a, Enclosure) else exact_text(a)
        if isinstance(a, Fraction):
            text = str(a) if len(str(a)) <= LONGEST else ""
        listed.append(FirstCoefficient(n, text, _decimal(a), _decimal(b)))
    return tuple(listed)


def _decimal(value: object) -> Enclosure:
    return value if isinstance(value, Enclosure) else Enclosure.from_ball(ball(value, 70))


def _growth(series: FormalSeries) -> tuple[Enclosure | None, Enclosure | None, str]:
    gevrey, why = _attempt(series.gevrey_order)
    if gevrey is None:
        return None, None, f"The growth cannot be told: {why}"
    radius, why = _attempt(series.borel().radius)
    order = float(gevrey.value.real)
    if radius is not None:
        return gevrey, radius, "Gevrey-1: the coefficients grow like n!, and the Borel transform has a finite radius."
    kind = "The series converges" if "converges" in why else f"The coefficients grow like n!^{order:.3g}"
    return gevrey, None, f"{kind}: {why}"


# -- singularities ----------------------------------------------------------------------------------------------------


def _known_places(verification: Verification | None) -> tuple[complex, ...]:
    """Where the germ is singular on its first sheet: exactly where that is known, as found elsewhere."""
    if verification is None:
        return ()
    return tuple(complex(_place(row)) for row in verification.rows if _is_singular(row))


def _is_singular(row: Row) -> bool:
    if row.numerical is not None:
        return True
    return row.exact is not None and row.adjacency == "adjacent" and row.status != "refuted"


def _numerical(row: Row) -> Singularity:
    assert row.numerical is not None, "a row has an exact value or a numerical one"
    return row.numerical


def _exact_stokes(model: Model | None, series: FormalSeries) -> dict[str, str]:
    if model is not None:
        return {str(s.location): str(s.stokes_constant) for s in model.singularities if s.stokes_constant is not None}
    germ = series.germ
    if not isinstance(germ, LinearGerm):
        return {}
    return {
        exact_text(point.location): f"{point.stokes_constant.short(15)} ({point.stokes_constant.status})"
        for point in germ.first_sheet()
        if point.stokes_constant is not None
    }


def _nearest(found: Sequence[Singularity]) -> list[Singularity]:
    """Those of least modulus."""
    if not found:
        return []
    least = min(float(abs(s.location)) for s in found)
    return [s for s in found if float(abs(s.location)) <= least * (1 + EQUALLY_NEAR)]


def _late(series: FormalSeries, found: Sequence[Singularity]) -> tuple[tuple[LateCoefficient, ...], str]:
    nearest = _nearest(found)
    if not nearest:
        return (), "No singularity was found that late coefficients could be compared with."
    if any(s.kind == "unresolved" for s in nearest):
        return (), "The exponent of the nearest singularity is too uncertain for a comparison with late coefficients."
    last = len(series) - 1
    listed = []
    for n in sorted({last // 4, last // 2, 3 * last // 4, last}):
        term, beta = series.terms[n], max(complex(s.exponent).real for s in nearest)
        if n <= beta or term == 0:
            continue
        with working_precision(160):
            leading = sum((_leading(s, n) for s in nearest), acb(0))
            value = series.balls(160)[n]
            if leading.contains(0):
                continue
            three = (Enclosure.from_ball(x, "estimated") for x in (value, leading, value / leading))
            listed.append(LateCoefficient(n, *three))
    return tuple(listed), "" if listed else "The late coefficients compared vanish, or the leading terms cancel there."


def _leading(s: Singularity, n: int) -> acb:
    """S/(2 pi i) Gamma(n - beta) A^(beta - n)."""
    exact = s.exponent if isinstance(s.exponent, Fraction) else None
    beta = ball(s.exponent, 160) if exact is None else acb(fmpq(exact.numerator, exact.denominator))
    location, stokes = ball(s.location_enclosure, 160), ball(s.stokes_enclosure, 160)
    if location.real < 0 and location.imag.contains(0):  # on the cut of the powers: the value from above
        location = acb(location.real)
    return stokes / (2 * acb.pi() * acb(0, 1)) * (acb(n) - beta).gamma() * location ** (beta - n)


def _with_reason(table: RichardsonTable, found: Sequence[Singularity]) -> RichardsonTable:
    """Where ratios do not settle, say which singularities are to blame."""
    nearest = _nearest(found)
    images = {_rounded(complex(s.location) ** table.step) for s in nearest}
    if table.limit is not None or not table.rows or len(images) < 2:
        return table
    places = ", ".join(s.location_enclosure.short(8) for s in nearest[:4])
    reason = (
        f" The ratios oscillate: {len(nearest)} singularities are equally near ({places}), and their contributions to "
        "b(n) turn at different angles, so that the ratios have no limit."
    )
    return replace(table, sentence=table.sentence + reason)


def _rounded(z: complex) -> complex:
    size = abs(z)
    return complex(round(z.real / size, 6) + 0.0, round(z.imag / size, 6) + 0.0)


# -- sums -------------------------------------------------------------------------------------------------------------


def _couplings(
    wanted: Sequence[object] | None, found: Sequence[Singularity], verification: Verification | None, borel: Any
) -> tuple[list[object], str]:
    if wanted:
        return list(wanted), "The couplings are those asked for."
    places = _known_places(verification)
    if places:
        z = min(places, key=abs)
        near = f"A = {z.real:.6g}" if abs(z.imag) < 1e-12 * abs(z) else f"A = {z.real:.6g} {z.imag:+.6g}i"
        scale, real = abs(z), abs(z.imag) < 1e-12 * abs(z)
    else:
        radius, _ = _attempt(borel.radius)
        if radius is None:
            return list(NO_SCALE), "No Borel singularity sets a scale, so that the couplings are 1/100, 1/10 and 1."
        near, scale, real = f"|A| = {float(radius.value.real):.4g}", float(radius.value.real), False
    chosen = [_round(scale, share) for share in SHARES]
    if real:
        chosen.append(-_round(scale, SHARES[1]))
    tail = ", and minus a quarter of it for the other side of the Borel plane" if real else ""
    return list(
        chosen
    ), f"Couplings are a tenth, a quarter and all of |A|, where {near} is the nearest singularity{tail}."


def _round(scale: float, share: Fraction) -> Fraction:
    """``share * scale`` as it is where that is a simple fraction, otherwise to two significant digits."""
    simple = Fraction(scale).limit_denominator(64)
    if simple and abs(float(simple) - scale) < 1e-9 * scale:
        return simple * share
    return Fraction(f"{float(share) * scale:.1e}")


def _with_curve(sums: CouplingSums, series: FormalSeries, g: object, wanted: bool) -> CouplingSums:
    if not wanted:
        return sums
    side: Side | None = "above" if sums.stokes else None
    reference = next((row for row in sums.rows if row.side == side and row.value is not None), None)
    if reference is None or reference.value is None:
        return sums
    truth, name = reference.value, reference.way
    curve: Convergence | None = _attempt(lambda: convergence(series, g, truth, name, side))[0]
    return replace(sums, curve=curve)


# -- what holds -------------------------------------------------------------------------------------------------------


def _place(row: Row) -> acb:
    """Where the row says that the germ is singular: exactly where that is known, as found elsewhere."""
    place = row.exact if row.exact is not None else _numerical(row).location_enclosure
    return ball(place, PLACE_BITS)


def _statements(
    verification: Verification | None, ratios: RichardsonTable, sums: Sequence[CouplingSums]
) -> tuple[Statement, ...]:
    statements = []
    if verification is not None and any(row.exact is not None for row in verification.rows):
        for row in verification.rows:
            where = exact_text(row.exact) if row.exact is not None else _numerical(row).location_enclosure.short(10)
            holds = None if row.status is None else row.status != "refuted"
            statements.append(Statement(f"Borel singularity at {where}: {row.reason}", holds))
    singular = [row for row in verification.rows if _is_singular(row)] if verification is not None else []
    if ratios.limit is not None and singular:
        places = [_place(row) for row in singular]
        with working_precision(PLACE_BITS):
            nearest = min(places, key=lambda z: float(abs(z).mid())) ** ratios.step
        holds = ratios.limit.contains(nearest)
        statements.append(Statement(f"the ratios tend to the nearest singularity, {ratios.limit.short(12)}", holds))
    for entry in sums:
        for total in entry.rows:
            if total.covers is not None:
                name = " ".join(filter(None, (total.way, total.side)))
                text = f"at g = {entry.g} {name} and {total.reference} agree within their errors"
                statements.append(Statement(text, total.covers))
    return tuple(statements)


def _provenance(command: str, began: float) -> Provenance:
    packages = ("resurgence", "python-flint", "mpmath", "sympy", "numpy", "scipy", "matplotlib")
    versions = {"python": platform.python_version(), **{name: version(name) for name in packages}}
    return Provenance(
        command=command,
        versions=versions,
        seeds="random primes and draws of inexact coefficients come from fixed seeds: a second run gives these numbers",
        made=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - began, 2),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Files


def check_folder(folder: str | Path) -> Path:
    """Return ``folder`` as a Path where a report can be written, making it where it is not there.

    Raises
    ------
    ValueError
        Where something else than a folder is in the way.
    OSError
        Where it cannot be made.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise ValueError(
            f"a report is written into a folder, but {str(folder)!r} is something else: give another --out"
        )
    for name in (PAGE, NUMBERS):
        if (target / name).is_dir():
            raise ValueError(f"{str(target / name)!r} is a folder, where a file of the report would be written")
    target.mkdir(parents=True, exist_ok=True)
    return target


def write_report(report: Report, folder: str | Path) -> tuple[Path, Path]:
    """Write ``report.html`` and ``report.json`` into a folder, which is made where it is not there.

    Both appear only when they are complete, and replace those of an earlier report; nothing else is touched.

    Parameters
    ----------
    report : Report
    folder : str or Path

    Returns
    -------
    (Path, Path)
        The page, and the numbers.

    Raises
    ------
    ValueError, OSError
        Where the folder cannot be made or written to.

    Examples
    --------
    >>> import math, tempfile
    >>> from resurgence.series import FormalSeries
    >>> report = make_report(FormalSeries.from_function(math.factorial, 5), what="n!")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_report(report, folder)]
    ['report.html', 'report.json']
    """
    from .report_page import page

    target = check_folder(folder)
    texts = {
        PAGE: page(report),
        NUMBERS: json.dumps(report.to_dict(), indent=2, allow_nan=False, ensure_ascii=False) + "\n",
    }
    unfinished = {name: target / f".{name}.{os.getpid()}" for name in texts}
    try:
        for name, text in texts.items():
            unfinished[name].write_text(text, encoding="utf-8")
        for name in texts:
            os.replace(unfinished[name], target / name)
    finally:
        for path in unfinished.values():
            path.unlink(missing_ok=True)
    return target / PAGE, target / NUMBERS
