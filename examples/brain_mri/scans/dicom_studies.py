"""Which volumes and studies DICOM files belong to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.brain_mri.requirements import check_dicom
from examples.brain_mri.scans.dicom import DicomStudy, DicomVolume
from examples.brain_mri.scans.dicom_enhanced import EnhancedImage
from examples.brain_mri.scans.dicom_files import is_enhanced, quiet_pydicom, read_header, refusal
from examples.brain_mri.scans.dicom_series import DicomSeries, height
from examples.brain_mri.scans.scan import Scan, reason
from examples.brain_mri.scans.series_descriptions import sequence_of_series

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
        self.uid = _uid(header)
        self.description = str(header.get("SeriesDescription") or "")
        self.sequence = _sequence(header)
        self.original = "DERIVED" not in (header.get("ImageType") or ())
        self.patient = str(header.get("PatientID") or "") or file.resolve().parent.name

    def add(self, header: Any, file: Path) -> None:
        """Add a file; copies count once."""
        position = 0.0 if self.enhanced else height(header)
        self.files.setdefault(str(header.SOPInstanceUID), (position, file))

    def scan(self) -> DicomVolume:
        """Return the volume, in the order of heights."""
        kind = EnhancedImage if self.enhanced else DicomSeries
        return kind(self.patient, tuple(file for _, file in sorted(self.files.values())), self.uid)


@dataclass
class _Study:
    """The volumes of one study by their UIDs, and files that cannot be used, with the reason."""

    volumes: dict[str, _Volume] = field(default_factory=dict)
    refused: dict[Path, str] = field(default_factory=dict)


def group_series(files: Iterable[Path]) -> Grouped:
    """Return the volumes and studies that the files belong to.

    Of a study with FLAIR, the T1-weighted volumes that can be resampled to it are joined, and the rest is left out with
    a note.
    """
    files = list(files)
    if files:
        check_dicom()
    found = Grouped()
    studies: dict[str, _Study] = {}
    for file in files:
        try:
            header = read_header(file)
        except ValueError as error:
            found.unreadable[file] = reason(file, error)
            continue
        with quiet_pydicom():  # it warns of each value that it converts
            _add_file(header, file, studies, found)
    for study in studies.values():
        _add_study(study, found)
    return found


def _add_file(header: Any, file: Path, studies: dict[str, _Study], found: Grouped) -> None:
    why = refusal(header)
    study = studies.setdefault(str(header.get("StudyInstanceUID")), _Study())
    if why is None:
        uid = _uid(header)
        if uid not in study.volumes:
            study.volumes[uid] = _Volume(header, file)
        study.volumes[uid].add(header, file)
    elif not why:
        found.notes.append(f"{file} is not a slice and is left out.")
    elif _sequence(header) == "flair":
        found.unreadable[file] = why
    else:
        study.refused[file] = why


def _add_study(study: _Study, found: Grouped) -> None:
    volumes = list(study.volumes.values())
    flair = _usable_flair([volume.scan() for volume in volumes if volume.sequence == "flair"], found.notes)
    if flair:
        for why in dict.fromkeys(study.refused.values()):
            first, *more = (file for file, its in study.refused.items() if its == why)
            others = f" and {len(more)} other files of its study are" if more else " is"
            found.notes.append(f"{first}{others} left out: {why}")
        rest = [volume for volume in volumes if volume.sequence != "flair"]
        found.scans += [_with_t1(volume, rest, found.notes) for volume in flair]
        return
    found.unreadable |= study.refused
    for volume in volumes:
        scan = volume.scan()
        if volume.sequence is None:
            found.scans.append(scan)
            found.notes.append(f"The series of {scan.files[0]} is taken as FLAIR: its description names no sequence.")
        else:
            why = f"Expected FLAIR. Received the series {volume.description!r}. Pass the FLAIR series."
            found.unreadable.update(dict.fromkeys(scan.files, why))


def _usable_flair(volumes: list[DicomVolume], notes: list[str]) -> list[DicomVolume]:
    """Return the axial volumes; all of them if none is, so that their check says why."""
    reasons = {volume.uid: _reason_against(volume) for volume in volumes}
    usable = [volume for volume in volumes if reasons[volume.uid] is None]
    for volume in volumes if usable else ():
        if reasons[volume.uid]:
            notes.append(f"The series of {volume.files[0]} is left out: {reasons[volume.uid]}")
    return usable or volumes


def _reason_against(volume: DicomVolume) -> str | None:
    try:
        volume.grid()
    except ValueError as error:
        return reason(volume.files[0], error)
    return None


def _with_t1(flair: DicomVolume, rest: list[_Volume], notes: list[str]) -> Scan:
    """Return FLAIR with the T1-weighted volumes that can be resampled to it; say what becomes of each volume."""
    usable: dict[str, list[_Volume]] = {name: [] for name in T1}
    for volume in rest:
        why = _mismatch(volume, flair)
        if why is None:
            usable[str(volume.sequence)].append(volume)
        else:
            notes.append(f"The series of {volume.scan().files[0]} is left out: {why}.")
    return _joined(flair, usable, notes)


def _mismatch(volume: _Volume, flair: DicomVolume) -> str | None:
    if volume.sequence not in T1:
        return f"its description {volume.description!r} does not say that it is pre- or post-contrast T1"
    try:
        return volume.scan().grid().mismatch(flair.grid())
    except ValueError as error:
        return reason(volume.scan().files[0], error).rstrip(".")


def _joined(flair: DicomVolume, usable: Mapping[str, list[_Volume]], notes: list[str]) -> Scan:
    t1 = {}
    for name, found in usable.items():
        original = [volume for volume in found if volume.original]  # rather than reformatted ones
        candidates = [volume.scan() for volume in (original if len(original) == 1 else found)]
        if len(candidates) > 1:
            first = ", ".join(str(volume.files[0]) for volume in candidates)
            notes.append(f"All {T1[name]} series of one study are left out; pass one of them: {first}.")
        elif candidates:
            [t1[name]] = candidates
            notes.append(f"The series of {t1[name].files[0]} is taken as {T1[name]} of {flair.files[0]}.")
    return DicomStudy.of(flair, t1) if t1 else flair


def _uid(header: Any) -> str:
    return str(header.SOPInstanceUID if is_enhanced(header) else header.SeriesInstanceUID)


def _sequence(header: Any) -> str | None:
    agents = header.get("ContrastBolusAgentSequence")  # of enhanced images
    return sequence_of_series(
        [str(header.get(name) or "") for name in ("SeriesDescription", "ProtocolName")],
        contrast_agent=str(header.get("ContrastBolusAgent") or ("in a sequence" if agents else "")),
        image_type=header.get("ImageType") or (),
    )
