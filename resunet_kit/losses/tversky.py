"""Tversky and the losses that are Tversky with other weights."""

import dataclasses
from typing import Any

import keras
from keras import ops

from resunet_kit._shared.overlap import Tensor, error_fraction, overlap, squared_errors, tversky_loss
from resunet_kit.losses.base import SegmentationLoss

# Below this loss the focal power runs along its chord: x ** 0.75 is infinitely steep at 0.
CHORD_END = 1e-6


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Tversky(SegmentationLoss):
    """Tversky loss: overlap in which false positives and misses have weights of their own.

    `1 − (TP + s) / (TP + fp_weight·FP + fn_weight·FN + s)` for each image and class, then the mean.

    A perfect prediction gives 0, of an empty mask too. `empty="score"` scores an image without truth by the
    formula: `fp_weight·FP / (fp_weight·FP + s)`. `empty="skip"` gives it no weight in the mean; if nothing is
    left the loss is 0 with a gradient of 0.

    Args:
        fp_weight: Weight of false positives, 0 or more. The default is the best of the paper's table.
        fn_weight: Weight of misses, 0 or more; above `fp_weight` it asks for sensitivity.
        smooth: `s`, in pixels. On an image without truth the loss falls below one half only when the false
            positives sum to less than `s / fp_weight` pixels, and the gradient shrinks with `s / FP²`. So 1:
            with 1e-6, as elsewhere, a healthy slice with tiny probabilities everywhere stays near 1 and
            hardly learns.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`,
    `class_weights`, `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`.

    Raises:
        ValueError: If a weight or `smooth` is negative, both weights are 0, or another option is unknown.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Tversky
        >>> truth = np.zeros((1, 8, 8, 1)); truth[:, :4] = 1
        >>> prediction = np.zeros((1, 8, 8, 1)); prediction[:, :2] = 1
        >>> round(float(Tversky(fn_weight=0.7)(truth, prediction)), 4)  # 16 hits, 16 misses
        0.3972

    References:
        Salehi et al. 2017, Tversky loss function for image segmentation using 3D fully convolutional deep
        networks, arXiv 1706.05721.
    """

    fp_weight: float = 0.3
    fn_weight: float = 0.7
    smooth: float = 1.0
    name: str = "tversky"

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        for option in ("fp_weight", "fn_weight", "smooth"):
            self.check_number(option)
        if self.fp_weight == self.fn_weight == 0:
            raise ValueError("Expected fp_weight or fn_weight above 0. Received 0 for both: the loss is always 0.")

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Tversky loss of each image and class, shape `(images, classes)`."""
        counts = overlap(truth, prediction, weights)
        return tversky_loss(counts, fp_weight=self.fp_weight, fn_weight=self.fn_weight, smooth=self.smooth)


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class FocalTversky(Tversky):
    """Focal Tversky loss: `(1 − T)^exponent` of the Tversky index `T` of each image and class.

    An exponent below 1 steepens the loss where the overlap is already good. At `T = 1` the power's slope
    would be infinite; for `1 − T` below 1e-6 the loss follows the chord from 0, so the slope stays finite,
    the value at 0 is 0 and the values above are exact.

    Empty masks are treated as in `Tversky`.

    Args:
        exponent: Above 0. The paper writes it `1 / γ` with its best γ = 4/3; other codes call the exponent
            itself gamma.

    The other arguments are those of `Tversky` and `SegmentationLoss`.

    Raises:
        ValueError: If `exponent` is not above 0, or as in `Tversky`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import FocalTversky, Tversky
        >>> truth, prediction = np.ones((1, 8, 8, 1)), np.full((1, 8, 8, 1), 0.5)
        >>> loss = float(Tversky()(truth, prediction))
        >>> abs(float(FocalTversky()(truth, prediction)) - loss**0.75) < 1e-6
        True

    References:
        Abraham and Khan 2018, A novel focal Tversky loss function with improved attention U-Net for lesion
        segmentation, arXiv 1810.07842.
    """

    exponent: float = 0.75
    name: str = "focal_tversky"

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        self.check_number("exponent", positive=True)

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the focal Tversky loss of each image and class, shape `(images, classes)`."""
        loss = super().class_losses(truth, prediction, weights)
        # One expression for power and chord: selecting between them would multiply 0 by an infinite slope.
        return loss * ops.maximum(loss, CHORD_END) ** (self.exponent - 1)


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class Dice(SegmentationLoss):
    """Dice loss: Tversky with one half for both weights.

    `1 − (2TP + s) / (2TP + FP + FN + s)` for each image and class, then the mean. With `squared`, false
    positives count `p²` and misses `(1 − p)²`, which for 0/1 truth makes the denominator `Σt² + Σp² + s`.

    A perfect prediction gives 0, of an empty mask too. `empty="score"` scores an image without truth by the
    formula: `FP / (FP + s)`. `empty="skip"` gives it no weight in the mean; if nothing is left the loss is 0
    with a gradient of 0.

    Args:
        squared: Square the probabilities in the denominator, the V-Net form; small probabilities on the
            background then weigh little.
        smooth: `s`, in pixels, 0 or more; see `Tversky` for the reason of 1.

    The other arguments are those of `SegmentationLoss`: `from_logits`, `multilabel`, `reduce`,
    `class_weights`, `include_background`, `ignore_class`, `empty`, `reduction`, `dtype` and `name`.

    Raises:
        ValueError: If `smooth` is negative or another option is unknown.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Dice
        >>> truth, prediction = np.ones((1, 8, 8, 1)), np.full((1, 8, 8, 1), 0.5)
        >>> round(float(Dice()(truth, prediction)), 4)
        0.3299
        >>> float(Dice()(truth, truth)), float(Dice()(0 * truth, 0 * truth))
        (0.0, 0.0)

    References:
        Milletari et al. 2016, V-Net: fully convolutional neural networks for volumetric medical image
        segmentation, arXiv 1606.04797.
    """

    squared: bool = False
    smooth: float = 1.0
    name: str = "dice"

    def check_options(self) -> None:
        """Raise a `ValueError` for an option out of its range."""
        super().check_options()
        self.check_number("smooth")

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the Dice loss of each image and class, shape `(images, classes)`."""
        if self.squared:
            tp, errors = squared_errors(truth, prediction, weights)
        else:
            tp, fp, fn = overlap(truth, prediction, weights)
            errors = fp + fn
        # Dice's fraction halved above and below is Tversky's, its smoothing halved with it.
        return error_fraction(tp, errors / 2, self.smooth / 2)


@keras.saving.register_keras_serializable(package="resunet_kit")
def tversky(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the Tversky loss of each image: the function behind `Tversky`.

    Args:
        y_true: Masks, one-hot classes or integer labels, as `SegmentationLoss` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `Tversky`.

    Returns:
        Shape `(batch,)`, float32. With `reduce="batch"` each entry is the batch's value; with
        `empty="skip"` a skipped image's entry is 0.

    Raises:
        ValueError: As `Tversky`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import tversky
        >>> mask = np.ones((2, 8, 8, 1))
        >>> tuple(tversky(mask, mask).shape)
        (2,)
    """
    return Tversky(reduction=None, **options)(y_true, y_pred, sample_weight)


