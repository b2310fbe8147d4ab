"""Blending of windows slab by slab: parts that no window touches any more are reduced, written and discarded."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from resunet_kit.inference._windows import Window

Finish = Callable[[np.ndarray], np.ndarray]


class Slabs:
    """Weighted sums of windows over the part of an image that windows still touch.

    Args:
        shape: Spatial shape of the image.
        axis: The axis across which slabs are cut.
        windows: All windows that will be added.
        classes: Channels of the outputs.
        finish: Function from a slab of probabilities `(..., classes)` to the values to write.
        out: Array to write into; None creates one.
    """

    def __init__(
        self, shape: tuple[int, ...], axis: int, windows: list[Window], classes: int, finish: Finish, out: Any
    ) -> None:
        self.shape, self.axis, self.classes = shape, axis, classes
        self.finish, self.out = finish, out
        self.left = Counter(window.start[axis] for window in windows)
        self.first = 0  # position of the buffer's first pixel
        self.sums = self._zeros(0)
        self.weights: dict[tuple[int, ...], np.ndarray] = {}
        self.low, self.high = np.inf, -np.inf  # of all outputs

    def add(self, window: Window, output: np.ndarray) -> None:
        """Add the output `(..., classes)` of a window; what lies beyond the image is dropped."""
        corners = list(zip(window.start, output.shape, self.shape, strict=False))
        ends = [min(start + length, size) for start, length, size in corners]
        inside = tuple(slice(0, end - start) for start, end in zip(window.start, ends, strict=True))
        target = [slice(start, end) for start, end in zip(window.start, ends, strict=True)]
        here = target[self.axis]
        self._reach(here.stop)
        target[self.axis] = slice(here.start - self.first, here.stop - self.first)
        self.sums[tuple(target)] += output[inside] * self._weight(window)[inside]
        self.low, self.high = min(self.low, output.min()), max(self.high, output.max())
        self.left[window.start[self.axis]] -= 1
        if not self.left[window.start[self.axis]]:
            del self.left[window.start[self.axis]]

    def write(self) -> bool:
        """Write the part that no window touches any more, and return whether there was one."""
        until = min(self.left, default=self.shape[self.axis])
        if until <= self.first:
            return False
        done = self._part(0, until - self.first)
        # A mean lies between its values, except for rounding: without this, a probability may be above 1.
        result = self._finished(self.sums[done].clip(self.low, self.high))
        self.out[self._part(self.first, until)] = result
        self.sums = self.sums[self._part(until - self.first, None)].copy()
        self.first = until
        return True

    def check_out(self) -> None:
        """Refuse an `out` that does not fit, before anything is predicted.

        Raises:
            TypeError: If it is not an array that can be written.
            ValueError: If its shape or dtype is different, or it is read-only.
        """
        if not hasattr(self.out, "__setitem__") or not isinstance(getattr(self.out, "shape", None), tuple):
            raise TypeError(
                f"Expected out to be an array or a memory map. Received {type(self.out).__name__}. Make one with "
                "numpy.empty."
            )
        flags = getattr(self.out, "flags", None)
        if getattr(flags, "writeable", True) is False:
            raise ValueError(
                "Expected out to be writable. Received a read-only array. Open a memory map with mode='r+' or 'w+', or "
                "make an array with numpy.empty."
            )
        self._finished(self.sums)  # of no rows yet

    def _finished(self, slab: np.ndarray) -> np.ndarray:
        """Return the values to write for a slab, and create `out` if it was not given."""
        result, rank = np.asarray(self.finish(slab)), len(self.shape)
        if result.shape[:rank] != slab.shape[:rank]:
            raise ValueError(
                f"Expected reduce to return an array of the slab's spatial shape {slab.shape[:rank]}. Received shape "
                f"{result.shape}. Reduce the last axis alone."
            )
        wanted, dtype = (*self.shape, *result.shape[rank:]), result.dtype
        if self.out is None:
            self.out = np.empty(wanted, dtype)
        if self.out.shape != wanted or not np.can_cast(
            dtype, self.out.dtype, "safe" if dtype.kind in "iu" else "same_kind"
        ):
            raise ValueError(
                f"Expected out of shape {wanted} and a dtype that holds {dtype}. Received shape {self.out.shape} and "
                f"dtype {self.out.dtype}. Make it with numpy.empty({wanted}, {str(dtype)!r})."
            )
        return result

    def _weight(self, window: Window) -> np.ndarray:
        """Return the weights of all pixels of a window, `(..., 1)`; windows share those of their axes."""
        key = tuple(map(id, window.weights))
        if key not in self.weights:
            self.weights[key] = functools.reduce(np.multiply.outer, window.weights)[..., None]
        return self.weights[key]

    def _reach(self, end: int) -> None:
        missing = end - self.first - self.sums.shape[self.axis]
        if missing > 0:
            self.sums = np.concatenate([self.sums, self._zeros(missing)], axis=self.axis)

    def _zeros(self, length: int) -> np.ndarray:
        shape = [*self.shape, self.classes]
        shape[self.axis] = length
        return np.zeros(shape, "float32")

    def _part(self, start: int, stop: int | None) -> tuple[slice, ...]:
        return (*[slice(None)] * self.axis, slice(start, stop))
