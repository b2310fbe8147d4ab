import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from examples.brain_mri import devices

FIT = """
import json, sys
import keras
import numpy as np
from examples.brain_mri.devices import divisible, every_device

batch_size = int(sys.argv[1])
random = np.random.default_rng(0)
images = random.random((28, 8, 8, 3), "float32")
labels = (images.mean((1, 2, 3)) > 0.5).astype("float32")[:, None]
keras.utils.set_random_seed(0)
with every_device(batch_size):
    model = keras.Sequential([
        keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(),
        keras.layers.Flatten(), keras.layers.Dense(1),
    ])
    loss, auc = keras.losses.BinaryCrossentropy(from_logits=True), keras.metrics.AUC(from_logits=True, name="auc")
    model.compile("sgd", loss, metrics=[auc])
    validation = {"validation_data": divisible((images, labels), batch_size), "validation_batch_size": batch_size}
    options = {"batch_size": batch_size, "epochs": 3, "shuffle": False, "verbose": 0, **validation}
    history = model.fit(images[:24], labels[:24], **options).history
    model.save(sys.argv[2])
predicted = keras.models.load_model(sys.argv[2]).predict(images, batch_size=16, verbose=0)
divided = keras.distribution.distribution() is not None
print(json.dumps({"history": history, "predicted": predicted.tolist(), "divided": divided}))
"""


def fit(count, batch_size, path):
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
    return subprocess.run(
        [sys.executable, "-c", FIT, str(batch_size), str(path)],
        env={**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """Return what one device gives."""
    *_, found = fit(1, 6, tmp_path_factory.mktemp("one") / "one.keras").stdout.splitlines()
    return json.loads(found)


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the same processes, of JAX, on every backend")
@pytest.mark.parametrize(("count", "used"), [(3, 3), (4, 3)])
def test_several_devices_train_as_one(one, tmp_path, count, used):
    said, together = fit(count, 6, tmp_path / "several.keras").stdout.splitlines()
    several = json.loads(together)
    assert said == f"each batch of 6 is divided over {used} of {count} devices"
    assert not one["divided"]
    assert not several["divided"]  # any more
    for name in ("loss", "auc"):
        values = one["history"][name]
        np.testing.assert_allclose(several["history"][name], values, rtol=1e-4)
    np.testing.assert_allclose(several["predicted"], one["predicted"], atol=1e-4)


@pytest.mark.parametrize(("count", "batch_size", "left"), [(1, 4, 5), (2, 4, 4), (2, 3, 5), (4, 4, 4), (5, 10, 5)])
def test_what_the_devices_cannot_divide_is_left_out(monkeypatch, count, batch_size, left):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: [f"cpu:{index}" for index in range(count)])
    images, targets = np.zeros((5, 2, 2, 3)), np.zeros((5, 1))
    assert [len(of) for of in devices.divisible((images, targets), batch_size)] == [left, left]


def test_on_another_backend_nothing_is_left_out(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0", "gpu:1"])
    assert devices.shared_by(4) == 1
