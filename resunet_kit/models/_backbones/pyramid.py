"""Feature pyramid of a network: for each power-of-two stride, the features that a decoder joins."""

from dataclasses import dataclass
from typing import Any

import keras

from resunet_kit._shared.errors import reason
from resunet_kit.models._backbones.graph import Step, functional, walk
from resunet_kit.models._backbones.strides import Stride, nearest_strides

Levels = dict[int, tuple[Any, bool]]  # by stride: the features, and whether the stride is exact


@dataclass(frozen=True)
class Pyramid:
    """A network from images to features at two or more strides.

    Attributes:
        network: The model, named "encoder", with one output for each stride.
        exact: By stride, in the order of the outputs: whether the features' spatial shape is exactly the image's
            divided by the stride, where that is an integer.
    """

    network: keras.Model
    exact: dict[int, bool]


def find_pyramid(model: keras.Model) -> Pyramid:
    """Return the feature pyramid of a network.

    If the network has several outputs, these are the levels. If it has one, that is the last level; the level of each
    smaller stride is the last tensor of that stride that depends on a kernel and that no skip connection bypasses, or
    simply the last one if skip connections bypass them all. Some strides may be missing.

    Args:
        model: A functional model from images or volumes to features.

    Raises:
        ValueError: If the network has fewer than two levels, or an output that is not a level.
    """
    graph = functional(model)
    levels = _inner_levels(graph) if len(graph.outputs) == 1 else _output_levels(graph)
    if len(levels) < 2:
        raise _no_pyramid(graph, f"features at the strides {sorted(levels)} alone")
    # The last level comes first, so that Keras orders the layers, and names them in weights files, as in the backbone.
    strides = sorted(levels, reverse=True)
    network = keras.Model(graph.inputs[0], [levels[stride][0] for stride in strides], name="encoder")
    return Pyramid(network, {stride: levels[stride][1] for stride in strides})


def _inner_levels(graph: keras.Model) -> Levels:
    last = graph.outputs[0]
    if len(last.shape) != len(graph.inputs[0].shape):
        raise _no_pyramid(graph, f"an output of shape {tuple(last.shape)}, which has no spatial axes")
    steps = [step for step in walk(graph) if _may_be_level(step, graph) and step.output is not last]
    *strides, final = _strides(graph, [*(step.output for step in steps), last])
    if final is None:
        raise _no_stride(graph, last)
    levels: Levels = {final.value: (last, final.exact)}
    ranks: dict[int, tuple[bool, bool]] = {}
    for step, stride in zip(steps, strides, strict=True):
        if stride is None or stride.value >= final.value:
            continue
        rank = (stride.exact, step.articulation)
        if rank >= ranks.get(stride.value, (False, False)):
            levels[stride.value], ranks[stride.value] = (step.output, stride.exact), rank
    return levels


def _output_levels(graph: keras.Model) -> Levels:
    levels: Levels = {}
    for x, stride in zip(graph.outputs, _strides(graph, graph.outputs), strict=True):
        if stride is None or not _is_features(x, graph):
            raise _no_stride(graph, x)
        if stride.value in levels:
            raise _no_pyramid(graph, f"two outputs at the stride {stride.value}")
        levels[stride.value] = (x, stride.exact)
    return levels


def _strides(graph: keras.Model, features: list[Any]) -> list[Stride | None]:
    try:
        keras.Model(graph.inputs[0], features)
    except ValueError as error:  # the first call of some layer was in another model
        raise _no_pyramid(graph, f"layers that are not its own: {reason(error)}") from error
    return nearest_strides(graph, features)


def _is_features(x: Any, graph: keras.Model) -> bool:
    return len(x.shape) == len(graph.inputs[0].shape) and x.shape[-1] is not None


def _may_be_level(step: Step, graph: keras.Model) -> bool:
    nested = hasattr(step.operation, "operations")  # lists its own tensors, which are not in this graph
    return step.depends_on_kernel and not nested and _is_features(step.output, graph)


def _no_stride(graph: keras.Model, x: Any) -> ValueError:
    return _no_pyramid(graph, f"an output of shape {tuple(x.shape)}, without one power-of-two stride for all axes")


def _no_pyramid(graph: keras.Model, received: str) -> ValueError:
    return ValueError(
        "Expected an encoder whose features form a pyramid: outputs, or layers before the output, at two or more "
        f"power-of-two strides. Received {graph.name!r} with {received}. Build it without its classifier "
        "(include_top=False), or give the levels as outputs: keras.Model(encoder.inputs, [low, middle, high])."
    )
