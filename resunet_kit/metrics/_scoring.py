"""Scores from pixel counts: the rules for empty masks, and the averages over classes.

A NaN among the counts, which marks a refused value in a compiled step, gives NaN under every rule: each rule tests
whether a count equals 0, which NaN does not, and zero times the counts is added to each score.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from keras import ops

from resunet_kit._shared.overlap import Tensor

Empty = float | Literal["skip", "skip_both"]
ClassAverage = Literal["macro", "micro", "weighted"]


class Confusion(NamedTuple):
    """Pixel counts of thresholded masks, each of shape `(images, classes)`."""

    tp: Tensor
    fp: Tensor
    fn: Tensor
    tn: Tensor


# A metric's numerator and denominator of each class, and its value where the denominator is 0.
Fraction = Callable[[Confusion], tuple[Tensor, Tensor, float]]


def present(counts: Confusion, empty: Empty) -> Tensor:
    """Return 0 for the rows and classes that the rule for empty masks leaves out, else 1, shape `(rows, classes)`."""
    if empty == "skip":
        foreground = counts.tp + counts.fn
    elif empty == "skip_both":
        foreground = counts.tp + counts.fp + counts.fn
    else:
        return ops.ones_like(counts.tp)
    return ops.cast(ops.not_equal(foreground, 0), counts.tp.dtype)


def class_scores(fraction: Fraction, counts: Confusion, empty: Empty) -> Tensor:
    """Return the score of each row and class, shape `(rows, classes)`."""
    numerator, denominator, undefined = fraction(counts)
    scores = _quotient(numerator, denominator, undefined)
    if not isinstance(empty, str):
        scores = ops.where(ops.equal(counts.tp + counts.fp + counts.fn, 0), empty, scores)
    return scores + 0 * (counts.tp + counts.fp + counts.fn + counts.tn)


def mean_scores(
    fraction: Fraction, counts: Confusion, included: np.ndarray, *, empty: Empty, class_average: ClassAverage
) -> tuple[Tensor, Tensor]:
    """Return each row's score over its classes, and 1 for rows with a class to score, else 0.

    Args:
        fraction: The metric.
        counts: Shape `(rows, classes)`.
        included: Which classes are scored, booleans of shape `(classes,)`.
        empty: The rule for empty masks.
        class_average: How the classes are averaged to one score.
    """
    weights = ops.convert_to_tensor(included, dtype=counts.tp.dtype) * present(counts, empty)
    number = ops.sum(weights, axis=-1)
    scored = ops.cast(ops.not_equal(number, 0), number.dtype)
    if class_average == "micro":
        return _micro(fraction, counts, weights, empty), scored
    scores = class_scores(fraction, counts, empty)
    if class_average == "macro":
        total = ops.sum(scores * weights, axis=-1)
        return _quotient(total, number, total), scored
    truth = weights * (counts.tp + counts.fn)
    # Without true pixels in any class, nothing can be weighted, and the classes are scored as one.
    undefined = _micro(fraction, counts, weights, empty)
    return _quotient(ops.sum(scores * truth, axis=-1), ops.sum(truth, axis=-1), undefined), scored


def _micro(fraction: Fraction, counts: Confusion, weights: Tensor, empty: Empty) -> Tensor:
    """Return each row's score of the sums of its classes' counts, shape `(rows,)`."""
    sums = (ops.sum(count * weights, axis=-1, keepdims=True) for count in counts)
    return class_scores(fraction, Confusion(*sums), empty)[:, 0]


def _quotient(numerator: Tensor, denominator: Tensor, undefined: Tensor | float) -> Tensor:
    zero = ops.equal(denominator, 0)
    return ops.where(zero, undefined, numerator / ops.where(zero, ops.ones_like(denominator), denominator))
