"""A measurement of the report: one command of ``python -m validation``, run on its own, and what it left behind."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import validation

__all__ = ["RESULTS", "Document", "Finding", "Measurement", "run"]

Document: TypeAlias = dict[str, Any]

#: The name of the JSON document that a command writes into its folder.
RESULTS = "results.json"
#: Seconds between two looks at a command that runs.
_LOOK = 0.5
#: Characters kept of what a command says before it fails.
_SAID = 4000


@dataclass(frozen=True)
class Measurement:
    """One command.

    Attributes
    ----------
    name
        That of its folder.
    section
        Under which heading it stands.
    title, what
        What is measured, in a few words and in a sentence or two.
    arguments
        Those of ``python -m validation``. ``{folder}`` stands for the folder of this measurement, ``{data}`` for that
        of the data sets. The command writes one JSON document to ``{folder}/results.json``.
    show
        From that document and the folder to HTML.
    met, missed
        What the exit statuses 0 and 1 mean, in two words.
    module
        What is run with these arguments, by ``python -m``.
    """

    name: str
    section: str
    title: str
    what: str
    arguments: tuple[str, ...]
    show: Callable[[Document, Path], str]
    met: str = "demands met"
    missed: str = "demand missed"
    module: str = "validation.report.attached"

    def words(self, folder: Path, data: Path | None) -> list[str]:
        """The arguments with these folders."""
        places = {"{folder}": str(folder), "{data}": str(data)}
        return [re.sub(r"\{(folder|data)\}", lambda found: places[found[0]], word) for word in self.arguments]

    def command(self, folder: Path, data: Path | None) -> str:
        """The command as one would type it."""
        return shlex.join(["python", "-m", "validation", *self.words(folder, data)])


@dataclass(frozen=True)
class Finding:
    """What became of a measurement.

    Attributes
    ----------
    command
        How it was got.
    started
        When, in UTC.
    seconds
        What it took.
    status
        The exit status: 0 where all demands are met, 1 where one is missed, anything else where it failed.
    error
        Why there is no document; empty where there is one.
    document
        What was measured; None where it failed.
    """

    command: str
    started: str
    seconds: float
    status: int
    error: str
    document: Document | None

    @property
    def failed(self) -> bool:
        """Whether there is nothing to show."""
        return self.document is None


def run(
    measurement: Measurement, folder: Path, data: Path | None = None, look: Callable[[str], None] = lambda _: None
) -> Finding:
    """Run a command in a process of its own, and read its document.

    Parameters
    ----------
    measurement
        What to run.
    folder
        An existing one. What the command prints goes to ``output.txt`` and ``messages.txt`` there.
    data
        The folder of the data sets, where the arguments ask for one.
    look
        Told, twice a second, the last line that the command has printed.

    Returns
    -------
    Finding
        A command that failed is a finding too.
    """
    results = folder / RESULTS
    results.unlink(missing_ok=True)  # an old document must not pass for the new one
    # The command runs in the folder of the sources, whatever that of this process is.
    words = measurement.words(folder.resolve(), None if data is None else data.resolve())
    started, begin = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    output, messages = folder / "output.txt", folder / "messages.txt"
    status = _run([sys.executable, "-m", measurement.module, *words], output, messages, look)
    seconds = round(time.perf_counter() - begin, 1)
    document, error = None, ""
    if status in (0, 1):
        document, error = _read(results)
    if document is None:
        said = messages.read_text(encoding="utf-8", errors="replace").strip()[-_SAID:]
        ended = f"ended with the status {status}" if status >= 0 else f"was ended by the signal {-status}"
        error = f"The command {ended}. {error}".strip() + (f"\n{said}" if said else "")
    return Finding(measurement.command(folder, data), started, seconds, status, error, document)


def _run(words: Sequence[str], output: Path, messages: Path, look: Callable[[str], None]) -> int:
    root = Path(validation.__file__).resolve().parents[1]
    with output.open("wb") as out, messages.open("wb") as err:
        # The pipe to its standard input ends with this process, however that ends.
        process = subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=out, stderr=err)
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(_LOOK)
                look(_last_line(output, messages))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


def _last_line(*files: Path) -> str:
    """The last line of the file that was written last."""
    newest = max(files, key=lambda path: (path.stat().st_size > 0, path.stat().st_mtime_ns))
    with newest.open("rb") as file:
        file.seek(max(0, newest.stat().st_size - 1000))
        lines = [line.strip() for line in file.read().decode("utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _read(path: Path) -> tuple[Document | None, str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return None, f"It left no document: {error}"
    if not isinstance(document, dict):
        return None, f"Its document is no JSON object but a {type(document).__name__}"
    return document, ""
