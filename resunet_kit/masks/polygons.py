"""Contours of masks, and masks of polygons."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask, image_shape
from resunet_kit.masks.measures import bounding_box


def contours(mask: ArrayLike) -> list[NDArray[np.float64]]:
    """Trace the outlines and the holes of a mask.

    The contours pass half-way between the centres of foreground and background pixels. Seen with the rows downwards,
    outlines run clockwise and holes counter-clockwise; `is_hole` tells them apart. Pixels that touch at a corner share
    an outline. `polygons_to_mask` gives back the mask exactly.

    Args:
        mask: `(height, width)`, booleans, 0/1 or 0/255.

    Returns:
        Closed polygons `(n, 2)` of (row, column), the last point equal to the first, without points on straight lines.
        Pixel centres have integer coordinates, so the image spans -0.5 to height - 0.5. An empty mask has none.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the mask is not 2-D or has other values.

    Example:
        >>> contours([[0, 0, 0], [0, 1, 0], [0, 0, 0]])[0]
        array([[1.5, 1. ],
               [1. , 0.5],
               [0.5, 1. ],
               [1. , 1.5],
               [1.5, 1. ]])

    References:
        Lorensen and Cline, 1987, in two dimensions, by `skimage.measure.find_contours`.
    """
    from skimage.measure import find_contours

    foreground = as_mask(mask, ndims=(2,))
    box = bounding_box(foreground)
    if box is None:
        return []
    # The frame closes the contours of what touches the border.
    framed = np.pad(foreground[box[0] : box[2], box[1] : box[3]], 1).astype(np.float64)
    found = find_contours(framed, 0.5, fully_connected="high")
    corner = np.array(box[:2]) - 1.0
    return [_without_straight_points(points) + corner for points in found]


def _without_straight_points(closed: NDArray[np.float64]) -> NDArray[np.float64]:
    points = closed[:-1]
    steps = np.diff(closed, axis=0)
    corners = points[np.any(steps != np.roll(steps, 1, axis=0), axis=1)]
    return np.concatenate([corners, corners[:1]])


def is_hole(contour: ArrayLike) -> bool:
    """Return whether a contour from `contours` encloses a hole.

    Args:
        contour: `(n, 2)` of (row, column), closed or not.

    Returns:
        True if the points run counter-clockwise, seen with the rows downwards.

    Raises:
        TypeError: If the coordinates are not numbers.
        ValueError: If it is not a polygon of at least three points.

    Example:
        >>> ring = [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
        >>> [is_hole(contour) for contour in contours(ring)]
        [False, True]
    """
    rows, columns = _as_polygon(contour, 0).T
    twice_the_area = np.sum(rows * np.roll(columns, -1) - columns * np.roll(rows, -1))
    return bool(twice_the_area > 0)


def polygons_to_mask(polygons: Iterable[ArrayLike], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Fill polygons by the non-zero winding rule, pixel by pixel at its centre.

    A polygon inside another is a hole if it runs the other way round, as those of `contours` do; polygons that run the
    same way are united. Of a centre on an edge, the smaller row or column belongs to the polygon, so polygons that
    share an edge share no pixel.

    Args:
        polygons: Arrays `(n, 2)` of (row, column), closed or not, within -0.5 to height - 0.5 and -0.5 to width - 0.5.
        shape: `(height, width)` of the mask.

    Returns:
        `(height, width)`, `uint8` with 0 and 1.

    Raises:
        TypeError: If coordinates are not numbers, or `shape` does not consist of integers.
        ValueError: If a polygon has fewer than three points, a point that is not finite, or one outside the image.

    Example:
        >>> polygons_to_mask([[(0, 0), (0, 2), (2, 2), (2, 0)]], (3, 3))
        array([[1, 1, 0],
               [1, 1, 0],
               [0, 0, 0]], dtype=uint8)
    """
    height, width = image_shape(shape)
    rings = [_as_polygon(polygon, index) for index, polygon in enumerate(polygons)]
    for index, ring in enumerate(rings):
        _check_inside(ring, index, (height, width))
    winding = np.zeros((height, width + 1), np.int32)
    if rings:
        ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
        rows, columns, signs = _crossings(np.concatenate(rings), ends)
        np.add.at(winding, (rows, columns), signs)
    np.cumsum(winding, axis=1, out=winding)
    return (winding[:, :width] != 0).astype(np.uint8)


def _crossings(
    begins: NDArray[np.float64], ends: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return where edges cross the rows of pixel centres: row, first column at or past it, and 1 down or -1 up."""
    down = begins[:, 0] < ends[:, 0]
    # From the upper end to the lower whatever the direction, so that a shared edge is rounded once.
    top, bottom = np.where(down[:, None], begins, ends), np.where(down[:, None], ends, begins)
    first = np.ceil(top[:, 0]).astype(np.int64)
    count = np.ceil(bottom[:, 0]).astype(np.int64) - first  # rows from the top, included, to the bottom, excluded
    edge = np.repeat(np.arange(count.size), count)
    rows = first[edge] + np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    top, bottom = top[edge], bottom[edge]
    fraction = (rows - top[:, 0]) / (bottom[:, 0] - top[:, 0])
    columns = top[:, 1] + fraction * (bottom[:, 1] - top[:, 1])
    return rows, np.ceil(columns).astype(np.int64), np.where(down, 1, -1)[edge]


def _as_polygon(polygon: ArrayLike, index: int) -> NDArray[np.float64]:
    try:
        points = np.asarray(polygon)
    except ValueError:  # rows of unequal lengths
        points = np.empty(0)
    if points.dtype.kind not in "uif":
        raise TypeError(
            f"Expected polygons of numbers. Received dtype {points.dtype} at index {index}. Convert them to float64."
        )
    if points.ndim != 2 or points.shape[0] < 3 or points.shape[1] != 2:
        raise ValueError(
            f"Expected polygons of at least three (row, column) points. Received {str(polygon)[:60]} at index {index}. "
            "Put a single polygon in a list, and reshape COCO's flat x, y lists: `np.reshape(flat, (-1, 2))[:, ::-1]`."
        )
    if not np.isfinite(points).all():
        raise ValueError(
            f"Expected finite coordinates. Received {points[~np.isfinite(points).all(axis=1)][0].tolist()} "
            f"in the polygon at index {index}. Remove that point."
        )
    return points.astype(np.float64, copy=False)


def _check_inside(points: NDArray[np.float64], index: int, shape: tuple[int, int]) -> None:
    outside = np.any((points < -0.5) | (points > np.array(shape) - 0.5), axis=1)
    if outside.any():
        raise ValueError(
            f"Expected points within rows -0.5 to {shape[0] - 0.5} and columns -0.5 to {shape[1] - 0.5}. Received "
            f"{points[outside][0].tolist()} in the polygon at index {index}. Points are (row, column), not (x, y): "
            "swap them, or clip them to the image."
        )
