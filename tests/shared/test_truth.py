import numpy as np
import pytest
from keras import ops

from resunet_kit._shared.truth import normalized_class_weights, split_sample_weight, to_probabilities


def test_class_weights_are_normalized_and_leave_classes_out():
    options = {"multilabel": False, "include_background": True, "ignore_class": None}
    np.testing.assert_allclose(normalized_class_weights(3, **options, class_weights=[1, 3, 0]), [0.25, 0.75, 0])
    np.testing.assert_allclose(normalized_class_weights(3, **{**options, "include_background": False}), [0, 0.5, 0.5])
    np.testing.assert_allclose(normalized_class_weights(3, **{**options, "ignore_class": 1}), [0.5, 0, 0.5])
    np.testing.assert_allclose(normalized_class_weights(3, **{**options, "ignore_class": 255}), [1 / 3] * 3)
    # Neither one channel nor independent channels have a background.
    without = {**options, "include_background": False}
    np.testing.assert_allclose(normalized_class_weights(1, **without), [1])
    np.testing.assert_allclose(normalized_class_weights(2, **{**without, "multilabel": True}), [0.5, 0.5])


def test_class_weights_need_a_class_and_one_entry_per_channel():
    options = {"multilabel": False, "include_background": False, "ignore_class": 1}
    with pytest.raises(ValueError, match="Expected at least one class to score"):
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
    with pytest.raises(ValueError, match=r"per image, of shape \(2,\).*Received shape \(2, 5, 4\)"):
        split_sample_weight(np.ones((2, 5, 4)), ops.ones((2, 4, 5, 3)))


@pytest.mark.parametrize("weight", [np.ones(3), np.ones(1), np.ones((1, 1))])
def test_one_weight_for_each_image(weight):
    with pytest.raises(ValueError, match=r"per image, of shape \(2,\)"):
        split_sample_weight(weight, ops.ones((2, 4, 5, 3)))
    assert split_sample_weight(0.5, ops.ones((2, 4, 5, 3)))[1] is not None


@pytest.mark.parametrize(
    ("value", "message"), [(-1, "at least 0.*from -1 to 1"), (np.nan, "NaN"), (np.inf, "infinite")]
)
def test_sample_weights_are_finite_and_not_negative(value, message):
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
