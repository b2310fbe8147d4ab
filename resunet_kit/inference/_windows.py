"""Overlapping windows of an image along each axis, and the weights by which their predictions are blended."""

import itertools
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np

Blend = Literal["gaussian", "constant"]
BLENDS: tuple[str, ...] = get_args(Blend)
SIGMA = 1 / 8  # of a window's length, as in nnU-Net and MONAI
SMALLEST_WEIGHT = 1e-3  # of the largest, so that pixels at an image's corner are not divided by almost zero


class Axis(NamedTuple):
    """The windows along one axis.

    Attributes:
        length: Pixels of a window; more than the image has if it is padded.
        starts: First pixel of each window, ascending.
        weights: float32 weights of each window's pixels. Those of all windows sum to 1 at each pixel of the image.
    """

    length: int
    starts: list[int]
    weights: list[np.ndarray]


class Window(NamedTuple):
    """One window: its first pixel, and its weights along each axis."""

    start: tuple[int, ...]
    weights: tuple[np.ndarray, ...]


def aligned_length(size: int, tile: int, multiple: int) -> int:
    """Return the length, up to `tile`, of windows that start at multiples of a stride and are sampled like the image.

    With "same" padding, a strided convolution samples other pixels in an image of even size than in one of odd size.
    Windows with the image's remainder have its padding at every level, and the last one also starts at a multiple.
    """
    return tile - multiple + size % multiple if size % multiple else tile


def axis_windows(size: int, length: int, *, step: int, margin: int, blend: str, fixed: bool) -> Axis:
    """Cut one axis into windows of one length, the last of which ends at the image's end.

    Args:
        size: Pixels of the image.
        length: Pixels of a window.
        step: Maximum pixels from one window to the next.
        margin: Pixels without weight at a window's ends, except at the image's own ends.
        blend: "gaussian" or "constant".
        fixed: Whether the network takes only windows of that length. Otherwise a smaller image is one window.
    """
    if size <= length:
        length, starts = length if fixed else size, [0]
    else:
        starts = [*range(0, size - length, step), size - length]
    raw = [_raw_weights(start, length, size, margin, blend) for start in starts]
    total = np.zeros(starts[-1] + length)
    for start, weights in zip(starts, raw, strict=True):
        total[start : start + length] += weights
    normalised = [(w / total[start : start + length]).astype("float32") for start, w in zip(starts, raw, strict=True)]
    shared = {weights.tobytes(): weights for weights in normalised}  # most windows have those of their neighbours
    return Axis(length, starts, [shared[weights.tobytes()] for weights in normalised])


def _raw_weights(start: int, length: int, size: int, margin: int, blend: str) -> np.ndarray:
    offsets = np.arange(length) - (length - 1) / 2
    weights = np.ones(length)
    if blend == "gaussian":
        weights = np.maximum(np.exp(-0.5 * (offsets / (SIGMA * length)) ** 2), SMALLEST_WEIGHT)
    if start > 0:
        weights[:margin] = 0
    if start + length < size:
        weights[length - margin :] = 0
    return weights


def windows(axes: list[Axis], first: int) -> Iterator[Window]:
    """Yield every window, row by row: those of one position along the axis `first` before those of the next."""
    order = [first, *(axis for axis in range(len(axes)) if axis != first)]
    for indices in itertools.product(*(range(len(axes[axis].starts)) for axis in order)):
        of_axis = dict(zip(order, indices, strict=True))
        chosen = [(axis, of_axis[number]) for number, axis in enumerate(axes)]
        yield Window(tuple(axis.starts[i] for axis, i in chosen), tuple(axis.weights[i] for axis, i in chosen))
