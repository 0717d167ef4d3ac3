"""A report as one HTML page: no script, no network, readable on paper and in the dark.

Only layout happens here. Every text that comes from outside is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

import mpmath

from .numbers import Enclosure
from .report import Report
from .report_figures import figures, formula_picture
from .report_mathml import series_mathml
from .report_poles import OrderPoles
from .report_ratios import Cell
from .report_sums import CouplingSums, SumRow
from .verification import exact_text

__all__ = ["page"]

#: Digits of a number in a table.
DIGITS = 24

#: Orders of approximants in the table of poles: these, and the last.
ORDERS = (1, 2, 3, 5, 8, 12, 16, 20, 25, 30, 35, 40)

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5c6575; --paper: #ffffff; --card: #f6f7f9; --line: #dde1e7;
  --accent: #0072b2; --good: #00734f; --goodbg: #dff3ec; --fair: #8a5a00; --fairbg: #fdf0d5; --bad: #a4262c;
  --badbg: #fbe3e4; --greybg: #e9ebef; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --soft: #9aa3b2; --paper: #14171c; --card: #1c2027;
  --line: #323843; --accent: #5bb4e5; --good: #62d2a8; --goodbg: #123528; --fair: #f0bd62; --fairbg: #3a2c0d;
  --bad: #ff8f8f; --badbg: #421a1c; --greybg: #2a2f38; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue",
  Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.8rem 0 .6rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .5rem; }
p { max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere; }
.soft, figcaption, caption { color: var(--soft); font-size: .9rem; }
caption { text-align: left; padding-bottom: .4rem; }
nav { margin: 1.2rem 0; font-size: .92rem; } nav a { color: var(--accent); margin-right: 1.1rem;
  text-decoration: none; }
math { font-size: 1.15rem; margin: 1.1rem 0; overflow: auto hidden; max-width: 100%; }
.verdict { border-left: 5px solid var(--good); background: var(--goodbg); padding: .7rem 1rem;
  border-radius: 0 6px 6px 0; margin: 1.2rem 0; overflow-wrap: anywhere; }
  .verdict.fails { border-color: var(--bad); background: var(--badbg); }
.verdict.none { border-color: var(--soft); background: var(--greybg); }
.scroll { overflow: auto hidden; margin: .7rem 0 1rem; }
table { border-collapse: collapse; font-size: .88rem; min-width: 60%; }
th, td { text-align: left; vertical-align: top; padding: .36rem .8rem .36rem 0;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); white-space: nowrap; }
.n { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .84rem;
  white-space: nowrap; font-variant-numeric: tabular-nums; } td.wide { min-width: 16rem; color: var(--soft); }
.n b { color: var(--good); font-weight: 700; } .n i { color: var(--soft); font-style: normal; }
.badge { display: inline-block; border-radius: 999px; padding: 0 .6em; font-size: .78rem; font-weight: 600;
  line-height: 1.6;
  background: var(--greybg); color: var(--soft); white-space: nowrap; }
.badge.proved, .badge.certified, .badge.yes { background: var(--goodbg); color: var(--good); }
.badge.estimated { background: var(--fairbg); color: var(--fair); }
.badge.refuted, .badge.no { background: var(--badbg); color: var(--bad); }
figure { margin: 1.2rem 0; } figure img { width: 100%; max-width: 44rem; background: #fff;
  border: 1px solid var(--line);
  border-radius: 8px; padding: .6rem; } img.formula { background: #fff; border-radius: 6px; padding: .5rem;
  max-width: 100%; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .85rem; overflow-wrap: anywhere; }
details summary { cursor: pointer; color: var(--accent); } footer { margin-top: 3rem; }
@media print { :root { color-scheme: light; } body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  nav { display: none; } h2, h3 { break-after: avoid; } figure, tr { break-inside: avoid; }
  .scroll { overflow: visible; } }
"""

