import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras import ops

from resunet_kit._shared.overlap import overlap, spatial_sum, squared_errors
from resunet_kit._shared.truth import normalized_class_weights, split_sample_weight, to_probabilities


def count_by_loop(truth, prediction, weights):
    """Return true positives, false positives, misses, and the errors by squares."""
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


probabilities = hnp.arrays("float32", (2, 6, 6, 2), elements=st.floats(0, 1, width=32))


@settings(max_examples=25, deadline=None)
@given(probabilities, probabilities, probabilities)
def test_counts_are_never_negative(truth, prediction, weights):
    arguments = [ops.convert_to_tensor(x) for x in (np.round(truth), prediction, weights)]
    assert np.min(np.array(overlap(*arguments))) >= 0
    assert np.min(np.array(squared_errors(*arguments))) >= 0


@settings(max_examples=25, deadline=None)
@given(probabilities, probabilities)
def test_a_perfect_prediction_has_exactly_no_errors_whatever_the_weights(truth, weights):
    truth, weights = ops.convert_to_tensor(np.round(truth)), ops.convert_to_tensor(weights)
    counts = overlap(truth, truth, weights)
    errors = [counts.fp, counts.fn, squared_errors(truth, truth, weights)[1]]
    assert not np.any(np.array(errors))


def test_large_sums_keep_their_digits():
    x = np.random.default_rng(1).random((1, 1024, 1024, 4), dtype="float32")
    expected = x.astype("float64").sum((1, 2))
    np.testing.assert_allclose(np.array(spatial_sum(ops.convert_to_tensor(x))), expected, rtol=5e-6)


def test_class_importance_is_a_share_and_leaves_classes_out():
    options = {"multilabel": False, "include_background": True, "ignore_class": None}
    np.testing.assert_allclose(normalized_class_weights(3, **options, class_weights=[1, 3, 0]), [0.25, 0.75, 0])
    np.testing.assert_allclose(normalized_class_weights(3, **{**options, "include_background": False}), [0, 0.5, 0.5])
    np.testing.assert_allclose(normalized_class_weights(3, **{**options, "ignore_class": 1}), [0.5, 0, 0.5])
    np.testing.assert_allclose(normalized_class_weights(3, **{**options, "ignore_class": 255}), [1 / 3] * 3)
    # Neither one channel nor independent channels have a background.
    without = {**options, "include_background": False}
    np.testing.assert_allclose(normalized_class_weights(1, **without), [1])
    np.testing.assert_allclose(normalized_class_weights(2, **{**without, "multilabel": True}), [0.5, 0.5])


def test_class_importance_needs_a_class_and_one_weight_a_channel():
    options = {"multilabel": False, "include_background": False, "ignore_class": 1}
    with pytest.raises(ValueError, match="No class is left"):
        normalized_class_weights(2, **options)
    with pytest.raises(ValueError, match="each of the prediction's 3 channels"):
        normalized_class_weights(3, **options, class_weights=[1, 1])


@pytest.mark.parametrize(
    ("shape", "pixel", "image"),
    [
        ((2,), None, (2,)),
        ((2, 1), None, (2,)),
        ((2, 1, 1, 1), None, (2,)),
        ((2, 4, 5), (2, 4, 5, 1), None),
        ((2, 4, 5, 1), (2, 4, 5, 1), None),
        ((2, 4, 5, 3), (2, 4, 5, 3), None),
    ],
)
def test_sample_weights_are_told_by_their_shape(shape, pixel, image):
    found = split_sample_weight(np.ones(shape), ops.ones((2, 4, 5, 3)))
    assert tuple(None if x is None else tuple(x.shape) for x in found) == (pixel, image)


def test_a_sample_weight_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"per image, of shape \(2,\).*Received \(2, 5, 4\)"):
        split_sample_weight(np.ones((2, 5, 4)), ops.ones((2, 4, 5, 3)))


@pytest.mark.parametrize("weight", [np.ones(3), np.ones(1), np.ones((1, 1))])
def test_one_weight_for_each_image(weight):
    with pytest.raises(ValueError, match=r"per image, of shape \(2,\)"):
        split_sample_weight(weight, ops.ones((2, 4, 5, 3)))
    assert split_sample_weight(0.5, ops.ones((2, 4, 5, 3)))[1] is not None


@pytest.mark.parametrize(("value", "message"), [(-1, "0 or more.*from -1 to 1"), (np.nan, "NaN"), (np.inf, "infinite")])
def test_weights_that_are_no_weights_are_refused(value, message):
    for shape in ((2,), (2, 4, 5)):
        weight = np.ones(shape)
        weight[0] = value
        with pytest.raises(ValueError, match=message):
            split_sample_weight(weight, ops.ones((2, 4, 5, 3)))


def test_a_softmax_of_certain_logits_is_exactly_one():
    logits = ops.convert_to_tensor(np.float32([[[[100, -100, -100]]]]))
    found = np.array(to_probabilities(logits, from_logits=True, multilabel=False))
    assert found.tolist() == [[[[1, 0, 0]]]]


def test_no_images_have_no_values_to_check():
    assert to_probabilities(ops.ones((0, 4, 5, 1)), from_logits=False, multilabel=False).shape == (0, 4, 5, 1)
