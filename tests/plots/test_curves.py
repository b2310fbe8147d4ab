import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics

from resunet_kit import plots
from tests.strategies import labelled_scores

RNG = np.random.default_rng(0)
TRUTH = RNG.random(300) < 0.3
SCORES = np.round(RNG.normal(TRUTH * 1.2, 1.0), 1)  # rounded, so that scores tie


def test_roc_points_and_area_are_those_of_scikit_learn():
    figure = plots.roc_curve(TRUTH, SCORES)
    expected = np.transpose(metrics.roc_curve(TRUTH, SCORES, drop_intermediate=False))
    curve = figure.data[0]
    assert curve.customdata[0] == "above all"
    for x, y, threshold in list(zip(curve.x, curve.y, curve.customdata, strict=True))[1:]:
        row = expected[np.argmin(np.abs(expected[:, 2] - float(threshold)))]
        np.testing.assert_allclose(row, [x, y, float(threshold)], atol=1e-3)
    # What was left out lies on the line: the drawn area is the whole area.
    area = metrics.roc_auc_score(TRUTH, SCORES)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(area)
    assert f"AUC {area:.3f}" in figure.layout.title.text


def test_precision_recall_points_and_average_are_those_of_scikit_learn():
    figure = plots.precision_recall_curve(TRUTH, SCORES)
    precision, recall, _ = metrics.precision_recall_curve(TRUTH, SCORES)
    curve = figure.data[0]
    np.testing.assert_allclose(curve.x, recall[::-1])
    np.testing.assert_allclose(curve.y, precision[::-1])
    assert f"AP {metrics.average_precision_score(TRUTH, SCORES):.3f}" in figure.layout.title.text
    np.testing.assert_allclose(figure.data[-1].y, [TRUTH.mean()] * 2)


@settings(max_examples=20, deadline=None)
@given(labelled_scores())
def test_curves_rise_stay_in_the_unit_square_and_agree_with_scikit_learn(case):
    truth, scores = case
    roc = plots.roc_curve(truth, scores)
    recall = plots.precision_recall_curve(truth, scores)
    for values in (roc.data[0].x, roc.data[0].y, recall.data[0].x):
        assert values[0] == 0
        assert values[-1] == 1
        assert np.all(np.diff(values) >= 0)
    assert np.all((np.array(recall.data[0].y) >= 0) & (np.array(recall.data[0].y) <= 1))
    assert abs(float(roc.layout.title.text.split()[-1]) - metrics.roc_auc_score(truth, scores)) <= 0.00051
    average = metrics.average_precision_score(truth, scores)
    assert abs(float(recall.layout.title.text.split()[-1]) - average) <= 0.00051


def test_several_curves_are_named_and_share_the_reference():
    figure = plots.roc_curve(TRUTH, {"a": SCORES, "b": -SCORES})
    area = metrics.roc_auc_score(TRUTH, SCORES)
    names = [f"a · AUC {area:.3f}", f"b · AUC {1 - area:.3f}", "Chance · AUC 0.500"]
    assert [trace.name for trace in figure.data] == names
    renamed = plots.precision_recall_curve(TRUTH, {"a": SCORES, "b": -SCORES}, names=["first", "second"])
    assert [trace.name.split(" · ")[0] for trace in renamed.data[:2]] == ["first", "second"]


@pytest.mark.parametrize("threshold", [-9, 0.0, 0.05, float(SCORES.max()), 99])
def test_a_given_threshold_is_marked_where_scikit_learn_puts_it(threshold):
    called = threshold <= SCORES
    point = plots.roc_curve(TRUTH, SCORES, threshold=threshold).data[1]
    assert point.name == f"Threshold {threshold:.4g}"
    assert point.y[0] == pytest.approx(metrics.recall_score(TRUTH, called))
    assert point.x[0] == pytest.approx(1 - metrics.recall_score(~TRUTH, ~called))
    point = plots.precision_recall_curve(TRUTH, SCORES, threshold=threshold).data[1]
    assert point.x[0] == pytest.approx(metrics.recall_score(TRUTH, called))
    assert point.y[0] == pytest.approx(metrics.precision_score(TRUTH, called, zero_division=1))


