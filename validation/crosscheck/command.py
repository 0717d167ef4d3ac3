"""``python -m validation crosscheck``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add_to"]

_EXPLANATION = """\
log Z(g) and the sublevel volumes B(t) of landscapes where they are known: in
closed form, by a certified integral of the core, by a quadrature, or as sums
of such. |error| is the median over the seeds of the error at the worst
coupling or level, "stated" that of the largest stated error, and a score is an
error in units of the stated one. A name that --only does not know lists those
that there are.

--detection measures something else: how many independent draws of the loss it
takes to see a saddle in its distribution, in one to six dimensions (--quick:
three). --noise adds noise to exact values of log Z of landscapes in one and
two dimensions, and sets the targets found beside the exact critical values.
--exponents reads the least loss and the exponent nu off the partition function
of landscapes where they are known, linear networks among them; the verdicts
are by medians over the seeds.

exit status
  0  all demands on the results are met
  1  a demand is missed
  2  bad input
"""


def add_to(commands: Any) -> None:
    """Add this subcommand to those of the program."""
    parser = commands.add_parser(
        "crosscheck",
        help="estimators of the partition function against exact cases",
        description="Run the estimators of the partition function where it is known: errors, stated and actual.",
        epilog=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a few cases and seeds")
    parser.add_argument("--seeds", type=int, metavar="N", help="estimates of each case (default 50; of --exponents 3)")
    parser.add_argument("--only", nargs="+", action="extend", metavar="NAME", help="these cases alone")
    parser.add_argument(
        "--method", action="append", metavar="NAME", help="of surge.log_partition; repeatable (default auto)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the estimates here, and use those that are here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured as one JSON document")
    parser.add_argument("--detection", action="store_true", help="measure instead how many draws show a saddle")
    parser.add_argument("--noise", action="store_true", help="measure instead which targets noisy log Z shows")
    parser.add_argument("--exponents", action="store_true", help="measure instead L* and nu where they are known")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="with --detection or --noise: draw the result")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> bool:
    """Run the crosscheck; ValueError where torch is missing, which the other measurements do not need."""
    try:
        from . import campaign
    except ModuleNotFoundError as missing:
        raise ValueError(str(missing)) from None
    return campaign.run(options)
