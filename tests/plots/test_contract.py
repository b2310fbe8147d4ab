"""What holds for every figure."""

import copy
import subprocess
import sys

import keras
import numpy as np
import plotly.graph_objects as go
import pytest

from resunet_kit import plots

RNG = np.random.default_rng(7)
IMAGES = RNG.random((4, 12, 12, 3))
MASKS = RNG.random((4, 12, 12)) < 0.4
PREDICTIONS = RNG.random((4, 12, 12)) < 0.4
TRUTH = np.array([0, 1, 0, 1, 1, 0, 1, 0])
SCORES = RNG.random(8)
GROUPS = np.array(["a", "b"] * 4)

INPUTS = keras.Input((8, 8, 1))
MODEL = keras.Model(INPUTS, keras.layers.UpSampling2D()(keras.layers.Conv2D(2, 3, 2, padding="same")(INPUTS)))

CALLS = {
    "architecture_diagram": ((MODEL,), {}),
    "bland_altman": (([1.0, 2.0, 4.0], [1.5, 2.0, 3.0]), {"labels": ["a", "b", "c"]}),
    "class_balance": ((TRUTH,), {"groups": GROUPS}),
    "confusion_matrix": ((TRUTH, TRUTH[::-1]), {}),
    "error_map": ((IMAGES[0], MASKS[0], PREDICTIONS[0]), {}),
    "interval_plot": (({"a": (0.1, 0.0, 0.2), "b": (0.3, 0.2, 0.4)},), {}),
    "heatmap_overlay": ((IMAGES[0], SCORES[:1] * MASKS[0]), {"mask": MASKS[0]}),
    "lesion_surface": ((MASKS, np.ones(MASKS.shape)), {}),
    "orthogonal_planes": ((IMAGES, MASKS, PREDICTIONS), {}),
    "overlay": ((IMAGES[0], MASKS[0]), {"prediction": PREDICTIONS[0]}),
    "precision_recall_curve": ((TRUTH, SCORES), {}),
    "reliability_diagram": ((TRUTH, SCORES), {}),
    "roc_curve": ((TRUTH, SCORES), {}),
    "sample_grid": ((IMAGES, MASKS), {}),
    "score_curves": (([1, 2, 4], {"a": RNG.random((3, 4)), "b": RNG.random((3, 4))}), {}),
    "score_distribution": ((SCORES,), {"groups": GROUPS}),
    "slice_viewer": ((IMAGES, MASKS, PREDICTIONS), {}),
    "threshold_curve": ((MASKS, RNG.random(MASKS.shape)), {}),
    "training_history": (({"loss": [3.0, 2.0], "val_loss": [3.0, 1.0]},), {}),
    "worst_cases": ((IMAGES, MASKS, PREDICTIONS, SCORES[:4]), {}),
}


PICTURES = {
    "error_map",
    "heatmap_overlay",
    "lesion_surface",
    "orthogonal_planes",
    "overlay",
    "sample_grid",
    "slice_viewer",
    "worst_cases",
}
CHARTS = sorted(set(CALLS) - PICTURES)


def test_every_figure_function_is_here():
    assert set(CALLS) == set(plots.__all__) - {"Details", "Section", "Table", "page_script", "write_report"}


@pytest.mark.parametrize("name", CALLS)
def test_figures_serialise_and_leave_their_input_alone(name):
    arguments, options = CALLS[name]
    before = copy.deepcopy((arguments, options)) if name != "architecture_diagram" else (arguments, options)
    figure = getattr(plots, name)(*arguments, **options)
    assert isinstance(figure, go.Figure)
    assert "Plotly.newPlot(" in figure.to_html(include_plotlyjs=False)
    np.testing.assert_equal((arguments, options), before)


