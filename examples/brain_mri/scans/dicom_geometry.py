"""Where the slices of a DICOM series lie, and another series of the same frame of reference resampled to them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from examples.brain_mri.scans.axial import axial_spacing
from examples.brain_mri.scans.dicom_files import geometry_key
from examples.brain_mri.scans.scan import unusable

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])  # DICOM counts to the left and posterior
Sources = Sequence[tuple[Path, Any]]  # files with their headers


def height(header: Any) -> float:
    """Return the position of a slice along the normal of its plane, in millimetres."""
    return float(np.dot(_normal(header), np.array(header.ImagePositionPatient, float)))


def grid(sources: Sources) -> tuple[np.ndarray, tuple[float, float, float] | None]:
    """Return the affine from `(slice, row, column)` to millimetres, and the axial spacing where it is known.

    Args:
        sources: The slices, in the order of their heights.

    Raises:
        ValueError: If the slices do not lie on one grid, two lie at one position, or the plane is not axial.
    """
    [first, header] = sources[0]
    for file, other in sources[1:]:
        if geometry_key(other) != geometry_key(header):
            raise unusable(
                first, f"Expected a series of one size and orientation. Received another in {file}. Sort it."
            )
    gaps = np.diff([height(one) for _, one in sources])
    for index in np.flatnonzero(gaps < 1e-3).tolist():
        raise unusable(
            first,
            f"Expected one slice at each position. Received {sources[index][0]} and {sources[index + 1][0]} at one. "
            "Pass one echo or time of the series.",
        )
    rows, columns = map(float, header.PixelSpacing)
    thickness = float(header.get("SliceThickness") or 0)  # of a single slice
    depth = float(gaps.min()) if len(gaps) else thickness  # where slices are missing, gaps are multiples
    affine = np.eye(4)
    affine[:3, :3] = LPS_TO_RAS @ _directions(header) * (depth or rows, rows, columns)
    affine[:3, 3] = _origin(header)
    try:
        spacing = axial_spacing((depth or rows, rows, columns), affine)
    except ValueError as error:
        raise unusable(first, str(error)) from error
    return affine, spacing if depth else None


def gap_notes(sources: Sources) -> list[str]:
    """Return what a user should know about the distances between slices."""
    first = sources[0][0]
    gaps = np.diff([height(header) for _, header in sources])
    if len(gaps) and gaps.max() > 1.5 * gaps.min():
        return [f"The series of {first} has gaps; its volume is that of the slices alone."]
    if len(gaps) and gaps.max() > 1.1 * gaps.min():
        return [
            f"The slices of {first} are {gaps.min():.3g} to {gaps.max():.3g} mm apart; its volume counts each as "
            f"{gaps.min():.3g} mm thick."
        ]
    return []


def mismatch(sources: Sources, onto: Sources) -> str | None:
    """Return why a series cannot be resampled to the slices of another one, or None if it can."""
    if sources[0][1].FrameOfReferenceUID != onto[0][1].FrameOfReferenceUID:
        return "it is in another frame of reference"
    try:
        affine, _ = grid(sources)
    except ValueError as error:
        return str(error)
    if gap_notes(sources):
        return "its slices are not evenly spaced"
    header = onto[0][1]
    count = np.array([len(sources), sources[0][1].Rows, sources[0][1].Columns])
    # The middle of each slice: at its margins is air, and fields of view differ.
    middle = [(0, row * header.Rows, column * header.Columns, 1) for row in (0.25, 0.75) for column in (0.25, 0.75)]
    for matrix in _onto(affine, onto):
        indices = (matrix @ np.transpose(middle))[:3].T
        if (indices < -1).any() or (indices > count).any():  # up to one voxel beyond the outermost ones
            return "it does not cover all slices of FLAIR"
    return None


def resampled(values: np.ndarray, sources: Sources, onto: Sources) -> np.ndarray:
    """Return a series at the pixels of the slices of another one, `(slices, rows, columns)`, interpolated linearly.

    Args:
        values: The series `(slices, rows, columns)`.
        sources: Its slices.
        onto: The slices of the other series.
    """
    from scipy import ndimage

    affine, _ = grid(sources)
    shape = (1, onto[0][1].Rows, onto[0][1].Columns)
    # Slice by slice, because the other series may have gaps; "nearest" continues the margins.
    planes = [
        ndimage.affine_transform(values, matrix, output_shape=shape, order=1, mode="nearest")
        for matrix in _onto(affine, onto)
    ]
    return np.concatenate(planes)


def _onto(affine: np.ndarray, onto: Sources) -> Iterable[np.ndarray]:
    """Yield, for each slice of `onto`, the matrix from `(0, row, column)` to the indices of the grid with `affine`."""
    for _, header in onto:
        plane = np.eye(4)
        plane[:3, :3] = LPS_TO_RAS @ _directions(header) * (1.0, *map(float, header.PixelSpacing))
        plane[:3, 3] = _origin(header)
        yield np.linalg.solve(affine, plane)


def _directions(header: Any) -> np.ndarray:
    """Return unit vectors along slices, rows and columns, as the columns of a matrix; in LPS."""
    along_columns, along_rows = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    return np.stack([_normal(header), along_rows, along_columns], axis=1)


def _normal(header: Any) -> np.ndarray:
    row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    return np.cross(row, column)


def _origin(header: Any) -> np.ndarray:
    return LPS_TO_RAS @ np.array(header.ImagePositionPatient, float)
