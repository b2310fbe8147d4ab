"""Parts of a file's name: its stem, the folders that tell it from others, and its natural order."""

import itertools
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resunet_kit.data.files.paths import PathLike

# A dot before a number is part of a name (`scan.2`); one before letters begins the kind of the file.
_EXTENSION = re.compile(r"(\.nii\.gz|\.[A-Za-z][A-Za-z0-9]{0,5})$")
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Name:
    """The name of one file.

    Attributes:
        path: As the caller gave it.
        folders: Folders that are not the same for all files of the list.
        stem: The file's name without its extension, in composed Unicode (macOS stores decomposed).
    """

    path: PathLike
    folders: tuple[str, ...]
    stem: str


def names(paths: Sequence[PathLike]) -> list[Name]:
    """Return the name of each file of one list."""
    texts = [unicodedata.normalize("NFC", os.path.abspath(path)) for path in paths]
    folders = _distinguishing([tuple(os.path.dirname(text).split(os.sep)) for text in texts])
    return [
        Name(path, folder, stem(os.path.basename(text)))
        for path, folder, text in zip(paths, folders, texts, strict=True)
    ]


def stem(name: str) -> str:
    """Return a file's name without its extension, of which `.nii.gz` is one."""
    shorter = _EXTENSION.sub("", name)
    return shorter or name


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return the key that sorts 2 before 10, and names that differ in nothing but case or zeros always the same."""
    parts = _DIGITS.split(text)
    return [
        *((0, int(part), "") if index % 2 else (1, 0, part.casefold()) for index, part in enumerate(parts)),
        (2, 0, text),
    ]


def loose(text: str) -> str:
    """Return a name without case and leading zeros: `Case_01` and `case_1` are the same."""
    return _DIGITS.sub(lambda digits: str(int(digits[0])), text.casefold())


def quoted(paths: Iterable[PathLike], limit: int = 5) -> str:
    """Return paths for a message, not more than `limit` of them."""
    texts = [repr(os.fspath(path)) for path in paths]
    return ", ".join(texts[:limit]) + (", ..." if len(texts) > limit else "")


def _distinguishing(folders: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Drop the folders that all files have: those at the beginning, and if all lie equally deep, those between."""
    same = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))
    shared = len(list(same))
    rest = [folder[shared:] for folder in folders]
    if len({len(folder) for folder in rest}) > 1:
        return rest
    varies = [len(set(level)) > 1 for level in zip(*rest, strict=True)]
    return [tuple(part for part, kept in zip(folder, varies, strict=True) if kept) for folder in rest]
