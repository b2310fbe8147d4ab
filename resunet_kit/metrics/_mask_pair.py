"""Two masks of the same shape, and the bounding box of a mask's foreground."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resunet_kit._shared.mask_checks import as_mask

Mask = NDArray[np.bool_]


def as_pair(truth: ArrayLike, prediction: ArrayLike) -> tuple[Mask, Mask]:
    """Return two masks of the same shape as booleans.

    Args:
        truth: `(height, width)` or `(depth, height, width)`; booleans, 0/1 or 0/255.
        prediction: The same.

    Raises:
        TypeError: If the values are not numbers.
        ValueError: If the shapes differ or are not 2-D or 3-D, or a mask has other values.
    """
    pair = as_mask(truth, name="truth"), as_mask(prediction, name="prediction")
    if pair[0].shape != pair[1].shape:
        raise ValueError(
            f"Expected truth and prediction of one shape. Received {pair[0].shape} and {pair[1].shape}. "
            "Resample one to the other's grid first."
        )
    return pair


def extent(mask: Mask) -> tuple[slice, ...]:
    """Return the smallest box that holds the foreground; empty slices for an empty mask.

    Args:
        mask: Of any shape.
    """
    if mask.flags.f_contiguous and not mask.flags.c_contiguous:
        return extent(mask.T)[::-1]  # ten times as fast along the memory; NIfTI readers return this order
    filled = np.flatnonzero(mask.any(axis=tuple(range(1, mask.ndim))))
    if not filled.size:
        return (slice(0, 0),) * mask.ndim
    own = slice(int(filled[0]), int(filled[-1]) + 1)
    # The other axes are searched within this one's extent.
    return (own,) if mask.ndim == 1 else (own, *extent(np.logical_or.reduce(mask[own])))
