"""The distance from each pixel of one set to the nearest pixel of another, exactly, and only where it is asked for.

A distance transform fills the whole box, and a k-d tree descends once a pixel. Surfaces of two masks of one object
are close together, so it is faster to know each pixel's distance along the first axis and to look at the lines around
it, nearest first, until no further line can be nearer. What that does not settle, the tree does.
"""

import math
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.intp]
Distances = NDArray[np.float64]
_Ring = tuple[np.float32, list[int]]

# Lines looked at around a pixel: in 3-D those within 8 pixels. From farther away a tree takes no longer.
_LINES = 201
# Pixels of the box for each pixel asked for, up to which filling the box with line distances beats the tree.
_SPARSE = 400


def nearest_distances(ours: Pixels, theirs: Pixels, sizes: tuple[float, ...]) -> tuple[Distances, Distances]:
    """Return the Euclidean distance from each pixel to the nearest of the others, both ways.

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
    sides = np.maximum(ours.max(axis=1), theirs.max(axis=1)) - low + 1
    reach, margins = _reach(sides, sizes)
    # So that no line around a pixel leaves the box; along the first axis there is nothing to leave.
    shape = tuple((sides + 2 * margins).tolist())
    if 2 * math.prod(shape) > _SPARSE * (ours.shape[1] + theirs.shape[1]):
        return unit * _by_tree(ours, theirs, sizes), unit * _by_tree(theirs, ours, sizes)
    rings = _rings(shape, margins, sizes, reach)

    def one_way(queries: Pixels, targets: Pixels) -> Distances:
        starts, ends = (np.ravel_multi_index(tuple((p.T - low + margins).T), shape) for p in (queries, targets))
        distances = _by_lines(starts, _squared_along_first(ends, shape, sizes[0]), rings)
        far = distances > reach
        if far.any():
            distances[far] = _by_tree(queries[:, far], targets, sizes)
        return unit * distances

    return one_way(ours, theirs), one_way(theirs, ours)


def _reach(sides: Pixels, sizes: tuple[float, ...]) -> tuple[float, Pixels]:
    """Return the distance up to which lines are looked at, and the same in pixels of each axis, 0 of the first."""
    steps = np.array(sizes[1:])
    reach = float(_LINES // 2 * steps[0] if len(steps) == 1 else math.sqrt(_LINES / math.pi * steps.prod()))
    margins = np.minimum(reach / steps, sides[1:] - 1).astype(np.intp)
    return reach, np.concatenate([[0], margins])


def _squared_along_first(targets: Pixels, shape: tuple[int, ...], size: float) -> NDArray[np.float32]:
    """Return the squared distance of each pixel of the box to the nearest target on its line along the first axis."""
    steps = np.full(shape, np.inf, np.float32)
    steps.reshape(-1)[targets] = 0
    for i in range(1, len(steps)):
        np.minimum(steps[i], steps[i - 1] + 1, out=steps[i])
    for i in range(len(steps) - 1, 0, -1):
        np.minimum(steps[i - 1], steps[i] + 1, out=steps[i - 1])
    steps *= np.float32(size)
    return np.square(steps, out=steps)


def _rings(shape: tuple[int, ...], margins: Pixels, sizes: tuple[float, ...], reach: float) -> list[_Ring]:
    """Return the lines around a pixel, nearest first: each squared distance with its steps in the flat box."""
    offsets = np.meshgrid(*(np.arange(-m, m + 1) for m in margins), indexing="ij")
    grid = np.stack([offset.ravel() for offset in offsets], axis=1)  # (lines, axes)
    squares = np.square(grid * np.array(sizes)).sum(axis=1)
    steps = grid @ np.cumprod([1, *shape[:0:-1]])[::-1]
    order = np.argsort(squares, kind="stable")
    order = order[squares[order] <= reach**2]
    lines = zip(squares[order].astype(np.float32), steps[order].tolist(), strict=True)
    return [(square, [step for _, step in ring]) for square, ring in groupby(lines, key=lambda line: line[0])]


def _by_lines(starts: Pixels, squared: NDArray[np.float32], rings: list[_Ring]) -> Distances:
    """Return the distances found on the rings' lines; those beyond the last ring are too large or infinite."""
    box = squared.reshape(-1)
    best = np.full(starts.shape, np.inf, np.float32)
    # What may still be beaten: its place in `best`, its pixel in the box, its least square so far.
    places, pixels, least = np.arange(starts.size), starts, best.copy()
    for square, steps in rings:
        unsettled = least > square
        if not unsettled.all():
            best[places] = least
            places, pixels, least = places[unsettled], pixels[unsettled], least[unsettled]
        if not places.size:
            break
        for step in steps:
            candidates = box.take(pixels + step)
            candidates += square
            np.minimum(least, candidates, out=least)
    best[places] = least
    return np.sqrt(best.astype(np.float64))


def _by_tree(queries: Pixels, targets: Pixels, sizes: tuple[float, ...]) -> Distances:
    from scipy.spatial import cKDTree

    # Cells halved at their middle suit a grid: built in half the time, and faster to ask from afar.
    tree = cKDTree(targets.T * np.array(sizes), leafsize=32, balanced_tree=False, compact_nodes=False)
    distances: Distances = tree.query(queries.T * np.array(sizes))[0]
    return distances
