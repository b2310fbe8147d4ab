"""Signed distance maps of masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import Spacing, as_mask, pixel_size


def signed_distance_map(mask: ArrayLike, *, spacing: Spacing = None) -> NDArray[np.float32]:
    """Return each pixel's distance to the nearest pixel on the other side of the mask's boundary.

    Negative in the foreground, positive in the background; its absolute value is at least the size of a pixel. A mask
    that is all background or all foreground has no boundary, and its map is 0. `losses.Boundary` and
    `losses.HausdorffDistance` take such maps as `y_true`, so that they need not compute the distances in every step.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, booleans, 0/1 or 0/255.
        spacing: Pixel size along each axis, or one number for all, as in millimetres; `None` counts pixels.

    Returns:
        The distances in the unit of `spacing`, of the mask's shape.

    Raises:
        TypeError: If the mask's values or `spacing` are not numbers.
        ValueError: If the mask is not 2-D or 3-D or has other values, or `spacing` does not fit it.

    Example:
        >>> signed_distance_map([[0, 0, 0, 1, 1, 1]]).tolist()
        [[3.0, 2.0, 1.0, -1.0, -2.0, -3.0]]
    """
    from scipy import ndimage  # scipy.ndimage takes a while to import

    inside = as_mask(mask)
    if inside.all() or not inside.any():
        return np.zeros(inside.shape, np.float32)
    size = pixel_size(spacing, inside.ndim)
    outwards, inwards = (ndimage.distance_transform_edt(side, sampling=size) for side in (~inside, inside))
    return (outwards - inwards).astype(np.float32)
