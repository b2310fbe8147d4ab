"""Exact nearest-neighbour distances between two sets of pixels, in both directions.

A distance transform fills the whole box, and a k-d tree descends once per pixel. Surfaces of two masks of one object
are close together, so it is faster to compute each pixel's distance along the first axis and to search the lines
around it, nearest first, until no further line can be nearer. Pixels without a neighbour inside the search radius are
left to a transform over the planes between both sets if these are small, and to the tree otherwise.
"""

import math
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.intp]
Distances = NDArray[np.float64]
Squares = NDArray[np.float32]
Indices = NDArray[np.intp]
_Ring = tuple[np.float32, list[int]]

# Number of lines searched around a pixel; in 3-D, those within 8 pixels. Farther away, a tree takes no longer.
_LINES = 201
# Maximum additions per query at which the transform beats the tree.
_DENSE = 10_000
# Maximum pixels of the box per query at which filling the box with line distances beats the tree.
_SPARSE = 400


def nearest_distances(ours: Pixels, theirs: Pixels, sizes: tuple[float, ...]) -> tuple[Distances, Distances]:
    """Return the Euclidean distance from each pixel to the nearest of the other set, in both directions.

    Args:
        ours: Indices `(axes, pixels)` of at least one pixel, 2-D or 3-D.
        theirs: The same, of other pixels.
        sizes: The distance between neighbours along each axis, positive.

    Returns:
        Distances `(our pixels,)` and `(their pixels,)`, to a relative 1e-6; exact to rounding where all
        sizes are equal.
    """
    unit = max(sizes)
    sizes = tuple(size / unit for size in sizes)  # so that no square leaves the range of float32
    low = np.minimum(ours.min(axis=1), theirs.min(axis=1))
    extent = np.maximum(ours.max(axis=1), theirs.max(axis=1)) - low + 1
    radius, margins = _search_radius(extent, sizes)
    # Margins keep the lines around a pixel inside the box; along the first axis none are needed.
    shape = tuple((extent + 2 * margins).tolist())
    if 2 * math.prod(shape) > _SPARSE * (ours.shape[1] + theirs.shape[1]):
        return unit * _by_tree(ours, theirs, sizes), unit * _by_tree(theirs, ours, sizes)
    rings = _rings(shape, margins, sizes, radius)

    def one_way(queries: Pixels, targets: Pixels) -> Distances:
        starts, ends = (np.ravel_multi_index(tuple(pixels), shape) for pixels in (queries, targets))
        squared = _squared_along_first(ends, shape, sizes[0])
        distances = _by_lines(starts, squared, rings)
        far = distances > radius
        if far.any():
            distances[far] = _from_afar(queries[:, far], targets, squared, sizes)
        return unit * distances

    ours, theirs = (pixels + (margins - low)[:, np.newaxis] for pixels in (ours, theirs))
    return one_way(ours, theirs), one_way(theirs, ours)


