"""Memory of batches, used again once nothing refers to it.

A batch of 16 images of 256 x 256 x 3 takes 12 MB. The system hands out such pieces page by page and wants them back at
once, which takes longer than to fill them. TensorFlow takes an array without a copy if it begins on a multiple of 64.
"""

from collections import deque
from typing import Any

import numpy as np

_ALIGNMENT = 64
_KEPT = 8  # more than a pipeline holds at a time


class Buffers:
    """Arrays whose memory comes back when the last view of them is gone; for arrays of about one size."""

    def __init__(self) -> None:
        self._free: deque[np.ndarray] = deque(maxlen=_KEPT)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Return an array as `numpy.empty` does, aligned for TensorFlow."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        try:
            memory = self._free.pop()  # one step, so that threads never get the same piece
        except IndexError:
            memory = np.empty(0, np.uint8)
        # Nor may a small array hold a large piece.
        if not size + _ALIGNMENT <= memory.size <= 2 * size + _ALIGNMENT:
            memory = np.empty(size + _ALIGNMENT, np.uint8)
        return np.asarray(_Lease(memory, size, self._free)).view(dtype).reshape(shape)


class _Lease:
    """What an array and its views keep alive while they use the memory."""

    def __init__(self, memory: np.ndarray, size: int, free: deque[np.ndarray]) -> None:
        self._memory, self._free = memory, free
        start = -memory.ctypes.data % _ALIGNMENT
        self.__array_interface__ = memory[start : start + size].__array_interface__

    def __del__(self) -> None:
        self._free.append(self._memory)
