"""Recursive search of folders: links are followed, and unreadable folders, which `os.walk` skips, are reported."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

CURE = "let this user read it, or move it away"


def walk(folder: Path, unreadable: Callable[[Path, str], None]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what `os.walk` does, each real folder once.

    Args:
        folder: Where to begin.
        unreadable: Called with each folder that cannot be read, and the reason.
    """
    seen = set()
    for parent, folders, files in os.walk(
        folder, onerror=lambda error: unreadable(Path(error.filename), str(error.strerror)), followlinks=True
    ):
        real = os.path.realpath(parent)
        if real in seen:  # a link upwards would never end
            folders.clear()
            continue
        seen.add(real)
        yield parent, folders, files
