"""COCO's run lengths: compressed, byte for byte as pycocotools writes them, or plain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask, image_shape
from resunet_kit._shared.numbers import choice
from resunet_kit.masks._coco_text import compress, decompress
from resunet_kit.masks._runs import boundaries, paint, run_lengths

Counts = Literal["bytes", "str", "list"]


def to_coco_rle(mask: ArrayLike, *, counts: Counts = "bytes") -> dict[str, Any]:
    """Encode a mask as COCO's run lengths, by default in the bytes that pycocotools writes.

    Args:
        mask: `(height, width)`, booleans, 0/1 or 0/255.
        counts: `"bytes"` compresses, as pycocotools does. JSON has no bytes: `"str"` gives the same characters as text,
            which pycocotools reads too, and `"list"` plain integers, as COCO's own files store crowds.

    Returns:
        `{"size": [height, width], "counts": counts}`. `from_coco_rle` reads every kind of counts.

    Raises:
        TypeError: If the values are not numbers, or `counts` is not a string.
        ValueError: If the mask is not 2-D or has other values, or `counts` is another string.

    Example:
        >>> to_coco_rle([[0, 1, 1], [1, 1, 0]])
        {'size': [2, 3], 'counts': b'141'}
        >>> import json
        >>> json.dumps(to_coco_rle([[0, 1, 1], [1, 1, 0]], counts="str"))
        '{"size": [2, 3], "counts": "141"}'

    References:
        https://github.com/cocodataset/cocoapi
    """
    choice("counts", counts, get_args(Counts))
    foreground = as_mask(mask, ndims=(2,))
    return encode_edges(boundaries(foreground), foreground.shape, counts)


def encode_edges(edges: NDArray[np.signedinteger[Any]], shape: tuple[int, ...], counts: Counts) -> dict[str, Any]:
    """Return the run lengths between `edges`, the positions that `_runs.boundaries` finds in a mask of `shape`."""
    lengths = run_lengths(edges, shape[0] * shape[1])
    if counts == "list":
        return {"size": list(shape), "counts": lengths.tolist()}
    text = compress(lengths)
    return {"size": list(shape), "counts": text if counts == "bytes" else text.decode("ascii")}


def from_coco_rle(rle: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Decode COCO's run lengths, compressed or not.

    Args:
        rle: `size` as `[height, width]`, and `counts` as compressed bytes, the same as a string, or a list of lengths:
            background, foreground, background, ... down the columns.

    Returns:
        `(height, width)`, `uint8` with 0 and 1, column-major in memory.

    Raises:
        TypeError: If `rle` is not a mapping, or its counts are of another type.
        ValueError: If a key is missing, the counts are damaged, or they do not add up to the size.

    Example:
        >>> from_coco_rle({"size": [2, 3], "counts": [1, 4, 1]})
        array([[0, 1, 1],
               [1, 1, 0]], dtype=uint8)
    """
    if not isinstance(rle, Mapping):
        raise TypeError(
            f"Expected run lengths as {{'size': ..., 'counts': ...}}. Received {type(rle).__name__}. "
            "Draw COCO's lists of polygons with `from_coco_segmentation`."
        )
    if missing := {"size", "counts"} - set(rle):
        raise ValueError(
            f"Expected run lengths with 'size' and 'counts'. Received the keys {sorted(map(str, rle))}. "
            f"Add {sorted(missing)}."
        )
    shape = image_shape(rle["size"])
    counts = _read_counts(rle["counts"])
    _check_counts(counts, shape)
    return paint(counts.astype(np.int64, copy=False), shape)


def _check_counts(counts: NDArray[np.integer[Any]], shape: tuple[int, int]) -> None:
    size = shape[0] * shape[1]
    if counts.min(initial=0) < 0 or counts.max(initial=0) > size:
        total = int(counts[np.argmax((counts < 0) | (counts > size))])  # the first, because later ones can be off
    else:
        total = int(counts.sum(dtype=np.int64))
    if total < 0:
        raise ValueError(f"Expected counts of at least 0. Received {total}. The counts are damaged: encode again.")
    if total != size:
        raise ValueError(
            f"Expected counts that add up to {size} pixels of size {list(shape)}. Received {total} or more. "
            "Pass the whole text, and the size of the mask that was encoded."
        )


def _read_counts(counts: object) -> NDArray[np.integer[Any]]:
    if isinstance(counts, str):
        return decompress(counts.encode("utf-8", "surrogatepass"))
    if isinstance(counts, (bytes, bytearray)):
        return decompress(bytes(counts))
    if isinstance(counts, (list, tuple, np.ndarray)):
        return _plain_counts(counts)
    raise TypeError(
        f"Expected counts as bytes, a string or a list of integers. Received {type(counts).__name__}. "
        "Pass what pycocotools or an annotation file holds under 'counts'."
    )


def _plain_counts(counts: Sequence[Any] | NDArray[Any]) -> NDArray[np.integer[Any]]:
    try:
        array = np.asarray(counts)
    except ValueError:  # lists of unequal lengths
        array = np.empty((0, 0))
    if array.size == 0 and array.ndim == 1:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise TypeError(
            f"Expected counts as a flat list of integers. Received {str(counts)[:60]}. "
            "Draw COCO's polygons with `from_coco_segmentation`."
        )
    return array
