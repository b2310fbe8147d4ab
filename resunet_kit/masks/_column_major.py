"""Column-major order of a mask's pixels, in which run lengths count."""

import numpy as np
from numpy.typing import NDArray

# Pairs of bits of an 8 x 8 block that are swapped, in three steps: within 2 x 2, 4 x 4 and 8 x 8 bits.
_SWAPS = ((7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0x00000000F0F0F0F0))


def down_columns(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels in column-major order; a view if the mask is already stored in that order.

    Args:
        mask: `(height, width)`, in any memory order.
    """
    if mask.flags.f_contiguous:
        return mask.T.ravel()
    height, width = mask.shape
    # Copying bytes to a transposed array waits for memory, ten times as long at 4096 x 4096. Bits are an eighth.
    bits = np.packbits(mask, axis=1, bitorder="little")
    if height % 8:
        bits = np.pad(bits, ((0, -height % 8), (0, 0)))
    blocks = _transpose_blocks(np.ascontiguousarray(bits.T).view("<u8"))  # (width / 8, height / 8)
    columns = blocks.view(np.uint8).reshape(*blocks.shape, 8).swapaxes(1, 2).reshape(-1, blocks.shape[1])
    return np.unpackbits(columns[:width], axis=1, count=height, bitorder="little").view(np.bool_).ravel()


def _transpose_blocks(blocks: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Transpose blocks of 8 x 8 bits, one per integer, as in Warren, Hacker's Delight, 2nd edition, 7-3."""
    for distance, pairs in _SWAPS:
        differing = (blocks ^ (blocks >> np.uint64(distance))) & np.uint64(pairs)
        blocks = blocks ^ differing ^ (differing << np.uint64(distance))
    return blocks.astype("<u8", copy=False)
