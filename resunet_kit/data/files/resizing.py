"""Resizing: one geometry for images (antialiased bilinear) and masks (nearest)."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

ImageSize = int | tuple[int, ...]
Sides = tuple[int, ...]


def check_size(image_size: ImageSize | None) -> None:
    """Refuse what is neither None, a positive integer, nor two or three of them.

    Raises:
        ValueError: If it is something else.
    """
    if image_size is None:
        return
    sides = tuple(image_size) if isinstance(image_size, Iterable) else (image_size,) * 2
    whole = (isinstance(side, int | np.integer) and not isinstance(side, bool) and side > 0 for side in sides)
    if len(sides) not in (2, 3) or not all(whole):
        raise ValueError(
            "Expected image_size as (height, width) or (depth, height, width) in pixels, one number, or None, "
            f"received {image_size!r}."
        )


def sides_to(image_size: ImageSize | None, sides: Sides) -> Sides | None:
    """Return the sides to resize to, one number meaning a square or a cube; None keeps them.

    Raises:
        ValueError: If the image has another number of sides.
    """
    if image_size is None:
        return None
    wanted = (image_size,) * len(sides) if isinstance(image_size, int | np.integer) else tuple(image_size)
    if len(wanted) != len(sides):
        raise ValueError(f"Expected image_size with {len(sides)} numbers for sides {sides}, received {image_size!r}.")
    return tuple(int(side) for side in wanted)


def resize_image(image: np.ndarray, size: Sides | None) -> np.ndarray:
    """Resize `(*sides, channels)` with an antialiased bilinear filter, in the image's own type.

    Channel by channel: Pillow weights colours by a fourth channel, and none of ours is an opacity.
    """
    if size is None or image.shape[:-1] == size:
        return image
    if image.dtype == np.uint8 and len(size) == 2:
        return np.stack([_resize(plane, size) for plane in _planes(image)], axis=-1)
    resized = np.stack([_resize(plane.astype(np.float32), size) for plane in _planes(image)], axis=-1)
    return (np.rint(resized) if image.dtype.kind in "ub" else resized).astype(image.dtype)


def resize_mask(mask: np.ndarray, size: Sides | None) -> np.ndarray:
    """Resize a uint8 `(*sides, 1)` by nearest neighbour, so that no new class appears."""
    if size is None or mask.shape[:-1] == size:
        return mask
    # In integers: Pillow and TensorFlow add up float steps, which picks a neighbour where a centre meets an edge.
    for axis, (old, new) in enumerate(zip(mask.shape, size, strict=False)):
        mask = mask.take((2 * np.arange(new) + 1) * old // (2 * new), axis=axis)
    return mask


def _planes(image: np.ndarray) -> list[np.ndarray]:
    return [np.ascontiguousarray(image[..., channel]) for channel in range(image.shape[-1])]


def _resize(plane: np.ndarray, size: Sides) -> np.ndarray:
    """Resize one channel. Pillow counts (width, height) and widens the filter by the reduction: the antialiasing."""
    if len(size) == 2:
        return np.asarray(Image.fromarray(plane).resize(size[::-1], Image.Resampling.BILINEAR))
    # The filter is separable: first each slice, then what lies along the depth, as the rows of one flat image.
    depth, height, width = size
    slices = np.stack([_resize(part, (height, width)) for part in plane])
    flat = _resize(slices.reshape(len(slices), -1), (depth, height * width))
    return flat.reshape(size)
