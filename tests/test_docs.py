"""The pages of the site: their programs run and print what stands below them, and nothing public is left out."""

import contextlib
import importlib
import importlib.util
import io
import pathlib
import re
import shlex

import pytest
from mkdocs.exceptions import PluginError

DOCS = pathlib.Path(__file__).parents[1] / "docs"
#: A program, and what is said to be printed, if anything is.
PROGRAM = re.compile(r"^```python\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
#: Pages whose programs are run by test_surge_trainers.py, and whose one program is a sketch of the text beside it.
ELSEWHERE = {"trainers.md", "transseries.md"}
PAGES = {
    name: page.read_text(encoding="utf-8")
    for page in sorted(DOCS.rglob("*.md"))
    if (name := page.relative_to(DOCS).as_posix()) not in ELSEWHERE
}
PUBLIC = {
    f"{package}.{name}"
    for package in ("resurgence", "surge")
    for name in importlib.import_module(package).__all__
    if name != "models"
}


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if "```python" in text])
def test_programs_print_what_stands_below_them(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for program, expected in PROGRAM.findall(PAGES[page]):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(program, names)
        if expected:
            lines = [line.rstrip() for line in printed.getvalue().splitlines()]
            assert [line for line in lines if line] == [line for line in expected.splitlines() if line], program


def test_the_reference_has_every_public_name_once():
    documented = [name for text in PAGES.values() for name in re.findall(r"^::: (\S+)$", text, re.MULTILINE)]
    assert len(documented) == len(set(documented))
    # A function that shares its name with its module is named in full.
    assert {re.sub(r"\.(\w+)\.\1$", r".\1", name) for name in documented} >= PUBLIC


def test_every_page_is_in_the_navigation_and_the_reverse():
    listed = re.findall(r"(\S+\.md)$", (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted([*PAGES, *ELSEWHERE])


def test_commands_of_the_validation_are_understood(monkeypatch):
    pytest.importorskip("torch")
    from validation.__main__ import main

    understood = []
    for name in ("benchmarks", "claims", "crosscheck", "experiments", "experiments.learning_rates", "report"):
        monkeypatch.setattr(f"validation.{name}.command.run", lambda options: understood.append(options) or True)
    commands = re.findall(r"(?:^    |`)python -m validation ([^`\n]+)", "\n".join(PAGES.values()), re.MULTILINE)
    for command in commands:
        assert main(shlex.split(command)) == 0, command
    assert len(understood) == len(commands) > 5


def hook(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / "hooks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_docstrings_become_markdown():
    text = """x**2 and ``x**2``, see :func:`~surge.log_partition` or :class:`Pade`.

    >>> 2**3
    8

Parameters
----------
side : {"above", "below"}, optional
    Which.

Examples
--------
>>> 3**2
9
"""
    made = hook("docstrings").as_markdown(text)
    assert r"x\*\*2 and ``x**2``" in made
    assert '<autoref identifier="surge.log_partition" optional>`log_partition`</autoref>' in made
    assert '<autoref identifier="Pade" optional>`Pade`</autoref>' in made
    assert "    ```pycon\n    >>> 2**3\n    8\n    ```\n" in made
    assert 'side : "above" or "below", optional' in made
    assert made.endswith("--------\n>>> 3**2\n9")


def test_formulas_become_mathml():
    formulas = hook("formulas")
    inline = formulas.on_page_content(r'<p><span class="arithmatex">\(a_n \sim 1 &lt; 2\)</span></p>')
    assert re.fullmatch(r"<p><math .*<mo>&#x0223C;</mo>.*&#x0003C;.*</math></p>", inline)
    block = formulas.on_page_content('<div class="arithmatex">\\[\n\\frac{1}{g}\n\\]</div>')
    assert block.startswith('<div class="formula"><math')
    assert 'display="block"' in block


def test_sections_of_the_readme_are_put_in():
    readme = hook("readme")
    text = "# a\n\n## b\n\n    code\n\nsee [c](docs/c.md)\n\n### d\n\n## e\n\nf\n"
    assert readme.section(text, "b") == "    code\n\nsee [c](c.md)\n\n### d"
    with pytest.raises(PluginError, match="'g'"):
        readme.section(text, "g")
    asked = re.findall(r"<!-- README: (.+?) -->", "\n".join(PAGES.values()))
    assert asked
    for title in asked:
        assert readme.section((DOCS.parent / "README.md").read_text(encoding="utf-8"), title)


def test_the_site_asks_for_nothing_from_elsewhere():
    text = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8") + (DOCS / "style.css").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(", text)
