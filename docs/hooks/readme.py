"""Sections of the README, where a page asks for them: figures stand in one place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

_PLACE = re.compile(r"<!-- README: (.+?) -->")


def section(readme: str, title: str) -> str:
    """What stands below a heading of the second level, with links as from the folder of the pages."""
    for part in re.split(r"^## ", readme, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        if heading == title:
            return body.replace("](docs/", "](").strip("\n")
    raise PluginError(f"the README has no section {title!r}")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the sections in."""
    return _PLACE.sub(lambda found: section(Path("README.md").read_text(encoding="utf-8"), found[1]), markdown)
