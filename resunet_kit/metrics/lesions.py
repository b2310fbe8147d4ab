"""Lesion-wise detection scores: connected components detected, missed and falsely predicted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import neighbours
from resunet_kit._shared.numbers import number
from resunet_kit.metrics._mask_pair import Mask, as_pair, extent


class LesionScores(NamedTuple):
    """Result of `lesion_scores`.

    Attributes:
        detected: Lesions of the truth that the prediction detects.
        missed: Lesions of the truth that it does not detect.
        false_positives: Predicted lesions that match no lesion of the truth.
        matched: Predicted lesions that match a lesion of the truth; differs from `detected` where one prediction covers
            several lesions, or several predictions lie in one.
        sensitivity: `detected / (detected + missed)`.
        precision: `matched / (matched + false_positives)`.
        f1: Harmonic mean of sensitivity and precision.
    """

    detected: int
    missed: int
    false_positives: int
    matched: int
    sensitivity: float
    precision: float
    f1: float


def lesion_scores(
    truth: ArrayLike, prediction: ArrayLike, *, min_overlap: float = 0.1, connectivity: int | None = None
) -> LesionScores:
    """Score the detection of lesions, the connected components: each counts the same, however small.

    A lesion of the truth is detected if at least `min_overlap` of its pixels, and at least one, are predicted. A
    predicted lesion is matched if at least `min_overlap` of its pixels, and at least one, are foreground of the truth,
    so that a prediction that covers everything detects all lesions and is itself a false positive. The matching is not
    one-to-one: a lesion may match several.

    If both masks are empty, sensitivity, precision and F1 are 1; if only one is, they are 0.

    Args:
        truth: `(height, width)` or `(depth, height, width)`; booleans, 0/1 or 0/255.
        prediction: The same.
        min_overlap: Minimum fraction of a lesion's pixels, in [0, 1]; 0 means one pixel. The default is that of the
            MSSEG challenge.
        connectivity: Number of axes along which neighbouring pixels of one lesion may differ, from 1 (across faces
            only) to the number of axes; `None` means all of them (across corners too).

    Raises:
        TypeError: If the masks' values or `min_overlap` are not numbers, or `connectivity` is not an integer.
        ValueError: If the shapes differ or are not 2-D or 3-D, a mask has other values, or an option is out of range.

    Note:
        The challenge's tool, animaSegPerfAnalyzer, is stricter: the overlap must exceed the fraction; none of the
        predicted lesions that make up 65 % of a detection, largest part first, may lie more than 70 % in the
        background; and lesions are joined across faces, with those of up to 3 mm³ left out.

    Example:
        >>> truth = [[1, 1, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0]]
        >>> prediction = [[1, 0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0]]
        >>> scores = lesion_scores(truth, prediction)
        >>> scores.detected, scores.missed, scores.false_positives, scores.f1
        (1, 1, 1, 0.5)

    References:
        Commowick et al. (2018), "Objective evaluation of multiple sclerosis lesion segmentation using a data
        management and processing infrastructure", Scientific Reports 8:13650.
    """
    masks = as_pair(truth, prediction)
    connectivity = neighbours(connectivity, masks[0].ndim)
    fraction = number("min_overlap", min_overlap, "[0, 1]")
    detected = _overlapping(masks[0], masks[1], fraction, connectivity)
    matched = _overlapping(masks[1], masks[0], fraction, connectivity)
    return _scores(int(detected.sum()), int((~detected).sum()), int((~matched).sum()), int(matched.sum()))


def _overlapping(mask: Mask, other: Mask, min_overlap: float, connectivity: int) -> NDArray[np.bool_]:
    """Return for each component of `mask` whether at least `min_overlap` of it lies in `other`."""
    from scipy import ndimage

    box = extent(mask)
    labels, components = ndimage.label(mask[box], ndimage.generate_binary_structure(mask.ndim, connectivity))
    sizes = np.bincount(labels.ravel(), minlength=components + 1)[1:]
    shared = np.bincount(labels[other[box]], minlength=components + 1)[1:]
    overlapping: NDArray[np.bool_] = (shared > 0) & (shared / sizes >= min_overlap)
    return overlapping


def _scores(detected: int, missed: int, false_positives: int, matched: int) -> LesionScores:
    if detected + missed + false_positives + matched == 0:
        return LesionScores(0, 0, 0, 0, 1.0, 1.0, 1.0)
    sensitivity = detected / max(detected + missed, 1)
    precision = matched / max(matched + false_positives, 1)
    f1 = 2 * sensitivity * precision / (sensitivity + precision) if detected or matched else 0.0
    return LesionScores(detected, missed, false_positives, matched, sensitivity, precision, f1)
