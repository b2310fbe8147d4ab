"""Thresholds for probability maps: hysteresis by two of them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import number
from resunet_kit.masks._labelling import label_components
from resunet_kit.masks.labels import to_labels


def hysteresis(
    probabilities: ArrayLike, low: float, high: float, *, connectivity: int | None = None
) -> NDArray[np.uint8]:
    """Threshold at `low`, and keep the components in which a pixel has at least `high`.

    Args:
        probabilities: `(height, width)` or `(depth, height, width)`, from 0 to 1.
        low: Minimum probability of the foreground.
        high: Minimum of the highest probability in a component; at least `low`.
        connectivity: 1 joins pixels across faces only; `None` across corners too.

    Returns:
        The probabilities' shape, `uint8` with 0 and 1.

    Raises:
        TypeError: If the values or thresholds are not numbers, or `connectivity` is not an integer.
        ValueError: If the values or a threshold are outside 0..1, `high` is below `low`, or there are other axes.

    Example:
        >>> hysteresis([[0.4, 0.8, 0.1, 0.4]], 0.3, 0.7)
        array([[1, 1, 0, 0]], dtype=uint8)
    """
    array = probability_map(probabilities)
    low, high = number("low", low, "[0, 1]"), number("high", high, "[0, 1]")
    if high < low:
        raise ValueError(f"Expected high to be at least low. Received low={low} and high={high}. Swap them.")
    labels, sizes = label_components(to_labels(array[..., None], low) > 0, connectivity)
    keep = np.zeros(sizes.size, np.uint8)
    keep[labels[to_labels(array[..., None], high) > 0]] = 1
    keep[0] = 0
    return keep[labels]


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
