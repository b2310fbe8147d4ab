"""Every weight gets a gradient, in inference mode, where batch normalisation cancels no bias before it."""

import keras
import numpy as np
import pytest

from resunet_kit import blocks
from tests.contracts.descriptors import ALL_BUT_LARGEST, images, label, randomise, rank_cases

SMALLEST = 1e-6  # of the largest gradient in the model


def objective(outputs):
    """Return the sum of all outputs with random factors, since the plain sum of a softmax is constant."""
    generator, total = np.random.default_rng(1), 0.0
    for output in keras.tree.flatten(outputs):
        factors = keras.ops.convert_to_tensor(generator.normal(size=output.shape), "float32")
        total += keras.ops.sum(keras.ops.cast(output, "float32") * factors)
    return total


def tensorflow_gradients(model, inputs):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = objective(model(inputs, training=False))
    return tape.gradient(value, [weight.value for weight in model.trainable_weights])


def jax_gradients(model, inputs):
    import jax

    def value(trainable, others):
        outputs, _ = model.stateless_call(trainable, others, inputs, training=False)
        return objective(outputs)

    values = [
        [weight.value for weight in group] for group in (model.trainable_variables, model.non_trainable_variables)
    ]
    return jax.jit(jax.grad(value))(*values)


def torch_gradients(model, inputs):
    import torch

    weights = [weight.value for weight in model.trainable_weights]
    return torch.autograd.grad(objective(model(inputs, training=False)), weights, allow_unused=True)


def gradients(model: keras.Model, inputs: np.ndarray) -> dict[str, np.ndarray]:
    if not model.trainable_weights:
        return {}
    of_backend = {"tensorflow": tensorflow_gradients, "jax": jax_gradients, "torch": torch_gradients}
    values = of_backend[keras.backend.backend()](model, inputs)
    return {
        weight.path: np.zeros(weight.shape) if value is None else keras.ops.convert_to_numpy(value)
        for weight, value in zip(model.trainable_weights, values, strict=True)
    }


def faults(found: dict[str, np.ndarray], excused: dict[str, str]) -> list[str]:
    """Name the weights whose gradient is not finite, too small, or excused without need."""
    largest = {path: float(np.max(np.abs(gradient))) for path, gradient in found.items()}
    finite = [size for size in largest.values() if np.isfinite(size)]
    limit = SMALLEST * max(finite, default=0.0)
    dead = {path for path, size in largest.items() if not np.isfinite(size) or size <= limit}
    # Each excuse must match a dead weight, so that none outlives its reason.
    stale = [part for part in excused if not any(part in path for path in dead)]
    unexcused = [path for path in dead if not any(part in path for part in excused)]
    return [
        *(f"{path}: gradient of size {largest[path]:.3g}" for path in sorted(unexcused)),
        *(f"{part}: excused although it has a gradient" for part in stale),
    ]


@pytest.mark.parametrize(("descriptor", "rank"), rank_cases(ALL_BUT_LARGEST), ids=label)
def test_every_weight_gets_a_gradient(descriptor, rank):
    shape = descriptor.shape(rank)
    model = randomise(descriptor.build(shape))
    for layer in model.layers:
        layer.trainable = True
    found = gradients(model, images(shape))
    assert faults(found, dict(descriptor.no_gradient)) == []


def test_a_dead_weight_is_named():
    inputs = keras.Input((8, 8, 1))
    alive = blocks.conv_block(inputs, 2, name="alive")
    dead = keras.layers.Rescaling(0.0)(blocks.conv_block(inputs, 2, name="dead"))
    found = gradients(keras.Model(inputs, alive + dead), images((8, 8, 1)))
    assert {fault.split("/")[0] for fault in faults(found, {})} == {"dead_conv", "dead_norm"}


def test_a_gradient_that_is_not_finite_is_named_and_an_excuse_without_need_too():
    found = {"good": np.array([1.0]), "bad": np.array([np.nan])}
    assert faults(found, {}) == ["bad: gradient of size nan"]
    assert faults(found, {"bad": "", "good": ""}) == ["good: excused although it has a gradient"]
