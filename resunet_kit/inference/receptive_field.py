"""Receptive field of a network: the stride of its features, and the radius that its outputs depend on."""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import keras

from resunet_kit.models._backbones.graph import functional

# Layers by their effect on positions. Any other layer, such as pooling over the whole image, may see all of it.
POINTWISE = (
    "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "BatchNormalization", "Concatenate",
    "Dense", "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "Identity", "InputLayer", "LeakyReLU", "Maximum",
    "Minimum", "Multiply", "Normalization", "PReLU", "ReLU", "Rescaling", "Softmax", "SpatialDropout2D",
    "SpatialDropout3D", "Subtract",
)  # fmt: skip
KERNELS = (
    "Conv2D",
    "Conv3D",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "AveragePooling2D",
    "AveragePooling3D",
    "MaxPooling2D",
    "MaxPooling3D",
)
TRANSPOSED = ("Conv2DTranspose", "Conv3DTranspose")
SHIFTING = ("Cropping2D", "Cropping3D", "ZeroPadding2D", "ZeroPadding3D")
# Operations of keras.ops: those on single positions, and those that pick pixels by counted positions.
OPERATIONS = (
    "Abs", "Add", "Cast", "Concatenate", "Divide", "Exp", "FloorDivide", "Maximum", "Minimum", "Multiply", "Negative",
    "Relu", "Relu6", "Sigmoid", "Silu", "Softmax", "Softplus", "Sqrt", "Square", "Subtract", "Tanh",
)  # fmt: skip
PICKING = ("GetItem", "Take")
SHAPE_ALONE = ("OnesLike", "ZerosLike")  # results that depend on the shape of the image, not on its pixels
NEIGHBOURS = {"nearest": 1, "bilinear": 2, "bicubic": 3, "lanczos3": 4, "lanczos5": 6}  # to each side
# Size that replaces a variable one, by rank: every usual stride divides it. Only shapes are computed.
REFERENCE = {4: 2**7 * 3**3 * 5 * 7, 5: 2**6 * 3**3}


class _Features(NamedTuple):
    """Properties of a tensor.

    Attributes:
        radius: Radius of its receptive field, for each axis of the image; minus infinity if it depends only on the
            shape.
        stride: Pixels of the image from one position to the next, for each axis.
        shape: Shape, with the size that replaces a variable one.
    """

    radius: tuple[float, ...]
    stride: tuple[Fraction, ...]
    shape: tuple[int, ...]

    @property
    def size(self) -> tuple[int, ...] | None:
        """The spatial shape; None without spatial axes."""
        return self.shape[1:-1] if len(self.shape) == len(self.stride) + 2 else None


class ReceptiveField(NamedTuple):
    """Receptive field of one output pixel of a network.

    Attributes:
        radius: Pixels of the image to each side of it, an upper bound for each axis; infinite if a layer sees the
            whole image.
        stride: The largest stride of the features, for each axis: images shifted by a multiple of it have features
            shifted by whole pixels.
        unbounded: Names of the layers that see the whole image, or are unknown.
    """

    radius: tuple[float, ...]
    stride: tuple[int, ...]
    unbounded: tuple[str, ...]


def receptive_field(model: keras.Model) -> ReceptiveField:
    """Compute the radius of a segmenter's receptive field, and its stride, from its layers.

    A layer that looks at `k` pixels, `d` apart, of features at stride `s` adds `s d (k - 1) / 2`, rounded up; paths
    that join keep the larger radius. Squeeze-and-excitation, attention over positions, and normalisation over
    positions see the whole image.

    Args:
        model: A functional or Sequential model of one input and one output, for images or volumes.

    Returns:
        Radius, stride, and the layers that make the radius infinite.

    Raises:
        TypeError: If `model` is not a functional Keras model.
        ValueError: If it does not have one input and one output of images or volumes.

    Example:
        >>> from resunet_kit.inference import receptive_field
        >>> from resunet_kit.models import res_unet
        >>> receptive_field(res_unet((None, None, 3), filters=(8, 16, 32)))
        ReceptiveField(radius=(23.0, 23.0), stride=(4, 4), unbounded=())
    """
    if not is_functional(model):
        inner = is_functional(getattr(model, "model", None))  # of what accelerate returned
        cure = "Pass its attribute .model." if inner else "Of a subclassed model, give the numbers yourself."
        raise TypeError(
            f"Expected a functional or Sequential keras.Model, whose layers can be followed. Received {model!r}. {cure}"
        )
    graph = functional(model)
    shape = graph.inputs[0].shape
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or len(shape) not in REFERENCE:
        raise ValueError(
            "Expected a model of one input and one output of images or volumes. Received inputs of shape "
            f"{[tensor.shape for tensor in graph.inputs]} and {len(graph.outputs)} outputs. Build one of the output "
            "wanted: keras.Model(inputs, output)."
        )
    strides, unbounded = [1] * (len(shape) - 2), []  # type: ignore[var-annotated]
    output = _output(graph, tuple(size or REFERENCE[len(shape)] for size in shape[1:-1]), strides, unbounded)
    return ReceptiveField(output.radius, tuple(strides), tuple(dict.fromkeys(unbounded)))


