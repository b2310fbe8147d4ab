"""COCO's rasterisation of polygons, pixel for pixel as pycocotools does it.

A polygon is drawn edge by edge on a grid five times as fine, with Bresenham's line algorithm. Where a line crosses the
middle of a column of pixels, the column changes between outside and inside at the nearest pixel; so a polygon that
crosses itself is filled by the even-odd rule. Columns and rows outside the image are ignored.

References:
    `rleFrPoly` in common/maskApi.c of https://github.com/cocodataset/cocoapi
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_FINE = 5  # points of the fine grid per pixel
_MIDDLE = 2  # a line crosses the middle of a pixel between this point and the next
_CHUNK = 512  # edges at once: the intermediate arrays hold up to one number per column for each edge

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]


def union_of_polygons(polygons: Iterable[_Floats], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the mask of all pixels inside any polygon; column-major in memory.

    Args:
        polygons: `(n, 2)` of (x, y) from the image's corner, finite and below 2**27 in magnitude.
        shape: `(height, width)`.
    """
    height, width = shape
    pixels = np.zeros(height * width, np.uint8)
    for polygon in polygons:
        changes = np.concatenate([*_changes(polygon, shape), np.empty(0, np.int64)])
        if changes.size:
            start, stop = int(changes.min()), int(changes.max())
            crossed = np.bincount(changes - start, minlength=stop - start + 1)[:-1]
            pixels[start:stop] |= (np.cumsum(crossed) & 1).astype(np.uint8)
    return pixels.reshape(width, height).T


def _changes(polygon: _Floats, shape: tuple[int, int]) -> Iterator[_Integers]:
    """Yield the column-major positions at which the pixels of a column change between outside and inside."""
    points = np.trunc(_FINE * polygon + 0.5)  # towards zero, as in C, also for negative numbers
    begins, ends = points, np.roll(points, -1, axis=0)
    for start in range(0, len(points), _CHUNK):
        edges = np.concatenate([begins[start : start + _CHUNK], ends[start : start + _CHUNK]], axis=1)
        run, rise = np.abs(edges[:, 2] - edges[:, 0]), np.abs(edges[:, 3] - edges[:, 1])
        yield _positions(edges[(run >= rise) & (run > 0)], shape, _along_x)
        yield _positions(edges[(run < rise) & (run > 0)], shape, _along_y)


def _positions(edges: _Floats, shape: tuple[int, int], upper_end: Callable[[_Floats, _Integers], _Floats]) -> _Integers:
    height, width = shape
    left, right = np.minimum(edges[:, 0], edges[:, 2]), np.maximum(edges[:, 0], edges[:, 2])
    first = np.clip(np.ceil((left - _MIDDLE) / _FINE), 0, width).astype(np.int64)
    last = np.clip(np.floor((right - _MIDDLE - 1) / _FINE), -1, width - 1).astype(np.int64)
    count = np.maximum(last - first + 1, 0)
    edge = np.repeat(np.arange(count.size), count)
    columns = first[edge] + np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    y = upper_end(edges[edge], _FINE * columns + _MIDDLE)
    rows = np.clip(np.ceil((y - _MIDDLE) / _FINE), 0, height).astype(np.int64)
    return columns * height + rows


def _along_x(edges: _Floats, x: _Integers) -> _Floats:
    """Return the smaller y of a flat line at `x` and at the next point of the fine grid."""
    x0, y0, x1, y1 = _ascending(edges, 0)
    slope = (y1 - y0) / (x1 - x0)
    here, next_ = (np.floor(y0 + slope * (at - x0) + 0.5) for at in (x, x + 1))
    return np.minimum(here, next_)


def _along_y(edges: _Floats, x: _Integers) -> _Floats:
    """Return the smaller y of the two at which a steep line passes from `x` to the next point, or back."""
    x0, y0, x1, y1 = _ascending(edges, 1)
    slope = (x1 - x0) / (y1 - y0)
    steps = np.ceil((x + 0.5 - x0) / slope) - 1  # the last before the passage, or by rounding the first after it
    for _ in range(2):
        passed = (np.floor(x0 + slope * steps + 0.5) > x) == (slope > 0)
        steps += ~passed
    return y0 + steps - 1


def _ascending(edges: _Floats, axis: int) -> tuple[_Floats, _Floats, _Floats, _Floats]:
    """Return x and y of both ends, with x (axis 0) or y (axis 1) ascending: a shared edge is rounded the same way."""
    swapped = np.where((edges[:, axis] > edges[:, axis + 2])[:, None], edges[:, [2, 3, 0, 1]], edges)
    return swapped[:, 0], swapped[:, 1], swapped[:, 2], swapped[:, 3]
