"""File of a saved cascade: a zip of its models and settings; earlier versions wrote a folder with the same content."""

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import keras

from resunet_kit._shared.errors import reason
from resunet_kit._shared.writing import atomic_write
from resunet_kit.inference._cascade_settings import settings_from_json
from resunet_kit.inference._saved_model import check_saved_model, check_unpacked_size, check_weights, save_for_inference

SETTINGS = "cascade.json"
STAGES = ("classifier.keras", "segmenter.keras")
JOINT = ("model.keras",)  # one network for both stages
MAX_SETTINGS = 2**20  # bytes; a few hundred are usual

Built = TypeVar("Built")


def write_cascade(
    path: str | os.PathLike[str],
    models: Mapping[str, keras.Model],
    settings: str,
    *,
    overwrite: bool = False,
) -> None:
    """Write both models and the settings, as JSON, into one file, completely or not at all.

    Raises:
        ValueError: If the path exists and is not to be overwritten, or the models could not be loaded from the file.
    """
    if Path(path).exists() and not overwrite:
        raise ValueError(
            f"Expected a new path. Received {str(path)!r}, which exists. Name another file, or pass overwrite=True."
        )
    members = {f"{name}.keras": model for name, model in models.items()}
    for name, model in members.items():
        check_weights(name, model)
    with (
        atomic_write(path) as target,
        tempfile.TemporaryDirectory(prefix=".cascade-", dir=target.parent) as folder,
        zipfile.ZipFile(target, "w") as archive,  # stored, since the content of the models is compressed already
    ):
        for name, model in members.items():
            save_for_inference(model, Path(folder) / name)
            check_saved_model(Path(folder) / name)
            archive.write(Path(folder) / name, name)
        archive.writestr(SETTINGS, settings)


def read_cascade(path: str | os.PathLike[str], build: Callable[..., Built]) -> Built:
    """Return the result of `build` for both models, not compiled, and the settings by name.

    Raises:
        ValueError: If a part is missing or cannot be read, or `build` refuses its content.
    """
    source = Path(path)
    if source.is_dir():
        return _read_folder(source, source, build)
    if not source.exists():
        raise _unreadable(source, "which does not exist. Check the path.")
    try:
        with zipfile.ZipFile(source) as archive, tempfile.TemporaryDirectory() as folder:
            _extract(source, archive, Path(folder))
            return _read_folder(source, Path(folder), build)
    except _Unreadable:
        raise
    except Exception as error:  # a damaged archive may raise anything
        raise _unreadable(source, f"which cannot be read: {reason(error)} Otherwise, save it again.") from error


def _extract(source: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    """Extract the members into a folder, after checking that the version is one that has them."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if SETTINGS in names:
        if archive.getinfo(SETTINGS).file_size > MAX_SETTINGS:
            raise _unreadable(source, f"whose {SETTINGS} is too large. Save it again.")
        settings_from_json(archive.read(SETTINGS).decode("utf-8"))
    _check_complete(source, names)
    expected = (*_networks(names), SETTINGS)
    unknown = sorted({name for name in names if name not in expected} | {n for n in names if names.count(n) > 1})
    if unknown:
        raise _unreadable(source, f"with unknown or repeated members {unknown[:5]}. Save it again.")
    check_unpacked_size(source, archive)
    for name in expected:
        archive.extract(name, folder)


def _read_folder(source: Path, folder: Path, build: Callable[..., Built]) -> Built:
    names = [path.name for path in folder.iterdir() if path.is_file()]
    _check_complete(source, names)
    try:
        options: dict[str, Any] = settings_from_json((folder / SETTINGS).read_text(encoding="utf-8"))
        members = _networks(names)
        for name in members:
            check_saved_model(folder / name)
        stages = [keras.models.load_model(folder / name, compile=False, safe_mode=True) for name in members]
        for name, model in zip(members, stages, strict=True):
            check_weights(name, model)
        return build(*stages, **options)
    except Exception as error:  # for a damaged model, Keras may raise anything
        raise _unreadable(source, f"which cannot be read: {reason(error)} Otherwise, save it again.") from error


def _check_complete(source: Path, names: list[str]) -> None:
    missing = [name for name in (*_networks(names), SETTINGS) if name not in names]
    if missing:
        raise _unreadable(source, f"which lacks {', '.join(missing)}. Pass the path that was saved, or save it again.")


def _networks(names: Iterable[str]) -> tuple[str, ...]:
    return JOINT if JOINT[0] in names else STAGES


class _Unreadable(ValueError):
    """Error that already says what is wrong with the file."""


def _unreadable(source: Path, problem: str) -> ValueError:
    return _Unreadable(f"Expected a file written by Cascade.save. Received {str(source)!r}, {problem}")
