import numpy as np
import pytest
from hypothesis import given

from resunet_kit._shared.mask_counts import Counts, count_pixels, dice_of_counts
from tests.strategies import mask_pairs


@given(mask_pairs())
def test_counts_are_those_of_a_loop(masks):
    truth, prediction = masks
    expected = [0, 0, 0, 0]
    for t, p in zip(truth.flat, prediction.flat, strict=True):
        expected[0 if t and p else 1 if p else 2 if t else 3] += 1
    assert count_pixels(truth, prediction) == Counts(*expected)


def test_dice():
    assert dice_of_counts(Counts(2, 1, 1, 0)) == pytest.approx(4 / 6)
    assert dice_of_counts(Counts(0, 0, 0, 9)) == 1.0
    assert dice_of_counts(Counts(0, 0, 0, 9), empty=0.0) == 0.0
    assert dice_of_counts(count_pixels(np.zeros((2, 2), bool), np.ones((2, 2), bool))) == 0.0
