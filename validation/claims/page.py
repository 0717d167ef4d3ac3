"""The judged statements as a page: formulas as MathML, no script, no network; readable in the dark and on paper.

Only layout happens here. Every text is escaped; formulas are converted, and what cannot be converted is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape

from latex2mathml.converter import convert

from .claim import Evidence, Judgement, Verdict

__all__ = ["STYLE", "formula", "page", "section"]

_TITLE = "The paper, statement by statement"

_BADGES = {
    Verdict.HOLDS: "holds",
    Verdict.HOLDS_CORRECTED: "corrected",
    Verdict.FAILS: "fails",
    Verdict.NOT_CHECKABLE: "open",
}

#: What each verdict means, for the reader.
_MEANINGS = {
    Verdict.HOLDS: "as printed",
    Verdict.HOLDS_CORRECTED: "a factor, a sign, an index or a hypothesis was wrong; the point survives",
    Verdict.FAILS: "what it says is false; the corrected form says what is true instead",
    Verdict.NOT_CHECKABLE: "a definition, or a sentence about which nothing can be computed here",
}

STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5c6575; --paper: #ffffff; --card: #f6f7f9; --line: #dde1e7;
  --accent: #0072b2; --good: #00734f; --goodbg: #dff3ec; --fair: #8a5a00; --fairbg: #fdf0d5; --bad: #a4262c;
  --badbg: #fbe3e4; --greybg: #e9ebef; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --soft: #9aa3b2; --paper: #14171c; --card: #1c2027;
  --line: #323843; --accent: #5bb4e5; --good: #62d2a8; --goodbg: #123528; --fair: #f0bd62; --fairbg: #3a2c0d;
  --bad: #ff8f8f; --badbg: #421a1c; --greybg: #2a2f38; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.8rem 0 .6rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); }
p { max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere; }
"""

_CLAIMS_STYLE = """
.claims .soft { color: var(--soft); font-size: .9rem; }
.claims .badge { display: inline-block; border-radius: 999px; padding: 0 .6em; font-size: .78rem; font-weight: 600;
  line-height: 1.6; background: var(--greybg); color: var(--soft); white-space: nowrap; }
.claims .badge.holds { background: var(--goodbg); color: var(--good); }
.claims .badge.corrected { background: var(--fairbg); color: var(--fair); }
.claims .badge.fails { background: var(--badbg); color: var(--bad); }
.claims .scroll { overflow: auto hidden; max-width: 100%; }
.claims table { border-collapse: collapse; font-size: .88rem; }
.claims th, .claims td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--line); }
.claims th { font-weight: 600; color: var(--soft); white-space: nowrap; }
.claims .n { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: .84rem; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
.claims .contents { columns: 2 26rem; column-gap: 2rem; font-size: .88rem; padding: 0; margin: 1rem 0;
  list-style: none; }
.claims .contents li { break-inside: avoid; padding: .1rem 0; display: flex; gap: .6em; align-items: baseline; }
.claims .contents .badge { flex: none; margin-left: auto; }
.claims .contents a { color: var(--accent); text-decoration: none; margin-right: .5em; }
.claims article { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--soft);
  border-radius: 0 8px 8px 0; padding: .9rem 1.2rem; margin: 1.1rem 0; }
.claims article.holds { border-left-color: var(--good); }
.claims article.corrected { border-left-color: var(--fair); }
.claims article.fails { border-left-color: var(--bad); }
.claims article h3 { font-size: 1.05rem; margin: 0 0 .4rem; display: flex; flex-wrap: wrap; gap: .2rem .8rem;
  align-items: baseline; }
.claims article h3 .badge { margin-left: auto; }
.claims .forms { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: .4rem 2rem; }
.claims .forms > div { min-width: 0; }
.claims h4 { font-size: .82rem; margin: .6rem 0 .1rem; color: var(--soft); font-weight: 600; }
.claims math { font-size: 1.1rem; margin: .5rem 0; overflow: auto hidden; max-width: 100%; }
@media print { :root { color-scheme: light; } body { font-size: 10pt; } main { max-width: none; padding: 0; }
  .claims article { break-inside: avoid; } .claims .scroll, .claims math { overflow: visible; } }
"""

#: LaTeX that the converter has let through as text: a command that it does not know.
_LEFT_OVER = re.compile(r"\\[A-Za-z]+")


