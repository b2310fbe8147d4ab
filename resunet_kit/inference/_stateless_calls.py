"""Calls of a model as a function of its state, which leave the model itself unchanged, on every backend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

State = list[Any]


def seed_states(model: keras.Model, seed: int | None) -> State:
    """Return the non-trainable variables of a model, with the state of its random layers drawn from `seed`.

    Args:
        model: A built model.
        seed: Seed of the random numbers; None for different ones with each call.
    """
    variables = model.non_trainable_variables
    # 31 bits fit the integers of every backend.
    numbers = iter(np.random.SeedSequence(seed).generate_state(len(variables)) >> 1)
    return [
        ops.convert_to_tensor(np.array([next(numbers), 0]), dtype=variable.dtype)
        if is_seed(variable)
        else variable.value
        for variable in variables
    ]


def advanced(model: keras.Model, state: State, new: State) -> State:
    """Return `state` with the random layers' part of `new`; moving statistics and everything else stay."""
    chosen = zip(model.non_trainable_variables, state, new, strict=True)
    return [after if is_seed(variable) else before for variable, before, after in chosen]


def is_seed(variable: Any) -> bool:
    """Return whether a variable is the state of a `keras.random.SeedGenerator`."""
    return str(variable.name) == "seed_generator_state"


def stateless_call(model: keras.Model) -> Callable[[State, Any], tuple[Any, State]]:
    """Return a function from the non-trainable state and a batch to the outputs, in inference mode, and the new state.

    The function is compiled by TensorFlow or JAX unless the model runs eagerly. Where a layer's function is
    replaced, it must be replaced at each call.
    """
    trainable = [variable.value for variable in model.trainable_variables]

    def call(weights: State, state: State, batch: Any) -> Any:
        return model.stateless_call(weights, state, batch, training=False)

    compiled = call if getattr(model, "run_eagerly", False) else _compiled(call)
    return lambda state, batch: compiled(trainable, state, ops.convert_to_tensor(batch))


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, reduce_retracing=True)
    if backend == "jax":
        import jax

        return jax.jit(function)
    return function


@contextmanager
def inference_scope(seed: int | None) -> Iterator[None]:
    """On PyTorch, compute without gradients, and draw dropout from `seed`; its generator is restored afterwards."""
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    # Keras leaves dropout without a seed to PyTorch's generator, which its seed generators do not know.
    with torch.no_grad(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        if seed is not None:
            torch.manual_seed(seed)
        else:
            torch.seed()
        yield
