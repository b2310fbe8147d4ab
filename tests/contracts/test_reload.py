"""A saved model loads in a process that cannot import this package, and says the same."""

import keras
import numpy as np
import pytest

from tests.contracts.descriptors import ALL_BUT_LARGEST, first_of_each_name, images, randomise
from tests.contracts.new_process import fault, reload_all, save

# What a file holds does not depend on the backend: TensorFlow reloads every instance, the others one of each name.
RELOADED = ALL_BUT_LARGEST if keras.backend.backend() == "tensorflow" else first_of_each_name(ALL_BUT_LARGEST)


def save_planted(folder):
    """Save a layer that only this process knows, and a model whose results are not what is expected of it."""

    @keras.saving.register_keras_serializable("resunet_kit_test")
    class Ours(keras.layers.Layer):
        def call(self, x):
            return x

    inputs, zeros = keras.Input((4, 4, 1)), np.zeros((1, 4, 4, 1), "float32")
    save(folder, "unknown", keras.Model(inputs, Ours()(inputs)), zeros)
    expected = save(folder, "other", keras.Model(inputs, keras.layers.ReLU()(inputs)), zeros)
    return {"output0": expected["output0"] + 1}


@pytest.mark.slow
def test_models_reload_where_the_package_does_not_exist(tmp_path):
    expected, descriptors = {}, {}
    for i, descriptor in enumerate(RELOADED):
        rank = descriptor.ranks[i % len(descriptor.ranks)]
        model = randomise(descriptor.build(descriptor.shape(rank, static=i % 3 > 0)))
        name = f"model{i:03d}"
        descriptors[name] = descriptor
        expected[name] = save(tmp_path, name, model, images(descriptor.shape(rank), batch=1))

    wrong = save_planted(tmp_path)
    reload_all(tmp_path, package=False)
    assert "Ours" in fault(tmp_path, "unknown", {}), "a layer of our own should not reload there"
    assert fault(tmp_path, "other", wrong) == "output0 differs by 1.0"
    assert fault(tmp_path, "other", {}) == "gives ['output0'] instead of []"

    found = {name: fault(tmp_path, name, expected[name]) for name in expected}
    assert not any(found.values()), "\n".join(f"{descriptors[name]}: {text}" for name, text in found.items() if text)
