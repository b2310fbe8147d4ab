"""Kaggle's run lengths: text of `start length` pairs, column-major, counted from 1."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask, image_shape
from resunet_kit.masks._integer_text import join_integers
from resunet_kit.masks._runs import boundaries, paint, run_lengths


def to_rle(mask: ArrayLike) -> str:
    """Encode a mask as Kaggle's run lengths.

    Args:
        mask: `(height, width)`, booleans, 0/1 or 0/255.

    Returns:
        `"start length start length ..."` with the pixels numbered down the columns from 1; `""` for an empty mask.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the mask is not 2-D or has other values.

    Example:
        >>> to_rle([[0, 1, 1], [1, 1, 0]])
        '2 4'

    References:
        https://www.kaggle.com/competitions/airbus-ship-detection/overview/evaluation
    """
    foreground = as_mask(mask, ndims=(2,))
    edges = boundaries(foreground)
    if edges.size % 2:
        edges = np.append(edges, edges.dtype.type(foreground.size))  # the last run ends with the image
    edges[1::2] -= edges[::2]  # from the ends to the lengths
    edges[::2] += 1
    return join_integers(edges)


def from_rle(text: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Decode Kaggle's run lengths.

    Args:
        text: `"start length start length ..."`, pixels numbered down the columns from 1. The runs may touch and come in
            any order, but not overlap. `""` is the empty mask.
        shape: `(height, width)` of the mask.

    Returns:
        `(height, width)`, `uint8` with 0 and 1, column-major in memory.

    Raises:
        TypeError: If `text` is not a string or `shape` does not consist of integers.
        ValueError: If the text is not such a list, or a run overlaps another or extends beyond the image.

    Example:
        >>> from_rle("2 4", (2, 3))
        array([[0, 1, 1],
               [1, 1, 0]], dtype=uint8)
    """
    height, width = image_shape(shape)
    size = height * width
    starts, lengths = _parse(text)
    _check_runs(starts, lengths, (height, width))
    numbers = np.stack([starts - 1, lengths], axis=1)
    if np.any(starts[1:] < starts[:-1]):
        numbers = numbers[np.argsort(starts)]
    numbers[:, 1] += numbers[:, 0]
    _check_apart(numbers[:, 0], numbers[:, 1])
    return paint(run_lengths(numbers.ravel(), size), (height, width))


def _parse(text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if not isinstance(text, str):
        raise TypeError(
            f"Expected run lengths as a string. Received {text!r}. pandas reads an empty cell as NaN: `.fillna('')`."
        )
    if not text.strip(" \t\r\n"):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if text.encode("utf-8", "surrogatepass").translate(None, b"0123456789 \t\r\n"):
        strange = next(token for token in re.split("[ \t\r\n]+", text) if token.strip("0123456789"))
        raise ValueError(
            f"Expected run lengths as integers separated by spaces. Received {strange[:40]!r}. "
            'Write an empty mask as "".'
        )
    numbers = np.fromstring(text, dtype=np.int64, sep=" ")  # beyond int64 it saturates, outside of every image
    if numbers.size % 2:
        raise ValueError(
            f"Expected pairs of start and length. Received {numbers.size} numbers, the last one {numbers[-1]}. "
            "Pass the whole text: it was probably cut off."
        )
    return numbers[::2], numbers[1::2]


def _check_runs(starts: NDArray[np.int64], lengths: NDArray[np.int64], shape: tuple[int, int]) -> None:
    size = shape[0] * shape[1]
    _refuse(starts < 1, starts, lengths, "starts from 1", "Add 1 to starts that count from 0.")
    _refuse(lengths < 1, starts, lengths, "lengths from 1", "Drop runs without pixels.")
    _refuse(
        lengths > size - np.minimum(starts, size) + (starts <= size),  # unlike start + length, it cannot overflow
        starts,
        lengths,
        f"runs that end at pixel {size} of shape {shape} or before",
        "Check that the shape is (height, width) of the mask that was encoded.",
    )


def _refuse(
    wrong: NDArray[np.bool_], starts: NDArray[np.int64], lengths: NDArray[np.int64], expected: str, cure: str
) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        received = f"'{starts[first]} {lengths[first]}' as run {first + 1}"
        raise ValueError(f"Expected {expected}. Received {received}. {cure}")


def _check_apart(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> None:
    overlapping = starts[1:] < stops[:-1]
    if overlapping.any():
        first = int(np.argmax(overlapping))
        one, other = (f"'{starts[i] + 1} {stops[i] - starts[i]}'" for i in (first, first + 1))
        raise ValueError(
            f"Expected runs that do not overlap. Received {one} and {other}. "
            "Decode each object by itself and join the masks with `|`."
        )
