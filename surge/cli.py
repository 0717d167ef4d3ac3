"""The ``surge`` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 2, for there is nothing yet that it could do."""
    parser = argparse.ArgumentParser(
        prog="surge",
        description="Learning rates from the partition function of a loss. Commands are not part of this release; for "
        "Python programs there are surge.SurgeLR and surge.SingularityGuard. The analysis: see 'resurgence --help'.",
    )
    parser.add_argument("--version", action="version", version=f"surge {version('resurgence')}")
    parser.parse_args(argv)
    print(
        "surge: commands are not part of this release; Python programs have surge.SurgeLR and surge.SingularityGuard",
        file=sys.stderr,
    )
    return 2
