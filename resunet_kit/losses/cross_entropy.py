"""Cross-entropy and focal loss: the values of Keras's losses, with the options of the other losses here."""

import dataclasses
from typing import ClassVar, Unpack

import keras
from keras import ops

from resunet_kit._shared.overlap import TINY, Tensor, combine_weights, spatial_mean
from resunet_kit.losses import _other_names
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import CrossEntropyOptions, FocalOptions
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.class_weights import of_two_classes, pixel_weights
from resunet_kit.losses.options import option
from resunet_kit.losses.tversky import focal_power

# === Pixel losses and their means ===


def pixel_entropies(truth: Tensor, prediction: Tensor, *, from_logits: bool, exclusive: bool) -> Tensor:
    """Return `−log p_t` of each pixel and channel; for exclusive classes `−t·log p`."""
    if not exclusive:
        return ops.binary_crossentropy(truth, prediction, from_logits=from_logits)
    if from_logits:
        return -truth * ops.log_softmax(prediction, axis=-1)
    return -truth * ops.log(_normalised(prediction))


def focal_factors(
    truth: Tensor, prediction: Tensor, gamma: float, *, from_logits: bool, exclusive: bool, soft_labels: bool = False
) -> Tensor:
    """Return `(1 − p_t)^gamma` of each pixel and channel; for exclusive classes `(1 − p)^gamma`.

    With `soft_labels` it is `|t − p|^gamma` in both cases: the same where `t` is 1, and in a mask where it is 0.
    """
    if exclusive:
        probability = ops.softmax(prediction, axis=-1) if from_logits else _normalised(prediction)
    else:
        probability = ops.sigmoid(prediction) if from_logits else prediction
    if soft_labels and gamma:
        return focal_power(ops.abs(truth - probability), gamma)
    errors = 1 - probability
    if not exclusive:
        errors = truth * errors + (1 - truth) * probability
    # Clamped above 0, where a power below 1 is infinitely steep; the cross-entropy there is below 1e-6.
    return ops.maximum(errors, TINY) ** gamma


def _normalised(prediction: Tensor) -> Tensor:
    """Return probabilities as Keras prepares them for the logarithm: summing to 1, clipped inside (0, 1)."""
    epsilon = keras.config.epsilon()
    total = ops.maximum(ops.sum(prediction, axis=-1, keepdims=True), TINY)
    return ops.clip(prediction / total, epsilon, 1 - epsilon)


def mean_of_pixels(losses: Tensor, truth: Tensor, weights: Tensor, class_weights: Tensor, *, exclusive: bool) -> Tensor:
    """Return the mean of each image over pixels of nonzero weight, shape `(images,)`.

    For exclusive classes a pixel has one loss, the sum over the classes, and is weighted by the weight of its class.
    Otherwise the mean is taken per channel, and then over the channels.
    """
    if exclusive:
        per_pixel = ops.reshape(class_weights, (-1, *[1] * (len(truth.shape) - 2), truth.shape[-1]))
        weights = ops.sum(combine_weights(truth * per_pixel, weights), axis=-1, keepdims=True)
        losses = ops.sum(losses, axis=-1, keepdims=True)
    means = spatial_mean(losses, weights)
    return means[:, 0] if exclusive else ops.sum(means * class_weights, axis=-1)


# === Losses ===


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class CrossEntropy(SegmentationLoss):
    """Cross-entropy: the mean over pixels of `−log p` of the true class.

    One channel and `multilabel` take the binary form, `−t·log p − (1 − t)·log(1 − p)`, averaged over pixels
    and then channels; exclusive classes the categorical, `−Σ t·log p`. With default options the values are
    those of `keras.losses.BinaryCrossentropy` and `CategoricalCrossentropy`; labels, ignored pixels, weights
    and the means are those of the other losses here.

    A pixel of weight 0 does not count in the divisor of the mean. With exclusive classes a pixel is also
    weighted by the weight of its class in `class_weights`; without the background, an image with nothing but
    background has a loss of 0.

    An image without truth is scored like any other. `empty="skip"` gives it no weight in the mean; if nothing
    is left the loss is 0 with a gradient of 0.

    With probabilities, a fully confident error costs 16.1 and has no gradient, since Keras clips at 1e-7. Logits
    keep their gradient, so prefer `from_logits=True`.

    Args:
        label_smoothing: In [0, 1]. The truth `t` becomes `t·(1 − label_smoothing) + label_smoothing / n`, with
            `n` the number of exclusive classes, or 2.
        from_logits: Whether `y_pred` holds logits rather than probabilities. One channel then takes a
            sigmoid, more channels take a softmax, and with `multilabel` a sigmoid each.
        multilabel: Channels are independent masks: there is no background, and logits take a sigmoid each.
        reduce: `"image"` scores each image and takes the mean, so that the value does not depend on the
            batch size. `"batch"` counts over all images of the batch as if they were one.
        class_weights: One non-negative number per channel, normalised to sum to 1. None: equal weights.
            Two for one channel weigh the pixels of its background and its foreground, as `[1, 20]`.
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
        ValueError: If `label_smoothing` is outside [0, 1], or another option is out of its range.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import CrossEntropy
        >>> truth, logits = np.ones((1, 8, 8, 1)), np.full((1, 8, 8, 1), -100.0)
        >>> float(CrossEntropy(from_logits=True)(truth, logits))
        100.0
    """

    weighs_background: ClassVar[bool] = True

    label_smoothing: float = option(0.0, "[0, 1]")
    name: str = "cross_entropy"

    def activate(self, y_pred: Tensor) -> Tensor:
        """Return logits unchanged: their log-probabilities are exact where those of probabilities are clipped."""
        return y_pred if self.from_logits else super().activate(y_pred)

    def image_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor, class_weights: Tensor) -> Tensor:
        """Return the mean over the pixels of each image, shape `(images,)`."""
        exclusive = prediction.shape[-1] > 1 and not self.multilabel
        classes = prediction.shape[-1] if exclusive else 2
        smoothed = truth * (1 - self.label_smoothing) + self.label_smoothing / classes
        losses = self.pixel_losses(smoothed, prediction, exclusive)
        weights = combine_weights(pixel_weights(self.class_weights, truth), weights)
        return mean_of_pixels(losses, truth, weights, class_weights, exclusive=exclusive)

    def pixel_losses(self, truth: Tensor, prediction: Tensor, exclusive: bool) -> Tensor:
        """Return the loss of each pixel and channel, in the prediction's shape.

        Args:
            truth: Smoothed, same shape as `prediction`.
            prediction: What `activate` returns.
            exclusive: Whether the channels exclude each other; their losses are then summed.
        """
        return pixel_entropies(truth, prediction, from_logits=self.from_logits, exclusive=exclusive)


