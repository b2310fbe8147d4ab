"""Check of whether a model's weights are still those that an engine was created from."""

import time
import warnings

import keras
import numpy as np

# How many weights to compare, and of what size: training changes them all.
MAX_WEIGHTS, MAX_SIZE = 8, 4096
SECONDS = 1.0


class Snapshot:
    """Copy of some small weights of a model, from its first layer to its last.

    Args:
        model: A built model.
    """

    def __init__(self, model: keras.Model) -> None:
        small = [weight for weight in model.weights if 0 < int(np.prod(weight.shape)) <= MAX_SIZE]
        spread = np.linspace(0, max(0, len(small) - 1), MAX_WEIGHTS).round().astype(int)
        self.weights = [small[index] for index in np.unique(spread) if small]
        self.values = self._read()
        self.name, self.next = model.name, 0.0

    def warn_if_changed(self) -> None:
        """Warn once if the weights have changed. They are read at most once a second, since reading takes a while."""
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + SECONDS
        values = self._read()
        if all(np.array_equal(old, new, equal_nan=True) for old, new in zip(self.values, values, strict=True)):
            return
        self.values = values
        warnings.warn(
            f"Expected the weights that {self.name!r} had when it was accelerated. Received a model that was trained "
            "or loaded since, while the outputs are those of the earlier weights. Call accelerate again.",
            stacklevel=3,
        )

    def _read(self) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(keras.ops.cast(weight, "float32"))) for weight in self.weights]
