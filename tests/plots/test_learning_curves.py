import numpy as np
import pytest
from scipy import stats

from resunet_kit import plots

NAN = float("nan")
X = [40, 5, 20]
SCORES = {"ImageNet": [[0.8, 0.82, 0.81], [0.5, 0.6, 0.4], [0.7, 0.72, NAN]], "random": [[0.8], [0.3], [0.6]]}


def test_lines_are_means_and_bands_t_intervals_over_repeats_x_rising():
    figure = plots.score_curves(X, SCORES, name="Dice")
    line, other, band = figure.data
    assert [line.name, other.name] == ["ImageNet", "random"]
    assert list(line.x) == [5, 20, 40]
    np.testing.assert_allclose(line.y, [0.5, 0.71, 0.81])
    expected = [
        stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        for values in ([0.5, 0.6, 0.4], [0.7, 0.72], [0.8, 0.82, 0.81])
    ]
    np.testing.assert_allclose(band.y[:3], [low for low, _ in expected])
    np.testing.assert_allclose(band.y[3:], [high for _, high in expected][::-1])
    assert band.legendgroup == "ImageNet"  # one score at each position has no interval
    assert [words.split(", ")[-1] for words in line.customdata] == ["n 3", "n 2", "n 3"]
    assert set(other.customdata) == {"none"}


def test_given_intervals_are_drawn_and_gaps_part_the_band():
    ends = [[0.1, 0.3], [NAN, NAN], [0.4, 0.6], [0.5, 0.7]]
    figure = plots.score_curves([1, 2, 3, 4], [0.2, NAN, 0.5, 0.6], intervals=ends, x_name="Seconds")
    line, band = figure.data
    assert list(band.x) == [1, 1, None, 3, 4, 4, 3]
    assert list(band.y) == [0.1, 0.3, None, 0.4, 0.5, 0.7, 0.6]
    assert np.isnan(line.y[1])
    assert figure.layout.xaxis.title.text == "Seconds (1 score missing)"
    assert figure.layout.title.text == "Score against seconds"
    assert not figure.layout.showlegend


def test_lines_may_have_positions_of_their_own():
    x = {"a": [1, 10], "b": [3, 30]}
    figure = plots.score_curves(x, {"a": [0.1, 0.2], "b": [0.3, 0.4]}, logarithmic=True)
    assert [list(trace.x) for trace in figure.data] == [[1, 10], [3, 30]]
    assert figure.layout.xaxis.type == "log"
    assert list(figure.layout.xaxis.ticktext) == ["1", "3", "10", "30"]
    assert plots.score_curves(np.linspace(0.1, 3, 5), np.zeros(5)).layout.xaxis.tickvals is None


def test_repeats_left_out_are_counted_at_the_axis():
    scores = {"a": [[0.1, 0.2], [0.3, NAN]], "b": [[NAN, NAN], [0.3, 0.4]]}
    figure = plots.score_curves([5, 20], scores)
    assert figure.layout.xaxis.title.text == "Training patients (3 scores missing)"


def test_ticks_that_would_lie_on_each_other_are_left_to_plotly():
    x = [5 * 2**power for power in range(8)]
    assert plots.score_curves(x, np.zeros(8)).layout.xaxis.tickvals is None
    assert len(plots.score_curves(x, np.zeros(8), logarithmic=True).layout.xaxis.tickvals) == 8


def test_scores_that_are_all_missing_are_said():
    figure = plots.score_curves([1, 2], [NAN, NAN])
    assert figure.layout.annotations[0].text == "no score to draw: all are missing"


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="empty mapping"):
        plots.score_curves([1], {})
    with pytest.raises(ValueError, match="at least one value"):
        plots.score_curves([], [])
    with pytest.raises(ValueError, match="x: 2, scores of 'a': 3"):
        plots.score_curves([1, 2], {"a": [1, 2, 3]})
    with pytest.raises(ValueError, match=r"Expected x of the lines \['a'\]. Received those of \['b'\]"):
        plots.score_curves({"b": [1]}, {"a": [1]})
    with pytest.raises(ValueError, match="Expected intervals of the lines"):
        plots.score_curves([1], {"a": [1]}, intervals={})
    with pytest.raises(ValueError, match="without infinite values"):
        plots.score_curves([1, 2], [0.1, np.inf])
    with pytest.raises(ValueError, match="Expected x above 0"):
        plots.score_curves([0, 1], [0.1, 0.2], logarithmic=True)
    with pytest.raises(ValueError, match=r"Expected intervals of shape \(2, 2\)"):
        plots.score_curves([1, 2], [0.1, 0.2], intervals=[0.1, 0.2])
    with pytest.raises(ValueError, match="from low to high"):
        plots.score_curves([1], [0.1], intervals=[[0.3, 0.2]])
    with pytest.raises(ValueError, match="without intervals"):
        plots.score_curves([1], [[0.1, 0.2]], intervals=[[0.1, 0.2]])
    with pytest.raises(ValueError, match="without infinite ends"):
        plots.score_curves([1], [0.1], intervals=[[0.1, np.inf]])
    with pytest.raises(ValueError, match="Received '1' twice"):
        plots.score_curves([1], {1: [0.1], "1": [0.2]})
    with pytest.raises(TypeError, match="Expected logarithmic"):
        plots.score_curves([1], [0.1], logarithmic=1)
    with pytest.raises(TypeError, match="Expected scores to be numbers"):
        plots.score_curves([1], ["a"])


@pytest.mark.parametrize("intervals", [["a", "b"], [[0, 1], [2]], "ab", [[0, 1j], [1, 2]]])
def test_intervals_that_are_no_numbers_are_refused(intervals):
    with pytest.raises((TypeError, ValueError), match=r"Expected intervals .* Received"):
        plots.score_curves([1, 2], [0.1, 0.2], intervals=intervals)
