"""Cache of the choices of earlier runs: one small JSON file in the user's cache folder."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from resunet_kit._shared.writing import atomic_write

FORMAT = 1
MAX_ENTRIES = 200


def cache_file() -> Path:
    """Return the path of the file, which need not exist: in `XDG_CACHE_HOME`, or the system's folder for caches."""
    home = Path.home()
    usual = {"darwin": home / "Library" / "Caches", "win32": Path(os.environ.get("LOCALAPPDATA") or home)}
    folder = os.environ.get("XDG_CACHE_HOME") or usual.get(sys.platform, home / ".cache")
    return Path(folder) / "resunet_kit" / "engines.json"


def recall(key: str) -> dict[str, Any] | None:
    """Return the remembered entry; None if there is no readable one."""
    entry = _entries().get(key)
    return entry if isinstance(entry, dict) else None


def remember(key: str, entry: dict[str, Any]) -> str:
    """Add an entry, and drop the oldest if there are many.

    Returns:
        Why it could not be written; an empty string if it was.
    """
    entries = _entries()
    entries.pop(key, None)
    entries[key] = entry
    kept = dict(list(entries.items())[-MAX_ENTRIES:])
    try:
        with atomic_write(cache_file()) as temporary:
            temporary.write_text(json.dumps({"format": FORMAT, "entries": kept}, indent=1), encoding="utf-8")
    except (OSError, ValueError) as error:  # a home that is read-only or full: the next run measures again
        return str(error)
    return ""


def _entries() -> dict[str, Any]:
    try:
        content = json.loads(cache_file().read_text(encoding="utf-8"))
        entries = content["entries"] if content["format"] == FORMAT else {}
        return dict(entries)
    except (OSError, ValueError, TypeError, KeyError):  # missing, or damaged: as if nothing had been remembered
        return {}