@keras.saving.register_keras_serializable(package="resunet_kit")
def focal_tversky(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the focal Tversky loss of each image: the function behind `FocalTversky`.

    Args:
        y_true: Masks, one-hot classes or integer labels, as `SegmentationLoss` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `FocalTversky`.

    Returns:
        Shape `(batch,)`, float32, as `tversky`.

    Raises:
        ValueError: As `FocalTversky`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import focal_tversky
        >>> mask = np.ones((2, 8, 8, 1))
        >>> np.asarray(focal_tversky(mask, mask, exponent=0.5)).tolist()
        [0.0, 0.0]
    """
    return FocalTversky(reduction=None, **options)(y_true, y_pred, sample_weight)


@keras.saving.register_keras_serializable(package="resunet_kit")
def dice(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the Dice loss of each image: the function behind `Dice`.

    Args:
        y_true: Masks, one-hot classes or integer labels, as `SegmentationLoss` takes them.
        y_pred: Shape `(batch, ..., channels)`, probabilities unless `from_logits=True`.
        sample_weight: Per image or per pixel, or None.
        **options: The arguments of `Dice`.

    Returns:
        Shape `(batch,)`, float32, as `tversky`.

    Raises:
        ValueError: As `Dice`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import dice
        >>> mask = np.zeros((2, 8, 8, 1)); mask[0] = 1
        >>> np.asarray(dice(mask, 0 * mask, empty="skip", smooth=0.0)).tolist()
        [1.0, 0.0]
    """
    return Dice(reduction=None, **options)(y_true, y_pred, sample_weight)
