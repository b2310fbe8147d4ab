"""Data-parallel training: each batch is divided over all accelerators of the machine, on the JAX backend."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


def count() -> int:
    """Return how many devices a batch is divided over: all that JAX has; 1 on another backend."""
    return len(keras.distribution.list_devices()) if keras.backend.backend() == "jax" else 1


@contextmanager
def every_device(batch_size: int) -> Iterator[None]:
    """Build and train models on all devices inside: losses, gradients and statistics are those of the whole batch.

    Raises:
        ValueError: If the devices cannot divide a batch equally.
    """
    devices = count()
    if devices == 1:
        yield
        return
    if batch_size % devices:
        raise ValueError(
            f"Expected batches that {devices} devices can divide equally. Received --batch-size {batch_size}. Pass "
            f"--batch-size {batch_size + devices - batch_size % devices}."
        )
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=keras.distribution.list_devices(), auto_shard_dataset=False)
    )
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def divisible(validation: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return images and targets without the last ones that the devices cannot divide equally: fewer than devices.

    For the scores after each epoch, which are looked at and decide nothing.
    """
    images, targets = validation
    whole = len(images) - len(images) % count()
    return images[:whole], targets[:whole]
