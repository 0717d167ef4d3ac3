"""What :func:`resurgence.verify` returns: a table of exact values beside numerical evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import sympy

from .algebraic import AlgebraicDifference, AlgebraicNumber
from .numbers import Enclosure, Status, ball
from .series import FormalSeries

if TYPE_CHECKING:
    from .singularities import Singularity

__all__ = ["HEADINGS", "Adjacency", "Row", "Verification", "exact_text"]

Adjacency = Literal["adjacent", "not adjacent", "not seen", "expansion point"]

#: Headings of the columns of :meth:`Verification.cells`.
HEADINGS = ("exact", "location", "numerical", "digits", "first sheet", "exponent", "status")


@dataclass(frozen=True, slots=True)
class Row:
    """One exact value beside the evidence, or a piece of evidence that no exact value explains.

    Attributes
    ----------
    exact : sympy number, AlgebraicNumber, Enclosure or None
        Where the exact statement puts a singularity, relative to the expansion point (an Enclosure for a claim made to
        so many digits); None for evidence without one.
    location_status : str or None
        ``"proved"`` where exact algebra says that this is a possible location; None for a claim.
    multiplicity : int or None
        Of the critical value.
    numerical : Singularity or None
        What the coefficients show there.
    digits : int or None
        Digits to which the two agree.
    adjacency : str
        ``"adjacent"`` (singular on the first sheet), ``"not adjacent"`` (analytic there on the first sheet),
        ``"not seen"`` (out of reach of the coefficients used), ``"expansion point"``.
    exponent : Fraction, mpmath.mpc or None
        Exact where known, otherwise what the evidence says.
    status : str or None
        Of the row as a whole: ``"proved"``, ``"estimated"``, ``"refuted"``; None where nothing can be decided.
    reason : str
        The evidence in a sentence.
    """

    exact: Any
    location_status: Status | None
    multiplicity: int | None
    numerical: Singularity | None
    digits: int | None
    adjacency: Adjacency
    exponent: Any
    status: Status | None
    reason: str

    def to_dict(self) -> dict[str, object]:
        return {
            "exact": None if self.exact is None else exact_text(self.exact),
            "approximately": None if self.exact is None else _decimal(self.exact),
            "location_status": self.location_status,
            "multiplicity": self.multiplicity,
            "numerical": None if self.numerical is None else self.numerical.to_dict(),
            "digits": self.digits,
            "adjacency": self.adjacency,
            "exponent": None if self.exponent is None else str(self.exponent),
            "status": self.status,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of :func:`verify`: true where no row is refuted and every claim is decided.

    Attributes
    ----------
    name : str
        What was examined.
    rows : tuple of Row
    terms : int
        Coefficients that the evidence rests on.
    basis : str
        What the exact side rests on.
    """

    name: str
    rows: tuple[Row, ...]
    terms: int
    basis: str
    series: FormalSeries = field(repr=False, compare=False)

    def __bool__(self) -> bool:
        return all(row.status is not None and row.status != "refuted" for row in self.rows)

    @property
    def refuted(self) -> tuple[Row, ...]:
        """The rows that the evidence contradicts."""
        return tuple(row for row in self.rows if row.status == "refuted")

    @property
    def singularities(self) -> tuple[Singularity, ...]:
        """The numerical side alone."""
        return tuple(row.numerical for row in self.rows if row.numerical is not None)

    def to_dict(self) -> dict[str, object]:
        """Everything as plain text and numbers."""
        return {
            "name": self.name,
            "verified": bool(self),
            "terms": self.terms,
            "basis": self.basis,
            "rows": [row.to_dict() for row in self.rows],
        }

    def cells(self) -> list[tuple[str, ...]]:
        """The table as text, a tuple a row: see :data:`HEADINGS`."""
        return [_cells(row) for row in self.rows]

    def summary(self) -> str:
        """The outcome in a sentence."""
        if all(row.exact is None for row in self.rows) and not self.refuted:
            verdict = "no exact statement to check"
        elif self:
            verdict = "verified"
        elif self.refuted:
            verdict = f"refuted: {'; '.join(row.reason for row in self.refuted)}"
        else:
            verdict = "undecided: " + "; ".join(row.reason for row in self.rows if row.status is None)
        return f"{self.name}: {verdict} ({self.basis}; evidence from {self.terms} coefficients)"

    def __str__(self) -> str:
        table = [HEADINGS, *self.cells()]
        widths = [max(len(row[k]) for row in table) for k in range(len(HEADINGS))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table]
        return "\n".join([self.summary(), lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])

    def _repr_markdown_(self) -> str:
        lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
        for row, cells in zip(self.rows, self.cells(), strict=True):
            exact = "" if row.exact is None else f"${_latex(row.exact)}$"
            lines.append("| " + " | ".join([exact, *cells[1:]]) + " |")
        return "\n".join([f"**{self.summary()}**", "", *lines])


# ---------------------------------------------------------------------------------------------------------------------
# Text


def _decimal(value: Any) -> str:
    return str(Enclosure.from_ball(ball(value, 70)).short(15))


def exact_text(value: Any) -> str:
    """An exact number in a few characters: itself if short, otherwise its minimal polynomial's degree and a decimal."""
    if isinstance(value, AlgebraicDifference):
        return f"{_decimal_short(value)} (difference of roots)"
    if isinstance(value, AlgebraicNumber):
        degree = value.minimal_polynomial().degree()
        if degree > 2:
            return f"{_decimal_short(value)} (root, degree {degree})"
        value = value.to_sympy()
    if isinstance(value, Enclosure):
        return value.short(12)
    text = str(value)
    return text if len(text) <= 28 else _decimal_short(value)


def _decimal_short(value: Any) -> str:
    return str(Enclosure.from_ball(ball(value, 70)).short(12))


def _latex(value: Any) -> str:
    if isinstance(value, Enclosure):
        return value.short(12)
    if isinstance(value, AlgebraicDifference):
        return _decimal_short(value)
    if isinstance(value, AlgebraicNumber):
        return _decimal_short(value) if value.field.degree > 2 else str(sympy.latex(value.to_sympy()))
    return str(sympy.latex(value))


def _cells(row: Row) -> tuple[str, ...]:
    exact = "" if row.exact is None else exact_text(row.exact)
    if row.multiplicity is not None and row.multiplicity > 1:
        exact += f" (x{row.multiplicity})"
    location = row.location_status or ("claimed" if row.exact is not None else "")
    numerical = "" if row.numerical is None else row.numerical.location_enclosure.short(20)
    digits = "" if row.digits is None else str(row.digits)
    exponent = "" if row.exponent is None else _exponent_text(row)
    possible_only = row.status == "proved" and row.numerical is None and row.exponent is None
    status = "" if possible_only else row.status or "undecided"
    return exact, location, numerical, digits, row.adjacency, exponent, status


def _exponent_text(row: Row) -> str:
    if isinstance(row.exponent, Fraction):
        kind = "pole" if row.exponent < 0 and row.exponent.denominator == 1 else ""
        kind = "log" if row.exponent.denominator == 1 and row.exponent >= 0 else kind
        return f"{row.exponent} ({kind})" if kind else str(row.exponent)
    return f"{complex(row.exponent).real:.3g}"
