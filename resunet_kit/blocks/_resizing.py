"""Grid means and linear resizing of features with a static or variable (None) spatial shape.

Every spatial axis is multiplied by a weight matrix that is computed from positions counted along that axis. These are
plain operations of `keras.ops`, for images and volumes, so models with them reload without this package.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from resunet_kit.blocks._layers import spatial_rank

# Smaller than the smallest fractional part of a cell's bound (1 / cells), and larger than its float32 error.
ROUNDING = 1e-3


def resize_like(x: Any, reference: Any) -> Any:
    """Resize `x` to the spatial shape of `reference`, linearly between pixel centres and clamped at the borders."""
    return resize_to(x, positions(reference))


def resize_to(x: Any, lines: Sequence[Any]) -> Any:
    """Resize `x` as `resize_like` does, given the positions along each axis of the reference."""
    for axis, (target, source) in enumerate(zip(lines, positions(x), strict=True), start=1):
        x = _contract(x, _linear_weights(target, source), axis)
    return x


def grid_means(x: Any, cells: int, lines: Sequence[Any] | None = None) -> Any:
    """Average `x` over a grid of `cells` per axis; cells overlap by a pixel where the size is not a multiple."""
    for axis, line in enumerate(lines or positions(x), start=1):
        x = _contract(x, _mean_weights(cells, line), axis)
    return x


def positions(x: Any) -> list[Any]:
    """Return 0, 1, 2, … along each spatial axis, as a cumulative sum: `ops.arange` does not take a variable size."""
    rank = spatial_rank(x)
    lines = []
    for axis in range(1, rank + 1):
        line = x[tuple(slice(None) if i == axis else 0 for i in range(rank + 2))]
        lines.append(ops.cumsum(ops.ones_like(line, dtype="float32")) - 1.0)
    return lines


def _mean_weights(cells: int, line: Any) -> Any:  # (cells, size)
    step = (ops.max(line) + 1.0) / cells
    first = np.arange(cells, dtype="float32")[:, None]
    # ops.multiply, because PyTorch leaves the product of a tensor and an array to NumPy.
    start = ops.floor(ops.multiply(step, first) + ROUNDING)
    stop = ops.ceil(ops.multiply(step, first + 1.0) - ROUNDING)
    inside = ops.logical_and(line >= start, line < stop)
    return ops.cast(inside, "float32") / (stop - start)


def _linear_weights(target: Any, source: Any) -> Any:  # (target size, source size)
    last = ops.max(source)
    scale = (last + 1.0) / (ops.max(target) + 1.0)
    centres = ops.minimum(ops.maximum((target + 0.5) * scale - 0.5, 0.0), last)
    return ops.relu(1.0 - ops.abs(ops.expand_dims(centres, 1) - source))


def _contract(x: Any, weights: Any, axis: int) -> Any:
    axes = "bdhwc" if len(x.shape) == 5 else "bhwc"
    equation = f"{axes},n{axes[axis]}->{axes.replace(axes[axis], 'n')}"
    # Both are cast: PyTorch refuses mixed dtypes, and Keras takes float64 for float32 there when it builds.
    return ops.einsum(equation, ops.cast(x, x.dtype), ops.cast(weights, x.dtype))
