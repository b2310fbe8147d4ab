"""The base of the streaming overlap metrics: it thresholds, counts pixels, applies the empty-mask rule and averages."""

import dataclasses
from typing import Any, Literal, NamedTuple, get_args

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.numbers import choice, flag, integer, number
from resunet_kit._shared.overlap import TINY, Tensor, combine_weights, overlap, true_negatives
from resunet_kit._shared.truth import (
    check_prediction,
    check_shapes,
    compute_dtype,
    encode_truth,
    normalized_class_weights,
    split_sample_weight,
    to_probabilities,
)
from resunet_kit._shared.value_checks import collected

Average = Literal["image", "pooled"]
Empty = float | Literal["skip"]


class Confusion(NamedTuple):
    """Pixel counts of thresholded masks, each of shape `(images, classes)`."""

    tp: Tensor
    fp: Tensor
    fn: Tensor
    tn: Tensor


@dataclasses.dataclass(kw_only=True, eq=False)
class OverlapMetric(keras.metrics.Metric):
    """Base of the streaming metrics: subclass it with one method, `fraction`, for a metric of your own.

    Predictions are thresholded before they are counted: with one channel, or `multilabel=True`, a pixel is
    foreground if its probability is at least `threshold`; with more channels it belongs to the class of the
    largest. `y_true` and `y_pred` have the shapes that the losses take. Any split of the same data into
    batches gives the same result.

    With several classes an image's score is the mean over its classes. `sample_weight` is per image,
    `(batch,)`, and weighs its score or, pooled, its counts; or per pixel, and weighs that pixel's count.

    Empty masks, for each image and class, or for each class of the whole data where counts are pooled: if
    truth and prediction are both empty the score is `empty`. If the truth alone is empty, Dice, IoU,
    sensitivity and precision are 0. `empty="skip"` leaves out images with an empty truth, from pooled counts
    too. If nothing is left, or before any data, the result is 0, as in Keras's own metrics.

    Args:
        threshold: Minimum probability of the foreground, in [0, 1], with `from_logits=True` too.
        average: `"image"` is the mean of the images' scores; `"pooled"` counts all pixels of all images and
            scores once, so that large objects dominate.
        empty: Score of an empty prediction of an empty truth, a finite number; or `"skip"`.
        from_logits: Whether `y_pred` lacks its activation.
        multilabel: Whether channels are independent masks instead of exclusive classes.
        include_background: Whether channel 0 of exclusive classes is scored. Not by default: its score is
            near 1 whatever the model does. One channel and multilabel have no background.
        ignore_class: Pixels of this label are left out, as 255 for "void".
        class_id: Score this channel alone, which may be the background; None is the mean over the classes.
            `per_class` gives one metric per class.
        dtype: `"float64"` counts in float64, everything else in float32. Pooled counts keep what rounding loses.
        name: The metric's name in logs.

    Raises:
        TypeError: If an option is of another type.
        ValueError: If an option is out of its range, or the tensors do not fit each other or the options.
    """

    threshold: float = 0.5
    average: Average = "image"
    empty: Empty = 1.0
    from_logits: bool = False
    multilabel: bool = False
    include_background: bool = False
    ignore_class: int | None = None
    class_id: int | None = None
    dtype: Any = None
    name: str = "overlap"

    def __post_init__(self) -> None:
        self.dtype = compute_dtype(self.dtype)
        super().__init__(name=self.name, dtype=self.dtype)
        self._check_options()
        self.classes: int | None = None
        if self.average == "image":
            self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
            self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def _check_options(self) -> None:
        self.threshold = number("threshold", self.threshold, "[0, 1]")
        choice("average", self.average, get_args(Average))
        if isinstance(self.empty, str):
            choice("empty", self.empty, ("skip",), also="or a finite number")
        else:
            self.empty = number("empty", self.empty, cure='Pass a finite score, or "skip".')
        for option in ("from_logits", "multilabel", "include_background"):
            setattr(self, option, flag(option, getattr(self, option)))
        if self.ignore_class is not None:
            self.ignore_class = integer("ignore_class", self.ignore_class)
        if self.class_id is not None:
            self.class_id = integer("class_id", self.class_id, "[0, inf)")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Count a batch.

        Args:
            y_true: Masks or one-hot classes of `y_pred`'s shape, or integer labels.
            y_pred: Shape `(batch, ..., channels)`.
            sample_weight: Per image or per pixel, or None.
        """
        with collected() as failures:
            y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
            y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
            check_shapes(y_true, y_pred)
            check_prediction(y_pred, from_logits=self.from_logits, multilabel=self.multilabel)
            self._build(y_pred.shape[-1])
            pixel_weight, image_weight = split_sample_weight(sample_weight, y_pred)
            counts = self._count(y_true, y_pred, pixel_weight)
        if image_weight is None:
            image_weight = ops.ones_like(counts.tp[:, 0])
        # Of refused values in a compiled step, which `result` then gives as NaN.
        image_weight = failures.nan_where(image_weight)
        if self.average == "image":
            scores, scored = self._mean_of_classes(counts)
            self.total.assign_add(ops.sum(image_weight * scored * scores))
            self.count.assign_add(ops.sum(image_weight * scored))
        else:
            weight = ops.expand_dims(image_weight, -1) * self._kept(counts)
            self._add(ops.stack([ops.sum(weight * count, axis=0) for count in counts]))

    def result(self) -> Tensor:
        """Return the metric over all batches since the last reset, a scalar; NaN if compiled steps got wrong values."""
        if self.average == "image":
            count = ops.convert_to_tensor(self.count)  # JAX's functions take no variables
            return self.total / ops.where(ops.equal(count, 0), ops.ones_like(count), count)
        if self.classes is None:
            return ops.zeros((), dtype=self.dtype)
        counts = ops.convert_to_tensor(self.counts) + self.lost
        scores, scored = self._mean_of_classes(Confusion(*(counts[row : row + 1] for row in range(4))))
        total = ops.sum(counts)
        result = (scores * scored)[0] * ops.cast(total > 0, self.dtype)
        return ops.where(ops.isnan(total), total, result)

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return the metric's numerator, its denominator, and its value where the denominator is 0."""
        raise NotImplementedError(
            f"Expected a metric with the method fraction(counts). Received {type(self).__name__}. Write it, or use "
            "DiceScore or another metric of resunet_kit.metrics."
        )

    def _build(self, channels: int) -> None:
        """Create the pooled counts, whose number of classes the first batch tells."""
        if self.classes not in (None, channels):
            raise ValueError(
                f"Expected y_pred of {self.classes} channels, as {self.name} has counted so far. Received {channels}. "
                "Use one metric per output, or a new one."
            )
        if self.class_id is not None:
            integer("class_id", self.class_id, f"[0, {channels - 1}]", cure="Pass the index of a channel of y_pred.")
        if self.classes is None and self.average == "pooled":
            self.counts = self.add_variable((4, channels), "zeros", dtype=self.dtype, name="counts")
            self.lost = self.add_variable((4, channels), "zeros", dtype=self.dtype, name="lost")
        self.classes = channels

    def _add(self, counts: Tensor) -> None:
        """Add to the pooled counts by compensated summation, so that any batching gives the same result.

        Beyond 2²⁴ float32 has no odd numbers, and a small batch would be lost whole.
        """
        before = ops.convert_to_tensor(self.counts)
        after = before + counts
        added = after - before
        self.lost.assign_add((before - (after - added)) + (counts - added))
        self.counts.assign_add(counts)

    def _count(self, y_true: Tensor, y_pred: Tensor, pixel_weight: Tensor) -> Confusion:
        channels = y_pred.shape[-1]
        truth, kept = encode_truth(y_true, channels, len(y_pred.shape), self.ignore_class)
        weights = combine_weights(kept, pixel_weight)
        counts = overlap(truth, self._binarize(y_pred), weights)
        return Confusion(*counts, true_negatives(counts, truth, weights))

    def _binarize(self, y_pred: Tensor) -> Tensor:
        """Return 1 where a pixel belongs to a channel's class, else 0."""
        probabilities = to_probabilities(y_pred, from_logits=self.from_logits, multilabel=self.multilabel)
        channels = y_pred.shape[-1]
        if channels == 1 or self.multilabel:
            return ops.cast(probabilities >= self.threshold, self.dtype)
        return ops.one_hot(ops.argmax(probabilities, axis=-1), channels, dtype=self.dtype)

    def _kept(self, counts: Confusion) -> Tensor:
        """Return 0 for the images and classes that `empty="skip"` leaves out, else 1."""
        if self.empty != "skip":
            return ops.ones_like(counts.tp)
        return ops.cast(counts.tp + counts.fn > 0, self.dtype)

    def _mean_of_classes(self, counts: Confusion) -> tuple[Tensor, Tensor]:
        """Return each row's mean score, and 1 for rows with a class to score, else 0."""
        classes = counts.tp.shape[-1]
        if self.class_id is not None:
            class_weights = np.arange(classes) == self.class_id
        else:
            class_weights = normalized_class_weights(
                classes,
                multilabel=self.multilabel,
                include_background=self.include_background,
                ignore_class=self.ignore_class,
            )
        weights = ops.convert_to_tensor(class_weights, dtype=self.dtype) * self._kept(counts)
        total = ops.sum(weights, axis=-1)
        scores = ops.sum(self._scores(counts) * weights, axis=-1) / ops.maximum(total, TINY)
        return scores, ops.cast(total > 0, self.dtype)

    def _scores(self, counts: Confusion) -> Tensor:
        numerator, denominator, undefined = self.fraction(counts)
        defined = denominator > 0
        scores = numerator / ops.where(defined, denominator, ops.ones_like(denominator))
        scores = ops.where(defined, scores, undefined)
        if self.empty == "skip":
            return scores
        return ops.where(counts.tp + counts.fp + counts.fn > 0, scores, self.empty)

    def get_config(self) -> dict[str, Any]:
        """Return every option by name: the dataclass's fields, so none can be forgotten."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