@pytest.mark.parametrize("curve", [plots.roc_curve, plots.precision_recall_curve])
def test_each_curve_gets_its_point_and_the_reference_stays_last(curve):
    figure = curve(TRUTH, {"a": SCORES, "b": -SCORES}, threshold=0.5)
    assert [trace.name for trace in figure.data[2:4]] == ["a · Threshold 0.5", "b · Threshold 0.5"]
    assert figure.data[-1].name.startswith(("Chance", "Prevalence"))
    assert len(curve(TRUTH, SCORES).data) == 2  # no point unless asked for
    with pytest.raises(TypeError, match="Expected threshold to be a number"):
        curve(TRUTH, SCORES, threshold="0.5")
    with pytest.raises(ValueError, match="threshold"):
        curve(TRUTH, SCORES, threshold=float("nan"))


def test_pixels_of_masks_are_pooled_and_long_curves_thinned():
    masks = RNG.random((4, 64, 64)) < 0.5
    scores = RNG.random(masks.shape)
    figure = plots.roc_curve(masks.astype(np.uint8) * 255, scores)
    assert len(figure.data[0].x) <= 1000
    assert f"{metrics.roc_auc_score(masks.ravel(), scores.ravel()):.3f}" in figure.layout.title.text
    assert figure.data[0].x[-1] == figure.data[0].y[-1] == 1


@pytest.mark.parametrize("curve", [plots.roc_curve, plots.precision_recall_curve])
def test_what_has_no_curve_is_refused(curve):
    with pytest.raises(ValueError, match=r"0 positives of 3.*undefined"):
        curve([0, 0, 0], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="2 positives of 2"):
        curve([1, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"1 NaN or infinite of 2"):
        curve([0, 1], [0.1, np.nan])
    with pytest.raises(ValueError, match=r"shape \(2,\). Received shape \(3,\)"):
        curve([0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="at least one value"):
        curve([], [])
    with pytest.raises(ValueError, match="scores: 1, names: 2"):
        curve([0, 1], [0.1, 0.2], names=["a", "b"])
    with pytest.raises(ValueError, match="Threshold probabilities"):
        curve([0.2, 0.7], [0.1, 0.2])
    with pytest.raises(TypeError, match="Expected scores of 'Model' to be numbers"):
        curve([0, 1], ["a", "b"])


@pytest.mark.parametrize("curve", [plots.roc_curve, plots.precision_recall_curve])
def test_constant_scores_are_said(curve):
    figure = curve([0, 1, 1], {"a": [0.5] * 3, "b": [0.1, 0.2, 0.3], "c": [0, 0, 0]})
    notes = [note.text for note in figure.layout.annotations]
    assert notes == ["All scores of a are 0.5", "All scores of c are 0"]
    assert len({note.yshift for note in figure.layout.annotations}) == 2


@pytest.mark.parametrize("curve", [plots.roc_curve, plots.precision_recall_curve])
def test_no_curve_is_lost(curve):
    with pytest.raises(ValueError, match=r"a name of its own for each curve\. Received \['a', 'a'\]"):
        curve([0, 1], {"x": [0.1, 0.2], "y": [0.3, 0.2]}, names=["a", "a"])
    with pytest.raises(ValueError, match="at least one curve"):
        curve([0, 1], {})
    assert curve([0, 1], [0.1, 0.2], names=iter(["b"])).data[0].name.startswith("b · ")


def test_long_names_are_broken_into_lines_in_the_legend():
    trace, *_ = plots.roc_curve([0, 1], {"a network " * 9: [0.1, 0.2]}).data
    assert max(map(len, trace.name.split("<br>"))) <= 46


@pytest.mark.parametrize("curve", [plots.roc_curve, plots.precision_recall_curve])
def test_hovering_says_which_curve_it_is(curve):
    traces = curve([0, 1, 1], {"one": [0.1, 0.2, 0.4], "%{x}": [0.3, 0.2, 0.1]}, threshold=0.2).data
    said = [trace.hovertemplate.split("<br>")[0] for trace in traces if trace.hovertemplate]
    assert [text.split(" · ")[0] for text in said] == ["one", "&#37;{x}", "one", "&#37;{x}"]
    assert [text.split(" · ")[1][:9] for text in said[2:]] == ["Threshold"] * 2
