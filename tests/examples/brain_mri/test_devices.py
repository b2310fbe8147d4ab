import json
import os
import subprocess
import sys

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
    history = model.fit(images[:24], labels[:24], batch_size=batch_size, epochs=3, shuffle=False, verbose=0,
                        validation_data=divisible((images, labels)), validation_batch_size=batch_size).history
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


@pytest.mark.slow
def test_several_devices_train_as_one(tmp_path):
    pytest.importorskip("jax")
    one, three = (json.loads(fit(count, 6, tmp_path / f"{count}.keras").stdout) for count in (1, 3))
    assert not one["divided"]
    assert not three["divided"]  # any more
    for name in ("loss", "auc"):
        values = one["history"][name]
        np.testing.assert_allclose(three["history"][name], values, rtol=1e-4)
    np.testing.assert_allclose(three["predicted"], one["predicted"], atol=1e-4)


@pytest.mark.slow
def test_a_batch_that_the_devices_cannot_divide_is_refused(tmp_path):
    pytest.importorskip("jax")
    ended = fit(4, 6, tmp_path / "model.keras")
    assert ended.returncode != 0
    assert (
        "Expected batches that 4 devices can divide equally. Received --batch-size 6. Pass --batch-size 8."
        in ended.stderr
    )


def test_on_one_device_nothing_is_left_out():
    images, targets = np.zeros((5, 2, 2, 3)), np.zeros((5, 1))
    assert [len(of) for of in devices.divisible((images, targets))] == [5, 5]
