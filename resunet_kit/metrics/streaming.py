"""Base class of the streaming overlap metrics: thresholds, pixel counts, the empty-mask rule and averages."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from keras import ops

from resunet_kit._shared.numbers import choice, flag, integer, number
from resunet_kit._shared.overlap import Tensor, combine_weights, overlap, true_negatives
from resunet_kit._shared.renamed_options import Hint, NamedOptions
from resunet_kit._shared.truth import (
    check_prediction,
    check_shapes,
    compute_dtype,
    encode_truth,
    normalized_class_weights,
    split_sample_weight,
)
from resunet_kit._shared.value_checks import collected
from resunet_kit.metrics._binarization import SoftLabels, binarize_prediction, binarize_truth
from resunet_kit.metrics._compensation import add_compensated
from resunet_kit.metrics._hints import OVERLAP_OPTIONS
from resunet_kit.metrics._keras_metric import KerasMetric
from resunet_kit.metrics._option_fields import check_annotated, check_decorated
from resunet_kit.metrics._scoring import ClassAverage, Confusion, Empty, mean_scores, present

Average = Literal["image", "pooled"]
Direction = Literal["up", "down"]


@dataclasses.dataclass(kw_only=True, eq=False)
class OverlapMetric(NamedOptions, KerasMetric):
    """Base class of the streaming metrics: for a metric of your own, subclass it and write one method, `fraction`.

    Predictions are thresholded before they are counted. `y_pred` has shape `(batch, ..., channels)`; `y_true` has the
    same shape (0/1 masks or one-hot classes), or holds integer labels, with a last axis of length 1 or without one. The
    result does not depend on how the data is split into batches.

    `sample_weight` is either per image, `(batch,)`, and weights the image's score or, if pooled, its counts; or per
    pixel, and weights that pixel's count.

    Empty masks follow these rules, for each class of an image, or of all data where counts are pooled:

    - truth and prediction both empty: the score is `empty`; `"skip"` and `"skip_both"` leave the class out;
    - only the truth empty: Dice, IoU, sensitivity and precision are 0; `"skip"` leaves the class out.

    When pooling, `"skip"` leaves out an image's counts for each class that is absent from its truth, so that false
    positives there are lost; `"skip_both"` keeps the counts of all images. If nothing is left, or before any data, the
    result is 0, as in Keras's own metrics.

    The class attribute `direction` of a subclass says whether larger values (`"up"`) or smaller values (`"down"`) are
    better. `EarlyStopping`, `ModelCheckpoint` and `ReduceLROnPlateau` with `mode="auto"` follow it; with None, as here,
    they require a mode.

    Args:
        threshold: Minimum probability of the foreground, in [0, 1], also with `from_logits=True`. With several
            exclusive classes, a pixel is assigned to the most probable one instead.
        average: Average over images: `"image"` is the mean of the images' scores; `"pooled"` adds up the pixel counts
            of all images and scores them once, so that large objects dominate.
        class_average: Average over classes, per image or of the pooled counts: `"macro"` is the mean of the classes'
            scores; `"micro"` scores the sums of their counts; `"weighted"` weights each class by its number of true
            pixels, and equals `"micro"` where there are none.
        empty: Score of a class that is absent from both truth and prediction, a finite number; or `"skip_both"` to
            leave it out; or `"skip"` to leave out each class that is absent from the truth, with its false positives,
            both per image and from pooled counts.
        soft_labels: What to do with fractions in the truth: `"refuse"` them; `"threshold"` them, so that a pixel is
            foreground from 0.5 or, with exclusive classes, belongs to the one with the largest fraction; or `"count"`
            them as parts of pixels, in which case no prediction scores 1.
        from_logits: Whether `y_pred` holds logits rather than probabilities.
        multilabel: Whether channels are independent masks instead of exclusive classes.
        include_background: Whether channel 0 of exclusive classes is scored. Off by default, because its score is near
            1 whatever the model does. A single channel and multilabel channels have no background.
        ignore_class: Pixels with this label, such as 255 for "void", are left out. If it is a class of the prediction,
            the average leaves out that class too. None: all pixels count.
        class_id: Score only this channel, which may be the background; None averages over the classes. `per_class`
            makes one metric per class.
        dtype: `"float64"` counts in float64, any other dtype in float32. Rounding errors of pooled counts are
            compensated.
        name: The metric's name in logs.

    Raises:
        TypeError: If an option is unknown or of a wrong type.
        ValueError: If an option is out of range, or the tensors do not fit each other or the options.

    Example:
        >>> import dataclasses, numpy as np
        >>> from resunet_kit.metrics import OverlapMetric
        >>> @dataclasses.dataclass(kw_only=True, eq=False)
        ... class FalseNegativeRate(OverlapMetric):
        ...     direction = "down"
        ...     name: str = "false_negative_rate"
        ...     def fraction(self, counts):
        ...         return counts.fn, counts.tp + counts.fn, 0.0
        >>> metric = FalseNegativeRate()
        >>> metric.update_state(np.ones((1, 2, 2, 1)), [[[[1.0], [1.0]], [[1.0], [0.0]]]])
        >>> float(metric.result())
        0.25
    """

    other_names: ClassVar[Mapping[str, Hint]] = OVERLAP_OPTIONS
    direction: ClassVar[Direction | None] = None

    threshold: float = 0.5
    average: Average = "image"
    class_average: ClassAverage = "macro"
    empty: Empty = 1.0
    soft_labels: SoftLabels = "refuse"
    from_logits: bool = False
    multilabel: bool = False
    include_background: bool = False
    ignore_class: int | None = None
    class_id: int | None = None
    dtype: Any = None
    name: str = "overlap"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_annotated(cls)

    def __post_init__(self) -> None:
        check_decorated(type(self))
        self.dtype = compute_dtype(self.dtype)
        super().__init__(name=self.name, dtype=self.dtype)
        self._check_options()
        if self.direction is not None:
            self._direction = choice("direction", self.direction, get_args(Direction))  # what Keras's callbacks read
        self.classes: int | None = None
        if self.average == "image":
            self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
            self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def _check_options(self) -> None:
        self.threshold = number("threshold", self.threshold, "[0, 1]")
        _check_average(self.average)
        choice("class_average", self.class_average, get_args(ClassAverage))
        choice("soft_labels", self.soft_labels, get_args(SoftLabels))
        if isinstance(self.empty, str):
            choice("empty", self.empty, ("skip", "skip_both"), also="or a finite number")
        else:
            self.empty = number("empty", self.empty, cure='Pass a finite score, "skip" or "skip_both".')
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
        # NaN for refused values in a compiled step, so that `result` is NaN too.
        image_weight = failures.nan_where(image_weight)
        if self.average == "image":
            scores, scored = self._mean_of_classes(counts)
            self.total.assign_add(ops.sum(image_weight * scored * scores))
            self.count.assign_add(ops.sum(image_weight * scored))
        else:
            weight = ops.expand_dims(image_weight, -1) * self._left_in(counts)
            added = ops.stack([ops.sum(weight * count, axis=0) for count in counts])
            add_compensated(self.counts, self.lost, added)

    def result(self) -> Tensor:
        """Return the metric over all batches since the last reset, a scalar; NaN if compiled steps got wrong values."""
        if self.average == "image":
            count = ops.convert_to_tensor(self.count)  # JAX's functions do not accept variables
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
        """Create the pooled counts once the first batch shows the number of classes."""
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

    def _count(self, y_true: Tensor, y_pred: Tensor, pixel_weight: Tensor) -> Confusion:
        channels = y_pred.shape[-1]
        rank = len(y_pred.shape)
        y_true = binarize_truth(y_true, channels, rank, soft_labels=self.soft_labels, multilabel=self.multilabel)
        truth, kept = encode_truth(y_true, channels, rank, self.ignore_class)
        weights = combine_weights(kept, pixel_weight)
        prediction = binarize_prediction(
            y_pred, threshold=self.threshold, from_logits=self.from_logits, multilabel=self.multilabel
        )
        counts = overlap(truth, prediction, weights)
        return Confusion(*counts, true_negatives(counts, truth, weights))

    def _left_in(self, counts: Confusion) -> Tensor:
        """Return 0 for the images and classes whose pooled counts `empty="skip"` leaves out, else 1."""
        return present(counts, self.empty if self.empty == "skip" else 0.0)

    def _mean_of_classes(self, counts: Confusion) -> tuple[Tensor, Tensor]:
        """Return each row's score over its classes, and 1 for rows with a class to score, else 0."""
        classes = counts.tp.shape[-1]
        if self.class_id is not None:
            included = np.arange(classes) == self.class_id
        else:
            class_weights = normalized_class_weights(
                classes,
                multilabel=self.multilabel,
                include_background=self.include_background,
                ignore_class=self.ignore_class,
            )
            included = class_weights > 0
        return mean_scores(self.fraction, counts, included, empty=self.empty, class_average=self.class_average)

    def get_config(self) -> dict[str, Any]:
        """Return every option by name: the dataclass's fields, so none can be forgotten."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def _check_average(average: object) -> None:
    if average is None or average in ("none", *get_args(ClassAverage)):  # what other libraries accept, for the classes
        cure = f"class_average={average!r}" if average in get_args(ClassAverage) else "per_class(metric, num_classes)"
        error = TypeError if average is None else ValueError
        raise error(
            f"Expected average to be one of 'image', 'pooled', over the images. Received average={average!r}. For the "
            f"average over the classes pass {cure}."
        )
    choice("average", average, get_args(Average))
