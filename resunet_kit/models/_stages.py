"""The stages of a backbone: runs of layers between two reductions of the image's size."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import keras

from resunet_kit.models._backbones.graph import functional

REFERENCE_SIDE = 256  # where sides are unknown, stages are told apart by how they shrink this one


def stages_of(backbone: keras.Model) -> dict[int, list[keras.layers.Layer]]:
    """Return the layers that can learn, by how often the image was halved before their output; the top stage last."""
    stages: dict[int, list[keras.layers.Layer]] = {}
    for layer, level in _levels(backbone):
        # Keras's Normalization holds the statistics of the images, which nothing learns.
        if layer.weights and not isinstance(layer, keras.layers.Normalization):
            stages.setdefault(level, []).append(layer)
    return dict(sorted(stages.items()))


def _levels(model: keras.Model, level: int = 0) -> Iterator[tuple[keras.layers.Layer, int]]:
    """Yield each leaf, and how often the image was halved before its output when it was `level` times before."""
    start, shrunk = level, _shrinking(model)
    for layer in model.layers:  # in the order of the graph
        if isinstance(layer, keras.Model):
            for leaf, inner in _levels(layer, level):
                yield leaf, inner
                level = max(level, inner)
            continue
        # A layer behind global pooling, as in squeeze-and-excitation, belongs to the stage that was pooled.
        own = shrunk.get(id(layer))
        yield layer, level if own is None else start + own
        level = max(level, start + (own or 0))


def _shrinking(model: keras.Model) -> dict[int, int]:
    """Return how often `model` itself halves the image before each layer with weights that gives a map."""
    if not getattr(model, "inputs", None):
        return {}  # a subclass without a graph is one stage
    graph = functional(model)
    steps = [step for step in graph.operations if not isinstance(step, keras.Model)]
    image, *shapes = _shapes(graph, [keras.tree.flatten(step.output)[0] for step in steps])
    sides = [min(shape[1:-1]) if len(shape) == len(image) > 2 and None not in shape[1:] else 0 for shape in shapes]
    # One pixel is a stage of a small image, or what global pooling leaves: then larger maps follow.
    following = list(itertools.accumulate(reversed(sides), max))[::-1]
    maps = {
        id(step): side
        for step, side, most in zip(steps, sides, following, strict=True)
        if getattr(step, "weights", ()) and (side > 1 or side == most == 1)
    }
    levels = _halvings(min(image[1:-1], default=1), set(maps.values()))
    return {step: levels[side] for step, side in maps.items()}


def _shapes(graph: keras.Model, tensors: list[Any]) -> list[tuple[int, ...]]:
    """Return the shape of the first input and those of the tensors, for images of a known size."""
    inputs = [tensor.shape for tensor in graph.inputs]
    if not any(None in shape[1:-1] for shape in inputs):
        return [inputs[0], *(tensor.shape for tensor in tensors)]
    known = [(1, *(side or REFERENCE_SIDE for side in shape[1:-1]), shape[-1]) for shape in inputs]
    probe = keras.Model(graph.inputs, tensors)
    found = probe.compute_output_shape(known if len(known) > 1 else known[0])
    return [known[0], *(found if len(tensors) > 1 else [found])]


def _halvings(side: int, sides: set[int]) -> dict[int, int]:
    """Return how often an image's side was halved to each of `sides`."""
    levels, level = {}, 0
    for smaller in sorted(sides, reverse=True):
        # Rounded up, 3 pixels are halved to 2. Convolutions without padding take less than that.
        if 3 * smaller <= 2 * side:
            level += max(1, round(math.log2(side / smaller)))
            side = smaller
        levels[smaller] = level
    return levels
