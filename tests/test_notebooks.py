"""The notebooks are their scripts, run; and their pages show what they gave."""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
EXTENSIONS = CHECKOUT / "docs" / "extensions"
MAKING = runpy.run_path(str(EXTENSIONS / "notebooks.py"))
SCRIPTS: list[Path] = MAKING["SCRIPTS"]
FIGURE = MAKING["FIGURE"]
LARGEST = 1_500_000  # bytes


def kept(script: Path) -> dict:
    return json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def kinds(notebook: dict) -> list[list[tuple[str, ...]]]:
    """Return for each cell what kinds of outputs it has; numbers in them differ from machine to machine."""
    return [
        [(output["output_type"], *sorted(output.get("data", {}))) for output in cell["outputs"]]
        for cell in code_cells(notebook)
    ]


def test_the_five_notebooks_are_here():
    names = {"brain_mri", "own_data", "quickstart", "transfer", "volume_3d"}
    assert {script.stem for script in SCRIPTS} == names
    assert {path.stem for path in SCRIPTS[0].parent.glob("*.ipynb")} == names


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_notebook_has_the_cells_of_its_script(script):
    pytest.importorskip("jupytext")
    made, found = MAKING["converted"](script), kept(script)
    cure = f"Run `make notebooks`, or docs/extensions/notebooks.py {script.stem}, and commit what it writes."
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in found["cells"]] == [
        (cell.cell_type, cell.source) for cell in made.cells
    ], cure


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_notebook_was_run_and_is_light(script):
    notebook = kept(script)
    text = json.dumps(notebook)
    assert [cell["execution_count"] for cell in code_cells(notebook)] == [
        number for number, _ in enumerate(code_cells(notebook), start=1)
    ]
    outputs = [output for cell in code_cells(notebook) for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert {output.get("name") for output in outputs} <= {"stdout", None}
    assert sum(FIGURE in output.get("data", {}) for output in outputs) >= 2
    assert not re.search(r"/(tmp|home|root|Users)/|[A-Z]:\\\\Users|Warning|plotly\.js", text)
    assert len(text) < LARGEST


def test_a_machine_path_is_refused():
    with pytest.raises(ValueError, match=r"without machine paths\. Received .*secret"):
        MAKING["check"]('{"text": "/secret/images"}', ["/secret"], SCRIPTS[0])


def test_a_warning_is_refused_but_not_what_tensorflow_writes():
    nbformat = pytest.importorskip("nbformat")

    def stderr(text):
        return nbformat.v4.new_output("stream", name="stderr", text=text)

    assert (
        MAKING["clean"](stderr("WARNING: All log messages before absl::Init\nI0000 00:1 port.cc\n"), SCRIPTS[0]) is None
    )
    with pytest.raises(ValueError, match=r"without a warning\. Received .*DeprecationWarning"):
        MAKING["clean"](stderr("x.py:1: DeprecationWarning: old\n"), SCRIPTS[0])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_page_shows_the_text_and_the_figures(script, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(EXTENSIONS), *sys.path])
    page, figures = runpy.run_path(str(EXTENSIONS / "notebook_pages.py"))["rendered"](script.stem, kept(script))
    assert page.startswith("# ")
    assert page.count("\n# ") == len(re.findall(r"^# ", page, re.MULTILINE)) - 1
    assert re.findall(r'<div class="figure" data-figure="(\w+)"', page) == list(figures)
    printed = [output["text"] for cell in code_cells(kept(script)) for output in cell["outputs"] if "text" in output]
    assert all("".join(text).rstrip("\n") in page for text in printed)
    assert f"({script.stem}.ipynb)" in page


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_notebook_runs_and_gives_what_was_kept(script):
    pytest.importorskip("nbclient")
    made = json.loads(json.dumps(MAKING["executed"](script)))
    assert kinds(made) == kinds(kept(script))
