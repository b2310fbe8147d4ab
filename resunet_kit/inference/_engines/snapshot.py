"""Whether a model's weights are still those that an engine was made from."""

import warnings

import keras
import numpy as np

MAX_WEIGHTS, MAX_SIZE = (
    8,
    4096,
)  # weights to look at, and their size: training changes them all, and these are read in no time


class Snapshot:
    """Some small weights of a model, from its first layer to its last, as they were.

    Args:
        model: A built model.
    """

    def __init__(self, model: keras.Model) -> None:
        small = [weight for weight in model.weights if 0 < int(np.prod(weight.shape)) <= MAX_SIZE]
        chosen = np.unique(np.linspace(0, len(small) - 1, MAX_WEIGHTS).round().astype(int)) if small else []
        self.weights = [small[index] for index in chosen]
        self.values = self._read()
        self.name = model.name

    def warn_if_changed(self) -> None:
        """Warn, once, where weights are other ones by now."""
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
