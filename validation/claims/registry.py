"""All statements of the paper that are judged, in the paper's order, and what judging them gives.

>>> [entry.label for entry in find("30")]
['(30)']
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from . import (
    algorithms,
    borel_summation,
    coarea,
    critical_points,
    estimation,
    euler_series,
    experiments,
    learning_rate,
    partition_function,
    quartic_oscillator,
    quartic_table,
    quartic_transseries,
    saddle_expansion,
)
from .claim import AuditError, Claim, Judgement, NotCheckable, Verdict, judge

__all__ = ["CLAIMS", "Audit", "Entry", "audit", "equation_numbers", "find", "judge"]

Entry = Claim[Any] | NotCheckable

#: Every statement, in the order of the numbers in the paper, then its algorithms, experiments and tables.
CLAIMS: tuple[Entry, ...] = (
    *euler_series.CLAIMS,
    *borel_summation.CLAIMS,
    *partition_function.CLAIMS,
    *critical_points.CLAIMS,
    *estimation.CLAIMS,
    *learning_rate.CLAIMS,
    *saddle_expansion.CLAIMS,
    *coarea.CLAIMS,
    *quartic_oscillator.CLAIMS,
    *quartic_transseries.CLAIMS,
    *quartic_table.CLAIMS,
    *algorithms.CLAIMS,
    *experiments.CLAIMS,
)

_NUMBER = re.compile(r"\((\d+)\)")

#: Labels that an error message proposes.
_PROPOSED = 6


@dataclass(frozen=True)
class Audit:
    """The judgements, and what is wrong with the audit itself.

    Attributes
    ----------
    judgements
        One for each statement that could be judged.
    errors
        Sentences: corrections that were refused, false neighbours that passed. None of them in a sound audit.
    """

    judgements: tuple[Judgement, ...]
    errors: tuple[str, ...]

    def counts(self) -> dict[Verdict, int]:
        """How many statements have each verdict, zeros included.

        >>> Audit((), ()).counts()[Verdict.HOLDS]
        0
        """
        counted = Counter(judgement.verdict for judgement in self.judgements)
        return {verdict: counted[verdict] for verdict in Verdict}


def audit(entries: Iterable[Entry]) -> Iterator[Judgement | AuditError]:
    """Judge statements one by one; where the audit of one is unsound, its error comes in the judgement's place."""
    for entry in entries:
        try:
            yield judge(entry)
        except AuditError as error:
            yield error


def equation_numbers(label: str) -> tuple[int, ...]:
    """The equations that a label names, ranges spelled out; none for a theorem or a table.

    >>> equation_numbers("(60)"), equation_numbers("(55)-(57)"), equation_numbers("Table 1")
    ((60,), (55, 56, 57), ())
    """
    numbers = [int(number) for number in _NUMBER.findall(label)]
    if len(numbers) == 2 and re.fullmatch(r"\(\d+\)-\(\d+\)", label):
        return tuple(range(numbers[0], numbers[1] + 1))
    return tuple(numbers)


def find(name: str) -> tuple[Entry, ...]:
    """The statements of a label.

    Parameters
    ----------
    name
        The number of an equation, with or without parentheses, or a label; the beginning of several labels
        (``"Table 1"`` of ``"Table 1, g = 0.1"``) names all of them. Case does not matter.

    Returns
    -------
    tuple of Claim or NotCheckable
        One at least.

    Raises
    ------
    ValueError
        There is no such label; the message proposes similar ones.

    Examples
    --------
    >>> [entry.label for entry in find("theorem 1")]
    ['Theorem 1']
    >>> find("theorem 7")
    Traceback (most recent call last):
        ...
    ValueError: no statement is called 'theorem 7'; similar ones: Theorem 3, Theorem 1
    """
    wanted = name.strip()
    if re.fullmatch(r"\(?\d+\)?", wanted):
        number = int(wanted.strip("()"))
        found = tuple(entry for entry in CLAIMS if number in equation_numbers(entry.label))
    else:
        found = tuple(entry for entry in CLAIMS if entry.label.casefold() == wanted.casefold()) or tuple(
            entry for entry in CLAIMS if entry.label.casefold().startswith(f"{wanted.casefold()},")
        )
    if found:
        return found
    labels = {entry.label.casefold(): entry.label for entry in CLAIMS}
    near = difflib.get_close_matches(wanted.casefold(), labels, n=_PROPOSED, cutoff=0.7)
    proposed = f"similar ones: {', '.join(labels[one] for one in near)}" if near else _kinds()
    raise ValueError(f"no statement is called {name!r}; {proposed}")


def _kinds() -> str:
    others = [entry.label for entry in CLAIMS if not equation_numbers(entry.label)]
    numbers = sorted({number for entry in CLAIMS for number in equation_numbers(entry.label)})
    return f"there are the equations {numbers[0]} to {numbers[-1]}, and {', '.join(others)}"
