"""One model of a cascade: images resized to its input size, in batches of few shapes, and its maps resized back."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from keras import ops

from resunet_kit.inference._image_checks import check_outputs
from resunet_kit.inference._predictor import Predictor


class SizedImage(NamedTuple):
    """An image `(height, width, channels)`, which may be resized, and its original height and width."""

    pixels: np.ndarray
    size: tuple[int, ...]


class Stage:
    """A model that predicts images of several sizes in batches.

    Args:
        name: "classifier" or "segmenter", for messages.
        model: A model of one image input and one output.
        batch_size: Number of images in a full batch.
    """

    def __init__(self, name: str, model: Predictor, batch_size: int) -> None:
        self.name = name
        self.model = model
        self.batch_size = batch_size

    def input_shape(self, image: SizedImage) -> tuple[int, ...]:
        """Return the shape in which the model gets an image: the image's own size where the model's is variable."""
        fixed = self.model.input_shape[1:3]
        size = [own if side is None else side for side, own in zip(fixed, image.size, strict=True)]
        return (*size, image.pixels.shape[-1])

    def prepare(self, images: Sequence[SizedImage]) -> np.ndarray:
        """Return images of one `input_shape` as a float32 batch."""
        size = self.input_shape(images[0])[:2]
        pixels = [image.pixels for image in images]
        if len({image.shape for image in pixels}) == 1:
            return resize(np.asarray(np.stack(pixels), "float32"), size)
        return np.concatenate([resize(np.asarray(image[None], "float32"), size) for image in pixels])

    def predict(self, batch: np.ndarray, indices: Sequence[int]) -> np.ndarray:
        """Return the model's float32 probabilities of a batch.

        Args:
            batch: `(n, height, width, channels)`, from `prepare`.
            indices: The position of each image, for messages.

        Raises:
            ValueError: If an output is NaN or not a probability.
        """
        outputs = self.model.predict_on_batch(filled_up(batch, self.batch_size))
        outputs = np.asarray(outputs, "float32")[: len(batch)]
        check_outputs(self.name, outputs, indices)
        return outputs

    def maps(self, batch: np.ndarray, images: Sequence[SizedImage], indices: Sequence[int]) -> list[np.ndarray]:
        """Return the output map of each image of a batch, resized to the original size of the image."""
        outputs = self.predict(batch, indices)
        if len({image.size for image in images}) == 1:
            return list(resize(outputs, images[0].size))
        return [resize(output[None], image.size)[0] for output, image in zip(outputs, images, strict=True)]


def filled_up(batch: np.ndarray, batch_size: int) -> np.ndarray:
    """Return a batch with its last image repeated up to the next of the sizes 1, 2, 3, 4, 6, 8, 12, 16, ...

    Backends and engines compile a model for each shape, so there should be few of them.
    """
    count = len(batch)
    step = 1 << max(count.bit_length() - 2, 0)
    wanted = min(-(-count // step) * step, batch_size)
    return batch if wanted <= count else np.concatenate([batch, np.repeat(batch[-1:], wanted - count, axis=0)])


def resize(batch: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return images or maps `(n, height, width, channels)` at another height and width, by bilinear interpolation."""
    if batch.shape[1:3] == tuple(size):
        return batch
    # Antialiased, so that shrinking averages pixels instead of skipping them.
    resized = ops.image.resize(batch, size, interpolation="bilinear", antialias=True, data_format="channels_last")
    return ops.convert_to_numpy(resized)
