"""Enhanced MR images: DICOM files that hold all slices of a volume as frames."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from examples.brain_mri.scans.dicom import DicomVolume
from examples.brain_mri.scans.dicom_files import quiet_pydicom
from examples.brain_mri.scans.dicom_seg import segmentation
from examples.brain_mri.scans.grid import LPS_TO_RAS, Grid
from examples.brain_mri.scans.scan import Check, reason, unusable


class EnhancedImage(DicomVolume):
    """One file, whose SOPInstanceUID names the mask: a series may have several."""

    def check(self) -> Check:
        """Decode it once."""
        try:
            self.check_mask()
        except ValueError as error:
            return Check(unreadable={self.files[0]: reason(self.files[0], error)})
        return Check(len(self.grid().origins))

    def undecodable(self) -> dict[Path, str]:
        """Return the file with the reason, if its pixels cannot be read."""
        try:
            self._read()
        except ValueError as error:
            return {self.files[0]: reason(self.files[0], error)}
        return {}

    def without(self, files: Collection[Path]) -> "EnhancedImage | None":
        """Return None without the file."""
        return None if self.files[0] in files else self

    def grid(self) -> Grid:
        """Return where its pixels lie."""
        _, volume = self._read()
        steps, origin = LPS_TO_RAS @ volume.affine[:3, :3], LPS_TO_RAS @ volume.affine[:3, 3]
        grid = Grid(
            steps / volume.spacing,
            origin + np.outer(np.arange(volume.spatial_shape[0]), steps[:, 0]),
            (volume.spatial_shape[1], volume.spatial_shape[2]),
            (volume.spacing[1], volume.spacing[2]),
            volume.spacing[0],
            str(volume.frame_of_reference_uid),
        )
        try:
            grid.spacing()
        except ValueError as error:
            raise unusable(self.files[0], str(error)) from error
        return grid

    def values(self) -> np.ndarray:
        """Return the intensities, `(slices, rows, columns)`."""
        return np.asarray(self._read()[1].array, np.float32)

    def segmentation(self, mask: np.ndarray) -> Any:
        """Return a mask as a segmentation object that refers to the file."""
        image, volume = self._read()
        return segmentation(volume.with_array(mask.astype(np.uint8)), [image], None)

    def file_of(self, number: int) -> Path:  # noqa: ARG002 (all slices are in one file)
        """Return the file."""
        return self.files[0]

    def _read(self) -> tuple[Any, Any]:
        """Return highdicom's image and volume.

        Raises:
            ValueError: If the file is damaged, or its frames make no volume.
        """
        import highdicom

        try:
            with quiet_pydicom():
                image = highdicom.imread(self.files[0])
                volume = image.get_volume(dtype=np.float32)
        except OSError as error:
            raise unusable(self.files[0], f"Expected a readable file. Received {error}. Check it.") from error
        except Exception as error:  # highdicom and the decoders raise nearly anything
            raise unusable(
                self.files[0],
                f"Expected frames that make one volume of one echo. Received: {error}. Convert it to NIfTI (dcm2niix).",
            ) from error
        if not np.isfinite(volume.array).all() or volume.array.ndim != 3:
            raise unusable(self.files[0], f"Expected finite grey values. Received shape {volume.shape}. Replace it.")
        return image, volume
