"""Memory of batches, reused once nothing refers to it.

A batch of 16 images of 256 x 256 x 3 takes 12 MB. The system allocates such blocks page by page and frees them at once,
which takes longer than filling them. TensorFlow accepts an array without a copy if its address is a multiple of 64.
"""

from collections import deque
from typing import Any

import numpy as np

_ALIGNMENT = 64
_MAX_FREE_BLOCKS = 8  # more than a pipeline holds at a time


class BufferPool:
    """Arrays whose memory returns to the pool with their last view; for arrays of about one size."""

    def __init__(self) -> None:
        self._free: deque[np.ndarray] = deque(maxlen=_MAX_FREE_BLOCKS)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Return an array as `numpy.empty` does, aligned for TensorFlow."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        try:
            memory = self._free.pop()  # one step, so that threads never get the same block
        except IndexError:
            memory = np.empty(0, np.uint8)
        # A small array may not hold a large block either.
        if not size + _ALIGNMENT <= memory.size <= 2 * size + _ALIGNMENT:
            memory = np.empty(size + _ALIGNMENT, np.uint8)
        return np.asarray(_PooledMemory(memory, size, self._free)).view(dtype).reshape(shape)


class _PooledMemory:
    """Base object of an array and its views; returns the memory when the last of them is gone."""

    def __init__(self, memory: np.ndarray, size: int, free: deque[np.ndarray]) -> None:
        self._memory, self._free = memory, free
        start = -memory.ctypes.data % _ALIGNMENT
        self.__array_interface__ = memory[start : start + size].__array_interface__

    def __del__(self) -> None:
        self._free.append(self._memory)
