"""The report: every measurement by its own command, kept, shown, and none hidden where it fails."""

import base64
import html.parser
import json
import pathlib
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from validation.__main__ import main
from validation.benchmarks import command as benchmarks_command
from validation.benchmarks.command import measure
from validation.benchmarks.environment import environment
from validation.benchmarks.ore_algebra import OreAlgebra
from validation.benchmarks.registry import Means
from validation.benchmarks.report import document as benchmarks_document
from validation.claims.claim import Claim, Evidence, Form, judge
from validation.claims.command import document as claims_document
from validation.claims.registry import Audit
from validation.crosscheck.campaign import crosscheck as estimates
from validation.crosscheck.cases import CASES
from validation.crosscheck.detection import Detection
from validation.crosscheck.exponents import Found, Reading, exponent_document
from validation.crosscheck.record import Journal
from validation.crosscheck.report import detection_document
from validation.crosscheck.report import document as crosscheck_document
from validation.report import benchmarks, claims, crosscheck, experiments
from validation.report.campaign import DOCUMENT, PAGE, report
from validation.report.kept import Kept, sources_version
from validation.report.markup import figure, number, table
from validation.report.measurement import RESULTS, Finding, Measurement, run
from validation.report.page import Part, page
from validation.report.plan import SECTIONS, plan

ROOT = pathlib.Path(__file__).parents[1]
PROGRAM = "import json, sys; json.dump({'seen': sys.argv[1:]}, open(sys.argv[1] + '/results.json', 'w'))"
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


