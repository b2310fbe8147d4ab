"""Keras itself as an engine, compiled: in float32, or with a bfloat16 twin of the model."""

from typing import Any

import keras
import numpy as np

from resunet_kit.inference._engines.engine import Engine


class KerasEngine(Engine):
    """A model on Keras's own backend.

    Args:
        model: A built model with one input.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__(keras.backend.standardize_dtype(model.inputs[0].dtype))
        self.model = model

    def infer(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return the outputs of `predict_on_batch`, with half precision converted to float32."""
        return [as_float32(output) for output in keras.tree.flatten(self.model.predict_on_batch(batch))]


def as_float32(output: Any) -> np.ndarray:
    """Return an output as a NumPy array, in float32 if it has half precision, which NumPy mostly lacks."""
    array = np.asarray(output)
    half = array.dtype.itemsize == 2 and array.dtype.kind not in "iu"  # bfloat16 has the kind of unknown types
    return array.astype("float32") if half else array


def bfloat16_twin(model: keras.Model) -> keras.Model:
    """Return a copy of the model, including its weights, that computes in bfloat16 up to its output layers.

    Raises:
        Exception: Whatever Keras or a layer raises if it cannot be rebuilt from its configuration.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(2)])
        >>> [layer.compute_dtype for layer in bfloat16_twin(model).layers]
        ['bfloat16', 'float32']
    """
    outputs = (
        {model.layers[-1].name} if isinstance(model, keras.Sequential) else set(getattr(model, "output_names", ()))
    )

    def copied(layer: Any) -> Any:
        config = layer.get_config()
        policy = getattr(layer, "dtype_policy", None)  # operations that are not layers have none
        if policy is not None and policy.name == "float32" and layer.name not in outputs:
            config["dtype"] = "mixed_bfloat16"
        return type(layer).from_config(config)

    twin = keras.models.clone_model(model, clone_function=copied, recursive=True)
    twin.set_weights(model.get_weights())
    return twin
