"""The course's CSV of slices (patient_id, image_path, mask_path, mask): its patients are wrong, its paths are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from examples.brain_mri.cohort.problems import Key, Problems, parse_name, person_of
from examples.brain_mri.cohort.tables import has_columns, read_table
from examples.brain_mri.folders import walk

COLUMNS = ("image_path", "mask_path")


@dataclass(frozen=True)
class Row:
    """One row of the CSV: its line, the two files that it names, the patient that it claims."""

    line: int
    image: Path
    mask: Path
    claim: str | None


def is_listing(file: Path) -> bool:
    """Return whether a file is a table with the columns of a listing."""
    return file.suffix.lower() in {".csv", ".tsv"} and file.is_file() and has_columns(file, COLUMNS)


def listed_files(listing: Path, problems: Problems) -> list[Path]:
    """Return the files of the rows whose two files exist; those of other rows are problems."""
    rows = _rows(listing)
    _note_claims(listing, rows, problems)
    listed: dict[Path, None] = {}
    for row in rows:
        absent = [file for file in (row.image, row.mask) if not file.is_file()]
        for file in absent:
            problems.add(file, f"listed in line {row.line} of {listing.name} and absent", "fetch it or delete the row")
        if not absent and _mask_stem(row.image) != row.mask.stem.lower():
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
    """Keep the slices that a CSV in the folder lists. It may list more than the folder has."""
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
    if listing.suffix.lower() in {".tif", ".tiff"}:
        raise ValueError(
            "Expected a folder, or a CSV with the columns image_path and mask_path. "
            f"Received {listing}, which is neither. Pass the folder of the unpacked download."
        )
    found = _Finder(listing.parent)
    rows = []
    for line, cells in read_table(listing, COLUMNS):
        image, mask = (cells.get(name, "") for name in COLUMNS)
        if not image or not mask:
            raise ValueError(
                f"Expected {' and '.join(COLUMNS)} in each row. Received {listing}, whose line {line} lacks one. "
                "Complete or delete the row."
            )
        rows.append(Row(line, found(_path(image)), found(_path(mask)), cells.get("patient_id") or None))
    return rows


def _path(text: str) -> Path:
    """Return a path with either kind of separators; one with a drive letter becomes relative."""
    path = PureWindowsPath(text)  # takes both kinds
    return Path(*path.parts[1:]) if path.drive else Path(path.as_posix())


class _Finder:
    """Finds the file of a row: from the CSV's own folder, or else by patient's folder and name anywhere below.

    If no file matches exactly, upper and lower case are not distinguished.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.below: dict[tuple[str, ...], Path] | None = None

    def __call__(self, path: Path) -> Path:
        direct = self.folder / path
        if direct.is_file():
            return direct
        if self.below is None:
            self.below = self._index()
        exact = path.parts[-2:]
        return self.below.get(exact) or self.below.get(_folded(exact)) or direct

    def _index(self) -> dict[tuple[str, ...], Path]:
        files = list(_files_below(self.folder))
        exact = {file.parts[-2:]: file for file in files}
        return {_folded(parts): file for parts, file in exact.items()} | exact


def _folded(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.casefold() for part in parts)


def _files_below(folder: Path) -> Iterable[Path]:
    # Each row whose file is in a folder that cannot be read is a problem of its own.
    for parent, _, names in walk(folder, lambda *_: None):
        yield from (Path(parent, name) for name in names if name.lower().endswith((".tif", ".tiff")))


def _mask_stem(image: Path) -> str:
    return f"{image.stem}_mask".lower()


def _note_claims(listing: Path, rows: Sequence[Row], problems: Problems) -> None:
    claims = [(row.claim, _patient(row.image)) for row in rows if row.claim is not None]
    # The clinical table's key names the patient too, in TCGA's own form with hyphens.
    wrong = sum(claim.replace("-", "_") not in (patient, person_of(patient)) for claim, patient in claims)
    if wrong:
        problems.notes.append(
            f"{listing.name}: patient_id differs from the path in {wrong:,} of {len(claims):,} rows; "
            "it is not trusted, the path is."
        )


def _patient(image: Path) -> str:
    parsed = parse_name(image)
    return parsed[0] if parsed else image.parent.name
