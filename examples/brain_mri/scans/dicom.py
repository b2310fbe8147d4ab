"""DICOM series: one file for each slice, ordered by their positions in the patient."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from examples.brain_mri.requirements import check_dicom
from examples.brain_mri.scans.axial import axial_spacing, from_axial, slice_numbers, to_axial
from examples.brain_mri.scans.dicom_files import decoded, geometry_key, read_header, refusal
from examples.brain_mri.scans.dicom_seg import segmentation, write_segmentation
from examples.brain_mri.scans.scan import CHANNELS, Check, Scan, Stack, reason, unusable
from examples.brain_mri.scans.sequences import sequence_of

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])  # DICOM counts to the left and posterior


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
        found = Check(len(self.files))
        headers = {}
        for file in self.files:
            try:
                headers[file] = read_header(file)
                decoded(file)
            except ValueError as error:
                found.unreadable[file] = reason(file, error)
        good = [file for file in self.files if file not in found.unreadable]
        try:
            if good:
                found.notes += _series_notes([(file, headers[file]) for file in good])
        except ValueError as error:
            found.unreadable.update(dict.fromkeys(good, reason(good[0], error)))
        found.slices -= len(found.unreadable)
        return found

    def without(self, files: Collection[Path]) -> "DicomSeries | None":
        """Return the other slices."""
        rest = tuple(file for file in self.files if file not in files)
        return replace(self, files=rest) if rest else None

    def read(self) -> list[Stack]:
        """Return one stack of axial slices, with the series as each of the three sequences."""
        sources = [(file, read_header(file)) for file in self.files]
        affine, spacing = _grid(sources)
        values = np.stack([decoded(file) for file in self.files])[..., None]
        images = np.repeat(to_axial(values, affine), len(CHANNELS), axis=-1)
        [(_, mask_name)] = self.outputs()

        def write(mask: np.ndarray, folder: Path) -> None:
            headers = [header for _, header in sources]
            write_segmentation(folder / mask_name, from_axial(mask, affine), headers, spacing[0] if spacing else None)

        axis, numbers = slice_numbers(values.shape, affine)
        # An axial slice of a volume that was scanned in another plane has a row of each file.
        files = [self.files[0 if axis else number] for number in numbers]
        return [Stack(images, files, numbers, [mask_name] * len(images), spacing, write)]


def group_series(files: Iterable[Path]) -> tuple[list[DicomSeries], dict[Path, str], list[str]]:
    """Return the series that the files belong to, files that cannot be used with the reason, and notes.

    If the description of a series in a study says FLAIR, the other series of the study are left out.
    """
    files = list(files)
    if files:
        check_dicom()
    unreadable: dict[Path, str] = {}
    series: dict[str, _Members] = {}
    notes = []
    for file in files:
        try:
            header = read_header(file)
        except ValueError as error:
            unreadable[file] = reason(file, error)
            continue
        why = refusal(header)
        if why is None:
            members = series.setdefault(str(header.SeriesInstanceUID), _Members(header, file))
            members.files.setdefault(str(header.SOPInstanceUID), (_height(header), file))  # copies count once
        elif why:
            unreadable[file] = why
        else:
            notes.append(f"{file} is not a slice and is left out.")
    return [*_wanted(series, unreadable, notes)], unreadable, notes


class _Members:
    """The files of one series by their SOPInstanceUID, with their heights. Thousands of headers would fill memory."""

    def __init__(self, header: Any, file: Path) -> None:
        self.files: dict[str, tuple[float, Path]] = {}
        self.description = str(header.get("SeriesDescription") or "")
        self.sequence = _sequence(self.description) or _sequence(str(header.get("ProtocolName") or ""))
        self.study = str(header.StudyInstanceUID)
        self.patient = str(header.get("PatientID") or "") or file.resolve().parent.name


def _wanted(series: dict[str, _Members], unreadable: dict[Path, str], notes: list[str]) -> Iterable[DicomSeries]:
    with_flair = {members.study for members in series.values() if members.sequence == "flair"}
    for uid, members in series.items():
        files = tuple(file for _, file in sorted(members.files.values()))
        if members.sequence != "flair" and members.study in with_flair:
            notes.append(f"The series of {files[0]} is left out: another of its study is FLAIR.")
        elif members.sequence not in (None, "flair"):
            why = f"Expected FLAIR. Received the series {members.description!r}. Pass the FLAIR series."
            unreadable.update(dict.fromkeys(files, why))
        else:
            yield DicomSeries(members.patient, files, uid)


def _sequence(description: str) -> str | None:
    return sequence_of(description)[0]


def _normal(header: Any) -> np.ndarray:
    row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    return np.cross(row, column)


def _height(header: Any) -> float:
    return float(np.dot(_normal(header), np.array(header.ImagePositionPatient, float)))


def _grid(sources: list[tuple[Path, Any]]) -> tuple[np.ndarray, tuple[float, float, float] | None]:
    """Return the affine from `(slice, row, column)` to millimetres, and the axial spacing where it is known.

    Raises:
        ValueError: If the slices do not lie on one grid, or two lie at one position.
    """
    [first, header] = sources[0]
    for file, other in sources[1:]:
        if geometry_key(other) != geometry_key(header):
            raise unusable(
                first, f"Expected a series of one size and orientation. Received another in {file}. Sort it."
            )
    heights = np.array([_height(one) for _, one in sources])
    gaps = np.diff(heights)
    for index in np.flatnonzero(gaps < 1e-3):
        raise unusable(
            first,
            f"Expected one slice at each position. Received {sources[index][0]} and {sources[index + 1][0]} at one. "
            "Pass one echo or time of the series.",
        )
    height, width = map(float, header.PixelSpacing)
    thickness = float(header.get("SliceThickness") or 0)  # of a single slice
    depth = float(gaps.min()) if len(gaps) else thickness  # where slices are missing, gaps are multiples
    row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
    steps = np.stack([_normal(header) * (depth or height), column * height, row * width], axis=1)
    affine = np.eye(4)
    affine[:3, :3] = LPS_TO_RAS @ steps
    try:
        spacing = axial_spacing((depth or height, height, width), affine)
    except ValueError as error:
        raise unusable(first, str(error)) from error
    return affine, spacing if depth else None


def _series_notes(sources: list[tuple[Path, Any]]) -> list[str]:
    """Check that the slices make a volume and a mask of it can be written; return what a user should know."""
    [first, header], headers = sources[0], [header for _, header in sources]
    _, spacing = _grid(sources)
    mask = np.zeros((len(sources), header.Rows, header.Columns), np.uint8)
    mask[0, 0, 0] = 1
    segmentation(mask, headers, spacing[0] if spacing else None)
    gaps = np.diff([_height(header) for header in headers])
    if len(gaps) and gaps.max() > 1.5 * gaps.min():
        return [f"The series of {first} has gaps; its volume is that of the slices alone."]
    if len(gaps) and gaps.max() > 1.1 * gaps.min():
        return [
            f"The slices of {first} are {gaps.min():.3g} to {gaps.max():.3g} mm apart; its volume counts each as "
            f"{gaps.min():.3g} mm thick."
        ]
    return []
