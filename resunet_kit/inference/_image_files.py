"""Image files to predict: search, names, and division among shards."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.pairing.listing import listed
from resunet_kit.data.pairing.names import stem
from resunet_kit.data.pairing.separation import without_masks


class ImageFile(NamedTuple):
    """One image to predict.

    Attributes:
        path: Path of the file.
        name: Path relative to the folder that it was found in, with forward slashes; or the file's name.
    """

    path: Path
    name: str

    @property
    def stem(self) -> str:
        """The file's name without its extension, which outputs are named after."""
        return stem(self.path.name)


def image_files(images: Any, out: PathLike) -> list[ImageFile]:
    """Return the image files, sorted by name, without masks of other images and without files in `out`.

    Args:
        images: A folder, searched at any depth; a file; a glob pattern; or a list of these.
        out: The folder that outputs are written to.

    Raises:
        TypeError: If it is of another type.
        ValueError: If there are no images, a file does not exist, or two images would have outputs of the same name.
    """
    sources = [images] if isinstance(images, str | os.PathLike) else images
    if isinstance(sources, bytes) or not isinstance(sources, Iterable):
        raise TypeError(
            f"Expected images to be a folder, a pattern or a list of paths. Received images={images!r}. Pass one of "
            "them."
        )
    found: dict[str, ImageFile] = {}
    for source in sources:
        for file in _found(source):
            found.setdefault(os.path.abspath(file.path), file)
    inside = os.path.join(os.path.abspath(out), "")
    files = sorted((file for path, file in found.items() if not path.startswith(inside)), key=lambda file: file.name)
    if found and not files:
        raise ValueError(
            f"Expected out to be another folder than the images. Received {os.fspath(out)!r}, which holds all of "
            "them. Name another."
        )
    if not files:
        raise ValueError("Expected images to hold at least one file. Received none. Check the folder or pattern.")
    _refuse_one_name(files)
    return files


def _found(source: Any) -> list[ImageFile]:
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"Expected images to hold paths. Received {source!r}. Pass strings or pathlib.Path.")
    if os.path.isfile(source):
        return [ImageFile(Path(source), Path(source).name)]
    paths = [Path(path) for path in without_masks(listed("images", source))]
    root = Path(source) if os.path.isdir(source) else None
    return [ImageFile(path, path.relative_to(root).as_posix() if root else path.name) for path in paths]


def _refuse_one_name(files: Sequence[ImageFile]) -> None:
    first: dict[str, ImageFile] = {}
    for file in files:
        other = first.setdefault(file.stem.casefold(), file)  # many systems keep one of names that differ only in case
        if other is not file:
            raise ValueError(
                "Expected images of different names, since outputs are named after them. Received "
                f"{str(other.path)!r} and {str(file.path)!r}. Rename one, or predict them into different folders."
            )


def shard_of(shard: Any) -> tuple[int, int] | None:
    """Return the number and the count of a shard such as "3/16".

    Raises:
        TypeError: If it is neither a string, a pair of integers nor None.
        ValueError: If it is not a number from 1 up to the count.
    """
    if shard is None:
        return None
    parts = shard.split("/") if isinstance(shard, str) else shard
    expected = "Expected shard as 'number/count', as in '3/16', with numbers from 1 up to the count."
    if not isinstance(parts, list | tuple):
        raise TypeError(f"{expected} Received shard={shard!r}. Pass a string.")
    try:
        number, count = (int(part) for part in parts if not isinstance(part, bool | float))
    except (ValueError, TypeError):
        raise ValueError(f"{expected} Received shard={shard!r}. Pass one such as '1/{len(parts)}'.") from None
    if not 1 <= number <= count:
        cure = f"Add 1 to an index from 0: '{number + 1}/{count}'." if 0 <= number < count else "Pass another."
        raise ValueError(f"{expected} Received shard={shard!r}. {cure}")
    return number, count


def in_shard(files: Sequence[ImageFile], shard: tuple[int, int] | None) -> list[ImageFile]:
    """Return every `count`-th file from the shard's number on: of `count` shards each file is in exactly one."""
    return list(files if shard is None else files[shard[0] - 1 :: shard[1]])
