"""``python -m validation claims``: what it prints and writes, its exit status, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from validation.__main__ import main
from validation.claims import command
from validation.claims.claim import Claim, Evidence, Form, NotCheckable
from validation.claims.registry import Entry


def is_even(value: int) -> Evidence:
    return Evidence(value % 2 == 0, (("value", str(value)), ("remainder", str(value % 2))), "exact")


def entries() -> tuple[Entry, ...]:
    return (
        Claim("(1)", "an even number", Form("2", 2), is_even, rival=Form("3", 3)),
        Claim("(2)", "an odd number", Form("1", 1), is_even, corrected=Form("4", 4), remark="Off by three."),
        Claim("Table 1", "another", Form("5", 5), is_even, corrected=Form("6", 6), repairs=False),
        NotCheckable("Definition 1", "a definition", "x", "It is a definition."),
    )


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "CLAIMS", entries())


@pytest.mark.usefixtures("few")
def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims"]) == 0
    out = capsys.readouterr().out
    for label, verdict, figure in [
        ("(1)", "holds", "value: 2"),
        ("(2)", "holds once corrected", "value: 4"),
        ("Table 1", "fails", "value: 6"),
        ("Definition 1", "not checkable", "It is a definition."),
    ]:
        (line,) = [line for line in out.splitlines() if line.startswith(label)]
        assert f" {verdict} " in line
        assert figure in line
    assert "1 holds, 1 holds once corrected, 1 fails, 1 not checkable" in out


@pytest.mark.usefixtures("few")
def test_the_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, drawn = tmp_path / "claims.json", tmp_path / "claims.html"
    drawn.write_text("the old page")
    assert main(["claims", "--json", str(found), "--html", str(drawn)]) == 0
    document = json.loads(found.read_text())
    assert document["schema"] == command.SCHEMA
    assert document["errors"] == []
    assert document["counts"] == {"holds": 1, "holds once corrected": 1, "fails": 1, "not checkable": 1}
    assert [claim["label"] for claim in document["claims"]] == ["(1)", "(2)", "Table 1", "Definition 1"]
    assert {"python", "packages", "commit"} <= set(document["environment"])
    corrected = document["claims"][1]
    assert corrected["verdict"] == "holds once corrected"
    assert corrected["evidence"] == {"holds": False, "figures": [["value", "1"], ["remainder", "1"]], "how": "exact"}
    assert corrected["corrected_evidence"]["holds"] is True
    assert corrected["remark"] == "Off by three."
    assert corrected["rival"] is None
    text = drawn.read_text()
    assert text.startswith("<!doctype html>")
    assert text.count("<article") == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["claims.html", "claims.json"]
    capsys.readouterr()


@pytest.mark.parametrize("name", ["14", "(14)"])
def test_one_statement_in_full(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--eq", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith("(14)  the remainder of an asymptotic series: holds")
    assert r"as printed:  \left| f(z)" in out
    assert "accepted; numeric" in out
    assert "false neighbour:" in out
    assert "refused; numeric" in out
    assert "1 statement in" in out


def test_a_failing_statement_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.json"
    assert main(["claims", "--eq", "section 3.1, increase or decrease", "--json", str(path)]) == 0
    assert "true instead:" in capsys.readouterr().out
    (claim,) = json.loads(path.read_text())["claims"]
    assert claim["verdict"] == "fails"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Claim("(3)", "wrong", Form("2", 2), is_even, rival=Form("4", 4)), "accepts the false neighbour 4"),
        (Claim("(3)", "wrong", Form("1", 1), is_even, corrected=Form("3", 3)), "refuses the correction 3"),
    ],
)
def test_an_unsound_audit(
    wrong: Claim[int],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "CLAIMS", (*entries(), wrong))
    path = tmp_path / "claims.json"
    assert main(["claims", "--json", str(path)]) == 1
    assert f"unsound: (3): the check {message}" in capsys.readouterr().out
    document = json.loads(path.read_text())
    assert len(document["claims"]) == 4
    assert len(document["errors"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--eq", "Theorem 2"], "no statement is called 'Theorem 2'; similar ones: "),
        (["--eq", "88"], "no statement is called '88'; there are the equations 1 to 87"),
        (["--json", "{here}"], "this is a directory, a file is needed"),
        (["--html", "{here}/none/page.html"], "there is no directory"),
        (["--quick"], "unrecognized arguments"),
    ],
)
def test_bad_input(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], few: None
) -> None:
    assert main(["claims", *(argument.format(here=tmp_path) for argument in arguments)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


@pytest.mark.usefixtures("few")
def test_without_the_converter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "validation.claims.page", raising=False)
    monkeypatch.setitem(sys.modules, "latex2mathml", None)
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    assert main(["claims", "--html", str(tmp_path / "page.html")]) == 2
    assert "install the extra 'bench'" in capsys.readouterr().err
    assert main(["claims"]) == 0
