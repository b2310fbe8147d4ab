"""Run a model the cheapest way of each backend."""

from typing import Any

import keras
import numpy as np


def run(model: keras.Model, inputs: np.ndarray) -> list[Any]:
    """Return each output in inference mode."""
    if keras.backend.backend() == "jax":
        # Called eagerly, JAX compiles every operation for every shape; this compiles the whole model once.
        return keras.tree.flatten(model.predict_on_batch(inputs))
    return keras.tree.flatten(model(inputs, training=False))


def as_float32(output: Any) -> np.ndarray:
    """Return an output as NumPy knows it, bfloat16 too."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(output, "float32")))
