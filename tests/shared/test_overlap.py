import numpy as np
import pytest
from hypothesis import given, settings
from keras import ops

from resunet_kit._shared.overlap import overlap, spatial_sum, squared_errors
from tests.strategies import probabilities

BATCHES = probabilities((2, 6, 6, 2))


def count_by_loop(truth, prediction, weights):
    """Return true positives, false positives, false negatives, and the squared errors."""
    counts = np.zeros((4, len(truth), truth.shape[-1]))
    for index in np.ndindex(truth.shape):
        t, p, w = float(truth[index]), float(prediction[index]), float(weights[index])
        cell = (slice(None), index[0], index[-1])
        counts[cell] += w * np.array([t * p, (1 - t) * p, t * (1 - p), (1 - t) * p**2 + t * (1 - p) ** 2])
    return counts


@pytest.mark.parametrize("shape", [(2, 5, 7, 1), (2, 5, 7, 3), (2, 3, 4, 5, 2)])
def test_counts_equal_a_loop_in_float64(shape):
    rng = np.random.default_rng(0)
    truth, prediction, weights = (rng.random(shape).astype("float32") for _ in range(3))
    expected = count_by_loop(truth, prediction, weights)
    arguments = [ops.convert_to_tensor(x) for x in (truth, prediction, weights)]
    np.testing.assert_allclose(np.array(overlap(*arguments)), expected[:3], rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(np.array(squared_errors(*arguments)), expected[[0, 3]], rtol=2e-6, atol=2e-6)


@settings(max_examples=25, deadline=None)
@given(BATCHES, BATCHES, BATCHES)
def test_counts_are_never_negative(truth, prediction, weights):
    arguments = [ops.convert_to_tensor(x) for x in (np.round(truth), prediction, weights)]
    assert np.min(np.array(overlap(*arguments))) >= 0
    assert np.min(np.array(squared_errors(*arguments))) >= 0


@settings(max_examples=25, deadline=None)
@given(BATCHES, BATCHES)
def test_a_perfect_prediction_has_exactly_no_errors_whatever_the_weights(truth, weights):
    truth, weights = ops.convert_to_tensor(np.round(truth)), ops.convert_to_tensor(weights)
    counts = overlap(truth, truth, weights)
    errors = [counts.fp, counts.fn, squared_errors(truth, truth, weights)[1]]
    assert not np.any(np.array(errors))


def test_large_sums_keep_their_digits():
    x = np.random.default_rng(1).random((1, 1024, 1024, 4), dtype="float32")
    expected = x.astype("float64").sum((1, 2))
    np.testing.assert_allclose(np.array(spatial_sum(ops.convert_to_tensor(x))), expected, rtol=5e-6)
