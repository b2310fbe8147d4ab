"""Slices of one patient, each in an image file of its own."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from examples.brain_mri.reading_errors import for_command_line
from examples.brain_mri.scans.scan import CHANNELS, Check, Scan, Stack, reason, unusable
from resunet_kit.data import atomic_write, read_image

SUFFIXES = {".tif", ".tiff", ".png", ".jpg", ".jpeg"}
_NUMBER = re.compile(r"^(.*?)[ _.\-]*\(?(\d+)\)?$", re.DOTALL)  # scan_12, scan-12, scan (12), 12


@dataclass(frozen=True)
class SliceFiles(Scan):
    """Images of one folder whose names differ only in the slice's number."""

    def outputs(self) -> list[tuple[Path, str]]:
        """Return each image with its mask's name."""
        return [(file, mask_name(file)) for file in self.files]

    def check(self) -> Check:
        """Read each image once."""
        found = Check()
        for file in self.files:
            try:
                read_slice(file)
                found.slices += 1
            except ValueError as error:
                found.unreadable[file] = reason(file, error)
        found.notes += self._gaps(found.unreadable)
        return found

    def _gaps(self, unreadable: Collection[Path]) -> list[str]:
        """Note numbers that are missing: their neighbours count as adjacent, and no volume includes them."""
        numbers = sorted({split_number(file.stem)[1] for file in self.files if file not in unreadable} - {-1})
        missing = [(low + 1, high - 1) for low, high in pairwise(numbers) if high - low > 1]
        if not missing:
            return []
        shown = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in missing[:5])
        return [
            f"{self.patient} in {self.files[0].parent} lacks slices {shown}{', ...' if missing[5:] else ''}; "
            "its volume is that of the other slices alone."
        ]

    def without(self, files: Collection[Path]) -> "SliceFiles | None":
        """Return the other slices."""
        rest = tuple(file for file in self.files if file not in files)
        return replace(self, files=rest) if rest else None

    def read(self) -> list[Stack]:
        """Return a stack for each size."""
        of_size: dict[tuple[int, ...], list[tuple[Path, np.ndarray]]] = {}
        for file in self.files:
            image = read_slice(file)
            of_size.setdefault(image.shape, []).append((file, image))
        return [_stack(items) for items in of_size.values()]


def group_slices(files: Iterable[Path]) -> list[SliceFiles]:
    """Return one scan for each folder and name without number, slices in the order of their numbers."""
    groups: dict[tuple[Path, str], list[tuple[int, str, Path]]] = {}
    for file in files:
        name, number = split_number(file.stem)
        groups.setdefault((file.parent, name), []).append((number, file.name, file))
    return [
        SliceFiles(name or folder.resolve().name, tuple(file for *_, file in sorted(slices)))
        for (folder, name), slices in groups.items()
    ]


def split_number(stem: str) -> tuple[str, int]:
    """Return a name without the slice's number, and the number; -1 without one."""
    match = _NUMBER.match(stem)
    return (match[1], int(match[2])) if match else (stem, -1)


def read_slice(path: Path) -> np.ndarray:
    """Return an image `(height, width, 3)` in the file's unit, a grey one as each sequence.

    Raises:
        ValueError: If it cannot be read, or is neither greyscale nor of three channels.
    """
    try:
        # Mean 0 and deviation 1 leave the values of floating-point files unchanged, whatever their range.
        image = read_image(path, channels=len(CHANNELS), normalize=(0.0, 1.0))
    except (ValueError, ImportError) as error:  # the latter for a codec that is not installed
        raise unusable(path, for_command_line(reason(path, error))) from error
    if image.ndim != 3:
        raise unusable(path, "Expected one slice. Received a volume. Save it as NIfTI.")
    return image


def mask_name(image: Path) -> str:
    """Return the name of an image's mask."""
    return f"{image.stem}_pred.png"


def _stack(items: list[tuple[Path, np.ndarray]]) -> Stack:
    files = [file for file, _ in items]
    names = [mask_name(file) for file in files]

    def write(mask: np.ndarray, folder: Path) -> None:
        for name, one in zip(names, mask, strict=True):
            with atomic_write(folder / name) as temporary:
                Image.fromarray(one.astype(np.uint8) * np.uint8(255)).save(temporary)

    images = np.stack([image for _, image in items])
    return Stack(images, files, [None] * len(files), names, None, write)
