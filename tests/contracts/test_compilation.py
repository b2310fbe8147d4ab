"""XLA changes nothing but speed: with it a model gives and learns what the same model gives and learns without."""

import keras
import numpy as np
import pytest

from resunet_kit import losses
from tests.contracts.descriptors import BUILDERS, first_of_each_name, images, label, randomise

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch has no XLA"),
]

# The first light instance of each builder.
FIRST = first_of_each_name([descriptor for descriptor in BUILDERS if not descriptor.heavy])


def difference(plain, other):
    """Return the largest difference of two lists of arrays, of the largest size in the first."""
    size = max(np.max(np.abs(array)) for array in plain)
    return max(np.max(np.abs(a - b)) for a, b in zip(plain, other, strict=True)) / size


def predicted(model, inputs, *, xla):
    model.compile(jit_compile=xla)
    return keras.tree.flatten(model.predict_on_batch(inputs))


@pytest.mark.parametrize("descriptor", FIRST, ids=label)
def test_xla_predicts_the_same(descriptor):
    shape = descriptor.shape(descriptor.ranks[0])
    model, inputs = randomise(descriptor.build(shape)), images(shape)
    plain = predicted(model, inputs, xla=False)
    assert difference(plain, predicted(model, inputs, xla=True)) < 1e-4


def trained(model, weights, inputs, target, *, xla):
    """Return the loss of one step and the weights after it."""
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.1), losses.FocalTversky(), jit_compile=xla)
    return [np.asarray(model.train_on_batch(inputs, target)), *model.get_weights()]


def test_xla_learns_the_same():
    [descriptor] = [found for found in BUILDERS if str(found) == "res_unet-pointwise, pooled"]  # a small one
    shape = descriptor.shape(descriptor.ranks[0])
    model, inputs = randomise(descriptor.build(shape)), images(shape)
    weights, target = model.get_weights(), np.float32(inputs[..., :1] > 0)
    plain = trained(model, weights, inputs, target, xla=False)
    compiled = trained(model, weights, inputs, target, xla=True)
    assert difference(weights, plain[1:]) > 1e-4
    assert difference(plain, compiled) < 1e-4


def test_what_xla_changes_is_noticed():
    assert difference([np.array([2.0, 0.0]), np.array([1.0])], [np.array([2.0, 0.5]), np.array([1.0])]) == 0.25
    assert np.isnan(difference([np.array([1.0])], [np.array([np.nan])]))
