"""Overlap scores of two masks in NumPy: Dice, IoU, sensitivity, specificity and precision."""

from __future__ import annotations

from typing import NamedTuple

from numpy.typing import ArrayLike

from resunet_kit._shared.mask_counts import count_pixels, dice_of_counts
from resunet_kit._shared.numbers import number
from resunet_kit.metrics._mask_pair import as_pair


class OverlapScores(NamedTuple):
    """Result of `overlap_scores`: fractions in [0, 1], where 1 is best.

    Attributes:
        dice: `2TP / (2TP + FP + FN)`.
        iou: `TP / (TP + FP + FN)`.
        sensitivity: `TP / (TP + FN)`.
        specificity: `TN / (TN + FP)`.
        precision: `TP / (TP + FP)`.
    """

    dice: float
    iou: float
    sensitivity: float
    specificity: float
    precision: float


def overlap_scores(truth: ArrayLike, prediction: ArrayLike, *, empty: float = 1.0) -> OverlapScores:
    """Compute the overlap scores of one image or volume from its pixel counts.

    The rules for empty masks are those of the streaming metrics. If both masks are empty, every score is `empty`. If
    only the truth is empty, Dice, IoU, sensitivity and precision are 0, and specificity follows its formula. If only
    the prediction is empty, precision is 0 too. A truth without background has a specificity of 1.

    Args:
        truth: `(height, width)` or `(depth, height, width)`; booleans, 0/1 or 0/255.
        prediction: The same.
        empty: The value of every score if both masks are empty, a finite number.

    Raises:
        TypeError: If the masks' values or `empty` are not numbers.
        ValueError: If the shapes differ or are not 2-D or 3-D, a mask has other values, or `empty` is not finite.

    Example:
        >>> scores = overlap_scores([[1, 1, 0, 0]], [[1, 0, 1, 0]])
        >>> scores.dice, round(scores.iou, 3), scores.specificity
        (0.5, 0.333, 0.5)
    """
    empty = number("empty", empty)
    counts = count_pixels(*as_pair(truth, prediction))
    tp, fp, fn, tn = counts
    if tp + fp + fn == 0:
        return OverlapScores(*[empty] * 5)
    return OverlapScores(
        dice=dice_of_counts(counts),
        iou=tp / (tp + fp + fn),
        sensitivity=tp / (tp + fn) if tp + fn else 0.0,
        specificity=tn / (tn + fp) if tn + fp else 1.0,
        precision=tp / (tp + fp) if tp + fp else 0.0,
    )
