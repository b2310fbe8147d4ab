"""What is said of an indexed folder as a whole: mostly worth knowing, and keeping no file out of it."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from examples.brain_mri.cohort.problems import Findings, Key


def note_gaps(slots: Iterable[Key], findings: Findings) -> None:
    """Note slice numbers that are missing between a patient's first and last."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for patient, number in slots:
        numbers[patient].append(number)
    for patient, present in numbers.items():
        gaps = [(low + 1, high - 1) for low, high in pairwise(sorted(present)) if high - low > 1]
        if gaps:
            shown = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in gaps)
            findings.notes.append(f"{patient}: slices {shown} are missing between {min(present)} and {max(present)}.")


def find_healthy(tumours: Iterable[tuple[Path, bool]], findings: Findings, *, harmless: bool) -> None:
    """Note or fault folders of which no slice has a tumour; given a folder and an answer for each slice."""
    folders: dict[Path, bool] = defaultdict(bool)
    for folder, tumour in tumours:
        folders[folder] |= tumour
    for folder in sorted(folder for folder, tumour in folders.items() if not tumour):
        if harmless:
            findings.notes.append(f"{folder.name}: no slice has a tumour.")
        else:
            cure = "fetch its masks again; if the patient is healthy, allow it with --allow-healthy"
            findings.fault(folder, "a patient without any tumour", cure)


def note_people(patients: Iterable[str], findings: Findings) -> None:
    """Note people with several examinations."""
    people = Counter(patient[:12] for patient in set(patients))
    findings.notes += [
        f"{person} has {count} examinations; keep them in one part of a split."
        for person, count in sorted(people.items())
        if count > 1
    ]


def compare_clinical(table: Path, patients: set[str], findings: Findings) -> None:
    """Note who is in the clinical table or in the folders alone."""
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if "Patient" not in (reader.fieldnames or ()):
                findings.notes.append(f"{table}: has no column Patient; the clinical table is not used.")
                return
            listed = {row["Patient"] for row in reader if row["Patient"]}
    except (UnicodeDecodeError, csv.Error) as error:
        findings.notes.append(f"{table}: not a readable CSV ({error}); the clinical table is not used.")
        return
    present = {patient[:12] for patient in patients}
    for people, what in (
        (listed - present, f"patients of {table.name} have no folder"),
        (present - listed, f"patients with a folder are not in {table.name}"),
    ):
        if people:
            shown = ", ".join(sorted(people)[:5]) + (", ..." if len(people) > 5 else "")
            findings.notes.append(f"{len(people)} {what}: {shown}.")
