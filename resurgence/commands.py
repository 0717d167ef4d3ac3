"""What the commands do: each takes its parsed options, prints, and says whether all holds."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from collections.abc import Callable
from typing import Any

import mpmath
from flint import acb
from rich.table import Table
from rich.text import Text

from . import models
from .action import Action
from .coefficient_file import read_coefficients
from .continued_sum import Method
from .errors import StokesLineError
from .laplace import borel_sum
from .models import Model
from .number_text import exact_number, rounded_number
from .numbers import Enclosure, check_digits
from .rays import Ray
from .report_sums import bare, digits_in_common
from .series import FormalSeries
from .terminal import STATUS_STYLES, print_json, print_rich, progress, table, verification_table
from .verification import Verification, exact_text
from .verify import verify

__all__ = ["analyze", "report", "show_models", "total"]

#: Most coefficients that can be asked for.
MAX_TERMS = 5000

#: Coefficients to sum with, one number after the other until the digits asked for are reached.
_COUNTS = (60, 120, 240)

#: Coefficients of an equation's solution, where --terms does not say.
_EQUATION_TERMS = 120

#: Coefficients that a report of a series begins with.
_FIRST_TERMS = 6

#: Singularities found that a report spells out.
_SHOWN_SINGULARITIES = 8

Subject = Model | Action | FormalSeries


def _subject(options: argparse.Namespace) -> Subject:
    """What WHAT stands for: a file that is there, a differential equation, a model, or an action."""
    text: str = options.what
    if os.path.isfile(text):  # pathlib's raises where the text is too long for a name
        _refuse_initial(options, "a file of coefficients has")
        return read_coefficients(text)
    if _is_equation(text):
        if options.initial is None:
            raise ValueError("an equation needs the first coefficients of its power series, as in --initial 0,1")
        initial = [exact_number(part) for part in options.initial.split(",")]
        return FormalSeries.from_ode(text, initial, _terms(options) or _EQUATION_TERMS)
    _refuse_initial(options, "models and actions have")
    name = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*(\([^()]*\))?\s*", text)
    if name is not None:
        try:
            return models.get(text)
        except ValueError as error:
            if any(known.split("(")[0] == name[1] for known in models.names()):
                raise  # a model, but not with this parameter
            raise ValueError(f"{text!r} is no file and no action such as 'x**2 + x**4', and {error}") from None
    try:
        return Action(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no file and no model, and as an action: {error}") from None


def _is_equation(text: str) -> bool:
    """Whether there are primes, as in y'' but not as in 'y'."""
    return "'" in text and re.search(r"(?<![\w'])'", text) is None


def _refuse_initial(options: argparse.Namespace, which: str) -> None:
    if options.initial is not None:
        raise ValueError(f"--initial gives the first coefficients of an equation's solution; {which} no use for it")


def _kind(subject: Subject) -> str:
    if isinstance(subject, FormalSeries):
        return "coefficients" if subject.germ is None else "equation"
    return "model" if isinstance(subject, Model) else "action"


def _point(text: str | None, subject: Subject) -> tuple[Any, ...] | None:
    """The critical point of --at: exact where it is exact, otherwise as far as the decimals go."""
    if text is None:
        return None
    if not isinstance(subject, Action):
        raise ValueError("--at names the critical point of an action; models and files have none")
    listed = re.fullmatch(r"\s*\((.*,.*)\)\s*", text)  # "(3, 2)" for "3,2"
    return tuple(_coordinate(part) for part in (listed[1] if listed else text).split(","))


def _coordinate(text: str) -> Any:
    try:
        value = rounded_number(text)
    except ValueError:
        return exact_number(text)
    return Enclosure.from_ball(value) if isinstance(value, acb) else value


def _terms(options: argparse.Namespace) -> int | None:
    if options.terms is not None and not 1 <= options.terms <= MAX_TERMS:
        raise ValueError(f"--terms must lie between 1 and {MAX_TERMS}, got {options.terms}")
    return None if options.terms is None else int(options.terms)


# ---------------------------------------------------------------------------------------------------------------------
# models


def show_models(options: argparse.Namespace) -> bool:
    """``resurgence models [NAME]``."""
    if options.name is not None:
        _show_model(models.get(options.name), options.json)
    elif options.json:
        print_json({"models": [_model_dict(name, _example(name)) for name in models.names()]})
    else:
        listing = table("name", "what it is", "Borel singularities", "reference")
        for name in models.names():
            model = _example(name)
            listing.add_row(name, model.title, _places(model), model.references[0])
        print_rich(listing, "", Text("one of them in detail: resurgence models NAME"))
    return True


def _example(name: str) -> Model:
    """The model of a name, or one of the family that a name with a parameter stands for."""
    return models.get(name.replace("(nu)", "(1/3)"))


def _places(model: Model) -> str:
    exact = model.singularities
    texts = [f"{s.kind} at {s.location}" for s in exact[:2]]
    return ", ".join(texts) + (", ..." if len(exact) > 2 else "") or "none"


def _model_dict(name: str, model: Model) -> dict[str, Any]:
    return {
        "name": name,
        "title": model.title,
        "formula": model.latex,
        "action": model.action,
        "singularities": [
            {"location": str(s.location), "exponent": str(s.exponent), "stokes_constant": _known(s.stokes_constant)}
            for s in model.singularities
        ],
        "references": list(model.references),
    }


def _known(value: object) -> str | None:
    return None if value is None else str(value)


def _show_model(model: Model, as_json: bool) -> None:
    if as_json:
        print_json({**_model_dict(model.name, model), "series": _series_dict(model.series(_FIRST_TERMS))})
        return
    facts = Table.grid(padding=(0, 2))
    facts.add_row("formula", model.latex)
    if model.action is not None:
        facts.add_row("action", f"V = {model.action}")
    facts.add_row("series", str(model.series(_FIRST_TERMS)))
    for k, reference in enumerate(model.references):
        facts.add_row("" if k else "references", reference)
    places = table("Borel singularity", "kind", "exponent", "Stokes constant")
    for s in model.singularities:
        places.add_row(str(s.location), s.kind, str(s.exponent), _known(s.stokes_constant) or "")
    print_rich(Text(str(model), style="bold"), facts, "", places)


# ---------------------------------------------------------------------------------------------------------------------
# analyze


def analyze(options: argparse.Namespace) -> bool:
    """``resurgence analyze WHAT``: true where everything is verified."""
    digits, terms = check_digits(options.digits), _terms(options)
    claims = None if options.claim is None else [_claim(text) for text in options.claim]
    if options.plot is not None:
        from .plotting import check_plot_path

        check_plot_path(options.plot)
    subject = _subject(options)
    at = _point(options.at, subject)
    with progress("looking for Borel singularities"):
        verification = verify(subject, claims, at=at, terms=terms, digits=digits)
    if options.plot is not None:
        from .plotting import plot_borel

        with progress("drawing the Borel plane"):
            plot_borel(verification, options.plot)
    if options.json:
        print_json({**_analysis_dict(options.what, subject, verification), "plot": options.plot})
    else:
        _show_analysis(subject, verification, options.plot)
    return bool(verification)


def _claim(text: str) -> object:
    """A claimed location; a decimal stands for a number rounded to the digits written."""
    try:
        rounded = rounded_number(text)
    except ValueError:
        return exact_number(text)
    return Enclosure.from_ball(rounded, "estimated") if isinstance(rounded, acb) else rounded


def _analysis_dict(what: str, subject: Subject, verification: Verification) -> dict[str, Any]:
    document: dict[str, Any] = {
        "what": what,
        "kind": _kind(subject),
        **verification.to_dict(),
        "series": _series_dict(verification.series),
    }
    if isinstance(subject, Action):
        document["critical_values"] = [
            {
                "value": exact_text(c.algebraic),
                "approximately": c.enclosure(20).to_dict(),
                "minimal_polynomial": [str(a) for a in c.minimal_polynomial.coeffs()],
                "multiplicity": c.multiplicity,
            }
            for c in subject.critical_values()
        ]
    return document


def _series_dict(series: FormalSeries) -> dict[str, Any]:
    return {
        "text": str(series),
        "action": exact_text(series.action),
        "exponent": str(series.exponent),
        "constant": str(series.constant),
        "terms": len(series),
        "first": [a.to_dict() if isinstance(a, Enclosure) else str(a) for a in series.coefficients[:_FIRST_TERMS]],
    }


def _show_analysis(subject: Subject, verification: Verification, plot: str | None) -> None:
    facts = Table.grid(padding=(0, 2))
    facts.add_row("series", str(verification.series))
    if isinstance(subject, Action):
        facts.add_row("critical values", ", ".join(_with_multiplicity(c) for c in subject.critical_values()))
    style = "bold green" if verification else "bold red"
    print_rich(Text(verification.summary(), style=style), facts, "", verification_table(verification), "")
    print_rich(*_notes(verification))
    if plot is not None:
        print_rich(Text(f"Borel plane drawn in {plot}"))


def _notes(verification: Verification) -> list[Text]:
    """What the coefficients show, and why there is no number beside an exact value (same reasons in one line)."""
    found = verification.singularities
    notes = [f"from the coefficients: {singularity}" for singularity in found[:_SHOWN_SINGULARITIES]]
    if len(found) > _SHOWN_SINGULARITIES:
        notes.append(f"from the coefficients: {len(found) - _SHOWN_SINGULARITIES} more, further out")
    values: dict[str, list[str]] = {}
    for row in verification.rows:
        if row.numerical is None and row.exact is not None and row.status != "refuted":
            values.setdefault(row.reason, []).append(exact_text(row.exact))
    notes += [why if why.startswith(which[0]) else f"{', '.join(which)}: {why}" for why, which in values.items()]
    return [Text(note) for note in notes]


def _with_multiplicity(critical: Any) -> str:
    text = exact_text(critical.algebraic)
    return text if critical.multiplicity == 1 else f"{text} (x{critical.multiplicity})"


# ---------------------------------------------------------------------------------------------------------------------
# sum


def total(options: argparse.Namespace) -> bool:
    """``resurgence sum WHAT --g G``: true where the sums agree with the exact value, if there is one."""
    digits, terms, g = check_digits(options.digits), _terms(options), exact_number(options.g)
    direction = None if options.direction is None else exact_number(options.direction)
    ray = Ray(g, options.side, direction)  # refuses what makes no sense before any work
    subject = _subject(options)
    at = _point(options.at, subject)
    try:
        with progress(f"summing at g = {options.g}"):
            sums = _sums(subject, at, ray, digits, terms, options.continuation)
            unknown = "" if not isinstance(subject, Model) else _add_exact(sums, subject, ray, digits)
    except StokesLineError as error:
        places = ", ".join(exact_text(s.location) for s in error.singularities[:3])
        raise ValueError(
            f"the ray of summation passes through a Borel singularity, at {places}: "
            "choose --side above, below or median, or another --direction"
        ) from None
    exact = sums.get("exact value") or sums.get("Borel sum")
    if options.json:
        print_json({**_sums_dict(options, subject, sums), "exact_unknown": unknown})
    else:
        print_rich(Text(f"{options.what} at g = {options.g}", style="bold"), _sums_table(sums, digits))
        if unknown:
            print_rich(Text(f"no exact value: {unknown}"))
    return exact is None or all(value.contains(exact) for value in sums.values())


def _sums(
    subject: Subject, at: tuple[Any, ...] | None, ray: Ray, digits: int, terms: int | None, continuation: Method
) -> dict[str, Enclosure]:
    """What is known of the sum, by the name of the way it was got."""
    where: dict[str, Any] = {"side": ray.side, "direction": ray.direction}
    if isinstance(subject, Model):
        return _certified(subject.series(1), ray, digits, where) | _sum_of_coefficients(
            lambda n: bare(subject.series(n)), ray, digits, terms, continuation
        )
    if isinstance(subject, Action):
        return _certified(subject.expand(1, at=at), ray, digits, where) | _sum_of_coefficients(
            lambda n: bare(subject.expand(n, at=at)), ray, digits, terms, continuation
        )
    return _certified(subject, ray, digits, where) | _sum_of_coefficients(
        lambda n: bare(subject.truncate(n)), ray, digits, terms or len(subject), continuation
    )


def _add_exact(sums: dict[str, Enclosure], model: Model, ray: Ray, digits: int) -> str:
    """Put the exact value with the sums, or say why there is none."""
    try:
        sums["exact value"] = model.exact(ray.g, digits, side=ray.side, direction=ray.direction)
    except StokesLineError:
        raise
    except ValueError as error:
        return str(error)
    return ""


def _certified(series: FormalSeries, ray: Ray, digits: int, where: dict[str, Any]) -> dict[str, Enclosure]:
    """The sum that rests on the linear equation of the germ, where it is known."""
    return {} if series.germ is None else {"Borel sum": borel_sum(series, ray.g, digits, **where)}


def _sum_of_coefficients(
    series: Callable[[int], FormalSeries], ray: Ray, digits: int, terms: int | None, continuation: Method
) -> dict[str, Enclosure]:
    """The sum of the coefficients asked for, or the best with more and more until the digits are reached."""
    results = {}
    for count in _COUNTS if terms is None else (terms,):
        result = borel_sum(
            series(count), ray.g, digits, side=ray.side, direction=ray.direction, continuation=continuation
        )
        results[f"from {count} coefficients"] = result
        if result.digits >= digits:
            break
    best = min(results, key=lambda name: results[name].error)
    return {best: results[best]}


def _sums_table(sums: dict[str, Enclosure], digits: int) -> Table:
    lines, exact = Table.grid(padding=(0, 2)), sums.get("exact value")
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    for name, value in sums.items():
        shown = min(digits, value.digits + 1)
        rounding = 5 * mpmath.mpf(10) ** -shown * abs(value.value)  # of the text; the number itself is better
        lines.add_row(name, Text(value.short(shown), style="bold"))
        error = Text(f"± {mpmath.nstr(value.error + rounding, 2)} ").append(value.status, STATUS_STYLES[value.status])
        lines.add_row("", error.append(f", {value.method}"))
        if exact is not None and value is not exact:
            lines.add_row("", _comparison(value, exact))
    return lines


def _comparison(value: Enclosure, exact: Enclosure) -> Text:
    common = f"{digits_in_common(value, exact)} digits in common with the exact value"
    return Text(common, style="green") if value.contains(exact) else Text(f"DISAGREES: {common}", style="bold red")


def _sums_dict(options: argparse.Namespace, subject: Subject, sums: dict[str, Enclosure]) -> dict[str, Any]:
    exact = sums.get("exact value")
    document: dict[str, Any] = {
        "what": options.what,
        "kind": _kind(subject),
        "g": options.g,
        "digits": options.digits,
        "side": options.side,
        "direction": options.direction,
        "exact": None if exact is None else exact.to_dict(),
        "sums": [],
    }
    for name, value in sums.items():
        if value is not exact:
            entry: dict[str, Any] = {"name": name, **value.to_dict(), "digits": value.digits}
            if exact is not None:
                entry |= {"agrees": value.contains(exact), "digits_in_common": digits_in_common(value, exact)}
            document["sums"].append(entry)
    return document


# ---------------------------------------------------------------------------------------------------------------------
# report


def report(options: argparse.Namespace) -> bool:
    """``resurgence report WHAT --out DIR``: true where every statement of the report holds."""
    from .report import check_folder, make_report, write_report

    digits, terms = check_digits(options.digits), _terms(options)
    couplings = None if options.g is None else [exact_number(text) for text in options.g]
    for g in couplings or ():
        Ray(g)  # refuses what is no coupling before any work
    subject = _subject(options)
    at = _point(options.at, subject)
    folder = check_folder(options.out)
    made = make_report(
        subject,
        what=options.what,
        at=at,
        terms=terms,
        couplings=couplings,
        digits=digits,
        command=shlex.join(["resurgence", *options.arguments]),
        step=progress,
    )
    with progress("writing the report"):
        page, numbers = write_report(made, folder)
    if options.json:
        print_json(made.to_dict())
    else:
        print_rich(Text(made.summary(), style="bold green" if made else "bold red"), Text(f"{page}\n{numbers}"))
    return bool(made)
