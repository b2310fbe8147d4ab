"""Boundary and Hausdorff distance: losses that weigh a pixel by how far it lies from the border."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.overlap import Tensor, spatial_mean
from resunet_kit._shared.truth import check_numbers, known_to_hold
from resunet_kit.losses._distance_transform import signed_distances
from resunet_kit.losses.base import SegmentationLoss


@dataclasses.dataclass(kw_only=True, eq=False)
class DistanceLoss(SegmentationLoss):
    """Base of the losses by distance, whose truth is a map of signed distances, computed or given.

    Args:
        spacing: Size of a pixel along each side, or one number for all; None: 1.
        distance_maps: Whether `y_true` holds such maps; None: whether it holds values outside [0, 1].
    """

    spacing: float | Sequence[float] | None = None
    distance_maps: bool | None = None

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        if self.distance_maps is not None:
            self.check_switch("distance_maps")
        if self.spacing is not None:
            self.spacing = _checked_spacing(self.spacing)

    def holds_maps(self, y_true: Tensor, channels: int, rank: int) -> Tensor:
        """Return whether `y_true` is made of distance maps: a boolean, or where its values tell, a tensor."""
        could_be = len(y_true.shape) == rank and y_true.shape[-1] == channels and self.ignore_class is None
        if self.distance_maps and not could_be:
            raise ValueError(
                "Expected distance maps of the prediction's shape, and no ignore_class: a map does not show which "
                f"pixels to leave out. Received y_true of shape {tuple(y_true.shape)} for {channels} channels and "
                f"ignore_class={self.ignore_class}. Weigh those pixels by 0 in sample_weight."
            )
        if not could_be or self.distance_maps is not None:
            return bool(self.distance_maps)
        outside = ops.logical_or(y_true < 0, y_true > 1)
        found = known_to_hold(outside)
        if found and not known_to_hold(ops.logical_and(outside, ops.not_equal(y_true, 255))):
            raise ValueError(
                "Expected y_true to be a mask in [0, 1], or distance maps. Received values of 0 and 255: divide the "
                "mask by 255."
            )
        return ops.any(outside) if found is None else found

    def encode_mask(self, y_true: Tensor, channels: int, rank: int) -> tuple[Tensor, Tensor]:
        """Return the mask, of distance maps too, and the weights that leave out `ignore_class` (or None)."""
        if self.holds_maps(y_true, channels, rank):
            return _read(y_true)[1], None
        return super().encode_mask(y_true, channels, rank)

    def encode(self, y_true: Tensor, channels: int, rank: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Return the truth as signed distances and as a mask, and the weights of ignored pixels (or None)."""
        are_maps = self.holds_maps(y_true, channels, rank)
        if are_maps is True:
            check_numbers("y_true", y_true, "Look for 0/0 where the maps are made.")
            return _read(y_true), None
        if are_maps is False:
            return self._measured(y_true, channels, rank)
        return ops.cond(are_maps, lambda: _read(y_true), lambda: self._measured(y_true, channels, rank)[0]), None

    def _measured(self, y_true: Tensor, channels: int, rank: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
        mask, kept = super().encode_mask(y_true, channels, rank)
        return (self.distances(mask >= 0.5), mask), kept

    def distances(self, mask: Tensor) -> Tensor:
        """Return the signed distances of a mask, in the unit of `spacing`."""
        sides = len(mask.shape) - 2
        sizes = np.asarray(1.0 if self.spacing is None else self.spacing)
        if sizes.shape not in ((), (sides,)):
            raise ValueError(
                f"Expected spacing of one number, or {sides} in the order of the sides. Received {self.spacing}."
            )
        return ops.cast(signed_distances(mask, np.broadcast_to(sizes, (sides,)).tolist()), self.dtype)


def _read(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Return distance maps, 0 where they show no border, and the masks that they show.

    SciPy's distances of an empty mask are no zeros but distances to nothing: they have one sign.
    """
    sides = tuple(range(1, len(maps.shape) - 1))
    inside, outside = maps < 0, maps > 0
    has_border = ops.logical_and(ops.any(inside, sides, keepdims=True), ops.any(outside, sides, keepdims=True))
    return ops.where(has_border, maps, 0.0), ops.cast(inside, maps.dtype)


def _checked_spacing(spacing: float | Sequence[float]) -> float | list[float]:
    """Return the spacing as JSON knows it."""
    try:
        sizes = np.asarray(spacing, dtype="float64")
    except (TypeError, ValueError):
        sizes = np.array([])
    if sizes.ndim > 1 or sizes.size == 0 or not np.all((sizes > 0) & np.isfinite(sizes)):
        raise ValueError(
            f"Expected spacing to be one finite number above 0, one for each side, or None. Received {spacing!r}."
        )
    found: float | list[float] = sizes.tolist()
    return found


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Boundary(DistanceLoss):
    """Boundary loss: the mean of `φ·p` over the pixels, with `φ` the signed distance to the truth's border.

    `φ` is below 0 inside the object and above 0 outside, so a false positive costs its distance and a hit earns its
    depth. The least value is that of the truth itself and below 0. It is linear in `p`, and `φ` is 0 for a mask that
    is all empty or all full: add a region loss, as in `Dice() + 0.01 * Boundary()`.

    `y_true` takes the forms that `SegmentationLoss` names, and the distances are computed in every step. Or it holds
    the maps themselves, of the prediction's shape, made once by the data pipeline with
    `resunet_kit.masks.signed_distance_map` (one call for each class).

    Args:
        spacing: Size of a pixel along each side, such as millimetres, or one number for all; None counts pixels.
        distance_maps: Whether `y_true` holds distance maps, below 0 in the object and above 0 around it. None: it does
            if any value is outside [0, 1], as a mask's never is. With `ignore_class` it does not.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`, `class_weights`,
    `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`. `empty="skip"` leaves out what has
    no border. Pixels of weight 0 have no part in the mean, but the distances see them.

    Raises:
        ValueError: If `spacing` does not fit the images or is not above 0, or another option is unknown.

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
        The authors' code has 0 on the object's outermost pixels, so that thin objects earn nothing; here they earn 1.

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
    """Hausdorff distance loss: squared errors, weighed by how far they lie from both borders.

    The mean over the pixels of `(t − p)²·(d_t^exponent + d_p^exponent)`, with `d_t` the distance to the border of the
    truth and `d_p` to that of `p ≥ 0.5`. A perfect prediction gives 0. Distances to a border that an all empty or all
    full mask does not have are 0; add a region loss, as in `Dice() + 0.001 * HausdorffDistance()`.

    `y_true` takes the forms that `SegmentationLoss` names. Or it holds maps made once by the data pipeline with
    `resunet_kit.masks.signed_distance_map`, which halves the distances left to compute; a map of 0 counts as empty.

    Args:
        exponent: Of the distances, above 0. The paper recommends 1 to 3.
        spacing: Size of a pixel along each side, such as millimetres, or one number for all; None counts pixels.
        distance_maps: Whether `y_true` holds distance maps, below 0 in the object and above 0 around it. None: it does
            if any value is outside [0, 1], as a mask's never is. With `ignore_class` it does not.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`, `class_weights`,
    `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`. `empty="skip"` leaves out what has
    no border. Pixels of weight 0 have no part in the mean, but the distances see them.

    Raises:
        ValueError: If `exponent` is not above 0, `spacing` does not fit the images, or another option is unknown.

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

    exponent: float = 2.0
    name: str = "hausdorff_distance"

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        self.check_number("exponent", positive=True)

    def look_around(self, truth: Any, prediction: Tensor) -> tuple[Any, tuple[Tensor, Tensor]]:
        """Return the truth as it is, and the prediction's distances with it."""
        return truth, (self.distances(prediction >= 0.5), prediction)

    def class_losses(self, truth: tuple[Tensor, Tensor], prediction: tuple[Tensor, Tensor], weights: Tensor) -> Tensor:
        """Return the loss of each image and class, shape `(images, classes)`."""
        (distance, mask), (own_distance, probability) = truth, prediction
        far = ops.abs(distance) ** self.exponent + ops.abs(own_distance) ** self.exponent
        return spatial_mean((mask - probability) ** 2 * far, weights)


@keras.saving.register_keras_serializable(package="resunet_kit")
def boundary(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the boundary loss of each image: the function behind `Boundary`.

    Args:
        y_true: Masks, one-hot classes, integer labels or distance maps, as `Boundary` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `Boundary`.

    Returns:
        Shape `(batch,)`, float32, as `tversky`.

    Raises:
        ValueError: As `Boundary`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import boundary
        >>> mask = np.zeros((2, 8, 8, 1)); mask[0, :4] = 1  # the second is empty: it has no border
        >>> np.asarray(boundary(mask, np.ones_like(mask), spacing=(1, 1))).tolist()
        [0.0, 0.0]
    """
    return Boundary(reduction=None, **options)(y_true, y_pred, sample_weight)


@keras.saving.register_keras_serializable(package="resunet_kit")
def hausdorff_distance(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the Hausdorff distance loss of each image: the function behind `HausdorffDistance`.

    Args:
        y_true: Masks, one-hot classes, integer labels or distance maps, as `HausdorffDistance` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `HausdorffDistance`.

    Returns:
        Shape `(batch,)`, float32, as `tversky`.

    Raises:
        ValueError: As `HausdorffDistance`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import hausdorff_distance
        >>> mask = np.zeros((2, 8, 8, 1)); mask[:, :4] = 1
        >>> np.asarray(hausdorff_distance(mask, mask)).tolist()
        [0.0, 0.0]
    """
    return HausdorffDistance(reduction=None, **options)(y_true, y_pred, sample_weight)
