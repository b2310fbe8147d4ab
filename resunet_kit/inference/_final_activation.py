"""Final activation of a model's output: a sigmoid or a softmax, or none in the case of logits."""

from dataclasses import dataclass
from typing import Any

import keras

# Layers and operations of keras.ops that are an activation, by the name of their class.
OPERATIONS = {"Sigmoid": "sigmoid", "Softmax": "softmax", "LogSoftmax": "softmax"}
PASSED = (keras.layers.Identity, keras.layers.Dropout)


@dataclass(frozen=True)
class FinalActivation:
    """Where a model's last activation is computed.

    Attributes:
        kind: `"sigmoid"` or `"softmax"`; `"linear"` for the output of a layer with a kernel; None if unknown.
        owner: The operation, or the layer, that computes it.
        attribute: The attribute of the owner that holds the function; empty if there is nothing to leave out.
    """

    kind: str | None
    owner: Any = None
    attribute: str = ""


def final_activation(model: keras.Model) -> FinalActivation:
    """Return the activation before the output of a model, also from inside nested models.

    Only layers that pass their input unchanged in inference mode may follow it.
    """
    tensor = (getattr(model, "outputs", None) or [None])[0]
    while tensor is not None and hasattr(tensor, "_keras_history"):
        operation, node, index = tensor._keras_history
        inner = getattr(operation, "outputs", None)
        if isinstance(operation, keras.Model) and inner:
            tensor = inner[index]
            continue
        found = _activation_of(operation)
        if found is not None:
            return found
        tensor = operation._inbound_nodes[node].input_tensors[0]
    return FinalActivation(None)


def _activation_of(operation: Any) -> FinalActivation | None:
    """Return the activation that an operation computes; None if it passes its input through."""
    if type(operation).__name__ in OPERATIONS:
        return FinalActivation(OPERATIONS[type(operation).__name__], operation, "call")
    function = getattr(operation, "activation", None)
    if function in (keras.activations.sigmoid, keras.activations.softmax, keras.activations.log_softmax):
        kind = "sigmoid" if function is keras.activations.sigmoid else "softmax"
        return FinalActivation(kind, operation, "activation")
    if isinstance(function, keras.layers.Layer) and type(function).__name__ in OPERATIONS:
        return FinalActivation(OPERATIONS[type(function).__name__], function, "call")
    linear = function in (None, keras.activations.linear)
    if linear and isinstance(operation, (*PASSED, keras.layers.Activation)):
        return None
    has_kernel = any(len(weight.shape) > 1 for weight in getattr(operation, "weights", ()))
    return FinalActivation("linear" if linear and has_kernel else None)
