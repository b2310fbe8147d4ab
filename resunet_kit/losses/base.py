"""Base class of the segmentation losses: shapes, activation, truth, weights, and means over classes and images."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import keras
from keras import ops

from resunet_kit._shared.keras_options import float_dtype, object_name
from resunet_kit._shared.overlap import TINY, Tensor, combine_weights, spatial_sum
from resunet_kit._shared.renamed_options import NamedOptions
from resunet_kit._shared.truth import (
    check_prediction,
    check_shapes,
    encode_truth,
    normalized_class_weights,
    split_sample_weight,
    to_probabilities,
)
from resunet_kit._shared.value_checks import collected
from resunet_kit.losses import _other_names
from resunet_kit.losses.class_weights import checked_class_weights, of_two_classes, refuse_two_classes
from resunet_kit.losses.options import checked_options, option
from resunet_kit.losses.sums import Addable

RENAMED_HOOKS = {
    "look_around": "prepare",
    "encode": "encode_truth",
    "importance": "normalized_class_weights",  # renamed in 0.2.0
    "counted": "overlap_inputs",
    "check_number": "the option with `option`, which declares its range",
    "check_switch": "the option with `option`, which declares its type",
}


@dataclasses.dataclass(kw_only=True, eq=False)
class SegmentationLoss(NamedOptions, Addable, keras.losses.Loss):
    """Base class of the losses: for your own loss, write a subclass with one method, `class_losses`.

    A loss that is not a mean over classes overrides `image_losses` instead. `a + 0.5 * b` is a `LossSum`.

    Declare options as fields of a keyword-only dataclass, and their ranges with `option`; `get_config` then includes
    them all.

    `y_pred` has shape `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
    `y_true` has the same shape (0/1 masks or one-hot classes), or holds integer labels with or without a last
    axis of 1. One channel is a binary mask. Losses are computed in float32 under every dtype policy.

    `sample_weight` is per image, `(batch,)`, and multiplies that image's loss; or per pixel, of `y_pred`'s
    shape with or without the channel axis, and multiplies that pixel's contribution to every count. With
    `reduce="batch"` an image's weight multiplies its pixels' contributions too.

    Empty masks: with `empty="score"`, an image without truth is scored by the formula like any other. With
    `empty="skip"`, a class that is absent from an image's truth has no weight in that image's mean, and an image
    without any of the classes has none in the batch's. If nothing is left, the loss is 0 with a gradient of 0.

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
        ValueError: If an option is out of its range, or the tensors do not fit each other or the options.

    Example:
        >>> import dataclasses, keras, numpy as np
        >>> from resunet_kit.losses import SegmentationLoss
        >>> @dataclasses.dataclass(kw_only=True, eq=False)
        ... class Miss(SegmentationLoss):
        ...     name: str = "miss"
        ...     def class_losses(self, truth, prediction, weights):
        ...         return keras.ops.mean(truth * (1 - prediction), axis=(1, 2))
        >>> mask = np.ones((2, 4, 4, 1))
        >>> float(Miss()(mask, 0.25 * mask))
        0.75
    """

    other_names: ClassVar = _other_names.ALL
    # Whether two class_weights for one channel weigh the pixels of its background and its foreground.
    weighs_background: ClassVar[bool] = False

    from_logits: bool = option(False)
    multilabel: bool = option(False)
    reduce: Literal["image", "batch"] = option("image")
    class_weights: Sequence[float] | None = None
    include_background: bool = option(True)
    ignore_class: int | None = option(None)
    empty: Literal["score", "skip"] = option("score")
    reduction: Literal["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"] | None = option(
        "sum_over_batch_size"
    )
    dtype: Any = None
    name: str = "segmentation_loss"

    def __post_init__(self) -> None:
        for name, value in checked_options(self).items():
            setattr(self, name, value)
        self.dtype = float_dtype(self.dtype)
        super().__init__(name=object_name(self.name), reduction=self.reduction, dtype=self.dtype)
        self.check_options()

    def check_options(self) -> None:
        """Check what `option` cannot declare. A subclass that adds rules of its own must call this method too.

        Raises:
            TypeError: If an option is of the wrong type.
            ValueError: If an option is out of its range, or does not fit another.
        """
        if self.class_weights is not None:
            self.class_weights = checked_class_weights(self.class_weights)
        if self.empty == "skip" and self.reduction == "mean_with_sample_weight":
            raise ValueError(
                'Expected a reduction that can leave out images where empty="skip". Received '
                'reduction="mean_with_sample_weight", which counts them. Pass "sum_over_batch_size", "sum" or None.'
            )

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse hooks under their names of 0.1.0: an override that is never called would change the loss unnoticed."""
        super().__init_subclass__(**options)
        for old, new in RENAMED_HOOKS.items():
            if old in vars(cls):
                raise TypeError(
                    f"Expected {cls.__name__} to define {new}. Received the method {old}, which had this name until "
                    "0.1.0. Rename it."
                )

    # === From tensors to the loss ===

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        """Return the loss, reduced over the images by `reduction`; in a compiled step, wrong values make it NaN."""
        with collected() as failures:
            y_true, y_pred, pixel_weight, image_weight = self._to_tensors(y_true, y_pred, sample_weight)
            # Keras applies weights to the result of call, without pixels: pixel weights are passed with the truth.
            target = y_true if pixel_weight is None else (y_true, pixel_weight)
            loss = super().__call__(target, y_pred, image_weight)
        return failures.nan_where(loss)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each image, shape `(batch,)`; `y_true` may be a pair of truth and pixel weights."""
        y_true, weights = y_true if isinstance(y_true, tuple) else (y_true, None)
        check_shapes(y_true, y_pred)
        with collected() as failures:
            check_prediction(y_pred, from_logits=self.from_logits, multilabel=self.multilabel)
            truth, kept = self.encode_truth(y_true, y_pred.shape[-1], len(y_pred.shape))  # (batch, ..., classes)
        y_pred = failures.without_gradient_where(y_pred)
        prediction = self.activate(y_pred)  # the same shape
        truth, prediction = self.prepare(truth, prediction)
        truth, prediction, weights = self._pooled(truth, prediction, combine_weights(kept, weights))  # (images, ...)
        class_weights = self.normalized_class_weights(keras.tree.flatten(truth)[0], weights)  # (images or 1, classes)
        values = self.image_losses(truth, prediction, weights, class_weights)  # (images,)
        values = ops.broadcast_to(values, (ops.shape(y_pred)[0],))  # (batch,)
        return self._without_skipped(values, class_weights) if self.empty == "skip" else values

    # === Steps that a subclass may override, in order ===

    def activate(self, y_pred: Tensor) -> Tensor:
        """Return the prediction that `class_losses` receives: probabilities."""
        return to_probabilities(y_pred, from_logits=self.from_logits, multilabel=self.multilabel)

    def encode_truth(self, y_true: Tensor, channels: int, rank: int) -> tuple[Tensor, Tensor]:
        """Return the truth that `class_losses` receives, the mask, and the weights that leave out pixels (or None)."""
        return self.encode_mask(y_true, channels, rank)

    def encode_mask(self, y_true: Tensor, channels: int, rank: int) -> tuple[Tensor, Tensor]:
        """Return the truth with one channel per class, and the weights that leave out `ignore_class` (or None)."""
        return encode_truth(y_true, channels, rank, self.ignore_class)

    def prepare(self, truth: Tensor, prediction: Tensor) -> tuple[Any, Any]:
        """Return truth and prediction with what is computed from whole images, such as distance maps or skeletons.

        Whatever depends on a pixel's neighbours belongs here, since `reduce="batch"` joins the images afterwards.
        Either may be a tuple; the first element of the truth must be 0 everywhere if a class is absent from the image.
        """
        return truth, prediction

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the loss of each image and class: the one method that a loss must define.

        Args:
            truth: Shape `(images, ..., classes)`, values in [0, 1].
            prediction: What `activate` returns, same shape.
            weights: Per pixel, shape `(images, ..., 1 or classes)`; None if all are 1.

        Returns:
            Shape `(images, classes)`, finite where the truth is empty.
        """
        raise NotImplementedError(
            f"Expected {type(self).__name__} to define class_losses(truth, prediction, weights). Received a class "
            "without it. Define it, or override image_losses."
        )

    def image_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor, class_weights: Tensor) -> Tensor:
        """Return the loss of each image, shape `(images,)`: the mean of its `class_losses`.

        Args:
            truth: Shape `(images, ..., classes)`, values in [0, 1].
            prediction: What `activate` returns, same shape.
            weights: Per pixel, shape `(images, ..., 1 or classes)`; None if all are 1.
            class_weights: Normalised, shape `(images or 1, classes)`. They sum to 1, or to 0 for an image that
                `empty="skip"` leaves out.
        """
        return ops.sum(self.class_losses(truth, prediction, weights) * class_weights, axis=-1)

    def normalized_class_weights(self, truth: Tensor, weights: Tensor) -> Tensor:
        """Return the classes' weights in the mean, 0 for absent classes with `empty="skip"`."""
        pair = of_two_classes(self.class_weights, truth.shape[-1])
        if pair and not self.weighs_background:
            refuse_two_classes(self)
        class_weights = normalized_class_weights(
            truth.shape[-1],
            multilabel=self.multilabel,
            include_background=self.include_background,
            ignore_class=self.ignore_class,
            class_weights=None if pair else self.class_weights,
        )
        class_weights = ops.convert_to_tensor(class_weights[None], dtype=self.dtype)
        if self.empty == "score":
            return class_weights
        # Absolute values, since the truth of some losses is a map of signed distances.
        present = spatial_sum(combine_weights(ops.abs(truth), weights)) > 0
        class_weights = class_weights * ops.cast(present, self.dtype)
        return class_weights / ops.maximum(ops.sum(class_weights, axis=-1, keepdims=True), TINY)

    # === Machinery ===

    def overlap_inputs(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return mask, probabilities and pixel weights (or None) for counting, each `(images, ..., classes)`."""
        y_true, y_pred, weights, _ = self._to_tensors(y_true, y_pred, sample_weight)
        check_prediction(y_pred, from_logits=self.from_logits, multilabel=self.multilabel)
        prediction = to_probabilities(y_pred, from_logits=self.from_logits, multilabel=self.multilabel)
        truth, kept = self.encode_mask(y_true, y_pred.shape[-1], len(y_pred.shape))
        return self._pooled(truth, prediction, combine_weights(kept, weights))

    def get_config(self) -> dict[str, Any]:
        """Return every option by name, from the dataclass's fields, so that none can be forgotten."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def _to_tensors(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor) -> tuple[Tensor, ...]:
        """Return truth and prediction as tensors, and the weights per pixel and per image, one of them or both None."""
        y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        check_shapes(y_true, y_pred)
        pixel_weight, image_weight = split_sample_weight(sample_weight, y_pred)
        if self.reduce == "batch" and image_weight is not None:
            # Applied afterwards, a weight of 0 would not remove the image from the batch's counts.
            column = ops.reshape(image_weight, (-1, *[1] * (len(y_pred.shape) - 1)))
            pixel_weight, image_weight = column * ops.ones_like(y_pred[..., :1]), None
        return y_true, y_pred, pixel_weight, image_weight

    def _pooled(self, *tensors: Any) -> tuple[Any, ...]:
        """Return the tensors, joined into those of one image with `reduce="batch"`."""
        return keras.tree.map_structure(_join_images, tensors) if self.reduce == "batch" else tensors

    def _without_skipped(self, values: Tensor, class_weights: Tensor) -> Tensor:
        """Scale the losses so that Keras's mean over all images is the mean over the scored ones."""
        if self.reduction not in ("sum_over_batch_size", "mean"):
            return values
        scored = ops.cast(ops.sum(class_weights, axis=-1) > 0, self.dtype)
        return values / ops.maximum(ops.mean(scored), TINY)


def _join_images(x: Tensor) -> Tensor:
    """Join the images along their first spatial axis, as one image: `(b, h, w, c)` to `(1, b·h, w, c)`."""
    return None if x is None else ops.reshape(x, (1, -1, *ops.shape(x)[2:]))
