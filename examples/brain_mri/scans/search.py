"""The patients in the files and folders that the command line names; folders are searched recursively."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from examples.brain_mri.folders import CURE, walk
from examples.brain_mri.scans import dicom_studies, nifti, slices
from examples.brain_mri.scans.dicom_files import is_dicom
from examples.brain_mri.scans.scan import Scan
from examples.brain_mri.scans.sequences import LABEL

DICOM_SUFFIXES = {".dcm", ".dicom", ".ima"}
KINDS = ", ".join([*sorted(slices.SUFFIXES), *nifti.SUFFIXES, "DICOM"])


@dataclass
class Found:
    """What was found.

    Attributes:
        scans: One for each patient.
        unreadable: Files and folders that cannot be used, with the reason.
        notes: What a user should know.
    """

    scans: list[Scan]
    unreadable: dict[Path, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_scans(paths: Iterable[Path], out: Path | None = None) -> Found:
    """Return the patients at and below the paths, in a stable order; slices first, then NIfTI, then DICOM.

    In folders, masks and hidden files are left out.

    Args:
        paths: Files and folders.
        out: A folder that is not searched.

    Raises:
        ValueError: If a path does not exist or holds no image, or two images would write the same mask.
    """
    closed: dict[Path, str] = {}
    files = find_images(paths, out, closed)
    of_kind: dict[str, list[Path]] = {"slices": [], "nifti": [], "dicom": []}
    for file in files:
        of_kind[_kind(file) or "slices"].append(file)
    series = dicom_studies.group_series(of_kind["dicom"])
    scans = [*slices.group_slices(of_kind["slices"]), *nifti.group_volumes(of_kind["nifti"]), *series.scans]
    _refuse_doubled(scans)
    return Found(scans, closed | series.unreadable, series.notes)


def find_images(
    paths: Iterable[Path], out: Path | None = None, unreadable: dict[Path, str] | None = None
) -> list[Path]:
    """Return the files that hold images, each once, in a stable order; unreadable folders go to `unreadable`."""
    found: dict[Path, Path] = {}
    closed = {} if unreadable is None else unreadable
    for path in paths:
        if not path.exists():
            raise ValueError(
                f"Expected an image or a folder of images. Received {path}, which does not exist. Name another."
            )
        known = len(closed)
        images = [path] if path.is_file() else sorted(_below(path, out.resolve() if out else None, closed))
        if not images and len(closed) == known:
            raise ValueError(f"Expected images ({KINDS}) in {path}. Received none. Name another.")
        for image in images:
            found.setdefault(image.resolve(), image)
    return list(found.values())


def _below(folder: Path, out: Path | None, unreadable: dict[Path, str]) -> Iterator[Path]:
    def report(path: Path, why: str) -> None:
        unreadable[path] = f"Expected a folder that can be read. Received: {why}. {CURE.capitalize()}."

    for parent, folders, names in walk(folder, report):
        if os.path.realpath(parent) == str(out):
            folders.clear()
            continue
        folders[:] = [name for name in folders if not _is_hidden(name)]
        files = (Path(parent, name) for name in names if not _is_hidden(name))
        yield from (file for file in files if file.is_file() and _kind(file) and not _is_mask(file))


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))  # what archives and file managers leave behind


def _kind(file: Path) -> str | None:
    name = file.name.lower()
    if name.endswith(nifti.SUFFIXES):
        return "nifti"
    if file.suffix.lower() in slices.SUFFIXES:
        return "slices"
    if name == "dicomdir":
        return None
    return "dicom" if file.suffix.lower() in DICOM_SUFFIXES or is_dicom(file) else None


def _is_mask(file: Path) -> bool:
    if _kind(file) == "nifti":
        return LABEL.search(nifti.stem(file)) is not None
    return file.stem.endswith(("_mask", "_pred")) and file.suffix.lower() in slices.SUFFIXES


def _refuse_doubled(scans: Iterable[Scan]) -> None:
    first: dict[str, Path] = {}
    for scan in scans:
        for file, mask in scan.outputs():
            other = first.setdefault(mask.casefold(), file)  # many file systems do not tell A from a
            if other != file:
                raise ValueError(
                    f"Expected one image for each name, because predictions are called after it. Received {other} and "
                    f"{file}. Predict them into different folders."
                )
