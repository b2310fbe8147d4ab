"""Smooth random fields: a coarse grid of control points, evaluated at every pixel by cubic B-splines."""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@functools.lru_cache(maxsize=64)
def spline_basis(size: int, cells: int) -> Array:
    """Return the weight of each control point at each pixel, `(size, cells + 3)`; each row adds up to 1.

    `cells` equal cells span the axis, and pixel centres lie at halves.
    """
    position = (np.arange(size) + 0.5) * (cells / size)
    cell = position.astype(int)
    t = position - cell
    pieces = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * (t + t**2 - t**3) + 1, t**3)
    basis = np.zeros((size, cells + 3), np.float32)
    for point, piece in enumerate(pieces):
        basis[np.arange(size), cell + point] = piece / 6
    basis.flags.writeable = False  # the cache returns the same array to all
    return basis


def control_points(ndim: int, cells: int) -> tuple[int, ...]:
    """Return the shape of the grid for `cells` cells along each of `ndim` axes."""
    return (cells + 3,) * ndim


def dense(points: Array, shape: Sequence[int], rows: slice = slice(None)) -> Array:
    """Return the field of a grid of control points at every pixel of `rows`, `(rows, *shape[1:])`."""
    for axis, size in enumerate(shape):
        basis = spline_basis(size, points.shape[0] - 3)
        # Each product drops the first axis and appends its pixels: after all axes, the order is the original one.
        points = np.tensordot(points, basis[rows] if axis == 0 else basis, axes=(0, 1))
    return points
