"""What the commands of this package have in common: one sentence for what is wrong, and the exit status."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["Parser", "exit_status"]

BAD_INPUT, BUG, INTERRUPTED, BROKEN_PIPE = 2, 70, 130, 141


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see '{self.prog} --help')\n")


def exit_status(program: str, run: Callable[[], bool]) -> int:
    """Run a command and return its exit status: 0 or 1 as it says, 2 for bad input, 70, 130 or 141.

    Parameters
    ----------
    program : str
        The name that messages begin with.
    run : callable
        The command; whether its outcome is a positive one. ValueError, TypeError, OSError and missing modules are taken
        for bad input and become one sentence on stderr; any other exception is an error of the program.

    Examples
    --------
    >>> exit_status("resurgence", lambda: True), exit_status("resurgence", lambda: False)
    (0, 1)
    """
    try:
        positive = run()
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        print(f"{program}: interrupted{''.join(map(str, interrupt.args))}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _abandon_stdout()
        return BROKEN_PIPE
    except (ValueError, TypeError, OSError, ModuleNotFoundError) as error:
        print(f"{program}: {_sentence(error)}", file=sys.stderr)
        return BAD_INPUT
    except Exception:
        traceback.print_exc()
        return BUG
    return 0 if positive else 1


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def _abandon_stdout() -> None:
    """Nobody reads stdout any more: let the interpreter's last flush go nowhere."""
    with contextlib.suppress(OSError, ValueError):  # a stdout that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
