"""Generalised Dice: one overlap over all classes, in which a small class weighs as much as a large one."""

import dataclasses
from typing import Any

import keras
from keras import ops

from resunet_kit._shared.overlap import TINY, Overlap, Tensor, overlap, tversky_loss
from resunet_kit.losses.base import SegmentationLoss


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class GeneralizedDice(SegmentationLoss):
    """Generalised Dice loss: Dice of the classes' weighted counts, one value over all classes.

    `1 − (2·Σ v·TP + s) / (Σ v·(2TP + FP + FN) + s)` for each image, the sums over its classes, with class
    weights `v ∝ importance / (Σt)²` that sum to 1. `importance` are the shares that `class_weights`,
    `include_background` and `ignore_class` give; all classes alike by default. One channel alone is `Dice`.

    A class that an image's truth lacks would weigh infinitely much. It gets the weight of the smallest class
    that is present, so false alarms of it count while the present classes still learn; if none is present all
    weigh the same, and the image is scored by the formula: `FP / (FP + s)` of the mean `FP`. `empty="skip"`
    leaves absent classes out instead, and an image that lacks them all.

    A perfect prediction gives 0, of an empty mask too.

    Args:
        smooth: `s`, in pixels, 0 or more; see `Tversky` for the reason of 1.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`,
    `class_weights`, `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`.

    Raises:
        ValueError: If `smooth` is negative or another option is unknown.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import GeneralizedDice
        >>> labels = np.zeros((1, 8, 8), "int32"); labels[:, :1, :2] = 1
        >>> blind = np.eye(2)[0 * labels]  # everything is background
        >>> round(float(GeneralizedDice(smooth=0.0)(labels, blind)), 4)  # the two missed pixels rule
        0.9395

    Note:
        The weights are scaled to sum to 1 so that `smooth` is in pixels; without smoothing their scale
        cancels.

    References:
        Sudre et al. 2017, Generalised Dice overlap as a deep learning loss function for highly unbalanced
        segmentations, arXiv 1707.03237.
    """

    smooth: float = 1.0
    name: str = "generalized_dice"

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        self.check_number("smooth")

    def image_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor, importance: Tensor) -> Tensor:
        """Return the generalised Dice loss of each image, shape `(images,)`."""
        counts = overlap(truth, prediction, weights)
        volume = ops.stop_gradient(counts.tp + counts.fn)  # (images, classes): Σ w·t
        share = importance * _inverse_squares(volume, importance)
        share = share / ops.maximum(ops.sum(share, axis=-1, keepdims=True), TINY)
        pooled = Overlap(*(ops.sum(share * count, axis=-1) for count in counts))
        return tversky_loss(pooled, fp_weight=0.5, fn_weight=0.5, smooth=self.smooth / 2)


def _inverse_squares(volume: Tensor, importance: Tensor) -> Tensor:
    """Return `1 / volume²` relative to the image's smallest scored class; 1 for absent classes."""
    present = ops.logical_and(volume > 0, importance > 0)
    smallest = ops.min(ops.where(present, volume, ops.full_like(volume, 1e30)), axis=-1, keepdims=True)
    return ops.where(present, ops.square(smallest / ops.maximum(volume, smallest)), ops.ones_like(volume))


@keras.saving.register_keras_serializable(package="resunet_kit")
def generalized_dice(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the generalised Dice loss of each image: the function behind `GeneralizedDice`.

    Args:
        y_true: Masks, one-hot classes or integer labels, as `SegmentationLoss` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `GeneralizedDice`.

    Returns:
        Shape `(batch,)`, float32, as `tversky`.

    Raises:
        ValueError: As `GeneralizedDice`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import generalized_dice
        >>> mask = np.zeros((2, 8, 8, 3)); mask[..., 0] = 1
        >>> np.asarray(generalized_dice(mask, mask)).tolist()
        [0.0, 0.0]
    """
    return GeneralizedDice(reduction=None, **options)(y_true, y_pred, sample_weight)
