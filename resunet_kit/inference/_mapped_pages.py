"""Memory held by files that are read and written through memory maps."""

import mmap
import sys
from typing import Any

import numpy as np

SHARED = ("r", "r+", "w+")  # not "c", copy-on-write, where written values exist nowhere else


def release_pages(array: Any) -> None:
    """Release the pages of its file that a memory map holds in this process; they are read again when they are used.

    Otherwise the process grows by everything that it has read and written, though the system could take the pages back.
    On systems other than Linux, and for other arrays, nothing happens.
    """
    if not isinstance(array, np.memmap) or array.mode not in SHARED or sys.platform != "linux":
        return
    mapped = getattr(array, "_mmap", None)
    if isinstance(mapped, mmap.mmap):
        mapped.madvise(mmap.MADV_DONTNEED)  # pages that were written stay in the file
