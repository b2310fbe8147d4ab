"""Stages of a backbone: the layers between two reductions of the image's size."""

import itertools
from collections.abc import Iterator

import keras

from resunet_kit.models._backbones.graph import functional
from resunet_kit.models._backbones.strides import halvings, reference_shapes


def stages_of(backbone: keras.Model) -> dict[int, list[keras.layers.Layer]]:
    """Group the layers with trainable weights by how often the image was halved before their output, top stage last."""
    stages: dict[int, list[keras.layers.Layer]] = {}
    for layer, level in _levels(backbone):
        # Keras's Normalization holds the statistics of the images, which are not trained.
        if layer.weights and not isinstance(layer, keras.layers.Normalization):
            stages.setdefault(level, []).append(layer)
    return dict(sorted(stages.items()))


def _levels(model: keras.Model, level: int = 0) -> Iterator[tuple[keras.layers.Layer, int]]:
    """Yield each leaf layer and how often the image was halved before its output; `level` times before the model."""
    start, halved = level, _halvings_of_maps(model)
    for layer in model.layers:  # in the order of the graph
        if isinstance(layer, keras.Model):
            for leaf, inner in _levels(layer, level):
                yield leaf, inner
                level = max(level, inner)
            continue
        # A layer after global pooling, as in squeeze-and-excitation, belongs to the stage that was pooled.
        own = halved.get(id(layer))
        yield layer, level if own is None else start + own
        level = max(level, start + (own or 0))


def _halvings_of_maps(model: keras.Model) -> dict[int, int]:
    """Return, by id, how often `model` itself halves the image before each layer with weights and a spatial output."""
    if not getattr(model, "inputs", None):
        return {}  # a subclass without a graph is one stage
    graph = functional(model)
    steps = [step for step in graph.operations if not isinstance(step, keras.Model)]
    image, shapes = reference_shapes(graph, [keras.tree.flatten(step.output)[0] for step in steps])
    sizes = [min(shape[1:-1]) if len(shape) == len(image) > 2 and None not in shape[1:] else 0 for shape in shapes]
    # A single pixel is a stage of a small image, or the result of global pooling, after which larger maps follow.
    largest_after = list(itertools.accumulate(reversed(sizes), max))[::-1]
    maps = {
        id(step): size
        for step, size, largest in zip(steps, sizes, largest_after, strict=True)
        if getattr(step, "weights", ()) and (size > 1 or size == largest == 1)
    }
    counts = halvings(min(image[1:-1], default=1), set(maps.values()))
    return {step: counts[size] for step, size in maps.items()}
