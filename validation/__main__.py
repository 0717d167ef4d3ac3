"""``python -m validation``: one subcommand for each kind of measurement, and the report of all of them.

Exit status: 0 where all is well; 1 where a result misses what is demanded of it; 2 for bad input, with a sentence on
stderr; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from validation.benchmarks import command as benchmarks
from validation.claims import command as claims
from validation.crosscheck import command as crosscheck
from validation.experiments import command as experiments
from validation.experiments.learning_rates import command as learning_rates
from validation.report import command as report

BAD_INPUT, INTERRUPTED = 2, 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see '{self.prog} --help')\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process by default) and return its exit status."""
    parser = _Parser(
        prog="python -m validation",
        description="Everything that is measured of the package, or one kind of measurement.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=_Parser)
    claims.add_to(commands)
    benchmarks.add_to(commands)
    crosscheck.add_to(commands)
    experiments.add_to(commands)
    learning_rates.add_to(commands)
    report.add_to(parser)
    try:
        options = parser.parse_args(argv)
    except SystemExit as stop:  # --help, and arguments that argparse refuses
        return int(stop.code or 0)
    whole = options.report is not None
    if hasattr(options, "run"):
        if whole or options.report_out is not None or options.report_data is not None:
            print("validation: --quick and --full make the whole report, or come after a command", file=sys.stderr)
            return BAD_INPUT
    elif whole:
        options.run = report.run
    elif options.report_out is not None or options.report_data is not None:
        print("validation: give --quick or --full with --out and --data", file=sys.stderr)
        return BAD_INPUT
    else:
        parser.print_help()
        return 0
    try:
        holds: bool = options.run(options)
    except KeyboardInterrupt:
        print("validation: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError) as error:
        where = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
        print(f"validation: {where}", file=sys.stderr)
        return BAD_INPUT
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
