"""Docstrings as Markdown: roles become links, loose examples become code, and the stars of ``x**2`` stay stars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from griffe import Extension, Object

_ROLE = re.compile(r":(?:func|class|mod|meth|attr|data|exc):`(~?)([^`]+)`")
_CODE = re.compile(r"(``[^`]+``|`[^`]+`)")
_STARS = re.compile(r"(?<=[\w)\]])(\*+)(?=[\w(\[])")
_CHOICES = re.compile(r"^(\s*[\w, ]+ : )\{([^}]*)\}", re.MULTILINE)
_RULE = re.compile(r"\s*-{3,}\s*")


def as_markdown(text: str) -> str:
    """The text with links, escaped stars and fenced examples; the section of examples has its own reader."""
    # The reader of docstrings would take the first of several choices for the default.
    text = _CHOICES.sub(lambda found: found[1] + found[2].replace(", ", " or "), text)
    return "\n".join(_lines(text.splitlines()))


def _lines(lines: list[str]) -> Iterator[str]:
    section, example, indent = "", False, ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if _RULE.fullmatch(following):
            section = line.strip()
        begins = not example and line.lstrip().startswith(">>>")
        ends = example and not line.strip()
        if begins:
            indent = line[: len(line) - len(line.lstrip())]
        if (begins or ends) and section != "Examples":
            yield f"{indent}```{'pycon' if begins else ''}"
        example = (example or begins) and not ends
        yield line if example else _line(line)
    if example and section != "Examples":
        yield f"{indent}```"


def _line(line: str) -> str:
    parts = _CODE.split(_ROLE.sub(_link, line))
    return "".join(part if k % 2 else _STARS.sub(lambda m: r"\*" * len(m[1]), part) for k, part in enumerate(parts))


def _link(found: re.Match[str]) -> str:
    target = found[2].strip()
    shown = target.rpartition(".")[2] if found[1] else target
    return f'<autoref identifier="{target}" optional>`{shown}`</autoref>'


class Docstrings(Extension):
    """Rewrites every docstring when its object is loaded."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite one."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
