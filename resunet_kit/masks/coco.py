"""COCO's compressed run lengths, byte for byte as pycocotools writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._mask_checks import as_mask, image_shape
from resunet_kit.masks._runs import boundaries, paint

_BITS = 5  # of the number in each character
_MORE = 1 << _BITS  # set when another character of the same number follows
_SIGN = 1 << (_BITS - 1)  # set in the last character of a negative number
_FIRST = 48  # the character that stands for 0, "0"
_LONGEST = 7  # characters of a number: 35 bits hold the difference of any two counts of pycocotools' 32


def to_coco_rle(mask: ArrayLike) -> dict[str, Any]:
    """Encode a mask as COCO's compressed run lengths, the bytes that pycocotools writes.

    Args:
        mask: `(height, width)`, booleans, 0/1 or 0/255.

    Returns:
        `{"size": [height, width], "counts": bytes}`. For JSON, write `counts.decode("ascii")`.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the mask is not 2-D or has other values.

    Example:
        >>> to_coco_rle([[0, 1, 1], [1, 1, 0]])
        {'size': [2, 3], 'counts': b'141'}

    References:
        https://github.com/cocodataset/cocoapi
    """
    foreground = as_mask(mask, ndims=(2,))
    counts = np.diff(boundaries(foreground), prepend=0, append=foreground.size)
    return {"size": list(foreground.shape), "counts": _compress(counts)}


def from_coco_rle(rle: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Decode COCO's run lengths, compressed or not.

    Args:
        rle: `size` as `[height, width]`, and `counts` as compressed bytes, as the same in a string, or as a list of
            lengths: background, foreground, background, ... down the columns.

    Returns:
        `(height, width)`, `uint8` with 0 and 1, column-major in memory.

    Raises:
        TypeError: If `rle` is not a mapping, or its counts are of none of the three types.
        ValueError: If a key is missing, the counts are damaged, or they do not add up to the size.

    Example:
        >>> from_coco_rle({"size": [2, 3], "counts": [1, 4, 1]})
        array([[0, 1, 1],
               [1, 1, 0]], dtype=uint8)
    """
    if not isinstance(rle, Mapping):
        raise TypeError(
            f"Expected run lengths as {{'size': ..., 'counts': ...}}, received {type(rle).__name__}. "
            "Draw lists of polygons with `polygons_to_mask`."
        )
    if missing := {"size", "counts"} - set(rle):
        raise ValueError(
            f"Expected run lengths with 'size' and 'counts', received the keys {sorted(map(str, rle))}. "
            f"Add {sorted(missing)}."
        )
    shape = image_shape(rle["size"])
    counts = _read_counts(rle["counts"])
    _check_counts(counts, shape)
    return paint(counts, shape)


def _check_counts(counts: NDArray[np.int64], shape: tuple[int, int]) -> None:
    size = shape[0] * shape[1]
    if counts.size and counts.min() < 0:
        raise ValueError(f"Expected counts from 0, received {counts.min()}. The counts are damaged: encode again.")
    # The largest is looked at first, because a sum of huge counts could wrap round to the right number.
    total = counts.sum() if counts.size and counts.max() <= size else counts.max(initial=0)
    if total != size:
        raise ValueError(
            f"Expected counts that add up to {size} pixels of size {list(shape)}, received {total} or more. "
            "The text was cut off, or the size is another mask's."
        )


def _read_counts(counts: object) -> NDArray[np.int64]:
    if isinstance(counts, str):
        return _decompress(counts.encode("utf-8", "surrogatepass"))
    if isinstance(counts, (bytes, bytearray)):
        return _decompress(bytes(counts))
    if isinstance(counts, (list, tuple, np.ndarray)):
        return _plain_counts(counts)
    raise TypeError(
        f"Expected counts as bytes, a string or a list of integers, received {type(counts).__name__}. "
        "Pass what pycocotools or an annotation file holds under 'counts'."
    )


def _plain_counts(counts: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
    try:
        array = np.asarray(counts)
    except ValueError:  # lists of unequal lengths
        array = np.empty((0, 0))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(
            f"Expected counts as a flat list of integers, received {str(counts)[:60]}. "
            "Draw polygons with `polygons_to_mask`."
        )
    return array.astype(np.int64)


# A number is written from its low bits up, five to a character, until what is left is its sign alone. From the fourth
# count on, the difference to the count two before is written: neighbouring columns have similar runs.


def _compress(counts: NDArray[np.int64]) -> bytes:
    numbers = counts.copy()
    numbers[3:] -= counts[1:-2]
    magnitude = np.where(numbers < 0, ~numbers, numbers)
    largest = magnitude.max()
    lengths = np.ones_like(numbers)
    limit = _SIGN  # the first magnitude that needs another character: 16, 512, ...
    while limit <= largest:
        lengths += magnitude >= limit
        limit <<= _BITS
    ends = np.cumsum(lengths)
    text = np.empty(ends[-1], np.uint8)
    for place in range(lengths.max()):  # characters of the longest number, at most 7: no loop over runs
        long = lengths > place
        bits = (numbers[long] >> (_BITS * place)) & (_MORE - 1)
        more = np.where(lengths[long] > place + 1, _MORE, 0)
        text[ends[long] - lengths[long] + place] = bits + more + _FIRST
    return text.tobytes()


def _decompress(text: bytes) -> NDArray[np.int64]:
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - _FIRST
    if codes.size == 0:
        return codes
    last = (codes & _MORE) == 0
    lengths = np.diff(np.flatnonzero(last), prepend=-1)
    _check_characters(text, codes, lengths)
    starts = np.cumsum(lengths) - lengths
    shifts = _BITS * (np.arange(codes.size) - np.repeat(starts, lengths))
    numbers = np.add.reduceat((codes & (_MORE - 1)) << shifts, starts)
    negative = (codes[last] & _SIGN) != 0
    numbers = np.where(negative, numbers - (1 << (_BITS * lengths)), numbers)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _check_characters(text: bytes, codes: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    strange = (codes < 0) | (codes >= 2 * _MORE)
    if strange.any():
        place = int(np.argmax(strange))
        raise ValueError(
            f"Expected compressed counts of the characters '0' to 'o', received {text[place : place + 1]!r} "
            f"at place {place}. Pass plain counts as a list of integers, and Kaggle's text to `from_rle`."
        )
    if codes[-1] & _MORE:
        raise ValueError(
            f"Expected compressed counts that end with a number, received {text[-10:]!r} at the end. "
            "The text was cut off: encode again."
        )
    if lengths.max() > _LONGEST:
        raise ValueError(
            f"Expected numbers of at most {_LONGEST} characters, received one of {lengths.max()}. "
            "The counts are damaged: encode again."
        )
