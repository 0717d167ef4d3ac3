"""``python -m validation benchmarks``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from resurgence.terminal import print_rich

from ..atomic_write import write_json
from .contest import Contest, compete
from .environment import environment
from .figures import draw_cost
from .ore_algebra import OreAlgebra
from .registry import BENCHMARKS, Means
from .report import Measured, contest_table, document, fit_table, gate_table

__all__ = ["add_to"]

#: The environment variable that names a Python with ore_algebra.
SAGE_VARIABLE = "RESURGENCE_SAGE_PYTHON"

#: Rounds, and seconds for each contender in one contest.
_EFFORT = {"quick": (5, 4.0), "full": (15, 60.0)}

_EXPLANATION = f"""\
Everyone is timed in turns, in one run: the ratio is the median of the ratios
of the rounds, with its quartiles in parentheses. Digits are counted against
references that are exact or certified and computed by other means.

benchmarks
  {os.linesep.join(f"  {name:24}{benchmark.title}" for name, benchmark in BENCHMARKS.items()).strip()}

ore_algebra, where a Python that can import it and Sage is named by --sage or
by the variable {SAGE_VARIABLE}, runs in that Python.

exit status
  0  all demands on the results are met
  1  a demand is missed, or a certified result is wrong
  2  bad input
"""


def add_to(commands: Any) -> None:
    """Add this subcommand to those of the program."""
    parser = commands.add_parser(
        "benchmarks",
        help="times beside those of peers, with the digits each gets right",
        description="Time this package and its peers on the same problems, with the digits that each gets right.",
        epilog=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="sizes", action="store_const", const="quick", help="small sizes (the default)")
    size.add_argument("--full", dest="sizes", action="store_const", const="full", help="the real sizes: many minutes")
    parser.add_argument("--only", action="append", metavar="NAME", help="this benchmark alone; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured as one JSON document")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw costs against sizes into this directory")
    parser.add_argument("--device", default="cpu", metavar="NAME", help="where networks are evaluated: cpu or cuda")
    parser.add_argument("--sage", metavar="PYTHON", help="a Python that can import ore_algebra")
    parser.set_defaults(run=run, sizes="quick")


def run(options: argparse.Namespace) -> bool:
    """Measure, print, write; whether every demand is met.

    Raises ValueError and OSError before anything is measured: for unknown names, and files that cannot be written.
    """
    names = _names(options.only)
    _check_targets(options.json, options.plot)
    _check_device(options.device)
    started, start = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    with OreAlgebra(options.sage or os.environ.get(SAGE_VARIABLE) or None) as ore_algebra:
        measured = measure(names, options.sizes, Means(ore_algebra, options.device))
    if any(one.gates for one in measured):
        print_rich(gate_table(measured))
    if options.plot is not None:
        for one in measured:
            path = draw_cost(one, options.plot)
            if path is not None:
                print(f"drawn: {path}")
    if options.json is not None:
        seconds = round(time.perf_counter() - start, 3)
        write_json(options.json, document(measured, options.sizes, environment(), started=started, seconds=seconds))
    claims = [e.accuracy.holds for one in measured for o in one.outcomes for e in o.entries if e.accuracy is not None]
    return all(gate.holds for one in measured for gate in one.gates) and False not in claims


def measure(names: Sequence[str], sizes: str, means: Means) -> list[Measured]:
    """Run the benchmarks of these names and print the table of each contest when it is done."""
    rounds, budget = _EFFORT[sizes]
    plans = {name: _plan(name, sizes, means) for name in names}
    measured = []
    with _progress(sum(len(plan) for plan in plans.values())) as (announce, advance, say):
        for name, plan in plans.items():
            outcomes = []
            for build in plan:
                announce(f"{name}: the right answer")
                outcome = compete(build(), rounds, budget, announce)
                outcomes.append(outcome)
                advance()
                say(contest_table(outcome))
                remark = BENCHMARKS[name].remark
                if remark is not None:
                    say(remark(outcome))
            measured.append(Measured(name, tuple(outcomes)))
            if BENCHMARKS[name].variable is not None:
                say(fit_table(measured[-1]))
    return measured


def _plan(name: str, sizes: str, means: Means) -> Sequence[Callable[[], Contest]]:
    benchmark = BENCHMARKS[name]
    return (benchmark.full if sizes == "full" else benchmark.quick)(means)


def _names(only: Sequence[str] | None) -> list[str]:
    if not only:
        return [name for name, benchmark in BENCHMARKS.items() if benchmark.available]
    names = list(dict.fromkeys(name.replace("_", "-") for name in only))
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise ValueError(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in names:
        if not BENCHMARKS[name].available:
            raise ValueError(f"{name} needs {BENCHMARKS[name].needs}, which is not installed")
    return names


def _check_device(device: str) -> None:
    """Refuse a device that is not here; without torch nothing is evaluated on one."""
    if device == "cpu":
        return
    try:
        import torch

        torch.empty(1, device=device)
    except (ImportError, RuntimeError, AssertionError) as error:
        raise ValueError(f"--device {device}: {str(error).splitlines()[0]}") from None


def _check_targets(json_file: Path | None, plots: Path | None) -> None:
    """Refuse what could not be written after minutes of measuring."""
    if json_file is not None:
        if json_file.is_dir():
            raise ValueError(f"--json {json_file}: this is a directory, a file is needed")
        if not json_file.parent.is_dir():
            raise ValueError(f"--json {json_file}: there is no directory {json_file.parent}")
    if plots is not None:
        if plots.exists() and not plots.is_dir():
            raise ValueError(f"--plot {plots}: this is a file, a directory is needed")
        plots.mkdir(parents=True, exist_ok=True)


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[str], None], Callable[[], None], Callable[[Any], None]]]:
    """A bar on stderr, where that is a terminal: what to announce with, to advance, and to print tables above it."""
    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False)
    # What is redirected goes to the console of the bar, which must not swallow tables meant for a file.
    with Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("", total=total)

        def say(renderable: Any) -> None:
            print_rich(renderable)
            print(flush=True)

        yield (lambda text: bar.update(task, description=text)), (lambda: bar.advance(task)), say
