"""Centreline Dice: overlap of soft skeletons, for vessels and other thin structures."""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.overlap import TINY, Tensor, combine_weights, spatial_sum
from resunet_kit.losses.base import SegmentationLoss


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class CenterlineDice(SegmentationLoss):
    """Centreline Dice (clDice) loss: 1 minus the harmonic mean of how much of each skeleton the other mask covers.

    With `S` the soft skeletons, `covered = (Σ S_p·t + s) / (Σ S_p + s)` and `found = (Σ S_t·p + s) / (Σ S_t + s)` for
    each image and class, the loss is `1 − 2·covered·found / (covered + found)`. A break in a vessel costs its length,
    a width that is wrong by a little nothing. A perfect prediction by 0 and 1 gives 0, of an empty mask too.

    It measures centrelines, not pixels: a false positive may shorten a skeleton, so adding one may lower the loss. Add
    a region loss, as in `Dice() + CenterlineDice()`, as the authors do.

    Args:
        iterations: How often the masks are eroded to find the skeletons, at least 1: the radius of the thickest
            structure, in pixels. The default is the authors'; time grows with it.
        smooth: `s`, in pixels, 0 or more.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`, `class_weights`,
    `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`. Pixels of weight 0 have no part in
    the sums, but the skeletons see them.

    Raises:
        ValueError: If `iterations` is below 1, `smooth` is negative, or another option is unknown.

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

    iterations: int = 3
    smooth: float = 1.0
    name: str = "centerline_dice"

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        self.check_number("iterations", integer=True)
        if self.iterations < 1:
            raise ValueError(f"Expected iterations of 1 or more. Received {self.iterations}.")
        self.check_number("smooth")

    def look_around(self, truth: Tensor, prediction: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return truth and prediction, each with its skeleton."""
        skeleton = ops.stop_gradient(soft_skeleton(truth, self.iterations))
        return (truth, skeleton), (prediction, soft_skeleton(prediction, self.iterations))

    def class_losses(self, truth: tuple[Tensor, Tensor], prediction: tuple[Tensor, Tensor], weights: Tensor) -> Tensor:
        """Return the loss of each image and class, shape `(images, classes)`."""
        covered = self._covered(prediction[1], truth[0], weights)
        found = self._covered(truth[1], prediction[0], weights)
        return 1 - 2 * covered * found / ops.maximum(covered + found, TINY)

    def _covered(self, skeleton: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
        skeleton = combine_weights(skeleton, weights)
        outside = spatial_sum(skeleton * (1 - mask))
        return 1 - outside / ops.maximum(spatial_sum(skeleton) + self.smooth, TINY)


def soft_skeleton(x: Tensor, iterations: int) -> Tensor:
    """Return what of `x` an opening takes away, as it is and after each erosion: ridges, in [0, 1].

    Args:
        x: Shape `(images, *sides, classes)`, values in [0, 1].
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
    """Return the least of each pixel and those across its faces."""
    smallest = x
    for axis in range(1, len(x.shape) - 1):
        before, after = _neighbours(x, axis, np.inf)
        smallest = ops.minimum(smallest, ops.minimum(before, after))
    return smallest


def _dilate(x: Tensor) -> Tensor:
    """Return the largest of each pixel and all around it."""
    for axis in range(1, len(x.shape) - 1):
        before, after = _neighbours(x, axis, -np.inf)
        x = ops.maximum(x, ops.maximum(before, after))
    return x


def _neighbours(x: Tensor, axis: int, beyond: float) -> tuple[Tensor, Tensor]:
    """Return each pixel's neighbours along an axis, and beyond the rim a value that never counts.

    Pooling of single channels would take four times as long on TensorFlow's CPU.
    """
    widths = [(1, 1) if side == axis else (0, 0) for side in range(len(x.shape))]
    padded = ops.pad(x, widths, constant_values=beyond)
    before = tuple(slice(None, -2) if side == axis else slice(None) for side in range(len(x.shape)))
    after = tuple(slice(2, None) if side == axis else slice(None) for side in range(len(x.shape)))
    return padded[before], padded[after]


@keras.saving.register_keras_serializable(package="resunet_kit")
def centerline_dice(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the centreline Dice loss of each image: the function behind `CenterlineDice`.

    Args:
        y_true: Masks, one-hot classes or integer labels, as `SegmentationLoss` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `CenterlineDice`.

    Returns:
        Shape `(batch,)`, float32, as `tversky`.

    Raises:
        ValueError: As `CenterlineDice`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import centerline_dice
        >>> mask = np.zeros((2, 8, 8, 1)); mask[0, 3:5] = 1
        >>> np.asarray(centerline_dice(mask, mask)).tolist()
        [0.0, 0.0]
    """
    return CenterlineDice(reduction=None, **options)(y_true, y_pred, sample_weight)
