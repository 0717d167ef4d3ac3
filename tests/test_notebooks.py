"""The notebooks run from top to bottom without a warning, and are stored with the outputs of such a run, small."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook, new_output

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

_spec = importlib.util.spec_from_file_location("execute_notebooks", FOLDER / "execute.py")
_script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_script)
execute, compact, store = _script.execute, _script.compact, _script.store

#: Warnings are errors, but for those of the kernel about itself.
STRICT = """import warnings

warnings.simplefilter("error")
warnings.filterwarnings("ignore", module=".*(ipykernel|matplotlib_inline|traitlets)")
"""
#: Bytes of all notebooks together, and lines of a cell.
LARGEST, LONGEST = 600_000, 24

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the cells of a notebook in the folder of the notebooks, warnings being errors, and returns them."""
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))

    def run(notebook):
        notebook.cells.insert(0, new_code_cell(STRICT))
        execute(notebook)
        return notebook.cells[1:]

    return run


def outputs(cells):
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_are_six():
    assert [path.stem[0] for path in NOTEBOOKS] == list("123456")


@each_notebook
def test_it_runs_from_top_to_bottom(path, run):
    cells = run(nbformat.read(path, as_version=4))
    assert not [output.text for output in outputs(cells) if output.get("name") == "stderr"]


@pytest.mark.parametrize("source", ["assert 1 + 1 == 3", "warnings.warn('beware', stacklevel=1)"])
def test_a_claim_that_is_wrong_and_a_warning_stop_the_run(source, run):
    with pytest.raises(CellExecutionError):
        run(new_notebook(cells=[new_code_cell(source)]))


@each_notebook
def test_it_is_stored_as_one_run_left_it(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    stored = outputs(notebook.cells)
    assert not [output for output in stored if output.output_type == "error" or output.get("name") == "stderr"]
    assert any("image/svg+xml" in output.get("data", {}) for output in stored)
    assert notebook.metadata.kernelspec.name == "python3"
    assert not [cell.metadata for cell in notebook.cells if cell.metadata]


def test_a_stored_figure_is_the_drawing_alone(tmp_path):
    svg = '<svg>\n <metadata>now</metadata>\n <path d="M 0 0 \nL 1 1 \n"/>\n</svg>'
    assert compact(svg) == '<svg><path d="M 0 0 L 1 1 "/></svg>'
    data = {"image/svg+xml": svg, "image/png": "iVBORw0KGgo="}
    cell = new_code_cell("figure", outputs=[new_output("display_data", data=data)])
    store(
        new_notebook(cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}),
        tmp_path / "a",
    )
    (output,) = nbformat.read(tmp_path / "a", as_version=4).cells[0].outputs
    assert output.data == {"image/svg+xml": compact(svg)}
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@each_notebook
def test_it_names_no_place_on_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?<![\w.:/])/(?:home|root|Users|tmp|work|usr|opt)/\S*|\b[A-Z]:\\\\\w+", text)


@each_notebook
def test_its_cells_are_short_and_use_what_is_public(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= LONGEST, cell.source
            assert not re.findall(r"(?:\.|import |, )_[a-z]\w*", cell.source), cell.source


def test_they_are_small():
    assert sum(path.stat().st_size for path in NOTEBOOKS) < LARGEST
