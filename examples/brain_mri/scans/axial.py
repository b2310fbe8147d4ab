"""Volumes reoriented so that slices look like the training data: axial, anterior on top, right on the left."""

from typing import Any

import numpy as np

AXES = ("S", "P", "L")  # where slices, rows and columns point: superior, posterior, left
MAX_RATIO = 2.0  # of the larger to the smaller pixel spacing; beyond it, another plane was scanned


def to_axial(values: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return `(slices, rows, columns[, channels])` of a volume, only by permuting and flipping axes.

    Args:
        values: `(i, j, k[, channels])`.
        affine: `(4, 4)`, from indices to millimetres to the right, anterior and superior.
    """
    return _turned(values, _turn(affine))


def from_axial(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return a mask `(slices, rows, columns)` with the axes of its volume."""
    import nibabel

    return _turned(mask, nibabel.orientations.ornt_transform(_axial(), nibabel.io_orientation(affine)))


def axial_spacing(spacing: tuple[float, ...], affine: np.ndarray) -> tuple[float, float, float]:
    """Return the distances between slices, rows and columns.

    Raises:
        ValueError: If the slices were scanned in another plane.
    """
    turn = _turn(affine)
    depth, height, width = (spacing[int(np.flatnonzero(turn[:, 0] == axis)[0])] for axis in range(3))
    if max(height, width) > MAX_RATIO * min(height, width):
        raise ValueError(
            "Expected axial slices, as the run was trained on. Received a volume whose axial slices have pixels of "
            f"{height:g} x {width:g} mm: it was scanned in another plane. Pass an axial series."
        )
    return depth, height, width


def slice_numbers(shape: tuple[int, ...], affine: np.ndarray) -> tuple[int, list[int]]:
    """Return the axis of a volume along which its axial slices lie, and the index of each slice there."""
    turn = _turn(affine)
    axis = int(np.flatnonzero(turn[:, 0] == 0)[0])
    numbers = list(range(shape[axis]))
    return axis, numbers if turn[axis, 1] == 1 else numbers[::-1]


def _turn(affine: np.ndarray) -> Any:
    import nibabel

    found = nibabel.io_orientation(affine)
    if np.isnan(found).any():
        raise ValueError(
            "Expected an affine that gives each axis a direction. Received one that does not. Correct the header."
        )
    return nibabel.orientations.ornt_transform(found, _axial())


def _axial() -> Any:
    import nibabel

    return nibabel.orientations.axcodes2ornt(AXES)


def _turned(values: np.ndarray, turn: Any) -> np.ndarray:
    import nibabel

    return np.ascontiguousarray(nibabel.orientations.apply_orientation(values, turn))
