"""Boundary and Hausdorff distance losses, which weight a pixel by its distance to the border."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.mask_checks import pixel_size
from resunet_kit._shared.numbers import number, numbers_per_axis
from resunet_kit._shared.overlap import Tensor, spatial_mean
from resunet_kit._shared.truth import check_finite
from resunet_kit._shared.value_checks import known, refuse, unchecked
from resunet_kit.losses import _other_names
from resunet_kit.losses._distance_transform import signed_distances
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import DistanceOptions, HausdorffDistanceOptions
from resunet_kit.losses.base import SegmentationLoss
from resunet_kit.losses.options import option


@dataclasses.dataclass(kw_only=True, eq=False)
class DistanceLoss(SegmentationLoss):
    """Base class of the distance losses, whose truth is a map of signed distances, computed or given.

    Args:
        spacing: Pixel spacing along each spatial axis, or one number for all; None: 1.
        distance_maps: Whether `y_true` holds such maps; None: it does if any value is outside [0, 1].
    """

    other_names: ClassVar = _other_names.DISTANCE

    spacing: float | Sequence[float] | None = None
    distance_maps: bool | None = option(None)

    def check_options(self) -> None:
        """Check the spacing: one number for all axes, or two or three."""
        super().check_options()
        if self.spacing is not None:
            self.spacing = _checked_spacing(self.spacing)

    def has_distance_maps(self, y_true: Tensor, channels: int, rank: int) -> Tensor:
        """Return whether `y_true` holds distance maps: a boolean, or a tensor if it depends on unknown values."""
        could_be = len(y_true.shape) == rank and y_true.shape[-1] == channels and self.ignore_class is None
        if self.distance_maps and not could_be:
            raise ValueError(
                "Expected distance maps of the prediction's shape, and no ignore_class, as a map does not show which "
                f"pixels to leave out. Received y_true of shape {tuple(y_true.shape)} for {channels} channels and "
                f"ignore_class={self.ignore_class}. Give those pixels a weight of 0 in sample_weight."
            )
        if not could_be or self.distance_maps is False:
            return False
        found = check_finite("y_true", y_true, "Look for 0/0 where the masks or maps are made.")
        if found is None:
            return bool(self.distance_maps)
        self._check_maps(y_true, found)
        outside = ops.logical_or(found[0] < 0, found[1] > 1)
        are_maps = True if self.distance_maps else known(outside)
        return outside if are_maps is None else are_maps

    def _check_maps(self, y_true: Tensor, found: tuple[Tensor, Tensor]) -> None:
        """Refuse class labels and masks passed instead of maps, which are negative in the object.

        Only maps of empty masks hold no negative number; SciPy's are then not integers, and ours are 0.
        """
        highest = 0 if self.distance_maps else 1
        integers = ops.all(ops.equal(y_true, ops.round(y_true)))
        labels = ops.logical_and(ops.logical_and(found[0] >= 0, found[1] > highest), integers)
        expected = "distance maps" if self.distance_maps else "a mask in [0, 1], or distance maps"
        refuse(
            labels,
            f"Expected y_true to be {expected}, negative in the object. Received integers from ",
            *(found[0], " to ", found[1]),
            ". Divide a 0/255 mask by 255, one-hot encode class labels, and compute maps by "
            "resunet_kit.masks.signed_distance_map.",
        )

    def encode_mask(self, y_true: Tensor, channels: int, rank: int) -> tuple[Tensor, Tensor]:
        """Return the mask, also from distance maps, and the weights that leave out `ignore_class` (or None)."""
        if self.has_distance_maps(y_true, channels, rank):
            return _from_maps(y_true)[1], None
        return super().encode_mask(y_true, channels, rank)

    def encode_truth(self, y_true: Tensor, channels: int, rank: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Return the truth as signed distances and as a mask, and the weights of ignored pixels (or None)."""
        are_maps = self.has_distance_maps(y_true, channels, rank)
        if are_maps is True:
            return _from_maps(y_true), None
        if are_maps is False:
            return self._from_masks(y_true, channels, rank)
        with unchecked():  # within a branch, where masks are known to be in [0, 1]
            return ops.cond(
                are_maps, lambda: _from_maps(y_true), lambda: self._from_masks(y_true, channels, rank)[0]
            ), None

    def _from_masks(self, y_true: Tensor, channels: int, rank: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        mask, kept = super().encode_mask(y_true, channels, rank)
        return (self.distances(mask >= 0.5), mask), kept

    def distances(self, mask: Tensor) -> Tensor:
        """Return the signed distances of a mask, in the unit of `spacing`."""
        return ops.cast(signed_distances(mask, pixel_size(self.spacing, len(mask.shape) - 2)), self.dtype)


def _checked_spacing(spacing: Any) -> float | list[float]:
    """Return one number, or a list of two or three; JSON has no tuples."""
    if isinstance(spacing, str) or not isinstance(spacing, Sequence | np.ndarray) or np.ndim(spacing) == 0:
        return number("spacing", spacing, "(0, inf)")
    return list(numbers_per_axis("spacing", spacing, 3 if len(spacing) == 3 else 2))


def _from_maps(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distance maps, set to 0 where they have no border, and the masks that they represent.

    For an empty mask, SciPy's distances have a single sign, but are not 0.
    """
    spatial = tuple(range(1, len(maps.shape) - 1))
    inside, outside = maps < 0, maps > 0
    has_border = ops.logical_and(ops.any(inside, spatial, keepdims=True), ops.any(outside, spatial, keepdims=True))
    return ops.where(has_border, maps, 0.0), ops.cast(inside, maps.dtype)


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Boundary(DistanceLoss):
    """Boundary loss: the mean of `φ·p` over the pixels, with `φ` the signed distance to the truth's border.

    `φ` is below 0 inside the object and above 0 outside, so a false positive costs its distance, and a true positive
    lowers the loss by its depth. The truth itself has the minimum, which is below 0. The loss is linear in `p`, and `φ`
    is 0 for a mask that is entirely empty or full: add a region loss, as in `Dice() + 0.01 * Boundary()`.

    `y_true` takes the forms that `SegmentationLoss` lists, with fractions thresholded at one half; the distances are
    then computed in every step. Or it holds the maps themselves, in the prediction's shape, computed once by the data
    pipeline with `resunet_kit.masks.signed_distance_map` (one call for each class).

    `empty="skip"` leaves out masks without a border. Pixels of weight 0 are left out of the mean, but not of the
    distances.

    Args:
        spacing: Pixel spacing along each spatial axis, as in millimetres, or one number for all; None counts pixels.
        distance_maps: Whether `y_true` holds distance maps, below 0 in the object and above 0 around it. None: it does
            if any value is outside [0, 1], which never occurs in masks. With `ignore_class` it does not.
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
        ValueError: If an option is out of its range, or `spacing` does not fit the images.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Boundary
        >>> from resunet_kit.masks import signed_distance_map
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :, :4] = 1
        >>> float(Boundary()(truth, truth)), float(Boundary()(truth, 1 - truth))
        (-1.25, 1.25)
        >>> maps = np.stack([signed_distance_map(mask)[..., None] for mask in truth[..., 0]])
        >>> float(Boundary()(maps, truth))
        -1.25

    Note:
        In the authors' code the distance is 0 on the object's outermost pixels, so that thin objects have no effect;
        here it is 1.

    References:
        Kervadec et al. 2019, Boundary loss for highly unbalanced segmentation, arXiv 1812.07032.
    """

    name: str = "boundary"

    def class_losses(self, truth: tuple[Tensor, Tensor], prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the boundary loss of each image and class, shape `(images, classes)`."""
        distance, _ = truth
        return spatial_mean(distance * prediction, weights)


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class HausdorffDistance(DistanceLoss):
    """Hausdorff distance loss: squared errors, weighted by the distances to the borders of truth and prediction.

    The mean over the pixels of `(t − p)²·(d_t^exponent + d_p^exponent)`, with `d_t` the distance to the border of the
    truth and `d_p` to that of `p ≥ 0.5`. A perfect prediction gives 0. A mask that is entirely empty or full has no
    border, and its distances are 0; add a region loss, as in `Dice() + 0.001 * HausdorffDistance()`.

    `y_true` takes the forms that `SegmentationLoss` lists; fractions are thresholded at one half for the distances, but
    not for the squared errors. Or it holds maps computed once by the data pipeline with
    `resunet_kit.masks.signed_distance_map`, which halves the distances left to compute; a map of 0 counts as empty.

    `empty="skip"` leaves out masks without a border. Pixels of weight 0 are left out of the mean, but not of the
    distances.

    Args:
        exponent: Exponent of the distances, above 0. The paper recommends 1 to 3.
        spacing: Pixel spacing along each spatial axis, as in millimetres, or one number for all; None counts pixels.
        distance_maps: Whether `y_true` holds distance maps, below 0 in the object and above 0 around it. None: it does
            if any value is outside [0, 1], which never occurs in masks. With `ignore_class` it does not.
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
        ValueError: If an option is out of its range, or `spacing` does not fit the images.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import HausdorffDistance
        >>> truth = np.zeros((1, 1, 8, 1)); truth[:, :, :4] = 1
        >>> near, far = truth.copy(), truth.copy()
        >>> near[:, :, 4] = 1; far[:, :, 7] = 1
        >>> float(HausdorffDistance()(truth, near)), float(HausdorffDistance()(truth, far))
        (0.25, 2.125)

    References:
        Karimi and Salcudean 2019, Reducing the Hausdorff distance in medical image segmentation with convolutional
        neural networks, arXiv 1904.10030.
    """

    other_names: ClassVar = _other_names.HAUSDORFF_DISTANCE

    exponent: float = option(2.0, "(0, inf)")
    name: str = "hausdorff_distance"

    def prepare(self, truth: Any, prediction: Tensor) -> tuple[Any, tuple[Tensor, Tensor]]:
        """Return the truth unchanged, and the prediction with its distances."""
        return truth, (self.distances(prediction >= 0.5), prediction)

    def class_losses(self, truth: tuple[Tensor, Tensor], prediction: tuple[Tensor, Tensor], weights: Tensor) -> Tensor:
        """Return the loss of each image and class, shape `(images, classes)`."""
        (distance, mask), (own_distance, probability) = truth, prediction
        far = ops.abs(distance) ** self.exponent + ops.abs(own_distance) ** self.exponent
        return spatial_mean((mask - probability) ** 2 * far, weights)


@loss_function(Boundary)
def boundary(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[DistanceOptions]
) -> Tensor:
    """Return the boundary loss of each image, with the options of `Boundary`."""
    return Boundary(reduction=None, **options)(y_true, y_pred, sample_weight)


@loss_function(HausdorffDistance)
def hausdorff_distance(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[HausdorffDistanceOptions]
) -> Tensor:
    """Return the Hausdorff distance loss of each image, with the options of `HausdorffDistance`."""
    return HausdorffDistance(reduction=None, **options)(y_true, y_pred, sample_weight)
