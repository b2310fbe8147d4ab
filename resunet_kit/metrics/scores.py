"""The streaming metrics of overlap: Dice and IoU; and each streaming metric per class."""

import dataclasses
from typing import ClassVar

import keras

from resunet_kit._shared.numbers import integer
from resunet_kit._shared.overlap import Tensor
from resunet_kit.metrics.streaming import Confusion, Direction, OverlapMetric


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class DiceScore(OverlapMetric):
    """Dice score, the F1 of pixels: `2TP / (2TP + FP + FN)` of thresholded masks.

    Truth and prediction both empty score `empty`; the truth alone empty scores 0, or is left out by `empty="skip"`.

    Args:
        threshold: Minimum probability of the foreground, in [0, 1], with `from_logits=True` too. Of several exclusive
            classes a pixel belongs to the most probable one instead.
        average: Over images: `"image"` is the mean of the images' scores; `"pooled"` counts all pixels of all images
            and scores once, so that large objects dominate.
        class_average: Over classes, of an image or of the pooled counts: `"macro"` is the mean of the classes' scores;
            `"micro"` scores the sums of their counts; `"weighted"` weighs each class by the pixels of its truth, and is
            that of `"micro"` where there are none.
        empty: Score of a class that truth and prediction both lack, a finite number; or `"skip_both"` to leave it out,
            or `"skip"` to leave out each class that the truth lacks, its false positives too, of images and of pooled
            counts.
        soft_labels: What to do with fractions in the truth: `"refuse"` them; `"threshold"` them, so that a pixel is
            foreground from 0.5, or of exclusive classes that of the largest; or `"count"` them as parts of pixels, of
            which no prediction scores 1.
        from_logits: Whether `y_pred` lacks its activation.
        multilabel: Whether channels are independent masks instead of exclusive classes.
        include_background: Whether channel 0 of exclusive classes is scored. Not by default: its score is near 1
            whatever the model does. One channel and multilabel have no background.
        ignore_class: Pixels of this label are left out, as 255 for "void". A class of the prediction is left out of
            the average too. None: all pixels count.
        class_id: Score this channel alone, which may be the background; None is the average over the classes.
            `per_class` gives one metric per class.
        dtype: `"float64"` counts in float64, everything else in float32. Pooled counts keep what rounding loses.
        name: The metric's name in logs.

    Raises:
        TypeError: If an option is unknown or of another type.
        ValueError: If an option is out of its range, or the tensors do not fit each other or the options.

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
    """Intersection over union, the Jaccard index: `TP / (TP + FP + FN)` of thresholded masks.

    The metric thresholds the probabilities itself, so a perfect mask given with probabilities of 0.9 scores 1.

    Truth and prediction both empty score `empty`; the truth alone empty scores 0, or is left out by `empty="skip"`.

    Args:
        threshold: Minimum probability of the foreground, in [0, 1], with `from_logits=True` too. Of several exclusive
            classes a pixel belongs to the most probable one instead.
        average: Over images: `"image"` is the mean of the images' scores; `"pooled"` counts all pixels of all images
            and scores once, so that large objects dominate.
        class_average: Over classes, of an image or of the pooled counts: `"macro"` is the mean of the classes' scores;
            `"micro"` scores the sums of their counts; `"weighted"` weighs each class by the pixels of its truth, and is
            that of `"micro"` where there are none.
        empty: Score of a class that truth and prediction both lack, a finite number; or `"skip_both"` to leave it out,
            or `"skip"` to leave out each class that the truth lacks, its false positives too, of images and of pooled
            counts.
        soft_labels: What to do with fractions in the truth: `"refuse"` them; `"threshold"` them, so that a pixel is
            foreground from 0.5, or of exclusive classes that of the largest; or `"count"` them as parts of pixels, of
            which no prediction scores 1.
        from_logits: Whether `y_pred` lacks its activation.
        multilabel: Whether channels are independent masks instead of exclusive classes.
        include_background: Whether channel 0 of exclusive classes is scored. Not by default: its score is near 1
            whatever the model does. One channel and multilabel have no background.
        ignore_class: Pixels of this label are left out, as 255 for "void". A class of the prediction is left out of
            the average too. None: all pixels count.
        class_id: Score this channel alone, which may be the background; None is the average over the classes.
            `per_class` gives one metric per class.
        dtype: `"float64"` counts in float64, everything else in float32. Pooled counts keep what rounding loses.
        name: The metric's name in logs.

    Raises:
        TypeError: If an option is unknown or of another type.
        ValueError: If an option is out of its range, or the tensors do not fit each other or the options.

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
        metric: A streaming metric of this package, as `DiceScore()`.
        num_classes: The number of the prediction's channels, at least 1.

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
