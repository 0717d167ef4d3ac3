"""The ``resurgence`` command, through main(): what it prints, its JSON beside the API, its exit statuses."""

import io
import json
import os
import re
import runpy
import subprocess
import sys

import mpmath
import pytest

from resurgence import commands, models
from resurgence.action import Action
from resurgence.cli import main
from resurgence.laplace import borel_sum
from resurgence.numbers import Enclosure
from resurgence.series import FormalSeries
from resurgence.verify import verify

HIMMELBLAU = "(x**2+y-11)**2 + (x+y**2-7)**2"


@pytest.fixture
def run(capsys):
    """Run the command: exit status, stdout, stderr."""

    def run(*arguments):
        status = main(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def enclosure(entry):
    """What Enclosure.to_dict has written."""
    with mpmath.workdps(120):
        return Enclosure(mpmath.mpc(entry["real"], entry["imag"]), mpmath.mpf(entry["error"]), entry["status"])


@pytest.fixture
def table(tmp_path):
    """A file with the coefficients of the quartic oscillator."""
    path = tmp_path / "quartic.txt"
    path.write_text("".join(f"{a}\n" for a in models.quartic.series(40)))
    return str(path)


# -- models -----------------------------------------------------------------------------------------------------------


def test_the_list_of_models(run):
    status, out, err = run("models")
    assert (status, err) == (0, "")
    assert all(name in out for name in models.names())
    assert "logarithm at -1/4" in out


def test_the_list_of_models_as_json(run):
    status, out, _ = run("models", "--json")
    listed = json.loads(out)["models"]
    assert status == 0
    assert tuple(m["name"] for m in listed) == models.names()
    [quartic] = [m for m in listed if m["name"] == "quartic"]
    assert quartic["singularities"] == [{"location": "-1/4", "exponent": "0", "stokes_constant": "sqrt(2)*I"}]


@pytest.mark.parametrize("name", [n.replace("(nu)", "(2/5)") for n in models.names()])
def test_one_model(run, name):
    status, out, _ = run("models", name)
    model = models.get(name)
    assert status == 0
    assert model.title in out
    assert all(reference in out for reference in model.references)
    assert ("action" in out) == (model.action is not None)
    status, out, _ = run("models", name, "--json")
    assert json.loads(out)["series"]["first"] == [str(a) for a in model.series(6)]


# -- analyze ----------------------------------------------------------------------------------------------------------


def test_analyze_an_action(run):
    status, out, err = run("analyze", "x**2 + x**4", "--terms", "60")
    assert (status, err) == (0, "")
    assert "verified" in out
    assert "critical values  0, -1/4 (x2)" in out
    assert "1 - 3/4 g + 105/32 g^2 - 3465/128 g^3" in out
    assert re.search(r"from the coefficients: logarithm at -0\.25000.* Stokes constant 1\.41421356.*j ±", out)
    assert not re.search(r"[ \t]$", out, re.MULTILINE)


def test_analyze_agrees_with_the_api(run):
    status, out, _ = run("analyze", HIMMELBLAU, "--at", "3,2", "--terms", "60", "--json")
    document = json.loads(out)
    verification = verify(Action(HIMMELBLAU), at=(3, 2), terms=60)
    assert status == 0
    assert {key: document[key] for key in verification.to_dict()} == verification.to_dict()
    assert document["kind"] == "action"
    assert [c["multiplicity"] for c in document["critical_values"]] == [4, 1, 1, 1, 1, 1]
    assert document["critical_values"][1]["minimal_polynomial"][0] == "-1592268730010849"
    assert document["series"]["first"][:2] == ["1", "4062/279841"]


def test_a_critical_point_may_be_given_by_its_first_digits(run):
    status, out, _ = run("analyze", HIMMELBLAU, "--at", "-2.805,3.131", "--terms", "40", "--json")
    document = json.loads(out)
    assert status == 0
    adjacent = [row["numerical"]["location"]["real"] for row in document["rows"] if row["numerical"]]
    assert adjacent[0].startswith("67.71915")


@pytest.mark.parametrize("at", ["(3, 2)", " 3,2 ", "3.0,2.0"])
def test_ways_to_write_a_point(run, at):
    status, out, _ = run("analyze", HIMMELBLAU, "--at", at, "--terms", "20", "--json")
    assert status == 0
    assert json.loads(out)["series"]["first"][1] == "4062/279841"


@pytest.mark.parametrize("at", ["I/sqrt(2)", "0.707j", "0+0.70710678j"])
def test_complex_critical_points(run, at):
    status, out, _ = run("analyze", "x^2 + x^4", "--at", at, "--terms", "40", "--json")
    assert status == 0
    assert json.loads(out)["series"]["action"] == "-1/4"


def test_a_refuted_claim(run):
    status, out, _ = run("analyze", "quartic", "--claim", "2**(5/3)/3", "--terms", "40")
    assert status == 1
    assert "refuted" in out
    assert "is not among the only possible locations" in out


def test_claims_may_be_negative_and_many(run):
    status, out, _ = run("analyze", "quartic", "--claim", "-1/4", "--claim", "1/2", "--terms", "40", "--json")
    rows = json.loads(out)["rows"]
    assert status == 1
    assert [(row["exact"], row["status"]) for row in rows[:2]] == [("-1/4", "estimated"), ("1/2", "refuted")]
    assert run("analyze", "quartic", "--claim=-1/4", "--terms", "40")[0] == 0


def test_analyze_a_file(run, table):
    status, out, _ = run("analyze", table, "--json")
    document = json.loads(out)
    assert status == 0
    assert (document["kind"], document["name"], document["terms"]) == ("coefficients", "quartic.txt", 40)
    [row] = document["rows"]
    assert enclosure(row["numerical"]["location"]).contains("-1/4")


def test_a_file_of_rounded_numbers(run, tmp_path):
    path = tmp_path / "rounded.txt"
    path.write_text("".join(f"{float(a):.12e}\n" for a in models.cubic.series(30)))
    status, out, _ = run("analyze", str(path), "--json")
    document = json.loads(out)
    assert status == 0
    assert enclosure(document["rows"][0]["numerical"]["location"]).contains("1/6")
    assert document["series"]["first"][1]["status"] == "estimated"
    assert "series" in run("analyze", str(path))[1]


def test_a_plot(run, tmp_path):
    path = tmp_path / "borel.png"
    status, out, _ = run("analyze", "quartic", "--terms", "40", "--plot", str(path))
    assert status == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    assert str(path) in out


def test_notes_say_why_there_is_no_number(run):
    out = run("analyze", HIMMELBLAU, "--at", "3,2", "--terms", "40")[1]
    assert "0: the expansion point's own critical value" in out
    assert re.search(r"67\.7.*: intersection number -1; out of reach of the coefficients used", out)
    assert re.search(r"104\.0.* is not singular on the first sheet: intersection number 0", out)


# -- sum --------------------------------------------------------------------------------------------------------------


def test_sum_a_model(run):
    status, out, err = run("sum", "quartic", "--g", "1/10", "--digits", "25")
    assert (status, err) == (0, "")
    assert out.count("0.52939243022557488872366") == 3
    assert "certified" in out
    assert "estimated" in out
    assert "digits in common with the exact value" in out


def test_errors_printed_cover_the_rounding_of_the_text(run):
    out = run("sum", "quartic", "--g", "1/10", "--digits", "5")[1]
    exact = models.quartic.exact("1/10", 30).value.real
    values, errors = re.findall(r"(0\.529\d*)\n", out), re.findall(r"± (\S+)", out)
    assert len(values) == len(errors) == 3
    for value, error in zip(values, errors, strict=True):
        assert abs(mpmath.mpf(value) - exact) <= mpmath.mpf(error)


@pytest.mark.parametrize("side", ["above", "below", "median"])
def test_sums_agree_with_the_api(run, side):
    status, out, _ = run("sum", "cubic", "--g", "1/20", "--side", side, "--digits", "20", "--json")
    document = json.loads(out)
    exact = models.cubic.exact("1/20", 40, side=side)
    assert status == 0
    assert enclosure(document["exact"]).contains(exact)
    assert [s["status"] for s in document["sums"]] == ["certified", "estimated"]
    for total in document["sums"]:
        assert total["agrees"]
        assert enclosure(total).contains(exact)
        assert total["digits_in_common"] >= 18


def test_sum_an_action_to_the_digits_asked_for(run):
    status, out, _ = run("sum", "x**2 + x**4", "--g", "0.1", "--digits", "20", "--json")
    sums = json.loads(out)["sums"]
    assert status == 0
    assert [total["status"] for total in sums] == ["certified", "estimated"]
    for total in sums:
        assert total["digits"] >= 20
        assert enclosure(total).contains(models.quartic.exact("1/10", 40))


def test_sum_of_so_many_terms(run):
    status, out, _ = run("sum", "x**2 + x**4", "--g", "1/10", "--terms", "30", "--json")
    certified, total = json.loads(out)["sums"]
    assert status == 0
    assert certified["name"] == "Borel sum"
    assert total["name"] == "from 30 coefficients"
    known = Action("x**2 + x**4").expand(30, at=0)
    expected = borel_sum(
        FormalSeries(known.terms, action=known.action, exponent=known.exponent, constant=known.constant), "1/10", 30
    )
    assert {key: total[key] for key in expected.to_dict()} == expected.to_dict()


def test_sum_a_file(run, table):
    status, out, _ = run("sum", table, "--g", "1/10", "--json")
    [total] = json.loads(out)["sums"]
    assert status == 0
    assert total["name"] == "from 40 coefficients"
    assert enclosure(total).contains(borel_sum(models.quartic.series(2).stripped(), "1/10", 30))


def test_directions_and_complex_couplings(run):
    status, out, _ = run("sum", "euler", "--g", "1/10", "--direction", "0.3", "--json", "--digits", "20")
    assert status == 0
    assert enclosure(json.loads(out)["exact"]).contains(models.euler.exact("1/10", 40, side="above"))
    status, out, _ = run("sum", "quartic", "--g", "-1/10", "--direction", "pi", "--side", "below", "--json")
    assert status == 0
    assert enclosure(json.loads(out)["exact"]).contains(models.quartic.exact("-1/10", 40, side="below"))
    assert run("sum", "euler", "--g", "1/10+1/20j", "--direction=-pi/8")[0] == 0


def test_disagreement_is_reported(run, monkeypatch):
    wrong = Enclosure(mpmath.mpc("0.53"), mpmath.mpf("1e-9"), "certified", "a mistake")
    monkeypatch.setattr(commands, "borel_sum", lambda *_, **__: wrong)
    status, out, _ = run("sum", "quartic", "--g", "1/10", "--terms", "20")
    assert status == 1
    assert "DISAGREES" in out


def test_the_best_of_the_sums_is_shown(run, monkeypatch):
    errors = iter(["1e-40", "1e-9", "1e-3", "1e-5"])  # the certified sum, then more and more coefficients

    def sum_of(*_, **__):
        return Enclosure(mpmath.mpc(1), mpmath.mpf(next(errors)), "estimated", "a test")

    monkeypatch.setattr(commands, "borel_sum", sum_of)
    status, out, _ = run("sum", "x**2 + x**4", "--g", "1/10")
    assert status == 0
    assert "from 60 coefficients" in out
    assert "120" not in out


EULER = "x^3*y'' + (x^2 + x)*y' - y = 0"


def test_an_equation(run):
    status, out, _ = run("sum", EULER, "--initial", "0,1", "--g", "1/10", "--digits", "60", "--json")
    document = json.loads(out)
    assert status == 0
    assert document["kind"] == "equation"
    certified, estimated = document["sums"]
    assert (certified["status"], estimated["status"]) == ("certified", "estimated")
    assert certified["digits"] >= 60
    with mpmath.workdps(80):
        assert enclosure(certified).contains(mpmath.exp(10) * mpmath.e1(10))
    status, out, _ = run("analyze", EULER, "--initial", "0,1")
    assert status == 0
    assert "certified" in out


def test_an_equation_whose_first_coefficients_are_negative(run):
    assert run("sum", "y' = y", "--initial", "-1", "--g", "1/3")[0] == 0


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "required"),
        (["anal"], "invalid choice"),
        (["analyze"], "required: WHAT"),
        (["analyze", "quartic", "--digits", "x"], "invalid int"),
        (["analyze", "quartic", "--digits", "0"], "digits must lie between"),
        (["analyze", "quartic", "--terms", "0"], "--terms must lie between"),
        (["analyze", "quartic", "--terms", "1000000000"], "--terms must lie between"),
        (["analyze", "quartic", "--terms", "4"], "at least 8 usable coefficients"),
        (["analyze", "quartic", "--at", "0"], "--at names the critical point of an action"),
        (["analyze", "quartic", "--claim", "0"], "location other than 0"),
        (["analyze", "quartic", "--claim", "x"], "'x' is not a number"),
        (["analyze", "quartic", "--plot", "borel.gif"], "ending in .png"),
        (["analyze", "quartc"], "did you mean 'quartic'"),
        (["analyze", EULER], "--initial 0,1"),
        (["analyze", EULER, "--initial", "0"], "a_1 is not determined"),
        (["analyze", EULER, "--initial", "1,1"], "fit no solution"),
        (["analyze", "y'' + z' = 0", "--initial", "1"], "one unknown"),
        (["sum", EULER, "--initial", "0,1", "--g", "-1/2"], "at -1: choose --side"),
        (["sum", "quartic", "--initial", "1", "--g", "1"], "models and actions have no use for it"),
        (["analyze", "sin(x)"], "is no file and no action"),
        (["analyze", "bessel_k(1/0)"], "division by zero"),
        (["analyze", ""], "the text is empty"),
        (["analyze", "/nowhere/at all.txt"], "is no file and no model, and as an action"),
        (["analyze", "x + " * 100 + "x**2.5"], "is no file and no model, and as an action"),
        (["analyze", "__import__('os').getcwd()"], "is not allowed"),
        (["analyze", "(x^2+y^2-1)^2"], "not isolated"),
        (["analyze", "x**2 + x**4", "--at", "1"], "is not a critical point"),
        (["analyze", "x**2 + x**4", "--at", "1,2"], "at needs"),
        (["analyze", "x**2 + x**4", "--at", "a"], "'a' is not a number"),
        (["models", "quartc"], "did you mean 'quartic'"),
        (["sum", "quartic"], "required: --g"),
        (["sum", "quartic", "--g", "0"], "g must not be zero"),
        (["sum", "quartic", "--g", "nan"], "'nan' is not a number"),
        (["sum", "quartic", "--g", "1/10", "--side", "left"], "invalid choice"),
        (["sum", "quartic", "--g", "1/10", "--direction", "pi/2"], "within pi/2 of arg g"),
        (["sum", "quartic", "--g", "1/10", "--direction", "I"], "direction must be a real number"),
        (["sum", "quartic", "--g", "1/10", "--terms", "2"], "at least"),
        (["sum", "euler", "--g", "1/10"], "at 1: choose --side above, below or median"),
        (["sum", "stirling", "--g", "1/10*I"], "at 2*I*pi, 4*I*pi, 6*I*pi: choose --side"),
    ],
)
def test_bad_input_is_one_sentence(run, arguments, reason):
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert reason in err
    assert len(err.splitlines()) == 1
    assert err.startswith("resurgence")


