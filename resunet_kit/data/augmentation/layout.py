"""Array layout: one pair or a batch of pairs, images or volumes, as `(batch, *spatial_shape, channels)`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_batches(images: ArrayLike, masks: ArrayLike, ndim: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return views `(batch, *spatial_shape, channels)` of images and masks.

    Args:
        images: `(*spatial_shape, channels)`, or with a batch axis in front.
        masks: The same spatial shape, with or without a channel axis.
        ndim: The number of spatial axes: 2 for images, 3 for volumes.

    Raises:
        TypeError: If the values of either are not real numbers.
        ValueError: If the shapes do not fit.
    """
    image, mask = np.asarray(images), np.asarray(masks)
    for name, array in (("images", image), ("masks", mask)):
        if array.dtype.kind not in "buif":
            raise TypeError(
                f"Expected {name} of real numbers. Received dtype {array.dtype}. Convert them to numbers first."
            )
    _check_images(image.shape, ndim)
    if mask.shape == image.shape[:-1]:
        mask = mask[..., None]
    elif mask.ndim != image.ndim or mask.shape[:-1] != image.shape[:-1]:
        raise ValueError(
            f"Expected masks of shape {image.shape[:-1]}, with or without a channel axis, for images {image.shape}. "
            f"Received shape {mask.shape}. Resize both to one size first."
        )
    return (image, mask) if image.ndim == ndim + 2 else (image[None], mask[None])


def _check_images(shape: tuple[int, ...], ndim: int) -> None:
    if len(shape) not in (ndim + 1, ndim + 2):
        axes = "(height, width, channels)" if ndim == 2 else "(depth, height, width, channels)"
        cure = "Add the channel axis: images[..., None]." if len(shape) == ndim else "Pass ndim=3 for volumes."
        if ndim == 3 and len(shape) == 3:
            cure = "Pass ndim=2 for images, or add the channel axis to a volume: images[..., None]."
        raise ValueError(f"Expected images {axes} or a batch of them. Received shape {shape}. {cure}")
    if 0 in shape[-ndim - 1 :]:
        raise ValueError(f"Expected images with at least one pixel. Received shape {shape}. Check the crop.")
