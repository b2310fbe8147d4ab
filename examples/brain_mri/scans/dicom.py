"""DICOM series, one file for each slice, and studies: a FLAIR series with the T1-weighted ones of the same patient."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from examples.brain_mri.scans.axial import from_axial, slice_numbers, to_axial
from examples.brain_mri.scans.dicom_files import decoded, read_header
from examples.brain_mri.scans.dicom_geometry import Sources, gap_notes, grid, resampled
from examples.brain_mri.scans.dicom_seg import segmentation, write_segmentation
from examples.brain_mri.scans.scan import CHANNELS, Check, Scan, Stack, reason


@dataclass(frozen=True)
class DicomSeries(Scan):
    """One series; its files in the order of their positions.

    Attributes:
        uid: Its SeriesInstanceUID, which names the mask.
    """

    uid: str = ""

    def outputs(self) -> list[tuple[Path, str]]:
        """Return the first file with the mask's name."""
        return [(self.files[0], f"{self.uid}_pred.dcm")]

    def check(self) -> Check:
        """Decode each file once."""
        found = Check(len(self.files), undecodable(self.files))
        good = [(file, read_header(file)) for file in self.files if file not in found.unreadable]
        try:
            if good:
                _check_series(good)
                found.notes += gap_notes(good)
        except ValueError as error:
            first = good[0][0]
            found.unreadable.update(dict.fromkeys([file for file, _ in good], reason(first, error)))
        found.slices -= len(found.unreadable)
        return found

    def without(self, files: Collection[Path]) -> "DicomSeries | None":
        """Return the other slices."""
        rest = tuple(file for file in self.files if file not in files)
        return replace(self, files=rest) if rest else None

    def sources(self) -> Sources:
        """Return the files with their headers."""
        return [(file, read_header(file)) for file in self.files]

    def values(self) -> np.ndarray:
        """Return the intensities, `(slices, rows, columns)`."""
        return np.stack([decoded(file) for file in self.files])

    def read(self) -> list[Stack]:
        """Return one stack of axial slices, with the series as each of the three sequences."""
        return [self.stack([self.values()] * len(CHANNELS))]

    def stack(self, channels: Sequence[np.ndarray]) -> Stack:
        """Return the axial slices.

        Args:
            channels: The three sequences at the pixels of this series, each `(slices, rows, columns)`.
        """
        sources = self.sources()
        affine, spacing = grid(sources)
        [(_, mask_name)] = self.outputs()

        def write(mask: np.ndarray, folder: Path) -> None:
            headers = [header for _, header in sources]
            write_segmentation(folder / mask_name, from_axial(mask, affine), headers, spacing[0] if spacing else None)

        images = to_axial(np.stack(channels, axis=-1), affine)
        axis, numbers = slice_numbers(channels[0].shape, affine)
        # An axial slice of a volume that was scanned in another plane has a row of each file.
        files = [self.files[0 if axis else number] for number in numbers]
        return Stack(images, files, numbers, [mask_name] * len(images), spacing, write)


@dataclass(frozen=True)
class DicomStudy(Scan):
    """A FLAIR series with T1-weighted series of its study, which are resampled to its slices.

    Attributes:
        flair: The series whose geometry and UID the mask takes.
        t1: The others, by sequence: "pre", "post" or both.
    """

    flair: DicomSeries
    t1: Mapping[str, DicomSeries]

    @classmethod
    def of(cls, flair: DicomSeries, t1: Mapping[str, DicomSeries]) -> "DicomStudy":
        """Return the study of these series."""
        files = (*flair.files, *(file for series in t1.values() for file in series.files))
        return cls(flair.patient, files, flair, t1)

    def outputs(self) -> list[tuple[Path, str]]:
        """Return the first file of FLAIR with the mask's name."""
        return self.flair.outputs()

    def check(self) -> Check:
        """Decode each file once."""
        found = self.flair.check()
        for series in self.t1.values():
            found.unreadable |= undecodable(series.files)
        return found

    def without(self, files: Collection[Path]) -> "DicomStudy | None":
        """Return the study without slices of FLAIR; None if one of another series is bad, as for NIfTI volumes."""
        flair = self.flair.without(files)
        damaged = any(set(files) & set(series.files) for series in self.t1.values())
        return None if flair is None or damaged else self.of(flair, self.t1)

    def read(self) -> list[Stack]:
        """Return one stack of axial slices; a missing sequence is replaced by FLAIR, as in the data set."""
        flair, onto = self.flair.values(), self.flair.sources()
        volumes = {name: resampled(series.values(), series.sources(), onto) for name, series in self.t1.items()}
        return [self.flair.stack([volumes.get(sequence, flair) for sequence in CHANNELS])]


def undecodable(files: Sequence[Path]) -> dict[Path, str]:
    """Return the files whose header or pixels cannot be read, with the reason."""
    found = {}
    for file in files:
        try:
            decoded(file)
        except ValueError as error:
            found[file] = reason(file, error)
    return found


def _check_series(sources: Sources) -> None:
    """Check that the slices make a volume and a mask of it can be written.

    Raises:
        ValueError: If not.
    """
    header = sources[0][1]
    _, spacing = grid(sources)
    mask = np.zeros((len(sources), header.Rows, header.Columns), np.uint8)
    mask[0, 0, 0] = 1
    segmentation(mask, [header for _, header in sources], spacing[0] if spacing else None)
