"""Overlays: a mask drawn over its image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_array, as_mask
from resunet_kit._shared.numbers import integers, number


def overlay(
    image: ArrayLike,
    mask: ArrayLike,
    *,
    color: Sequence[int] = (255, 0, 0),
    alpha: float = 0.4,
    outline: bool = False,
) -> NDArray[np.uint8]:
    """Tint the foreground of a mask over an image: `(1 - alpha) * image + alpha * color`.

    Images of `uint8` keep their values; booleans and floats from 0 to 1 are multiplied by 255; all others, such as MRI
    intensities, are stretched so that their minimum is black and their maximum white (a constant image is black).

    Args:
        image: `(height, width)` or `(height, width, channels)` with 1 (gray), 3 (RGB) or 4 channels (RGB and an alpha
            channel, which is ignored).
        mask: `(height, width)`, booleans, 0/1 or 0/255.
        color: Red, green and blue from 0 to 255.
        alpha: Weight of the colour, from 0 (image alone) to 1 (colour alone).
        outline: Also draw foreground pixels that touch the background or the border across a face, in opaque colour.

    Returns:
        `(height, width, 3)`, `uint8` RGB.

    Raises:
        TypeError: If the values of the image or the mask, the colour or alpha are not numbers.
        ValueError: If a shape does not fit, a colour or alpha is out of range, or the image has NaN or infinite values.

    Example:
        >>> overlay([[0.0, 1.0]], [[0, 1]], color=(0, 200, 0), alpha=0.5)
        array([[[  0,   0,   0],
                [128, 228, 128]]], dtype=uint8)
    """
    canvas = _as_rgb(as_array(image, "image"))
    foreground = as_mask(mask, ndims=(2,))
    if foreground.shape != canvas.shape[:2]:
        raise ValueError(
            f"Expected a mask of the image's shape {canvas.shape[:2]}. Received {foreground.shape}. Resize one of them."
        )
    tint, alpha = _as_rgb_color(color), number("alpha", alpha, "[0, 1]")
    canvas[foreground] = np.rint((1 - alpha) * canvas[foreground] + alpha * tint)
    if outline:
        canvas[_outline(foreground)] = tint
    return canvas


def _as_rgb(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return a copy of the image as `uint8` RGB."""
    if image.dtype.kind not in "buif":
        raise TypeError(f"Expected an image of numbers. Received dtype {image.dtype}. Convert it first.")
    channels = image[..., None] if image.ndim == 2 else image
    if channels.ndim != 3 or channels.shape[-1] not in (1, 3, 4) or channels.size == 0:
        raise ValueError(
            f"Expected an image (height, width) or (height, width, 1, 3 or 4). Received shape {image.shape}. "
            "Pass one image, not a batch, and channels last."
        )
    levels = _to_bytes(channels[..., :3])
    return np.repeat(levels, 3, axis=-1) if levels.shape[-1] == 1 else levels


def _to_bytes(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return np.array(image, dtype=np.uint8)
    values = image.astype(np.float64)
    low, high = values.min(), values.max()
    if not np.isfinite([low, high]).all():
        raise ValueError("Expected finite image values. Received NaN or infinity. Use `np.nan_to_num(image)`.")
    if image.dtype.kind not in "bf" or low < 0 or high > 1:
        values = (values - low) / max(high - low, np.finfo(np.float64).tiny)
    return np.rint(values * 255).astype(np.uint8)


def _as_rgb_color(color: Sequence[int]) -> NDArray[np.uint8]:
    levels = integers("color", color, "[0, 255]")
    if len(levels) != 3:
        raise ValueError(f"Expected color to be (red, green, blue). Received color={color!r}. Pass three integers.")
    return np.array(levels, np.uint8)


def _outline(foreground: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    return foreground & ~ndimage.binary_erosion(foreground)
