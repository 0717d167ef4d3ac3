"""The README's first program prints what the README says."""

import pathlib
import runpy
from fractions import Fraction

README = pathlib.Path(__file__).parents[1] / "README.md"


def test_the_first_program_prints_what_stands_below_it(tmp_path, capsys):
    text = README.read_text(encoding="utf-8")
    program, _, rest = text.partition("```python\n")[2].partition("```")
    printed = rest.partition("```\n")[2].partition("```")[0]
    file = tmp_path / "readme.py"
    file.write_text(program, encoding="utf-8")
    runpy.run_path(str(file))
    actual = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    expected = [
        line.split("        from ")[0].split("       the ")[0].rstrip() for line in printed.splitlines() if line
    ]
    assert actual == expected


def test_the_second_program_runs_and_is_certified():
    text = README.read_text(encoding="utf-8")
    first, second = (part.partition("```")[0] for part in text.split("```python\n")[1:3])
    names: dict[str, object] = {}
    statuses = []
    for line in (first + second).splitlines():
        if line.startswith(("import", "a =", "s =", "h =")):
            exec(line, names)
        elif line and not line.startswith("print"):
            statuses.append(getattr(eval(line.partition("  #")[0], names), "status", None))
    assert statuses == ["certified", "certified", None, "certified", None, None, "certified", None]


def test_the_third_program_runs_and_agrees_with_itself():
    text = README.read_text(encoding="utf-8")
    first, _, third = (part.partition("```")[0] for part in text.split("```python\n")[1:4])
    names: dict[str, object] = {}
    exec(first.partition("\n")[0], names)
    values = []
    for line in third.splitlines():
        if line.startswith(("s =", "t =")):
            exec(line, names)
        elif line:
            values.append(eval(line.partition("  #")[0], names))
    total, exact, (sector,), local, hyper = values
    assert total.contains(exact)
    assert exact.status == "certified"
    assert sector.coefficients[0].contains(Fraction(95, 24))
    assert local.coefficients[0].contains(Fraction(95, 24))
    assert hyper.sum.digits >= 15
    assert "sigma^2" in str(names["t"])
