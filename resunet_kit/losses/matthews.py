"""Matthews correlation: the overlap loss that counts true negatives too."""

import dataclasses
from typing import Any

import keras
from keras import ops

from resunet_kit._shared.overlap import TINY, Tensor, overlap, true_negatives
from resunet_kit.losses.base import SegmentationLoss


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class MatthewsCorrelation(SegmentationLoss):
    """Matthews correlation loss: `1 − MCC` of each image and class, then the mean; from 0 to 2.

    `MCC = (TP·TN − FP·FN) / √((TP + FP)·(TP + FN)·(TN + FP)·(TN + FN))`, from soft counts, with `s` pixels
    added to TP and to TN. It treats foreground and background alike: exchanging them changes nothing.

    A perfect prediction gives 0, of an empty and of a full mask too, where the plain coefficient is 0/0.
    `empty="score"` scores an image without truth by the formula, `1 − √(s·(n − FP + s) / ((FP + s)·(n + s)))`
    for `n` pixels. `empty="skip"` gives it no weight in the mean; if nothing is left the loss is 0 with a
    gradient of 0.

    Args:
        smooth: `s`, in pixels, above 0; see `Tversky` for the reason of 1.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`,
    `class_weights`, `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`.

    Raises:
        ValueError: If `smooth` is not above 0 or another option is unknown.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import MatthewsCorrelation
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> loss = MatthewsCorrelation(smooth=1e-6)
        >>> [round(float(loss(truth, prediction)), 4) for prediction in (truth, 0 * truth + 0.5, 1 - truth)]
        [0.0, 1.0, 2.0]

    References:
        Abhishek and Hamarneh 2021, Matthews correlation coefficient loss for deep convolutional networks:
        application to skin lesion segmentation, arXiv 2010.13454.
    """

    smooth: float = 1.0
    name: str = "matthews_correlation"

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        self.check_number("smooth", positive=True)
        if self.smooth < TINY:
            raise ValueError(
                f"Expected smooth of {TINY} at least: its fourth power is 0 below. Received {self.smooth}."
            )

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Matthews correlation loss of each image and class, shape `(images, classes)`."""
        counts = overlap(truth, prediction, weights)
        tp, fp, fn = counts.tp + self.smooth, counts.fp, counts.fn
        tn = true_negatives(counts, truth, weights) + self.smooth
        # Two roots of two counts each: the product of four leaves float32 on volumes.
        foreground = ops.sqrt((tp + fp) * (tp + fn))
        background = ops.sqrt((tn + fp) * (tn + fn))
        return 1 - (tp / foreground) * (tn / background) + (fp / foreground) * (fn / background)


@keras.saving.register_keras_serializable(package="resunet_kit")
def matthews_correlation(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the Matthews correlation loss of each image: the function behind `MatthewsCorrelation`.

    Args:
        y_true: Masks, one-hot classes or integer labels, as `SegmentationLoss` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `MatthewsCorrelation`.

    Returns:
        Shape `(batch,)`, float32, as `tversky`.

    Raises:
        ValueError: As `MatthewsCorrelation`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import matthews_correlation
        >>> mask = np.zeros((2, 8, 8, 1)); mask[0] = 1
        >>> np.asarray(matthews_correlation(mask, mask)).tolist()
        [0.0, 0.0]
    """
    return MatthewsCorrelation(reduction=None, **options)(y_true, y_pred, sample_weight)
