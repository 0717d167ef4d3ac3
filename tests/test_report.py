"""The report: its numbers beside the library's, its page, its files, and what it says where something cannot be had."""

import dataclasses
import json
import math
import os
from fractions import Fraction
from html.parser import HTMLParser

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence import report as report_module
from resurgence.cli import main
from resurgence.numbers import Enclosure
from resurgence.plotting import plot_convergence, plot_poles
from resurgence.report import make_report, write_report
from resurgence.report_mathml import series_mathml
from resurgence.report_page import page
from resurgence.report_poles import pole_history
from resurgence.report_ratios import ratio_table
from resurgence.report_sums import convergence, digits_in_common, sums_at

S = rs.FormalSeries
QUARTIC = rs.models.quartic

#: Elements that have no end tag.
VOID = {"meta", "img"}


class Page(HTMLParser):
    """Refuses what is not well-formed, and remembers what there is."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.words, self.links, self.ids = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> without a beginning"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


def enclosure(entry):
    """What a report has written of an Enclosure."""
    with mpmath.workdps(120):
        return Enclosure(mpmath.mpc(entry["real"], entry["imag"]), mpmath.mpf(entry["error"]), entry["status"])


@pytest.fixture(scope="module")
def quartic():
    return make_report(QUARTIC, what="quartic", terms=60, couplings=["1/10", "-1/10"], digits=12, command="a < b")


@pytest.fixture(scope="module")
def short():
    """A cheap report: three coefficients."""
    return make_report(S([1, 1, 2]), what="short")


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_library(quartic):
    series = QUARTIC.series(60)
    bare = S(series.terms, exponent=series.exponent, constant=series.constant)
    rows = {(entry.g, row.way, row.side): row.value for entry in quartic.sums for row in entry.rows}
    assert rows["1/10", "exact value", None] == QUARTIC.exact("1/10", 22)
    assert rows["1/10", "certified Borel sum", None] == rs.borel_sum(series, "1/10", 22)
    assert rows["1/10", "Borel-Padé", None] == rs.borel_sum(bare, "1/10", 12)
    assert rows["1/10", "optimal truncation", None] == rs.optimal_truncation(bare, "1/10", 12)
    assert rows["-1/10", "Borel-Padé", "above"] == rs.borel_sum(bare, "-1/10", 12, side="above")
    assert quartic.verification.cells() == rs.verify("quartic", terms=60, digits=12).cells()
    assert quartic.ratios.limit == rs.ratio_limit(series, 12)
    assert quartic.gevrey == series.gevrey_order()
    assert quartic.radius == series.borel().radius()
    assert [c.exact for c in quartic.first[:3]] == ["1", "-3/4", "105/32"]


def test_the_sides_are_those_of_the_library(quartic):
    bare = S(QUARTIC.series(60).terms, exponent=Fraction(1, 2), constant=QUARTIC.constant)
    rows = {row.side: row for row in quartic.sums[1].rows if row.way == "Borel-Padé"}
    assert set(rows) == {"above", "below", "median"}
    for side, row in rows.items():
        value = rs.borel_sum(bare, "-1/10", 12, side=side)
        assert row.value.contains(value)
        assert digits_in_common(row.value, value) >= 12
        assert row.covers
        assert row.value.contains(QUARTIC.exact("-1/10", 40, side=side))


@pytest.mark.parametrize("name", ["euler", "cubic", "stirling", "error_function", "bessel_k(1/3)"])
@pytest.mark.parametrize("g", ["1/9", "-1/7", "1/10+1j/15"])
def test_every_error_covers_the_exact_value(name, g):
    model = rs.models.get(name)
    found = sums_at(model.series(30), g, 10, model)
    compared = [row for row in found.rows if row.covers is not None]
    assert len(compared) >= 3
    assert all(row.covers for row in compared), [row for row in compared if not row.covers]


@settings(max_examples=15)
@given(st.fractions(Fraction(1, 30), 3, max_denominator=60), st.sampled_from([1, -1]))
def test_a_reflected_sum_is_the_sum_below(size, sign):
    """Of n! with a prefactor whose phase turns: e^(-1/g) g^(1/3), on either half of the axis."""
    series = S.from_function(lambda n: sign**n * math.factorial(n), 20, action=1, exponent=Fraction(1, 3))
    g = sign * size
    for row in sums_at(series, g, 10).rows:
        if row.side in ("below", "median"):
            value = rs.borel_sum(series, g, 10, side=row.side)
            assert row.value.contains(value)
            assert digits_in_common(row.value, value) >= 10


def test_a_wrong_value_is_noticed():
    class Wrong(type(QUARTIC)):
        def exact(self, g, digits=30, side=None, direction=None):
            value = QUARTIC.exact(g, digits, side, direction)
            return Enclosure(value.value * (1 + 5 * mpmath.mpf(10) ** -10), value.error, value.status)

    wrong = Wrong(**{f.name: getattr(QUARTIC, f.name) for f in dataclasses.fields(QUARTIC)})
    report = make_report(wrong, terms=40, couplings=["1/20"], digits=12)
    assert not report
    assert "fail" in report.summary()
    assert 'class="verdict fails"' in page(report)
    [row] = [row for row in report.sums[0].rows if row.way == "Borel-Padé"]
    assert (row.covers, row.digits_in_common) == (False, 9)


def test_the_poles_of_a_square_root():
    """The denominators of (1 - 4z)^(-1/2) are Chebyshev's: poles at 1/(4 cos^2((2k-1) pi/(4n+2)))."""
    series = S.from_function(lambda n: math.factorial(n) * math.comb(2 * n, n), 25)
    history = pole_history(series.borel(), [0.25])
    assert [entry.order for entry in history.orders] == list(range(1, 13))
    for entry in history.orders:
        n = entry.order
        exact = [1 / (4 * math.cos((2 * k - 1) * math.pi / (4 * n + 2)) ** 2) for k in range(1, n + 1)]
        assert [p.location.real for p in entry.poles] == pytest.approx(exact, rel=1e-9)
        assert (entry.count, entry.doublets) == (n, 0)
        assert entry.distance == pytest.approx(exact[0] / 0.25 - 1, rel=1e-6)


