"""The EXIF rotation tag: eight ways to display the stored pixels."""

import warnings

import numpy as np

from resunet_kit._shared.numbers import flag
from resunet_kit.data.files.paths import PathLike

_SHOWN = {
    2: "mirrored left to right",
    3: "rotated by 180 degrees",
    4: "mirrored top to bottom",
    5: "transposed",
    6: "rotated by 90 degrees clockwise",
    7: "transposed along the other diagonal",
    8: "rotated by 90 degrees anticlockwise",
}


def check_exif_rotation(exif_rotation: bool | None) -> None:
    """Check the option.

    Raises:
        TypeError: If it is neither True, False nor None.
    """
    if exif_rotation is not None:
        flag("exif_rotation", exif_rotation)


def upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """Return `(height, width, …)` as its EXIF tag says it should be shown."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(array[rows, columns]) if orientation in _SHOWN else array


def rotated(path: PathLike, array: np.ndarray, orientation: int, exif_rotation: bool | None) -> np.ndarray:
    """Return the array upright if `exif_rotation` is True, else as stored; None warns where that differs."""
    if exif_rotation:
        return upright(array, orientation)
    if exif_rotation is None and orientation in _SHOWN:
        warnings.warn(
            f"{path}: the EXIF tag says that this image is to be shown {_SHOWN[orientation]}; its pixels are read as "
            "they are stored. Pass exif_rotation=True where the mask was drawn on the image as shown, or "
            "exif_rotation=False where it was drawn on the stored pixels.",
            UserWarning,
            stacklevel=2,
        )
    return array
