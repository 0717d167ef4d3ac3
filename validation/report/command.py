"""``python -m validation --quick`` and ``--full``: everything measured, on one page."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_to", "run"]

_OUT = Path("build", "report")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options of the whole report to the program itself."""
    group = parser.add_argument_group("the whole report, as one page and one JSON document")
    size = group.add_mutually_exclusive_group()
    size.add_argument(
        "--quick",
        dest="report",
        action="store_const",
        const="quick",
        help="under five minutes on two cores, with data that come along",
    )
    size.add_argument("--full", dest="report", action="store_const", const="full", help="the real sizes: hours")
    group.add_argument(
        "--out",
        dest="report_out",
        type=Path,
        metavar="DIR",
        help=f"for the report; finished measurements that are there are not repeated (default {_OUT})",
    )
    group.add_argument(
        "--data", dest="report_data", type=Path, metavar="DIR", help="with --full: MNIST and tiny Shakespeare"
    )


def run(options: argparse.Namespace) -> bool:
    """Make the report; whether nothing failed and every demand is met.

    Raises ValueError and OSError before anything is measured: for folders that are not there or cannot be made, and
    packages that are not installed.
    """
    size, out, data = options.report, options.report_out or _OUT, options.report_data
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out}: this is a file, a directory is needed")
    if data is not None and size == "quick":
        raise ValueError("--quick has data of its own: give --data with --full, or leave it out")
    if data is not None and not data.is_dir():
        raise ValueError(f"--data {data}: there is no such directory")
    try:
        from . import campaign
        from .plan import plan
    except ModuleNotFoundError as missing:
        raise ValueError(f"the report needs {missing.name}: pip install '.[surge,bench]'") from None
    parts = campaign.report(plan(size, data is not None), size, out, data)
    for part in parts:
        print(f"{part.measurement.title}: {part.verdict[0]}")
    print(f"written: {out / campaign.PAGE}, {out / campaign.DOCUMENT}")
    return all(part.holds for part in parts)
