"""A function's value and gradient, on whatever backend the tests run."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


def value_and_gradient(
    function: Callable[[Any], Any], x: Any, dtype: str = "float32", *, compiled: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return a scalar function's value at `x` and its derivatives, both as float32 or float64.

    Args:
        function: From a tensor to a scalar tensor.
        x: Numbers that NumPy can read.
        dtype: Of the tensor that the function gets.
        compiled: Whether XLA compiles the function; PyTorch has none.
    """
    of_backend = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]
    found = of_backend(function, keras.ops.convert_to_tensor(x, dtype), compiled)
    wide = "float64" if dtype == "float64" else "float32"
    value, slope = (keras.ops.convert_to_numpy(keras.ops.cast(part, wide)) for part in found)
    return value, slope


def _tensorflow(function: Callable[[Any], Any], x: Any, compiled: bool) -> tuple[Any, Any]:
    import tensorflow as tf

    def both(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return value, tape.gradient(value, x)

    return (tf.function(both, jit_compile=True) if compiled else both)(x)


def _jax(function: Callable[[Any], Any], x: Any, compiled: bool) -> tuple[Any, Any]:
    import jax

    both = jax.value_and_grad(function)
    return (jax.jit(both) if compiled else both)(x)


def _torch(function: Callable[[Any], Any], x: Any, compiled: bool) -> tuple[Any, Any]:
    if compiled:
        raise NotImplementedError("PyTorch has no XLA here.")
    x = x.detach().requires_grad_()
    value = function(x)
    value.backward()
    return value.detach(), x.grad
