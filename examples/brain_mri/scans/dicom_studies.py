"""Which volumes and studies DICOM files belong to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.brain_mri.requirements import check_dicom
from examples.brain_mri.scans.dicom import DicomStudy, DicomVolume
from examples.brain_mri.scans.dicom_enhanced import EnhancedImage
from examples.brain_mri.scans.dicom_files import is_enhanced, read_header, refusal
from examples.brain_mri.scans.dicom_series import DicomSeries, height
from examples.brain_mri.scans.grid import Grid
from examples.brain_mri.scans.scan import Scan, reason
from examples.brain_mri.scans.sequences import sequence_of_series

T1 = {"pre": "pre-contrast T1", "post": "post-contrast T1"}


@dataclass
class Grouped:
    """What DICOM files make up.

    Attributes:
        scans: One for each volume; of a study with FLAIR, one for each FLAIR volume.
        unreadable: Files that cannot be used, with the reason.
        notes: What a user should know.
    """

    scans: list[Scan] = field(default_factory=list)
    unreadable: dict[Path, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class _Volume:
    """The files of one volume by their SOPInstanceUID, with their heights. Thousands of headers would fill memory."""

    def __init__(self, header: Any, file: Path) -> None:
        self.files: dict[str, tuple[float, Path]] = {}
        self.enhanced = is_enhanced(header)
        self.uid = str(header.SOPInstanceUID if self.enhanced else header.SeriesInstanceUID)
        self.description = str(header.get("SeriesDescription") or "")
        self.sequence = sequence_of_series(
            [self.description, str(header.get("ProtocolName") or "")],
            contrast_agent=bool(header.get("ContrastBolusAgent") or header.get("ContrastBolusAgentSequence")),
        )
        self.patient = str(header.get("PatientID") or "") or file.resolve().parent.name

    def add(self, header: Any, file: Path) -> None:
        """Add a file; copies count once."""
        position = 0.0 if self.enhanced else height(header)
        self.files.setdefault(str(header.SOPInstanceUID), (position, file))

    def scan(self) -> DicomVolume:
        """Return the volume, in the order of heights."""
        kind = EnhancedImage if self.enhanced else DicomSeries
        return kind(self.patient, tuple(file for _, file in sorted(self.files.values())), self.uid)


def group_series(files: Iterable[Path]) -> Grouped:
    """Return the volumes and studies that the files belong to.

    Of a study with FLAIR, the T1-weighted volumes that can be resampled to it are joined, and the others are left out
    with a note.
    """
    files = list(files)
    if files:
        check_dicom()
    found = Grouped()
    studies: dict[str, dict[str, _Volume]] = {}
    for file in files:
        try:
            header = read_header(file)
        except ValueError as error:
            found.unreadable[file] = reason(file, error)
            continue
        why = refusal(header)
        if why is None:
            study = studies.setdefault(str(header.StudyInstanceUID), {})
            volume = _Volume(header, file)
            study.setdefault(volume.uid, volume).add(header, file)
        elif why:
            found.unreadable[file] = why
        else:
            found.notes.append(f"{file} is not a slice and is left out.")
    for study in studies.values():
        _add_study(list(study.values()), found)
    return found


def _add_study(study: list[_Volume], found: Grouped) -> None:
    flair = [volume.scan() for volume in study if volume.sequence == "flair"]
    if flair:
        rest = [volume for volume in study if volume.sequence != "flair"]
        found.scans += [_with_t1(volume, rest, found.notes) for volume in flair]
        return
    for volume in study:
        if volume.sequence is None:
            found.scans.append(volume.scan())
        else:
            why = f"Expected FLAIR. Received the series {volume.description!r}. Pass the FLAIR series."
            found.unreadable.update(dict.fromkeys(volume.scan().files, why))


def _with_t1(flair: DicomVolume, rest: list[_Volume], notes: list[str]) -> Scan:
    """Return FLAIR with the T1-weighted volumes that can be resampled to it; say what becomes of each volume."""
    try:
        onto = flair.grid()
    except ValueError:  # its check will say so
        return flair
    usable: dict[str, list[DicomVolume]] = {name: [] for name in T1}
    for members in rest:
        volume = members.scan()
        why = _mismatch(volume, onto) if members.sequence in T1 else "its description does not say T1"
        if why is None:
            usable[str(members.sequence)].append(volume)
        else:
            notes.append(f"The series of {volume.files[0]} is left out: {why}.")
    return _joined(flair, usable, notes)


def _mismatch(volume: DicomVolume, onto: Grid) -> str | None:
    try:
        return volume.grid().mismatch(onto)
    except ValueError as error:
        return reason(volume.files[0], error).rstrip(".")


def _joined(flair: DicomVolume, usable: Mapping[str, list[DicomVolume]], notes: list[str]) -> Scan:
    t1 = {}
    for name, candidates in usable.items():
        if len(candidates) > 1:
            first = ", ".join(str(volume.files[0]) for volume in candidates)
            notes.append(f"All {T1[name]} series of one study are left out; pass one of them: {first}.")
        elif candidates:
            [t1[name]] = candidates
            notes.append(f"The series of {t1[name].files[0]} is taken as {T1[name]} of {flair.files[0]}.")
    return DicomStudy.of(flair, t1) if t1 else flair
