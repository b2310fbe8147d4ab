"""Morphology by connected components: keep the largest, remove small ones, fill holes, hysteresis thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask
from resunet_kit._shared.numbers import integer, number
from resunet_kit.masks._labelling import keep_components, label_components
from resunet_kit.masks.labels import probability_map, to_labels


def largest_component(mask: ArrayLike, *, count: int = 1, connectivity: int | None = None) -> NDArray[np.uint8]:
    """Keep the largest connected components.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.
        count: How many components to keep, at least 1; among equal ones, the first in scan order.
        connectivity: 1 joins pixels across faces only; `None` across corners too.

    Returns:
        The mask's shape, `uint8` with 0 and 1; empty for an empty mask.

    Raises:
        TypeError: If the mask's values are not numbers, or `count` or `connectivity` is not an integer.
        ValueError: If the mask has other values or is not 2-D or 3-D, or `count` or `connectivity` is out of range.

    Example:
        >>> largest_component([[1, 0, 1], [1, 0, 0]])
        array([[1, 0, 0],
               [1, 0, 0]], dtype=uint8)
    """
    count = integer("count", count, "[1, inf)")
    return keep_components(*label_components(as_mask(mask), connectivity), count=count)


def remove_small(mask: ArrayLike, min_size: int, *, connectivity: int | None = None) -> NDArray[np.uint8]:
    """Remove connected components of fewer than `min_size` pixels.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.
        min_size: The minimum number of pixels of a component, from 0.
        connectivity: 1 joins pixels across faces only; `None` across corners too.

    Returns:
        The mask's shape, `uint8` with 0 and 1.

    Raises:
        TypeError: If the mask's values are not numbers, or `min_size` or `connectivity` is not an integer.
        ValueError: If the mask has other values or is not 2-D or 3-D, or a number is out of range.

    Example:
        >>> remove_small([[1, 0, 1], [1, 0, 0]], 2)
        array([[1, 0, 0],
               [1, 0, 0]], dtype=uint8)
    """
    min_size = integer("min_size", min_size, "[0, inf)")
    return keep_components(*label_components(as_mask(mask), connectivity), min_size=min_size)


def fill_holes(mask: ArrayLike, *, max_size: int | None = None) -> NDArray[np.uint8]:
    """Fill holes: background that no path across faces connects to the border.

    In 3-D only closed cavities are holes; to fill each slice's holes, call it slice by slice.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.
        max_size: Largest hole to fill, in pixels; `None` fills all.

    Returns:
        The mask's shape, `uint8` with 0 and 1.

    Raises:
        TypeError: If the mask's values are not numbers, or `max_size` is not an integer.
        ValueError: If the mask has other values or is not 2-D or 3-D, or `max_size` is negative.

    Example:
        >>> fill_holes([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
        array([[1, 1, 1],
               [1, 1, 1],
               [1, 1, 1]], dtype=uint8)
    """
    # A frame connects all of the outside, which becomes the first label of the scan.
    framed = np.pad(~as_mask(mask), 1, constant_values=True)
    labels, sizes = label_components(framed, connectivity=1)
    fill = np.ones(sizes.size, np.uint8)  # label 0 is the foreground
    if max_size is not None:
        fill = (sizes <= integer("max_size", max_size, "[0, inf)")).astype(np.uint8)
    fill[1] = 0
    return fill[labels[(slice(1, -1),) * framed.ndim]]


def hysteresis(
    probabilities: ArrayLike, low: float, high: float, *, connectivity: int | None = None
) -> NDArray[np.uint8]:
    """Threshold at `low`, and keep the components that contain a pixel of at least `high`.

    Args:
        probabilities: `(height, width)` or `(depth, height, width)`, from 0 to 1.
        low: Minimum probability of the foreground.
        high: Minimum for the highest probability in a component; at least `low`.
        connectivity: 1 joins pixels across faces only; `None` across corners too.

    Returns:
        The probabilities' shape, `uint8` with 0 and 1.

    Raises:
        TypeError: If the values or thresholds are not numbers, or `connectivity` is not an integer.
        ValueError: If the values or a threshold are outside 0..1, `high` is below `low`, or the array is not 2-D or
            3-D.

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