def test_bad_files(run, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_text("1\n2\nthree\n")
    status, out, err = run("analyze", str(path))
    assert (status, out) == (2, "")
    assert "line 3: 'three' is not a number" in err
    status, _, err = run("sum", str(path), "--g", "1")
    assert status == 2
    path.write_text("1\n2\n3\n")
    status, _, err = run("analyze", str(path), "--terms", "5")
    assert status == 2
    assert "cannot truncate a series of 3 terms to 5" in err


def test_an_unwritable_plot(run, monkeypatch, tmp_path):
    def fail(*_, **__):
        raise OSError(28, "No space left on device", "borel.png")

    monkeypatch.setattr("resurgence.plotting.plot_borel", fail)
    status, _, err = run("analyze", "quartic", "--terms", "20", "--plot", str(tmp_path / "borel.png"))
    assert (status, err) == (2, "resurgence: borel.png: No space left on device\n")


# -- the process ------------------------------------------------------------------------------------------------------


def test_help_and_version(run):
    status, out, _ = run("--version")
    assert status == 0
    assert re.fullmatch(r"resurgence \d+\.\d+.*\n", out)
    for command in ([], ["models"], ["analyze"], ["sum"]):
        status, out, _ = run(*command, "--help")
        assert status == 0
        assert "usage: resurgence" in out
    assert "exit status" in out
    assert "examples" in out


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (BrokenPipeError(), 141, ""),
        (ArithmeticError("bug"), 70, "Traceback"),
    ],
)
def test_other_ends(run, monkeypatch, error, expected, said):
    def fail(_):
        raise error

    monkeypatch.setattr(commands, "show_models", fail)
    status, out, err = run("models")
    assert (status, out) == (expected, "")
    assert said in err


