import numpy as np
import pytest

from resunet_kit.inference._quantized_dice import dice_scores, predictions


def maps(*rows):
    return np.array(rows, "float32")[:, None, :, None]  # (n, 1, width, 1)


def test_binary_masks_are_scored_by_image_and_empty_ones_are_right():
    float32, int8 = maps([0.9, 0.9, 0.1], [0.1, 0.2, 0.3]), maps([0.9, 0.4, 0.1], [0.1, 0.2, 0.3])
    assert dice_scores(float32, int8, None) == (pytest.approx((2 / 3 + 1) / 2), 1)
    truths = np.array([[[1, 0, 0]], [[0, 0, 0]]])
    for shaped in (truths, truths[..., None], truths[..., None] * 255):
        assert dice_scores(float32, int8, shaped) == (1, pytest.approx((2 / 3 + 1) / 2))


def test_logits_have_their_threshold_at_zero():
    assert dice_scores(maps([3, 0.2, -1]), maps([3, -0.2, -1]), None).dice == pytest.approx(2 / 3)


def test_of_several_classes_the_background_is_left_out():
    labels = np.array([[[0, 1, 2, 2]]])
    other = np.array([[[0, 1, 1, 2]]])
    scores = dice_scores(np.eye(3)[labels], np.eye(3)[other], labels)
    assert scores == (pytest.approx((2 / 3 + 2 / 3) / 2), 1)
    assert dice_scores(np.eye(3)[labels], np.eye(3)[other], np.eye(3)[labels]) == scores


def test_a_classifier_is_scored_over_all_images():
    float32, int8 = np.eye(2)[[0, 1, 1, 0]], np.eye(2)[[0, 1, 0, 0]]
    assert dice_scores(float32, int8, None).dice == pytest.approx((0.8 + 2 / 3) / 2)


def test_wrong_truths_are_refused():
    float32 = np.eye(3)[np.zeros((1, 2, 2), int)]
    with pytest.raises(ValueError, match=r"Expected truths of shape \(1, 2, 2\), \(1, 2, 2, 1\) or \(1, 2, 2, 3\)"):
        dice_scores(float32, float32, np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="class labels from 0 to 2"):
        dice_scores(float32, float32, np.full((1, 2, 2), 3))
    with pytest.raises(ValueError, match="truths"):
        dice_scores(float32[..., :1], float32[..., :1], np.full((1, 2, 2), 7.5))


def test_predictions_are_in_the_order_of_the_images():
    images = np.arange(11.0).reshape(11, 1)
    np.testing.assert_array_equal(predictions(lambda batch: batch * 2, images), images * 2)
