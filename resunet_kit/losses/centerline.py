"""Centreline Dice loss (clDice): overlap of soft skeletons, for vessels and other thin structures."""

import dataclasses
from typing import ClassVar, Unpack

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.overlap import TINY, Tensor, combine_weights, spatial_sum
from resunet_kit.losses import _other_names
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import CenterlineDiceOptions
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.options import option


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class CenterlineDice(SegmentationLoss):
    """Centreline Dice (clDice) loss: 1 minus the harmonic mean of how much of each skeleton the other mask covers.

    `1 − 2·precision·sensitivity / (precision + sensitivity)` for each image and class, with `S` the soft skeletons,
    `precision = (Σ S_p·t + s) / (Σ S_p + s)` and `sensitivity = (Σ S_t·p + s) / (Σ S_t + s)`. A gap in a vessel costs
    its length; a slightly wrong width costs nothing. A perfect 0/1 prediction gives 0, also for an empty mask.

    It measures centrelines, not pixels: a false positive may shorten a skeleton, so adding one may lower the loss. Like
    the authors, add a region loss, as in `Dice() + CenterlineDice()`.

    Pixels of weight 0 are left out of the sums, but not of the skeletons.

    Args:
        iterations: Number of erosions that find the skeletons, at least 1: the radius of the thickest structure, in
            pixels. The default is the authors'; the computing time grows with it.
        smooth: `s`, in pixels, at least 0.
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
        ValueError: If `iterations` is below 1, `smooth` is negative, or another option is out of its range.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import CenterlineDice, Dice
        >>> vessel = np.zeros((1, 9, 32, 1)); vessel[:, 3:6] = 1
        >>> thin, broken = vessel.copy(), vessel.copy()
        >>> thin[:, 3] = thin[:, 5] = 0; broken[:, :, 10:22] = 0
        >>> [round(float(CenterlineDice(smooth=0)(vessel, prediction)), 2) for prediction in (thin, broken)]
        [0.0, 0.23]

    References:
        Shit et al. 2021, clDice: a novel topology-preserving loss function for tubular structure segmentation,
        arXiv 2003.07311.
    """

    other_names: ClassVar = _other_names.CENTERLINE_DICE

    iterations: int = option(3, "[1, inf)")
    smooth: float = option(1.0, "[0, inf)")
    soft_labels: bool = option(False)
    name: str = "centerline_dice"

    def prepare(self, truth: Tensor, prediction: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return truth and prediction, each with its skeleton."""
        skeleton = ops.stop_gradient(soft_skeleton(truth, self.iterations))
        return (truth, skeleton), (prediction, soft_skeleton(prediction, self.iterations))

    def class_losses(self, truth: tuple[Tensor, Tensor], prediction: tuple[Tensor, Tensor], weights: Tensor) -> Tensor:
        """Return the loss of each image and class, shape `(images, classes)`."""
        precision = self._covered(prediction[1], truth[0], weights)
        sensitivity = self._covered(truth[1], prediction[0], weights)
        return 1 - 2 * precision * sensitivity / ops.maximum(precision + sensitivity, TINY)

    def _covered(self, skeleton: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
        """Return the fraction of the skeleton that the mask covers."""
        outside = ops.relu(skeleton - mask) if self.soft_labels else skeleton * (1 - mask)
        length = spatial_sum(combine_weights(skeleton, weights)) + self.smooth
        return 1 - spatial_sum(combine_weights(outside, weights)) / ops.maximum(length, TINY)


def soft_skeleton(x: Tensor, iterations: int) -> Tensor:
    """Return the ridges that an opening removes from `x` and from each of its erosions, in [0, 1].

    Args:
        x: Shape `(images, ..., classes)`, values in [0, 1].
        iterations: Number of erosions.
    """
    skeleton = ops.zeros_like(x)
    for step in range(iterations + 1):
        eroded = _erode(x)
        ridge = ops.relu(x - _dilate(eroded))
        skeleton = skeleton + ridge * (1 - skeleton) if step else ridge
        x = eroded
    return skeleton


def _erode(x: Tensor) -> Tensor:
    """Return the minimum over each pixel and its neighbours across a face."""
    smallest = x
    for axis in range(1, len(x.shape) - 1):
        before, after = _neighbours(x, axis, np.inf)
        smallest = ops.minimum(smallest, ops.minimum(before, after))
    return smallest


def _dilate(x: Tensor) -> Tensor:
    """Return the maximum over each pixel and all of its neighbours."""
    for axis in range(1, len(x.shape) - 1):
        before, after = _neighbours(x, axis, -np.inf)
        x = ops.maximum(x, ops.maximum(before, after))
    return x


def _neighbours(x: Tensor, axis: int, beyond: float) -> tuple[Tensor, Tensor]:
    """Return each pixel's neighbours along an axis, and `beyond` outside the image.

    Pooling of single channels would take four times as long on TensorFlow's CPU.
    """
    widths = [(1, 1) if i == axis else (0, 0) for i in range(len(x.shape))]
    padded = ops.pad(x, widths, constant_values=beyond)
    before = tuple(slice(None, -2) if i == axis else slice(None) for i in range(len(x.shape)))
    after = tuple(slice(2, None) if i == axis else slice(None) for i in range(len(x.shape)))
    return padded[before], padded[after]


@loss_function(CenterlineDice)
def centerline_dice(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[CenterlineDiceOptions]
) -> Tensor:
    """Return the centreline Dice loss of each image, with the options of `CenterlineDice`."""
    return CenterlineDice(reduction=None, **options)(y_true, y_pred, sample_weight)
