"""Counts of a binary decision at every threshold, and the curves and areas that follow from them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Counts(NamedTuple):
    """True and false positives of the rule `score >= threshold`, thresholds falling from infinity."""

    thresholds: Floats
    tp: Floats
    fp: Floats


def counts_by_threshold(truth: NDArray[np.bool_], scores: Floats) -> Counts:
    """Count positives at infinity and at every distinct score.

    Args:
        truth: `(n,)`.
        scores: `(n,)`, finite.

    Returns:
        Thresholds, true positives and false positives, each `(distinct + 1,)`.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(truth[order], dtype=np.float64)
    last = np.append(np.flatnonzero(np.diff(ranked)), ranked.size - 1)  # equal scores fall to one side together
    return Counts(
        thresholds=np.concatenate([[np.inf], ranked[last]]),
        tp=np.concatenate([[0.0], hits[last]]),
        fp=np.concatenate([[0.0], last + 1 - hits[last]]),
    )


def roc(counts: Counts) -> tuple[Floats, Floats]:
    """Return false and true positive rates, both rising from 0 to 1."""
    return counts.fp / counts.fp[-1], counts.tp / counts.tp[-1]


def precision_recall(counts: Counts) -> tuple[Floats, Floats]:
    """Return recall, rising from 0, and precision, 1 by convention where nothing is called positive."""
    called = counts.tp + counts.fp
    precision = np.divide(counts.tp, called, out=np.ones_like(called), where=called > 0)
    return counts.tp / counts.tp[-1], precision


def area_under(x: Floats, y: Floats) -> float:
    """Return the area by the trapezoid rule, `x` rising."""
    return float(np.trapezoid(y, x))


def average_precision(recall: Floats, precision: Floats) -> float:
    """Return `sum((R_n - R_(n-1)) * P_n)`: steps, no interpolation, as scikit-learn defines it."""
    return float(np.sum(np.diff(recall) * precision[1:]))


def corners(x: Floats, y: Floats) -> NDArray[np.intp]:
    """Return the indices of a curve's ends and of the points where it turns: the same line with fewer points."""
    dx, dy = np.diff(x), np.diff(y)
    turns = np.flatnonzero(dx[:-1] * dy[1:] != dy[:-1] * dx[1:]) + 1
    return np.concatenate([[0], turns, [x.size - 1]])


def thinned(indices: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    """Return at most `limit` of the indices, evenly, both ends among them."""
    if indices.size <= limit:
        return indices
    return indices[np.linspace(0, indices.size - 1, limit).round().astype(np.intp)]
