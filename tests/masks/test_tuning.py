import numpy as np
import pytest

from resunet_kit.masks._tuning import combinations, paired


def test_values_and_sequences_are_combined_and_thresholds_out_of_order_left_out():
    found = combinations({"threshold": np.array([0.2, 0.6]), "low_threshold": (None, 0.4), "min_size": 3})
    assert [(one["threshold"], one["low_threshold"], one["min_size"]) for one in found] == [
        (0.2, None, 3),
        (0.6, None, 3),
        (0.6, 0.4, 3),
    ]


def test_thresholds_are_tried_by_default():
    assert [one["threshold"] for one in combinations({})] == pytest.approx(np.arange(0.05, 0.96, 0.05))


def test_pairs():
    ((image, truth),) = paired(iter([np.zeros((2, 3))]), iter([np.ones((2, 3))]))
    assert image.shape == truth.shape
    for images, truths in ([], []), ([truth], []), ([truth], [truth.T]):
        with pytest.raises(ValueError, match="Received"):
            paired(images, truths)
    for images, truths in (None, [truth]), ([image], 5):
        with pytest.raises(TypeError, match=r"as a list of arrays\. Received .* Put a single one in a list"):
            paired(images, truths)