_SECTIONS = (
    ("series", "Series"),
    ("singularities", "Borel singularities"),
    ("large-order", "Large orders"),
    ("ratios", "Ratios"),
    ("poles", "Poles"),
    ("sums", "Sums"),
    ("statements", "Statements"),
    ("provenance", "Provenance"),
)


def page(report: Report) -> str:
    """The report as an HTML document.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str

    Examples
    --------
    >>> from resurgence.report import make_report
    >>> from resurgence.series import FormalSeries
    >>> text = page(make_report(FormalSeries([1, 1, 2]), what="<three>"))
    >>> text[:15], "<three>" in text, "&lt;three&gt;" in text
    ('<!doctype html>', False, True)
    """
    pictures = figures(report)
    links = "".join(f'<a href="#{name}">{title}</a>' for name, title in _SECTIONS)
    bodies = (
        _series(report),
        _singularities(report, pictures),
        _large_order(report),
        _ratios(report),
        _poles(report, pictures),
        _sums(report, pictures),
        _statements(report),
        _provenance(report),
    )
    sections = "".join(
        f'<section id="{name}"><h2>{title}</h2>{body}</section>\n'
        for (name, title), body in zip(_SECTIONS, bodies, strict=True)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.what)} — resurgence report</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{_header(report)}<nav>{links}</nav>\n{sections}</main>\n</body>\n</html>\n"
    )


# ---------------------------------------------------------------------------------------------------------------------
# Pieces


def _number(value: Enclosure | None, digits: int = DIGITS) -> str:
    return "" if value is None else escape(value.short(digits))


def _error(value: Enclosure | None) -> str:
    return "" if value is None else escape(mpmath.nstr(value.error, 2))


def _badge(word: str, text: str = "") -> str:
    return f'<span class="badge {escape(word)}">{escape(text or word)}</span>' if word else ""


