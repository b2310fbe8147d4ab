"""Measurements of one region's shape: perimeter, convex hull and diameter."""

import math

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 1e-10  # of a point on a plane, in pixels; as in skimage.morphology.convex_hull_image
_POINTS = 1000  # points whose distances to all others are computed at once


def perimeter(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> float:
    """Return the length of the line through the centres of the boundary pixels, after Benkrid and Crookes.

    A boundary pixel is one with a background pixel, or the outside, across a face. Depending on its boundary
    neighbours, it counts as a step across a face, a diagonal step, or half of each. With equal spacing along both axes,
    this is the estimate of `skimage.measure.perimeter`; otherwise, each step has its own length.

    Args:
        mask: `(height, width)`.
        spacing: Pixel size along each axis.
    """
    from scipy import ndimage

    boundary = np.pad(mask & ~ndimage.binary_erosion(mask), 1).astype(np.int8)
    inner = slice(1, -1)
    vertical = boundary[:-2, inner] + boundary[2:, inner]
    horizontal = boundary[inner, :-2] + boundary[inner, 2:]
    diagonal = boundary[:-2, :-2] + boundary[:-2, 2:] + boundary[2:, :-2] + boundary[2:, 2:]
    faces = vertical + horizontal
    across = (vertical * spacing[0] + horizontal * spacing[1]) / np.maximum(faces, 1)
    slanted = math.hypot(*spacing)
    steps = np.zeros(mask.shape)
    straight = ((faces == 2) | (faces == 3)) & (diagonal <= 2)
    steps[straight] = across[straight]
    steps[((faces == 0) & (diagonal == 2)) | ((faces == 1) & (diagonal == 3))] = slanted
    half = (faces == 1) & ((diagonal == 1) | (diagonal == 2))
    steps[half] = (across[half] + slanted) / 2
    return float(steps[boundary[inner, inner] > 0].sum())


def solidity(mask: NDArray[np.bool_]) -> float:
    """Return the pixels of the region divided by those whose centres are in its convex hull.

    The hull is that of the midpoints of the pixels' faces, so that the hull of a flat region has an extent too.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, not empty, no larger than the region's bounding box.
    """
    from scipy.spatial import ConvexHull

    ends = _ends_of_rows(mask)
    offsets = np.concatenate([np.eye(mask.ndim), -np.eye(mask.ndim)]) / 2
    planes = ConvexHull(np.unique((ends[:, None] + offsets).reshape(-1, mask.ndim), axis=0)).equations
    return int(np.count_nonzero(mask)) / _centres_inside(planes, mask.shape)


def _centres_inside(planes: NDArray[np.float64], shape: tuple[int, ...]) -> int:
    """Count the pixels at or below all planes `(n, axes + 1)`: row by row the last and the first that each allows."""
    others = np.indices(shape[:-1]).reshape(len(shape) - 1, -1)
    low, high = np.zeros(others.shape[1]), np.full(others.shape[1], shape[-1] - 1.0)
    for plane in planes:
        room = _TOLERANCE - plane[-1] - plane[:-2] @ others
        steepness = plane[-2]
        if steepness > _TOLERANCE:
            np.minimum(high, np.floor(room / steepness), out=high)
        elif steepness < -_TOLERANCE:
            np.maximum(low, np.ceil(room / steepness), out=low)
        else:
            high[room < 0] = -1.0  # no pixel of the row
    return int(np.maximum(high - low + 1, 0).sum())


def feret_diameter(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> float:
    """Return the largest distance between two corners of the region's pixels.

    Args:
        mask: `(height, width)` or `(depth, height, width)`, not empty.
        spacing: Pixel size along each axis.
    """
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import cdist

    corners = _corners(mask) * np.array(spacing)
    hull = corners[ConvexHull(corners).vertices]
    return max(float(cdist(hull[i : i + _POINTS], hull).max()) for i in range(0, len(hull), _POINTS))


def _corners(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the corners of the pixels that can have one on the convex hull."""
    shifts = np.indices((2,) * mask.ndim).reshape(mask.ndim, -1).T
    return np.unique((_ends_of_rows(mask)[:, None] + shifts).reshape(-1, mask.ndim), axis=0)


def _ends_of_rows(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the indices of the first and the last pixel along the last axis; those between are not on the hull."""
    lines = np.argwhere(mask.any(axis=-1))
    rows = mask[tuple(lines.T)]
    first, last = rows.argmax(axis=1), mask.shape[-1] - 1 - rows[:, ::-1].argmax(axis=1)
    return np.concatenate([np.column_stack([lines, first]), np.column_stack([lines, last])])
