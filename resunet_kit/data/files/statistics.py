"""Mean and standard deviation of many images, to normalise with."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from resunet_kit.data.batches.pairs import checked_paths
from resunet_kit.data.files.decoding import PathLike
from resunet_kit.data.files.normalization import Moments
from resunet_kit.data.files.reading import read_raw_image, white


def image_statistics(image_paths: Iterable[PathLike]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each channel's mean and standard deviation over all pixels of image files.

    Take them from the training images alone, and pass them as `normalize=` to `pairs_dataset` and `read_image`.

    Args:
        image_paths: Files that `read_image` takes, of one number of channels; sizes may differ.

    Returns:
        Mean and standard deviation, `(channels,)` each, in the unit of `read_image(path)`; of files with values
        outside [0, 1], in the files' own.

    Raises:
        ValueError: If there are no files, one cannot be read, or their channels differ in number.

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

    def moments(path: str) -> Moments:
        raw = read_raw_image(path, any_range=True)
        return Moments.of(raw).divided(white(raw.dtype))

    with ThreadPoolExecutor(os.cpu_count()) as threads:  # decoding frees Python
        found = list(threads.map(moments, paths))
    for path, one in zip(paths, found, strict=True):
        if len(one.mean) != len(found[0].mean):
            raise ValueError(
                f"Expected {len(found[0].mean)} channels as in {paths[0]!r}. Received {len(one.mean)} in {path!r}."
            )
    return reduce(Moments.__add__, found).statistics()
