"""Running a model over many images, batch by batch, at the size it was built for."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops


def predict_resized(model: keras.Model, images: np.ndarray, *, batch_size: int, restore: bool, verbose: int) -> Any:
    """Return the model's outputs for `images`, resized to the sides it was built for where those are others.

    Args:
        model: A model of one image input and one output.
        images: `(n, height, width, channels)`.
        batch_size: Images a step.
        restore: Whether outputs are maps to resize back to the images' sides.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        A float32 array of `n` outputs.
    """
    batches = list(_spans(len(images), batch_size))
    bar = keras.utils.Progbar(len(batches), unit_name="batch", verbose=verbose)
    outputs = []
    for start, stop in batches:
        batch = np.asarray(images[start:stop], "float32")
        output = model.predict_on_batch(_resize(batch, _sides(model, batch)))
        outputs.append(_resize(output, batch.shape[1:3]) if restore else output)
        bar.add(1)
    return np.concatenate(outputs).astype("float32", copy=False)


def _spans(count: int, size: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, size):
        yield start, min(start + size, count)


def _sides(model: keras.Model, batch: np.ndarray) -> tuple[int, ...]:
    """Return the sides the model wants; where it takes any, those of the batch."""
    wanted = model.input_shape[1:3]
    return tuple(have if want is None else want for want, have in zip(wanted, batch.shape[1:3], strict=True))


def _resize(batch: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    if batch.shape[1:3] == tuple(sides):
        return batch
    # Antialiased, so that shrinking averages pixels instead of skipping them.
    resized = ops.image.resize(batch, sides, interpolation="bilinear", antialias=True, data_format="channels_last")
    return ops.convert_to_numpy(resized)
