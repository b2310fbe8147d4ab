"""Random-access cache of decoded arrays, in memory or on disk.

`tf.data.Dataset.cache` is a stream: shuffling after it needs a buffer of images as long as the dataset, and its
files outlive a change of the sources. Here the indices are shuffled first, and entries are named after their sources.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from resunet_kit._shared.writing import atomic_write
from resunet_kit.data.files.paths import PathLike

MAX_BATCH_BYTES = 2**30  # float32 images of 256 x 256 x 3 pixels: 1,300 of them

Arrays = tuple[np.ndarray, ...]
Read = Callable[[tuple[str, ...]], Arrays]  # from the paths that belong together to one array for each


def cached(read: Read, cache: bool | PathLike, settings: str) -> Read:
    """Return `read` with its results cached.

    Args:
        read: Turns paths that belong together into arrays, one for each path.
        cache: False for no cache, True for one in memory, a path for one in that folder.
        settings: What else the result depends on, such as the size; part of an entry's name on disk.

    Raises:
        TypeError: If `cache` is neither.
    """
    if not isinstance(cache, bool | np.bool_ | str | os.PathLike):
        raise TypeError(f"Expected cache to be True, False or a folder. Received cache={cache!r}. Pass one of them.")
    if isinstance(cache, bool | np.bool_):
        return _in_memory(read) if cache else read
    return _on_disk(read, Path(cache), settings)


def cached_batches(
    batch: Callable[[np.ndarray], list[np.ndarray]], limit: int = MAX_BATCH_BYTES
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return `batch` with its first results cached, for epochs that all have the same batches.

    Scaling 8-bit images to float32 takes most of a cached epoch. The results must not be written to. Two threads may
    compute the same batch, and count it twice.

    Args:
        batch: From the indices of its images to its arrays.
        limit: Limit in bytes. Batches beyond it are computed in each epoch.
    """
    entries: dict[int, list[np.ndarray]] = {}
    total = 0

    def lookup(indices: np.ndarray) -> list[np.ndarray]:
        nonlocal total
        first = int(indices[0])
        arrays = entries.get(first)
        if arrays is None:
            arrays = batch(indices)
            size = sum(array.nbytes for array in arrays)
            if total + size <= limit:
                entries[first] = arrays
                total += size
        return arrays

    return lookup


def _in_memory(read: Read) -> Read:
    entries: dict[tuple[str, ...], Arrays] = {}

    def lookup(paths: tuple[str, ...]) -> Arrays:
        if paths not in entries:  # two threads may both read: their results are equal
            entries[paths] = read(paths)
        return entries[paths]

    return lookup


def _on_disk(read: Read, folder: Path, settings: str) -> Read:
    folder.mkdir(parents=True, exist_ok=True)

    def lookup(paths: tuple[str, ...]) -> Arrays:
        if not all(map(os.path.isfile, paths)):
            return read(paths)  # raises, naming the file
        entry = folder / f"{_fingerprint(paths, settings)}.npys"
        try:
            with open(entry, "rb") as file:
                return tuple(np.load(file, allow_pickle=False) for _ in paths)
        except Exception:  # not written yet, or damaged: NumPy parses the header as Python
            arrays = read(paths)
        with atomic_write(entry) as temporary, open(temporary, "wb") as file:
            for array in arrays:
                np.save(file, array)
        return arrays

    return lookup


def _fingerprint(paths: Sequence[str], settings: str) -> str:
    """Name an entry after its files, their time of change and size, so that an edited file is read again."""
    parts = [settings]
    for path in paths:
        status = os.stat(path)
        # A file that replaces another may have its size and time of change, but not its time of replacement.
        parts.append(f"{os.path.abspath(path)}|{status.st_mtime_ns}|{status.st_ctime_ns}|{status.st_size}")
    return hashlib.sha256(os.fsencode("\n".join(parts))).hexdigest()[:32]
