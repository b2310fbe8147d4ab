"""The folder of a saved cascade: both models and the settings."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import keras

from resunet_kit._shared.errors import reason
from resunet_kit._shared.writing import atomic_write
from resunet_kit.inference._cascade_settings import settings_from_json

CLASSIFIER, SEGMENTER, SETTINGS = "classifier.keras", "segmenter.keras", "cascade.json"

Built = TypeVar("Built")


def write_cascade(path: str | os.PathLike[str], classifier: keras.Model, segmenter: keras.Model, settings: str) -> None:
    """Write both models and the settings, JSON, into a new folder, all of them or nothing.

    Raises:
        ValueError: If the folder holds something already.
    """
    with atomic_write(path, folder=True) as folder:
        classifier.save(folder / CLASSIFIER)
        segmenter.save(folder / SEGMENTER)
        (folder / SETTINGS).write_text(settings, encoding="utf-8")


def read_cascade(path: str | os.PathLike[str], build: Callable[..., Built]) -> Built:
    """Return what `build` makes of both models, not compiled, and the settings by name.

    Raises:
        ValueError: If a file is missing or cannot be read, or `build` refuses what is in it.
    """
    folder = Path(path)
    missing = [name for name in (CLASSIFIER, SEGMENTER, SETTINGS) if not (folder / name).is_file()]
    if missing:
        raise _unreadable(folder, f"which lacks {', '.join(missing)}. Pass the folder itself, or save it again.")
    try:
        options: dict[str, Any] = settings_from_json((folder / SETTINGS).read_text(encoding="utf-8"))
        stages = [keras.models.load_model(folder / name, compile=False) for name in (CLASSIFIER, SEGMENTER)]
        return build(*stages, **options)
    except (ValueError, TypeError, OSError) as error:
        raise _unreadable(folder, f"which cannot be read: {reason(error)} Otherwise, save it again.") from error


def _unreadable(folder: Path, problem: str) -> ValueError:
    return ValueError(f"Expected a folder written by Cascade.save. Received {str(folder)!r}, {problem}")
