"""Upsampling, and cropping to the size of a skip connection."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import keras
from keras import ops

from resunet_kit._shared.numbers import choice, integers_per_axis
from resunet_kit.blocks._layers import spatial_rank, suffixed
from resunet_kit.blocks._resizing import positions, resize_like

Method = Literal["nearest", "linear", "transpose"]
METHODS: tuple[str, ...] = get_args(Method)


def upsample(x: Any, *, scale: int | Sequence[int] = 2, method: Method = "nearest", name: str | None = None) -> Any:
    """Enlarge every spatial axis by a factor of `scale`.

    Args:
        x: Features `(batch, height, width, channels)` or `(batch, depth, height, width, channels)`.
        scale: Factor, one integer or one for each spatial axis.
        method: `"nearest"`, `"linear"` (bilinear, or trilinear with half-pixel centres), or `"transpose"`, a
            transposed convolution whose kernel equals its stride, so that its windows do not overlap.
        name: Prefix of the layers' names.

    Returns:
        Features `scale` times as large along each axis, with the same channels.

    Raises:
        TypeError: If an argument is of a wrong type.
        ValueError: If the rank, the scale or the method is not as above.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import upsample
        >>> upsample(keras.Input((16, 16, 8)), method="linear").shape
        (None, 32, 32, 8)
    """
    rank = spatial_rank(x)
    sizes = integers_per_axis("scale", scale, rank)
    choice("method", method, METHODS)
    name = suffixed(name, "upsample")
    if method == "transpose":
        layer = keras.layers.Conv2DTranspose if rank == 2 else keras.layers.Conv3DTranspose
        return layer(x.shape[-1], sizes, strides=sizes, padding="same", name=name)(x)
    if rank == 2 and method == "linear" and None in x.shape[1:-1]:
        return _upsample_bilinear(x, sizes, name)
    if rank == 2:
        interpolation = "bilinear" if method == "linear" else "nearest"
        return keras.layers.UpSampling2D(sizes, interpolation=interpolation, name=name)(x)
    if method == "linear":  # Keras has no trilinear upsampling
        nearest = keras.layers.UpSampling3D(sizes, name=name)(x[..., :1])
        return resize_like(ops.cast(x, nearest.dtype), nearest)
    return keras.layers.UpSampling3D(sizes, name=name)(x)


def _upsample_bilinear(x: Any, sizes: tuple[int, ...], name: str | None) -> Any:
    # Keras resizes to a variable size only where TensorFlow runs eagerly, because it checks the size in Python.
    enlarged = keras.layers.UpSampling2D(sizes, name=name)(x[..., :1])
    for axis, (size, line, source) in enumerate(zip(sizes, positions(enlarged), positions(x), strict=True), start=1):
        last = ops.max(source)
        centres = ops.minimum(ops.maximum((line + 0.5) / size - 0.5, 0.0), last)
        below = ops.floor(centres)
        weights = ops.cast(ops.reshape(centres - below, (-1, 1) if axis == 2 else (-1, 1, 1)), x.dtype)
        low = ops.take(x, ops.cast(below, "int32"), axis=axis)
        high = ops.take(x, ops.cast(ops.minimum(below + 1.0, last), "int32"), axis=axis)
        x = low + (high - low) * weights
    return x


def upsample_concat(x: Any, skip: Any, *, method: Method = "nearest", name: str | None = None) -> Any:
    """Upsample `x` twofold, crop it to the size of `skip`, and concatenate both along the channels.

    Args:
        x: Coarse features.
        skip: Features of the same rank, twice as large or one pixel less along any axis.
        method: `"nearest"`, `"linear"` (bilinear, or trilinear), or `"transpose"`, a transposed convolution whose
            kernel equals its stride.
        name: Prefix of the layers' names.

    Returns:
        Features of the skip's spatial shape with the channels of both, the upsampled ones first.

    Raises:
        TypeError: If the method is not a string.
        ValueError: If the ranks differ, or a known size of the skip is neither twice that of `x` nor one less.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import upsample_concat
        >>> upsample_concat(keras.Input((16, 16, 8)), keras.Input((31, 32, 4))).shape
        (None, 31, 32, 12)
    """
    pairs = zip(x.shape[1:-1], skip.shape[1:-1], strict=False)
    if spatial_rank(x) != spatial_rank(skip) or any(n and m and m not in (2 * n - 1, 2 * n) for n, m in pairs):
        raise ValueError(
            "Expected a skip of the same rank, twice as large as the features or one pixel less along any axis. "
            f"Received features of shape {tuple(x.shape)} and a skip of shape {tuple(skip.shape)}. Resize them, or "
            "compose upsample, crop_like and keras.layers.Concatenate."
        )
    x = upsample_like(x, skip, method=method, name=name)
    return keras.layers.Concatenate(name=suffixed(name, "concat"))([x, skip])


def crop_like(x: Any, reference: Any, *, name: str | None = None) -> Any:
    """Crop `x` to the spatial shape of `reference`, at the far end of every axis.

    Args:
        x: Features at least as large as `reference` along every axis.
        reference: Features of the same rank; the spatial shape may be variable (None).
        name: Prefix of the layers' names.

    Returns:
        Features with the spatial shape of `reference` and the channels of `x`.

    Raises:
        ValueError: If the ranks differ, or a known size of `x` is smaller than that of `reference`.

    Example:
        >>> import keras
        >>> from resunet_kit.blocks import crop_like
        >>> crop_like(keras.Input((8, 8, 3)), keras.Input((7, 8, 1))).shape
        (None, 7, 8, 3)
    """
    rank = spatial_rank(x)
    size, wanted = x.shape[1:-1], reference.shape[1:-1]
    known = [(have, want) for have, want in zip(size, wanted, strict=False) if have is not None and want is not None]
    if len(wanted) != rank or any(have < want for have, want in known):
        raise ValueError(
            f"Expected features of the reference's rank and at least of its size. Received shape {tuple(x.shape)} and "
            f"a reference of shape {tuple(reference.shape)}. Upsample the features: skips double in size at each level."
        )
    if len(known) < rank:
        return _crop_variable(x, reference)
    if size == wanted:
        return x
    layer = keras.layers.Cropping2D if rank == 2 else keras.layers.Cropping3D
    return layer([(0, have - want) for have, want in known], name=suffixed(name, "crop"))(x)


def upsample_like(x: Any, reference: Any, *, method: Method = "nearest", name: str | None = None) -> Any:
    """Upsample `x` twofold and crop it to the spatial shape of `reference`: `crop_like(upsample(x), reference)`.

    Where a size is variable, nearest-neighbour upsampling looks up each pixel of the result in `x`, so that no features
    are computed only to be cropped.
    """
    variable = None in (*x.shape[1:-1], *reference.shape[1:-1])
    if method == "nearest" and variable and len(x.shape) == len(reference.shape):
        return _take(x, [line // 2 for line in _counted(reference)])
    return crop_like(upsample(x, method=method, name=name), reference, name=name)


def _crop_variable(x: Any, reference: Any) -> Any:
    # Slicing to a symbolic size builds, but silently does not crop. Positions counted along the reference are plain
    # tensors: taking them crops, reloads without this package, and can be exported.
    return _take(x, _counted(reference))


def _counted(reference: Any) -> list[Any]:
    """Return 0, 1, 2, … along each spatial axis, in integers."""
    return [ops.cast(line, "int32") for line in positions(reference)]


def _take(x: Any, lines: list[Any]) -> Any:
    """Return the pixels of `x` at the given positions of each spatial axis, whole rows before single pixels."""
    for axis, line in enumerate(lines, start=1):
        x = ops.take(x, line, axis=axis)
    return x
