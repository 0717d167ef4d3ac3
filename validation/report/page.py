"""The report as one HTML page: no script, no network, readable on paper and in the dark; and as one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from .markup import Html, badge, paragraph, table
from .measurement import Finding, Measurement
from .plan import SECTIONS

__all__ = ["SCHEMA", "Part", "document", "page"]

#: Version of the document's layout.
SCHEMA = 1

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5c6575; --paper: #ffffff; --card: #f6f7f9; --line: #dde1e7;
  --accent: #0072b2; --good: #00734f; --goodbg: #dff3ec; --fair: #8a5a00; --fairbg: #fdf0d5; --bad: #a4262c;
  --badbg: #fbe3e4; --greybg: #e9ebef; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --soft: #9aa3b2; --paper: #14171c; --card: #1c2027;
  --line: #323843;
  --accent: #5bb4e5; --good: #62d2a8; --goodbg: #123528; --fair: #f0bd62; --fairbg: #3a2c0d; --bad: #ff8f8f;
  --badbg: #421a1c; --greybg: #2a2f38; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.4rem; margin: 3rem 0 .4rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1.12rem; margin: 2rem 0 .3rem; } h4 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
p { max-width: 48rem; margin: .5rem 0; overflow-wrap: anywhere; } a { color: var(--accent); }
.soft, .how, figcaption, caption { color: var(--soft); font-size: .88rem; }
caption { text-align: left; padding-bottom: .4rem; }
nav { margin: 1.2rem 0; font-size: .92rem; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; }
nav a { text-decoration: none; }
.scroll { overflow: auto hidden; margin: .7rem 0 1rem; }
table { border-collapse: collapse; font-size: .86rem; }
th, td { text-align: left; vertical-align: top; padding: .32rem 1rem .32rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); } .number { text-align: right; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.badge { display: inline-block; border-radius: 999px; padding: 0 .6em; font-size: .78rem; font-weight: 600;
  line-height: 1.6; background: var(--greybg); color: var(--soft); white-space: nowrap; }
.badge.good { background: var(--goodbg); color: var(--good); } .badge.fair { background: var(--fairbg);
  color: var(--fair); } .badge.bad { background: var(--badbg); color: var(--bad); }
figure { margin: 1.2rem 0; } figure img { max-width: min(100%, 52rem); background: #fff; border: 1px solid var(--line);
  border-radius: 8px; padding: .6rem; } figcaption { max-width: 48rem; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .84rem; overflow-wrap: anywhere; }
pre.error { border-left: 5px solid var(--bad); background: var(--badbg); padding: .7rem 1rem; overflow: auto hidden;
  font-size: .84rem; white-space: pre-wrap; overflow-wrap: anywhere; }
math { overflow: auto hidden; max-width: 100%; }
@media print { :root { color-scheme: light; } body { font-size: 10pt; } main { max-width: none; padding: 0; }
  nav { display: none; } h2, h3, h4 { break-after: avoid; } figure, tr { break-inside: avoid; }
  .scroll { overflow: visible; } }
"""


