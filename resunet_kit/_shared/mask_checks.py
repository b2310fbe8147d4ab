"""What the functions on masks accept, and the errors for everything else."""

import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LARGEST = 2**40  # pixels of an image: sums of positions stay far below 2**63

Spacing = float | Sequence[float] | None


def as_mask(mask: ArrayLike, *, ndims: tuple[int, ...] = (2, 3)) -> NDArray[np.bool_]:
    """Return the foreground of a mask as booleans; the caller's own array if it is boolean already.

    Args:
        mask: Booleans, 0/1 or 0/255, of any real dtype.
        ndims: The numbers of axes that the caller can work with.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the number of axes is another, there is no pixel, or a value is not of the accepted pairs.
    """
    array = np.asarray(mask)
    if array.dtype.kind not in "buif":
        raise TypeError(f"Expected a mask of booleans or numbers, received dtype {array.dtype}. Convert it first.")
    _check_axes(array, ndims)
    if array.dtype == np.bool_:
        return array
    foreground = array != 0
    if not _is_two_valued(array, foreground):
        raise ValueError(
            f"Expected a mask of booleans, 0/1 or 0/255, received the values {_some_values(array)}. "
            "Threshold probabilities (`mask > 0.5`) or pick one label (`mask == 1`)."
        )
    return foreground


def _check_axes(array: NDArray[np.generic], ndims: tuple[int, ...]) -> None:
    if array.ndim not in ndims:
        channel = " Drop the channel axis: `mask[..., 0]`." if array.ndim and array.shape[-1] == 1 else ""
        cure = channel or (" Pass one slice or image at a time." if array.ndim > max(ndims) else " Reshape it.")
        wanted = " or ".join(f"{n}-D" for n in ndims)
        raise ValueError(f"Expected a {wanted} mask, received shape {array.shape}.{cure}")
    if array.size == 0:
        raise ValueError(f"Expected a mask with at least one pixel, received shape {array.shape}. Check the crop.")


def _is_two_valued(array: NDArray[np.generic], foreground: NDArray[np.bool_]) -> bool:
    peak = array.max()
    if array.dtype.kind == "u" and peak <= 1:
        return True  # the usual case, decided without another pass over the pixels
    if peak == 0:
        return not foreground.any()
    return bool(peak in (1, 255)) and np.array_equal(foreground, array == peak)


def _some_values(array: NDArray[np.generic]) -> str:
    values = np.unique(array)
    shown = ", ".join(f"{value:g}" for value in values[:6].tolist())
    return f"{shown}, ... ({values.size} distinct)" if values.size > 6 else shown


def whole_number(name: str, value: object, *, least: int) -> int:
    """Return `value` as an integer of at least `least`.

    Args:
        name: The parameter's name, for the error.
        value: A Python or NumPy integer; `True` is none.
        least: The smallest integer that is accepted.

    Raises:
        TypeError: If it is no integer.
        ValueError: If it is less.
    """
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise TypeError(f"Expected `{name}` to be an integer, received {value!r}. Convert it with int().")
    number = operator.index(value)
    if number < least:
        raise ValueError(f"Expected `{name}` of at least {least}, received {number}. Pass {least} or more.")
    return number


def image_shape(shape: object) -> tuple[int, int]:
    """Return `shape` as `(height, width)`, both at least 1.

    Args:
        shape: Two integers.

    Raises:
        TypeError: If it is not a sequence of integers.
        ValueError: If there are not two, one is less than 1, or no memory holds so many pixels.
    """
    if not isinstance(shape, (tuple, list, np.ndarray)):
        raise TypeError(f"Expected a shape (height, width), received {shape!r}. Pass a tuple of two integers.")
    if len(shape) != 2:
        raise ValueError(
            f"Expected a shape (height, width), received {tuple(shape)}. Pass `image.shape[:2]` of an image."
        )
    height, width = whole_number("height", shape[0], least=1), whole_number("width", shape[1], least=1)
    if height * width > _LARGEST:
        raise ValueError(
            f"Expected a shape of at most 2**40 pixels, received {(height, width)}. Pass the mask's own shape."
        )
    return height, width


def pixel_size(spacing: Spacing, ndim: int) -> tuple[float, ...]:
    """Return the spacing along each axis; 1 along each if there is none.

    Args:
        spacing: The distance between neighbouring pixels, one number for all axes or one for each, or `None`.
        ndim: The number of the mask's axes.

    Raises:
        ValueError: If there are more or fewer numbers than axes, or one is not positive and finite.
    """
    if spacing is None:
        return (1.0,) * ndim
    sizes = np.asarray(spacing)
    fits = sizes.shape in ((), (ndim,)) and sizes.dtype.kind in "uif"
    if not fits or not np.all((sizes > 0) & np.isfinite(sizes)):
        raise ValueError(
            f"Expected `spacing` of one positive number, or {ndim} in the order of the mask's axes, "
            f"received {spacing!r}. Pass the pixel size as (row, column), with the depth first in 3-D."
        )
    return tuple(np.broadcast_to(sizes, (ndim,)).astype(np.float64).tolist())


def neighbours(connectivity: int | None, ndim: int) -> int:
    """Return how many axes a neighbour may differ in; `None` means all of them.

    Args:
        connectivity: From 1, across faces only, to `ndim`, corners too.
        ndim: The number of the mask's axes.

    Raises:
        TypeError: If it is neither an integer nor `None`.
        ValueError: If it is outside 1..ndim.
    """
    if connectivity is None:
        return ndim
    if whole_number("connectivity", connectivity, least=1) > ndim:
        raise ValueError(
            f"Expected `connectivity` from 1 to {ndim} for a {ndim}-D mask, received {connectivity}. "
            "Pass 1 to join across faces only, or None to join across corners too."
        )
    return connectivity
