"""Contours of masks, and masks from polygons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask, image_shape
from resunet_kit._shared.numbers import choice
from resunet_kit.masks.measures import bounding_box

Origin = Literal["center", "corner"]
Order = Literal["row_column", "xy"]


def contours(mask: ArrayLike, *, origin: Origin = "center", order: Order = "row_column") -> list[NDArray[np.float64]]:
    """Trace the outlines and holes of a mask.

    The contours pass half-way between the centres of foreground and background pixels. Seen with the rows downwards,
    outlines run clockwise and holes counter-clockwise; `is_hole` tells them apart. Pixels that touch at a corner share
    an outline. `polygons_to_mask` with the same options restores the mask exactly. COCO's polygons correspond to
    `origin="corner", order="xy"`, without holes; `to_coco_annotations` makes them.

    Args:
        mask: `(height, width)`, booleans, 0/1 or 0/255.
        origin: Origin of the coordinates. `"center"`: the centre of the first pixel, so that pixel centres are integers
            and the image spans -0.5 to height - 0.5. `"corner"`: the image's corner, so that pixel centres are at
            halves and the image spans 0 to height.
        order: `"row_column"`, or `"xy"`: column first. The points are then in reverse order, so that `is_hole` is right
            for both.

    Returns:
        Closed polygons `(n, 2)`, the last point equal to the first, without points on straight lines. An empty mask has
        none.

    Raises:
        TypeError: If the values are not numbers, or an option is not a string.
        ValueError: If the mask is not 2-D or has other values, or an option is another string.

    Example:
        >>> contours([[0, 0, 0], [0, 1, 0], [0, 0, 0]])[0]
        array([[1.5, 1. ],
               [1. , 0.5],
               [0.5, 1. ],
               [1. , 1.5],
               [1.5, 1. ]])
        >>> contours([[0, 0, 0], [0, 1, 0], [0, 0, 0]], origin="corner", order="xy")[0].tolist()
        [[1.5, 2.0], [2.0, 1.5], [1.5, 1.0], [1.0, 1.5], [1.5, 2.0]]

    References:
        Lorensen and Cline, 1987, in two dimensions, by `skimage.measure.find_contours`.
    """
    from skimage.measure import find_contours

    shift = _shift(origin, order)
    foreground = as_mask(mask, ndims=(2,))
    box = bounding_box(foreground)
    if box is None:
        return []
    # The frame closes the contours of regions that touch the border.
    framed = np.pad(foreground[box[0] : box[2], box[1] : box[3]], 1).astype(np.float64)
    found = find_contours(framed, 0.5, fully_connected="high")
    corner = np.array(box[:2]) - 1.0 + shift
    outlines = [_without_straight_points(points) + corner for points in found]
    return outlines if order == "row_column" else [outline[::-1, ::-1].copy() for outline in outlines]


def _shift(origin: str, order: str) -> float:
    """Return the coordinate of the first pixel's centre."""
    choice("order", order, get_args(Order))
    return 0.5 if choice("origin", origin, get_args(Origin)) == "corner" else 0.0


def _without_straight_points(closed: NDArray[np.float64]) -> NDArray[np.float64]:
    points = closed[:-1]
    steps = np.diff(closed, axis=0)
    corners = points[np.any(steps != np.roll(steps, 1, axis=0), axis=1)]
    return np.concatenate([corners, corners[:1]])


def is_hole(contour: ArrayLike) -> bool:
    """Return whether a contour from `contours` encloses a hole.

    Args:
        contour: `(n, 2)`, closed or not, with any origin and order that `contours` offers.

    Returns:
        True if the points run counter-clockwise, seen with the first coordinate downwards and the second to the right.

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


def polygons_to_mask(
    polygons: Iterable[ArrayLike],
    shape: tuple[int, int],
    *,
    origin: Origin = "center",
    order: Order = "row_column",
) -> NDArray[np.uint8]:
    """Fill polygons by the non-zero winding rule, evaluated at the pixel centres.

    A polygon inside another is a hole if it runs in the opposite direction, as holes from `contours` do; polygons that
    run in the same direction are united. Pixel centres on an edge belong to the polygon on the side of the larger row
    or column, so polygons that share an edge share no pixel. For COCO's own segmentations, which follow other rules,
    use `from_coco_segmentation`.

    Args:
        polygons: Arrays `(n, 2)`, closed or not, within the image: by default (row, column) within -0.5 to height - 0.5
            and -0.5 to width - 0.5.
        shape: `(height, width)` of the mask.
        origin: `"center"`: coordinates count from the centre of the first pixel. `"corner"`: from the image's corner,
            so that rows are within 0 to height.
        order: `"row_column"`, or `"xy"`: column first.

    Returns:
        `(height, width)`, `uint8` with 0 and 1.

    Raises:
        TypeError: If coordinates are not numbers, `shape` does not consist of integers, or an option is not a string.
        ValueError: If a polygon has fewer than three points, a point that is not finite, or one outside the image; if
            an option is another string.

    Example:
        >>> polygons_to_mask([[(0, 0), (0, 2), (2, 2), (2, 0)]], (3, 3))
        array([[1, 1, 0],
               [1, 1, 0],
               [0, 0, 0]], dtype=uint8)
    """
    shift, (height, width) = _shift(origin, order), image_shape(shape)
    if not isinstance(polygons, Iterable):
        raise TypeError(
            f"Expected polygons as a list of arrays (n, 2). Received {polygons!r}. Pass [] for an empty mask."
        )
    rings = [_as_polygon(polygon, index) for index, polygon in enumerate(polygons)]
    for index, ring in enumerate(rings):
        _check_inside(ring, index, (height, width), order, shift)
    rings = [(ring if order == "row_column" else ring[:, ::-1]) - shift for ring in rings]
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
    # From the upper end to the lower whatever the direction, so that a shared edge is rounded the same way.
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
            f"Expected polygons of at least three points, as (n, 2). Received {str(polygon)[:60]} at index {index}. "
            "Put a single polygon in a list, and draw COCO's flat x, y lists with `from_coco_segmentation`."
        )
    if not np.isfinite(points).all():
        raise ValueError(
            f"Expected finite coordinates. Received {points[~np.isfinite(points).all(axis=1)][0].tolist()} "
            f"in the polygon at index {index}. Remove that point."
        )
    return points.astype(np.float64, copy=False)


def _check_inside(points: NDArray[np.float64], index: int, shape: tuple[int, int], order: str, shift: float) -> None:
    low, high = shift - 0.5, np.array(shape if order == "row_column" else shape[::-1]) + shift - 0.5
    outside = np.any((points < low) | (points > high), axis=1)
    if outside.any():
        names, other = ("rows", "columns"), "(x, y)"
        if order == "xy":
            names, other = ("x", "y"), "(row, column)"
        raise ValueError(
            f"Expected points within {names[0]} {low} to {high[0]} and {names[1]} {low} to {high[1]}. Received "
            f"{points[outside][0].tolist()} in the polygon at index {index}. Points with order={order!r} are not "
            f"{other}: pass the other order, the origin from which they count, or clip them to the image."
        )
