import numpy as np
import pytest

from resunet_kit.metrics._case_labels import case_labels


def labels(mask, num_classes=None, ignore_class=None):
    return case_labels(np.asarray(mask), "the truth", num_classes=num_classes, ignore_class=ignore_class)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_binary_masks_of_any_type_are_labels(dtype):
    found = labels(np.array([[0, 1], [1, 0]], dtype))
    assert found.array.tolist() == [[0, 1], [1, 0]]
    assert found.array.dtype.kind in "iu"
    assert found.present == {1}


def test_masks_of_0_and_255_are_binary_unless_255_is_ignored_or_a_label():
    assert labels([[0, 255]]).array.tolist() == [[0, 1]]
    assert labels([[0, 255]]).full_scale
    assert labels([[0, 255]], num_classes=1).array.tolist() == [[0, 1]]
    ignored = labels([[0, 1, 255]], ignore_class=255)
    assert (ignored.array.tolist(), ignored.present) == ([[0, 1, 255]], {1})
    other = labels(np.array([[0, 255, 7]], "uint8"), ignore_class=7)
    assert (other.array.tolist(), other.full_scale) == ([[0, 1, 7]], True)
    assert labels([[0, 255]], num_classes=256).present == {255}


def test_a_last_axis_of_length_1_is_the_channel():
    assert labels(np.zeros((4, 5, 1))).array.shape == (4, 5)
    assert labels(np.zeros((4, 5, 6, 1))).array.shape == (4, 5, 6)


@pytest.mark.parametrize(
    ("mask", "options", "says"),
    [
        ([[0.2, 0.7]], {}, "Threshold probabilities"),
        ([[0, 3]], {"num_classes": 3}, "labels from 0 to 2.*larger num_classes"),
        ([[0, 200]], {}, "labels from 0 to 127.*Pass num_classes"),
        ([[0, 1, 255]], {}, "ignore_class"),
        ([[-1, 0]], {}, "labels from 0"),
        ([[np.nan, 0]], {}, "NaN"),
        ([0, 1], {}, r"Received shape \(2,\)"),
        (np.zeros((2, 3, 4, 5)), {}, "without axes of batch and classes"),
        (np.eye(3)[[[0, 1], [2, 2]]], {}, r"numpy\.argmax"),
        (np.zeros((0, 3)), {}, r"shape \(0, 3\)"),
    ],
)
def test_other_masks_are_refused(mask, options, says):
    with pytest.raises(ValueError, match=says):
        labels(mask, **options)


def test_text_is_refused():
    with pytest.raises(TypeError, match="the truth of labels"):
        labels([["a"]])
