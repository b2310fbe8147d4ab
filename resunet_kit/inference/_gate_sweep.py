"""Score of a cascade for every threshold of its classifier, in one pass over the sorted probabilities."""

import math
from typing import NamedTuple

import numpy as np

from resunet_kit.inference._tuning_score import TuningScore

# Another batch size changes the last digits of a probability, and must not change which images pass.
ROUNDING = 1e-5
SAME = 1e-12  # difference up to which two scores are equal


class Outcomes(NamedTuple):
    """Results of both stages for validation images.

    Attributes:
        probability: The classifier's probabilities `(n,)`, float32.
        positive: Whether there is a finding in the truth `(n,)`.
        passed: Rows of the score `(n, candidates, columns)` if the image passes, for each post-processing.
        stopped: The same if it does not `(n, columns)`.
        groups: The patient of each image `(n,)`, from 0.
    """

    probability: np.ndarray
    positive: np.ndarray
    passed: np.ndarray
    stopped: np.ndarray
    groups: np.ndarray


def thresholds(probability: np.ndarray) -> np.ndarray:
    """Return one threshold below each distinct probability, which stops those below it, descending; the last is 0.

    Each threshold is halfway to the next lower probability, but at most `ROUNDING` below its own.
    """
    distinct = np.unique(probability)[::-1]
    lower = np.append(distinct[1:], np.float32(0))
    halfway = np.maximum((distinct.astype(float) + lower) / 2, distinct.astype(float) - ROUNDING).astype("float32")
    between = np.where(halfway > lower, halfway, distinct)
    return np.append(between[between > 0], np.float32(0)).astype("float32")


def sweep(found: Outcomes, score: TuningScore, at: np.ndarray) -> np.ndarray:
    """Return the mean score over the patients for each threshold and post-processing, `(thresholds, candidates)`.

    An image that passes changes only the score of its patient, so that thresholds differ only by the sums of these
    changes, in the order of falling probability.
    """
    sizes = np.bincount(found.groups)
    order = np.lexsort((-found.probability, found.groups))  # by patient, each from the highest probability on
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    owner = found.groups[order]
    closed = np.zeros((len(sizes), found.stopped.shape[-1]))
    np.add.at(closed, found.groups, found.stopped)
    base = score.scores(closed, sizes)
    falling = np.argsort(-found.probability, kind="stable")
    passing = np.searchsorted(-found.probability[falling], -at, side="right")
    columns = []
    for candidate in range(found.passed.shape[1]):
        change = (found.passed[:, candidate] - found.stopped)[order].astype(float)
        summed = np.cumsum(change, axis=0)
        before_group = np.concatenate([np.zeros((1, change.shape[1])), summed])[starts]
        after = score.scores(closed[owner] + summed - before_group[owner], sizes[owner])
        before = np.concatenate([[0.0], after[:-1]])
        before[starts] = base
        gain = np.empty(len(order))
        gain[order] = after - before
        columns.append((base.sum() + np.concatenate([[0.0], np.cumsum(gain[falling])])[passing]) / len(sizes))
    return np.stack(columns, axis=1)


def exact(found: Outcomes, score: TuningScore, threshold: np.float32, candidate: int) -> float:
    """Return the mean score over the patients, summed without rounding."""
    passes = found.probability >= threshold
    rows = np.where(passes[:, None], found.passed[:, candidate], found.stopped)
    sizes = np.bincount(found.groups)
    sums = np.zeros((len(sizes), rows.shape[-1]))
    np.add.at(sums, found.groups, rows)
    return math.fsum(score.scores(sums, sizes)) / len(sizes)


def rates(found: Outcomes, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sensitivity and specificity of the classifier for each threshold."""
    kinds = found.positive, ~found.positive
    below = [np.searchsorted(np.sort(found.probability[kind]), at) for kind in kinds]
    positive, negative = (int(kind.sum()) for kind in kinds)
    return (positive - below[0]) / positive, below[1] / negative


def choose(scores: np.ndarray, sensitivity: np.ndarray, wanted: float | None) -> tuple[int, int]:
    """Return the row of the threshold and the column of the post-processing.

    Args:
        scores: `(thresholds, candidates)`; in the last row every image passes.
        sensitivity: Sensitivity of each threshold, in descending order of the thresholds.
        wanted: The required sensitivity, for which the largest threshold is taken that does not score below the last
            row; None for the highest score, of equal ones the most sensitive, of these the largest threshold.
    """
    alone = scores[-1].max()
    if wanted is not None:
        rows = np.flatnonzero((sensitivity >= wanted) & (scores.max(axis=1) >= alone - SAME))
        row = int(rows[0])
    else:
        best = np.flatnonzero(scores.max(axis=1) >= scores.max() - SAME)
        row = int(best[np.argmax(sensitivity[best])])  # the first, so the largest threshold
    return row, int(np.flatnonzero(scores[row] >= scores[row].max() - SAME)[0])