class Structure(html.parser.HTMLParser):
    """What is open, which ids there are, what links and pictures point to."""

    VOID = frozenset({"meta", "link", "img", "br", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.hrefs: list[str] = []
        self.sources: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        assert tag != "script"
        self.ids += [given["id"]] if "id" in given else []
        self.hrefs += [given["href"]] if "href" in given else []
        self.sources += [given["src"]] if "src" in given else []

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check_page(text):
    """Balanced; nothing from elsewhere; every link inside the page arrives; every picture is one."""
    found = Structure(text)
    assert not found.open
    assert len(found.ids) == len(set(found.ids))
    assert {one.removeprefix("#") for one in found.hrefs if one != "data:,"} <= set(found.ids)
    for source in found.sources:
        kind, _, data = source.partition(";base64,")
        start = base64.b64decode(data)[:200]
        assert start.startswith(b"\x89PNG") if kind == "data:image/png" else b"<svg" in start or b"<?xml" in start
    return found


def finding(document, *, status=0, error="", seconds=1.5):
    return Finding("python -m validation x", "2026-01-01T00:00:00+00:00", seconds, status, error, document)


def stub(name="one", show=lambda document, folder: "<p>seen</p>", arguments=("{folder}",)):
    return Measurement(name, "benchmarks", f"Title of {name}", "What it is.", arguments, show)


# ---------------------------------------------------------------------------------------------------------------------
# The plan


@pytest.mark.parametrize("size", ["quick", "full"])
def test_every_command_of_the_plan_is_one(size, monkeypatch):
    ran = []
    folders = {name: name for name in ("benchmarks", "claims", "crosscheck", "experiments")}
    folders["learning-rates"] = "experiments.learning_rates"
    for name, folder in folders.items():
        monkeypatch.setattr(f"validation.{folder}.command.run", lambda options, name=name: ran.append(name) or True)
    names = [one.name for one in plan(size, with_data=True)]
    assert len(names) == len(set(names))
    for one in plan(size, with_data=True):
        assert one.section in SECTIONS
        assert "{folder}/" + RESULTS in one.arguments
        assert main(one.words(pathlib.Path("DIR"), pathlib.Path("DATA"))) == 0
        assert ran[-1] == one.arguments[0]


def test_data_go_to_the_full_report_alone():
    reading = [one.name for one in plan("full", with_data=True) if "{data}" in one.arguments]
    assert reading == ["experiments", "learning_rates"]
    assert not [
        one for one in (*plan("quick", with_data=True), *plan("full", with_data=False)) if "{data}" in one.arguments
    ]
    with pytest.raises(ValueError, match="'quick' or 'full'"):
        plan("middling", with_data=False)


def test_the_command_that_is_told_is_the_one_that_is_run():
    one = stub(arguments=("claims", "--json", "{folder}/results.json", "--data", "{data}"))
    told = one.command(pathlib.Path("a b"), pathlib.Path("{folder}"))
    assert told == "python -m validation claims --json 'a b/results.json' --data '{folder}'"


# ---------------------------------------------------------------------------------------------------------------------
# One measurement


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A module that stands for the validation, in a folder of its own."""

    def write(text):
        (tmp_path / "stands_for_it.py").write_text(text, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return replace(stub(), module="stands_for_it")

    return write


def test_a_measurement_is_its_document(program, tmp_path):
    found = run(program(PROGRAM), tmp_path)
    assert found.document == {"seen": [str(tmp_path)]}
    assert (found.status, found.error, found.failed) == (0, "", False)
    assert found.command == f"python -m validation {tmp_path}"
    assert 0 <= found.seconds < 60


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("import sys; print('too bad', file=sys.stderr); sys.exit(2)", 2, "status 2. \ntoo bad"),
        ("raise ArithmeticError('wrong')", 1, "ArithmeticError: wrong"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, "signal 9"),
        ("pass", 0, "left no document"),
        ("import sys; open(sys.argv[1] + '/results.json', 'w').write('[')", 0, "left no document"),
        ("import sys; open(sys.argv[1] + '/results.json', 'w').write('[]')", 0, "no JSON object but a list"),
    ],
)
def test_a_measurement_that_fails_says_why(program, tmp_path, text, status, said):
    (tmp_path / RESULTS).write_text('{"old": true}', encoding="utf-8")
    found = run(program(text), tmp_path)
    assert (found.failed, found.document, found.status) == (True, None, status)
    assert said.replace(" \n", "") in found.error.replace("\n", "")


def test_a_missed_demand_is_no_failure(program, tmp_path):
    found = run(program(PROGRAM + "; sys.exit(1)"), tmp_path)
    assert (found.failed, found.status) == (False, 1)


def test_what_a_command_prints_is_looked_at(program, tmp_path):
    lines = []
    run(program("import time; print('\\nhalf of it\\n', flush=True); time.sleep(1.2)"), tmp_path, None, lines.append)
    assert set(lines) == {"half of it"}
    assert (tmp_path / "output.txt").read_text(encoding="utf-8").split() == ["half", "of", "it"]


def test_a_command_ends_with_the_report_that_was_killed(tmp_path):
    """Or it would write into its folder together with the one that takes its place."""
    attached = (
        "import subprocess, sys, time\n"
        "words = [sys.executable, '-m', 'validation.report.attached', 'benchmarks', '--full', '--only', 'euler']\n"
        "child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", attached], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(600):
        if not running(child):
            break
        time.sleep(0.1)
    assert not running(child)


def running(process):
    """Whether it runs; one that has ended and that nobody has asked about does not."""
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


# ---------------------------------------------------------------------------------------------------------------------
# What is kept


def test_a_finding_is_kept_for_its_command_and_version(tmp_path):
    found = finding({"a": [1, None]})
    Kept(tmp_path, "1").add("one", found)
    assert Kept(tmp_path, "1").find("one", found.command) == found
    assert Kept(tmp_path, "1").find("one", "another command") is None
    assert Kept(tmp_path, "2").find("one", found.command) is None
    assert Kept(tmp_path, "1").find("two", found.command) is None
    (tmp_path / "one" / "finding.json").write_text('{"version": "1"', encoding="utf-8")
    assert Kept(tmp_path, "1").find("one", found.command) is None


def test_what_failed_is_not_kept(tmp_path):
    found = finding(None, status=2, error="bad")
    Kept(tmp_path, "1").add("one", found)
    assert Kept(tmp_path, "1").find("one", found.command) is None


def test_the_version_is_that_of_the_sources(monkeypatch, tmp_path):
    for package in ("resurgence", "surge", "validation"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.setattr("validation.report.kept.validation.__file__", str(tmp_path / "validation" / "__init__.py"))
    before = sources_version("commit")
    assert sources_version("commit") == before
    assert sources_version("another") != before
    (tmp_path / "surge" / "__init__.py").write_text("x = 1", encoding="utf-8")
    assert sources_version("commit") != before


# ---------------------------------------------------------------------------------------------------------------------
# The whole report


def test_a_report_is_a_page_and_a_document(tmp_path, capsys):
    made = []

    def make(one, folder, data, look):
        made.append(one.name)
        if one.name == "bad":
            return finding(None, status=2, error="it <failed>")
        return finding({"value": 1.0}, status=1 if one.name == "missed" else 0)

    def broken(document, folder):
        raise KeyError("figures")

    measurements = [stub("good"), stub("missed"), stub("bad"), stub("broken", broken), stub("last")]
    measurements = [replace(one, arguments=(one.name,)) for one in measurements]
    parts = report(measurements, "quick", tmp_path / "out", make=make)
    assert [part.holds for part in parts] == [True, False, False, False, True]
    text = (tmp_path / "out" / PAGE).read_text(encoding="utf-8")
    check_page(text)
    for said in ("it &lt;failed&gt;", "KeyError", "Title of last", "demand missed", "5 of 5 measurements"):
        assert said in text
    document = json.loads((tmp_path / "out" / DOCUMENT).read_text(encoding="utf-8"))
    assert [one["holds"] for one in document["measurements"]] == [True, False, False, False, True]
    assert document["holds"] is False
    assert document["measurements"][0]["document"] == {"value": 1.0}
    assert document["environment"]["python"] == sys.version.split()[0]
    assert capsys.readouterr().err.splitlines()[2] == "Title of bad: failed"


def test_what_is_there_is_not_made_again(tmp_path):
    """A report that was stopped after the first measurement goes on with the second."""
    made = []

    def make(one, folder, data, look):
        if len(made) == 1 and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            raise KeyboardInterrupt
        made.append(one.name)
        return replace(finding({"made": len(made)}), command=one.command(folder, data))

    measurements = [stub("one"), stub("two")]
    with pytest.raises(KeyboardInterrupt):
        report(measurements, "quick", tmp_path / "out", make=make)
    text = (tmp_path / "out" / PAGE).read_text(encoding="utf-8")
    check_page(text)
    assert "to come" in text
    parts = report(measurements, "quick", tmp_path / "out", make=make)
    assert made == ["one", "two"]
    assert [part.finding.document for part in parts] == [{"made": 1}, {"made": 2}]
    again = report(measurements, "quick", tmp_path / "out", make=make)
    assert made == ["one", "two"]
    assert [part.finding for part in again] == [part.finding for part in parts]


def test_from_the_command_to_the_page(tmp_path, monkeypatch, capsys):
    """One real measurement, the cheapest; and one whose command is refused."""
    first, second = (one for one in plan("quick", with_data=False) if one.name in ("claims", "benchmarks"))
    cheap = replace(second, arguments=(*second.arguments, "--only", "order-of-coefficients"))
    refused = replace(first, arguments=("claims", "--eq", "no such statement", *first.arguments[1:]))
    monkeypatch.setattr("validation.report.plan.plan", lambda size, with_data: (cheap, refused))
    assert main(["--quick", "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr().out
    assert "This package and its peers: demands met" in printed or "demand missed" in printed
    assert "The paper, statement by statement: failed" in printed
    found = check_page((tmp_path / "out" / PAGE).read_text(encoding="utf-8"))
    assert sum(source.startswith("data:image/png") for source in found.sources) == 1
    assert {"benchmarks", "claims", "environment"} <= set(found.ids)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "x"], "--quick or --full"),
        (["--data", "x"], "--quick or --full"),
        (["--quick", "--full"], "not allowed with"),
        (["--quick", "claims"], "the whole report"),
        (["--quick", "--data", "."], "data of its own"),
        (["--full", "--data", "nowhere"], "no such directory"),
        (["--quick", "--out", "file"], "this is a file"),
    ],
)
def test_bad_input(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# ---------------------------------------------------------------------------------------------------------------------
# What is shown


def test_claims_are_shown_as_they_were_judged(tmp_path):
    def is_two(value):
        return Evidence(value == 2, (("value", str(value)),), "exact")

    good = judge(Claim("(1)", "a < b", Form("1 + 1 = 2", 2), is_two, rival=Form("1 + 1 = 3", 3)))
    bad = judge(Claim("(2)", "sum", Form("1 + 1 = 3", 3), is_two, Form("1 + 1 = 2", 2), repairs=False))
    document = json.loads(json.dumps(claims_document(Audit((good, bad), ("(3) is unsound",)), started="", seconds=0.0)))
    shown = claims.show(document, tmp_path)
    assert [(one.label, one.verdict, one.evidence) for one in claims.judgements(document)] == [
        (one.label, one.verdict, one.evidence) for one in (good, bad)
    ]
    for said in ("a &lt; b", "(3) is unsound", "<math", "fails"):
        assert said in shown
    check_page(page([Part(stub(), finding({}), html=shown)], "full", "", environment()))


def test_crosschecks_are_shown(tmp_path):
    cases = [CASES["quartic-1"], CASES["quartic-2"]]
    found = estimates(cases, ["monte_carlo"], 2, Journal(None))
    document = json.loads(json.dumps(crosscheck_document(*found, environment(), seeds=2)))
    shown = crosscheck.show_estimates(document, tmp_path)
    assert Structure(shown).sources
    assert all(case.name in shown for case in cases)
    document["estimates"][0] |= {"values": [], "exact": [], "std_errors": [], "failure": "no"}
    document["verdicts"][0] |= {"estimates": 0, "error": None, "holds": False}
    document["verdicts"][0]["gates"] = [{"demand": "<none>", "value": 2.0, "holds": False}]
    shown = crosscheck.show_estimates(document, tmp_path)
    assert "failed" in shown
    assert "&lt;none&gt;" in shown

    readings = [Reading(0.31, 0.02, 1.01, 0.05, {1: 1.0}, ()) for _ in range(2)]
    readings.append(Reading(*[float("nan")] * 4, {}, ()))
    found = Found("one", 2, 0.3, None, None, tuple(readings))
    document = json.loads(json.dumps(exponent_document([found], environment(), started="")))
    assert "0.31 ± 0.02" in crosscheck.show_exponents(document, tmp_path)
    seen = Detection(2, 1, 0.0, (16, 32), (1.0, 2.0), (0.5, 1.0), (1.5, 3.0), 1.1, float("inf"), 12)
    assert "more than 32" in crosscheck.show_detection(detection_document([seen], environment()), tmp_path)
    target = {"values": [0.1, 1.5], "errors": [0.1, 0.25], "reason": ""}
    rows = [{"noise": 1e-3, "targets": [target, {"values": [], "errors": None, "reason": "none"}]}]
    land = {"action": "x^2", "critical_values": [0.0, 1.0], "found": rows}
    (tmp_path / crosscheck.DRAWING).write_text(SQUARE, encoding="utf-8")
    shown = crosscheck.show_noise({"landscapes": [land]}, tmp_path)
    assert '<td class="number">2, 0</td>' in shown
    assert '<td class="number">2</td>' in shown  # 0.5 off, in units of 0.25
    assert len(Structure(shown).sources) == 1


def test_benchmarks_are_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(benchmarks_command._EFFORT, "quick", (1, 1.0))
    with OreAlgebra(None) as ore_algebra:
        measured = measure(["action-coefficients"], "quick", Means(ore_algebra))
    capsys.readouterr()
    document = json.loads(json.dumps(benchmarks_document(measured, "quick", environment(), started="")))
    shown = benchmarks.show(document, tmp_path)
    assert "<b>resurgence</b>" in shown
    assert "exact" in shown
    entry = document["benchmarks"][0]["contests"][0]["entries"][0]
    entry |= {"exact": False, "digits": 3.9, "claimed_digits": 10.0, "claim_holds": False}
    assert "3 wrong" in benchmarks.show(document, tmp_path)


def arm(**changes):
    lists = {key: [1.0, None, 3.0] for key in ("final", "best", "area", "steps_early", "alpha", "seconds")}
    return {
        "lr": 0.1,
        "at_edge": False,
        "diverged": 1,
        "median_final": 3.0,
        **lists,
        "alpha": [1.5, 1.5, 1.5],
    } | changes


def test_experiments_are_shown(tmp_path):
    names = ("cell", "metric", "arm", "against")
    comparison = {"median_relative_difference": -0.1, "low": None, "high": 0.2, "p_holm": 0.25}
    cell = {"name": "digits, adam", "problem": "digits", "optimizer": "adam", "seeds": [0, 1, 2], "rate": 0.1}
    cell |= {"arms": {"bare": arm(), "surge": arm(at_edge=True)}, "best_scheduler": "bare"}
    one = {"experiment": "function_fitting", "question": "Is <it>?", "paper": "Figure 2", "rates": [], "cells": [cell]}
    one |= {"size": {"name": "quick", "steps": 5, "tuning_seeds": 2, "held_out": None}}
    one |= {"comparisons": [dict(zip(names, ("digits, adam", "final", "surge", "bare"), strict=True)) | comparison]}
    verdict = {"claim": "instability", "rates": "own", "verdict": "not supported", "sentence": "It is <not>."}
    (tmp_path / "function_fitting").mkdir()
    (tmp_path / "function_fitting" / "figure_2.svg").write_text(SQUARE, encoding="utf-8")
    shown = experiments.show({"size": "quick", "experiments": [one], "verdicts": [verdict]}, tmp_path)
    for said in (
        "Is &lt;it&gt;?",
        "It is &lt;not&gt;.",
        "5 steps, 2 tuning seeds.",
        "-10.0 % [inf, +20.0]",
        "(edge)",
        "no more",
    ):
        assert said in shown
    assert len(Structure(shown).sources) == 1
    assert "no more" not in experiments.show({"size": "full", "experiments": [], "verdicts": []}, tmp_path)


@settings(max_examples=30)
@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=4), st.text())
def test_text_is_text(rows, caption):
    made = Structure(table(("a", "b"), rows, caption) + figure(SQUARE.encode(), "svg", caption))
    assert not made.open
    assert made.ids == []


def test_numbers():
    assert [number(x) for x in (None, float("nan"), float("inf"), 0.0, -1.23456, 6.02e23)] == [
        "–",
        "–",
        "inf",
        "0",
        "-1.23",
        "6.02e+23",
    ]
    right = re.findall(r'<t[hd] class="number">', table(("a", "b"), [["1.5 ± 2", "x"], ["–", "3"]]))
    assert len(right) == 3  # the heading and two cells of the first column


def test_every_section_says_what_it_answers():
    text = page([Part(one) for one in plan("full", with_data=False)], "full", "now", environment())
    found = check_page(text)
    assert [name for name in SECTIONS if name in found.ids] == list(SECTIONS)
    assert text.count("to come") == 2 * len(plan("full", with_data=False))
