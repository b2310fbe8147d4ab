"""Log-cosh Dice loss: Dice with a slope that falls to 0 as the overlap becomes perfect."""

import dataclasses
from typing import Unpack

import keras
from keras import ops

from resunet_kit._shared.overlap import Tensor
from resunet_kit.losses._functions import loss_function
from resunet_kit.losses._option_types import DiceOptions
from resunet_kit.losses.dice import Dice


@keras.saving.register_keras_serializable(package="resunet_kit")
@dataclasses.dataclass(kw_only=True, eq=False)
class LogCoshDice(Dice):
    """Log-cosh Dice loss: `log(cosh(d))` of the Dice loss `d` of each image and class, then the mean.

    Near 0 it is `d² / 2`, so small errors have smaller gradients than in `Dice`; the worst value is
    log(cosh(1)) = 0.4338.
    Empty masks are treated as in `Dice`.

    Args:
        squared: Square the probabilities in the denominator, the V-Net form; small probabilities on the
            background then weigh little.
        smooth: `s`, in pixels, at least 0. With 1, the loss of an empty mask falls with the false positives; with 1e-6,
            as in other libraries, it stays near 1 and its gradient near 0 until none are left.
        soft_labels: Whether the truth holds fractions, as from averaged annotators or smoothed labels. The loss is then
            0 where the prediction equals the truth. For 0/1 truth nothing changes.
        from_logits: Whether `y_pred` holds logits rather than probabilities. One channel then takes a
            sigmoid, more channels take a softmax, and with `multilabel` a sigmoid each.
        multilabel: Channels are independent masks: there is no background, and logits take a sigmoid each.
        reduce: `"image"` scores each image and takes the mean, so that the value does not depend on the
            batch size. `"batch"` counts over all images of the batch as if they were one.
        class_weights: One non-negative number per channel, normalised to sum to 1. None: equal weights.
        include_background: Whether channel 0 counts. A single channel and multilabel have no background.
        ignore_class: Label of the pixels to leave out, such as 255 for "void". If it is a class of the prediction, that
            class is left out of the mean too. None: no pixel is left out.
        empty: `"score"` scores an image without truth by the formula, `"skip"` gives it no weight in the mean.
        reduction: Keras's reduction over the images: `"sum_over_batch_size"` or `"mean"`, `"sum"`, or None or `"none"`
            for `(batch,)`. `"mean_with_sample_weight"` divides by the sum of the images' weights.
        dtype: `"float64"` computes in float64; anything else, including half precision, in float32.
        name: The loss's name in logs.

    Raises:
        TypeError: If an option is of the wrong type.
        ValueError: If `smooth` is negative, or another option is out of its range.

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
        # cosh(x) = 1 + 2·sinh²(x/2): in float32, the cosh of a small loss would be rounded to 1.
        return ops.log1p(2 * ops.square(ops.sinh(loss / 2)))


@loss_function(LogCoshDice)
def log_cosh_dice(
    y_true: Tensor, y_pred: Tensor, *, sample_weight: Tensor = None, **options: Unpack[DiceOptions]
) -> Tensor:
    """Return the log-cosh Dice loss of each image, with the options of `LogCoshDice`."""
    return LogCoshDice(reduction=None, **options)(y_true, y_pred, sample_weight)
