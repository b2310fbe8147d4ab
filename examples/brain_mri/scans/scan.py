"""One patient's slices, whatever files hold them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

CHANNELS = ("pre", "flair", "post")  # the sequences, as the data set orders them


@dataclass(frozen=True)
class Stack:
    """Slices of one patient and one size, from the lowest to the highest.

    Attributes:
        images: `(slices, height, width, 3)` float32 in the files' unit: T1, FLAIR, T1 with contrast agent; anterior on
            top, the patient's right on the left.
        files: The file of each slice.
        numbers: The position of each slice in its file or series, from 0; None where a file is a slice.
        masks: The name of the file that each slice's mask is written to.
        spacing: Distance between slices, rows and columns in millimetres; None where the files do not tell.
        write: Writes the mask `(slices, height, width)` of 0 and 1 into a folder.
    """

    images: np.ndarray
    files: list[Path]
    numbers: Sequence[int | None]
    masks: list[str]
    spacing: tuple[float, float, float] | None
    write: Callable[[np.ndarray, Path], None]


@dataclass
class Check:
    """What reading a scan once has shown.

    Attributes:
        slices: Number of slices.
        unreadable: Files that cannot be used, with the reason.
        notes: What a user should know.
    """

    slices: int = 0
    unreadable: dict[Path, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scan(ABC):
    """Files that hold one patient's slices.

    Attributes:
        patient: The name in the tables.
        files: All that hold it, slices in their order; those of FLAIR first.
    """

    patient: str
    files: tuple[Path, ...]

    @abstractmethod
    def outputs(self) -> list[tuple[Path, str]]:
        """Return each file that gives a mask its name, and that name."""

    @abstractmethod
    def check(self) -> Check:
        """Read everything once, and say what cannot be used."""

    @abstractmethod
    def without(self, files: Collection[Path]) -> "Scan | None":
        """Return the scan without some files; None where nothing is left of it."""

    @abstractmethod
    def read(self) -> list[Stack]:
        """Return the slices, in one stack for each size.

        Raises:
            ValueError: If a file cannot be used; the message names it.
        """


def reason(path: Path, error: Exception) -> str:
    """Return why a file cannot be used, without its name."""
    return " ".join(str(error).split()).removeprefix(f"Cannot read {str(path)!r}: ")


def unusable(path: Path, why: str) -> ValueError:
    """Return the error for a file, which names it."""
    return ValueError(f"Cannot read {str(path)!r}: {why}")