@pytest.mark.parametrize("name", CALLS)
def test_figures_share_one_look(name):
    arguments, options = CALLS[name]
    figure = getattr(plots, name)(*arguments, **options)
    assert figure.layout.template.layout.colorway[0] == "#0072B2"
    assert figure.layout.height >= 100
    assert "sendChartToCloud" in figure.layout.modebar.remove


@pytest.mark.parametrize("name", CHARTS)
def test_charts_fill_their_column_without_a_background(name):
    arguments, options = CALLS[name]
    figure = getattr(plots, name)(*arguments, **options)
    layout = figure.layout
    assert layout.width is None
    assert layout.template.layout.autosize
    assert layout.template.layout.paper_bgcolor == layout.template.layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
    assert max(len(line) for line in layout.title.text.split("<br>")) <= 46


@pytest.mark.parametrize("name", CHARTS)
def test_axes_say_what_they_show(name):
    arguments, options = CALLS[name]
    figure = getattr(plots, name)(*arguments, **options)
    assert name == "architecture_diagram" or any(axis.title.text for axis in figure.select_xaxes())
    assert figure.layout.title.text


def test_neither_a_framework_nor_scikit_learn_is_loaded():
    code = (
        "import sys; import resunet_kit.plots as plots; plots.roc_curve([0, 1], [0.1, 0.2]);"
        "plots.overlay([[0, 1]], [[0, 1]]); plots.reliability_diagram([0, 1], [0.1, 0.9]);"
        "print(sorted({'tensorflow', 'keras', 'jax', 'torch', 'sklearn', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"worst_cases"}))
def test_a_title_is_a_text(name):
    arguments, options = CALLS[name]
    with pytest.raises(TypeError, match=r"Expected title to be a text. Received title=5"):
        getattr(plots, name)(*arguments, **{**options, "title": 5})


@pytest.mark.parametrize(
    "name", ["bland_altman", "heatmap_overlay", "interval_plot", "score_curves", "score_distribution", "worst_cases"]
)
def test_a_name_is_a_text(name):
    arguments, options = CALLS[name]
    with pytest.raises(TypeError, match=r"Expected name to be a text. Received name=5"):
        getattr(plots, name)(*arguments, **{**options, "name": 5})


@pytest.mark.parametrize(
    ("name", "option", "count"),
    [
        ("bland_altman", "labels", 3),
        ("sample_grid", "titles", 4),
        ("score_distribution", "labels", 8),
        ("slice_viewer", "titles", 4),
        ("worst_cases", "titles", 4),
    ],
)
def test_titles_and_labels_come_as_any_sequence(name, option, count):
    arguments, options = CALLS[name]
    words = [f"case {index}" for index in range(count)]
    expected = getattr(plots, name)(*arguments, **{**options, option: words})
    assert words[0] in expected.to_json()
    for form in (np.array(words), iter(words), tuple(words)):
        assert getattr(plots, name)(*arguments, **{**options, option: form}) == expected
    for wrong in ("x" * count, set(words), 5):
        with pytest.raises(TypeError, match=f"Expected {option} as a sequence"):
            getattr(plots, name)(*arguments, **{**options, option: wrong})


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"architecture_diagram", "interval_plot", "training_history"}))
@pytest.mark.parametrize("wrong", [[[1, 2], [3]], 5, None, {"a", "b"}, np.array(["a", "b"])])
def test_what_is_no_array_is_refused_with_a_cure(name, wrong):
    (_, *others), options = CALLS[name]
    with pytest.raises((TypeError, ValueError), match=r"(?s)^Expected .* Received .*\. "):
        getattr(plots, name)(wrong, *others, **options)


@pytest.mark.parametrize("name", ["reliability_diagram", "roc_curve", "threshold_curve", "precision_recall_curve"])
def test_scores_that_a_masked_array_hides_are_not_used(name):
    hidden = np.ma.masked_array(SCORES, TRUTH)
    with pytest.raises(ValueError, match="masked array that hides 4 of 8"):
        getattr(plots, name)(TRUTH, hidden)