def test_json_is_one_document_whatever_the_terminal(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["sum", "quartic", "--g", "1/10", "--digits", "10", "--json"]) == 0
    json.loads(capsys.readouterr().out)
    assert "summing" in terminal.getvalue()  # progress goes to stderr, where it is a terminal


def test_a_terminal_without_unicode(monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    assert main(["sum", "quartic", "--g", "1/10", "--digits", "10", "--terms", "20"]) == 0
    assert b"0.5293924302" in buffer.getvalue()


def test_tables_fit_into_80_columns(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    for name, value in (("TERM", "dumb"), ("COLUMNS", "80"), ("LINES", "40")):
        monkeypatch.setenv(name, value)
    assert main(["analyze", HIMMELBLAU, "--at", "3,2", "--terms", "60"]) == 0
    text = terminal.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    row = next(line for line in text.splitlines() if line.startswith("13.3119262704"))
    assert row.split()[-2:] == ["(log)", "certified"]
    assert all(word in text for word in ("expansion", "adjacent", "location", "exponent"))


def test_many_singularities_are_counted(run):
    out = run("analyze", "stirling", "--terms", "80")[1]
    assert out.count("from the coefficients: pole at") == 8
    assert re.search(r"from the coefficients: \d+ more, further out", out)


def test_as_a_module(run, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["resurgence", "models", "nothing"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("resurgence", run_name="__main__")
    assert stop.value.code == 2


def test_as_a_process():
    command = [sys.executable, "-m", "resurgence", "models", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["models"]


def test_a_pipe_that_nobody_reads():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "resurgence", "models"], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_continuation_may_be_chosen(run):
    status, out, _ = run("sum", "quartic", "--g", "10", "--digits", "20", "--continuation", "conformal", "--json")
    assert status == 0
    methods = [entry["method"] for entry in json.loads(out)["sums"]]
    assert any("conformal map of one cut" in method for method in methods)


def test_a_model_without_an_exact_value_there_says_why(run):
    status, out, _ = run("sum", "anharmonic", "--g", "1/5+1j", "--digits", "6", "--terms", "40")
    assert status == 0
    assert "no exact value: the energy of anharmonic is known for rational g > 0" in " ".join(out.split())
    status, out, _ = run("sum", "anharmonic", "--g", "1/5+1j", "--digits", "6", "--terms", "40", "--json")
    document = json.loads(out)
    assert document["exact"] is None
    assert "rational g > 0" in document["exact_unknown"]
