"""DICOM series: one file for each slice, ordered by their positions in the patient."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from examples.brain_mri.scans.dicom import DicomVolume
from examples.brain_mri.scans.dicom_files import decoded, geometry_key, read_header, thickness
from examples.brain_mri.scans.dicom_seg import segmentation
from examples.brain_mri.scans.grid import LPS_TO_RAS, Grid
from examples.brain_mri.scans.scan import Check, reason, unusable


@dataclass(frozen=True)
class DicomSeries(DicomVolume):
    """One series; its files in the order of their positions, and named by its SeriesInstanceUID."""

    def check(self) -> Check:
        """Decode each file once."""
        found = Check(len(self.files), self.undecodable())
        rest = self.without(found.unreadable)
        if rest:
            try:
                rest.check_mask()
                uneven = rest.grid().uneven()
                found.notes += [f"The series of {rest.files[0]} {uneven}."] if uneven else []
            except ValueError as error:
                found.unreadable.update(dict.fromkeys(rest.files, reason(rest.files[0], error)))
        found.slices -= len(found.unreadable)
        return found

    def without(self, files: Collection[Path]) -> "DicomSeries | None":
        """Return the other slices."""
        rest = tuple(file for file in self.files if file not in files)
        return replace(self, files=rest) if rest else None

    def undecodable(self) -> dict[Path, str]:
        """Return the files whose pixels cannot be read, with the reason."""
        found = {}
        for file in self.files:
            try:
                decoded(file)
            except ValueError as error:
                found[file] = reason(file, error)
        return found

    def grid(self) -> Grid:
        """Return where its pixels lie."""
        headers = [read_header(file) for file in self.files]
        first, header = self.files[0], headers[0]
        for file, other in zip(self.files, headers, strict=True):
            if geometry_key(other) != geometry_key(header):
                raise unusable(
                    first, f"Expected a series of one size and orientation. Received another in {file}. Sort it."
                )
        rows, columns = map(float, header.PixelSpacing)
        grid = Grid(
            LPS_TO_RAS @ _directions(header),
            np.array([header.ImagePositionPatient for header in headers], float) @ LPS_TO_RAS,
            (int(header.Rows), int(header.Columns)),
            (rows, columns),
            thickness(header) or 0.0,
            str(header.FrameOfReferenceUID),
        )
        for index in grid.doubled():
            raise unusable(
                first,
                f"Expected one slice at each position. Received {self.files[index]} and {self.files[index + 1]} at "
                "one. Pass one echo or time of the series.",
            )
        try:
            grid.spacing()
        except ValueError as error:
            raise unusable(first, str(error)) from error
        return grid

    def values(self) -> np.ndarray:
        """Return the intensities, `(slices, rows, columns)`."""
        return np.stack([decoded(file) for file in self.files])

    def segmentation(self, mask: np.ndarray) -> Any:
        """Return a mask as a segmentation object that refers to the slices."""
        spacing = self.grid().spacing()
        return segmentation(
            mask.astype(np.uint8), [read_header(file) for file in self.files], spacing[0] if spacing else None
        )

    def file_of(self, number: int) -> Path:
        """Return the file of a slice."""
        return self.files[number]


def height(header: Any) -> float:
    """Return the position of a slice along the normal of its plane, in millimetres."""
    return float(np.dot(_directions(header)[:, 0], np.array(header.ImagePositionPatient, float)))


def _directions(header: Any) -> np.ndarray:
    """Return unit vectors along slices, rows and columns, as columns of the matrix; to the left and posterior."""
    along_columns, along_rows = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    return np.stack([np.cross(along_columns, along_rows), along_rows, along_columns], axis=1)
