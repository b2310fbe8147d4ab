import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import label

from resunet_kit.metrics import lesion_scores
from tests.strategies import CONNECTIVITIES, mask_pairs


def count_by_loop(truth, prediction, min_overlap, connectivity):
    """Return detected, missed, falsely predicted and matched lesions, one component after another."""
    counts = []
    for mask, other in ((truth, prediction), (prediction, truth)):
        labels = label(mask, connectivity=connectivity)
        fractions = [other[labels == index].mean() for index in range(1, labels.max() + 1)]
        counts.append([fraction > 0 and fraction >= min_overlap for fraction in fractions])
    detected, matched = counts
    return sum(detected), len(detected) - sum(detected), len(matched) - sum(matched), sum(matched)


@given(mask_pairs(), st.sampled_from([0, 0.1, 0.25, 0.5, 1]), CONNECTIVITIES)
def test_counts_are_those_of_a_loop_over_the_components(pair, min_overlap, connectivity):
    scores = lesion_scores(*pair, min_overlap=min_overlap, connectivity=connectivity)
    assert scores[:4] == count_by_loop(*pair, min_overlap, connectivity)
    assert all(type(count) is int for count in scores[:4])
    assert all(0 <= score <= 1 for score in scores[4:])


@given(mask_pairs())
def test_swapping_the_masks_swaps_sensitivity_and_precision(pair):
    scores, swapped = lesion_scores(*pair), lesion_scores(*pair[::-1])
    assert (scores.sensitivity, scores.precision) == (swapped.precision, swapped.sensitivity)
    assert (scores.detected, scores.missed) == (swapped.matched, swapped.false_positives)
    assert scores.f1 == pytest.approx(swapped.f1)


def masks_of_three():
    """Return lesions of 10, 10 and 1 pixels; the first is predicted by 1 pixel, the last by itself, one is invented."""
    truth, prediction = np.zeros((2, 9, 12), np.uint8)
    truth[0, :10] = truth[4, :10] = truth[8, 11] = 1
    prediction[0, 0] = prediction[8, 11] = prediction[6, 0:3] = 1
    return truth, prediction


def test_a_lesion_is_detected_from_the_minimum_overlap_on():
    truth, prediction = masks_of_three()
    at = lesion_scores(truth, prediction)
    assert at == (2, 1, 1, 2, 2 / 3, 2 / 3, pytest.approx(2 / 3))
    above = lesion_scores(truth, prediction, min_overlap=0.11)
    assert (above.detected, above.missed, above.matched, above.false_positives) == (1, 2, 2, 1)
    assert above.f1 == pytest.approx(2 * (1 / 3) * (2 / 3) / (1 / 3 + 2 / 3))


def test_a_prediction_of_everything_is_false():
    truth = np.zeros((20, 20), np.uint8)
    truth[2, 2] = truth[10, 10] = 1
    scores = lesion_scores(truth, np.ones_like(truth))
    assert scores == (2, 0, 1, 0, 1, 0, 0)
    assert lesion_scores(truth, np.ones_like(truth), min_overlap=0).f1 == 1


def test_one_prediction_may_detect_two_lesions_and_two_may_lie_in_one():
    two, one = np.array([[1, 1, 0, 1, 1]]), np.array([[1, 1, 1, 1, 1]])
    assert lesion_scores(two, one) == (2, 0, 0, 1, 1, 1, 1)
    assert lesion_scores(one, two) == (1, 0, 0, 2, 1, 1, 1)


def test_connectivity_joins_across_corners_or_not():
    corner = np.eye(2)
    assert lesion_scores(corner, corner).detected == 1
    assert lesion_scores(corner, corner, connectivity=1).detected == 2


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
def test_empty_masks(shape):
    full, empty = np.ones(shape), np.zeros(shape)
    assert lesion_scores(empty, empty) == (0, 0, 0, 0, 1, 1, 1)
    assert lesion_scores(full, empty) == (0, 1, 0, 0, 0, 0, 0)
    assert lesion_scores(empty, full) == (0, 0, 1, 0, 0, 0, 0)


def test_bad_input():
    mask = np.eye(4)
    with pytest.raises(
        ValueError, match=r"Expected min_overlap to be a number in \[0, 1\]\. Received min_overlap=10\."
    ):
        lesion_scores(mask, mask, min_overlap=10)
    with pytest.raises(ValueError, match=r"Expected connectivity to be an integer in \[1, 2\]. Received connectivity="):
        lesion_scores(mask, mask, connectivity=3)
    with pytest.raises(ValueError, match=r"one shape"):
        lesion_scores(mask, mask[:2])
