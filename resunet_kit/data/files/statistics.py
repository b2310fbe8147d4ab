"""Mean and standard deviation over many image files, for normalisation."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.files.levels import has_full_scale, two_units
from resunet_kit.data.files.normalization import Moments, image_moments
from resunet_kit.data.files.paths import PathLike, checked_paths
from resunet_kit.data.files.reading import ImageOptions, read_raw_image


def image_statistics(
    image_paths: Iterable[PathLike],
    *,
    channels: int | None = None,
    full_scale: float | None = None,
    nan: float | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each channel's mean and standard deviation over all pixels of image files.

    Compute them from the training images only, and pass them as `normalize=` to `pairs_dataset` and `read_image`.

    Args:
        image_paths: Files that `read_image` accepts, all with the same number of channels; sizes may differ.
        channels: 1 for grey, 3 for RGB, 4 for RGB and opacity. None keeps the channels of the file.
        full_scale: The stored number that is scaled to 1, such as 4095 for 12 bits in a 16-bit file. None takes the
            largest number of the file's bits. Pass the same here and to `read_image`, so that the units agree.
        nan: The number that replaces NaN, in the unit of the file, such as 0 for files from SPM. None refuses NaN.

    Returns:
        Mean and standard deviation, `(channels,)` each, in the unit of `read_image` with these options; for files with
        values outside [0, 1], in the unit of the files.

    Raises:
        TypeError: If `image_paths` is a single path, or an option is of a wrong type.
        ValueError: If there are no files, an option is out of range, a file cannot be read, or their channels differ in
            number.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "image.npy")
        ...     np.save(path, np.array([[[0, 255], [255, 255]]], "uint8"))
        ...     mean, std = image_statistics([path])
        >>> mean.tolist(), std.tolist()
        ([0.5, 1.0], [0.5, 0.0])
    """
    paths = checked_paths("image_paths", image_paths)
    # A rotation changes neither mean nor deviation.
    options = ImageOptions(any_range=True, channels=channels, full_scale=full_scale, exif_rotation=False, nan=nan)

    def moments(path: str) -> tuple[Moments, bool | None]:
        raw = read_raw_image(path, options)
        return image_moments(raw), has_full_scale(raw)

    with ThreadPoolExecutor(os.cpu_count()) as threads:  # decoding releases the GIL
        found, scaled = zip(*threads.map(moments, paths), strict=True)
    _check_units(paths, scaled)
    channels = len(found[0].mean)
    for path, one in zip(paths, found, strict=True):
        if len(one.mean) != channels:
            raise ValueError(
                f"Expected {channels} channels as in {paths[0]!r}. Received {len(one.mean)} in {path!r}. Pass "
                "channels=1 for grey or channels=3 for RGB."
            )
    return reduce(Moments.__add__, found).statistics()


def _check_units(paths: list[str], scaled: Sequence[bool | None]) -> None:
    """Refuse files scaled to [0, 1] by their number of bits together with files in a unit of their own."""
    if True in scaled and False in scaled:
        raise two_units(paths[scaled.index(True)], paths[scaled.index(False)])
