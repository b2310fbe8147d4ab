import numpy as np
import pytest

from resunet_kit import plots


def test_groups_hold_their_scores_median_and_mean():
    figure = plots.score_distribution([0.9, 0.2, 0.7, 0.4], groups=["b", "a", "b", "a"], labels=["p", "q", "r", "s"])
    boxes, means = figure.data[::2], figure.data[1::2]
    assert [list(box.x) for box in boxes] == [[0.9, 0.7], [0.2, 0.4]]
    assert [list(box.text) for box in boxes] == [["p", "r"], ["q", "s"]]
    np.testing.assert_allclose([mean.x[0] for mean in means], [0.8, 0.3])
    assert boxes[0].y[0] == "b<br>n 2, median 0.800, mean 0.800"
    assert all(box.boxpoints == "all" for box in boxes)


def test_a_mapping_gives_the_same_figure_as_groups():
    mapped = plots.score_distribution({"b": [0.9, 0.7], "a": [0.2, 0.4]})
    grouped = plots.score_distribution([0.9, 0.7, 0.2, 0.4], groups=["b", "b", "a", "a"])
    assert mapped == grouped


def test_title_and_axis_follow_the_scores():
    figure = plots.score_distribution([3.0, 5.0, 13.0], name="Distance in mm")
    assert figure.layout.title.text == "Distance in mm · median 5.000, mean 7.000, n 3"
    assert figure.layout.xaxis.title.text == "Distance in mm"
    assert figure.layout.xaxis.range is None
    assert plots.score_distribution([0.1, 0.2]).layout.xaxis.range == (-0.03, 1.03)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="2 NaN or infinite of 3"):
        plots.score_distribution([0.1, np.nan, np.inf])
    with pytest.raises(ValueError, match="at least one"):
        plots.score_distribution([])
    with pytest.raises(ValueError, match="empty mapping"):
        plots.score_distribution({})
    with pytest.raises(ValueError, match="scores: 2, groups: 1"):
        plots.score_distribution([0.1, 0.2], groups=["a"])
    with pytest.raises(ValueError, match="scores: 2, labels: 1"):
        plots.score_distribution([0.1, 0.2], labels=["a"])
    with pytest.raises(ValueError, match="Received both"):
        plots.score_distribution({"a": [0.1]}, groups=["a"])
    with pytest.raises(ValueError, match=r"Expected scores to be a vector \(n,\)"):
        plots.score_distribution([[0.1]])
