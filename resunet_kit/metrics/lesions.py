"""Which lesions a segmentation finds, misses and invents."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import neighbours
from resunet_kit.metrics._checks import number_within
from resunet_kit.metrics._mask_pair import Mask, as_pair, extent


class LesionScores(NamedTuple):
    """What `lesion_scores` returns.

    Attributes:
        true: Lesions of the truth that were found.
        missed: Lesions of the truth that were not.
        false: Predicted lesions that are none.
        correct: Predicted lesions that are; differs from `true` where one covers several, or several share one.
        sensitivity: `true / (true + missed)`.
        precision: `correct / (correct + false)`.
        f1: Harmonic mean of sensitivity and precision.
    """

    true: int
    missed: int
    false: int
    correct: int
    sensitivity: float
    precision: float
    f1: float


def lesion_scores(
    truth: ArrayLike, prediction: ArrayLike, *, min_overlap: float = 0.1, connectivity: int | None = None
) -> LesionScores:
    """Count lesions, which are connected components, instead of pixels: each weighs the same, however small.

    A lesion of the truth is found if at least `min_overlap` of its pixels, and at least one, are predicted. A
    predicted lesion is correct if at least `min_overlap` of its pixels, and at least one, are foreground of the truth,
    so that a prediction of everything finds all and is itself false. Lesions may share partners; none is matched
    one to one.

    If both masks are empty sensitivity, precision and F1 are 1; if one is, they are 0.

    Args:
        truth: `(height, width)` or `(depth, height, width)`; booleans, 0/1 or 0/255.
        prediction: The same.
        min_overlap: Share of a lesion's pixels, in [0, 1]; 0 is one pixel. The default is that of the MSSEG challenge.
        connectivity: How many axes neighbouring pixels of one lesion may differ in, from 1 (across faces) to the
            number of axes; `None` is all of them (across corners too).

    Raises:
        TypeError: If the masks' values are not numbers or `connectivity` is no integer.
        ValueError: If the shapes differ or are not 2-D or 3-D, the values are not two, or an option is out of range.

    Note:
        The challenge's tool, animaSegPerfAnalyzer, is stricter: the overlap must exceed the share; of the predicted
        lesions, largest part first, that make up 65 % of a find none may lie by more than 70 % in the background; and
        lesions join across faces, those of up to 3 mm³ left out.

    Example:
        >>> truth = [[1, 1, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0]]
        >>> prediction = [[1, 0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0]]
        >>> scores = lesion_scores(truth, prediction)
        >>> scores.true, scores.missed, scores.false, scores.f1
        (1, 1, 1, 0.5)

    References:
        Commowick et al. (2018), "Objective evaluation of multiple sclerosis lesion segmentation using a data
        management and processing infrastructure", Scientific Reports 8:13650.
    """
    masks = as_pair(truth, prediction)
    reach = neighbours(connectivity, masks[0].ndim)
    share = number_within("min_overlap", min_overlap, most=1)
    found = _met(masks[0], masks[1], share, reach)
    correct = _met(masks[1], masks[0], share, reach)
    return _scores(int(found.sum()), int((~found).sum()), int((~correct).sum()), int(correct.sum()))


def _met(mask: Mask, other: Mask, min_overlap: float, connectivity: int) -> NDArray[np.bool_]:
    """Return for each component of `mask` whether enough of it lies in `other`."""
    from scipy import ndimage

    box = extent(mask)
    labels, components = ndimage.label(mask[box], ndimage.generate_binary_structure(mask.ndim, connectivity))
    sizes = np.bincount(labels.ravel(), minlength=components + 1)[1:]
    shared = np.bincount(labels[other[box]], minlength=components + 1)[1:]
    met: NDArray[np.bool_] = (shared > 0) & (shared / sizes >= min_overlap)
    return met


def _scores(true: int, missed: int, false: int, correct: int) -> LesionScores:
    if true + missed + false + correct == 0:
        return LesionScores(0, 0, 0, 0, 1.0, 1.0, 1.0)
    sensitivity = true / max(true + missed, 1)
    precision = correct / max(correct + false, 1)
    f1 = 2 * sensitivity * precision / (sensitivity + precision) if true or correct else 0.0
    return LesionScores(true, missed, false, correct, sensitivity, precision, f1)
