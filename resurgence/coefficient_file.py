"""Series from files: a column of numbers, or JSON.

Text
    One coefficient a line, a_0 first: ``3/4``, ``-1.25e-3``, ``1/2+3j``. Blank lines, and what follows a ``#``, are
    passed over.
JSON
    A list of numbers or of such texts; or an object with the list as ``"coefficients"`` and, where wanted,
    ``"action"`` and ``"exponent"`` (A and nu of the prefactor exp(-A/g) g^nu) and ``"name"``.

Integers and fractions are exact. A number with a decimal point or an exponent is taken for one that was *rounded to the
digits written*, as in a printed table: 1.25 is a ball of radius 0.005. Where the decimals are exact, write 5/4. A
zero, however written, is zero.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flint import acb, fmpq

from .algebraic import AlgebraicNumber
from .number_text import rounded_number
from .series import FormalSeries

__all__ = ["read_coefficients"]

#: Largest file, and most coefficients in one.
MAX_BYTES = 64 * 2**20
MAX_COEFFICIENTS = 20_000

_KEYS = ("coefficients", "action", "exponent", "name")


class _Literal(str):
    """A number of a JSON file, as it is written there."""


def read_coefficients(path: str | Path) -> FormalSeries:
    """Read a series from a file.

    Parameters
    ----------
    path : str or Path
        A text or JSON file as described at the head of this module; JSON where it begins with ``[`` or ``{``.

    Returns
    -------
    FormalSeries
        Named after the file where it does not say another name.

    Raises
    ------
    OSError
        Where the file cannot be read.
    ValueError
        For what is not a coefficient (with its line or entry), an empty file, and one beyond the limits: 64 MiB, 20000
        coefficients, 100000 characters in one.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "table.txt")
    ...     _ = path.write_text("# a_0, a_1, ...\\n1\\n-3/4\\n3.281\\n")
    ...     series = read_coefficients(path)
    >>> series.name, series[1], float(series[2].error)
    ('table.txt', Fraction(-3, 4), 0.0005...)
    """
    path = Path(path)
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"{path} has more than {MAX_BYTES // 2**20} MiB: too large for a file of coefficients")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file: byte {error.start} is not UTF-8") from None
    fields: dict[str, Any] = {"name": path.name}
    if text.lstrip()[:1] in ("[", "{"):
        fields.update(_read_json(text, path))
        entries = [(f"entry {n}", value) for n, value in enumerate(fields.pop("coefficients"))]
    else:
        lines = ((f"line {n}", line.split("#", 1)[0].strip()) for n, line in enumerate(text.splitlines(), start=1))
        entries = [(where, line) for where, line in lines if line]
    if not entries:
        raise ValueError(f"{path} holds no coefficients")
    if len(entries) > MAX_COEFFICIENTS:
        raise ValueError(f"{path} holds {len(entries)} coefficients, at most {MAX_COEFFICIENTS} are read")
    return FormalSeries(_coefficients(entries, path), **fields)


def _read_json(text: str, path: Path) -> dict[str, Any]:
    try:
        content = json.loads(text, parse_int=_Literal, parse_float=_Literal, parse_constant=_Literal)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}, is not JSON: {error.msg}") from None
    except RecursionError:
        raise ValueError(f"{path} is JSON nested too deeply to be a list of coefficients") from None
    if isinstance(content, list):
        content = {"coefficients": content}
    unknown = [key for key in content if key not in _KEYS]
    if unknown:
        raise ValueError(f"{path} has the key {unknown[0]!r}; allowed are {', '.join(_KEYS)}")
    if not isinstance(content.get("coefficients"), list):
        raise ValueError(f'{path} needs "coefficients", a list of numbers')
    for key in ("action", "exponent", "name"):
        if not isinstance(content.get(key, ""), str):
            raise ValueError(f"{path}: {key!r} must be a number or a text")
    return dict(content)


def _coefficients(entries: Iterable[tuple[str, Any]], path: Path) -> list[fmpq | AlgebraicNumber | acb]:
    coefficients = []
    for where, entry in entries:
        if not isinstance(entry, str):
            raise ValueError(f"{path}, {where}: a number or its text is needed, got {json.dumps(entry)[:60]}")
        try:
            coefficients.append(rounded_number(entry))
        except ValueError as error:
            raise ValueError(f"{path}, {where}: {error}") from None
    return coefficients
