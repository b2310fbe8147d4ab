"""Every script of the gallery makes a figure for the pages, every plot has such a script, and all have a thumbnail."""

import ast
import importlib
import json
import runpy
from pathlib import Path

import plotly.graph_objects as go
import pytest
from PIL import Image

from resunet_kit import plots

CHECKOUT = Path(__file__).parents[2]
FIGURES = runpy.run_path(str(CHECKOUT / "docs" / "extensions" / "figures.py"))
THUMBNAILS = runpy.run_path(str(CHECKOUT / "docs" / "extensions" / "thumbnails.py"))
SCRIPTS: dict[str, Path] = FIGURES["scripts"]()
GALLERY = {name: path for name, path in SCRIPTS.items() if path.parent.name == "gallery"}
TRAINING = {name: path for name, path in SCRIPTS.items() if path.parent.name == "examples"}
LARGEST = 2_500_000  # bytes of a figure, in a page that shows twenty
LARGEST_THUMBNAIL = 25_000
REMAKE = "Run `python docs/extensions/thumbnails.py`, and commit docs/figures/thumbnails."


def is_slow(path: Path) -> bool:
    """Tell whether a script simulates patients: the first takes some seconds."""
    return "brain_mri" in path.read_text(encoding="utf-8")


def is_drawn(name: str, figure: str) -> bool:
    """Tell whether the thumbnail was drawn of this script and of a figure of these parts."""
    return THUMBNAILS["digests"]()[name] == THUMBNAILS["digest"](SCRIPTS[name], json.loads(figure))


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if is_slow(path) else []) for name, path in GALLERY.items()],
)
def test_a_script_of_the_gallery_makes_a_light_figure(name):
    figure = importlib.import_module(f"examples.gallery.{name}").figure()
    assert isinstance(figure, go.Figure)
    assert figure.data
    assert len(figure.to_json()) < LARGEST
    assert is_drawn(name, figure.to_json()), REMAKE


@pytest.mark.parametrize("path", SCRIPTS.values(), ids=SCRIPTS)
def test_the_first_line_of_a_script_is_a_caption(path):
    caption = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).splitlines()[0]
    assert caption.endswith((".", "?"))
    assert "<" not in caption


def test_every_module_of_the_gallery_has_a_figure():
    assert {path.stem for path in (CHECKOUT / "examples" / "gallery").glob("[a-z]*.py")} == set(GALLERY)


def test_every_plot_has_a_script_that_shows_it():
    assert set(plots.__all__) - {"Details", "Section", "Table", "page_script", "write_report"} <= set(GALLERY)


def test_the_figures_of_scripts_that_train_are_kept_and_current():
    changed = [name for name, path in TRAINING.items() if not FIGURES["is_kept"](path)]
    assert not changed, "Run `make docs`, which makes their figures, and commit docs/figures."
    assert {path.stem for path in FIGURES["KEPT"].glob("*.json")} == set(TRAINING)


def test_the_thumbnails_of_scripts_that_train_are_current():
    assert [name for name, path in TRAINING.items() if not is_drawn(name, FIGURES["kept"](path))] == [], REMAKE


def test_every_entry_has_a_small_thumbnail():
    pictures = {path.stem: path for path in THUMBNAILS["FOLDER"].glob("*.webp")}
    assert set(pictures) == set(THUMBNAILS["digests"]()) == {*GALLERY, *TRAINING}, REMAKE
    for path in pictures.values():
        assert path.stat().st_size < LARGEST_THUMBNAIL
        with Image.open(path) as picture:
            assert picture.size == THUMBNAILS["SHOWN"]
            assert picture.convert("RGBA").getchannel("A").getextrema()[1] == 255  # something is drawn


def test_a_changed_figure_has_another_digest():
    path = next(iter(SCRIPTS.values()))
    figure = {"data": [{"type": "bar"}], "layout": {"height": 400}}
    changed = [{**figure, "data": []}, {**figure, "layout": {"height": 300}}]
    assert len({THUMBNAILS["digest"](path, one) for one in (figure, *changed)}) == 3
