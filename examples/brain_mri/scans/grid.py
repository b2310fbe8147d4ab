"""Where the pixels of a volume's slices lie in the patient, and another volume resampled to them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from examples.brain_mri.scans.axial import axial_spacing

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])  # DICOM counts to the left and posterior
_CLOSEST = 1e-3  # millimetres between two slices
_INNER = (0.1, 0.9)  # of rows and columns: at the margins is air, and fields of view differ


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
        """Distance between slices in millimetres, the smallest where they differ; 0 where it is not known."""
        if not len(self.gaps):
            return self.thickness
        return float(self.gaps.min() if self.uneven() else self.gaps.mean())  # positions may be rounded

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
        try:
            self.spacing()
        except ValueError:
            return "it was scanned in another plane"
        if not self._is_regular():
            return "its slices are not evenly spaced"
        inner = [(0, row * onto.shape[0], column * onto.shape[1], 1) for row in _INNER for column in _INNER]
        indices = np.concatenate([(matrix @ np.transpose(inner))[:3].T for matrix in self._from_slices(onto)])
        step = np.linalg.norm(self._step)
        beyond = np.array([max(0.5, 0.5 * onto.depth / step), 0.5, 0.5])  # half a slice, and half a pixel
        last = np.subtract((len(self.origins), *self.shape), 1)
        if (indices < -beyond).any() or (indices > last + beyond).any():
            return "it does not cover FLAIR"
        return None

    def resample(self, values: np.ndarray, onto: "Grid") -> np.ndarray:
        """Return values of this grid at the pixels of another one, `(slices, rows, columns)`, interpolated linearly.

        Beside this grid is its darkest value, and above and below it, by up to half a slice, its last slice.
        """
        from scipy import ndimage

        framed = np.pad(values, ((0, 0), (1, 1), (1, 1)), constant_values=values.min())
        shift = _affine(np.eye(3), np.array([0, 1, 1]))
        # Slice by slice, because the other grid may have gaps.
        slices = [
            ndimage.affine_transform(framed, shift @ matrix, output_shape=(1, *onto.shape), order=1, mode="nearest")
            for matrix in self._from_slices(onto)
        ]
        return np.concatenate(slices)

    @property
    def _step(self) -> np.ndarray:
        """From one slice to the next, on average; not along the normal if the stack is sheared."""
        if len(self.origins) == 1:
            return self.affine[:3, 0]
        return np.asarray((self.origins[-1] - self.origins[0]) / (len(self.origins) - 1))

    def _is_regular(self) -> bool:
        """Return whether each slice lies where equal steps lead, to a tenth of a step."""
        expected = self.origins[0] + np.outer(np.arange(len(self.origins)), self._step)
        return bool(np.abs(self.origins - expected).max() <= 0.1 * np.linalg.norm(self._step))

    def _from_slices(self, onto: "Grid") -> Iterable[np.ndarray]:
        """Yield, for each slice of another grid, the matrix from `(0, row, column)` to the indices of this one."""
        in_plane = self.directions[:, 1:] * self.pixel_spacing
        to_indices = np.linalg.inv(_affine(np.column_stack([self._step, in_plane]), self.origins[0]))
        for origin in onto.origins:
            yield to_indices @ _affine(onto.directions * (1.0, *onto.pixel_spacing), origin)


def _affine(matrix: np.ndarray, origin: np.ndarray) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = matrix, origin
    return affine
