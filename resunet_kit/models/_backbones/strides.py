"""Strides in a functional model: the factor by which each tensor's spatial shape is smaller than the image's."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import keras

Shape = tuple[Any, ...]

# Replaces a variable size, by the number of spatial axes: large enough that the strides of unpadded convolutions, which
# remove a few more pixels, stay nearest to the right power of two. Volumes are smaller, as backends may compute them.
REFERENCE_SIZE = {1: 512, 2: 512, 3: 256}
# How far log2 of a stride may be from an integer: 3 is 0.42 from 4, and unpadded networks stay below 0.25. Small static
# shapes, rounded at every stride, may be further off.
TOLERANCE = 0.4


class Stride(NamedTuple):
    """A power-of-two stride, the same along all spatial axes.

    Attributes:
        value: The nearest power of two.
        exact: Whether the spatial shape is exactly the image's divided by it.
    """

    value: int
    exact: bool


def nearest_strides(model: keras.Model, tensors: list[Any]) -> list[Stride | None]:
    """Return the stride of each tensor of a model with one input; None if the axes have no common power of two.

    Raises:
        ValueError: If a tensor does not depend on the model's input.
    """
    image, shapes = reference_shapes(model, tensors)
    tolerance = TOLERANCE if None in model.inputs[0].shape[1:-1] else 0.5
    return [_nearest_stride(image[1:-1], shape[1:-1], tolerance) for shape in shapes]


def reference_shapes(model: keras.Model, tensors: list[Any]) -> tuple[Shape, list[Shape]]:
    """Return the shapes of the first input and of tensors, with the reference size instead of a variable one.

    Raises:
        ValueError: If a size is variable, and a tensor does not depend on the model's inputs.
    """
    inputs = [tensor.shape for tensor in model.inputs]
    if not any(None in shape[1:-1] for shape in inputs):
        return inputs[0], [tensor.shape for tensor in tensors]
    static = [(1, *(size or REFERENCE_SIZE[len(shape) - 2] for size in shape[1:-1]), shape[-1]) for shape in inputs]
    found = keras.Model(model.inputs, tensors).compute_output_shape(static if len(static) > 1 else static[0])
    return static[0], [found] if isinstance(found, tuple) else found


def halvings(size: int, smaller_sizes: Iterable[int]) -> dict[int, int]:
    """Return how often `size` was halved down to each of `smaller_sizes`, counted from one size to the next.

    Unlike the nearest power of two, this count is right even if small sizes were rounded up at every halving: 65 is
    halved five times down to 3.
    """
    counts, count = {}, 0
    for smaller in sorted(smaller_sizes, reverse=True):
        # Rounded up, 3 pixels are halved to 2. Convolutions without padding remove less than that.
        if 3 * smaller <= 2 * size:
            count += max(1, round(math.log2(size / smaller)))
            size = smaller
        counts[smaller] = count
    return counts


def _nearest_stride(image: Shape, features: Shape, tolerance: float) -> Stride | None:
    if len(image) != len(features) or None in features or 0 in features:
        return None
    ratios = [size / smaller for size, smaller in zip(image, features, strict=True)]
    powers = {round(math.log2(ratio)) for ratio in ratios}
    if len(powers) > 1 or min(powers) < 0:
        return None
    stride = 2 ** powers.pop()
    if any(abs(math.log2(ratio / stride)) > tolerance for ratio in ratios):
        return None
    return Stride(stride, all(ratio == stride for ratio in ratios))
