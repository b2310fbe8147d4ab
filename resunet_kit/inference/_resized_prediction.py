"""Prediction in batches, with images resized to the input shape of the model and output maps resized back."""

from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit._shared.numbers import integer


def predict_resized(model: keras.Model, images: np.ndarray, *, batch_size: int, restore: bool, verbose: int) -> Any:
    """Return the model's outputs for `images`, resized to its input shape where that is fixed.

    Args:
        model: A model of one image input and one output.
        images: `(n, height, width, channels)`.
        batch_size: Images per step.
        restore: Whether outputs are maps to resize back to the images' height and width.
        verbose: 0 for silence, 1 for a progress bar.

    Returns:
        A float32 array of `n` outputs.

    Raises:
        TypeError: If `batch_size` is not an integer.
        ValueError: If `batch_size` is less than 1.
    """
    starts = range(0, len(images), integer("batch_size", batch_size, "[1, inf)"))
    bar = keras.utils.Progbar(len(starts), unit_name="batch", verbose=verbose)
    outputs = []
    for start in starts:
        batch = np.asarray(images[start : start + batch_size], "float32")
        output = model.predict_on_batch(_resize(batch, _input_size(model, batch)))
        outputs.append(_resize(output, batch.shape[1:3]) if restore else output)
        bar.add(1)
    return np.concatenate(outputs).astype("float32", copy=False)


def _input_size(model: keras.Model, batch: np.ndarray) -> tuple[int, ...]:
    """Return the model's input height and width, those of the batch where the model leaves them open."""
    fixed = model.input_shape[1:3]
    return tuple(own if size is None else size for size, own in zip(fixed, batch.shape[1:3], strict=True))


def _resize(batch: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    if batch.shape[1:3] == tuple(size):
        return batch
    # Antialiased, so that shrinking averages pixels instead of skipping them.
    resized = ops.image.resize(batch, size, interpolation="bilinear", antialias=True, data_format="channels_last")
    return ops.convert_to_numpy(resized)
