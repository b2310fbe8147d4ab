"""Random spatial transforms: exact flips and 90-degree rotations, and one field for all that needs interpolation."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.augmentation.bspline_field import control_points
from resunet_kit.data.augmentation.random_streams import RandomStreams
from resunet_kit.data.augmentation.resampling import Field

# A displacement below 1 / 2.479 of a cell cannot fold a volume, below 1 / 2.046 an image: Choi and Lee,
# Injectivity conditions of 2D and 3D uniform cubic B-spline functions, Graphical Models 62 (2000).
CELLS = 4
LARGEST_DISPLACEMENT = 0.1  # as a fraction of the size along an axis, of which a cell is a quarter


def random_flip(planes: NDArray[Any], axes: Sequence[int], streams: RandomStreams) -> NDArray[Any]:
    """Return a view in which each of the spatial `axes` is reversed or not, independently."""
    chance = streams.generator("flip").random(planes.ndim - 1)
    chosen = tuple(axis + 1 for axis in axes if chance[axis] < streams.probabilities["flip"])
    return np.flip(planes, chosen)


def random_rotate90(planes: NDArray[Any], axes: Sequence[int], streams: RandomStreams) -> NDArray[Any]:
    """Return a view rotated by 0, 90, 180 or 270 degrees in a plane of two of the `axes`; by 0 or 180 if not square."""
    generator = streams.generator("rotate90")
    if generator.random() >= streams.probabilities["rotate90"]:
        return planes
    pairs = list(itertools.combinations(axes, 2))
    first, second = pairs[generator.integers(len(pairs))]
    times = int(generator.integers(4))
    if planes.shape[first + 1] != planes.shape[second + 1]:
        times -= times % 2
    return np.rot90(planes, times, (first + 1, second + 1))


def random_field(
    shape: Sequence[int], axes: Sequence[int], spacing: Sequence[float], streams: RandomStreams
) -> Field | None:
    """Return zoom, shear, rotation, shift and elastic displacement as one field; None if nothing moves."""
    matrix = _source_matrix(axes, np.asarray(spacing), streams)
    centre = (np.asarray(shape) - 1) / 2
    shift = np.zeros(len(shape))
    shift[list(axes)] = _strengths(streams, "shift", len(axes), 0)
    shift *= shape
    points = _displacement(shape, axes, streams)
    if points is None and not shift.any() and np.array_equal(matrix, np.eye(len(shape))):
        return None
    return Field(
        matrix=matrix.astype(np.float32),
        offset=(centre - matrix @ (centre + shift)).astype(np.float32),
        # The displacement acts on the output's pixels, before the matrix: so no matrix can make it fold.
        displacement=None if points is None else np.tensordot(matrix, points, axes=1).astype(np.float32),
    )


def _source_matrix(axes: Sequence[int], spacing: NDArray[np.float64], streams: RandomStreams) -> NDArray[np.float64]:
    """Return the inverse of zoom, then shear, then rotation, in pixels."""
    pairs = list(itertools.combinations(axes, 2))
    forward = np.eye(len(spacing))
    forward[axes, axes] = _strengths(streams, "zoom", 1, 1)
    for (first, second), shear in zip(pairs, _strengths(streams, "shear", len(pairs), 0), strict=True):
        step = np.eye(len(spacing))
        step[first, second] = shear
        forward = step @ forward
    angles = np.deg2rad(_strengths(streams, "rotation", len(pairs), 0))
    for (first, second), angle in zip(pairs, angles, strict=True):
        step = np.eye(len(spacing))
        step[first, first] = step[second, second] = np.cos(angle)
        step[second, first] = np.sin(angle)
        step[first, second] = -np.sin(angle)
        forward = step @ forward
    if np.array_equal(forward, np.eye(len(spacing))):
        return forward
    # Angles are angles in space: from pixels to units of the spacing, and back.
    return np.asarray(np.linalg.inv(forward * spacing / spacing[:, None]), np.float64)


def _displacement(shape: Sequence[int], axes: Sequence[int], streams: RandomStreams) -> NDArray[np.float64] | None:
    """Return control points `(n, *grid)` in pixels, at most `LARGEST_DISPLACEMENT` of the size along each axis."""
    drawn = streams.strengths("elastic")
    if drawn is None:
        return None
    [strength], generator = drawn
    points = np.zeros((len(shape), *control_points(len(shape), CELLS)))
    points[list(axes)] = generator.uniform(-1, 1, (len(axes), *points.shape[1:]))
    largest = strength * LARGEST_DISPLACEMENT * np.asarray(shape)
    return points * largest.reshape(-1, *[1] * len(shape))


def _strengths(streams: RandomStreams, option: str, size: int, identity: float) -> NDArray[np.float64]:
    drawn = streams.strengths(option, size)
    return np.full(size, identity, float) if drawn is None else drawn[0]