def page(judgements: Sequence[Judgement]) -> str:
    """The judgements as an HTML document that needs nothing besides itself.

    Parameters
    ----------
    judgements
        In the order in which they are to appear.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        There is none; or the LaTeX of one cannot be converted, and the message says of which.

    Examples
    --------
    >>> judged = Judgement("(1)", "a < b", Verdict.HOLDS, "1 + 1 = 2", Evidence(True, (("sum", "2"),), "exact"))
    >>> text = page([judged])
    >>> text[:15], "a &lt; b" in text, text.count("<math")
    ('<!doctype html>', True, 1)
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_TITLE}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{_TITLE}</h1>\n{section(judgements)}</main>\n</body>\n</html>\n"
    )


def section(judgements: Sequence[Judgement]) -> str:
    """The same without the document around it: style, summary, contents and one article for each statement.

    It is for the body of a page that defines the colours of :data:`STYLE`; its own style is under the class ``claims``.

    Parameters, raises
        As :func:`page`.

    Returns
    -------
    str
        One ``section`` element, with the ids ``claim-...``.
    """
    if not judgements:
        raise ValueError("there is no judgement to show: give one at least")
    articles = "".join(_article(judgement) for judgement in judgements)
    return (
        f'<section class="claims">\n<style>{_CLAIMS_STYLE}</style>\n{_summary(judgements)}'
        f"{_contents(judgements)}{articles}</section>\n"
    )


def formula(latex: str) -> str:
    """A formula as a ``math`` element in display style.

    Raises
    ------
    ValueError
        The converter refuses it, or leaves a command in the text.

    Examples
    --------
    >>> formula(r"\\frac{1}{g}").startswith("<math")
    True
    >>> formula(r"\\nonsense{g}")
    Traceback (most recent call last):
        ...
    ValueError: no MathML for \\nonsense{g}: \\nonsense is not known
    """
    try:
        converted: str = convert(latex, display="block")
    except Exception as error:  # the converter has exceptions of its own, and stumbles with IndexError and others
        raise ValueError(f"no MathML for {latex}: {error or type(error).__name__}") from None
    left = _LEFT_OVER.search(converted)
    if left is not None:
        raise ValueError(f"no MathML for {latex}: {left[0]} is not known")
    relation = converted.replace("<mi>&#x0007E;</mi>", "<mo>&#x0223C;</mo>")  # the converter writes a raised tilde
    return relation.replace("<math ", f'<math alttext="{escape(latex)}" ', 1)


# ---------------------------------------------------------------------------------------------------------------------
# Pieces


def _anchor(judgement: Judgement) -> str:
    return "claim-" + re.sub(r"[^a-z0-9]+", "-", judgement.label.casefold()).strip("-")


def _badge(verdict: Verdict) -> str:
    return f'<span class="badge {_BADGES[verdict]}">{escape(str(verdict))}</span>'


def _summary(judgements: Sequence[Judgement]) -> str:
    counted = Counter(judgement.verdict for judgement in judgements)
    rows = "".join(
        f'<tr><td>{_badge(verdict)}</td><td class="n">{counted[verdict]}</td>'
        f"<td>{escape(_MEANINGS[verdict])}</td></tr>\n"
        for verdict in Verdict
    )
    judged = len(judgements) - counted[Verdict.NOT_CHECKABLE]
    return (
        f"<p>{len(judgements)} statements, {judged} of them judged by a computation that ran when this page was made. "
        "Each check takes a statement as its argument: it has accepted what is marked right, and refused a false "
        "statement or the printed one beside it.</p>\n"
        f'<div class="scroll"><table><tbody>\n{rows}</tbody></table></div>\n'
    )


def _contents(judgements: Sequence[Judgement]) -> str:
    items = "".join(
        f'<li><span><a href="#{_anchor(one)}">{escape(one.label)}</a>{escape(one.topic)}</span>'
        f"{_badge(one.verdict)}</li>\n"
        for one in judgements
    )
    return f'<ul class="contents">\n{items}</ul>\n'


def _article(judgement: Judgement) -> str:
    forms = _form("As printed", judgement, judgement.printed, judgement.evidence)
    if judgement.corrected is not None:
        title = "What is true instead" if judgement.verdict is Verdict.FAILS else "Corrected"
        forms += _form(title, judgement, judgement.corrected, judgement.corrected_evidence)
    if judgement.rival is not None:
        forms += _form(
            "A false neighbour, which the check refuses", judgement, judgement.rival, judgement.rival_evidence
        )
    kind = _BADGES[judgement.verdict]
    remark = f"<p>{escape(judgement.remark)}</p>\n" if judgement.remark else ""
    return (
        f'<article class="{kind}" id="{_anchor(judgement)}">\n<h3><span>{escape(judgement.label)}</span>'
        f"<span>{escape(judgement.topic)}</span>{_badge(judgement.verdict)}</h3>\n"
        f'<div class="forms">{forms}</div>\n{remark}</article>\n'
    )


def _form(title: str, judgement: Judgement, latex: str, evidence: Evidence | None) -> str:
    try:
        drawn = formula(latex)
    except ValueError as error:
        raise ValueError(f"{judgement.label}: {error}") from None
    return f"<div><h4>{escape(title)}</h4>\n{drawn}\n{_figures(evidence)}</div>\n"


def _figures(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    rows = "".join(
        f'<tr><td>{escape(what)}</td><td class="n">{escape(value)}</td></tr>\n' for what, value in evidence.figures
    )
    answer = "accepted" if evidence.holds else "refused"
    return (
        f'<div class="scroll"><table><tbody>\n{rows}</tbody></table></div>\n'
        f'<p class="soft">{answer}; {escape(evidence.how)}</p>\n'
    )
