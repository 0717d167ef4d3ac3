"""The ``resurgence`` command: ``models``, ``analyze``, ``sum``, ``report``.

Exit status: 0 where all is well; 1 where something is refuted, undecided, or disagrees with an exact value; 2 for bad
input, with a sentence on stderr; 70 for an error of the program itself; 130 after Ctrl-C; 141 where the reader of the
output has gone away.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from . import commands
from .command_line import Parser, exit_status
from .continued_sum import METHODS

__all__ = ["main"]

_EXAMPLES = """\
WHAT is one of
  a model's name        quartic, "bessel_k(1/3)"; see 'resurgence models'
  an action             "x**2 + x**4", "(x^2+y-11)^2 + (x+y^2-7)^2"
  an equation           "x^3*y'' + (x^2 + x)*y' - y = 0" --initial 0,1
  a file                one coefficient a line (3/4, -1.25e-3, 1/2+3j) or a
                        JSON list of them; integers and fractions are exact,
                        decimals stand for numbers rounded to their last digit

examples
  resurgence analyze "x**2 + x**4" --plot borel.png
  resurgence analyze "(x**2+y-11)**2 + (x+y**2-7)**2" --at 3,2
  resurgence analyze quartic --claim "2**(5/3)/3"
  resurgence sum quartic --g 1/10 --digits 50
  resurgence sum euler --g 1/10 --side above --json
  resurgence sum "x^3*y'' + (x^2 + x)*y' - y = 0" --initial 0,1 --g 1/10
  resurgence report quartic --out quartic-report

exit status
  0  all is well
  1  something is refuted, undecided, or disagrees with an exact value
  2  bad input
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process by default) and return its exit status."""
    arguments = _join_negative_values(sys.argv[1:] if argv is None else argv)
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:  # --help, --version, and arguments that argparse refuses
        return int(stop.code or 0)
    options.arguments = arguments
    return exit_status("resurgence", lambda: bool(options.run(options)))


# ---------------------------------------------------------------------------------------------------------------------
# Arguments


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="resurgence",
        description="Borel singularities, each beside its exact value, and resummed values with errors to be trusted.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"resurgence {version('resurgence')}")
    choices = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    common: dict[str, Any] = {"epilog": _EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}

    models = choices.add_parser("models", help="the built-in models", description="List the models, or show one.")
    models.add_argument("name", nargs="?", metavar="NAME", help="the model to show in detail")
    _add_json(models)
    models.set_defaults(run=commands.show_models)

    analyze = choices.add_parser(
        "analyze",
        help="verify the Borel singularities of an action, a model or a series",
        description="Lay exact Borel singularities beside what the coefficients alone show.",
        **common,
    )
    _add_subject(analyze)
    analyze.add_argument("--digits", type=int, default=20, metavar="D", help="digits to aim at (default 20)")
    analyze.add_argument(
        "--claim",
        action="append",
        metavar="VALUE",
        help="check the claim that a singularity is at this point: -1/4, 13.31193 (a decimal is taken as rounded), "
        "2**(5/3)/3; repeatable",
    )
    analyze.add_argument("--plot", metavar="FILE", help="draw the Borel plane into a .png, .pdf or .svg file")
    _add_json(analyze)
    analyze.set_defaults(run=commands.analyze)

    total = choices.add_parser(
        "sum",
        help="the Borel sum at a coupling",
        description="Sum a series at a coupling g; for a model, the exact value beside it.",
        **common,
    )
    _add_subject(total)
    total.add_argument("--g", required=True, metavar="G", help="the coupling: 1/10, 0.1 (exactly 1/10), 1/10+1/20j")
    total.add_argument("--digits", type=int, default=30, metavar="D", help="digits to aim at (default 30)")
    total.add_argument("--side", choices=("above", "below", "median"), help="how to pass a singularity on the ray")
    total.add_argument(
        "--direction", metavar="RADIANS", help="angle of the ray of summation, e.g. 0.3, pi/4 (default: that of g)"
    )
    total.add_argument(
        "--continuation",
        choices=METHODS,
        default="auto",
        help="how to continue the Borel germ from its coefficients (default: auto, the best for these singularities)",
    )
    _add_json(total)
    total.set_defaults(run=commands.total)

    report = choices.add_parser(
        "report",
        help="everything that is known of a series, as one HTML page",
        description="Write DIR/report.html, a page that needs no network, and DIR/report.json with its numbers.",
        **common,
    )
    _add_subject(report)
    report.add_argument("--out", required=True, metavar="DIR", help="the folder to write to, made where it is missing")
    report.add_argument(
        "--g",
        action="extend",
        nargs="+",
        metavar="G",
        help="couplings to sum at (default: shares of the modulus of the nearest singularity); repeatable",
    )
    report.add_argument("--digits", type=int, default=20, metavar="D", help="digits to aim at (default 20)")
    _add_json(report)
    report.set_defaults(run=commands.report)
    return parser


def _add_subject(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        metavar="WHAT",
        help="a model's name, an action (after -- where it begins with -), a linear differential equation, or a file",
    )
    parser.add_argument(
        "--initial", metavar="A0,A1,...", help="the first coefficients of the power series that solves an equation"
    )
    parser.add_argument(
        "--at",
        metavar="POINT",
        help="the critical point to expand an action at: 3,2 or I/sqrt(2), or decimals that tell it from the others",
    )
    parser.add_argument("--terms", type=int, metavar="N", help="coefficients to use (default: as many as are needed)")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


_VALUE_OPTIONS = ("--at", "--claim", "--g", "--direction", "--initial")


def _last_option(arguments: Sequence[str]) -> str:
    return next((a.split("=")[0] for a in reversed(arguments) if a.startswith("--")), "")


def _join_negative_values(argv: Sequence[str]) -> list[str]:
    """``--claim -1/4`` as ``--claim=-1/4``: argparse takes what begins with a minus sign for an option."""
    joined: list[str] = []
    for argument in argv:
        negative = re.match(r"-[\d.(a-zA-Z]", argument)
        if negative and joined[-1:] and joined[-1] in _VALUE_OPTIONS:
            joined[-1] += f"={argument}"
        elif negative and joined[:1] == ["report"] and _last_option(joined) == "--g":  # several couplings after one
            joined.append(f"--g={argument}")
        else:
            joined.append(argument)
    return joined
