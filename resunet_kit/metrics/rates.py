"""The streaming metrics of rates: sensitivity, specificity and precision."""

import dataclasses
from typing import ClassVar

import keras

from resunet_kit._shared.overlap import Tensor
from resunet_kit.metrics.streaming import Confusion, Direction, OverlapMetric


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Sensitivity(OverlapMetric):
    """Sensitivity, recall, true positive rate: `TP / (TP + FN)` of thresholded masks.

    Truth and prediction both empty score `empty`; the truth alone empty scores 0, as for Dice, or is left out by
    `empty="skip"`.

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
        >>> from resunet_kit.metrics import Sensitivity
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> metric = Sensitivity()
        >>> metric.update_state(truth, np.ones((1, 8, 8, 1)))
        >>> float(metric.result())
        1.0
    """

    direction: ClassVar[Direction | None] = "up"
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
    without background scores 1: it admits no false positive.

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
        >>> from resunet_kit.metrics import Specificity
        >>> truth = np.zeros((1, 8, 8, 1))
        >>> prediction = np.zeros((1, 8, 8, 1)); prediction[:, :2] = 1
        >>> metric = Specificity()
        >>> metric.update_state(truth, prediction)
        >>> float(metric.result())
        0.75
    """

    direction: ClassVar[Direction | None] = "up"
    name: str = "specificity"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `TN`, `TN + FP` and 1."""
        return counts.tn, counts.tn + counts.fp, 1.0


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Precision(OverlapMetric):
    """Precision, positive predictive value: `TP / (TP + FP)` of thresholded masks.

    Truth and prediction both empty score `empty`; either alone empty scores 0; an empty truth is left out by
    `empty="skip"`.

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
        >>> from resunet_kit.metrics import Precision
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> metric = Precision()
        >>> metric.update_state(truth, np.ones((1, 8, 8, 1)))
        >>> float(metric.result())
        0.5
    """

    direction: ClassVar[Direction | None] = "up"
    name: str = "precision"

    def fraction(self, counts: Confusion) -> tuple[Tensor, Tensor, float]:
        """Return `TP`, `TP + FP` and 0."""
        return counts.tp, counts.tp + counts.fp, 0.0
