"""One pair or a batch of pairs, images or volumes, brought to one layout and checked."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_batches(images: ArrayLike, masks: ArrayLike, ndim: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return views `(b, *sides, channels)` of images and of masks with `ndim` sides.

    Args:
        images: `(*sides, channels)`, or with a batch axis before.
        masks: Of the same sides, with or without an axis for channels.
        ndim: 2 for images, 3 for volumes.

    Raises:
        TypeError: If either holds no real numbers.
        ValueError: If the shapes do not fit.
    """
    pair = np.asarray(images), np.asarray(masks)
    for name, array in zip(("images", "masks"), pair, strict=True):
        if array.dtype.kind not in "buif":
            raise TypeError(f"Expected {name} of numbers, received dtype {array.dtype}.")
    image, mask = pair
    _check_images(image.shape, ndim)
    if mask.shape == image.shape[:-1]:
        mask = mask[..., None]
    elif mask.ndim != image.ndim or mask.shape[:-1] != image.shape[:-1]:
        raise ValueError(
            f"Expected masks of shape {image.shape[:-1]}, with or without a channel axis, for images {image.shape}, "
            f"received {mask.shape}. Resize both to one size first."
        )
    return (image, mask) if image.ndim == ndim + 2 else (image[None], mask[None])


def _check_images(shape: tuple[int, ...], ndim: int) -> None:
    sides = "height, width" if ndim == 2 else "depth, height, width"
    if len(shape) not in (ndim + 1, ndim + 2):
        cure = "Add the channel axis: images[..., None]." if len(shape) == ndim else "Pass ndim=3 for volumes."
        if ndim == 3 and len(shape) == 3:
            cure = "Pass ndim=2 for images, or add the channel axis to a volume: images[..., None]."
        raise ValueError(f"Expected images ({sides}, channels) or a batch of them, received shape {shape}. {cure}")
    if 0 in shape[-ndim - 1 :]:
        raise ValueError(f"Expected images with at least one pixel, received shape {shape}. Check the crop.")
