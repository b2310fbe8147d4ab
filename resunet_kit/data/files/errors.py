"""Errors about one file, which name it."""

import os

from resunet_kit.data.files.paths import PathLike


class UnsupportedFile(ValueError):
    """A file that is intact but of an unsupported kind; the message says what was expected."""


def file_error(path: PathLike, message: object) -> ValueError:
    """Return the error for a file that cannot be used.

    Args:
        path: The file.
        message: "Expected … Received …", and what to do.
    """
    return ValueError(f"Cannot read {os.fspath(path)!r}: {message}")
