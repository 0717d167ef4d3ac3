"""The pieces of the report's HTML. Every text is escaped here; what is named ``html`` is HTML already."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

__all__ = ["Html", "badge", "figure", "met", "number", "paragraph", "picture", "table"]


class Html(str):
    """Text that is HTML already, and is not escaped again."""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table; columns whose entries are all numbers are set to the right.

    >>> print(table(["n", "name"], [["1", "<a>"]]))
    <div class="scroll"><table><thead><tr><th class="number">n</th><th>name</th></tr></thead><tbody>
    <tr><td class="number">1</td><td>&lt;a&gt;</td></tr>
    </tbody></table></div>
    <BLANKLINE>
    """
    lines = [list(row) for row in rows]
    numeric = [all(_NUMBER.fullmatch(row[k]) for row in lines) and bool(lines) for k in range(len(headings))]
    head = "".join(_cell("th", text, right) for text, right in zip(headings, numeric, strict=True))
    body = "".join(
        f"<tr>{''.join(_cell('td', text, right) for text, right in zip(row, numeric, strict=True))}</tr>\n"
        for row in lines
    )
    said = f"<caption>{_safe(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{said}<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n'


_NUMBER = re.compile(r"|[-+±–∞%.,\d\s()/eE]+|[\d.]+ (s|ms|µs)")


def _cell(element: str, text: str, right: bool) -> str:
    return f'<{element} class="number">{_safe(text)}</{element}>' if right else f"<{element}>{_safe(text)}</{element}>"


def _safe(text: str) -> str:
    return text if isinstance(text, Html) else escape(text)


def paragraph(text: str, style: str = "") -> str:
    """A paragraph; nothing for an empty text."""
    kind = f' class="{style}"' if style else ""
    return f"<p{kind}>{_safe(text)}</p>\n" if text else ""


def badge(text: str, style: str) -> Html:
    """A word on a ground of the colour ``good``, ``fair``, ``bad`` or ``grey``."""
    return Html(f'<span class="badge {style}">{escape(text)}</span>')


def met(holds: bool) -> Html:
    """Whether a demand is met."""
    return badge("met", "good") if holds else badge("missed", "bad")


def number(value: float | None, digits: int = 3) -> str:
    """A number to so many digits; a dash where it is not known.

    >>> number(0.00012345), number(1234567.0), number(None), number(12.0)
    ('0.000123', '1.23e+06', '–', '12')
    """
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}g}"


def figure(image: bytes, kind: str, caption: str) -> str:
    """A picture in the page itself; ``kind`` is ``svg`` or ``png``."""
    mime = {"svg": "image/svg+xml", "png": "image/png"}[kind]
    data = base64.b64encode(image).decode()
    said = escape(caption)
    return f'<figure><img src="data:{mime};base64,{data}" alt="{said}"><figcaption>{said}</figcaption></figure>\n'


def picture(path: Path, caption: str) -> str:
    """A picture that a command has drawn into a file, in the page itself; nothing where it has drawn none."""
    return figure(path.read_bytes(), path.suffix.removeprefix("."), caption) if path.exists() else ""
