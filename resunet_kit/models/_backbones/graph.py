"""Operations of a functional model in topological order, with the locations of its kernels and skip connections."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Step:
    """An operation of a functional model.

    Attributes:
        operation: A layer, a nested model, or an operation of `keras.ops`.
        output: The first output of the operation.
        follows_kernel: Whether an input depends on a kernel, a weight of more than one axis.
        depends_on_kernel: Whether the output depends on one, through the operation's own weights or an input.
        articulation: Whether no skip connection bypasses the output: all later operations depend on the image through
            it alone.
    """

    operation: Any
    output: Any
    follows_kernel: bool
    depends_on_kernel: bool
    articulation: bool


def functional(model: keras.Model) -> keras.Model:
    """Return the model itself, or the functional model of the layers of a built Sequential."""
    return model if hasattr(model, "operations") else keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def walk(model: keras.Model) -> Iterator[Step]:
    """Yield the operations of a functional model, each after those that it depends on."""
    on_kernel: dict[int, bool] = {}
    for operation, articulation in zip(model.operations, _articulations(model), strict=True):
        if isinstance(operation, keras.layers.InputLayer):
            on_kernel[id(operation.output)] = False
            continue
        # A nested functional model lists its own tensors, not those it is called on: unknown tensors come from one.
        before = any(on_kernel.get(id(tensor), True) for tensor in keras.tree.flatten(operation.input))
        after = before or any(len(weight.shape) > 1 for weight in getattr(operation, "weights", ()))
        outputs = keras.tree.flatten(operation.output)
        on_kernel.update((id(tensor), after) for tensor in outputs)
        yield Step(operation, outputs[0], before, after, articulation)


def _articulations(model: keras.Model) -> list[bool]:
    """Return for each operation whether no tensor from before it is used after it."""
    produced: set[int] = set()
    last_use: dict[int, int] = {}
    nested = []  # positions of nested models, which list their own tensors
    for position, operation in enumerate(model.operations):
        used = [] if isinstance(operation, keras.layers.InputLayer) else keras.tree.flatten(operation.input)
        if any(id(tensor) not in produced for tensor in used):
            nested.append(position)
        last_use.update((id(tensor), position) for tensor in used)
        produced.update(map(id, keras.tree.flatten(operation.output)))
    found, latest = [], 0
    for position, operation in enumerate(model.operations):
        found.append(latest <= position)
        for tensor in keras.tree.flatten(operation.output):
            # A tensor that no operation lists as its input is used by the next nested model.
            following = next((user for user in nested if user > position), position)
            latest = max(latest, last_use.get(id(tensor), following))
    return found
