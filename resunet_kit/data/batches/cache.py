"""Decoded arrays kept between epochs, in memory or on disk, and reachable in any order.

`tf.data.Dataset.cache` is a stream: shuffling after it needs a buffer of images as long as the dataset, and its
files outlive a change of the sources. Here the order is shuffled first, as numbers, and entries know their sources.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from resunet_kit.data.files.decoding import PathLike

# Of finished batches so much is kept: 1,300 images of 256 x 256 x 3 pixels.
MOST_FINISHED = 2**30

Arrays = tuple[np.ndarray, ...]
Read = Callable[[tuple[str, ...]], Arrays]  # from the paths that belong together to one array for each


def stored(read: Read, cache: bool | PathLike, settings: str) -> Read:
    """Return `read` with its results kept as `cache` says.

    Args:
        read: Turns paths that belong together into arrays, one for each path.
        cache: False keeps nothing, True keeps arrays in memory, a path names a folder to keep them in.
        settings: What else the result depends on, such as the size; part of an entry's name on disk.
    """
    if not isinstance(cache, bool | np.bool_ | str | os.PathLike):
        raise TypeError(f"Expected cache as True, False or a folder, received {cache!r}.")
    if isinstance(cache, bool | np.bool_):
        return _in_memory(read) if cache else read
    return _on_disk(read, Path(cache), settings)


def finished(
    batch: Callable[[np.ndarray], list[np.ndarray]], limit: int = MOST_FINISHED
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return `batch` with its results kept while they take up to `limit` bytes, for epochs that are all alike.

    To divide 8-bit levels takes most of a cached epoch. The results must not be written to. Threads may make one batch
    twice, and then count it twice.

    Args:
        batch: From the numbers of its images to its arrays.
        limit: In bytes. Batches beyond it are made anew each time.
    """
    kept: dict[int, list[np.ndarray]] = {}
    held = 0

    def recall(numbers: np.ndarray) -> list[np.ndarray]:
        nonlocal held
        first = int(numbers[0])
        arrays = kept.get(first)
        if arrays is None:
            arrays = batch(numbers)
            size = sum(array.nbytes for array in arrays)
            if held + size <= limit:
                kept[first] = arrays
                held += size
        return arrays

    return recall


def _in_memory(read: Read) -> Read:
    kept: dict[tuple[str, ...], Arrays] = {}

    def recall(paths: tuple[str, ...]) -> Arrays:
        if paths not in kept:  # two threads may both read: their results are equal
            kept[paths] = read(paths)
        return kept[paths]

    return recall


def _on_disk(read: Read, folder: Path, settings: str) -> Read:
    folder.mkdir(parents=True, exist_ok=True)

    def recall(paths: tuple[str, ...]) -> Arrays:
        if not all(map(os.path.isfile, paths)):
            return read(paths)  # raises, naming the file
        entry = folder / f"{_fingerprint(paths, settings)}.npys"
        try:
            with open(entry, "rb") as file:
                return tuple(np.load(file, allow_pickle=False) for _ in paths)
        except Exception:  # not kept yet, or damaged: NumPy parses the header as Python
            arrays = read(paths)
        _write(entry, arrays)
        return arrays

    return recall


def _fingerprint(paths: Sequence[str], settings: str) -> str:
    """Name an entry after its files, their time of change and size, so that an edited file is read anew."""
    parts = [settings]
    for path in paths:
        status = os.stat(path)
        # A file that replaces another may carry its size and its time, but not the time at which it did.
        parts.append(f"{os.path.abspath(path)}|{status.st_mtime_ns}|{status.st_ctime_ns}|{status.st_size}")
    return hashlib.sha256(os.fsencode("\n".join(parts))).hexdigest()[:32]


def _write(entry: Path, arrays: Arrays) -> None:
    """Write whole or not at all: a run killed here, or another run beside it, leaves no half entry."""
    entry.parent.mkdir(parents=True, exist_ok=True)  # it may have been removed since
    handle, draft = tempfile.mkstemp(dir=entry.parent, suffix=".draft")
    with os.fdopen(handle, "wb") as file:
        for array in arrays:
            np.save(file, array)
    os.replace(draft, entry)
