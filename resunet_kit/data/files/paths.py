"""Lists of paths, checked before anything is read."""

import os
from collections.abc import Iterable

PathLike = str | os.PathLike[str]


def checked_paths(name: str, paths: Iterable[PathLike], *, images: int | None = None) -> list[str]:
    """Return the paths as strings.

    Args:
        name: The argument's name, for the message.
        paths: The paths.
        images: For masks, the number of images, which is the number of paths to expect.

    Raises:
        TypeError: If `paths` is a single path, or not iterable.
        ValueError: If there is no path, there are more or fewer masks than images, or a file does not exist.
    """
    if isinstance(paths, str | bytes | os.PathLike) or not isinstance(paths, Iterable):
        raise TypeError(f"Expected {name} to be a list of paths. Received {name}={paths!r}. Pass a list.")
    texts = [os.fspath(path) for path in paths]
    if images is not None and len(texts) != images:
        raise ValueError(
            f"Expected one mask for each image. Received {images} images and {len(texts)} masks. List them as pairs."
        )
    if not texts:
        raise ValueError(f"Expected {name} to hold at least one path. Received none. Check the pattern of the search.")
    absent = [text for text in texts if not os.path.isfile(text)]
    if absent:
        shown = ", ".join(map(repr, absent[:5])) + (", ..." if len(absent) > 5 else "")
        raise ValueError(
            f"Expected {name} to hold existing files. Received {len(absent)} of {len(texts)} that do not exist: "
            f"{shown}. Check the paths."
        )
    return texts
