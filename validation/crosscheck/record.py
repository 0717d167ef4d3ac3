"""One estimate beside the truth, and the file that keeps the estimates of a campaign.

The file has one JSON document a line. A line is written whole and forced to the disk before the next estimate begins,
so that a campaign that was stopped anywhere goes on where it was. Estimates by other versions of the estimators, or at
other points, stay in the file and are not used.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch

import surge
from surge import Landscape
from surge.partition.nested import sublevel_volumes

from .cases import Case

__all__ = ["VOLUMES", "Estimate", "Estimator", "Journal", "Record", "estimate", "estimators_version", "measure"]

#: The method by which the volumes B(t) are estimated.
VOLUMES = "nested"


@dataclass(frozen=True)
class Estimate:
    """Values at the points of a case, their stated standard errors, and what speaks against trusting them."""

    values: tuple[float, ...]
    std_errors: tuple[float, ...]
    warnings: tuple[str, ...] = ()


#: From a case, its landscape, a method and a seed to an estimate.
Estimator: TypeAlias = Callable[[Case, Landscape, str, int], Estimate]


def estimate(case: Case, land: Landscape, method: str, seed: int) -> Estimate:
    """Estimate a case's quantity at its points by the public interface of :mod:`surge`.

    Raises
    ------
    ValueError, RuntimeError
        The method does not apply.

    Examples
    --------
    >>> from validation.crosscheck.cases import CASES
    >>> case = CASES["quartic-1"]
    >>> found = estimate(case, case.landscape(), "monte_carlo", 0)
    >>> abs(found.values[-1] - case.exact([10.0])[0]) < 5 * found.std_errors[-1]
    True
    """
    if case.quantity == "log Z":
        est = surge.log_partition(land, case.points, method=method, seed=seed)
        return Estimate(tuple(est.log_z.tolist()), tuple(est.std_error.tolist()), tuple(est.warnings))
    volumes = sublevel_volumes(land, torch.tensor(case.points, dtype=torch.float64), seed=seed)
    return Estimate(tuple(volumes.log_volume.tolist()), tuple(volumes.std_error.tolist()), tuple(volumes.warnings))


@dataclass(frozen=True)
class Record:
    """One estimate of a campaign.

    Attributes
    ----------
    case, method : str
    seed : int
    version : str
        Of the estimators.
    points, exact : tuple of float
    values, std_errors : tuple of float
        Empty where the estimator failed. -inf and inf where it says that it does not know.
    warnings : tuple of str
    failure : str
        Why there is no estimate, or empty.
    seconds, cpu_seconds : float
    """

    case: str
    method: str
    seed: int
    version: str
    points: tuple[float, ...]
    exact: tuple[float, ...]
    values: tuple[float, ...]
    std_errors: tuple[float, ...]
    warnings: tuple[str, ...]
    failure: str
    seconds: float
    cpu_seconds: float

    @property
    def errors(self) -> tuple[float, ...]:
        """Estimate less truth at each point."""
        return tuple(value - truth for value, truth in zip(self.values, self.exact, strict=True))

    @property
    def scores(self) -> tuple[float, ...]:
        """Errors in units of the stated ones: 0 where the error is said to be unknown, and for an exact value."""
        return tuple(
            0.0 if error == 0 or stated == math.inf else error / stated if stated else math.copysign(math.inf, error)
            for error, stated in zip(self.errors, self.std_errors, strict=True)
        )

    @property
    def worst(self) -> float:
        """The largest absolute error."""
        return max(map(abs, self.errors))

    def to_dict(self) -> dict[str, Any]:
        """For a JSON document: numbers that are not finite are text."""
        return {
            name: [x if math.isfinite(x) else repr(x) for x in value] if name in _NUMBERS else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, line: str) -> Record:
        """The record of a line of JSON; ValueError for any other text."""
        try:
            fields = json.loads(line)
            for name in _NUMBERS:
                fields[name] = tuple(float(x) for x in fields[name])
            return cls(**{**fields, "warnings": tuple(fields["warnings"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not an estimate: {error}") from None


_NUMBERS = ("points", "exact", "values", "std_errors")


def measure(case: Case, method: str, seed: int, version: str, estimator: Estimator = estimate) -> Record:
    """Run an estimator once; whatever it raises is the record's ``failure``."""
    land, exact = case.landscape(), tuple(case.exact(case.points))
    start, cpu_start = time.perf_counter(), time.process_time()
    try:
        found, failure = estimator(case, land, method, seed), ""
    except Exception as error:  # a campaign of hours outlives one failure, which then counts against the estimator
        found, failure = Estimate((), ()), f"{type(error).__name__}: {error}"
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    if not failure and (len(found.values) != len(exact) or any(map(math.isnan, (*found.values, *found.std_errors)))):
        found, failure = Estimate((), ()), f"{len(exact)} numbers were expected, got {found.values}"
    return Record(
        case.name,
        method,
        seed,
        version,
        case.points,
        exact if not failure else (),
        found.values,
        found.std_errors,
        found.warnings,
        failure,
        round(seconds, 3),
        round(cpu_seconds, 3),
    )


def estimators_version() -> str:
    """A digest of what decides the numbers of a seed: the estimators' sources and the version of torch.

    The estimators are ``surge.partition`` and the landscapes it evaluates. The fits, the targets and the training that
    are built on them are left out: a campaign outlives a change there.
    """
    digest = hashlib.sha256(torch.__version__.encode())
    package = Path(surge.__file__).parent
    landscapes = [package / "batched_mlp.py", package / "landscape.py"]
    for path in [*landscapes, *sorted((package / "partition").rglob("*.py"))]:
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


class Journal:
    """The estimates that are kept in a file.

    Parameters
    ----------
    path : pathlib.Path or None
        Its directory exists. None keeps nothing.

    Raises
    ------
    ValueError
        A line of the file, other than a last one that was cut short, is not an estimate.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._records: dict[tuple[object, ...], Record] = {}
        if path is None or not path.exists():
            return
        contents = path.read_bytes()
        whole = contents.rfind(b"\n") + 1
        for number, line in enumerate(contents[:whole].decode("utf-8").splitlines(), 1):
            try:
                self._keep(Record.from_json(line))
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}; move the file away to begin anew") from None
        if whole < len(contents):  # a line that was being written when the campaign was stopped
            os.truncate(path, whole)

    def find(self, case: Case, method: str, seed: int, version: str) -> Record | None:
        """The estimate with this seed, at the points of the case as they are now."""
        return self._records.get((case.name, method, seed, version, case.points))

    def append(self, record: Record) -> None:
        """Keep an estimate."""
        self._keep(record)
        if self._path is None:
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, f"{json.dumps(record.to_dict(), allow_nan=False)}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def _keep(self, record: Record) -> None:
        self._records[record.case, record.method, record.seed, record.version, record.points] = record
