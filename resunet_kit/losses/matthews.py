"""Matthews correlation loss, which counts true negatives too."""

import dataclasses
from typing import Unpack

import keras
from keras import ops

from resunet_kit._shared.overlap import TINY, Tensor, overlap, true_negatives
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import SmoothedOptions
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.options import option


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class MatthewsCorrelation(SegmentationLoss):
    """Matthews correlation loss: `1 − MCC` of each image and class, then the mean; from 0 to 2.

    `MCC = (TP·TN − FP·FN) / √((TP + FP)·(TP + FN)·(TN + FP)·(TN + FN))`, from soft counts, with `s` pixels
    added to TP and to TN. It is symmetric: exchanging foreground and background changes nothing.

    A perfect prediction gives 0, also for an empty or a full mask, where the plain coefficient is 0/0.
    `empty="score"` scores an image without truth by the formula, `1 − √(s·(n − FP + s) / ((FP + s)·(n + s)))`
    for `n` pixels. `empty="skip"` gives it no weight in the mean; if nothing is left, the loss is 0 with a
    gradient of 0.

    Args:
        smooth: `s`, in pixels, at least 1e-7. With 1, the loss of an empty mask falls with the false positives; with
            1e-6, as in other libraries, it stays near 1 and its gradient near 0 until none are left.
        soft_labels: Whether the truth holds fractions, as from averaged annotators or smoothed labels. The loss is then
            0 where the prediction equals the truth. For 0/1 truth nothing changes.
        from_logits: Whether `y_pred` holds logits rather than probabilities. One channel then takes a
            sigmoid, more channels take a softmax, and with `multilabel` a sigmoid each.
        multilabel: Channels are independent masks: there is no background, and logits take a sigmoid each.
        reduce: `"image"` scores each image and takes the mean, so that the value does not depend on the
            batch size. `"batch"` counts over all images of the batch as if they were one.
        class_weights: One non-negative number per channel, normalised to sum to 1. None: equal weights.
        include_background: Whether channel 0 counts. A single channel and multilabel have no background.
        ignore_class: Label of the pixels to leave out, such as 255 for "void". If it is a class of the prediction, that
            class is left out of the mean too. None: no pixel is left out.
        empty: `"score"` scores an image without truth by the formula, `"skip"` gives it no weight in the mean.
        reduction: Keras's reduction over the images: `"sum_over_batch_size"` or `"mean"`, `"sum"`, or None or `"none"`
            for `(batch,)`. `"mean_with_sample_weight"` divides by the sum of the images' weights.
        dtype: `"float64"` computes in float64; anything else, including half precision, in float32.
        name: The loss's name in logs.

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

    smooth: float = option(1.0, f"[{TINY}, inf)")  # its fourth power must be well within float32
    soft_labels: bool = option(False)
    name: str = "matthews_correlation"

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Matthews correlation loss of each image and class, shape `(images, classes)`."""
        counts = overlap(truth, prediction, weights, soft_labels=self.soft_labels)
        tp, fp, fn = counts.tp + self.smooth, counts.fp, counts.fn
        tn = true_negatives(counts, truth, weights) + self.smooth
        # Two roots of two counts each, since the product of all four exceeds the range of float32 on volumes.
        foreground = ops.sqrt((tp + fp) * (tp + fn))
        background = ops.sqrt((tn + fp) * (tn + fn))
        return 1 - (tp / foreground) * (tn / background) + (fp / foreground) * (fn / background)


@loss_function(MatthewsCorrelation)
def matthews_correlation(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[SmoothedOptions]
) -> Tensor:
    """Return the Matthews correlation loss of each image, with the options of `MatthewsCorrelation`."""
    return MatthewsCorrelation(reduction=None, **options)(y_true, y_pred, sample_weight)
