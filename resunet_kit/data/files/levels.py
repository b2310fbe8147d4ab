"""Stored numbers as intensities: those of few bits spread over their whole type, others as float32 in [0, 1]."""

import os

import numpy as np

from resunet_kit.data.files.errors import file_error
from resunet_kit.data.files.paths import PathLike
from resunet_kit.data.files.stored import StoredImage, looked_up


def shown(stored: StoredImage) -> np.ndarray:
    """Return the numbers as stored; for a palette file, its colours."""
    return stored.array if stored.palette is None else looked_up(stored.array, stored.palette[:, :3])


def spread(array: np.ndarray, white: float) -> np.ndarray:
    """Rescale unsigned integers so that the type's largest value stands for 1, not `white`; else return float32.

    Integers stay integers where that is exact: 2 bits times 85, 4 bits times 17. They take less memory.
    """
    if array.dtype == np.bool_:
        return array
    largest = int(np.iinfo(array.dtype).max)
    if white == int(white) and largest % int(white) == 0:
        return array * array.dtype.type(largest // int(white)) if white != largest else array
    return (array / np.float64(white)).astype(np.float32)


def intensities(path: PathLike, stored: StoredImage, *, full_scale: float | None, any_range: bool) -> np.ndarray:
    """Return uint8, uint16 or bool, where the type's largest value stands for 1, else floats.

    Floats are float32, or float64 where that would lose differences that normalisation is to show.

    Args:
        path: For the message.
        stored: What the file stores.
        full_scale: The stored number that stands for 1; None takes what the file says.
        any_range: Whether floats and integers other than of 8 and 16 bits may lie outside [0, 1]. Not with
            `full_scale`.

    Raises:
        ValueError: If numbers are not real, not finite, or out of range.
    """
    array = shown(stored)
    if array.dtype.kind not in "buif":
        raise file_error(path, f"Expected real numbers. Received {array.dtype}. Save the part of the numbers you need.")
    if full_scale is not None and array.dtype != np.bool_:
        _check_full_scale(path, array, full_scale)
        if array.dtype in (np.uint8, np.uint16):
            return spread(array, full_scale)
        return (array / np.float64(full_scale)).astype(np.float32)
    if array.dtype in (np.uint8, np.uint16, np.bool_):
        return spread(array, stored.white if stored.palette is None else 255)
    return _floats(path, array, any_range)


def has_full_scale(image: np.ndarray) -> bool | None:
    """Return whether the type of what `intensities` returns says what stands for 1; None if floats leave it open."""
    if image.dtype.kind in "ub":
        return True
    return None if image.min() >= 0 and image.max() <= 1 else False


def two_units(scaled: PathLike, other: PathLike) -> ValueError:
    """Return the error for a file in [0, 1], by the largest number of its bits, and one in a unit of its own."""
    return ValueError(
        f"Expected images of one unit. Received {os.fspath(scaled)!r}, whose bits say what is white, and "
        f"{os.fspath(other)!r}, whose values exceed [0, 1] in another. Save them in one type, or normalise each by "
        "normalize='image'."
    )


def _check_full_scale(path: PathLike, array: np.ndarray, full_scale: float) -> None:
    _refuse_nonfinite(path, array)
    low, high = array.min().item(), array.max().item()
    if low < 0 or high > full_scale:
        raise file_error(
            path,
            f"Expected values in [0, {full_scale:g}], as full_scale={full_scale:g} says. Received {low:g} to {high:g}. "
            "Pass the value that stands for white in all files, or normalize='image' without full_scale.",
        )


def _floats(path: PathLike, array: np.ndarray, any_range: bool) -> np.ndarray:
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused below
        image = array.astype(np.float32)
    _refuse_nonfinite(path, image, array)
    low, high = image.min().item(), image.max().item()
    if not any_range and not (low >= 0 and high <= 1):
        cure = "Pass full_scale, the value that stands for white" if low >= 0 else "full_scale takes none below 0"
        raise file_error(
            path,
            f"Expected uint8 or uint16 values, or {array.dtype} in [0, 1]. Received {low:g} to {high:g}. {cure}; or "
            "pass normalize='image', or rescale the file.",
        )
    return image if _float32_keeps(array) else array.astype(np.float64)


def _float32_keeps(array: np.ndarray) -> bool:
    """Return whether float32 keeps the differences of each channel; of large numbers close together it keeps few."""
    if array.dtype.itemsize <= 2 or array.dtype == np.float32:
        return True
    axes = tuple(range(array.ndim - 1))
    low, high = array.min(axis=axes).astype(np.float64), array.max(axis=axes).astype(np.float64)
    error = np.maximum(abs(low), abs(high)) * 2.0**-24
    return bool(((error <= 1e-6 * (high - low)) | (low == high)).all())


def _refuse_nonfinite(path: PathLike, image: np.ndarray, stored: np.ndarray | None = None) -> None:
    """Refuse infinite values and those that float32 cannot hold, with their number."""
    bad = image.size - int(np.isfinite(image).sum())
    if not bad:
        return
    infinite = image.size - int(np.isfinite(image if stored is None else stored).sum())
    parts = [(infinite, "infinite"), (bad - infinite, "too large for float32")]
    listed = " and ".join(f"{count} {name}" for count, name in parts if count)
    raise file_error(
        path,
        f"Expected finite values. Received {listed} of {image.size}. Replace them, as in "
        "numpy.nan_to_num(array, posinf=0, neginf=0), or rescale the file, and save the result.",
    )
