"""A statement of the paper, and how it is judged.

A check takes a statement as its argument, so that one check judges the printed statement, the corrected one, and a
*rival*: a neighbouring statement that is false. A check that lets the rival pass proves nothing, and the judgement
says so by raising :class:`AuditError`. No verdict is stored anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

__all__ = ["AuditError", "Claim", "Evidence", "Form", "Judgement", "NotCheckable", "Verdict", "judge"]

T = TypeVar("T")


class AuditError(Exception):
    """The audit itself is wrong: a correction that its check refuses, or a rival that it lets pass."""


class Verdict(StrEnum):
    """What became of a statement."""

    HOLDS = "holds"
    HOLDS_CORRECTED = "holds once corrected"
    FAILS = "fails"
    NOT_CHECKABLE = "not checkable"


@dataclass(frozen=True)
class Form(Generic[T]):
    r"""A statement, for people and for its check.

    Attributes
    ----------
    latex
        The statement in the notation of the project, without dollar signs.
    value
        What the check is given: a function, a sympy expression, a number, a tuple of them.
    """

    latex: str
    value: T


@dataclass(frozen=True)
class Evidence:
    """What a check found.

    Attributes
    ----------
    holds
        Whether the statement is right.
    figures
        Pairs of what was computed and what came out, as texts; one at least.
    how
        What the answer rests on: ``"exact"`` (algebra), ``"certified"`` (balls), ``"numeric"`` (an error that was
        estimated, or a measured statistic).
    """

    holds: bool
    figures: tuple[tuple[str, str], ...]
    how: str

    def __post_init__(self) -> None:
        if not self.figures:
            raise ValueError("evidence without a figure: name at least one number that was computed")
        if self.how not in ("exact", "certified", "numeric"):
            raise ValueError(f"evidence is exact, certified or numeric, not {self.how!r}")


@dataclass(frozen=True)
class Claim(Generic[T]):
    """A statement that can be checked.

    Attributes
    ----------
    label
        Its number in the paper: ``"(60)"``, ``"Theorem 3"``, ``"Table 1"``.
    topic
        What it is about, in a few words.
    printed
        The statement as the paper has it.
    check
        From the value of a form to evidence; pure, seeded where it draws.
    corrected
        The right statement where the printed one is wrong; None where it is right.
    repairs
        Whether the correction keeps what the statement is for (a factor, a sign, an index): then it holds once
        corrected. Otherwise it says what is true instead, and the printed statement fails.
    rival
        A false neighbour that the check has to refuse; needed where there is no correction, for then nothing else
        shows that the check can refuse anything.
    remark
        Why, or what follows from it, in a sentence or two.
    """

    label: str
    topic: str
    printed: Form[T]
    check: Callable[[T], Evidence]
    corrected: Form[T] | None = None
    repairs: bool = True
    rival: Form[T] | None = None
    remark: str = ""

    def __post_init__(self) -> None:
        if self.corrected is None and self.rival is None:
            raise ValueError(
                f"{self.label}: give a correction or a rival, so that the check is seen to refuse something"
            )


@dataclass(frozen=True)
class NotCheckable:
    """A statement or a definition about which nothing can be computed.

    Attributes
    ----------
    label, topic
        As those of a :class:`Claim`.
    latex
        The statement.
    why
        Why nothing can be checked.
    """

    label: str
    topic: str
    latex: str
    why: str


@dataclass(frozen=True)
class Judgement:
    """A statement with its verdict.

    Attributes
    ----------
    label, topic, remark
        Those of the claim; the remark of a statement that is not checkable is why.
    verdict
        The verdict.
    printed
        The statement, in LaTeX.
    evidence
        About the printed statement; None where it is not checkable.
    corrected, corrected_evidence
        The corrected statement in LaTeX and the evidence for it, where the printed one is wrong.
    rival, rival_evidence
        The false neighbour and the evidence against it, where there is one.
    seconds
        What the checks took.
    """

    label: str
    topic: str
    verdict: Verdict
    printed: str
    evidence: Evidence | None = None
    corrected: str | None = None
    corrected_evidence: Evidence | None = None
    rival: str | None = None
    rival_evidence: Evidence | None = None
    remark: str = ""
    seconds: float = field(default=0.0, compare=False)


def judge(claim: Claim[T] | NotCheckable) -> Judgement:
    """Run the check of a claim on its forms.

    Parameters
    ----------
    claim
        The statement.

    Returns
    -------
    Judgement
        It holds where the check accepts the printed form. Where it does not, the correction has to be accepted.

    Raises
    ------
    AuditError
        A rival is accepted; the printed form is refused and there is no correction, or it is refused as well.

    Examples
    --------
    >>> def is_square_of_two(value: int) -> Evidence:
    ...     return Evidence(value == 2**2, (("2^2", str(2**2)),), "exact")
    >>> claim = Claim("(1)", "a square", Form("2^2 = 5", 5), is_square_of_two, corrected=Form("2^2 = 4", 4))
    >>> str(judge(claim).verdict)
    'holds once corrected'
    """
    if isinstance(claim, NotCheckable):
        return Judgement(claim.label, claim.topic, Verdict.NOT_CHECKABLE, claim.latex, remark=claim.why)
    start = time.perf_counter()
    evidence = claim.check(claim.printed.value)
    corrected, rival = claim.corrected, claim.rival
    corrected_evidence = rival_evidence = None
    if rival is not None:
        rival_evidence = claim.check(rival.value)
        if rival_evidence.holds:
            raise AuditError(f"{claim.label}: the check accepts the false neighbour {rival.latex}")
    if evidence.holds:
        verdict, corrected = Verdict.HOLDS, None
    elif corrected is None:
        raise AuditError(f"{claim.label}: the check refuses the printed statement, and there is no correction of it")
    else:
        corrected_evidence = claim.check(corrected.value)
        if not corrected_evidence.holds:
            raise AuditError(f"{claim.label}: the check refuses the correction {corrected.latex}")
        verdict = Verdict.HOLDS_CORRECTED if claim.repairs else Verdict.FAILS
    return Judgement(
        claim.label,
        claim.topic,
        verdict,
        claim.printed.latex,
        evidence,
        None if corrected is None else corrected.latex,
        corrected_evidence,
        None if rival is None else rival.latex,
        rival_evidence,
        claim.remark,
        time.perf_counter() - start,
    )
