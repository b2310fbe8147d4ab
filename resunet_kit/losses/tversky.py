"""Tversky and focal Tversky loss, and the formula of all losses that are special cases of Tversky."""

import dataclasses
from typing import Any, ClassVar, Unpack

import keras
from keras import ops

from resunet_kit._shared.overlap import TINY, Overlap, Tensor, overlap
from resunet_kit.losses import _other_names
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import FocalTverskyOptions, TverskyOptions
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.options import option

# === Formulas ===


def tversky_loss(counts: Overlap, *, fp_weight: float, fn_weight: float, smooth: float) -> Tensor:
    """Return `1 − (TP + s) / (TP + fp·FP + fn·FN + s)`, shape `(batch, classes)`."""
    return error_fraction(counts.tp, fp_weight * counts.fp + fn_weight * counts.fn, smooth)


def error_fraction(tp: Tensor, errors: Tensor, smooth: float) -> Tensor:
    """Return `1 − (TP + s) / (TP + errors + s)`.

    Computed as errors over the denominator, so that a loss without errors is exactly 0 and nothing cancels near 1.
    """
    return errors / ops.maximum(tp + errors + smooth, TINY)


# Below this loss, the focal power is replaced by its chord, since x ** 0.75 is infinitely steep at 0.
CHORD_END = 1e-6


def focal_power(loss: Tensor, exponent: Any) -> Tensor:
    """Return `loss ** exponent`, or the chord from 0 for a loss below `CHORD_END`.

    A single expression covers power and chord: selecting between them would multiply 0 by an infinite slope.
    """
    return loss * ops.maximum(loss, CHORD_END) ** (exponent - 1)


# === Losses ===


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Tversky(SegmentationLoss):
    """Tversky loss: overlap with separate weights for false positives and false negatives.

    `1 − (TP + s) / (TP + fp_weight·FP + fn_weight·FN + s)` for each image and class, then the mean.

    A perfect prediction gives 0, also for an empty mask. `empty="score"` scores an image without truth by the
    formula: `fp_weight·FP / (fp_weight·FP + s)`. `empty="skip"` gives it no weight in the mean; if nothing is
    left the loss is 0 with a gradient of 0.

    Args:
        fp_weight: Weight of false positives, at least 0. The default is the best of the paper's table.
        fn_weight: Weight of false negatives, at least 0; a value above `fp_weight` favours sensitivity.
        smooth: `s`, in pixels, at least 0. On an image without truth the loss falls below one half only when the
            false positives sum to less than `s / fp_weight` pixels, and the gradient shrinks with `s / FP²`. Hence
            the default of 1: with 1e-6, as in other libraries, a healthy slice with tiny probabilities everywhere has
            a loss near 1 and hardly any gradient.
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
        ValueError: If a weight or `smooth` is negative, both weights are 0, or another option is out of its range.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Tversky
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> prediction = np.zeros((1, 8, 8, 1)); prediction[:, :2] = 1
        >>> round(float(Tversky(fn_weight=0.7)(truth, prediction)), 4)  # 16 true positives, 16 false negatives
        0.3972

    Note:
        Other implementations call the weights alpha and beta. Alpha weighs false positives in the paper, and false
        negatives in some implementations, such as Keras up to 3.15; Keras swapped the two in 3.16.

    References:
        Salehi et al. 2017, Tversky loss function for image segmentation using 3D fully convolutional deep
        networks, arXiv 1706.05721. For soft labels Wang et al. 2023, Jaccard metric losses: optimizing the Jaccard
        index with soft labels, arXiv 2302.05666.
    """

    other_names: ClassVar = _other_names.TVERSKY

    fp_weight: float = option(0.3, "[0, inf)")
    fn_weight: float = option(0.7, "[0, inf)")
    smooth: float = option(1.0, "[0, inf)")
    soft_labels: bool = option(False)
    name: str = "tversky"

    def check_options(self) -> None:
        """Refuse two weights of 0."""
        super().check_options()
        if self.fp_weight == self.fn_weight == 0:
            raise ValueError(
                "Expected fp_weight or fn_weight to be above 0. Received 0 for both, with which the loss is always 0. "
                "Give the errors that matter a weight."
            )

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Tversky loss of each image and class, shape `(images, classes)`."""
        counts = overlap(truth, prediction, weights, soft_labels=self.soft_labels)
        return tversky_loss(counts, fp_weight=self.fp_weight, fn_weight=self.fn_weight, smooth=self.smooth)


@loss_function(Tversky)
def tversky(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[TverskyOptions]
) -> Tensor:
    """Return the Tversky loss of each image, with the options of `Tversky`."""
    return Tversky(reduction=None, **options)(y_true, y_pred, sample_weight)


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class FocalTversky(Tversky):
    """Focal Tversky loss: `(1 − T)^exponent` of the Tversky index `T` of each image and class.

    An exponent below 1 steepens the loss where the overlap is already good. At `T = 1` the power's slope
    would be infinite; for `1 − T` below 1e-6 the loss follows the chord from 0, so the slope stays finite,
    the value at 0 is 0 and the values above are exact.

    Empty masks are treated as in `Tversky`.

    Args:
        exponent: Above 0. The paper writes it `1 / γ` with its best γ = 4/3; other implementations call the exponent
            itself gamma.
        fp_weight: Weight of false positives, at least 0. The default is the best of the paper's table.
        fn_weight: Weight of false negatives, at least 0; a value above `fp_weight` favours sensitivity.
        smooth: `s`, in pixels, at least 0. On an image without truth the loss falls below one half only when the
            false positives sum to less than `s / fp_weight` pixels, and the gradient shrinks with `s / FP²`. Hence
            the default of 1: with 1e-6, as in other libraries, a healthy slice with tiny probabilities everywhere has
            a loss near 1 and hardly any gradient.
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
        ValueError: If `exponent` is not above 0, or as in `Tversky`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import FocalTversky, Tversky
        >>> truth, prediction = np.ones((1, 8, 8, 1)), np.full((1, 8, 8, 1), 0.5)
        >>> loss = float(Tversky()(truth, prediction))
        >>> abs(float(FocalTversky()(truth, prediction)) - loss**0.75) < 1e-6
        True

    References:
        Abraham and Khan 2018, A novel focal Tversky loss function with improved attention U-Net for lesion
        segmentation, arXiv 1810.07842.
    """

    other_names: ClassVar = _other_names.FOCAL_TVERSKY

    exponent: float = option(0.75, "(0, inf)")
    name: str = "focal_tversky"

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the focal Tversky loss of each image and class, shape `(images, classes)`."""
        return focal_power(super().class_losses(truth, prediction, weights), self.exponent)


@loss_function(FocalTversky)
def focal_tversky(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[FocalTverskyOptions]
) -> Tensor:
    """Return the focal Tversky loss of each image, with the options of `FocalTversky`."""
    return FocalTversky(reduction=None, **options)(y_true, y_pred, sample_weight)
