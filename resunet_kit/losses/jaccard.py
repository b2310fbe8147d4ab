"""Jaccard: intersection over union as a loss."""

import dataclasses
from typing import Any

import keras

from resunet_kit._shared.overlap import Tensor, overlap, tversky_loss
from resunet_kit.losses.base import SegmentationLoss


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Jaccard(SegmentationLoss):
    """Jaccard loss, of the intersection over the union: Tversky with 1 for both weights.

    `1 − (TP + s) / (TP + FP + FN + s)` for each image and class, then the mean.

    A perfect prediction gives 0, of an empty mask too. `empty="score"` scores an image without truth by the
    formula: `FP / (FP + s)`. `empty="skip"` gives it no weight in the mean; if nothing is left the loss is 0
    with a gradient of 0.

    Args:
        smooth: `s`, in pixels, 0 or more; see `Tversky` for the reason of 1.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`,
    `class_weights`, `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`.

    Raises:
        ValueError: If `smooth` is negative or another option is unknown.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Jaccard
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> prediction = np.zeros((1, 8, 8, 1)); prediction[:, :2] = 1
        >>> round(float(Jaccard()(truth, prediction)), 4)  # 16 of 32 pixels, with one for smoothing
        0.4848

    References:
        Rahman and Wang 2016, Optimizing intersection-over-union in deep neural networks for image
        segmentation, ISVC, doi 10.1007/978-3-319-50835-1_22.
    """

    smooth: float = 1.0
    name: str = "jaccard"

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        self.check_number("smooth")

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Jaccard loss of each image and class, shape `(images, classes)`."""
        counts = overlap(truth, prediction, weights)
        return tversky_loss(counts, fp_weight=1, fn_weight=1, smooth=self.smooth)


@keras.saving.register_keras_serializable(package="resunet_kit")
def jaccard(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the Jaccard loss of each image: the function behind `Jaccard`.

    Args:
        y_true: Masks, one-hot classes or integer labels, as `SegmentationLoss` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `Jaccard`.

    Returns:
        Shape `(batch,)`, float32, as `tversky`.

    Raises:
        ValueError: As `Jaccard`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import jaccard
        >>> mask = np.ones((2, 8, 8, 1))
        >>> np.asarray(jaccard(mask, mask)).tolist()
        [0.0, 0.0]
    """
    return Jaccard(reduction=None, **options)(y_true, y_pred, sample_weight)
