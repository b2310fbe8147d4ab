"""What an unfinished folder of predictions keeps, so that `--resume` continues where it was interrupted.

OUT/unfinished/settings.json     all that the predictions depend on
OUT/unfinished/00012.json        one for each patient that is done, written after its masks: rows and checksums
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resunet_kit.data import atomic_write

UNFINISHED, SETTINGS = "unfinished", "settings.json"
_TEMPORARY = re.compile(r"\.[0-9a-f]{8}-.+", re.DOTALL)  # what a killed process leaves of `atomic_write`
Rows = dict[str, list[dict[str, Any]]]


class Records:
    """The finished patients of a folder.

    Args:
        out: The folder of predictions.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / UNFINISHED

    def check(self, *, resume: bool) -> None:
        """Refuse a folder that cannot be written to, before any work.

        Raises:
            ValueError: If it holds something that is not to be continued.
            OSError: If nothing can be written there.
        """
        unfinished = (self.folder / SETTINGS).is_file()
        if unfinished and not resume:
            raise ValueError(
                f"Expected a new or empty folder. Received {self.out}, an unfinished prediction with "
                f"{self._done()} patients done. Continue it with --resume, or name another."
            )
        if self.out.exists() and not unfinished and (not self.out.is_dir() or any(_lasting(self.out))):
            told = ", a finished prediction" if (self.out / "predictions.csv").is_file() else ", which holds something"
            raise ValueError(f"Expected a new or empty folder. Received {self.out}{told} already. Name another.")
        _try_to_write(self.out)

    @contextlib.contextmanager
    def begun(self, settings: dict[str, Any]) -> Iterator[None]:
        """Lock a folder that is new, or was begun with the same settings, for this process.

        Raises:
            ValueError: If the settings differ, or another process holds it.
        """
        import filelock

        settings = json.loads(json.dumps(settings))
        if not (self.folder / SETTINGS).is_file():
            self.out.mkdir(parents=True, exist_ok=True)
            with atomic_write(self.folder, folder=True) as folder:
                (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
        try:
            with filelock.FileLock(self.folder / ".lock", blocking=False):
                self._compare(settings)
                self._remove_temporary()
                yield
        except filelock.Timeout as error:
            raise ValueError(
                f"Expected a folder that no other process is at. Received {self.out}, at which one is predicting. "
                "Wait for it, or name another --out."
            ) from error

    def _compare(self, settings: dict[str, Any]) -> None:
        before = _read(self.folder / SETTINGS) or {}
        changed = [name for name, value in settings.items() if before.get(name) != value]
        if changed:
            raise ValueError(
                f"Expected the same {' and '.join(changed)} as when {self.out} was begun. Received others. Give the "
                "same, or predict into another folder."
            )

    def _remove_temporary(self) -> None:
        for left in [*self.out.iterdir(), *self.folder.iterdir()]:
            if _TEMPORARY.fullmatch(left.name):
                shutil.rmtree(left) if left.is_dir() else left.unlink()

    def rows(self, index: int) -> Rows | None:
        """Return the rows of a patient who is done with all masks intact, else None."""
        record = _read(self._file(index))
        if record is None or any(_checksum(self.out / name) != value for name, value in record["masks"].items()):
            return None
        return record["rows"]

    def add(self, index: int, rows: Rows, masks: set[str]) -> None:
        """Record a patient whose masks are written."""
        record = {"rows": rows, "masks": {name: _checksum(self.out / name) for name in sorted(masks)}}
        with atomic_write(self._file(index)) as temporary:
            temporary.write_text(json.dumps(record), encoding="utf-8")

    def all_rows(self, table: str, count: int) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table, patient by patient."""
        for index in range(count):
            record = _read(self._file(index))
            if record is None:
                raise ValueError(
                    f"Expected {self._file(index)}, as written before. Received none. Run again with --resume."
                )
            yield from record["rows"][table]

    def finish(self) -> None:
        """Remove the records: the folder is complete."""
        hidden = self.out / ".finished"
        os.rename(self.folder, hidden)  # in one step, so that what is left of it never looks unfinished
        shutil.rmtree(hidden, ignore_errors=True)

    def _file(self, index: int) -> Path:
        return self.folder / f"{index:05d}.json"

    def _done(self) -> int:
        return sum(re.fullmatch(r"\d+\.json", file.name) is not None for file in self.folder.iterdir())


def _lasting(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if not _TEMPORARY.fullmatch(path.name))


def _try_to_write(out: Path) -> None:
    parent = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(out)) from error


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _checksum(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:
        return ""
