"""Streaming metrics of overlap: Dice and IoU; and copies of any streaming metric per class."""

import dataclasses
from typing import ClassVar

import keras

from resunet_kit._shared.numbers import integer
from resunet_kit._shared.overlap import Tensor
from resunet_kit.metrics.streaming import Confusion, Direction, OverlapMetric


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class DiceScore(OverlapMetric):
    """Dice score (F1 of pixels) of thresholded masks: `2TP / (2TP + FP + FN)`.

    If truth and prediction are both empty, the score is `empty`; if only the truth is, it is 0, unless `empty="skip"`
    leaves it out.

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
        >>> import numpy as np
        >>> from resunet_kit.metrics import DiceScore
        >>> truth = np.zeros((2, 8, 8, 1)); truth[0, :4] = 1  # the second image is empty
        >>> metric = DiceScore()
        >>> metric.update_state(truth, 0.9 * truth)
        >>> float(metric.result())
        1.0

    References:
        Dice 1945, Measures of the amount of ecologic association between species, Ecology 26(3).
    """

    direction: ClassVar[Direction | None] = "up"
    name: str = "dice_score"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `2TP`, `2TP + FP + FN` and 0."""
        return 2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn, 0.0


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class IoU(OverlapMetric):
    """Intersection over union (Jaccard index) of thresholded masks: `TP / (TP + FP + FN)`.

    The metric thresholds the probabilities itself, so a perfect mask given with probabilities of 0.9 scores 1.

    If truth and prediction are both empty, the score is `empty`; if only the truth is, it is 0, unless `empty="skip"`
    leaves it out.

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
        >>> import numpy as np
        >>> from resunet_kit.metrics import IoU
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> prediction = np.zeros((1, 8, 8, 1)); prediction[:, :2] = 0.9
        >>> metric = IoU()
        >>> metric.update_state(truth, prediction)
        >>> float(metric.result())
        0.5

    References:
        Jaccard 1912, The distribution of the flora in the alpine zone, New Phytologist 11(2).
    """

    direction: ClassVar[Direction | None] = "up"
    name: str = "iou"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `TP`, `TP + FP + FN` and 0."""
        return counts.tp, counts.tp + counts.fp + counts.fn, 0.0


def per_class(metric: OverlapMetric, num_classes: int) -> list[OverlapMetric]:
    """Return a copy of `metric` for each class, named by its index: `dice_score_0`, `dice_score_1`, ...

    Args:
        metric: A streaming metric of this package, such as `DiceScore()`.
        num_classes: Number of channels of the prediction, at least 1.

    Raises:
        TypeError: If `metric` is not a streaming metric of this package, or `num_classes` not an integer.
        ValueError: If `num_classes` is below 1.

    Example:
        >>> from resunet_kit.metrics import DiceScore, per_class
        >>> [metric.name for metric in [DiceScore(), *per_class(DiceScore(average="pooled"), 2)]]
        ['dice_score', 'dice_score_0', 'dice_score_1']
    """
    if not isinstance(metric, OverlapMetric):
        raise TypeError(
            f"Expected metric to be a streaming metric such as DiceScore(). Received metric={metric!r}. Pass one of "
            "resunet_kit.metrics."
        )
    classes = range(integer("num_classes", num_classes, "[1, inf)"))
    return [dataclasses.replace(metric, class_id=index, name=f"{metric.name}_{index}") for index in classes]
