"""Checks of the indexed folder as a whole: gaps, patients without tumour, repeat examinations, the clinical table."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from examples.brain_mri.cohort.problems import Key, Problems, person_of
from examples.brain_mri.cohort.tables import has_columns, read_table


def note_gaps(slices: Iterable[Key], problems: Problems) -> None:
    """Note slice numbers that are missing between a patient's first and last."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for patient, number in slices:
        numbers[patient].append(number)
    for patient, present in numbers.items():
        gaps = [(low + 1, high - 1) for low, high in pairwise(sorted(present)) if high - low > 1]
        if gaps:
            shown = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in gaps)
            problems.notes.append(f"{patient}: slices {shown} are missing between {min(present)} and {max(present)}.")


def find_patients_without_tumour(tumours: Iterable[tuple[Path, bool]], problems: Problems, *, harmless: bool) -> None:
    """Name patients without a tumour slice, as a note or as a problem.

    Args:
        tumours: The folder of each slice, and whether the slice has tumour.
        problems: Where to add them.
        harmless: Whether they are a note.
    """
    folders: dict[Path, bool] = defaultdict(bool)
    for folder, tumour in tumours:
        folders[folder] |= tumour
    for folder in sorted(folder for folder, tumour in folders.items() if not tumour):
        if harmless:
            problems.notes.append(f"{folder.name}: no slice has a tumour.")
        else:
            cure = "fetch its masks again; if the patient is healthy, allow it with --allow-healthy"
            problems.add(folder, "a patient without any tumour", cure)


def note_repeat_examinations(patients: Iterable[str], problems: Problems) -> None:
    """Note people with several examinations."""
    people = Counter(map(person_of, set(patients)))
    problems.notes += [
        f"{person} has {count} examinations; keep them in one part of a split."
        for person, count in sorted(people.items())
        if count > 1
    ]


def note_identical_images(images: Iterable[tuple[str, Path, bytes | None]], problems: Problems) -> None:
    """Note images that several people have, for example because a folder was copied under another name.

    Args:
        images: For each slice, the person, the image and a digest of its pixels, None for images that do not count.
        problems: Where to add the notes.
    """
    files: dict[bytes, dict[str, Path]] = defaultdict(dict)
    for person, image, digest in images:
        if digest is not None:
            files[digest].setdefault(person, image)
    shared: dict[tuple[str, ...], list[tuple[Path, ...]]] = defaultdict(list)
    for of in files.values():
        if len(of) > 1:
            shared[tuple(of)].append(tuple(of.values()))
    for people, copies in shared.items():
        first = " and ".join(map(str, copies[0][:2]))
        problems.notes.append(
            f"{', '.join(people)} have {len(copies)} identical images, such as {first}; "
            "delete the wrong ones, or what is trained on one is tested on another."
        )


def compare_clinical(table: Path, patients: set[str], problems: Problems) -> None:
    """Note patients that only the clinical table has, or only the folders."""
    try:
        rows = read_table(table, ())
    except ValueError as error:
        problems.notes.append(f"{table}: not a readable CSV ({error}); the clinical table is not used.")
        return
    if not has_columns(table, ("Patient",)):
        problems.notes.append(f"{table}: has no column Patient; the clinical table is not used.")
        return
    listed = {cells["patient"].replace("-", "_") for _, cells in rows if cells.get("patient")}
    present = set(map(person_of, patients))
    for people, what in (
        (listed - present, f"patients of {table.name} have no folder"),
        (present - listed, f"patients with a folder are not in {table.name}"),
    ):
        if people:
            shown = ", ".join(sorted(people)[:5]) + (", ..." if len(people) > 5 else "")
            problems.notes.append(f"{len(people)} {what}: {shown}.")