def test_noise_makes_doublets():
    noisy = [Fraction(1) + Fraction((-1) ** (n * n // 3), 10**12 + n * n * 31) for n in range(41)]
    series = S([b * math.factorial(n) for n, b in enumerate(noisy)])
    history = pole_history(series.borel(), [1])
    assert any(entry.doublets for entry in history.orders)
    assert all(abs(entry.nearest - 1) < 1e-4 or entry.distance > 0 for entry in history.orders)


def test_the_ratios_of_a_square_root():
    series = S.from_function(lambda n: math.factorial(n) * math.comb(2 * n, n), 60)
    table = ratio_table(series.borel(), 15)
    for n, cells in table.rows:
        ratio = Fraction(n + 1, 4 * n + 2)
        with mpmath.workdps(30):
            assert abs(mpmath.mpf(cells[0].text) - mpmath.mpf(ratio.numerator) / ratio.denominator) < 1e-21
        for cell in cells:
            if cell is not None:  # settled digits are right digits, but for a unit of the last
                assert abs(cell.value.value - mpmath.mpf("0.25")) <= 10.0 ** (1 - max(cell.settled, 1))
    assert [c.settled for c in table.rows[-1][1][1:5]] == sorted(c.settled for c in table.rows[-1][1][1:5])
    assert table.limit.contains("1/4")


def test_oscillating_ratios_say_why():
    report = make_report(S([math.factorial(n) * _turning(n) for n in range(60)]), couplings=["1/10"], digits=10)
    assert report.ratios.rows
    assert report.ratios.limit is None
    assert "oscillate" in report.ratios.sentence
    assert "oscillate" in Page(page(report)).text


def _turning(n):
    """Re ((3 + 4i)/5)^n, of the poles (3 ± 4i)/5."""
    a, b = Fraction(1), Fraction(3, 5)
    for _ in range(n):
        a, b = b, 2 * Fraction(3, 5) * b - a
    return a


def test_a_wrong_limit_of_ratios_is_noticed(quartic):
    """By as little as its error does not allow."""
    [row] = quartic.verification.rows
    for shift, holds in ((0, True), (5, False)):
        limit = quartic.ratios.limit
        moved = Enclosure(limit.value + shift * limit.error, limit.error, "estimated")
        ratios = dataclasses.replace(quartic.ratios, limit=moved)
        [_, statement] = report_module._statements(quartic.verification, ratios, ())
        assert statement.holds is holds
    assert row.status == "proved"


def test_a_series_in_squares_is_folded():
    report = make_report(S([math.factorial(n) * (n % 2 == 0) for n in range(40)]), couplings=["1/5"], digits=10)
    assert report.ratios.step == 2
    assert "A^2" in report.ratios.quantity
    assert report.ratios.limit.contains(1)
    assert report


def test_late_coefficients_approach_the_leading_terms(quartic):
    """a_n/(leading) = 1 - 3/(16 n) + ... for the quartic: c_1 = a_1 A with A = -1/4 and a_1 = -3/4."""
    for late in quartic.late:
        assert abs(complex(late.ratio.value) - (1 - 3 / 16 / late.n)) < 0.3 / late.n**2


def test_convergence_shows_the_least_term():
    curve = convergence(QUARTIC.series(40), "1/20", QUARTIC.exact("1/20", 60))
    least = curve.partial.index(min(curve.partial)) + 1
    assert 4 <= least <= 7  # the terms fall up to n = |A|/g = 5
    assert all(error <= stated for error, stated in zip(curve.errors, curve.stated, strict=True))
    assert curve.errors[-1] < 1e-15
    labels = [line.get_label() for line in plot_convergence([curve]).axes[0].get_lines()]
    assert labels == ["partial sums, g = 1/20", "Borel-Padé, g = 1/20", "_stated"]


def test_default_couplings():
    report = make_report(rs.models.euler, terms=12, digits=8)
    assert [entry.g for entry in report.sums] == ["1/10", "1/4", "1", "-1/4"]
    assert [bool(entry.stokes) for entry in report.sums] == [True, True, True, False]
    assert report


# -- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_is_well_formed_and_stands_alone(quartic):
    text = page(quartic)
    parsed = Page(text)
    assert text.startswith("<!doctype html>")
    assert {"main", "math", "table", "figure", "details"} <= set(parsed.tags)
    assert "script" not in parsed.tags
    assert "link" not in parsed.tags
    assert all(link.startswith(("data:image/svg+xml;base64,", "#")) for link in parsed.links)
    assert {link[1:] for link in parsed.links if link.startswith("#")} <= set(parsed.ids)
    assert "url(" not in text
    assert "@import" not in text
    assert parsed.tags.count("img") == 4  # the formula and three pictures
    for words in ("0.529392430225574888", "sqrt(2)*I", "105/32", "All ", "a < b", *QUARTIC.references):
        assert words in parsed.text


HOSTILE = "<script>alert('x')</script>&\"'<b>"


def test_what_comes_from_outside_is_escaped():
    series = S([math.factorial(n) for n in range(5)], name=HOSTILE)
    report = make_report(series, what=HOSTILE, couplings=["1/10"], command=HOSTILE)
    text = page(report)
    parsed = Page(text)
    assert "script" not in parsed.tags
    assert "alert" not in "".join(parsed.links)
    assert HOSTILE not in text
    assert parsed.text.count(HOSTILE) >= 3  # title, heading, command


def test_the_series_as_mathml():
    text = series_mathml(S([Fraction(1, 2), 0, -1, Enclosure(mpmath.mpc("0.25", 1), mpmath.mpf("1e-9"), "estimated")]))
    parsed = Page(text)
    assert parsed.text.replace(" ", "").startswith("12−g2+(0.25")
    assert "O" in parsed.words


def test_the_picture_of_poles(quartic):
    upper, lower = plot_poles(quartic.poles).axes
    [line] = [line for line in upper.get_lines() if line.get_label() == "poles"]
    orders, places = line.get_data()
    nearest = {n: min(p for m, p in zip(orders, places, strict=True) if m == n) for n in set(orders)}
    assert nearest[29] == pytest.approx(abs(quartic.poles.orders[28].nearest))
    assert set(lower.get_lines()[-1].get_ydata()) <= {1.0, -1.0}  # all on the negative axis


def test_pictures_refuse_what_they_cannot_draw():
    with pytest.raises(TypeError, match="PoleHistory"):
        plot_poles([1])
    with pytest.raises(ValueError, match="needs 3 coefficients"):
        plot_poles(pole_history(S([1, 1]).borel()))
    with pytest.raises(ValueError, match="one to 4"):
        plot_convergence([])
    with pytest.raises(TypeError, match="Convergence"):
        plot_convergence([1])
    with pytest.raises(ValueError, match="8 coefficients"):
        convergence(S([1, 1, 2]), 1, QUARTIC.exact(1))


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_the_json_has_every_number(quartic):
    document = json.loads(json.dumps(quartic.to_dict(), allow_nan=False))
    assert document["holds"] is True
    assert document["series"]["terms"] == 60
    assert document["verification"]["verified"] is True
    assert len(document["singularities"]) == 1
    assert len(document["poles"]["orders"]) == 29
    assert len(document["statements"]) == len(quartic.statements)
    assert set(document["provenance"]) == {"command", "versions", "seeds", "made", "seconds"}
    assert {"resurgence", "python", "python-flint"} <= set(document["provenance"]["versions"])
    for entry, written in zip(quartic.sums, document["sums"], strict=True):
        for row, again in zip(entry.rows, written["rows"], strict=True):
            assert (row.way, row.side, row.covers) == (again["way"], again["side"], again["covers"])
            if row.value is not None:
                assert enclosure(again["value"]).contains(row.value)
    assert len(document["ratios"]["rows"]) == len(quartic.ratios.rows)


def test_a_second_report_has_the_same_numbers():
    series = S([float((-1) ** n * math.factorial(n)) for n in range(16)])
    first, second = (make_report(series, couplings=["1/5"], digits=8).to_dict() for _ in range(2))
    assert first.pop("provenance")["seeds"] == second.pop("provenance")["seeds"]
    assert first == second


# -- what cannot be had -----------------------------------------------------------------------------------------------

FAILURES = {
    "one coefficient": ([5], "needs at least 4 coefficients"),
    "too few": ([1, 1, 2], "a [1/1] approximant|needs at least 4 coefficients"),
    "zero": ([0] * 20, "ratios need coefficients that are not zero"),
    "convergent": ([Fraction(1, 3**n) for n in range(40)], "converges"),
    "Gevrey-2": ([(-1) ** n * math.factorial(2 * n) for n in range(40)], "radius 0"),
    "noise": ([float(f"{math.factorial(n):.1e}") * (1 + n % 3 / 9) for n in range(16)], "not precise enough"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_fails_is_a_sentence(case, tmp_path):
    coefficients, words = FAILURES[case]
    report = make_report(S(coefficients), what=case, digits=10)
    html, numbers = write_report(report, tmp_path)
    text = Page(html.read_text(encoding="utf-8")).text
    assert any(word in text for word in words.split("|"))
    assert "Traceback" not in text
    assert "nan" not in text.lower().split()
    json.loads(numbers.read_text(encoding="utf-8"))


def test_a_model_that_does_not_know_a_value():
    class Silent(type(QUARTIC)):
        def exact(self, g, digits=30, side=None, direction=None):
            raise ValueError("this model knows no value <there>")

    silent = Silent(**{f.name: getattr(QUARTIC, f.name) for f in dataclasses.fields(QUARTIC)})
    report = make_report(silent, terms=30, couplings=["1/10"], digits=8)
    assert report.sums[0].rows[0].value is None
    assert report.sums[0].rows[2].reference == "certified Borel sum"
    assert "knows no value <there>" in Page(page(report)).text


BAD = {
    "another type": (lambda: make_report(5), TypeError, "Model, an Action or a FormalSeries"),
    "g zero": (lambda: make_report(S([1, 1]), couplings=[0]), ValueError, "not be zero"),
    "g text": (lambda: make_report(S([1, 1]), couplings=["tenth"]), ValueError, "not a number"),
    "digits": (lambda: make_report(S([1, 1]), digits=0), ValueError, "digits"),
    "too many terms": (lambda: make_report(S([1, 1]), terms=3), ValueError, "truncate"),
    "at for a series": (lambda: make_report(S([1, 1]), at=0), TypeError, "critical point"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, exception, words = BAD[case]
    with pytest.raises(exception, match=words):
        call()


# -- files ------------------------------------------------------------------------------------------------------------


def test_the_files_replace_older_ones_and_nothing_else(short, tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("old")
    (folder / "notes.txt").write_text("mine")
    write_report(short, folder)
    assert sorted(os.listdir(folder)) == ["notes.txt", "report.html", "report.json"]
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_an_interruption_leaves_the_older_files(short, tmp_path, monkeypatch, error):
    write_report(short, tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}

    def fails(*_):
        raise error

    monkeypatch.setattr(report_module.os, "replace", fails)
    with pytest.raises(type(error)):
        write_report(short, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


def test_a_page_that_cannot_be_made_leaves_nothing(short, tmp_path, monkeypatch):
    monkeypatch.setattr("resurgence.report_page.page", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(short, tmp_path)
    assert os.listdir(tmp_path) == []


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command(tmp_path, capsys):
    source, folder = tmp_path / "<n!>.txt", tmp_path / "out"
    source.write_text("".join(f"{math.factorial(n)}\n" for n in range(12)))
    status = main(["report", str(source), "--out", str(folder), "--g", "1/10", "-1/10", "--digits", "8", "--json"])
    out = capsys.readouterr().out
    assert status == 0
    assert json.loads(out) == json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [entry["g"] for entry in json.loads(out)["sums"]] == ["1/10", "-1/10"]
    assert "<n!>" not in (folder / "report.html").read_text(encoding="utf-8")


def test_the_command_says_where_the_files_are(tmp_path, capsys):
    status = main(["report", "euler", "--out", str(tmp_path), "--terms", "12", "--g", "1/10", "--digits", "8"])
    out = capsys.readouterr().out
    assert status == 0
    assert "statements hold" in out
    assert str(tmp_path / "report.html") in out


def test_the_help(capsys):
    assert main(["report", "--help"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("--out", "--g", "--digits", "--json", "report.html"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["quartic"], "--out"),
        (["quartik", "--out", "o"], "quartic"),
        (["quartic", "--out", "o", "--g", "0"], "zero"),
        (["quartic", "--out", "o", "--g", "tenth"], "tenth"),
        (["quartic", "--out", "o", "--digits", "0"], "digits"),
        (["quartic", "--out", "o", "--terms", "0"], "--terms"),
        (["quartic", "--out", "o", "--at", "0"], "--at"),
        (["quartic", "--out", "file"], "folder"),
    ],
)
def test_bad_input_of_the_command(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert main(["report", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["file"]
