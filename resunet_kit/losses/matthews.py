"""Matthews correlation loss, which counts true negatives too."""

import dataclasses
from typing import Any

import keras
from keras import ops

from resunet_kit._shared.overlap import TINY, Tensor, overlap, true_negatives
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.options import option


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class MatthewsCorrelation(SegmentationLoss):
    """Matthews correlation loss: `1 − MCC` of each image and class, then the mean; from 0 to 2.

    `MCC = (TP·TN − FP·FN) / √((TP + FP)·(TP + FN)·(TN + FP)·(TN + FN))`, from soft counts, with `s` pixels
    added to TP and to TN. It is symmetric: exchanging foreground and background changes nothing.

    A perfect prediction gives 0, of an empty and of a full mask too, where the plain coefficient is 0/0.
    `empty="score"` scores an image without truth by the formula, `1 − √(s·(n − FP + s) / ((FP + s)·(n + s)))`
    for `n` pixels. `empty="skip"` gives it no weight in the mean; if nothing is left the loss is 0 with a
    gradient of 0.

    Args:
        smooth: `s`, in pixels, at least 1e-7; see `Tversky` for the reason of 1.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`,
    `class_weights`, `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`.

    Raises:
        TypeError: If an option is of the wrong type.
        ValueError: If `smooth` is below 1e-7, or another option is out of its range.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import MatthewsCorrelation
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> loss = MatthewsCorrelation(smooth=1e-6)
        >>> [round(float(loss(truth, prediction)), 4) for prediction in (truth, 0 * truth + 0.5, 1 - truth)]
        [0.0, 1.0, 2.0]

    References:
        Abhishek and Hamarneh 2021, Matthews correlation coefficient loss for deep convolutional networks:
        application to skin lesion segmentation, arXiv 2010.13454.
    """

    smooth: float = option(1.0, f"[{TINY}, inf)")  # below, its fourth power is 0 in float32
    name: str = "matthews_correlation"

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Matthews correlation loss of each image and class, shape `(images, classes)`."""
        counts = overlap(truth, prediction, weights)
        tp, fp, fn = counts.tp + self.smooth, counts.fp, counts.fn
        tn = true_negatives(counts, truth, weights) + self.smooth
        # Two roots of two counts each: the product of four leaves float32 on volumes.
        foreground = ops.sqrt((tp + fp) * (tp + fn))
        background = ops.sqrt((tn + fp) * (tn + fn))
        return 1 - (tp / foreground) * (tn / background) + (fp / foreground) * (fn / background)


@loss_function
def matthews_correlation(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the Matthews correlation loss of each image, with the options of `MatthewsCorrelation`."""
    return MatthewsCorrelation(reduction=None, **options)(y_true, y_pred, sample_weight)
