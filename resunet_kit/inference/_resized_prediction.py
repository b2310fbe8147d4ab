"""Prediction of one batch, with images resized to the input shape of the model and output maps resized back."""

from typing import Any

import keras
import numpy as np
from keras import ops

from resunet_kit.inference._image_checks import check_outputs


def predict_batch(stage: str, model: keras.Model, batch: np.ndarray, indices: Any, *, restore: bool) -> np.ndarray:
    """Return the model's outputs for images of one size, resized to its input shape where that is fixed.

    Args:
        stage: "classifier" or "segmenter", for messages.
        model: A model of one image input and one output.
        batch: `(n, height, width, channels)`.
        indices: The position of each image, for messages.
        restore: Whether outputs are maps to resize back to the images' height and width.

    Returns:
        float32 probabilities of `n` images.

    Raises:
        ValueError: If an output is NaN or not a probability.
    """
    images = np.asarray(batch, "float32")
    outputs = np.asarray(model.predict_on_batch(_resize(images, _input_size(model, images))), "float32")
    check_outputs(stage, outputs, indices)
    return _resize(outputs, images.shape[1:3]) if restore else outputs


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
