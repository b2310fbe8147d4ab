"""Binarisation of predictions and of soft labels: truth between 0 and 1, as from several annotators."""

from typing import Literal

from keras import ops

from resunet_kit._shared.overlap import Tensor
from resunet_kit._shared.truth import TOLERANCE, to_probabilities
from resunet_kit._shared.value_checks import refuse

SoftLabels = Literal["refuse", "threshold", "count"]


def binarize_prediction(y_pred: Tensor, *, threshold: float, from_logits: bool, multilabel: bool) -> Tensor:
    """Return 1 where a pixel belongs to a channel's class, else 0, in the prediction's shape and dtype."""
    probabilities = to_probabilities(y_pred, from_logits=from_logits, multilabel=multilabel)
    channels = y_pred.shape[-1]
    if channels == 1 or multilabel:
        return ops.cast(probabilities >= threshold, y_pred.dtype)
    return ops.one_hot(ops.argmax(probabilities, axis=-1), channels, dtype=y_pred.dtype)


def binarize_truth(y_true: Tensor, channels: int, rank: int, *, soft_labels: SoftLabels, multilabel: bool) -> Tensor:
    """Return masks or one-hot classes ready for counting; integer labels and values outside [0, 1] stay unchanged.

    Args:
        y_true: The truth, with `rank` axes, or one fewer if it has no channel axis.
        channels: Number of channels of the prediction.
        rank: Number of axes of the prediction.
        soft_labels: Whether to `"refuse"` fractions, to `"threshold"` them, or to `"count"` them as parts of pixels.
        multilabel: Whether channels are independent masks.

    Raises:
        ValueError: If fractions are to be refused and there are any beyond rounding errors.
    """
    is_labels = channels > 1 and (len(y_true.shape) == rank - 1 or y_true.shape[-1] == 1)
    if soft_labels == "count" or is_labels or 0 in y_true.shape:
        return y_true
    exclusive = channels > 1 and not multilabel
    if soft_labels == "refuse":
        _refuse_fractions(y_true, exclusive)
    fractions = ops.logical_and(y_true > 0, y_true < 1)
    if not exclusive:
        return ops.where(fractions, ops.cast(y_true >= 0.5, y_true.dtype), y_true)
    largest = ops.one_hot(ops.argmax(y_true, axis=-1), channels, dtype=y_true.dtype)
    return ops.where(ops.any(fractions, axis=-1, keepdims=True), largest, y_true)


def _refuse_fractions(y_true: Tensor, exclusive: bool) -> None:
    fractions = ops.logical_and(y_true > TOLERANCE, y_true < 1 - TOLERANCE)
    example = ops.max(ops.where(fractions, y_true, ops.zeros_like(y_true)))
    rule = "the class of the largest" if exclusive else "foreground from 0.5"
    refuse(
        ops.any(fractions),
        "Expected y_true of 0 and 1. Received fractions such as ",
        example,
        f'. Pass soft_labels="threshold" to score each pixel as {rule}, or soft_labels="count" to count fractions as '
        "parts of pixels.",
    )
