import numpy as np
import pytest
from sklearn import metrics

from resunet_kit import plots

RNG = np.random.default_rng(1)
TRUTH = RNG.random(120) < 0.4
SCORES = np.clip(RNG.normal(0.4 + 0.2 * TRUTH, 0.2), 0, 1)


def test_measures_are_those_of_scikit_learn_at_every_threshold():
    figure = plots.threshold_curve(TRUTH, SCORES)
    measured = {trace.name: trace.y for trace in figure.data}
    thresholds = figure.data[0].x
    np.testing.assert_array_equal(thresholds, np.unique(SCORES))
    for index in range(0, len(thresholds), 11):
        called = thresholds[index] <= SCORES
        assert measured["Sensitivity"][index] == pytest.approx(metrics.recall_score(TRUTH, called))
        assert measured["Specificity"][index] == pytest.approx(metrics.recall_score(~TRUTH, ~called))
        assert measured["F1"][index] == pytest.approx(metrics.f1_score(TRUTH, called))


@pytest.mark.parametrize("metric", ["youden", "f1"])
def test_marked_threshold_is_the_best(metric):
    figure = plots.threshold_curve(TRUTH, SCORES, metric=metric)
    marked = figure.layout.shapes[0].x0

    def value(threshold):
        called = threshold <= SCORES
        if metric == "f1":
            return 2 * (TRUTH & called).sum() / (TRUTH.sum() + called.sum())
        return called[TRUTH].mean() - called[~TRUTH].mean()

    best = max(value(threshold) for threshold in np.unique(SCORES))
    assert value(marked) == pytest.approx(best)
    assert f"{best:.3f}" in figure.layout.title.text


def test_a_given_threshold_is_marked_and_no_best_one_sought():
    called = SCORES >= 0.73
    figure = plots.threshold_curve(TRUTH, SCORES, threshold=0.73)
    assert figure.layout.shapes[0].x0 == 0.73
    sensitivity, specificity = called[TRUTH].mean(), 1 - called[~TRUTH].mean()
    f1 = metrics.f1_score(TRUTH, called)
    title = f"Sensitivity {sensitivity:.3f}, specificity {specificity:.3f}, F1 {f1:.3f} at threshold 0.73"
    assert figure.layout.title.text.replace("<br>", " ") == title
    masks = np.stack([TRUTH.reshape(10, 12)] * 2)
    scores = np.stack([SCORES.reshape(10, 12)] * 2)
    assert f"Dice {f1:.3f} at" in plots.threshold_curve(masks, scores, threshold=0.73).layout.title.text
    with pytest.raises(TypeError, match="Expected threshold to be a number"):
        plots.threshold_curve(TRUTH, SCORES, threshold="best")


def test_dice_is_the_mean_over_images_and_empty_images_count_one():
    masks = RNG.random((3, 12, 12)) < 0.4
    masks[1] = False
    scores = np.clip(masks * 0.3 + RNG.random(masks.shape) * 0.7, 0, 1)
    scores[1] *= 0.5
    figure = plots.threshold_curve(masks, scores, metric="dice")
    dice = next(trace for trace in figure.data if trace.name == "Dice")
    for index in (0, 100, 300, len(dice.x) - 1):
        called = scores >= dice.x[index]
        sizes = [mask.sum() + call.sum() for mask, call in zip(masks, called, strict=True)]
        overlaps = [(mask & call).sum() for mask, call in zip(masks, called, strict=True)]
        each = [2 * overlap / size if size else 1.0 for overlap, size in zip(overlaps, sizes, strict=True)]
        assert dice.y[index] == pytest.approx(np.mean(each))
    assert figure.layout.shapes[0].x0 == dice.x[int(np.argmax(dice.y))]


def test_many_scores_are_thinned_and_keep_their_range():
    scores = RNG.random(5000)
    figure = plots.threshold_curve(scores > 0.5, scores)
    assert len(figure.data[0].x) <= 500
    assert figure.data[0].x[0] == scores.min()
    assert figure.data[0].x[-1] == scores.max()
    assert np.all(np.diff(figure.data[0].y) <= 0)
    assert np.all(np.diff(figure.data[1].y) >= 0)


def test_what_has_no_curve_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'youden'"):
        plots.threshold_curve(TRUTH, SCORES, metric="yuden")
    with pytest.raises(ValueError, match="Pass masks"):
        plots.threshold_curve(TRUTH, SCORES, metric="dice")
    with pytest.raises(ValueError, match="0 positives of 120"):
        plots.threshold_curve(np.zeros(120), SCORES)
    with pytest.raises(ValueError, match="Expected scores of the truth's shape"):
        plots.threshold_curve(TRUTH, SCORES[:-1])
    with pytest.raises(ValueError, match="NaN"):
        plots.threshold_curve([0, 1], [0.1, np.nan])


def test_the_marked_threshold_has_a_point_on_each_line():
    figure = plots.threshold_curve(TRUTH, SCORES, threshold=0.73)
    *lines, points = figure.data
    called = SCORES >= 0.73
    assert points.name == "Threshold 0.73"
    assert list(points.x) == [0.73] * 3
    assert points.y[0] == pytest.approx(metrics.recall_score(TRUTH, called))
    assert points.y[2] == pytest.approx(metrics.f1_score(TRUTH, called))
    assert [line.line.color for line in lines] == list(points.marker.color)


def test_constant_scores_are_drawn_as_points_and_said():
    figure = plots.threshold_curve([0, 1], [0.5, 0.5])
    assert all("markers" in line.mode for line in figure.data)
    assert figure.layout.annotations[0].text == "All scores are 0.5: there is one threshold"
