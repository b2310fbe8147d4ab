"""Lovász loss: the convex surrogate of the Jaccard loss, from sorted errors."""

import dataclasses
from typing import Unpack

import keras
from keras import ops

from resunet_kit._shared.overlap import TINY, Tensor
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import Options
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.soft_labels import refuse_fractions


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Lovasz(SegmentationLoss):
    """Lovász loss: `Σ eᵢ·(Jᵢ − Jᵢ₋₁)` over pixels in descending order of their error `e`, for each image and class.

    `Jᵢ` is the Jaccard loss if the `i` worst pixels were wrong and all others right. For 0/1 predictions the
    loss is `1 − IoU` exactly, without smoothing. The errors depend on the form of the prediction:

    - logits of one channel or of `multilabel`: the hinge `max(0, 1 − logit·(2t − 1))`, which may exceed 1 and requires
      a 0/1 truth;
    - logits of exclusive classes: `|t − p|` of their softmax;
    - without `from_logits`: `|t − p|`.

    A perfect prediction gives 0, also for an empty mask. On an image without truth `J` is 1 from the first
    wrong pixel on, so `empty="score"` gives the largest error, and only that pixel has a gradient. `empty="skip"`
    gives the image no weight in the mean, as "present" of the reference implementation does for classes; if
    nothing is left the loss is 0 with a gradient of 0.

    Args:
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
        ValueError: If an option is out of its range, or the hinge gets a truth with fractions.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Lovasz
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> prediction = np.zeros((1, 8, 8, 1)); prediction[:, 2:6] = 1
        >>> round(float(Lovasz()(truth, prediction)), 4)  # 16 pixels of 48
        0.6667

    References:
        Berman et al. 2018, The Lovász-softmax loss: a tractable surrogate for the optimization of the
        intersection-over-union measure in neural networks, arXiv 1705.08790.
    """

    name: str = "lovasz"

    def activate(self, y_pred: Tensor) -> Tensor:
        """Return logits for the hinge, else probabilities."""
        return y_pred if self._is_hinge(y_pred.shape[-1]) else super().activate(y_pred)

    def encode_truth(self, y_true: Tensor, channels: int, rank: int) -> tuple[Tensor, Tensor]:
        """Return the mask, which the hinge requires to be 0/1, and the weights that leave out pixels (or None)."""
        truth, kept = super().encode_truth(y_true, channels, rank)
        if self._is_hinge(channels):
            refuse_fractions("the hinge of Lovasz", truth)
        return truth, kept

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Lovász loss of each image and class, shape `(images, classes)`."""
        if self._is_hinge(prediction.shape[-1]):
            errors = ops.relu(1 - prediction * (2 * truth - 1))
        else:
            errors = ops.abs(truth - prediction)
        steps, errors = _jaccard_steps(truth, errors, weights)
        return ops.sum(errors * steps, axis=-1)

    def _is_hinge(self, channels: int) -> bool:
        return self.from_logits and (self.multilabel or channels == 1)


def _jaccard_steps(truth: Tensor, errors: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return `Jᵢ − Jᵢ₋₁`, 0 for pixels of weight 0, and the errors in descending order, `(images, classes, pixels)`.

    Computed as a sum of non-negative parts: the difference of two `J` near 1 would keep one digit on large images.
    """
    errors = _pixels_last(errors)
    order = ops.argsort(-ops.stop_gradient(errors), axis=-1)
    # Indices into the flattened tensor: along an axis, take and its gradient need 1.7 times as long on a CPU.
    rows, pixels = ops.shape(errors)[0] * ops.shape(errors)[1], ops.shape(errors)[2]
    indices = ops.reshape(order, (-1, pixels)) + pixels * ops.expand_dims(ops.arange(rows, dtype=order.dtype), -1)
    truth, errors = _in_order(_pixels_last(truth), indices), _in_order(errors, indices)
    if weights is None:
        missed, false = truth, 1 - truth
        missed_before = ops.cumsum(missed, axis=-1) - missed
        false_before = ops.arange(pixels, dtype=truth.dtype) - missed_before
    else:
        weights = _in_order(ops.broadcast_to(_pixels_last(weights), ops.shape(order)), indices)
        missed, false = weights * truth, weights * (1 - truth)
        missed_before, false_before = ops.cumsum(missed, axis=-1) - missed, ops.cumsum(false, axis=-1) - false
    total = ops.sum(missed, axis=-1, keepdims=True)
    intersection = ops.maximum(total - missed_before, 0)
    # An empty truth without an error yet has a perfect score.
    union = total + false_before
    score = ops.where(union > 0, intersection / ops.maximum(union, TINY), ops.ones_like(union))
    steps = (missed + false * score) / ops.maximum(union + false, TINY)
    return ops.reshape(steps, ops.shape(order)), ops.reshape(errors, ops.shape(order))


def _pixels_last(x: Tensor) -> Tensor:
    """Rearrange `(images, ..., classes)` to `(images, classes, pixels)`."""
    x = ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1]))
    return ops.transpose(x, (0, 2, 1))


def _in_order(x: Tensor, indices: Tensor) -> Tensor:
    """Return the values at these indices into the flattened `x`, in the shape of `indices`."""
    return ops.take(ops.reshape(x, (-1,)), indices, axis=0)


@loss_function(Lovasz)
def lovasz(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[Options]) -> Tensor:
    """Return the Lovász loss of each image, with the options of `Lovasz`."""
    return Lovasz(reduction=None, **options)(y_true, y_pred, sample_weight)
