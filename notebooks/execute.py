"""Run notebooks from top to bottom and store them with what they print and draw.

    python notebooks/execute.py              all of them
    python notebooks/execute.py 2 5          those whose names begin so

Figures are stored as SVG alone, without the white space between its elements; no times, and no names of machines.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent

#: Seconds that one cell may take: many times what the slowest takes alone on a core.
TIMEOUT = 600


def execute(notebook: nbformat.NotebookNode) -> None:
    """Run all cells in the folder of the notebooks; nbclient.exceptions.CellExecutionError where one fails."""
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3", record_timing=False, resources=resources).execute()


def compact(svg: str) -> str:
    """The same drawing in one line.

    >>> compact('<svg>\\n <!-- x -->\\n <path d="M 0 0 \\nL 1 1"/>\\n</svg>\\n')
    '<svg><path d="M 0 0 L 1 1"/></svg>'
    """
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", " ", re.sub(r">\s+<", "><", svg)).strip()


def store(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook that was run; the file is there whole or not at all."""
    metadata = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    notebook.metadata = nbformat.from_dict(metadata)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                data["image/svg+xml"] = compact(data["image/svg+xml"])
                data.pop("image/png", None)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    nbformat.write(notebook, unfinished)  # type: ignore[no-untyped-call]
    unfinished.replace(path)


def main(wanted: list[str]) -> None:
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")  # the identifiers in a figure do not depend on the day
    paths = sorted(path for path in FOLDER.glob("*.ipynb") if not wanted or path.name.startswith(tuple(wanted)))
    if not paths:
        raise SystemExit(f"no notebook begins with {' or '.join(wanted)}: there are {sorted(FOLDER.glob('*.ipynb'))}")
    for path in paths:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        execute(notebook)
        store(notebook, path)
        print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
