"""Data-parallel training: each batch is divided over all accelerators of the machine, on the JAX backend."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


def shared_by(batch_size: int) -> int:
    """Return how many devices a batch is divided over: as many as divide it evenly on JAX, 1 on other backends."""
    devices = len(keras.distribution.list_devices()) if keras.backend.backend() == "jax" else 1
    return max(count for count in range(1, devices + 1) if batch_size % count == 0)


@contextmanager
def every_device(batch_size: int) -> Iterator[None]:
    """Build and train models on all devices inside: losses, gradients and statistics are those of the whole batch."""
    count = shared_by(batch_size)
    if count == 1:
        yield
        return
    devices = keras.distribution.list_devices()
    print(f"each batch of {batch_size} is divided over {count} of {len(devices)} devices", flush=True)
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=devices[:count], auto_shard_dataset=False)
    )
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def divisible(validation: tuple[np.ndarray, np.ndarray], batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images and targets without the few last ones that cannot be divided evenly over the devices.

    They are for the scores after each epoch, on which nothing depends.
    """
    images, targets = validation
    whole = len(images) - len(images) % shared_by(batch_size)
    return images[:whole], targets[:whole]
