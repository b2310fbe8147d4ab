import re

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
    with pytest.raises(TypeError, match="Expected scores to be numbers"):
        plots.score_distribution(["a", None])
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


INF, NAN = float("inf"), float("nan")


def beside(figure):
    """Return the columns by name, and the markers in them by the label of their case."""
    columns = {note.text: note.x for note in figure.layout.annotations if note.xref == "x"}
    found = {}
    for trace in figure.data:
        if trace.marker.symbol == "circle-open":
            found |= {label: (x, words) for label, x, words in zip(trace.text, trace.x, trace.customdata, strict=True)}
    return columns, found


def test_infinite_and_missing_scores_stand_in_columns_of_their_own():
    figure = plots.score_distribution(
        {"a": [3.0, INF, 9.0, None], "b": [-INF, 4.0]}, name="Distance", labels=["p", "q", "r", "s", "t", "u"]
    )
    columns, found = beside(figure)
    assert columns["−∞"] < 3 < 9 < columns["∞"] < columns["missing"]
    assert found == {
        "q": (columns["∞"], "infinite"),
        "s": (columns["missing"], "missing"),
        "t": (columns["−∞"], "infinite"),
    }
    low, high = figure.layout.xaxis.range
    assert low < columns["−∞"]
    assert high > columns["missing"]
    assert all(3 <= tick <= 9 for tick in figure.layout.xaxis.tickvals)
    boxes = figure.data[:4:2]
    assert [list(box.x) for box in boxes] == [[3.0, 9.0], [4.0]]
    assert [list(box.text) for box in boxes] == [["p", "r"], ["u"]]
    assert [note.text for note in figure.layout.annotations if note.yref == "y"] == [
        "a · n 4, median 9.000, mean 6.000 of the finite,<br>1 infinite, 1 missing",
        "b · n 2, median −∞, mean 4.000 of the finite,<br>1 infinite",
    ]


def test_the_median_counts_infinite_scores_and_no_mean_is_made_of_them():
    title = plots.score_distribution([1.0, INF, INF], name="D").layout.title.text.replace("<br>", " ")
    assert title == "D · median ∞, mean 1.000 of the finite, n 3, 2 infinite"
    title = plots.score_distribution([1.0, 2.0, 3.0, INF], name="D").layout.title.text.replace("<br>", " ")
    assert title == f"D · median {np.median([1.0, 2.0, 3.0, INF]):.3f}, mean 2.000 of the finite, n 4, 1 infinite"
    title = plots.score_distribution([-INF, INF], name="D").layout.title.text.replace("<br>", " ")
    assert title == "D · median undefined, n 2, 2 infinite"
    title = plots.score_distribution([1.0, 2.0, NAN], name="D").layout.title.text.replace("<br>", " ")
    assert title == "D · median 1.500, mean 1.500, n 3, 1 missing"


@pytest.mark.parametrize(
    ("scores", "words"), [([INF, INF], "median ∞, n 2, 2 infinite"), ([NAN], "no score, n 1, 1 missing")]
)
def test_scores_of_which_none_is_finite_are_said(scores, words):
    figure = plots.score_distribution(scores, name="D")
    assert figure.layout.title.text == f"D · {words}"
    assert "no finite score" in [note.text for note in figure.layout.annotations]
    assert len(beside(figure)[1]) == len(scores)


def test_columns_beside_dice_keep_its_axis_from_0_to_1():
    figure = plots.score_distribution([0.4, NAN])
    assert list(figure.layout.xaxis.tickvals) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert beside(figure)[0]["missing"] > 1


def test_a_group_of_many_scores_is_its_box_alone():
    scores = np.random.default_rng(0).random(5000)
    box = plots.score_distribution(scores).data[0]
    assert [box.q1[0], box.median[0], box.q3[0]] == pytest.approx(np.quantile(scores, [0.25, 0.5, 0.75]))
    assert box.x is None
    assert len(plots.score_distribution(scores).to_json()) < 20_000


def test_a_long_name_of_a_group_keeps_its_ends():
    note, *_ = plots.score_distribution({"first " + "x" * 300 + " last": [0.1], "b": [0.2]}).layout.annotations
    assert re.match(r"first x+…x+ last · n 1", note.text.replace("<br>", ""))
    assert note.text.count("<br>") <= 2


def test_groups_that_look_alike_have_a_row_each():
    long = {f"{'x' * 50}{index}{'y' * 50}": [0.5, 0.9] for index in range(3)}
    for scores in (long, {1: [0.5, 0.9], "1": [0.5, 0.9]}):
        figure = plots.score_distribution(scores)
        assert len({trace.y[0] for trace in figure.data}) == len(scores)
