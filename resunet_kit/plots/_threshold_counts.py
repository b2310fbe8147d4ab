"""True and false positives at every threshold, and the curves and areas that follow from them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Counts(NamedTuple):
    """True and false positives of the rule `score >= threshold`, at every threshold; all positives and negatives."""

    thresholds: Floats
    tp: Floats
    fp: Floats
    positives: int
    negatives: int


def counts_at(truth: NDArray[np.bool_], scores: Floats, thresholds: Floats | None = None) -> Counts:
    """Count true and false positives at each threshold.

    Args:
        truth: `(n,)`.
        scores: `(n,)`, finite.
        thresholds: By default infinity and every distinct score, descending.
    """
    ranked, ranked_true = np.sort(scores), np.sort(scores[truth])
    if thresholds is None:
        thresholds = np.append(ranked[np.flatnonzero(np.diff(ranked, prepend=-np.inf))], np.inf)[::-1]
    predicted = ranked.size - np.searchsorted(ranked, thresholds, side="left")
    tp = (ranked_true.size - np.searchsorted(ranked_true, thresholds, side="left")).astype(np.float64)
    return Counts(thresholds, tp, predicted - tp, ranked_true.size, ranked.size - ranked_true.size)


def at_threshold(counts: Counts, threshold: float) -> Counts:
    """Return the counts at one threshold, from counts at infinity and every distinct score, descending."""
    end = np.searchsorted(-counts.thresholds, -threshold, side="right")  # after the lowest score at or above it
    chosen = slice(end - 1, end)
    return counts._replace(thresholds=np.array([threshold]), tp=counts.tp[chosen], fp=counts.fp[chosen])


def roc(counts: Counts) -> tuple[Floats, Floats]:
    """Return false and true positive rates."""
    return counts.fp / counts.negatives, counts.tp / counts.positives


def precision_recall(counts: Counts) -> tuple[Floats, Floats]:
    """Return recall, and precision, 1 by convention where nothing is predicted positive."""
    predicted = counts.tp + counts.fp
    precision = np.divide(counts.tp, predicted, out=np.ones_like(predicted), where=predicted > 0)
    return counts.tp / counts.positives, precision


def dice(counts: Counts) -> Floats:
    """Return `2TP / (2TP + FP + FN)`, which is F1 too; 1 where truth and prediction are both empty."""
    total = counts.tp + counts.fp + counts.positives
    return np.divide(2 * counts.tp, total, out=np.ones_like(total), where=total > 0)


def area_under(x: Floats, y: Floats) -> float:
    """Return the area by the trapezoid rule, with ascending `x`."""
    return float(np.trapezoid(y, x))


def average_precision(recall: Floats, precision: Floats) -> float:
    """Return `sum((R_n - R_(n-1)) * P_n)`: steps, no interpolation, as scikit-learn defines it."""
    return float(np.sum(np.diff(recall) * precision[1:]))


def corners(x: Floats, y: Floats) -> NDArray[np.intp]:
    """Return the indices of a curve's ends and of its corners: the same line with fewer points."""
    dx, dy = np.diff(x), np.diff(y)
    turning = np.flatnonzero(dx[:-1] * dy[1:] != dy[:-1] * dx[1:]) + 1
    return np.concatenate([[0], turning, [x.size - 1]])


def thinned(indices: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    """Return at most `limit` of the indices, evenly spaced, both ends among them."""
    if indices.size <= limit:
        return indices
    return indices[np.linspace(0, indices.size - 1, limit).round().astype(np.intp)]
