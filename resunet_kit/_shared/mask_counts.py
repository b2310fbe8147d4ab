"""Pixel counts of two NumPy masks, and their Dice score."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Counts(NamedTuple):
    """True positive, false positive, false negative and true negative pixels."""

    tp: int
    fp: int
    fn: int
    tn: int


def count_pixels(truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> Counts:
    """Count the pixels of two boolean masks of the same shape."""
    tp = int(np.count_nonzero(truth & prediction))
    fp = int(np.count_nonzero(prediction)) - tp
    fn = int(np.count_nonzero(truth)) - tp
    return Counts(tp, fp, fn, truth.size - tp - fp - fn)


def dice_of_counts(counts: Counts, *, empty: float = 1.0) -> float:
    """Return `2TP / (2TP + FP + FN)`, or `empty` where truth and prediction are both empty."""
    total = 2 * counts.tp + counts.fp + counts.fn
    return 2 * counts.tp / total if total else empty
