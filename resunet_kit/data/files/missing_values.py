"""NaN in files of floating-point values, refused or replaced."""

import numpy as np

from resunet_kit._shared.numbers import number
from resunet_kit.data.files.errors import file_error
from resunet_kit.data.files.paths import PathLike

IMAGE_CURE = "Pass nan=0.0, or another number, to read it as that."
MASK_CURE = "Pass nan=0 to read it as background."


def checked_nan(nan: float | None) -> None:
    """Check the option for images.

    Raises:
        TypeError: If it is neither a number nor None.
        ValueError: If it is not finite.
    """
    if nan is not None:
        number("nan", nan, cure="Pass what NaN stands for, such as 0.0, or None to refuse it.")


def checked_nan_label(nan: float | None) -> None:
    """Check the option for masks.

    Raises:
        TypeError: If it is neither a number nor None.
        ValueError: If it is not an integer from 0 to 255.
    """
    if nan is not None and not number("nan", nan, "[0, 255]").is_integer():
        raise ValueError(f"Expected nan to be a class label. Received nan={nan}. Pass 0 for background.")


def nan_label(nan: float | None, ignore_class: int | None) -> int | None:
    """Return what NaN in masks is read as where it is read as `nan` in images; None refuses it in both."""
    return None if nan is None else ignore_class or 0


def without_nan(path: PathLike, values: np.ndarray, nan: float | None, cure: str) -> np.ndarray:
    """Return the values with `nan` in place of NaN.

    Args:
        path: The file, for the message.
        values: Of any type and shape, at least one.
        nan: The replacement; None refuses NaN.
        cure: What to do about a refusal.

    Raises:
        ValueError: If there is NaN and no replacement, or all values are NaN.
    """
    if values.dtype.kind != "f" or not np.isnan(values.min()):  # NaN where any value is, and faster than isnan().any()
        return values
    missing = np.isnan(values)
    count = np.count_nonzero(missing)
    if count == missing.size:
        raise file_error(path, "Expected values. Received NaN alone. Replace the file.")
    if nan is None:
        raise file_error(
            path,
            f"Expected finite values. Received NaN at {count} of {missing.size} ({100 * count / missing.size:.2g} %), "
            f"which SPM and other programs write outside the brain. {cure}",
        )
    return np.where(missing, values.dtype.type(nan), values)
