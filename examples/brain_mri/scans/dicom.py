"""DICOM volumes, whatever files hold them, and studies: FLAIR with the T1-weighted volumes of the same patient."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from examples.brain_mri.scans.axial import from_axial, slice_numbers, to_axial
from examples.brain_mri.scans.dicom_seg import write_segmentation
from examples.brain_mri.scans.grid import Grid
from examples.brain_mri.scans.scan import CHANNELS, Check, Scan, Stack


@dataclass(frozen=True)
class DicomVolume(Scan):
    """Slices of one sequence.

    Attributes:
        uid: The UID that names the mask.
    """

    uid: str = ""

    @abstractmethod
    def grid(self) -> Grid:
        """Return where its pixels lie.

        Raises:
            ValueError: If the slices make no volume, or are not axial.
        """

    @abstractmethod
    def values(self) -> np.ndarray:
        """Return the intensities, `(slices, rows, columns)`."""

    @abstractmethod
    def segmentation(self, mask: np.ndarray) -> Any:
        """Return a mask `(slices, rows, columns)` as a DICOM segmentation object.

        Raises:
            ValueError: If the headers do not suffice for one.
        """

    @abstractmethod
    def file_of(self, number: int) -> Path:
        """Return the file of a slice."""

    @abstractmethod
    def undecodable(self) -> dict[Path, str]:
        """Return the files whose pixels cannot be read, with the reason."""

    def outputs(self) -> list[tuple[Path, str]]:
        """Return the first file with the mask's name."""
        return [(self.files[0], f"{self.uid}_pred.dcm")]

    def read(self) -> list[Stack]:
        """Return one stack of axial slices, with the volume as each of the three sequences."""
        return [self.stack([self.values()] * len(CHANNELS))]

    def stack(self, channels: Sequence[np.ndarray]) -> Stack:
        """Return axial slices.

        Args:
            channels: The three sequences at the pixels of this volume, each `(slices, rows, columns)`.
        """
        grid = self.grid()
        affine = grid.affine
        [(_, mask_name)] = self.outputs()

        def write(mask: np.ndarray, folder: Path) -> None:
            write_segmentation(folder / mask_name, self.segmentation(from_axial(mask, affine)))

        images = to_axial(np.stack(channels, axis=-1), affine)
        axis, numbers = slice_numbers(channels[0].shape, affine)
        # An axial slice of a volume that was scanned in another plane has a row of each file.
        files = [self.file_of(0 if axis else number) for number in numbers]
        return Stack(images, files, numbers, [mask_name] * len(images), grid.spacing(), write)

    def check_mask(self) -> None:
        """Check that the slices make a volume and a mask of it can be written.

        Raises:
            ValueError: If not.
        """
        grid = self.grid()
        mask = np.zeros((len(grid.origins), *grid.shape), np.uint8)
        mask[0, 0, 0] = 1
        self.segmentation(mask)


@dataclass(frozen=True)
class DicomStudy(Scan):
    """FLAIR with T1-weighted volumes of its study, which are resampled to its pixels.

    Attributes:
        flair: The volume whose geometry and UID the mask takes.
        t1: The others, by sequence: "pre", "post" or both.
    """

    flair: DicomVolume
    t1: Mapping[str, DicomVolume]

    @classmethod
    def of(cls, flair: DicomVolume, t1: Mapping[str, DicomVolume]) -> "DicomStudy":
        """Return the study of these volumes."""
        files = (*flair.files, *(file for volume in t1.values() for file in volume.files))
        return cls(flair.patient, files, flair, t1)

    def outputs(self) -> list[tuple[Path, str]]:
        """Return the first file of FLAIR with the mask's name."""
        return self.flair.outputs()

    def check(self) -> Check:
        """Decode each file once."""
        found = self.flair.check()
        for volume in self.t1.values():
            bad = volume.undecodable()
            if bad:
                found.notes.append(f"The series of {volume.files[0]} is left out, since a file of it cannot be used.")
            found.unreadable |= bad
        return found

    def without(self, files: Collection[Path]) -> Scan | None:
        """Return the study without slices of FLAIR, and without T1 volumes that lack a file."""
        flair = self.flair.without(files)
        whole = {name: volume for name, volume in self.t1.items() if not set(files) & set(volume.files)}
        return self.of(flair, whole) if isinstance(flair, DicomVolume) and whole else flair

    def read(self) -> list[Stack]:
        """Return one stack of axial slices; a missing sequence is replaced by FLAIR, as in the data set."""
        flair, onto = self.flair.values(), self.flair.grid()
        resampled = {name: volume.grid().resample(volume.values(), onto) for name, volume in self.t1.items()}
        return [self.flair.stack([resampled.get(sequence, flair) for sequence in CHANNELS])]