@dataclass(frozen=True)
class Part:
    """A measurement with what became of it.

    Attributes
    ----------
    measurement
        What was measured.
    finding
        None where it is still to come.
    html
        What is shown of the finding; empty where there is nothing to show.
    error
        Why there is nothing to show.
    """

    measurement: Measurement
    finding: Finding | None = None
    html: str = ""
    error: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether all demands are met; False where it failed, None where it is still to come."""
        return None if self.finding is None else not self.error and self.finding.status == 0

    @property
    def verdict(self) -> tuple[str, str]:
        """The same in words, and the colour of these."""
        if self.finding is None:
            return "to come", "grey"
        if self.error:
            return "failed", "bad"
        return (self.measurement.met, "good") if self.holds else (self.measurement.missed, "fair")


def page(parts: Sequence[Part], size: str, started: str, environment: Mapping[str, Any]) -> str:
    """The whole page.

    Parameters
    ----------
    parts
        All of the plan.
    size
        ``"quick"`` or ``"full"``.
    started
        When the command was given, in UTC.
    environment
        As :func:`validation.benchmarks.environment.environment` gives it.
    """
    links = "".join(f'<a href="#{name}">{escape(name.capitalize())}</a>' for name in (*_used(parts), "environment"))
    sections = "".join(
        f'<section id="{name}"><h2>{escape(name.capitalize())}</h2>\n{paragraph(SECTIONS[name], "soft")}'
        f"{''.join(_part(part) for part in parts if part.measurement.section == name)}</section>\n"
        for name in _used(parts)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>Validation report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>Validation report</h1>\n{_summary(parts, size, started, environment)}</header>\n"
        f"<nav>{links}</nav>\n{_overview(parts)}{sections}{_environment(environment)}</main>\n</body>\n</html>\n"
    )


def document(parts: Sequence[Part], size: str, started: str, environment: Mapping[str, Any]) -> dict[str, Any]:
    """One JSON document: ``schema``, ``size``, ``started``, ``environment``, ``holds``, ``measurements``.

    A measurement has ``name``, ``section``, ``title``, ``what``, ``holds`` (null where it is still to come), ``error``,
    and, where it was made, ``command``, ``started``, ``seconds``, ``status`` and ``document``, the command's own.
    """
    return {
        "schema": SCHEMA,
        "size": size,
        "started": started,
        "environment": dict(environment),
        "holds": all(part.holds for part in parts),
        "measurements": [
            {
                "name": part.measurement.name,
                "section": part.measurement.section,
                "title": part.measurement.title,
                "what": part.measurement.what,
                **({} if part.finding is None else asdict(part.finding)),
                "holds": part.holds,
                "error": part.error,
            }
            for part in parts
        ],
    }


def _used(parts: Sequence[Part]) -> list[str]:
    names = {part.measurement.section for part in parts}
    return [name for name in SECTIONS if name in names]


def _summary(parts: Sequence[Part], size: str, started: str, environment: Mapping[str, Any]) -> str:
    done = [part.finding for part in parts if part.finding is not None]
    commit = str(environment.get("commit") or "not known")[:12]
    changed = ", with changes that are not in it" if environment.get("uncommitted") else ""
    length = {"quick": "the quick one: few seeds, short runs, small data", "full": "the full one"}[size]
    return paragraph(
        f"Size: {length}. Commit {commit}{changed}. {len(done)} of {len(parts)} measurements made, in "
        f"{_time(sum(one.seconds for one in done))}; begun {started}."
    )


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _overview(parts: Sequence[Part]) -> str:
    rows = [
        [
            Html(f'<a href="#{part.measurement.name}-measurement">{escape(part.measurement.title)}</a>'),
            badge(*part.verdict),
            "" if part.finding is None else _time(part.finding.seconds),
        ]
        for part in parts
    ]
    return table(("measurement", "", "took"), rows)


def _part(part: Part) -> str:
    title = (
        f'<h3 id="{part.measurement.name}-measurement">{escape(part.measurement.title)} {badge(*part.verdict)}</h3>\n'
    )
    text = title + paragraph(part.measurement.what)
    if part.finding is not None:
        said = f"<code>{escape(part.finding.command)}</code>, begun {part.finding.started}, {part.finding.seconds:g} s"
        text += paragraph(Html(said), "how")
    if part.error:
        text += f'<pre class="error">{escape(part.error)}</pre>\n'
    return text + part.html


def _environment(environment: Mapping[str, Any]) -> str:
    flat: dict[str, Any] = {}
    for name, value in environment.items():
        flat |= value if isinstance(value, Mapping) else {name: value}
    rows = [[name.replace("_", " "), _plain(value)] for name, value in flat.items()]
    return f'<section id="environment"><h2>Environment</h2>\n{table(("", ""), rows)}</section>\n'


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return ", ".join(f"{x:.2f}" for x in value) if isinstance(value, list) else str(value)
