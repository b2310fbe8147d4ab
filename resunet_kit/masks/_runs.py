"""Runs of equal pixels down the columns: what both run-length formats are made of."""

import numpy as np
from numpy.typing import NDArray


def boundaries(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the column-major positions where the value changes, in ascending order.

    The pixel before the first counts as background, so positions 0, 2, 4, ... begin a run of foreground and positions
    1, 3, 5, ... end one.

    Args:
        mask: `(height, width)`, in any memory order.
    """
    # Compared in the mask's own memory order: transposing a large C-ordered mask costs ten times the rest.
    changes = np.empty_like(mask)
    np.not_equal(mask[1:], mask[:-1], out=changes[1:])
    changes[0, 0] = mask[0, 0]
    np.not_equal(mask[0, 1:], mask[-1, :-1], out=changes[0, 1:])  # from a column's foot to the next one's head
    if changes.flags.f_contiguous:
        return np.flatnonzero(changes.T)
    rows, columns = np.divmod(np.flatnonzero(changes), mask.shape[1])
    return np.sort(columns * mask.shape[0] + rows)


def paint(counts: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the mask of alternating run lengths, background first; column-major in memory.

    Args:
        counts: Lengths of the runs, none negative, of the sum `height * width`.
        shape: `(height, width)`.
    """
    values = (np.arange(counts.size) % 2).astype(np.uint8)
    return np.repeat(values, counts).reshape(shape[::-1]).T
