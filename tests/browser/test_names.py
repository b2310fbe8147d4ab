"""Names that look like variables of Plotly's templates, which a figure must show as they are."""

import re

import numpy as np
import pytest

from resunet_kit import plots
from tests.browser.conftest import wait_until

pytestmark = pytest.mark.browser

NAME = "first %{x} %{meta}"
OTHER = "second %{y:.1f}"
IMAGES = np.random.default_rng(7).random((2, 12, 12))
MASKS = IMAGES > 0.5

CHARTS = {
    "class_balance": plots.class_balance([0, 1], groups=[NAME, OTHER], names=[OTHER, NAME], title=NAME),
    "confusion_matrix": plots.confusion_matrix([0, 1], [1, 1], names=[OTHER, NAME], title=NAME),
    "interval_plot": plots.interval_plot({NAME: (0.2, 0.1, 0.3)}, title=NAME),
    "roc_curve": plots.roc_curve([0, 1, 1], {NAME: [0, 0.4, 1], OTHER: [1, 0.2, 0]}, threshold=0.3, title=NAME),
    "score_curves": plots.score_curves([1, 2], {NAME: [0.1, 0.2]}, x_name=OTHER, name=NAME, title=NAME),
    "score_distribution": plots.score_distribution({NAME: [0.5, np.inf]}, name=OTHER, labels=[NAME, NAME], title=NAME),
    "training_history": plots.training_history({NAME: [2.0, 1.0]}, title=NAME),
}
PICTURES = {
    "heatmap_overlay": plots.heatmap_overlay(IMAGES[0], IMAGES[1], name=NAME, title=NAME),
    "label_map": plots.overlay(IMAGES[0], MASKS[0] + 0, class_names=[OTHER, NAME], title=NAME),
    "sample_grid": plots.sample_grid(IMAGES, titles=[NAME, OTHER], title=NAME),
    "slice_viewer": plots.slice_viewer(
        IMAGES[..., None] * [1, 1], titles=[NAME] * 2, channels=[0, 1], channel_names=[NAME, OTHER], title=NAME
    ),
    "worst_cases": plots.worst_cases(IMAGES, MASKS, ~MASKS, [0.1, 0.2], titles=[NAME, OTHER], name=OTHER),
}
FIGURES = CHARTS | PICTURES
HOVERED = [*sorted(set(CHARTS) - {"confusion_matrix"}), "heatmap_overlay"]


@pytest.fixture(scope="module")
def page(visit, tmp_path_factory):
    sections = [plots.Section(name, [figure]) for name, figure in FIGURES.items()]
    with visit() as watched:
        page = watched.open(plots.write_report(tmp_path_factory.mktemp("names") / "names.html", sections))
        watched.read()
        wait_until(
            page, "document.querySelectorAll('.figure.drawn').length === document.querySelectorAll('.figure').length"
        )
        yield page


def figure(page, name):
    return page.locator("section", has=page.locator("h2", has_text=name)).locator(".figure")


def assert_whole(texts):
    """Assert that some texts hold a name, and each of them the whole name but for spaces, at which lines are broken."""
    found = 0
    for text in (re.sub(r"\s", "", text) for text in texts):
        for name in (re.sub(r"\s", "", name) for name in (NAME, OTHER)):
            start = name.partition("%")[0]
            assert text.count(start) == text.count(name), text
            found += text.count(name)
    assert found


@pytest.mark.parametrize("name", FIGURES)
def test_names_are_drawn_as_they_are(page, name):
    assert_whole(figure(page, name).locator("svg text").all_text_contents())


@pytest.mark.parametrize("name", HOVERED)
def test_names_are_said_on_hover_as_they_are(page, name):
    box = figure(page, name)
    box.scroll_into_view_if_needed()
    assert_whole(box.evaluate(SAID))


SAID = """async (box) => {
    const said = [];
    for (let curveNumber = 0; curveNumber < box.data.length; curveNumber += 1) {
        const isPicture = box.data[curveNumber].type === "image";
        Plotly.Fx.hover(box, isPicture ? { xval: 1, yval: 1 } : [{ curveNumber, pointNumber: 0 }]);
        await new Promise((done) => setTimeout(done, 150));
        said.push(...Array.from(box.querySelectorAll(".hovertext, .hoverlayer text"), (label) => label.textContent));
    }
    return said;
}"""
