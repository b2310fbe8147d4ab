"""Class labels: conversion to and from one channel per class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_array
from resunet_kit._shared.numbers import integer, number


def one_hot(labels: ArrayLike, num_classes: int) -> NDArray[np.uint8]:
    """Convert class labels to one-hot, with one channel per class.

    Args:
        labels: Integers from 0 to `num_classes - 1`, of any shape.
        num_classes: Number of channels, at least 1.

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
    array = as_array(labels, "labels")
    if array.dtype.kind not in "bui":
        raise TypeError(
            f"Expected integer labels. Received dtype {array.dtype}. "
            "Turn probabilities into labels with `to_labels`, or convert floats such as 2.0 with `.astype(int)`."
        )
    if array.size and not (array.min() >= 0 and array.max() < num_classes):
        raise ValueError(
            f"Expected labels from 0 to {num_classes - 1}. Received values from {array.min()} to {array.max()}. "
            f"{_cure_of_labels(array, num_classes)}"
        )
    return np.equal(array[..., None], np.arange(num_classes)).astype(np.uint8)


def _cure_of_labels(array: NDArray[Any], num_classes: int) -> str:
    if np.isin(array, (0, 255)).all():
        return "Turn a 0/255 mask into labels with `mask // 255`."
    if array.max() == 255 and array[array != 255].max(initial=0) < num_classes and array.min() >= 0:
        return "255 is often a void label: give it a class, `np.where(labels == 255, 0, labels)`, or raise num_classes."
    return (
        "Raise num_classes." if array.min() >= 0 else "Give negative labels a class: `np.where(labels < 0, 0, labels)`."
    )


def to_labels(probabilities: ArrayLike, threshold: float = 0.5) -> NDArray[np.integer]:
    """Convert a model's output to class labels, without the channel axis.

    With one channel, pixels are foreground where `probability >= threshold`. With several, the label is the index of
    the largest value, the first among equals, and the threshold has no effect.

    Args:
        probabilities: `(..., 1)` with values from 0 to 1, or `(..., classes)` with any scores, logits included.
            Booleans and unsigned integers, the types of stored masks and images, must be one-hot.
        threshold: From 0 to 1; only for one channel.

    Returns:
        Labels `(...)`, `uint8` up to 256 classes and `int64` beyond.

    Raises:
        TypeError: If the values are not numbers; with one channel, if the threshold is not one.
        ValueError: If there is no channel or a value is NaN; with one channel, if a value or the threshold is outside
            0..1; with several, if booleans or unsigned integers are not one-hot.

    Example:
        >>> to_labels([[[0.2], [0.7]]])
        array([[0, 1]], dtype=uint8)
        >>> to_labels([[[0.1, 0.6, 0.3]]])
        array([[1]], dtype=uint8)
    """
    array = as_array(probabilities, "probabilities")
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
        _refuse_images(array)
        return array.argmax(axis=-1).astype(np.uint8 if array.shape[-1] <= 256 else np.int64)
    return _at_least(array[..., 0], threshold)


def _refuse_images(array: NDArray[Any]) -> None:
    """Refuse an RGB mask, a label map without a channel axis, and channels that overlap or leave pixels out."""
    if array.dtype.kind not in "bu" or array.size == 0:
        return
    hot = array != 0
    if (np.count_nonzero(hot, axis=-1) != 1).any() or (array[hot] != array.max()).any():
        raise ValueError(
            f"Expected probabilities, or one-hot classes. Received {array.dtype} of shape {array.shape} that are not "
            "one-hot. A label map needs no conversion; read an RGB mask as labels; convert scores with "
            "`.astype('float32')`."
        )


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
    array = as_array(probabilities, "probabilities")
    if array.ndim not in (2, 3):
        cure = "Drop the channel axis: `array[..., 0]`." if array.ndim > 3 else "Pass one image at a time."
        raise ValueError(
            f"Expected probabilities (height, width) or (depth, height, width). Received shape {array.shape}. {cure}"
        )
    return array
