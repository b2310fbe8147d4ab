"""Generalised Dice loss: one overlap over all classes, in which a small class weighs as much as a large one."""

import dataclasses
from typing import ClassVar, Unpack

import keras
from keras import ops

from resunet_kit._shared.overlap import TINY, Overlap, Tensor, overlap
from resunet_kit.losses import _other_names
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import SmoothedOptions
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.options import option
from resunet_kit.losses.tversky import tversky_loss


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class GeneralizedDice(SegmentationLoss):
    """Generalised Dice loss: Dice of the classes' weighted counts, one value over all classes.

    `1 − (2·Σ v·TP + s) / (Σ v·(2TP + FP + FN) + s)` for each image, the sums over its classes, with class
    weights `v ∝ u / (Σt)²` that sum to 1. `u` are the normalised class weights that `class_weights`,
    `include_background` and `ignore_class` give, by default the same for all. With a single channel it is `Dice`.

    A class that is absent from an image's truth would have an infinite weight. It gets the weight of the smallest
    class that is present, so that its false positives count while the present classes still get a gradient. If none
    is present, all have the same weight, and the image is scored by the formula: `FP / (FP + s)` of the mean `FP`.
    `empty="skip"` leaves out absent classes instead, and images without any of the classes.

    A perfect prediction gives 0, also for an empty mask.

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
        >>> from resunet_kit.losses import GeneralizedDice
        >>> labels = np.zeros((1, 8, 8), "int32"); labels[:, :1, :2] = 1
        >>> blind = np.eye(2)[0 * labels]  # everything is background
        >>> round(float(GeneralizedDice(smooth=0.0)(labels, blind)), 4)  # the two missed pixels rule
        0.9395

    Note:
        The weights are scaled to sum to 1 so that `smooth` is in pixels; without smoothing their scale cancels.

    References:
        Sudre et al. 2017, Generalised Dice overlap as a deep learning loss function for highly unbalanced
        segmentations, arXiv 1707.03237.
    """

    other_names: ClassVar = _other_names.GENERALIZED_DICE

    smooth: float = option(1.0, "[0, inf)")
    soft_labels: bool = option(False)
    name: str = "generalized_dice"

    def image_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor, class_weights: Tensor) -> Tensor:
        """Return the generalised Dice loss of each image, shape `(images,)`."""
        counts = overlap(truth, prediction, weights, soft_labels=self.soft_labels)
        volume = ops.stop_gradient(counts.tp + counts.fn)  # (images, classes): Σ w·t
        v = class_weights * _inverse_squares(volume, class_weights)
        v = v / ops.maximum(ops.sum(v, axis=-1, keepdims=True), TINY)
        pooled = Overlap(*(ops.sum(v * count, axis=-1) for count in counts))
        return tversky_loss(pooled, fp_weight=0.5, fn_weight=0.5, smooth=self.smooth / 2)


def _inverse_squares(volume: Tensor, class_weights: Tensor) -> Tensor:
    """Return `1 / volume²` relative to the image's smallest scored class; 1 for absent classes."""
    present = ops.logical_and(volume > 0, class_weights > 0)
    smallest = ops.min(ops.where(present, volume, ops.full_like(volume, 1e30)), axis=-1, keepdims=True)
    return ops.where(present, ops.square(smallest / ops.maximum(volume, smallest)), ops.ones_like(volume))


@loss_function(GeneralizedDice)
def generalized_dice(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[SmoothedOptions]
) -> Tensor:
    """Return the generalised Dice loss of each image, with the options of `GeneralizedDice`."""
    return GeneralizedDice(reduction=None, **options)(y_true, y_pred, sample_weight)
