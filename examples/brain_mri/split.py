"""The split of a run: which part each patient is in, one split for both stages; `split.csv` holds it."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from examples.brain_mri.cohort.slices import Slice
from examples.brain_mri.config import Options
from resunet_kit.data import atomic_write, split_by_group

NAME = "split.csv"
PARTS = ("train", "validation", "test")
RETRAIN = "Train again into another folder."


def split_patients(slices: Sequence[Slice], options: Options) -> dict[str, str]:
    """Return the part of each patient: one split for both stages, so that no stage has seen a test patient.

    Raises:
        ValueError: If there are too few patients, or a part lacks slices with or without tumour.
    """
    patients = np.array([item.patient for item in slices])
    people = [item.person for item in slices]  # two examinations of one person stay in one part
    tumour = np.array([item.has_tumour for item in slices])
    parts = split_by_group(people, options.fractions, stratify=tumour, seed=options.seed)
    for part, indices in zip(PARTS, parts, strict=True):
        if tumour[indices].all() or not tumour[indices].any():
            raise ValueError(
                f"Expected slices with and without tumour in the {part} part. Received one kind alone, of "
                f"{', '.join(sorted(set(patients[indices])))}. Add patients, or try another --seed."
            )
    return {str(patient): part for part, indices in zip(PARTS, parts, strict=True) for patient in patients[indices]}


def write(folder: Path, split: Mapping[str, str], slices: Sequence[Slice]) -> None:
    """Write the part of each patient, and how many slices it has."""
    counts = Counter(item.patient for item in slices)
    rows = [(patient, split[patient], counts[patient]) for patient in sorted(split)]
    with atomic_write(folder / NAME) as file, file.open("w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows([("patient", "part", "slices"), *rows])


def read(folder: Path) -> dict[str, tuple[str, int]]:
    """Return the part of each patient, and how many slices it had.

    Raises:
        ValueError: If the table cannot be read or lacks a part.
    """
    file = folder / NAME
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            rows = {row["patient"]: (row["part"], int(row["slices"])) for row in csv.DictReader(opened)}
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise ValueError(f"Expected the split of a run. Received {file}: {error}. {RETRAIN}") from error
    parts = {part for part, _ in rows.values()}
    if parts != set(PARTS):
        raise ValueError(
            f"Expected patients for {', '.join(PARTS)}. Received {file} with {sorted(parts)} alone. {RETRAIN}"
        )
    return rows


def slices_of(folder: Path, part: str, slices: Sequence[Slice]) -> list[Slice]:
    """Return the slices whose patient is in `part`.

    Raises:
        ValueError: If a patient of that part is not among the slices, or has other slices than at the start.
    """
    expected = {patient: count for patient, (of, count) in read(folder).items() if of == part}
    patients = expected.keys()
    absent = sorted(patients - {item.patient for item in slices})
    if absent:
        raise ValueError(
            f"Expected the {part} patients of the run {folder} in the data. Received data without "
            f"{len(absent)} of them, the first {absent[0]}. Point --data at the folder that the run was trained on."
        )
    found = [item for item in slices if item.patient in patients]
    counts = Counter(item.patient for item in found)
    for patient, count in expected.items():
        if counts[patient] != count:
            raise ValueError(
                f"Expected {count} slices of {patient}, as when the run {folder} was started. Received "
                f"{counts[patient]} slices. Point --data at the folder that the run was trained on, whole."
            )
    return found
