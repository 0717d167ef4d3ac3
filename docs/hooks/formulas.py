"""Formulas as MathML, written when the site is built: no script and no network where it is read.

``pymdownx.arithmatex`` finds the formulas; what it leaves in the page is replaced here.
"""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def _mathml(found: re.Match[str]) -> str:
    block = found[2] == "["
    formula: str = convert(html.unescape(found[3]).strip(), display="block" if block else "inline")
    formula = formula.replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")  # \sim is a relation
    return f'<div class="formula">{formula}</div>' if block else formula


def on_page_content(content: str, **_: Any) -> str:
    """Replace the formulas of a page."""
    return _FORMULA.sub(_mathml, content)
