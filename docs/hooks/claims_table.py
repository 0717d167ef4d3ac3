"""The table of the paper's statements, judged when the site is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

from validation.report.kept import Kept, sources_version
from validation.report.measurement import run
from validation.report.plan import plan

_PLACE = "<!-- claims -->"


def on_page_content(content: str, **_: Any) -> str:
    """Put the table where the page asks for it; what was judged of the same sources before is kept in ``build``."""
    return content.replace(_PLACE, _table()) if _PLACE in content else content


def _table() -> str:
    (measurement,) = (one for one in plan("quick", with_data=False) if one.name == "claims")
    kept = Kept(Path("build", "claims"), sources_version(None))
    folder = kept.folder(measurement.name)
    finding = kept.find(measurement.name, measurement.command(folder, None))
    if finding is None:
        finding = run(measurement, folder)
        kept.add(measurement.name, finding)
    if finding.document is None:
        raise PluginError(f"the statements of the paper could not be judged: {finding.error}")
    return measurement.show(finding.document, folder)
