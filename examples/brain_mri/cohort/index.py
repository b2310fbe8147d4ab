"""Index of a folder in the layout of the LGG MRI data on Kaggle: its slices, and every problem with its files.

Each examination has a folder, `TCGA_XX_NNNN_YYYYMMDD`, with `<folder>_<slice>.tif` and `<folder>_<slice>_mask.tif` for
each slice. The folder above may also hold `data.csv` (clinical; its `Patient` is the first 12 characters) and the
course's `data_mask.csv` (patient_id, image_path, mask_path, mask).
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.brain_mri.cohort.listing import is_listing, listed_files, select_listed
from examples.brain_mri.cohort.notes import (
    compare_clinical,
    find_patients_without_tumour,
    note_gaps,
    note_repeat_examinations,
)
from examples.brain_mri.cohort.origin import MARKER, find_simulated
from examples.brain_mri.cohort.problems import CLINICAL_NAME, PATIENT, Key, Problem, Problems, parse_name
from examples.brain_mri.cohort.slices import Slice, pair_files, read_slices
from examples.brain_mri.folders import CURE, walk

_IGNORED = re.compile(r"\..*|Thumbs\.db|desktop\.ini|__MACOSX|README.*", re.IGNORECASE)


@dataclass(frozen=True)
class Index:
    """The usable slices of a folder, its problems and notes.

    Attributes:
        folder: The folder that was indexed.
        slices: The usable slices by patient, then by slice number.
        problems: What must be fixed before training.
        notes: What is worth knowing but does no harm.
        clinical: Path of the clinical table, if there is one.
        simulated: The patients that are simulated.
    """

    folder: Path
    slices: tuple[Slice, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    clinical: Path | None = None
    simulated: frozenset[str] = frozenset()

    @property
    def patients(self) -> list[str]:
        """The patients that have a usable slice, sorted."""
        return sorted({item.patient for item in self.slices})


def index_folder(path: str | os.PathLike[str], *, progress: bool = False, allow_healthy: bool = False) -> Index:
    """Index a folder, or the rows of the course's CSV, reading every file once.

    Unusable files are reported and left out; the rest is indexed. If a patient's folder is found twice with the same
    content, as in the nested download, the one nearest to the top counts. A CSV in the folder with `image_path` and
    `mask_path` selects the slices that it lists.

    Args:
        path: The folder (or any folder above it), or a CSV with `image_path` and `mask_path`, which are relative to its
            folder or to one below it.
        progress: Whether to show a progress bar.
        allow_healthy: Whether a patient without any tumour is fine. In data of tumour patients it means lost masks.

    Returns:
        The index.

    Raises:
        ValueError: If there is no such folder, or no slice in the layout.
    """
    source = Path(path)
    problems = Problems()
    if source.is_file():
        folder = source.parent
        files = listed_files(source, problems)
        clinical: Path | None = folder / CLINICAL_NAME
        marker: Path | None = folder / MARKER
        listings: list[Path] = []
    else:
        folder = source
        found = _walk(source, problems)
        files = _layout_files(found, problems)
        clinical = _nearest(source, found, CLINICAL_NAME)
        marker = _nearest(source, found, MARKER)
        listings = [file for file in found if is_listing(file)]
    clinical = clinical if clinical is not None and clinical.is_file() else None

    files_of = _by_slice(files, problems)
    if not files_of:
        raise ValueError(_nothing_found(source, problems))
    if listings:
        files_of = select_listed(files_of, listings[0], problems)
    note_gaps(files_of, problems)
    slices = read_slices(pair_files(files_of, problems), problems, progress=progress)
    # If only some slices of a patient are in the index, nobody can say that the patient has no tumour.
    in_part = {key[0] for key in files_of.keys() - {(item.patient, item.number) for item in slices}}
    whole = [item for item in slices if item.patient not in in_part]
    tumours = [(item.image.parent, item.has_tumour) for item in whole]
    find_patients_without_tumour(tumours, problems, harmless=allow_healthy or source.is_file() or bool(listings))
    note_repeat_examinations((item.patient for item in slices), problems)
    if clinical:
        compare_clinical(clinical, {patient for patient, _ in files_of}, problems)
    simulated = find_simulated({item.patient for item in slices}, marker, problems)
    by_file = sorted(problems.found, key=lambda problem: str(problem.file))
    return Index(folder, tuple(slices), tuple(by_file), tuple(problems.notes), clinical, simulated)


# === Files ===


def _walk(folder: Path, problems: Problems) -> list[Path]:
    """Return all folders and files below, top first, each real folder once, and report those that cannot be read."""
    if not folder.is_dir():
        raise ValueError(
            f"Expected the folder that holds the TCGA_* folders. Received {folder}, which does not exist. "
            "Pass the folder of the unpacked download."
        )
    found = []
    for parent, folders, files in walk(
        folder, lambda path, why: problems.add(path, f"a folder that cannot be read: {why}", CURE)
    ):
        folders[:] = sorted(name for name in folders if not _IGNORED.fullmatch(name))
        found.append(Path(parent))
        found += [Path(parent, name) for name in sorted(files) if not _IGNORED.fullmatch(name)]
    return sorted(found, key=lambda item: (len(item.parts), item))


def _nearest(folder: Path, found: Iterable[Path], name: str) -> Path | None:
    return next((item for item in found if item.name == name and item != folder), None)


def _layout_files(found: list[Path], problems: Problems) -> list[Path]:
    """Return the TIFFs that count, without nested copies, and report everything else."""
    inside: dict[Path, list[Path]] = defaultdict(list)
    for item in found:
        if item.suffix.lower() in {".tif", ".tiff"} and not item.is_dir():
            inside[item.parent].append(item)
        elif not item.is_dir() and item.name not in (CLINICAL_NAME, MARKER) and not is_listing(item):
            problems.notes.append(f"{item} is not part of the layout and was left out.")
    kept: dict[str, Path] = {}
    copies = []
    for folder in found:
        if not folder.is_dir() or not PATIENT.fullmatch(folder.name):
            continue
        if not inside[folder]:
            problems.add(folder, "a patient's folder without images", "fetch its files again or delete the folder")
        elif folder.name not in kept:
            kept[folder.name] = folder
        else:
            copies.append(folder)
            _compare_copy(inside.pop(folder), inside[kept[folder.name]], problems)
    if copies:
        shown = ", ".join(map(str, copies[:3])) + (", ..." if len(copies) > 3 else "")
        problems.notes.append(f"{len(copies)} patient folders were found twice and counted once; left out: {shown}.")
    return [file for files in inside.values() for file in files]


def _compare_copy(copy: Sequence[Path], kept: Sequence[Path], problems: Problems) -> None:
    """Name what differs in a copy as a problem: nobody can know which of the two is right."""
    originals = {file.name: file for file in kept}
    for file in copy:
        original = originals.get(file.name)
        if original is None:
            problems.add(file, f"only in the second folder of its patient, not in {kept[0].parent}", "merge them")
        elif file.stat().st_size != original.stat().st_size or file.read_bytes() != original.read_bytes():
            problems.add(file, f"the same slice as {original} with other content", "delete the wrong one")


def _nothing_found(source: Path, problems: Problems) -> str:
    if source.is_dir() and problems.found:
        return f"Expected slices below the folder. Received {source} without one, and {problems.found[0]}."
    if source.is_file():
        return (
            f"Expected a CSV that lists existing files. Received {source}, of which none exists. "
            "Put it into the folder that its paths start from."
        )
    return (
        "Expected TCGA_XX_NNNN_YYYYMMDD/TCGA_XX_NNNN_YYYYMMDD_<slice>.tif and ..._mask.tif below the folder. Received "
        f"{source}, which has no such slice. Pass the folder of the unpacked download."
    )


def _by_slice(files: Iterable[Path], problems: Problems) -> dict[Key, list[Path]]:
    """Return the files of each slice, and report those that belong to none."""
    files_of: dict[Key, list[Path]] = defaultdict(list)
    for file in files:
        parsed = parse_name(file)
        if parsed is None:
            problems.add(file, "a TIFF whose name is not in the layout", "rename it, or move it away")
        elif parsed[0] != file.parent.name:
            problems.add(file, f"its patient is not its folder {file.parent.name}", "move it to its patient's folder")
        else:
            files_of[parsed[:2]].append(file)
    return dict(sorted(files_of.items()))
