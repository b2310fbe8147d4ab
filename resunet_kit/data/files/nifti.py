"""NIfTI files, by nibabel."""

import os
from typing import Any

import numpy as np

SUFFIXES = (".nii", ".nii.gz")
# deflate packs at most 1,032 bytes into one: a header that promises more than its file can hold is damaged.
_MOST_PACKED = 1032


def read_nifti(path: str | os.PathLike[str]) -> np.ndarray:
    """Return the values of a NIfTI file, `(*sides, channels)`, axes in the file's order.

    The fourth axis, often time or contrast, and the fifth become channels. One slice, of length 1 along the third
    axis, is an image. Values keep the file's type unless its header scales them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or holds no numbers.
    """
    import nibabel  # seldom needed, and a third of a second to import

    try:
        file = nibabel.load(os.fspath(path), mmap=False)
        promised = int(np.prod(file.shape, dtype=object)) * file.get_data_dtype().itemsize
        if promised > _MOST_PACKED * os.path.getsize(path):
            raise ValueError(f"its header promises {promised} bytes, more than it holds")
        array = np.asanyarray(file.dataobj)
    except FileNotFoundError:
        raise
    except Exception as error:  # nibabel's, zlib's and the header's own
        raise ValueError(str(error) or type(error).__name__) from error
    if array.dtype.kind not in "buif":
        raise ValueError(f"expected numbers, received {array.dtype}")
    return _sides_and_channels(array)


def _sides_and_channels(array: np.ndarray) -> np.ndarray[Any, Any]:
    if array.ndim <= 2:
        return array
    sides = array.shape[:2] if array.shape[2] == 1 else array.shape[:3]
    return np.ascontiguousarray(array.reshape(*sides, -1))