def fits(model: keras.Model, size: Sequence[int]) -> bool:
    """Return whether a functional network takes images of a size, and returns outputs of the same size."""
    try:
        return _output(functional(model), tuple(size), [1] * len(size), []).size == tuple(size)
    except ValueError:  # features that are joined differ in size
        return False


def _output(graph: keras.Model, size: tuple[int, ...], strides: list[int], unbounded: list[str]) -> _Features:
    """Return the properties of a network's output for images of a size; collect strides and unbounded layers."""
    axes = len(size)
    image = _Features((0.0,) * axes, (Fraction(1),) * axes, (1, *size, graph.inputs[0].shape[-1]))
    [output] = _through(graph, [image], strides, unbounded)
    return output


def is_functional(model: Any) -> bool:
    """Return whether the layers of a model can be followed."""
    return isinstance(model, keras.Sequential) or (isinstance(model, keras.Model) and hasattr(model, "operations"))


def _through(graph: keras.Model, inputs: list[_Features], strides: list[int], unbounded: list[str]) -> list[_Features]:
    """Return the properties of a graph's outputs, given its inputs; collect strides and unbounded layers on the way."""
    nodes = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    known = dict(zip(map(id, graph.inputs), inputs, strict=True))
    shapes = _shapes(graph, [tensor for node in nodes for tensor in node.outputs], inputs)
    for node in nodes:
        taken = [known[id(tensor)] for tensor in node.input_tensors if id(tensor) in known]
        if not taken or id(node.outputs[0]) in known:
            continue
        if isinstance(node.operation, keras.Model):
            found = _through(functional(node.operation), taken, strides, unbounded)
        else:
            found = [_after(node, taken, shapes[id(tensor)], unbounded) for tensor in node.outputs]
        for tensor, features in zip(node.outputs, found, strict=True):
            known[id(tensor)] = features
            if features.size is not None and max(features.size) > 1:  # not pooled over the image
                strides[:] = map(math.lcm, strides, (stride.numerator for stride in features.stride))
    return [known[id(tensor)] for tensor in graph.outputs]


def _shapes(graph: keras.Model, tensors: list[Any], inputs: list[_Features]) -> dict[int, tuple[int, ...]]:
    given = [features.shape for features in inputs]
    found = keras.Model(graph.inputs, tensors).compute_output_shape(given if len(given) > 1 else given[0])
    return dict(zip(map(id, tensors), found if len(tensors) > 1 else [found], strict=True))


def _after(node: Any, taken: list[_Features], shape: tuple[int, ...], unbounded: list[str]) -> _Features:
    """Return the properties of the output, of a given shape, of an operation that is not a model."""
    operation = node.operation
    before = tuple(map(max, zip(*(features.radius for features in taken), strict=True)))
    images = [features for features in taken if features.size is not None]
    source = max(images, key=lambda features: math.prod(features.size or ()), default=taken[0])
    if type(operation).__name__ in (*POINTWISE, *OPERATIONS):
        _check_joined(operation, [features.size for features in images])
    stride = _stride_after(operation, source, source._replace(shape=shape).size)
    if type(operation).__name__ in SHAPE_ALONE or max(before) == -math.inf:
        return _Features((-math.inf,) * len(before), stride, shape)
    added = _added(node, source, stride)
    if added is None:
        unbounded.append(operation.name)
        added = (math.inf,) * len(before)
    return _Features(tuple(old + new for old, new in zip(before, added, strict=True)), stride, shape)


