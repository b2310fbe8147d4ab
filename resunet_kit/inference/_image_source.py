"""Images one by one, from arrays, lists of several sizes, generators and datasets of batches."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from keras import ops

from resunet_kit._shared.mask_checks import check_not_masked

FORMS = "an array (n, height, width, channels), a list of images, or a generator or dataset of images or batches"
INFINITE = -1  # cardinality of a tf.data.Dataset that repeats forever


def image_source(images: Any, channels: int | None) -> tuple[Iterator[np.ndarray], int | None]:
    """Return the images one by one, and how many there are if that is known beforehand.

    Args:
        images: An array `(n, height, width, channels)`; a list or tuple of images `(height, width, channels)`; or an
            iterable of images or of batches, each by itself or as the first entry of a tuple, as `fit` takes them.
        channels: Number of channels that each image must have; None for any number.

    Raises:
        TypeError: If `images` are none of these.
        ValueError: If an image is of another rank or number of channels, or a dataset never ends.
    """
    if is_array(images):
        array = as_array(images)
        if array.dtype != object:
            _check_batch(array, channels)
            return iter(array), len(array)
        images = list(array)  # NumPy's form of images of several sizes
    if not hasattr(type(images), "__iter__") and hasattr(images, "__getitem__") and hasattr(images, "__len__"):
        images = _indexed(images)
    if isinstance(images, (str, bytes, Mapping)) or not hasattr(type(images), "__iter__"):
        raise TypeError(
            f"Expected images as {FORMS}. Received {type(images).__name__}. Read files with "
            "resunet_kit.data.read_image."
        )
    if isinstance(images, (list, tuple)):
        return _checked(_items(images), channels), len(images)
    check_that_it_ends(images)
    return _checked(_unbatched(images), channels), None


def _indexed(dataset: Any) -> Iterator[Any]:
    """Yield the items of an object that has only a length and indices, like PyTorch's datasets."""
    return (dataset[index] for index in range(len(dataset)))


def is_array(value: Any) -> bool:
    """Return whether a value is an array of NumPy, of a backend or of another library."""
    # `__array__`: arrays of other libraries, and files that are read on demand.
    return ops.is_tensor(value) or (hasattr(value, "__array__") and hasattr(value, "shape"))


def as_array(value: Any) -> np.ndarray:
    """Return an array as a NumPy array; bfloat16, which NumPy lacks, becomes float32."""
    check_not_masked(value, "images")
    array = ops.convert_to_numpy(value) if ops.is_tensor(value) else np.asarray(value)
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def _check_batch(array: np.ndarray, channels: int | None) -> None:
    if array.ndim == 4 and channels in (None, array.shape[-1]):
        return
    cure = "Add the batch axis of a single image: image[None]."
    if array.ndim == 3 and array.shape[-1] != channels:
        cure = "Add the batch axis of a single image, image[None], or the channel axis of gray ones, images[..., None]."
    if array.ndim == 4:
        cure = f"Select or convert the channels: the models take {channels}, on the last axis."
    raise ValueError(
        f"Expected images of shape (n, height, width, {channels or 'channels'}). Received shape {array.shape}. {cure}"
    )


def check_that_it_ends(images: Any) -> None:
    """Refuse a dataset that repeats forever.

    Raises:
        ValueError: If it reports that it does.
    """
    cardinality = getattr(images, "cardinality", None)
    batches = getattr(images, "num_batches", 0)  # of a PyDataset: None if it never ends
    if batches is None or (callable(cardinality) and int(cardinality()) == INFINITE):
        raise ValueError(
            f"Expected images that end. Received {type(images).__name__}, which repeats for ever. Take one epoch, as "
            "dataset.take(n) does, or leave out repeat()."
        )


def _items(images: Iterable[Any]) -> Iterator[np.ndarray]:
    """Yield the images of a list, one per entry: a list of batches is mostly images together with their masks."""
    for index, image in enumerate(images):
        array = numeric_image(image, index)
        if array.ndim == 4:
            raise ValueError(
                f"Expected a list of images (height, width, channels). Received an entry of shape {array.shape} for "
                f"image {index}. Pass the array itself, without masks, or join batches: numpy.concatenate(batches)."
            )
        yield array


def _unbatched(batches: Iterable[Any]) -> Iterator[np.ndarray]:
    index = 0
    for element in batches:
        array = numeric_image(_images_of(element, index), index)
        images = array if array.ndim == 4 else array[None]
        index += len(images)
        yield from images


def _images_of(element: Any, index: int) -> Any:
    """Return the images of an element `images`, `(images,)`, `(images, masks)` or `(images, masks, weights)`."""
    if isinstance(element, tuple) and 1 <= len(element) <= 3:
        return element[0]
    if isinstance(element, (list, tuple, Mapping, str, bytes)):
        # PyTorch's DataLoader yields lists; with single images they would be ambiguous.
        if isinstance(element, list) and 1 <= len(element) <= 3 and np.ndim(element[0]) == 4:
            return element[0]
        raise TypeError(
            f"Expected arrays of images, or tuples (images, masks). Received {type(element).__name__} of "
            f"{len(element)} for image {index}. Yield an image or a batch as one array."
        )
    return element


def numeric_image(image: Any, index: int) -> np.ndarray:
    """Return an image or a batch as an array of numbers.

    Raises:
        TypeError: If it is not one.
    """
    try:
        array = as_array(image)
    except (ValueError, TypeError) as error:
        raise TypeError(
            f"Expected each image as one array. Received {type(image).__name__} for image {index}. Convert it with "
            "numpy.asarray."
        ) from error
    if array.dtype.kind in "biuf":
        return array
    raise TypeError(
        f"Expected images of numbers. Received dtype {array.dtype} for image {index}. Read files with "
        "resunet_kit.data.read_image."
    )


def _checked(images: Iterable[np.ndarray], channels: int | None) -> Iterator[np.ndarray]:
    for index, image in enumerate(images):
        check_rank(image, index, channels)
        yield image


def check_rank(image: np.ndarray, index: int, channels: int | None) -> None:
    """Refuse an image that is not `(height, width, channels)`.

    Raises:
        ValueError: If it is of another rank or number of channels.
    """
    if image.ndim != 3 or channels not in (None, image.shape[-1]):
        cure = "Add the channel axis: image[..., None]." if image.ndim == 2 else "Select or convert the channels."
        raise ValueError(
            f"Expected images of shape (height, width, {channels or 'channels'}). Received shape {image.shape} for "
            f"image {index}. {cure}"
        )
