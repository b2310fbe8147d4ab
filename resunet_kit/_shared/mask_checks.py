"""Checks of masks and their options: values, shapes, spacing and connectivity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.numbers import integer, numbers_per_axis

_MAX_PIXELS = 2**40  # per image, so that sums of positions stay far below 2**63

Spacing = float | Sequence[float] | None


def as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    """Return the values as an array of any dtype and shape, without copying what is an array already.

    Raises:
        ValueError: If lists are of unequal lengths, or a masked array hides values.
    """
    check_not_masked(values, name)
    if isinstance(values, np.ma.MaskedArray):
        return np.ma.getdata(values)
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"Expected {name} as one array. Received lists of unequal lengths: {error}. Make all rows equally long."
        ) from error


def check_not_masked(values: Any, name: str) -> None:
    """Refuse a masked array with hidden values, which NumPy's functions would treat like any other value.

    Raises:
        ValueError: If values are hidden.
    """
    if np.ma.is_masked(values):
        raise ValueError(
            f"Expected {name} without masked values. Received a masked array that hides "
            f"{np.ma.count_masked(values)} of {values.size}. Say what they are: `{name}.filled(0)`."
        )


def as_mask(mask: ArrayLike, *, name: str = "mask", ndims: tuple[int, ...] = (2, 3)) -> NDArray[np.bool_]:
    """Return the foreground of a mask as booleans, without copying a boolean mask.

    Args:
        mask: Booleans, 0/1 or 0/255, of any real dtype.
        name: The argument's name, for the message.
        ndims: The accepted numbers of axes.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the number of axes is not accepted, there is no pixel, or a value is not accepted.
    """
    array = as_array(mask, name)
    if array.dtype.kind in "buif":
        _check_axes(name, array, ndims)
    return as_binary(array, name)


def as_binary(values: ArrayLike, name: str) -> NDArray[np.bool_]:
    """Return booleans of the same shape, without copying a boolean array.

    Args:
        values: Booleans, 0/1 or 0/255, of any real dtype and any shape.
        name: The argument's name, for the message.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If there is no value, or one is not accepted.
    """
    array = as_array(values, name)
    if array.dtype.kind not in "buif":
        raise TypeError(
            f"Expected {name} of booleans, 0/1 or 0/255. Received dtype {array.dtype}. Convert it to numbers first."
        )
    if array.size == 0:
        raise ValueError(f"Expected {name} with at least one value. Received shape {array.shape}. Check the selection.")
    if array.dtype == np.bool_:
        return array
    foreground = array != 0
    if not _is_two_valued(array, foreground):
        raise ValueError(
            f"Expected {name} of booleans, 0/1 or 0/255. Received the values {_some_values(array)}. "
            "Threshold probabilities (`probability >= 0.5`) or select one class (`labels == 1`)."
        )
    return foreground


def _check_axes(name: str, array: NDArray[np.generic], ndims: tuple[int, ...]) -> None:
    if array.ndim not in ndims:
        channel = " Drop the channel axis: `mask[..., 0]`." if array.ndim and array.shape[-1] == 1 else ""
        cure = channel or (" Pass one slice or image at a time." if array.ndim > max(ndims) else " Reshape it.")
        wanted = " or ".join(f"{n}-D" for n in ndims)
        raise ValueError(f"Expected {name} to be {wanted}. Received shape {array.shape}.{cure}")
    if array.size == 0:
        raise ValueError(f"Expected {name} with at least one pixel. Received shape {array.shape}. Check the crop.")


def _is_two_valued(array: NDArray[np.generic], foreground: NDArray[np.bool_]) -> bool:
    peak = array.max()
    if array.dtype.kind == "u" and peak <= 1:
        return True  # the usual case, without another pass over the pixels
    if peak == 0:
        return not foreground.any()
    return bool(peak in (1, 255)) and np.array_equal(foreground, array == peak)


def _some_values(array: NDArray[np.generic]) -> str:
    values = np.unique(array)
    shown = ", ".join(f"{value:g}" for value in values[:6].tolist())
    return f"{shown}, ... ({values.size} distinct)" if values.size > 6 else shown


def image_shape(shape: object) -> tuple[int, int]:
    """Return `shape` as `(height, width)`, both at least 1.

    Args:
        shape: Two integers.

    Raises:
        TypeError: If it is not a sequence of integers.
        ValueError: If there are not two, one is less than 1, or there are more than 2**40 pixels.
    """
    if not isinstance(shape, (tuple, list, np.ndarray)):
        raise TypeError(f"Expected a shape (height, width). Received {shape!r}. Pass a tuple of two integers.")
    if len(shape) != 2:
        raise ValueError(
            f"Expected a shape (height, width). Received {tuple(shape)}. Pass `image.shape[:2]` of an image."
        )
    height, width = (integer(name, size, "[1, inf)") for name, size in zip(("height", "width"), shape, strict=True))
    if height * width > _MAX_PIXELS:
        raise ValueError(
            f"Expected a shape of at most 2**40 pixels. Received {(height, width)}. Pass the mask's own shape."
        )
    return height, width


def pixel_size(spacing: Spacing, ndim: int) -> tuple[float, ...]:
    """Return the spacing along each axis; `None` means 1 along all of them.

    Args:
        spacing: The distance between neighbouring pixels, one number for all axes or one for each, or `None`.
        ndim: The number of the mask's axes.

    Raises:
        TypeError: If it is not one number or a sequence of numbers.
        ValueError: If there are more or fewer numbers than axes, or one is not positive and finite.
    """
    return (1.0,) * ndim if spacing is None else numbers_per_axis("spacing", spacing, ndim)


def neighbours(connectivity: int | None, ndim: int) -> int:
    """Return how many axes a neighbour may differ in; `None` means all of them.

    Args:
        connectivity: From 1, across faces only, to `ndim`, across corners too.
        ndim: The number of the mask's axes.

    Raises:
        TypeError: If it is neither an integer nor `None`.
        ValueError: If it is outside 1..ndim.
    """
    if connectivity is None:
        return ndim
    return integer(
        "connectivity", connectivity, f"[1, {ndim}]", cure="Pass 1 to join across faces only, or None for corners too."
    )
