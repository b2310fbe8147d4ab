"""Evaluation of a reloaded compiled model in a new process, on one and on two virtual devices.

Run as `python new_metrics.py FOLDER BATCH_SIZE`.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

# JAX reads this when it is first imported, as TensorFlow's devices are fixed when they are first used.
if __name__ == "__main__":  # not where pytest imports it to look for doctests
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"

import keras
import numpy as np

import resunet_kit.metrics  # noqa: F401  # where Keras is loaded, the import registers the metrics


def two_devices() -> tuple[int, contextlib.AbstractContextManager[object]]:
    """Return the number of devices that split a batch, and the scope in which a model is built for them."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        return strategy.num_replicas_in_sync, strategy.scope()
    devices = keras.distribution.list_devices()
    return len(devices), keras.distribution.DataParallel(devices=devices).scope()


def prepare_devices() -> None:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        [cpu] = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def main(folder: str, batch_size: str) -> None:
    prepare_devices()
    data = dict(np.load(Path(folder, "data.npz")))
    inputs = data.pop("inputs")

    def evaluate() -> dict[str, float]:
        model = keras.models.load_model(Path(folder, "model.keras"))
        return model.evaluate(inputs, data, batch_size=int(batch_size), verbose=0, return_dict=True)

    found: dict[str, object] = {"plain": evaluate()}
    if keras.backend.backend() != "torch":
        found["devices"], scope = two_devices()
        with scope:
            found["distributed"] = evaluate()
    Path(folder, "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
