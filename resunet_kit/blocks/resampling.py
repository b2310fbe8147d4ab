"""Upsampling, and the crop that makes what was upsampled fit its skip connection."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from resunet_kit._shared.errors import unknown_name
from resunet_kit.blocks._layers import check_sizes, spatial_rank, suffixed
from resunet_kit.blocks._resizing import resize_like

METHODS = ("nearest", "linear", "transpose")


def upsample(x: Any, *, scale: int | Sequence[int] = 2, method: str = "nearest", name: str | None = None) -> Any:
    """Enlarge every spatial side `scale` times.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        scale: Factor, one whole number or one for each spatial axis.
        method: `"nearest"`, `"linear"` (bilinear, or trilinear with half-pixel centres), or `"transpose"`, a
            transposed convolution whose kernel equals its stride, so that its windows do not overlap.
        name: Prefix of the layers' names.

    Returns:
        Features with sides `scale` times as long and the same channels.

    Raises:
        ValueError: If the rank, the scale or the method is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import upsample
        >>> upsample(keras.Input((16, 16, 8)), method="linear").shape
        (None, 32, 32, 8)
    """
    rank = spatial_rank(x)
    sizes = check_sizes("scale", scale, rank)
    if method not in METHODS:
        raise unknown_name("upsampling method", method, METHODS)
    name = suffixed(name, "upsample")
    if method == "transpose":
        layer = keras.layers.Conv2DTranspose if rank == 2 else keras.layers.Conv3DTranspose
        return layer(x.shape[-1], sizes, strides=sizes, padding="same", name=name)(x)
    if rank == 2:
        interpolation = "bilinear" if method == "linear" else "nearest"
        return keras.layers.UpSampling2D(sizes, interpolation=interpolation, name=name)(x)
    if method == "linear":  # Keras has no trilinear upsampling
        nearest = keras.layers.UpSampling3D(sizes, name=name)(x[..., :1])
        return resize_like(ops.cast(x, nearest.dtype), nearest)
    return keras.layers.UpSampling3D(sizes, name=name)(x)


def upsample_concat(x: Any, skip: Any, *, method: str = "nearest", name: str | None = None) -> Any:
    """Double the sides of `x`, crop what became larger than `skip`, and join both along the channels.

    Args:
        x: Coarse features.
        skip: Features of the same rank, twice as large or one pixel less on any side.
        method: As in `upsample`.
        name: Prefix of the layers' names.

    Returns:
        Features of the skip's sides with the channels of both, the upsampled ones first.

    Raises:
        ValueError: If the ranks differ or a known side of the skip is neither twice that of `x` nor one less.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import upsample_concat
        >>> upsample_concat(keras.Input((16, 16, 8)), keras.Input((31, 32, 4))).shape
        (None, 31, 32, 12)
    """
    sides, wanted = x.shape[1:-1], skip.shape[1:-1]
    pairs = zip(sides, wanted, strict=False)
    if spatial_rank(x) != spatial_rank(skip) or any(n and m and m not in (2 * n - 1, 2 * n) for n, m in pairs):
        raise ValueError(
            "Expected a skip of the same rank, twice as large as the features or one pixel less on any side. Received "
            f"features of shape {tuple(x.shape)} and a skip of shape {tuple(skip.shape)}. Bring them to that size, or "
            "compose upsample, crop_like and keras.layers.Concatenate."
        )
    x = crop_like(upsample(x, method=method, name=name), skip, name=name)
    return keras.layers.Concatenate(name=suffixed(name, "concat"))([x, skip])


def crop_like(x: Any, reference: Any, *, name: str | None = None) -> Any:
    """Cut the far end of every side of `x` that is longer than that of `reference`.

    Args:
        x: Features whose sides are at least as long as those of `reference`.
        reference: Features of the same rank; its sides may be unknown (None) when the model is built.
        name: Prefix of the layers' names.

    Returns:
        Features with the sides of `reference` and the channels of `x`.

    Raises:
        ValueError: If the ranks differ, or a known side of `x` is shorter than that of `reference`.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import crop_like
        >>> crop_like(keras.Input((8, 8, 3)), keras.Input((7, 8, 1))).shape
        (None, 7, 8, 3)
    """
    rank = spatial_rank(x)
    sides, wanted = x.shape[1:-1], reference.shape[1:-1]
    known = [(have, want) for have, want in zip(sides, wanted, strict=False) if have is not None and want is not None]
    if len(wanted) != rank or any(have < want for have, want in known):
        raise ValueError(
            f"Expected features at least as large as the skip connection. Received shape {tuple(x.shape)} after "
            f"upsampling, and a skip of shape {tuple(reference.shape)}. Skips must double in size from level to level."
        )
    if len(known) < rank:
        return _crop_unknown(x, reference)
    if sides == wanted:
        return x
    layer = keras.layers.Cropping2D if rank == 2 else keras.layers.Cropping3D
    return layer([(0, have - want) for have, want in known], name=suffixed(name, "crop"))(x)


def _crop_unknown(x: Any, reference: Any) -> Any:
    # Slicing to a symbolic size builds and silently does not crop. Positions counted along the reference are
    # plain tensors: they crop, reload without this package, and export.
    for axis in range(1, len(x.shape) - 1):
        line = reference[(slice(None), *(slice(None if i == axis else 1) for i in range(1, len(x.shape))))]
        positions = ops.cumsum(ops.ones_like(line, dtype="int32"), axis=axis) - 1
        x = ops.take_along_axis(x, positions, axis=axis)
    return x