@loss_function(CrossEntropy)
def cross_entropy(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[CrossEntropyOptions]
) -> Tensor:
    """Return the cross-entropy of each image, with the options of `CrossEntropy`."""
    return CrossEntropy(reduction=None, **options)(y_true, y_pred, sample_weight)


ALPHA = (
    "Pass the weight of the foreground, in [0, 1]; the background's is 1 minus it. Weights of several classes are "
    "class_weights."
)


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Focal(CrossEntropy):
    """Focal loss: cross-entropy in which pixels that are already classified well weigh little.

    `−(1 − p_t)^gamma · log p_t`, the mean over pixels, with `p_t` the probability of the true class. With
    default options the values are those of `keras.losses.BinaryFocalCrossentropy`, and for exclusive classes
    of `CategoricalFocalCrossentropy(alpha=1)`; from logits they stay exact where Keras clips.

    Means, weights and empty masks are treated as in `CrossEntropy`. `soft_labels` gives the quality focal loss, with
    `|t − p|^gamma` as the factor.

    Args:
        gamma: Exponent, at least 0; 0 gives the cross-entropy. The default is the paper's best.
        alpha: Weight of the foreground's pixels in [0, 1], with `1 − alpha` for the background's; the paper's
            best is 0.25 with gamma 2. None: 1 for both. Exclusive classes take `class_weights` instead.
        soft_labels: Whether the truth holds fractions, as from averaged annotators or smoothed labels. The loss is then
            0 where the prediction equals the truth. For 0/1 truth nothing changes.
        label_smoothing: In [0, 1]. The truth `t` becomes `t·(1 − label_smoothing) + label_smoothing / n`, with
            `n` the number of exclusive classes, or 2.
        from_logits: Whether `y_pred` holds logits rather than probabilities. One channel then takes a
            sigmoid, more channels take a softmax, and with `multilabel` a sigmoid each.
        multilabel: Channels are independent masks: there is no background, and logits take a sigmoid each.
        reduce: `"image"` scores each image and takes the mean, so that the value does not depend on the
            batch size. `"batch"` counts over all images of the batch as if they were one.
        class_weights: One non-negative number per channel, normalised to sum to 1. None: equal weights.
            Two for one channel weigh the pixels of its background and its foreground, as `[1, 20]`.
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
        ValueError: If `gamma` is negative, `alpha` outside [0, 1] or given for exclusive classes, or as in
            `CrossEntropy`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import CrossEntropy, Focal
        >>> truth, prediction = np.ones((1, 8, 8, 1)), np.full((1, 8, 8, 1), 0.9)
        >>> round(float(Focal()(truth, prediction) / CrossEntropy()(truth, prediction)), 4)
        0.01

    References:
        Lin et al. 2017, Focal loss for dense object detection, arXiv 1708.02002. For soft labels Li et al. 2020,
        Generalized focal loss: learning qualified and distributed bounding boxes for dense object detection,
        arXiv 2006.04388.
    """

    other_names: ClassVar = _other_names.FOCAL

    gamma: float = option(2.0, "[0, inf)")
    alpha: float | None = option(None, "[0, 1]", cure=ALPHA)
    soft_labels: bool = option(False)
    name: str = "focal"

    def pixel_losses(self, truth: Tensor, prediction: Tensor, exclusive: bool) -> Tensor:
        """Return the focal loss of each pixel and channel, in the prediction's shape."""
        if exclusive and self.alpha is not None:
            raise ValueError(
                f"Expected alpha=None for {prediction.shape[-1]} exclusive classes. Received alpha={self.alpha}, "
                "which weighs the foreground of one channel, or of each with multilabel=True. Pass class_weights."
            )
        if self.alpha is not None and of_two_classes(self.class_weights, prediction.shape[-1]):
            raise ValueError(
                f"Expected alpha or two class_weights for one channel. Received alpha={self.alpha} and class_weights="
                f"{self.class_weights}, which both weigh the foreground against the background. Leave one out."
            )
        losses = super().pixel_losses(truth, prediction, exclusive)
        form = {"from_logits": self.from_logits, "exclusive": exclusive, "soft_labels": self.soft_labels}
        losses = focal_factors(truth, prediction, self.gamma, **form) * losses
        if self.alpha is None:
            return losses
        return (truth * self.alpha + (1 - truth) * (1 - self.alpha)) * losses


@loss_function(Focal)
def focal(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[FocalOptions]) -> Tensor:
    """Return the focal loss of each image, with the options of `Focal`."""
    return Focal(reduction=None, **options)(y_true, y_pred, sample_weight)