def _search_radius(extent: Pixels, sizes: tuple[float, ...]) -> tuple[float, Pixels]:
    """Return the distance up to which lines are searched, and the same in pixels of each axis, 0 for the first."""
    steps = np.array(sizes[1:])
    radius = float(_LINES // 2 * steps[0] if len(steps) == 1 else math.sqrt(_LINES / math.pi * steps.prod()))
    margins = np.minimum(radius / steps, extent[1:] - 1).astype(np.intp)
    return radius, np.concatenate([[0], margins])


def _squared_along_first(targets: Pixels, shape: tuple[int, ...], size: float) -> Squares:
    """Return the squared distance of each pixel of the box to the nearest target on its line along the first axis."""
    steps = np.full(shape, np.inf, np.float32)
    steps.reshape(-1)[targets] = 0
    for i in range(1, len(steps)):
        np.minimum(steps[i], steps[i - 1] + 1, out=steps[i])
    for i in range(len(steps) - 1, 0, -1):
        np.minimum(steps[i - 1], steps[i] + 1, out=steps[i - 1])
    steps *= np.float32(size)
    return np.square(steps, out=steps)


def _rings(shape: tuple[int, ...], margins: Pixels, sizes: tuple[float, ...], radius: float) -> list[_Ring]:
    """Return the lines around a pixel, nearest first: each squared distance with its steps in the flat box."""
    offsets = np.meshgrid(*(np.arange(-m, m + 1) for m in margins), indexing="ij")
    grid = np.stack([offset.ravel() for offset in offsets], axis=1)  # (lines, axes)
    squares = np.square(grid * np.array(sizes)).sum(axis=1)
    steps = grid @ np.cumprod([1, *shape[:0:-1]])[::-1]
    order = np.argsort(squares, kind="stable")
    order = order[squares[order] <= radius**2]
    lines = zip(squares[order].astype(np.float32), steps[order].tolist(), strict=True)
    return [(square, [step for _, step in ring]) for square, ring in groupby(lines, key=lambda line: line[0])]


def _by_lines(starts: Pixels, squared: Squares, rings: list[_Ring]) -> Distances:
    """Return the distances found on the rings' lines; those beyond the last ring are too large or infinite."""
    box = squared.reshape(-1)
    best = np.full(starts.shape, np.inf, np.float32)
    # Queries that may still improve: position in `best`, pixel in the box, minimum square so far.
    positions, pixels, minimum = np.arange(starts.size), starts, best.copy()
    for square, steps in rings:
        unsettled = minimum > square
        if not unsettled.all():
            best[positions] = minimum
            positions, pixels, minimum = positions[unsettled], pixels[unsettled], minimum[unsettled]
        if not positions.size:
            break
        for step in steps:
            candidates = box.take(pixels + step)
            candidates += square
            np.minimum(minimum, candidates, out=minimum)
    best[positions] = minimum
    return np.sqrt(best.astype(np.float64))


def _from_afar(queries: Pixels, targets: Pixels, squared: Squares, sizes: tuple[float, ...]) -> Distances:
    """Return the distances of pixels beyond the search radius, by the transform if it has little to fill."""
    if len(queries) == 2:
        return _by_tree(queries, targets, sizes)
    own, other = (_extents(pixels) for pixels in (queries, targets))
    # Only these matter: along the first axis the queries' pixels, along the others the targets'.
    box = squared[own[0], *other[1:]]
    depth, width, height = len(box), box.shape[2], own[1].stop - own[1].start
    # Gathering along the last axis takes as long as ten additions.
    if box.size * height + 10 * width * queries.shape[1] > _DENSE * queries.shape[1]:
        return _by_tree(queries, targets, sizes)
    planes = _along_middle(box.swapaxes(0, 1), own[1].start - other[1].start, height, sizes[1])
    rows = (queries[1] - own[1].start) * depth + queries[0] - own[0].start
    return _along_last(planes.reshape(-1, width), rows, queries[2] - other[2].start, sizes[2])


def _extents(pixels: Pixels) -> list[slice]:
    return [slice(int(axis.min()), int(axis.max()) + 1) for axis in pixels]


def _along_middle(squared: Squares, offset: int, height: int, size: float) -> Squares:
    """Return the minimum squared distance in each of `height` planes from plane `offset` on, over all given planes."""
    squared = np.ascontiguousarray(squared)  # so that a step is one long addition
    minimum = np.full((height, *squared.shape[1:]), np.inf, np.float32)
    sums = np.empty_like(minimum)
    for step in range(1 - offset - height, len(squared) - offset):
        start, stop = max(0, -offset - step), min(height, len(squared) - offset - step)
        stepped = squared[start + offset + step : stop + offset + step]
        np.add(stepped, np.float32((step * size) ** 2), out=sums[start:stop])
        np.minimum(minimum[start:stop], sums[start:stop], out=minimum[start:stop])
    return minimum


def _along_last(squared: Squares, rows: Indices, columns: Indices, size: float) -> Distances:
    """Return the minimum distance of each position `(row, column)` over its row."""
    best = np.full(rows.shape, np.inf, np.float32)
    starts = rows * squared.shape[1]
    for column in range(squared.shape[1]):
        sums = squared.reshape(-1).take(starts + column)
        sums += np.square((columns - column) * size, dtype=np.float32)
        np.minimum(best, sums, out=best)
    return np.sqrt(best.astype(np.float64))


def _by_tree(queries: Pixels, targets: Pixels, sizes: tuple[float, ...]) -> Distances:
    from scipy.spatial import cKDTree

    # Splitting cells at their middle suits a grid: the tree is built in half the time, and faster to query from afar.
    tree = cKDTree(targets.T * np.array(sizes), leafsize=32, balanced_tree=False, compact_nodes=False)
    distances: Distances = tree.query(queries.T * np.array(sizes))[0]
    return distances
