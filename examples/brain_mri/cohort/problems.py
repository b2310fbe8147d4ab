"""Problems with a cohort's files, each with its cure, and the names that the folder layout prescribes."""

import re
from dataclasses import dataclass, field
from pathlib import Path

CLINICAL_NAME = "data.csv"
PATIENT = re.compile(r"TCGA_\w{2}_\w{4}_\d{8}")
FILE = re.compile(rf"({PATIENT.pattern})_(\d+)(_mask)?\.tiff?", re.IGNORECASE)

Key = tuple[str, int]  # patient and slice number


@dataclass(frozen=True)
class Problem:
    """Something that keeps a file out of the index, and what to do about it."""

    file: Path
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}; {self.cure}"


@dataclass
class Problems:
    """Problems and notes, collected while a folder is indexed."""

    found: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, file: Path, what: str, cure: str) -> None:
        """Add a problem."""
        self.found.append(Problem(file, what, cure))


def person_of(patient: str) -> str:
    """Return the clinical table's key of an examination's folder: two examinations of one person share it."""
    return patient[: len("TCGA_XX_XXXX")]


def parse_name(file: Path) -> tuple[str, int, bool] | None:
    """Return patient, slice number and whether it is a mask; None for a name outside the layout."""
    match = FILE.fullmatch(file.name)
    return (match[1], int(match[2]), bool(match[3])) if match else None
