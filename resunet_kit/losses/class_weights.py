"""Class weights: their check, and pairs of weights for the background and foreground of one channel."""

from collections.abc import Mapping, Sequence
from typing import Any

from resunet_kit._shared.numbers import number
from resunet_kit._shared.overlap import Tensor

# Ways to weigh a rare foreground of one channel, for losses that score the foreground alone.
WAYS = (
    "give the call a sample_weight per pixel, as np.where(mask == 1, 20, 1), add CrossEntropy(class_weights=[1, 20]), "
    "or end the model in a softmax of two channels, which two class_weights weigh"
)


def checked_class_weights(weights: Any) -> list[float]:
    """Return the weights as a list of numbers.

    Args:
        weights: Any sequence of numbers of at least 0.

    Raises:
        TypeError: If it is not a sequence, or an entry is not a number.
        ValueError: If an entry is negative or not finite, or none is above 0.
    """
    try:
        entries = None if isinstance(weights, str | bytes | Mapping) else list(weights)
    except TypeError:
        entries = None
    if entries is None:
        raise TypeError(
            "Expected class_weights to be a sequence with one number per channel. Received "
            f"class_weights={weights!r}. Pass a list, as [1.0, 20.0]."
        )
    found = [number(f"class_weights[{index}]", entry, "[0, inf)") for index, entry in enumerate(entries)]
    if not any(found):
        raise ValueError(
            f"Expected class_weights with at least one number above 0. Received class_weights={found}. Give the "
            "classes that are to be scored a weight."
        )
    return found


def of_two_classes(class_weights: Sequence[float] | None, channels: int) -> list[float] | None:
    """Return the weights of background and foreground, summing to 1, if two are given for one channel; else None."""
    if class_weights is None or channels != 1 or len(class_weights) != 2:
        return None
    return [weight / sum(class_weights) for weight in class_weights]


def pixel_weights(class_weights: Sequence[float] | None, truth: Tensor) -> Tensor:
    """Return the weight of each pixel's class if two are given for one channel, shape `(images, ..., 1)`; else None.

    The weights are the same as for exclusive classes with a separate channel for the background.
    """
    pair = of_two_classes(class_weights, truth.shape[-1])
    return None if pair is None else pair[0] + (pair[1] - pair[0]) * truth


def refuse_two_classes(loss: Any) -> None:
    """Refuse two weights for one channel of a loss that scores only the foreground.

    Raises:
        ValueError: Always; the message names other ways to weigh a rare foreground.
    """
    own = "pass fn_weight above fp_weight, " if hasattr(loss, "fn_weight") else ""
    raise ValueError(
        "Expected class_weights with one number for the one channel of y_pred, as this loss scores its foreground "
        f"alone. Received class_weights={loss.class_weights}. To weigh a rare foreground, {own}{WAYS}."
    )
