"""Records for resuming a folder of predictions: the settings of all, and one record per finished image."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resunet_kit._shared.writing import atomic_write
from resunet_kit.inference._image_files import ImageFile

FORMAT_VERSION = 1
SETTINGS, RECORDS = "settings.json", ".records"
Row = dict[str, Any]


class PredictionRecords:
    """Records of the finished images in `out`, each written after the image's outputs.

    Several processes may write to one folder, as long as their settings are the same.

    Args:
        out: The folder of predictions.
        settings: Everything that outputs depend on, as values for JSON.

    Raises:
        ValueError: If the folder holds predictions of other settings, or something else.
    """

    def __init__(self, out: Path, settings: Mapping[str, Any]) -> None:
        self.out = out
        self.settings = json.loads(json.dumps({"format_version": FORMAT_VERSION, **settings}))
        file = out / SETTINGS
        if not file.is_file():
            self._refuse_other_content()
            with atomic_write(file) as temporary:
                temporary.write_text(json.dumps(self.settings, indent=2) + "\n", encoding="utf-8")
        self._compare(self._read(file))  # what another process may have written meanwhile

    def complete_row(self, image: ImageFile, outputs: Mapping[str, Path]) -> Row | None:
        """Return the row of an image whose outputs are complete; None if it must be predicted.

        Args:
            image: The source image, which must not have changed since.
            outputs: The requested files, by kind.

        Raises:
            ValueError: If the image was predicted with other settings.
        """
        file = self._file(image)
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            found = {kind: _contents(path) for kind, path in outputs.items()}
        except (OSError, ValueError):
            return None
        if record["settings"] != self.settings:
            raise self._other(record["settings"])
        complete = record["source"] == _state(image) and found.items() <= record["outputs"].items()
        return record["row"] if complete else None

    def add(self, image: ImageFile, outputs: Mapping[str, Path], row: Row) -> None:
        """Record that the outputs of an image are complete."""
        record = {
            "settings": self.settings,
            "source": _state(image),
            "outputs": {kind: _contents(path) for kind, path in outputs.items()},
            "row": row,
        }
        with atomic_write(self._file(image)) as temporary:
            temporary.write_text(json.dumps(record), encoding="utf-8")

    def _file(self, image: ImageFile) -> Path:
        return self.out / RECORDS / f"{image.stem}.json"

    def _read(self, file: Path) -> Any:
        try:
            return json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"Expected the settings of a folder of predictions. Received {str(file)!r}, which cannot be read: "
                f"{error}. Name another folder as out."
            ) from error

    def _refuse_other_content(self) -> None:
        if self.out.exists() and not self.out.is_dir():
            raise ValueError(f"Expected out to be a folder. Received {str(self.out)!r}, a file. Name a folder.")
        if self.out.is_dir() and any(not name.startswith(".") and name != SETTINGS for name in os.listdir(self.out)):
            raise ValueError(
                f"Expected out to be a new folder, or one of earlier predictions. Received {str(self.out)!r}, which "
                "holds something else. Name another."
            )

    def _compare(self, written: Any) -> None:
        if written != self.settings:
            raise self._other(written)

    def _other(self, written: Any) -> ValueError:
        before = written if isinstance(written, dict) else {}
        names = sorted(
            name for name in {*before, *self.settings} if before.get(name, ...) != self.settings.get(name, ...)
        )
        told = "; ".join(f"{name} {self.settings.get(name)!r} instead of {before.get(name)!r}" for name in names)
        return ValueError(
            f"Expected the model and options that the predictions in {str(self.out)!r} are of. Received other ones: "
            f"{told}. Pass the same, or name another folder as out."
        )


def _contents(path: Path) -> str:
    """Return a digest, which changes when a file is damaged."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _state(image: ImageFile) -> list[Any]:
    """Return the state of a file, which changes when it is replaced."""
    found = image.path.stat()
    return [image.name, found.st_size, found.st_mtime_ns]
