"""Drawn movements: exact flips and quarter turns, then one field for everything that needs interpolation."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.augmentation.bspline_field import control_points
from resunet_kit.data.augmentation.random_streams import Draws
from resunet_kit.data.augmentation.resampling import Field

# A displacement below 1 / 2.479 of a cell cannot fold a volume, below 1 / 2.046 an image: Choi and Lee,
# Injectivity conditions of 2D and 3D uniform cubic B-spline functions, Graphical Models 62 (2000).
CELLS = 4
LARGEST_DISPLACEMENT = 0.1  # of a side, of which a cell is a quarter


def flipped(planes: NDArray[Any], axes: Sequence[int], draws: Draws) -> NDArray[Any]:
    """Return a view with each of the spatial `axes` reversed by a draw of its own."""
    chance = draws.stream("flip").random(planes.ndim - 1)
    chosen = tuple(axis + 1 for axis in axes if chance[axis] < draws.probabilities["flip"])
    return np.flip(planes, chosen)


def turned(planes: NDArray[Any], axes: Sequence[int], draws: Draws) -> NDArray[Any]:
    """Return a view turned by 0 to 3 quarters in a plane of two of the `axes`; by 0 or 2 where its sides differ."""
    stream = draws.stream("quarter_turns")
    if stream.random() >= draws.probabilities["quarter_turns"]:
        return planes
    pairs = list(itertools.combinations(axes, 2))
    first, second = pairs[stream.integers(len(pairs))]
    quarters = int(stream.integers(4))
    if planes.shape[first + 1] != planes.shape[second + 1]:
        quarters -= quarters % 2
    return np.rot90(planes, quarters, (first + 1, second + 1))


def drawn_field(sides: Sequence[int], axes: Sequence[int], spacing: Sequence[float], draws: Draws) -> Field | None:
    """Return zoom, shear, rotation, shift and elastic displacement as one field; None if nothing moves."""
    matrix = _source_matrix(axes, np.asarray(spacing), draws)
    centre = (np.asarray(sides) - 1) / 2
    shift = np.zeros(len(sides))
    shift[list(axes)] = _strengths(draws, "shift", len(axes), 0)
    shift *= sides
    points = _displacement(sides, axes, draws)
    if points is None and not shift.any() and np.array_equal(matrix, np.eye(len(sides))):
        return None
    return Field(
        matrix=matrix.astype(np.float32),
        offset=(centre - matrix @ (centre + shift)).astype(np.float32),
        # The displacement acts on the output's pixels, before the matrix: so no matrix can make it fold.
        displacement=None if points is None else np.tensordot(matrix, points, axes=1).astype(np.float32),
    )


def _source_matrix(axes: Sequence[int], spacing: NDArray[np.float64], draws: Draws) -> NDArray[np.float64]:
    """Return the inverse of zoom, then shear, then rotation, in pixels."""
    pairs = list(itertools.combinations(axes, 2))
    forward = np.eye(len(spacing))
    forward[axes, axes] = _strengths(draws, "zoom", 1, 1)
    for (first, second), shear in zip(pairs, _strengths(draws, "shear", len(pairs), 0), strict=True):
        step = np.eye(len(spacing))
        step[first, second] = shear
        forward = step @ forward
    angles = np.deg2rad(_strengths(draws, "rotation", len(pairs), 0))
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


def _displacement(sides: Sequence[int], axes: Sequence[int], draws: Draws) -> NDArray[np.float64] | None:
    """Return control points `(n, *grid)` in pixels, at most `LARGEST_DISPLACEMENT` of the side along each axis."""
    drawn = draws.strengths("elastic")
    if drawn is None:
        return None
    [strength], stream = drawn
    points = np.zeros((len(sides), *control_points(len(sides), CELLS)))
    points[list(axes)] = stream.uniform(-1, 1, (len(axes), *points.shape[1:]))
    reach = strength * LARGEST_DISPLACEMENT * np.asarray(sides)
    return points * reach.reshape(-1, *[1] * len(sides))


def _strengths(draws: Draws, option: str, size: int, identity: float) -> NDArray[np.float64]:
    drawn = draws.strengths(option, size)
    return np.full(size, identity, float) if drawn is None else drawn[0]
