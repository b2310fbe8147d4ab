"""Resizing with one geometry for images (antialiased bilinear) and masks (nearest)."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from resunet_kit._shared.numbers import integers_per_axis

ImageSize = int | tuple[int, ...]
SpatialShape = tuple[int, ...]


def check_size(image_size: ImageSize | None) -> None:
    """Check the option before the number of axes is known.

    Raises:
        TypeError: If it is neither an integer, a sequence of integers nor None.
        ValueError: If there are not two or three, or one is less than 1.
    """
    if image_size is None:
        return
    axes = len(image_size) if isinstance(image_size, Sequence | np.ndarray) else 2
    integers_per_axis("image_size", image_size, axes)
    if axes not in (2, 3):
        raise ValueError(
            "Expected image_size to be (height, width), (depth, height, width), one integer or None. "
            f"Received image_size={image_size!r}. Pass one entry for each axis."
        )


def target_shape(image_size: ImageSize | None, shape: SpatialShape) -> SpatialShape | None:
    """Return the spatial shape to resize to, one integer meaning a square or a cube; None leaves the size.

    Raises:
        ValueError: If the image has another number of spatial axes.
    """
    return None if image_size is None else integers_per_axis("image_size", image_size, len(shape))


def resize_image(image: np.ndarray, size: SpatialShape | None) -> np.ndarray:
    """Resize `([depth,] height, width, channels)` with an antialiased bilinear filter, in the image's own type.

    Channel by channel: Pillow weights colours by a fourth channel, and none of ours is an opacity.
    """
    if size is None or image.shape[:-1] == size:
        return image
    if image.dtype == np.uint8 and len(size) == 2:
        return np.stack([_resize(plane, size) for plane in _planes(image)], axis=-1)
    if image.dtype == np.float64:  # large numbers that lie close together
        lowest = image.min()
        return resize_image((image - lowest).astype(np.float32), size) + lowest
    resized = np.stack([_resize(plane.astype(np.float32), size) for plane in _planes(image)], axis=-1)
    return (np.rint(resized) if image.dtype.kind in "ub" else resized).astype(image.dtype)


def resize_mask(mask: np.ndarray, size: SpatialShape | None) -> np.ndarray:
    """Resize a uint8 `([depth,] height, width, 1)` by nearest neighbour, so that no new class appears."""
    if size is None or mask.shape[:-1] == size:
        return mask
    # In integers: Pillow and TensorFlow add up float steps, which picks a neighbour where a centre lies on an edge.
    for axis, (old, new) in enumerate(zip(mask.shape, size, strict=False)):
        mask = mask.take((2 * np.arange(new) + 1) * old // (2 * new), axis=axis)
    return mask


def _planes(image: np.ndarray) -> list[np.ndarray]:
    return [np.ascontiguousarray(image[..., channel]) for channel in range(image.shape[-1])]


def _resize(plane: np.ndarray, size: SpatialShape) -> np.ndarray:
    """Resize one channel. Pillow takes (width, height) and widens the filter by the reduction: the antialiasing."""
    if len(size) == 2:
        return np.asarray(Image.fromarray(plane).resize(size[::-1], Image.Resampling.BILINEAR))
    # The filter is separable: first each slice, then the depth axis, as the rows of one flat image.
    depth, height, width = size
    slices = np.stack([_resize(part, (height, width)) for part in plane])
    flat = _resize(slices.reshape(len(slices), -1), (depth, height * width))
    return flat.reshape(size)
