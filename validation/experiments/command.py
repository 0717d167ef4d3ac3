"""``python -m validation experiments``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["NAMES", "add_to"]

NAMES = ("function_fitting", "image_classification", "character_model", "schedulers")

_EXPLANATION = """\
Every arm is tuned with the same number of runs, and then compared on fresh
seeds: the same initial parameters, the same batches. Beside the paper's rule
stand a constant factor of the same mean, random targets, targets of another
problem, the target 0, no targets, rule "reach", and peers. The verdicts on what
the paper says are computed from the results.

Without --quick and --full the sizes are middling: under two hours on one core.
--quick shows that everything runs; its seeds are too few for a verdict.

With --out everything is kept: a run that was killed goes on when the same
command is given again. Use one folder for each size.

exit status
  0  the wrapper without targets is the bare optimizer, bit for bit
  1  it is not
  2  bad input
"""


def add_to(commands: Any) -> None:
    """Add this subcommand to those of the program."""
    parser = commands.add_parser(
        "experiments",
        help="the paper's experiments, with controls",
        description="The training experiments of the paper with controls, and what they say of its claims.",
        epilog=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)} (default: all)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", help="embedded data, a minute")
    size.add_argument("--full", dest="size", action="store_const", const="full", help="the real sizes: many hours")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep runs, results and figures here, and go on there")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the folder of mnist/ and tinyshakespeare/")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results and verdicts as one JSON document")
    parser.set_defaults(run=run, size="default")


def run(options: argparse.Namespace) -> bool:
    """Run, print, write; whether the wrapper without targets is the bare optimizer wherever it was run.

    Raises ValueError and OSError before anything is run: unknown names, data or packages that are missing, a file that
    cannot be written.
    """
    unknown = [name for name in options.names if name not in NAMES]
    if unknown:
        raise ValueError(f"there is no experiment {unknown[0]!r}: choose among {', '.join(NAMES)}")
    if options.size == "quick" and options.data is not None:
        raise ValueError("--quick runs on embedded data alone: leave --data out")
    if options.json is not None and not options.json.absolute().parent.is_dir():
        raise ValueError(f"{options.json} cannot be written: there is no folder {options.json.absolute().parent}")
    try:
        from . import execution
    except ModuleNotFoundError as missing:
        raise ValueError(f"the experiments need {missing.name}: pip install 'resurgence[surge,bench]'") from None
    import torch
    from rich.console import Console

    from validation.atomic_write import write_json

    from .registry import EXPERIMENTS
    from .report import tables
    from .verdicts import verdicts

    chosen = [EXPERIMENTS[name] for name in NAMES if name in (options.names or NAMES)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks are too small to share
    try:
        with tempfile.TemporaryDirectory() as passing:
            out = options.out or Path(passing)
            try:
                documents = execution.execute(chosen, options.size, options.data, out, Console(stderr=True))
            except ModuleNotFoundError as missing:
                raise ValueError(str(missing)) from None
    finally:
        torch.set_num_threads(threads)
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=160)
    for document in documents:
        for table in tables(document):
            console.print(table)
    found = verdicts(documents)
    for one in found:
        rates = "each arm at its own learning rate" if one["rates"] == "own" else "all arms at the same learning rates"
        console.print(f"[bold]{one['claim']}[/] ({rates})", highlight=False)
        console.print(one["sentence"] + "\n", markup=False, highlight=False)
    if options.size == "quick":
        console.print("Quick sizes: three seeds, a few steps, embedded data. They can decide nothing.", highlight=False)
    if options.json is not None:
        write_json(options.json, {"size": options.size, "experiments": documents, "verdicts": found})
    return all(cell["wrapper_without_targets_is_bare"] is not False for one in documents for cell in one["cells"])
