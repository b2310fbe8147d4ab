"""Resizing: one geometry for images (antialiased bilinear) and masks (nearest)."""

import numpy as np
from PIL import Image

ImageSize = int | tuple[int, int]


def checked_size(image_size: ImageSize | None) -> tuple[int, int] | None:
    """Return `image_size` as `(height, width)`, one number meaning a square.

    Raises:
        ValueError: If it is not one or two positive integers.
    """
    if image_size is None:
        return None
    sides = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(sides) != 2 or not all(isinstance(side, int | np.integer) and side > 0 for side in sides):
        raise ValueError(f"Expected image_size as (height, width) in pixels or None, received {image_size!r}.")
    return int(sides[0]), int(sides[1])


def resize_image(image: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Resize `(h, w, channels)` with an antialiased bilinear filter, in the image's own type.

    Channel by channel: Pillow weights colours by a fourth channel, and none of ours is an opacity.
    """
    if size is None or image.shape[:2] == size:
        return image
    if image.dtype != np.uint8:
        planes = [_resize(plane.astype(np.float32), size) for plane in _planes(image)]
        resized = np.stack(planes, axis=-1)
        return (np.rint(resized) if image.dtype.kind in "ub" else resized).astype(image.dtype)
    return np.stack([_resize(plane, size) for plane in _planes(image)], axis=-1)


def resize_mask(mask: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Resize a uint8 `(h, w, 1)` by nearest neighbour, so that no new class appears."""
    if size is None or mask.shape[:2] == size:
        return mask
    # In integers: Pillow and TensorFlow add up float steps, which picks a neighbour where a centre meets an edge.
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for old, new in zip(mask.shape[:2], size, strict=True))
    return mask[rows][:, columns]


def _planes(image: np.ndarray) -> list[np.ndarray]:
    return [np.ascontiguousarray(image[..., channel]) for channel in range(image.shape[-1])]


def _resize(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    # Pillow counts (width, height) and widens the filter by the reduction: that is the antialiasing.
    return np.asarray(Image.fromarray(plane).resize(size[::-1], Image.Resampling.BILINEAR))
