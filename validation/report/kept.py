"""The findings that a folder keeps, so that a report that was stopped goes on where it was.

A finding is kept with the commit, a digest of the sources and the command: findings of another version, another size or
other data stay out of the report. What failed is not kept.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import validation
from validation.atomic_write import write_json

from .measurement import Finding

__all__ = ["Kept", "sources_version"]

_FINDING = "finding.json"


def sources_version(commit: str | None) -> str:
    """The commit, and a digest of the sources of the three packages and of the version of Python.

    >>> sources_version("abc") == sources_version("abc") != sources_version(None)
    True
    """
    digest = hashlib.sha256(sys.version.encode())
    root = Path(validation.__file__).resolve().parents[1]
    for package in ("resurgence", "surge", "validation"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{commit} {digest.hexdigest()[:16]}"


class Kept:
    """Findings in a folder, one folder a measurement.

    Parameters
    ----------
    folder
        That of the report; made where it is missing.
    version
        Of the sources.

    Raises
    ------
    OSError
        The folder cannot be made.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self._folder = folder
        self._version = version
        folder.mkdir(parents=True, exist_ok=True)

    def folder(self, name: str) -> Path:
        """The folder of a measurement, which is there."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def find(self, name: str, command: str) -> Finding | None:
        """The finding of this command, at this version; None where there is none, or its file is not whole."""
        try:
            kept = json.loads((self.folder(name) / _FINDING).read_text(encoding="utf-8"))
            finding = Finding(**kept["finding"])
            return finding if kept["version"] == self._version and finding.command == command else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def add(self, name: str, finding: Finding) -> None:
        """Keep a finding, on the disk when this returns; one that failed is not kept."""
        if not finding.failed:
            contents = {"version": self._version, "finding": asdict(finding)}
            write_json(self.folder(name) / _FINDING, contents)
