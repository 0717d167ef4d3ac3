"""What is demanded of estimates, and whether they meet it.

Of the default method: the median over seeds of the error at the worst point is at most what the case allows; an
estimate takes at most 30 seconds (median); none fails. Of every method: the scores, errors in units of the stated ones,
of the estimates that carry no warning have a root mean square from 0.7 to 1.4. Of 50 exact normal scores it is in
[0.70, 1.32] with a probability of 99.8 %; with fewer seeds the range is widened to the one of that probability. Where
the truth is out of reach an estimate that is wrong has to carry a warning.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import chi2

from ..benchmarks.registry import Gate
from .cases import Case
from .record import VOLUMES, Record

__all__ = ["DEFAULT", "Verdict", "judge", "score_range"]

#: The method on which accuracy and time are demanded, for log Z.
DEFAULT = "auto"
#: Seconds that an estimate may take.
_SECONDS = 30.0
#: Range of the root mean square of the scores.
_RANGE = (0.7, 1.4)
#: Probability with which exact normal scores are outside on either side, where few seeds widen the range.
_TAIL = 1e-3
#: An estimate of a treacherous case is right within this error and this many stated ones.
_RIGHT, _RIGHT_SCORE = 0.1, 4.0


@dataclass(frozen=True)
class Verdict:
    """The estimates of one case by one method, summed up.

    Attributes
    ----------
    case : Case
    method : str
    estimates, warned : int
        How many there are, and how many of them carry a warning.
    failures : tuple of str
        What the others failed with.
    error : float
        Median over seeds of the largest absolute error. NaN, like the next three, where there is no estimate.
    stated : float
        Median over seeds of the largest stated error.
    rms : float
        Root mean square of the scores of all estimates, over seeds and points.
    rms_trusted : float
        Of those without a warning; NaN where there is none.
    rms_points : tuple of float
        The same at each point.
    seconds, cpu_seconds : float
        Medians.
    warnings : tuple of str
        One estimate's, as an example.
    gates : tuple of Gate
    """

    case: Case
    method: str
    estimates: int
    warned: int
    failures: tuple[str, ...]
    error: float
    stated: float
    rms: float
    rms_trusted: float
    rms_points: tuple[float, ...]
    seconds: float
    cpu_seconds: float
    warnings: tuple[str, ...]
    gates: tuple[Gate, ...]

    @property
    def holds(self) -> bool:
        """Whether every demand is met."""
        return all(gate.holds for gate in self.gates)


def score_range(seeds: int) -> tuple[float, float]:
    """The range that is demanded of the root mean square of the scores of so many seeds.

    >>> score_range(50)
    (0.7, 1.4)
    >>> tuple(round(x, 2) for x in score_range(5))
    (0.21, 2.03)
    """
    low, high = (math.sqrt(chi2.ppf(p, seeds) / seeds) for p in (_TAIL, 1 - _TAIL))
    return min(_RANGE[0], low), max(_RANGE[1], high)


def judge(case: Case, method: str, records: Sequence[Record]) -> Verdict:
    """Sum up the estimates of a case by a method.

    Raises
    ------
    ValueError
        No records.
    """
    if not records:
        raise ValueError(f"there is no estimate of {case.name} by {method} to judge")
    made = [record for record in records if not record.failure]
    trusted = [record for record in made if not record.warnings]
    warned = [record for record in made if record.warnings]
    error = _median([record.worst for record in made])
    seconds = _median([record.seconds for record in made])
    rms_trusted = _rms([z for record in trusted for z in record.scores])
    by_point = list(zip(*(record.scores for record in trusted), strict=True)) if trusted else []
    failures = tuple(record.failure for record in records if record.failure)

    gates = []
    if method in (DEFAULT, VOLUMES):
        gates.append(Gate("estimates that failed: none", float(len(failures)), not failures))
        if made:
            gates.append(Gate(f"seconds an estimate: at most {_SECONDS:g}", seconds, seconds <= _SECONDS))
            if case.demanded is not None:
                gates.append(Gate(f"|error|: at most {case.demanded:g}", error, error <= case.demanded))
    if case.treacherous:
        silent = sum(not _right(record) for record in trusted)
        gates.append(Gate("wrong without a warning: none", float(silent), not silent))
    elif trusted:
        low, high = score_range(len(trusted))
        text = f"rms score of {len(trusted)} estimates without a warning: {low:.3g} to {high:.3g}"
        gates.append(Gate(text, rms_trusted, low <= rms_trusted <= high))
    return Verdict(
        case,
        method,
        len(made),
        len(warned),
        failures,
        error,
        _median([max(record.std_errors) for record in made]),
        _rms([z for record in made for z in record.scores]),
        rms_trusted,
        tuple(map(_rms, by_point)),
        seconds,
        _median([record.cpu_seconds for record in made]),
        warned[0].warnings if warned else (),
        tuple(gates),
    )


def _right(record: Record) -> bool:
    return record.worst <= _RIGHT and max(map(abs, record.scores)) <= _RIGHT_SCORE


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan


def _rms(values: Sequence[float]) -> float:
    return math.sqrt(statistics.fmean(x * x for x in values)) if values else math.nan
