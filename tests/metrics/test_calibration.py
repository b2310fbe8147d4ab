import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resunet_kit import plots
from resunet_kit.metrics import expected_calibration_error, reliability_bins
from tests.strategies import labelled_probabilities, masks


def bins_by_loop(truth, probability, bins):
    """Return count, sum of probabilities and positives of each bin."""
    rows, edges = np.zeros((bins, 3)), np.linspace(0, 1, bins + 1)
    for label, value in zip(truth, probability, strict=True):
        rows[max(i for i in range(bins) if edges[i] <= value)] += 1, value, label
    return rows


@given(labelled_probabilities(), st.integers(1, 20))
def test_bins_and_error_are_those_of_a_loop(cases, bins):
    rows = bins_by_loop(*cases, bins)
    found = reliability_bins(*cases, bins=bins)
    filled = rows[:, 0] > 0
    np.testing.assert_array_equal(found.counts, rows[:, 0])
    np.testing.assert_allclose(found.confidence[filled], rows[filled, 1] / rows[filled, 0])
    np.testing.assert_allclose(found.frequency[filled], rows[filled, 2] / rows[filled, 0])
    assert not found.confidence[~filled].any()
    assert not found.frequency[~filled].any()
    error = sum(abs(positives - total) for _, total, positives in rows) / len(cases[0])
    assert expected_calibration_error(*cases, bins=bins) == pytest.approx(error, abs=1e-12)


@settings(max_examples=8)  # figures take long
@given(labelled_probabilities(), st.integers(1, 20))
def test_the_diagram_draws_these_bins(cases, bins):
    found = reliability_bins(*cases, bins=bins)
    figure = plots.reliability_diagram(*cases, bins=bins)
    filled = found.counts > 0
    np.testing.assert_array_equal(figure.data[-1].y, found.counts)
    np.testing.assert_allclose(figure.data[0].x, found.confidence[filled])
    np.testing.assert_allclose(figure.data[0].y, found.frequency[filled])
    assert figure.layout.title.text.endswith(f"{expected_calibration_error(*cases, bins=bins):.3f}")


def test_a_bin_holds_its_lower_edge_and_the_last_one_both():
    found = reliability_bins([0] * 5, [0, 0.25, 0.5, 0.75, 1], bins=4)
    assert found.counts.tolist() == [1, 1, 1, 2]
    assert found.edges.tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_probabilities_drawn_from_themselves_are_calibrated():
    generator = np.random.default_rng(0)
    probability = generator.random((200, 500), dtype=np.float32)
    truth = generator.random((200, 500)) < probability
    assert expected_calibration_error(truth, probability) < 0.01
    assert expected_calibration_error(truth, np.sqrt(probability)) > 0.1


@given(masks((3, 4)))
def test_certainty_is_as_wrong_as_its_errors(truth):
    assert expected_calibration_error(truth, truth.astype(float)) == 0
    assert expected_calibration_error(truth, 1.0 - truth) == 1
    assert expected_calibration_error(truth * 255, truth) == 0


@pytest.mark.parametrize("value", [-0.1, 1.5, math.inf])
def test_values_outside_the_range_of_probabilities_are_refused(value):
    with pytest.raises(ValueError, match=r"probability in \[0, 1\]\. Received .* sigmoid"):
        expected_calibration_error([0, 1], [0.5, value])


def test_bad_input():
    with pytest.raises(ValueError, match=r"one shape\. Received \(2, 2\) and \(2, 2, 1\)\. Drop"):
        reliability_bins(np.eye(2), np.eye(2)[..., None])
    with pytest.raises(ValueError, match=r"truth of booleans, 0/1 or 0/255\. Received the values 0, 1, 2\."):
        reliability_bins([0, 1, 2], [0, 0.5, 1])
    with pytest.raises(ValueError, match=r"Received the values 0, 1, nan\."):
        reliability_bins([0, 1, math.nan], [0, 0.5, 1])
    with pytest.raises(ValueError, match=r"probability without NaN\. Received 2 of 3\. Leave"):
        expected_calibration_error([0, 1, 1], [math.nan, 0.5, math.nan])
    with pytest.raises(ValueError, match=r"truth with at least one value"):
        reliability_bins([], [])
    with pytest.raises(TypeError, match=r"probability of numbers\. Received dtype <U1"):
        reliability_bins([0], ["a"])
    with pytest.raises(TypeError, match=r"Expected bins to be an integer of at least 1. Received bins="):
        expected_calibration_error([0], [0], bins=2.0)
