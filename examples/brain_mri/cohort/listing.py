"""The course's CSV of slices (patient_id, image_path, mask_path, mask): its patients are wrong, its paths are not."""

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.brain_mri.cohort.problems import Key, Problems, parse_name

COLUMNS = {"image_path", "mask_path"}


@dataclass(frozen=True)
class Row:
    """One row of the CSV: its line, the two files that it names, the patient that it claims."""

    line: int
    image: Path
    mask: Path
    claim: str | None


def is_listing(file: Path) -> bool:
    """Return whether a file is a CSV with the columns of a listing."""
    if file.suffix.lower() != ".csv" or not file.is_file():
        return False
    with open(file, newline="", encoding="utf-8-sig", errors="replace") as opened:
        try:
            return set(next(csv.reader(opened), ())) >= COLUMNS
        except csv.Error:
            return False


def listed_files(listing: Path, problems: Problems) -> list[Path]:
    """Return the files of the rows whose two files exist; those of other rows are problems."""
    rows = _rows(listing)
    _note_claims(listing, rows, problems)
    listed: dict[Path, None] = {}
    for row in rows:
        absent = [file for file in (row.image, row.mask) if not file.is_file()]
        for file in absent:
            problems.add(file, f"listed in line {row.line} of {listing.name} and absent", "fetch it or delete the row")
        if not absent and _mask_name(row.image) != row.mask.name.lower():
            what = f"not the mask of {row.image.name} (line {row.line} of {listing.name})"
            problems.add(row.mask, what, "correct the row")
        elif not absent:
            if row.image in listed:
                problems.notes.append(
                    f"{row.image} is listed again in line {row.line} of {listing.name}; counted once."
                )
            listed.update({row.image: None, row.mask: None})
    return list(listed)


def select_listed(files_of: dict[Key, list[Path]], listing: Path, problems: Problems) -> dict[Key, list[Path]]:
    """Keep the slices that a CSV lying in the folder lists. It may list more than the folder has."""
    rows = _rows(listing)
    _note_claims(listing, rows, problems)
    keys = {key[:2] for row in rows if (key := parse_name(row.image))}
    absent = len(rows) - len(keys & files_of.keys())
    if absent:
        problems.notes.append(f"{listing.name}: {absent:,} of {len(rows):,} rows name slices that the folder lacks.")
    if not keys & files_of.keys():
        problems.notes.append(f"{listing.name} lists no slice of this folder and was not used.")
        return files_of
    if files_of.keys() - keys:
        problems.notes.append(
            f"{len(files_of.keys() - keys):,} slices were left out: {listing.name} does not list them."
        )
    return {key: files for key, files in files_of.items() if key in keys}


def _rows(listing: Path) -> list[Row]:
    if not is_listing(listing):
        raise ValueError(
            "Expected a folder, or a CSV with the columns image_path and mask_path. "
            f"Received {listing}, which is neither. Pass the folder of the unpacked download."
        )
    try:
        with open(listing, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            claims = [
                (reader.line_num, Path(row["image_path"] or ""), Path(row["mask_path"] or ""), row.get("patient_id"))
                for row in reader
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"Expected a readable CSV. Received {listing}: {error}. Replace or remove it.") from error
    found = _Finder(listing.parent)
    return [Row(line, found(image), found(mask), claim) for line, image, mask, claim in claims]


class _Finder:
    """Finds the file of a row: from the CSV's own folder, or else by patient's folder and name anywhere below."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.below: dict[tuple[str, ...], Path] | None = None

    def __call__(self, path: Path) -> Path:
        direct = self.folder / path
        if direct.is_file():
            return direct
        if self.below is None:
            self.below = {file.parts[-2:]: file for file in _files_below(self.folder)}
        return self.below.get(path.parts[-2:], direct)


def _files_below(folder: Path) -> Iterable[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names if name.lower().endswith((".tif", ".tiff")))


def _mask_name(image: Path) -> str:
    return f"{image.stem}_mask{image.suffix}".lower()


def _note_claims(listing: Path, rows: Sequence[Row], problems: Problems) -> None:
    claims = [(row.claim, row.image.parent.name) for row in rows if row.claim is not None]
    wrong = sum(claim != patient for claim, patient in claims)
    if wrong:
        problems.notes.append(
            f"{listing.name}: patient_id differs from the path in {wrong:,} of {len(claims):,} rows; "
            "it is not trusted, the path is."
        )
