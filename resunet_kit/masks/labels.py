"""Class labels: to and from one channel per class."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import integer, number


def one_hot(labels: ArrayLike, num_classes: int) -> NDArray[np.uint8]:
    """Give each class a channel of its own.

    Args:
        labels: Integers from 0 to `num_classes - 1`, of any shape.
        num_classes: The number of channels, from 1.

    Returns:
        The labels' shape with `num_classes` channels added at the end, `uint8`, 1 in the label's channel.

    Raises:
        TypeError: If the labels or `num_classes` are not integers.
        ValueError: If a label is out of range.

    Example:
        >>> one_hot([[0, 2]], 3)
        array([[[1, 0, 0],
                [0, 0, 1]]], dtype=uint8)
    """
    num_classes = integer("num_classes", num_classes, "[1, inf)")
    array = np.asarray(labels)
    if array.dtype.kind not in "bui":
        raise TypeError(
            f"Expected integer labels. Received dtype {array.dtype}. "
            "Turn probabilities into labels with `to_labels`, or convert floats such as 2.0 with `.astype(int)`."
        )
    if array.size and not (array.min() >= 0 and array.max() < num_classes):
        raise ValueError(
            f"Expected labels from 0 to {num_classes - 1}. Received values from {array.min()} to {array.max()}. "
            "Raise num_classes, or turn a 0/255 mask into labels with `mask // 255`."
        )
    return np.equal(array[..., None], np.arange(num_classes)).astype(np.uint8)


def to_labels(probabilities: ArrayLike, threshold: float = 0.5) -> NDArray[np.integer]:
    """Turn a model's output into class labels; the channel axis is dropped.

    One channel is foreground where `probability >= threshold`. Of several channels, the label is the largest's index,
    the first of equal ones, and the threshold has no effect.

    Args:
        probabilities: `(..., 1)` with values from 0 to 1, or `(..., classes)` with any scores, logits included.
        threshold: From 0 to 1, for one channel.

    Returns:
        Labels `(...)`, `uint8` up to 256 classes and `int64` beyond.

    Raises:
        TypeError: If the values are not numbers; with one channel, if the threshold is not one.
        ValueError: If there is no channel or a value is NaN; with one channel, if a value or the threshold is outside
            0..1.

    Example:
        >>> to_labels([[[0.2], [0.7]]])
        array([[0, 1]], dtype=uint8)
        >>> to_labels([[[0.1, 0.6, 0.3]]])
        array([[1]], dtype=uint8)
    """
    array = np.asarray(probabilities)
    if array.dtype.kind not in "buif":
        raise TypeError(f"Expected probabilities as numbers. Received dtype {array.dtype}. Convert them to float32.")
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"Expected probabilities (..., channels). Received shape {array.shape}. Add the axis: `array[..., None]`."
        )
    if np.isnan(array).any():
        raise ValueError(
            "Expected probabilities without NaN. Received NaN. Look for NaN in the images or the model's weights."
        )
    if array.shape[-1] > 1:
        return array.argmax(axis=-1).astype(np.uint8 if array.shape[-1] <= 256 else np.int64)
    return _at_least(array[..., 0], threshold)


def _at_least(array: NDArray[Any], threshold: float) -> NDArray[np.uint8]:
    threshold = number("threshold", threshold, "[0, 1]")
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(
            f"Expected probabilities from 0 to 1. Received values from {array.min():g} to {array.max():g}. "
            "Apply the sigmoid to logits first, and divide 0/255 masks by 255."
        )
    return (array >= threshold).astype(np.uint8)


def probability_map(probabilities: ArrayLike) -> NDArray[Any]:
    """Return the probabilities as an array `(height, width)` or `(depth, height, width)`.

    Raises:
        ValueError: If there are other axes.
    """
    array = np.asarray(probabilities)
    if array.ndim not in (2, 3):
        cure = "Drop the channel axis: `array[..., 0]`." if array.ndim > 3 else "Pass one image at a time."
        raise ValueError(
            f"Expected probabilities (height, width) or (depth, height, width). Received shape {array.shape}. {cure}"
        )
    return array
