"""A file of records, one JSON object a line, to which a run that was killed can go on adding."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Journal"]


class Journal:
    """Records in the order in which they were added.

    Parameters
    ----------
    path
        The file; it is made where it is missing, its folder is not. The end of a line that was cut off by a kill is
        removed.

    Raises
    ------
    ValueError
        A whole line that is no JSON object.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Journal(Path(folder, "runs.jsonl")).add({"seed": 0, "loss": 0.5})
    ...     Journal(Path(folder, "runs.jsonl")).records
    [{'seed': 0, 'loss': 0.5}]
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[dict[str, Any]] = []
        if not path.exists():
            return
        text = path.read_bytes()
        whole = text.rfind(b"\n") + 1
        for number, line in enumerate(text[:whole].splitlines(), 1):
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if not isinstance(record, dict):
                raise ValueError(f"line {number} of {path} is no JSON object: name another folder, or move the file")
            self.records.append(record)
        if whole < len(text):
            os.truncate(path, whole)

    def add(self, record: Mapping[str, Any]) -> None:
        """Append a record, on the disk when this returns; numbers are finite or None."""
        line = json.dumps(dict(record), allow_nan=False).encode() + b"\n"
        with self.path.open("ab", buffering=0) as file:
            file.write(line)
            os.fsync(file.fileno())
        self.records.append(dict(record))
