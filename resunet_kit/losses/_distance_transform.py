"""Exact Euclidean distance transform of masks, inside the graph of any backend."""

from collections.abc import Sequence

from keras import ops

from resunet_kit._shared.overlap import Tensor

# Distance in pixels to a border that does not exist: beyond every image, but finite, since inf - inf is NaN.
FAR = 1e15


def signed_distances(mask: Tensor, spacing: Sequence[float]) -> Tensor:
    """Return each pixel's distance to the nearest pixel across the mask's border: below 0 inside, above 0 outside.

    This is SciPy's `distance_transform_edt` of the background minus that of the foreground, as computed by
    `resunet_kit.masks.signed_distance_map`; it is 0 everywhere if the mask is entirely empty or full. No gradient.

    Args:
        mask: Booleans, shape `(images, ..., classes)`.
        spacing: Pixel spacing along each spatial axis.
    """
    mask = ops.stop_gradient(mask)
    both = ops.concatenate([mask, ops.logical_not(mask)], axis=0)
    squared = (spacing[0] * _steps_to(both)) ** 2
    for axis, step in enumerate(spacing[1:], start=2):
        squared = _nearest_along(squared, axis, step)
    outside, inside = ops.split(ops.sqrt(squared), 2, axis=0)
    spatial = tuple(range(1, len(mask.shape) - 1))
    has_border = ops.logical_and(ops.any(mask, spatial, keepdims=True), ops.any(~mask, spatial, keepdims=True))
    return ops.stop_gradient(ops.where(has_border, outside - inside, 0.0))


def _steps_to(mask: Tensor) -> Tensor:
    """Return the distance in pixels to the nearest true pixel along the first spatial axis."""
    rows = ops.moveaxis(mask, 1, 0)

    def walk(steps: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        steps = ops.where(row, 0.0, steps + 1.0)
        return steps, steps

    start = ops.full_like(rows[0], FAR, dtype="float32")
    before, after = (ops.scan(walk, start, rows, reverse=reverse)[1] for reverse in (False, True))
    return ops.moveaxis(ops.minimum(before, after), 0, 1)


def _nearest_along(squared: Tensor, axis: int, step: float) -> Tensor:
    """Return `minⱼ squared[j] + (step·(i − j))²` along an axis, which extends squared distances by that axis.

    The loop takes one pixel `j` after another, for all `i` at once, and so stores two tensors, not one per distance.
    """
    count = ops.shape(squared)[axis]
    positions = ops.reshape(ops.arange(count, dtype="float32"), (-1, *[1] * (len(squared.shape) - axis - 1)))

    def take_in(pixel: Tensor, nearest: Tensor) -> Tensor:
        offset = step * (positions - ops.cast(pixel, "float32"))
        found = ops.expand_dims(ops.take(squared, pixel, axis=axis), axis)
        return ops.minimum(nearest, found + offset * offset)

    return ops.fori_loop(0, count, take_in, squared)
