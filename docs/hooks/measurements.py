"""The measurements that are kept in ``validation/results``, each as the report shows it.

A file there has the name of a measurement of the report and is the JSON document that its command has written. What the
command has drawn lies in a folder of that name beside it.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

from validation.report.markup import Html, paragraph
from validation.report.plan import plan

_PLACE = "<!-- measurements -->"
_RESULTS = Path("validation", "results")


def on_page_content(content: str, **_: Any) -> str:
    """Put them where the page asks for them."""
    return content.replace(_PLACE, _measurements()) if _PLACE in content else content


def _measurements() -> str:
    known = {one.name: one for one in plan("full", with_data=False)}
    text = ""
    for name, one in known.items():
        path = _RESULTS / f"{name}.json"
        if not path.exists():
            continue
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            shown = one.show(document, _RESULTS / name)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise PluginError(f"{path} cannot be shown: {type(error).__name__}: {error}") from error
        text += f"<h3>{escape(one.title)}</h3>\n{paragraph(one.what)}{_how(document)}{shown}"
    return text or paragraph("None is kept in this version: the commands above make them.")


def _how(document: dict[str, Any]) -> str:
    environment = document.get("environment", {})
    commit = str(environment.get("commit") or "not known")[:12]
    where = f"{environment.get('processor', '')}, {environment.get('cpu_count', '?')} cores"
    return paragraph(Html(f"Commit {escape(commit)}, {escape(str(document.get('started', '')))}, {escape(where)}."))
