"""The streaming overlap metrics: Dice, IoU, sensitivity, specificity and precision, and each of them per class."""

import dataclasses

import keras

from resunet_kit._shared.numbers import integer
from resunet_kit._shared.overlap import Tensor
from resunet_kit.metrics.streaming import Confusion, OverlapMetric


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class DiceScore(OverlapMetric):
    """Dice score, the F1 of pixels: `2TP / (2TP + FP + FN)` of thresholded masks.

    Truth and prediction both empty score `empty`; the truth alone empty scores 0; `empty="skip"` leaves out
    images with an empty truth. The arguments are those of `OverlapMetric`.

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

    name: str = "dice_score"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `2TP`, `2TP + FP + FN` and 0."""
        return 2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn, 0.0


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class IoU(OverlapMetric):
    """Intersection over union, the Jaccard index: `TP / (TP + FP + FN)` of thresholded masks.

    The metric thresholds the probabilities itself, so a perfect mask given with probabilities of 0.9 scores 1.

    Truth and prediction both empty score `empty`; the truth alone empty scores 0; `empty="skip"` leaves out
    images with an empty truth. The arguments are those of `OverlapMetric`.

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

    name: str = "iou"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `TP`, `TP + FP + FN` and 0."""
        return counts.tp, counts.tp + counts.fp + counts.fn, 0.0


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Sensitivity(OverlapMetric):
    """Sensitivity, recall, true positive rate: `TP / (TP + FN)` of thresholded masks.

    Truth and prediction both empty score `empty`; the truth alone empty scores 0, as for Dice;
    `empty="skip"` leaves out images with an empty truth. The arguments are those of `OverlapMetric`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.metrics import Sensitivity
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> metric = Sensitivity()
        >>> metric.update_state(truth, np.ones((1, 8, 8, 1)))
        >>> float(metric.result())
        1.0
    """

    name: str = "sensitivity"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `TP`, `TP + FN` and 0."""
        return counts.tp, counts.tp + counts.fn, 0.0


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Specificity(OverlapMetric):
    """Specificity, true negative rate: `TN / (TN + FP)` of thresholded masks.

    Truth and prediction both empty score `empty`. The truth alone empty scores by the formula: specificity
    measures false positives on healthy images, so think twice before `empty="skip"` leaves them out. A truth
    without background scores 1: it admits no false positive. The arguments are those of `OverlapMetric`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.metrics import Specificity
        >>> truth = np.zeros((1, 8, 8, 1))
        >>> prediction = np.zeros((1, 8, 8, 1)); prediction[:, :2] = 1
        >>> metric = Specificity()
        >>> metric.update_state(truth, prediction)
        >>> float(metric.result())
        0.75
    """

    name: str = "specificity"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `TN`, `TN + FP` and 1."""
        return counts.tn, counts.tn + counts.fp, 1.0


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Precision(OverlapMetric):
    """Precision, positive predictive value: `TP / (TP + FP)` of thresholded masks.

    Truth and prediction both empty score `empty`; either alone empty scores 0; `empty="skip"` leaves out
    images with an empty truth. The arguments are those of `OverlapMetric`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.metrics import Precision
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> metric = Precision()
        >>> metric.update_state(truth, np.ones((1, 8, 8, 1)))
        >>> float(metric.result())
        0.5
    """

    name: str = "precision"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `TP`, `TP + FP` and 0."""
        return counts.tp, counts.tp + counts.fp, 0.0


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
