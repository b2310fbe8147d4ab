"""The classes of masks, from their labels."""

import numpy as np
import pytest

from resunet_kit.training._folder_classes import found_classes
from resunet_kit.training._folder_scan import ScannedPair


def pair(*labels: int) -> ScannedPair:
    return ScannedPair((4, 4), 1, True, False, b"", np.bincount(labels, minlength=256))


def classes(*pairs: ScannedPair, num_classes: int | None = None, ignore_class: int | None = None) -> tuple[int, str]:
    names = [f"mask_{number}" for number in range(len(pairs))]
    return found_classes(pairs, names, num_classes=num_classes, ignore_class=ignore_class)


@pytest.mark.parametrize(
    ("pairs", "options", "count"),
    [
        ([pair(0, 0, 0, 1)], {}, 1),
        ([pair(0, 255), pair(0, 0)], {}, 1),
        ([pair(0, 255), pair(0, 1)], {}, 1),
        ([pair(0, 1), pair(0, 2)], {}, 3),
        ([pair(1, 2)], {}, 3),
        ([pair(0, 1, 255)], {"ignore_class": 255}, 1),
        ([pair(0, 1, 3, 2), pair(255)], {"ignore_class": 255}, 4),
        ([pair(0, 2)], {"num_classes": 5}, 5),
        ([pair(0, 255)], {"num_classes": 2}, 1),
    ],
)
def test_the_output_has_one_channel_for_each_class_and_one_for_binary_masks(pairs, options, count):
    assert classes(*pairs, **options)[0] == count


def test_the_sentence_tells_the_foreground_and_absent_classes():
    assert "25.00%" in classes(pair(0, 0, 0, 1))[1]
    assert "Labels 1, 3 occur in no mask" in classes(pair(0, 2), num_classes=4)[1]
    assert "No pixel is background" in classes(pair(1, 2))[1]


@pytest.mark.parametrize(
    ("pairs", "options", "message"),
    [
        ([pair(0, 0), pair(0)], {}, "label 0 alone"),
        ([pair(1)], {}, "label 1 alone"),
        ([pair(255)], {"ignore_class": 255}, "ignore_class=255 alone"),
        ([pair(0, 255), pair(0, 2)], {}, "one meaning of numbers"),
        ([pair(0, 4)], {}, r"classes=\{4: 1\}"),
        ([pair(0, 1, 2, 4)], {}, r"classes=\{4: 3\}"),
    ],
)
def test_masks_that_teach_nothing_or_something_else_are_refused(pairs, options, message):
    with pytest.raises(ValueError, match=message):
        classes(*pairs, **options)
