import numpy as np
import pytest

from resunet_kit import plots

RNG = np.random.default_rng(5)
TRUTHS = RNG.random((5, 16, 16)) < 0.4
PREDICTIONS = RNG.random((5, 16, 16)) < 0.4
IMAGES = RNG.random((5, 16, 16, 3))


def test_counts_are_those_of_a_plain_loop():
    figure = plots.error_map(IMAGES[0], TRUTHS[0], PREDICTIONS[0] * 255)
    pairs = list(zip(TRUTHS[0].ravel(), PREDICTIONS[0].ravel(), strict=True))
    tp, fp, fn = (pairs.count(pair) for pair in ((True, True), (False, True), (True, False)))
    assert [trace.name for trace in figure.data[1:4]] == [
        f"True positive · {tp} px",
        f"False positive · {fp} px",
        f"False negative · {fn} px",
    ]
    assert figure.layout.title.text == f"Error map · Dice {2 * tp / (2 * tp + fp + fn):.3f}"
    assert len({trace.line.color for trace in figure.data[1:4]}) == 3


def test_two_empty_masks_agree():
    figure = plots.error_map(IMAGES[0], np.zeros((16, 16)), np.zeros((16, 16)))
    assert figure.layout.title.text.endswith("Dice 1.000")
    assert plots.error_map(IMAGES[0], TRUTHS[0], TRUTHS[0], title="Mine").layout.title.text == "Mine"


def test_the_lowest_scores_come_first_with_their_own_pictures():
    scores = [0.5, 0.1, 0.9, 0.1, 0.3]
    figure = plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS, scores, count=3, titles=list("abcde"), name="IoU")
    assert [note.text for note in figure.layout.annotations] == [
        "b<br>IoU 0.100",
        "d<br>IoU 0.100",
        "e<br>IoU 0.300",
    ]
    single = plots.error_map(IMAGES[4], TRUTHS[4], PREDICTIONS[4])
    assert figure.data[8].source == single.data[0].source
    for shown, alone in zip(figure.data[9:12], single.data[1:4], strict=True):
        assert shown.x == alone.x
        assert shown.y == alone.y


def test_fewer_cases_than_asked_are_all_shown():
    figure = plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS, np.arange(5), count=50)
    assert sum(trace.type == "image" for trace in figure.data) == 5


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="Received 1 missing of 5"):
        plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS, [0.1, 0.2, np.nan, 0.3, 0.4])
    with pytest.raises(ValueError, match=r"predictions: 4, scores: 5\. Pass"):
        plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS[:4], np.arange(5))
    with pytest.raises(ValueError, match="titles: 1"):
        plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS, np.arange(5), titles=["a"])
    with pytest.raises(ValueError, match="Expected count to be an integer of at least 1"):
        plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS, np.arange(5), count=0)
    with pytest.raises(ValueError, match="Expected prediction"):
        plots.error_map(IMAGES[0], TRUTHS[0], PREDICTIONS[0][:8])
    with pytest.raises(ValueError, match="at least one value"):
        plots.worst_cases([], [], [], [])
    with pytest.raises(TypeError, match=r"Expected image to be numbers\. Received None"):
        plots.error_map(None, TRUTHS[0], PREDICTIONS[0])


def test_infinite_scores_are_the_worst_and_the_best():
    scores = -np.array([1.5, np.inf, 0.5, -np.inf, 2.5])  # of distances, the negative
    figure = plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS, scores, name="Score")
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles[:2] == ["1<br>Score −∞", "4<br>Score −2.500"]
    assert titles[-1] == "3<br>Score ∞"
    figure = plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS, -np.array([0.0, 1e30, 2e-5, 3, 4]))
    assert [annotation.text.split()[1] for annotation in figure.layout.annotations] == [
        *("−1e+30", "−4.000", "−3.000", "0.000", "0.000")
    ]
    with pytest.raises(TypeError, match=r"Expected scores as a sequence. Received None"):
        plots.worst_cases(IMAGES, TRUTHS, PREDICTIONS, None)


def test_ignored_pixels_are_outside_the_outlines():
    truth, prediction = np.zeros((6, 6), int), np.ones((6, 6), int)
    truth[:2], truth[4:] = 1, 255
    figure = plots.error_map(np.zeros((6, 6)), truth, prediction, ignore_class=255)
    lowest = {trace.name: max(trace.y) for trace in figure.data if trace.name in ("Truth", "Prediction")}
    assert lowest == {"Truth": 1.5, "Prediction": 3.5}


def test_a_prediction_is_needed():
    with pytest.raises(TypeError, match="Expected prediction of booleans"):
        plots.error_map(np.eye(4), np.eye(4), None)


def test_the_pixels_of_label_maps_are_counted_by_kind():
    truth = np.array([[0, 1, 1, 2], [2, 2, 0, 255]])
    prediction = np.array([[0, 1, 2, 2], [0, 2, 1, 1]])
    figure = plots.error_map(
        np.zeros((2, 4)), truth, prediction, class_names=["background", "a", "b"], ignore_class=255
    )
    assert [trace.name for trace in figure.data[1:6]] == [
        "True positive · 3 px",
        "False positive · 1 px",
        "False negative · 1 px",
        "Wrong class · 1 px",
        "Ignored · 1 px",
    ]
    # Class a: 1 of 2 found, and 1 of the background; class b: 2 of 3, and 1 of class a.
    assert figure.layout.title.text == f"Error map · mean Dice {(2 / 4 + 4 / 6) / 2:.3f}, 2 classes"


def test_truth_and_prediction_are_outlined_on_demand():
    figure = plots.error_map(IMAGES[0], TRUTHS[0], PREDICTIONS[0])
    assert [(trace.name, trace.visible) for trace in figure.data[4:6]] == [
        ("Truth", "legendonly"),
        ("Prediction", "legendonly"),
    ]
    assert list(figure.data[4].x) == list(plots.overlay(IMAGES[0], TRUTHS[0]).data[1].x)


@pytest.mark.slow
def test_many_pictures_of_bad_cases_stay_light():
    images = RNG.integers(0, 256, (6, 128, 128, 3), dtype=np.uint8)
    masks = np.zeros((6, 128, 128), bool)
    figure = plots.worst_cases(images, masks, masks, np.arange(6))
    assert len(figure.to_json()) < 400_000
