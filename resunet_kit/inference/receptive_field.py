"""How far a network sees: the stride of its features, and the radius of the receptive field of its outputs."""

import math
from typing import Any, NamedTuple

import keras

from resunet_kit.models._backbones.graph import functional

# Layers by what they do to positions. Anything else, such as pooling over the whole image, may see all of it.
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
# Operations of keras.ops: of one position, and what counts positions and picks pixels by them.
OPERATIONS = (
    "Abs", "Add", "Cast", "Concatenate", "Cumsum", "Divide", "Exp", "FloorDivide", "Maximum", "Minimum", "Multiply",
    "Negative", "OnesLike", "Relu", "Relu6", "Sigmoid", "Silu", "Softmax", "Softplus", "Sqrt", "Square", "Subtract",
    "Tanh",
)  # fmt: skip
PICKING = ("GetItem", "Take")
REFERENCE = {4: 256, 5: 64}  # size for a variable one, by rank


class ReceptiveField(NamedTuple):
    """What one output pixel of a network depends on.

    Attributes:
        radius: Pixels of the image to each side of it, an upper bound for each axis; infinite where a layer sees the
            whole image.
        stride: The largest stride of the features, for each axis: images shifted by a multiple of it have features
            shifted by whole pixels.
        unbounded: Names of the layers that see the whole image, or are not known.
    """

    radius: tuple[float, ...]
    stride: tuple[int, ...]
    unbounded: tuple[str, ...]


def receptive_field(model: keras.Model) -> ReceptiveField:
    """Return the radius of the receptive field of a segmenter and its stride, from its layers.

    A layer that looks at `k` pixels, `d` apart, of features at stride `s` adds `s d (k - 1) / 2`, rounded up; paths
    that join keep the larger radius. Squeeze-and-excitation, attention over positions, and normalisation over
    positions see the whole image.

    Args:
        model: A functional or Sequential model of one input and one output, for images or volumes.

    Returns:
        Radius, stride, and what makes the radius infinite.

    Raises:
        TypeError: If `model` is not a functional Keras model.
        ValueError: If it has not one input and one output of images or volumes.

    Example:
        >>> from resunet_kit.inference import receptive_field
        >>> from resunet_kit.models import res_unet
        >>> receptive_field(res_unet((None, None, 3), filters=(8, 16, 32)))
        ReceptiveField(radius=(23.0, 23.0), stride=(4, 4), unbounded=())
    """
    if not is_functional(model):
        raise TypeError(
            f"Expected a functional or Sequential keras.Model, whose layers can be followed. Received {model!r}. Of a "
            "subclassed model, give the numbers yourself."
        )
    graph = functional(model)
    shape = graph.inputs[0].shape
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or len(shape) not in REFERENCE:
        raise ValueError(
            "Expected a model of one input and one output of images or volumes. Received inputs of shape "
            f"{[tensor.shape for tensor in graph.inputs]} and {len(graph.outputs)} outputs. Build one of the output "
            "wanted: keras.Model(inputs, output)."
        )
    image = (1, *(size or REFERENCE[len(shape)] for size in shape[1:-1]), shape[-1])
    unbounded: list[str] = []
    steps = [1] * (len(shape) - 2)
    radius = _through(graph, (0.0,) * len(steps), image, image[1:-1], steps, unbounded)
    return ReceptiveField(radius, tuple(steps), tuple(dict.fromkeys(unbounded)))


def is_functional(model: Any) -> bool:
    """Return whether the layers of a model can be followed."""
    return isinstance(model, keras.Sequential) or (isinstance(model, keras.Model) and hasattr(model, "operations"))


def _through(
    graph: keras.Model,
    radius: tuple[float, ...],
    shape: tuple[int, ...],
    image: tuple[int, ...],
    strides: list[int],
    unbounded: list[str],
) -> tuple[float, ...]:
    """Return the radius of a graph's output, given that of its input of a static shape; collect strides by the way."""
    nodes = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    tensors = [node.outputs[0] for node in nodes]
    sizes = keras.Model(graph.inputs, tensors).compute_output_shape(shape)
    size_of = {id(tensor): size for tensor, size in zip(tensors, sizes if len(tensors) > 1 else [sizes], strict=True)}
    radius_of = {id(graph.inputs[0]): radius}
    for node in nodes:
        output, taken = node.outputs[0], [tensor for tensor in node.input_tensors if id(tensor) in radius_of]
        if not taken:
            continue
        before = tuple(map(max, zip(*(radius_of[id(tensor)] for tensor in taken), strict=True)))
        sources = [size_of[id(tensor)] for tensor in taken]
        if isinstance(node.operation, keras.Model):
            after = _through(functional(node.operation), before, sources[0], image, strides, unbounded)
        else:
            strides_here = _strides(image, max(sources, key=len))
            added = _added(node.operation, strides_here, _strides(image, size_of[id(output)]))
            if added is None:
                unbounded.append(node.operation.name)
                added = (math.inf,) * len(image)
            kept = not _counts(node.operation)
            after = tuple(kept * old + new for old, new in zip(before, added, strict=True))
        if len(size_of[id(output)]) == len(shape) and max(size_of[id(output)][1:-1]) > 1:  # not pooled over the image
            strides[:] = map(math.lcm, strides, _strides(image, size_of[id(output)]))
        radius_of[id(output)] = after
    return radius_of[id(graph.outputs[0])]


def _strides(image: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) != len(image) + 2:
        return (1,) * len(image)
    return tuple(max(1, round(whole / size)) for whole, size in zip(image, shape[1:-1], strict=True))


def _counts(operation: Any) -> bool:
    """Return whether the result depends on the shape alone."""
    return type(operation).__name__ == "OnesLike"


def _added(operation: Any, before: tuple[int, ...], after: tuple[int, ...]) -> tuple[float, ...] | None:
    """Return what an operation adds to the radius along each axis; None where it is unbounded or not known."""
    name = type(operation).__name__
    axes = len(before)
    if name in POINTWISE or name in OPERATIONS:
        return (0.0,) * axes
    if name in KERNELS:
        sizes = getattr(operation, "kernel_size", None) or operation.pool_size
        rates = getattr(operation, "dilation_rate", (1,) * axes)
        spans = [rate * (size - 1) for size, rate in zip(sizes, rates, strict=True)]
        # With a stride, padding of the kind "same" is not symmetric.
        distances = [
            span if step > 1 else math.ceil(span / 2) for span, step in zip(spans, operation.strides, strict=True)
        ]
        return tuple(float(pixels * stride) for pixels, stride in zip(distances, before, strict=True))
    if name in TRANSPOSED:
        return tuple(float(size * stride) for size, stride in zip(operation.kernel_size, after, strict=True))
    if name.startswith("UpSampling"):
        neighbours = 1 if getattr(operation, "interpolation", "nearest") == "nearest" else 2
        return tuple(
            float(neighbours * coarse - fine * (neighbours == 1)) for coarse, fine in zip(before, after, strict=True)
        )
    if name in SHIFTING:
        amounts = getattr(operation, "padding", None) or operation.cropping
        return tuple(float(max(amount) * stride) for amount, stride in zip(amounts, before, strict=True))
    if name in PICKING:
        return tuple(float(abs(coarse - fine)) for coarse, fine in zip(before, after, strict=True))
    return None
