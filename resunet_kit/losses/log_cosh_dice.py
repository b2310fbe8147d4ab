"""Log-cosh Dice loss: Dice with a slope that falls to 0 as the overlap becomes perfect."""

import dataclasses
from typing import Any

import keras
from keras import ops

from resunet_kit._shared.overlap import Tensor
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses.tversky import Dice


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class LogCoshDice(Dice):
    """Log-cosh Dice loss: `log(cosh(d))` of the Dice loss `d` of each image and class, then the mean.

    Near 0 it is `d² / 2`, so small errors pull less than in `Dice`; the worst value is log(cosh(1)) = 0.4338.
    Empty masks are treated as in `Dice`.

    The arguments are those of `Dice` and `SegmentationLoss`.

    Raises:
        TypeError: If an option is of the wrong type.
        ValueError: As `Dice`.

    Example:
        >>> import numpy as np
        >>> from resunet_kit.losses import Dice, LogCoshDice
        >>> truth, prediction = np.ones((1, 8, 8, 1)), np.full((1, 8, 8, 1), 0.5)
        >>> loss = float(Dice()(truth, prediction))
        >>> bool(abs(float(LogCoshDice()(truth, prediction)) - np.log(np.cosh(loss))) < 1e-6)
        True

    References:
        Jadon 2020, A survey of loss functions for semantic segmentation, arXiv 2006.14822.
    """

    name: str = "log_cosh_dice"

    def class_losses(self, truth: Tensor, prediction: Tensor, weights: Tensor) -> Tensor:
        """Return the log-cosh Dice loss of each image and class, shape `(images, classes)`."""
        loss = super().class_losses(truth, prediction, weights)
        # cosh(x) = 1 + 2·sinh²(x/2): float32 cannot hold the cosine of a small loss beside its 1.
        return ops.log1p(2 * ops.square(ops.sinh(loss / 2)))


@loss_function
def log_cosh_dice(y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Any) -> Tensor:
    """Return the log-cosh Dice loss of each image, with the options of `LogCoshDice`."""
    return LogCoshDice(reduction=None, **options)(y_true, y_pred, sample_weight)
