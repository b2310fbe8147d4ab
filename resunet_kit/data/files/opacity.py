"""Opacity: colours without it, and masks that it may hide."""

import numpy as np

from resunet_kit.data.files.errors import UnsupportedFile


def unpremultiplied(array: np.ndarray, white: int) -> np.ndarray:
    """Return `(…, colours + 1)` with colours as they were before they were multiplied by the opacity, the last channel.

    Fractions are truncated, as in Pillow; where the opacity is 0, nothing is left of the colours, and they are 0.

    Raises:
        UnsupportedFile: If the numbers have a sign.
    """
    colours, opacity = array[..., :-1], array[..., -1:]
    if array.dtype.kind == "i":
        raise UnsupportedFile(
            f"Expected colours multiplied by an opacity as unsigned integers or floats. Received {array.dtype}, which "
            "may be negative. Save the file with an unassociated opacity, or without one."
        )
    if array.dtype.kind == "f":
        with np.errstate(divide="ignore", invalid="ignore"):
            straight = np.where(opacity > 0, colours / opacity, 0).astype(array.dtype)
    else:
        wide = colours.astype(np.uint64) * white // np.maximum(opacity, 1)
        straight = np.where(opacity > 0, np.minimum(wide, white), 0).astype(array.dtype)
    return np.concatenate([straight, opacity], axis=-1)


def says_the_same(labels: np.ndarray, opacity: np.ndarray, white: int) -> bool:
    """Return whether an opacity adds nothing to a mask: it is full, or full exactly where the mask is not 0.

    Args:
        labels: `(…, 1)`.
        opacity: `(…, 1)`.
        white: Full opacity.
    """
    full = opacity == white
    return bool(full.all() or ((full | (opacity == 0)).all() and np.array_equal(full, labels != 0)))
