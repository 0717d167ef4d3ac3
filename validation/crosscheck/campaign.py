"""A crosscheck from its options to its verdicts, and the measurement of what can be detected."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import surge
from resurgence.terminal import print_rich

from ..atomic_write import write_json
from ..benchmarks.environment import environment
from .cases import CASES, Case
from .detection import Detection, detect, draw_detections, growth
from .exponents import CASES as EXPONENTS
from .exponents import exponent_document, exponent_table
from .exponents import measure as measure_exponent
from .record import VOLUMES, Estimator, Journal, Record, estimate, estimators_version, measure
from .report import (
    detection_document,
    detection_table,
    document,
    estimate_line,
    missed_table,
    verdict_table,
    warning_table,
)
from .targets_from_noise import (
    LANDSCAPES,
    NOISES,
    draw_targets,
    noise_document,
    noise_table,
    targets_from_noise,
)
from .verdict import DEFAULT, Verdict, judge

__all__ = ["crosscheck", "run"]

#: Seeds.
_SEEDS, _QUICK_SEEDS = 50, 10
#: Seeds of --exponents; of a quick run one.
_EXPONENT_SEEDS = 3
#: Cases of a quick run: one variable, several, two modes, a curved valley, volumes.
_QUICK_CASES = ("quartic-1", "quartic-2", "rosenbrock-2", "mixture-2", "volume-1")
#: Dimensions in which saddles are looked for.
_DIMENSIONS, _QUICK_DIMENSIONS = range(1, 7), range(1, 4)
#: The file of the estimates in the directory of --out.
_JOURNAL = "estimates.jsonl"


def run(options: argparse.Namespace) -> bool:
    """Measure, print, write; whether every demand is met.

    Raises ValueError and OSError before anything is measured: for unknown names, bad counts, and files that cannot be
    written.
    """
    if options.json is not None:
        _check_file(options.json, "--json")
    started = datetime.now(UTC).isoformat(timespec="seconds")
    if options.detection:
        return _run_detection(options, started)
    if options.noise:
        return _run_noise(options, started)
    if options.exponents:
        return _run_exponents(options, started)
    if options.plot is not None:
        raise ValueError("--plot draws what --detection or --noise measures: give one of them with it")
    cases, methods = _cases(options.only, options.quick), list(dict.fromkeys(options.method or [DEFAULT]))
    seeds = _checked_seeds(options, _QUICK_SEEDS, _SEEDS)
    for method in methods:
        _check_method(method)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    journal = Journal(None if options.out is None else options.out / _JOURNAL)
    verdicts, records = crosscheck(cases, methods, seeds, journal)
    print_rich(verdict_table(verdicts))
    for extra in (warning_table(verdicts), missed_table(verdicts)):
        if extra is not None:
            print()
            print_rich(extra)
    if options.json is not None:
        settings = {"started": started, "seeds": seeds, "methods": methods, "version": estimators_version()}
        write_json(options.json, document(verdicts, records, environment(), **settings))
    return all(verdict.holds for verdict in verdicts)


def crosscheck(
    cases: Sequence[Case], methods: Sequence[str], seeds: int, journal: Journal, estimator: Estimator = estimate
) -> tuple[list[Verdict], list[Record]]:
    """Estimate every case with every method and seed, but for what the journal has, and judge.

    Parameters
    ----------
    cases, methods : sequence
        Volumes B(t) have one method of their own.
    seeds : int
        The seeds are 0, ..., seeds - 1. A seed is gone through for all cases before the next one.
    journal : Journal
        Keeps each estimate at once.
    estimator : callable, optional
        By default the public functions of :mod:`surge`.

    Returns
    -------
    verdicts, records : list
        The latter of every case and method, seed by seed.
    """
    version = estimators_version()
    pairs = [(case, method) for case in cases for method in (methods if case.quantity == "log Z" else [VOLUMES])]
    found: dict[tuple[str, str], list[Record]] = {(case.name, method): [] for case, method in pairs}
    with _progress(len(pairs) * seeds) as (announce, advance, say):
        for seed in range(seeds):
            for case, method in pairs:
                announce(f"{case.name} {method} seed {seed}")
                record = journal.find(case, method, seed, version)
                if record is None:
                    record = measure(case, method, seed, version, estimator)
                    journal.append(record)
                    say(estimate_line(record))
                found[case.name, method].append(record)
                advance()
    verdicts = [judge(case, method, found[case.name, method]) for case, method in pairs]
    return verdicts, [record for records in found.values() for record in records]


def _run_detection(options: argparse.Namespace, started: str) -> bool:
    for name in ("only", "method", "seeds", "out"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} does not go with --detection, which has no cases")
    if options.plot is not None:
        _check_file(options.plot, "--plot")
    detections: list[Detection] = []
    dimensions = _QUICK_DIMENSIONS if options.quick else _DIMENSIONS
    with _progress(len(dimensions)) as (announce, advance, _):
        for dim in dimensions:
            detections.append(detect(dim, announce=announce))
            advance()
    print_rich(detection_table(detections))
    factor = growth(detections)
    if factor is not None:
        print(f"\none more dimension takes {factor:.0f} times the draws")
    if options.plot is not None:
        draw_detections(detections, options.plot)
        print(f"drawn: {options.plot}")
    if options.json is not None:
        write_json(options.json, detection_document(detections, environment(), started=started))
    return True


def _run_noise(options: argparse.Namespace, started: str) -> bool:
    for name in ("only", "method", "seeds", "out", "detection"):
        if getattr(options, name):
            raise ValueError(f"--{name} does not go with --noise, which has its own landscapes")
    if options.plot is not None:
        _check_file(options.plot, "--plot")
    landscapes = LANDSCAPES[:2] if options.quick else LANDSCAPES
    noises, seeds = (NOISES[2::3], 1) if options.quick else (NOISES, 4)
    found = {}
    with _progress(len(landscapes) * len(noises) * seeds) as (announce, advance, _):
        for land in landscapes:
            announce(land.action)
            found[land] = targets_from_noise(land, noises, seeds, advance)
    for land, rows in found.items():
        print_rich(noise_table(land, rows))
    if options.plot is not None:
        draw_targets(found, options.plot)
        print(f"drawn: {options.plot}")
    if options.json is not None:
        write_json(options.json, noise_document(found, environment(), started=started))
    return True


def _run_exponents(options: argparse.Namespace, started: str) -> bool:
    for name in ("only", "method", "out", "plot"):
        if getattr(options, name):
            raise ValueError(f"--{name} does not go with --exponents, which has its own landscapes")
    seeds = _checked_seeds(options, 1, _EXPONENT_SEEDS)
    names = list(EXPONENTS)[:4:3] if options.quick else list(EXPONENTS)
    found = []
    with _progress(len(names)) as (announce, advance, _):
        for name in names:
            announce(name)
            found.append(measure_exponent(EXPONENTS[name], seeds))
            advance()
    print_rich(exponent_table(found))
    if options.json is not None:
        write_json(options.json, exponent_document(found, environment(), started=started))
    return all(one.holds for one in found)


def _checked_seeds(options: argparse.Namespace, quick: int, full: int) -> int:
    if options.seeds is None:
        return quick if options.quick else full
    seeds = int(options.seeds)
    if seeds < 1:
        raise ValueError(f"--seeds must be at least 1, got {seeds}")
    return seeds


def _cases(only: Sequence[str] | None, quick: bool) -> list[Case]:
    names = list(dict.fromkeys(only or (_QUICK_CASES if quick else CASES)))
    unknown = [name for name in names if name not in CASES]
    if unknown:
        raise ValueError(f"no case is called {', '.join(unknown)}; there are {', '.join(CASES)}")
    return [CASES[name] for name in names]


def _check_method(method: str) -> None:
    """Refuse a method that cannot even integrate a normal density: one that does not exist, or is not installed."""
    if method == DEFAULT:
        return
    try:
        surge.log_partition(surge.Landscape.from_action("x**2"), [1.0], method=method)
    except ModuleNotFoundError as missing:
        raise ValueError(f"--method {method}: {missing}") from None


def _check_file(path: Path, option: str) -> None:
    """Refuse what could not be written after minutes of measuring."""
    if path.is_dir():
        raise ValueError(f"{option} {path}: this is a directory, a file is needed")
    if not path.parent.is_dir():
        raise ValueError(f"{option} {path}: there is no directory {path.parent}")


@contextmanager
def _progress(total: int) -> Iterator[tuple[Any, Any, Any]]:
    """A bar on stderr, where that is a terminal: what to announce with, to advance, and to print lines above it."""
    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)

        def say(renderable: Any) -> None:
            # Through the console of the bar where there is one, so that the two do not overwrite each other.
            if console.is_terminal:
                bar.console.print(renderable)
            else:
                print(renderable, file=sys.stderr, flush=True)

        yield (lambda text: bar.update(task, description=text)), (lambda: bar.advance(task)), say
