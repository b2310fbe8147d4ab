"""The operations of a functional model in their order, and which of their outputs a kernel has a part in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Step:
    """An operation of a functional model.

    Attributes:
        operation: A layer, a nested model, or an operation of `keras.ops`.
        output: Its first output.
        learned_before: Whether an input depends on a kernel, a weight of more than one axis.
        learned: Whether the output depends on a kernel, of the operation or before it.
        bottleneck: Whether everything that follows depends on the image through this output alone.
    """

    operation: Any
    output: Any
    learned_before: bool
    learned: bool
    bottleneck: bool


def functional(model: keras.Model) -> keras.Model:
    """Return the model, or the functional one of the same layers that a built Sequential hides."""
    return model if hasattr(model, "operations") else keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def walk(model: keras.Model) -> Iterator[Step]:
    """Yield the operations of a functional model, each after those that it depends on."""
    learned: dict[int, bool] = {}
    for operation, bottleneck in zip(model.operations, _bottlenecks(model), strict=True):
        if isinstance(operation, keras.layers.InputLayer):
            learned[id(operation.output)] = False
            continue
        # A nested functional model names its own tensors, not those it is called on: unknown ones come from one.
        before = any(learned.get(id(tensor), True) for tensor in keras.tree.flatten(operation.input))
        after = before or any(len(weight.shape) > 1 for weight in getattr(operation, "weights", ()))
        outputs = keras.tree.flatten(operation.output)
        learned.update((id(tensor), after) for tensor in outputs)
        yield Step(operation, outputs[0], before, after, bottleneck)


def _bottlenecks(model: keras.Model) -> list[bool]:
    """Return for each operation whether no tensor made before it is used after it."""
    made: dict[int, int] = {}
    last_use: dict[int, int] = {}
    unknown = []
    for place, operation in enumerate(model.operations):
        used = [] if isinstance(operation, keras.layers.InputLayer) else keras.tree.flatten(operation.input)
        if any(id(tensor) not in made for tensor in used):
            unknown.append(place)  # a nested model, which names its own tensors
        last_use.update((id(tensor), place) for tensor in used)
        made.update((id(tensor), place) for tensor in keras.tree.flatten(operation.output))
    found, latest = [], 0
    for place, operation in enumerate(model.operations):
        found.append(latest <= place)
        for tensor in keras.tree.flatten(operation.output):
            # What nothing else uses, the next nested model does.
            following = next((user for user in unknown if user > place), place)
            latest = max(latest, last_use.get(id(tensor), following))
    return found