def _paragraph(sentence: str, style: str = "") -> str:
    if not sentence:
        return ""
    sentence = sentence.replace("..", ".") if sentence.endswith("..") else sentence
    return f'<p class="{style}">{escape(sentence)}</p>\n' if style else f"<p>{escape(sentence)}</p>\n"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Cells are HTML already; those that begin with a td element are whole cells."""
    head = "".join(f"<th>{escape(h)}</th>" for h in headings)
    body = "".join(
        "<tr>" + "".join(c if c.startswith("<td") else f"<td>{c}</td>" for c in cells) + "</tr>\n" for cells in rows
    )
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{said}<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n'


def _numeral(text: str) -> str:
    return f'<td class="n">{text}</td>'


def _wide(text: str) -> str:
    return f'<td class="wide">{escape(text)}</td>'


def _image(svg: str, text: str, style: str = "") -> str:
    data = base64.b64encode(svg.encode()).decode()
    kind = f' class="{style}"' if style else ""
    return f'<img{kind} src="data:image/svg+xml;base64,{data}" alt="{escape(text)}">'


def _figure(pictures: dict[str, str], name: str, caption: str) -> str:
    if name not in pictures:
        return ""
    return f"<figure>{_image(pictures[name], caption)}<figcaption>{escape(caption)}</figcaption></figure>\n"


# ---------------------------------------------------------------------------------------------------------------------
# Sections


def _header(report: Report) -> str:
    verdict = "none" if not report.statements else "" if report else " fails"
    formula = ""
    if report.formula:
        picture = formula_picture(report.formula)
        drawn = (
            f"<code>{escape(report.formula)}</code>" if picture is None else _image(picture, report.formula, "formula")
        )
        formula = f"<p>{drawn}</p>\n"
    return (
        f'<header><p class="soft">resurgence report · {escape(report.kind)}</p><h1>{escape(report.what)}</h1>\n'
        f"{_paragraph(report.title)}{formula}{series_mathml(report.series)}\n"
        f'<p class="verdict {verdict.strip()}"><strong>{escape(report.summary())}</strong></p></header>\n'
    )


def _series(report: Report) -> str:
    series = report.series
    exact = "all exact" if series.is_exact else "some of them rounded"
    rows = [
        [
            _numeral(str(a.n)),
            _numeral(escape(a.exact) or "…"),
            _numeral(_number(a.value, 16)),
            _numeral(_number(a.borel, 16)),
        ]
        for a in report.first
    ]
    growth = [
        [label, _numeral(_number(value)), _numeral(_error(value)), _badge(value.status)]
        for label, value in (("Gevrey order", report.gevrey), ("radius of the Borel transform", report.radius))
        if value is not None
    ]
    return (
        _paragraph(f"{len(series)} coefficients, {exact}: {series}.")
        + _table(("n", "a(n)", "decimals", "b(n) = a(n)/n!"), rows, "The first coefficients")
        + _paragraph(report.growth_sentence)
        + (_table(("growth", "value", "±", ""), growth) if growth else "")
    )


def _singularities(report: Report, pictures: dict[str, str]) -> str:
    found = report.verification
    plane = _figure(
        pictures,
        "borel",
        "The Borel plane: poles of the Padé approximant, exact singularities, and those found from coefficients alone.",
    )
    if found is None:
        return _paragraph(f"No singularity analysis: {report.verification_sentence}") + plane
    if not found.rows:
        return _paragraph("The coefficients show no singularity, and nothing exact is known.") + plane
    rows = []
    for row, cells in zip(found.rows, found.cells(), strict=True):
        exact, location, numerical, digits, sheet, exponent, status = (escape(cell) for cell in cells)
        stokes = "" if row.exact is None else report.exact_stokes.get(exact_text(row.exact), "")
        rows.append(
            [
                _numeral(exact),
                _badge(location),
                _numeral(numerical),
                _numeral(digits),
                sheet,
                _numeral(exponent),
                _numeral(escape(stokes)),
                _badge(status),
                _wide(row.reason),
            ]
        )
    headings = ("exact", "location", "found", "digits", "first sheet", "exponent", "exact S", "status", "evidence")
    caption = "Exact singularities beside those that the coefficients alone show; digits: to which both agree"
    return _paragraph(f"{found.summary()}.") + _table(headings, rows, caption) + plane


def _large_order(report: Report) -> str:
    found = () if report.verification is None else report.verification.singularities
    text = ""
    if found:
        rows = [
            [
                s.kind,
                _numeral(_number(s.location_enclosure)),
                _numeral(_error(s.location_enclosure)),
                _numeral(escape(str(s.to_dict()["exponent"]))),
                _numeral(_number(s.stokes_enclosure)),
                _numeral(_error(s.stokes_enclosure)),
                _badge(s.status),
            ]
            for s in found
        ]
        headings = ("kind", "action A", "±", "exponent β", "Stokes constant S", "±", "")
        text = _paragraph("a(n) ~ Σ S/(2πi) Γ(n − β) / A^(n − β), summed over the nearest singularities.")
        text += _table(headings, rows, "Actions, exponents and Stokes constants, from the coefficients alone")
    if report.late:
        rows = [
            [
                _numeral(str(a.n)),
                _numeral(_number(a.value, 12)),
                _numeral(_number(a.leading, 12)),
                _numeral(_number(a.ratio, 12)),
            ]
            for a in report.late
        ]
        caption = "Late coefficients beside the leading terms of the nearest singularities; the ratio tends to 1"
        text += _table(("n", "a(n)", "leading terms", "ratio"), rows, caption)
    return text + _paragraph(report.late_sentence)


def _ratios(report: Report) -> str:
    table = report.ratios
    text = ""
    if table.rows:
        rows = [[_numeral(str(n)), *(_cell(cell) for cell in cells)] for n, cells in table.rows]
        caption = (
            f"{table.quantity}: Richardson's extrapolation of the ratios up to number n, by its order. "
            "Bold: digits that agree with the entry above"
        )
        text = _table(("n", *(f"order {k}" for k in table.orders)), rows, caption)
    if table.limit is not None:
        text += f'<p>Limit: <span class="n"><b>{_number(table.limit)}</b> ± {_error(table.limit)}</span> '
        text += f"{_badge(table.limit.status)} {escape(table.limit.method)}</p>\n"
    return text + _paragraph(table.sentence)


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "<td></td>"
    return _numeral(f"<b>{escape(cell.text[: cell.cut])}</b><i>{escape(cell.text[cell.cut :])}</i>")


def _poles(report: Report, pictures: dict[str, str]) -> str:
    history = report.poles
    text = _figure(
        pictures,
        "poles",
        "The nearest poles of the diagonal approximants against their order: what stays is a pole of the germ, what "
        "crowds towards a point imitates a cut, and Froissart doublets mean nothing.",
    )
    chosen = [o for o in history.orders if o.order in ORDERS or o is history.orders[-1]]
    if chosen:
        caption = "Distance: from the nearest pole to the nearest singularity known or found, relative to its modulus"
        rows = [_order(o) for o in chosen]
        text += _table(("order", "poles", "doublets", "nearest pole", "distance"), rows, caption)
    return text + _paragraph(history.sentence)


def _order(entry: OrderPoles) -> list[str]:
    nearest = "" if entry.nearest is None else f"{entry.nearest:.10g}".strip("()")
    distance = "" if entry.distance is None else f"{entry.distance:.1e}"
    return [
        _numeral(x)
        for x in (f"[{entry.order}/{entry.order}]", str(entry.count), str(entry.doublets), nearest, distance)
    ]


def _sums(report: Report, pictures: dict[str, str]) -> str:
    caption = (
        "Relative errors against the number of coefficients. Dashed: partial sums; with dots: Borel sums; thin: the "
        "errors that the Borel sums state. Level ends: the accuracy of what they are compared with."
    )
    text = _paragraph(report.couplings_sentence) + "".join(_coupling(entry) for entry in report.sums)
    return text + _figure(pictures, "convergence", caption)


def _coupling(entry: CouplingSums) -> str:
    title = f"<h3>g = {escape(entry.g)}</h3>\n"
    if entry.stokes:
        where = ", ".join(entry.stokes)
        title += _paragraph(f"On a Stokes line: the ray of summation runs into the singularities at {where}.", "soft")
    headings = ("way", "side", "value", "±", "", "in common", "agrees", "how")
    return title + _table(headings, [_sum(row) for row in entry.rows])


def _sum(row: SumRow) -> list[str]:
    if row.value is None:
        return [escape(row.way), row.side or "", f'<td colspan="6" class="wide">{escape(row.sentence)}</td>']
    common = "" if row.digits_in_common is None else f"{row.digits_in_common} digits"
    agrees = "" if row.covers is None else _badge("yes" if row.covers else "no")
    beside = f"beside the {row.reference}; " if row.reference else ""
    return [
        escape(row.way),
        row.side or "",
        _numeral(_number(row.value)),
        _numeral(_error(row.value)),
        _badge(row.value.status),
        common,
        agrees,
        _wide(beside + row.sentence),
    ]


def _statements(report: Report) -> str:
    if not report.statements:
        return _paragraph(report.summary())
    words = {True: ("yes", "holds"), False: ("no", "fails"), None: ("", "undecided")}
    rows = [
        [f'<span class="badge {words[s.holds][0]}">{words[s.holds][1]}</span>', escape(s.text)]
        for s in sorted(report.statements, key=lambda s: (s.holds is True, s.holds is None))
    ]
    opened = "" if report else " open"
    listed = _table(("", "statement"), rows)
    return _paragraph(report.summary()) + f"<details{opened}><summary>All of them</summary>{listed}</details>\n"


def _provenance(report: Report) -> str:
    made = report.provenance
    rows = [[escape(name), _numeral(escape(number))] for name, number in made.versions.items()]
    text = _paragraph(
        f"Made {made.made}, in {made.seconds} seconds; digits aimed at: {report.digits}. Seeds: {made.seeds}."
    )
    if made.command:
        text += f"<p>Command: <code>{escape(made.command)}</code></p>\n"
    for reference in report.references:
        text += _paragraph(reference, "soft")
    return text + _table(("package", "version"), rows)
