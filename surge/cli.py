"""The ``surge`` command: ``targets``, ``train``.

Exit status: 0 where all is well; 1 where no target was found, or a run diverged; 2 for bad input, with a sentence on
stderr; 70 for an error of the program itself; 130 after Ctrl-C; 141 where the reader of the output has gone away.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from resurgence.command_line import Parser, exit_status

from . import commands, tasks
from .training import OPTIMIZERS, SCHEDULES
from .training.recipe import RULES, Recipe

__all__ = ["main"]

_TARGETS_EXAMPLES = """\
examples
  surge targets "(x^2-1)^2 + x/10" --plot targets.png
  surge targets --task regression --label-noise 0.1 --seed 1
  surge targets --task regression --samples 128 --json

exit status
  0  at least one target
  1  no target stands out; the reason is printed
  2  bad input
"""

_TRAIN_EXAMPLES = """\
examples
  surge train --task digits --optimizer adamw --lr 1e-3
  surge train --task digits --optimizer adam --lr 1e-4 --surge --rule reach --guard
  surge train --task mnist --data DIR --optimizer muon --schedule wsd --surge --targets 0.1,0.02
  surge train --task shakespeare --steps 2000 --schedule cosine --out run --tensorboard
  surge train --task shakespeare --steps 2000 --schedule cosine --out run --resume

exit status
  0    all steps are made
  1    the run diverged: a loss, a metric or a parameter was not finite; the checkpoint, if there is one, is the last
       one before, and never has such a number in it
  2    bad input
  130  Ctrl-C: the step is finished and, with --out, a checkpoint written; --resume goes on to the same final numbers
       bit for bit; a second Ctrl-C does not wait
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process by default) and return its exit status."""
    arguments = _join_negative_values(sys.argv[1:] if argv is None else argv)
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:  # --help, --version, and arguments that argparse refuses
        return int(stop.code or 0)
    return exit_status("surge", lambda: bool(options.run(options)))


# ---------------------------------------------------------------------------------------------------------------------
# Arguments


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="surge",
        description="Learning rates from the partition function of a loss: its target values, and training with them.",
    )
    parser.add_argument("--version", action="version", version=f"surge {version('resurgence')}")
    choices = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)

    targets = choices.add_parser(
        "targets",
        help="target values of a loss, with their errors",
        description="Estimate critical values of a loss from its partition function: of an action, a polynomial in any "
        "number of variables, or of the network of a task on some of its training samples.",
        epilog=_TARGETS_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    targets.add_argument(
        "action", nargs="?", metavar="ACTION", help='"(x^2-1)^2 + x/10" (after -- where it begins with -); or --task'
    )
    _add_task(targets, required=False)
    targets.add_argument("--method", choices=("resurgent", "paper"), default="resurgent", help="default resurgent")
    targets.add_argument("--seed", type=int, default=0, metavar="N", help="of the network and the draws (default 0)")
    _add_landscape(targets)
    targets.add_argument("--plot", metavar="FILE", help="draw the targets into a .png, .pdf or .svg file")
    _add_json(targets)
    targets.set_defaults(run=commands.targets)

    train = choices.add_parser(
        "train",
        help="train the network of a task",
        description="Train the network of a task, with or without target values, and validate it on held-out data.",
        epilog=_TRAIN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_task(train, required=True)
    usual = Recipe()
    train.add_argument("--optimizer", choices=OPTIMIZERS, default=usual.optimizer, help=f"default {usual.optimizer}")
    train.add_argument("--lr", type=float, default=usual.lr, metavar="X", help=f"learning rate (default {usual.lr})")
    train.add_argument("--schedule", choices=SCHEDULES, default=usual.schedule, help=f"default {usual.schedule}")
    train.add_argument("--steps", type=int, default=usual.steps, metavar="N", help=f"updates (default {usual.steps})")
    train.add_argument("--seed", type=int, default=0, metavar="N", help="of the network and the batches (default 0)")
    train.add_argument(
        "--validate-every",
        type=int,
        default=usual.validate_every,
        metavar="K",
        help=f"updates between validations and checkpoints (default {usual.validate_every})",
    )
    surge = train.add_argument_group("target values")
    surge.add_argument(
        "--surge",
        action="store_true",
        help="scale the learning rate by target values: those of the next options, or else the least value that the "
        "loss can have as far as that is known of the task, otherwise 0",
    )
    given = surge.add_mutually_exclusive_group()
    given.add_argument("--targets", metavar="L1,L2,...", help="these loss values")
    given.add_argument(
        "--find-targets",
        action="store_true",
        help="values from the partition function, as 'surge targets' finds them; none may be found, and the learning "
        "rate is then left alone",
    )
    surge.add_argument("--rule", choices=RULES, help="from the loss and its target to the step (default paper)")
    surge.add_argument("--weight", type=float, metavar="X", help=f"of rule paper (default {usual.weight})")
    _add_landscape(surge)
    train.add_argument(
        "--guard", action="store_true", help="bound every update by the zeros of the softmax; also without --surge"
    )
    train.add_argument("--out", metavar="DIR", help="keep checkpoint.pt and result.json there")
    train.add_argument("--resume", action="store_true", help="go on from the checkpoint in DIR, where there is one")
    train.add_argument("--tensorboard", action="store_true", help="write logs to DIR/tensorboard")
    _add_json(train)
    train.set_defaults(run=commands.train)
    return parser


def _add_task(parser: argparse.ArgumentParser, required: bool) -> None:
    parser.add_argument("--task", choices=tasks.names(), required=required, help="what the network learns")
    parser.add_argument(
        "--data",
        metavar="DIR",
        help=f"folder with mnist/ or tinyshakespeare/ (default: the environment variable {tasks.DATA_VARIABLE}); "
        "shakespeare without one learns a made text",
    )
    parser.add_argument(
        "--label-noise",
        type=float,
        metavar="X",
        help="probability of a wrong label (digits) or deviation of the noise (regression); default 0",
    )
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1, ... (default cpu)")


def _add_landscape(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "--scale", type=float, metavar="X", help="deviation of the Gaussian base measure of the partition function"
        " (default 1)"
    )  # fmt: skip
    parser.add_argument(
        "--samples", type=int, metavar="N", help="training samples in the loss of the partition function (default 256)"
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _join_negative_values(argv: Sequence[str]) -> list[str]:
    """``--targets -0.1,0.2`` as ``--targets=-0.1,0.2``: argparse takes what begins with a minus sign for an option."""
    joined: list[str] = []
    for argument in argv:
        if joined[-1:] == ["--targets"] and argument[:1] == "-" and argument[:2] != "--":
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined
