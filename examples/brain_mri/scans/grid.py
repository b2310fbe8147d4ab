"""Where the pixels of a volume's slices lie in the patient, and another volume resampled to them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from examples.brain_mri.scans.axial import axial_spacing

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])  # DICOM counts to the left and posterior
_CLOSEST = 1e-3  # millimetres between two slices
_MIDDLE = (0.25, 0.75)


@dataclass(frozen=True)
class Grid:
    """Parallel slices of one size, in the order of their positions; directions are right, anterior and superior.

    Attributes:
        directions: `(3, 3)` unit vectors along slices, rows and columns, as columns of the matrix.
        origins: `(slices, 3)` position of the first pixel of each slice, in millimetres.
        shape: Rows and columns.
        pixel_spacing: Distance between rows, and between columns, in millimetres.
        thickness: Of a single slice in millimetres; 0 where it is not known.
        frame: Its frame of reference: positions of two volumes can be compared if it is the same.
    """

    directions: np.ndarray
    origins: np.ndarray
    shape: tuple[int, int]
    pixel_spacing: tuple[float, float]
    thickness: float
    frame: str

    @property
    def gaps(self) -> np.ndarray:
        """Distances between neighbouring slices in millimetres."""
        return np.diff(self.origins @ self.directions[:, 0])

    @property
    def depth(self) -> float:
        """Distance between slices in millimetres, the smallest where some are missing; 0 where it is not known."""
        return float(self.gaps.min()) if len(self.gaps) else self.thickness

    @property
    def affine(self) -> np.ndarray:
        """`(4, 4)`, from `(slice, row, column)` to millimetres."""
        steps = (self.depth or self.pixel_spacing[0], *self.pixel_spacing)
        return _affine(self.directions * steps, self.origins[0])

    def spacing(self) -> tuple[float, float, float] | None:
        """Return the distances between axial slices, rows and columns in millimetres; None where they are not known.

        Raises:
            ValueError: If the slices were scanned in another plane.
        """
        found = axial_spacing((self.depth or self.pixel_spacing[0], *self.pixel_spacing), self.affine)
        return found if self.depth else None

    def doubled(self) -> list[int]:
        """Return the slices that lie where the next one does."""
        return [int(index) for index in np.flatnonzero(self.gaps < _CLOSEST)]

    def uneven(self) -> str | None:
        """Return how the distances between slices differ, or None if they do not."""
        gaps = self.gaps
        if len(gaps) and gaps.max() > 1.5 * gaps.min():
            return "has gaps; its volume is that of the slices alone"
        if len(gaps) and gaps.max() > 1.1 * gaps.min():
            between = f"{gaps.min():.3g} to {gaps.max():.3g} mm apart"
            return f"has slices that are {between}; its volume counts each as {gaps.min():.3g} mm thick"
        return None

    def mismatch(self, onto: "Grid") -> str | None:
        """Return why this volume cannot be resampled to another grid, or None if it can."""
        if self.frame != onto.frame:
            return "it is in another frame of reference"
        if self.doubled():
            return "two of its slices lie at one position"
        if self.uneven():
            return "its slices are not evenly spaced"
        try:
            self.spacing()
        except ValueError:
            return "it was scanned in another plane"
        # The middle of each slice: at its margins is air, and fields of view differ.
        middle = [(0, row * onto.shape[0], column * onto.shape[1], 1) for row in _MIDDLE for column in _MIDDLE]
        for matrix in self._from_slices(onto):
            indices = (matrix @ np.transpose(middle))[:3].T
            if (indices < -1).any() or (indices > (len(self.origins), *self.shape)).any():  # one voxel beyond
                return "it does not cover all slices of FLAIR"
        return None

    def resample(self, values: np.ndarray, onto: "Grid") -> np.ndarray:
        """Return values of this grid at the pixels of another one, `(slices, rows, columns)`, interpolated linearly."""
        from scipy import ndimage

        # Slice by slice, because the other grid may have gaps; "nearest" continues the margins.
        slices = [
            ndimage.affine_transform(values, matrix, output_shape=(1, *onto.shape), order=1, mode="nearest")
            for matrix in self._from_slices(onto)
        ]
        return np.concatenate(slices)

    def _from_slices(self, onto: "Grid") -> Iterable[np.ndarray]:
        """Yield, for each slice of another grid, the matrix from `(0, row, column)` to the indices of this one."""
        to_indices = np.linalg.inv(self.affine)
        for origin in onto.origins:
            yield to_indices @ _affine(onto.directions * (1.0, *onto.pixel_spacing), origin)


def _affine(matrix: np.ndarray, origin: np.ndarray) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = matrix, origin
    return affine