def _check_joined(operation: Any, sizes: list[Any]) -> None:
    if any(len({size for size in axis if size > 1}) > 1 for axis in zip(*sizes, strict=True)):
        raise ValueError(
            f"Expected features of one size at {operation.name}. Received {sizes}. Crop the larger ones, as "
            "resunet_kit.blocks.crop_like does, or take images of a multiple of the stride."
        )


def _stride_after(operation: Any, source: _Features, size: tuple[int, ...] | None) -> tuple[Fraction, ...]:
    """Return the stride of an operation's output of a given spatial shape."""
    name = type(operation).__name__
    if name in KERNELS:
        return tuple(old * step for old, step in zip(source.stride, operation.strides, strict=True))
    if name in TRANSPOSED:
        return tuple(old / step for old, step in zip(source.stride, operation.strides, strict=True))
    if name.startswith("UpSampling"):
        return tuple(old / times for old, times in zip(source.stride, operation.size, strict=True))
    if source.size is None or size is None or name in SHIFTING:
        return source.stride
    return tuple(map(_resized, source.stride, source.size, size))


def _resized(stride: Fraction, before: int, after: int) -> Fraction:
    """Return the stride after resizing from one size to another, or after cropping a remainder."""
    if after > before:
        return stride / round(after / before)
    return stride * round(before / after) if before - after > 1 else stride


def _added(node: Any, source: _Features, after: tuple[Fraction, ...]) -> tuple[float, ...] | None:
    """Return what an operation adds to the radius along each axis; None if that is unbounded or unknown."""
    operation, name, before = node.operation, type(node.operation).__name__, source.stride
    if getattr(operation, "data_format", None) == "channels_first":
        return None
    if name in POINTWISE or name in OPERATIONS:
        return (0.0,) * len(before) if _of_channels(operation, len(source.shape)) else None
    if name in KERNELS:
        sizes = getattr(operation, "kernel_size", None) or operation.pool_size
        # With a stride, "same" padding is not symmetric.
        distances = [
            span if step > 1 else math.ceil(span / 2)
            for span, step in zip(_spans(operation, sizes), operation.strides, strict=True)
        ]
        return tuple(float(pixels * stride) for pixels, stride in zip(distances, before, strict=True))
    if name in TRANSPOSED:
        spans = _spans(operation, operation.kernel_size)
        return tuple(float((span + 1) * stride) for span, stride in zip(spans, after, strict=True))
    if name.startswith("UpSampling"):
        neighbours = NEIGHBOURS[getattr(operation, "interpolation", "nearest")]
        return tuple(
            float(neighbours * coarse - fine * (neighbours == 1)) for coarse, fine in zip(before, after, strict=True)
        )
    if name in SHIFTING:
        amounts = getattr(operation, "padding", None) or operation.cropping
        return tuple(float(max(amount) * stride) for amount, stride in zip(amounts, before, strict=True))
    if name in PICKING and not _turns(node):
        return tuple(float(abs(coarse - fine)) for coarse, fine in zip(before, after, strict=True))
    return None


def _spans(operation: Any, sizes: tuple[int, ...]) -> list[int]:
    """Return the distance from the first to the last pixel that a kernel looks at, along each axis."""
    rates = getattr(operation, "dilation_rate", (1,) * len(sizes))
    return [rate * (size - 1) for size, rate in zip(sizes, rates, strict=True)]


def _of_channels(operation: Any, rank: int) -> bool:
    """Return whether an operation along an axis, if it has one, is along the channels."""
    axis = getattr(operation, "axis", -1)
    return all(one in (-1, rank - 1) for one in (axis if isinstance(axis, Iterable) else [axis]))


def _turns(node: Any) -> bool:
    """Return whether a slice runs backwards."""
    return any(
        isinstance(part, slice) and (part.step or 1) < 0
        for argument in node.arguments.args
        if isinstance(argument, tuple)
        for part in argument
    )
