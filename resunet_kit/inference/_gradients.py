"""Gradient of a score with respect to the output of a layer inside a model, on every backend."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

Gradient = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class Tap:
    """Wrapper of a layer's function that lets a backend see and mark the layer's output.

    Args:
        path: The layer's path, for messages.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.outputs: list[Any] = []
        self.mark: Callable[[Any], Any] = lambda output: output

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the layer's function, whose output is marked and stored."""

        def tapped(*args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            if not ops.is_tensor(output):
                raise self._unusable("with several outputs")
            self.outputs.append(self.mark(output))
            return self.outputs[-1]

        return tapped

    def start(self, mark: Callable[[Any], Any]) -> None:
        """Forget the outputs so far, and mark those that follow."""
        self.outputs.clear()
        self.mark = mark

    def output(self) -> Any:
        """Return the layer's output from the only call since `start`.

        Raises:
            ValueError: If there were several, or none.
        """
        if len(self.outputs) != 1:
            raise self._unusable(f"that is called {len(self.outputs)} times")
        return self.outputs.pop()

    def _unusable(self, received: str) -> ValueError:
        return ValueError(
            f"Expected a layer of one output that the model calls once. Received layer={self.path!r} {received}. Pass "
            "another, such as the layer after it."
        )


def layer_gradient(model: keras.Model, tap: Tap) -> Gradient:
    """Return a function from images and weights to a layer's output and its gradient.

    The gradient is that of `Σ weights · outputs`, in inference mode. The state of the model is not changed. Call the
    function while the layer's function is wrapped by `tap`.
    """
    backend = {"tensorflow": _of_tensorflow, "jax": _of_jax, "torch": _of_torch}[keras.backend.backend()]
    compute = backend(lambda weights, state, batch: model.stateless_call(weights, state, batch, training=False)[0], tap)

    def gradient(images: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        batch, factors = ops.convert_to_tensor(images), ops.convert_to_tensor(weights)
        # Read at each call, since on JAX a prediction in between moves the weights.
        state = (
            [variable.value for variable in each] for each in (model.trainable_variables, model.non_trainable_variables)
        )
        features, slopes = compute(*state, batch, factors)
        if slopes is None:
            raise ValueError(
                f"Expected a layer on whose output the score depends smoothly. Received layer={tap.path!r}, of which "
                "it has no gradient. Pass a layer between the image and the scores."
            )
        return _as_float32(features), _as_float32(slopes)

    return gradient


def _as_float32(tensor: Any) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))  # NumPy lacks bfloat16


def _of_tensorflow(call: Callable[..., Any], tap: Tap) -> Callable[..., Any]:
    import tensorflow as tf

    def compute(weights: Any, state: Any, batch: Any, factors: Any) -> tuple[Any, Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def watched(output: Any) -> Any:
                tape.watch(output)
                return output

            tap.start(watched)
            score = tf.reduce_sum(tf.cast(call(weights, state, batch), "float32") * factors)
        features = tap.output()
        return features, tape.gradient(score, features)

    return compute


def _of_jax(call: Callable[..., Any], tap: Tap) -> Callable[..., Any]:
    import jax

    def score(change: Any, weights: Any, state: Any, batch: Any, factors: Any) -> tuple[Any, Any]:
        tap.start(lambda output: output + change)
        outputs = call(weights, state, batch)
        return (outputs.astype("float32") * factors).sum(), tap.output()

    def compute(weights: Any, state: Any, batch: Any, factors: Any) -> tuple[Any, Any]:
        _, features = jax.eval_shape(score, 0, weights, state, batch, factors)
        # The gradient of an output is that of a change added to it.
        change = jax.numpy.zeros(features.shape, features.dtype)
        slopes, features = jax.grad(score, has_aux=True)(change, weights, state, batch, factors)
        return features, slopes

    return jax.jit(compute)


def _of_torch(call: Callable[..., Any], tap: Tap) -> Callable[..., Any]:
    import torch

    def compute(weights: Any, state: Any, batch: Any, factors: Any) -> tuple[Any, Any]:
        with torch.enable_grad():
            # Detached from earlier layers: no gradient is needed there, and frozen weights have none.
            tap.start(lambda output: output.detach().requires_grad_(True))
            score = (call(weights, state, batch).float() * factors).sum()
            features = tap.output()
            slopes = torch.autograd.grad(score, features, allow_unused=True)[0] if score.requires_grad else None
        return features.detach(), slopes

    return compute
