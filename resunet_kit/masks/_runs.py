"""Runs of equal pixels in column-major order, the basis of both run-length formats."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from resunet_kit.masks._column_major import down_columns

_CHUNK = 1 << 16  # pixels or runs at once, so that intermediate arrays stay in the processor's cache
_MANY = 64  # With fewer pixels per run than this, painting run by run takes longer than by bits.


def index_type(size: int) -> type[np.signedinteger[Any]]:
    """Return the fastest integer type for positions in `size` pixels that also holds the sum of two of them."""
    return np.int32 if size < 2**30 else np.int64


def boundaries(mask: NDArray[np.bool_]) -> NDArray[np.signedinteger[Any]]:
    """Return the column-major positions where the value changes, in ascending order.

    The pixel before the first counts as background, so positions 0, 2, 4, ... begin a run of foreground and positions
    1, 3, 5, ... end one.

    Args:
        mask: `(height, width)`, in any memory order.
    """
    pixels, dtype = down_columns(mask), index_type(mask.size)
    found = [np.zeros(int(pixels[0]), dtype)]  # the position 0, if the first pixel is foreground
    for start in range(0, mask.size - 1, _CHUNK):
        stop = min(start + _CHUNK, mask.size - 1)
        changes = np.flatnonzero(pixels[start:stop] != pixels[start + 1 : stop + 1])
        found.append((changes + (start + 1)).astype(dtype, copy=False))
    return np.concatenate(found)


def boundaries_in_image(
    crop: NDArray[np.bool_], corner: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.signedinteger[Any]]:
    """Return the `boundaries` of an image that is background outside `crop`, without creating that image.

    Args:
        crop: `(height, width)` of a part of the image.
        corner: Row and column of its first pixel.
        shape: `(height, width)` of the image.
    """
    rows = crop.shape[0] + 1  # a row of background below keeps runs from continuing in the next column
    edges = boundaries(np.pad(crop, ((0, 1), (0, 0)))).astype(index_type(shape[0] * shape[1]), copy=False)
    edges = (edges // rows + corner[1]) * shape[0] + edges % rows + corner[0]
    if rows > shape[0]:  # as high as the image: a run that ends with a column may continue in the next one
        again = np.flatnonzero(edges[1:] == edges[:-1])
        edges = np.delete(edges, np.concatenate([again, again + 1]))
    return edges[:-1] if edges.size and edges[-1] == shape[0] * shape[1] else edges


def run_lengths(edges: NDArray[np.signedinteger[Any]], size: int) -> NDArray[np.signedinteger[Any]]:
    """Return the lengths between the first pixel, the edges and the end, of the edges' dtype.

    Args:
        edges: Ascending positions, from `boundaries`.
        size: The number of pixels.
    """
    return np.diff(edges, prepend=edges.dtype.type(0), append=edges.dtype.type(size))


def paint(counts: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the mask of alternating run lengths, background first; column-major in memory.

    Args:
        counts: Lengths of the runs, non-negative, with the sum `height * width`.
        shape: `(height, width)`.
    """
    size = shape[0] * shape[1]
    if counts.size * _MANY > size and counts[1:].min(initial=1) > 0:
        pixels = _paint_bits(counts, size)
    else:
        values = np.zeros(counts.size, np.uint8)
        values[1::2] = 1
        pixels = np.repeat(values, counts)
    return pixels.reshape(shape[::-1]).T


def _paint_bits(counts: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return 1 where the number of runs that end before a pixel or at it is odd; only the first may be 0."""
    changes = np.zeros((size // 64 + 1) * 64, np.bool_)
    done = 0
    for start in range(0, counts.size, _CHUNK):
        ends = np.cumsum(counts[start : start + _CHUNK]) + done
        changes[ends] = True
        done = ends[-1]
    words = np.packbits(changes, bitorder="little").view("<u8")
    for distance in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(distance)  # a bit is now the parity of up to 2, 4, ..., 64 bits
    odd = np.bitwise_xor.accumulate(words >> np.uint64(63))
    words[1:] ^= -odd[:-1]  # inverts all bits of a word with an odd number of edges before it
    return np.unpackbits(words.view(np.uint8), count=size, bitorder="little")
