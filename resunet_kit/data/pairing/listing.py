"""The files of a list, a folder or a pattern."""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from resunet_kit.data.files.paths import PathLike

# What `read_image` can read: folders hold tables and notes too.
_READABLE = re.compile(
    r"\.(png|jpe?g|jpe|jfif|tiff?|bmp|dib|gif|webp|npy|nii|nii\.gz|p[bgpn]m|pfm|pcx|tga|jp2|j2k|jpx|sgi|mpo|avif|ico)$",
    re.IGNORECASE,
)

Files = Iterable[PathLike] | PathLike


def listed(name: str, source: Any) -> list[PathLike]:
    """Return the files, each as it was given, or of the type of the folder or pattern.

    Args:
        name: The argument's name, for messages.
        source: Paths; or a folder, with all image files below it; or a pattern, as of `glob`.

    Raises:
        TypeError: If it is of another type.
        ValueError: If there are no files, one is listed twice, or a folder cannot be read.
    """
    if isinstance(source, str | os.PathLike):
        found = _found(name, source)
    elif isinstance(source, bytes) or not isinstance(source, Iterable):
        raise TypeError(
            f"Expected {name} to be a list of paths, a folder or a pattern. Received {name}={source!r}. Pass one of "
            "them."
        )
    else:
        found = list(source)
    for path in found:
        if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
            raise TypeError(f"Expected {name} to hold paths. Received {path!r}. Pass strings or pathlib.Path.")
    if not found:
        raise ValueError(f"Expected {name} to hold at least one file. Received none. Check the folder or pattern.")
    _refuse_repeated(name, found)
    return found


def _found(name: str, source: PathLike) -> list[PathLike]:
    text = os.fspath(source)
    if os.path.isdir(text):
        paths = [os.path.join(folder, file) for folder, file in _below(text) if _READABLE.search(file)]
    elif glob.has_magic(text):
        paths = [path for path in glob.glob(text, recursive=True) if os.path.isfile(path)]
    else:
        raise ValueError(
            f"Expected {name} to be a list of paths, a folder or a pattern. Received {text!r}, which is not a folder. "
            "Check it; pass a single file as a list."
        )
    return [path if isinstance(source, str) else Path(path) for path in sorted(paths)]


def _below(root: str) -> Iterator[tuple[str, str]]:
    """Yield folder and name of each file below a folder, except those that systems and notebooks hide."""
    for folder, inner, files in os.walk(root, onerror=_refuse_unreadable):
        inner[:] = [name for name in inner if not name.startswith((".", "__MACOSX"))]
        yield from ((folder, name) for name in files if not name.startswith("."))


def _refuse_unreadable(error: OSError) -> None:
    """Refuse a folder that `os.walk` would pass over, and with it every file below."""
    raise ValueError(
        f"Expected folders that can be read. Received {error.filename!r}: {error.strerror}. Let this user read it, or "
        "move it away."
    ) from error


def _refuse_repeated(name: str, paths: list[PathLike]) -> None:
    seen: set[str] = set()
    for path in paths:
        text = os.path.abspath(path)
        if text in seen:
            raise ValueError(
                f"Expected {name} to hold each file once. Received {os.fspath(path)!r} twice. Pair first, and repeat "
                "the pairs."
            )
        seen.add(text)
