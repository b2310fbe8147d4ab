import numpy as np
import pytest

from resunet_kit import metrics, plots

INF, NAN = float("inf"), float("nan")
ROWS = {"worse": (-0.2, -0.3, -0.1), "same": (0.05, -0.1, 0.2), "better": (0.3, 0.1, 0.5)}


def numbers(figure):
    return [note.text.split("</b>")[1].removeprefix("<br>").strip() for note in figure.layout.annotations]


def test_rows_stand_from_the_top_with_their_intervals_and_numbers():
    figure = plots.interval_plot(ROWS)
    points, across, apart = figure.data
    assert list(points.x) == [-0.2, 0.05, 0.3]
    assert list(points.y) == [0, 1, 2]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert list(across.x) == [-0.1, 0.2, None]
    assert list(apart.x) == [-0.3, -0.1, None, 0.1, 0.5, None]
    assert list(apart.y) == [0, 0, None, 2, 2, None]
    assert points.marker.color[0] == points.marker.color[2] == apart.line.color != points.marker.color[1]
    assert numbers(figure) == ["−0.200 (−0.300 to −0.100)", "0.050 (−0.100 to 0.200)", "0.300 (0.100 to 0.500)"]
    assert figure.layout.shapes[0].x0 == 0
    assert figure.layout.title.text == "Difference · intervals that exclude 0: 2 of 3"


def test_rows_come_as_mappings_and_from_the_bootstrap():
    rows = [
        dict(zip(("label", "estimate", "low", "high"), (label, *values), strict=True)) for label, values in ROWS.items()
    ]
    assert plots.interval_plot(rows) == plots.interval_plot(ROWS)
    found = metrics.bootstrap_interval([0.1, 0.2, 0.4], resamples=50)
    assert numbers(plots.interval_plot({"a": found}))[0].startswith("0.233 (0.")


def test_a_ratio_is_compared_with_one_and_no_reference_has_no_line():
    figure = plots.interval_plot({"a": (1.5, 1.2, 1.8)}, reference=1, name="Ratio")
    assert figure.layout.title.text == "Ratio · intervals that exclude 1: 1 of 1"
    plain = plots.interval_plot({"a": (1.5, 1.2, 1.8)}, reference=None, name="Ratio")
    assert not plain.layout.shapes
    assert plain.layout.title.text == "Ratio"


def test_missing_and_infinite_ends_are_said():
    figure = plots.interval_plot(
        {"a": (NAN, NAN, NAN), "b": (1.0, None, None), "c": (2.0, -INF, INF), "d": (3, 1, INF)}
    )
    assert numbers(figure) == ["not available", "1.000, no interval", "2.000 (−∞ to ∞)", "3.000 (1.000 to ∞)"]
    low, high = figure.layout.xaxis.range
    assert list(figure.data[1].x) == [low, high, None]
    assert list(figure.data[2].x) == [1, high, None]
    assert figure.data[0].marker.symbol[:2] == ("square-open", "square-open")
    assert figure.data[0].x[0] is None


def test_a_long_label_leaves_its_numbers_to_a_line_of_their_own():
    figure = plots.interval_plot({"short": (1, 0, 2), "a label of thirty-four characters!": (1, 0, 2)})
    assert ["</b><br>" in note.text for note in figure.layout.annotations] == [False, True]
    assert figure.layout.height == plots.interval_plot({"a": (1, 0, 2), "b": (1, 0, 2)}).layout.height + 2 * 16


@pytest.mark.parametrize("row", [(0.0, 0.0, 0.0), (5.0, 5.0, 5.0), (NAN, None, None)])
def test_a_row_without_width_has_an_axis(row):
    low, high = plots.interval_plot({"a": row}).layout.xaxis.range
    assert np.isfinite([low, high]).all()
    assert low < high


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        plots.interval_plot({})
    with pytest.raises(ValueError, match="at least one row"):
        plots.interval_plot([])
    with pytest.raises(TypeError, match="Received int"):
        plots.interval_plot(3)
    with pytest.raises(TypeError, match=r"Expected row 'a' as \(estimate, low, high\)"):
        plots.interval_plot({"a": (1, 2)})
    with pytest.raises(TypeError, match="Expected numbers in row 'a'"):
        plots.interval_plot({"a": ("x", 1, 2)})
    with pytest.raises(ValueError, match=r"rows\[0\] without 'estimate'"):
        plots.interval_plot([{"label": "a", "mean": 1}])
    with pytest.raises(ValueError, match="from low to high"):
        plots.interval_plot({"a": (1, 2, 0)})
    with pytest.raises(ValueError, match="Expected a finite estimate"):
        plots.interval_plot({"a": (INF, 0, INF)})
    with pytest.raises(ValueError, match="reference"):
        plots.interval_plot(ROWS, reference=NAN)


def test_a_number_that_no_float_holds_is_refused():
    with pytest.raises(TypeError, match="Expected numbers in row 'a'"):
        plots.interval_plot({"a": (10**400, 0, 1)})


def test_large_and_small_numbers_are_written_alike_for_both_signs():
    [note] = plots.interval_plot({"a": (1234.5, -0.00001, 1e9)}).layout.annotations
    assert note.text == "<b>a</b>  1,234 (−1e−05 to 1e+09)"


def test_a_label_of_many_lines_is_whole_on_hovering_alone():
    figure = plots.interval_plot({"z" * 300: (0, -1, 1)})
    assert len(figure.layout.annotations[0].text) < 200
    assert figure.data[0].text[0].startswith("z" * 300)
