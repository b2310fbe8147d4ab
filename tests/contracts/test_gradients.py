"""Every weight learns: in inference mode, where batch normalisation does not cancel what stands before it."""

import keras
import numpy as np
import pytest

from resunet_kit import blocks, models
from tests.contracts.descriptors import CASES, images, label, randomise

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the check reads gradients from TensorFlow's tape"
)

SMALLEST = 1e-6  # of the largest gradient in the model


def gradients(model: keras.Model, inputs: np.ndarray) -> dict[str, np.ndarray]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = keras.ops.cast(model(inputs, training=False), "float32")
        # Random cotangents: a plain sum of a softmax is constant.
        cotangents = np.random.default_rng(1).normal(size=outputs.shape).astype("float32")
        objective = keras.ops.sum(outputs * cotangents)
    weights = model.trainable_weights
    values = tape.gradient(objective, [weight.value for weight in weights])
    return {
        weight.path: np.zeros(weight.shape) if value is None else np.asarray(value)
        for weight, value in zip(weights, values, strict=True)
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
        *(f"{part}: excused although it learns" for part in stale),
    ]


@pytest.mark.parametrize(("descriptor", "rank"), CASES, ids=label)
def test_every_weight_gets_a_gradient(descriptor, rank):
    shape = descriptor.shape(rank)
    model = randomise(descriptor.build(shape))
    for layer in model.layers:
        layer.trainable = True
    found = gradients(model, images(shape))
    assert faults(found, dict(descriptor.no_gradient)) == []


def test_resnet_learns_from_end_to_end_and_rounds_sides_up():
    model = models.resnet(18, (61, 37, 3))
    assert model.output_shape == (None, 2, 2, 512)
    assert faults(gradients(model, images((61, 37, 3))), {}) == []


def test_a_dead_weight_is_named():
    inputs = keras.Input((8, 8, 1))
    alive = blocks.conv_block(inputs, 2, name="alive")
    dead = keras.layers.Rescaling(0.0)(blocks.conv_block(inputs, 2, name="dead"))
    found = gradients(keras.Model(inputs, alive + dead), images((8, 8, 1)))
    assert {fault.split("/")[0] for fault in faults(found, {})} == {"dead_conv", "dead_norm"}


def test_a_gradient_that_is_not_finite_is_named_and_an_excuse_without_need_too():
    found = {"good": np.array([1.0]), "bad": np.array([np.nan])}
    assert faults(found, {}) == ["bad: gradient of size nan"]
    assert faults(found, {"bad": "", "good": ""}) == ["good: excused although it learns"]
