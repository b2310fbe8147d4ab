"""Means over grids and linear resizing, for sides that may be unknown until the model runs.

Every spatial axis is multiplied with a matrix of weights that is computed from positions counted along that axis: plain
operations of `keras.ops`, for images and volumes, which reload without this package.
"""

from typing import Any

from keras import ops

from resunet_kit.blocks._layers import spatial_rank


def resize_like(x: Any, reference: Any) -> Any:
    """Resize `x` to the sides of `reference`, linearly between the centres of its pixels; borders keep their values."""
    for axis in _spatial_axes(x):
        x = _contract(x, _linear_weights(_positions(reference, axis), _positions(x, axis)), axis)
    return x


def grid_means(x: Any, cells: int) -> Any:
    """Average `x` over a grid of `cells` along each side; neighbours share a pixel where the side does not divide."""
    for axis in _spatial_axes(x):
        x = _contract(x, _mean_weights(cells, _positions(x, axis)), axis)
    return x


def _spatial_axes(x: Any) -> range:
    return range(1, spatial_rank(x) + 1)


def _positions(x: Any, axis: int) -> Any:
    """Return 0, 1, 2, … along one axis. Counted, since `ops.arange` of a side that is unknown cannot be built."""
    line = x[tuple(slice(None) if i == axis else 0 for i in range(len(x.shape)))]
    return ops.cumsum(ops.ones_like(line, dtype="float32")) - 1.0


def _mean_weights(cells: int, positions: Any) -> Any:  # (cells, side)
    side = ops.max(positions) + 1.0
    rows = []
    for cell in range(cells):
        start, stop = ops.floor(cell * side / cells), ops.ceil((cell + 1) * side / cells)
        inside = ops.logical_and(positions >= start, positions < stop)
        rows.append(ops.cast(inside, "float32") / (stop - start))
    return ops.stack(rows)


def _linear_weights(target: Any, source: Any) -> Any:  # (target side, source side)
    last = ops.max(source)
    scale = (last + 1.0) / (ops.max(target) + 1.0)
    places = ops.minimum(ops.maximum((target + 0.5) * scale - 0.5, 0.0), last)
    return ops.relu(1.0 - ops.abs(ops.expand_dims(places, 1) - ops.expand_dims(source, 0)))


def _contract(x: Any, weights: Any, axis: int) -> Any:
    axes = "bdhwc" if len(x.shape) == 5 else "bhwc"
    equation = f"{axes},n{axes[axis]}->{axes.replace(axes[axis], 'n')}"
    return ops.einsum(equation, x, ops.cast(weights, x.dtype))
