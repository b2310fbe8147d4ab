"""Streaming metrics of rates: sensitivity, specificity and precision."""

import dataclasses
from typing import ClassVar

import keras

from resunet_kit._shared.overlap import Tensor
from resunet_kit.metrics.streaming import Confusion, Direction, OverlapMetric


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Sensitivity(OverlapMetric):
    """Sensitivity (recall, true positive rate) of thresholded masks: `TP / (TP + FN)`.

    If truth and prediction are both empty, the score is `empty`; if only the truth is, it is 0, as for Dice, unless
    `empty="skip"` leaves it out.

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
    """Specificity (true negative rate) of thresholded masks: `TN / (TN + FP)`.

    If truth and prediction are both empty, the score is `empty`. If only the truth is, the formula applies: specificity
    measures false positives on healthy images, so think twice before leaving them out by `empty="skip"`. A truth
    without background scores 1, since it allows no false positives.

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
    """Precision (positive predictive value) of thresholded masks: `TP / (TP + FP)`.

    If truth and prediction are both empty, the score is `empty`; if only one is, it is 0. `empty="skip"` leaves out an
    empty truth.

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
