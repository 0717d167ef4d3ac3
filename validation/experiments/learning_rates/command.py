"""``python -m validation learning-rates``: sweeps over learning rates, with their tables and figure."""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["add_to"]

_EXPLANATION = """\
Every method trains the same networks on the same batches at nine learning rates
from 1e-5 to 1. A decade of learning rates is good for a method where its mean
final validation loss is within 10 % of the best that a scheduler (constant,
constant x 1.5, cosine) has at any rate.

With --out every run is kept: a sweep that was killed goes on when the same
command is given again. Use one folder for each size.
"""


def add_to(commands: Any) -> None:
    """Add this subcommand to those of the program."""
    parser = commands.add_parser(
        "learning-rates",
        help="how much each method cares for its learning rate",
        description="Final validation losses of schedulers, SurgeLR and peers over five decades of learning rates.",
        epilog=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="digits and Adam alone, one seed, a quarter of the steps")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the folder of mnist/ and tinyshakespeare/, to add them"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the runs here, and go on there")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write means, errors and decades as one JSON document"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the decades of good learning rates")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> bool:
    """Run, print, write; True. Raises ValueError and OSError before anything is run."""
    if options.quick and options.data is not None:
        raise ValueError("--quick runs on embedded data alone: leave --data out")
    for path in (options.json, options.plot):
        if path is not None and not path.absolute().parent.is_dir():
            raise ValueError(f"{path} cannot be written: there is no folder {path.absolute().parent}")
    try:
        from . import sweep
    except ModuleNotFoundError as missing:
        raise ValueError(f"the sweep needs {missing.name}: pip install 'resurgence[surge,bench]'") from None
    from rich.console import Console

    from validation.atomic_write import write_json
    from validation.benchmarks.environment import environment

    from .plot import draw_decades, table
    from .results import curves, summary

    started = datetime.now(UTC).isoformat(timespec="seconds")
    with tempfile.TemporaryDirectory() as passing:
        out = options.out or Path(passing)
        out.mkdir(parents=True, exist_ok=True)
        records = sweep.quick(out) if options.quick else sweep.full(out, options.data)
    console = Console(width=max(160, Console().width))
    for group in sweep.groups(records):
        for optimizer, methods in curves(group).items():
            console.print(f"[bold]{group[0]['task']}[/], {group[0]['steps']} steps")
            console.print(table(optimizer, methods))
    entries = summary(records)
    if options.plot is not None:
        draw_decades(entries, options.plot)
    if options.json is not None:
        write_json(options.json, {"environment": environment(), "started": started, "learning_rates": entries})
    return True
