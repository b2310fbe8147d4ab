"""COCO's segmentations: masks from the polygons or run lengths of an annotation file."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resunet_kit._shared.mask_checks import image_shape
from resunet_kit.masks._coco_polygons import union_of_polygons
from resunet_kit.masks.coco import from_coco_rle

_FARTHEST = 2**27  # pixels: beyond, pycocotools's 32-bit integers of fifths of a pixel overflow


def from_coco_segmentation(
    segmentation: Mapping[str, Any] | Sequence[Any], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Draw one annotation's segmentation, pixel for pixel as pycocotools does.

    The mask is the union of all polygons; one that crosses itself is filled by the even-odd rule. Coordinates count
    from the image's upper left corner, so the centre of the first pixel is (0.5, 0.5). Parts outside the image are cut
    off. Polygons thinner than a pixel may contain no pixel.

    Args:
        segmentation: `annotation["segmentation"]`: a list of polygons `[x, y, x, y, ...]`, or run lengths
            `{"size": [height, width], "counts": ...}`, compressed (text or bytes) or as a list of integers.
        shape: `(height, width)` of the image: `(image["height"], image["width"])`.

    Returns:
        `(height, width)`, `uint8` with 0 and 1, column-major in memory.

    Raises:
        TypeError: If it is neither polygons of numbers nor run lengths, or `shape` does not consist of integers.
        ValueError: If there is no polygon, one has fewer than three points, an odd number of coordinates or one that is
            not finite; if the run lengths are damaged or of another size than `shape`.

    Example:
        >>> from_coco_segmentation([[0, 0, 2, 0, 2, 1, 0, 1]], (2, 3))
        array([[1, 1, 0],
               [0, 0, 0]], dtype=uint8)
        >>> from_coco_segmentation({"size": [2, 3], "counts": "141"}, (2, 3))
        array([[0, 1, 1],
               [1, 1, 0]], dtype=uint8)

    References:
        https://cocodataset.org/#format-data and `rleFrPoly` of https://github.com/cocodataset/cocoapi
    """
    size = image_shape(shape)
    if isinstance(segmentation, Mapping):
        return _from_run_lengths(segmentation, size)
    if isinstance(segmentation, str | bytes) or not isinstance(segmentation, Sequence | np.ndarray):
        raise TypeError(
            "Expected a segmentation as a list of polygons or a dictionary of run lengths. Received "
            f"{type(segmentation).__name__}. Pass `annotation['segmentation']`."
        )
    if len(segmentation) == 0:
        raise ValueError(
            "Expected a segmentation with at least one polygon. Received an empty list. Leave out annotations without "
            "a segmentation, or draw their 'bbox' as a polygon."
        )
    return union_of_polygons([_as_points(polygon, index) for index, polygon in enumerate(segmentation)], size)


def _from_run_lengths(rle: Mapping[str, Any], shape: tuple[int, int]) -> NDArray[np.uint8]:
    if "segmentation" in rle:
        raise ValueError(
            f"Expected a segmentation. Received a whole annotation with the keys {sorted(map(str, rle))}. "
            "Pass `annotation['segmentation']`."
        )
    mask = from_coco_rle(rle)
    if mask.shape != shape:
        raise ValueError(
            f"Expected run lengths of shape {shape}. Received the size {list(mask.shape)}. Pass the shape as "
            "(height, width), and take the image that the annotation's 'image_id' names."
        )
    return mask


def _as_points(polygon: object, index: int) -> NDArray[np.float64]:
    """Return the points `(n, 2)` of a flat list of x and y."""
    try:
        numbers = np.asarray(polygon)
    except ValueError:  # lists of unequal lengths
        numbers = np.empty((0, 0))
    if numbers.ndim < 2 and numbers.size and numbers.dtype.kind not in "uif":
        raise TypeError(
            f"Expected polygons of numbers. Received {_start(polygon)} at index {index}. Pass a list of polygons "
            "[x, y, x, y, ...], or the dictionary of run lengths by itself, without a list around it."
        )
    if numbers.ndim != 1 or numbers.size % 2 or numbers.size < 6:
        raise ValueError(
            "Expected polygons as flat lists [x, y, x, y, ...] of at least three points. Received "
            f"{_start(polygon)} at index {index}{_count(numbers)}. {_cure(numbers)}"
        )
    if not (np.abs(numbers) <= _FARTHEST).all():
        wrong = numbers[~(np.abs(numbers) <= _FARTHEST)][0]
        raise ValueError(
            f"Expected finite coordinates of at most 2**27 pixels. Received {wrong} in the polygon at index {index}. "
            "Remove that point."
        )
    return numbers.reshape(-1, 2).astype(np.float64)


def _start(polygon: object) -> str:
    return " ".join(str(polygon)[:60].split())


def _count(numbers: NDArray[Any]) -> str:
    return f", {numbers.size} numbers" if numbers.ndim == 1 else ""


def _cure(numbers: NDArray[Any]) -> str:
    if numbers.ndim == 0:
        return "Put a single polygon in a list: `[polygon]`."
    if numbers.ndim > 1:
        return "Flatten pairs of x and y: `np.ravel(polygon)`, and holes that are lists of their own are run lengths."
    if numbers.size == 4:
        return "Draw a box [x, y, width, height] as [x, y, x + w, y, x + w, y + h, x, y + h], and leave out lines."
    return "Leave that polygon out, or restore its missing numbers."
