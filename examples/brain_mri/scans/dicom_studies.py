"""Which series and studies DICOM files belong to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.brain_mri.requirements import check_dicom
from examples.brain_mri.scans.dicom import DicomSeries, DicomStudy
from examples.brain_mri.scans.dicom_files import read_header, refusal
from examples.brain_mri.scans.dicom_geometry import height, mismatch
from examples.brain_mri.scans.scan import Scan, reason
from examples.brain_mri.scans.sequences import sequence_of_series

T1 = {"pre": "pre-contrast T1", "post": "post-contrast T1"}


@dataclass
class Grouped:
    """What DICOM files make up.

    Attributes:
        scans: One for each series; of a study with FLAIR, one for each FLAIR series.
        unreadable: Files that cannot be used, with the reason.
        notes: What a user should know.
    """

    scans: list[Scan] = field(default_factory=list)
    unreadable: dict[Path, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class _Members:
    """The files of one series by their SOPInstanceUID, with their heights. Thousands of headers would fill memory."""

    def __init__(self, header: Any, file: Path) -> None:
        self.files: dict[str, tuple[float, Path]] = {}
        self.uid = str(header.SeriesInstanceUID)
        self.description = str(header.get("SeriesDescription") or "")
        self.sequence = sequence_of_series(
            [self.description, str(header.get("ProtocolName") or "")],
            contrast_agent=bool(header.get("ContrastBolusAgent")),
        )
        self.study = str(header.StudyInstanceUID)
        self.patient = str(header.get("PatientID") or "") or file.resolve().parent.name

    def series(self) -> DicomSeries:
        """Return the series, in the order of heights."""
        return DicomSeries(self.patient, tuple(file for _, file in sorted(self.files.values())), self.uid)


def group_series(files: Iterable[Path]) -> Grouped:
    """Return the series and studies that the files belong to.

    Of a study with a FLAIR series, the T1-weighted series that can be resampled to it are joined, and the others are
    left out with a note.
    """
    files = list(files)
    if files:
        check_dicom()
    found = Grouped()
    studies: dict[str, dict[str, _Members]] = {}
    for file in files:
        try:
            header = read_header(file)
        except ValueError as error:
            found.unreadable[file] = reason(file, error)
            continue
        why = refusal(header)
        if why is None:
            study = studies.setdefault(str(header.StudyInstanceUID), {})
            members = study.setdefault(str(header.SeriesInstanceUID), _Members(header, file))
            members.files.setdefault(str(header.SOPInstanceUID), (height(header), file))  # copies count once
        elif why:
            found.unreadable[file] = why
        else:
            found.notes.append(f"{file} is not a slice and is left out.")
    for study in studies.values():
        _add_study(list(study.values()), found)
    return found


def _add_study(study: list[_Members], found: Grouped) -> None:
    flair = [members.series() for members in study if members.sequence == "flair"]
    if flair:
        rest = [members for members in study if members.sequence != "flair"]
        found.scans += [_with_t1(series, rest, found.notes) for series in flair]
        return
    for members in study:
        if members.sequence is None:
            found.scans.append(members.series())
        else:
            why = f"Expected FLAIR. Received the series {members.description!r}. Pass the FLAIR series."
            found.unreadable.update(dict.fromkeys(members.series().files, why))


def _with_t1(flair: DicomSeries, rest: list[_Members], notes: list[str]) -> Scan:
    """Return FLAIR with the T1-weighted series that can be resampled to it; say what becomes of each series."""
    onto = flair.sources()
    usable: dict[str, list[DicomSeries]] = {name: [] for name in T1}
    for members in rest:
        series = members.series()
        why = mismatch(series.sources(), onto) if members.sequence in T1 else "its description does not say T1"
        if why is None:
            usable[str(members.sequence)].append(series)
        else:
            notes.append(f"The series of {series.files[0]} is left out: {why}.")
    return _joined(flair, usable, notes)


def _joined(flair: DicomSeries, usable: Mapping[str, list[DicomSeries]], notes: list[str]) -> Scan:
    t1 = {}
    for name, candidates in usable.items():
        if len(candidates) > 1:
            first = ", ".join(str(series.files[0]) for series in candidates)
            notes.append(f"All {T1[name]} series of one study are left out; pass one of them: {first}.")
        elif candidates:
            [t1[name]] = candidates
            notes.append(f"The series of {t1[name].files[0]} is taken as {T1[name]} of {flair.files[0]}.")
    return DicomStudy.of(flair, t1) if t1 else flair
