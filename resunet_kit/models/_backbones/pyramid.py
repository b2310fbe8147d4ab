"""The pyramid of features in a network, found by how much each layer's output has shrunk."""

import math
from dataclasses import dataclass
from typing import Any

import keras

from resunet_kit._shared.errors import reason
from resunet_kit.models._backbones.graph import Step, functional, walk

# Sides that show the strides of a network for unknown ones: large enough that convolutions without padding, which take
# off some pixels more, stay nearest to their own power of two; volumes are kept small, as backends may compute them.
REFERENCE_SIDES = {2: 512, 3: 128}
# How far, in halvings, a stride may be from a power of two: 3 is 0.42 from 4, and unpadded networks stay below 0.25.
# Small known sides, rounded at every stride, may deviate more.
NEAR = 0.4


@dataclass(frozen=True)
class Level:
    """Features of a pyramid.

    Attributes:
        features: The tensor in the network.
        exact: Whether its sides are exactly the image's divided by the stride, where that is whole.
    """

    features: Any
    exact: bool


def find_pyramid(model: keras.Model) -> dict[int, Level]:
    """Return the levels of a network by their strides, in ascending order.

    Of a network with several outputs, these are the levels. Of others, the last is the output, and that of each lower
    power of two is the last tensor of its size that a kernel has a part in and that no path evades; where every tensor
    of that size is evaded, the last. Some strides may be missing.

    Args:
        model: A functional model from images or volumes to features.

    Raises:
        ValueError: If the network has no such levels, or fewer than two.
    """
    graph = functional(model)
    last = graph.outputs[-1]
    if len(graph.outputs) == 1:
        if len(last.shape) != len(graph.inputs[0].shape):
            raise _no_pyramid(model, f"an output of shape {tuple(last.shape)}, without sides")
        steps = [step for step in walk(graph) if _is_level(step, graph) and step.output is not last]
        levels = _by_stride(
            graph, [step.output for step in steps] + [last], [step.bottleneck for step in steps] + [True]
        )
    else:
        levels = _given(graph)
    if len(levels) < 2:
        raise _no_pyramid(model, f"features at the strides {sorted(levels)} alone")
    return dict(sorted(levels.items()))


def _by_stride(model: keras.Model, features: list[Any], bottlenecks: list[bool]) -> dict[int, Level]:
    shrunk = _shrinkage(model, features)
    final = shrunk[-1]
    if final is None:
        raise _no_pyramid(model, f"an output of shape {tuple(features[-1].shape)}, not shrunk alike along every side")
    levels: dict[int, Level] = {}
    ranks: dict[int, tuple[bool, bool]] = {}
    for x, found, bottleneck in zip(features, shrunk, bottlenecks, strict=True):
        if found is None or found[0] > final[0] or (found[0] == final[0] and x is not features[-1]):
            continue
        stride, exact = found
        if (exact, bottleneck) >= ranks.get(stride, (False, False)):
            levels[stride], ranks[stride] = Level(x, exact), (exact, bottleneck)
    return levels


def _given(model: keras.Model) -> dict[int, Level]:
    levels: dict[int, Level] = {}
    for x, found in zip(model.outputs, _shrinkage(model, model.outputs), strict=True):
        if found is None or not _is_features(x, model):
            raise _no_pyramid(model, f"an output of shape {tuple(x.shape)}, not shrunk alike along every side")
        if found[0] in levels:
            raise _no_pyramid(model, f"two outputs at the stride {found[0]}")
        levels[found[0]] = Level(x, found[1])
    return levels


def _shrinkage(model: keras.Model, features: list[Any]) -> list[tuple[int, bool] | None]:
    """Return of each tensor its nearest power-of-two stride, and whether it is exact; None where sides differ in it."""
    _, *sides, channels = model.inputs[0].shape
    image = [side or REFERENCE_SIDES[len(sides)] for side in sides]
    try:
        probe = keras.Model(model.inputs[0], features)
    except ValueError as error:  # the first call of some layer was in another model
        raise _no_pyramid(model, f"layers that are not its own: {reason(error)}") from error
    shapes = [x.shape for x in features]
    if None in sides:
        shapes = probe.compute_output_shape((1, *image, channels))
        shapes = [shapes] if isinstance(shapes, tuple) else shapes
    near = NEAR if None in sides else 0.5
    return [_stride(image, shape[1:-1], near) for shape in shapes]


def _stride(image: list[int], sides: tuple[int, ...], near: float) -> tuple[int, bool] | None:
    if len(image) != len(sides) or None in sides or 0 in sides:
        return None
    halvings = [math.log2(whole / side) for whole, side in zip(image, sides, strict=True)]
    powers = {round(power) for power in halvings}
    if len(powers) > 1 or min(powers) < 0 or any(abs(power - round(power)) > near for power in halvings):
        return None
    stride = 2 ** powers.pop()
    return stride, all(whole == side * stride for whole, side in zip(image, sides, strict=True))


def _is_features(x: Any, model: keras.Model) -> bool:
    return len(x.shape) == len(model.inputs[0].shape) and x.shape[-1] is not None


def _is_level(step: Step, model: keras.Model) -> bool:
    nested = hasattr(step.operation, "operations")  # names its own tensors, which are not in this graph
    return step.learned and not nested and _is_features(step.output, model)


def _no_pyramid(model: keras.Model, received: str) -> ValueError:
    return ValueError(
        "Expected an encoder whose features form a pyramid: outputs, or layers on the way to the output, at two or "
        f"more power-of-two strides. Received {model.name!r} with {received}. Build it without its classifier "
        "(include_top=False), or give the levels as outputs: keras.Model(encoder.inputs, [low, middle, high])."
    )
