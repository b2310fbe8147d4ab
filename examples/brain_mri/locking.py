"""A lock that lets only one process at a time use a run folder."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Lock a folder; the operating system releases it when the process ends, however it ends.

    Raises:
        ValueError: If another process holds it.
    """
    import filelock  # of the extra `examples`; the command line looks for it before this

    try:
        with filelock.FileLock(folder / ".lock", blocking=False):
            for half in folder.glob(f".{'[0-9a-f]' * 8}-*"):  # what a killed process was writing
                shutil.rmtree(half) if half.is_dir() else half.unlink()
            yield
    except filelock.Timeout as error:
        raise ValueError(
            f"Expected a run folder that no other process is at. Received {folder}, at which one is working. Wait for "
            "it, or name another --out."
        ) from error
