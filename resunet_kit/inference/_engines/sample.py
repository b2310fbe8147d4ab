"""Images to measure with: the user's, or random ones of the model's shape and range."""

from typing import Any

import keras
import numpy as np

from resunet_kit.inference._value_range import takes_raw_intensities

VARIABLE_SIZE = {4: 256, 5: 64}  # pixels along an axis that the model leaves open, by the rank of its input
DEFAULT_SIZE = 64
OTHERS = "cOSUMm"  # kinds of dtypes: complex, objects, bytes, strings, times
MAX_IMAGES = 64


def random_images(model: keras.Model, count: int) -> np.ndarray:
    """Return `count` images, the same at each call: uniform in [0, 1], or in [0, 255] for models that rescale them.

    Example:
        >>> random_images(keras.Sequential([keras.Input((None, None, 3)), keras.layers.ReLU()]), 2).shape
        (2, 256, 256, 3)
    """
    [inputs] = model.inputs
    size = VARIABLE_SIZE.get(len(inputs.shape), DEFAULT_SIZE)
    shape = tuple(size if length is None else length for length in inputs.shape[1:])
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    scale = 255.0 if takes_raw_intensities(model) else 1.0
    images = np.random.default_rng(0).random((min(count, MAX_IMAGES), *shape), "float32") * scale
    return images.astype(dtype if dtype != "bfloat16" else "float32")


def checked_images(name: str, images: Any, model: keras.Model) -> np.ndarray:
    """Return the images passed for an option, after checking that they fit the model's input.

    Raises:
        TypeError: If they are not an array of real numbers.
        ValueError: If their shape is not the model's, or there are none.
    """
    array = np.asarray(images)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"Expected {name} to be an array of numbers. Received {type(images).__name__} of dtype "
                        f"{array.dtype}. Stack them with numpy.stack.")  # fmt: skip
    return check_shape(name, array, model.inputs[0].shape)


def check_shape(name: str, images: Any, shape: tuple[int | None, ...]) -> Any:
    """Return images whose shape is that of the input, with the axis of a single channel added where it is absent.

    Raises:
        TypeError: If they are complex numbers, strings or objects, which NumPy would convert somehow, or fail on.
        ValueError: If the shape is different, or there are no images.
    """
    if getattr(images.dtype, "kind", "f") in OTHERS:
        raise TypeError(
            f"Expected {name} of real numbers. Received dtype {images.dtype}. Convert them, as with numpy.abs or "
            'astype("float32").'
        )
    if len(images.shape) == len(shape) - 1 and shape[-1] == 1:
        images = images[..., None]
    fits = len(images.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(images.shape[1:], shape[1:], strict=True)
    )
    if not fits or 0 in images.shape:
        wanted = ", ".join(["n", *("any" if size is None else str(size) for size in shape[1:])])
        raise ValueError(
            f"Expected {name} of shape ({wanted}), at least one image. Received shape {tuple(images.shape)}. Resize "
            "them, or add the axis of the batch: image[None]."
        )
    return images
