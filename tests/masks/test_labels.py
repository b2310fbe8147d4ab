import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resunet_kit.masks import one_hot, to_labels
from tests.strategies import label_maps, probabilities


@given(label_maps(dtype=st.sampled_from([np.uint8, np.int64]), ndims=(0, 4), max_side=4), st.integers(5, 7))
def test_one_hot_selects_rows_of_the_identity_and_to_labels_undoes_it(labels, num_classes):
    channels = one_hot(labels, num_classes)
    assert channels.dtype == np.uint8
    np.testing.assert_array_equal(channels, np.eye(num_classes)[labels])
    np.testing.assert_array_equal(to_labels(channels), labels)


@given(probabilities(ndims=(1, 3), max_side=4))
def test_one_channel_is_foreground_from_the_threshold_on(probabilities):
    labels = to_labels(probabilities[..., None], 0.25)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, probabilities >= 0.25)


def test_a_probability_at_the_threshold_is_foreground():
    np.testing.assert_array_equal(to_labels([[0.5], [0.499999]]), [1, 0])
    np.testing.assert_array_equal(to_labels(np.float32([[0.7]]), 0.7), [1])


def test_several_channels_take_logits_and_no_threshold():
    np.testing.assert_array_equal(to_labels([[-3.0, 5.0, 2.0], [1.0, 1.0, 0.0]], threshold=0.9), [1, 0])


def test_labels_beyond_256_classes_are_not_cut():
    assert to_labels(np.eye(256)).dtype == np.uint8
    np.testing.assert_array_equal(to_labels(np.eye(300)), np.arange(300))


@pytest.mark.parametrize(
    ("labels", "num_classes", "error", "message"),
    [
        ([0, 3], 3, ValueError, r"from 0 to 2\. Received values from 0 to 3"),
        ([-1, 1], 3, ValueError, "Received values from -1 to 1"),
        ([0, 255], 2, ValueError, "mask // 255"),
        ([0, 1, 255], 2, ValueError, r"void label: give it a class, `np.where\(labels == 255, 0, labels\)`"),
        ([0, 1, 256], 2, ValueError, "Raise num_classes"),
        ([[0, 1], [1]], 2, ValueError, "lists of unequal lengths"),
        (np.ma.masked_equal([0, 1], 1), 2, ValueError, r"labels.filled\(0\)"),
        ([0.0, 1.0], 2, TypeError, r"integer labels\. Received dtype float64"),
        ([0, 1], 0, ValueError, r"Expected num_classes to be an integer of at least 1. Received num_classes="),
        ([0, 1], 2.0, TypeError, r"Expected num_classes to be an integer of at least 1. Received num_classes="),
    ],
)
def test_labels_that_have_no_channel(labels, num_classes, error, message):
    with pytest.raises(error, match=message):
        one_hot(labels, num_classes)


@pytest.mark.parametrize(
    ("probabilities", "threshold", "error", "message"),
    [
        ([[-2.0], [3.0]], 0.5, ValueError, r"from 0 to 1\. Received values from -2 to 3\. Apply the sigmoid"),
        ([[255]], 0.5, ValueError, "divide 0/255 masks by 255"),
        ([[0.5]], 1.5, ValueError, r"Expected threshold to be a number in \[0, 1\]. Received threshold=1\.5"),
        ([[0.5]], "0.5", TypeError, "Expected threshold"),
        ([[0.5, np.nan]], 0.5, ValueError, "Received NaN"),
        ([[np.nan]], 0.5, ValueError, "Received NaN"),
        (np.ma.masked_equal([[0.5], [1.0]], 1), 0.5, ValueError, r"probabilities.filled\(0\)"),
        (0.5, 0.5, ValueError, r"\(..., channels\)\. Received shape \(\)"),
        (np.zeros((2, 0)), 0.5, ValueError, r"Received shape \(2, 0\)"),
        ([["a"]], 0.5, TypeError, "Received dtype"),
    ],
)
def test_outputs_that_have_no_label(probabilities, threshold, error, message):
    with pytest.raises(error, match=message):
        to_labels(probabilities, threshold)


WHITE = np.zeros((4, 5, 3), np.uint8)
WHITE[1:3] = 255


@pytest.mark.parametrize(
    "image",
    [
        WHITE,  # an RGB mask
        np.arange(20, dtype=np.uint8).reshape(4, 5),  # a label map without an axis of channels
        np.eye(4, dtype=bool)[[0, 1, 1]] | np.eye(4, dtype=bool)[2],  # channels that overlap
        np.zeros((2, 3), bool),  # pixels without a class
        np.array([[1, 0], [0, 2]], np.uint16),
    ],
)
def test_several_channels_of_an_images_dtype_must_be_one_hot(image):
    with pytest.raises(ValueError, match=r"not one-hot\. .* convert scores with `.astype\('float32'\)`"):
        to_labels(image)
    assert to_labels(image.astype("float32")).shape == image.shape[:-1]


def test_one_hot_channels_of_0_and_255_and_none_at_all():
    np.testing.assert_array_equal(to_labels(255 * np.eye(3, dtype=np.uint8)), [0, 1, 2])
    assert to_labels(np.zeros((0, 3), np.uint8)).shape == (0,)
