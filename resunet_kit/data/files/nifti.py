"""NIfTI files, by nibabel."""

import os
from typing import Any

import numpy as np

from resunet_kit.data.files.errors import UnsupportedFile

SUFFIXES = (".nii", ".nii.gz")
# The largest ratio that deflate reaches: a header that announces more than its file can hold is damaged.
_MAX_COMPRESSION_RATIO = 1032


def is_nifti(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is NIfTI by its name."""
    return os.fspath(path).lower().endswith(SUFFIXES)


def load_nifti(path: str | os.PathLike[str]) -> Any:
    """Return nibabel's image, of which only the header has been read.

    Raises:
        FileNotFoundError: If there is no such file.
        Exception: nibabel's or zlib's, if the file is damaged.
    """
    import nibabel  # seldom needed, and a third of a second to import

    return nibabel.load(os.fspath(path), mmap=False)


def read_nifti(path: str | os.PathLike[str]) -> np.ndarray:
    """Return the values of a NIfTI file, `([depth,] height, width, channels)`, axes in the file's order.

    The fourth axis, often time or contrast, and the fifth become channels. One slice, of length 1 along the third
    axis, is an image. Values keep the file's type unless its header scales them.

    Raises:
        FileNotFoundError: If there is no such file.
        Exception: nibabel's, zlib's or NumPy's, if the file is damaged.
        UnsupportedFile: If it does not hold numbers.
    """
    file = load_nifti(path)
    announced = int(np.prod(file.shape, dtype=object)) * file.get_data_dtype().itemsize
    ratio = _MAX_COMPRESSION_RATIO if os.fspath(path).lower().endswith(".gz") else 1
    if announced > ratio * os.path.getsize(path):
        raise ValueError(f"the header announces {announced} bytes, more than the file can hold")
    array = np.asanyarray(file.dataobj)
    if array.dtype.kind not in "buif":
        raise UnsupportedFile(f"Expected numbers. Received {array.dtype}. Convert the values.")
    return _with_channels(array)


def spatial_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the size of the image or volume in a file of this shape; further axes are channels."""
    return shape[:2] if len(shape) > 2 and shape[2] == 1 else shape[:3]


def _with_channels(array: np.ndarray) -> np.ndarray[Any, Any]:
    if array.ndim <= 2:
        return array
    return np.ascontiguousarray(array.reshape(*spatial_shape(array.shape), -1))
