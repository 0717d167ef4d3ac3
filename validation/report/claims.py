"""The document of ``python -m validation claims`` as HTML: the paper, statement by statement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from validation.claims.claim import Evidence, Judgement, Verdict
from validation.claims.page import section

from .markup import badge, table
from .measurement import Document

__all__ = ["judgements", "show"]


def judgements(document: Document) -> list[Judgement]:
    """The judgements of a document, as they were before they were written.

    Raises
    ------
    KeyError, TypeError, ValueError
        The document is not of that kind.
    """
    return [_judgement(one) for one in document["claims"]]


def _judgement(one: Document) -> Judgement:
    return Judgement(
        **{
            **one,
            "verdict": Verdict(one["verdict"]),
            **{name: _evidence(one[name]) for name in ("evidence", "corrected_evidence", "rival_evidence")},
        }
    )


def _evidence(one: dict[str, Any] | None) -> Evidence | None:
    return None if one is None else Evidence(one["holds"], tuple((a, b) for a, b in one["figures"]), one["how"])


def show(document: Document, folder: Path) -> str:
    """Every statement with its verdict; first of all, where the audit itself is unsound."""
    unsound = [[badge("unsound", "bad"), error] for error in document["errors"]]
    return (table(("", ""), unsound) if unsound else "") + section(judgements(document))
