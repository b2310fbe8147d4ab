"""Jaccard loss: 1 minus the intersection over union."""

import dataclasses
from typing import Unpack

import keras

from resunet_kit._shared.overlap import Tensor, overlap
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import SmoothedOptions
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.options import option
from resunet_kit.losses.tversky import tversky_loss


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Jaccard(SegmentationLoss):
    """Jaccard loss: 1 minus the intersection over union (IoU), which is Tversky with 1 for both weights.

    `1 − (TP + s) / (TP + FP + FN + s)` for each image and class, then the mean.

    A perfect prediction gives 0, also for an empty mask. `empty="score"` scores an image without truth by the
    formula: `FP / (FP + s)`. `empty="skip"` gives it no weight in the mean; if nothing is left, the loss is 0
    with a gradient of 0.

    Args:
        smooth: `s`, in pixels, at least 0. With 1, the loss of an empty mask falls with the false positives; with 1e-6,
            as in other libraries, it stays near 1 and its gradient near 0 until none are left.
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
        ValueError: If `smooth` is negative or another option is out of its range.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Jaccard
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> prediction = np.zeros((1, 8, 8, 1)); prediction[:, :2] = 1
        >>> round(float(Jaccard()(truth, prediction)), 4)  # 16 of 32 pixels, with one for smoothing
        0.4848

    References:
        Rahman and Wang 2016, Optimizing intersection-over-union in deep neural networks for image
        segmentation, ISVC, doi 10.1007/978-3-319-50835-1_22.
    """

    smooth: float = option(1.0, "[0, inf)")
    soft_labels: bool = option(False)
    name: str = "jaccard"

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Jaccard loss of each image and class, shape `(images, classes)`."""
        counts = overlap(truth, prediction, weights, soft_labels=self.soft_labels)
        return tversky_loss(counts, fp_weight=1, fn_weight=1, smooth=self.smooth)


@loss_function(Jaccard)
def jaccard(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[SmoothedOptions]
) -> Tensor:
    """Return the Jaccard loss of each image, with the options of `Jaccard`."""
    return Jaccard(reduction=None, **options)(y_true, y_pred, sample_weight)
