"""Atomic writing: files and folders that are written completely or not at all."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], *, folder: bool = False) -> Iterator[Path]:
    r"""Write to a temporary file or folder in the same directory, and rename it to `path` on success.

    A failure, an interruption or a full disk leaves what was at `path` before, and no temporary file. Errors of the
    operating system then have a note that names `path`. Missing parent directories are created.

    Args:
        path: The file, which is replaced if it exists and keeps its permissions; or the folder, which must not exist or
            must be empty.
        folder: Whether `path` is a folder.

    Yields:
        The temporary path. Its name ends like that of `path`, since some writers choose the format by the suffix.

    Raises:
        ValueError: If the folder exists and is not empty, or a folder stands where a file is to be written.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     target = pathlib.Path(directory, "scores.csv")
        ...     with atomic_write(target) as temporary:
        ...         _ = temporary.write_text("patient,dice\n")
        ...     [file.name for file in pathlib.Path(directory).iterdir()]
        ['scores.csv']
    """
    target = Path(path).resolve()  # a link is followed, and its target replaced
    if folder:
        check_new_folder(target)
    elif target.is_dir():
        raise ValueError(f"Expected the path of a file. Received {str(target)!r}, a folder. Add the name of a file.")
    elif target.exists() and not target.is_file():
        raise ValueError(
            f"Expected the path of a file. Received {str(target)!r}, a device or pipe. Name a regular file."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    # Names have at most 255 bytes, and a character may take four.
    temporary = target.with_name(f".{secrets.token_hex(4)}-{target.name[-60:]}")
    try:
        if folder:
            temporary.mkdir()
        yield temporary
        if folder and target.exists():
            target.rmdir()  # an empty folder, which not every system replaces
        elif target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException as error:
        if folder:
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError | RuntimeError):  # h5py raises either on a full disk, without naming the file
            error.add_note(f"{target} was being written, and is as it was before.")
        raise


def check_new_folder(path: str | os.PathLike[str]) -> None:
    """Refuse a folder that is not empty, or a file of that name.

    Raises:
        ValueError: If the path exists and is not an empty folder.
    """
    folder = Path(path).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(
            f"Expected a new or empty folder. Received {str(folder)!r}, which holds something already. Name another."
        )
