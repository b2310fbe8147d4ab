"""Images for one model as a single array, with the checks of a cascade's images."""

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from resunet_kit._shared.numbers import integer
from resunet_kit.inference._image_checks import check_image
from resunet_kit.inference._image_source import as_array, image_source, is_array

FORMS = {4: "(n, height, width, channels)", 5: "(n, depth, height, width, channels)"}


def image_array(model: Any, images: Any, *, spatial: bool = True) -> np.ndarray:
    """Return images as one float32 array of the model's input shape.

    Args:
        model: A predictor; its `input_shape` gives the rank, the channels, and the size if that is fixed.
        images: An array `(n, height, width, channels)` or `(n, depth, height, width, channels)`, a list of such images
            of one size, or for a 2-D model also a generator or dataset.
        spatial: Whether the model must take images or volumes, rather than samples of any rank.

    Raises:
        TypeError: If the images are not numbers.
        ValueError: If there are none, an image is of another rank, size or number of channels, or holds NaN.
    """
    expected = model.input_shape
    if spatial and len(expected) not in FORMS:
        raise ValueError(
            f"Expected a model of images {FORMS[4]} or volumes {FORMS[5]}. Received input shape {expected}. Pass a "
            "model with spatial axes."
        )
    array = _joined(images, expected)
    _check_shape(array, expected)
    for index, image in enumerate(array):
        check_image(image, index, None, raw=False)
    return np.asarray(array, "float32")


def batches(count: int, *, batch_size: int, verbose: int) -> Iterator[slice]:
    """Yield the positions of each batch of `count` images, while a progress bar counts the images.

    Args:
        count: Number of images.
        batch_size: Images per batch.
        verbose: 0 for silence, 1 for a progress bar.

    Raises:
        TypeError: If an option is not an integer.
        ValueError: If an option is out of range.
    """
    size = integer("batch_size", batch_size, "[1, inf)")
    bar = keras.utils.Progbar(count, unit_name="image", verbose=integer("verbose", verbose, "[0, 2]"))
    for start in range(0, count, size):
        stop = min(start + size, count)
        yield slice(start, stop)
        bar.update(stop, finalize=stop == count)


def _joined(images: Any, expected: tuple[int | None, ...]) -> np.ndarray:
    if is_array(images):
        array = as_array(images)
        if array.dtype != object:
            return array
    each = _each(images, expected)
    shapes = sorted({image.shape for image in each})
    if len(shapes) > 1:
        raise ValueError(
            f"Expected images of one size. Received images of shapes {', '.join(map(str, shapes))}. Call this once for "
            "each size, or resize the images."
        )
    return np.stack(each) if each else np.zeros((0, *[size or 1 for size in expected[1:]]), "float32")


def _each(images: Any, expected: tuple[int | None, ...]) -> list[np.ndarray]:
    if len(expected) == 4 or isinstance(images, str | bytes) or not isinstance(images, Iterable):
        return list(image_source(images, expected[-1])[0])
    return [as_array(image) for image in images]


def _check_shape(array: np.ndarray, expected: tuple[int | None, ...]) -> None:
    form = f"(n, {', '.join('any' if size is None else str(size) for size in expected[1:])})"
    message = f"Expected images of shape {form}, which the model takes. Received shape {array.shape}."
    if array.ndim != len(expected):
        if array.ndim == len(expected) - 1 and array.shape[-1] == expected[-1]:
            raise ValueError(f"{message} Add the batch axis of a single image: image[None].")
        raise ValueError(f"{message} Add the missing axes, as images[..., None] does for the channels of gray images.")
    if expected[-1] not in (None, array.shape[-1]):
        raise ValueError(f"{message} Select or convert the channels, which are on the last axis.")
    if any(size not in (None, own) for size, own in zip(expected[1:], array.shape[1:], strict=True)):
        raise ValueError(
            f"{message} Resize the images as in training, or build the model for a variable size, as with "
            f"input_shape={(*[None] * (len(expected) - 2), expected[-1])}."
        )
    if len(array) == 0:
        raise ValueError(f"Expected at least one image. Received shape {array.shape}. Check the selection of images.")
