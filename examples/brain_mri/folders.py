"""Folders that cannot be read or written.

Recursive search follows links and reports unreadable folders, which `os.walk` skips.
"""

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


def refuse_unwritable(out: Path) -> None:
    """Refuse a new folder that cannot be made, before any work is done for it.

    Raises:
        ValueError: If the nearest folder above it that exists is a file, or may not be written.
    """
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
        raise ValueError(
            f"Expected an --out that can be written. Received {out}: {above} is "
            f"{'a folder without permission to write' if above.is_dir() else 'a file'}. Name another --out."
        )
